"""Face recognition that can be held to account: photos in, decisions with their evidence out.

>>> from facerec import Recognizer, open_gallery

`Recognizer` goes from photos to faces and decisions; `open_gallery` opens the durable store of enrolled people.
The stages are modules of their own: `images`, `detect`, `align`, `embed`, `calibration`, `gallery`, `scores`,
`metrics`. Importing this package loads neither torch nor pandas; a name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facerec.gallery import open_gallery
    from facerec.recognizer import Recognizer

__version__ = version("facerec")
__all__ = ["Recognizer", "__version__", "open_gallery"]

_HOMES = {"Recognizer": "facerec.recognizer", "open_gallery": "facerec.gallery"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol (PEP 562) returns whatever the name is
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    message = f"module 'facerec' has no attribute {name!r}"
    raise AttributeError(message)

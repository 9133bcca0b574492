"""Face recognition that can be held to account: photos in, decisions with their evidence out.

>>> from facerec import Recognizer, open_gallery

`Recognizer` goes from photos to faces and decisions; `open_gallery` opens the durable store of enrolled people;
`QualityGate` says which faces may be decided on. The stages are packages of their own: `photos`, `detect`, `align`,
`embed`, `quality`, `gallery`, `points`, `measure`; every error stands in `errors`, every value in `types`. Importing
this package loads neither torch nor pandas; a name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facerec import errors, types
    from facerec.gallery import open_gallery
    from facerec.points import read_points
    from facerec.quality import NO_GATE, QualityGate
    from facerec.recognizer import Recognizer

    __version__: str

__all__ = [
    "NO_GATE",
    "QualityGate",
    "Recognizer",
    "__version__",
    "errors",
    "open_gallery",
    "read_points",
    "types",
]

_HOMES = {
    "NO_GATE": "facerec.quality",
    "QualityGate": "facerec.quality",
    "Recognizer": "facerec.recognizer",
    "open_gallery": "facerec.gallery",
    "read_points": "facerec.points",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the module protocol (PEP 562) returns whatever the name is
    if name == "__version__":
        return import_module("importlib.metadata").version("facerec")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in __all__:
        return import_module(f"facerec.{name}")
    message = f"module 'facerec' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return list(__all__)

"""The style sheets of this package, as pages and drawings carry them."""

from __future__ import annotations

import re
from importlib.resources import files


def css(name: str) -> str:
    """A style sheet of this package, without what only its writers need."""
    text = files(__package__).joinpath(f"{name}.css").read_text("utf-8")
    return " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())

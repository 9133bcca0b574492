"""The names of groups as a drawing can hold them, with a key for those that it cannot.

Drawings hold outlines of one font (``facerec.reporting.figures``). It lacks most scripts of Asia, and writing from
right to left is not set as it is read. A group with such a name is called by its number in a drawing, and the caption
says whose number it is; tables, Markdown and JSON hold the name itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, get_font

from facerec.reporting import plain

_FONT = "DejaVu Sans"
_RIGHT_TO_LEFT = ("R", "AL", "AN")


def drawn_names(names: Sequence[str]) -> dict[str, str]:
    """What stands for each group in a drawing: the name, or ``group n`` where it cannot be drawn, n counting from 1.

    `names` are all groups of a grouping, in the order of its tables.

    >>> drawn_names(["female", "女", "أنثى"])
    {'female': 'female', '女': 'group 2', 'أنثى': 'group 3'}
    """
    taken = {" ".join(name.split()) for name in names}
    word = "group" if not any(f"group {number}" in taken for number in range(1, len(names) + 1)) else "no."
    return {name: name if _drawable(name) else f"{word} {number}" for number, name in enumerate(names, 1)}


def drawn_key(names: Sequence[str]) -> str:
    """The sentence for a caption that says which group is called by its number; empty if none is.

    Examples
    --------
    >>> drawn_key(["female", "女"]), drawn_key(["female", "male"])
    (' Names that cannot be drawn: group 2 is 女.', '')
    """
    said = [f"{drawn} is {plain(name)}" for name, drawn in drawn_names(names).items() if drawn != name]
    return f" Names that cannot be drawn: {', '.join(said)}." if said else ""


def _drawable(name: str) -> bool:
    return all(
        ord(letter) in _letters() and unicodedata.bidirectional(letter) not in _RIGHT_TO_LEFT
        for letter in " ".join(name.split())
    )


@cache
def _letters() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=_FONT))).get_charmap())

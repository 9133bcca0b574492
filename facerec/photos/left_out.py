"""What is not taken of a user's photos, and why: one value, told in one form by every command."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from facerec.types.plain import Value

Why: TypeAlias = Literal[
    "hidden",
    "system folder",
    "excluded",
    "no photo by its name",
    "format not installed",
    "broken link",
    "link to a folder",
    "no regular file",
    "name is not UTF-8",
    "no name of a person",
    "cannot be listed",
    "empty folder",
    "folder without a photo",
    "outside any folder",
    "animation",
    "no label",
    "class not asked for",
    "unreadable",
    "no usable face",
    "doubtful",
    "twice",
    "two people",
    "too many to show",
]
"""The kinds of reasons, as they are counted."""

_EXPECTED = frozenset({"hidden", "system folder", "excluded", "animation", "class not asked for"})
_NAMING = frozenset({"unreadable", "no usable face", "doubtful"})  # whose reason is an error about the photo
_LAST = 5


@dataclass(frozen=True)
class LeftOut(Value):
    r"""A file or folder that is not taken.

    Attributes
    ----------
    path : str
        As the user knows it, or below the folder that was given; a folder's ends in ``/``. Bytes of a name that are
        not UTF-8 are written as ``\xe9``, so that every file and terminal can hold it.
    why : str
        One of `Why`: what it is counted as.
    reason : str
        In words.
    files : int
        How many files that is: 1, or those of a folder as far as it can be listed, or 0 where each of them is told on
        its own.
    """

    path: str
    why: Why
    reason: str
    files: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", os.fsencode(self.path).decode("utf-8", "backslashreplace"))

    def __str__(self) -> str:
        """One line: the path and the reason; the reason of a photo that names it stands alone."""
        return self.reason if self.why in _NAMING and self.path in self.reason else f"{self.path}: {self.reason}"


def summary(left_out: Sequence[LeftOut]) -> str:
    """How much was left out, by kind of reason, such as ``43 files (40 system folder, 3 hidden)``.

    >>> nas = LeftOut("a/@eaDir/", "system folder", "a system keeps it for itself", files=40)
    >>> summary([nas, LeftOut("b/", "empty folder", "it is empty", files=0)])
    '40 files (40 system folder), 1 folder (1 empty folder)'
    """
    parts = []
    for noun, found in (("file", _count(left_out, folders=False)), ("folder", _count(left_out, folders=True))):
        if total := found.total():
            kinds = ", ".join(f"{number:,} {why}" for why, number in found.most_common())
            parts.append(f"{total:,} {noun}{'' if total == 1 else 's'} ({kinds})")
    return ", ".join(parts)


def counts(left_out: Sequence[LeftOut]) -> dict[str, int]:
    """Kind of reason → how many files it left out (folders, where their files are told apart), the most first."""
    return dict((_count(left_out, folders=False) + _count(left_out, folders=True)).most_common())


def lines(left_out: Sequence[LeftOut], most: int = _LAST) -> list[str]:
    """What was left out as lines for people: the counts, and the first few; those whom nobody expected come first."""
    if not left_out:
        return []
    ordered = sorted(left_out, key=lambda each: each.why in _EXPECTED)
    more = [f"  … {len(ordered):,} in all; --json lists them"] if len(ordered) > most else []
    return [f"left out: {summary(left_out)}", *(f"  {each}" for each in ordered[:most]), *more]


def _count(left_out: Sequence[LeftOut], *, folders: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in left_out:
        if (each.files == 0) is folders:
            found[each.why] += each.files or 1
    return found

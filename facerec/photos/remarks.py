"""What there is to say of many photos: counted by kind, with one example of each, in place of a thousand lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from facerec.types.plain import Value

_NUMBER = re.compile(r"-?\d[\d.,]*(e[+-]?\d+)?")


@dataclass(frozen=True)
class Remark(Value):
    """Something that is said of `photos` photos: the `note` on one of them, `example`; in the others numbers differ."""

    note: str
    example: str
    photos: int


class Remarks:
    """Counts the notes on photos, as ``read_photo`` gives them; of each kind only the first is kept.

    >>> remarks = Remarks()
    >>> remarks.add("a.png", ["nearly black: 99 % of it is at most 9 of 255"])
    >>> remarks.add("b.png", ["nearly black: 99 % of it is at most 12 of 255"])
    >>> [(each.example, each.photos) for each in remarks]
    [('a.png', 2)]
    """

    def __init__(self) -> None:
        self._kinds: dict[str, Remark] = {}

    def add(self, photo: str, notes: Iterable[str]) -> None:
        """Count the notes on one photo."""
        for kind, note in {_NUMBER.sub("0", note): note for note in notes}.items():
            known = self._kinds.get(kind, Remark(note, photo, 0))
            self._kinds[kind] = replace(known, photos=known.photos + 1)

    def __iter__(self) -> Iterator[Remark]:
        """Each kind once, the most frequent first."""
        return iter(sorted(self._kinds.values(), key=lambda each: -each.photos))


def lines(remarks: Sequence[Remark], photos: int) -> list[str]:
    """Each kind as one line for people: of how many of so many `photos`, and what is said of the first.

    >>> lines([Remark("the picture is flat", "a.png", 1), Remark("the picture is nearly black", "b.png", 20)], 30)
    ['note: a.png: the picture is flat', 'note: b.png: the picture is nearly black; so it is with 20 of 30 photos']
    """
    said = (f"; so it is with {each.photos:,} of {photos:,} photos" if each.photos > 1 else "" for each in remarks)
    return [f"note: {each.example}: {each.note}{more}" for each, more in zip(remarks, said, strict=True)]

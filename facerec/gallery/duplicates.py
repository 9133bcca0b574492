"""Who may be enrolled twice: couples of people whose faces match one another.

That two faces match is no proof that they are one person's: among many people some strangers do, and twins. So these
are candidates for ``merge``, for people to look at; nothing is changed, and nothing is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from facerec.errors import ArgumentError, ModelMismatchError
from facerec.gallery.ledger import Ledger
from facerec.gallery.stored import last_day
from facerec.types import OperatingPoint
from facerec.types.plain import Value, checked
from facerec.types.points import ExpectedRate

if TYPE_CHECKING:
    from facerec.measure.all_pairs.people import PhotosOfPeople

MOST = 1000
"""Couples that are told where nothing else is asked for."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called from time to time with the parts of the work done, and those in all."""


@dataclass(frozen=True)
class Duplicate(Value):
    """Two people who may be one: names and ids in the order of enrollment, and the score of their most alike faces."""

    first: str
    second: str
    first_id: str
    second_id: str
    score: float


@dataclass(frozen=True)
class Duplicates(Value):
    """Couples of people who match one another.

    Attributes
    ----------
    couples : tuple of Duplicate
        The most alike first; equal scores in the order of enrollment.
    found : int
        How many there are in all; at most so many as were asked for are told.
    people : int
        Whose faces were compared: those who have not expired.
    comparisons : int
        Of two faces of different people.
    operating_point : OperatingPoint
        By which they match.
    """

    couples: tuple[Duplicate, ...]
    found: int
    people: int
    comparisons: int
    operating_point: OperatingPoint

    derived: ClassVar[tuple[str, ...]] = ("expected_by_chance",)

    @property
    def expected_by_chance(self) -> ExpectedRate:
        """How many comparisons of strangers reach the threshold, if the point's false match rate holds for these."""
        rate = self.operating_point.fmr
        within = rate.interval()
        return ExpectedRate(*(self.comparisons * each for each in (rate.value, within.low, within.high)))


def duplicates(
    ledger: Ledger,
    *,
    at: OperatingPoint,
    most: int = MOST,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Duplicates:
    """As ``Gallery.duplicates``, of what a transaction sees."""
    from facerec.measure.all_pairs.reaching import Reaching
    from facerec.measure.all_pairs.running import count_pairs

    checked(OperatingPoint, "at", at)
    if most < 1:
        message = f"most must be at least 1; got {most}"
        raise ArgumentError(message)
    embedder = ledger.embedder
    if at.matcher.embedder_digest != embedder.digest:
        message = (
            f"the operating point {at.name} was measured with {at.matcher.embedder}, and the gallery holds vectors of "
            f"{embedder}: it says nothing about their scores. Give one that was measured with {embedder.name}"
        )
        raise ModelMismatchError(message)
    photos = _photos(ledger)
    found = count_pairs(photos, Reaching(at.threshold), processes=processes, progress=progress).joined
    best = found[np.lexsort((found[:, 1], found[:, 0], -found[:, 2]))][:most]
    numbers = [int(name) for name in photos.names]
    couples = []
    for first, second, ticks in best.tolist():
        one, other = (ledger.id_and_name(numbers[place]) for place in (first, second))
        couples.append(Duplicate(one[1], other[1], one[0], other[0], ticks / 10_000_000))
    own = photos.photos
    comparisons = (int(own.sum()) ** 2 - int(own @ own)) // 2
    return Duplicates(tuple(couples), len(found), len(own), comparisons, at)


def _photos(ledger: Ledger) -> PhotosOfPeople:
    """Every face of those who have not expired; people are named by number, in the order of enrollment."""
    from facerec.measure.all_pairs.people import PhotosOfPeople

    today, dimension = ledger.now.date().toordinal(), ledger.embedder.dimension
    vectors, people = [np.empty((0, dimension), np.float32)], [np.empty(0, np.int64)]
    for part in ledger.rows.searchable():
        matched = np.array([last_day(text) >= today for text in part.expires], np.bool_)
        vectors.append(ledger.sound(part, dimension)[matched])
        people.append(np.array(part.people, np.int64)[matched])
    # Digits in front, so that names stand in the order of numbers.
    names = [f"{person:019d}" for person in np.concatenate(people).tolist()]
    return PhotosOfPeople.of(np.concatenate(vectors), names)

"""What operating points need of all pairs of photos: thresholds by rank, and rates that know who shares people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from facerec.measure.all_pairs.counts import Count
from facerec.measure.all_pairs.people import PhotosOfPeople
from facerec.measure.all_pairs.product import TICKS, slack
from facerec.measure.all_pairs.ranks import Ranked, Survey, ranked, windows_of
from facerec.measure.all_pairs.running import Progress, count_pairs
from facerec.measure.metrics.dependence import Meetings, PeopleSums
from facerec.measure.metrics.rates import ThresholdRule, allowed_matches

if TYPE_CHECKING:
    from facerec.types import Rate


class AllPairs:
    """All pairs of photos of people of one group: passes over them are made when something is asked for.

    `processes` and `progress` are those of ``running.count_pairs``; progress begins anew with every pass.
    """

    def __init__(
        self, photos: PhotosOfPeople, *, processes: int | None = None, progress: Progress | None = None
    ) -> None:
        self._photos = photos
        self._how = {"processes": processes, "progress": progress}
        counts = [int(count) for count in photos.photos]
        self.genuines = sum(count * (count - 1) // 2 for count in counts)
        self.impostors = len(photos) * (len(photos) - 1) // 2 - self.genuines
        self._known: dict[int, Ranked] = {}
        self._fine: np.ndarray | None = None

    def look_up(self, ranks: Iterable[int]) -> Mapping[int, Ranked]:
        """The scores of these ranks among impostor pairs, 1 the highest; each is looked for once."""
        if missing := sorted({*ranks} - self._known.keys()):
            near = slack(self._photos.vectors.shape[1])
            if self._fine is None:
                self._fine = count_pairs(self._photos, Survey(), **self._how).counts  # type: ignore[arg-type]
            windows = windows_of(self._fine, missing, near)
            found = count_pairs(self._photos, windows, **self._how).counts  # type: ignore[arg-type]
            self._known |= ranked(self._fine, windows, found, missing, near)
        return self._known

    def ranks_for(self, target_fmr: float, trials: int | None = None) -> tuple[int, ...]:
        """The ranks that `threshold_at_fmr` looks at first."""
        allowed = allowed_matches(trials or self.impostors, target_fmr)
        return tuple(rank for rank in (allowed, allowed + 1) if 1 <= rank <= self.impostors)

    def threshold_at_fmr(
        self, target_fmr: float, *, trials: int | None = None, rule: ThresholdRule = "observed"
    ) -> float:
        """As ``metrics.threshold_at_fmr`` of all impostor scores; of so many `trials`, where others have no score."""
        allowed = allowed_matches(trials or self.impostors, target_fmr)
        if allowed >= self.impostors:
            if rule == "lowest":
                return -math.inf
            return self.look_up([self.impostors])[self.impostors].ticks / TICKS
        refused = self.look_up(self.ranks_for(target_fmr, trials))[allowed + 1]
        if refused.above and rule == "observed":
            return self.look_up([refused.above])[refused.above].ticks / TICKS
        return math.nextafter(refused.ticks / TICKS, math.inf)

    def rates(self, thresholds: Sequence[float]) -> list[tuple[Rate, Rate]]:
        """FMR and FNMR at each threshold, from -1 on."""
        asked = sorted({threshold for threshold in thresholds if threshold > -1})
        sums = count_pairs(self._photos, Count(tuple(asked), histogram=False), **self._how)  # type: ignore[arg-type]
        photos = self._photos.photos
        n, exact = len(self._photos), [int(count) for count in photos]
        of_two = sum(count**2 for count in exact)
        squares = (of_two**2 - sum(count**4 for count in exact)) // 2
        strangers = Meetings(self.impostors, photos * (n - photos), self.impostors, squares, alone=False)
        own = photos * (photos - 1) // 2
        # People behind the last who has two photos are left out, as they are where pairs are listed.
        last = int(np.flatnonzero(own)[-1]) + 1 if own.any() else 0
        selves = Meetings(self.genuines, own[:last], 0, 0, alone=True)
        found = []
        for threshold in thresholds:
            if threshold not in asked:  # -1, which everything reaches
                everything = PeopleSums(strangers, self.impostors, strangers.comparisons, squares, squares)
                found.append((everything.rate(), PeopleSums(selves, 0, np.zeros(last, np.int64), 0, 0).rate()))
                continue
            at = asked.index(threshold)
            matches = sums.match_people[at].sum(axis=1)
            counted = (int(each[at].sum()) for each in (sums.matches, sums.squares, sums.products))
            wrong, error_squares, error_products = counted
            missed = sums.rejections[at][:last]
            found.append(
                (
                    PeopleSums(strangers, wrong, matches, error_squares, error_products).rate(),
                    PeopleSums(selves, int(missed.sum()), missed, 0, 0).rate(),
                )
            )
        return found

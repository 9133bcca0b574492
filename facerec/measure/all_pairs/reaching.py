"""Couples of two people who reach a threshold, each with the score of their most alike photos."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from facerec.errors import ArgumentError
from facerec.measure.all_pairs.counts import in_ticks
from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.product import TICKS, UNITS, ZERO, Workspace, strangers, ticks
from facerec.measure.all_pairs.sums import CoupleSums


@dataclass(frozen=True)
class Reaching:
    """The question who reaches a threshold above -1; of each couple the highest score, times `TICKS`."""

    threshold: float

    def __post_init__(self) -> None:
        if not self.threshold > -1:
            message = f"a threshold must be above -1; got {self.threshold}"
            raise ArgumentError(message)

    def to_facts(self) -> dict[str, Any]:
        """As ``Question.to_facts``."""
        return {"threshold": self.threshold}

    def nothing(self, photos: PhotosOfPeople) -> CoupleSums:  # noqa: ARG002 - as every question
        """As ``Question.nothing``."""
        return CoupleSums()

    def add(self, sums: CoupleSums, photos: PhotosOfPeople, block: Block, space: Workspace) -> None:
        """As ``Question.add``."""
        limit = in_ticks(self.threshold)
        if limit > TICKS:
            return
        found = []
        for scores in strangers(photos, block, space):
            reached = np.flatnonzero(scores.whole.reshape(-1) >= np.int32(math.floor(ZERO + limit * (UNITS / TICKS))))
            rows, columns = np.divmod(reached, scores.whole.shape[1])
            first, second = rows + scores.rows.start, columns + scores.columns.start
            exact = ticks(photos, first, second)
            sure = exact >= limit
            found.append(np.stack([photos.people[first][sure], photos.people[second][sure], exact[sure]], axis=1))
        if found and len(together := np.concatenate(found)):
            together = together[np.lexsort((-together[:, 2], together[:, 1], together[:, 0]))]
            new = np.r_[True, (np.diff(together[:, :2], axis=0) != 0).any(axis=1)]
            sums.couples.append(together[new].astype(np.int32))

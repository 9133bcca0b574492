"""Scored comparisons of people, and the operating points that they support."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, CalibrationError
from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.measure.metrics.arrays import accepted
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.operating_points.impostor_tail import impostor_tail
from facerec.types import ImpostorTail, Matcher, OperatingPoint, Rate


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Scores with who is on either side; several targets share what is counted once.

    Attributes
    ----------
    scores : ndarray, float64, shape (n,)
        Cosine similarities; NaN for a failure to acquire.
    genuine : ndarray, bool, shape (n,)
    first, second : ndarray, int, shape (n,)
        Who is on either side, 0 … people − 1.
    people : int
    refused : Rate, optional
        How many faces of the data the matcher's gate refused, out of how many.

    Raises
    ------
    CalibrationError
        If a score lies outside -1 … 1.
    """

    scores: NDArray[np.float64]
    genuine: NDArray[np.bool_]
    first: NDArray[Any]
    second: NDArray[Any]
    people: int
    refused: Rate | None = None

    def __post_init__(self) -> None:
        # Always double: NumPy would round a threshold to single precision where scores have it, and move it.
        object.__setattr__(self, "scores", self.scores.astype(np.float64, copy=False))
        if (odd := np.flatnonzero(np.abs(self.scores) > 1)).size:
            message = f"an operating point is for cosine similarities, -1 … 1; there is {self.scores[odd[0]]:g}"
            raise CalibrationError(message)

    def point(self, target_fmr: float, *, data_set: str, matcher: Matcher, asserted_by: str = "") -> OperatingPoint:
        """Measure the threshold that keeps the false match rate at or below `target_fmr`.

        Raises
        ------
        CalibrationError
            If `target_fmr` is not between 0 and 1, or these comparisons cannot show it; the message says why.
        """
        self._refuse_unsupported(target_fmr)
        try:
            threshold = threshold_at_fmr(self._impostor, target_fmr)
            if threshold > 1:
                message = (
                    f"impostor scores reach 1, so no threshold keeps FMR at {target_fmr:g}; "
                    "is one photo filed under the names of two people?"
                )
                raise CalibrationError(message)
            missed = ~accepted(self.scores[self.genuine], threshold)
            return OperatingPoint(
                threshold=threshold,
                target_fmr=target_fmr,
                fmr=self._strangers.rate(accepted(self._impostor, threshold)),
                fnmr=clustered_rate(missed, self.first[self.genuine], self.second[self.genuine]),
                data_set=data_set,
                matcher=matcher,
                asserted_by=asserted_by,
                refused=self.refused,
                tail=self.tail,
            )
        except ArgumentError as problem:
            raise CalibrationError(str(problem)) from problem

    @cached_property
    def tail(self) -> ImpostorTail:
        """How many strangers reach which score."""
        return impostor_tail(self._impostor, self._strangers)

    @cached_property
    def _impostor(self) -> NDArray[np.float64]:
        return self.scores[~self.genuine]

    @cached_property
    def _strangers(self) -> PairsOfPeople:
        return PairsOfPeople(self.first[~self.genuine], self.second[~self.genuine], self.people)

    def _refuse_unsupported(self, target_fmr: float) -> None:
        impostors = len(self._impostor)
        if not 0 < target_fmr < 1:
            message = f"target_fmr must lie between 0 and 1; got {target_fmr}"
            raise CalibrationError(message)
        if target_fmr * impostors < 1 - 1e-9:
            needed = math.ceil(1 / target_fmr - 1e-9)
            message = (
                f"{impostors} impostor pairs cannot show an FMR of {target_fmr:g}: "
                f"at least {needed:,} are needed for one expected false match, {30 * needed:,} for a reliable threshold"
            )
            raise CalibrationError(message)
        if impostors == len(self.scores):
            message = "the table holds no genuine pair, so the price of a threshold (FNMR) cannot be measured"
            raise CalibrationError(message)

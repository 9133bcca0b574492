"""Operating points are made here, from a score table or from all pairs of photos; none is a threshold alone.

A list of a few thousand pairs has only a handful of false matches at the low rates that decisions need: LFW's 3,000
impostor pairs have three at FMR 1e-3. The same photos, each compared with each other, have thirty million pairs. They
share people and are worth far fewer independent ones, which the intervals know; they are worth many more than three.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, CalibrationError, ForeignScoresError
from facerec.measure.all_pairs.impostors import AllPairs
from facerec.measure.all_pairs.people import PhotosOfPeople
from facerec.measure.all_pairs.product import TICKS
from facerec.measure.all_pairs.running import Progress
from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.rates import accepted
from facerec.measure.tables import stamp_of
from facerec.measure.tables.completed import complete
from facerec.measure.tables.score_table import FAILURES, both_sides
from facerec.measure.tables.stamp import NO_FACE, REFUSED, SEVERAL_FACES, UNREADABLE, differing
from facerec.measure.tables.vector_table import FaceVectors
from facerec.similarity import cosines_of_all
from facerec.types import ImpostorTail, Matcher, OperatingPoint, Rate
from facerec.types.plain import checked as of_kind

MAX_PHOTOS = 12_000
"""More photos would need more than 2 GB for their pairs; take a random part of the people instead."""

_NOT_JUDGED = (NO_FACE, SEVERAL_FACES, UNREADABLE)
_ROWS = 256
_SINGLE = 12
"""Each of the highest scores is a knot of the tail; after them there are as many knots in each decade."""

_MANY, _APART = 1_000_000, 6


def calibrate(
    table: pd.DataFrame,
    target_fmr: float,
    *,
    data_set: str,
    asserted: Matcher | None = None,
    asserted_by: str = "",
    accept_reversed: bool = False,
) -> OperatingPoint:
    """Measure the threshold that keeps the false match rate at or below a target, between 0 and 1.

    The point is for the matcher that the table, of cosine similarities, is stamped with; an unstamped table gives a
    point for "a matcher of its own", which no embedder here accepts. `data_set` names the data and, in words, its mix
    of impostors. `asserted` is what made an unstamped table, where somebody (`asserted_by`) stands for it; every
    decision then says who. The rates are those of this table, with intervals that know which comparisons share people.

    Raises
    ------
    ArgumentError
        If a matcher is asserted by nobody, or nothing is asserted by somebody.
    ForeignScoresError
        If the table is stamped with another matcher than the one that is asserted.
    CalibrationError
        If `target_fmr` is not between 0 and 1, or a score lies outside -1 … 1.
        If the table holds no genuine pair, or no impostor pair with a score.
        If it holds too few impostor pairs to expect a single false match at `target_fmr`.
        If no threshold up to 1 reaches the target, or so many scores are equal that the rate reached lies far from it.
    ScoreTableError
        If `facerec.measure.tables.check` refuses the table; the columns of people and photos may be missing.
        If impostor pairs are more alike than genuine ones, and that is not accepted.

    Notes
    -----
    The threshold is `facerec.measure.metrics.threshold_at_fmr` of the impostor scores. With fewer than 30 expected
    false matches it is indicative only (`OperatingPoint.is_indicative`): the true rate at it can well be half or twice
    the target (rule of 30: Doddington et al. (2000), Speech Communication 31:225).
    """
    completed = complete(table)
    completed.similarities(distance=False, accept_reversed=accept_reversed)
    checked = completed.table
    matcher, by = _matcher(stamp_of(checked), asserted, asserted_by)
    return comparisons(checked).point(target_fmr, data_set=data_set, matcher=matcher, asserted_by=by)


def calibrate_all_pairs(
    vectors: NDArray[np.float32],
    subjects: Sequence[str],
    target_fmrs: Sequence[float],
    *,
    data_set: str,
    matcher: Matcher,
    refused: Rate | None = None,
    asserted_by: str = "",
    processes: int | None = None,
    progress: Progress | None = None,
) -> tuple[OperatingPoint, ...]:
    """Measure operating points on all pairs of photos, one for each of `target_fmrs`, in that order.

    `vectors`, float32 (n, d), are unit vectors, one per photo; photos without a face, or whose face the gate refused,
    are left out. `subjects` say who is on each: pairs of one person are genuine, all others are impostors. `data_set`
    is as for `calibrate`, `matcher` what made the vectors, and `asserted_by` who says so where nothing else does; its
    gate refused so many faces as `refused` says, out of how many.

    Pairs are counted and not kept (``facerec.measure.all_pairs``), in three passes, by so many `processes` as are asked
    for, by default on every core; the points are those of a table of all pairs. `progress` is called from time to time
    with the blocks done of a pass, and all of it.

    `ArgumentError` if there is not one subject per vector, or a vector is not of unit length. `CalibrationError` if
    there are no two photos of one person, or too few pairs for a target. `LimitedProcessError` if a process is lost.
    """
    pairs = AllPairs(PhotosOfPeople.of(vectors, subjects), processes=processes, progress=progress)
    for target in target_fmrs:
        _refuse_unsupported(target, impostors=pairs.impostors, genuines=pairs.genuines)
    counts = _knot_counts(pairs.impostors)
    pairs.look_up([*counts.tolist(), *(rank for target in target_fmrs for rank in pairs.ranks_for(target))])
    thresholds = [_within_scale(pairs.threshold_at_fmr(target), target) for target in target_fmrs]
    knots = sorted({pairs.look_up([rank])[rank] for rank in counts.tolist()}, reverse=True)
    scores, errors = [knot.ticks / TICKS for knot in knots], np.array([knot.at_least for knot in knots])
    counted = _counted_knots(errors)
    rates = pairs.rates([*thresholds, *(scores[place] for place in counted)])
    trials = [fmr.effective_trials or 0.0 for fmr, _ in rates[len(thresholds) :]]
    tail = _tail(scores, errors, counted, trials, pairs.impostors)
    told = {"data_set": data_set, "matcher": matcher, "asserted_by": asserted_by, "refused": refused, "tail": tail}
    with _as_calibration():
        return tuple(
            OperatingPoint(threshold, target, fmr, fnmr, **told)  # type: ignore[arg-type]
            for threshold, target, (fmr, fnmr) in zip(thresholds, target_fmrs, rates, strict=False)
        )


def calibrate_vectors(
    vectors: FaceVectors,
    target_fmrs: Sequence[float],
    *,
    data_set: str,
    asserted: Matcher | None = None,
    asserted_by: str = "",
    processes: int | None = None,
    progress: Progress | None = None,
) -> tuple[OperatingPoint, ...]:
    """As `calibrate_all_pairs`, of a table of vectors; whose stamp or who asserts the matcher is as for `calibrate`.

    Photos without a vector are left out. How many faces the gate refused is told where the table says why they are.
    """
    matcher, by = _matcher(vectors.matcher, asserted, asserted_by)
    refused = None
    if "failure" in vectors.photos:
        words = vectors.photos["failure"]
        judged = ~words.isin(_NOT_JUDGED)
        refused = Rate(int((words == REFUSED).sum()), int(judged.sum()))
    there = vectors.embedded
    return calibrate_all_pairs(
        vectors.matrix[there],
        vectors.photos["subject"][there].tolist(),
        target_fmrs,
        data_set=data_set,
        matcher=matcher,
        refused=refused,
        asserted_by=by,
        processes=processes,
        progress=progress,
    )


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Scores with who is on either side, 0 … people − 1; several targets share what is counted once.

    Scores are cosine similarities, NaN where there is none; `CalibrationError` if one lies outside -1 … 1.
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
        """Measure the threshold that keeps the false match rate at or below `target_fmr`; as `calibrate`."""
        impostors = len(self._impostor)
        _refuse_unsupported(target_fmr, impostors=impostors, genuines=len(self.scores) - impostors)
        with _as_calibration():
            threshold = _within_scale(threshold_at_fmr(self._impostor, target_fmr), target_fmr)
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

    @cached_property
    def tail(self) -> ImpostorTail:
        """How many strangers reach which score."""
        return _impostor_tail(self._impostor, self._strangers)

    @cached_property
    def _impostor(self) -> NDArray[np.float64]:
        return self.scores[~self.genuine]

    @cached_property
    def _strangers(self) -> PairsOfPeople:
        return PairsOfPeople(self.first[~self.genuine], self.second[~self.genuine], self.people)


def _refuse_unsupported(target_fmr: float, *, impostors: int, genuines: int) -> None:
    """`CalibrationError` if so many pairs cannot show such a rate, or its price."""
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
    if not genuines:
        message = "the table holds no genuine pair, so the price of a threshold (FNMR) cannot be measured"
        raise CalibrationError(message)


def _within_scale(threshold: float, target_fmr: float) -> float:
    """The threshold; `CalibrationError` if no score reaches it."""
    if threshold > 1:
        message = (
            f"impostor scores reach 1, so no threshold keeps FMR at {target_fmr:g}; "
            "is one photo filed under the names of two people?"
        )
        raise CalibrationError(message)
    return threshold


@contextmanager
def _as_calibration() -> Iterator[None]:
    try:
        yield
    except ArgumentError as problem:
        raise CalibrationError(str(problem)) from problem


def comparisons(checked: pd.DataFrame) -> Comparisons:
    """The comparisons of a checked score table, for several targets at once."""
    codes, people = pd.factorize(both_sides(checked, "subject"))
    return Comparisons(
        checked["score"].to_numpy(np.float64),
        checked["genuine"].to_numpy(bool),
        codes[: len(checked)],
        codes[len(checked) :],
        len(people),
        _refused(checked),
    )


def all_pairs(vectors: NDArray[np.float32], subjects: Sequence[str], *, refused: Rate | None = None) -> Comparisons:
    """Compare every photo with every other, and keep every score; as for `calibrate_all_pairs`, whose oracle it is.

    `CalibrationError` if there are more than `MAX_PHOTOS`.
    """
    n = len(vectors)
    if vectors.ndim != 2 or n != len(subjects):
        message = f"one subject per vector is needed; got vectors {vectors.shape} and {len(subjects)} subjects"
        raise ArgumentError(message)
    if n > MAX_PHOTOS:
        message = f"{n} photos are more than the {MAX_PHOTOS} whose pairs fit into memory; take a part"
        raise CalibrationError(message)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        message = "the vectors must be of unit length, as an Embedder gives them"
        raise ArgumentError(message)
    names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    codes = codes.astype(np.uint16)  # there are fewer people than MAX_PHOTOS
    first = np.repeat(codes, np.arange(n)[::-1])
    second, scores = np.empty(len(first), np.uint16), np.empty(len(first))
    at = 0
    for start in range(0, n, _ROWS):
        block = cosines_of_all(vectors[start : start + _ROWS], vectors[start:])
        for row, similarities in enumerate(block):
            beyond = similarities[row + 1 :]
            scores[at : at + len(beyond)] = beyond
            second[at : at + len(beyond)] = codes[start + row + 1 :]
            at += len(beyond)
    return Comparisons(scores, first == second, first, second, len(names), refused)


def _impostor_tail(scores: NDArray[np.float64], pairs: PairsOfPeople) -> ImpostorTail:
    """How many comparisons of two people reach which score; NaN counts among the trials, and one score is there.

    Knots lie at the counts 1 … 12, and from there at twelve per decade up to all that have a score; equal scores stay
    together. Beyond a million errors the effective trials are counted at every sixth knot and drawn in between, linear
    in the logarithms.
    """
    seen = scores[~np.isnan(scores)]
    places = len(seen) - _knot_counts(len(seen))
    seen.partition(places)
    knots = np.unique(seen[places])[::-1]
    errors = np.array([np.count_nonzero(accepted(scores, float(knot))) for knot in knots])
    counted = _counted_knots(errors)
    trials = [pairs.rate(accepted(scores, float(knots[place]))).effective_trials or 0.0 for place in counted]
    return _tail(knots.tolist(), errors, counted, trials, len(scores))


def _knot_counts(seen: int) -> NDArray[np.int64]:
    """At how many of the highest scores there is a knot."""
    decades = np.arange(_SINGLE, _SINGLE * np.log10(seen)) / _SINGLE
    counts = np.unique([*range(1, _SINGLE + 1), *np.round(10.0**decades).astype(np.int64), seen])
    return counts[counts <= seen]


def _counted_knots(errors: NDArray[np.int64]) -> NDArray[np.int64]:
    """The knots whose effective trials are counted."""
    many = np.flatnonzero(errors > _MANY)
    return np.union1d(np.flatnonzero(errors <= _MANY), [*many[::-_APART], len(errors) - 1]).astype(np.int64)


def _tail(
    knots: Sequence[float], errors: NDArray[np.int64], counted: NDArray[np.int64], trials: Sequence[float], n: int
) -> ImpostorTail:
    effective = np.exp(np.interp(np.log(errors), np.log(errors[counted]), np.log(trials)))
    effective[counted] = trials
    return ImpostorTail(tuple(knots), tuple(errors.tolist()), tuple(effective.tolist()), n)


def _matcher(stamp: Matcher | None, asserted: Matcher | None, asserted_by: str) -> tuple[Matcher, str]:
    """Whose threshold it will be, and who says so where the table does not."""
    if (asserted is None) != (not asserted_by.strip()):
        message = "who made a table is asserted by somebody: give both a matcher and asserted_by, or neither"
        raise ArgumentError(message)
    if asserted is not None:
        of_kind(Matcher, "asserted", asserted, " (the name of an embedder does not say what made the scores)")
    if stamp is None:
        return (Matcher.unknown(), "") if asserted is None else (asserted, asserted_by.strip())
    if asserted is not None and asserted.text != stamp.text:
        message = (
            f"the table is stamped with {stamp}, and {asserted_by.strip()} asserts {asserted}: "
            f"{differing(asserted, stamp)}. A stamp stands; leave the assertion out, or calibrate another table"
        )
        raise ForeignScoresError(message)
    return stamp, ""


def _refused(checked: pd.DataFrame) -> Rate | None:
    """How many of the different photos with a face the gate refused; ``None`` where the table does not say."""
    if not set(FAILURES) <= set(checked.columns):
        return None
    images, words = both_sides(checked, "image"), both_sides(checked, "failure")
    judged = ~words.isin(_NOT_JUDGED)
    return Rate(images[words == REFUSED].nunique(), images[judged].nunique())

"""From labelled pairs of photos to a score table, and from a score table to the figures that it supports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from facerec.errors import ArgumentError
from facerec.measure import tables
from facerec.measure.metrics import (
    FoldAccuracy,
    ThresholdRule,
    auc,
    clustered_rate,
    eer,
    ten_fold_accuracy,
    threshold_at_fmr,
)
from facerec.measure.photo_vectors import FaceStream, PhotoFailures, PhotoVectors, Progress
from facerec.measure.tables.completed import complete, refuse_off_scale, table_notes
from facerec.measure.tables.score_table import both_sides
from facerec.measure.tables.stamp import COLUMN
from facerec.points import notes_on
from facerec.types import DEFAULT_CHOICE, FaceChoice, OperatingPoint, Rate
from facerec.types.plain import plain

TARGET_FMRS = (1e-2, 1e-3)
"""The false match rates at which true match rates are reported where nothing else is asked for."""


def score_pairs(
    recognizer: FaceStream,
    pairs: pd.DataFrame,
    root: str | Path,
    *,
    choice: FaceChoice = DEFAULT_CHOICE,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, PhotoFailures]:
    """Score pairs of photos; each photo is read and embedded once, in bounded memory.

    `recognizer` finds, judges and embeds the faces; with ``NO_GATE`` none is judged, and the stamp says so. `pairs`,
    from ``facerec.measure.datasets``, is a score table without `score`; `ScoreTableError` where ``check`` refuses it.
    `root`, `choice` and `progress` are those of `PhotoVectors`.

    Gives a checked score table, row by row as `pairs`, stamped with the recognizer's matcher, and which photos failed,
    and why. The score is NaN where a photo failed (``probe_failure`` and ``reference_failure`` say how), which counts
    as a rejection everywhere.
    """
    fresh = pairs.drop(columns=[COLUMN], errors="ignore")
    checked = tables.check(fresh.assign(score=np.nan)).drop(columns="score")
    images = both_sides(checked, "image").drop_duplicates().tolist()
    photos = PhotoVectors(recognizer, images, root, choice, progress)
    vectors = dict(photos)
    failures = photos.failures
    return tables.score_vectors(checked, vectors, matcher=recognizer.matcher, failures=failures.words), failures


@dataclass(frozen=True)
class TrueMatches:
    """The true match rate where the false match rate meets a target.

    The threshold is the lowest score of the table that keeps FMR at or below the target; `fmr` and `fnmr` are what it
    reaches on the same table, with intervals that know which comparisons share people.
    """

    target_fmr: float
    threshold: float
    fmr: Rate
    fnmr: Rate

    @property
    def rate(self) -> Rate:
        """1 − FNMR; what this rate counts in ``errors`` are the true matches."""
        missed = self.fnmr
        return Rate(missed.trials - missed.errors, missed.trials, missed.effective_trials)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a score table says about the matcher that made it.

    `genuines` are comparisons of one person with themself, `impostors` of two people, `failures` those of either
    without a score: rejections below; the table holds so many different `photos` and `people`, None where it does not
    name them. `auc`, the area under the ROC curve, and `eer`, the equal error rate, are 0 … 1. Of the `true_matches`,
    one per target, a target that the impostor pairs are too few to show is left out; their thresholds are impostor
    scores on the table's own scale, as operating points have them. `lowest_true_matches` are those at the lowest
    threshold of the same FMR, as scikit-learn's ROC and most papers have it (the rules of
    ``facerec.measure.metrics.threshold_at_fmr``). `folds` is accuracy by cross-validation, where the table has a column
    ``fold``, with thresholds as similarities; a comparison without a score is a rejection there, right if it is one of
    impostors. `completed_folds` is the same of the comparisons that have a score. `notes` are what a reader must know
    besides: how the table was read, and what it does not say.
    """

    genuines: int
    impostors: int
    failures: int
    photos: int | None
    people: int | None
    auc: float
    eer: float
    true_matches: tuple[TrueMatches, ...]
    folds: FoldAccuracy | None
    completed_folds: FoldAccuracy | None = None
    lowest_true_matches: tuple[TrueMatches, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON holds them; true match rates by the false match rate, ``1e-2`` for example."""
        folds, completed, rows = self.folds, self.completed_folds, None
        if folds is not None:
            columns = (map(str, folds.folds), folds.accuracies, folds.thresholds, folds.trials)
            names = ("fold", "accuracy", "threshold", "pairs")
            rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        details, lowest = _details(self.true_matches), _details(self.lowest_true_matches)
        wanted = [short_rate(target) for target in TARGET_FMRS]
        document = {
            "accuracy_mean": None if folds is None else folds.mean,
            "accuracy_std": None if folds is None else folds.std,
            "accuracy_mean_completed": None if completed is None else completed.mean,
            "accuracy_std_completed": None if completed is None else completed.std,
            "auc": self.auc,
            "eer": self.eer,
            "tmr_at_fmr": {name: details[name]["tmr"]["value"] if name in details else None for name in wanted},
            "tmr_at_fmr_details": details,
            "tmr_at_fmr_lowest_threshold": lowest,
            "genuine_pairs": self.genuines,
            "impostor_pairs": self.impostors,
            "pairs_without_score": self.failures,
            "people": self.people,
            "photos": self.photos,
            "notes": list(self.notes),
            "folds": rows,
            "accuracy_standard_error": None if folds is None else folds.standard_error,
        }
        return dict(plain(document))


def _details(found: tuple[TrueMatches, ...]) -> dict[str, Any]:
    details: dict[str, Any] = {}
    for each in found:
        tmr = each.rate.to_dict()
        told = {"matches" if name == "errors" else name: part for name, part in tmr.items()}
        details[short_rate(each.target_fmr)] = {"threshold": each.threshold, "tmr": told, "fmr": each.fmr}
    return details


def short_rate(target: float) -> str:
    """0.01 as 1e-2, the way in which false match rates are quoted."""
    digits, exponent = f"{target:e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"


def evaluate_scores(
    table: pd.DataFrame,
    *,
    target_fmrs: Sequence[float] = TARGET_FMRS,
    distance: bool = False,
    accept_reversed: bool = False,
) -> Evaluation:
    """Measure what a score table of any matcher supports.

    A column ``fold`` gives cross-validated accuracy; without it there is none, because an accuracy at a threshold that
    was chosen on the same pairs would flatter. A target FMR is left out of the result if fewer than one false match is
    expected among the impostor pairs. The columns of people and of photos may be missing; pairs then count as
    independent.

    `ScoreTableError` if ``facerec.measure.tables.check`` refuses the table, or impostor pairs are more alike than
    genuine ones (it may hold distances: `distance`) and that is not accepted; `ArgumentError` if there are no genuine
    or no impostor pairs, no impostor pair has a score, a target does not lie between 0 and 1, or there is a single
    fold.
    """
    completed = complete(table)
    values = completed.similarities(distance=distance, accept_reversed=accept_reversed)
    checked = completed.table.assign(score=values)
    genuine = checked["genuine"].to_numpy(bool)
    mated, non_mated = values[genuine], values[~genuine]
    if odd := [target for target in target_fmrs if not 0 < target < 1]:
        message = f"a target FMR must lie between 0 and 1; got {odd[0]}"
        raise ArgumentError(message)
    supported = [target for target in target_fmrs if target * len(non_mated) >= 1 - 1e-9]

    def true_matches(rule: ThresholdRule) -> tuple[TrueMatches, ...]:
        chosen = [(target, threshold_at_fmr(non_mated, target, rule=rule)) for target in supported]
        sign = -1 if distance else 1
        return tuple(TrueMatches(target, sign * each + 0.0, *rates_at(checked, each)) for target, each in chosen)

    scored = ~np.isnan(values)
    folds = completed_folds = None
    if "fold" in checked:
        fold = checked["fold"].to_numpy(str)
        folds = ten_fold_accuracy(values, genuine, fold)
        completed_folds = ten_fold_accuracy(values[scored], genuine[scored], fold[scored])
    return Evaluation(
        genuines=len(mated),
        impostors=len(non_mated),
        failures=int((~scored).sum()),
        photos=both_sides(checked, "image").nunique() if completed.images_known else None,
        people=None if completed.pairs_independent else both_sides(checked, "subject").nunique(),
        auc=auc(mated, non_mated),
        eer=eer(mated, non_mated),
        true_matches=true_matches("observed"),
        lowest_true_matches=true_matches("lowest"),
        folds=folds,
        completed_folds=completed_folds,
        notes=tuple(table_notes(completed, distance=distance)),
    )


def rates_at(table: pd.DataFrame, threshold: float) -> tuple[Rate, Rate]:
    """FMR and FNMR of a checked score table at a threshold, with intervals that know which comparisons share people.

    Accept iff score ≥ threshold, in double precision; a pair without a score is a rejection.

    >>> rows = [["1", "2", "ann", "ann", True, 0.9], ["1", "3", "ann", "bob", False, 0.2]]
    >>> fmr, fnmr = rates_at(tables.check(pd.DataFrame(rows, columns=tables.REQUIRED)), 0.5)
    >>> fmr.errors, fmr.trials, fnmr.errors, fnmr.trials
    (0, 1, 0, 1)
    """
    genuine = table["genuine"].to_numpy(bool)
    accepted = table["score"].to_numpy(np.float64) >= threshold
    first, second = table["probe_subject"], table["reference_subject"]
    return (
        clustered_rate(accepted[~genuine], first[~genuine], second[~genuine]),
        clustered_rate(~accepted[genuine], first[genuine], second[genuine]),
    )


def rates_at_point(
    table: pd.DataFrame, point: OperatingPoint, *, distance: bool = False
) -> tuple[Rate, Rate, tuple[str, ...]]:
    """As `rates_at` the threshold of an operating point, and what has to be said about it.

    That is in what the matcher that made the table differs from that of the point, or that nobody knows;
    `ModelMismatchError` if the table is stamped with a matcher that the point does not hold for, `ArgumentError` if it
    holds distances, or scores on another scale.
    """
    if distance:
        message = f"the operating point {point.name} is a cosine similarity, but the table holds distances"
        raise ArgumentError(message)
    matcher = tables.stamp_of(table)
    notes = notes_on(point, matcher) if matcher is not None or point.matcher.is_known else ()
    checked = complete(table).table
    refuse_off_scale(point.threshold, checked["score"].to_numpy(np.float64))
    return (*rates_at(checked, point.threshold), notes)

"""The audit of one-to-one comparison on all pairs of a table of vectors, none of which is written down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from audits.statistics.families import LEAST, Least
from audits.statistics.intervals import CONFIDENCE, checked_confidence
from audits.tables.groups import checked_groupings
from audits.verification.results import VerificationAudit
from audits.verification.streamed import audit_summed
from audits.verification.thresholds import At, AtFmr, Threshold, choose_threshold, point_notes, rule_words
from facerec.measure.all_pairs.running import Progress
from facerec.measure.all_pairs.summed import AllComparisons
from facerec.measure.sums.value import ComparisonSums, Limits, Made
from facerec.measure.tables.stamp import COLUMN
from facerec.measure.tables.vector_table import FaceVectors
from facerec.types import Rate


def sum_all_pairs(
    vectors: FaceVectors,
    *,
    by: Sequence[str],
    at: At,
    origin: str = "",
    confidence: float = CONFIDENCE,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    processes: int | None = None,
    progress: Progress | None = None,
) -> ComparisonSums:
    """Sum up all pairs of photos at a threshold; two passes more where a target chooses it on them.

    Arguments are those of ``audits.verification.streamed.sum_tables``; `processes` and `progress` those of
    ``facerec.measure.all_pairs.running.count_pairs``. Every pair is counted exactly, and a photo without a vector has
    no score with any other.

    Raises
    ------
    ScoreTableError
        If the table lacks an attribute.
    ArgumentError
        If somebody has two labels of an attribute, or the threshold is not above -1.
        If `by` or `confidence` is as ``audit_verification`` refuses it.
    ModelMismatchError
        If the vectors are stamped with a matcher that an operating point does not hold for.
    LimitedProcessError
        If a process that counts cannot be begun, or is lost.
    """
    checked_confidence(confidence)
    names = checked_groupings(by)
    matcher = vectors.matcher
    stamped = pd.DataFrame({COLUMN: [matcher.text]}) if matcher is not None else pd.DataFrame({"score": [0.0]})
    tied = point_notes(at, stamped, distance=False)
    everybody = AllComparisons.of(vectors, names)
    if isinstance(at, AtFmr) and at.calibration is None:
        value = everybody.threshold_at_fmr(at.target_fmr, rule=at.rule, processes=processes, progress=progress)
        chosen = Threshold(value, rule_words(at, distance=False), at.target_fmr, Rate(0, 0))
    else:
        chosen = choose_threshold(at, np.empty(0), distance=False, confidence=confidence)
    found = chosen.calibration_fmr
    made = Made(
        chosen.value,
        chosen.rule,
        chosen.target_fmr,
        None if found is None else (found.errors, found.trials, chosen.low, chosen.high),
        origin,
        matcher="" if matcher is None else matcher.text,
        tied=tuple(tied),
    )
    return everybody.sums(names, made, limits=limits, processes=processes, progress=progress)


def audit_all_pairs(
    vectors: FaceVectors,
    *,
    by: Sequence[str],
    at: At,
    confidence: float = CONFIDENCE,
    replicates: int = 1000,
    seed: int = 0,
    least: Least = LEAST,
    processes: int | None = None,
    progress: Progress | None = None,
) -> VerificationAudit:
    """As ``audit_verification`` of the table of all pairs; errors are those of `sum_all_pairs`, too."""
    sums = sum_all_pairs(vectors, by=by, at=at, confidence=confidence, processes=processes, progress=progress)
    return audit_summed(sums, confidence=confidence, replicates=replicates, seed=seed, least=least)

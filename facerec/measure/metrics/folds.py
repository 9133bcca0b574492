"""Accuracy by cross-validation, as the LFW benchmark reports it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.measure.metrics.rates import accepted, flag_array, score_array, step_counts


@dataclass(frozen=True, eq=False)
class FoldAccuracy:
    """Accuracy on each held-out fold, at the threshold that the other folds chose.

    `folds` are the k folds' labels, in ascending order; `thresholds`, float64 (k,), what the other folds chose for
    each; `correct` and `trials`, int64 (k,), right decisions, and comparisons, in each.
    """

    folds: tuple[object, ...]
    thresholds: NDArray[np.float64]
    correct: NDArray[np.int64]
    trials: NDArray[np.int64]

    def __post_init__(self) -> None:
        for array in (self.thresholds, self.correct, self.trials):
            array.flags.writeable = False

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Share of right decisions in each fold, 0 … 1."""
        return self.correct / self.trials

    @property
    def mean(self) -> float:
        """Mean of the folds' accuracies."""
        return float(self.accuracies.mean())

    @property
    def std(self) -> float:
        """Standard deviation over folds (k − 1 in the denominator)."""
        return float(self.accuracies.std(ddof=1))

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, std / √k."""
        return self.std / math.sqrt(len(self.folds))


def ten_fold_accuracy(scores: ArrayLike, genuine: ArrayLike, fold: ArrayLike) -> FoldAccuracy:
    """Accuracy over folds; LFW's View 2 where there are ten of them, and any number from two on.

    Parameters
    ----------
    scores : array_like, float, shape (n,)
        Larger = more alike; NaN (no score) is a rejection: right for an impostor pair, wrong for a genuine.
    genuine : array_like, bool, shape (n,)
        True where both photos show one person; 1 and 0 serve as well.
    fold : array_like, int or str, shape (n,)
        Which fold each comparison belongs to.

    Raises
    ------
    ArgumentError
        If the scores are not finite numbers or NaN, `genuine` not True or False throughout, or a fold is NaN or None.
        If the three differ in length or have more than one dimension.
        If there are fewer than two folds, or those that choose a threshold hold no score.

    Notes
    -----
    Any threshold between two neighbouring scores of the other folds decides the same there. Of the gaps with the most
    right decisions the middle one is taken (of an even number the lower of the two middle ones), and of it the middle:
    the lowest threshold would favour matches, the highest non-matches. The gap above the highest score (accept
    nothing) is one of them; below the lowest score (accept whatever has a score) the threshold is that score.
    Reference: Huang, Ramesh, Berg & Learned-Miller (2007), Labeled Faces in the Wild, UMass TR 07-49 (View 2).

    >>> result = ten_fold_accuracy([0.9, 0.2, 0.8, 0.3, 0.7, 0.1], [1, 0, 1, 0, 1, 0], [1, 1, 2, 2, 3, 3])
    >>> result.mean, result.thresholds.round(2).tolist()
    (1.0, [0.5, 0.45, 0.55])
    """
    values = score_array("scores", scores)
    mated = flag_array("genuine", genuine)
    labels = np.asarray(fold)
    if not len(values) == len(mated) == labels.size or labels.ndim != 1:
        message = f"scores, genuine and fold must have one length; got {len(values)}, {len(mated)}, {labels.shape}"
        raise ArgumentError(message)
    if any(label is None or label != label for label in labels.tolist()):  # noqa: PLR0124 - NaN differs from itself
        message = "fold is missing (NaN or None) for some comparisons"
        raise ArgumentError(message)
    folds, number = np.unique(labels, return_inverse=True)
    if len(folds) < 2:
        message = f"at least two folds are needed, one to choose the threshold and one to test; got {len(folds)}"
        raise ArgumentError(message)
    thresholds, correct, trials = [], [], []
    for held_out in range(len(folds)):
        inside = number == held_out
        thresholds.append(_best_threshold(values[~inside & mated], values[~inside & ~mated]))
        correct.append(np.count_nonzero(accepted(values[inside], thresholds[-1]) == mated[inside]))
        trials.append(np.count_nonzero(inside))
    return FoldAccuracy(
        folds=tuple(folds.tolist()),
        thresholds=np.array(thresholds, np.float64),
        correct=np.array(correct, np.int64),
        trials=np.array(trials, np.int64),
    )


def _best_threshold(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> float:
    thresholds, false_matches, false_non_matches = step_counts(genuine, impostor)
    wrong = false_matches + false_non_matches
    best = np.flatnonzero(wrong == wrong.min())
    chosen = int(best[(len(best) - 1) // 2])
    upper = float(thresholds[chosen])
    lower = float(thresholds[chosen - 1]) if chosen else upper
    middle = lower + (upper - lower) / 2
    return middle if middle > lower else upper  # between neighbouring floats there is no middle

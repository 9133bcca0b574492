"""What a comparison of faces gets wrong, and how sure that is, from scores alone.

Everywhere: a score is larger where two faces are more alike; a comparison is accepted iff score ≥ threshold; NaN is a
comparison without a score (of a photo without a face) and counts as a rejection, so it is never a false match and
always a false non-match. `genuine` scores are of two photos of one person (mated), `impostor` scores of two people
(non-mated). Nothing here reads a file, draws, or imports pandas.
"""

from facerec.measure.metrics.clusters import clustered_rate, dyadic_variance
from facerec.measure.metrics.folds import FoldAccuracy, ten_fold_accuracy
from facerec.measure.metrics.multiplicity import benjamini_hochberg, holm
from facerec.measure.metrics.rates import DetCurve, ThresholdRule, auc, det_curve, eer, fmr, fnmr, threshold_at_fmr

__all__ = [
    "DetCurve",
    "FoldAccuracy",
    "ThresholdRule",
    "auc",
    "benjamini_hochberg",
    "clustered_rate",
    "det_curve",
    "dyadic_variance",
    "eer",
    "fmr",
    "fnmr",
    "holm",
    "ten_fold_accuracy",
    "threshold_at_fmr",
]

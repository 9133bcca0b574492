"""The impostor tail of scored comparisons: from the highest score down to all strangers, in logarithmic steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facerec.measure.metrics.arrays import accepted
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.types import ImpostorTail

_SINGLE = 12
"""Each of the highest scores is a knot; after them there are as many knots in each decade."""

_MANY, _APART = 1_000_000, 6


def impostor_tail(scores: NDArray[np.float64], pairs: PairsOfPeople) -> ImpostorTail:
    """How many comparisons of two people reach which score.

    Parameters
    ----------
    scores : ndarray, float64, shape (n,)
        Of two people each; NaN for a failure to acquire, which counts among the trials. One score at least.
    pairs : PairsOfPeople
        Who is compared.

    Notes
    -----
    Knots lie at the counts 1 … 12, and from there at twelve per decade up to all that have a score; equal scores stay
    together. Beyond a million errors the effective trials are counted at every sixth knot and drawn in between, linear
    in the logarithms.
    """
    seen = scores[~np.isnan(scores)]
    decades = np.arange(_SINGLE, _SINGLE * np.log10(len(seen))) / _SINGLE
    counts = np.unique([*range(1, _SINGLE + 1), *np.round(10.0**decades).astype(np.int64), len(seen)])
    places = len(seen) - counts[counts <= len(seen)]
    seen.partition(places)
    knots = np.unique(seen[places])[::-1]
    errors = np.array([np.count_nonzero(accepted(scores, float(knot))) for knot in knots])
    many = np.flatnonzero(errors > _MANY)
    counted = np.union1d(np.flatnonzero(errors <= _MANY), [*many[::-_APART], len(knots) - 1])
    trials = [pairs.rate(accepted(scores, float(knots[place]))).effective_trials or 0.0 for place in counted]
    effective = np.exp(np.interp(np.log(errors), np.log(errors[counted]), np.log(trials)))
    effective[counted] = trials
    return ImpostorTail(tuple(knots.tolist()), tuple(errors.tolist()), tuple(effective.tolist()), len(scores))

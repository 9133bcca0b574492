"""P-values of many tests made at once, put right for their number.

With twenty tests one of them is below 5 % by chance. Whoever named the tests beforehand corrects by Holm, whoever went
looking by Benjamini and Hochberg.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted so that the chance of a single false alarm stays below their level.

    From float (n,) to float64 (n,), all 0 … 1, else `ArgumentError`; NaN is a test that was not made, does not count,
    and stays NaN. With p ascending: max over j ≤ i of (n − j + 1) p_j, at most 1 (Holm (1979), Scandinavian Journal of
    Statistics 6:65).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values, order, adjusted = _sorted(p_values)
    n = len(order)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(values[order] * (n - np.arange(n))))
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values adjusted so that the expected share of false alarms among all alarms stays below their level.

    Values and errors are those of `holm`. With p ascending: min over j ≥ i of (n / j) p_j, at most 1; for independent
    or positively dependent tests (Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289).

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.04, 0.04]
    """
    values, order, adjusted = _sorted(p_values)
    n = len(order)
    raised = values[order] * n / np.arange(1, n + 1)
    adjusted[order] = np.minimum(1, np.minimum.accumulate(raised[::-1])[::-1])
    return adjusted


def _sorted(p_values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """The p-values, the numbers of those that are not NaN in ascending order, and room for the adjusted ones."""
    values = np.asarray(p_values, np.float64)
    if values.ndim != 1 or not (np.isnan(values) | ((values >= 0) & (values <= 1))).all():
        message = f"p-values must be of one dimension and lie within 0 … 1, or be NaN; got {values.tolist()}"
        raise ArgumentError(message)
    order = np.argsort(values, kind="stable")  # NaN come last
    return values, order[: np.count_nonzero(~np.isnan(values))], np.full(len(values), np.nan)

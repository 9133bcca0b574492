"""The one place where the metrics look at what they were given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError


def score_array(name: str, scores: ArrayLike) -> NDArray[np.floating[Any]]:
    """Scores as float32 or float64 of shape (n,), n ≥ 0, finite or NaN, else `ArgumentError`; `name` is for messages.

    Not copied where they are such an array already.
    """
    array = _line(name, scores)
    if array.size == 0 or array.dtype.kind in "iu" or array.dtype == np.float16:
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        message = f"{name} must be numbers; got dtype {array.dtype}"
        raise ArgumentError(message)
    if np.isinf(array).any():
        message = f"{name} must be finite, or NaN for a failure to acquire; got {array[np.isinf(array)][0]}"
        raise ArgumentError(message)
    return array


def flag_array(name: str, flags: ArrayLike) -> NDArray[np.bool_]:
    """Yes-or-no values as bool of shape (n,), else `ArgumentError`; 0 and 1 serve as well."""
    array = _line(name, flags)
    if array.size and array.dtype != np.bool_ and (array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all()):
        message = f"{name} must be True or False (or 1 and 0) throughout; got dtype {array.dtype}"
        raise ArgumentError(message)
    return array.astype(np.bool_, copy=False)


def accepted(scores: NDArray[np.floating[Any]], threshold: float) -> NDArray[np.bool_]:
    """Which scores are at or above the threshold; NaN is not. `ArgumentError` if the threshold is NaN."""
    if math.isnan(threshold):
        message = "the threshold is NaN; it must be a number"
        raise ArgumentError(message)
    # An array, as NumPy would round a mere number to float32 where the scores are float32, and move it.
    return scores >= np.array([threshold], np.float64)


def _line(name: str, values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        message = f"{name} must have one dimension; got shape {array.shape}"
        raise ArgumentError(message)
    return array

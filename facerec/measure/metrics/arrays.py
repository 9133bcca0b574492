"""The one place where the metrics look at what they were given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError


def score_array(name: str, scores: ArrayLike) -> NDArray[np.floating[Any]]:
    """Scores as a float array of one dimension, without a copy where they are one already.

    Parameters
    ----------
    name : str
        What the scores are called in an error message.
    scores : array_like, float or integer, shape (n,)
        NaN is allowed, n may be 0.

    Returns
    -------
    ndarray, float32 or float64, shape (n,)

    Raises
    ------
    ArgumentError
        If `scores` are not numbers.
        If `scores` have more or fewer than one dimension.
        If a score is infinite.
    """
    array = np.asarray(scores)
    if array.size == 0 or array.dtype.kind in "iu" or array.dtype == np.float16:
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        message = f"{name} must be numbers; got dtype {array.dtype}"
        raise ArgumentError(message)
    if array.ndim != 1:
        message = f"{name} must have one dimension; got shape {array.shape}"
        raise ArgumentError(message)
    if np.isinf(array).any():
        message = f"{name} must be finite, or NaN for a failure to acquire; got {array[np.isinf(array)][0]}"
        raise ArgumentError(message)
    return array


def flag_array(name: str, flags: ArrayLike) -> NDArray[np.bool_]:
    """Yes-or-no values as a bool array of one dimension; 0 and 1 serve as well.

    Parameters
    ----------
    name : str
        What the values are called in an error message.
    flags : array_like, bool or numbers that are 0 or 1, shape (n,)

    Returns
    -------
    ndarray, bool, shape (n,)

    Raises
    ------
    ArgumentError
        If a value is neither bool nor 0 or 1.
        If `flags` have more or fewer than one dimension.
    """
    array = np.asarray(flags)
    if array.size == 0:
        array = array.astype(np.bool_)
    if array.ndim != 1:
        message = f"{name} must have one dimension; got shape {array.shape}"
        raise ArgumentError(message)
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
        message = f"{name} must be True or False (or 1 and 0) throughout; got dtype {array.dtype}"
        raise ArgumentError(message)
    return array.astype(np.bool_)


def accepted(scores: NDArray[np.floating[Any]], threshold: float) -> NDArray[np.bool_]:
    """Which scores are at or above the threshold; NaN is not.

    Raises
    ------
    ArgumentError
        If `threshold` is NaN.
    """
    if math.isnan(threshold):
        message = "the threshold is NaN; it must be a number"
        raise ArgumentError(message)
    # An array, as NumPy would round a mere number to float32 where the scores are float32, and move it.
    return scores >= np.array([threshold], np.float64)

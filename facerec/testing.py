"""Values made by hand, for tests of whoever builds on this package: no photo, no network, no file.

>>> from facerec.testing import made_face, made_point
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from facerec.similarity import NAME
from facerec.types import Face, Matcher, OperatingPoint, Rate

GOOD: Mapping[str, float] = {"size": 100.0, "detection": 0.99, "sharpness": 100.0}
"""Measures that the default gate passes."""


def made_matcher(name: str = "made", **parts: str) -> Matcher:
    """A matcher of invented parts; the same `name` gives the same digest, another name another."""
    digest = np.random.default_rng(list(name.encode())).bytes(32).hex()
    made = Matcher("made.v1", "made.v1", name, digest, NAME, "none")
    return replace(made, **parts)


def made_vector(seed: int | str, dimension: int = 8) -> np.ndarray:
    """A unit vector (d,), float32; the same seed gives the same one."""
    digits = [seed] if isinstance(seed, int) else list(seed.encode())
    vector = np.random.default_rng(digits).standard_normal(dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def made_face(
    name: str = "ada",
    *,
    embedding: ArrayLike | None = None,
    measures: Mapping[str, float] | None = None,
    matcher: Matcher | None = None,
) -> Face:
    """A face in ``<name>.jpg``; its vector is made of the name.

    Parameters
    ----------
    name : str
    embedding : array_like, shape (d,), optional
        In place of that vector.
    measures : mapping of str to float, optional
        By default `GOOD`; those that are given replace these one by one.
    matcher : Matcher, optional
        By default ``made_matcher()``.

    Examples
    --------
    >>> made_face("ada").source
    'ada.jpg'
    """
    return Face(
        box=np.array([10, 20, 110, 140], np.float32),
        score=0.99,
        points=np.array([[40, 60], [80, 60], [60, 80], [45, 110], [75, 110]], np.float32),
        measures={**GOOD, **(measures or {})},
        embedding=made_vector(name) if embedding is None else np.asarray(embedding, np.float32),
        matcher=matcher or made_matcher(),
        source=f"{name}.jpg",
    )


def made_point(threshold: float = 0.9, *, matcher: Matcher | None = None) -> OperatingPoint:
    """An operating point of invented rates, at FMR 0.001."""
    return OperatingPoint(threshold, 1e-3, Rate(1, 1000), Rate(30, 1000), "made data", matcher or made_matcher())

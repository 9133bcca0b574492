"""Two made-up groups in which the smaller spread goes with the fewer errors: why spread is no error rate.

Everything is drawn at random here, people and photos, so that what real tables of one photo per person lack is known:
who is who.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.types import Rate

_DIMENSION = 32
_PEOPLE = 240
_SAME_FMR = 1e-2


@dataclass(frozen=True)
class MadeGroup:
    """A made-up group at the threshold that both share.

    Attributes
    ----------
    name : str
    variance : float
        ``WSS / (photos − 1)`` of one photo per person.
    fmr, fnmr : Rate
        Non-mated pairs of the group that match; mated pairs, two photos of each person, that do not.
    """

    name: str
    variance: float
    fmr: Rate
    fnmr: Rate


def made_groups(seed: int = 0) -> tuple[MadeGroup, ...]:
    """A group whose people lie close together, and one whose people lie far apart, but in families.

    Parameters
    ----------
    seed : int
        The same seed gives the same groups.

    Returns
    -------
    tuple of MadeGroup
        At the one threshold that 1 % of the non-mated pairs of both groups together reach.

    Examples
    --------
    >>> close, far = made_groups()
    >>> close.variance < far.variance, close.fmr.value < far.fmr.value, close.fnmr.value < far.fnmr.value
    (True, True, True)
    """
    random = np.random.default_rng(seed)
    drawn = {
        "close together, no two alike, photos alike": _photos(random, apart=1.0, families=_PEOPLE, photo=0.2),
        "far apart, in families of eight, photos differ": _photos(random, apart=1.6, families=_PEOPLE // 8, photo=0.8),
    }
    upper = np.triu_indices(_PEOPLE, k=1)
    scores = {name: (first @ second.T)[upper] for name, (first, second) in drawn.items()}
    threshold = float(np.quantile(np.concatenate(list(scores.values())), 1 - _SAME_FMR))
    found = []
    for name, (first, second) in drawn.items():
        mated = (first * second).sum(axis=1)
        spread = ((first - first.mean(axis=0)) ** 2).sum() / (_PEOPLE - 1)
        found.append(
            MadeGroup(
                name,
                float(spread),
                Rate(int((scores[name] >= threshold).sum()), len(scores[name])),
                Rate(int((mated < threshold).sum()), len(mated)),
            )
        )
    return tuple(found)


def _photos(
    random: np.random.Generator, *, apart: float, families: int, photo: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two photos of each person, unit vectors; lengths of the random parts against a common part of length 1."""
    common = np.zeros(_DIMENSION)
    common[0] = 1.0
    scale = 1 / np.sqrt(_DIMENSION)
    family = random.normal(size=(families, _DIMENSION)) * apart * scale
    people = common + np.repeat(family, _PEOPLE // families, axis=0)
    people += 0.3 * scale * random.normal(size=people.shape)
    both = [people + photo * scale * random.normal(size=people.shape) for _ in range(2)]
    first, second = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in both)
    return first, second

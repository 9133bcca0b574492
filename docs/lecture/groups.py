"""Groups of people: how far apart their vectors lie, and what that does not say about errors."""

from dataclasses import dataclass

import numpy as np

from facerec.types import Rate


def within_sum_of_squares(vectors: np.ndarray) -> float:
    """Sum of the squared distances to the centroid: the spread that the popular exercise compares.

    It grows with the number of photos; divided by n - 1 it is half the mean squared distance of two of them.

    >>> within_sum_of_squares(np.eye(2))
    1.0
    """
    return float(((vectors - vectors.mean(axis=0)) ** 2).sum())


def distances(vectors: np.ndarray) -> np.ndarray:
    """Euclidean distance of every two unit vectors."""
    return np.sqrt(np.maximum(0, 2 - 2 * vectors @ vectors.T))


@dataclass(frozen=True)
class MadeGroup:
    """People made up, two photos of each as unit vectors (people, dimension)."""

    name: str
    first: np.ndarray
    second: np.ndarray

    @property
    def variance(self) -> float:
        """Within sum of squares of one photo each, per person but one."""
        return within_sum_of_squares(self.first) / (len(self.first) - 1)

    @property
    def non_mated(self) -> np.ndarray:
        """Cosines of every two people."""
        return (self.first @ self.second.T)[np.triu_indices(len(self.first), 1)]

    def fmr(self, threshold: float) -> Rate:
        """Of the non-mated pairs, those that match."""
        return Rate(int((self.non_mated >= threshold).sum()), len(self.non_mated))

    def fnmr(self, threshold: float) -> Rate:
        """Of the mated pairs, the two photos of each, those that do not."""
        return Rate(int(((self.first * self.second).sum(axis=1) < threshold).sum()), len(self.first))


def made_groups(*, people: int = 240, dimension: int = 32, seed: int = 0) -> tuple[MadeGroup, MadeGroup]:
    """A group whose people lie close together, and one whose people lie far apart, but in families of eight."""
    random = np.random.default_rng(seed)

    def drawn(name: str, *, apart: float, families: int, photo: float) -> MadeGroup:
        scale = 1 / np.sqrt(dimension)
        centres = np.eye(dimension)[0] + random.normal(size=(families, dimension)) * apart * scale
        persons = np.repeat(centres, people // families, axis=0) + 0.3 * scale * random.normal(size=(people, dimension))
        both = [persons + photo * scale * random.normal(size=persons.shape) for _ in range(2)]
        return MadeGroup(name, *(each / np.linalg.norm(each, axis=1, keepdims=True) for each in both))

    return (
        drawn("close together, no two alike", apart=1.0, families=people, photo=0.2),
        drawn("far apart, in families of eight", apart=1.6, families=people // 8, photo=0.8),
    )

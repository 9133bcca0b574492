"""How often the intervals hold what they promise: simulated people, pairs and errors whose true rate is known.

An interval of 95 % must contain the true rate in 95 % of data sets. Whether it does cannot be seen in any real data
set, so data sets are simulated in the two designs that occur, sparse lists of impostor pairs and all pairs of a set of
people, and for genuine pairs, with people who differ in how often they are mistaken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from audits.statistics.intervals import CONFIDENCE, checked_confidence, clopper_pearson, clustered_estimate, estimate
from facerec.errors import ArgumentError
from facerec.types import Interval, Rate

Layout: TypeAlias = Literal["sparse", "dense", "genuine"]
"""Random impostor pairs, all impostor pairs, or as many genuine pairs of everyone."""

LIMITS = (0.935, 0.97)
"""Where the reached coverage of a nominal 95 % has to land: much lower deceives, much higher wastes data."""


@dataclass(frozen=True)
class Design:
    """People and pairs of a simulated data set.

    Attributes
    ----------
    layout : {"sparse", "dense", "genuine"}
    people : int
        At least 2.
    pairs_per_person : int
        Of a genuine layout, how many each person has; of a sparse one, in how many each takes part on average. A
        dense layout has all pairs, and this is 0.
    correlation : float
        Share of the variance of a pair's score that its people bring along, 0 (every pair for itself) to below 1.
    """

    layout: Layout
    people: int
    pairs_per_person: int
    correlation: float

    def __post_init__(self) -> None:
        dense = self.layout == "dense"
        if self.people < 2 or not 0 <= self.correlation < 1 or (self.pairs_per_person < 1) != dense:
            message = (
                "a design needs 2 people or more, a correlation within 0 … 1 (exclusive), and pairs per person unless "
                f"it is dense; got {self}"
            )
            raise ArgumentError(message)

    def pairs(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Who meets whom, shapes (n,) and (n,); random where the layout is sparse."""
        if self.layout == "dense":
            first, second = np.triu_indices(self.people, 1)
            return first, second
        if self.layout == "genuine":
            everyone = np.repeat(np.arange(self.people), self.pairs_per_person)
            return everyone, everyone
        n = self.people * self.pairs_per_person // 2
        first = rng.integers(0, self.people, n)
        return first, (first + rng.integers(1, self.people, n)) % self.people


DESIGNS = (
    Design("sparse", 8000, 3, 0.0),
    Design("sparse", 8000, 3, 0.3),
    Design("dense", 250, 0, 0.0),
    Design("dense", 250, 0, 0.3),
    Design("genuine", 2000, 5, 0.0),
    Design("genuine", 2000, 5, 0.3),
)
"""What `calibrate` simulates where nothing else is asked for."""

RATES = (1e-3, 1e-2, 1e-1)
"""The true rates that `calibrate` simulates where nothing else is asked for."""


@dataclass(frozen=True)
class Coverage:
    """How often intervals contained the truth.

    Attributes
    ----------
    design : Design
    true_rate : float
    confidence : float
        What the intervals promise.
    replicates : int
        How many data sets were simulated.
    covered, above, below : int
        How many intervals contained the true rate, lay wholly above it, lay wholly below it.
    naive_covered : int
        How many would have contained it, had the pairs been taken as independent.
    mean_errors, mean_design_effect : float
        Over the data sets.
    """

    design: Design
    true_rate: float
    confidence: float
    replicates: int
    covered: int
    above: int
    below: int
    naive_covered: int
    mean_errors: float
    mean_design_effect: float

    @property
    def value(self) -> float:
        """Share of intervals that contained the true rate."""
        return self.covered / self.replicates

    @property
    def naive_value(self) -> float:
        """The same share, had the pairs been taken as independent."""
        return self.naive_covered / self.replicates

    @property
    def interval(self) -> Interval:
        """Where the share would lie after infinitely many replicates, with 95 % confidence."""
        return clopper_pearson(self.covered, self.replicates)

    @property
    def landed(self) -> bool:
        """Whether the share is within `LIMITS`; a statement about a nominal 95 % only."""
        return LIMITS[0] <= self.value <= LIMITS[1]


def simulate_coverage(
    design: Design, true_rate: float, *, replicates: int = 1000, seed: int, confidence: float = CONFIDENCE
) -> Coverage:
    """Simulate data sets of one design and count the intervals that contain the truth.

    Parameters
    ----------
    design : Design
    true_rate : float
        Between 0 and 1, exclusive.
    replicates : int
        At least 1.
    seed : int
        The same seed gives the same data sets.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    Coverage

    Raises
    ------
    ArgumentError
        If `true_rate` or `confidence` is out of range.
        If there is no replicate.

    Notes
    -----
    A pair of i and j is an error iff √(ρ/2) (u_i + u_j) + √(1−ρ) e_ij ≥ Φ⁻¹(1 − p), a genuine pair of i iff
    √ρ u_i + √(1−ρ) e ≥ Φ⁻¹(1 − p), all u and e standard normal. So the rate is p exactly, for every ρ.

    Examples
    --------
    >>> found = simulate_coverage(Design("dense", 60, 0, 0.3), 0.1, replicates=200, seed=1)
    >>> found.value > 0.9 > found.naive_value
    True
    """
    checked_confidence(confidence)
    if not 0 < true_rate < 1:
        message = f"the true rate must lie between 0 and 1; got {true_rate}"
        raise ArgumentError(message)
    if replicates < 1:
        message = f"at least one replicate is needed; got {replicates}"
        raise ArgumentError(message)
    rng = np.random.default_rng(seed)
    threshold = float(scipy.stats.norm.isf(true_rate))
    above = below = naive = 0
    errors, effects = 0.0, 0.0
    for _ in range(replicates):
        first, second = design.pairs(rng)
        wrong = _latent(design, first, second, rng) >= threshold
        found = clustered_estimate(wrong, first, second, confidence=confidence)
        above += found.interval.low > true_rate
        below += found.interval.high < true_rate
        independent = estimate(Rate(found.errors, found.trials), confidence=confidence)
        naive += independent.interval.low <= true_rate <= independent.interval.high
        errors += found.errors
        effects += found.design_effect
    return Coverage(
        design,
        true_rate,
        confidence,
        replicates,
        replicates - above - below,
        above,
        below,
        naive,
        errors / replicates,
        effects / replicates,
    )


def calibrate(
    designs: Sequence[Design] = DESIGNS,
    rates: Sequence[float] = RATES,
    *,
    replicates: int = 1000,
    seed: int,
    confidence: float = CONFIDENCE,
) -> tuple[Coverage, ...]:
    """The coverage reached in every design at every rate.

    Parameters
    ----------
    designs : sequence of Design
    rates : sequence of float
        True rates, each between 0 and 1, exclusive.
    replicates : int
        Of each design at each rate; the standard error of a coverage is about 0.22 / √replicates.
    seed : int
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    tuple of Coverage
        Design by design, rate by rate.

    Raises
    ------
    ArgumentError
        If a rate or `confidence` is out of range.
        If there is no replicate.
    """
    seeds = iter(np.random.SeedSequence(seed).generate_state(len(designs) * len(rates)).tolist())
    return tuple(
        simulate_coverage(design, rate, replicates=replicates, seed=next(seeds), confidence=confidence)
        for design in designs
        for rate in rates
    )


def _latent(
    design: Design, first: NDArray[np.int64], second: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    person = rng.standard_normal(design.people)
    own = rng.standard_normal(len(first)) * math.sqrt(1 - design.correlation)
    if design.layout == "genuine":
        return math.sqrt(design.correlation) * person[first] + own
    return math.sqrt(design.correlation / 2) * (person[first] + person[second]) + own

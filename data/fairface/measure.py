"""What the recipe measures on vectors: strangers of one group at one threshold, the price of a safer threshold.

FairFace names no people: each photo counts as one person of its own, so all pairs are non-mated and only FMR can be
told. What a threshold costs (FNMR) is measured on the mated pairs of LFW.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from facerec.measure.metrics import clustered_rate, threshold_at_fmr
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.operating_points import Comparisons
from facerec.similarity import cosines_of_all
from facerec.types import Matcher, OperatingPoint, Rate

RACES = ("White", "Latino_Hispanic", "Middle Eastern", "Indian", "Black", "Southeast Asian", "East Asian")
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
GENDERS = ("Female", "Male")
GROUPINGS: Mapping[str, Sequence[str]] = {"race": RACES, "age": AGES, "gender": GENDERS}
POOLED_FMR = 1e-3


@dataclass(frozen=True)
class MatcherVectors:
    """What one matcher makes of both data sets; photos without a usable face are NaN rows."""

    name: str
    fairface: np.ndarray
    lfw: np.ndarray


@dataclass(frozen=True)
class GroupRow:
    """FMR within one group, at the pooled and at the shipped threshold; the threshold that the group itself needs."""

    grouping: str
    group: str
    photos: int
    pooled: Rate
    shipped: Rate | None
    own_threshold: float
    own_price: Rate


@dataclass(frozen=True)
class MatcherRows:
    """One matcher: its pooled threshold, what it costs, and its groups."""

    name: str
    threshold: float
    pooled: Rate
    price: Rate
    rows: tuple[GroupRow, ...]

    def of(self, grouping: str) -> list[GroupRow]:
        """The rows of one grouping."""
        return [row for row in self.rows if row.grouping == grouping]


def pairs_of(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of different photos: scores, and the numbers of both."""
    first, second = np.triu_indices(len(vectors), 1)
    return cosines_of_all(vectors, vectors)[first, second], first.astype(np.int32), second.astype(np.int32)


def mated_pairs(vectors: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores of all mated pairs, and whose they are; a photo without a face has no score (NaN)."""
    scores, whose = [], []
    order = np.argsort(people, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(people[order])) + 1):
        first, second = np.triu_indices(len(rows), 1)
        if len(first):
            found = np.nan_to_num(vectors[rows].astype(np.float64))
            score = np.clip((found[first] * found[second]).sum(axis=1), -1, 1)
            lost = np.isnan(vectors[rows]).any(axis=1)
            scores.append(np.where(lost[first] | lost[second], np.nan, score))
            whose.append(np.full(len(first), people[rows[0]]))
    return np.concatenate(scores), np.concatenate(whose)


def price_of(threshold: float, mated: tuple[np.ndarray, np.ndarray]) -> Rate:
    """FNMR over the mated pairs that have a score."""
    scores, whose = mated
    completed = ~np.isnan(scores)
    return clustered_rate(~(scores[completed] >= threshold), whose[completed], whose[completed])


def measure(
    matcher: MatcherVectors, labels: pd.DataFrame, lfw_people: np.ndarray, *, shipped: float | None
) -> MatcherRows:
    """One matcher's rows, each grouping's groups in the order of `GROUPINGS`."""
    usable = ~np.isnan(matcher.fairface).any(axis=1)
    vectors, labels = matcher.fairface[usable], labels[usable]
    mated = mated_pairs(matcher.lfw, lfw_people)
    scores, first, second = pairs_of(vectors)
    threshold = threshold_at_fmr(scores, POOLED_FMR)
    everybody = PairsOfPeople(first, second, len(vectors))
    pooled = everybody.rate(scores >= threshold)
    # As the audit has it: no group is worth more than what all pairs have in common allows.
    lent = everybody.correlation(scores >= threshold)
    lent_shipped = None if shipped is None else everybody.correlation(scores >= shipped)
    rows = []
    for grouping, groups in GROUPINGS.items():
        for group in groups:
            members = vectors[(labels[grouping] == group).to_numpy()]
            inside, first, second = pairs_of(members)
            within = PairsOfPeople(first, second, len(members))
            own = threshold_at_fmr(inside, POOLED_FMR)
            rows.append(
                GroupRow(
                    grouping,
                    group,
                    len(members),
                    within.rate(inside >= threshold, correlation=lent),
                    None if shipped is None else within.rate(inside >= shipped, correlation=lent_shipped),
                    own,
                    price_of(own, mated),
                )
            )
    return MatcherRows(matcher.name, threshold, pooled, price_of(threshold, mated), tuple(rows))


def worst_group_point(
    vectors: np.ndarray, mated: tuple[np.ndarray, np.ndarray], *, data_set: str, matcher: Matcher, target: float
) -> OperatingPoint:
    """The operating point that keeps FMR at `target` among strangers of the one group; FNMR is that of other data."""
    scores, first, second = pairs_of(vectors)
    matched, whose = mated
    people = np.unique(whose, return_inverse=True)[1].astype(np.int32) + len(vectors)
    whole = Comparisons(
        np.concatenate([scores, matched[~np.isnan(matched)]]),
        np.repeat([False, True], [len(scores), int((~np.isnan(matched)).sum())]),
        np.concatenate([first, people[~np.isnan(matched)]]),
        np.concatenate([second, people[~np.isnan(matched)]]),
        int(people.max()) + 1,
    )
    return whole.point(target, data_set=data_set, matcher=matcher)


def centred(vectors: np.ndarray, mean: np.ndarray, share: float) -> np.ndarray:
    """Vectors less a share of a mean vector, brought to length 1 again."""
    moved = vectors - share * mean
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def possible_mates(
    first: MatcherVectors, second: MatcherVectors, labels: pd.DataFrame, race: str, thresholds: tuple[float, float]
) -> tuple[int, int, int]:
    """How many false matches of the first matcher a group has, how many of them the second has as well, of how many.

    Two photos of one person nearly always match by both; strangers rarely do. So the second number bounds from above
    how many of the first may be no strangers at all (up to the second's own FNMR).
    """
    members = (labels["race"] == race).to_numpy() & ~np.isnan(first.fairface).any(axis=1)
    members &= ~np.isnan(second.fairface).any(axis=1)
    one, other = (
        pairs_of(each.fairface[members])[0] >= threshold
        for each, threshold in zip((first, second), thresholds, strict=True)
    )
    return int(one.sum()), int((one & other).sum()), len(one)

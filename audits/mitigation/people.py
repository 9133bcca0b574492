"""People on three sides, nobody on two: methods learn from some, get thresholds on others, are judged on the rest.

A method that has seen the people it is judged on looks better than it is; cluster methods most of all, because a
cluster can hold the photos of a single person. A threshold that was set on the people a method learned from suits
those better than anybody else, and the more so the more the method learned: so thresholds have people of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audits.mitigation.comparisons import PAIRS, compare_people
from audits.tables.groups import group_pairs, group_rows
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure import tables
from facerec.measure.tables.score_table import both_sides
from facerec.measure.tables.vector_table import FaceVectors

SHARES = (0.4, 0.2)
"""The parts of the people that are learned from and that thresholds are set on; the others are judged."""


@dataclass(frozen=True, eq=False)
class PeopleSplit:
    """Three score tables without a person in common.

    Attributes
    ----------
    learn, calibrate, judge : DataFrame
        The comparisons among the people of each side.
    people : tuple of int
        How many people were dealt to each side, in that order.
    crossing : int
        Comparisons of a given score table between people of two sides. They are in none of the tables.
    """

    learn: pd.DataFrame
    calibrate: pd.DataFrame
    judge: pd.DataFrame
    people: tuple[int, int, int]
    crossing: int = 0


def split_people(
    table: pd.DataFrame, *, by: str | None = None, shares: tuple[float, float] = SHARES, seed: int = 0
) -> PeopleSplit:
    """Deal the people of a score table to three sides.

    Parameters
    ----------
    table : DataFrame
        A score table.
    by : str, optional
        One attribute, or several joined by commas: each side gets its share of every group. A person with several
        labels counts under the first.
    shares : tuple of two floats
        The parts of the people that are learned from, and that thresholds are set on; above 0, below 1 together.
    seed : int
        The same seed deals the same people alike, whatever the order of the rows.

    Returns
    -------
    PeopleSplit

    Raises
    ------
    ArgumentError
        If `shares` are out of range.
    ScoreTableError
        If ``facerec.measure.tables.check`` refuses the table, or an attribute of `by` is not in it.
        If a side has no genuine or no impostor comparison.

    Examples
    --------
    >>> rows = [[f"{a}/1", f"{b}/2", a, b, a == b, 0.5] for a in "abcdef" for b in "abcdef"]
    >>> split = split_people(pd.DataFrame(rows, columns=tables.REQUIRED), shares=(1 / 3, 1 / 3))
    >>> len(split.learn), len(split.calibrate), len(split.judge), split.crossing
    (4, 4, 4, 24)
    """
    table = tables.check(table)
    groups = None if by is None else group_pairs(table, by)
    codes = 0 if groups is None else np.concatenate([groups.probe, groups.reference])
    side_of = _deal(pd.DataFrame({"subject": both_sides(table, "subject"), "group": codes}), shares, seed)
    probe, reference = table["probe_subject"].map(side_of), table["reference_subject"].map(side_of)
    sides = [table[(probe == side) & (reference == side)].reset_index(drop=True) for side in range(3)]
    return _checked(sides, side_of, len(table) - sum(map(len, sides)))


def split_photos(
    vectors: FaceVectors,
    *,
    by: str | None = None,
    shares: tuple[float, float] = SHARES,
    pairs: int = PAIRS,
    seed: int = 0,
) -> PeopleSplit:
    """Deal the people on photos to three sides, and compare those of each side with one another.

    Parameters
    ----------
    vectors : FaceVectors
        As from ``facerec.measure.tables.vector_table.read_vectors``.
    by, shares, seed
        As for `split_people`; the seed decides, too, which photos are compared.
    pairs : int
        At most so many impostor comparisons on each side; see ``compare_people``.

    Returns
    -------
    PeopleSplit
        The scores are cosines; every column of the photos stands for both sides of a comparison.

    Raises
    ------
    ArgumentError
        If `shares` or `pairs` are out of range.
    ScoreTableError
        If an attribute of `by` is not in the table.
        If a side has no genuine or no impostor comparison.
    """
    photos = vectors.photos
    groups = np.zeros(len(photos), np.int32) if by is None else group_rows(photos, by).codes
    side_of = _deal(pd.DataFrame({"subject": photos["subject"], "group": groups}), shares, seed)
    side = photos["subject"].map(side_of).to_numpy()
    sides = [
        compare_people(vectors, np.flatnonzero(side == number), pairs=pairs, seed=[seed, number]) for number in range(3)
    ]
    return _checked(sides, side_of, 0)


def _deal(seen: pd.DataFrame, shares: tuple[float, float], seed: int) -> dict[str, int]:
    """Person → side 0, 1 or 2. Group after group, so that the shares hold for each group and in all."""
    if len(shares) != 2 or not all(share > 0 for share in shares) or not sum(shares) < 1:
        message = f"the shares to learn from and to calibrate on must be above 0, and below 1 together; got {shares}"
        raise ArgumentError(message)
    ordered = seen.sort_values(["subject", "group"], kind="stable").drop_duplicates("subject").reset_index(drop=True)
    shuffled = ordered.iloc[np.random.default_rng(seed).permutation(len(ordered))]
    side_of: dict[str, int] = {}
    waiting = [0.0, 0.0]
    for _, group in shuffled.groupby("group", sort=True):
        subjects = group["subject"].tolist()
        start = 0
        for side, share in enumerate(shares):
            waiting[side] += share * len(subjects)  # what rounding left over is carried on to the next group
            take = min(len(subjects) - start, round(waiting[side]))
            waiting[side] -= take
            side_of.update(dict.fromkeys(subjects[start : start + take], side))
            start += take
        side_of.update(dict.fromkeys(subjects[start:], 2))
    return side_of


def _checked(sides: list[pd.DataFrame], side_of: dict[str, int], crossing: int) -> PeopleSplit:
    dealt = list(side_of.values())
    people = dealt.count(0), dealt.count(1), dealt.count(2)
    for name, side, count in zip(("learned from", "set thresholds on", "judged"), sides, people, strict=True):
        genuine = int(side["genuine"].sum()) if len(side) else 0
        if genuine in (0, len(side)):
            message = (
                f"too few people: of {len(dealt)}, the {count} to be {name} have {genuine} genuine and "
                f"{len(side) - genuine} impostor comparisons among themselves; both kinds are needed for each use: "
                "add people with several photos each, or use other shares or another seed"
            )
            raise ScoreTableError(message)
    return PeopleSplit(sides[0], sides[1], sides[2], people, crossing)

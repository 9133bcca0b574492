"""A score table in two, with nobody in both: a mitigation is fitted on some people and judged on others.

A method that has seen the people it is judged on looks better than it is; cluster methods most of all, because a
cluster can hold the photos of a single person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audits.groups import group_pairs
from facerec.errors import ArgumentError, ScoreTableError


@dataclass(frozen=True, eq=False)
class PeopleSplit:
    """Two score tables without a person in common.

    Attributes
    ----------
    fit, judge : DataFrame
        The comparisons among the people of either side, in the order of the table they came from.
    fit_people, judge_people : int
        How many people were dealt to either side.
    crossing : int
        Comparisons between a person of one side and one of the other. They are in neither table.
    """

    fit: pd.DataFrame
    judge: pd.DataFrame
    fit_people: int
    judge_people: int
    crossing: int


def split_people(table: pd.DataFrame, *, by: str | None = None, share: float = 0.5, seed: int = 0) -> PeopleSplit:
    """Deal the people of a score table to two sides.

    Parameters
    ----------
    table : DataFrame
        A checked score table.
    by : str, optional
        One attribute, or several joined by commas: each side gets its share of every group. A person with several
        labels counts under the first.
    share : float
        The part of the people that goes to the fitting side, between 0 and 1.
    seed : int
        The same seed deals the same people alike, whatever the order of the rows.

    Returns
    -------
    PeopleSplit

    Raises
    ------
    ArgumentError
        If `share` is not between 0 and 1.
    ScoreTableError
        If an attribute of `by` is not in the table.
        If a side has no genuine or no impostor comparison.

    Examples
    --------
    >>> rows = [[f"{a}/1", f"{b}/2", a, b, a == b, 0.5] for a in "abcd" for b in "abcd"]
    >>> table = pd.DataFrame(
    ...     rows, columns=["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine", "score"]
    ... )
    >>> split = split_people(table)
    >>> len(split.fit), len(split.judge), split.crossing
    (4, 4, 8)
    """
    if not 0 < share < 1:
        message = f"share must lie between 0 and 1; got {share}"
        raise ArgumentError(message)
    people = _people(table, by)
    shuffled = people.iloc[np.random.default_rng(seed).permutation(len(people))]
    chosen: set[str] = set()
    waiting = 0.0
    # Dealt group after group with what is left over carried on, so that the shares hold for each group and in all.
    for _, group in shuffled.groupby("group", sort=True):
        waiting += share * len(group)
        take = min(len(group), round(waiting))
        waiting -= take
        chosen.update(group["subject"].tolist()[:take])
    probe, reference = table["probe_subject"].isin(chosen), table["reference_subject"].isin(chosen)
    fit, judge = table[probe & reference].reset_index(drop=True), table[~probe & ~reference].reset_index(drop=True)
    for name, side in (("fitted", fit), ("judged", judge)):
        genuine = int(side["genuine"].sum())
        if genuine in (0, len(side)):
            message = (
                f"the people to be {name} on have {genuine} genuine and {len(side) - genuine} impostor comparisons "
                "among themselves; both kinds are needed on both sides: use more pairs, or another share or seed"
            )
            raise ScoreTableError(message)
    return PeopleSplit(fit, judge, len(chosen), len(people) - len(chosen), len(table) - len(fit) - len(judge))


def _people(table: pd.DataFrame, by: str | None) -> pd.DataFrame:
    """Every person once, in the order of their names, with the group that they are dealt in."""
    probe = reference = np.zeros(len(table), np.int32)
    if by is not None:
        groups = group_pairs(table, by)
        probe, reference = groups.probe, groups.reference
    sides = [
        pd.DataFrame({"subject": table["probe_subject"], "group": probe}),
        pd.DataFrame({"subject": table["reference_subject"], "group": reference}),
    ]
    both = pd.concat(sides).sort_values(["subject", "group"], kind="stable")
    return both.drop_duplicates("subject").reset_index(drop=True)

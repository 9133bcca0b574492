"""What became of each search: from rows of candidates to one row per search."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audits.tables.groups import RowGroups, group_rows, split_attributes


def search_outcomes(
    checked: pd.DataFrame, gallery: pd.DataFrame, *, threshold: float, rank: int | None = None
) -> pd.DataFrame:
    """What became of each search: one row per search, in the order of their first rows.

    Parameters
    ----------
    checked : DataFrame
        From `check_searches`.
    gallery : DataFrame
        From `check_gallery`.
    threshold, rank
        As for `audit_identification`.

    Returns
    -------
    DataFrame
        The probe's columns and: ``mated`` (bool), ``listed`` (candidates returned), ``false_positive`` and ``missed``
        (bool, at the threshold), ``wrong`` (the most alike person who is not the probe's; empty if there is none),
        ``wrong_first`` (bool: that person is at least as alike as the mate, or the mate is not listed), ``lowest``
        (the lowest score listed), ``person`` (the probe's subject as a code).
    """
    own = checked["candidate_subject"] == checked["probe_subject"]
    others = checked[~own & (checked["candidate_subject"] != "")]
    ordered = others.sort_values("score", ascending=False, kind="stable").drop_duplicates("search").set_index("search")
    probe_columns = [name for name in checked.columns if name.startswith("probe_")]
    outcomes = checked.drop_duplicates("search").set_index("search")[probe_columns]
    mate = checked[own].set_index("search")["score"].reindex(outcomes.index)
    best_wrong = ordered["score"].reindex(outcomes.index)
    above = others.assign(mate=mate.reindex(others["search"]).to_numpy())
    ahead = above[above["score"] >= above["mate"]].groupby("search").size().reindex(outcomes.index, fill_value=0)
    outcomes["mated"] = outcomes["probe_subject"].isin(gallery["subject"])
    outcomes["listed"] = checked[checked["candidate_subject"] != ""].groupby("search").size()
    outcomes["listed"] = outcomes["listed"].fillna(0).astype(np.int64)
    found = (mate >= threshold) & ((ahead + 1 <= rank) if rank is not None else True)
    outcomes["missed"] = outcomes["mated"] & ~found
    outcomes["false_positive"] = ~outcomes["mated"] & (best_wrong >= threshold)
    outcomes["wrong"] = ordered["candidate_subject"].reindex(outcomes.index).fillna("")
    outcomes["wrong_first"] = outcomes["mated"] & ~(mate > best_wrong.fillna(-np.inf))
    outcomes["lowest"] = checked.groupby("search")["score"].min()
    outcomes["person"] = pd.factorize(outcomes["probe_subject"], sort=True)[0]
    return outcomes


def probe_and_gallery_groups(
    outcomes: pd.DataFrame, gallery: pd.DataFrame, by: str
) -> tuple[RowGroups, NDArray[np.int32], NDArray[np.int32]]:
    """Group probes and enrolled people alike: the groups, each search's group, and each enrolled person's."""
    names = split_attributes(by)
    probes = outcomes.rename(columns={f"probe_{name}": name for name in names})
    sides = [side[[name for name in names if name in side.columns]] for side in (probes, gallery)]
    both = pd.concat(sides, ignore_index=True) if all(side.shape[1] == len(names) for side in sides) else None
    groups = group_rows(both if both is not None else min(sides, key=lambda side: side.shape[1]), by)
    return groups, groups.codes[: len(outcomes)], groups.codes[len(outcomes) :]

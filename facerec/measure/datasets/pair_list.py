"""Pairs of photos to compare, from a CSV file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import DataSetError, ScoreTableError
from facerec.measure.tables.score_table import check, truth
from facerec.measure.tables.text_csv import read_text_csv
from facerec.photos.folders import refuse_missing

_IMAGES = ["probe_image", "reference_image"]
_SUBJECTS = ["probe_subject", "reference_subject"]


def pairs_csv(path: str | Path, *, root: str | Path | None = None) -> pd.DataFrame:
    """Read a manifest of pairs: which photos to compare, and who is on them.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8, commas, a header) with the columns `probe_image` and `reference_image`, and `probe_subject` and
        `reference_subject`, or `genuine`, or all of them; further columns, such as ``probe_gender``, are kept.
    root : str or Path, optional
        The folder that the photos' paths start from; by default the one that the manifest is in.

    Returns
    -------
    DataFrame
        A score table without `score`. Where `genuine` is absent, it says whether the subjects are equal. Where the
        subjects are absent, they follow from `genuine`: photos linked by genuine pairs show one person, who is
        called by the first of them; two photos that nothing links count as two people.

    Raises
    ------
    DataSetError
        If the file cannot be read as CSV, or holds no pair.
        If a column that is needed is missing, or there is a `score` already.
        If an id is empty, or `genuine` is neither true nor false.
        If `genuine` contradicts the subjects, or pairs without subjects contradict one another.
        If photos are missing.
    """
    path = Path(path)
    try:
        raw = read_text_csv(path)
    except ScoreTableError as problem:
        raise DataSetError(str(problem)) from problem
    _refuse_columns(path, list(raw.columns))
    if raw.empty:
        message = f"{path}: holds no pairs, only the names of the columns"
        raise DataSetError(message)
    linked = "probe_subject" not in raw
    try:
        if linked:
            raw = raw.assign(**_linked_subjects(raw))
        elif "genuine" not in raw:
            raw = raw.assign(genuine=raw["probe_subject"] == raw["reference_subject"])
        table = check(raw.assign(score=np.nan)).drop(columns="score")
    except ScoreTableError as problem:
        hint = " (subjects are photos that genuine pairs link)" if linked else ""
        message = f"{path}: {problem}{hint}"
        raise DataSetError(message) from problem
    refuse_missing(path.parent if root is None else Path(root), pd.concat([table[c] for c in _IMAGES]).unique())
    return table


def _refuse_columns(path: Path, names: list[str]) -> None:
    found = f"it has {', '.join(names)}"
    if "score" in names:
        message = f"{path}: already holds scores; a manifest says what to compare, a score table how it came out"
        raise DataSetError(message)
    if absent := [name for name in _IMAGES if name not in names]:
        message = f"{path}: lacks {' and '.join(absent)}, the photos to compare; {found}"
        raise DataSetError(message)
    subjects = [name for name in _SUBJECTS if name in names]
    if len(subjects) == 1 or not (subjects or "genuine" in names):
        message = (
            f"{path}: who is on the photos? probe_subject and reference_subject are needed, "
            f"or genuine (true or false); {found}"
        )
        raise DataSetError(message)


def _linked_subjects(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """People as the genuine pairs imply them: the connected components of the photos."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    genuine = truth(raw["genuine"]).to_numpy(bool)
    numbers, photos = pd.factorize(pd.concat([raw["probe_image"], raw["reference_image"]]), sort=True)
    first, second = numbers[: len(raw)], numbers[len(raw) :]
    links = coo_array((np.ones(genuine.sum()), (first[genuine], second[genuine])), shape=(len(photos), len(photos)))
    _, person = connected_components(links, directed=False)
    _, names = np.unique(person, return_index=True)  # of each person the first photo, as `photos` are sorted
    subjects = np.asarray(photos, object)[names[person]]
    return {"probe_subject": pd.Series(subjects[first]), "reference_subject": pd.Series(subjects[second])}

"""Manifests: pairs of photos to compare, or photos of known people, from a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import DataSetError, ScoreTableError
from facerec.measure.tables.score_table import check, refuse_twice, truth
from facerec.measure.tables.table_files import read_text_csv
from facerec.photos.folders import refuse_missing

_IMAGES = ["probe_image", "reference_image"]
_SUBJECTS = ["probe_subject", "reference_subject"]
_NEEDED = ("image", "subject")
_TAKEN = ("photo", "vector", "matcher", "failure")


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
    raw = _read(path)
    _refuse_columns(path, list(raw.columns))
    _refuse_empty(path, raw, "pairs")
    linked = "probe_subject" not in raw
    with _as_data_set(f"{path}: ", " (subjects are photos that genuine pairs link)" if linked else ""):
        if linked:
            raw = raw.assign(**_linked_subjects(raw))
        elif "genuine" not in raw:
            raw = raw.assign(genuine=raw["probe_subject"] == raw["reference_subject"])
        table = check(raw.assign(score=np.nan)).drop(columns="score")
    refuse_missing(path.parent if root is None else Path(root), pd.concat([table[c] for c in _IMAGES]).unique())
    return table


def photos_csv(path: str | Path, *, root: str | Path | None = None, nameless: bool = False) -> pd.DataFrame:
    """Read a manifest of photos: who is on each, and what else is known of that person.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8, commas, a header) with the columns `image` and `subject`; others, such as ``gender``, are kept.
    root : str or Path, optional
        As for `pairs_csv`.
    nameless : bool
        Whether nobody needs to know who is on a photo: `subject` may be empty, or absent as a whole, which is the same.

    Returns
    -------
    DataFrame
        `image` and `subject` first, everything as text.

    Raises
    ------
    DataSetError
        If the file cannot be read as CSV, or holds no photo, or photos are missing.
        If a column that is needed is missing, stands twice, or has a name that a table of vectors needs itself.
        If an image or a subject that is needed is empty, or an image stands twice.
    """
    path = Path(path)
    raw = _read(path)
    if nameless and "subject" not in raw.columns:
        raw["subject"] = ""
    names = list(raw.columns)
    if absent := [name for name in _NEEDED if name not in names]:
        message = (
            f"{path}: lacks {' and '.join(absent)}; a manifest of photos has the columns image and subject, and any "
            f"others are kept; it has {', '.join(names)}"
        )
        raise DataSetError(message)
    if odd := [name for name in names if name in _TAKEN or (name[:1] == "v" and name[1:].isdecimal())]:
        message = f"{path}: the column {odd[0]} has a name that the table of vectors needs itself; rename it"
        raise DataSetError(message)
    with _as_data_set(f"{path}: "):
        refuse_twice(names)
    _refuse_empty(path, raw, "photos")
    for name in _NEEDED[:1] if nameless else _NEEDED:
        if (empty := (raw[name] == "").to_numpy(bool)).any():
            message = f"{path}: {name} in row {int(empty.argmax()) + 1} is empty"
            raise DataSetError(message)
    if (again := raw["image"].duplicated().to_numpy(bool)).any():
        row = int(again.argmax())
        message = f"{path}: the photo {raw['image'].iloc[row]!r} stands again in row {row + 1}; each photo has one row"
        raise DataSetError(message)
    refuse_missing(path.parent if root is None else Path(root), raw["image"])
    return raw[[*_NEEDED, *(name for name in names if name not in _NEEDED)]]


def _read(path: Path) -> pd.DataFrame:
    with _as_data_set():
        return read_text_csv(path)


@contextmanager
def _as_data_set(before: str = "", after: str = "") -> Iterator[None]:
    """What is wrong with a table, as an error of the data set that it belongs to."""
    try:
        yield
    except ScoreTableError as problem:
        message = f"{before}{problem}{after}"
        raise DataSetError(message) from problem


def _refuse_empty(path: Path, raw: pd.DataFrame, what: str) -> None:
    if raw.empty:
        message = f"{path}: holds no {what}, only the names of the columns"
        raise DataSetError(message)


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

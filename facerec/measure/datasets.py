"""Readers of labelled photos: what is in a folder or a manifest, as a table, with no photo opened.

A reader says what is missing before anything is computed on the rest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import DataSetError, ScoreTableError
from facerec.files import is_folder, read_regular
from facerec.measure.tables.cells import refuse_twice, truth
from facerec.measure.tables.score_table import both_sides, check
from facerec.measure.tables.table_files import read_text_csv, telling
from facerec.photos.folders import refuse_missing

_MOST_TEXT = 256 << 20  # bytes of a list of pairs
_IMAGES = ["probe_image", "reference_image"]
_SUBJECTS = ["probe_subject", "reference_subject"]
_NEEDED = ("image", "subject")
_TAKEN = ("photo", "vector", "matcher", "failure")
_PHOTO_FOLDERS = ("images", "lfw", "lfw-deepfunneled", "lfw_funneled", "lfw-deepfunneled/lfw-deepfunneled", ".")


def lfw(folder: str | Path) -> pd.DataFrame:
    """Read the pairs of LFW's official ten-fold protocol.

    The folder is as the data set is distributed: photos as ``Name/Name_0001.jpg`` in ``images``, ``lfw``,
    ``lfw-deepfunneled`` or ``lfw_funneled`` or in the folder itself; ``pairs.txt`` and, optionally,
    ``labels/male_names.txt`` and ``labels/female_names.txt`` in the folder or the one above it.

    Gives a score table without `score`, one row per pair, in the order of the file, with `fold` (1 … 10), paths below
    `folder`, people's names, `probe_gender` and `reference_gender` (``female``, ``male``, or empty where a photo is in
    neither list or in both).

    Raises
    ------
    DataSetError
        If `folder` is no folder, or the folder of photos is not found, or photos are missing.
        If there is no pairs.txt, it cannot be read, or a line of it cannot be understood.
        If it holds more or fewer pairs than its first line says.

    References
    ----------
    Huang, Ramesh, Berg & Learned-Miller (2007), Labeled Faces in the Wild, UMass TR 07-49. Gender labels: Afifi &
    Abdelhamed (2019), arXiv:1706.04277.
    """
    root = Path(folder)
    if not is_folder(root):
        raise _refused(root, "there is no such folder")
    protocol = _beside(root, "pairs.txt")
    if protocol is None:
        raise _refused(root, "pairs.txt is neither here nor in the folder above; it comes with the data set")
    rows = _read_pairs(protocol)
    place = _photo_folder(root, rows[0][1])
    table = pd.DataFrame(rows, columns=["fold", "probe_subject", "probe", "reference_subject", "reference"])
    for side in ("probe", "reference"):
        subject = table[f"{side}_subject"]
        table[f"{side}_image"] = place + subject + "/" + subject + table[side].map("_{:04d}.jpg".format)
    table["genuine"] = table["probe_subject"] == table["reference_subject"]
    refuse_missing(root, both_sides(table, "image").unique(), listed_in=protocol)
    female, male = (_labelled(root, f"labels/{gender}_names.txt") for gender in ("female", "male"))
    known = dict.fromkeys(female - male, "female") | dict.fromkeys(male - female, "male")
    for side in ("probe", "reference"):
        stems = table[f"{side}_image"].str.rsplit("/", n=1).str[1].str.removesuffix(".jpg")
        table[f"{side}_gender"] = [known.get(stem, "") for stem in stems]
    sides = [f"{side}_{what}" for what in ("image", "subject") for side in ("probe", "reference")]
    return table[["fold", *sides, "genuine", "probe_gender", "reference_gender"]]


def pairs_csv(path: str | Path, *, root: str | Path | None = None) -> pd.DataFrame:
    """Read a manifest of pairs: which photos to compare, and who is on them.

    A CSV file (UTF-8, commas, a header) with the columns `probe_image` and `reference_image`, and `probe_subject` and
    `reference_subject`, or `genuine`, or all of them; further columns, such as ``probe_gender``, are kept. The photos'
    paths start from the folder `root`, by default the one that the manifest is in.

    Gives a score table without `score`. Where `genuine` is absent, it says whether the subjects are equal. Where the
    subjects are absent, they follow from `genuine`: photos linked by genuine pairs show one person, who is called by
    the first of them; two photos that nothing links count as two people.

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
    with telling(path, " (subjects are photos that genuine pairs link)" if linked else "", kind=DataSetError):
        if linked:
            raw = raw.assign(**_linked_subjects(raw))
        elif "genuine" not in raw:
            raw = raw.assign(genuine=raw["probe_subject"] == raw["reference_subject"])
        table = check(raw.assign(score=np.nan)).drop(columns="score")
    listed = both_sides(table, "image").unique()
    refuse_missing(path.parent if root is None else Path(root), listed, listed_in=path)
    return table


def photos_csv(path: str | Path, *, root: str | Path | None = None, nameless: bool = False) -> pd.DataFrame:
    """Read a manifest of photos: who is on each, and what else is known of that person.

    A CSV file as for `pairs_csv`, with the columns `image` and `subject`; others, such as ``gender``, are kept. Where
    it is `nameless`, nobody needs to know who is on a photo: `subject` may be empty, or absent as a whole, which is the
    same. Gives `image` and `subject` first, everything as text.

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
        raise _refused(
            path,
            f"lacks {' and '.join(absent)}; a manifest of photos has the columns image and subject, and any "
            f"others are kept; it has {', '.join(names)}",
        )
    if odd := [name for name in names if name in _TAKEN or (name[:1] == "v" and name[1:].isdecimal())]:
        raise _refused(path, f"the column {odd[0]} has a name that the table of vectors needs itself; rename it")
    with telling(path, kind=DataSetError):
        refuse_twice(names)
    _refuse_empty(path, raw, "photos")
    for name in _NEEDED[:1] if nameless else _NEEDED:
        if (empty := (raw[name] == "").to_numpy(bool)).any():
            raise _refused(path, f"{name} in row {int(empty.argmax()) + 1} is empty")
    if (again := raw["image"].duplicated().to_numpy(bool)).any():
        row = int(again.argmax())
        raise _refused(
            path, f"the photo {raw['image'].iloc[row]!r} stands again in row {row + 1}; each photo has one row"
        )
    refuse_missing(path.parent if root is None else Path(root), raw["image"], listed_in=path)
    return raw[[*_NEEDED, *(name for name in names if name not in _NEEDED)]]


def _refused(place: Path, problem: str) -> DataSetError:
    return DataSetError(f"{place}: {problem}")


def _read(path: Path) -> pd.DataFrame:
    try:
        return read_text_csv(path)
    except ScoreTableError as problem:
        raise DataSetError(str(problem)) from problem


def _refuse_empty(path: Path, raw: pd.DataFrame, what: str) -> None:
    if raw.empty:
        raise _refused(path, f"holds no {what}, only the names of the columns")


def _refuse_columns(path: Path, names: list[str]) -> None:
    found = f"it has {', '.join(names)}"
    if "score" in names:
        raise _refused(path, "already holds scores; a manifest says what to compare, a score table how it came out")
    if absent := [name for name in _IMAGES if name not in names]:
        raise _refused(path, f"lacks {' and '.join(absent)}, the photos to compare; {found}")
    subjects = [name for name in _SUBJECTS if name in names]
    if len(subjects) == 1 or not (subjects or "genuine" in names):
        raise _refused(
            path,
            "who is on the photos? probe_subject and reference_subject are needed, "
            f"or genuine (true or false); {found}",
        )


def _linked_subjects(raw: pd.DataFrame) -> dict[str, pd.Series]:
    """People as the genuine pairs imply them: the connected components of the photos."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    genuine = truth(raw["genuine"]).to_numpy(bool)
    numbers, photos = pd.factorize(both_sides(raw, "image"), sort=True)
    first, second = numbers[: len(raw)], numbers[len(raw) :]
    links = coo_array((np.ones(genuine.sum()), (first[genuine], second[genuine])), shape=(len(photos), len(photos)))
    _, person = connected_components(links, directed=False)
    _, names = np.unique(person, return_index=True)  # of each person the first photo, as `photos` are sorted
    subjects = np.asarray(photos, object)[names[person]]
    return {"probe_subject": pd.Series(subjects[first]), "reference_subject": pd.Series(subjects[second])}


def _beside(root: Path, name: str) -> Path | None:
    return next((place / name for place in (root, root.absolute().parent) if (place / name).is_file()), None)


def _lines(path: Path) -> list[str]:
    try:
        return read_regular(path, limit=_MOST_TEXT, error=DataSetError).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise _refused(path, f"cannot be read: {problem}") from problem


def _read_pairs(path: Path) -> list[tuple[int, str, int, str, int]]:
    """Fold, subject and photo number on one side, subject and photo number on the other."""
    lines = [(number, line.split()) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not lines or len(lines[0][1]) != 2 or not all(word.isdecimal() for word in lines[0][1]):
        raise _refused(path, "the first line must say how many folds and how many pairs each, such as 10 300")
    folds, size = (int(word) for word in lines[0][1])
    pairs = lines[1:]
    if not pairs or len(pairs) != folds * 2 * size:
        raise _refused(
            path,
            f"{folds} folds of {size} genuine and {size} impostor pairs are {folds * 2 * size} lines; "
            f"there are {len(pairs)}",
        )
    rows = []
    for place, (number, words) in enumerate(pairs):
        fold, within = divmod(place, 2 * size)
        match words:
            case [name, first, second] if within < size and first.isdecimal() and second.isdecimal():
                rows.append((fold + 1, name, int(first), name, int(second)))
            case [one, first, other, second] if (
                within >= size and first.isdecimal() and second.isdecimal() and one != other
            ):
                rows.append((fold + 1, one, int(first), other, int(second)))
            case _:
                expected = "name, number, number" if within < size else "name, number, other name, number"
                raise _refused(path, f"line {number} is {' '.join(words)!r}; expected there: {expected}")
    return rows


def _photo_folder(root: Path, person: str) -> str:
    """Where the people's folders are, as what stands before them in a path below `root`."""
    for place in _PHOTO_FOLDERS:
        if is_folder(root / place / person):
            return "" if place == "." else f"{place}/"
    raise _refused(root, f"no photos found; a folder {person} was looked for in {', '.join(_PHOTO_FOLDERS)}")


def _labelled(root: Path, name: str) -> set[str]:
    path = _beside(root, name)
    return set() if path is None else {line.strip().removesuffix(".jpg") for line in _lines(path) if line.strip()}

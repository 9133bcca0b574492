"""Labeled Faces in the Wild: the ten folds of View 2, and who was manually labelled female or male."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from facerec.errors import DataSetError
from facerec.photos.folders import refuse_missing

_PHOTO_FOLDERS = ("images", "lfw", "lfw-deepfunneled", "lfw_funneled", "lfw-deepfunneled/lfw-deepfunneled", ".")


def lfw(folder: str | Path) -> pd.DataFrame:
    """Read the pairs of LFW's official ten-fold protocol.

    Parameters
    ----------
    folder : str or Path
        As the data set is distributed: photos as ``Name/Name_0001.jpg`` in ``images``, ``lfw``, ``lfw-deepfunneled``
        or ``lfw_funneled`` or in the folder itself; ``pairs.txt`` and, optionally, ``labels/male_names.txt`` and
        ``labels/female_names.txt`` in the folder or the one above it.

    Returns
    -------
    DataFrame
        A score table without `score`, one row per pair, in the order of the file, with `fold` (1 … 10), paths below
        `folder`, people's names, `probe_gender` and `reference_gender` (``female``, ``male``, or empty where a photo is
        in neither list or in both).

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
    if not root.is_dir():
        message = f"{root}: there is no such folder"
        raise DataSetError(message)
    protocol = _beside(root, "pairs.txt")
    if protocol is None:
        message = f"{root}: pairs.txt is neither here nor in the folder above; it comes with the data set"
        raise DataSetError(message)
    rows = _read_pairs(protocol)
    place = _photo_folder(root, rows[0][1])
    table = pd.DataFrame(rows, columns=["fold", "probe_subject", "probe", "reference_subject", "reference"])
    for side in ("probe", "reference"):
        subject = table[f"{side}_subject"]
        table[f"{side}_image"] = place + subject + "/" + subject + table[side].map("_{:04d}.jpg".format)
    table["genuine"] = table["probe_subject"] == table["reference_subject"]
    refuse_missing(root, pd.concat([table["probe_image"], table["reference_image"]]).unique())
    female, male = (_labelled(root, f"labels/{gender}_names.txt") for gender in ("female", "male"))
    known = dict.fromkeys(female - male, "female") | dict.fromkeys(male - female, "male")
    for side in ("probe", "reference"):
        stems = table[f"{side}_image"].str.rsplit("/", n=1).str[1].str.removesuffix(".jpg")
        table[f"{side}_gender"] = [known.get(stem, "") for stem in stems]
    sides = [f"{side}_{what}" for what in ("image", "subject") for side in ("probe", "reference")]
    return table[["fold", *sides, "genuine", "probe_gender", "reference_gender"]]


def _beside(root: Path, name: str) -> Path | None:
    return next((place / name for place in (root, root.absolute().parent) if (place / name).is_file()), None)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        message = f"{path}: cannot be read: {problem}"
        raise DataSetError(message) from problem


def _read_pairs(path: Path) -> list[tuple[int, str, int, str, int]]:
    """Fold, subject and photo number on one side, subject and photo number on the other."""
    lines = [(number, line.split()) for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not lines or len(lines[0][1]) != 2 or not all(word.isdecimal() for word in lines[0][1]):
        message = f"{path}: the first line must say how many folds and how many pairs each, such as 10 300"
        raise DataSetError(message)
    folds, size = (int(word) for word in lines[0][1])
    pairs = lines[1:]
    if not pairs or len(pairs) != folds * 2 * size:
        message = (
            f"{path}: {folds} folds of {size} genuine and {size} impostor pairs are {folds * 2 * size} lines; "
            f"there are {len(pairs)}"
        )
        raise DataSetError(message)
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
                message = f"{path}: line {number} is {' '.join(words)!r}; expected there: {expected}"
                raise DataSetError(message)
    return rows


def _photo_folder(root: Path, person: str) -> str:
    """Where the people's folders are, as what stands before them in a path below `root`."""
    for place in _PHOTO_FOLDERS:
        if (root / place / person).is_dir():
            return "" if place == "." else f"{place}/"
    message = f"{root}: no photos found; a folder {person} was looked for in {', '.join(_PHOTO_FOLDERS)}"
    raise DataSetError(message)


def _labelled(root: Path, name: str) -> set[str]:
    path = _beside(root, name)
    return set() if path is None else {line.strip().removesuffix(".jpg") for line in _lines(path) if line.strip()}

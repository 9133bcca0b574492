"""What a source of labelled photos says of them before any is opened: class folders, shards, or a CSV manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from facerec.errors import DataSetError, ScoreTableError
from facerec.measure.tables.table_files import read_text_csv
from facerec.photos.folders import photos_by_folder, refuse_missing, top_folders
from facerec.photos.left_out import LeftOut
from facerec.photos.shards import InShard, ShardPhoto, find_shards, list_shards
from facerec.transfer.image_set import SUBJECT
from facerec.visible_text import quoted

PARTS_BY_NAME = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "val": "validation",
        "valid": "validation",
        "validation": "validation",
        "test": "test",
        "testing": "test",
    }
)
"""Names of folders, and values of a manifest's ``split``, and the part that each means."""


@dataclass(frozen=True)
class Listing:
    """Photos by name.

    Attributes
    ----------
    name : str
        The source's, for people.
    root : Path
        The folder that `files` start from.
    files, labels, parts : sequence of str
        One entry per photo: its path with ``/``, its class's name, and "train", "validation", "test" or "".
    columns : mapping of str to sequence of str
        What else is known of each photo.
    left_out : sequence of LeftOut
        What lies there and is not listed.
    places : mapping of str to InShard
        Where each photo lies that is in a shard; `files` are then only names.
    """

    name: str
    root: Path
    files: Sequence[str]
    labels: Sequence[str]
    parts: Sequence[str]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: Sequence[LeftOut] = ()
    places: Mapping[str, InShard] = field(default_factory=dict)


# Drawings, animations and placeholders for photos that are gone ("image not found"); in no set of photos on purpose.
# torchvision's ImageFolder leaves them out too, so that counts agree. A manifest may name them.
_ANIMATIONS = (".gif",)
_AN_ANIMATION = "is a GIF, a drawing or an animation and seldom a photo; name it in a manifest if it is one"


def list_folders(root: Path, *, exclude: Sequence[str] = ()) -> Listing:
    """Class folders, or parts with class folders, as a listing; `exclude` as for ``photos.folders.find_photos``.

    Raises
    ------
    DataSetError
        As in ``read_image_set``.
    """
    top = top_folders(root, exclude=exclude, one_per="class")
    parts = {name: PARTS_BY_NAME[name.lower()] for name in top.names if name.lower() in PARTS_BY_NAME}
    left_out: list[LeftOut] = []
    if parts and len(parts) == len(top.names):
        left_out += top.left_out
        places = [(part, root / name, f"{name}/") for name, part in parts.items()]
    elif "train" in parts.values():
        other = next(name for name in top.names if name not in parts)
        message = (
            f"{root}: holds the parts {', '.join(sorted(parts))} and beside them {other}/; "
            "give a folder of parts or a folder of classes, not both"
        )
        raise DataSetError(message)
    else:
        places = [("", root, "")]
    files: list[str] = []
    labels: list[str] = []
    of_parts: list[str] = []
    for part, place, below in places:
        found = photos_by_folder(place, exclude=exclude, one_per="class", below=below)
        left_out += found.left_out
        empty = {each.path for each in found.left_out if each.why == "empty folder"}
        for name, inside in found.folders.items():
            if f"{below}{name}/" in empty:
                continue  # no class was meant by it
            photos = [file for file in inside if not file.lower().endswith(_ANIMATIONS)]
            if not photos:
                why = next((each.reason for each in found.left_out if each.path == f"{below}{name}/"), _AN_ANIMATION)
                message = f"{place / name}: the class has no photo: {why}; add some, or leave it out (--exclude {name})"
                raise DataSetError(message)
            animations = [file for file in inside if file.lower().endswith(_ANIMATIONS)]
            left_out += [LeftOut(file, "animation", _AN_ANIMATION) for file in animations]
            files += photos
            labels += [name] * len(photos)
            of_parts += [part] * len(photos)
    return Listing(root.resolve().name, root, files, labels, of_parts, left_out=left_out)


def shards_of(root: Path) -> dict[str, tuple[Path, ...]]:
    """The shards that a path means, by the part that they are for: "" where its name, or its folder's, says none."""
    if found := find_shards(root):
        return {"": found}
    if not root.is_dir():
        return {}
    parts = {PARTS_BY_NAME[each.name.lower()]: find_shards(each) for each in sorted(root.iterdir()) if _is_part(each)}
    return {part: found for part, found in parts.items() if found}


def _is_part(path: Path) -> bool:
    return path.name.lower() in PARTS_BY_NAME and path.is_dir()


def list_shard_photos(
    root: Path, shards: Mapping[str, tuple[Path, ...]], *, label: str, exclude: Sequence[str] = ()
) -> Listing:
    """Shards as a listing; `exclude` as for `list_folders`.

    What a photo shows is `label` in its ``.json`` or, where that says nothing, its ``.cls``; ``split`` in it says which
    part it is for, unless the folder of the shard does. A photo without a label is left out, visibly.

    Raises
    ------
    DataSetError
        As of ``photos.shards.list_shards``, and if no photo has a label, or a split is no part.
    """
    photos: list[tuple[str, ShardPhoto]] = []
    left_out: list[LeftOut] = []
    for part, of_part in shards.items():
        found = list_shards(of_part, exclude=exclude, below=f"{part}/" if part else "")
        left_out += found.left_out
        photos += [(part, photo) for photo in found.photos]
    said = {photo.name: photo.texts.get(label) or photo.texts.get("cls", "") for _, photo in photos}
    left_out += [
        LeftOut(photo.name, "no label", f"nothing says its {label}") for _, photo in photos if not said[photo.name]
    ]
    photos = [(part, photo) for part, photo in photos if said[photo.name]]
    if not photos:
        message = f"{root}: no photo in the shards has a label: a .cls, or {label} in a .json, beside it"
        raise DataSetError(message)
    further = sorted(
        {name for _, photo in photos for name in photo.texts} - {label, SPLIT, IMAGE, "cls", "txt", "label"}
    )
    return Listing(
        root.resolve().name,
        root,
        [photo.name for _, photo in photos],
        [said[photo.name] for _, photo in photos],
        [part or _split(photo) for part, photo in photos],
        {name: [photo.texts.get(name, "") for _, photo in photos] for name in further},
        left_out,
        {photo.name: photo.place for _, photo in photos},
    )


def _split(photo: ShardPhoto) -> str:
    value = photo.texts.get(SPLIT, "").strip().lower()
    if value and value not in PARTS_BY_NAME:
        message = f"{photo.name}: split {value!r} is no part; expected train, val, validation, test or nothing"
        raise DataSetError(message)
    return PARTS_BY_NAME.get(value, "")


if TYPE_CHECKING:
    import pandas as pd

IMAGE, SPLIT = "image", "split"


def list_manifest(path: Path, *, label: str, image: str = IMAGE) -> Listing:
    """Read a manifest as a listing; photos are not opened.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, commas, a header): `image` (a path from the manifest's folder), `label`, if it likes ``split``
        (train, val, validation, test or empty), and further columns, which are kept, as is a label of another name.
    label : str
        The column to predict. A row where it is empty is left out, visibly.
    image : str
        The column of the photos' paths.

    Raises
    ------
    DataSetError
        If the file cannot be read as CSV, or holds no row.
        If a column is missing, a split is no part, or an image is empty, listed twice, or no file.
    """
    try:
        table = read_text_csv(path)
    except ScoreTableError as problem:
        raise DataSetError(str(problem)) from problem
    if absent := [name for name in (image, label) if name not in table]:
        message = f"{path}: lacks the column {' and '.join(absent)}; it has {', '.join(table.columns)}"
        raise DataSetError(message)
    if twice := sorted(set(table.columns[table.columns.duplicated()])):
        message = f"{path}: has the column {' and '.join(map(quoted, twice))} twice; rename one, or take it out"
        raise DataSetError(message)
    if table.empty:
        message = f"{path}: holds no photos, only the names of the columns"
        raise DataSetError(message)
    _refuse_images(path, table[image])
    unlabelled = table[label].str.strip() == ""
    left_out = [LeftOut(file, "no label", f"its {label} is empty") for file in table.loc[unlabelled, image]]
    table = table[~unlabelled]
    # What is predicted may be a group, too. Who is on a photo is none, once people are what is told apart.
    alone = {image, SPLIT} | ({label} & {SUBJECT, "label"})
    return Listing(
        path.stem,
        path.parent,
        table[image].tolist(),
        table[label].str.strip().tolist(),
        _parts(path, table),
        {name: table[name].tolist() for name in table.columns if name not in alone},
        left_out,
    )


def _refuse_images(path: Path, listed: pd.Series) -> None:
    if (empty := listed.str.strip() == "").any():
        message = f"{path}: row {int(empty.to_numpy().argmax()) + 2}: the image is empty"
        raise DataSetError(message)
    if (twice := listed.duplicated()).any():
        message = f"{path}: {int(twice.sum())} images are listed twice, the first is {listed[twice].iloc[0]}"
        raise DataSetError(message)
    refuse_missing(path.parent, listed, listed_in=path)


def _parts(path: Path, table: pd.DataFrame) -> list[str]:
    if SPLIT not in table:
        return [""] * len(table)
    values = table[SPLIT].str.strip().str.lower()
    if odd := sorted(set(values) - {*PARTS_BY_NAME, ""}):
        message = f"{path}: split {odd[0]!r} is no part; expected train, val, validation, test or nothing"
        raise DataSetError(message)
    return [PARTS_BY_NAME.get(value, "") for value in values]

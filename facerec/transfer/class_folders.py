"""Labelled photos in folders: one folder per class, or such folders in train/, val/ and test/."""

from __future__ import annotations

import os
from pathlib import Path

from facerec.errors import DataSetError
from facerec.photos.formats import SUFFIXES
from facerec.transfer.image_set import Skipped
from facerec.transfer.listing import PARTS_BY_NAME, Listing

# Drawings, animations and placeholders for photos that are gone ("image not found"); in no set of photos on purpose.
# torchvision's ImageFolder leaves them out too, so that counts agree. A manifest may name them.
_NO_PHOTOS = frozenset({".gif"})


def list_folders(root: Path) -> Listing:
    """Class folders, or parts with class folders, as a listing.

    Raises
    ------
    DataSetError
        As in ``read_image_set``.
    """
    folders = _folders(root)
    parts = {folder: PARTS_BY_NAME[folder.name.lower()] for folder in folders if folder.name.lower() in PARTS_BY_NAME}
    if parts and len(parts) == len(folders):
        listings = [(part, folder, _folders(folder)) for folder, part in parts.items()]
    elif parts and set(parts.values()) & {"train"}:
        other = next(folder.name for folder in folders if folder not in parts)
        message = (
            f"{root}: holds the parts {', '.join(sorted(each.name for each in parts))} and beside them {other}/; "
            "give a folder of parts or a folder of classes, not both"
        )
        raise DataSetError(message)
    else:
        listings = [("", root, folders)]
    files, labels, of_parts, skipped = [], [], [], []
    for part, place, class_folders in listings:
        if not class_folders:
            message = f"{place}: holds no folders; one folder of photos per class is expected"
            raise DataSetError(message)
        skipped += [Skipped(_below(root, file), "lies outside any class folder") for file in _files(place, deep=False)]
        for folder in class_folders:
            inside = list(_files(folder, deep=True))
            photos = [file for file in inside if file.suffix.lower() in SUFFIXES - _NO_PHOTOS]
            if not photos:
                message = (
                    f"{folder}: the class folder is empty: it holds no photo (names that end in "
                    f"{', '.join(sorted(SUFFIXES - _NO_PHOTOS))}); add photos or remove the folder"
                )
                raise DataSetError(message)
            skipped += [Skipped(_below(root, file), _why(file)) for file in inside if file not in photos]
            files += [_below(root, photo) for photo in photos]
            labels += [folder.name] * len(photos)
            of_parts += [part] * len(photos)
    return Listing(root.resolve().name, root, files, labels, of_parts, skipped=skipped)


def _why(file: Path) -> str:
    if file.suffix.lower() in _NO_PHOTOS:
        return "is a GIF, a drawing or an animation and seldom a photo; name it in a manifest if it is one"
    return "is no photo by its name"


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        message = f"{root}: cannot be listed: {error.strerror}"
        raise DataSetError(message) from error


def _files(folder: Path, *, deep: bool) -> list[Path]:
    def refuse(problem: OSError) -> None:
        message = f"{problem.filename}: cannot be listed: {problem.strerror}"
        raise DataSetError(message) from problem

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _below(root: Path, file: Path) -> str:
    name = file.relative_to(root).as_posix()
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        message = f"{root}: the name {name!r} is not UTF-8; rename the file"
        raise DataSetError(message)
    return name

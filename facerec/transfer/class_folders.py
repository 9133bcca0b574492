"""Labelled photos in folders: one folder per class, or such folders in train/, val/ and test/."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facerec.errors import DataSetError
from facerec.photos.folders import photos_by_folder, top_folders
from facerec.photos.left_out import LeftOut
from facerec.transfer.listing import PARTS_BY_NAME, Listing

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
            left_out += [LeftOut(file, "animation", _AN_ANIMATION) for file in inside if file not in set(photos)]
            files += photos
            labels += [name] * len(photos)
            of_parts += [part] * len(photos)
    return Listing(root.resolve().name, root, files, labels, of_parts, left_out=left_out)

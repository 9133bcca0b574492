"""Photos in folders: which files they are, and who is on them where each person has a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.errors import ArgumentError, DataSetError
from facerec.files import absent, is_folder, is_there
from facerec.photos.formats import SUFFIXES
from facerec.visible_text import quoted, shortened

if TYPE_CHECKING:
    import pandas as pd


def photos(paths: Iterable[str | Path]) -> list[Path]:
    """Expand files and folders to a list of photos in the order given; one that is reached twice counts once.

    A file is taken as it is, whatever its name ends in. A folder stands for the photos in it and in its folders, sorted
    by path; hidden files and folders (a dot in front) are skipped, links to folders are not followed.

    `ArgumentError` if `paths` is a single path: put it in a list. `DataSetError` if a path does not exist; if a folder
    holds no photo or cannot be listed.
    """
    if isinstance(paths, str | Path):
        message = f"photos takes a list of paths; got the single path {quoted(str(paths))}"
        raise ArgumentError(message)
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if is_folder(path):
            inside = sorted(_walk(path))
            if not inside:
                raise _refused(path, f"the folder holds no photos; their names end in {', '.join(sorted(SUFFIXES))}")
            found |= dict.fromkeys(inside)
        elif is_there(path):
            found[path] = None
        else:
            raise _refused(path, absent(path, "file or folder"))
    return list(found)


def identity_folders(folder: str | Path) -> pd.DataFrame:
    """Read a folder that holds one folder of photos per person.

    Gives a table of `person` (the folder's name) and `image` (the path below `folder`, with ``/``), sorted. Deeper
    folders belong to the person at the top, hidden ones are skipped. `DataSetError` if `folder` is no folder, cannot be
    listed, or holds no folder of a person; if a file's name is not UTF-8; if a photo lies beside the people's folders,
    or a person's folder holds no photo.
    """
    root = Path(folder)
    if not is_folder(root):
        raise _refused(root, "there is no such folder")
    rows = sorted(photo.relative_to(root) for photo in _walk(root))  # paths sort part by part: a person stays together
    if odd := [row for row in rows if not _is_text(row.as_posix())]:
        first = quoted(odd[0].as_posix())
        raise _refused(root, f"{len(odd)} names are not UTF-8, the first is {first}; rename the files")
    if stray := [row.name for row in rows if len(row.parts) == 1]:
        first = shortened(stray[0])
        raise _refused(root, f"{len(stray)} photos lie outside any person's folder, the first is {first}")
    people = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not people:
        raise _refused(root, "holds no folders; one folder per person is expected")
    if empty := sorted(set(people) - {row.parts[0] for row in rows}):
        raise _refused(root, f"{len(empty)} people have no photos, the first is {shortened(empty[0])}")
    import pandas as pd  # whoever only walks a folder needs no tables

    return pd.DataFrame({"person": [row.parts[0] for row in rows], "image": [row.as_posix() for row in rows]})


def refuse_missing(root: Path, images: Iterable[str]) -> None:
    """Raise `DataSetError` with the first few and the number of `images` that are no files below `root`."""
    missing = [image for image in images if not (root / image).is_file()]
    if missing:
        more = f" … {len(missing)} in all" if len(missing) > 3 else ""
        raise _refused(root, f"photos are missing: {', '.join(map(shortened, missing[:3]))}{more}")


def _refused(place: Path | str, problem: str) -> DataSetError:
    return DataSetError(f"{shortened(place)}: {problem}")


def _is_text(name: str) -> bool:
    """False for a name in another encoding, which Python reads with lone surrogates and no table can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(problem: OSError) -> None:
        raise _refused(problem.filename, f"cannot be listed: {problem.strerror}") from problem

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(place) / name

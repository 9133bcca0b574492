"""Photos in folders: the one walk through them, which takes what the reader reads and tells what it leaves out.

Folders are as telephones, cameras and network drives leave them. One bad entry (a broken link, a folder that may not be
listed, a name in another encoding) costs itself only, and everything that is there is either a photo or left out, once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from facerec.errors import ArgumentError, DataSetError
from facerec.files import absent, as_given, is_file, is_folder, is_there
from facerec.photos import formats
from facerec.photos.left_out import LeftOut, Why, summary
from facerec.types.plain import Value
from facerec.visible_text import quoted, shortened

SYSTEM_FOLDERS = frozenset(
    {
        "@eadir",  # Synology's thumbnails
        "@recycle",  # QNAP
        "@recently-snapshot",
        "#recycle",  # Synology, Samba
        "#snapshot",
        "lost+found",
        "__macosx",  # in archives that macOS packed
        "$recycle.bin",
        "recycler",
        "system volume information",
    }
)
"""Names, in lower case, of folders that a system makes among a user's own; hidden ones, such as .Trash-1000, apart."""


@dataclass(frozen=True)
class FoundPhotos(Value):
    """The photos of files and folders, and what was left out of the folders."""

    photos: tuple[Path, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class TopFolders(Value):
    """The names of the folders in a folder, sorted, and what else lies beside them; paths are below the top."""

    names: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class PhotoFolders(Value):
    """The photos of the folder `root`, which holds one folder per person, or per class.

    `folders` are the names of those folders, sorted, and the photos in each as paths below the top with ``/``, sorted;
    a folder without photos is in it, too. `left_out` has paths below the top.
    """

    root: Path
    folders: Mapping[str, tuple[str, ...]]
    left_out: tuple[LeftOut, ...]


class Exclusion:
    """What the user wants left out.

    Each pattern is a glob, in which ``*`` stands for any letters and capitals make no difference: one without a ``/``
    for the name of a file or folder, such as ``thumbs`` or ``*.gif``; one with a ``/`` for the path below the folder
    that was given, such as ``2019/*``. A folder that is met is left out with all that is in it.

    `ArgumentError` if a pattern is empty.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = []
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            glob = pattern.removeprefix("./").rstrip("/").casefold()
            if not glob.strip("/"):
                message = f"a pattern to exclude is a name or a path, such as thumbs or 2019/*; got {quoted(pattern)}"
                raise ArgumentError(message)
            self._patterns.append((glob.removeprefix("/"), "/" in glob, pattern))

    def met(self, path: str) -> str | None:
        """The pattern that a path (below the folder that was given, with ``/``) meets, or ``None``."""
        path = path.casefold()
        name = path.rpartition("/")[2]
        return next((said for glob, whole, said in self._patterns if fnmatchcase(path if whole else name, glob)), None)


def find_photos(paths: Iterable[str | Path], *, exclude: Sequence[str] = ()) -> FoundPhotos:
    """Expand files and folders to photos, in the order given; one that is reached twice counts once.

    A file is taken as it is, whatever its name ends in. A folder stands for the photos in it and in its folders, sorted
    by path: the regular files, or links to such, whose names end as those of a format that is read. Hidden files and
    folders (a dot in front), `SYSTEM_FOLDERS`, links to folders and everything else is left out, with its reason; and
    so is what meets a pattern of `exclude` (see `Exclusion`), a named file too.

    `ArgumentError` if `paths` is a single path (put it in a list), or a pattern is empty. `DataSetError` if a path does
    not exist, or paths were given and no photo is left.
    """
    if isinstance(paths, str | Path):
        message = f"find_photos takes a list of paths; got the single path {quoted(str(paths))}"
        raise ArgumentError(message)
    exclusion = Exclusion(exclude)
    found: dict[Path, None] = {}
    left_out: dict[str, LeftOut] = {}
    given = [Path(path) for path in paths]
    for path in given:
        others: list[LeftOut] = []
        if not is_there(path):
            raise _refused(as_given(path), absent(path, "file or folder"))
        if (pattern := exclusion.met(path.as_posix())) is not None:
            others = [_excluded("/" if is_folder(path) else "", path, pattern)]
        elif is_folder(path):
            photos, others = _walk(path, "", exclusion)
            found |= dict.fromkeys(path / photo for photo in photos)
            if not photos and not any(each.path == "/" for each in others):
                others.append(LeftOut("/", "folder without a photo", _no_photos(others), files=0))
        else:
            found[path] = None
        for each in others:
            end = "/" if each.path.endswith("/") else ""
            told = replace(each, path=f"{path / each.path.strip('/')}{end}")
            left_out.setdefault(told.path, told)
    if given and not found:
        tops = {str(path) for path in given}
        of_tops = [each for each in left_out.values() if each.path.rstrip("/") in tops]
        raise DataSetError("; ".join(f"{shortened(each.path.rstrip('/'))}: {each.reason}" for each in of_tops))
    taken = set(map(str, found))  # of a file that is left out of its folder, and was named besides
    return FoundPhotos(tuple(found), tuple(each for name, each in left_out.items() if name not in taken))


def top_folders(
    folder: str | Path, *, exclude: Sequence[str] = (), one_per: str = "person", below: str = ""
) -> TopFolders:
    """The folders in a folder that are somebody's, or whatever `one_per` says, by the rules of `find_photos`.

    Here links to folders are followed, but for those that lead to what lies in the folder anyway, or back to it. Photos
    that lie beside the folders are left out, and so are names that are not UTF-8, which no table can hold. `below` is
    what stands before every path, where `folder` is part of a larger one.

    `DataSetError` if there is no such folder, or it cannot be listed.
    """
    root = Path(folder)
    if not is_folder(root):
        raise _refused(root, "there is no such folder")
    photos, folders, left_out = _look(root, below, Exclusion(exclude), links=True)
    if unlisted := [each for each in left_out if each.why == "cannot be listed"]:
        raise _refused(root, unlisted[0].reason)
    left_out += [LeftOut(photo, "outside any folder", f"lies outside any {one_per}'s folder") for photo in photos]
    names = []
    for path in folders:
        if (again := _seen_anyway(root / path.removeprefix(below), root)) is not None:
            left_out.append(LeftOut(path, "link to a folder", again))
        elif _is_text(path):
            names.append(path.removeprefix(below))
        else:
            left_out.append(LeftOut(f"{path}/", _NOT_UTF8, f"its {_NOT_UTF8}; rename it", _files_in(root / path)))
    return TopFolders(tuple(sorted(names)), tuple(_sorted(left_out)))


def photos_by_folder(
    folder: str | Path, *, exclude: Sequence[str] = (), one_per: str = "person", below: str = ""
) -> PhotoFolders:
    """Read a folder that holds one folder of photos per person, or per whatever `one_per` says.

    As `top_folders`, and each of them as `find_photos` walks it; deeper folders belong to the one at the top. A folder
    that holds no photo is told, and has none in the answer.

    `DataSetError` as for `top_folders`, and if there is no folder of a person.
    """
    top = top_folders(folder, exclude=exclude, one_per=one_per, below=below)
    if not top.names:
        seen = f"; left out: {summary(top.left_out)}" if top.left_out else ""
        raise _refused(folder, f"holds no folders; one folder per {one_per} is expected{seen}")
    exclusion = Exclusion(exclude)
    left_out = list(top.left_out)
    folders = {}
    for name in top.names:
        photos, others = _walk(Path(folder) / name, f"{below}{name}/", exclusion)
        folders[name] = tuple(photo for photo in photos if _is_text(photo))
        left_out += others
        left_out += [
            LeftOut(photo, _NOT_UTF8, f"its {_NOT_UTF8}; rename it") for photo in photos if not _is_text(photo)
        ]
        if not photos and not any(each.path == f"{below}{name}/" for each in others):
            empty = all(each.why == "hidden" for each in others)
            why: Why = "empty folder" if empty else "folder without a photo"
            left_out.append(LeftOut(f"{below}{name}/", why, "it is empty" if empty else _no_photos(others), files=0))
    return PhotoFolders(Path(folder), folders, tuple(_sorted(left_out)))


def refuse_missing(root: Path, images: Iterable[str], *, listed_in: Path) -> None:
    """Raise `DataSetError` with the first few and the number of `images` that are no files below `root`.

    `listed_in` is the file that lists them.
    """
    missing = [image for image in images if not is_file(root / image)]
    if missing:
        more = f" … {len(missing)} in all" if len(missing) > 3 else ""
        named = ", ".join(map(shortened, missing[:3]))
        where = "" if root == listed_in.parent else f" in {shortened(str(root))}"
        raise _refused(listed_in, f"photos are missing{where}: {named}{more}")


def _seen_anyway(place: Path, root: Path) -> str | None:
    """Why a folder in `root` that is a link is not followed; ``None`` if it is none, or leads elsewhere."""
    if not place.is_symlink():
        return None
    target, top = place.resolve(), root.resolve()
    if top.is_relative_to(target):
        return "links back to the folder that it is in"
    return "links to a folder that is here anyway" if target.is_relative_to(top) else None


def _refused(place: Path | str, problem: str) -> DataSetError:
    return DataSetError(f"{shortened(place)}: {problem}")


_NOT_UTF8: Why = "name is not UTF-8"


def _is_text(name: str) -> bool:
    """False for a name in another encoding, which Python reads with lone surrogates and no table can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _no_photos(left_out: Sequence[LeftOut]) -> str:
    seen = f"; left out: {summary(left_out)}" if left_out else ""
    missing = dict.fromkeys(each.reason for each in left_out if each.why == "format not installed")
    return "".join(
        [
            f"the folder holds no photos; their names end in {', '.join(sorted(formats.suffixes()))}{seen}",
            *(f"; {reason}" for reason in missing),
        ]
    )


def _sorted(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    return sorted(left_out, key=lambda each: each.path.split("/"))


def _walk(folder: Path, below: str, exclusion: Exclusion) -> tuple[list[str], list[LeftOut]]:
    """The photos in a folder and its folders, as paths that begin with `below`, and what is left out; both sorted."""
    photos: list[str] = []
    left_out: list[LeftOut] = []
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        found, folders, others = _look(folder / inside, below + inside, exclusion)
        photos += found
        left_out += others
        waiting += [f"{path.removeprefix(below)}/" for path in folders]
    return sorted(photos, key=lambda path: path.split("/")), _sorted(left_out)


def _look(
    place: Path, below: str, exclusion: Exclusion, *, links: bool = False
) -> tuple[list[str], list[str], list[LeftOut]]:
    """The photos, the folders (and `links` to such) and what is left out of one folder, as paths below the top."""
    photos: list[str] = []
    folders: list[str] = []
    left_out: list[LeftOut] = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                path, link = below + entry.name, entry.is_symlink()
                # What a link leads to may be out of reach, and a DirEntry raises then; of all else it knows the kind.
                folder = is_folder(entry.path) if link else entry.is_dir()
                told = _unwanted(entry, path, exclusion, folder=folder)
                if told is None and not folder:
                    told = _no_photo(entry, path)
                elif told is None and link and not links:
                    told = LeftOut(path, "link to a folder", "links to folders are not followed")
                if told is not None:
                    left_out.append(told)
                else:
                    (folders if folder else photos).append(path)
    except OSError as problem:
        why: Why = "cannot be listed"
        left_out.append(LeftOut(f"{below.rstrip('/')}/", why, f"{why}: {problem.strerror or problem}", files=0))
    return photos, folders, left_out


def _unwanted(entry: os.DirEntry[str], path: str, exclusion: Exclusion, *, folder: bool) -> LeftOut | None:
    """Why an entry is left out whatever it holds, or ``None``."""
    shown = f"{path}/" if folder and not entry.is_symlink() else path
    if entry.name.startswith("."):
        return LeftOut(shown, "hidden", "it is hidden (a dot in front)", _files_in(entry.path))
    if folder and entry.name.casefold() in SYSTEM_FOLDERS:
        return LeftOut(shown, "system folder", "a system keeps it for itself", _files_in(entry.path))
    if (pattern := exclusion.met(path)) is not None:
        return _excluded(shown, entry.path, pattern)
    return None


def _no_photo(entry: os.DirEntry[str], path: str) -> LeftOut | None:
    """Why an entry that is no folder is no photo; ``None`` if it is one by its name."""
    if entry.is_symlink() and not is_there(entry.path):
        return LeftOut(path, "broken link", "it is a link to nothing")
    # The kind of a link's target needs a look, and a DirEntry raises where that is out of reach.
    if not (is_file(entry.path) if entry.is_symlink() else entry.is_file()):
        return LeftOut(path, "no regular file", "it is no regular file")
    suffix = Path(entry.name).suffix.lower()
    if suffix in formats.suffixes():
        return None
    if (advice := formats.advice(suffix)) is not None:
        return LeftOut(path, "format not installed", advice)
    return LeftOut(path, "no photo by its name", "is no photo by its name")


def _excluded(path: str, place: str | Path, pattern: str) -> LeftOut:
    return LeftOut(path, "excluded", f"excluded by {quoted(pattern)}", _files_in(place))


def _files_in(path: str | Path) -> int:
    """How many files that is: 1, or as many as are in a folder and its folders as far as they can be listed."""
    if not is_folder(path) or os.path.islink(path):  # noqa: PTH114
        return 1
    return sum(
        len(files) + sum(os.path.islink(os.path.join(place, name)) for name in folders)  # noqa: PTH114, PTH118
        for place, folders, files in os.walk(path)
    )

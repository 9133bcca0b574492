"""Photos of known people, aligned once by the pipeline's own detector and crop recipe: what a training learns from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.align.upright import upright_chips
from facerec.errors import ArgumentError, DataSetError, FaceError, ImageError
from facerec.files import sha256_of
from facerec.measure.datasets import photos_csv
from facerec.photos import reader
from facerec.photos.folders import photos_by_folder
from facerec.photos.left_out import LeftOut, Why, summary
from facerec.training.chips import Aligned, StoredChips, stored
from facerec.types import DEFAULT_CHOICE, Crop, Detector, FaceChoice

NAMELESS = "photo "
"""What the identity of a photo of nobody knows whom begins with; the photo's digest follows."""


@dataclass(frozen=True, eq=False)
class People:
    """Aligned faces of known people.

    Attributes
    ----------
    name : str
        Of the data: the last part of its path.
    files : tuple of str
        Photos that gave a chip, as paths below the data's folder.
    labels : ndarray, int64, shape (n,)
        Who is on each, as a number of `identities`.
    identities : tuple of str
        Sorted; each has one chip at least.
    columns : mapping of str to tuple of str
        Further columns of a manifest, such as ``gender``, one text per chip, empty where it is not given.
    chips : StoredChips
        In the order of `files`.
    left_out : tuple of LeftOut
        Photos and other files that gave none, with paths below the data's folder. Why, besides the reasons for which
        ``photos.folders`` leaves a file out: ``unreadable``; ``no usable face``; ``twice``, the same bytes as another
        photo of that person, which is used; ``two people``, the same bytes are filed under several people, and none of
        the copies is used, because nobody can know whose it is.
    photos : int
        In the data, those that gave no chip included.
    detector, crop : str
        What found and cut the faces.
    digest : str
        SHA-256 over photos, people, detector and crop.
    """

    name: str
    files: tuple[str, ...]
    labels: NDArray[np.int64]
    identities: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    chips: StoredChips
    left_out: tuple[LeftOut, ...]
    photos: int
    detector: str
    crop: str
    digest: str

    @property
    def told(self) -> str:
        """What was left out and why the first was, as the end of a message; empty where nothing was."""
        return f"; left out: {summary(self.left_out)}, the first is {self.left_out[0]}" if self.left_out else ""

    @property
    def with_one_photo(self) -> int:
        """How many people have a single chip; they are in no pair of their own."""
        return int((np.bincount(self.labels, minlength=len(self.identities)) == 1).sum())

    def without(self, column: str) -> int:
        """For how many photos a column says nothing.

        Raises
        ------
        DataSetError
            If there is no such column; the message lists those there are.
        """
        if column not in self.columns:
            held = ", ".join(self.columns) or "none; a CSV manifest may have further ones"
            message = f"{self.name} has no column {column!r}; it has {held}"
            raise DataSetError(message)
        return sum(not value.strip() for value in self.columns[column])


def read_people(
    data: str | Path,
    *,
    detector: Detector,
    crop: Crop,
    cache: Path,
    root: Path | None = None,
    exclude: Sequence[str] = (),
    choice: FaceChoice = DEFAULT_CHOICE,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> People:
    """Read photos of people and align their faces, or find them aligned.

    Parameters
    ----------
    data : path
        A folder with one folder of photos per person; or a CSV with the columns image and subject, and any others.
    detector : Detector
        The one that the model will be used with.
    crop : Crop
        The recipe of the model's chips.
    cache : Path
        A folder for the aligned faces.
    root : path, optional
        Where the paths of a CSV start from; by default where it lies.
    exclude : sequence of str
        Patterns of names or paths in a folder that are left out, as for ``facerec.photos.folders.find_photos``.
    choice : {"main", "only", "largest", "central"}
        Which face of a photo is the person's.
    workers : int
        Threads that read photos and find faces, >= 1.
    progress : callable, optional
        Called with the photos done and the photos in all.

    Returns
    -------
    People
        Photos that cannot be read, show no such face, or are filed twice are in `People.left_out`.

    Raises
    ------
    DataSetError
        If `data` is neither such a folder nor such a CSV, or a photo is missing.
        If fewer than two people have a face that can be learned from.
    ArgumentError
        If there is something to `exclude`, and `data` is no folder.
    OutputError
        If the cache cannot be written.
    """
    path = Path(data)
    refuse_exclusion(path, exclude)
    table, folder, left_out = _table(path, root, exclude)
    people = align_people(
        table, folder, name=path.name or path.resolve().name, detector=detector, crop=crop, cache=cache, choice=choice,
        workers=workers, progress=progress, left_out=left_out,
    )  # fmt: skip
    if len(people.identities) < 2:
        message = (
            f"{path.name}: {len(people.identities)} of {table['subject'].nunique()} people have a face to learn from, "
            f"of {people.photos} photos; at least two people are needed{people.told}"
        )
        raise DataSetError(message)
    return people


def align_people(
    table: pd.DataFrame,
    folder: Path,
    *,
    name: str,
    detector: Detector,
    crop: Crop,
    cache: Path,
    choice: FaceChoice,
    workers: int,
    progress: Callable[[int, int], None] | None,
    left_out: Sequence[LeftOut] = (),
) -> People:
    """Align the faces of the photos in a table, or find them aligned.

    Parameters
    ----------
    table : DataFrame
        Columns `image`, a path below `folder`, and `subject`; any others are kept. Somebody without a name (an empty
        `subject`) is taken for a person of that one photo.
    folder : Path
    name : str
        Of the data.
    detector, crop, cache, choice, workers, progress
        As for `read_people`.
    left_out : sequence of LeftOut
        What was not even put in the table.

    Returns
    -------
    People
        Maybe of nobody.

    Raises
    ------
    DataSetError
        If a photo cannot be opened.
    OutputError
        If the cache cannot be written.
    """
    files = [str(file) for file in table["image"]]
    digests = [sha256_of(folder / file, error=DataSetError) for file in files]
    named = zip(table["subject"], digests, strict=True)
    subjects = [str(subject) or f"{NAMELESS}{digest}" for subject, digest in named]
    skipped = _repeated(files, subjects, digests)
    kept = [place for place in range(len(files)) if files[place] not in skipped]

    def align(number: int) -> Aligned:
        return _align(folder / files[kept[number]], files[kept[number]], detector, crop, choice)

    recipe = f"{detector.name} | {choice} | {crop.name}"
    chips, failed = stored(
        cache, [digests[place] for place in kept], align, recipe=recipe, size=crop.size, workers=workers,
        progress=progress,
    )  # fmt: skip
    for number, reason in failed.items():
        file = files[kept[number]]
        why: Why = "unreadable" if reason.startswith(_UNREADABLE) else "no usable face"
        skipped[file] = LeftOut(file, why, reason.removeprefix(_UNREADABLE))
    used = [place for number, place in enumerate(kept) if number not in failed]
    identities = tuple(sorted({subjects[place] for place in used}))
    names = {identity: number for number, identity in enumerate(identities)}
    content = "".join(f"{digests[place]} {subjects[place]}\n" for place in used) + recipe
    others = [str(column) for column in table.columns if column not in ("image", "subject")]
    return People(
        name=name,
        files=tuple(files[place] for place in used),
        labels=np.array([names[subjects[place]] for place in used], np.int64),
        identities=identities,
        columns={column: tuple(str(table[column].iloc[place]) for place in used) for column in others},
        chips=chips,
        left_out=(*left_out, *(skipped[file] for file in files if file in skipped)),
        photos=len(files),
        detector=detector.name,
        crop=crop.name,
        digest=hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest(),
    )


_UNREADABLE = "unreadable: "


def refuse_exclusion(data: Path, exclude: Sequence[str]) -> None:
    """Raise `ArgumentError` if there is something to exclude from what is no folder."""
    if exclude and not data.is_dir():
        message = f"{data}: what to exclude is looked for in folders, and this is none"
        raise ArgumentError(message)


def _table(path: Path, root: Path | None, exclude: Sequence[str]) -> tuple[pd.DataFrame, Path, tuple[LeftOut, ...]]:
    if path.is_dir():
        found = photos_by_folder(path, exclude=exclude)
        rows = [(photo, name) for name, photos in found.folders.items() for photo in photos]
        return pd.DataFrame(rows, columns=["image", "subject"]), path, found.left_out
    if path.suffix.lower() != ".csv":
        message = (
            f"{path}: expected a folder with one folder of photos per person, or a CSV file with the columns image and "
            "subject; there is neither"
        )
        raise DataSetError(message)
    return photos_csv(path, root=root), path.parent if root is None else root, ()


def _repeated(files: Sequence[str], subjects: Sequence[str], digests: Sequence[str]) -> dict[str, LeftOut]:
    """Photos whose bytes occur before, and those that are filed under several people."""
    copies = Counter(digests)
    owners: dict[str, dict[str, str]] = {}
    skipped: dict[str, LeftOut] = {}
    for file, subject, digest in zip(files, subjects, digests, strict=True):
        if copies[digest] > 1:
            first = owners.setdefault(digest, {}).setdefault(subject, file)
            if first != file:
                skipped[file] = LeftOut(file, "twice", f"the same file as {first}")
    for people in owners.values():
        if len(people) > 1:
            for file in people.values():
                skipped[file] = LeftOut(file, "two people", f"filed under {' and '.join(sorted(people))}")
    return skipped


def _align(path: Path, name: str, detector: Detector, crop: Crop, choice: FaceChoice) -> Aligned:
    try:
        image, notes = reader.read_photo(path, name=name)
    except ImageError as error:
        return f"{_UNREADABLE}{error}"
    detections = detector(image)
    try:
        chosen = detections.choose(choice, source=name, notes=notes)
        return upright_chips(crop, image, detections[[chosen]])[0]
    except FaceError as error:
        return str(error)

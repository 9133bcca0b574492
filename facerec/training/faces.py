"""Photos of faces that nobody needs to have named: what a student learns a teacher's vectors from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DataSetError
from facerec.measure.datasets import photos_csv
from facerec.photos.folders import find_photos
from facerec.photos.left_out import LeftOut
from facerec.training.people import NAMELESS, People, align_people, refuse_exclusion
from facerec.training.splits import PeopleSplit
from facerec.types import DEFAULT_CHOICE, Crop, Detector, FaceChoice

LEAST = 8
"""Faces that are needed at least, to learn from and to hold out."""


def read_faces(
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
    """Read photos of faces and align them, or find them aligned.

    Parameters
    ----------
    data : path
        A folder, of whose folders nothing is concluded; or a CSV with the column image, and any others. Where it has
        the column subject, who is named there is known.
    detector, crop, cache, root, exclude, choice, workers, progress
        As for ``facerec.training.people.read_people``; the crop recipe is the teacher's.

    Returns
    -------
    People
        A photo of nobody knows whom counts as a person of its own, whose name begins with ``NAMELESS``.

    Raises
    ------
    DataSetError
        If `data` is neither such a folder nor such a CSV, or a photo is missing.
        If fewer than `LEAST` photos show such a face.
    ArgumentError
        If there is something to `exclude`, and `data` is no folder.
    OutputError
        If the cache cannot be written.
    """
    path = Path(data)
    refuse_exclusion(path, exclude)
    left_out: list[LeftOut] = []
    if path.is_dir():
        found = find_photos([path], exclude=exclude)
        files = [photo.relative_to(path).as_posix() for photo in found.photos]
        left_out = [replace(each, path=each.path.removeprefix(f"{path}/")) for each in found.left_out]
        table, folder = pd.DataFrame({"image": files, "subject": ""}), path
    elif path.suffix.lower() == ".csv":
        table, folder = photos_csv(path, root=root, nameless=True), path.parent if root is None else root
    else:
        message = f"{path}: expected a folder of photos, or a CSV file with the column image; there is neither"
        raise DataSetError(message)
    faces = align_people(
        table, folder, name=path.name or path.resolve().name, detector=detector, crop=crop, cache=cache, choice=choice,
        workers=workers, progress=progress, left_out=left_out,
    )  # fmt: skip
    if len(faces.files) < LEAST:
        message = (
            f"{path.name}: {len(faces.files)} of {faces.photos} photos show a face to learn from; at least {LEAST} "
            f"are needed{faces.told}"
        )
        raise DataSetError(message)
    return faces


def named(faces: People) -> NDArray[np.bool_]:
    """For each photo whether it is known who is on it, bool (n,)."""
    nameless = np.array([identity.startswith(NAMELESS) for identity in faces.identities], bool)
    return ~nameless[faces.labels]


def hold_out(faces: People, *, seed: int, share: float) -> PeopleSplit:
    """Hold some faces out of a training; somebody who is named is on one side only.

    Parameters
    ----------
    faces : People
        From `read_faces`.
    seed : int
        Of the draw.
    share : float
        Of the people to hold out, 0 < share < 1; two at least, and two at least remain.

    Raises
    ------
    ArgumentError
        If `share` is out of range.
    DataSetError
        If all photos are of fewer than four people.
    """
    if not 0 < share < 1:
        message = f"the share of people for validation must lie between 0 and 1; got {share}"
        raise ArgumentError(message)
    everyone = len(faces.identities)
    if everyone < 4:
        message = f"{faces.name}: {everyone} people cannot be split into two to learn from and two to hold out"
        raise DataSetError(message)
    size = min(everyone - 2, max(2, round(share * everyone)))
    held = np.zeros(everyone, bool)
    held[np.random.default_rng([seed, 2]).permutation(everyone)[:size]] = True
    return PeopleSplit(
        train=np.flatnonzero(~held[faces.labels]),
        validation=np.flatnonzero(held[faces.labels]),
        train_people=everyone - size,
        validation_people=size,
    )

"""Photos of faces, aligned for a training or an export; detector and crop are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from facerec.align.crops import crop_recipe
from facerec.detect.load import DEFAULT, load_detector
from facerec.device import best_device, photo_workers, threads_per_network
from facerec.training.faces import read_faces
from facerec.training.people import People, read_people
from facerec.types import DEFAULT_CHOICE, FaceChoice


def aligned_people(
    data: Path,
    crop: str,
    *,
    cache: Path,
    named: bool = True,
    exclude: Sequence[str] = (),
    choice: FaceChoice = DEFAULT_CHOICE,
    detector: str = DEFAULT,
    min_face_size: int = 40,
    device: str | None = None,
    model_files: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> People:
    """Find the faces of photos and cut them out, or find them cut out before.

    Parameters
    ----------
    data, cache, exclude, choice, progress
        As for ``facerec.training.people.read_people``, or ``facerec.training.faces.read_faces``.
    crop : str
        Name of the recipe.
    named : bool
        Whether it is known who is on each photo.
    detector, min_face_size : str, int
        As for ``facerec.detect.load.load_detector``.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; a GPU where there is one.
    model_files : Path, optional
        Where the detector's files are looked for first.

    Raises
    ------
    ArgumentError
        If there is no such crop, detector or device.
    DataSetError, OutputError
        As ``read_people`` and ``read_faces``.
    WeightsError
        If a file of the detector or the crop cannot be used.
    """
    # One thread per photo is a third faster than threads within the detector's networks.
    with threads_per_network(1):
        return (read_people if named else read_faces)(
            data,
            detector=load_detector(
                detector, min_face_size=min_face_size, device=device or best_device(), model_files=model_files
            ),
            crop=crop_recipe(crop, model_files=model_files),
            cache=cache,
            exclude=exclude,
            choice=choice,
            workers=photo_workers(),
            progress=progress,
        )

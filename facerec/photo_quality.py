"""How good photos are, before anybody is enrolled from them: each measured, judged as enrollment would, and ranked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facerec.errors import FaceError, ImageError
from facerec.recognizer import Recognizer
from facerec.types import FaceChoice, Faces
from facerec.types.plain import Value


@dataclass(frozen=True)
class PhotoQuality(Value):
    """What a photo is worth for enrollment.

    `photo` is its path, `faces` how many were found. `enrolls` says whether the gate passes the face that was chosen;
    if not, `problems` say why, or why there is no such face, or why the photo cannot be read. `quality` and `measures`
    are the face's own, None and empty where there is no such face. `notes` say what there is to say of the photo
    itself, as ``facerec.photos.read_photo`` says it: nearly black, clipped. `readable` is False of a photo that could
    not be read at all.
    """

    photo: str
    faces: int
    enrolls: bool
    quality: float | None
    measures: Mapping[str, float]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    readable: bool = True


def photo_qualities(
    recognizer: Recognizer,
    photos: Sequence[Path],
    *,
    choice: FaceChoice = "main",
    progress: Callable[[int, int], None] | None = None,
) -> list[PhotoQuality]:
    """Rank photos: those that enroll first, and among equals by `quality`, or by the detector's score without one.

    `choice` says which face of a photo is meant, as for ``Recognizer.enroll``; after each photo `progress` hears how
    many are done, and of how many. A photo that cannot be used has its place at the end, with the reason.
    """
    found = []
    for done, (path, faces) in enumerate(zip(photos, recognizer.stream(photos), strict=True), 1):
        found.append(_judged(recognizer, path, faces, choice))
        if progress is not None:
            progress(done, len(photos))
    return sorted(found, key=_worst_last, reverse=True)


def _judged(recognizer: Recognizer, path: Path, faces: Faces | ImageError, choice: FaceChoice) -> PhotoQuality:
    try:
        if isinstance(faces, ImageError):
            raise faces
        face = faces.choose(choice)
    except (FaceError, ImageError) as error:
        readable = not isinstance(faces, ImageError)
        count, notes = (0, ()) if isinstance(faces, ImageError) else (len(faces), faces.reading)
        return PhotoQuality(
            *(str(path), count),
            enrolls=False,
            quality=None,
            measures={},
            problems=(str(error),),
            notes=notes,
            readable=readable,
        )
    problems = recognizer.gate.enrollment_problems(face)
    return PhotoQuality(str(path), len(faces), not problems, face.quality, face.measures, problems, faces.reading)


def _worst_last(photo: PhotoQuality) -> tuple[bool, bool, float]:
    by = photo.measures.get("detection", 0.0) if photo.quality is None else photo.quality
    return photo.enrolls, bool(photo.measures), by

"""Enrolling everybody of a folder of folders: one folder per person, what cannot be used skipped and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facerec.errors import ArgumentError, DoubtfulFaceError, FaceError, ImageError, UnusablePhotosError
from facerec.gallery import Enrollment, Gallery, PersonId, Who
from facerec.gallery.rules import person_name
from facerec.photos import reader
from facerec.photos.folders import PhotoFolders
from facerec.photos.left_out import LeftOut, Why
from facerec.recognizer import Recognizer
from facerec.types import DEFAULT_CHOICE, Face, FaceChoice
from facerec.types.plain import Value


@dataclass(frozen=True)
class FolderPerson(Value):
    """What became of one person of a folder: nobody was enrolled if all photos were `skipped`, or there was none.

    `notes` say what there is to say of the photos that were enrolled.
    """

    name: str
    enrollment: Enrollment | None
    skipped: tuple[LeftOut, ...]
    notes: tuple[str, ...] = ()


def enroll_folder(
    recognizer: Recognizer,
    gallery: Gallery,
    found: PhotoFolders,
    *,
    choice: FaceChoice = DEFAULT_CHOICE,
    progress: Callable[[int, int], None] | None = None,
    **terms: Any,  # noqa: ANN401 - as Gallery.enroll takes them
) -> Iterator[FolderPerson]:
    """Enroll everybody of ``folder/person/photo.jpg``; each is stored before the next one's photos are looked at.

    `found` is what ``photos.folders.photos_by_folder`` finds. `choice` and `terms` (consent, purpose, expires,
    keep_photos, at, strict) are as for ``Recognizer.enroll``; after each photo `progress` hears how many are done, and
    of how many. A folder whose name can be nobody's, and folders that stand for one name, are skipped whole.
    """
    bad = _bad_names(found)
    photos = [found.root / photo for name, inside in found.folders.items() if name not in bad for photo in inside]
    usable = zip(photos, recognizer.usable(photos, choice), strict=True)
    done = 0
    for name, inside in found.folders.items():
        if name in bad:
            yield FolderPerson(name, None, (bad[name],))
            continue
        faces: list[Face] = []
        contents: list[bytes] = []
        skipped: list[LeftOut] = []
        for _ in inside:
            photo, face = next(usable)
            if isinstance(face, Face):
                faces.append(face)
                contents.append(reader.contents(photo) or b"")
            else:
                why: Why = "no usable face" if isinstance(face, FaceError) else "unreadable"
                skipped.append(LeftOut(str(photo), why, str(face)))
            done += 1
            if progress is not None:
                progress(done, len(photos))
        enrollment = None
        if faces:
            try:
                enrollment = gallery.enroll(name, faces, gate=recognizer.gate, photos=contents, **terms)
            except DoubtfulFaceError as error:
                skipped.append(LeftOut(f"{found.root / name}/", "doubtful", str(error), len(faces)))
        yield FolderPerson(name, enrollment, tuple(skipped), tuple(note for face in faces for note in face.notes))


MOST_AT_ONCE = 20
"""Photos that a service takes at once, unless whoever runs it says otherwise."""


def enroll_folder_at(
    enroll: Callable[..., Enrollment],
    found: PhotoFolders,
    *,
    choice: FaceChoice = DEFAULT_CHOICE,
    progress: Callable[[int, int], None] | None = None,
    **terms: Any,  # noqa: ANN401 - as RemoteGallery.enroll takes them
) -> Iterator[FolderPerson]:
    """As `enroll_folder`, by what takes photos and a name, such as ``RemoteGallery.enroll``.

    Photos that it refuses are left out, and the others given again. Of somebody with more than `MOST_AT_ONCE` photos so
    many are enrolled at a time.
    """
    bad = _bad_names(found)
    total = sum(len(inside) for name, inside in found.folders.items() if name not in bad)
    done = 0
    for name, inside in found.folders.items():
        if name in bad:
            yield FolderPerson(name, None, (bad[name],))
            continue
        enrollment: Enrollment | None = None
        skipped: list[LeftOut] = []
        for start in range(0, len(inside), MOST_AT_ONCE):
            photos = [found.root / photo for photo in inside[start : start + MOST_AT_ONCE]]
            who = name if enrollment is None else PersonId(enrollment.person.id)
            one, left_out = _enroll_usable(enroll, photos, who, f"{found.root / name}/", choice=choice, **terms)
            skipped += left_out
            enrollment = one if enrollment is None or one is None else _together(enrollment, one)
            done += len(photos)
            if progress is not None:
                progress(done, total)
        yield FolderPerson(name, enrollment, tuple(skipped), () if enrollment is None else enrollment.notes)


def _enroll_usable(
    enroll: Callable[..., Enrollment],
    photos: list[Path],
    who: Who,
    folder: str,
    **terms: Any,  # noqa: ANN401
) -> tuple[Enrollment | None, list[LeftOut]]:
    """Enroll those of the photos that can be used; returns what the others lack, too."""
    skipped: list[LeftOut] = []
    while photos:
        try:
            return enroll(list(photos), who, **terms), skipped
        except DoubtfulFaceError as error:
            return None, [*skipped, LeftOut(folder, "doubtful", str(error), len(photos))]
        except (FaceError, ImageError) as error:
            cause = error.__cause__
            reasons = dict(cause.reasons) if isinstance(cause, UnusablePhotosError) else {0: error}
            if len(photos) > 1 and not isinstance(cause, UnusablePhotosError):
                raise
        for number, reason in reasons.items():
            why: Why = "no usable face" if isinstance(reason, FaceError) else "unreadable"
            skipped.append(LeftOut(str(photos[number]), why, str(reason)))
        photos = [photo for number, photo in enumerate(photos) if number not in reasons]
    return None, skipped


def _together(first: Enrollment, second: Enrollment) -> Enrollment:
    """What two enrollments of one person did."""
    doubts = None if first.doubts is None or second.doubts is None else (*first.doubts, *second.doubts)
    sums = {name: getattr(first, name) + getattr(second, name) for name in ("added", "already_present", "photos_kept")}
    replaced = (*first.replaced, *second.replaced)
    notes = (*first.notes, *second.notes)
    return replace(second, created=first.created, doubts=doubts, notes=notes, replaced=replaced, **sums)


def _bad_names(found: PhotoFolders) -> dict[str, LeftOut]:
    """The folders that can be nobody's, or two people's, each with why."""
    stands_for: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for name in found.folders:
        try:
            stands_for[name] = person_name(name)
        except ArgumentError as error:
            reasons[name] = str(error)
    several = Counter(stands_for.values())
    for name, person in stands_for.items():
        if several[person] > 1:
            others = ", ".join(ascii(other) for other, same in stands_for.items() if same == person)
            reasons[name] = f"the folders {others} stand for one name; merge or rename them"
    return {
        name: LeftOut(f"{found.root / name}/", "no name of a person", reason, len(found.folders[name]))
        for name, reason in reasons.items()
    }

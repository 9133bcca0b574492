"""What each kind of job does: the library's own operations, in the name of the key that asked, told without names."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from facerec.errors import (
    ArgumentError,
    ExpiredError,
    ExpiryPassedError,
    FaceError,
    FacerecError,
    GalleryBusyError,
    ImageError,
    LookAlikeError,
    MissingGalleryError,
    NameTakenError,
    OutputError,
    OverloadedError,
    UnauthenticatedError,
)
from facerec.files import read_json, read_regular
from facerec.gallery import Gallery, Sample
from facerec.gallery.rules import same_face
from facerec.recognizer import Recognizer
from facerec.service import keys, problems
from facerec.service.bodies import Upload
from facerec.service.engine import Engine, enrollable
from facerec.service.galleries import Galleries
from facerec.service.jobs.files import JobFiles, pack, unpack
from facerec.service.jobs.table import Job
from facerec.service.lookers import Result
from facerec.service.points import Points
from facerec.service.settings import Limits
from facerec.service.state import State
from facerec.types import Face, FaceChoice, Faces

Told: TypeAlias = dict[str, Any]
_HOUR = 3600.0
_AT_ONCE = 10_000  # entries of a log
_TRIES = 3
_MOST_PEOPLE = 1 << 28  # bytes
_OF_ONE_PERSON = (
    *(FaceError, ImageError, ArgumentError),
    *(NameTakenError, LookAlikeError, ExpiredError, ExpiryPassedError),
)


class StoppedError(Exception):
    """Somebody wants the job to end, or its process does; nothing was left half done. `so_far` is what came of it."""

    def __init__(self, so_far: Told | None = None) -> None:
        super().__init__()
        self.so_far = so_far


@dataclass(frozen=True)
class Means:
    """What the work is done with."""

    recognizer: Recognizer
    galleries: Galleries
    engine: Engine
    points: Points
    state: State
    files: JobFiles
    limits: Limits


class Progress:
    """How far the job is; `step` is where it may be stopped. The worker's other thread tells both sides."""

    def __init__(self) -> None:
        self.done = 0
        self.total: int | None = None
        self.wanted = False  # by whoever may cancel it
        self.stop = threading.Event()

    def step(self, done: int, total: int | None = None) -> None:
        """So many units are done; `StoppedError` if it is to end here."""
        self.done, self.total = done, total
        if self.stop.is_set():
            raise StoppedError


def do(job: Job, means: Means, progress: Progress) -> Told:
    """Do what a job is for; returns what came of it, in which nobody has a name."""
    key = means.state.key(job.asked_by)
    if key is None or not key.holds(keys.now()):
        message = "the key that asked was withdrawn, or has expired, before the work began; nothing was done"
        raise UnauthenticatedError(message)
    if not key.reaches(job.gallery):
        message = f"there is no gallery {job.gallery}"
        raise MissingGalleryError(message)
    gallery = means.galleries.opened(job.gallery).by(job.actor, reason=_reason(job))
    progress.step(0)
    return _WORK[job.kind](job, gallery, means, progress)


def _reason(job: Job) -> str:
    return f"job {job.id}"


# -- the gallery as a whole -----------------------------------------------------------------------------------------


def _import(job: Job, gallery: Gallery, means: Means, progress: Progress) -> Told:
    folder = means.files.of(job.id) / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)  # of a process that ended meanwhile
    unpack(means.files.archive(job.id), folder, most=2 * means.limits.archive_bytes)
    progress.step(0)
    done = gallery.import_from(folder, merge=bool(job.terms.get("merge")))
    counts = {name: sum(getattr(each, name) for each in done) for name in ("added", "already_present", "photos_kept")}
    return {"people": len(done), "created": sum(each.created for each in done), **counts, **_head(gallery)}


def _export(job: Job, gallery: Gallery, means: Means, progress: Progress) -> Told:
    for _ in range(_TRIES):
        means.files.drop(job.id)
        folder = means.files.make(job.id) / "exported"
        before = gallery.head().entries
        people = gallery.export_to(folder)
        progress.step(0)
        size = pack(folder, means.files.archive(job.id))
        shutil.rmtree(folder, ignore_errors=True)
        if not forgotten_since(gallery, before):
            told = {"people": people, "bytes": size, "location": f"/v1/jobs/{job.id}/result"}
            return {**told, "log_before": before, **_head(gallery)}
    message = "somebody was forgotten each time that the gallery was exported"
    raise GalleryBusyError(message)


def forgotten_since(gallery: Gallery, entry: int) -> bool:
    """Whether an export that was made after that entry of the log holds somebody, or a face, that is erased by now."""
    while entries := gallery.log(after=entry, limit=_AT_ONCE):
        if any(each.event in {"forgotten", "removed"} for each in entries):
            return True
        entry = entries[-1].number
    return False


def _reembed(job: Job, gallery: Gallery, means: Means, progress: Progress) -> Told:  # noqa: ARG001 - as the others
    recognizer = means.recognizer
    total = sum(person.samples for person in gallery.people())
    done = 0

    def enrolled_face(sample: Sample, photo: bytes) -> Face:
        nonlocal done
        (found,) = _faces(means, progress, [Upload(photo, sample.source)], None)
        if not isinstance(found, Faces):
            raise found if isinstance(found, FacerecError) else OutputError("no faces were asked for")
        done += 1
        progress.step(done, total)
        return same_face(found, sample)

    progress.step(0, total)
    count = gallery.reembed(recognizer.embedder, enrolled_face)
    identity = {"name": recognizer.embedder.name, "digest": recognizer.embedder.digest}
    return {"vectors": count, "embedder": identity, **_head(gallery)}


def _purge(job: Job, gallery: Gallery, means: Means, progress: Progress) -> Told:  # noqa: ARG001 - as the others
    before = _forgotten_before(job, gallery) if job.beginnings > 1 else []
    receipts = gallery.purge_expired()
    kept = ("person_id", "vectors", "photos", "forgotten", "log_entry", "head", "copies", "erased_from_file")
    told = [*before, *({name: receipt.to_dict()[name] for name in kept} for receipt in receipts)]
    return {"forgotten": len(told), "people": told}


def _forgotten_before(job: Job, gallery: Gallery) -> list[Told]:
    """Whom a process forgot that ended before it could say so, from the log; what it left in the store is erased."""
    erased = not gallery.erasure_due or gallery.compact().complete
    found: list[Told] = []
    entries = gallery.log(limit=_AT_ONCE)
    while entries:
        found += [
            {
                "person_id": entry.person_id,
                "vectors": entry.details.get("vectors"),
                "photos": entry.details.get("photos"),
                "forgotten": entry.time.isoformat(),
                "log_entry": entry.number,
                "head": entry.digest,
                "copies": None,  # which there were is not known any more
                "erased_from_file": erased,
            }
            for entry in entries
            if entry.event == "forgotten" and entry.details.get("reason") == _reason(job)
        ]
        entries = gallery.log(after=entries[-1].number, limit=_AT_ONCE)
    return found


def _head(gallery: Gallery) -> Told:
    return {"log_head": str(gallery.head())}


# -- people from photos -----------------------------------------------------------------------------------------------


def _photos(job: Job, gallery: Gallery, means: Means, progress: Progress) -> Told:
    """Everybody by themselves: of who cannot be enrolled, the answer says the place in the request, and why not."""
    people = read_json(means.files.of(job.id) / "people.json", error=OutputError, limit=_MOST_PEOPLE)
    told: list[Told] = []
    try:
        for number, person in enumerate(people):
            progress.step(number, len(people))
            told.append({"number": number, **_one(job, gallery, means, progress, person)})
    except StoppedError:
        raise StoppedError(_outcome(told, gallery)) from None
    progress.done = len(people)
    return _outcome(told, gallery)


def _outcome(told: list[Told], gallery: Gallery) -> Told:
    failed = sum("problem" in each for each in told)
    return {"enrolled": len(told) - failed, "failed": failed, "people": told, **_head(gallery)}


def _one(job: Job, gallery: Gallery, means: Means, progress: Progress, person: Told) -> Told:
    try:
        photos = [Upload(_photo(means, job, each["file"]), each["called"]) for each in person["photos"]]
        found = _faces(means, progress, photos, job.terms["choice"])
        key = f"job {job.id} {progress.done}"  # so that who takes the job up again enrolls nobody twice
        return _enrolled(gallery, means, job.terms, person, (photos, found), key=key)
    except FacerecError as error:
        if not isinstance(error, _OF_ONE_PERSON):
            raise
        return {"problem": problems.nameless(error, instance=f"/v1/jobs/{job.id}")}


def _enrolled(
    gallery: Gallery,
    means: Means,
    terms: Mapping[str, Any],
    person: Told,
    photos: tuple[Sequence[Upload], Sequence[Result]],
    *,
    key: str,
) -> Told:
    recognizer = means.recognizer
    expires = None if person["expires"] is None else date.fromisoformat(person["expires"])
    given = (terms["operating_point"], terms["target_fmr"])
    point = None if given == (None, None) else means.points.named(*given)
    done = gallery.enroll(
        person["name"],
        enrollable(recognizer, photos[1]),
        gate=recognizer.gate,
        at=recognizer.enrolling_point(point, strict=terms["strict"]),
        strict=terms["strict"],
        consent=person["consent"],
        purpose=person["purpose"],
        expires=expires,
        photos=[photo.getvalue() for photo in photos[0]],
        keep_photos=terms["keep_photos"],
        key=key,
    )
    return {"person_id": done.person.id, "created": done.created, "added": done.added, "log_entry": done.log_entry}


def _photo(means: Means, job: Job, number: int) -> bytes:
    path = means.files.of(job.id) / "photos" / str(int(number))
    return read_regular(path, limit=means.limits.photo_bytes, error=OutputError)


def _faces(means: Means, progress: Progress, photos: list[Upload], choice: FaceChoice | None) -> list[Result]:
    """What is found in photos; where the queue is full, those who wait for an answer go first."""
    while True:
        try:
            asked = means.engine.submit(photos, choice, seconds=_HOUR)
        except OverloadedError:
            if progress.stop.wait(0.2):
                raise StoppedError from None
        else:
            return asked.result()


_WORK: Mapping[str, Callable[[Job, Gallery, Means, Progress], Told]] = {
    "import": _import,
    "photos": _photos,
    "export": _export,
    "reembedding": _reembed,
    "purge": _purge,
}

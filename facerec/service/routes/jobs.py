"""Work that outlasts a request: asked for, looked at, ended, fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from facerec.errors import BadRequestError, ForbiddenError, UnknownResourceError
from facerec.service.asked import Anybody, Asked, Forgetter, Manager
from facerec.service.bodies import FORM, ZIP, Form, media_of, read_archive, strict_json
from facerec.service.jobs.files import new_file, writing
from facerec.service.jobs.table import ENDED, Job, new_job
from facerec.service.routes.answers import ONCE, answer, form_of, page
from facerec.service.routes.bodies import Imported
from facerec.service.routes.detect import Choice, PointName, TargetFmr
from facerec.service.routes.people import KeepPhotos, Limit, Strict
from facerec.service.schemas import told

router = APIRouter(prefix="/v1", tags=["jobs"])

JobPath = Annotated[str, Path(alias="job", pattern="^[0-9a-f]{32}$")]
Merging = Annotated[bool, Query(description="Of an archive: add faces to who is enrolled, instead of refusing.")]


def _import_bodies() -> dict[str, Any]:
    told = form_of(photos="photos", people="object")
    told["requestBody"]["content"][ZIP] = {"schema": {"type": "string", "format": "binary"}}
    return told


# -- asking for it ----------------------------------------------------------------------------------------------------


@router.post(
    "/galleries/{gallery}/imports",
    summary="Import people",
    status_code=202,
    openapi_extra={**ONCE, **_import_bodies()},
    responses=told(Job, status=202),
)
async def imported(
    asked: Manager,
    gallery: str,
    *,
    merge: Merging = False,
    choice: Choice = "main",
    strict: Strict = False,
    keep_photos: KeepPhotos = False,
    point: PointName = None,
    target_fmr: TargetFmr = None,
) -> JSONResponse:
    """From an exported gallery as one zip (`application/zip`), all or nobody; or from photos, everybody by themselves.

    `people` of the form is JSON, a list: name, consent, purpose, expires, and photos, the file names of theirs.
    """
    asked.gallery(gallery)  # or its error
    if media_of(asked.request) == FORM:
        if point is not None or target_fmr is not None:
            asked.parts.points.named(point, target_fmr)
        limits = asked.parts.settings.limits
        form = await asked.form_of(replace(limits, photos=limits.import_photos), "photos", "people")
        terms: dict[str, Any] = {"choice": choice, "strict": strict, "keep_photos": keep_photos}
        terms |= {"operating_point": point, "target_fmr": target_fmr}
        return await _import_photos(asked, gallery, form, terms)
    return await _import_archive(asked, gallery, merge=merge)


async def _import_archive(asked: Asked, gallery: str, *, merge: bool) -> JSONResponse:
    files, limits = asked.parts.jobs.files, asked.parts.settings.limits
    name = await asked.run(files.new)
    kept = False
    try:
        with writing(), new_file(files.archive(name)) as file:
            digest = await read_archive(asked.request, file, most=limits.archive_bytes, patience=limits.deadline)
        job = replace(new_job("import", gallery, asked.key, {"merge": merge}), id=name)
        found = await _asked_for(asked.renewed(), job, digest + bytes([merge]))
        kept = _is_of(found, name)
    finally:
        if not kept:
            files.drop(name)
    return found


async def _import_photos(asked: Asked, gallery: str, form: Form, terms: Mapping[str, Any]) -> JSONResponse:
    files, people, photos = asked.parts.jobs.files, _people(form), form.all_photos()
    places = {photo.name: number for number, photo in enumerate(photos)}
    told = [
        {**person.model_dump(mode="json"), "photos": [{"file": places[each], "called": each} for each in person.photos]}
        for person in people
    ]
    name = await asked.run(files.new)

    def store() -> None:
        folder = files.of(name)
        with writing():
            (folder / "photos").mkdir(mode=0o700)
            for number, photo in enumerate(photos):
                with new_file(folder / "photos" / str(number)) as file:
                    file.write(photo.getvalue())
            with new_file(folder / "people.json") as file:
                file.write(json.dumps(told).encode())

    kept = False
    try:
        await asked.run(store)
        job = replace(new_job("photos", gallery, asked.key, terms), id=name, total=len(people))
        found = await _asked_for(asked, job, form.digest + json.dumps(dict(terms)).encode())
        kept = _is_of(found, name)
    finally:
        if not kept:
            files.drop(name)
    return found


def _is_of(found: JSONResponse, job: str) -> bool:
    """Whether it is the answer about that job, and not about one that was asked for before."""
    return found.headers.get("location") == f"/v1/jobs/{job}"


def _people(form: Form) -> list[Imported]:
    """Who is on which photo; `BadRequestError` if the two do not go together."""
    try:
        given = strict_json(form.texts.get("people", "[]"), "the field people")
        people = [Imported.model_validate(each) for each in given]
    except ValidationError as error:
        first = error.errors()[0]
        message = f"the field people: {'.'.join(map(str, first['loc'])) or 'an entry'}: {first['msg']}"
        raise BadRequestError(message) from error
    except TypeError as error:
        message = "the field people is no list of JSON objects"
        raise BadRequestError(message) from error
    names = [photo.name for photo in form.all_photos()]
    meant = [each for person in people for each in person.photos]
    if not people or sorted(meant) != sorted(names) or len(set(names)) < len(names):
        message = (
            "people says by their file names which photos are whose, each photo once and of one person: "
            f"{len(names)} photos came, of {len(set(names))} names, and people names {len(meant)}"
        )
        raise BadRequestError(message)
    return people


@router.post(
    "/galleries/{gallery}/exports",
    summary="Export a gallery",
    status_code=202,
    openapi_extra=ONCE,
    responses=told(Job, status=202),
)
async def exported(asked: Manager, gallery: str) -> JSONResponse:
    """As one zip, which `facerec gallery import` reads once unpacked; who asked fetches it at the job's /result."""
    asked.gallery(gallery)
    asked.parts.jobs.files.check()
    return await _asked_for(asked, new_job("export", gallery, asked.key), b"")


@router.post(
    "/galleries/{gallery}/reembeddings",
    summary="Change a gallery to this model",
    status_code=202,
    openapi_extra=ONCE,
    responses=told(Job, status=202),
)
async def reembedded(asked: Manager, gallery: str) -> JSONResponse:
    """All vectors anew, from the photos that were kept, by the model that runs here; until then it decides nothing."""
    asked.gallery(gallery)
    return await _asked_for(asked, new_job("reembedding", gallery, asked.key), b"")


@router.post(
    "/galleries/{gallery}/purges",
    summary="Forget everybody who has expired",
    status_code=202,
    openapi_extra=ONCE,
    responses=told(Job, status=202),
)
async def purged(asked: Forgetter, gallery: str) -> JSONResponse:
    """For good; the job's result has an id, a log entry and its digest for each person, and no names."""
    asked.gallery(gallery)
    return await _asked_for(asked, new_job("purge", gallery, asked.key), b"")


async def _asked_for(asked: Asked, job: Job, content: bytes) -> JSONResponse:
    jobs = asked.parts.jobs

    async def work() -> JSONResponse:
        added = await asked.run(jobs.table.add, job, most=asked.parts.settings.limits.jobs)
        jobs.wake()
        return answer(added, 202, {"Location": f"/v1/jobs/{added.id}"})

    return await asked.once(content, work)


# -- looking at it ----------------------------------------------------------------------------------------------------


@router.get("/jobs", summary="Jobs", responses=told(Job, name="jobs"))
async def listed(
    asked: Anybody,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 50,
) -> JSONResponse:
    """Of the key itself; with the scope manage, all of the galleries that it reaches. Oldest first, in pages."""
    place = f"jobs {asked.key.id}"
    start = asked.parts.cursors.after(after, place)
    await asked.run(asked.parts.jobs.look)
    found = await asked.run(asked.parts.jobs.table.seen_by, asked.key, after=start, limit=limit + 1)
    following = asked.parts.cursors.at(place, found[limit - 1].number) if len(found) > limit else None
    return page(list(found[:limit]), following, name="jobs")


@router.get("/jobs/{job}", summary="How far a job is", responses=told(Job))
async def shown(asked: Anybody, job: JobPath) -> JSONResponse:
    """`state`, `done` of `total`, and what came of it."""
    return answer(await _job(asked, job))


@router.delete("/jobs/{job}", summary="End a job", responses=told(Job))
async def ended(asked: Anybody, job: JobPath) -> JSONResponse:
    """One that waits, at once; one that runs, where it can stop, or not at all. Of one that ended, delete the file."""
    found = await _job(asked, job)
    if found.state not in ENDED:
        found = await asked.run(asked.parts.jobs.table.stop, found)
    if found.state in ENDED:
        await asked.run(asked.parts.jobs.files.drop, job)
    return answer(found)


@router.get("/jobs/{job}/result", summary="Fetch an export")
async def result(asked: Manager, job: JobPath) -> FileResponse:
    """The zip, for the key that asked, until it is deleted: some time after it was made, or by DELETE of the job."""
    found = await _job(asked, job)
    if found.asked_by != asked.key.id:
        message = "an export is given to the key that asked for it; ask for one with this key"
        raise ForbiddenError(message)
    jobs = asked.parts.jobs
    path = jobs.files.archive(job) if await asked.run(jobs.keeps, found) else None
    if path is None or not path.is_file():
        message = (
            f"there is nothing to fetch: the job is a {found.kind}, and {found.state}; an export is kept for a time, "
            "and not once somebody was forgotten who is in it"
        )
        raise UnknownResourceError(message)
    return _WholeFile(path, media_type=ZIP, filename=f"{found.gallery}.zip")


class _WholeFile(FileResponse):
    """Starlette's, which refuses in a text of its own ranges that cannot be; whoever asks for one is given all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [each for each in scope["headers"] if each[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


async def _job(asked: Asked, job: str) -> Job:
    """A job that the key may know of; `UnknownResourceError` if there is none."""
    jobs = asked.parts.jobs
    await asked.run(jobs.look)
    found = await asked.run(jobs.table.job, job)
    mine = found is not None and (found.asked_by == asked.key.id or asked.may("manage"))
    if found is None or not mine or not asked.key.reaches(found.gallery):
        message = "there is no such job"
        raise UnknownResourceError(message)
    return found

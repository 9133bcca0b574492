"""People of a gallery, and their faces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from facerec.errors import (
    BadRequestError,
    ChangedPersonError,
    ConditionMissingError,
    UnknownPersonError,
)
from facerec.gallery import (
    UNCHANGED,
    Enrollment,
    ForgetReceipt,
    Gallery,
    Person,
    PersonId,
    RemovalReceipt,
    Sample,
    Transfer,
    Who,
)
from facerec.service.asked import Asked, Enroller, Forgetter, Reader, etag
from facerec.service.bodies import Form
from facerec.service.engine import enrollable
from facerec.service.lookers import Result
from facerec.service.routes.answers import AS_READ, ONCE, answer, form_of, header_of, of_person, page
from facerec.service.routes.bodies import Called, Changes, Merge, Move, NewPerson, Split, Terms, Undo
from facerec.service.routes.detect import Choice, PointName, TargetFmr
from facerec.service.schemas import told

router = APIRouter(prefix="/v1/galleries/{gallery}", tags=["people"])

PersonPath = Annotated[str, Path(alias="person", pattern="^[0-9a-f]{32}$", description="The id of a person.")]
SamplePath = Annotated[int, Path(alias="sample", ge=1, lt=1 << 63)]
SampleNumber = Annotated[int, Field(ge=1, lt=1 << 63)]
Limit = Annotated[int, Query(ge=1, le=200)]
Above = Annotated[int, Query(ge=0, lt=1 << 63, description="Only numbers higher than this one.")]
_READ_AT_ONCE = 500
_Document = TypeVar("_Document", bound=BaseModel)


# -- who is there ---------------------------------------------------------------------------------------------------


@router.get("/people", summary="Who is enrolled", responses=told(Person, name="people", next=str | None))
async def listed(
    asked: Reader,
    gallery: str,
    *,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 50,
    above: Above = 0,
    expiring_before: Annotated[date | None, Query(description="Only who expires before that day.")] = None,
) -> JSONResponse:
    """In the order of enrollment, in pages; the expired are among them."""
    opened = asked.gallery(gallery)
    place = f"{gallery} people {expiring_before}"
    start = max(above, asked.parts.cursors.after(after, place))
    found, more = await asked.run(_page, opened, start, limit, expiring_before)
    following = asked.parts.cursors.at(place, found[-1].number) if more else None
    return page(found, following, name="people")


def _called(gallery: Gallery, name: str) -> list[Person]:
    try:
        return [gallery.person(name)]
    except UnknownPersonError:
        return []


def _page(gallery: Gallery, after: int, limit: int, before: date | None) -> tuple[list[Person], bool]:
    """A page of people, and whether there are more."""
    found: list[Person] = []
    while len(found) <= limit:
        people = gallery.people(after=after, limit=_READ_AT_ONCE)
        found += [each for each in people if before is None or (each.expires is not None and each.expires < before)]
        if len(people) < _READ_AT_ONCE:
            break
        after = people[-1].number
    return found[:limit], len(found) > limit


@router.post("/people/find", summary="Who is called exactly so", responses=told(Person, name="people", next=str | None))
async def found(asked: Reader, gallery: str, given: Called) -> JSONResponse:
    """Or nobody. A name is personal data, and addresses are logged on the way: so it stands in the body."""
    return page(await asked.run(_called, asked.gallery(gallery), given.name), None, name="people")


@router.get("/people/{person}", summary="One person", responses=told(Person))
async def shown(asked: Reader, gallery: str, person: PersonPath) -> JSONResponse:
    """The record, with its ETag."""
    return of_person(await asked.run(asked.gallery(gallery).person, PersonId(person)), gallery)


@router.get("/people/{person}/samples", summary="A person's faces", responses=told(Sample, name="samples"))
async def samples(asked: Reader, gallery: str, person: PersonPath) -> JSONResponse:
    """What is kept about each, besides its vector."""
    return answer({"samples": await asked.run(asked.gallery(gallery).samples, PersonId(person))})


# -- how they come in -------------------------------------------------------------------------------------------------

Strict = Annotated[
    bool, Query(description="Refuse where a face looks like somebody else's, or unlike its own person's.")
]
KeepPhotos = Annotated[bool, Query(description="Keep the photos, which another model needs one day.")]


@router.post(
    "/people",
    summary="Enroll a person",
    status_code=201,
    openapi_extra={**ONCE, **form_of(photos="photos", person="object")},
    responses=told(Enrollment) | told(Enrollment, status=201),
)
async def enrolled(
    asked: Enroller,
    gallery: str,
    *,
    choice: Choice = "main",
    strict: Strict = False,
    keep_photos: KeepPhotos = False,
    point: PointName = None,
    target_fmr: TargetFmr = None,
) -> JSONResponse:
    """From photos of that one person, all of them or none; `person` is JSON: name, consent, purpose, expires.

    Somebody of that name gets further faces. With an `Idempotency-Key` it is done once, however often it is asked.
    """
    opened = asked.gallery(gallery)
    form = await asked.form("photos", "person")
    person = _field(form, "person", NewPerson)
    found = await asked.faces(form.all_photos(), choice)
    at = _enrolling_point(asked, point, target_fmr, strict=strict)
    terms = person.model_dump(exclude={"name"})
    done = await asked.run(
        _enroll, asked, opened, person.name, form, found, at=at, strict=strict, keep_photos=keep_photos, **terms
    )
    return of_person(done.person, gallery, done, 201 if done.created else 200)


@router.post(
    "/people/{person}/samples",
    summary="Add faces to a person",
    status_code=201,
    openapi_extra={**ONCE, **form_of(photos="photos", terms="object")},
    responses=told(Enrollment, status=201),
)
async def added(
    asked: Enroller,
    gallery: str,
    person: PersonPath,
    *,
    choice: Choice = "main",
    strict: Strict = False,
    keep_photos: KeepPhotos = False,
    point: PointName = None,
    target_fmr: TargetFmr = None,
) -> JSONResponse:
    """From photos, all of them or none; with an `Idempotency-Key` it is done once.

    `terms` is JSON: consent, purpose, expires; those that are given replace what is recorded.
    """
    opened = asked.gallery(gallery)
    form = await asked.form("photos", "terms")
    terms = _field(form, "terms", Terms).model_dump()
    found = await asked.faces(form.all_photos(), choice)
    at = _enrolling_point(asked, point, target_fmr, strict=strict)
    done = await asked.run(
        _enroll, asked, opened, PersonId(person), form, found, at=at, strict=strict, keep_photos=keep_photos, **terms
    )
    return of_person(done.person, gallery, done, 201)


def _field(form: Form, name: str, kind: type[_Document]) -> _Document:
    """What a field of text holds, as JSON."""
    try:
        return kind.model_validate(form.document(name), strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"the field {name}: {'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
        raise BadRequestError(message) from error


def _enrolling_point(asked: Asked, name: str | None, target_fmr: float | None, *, strict: bool) -> Any:  # noqa: ANN401
    given = None if name is None and target_fmr is None else asked.parts.points.named(name, target_fmr)
    return asked.parts.recognizer.enrolling_point(given, strict=strict)


def _enroll(
    asked: Asked,
    gallery: Gallery,
    who: Who,
    form: Form,
    found: Sequence[Result],
    **terms: Any,  # noqa: ANN401
) -> Enrollment:
    value = asked.idempotency_key()
    return gallery.enroll(
        who,
        enrollable(asked.parts.recognizer, found),
        gate=asked.parts.recognizer.gate,
        photos=[photo.getvalue() for photo in form.all_photos()],
        key=None if value is None else f"{asked.key.id} {value}",
        **terms,
    )


# -- how they change --------------------------------------------------------------------------------------------------


@router.patch(
    "/people/{person}",
    summary="Change a person's record",
    openapi_extra=header_of("If-Match", "The ETag that was read.", required=True),
    responses=told(Person),
)
async def changed(asked: Enroller, gallery: str, person: PersonPath, given: Changes) -> JSONResponse:
    """Name and terms, together or not at all; null removes a term. `If-Match` must hold the ETag that was read."""
    opened = asked.gallery(gallery)

    async def do() -> JSONResponse:
        return of_person(await asked.run(_change, asked, opened, PersonId(person), given), gallery)

    return await asked.once(_told(asked, given.model_dump_json(exclude_unset=True)), do)


def _told(asked: Asked, body: str = "") -> bytes:
    """What a request says, besides its address."""
    return json.dumps([body, asked.request.headers.get("if-match")]).encode()


def _change(asked: Asked, gallery: Gallery, who: PersonId, given: Changes) -> Person:
    was = _as_read(asked, gallery.person(who), needed=True)
    wanted = given.model_dump(exclude_unset=True)
    if "name" in wanted and wanted["name"] is None:
        message = "a person has a name; it is changed, and not removed"
        raise BadRequestError(message)
    return gallery.update(who, new_name=wanted.pop("name", UNCHANGED), was=was, **wanted)


def _as_read(asked: Asked, person: Person, *, needed: bool) -> Person | None:
    """The person, if it is as whoever asks has read it; ``None`` where they do not say."""
    given = asked.request.headers.get("if-match")
    if given is None:
        if needed:
            message = "say what was read: If-Match with the ETag of the person, so that nobody's change is lost"
            raise ConditionMissingError(message)
        return None
    tags = [tag.strip() for tag in given.split(",")]
    if "*" not in tags and etag(person) not in tags:
        message = "the person was changed since it was read; read it again, and decide anew. Nothing was changed"
        raise ChangedPersonError(message)
    return person


@router.delete("/people/{person}", summary="Forget a person", openapi_extra=AS_READ, responses=told(ForgetReceipt))
async def forgotten(asked: Forgetter, gallery: str, person: PersonPath) -> JSONResponse:
    """For good: record, vectors, photos, names in the log. The answer is the receipt, the last place with the name."""
    opened, who = asked.gallery(gallery), PersonId(person)

    def forget() -> ForgetReceipt:
        receipt = opened.forget(who, was=_as_read(asked, opened.person(who), needed=False))
        asked.parts.jobs.drop_stale(gallery)
        return receipt

    async def do() -> JSONResponse:
        return answer(_receipt(asked, gallery, await asked.run(forget)))

    return await asked.once(_told(asked), do)


@router.delete("/people/{person}/samples", summary="Delete faces of a person", responses=told(RemovalReceipt))
async def several_removed(
    asked: Forgetter,
    gallery: str,
    person: PersonPath,
    sample: Annotated[list[SampleNumber], Query(min_length=1, max_length=1000, description="Given once for each.")],
) -> JSONResponse:
    """For good, with their photos, all of them or none; not all that the person has, which is to forget the person."""
    return await _removed(asked, gallery, person, sample)


@router.delete(
    "/people/{person}/samples/{sample}", summary="Delete one face of a person", responses=told(RemovalReceipt)
)
async def removed(asked: Forgetter, gallery: str, person: PersonPath, sample: SamplePath) -> JSONResponse:
    """For good, with its photo; not the last one, which is to forget the person."""
    return await _removed(asked, gallery, person, [sample])


async def _removed(asked: Asked, gallery: str, person: str, samples: list[int]) -> JSONResponse:
    opened = asked.gallery(gallery)

    def remove() -> RemovalReceipt:
        receipt = opened.remove_samples(PersonId(person), samples)
        asked.parts.jobs.drop_stale(gallery)
        return receipt

    async def do() -> JSONResponse:
        return answer(_receipt(asked, gallery, await asked.run(remove)))

    return await asked.once(_told(asked, json.dumps(samples)), do)


def _receipt(asked: Asked, gallery: str, receipt: ForgetReceipt | RemovalReceipt) -> dict[str, Any]:
    told = receipt.to_dict()
    return {**told, "gallery": gallery, "advice": asked.parts.galleries.shown(receipt.advice)}


@router.post("/merge", summary="Make two people one", openapi_extra=ONCE, responses=told(Transfer))
async def merged(asked: Enroller, gallery: str, given: Merge) -> JSONResponse:
    """All faces of one go to the other; the receipt undoes it."""
    opened = asked.gallery(gallery)
    return await _transferred(asked, given, opened.merge, PersonId(given.giver), PersonId(given.receiver))


@router.post(
    "/split", summary="Make some faces of a person another person", openapi_extra=ONCE, responses=told(Transfer)
)
async def parted(asked: Enroller, gallery: str, given: Split) -> JSONResponse:
    """The new person has the name given, and the terms of the old one where none are given."""
    terms = given.model_dump(include={"consent", "purpose", "expires"})
    split = asked.gallery(gallery).split
    return await _transferred(asked, given, split, PersonId(given.person), given.name, given.samples, **terms)


@router.post("/move", summary="Send some faces of a person to another", openapi_extra=ONCE, responses=told(Transfer))
async def moved(asked: Enroller, gallery: str, given: Move) -> JSONResponse:
    """Both stay enrolled."""
    move = asked.gallery(gallery).move_samples
    return await _transferred(asked, given, move, PersonId(given.giver), PersonId(given.receiver), given.samples)


@router.post("/undo", summary="Take a merge, split or move back", openapi_extra=ONCE, responses=told(Transfer))
async def undone(asked: Enroller, gallery: str, given: Undo) -> JSONResponse:
    """By its receipt, if everything is as it was left."""
    return await _transferred(asked, given, asked.gallery(gallery).undo, Transfer.from_dict(given.receipt))


async def _transferred(asked: Asked, given: Any, work: Any, *args: Any, **more: Any) -> JSONResponse:  # noqa: ANN401
    async def do() -> JSONResponse:
        return answer(await asked.run(work, *args, **more))

    return await asked.once(given.model_dump_json().encode(), do)

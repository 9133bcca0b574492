"""The log of a gallery: what was done when, by which key, and whether it is the one that was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from facerec.errors import ArgumentError
from facerec.gallery import GalleryCheck, LogEntry, LogHead, PersonId
from facerec.service.asked import Asked, LogReader
from facerec.service.routes.answers import answer, page
from facerec.service.routes.bodies import CheckLog
from facerec.service.routes.people import Above, Limit
from facerec.service.schemas import told
from facerec.types.plain import plain

router = APIRouter(prefix="/v1/galleries/{gallery}/log", tags=["log"])


@router.get("", summary="Entries of the log", responses=told(LogEntry, name="entries", next=str | None))
async def listed(
    asked: LogReader,
    gallery: str,
    *,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 50,
    above: Above = 0,
    last: Annotated[
        int | None, Query(ge=1, le=200, description="Only so many of the newest, in place of a page.")
    ] = None,
    person: Annotated[
        str | None, Query(pattern="^[0-9a-f]{32}$", description="Only what concerns that person.")
    ] = None,
) -> JSONResponse:
    """Oldest first, in pages. Names and photos' names only for a key that may read who is enrolled."""
    who = None if person is None else PersonId(person)
    if last is not None and after is not None:
        message = "last gives the newest entries, after a page of all of them; give one or the other"
        raise ArgumentError(message)
    if last is not None:
        newest = await asked.run(asked.gallery(gallery).log, name=who, last=last)
        return page([_entry(asked, entry) for entry in newest], None, name="entries")
    place = f"{gallery} log {person}"
    start = asked.parts.cursors.after(after, place)
    found = await asked.run(asked.gallery(gallery).log, name=who, after=max(start, above), limit=limit + 1)
    following = asked.parts.cursors.at(place, found[limit - 1].number) if len(found) > limit else None
    return page([_entry(asked, entry) for entry in found[:limit]], following, name="entries")


def _entry(asked: Asked, entry: LogEntry) -> dict[str, object]:
    told: dict[str, object] = plain(entry)
    return told if asked.may("read") else {**told, "name": None, "source": None, "changes": []}


@router.get("/head", summary="Where the log ends", responses=told(LogHead, head=str))
async def head(asked: LogReader, gallery: str) -> JSONResponse:
    """Noted elsewhere, it proves later that nothing up to here was rewritten."""
    found = await asked.run(asked.gallery(gallery).head)
    return answer({"head": str(found), **found.to_dict()})


@router.post("/check", summary="Whether the gallery is as its log says", responses=told(GalleryCheck))
async def check(asked: LogReader, gallery: str, given: CheckLog | None = None) -> JSONResponse:
    """Reads all of it. Against heads that were noted, it also finds an older copy put in its place."""
    heads = [LogHead.read(text) for text in (given.against if given else [])]
    found = await asked.run(asked.gallery(gallery).check, against=heads)
    told = found.to_dict()
    return answer(told if asked.may("read") else {**told, "problems": [f"{len(found.problems)} problems"]})

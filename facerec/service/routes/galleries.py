"""Galleries: what there is, new ones, and the end of one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from facerec.errors import ArgumentError, ForbiddenError
from facerec.gallery import ForgetReceipt, Gallery, PersonId
from facerec.service.asked import Anybody, Emptier, Manager, Reader
from facerec.service.routes.answers import ONCE, answer
from facerec.service.routes.bodies import NewGallery
from facerec.service.schemas import told
from facerec.service.scopes import OF_NO_GALLERY

router = APIRouter(prefix="/v1/galleries", tags=["galleries"])


@router.get("", summary="The galleries that the key reaches")
async def listed(asked: Anybody) -> JSONResponse:
    """By name; none where it does nothing in any."""
    if OF_NO_GALLERY.issuperset(asked.key.scopes):
        return answer({"galleries": []})
    names = await asked.run(asked.parts.galleries.names)
    return answer({"galleries": [{"id": name} for name in names if asked.key.reaches(name)]})


@router.post("", summary="Make a gallery", status_code=201, openapi_extra=ONCE)
async def made(asked: Manager, given: NewGallery) -> JSONResponse:
    """Bound to the service's embedder for good; in a database one that is there already is taken over."""
    if not asked.key.reaches(given.id):
        message = "this key is for some galleries, which it names, and makes no other"
        raise ForbiddenError(message)

    async def work() -> JSONResponse:
        gallery = await asked.run(asked.parts.galleries.made, given.id)
        return answer(await asked.run(_document, given.id, gallery), 201, {"Location": f"/v1/galleries/{given.id}"})

    return await asked.once(given.model_dump_json().encode(), work)


@router.get("/{gallery}", summary="What a gallery is")
async def shown(asked: Reader, gallery: str) -> JSONResponse:
    """Its embedder, how many people it holds, where its log ends."""
    return answer(await asked.run(_document, gallery, asked.gallery(gallery)))


@router.delete("/{gallery}", summary="Forget everybody in a gallery", responses=told(ForgetReceipt, name="receipts"))
async def emptied(
    asked: Emptier, gallery: str, people: Annotated[int, Query(ge=0, description="Exactly how many it holds.")]
) -> JSONResponse:
    """Every person is forgotten, with a receipt for each. The gallery stays, empty, since its log is the evidence."""
    opened = asked.gallery(gallery)

    async def do() -> JSONResponse:
        receipts = await asked.run(_emptied, opened, people)
        await asked.run(asked.parts.jobs.drop_stale, gallery)
        return answer({"receipts": [{**receipt.to_dict(), "gallery": gallery} for receipt in receipts]})

    return await asked.once(str(people).encode(), do)


def _document(name: str, gallery: Gallery) -> dict[str, Any]:
    return {
        "id": name,
        "people": len(gallery),
        "embedder": gallery.embedder,
        "position": gallery.position(),
        "head": str(gallery.head()),
        "erasure_due": gallery.erasure_due,
    }


def _emptied(gallery: Gallery, people: int) -> list[ForgetReceipt]:
    everybody = gallery.people()
    if len(everybody) != people:
        message = f"people={people} does not say how many the gallery holds, {len(everybody)}; nothing was deleted"
        raise ArgumentError(message)
    return [gallery.forget(PersonId(person.id)) for person in everybody]

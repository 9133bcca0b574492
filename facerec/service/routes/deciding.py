"""Decisions of a gallery: claims, and who is on a photo."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from numpy.typing import NDArray

from facerec.gallery import PersonId
from facerec.service.asked import Identifier, Verifier
from facerec.service.routes.answers import answer, form_of
from facerec.service.routes.detect import Choice, PointName, TargetFmr, all_faces, decided, usable
from facerec.service.routes.people import PersonPath
from facerec.service.schemas import told
from facerec.service.searches import Search
from facerec.types import Identification, Verification
from facerec.types.looks import Look

router = APIRouter(prefix="/v1/galleries/{gallery}", tags=["decisions"])


@router.post(
    "/people/{person}/verify",
    summary="Decide a claim",
    openapi_extra=form_of(photo="photo"),
    responses=told(Verification, person=str),
)
async def verify(
    asked: Verifier,
    gallery: str,
    person: PersonPath,
    *,
    point: PointName = None,
    target_fmr: TargetFmr = None,
    choice: Choice = "main",
) -> JSONResponse:
    """Whether the photo shows the person whose id it is; `undecided` is an answer. The log keeps it either way."""
    at = asked.parts.points.named(point, target_fmr)
    opened = asked.gallery(gallery)
    form = await asked.form("photo")
    (found,) = await asked.faces([form.photo("photo")], choice)
    outcome = await asked.run(asked.parts.recognizer.claim, usable(found), PersonId(person), opened, at=at)
    decided(asked, "verify", outcome.decision, outcome.score, outcome.operating_point)
    return answer({"person": person, **outcome.to_dict()})


@router.post(
    "/identify",
    summary="Decide who is on a photo",
    openapi_extra=form_of(photo="photo"),
    responses=told(Identification, name="faces", request=str, gallery=str, search=str, source=str),
)
async def identify(
    asked: Identifier,
    gallery: str,
    point: PointName = None,
    target_fmr: TargetFmr = None,
    top: Annotated[int, Query(ge=1, le=100, description="How many candidates to name for each face.")] = 5,
) -> JSONResponse:
    """Of every face, best detection first. Nobody, `undecided` and `ambiguous` are answers; so is no face at all."""
    at = asked.parts.points.named(point, target_fmr)
    opened = asked.gallery(gallery)
    form = await asked.form("photo")
    (found,) = await asked.faces([form.photo("photo")])
    search = Search(all_faces(found), asked.key.actor)
    outcome = await asked.run(asked.parts.searches.identify, opened, gallery, search, at=at, top=top)
    for face in outcome:
        decided(asked, "identify", face.decision, face.score, face.operating_point)
    faces = [_face(*each) for each in zip(outcome, outcome.points, outcome.looks, strict=True)]
    return answer({"request": asked.number, "gallery": gallery, "search": "exact", **outcome.to_dict(), "faces": faces})


def _face(found: Identification, points: NDArray[np.float32], look: Look) -> dict[str, Any]:
    best = found.candidates[0] if found.match and found.candidates else None
    person = None if best is None else {"id": best.person_id, "name": best.name}
    return {**found.to_dict(), "person": person, "points": points, "look": str(look)}

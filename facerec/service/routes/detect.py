"""What is stateless: faces in photos, two photos compared, what decides here."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from facerec.errors import FaceError, FacerecError, ForbiddenError
from facerec.recognizer import Chosen
from facerec.service.asked import Anybody, Asked, Comparer
from facerec.service.lookers import Result
from facerec.service.routes.answers import answer, form_of, point_document
from facerec.service.schemas import told
from facerec.types import Faces, OperatingPoint, Verification

router = APIRouter(prefix="/v1", tags=["photos"])

PointName: TypeAlias = Annotated[
    str | None, Query(alias="operating_point", max_length=200, description="Id or name of one.")
]
TargetFmr: TypeAlias = Annotated[float | None, Query(gt=0, lt=1, description="In place of one: its target FMR.")]
Choice: TypeAlias = Annotated[
    Literal["main", "only", "largest", "central"], Query(description="Which face is meant where there are several.")
]


@router.get("/models", summary="What finds and embeds faces here")
async def models(asked: Anybody) -> JSONResponse:
    """The matcher: galleries and operating points of another are refused."""
    made = asked.parts.recognizer.embedder
    return answer({"matcher": asked.parts.recognizer.matcher, "embedder": made.name, "digest": made.digest})


@router.get(
    "/operating-points",
    summary="The thresholds that may decide, and what they were measured on",
    responses=told(OperatingPoint, name="operating_points"),
)
async def operating_points(asked: Anybody) -> JSONResponse:
    """Each with error rates, counts and intervals."""
    return answer({"operating_points": [point_document(point) for point in asked.parts.points.all()]})


@router.get("/deciding-point", summary="The threshold that a request would decide at")
async def deciding_point(asked: Anybody, point: PointName = None, target_fmr: TargetFmr = None) -> JSONResponse:
    """Whole, with how many strangers reach which score, and what every decision has to say about it."""
    recognizer = asked.parts.recognizer
    found, notes = recognizer.deciding_point(asked.parts.points.named(point, target_fmr))
    return answer({"operating_point": {**point_document(found), "tail": found.tail}, "notes": notes})


@router.post("/detect", summary="Find the faces of photos", openapi_extra=form_of(photos="photos"))
async def detect(asked: Comparer) -> JSONResponse:
    """Where the faces of each photo are, and how good. No face is no error; a photo that cannot be read has its own."""
    form = await asked.form("photos")
    found = await asked.faces(form.all_photos())
    return answer({"matcher": asked.parts.recognizer.matcher, "photos": [_photo(asked, each) for each in found]})


@router.post("/embeddings", summary="The vectors of faces", openapi_extra=form_of(photos="photos"))
async def embeddings(asked: Comparer) -> JSONResponse:
    """As /detect, with the vector of each face. Off unless whoever runs the service allows it."""
    if not asked.parts.settings.embeddings:
        message = "this service gives out no vectors; whoever runs it can allow it with --embeddings"
        raise ForbiddenError(message)
    form = await asked.form("photos")
    found = await asked.faces(form.all_photos())
    photos = [_photo(asked, each, vectors=True) for each in found]
    return answer({"matcher": asked.parts.recognizer.matcher, "photos": photos})


def _photo(asked: Asked, found: Result, *, vectors: bool = False) -> dict[str, Any]:
    if not isinstance(found, Faces):
        return {"problem": {"code": found.code, "detail": str(found)} if isinstance(found, FacerecError) else None}
    gate = asked.parts.recognizer.gate
    faces = []
    for face in found:
        told = {"box": face.box, "score": face.score, "points": face.points, "measures": face.measures}
        told |= {"problems": gate.problems(face), "enrollment_problems": gate.enrollment_problems(face)}
        told["look"] = str(face.look)
        faces.append({**told, "embedding": face.embedding} if vectors else told)
    return {"source": found.source, "size": found.detections.image_size, "faces": faces, "notes": found.reading}


@router.post(
    "/compare",
    summary="Decide whether two photos show one person",
    openapi_extra=form_of(probe="photo", reference="photo"),
    responses=told(Verification),
)
async def compare(
    asked: Comparer, point: PointName = None, target_fmr: TargetFmr = None, choice: Choice = "main"
) -> JSONResponse:
    """As `facerec verify`: the decision with all its evidence. Nothing is stored."""
    at = asked.parts.points.named(point, target_fmr)
    form = await asked.form("probe", "reference")
    one, other = await asked.faces([form.photo("probe"), form.photo("reference")], choice)
    found = asked.parts.recognizer.verify_faces(usable(one), usable(other), at=at)
    decided(asked, "compare", found.decision, found.score, found.operating_point)
    return answer(found)


def usable(found: Result) -> Chosen:
    """The face that was meant; raises why there is none."""
    if isinstance(found, Chosen):
        return found
    raise found if isinstance(found, FacerecError) else FaceError("no face was asked for")


def all_faces(found: Result) -> Faces:
    """The faces of a photo; raises why it could not be read."""
    if isinstance(found, Faces):
        return found
    raise found if isinstance(found, FacerecError) else FaceError("one face was chosen, and all were asked for")


def decided(asked: Asked, kind: str, decision: str, score: float, at: OperatingPoint) -> None:
    """Count a decision."""
    asked.parts.metrics.decided(kind, decision, score, at)

"""Answers as JSON, and what OpenAPI says of the bodies that FastAPI does not read itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from facerec.gallery import Person
from facerec.service import problems
from facerec.service.asked import etag
from facerec.service.points import id_of
from facerec.types import OperatingPoint
from facerec.types.plain import plain

_FILE = {"type": "string", "format": "binary"}


_TEXTS = {name: {"type": "string"} for name in ("type", "title", "detail", "instance", "code")}
_PROBLEM = {
    "type": "object",
    "properties": {**_TEXTS, "status": {"type": "integer"}, "errors": {"type": "array", "items": {"type": "object"}}},
    "required": [*_TEXTS, "status"],
}
PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"description": "What went wrong (RFC 9457)", "content": {problems.MEDIA: {"schema": _PROBLEM}}}
}
"""What OpenAPI says of every answer that is no success."""


def header_of(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:  # noqa: ANN401
    """What OpenAPI says of a header that a request may carry."""
    told = {"name": name, "in": "header", "required": required, "description": description}
    return {"parameters": [{**told, "schema": {"type": "string", **schema}}]}


ONCE = header_of(
    "Idempotency-Key", "A UUID, say: asked again with it, it is not done again.", minLength=16, maxLength=200
)
"""Of requests that may be asked again."""

AS_READ = header_of("If-Match", "The ETag that was read: if it is another by now, nothing is done.")
"""Of requests that may say what they were decided by."""


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Whatever the library gives, as JSON."""
    return JSONResponse(plain(content), status, dict(headers or {}))


def of_person(person: Person, gallery: str, content: object = None, status: int = 200) -> JSONResponse:
    """A person's record, or what was done to it, with where it is and its ETag."""
    headers = {"Location": f"/v1/galleries/{gallery}/people/{person.id}", "ETag": etag(person)}
    return answer(person if content is None else content, status, headers)


def page(items: list[Any], following: str | None, *, name: str) -> JSONResponse:
    """A page of a list; `following` is the cursor of the next one."""
    return answer({name: items, "next": following})


def point_document(point: OperatingPoint) -> dict[str, Any]:
    """An operating point as it is listed."""
    return {"id": id_of(point), **point.to_dict()}


def form_of(**fields: str) -> dict[str, Any]:
    """What OpenAPI says of a form: each field is ``photo``, ``photos`` or ``object``, the latter with JSON in it."""
    kinds: dict[str, dict[str, Any]] = {
        "photo": _FILE,
        "photos": {"type": "array", "items": _FILE, "minItems": 1},
        "object": {"type": "string", "contentMediaType": "application/json"},
    }
    properties = {name: kinds[kind] for name, kind in fields.items()}
    required = [name for name, kind in fields.items() if kind != "object"]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}

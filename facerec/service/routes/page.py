"""The page: its files as they are, from one folder, and nothing besides."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from facerec.errors import UnknownResourceError

router = APIRouter(include_in_schema=False)

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Modules name one another without a version, so a browser asks each time whether its copy is still the one: a page of
# two versions would be worse than a few answers without a body.
_CACHE = "no-cache"


class _File(NamedTuple):
    content: bytes
    media: str
    etag: str


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """Needs no key: it asks for one."""
    return _answer(request, "index.html")


@router.api_route("/page/{path:path}", methods=["GET", "HEAD"])
async def part(request: Request, path: str) -> Response:
    """Scripts, styles and pictures."""
    return _answer(request, path)


def _answer(request: Request, path: str) -> Response:
    # Looked up, and not opened: no path leads anywhere but to a file that was found in the folder.
    found = _files().get(path)
    if found is None:
        message = "the page has no such file"
        raise UnknownResourceError(message)
    headers = {"ETag": found.etag, "Cache-Control": _CACHE}
    given = (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(","))
    if any(each in {found.etag, "*"} for each in given):
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media, headers=headers)


@cache
def _files() -> dict[str, _File]:
    """All files of the page, by their path in its folder."""
    found: dict[str, _File] = {}
    _collect(files("facerec.service").joinpath("page"), "", found)
    return found


def _collect(folder: Traversable, above: str, found: dict[str, _File]) -> None:
    for each in folder.iterdir():
        path = above + each.name
        if each.is_dir():
            _collect(each, f"{path}/", found)
        elif media := _TYPES.get(f".{each.name.rpartition('.')[2]}"):
            content = each.read_bytes()
            found[path] = _File(content, media, f'"{hashlib.sha256(content).hexdigest()[:32]}"')

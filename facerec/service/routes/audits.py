"""Published audits: reports of a folder, shown as they are and run nothing."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from facerec.errors import UnknownResourceError
from facerec.files import read_regular
from facerec.service.asked import Auditor
from facerec.service.routes.answers import answer

router = APIRouter(prefix="/v1/audits", tags=["audits"])
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FILES = {"report.html": "text/html; charset=utf-8", "report.json": "application/json"}
_MOST = 64 << 20
# A report is a page of its own: it may style itself and show the pictures in it, and do nothing.
_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@router.get("", summary="The audits that are published here")
async def listed(asked: Auditor) -> JSONResponse:
    """By name."""
    return answer({"audits": await asked.run(_names, asked.parts.settings.audits)})


@router.get("/{audit}/{file}", summary="A report")
async def shown(asked: Auditor, audit: str, file: str) -> Response:
    """`report.html`, to be shown in a frame with `sandbox`, or `report.json`."""
    folder = asked.parts.settings.audits
    if folder is None or file not in _FILES or audit not in await asked.run(_names, folder):
        message = "there is no such audit, or no such file of it; /v1/audits lists them"
        raise UnknownResourceError(message)
    content = await asked.run(read_regular, folder / audit / file, limit=_MOST, error=UnknownResourceError)
    return Response(content, media_type=_FILES[file], headers={"Content-Security-Policy": _POLICY})


def _names(folder: Path | None) -> list[str]:
    if folder is None or not folder.is_dir():
        return []
    found = (each.name for each in folder.iterdir() if (each / "report.html").is_file())
    return sorted(name for name in found if _NAME.fullmatch(name))

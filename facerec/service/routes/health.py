"""Whether the service lives, is ready, and what it counts; what its problems mean."""

from __future__ import annotations

import inspect
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from facerec.errors import OverloadedError, UnknownResourceError
from facerec.service.asked import Monitor, Parts
from facerec.service.problems import PROBLEMS, UNEXPECTED, Problem, problem_of
from facerec.service.routes.answers import answer
from facerec.visible_text import quoted

router = APIRouter(tags=["service"])


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> JSONResponse:
    """Needs no key, and says nothing but that."""
    return answer({"status": "ok"})


@router.get("/readyz", summary="Whether it can do its work")
async def readyz(request: Request) -> JSONResponse:
    """200 once networks are loaded and its state can be read, else 503. Needs no key."""
    parts: Parts = request.app.state.parts
    await run_in_threadpool(parts.state.check)
    if not parts.engine.ready:
        message = "the networks are being loaded; ask again in a moment"
        raise OverloadedError(message, retry_after=1)
    return answer({"status": "ready"})


@router.get("/metrics", summary="Counters and times, for Prometheus")
async def metrics(asked: Monitor) -> Response:
    """In the text format of Prometheus; labels name no person, key or gallery."""
    asked.parts.metrics.waiting.set(asked.parts.engine.waiting)
    asked.parts.metrics.workers.set(asked.parts.engine.ready)
    return Response(asked.parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/problems/{code}", summary="What a type of problem means")
async def problem(code: str) -> HTMLResponse:
    """The page behind `type` of an answer that says what went wrong."""
    if code == UNEXPECTED:
        return _page(problem_of(Exception()), code, "A fault of the server, which its own log says more about.")
    for kind, told in PROBLEMS.items():
        if kind.code == code:
            return _page(told, code, inspect.getdoc(kind) or "")
    message = f"there is no problem {quoted(code)}"
    raise UnknownResourceError(message)


def _page(told: Problem, code: str, means: str) -> HTMLResponse:
    text = f"<h1>{told.title}</h1><p>Status {told.status}, code <code>{code}</code></p><p>{escape(means)}</p>"
    return HTMLResponse(f"<!doctype html><title>{told.title}</title>{text}")

"""The application: made from values, nothing at import."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from facerec.device import cores
from facerec.errors import (
    ArgumentError,
    BadRequestError,
    FacerecError,
    UnknownMediaError,
    UnknownResourceError,
    WrongMethodError,
)
from facerec.recognizer import Recognizer
from facerec.service.asked import Parts
from facerec.service.bodies import media_of
from facerec.service.cursors import Cursors
from facerec.service.engine import Engine
from facerec.service.galleries import Galleries, place_of, place_of_files, place_of_state
from facerec.service.guards import Guard, problem
from facerec.service.jobs.files import JobFiles
from facerec.service.jobs.table import JobTable
from facerec.service.jobs.work import Means
from facerec.service.jobs.worker import Worker
from facerec.service.lookers import Here, Looker
from facerec.service.metrics import Metrics
from facerec.service.points import Points
from facerec.service.problems import log_fault, problem_of
from facerec.service.rates import Buckets
from facerec.service.routes import audits, deciding, detect, galleries, health, jobs, keys, log, page, people
from facerec.service.routes.answers import PROBLEM
from facerec.service.searches import Searches
from facerec.service.settings import Settings
from facerec.service.state import State
from facerec.types import OperatingPoint

_THREADS = 64
"""Requests that wait for a gallery at once: they share its commits."""


def create_app(
    settings: Settings,
    recognizer: Recognizer,
    *,
    state: State | None = None,
    points: Iterable[OperatingPoint] = (),
    workers: int | None = None,
    lookers: Sequence[Looker] | None = None,
    key: bytes | None = None,
    beat: float = 2.0,
) -> FastAPI:
    """Make the service.

    Parameters
    ----------
    settings : Settings
        What it serves, and how much of it.
    recognizer : Recognizer
        That of all galleries; for photos of strangers one with a `limited` reader.
    state : State, optional
        By default that of ``settings.galleries``.
    points : iterable of OperatingPoint
        That may decide, besides the shipped ones; the first is the default.
    workers : int, optional
        How many look at photos at once in this process; by default one per core.
    lookers : sequence of Looker, optional
        What looks at photos in their place, such as ``facerec.service.lookers.Apart``; `recognizer` need then be no
        more than what such a one describes. They end with the application.
    key : bytes, optional
        That the logs of all galleries are kept with.
    beat : float
        Seconds between two signs of life of a job, at which it also hears that it is to end.

    Raises
    ------
    UnsafeSettingsError
        If the folder of the galleries does not exist.
    """
    state = State(place_of_state(settings.galleries)) if state is None else state
    metrics = Metrics()
    limits = settings.limits
    if lookers is None:
        lookers = [Here(recognizer) for _ in range(workers or cores())]
    means = Means(
        recognizer=recognizer,
        galleries=Galleries(place_of(settings.galleries, state), recognizer.embedder, key=key),
        engine=Engine(lookers, waiting=limits.waiting, watch=metrics.photos),
        points=Points(recognizer, points),
        state=state,
        files=JobFiles(place_of_files(settings)),
        limits=limits,
    )
    parts = Parts(
        settings=settings,
        recognizer=recognizer,
        engine=means.engine,
        galleries=means.galleries,
        state=state,
        metrics=metrics,
        points=means.points,
        searches=Searches(recognizer),
        cursors=Cursors(state.secret),
        requests=Buckets(limits.requests_per_minute, what="requests"),
        photos=Buckets(limits.photos_per_minute, what="photos"),
        threads=CapacityLimiter(_THREADS),
        jobs=Worker(JobTable(state.engine), means, keep_exports=settings.keep_exports, beat=beat),
    )
    app = FastAPI(
        title="facerec",
        version=version("facerec"),
        summary="Face recognition that can be held to account.",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        responses=PROBLEM,
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    for each in (health, detect, galleries, people, deciding, log, jobs, keys, audits, page):
        app.include_router(each.router)
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.add_exception_handler(FacerecError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _unknown)
    return app


_DESCRIPTION = """\
Every answer that decides carries its evidence. Nobody, `undecided` and `ambiguous` are answers, not errors. What goes
wrong is `application/problem+json` (RFC 9457) with a `code` that stays. Keys are shown once, and carry scopes."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.jobs.start()
    yield
    await to_thread.run_sync(parts.jobs.close)
    parts.engine.close()
    parts.galleries.close()
    parts.state.close()
    if parts.recognizer.limited is not None:
        parts.recognizer.limited.close()


async def _told(request: Request, error: Exception) -> JSONResponse:
    parts: Parts = request.app.state.parts
    if problem_of(error).status == 500:
        log_fault(request.state.request, error)
    return problem(error, request.state.request, shown=parts.galleries.shown)


async def _unfit(request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(each["loc"] == ("body",) and isinstance(each.get("input"), bytes) for each in found):  # not read as JSON
        message = f"this address takes application/json; got {media_of(request) or 'no content type'}"
        return problem(UnknownMediaError(message), request.state.request)
    told = [{"pointer": "/" + "/".join(map(str, each["loc"])), "detail": each["msg"]} for each in found]
    first = f"{told[0]['pointer']}: {told[0]['detail']}" if told else "it does not fit"
    kind = BadRequestError if any(each["type"] in {"json_invalid", "missing"} for each in found) else ArgumentError
    answer = problem(kind(first), request.state.request)
    body = {**_body(answer), "errors": told}
    return JSONResponse(body, answer.status_code, media_type=answer.media_type)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error.__cause__, FacerecError):  # of a body that was too large to be read
        return await _told(request, error.__cause__)
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return problem(UnknownResourceError(f"there is nothing at {request.url.path}"), request.state.request)
    if status == 405:
        found = problem(WrongMethodError(f"{request.url.path} does not take {request.method}"), request.state.request)
        found.headers.update(getattr(error, "headers", None) or {})
        return found
    return problem(BadRequestError(str(getattr(error, "detail", error))), request.state.request)


def _body(answer: JSONResponse) -> dict[str, object]:
    found: dict[str, object] = json.loads(bytes(answer.body))
    return found

"""Who asks, and what for: what every route is given, and the one place where keys and scopes are looked at."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ParamSpec, TypeAlias, TypeVar, get_origin

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from facerec.errors import (
    BadRequestError,
    DeadlineError,
    FacerecError,
    ForbiddenError,
    MissingGalleryError,
    UnauthenticatedError,
)
from facerec.gallery import Gallery, Person
from facerec.recognizer import Recognizer
from facerec.service import keys
from facerec.service.bodies import Form, read_form, strict_json
from facerec.service.cursors import Cursors
from facerec.service.engine import Engine
from facerec.service.galleries import Galleries
from facerec.service.guards import COOKIE, allow
from facerec.service.jobs.worker import Worker
from facerec.service.keys import Key
from facerec.service.lookers import Result
from facerec.service.metrics import Metrics
from facerec.service.points import Points
from facerec.service.rates import Buckets
from facerec.service.scopes import SCOPES
from facerec.service.searches import Searches
from facerec.service.settings import Limits, Settings
from facerec.service.state import Answer, State
from facerec.types import FaceChoice
from facerec.visible_text import quoted

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SHORTEST_VALUE, _LONGEST_VALUE = 16, 200  # of an Idempotency-Key, which seals what it is answered


@dataclass(frozen=True)
class Parts:
    """What one application is made of."""

    settings: Settings
    recognizer: Recognizer
    engine: Engine
    galleries: Galleries
    state: State
    metrics: Metrics
    points: Points
    searches: Searches
    cursors: Cursors
    requests: Buckets
    photos: Buckets
    threads: CapacityLimiter
    jobs: Worker


@dataclass(frozen=True)
class Asked:
    """One request: whose `key` it carries, its number, and until when it is to be answered."""

    parts: Parts
    request: Request
    key: Key
    number: str
    until: float

    def gallery(self, name: str) -> Gallery:
        """A gallery whose log says which key asked; `MissingGalleryError` if this key may not know of it."""
        if not self.key.reaches(name):
            message = f"there is no gallery {quoted(name)}"  # as where there is none
            raise MissingGalleryError(message)
        return self.parts.galleries.opened(name).by(self.key.actor)

    def renewed(self) -> Asked:
        """The same with its whole time before it: a body that took long has come."""
        return replace(self, until=time.monotonic() + self.parts.settings.limits.deadline)

    def may(self, scope: str) -> bool:
        """Whether the key has that scope."""
        return scope in self.key.scopes

    # -- work -----------------------------------------------------------------------------------------------------

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do what blocks in a thread; `DeadlineError` if it takes longer than the request may."""
        job = to_thread.run_sync(partial(work, *args, **kwargs), limiter=self.parts.threads, abandon_on_cancel=True)
        return await self._in_time(job)

    async def form(self, *fields: str) -> Form:
        """The photos and texts of the body, in these fields."""
        return await self.form_of(self.parts.settings.limits, *fields)

    async def form_of(self, limits: Limits, *fields: str) -> Form:
        """The same, within other limits."""
        allow(self.request, limits.request_bytes)
        form = await self._in_time(read_form(self.request, limits))
        form.check_fields(*fields)
        self.parts.photos.take(self.key.id, sum(map(len, form.photos.values())))
        return form

    async def faces(self, photos: Sequence[Any], choice: FaceChoice | None = None) -> list[Result]:
        """What `Engine.submit` finds in the photos."""
        left = max(0.0, self.until - time.monotonic())
        return await self._in_time(asyncio.wrap_future(self.parts.engine.submit(photos, choice, seconds=left)))

    async def _in_time(self, work: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(max(0.0, self.until - time.monotonic())):
                return await work
        except TimeoutError as error:
            message = (
                f"it was not done within {self.parts.settings.limits.deadline:g} s. What was asked may still be done; "
                "where it changes something, look first, or ask again with the same Idempotency-Key"
            )
            raise DeadlineError(message) from error

    # -- asking again -----------------------------------------------------------------------------------------------

    def idempotency_key(self) -> str | None:
        """What the caller calls this one request; `BadRequestError` if it is short enough to be guessed."""
        value = self.request.headers.get("idempotency-key")
        if value is not None and not _SHORTEST_VALUE <= len(value) <= _LONGEST_VALUE:
            message = (
                f"an Idempotency-Key has {_SHORTEST_VALUE} to {_LONGEST_VALUE} characters that nobody guesses, such as "
                f"a UUID; got {len(value)}"
            )
            raise BadRequestError(message)
        return value

    async def once(self, content: bytes, work: Callable[[], Awaitable[JSONResponse]]) -> JSONResponse:
        """Do it once for each Idempotency-Key, and answer the same to whoever asks again; without one, do it."""
        if (value := self.idempotency_key()) is None:
            return await work()
        about = f"{self.request.method} {self.request.url.path}".encode() + content
        found = await self.run(self.parts.state.begun, self.key, value, keys.digest(about), now=keys.now())
        if found is not None:
            return JSONResponse(found.body, found.status, {**found.headers, "Idempotent-Replay": "true"})
        try:
            answer = await work()
        except FacerecError as error:
            if not isinstance(error, DeadlineError):  # what was asked may still be done
                await to_thread.run_sync(self.parts.state.ended, self.key, value, None)
            raise
        kept = {name: answer.headers[name] for name in ("location", "etag") if name in answer.headers}
        done = Answer(answer.status_code, kept, json.loads(bytes(answer.body)))
        await to_thread.run_sync(self.parts.state.ended, self.key, value, done)
        return answer


_BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="A key: `fr_...`, as `Authorization: Bearer`.")
_COOKIE = APIKeyCookie(
    name=COOKIE, auto_error=False, scheme_name="session", description="Of the page, after POST /session."
)


async def _asked(
    request: Request,
    scopes: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    cookie: Annotated[str | None, Depends(_COOKIE)],
) -> Asked:
    parts: Parts = request.app.state.parts
    token = None if bearer is None else bearer.credentials
    if token is None and "authorization" in request.headers:  # the guard takes who shows something for no page
        token = ""
    # Not among the threads that may wait for a gallery: whoever asks for something else is not kept waiting with them.
    key = await to_thread.run_sync(key_of, parts.state, token, cookie)
    lacking = [scope for scope in scopes.scopes if scope not in key.scopes]
    if lacking:
        what = SCOPES[lacking[0]]  # type: ignore[index]
        message = f"this key lacks the scope {lacking[0]}, which lets it {what}"
        raise ForbiddenError(message)
    parts.requests.take(key.id, 1)
    await _check_understood(request)
    until = time.monotonic() + parts.settings.limits.deadline
    asked = Asked(parts, request, key, request.state.request, until)
    if (name := request.path_params.get("gallery")) is not None:
        await asked.run(asked.gallery, name)  # or its error; opened where it keeps nobody else waiting
    return asked


async def _check_understood(request: Request) -> None:
    """Refuse what nobody would read: it was meant for something, and the answer would be one to another question."""
    route: APIRoute = request.scope["route"]
    several = dict(parameters_of(route.dependant))
    for name in request.query_params:
        if name not in several:
            message = f"there is no parameter {quoted(name)} here; there are {', '.join(several) or 'none'}"
            raise BadRequestError(message)
        if not several[name] and len(request.query_params.getlist(name)) > 1:
            message = f"the parameter {name} is given more than once"
            raise BadRequestError(message)
    if route.body_field is not None and (body := await request.body()):  # which was read already
        strict_json(body, "the body")


def parameters_of(needed: Dependant) -> Iterator[tuple[str, bool]]:
    """What a route and all that it depends on read after ``?``: by name whether it may be given several times."""
    for each in needed.query_params:
        yield each.alias, get_origin(each.field_info.annotation) is list
    for other in needed.dependencies:
        yield from parameters_of(other)


def key_of(state: State, token: str | None, cookie: str | None) -> Key:
    """The key that a request carries; `UnauthenticatedError`, which does not say what was wrong with it, if none."""
    now, key = keys.now(), None
    if token is not None and (found := keys.parse(token)) is not None:
        key = state.key(found[0])
        key = key if key is not None and keys.opens(key, found[1]) else None
    elif token is None and cookie is not None:
        key = state.session(cookie, now=now)
    if key is None or not key.holds(now):
        message = "the request carries no key that is good: Authorization: Bearer fr_..."
        raise UnauthenticatedError(message)
    return key


def _who(*scopes: str) -> Any:  # noqa: ANN401 - FastAPI's
    return Security(_asked, scopes=list(scopes))


Anybody: TypeAlias = Annotated[Asked, _who()]
Comparer: TypeAlias = Annotated[Asked, _who("compare")]
Verifier: TypeAlias = Annotated[Asked, _who("verify")]
Identifier: TypeAlias = Annotated[Asked, _who("identify")]
Reader: TypeAlias = Annotated[Asked, _who("read")]
Enroller: TypeAlias = Annotated[Asked, _who("enroll")]
Forgetter: TypeAlias = Annotated[Asked, _who("forget")]
LogReader: TypeAlias = Annotated[Asked, _who("log")]
Auditor: TypeAlias = Annotated[Asked, _who("audit")]
Monitor: TypeAlias = Annotated[Asked, _who("metrics")]
Manager: TypeAlias = Annotated[Asked, _who("manage")]
Emptier: TypeAlias = Annotated[Asked, _who("manage", "forget")]


def etag(person: Person) -> str:
    """What a person's record is known by; it changes with anything in it."""
    stated = json.dumps(replace(person, expired=False).to_dict(), sort_keys=True)
    return f'"{keys.digest(stated.encode()).hex()[:32]}"'

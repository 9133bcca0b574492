"""What surrounds every request, before anything of it is understood: its number, its size, its sender, its headers."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facerec.errors import BadRequestError, DeadlineError, FacerecError, ForbiddenError, LargeRequestError
from facerec.service import problems
from facerec.service.metrics import Metrics
from facerec.service.settings import Settings

_LOGGER = logging.getLogger("facerec.service")
_GONE = 499  # nobody waits for the answer any more; what proxies write for it
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
ALLOWED, PATIENT = "allowed bytes", "patient"
COOKIE = "__Host-facerec"
"""Of the page's session."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "media-src 'self' blob:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Guard:
    """Numbers and measures requests, refuses other sites' pages and what is too large, adds headers to answers."""

    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, told, begun = time.monotonic(), {"status": 500}, False
        state = scope.setdefault("state", {})
        number = state["request"] = uuid.uuid4().hex
        state[ALLOWED] = self._settings.limits.document_bytes

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                self._add_headers(MutableHeaders(scope=message), number)
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, self._counted(receive, state), answer)
        except ClientDisconnect:
            told["status"] = _GONE
        except Exception as error:
            if begun:
                raise
            if not isinstance(error, FacerecError):
                problems.log_fault(number, error)
            await problem(error, number)(scope, receive, answer)
        finally:
            seconds = time.monotonic() - began
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"  # anybody can make up any number
            self._metrics.request(method, route, told["status"], seconds)
            _LOGGER.info("%s %s %s %d %.3f", number, method, route, told["status"], seconds)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if _name(headers.get("host", "")) not in self._settings.names:
            message = "the service is not called by this name; --name NAME adds one"
            raise BadRequestError(message)
        limits = self._settings.limits
        check_length(headers, max(limits.request_bytes, limits.archive_bytes))
        # A page elsewhere may make a browser send the cookie of ours; whoever shows a key is no browser's page.
        if scope["method"] in _SAFE or "authorization" in headers:
            return
        origin = headers.get("origin")
        elsewhere = origin is not None and _name(urlsplit(origin).netloc) not in self._settings.names
        if elsewhere or headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            message = "the request comes from a page of another site"
            raise ForbiddenError(message)

    def _counted(self, receive: Receive, state: MutableMapping[str, Any]) -> Receive:
        seen, whole = 0, False
        until = asyncio.get_running_loop().time() + self._settings.limits.deadline

        async def counted() -> Message:
            nonlocal seen, whole
            try:
                # After the body comes only that nobody waits any more; whoever reads patiently has a limit of its own.
                async with asyncio.timeout_at(None if whole or state.get(PATIENT) else until):
                    message = await receive()
            except TimeoutError as error:
                late = f"the body did not come within {self._settings.limits.deadline:g} s; send it again"
                raise DeadlineError(late) from error
            whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > state[ALLOWED]:
                raise _too_large(state[ALLOWED])
            return message

        return counted

    def _add_headers(self, headers: MutableHeaders, number: str) -> None:
        headers["X-Request-Id"] = number
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers.setdefault("Content-Security-Policy", _POLICY)
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if self._settings.encrypted or self._settings.behind_proxy:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def check_length(headers: Headers, most: int) -> None:
    """Refuse a body that says itself that it has more bytes; one that says nothing is counted as it comes in."""
    stated = headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdigit()):
        message = "Content-Length is a number of bytes"
        raise BadRequestError(message)
    if len(stated) > 18 or int(stated) > most:
        raise _too_large(most)


def allow(request: Request, most: int) -> None:
    """Let the body of a request have so many bytes, which only whoever showed a good key is asked for.

    Whoever calls this also says how long it may take.
    """
    check_length(request.headers, most)
    request.scope["state"].update({ALLOWED: most, PATIENT: True})


def _too_large(most: int) -> LargeRequestError:
    return LargeRequestError(f"this request may have {most:,} bytes; send less at once")


def problem(error: BaseException, number: str, *, shown: Callable[[str], str] = str) -> JSONResponse:
    """An error as the answer to the request of that number; `shown` takes out of a text what is not for callers."""
    body = problems.document(error, request=number, shown=shown)
    return JSONResponse(body, body["status"], problems.headers(error), media_type=problems.MEDIA)


def _name(netloc: str) -> str:
    """The host of ``host:port``, ``[::1]:port`` or either without a port, in small letters."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""

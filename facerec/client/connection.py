"""The one way to a service: its address and key, what is asked again and what is not, and its answers' errors."""

from __future__ import annotations

import ipaddress
import json
import os
import random
import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from facerec.client.sent import Sent
from facerec.client.told import refusal
from facerec.errors import (
    ArgumentError,
    DoneBeforeError,
    FacerecError,
    ServiceError,
    ServiceUnreachableError,
    UnauthenticatedError,
)
from facerec.extras import extra
from facerec.visible_text import quoted

with extra("client"):
    import httpx

KEY = "FACEREC_KEY"
"""The variable that holds a key."""

_LONGEST_WAIT = 8.0  # seconds, where the service does not say how long
_sleep = time.sleep


def new_key() -> str:
    """What one request that changes something is called, so that it is done once however often it is asked for."""
    return uuid.uuid4().hex


class Connection:
    """Asks one service, and nobody else: no redirect is followed, no proxy or netrc of the environment is used."""

    def __init__(
        self,
        url: str,
        key: str | None,
        *,
        timeout: float,
        tries: int,
        patience: float,
        transport: httpx.BaseTransport | None,
        insecure: bool,
    ) -> None:
        self.url = checked_url(url, insecure=insecure)
        for name, value in (("timeout", timeout), ("tries", tries), ("patience", patience)):
            if not isinstance(value, int | float) or not value > 0:
                message = f"{name} must be a number above 0; got {quoted(value)}"
                raise ArgumentError(message)
        self._tries, self._patience = int(tries), patience
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {checked_key(key)}", "User-Agent": "facerec"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=transport,
            # The certificates of this machine, as for its other programs; SSL_CERT_FILE names others.
            verify=ssl.create_default_context() if self.url.startswith("https:") else False,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        document: object = None,
        photos: Sequence[tuple[str, Sent]] = (),
        texts: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Ask until there is an answer, or enough was tried; returns its JSON and its headers.

        Parameters
        ----------
        params, headers
            Those that are ``None`` are left out.
        document
            The body, as JSON; or else `photos` by the field of a form that they are in, and `texts`.
        key : str, optional
            The Idempotency-Key of what changes something.

        Raises
        ------
        ServiceUnreachableError
            If nothing answers, or not a service.
        FacerecError
            What the service raised, of its class and with its text.
        """
        request: dict[str, Any] = {"params": {k: v for k, v in (params or {}).items() if v is not None}}
        request["headers"] = {k: v for k, v in (headers or {}).items() if v is not None}
        if key is not None:
            request["headers"]["Idempotency-Key"] = key
        if photos:
            request["files"] = [(name, (each.name, each.content, "application/octet-stream")) for name, each in photos]
            request["data"] = dict(texts or {})
        elif document is not None:
            request["json"] = document
        until = time.monotonic() + self._patience
        for number in range(1, self._tries + 1):
            answer = self._try(method, path, request, key, first=number == 1)
            if isinstance(answer, httpx.Response):
                return self._document(answer), answer.headers
            error, retry_after, passes = answer
            wait = min(_LONGEST_WAIT, 0.25 * 2**number) * random.uniform(0.5, 1) if retry_after is None else retry_after  # noqa: S311
            if not passes or number == self._tries or time.monotonic() + wait > until:
                raise error
            _sleep(wait)
        raise AssertionError  # the last try returns or raises

    def _try(
        self, method: str, path: str, request: Mapping[str, Any], key: str | None, *, first: bool
    ) -> httpx.Response | tuple[FacerecError, float | None, bool]:
        try:
            answer = self._http.request(method, self.url + path, **request)
        except httpx.RequestError as error:
            found = self._unreachable(error, changes=key is not None)
            found.__cause__ = error
            return found, None, "CERTIFICATE_VERIFY" not in str(error)
        if answer.is_success:
            return answer
        told = refusal(answer.status_code, answer.headers, _json(answer), url=self.url)
        # The answer to an earlier try was lost, and what that one began may still be under way.
        return (*told[:2], told.passes or (not first and isinstance(told.error, DoneBeforeError)))

    def _document(self, answer: httpx.Response) -> dict[str, Any]:
        found = _json(answer)
        if not isinstance(found, dict):
            raise refusal(answer.status_code, answer.headers, None, url=self.url).error
        return found

    def _unreachable(self, error: httpx.RequestError, *, changes: bool) -> ServiceUnreachableError:
        advice = "Look at the address, and whether it runs there (facerec serve)"
        if "CERTIFICATE_VERIFY" in str(error):
            advice = "Its certificate is not trusted here: give that of who signed it in the variable SSL_CERT_FILE"
        elif isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            advice = "It may be busy: give fewer photos at a time, or a longer timeout"
        sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol)
        more = ". What was asked for may be done all the same: look before asking again" if changes and sent else ""
        reason = str(error) or type(error).__name__
        return ServiceUnreachableError(f"the service at {self.url} does not answer ({reason}). {advice}{more}")

    def misunderstood(self, error: ArgumentError) -> ServiceError:
        """The error that says that an answer is not as this version knows it."""
        return ServiceError(
            f"the service at {self.url} answers what this version of facerec does not understand: {error}; install the "
            "version that the service has"
        )


class _Told(dict[str, Any]):
    """An object of an answer; what it lacks is told as such."""

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - of a dictionary
        message = f"an answer of the service lacks {quoted(name)}; install the version of facerec that the service has"
        raise ServiceError(message)


def _json(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content, object_hook=_Told)
    except (ValueError, RecursionError):
        return None


def checked_key(key: str | None) -> str:
    """The key, by default that of the environment; messages never hold any of it."""
    given = os.environ.get(KEY) if key is None else key
    if given is None:
        message = f"a service wants a key: give key=..., or set {KEY}; whoever runs it makes one (POST /v1/keys)"
        raise UnauthenticatedError(message)
    found = given.strip() if isinstance(given, str) else ""
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        message = "a key is one word of letters and digits, fr_..., as the service gave it; got something else"
        raise ArgumentError(message)
    return found


def checked_url(url: str, *, insecure: bool = False) -> str:
    """The address without a slash at its end; `ArgumentError` if it is none, or would send photos and key in the clear.

    >>> checked_url("https://faces.example/")
    'https://faces.example'
    >>> checked_url("http://faces.example")
    Traceback (most recent call last):
        ...
    facerec.errors.ArgumentError: http://faces.example is not encrypted, and key and photos would cross the network \
for all to read; give https://..., or insecure=True where the network is your own
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        message = f"the address of a service is https://HOST or https://HOST:PORT; got {_without_secrets(url)}"
        raise ArgumentError(message)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        message = "the address of a service holds no password, and nothing after ? or #; its key is given beside it"
        raise ArgumentError(message)
    if parts.scheme == "http" and not insecure and not _is_loopback(host):
        message = (
            f"{quoted(url)[1:-1]} is not encrypted, and key and photos would cross the network for all to read; give "
            "https://..., or insecure=True where the network is your own"
        )
        raise ArgumentError(message)
    return url.rstrip("/")


def _without_secrets(url: object) -> str:
    return "an address with a password in it" if isinstance(url, str) and "@" in url else quoted(url)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Answers that say what went wrong, as the errors that they were where they were raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from facerec.errors import FacerecError, ServiceError, ServiceUnreachableError, UnusablePhotosError
from facerec.visible_text import quoted

MEDIA = "application/problem+json"

LASTING = frozenset({"read_only", "moved", "newer_version", "gallery_key", "unsafe_server"})
"""Codes of what waiting does not mend, though the service says that it is unavailable."""


def _with_a_code(kind: type[FacerecError]) -> Iterator[tuple[str, type[FacerecError]]]:
    if "code" in vars(kind) and kind.__module__ == FacerecError.__module__:
        yield kind.code, kind
    for each in kind.__subclasses__():
        yield from _with_a_code(each)


BY_CODE: Mapping[str, type[FacerecError]] = MappingProxyType(dict(_with_a_code(FacerecError)))
"""Every class of ``facerec.errors``, by the code that stands for it in answers."""


class Refusal(NamedTuple):
    """An answer that is no result: the error, when to ask again in seconds if that was said, whether it may help."""

    error: FacerecError
    retry_after: float | None
    passes: bool


def refusal(status: int, headers: Mapping[str, str], document: object, *, url: str) -> Refusal:
    """What an answer of that status means; `document` is its JSON, ``None`` if it has none."""
    wait = headers.get("retry-after", "")
    retry_after = float(wait) if wait.isdecimal() else None
    may_pass = status in {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
    media = headers.get("content-type", "").split(";")[0].strip()
    if media != MEDIA or not isinstance(document, Mapping) or not isinstance(document.get("code"), str):
        return Refusal(_of_a_stranger(status, headers, media, url), retry_after, may_pass)
    error = _error(document, status, retry_after)
    return Refusal(error, retry_after, may_pass and error.code not in LASTING)


def _error(document: Mapping[str, Any], status: int, retry_after: float | None) -> FacerecError:
    detail = str(document.get("detail", ""))
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:  # what it was stands in the service's own log
        request = str(document.get("instance", "")).rpartition("/")[2]
        number = "" if request in detail else f" It is {request}"
        detail = f"{document.get('title', 'Something went wrong on the server')}. {detail}{number}"
    kind = BY_CODE.get(document["code"], ServiceError)
    if kind is UnusablePhotosError:
        return UnusablePhotosError(detail, tuple(_reasons(document.get("errors", ()))))
    if issubclass(kind, ServiceError):
        return kind(detail, retry_after=None if retry_after is None else int(retry_after))
    return kind(detail)


def _reasons(told: Any) -> Iterator[tuple[int, FacerecError]]:  # noqa: ANN401 - whatever was answered
    for each in told:
        number = str(each.get("pointer", "")).removeprefix("/photos/")
        if number.isdecimal():
            yield int(number), BY_CODE.get(each.get("code"), FacerecError)(str(each.get("detail", "")))


def _of_a_stranger(status: int, headers: Mapping[str, str], media: str, url: str) -> ServiceUnreachableError:
    if 300 <= status < 400:
        return ServiceUnreachableError(
            f"the service at {url} says that it is at {quoted(headers.get('location', 'another place'))}; give that "
            "address if it is the right one. Nobody is followed elsewhere with photos and a key"
        )
    return ServiceUnreachableError(
        f"what answers at {url} is no facerec service, or a proxy before one that does not answer: status {status} "
        f"with {media or 'no content'}; look at the address"
    )

"""Bodies of requests: photos and texts of a form, held in memory and never on the disk."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from anyio import to_thread
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from facerec.errors import BadRequestError, DeadlineError, LargeRequestError, UnknownMediaError
from facerec.service.guards import allow
from facerec.service.settings import Limits
from facerec.visible_text import quoted

FORM, ZIP = "multipart/form-data", "application/zip"
_MOST_FIELDS = 32


class Upload(io.BytesIO):
    """A photo as it came; `name` is what whoever sent it calls it."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


@dataclass(frozen=True)
class Form:
    """Photos by the field that they came in, and texts; `digest` is of all of it, whatever lies between the parts."""

    photos: Mapping[str, tuple[Upload, ...]]
    texts: Mapping[str, str]
    digest: bytes

    def all_photos(self, name: str = "photos") -> tuple[Upload, ...]:
        """The photos of a field, at least one; else `BadRequestError`."""
        if not (found := self.photos.get(name, ())):
            message = f"the form needs a photo in its field {name}; it has {', '.join(self.photos) or 'none'}"
            raise BadRequestError(message)
        return found

    def photo(self, name: str) -> Upload:
        """The one photo of a field; else `BadRequestError`."""
        found = self.all_photos(name)
        if len(found) > 1:
            message = f"the field {name} is one photo; it holds {len(found)}"
            raise BadRequestError(message)
        return found[0]

    def document(self, name: str) -> dict[str, Any]:
        """The JSON object in a field of text, empty where there is no such field; else `BadRequestError`."""
        return json_object(self.texts.get(name, "{}"), f"the field {name}")

    def check_fields(self, *known: str) -> None:
        """Refuse fields that nobody reads: they were meant for something."""
        if unknown := [each for each in (*self.photos, *self.texts) if each not in known]:
            message = f"the form has a field {quoted(unknown[0])}; it may have {', '.join(known)}"
            raise BadRequestError(message)


def json_object(text: str | bytes, what: str) -> dict[str, Any]:
    """An object of JSON; `BadRequestError`, which calls it `what`, if it is none."""
    found = strict_json(text, what)
    if not isinstance(found, dict):
        message = f"{what} must be a JSON object; got {type(found).__name__}"
        raise BadRequestError(message)
    return found


def strict_json(text: str | bytes, what: str) -> Any:  # noqa: ANN401 - whatever it holds
    """JSON that all readers take for the same, else `BadRequestError`: each name once, only numbers and characters."""
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_each_once)
        json.dumps(found, ensure_ascii=False).encode()  # which half of a character cannot be
    except (ValueError, RecursionError) as error:
        message = f"{what} is no JSON: {error}"
        raise BadRequestError(message) from error
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        message = "a name stands twice in one object, and readers differ in which of the two holds"
        raise ValueError(message)
    return found


def _no_number(text: str) -> float:
    message = f"{text} is no number of JSON"
    raise ValueError(message)


async def read_form(request: Request, limits: Limits) -> Form:
    """Read a form of photos and texts, within limits that are counted as it comes in.

    Raises
    ------
    UnknownMediaError
        If it is none.
    LargeRequestError
        If it has too many photos, or one is too large.
    BadRequestError
        If it is damaged, or its texts are too many or too long.
    """
    given = media_of(request)
    if given != FORM:
        message = f"this address takes photos as {FORM}; got {given or 'no content type'}"
        raise UnknownMediaError(message)
    try:
        parser = _InMemory(
            request.headers,
            request.stream(),
            max_files=limits.photos + 1,
            max_fields=_MOST_FIELDS,
            max_part_size=limits.document_bytes,
        )
        items = (await parser.parse()).multi_items()
    except MultiPartException as error:
        if "files" in error.message:
            message = f"a request may have {limits.photos} photos"
            raise LargeRequestError(message) from error
        message = f"the form cannot be read: {error.message}"
        raise BadRequestError(message) from error
    except (KeyError, ValueError, UnicodeError) as error:
        message = f"the form cannot be read: {error}"
        raise BadRequestError(message) from error
    return await _form(items, limits)


class _InMemory(MultiPartParser):
    """Starlette's, which keeps nothing on the disk, and refuses a form that was cut off: a part would be missing."""

    spool_max_size = 1 << 62

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], **limits: int) -> None:
        super().__init__(headers, self._to_its_end(stream), **limits)
        self._ended = False

    def on_end(self) -> None:
        """The last boundary was there."""
        self._ended = True

    async def _to_its_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for block in stream:
            yield block
        if not self._ended:
            message = "it ends before its last boundary; send it again"
            raise MultiPartException(message)


async def _form(items: list[tuple[str, Any]], limits: Limits) -> Form:
    photos: dict[str, list[Upload]] = {}
    texts: dict[str, str] = {}
    digest = hashlib.sha256()
    for name, value in items:
        if isinstance(value, UploadFile):
            content, called = await value.read(), value.filename or "photo"
            await value.close()
            if len(content) > limits.photo_bytes:
                message = f"a photo may have {limits.photo_bytes:,} bytes; {quoted(called)} has {len(content):,}"
                raise LargeRequestError(message)
            photos.setdefault(name, []).append(Upload(content, called))
            told = [name, called, hashlib.sha256(content).hexdigest()]
        else:
            if name in texts:
                message = f"the form has the field {quoted(name)} twice"
                raise BadRequestError(message)
            texts[name] = value
            told = [name, value]
        digest.update(json.dumps(told).encode())
    if sum(map(len, photos.values())) > limits.photos:
        message = f"a request may have {limits.photos} photos"
        raise LargeRequestError(message)
    return Form({name: tuple(several) for name, several in photos.items()}, texts, digest.digest())


async def read_archive(request: Request, file: IO[bytes], *, most: int, patience: float) -> bytes:
    """Write the body, a zip, to a file as it comes in; returns its digest.

    `UnknownMediaError` if it is called something else, `LargeRequestError` if it has more than `most` bytes,
    `DeadlineError` if it stops coming for longer than `patience` seconds.
    """
    given = media_of(request)
    if given != ZIP:
        message = f"an archive comes as {ZIP}; got {given or 'no content type'}"
        raise UnknownMediaError(message)
    allow(request, most)
    digest, parts = hashlib.sha256(), aiter(request.stream())
    try:
        while True:
            async with asyncio.timeout(patience):
                block = await anext(parts)
            digest.update(block)
            await to_thread.run_sync(file.write, block)
    except StopAsyncIteration:
        return digest.digest()
    except TimeoutError as error:
        message = f"nothing of the archive came for {patience:g} s; send it again"
        raise DeadlineError(message) from error


def media_of(request: Request) -> str:
    """What a request says that its body is."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()

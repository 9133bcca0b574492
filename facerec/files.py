"""Files of this machine: read only if they are regular and of a sensible size, written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from facerec.errors import FacerecError, OutputError

MOST_JSON = 256 << 20
"""Bytes of the largest JSON file that is read."""

_BLOCK = 1 << 16
_WORDS = {errno.ENOENT: "there is no such file", errno.EACCES: "its permissions do not allow it"}


def is_there(path: str | os.PathLike[str]) -> bool:
    """Whether there is anything at `path`; of a text that can be no path (too long, a null character), there is not."""
    return os.path.exists(path)  # noqa: PTH110 - Path.exists raises OSError for such a text


def is_folder(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a folder; as `is_there`."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a regular file, or a link to one; as `is_there`."""
    return os.path.isfile(path)  # noqa: PTH113


def as_given(path: str | os.PathLike[str]) -> str:
    """A path as it was given; an address whose two slashes `Path` made one has both again.

    >>> as_given(Path("https://example.org/a.jpg"))
    'https://example.org/a.jpg'
    """
    return re.sub(r"^([a-z][a-z0-9+.-]+):/(?!/)", r"\1://", os.fsdecode(path), flags=re.IGNORECASE)


def absent(path: str | os.PathLike[str], what: str) -> str:
    """In words that there is no such `what` (a file) at `path`; of an address, that it is not followed."""
    address = re.match(r"[a-z][a-z0-9+.-]+:/", os.fsdecode(path), re.IGNORECASE)  # a drive has one letter
    return "addresses are not followed; download it and give the file" if address else f"there is no such {what}"


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file, or a link to one, for reading; never a pipe, which would be waited for, nor a device.

    `OSError`, whose ``strerror`` says why in words and without the path, if there is none or it cannot be opened.
    """
    try:
        # Without blocking: opening a pipe waits for who writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(error.errno, _WORDS.get(error.errno or 0, error.strerror)) from error
    except ValueError as error:  # a path that holds a null character
        raise OSError(errno.EINVAL, str(error)) from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(
    path: str | os.PathLike[str],
    *,
    limit: int,
    error: type[FacerecError],
    missing: type[FacerecError] | None = None,
    advice: str = "",
) -> bytes:
    """Read a regular file of at most `limit` bytes.

    `error` is raised, with `advice` on what to do at the end, if it is a folder or no regular file, may not be read or
    is larger; where there is no such file `missing`, if that is given.
    """
    with _told(path, error, missing, advice), open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        # A little more than its size, never the limit: that much memory would be taken at once.
        contents = file.read(size + _BLOCK) if size <= limit else b""
        if max(size, len(contents)) > limit or len(contents) == size + _BLOCK:
            raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes" if size > limit else "it grows")
        return contents


def read_json(
    path: str | os.PathLike[str],
    *,
    error: type[FacerecError],
    missing: type[FacerecError] | None = None,
    damaged: type[FacerecError] | None = None,
    advice: str = "",
    limit: int = MOST_JSON,
) -> Any:  # noqa: ANN401 - whatever the file holds; the caller checks it
    """Read a file of JSON in UTF-8 whose numbers are all finite.

    Errors are those of `read_regular`; and `damaged` (by default `error`), if it is not JSON, holds NaN or a number
    beyond the largest float, or is nested too deep.
    """
    contents = read_regular(path, limit=limit, error=error, missing=missing, advice=advice)
    try:
        return json.loads(contents, parse_float=_real, parse_int=_whole, parse_constant=_real)
    except (ValueError, RecursionError) as problem:
        raise (damaged or error)(_message(f"{path} is not JSON: {problem}", advice)) from problem


def sha256_of(
    path: str | os.PathLike[str],
    *,
    error: type[FacerecError],
    missing: type[FacerecError] | None = None,
    advice: str = "",
) -> str:
    """SHA-256 of a regular file as 64 hexadecimal digits, read in blocks; errors are those of `read_regular`."""
    with _told(path, error, missing, advice), open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends without an error.

    It is in the same folder, which must exist (so that the replacement is atomic), and has the same suffix.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to; what was there before is left as it was.
    """
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        with partial.open("r+b") as written:  # some systems flush only what is open for writing
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise OutputError(message) from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside `folder` that takes its name when the block ends without an error.

    Folders above it are made.

    Raises
    ------
    OutputError
        If `folder` exists, or cannot be written to; nothing is left behind.
    """
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        if folder.exists():
            message = f"{folder} exists already; remove it or choose another name"
            raise OutputError(message)
        partial.mkdir(parents=True)
        yield partial
        os.rename(partial, folder)  # noqa: PTH104 - Path.rename says the same and hides that it is one step
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        raise OutputError(message) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _told(
    path: str | os.PathLike[str], error: type[FacerecError], missing: type[FacerecError] | None, advice: str
) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raised = missing if missing is not None and isinstance(problem, FileNotFoundError) else error
        message = _message(f"{os.fsdecode(path)} cannot be read: {problem.strerror or problem}", advice)
        raise raised(message) from problem


def _message(said: str, advice: str) -> str:
    return f"{said}; {advice}" if advice else said


def _real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        message = f"{text[:20]} is no finite number"
        raise ValueError(message)
    return value


def _whole(text: str) -> int:
    _real(text)
    return int(text)

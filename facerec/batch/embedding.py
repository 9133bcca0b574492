"""Embedding a listing of photos into a folder of parts, with any runner; as often as it takes."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from facerec.batch import doing
from facerec.batch.claims import Owner
from facerec.batch.listing import Listing, Photo, Stamp
from facerec.batch.parts import PartRow, Parts, Seen, by_part, open_parts
from facerec.batch.work import Runner, Unit
from facerec.errors import ArgumentError, FacerecError, ImageError, OutputError
from facerec.files import read_json
from facerec.measure.photo_vectors import FaceStream, judged, streamed_choice
from facerec.measure.tables.stamp import UNREADABLE
from facerec.types import DEFAULT_CHOICE, FaceChoice
from facerec.visible_text import shortened

BLOCK = 128
"""Photos in a part where nothing else is asked for: what a crash costs, and about what a part holds."""

MOST_DEATHS = 3
"""Processes that one photo may cost before it is a row without a vector."""

_SETTLED = 1_000_000_000  # nanoseconds: what changed a moment ago may change again within one tick of a disk's clock


@dataclass(frozen=True)
class Block:
    """What there is to do for one part: the photos that belong to it, each with its stamp."""

    number: int
    photos: tuple[tuple[Photo, Stamp | None], ...]
    forget: bool = False


@dataclass(frozen=True)
class Told:
    """What came of a block: how many rows were `embedded` and `kept`, and of which photos new contents were found.

    `failures` counts the rows without a vector, old and new, by the words of tables.
    """

    photos: int
    embedded: int
    kept: int
    changed: tuple[str, ...] = ()
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EmbedReport:
    """What `embed_photos` did, and what is there now.

    Attributes
    ----------
    photos, people : int
        In the listing.
    embedded : int
        Photos that this run looked at, with a vector in the end or not.
    kept : int
        Photos whose rows were there, or were made by other runs meanwhile.
    added, removed : tuple of str
        Photos that are new, and that are gone, since the run before; none in a folder's first run.
    changed : tuple of str
        Photos whose contents are others than they were; their rows were made anew.
    failures : mapping of str to int
        Rows without a vector, by the words of ``tables/stamp.py``.
    lost : int
        Processes that ended in the midst of a block.
    given_up : mapping of str to str
        Parts that could not be made, each with how its last process ended.
    seconds : float
    """

    photos: int
    people: int
    embedded: int
    kept: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    failures: Mapping[str, int]
    lost: int
    given_up: Mapping[str, str]
    seconds: float


@dataclass(frozen=True)
class Embedding:
    """The work of `embed_photos`: blocks of photos into parts.

    `recognizer` must go into other processes: one that was made by names and options does.
    """

    recognizer: FaceStream
    parts: Parts
    choice: FaceChoice

    def begin(self) -> Callable[[Unit], Told]:
        """The recognizer is here by now: it came with the work."""
        return self._do

    def lost(self, unit: Unit) -> None:
        """Hold it against the photo that the process was at."""
        trail = Trail.of(self.parts.trail(unit.task.number))
        if trail.at:
            trail.blamed[trail.at] += 1
            trail.mark("")

    def _do(self, unit: Unit) -> Told:
        block: Block = unit.task
        began = time.time_ns()
        trail = Trail.of(self.parts.trail(block.number))
        known, held = self.parts.seen(block.number) or {}, self.parts.rows(block.number)
        rows: dict[str, tuple[Mapping[str, str], NDArray[np.float32] | None]] = {}
        kept, changed = 0, []
        fresh: list[_Source] = []
        for photo, stamp in block.photos:
            row, source = held.get(photo.name), _Source(photo, trail)
            if row is not None and _same_contents(row, known.get(photo.name), stamp, source):
                rows[photo.name] = {**row.texts, **self._texts(photo)}, row.vector
                kept += 1
                continue
            if row is not None and source.sha256 != row.texts["sha256"]:
                changed.append(photo.name)
            fresh.append(source)
        for source, found in zip(fresh, self._embedded(fresh, trail), strict=True):
            vector, failure, problem = found
            own = {"failure": failure, "problem": problem, "sha256": source.sha256}
            rows[source.photo.name] = self._texts(source.photo) | own, vector
        seen = {
            photo.name: Seen(
                stamp,
                rows[photo.name][0]["sha256"],
                photo.texts,
                settled=bool(rows[photo.name][0]["sha256"]) and stamp is not None and began - max(stamp[1:]) > _SETTLED,
            )
            for photo, stamp in block.photos
        }
        if not block.forget:
            for name, row in held.items():
                if name not in rows:
                    rows[name] = row.texts, row.vector
                    texts = tuple(row.texts[column] for column in self.parts.run.columns)
                    seen[name] = known.get(name, Seen(None, row.texts["sha256"], texts, settled=True))
        ordered = {name: rows[name] for name in sorted(rows)}
        same = (
            held.keys() == ordered.keys()
            and not fresh
            and all(held[name].texts == texts for name, (texts, _) in ordered.items())
        )
        if same and self.parts.path(block.number).is_file():
            self.parts.note(block.number, seen)
        else:
            self.parts.write(block.number, ordered.values(), seen)
        trail.end()
        failures = Counter(texts["failure"] for texts, _ in ordered.values() if texts["failure"])
        return Told(len(block.photos), len(fresh), kept, tuple(changed), failures)

    def _texts(self, photo: Photo) -> dict[str, str]:
        return {"photo": photo.name, **dict(zip(self.parts.run.columns, photo.texts, strict=True))}

    def _embedded(self, sources: list[_Source], trail: Trail) -> Iterator[tuple[NDArray[np.float32] | None, str, str]]:
        """Of each photo its vector, or why there is none; one that cost too many processes is not looked at again."""
        sound = [each for each in sources if trail.blamed[each.photo.name] < MOST_DEATHS]
        stream = self.recognizer.stream(cast("Any", iter(sound)), choice=streamed_choice(self.choice))
        for source in sources:
            if trail.blamed[source.photo.name] < MOST_DEATHS:
                vector, failure, problem = judged(next(stream), self.choice, self.recognizer.gate)
                yield vector, failure, problem.removeprefix(f"{shortened(source.name)} cannot be read as a photo: ")
            else:
                with suppress(ImageError):
                    source.look()
                yield (
                    None,
                    UNREADABLE,
                    f"{MOST_DEATHS} processes that looked at it were lost: they crashed, or were killed",
                )


def _same_contents(row: PartRow, known: Seen | None, stamp: Stamp | None, source: _Source) -> bool:
    """Whether a photo is the one that a row is of: by its stamp where that is settled, or else by its contents."""
    sha256 = row.texts["sha256"]
    if known is not None and known.settled and known.stamp == stamp and known.sha256 == sha256:
        return True
    with suppress(ImageError):
        source.look()
    return source.sha256 == sha256 != ""


class Trail:
    """At which photo a block is, and which photos were at hand when a process was lost; a file, to outlive it."""

    def __init__(self, path: Path, blamed: Counter[str], at: str) -> None:
        self._path = path
        self.blamed = blamed
        self.at = at

    @classmethod
    def of(cls, path: Path) -> Trail:
        """What is noted so far; nothing where no process was lost."""
        try:
            told = read_json(path, error=OutputError)
            return cls(path, Counter({str(name): int(count) for name, count in told["blamed"].items()}), told["at"])
        except (FacerecError, KeyError, TypeError, ValueError, AttributeError):
            return cls(path, Counter(), "")

    def mark(self, at: str) -> None:
        """Note at which photo the process is."""
        self.at = at
        with suppress(OSError):  # it is a help against photos that end processes, and nothing else
            self._path.write_text(json.dumps({"at": at, "blamed": self.blamed}), encoding="utf-8")

    def end(self) -> None:
        """The block is done."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class _Source:
    """A photo as a binary file that is read when its turn comes; then its digest is known."""

    def __init__(self, photo: Photo, trail: Trail) -> None:
        self.photo = photo
        self.name = photo.name
        self.sha256 = ""
        self._trail = trail
        self._read = False

    def read(self, _size: int = -1) -> bytes:
        """The whole file, and then nothing; `ImageError` if it cannot be read."""
        if self._read:
            return b""
        self._read = True
        self._trail.mark(self.name)
        return self.look()

    def look(self) -> bytes:
        """The contents, and nothing is begun with them."""
        contents = self.photo.read()
        self.sha256 = hashlib.sha256(contents).hexdigest()
        return contents


def embed_photos(
    listing: Listing,
    out: Path,
    recognizer: Any,  # noqa: ANN401 - a Recognizer, which stands above this module
    run: Runner,
    *,
    choice: FaceChoice = DEFAULT_CHOICE,
    block: int = BLOCK,
    forget_removed: bool = False,
    progress: Callable[[int, int], None] | None = None,
    waiting: Callable[[int, Owner | None], None] | None = None,
) -> EmbedReport:
    """Embed photos into a folder of parts, which is gone on with where it is there already.

    Parameters
    ----------
    listing : Listing
    out : Path
        See ``facerec.batch.parts``; ``facerec.measure.tables.vector_table.read_vectors`` reads it as one table.
    recognizer : Recognizer
        Finds, judges and embeds the faces.
    run : Runner
        ``local(workers)`` or ``on_ray(workers)``.
    choice : {"main", "only", "largest", "central"}
    block : int
        About so many photos are in a part, >= 1, where the folder is begun; a process that is lost loses at most its
        part's work.
    forget_removed : bool
        Take the rows of photos that are not in the listing any more out of the parts; by default they stay.
    progress : callable, optional
        Called with the photos that are done and the photos in all.
    waiting : callable, optional
        As for `do`.

    Raises
    ------
    ArgumentError
        If `block` is below 1.
    ModelMismatchError, OutputError
        As of `open_parts`; `OutputError` if a part cannot be written.
    FacerecError
        As of the runner.
    """
    if block < 1:
        message = f"a block is 1 photo or more; got {block}"
        raise ArgumentError(message)
    began = time.monotonic()
    parts = open_parts(
        out,
        matcher=recognizer.matcher,
        columns=listing.columns,
        dimension=recognizer.embedder.dimension,
        choice=choice,
        photos=len(listing.photos),
        block=block,
    )
    units: list[Unit] = []
    added: list[str] = []
    removed: list[str] = []
    photos = len(listing.photos)
    done = 0
    for number, inside in enumerate(by_part(listing.photos, parts.run.parts)):
        planned = Block(number, tuple((photo, photo.stamp) for photo in inside), forget_removed)
        unit = Unit(f"{number:05d}", planned)
        known, names = _known(parts, number), {photo.name for photo in inside}
        if known is not None:  # or nobody came to it yet
            removed += sorted(known - names)
            added += sorted(names - known)
        if _is_done(parts, unit, settled=True):
            done += len(inside)
        else:
            units.append(unit)
    kept, embedded, changed = done, 0, list[str]()

    def told(_: Unit, outcome: Told) -> None:
        nonlocal done, kept, embedded
        done += outcome.photos
        kept += outcome.kept
        embedded += outcome.embedded
        changed.extend(outcome.changed)
        if progress is not None:
            progress(done, photos)

    if progress is not None:
        progress(done, photos)
    with parts.claims() as claims:
        report = doing.do(
            Embedding(recognizer, parts, choice),
            units,
            run,
            claims,
            is_done=lambda unit: _is_done(parts, unit),
            told=told,
            waiting=waiting,
        )
        if not report.given_up and not claims.others():
            claims.tidy()
            parts.tidy()
    failures = _failures(parts)
    by_others = photos - done - sum(len(each.task.photos) for each in units if each.key in report.given_up)
    return EmbedReport(
        photos=photos,
        people=len({photo.texts[0] for photo in listing.photos}),
        embedded=embedded,
        kept=kept + by_others,
        added=tuple(added),
        changed=tuple(sorted(changed)),
        removed=tuple(removed),
        failures=failures,
        lost=report.lost,
        given_up=report.given_up,
        seconds=time.monotonic() - began,
    )


def _known(parts: Parts, number: int) -> set[str] | None:
    """The photos that a part holds; ``None`` where there is none."""
    seen = parts.seen(number)
    if seen is not None:
        return set(seen)
    return set(parts.rows(number)) if parts.path(number).is_file() else None


def _is_done(parts: Parts, unit: Unit, *, settled: bool = False) -> bool:
    """Whether a part holds the rows of these photos, as they are; `settled`: and need not be looked at again."""
    block: Block = unit.task
    seen = parts.seen(block.number)
    if seen is None or (block.forget and len(seen) > len(block.photos)):
        return False
    for photo, stamp in block.photos:
        known = seen.get(photo.name)
        if known is None or known.stamp != stamp or known.texts != photo.texts or (settled and not known.settled):
            return False
    return True


def _failures(parts: Parts) -> dict[str, int]:
    from pyarrow import parquet

    found: Counter[str] = Counter()
    for number in range(parts.run.parts):
        if parts.path(number).is_file():
            column = parquet.read_table(parts.path(number), columns=["failure"]).column("failure")
            found.update(word for word in column.to_pylist() if word)
    return dict(found.most_common())

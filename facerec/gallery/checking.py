"""Whether a gallery holds what its log says, no more, no less and nothing else; over every store.

The log is followed from its start, and each entry that changed somebody says which digests their record and their faces
had from then on. At the end everybody who is stored must have the digests of their last entry, and everybody who has an
entry must be stored, unless they were forgotten. So an edit past the gallery shows, as long as the log is the true one:
that is what its chain, a head that was noted elsewhere (`against`), and a key are for.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from facerec.errors import DamagedGalleryError
from facerec.gallery import sealing
from facerec.gallery.ledger import Ledger
from facerec.gallery.records import LEFT, GalleryCheck, LogCheck, LogHead
from facerec.gallery.rows import LogRow, PersonRow, PhotoRow, Rows, SampleRow, SourceRow
from facerec.visible_text import quoted, shortened

_HALF = hashlib.sha256().digest_size
_AT_ONCE = 2048  # faces


class _Note(NamedTuple):
    """What the log says of a note beside it."""

    whose: bytes
    digest: bytes


class _Account:
    """What the log says is in the gallery, read entry by entry."""

    def __init__(self) -> None:
        self.people: dict[bytes, bytes] = {}  # digests of record and faces
        self.holders: dict[bytes, bytes] = {}  # of whoever was absorbed: by whom
        self.beside: defaultdict[bytes, dict[int, _Note]] = defaultdict(dict)  # with whom what stands beside is kept
        self._absorbed: bytes | None = None  # by the entry before
        self.embedder = ("", "")  # name and digest
        self.told_from = 0  # the entry from which on the log says what is there; 0: version 1, whose log does not
        self.problems: list[str] = []

    def enter(self, row: LogRow) -> None:
        """Take in what an entry says."""
        try:
            told = json.loads(row.details)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            self.problems.append(f"the details of log entry {row.number} are no JSON object")
            return
        if row.person_id is None:
            self._enter_gallery(row, told)
            return
        if row.contents is not None:
            self.people[row.person_id] = row.contents
            self._come_back(row.person_id)
        if row.event in LEFT:
            self.people.pop(row.person_id, None)
        if row.event == "forgotten":
            self.beside.pop(row.person_id, None)
        if row.event == "received" and self._absorbed is not None:
            self.holders[self._absorbed] = row.person_id
            self.beside[row.person_id] |= self.beside.pop(self._absorbed, {})
        self._absorbed = row.person_id if row.event == "absorbed" else None
        if row.source_digest is not None:
            self.beside[row.person_id][row.number] = _Note(row.person_id, row.source_digest)

    def _come_back(self, person_id: bytes) -> None:
        """Whoever was absorbed is there again, with what stands beside their entries (``Ledger.bring_back``)."""
        if person_id not in self.holders:
            return
        kept = self.beside[self._path(person_id)[-1]]
        theirs = [number for number, note in kept.items() if person_id in self._path(note.whose)]
        self.beside[person_id] |= {number: kept.pop(number) for number in theirs}
        del self.holders[person_id]

    def _path(self, person_id: bytes) -> list[bytes]:
        """Somebody, who absorbed them, who absorbed that one in turn, and so on."""
        path = [person_id]
        while (holder := self.holders.get(path[-1])) is not None and holder not in path:
            path.append(holder)
        return path

    def _enter_gallery(self, row: LogRow, told: Mapping[str, object]) -> None:
        if row.event in ("created", "reembedded"):
            name = str(told.get("embedder", ""))  # which version 1 did not log with new vectors
            self.embedder = (name, str(told.get("to", told.get("digest", ""))))
        if row.event in ("created", "sealed") and "version" in told:
            self.told_from = self.told_from or row.number


def check(ledger: Ledger, *, key: bytes | None = None, against: Sequence[LogHead] = ()) -> GalleryCheck:
    """Read all of a gallery; `against` are heads that its log must have."""
    rows = ledger.rows
    log, account, missed = _follow(rows, key, against)
    broken = [] if log.intact else [f"the log is not intact after {log.entries} entries: {log.problem}"]
    problems = [*broken, *missed, *account.problems, *rows.faults()]
    problems += _told(_gallery_problems(rows, account, key, log))
    unproven = ""
    if account.told_from == 0 and rows.count(PersonRow):
        unproven = (
            "the log says nothing of the contents, since version 1 of facerec made this gallery; open it once where it "
            "can be written"
        )
    problems += _told(_people_problems(ledger, account, proven=not unproven))
    problems += _told(_source_problems(rows, account))
    people, samples = rows.count(PersonRow), rows.count(SampleRow)
    return GalleryCheck(log, people, samples, tuple(problems), unproven, ledger.erasure_due)


def check_log(rows: Rows, key: bytes | None = None) -> LogCheck:
    """Follow the chain of the log alone."""
    chain = sealing.Chain(key)
    for row in rows.select(LogRow):
        chain.follow(row)
    return chain.ended(rows.last_number(LogRow))


def _follow(rows: Rows, key: bytes | None, against: Sequence[LogHead]) -> tuple[LogCheck, _Account, list[str]]:
    chain, account = sealing.Chain(key), _Account()
    wanted: defaultdict[int, set[str]] = defaultdict(set)
    for head in against:
        wanted[head.entries].add(head.digest)
    missed = []
    for row in rows.select(LogRow):
        chain.follow(row)
        account.enter(row)
        if wanted.pop(row.number, {row.digest.hex()}) != {row.digest.hex()}:
            missed.append(f"entry {row.number} of the log is not the one of the known head: the log was written anew")
    missed += [
        f"the log has no entry {number}, which the known head has: this is an older copy of the gallery, or the end of "
        "its log was cut off"
        for number in sorted(wanted)
    ]
    return chain.ended(rows.last_number(LogRow)), account, missed


def _told(problems: Iterator[str]) -> Iterator[str]:
    """The problems, the last of which may be that nothing more could be read."""
    try:
        yield from problems
    except DamagedGalleryError as error:
        yield str(error)


def _gallery_problems(rows: Rows, account: _Account, key: bytes | None, log: LogCheck) -> Iterator[str]:
    row = rows.gallery()
    known, (name, digest) = row.key_id, account.embedder
    if key is not None and known != sealing.key_id(key) and log.intact:
        yield "the gallery is marked with another key than the one its log is kept with"
    if key is None and known is not None and log.intact:
        yield "the gallery is marked as kept with a key, but its log is not"
    if account.told_from and not row.sealed:
        yield "the gallery is marked as one without seals, but its log says what they are"
    if digest and digest != row.digest:
        yield (
            f"the gallery is bound to the embedder with digest {shortened(row.digest)}, but its log says "
            f"{shortened(digest)}"
        )
    elif name and name != row.embedder:
        yield f"the gallery is bound to the embedder {quoted(row.embedder)}, but its log says {quoted(name)}"


def _people_problems(ledger: Ledger, account: _Account, *, proven: bool) -> Iterator[str]:
    """Everybody and every face that is damaged, missing, or not as the log says."""
    rows, present = ledger.rows, set()
    told: dict[int, tuple[str, bytes | None]] = {}  # by number: the name, and the digest of the faces
    for person in rows.select(PersonRow):
        present.add(person.id)
        contents = account.people.get(person.id)
        told[person.number] = person.name, None if contents is None else contents[_HALF:]
        if proven and contents is None:
            yield f"{quoted(person.name)} stands in the gallery, but the log does not say that they were enrolled"
        elif proven and contents is not None and sealing.record_digest(person) != contents[:_HALF]:
            yield f"what is recorded of {quoted(person.name)} (name, consent, purpose, expiry) is not what the log says"
    faces: defaultdict[int, list[bytes]] = defaultdict(list)
    yield from _face_problems(ledger, told, faces)
    for number, (name, digest) in told.items():
        if number not in faces:
            yield f"there is no face of {quoted(name)}"
        if proven and digest is not None and sealing.joined(faces[number]) != digest:
            yield f"the faces of {quoted(name)} are not those that the log says"
    for person_id in account.people.keys() - present:
        yield f"somebody whom the log knows as {person_id.hex()} is gone without having been forgotten"


def _face_problems(
    ledger: Ledger, told: Mapping[int, tuple[str, bytes | None]], faces: defaultdict[int, list[bytes]]
) -> Iterator[str]:
    """Vectors and photos that were changed; fills in the digests of each person's `faces`."""
    rows = ledger.rows
    with_photo = rows.counts(PhotoRow, "number")
    samples = rows.select(SampleRow)
    while part := list(islice(samples, _AT_ONCE)):
        faults = ledger.faults_of(part)
        yield from (ledger.named(part[row].number, fault) for row, fault in faults.items())
        for row in part:
            faces[row.person].append(sealing.face_digest(row))
            if row.person not in told:
                yield f"face number {row.number} ({shortened(row.source)}) belongs to nobody"
            if row.kept or row.number in with_photo:
                yield from _photo_problems(rows, row, told.get(row.person, ("nobody", None))[0])


def _photo_problems(rows: Rows, row: SampleRow, name: str) -> Iterator[str]:
    content = next((each.content for each in rows.select(PhotoRow, number=row.number)), None)
    called = f"the kept photo {shortened(row.source)} of {quoted(name)}"
    if bool(row.kept) != (content is not None):
        yield f"{called} is gone" if row.kept else f"there is a photo of {quoted(name)} that was not kept by facerec"
    elif content is not None and hashlib.sha256(content).digest() != row.photo_sha256:
        yield f"{called} was changed"


def _source_problems(rows: Rows, account: _Account) -> Iterator[str]:
    """What stands beside the log (``Ledger.append``) must be there as long as whoever it is forgotten with."""
    present = {row.id for row in rows.select(PersonRow)}
    wanted = {
        number: (keeper, note.digest)
        for keeper, notes in account.beside.items()
        if keeper in present
        for number, note in notes.items()
    }
    for row in rows.select(SourceRow):
        found = wanted.pop(row.number, None)
        if found is None and (row.number < account.told_from or not account.told_from):
            continue  # of version 1, which kept no digest
        if found is None:
            yield f"{_note_beside(row.number)} is there, but should not be"
        elif found != (row.person_id, sealing.source_digest(row)):
            yield f"{_note_beside(row.number)} is not what the log says"
    for number in wanted:
        yield f"{_note_beside(number)} is gone"


def _note_beside(number: int) -> str:
    return f"the note beside log entry {number} (a photo's name, or former terms)"

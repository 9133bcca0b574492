"""Digests of a gallery's rows, and the chain of the log that they are entered in.

Every row that says something of a person has a random salt, and its digest covers the salt. The log keeps, with each
entry that changed somebody, two digests: of their record, and of their faces. So whoever edits a row past the gallery
would have to rewrite the log from there on, which a head that was noted elsewhere, or a key, shows. When a row is
deleted or written anew its salt is gone, and the digest in the log then confirms no guess: of 2^128 salts, nobody knows
which.

The chain makes a rewritten log show: each entry's digest covers its own fields and the digest of the entry before. With
a key the digests are HMACs (RFC 2104), which nobody can recompute who has the file and not the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Sequence

from facerec.gallery.records import LogCheck
from facerec.gallery.rows import LogRow, PersonRow, SampleRow, SourceRow

CHAIN_START = "0" * 64
"""What stands in for the digest before the first entry."""

KEYED = "keyed"
"""The event from which on, itself included, digests are made with the key."""

_SALT_BYTES = 16
_ENCODER = json.JSONEncoder()  # made once, as nearly every row needs it


def new_salt() -> bytes:
    """Random bytes that nobody can guess."""
    return secrets.token_bytes(_SALT_BYTES)


def seal(salt: bytes, vector: bytes) -> bytes:
    """What a vector is checked against whenever it is loaded."""
    return hashlib.sha256(salt + vector).digest()


def broken_seals(
    salts: Sequence[bytes | None], vectors: Sequence[bytes], seals: Sequence[bytes | None]
) -> Iterator[int]:
    """The places of vectors that are not the ones that were sealed; one of version 1 has neither salt nor seal."""
    sha256 = hashlib.sha256
    for place, (salt, vector, expected) in enumerate(zip(salts, vectors, seals, strict=True)):
        if salt is None or expected is None:
            if salt is not expected:
                yield place
        elif sha256(salt + vector).digest() != expected:
            yield place


def record_digest(row: PersonRow) -> bytes:
    """Digest of what is recorded about a person; empty where there is no salt."""
    return _salted(row.salt, [row.number, row.id.hex(), *row[2:-1]])


def faces_digest(rows: Iterable[SampleRow]) -> bytes:
    """Digest of all of a person's faces, given in the order of their numbers; empty where one has no salt."""
    return joined([face_digest(row) for row in rows])


def joined(faces: Sequence[bytes]) -> bytes:
    """Digest of all of a person's faces from that of each."""
    return hashlib.sha256(b"".join(faces)).digest() if all(faces) else b""


def source_digest(row: SourceRow) -> bytes:
    """Digest of what a log entry's photo was called, whoever it is forgotten with."""
    return _salted(row.salt, [row.number, row.source])


def face_digest(row: SampleRow) -> bytes:
    """Digest of a face; empty where it has no salt."""
    # The seal stands for the vector; whether it does is checked apart, so that what differs can be named.
    if row.seal is None:
        return b""
    photo = row.photo_sha256.hex() if row.photo_sha256 is not None else None
    place = [float(each) for each in (row.x1, row.y1, row.x2, row.y2, row.score)]
    fields = [row.number, row.seal.hex(), row.source, place, row.enrolled, photo, bool(row.kept), row.matcher]
    return _salted(row.salt, fields)


def _salted(salt: bytes | None, fields: list[object]) -> bytes:
    return b"" if salt is None else hashlib.sha256(salt + _text(fields)).digest()


def _text(fields: list[object]) -> bytes:
    return _ENCODER.encode(fields).encode("ascii")


def entry_digest(row: LogRow, previous: str, key: bytes | None = None) -> str:
    """SHA-256 (hex) over the digest (hex) of the entry before and this entry; with `key`, their HMAC."""
    person_id = None if row.person_id is None else row.person_id.hex()
    fields: list[object] = [previous, row.number, row.time, row.event, person_id, row.details]
    if row.contents is not None or row.source_digest is not None:  # version 1 had neither
        fields += [None if each is None else each.hex() for each in (row.contents, row.source_digest)]
    return hmac_of(key, _text(fields)) if key is not None else hashlib.sha256(_text(fields)).hexdigest()


def hmac_of(key: bytes, content: bytes) -> str:
    """HMAC-SHA256 (hex)."""
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def key_id(key: bytes) -> str:
    """What a gallery remembers of its key, to tell it from others; says nothing of the key itself."""
    return hmac_of(key, b"facerec gallery key")[:32]


class Chain:
    """The log followed entry by entry, up to the first that does not fit; `key` for a log that has one."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._keyed = False
        self.head = CHAIN_START
        self.entries = 0
        self.problem = ""

    def follow(self, row: LogRow) -> None:
        """Take the next entry; what comes after a problem is not looked at any more."""
        if self.problem:
            return
        if row.number != self.entries + 1:
            self.problem = f"entry {self.entries + 1} is missing; entry {row.number} follows {self.entries}"
            return
        self._keyed |= row.event == KEYED
        if self._keyed and self._key is None:
            self.problem = f"from entry {row.number} on its digests were made with a key; give the key to check them"
            return
        digest = entry_digest(row, self.head, self._key if self._keyed else None)
        if digest != row.digest.hex():
            self.problem = f"entry {row.number} or the one before it was changed: its digest does not fit"
            return
        self.head, self.entries = digest, row.number

    def ended(self, newest: int) -> LogCheck:
        """What was found; `newest` is the highest number that was ever given, and fewer entries mean a cut end."""
        if not self.problem and self.entries != newest:
            self.problem = f"{newest} entries were written, but the log ends at entry {self.entries}"
        if not self.problem and self._key is not None and not self._keyed:
            self.problem = "no entry of it was made with a key, though it should have one"
        return LogCheck(self.entries, self.head, self.problem)

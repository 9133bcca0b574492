"""The chain of digests that makes a rewritten log show.

Each entry's digest covers its own fields and the digest of the entry before, so whoever changes, removes or inserts an
entry would have to write all later digests anew. Whoever can write the file can do even that; a head digest noted down
elsewhere (a receipt, a printed report) shows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from facerec.gallery.records import LogCheck

START = "0" * 64
"""What stands in for the digest before the first entry."""


@dataclass(frozen=True)
class Link:
    """The fields of a log entry that its digest covers, as they are stored: time in ISO 8601, UTC; details in JSON."""

    number: int
    time: str
    event: str
    person_id: str | None
    details: str

    def digest(self, previous: str) -> str:
        """SHA-256 (hex) over the digest of the entry before and this entry's fields."""
        fields = [previous, self.number, self.time, self.event, self.person_id, self.details]
        return hashlib.sha256(json.dumps(fields, ensure_ascii=True).encode("ascii")).hexdigest()


def check(links: Iterable[tuple[Link, str]], *, newest: int) -> LogCheck:
    """Follow the chain through all entries, each with its stored digest.

    `newest` is the highest number that was ever given; fewer entries mean that the end was cut off.
    """
    head, count = START, 0
    for link, stored in links:
        if link.number != count + 1:
            return LogCheck(count, head, f"entry {count + 1} is missing; entry {link.number} follows {count}")
        digest = link.digest(head)
        if digest != stored:
            return LogCheck(
                count, head, f"entry {link.number} or the one before it was changed: its digest does not fit"
            )
        head, count = digest, link.number
    if count != newest:
        return LogCheck(count, head, f"{newest} entries were written, but the log ends at entry {count}")
    return LogCheck(count, head, "")

"""What consent, purpose and expiry were before they were changed: kept beside the log, and forgotten with the person.

Whoever holds faces must be able to show under which consent each was enrolled, also when another has taken its place.
The texts are personal, and the log is never changed: so they stand where names of probe photos stand, and the log holds
their salted digest (``sealing.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from facerec.errors import ArgumentError
from facerec.gallery.records import Event, TermChange
from facerec.gallery.stored import damaged, parsed
from facerec.types.plain import plain
from facerec.types.reading import read_value

CHANGING: frozenset[Event] = frozenset({"updated", "imported"})
"""Entries of the log beside which such changes stand."""


def term_changes(holder: object, terms: Mapping[str, object]) -> tuple[TermChange, ...]:
    """Which of the terms of a person (enrolled or archived) the given ones differ from."""
    pairs = [(term, getattr(holder, term), value) for term, value in terms.items()]
    return tuple(TermChange(term, plain(former), plain(now)) for term, former, now in pairs if former != now)


def written_changes(changes: Iterable[TermChange]) -> str | None:
    """The changes as they are stored; ``None`` for none."""
    told = [each.to_dict() for each in changes]
    return json.dumps(told, ensure_ascii=False) if told else None


def read_changes(text: str) -> tuple[TermChange, ...]:
    """The changes as they were stored; `DamagedGalleryError` if it is something else."""
    found = parsed(text, json.loads, "a list of changed terms")
    try:
        return tuple(read_value(TermChange, each) for each in found)
    except (TypeError, ArgumentError) as error:
        raise damaged(text, "a list of changed terms") from error

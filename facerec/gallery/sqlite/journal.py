"""The append-only log in SQLite: who was enrolled, matched and forgotten, when, each entry chained to the one before.

It knows people by their random id. Names, and the photos' names, which may hold them, are joined while they exist.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping

from facerec.gallery import chain
from facerec.gallery.records import Event, LogCheck, LogEntry
from facerec.gallery.sqlite import stored
from facerec.gallery.sqlite.schema import LOG_TRIGGERS


def append(
    sqlite: sqlite3.Connection,
    event: Event,
    *,
    time: str,
    person_id: str | None = None,
    details: Mapping[str, object] | None = None,
    source: str | None = None,
) -> int:
    """Write one entry; returns its number.

    Parameters
    ----------
    sqlite : Connection
        In a write transaction, so that no other entry can come between this one and the one it is chained to.
    event : Event
    time : str
        ISO 8601, UTC.
    person_id : str, optional
        Whom it concerns.
    details : mapping, optional
        What JSON can hold; no names.
    source : str, optional
        What the probe photo was called; forgotten with the person.
    """
    newest = sqlite.execute("SELECT number, digest FROM log ORDER BY number DESC LIMIT 1").fetchone()
    number, previous = (newest[0], stored.hexadecimal(newest[1])) if newest else (0, chain.START)
    facts = {key: _storable(value) for key, value in (details or {}).items()}
    text = json.dumps(facts, sort_keys=True, allow_nan=False)
    link = chain.Link(number + 1, time, event, person_id, text)
    sqlite.execute(
        "INSERT INTO log (number, time, event, person_id, details, digest) VALUES (?, ?, ?, ?, ?, ?)",
        (link.number, time, event, _bytes(person_id), text, bytes.fromhex(link.digest(previous))),
    )
    if source is not None and person_id is not None:
        sqlite.execute("INSERT INTO log_sources VALUES (?, ?, ?)", (link.number, _bytes(person_id), source))
    return link.number


def forget_sources(sqlite: sqlite3.Connection, person_id: str) -> None:
    """Delete what the photos were called in which a person was met."""
    sqlite.execute("DELETE FROM log_sources WHERE person_id = ?", (_bytes(person_id),))


def entries(sqlite: sqlite3.Connection, *, last: int | None, person_id: str | None) -> list[LogEntry]:
    """The newest `last` entries (all if ``None``), of one person or of all, oldest first."""
    rows = sqlite.execute(
        "SELECT log.number, log.time, log.event, log.person_id, people.name, log_sources.source, log.details, "
        "log.digest FROM log LEFT JOIN people ON people.id = log.person_id "
        "LEFT JOIN log_sources ON log_sources.entry = log.number "
        "WHERE :person IS NULL OR log.person_id = :person ORDER BY log.number DESC LIMIT :limit",
        {"person": _bytes(person_id), "limit": -1 if last is None else last},
    )
    found = [
        LogEntry(
            number=number,
            time=stored.time(time),
            event=event,
            person_id=_optional_hexadecimal(person),
            name=name,
            source=source,
            details=stored.details(details),
            digest=stored.hexadecimal(digest),
        )
        for number, time, event, person, name, source, details, digest in rows
    ]
    return found[::-1]


def check(sqlite: sqlite3.Connection) -> LogCheck:
    """Follow the chain, and see that the triggers that guard the log are in place."""
    newest = sqlite.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
    found = chain.check(_links(sqlite), newest=newest[0] if newest else 0)
    present = {name for (name,) in sqlite.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    missing = [name for name in LOG_TRIGGERS if name not in present]
    if found.intact and missing:
        return LogCheck(found.entries, found.head, f"a guard of the log was removed: {', '.join(missing)}")
    return found


def _links(sqlite: sqlite3.Connection) -> Iterator[tuple[chain.Link, str]]:
    rows = sqlite.execute("SELECT number, time, event, person_id, details, digest FROM log ORDER BY number")
    for number, time, event, person, details, digest in rows:
        yield chain.Link(number, time, event, _optional_hexadecimal(person), details), stored.hexadecimal(digest)


def _bytes(identifier: str | None) -> bytes | None:
    return bytes.fromhex(identifier) if identifier is not None else None


def _optional_hexadecimal(identifier: object) -> str | None:
    return stored.hexadecimal(identifier) if identifier is not None else None


def _storable(value: object) -> object:
    # JSON has no NaN: a target that was never set is null.
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""The people of a gallery file: rows to `Person` values and back."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import NamedTuple

from facerec.errors import UnknownPersonError
from facerec.gallery.records import Person
from facerec.gallery.sqlite import stored
from facerec.visible_text import quoted

_SELECT = """
SELECT people.number, people.id, people.name, people.consent, people.purpose, people.expires, people.created,
  (SELECT count(*) FROM samples WHERE samples.person = people.number),
  (SELECT count(*) FROM samples JOIN photos ON photos.sample = samples.number WHERE samples.person = people.number)
FROM people
"""


class Row(NamedTuple):
    """A person, and the number that the other tables know the person by."""

    number: int
    person: Person


def find(sqlite: sqlite3.Connection, name: str, *, today: date) -> Row | None:
    """The person of that name, if there is one."""
    row = sqlite.execute(_SELECT + "WHERE people.name = ?", (name,)).fetchone()
    return _row(row, today) if row else None


def need(sqlite: sqlite3.Connection, name: str, *, today: date, gallery: str) -> Row:
    """The person of that name.

    Raises
    ------
    UnknownPersonError
        If there is none.
    """
    found = find(sqlite, name, today=today)
    if found is None:
        message = (
            f"nobody called {quoted(name)} is enrolled in {gallery}; names are compared letter by letter, "
            "and `facerec gallery list` shows them"
        )
        raise UnknownPersonError(message)
    return found


def find_by_id(sqlite: sqlite3.Connection, person_id: str, *, today: date) -> Row | None:
    """The person of that id, if there is one."""
    row = sqlite.execute(_SELECT + "WHERE people.id = ?", (bytes.fromhex(person_id),)).fetchone()
    return _row(row, today) if row else None


def at(sqlite: sqlite3.Connection, number: int, *, today: date) -> Row:
    """The person of that number, who must exist."""
    return _row(sqlite.execute(_SELECT + "WHERE people.number = ?", (number,)).fetchone(), today)


def everybody(sqlite: sqlite3.Connection, *, today: date) -> list[Row]:
    """All people, in the order of enrollment."""
    return [_row(row, today) for row in sqlite.execute(_SELECT + "ORDER BY people.number")]


def count(sqlite: sqlite3.Connection) -> int:
    """How many people there are."""
    return int(sqlite.execute("SELECT count(*) FROM people").fetchone()[0])


def id_and_name(sqlite: sqlite3.Connection, number: int) -> tuple[str, str]:
    """Id and name of the person of that number, who must exist."""
    person_id, name = sqlite.execute("SELECT id, name FROM people WHERE number = ?", (number,)).fetchone()
    return stored.hexadecimal(person_id), stored.text(name)


def insert(
    sqlite: sqlite3.Connection,
    *,
    person_id: str,
    name: str,
    consent: str | None,
    purpose: str | None,
    expires: date | None,
    created: str,
) -> int:
    """Add a person; returns the number."""
    return int(
        sqlite.execute(
            "INSERT INTO people (id, name, consent, purpose, expires, created) VALUES (?, ?, ?, ?, ?, ?)",
            (bytes.fromhex(person_id), name, consent, purpose, _day_text(expires), created),
        ).lastrowid
        or 0
    )


def update(
    sqlite: sqlite3.Connection, row: Row, *, consent: str | None, purpose: str | None, expires: date | None
) -> list[str]:
    """Write the fields that differ; returns their names."""
    wanted = {"consent": consent, "purpose": purpose, "expires": expires}
    changed = [field for field, value in wanted.items() if getattr(row.person, field) != value]
    if changed:
        sqlite.execute(
            "UPDATE people SET consent = ?, purpose = ?, expires = ? WHERE number = ?",
            (consent, purpose, _day_text(expires), row.number),
        )
    return changed


def rename(sqlite: sqlite3.Connection, number: int, name: str) -> None:
    """Change a name; the new one must be free."""
    sqlite.execute("UPDATE people SET name = ? WHERE number = ?", (name, number))


def delete(sqlite: sqlite3.Connection, number: int) -> None:
    """Delete a person, and with the person (by the schema's cascade) all samples and photos."""
    sqlite.execute("DELETE FROM people WHERE number = ?", (number,))


def _row(row: tuple, today: date) -> Row:
    number, person_id, name, consent, purpose, expires, created, samples, photos = row
    last_day = stored.day(expires)
    person = Person(
        id=stored.hexadecimal(person_id),
        name=stored.text(name),
        consent=consent,
        purpose=purpose,
        expires=last_day,
        created=stored.time(created),
        samples=samples,
        photos=photos,
        expired=last_day is not None and last_day < today,
    )
    return Row(number, person)


def _day_text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None

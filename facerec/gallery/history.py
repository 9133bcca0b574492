"""What the log of a gallery says of people: their entries, who absorbed whom, and which copies hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from facerec.gallery.records import LEFT, Event, LogEntry, MadeCopy
from facerec.gallery.rows import LogRow, PersonRow, Rows, SourceRow
from facerec.gallery.stored import details_of, time_of
from facerec.gallery.terms import CHANGING, read_changes

_COPIES: tuple[Event, ...] = ("exported", "backed_up", "copied", "restored")


class History:
    """The log as one transaction sees it, read and not written."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._copies: tuple[MadeCopy, ...] | None = None

    def log(
        self, *, last: int | None, person_id: str | None, after: int = 0, limit: int | None = None
    ) -> list[LogEntry]:
        """The newest `last` entries, or a page of all, of one person or of everybody, oldest first."""
        ids = [] if person_id is None else self.ids_of(person_id)
        rows = self._log_rows(last, ids, after, limit)
        named = {row.id: row.name for row in self._people_of({row.person_id for row in rows})}
        sources = {each.number: each.source for each in self._sources_of(rows, ids)}
        return [
            LogEntry(
                number=row.number,
                time=time_of(row.time),
                event=row.event,
                person_id=None if row.person_id is None else row.person_id.hex(),
                name=None if row.person_id is None else named.get(row.person_id),
                source=None if row.event in CHANGING else sources.get(row.number),
                details=details_of(row.details),
                digest=row.digest.hex(),
                changes=read_changes(sources[row.number]) if row.event in CHANGING and row.number in sources else (),
            )
            for row in rows
        ]

    def ids_of(self, person_id: str) -> list[bytes]:
        """The id of a person, and those of others who were absorbed by them: their log is this person's, too."""
        ids = [bytes.fromhex(person_id)]
        for known in ids:  # grows as it is read
            for row in self.rows.select(LogRow, event="received", person_id=known):
                gave = next(self.rows.select(LogRow, number=row.number - 1), None)  # is logged right before
                if gave is None or gave.event != "absorbed" or gave.person_id is None or gave.person_id in ids:
                    continue
                # Who was there again since, and was absorbed by somebody else or forgotten, is not this person.
                if self._last_left(gave.person_id) == gave and not self.rows.count(PersonRow, id=gave.person_id):
                    ids.append(gave.person_id)
        return ids

    def holder_of(self, person_id: str) -> str | None:
        """Who absorbed somebody who is not in the gallery, or absorbed that one in turn, and is."""
        absent = bytes.fromhex(person_id)
        left = self._last_left(absent)
        while left is not None and left.event == "absorbed":
            received = next(self.rows.select(LogRow, number=left.number + 1), None)  # is logged right after
            if received is None or received.event != "received" or received.person_id is None:
                return None
            if self.rows.count(PersonRow, id=received.person_id):
                return received.person_id.hex()
            since = self._last_left(received.person_id)
            left = since if since is not None and since.number > left.number else None
        return None

    def _last_left(self, person_id: bytes) -> LogRow | None:
        """The entry with which somebody last left the gallery."""
        entries = (row for event in LEFT for row in self.rows.select(LogRow, event=event, person_id=person_id))
        return max(entries, key=lambda row: row.number, default=None)

    def _log_rows(self, last: int | None, ids: Sequence[bytes], after: int, limit: int | None) -> list[LogRow]:
        if not ids:
            if last is None:
                return list(self.rows.select(LogRow, after=after, limit=limit))
            return list(self.rows.select(LogRow, newest=last))[::-1]
        found = sorted(row for each in ids for row in self.rows.select(LogRow, person_id=each, after=after))[:limit]
        return found if last is None else found[len(found) - min(last, len(found)) :]

    def _people_of(self, ids: set[bytes | None]) -> Iterator[PersonRow]:
        for each in ids:
            if each is not None:
                yield from self.rows.select(PersonRow, id=each)

    def _sources_of(self, rows: Sequence[LogRow], ids: Sequence[bytes]) -> Iterator[SourceRow]:
        if rows:
            within = {"after": rows[0].number - 1, "upto": rows[-1].number}
            for equal in [{"person_id": ids[0]}] if ids else [{}]:
                yield from self.rows.select(SourceRow, **within, **equal)  # type: ignore[arg-type]

    def copies_of(self, person_id: str) -> tuple[MadeCopy, ...]:
        """The exports and backups since the person was enrolled, which hold the person wherever they are kept."""
        first = min(
            (
                row.number
                for each in self.ids_of(person_id)
                for row in self.rows.select(LogRow, person_id=each, limit=1)
            ),
            default=0,
        )
        if self._copies is None:  # read once however many are forgotten: all of the log is looked through for them
            found = sorted(row for event in _COPIES for row in self.rows.select(LogRow, event=event))
            self._copies = tuple(MadeCopy(row.event, row.number, time_of(row.time)) for row in found)  # type: ignore[arg-type]
        return tuple(copy for copy in self._copies if copy.log_entry > first)

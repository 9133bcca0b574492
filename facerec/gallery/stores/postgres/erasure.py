"""Seeing deleted rows out of a server's files: out of the tables, then out of the write-ahead log.

DELETE and VACUUM leave bytes of rows in the pages; VACUUM FULL writes a table anew without them, and the write-ahead
log still has them until its segments are gone or were written over. What a server handed on before, to an archive, a
standby or whoever reads a replication slot, no client can take back; so that is named, not hoped away.
"""

from __future__ import annotations

import re
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

_PAUSE = 0.05
_MOST_SEGMENTS = 300  # 16 MiB each; max_wal_size is 64 of them by default


def erased(connection: psycopg.Connection, gallery: str, number: int, *, wait: float) -> list[str]:
    """Erase what was deleted; returns what stood in the way, and what to do about each."""
    import psycopg

    milliseconds = max(1, round(wait * 1000))
    text = f"SET lock_timeout = {milliseconds}; SET facerec.gallery = '{gallery}'; SET facerec.number = '{number}'"
    connection.execute(text)
    try:
        left = _tables(connection, number, wait=wait)
        try:
            left += [] if left else _write_ahead_log(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            left.append(
                "this role may not clear the write-ahead log; an administrator grants it pg_checkpoint, pg_monitor and "
                f"EXECUTE on pg_switch_wal(), or runs facerec gallery compact ({error.diag.message_primary})"
            )
        return left + _handed_on(connection)
    finally:
        if not connection.closed:
            connection.execute("RESET lock_timeout; RESET facerec.gallery; RESET facerec.number")


def _tables(connection: psycopg.Connection, number: int, *, wait: float) -> list[str]:
    """Write anew each table that holds bytes of deleted rows, or of rows of a transaction that was undone."""
    text = """
        SELECT part FROM stale WHERE gallery = %s
        UNION SELECT relname::text FROM pg_stat_user_tables
        WHERE schemaname = 'facerec' AND n_dead_tup > 0
          AND relname ~ '^(people|samples|photos|log_sources)_[0-9]+$|^requests$'
        ORDER BY 1
    """
    deadline = monotonic() + wait
    for (part,) in connection.execute(text, (number,)).fetchall():
        while _kept(connection, part):
            if monotonic() >= deadline:
                return [
                    (
                        "a transaction that is still open, or a prepared one, can see the deleted rows; "
                        "let it end (pg_stat_activity.xact_start shows which is old)"
                    )
                ]
            sleep(_PAUSE)
        connection.execute("DELETE FROM stale WHERE gallery = %s AND part = %s", (number, part))
    return []


def _kept(connection: psycopg.Connection, part: str) -> bool:
    """Whether a rewritten table still had to keep deleted rows, because an older transaction may see them."""
    from psycopg import sql

    details: list[str] = []

    def hear(notice: Any) -> None:  # noqa: ANN401 - psycopg's Diagnostic
        if notice.message_detail:
            details.append(notice.message_detail)

    connection.add_notice_handler(hear)
    try:
        connection.execute(sql.SQL("VACUUM (FULL, VERBOSE) facerec.{}").format(sql.Identifier(part)))
    finally:
        connection.remove_notice_handler(hear)
    # The words are in the server's language; the first number is that of rows which cannot be removed yet.
    numbers = [re.search(r"\d+", detail) for detail in details]
    return not numbers or any(found is not None and int(found[0]) > 0 for found in numbers)


def _write_ahead_log(connection: psycopg.Connection) -> list[str]:
    """Go on in new segments until none is left that was written before, nor any that is one of those renamed."""
    mark = _current(connection)
    for _ in range(4):
        _next_segment(connection)
        connection.execute("CHECKPOINT")
        if not (older := [name for name in _segments(connection) if name <= mark]):
            break
    else:
        return [
            (
                f"the server keeps {len(older)} older segments of its write-ahead log (wal_keep_size, a replication "
                "slot or an archive that lags); an administrator sees to that"
            )
        ]
    # Old segments were renamed to be used again, with what they held: all those that are there now are written over.
    last = max(_segments(connection))
    for _ in range(_MOST_SEGMENTS):
        if _current(connection) > last:
            connection.execute("CHECKPOINT")
            return []
        _next_segment(connection)
    return ["the write-ahead log was not written over once; a server that is less busy does it"]


def _next_segment(connection: psycopg.Connection) -> None:
    connection.execute("SELECT pg_logical_emit_message(false, 'facerec', '')")  # else there is nothing to switch from
    connection.execute("SELECT pg_switch_wal()")


def _current(connection: psycopg.Connection) -> str:
    return str(_values(connection, "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 9)")[0])


def _segments(connection: psycopg.Connection) -> list[str]:
    """The segments that are there, without the timeline, in the order in which they are written."""
    text: str = "SELECT substr(name, 9) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
    return [str(each) for each in _values(connection, text)]


def _handed_on(connection: psycopg.Connection) -> list[str]:
    """To whom the server gave its write-ahead log, or may have."""
    left = []
    archive = _values(connection, "SELECT current_setting('archive_mode')")[0]
    if archive != "off":
        left.append(
            f"archive_mode is {archive}: the archive, and base backups, keep what was deleted until an administrator "
            "removes those that are older than this"
        )
    if slots := _values(connection, "SELECT slot_name::text FROM pg_replication_slots ORDER BY 1"):
        left.append(f"replication slots ({', '.join(map(str, slots))}) hand the changes on; drop those not needed")
    if standbys := _values(connection, "SELECT coalesce(application_name, '?') FROM pg_stat_replication ORDER BY 1"):
        left.append(
            f"standbys ({', '.join(map(str, standbys))}) copy this server; an administrator erases there, too, or "
            "takes them down"
        )
    return left


def _values(connection: psycopg.Connection, text: str) -> list[object]:
    return [row[0] for row in connection.execute(text).fetchall()]

"""A gallery in a database as an engine: how it comes into being, and its transactions.

Threads of one handle that wait for the head row share a transaction of the database, and one commit makes all that
they did durable: what a commit costs is a write to the disk, however much it makes durable.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from facerec import errors
from facerec.gallery.records import Backup, EmbedderIdentity, Erasure
from facerec.gallery.rows import LogRow
from facerec.gallery.stores.copying import back_up_rows
from facerec.gallery.stores.postgres import erasure
from facerec.gallery.stores.postgres.address import Address
from facerec.gallery.stores.postgres.connection import Connections
from facerec.gallery.stores.postgres.head import HEAD, Head
from facerec.gallery.stores.postgres.rows import PostgresRows
from facerec.gallery.stores.postgres.state import State
from facerec.visible_text import shortened

if TYPE_CHECKING:
    import psycopg

_LOGGER = logging.getLogger("facerec")
VERSION = 1
_MOST_TOGETHER = 64
_POLL = 0.05
# How long others may join, in seconds from the lock on: a few times what a commit takes here, so that most of the time
# goes into work, and whoever came first does not wait for ever more others.
_SHORTEST_TOGETHER, _LONGEST_TOGETHER, _COMMITS = 0.005, 0.05, 4
_CREATION = 0x46524543  # the advisory lock under which tables are made


class PostgresStore:
    """One gallery of a database, created if there is none and an embedder is given; errors as ``open_gallery``."""

    def __init__(self, address: Address, embedder: EmbedderIdentity | None, *, wait: float = 30.0) -> None:
        self.name = address.name
        self._gallery = address.gallery
        self._number = 0
        self._read_only = False
        self._wait = wait
        self._lock = threading.RLock()
        self._turn = threading.Lock()
        self._waiting = 0
        self._counting = threading.Lock()
        self._group: _Group | None = None
        self._together = _SHORTEST_TOGETHER
        self.connections = Connections(address, wait=wait)
        try:
            with self.connections.entered():
                self._prepare(embedder)
            self._finish_erasure()
        except BaseException:
            self.connections.close()
            raise

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written, not even into the log."""
        return self._read_only

    def exclusively(self) -> AbstractContextManager[object]:
        """Keep this process's other threads out over several transactions."""
        return self._lock

    def close(self) -> None:
        """Close the connections; closing twice is allowed."""
        self.connections.close()

    # -- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[PostgresRows]:
        """A transaction in which all reads see the same state; it holds nobody else up."""
        with self.connections.entered():
            state = self._begun("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "")
            try:
                yield PostgresRows(state)
                state.connection.execute("COMMIT")
            finally:
                self.connections.back(state.connection)

    @contextmanager
    def writing(self) -> Iterator[PostgresRows]:
        """A transaction that is durable once the block is left, or undone if it is left by an exception."""
        with self.connections.entered():
            group = self._joined()
            failed = True
            try:
                rows = PostgresRows(group.state)
                try:
                    yield rows
                    failed = False
                except BaseException as error:
                    self._undo(group, rows, error)
                    raise
            finally:
                self._left(group, failed=failed)
            self._see_durable(group)

    def _joined(self) -> _Group:
        """Wait for this thread's turn, in a transaction that others began or in a new one."""
        with self._counting:
            self._waiting += 1
        try:
            if not self._turn.acquire(timeout=max(self._wait, 0.001)):
                message = (
                    f"other threads of this process held {shortened(self.name)} for more than {self._wait:g} s. Try "
                    "again, or open it with a longer wait="
                )
                raise errors.GalleryBusyError(message)
        finally:
            with self._counting:
                self._waiting -= 1
        try:
            if self._group is None:
                self._group = _Group(self._begun("BEGIN", " FOR UPDATE"))
            else:
                self._group.state.savepoints = True
        except BaseException:
            self._turn.release()
            raise
        return self._group

    def _undo(self, group: _Group, rows: PostgresRows, cause: BaseException) -> None:
        if group.count == 0:  # nobody else's: all of it is undone
            group.undone = True
            return
        try:
            rows.undo()
        except Exception as error:  # noqa: BLE001 - told to everybody whose changes are lost by it
            group.error = self._told(error)
        if group.error is None and self.connections.failed(group.state.connection):
            # No point to return to had been set yet; a COMMIT would undo all of it without a word.
            group.error = self._told(cause)

    def _left(self, group: _Group, *, failed: bool) -> None:
        """Pass the turn on: with the transaction to somebody who waits, or after its end."""
        try:
            group.count += not failed
            more = self._waiting and group.count < _MOST_TOGETHER and monotonic() - group.began < self._together
            if group.undone or group.error is not None or not more:
                self._end(group)
        finally:
            self._turn.release()

    def _end(self, group: _Group) -> None:
        self._group = None
        try:
            if group.error is None and not group.undone:
                start = monotonic()
                self._commit(group.state)
                self._together = min(_LONGEST_TOGETHER, max(_SHORTEST_TOGETHER, _COMMITS * (monotonic() - start)))
        except BaseException as error:
            group.error = self._told(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self.connections.back(group.state.connection)
            group.ended.set()

    def _told(self, error: BaseException) -> BaseException:
        with_words = isinstance(error, Exception) and not isinstance(error, errors.FacerecError)
        return self.connections.clear_error(error) if with_words else error  # type: ignore[arg-type]

    def _see_durable(self, group: _Group) -> None:
        """Return once the commit was made; whoever was waited for may have gone away without making it."""
        while not group.ended.wait(_POLL):
            if self._turn.acquire(blocking=False):
                try:
                    if self._group is group:
                        self._end(group)
                finally:
                    self._turn.release()
        if group.error is not None:
            # Each thread raises one of its own; a traceback is not for several.
            raise type(group.error)(*group.error.args) from group.error

    def _commit(self, state: State) -> None:
        state.commit()

    def _begun(self, begin: str, lock: str) -> State:
        """Begin a transaction, all in one message; neither name nor number can hold anything but what they are."""
        milliseconds = max(1, round(self._wait * 1000))
        settings = f"facerec.gallery = '{self._gallery}'; SET LOCAL facerec.number = '{self._number}'"
        head = f"SELECT {HEAD} FROM galleries WHERE name = '{self._gallery}'{lock}"  # noqa: S608
        # A statement of its own: it sees what was there when the lock was had, not what was there when it was asked for
        newest = f"SELECT {', '.join(LogRow._fields)} FROM log"  # noqa: S608
        newest += f" WHERE gallery = {self._number} ORDER BY number DESC LIMIT 1"
        text = f"{begin}; SET LOCAL lock_timeout = {milliseconds}; SET LOCAL {settings}; {head}; {newest}"

        def ask(connection: psycopg.Connection) -> State | None:
            cursor = connection.execute(text)
            answers = [cursor.fetchone() if cursor.description else None]
            while cursor.nextset():
                answers.append(cursor.fetchone() if cursor.description else None)
            *_, found, last = answers
            if found is None:
                return None
            return State(connection, Head.of(found), None if last is None else LogRow._make(last))

        connection, state = self.connections.begun(ask)
        if state is None:
            self.connections.back(connection)
            message = f"there is no gallery {shortened(self.name)}; it was removed from the database"
            raise errors.MissingGalleryError(message)
        return state

    # -- how it comes into being ------------------------------------------------------------------------------------

    def _prepare(self, embedder: EmbedderIdentity | None) -> None:
        with self.connections.outside_transactions() as connection:
            self._check_server(connection)
            if self._version(connection) is None:
                self._make_tables(connection, embedder)
            self._check_version(connection)
            self._find(connection, embedder)

    def _check_server(self, connection: psycopg.Connection) -> None:
        if connection.info.server_version < 140000:
            message = (
                f"{shortened(self.name)}: a gallery needs PostgreSQL 14 or newer; this server is "
                f"{connection.info.parameter_status('server_version')}"
            )
            raise errors.UnsafeServerError(message)
        fsync, follows, reads = _row(
            connection,
            "SELECT current_setting('fsync'), pg_is_in_recovery(), current_setting('default_transaction_read_only')",
        )
        if fsync != "on":
            message = (
                f"{shortened(self.name)}: the server runs with fsync = off, and would lose what it acknowledged in a "
                "power cut; a gallery is not kept there. Set fsync = on"
            )
            raise errors.UnsafeServerError(message)
        self._read_only = bool(follows) or reads == "on"

    def _version(self, connection: psycopg.Connection) -> int | None:
        if _row(connection, "SELECT to_regclass('facerec.version')")[0] is None:
            return None
        return int(_row(connection, "SELECT version FROM facerec.version")[0])

    def _make_tables(self, connection: psycopg.Connection, embedder: EmbedderIdentity | None) -> None:
        if embedder is None:
            raise self._missing()
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_CREATION,))
            if self._version(connection) is None:  # unless another process made them since
                script = resources.files(__package__).joinpath("schema.sql").read_text("utf-8")
                connection.execute(script)

    def _check_version(self, connection: psycopg.Connection) -> None:
        if (version := self._version(connection)) != VERSION:
            message = (
                f"{shortened(self.name)} was made by a newer facerec (its version is {version}, this facerec knows "
                f"{VERSION}); nothing was changed. Update facerec"
            )
            raise errors.NewerGalleryError(message)

    def _find(self, connection: psycopg.Connection, embedder: EmbedderIdentity | None) -> None:
        with connection.transaction():
            connection.execute("SELECT set_config('facerec.gallery', %s, true)", (self._gallery,))
            where = "FROM galleries WHERE name = %s"
            found = connection.execute(f"SELECT {HEAD} {where}", (self._gallery,)).fetchone()
            if found is None and embedder is not None:
                connection.execute(
                    "INSERT INTO galleries (name, embedder, digest, dimension) VALUES (%s, %s, %s, %s) "
                    "ON CONFLICT DO NOTHING",
                    (self._gallery, embedder.name, embedder.digest, embedder.dimension),
                )
                found = connection.execute(f"SELECT {HEAD} {where}", (self._gallery,)).fetchone()
            may_write = _row(connection, "SELECT has_table_privilege('facerec.log', 'INSERT')")[0]
        if found is None:
            raise self._missing()
        head = Head.of(found)
        self._number = head.gallery
        self._read_only = self._read_only or not may_write
        bound = EmbedderIdentity(head.row.embedder, head.row.digest, head.row.dimension)
        if embedder is not None and (embedder.digest, embedder.dimension) != (bound.digest, bound.dimension):
            message = (
                f"the gallery {shortened(self.name)} holds vectors of {bound}, but was opened with {embedder}; scores "
                f"between two embedders mean nothing. Open it with {bound.name}, or make its vectors anew from the "
                "kept photos: `facerec gallery reembed`"
            )
            raise errors.ModelMismatchError(message)

    def _missing(self) -> errors.MissingGalleryError:
        return errors.MissingGalleryError(
            f"there is no gallery {shortened(self.name)}; enrolling the first person creates it, or open_gallery with "
            "an embedder"
        )

    # -- erasing and copies -----------------------------------------------------------------------------------------

    def _finish_erasure(self) -> None:
        """Finish a forget that a crash or a reader interrupted; if that cannot be now, the head row still says so."""
        with self.reading() as rows:
            row = rows.gallery()
        if row.erased < row.deletions and not self._read_only:
            wait, self._wait = self._wait, 0.0
            try:
                erased = self.erase()
            finally:
                self._wait = wait
            if not erased.complete:
                _LOGGER.warning("%s", erased.advice)

    def erase(self) -> Erasure:
        """Write anew what held deleted rows, and see them out of the write-ahead log; what is in the way is told."""
        with self.exclusively():
            with self.reading() as rows:
                deletions = rows.gallery().deletions  # what others delete meanwhile is not covered
            try:
                with self.connections.entered(), self.connections.outside_transactions() as connection:
                    left = erasure.erased(connection, self._gallery, self._number, wait=self._wait)
                if not left:
                    with self.writing() as rows:
                        row = rows.gallery()
                        rows.write_gallery(row._replace(erased=max(row.erased, deletions)))
            except errors.GalleryError as error:
                left = [str(error)]  # the deletion itself is done and durable, so this is part of the answer
        if not left:
            return Erasure(complete=True, advice="")
        advice = (
            f"the deleted bytes may still stand in the files of {shortened(self.name)}, or in copies that its server "
            f"made: {'; '.join(left)}. Then run compact() (`facerec gallery compact`)"
        )
        return Erasure(complete=False, advice=advice)

    def back_up(self, path: Path, *, key: bytes | None) -> Backup:
        """Copy what is stored now to a new gallery file, and read the copy through."""
        with self.reading() as rows:
            return back_up_rows(rows, path, key=key)


class _Group:
    """A transaction of the database that several threads write in, one after the other."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.count = 0
        self.began = monotonic()
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self.undone = False


def _row(connection: psycopg.Connection, text: str) -> tuple:
    found = connection.execute(text).fetchone()
    return () if found is None else found

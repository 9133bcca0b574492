"""Connections to the database: from a pool that is filled when needed, with its errors in people's words."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from facerec import errors
from facerec.extras import extra
from facerec.gallery.stores.postgres.address import Address
from facerec.visible_text import shortened

if TYPE_CHECKING:
    import psycopg

_MOST = 10  # connections of one handle; threads beyond wait for one
_T = TypeVar("_T")


class Connections:
    """The connections of one handle of a gallery; `wait`, in seconds, is the longest that one is waited for."""

    def __init__(self, address: Address, *, wait: float) -> None:
        with extra("postgres"):
            import psycopg
            import psycopg_pool

        self._driver, self._pooling = psycopg, psycopg_pool
        self.name = address.name
        self.wait = wait
        self._process = os.getpid()
        self._closed = False
        self._inside = threading.local()
        parameters = {"connect_timeout": "10", "application_name": "facerec", **address.parameters}
        # Opened by hand first: a pool tells a wrong password or a missing server only by running out of time.
        with self.clear_errors():
            psycopg.connect(**parameters).close()  # type: ignore[arg-type]
        self._pool: Any = psycopg_pool.ConnectionPool(
            kwargs={**parameters, "autocommit": True},
            min_size=0,
            max_size=_MOST,
            open=False,
            configure=_configure,
            timeout=max(wait, 1.0),
            name=f"facerec {address.gallery}",
        )

    def close(self) -> None:
        """Close all connections; closing twice is allowed."""
        if not self._closed:
            self._closed = True
            if os.getpid() == self._process:  # those of a parent are the parent's
                self._pool.close()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A call of this thread, within which it makes no other."""
        if self._closed or os.getpid() != self._process:
            said = "has been closed" if self._closed else "was opened by the parent of this process"
            message = f"the gallery {shortened(self.name)} {said}; open it again with open_gallery"
            raise errors.ClosedGalleryError(message)
        if getattr(self._inside, "called", False):
            message = (
                f"the gallery {shortened(self.name)} was used from within one of its own calls, by the function it was "
                "given"
            )
            raise errors.GalleryError(message)
        self._inside.called = True
        try:
            with self.clear_errors():
                yield
        finally:
            self._inside.called = False

    def begun(self, begin: Callable[[psycopg.Connection], _T]) -> tuple[psycopg.Connection, _T]:
        """A connection, and what the first statements on it gave; to be given back by `back`.

        A connection may have been broken since its last use, by a server that was restarted for instance. Nothing was
        done on it yet, so another is tried, once.
        """
        self._pool.open()
        connection = self._pool.getconn()
        try:
            return connection, begin(connection)
        except self._driver.OperationalError:
            broken = connection.closed
            self.back(connection)
            if not broken:
                raise
            self._pool.check()
        except BaseException:
            self.back(connection)
            raise
        connection = self._pool.getconn()
        try:
            return connection, begin(connection)
        except BaseException:
            self.back(connection)
            raise

    def back(self, connection: psycopg.Connection) -> None:
        """Give a connection back; a transaction that is still open is undone."""
        if not connection.closed and connection.info.transaction_status != self._driver.pq.TransactionStatus.IDLE:
            try:
                connection.execute("ROLLBACK")
            except self._driver.Error:
                connection.close()  # it is of no use, and the server undoes what was not committed
        self._pool.putconn(connection)

    def failed(self, connection: psycopg.Connection) -> bool:
        """Whether a statement failed, so that nothing of the transaction can be committed."""
        return connection.info.transaction_status == self._driver.pq.TransactionStatus.INERROR

    @contextmanager
    def outside_transactions(self) -> Iterator[psycopg.Connection]:
        """A connection for statements that cannot run in a transaction."""
        connection, _ = self.begun(lambda each: each.execute("SELECT 1"))
        try:
            yield connection
        finally:
            self.back(connection)

    @contextmanager
    def clear_errors(self) -> Iterator[None]:
        """Raise what the database raises as this library's errors."""
        try:
            yield
        except (self._driver.Error, self._pooling.PoolTimeout, self._pooling.PoolClosed) as error:
            raise self.clear_error(error) from error

    def clear_error(self, error: Exception) -> errors.GalleryError:
        """What an error of the database means for somebody who knows nothing of it."""
        named = self._driver.errors
        called = shortened(self.name)
        if isinstance(error, self._pooling.PoolTimeout):
            message = f"{called}: no connection was free for {self.wait:g} s, or the server let none in. Try again"
            return errors.GalleryUnreachableError(message)
        if isinstance(error, named.LockNotAvailable | named.DeadlockDetected | named.SerializationFailure):
            message = f"another process held {called} for more than {self.wait:g} s. Try again, or give a longer wait="
            return errors.GalleryBusyError(message)
        said = " ".join(str(error).split())
        for names, kind, cause in _CAUSES:
            if isinstance(error, tuple(getattr(named, name) for name in names)):
                return kind(f"{called}: {cause} (PostgreSQL says: {said})")
        return errors.DamagedGalleryError(
            f"{called}: the database is not as facerec writes it; restore it from a backup (PostgreSQL says: {said})"
        )


def _configure(connection: psycopg.Connection) -> None:
    # A role or a database may have been set to answer before a commit is on the disk.
    connection.execute("SET synchronous_commit = on; SET search_path = facerec; SET idle_session_timeout = 0")


_SPACE = "the server has no space left. Free some and try again"
_RIGHTS = "this role may not do that, or the server only reads; docs/postgres.md says what a role needs"
_OTHER = "what the database holds is not as facerec writes it; restore it from a backup or a copy"
_CONNECTION = (
    "the server cannot be reached, refused the connection or broke it. See whether it runs and lets this role in, and "
    "try again"
)
_CAUSES: tuple[tuple[tuple[str, ...], type[errors.GalleryError], str], ...] = (
    (("DiskFull", "OutOfMemory"), errors.FullDiskError, _SPACE),
    (("ReadOnlySqlTransaction", "InsufficientPrivilege"), errors.ReadOnlyGalleryError, _RIGHTS),
    (("DataCorrupted", "IndexCorrupted", "UndefinedTable", "UndefinedColumn"), errors.DamagedGalleryError, _OTHER),
    (("OperationalError", "InterfaceError"), errors.GalleryUnreachableError, _CONNECTION),
)
"""By psycopg's classes, the first that fits."""

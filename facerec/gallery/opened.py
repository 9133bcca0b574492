"""What every part of a gallery rests on: its store, its transactions, who is asking, and the index for searches."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from facerec.errors import GalleryKeyError, ReadOnlyGalleryError, UnknownPersonError
from facerec.gallery import changes, rules, sealing
from facerec.gallery.ledger import Charge, Ledger
from facerec.gallery.loaded import LoadedIndex
from facerec.gallery.records import EmbedderIdentity, LogHead, Person, PersonId, Who
from facerec.gallery.rows import LogRow, Store
from facerec.visible_text import shortened

_LOGGER = logging.getLogger("facerec")
_TOLERATED = timedelta(minutes=1)  # clocks of two computers differ by seconds


def now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


class _Secret:
    """The key of the log, which all handles of one gallery share, whichever of them it is given to."""

    def __init__(self, key: bytes | None) -> None:
        self.key = key


class Opened:
    """An open gallery: the store that keeps its rows, and the transactions in which they are read and written."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime] = now,
        key: bytes | None = None,
        compact: bool | None = None,
    ) -> None:
        self._store = store
        self._index = LoadedIndex(compact=compact)
        self._clock = clock
        self._secret = _Secret(key)
        self._charge = Charge()
        self._clock_told = False
        try:
            self._begin()
        except BaseException:
            store.close()
            raise

    def _begin(self) -> None:
        """See that the log has a beginning, and is kept with this key if with any."""
        key = self._secret.key
        if key is not None:
            rules.check_key(key)
        with self._store.reading() as rows:
            new, row = rows.last_number(LogRow) == 0, rows.gallery()
        if new and not self._store.read_only:
            with self._writing() as ledger:
                ledger.begin()
                if key is not None and ledger.rows.gallery().key_id is None:
                    ledger.add_key(key)
            with self._store.reading() as rows:
                row = rows.gallery()
        if key is not None and row.key_id != sealing.key_id(key):
            found = "has no key, or lost its mark" if row.key_id is None else "is kept with another key"
            message = (
                f"the log of {shortened(self._store.name)} {found}; nothing was changed. Give the key that the gallery "
                "was made with, or none; a key is added by add_key (`facerec gallery protect`)"
            )
            raise GalleryKeyError(message)

    # -- transactions ---------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[Ledger]:
        with self._store.reading() as rows:
            yield self._ledger(rows)

    @contextmanager
    def _writing(self) -> Iterator[Ledger]:
        with self._store.writing() as rows:
            ledger = self._ledger(rows)
            changes.seal_everybody(ledger)  # of a gallery of version 1, at the first that is done with it
            yield ledger

    def _ledger(self, rows: object) -> Ledger:
        ledger = Ledger(rows, self._clock(), charge=self._charge, key=self._secret.key)  # type: ignore[arg-type]
        if ledger.behind > _TOLERATED and not self._clock_told:
            self._clock_told = True
            _LOGGER.warning(
                "the clock of this computer is %s behind the newest entry in the log of %s; the time of that entry "
                "holds, so that nobody who has expired is matched again. Set the clock",
                timedelta(seconds=round(ledger.behind.total_seconds())),
                shortened(self._store.name),
            )
        return ledger

    def _need(self, ledger: Ledger, who: Who) -> Person:
        if isinstance(who, PersonId):
            if (known := ledger.by_id(who.id)) is not None:
                return known
            message = f"nobody of the id {who.id} is enrolled in {shortened(self._store.name)}"
            raise UnknownPersonError(message)
        name = rules.known_name(who)
        found = ledger.by_name(name)
        if found is None:
            raise rules.nobody_called(name, self._store.name)
        return found

    def _check_logged(self, *, logged: bool) -> None:
        if logged and self._store.read_only:
            message = (
                f"{shortened(self._store.name)} is read-only, so no decision can be logged; to decide without "
                "an entry, and have every result say so: logged=False (--no-log)"
            )
            raise ReadOnlyGalleryError(message)

    # -- who is asking --------------------------------------------------------------------------------------------

    def by(self, actor: str | None = None, *, reason: str | None = None) -> Self:
        """The same gallery, whose log entries from now on say who asked for what is done, and why.

        Both stay in the log for good, so they should be what a desk or a task is called, and no name of a person.
        `ArgumentError` if a text is empty, longer than 2,000 characters, or holds control characters.

        Examples
        --------
        >>> from facerec.testing import made_face, made_gallery
        >>> gallery = made_gallery()
        >>> entry = gallery.by("reception 2", reason="visit").enroll("ada", made_face("ada")).log_entry
        >>> gallery.log(last=1)[0].details["actor"]
        'reception 2'
        """
        other = copy.copy(self)
        given = rules.optional_text("actor", actor), rules.optional_text("reason", reason)
        other._charge = Charge(given[0] or "", given[1] or "")
        return other

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def embedder(self) -> EmbedderIdentity:
        """Which embedder made the vectors."""
        with self._reading() as ledger:
            return ledger.embedder

    @property
    def erasure_due(self) -> bool:
        """Whether bytes of somebody who was forgotten may still stand in the store; `compact` erases them."""
        with self._reading() as ledger:
            return ledger.erasure_due

    def position(self) -> int:
        """The number of the newest log entry: grows with everything that is done, whichever process does it."""
        with self._reading() as ledger:
            return ledger.rows.last_number(LogRow)

    def head(self) -> LogHead:
        """Where the log ends now: to be noted outside the gallery, for `check`."""
        with self._reading() as ledger:
            return ledger.head()

    def close(self) -> None:
        """Release the store; closing twice is allowed."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

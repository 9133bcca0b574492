"""What a gallery does, whatever stores it: every rule, decision and log entry, over a store that holds rows.

Every method checks its arguments before it changes anything, changes everything or nothing, and has made the change
durable when it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from facerec.errors import DamagedGalleryError, GalleryKeyError, OutputError
from facerec.gallery import archive, changes, checking, rules
from facerec.gallery.deciding import Deciding
from facerec.gallery.enrolled import Enrolled
from facerec.gallery.ledger import Ledger
from facerec.gallery.records import Backup, Enrollment, Event, GalleryCheck, LogCheck, LogEntry, LogHead, Sample, Who
from facerec.gallery.repairing import Repairing
from facerec.gallery.rows import LogRow, PersonRow, Store
from facerec.gallery.stores.copying import check_same, copy_rows
from facerec.gallery.stores.sqlite.backup import check_free
from facerec.types import Embedder, Face
from facerec.visible_text import quoted, shortened

_LOGGER = logging.getLogger("facerec")


class Gallery(Enrolled, Deciding, Repairing):
    """A durable store of enrolled people, bound to one embedder; made by ``facerec.open_gallery``, or over any `Store`.

    Usable from several threads; several processes may have the same gallery open, and each sees what the others
    enrolled from its next call on. Every method may raise `ClosedGalleryError`, `DamagedGalleryError`,
    `ReadOnlyGalleryError`, `FullDiskError` and `GalleryBusyError` besides the errors it names, and what changes
    anything `GalleryKeyError` where the log has a key that was not given. A gallery is a
    collection of `Person`: ``len(gallery)``, ``"Ada" in gallery`` and ``for person in gallery`` mean what they say.
    Whatever needs the name of somebody who is enrolled raises `UnknownPersonError` if nobody has it.
    """

    # -- moving and renewing --------------------------------------------------------------------------------------

    def export_to(self, folder: str | Path) -> int:
        """Write everybody to a new folder (``facerec.gallery.archive``); returns how many people.

        Of a gallery that is read-only the export cannot be logged; a warning says so. `ArchiveError` if the folder
        exists and is not empty, or cannot be written.
        """
        with self._store.exclusively():
            self._log_leaving("exported", "export")
            with self._reading() as ledger:
                everybody = (changes.entry_of(ledger, person) for person in ledger.people())
                return archive.write_archive(Path(folder), ledger.embedder, everybody, vectors=ledger.count_samples())

    def back_up_to(self, path: str | Path) -> Backup:
        """Copy the gallery to one new file, as it is at this moment, and read the copy through; others go on writing.

        The file can be opened as a gallery itself, or be made one elsewhere by `restore_gallery`. Whoever is forgotten
        later is still in it. Of a gallery that is read-only the backup cannot be logged; a warning says so.

        Raises
        ------
        OutputError
            If there is such a file already (it is never overwritten), or it cannot be written.
        DamagedGalleryError
            If the copy is not whole, which is because the gallery is not; nothing is kept of it.
        """
        with self._store.exclusively():
            check_free(Path(path))
            self._log_leaving("backed_up", "backup")
            return self._store.back_up(Path(path), key=self._secret.key)

    def copy_into(self, store: Store) -> GalleryCheck:
        """Copy all rows to the store of another gallery, which holds none, and check them there; returns what is there.

        The logs of both say so. `DamagedGalleryError` if what is there is not whole, or not the same: then it is not.
        `OutputError` if there is something already.
        """
        with self._store.exclusively():
            self._log_leaving("copied", "copy")
            with self._store.reading() as rows, store.writing() as written:
                if written.last_number(LogRow):
                    message = f"there is a gallery {shortened(store.name)} already; nothing is overwritten"
                    raise OutputError(message)
                copy_rows(rows, written)
                check_same(rows, written)
                ledger = Ledger(written, self._clock(), key=self._secret.key)
                found = checking.check(ledger, key=self._secret.key)
                if not found.intact:
                    message = "what was to be copied is not whole, and the copy was not kept: "
                    raise DamagedGalleryError(message + "; ".join(found.problems[:5]))
                ledger.append("restored", details={"entries": found.log.entries, "head": found.log.head})
                return replace(found, log=checking.check_log(written, self._secret.key))

    def _log_leaving(self, event: Event, what: str) -> None:
        if self._store.read_only:
            _LOGGER.warning("%s is read-only: its %s is not in its log", shortened(self._store.name), what)
            return
        # Logged first: one that failed half-way has still put vectors outside the gallery.
        with self._writing() as ledger:
            ledger.append(event, details={"vectors": ledger.count_samples()})

    def import_from(self, folder: str | Path, *, merge: bool = False) -> list[Enrollment]:
        """Add everybody from an exported folder, made by `export_to`; ids, dates and vectors stay the same.

        All of it is checked before anything is written. With `merge`, the samples of people who are enrolled already go
        to those people, whose own record (name, consent, purpose, expiry) stays; by default such people are an error.

        Raises
        ------
        ModelMismatchError
            If the folder's vectors were made by another embedder.
        ArchiveError
            If the folder is incomplete, damaged or of a newer version.
        NameTakenError
            If somebody in it is enrolled already.
        """
        read = archive.read_archive(Path(folder), self.embedder)  # the long part; nobody else waits for it
        with self._writing() as ledger:
            read.check_for(ledger.embedder)  # another process may have re-embedded the gallery since
            before = ledger.rows.last_number(PersonRow)
            done = [changes.restore(ledger, entry, merge=merge) for entry in read.entries()]
            for name, other in ledger.look_alikes_since(before):  # refused where people are named; nothing is lost here
                message = "%s, who was imported, has a name that looks like %s; rename one"
                _LOGGER.warning(message, quoted(name), quoted(other))
            return done

    def reembed(self, embedder: Embedder, faces_of: Callable[[Sample, bytes], Face]) -> int:
        """Replace all vectors by those of another embedder, made from the kept photos; returns how many.

        The gallery is bound to `embedder` afterwards. `faces_of` gives, for a sample and its photo's bytes, the face of
        that photo, embedded by `embedder`. What it raises is passed on, and nothing is changed. It must not use this
        gallery.

        Raises
        ------
        PhotosNotKeptError
            If a photo was not kept; the message says whose.
        ModelMismatchError
            If `faces_of` returns a face of another embedder.
        ArgumentError
            If `faces_of` returns a face that is not usable.
        """
        with self._writing() as ledger:
            return changes.reembed(ledger, rules.identity(embedder), faces_of)

    # -- the log --------------------------------------------------------------------------------------------------

    def log(
        self, *, last: int | None = None, name: Who | None = None, after: int = 0, limit: int | None = None
    ) -> list[LogEntry]:
        """What was done when, oldest first: only the newest `last` entries, only what concerns the person of that name.

        Or a page of it: at most `limit` entries, whose numbers are higher than `after`.

        `ArgumentError` if `last` or `after` is negative or `limit` less than 1; if `last` is given with one of them.
        """
        rules.check_log_page(last, after, limit)
        with self._reading() as ledger:
            return ledger.history.log(
                last=last, after=after, limit=limit, person_id=None if name is None else self._need(ledger, name).id
            )

    def check_log(self) -> LogCheck:
        """Whether the log is the one that was written: no entry changed, removed, inserted or cut off."""
        with self._reading() as ledger:
            return checking.check_log(ledger.rows, self._secret.key)

    def check(self, *, against: LogHead | Sequence[LogHead] = ()) -> GalleryCheck:
        """Whether the gallery is as it was written, by its log: everybody's record, every face, photo and bit.

        Reads all of it. An edit past the gallery shows, unless whoever made it wrote the log anew from there on, or put
        an older copy in place; that shows against a head (`head`, or of any receipt) that was noted elsewhere, and a
        log written anew also by its key. ``docs/threat-model.md`` lists what is proven and what is not.

        Parameters
        ----------
        against : LogHead or sequence of LogHead
            Heads that this gallery's log had at any time.
        """
        heads = (against,) if isinstance(against, LogHead) else tuple(against)
        with self._reading() as ledger:
            return checking.check(ledger, key=self._secret.key, against=heads)

    def add_key(self, key: bytes) -> LogHead:
        """Keep the log with a key from now on; returns the head from which on it is.

        Whoever has the file and not the key can then not write the log anew. Without the key the gallery can be read,
        but nothing can be changed, nor decided with an entry in the log. Entries from before are not covered by it.

        Raises
        ------
        GalleryKeyError
            If the log has a key already.
        ArgumentError
            If the key is shorter than 16 bytes.
        """
        rules.check_key(key)
        with self._writing() as ledger:
            if ledger.rows.gallery().key_id is not None:
                message = f"the log of {shortened(self._store.name)} is kept with a key already; it cannot be changed"
                raise GalleryKeyError(message)
            head = ledger.add_key(key)
        self._secret.key = key
        return head

"""A gallery made of all that another holds, in a file or in a database: bit for bit, and checked before it counts."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from facerec.errors import MissingGalleryError, OutputError
from facerec.gallery.gallery import Gallery
from facerec.gallery.records import Backup
from facerec.gallery.rows import LogRow
from facerec.gallery.stores.postgres.address import Address
from facerec.gallery.stores.postgres.store import PostgresStore
from facerec.gallery.stores.sqlite.backup import check_free
from facerec.gallery.stores.sqlite.store import SqliteStore
from facerec.visible_text import shortened


def to_file(gallery: Gallery, path: Path, *, key: bytes | None) -> Backup:
    """Into a new file, which appears when all of it is in it; errors as ``facerec.gallery.copy_gallery``."""
    check_free(path)
    with (
        TemporaryDirectory(prefix=".facerec-", dir=path.parent) as folder,
        closing(SqliteStore(Path(folder) / "people.db", gallery.embedder)) as store,
    ):
        gallery.copy_into(store)
        return store.back_up(path, key=key)


def to_database(gallery: Gallery, address: Address) -> Backup:
    """Into a gallery of a database where there is none; errors as ``facerec.gallery.copy_gallery``."""
    _check_free(address)
    with closing(PostgresStore(address, gallery.embedder)) as store:
        found = gallery.copy_into(store)
    return Backup(address.name, found.people, found.samples, found.log.entries, found.log.head, "", "")


def _check_free(address: Address) -> None:
    try:
        store = PostgresStore(address, None)
    except MissingGalleryError:
        return
    with closing(store), store.reading() as rows:
        if rows.last_number(LogRow):  # one without is what a copy left that was cut off
            message = f"there is a gallery {shortened(address)} already; nothing is overwritten. Choose another name"
            raise OutputError(message)

"""The gallery in one SQLite file, the default engine."""

from facerec.gallery.sqlite.engine import SqliteGallery

__all__ = ["SqliteGallery"]

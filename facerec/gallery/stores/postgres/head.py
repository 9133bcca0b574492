"""The head row of a gallery: whoever writes locks it, and takes the numbers of new rows from it."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facerec.gallery.rows import (
    ChangeRow,
    GalleryRow,
    LogRow,
    PersonRow,
    PhotoRow,
    RequestRow,
    Row,
    SampleRow,
    SourceRow,
)

TABLES: Mapping[type[Row], str] = {
    PersonRow: "people",
    SampleRow: "samples",
    PhotoRow: "photos",
    LogRow: "log",
    SourceRow: "log_sources",
    ChangeRow: "changes",
    RequestRow: "requests",
}
HEAD = ", ".join(("gallery", *GalleryRow._fields, *(f"last_{table}" for table in TABLES.values())))
"""The columns of a gallery's head row, as `Head.of` takes them."""


@dataclass
class Head:
    """The head row of a gallery as one transaction sees and changes it; `written` where it is to be stored."""

    gallery: int
    row: GalleryRow
    last: dict[type[Row], int]
    written: bool = False

    @classmethod
    def of(cls, values: Sequence[Any]) -> Head:
        """From the columns that `HEAD` names."""
        fields = len(GalleryRow._fields)
        numbers = dict(zip(TABLES, values[1 + fields :], strict=True))
        return cls(values[0], GalleryRow._make(values[1 : 1 + fields]), numbers)

    def copy(self) -> Head:
        """As it is now."""
        return Head(self.gallery, self.row, dict(self.last), self.written)

    def to_store(self) -> tuple[str, list[Any]]:
        """The statement that stores it, and its values."""
        names = [*GalleryRow._fields, *(f"last_{table}" for table in TABLES.values())]
        assigned = ", ".join(f"{name} = %s" for name in names)
        return f"UPDATE galleries SET {assigned} WHERE gallery = %s", [*self.row, *self.last.values(), self.gallery]

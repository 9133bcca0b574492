"""Score tables of other makers; they are read in ``facerec.measure.tables.vendor``, for audits as for everybody."""

from facerec.measure.tables.table_files import Layout
from facerec.measure.tables.vendor import (
    Completed,
    GroupColumns,
    VendorColumns,
    complete,
    join_people,
    read_vendor,
    rename_columns,
)

__all__ = [
    "Completed",
    "GroupColumns",
    "Layout",
    "VendorColumns",
    "complete",
    "join_people",
    "read_vendor",
    "rename_columns",
]

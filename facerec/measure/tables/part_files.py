"""A table in parts: a folder of Parquet files whose names say which part of how many each is.

So it is seen without opening any whether the table is whole, and who reads it with another tool needs nothing more than
``part-*.parquet``.
"""

from __future__ import annotations

import re
from pathlib import Path

from facerec.errors import ScoreTableError
from facerec.files import is_folder

_PART = re.compile(r"part-(\d{5,})-of-(\d{5,})\.parquet")
_SHOWN = 3


def part_name(number: int, parts: int) -> str:
    """The name of a part.

    >>> part_name(7, 40)
    'part-00007-of-00040.parquet'
    """
    return f"part-{number:05d}-of-{parts:05d}.parquet"


def is_in_parts(path: str | Path) -> bool:
    """Whether a path is a folder that holds a part of a table."""
    return is_folder(path) and any(_PART.fullmatch(each.name) for each in Path(path).iterdir())


def parts_of(folder: str | Path) -> list[Path]:
    """The parts of the table in a folder, in their order; `ScoreTableError` if it is not whole."""
    folder = Path(folder)
    found = {each.name: each for each in folder.iterdir() if _PART.fullmatch(each.name)}
    counts = {name.rpartition("-")[2] for name in found}
    if len(counts) > 1:
        message = f"{folder}: holds parts of {len(counts)} tables, which do not belong together"
        raise ScoreTableError(message)
    parts = int(next(iter(found)).rpartition("-")[2].removesuffix(".parquet")) if found else 0
    wanted = [part_name(number, parts) for number in range(parts)]
    if absent := [name for name in wanted if name not in found]:
        more = " …" if len(absent) > _SHOWN else ""
        message = (
            f"{folder}: the table is not whole yet: {len(absent):,} of its {parts:,} parts are missing "
            f"({', '.join(absent[:_SHOWN])}{more}); run the command that makes it once more"
        )
        raise ScoreTableError(message)
    return [found[name] for name in wanted]

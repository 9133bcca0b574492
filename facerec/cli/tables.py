"""What the commands that make score tables have in common: the file they write, and the photos that failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facerec.cli import console
from facerec.errors import ScoreTableError

if TYPE_CHECKING:
    from facerec.measure.photo_vectors import PhotoFailures

_SHOWN = 5


def refuse_unwritable(out: Path) -> None:
    """Raise `ScoreTableError` now if a table cannot be written to `out`, and not after an hour of work."""
    if out.suffix.lower() not in (".csv", ".parquet"):
        message = f"{out}: the name of a table ends in .csv or .parquet"
        raise ScoreTableError(message)
    if not out.absolute().parent.is_dir():
        message = f"{out}: cannot be written, there is no folder {out.parent}"
        raise ScoreTableError(message)


def failures_document(failures: PhotoFailures) -> dict[str, object]:
    """The photos that failed, as JSON: how many, and the first few of each kind."""
    first = dict(list(failures.unreadable.items())[:_SHOWN])
    return {
        "images": failures.photos,
        "images_unreadable": len(failures.unreadable),
        "images_without_face": len(failures.without_face),
        "images_refused": len(failures.refused),
        "first_unreadable": first,
        "first_without_face": list(failures.without_face[:_SHOWN]),
        "first_refused": dict(list(failures.refused.items())[:_SHOWN]),
    }


def report(failures: PhotoFailures) -> None:
    """Say on stderr how many photos failed, and name the first few."""
    if failures.unreadable:
        console.note(f"{len(failures.unreadable)} of {failures.photos} photos could not be read:")
        for reason in list(failures.unreadable.values())[:_SHOWN]:
            console.note(f"  {reason}")
    if failures.without_face:
        from facerec.photos.reader import name_of

        more = " …" if len(failures.without_face) > _SHOWN else ""
        names = ", ".join(map(name_of, failures.without_face[:_SHOWN]))
        console.note(f"{len(failures.without_face)} of {failures.photos} photos show no face to compare: {names}{more}")
    if failures.refused:
        console.note(f"{len(failures.refused)} of {failures.photos} photos were refused by the quality gate:")
        for reason in list(failures.refused.values())[:_SHOWN]:
            console.note(f"  {reason}")

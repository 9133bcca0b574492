"""The options that say what a score table of any maker calls its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from audits.vendor import VendorColumns

_COLUMNS = "What the table calls its columns"

ScoreColumn = Annotated[
    str | None,
    typer.Option("--score", metavar="COLUMN", help="The scores.", show_default=False, rich_help_panel=_COLUMNS),
]
GenuineColumn = Annotated[
    str | None,
    typer.Option(
        "--genuine",
        metavar="COLUMN",
        help="Whether both photos show one person: 1/0, true/false, yes/no, genuine/impostor or mated/non-mated.",
        show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]
ProbeSubjectColumn = Annotated[
    str | None,
    typer.Option(
        "--probe-subject",
        metavar="COLUMN",
        help="Who is on the probe. Without people, pairs are taken as independent.",
        show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]
ReferenceSubjectColumn = Annotated[
    str | None,
    typer.Option(
        "--reference-subject",
        metavar="COLUMN",
        help="Who is on the reference.",
        show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]
ProbeImageColumn = Annotated[
    str | None,
    typer.Option(
        "--probe-image", metavar="COLUMN", help="The photo of the probe.", show_default=False, rich_help_panel=_COLUMNS
    ),
]
ReferenceImageColumn = Annotated[
    str | None,
    typer.Option(
        "--reference-image",
        metavar="COLUMN",
        help="The photo of the reference.",
        show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--groups",
        metavar="NAME=PROBE:REFERENCE",
        help="Where labels are, for --by NAME: gender=gender1:gender2, or race=ethnicity where one column holds for "
        "both. May be given several times.",
        show_default=False,
        rich_help_panel=_COLUMNS,
    ),
]
Distance = Annotated[
    bool,
    typer.Option(
        "--distance",
        metavar="",
        help="The table holds distances: smaller is more alike.",
        rich_help_panel=_COLUMNS,
    ),
]


def vendor_columns(
    score: str | None,
    genuine: str | None,
    *,
    subjects: tuple[str | None, str | None],
    images: tuple[str | None, str | None],
    groups: Sequence[str] | None,
) -> VendorColumns:
    """The columns that the options name.

    Parameters
    ----------
    score, genuine : str or None
    subjects, images : tuple of (str or None)
        Probe and reference.
    groups : sequence of str, optional
        Each ``NAME=PROBE:REFERENCE`` or ``NAME=COLUMN``.

    Raises
    ------
    ArgumentError
        If an entry of `groups` is of neither form.
    """
    from audits.vendor import GroupColumns, VendorColumns

    return VendorColumns(score, genuine, *subjects, *images, tuple(map(GroupColumns.parse, groups or ())))

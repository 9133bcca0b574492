"""The options that say what a score table of any maker calls its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from audits.vendor import VendorColumns

_COLUMNS = "What the table calls its columns"


@dataclass(frozen=True)
class Columns:
    """What they are called, and whether the scores are distances."""

    score: Annotated[
        str | None,
        typer.Option("--score", metavar="COLUMN", help="The scores.", show_default=False, rich_help_panel=_COLUMNS),
    ] = None
    genuine: Annotated[
        str | None,
        typer.Option(
            "--genuine",
            metavar="COLUMN",
            help="Whether both photos show one person: 1/0, true/false, yes/no, genuine/impostor or mated/non-mated.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    probe_subject: Annotated[
        str | None,
        typer.Option(
            "--probe-subject",
            metavar="COLUMN",
            help="Who is on the probe. Without people, pairs are taken as independent.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    reference_subject: Annotated[
        str | None,
        typer.Option(
            "--reference-subject",
            metavar="COLUMN",
            help="Who is on the reference.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    probe_image: Annotated[
        str | None,
        typer.Option(
            "--probe-image",
            metavar="COLUMN",
            help="The photo of the probe.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    reference_image: Annotated[
        str | None,
        typer.Option(
            "--reference-image",
            metavar="COLUMN",
            help="The photo of the reference.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    groups: Annotated[
        list[str] | None,
        typer.Option(
            "--groups",
            metavar="NAME=PROBE:REFERENCE",
            help="Where labels are, for --by NAME: gender=gender1:gender2, or race=ethnicity where one column holds for "
            "both. May be given several times.",
            show_default=False,
            rich_help_panel=_COLUMNS,
        ),
    ] = None
    distance: Annotated[
        bool,
        typer.Option(
            "--distance",
            metavar="",
            help="The table holds distances: smaller is more alike.",
            rich_help_panel=_COLUMNS,
        ),
    ] = False

    def named(self) -> VendorColumns:
        """The columns that the options name; `ArgumentError` if one of ``--groups`` is of neither form."""
        from audits.vendor import GroupColumns, VendorColumns

        return VendorColumns(
            self.score,
            self.genuine,
            self.probe_subject,
            self.reference_subject,
            self.probe_image,
            self.reference_image,
            tuple(map(GroupColumns.parse, self.groups or ())),
        )

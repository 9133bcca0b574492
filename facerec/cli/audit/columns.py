"""The options that say what a score table of any maker calls its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from facerec.cli.options import flag, option

if TYPE_CHECKING:
    from audits.vendor import VendorColumns

_COLUMNS = "What the table calls its columns"


@dataclass(frozen=True)
class Columns:
    """What they are called, and whether the scores are distances."""

    score: Annotated[str | None, option("--score COLUMN", "The scores.", _COLUMNS)] = None
    genuine: Annotated[
        str | None,
        option(
            "--genuine COLUMN",
            "Whether both photos show one person: 1/0, true/false, yes/no, genuine/impostor or mated/non-mated.",
            _COLUMNS,
        ),
    ] = None
    probe_subject: Annotated[
        str | None,
        option(
            "--probe-subject COLUMN", "Who is on the probe. Without people, pairs are taken as independent.", _COLUMNS
        ),
    ] = None
    reference_subject: Annotated[
        str | None, option("--reference-subject COLUMN", "Who is on the reference.", _COLUMNS)
    ] = None
    probe_image: Annotated[str | None, option("--probe-image COLUMN", "The photo of the probe.", _COLUMNS)] = None
    reference_image: Annotated[
        str | None, option("--reference-image COLUMN", "The photo of the reference.", _COLUMNS)
    ] = None
    groups: Annotated[
        list[str] | None,
        option(
            "--groups NAME=PROBE:REFERENCE",
            "Where labels are, for --by NAME: gender=gender1:gender2, or race=ethnicity where one column holds for "
            "both. May be given several times.",
            _COLUMNS,
        ),
    ] = None
    distance: Annotated[bool, flag("--distance", "The table holds distances: smaller is more alike.", _COLUMNS)] = False

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

"""How every command that reads a table is told what is where in it: the same options for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli.options import flag, option

if TYPE_CHECKING:
    import pandas as pd

    from facerec.measure.tables.table_files import Layout

_COLUMNS = "What the table calls its columns"
_FILES = "How the file is written"

ScoresFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCORES...",
        help="A score table of any matcher: .csv, .tsv, .txt, .gz of these, .xlsx or .parquet. Several files are one "
        "table, with a column file.",
    ),
]


@dataclass(frozen=True)
class Files:
    """How text is written, where that cannot be seen, and who the people of the table are."""

    separator: Annotated[
        str | None, option("--separator SIGN", "Of cells, where it cannot be seen: a sign, or tab.", _FILES)
    ] = None
    decimal: Annotated[str | None, option("--decimal SIGN", "A point or a comma, where it cannot be seen.", _FILES)] = (
        None
    )
    encoding: Annotated[
        str | None, option("--encoding NAME", "Such as cp1252, where the text is not UTF-8.", _FILES)
    ] = None
    people: Annotated[
        Path | None,
        option("--people PEOPLE", "A table of who is in which groups, to join: subject, and their groups.", _FILES),
    ] = None

    @property
    def layout(self) -> Layout:
        """How text files are written, as far as it was said."""
        from facerec.measure.tables.table_files import Layout

        return Layout(self.separator, self.decimal, self.encoding)

    def read_other(self, paths: Sequence[Path], kind: str, sides: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """A table of another `kind`, its people joined on `sides`, as ``join_people`` takes them."""
        from facerec.measure.tables.table_files import read_raw
        from facerec.measure.tables.vendor import join_people, read_several

        table = read_several(paths, kind=kind, layout=self.layout)
        if self.people is None:
            return table
        return join_people(table, read_raw(self.people, kind="a table of people", layout=self.layout), sides=sides)


@dataclass(frozen=True)
class Columns(Files):
    """What they are called, and whether the scores are distances."""

    score: Annotated[str | None, option("--score COLUMN", "The scores.", _COLUMNS)] = None
    genuine: Annotated[
        str | None,
        option(
            "--genuine COLUMN",
            "Whether both photos show one person: 1/0, 1/-1, true/false, yes/no, genuine/impostor, mated/non-mated, "
            "same/different or match/non-match.",
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
    accept_reversed: Annotated[
        bool,
        flag(
            "--accept-reversed",
            "Take scores that rank impostor pairs above genuine ones; otherwise they are an error, since most often "
            "they are distances.",
            _COLUMNS,
        ),
    ] = False

    def read(self, scores: Path | Sequence[Path], *, labelled: bool = True) -> pd.DataFrame:
        """A score table under our names; the one that only chooses a threshold needs no labels."""
        from facerec.measure.tables.vendor import GroupColumns, VendorColumns, read_vendor

        groups = tuple(map(GroupColumns.parse, self.groups or ())) if labelled else ()
        named = {each.name: getattr(self, each.name) for each in fields(VendorColumns) if each.name != "groups"}
        people = self.people if labelled else None
        return read_vendor(scores, VendorColumns(**named, groups=groups), layout=self.layout, people=people)

"""How every command that reads a table is told what is where in it: the same options for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from facerec.cli.options import flag, option

if TYPE_CHECKING:
    import pandas as pd

    from audits.tables.searches import SearchColumns as NamedSearches
    from audits.verification.streamed import Tables
    from facerec.measure.tables.table_files import Layout
    from facerec.measure.tables.vector_table import FaceVectors
    from facerec.measure.tables.vector_table import VectorColumns as NamedVectors
    from facerec.measure.tables.vendor import VendorColumns

_Named = TypeVar("_Named", "VendorColumns", "NamedSearches", "NamedVectors")
_COLUMNS = "What the table calls its columns"
_FILES = "How the file is written"

_ScoreColumn = Annotated[str | None, option("--score COLUMN", "The scores.", _COLUMNS)]
_ProbeSubject = Annotated[
    str | None,
    option("--probe-subject COLUMN", "Who is on the probe. Without people, pairs are taken as independent.", _COLUMNS),
]
_Groups = Annotated[
    list[str] | None,
    option(
        "--groups NAME=PROBE:REFERENCE",
        "Where labels are, for --by NAME: gender=gender1:gender2, or race=ethnicity where one column holds for both. "
        "May be given several times.",
        _COLUMNS,
    ),
]
_Distance = Annotated[bool, flag("--distance", "The table holds distances: smaller is more alike.", _COLUMNS)]
_AcceptReversed = Annotated[
    bool,
    flag(
        "--accept-reversed",
        "Take scores that rank impostors above the right people; otherwise they are an error, since most often they "
        "are distances.",
        _COLUMNS,
    ),
]
ScoresFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="SCORES",
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
    decimal: Annotated[
        str | None,
        option(
            "--decimal SIGN",
            "A point or a comma, where it cannot be seen; then the other one groups thousands.",
            _FILES,
        ),
    ] = None
    encoding: Annotated[
        str | None, option("--encoding NAME", "Such as cp1252, where the text is not UTF-8.", _FILES)
    ] = None
    sheet: Annotated[str | None, option("--sheet NAME", "Of a workbook; by default its first.", _FILES)] = None
    people: Annotated[
        Path | None,
        option("--people PEOPLE", "A table of who is in which groups, to join: subject, and their groups.", _FILES),
    ] = None

    @property
    def layout(self) -> Layout:
        """How text files are written, as far as it was said."""
        from facerec.measure.tables.table_files import Layout

        return Layout(self.separator, self.decimal, self.encoding, self.sheet)

    def read_other(self, paths: Sequence[Path], kind: str, person: str) -> pd.DataFrame:
        """A table of another `kind`, its people joined by the column `person`."""
        from facerec.measure.tables.vendor import read_several

        return read_several(
            paths, kind=kind, rename=lambda raw: raw, layout=self.layout, people=self.people, sides=((person, ""),)
        )


@dataclass(frozen=True)
class Columns(Files):
    """What they are called, and whether the scores are distances."""

    score: _ScoreColumn = None
    genuine: Annotated[
        str | None,
        option(
            "--genuine COLUMN",
            "Whether both photos show one person: 1/0, 1/-1, true/false, yes/no, genuine/impostor, mated/non-mated, "
            "same/different or match/non-match.",
            _COLUMNS,
        ),
    ] = None
    probe_subject: _ProbeSubject = None
    reference_subject: Annotated[
        str | None, option("--reference-subject COLUMN", "Who is on the reference.", _COLUMNS)
    ] = None
    probe_image: Annotated[str | None, option("--probe-image COLUMN", "The photo of the probe.", _COLUMNS)] = None
    reference_image: Annotated[
        str | None, option("--reference-image COLUMN", "The photo of the reference.", _COLUMNS)
    ] = None
    groups: _Groups = None
    distance: _Distance = False
    accept_reversed: _AcceptReversed = False

    def read(self, scores: Path | Sequence[Path], *, labelled: bool = True) -> pd.DataFrame:
        """A score table under our names; the one that only chooses a threshold needs no labels."""
        from facerec.measure.tables.vendor import GroupColumns, VendorColumns, read_vendor

        groups = tuple(map(GroupColumns.parse, self.groups or ())) if labelled else ()
        people = self.people if labelled else None
        return read_vendor(scores, _named(self, VendorColumns, groups=groups), layout=self.layout, people=people)

    def tables(self, scores: Sequence[Path]) -> Tables:
        """A score table that is read in one pass."""
        from audits.verification.streamed import Tables
        from facerec.measure.tables.vendor import GroupColumns, VendorColumns

        groups = tuple(map(GroupColumns.parse, self.groups or ()))
        columns = _named(self, VendorColumns, groups=groups)
        return Tables(
            scores,
            columns,
            self.layout,
            self.people,
            distance=self.distance,
            accept_reversed=self.accept_reversed,
        )


@dataclass(frozen=True)
class SearchColumns(Files):
    """The same of searches and of who is enrolled."""

    search: Annotated[str | None, option("--search COLUMN", "Which search a row is of.", _COLUMNS)] = None
    probe_subject: Annotated[str | None, option("--probe-subject COLUMN", "Who is on the probe.", _COLUMNS)] = None
    candidate_subject: Annotated[
        str | None, option("--candidate-subject COLUMN", "Who was found; empty: nobody.", _COLUMNS)
    ] = None
    score: _ScoreColumn = None
    subject: Annotated[
        str | None, option("--subject COLUMN", "Who is enrolled, in the table of --gallery.", _COLUMNS)
    ] = None
    groups: Annotated[
        list[str] | None,
        option(
            "--groups NAME=PROBE:GALLERY",
            "Where labels are, for --by NAME: gender=sex:geschlecht, of probes in SEARCHES and of people in --gallery; "
            "race=ethnicity where both say so. May be given several times.",
            _COLUMNS,
        ),
    ] = None
    distance: _Distance = False
    accept_reversed: _AcceptReversed = False

    def read(self, searches: Sequence[Path], gallery: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Searches, and who is enrolled, under our names."""
        from audits.tables.searches import SearchColumns as Named
        from audits.tables.searches import read_searches
        from facerec.measure.tables.vendor import GroupColumns

        columns = _named(self, Named, groups=tuple(map(GroupColumns.parse, self.groups or ())))
        return read_searches(searches, gallery, columns, layout=self.layout, people=self.people)


@dataclass(frozen=True)
class VectorColumns(Files):
    """The same of vectors of photos."""

    subject: Annotated[str | None, option("--subject COLUMN", "Who is on the photo.", _COLUMNS)] = None
    photo: Annotated[str | None, option("--photo COLUMN", "The name of the photo.", _COLUMNS)] = None
    vector: Annotated[
        str | None,
        option(
            "--vector COLUMN",
            "The column of lists, or how the columns of the numbers begin: emb_ for emb_0, emb_1 and so on.",
            _COLUMNS,
        ),
    ] = None

    def read(self, vectors: Sequence[Path]) -> FaceVectors:
        """The vectors, checked."""
        from facerec.measure.tables.vector_table import VectorColumns as Named
        from facerec.measure.tables.vector_table import read_vectors

        return read_vectors(vectors, _named(self, Named), layout=self.layout, people=self.people)


def _named(said: Files, kind: type[_Named], **more: Any) -> _Named:  # noqa: ANN401 - fields of the kind
    """The columns that were named, as the reader takes them."""
    names = {each.name for each in fields(kind)} - set(more)
    return kind(**{name: getattr(said, name) for name in names}, **more)

"""Score tables of other makers: their own names for columns, no photo names, no people, no end of rows.

Whoever judges a table needs to know which column is which, and nothing more; ``completed.py`` sees to what the table
does not say. Every command that takes scores reads them here, and from Python it is the same: ``read_vendor`` for
files, ``rename_columns`` and ``join_people`` for a DataFrame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import ArgumentError, ScoreTableError
from facerec.meant import did_you_mean
from facerec.measure.tables.cells import Problems, as_text, whole_ids
from facerec.measure.tables.score_table import IMAGES, SUBJECTS
from facerec.measure.tables.stamp import check_metadata
from facerec.measure.tables.table_files import SCORED_BY, Layout, noted, notes_of, read_raw, telling

_ROLES = ("score", "genuine", *SUBJECTS, *IMAGES)
_BOTH_SIDES = (("probe_subject", "probe_"), ("reference_subject", "reference_"))
_PERSON = ("subject", "subject_id", "person", "person_id", "identity", "id", "name")


@dataclass(frozen=True)
class GroupColumns:
    """Where a table keeps the labels of one attribute, such as ``gender``: the columns of either side.

    It is the same column twice where a single one holds for both. `ArgumentError` if a name is empty, or that of the
    attribute holds a comma, which joins attributes, or is ``image`` or ``subject``.
    """

    name: str
    probe: str
    reference: str

    def __post_init__(self) -> None:
        if not (self.name and self.probe and self.reference) or "," in self.name:
            message = (
                "the labels of an attribute are given as a name without commas and one column for either side, such as "
                f"gender, gender1 and gender2; got {self.name!r}, {self.probe!r} and {self.reference!r}"
            )
            raise ArgumentError(message)
        if self.name in ("image", "subject"):
            message = f"an attribute cannot be called {self.name}: probe_{self.name} means something else"
            raise ArgumentError(message)

    @classmethod
    def parse(cls, text: str) -> GroupColumns:
        """The columns that ``NAME=PROBE:REFERENCE`` or, with one for both sides, ``NAME=COLUMN`` names.

        `ArgumentError` if the text is of neither form.

        >>> GroupColumns.parse("gender=gender1:gender2")
        GroupColumns(name='gender', probe='gender1', reference='gender2')
        """
        name, _, columns = text.partition("=")
        sides = [side.strip() for side in columns.split(":")]
        if not all([name.strip(), *sides]) or len(sides) > 2:
            message = (
                "group labels are given as NAME=PROBE:REFERENCE, such as gender=gender1:gender2, or as NAME=COLUMN "
                f"where one column holds for both sides; got {text!r}"
            )
            raise ArgumentError(message)
        return cls(name.strip(), sides[0], sides[-1])


@dataclass(frozen=True)
class VendorColumns:
    """What a table calls the columns of a score table; None where it uses our name or has no such column.

    `groups` says where the labels of people are, if not in ``probe_<attribute>`` and ``reference_<attribute>``.
    """

    score: str | None = None
    genuine: str | None = None
    probe_subject: str | None = None
    reference_subject: str | None = None
    probe_image: str | None = None
    reference_image: str | None = None
    groups: tuple[GroupColumns, ...] = ()


def read_vendor(
    path: str | Path | Sequence[str | Path],
    columns: VendorColumns = VendorColumns(),
    *,
    layout: Layout = Layout(),  # noqa: B008 - frozen
    people: str | Path | None = None,
    memory: int | None = None,
) -> pd.DataFrame:
    """Read a score table of any maker and give its columns our names.

    A file is text with a header (``.csv``, ``.tsv``, ``.txt``, also as ``.gz``; `layout` says how it is written, where
    that cannot be seen), ``.xlsx`` (with the extra ``excel``) or ``.parquet``. Several are one table, whose column
    ``file`` says from which of them a row is. `people` is a file for `join_people`. The table may take `memory` bytes;
    None: what the machine has.

    It is not yet checked: ``audit_verification``, ``evaluate_scores`` and ``calibrate`` do that.

    Raises
    ------
    ScoreTableError
        If a file is missing, empty, of an unknown kind or encoding, not of the kind that its name says, or too large.
        If it lacks columns that `columns` names, or one is named for two purposes, or files differ in their columns.
        If `people` cannot be joined.
    MixedStampsError
        If the metadata of a Parquet file names another matcher than its rows do.
    MissingExtraError
        If a workbook is to be read without the extra ``excel``.
    """
    return read_several(
        path,
        kind="a score table",
        rename=lambda table: rename_columns(table, columns),
        layout=layout,
        people=people,
        sides=_BOTH_SIDES,
        memory=memory,
    )


def read_several(
    path: str | Path | Sequence[str | Path],
    *,
    kind: str,
    rename: Callable[[pd.DataFrame], pd.DataFrame],
    layout: Layout,
    people: str | Path | None = None,
    sides: Sequence[tuple[str, str]] = (),
    lists: Sequence[str] = (),
    memory: int | None = None,
) -> pd.DataFrame:
    """A table of any `kind`, as `read_vendor` reads a score table; in Parquet the columns `lists` may hold lists.

    `rename` gives its columns our names; then `people` are joined on `sides`, as `join_people` takes them.
    """
    paths = [path] if isinstance(path, str | Path) else list(path)
    if not paths:
        message = "no file was named"
        raise ArgumentError(message)
    read = []
    for each in paths:
        raw = read_raw(each, kind=kind, layout=layout, memory=memory, lists=lists)
        with telling(each):
            check_metadata(raw, Path(each))
        read.append(raw)
    with telling(", ".join(map(str, paths))):
        table = rename(read[0] if len(read) == 1 else _together(paths, read))
    if people is None:
        return table
    return join_people(table, read_raw(people, kind="a table of people", layout=layout, memory=memory), sides=sides)


def _together(paths: Sequence[str | Path], read: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Several tables as one, with the column ``file``."""
    first = [str(name) for name in read[0].columns]
    for path, other in zip(paths[1:], read[1:], strict=True):
        if odd := sorted(set(first) ^ set(map(str, other.columns))):
            message = f"{path} and {paths[0]} differ in the columns {', '.join(odd)}; files of one table have the same"
            raise ScoreTableError(message)
    names = [Path(each).name.partition(".")[0] for each in paths]
    if len(set(names)) < len(names):
        names = [str(each) for each in paths]
    whole = pd.concat([table[first] for table in read], ignore_index=True)
    whole.attrs = {}
    if "file" not in first:
        files = np.repeat(np.array(names, object), [len(table) for table in read])
        whole = whole.assign(file=files).astype({"file": "str"})
    notes = [f"{Path(path).name}: {note}" for path, table in zip(paths, read, strict=True) for note in notes_of(table)]
    ends = np.cumsum([len(table) for table in read])
    where = ", ".join(f"{name} to row {end:,}" for name, end in zip(names, ends, strict=True))
    return noted(whole, f"{len(read)} files were read as one table: {where}", *notes)


def join_people(
    table: pd.DataFrame,
    people: pd.DataFrame,
    *,
    sides: Sequence[tuple[str, str]] = _BOTH_SIDES,
) -> pd.DataFrame:
    """Give every row the labels of its people, from a table of people.

    `people` has a row per person: a column `subject` (or subject_id, person, person_id, identity, id or name), and a
    column for each attribute; rows that repeat a person must say the same. `sides` are columns of ids in `table`, each
    with how the names of its new columns begin. A person who is not in `people` has empty labels, and it is noted how
    many those are.

    `ScoreTableError` if a table lacks the column of ids, or `people` all attributes; if a person has two labels, or
    nobody of the table is in `people`; if the table holds such a column already.

    >>> pairs = pd.DataFrame({"probe_subject": ["a"], "reference_subject": ["b"]})
    >>> joined = join_people(pairs, pd.DataFrame({"subject": ["a", "b"], "race": ["x", "y"]}))
    >>> joined[["probe_race", "reference_race"]].to_numpy().tolist()
    [['x', 'y']]
    """
    labels = labels_of_people(people)
    joined, unknown, everybody = table, set[str](), set[str]()
    for side, beginning in sides:
        if side not in table.columns:
            message = f"people can be joined where the table names them; it lacks {side}"
            raise ScoreTableError(message)
        if taken := [name for name in labels.columns if f"{beginning}{name}" in table.columns]:
            message = f"both the table and that of its people hold {taken[0]} ({beginning}{taken[0]}); leave one out"
            raise ScoreTableError(message)
        ids = whole_ids(table[side])
        everybody |= set(ids.unique())
        unknown |= set(ids.unique()) - set(labels.index)
        found = labels.reindex(ids).fillna("").astype("str").add_prefix(beginning).reset_index(drop=True)
        joined = joined.assign(**{name: found[name].array for name in found.columns})
    if everybody and unknown == everybody:
        message = f"nobody of the table is in the table of people: {min(unknown)!r} here, {labels.index[0]!r} there"
        raise ScoreTableError(message)
    joined.attrs = dict(table.attrs)
    note = f"{len(unknown):,} of {len(everybody):,} people are not in the table of people, and have no labels from it"
    return noted(joined, *([note] if unknown else []))


def labels_of_people(people: pd.DataFrame) -> pd.DataFrame:
    """The labels in a table of people, as `join_people` takes and refuses it: a row per id, a column per attribute."""
    names = {str(name).strip().casefold(): name for name in people.columns}
    key = next((names[name] for name in _PERSON if name in names), None)
    if key is None or len(names) < 2:
        message = (
            f"the table of people needs a column {', '.join(_PERSON[:-1])} or {_PERSON[-1]} and columns of groups; it "
            f"has {', '.join(map(str, people.columns)) or 'no columns'}"
        )
        raise ScoreTableError(message)
    labels = pd.DataFrame({str(name): as_text(people[name]) for name in people.columns if name != key})
    labels = labels.assign(**{"": whole_ids(people[key])}).drop_duplicates().set_index("").drop("", errors="ignore")
    if (twice := labels.index.duplicated()).any():
        message = f"the table of people holds {labels.index[twice][0]!r} twice, with different labels"
        raise ScoreTableError(message)
    return labels


def rename_columns(table: pd.DataFrame, columns: VendorColumns) -> pd.DataFrame:
    """Give the columns of a table our names.

    The named columns are renamed, and each column of labels is copied as ``probe_<attribute>`` or
    ``reference_<attribute>``. A column that had one of our names and is not meant stays, as ``other_<name>``.

    `ScoreTableError` if the table lacks columns that `columns` names, or has one twice; if one column is named for two
    purposes, or the labels of an attribute twice.

    >>> table = pd.DataFrame({"matching_score": [0.9], "label": [1], "g1": ["f"], "g2": ["m"]})
    >>> columns = VendorColumns("matching_score", "label", groups=(GroupColumns("gender", "g1", "g2"),))
    >>> rename_columns(table, columns).columns.tolist()
    ['score', 'genuine', 'g1', 'g2', 'probe_gender', 'reference_gender']
    """
    labels = [
        (f"{side}_{group.name}", column)
        for group in columns.groups
        for side, column in (("probe", group.probe), ("reference", group.reference))
    ]
    renamed = renamed_roles(table, {name: getattr(columns, name) for name in _ROLES}, labels)
    if columns.score is not None:
        renamed.attrs[SCORED_BY] = columns.score
    return renamed


def renamed_roles(
    table: pd.DataFrame, roles: Mapping[str, str | None], labels: Sequence[tuple[str, str]] = ()
) -> pd.DataFrame:
    """A table whose columns have our names: `roles` and `labels` say what it calls them, None: as we do.

    The columns of `roles` are renamed and those of `labels` copied; errors and other columns as in `rename_columns`.
    """
    meant = {name: theirs for name, theirs in roles.items() if theirs is not None}
    there = [str(name) for name in table.columns]
    problems = Problems()
    for ours, theirs in [*meant.items(), *labels]:
        with problems.collected():
            if theirs not in there:
                has = f"the table has {', '.join(there) or 'no columns'}{did_you_mean(str(theirs), there)}"
                message = f"there is no column {theirs!r} for {ours}; {has}"
                raise ScoreTableError(message)
            if there.count(theirs) > 1:
                message = f"the table has the column {theirs!r} twice, so it is not known which one is meant for {ours}"
                raise ScoreTableError(message)
    problems.refuse()
    if len(set(meant.values())) < len(meant):
        message = f"one column cannot serve two purposes; got {meant}"
        raise ScoreTableError(message)
    if twice := [name for name in dict(labels) if sum(ours == name for ours, _ in labels) > 1]:
        message = f"the labels of an attribute were given twice: {', '.join(twice)}"
        raise ScoreTableError(message)
    values = {ours: table[theirs] for ours, theirs in labels}
    names = {ours: f"other_{ours}" for ours, theirs in [*meant.items(), *labels] if ours in there and theirs != ours}
    names |= {theirs: ours for ours, theirs in meant.items()}
    renamed = table.rename(columns=names).assign(**values)
    renamed.attrs = dict(table.attrs)
    return renamed

"""Score tables of other makers: their own names for columns, no photo names, no people, no end of rows.

An audit needs to know which column is which, and nothing more. What a table does not say is not made up: without
people, pairs are told to be independent, and the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure import tables
from facerec.measure.tables.table_files import read_raw

_SUBJECTS = ("probe_subject", "reference_subject")
_IMAGES = ("probe_image", "reference_image")
_ROLES = ("score", "genuine", *_SUBJECTS, *_IMAGES)


@dataclass(frozen=True)
class GroupColumns:
    """Where a table keeps the labels of one attribute.

    Attributes
    ----------
    name : str
        What the attribute is to be called, such as ``gender``.
    probe, reference : str
        The columns of either side; the same one twice where a single column holds for both.

    Raises
    ------
    ArgumentError
        If `name` holds a comma, which joins attributes, or is ``image`` or ``subject``.
        If a name is empty.
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

        Raises
        ------
        ArgumentError
            If the text is of neither form.

        Examples
        --------
        >>> GroupColumns.parse("gender=gender1:gender2")
        GroupColumns(name='gender', probe='gender1', reference='gender2')
        >>> GroupColumns.parse("race=ethnicity")
        GroupColumns(name='race', probe='ethnicity', reference='ethnicity')
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

    Attributes
    ----------
    score, genuine, probe_subject, reference_subject, probe_image, reference_image : str or None
    groups : tuple of GroupColumns
        Where the labels of people are, if not in ``probe_<attribute>`` and ``reference_<attribute>``.
    """

    score: str | None = None
    genuine: str | None = None
    probe_subject: str | None = None
    reference_subject: str | None = None
    probe_image: str | None = None
    reference_image: str | None = None
    groups: tuple[GroupColumns, ...] = ()


@dataclass(frozen=True, eq=False)
class Completed:
    """A checked score table, and what it did not say itself.

    Attributes
    ----------
    table : DataFrame
        As from ``facerec.measure.tables.check``.
    pairs_independent : bool
        True where the table names no people; the people in `table` are then placeholders, two of their own per pair.
    images_known : bool
        False where the table names no photos; they are placeholders then.
    """

    table: pd.DataFrame
    pairs_independent: bool
    images_known: bool

    def people(self) -> NDArray[np.int32] | None:
        """Who is on either side, as codes from 0 on, shape (2, n); None where the table names no people."""
        return None if self.pairs_independent else self._codes(_SUBJECTS)

    def images(self) -> NDArray[np.int32] | None:
        """Which photo is on either side, as codes from 0 on, shape (2, n); None where the table names none."""
        return self._codes(_IMAGES) if self.images_known else None

    def repeated(self) -> tuple[int, int]:
        """How many rows compare what another row compares, and how many of those have another score.

        Rows are the same comparison where their photos are the same, in this order or the other; without photos,
        where their people and their scores are; without either, none are.
        """
        sides = self.images() if self.images_known else self.people()
        if sides is None:
            return 0, 0
        scores = pd.factorize(self.table["score"], use_na_sentinel=False)[0]
        pairs = pd.factorize(sides.min(axis=0).astype(np.int64) * (int(sides.max()) + 1) + sides.max(axis=0))[0]
        both = pairs.astype(np.int64) * (int(scores.max()) + 1) + scores
        comparisons, scored = len(pd.unique(pairs)), len(pd.unique(both))
        if self.images_known:
            return len(pairs) - comparisons, scored - comparisons
        return len(pairs) - scored, 0

    def _codes(self, sides: tuple[str, str]) -> NDArray[np.int32]:
        both = pd.concat([self.table[name] for name in sides], ignore_index=True)
        return pd.factorize(both)[0].astype(np.int32).reshape(2, -1)


def read_vendor(path: str | Path, columns: VendorColumns, *, memory: int | None = None) -> pd.DataFrame:
    """Read a score table of any maker and give its columns our names.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (UTF-8, commas, a header) or ``.parquet``.
    columns : VendorColumns
    memory : int, optional
        Bytes that the table may take; None: what the machine has.

    Returns
    -------
    DataFrame
        Not yet checked; for ``audit_verification``, which does.

    Raises
    ------
    ScoreTableError
        If the file's name ends in neither ``.csv`` nor ``.parquet``.
        If the file is missing, empty, or not of the kind that its name says.
        If a CSV file is not UTF-8, or its cells are not separated by commas.
        If the table would not fit into memory; the message says the sizes.
        If it lacks a column that `columns` names, or one is named for two purposes.
    """
    raw = read_raw(path, memory=memory)
    try:
        return rename_columns(raw, columns)
    except ScoreTableError as problem:
        message = f"{path}: {problem}"
        raise ScoreTableError(message) from problem


def rename_columns(table: pd.DataFrame, columns: VendorColumns) -> pd.DataFrame:
    """Give the columns of a table our names.

    Parameters
    ----------
    table : DataFrame
    columns : VendorColumns

    Returns
    -------
    DataFrame
        With the named columns renamed, and a copy of each column of labels as ``probe_<attribute>`` or
        ``reference_<attribute>``. A column that had one of our names and is not meant stays, as ``other_<name>``.

    Raises
    ------
    ScoreTableError
        If the table lacks a column that `columns` names, or has it twice.
        If one column is named for two purposes, or the labels of an attribute twice.

    Examples
    --------
    >>> table = pd.DataFrame({"matching_score": [0.9], "label": [1], "g1": ["f"], "g2": ["m"]})
    >>> columns = VendorColumns("matching_score", "label", groups=(GroupColumns("gender", "g1", "g2"),))
    >>> rename_columns(table, columns).columns.tolist()
    ['score', 'genuine', 'g1', 'g2', 'probe_gender', 'reference_gender']
    """
    meant = {name: theirs for name in _ROLES if (theirs := getattr(columns, name)) is not None}
    labels = [
        (f"{side}_{group.name}", column)
        for group in columns.groups
        for side, column in (("probe", group.probe), ("reference", group.reference))
    ]
    there = [str(name) for name in table.columns]
    for ours, theirs in [*meant.items(), *labels]:
        if theirs not in there:
            message = f"there is no column {theirs!r} for {ours}; the table has {', '.join(there) or 'no columns'}"
            raise ScoreTableError(message)
        if there.count(theirs) > 1:
            message = f"the table has the column {theirs!r} twice, so it is not known which one is meant for {ours}"
            raise ScoreTableError(message)
    if len(set(meant.values())) < len(meant):
        message = f"one column cannot serve two purposes; got {meant}"
        raise ScoreTableError(message)
    if twice := [name for name in dict(labels) if sum(ours == name for ours, _ in labels) > 1]:
        message = f"the labels of an attribute were given twice: {', '.join(twice)}"
        raise ScoreTableError(message)
    values = {ours: table[theirs] for ours, theirs in labels}
    names = {ours: f"other_{ours}" for ours, theirs in [*meant.items(), *labels] if ours in there and theirs != ours}
    names |= {theirs: ours for ours, theirs in meant.items()}
    return table.rename(columns=names).assign(**values)


def complete(table: pd.DataFrame) -> Completed:
    """Check a score table that may lack the columns of people, of photos, or both.

    Parameters
    ----------
    table : DataFrame
        As for ``facerec.measure.tables.check``, but the two columns of people may be missing, and the two of photos.

    Returns
    -------
    Completed

    Raises
    ------
    ScoreTableError
        If the table has no rows.
        If it lacks `genuine` or `score`.
        If it names the people of one side only, or the photos of one side only.
        If ``facerec.measure.tables.check`` refuses the rest.

    Examples
    --------
    >>> found = complete(pd.DataFrame({"genuine": [1, 0], "score": [0.9, 0.2]}))
    >>> found.pairs_independent, found.table["genuine"].tolist()
    (True, [True, False])
    """
    if not len(table):
        message = "the score table has no rows"
        raise ScoreTableError(message)
    if _is_checked(table):
        tables.stamp_of(table)  # raises where the rows are of several matchers
        return Completed(table, pairs_independent=False, images_known=True)
    there = {str(name) for name in table.columns}
    if needed := [name for name in ("genuine", "score") if name not in there]:
        has = ", ".join(str(name) for name in table.columns) or "no columns"
        message = f"the score table lacks {' and '.join(needed)}; it has {has}; if one of these is meant, name it"
        raise ScoreTableError(message)
    missing = {names: [name for name in names if name not in there] for names in (_SUBJECTS, _IMAGES)}
    for absent in missing.values():
        if len(absent) == 1:
            message = f"the score table lacks {absent[0]}, but names the other side: give both or neither"
            raise ScoreTableError(message)
    filled = table.reset_index(drop=True)
    rows = pd.Series(np.arange(1, len(table) + 1)).astype(str)
    if missing[_IMAGES]:
        filled = filled.assign(probe_image="probe " + rows, reference_image="reference " + rows)
    if missing[_SUBJECTS]:
        mated = tables.score_table.truth(filled["genuine"]).to_numpy(bool)
        other = rows.where(mated, "other " + rows)
        filled = filled.assign(probe_subject=rows, reference_subject=other)
    return Completed(tables.check(filled), bool(missing[_SUBJECTS]), not missing[_IMAGES])


def _is_checked(table: pd.DataFrame) -> bool:
    """Whether a table is as ``facerec.measure.tables.check`` leaves it, seen in a tenth of the check's time."""
    if len(set(table.columns)) < len(table.columns) or not set(tables.REQUIRED) <= set(table.columns):
        return False
    if not isinstance(table.index, pd.RangeIndex) or table.index.start != 0 or table.index.step != 1:
        return False
    types = table.dtypes
    if types["genuine"] != np.bool_ or types["score"] != np.float64 or np.isinf(table["score"].to_numpy()).any():
        return False
    ids = (*_IMAGES, *_SUBJECTS)
    # Text that Arrow holds can be written as UTF-8.
    if not all(isinstance(types[name], pd.StringDtype) and types[name].storage == "pyarrow" for name in ids):
        return False
    if any(table[name].isna().any() or (table[name] == "").any() for name in ids):
        return False
    return bool(((table["probe_subject"] == table["reference_subject"]).to_numpy(bool) == table["genuine"]).all())

"""Score tables of other makers: their own names for columns, no photo names, no people, no end of rows.

Whoever judges a table needs to know which column is which, and nothing more. What a table does not say is not made up:
without people, pairs are told to be independent, and the result says so. Every command that takes scores reads them
here, and from Python it is the same: ``read_vendor`` for files, ``rename_columns`` and ``join_people`` for a DataFrame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics import auc
from facerec.measure.tables.cells import Problems, as_text, trimmed, truth, whole_ids
from facerec.measure.tables.score_table import REQUIRED, check_columns
from facerec.measure.tables.stamp import check_metadata, stamp_of
from facerec.measure.tables.table_files import Layout, noted, notes_of, read_raw, telling

_SUBJECTS = ("probe_subject", "reference_subject")
_IMAGES = ("probe_image", "reference_image")
_ROLES = ("score", "genuine", *_SUBJECTS, *_IMAGES)
INDEPENDENT = (
    "the table does not say who is in a pair, so pairs were taken as independent: where people occur in several pairs, "
    "every interval is too narrow"
)
_DRAWN = 100_000
_SCORED_BY = "facerec score column"
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


@dataclass(frozen=True, eq=False)
class Completed:
    """A checked score table, and what it did not say itself.

    `table` is as from ``facerec.measure.tables.check``. Where it names no people, `pairs_independent` is true and they
    are placeholders, two of their own per pair; where `images_known` is false, so are its photos.
    """

    table: pd.DataFrame
    pairs_independent: bool
    images_known: bool

    def notes(self, *, distance: bool) -> list[str]:
        """What a reader must know of how the table was read, and of a column that is called a distance and is none."""
        name = str(self.table.attrs.get(_SCORED_BY, ""))
        hint = (
            f"the scores are of the column {name!r}, whose name speaks of distances, and were taken for similarities: "
            "for distances say --distance (distance=True)"
        )
        return [*notes_of(self.table), *([hint] if "dist" in name.casefold() and not distance else [])]

    def similarities(self, *, distance: bool, accept_reversed: bool = False) -> NDArray[np.float64]:
        """The scores, negated `distance`s, larger where faces are more alike, shape (n,); NaN where there is none.

        `ScoreTableError` if impostor pairs are more alike than genuine ones (`reversed_area`), and nobody accepted it.
        """
        scores = self.table["score"].to_numpy(np.float64)
        values = 0.0 - scores if distance else scores
        if not accept_reversed:
            refuse_reversed(
                values,
                self.table["genuine"].to_numpy(bool),
                distance=distance,
                told="impostor pairs are more alike than genuine ones",
            )
        return values

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
        if not self.images_known and self.pairs_independent:
            return 0, 0
        names = _IMAGES if self.images_known else _SUBJECTS
        marks = sum(pd.util.hash_array(self.table[name].to_numpy(object), categorize=False) for name in names)
        again = pd.Series(marks).duplicated(keep=False).to_numpy(bool)  # all that could be; a look at each text is dear
        if not again.any():
            return 0, 0
        return Completed(
            self.table[again].reset_index(drop=True), self.pairs_independent, self.images_known
        )._repeated()

    def _repeated(self) -> tuple[int, int]:
        sides = self._codes(_IMAGES if self.images_known else _SUBJECTS)
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
        renamed.attrs[_SCORED_BY] = columns.score
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
                message = f"there is no column {theirs!r} for {ours}; the table has {', '.join(there) or 'no columns'}"
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


def complete(table: pd.DataFrame) -> Completed:
    """Check a score table that may lack the two columns of people, or of photos, or `genuine` beside people.

    `ScoreTableError` if it has no rows, lacks `score` or any way to know which pairs are genuine, names the people or
    photos of one side only, or ``facerec.measure.tables.check`` refuses the rest.

    >>> found = complete(pd.DataFrame({"genuine": [1, 0], "score": [0.9, 0.2]}))
    >>> found.pairs_independent, found.table["genuine"].tolist()
    (True, [True, False])
    """
    if not len(table):
        message = "the score table has no rows"
        raise ScoreTableError(message)
    table = trimmed(table)
    if _is_checked(table):
        stamp_of(table)  # raises where the rows are of several matchers
        return Completed(table, pairs_independent=False, images_known=True)
    problems = Problems()
    there = {str(name) for name in table.columns}
    missing = {names: [name for name in names if name not in there] for names in (_SUBJECTS, _IMAGES)}
    filled = table.reset_index(drop=True)
    notes = []
    if "genuine" not in there and not missing[_SUBJECTS]:
        filled = filled.assign(genuine=whole_ids(table[_SUBJECTS[0]]).eq(whole_ids(table[_SUBJECTS[1]])))
        notes.append("the table does not say which pairs are genuine: those of one and the same subject were taken")
    with problems.collected():
        if needed := [name for name in ("genuine", "score") if name not in filled.columns]:
            has = ", ".join(str(name) for name in table.columns) or "no columns"
            message = f"the score table lacks {' and '.join(needed)}; it has {has}; if one of these is meant, name it"
            message = "; ".join([message, *notes_of(table)])
            raise ScoreTableError(message)
    for absent in missing.values():
        with problems.collected():
            if len(absent) == 1:
                message = f"the score table lacks {absent[0]}, but names the other side: give both or neither"
                raise ScoreTableError(message)
    rows = pd.Series(np.arange(1, len(table) + 1)).astype(str)
    if len(missing[_IMAGES]) == 2:
        filled = filled.assign(probe_image="probe " + rows, reference_image="reference " + rows)
    if len(missing[_SUBJECTS]) == 2 and list(filled.columns).count("genuine") == 1:
        with problems.collected():
            mated = truth(filled["genuine"]).to_numpy(bool)
            filled = filled.assign(probe_subject=rows, reference_subject=rows.where(mated, "other " + rows))
        if "probe_subject" not in filled.columns:  # genuine cannot be read, and has been told
            filled = filled.drop(columns="genuine")
    filled.attrs = dict(table.attrs)
    checked = noted(check_columns(filled, problems), *notes)
    return Completed(checked, bool(missing[_SUBJECTS]), not missing[_IMAGES])


def reversed_area(similarities: NDArray[np.float64], genuine: NDArray[np.bool_]) -> float | None:
    """The area under the ROC curve where it is below one half and that is not chance; None elsewhere.

    Of more than 100,000 pairs that have a score it is that of 100,000, drawn with a fixed seed. Chance: two standard
    errors of the area of scores that tell nothing, sqrt((m + n + 1) / 12 m n), and at most a quarter.

    >>> scores = np.linspace(0, 1, 20)
    >>> reversed_area(scores, scores > 0.5), reversed_area(scores, scores < 0.5)
    (None, 0.0)
    """
    rows = np.flatnonzero(~np.isnan(similarities))
    if len(rows) > _DRAWN:
        rows = np.random.default_rng(0).choice(rows, _DRAWN, replace=False)
    kind = genuine[rows]
    m, n = int(kind.sum()), int((~kind).sum())
    if not m or not n:
        return None
    area = auc(similarities[rows][kind], similarities[rows][~kind])
    chance = 2 * math.sqrt((m + n + 1) / (12 * m * n))
    return area if area < 0.5 - min(chance, 0.25) else None


def refuse_reversed(
    similarities: NDArray[np.float64], genuine: NDArray[np.bool_], *, distance: bool, told: str
) -> None:
    """`ScoreTableError` that `told`s of a `reversed_area` and names the options, where there is one."""
    area = reversed_area(similarities, genuine)
    if area is None:
        return
    what = (
        "are these similarities? Then leave --distance (distance=True) out"
        if distance
        else "are these distances? Then say --distance (distance=True)"
    )
    message = (
        f"{told}, the area under the ROC curve is {area:.3g}: {what}. If the scores mean what they say all the same, "
        "--accept-reversed (accept_reversed=True)"
    )
    raise ScoreTableError(message)


def refuse_off_scale(threshold: float, similarities: NDArray[np.float64], *, distance: bool = False) -> None:
    """`ArgumentError` where no score lies on one side of a threshold that is on another scale than the scores.

    That is where it is further from all of them than they are from one another and from 0, or at most a tenth of the
    smallest: 60 for scores of 0 … 1, 0.6 for scores of 35 … 99. One that accepts or refuses everything on purpose is
    closer, 0, or infinite. `threshold` and `similarities` are larger where faces are more alike, both negated for a
    `distance`; NaN is no score.

    >>> refuse_off_scale(1.01, np.array([0.2, 0.9]))
    >>> refuse_off_scale(60, np.array([0.2, 0.9]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    facerec.errors.ArgumentError: the threshold 60 is off the scale of the scores, 0.2 … 0.9, ...
    """
    seen = similarities[~np.isnan(similarities)]
    if not len(seen) or not math.isfinite(threshold):
        return
    low, high = float(seen.min()), float(seen.max())
    gap, sizes = max(threshold - high, low - threshold), (abs(low), abs(high))
    if gap <= 0 or not (gap > max(high - low, *sizes) or 0 < 10 * abs(threshold) <= min(sizes)):
        return
    value, (first, last) = (-threshold, (-high, -low)) if distance else (threshold, (low, high))
    message = (
        f"the threshold {value:.6g} is off the scale of the scores, {first:.6g} … {last:.6g}, so every pair would be "
        f"{'refused' if threshold > high else 'accepted'}: give one on the scores' own scale (--at-threshold; of --at "
        "it is that of cosine similarities). If that is meant, a value closer to the scores, or inf"
    )
    raise ArgumentError(message)


def table_notes(completed: Completed, *, distance: bool = False) -> list[str]:
    """What a reader must know of a table: how it was read, and that it does not name its people."""
    return [*completed.notes(distance=distance), *([INDEPENDENT] if completed.pairs_independent else [])]


def _is_checked(table: pd.DataFrame) -> bool:
    """Whether a table is as ``facerec.measure.tables.check`` leaves it, seen in a tenth of the check's time."""
    if len(set(table.columns)) < len(table.columns) or not set(REQUIRED) <= set(table.columns):
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

"""Who belongs to which group: from labels in a table to small integers, one per row and side.

Labels come with the data; nothing here looks at a face. A row without a label belongs to no group, and is counted as
such. Labels that a reader cannot tell apart are one: spaces of any kind, one letter in two codings (Unicode's canonical
equivalence), ``1`` and ``1.0``, ``True`` and ``true`` make no groups of their own (``facerec.measure.tables.cells``).
Letters in another case do, and those of another alphabet that look the same, and `name_notes` says so. A group is an
intersection as soon as several attributes are named: ``race,gender`` holds one group per pair of labels that occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.meant import did_you_mean
from facerec.measure.tables import attributes
from facerec.measure.tables.cells import Problems, coded, look_alikes, says_unknown, spellings, twins
from facerec.visible_text import hidden_character, told_apart

_Groups = TypeVar("_Groups")
MOST_GROUPS = 300
"""Of one grouping; more are no longer groups of people, but people, ages or photos."""


@dataclass(frozen=True, eq=False)
class _Named:
    by: str
    names: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class RowGroups(_Named):
    """The group of every row of a table that has one person per row.

    Attributes
    ----------
    by : str
        The attributes joined by commas.
    names : tuple of str
        The groups, sorted by their labels; a name is the labels joined by commas.
    labels : tuple of tuple of str
        The same groups, one label per attribute.
    codes : ndarray, int32, shape (n,)
        Which group each row belongs to; −1 where a label is missing.
    """

    codes: NDArray[np.int32]

    def __post_init__(self) -> None:
        self.codes.flags.writeable = False


@dataclass(frozen=True, eq=False)
class PairGroups(_Named):
    """The groups of both sides of every pair.

    Attributes
    ----------
    by, names, labels
        As for `RowGroups`.
    probe, reference : ndarray, int32, shape (n,)
        Which group either side belongs to; −1 where a label is missing.
    """

    probe: NDArray[np.int32]
    reference: NDArray[np.int32]

    def __post_init__(self) -> None:
        self.probe.flags.writeable = False
        self.reference.flags.writeable = False

    @property
    def within(self) -> NDArray[np.int32]:
        """The group that both sides belong to, shape (n,); −1 where they differ or a label is missing."""
        return np.where(self.probe == self.reference, self.probe, np.int32(-1))


def split_attributes(by: str) -> tuple[str, ...]:
    """The attributes that a grouping names, joined by commas for their intersection.

    `ArgumentError` if one is empty or is named twice.

    Examples
    --------
    >>> split_attributes("race, gender")
    ('race', 'gender')
    """
    names = tuple(name.strip() for name in by.split(","))
    if not all(names) or len(set(names)) < len(names):
        message = f"a grouping names different attributes, joined by commas, such as race,gender; got {by!r}"
        raise ArgumentError(message)
    return names


def checked_groupings(by: Sequence[str]) -> tuple[str, ...]:
    """The groupings, each written without spaces: attributes, or several joined by commas for their intersection.

    `ArgumentError` if `by` is a single text, whose letters would be taken for attributes, or if a grouping stands
    twice, or names an attribute twice or an empty one.

    Examples
    --------
    >>> checked_groupings(["gender", "race, gender"])
    ('gender', 'race,gender')
    """
    if isinstance(by, str):
        message = f'by is a list of groupings, such as ["gender", "race,gender"]; got {by!r}'
        raise ArgumentError(message)
    names = tuple(",".join(split_attributes(name)) for name in by)
    if len(set(names)) < len(names):
        message = f"a grouping stands twice: {', '.join(names)}"
        raise ArgumentError(message)
    return names


def group_rows(table: pd.DataFrame, by: str) -> RowGroups:
    """Group the rows of a table of people, such as a table of predictions.

    Parameters
    ----------
    table : DataFrame
        With a column for each attribute; an empty or missing label belongs to no group.
    by : str
        One attribute, or several joined by commas for their intersection.

    Returns
    -------
    RowGroups

    Raises
    ------
    ArgumentError
        If `by` names an attribute twice, or an empty one.
    ScoreTableError
        If the table lacks a column.
        If no row has a label, or one holds characters that cannot be seen.
        If there are more than `MOST_GROUPS` groups.
        If two groups would get one name because a label holds a comma.

    Examples
    --------
    >>> groups = group_rows(pd.DataFrame({"gender": ["male", "female", "", "male"]}), "gender")
    >>> groups.names, groups.codes.tolist()
    (('female', 'male'), [1, 0, -1, 1])
    """
    wanted = split_attributes(by)
    by = ",".join(wanted)
    if absent := [name for name in wanted if name not in table.columns]:
        raise _no_such_column(absent[0], [absent[0]], [str(name) for name in table.columns])
    labels, codes = _grouped(by, [table[name] for name in wanted])
    return RowGroups(by, _names(labels), labels, codes)


def group_pairs(table: pd.DataFrame, by: str) -> PairGroups:
    """Group both sides of the pairs of a score table.

    Parameters
    ----------
    table : DataFrame
        With ``probe_<attribute>`` and ``reference_<attribute>`` for each attribute, or with one column named like the
        attribute, which then holds for both sides.
    by : str
        As for `group_rows`, and the same is refused; here, too, if the table has only one of the two columns.

    Examples
    --------
    >>> table = pd.DataFrame({"probe_gender": ["male", "female"], "reference_gender": ["male", ""]})
    >>> groups = group_pairs(table, "gender")
    >>> groups.names, groups.probe.tolist(), groups.reference.tolist(), groups.within.tolist()
    (('female', 'male'), [1, 0], [1, -1], [1, -1])
    """
    wanted = split_attributes(by)
    sides = [side_columns(table, name) for name in wanted]
    stacked = [
        pd.concat([table[probe], table[reference]], ignore_index=True).rename(name)
        for name, (probe, reference) in zip(wanted, sides, strict=True)
    ]
    labels, codes = _grouped(",".join(wanted), stacked)
    return PairGroups(",".join(wanted), _names(labels), labels, codes[: len(table)], codes[len(table) :])


def all_grouped(names: Sequence[str], group: Callable[[str], _Groups]) -> list[_Groups]:
    """What `group` gives for every grouping; `ScoreTableError` with all problems of all of them."""
    problems, found = Problems(), []
    for name in names:
        with problems.collected():
            found.append(group(name))
    problems.refuse()
    return found


@contextmanager
def groupings_told(table: pd.DataFrame, names: Sequence[str], group: Callable[[str], object]) -> Iterator[None]:
    """Where a block refuses a table, tell what is wrong with its groupings along, as `all_grouped` does."""
    problems = Problems()
    with problems.collected():
        yield
        return
    with problems.collected():
        if isinstance(table, pd.DataFrame) and table.columns.is_unique and len(table):
            all_grouped(names, group)
    problems.refuse()


def name_notes(by: str, names: Sequence[str]) -> list[str]:
    """What a reader must know of the names of groups.

    Which differ in case only, which look alike, and which read as if nobody knew. That two look alike is a judgement (0
    and O), unlike a character that cannot be seen, so it is said with their code points, and not refused.

    >>> name_notes("sex", ["Male", "female", "male"])
    ["by sex, 'Male' and 'male' are counted as different groups, though only the case of letters differs"]
    >>> name_notes("race", ["A", "n/a"])
    ["by race, 'n/a' is a group like any other; where it means that nobody knows, leave the cell empty"]
    """
    alike = [
        f"by {by}, {' and '.join(map(repr, alike))} are counted as different groups, though only the case of letters "
        "differs"
        for alike in twins(names)
    ]
    alike += [
        f"by {by}, {told_apart(alike)} look alike and are counted as different groups; if they are one, respell them"
        for alike in look_alikes(names)
    ]
    return alike + [
        f"by {by}, {name!r} is a group like any other; where it means that nobody knows, leave the cell empty"
        for name in names
        if any(map(says_unknown, name.split(",")))
    ]


def side_columns(table: pd.DataFrame, name: str) -> tuple[str, str]:
    """The columns of an attribute, of the probe and the reference; `ScoreTableError` if the table lacks one."""
    probe, reference = f"probe_{name}", f"reference_{name}"
    if probe in table.columns and reference in table.columns:
        return probe, reference
    if name in table.columns and probe not in table.columns and reference not in table.columns:
        return name, name
    missing = [column for column in (probe, reference) if column not in table.columns]
    raise _no_such_column(name, missing, list(attributes(table)) or [str(column) for column in table.columns])


def _no_such_column(name: str, missing: Sequence[str], there: Sequence[str]) -> ScoreTableError:
    message = (
        f"the table cannot be grouped by {name!r}: it lacks {' and '.join(missing)}; "
        f"it has {', '.join(there) or 'no columns'}{did_you_mean(name, there)}"
    )
    return ScoreTableError(message)


def _grouped(by: str, columns: Sequence[pd.Series]) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.int32]]:
    """The intersections that occur, sorted, and which of them each row is; −1 where any label is missing."""
    total = np.zeros(len(columns[0]), np.int64)
    known = np.ones(len(total), np.bool_)
    words: list[list[str]] = []
    for column in columns:
        codes, values = _labels(column)
        known &= codes >= 0
        total = total * len(values) + np.maximum(codes, 0)
        words.append(values)
    if not known.any():
        message = f"no row has a label for {by}: every cell is empty, so there is no group to speak of"
        raise ScoreTableError(message)
    present = np.unique(total[known])
    if len(present) > MOST_GROUPS:
        message = (
            f"by {by} there are {len(present):,} groups, and an audit compares at most {MOST_GROUPS}; a column of ids, "
            "ages or dates has to be put into classes first"
        )
        raise ScoreTableError(message)
    labels = tuple(_unravel(int(number), words) for number in present)
    result = np.full(len(total), -1, np.int32)
    result[known] = np.searchsorted(present, total[known])
    return labels, result


def _labels(column: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """The labels of a column, sorted, and which of them each row has; −1 for an empty or missing one."""
    codes, texts = coded(column)
    spelt = spellings(texts)
    words = [_visible(spelt[word], column.name) for word in texts]
    labels = sorted({word for word in words if word})
    place = {word: number for number, word in enumerate(labels)}
    recoded = np.array([*(place.get(word, -1) for word in words), -1], np.int64)
    return recoded[codes], labels


def _visible(label: str, column: object) -> str:
    if hidden_character(label) is not None:
        message = (
            f"{column} holds the label {label!a}, with characters that cannot be seen, such as control characters; "
            "a reader could not tell this group from others, so rename it"
        )
        raise ScoreTableError(message)
    return label


def _unravel(number: int, words: Sequence[Sequence[str]]) -> tuple[str, ...]:
    labels: list[str] = []
    for values in reversed(words):
        number, place = divmod(number, len(values))
        labels.append(values[place])
    return tuple(reversed(labels))


def _names(labels: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    names = tuple(",".join(parts) for parts in labels)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"two groups would both be called {twice[0]!r}, because a label holds a comma; rename the label"
        raise ScoreTableError(message)
    return names

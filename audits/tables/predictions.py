"""The table of predictions: one row per photo, with the class it is of and the class that a classifier said.

Published results seldom come row by row; a column ``count`` says how many rows a row stands for, and is expanded when
the table is read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from facerec.errors import ScoreTableError
from facerec.measure.tables.cells import Problems, as_text, look_alikes, respelt, twins
from facerec.measure.tables.table_files import read_raw, telling
from facerec.visible_text import told_apart

_SHOWN, _MOST_FRACTIONS = 5, 20
_LARGEST = 50_000_000  # rows; more would not fit into the memory of most machines


def read_predictions(path: str | Path) -> pd.DataFrame:
    """Read a table of predictions: one row per prediction, a column ``count`` expanded; not checked.

    The file is of any kind that ``facerec.measure.tables.vendor.read_vendor`` reads. `ScoreTableError` if it is
    missing, empty, of an unknown kind or not of that which its name says, or larger than memory; if a count is not a
    whole number of at least 0, or the counts add up to nothing or to more than 50 million.
    """
    table = read_raw(path, kind="a table of predictions")
    with telling(path):
        return expand_counts(table) if "count" in table.columns else table


def expand_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Repeat each row as often as its column ``count`` says, in order, and drop that column.

    Counts are whole numbers or their text. `ScoreTableError` if there is no column ``count``, if a count is not a whole
    number of at least 0, or if the counts add up to nothing, or to more than 50 million.

    Examples
    --------
    >>> counts = pd.DataFrame({"label": ["f", "f"], "prediction": ["f", "m"], "count": [2, 1]})
    >>> expand_counts(counts)["prediction"].tolist()
    ['f', 'f', 'm']
    """
    if "count" not in table.columns:
        message = f"there is no column count; the table has {', '.join(map(str, table.columns)) or 'no columns'}"
        raise ScoreTableError(message)
    numbers = pd.to_numeric(table["count"], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = ~((numbers >= 0) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        message = (
            f"count in row {row + 1} is {str(table['count'].iloc[row])!r}; it must be a whole number of at least 0"
        )
        raise ScoreTableError(message)
    total = numbers.sum()
    if not 0 < total <= _LARGEST:
        message = f"the counts add up to {total:.0f} rows; there must be at least one, and at most {_LARGEST:,}"
        raise ScoreTableError(message)
    repeated = table.drop(columns="count").loc[table.index.repeat(numbers.astype(np.int64))]
    repeated.attrs = dict(table.attrs)
    return repeated.reset_index(drop=True)


def check_predictions(table: pd.DataFrame, *, label: str | None, prediction: str) -> pd.DataFrame:
    """Check a table of predictions; every column comes back as text, and both columns of classes in one spelling.

    `label` and `prediction` are the columns of the true class and of the class that was predicted; an empty prediction
    is no answer, and without a label nothing is known of the truth. `ScoreTableError`, one for everything that is
    wrong, as a list where it is more than one thing: if a column is missing or occurs twice, if there are no rows, or
    if a label is empty.
    """
    names = [str(name) for name in table.columns]
    roles = [prediction] if label is None else [label, prediction]
    problems = Problems()
    with problems.collected():
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"the table of predictions has a column twice: {', '.join(twice)}"
            raise ScoreTableError(message)
    with problems.collected():
        if absent := [name for name in roles if name not in names]:
            message = (
                f"the table of predictions lacks {', '.join(absent)}; it has {', '.join(names) or 'no columns'}; name "
                "the columns: --label, --prediction"
            )
            raise ScoreTableError(message)
    with problems.collected():
        if table.empty:
            message = "the table of predictions has no rows"
            raise ScoreTableError(message)
    problems.refuse()
    checked = pd.DataFrame({str(name): as_text(table[name]) for name in table.columns})
    for name, column in zip(roles, respelt([checked[name] for name in roles]), strict=True):
        checked[name] = column
    checked.attrs = dict(table.attrs)
    with problems.collected():
        if label is not None and (empty := (checked[label] == "").to_numpy(bool)).any():
            message = f"{label} in row {int(empty.argmax()) + 1} is empty; without the true class nothing can be judged"
            raise ScoreTableError(message)
    problems.refuse()
    return checked


def class_notes(checked: pd.DataFrame, *, label: str | None, prediction: str) -> list[str]:
    """What a reader must know of the classes of a checked table: those on one side only, and names that may be one."""
    said = set(checked[prediction]) - {""}
    true = said if label is None else set(checked[label])
    notes = [
        f"the class{'es' if len(some) > 1 else ''} {_some(some)} occur{'s' if len(some) == 1 else ''} only as a {what}"
        for some, what in ((said - true, "prediction"), (true - said, "label"))
        if some
    ]
    notes += [
        f"{' and '.join(map(repr, alike))} are counted as different classes, though only the case of letters differs"
        for alike in twins(sorted(said | true))
    ]
    return notes + [
        f"{told_apart(alike)} look alike and are counted as different classes; if they are one, respell them"
        for alike in look_alikes(sorted(said | true))
    ]


def refuse_implausible(checked: pd.DataFrame, *, label: str | None, prediction: str) -> None:
    """`ScoreTableError` where predictions are no classes, so that every rate would be 0 or 100 %.

    That is where no row has one, most are fractions that no label is, or none is one of the labels' classes.
    """
    answers = checked[prediction].value_counts().drop("", errors="ignore")
    if not len(answers):
        message = f"{prediction} is empty in every row; name the column of the predicted class: --prediction"
        raise ScoreTableError(message)
    true = set(answers.index) if label is None else set(checked[label]) - {""}
    numbers = pd.to_numeric(pd.Series(answers.index.to_numpy(object)), errors="coerce").to_numpy(np.float64)
    odd = (numbers % 1 > 0) & np.array([label is None or word not in true for word in answers.index])
    if answers.to_numpy()[odd].sum() > answers.sum() / 2 and (label is not None or len(answers) > _MOST_FRACTIONS):
        example = answers.index[odd][0]
        message = (
            f"{prediction} holds {int(odd.sum()):,} different numbers, such as {example}: probabilities, not classes; "
            "compare them with a threshold, or name the column of the predicted class: --prediction"
        )
        raise ScoreTableError(message)
    if true and not true & set(answers.index):
        folded = {word.casefold() for word in true} & {word.casefold() for word in answers.index}
        hint = "; only the case of letters differs: write both alike" if folded else ""
        message = (
            f"no class of {prediction} ({_some(set(answers.index))}) is one of {label} ({_some(true)}), so every row "
            f"would be wrong{hint}; name the columns of one kind of class: --label, --prediction"
        )
        raise ScoreTableError(message)


def _some(words: set[str]) -> str:
    shown = sorted(words)[:_SHOWN]
    return ", ".join(map(repr, shown)) + (f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else "")

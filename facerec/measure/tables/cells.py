"""What the cells of a table mean, whichever door they came through: CSV, Parquet, a spreadsheet or a DataFrame.

Programs spell one value in several ways: pandas writes whole numbers beside a gap as ``1.0``, R writes ``TRUE``, people
type blanks. Ids stay as they are; classes and groups are spelt once (`spellings`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.visible_text import skeleton

_GENUINE = "true t 1 yes y genuine mated same match matched client target"
_IMPOSTOR = "false f 0 -1 no n impostor imposter nonmated different diff nonmatch nomatch mismatch nontarget"
_TRUTH = dict.fromkeys(_GENUINE.split(), True) | dict.fromkeys(_IMPOSTOR.split(), False)
_NO_SCORE = ("", "nan", "na", "n/a", "#n/a", "null", "none")
_NO_LABEL = {"n/a", "na", "#n/a", "nan", "none", "null", "unknown", "unk", "missing", "not known", "-", "?"}
_WHOLE = re.compile(r"-?\d+\.0*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_EXACT = 1e16  # from here on a float's shortest text has an exponent
_TOLD = 10


class Problems:
    """What is wrong with one table, collected so that all of it is told at once.

    Examples
    --------
    >>> problems = Problems()
    >>> for value in ("b", "c"):
    ...     with problems.collected():
    ...         raise ScoreTableError(f"{value} is not a")
    >>> problems.refuse()
    Traceback (most recent call last):
        ...
    facerec.errors.ScoreTableError: 2 problems:
      1) b is not a
      2) c is not a
    """

    def __init__(self) -> None:
        self._found: list[ScoreTableError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Go on behind this block where it finds a problem."""
        try:
            yield
        except ScoreTableError as problem:
            self._found.append(problem)

    def refuse(self) -> None:
        """Raise what was found: one problem as it is, several as a list."""
        if len(self._found) == 1:
            raise self._found[0]
        if told := [str(text) for problem in self._found for text in problem.problems]:
            more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
            raise ScoreTableError(*told[:_TOLD], *more)


def as_text(column: pd.Series) -> pd.Series:
    """A column as text: whole numbers without a decimal point, missing values as the empty text.

    `ScoreTableError` if a text cannot be written as UTF-8, such as a file name in another encoding.

    Examples
    --------
    >>> as_text(pd.Series([30, None, 31.5])).tolist()
    ['30', '', '31.5']
    """
    codes, words = coded(column)
    # Code -1, a missing value, takes the last word.
    return pd.Series([*words, ""], dtype="str").take(codes).reset_index(drop=True)


def coded(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """The different texts of a column, as in `as_text`, and which of them each row holds; −1 where there is none."""
    if column.dtype == object and pd.api.types.infer_dtype(column).startswith("mixed"):
        column = column.map(_word, na_action="ignore")  # True and 1 would be one value to pandas, and two words
    codes, values = pd.factorize(column)  # a column of a million rows has few different values to convert
    words = [_word(value) for value in values]
    try:
        "".join(words).encode("utf-8")
    except UnicodeEncodeError as problem:
        odd = problem.object[max(0, problem.start - 20) : problem.end + 20]
        message = f"{column.name} holds what UTF-8 text cannot express, at {odd!r}; rename the file or the person"
        raise ScoreTableError(message) from problem
    return codes, words


def spellings(words: Iterable[str]) -> dict[str, str]:
    """The texts of classes or groups, each with the one spelling of its value.

    Blanks of any kind around and between words are one, letters are in their composed coding, whole numbers have no
    decimal point, and true and false are True and False or, among numbers, 1 and 0. Letters in another case make
    another value (`twins` names such values).

    Examples
    --------
    >>> spellings(["1.0", " yes ", "yes"]), spellings(["true", "1"]), spellings(["TRUE"])
    ({'1.0': '1', ' yes ': 'yes', 'yes': 'yes'}, {'true': '1', '1': '1'}, {'TRUE': 'True'})
    """
    found = {word: _spelling(word) for word in words}
    numbered = any(_NUMBER.fullmatch(word) for word in found.values())
    true, false = ("1", "0") if numbered else ("True", "False")
    truths = {"true": true, "false": false}
    return {word: truths.get(spelt.lower(), spelt) for word, spelt in found.items()}


def respelt(columns: Sequence[pd.Series]) -> list[pd.Series]:
    """Columns of text whose values mean the same, by the `spellings` of all of them together."""
    known = spellings(dict.fromkeys(word for column in columns for word in column.unique()))
    return [column.map(known).astype("str") for column in columns]


def twins(names: Iterable[str]) -> list[list[str]]:
    """The names that differ in the case of letters only.

    >>> twins(["Male", "female", "male"])
    [['Male', 'male']]
    """
    return _alike(names, str.casefold)


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    r"""The names that people could take for one another (`facerec.visible_text.skeleton`), and differ.

    >>> look_alikes(["Black", "Asian", "Bl\N{CYRILLIC SMALL LETTER A}ck"]) == [["Black", "Bl\u0430ck"]]
    True
    """
    return _alike(names, skeleton)


def _alike(names: Iterable[str], shared: Callable[[str], str]) -> list[list[str]]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[shared(name)].append(name)
    return [found for found in alike.values() if len(found) > 1]


def says_unknown(name: str) -> bool:
    """Whether a label reads as if there were none, such as N/A or unknown."""
    return name.casefold() in _NO_LABEL


def whole_ids(column: pd.Series) -> pd.Series:
    """Ids as text; those that were numbers beside a gap, and became 7.0 on the way, as 7."""
    text = as_text(column)
    filled = text[text != ""]
    return text.str.removesuffix(".0") if len(filled) and filled.str.fullmatch(r"\d+\.0").all() else text


def truth(column: pd.Series) -> pd.Series:
    """A column of the words for genuine and impostor as bool; `ScoreTableError` with the row of any other value."""
    codes, values = pd.factorize(column)
    spelt = [_spelling(_word(value)).lower() for value in values]
    known = [_TRUTH.get(word if word == "-1" else re.sub(r"[\s_-]", "", word)) for word in spelt]
    wrong = np.array([*(value is None for value in known), True])
    why = (
        "is neither true nor false (1/0, 1/-1, yes/no, genuine/impostor, mated/non-mated, same/different and "
        "match/non-match serve as well)"
    )
    refuse_row(wrong[codes], column, why)
    if {"0", "-1"} <= set(spelt):
        message = f"{column.name} holds 0 and -1: which of them means different people, and what does the other mean?"
        raise ScoreTableError(message)
    return pd.Series(np.array([*(bool(value) for value in known), False])[codes])


def ids(column: pd.Series, told: str = "every comparison names its two photos and their people") -> pd.Series:
    """A column of ids as text; `ScoreTableError` with the row of one that is a float, or empty (`told`: why not)."""
    if column.dtype.kind == "f" and column.notna().any():
        first = column.dropna().iloc[0]
        message = f"{column.name} holds floats ({first}); ids must be read as text, or 007 becomes 7.0"
        raise ScoreTableError(message)
    text = as_text(column)
    refuse_row(text == "", column, f"is empty; {told}")
    return text


def numbers(column: pd.Series) -> pd.Series:
    """A column of scores as float64, NaN where it is empty; `ScoreTableError` with the row of what is no score."""
    if column.dtype.kind in "iuf":
        found = column.to_numpy(np.float64, na_value=np.nan)
    else:
        text = as_text(column).str.strip().str.removesuffix("%").str.rstrip()
        absent = text.str.lower().isin(_NO_SCORE).to_numpy(bool)
        # Python's float, not pandas' faster parser: it gives back exactly the number that was written.
        words = text.to_numpy(object)
        found = np.full(len(words), np.nan)
        no_number = "is not a number; write it with a decimal point, and leave it empty for no face"
        refuse_row(text.str.contains("_", regex=False), column, no_number)  # Python takes 1_000 for a number
        try:
            found[~absent] = words[~absent].astype(np.float64)
        except ValueError:
            bad = pd.to_numeric(text, errors="coerce").isna().to_numpy(bool) & ~absent
            commas = text[bad].str.contains(",", regex=False).any()
            refuse_row(
                bad,
                column,
                no_number
                + (" (for decimal commas, --decimal ,; for commas between thousands, --decimal .)" if commas else ""),
            )
            raise
    refuse_row(np.isinf(found), column, "is infinite; leave it empty where no face was found")
    return pd.Series(found)


def trimmed(table: pd.DataFrame) -> pd.DataFrame:
    """The table, its columns' names without blanks around them.

    >>> list(trimmed(pd.DataFrame({" score": [1], "genuine": [1]})).columns)
    ['score', 'genuine']
    """
    names = [str(name).strip() for name in table.columns]
    return table if names == list(table.columns) else table.set_axis(names, axis=1)


def refuse_twice(names: Sequence[str]) -> None:
    """`ScoreTableError` if a table's columns are not told apart by their names."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"the table has a column twice: {', '.join(twice)}"
        raise ScoreTableError(message)


def refuse_row(wrong: NDArray[np.bool_] | pd.Series, column: pd.Series, why: str) -> None:
    """`ScoreTableError` with the first cell of `column` that is wrong, and how many more there are."""
    if found := first_row(wrong):
        row, more = found
        message = f"{column.name} in row {row + 1} is {str(column.iloc[row])!r}{more}: it {why}"
        raise ScoreTableError(message)


def first_row(wrong: NDArray[np.bool_] | pd.Series) -> tuple[int, str] | None:
    """The first row that is wrong, and how many more are, in words."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return None
    return int(rows[0]), f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""


def _word(value: object) -> str:
    if isinstance(value, float | np.floating):
        number = float(value) if isinstance(value, float) else float(str(value))  # 0.1 in single precision too
        return str(int(number)) if number.is_integer() and abs(number) < _EXACT else repr(number)
    return str(value)


def _spelling(word: str) -> str:
    spelt = " ".join(unicodedata.normalize("NFC", word).split())
    if _WHOLE.fullmatch(spelt):
        spelt = spelt.partition(".")[0]
    return "0" if spelt == "-0" else spelt

"""Score tables that do not say everything: completed, checked, and seen for scores that cannot mean what they say.

What a table does not say is not made up: without people, pairs are told to be independent, and the result says so.
Scores that rank strangers above mated pairs, and thresholds on another scale, are refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics import auc
from facerec.measure.tables.cells import Problems, trimmed, truth, whole_ids
from facerec.measure.tables.score_table import IMAGES, REQUIRED, SUBJECTS, check_columns
from facerec.measure.tables.stamp import stamp_of
from facerec.measure.tables.table_files import SCORED_BY, noted, notes_of

INDEPENDENT = (
    "the table does not say who is in a pair, so pairs were taken as independent: where people occur in several pairs, "
    "every interval is too narrow"
)
REVERSED = "impostor pairs are more alike than genuine ones"
_DRAWN = 100_000


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
        name = str(self.table.attrs.get(SCORED_BY, ""))
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
                told=REVERSED,
            )
        return values

    def people(self) -> NDArray[np.int32] | None:
        """Who is on either side, as codes from 0 on, shape (2, n); None where the table names no people."""
        return None if self.pairs_independent else self._codes(SUBJECTS)

    def named_people(self) -> tuple[NDArray[np.object_], NDArray[np.int32]] | None:
        """The names of people, sorted, and who is on either side, as their places, shape (2, n); None as `people`."""
        if self.pairs_independent:
            return None
        codes, names = pd.factorize(pd.concat([self.table[name] for name in SUBJECTS], ignore_index=True))
        texts = np.array(names, object)
        order = np.argsort(texts)
        places = np.empty(len(texts), np.int32)
        places[order] = np.arange(len(texts), dtype=np.int32)
        return texts[order], places[codes].reshape(2, -1)

    def images(self) -> NDArray[np.int32] | None:
        """Which photo is on either side, as codes from 0 on, shape (2, n); None where the table names none."""
        return self._codes(IMAGES) if self.images_known else None

    def repeated(self) -> tuple[int, int]:
        """How many rows compare what another row compares, and how many of those have another score.

        Rows are the same comparison where their photos are the same, in this order or the other; without photos,
        where their people and their scores are; without either, none are.
        """
        if not self.images_known and self.pairs_independent:
            return 0, 0
        names = IMAGES if self.images_known else SUBJECTS
        marks = sum(pd.util.hash_array(self.table[name].to_numpy(object), categorize=False) for name in names)
        again = pd.Series(marks).duplicated(keep=False).to_numpy(bool)  # all that could be; a look at each text is dear
        if not again.any():
            return 0, 0
        return Completed(
            self.table[again].reset_index(drop=True), self.pairs_independent, self.images_known
        )._repeated()

    def _repeated(self) -> tuple[int, int]:
        sides = self._codes(IMAGES if self.images_known else SUBJECTS)
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
    missing = {names: [name for name in names if name not in there] for names in (SUBJECTS, IMAGES)}
    filled = table.reset_index(drop=True)
    notes = []
    if "genuine" not in there and not missing[SUBJECTS]:
        filled = filled.assign(genuine=whole_ids(table[SUBJECTS[0]]).eq(whole_ids(table[SUBJECTS[1]])))
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
    if len(missing[IMAGES]) == 2:
        filled = filled.assign(probe_image="probe " + rows, reference_image="reference " + rows)
    if len(missing[SUBJECTS]) == 2 and list(filled.columns).count("genuine") == 1:
        with problems.collected():
            mated = truth(filled["genuine"]).to_numpy(bool)
            filled = filled.assign(probe_subject=rows, reference_subject=rows.where(mated, "other " + rows))
        if "probe_subject" not in filled.columns:  # genuine cannot be read, and has been told
            filled = filled.drop(columns="genuine")
    filled.attrs = dict(table.attrs)
    checked = noted(check_columns(filled, problems), *notes)
    return Completed(checked, bool(missing[SUBJECTS]), not missing[IMAGES])


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
    return below_chance(auc(similarities[rows][kind], similarities[rows][~kind]), m, n)


def below_chance(area: float, m: int, n: int) -> float | None:
    """The area under the ROC curve of m genuine and n impostor scores where it is below one half beyond chance."""
    chance = 2 * math.sqrt((m + n + 1) / (12 * m * n))
    return area if area < 0.5 - min(chance, 0.25) else None


def refuse_reversed(
    similarities: NDArray[np.float64], genuine: NDArray[np.bool_], *, distance: bool, told: str
) -> None:
    """`ScoreTableError` that `told`s of a `reversed_area` and names the options, where there is one."""
    refuse_area(reversed_area(similarities, genuine), distance=distance, told=told)


def refuse_area(area: float | None, *, distance: bool, told: str = REVERSED) -> None:
    """`ScoreTableError` as of `refuse_reversed`, if there is an area."""
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
    ids = (*IMAGES, *SUBJECTS)
    # Text that Arrow holds can be written as UTF-8.
    if not all(isinstance(types[name], pd.StringDtype) and types[name].storage == "pyarrow" for name in ids):
        return False
    if any(table[name].isna().any() or (table[name] == "").any() for name in ids):
        return False
    return bool(((table["probe_subject"] == table["reference_subject"]).to_numpy(bool) == table["genuine"]).all())

"""What a table of unknown make seems to hold: a guess with its reasons, and the command line that says it in full.

A guess decides nothing: whoever runs the command has read which column was taken for what, and why.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ScoreTableError
from facerec.measure.metrics import auc
from facerec.measure.tables.cells import as_text, numbers, refuse_twice, trimmed, truth
from facerec.measure.tables.table_files import notes_of
from facerec.measure.tables.vendor import join_people

Kind: TypeAlias = Literal["verification", "classification", "identification"]

_SIDES = tuple(
    tuple(pair.split())
    for pair in (
        "probe reference", "query target", "source target", "probe gallery", "left right", "first second", "1 2", "a b",
        "x y",
    )
)  # fmt: skip
_GENUINE = ("genuine", "issame", "same", "mated", "match", "label", "golden", "truth", "target", "gt")
_SCORE = ("score", "sim", "cos", "dist", "match", "conf")
_LABEL = ("label", "y_true", "true", "truth", "actual", "target", "ground_truth", "label_value", "gt")
_PREDICTION = ("prediction", "y_pred", "pred", "predicted", "predicted_class", "output", "answer")
_PERSON = ("subject", "person", "identity", "id", "name")
_IMAGE = ("image", "img", "photo", "file", "path", "face")
_NO_GROUP = ("fold", "count", "split", "file", "row", "index", "pair")
_MOST = 50


@dataclass(frozen=True)
class Guess:
    """What a column was taken for (the option that names it), and why."""

    role: str
    column: str
    why: str


@dataclass(frozen=True)
class Look:
    """A guess of what a table holds.

    `kind` is the audit that it is for, `guesses` say which column is what, `distance` whether smaller is more alike,
    `groups` are the attributes of people, `options` the words of the command line behind the file, and `notes` what a
    reader must know besides.
    """

    kind: Kind
    rows: int
    guesses: tuple[Guess, ...]
    distance: bool
    groups: tuple[str, ...]
    options: tuple[str, ...]
    notes: tuple[str, ...]

    def command(self, files: Sequence[str]) -> str:
        """The full command line for these files."""
        return shlex.join(["facerec", "audit", self.kind, *files, *self.options])


def look_at(table: pd.DataFrame, people: pd.DataFrame | None = None) -> Look:
    """Guess which column of a table is what, in which direction its scores go, and what `people` say of its people.

    `ScoreTableError` if it has no rows, or nothing in it can be taken for scores of pairs, predictions or searches.

    >>> rows = [["a", "a", 0.1, "x", "x"], ["a", "b", 0.9, "x", "y"], ["c", "b", 0.8, "y", "y"]]
    >>> found = look_at(pd.DataFrame(rows, columns=["id1", "id2", "cos_dist", "race1", "race2"]))
    >>> print(found.command(["vendor.csv"]))
    facerec audit verification vendor.csv --score cos_dist --probe-subject id1 --reference-subject id2 --distance \
--groups race=race1:race2 --by race --at-fmr 0.1
    """
    if table.empty:
        message = "the table has no rows to look at"
        raise ScoreTableError(message)
    table = trimmed(table)
    names = [str(name) for name in table.columns]
    refuse_twice(names)
    if {"search", "candidate_subject"} <= set(names):
        return _searches(table, names)
    texts = {name: as_text(table[place]) for place, name in zip(table.columns, names, strict=True)}
    if said := _named(names, _PREDICTION, exact=True):
        return _predictions(table, texts, said)
    return _pairs(table, texts, people)


def _searches(table: pd.DataFrame, names: Sequence[str]) -> Look:
    groups = tuple(
        name.removeprefix("probe_") for name in names if name.startswith("probe_") and name != "probe_subject"
    )
    guess = Guess("SEARCHES", "candidate_subject", "it lists candidates of searches")
    options = ("--gallery", "PEOPLE.csv", *_by(groups), "--at-threshold", "VALUE")
    return Look("identification", len(table), (guess,), False, groups, options, notes_of(table))


def _predictions(table: pd.DataFrame, texts: dict[str, pd.Series], said: str) -> Look:
    columns: dict[str, str | None] = {"prediction": said}
    for role, known in (("label", _LABEL), ("subject", _PERSON)):
        columns[role] = _named([name for name in texts if name not in columns.values()], known, exact=True)
    guesses = [Guess(f"--{role}", name, "its name") for role, name in columns.items() if name is not None]
    options = _naming(columns)
    if columns["label"] is None:
        options.insert(len(_naming({"prediction": said})), "--no-label")
    groups = [name for name in texts if name not in columns.values() and _is_group(name, texts[name])]
    guesses += [Guess(f"--by {name}", name, _few(texts[name])) for name in groups]
    options += _by(groups)
    return Look("classification", len(table), tuple(guesses), False, tuple(groups), tuple(options), notes_of(table))


def _pairs(table: pd.DataFrame, texts: dict[str, pd.Series], persons: pd.DataFrame | None) -> Look:
    pairs = _two_sided(list(texts))
    sided = {name for pair in pairs.values() for name in pair}
    truths = {name: yes for name in texts if name not in sided and (yes := _truth(texts[name])) is not None}
    genuine = _named(list(truths), _GENUINE) or next(iter(truths), None)
    guesses, mated = [], None
    if genuine is not None:
        mated = truths[genuine]
        guesses.append(Guess("--genuine", genuine, f"every cell says yes or no, {int(mated.sum()):,} times yes"))
    people = _people(pairs, texts, mated)
    if mated is None and people is not None:
        mated = (texts[people[0]] == texts[people[1]]).to_numpy(bool)
    values = {
        name: found
        for name in texts
        if name not in sided and name != genuine and (found := _numbers(texts[name])) is not None
    }
    score = _named(list(values), _SCORE)
    if score is None and mated is not None:
        score = max(values, key=lambda name: abs(_area(values[name], mated) - 0.5), default=None)
    if mated is None and (said := next((name for name in texts if _named([name], _GENUINE)), None)) is not None:
        _refuse_one_answer(said, texts[said])
    if score is None or mated is None:
        message = (
            "nothing in the table can be taken for "
            + ("scores" if score is None else "whether a pair is genuine")
            + f"; it has {', '.join(texts)}. Pairs need numbers (with commas: --decimal), and words such as yes "
            "and no or the people of either side; predictions a column such as prediction"
        )
        raise ScoreTableError("; ".join([message, *notes_of(table)]))
    distance, why = _direction(score, values[score], mated)
    if others := [name for name in values if name != score and not any(word in _NO_GROUP for word in _words(name))]:
        why += f"; other numbers: {', '.join(others[:4])}"
    guesses.append(Guess("--score", score, why))
    columns = {"score": score, "genuine": genuine}
    if people is not None:
        columns |= {"probe_subject": people[0], "reference_subject": people[1]}
        why = "equal where a pair is genuine" if genuine else "their names"
        guesses.append(Guess("--probe-subject, --reference-subject", ", ".join(people), why))
        if persons is not None:
            joined = join_people(table, persons, sides=((people[0], "probe_"), (people[1], "reference_")))
            texts |= {str(name): as_text(joined[name]) for name in joined.columns if name not in table.columns}
            pairs = _two_sided(list(texts))
            sided = {name for pair in pairs.values() for name in pair}
    rest = {name: pair for name, pair in pairs.items() if pair != people}
    image = next((name for name in rest if _named([name], _IMAGE)), None)
    if image is not None:
        photos = rest.pop(image)
        columns |= {"probe_image": photos[0], "reference_image": photos[1]}
        guesses.append(Guess("--probe-image, --reference-image", ", ".join(photos), "their names"))
    options = _naming(columns)
    options += ["--distance"] if distance else []
    alone = {name: column for name, column in texts.items() if name not in (*sided, genuine, score)}
    groups = _groups(texts, rest, alone, guesses, options)
    options += _by(groups)
    strangers = int((~mated).sum())
    options += ["--at-fmr", next((rate for rate in ("1e-3", "1e-2") if float(rate) * strangers >= 10), "0.1")]
    return Look("verification", len(table), tuple(guesses), distance, tuple(groups), tuple(options), notes_of(table))


def _groups(
    texts: dict[str, pd.Series],
    pairs: dict[str, tuple[str, str]],
    alone: dict[str, pd.Series],
    guesses: list[Guess],
    options: list[str],
) -> list[str]:
    """The attributes of people: columns of few words for either side, or for both; told in `guesses` and `options`."""
    groups = []
    for name, (first, second) in pairs.items():
        both = pd.concat([texts[first], texts[second]])
        if _is_group(name, both):
            groups.append(name)
            options += [] if first == f"probe_{name}" else ["--groups", f"{name}={first}:{second}"]
            guesses.append(Guess(f"--by {name}", f"{first}, {second}", _few(both)))
    for name, column in alone.items():
        if _is_group(name, column):
            groups.append(name)
            guesses.append(Guess(f"--by {name}", name, f"{_few(column)}, for both sides"))
    return groups


def _naming(columns: Mapping[str, str | None]) -> list[str]:
    """The options that name columns which are not called like what they are."""
    return [
        word
        for role, name in columns.items()
        if name is not None and name != role
        for word in ("--" + role.replace("_", "-"), name)
    ]


def _by(groups: Sequence[str]) -> list[str]:
    return [word for name in groups for word in ("--by", name)]


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.casefold()) if word]


def _named(names: Sequence[str], known: Sequence[str], *, exact: bool = False) -> str | None:
    """The name that is, or where not `exact` holds, one of the known words, the first of which counts most."""
    for word in known:
        for name in names:
            bare = "_".join(_words(name))
            if bare == word or (not exact and word in bare):
                return name
    return None


def _two_sided(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Pairs of columns that are named alike but for their side, by what they have in common."""
    found: dict[str, tuple[str, str]] = {}
    for first, second in _SIDES:
        # A word of its own; a number also at the end of one.
        side = rf"(?<![A-Za-z0-9]){first}(?![A-Za-z0-9])" + (rf"|(?<=[A-Za-z]){first}$" if first.isdigit() else "")
        for name in names:
            match = re.search(side, name, re.IGNORECASE)
            if match is None or any(name in pair for pair in found.values()):
                continue
            before, after = name[: match.start()], name[match.end() :]
            twin = next((other for other in names if other.casefold() == f"{before}{second}{after}".casefold()), None)
            if twin is not None:
                ours = (name, twin) == (f"probe_{after[1:]}", f"reference_{after[1:]}")
                found.setdefault(after[1:] if ours else "_".join(_words(f"{before} {after}")) or first, (name, twin))
    return found


def _people(
    pairs: dict[str, tuple[str, str]], texts: dict[str, pd.Series], mated: NDArray[np.bool_] | None
) -> tuple[str, str] | None:
    """The two columns that are equal exactly where a pair is genuine or, where that is not said, are called so."""
    if mated is None:
        name = _named(list(pairs), _PERSON)
        return None if name is None else pairs[name]
    fits = [pair for pair in pairs.values() if ((texts[pair[0]] == texts[pair[1]]).to_numpy(bool) == mated).all()]
    return fits[0] if fits else None


def _refuse_one_answer(name: str, column: pd.Series) -> None:
    """Say it where every cell of the column that says whether pairs are genuine says the same."""
    try:
        found = truth(column).to_numpy(bool)
    except ScoreTableError:
        return
    if len(found) and found.all() == found.any():
        kinds = ("genuine", "impostor") if found.all() else ("impostor", "genuine")
        message = (
            f"{name} says the same in all {len(found):,} rows: every pair is {kinds[0]}, and there is no {kinds[1]} "
            "pair; errors by group need both"
        )
        raise ScoreTableError(message)


def _truth(column: pd.Series) -> NDArray[np.bool_] | None:
    try:
        found = truth(column).to_numpy(bool)
    except ScoreTableError:
        return None
    return found if 0 < found.sum() < len(found) else None


def _numbers(column: pd.Series) -> NDArray[np.float64] | None:
    try:
        found = numbers(column).to_numpy(np.float64)
    except ScoreTableError:
        return None
    return found if np.isfinite(found).any() else None


def _direction(name: str, values: NDArray[np.float64], mated: NDArray[np.bool_]) -> tuple[bool, str]:
    called, area = "dist" in name.casefold(), _area(values, mated)
    distance = area < 0.5
    likely = "smaller for genuine pairs: a distance" if distance else "larger for genuine pairs: a similarity"
    odd = "; its name says distance, so look twice" if called and not distance else ""
    return distance, f"numbers, {likely} (area under the ROC curve {area:.3g}){odd}"


def _area(values: NDArray[np.float64], mated: NDArray[np.bool_]) -> float:
    seen = ~np.isnan(values)
    return auc(values[mated & seen], values[~mated & seen]) if (mated & seen).any() and (~mated & seen).any() else 0.5


def _is_group(name: str, column: pd.Series) -> bool:
    different = column[column != ""].nunique()
    words = _words(name)
    return 2 <= different <= min(_MOST, max(2, len(column) // 2)) and not any(word in _NO_GROUP for word in words)


def _few(column: pd.Series) -> str:
    counts = column[column != ""].value_counts()
    shown = ", ".join(f"{name} {count:,}" for name, count in counts.head(4).items())
    return f"{len(counts)} labels ({shown}{', …' if len(counts) > 4 else ''})"

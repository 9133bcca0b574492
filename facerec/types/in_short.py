"""A decision in a line: what was decided, the score, the threshold, and how often that threshold errs, for everybody.

Rates stand as natural frequencies with one denominator, since people compare those rightly (Gigerenzer & Hoffrage 1995,
Psychological Review 102:684). What would change the meaning of a decision is never left out; the rest is in its `str`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from facerec.types.decisions import Identification, Verification
from facerec.types.points import ExpectedRate, OperatingPoint, Rate
from facerec.visible_text import shortened

SHIPPED_DECIDED = "no operating point was given; the shipped one decided"
"""The one note that says nothing of what a decision means: its threshold and its data are in the line."""

_LEAST, _MOST = 1_000, 1_000_000_000
_ALL_PAIRS = ", all pairs of "


def verification_in_short(outcome: Verification) -> str:
    """What stands behind the decision in its line; the decision itself is left to whoever prints it.

    A score whose face the gate refused does not carry the rates of the operating point, so they are not told of it.
    """
    if outcome.decision == "undecided":
        return f"{'; '.join(outcome.problems)}; {_score(outcome)}"
    return f"{_score(outcome)}, {errors_in_short(outcome.operating_point, outcome.comparisons)}"


def identification_in_short(outcome: Identification) -> str:
    """Likewise of one face: who is most alike, and with which score."""
    if not outcome.candidates:
        return "nobody is enrolled"
    nearest = outcome.candidates[0]
    if outcome.decision == "undecided":
        return f"{'; '.join(outcome.problems)}; nearest {nearest.name}, {_score(outcome)}"
    if outcome.decision == "ambiguous":
        over = [each for each in outcome.candidates if outcome.operating_point.accepts(each.score)]
        both = " and ".join(f"{each.name} {each.score:.4f}" for each in over)
        return f"{both} reach the threshold {outcome.threshold:.4f}"
    return _score(outcome) if outcome.name == nearest.name else f"nearest {nearest.name}, {_score(outcome)}"


def search_in_short(point: OperatingPoint, people: int, comparisons: int) -> str:
    """What a search among so many people, by so many samples, gets wrong."""
    taken, missed = _frequencies(point.expected_fpir(comparisons), point.fnmr)
    whom = "the one enrolled" if people == 1 else f"one of {people:,} enrolled"
    return (
        f"threshold {point.threshold:.4f}, which takes {_about(comparisons)} {taken} strangers for {whom}, and misses "
        f"{missed} right people ({_where(point)})"
    )


def errors_in_short(point: OperatingPoint, comparisons: int = 1) -> str:
    """How often the threshold errs, such as ``which lets in about 1 of 1,000 strangers and ...``.

    Where a face is compared with several of one person, any of them lets a stranger in, and the right one too: both
    rates are then the largest that they can be expected to be.
    """
    passed, refused = _frequencies(point.fmr if comparisons == 1 else point.expected_fpir(comparisons), point.fnmr)
    by = "" if comparisons == 1 else f" by any of {comparisons:,} faces"
    most = "" if comparisons == 1 else "at most "
    return (
        f"which lets in {_about(comparisons)} {passed} strangers{by} and turns away {most}{refused} right people "
        f"({_where(point)})"
    )


def telling_notes(notes: Iterable[str]) -> list[str]:
    """The notes that change what a decision means, each once."""
    return [each for each in dict.fromkeys(notes) if each != SHIPPED_DECIDED]


def _score(outcome: Verification | Identification) -> str:
    relation = "≥" if outcome.operating_point.accepts(outcome.score) else "<"
    return f"score {outcome.score:.4f} {relation} threshold {outcome.threshold:.4f}"


def _where(point: OperatingPoint) -> str:
    """What a point was measured on, in short: without the number of photos where all of their pairs were taken."""
    name = shortened(point.data_set.partition(_ALL_PAIRS)[0])
    return f"measured on {name}{', on too few pairs to rely on' if point.is_indicative else ''}"


def _about(comparisons: int) -> str:
    return "about" if comparisons == 1 else "at most about"


def _frequencies(*rates: Rate | ExpectedRate) -> tuple[str, ...]:
    """The rates as so many of 1,000, or of a power of ten in which the smallest of them is 1 at least."""
    told = [rate.interval().high if isinstance(rate, Rate) and rate.errors == 0 else rate.value for rate in rates]
    smallest = min((value for value in told if value > 0), default=1.0)
    whole = _LEAST
    while smallest * whole < 0.95 and whole < _MOST:
        whole *= 10
    return tuple(_of(rate, value, whole) for rate, value in zip(rates, told, strict=True))


def _of(rate: Rate | ExpectedRate, value: float, whole: int) -> str:
    if math.isnan(value):
        return "an unknown share of"
    if isinstance(rate, Rate) and rate.errors == 0:
        return f"fewer than {max(1, math.ceil(value * whole)):,} of {whole:,}"
    return f"{round(value * whole):,} of {whole:,}"

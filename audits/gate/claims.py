"""Claims about fairness, such that a computer can decide them: what is measured, for whom, and its limit.

A claim is only worth deciding if it could go either way. So a limit that every result keeps, or none can, is refused
where it is written down, and so is one on the wrong side: nobody gains by an FMR of *at least* one in a thousand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from audits.classification.results import ClassRateName
from audits.identification.results import SearchRateName
from audits.statistics.estimates import rate_words
from audits.statistics.index_changes import CHANGING_INDICES
from audits.statistics.index_kinds import COMBINED, INDICES, KINDS
from audits.statistics.paired import Verdict
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean
from facerec.types import Interval

Kind: TypeAlias = Literal[
    "rate",
    "matched_rate",
    "cross_rate",
    "index",
    "change",
    "index_change",
    "class_rate",
    "class_difference",
    "class_ratio",
    "search_rate",
    "search_difference",
    "search_ratio",
]
"""``rate``, ``matched_rate`` (FMR where both people are of one group), ``cross_rate`` (FMR of a probe's group against a
reference's) and ``index`` are of an audit of verification, ``change`` and ``index_change`` of one of drift, ``class_…``
of a classifier, ``search_…`` of a gallery; difference and ratio are of each group against the one that fares best."""

AuditName: TypeAlias = Literal["verification", "drift", "classification", "identification"]

Direction: TypeAlias = Literal["at_most", "at_least"]

RATES = ("fmr", "fnmr", "without_score")
OF_A_CLASS = ("selection", "false_positive", "false_negative")
_OF_INDICES = ("index", "index_change")
_OF_IMPOSTORS = ("matched_rate", "cross_rate")
_COMPARING = (*_OF_INDICES, "class_difference", "class_ratio", "search_difference", "search_ratio")

EXPECTED_ERRORS = 3.0
"""Below this a group shows too few errors for the draws of people that an index's interval rests on."""


@dataclass(frozen=True)
class Limit:
    """How large, or how small, a number may be.

    Attributes
    ----------
    direction : {"at_most", "at_least"}
    value : float
    """

    direction: Direction
    value: float

    def decide(self, interval: Interval) -> Verdict:
        """What an interval says of the limit: nothing, unless the whole of it lies on one side.

        Examples
        --------
        >>> limit = Limit("at_most", 0.01)
        >>> limit.decide(Interval(0.002, 0.01)), limit.decide(Interval(0.009, 0.02)), limit.decide(Interval(0.02, 0.03))
        ('pass', 'insufficient evidence', 'fail')
        """
        if math.isnan(interval.low) or math.isnan(interval.high):
            return "insufficient evidence"
        if self.direction == "at_most":
            kept, broken = interval.high <= self.value, interval.low > self.value
        else:
            kept, broken = interval.low >= self.value, interval.high < self.value
        return "pass" if kept else "fail" if broken else "insufficient evidence"

    def __str__(self) -> str:
        return f"{self.direction.replace('_', ' ')} {self.value:g}"


@dataclass(frozen=True)
class Minimum:
    """How much evidence a claim needs of everybody it is about; with less it is decided neither way.

    Attributes
    ----------
    subjects, trials : int
        People, and comparisons or predictions, of each group. Not for changes: those do not count people.
    expected_errors : float or None
        Errors that the effective trials of a group would show: at the limit for a rate (that is, opposite outcomes,
        where the limit is from below), at the rate of all groups together where groups are compared. None: 3 for an
        index, whose interval needs them, and 0 for everything else.

    Raises
    ------
    ArgumentError
        If a number is negative, infinite or NaN.
    """

    subjects: int = 0
    trials: int = 0
    expected_errors: float | None = None

    def __post_init__(self) -> None:
        for name, value in (
            ("min_subjects", self.subjects),
            ("min_trials", self.trials),
            ("min_expected_errors", self.expected_errors or 0.0),
        ):
            if not 0 <= value < math.inf:
                message = f"{name} must be 0 or more; got {value}"
                raise ArgumentError(message)


_PREFIXES: Mapping[str, str] = {
    "matched_rate": "matched-impostor ",
    "change": "change of ",
    "index_change": "change of ",
    "class_difference": "difference of ",
    "class_ratio": "ratio of ",
    "search_difference": "difference of ",
    "search_ratio": "ratio of ",
}


@dataclass(frozen=True)
class Claim:
    """One sentence of a policy.

    Attributes
    ----------
    name : str
        In the policy's own words.
    kind : Kind
    limit : Limit
    rate : str
        ``fmr``, ``fnmr`` or ``without_score``, or a rate of a classifier or of a gallery; empty for an index of both
        rates.
    index : str
        As in ``audits.statistics.disparity``; empty where the claim is about no index.
    of : str
        The class that a ``selection``, ``false_positive`` or ``false_negative`` rate is about.
    by : str
        The grouping; empty: everybody.
    group : str
        One group of it; empty: every group, so that the worst one decides. Not where groups are compared.
    probe_group, reference_group : str
        Of a ``cross_rate``: the cell of the matrix; empty: every group on that side, so that the worst cell decides.
    ordered : bool
        Of a ``cross_rate``: whether probe and reference play different roles, such as a camera and a passport. If not,
        a pair of groups is one cell, whichever of them is on which side.
    minimum : Minimum

    Raises
    ------
    ArgumentError
        If the name is empty.
        If the kind, the rate or the index is none of those that there are, or a part is missing or out of place.
        If the limit is on the wrong side, or no result could break or keep it.
    """

    name: str
    kind: Kind
    limit: Limit
    rate: str = ""
    index: str = ""
    of: str = ""
    by: str = ""
    group: str = ""
    probe_group: str = ""
    reference_group: str = ""
    ordered: bool = False
    minimum: Minimum = Minimum()

    def __post_init__(self) -> None:
        if not self.name.strip():
            message = "a claim needs a name: a sentence that says what is claimed"
            raise ArgumentError(message)
        _one_of("kind", self.kind, get_args(Kind))
        _check_parts(self)
        _check_minimum(self)
        _check_limit(self)

    @property
    def about(self) -> str:
        """What is measured, in a few words, such as ``max_min_ratio of FMR by gender``."""
        what = rate_words(self.rate) + (f" of {self.of}" if self.of else "")
        if self.index:
            what = f"{self.index} of {what}" if what else self.index
        what = _PREFIXES.get(self.kind, "") + what
        if not self.by:
            return f"{what} of everybody"
        if self.kind == "cross_rate":
            probe, reference = self.probe_group or "every group", self.reference_group or "every group"
            return f"{what} by {self.by}, {probe} against {reference}"
        return f"{what} by {self.by}" + (f", {self.group}" if self.group else "")

    @property
    def needed_errors(self) -> float:
        """The least expected errors of every group, with the default filled in."""
        if self.minimum.expected_errors is not None:
            return self.minimum.expected_errors
        return EXPECTED_ERRORS if self.index else 0.0


@dataclass(frozen=True)
class Policy:
    """Claims that were named beforehand.

    Attributes
    ----------
    title : str
    claims : tuple of Claim
        At least one, no two of one name.
    confidence : float
        Of the intervals that decide, between 0 and 1, exclusive; the audit must be made with it, or with a higher one.
    holm : bool
        Whether a claim about every group fails only where a group breaks the limit with the number of groups allowed
        for (Holm's correction), so that a claim that holds fails by chance in at most 1 − confidence of tables. Without
        it each group is decided alone, and of K groups that lie exactly at the limit one fails up to K times as often.
        A pass needs every group, with it or without.

    Raises
    ------
    ArgumentError
        If there is no title, no claim, or two claims have one name.
        If `confidence` is out of range.
    """

    title: str
    claims: tuple[Claim, ...]
    confidence: float = 0.95
    holm: bool = True

    def __post_init__(self) -> None:
        if not self.title.strip():
            message = "a policy needs a title"
            raise ArgumentError(message)
        if not self.claims:
            message = "a policy needs at least one claim; without any, everything would pass"
            raise ArgumentError(message)
        names = [claim.name for claim in self.claims]
        if twice := [name for name in names if names.count(name) > 1]:
            message = f"every claim needs a name of its own; {twice[0]!r} occurs {names.count(twice[0])} times"
            raise ArgumentError(message)
        if not 0 < self.confidence < 1:
            message = f"confidence must lie between 0 and 1; got {self.confidence}"
            raise ArgumentError(message)

    @property
    def groupings(self) -> tuple[str, ...]:
        """What an audit has to be made by for every claim to be decided, each once, in order."""
        return tuple(dict.fromkeys(claim.by for claim in self.claims if claim.by))


def audit_of(kind: Kind) -> AuditName:
    """Which audit decides claims of a kind."""
    if kind.startswith(("class", "search")):
        return "classification" if kind.startswith("class") else "identification"
    return "drift" if kind in ("change", "index_change") else "verification"


def _one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    """Raise `ArgumentError` where `value` is none of those that are known, and name the nearest one."""
    if value not in known:
        message = f"{key} must be one of {', '.join(known)}; got {value!r}{did_you_mean(value, known)}"
        raise ArgumentError(message)


def _check_parts(claim: Claim) -> None:
    """Raise `ArgumentError` where a part of a claim is missing, unknown or out of place."""
    if claim.kind in _OF_INDICES:
        _one_of("index", claim.index, CHANGING_INDICES if claim.kind == "index_change" else (*INDICES, *COMBINED))
    elif claim.index:
        message = f"a claim of kind {claim.kind} has no index; got {claim.index!r}"
        raise ArgumentError(message)
    if claim.index in COMBINED:
        if claim.rate:
            message = f"{claim.index} is of FMR and FNMR together, so there is no rate to name; got {claim.rate!r}"
            raise ArgumentError(message)
    else:
        known = _rates(claim)
        if claim.rate == "fta" and (new := next((name for name in known if name.startswith("without_")), "")):
            message = (
                f"a claim's rate fta is now called {new}, {rate_words(new)}: write rate = {new!r}. FTA means failures "
                "to acquire by photo, which the report shows and no claim is about"
            )
            raise ArgumentError(message)
        _one_of("rate", claim.rate, known)
    if bool(claim.of) != (claim.rate in OF_A_CLASS):
        need = "needs the class that it is of" if not claim.of else f"is not of a class; got of = {claim.of!r}"
        message = f"rate {claim.rate} {need}"
        raise ArgumentError(message)
    compares = claim.kind in _COMPARING
    if not claim.by and (compares or claim.kind in _OF_IMPOSTORS):
        what = "compares groups" if compares else "is about the groups of both people in a pair"
        message = f"a claim of kind {claim.kind} {what}: it needs by, such as gender"
        raise ArgumentError(message)
    if claim.group and (compares or not claim.by or claim.kind in _OF_IMPOSTORS):
        needs = {
            "matched_rate": "is of all pairs within a group; for one group write kind rate",
            "cross_rate": "is of two groups; write probe_group and reference_group",
        }
        need = "compares all groups" if compares else "needs by, to say what kind of group it is"
        message = f"group {claim.group!r} is out of place: the claim {needs.get(claim.kind, need)}"
        raise ArgumentError(message)
    if claim.kind != "cross_rate" and (cell := claim.probe_group or claim.reference_group):
        message = f"probe_group and reference_group are of kind cross_rate; a claim of kind {claim.kind} got {cell!r}"
        raise ArgumentError(message)
    if claim.ordered and claim.kind != "cross_rate":
        message = f"ordered is of kind cross_rate, whose cells have two sides; the claim is of kind {claim.kind}"
        raise ArgumentError(message)


def _check_minimum(claim: Claim) -> None:
    """Raise `ArgumentError` where a claim asks for evidence that its audit does not count."""
    if claim.kind in ("change", "index_change") and claim.minimum.subjects:
        message = f"a claim of kind {claim.kind} cannot have min_subjects: an audit of drift does not count people"
        raise ArgumentError(message)
    if claim.kind in _OF_IMPOSTORS and claim.minimum.subjects:
        message = (
            f"a claim of kind {claim.kind} cannot have min_subjects: people are counted by group, not by pairs of "
            "groups; use min_trials"
        )
        raise ArgumentError(message)
    if claim.kind == "change" and claim.minimum.expected_errors:
        message = "a claim of kind change cannot have min_expected_errors: a change is not a number of errors"
        raise ArgumentError(message)


def _check_limit(claim: Claim) -> None:
    """Raise `ArgumentError` where a limit is on the wrong side, or every result would keep it, or none could."""
    sides = _sides(claim)
    _one_of(f"the limit of {claim.about}", claim.limit.direction, tuple(sides))
    low, high = sides[claim.limit.direction]
    if not low < claim.limit.value < high:
        between = f"lie above {low:g}" if math.isinf(high) else f"lie between {low:g} and {high:g}, exclusive"
        message = f"{claim.limit.direction} of {claim.about} must {between}; got {claim.limit.value:g}"
        raise ArgumentError(message)


def _rates(claim: Claim) -> tuple[str, ...]:
    """The rates that a claim of this kind can be about."""
    kind = claim.kind
    if kind in _OF_IMPOSTORS:
        return ("fmr",)
    if kind.startswith(("class", "search")):
        return get_args(ClassRateName if kind.startswith("class") else SearchRateName)
    return RATES[:2] if kind in _OF_INDICES else RATES


def _sides(claim: Claim) -> Mapping[Direction, tuple[float, float]]:
    """The sides that a limit can be on, and between which values a claim can go either way."""
    index = KINDS.get(claim.index)
    good = claim.rate == "accuracy" or (claim.rate == "selection" and claim.kind != "class_rate")
    side: Direction = "at_least" if good or (index and index.larger_is_fairer) else "at_most"
    low, high = (index.low, index.high) if index else (0.0, 1.0)
    match claim.kind:
        case "change" | "index_change":
            return {side: (low - high, high - low)}
        case "class_difference":
            return {side: (-1.0, 0.0) if good else (0.0, 1.0)}
        case "class_ratio" | "search_ratio":
            return {side: (0.0, 1.0) if good else (1.0, math.inf)}
        case "class_rate" if claim.rate == "selection":
            return {"at_most": (0.0, 1.0), "at_least": (0.0, 1.0)}
        case _:
            return {side: (low, high)}

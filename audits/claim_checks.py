"""What makes a claim one that could go either way: its parts, its minimum, and the side of its limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from audits.class_rates import ClassRateName
from audits.disparity import COMBINED, INDICES
from audits.search_rates import SearchRateName
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from audits.claims import Claim, Direction

RATES = ("fmr", "fnmr", "fta")
CHANGING_INDICES = ("difference", "max_geomean", "gini")
OF_A_CLASS = ("selection", "false_positive", "false_negative")
RATIOS = ("max_min_ratio", "max_geomean", "worst_to_overall", "inequity_rate")
_OF_INDICES = ("index", "index_change")
_OF_IMPOSTORS = ("matched_rate", "cross_rate")
_COMPARING = (*_OF_INDICES, "class_difference", "class_ratio", "search_difference", "search_ratio")


def one_of(key: str, value: str, known: tuple[str, ...]) -> None:
    """Raise `ArgumentError` where `value` is none of those that are known, and name the nearest one."""
    if value not in known:
        near = get_close_matches(value, known, n=1)
        message = f"{key} must be one of {', '.join(known)}; got {value!r}" + (
            f"; did you mean {near[0]}?" if near else ""
        )
        raise ArgumentError(message)


def check_parts(claim: Claim) -> None:
    """Raise `ArgumentError` where a part of a claim is missing, unknown or out of place."""
    if claim.kind in _OF_INDICES:
        one_of("index", claim.index, CHANGING_INDICES if claim.kind == "index_change" else (*INDICES, *COMBINED))
    elif claim.index:
        message = f"a claim of kind {claim.kind} has no index; got {claim.index!r}"
        raise ArgumentError(message)
    if claim.index in COMBINED:
        if claim.rate:
            message = f"{claim.index} is of FMR and FNMR together, so there is no rate to name; got {claim.rate!r}"
            raise ArgumentError(message)
    else:
        one_of("rate", claim.rate, _rates(claim))
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


def check_minimum(claim: Claim) -> None:
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


def check_limit(claim: Claim) -> None:
    """Raise `ArgumentError` where a limit is on the wrong side, or every result would keep it, or none could."""
    sides = _sides(claim)
    one_of(f"the limit of {claim.about}", claim.limit.direction, tuple(sides))
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
    good = claim.rate == "accuracy" or (claim.rate == "selection" and claim.kind != "class_rate")
    side: Direction = "at_least" if good or claim.index == "fdr" else "at_most"
    match claim.kind:
        case "change" | "index_change":
            return {side: (-math.inf, math.inf) if claim.index in RATIOS else (-1.0, 1.0)}
        case "class_difference":
            return {side: (-1.0, 0.0) if good else (0.0, 1.0)}
        case "class_ratio" | "search_ratio":
            return {side: (0.0, 1.0) if good else (1.0, math.inf)}
        case "class_rate" if claim.rate == "selection":
            return {"at_most": (0.0, 1.0), "at_least": (0.0, 1.0)}
        case _:
            return {side: (1.0, math.inf) if claim.index in RATIOS else (0.0, 1.0)}

"""Plans of audits: threshold, groups, minima and claims, frozen in a file before anybody has seen the data.

Whoever chooses groups and limits after looking finds what they look for. A plan is a policy file
(``audits.gate.policy``) with a table ``[plan]`` and a seal below it, the SHA-256 digest of all that stands above. The
digest of the whole file goes where nobody can change it, and into every report made by the plan. Whatever an audit does
otherwise is said in the report, and a file that was changed after it was frozen is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from audits.gate.claims import Policy
from audits.gate.policy import checked_keys, policy_of, read_bytes, refusing
from audits.statistics.families import LEAST, Least
from audits.tables.groups import split_attributes
from facerec.errors import ArgumentError, PolicyError
from facerec.reporting import write_threshold

Standing: TypeAlias = Literal["planned", "departed from its plan", "exploratory"]

_KEYS: Mapping[str, type] = {
    "frozen": str,
    "by": list,
    "at_fmr": float,
    "at_threshold": float,
    "point": str,
    "calibration": str,
    "distance": bool,
    "min_people": int,
    "min_trials": int,
    "seal": str,
}
_SEAL = re.compile(rb'(?s)(.*\n)seal = "([0-9a-f]{64})"\n?')


@dataclass(frozen=True)
class Plan:
    """What was decided before the data were seen.

    Attributes
    ----------
    by : tuple of str
        The groupings.
    at_fmr, at_threshold : float or None
        The rule of the threshold: the FMR to keep to, or the value itself. With `point` the FMR of the point, if any.
    point, calibration : str
        SHA-256 of the file of operating points, and of the table that the threshold is chosen on; empty: none.
    distance : bool
        Whether the scores are distances.
    min_people, min_trials : int
        Groups with fewer, behind every rate, are set aside before errors are looked at, at least 1.
    policy : Policy or None
        The claims, with the minima of their own.
    frozen : str
        The day, as the file says.
    sha256 : str
        Of the file; empty until there is one.

    Raises
    ------
    ArgumentError
        If there is not one rule for the threshold, or a minimum is below 1.
    """

    by: tuple[str, ...] = ()
    at_fmr: float | None = None
    at_threshold: float | None = None
    point: str = ""
    calibration: str = ""
    distance: bool = False
    min_people: int = LEAST.people
    min_trials: int = LEAST.trials
    policy: Policy | None = None
    frozen: str = ""
    sha256: str = ""

    def __post_init__(self) -> None:
        rules = [self.at_fmr is not None and not self.point, self.at_threshold is not None, bool(self.point)]
        if sum(rules) != 1 or (self.calibration and not rules[0]):
            message = "a plan has one rule for the threshold: at_fmr (perhaps with calibration), at_threshold or point"
            raise ArgumentError(message)
        _ = self.least

    @property
    def least(self) -> Least:
        """How much there has to be of a group for it to be compared."""
        return Least(self.min_trials, self.min_people)

    @property
    def rule(self) -> str:
        """How the threshold is found, in words."""
        if self.point:
            return "an operating point" + ("" if self.at_fmr is None else f" at FMR {self.at_fmr:g}")
        if self.at_threshold is not None:
            return f"{'distance' if self.distance else 'score'} {write_threshold(self.at_threshold)}"
        return f"FMR at most {self.at_fmr:g}" + (" on a calibration table" if self.calibration else "")

    def departures(self, done: Plan) -> tuple[str, ...]:
        """What an audit does otherwise than planned (`done` is what it does), a clause each."""
        found = []
        if extra := [by for by in done.by if by not in self.by]:
            found.append(f"grouped by {'; '.join(extra)}, which was not planned")
        if missing := [by for by in self.by if by not in done.by]:
            found.append(f"not grouped by {'; '.join(missing)}, which was planned")
        if (self.at_fmr, self.at_threshold, self.distance, bool(self.point)) != (
            done.at_fmr,
            done.at_threshold,
            done.distance,
            bool(done.point),
        ):
            found.append(f"threshold by {done.rule}, where {self.rule} was planned")
        elif self.point != done.point:
            found.append("another file of operating points than the planned one")
        if self.calibration != done.calibration:
            other = "another calibration table than" if done.calibration else "no calibration table, in place of"
            found.append(f"{other} the planned one" if self.calibration else "a calibration table that was not planned")
        if self.policy != done.policy:
            told = "no claims" if done.policy is None else f"the claims of {done.policy.title!r} as given"
            planned = "none" if self.policy is None else f"those of {self.policy.title!r}"
            found.append(f"{told} decided, where {planned} were planned")
        return tuple(found)


@dataclass(frozen=True)
class PlanStanding:
    """Whether an audit followed the plan of a digest and day (empty: there was none), and what it did otherwise."""

    sha256: str = ""
    frozen: str = ""
    departures: tuple[str, ...] = ()

    @property
    def standing(self) -> Standing:
        """One word for it."""
        if not self.sha256:
            return "exploratory"
        return "departed from its plan" if self.departures else "planned"

    def __str__(self) -> str:
        """The sentence that a report says."""
        if not self.sha256:
            return "Exploratory: no plan froze threshold, groups, minima and claims before the data were seen."
        plan = f"a plan frozen on {self.frozen}, SHA-256 {self.sha256}"
        if not self.departures:
            return f"Planned: threshold, groups, minima and claims are those of {plan}."
        return f"Departs from {plan}: {'; '.join(self.departures)}. What departs is exploratory."

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "standing": self.standing,
            "sha256": self.sha256 or None,
            "frozen": self.frozen or None,
            "departures": list(self.departures),
        }


EXPLORATORY = PlanStanding()
"""Of an audit without a plan."""


def plan_text(plan: Plan, policy: str = "") -> str:
    """A plan as the text of its file.

    Parameters
    ----------
    plan : Plan
        With the day in `frozen`; its claims are read from `policy`.
    policy : str
        The text of a policy file, which goes in as it stands; empty: no claims.

    Raises
    ------
    PolicyError
        If the policy is refused, or is a plan itself.

    Examples
    --------
    >>> print(plan_text(Plan(by=("gender",), at_fmr=0.001, frozen="2026-01-31")))  # doctest: +ELLIPSIS
    [plan]
    frozen = "2026-01-31"
    by = ["gender"]
    at_fmr = 0.001
    min_people = 5
    min_trials = 30
    seal = "..."
    <BLANKLINE>
    """
    lines = ["[plan]", f"frozen = {_toml(plan.frozen)}", f"by = [{', '.join(map(_toml, plan.by))}]"]
    for name in ("at_fmr", "at_threshold", "point", "calibration", "distance", "min_people", "min_trials"):
        value = getattr(plan, name)
        if value is not None and (value or name == "at_threshold"):
            lines.append(f"{name} = {_toml(value)}")
    text = "\n".join([*([policy.rstrip(), ""] if policy.strip() else []), *lines, ""])
    sealed = f'{text}seal = "{hashlib.sha256(text.encode("utf-8")).hexdigest()}"\n'
    parse_plan(sealed.encode("utf-8"))
    return sealed


def read_plan(path: str | Path) -> Plan:
    """Read a plan file; `PolicyError` if it cannot be read, or `parse_plan` refuses what it holds."""
    return parse_plan(read_bytes(path, "plan"), source=str(path))


def parse_plan(content: bytes, *, source: str = "plan") -> Plan:
    """Read a plan from the bytes of its file.

    Raises
    ------
    PolicyError
        If it has no seal, or was changed after it was sealed.
        If it is not TOML of UTF-8, a key is unknown, missing or of the wrong type, or the policy in it is refused.
    """
    content = content.replace(b"\r\n", b"\n")  # what a version control made of the ends of lines is no change
    sealed = _SEAL.fullmatch(content)
    if sealed is None:
        message = f"{source}: is not a frozen plan, it ends without a seal; make one with facerec audit plan"
        raise PolicyError(message)
    if hashlib.sha256(sealed[1]).hexdigest() != sealed[2].decode():
        message = (
            f"{source}: was changed after it was frozen; restore it, or freeze another plan with facerec audit plan"
        )
        raise PolicyError(message)
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        message = f"{source}: is not TOML: {problem}"
        raise PolicyError(message) from problem
    table = document.pop("plan", None)
    if not isinstance(table, dict):
        message = f"{source}: has no table [plan]; make a plan with facerec audit plan"
        raise PolicyError(message)
    checked = checked_keys(table, _KEYS, required=("frozen", "by"), where=f"{source}: [plan]")
    del checked["seal"]
    by = [each for each in checked.pop("by") if isinstance(each, str)]
    policy = policy_of(document, source=source) if document else None
    with refusing(source):
        return Plan(
            by=tuple(",".join(split_attributes(each)) for each in by),
            policy=policy,
            sha256=hashlib.sha256(content).hexdigest(),
            **checked,
        )


def followed(plan: Plan, by: Sequence[str]) -> Plan:
    """The plan as an audit follows it that was told nothing else, with every grouping that it needs."""
    needed = () if plan.policy is None else plan.policy.groupings
    return replace(plan, by=tuple(dict.fromkeys((*by, *needed))))


def _toml(value: object) -> str:
    """A text, a number or a truth value in TOML; JSON writes all of them alike, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

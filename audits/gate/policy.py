"""Policy files: claims in TOML, written by people before the audit, read without mercy.

A gate that misreads its policy lets everything through. So an unknown key is an error that names the nearest known one,
a limit is a number and not a text, and a claim that could never fail is refused (``audits.gate.claims``).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audits.gate.claims import Claim, Direction, Limit, Minimum, Policy
from audits.statistics.intervals import CONFIDENCE
from audits.tables.groups import split_attributes
from facerec.errors import ArgumentError, PolicyError
from facerec.files import read_regular
from facerec.meant import did_you_mean

_MOST_BYTES = 16 << 20  # of a policy or a plan
_CORRECTIONS = ("none", "holm")
_POLICY_KEYS: Mapping[str, type] = {"title": str, "confidence": float, "correction": str, "claim": list}
_CLAIM_KEYS: Mapping[str, type] = {
    "name": str,
    "kind": str,
    "rate": str,
    "index": str,
    "of": str,
    "by": str,
    "group": str,
    "probe_group": str,
    "reference_group": str,
    "ordered": bool,
    "at_most": float,
    "at_least": float,
    "min_subjects": int,
    "min_trials": int,
    "min_expected_errors": float,
}
_TYPES: Mapping[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    float: "a number",
    list: "[[claim]] tables",
}


def read_policy(path: str | Path) -> Policy:
    """Read a policy file.

    Parameters
    ----------
    path : str or Path
        TOML, UTF-8.

    Returns
    -------
    Policy

    Raises
    ------
    PolicyError
        If the file cannot be read, or is not UTF-8.
        If `parse_policy` refuses what it holds.
    """
    return parse_policy(read_text(path), source=str(path))


def read_text(path: str | Path) -> str:
    """The text of a policy's file; `PolicyError` if it cannot be read, or is not UTF-8."""
    try:
        return read_bytes(path, "policy").decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        message = f"{path}: the policy is not UTF-8 text"
        raise PolicyError(message) from problem


def read_bytes(path: str | Path, what: str) -> bytes:
    """What a file of sensible size holds; `PolicyError` if it cannot be read, in which it is called `what` it is."""
    return read_regular(path, limit=_MOST_BYTES, error=PolicyError, advice=f"give the file of the {what}")


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Raise what a value of a file is refused for as `PolicyError`, behind where it stands."""
    try:
        yield
    except ArgumentError as problem:
        message = f"{where}: {problem}"
        raise PolicyError(message) from problem


def parse_policy(text: str, *, source: str = "policy") -> Policy:
    """Read a policy from the text of its file.

    Parameters
    ----------
    text : str
        TOML: ``title``, optionally ``confidence`` and ``correction`` (of failures: "holm", as without it, or "none";
        see `Policy`), and ``[[claim]]`` tables with the fields of `Claim`; the limit as ``at_most`` or ``at_least``,
        the minimum as ``min_subjects``, ``min_trials`` and ``min_expected_errors``.
    source : str
        What messages call the file.

    Returns
    -------
    Policy

    Raises
    ------
    PolicyError
        If it is not TOML.
        If a key is unknown, missing, or of the wrong type.
        If `correction` is none of the known ones.
        If a claim has no limit, or two.
        If `Claim` or `Policy` refuses a value.

    Examples
    --------
    >>> policy = parse_policy('''
    ... title = "Release gate"
    ...
    ... [[claim]]
    ... name = "False matches are rare in every group"
    ... kind = "rate"
    ... rate = "fmr"
    ... by = "gender"
    ... at_most = 0.002
    ... min_subjects = 100
    ... ''')
    >>> policy.holm, policy.claims[0].about, str(policy.claims[0].limit)
    (True, 'FMR by gender', 'at most 0.002')
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:  # malformed, nested too deep, or numbers longer than Python reads
        message = f"{source}: is not TOML: {problem}"
        raise PolicyError(message) from problem
    return policy_of(document, source=source)


def policy_of(document: Mapping[str, Any], *, source: str) -> Policy:
    """A policy from what its file holds, as `parse_policy` reads it."""
    checked = checked_keys(document, _POLICY_KEYS, required=("title", "claim"), where=source)
    correction = checked.get("correction", "holm")
    if correction not in _CORRECTIONS:
        message = f"{source}: correction must be one of {', '.join(_CORRECTIONS)}; got {correction!r}"
        raise PolicyError(message)
    claims = tuple(_claim(table, number, source) for number, table in enumerate(checked["claim"], 1))
    with refusing(source):
        return Policy(checked["title"], claims, checked.get("confidence", CONFIDENCE), holm=correction == "holm")


def _claim(table: object, number: int, source: str) -> Claim:
    where = f"{source}: claim {number}"
    if not isinstance(table, dict):
        message = f"{where}: expected a [[claim]] table; got {table!r}"
        raise PolicyError(message)
    if isinstance(name := table.get("name"), str):
        where += f" ({name!r})"
    checked = checked_keys(table, _CLAIM_KEYS, required=("name", "kind"), where=where)
    limits: list[Direction] = [direction for direction in ("at_most", "at_least") if direction in checked]
    if len(limits) != 1:
        got = "neither" if not limits else "both; write two claims"
        message = f"{where}: needs at_most or at_least; got {got}"
        raise PolicyError(message)
    with refusing(where):
        limit = Limit(limits[0], checked.pop(limits[0]))
        if "by" in checked:
            checked["by"] = ",".join(split_attributes(checked["by"]))
        names = [name for name in checked if name.startswith("min_")]
        minimum = Minimum(**{name.removeprefix("min_"): checked.pop(name) for name in names})
        return Claim(limit=limit, minimum=minimum, **checked)


def checked_keys(
    table: Mapping[str, Any], known: Mapping[str, type], *, required: tuple[str, ...], where: str
) -> dict[str, Any]:
    """The table, if it has the required keys and no others than the known ones, each of its type."""
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known) or f"; there are {', '.join(known)}"
            message = f"{where}: there is no key {key!r}{hint}"
            raise PolicyError(message)
    for key in required:
        if key not in table:
            message = f"{where}: {key} is missing; expected {_TYPES[known[key]]}"
            raise PolicyError(message)
    return {key: _typed(value, known[key], f"{where}: {key}") for key, value in table.items()}


def _typed(value: object, kind: type, what: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        # The largest float is near 1.8e308; a whole number beyond it is as good as infinite, and refused as such.
        return float(value) if abs(value) < 1e308 else math.inf if value > 0 else -math.inf
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        message = f"{what} must be {_TYPES[kind]}; got {value!r}"
        raise PolicyError(message)
    return value

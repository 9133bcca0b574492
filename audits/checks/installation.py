"""Whether the audits of this installation still find published and hand-worked numbers.

Each check runs an audit from its table to its result, as a user would, and compares one number, or a few that belong
together. What needs a file that is not part of the package is skipped, with the reason, where the file is not there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd

from audits.checks import hand_worked, published_counts
from audits.checks.hand_worked import HandWorked
from audits.classification.audit import audit_classification
from audits.identification.audit import audit_identification
from audits.statistics.estimates import Estimate
from audits.statistics.families import Least
from audits.tables.predictions import expand_counts
from audits.verification.audit import audit_verification
from audits.verification.results import VerificationAudit
from facerec.errors import ArgumentError, ScoreTableError
from facerec.files import sha256_of
from facerec.measure.tables.vendor import VendorColumns, read_vendor

Value: TypeAlias = str | float | tuple[float, ...]
"""One number, several that belong together, or a text such as a digest."""

_ROUNDING = 1e-6  # hand-worked numbers are written with seven digits
_PERCENT_AS_PRINTED = 0.06  # Gender Shades prints one decimal, and rounds 5.548 to 5.6 and 11.950 to 12.0


@dataclass(frozen=True)
class Check:
    """One number that an audit must find, and what it found.

    Attributes
    ----------
    name : str
        What was counted.
    source : str
        Who says what it must be.
    status : {"passed", "failed", "skipped"}
    expected : str, float or tuple of float
    found : str, float, tuple of float, or None
        None where the check was skipped.
    tolerance : float
        By how much a number may differ: what is lost to the decimals that were printed; 0 for counts.
    reason : str
        Why it was skipped; empty otherwise.
    """

    name: str
    source: str
    status: Literal["passed", "failed", "skipped"]
    expected: Value
    found: Value | None
    tolerance: float = 0.0
    reason: str = ""


def selfcheck(data: Path | None = None) -> tuple[Check, ...]:
    """Hold the audits against published and hand-worked numbers.

    Parameters
    ----------
    data : Path, optional
        A folder with published tables that are not part of the package: ``rai_face_verification/``. Without it, or
        without the table in it, the checks of that table are skipped.

    Returns
    -------
    tuple of Check
        Hand-worked tables, Gender Shades, BFW, and the published table of pairs; always the same checks.

    Raises
    ------
    ArgumentError
        If `data` is not a folder.

    Examples
    --------
    >>> [check.name for check in selfcheck() if check.status == "failed"]
    []
    """
    if data is not None and not data.is_dir():
        message = f"{data}: there is no such folder"
        raise ArgumentError(message)
    checks = [check for table in hand_worked.TABLES for check in _check_hand_worked(table)]
    return (*checks, *_check_gender_shades(), *_check_bfw(), *_check_face_pairs(data))


def _compared(name: str, source: str, expected: Value, found: Value, tolerance: float = 0.0) -> Check:
    status: Literal["passed", "failed"] = "passed" if _agree(expected, found, tolerance) else "failed"
    return Check(name, source, status, expected, found, tolerance)


def _agree(expected: Value, found: Value, tolerance: float) -> bool:
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(expected) == len(found) and all(map(_agree, expected, found, [tolerance] * len(expected)))
    if isinstance(expected, float | int) and isinstance(found, float | int):
        if math.isnan(expected) or math.isnan(found):
            return math.isnan(expected) and math.isnan(found)
        return expected == found or abs(expected - found) <= tolerance
    return expected == found


def _counts(rate: Estimate) -> tuple[int, int]:
    return rate.errors, rate.trials


def _check_hand_worked(table: HandWorked) -> list[Check]:
    source = "worked out by hand"
    pairs = hand_worked.score_table(table)
    audit = audit_verification(pairs, by=["group"], at=hand_worked.THRESHOLD, replicates=0, least=Least(1, 1))
    grouping = audit.grouping("group")
    checks = [
        _compared(
            f"{table.name}: {index}" if part == "combined" else f"{table.name}: {index} of {part.upper()}",
            source,
            expected,
            grouping.disparity.index(part, index).value,
            _ROUNDING,
        )
        for part, index, expected in table.indices
    ]
    unmeasured = ", ".join(f"{group} {rate}" for group, rate in grouping.disparity.unmeasured)
    checks.append(_compared(f"{table.name}: not measured", source, ", ".join(table.unmeasured), unmeasured))
    return checks


def _check_gender_shades() -> list[Check]:
    source = published_counts.GENDER_SHADES_SOURCE
    columns = ["skin", "gender", "label", "prediction", "count"]
    faces = expand_counts(pd.DataFrame(published_counts.GENDER_SHADES_IBM, columns=columns))
    audit = audit_classification(faces, by=["gender", "skin", "skin,gender"])
    checks = []
    for by, group, counts, printed in published_counts.GENDER_SHADES_ERRORS:
        error = (audit.grouping(by).group(group) if by else audit.overall).rate("error")
        name = f"Gender Shades, {group or 'all faces'}"
        checks += [
            _compared(f"{name}: errors and faces", source, counts, _counts(error)),
            _compared(f"{name}: error rate in %", source, printed, 100 * error.value, _PERCENT_AS_PRINTED),
        ]
    return checks


def _check_bfw() -> list[Check]:
    source, groups = published_counts.BFW_SOURCE, published_counts.BFW_GROUPS
    people = [(f"{group}{number}", group) for group in groups for number in (0, 1)]
    gallery = pd.DataFrame(people, columns=["subject", "group"])
    audit = audit_identification(_bfw_searches(), gallery, threshold=0.0, by=["group"]).grouping("group")
    checks = []
    for group, errors, row in zip(groups, published_counts.BFW_ERRORS, published_counts.BFW_CONFUSION, strict=True):
        cells = {
            cell.candidate_group: cell.rate.errors for cell in audit.rank_one_confusion if cell.probe_group == group
        }
        found = tuple(cells[other] for other in groups)
        total = _counts(audit.group(group).rank_one_errors)
        checks += [
            _compared(f"BFW, {group}: rank-1 errors by group of the wrong person", source, row, found),
            _compared(
                f"BFW, {group}: rank-1 errors and searches", source, (errors, published_counts.BFW_SEARCHES), total
            ),
        ]
    return checks


def _bfw_searches() -> pd.DataFrame:
    """Searches with the published errors: the wrong person first, or the right one, the other of the two behind."""
    groups = published_counts.BFW_GROUPS
    rows: list[tuple[str, str, str, str, float]] = []
    for group, errors in zip(groups, published_counts.BFW_CONFUSION, strict=True):
        nearest = [other for other, count in zip(groups, errors, strict=True) for _ in range(count)]
        for number in range(published_counts.BFW_SEARCHES):
            wrong = nearest[number] if number < len(nearest) else group
            search, mate = f"{group}/{number}", f"{group}0"
            rows.append((search, mate, group, f"{wrong}1", 0.5))
            rows.append((search, mate, group, mate, 0.25 if number < len(nearest) else 0.75))
    return pd.DataFrame(rows, columns=["search", "probe_subject", "probe_group", "candidate_subject", "score"])


@dataclass(frozen=True)
class _Published:
    """A number of the published table of pairs, and how an audit finds it."""

    name: str
    expected: Value
    find: Callable[[VerificationAudit], Value]
    tolerance: float = 0.0


def _fnmr_of(group: str) -> Callable[[VerificationAudit], Value]:
    return lambda audit: _counts(audit.grouping("race,gender").group(group).fnmr)


def _face_pairs() -> list[_Published]:
    name = "4,000 pairs"
    return [
        *(
            _Published(f"{name}, {group}: false non-matches and genuine pairs", counts, _fnmr_of(group))
            for group, counts in published_counts.FACE_PAIRS_FNMR
        ),
        _Published(
            f"{name}: false matches and impostor pairs",
            published_counts.FACE_PAIRS_FMR,
            lambda audit: _counts(audit.fmr),
        ),
        _Published(
            f"{name}, Black,Female: false matches and impostor pairs",
            published_counts.FACE_PAIRS_BLACK_WOMEN,
            lambda audit: _counts(audit.grouping("race,gender").group("Black,Female").fmr),
        ),
        _Published(
            f"{name}: upper bound of FMR by the rule of three",
            published_counts.FACE_PAIRS_BELOW,
            lambda audit: audit.fmr.rule_of_three,
            5e-6,  # printed with five decimals
        ),
        _Published(
            f"{name}: largest difference of FNMR",
            published_counts.FACE_PAIRS_DIFFERENCE,
            lambda audit: audit.grouping("race,gender").disparity.index("fnmr", "difference").value,
            5e-5,  # printed with four decimals
        ),
    ]


def _check_face_pairs(data: Path | None) -> list[Check]:
    source, expected = published_counts.FACE_PAIRS_SOURCE, published_counts.FACE_PAIRS_SHA256
    name = "4,000 pairs: SHA-256 of the file"
    if data is None:
        reason = "no folder of data was given"
        return [Check(name, source, "skipped", expected, None, reason=reason), *_skipped(_face_pairs(), reason)]
    path = data / published_counts.FACE_PAIRS_FILE
    if not path.is_file():
        reason = f"{path}: there is no such file"
        return [Check(name, source, "skipped", expected, None, reason=reason), *_skipped(_face_pairs(), reason)]
    digest = _compared(name, source, expected, sha256_of(path, error=ScoreTableError))
    if digest.status == "failed":
        return [digest, *_skipped(_face_pairs(), f"{path} is not the table that was published")]
    table = read_vendor(path, VendorColumns(score="matching_score", genuine="golden_label"))
    audit = audit_verification(table, by=["race,gender"], at=published_counts.FACE_PAIRS_THRESHOLD, replicates=0)
    return [
        digest,
        *(_compared(each.name, source, each.expected, each.find(audit), each.tolerance) for each in _face_pairs()),
    ]


def _skipped(published: Sequence[_Published], reason: str) -> list[Check]:
    source = published_counts.FACE_PAIRS_SOURCE
    return [Check(each.name, source, "skipped", each.expected, None, each.tolerance, reason) for each in published]

"""The tables of an audit of verification; the page shows them, and each is a CSV file too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from audits.report.common.columns import bounded, counted, evidence
from audits.report.common.words import INDEX_WORDS
from audits.report.verification.sentences import RateName
from audits.statistics.disparity import Index
from audits.statistics.estimates import Estimate
from audits.statistics.multiplicity import GroupTest
from audits.statistics.people import PersonMean
from audits.verification.results import Acquisition, GroupComparisons, GroupingAudit, VerificationAudit
from facerec.reporting import Cell, Column, ColumnOf, Table, plain, share_digits, write_number

ERRORS = {"fmr": "false matches", "fnmr": "false non-matches", "without_score": "without a score"}
PAIRS = {"fmr": "impostor pairs", "fnmr": "genuine pairs", "without_score": "comparisons"}
TITLES = {"fmr": "FMR", "fnmr": "FNMR", "without_score": "share without a score"}
_OF = {
    "fmr": "False matches: impostor pairs with both people in the group",
    "fnmr": "False non-matches: genuine pairs with both sides in the group",
    "without_score": "Comparisons without a score, both sides in the group",
}
_AT_TARGET = (
    "FNMR and its interval are at this threshold, held fixed; the column after evidence is FNMR at that FMR, with how "
    "uncertain the choice of the threshold is."
)
_BY_PERSON = "By person: the mean of people's own rates; everybody counts once, however many photos there are of them."


class _Told(NamedTuple):
    """One rate of a group, and what FNMR has beside it."""

    group: str
    found: Estimate
    at_target: Estimate | None = None
    by_person: PersonMean | None = None


def rate_table(audit: VerificationAudit, grouping: GroupingAudit, name: RateName | str) -> Table:
    """One rate of every group, with everybody's on top; `name` is ``fmr``, ``fnmr`` or ``without_score``."""
    level = f"{100 * audit.confidence:g} %"
    rows = [_Told("everybody", getattr(audit, name), audit.fnmr_at_target, audit.fnmr_by_person)]
    if name == "fmr":
        rows.append(_Told("both people of one group", grouping.matched_fmr))
    strong = tuple(range(len(rows)))
    rows += [_Told(one.group, getattr(one, name), one.fnmr_at_target, one.fnmr_by_person) for one in grouping.groups]
    more: list[ColumnOf[_Told]] = []
    notes = []
    if name == "fnmr" and audit.fnmr_at_target is not None:
        more += bounded("at_target", "", f"{level} at FMR = {audit.threshold.target_fmr:g}")[1:]
        notes.append(_AT_TARGET)
    if name == "fnmr" and audit.fnmr_by_person is not None:
        more += bounded("by_person", "by person", f"{level} by person")
        notes.append(_BY_PERSON)
    return Table.of(
        f"{_OF[name]}, by {plain(grouping.by)}",
        rows,
        ("group", "text", lambda row: row.group),
        ("people", "count", lambda row: row.found.people),
        *counted("found", PAIRS[name], ERRORS[name], TITLES[name], level),
        *evidence("found"),
        *more,
        notes=tuple(notes),
        strong=strong,
    )


class _Acquired(NamedTuple):
    """What was acquired of a group."""

    group: str
    found: Acquisition


def acquisition_table(audit: VerificationAudit, grouping: GroupingAudit) -> Table:
    """Failures to acquire by photo, and the error rates of completed comparisons."""
    told = [("everybody", audit.acquisition), *((group.group, group.acquisition) for group in grouping.groups)]
    rows = [_Acquired(group, found) for group, found in told if found is not None]
    return Table.of(
        f"Failures to acquire by photo, and rates of completed comparisons (ISO/IEC 19795-1), by {plain(grouping.by)}",
        rows,
        ("group", "text", lambda row: row.group),
        ("photos", "count", lambda row: None if row.found.fta is None else row.found.fta.trials),
        ("without a face", "count", lambda row: None if row.found.fta is None else row.found.fta.errors),
        *bounded("found.fta", "FTA", "FTA, interval"),
        *bounded("found.fta_by_person", "FTA by person", "FTA by person, interval"),
        *bounded("found.refused", "refused by the gate", "refused by the gate, interval"),
        *bounded("found.fmr", "FMR, completed", "FMR, completed, interval"),
        *bounded("found.fnmr", "FNMR, completed", "FNMR, completed, interval"),
        strong=(0,),
        notes=("FMR and FNMR elsewhere are generalized rates: over all comparisons, those without a score rejected.",),
    )


def group_table(grouping: GroupingAudit) -> Table:
    """Counts and rates of every group in one wide table, for a program."""
    return Table.of(
        "Groups",
        grouping.groups,
        ("group", "text", lambda group: group.group),
        ("people", "count", lambda group: group.subjects),
        *(column for name in ("fmr", "fnmr", "without_score") for column in _wide(name)),
        *bounded("fnmr_at_target", "", "FNMR at the target FMR")[1:],
        *bounded("fnmr_by_person", "FNMR by person", "FNMR by person interval"),
    )


def _wide(name: str) -> tuple[ColumnOf[GroupComparisons], ...]:
    def shown(group: GroupComparisons, what: str) -> Cell:
        found: Estimate = getattr(group, name)
        return None if found.withheld else getattr(found, what)

    title = TITLES[name]
    return (
        *counted(name, PAIRS[name], ERRORS[name], title, f"{title} interval"),
        (f"{title} worth independent", "number", lambda group: shown(group, "effective_trials")),
        (f"{title} people", "count", lambda group: shown(group, "people")),
    )


def cross_table(grouping: GroupingAudit) -> Table:
    """The matrix of groups, one row per cell."""
    return Table.of(
        f"FMR of probe group by reference group, by {plain(grouping.by)}",
        grouping.cross,
        ("probe", "text", lambda cell: cell.probe_group),
        ("reference", "text", lambda cell: cell.reference_group),
        *counted("fmr", "impostor pairs", "false matches", "FMR", "interval"),
        ("share of impostor pairs", "rate", lambda cell: cell.share),
    )


def told_indices(grouping: GroupingAudit, confidence: float) -> Table:
    """Every index for a reader: that of FMR, of FNMR and of both, with its interval."""
    found = grouping.disparity
    kinds = (("FMR", found.fmr), ("FNMR", found.fnmr), ("both", found.combined))
    names = dict.fromkeys(index.name for _, indices in kinds for index in indices)
    by_name = [{index.name: index for index in indices} for _, indices in kinds]
    return Table(
        f"How much groups differ, by {plain(grouping.by)} ({100 * confidence:g} % intervals)",
        (Column("index"), *(Column(of) for of, _ in kinds), Column("fair")),
        tuple(
            (
                INDEX_WORDS.get(name, name),
                *(_told_index(indices.get(name)) for indices in by_name),
                next(f"{indices[name].fair:g}" for indices in by_name if name in indices),
            )
            for name in names
        ),
        notes=(
            "No index alone is to be trusted; each hides something that another one shows.",
            (
                "Intervals here come from draws of people; those in words, of two groups by name, from a formula for "
                "two rates. They differ a little."
            ),
            *_index_notes(kinds),
        ),
    )


def _index_notes(kinds: Iterable[tuple[str, Iterable[Index]]]) -> Iterator[str]:
    notes = ((of, index) for of, indices in kinds for index in indices if index.note)
    yield from dict.fromkeys(
        f"{INDEX_WORDS.get(index.name, index.name)} of {of}: {plain(index.note)}." for of, index in notes
    )


def _told_index(index: Index | None) -> str | None:
    if index is None or (math.isnan(index.value) and index.note):
        return None
    written, unit = (share_digits, " %") if index.name == "difference" else (write_number, "")
    low, high = index.interval.low, index.interval.high
    ends = "no interval" if math.isnan(low) and math.isnan(high) else f"{written(low)} to {written(high)}"
    return f"{written(index.value)}{unit} ({ends})"


def index_table(grouping: GroupingAudit, confidence: float) -> Table:
    """Every index in a row of its own, for a program."""
    found = grouping.disparity
    kinds = (("FMR", found.fmr), ("FNMR", found.fnmr), ("both", found.combined))
    return Table.of(
        f"How much groups differ, by {plain(grouping.by)}",
        [(of, index) for of, indices in kinds for index in indices],
        ("of", "text", lambda row: row[0]),
        ("index", "text", lambda row: INDEX_WORDS.get(row[1].name, row[1].name)),
        ("value", "number", lambda row: None if math.isnan(row[1].value) and row[1].note else row[1].value),
        (f"{100 * confidence:g} % low", "number", lambda row: row[1].interval.low),
        ("high", "number", lambda row: row[1].interval.high),
        ("fair", "number", lambda row: row[1].fair),
        ("note", "text", lambda row: row[1].note),
        notes=("No index alone is to be trusted; each hides something that another one shows.",),
    )


def small_groups_table(grouping: GroupingAudit, confidence: float) -> Table:
    """Raw and shrunk rates with the tests of each group against the others."""
    tests: dict[tuple[str, str], GroupTest] = {(test.rate, test.group): test for test in grouping.tests}
    return Table.of(
        f"Small groups drawn towards the others, and each group against all others, by {plain(grouping.by)}",
        [
            (name, each, tests.get((name, each.group)))
            for name, shrunk in (("fmr", grouping.shrunk_fmr), ("fnmr", grouping.shrunk_fnmr))
            if any(one.raw.errors for one in shrunk)  # without an error there is nothing to be drawn towards
            for each in shrunk
        ],
        ("rate", "text", lambda row: row[0].upper()),
        ("group", "text", lambda row: row[1].group),
        ("pairs", "count", lambda row: row[1].raw.trials),
        ("raw", "rate", lambda row: row[1].raw.value),
        ("shrunk", "rate", lambda row: row[1].value),
        (f"{100 * confidence:g} % of shrunk", "interval", lambda row: row[1].interval),
        ("p, Holm", "p", lambda row: None if row[2] is None else row[2].holm),
        ("p, BH", "p", lambda row: None if row[2] is None else row[2].benjamini_hochberg),
        notes=(
            "Shrunk: a Bayes estimate over all spreads. p: whether the group differs from all others together.",
            "Holm's p is for groups that were named beforehand, Benjamini and Hochberg's for exploring.",
        ),
    )

"""The tables of an audit of verification; the page shows them, and each is a CSV file too."""

from __future__ import annotations

import math

from audits.report.common.words import INDEX_WORDS
from audits.report.verification.sentences import RateName
from audits.statistics.disparity import Index
from audits.statistics.estimates import Estimate
from audits.statistics.people import PersonMean
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.reporting import Cell, Column, Table, plain

ERRORS = {"fmr": "false matches", "fnmr": "false non-matches", "without_score": "without a score"}
PAIRS = {"fmr": "impostor pairs", "fnmr": "genuine pairs", "without_score": "comparisons"}
TITLES = {"fmr": "FMR", "fnmr": "FNMR", "without_score": "share without a score"}
_OF = {
    "fmr": "False matches: impostor pairs with both people in the group",
    "fnmr": "False non-matches: genuine pairs with both sides in the group",
    "without_score": "Comparisons without a score, both sides in the group",
}


_AT_TARGET = (
    "FNMR and its interval are at this threshold, held fixed; the last column is FNMR at that FMR, with how uncertain "
    "the choice of the threshold is."
)


_BY_PERSON = "By person: the mean of people's own rates; everybody counts once, however many photos there are of them."


def rate_table(audit: VerificationAudit, grouping: GroupingAudit, name: RateName | str) -> Table:
    """One rate of every group, with everybody's on top.

    Parameters
    ----------
    audit : VerificationAudit
    grouping : GroupingAudit
    name : {"fmr", "fnmr", "without_score"}
    """
    level = f"{100 * audit.confidence:g} %"
    rows = [("everybody", getattr(audit, name), audit.fnmr_by_person)]
    if name == "fmr":
        rows.append(("both people of one group", grouping.matched_fmr, None))
    strong = tuple(range(len(rows)))
    rows += [(group.group, getattr(group, name), group.fnmr_by_person) for group in grouping.groups]
    by_person = name == "fnmr" and audit.fnmr_by_person is not None
    targets: tuple[tuple[Cell, ...], ...] = tuple(() for _ in rows)
    if name == "fnmr" and audit.fnmr_at_target is not None:
        measured = (audit.fnmr_at_target, *(group.fnmr_at_target for group in grouping.groups))
        targets = tuple((None if found is None or found.withheld else found.interval,) for found in measured)
    return Table(
        f"{_OF[name]}, by {plain(grouping.by)}",
        (
            Column("group"),
            Column("people", "count"),
            Column(PAIRS[name], "count"),
            Column(ERRORS[name], "count"),
            Column(TITLES[name], "rate"),
            Column(level, "interval"),
            Column("worth independent", "count"),
            Column("evidence"),
            *(Column(f"{level} at FMR = {audit.threshold.target_fmr:g}", "interval") for _ in targets[0]),
            *((Column("by person", "rate"), Column(f"{level} by person", "interval")) if by_person else ()),
        ),
        tuple(
            (who, found.people, *_estimate(found), *more, *(_by_person(mean) if by_person else ()))
            for (who, found, mean), more in zip(rows, targets, strict=True)
        ),
        notes=(*((_AT_TARGET,) if targets[0] else ()), *((_BY_PERSON,) if by_person else ())),
        strong=strong,
    )


def acquisition_table(audit: VerificationAudit, grouping: GroupingAudit) -> Table:
    """Failures to acquire by photo, and the error rates of completed comparisons."""
    rows = [("everybody", audit.acquisition), *((group.group, group.acquisition) for group in grouping.groups)]
    names = ("FTA", "FTA by person", "refused by the gate", "FMR, completed", "FNMR, completed")
    columns = [column for name in names for column in (Column(name, "rate"), Column(f"{name}, interval", "interval"))]
    return Table(
        f"Failures to acquire by photo, and rates of completed comparisons (ISO/IEC 19795-1), by {plain(grouping.by)}",
        (Column("group"), Column("photos", "count"), Column("without a face", "count"), *columns),
        tuple(
            (
                who,
                *((None, None) if found.fta is None else (found.fta.trials, found.fta.errors)),
                *(
                    cell
                    for each in (found.fta, found.fta_by_person, found.refused, found.fmr, found.fnmr)
                    for cell in ((None, None) if each is None else (each.value, each.interval))
                ),
            )
            for who, found in rows
            if found is not None
        ),
        strong=(0,),
        notes=("FMR and FNMR elsewhere are generalized rates: over all comparisons, those without a score rejected.",),
    )


def _by_person(found: PersonMean | None) -> tuple[Cell, ...]:
    return (None, None) if found is None else (found.value, found.interval)


def group_table(grouping: GroupingAudit) -> Table:
    """Counts and rates of every group in one wide table, for a program."""
    columns = [Column("group"), Column("people", "count")]
    for name in ("fmr", "fnmr", "without_score"):
        columns += [
            Column(PAIRS[name], "count"),
            Column(ERRORS[name], "count"),
            Column(TITLES[name], "rate"),
            Column(f"{TITLES[name]} interval", "interval"),
            Column(f"{TITLES[name]} worth independent", "number"),
            Column(f"{TITLES[name]} people", "count"),
        ]
    columns += [
        Column("FNMR at the target FMR", "interval"),
        Column("FNMR by person", "rate"),
        Column("FNMR by person interval", "interval"),
    ]
    return Table(
        "Groups",
        tuple(columns),
        tuple(
            (
                *(group.group, group.subjects),
                *(cell for name in ("fmr", "fnmr", "without_score") for cell in _wide(group, name)),
                None if group.fnmr_at_target is None else group.fnmr_at_target.interval,
                *_by_person(group.fnmr_by_person),
            )
            for group in grouping.groups
        ),
    )


def cross_table(grouping: GroupingAudit) -> Table:
    """The matrix of groups, one row per cell."""
    return Table(
        f"FMR of probe group by reference group, by {plain(grouping.by)}",
        (
            Column("probe"),
            Column("reference"),
            Column("impostor pairs", "count"),
            Column("false matches", "count"),
            Column("FMR", "rate"),
            Column("interval", "interval"),
            Column("share of impostor pairs", "percent"),
        ),
        tuple(
            (
                cell.probe_group,
                cell.reference_group,
                cell.fmr.trials,
                cell.fmr.errors,
                cell.fmr.value,
                cell.fmr.interval,
                cell.share,
            )
            for cell in grouping.cross
        ),
    )


def index_table(grouping: GroupingAudit, confidence: float) -> Table:
    """Every index, side by side."""
    found = grouping.disparity
    rows = [
        *(_index("FMR", index) for index in found.fmr),
        *(_index("FNMR", index) for index in found.fnmr),
        *(_index("both", index) for index in found.combined),
    ]
    return Table(
        f"How much groups differ, by {plain(grouping.by)}",
        (
            Column("of"),
            Column("index"),
            Column("value", "number"),
            Column(f"{100 * confidence:g} % low", "number"),
            Column("high", "number"),
            Column("fair", "number"),
            Column("note"),
        ),
        tuple(rows),
        notes=("No index alone is to be trusted; each hides something that another one shows.",),
    )


def small_groups_table(grouping: GroupingAudit, confidence: float) -> Table:
    """Raw and shrunk rates with the tests of each group against the others."""
    tests = {f"{test.rate} {test.group}": test for test in grouping.tests}
    rows: list[tuple[Cell, ...]] = []
    for name, shrunk in (("fmr", grouping.shrunk_fmr), ("fnmr", grouping.shrunk_fnmr)):
        if not any(each.raw.errors for each in shrunk):
            continue  # without a single error there is nothing that groups could be drawn towards
        for each in shrunk:
            test = tests.get(f"{name} {each.group}")
            rows.append(
                (
                    name.upper(),
                    each.group,
                    each.raw.trials,
                    each.raw.value,
                    each.value,
                    each.interval,
                    None if test is None else test.holm,
                    None if test is None else test.benjamini_hochberg,
                )
            )
    return Table(
        f"Small groups drawn towards the others, and each group against all others, by {plain(grouping.by)}",
        (
            Column("rate"),
            Column("group"),
            Column("pairs", "count"),
            Column("raw", "rate"),
            Column("shrunk", "rate"),
            Column(f"{100 * confidence:g} % of shrunk", "interval"),
            Column("p, Holm", "number"),
            Column("p, BH", "number"),
        ),
        tuple(rows),
        notes=(
            "Shrunk: a Bayes estimate over all spreads. p: whether the group differs from all others together.",
            "Holm's p is for groups that were named beforehand, Benjamini and Hochberg's for exploring.",
        ),
    )


def _estimate(found: Estimate) -> tuple[Cell, ...]:
    if found.withheld:
        return None, None, None, None, None, found.evidence
    worth = round(found.effective_trials) if found.measured else None
    return found.trials, found.errors, found.value, found.interval, worth, found.evidence


def _wide(group: object, name: str) -> tuple[Cell, ...]:
    found: Estimate = getattr(group, name)
    if found.withheld:
        return None, None, None, None, None, None
    return found.trials, found.errors, found.value, found.interval, found.effective_trials, found.people


def _index(of: str, index: Index) -> tuple[Cell, ...]:
    return (
        of,
        INDEX_WORDS.get(index.name, index.name),
        None if math.isnan(index.value) and index.note else index.value,
        index.interval.low,
        index.interval.high,
        index.fair,
        index.note,
    )

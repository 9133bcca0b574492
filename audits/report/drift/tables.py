"""The tables of an audit of drift; the page shows them, and the wide ones are CSV files."""

from __future__ import annotations

from audits.drift.results import DriftAudit, RateChange
from audits.report.common.numbers import stands
from audits.report.common.words import INDEX_WORDS
from audits.report.drift.sentences import shown, shown_of_index, told_first
from audits.statistics.estimates import Estimate, rate_words
from audits.statistics.index_changes import IndexChange
from audits.verification.thresholds import Threshold
from facerec.reporting import Cell, Column, Table, plain

_RATES = {"fmr": "impostor pairs", "fnmr": "genuine pairs", "without_score": "comparisons"}


def rows_of(audit: DriftAudit, by: str) -> dict[str, list[RateChange]]:
    """By rate: everybody's change, then those of the groups; comparisons without a score only where there is one."""
    rows: dict[str, list[RateChange]] = {name: [] for name in _RATES}
    for change in audit.changes:
        if change.by in ("", by):
            rows[change.rate].append(change)
    if not any(found.errors for change in rows["without_score"] for found in (change.before, change.after)):
        del rows["without_score"]
    return rows


def change_tables(audit: DriftAudit, by: str) -> tuple[Table, ...]:
    """Every rate before and after, one table per rate."""
    carries = any(change.held != change.change.interval for change in audit.changes)
    columns = (
        Column("group"),
        Column("shown"),
        Column("pairs", "count"),
        Column("errors before", "count"),
        Column("errors after", "count"),
        Column("before", "rate"),
        Column("after", "rate"),
        Column("change", "rate"),
        Column(f"{100 * audit.confidence:g} %", "interval"),
        *([Column("at these thresholds", "interval")] if carries else []),
    )
    return tuple(
        Table(
            f"{rate_words(name)[:1].upper()}{rate_words(name)[1:]} before and after, on the same {_RATES[name]}"
            + (f", by {plain(by)}" if by else ""),
            columns,
            tuple(
                (
                    change.group or "everybody",
                    shown(change),
                    change.change.trials,
                    change.before.errors,
                    change.after.errors,
                    change.before.value,
                    change.after.value,
                    change.change.value,
                    change.change.interval,
                    *([change.held] if carries else []),
                )
                for change in changes
            ),
            strong=(0,),
            notes=() if name == "without_score" else (f"{told_first(audit.thresholds)}.",),
        )
        for name, changes in rows_of(audit, by).items()
    )


def all_changes(audit: DriftAudit) -> Table:
    """Every change in one wide table, for a program."""
    columns = [Column("by"), Column("group"), Column("rate"), Column("comparisons", "count")]
    for side in ("before", "after"):
        columns += [
            Column(f"errors {side}", "count"),
            Column(side, "rate"),
            Column(f"{side} interval", "interval"),
            Column(f"{side} worth independent", "number"),
        ]
    columns += [
        Column("wrong only after", "count"),
        Column("wrong only before", "count"),
        Column("change", "rate"),
        Column("change interval", "interval"),
        Column("at these thresholds", "interval"),
        Column("shown"),
        Column("thresholds"),
    ]
    return Table("Changes", tuple(columns), tuple(_wide(change) for change in audit.changes))


def _wide(change: RateChange) -> tuple[Cell, ...]:
    found = change.change
    return (
        change.by,
        change.group or "everybody",
        rate_words(change.rate),
        found.trials,
        *_estimate(change.before),
        *_estimate(change.after),
        found.worse,
        found.better,
        found.value,
        found.interval,
        change.held,
        shown(change),
        change.thresholds,
    )


def _estimate(found: Estimate) -> tuple[Cell, ...]:
    return found.errors, found.value, found.interval, found.effective_trials


def index_table(audit: DriftAudit, indices: tuple[IndexChange, ...], by: str) -> Table:
    """Every index before and after; of one grouping, or with `by` empty of all."""
    return Table(
        "How much groups differ, before and after" + (f", by {plain(by)}" if by else ""),
        (
            *(() if by else (Column("by"),)),
            Column("of"),
            Column("index"),
            Column("before", "number"),
            Column("after", "number"),
            Column("change", "number"),
            Column(f"{100 * audit.confidence:g} % low", "number"),
            Column("high", "number"),
            Column("shown"),
        ),
        tuple(
            (
                *(() if by else (index.by,)),
                rate_words(index.rate),
                INDEX_WORDS[index.index],
                index.before,
                index.after,
                index.value,
                index.interval.low,
                index.interval.high,
                shown_of_index(index),
            )
            for index in indices
        ),
        notes=(
            f"{told_first(audit.thresholds)}. Above 0, groups are more unequal afterwards.",
            "Not measured: an index that no error defines.",
        ),
    )


def threshold_table(audit: DriftAudit) -> Table:
    """The two thresholds and how they were chosen."""
    sides: tuple[tuple[str, Threshold], ...] = (("before", audit.before), ("after", audit.after))
    return Table(
        "The threshold of either table, on its own scale",
        (
            Column("table"),
            Column("threshold"),
            Column("accepted"),
            Column("how it was chosen"),
            Column("stands"),
            Column("FMR", "rate"),
        ),
        tuple(
            (
                name,
                f"{side.shown:.7g}",
                "distance ≤ threshold" if side.distance else "score ≥ threshold",
                side.rule,
                stands(side),
                side.achieved_fmr.value,
            )
            for name, side in sides
        ),
    )

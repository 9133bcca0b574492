"""The tables of an audit of drift; the page shows them, and the wide ones are CSV files."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from audits.drift.results import DriftAudit, RateChange
from audits.report.common.columns import counted
from audits.report.common.numbers import accepted, stands
from audits.report.common.words import INDEX_WORDS
from audits.report.drift.sentences import shown, shown_of_index, told_first
from audits.statistics.estimates import rate_words
from audits.statistics.index_changes import IndexChange
from facerec.reporting import ColumnOf, Table, plain, write_threshold

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
    held: ColumnOf[RateChange] = ("at these thresholds", "interval", lambda change: change.held)
    carries = any(change.held != change.change.interval for change in audit.changes)
    return tuple(
        Table.of(
            f"{rate_words(name)[:1].upper()}{rate_words(name)[1:]} before and after, on the same {_RATES[name]}"
            + (f", by {plain(by)}" if by else ""),
            changes,
            ("group", "text", lambda change: change.group or "everybody"),
            ("shown", "text", shown),
            ("pairs", "count", lambda change: change.change.trials),
            ("errors before", "count", lambda change: change.before.errors),
            ("errors after", "count", lambda change: change.after.errors),
            ("before", "rate", lambda change: change.before.value),
            ("after", "rate", lambda change: change.after.value),
            ("change", "rate", lambda change: change.change.value),
            (f"{100 * audit.confidence:g} %", "interval", lambda change: change.change.interval),
            *([held] if carries else []),
            strong=(0,),
            notes=() if name == "without_score" else (f"{told_first(audit.thresholds)}.",),
        )
        for name, changes in rows_of(audit, by).items()
    )


def all_changes(audit: DriftAudit) -> Table:
    """Every change in one wide table, for a program."""
    sides: list[ColumnOf[Any]] = []
    for side in ("before", "after"):
        sides += counted(side, "", f"errors {side}", side, f"{side} interval")[1:]
        sides.append((f"{side} worth independent", "number", attrgetter(f"{side}.effective_trials")))
    return Table.of(
        "Changes",
        audit.changes,
        ("by", "text", lambda change: change.by),
        ("group", "text", lambda change: change.group or "everybody"),
        ("rate", "text", lambda change: rate_words(change.rate)),
        ("comparisons", "count", lambda change: change.change.trials),
        *sides,
        ("wrong only after", "count", lambda change: change.change.worse),
        ("wrong only before", "count", lambda change: change.change.better),
        ("change", "rate", lambda change: change.change.value),
        ("change interval", "interval", lambda change: change.change.interval),
        ("at these thresholds", "interval", lambda change: change.held),
        ("shown", "text", shown),
        ("thresholds", "text", lambda change: change.thresholds),
    )


def index_table(audit: DriftAudit, indices: tuple[IndexChange, ...], by: str) -> Table:
    """Every index before and after; of one grouping, or with `by` empty of all."""
    of_all: ColumnOf[IndexChange] = ("by", "text", lambda index: index.by)
    return Table.of(
        "How much groups differ, before and after" + (f", by {plain(by)}" if by else ""),
        indices,
        *([] if by else [of_all]),
        ("of", "text", lambda index: rate_words(index.rate)),
        ("index", "text", lambda index: INDEX_WORDS[index.index]),
        ("before", "number", lambda index: index.before),
        ("after", "number", lambda index: index.after),
        ("change", "number", lambda index: index.value),
        (f"{100 * audit.confidence:g} % low", "number", lambda index: index.interval.low),
        ("high", "number", lambda index: index.interval.high),
        ("shown", "text", shown_of_index),
        notes=(
            f"{told_first(audit.thresholds)}. Above 0, groups are more unequal afterwards.",
            "Not measured: an index that no error defines.",
        ),
    )


def threshold_table(audit: DriftAudit) -> Table:
    """The two thresholds and how they were chosen."""
    return Table.of(
        "The threshold of either table, on its own scale",
        [("before", audit.before), ("after", audit.after)],
        ("table", "text", lambda side: side[0]),
        ("threshold", "text", lambda side: write_threshold(side[1].shown)),
        ("accepted", "text", lambda side: accepted(side[1])),
        ("how it was chosen", "text", lambda side: side[1].rule),
        ("stands", "text", lambda side: stands(side[1])),
        ("FMR", "rate", lambda side: side[1].achieved_fmr.value),
    )

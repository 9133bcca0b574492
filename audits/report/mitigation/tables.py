"""Tables and the drawing of the laboratory's report: method by group, without and with, and the paired change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from audits.drift.results import RateChange
from audits.mitigation.lab import Judgement, LabReport
from audits.report.common.figures import changes
from audits.report.common.words import INDEX_WORDS, written
from audits.report.mitigation.sentences import elsewhere, outcome, points, whom
from audits.statistics.estimates import Estimate, rate_words
from audits.statistics.index_changes import CHANGING_INDICES, IndexChange
from facerec.reporting import Cell, Column, Figure, Table, plain, share_digits

RateName: TypeAlias = Literal["fmr", "fnmr"]

RATES: tuple[RateName, ...] = ("fmr", "fnmr")
_ERRORS = {"fmr": "false matches", "fnmr": "false non-matches"}
_FINDINGS = (
    "WORSE and BETTER: the whole interval of the paired change lies above or below 0, with what the choice of both "
    "thresholds, on other people, adds to it."
)


def as_it_is_table(report: LabReport, by: str) -> Table:
    """Rates of everybody and of every group without any mitigation, on the people who are judged."""
    changes = report.judgements[0].changes
    return Table.of(
        f"Without any mitigation, by {plain(by)}",
        [entry for entry in changes.changes if entry.rate == "fmr" and entry.by in ("", by)],
        ("group", "text", whom),
        ("FMR", "text", lambda entry: written(entry.before)),
        ("FNMR", "text", lambda entry: written(changes.change("fnmr", by=entry.by, group=entry.group).before)),
        strong=(0,),
    )


def change_table(judgements: Sequence[Judgement], others: Sequence[LabReport], by: str, rate: RateName) -> Table:
    """One rate of everybody and of every group, without and with each method, for a reader."""
    rows: list[tuple[Cell, ...]] = []
    strong: list[int] = []
    for judgement in judgements:
        for entry in entries(judgement, by, rate):
            found = outcome(entry)
            if found in ("WORSE", "BETTER"):
                strong.append(len(rows))
            interval = entry.change.interval
            change = f"{points(entry.change.value)} ({points(interval.low)} to {points(interval.high)})"
            rows.append(
                (
                    *(judgement.mitigation, whom(entry), entry.change.trials),
                    *(share(entry.before), share(entry.after)),
                    change.replace(" ", "\N{NO-BREAK SPACE}") if entry.change.trials else None,
                    found,
                    *([elsewhere(entry, judgement.mitigation, others).told] if others else []),
                )
            )
    level = f"{100 * judgements[0].changes.confidence:g} %"
    columns = (
        *(Column("method"), Column("group"), Column("pairs", "count")),
        *(Column(f"{rate_words(rate)} without"), Column("with")),
        *(Column(f"change in points ({level})"), Column("finding")),
        *([Column("other deals")] if others else []),
    )
    kind = "Impostor pairs with both people in the group" if rate == "fmr" else "Genuine pairs of the group"
    return Table(
        f"{rate_words(rate)} by {plain(by)}, without and with each method",
        columns,
        tuple(rows),
        notes=(f"{kind}; {_ERRORS[rate]} in brackets. {_FINDINGS}",),
        strong=tuple(strong),
    )


def change_numbers(judgements: Sequence[Judgement], others: Sequence[LabReport], by: str, rate: RateName) -> Table:
    """The same for a spreadsheet, every number in a column of its own and none rounded."""
    rows = []
    for judgement in judgements:
        for entry in entries(judgement, by, rate):
            before, after, change = entry.before, entry.after, entry.change
            again = elsewhere(entry, judgement.mitigation, others)
            rows.append(
                (
                    *(judgement.mitigation, whom(entry), change.trials),
                    *(before.errors, before.value, before.interval, after.errors, after.value, after.interval),
                    *(change.worse, change.better, change.value, change.interval, entry.held, outcome(entry)),
                    *(again.worse, again.better, again.deals),
                )
            )
    columns = (
        *(Column("method"), Column("group"), Column("pairs", "count")),
        *(Column("errors without", "count"), Column("rate without", "rate"), Column("without", "interval")),
        *(Column("errors with", "count"), Column("rate with", "rate"), Column("with", "interval")),
        *(Column("wrong only with", "count"), Column("wrong only without", "count")),
        *(Column("change", "number"), Column("change", "interval"), Column("at these thresholds", "interval")),
        Column("finding"),
        *(Column("other deals worse", "count"), Column("other deals better", "count"), Column("other deals", "count")),
    )
    return Table(rate_words(rate), columns, tuple(rows))


def index_change_table(judgements: Sequence[Judgement], by: str, names: Sequence[str] = CHANGING_INDICES) -> Table:
    """Whether groups became more or less unequal, by the indices of these names."""
    return Table.of(
        f"How unequal groups are by {plain(by)}",
        [
            (judgement.mitigation, entry)
            for judgement in judgements
            for entry in judgement.changes.indices
            if entry.by == by and entry.index in names
        ],
        ("method", "text", lambda row: row[0]),
        ("of", "text", lambda row: rate_words(row[1].rate)),
        ("index", "text", lambda row: INDEX_WORDS[row[1].index]),
        ("without", "number", lambda row: row[1].before),
        ("with", "number", lambda row: row[1].after),
        ("change", "number", lambda row: row[1].value),
        (f"{100 * judgements[0].changes.confidence:g} % low", "number", lambda row: row[1].interval.low),
        ("high", "number", lambda row: row[1].interval.high),
        ("finding", "text", lambda row: _inequality(row[1])),
    )


def _inequality(entry: IndexChange) -> str:
    return "MORE UNEQUAL" if entry.regression else "LESS UNEQUAL" if entry.gain else "not shown"


def change_figure(judgements: Sequence[Judgement], by: str) -> Figure:
    """The paired change of FMR and FNMR of every method and group, with intervals."""
    drawings = []
    told = []
    for rate in RATES:
        rows = [(judgement.mitigation, entry) for judgement in judgements for entry in entries(judgement, by, rate)]
        drawings.append(changes(rate_words(rate), [(f"{method} · {whom(entry)}", entry) for method, entry in rows]))
        found = [outcome(entry) for _, entry in rows]
        told.append(f"{rate_words(rate)} worse {found.count('WORSE')} times, better {found.count('BETTER')} times")
    return Figure(
        tuple(drawings),
        title=f"What each method changes by {plain(by)}, with intervals",
        alt=f"Paired changes of FMR and FNMR by {by} for each method, with intervals: {'; '.join(told)}",
        caption="Orange is worse for sure, blue better for sure, grey neither.",
    )


def share(found: Estimate) -> str:
    """A rate in percent, with its errors.

    >>> from audits.statistics.intervals import estimate
    >>> from facerec.types import Rate
    >>> share(estimate(Rate(3, 400))).replace("\N{NO-BREAK SPACE}", " ")
    '0.75 % (3)'
    """
    if not found.measured:
        return "not measured"
    return f"{share_digits(found.value)} % ({found.errors:,})".replace(" ", "\N{NO-BREAK SPACE}")


def entries(judgement: Judgement, by: str, rate: RateName) -> list[RateChange]:
    """The changes of one rate: everybody, then every group."""
    return [each for each in judgement.changes.changes if each.rate == rate and each.by in ("", by)]

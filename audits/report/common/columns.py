"""Columns that the tables of every report have: a rate with its counts, a number with its interval, a contrast."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from audits.classification.results import GroupContrast
from audits.identification.results import SearchContrast
from audits.statistics.estimates import Estimate
from facerec.reporting import Cell, ColumnOf, Table, plain

_STRICT = (
    "The best group was found on these very numbers: the first intervals hold for the two groups, not for the choice; "
    "those of all pairs hold whichever was chosen, and decide."
)


def counted(of: str, trials: str, errors: str, rate: str, interval: str) -> tuple[ColumnOf[Any], ...]:
    """Four columns with these names: the `Estimate` that a row has under `of`; empty where it is withheld."""

    def shown(cell: Callable[[Estimate], Cell]) -> Callable[[object], Cell]:
        return lambda row: None if (found := attrgetter(of)(row)).withheld else cell(found)

    return (
        (trials, "count", shown(lambda found: found.trials)),
        (errors, "count", shown(lambda found: found.errors)),
        (rate, "rate", shown(lambda found: found.value)),
        (interval, "interval", shown(lambda found: found.interval)),
    )


def evidence(of: str) -> tuple[ColumnOf[Any], ...]:
    """How many independent trials the `Estimate` under `of` is worth, and what evidence that is."""

    def worth(row: object) -> int | None:
        found: Estimate = attrgetter(of)(row)
        return round(found.effective_trials) if found.measured else None

    return ("worth independent", "count", worth), ("evidence", "text", attrgetter(f"{of}.evidence"))


def bounded(of: str, name: str, interval: str) -> tuple[ColumnOf[Any], ...]:
    """Two columns with these names: the value under `of`, which not every row has, and its interval."""

    def part(name: str) -> Callable[[object], Cell]:
        return lambda row: None if (found := attrgetter(of)(row)) is None else getattr(found, name)

    return (name, "rate", part("value")), (interval, "interval", part("interval"))


def contrast_table(
    by: str,
    contrasts: Iterable[tuple[str, GroupContrast | SearchContrast]],
    *,
    confidence: float,
    notes: tuple[str, ...] = (),
) -> Table:
    """Each group against the one that fares best, each contrast beside the name of its rate."""
    return Table.of(
        f"Each group against the one that fares best, by {plain(by)}",
        contrasts,
        ("rate", "text", lambda entry: entry[0]),
        ("group", "text", lambda entry: entry[1].group),
        ("best group", "text", lambda entry: entry[1].reference),
        ("difference", "rate", lambda entry: entry[1].contrast.difference),
        (f"{100 * confidence:g} %", "interval", lambda entry: entry[1].contrast.difference_interval),
        ("ratio", "number", lambda entry: entry[1].contrast.ratio),
        ("ratio low", "number", lambda entry: entry[1].contrast.ratio_interval.low),
        ("ratio high", "number", lambda entry: entry[1].contrast.ratio_interval.high),
        ("difference, all pairs", "interval", lambda entry: entry[1].strict.difference_interval),
        ("ratio low, all pairs", "number", lambda entry: entry[1].strict.ratio_interval.low),
        ("ratio high, all pairs", "number", lambda entry: entry[1].strict.ratio_interval.high),
        notes=(*notes, _STRICT),
    )

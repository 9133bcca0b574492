"""The tables of an audit of identification; the page shows them, and each is a CSV file too."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from audits.identification.even_mix import EvenMix
from audits.identification.gallery_mix import LARGER, MixedFpir
from audits.identification.results import (
    ConfusionCell,
    GroupSearches,
    IdentificationAudit,
    IdentificationGrouping,
    SearchRateName,
    people_of,
)
from audits.report.common.columns import contrast_table, counted, evidence
from audits.statistics.estimates import Estimate, rate_words
from facerec.reporting import ColumnOf, Table, plain

_WORDS: dict[SearchRateName, tuple[str, str, str]] = {
    "fpir": ("False positives: searches for people who are not enrolled", "non-mated searches", "false positives"),
    "fnir": ("False negatives: searches for people who are enrolled", "mated searches", "misses"),
    "rank_one_errors": (
        "Rank-one errors: mated searches whose first candidate is somebody else, whatever the threshold",
        "mated searches",
        "wrong first",
    ),
    "without_candidate": ("Searches without any candidate", "searches", "without a candidate"),
}


def told_rates(audit: IdentificationAudit) -> tuple[SearchRateName, ...]:
    """The rates that are worth a table: that nobody went without an answer is said in one sentence."""
    return tuple(name for name in _WORDS if name != "without_candidate" or audit.without_candidate.errors)


class _Told(NamedTuple):
    """One rate of a group, and how many people its searches are for."""

    group: str
    people: int
    found: Estimate


def rate_table(audit: IdentificationAudit, grouping: IdentificationGrouping | None, name: SearchRateName) -> Table:
    """One rate of every group, with everybody's on top."""
    caption, trials, errors = _WORDS[name]
    rows = [_Told("everybody", people_of(name, audit.subjects, audit.mated_subjects), getattr(audit, name))]
    if grouping is not None:
        rows += [_Told(group.group, group.people(name), getattr(group, name)) for group in grouping.groups]
    return Table.of(
        caption + (f", by {plain(grouping.by)}" if grouping else ""),
        rows,
        ("group", "text", lambda row: row.group),
        ("people", "count", lambda row: row.people),
        *counted("found", trials, errors, rate_words(name), f"{100 * audit.confidence:g} %"),
        *evidence("found"),
        strong=(0,),
    )


def group_table(audit: IdentificationAudit, grouping: IdentificationGrouping) -> Table:
    """Counts and rates of every group in one wide table, for a program."""
    columns: list[ColumnOf[Any]] = []
    for name, (_, trials, errors) in _WORDS.items():
        told = rate_words(name)
        columns += counted(f"rates.{name}", f"{trials} ({told})", errors, told, f"{told} interval")
        columns.append((f"{told} worth independent", "number", attrgetter(f"rates.{name}.effective_trials")))
    rows = [_Group("everybody", audit.subjects, audit.gallery_size, audit)]
    rows += [_Group(group.group, group.subjects, group.enrolled, group) for group in grouping.groups]
    return Table.of(
        "Groups",
        rows,
        ("group", "text", lambda row: row.group),
        ("people", "count", lambda row: row.subjects),
        ("enrolled", "count", lambda row: row.enrolled),
        *columns,
        strong=(0,),
    )


class _Group(NamedTuple):
    """A group or everybody, and whatever holds the rates."""

    group: str
    subjects: int
    enrolled: int
    rates: GroupSearches | IdentificationAudit


def rates_against_best(audit: IdentificationAudit, grouping: IdentificationGrouping) -> Table:
    """Each group against the one that fares best."""
    told = [entry for entry in grouping.contrasts if entry.rate in told_rates(audit)]
    named = [(rate_words(entry.rate), entry) for entry in told]
    return contrast_table(grouping.by, named, confidence=audit.confidence)


def cell_table(cells: Sequence[ConfusionCell], what: str) -> Table:
    """The matrix of probe group by the group of the person found, one row per cell."""
    return Table.of(
        what,
        cells,
        ("probe", "text", lambda cell: cell.probe_group),
        ("person found", "text", lambda cell: cell.candidate_group),
        *counted("rate", "searches", "errors", "rate", "interval"),
    )


def mix_tables(mix: EvenMix) -> tuple[Table, ...]:
    """FPIR with another composition, and what the formula says of larger galleries; nothing where it is not known."""
    if mix.same is None or mix.even is None:
        return ()
    size, whole = (sum(sizes.values()) for sizes in (mix.even.composition, mix.even.enrolled))
    composed = Table.of(
        f"FPIR in galleries of {size:,} people, by {plain(mix.by)}",
        list(zip(mix.same.groups, mix.even.groups, strict=True)),
        ("group", "text", lambda mixes: _probes(mixes[0])),
        ("non-mated searches", "count", lambda mixes: mixes[0].searches),
        (f"measured, {whole:,} people", "rate", lambda mixes: mixes[0].measured),
        ("mix as it is", "rate", lambda mixes: mixes[0].reweighted),
        ("interval", "interval", lambda mixes: mixes[0].interval),
        ("even mix", "rate", lambda mixes: mixes[1].reweighted),
        ("interval of even mix", "interval", lambda mixes: mixes[1].interval),
        strong=(0,),
    )
    larger = Table.of(
        f"FPIR if comparisons were independent, by {plain(mix.by)}",
        mix.same.groups,
        ("group", "text", _probes),
        ("measured", "rate", lambda found: found.measured),
        (f"formula, {whole:,} people", "rate", lambda found: found.independent),
        *(
            (f"formula, {times * whole:,}", "rate", lambda found, times=times: dict(found.larger)[times])
            for times in LARGER
        ),
        notes=(
            "Formula: 1 − (1 − FMR)^N, about N·FMR while that is small, for galleries of the mix as it is.",
            "Where it is far from what was measured on this very gallery, do not use it for larger ones.",
        ),
        strong=(0,),
    )
    return composed, larger


def _probes(found: MixedFpir) -> str:
    return found.group or "all labelled"

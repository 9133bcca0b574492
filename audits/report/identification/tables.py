"""The tables of an audit of identification; the page shows them, and each is a CSV file too."""

from __future__ import annotations

from collections.abc import Sequence

from audits.identification.even_mix import EvenMix
from audits.identification.gallery_mix import LARGER, MixedFpir
from audits.identification.results import (
    ConfusionCell,
    IdentificationAudit,
    IdentificationGrouping,
    SearchRateName,
    people_of,
)
from audits.report.common.words import STRICT_NOTE, strict_cells, strict_columns
from audits.statistics.estimates import Estimate, rate_words
from facerec.reporting import Cell, Column, Table, plain

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


def rate_table(audit: IdentificationAudit, grouping: IdentificationGrouping | None, name: SearchRateName) -> Table:
    """One rate of every group, with everybody's on top."""
    caption, trials, errors = _WORDS[name]
    everybody: tuple[str, int, Estimate] = (
        "everybody",
        people_of(name, audit.subjects, audit.mated_subjects),
        getattr(audit, name),
    )
    rows = [everybody]
    if grouping is not None:
        rows += [(group.group, group.people(name), getattr(group, name)) for group in grouping.groups]
    return Table(
        caption + (f", by {plain(grouping.by)}" if grouping else ""),
        (
            Column("group"),
            Column("people", "count"),
            Column(trials, "count"),
            Column(errors, "count"),
            Column(rate_words(name), "rate"),
            Column(f"{100 * audit.confidence:g} %", "interval"),
            Column("worth independent", "count"),
            Column("evidence"),
        ),
        tuple(
            (
                who,
                people,
                found.trials,
                found.errors,
                found.value,
                found.interval,
                round(found.effective_trials) if found.measured else None,
                found.evidence,
            )
            for who, people, found in rows
        ),
        strong=(0,),
    )


def group_table(audit: IdentificationAudit, grouping: IdentificationGrouping) -> Table:
    """Counts and rates of every group in one wide table, for a program."""
    columns = [Column("group"), Column("people", "count"), Column("enrolled", "count")]
    for name, (_, trials, errors) in _WORDS.items():
        told = rate_words(name)
        columns += [
            Column(f"{trials} ({told})", "count"),
            Column(errors, "count"),
            Column(told, "rate"),
            Column(f"{told} interval", "interval"),
            Column(f"{told} worth independent", "number"),
        ]
    rows: list[tuple[Cell, ...]] = []
    everybody = ("everybody", audit.subjects, audit.gallery_size)
    for head, holder in (
        (everybody, audit),
        *(((group.group, group.subjects, group.enrolled), group) for group in grouping.groups),
    ):
        found = [getattr(holder, name) for name in _WORDS]
        rows.append(
            (*head, *(cell for e in found for cell in (e.trials, e.errors, e.value, e.interval, e.effective_trials)))
        )
    return Table("Groups", tuple(columns), tuple(rows), strong=(0,))


def contrast_table(audit: IdentificationAudit, grouping: IdentificationGrouping) -> Table:
    """Each group against the one that fares best."""
    kept = [entry for entry in grouping.contrasts if entry.rate in told_rates(audit)]
    return Table(
        f"Each group against the one that fares best, by {plain(grouping.by)}",
        (
            Column("rate"),
            Column("group"),
            Column("best group"),
            Column("difference", "rate"),
            Column(f"{100 * audit.confidence:g} %", "interval"),
            Column("ratio", "number"),
            Column("ratio low", "number"),
            Column("ratio high", "number"),
            *strict_columns(),
        ),
        tuple(
            (
                rate_words(entry.rate),
                entry.group,
                entry.reference,
                entry.contrast.difference,
                entry.contrast.difference_interval,
                entry.contrast.ratio,
                entry.contrast.ratio_interval.low,
                entry.contrast.ratio_interval.high,
                *strict_cells(entry.strict),
            )
            for entry in kept
        ),
        notes=(STRICT_NOTE,),
    )


def cell_table(cells: Sequence[ConfusionCell], what: str) -> Table:
    """The matrix of probe group by the group of the person found, one row per cell."""
    return Table(
        what,
        (
            Column("probe"),
            Column("person found"),
            Column("searches", "count"),
            Column("errors", "count"),
            Column("rate", "rate"),
            Column("interval", "interval"),
        ),
        tuple(
            (
                cell.probe_group,
                cell.candidate_group,
                cell.rate.trials,
                cell.rate.errors,
                cell.rate.value,
                cell.rate.interval,
            )
            for cell in cells
        ),
    )


def mix_tables(mix: EvenMix) -> tuple[Table, ...]:
    """FPIR with another composition, and what the formula says of larger galleries; nothing where it is not known."""
    if mix.same is None or mix.even is None:
        return ()
    size, whole = (sum(sizes.values()) for sizes in (mix.even.composition, mix.even.enrolled))
    both = list(zip(mix.same.groups, mix.even.groups, strict=True))
    composed = Table(
        f"FPIR in galleries of {size:,} people, by {plain(mix.by)}",
        (
            Column("group"),
            Column("non-mated searches", "count"),
            Column(f"measured, {whole:,} people", "rate"),
            Column("mix as it is", "rate"),
            Column("interval", "interval"),
            Column("even mix", "rate"),
            Column("interval of even mix", "interval"),
        ),
        tuple(
            (
                _probes(same),
                same.searches,
                same.measured,
                same.reweighted,
                same.interval,
                even.reweighted,
                even.interval,
            )
            for same, even in both
        ),
        strong=(0,),
    )
    larger = Table(
        f"FPIR if comparisons were independent, by {plain(mix.by)}",
        (
            Column("group"),
            Column("measured", "rate"),
            Column(f"formula, {whole:,} people", "rate"),
            *(Column(f"formula, {times * whole:,}", "rate") for times in LARGER),
        ),
        tuple((_probes(same), same.measured, same.independent, *(fpir for _, fpir in same.larger)) for same, _ in both),
        notes=(
            "Formula: 1 − (1 − FMR)^N, about N·FMR while that is small, for galleries of the mix as it is.",
            "Where it is far from what was measured on this very gallery, do not use it for larger ones.",
        ),
        strong=(0,),
    )
    return composed, larger


def _probes(found: MixedFpir) -> str:
    return found.group or "all labelled"

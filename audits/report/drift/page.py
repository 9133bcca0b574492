"""The report of an audit of drift: what got worse and what got better for whom, one as loud as the other."""

from __future__ import annotations

from audits.drift.results import DriftAudit
from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Background, Run
from audits.report.common.claims import verdict_document
from audits.report.common.figures import changes
from audits.report.common.files import Report
from audits.report.common.first_screen import FirstScreen
from audits.report.common.sections import claims_section, in_numbers, label_source, report_page, stated_facts
from audits.report.drift.document import drift_document
from audits.report.drift.sentences import change_findings, change_title, choice, overall_change, shown, told_first
from audits.report.drift.tables import all_changes, change_tables, index_table, rows_of, threshold_table
from audits.statistics.estimates import rate_words
from audits.verification.results import Unlabelled
from facerec.reporting import Block, Figure, Section, Text, plain, write_number

_LIMITS = """
- The changes hold for these comparisons and people, and for the two thresholds or the FMR that they were chosen for.
- A change that is not shown is not shown to be absent: look at how wide the interval is.
- A gain for everybody together may hide a loss for one group; look at every group, and at groups that are not here.
- A change says nothing about whether the rates were acceptable before, or are now.
- No person and no photo is named here, but no group is left out for being small: pass the page on with care.
"""
_USES = """
**Meant for** deciding whether a new version, threshold or camera may replace the present one for people like those in
the data, and for finding who pays for the change.

**Not meant for** judging either version by itself, which is what an audit of verification does; for inferring
anybody's gender, origin or age from a face; for statements about single people.
"""


def drift_report(
    audit: DriftAudit, *, run: Run, background: Background | None = None, verdict: PolicyVerdict | None = None
) -> Report:
    """Build the report of an audit of drift, for those who may see every number: it leaves out no small group.

    `run` is what was run on what, `background` what the auditor states (None: all of it is shown as missing), and
    `verdict` what became of a policy's claims (None: nothing was to be decided).
    """
    stated = background or Background()
    by = tuple(dict.fromkeys(change.by for change in audit.changes if change.by))
    sections = [section for name in by for section in _grouping(audit, name)]
    page = report_page(
        "Audit of drift",
        stated,
        run,
        summary=_summary(audit, by),
        first=_first(audit, verdict, by),
        verdict=verdict,
        sections=(
            *claims_section(verdict),
            in_numbers(verdict, overall_change(audit), (), audit.notes),
            *(sections or [Section("Changes", change_tables(audit, ""))]),
            Section("Thresholds", (threshold_table(audit),)),
        ),
        method=(Text(_method(audit)),),
        limits=(stated_facts(stated), *label_source(stated), Text(_LIMITS), Text(_USES)),
        files=2,
    )
    files = {"changes": all_changes(audit), "index-changes": index_table(audit, audit.indices, "")}
    return Report(page, drift_document(audit, verdict=verdict_document(verdict)), files, run)


def _summary(audit: DriftAudit, by: tuple[str, ...]) -> str:
    genuine, impostor = audit.change("fnmr").change.trials, audit.change("fmr").change.trials
    grouped = f" Groups: by {'; '.join(map(plain, by))}." if by else ""
    return f"{genuine:,} genuine and {impostor:,} impostor pairs, each decided before and after.{grouped}"


def _grouping(audit: DriftAudit, by: str) -> list[Section]:
    left = next((left for name, left in audit.unlabelled if name == by), Unlabelled(0, 0, 0))
    indices = tuple(index for index in audit.indices if index.by == by)
    first = next(change.by for change in audit.changes if change.by)
    pictures = [] if by == first else [_forest(audit, by)]  # of the first grouping it stands on top of the page
    return [
        Section(f"Changes by {by}", (*pictures, *change_tables(audit, by), *_missing(left))),
        *([Section(f"How much groups differ by {by}", (index_table(audit, indices, by),))] if indices else []),
    ]


def _missing(left: Unlabelled) -> tuple[Block, ...]:
    lines = []
    if left.genuine or left.impostor:
        lines.append(f"- {left.genuine:,} genuine and {left.impostor:,} impostor pairs lack a label: in no group.")
    if left.genuine_across:
        lines.append(f"- {left.genuine_across:,} genuine pairs carry two different labels and belong to neither group.")
    return (Text("\n".join(lines)),) if lines else ()


def _first(audit: DriftAudit, verdict: PolicyVerdict | None, by: tuple[str, ...]) -> FirstScreen:
    found = change_findings(audit)
    todo = []
    if audit.regressions:
        todo.append(
            "**Do not switch before somebody has decided** that what got worse is worth what got better: who pays for "
            "the change stands above."
        )
    if len(audit.regressions) + len(audit.gains) < len(audit.judged):
        todo.append("**Measure on more comparisons** where a change is neither shown nor excluded.")
    todo.append("**Look at both versions' own rates**, by an audit of verification: a change is no level.")
    return FirstScreen(
        change_title(audit, verdict),
        "\n\n".join(sentence.text for sentence in found),
        _forest(audit, by[0] if by else ""),
        tuple(todo),
        f"Every interval is of {100 * audit.confidence:g} %, one by one: of {len(audit.judged)} changes some would be "
        "shown by chance alone if nothing had changed.",
        "The changes are of these comparisons and thresholds. A gain for everybody together may hide a loss for groups "
        "that are not here.",
    )


def _forest(audit: DriftAudit, by: str) -> Figure:
    rows = rows_of(audit, by)
    told = []
    for name, found in rows.items():
        words = [f"{change.group or 'everybody'} {shown(change)}" for change in found]
        told.append(f"{rate_words(name)}: {', '.join(words)}")
    drawings = tuple(
        changes(rate_words(name), [(each.group or "everybody", each) for each in found]) for name, found in rows.items()
    )
    return Figure(
        drawings,
        title=f"Changes{f' by {plain(by)}' if by else ''}, after minus before, with intervals",
        alt=f"Changes of error rates{f' by {by}' if by else ''} with intervals around no change: {'; '.join(told)}",
        caption=f"Orange rose for sure, blue fell for sure, grey shows no change. {told_first(audit.thresholds)}.",
    )


def _method(audit: DriftAudit) -> str:
    measured = sum(1 for change in audit.changes if change.change.trials)
    chance = measured * (1 - audit.confidence)
    people = (
        "The tables do not say who is in a pair, so **pairs were taken as independent**; where people occur in several "
        "pairs, every interval here is too narrow."
        if audit.pairs_independent
        else "Pairs that share a person are not independent: the variance of a change adds up what such pairs have in "
        "common (dyadic-robust), and the effective number of comparisons follows from it."
    )
    drawn = (
        f"Intervals of indices come from {audit.bootstrap.replicates} draws of people with replacement, in which "
        f"everybody counts equally often before and after; seed {audit.bootstrap.seed}."
        if audit.bootstrap.replicates
        else "No draws were made, so indices have no intervals."
    )
    return (
        "Every comparison was decided twice, and only those that were decided differently say anything about the "
        "change. The interval of a change is made from those of what got worse and of what got better (MOVER), on the "
        f"effective number of comparisons. {people}\n\n{choice(audit)} A comparison without a score counts as "
        "rejected.\n\nIntervals are of "
        f"{100 * audit.confidence:g} %, one by one: of {measured} changes about {write_number(chance)} would be shown "
        f"by chance alone if nothing had changed. {drawn}"
    )

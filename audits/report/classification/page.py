"""The report of an audit of a classifier: verdict, groups, contrasts, limits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from audits.classification.results import ClassificationAudit, ClassificationGrouping
from audits.gate.summaries import verdict_callout
from audits.gate.verdict import PolicyVerdict
from audits.report.classification.document import classification_document
from audits.report.classification.sentences import headline_name, overall_sentence, worst_findings
from audits.report.classification.sharing import suppress_predictions
from audits.report.common import charts
from audits.report.common.background import Background, Run
from audits.report.common.claims import redact, verdict_document
from audits.report.common.drawn_names import drawn_key, drawn_names
from audits.report.common.files import Report
from audits.report.common.sections import claims_section, file_stem, label_source, run_section, stated_facts
from audits.report.common.sharing import ShareLimits, Suppressed, suppressed_table, told_losses
from audits.report.common.words import STRICT_NOTE, strict_cells, strict_columns
from facerec.reporting import Block, Callout, Column, Figure, Page, Section, Table, Text, plain, write_number
from facerec.reporting.figures import draw

_NO_POLICY = (
    "No policy was given, so nothing passes or fails here. What is acceptable has to be decided by people, before "
    "they look."
)
_LIMITS = """
- The rates hold for these photos and people; others have other rates.
- A difference that is not shown is not shown to be absent: look at how wide the interval is.
- The best group was found on the same rows: intervals of contrasts hold for the two groups named, not for the choice.
- Equal error rates do not make a use legitimate, and a group holds whoever was labelled so.
"""
_WORDS = {
    "accuracy": "accuracy",
    "error": "error rate",
    "unanswered": "rate without an answer",
    "selection": "selection rate",
    "false_positive": "false positive rate",
    "false_negative": "false negative rate",
}


def classification_report(
    audit: ClassificationAudit,
    *,
    run: Run,
    background: Background | None = None,
    verdict: PolicyVerdict | None = None,
    limits: ShareLimits | None = None,
) -> Report:
    """Build the report of an audit of a classifier.

    Parameters
    ----------
    audit : ClassificationAudit
    run : Run
        What was run on what.
    background : Background, optional
        What the auditor states; None: everything is shown as missing.
    verdict : PolicyVerdict, optional
        What became of a policy's claims; None: nothing was to be decided.
    limits : ShareLimits, optional
        Leave out groups of fewer people or predictions, for a report that is passed on; None: show all.

    Returns
    -------
    Report
    """
    stated = background or Background()
    suppressed: tuple[Suppressed, ...] = ()
    if limits is not None:
        audit, suppressed = suppress_predictions(audit, limits)
        verdict = None if verdict is None else redact(verdict, suppressed, limits)
    short = {each.by for each in suppressed if each.groups}
    files: dict[str, Table] = {}
    sections = []
    for grouping in audit.groupings:
        rates, contrasts = _rate_table(audit, grouping), _contrast_table(audit, grouping)
        for kind, table in (("rates", rates), ("contrasts", contrasts)):
            files[file_stem(kind, grouping.by, list(files))] = table
        blocks: list[Block] = [_forest(audit, grouping, all_shown=grouping.by not in short)] if grouping.groups else []
        blocks += [rates, *([contrasts] if contrasts.rows else []), *_missing(grouping)]
        sections.append(Section(f"Groups by {grouping.by}", tuple(blocks)))
    subject = stated.subject or ", ".join(file.name for file in run.inputs[:1])
    people = "" if audit.overall.subjects is None else f" of {audit.overall.subjects:,} people"
    page = Page(
        title=f"Audit of classification: {subject}" if subject else "Audit of classification",
        summary=f"{audit.overall.predictions:,} predictions{people}; classes: {plain(', '.join(audit.classes))}.",
        lead=_lead(audit, verdict, suppressed, limits),
        sections=(
            *claims_section(verdict),
            *sections,
            Section("Method", (Text(_method(audit)),)),
            Section("Limits and use", (stated_facts(stated), *label_source(stated), Text(_LIMITS))),
            run_section(run),
        ),
    )
    document = classification_document(audit, verdict=verdict_document(verdict), suppressed=suppressed, limits=limits)
    told = () if limits is None else told_losses(suppressed, limits, curves=False)
    return Report(page, document, files, run, verdict, told)


def _lead(
    audit: ClassificationAudit,
    verdict: PolicyVerdict | None,
    suppressed: Sequence[Suppressed],
    limits: ShareLimits | None,
) -> tuple[Block, ...]:
    blocks: list[Block] = [Callout("note", _NO_POLICY) if verdict is None else verdict_callout(verdict)]
    blocks.append(Text(overall_sentence(audit)))
    blocks += [
        Callout(*found)
        for grouping in audit.groupings
        for found in worst_findings(grouping, audit.least, *audit.headline)
    ]
    if audit.rows_independent:
        blocks.append(
            Callout(
                "warning",
                "The table does not say who is on a photo, so rows were taken as independent: where people have "
                "several photos, every interval is too narrow.",
            )
        )
    blocks += [Callout("warning", plain(note[:1].upper() + note[1:]) + ".") for note in audit.notes]
    if suppressed and limits is not None:
        blocks.append(suppressed_table(suppressed, limits))
    return tuple(blocks)


def _forest(audit: ClassificationAudit, grouping: ClassificationGrouping, *, all_shown: bool) -> Figure:
    names = [group.group for group in grouping.groups]
    drawn = drawn_names(names)
    rate, of = audit.headline
    called = headline_name(audit)
    title, seen = called[:1].upper() + called[1:], "cases" if of else "errors"
    rows = [("everybody", audit.overall.rate(rate, of=of))]
    rows += charts.highest([(drawn[group.group], group.rate(rate, of=of)) for group in grouping.groups])
    measured = [(found.value, g.group) for g in grouping.groups if (found := g.rate(rate, of=of)).measured]
    told = "no group was measured"
    if measured:
        value, name = max(measured)
        told = f"highest for {name}, {write_number(value, 'rate')}{'' if all_shown else ', of the groups shown'}"
    return Figure(
        draw(partial(charts.forest, rows=rows, name=called), height=0.9 + 0.27 * len(rows)),
        alt=f"{title} by {grouping.by} with intervals: {told}",
        caption=f"{plain(title)} by {plain(grouping.by)}, log scale; {seen} and predictions stand on the right."
        f"{drawn_key(names)}{charts.THE_HIGHEST if len(names) > charts.MOST_DRAWN else ''}",
    )


def _rate_table(audit: ClassificationAudit, grouping: ClassificationGrouping) -> Table:
    rows = [
        (_name(entry.rate, entry.of), group.group or "everybody", group.subjects, entry.estimate)
        for place in range(len(audit.overall.rates))
        for group in (audit.overall, *grouping.groups)
        for entry in [group.rates[place]]
        if _told(audit, entry.rate)
    ]
    return Table(
        f"Rates of every group, by {plain(grouping.by)}",
        (
            Column("rate"),
            Column("group"),
            Column("people", "count"),
            Column("predictions", "count"),
            Column("counted", "count"),
            Column("value", "rate"),
            Column(f"{100 * audit.confidence:g} %", "interval"),
        ),
        tuple((what, who, people, e.trials, e.errors, e.value, e.interval) for what, who, people, e in rows),
        strong=tuple(place for place, row in enumerate(rows) if row[1] == "everybody"),
    )


def _contrast_table(audit: ClassificationAudit, grouping: ClassificationGrouping) -> Table:
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
                _name(entry.rate, entry.of),
                entry.group,
                entry.reference,
                entry.contrast.difference,
                entry.contrast.difference_interval,
                entry.contrast.ratio,
                entry.contrast.ratio_interval.low,
                entry.contrast.ratio_interval.high,
                *strict_cells(entry.strict),
            )
            for entry in grouping.contrasts
            if _told(audit, entry.rate)
        ),
        notes=("The ratio of selection rates is the impact ratio.", STRICT_NOTE),
    )


def _told(audit: ClassificationAudit, name: str) -> bool:
    """Whether a rate is worth rows: that nobody went without an answer is said in one sentence."""
    return name != "unanswered" or audit.overall.rate("unanswered").errors > 0


def _missing(grouping: ClassificationGrouping) -> tuple[Block, ...]:
    lines = [f"- Not measured: {plain(name)} of {plain(group)}." for group, name in grouping.unmeasured]
    if grouping.unlabelled:
        lines.append(f"- {grouping.unlabelled:,} rows lack a label and are in no group.")
    return (Text("\n".join(lines)),) if lines else ()


def _method(audit: ClassificationAudit) -> str:
    people = "Rows count as independent." if audit.rows_independent else "Rows of one person are a cluster."
    answered = "" if _told(audit, "unanswered") else " Every row has an answer."
    known = audit.headline[0] == "error"
    missing = "An answer that is missing is an error." if known else "The table does not say which answers are right."
    return (
        f"{missing}{answered} {people} Intervals are Wilson's on the effective number of "
        f"rows, of {100 * audit.confidence:g} %; where nothing or everything was counted, Clopper and Pearson's. "
        "Groups are said to differ only where two of them do with all pairs of groups allowed for (Bonferroni). A "
        f"group of fewer than {audit.least} enters no comparison, and is named. A rate without rows is not measured, "
        "enters no contrast and is listed."
    )


def _name(name: str, of: str) -> str:
    return f"{_WORDS[name]} of {of}" if of else _WORDS[name]

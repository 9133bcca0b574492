"""The report of an audit of a classifier: verdict, groups, contrasts, limits."""

from __future__ import annotations

from collections.abc import Sequence

from audits.classification.results import ClassEstimate, ClassificationAudit, ClassificationGrouping, GroupContrast
from audits.gate.verdict import PolicyVerdict
from audits.report.classification.document import classification_document
from audits.report.classification.sentences import overall_sentence, worst_findings
from audits.report.classification.sharing import suppress_predictions
from audits.report.common.background import Background, Run
from audits.report.common.claims import redact, verdict_document
from audits.report.common.columns import contrast_table
from audits.report.common.files import Report
from audits.report.common.first_screen import Grouped, Question, first_screen, picture
from audits.report.common.sections import (
    claims_section,
    file_stem,
    in_numbers,
    label_source,
    report_page,
    stated_facts,
)
from audits.report.common.sharing import ShareLimits, Suppressed, suppressed_table, told_losses
from audits.statistics.families import left_out
from facerec.reporting import Block, Section, Table, Text, plain

_LIMITS = """
- The rates hold for these photos and people; others have other rates.
- A difference that is not shown is not shown to be absent: look at how wide the interval is.
- The best group was found on the same rows: intervals of contrasts hold for the two groups named, not for the choice.
- Equal error rates do not make a use legitimate, and a group holds whoever was labelled so.
"""
_INDEPENDENT = (
    "The table does not say who is on a photo, so rows were taken as independent: where people have several photos, "
    "every interval is too narrow."
)
_OBJECT = "**Let people object**, and let a person answer: an answer of a classifier is no fact about anybody."
_SILENT = (
    "Other photos and people have other rates. Equal rates do not make a use legitimate, and a label is not a cause."
)
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

    `run` is what was run on what, `background` what the auditor states (None: all of it is shown as missing), and
    `verdict` what became of a policy's claims (None: nothing was to be decided). With `limits`, for a report that
    is passed on, groups of fewer people or predictions are left out; None: all are shown.
    """
    stated = background or Background()
    suppressed: tuple[Suppressed, ...] = ()
    if limits is not None:
        audit, suppressed = suppress_predictions(audit, limits)
        verdict = None if verdict is None else redact(verdict, suppressed, limits)
    files: dict[str, Table] = {}
    sections = []
    for grouping in audit.groupings:
        rates, contrasts = _rate_table(audit, grouping), _contrast_table(audit, grouping)
        for kind, table in (("rates", rates), ("contrasts", contrasts)):
            files[file_stem(kind, grouping.by, list(files))] = table
        later = grouping.groups and grouping is not audit.groupings[0]  # the first one's stands on top of the page
        blocks: list[Block] = [picture([_asked(audit, grouping)])] if later else []
        blocks += [rates, *([contrasts] if contrasts.rows else []), *_missing(grouping)]
        sections.append(Section(f"Groups by {grouping.by}", tuple(blocks)))
    people = "" if audit.overall.subjects is None else f" of {audit.overall.subjects:,} people"
    page = report_page(
        "Audit of classification",
        stated,
        run,
        summary=f"{audit.overall.predictions:,} predictions{people}; classes: {plain(', '.join(audit.classes))}.",
        first=first_screen(
            [_asked(audit, grouping) for grouping in audit.groupings if grouping.groups],
            {_question(audit): audit.overall.rate(audit.headline[0], of=audit.headline[1])},
            verdict=verdict,
            todo=[_OBJECT],
            silent=_SILENT,
        ),
        verdict=verdict,
        sections=(*claims_section(verdict), _in_numbers(audit, verdict, suppressed, limits), *sections),
        method=(Text(_method(audit)),),
        limits=(stated_facts(stated), *label_source(stated), Text(_LIMITS)),
    )
    document = classification_document(audit, verdict=verdict_document(verdict), suppressed=suppressed, limits=limits)
    told = () if limits is None else told_losses(suppressed, limits, curves=False)
    return Report(page, document, files, run, verdict, told)


def _in_numbers(
    audit: ClassificationAudit,
    verdict: PolicyVerdict | None,
    suppressed: Sequence[Suppressed],
    limits: ShareLimits | None,
) -> Section:
    findings = [found for each in audit.groupings for found in worst_findings(each, audit.least, *audit.headline)]
    left = (suppressed_table(suppressed, limits),) if suppressed and limits is not None else ()
    remarks = [_INDEPENDENT] if audit.rows_independent else []
    return in_numbers(verdict, overall_sentence(audit), findings, audit.notes, remarks, left)


def _question(audit: ClassificationAudit) -> Question:
    rate, of = audit.headline
    if rate == "error":
        told = "Wrong answers", "get a wrong answer", "predictions", "are wrong", "a wrong answer does harm"
    else:
        told = f"Answered {of}", f"are answered {of}", "predictions", f"say {of}", f"the answer {of} matters"
    return Question(rate, *told, "predictions")


def _asked(audit: ClassificationAudit, grouping: ClassificationGrouping) -> Grouped:
    rate, of = audit.headline
    away = left_out(grouping.set_aside, f"{rate} of {of}" if of else rate)
    groups = tuple((group.group, group.rate(rate, of=of)) for group in grouping.groups)
    compared = tuple(name for name, _ in groups if name not in away) if grouping.contrasts else ()
    return Grouped(grouping.by, _question(audit), audit.overall.rate(rate, of=of), groups, compared)


def _rate_table(audit: ClassificationAudit, grouping: ClassificationGrouping) -> Table:
    rows = [
        (group, entry)
        for place in range(len(audit.overall.rates))
        for group in (audit.overall, *grouping.groups)
        for entry in [group.rates[place]]
        if _told(audit, entry.rate)
    ]
    return Table.of(
        f"Rates of every group, by {plain(grouping.by)}",
        rows,
        ("rate", "text", lambda row: _name(row[1])),
        ("group", "text", lambda row: row[0].group or "everybody"),
        ("people", "count", lambda row: row[0].subjects),
        ("predictions", "count", lambda row: row[1].estimate.trials),
        ("counted", "count", lambda row: row[1].estimate.errors),
        ("value", "rate", lambda row: row[1].estimate.value),
        (f"{100 * audit.confidence:g} %", "interval", lambda row: row[1].estimate.interval),
        strong=tuple(place for place, row in enumerate(rows) if not row[0].group),
    )


def _contrast_table(audit: ClassificationAudit, grouping: ClassificationGrouping) -> Table:
    named = [(_name(entry), entry) for entry in grouping.contrasts if _told(audit, entry.rate)]
    impact = "The ratio of selection rates is the impact ratio."
    return contrast_table(grouping.by, named, confidence=audit.confidence, notes=(impact,))


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


def _name(entry: ClassEstimate | GroupContrast) -> str:
    return f"{_WORDS[entry.rate]} of {entry.of}" if entry.of else _WORDS[entry.rate]

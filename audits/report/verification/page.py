"""The report of an audit of verification: which section stands where, and what is left out of it when it is shared."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from audits.gate.verdict import PolicyVerdict
from audits.report.common.background import Background, Run
from audits.report.common.claims import redact, verdict_document
from audits.report.common.figures import MOST_DRAWN
from audits.report.common.files import Report
from audits.report.common.first_screen import picture
from audits.report.common.numbers import accepted, stands
from audits.report.common.sections import claims_section, file_stem, in_numbers, label_source, report_page
from audits.report.common.sharing import ShareLimits, Suppressed, suppressed_table, told_losses
from audits.report.common.words import index_words
from audits.report.verification import drawings, prose, tables
from audits.report.verification.document import verification_document
from audits.report.verification.first import advice_for, asked_of, verification_first
from audits.report.verification.pair_scores import PairScores, ScoreSets, split_scores, summed_scores
from audits.report.verification.prose import iso_table
from audits.report.verification.sensitivity import index_sensitivity
from audits.report.verification.sentences import findings, overall_sentence, unlabelled_sentence
from audits.report.verification.sharing import suppress
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.measure.sums.value import ComparisonSums
from facerec.reporting import Block, Facts, Figure, Section, Table, Text, plain, write_number, write_threshold

_TOO_MANY = (
    "So many groups cannot be told apart in a drawing: there are no curves, and the matrix stands in its CSV file."
)
_NOTHING_LOST = (
    "To be passed on, this report leaves out curves over other thresholds, each of whose steps is one comparison. "
    "No group, rate or cell had to be left out."
)
_NO_GROUPS = "No grouping was asked for, so nothing is said about who bears the errors."


def verification_report(
    audit: VerificationAudit,
    table: pd.DataFrame | ComparisonSums,
    *,
    run: Run,
    background: Background | None = None,
    verdict: PolicyVerdict | None = None,
    limits: ShareLimits | None = None,
) -> Report:
    """Build the report of an audit of verification.

    `table` is the score table that was audited, or its sums, for the curves. `run` is what was run on what, and
    `background` what the auditor states (None: all of it is shown as missing), and `verdict` what became of a policy's
    claims (None: nothing was to be decided). With `limits`, for a report that is passed on, what is about fewer people
    is left out; None: all is shown. `ScoreTableError` if `table` is not a score table with the groups of the audit.
    """
    stated = background or Background()
    names = {grouping.by: tuple(group.group for group in grouping.groups) for grouping in audit.groupings}
    suppressed: tuple[Suppressed, ...] = ()
    if limits is not None:
        audit, suppressed = suppress(audit, limits)
        verdict = None if verdict is None else redact(verdict, suppressed, limits)
    lost = {each.by: each for each in suppressed}
    if isinstance(table, ComparisonSums):
        sets = summed_scores(table)
    else:
        sets = split_scores(table, by=[grouping.by for grouping in audit.groupings], distance=audit.threshold.distance)
    files: dict[str, Table] = {}
    sections = [
        section
        for grouping in audit.groupings
        for section in _grouping(audit, grouping, sets, names, files, curves=limits is None, lost=lost.get(grouping.by))
    ]
    histogram = drawings.histogram_figure(audit, sets, None if limits is None else limits.people)
    scores = (Section("Scores and thresholds", (_threshold_facts(audit), *([histogram] if histogram else []))),)
    # What a shared report leaves out of its tables must not come back as a threshold that one group asks for.
    summed = limits is None and isinstance(table, ComparisonSums)
    advice = None if limits is not None or isinstance(table, ComparisonSums) else advice_for(audit, table)
    page = report_page(
        "Audit of verification",
        stated,
        run,
        first=verification_first(audit, advice=advice, summed=summed, verdict=verdict),
        summary=_summary(audit),
        verdict=verdict,
        sections=(
            *claims_section(verdict),
            _in_numbers(audit, verdict, run, suppressed, limits),
            *sections,
            *scores,
        ),
        method=(Text(prose.method(audit)),),
        limits=(*label_source(stated), Text(prose.LIMITS), Text(prose.USES)),
        covered=(Section("What this report covers", (iso_table(audit, stated),), "folded"),),
    )
    document = verification_document(
        audit, verdict=verdict_document(verdict), suppressed=suppressed, limits=limits, plan=run.plan
    )
    told = () if limits is None else told_losses(suppressed, limits, curves=True)
    return Report(page, document, files, run, verdict, told)


def _summary(audit: VerificationAudit) -> str:
    people = "" if audit.subjects is None else f" of {audit.subjects:,} people"
    failed = f", {audit.without_score.errors:,} without a score" if audit.without_score.errors else ""
    by = "; ".join(plain(grouping.by) for grouping in audit.groupings)
    grouped = f" Groups: by {by}." if by else ""
    return (
        f"{audit.fnmr.trials:,} genuine and {audit.fmr.trials:,} impostor pairs{people}{failed}, judged at one "
        f"threshold for everybody.{grouped}"
    )


def _in_numbers(
    audit: VerificationAudit,
    verdict: PolicyVerdict | None,
    run: Run,
    suppressed: Sequence[Suppressed],
    limits: ShareLimits | None,
) -> Section:
    found = [sentence for grouping in audit.groupings for sentence in findings(grouping, audit.least)]
    remarks = [text for grouping in audit.groupings if (text := unlabelled_sentence(grouping))]
    remarks += [] if audit.groupings else [_NO_GROUPS]
    remarks.append(plain(str(run.plan)))
    left: tuple[Block, ...] = ()
    if limits is not None:
        left = (suppressed_table(suppressed, limits) if suppressed else Text(_NOTHING_LOST),)
    return in_numbers(verdict, overall_sentence(audit), found, audit.notes, remarks, left)


def _grouping(
    audit: VerificationAudit,
    grouping: GroupingAudit,
    sets: ScoreSets,
    names: dict[str, tuple[str, ...]],
    files: dict[str, Table],
    *,
    curves: bool,
    lost: Suppressed | None,
) -> list[Section]:
    """The sections of one grouping; its tables are put into `files` too."""
    scores: list[PairScores] = [group for by, found in sets.groups if by == grouping.by for group in found]
    kinds = [
        ("groups", tables.group_table(grouping)),
        ("cross", tables.cross_table(grouping)),
        ("indices", tables.index_table(grouping, audit.confidence)),
    ]
    figures: tuple[Figure, ...] = ()
    drawn = len(grouping.groups) <= MOST_DRAWN
    curves = curves and drawn
    if curves:
        figures, points = drawings.curve_figures(audit, grouping.by, sets.everybody, scores, sets)
        kinds.append(("curves", points))
    for kind, table in kinds:
        files[file_stem(kind, grouping.by, list(files))] = table
    rates: list[Block] = [tables.rate_table(audit, grouping, "fmr"), tables.rate_table(audit, grouping, "fnmr")]
    if audit.without_score.errors:
        rates.append(tables.rate_table(audit, grouping, "without_score"))
        if any(group.acquisition for group in grouping.groups):
            rates.append(tables.acquisition_table(audit, grouping))
    warnings = "\n".join(f"- {plain(index_words(text))}." for text in grouping.disparity.warnings)
    differ: list[Block] = [Text(warnings)] if warnings else []
    if grouping.disparity.fmr or grouping.disparity.fnmr:
        differ.append(tables.told_indices(grouping, audit.confidence))
        if curves:
            sensitivity = index_sensitivity(sets.everybody, scores, grouping)
            moved = drawings.sensitivity_figure(audit, grouping.by, sensitivity)
            differ += [moved] if moved is not None else []
        if len(grouping.groups) > 2:
            differ.append(tables.small_groups_table(grouping, audit.confidence))
    by = grouping.by
    asked = [each for each in asked_of(audit) if each.by == by and grouping is not audit.groupings[0]]
    pictures = [picture(asked)] if asked else []  # of the first grouping it stands on top of the page
    heat: list[Block] = [drawings.heat_figure(grouping, names[by], lost)] if grouping.cross and drawn else []
    heat += [] if drawn else [Text(_TOO_MANY)]
    others = [Section(f"Other thresholds by {by}", figures)] if figures else []
    return [
        Section(f"Groups by {by}", (*pictures, *rates)),
        *([Section(f"How much groups differ by {by}", tuple(differ))] if differ else []),
        Section(f"Impostor pairs by {by}", (Text(_mix(grouping)), *heat)),
        *others,
    ]


def _mix(grouping: GroupingAudit) -> str:
    parts = [
        "An impostor pair within a group is harder than one across groups.",
        "So FMR over all pairs depends on how pairs were made up.",
    ]
    if grouping.matched_fmr.measured:
        parts.append(
            f"Here {write_number(grouping.matched_share, 'rate')} of the labelled impostor pairs are of one group; "
            f"their FMR is {write_number(grouping.matched_fmr.value, 'rate')}."
        )
    return " ".join(parts)


def _threshold_facts(audit: VerificationAudit) -> Facts:
    threshold = audit.threshold
    items: list[tuple[str, str | int | float | None]] = [
        ("threshold", write_threshold(threshold.shown)),
        ("accepted", accepted(threshold)),
        ("how it was chosen", threshold.rule),
        ("stands", stands(threshold)),
    ]
    if threshold.target_fmr is not None:
        items.append(("target FMR", f"{threshold.target_fmr:g}"))
    items.append(("FMR reached over all impostor pairs", write_number(audit.fmr.value, "rate")))
    if threshold.calibration_fmr is not None:
        items.append(("FMR on the calibration table", write_number(threshold.calibration_fmr.value, "rate")))
    return Facts(tuple(items))

"""The report of the mitigation laboratory: what got worse and what got better, for whom, and how that was found."""

from __future__ import annotations

from collections.abc import Sequence

from audits.mitigation.clusters import EVIDENCE
from audits.mitigation.comparisons import GENUINE_PER_PERSON
from audits.mitigation.lab import Judgement, LabReport
from audits.report.common.background import Background, Run
from audits.report.common.files import Report
from audits.report.common.first_screen import FirstScreen
from audits.report.common.sections import file_stem, in_numbers, label_source, report_page
from audits.report.mitigation import tables
from audits.report.mitigation.document import mitigation_document
from audits.report.mitigation.sentences import method_sentence, mitigation_title, overall_sentence
from facerec.errors import ArgumentError
from facerec.reporting import Block, Facts, Section, Table, Text, plain

_DESCRIBED = {
    "FairCal": (
        "**FairCal** (Salvador et al., ICLR 2022): k-means finds regions of the embedding space; the comparisons that "
        "touch a region give it a beta calibration curve; the new score is the mean of the curves of the regions of "
        "both photos, weighted by the comparisons that each rests on."
    ),
    "FSN": (
        "**FSN**, fair score normalisation (Terhörst et al., 2020): each region has the threshold that its own "
        "comparisons need for the target FMR; the score is shifted by the mean of what the regions of both photos are "
        "above the threshold of all."
    ),
    "norm": (
        "**Z-, T- and S-norm** (Auckenthaler et al., 2000; Kenny, 2010): the score in standard deviations above the "
        "mean cosine with a cohort, of the reference (Z), of the probe (T), or the mean of both (S). The cohort is one "
        "photo of each person that is learned from; nobody is held against themself."
    ),
}

LIMITS = """
- These are rates of these people, photos, cameras and this embedder. A method that helps here may harm elsewhere.
- An interval is of the people judged and those whom thresholds were set on; other deals show what others change.
- Each interval stands for itself. Among many methods and groups a few are expected to look changed by chance alone.
- A change that is not shown is not shown to be absent: look at how wide the interval is.
- Regions of an embedding space follow light, pose and age as well as groups; no label used does not mean neutral.
- A method is tied to the embedder and to the target FMR that it learned at. A new one means a new fit, and a new audit.
- No person and no photo is named here, and no vector is kept.
"""

USES = """
**Meant for** deciding whether one of these methods is worth a trial on data of one's own, and for seeing what it costs
and whom. A lower rate for one group that is paid for by another one is a choice for people to make and to answer for.

**Not meant for** approving a use because its differentials are small; for setting a threshold of its own for each
group; for statements about single people.
"""


def mitigation_report(
    report: LabReport, *, by: Sequence[str], run: Run, background: Background, others: Sequence[LabReport] = ()
) -> Report:
    """Build the report of the laboratory, by its groupings.

    `report` is of the deal of people that the tables show; of `others`, the same methods after other deals, only how
    often they agree is shown. `run` is what was run on what, `background` what the auditor states. `ArgumentError`
    if there is no method besides thresholds by group.
    """
    open_to_all = [each for each in report.judgements if not each.caveat]
    fenced = [each for each in report.judgements if each.caveat]
    if not open_to_all:
        message = "the report needs a method that does without group labels; thresholds by group are a bound for others"
        raise ArgumentError(message)
    files: dict[str, Table] = {}
    sections = [_grouping(report, open_to_all, others, name, files, first=name == by[0]) for name in by]
    page = report_page(
        "Mitigation laboratory",
        background,
        run,
        summary=(
            f"{len(open_to_all)} methods that need no training of a network and no group label, held against doing "
            f"nothing at FMR {report.target_fmr:g}. Groups: by {'; '.join(map(plain, by))}. A false match (FMR) takes "
            "two different people for one; a false non-match (FNMR) fails to recognise one person in two photos."
        ),
        first=FirstScreen(
            mitigation_title(open_to_all),
            overall_sentence(report, others),
            tables.change_figure(open_to_all, by[0]),
            _todo(open_to_all),
            "Each interval stands for itself: among many methods and groups a few look changed by chance alone. "
            + ("Other deals of the same people say how far to trust each." if others else "People were dealt once."),
            "A method that helps on these people and photos may harm elsewhere. Lower differentials do not make a use "
            "legitimate.",
        ),
        sections=(
            in_numbers(None, "", [method_sentence(each, others) for each in open_to_all], (), _notes(report)),
            *sections,
            *([_fence(fenced, others, by, files)] if fenced else []),
        ),
        method=(Text(_method(report, open_to_all, others)), _sides(report)),
        limits=(*label_source(background), Text(LIMITS), Text(USES)),
    )
    return Report(page, mitigation_document(report, others), files, run)


def _grouping(
    report: LabReport,
    judgements: Sequence[Judgement],
    others: Sequence[LabReport],
    by: str,
    files: dict[str, Table],
    *,
    first: bool,
) -> Section:
    for rate in tables.RATES:
        files[file_stem(rate, by, list(files))] = tables.change_numbers(judgements, others, by, rate)
    files[file_stem("indices", by, list(files))] = tables.index_change_table(judgements, by)
    unequal = tables.index_change_table(judgements, by, ["difference"])
    shown = (tables.change_table(judgements, others, by, rate) for rate in tables.RATES)
    pictures = [] if first else [tables.change_figure(judgements, by)]  # the first one's stands on top of the page
    return Section(f"By {by}", (tables.as_it_is_table(report, by), *pictures, *shown, unequal))


def _fence(
    fenced: Sequence[Judgement], others: Sequence[LabReport], by: Sequence[str], files: dict[str, Table]
) -> Section:
    blocks: list[Block] = [Text(plain(caveat)) for caveat in dict.fromkeys(each.caveat for each in fenced)]
    for name in by:
        for rate in tables.RATES:
            files[file_stem(f"oracle-{rate}", name, list(files))] = tables.change_numbers(fenced, others, name, rate)
            blocks.append(tables.change_table(fenced, others, name, rate))
    return Section("Behind a fence: thresholds by group, for comparison only", tuple(blocks))


def _todo(judgements: Sequence[Judgement]) -> tuple[str, ...]:
    worse = [plain(each.mitigation) for each in judgements if each.changes.regressions]
    better = [plain(each.mitigation) for each in judgements if each.changes.gains and not each.changes.regressions]
    told = []
    if worse:
        told.append(f"**Do not use {'; '.join(worse)}** without deciding who may pay for it: errors rose.")
    if better:
        told.append(f"**Try {'; '.join(better)}** on data of your own: some rate fell here, and none rose for sure.")
    return (
        *told,
        "**Audit anew after any change** of embedder, threshold or people: what was learned is tied to them.",
    )


def _notes(report: LabReport) -> list[str]:
    notes = dict.fromkeys(f"{each.mitigation}, {note}" for each in report.judgements for note in each.changes.notes)
    return [f"{plain(note)}." for note in notes]


def _sides(report: LabReport) -> Facts:
    names = "learned from", "thresholds set on", "judged"
    items: list[tuple[str, str | int | float | None]] = [
        (name, f"{people:,} people, {pairs:,} comparisons")
        for name, people, pairs in zip(names, report.people, report.pairs, strict=True)
    ]
    return Facts(tuple(items))


def _method(report: LabReport, judgements: Sequence[Judgement], others: Sequence[LabReport]) -> str:
    changes = judgements[0].changes
    used = [text for key, text in _DESCRIBED.items() if any(key in each.mitigation for each in judgements)]
    again = (
        f"The whole laboratory was run {len(others)} more times with the people dealt anew and the same number of "
        "regions, and the tables say how "
        "often the same rate rose or fell for sure; these deals share people and are no independent repetitions."
        if others
        else "The people were dealt once."
    )
    drawn = (
        f"Intervals of the indices' changes come from {changes.bootstrap.replicates} draws of people with replacement, "
        f"everybody as often without as with the method; seed {changes.bootstrap.seed}."
        if changes.bootstrap.replicates
        else "No draws were made, so changes of indices have no intervals."
    )
    dealt = (
        "The people were dealt to three sides, each group by the same shares, and nobody is on two of them. A method "
        "learned from the first side, cohort included. On the second it got its threshold: the lowest score with FMR ≤ "
        f"{report.target_fmr:g} over all impostor comparisons there, found anew for each method and for the scores as "
        "they are. It was judged on the third, whose people entered no choice, the number of regions neither: unless "
        f"it was given, it is the largest of 100, 50, 20, 10, 5 and 2 with {EVIDENCE} expected false matches and "
        f"{EVIDENCE} genuine comparisons in every region among the people learned from."
    )
    compared = (
        "On each side every two photos of one person were compared, "
        f"{GENUINE_PER_PERSON} pairs of one person at most (drawn), and pairs of different people were drawn, every "
        "two people alike often, with one photo of each. A comparison without a score counts as "
        "rejected."
    )
    paired = (
        "Changes are paired: the same comparisons are decided without and with the method, and only those that come "
        "out differently count. Comparisons that share a person are not independent; the variance of the change adds "
        "up what they have in common (dyadic-robust), and the interval is made from those of what got worse and of "
        "what got better, on the effective number of "
        f"comparisons, at {100 * changes.confidence:g} %. Other people to set thresholds on would have given other "
        "thresholds: every interval carries that, as far as it does not move both thresholds alike (MOVER). "
        f"{drawn} {again}"
    )
    return "\n\n".join([dealt, compared, paired, *used])

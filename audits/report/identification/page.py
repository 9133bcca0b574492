"""The report of an audit of identification: who is found in vain, who is missed, and at whom the errors end."""

from __future__ import annotations

from collections.abc import Sequence

from audits.gate.verdict import PolicyVerdict
from audits.identification.even_mix import EvenMix
from audits.identification.results import (
    ConfusionCell,
    IdentificationAudit,
    IdentificationGrouping,
)
from audits.report.common.background import Background, Run
from audits.report.common.claims import verdict_document
from audits.report.common.figures import MOST_DRAWN, heat_figure
from audits.report.common.files import Report
from audits.report.common.first_screen import FirstScreen, Grouped, Question, first_screen, picture
from audits.report.common.frequencies import frequency, out_of
from audits.report.common.sections import (
    claims_section,
    file_stem,
    in_numbers,
    label_source,
    report_page,
    stated_facts,
)
from audits.report.identification.document import identification_document
from audits.report.identification.sentences import overall_searches, search_findings
from audits.report.identification.tables import (
    cell_table,
    group_table,
    mix_tables,
    rate_table,
    rates_against_best,
    told_rates,
)
from audits.statistics.families import left_out
from facerec.reporting import Block, Figure, Section, Table, Text, plain, write_number

_LIMITS = """
- The rates hold for this gallery and these searches: a larger gallery has a higher FPIR at the same threshold.
- Intervals are over the people who are searched for; the gallery counts as given.
- A difference that is not shown is not shown to be absent: look at how wide the interval is.
- A mate below the end of a list of candidates cannot be seen and counts as missed.
- No person and no photo is named here, but no group is left out for being small: pass the page on with care.
"""
_USES = """
**Meant for** deciding whether and at which threshold a gallery may be searched for people like those in the data, and
for finding who bears the errors. A false positive puts a stranger under suspicion or lets one in; a false negative
denies somebody what is theirs, or overlooks somebody.

**Not meant for** inferring anybody's gender, origin or age from a face; for approving a search because its
differentials are small, for that does not make it legitimate; for setting a threshold of its own for each group; for
statements about single people.
"""

_FOUND = Question(
    "fpir",
    "Found, though not enrolled (false positive, FPIR)",
    "are wrongly found",
    "searches for people who are not enrolled",
    "find somebody",
    "being taken for somebody in the gallery does harm",
    "searches",
)
_MISSED = Question(
    "fnir",
    "Missed, though enrolled (false negative, FNIR)",
    "are missed",
    "searches for people who are enrolled",
    "miss them",
    "being missed does harm",
    "searches",
)
_SILENT = (
    "The rates are of this gallery: in a larger one strangers are found more often at the same threshold. Other people "
    "and cameras have other rates. A label is not a cause."
)
_TOO_MANY = "So many groups cannot be told apart in a drawing: the matrices stand in their CSV files."


def identification_report(
    audit: IdentificationAudit,
    mixes: Sequence[EvenMix],
    *,
    run: Run,
    background: Background | None = None,
    verdict: PolicyVerdict | None = None,
) -> Report:
    """Build the report of an audit of identification, for those who may see every number: it leaves out no small group.

    `mixes` are what an even gallery would answer, from ``even_mixes``. `run` is what was run on what, `background` what
    the auditor states (None: all of it is shown as missing), and `verdict` what became of a policy's claims (None:
    nothing was to be decided).
    """
    stated = background or Background()
    files: dict[str, Table] = {}
    of_grouping = {mix.by: mix for mix in mixes}
    sections = [section for each in audit.groupings for section in _grouping(audit, each, of_grouping[each.by], files)]
    everybody = Section("Searches", tuple(rate_table(audit, None, name) for name in told_rates(audit)))
    page = report_page(
        "Audit of identification",
        stated,
        run,
        summary=_summary(audit),
        first=_first(audit, verdict),
        verdict=verdict,
        sections=(*claims_section(verdict), _in_numbers(audit, verdict), *(sections or [everybody])),
        method=(Text(_method(audit)),),
        limits=(stated_facts(stated), *label_source(stated), Text(_LIMITS), Text(_USES)),
    )
    document = identification_document(audit, mixes=mixes, verdict=verdict_document(verdict))
    return Report(page, document, files, run)


def _summary(audit: IdentificationAudit) -> str:
    by = "; ".join(plain(grouping.by) for grouping in audit.groupings)
    failed = f", {audit.without_candidate.errors:,} without a candidate" if audit.without_candidate.errors else ""
    searched = f"{audit.fnir.trials:,} mated and {audit.fpir.trials:,} non-mated searches for {audit.subjects:,} people"
    return f"{searched}{failed}, in a gallery of {audit.gallery_size:,} people.{f' Groups: by {by}.' if by else ''}"


def _in_numbers(audit: IdentificationAudit, verdict: PolicyVerdict | None) -> Section:
    found = [sentence for grouping in audit.groupings for sentence in search_findings(grouping, audit.least)]
    remarks = [] if audit.groupings else ["No grouping was asked for, so nothing is said about who bears errors."]
    return in_numbers(verdict, overall_searches(audit), found, audit.notes, remarks)


def _asked(audit: IdentificationAudit) -> list[Grouped]:
    return [
        Grouped(
            grouping.by,
            question,
            getattr(audit, question.rate),
            tuple((group.group, getattr(group, question.rate)) for group in grouping.groups),
            tuple(
                group.group
                for group in grouping.groups
                if group.group not in left_out(grouping.set_aside, question.rate)
            ),
        )
        for grouping in audit.groupings
        for question in (_FOUND, _MISSED)
        if grouping.groups
    ]


def _first(audit: IdentificationAudit, verdict: PolicyVerdict | None) -> FirstScreen:
    todo = []
    if audit.fpir.measured:
        told = frequency(audit.fpir, out_of([audit.fpir]), "searches")
        told = f"of searches for people who are not enrolled {told} find somebody"
        todo.append(f"**Let a person look before anybody acts on an answer**: {told}.")
    todo.append(
        f"**Measure again before the gallery grows** beyond its {audit.gallery_size:,} people: more are then found in "
        "vain."
    )
    everybody = {_FOUND: audit.fpir, _MISSED: audit.fnir}
    return first_screen(_asked(audit), everybody, verdict=verdict, todo=todo, silent=_SILENT)


def _grouping(
    audit: IdentificationAudit, grouping: IdentificationGrouping, mix: EvenMix, files: dict[str, Table]
) -> list[Section]:
    """The sections of one grouping; its tables are put into `files` too."""
    by = grouping.by
    contrasts, composed = rates_against_best(audit, grouping), mix_tables(mix)
    for kind, table in (
        ("groups", group_table(audit, grouping)),
        ("contrasts", contrasts),
        ("rank-one", cell_table(grouping.rank_one_confusion, "Rank-one errors")),
        ("false-positives", cell_table(grouping.false_positive_confusion, "False positives")),
        *zip(("gallery-mix", "larger-galleries"), composed, strict=False),
    ):
        files[file_stem(kind, by, list(files))] = table
    rates: list[Block] = [rate_table(audit, grouping, name) for name in told_rates(audit)]
    asked = [] if grouping is audit.groupings[0] else [each for each in _asked(audit) if each.by == by]
    pictures = [picture(asked)] if asked else []  # of the first grouping it stands on top of the page
    heats: list[Block] = [Text(_TOO_MANY)]
    if len(grouping.groups) <= MOST_DRAWN:
        heats = [
            _heat(grouping, grouping.rank_one_confusion, "rank-one errors", "mated searches"),
            _heat(grouping, grouping.false_positive_confusion, "false positives", "non-mated searches"),
        ]
    return [
        Section(f"Groups by {by}", (*pictures, *rates, *_missing(grouping))),
        *([Section(f"How much groups differ by {by}", (contrasts,))] if contrasts.rows else []),
        Section(f"At whom errors end by {by}", tuple(heats)),
        Section(f"Other galleries by {by}", (Text(_mix_words(mix)), *composed)),
    ]


def _heat(grouping: IdentificationGrouping, cells: Sequence[ConfusionCell], what: str, of: str) -> Figure:
    worst = max((cell for cell in cells if cell.rate.errors), key=lambda cell: cell.rate.value, default=None)
    told = (
        "none in any cell"
        if worst is None
        else f"most for probes of {worst.probe_group} with {worst.candidate_group}, "
        f"{write_number(worst.rate.value, 'rate')} of its {of}"
    )
    return heat_figure(
        [group.group for group in grouping.groups],
        {(cell.probe_group, cell.candidate_group): cell.rate for cell in cells},
        side="person found",
        nothing="no searches",
        alt=f"Share of {what} by group of the probe and of the person found, by {grouping.by}: {told}",
        title=f"{what[:1].upper() + what[1:]} over all {of} of the probe's group, by {plain(grouping.by)}, per cent",
        caption=(
            "By the group of the most alike wrong person; shades on a log scale, darker is more. Unshaded with <: none "
            "was seen, and the upper end of the interval. A larger part of the gallery is found more often."
        ),
    )


def _mix_words(mix: EvenMix) -> str:
    if mix.same is None or mix.even is None:
        return f"What a gallery of another composition would answer was not computed: {plain(mix.reason)}."
    enrolled = ", ".join(f"{plain(name)} {count:,}" for name, count in mix.even.enrolled.items())
    asked = max(mix.even.composition.values())
    left = ""
    if mix.even.unlabelled_enrolled or mix.even.unlabelled_searches:
        left = (
            f" Left out: {mix.even.unlabelled_enrolled:,} enrolled people and {mix.even.unlabelled_searches:,} "
            "non-mated searches without a label."
        )
    return (
        f"Most false positives are people of the probe's own group, so FPIR depends on who is enrolled ({enrolled}). "
        f"In galleries drawn from this one with {asked:,} people of each group, and in galleries of the same size with "
        "the mix as it is, FPIR would be as follows; what differs between those two is the composition alone."
        f"{left}"
    )


def _missing(grouping: IdentificationGrouping) -> tuple[Block, ...]:
    lines = []
    if grouping.unlabelled_searches:
        lines.append(f"- {grouping.unlabelled_searches:,} searches are for people without a label: in no group.")
    if grouping.relabelled_searches:
        lines.append(
            f"- {grouping.relabelled_searches:,} mated searches carry another label than the same person in the "
            "gallery; they count under that of the search."
        )
    if grouping.unlabelled_candidates:
        lines.append(f"- {grouping.unlabelled_candidates:,} errors end at people without a label: in no cell.")
    return (Text("\n".join(lines)),) if lines else ()


def _method(audit: IdentificationAudit) -> str:
    rank = (
        f"Every candidate that was returned counts, {audit.longest_list:,} at most."
        if audit.rank is None
        else f"A mate that is not among the first {audit.rank:,} candidates is missed."
    )
    acquired = "" if audit.without_candidate.errors else " Every search returned somebody."
    return (
        "A search is mated where its person is enrolled. FPIR is the share of non-mated searches with a candidate at "
        "or above the threshold, FNIR the share of mated searches without their mate among the candidates at or above "
        f"it. {rank} A wrong person who is just as alike ranks before the mate. A search without any candidate is a "
        f"miss where it is mated, and no false positive.{acquired}\n\nSearches for one person "
        "are not independent: they are a cluster, the rate's effective number of searches follows from how alike they "
        "are, and Wilson's interval uses that number. Where none or all were errors, intervals are Clopper and "
        f"Pearson's. They are of {100 * audit.confidence:g} %, one by one, and hold the threshold and the gallery "
        "fixed. Differences and ratios between groups put the intervals of the two rates together (MOVER); groups "
        "are said to differ only where the worst and the best do with all pairs of groups allowed for (Bonferroni). "
        "Evidence is called none below 3 errors, indicative below 30 and reportable from 30 on (rule of 30).\n\n"
        "Galleries of another composition are those that can be drawn from this one without replacement; the "
        "probability that a search meets none of its false positives there is exact (hypergeometric)."
    )

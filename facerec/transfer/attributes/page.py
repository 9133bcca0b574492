"""The report on faces: whether a better or a fairer backbone exists, and at what price; charts and tables only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facerec.files import replacing
from facerec.reporting import (
    Block,
    Callout,
    Cell,
    Column,
    Facts,
    Page,
    Section,
    Table,
    Text,
    Written,
    plain,
    write,
    write_number,
)
from facerec.reporting.spreadsheet import inert_csv
from facerec.transfer.attributes.fairface import Attribute
from facerec.transfer.attributes.figures import group_figure, told, worst_figure
from facerec.transfer.attributes.groups import GapChange
from facerec.transfer.attributes.judged import Judged
from facerec.transfer.attributes.verdict import Verdict, change_between, seconds
from facerec.transfer.bench import Bench, without_names
from facerec.transfer.comparing import REPLICATES
from facerec.transfer.findings import Findings
from facerec.transfer.report import report_page

NO_USE = (
    "Telling gender or age from a face is shown here **to teach how a classifier is audited. It is not an intended "
    "use** of this software: what is learned is how annotators labelled photos, not what people are, and nothing of it "
    "is part of recognition. Groups serve to judge the classifier, and are never inferred."
)
_LABELS = """
In FairFace itself, labels of age, gender and race were given by crowd workers who looked at the photo: three for each,
the answer of two or more kept, photos without such an answer shown to three more workers or left out. A model was then
trained on these labels, and people looked again at the photos where it disagreed (Kärkkäinen and Joo, WACV 2021). So a
label says how a face was seen by others. It is no self-description, it knows two genders and seven races because the
form had these, and an answer that differs from it may be right.

Nobody on the photos is known by name: two photos of one person may stand on both sides of the split, and count as two
people in every interval.
"""
_LIMITS = """
- The rates hold for photos like these and for labels made like these. Where annotators err more often for one group,
its error rate is higher whatever the network does.
- Each of the groups is small, so intervals are wide; the worst of many groups looks worse than it is.
- A difference that is not distinguishable is not shown to be absent.
- Equal error rates do not make a use legitimate.
- Backbones differ in what they were trained on as well as in how they are built: nothing here says which of the two
made the difference.
"""
# What the bench says of any run, taken over as it is.
_OF_THE_BENCH = ("Accuracy against cost", "Learning curves", "Comparisons", "Calibration", "Run")
_CSV = ("backbone", "protocol", "group", "wrong", "answers", "error", "ci_low", "ci_high")


def attributes_page(
    bench: Bench, findings: Findings, verdict: Verdict, *, attribute: Attribute, labels_from: str = ""
) -> Page:
    """Build the report.

    Parameters
    ----------
    bench : Bench
        As `run_attributes` gives it.
    findings : Findings
    verdict : Verdict
    attribute : {"gender", "age"}
    labels_from : str
        How labels and groups were obtained, as who runs this states it.
    """
    data = bench.image_set
    warnings = tuple(Callout("warning", plain(without_names(each, data))) for each in bench.warnings)
    of_bench = {each.title: each for each in report_page(bench, findings, publish=True).sections}
    taken_over = [of_bench[title] for title in _OF_THE_BENCH if title in of_bench]
    drawn = [each for each in verdict.judged if not each.method[0].endswith(".none")] or list(verdict.judged)
    return Page(
        title=f"{attribute.capitalize()} from faces: a better or a fairer backbone?",
        summary=f"{len(data):,} photos with {plain(data.name)}'s labels, {len(data.classes)} classes of {attribute}: "
        f"{len(bench.train_labels):,} to learn from and to choose on, {len(bench.test):,} to test on. "
        f"{len(verdict.judged)} methods, each judged by race and gender.",
        lead=(
            Callout("warning", NO_USE),
            *(Callout(each.standing, each.text) for each in verdict.sentences),
            *warnings,
        ),
        sections=(
            Section(
                "Methods",
                (
                    _methods(bench, findings, verdict),
                    worst_figure(verdict.judged, verdict.gaps, verdict.names),
                    _price(bench, verdict),
                ),
            ),
            Section(
                "Errors by race and gender",
                (group_figure(drawn, verdict.names, attribute=attribute), _groups(verdict, drawn), _audited(verdict)),
            ),
            Section("Fairer?", _fairness(verdict)),
            *(each for each in taken_over if each.title != "Run"),
            _labels(labels_from),
            Section("Method", (_plan(bench), Text(_method(bench)))),
            Section("Limits", (Text(_LIMITS),)),
            *(each for each in taken_over if each.title == "Run"),
        ),
    )


def write_attributes(
    bench: Bench, findings: Findings, verdict: Verdict, folder: Path, *, attribute: Attribute, labels_from: str = ""
) -> Written:
    """Write the report and ``groups.csv``, every group's error under every method.

    Raises
    ------
    OutputError
        If something cannot be written.
    """
    written = write(attributes_page(bench, findings, verdict, attribute=attribute, labels_from=labels_from), folder)
    rows = [
        (
            *each.method,
            rate.group or "everybody",
            rate.wrong,
            rate.answers,
            rate.value,
            rate.interval.low,
            rate.interval.high,
        )
        for each in verdict.judged
        for rate in (each.overall, *each.groups)
    ]
    with replacing(folder / "groups.csv") as partial:
        partial.write_text(inert_csv(_CSV, rows), encoding="utf-8")
    return written


def _labels(labels_from: str) -> Section:
    stated = (
        f"How they were obtained, as stated for this run: {plain(labels_from)}."
        if labels_from
        else "How they were obtained was not stated for this run (`--labels-from`)."
    )
    first = f"Labels and groups are those that the data came with; nothing here inferred one. {stated}"
    return Section("Where labels and groups come from", (Text(first), Text(_LABELS)))


def _methods(bench: Bench, findings: Findings, verdict: Verdict) -> Table:
    marks = {each.method: mark for each, mark in zip(findings.summaries, findings.marks, strict=True)}
    majority = findings.majority
    rows = []
    for each in verdict.judged:
        gap = verdict.gap(each.method)
        rows.append(
            (
                verdict.names[each.method],
                each.overall.value,
                each.overall.interval,
                marks[each.method],
                told(gap.worst),
                gap.worst_error,
                gap.gap,
                gap.by_chance,
            )
        )
    return Table(
        "Wrong answers of everybody and of the worst group",
        (
            Column("method"),
            Column("wrong", "rate"),
            Column("95 %", "interval"),
            Column("against the best"),
            Column("worst group"),
            Column("wrong there", "rate"),
            Column("gap", "rate"),
            Column("by chance", "rate"),
        ),
        tuple(rows),
        notes=(
            (
                "Against the best: paired on the same photos, adjusted by Holm. Gap: worst group minus best group; by "
                "chance: the median gap when the same answers are dealt to the groups at random. Always answering "
                f"{plain(bench.image_set.classes[_frequent(bench)])} is wrong in "
                f"{write_number(1 - majority.value, 'rate')}. Backbones with .none have random weights."
            ),
        ),
        strong=(0,),
    )


def _frequent(bench: Bench) -> int:
    return int(np.bincount(bench.train_labels, minlength=len(bench.image_set.classes)).argmax())


def _price(bench: Bench, verdict: Verdict) -> Table:
    networks = {each.name: each for each in bench.backbones}
    rows = []
    for each in verdict.judged:
        own, network = verdict.outcomes[each.method], networks[each.method[0]]
        # Multiply-adds grow with the area, so they tell the size that a training ran at.
        size = round(network.size * math.sqrt(own[0].macs / network.macs))
        rows.append(
            (
                verdict.names[each.method],
                each.overall.value,
                verdict.gap(each.method).worst_error,
                size,
                own[0].parameters,
                own[0].macs,
                len(own),
                seconds(own),
            )
        )
    return Table(
        "What it costs",
        (
            Column("method"),
            Column("wrong", "rate"),
            Column("worst group", "rate"),
            Column("input", "count"),
            Column("parameters", "amount"),
            Column("MACs", "amount"),
            Column("seeds", "count"),
            Column("time", "seconds"),
        ),
        tuple(rows),
        notes=(
            (
                "Input: side in pixels. MACs: multiply-adds per photo. Time per run on this machine, which others may "
                "have shared: features, learning, choosing and testing."
            ),
        ),
        strong=(0,),
    )


def _groups(verdict: Verdict, shown: Sequence[Judged]) -> Table:
    first = shown[0]
    seeds = len(verdict.outcomes[first.method])
    rows: list[tuple[Cell, ...]] = [
        (told(group.group), group.answers // seeds, *(each.groups[place].value for each in shown))
        for place, group in enumerate(first.groups)
    ]
    rows.append(("everybody", first.overall.answers // seeds, *(each.overall.value for each in shown)))
    return Table(
        "Wrong answers by group",
        (Column("group"), Column("photos", "count"), *(Column(verdict.names[each.method], "rate") for each in shown)),
        tuple(rows),
        notes=("Every interval, and the random networks, are in `groups.csv`.",),
        strong=(len(rows) - 1,),
    )


def _audited(verdict: Verdict) -> Table:
    return Table(
        "What the audit says of each method",
        (Column("method"), Column("finding", "verdict"), Column("in words")),
        tuple((verdict.names[each.method], each.standing, _without_marks(each.finding)) for each in verdict.judged),
        notes=(
            (
                "`facerec audit classification` on the tables in `predictions/`: groups are said to differ only where "
                "the worst and the best do with all pairs of groups allowed for."
            ),
        ),
    )


def _fairness(verdict: Verdict) -> tuple[Block, ...]:
    best = verdict.judged[0].method
    rows = []
    for each in verdict.judged[1:]:
        for what, changes in (("gap", verdict.gap_changes), ("worst group", verdict.worst_changes)):
            change = change_between(changes, best, each.method)
            rows.append((verdict.names[each.method], what, *_change(change, turn=change.first == best)))
    blocks: list[Block] = []
    if rows:
        blocks.append(
            Table(
                f"Every method against {plain(verdict.names[best])}, in points of wrong answers; below 0 is better",
                (
                    Column("method"),
                    Column("what"),
                    Column("points"),
                    Column("95 %"),
                    Column("p adjusted", "rate"),
                    Column("distinguishable"),
                ),
                tuple(rows),
                notes=(
                    (
                        f"The same photos, drawn again within each group for all methods, {REPLICATES:,} times. "
                        "Adjusted by Holm for all pairs of methods."
                    ),
                ),
            )
        )
    if verdict.in_groups:
        first, second = verdict.in_groups[0].first, verdict.in_groups[0].second
        blocks.append(
            Table(
                f"Group by group: {plain(verdict.names[second])} against {plain(verdict.names[first])}, in points of "
                "wrong answers; below 0 is better",
                (
                    Column("group"),
                    Column("points"),
                    Column("95 %"),
                    Column("p adjusted", "rate"),
                    Column("distinguishable"),
                ),
                tuple((told(each.what), *_change(each, turn=True)) for each in verdict.in_groups),
                notes=("The best methods of two backbones, paired photo by photo; adjusted by Holm for the groups.",),
            )
        )
    return tuple(blocks) or (Text("There is one method only, so nothing was compared."),)


def _change(change: GapChange, *, turn: bool) -> tuple[str, str, float, str]:
    sign = -1 if turn else 1
    low, high = sorted((sign * change.interval.low, sign * change.interval.high))
    return (
        _points(sign * change.difference),
        f"{_points(low)} … {_points(high)}".replace(" ", "\N{NO-BREAK SPACE}"),
        change.adjusted,
        "yes" if change.distinguishable else "not distinguishable",
    )


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _without_marks(text: str) -> str:
    from facerec.reporting.inline import parse_spans

    return "".join(span.text for span in parse_spans(text))


def _plan(bench: Bench) -> Facts:
    plan = bench.measured.plan
    settings = plan.settings
    size = "each network's own" if settings.size is None else f"{settings.size} pixels where the network allows it"
    trained = any(each.cell.trained for each in bench.measured.outcomes)
    items: list[tuple[str, str | int | float | None]] = [
        ("input of probes", "each network's own size"),
        *((("input of trainings", size),) if trained else ()),
        *(
            (
                (
                    "training",
                    f"{settings.epochs} epochs, at least {settings.least_steps} steps, {settings.trials} rates tried",
                ),
            )
            if trained
            else ()
        ),
        ("taken", write_number(bench.measured.seconds, "seconds")),
    ]
    if bench.measured.left_out:
        items.append(("left out by the budget", "; ".join(str(each.cell) for each in bench.measured.left_out)))
    if bench.image_set.left_out:
        items.append(("files left out", len(bench.image_set.left_out)))
    return Facts(tuple(items))


def _method(bench: Bench) -> str:
    return (
        f"{plain(bench.note)}. All methods share the test part. A seed draws which photos are held back to choose on, "
        "and every draw of a training.\n\n"
        "Linear is multinomial logistic regression on the frozen network's features, its penalty chosen from 45 values "
        "on validation. Fine-tune trains the whole network from its weights; the epoch is chosen on validation. Random "
        "networks are probed like the others, and not fine-tuned.\n\n"
        "Error rates and their intervals by group come from `facerec audit classification`: Wilson's on the effective "
        "number of answers, where the answers of several seeds to one photo are a cluster. Methods are compared on the "
        "same photos by the bench: McNemar's exact test with one shared seed, otherwise the paired bootstrap."
    )

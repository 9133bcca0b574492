"""The report of a run: what pre-training buys here, first in words, then with everything that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from facerec.measure.metrics.paired import REPLICATES
from facerec.photos import left_out
from facerec.reporting import (
    Block,
    Column,
    Facts,
    Page,
    Section,
    SideBySide,
    Table,
    Text,
    Written,
    plain,
    write,
    write_number,
)
from facerec.transfer.bench import Bench
from facerec.transfer.cells import Outcome, shots_text
from facerec.transfer.comparison import Comparison, best, between
from facerec.transfer.confidence import expected_calibration_error, negative_log_likelihood
from facerec.transfer.figures import (
    confusion_counts,
    confusion_figure,
    cost_figure,
    learning_figure,
    of_summary,
    ranks_text,
    shots_figure,
    top1_figure,
)
from facerec.transfer.mistakes import picture, worst
from facerec.transfer.provenance import without_names
from facerec.transfer.report_first import first_blocks, first_sections
from facerec.transfer.verdict import Findings, difference_text, method_text, points_text

_LIMITS = """
- The accuracies hold for photos like these test photos; others have others.
- A difference that is not distinguishable is not shown to be absent: look at how wide the interval is.
- A protocol is only as good as its tuning. Every trained protocol tried the same number of learning rates and took the
same number of epochs; more of both can change the order, most of all for training from scratch.
- Validation accuracies chose settings and epochs, so they are optimistic; the test part was read once per cell.
"""


def write_report(bench: Bench, findings: Findings, folder: Path, *, publish: bool = False) -> Written:
    """Write ``report.html``, ``report.md`` and ``report.json`` into a folder.

    Parameters
    ----------
    bench : Bench
    findings : Findings
        What `judge` made of it.
    folder : Path
        Made if it is not there.
    publish : bool
        Leave out photos and their names, for a report that is passed on.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    written = write(report_page(bench, findings, publish=publish), folder)
    kept = {path.name for path in written.attachments}
    for stale in folder.glob("report-figure-*"):  # photos of an earlier report must not stay behind in this one
        if stale.name not in kept:
            stale.unlink()
    return written


def report_page(bench: Bench, findings: Findings, *, publish: bool = False) -> Page:
    """The report as a value; parameters as for `write_report`."""
    data = bench.image_set
    if publish:
        bench = replace(bench, warnings=tuple(without_names(each, data) for each in bench.warnings))
    learned = len(bench.train_labels)
    said = Text("\n".join(f"- {each.text}" for each in findings.sentences))
    sections = (
        *first_sections(bench, findings, _shown(bench, findings)),
        Section("In numbers", (*_warned(bench), said)),
        _results(bench, findings),
        *_section("Accuracy against photos", shots_figure(bench, findings)),
        *_predicted(bench, findings),
        Section("Accuracy against cost", (cost_figure(bench, findings), _costs(bench, findings))),
        *_section("Learning curves", learning_figure(bench, findings)),
        _comparisons(findings),
        _mistakes(bench, findings, publish=publish),
        _calibration(bench, findings),
        _plan(bench),
        Section("Method", (Text(_method(bench)),), "folded"),
        Section("Limits", (*_warned(bench), Text(_LIMITS)), "folded"),
        _provenance(bench),
    )
    return Page(
        title=findings.headline,
        kind="Transfer learning",
        source=f"{data.name}, facerec transfer",
        signed=True,
        summary=f"{plain(data.name)}. "
        f"{len(data):,} photos of {len(data.classes)} classes: {learned:,} to learn from and to choose on, "
        f"{len(bench.test):,} to test on. {_counted(bench)} measured.",
        lead=first_blocks(bench, findings),
        sections=sections,
    )


def _counted(bench: Bench) -> str:
    count = len(bench.measured.outcomes)
    return f"{count} {'cell was' if count == 1 else 'cells were'}"


def _warned(bench: Bench) -> tuple[Block, ...]:
    return tuple(Text(f"**Warning.** {plain(each)}") for each in bench.warnings)


def _section(title: str, figure: Block | None) -> tuple[Section, ...]:
    return () if figure is None else (Section(title, (figure,)),)


def _predicted(bench: Bench, findings: Findings) -> tuple[Section, ...]:
    """Whether the better network on ImageNet is the better one here (Kornblith et al. 2019)."""
    figure = top1_figure(bench, findings)
    if figure is None:
        return ()
    text = ranks_text(bench, findings)
    return (Section("Accuracy against the top-1 on ImageNet", (figure, Text(text))),)


def _results(bench: Bench, findings: Findings) -> Section:
    several = len({each.backbone for each in findings.summaries}) > 1
    rows = []
    strong = []
    for number, (each, mark) in enumerate(zip(findings.summaries, findings.marks, strict=True)):
        first = best(findings.summaries, each.shots)
        paired = None if each is first else between(findings.comparisons, each.method, first.method, each.shots)
        row = (
            shots_text(each.shots),
            *((each.backbone,) if several else ()),
            each.protocol,
            len(each.seeds),
            each.accuracy.value,
            each.accuracy.interval(),
            None if each.corrupted is None else each.corrupted.value,
            mark if paired is None else f"{mark}: {difference_text(paired)}",
        )
        rows.append(row)
        if mark == "best":
            strong.append(number)
    majority = findings.majority
    frequent = np.bincount(bench.train_labels, minlength=len(bench.image_set.classes)).argmax()
    chance = (majority.value, majority.interval())
    rows.append(("none", *(("–",) if several else ()), "most frequent class", None, *chance, majority.value, None))
    guessing = write_number(1 / len(bench.image_set.classes), "rate")
    table = Table(
        "Accuracy on the test photos, mean over seeds",
        (
            Column("learned from"),
            *((Column("backbone"),) if several else ()),
            Column("protocol"),
            Column("seeds", "count"),
            Column("accuracy", "rate"),
            Column("95 %", "interval"),
            Column("corrupted", "rate"),
            Column("against the best"),
        ),
        tuple(rows),
        notes=(
            (
                "Best: the highest mean with that number of shots. Worse: the adjusted p-value against it is "
                "below 0.05; otherwise a method is not distinguishable from the best. The difference in points is "
                "taken photo by photo on the seeds that both have, whose number stands beside it; where a method has "
                "other seeds than the best, it is not the difference of the two accuracies. Its interval stands below, "
                "with every other pair."
            ),
            (
                "Corrupted: the same test photos, each with noise, blur, little contrast, strong compression or few "
                "pixels, drawn once."
            ),
            (
                f"Always answering {plain(bench.image_set.classes[frequent])}, the most frequent class, needs no "
                f"network; guessing evenly gives {guessing}."
            ),
            *(f"**Warning.** {plain(each)}" for each in bench.warnings),
        ),
        strong=tuple(strong),
    )
    return Section("Results", (table,))


def _costs(bench: Bench, findings: Findings) -> Table:
    rows = []
    for each in findings.summaries:
        outcomes = of_summary(bench, each)
        rows.append(
            (
                shots_text(each.shots),
                method_text(each.method, findings.summaries),
                outcomes[0].train_photos,
                int(np.mean([outcome.learning_macs for outcome in outcomes])),
                outcomes[0].parameters,
                float(np.mean([outcome.alone_seconds for outcome in outcomes])),
                float(np.sum([outcome.own_seconds for outcome in outcomes])),
                max(outcome.peak_memory for outcome in outcomes),
            )
        )
    return Table(
        "What each method costs",
        (
            Column("learned from"),
            Column("method"),
            Column("photos", "count"),
            Column("MACs to learn", "amount"),
            Column("parameters", "amount"),
            Column("time alone", "seconds"),
            Column("time here", "seconds"),
            Column("peak bytes", "amount"),
        ),
        tuple(rows),
        notes=(
            (
                "MACs: multiply-adds. They and the parameters are counted, time and memory measured on this machine. "
                "Alone: what one cell would have taken, features included. Here: what all seeds of the row added to "
                "this run, in which features are computed once."
            ),
        ),
    )


def _comparisons(findings: Findings) -> Section:
    tables = [
        _pairs(f"Every two methods on the same test photos{told}", compared, findings)
        for told, compared in (("", findings.comparisons), (", corrupted", findings.corrupted))
        if compared
    ]
    if not tables:
        return Section("Comparisons", (Text("There is one method only, so nothing was compared."),))
    return Section("Comparisons", tuple(tables))


def _pairs(title: str, comparisons: Sequence[Comparison], findings: Findings) -> Table:
    rows = tuple(
        (
            shots_text(each.shots),
            method_text(each.first, findings.summaries),
            method_text(each.second, findings.summaries),
            len(each.seeds),
            points_text(each, bare=True),
            each.p_value,
            each.adjusted,
            "yes" if each.distinguishable else "no",
        )
        for each in comparisons
    )
    return Table(
        title,
        (
            Column("learned from"),
            Column("method"),
            Column("against"),
            Column("seeds", "count"),
            Column("points, 95 %"),
            Column("p", "p"),
            Column("p adjusted", "p"),
            Column("distinguishable"),
        ),
        rows,
        notes=(
            (
                f"One shared seed: McNemar's exact test; several: the paired bootstrap over photos and seeds, "
                f"{REPLICATES:,} draws. Adjusted by Holm for all comparisons with the same number of shots."
            ),
        ),
    )


def _mistakes(bench: Bench, findings: Findings, *, publish: bool) -> Section:
    outcome = _shown(bench, findings)
    classes = bench.image_set.classes
    figure = confusion_figure(outcome, bench.labels, classes)
    blocks: list[Block] = [_confused(outcome, bench) if figure is None else figure]
    mistakes = worst(outcome, bench.image_set, bench.test)
    if not mistakes:
        return Section("Mistakes", (*blocks, Text("It made no mistake on the test photos.")))
    if not publish:
        pictures = tuple(picture(each, bench.image_set) for each in mistakes)
        blocks += [
            Text("The photos whose right class it thought least likely:"),
            *(SideBySide(pictures[start : start + 3]) for start in range(0, len(pictures), 3)),
        ]
    rows = tuple(
        (
            *(() if publish else (bench.image_set.files[each.position],)),
            each.right,
            each.answer,
            each.confidence,
            each.given,
        )
        for each in mistakes
    )
    blocks.append(
        Table(
            f"Worst answers of {plain(str(outcome.cell))}",
            (
                *(() if publish else (Column("photo", "code"),)),
                Column("right class"),
                Column("answer"),
                Column("its probability", "rate"),
                Column("the right one's", "rate"),
            ),
            rows,
            notes=("Photos and their names are left out of a report that is passed on.",) if publish else (),
        )
    )
    return Section("Mistakes", tuple(blocks))


def _confused(outcome: Outcome, bench: Bench) -> Table:
    """The pairs that are confused most, where a matrix would be too large."""
    classes = bench.image_set.classes
    counts = confusion_counts(outcome, bench.labels, len(classes))
    apart = counts - np.diag(np.diag(counts))
    order = [divmod(int(place), len(classes)) for place in np.argsort(-apart.ravel(), kind="stable")[:10]]
    rows = tuple(
        (classes[right], classes[answer], int(apart[right, answer]), int(counts[right].sum()))
        for right, answer in order
        if apart[right, answer]
    )
    columns = (Column("right class"), Column("answer"), Column("times", "count"), Column("of photos", "count"))
    return Table(f"Who is taken for whom most often by {plain(str(outcome.cell))}", columns, rows)


def _calibration(bench: Bench, findings: Findings) -> Section:
    rows = []
    for each in findings.summaries:
        outcomes = of_summary(bench, each)
        ece = [expected_calibration_error(outcome.scores, bench.labels) for outcome in outcomes]
        nll = [negative_log_likelihood(outcome.scores, bench.labels) for outcome in outcomes]
        rows.append(
            (
                shots_text(each.shots),
                method_text(each.method, findings.summaries),
                len(outcomes),
                float(np.mean(ece)),
                float(np.mean(nll)),
            )
        )
    table = Table(
        "Whether probabilities can be believed, mean over seeds",
        (
            Column("learned from"),
            Column("method"),
            Column("seeds", "count"),
            Column("ECE", "rate"),
            Column("NLL", "score"),
        ),
        tuple(rows),
        notes=(
            (
                "ECE: mean gap between stated confidence and accuracy, 15 bins, 0 is perfect; it grows with few "
                f"test photos. NLL: mean negative log-probability of the right class in nats; guessing gives "
                f"{np.log(len(bench.image_set.classes)):.3f}. Nearest neighbours and centroids give shares that were "
                "never meant as probabilities."
            ),
        ),
    )
    return Section("Calibration", (table,))


def _plan(bench: Bench) -> Section:
    plan, measured = bench.measured.plan, bench.measured
    settings = plan.settings
    items: list[tuple[str, str | int | float | None]] = [
        ("input size", "each network's own" if settings.size is None else f"{settings.size} pixels"),
        ("training", f"{settings.epochs} epochs, {settings.least_steps} steps or more, {settings.trials} tried"),
        ("predicted", write_number(plan.seconds, "seconds")),
        ("taken", write_number(measured.seconds, "seconds")),
    ]
    if plan.budget is not None:
        items.insert(2, ("budget", write_number(plan.budget, "seconds")))
    blocks: list[Block] = [Facts(tuple(items))]
    if measured.left_out:
        rows: dict[tuple[str, str, str], list[int]] = {}
        for each in measured.left_out:
            key = (each.cell.backbone, each.cell.protocol, shots_text(each.cell.shots))
            rows.setdefault(key, []).append(each.cell.seed)
        blocks.append(
            Table(
                "What the budget left out",
                (Column("backbone"), Column("protocol"), Column("learned from"), Column("seeds")),
                tuple((*key, ", ".join(map(str, seeds))) for key, seeds in rows.items()),
                notes=("A longer budget measures these, too.",),
            )
        )
    else:
        blocks.append(Text("Nothing was left out."))
    if counts := left_out.counts(bench.image_set.left_out):
        columns = (Column("why"), Column("files", "count"))
        blocks.append(Table("Files that were left out", columns, tuple(counts.items())))
    return Section("Plan", tuple(blocks))


def _method(bench: Bench) -> str:
    measured = bench.measured
    people = "" if bench.clusters is None else " Photos of one person are drawn together."
    converged = [str(each.cell) for each in measured.outcomes if not each.converged]
    stopped = (
        f"\n\nThe optimiser stopped before its tolerance in {len(converged)} cells: {plain('; '.join(converged[:5]))}."
        if converged
        else ""
    )
    return (
        f"{plain(bench.note)}. All cells share the test part. A cell's seed draws which photos are held back to choose "
        "on (where the data do not say), which few of each class are learned from (of one seed, fewer shots are among "
        "the more), and every draw of a training. With k shots, at most k photos per class are chosen on. No method "
        "learns from the validation photos.\n\n"
        "Linear is multinomial logistic regression on the frozen network's features, its penalty chosen from 45; knn "
        "votes by cosine, k chosen; centroid takes the nearest class mean. Fine-tune trains the whole network from "
        "the pre-trained weights, scratch from random ones. All see photos at the same input size.\n\n"
        "The interval of a mean knows test photos and seeds: both are drawn again, and Wilson's interval stands on the "
        f"number of independent answers with the same variance.{people} In results.csv each run has Wilson's interval "
        f"of its own.{stopped}"
    )


def _provenance(bench: Bench) -> Section:
    backbones = Table(
        "Networks",
        (
            Column("backbone"),
            Column("weights, SHA-256", "code"),
            Column("preprocessing"),
            Column("parameters", "count"),
            Column("multiply-adds per photo", "amount"),
        ),
        tuple(
            (each.name, each.weights_sha256 or "random", each.preprocessing, each.parameters, each.macs)
            for each in bench.backbones
        ),
        notes=("Parameters and multiply-adds without the last layer.",),
    )
    seeds = sorted({outcome.cell.seed for outcome in bench.measured.outcomes})
    facts = Facts(
        (
            ("command", " ".join(bench.command)),
            ("data", f"{bench.image_set.name}, SHA-256 {bench.image_set.digest}"),
            ("classes", ", ".join(bench.image_set.classes)),
            ("seeds", ", ".join(map(str, seeds))),
            ("versions", ", ".join(f"{name} {version}" for name, version in bench.versions.items())),
        )
    )
    return Section("Run", (facts, backbones), "folded")


def _shown(bench: Bench, findings: Findings) -> Outcome:
    """The outcome whose mistakes are shown: the best method's with the most photos, first seed."""
    levels: Sequence[int | None] = [each.shots for each in findings.summaries]
    return of_summary(bench, best(findings.summaries, levels[0]))[0]

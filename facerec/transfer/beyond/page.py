"""The report of a run beyond classification: the verdict, then the table, curves, examples, and how it was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facerec.files import replacing
from facerec.reporting import (
    Block,
    Callout,
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
from facerec.transfer.beyond.figures import examples_figure, loss_figure, score_figure
from facerec.transfer.beyond.findings import SCORE_NAMES, Findings, Summary, signed
from facerec.transfer.beyond.resampling import REPLICATES
from facerec.transfer.beyond.running import Beyond, score
from facerec.transfer.beyond.training import BATCH, RATES
from facerec.transfer.plans import Task

_LIMITS = """
- The trainings are short, and scratch gains most from longer ones: these figures say what each protocol reaches with
the same few steps and the same trials, not what it can become.
- Scenes are small and the heads are small versions of torchvision's; figures of papers are made with larger ones.
- A difference that is not distinguishable is not shown to be absent: look at how wide the interval is.
- Learning rates were chosen with trainings of a third of the steps, so a protocol that needs a slow start can be at a
disadvantage.
"""
_TASKS: dict[Task, str] = {
    "segmentation": "Segmentation: torchvision's FCN head on the sum of the maps of strides 8, 16 and 32, each brought "
    "to one width; cross-entropy per pixel. mIoU is the mean over the classes, background among them, of the pixels "
    "that are right over those that are truly or supposedly of the class, counted over all test scenes at the size "
    "shown.",
    "detection": "Detection: torchvision's Faster R-CNN on a feature pyramid over the same maps, with 100 proposals. "
    "AP is COCO's, by pycocotools: the mean over classes and ten overlaps from 0.5 to 0.95 of the area under the "
    "precision-recall curve, at most 25 objects per scene; what lies on a crowd is not counted.",
}


def write_beyond(run: Beyond, found: Findings, folder: Path, *, publish: bool = False) -> Written:
    """Write the report and its tables as CSV.

    Parameters
    ----------
    run : Beyond
    found : Findings
        What `findings` made of it.
    folder : Path
        Made if it is not there.
    publish : bool
        Leave out what is drawn on photos; scenes made on the spot stay.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    written = write(beyond_page(run, found, publish=publish), folder)
    kept = {path.name for path in written.attachments}
    for stale in folder.glob("report-figure-*"):  # photos of an earlier report must not stay behind in this one
        if stale.name not in kept:
            stale.unlink()
    for name, text in _csv_files(run, found).items():
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return written


def beyond_page(run: Beyond, found: Findings, *, publish: bool = False) -> Page:
    """The report as a value; parameters as for `write_beyond`."""
    scenes = run.scenes
    shown = scenes.made or not publish
    tasks = " and ".join(run.tasks)
    return Page(
        title=f"Beyond classification: {tasks} on {scenes.name}",
        summary=f"{plain(run.backbone.name)} under a head for {tasks}. {len(scenes.train):,} scenes of {scenes.size} × "
        f"{scenes.size} pixels to learn from, {len(scenes.validation):,} to choose learning rates on, "
        f"{len(scenes.test):,} to test on; {run.plan.steps} steps, {_counted(run.plan.seeds)} of each protocol.",
        lead=(
            *(Callout("warning", plain(each)) for each in run.warnings),
            *(Callout(each.standing, f"**{each.topic}.** {plain(each.text)}") for each in found.sentences),
        ),
        sections=(
            Section("Results", (_table(found), score_figure(found, run.tasks))),
            Section("Training curves", (loss_figure(run, found),)),
            *(_examples(run, found, shown=shown),),
            Section("Classes", tuple(_classes(run, found, task) for task in run.tasks)),
            _comparisons(found),
            Section("Learning rates", (_rates(run),)),
            _plan(run, found),
            Section("Method", (Text(_method(run)),)),
            Section("Limits", (Text(_LIMITS),)),
            _provenance(run),
        ),
    )


def _table(found: Findings) -> Table:
    rows = [
        (
            f"{each.task}, {SCORE_NAMES[each.task]}",
            each.protocol,
            len(each.outcomes),
            each.score.value,
            each.score.interval,
            float(np.mean([one.ap50 for one in each.precisions])) if each.precisions else None,
            each.mark,
            float(np.mean([one.cpu_seconds for one in each.outcomes])),
        )
        for each in found.summaries
    ]
    return Table(
        "Scores on the test scenes, mean over seeds",
        (
            Column("task, score"),
            Column("protocol"),
            Column("seeds", "count"),
            Column("mean", "percent"),
            Column("95 %", "interval"),
            Column("AP at 0.5", "percent"),
            Column("against the best"),
            Column("CPU time", "seconds"),
        ),
        tuple(rows),
        notes=(
            (
                "Worse: the adjusted p-value against the best is below 0.05; otherwise it is not distinguishable from "
                "it. CPU time is per training, with its answers."
            ),
        ),
        strong=tuple(number for number, each in enumerate(found.summaries) if each.mark == "best"),
    )


def _examples(run: Beyond, found: Findings, *, shown: bool) -> Section:
    if not shown:
        return Section("Examples", (Text("Photos are left out of a report that is passed on."),))
    return Section("Examples", tuple(examples_figure(run, found, task) for task in run.tasks))


def _classes(run: Beyond, found: Findings, task: Task) -> Table:
    names = (("background",) if task == "segmentation" else ()) + run.scenes.classes
    summaries = found.of(task)
    objects = np.bincount(
        np.concatenate([run.scenes.objects[place].single.labels for place in run.scenes.test]),
        minlength=len(run.scenes.classes) + 1,
    )
    offset = len(names) - len(run.scenes.classes)
    rows = []
    for number, name in enumerate(names):
        count = None if number < offset else int(objects[number - offset + 1])
        rows.append((name, count, *(each.by_class[number] for each in summaries)))
    kind = "IoU" if task == "segmentation" else "AP"
    return Table(
        f"{kind} of each class, mean over seeds",
        (
            Column("class"),
            Column("objects in test", "count"),
            *(Column(each.protocol, "percent") for each in summaries),
        ),
        tuple(rows),
    )


def _comparisons(found: Findings) -> Section:
    if not found.comparisons:
        return Section("Comparisons", (Text("There is one protocol only, so nothing was compared."),))
    rows = tuple(
        (
            each.task,
            each.first,
            each.second,
            signed(each.difference.value),
            (
                f"{signed(each.difference.interval.low)}\N{NO-BREAK SPACE}…\N{NO-BREAK SPACE}"
                f"{signed(each.difference.interval.high)}"
            ),
            each.difference.p_value,
            each.adjusted,
            "yes" if each.distinguishable else "no",
        )
        for each in found.comparisons
    )
    columns = (
        Column("task"),
        Column("protocol"),
        Column("against"),
        Column("points"),
        Column("95 %"),
        Column("p", "rate"),
        Column("p adjusted", "rate"),
        Column("distinguishable"),
    )
    note = (
        f"Paired bootstrap over scenes and seeds, {REPLICATES:,} draws, the same for all; the smallest p-value that it "
        f"can show is {2 / (REPLICATES + 1):g}. Adjusted by Holm within each task."
    )
    return Section("Comparisons", (Table("Every two protocols on the same scenes", columns, rows, notes=(note,)),))


def _rates(run: Beyond) -> Table:
    rows = []
    for task in run.tasks:
        for protocol in dict.fromkeys(each.cell.protocol for each in run.outcomes):
            own = {each.rate: each for each in run.trials if (each.cell.task, each.cell.protocol) == (task, protocol)}
            scores = [score(task, own[rate].answers, run.scenes, run.scenes.validation) for rate in sorted(RATES)]
            chosen = next(
                each.rate for each in run.outcomes if each.cell.task == task and each.cell.protocol == protocol
            )
            rows.append((task, protocol, *scores, f"{chosen:g}"))
    return Table(
        "mIoU or AP on the validation scenes after a short training with each learning rate",
        (
            Column("task"),
            Column("protocol"),
            *(Column(f"rate {rate:g}", "percent") for rate in sorted(RATES)),
            Column("chosen"),
        ),
        tuple(rows),
        notes=(
            (
                f"Every protocol got the same {len(RATES)} rates and {run.plan.trial_steps} steps for each, with a "
                "seed that trains nothing else. The test scenes were looked at once, at the end."
            ),
        ),
    )


def _plan(run: Beyond, found: Findings) -> Section:
    plan, scenes = run.plan, run.scenes
    items: list[tuple[str, str | int | float | None]] = [
        ("steps", f"{plan.steps} of {BATCH} scenes; {plan.trial_steps} for each learning rate tried"),
        ("predicted", f"{write_number(plan.seconds, 'seconds')}, {write_number(plan.cpu_seconds, 'seconds')} of CPU"),
        ("taken", f"{write_number(run.seconds, 'seconds')}, {write_number(run.cpu_seconds, 'seconds')} of CPU"),
        ("empty test scenes", sum(not len(scenes.objects[place].single.labels) for place in scenes.test)),
        ("crowds in test scenes", int(sum(scenes.objects[place].crowd.sum() for place in scenes.test))),
        ("left out", f"seeds {', '.join(map(str, plan.left_out))}" if plan.left_out else "nothing"),
    ]
    if plan.budget is not None:
        items.insert(1, ("budget", write_number(plan.budget, "seconds")))
    blocks: list[Block] = [Facts(tuple(items))]
    if scenes.problems:
        columns = (Column("what was skipped"), Column("times", "count"))
        blocks.append(Table("What was wrong with the data", columns, scenes.problems))
    frozen = [each for each in found.summaries if each.protocol == "frozen"]
    if frozen:
        same = len({outcome.frozen for outcome in frozen[0].outcomes})
        blocks.append(
            Text(
                "After every training it was checked that what was frozen is, bit for bit, what it was; the frozen "
                f"backbone has {'one SHA-256' if same == 1 else f'{same} SHA-256'} over all seeds."
            )
        )
    return Section("Plan", tuple(blocks))


def _method(run: Beyond) -> str:
    alone = " With one seed, it knows other scenes only." if run.plan.seeds == 1 else ""
    return (
        f"Scenes: {plain(run.scenes.note)}. "
        + (
            "One to four discs, squares, triangles and crosses lie over each other on a texture whose amplitudes fall "
            "as in photos, and are filled with such textures; one scene in twelve is empty. "
            if run.scenes.made
            else "Each photo is made smaller as a whole and laid onto a square; what is beside it is not judged. "
        )
        + "\n\n"
        + "\n\n".join(_TASKS[task] for task in run.tasks)
        + "\n\nScratch starts the backbone at random and trains all of it, batch norm with the batch's statistics. "
        "Frozen trains the head only; the backbone keeps weights and statistics. Fine-tune trains all; "
        "batch norm keeps its statistics. All: Adam, a tenth of the steps to warm up, then a cosine to zero, mirrored "
        "at random; the network after the last step is judged.\n\n"
        "A seed draws head, random weights, order and mirroring. An interval knows test scenes and seeds: both are "
        f"drawn again, {REPLICATES:,} times, and the score is computed anew on the scenes that were drawn."
        f"{alone}"
    )


def _counted(seeds: int) -> str:
    return "1 seed" if seeds == 1 else f"{seeds} seeds"


def _provenance(run: Beyond) -> Section:
    backbone = run.backbone
    command = " ".join(run.command)
    if "--steps" not in run.command:
        command += f" --steps {run.plan.steps}"
    return Section(
        "Run",
        (
            Facts(
                (
                    ("command", command),
                    ("data", f"{run.scenes.name}, SHA-256 {run.scenes.digest}"),
                    ("classes", ", ".join(run.scenes.classes)),
                    ("backbone", backbone.name),
                    ("weights, SHA-256", backbone.weights_sha256 or "random"),
                    ("parameters", backbone.parameters),
                    ("versions", ", ".join(f"{name} {number}" for name, number in run.versions.items())),
                )
            ),
        ),
    )


def _csv_files(run: Beyond, found: Findings) -> dict[str, str]:
    weights = run.backbone.weights_sha256
    results = [
        (
            each.task,
            each.protocol,
            run.backbone.name,
            "none" if each.protocol == "scratch" or weights is None else weights[:8],
            outcome.cell.seed,
            SCORE_NAMES[each.task],
            value,
            outcome.rate,
            len(outcome.losses),
            len(run.scenes.test),
            outcome.trained,
            round(outcome.seconds, 3),
            round(outcome.cpu_seconds, 3),
        )
        for each in found.summaries
        for outcome, value in zip(each.outcomes, each.values.tolist(), strict=True)
    ]
    columns = ("task", "protocol", "backbone", "weights", "seed", "score", "value", "learning_rate", "steps", "n_test")
    curves = [
        (each.task, each.protocol, outcome.cell.seed, step, f"{loss:.6g}")
        for each in found.summaries
        for outcome in each.outcomes
        for step, loss in enumerate(outcome.losses.tolist(), 1)
    ]
    classes = [
        (each.task, each.protocol, name, f"{value:.6g}")
        for each in found.summaries
        for name, value in zip(_class_names(run, each), each.by_class, strict=True)
    ]
    return {
        "results.csv": inert_csv((*columns, "trained_params", "seconds", "cpu_seconds"), results),
        "curves.csv": inert_csv(("task", "protocol", "seed", "step", "loss"), curves),
        "classes.csv": inert_csv(("task", "protocol", "class", "value"), classes),
    }


def _class_names(run: Beyond, summary: Summary) -> tuple[str, ...]:
    return (("background",) if summary.task == "segmentation" else ()) + run.scenes.classes

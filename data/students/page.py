"""The page that reports/students shows: what recipe.py measured."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy.stats import binomtest

from facerec.measure.evaluation import Evaluation
from facerec.reporting import Column, Figure, Page, Section, Table, Text, axes
from facerec.reporting.charts import share_chart
from facerec.reporting.drawings import Line
from facerec.types import Interval


class Measured(NamedTuple):
    """An embedder's size, time and accuracy."""

    name: str
    words: str
    parameters: int
    milliseconds: Mapping[int, float]
    evaluation: Evaluation
    cosine: float


LIMITS = """\
The students learned from photos without names, of other people than LFW's, for minutes; more of both would \
bring them nearer. The teacher averages a face with its mirror image, in two passes. Without that, it is as fast \
as a student of one pass: what a student does no better than "teacher, one pass", it did not gain by learning. \
Thresholds of the teacher do not hold for a student; measure its own.

Smaller photos cost the teacher's network more than their pixels suggest; why was not examined. Which blocks are left \
out, and for how long a student learns, was settled after earlier students had been seen on LFW: these figures are no \
blind test of that choice. LFW is a set of press photos on which every embedder looks better than elsewhere."""
TIMES = """\
From aligned faces to vectors, resizing and averaging included, on one thread, all contenders in turns in one process, \
medians. The ratio is to the teacher as it is used."""


def students_page(rows: Sequence[Measured], paired: Mapping[str, tuple[int, int]], *, learned_from: int) -> Page:
    """Assemble the page."""
    teacher = rows[0]
    students = [row for row in rows if row.name in paired and not row.name.startswith("teacher")]
    reached = [
        row
        for row in students
        if _ratio(teacher, row, 1) >= 1.5
        and _ratio(teacher, row, 24) >= 1.5
        and teacher.evaluation.folds.mean - row.evaluation.folds.mean <= 0.01
    ]
    summary = (
        f"Students of the default embedder that learned its vectors from {learned_from:,} faces without names. "
        + (
            "At least 1.5 times as fast at no more than one point of LFW accuracy less: "
            + ", ".join(
                f"{row.name} ({row.evaluation.folds.mean:.2%} against {teacher.evaluation.folds.mean:.2%}, "
                f"{_ratio(teacher, row, 24):.1f} times as fast)"
                for row in reached
            )
            + "."
            if reached
            else "None is 1.5 times as fast at no more than one point of LFW accuracy less."
        )
        + f" The teacher itself in one pass, without learning: {rows[1].evaluation.folds.mean:.2%}, "
        f"{_ratio(teacher, rows[1], 24):.1f} times as fast."
    )
    accuracy = Table(
        "Accuracy and size",
        (
            Column("embedder"),
            Column("what it is"),
            Column("parameters", "count"),
            Column("megabytes", "number"),
            Column("LFW accuracy", "rate"),
            Column("95 %", "interval"),
            Column("cosine to the teacher"),
        ),
        tuple(
            (
                row.name,
                row.words,
                row.parameters,
                row.parameters * 4e-6,
                row.evaluation.folds.mean,
                _interval(row.evaluation),
                f"{row.cosine:.4f}",
            )
            for row in rows
        ),
    )
    speed = Table(
        "Time",
        (
            Column("embedder"),
            Column("1 face, ms"),
            Column("ratio"),
            Column("24 faces, ms"),
            Column("ratio, 24"),
            Column("faces per second, 24"),
        ),
        tuple(
            (
                row.name,
                f"{row.milliseconds[1]:.1f}",
                f"{_ratio(teacher, row, 1):.2f}",
                f"{row.milliseconds[24]:.0f}",
                f"{_ratio(teacher, row, 24):.2f}",
                f"{24e3 / row.milliseconds[24]:.1f}",
            )
            for row in rows
        ),
    )
    targets = teacher.evaluation.true_matches
    matches = Table(
        "True match rates on LFW's official pairs",
        (Column("embedder"), *(Column(f"at FMR {target.target_fmr:g}", "rate") for target in targets), Column("EER")),
        tuple(
            (row.name, *(match.rate.value for match in row.evaluation.true_matches), f"{row.evaluation.eer:.2%}")
            for row in rows
        ),
    )
    against = Table(
        "Against the teacher, pair by pair",
        (
            Column("embedder"),
            Column("only the teacher is right", "count"),
            Column("only it is right", "count"),
            Column("p, exact McNemar"),
        ),
        tuple((name, *counts, f"{_mcnemar(*counts):.3g}") for name, counts in paired.items()),
    )
    most = max(row.parameters for row in rows)
    lines = []
    for row in rows:
        low, high = _ends(row)
        spot = (row.milliseconds[24] / 24,), (row.evaluation.folds.mean,), (low,), (high,)
        lines.append(Line(row.name, *spot, points=True, joined=False, sizes=(row.parameters / most,)))
    across = axes.log("milliseconds per face, batches of 24", [line.x[0] for line in lines])
    figure = Figure(
        (share_chart("", lines, across, name="LFW accuracy, %"),),
        title="LFW accuracy, per cent, over milliseconds per face; the area of a dot shows parameters",
        alt="LFW accuracy over milliseconds per face; the area of a bubble shows the number of parameters.",
        data={row.name: [row.milliseconds[24] / 24, row.evaluation.folds.mean, row.parameters] for row in rows},
    )
    sections = (
        Section("Accuracy", (Text(LIMITS), figure, accuracy, matches, against)),
        Section("Speed", (Text(TIMES), speed)),
    )
    title = (
        f"{len(reached) or 'No'} student{'' if len(reached) == 1 else 's'} 1.5 times as fast within a point of accuracy"
    )
    return Page(title, summary, sections, kind="Students of the default embedder", source="data/students/recipe.py")


def _mcnemar(only_one: int, only_other: int) -> float:
    """The exact test of McNemar (1947): whether the two are wrong equally often where they disagree."""
    disagreements = only_one + only_other
    return float(binomtest(only_one, disagreements).pvalue) if disagreements else 1.0


def _ratio(teacher: Measured, row: Measured, count: int) -> float:
    return teacher.milliseconds[count] / row.milliseconds[count]


def _interval(evaluation: Evaluation) -> Interval:
    folds = evaluation.folds
    return Interval(folds.mean - 1.96 * folds.standard_error, folds.mean + 1.96 * folds.standard_error)


def _ends(row: Measured) -> tuple[float, float]:
    interval = _interval(row.evaluation)
    return interval.low, interval.high

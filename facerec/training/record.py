"""The record of a training for people: a CSV file with a line per epoch, and a page with its curves."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

from facerec.files import replacing
from facerec.reporting import Column, Facts, Figure, Page, Section, Table, Text, Written, write
from facerec.reporting.charts import Series, learning_curves
from facerec.reporting.figures import draw
from facerec.training.progress import Epoch, best_of


def write_log(history: Sequence[Epoch], path: Path) -> None:
    """Write one line per epoch, the start first; a file that is there is replaced as a whole.

    Parameters
    ----------
    history : sequence of Epoch
    path : Path
        Of a ``.csv`` file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    text = io.StringIO()
    lines = csv.DictWriter(text, [field.name for field in fields(Epoch)], lineterminator="\n")
    lines.writeheader()
    lines.writerows(asdict(epoch) for epoch in history)
    with replacing(path) as partial_file:
        partial_file.write_text(text.getvalue(), encoding="utf-8", newline="\n")


def write_curves(
    history: Sequence[Epoch],
    folder: Path,
    *,
    name: str,
    facts: Sequence[tuple[str, str | int | float | None]],
    fmr: float,
) -> Written:
    """Write the page ``curves.html`` (also ``.md`` and ``.json``).

    Parameters
    ----------
    history : sequence of Epoch
        With the start.
    folder : Path
    name : str
        Of the model.
    facts : sequence of (str, value)
        What is known of the training.
    fmr : float
        At which the true match rate was measured.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    best = best_of(list(history))
    kept = "the start: no epoch was better" if best.number == 0 else f"epoch {best.number}"
    summary = (
        f"True match rate of unseen people at FMR {fmr:g}: {history[0].tmr:.1%} at the start, {best.tmr:.1%} in the "
        f"model that is kept ({kept})."
    )
    steps = tuple(float(epoch.steps) for epoch in history)
    learned = [epoch for epoch in history if epoch.training_loss is not None]
    plots = [
        partial(
            learning_curves,
            series=[Series("true match rate", steps, tuple(epoch.tmr for epoch in history))],
            name=f"true match rate at FMR {fmr:g}, unseen people",
            percent=True,
            legend=False,
        ),
        partial(
            learning_curves,
            series=[Series("equal error rate", steps, tuple(epoch.eer for epoch in history))],
            name="equal error rate, unseen people",
            percent=True,
            legend=False,
        ),
    ]
    if learned:
        series = Series(
            "training loss", tuple(float(e.steps) for e in learned), tuple(e.training_loss or 0.0 for e in learned)
        )
        plots.append(partial(learning_curves, series=[series], name="training loss", percent=False, legend=False))
    figure = Figure(
        draw(*plots, height=2.6 * len(plots)),
        alt=summary,
        data={
            "steps": steps,
            "true match rate": tuple(epoch.tmr for epoch in history),
            "equal error rate": tuple(epoch.eer for epoch in history),
        },
    )
    columns = (
        Column("epoch", "count"),
        Column("steps", "count"),
        Column("stages trained", "count"),
        Column("training loss"),
        Column("true match rate"),
        Column("equal error rate"),
        Column("seconds"),
    )
    rows = tuple(
        (
            epoch.number,
            epoch.steps,
            epoch.stages,
            "" if epoch.training_loss is None else f"{epoch.training_loss:.4f}",
            f"{epoch.tmr:.2%}",
            f"{epoch.eer:.2%}",
            f"{epoch.seconds:.1f}",
        )
        for epoch in history
    )
    sections = (
        Section("Curves", (Text(_HOW), figure)),
        Section("Epochs", (Table("The start and every epoch.", columns, rows),)),
        Section("Training", (Facts(tuple(facts)),)),
    )
    return write(Page(f"Training of {name}", summary, sections), folder, stem="curves")


_HOW = """\
The people who are measured here are not learned from. They choose the epoch, so their rates are a little better than \
those of others."""

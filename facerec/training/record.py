"""The record of a training for people: a CSV file with a line per epoch, and a page with its curves."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from facerec.files import replacing
from facerec.reporting import Column, Facts, Figure, Page, Section, Table, Text, Written, axes, write
from facerec.reporting.charts import share_chart
from facerec.reporting.drawings import Chart, Line
from facerec.training.description import Details
from facerec.training.progress import Epoch


def write_log(history: Sequence[Epoch], path: Path) -> None:
    """Write one line per epoch, the start first; a file that is there is replaced as a whole.

    Parameters
    ----------
    history : sequence of Epoch
        One or more, of one kind. What was not measured is empty.
    path : Path
        Of a ``.csv`` file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    names = [field.name for field in fields(history[0])]
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(names)
    for epoch in history:
        values = [getattr(epoch, name) for name in names]
        lines.writerow(["" if value is None or math.isnan(value) else value for value in values])
    with replacing(path) as partial_file:
        partial_file.write_text(text.getvalue(), encoding="utf-8", newline="\n")


def write_curves(
    history: Sequence[Epoch],
    folder: Path,
    *,
    title: str,
    summary: str,
    curves: Mapping[str, str],
    note: str,
    facts: Details,
) -> Written:
    """Write the page ``curves.html`` (also ``.md`` and ``.json``).

    Parameters
    ----------
    history : sequence of Epoch
        With the start.
    folder : Path
    title, summary : str
        Of the page.
    curves : mapping of str to str
        By the name of a field of `history`, what it is for people; shares are those of `Epoch`.
    note : str
        What to know of the curves.
    facts : mapping
        What is known of the training.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    drawn = {name: told for name, told in curves.items() if any(_known(epoch, name) for epoch in history)}
    charts, data = [], {"steps": tuple(float(epoch.steps) for epoch in history)}
    for name, told in drawn.items():
        seen = [epoch for epoch in history if _known(epoch, name)]
        line = Line("", tuple(e.steps for e in seen), tuple(getattr(e, name) for e in seen), points=True)
        steps = axes.linear("steps", line.x, start=0, most=4)
        shown = Chart(told, steps, axes.linear("", line.y), (line,))
        charts.append(share_chart(told, [line], steps, name="%") if name in _SHARES else shown)
        data[told] = tuple(float("nan") if getattr(e, name) is None else getattr(e, name) for e in history)
    columns = (Column("epoch", "count"), Column("steps", "count"), Column("stages trained", "count"))
    rows: tuple[tuple[str | int | float, ...], ...] = tuple(
        (
            epoch.number,
            epoch.steps,
            epoch.stages,
            *(_shown(epoch, name) for name in curves),
            f"{epoch.seconds:.1f}",
        )
        for epoch in history
    )
    sections = (
        Section("Curves", (Text(note), Figure(tuple(charts), alt=summary, data=data))),
        Section(
            "Epochs",
            (
                Table(
                    "The start and every epoch.",
                    (*columns, *(Column(told) for told in curves.values()), Column("seconds")),
                    rows,
                ),
            ),
        ),
        Section("Training", (Facts(tuple(facts.items())),)),
    )
    return write(Page(title, summary, sections), folder, stem="curves")


_SHARES = ("tmr", "eer")


def _known(epoch: Epoch, name: str) -> bool:
    value = getattr(epoch, name)
    return value is not None and not math.isnan(value)


def _shown(epoch: Epoch, name: str) -> str:
    return f"{getattr(epoch, name):{'.2%' if name in _SHARES else '.4f'}}" if _known(epoch, name) else ""

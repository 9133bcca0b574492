"""What each method said of each test photo, by group, as the table that ``facerec audit classification`` reads.

Groups come with the data, as columns of its manifest; they are written beside the answers and used for nothing else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facerec.errors import OutputError
from facerec.files import replacing
from facerec.transfer.bench import PREDICTION_COLUMNS, Bench, check_groups
from facerec.transfer.cells import Outcome

FOLDER = "predictions"
"""Where in a run's folder the tables lie."""


def write_predictions(bench: Bench, groups: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Write a table for each method with the most photos: a row per test photo and seed.

    Parameters
    ----------
    bench : Bench
    groups : sequence of str
        Columns of the manifest.
    folder : Path
        The run's.

    Returns
    -------
    tuple of Path
        One for each method; ``subject`` is a number for each person (for each photo, where nobody is named), so that
        answers of several seeds to one photo count as one.

    Raises
    ------
    ArgumentError
        As `check_groups`.
    OutputError
        If a table cannot be written.
    """
    check_groups(bench.image_set, groups)
    methods: dict[tuple[str, str], list[Outcome]] = {}
    most = max(bench.measured.outcomes, key=lambda each: each.cell.shots or 1 << 62).cell.shots
    for outcome in bench.measured.outcomes:
        if outcome.cell.shots == most:
            methods.setdefault((outcome.cell.backbone, outcome.cell.protocol), []).append(outcome)
    place = folder / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{place}: the folder for predictions cannot be made: {error.strerror or error}"
        raise OutputError(message) from error
    written = []
    for (backbone, protocol), outcomes in methods.items():
        path = place / f"{backbone}-{protocol}.csv"
        with replacing(path) as partial:
            partial.write_text(_table(bench, groups, outcomes), encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)


def _table(bench: Bench, groups: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    data, test = bench.image_set, bench.test.tolist()
    who = np.arange(1, len(test) + 1) if bench.clusters is None else bench.clusters + 1
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*PREDICTION_COLUMNS, *groups])
    for outcome in outcomes:
        for subject, position, answer in zip(who.tolist(), test, outcome.predicted.tolist(), strict=True):
            label = data.classes[data.labels[position]]
            of_groups = [data.columns[name][position].strip() for name in groups]
            lines.writerow([subject, label, data.classes[answer], outcome.cell.seed, *of_groups])
    return text.getvalue()

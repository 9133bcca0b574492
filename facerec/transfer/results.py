"""The folder of a run: one file per cell, addressed by what it depends on, so that a run that was cut off goes on.

A cell's probabilities are written first and its description last, each in one step, so that a description vouches
for whole results whenever the process was killed; what does not fit its digest is measured again. ``run.json`` says
which configuration the folder belongs to, and a run of another one is refused with what differs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.arrays import array_of
from facerec.batch.claims import Claims
from facerec.errors import OutputError, TransferError
from facerec.files import is_there, read_json, read_regular, replacing
from facerec.transfer.cells import Cell, Outcome, Point
from facerec.transfer.confidence import expected_calibration_error, negative_log_likelihood
from facerec.visible_text import inert_cell

COLUMNS = (
    "data",
    "backbone",
    "weights",
    "engine",
    "pixels",
    "protocol",
    "shots",
    "train_photos",
    "seed",
    "n_test",
    "accuracy",
    "ci_low",
    "ci_high",
    "accuracy_corrupted",
    "ece",
    "nll",
    "validation_accuracy",
    "own_seconds",
    "alone_seconds",
    "macs",
    "learning_macs",
    "parameters",
    "peak_memory",
)
"""Of ``results.csv``, a row for each cell. ``data`` is the name of the data; ``weights`` the first eight digits of the
file's SHA-256 or ``none``; ``engine`` what ran the frozen network, empty where it was trained; ``pixels`` the side of
its input; ``shots`` photos per class to learn from or ``all``, ``train_photos`` their number; ``ci_low`` and
``ci_high`` Wilson's 95 % interval of this cell; ``accuracy_corrupted`` that on corrupted test photos; ``ece`` the
calibration error; ``nll`` nats; ``own_seconds`` add up to what the run took to measure, ``alone_seconds`` are what the
cell would have taken alone; ``macs`` multiply-adds for one photo, ``learning_macs`` of all that was learned;
``peak_memory`` bytes."""

_NUMBERS = tuple(each.name for each in fields(Outcome) if each.type in ("int", "float"))
_MOST_SCORES = 4 << 30  # bytes; a million photos of a thousand classes
_OURS = ("results.csv", "report.html", "report.md", "report.json", "cells")


class Results:
    """A folder of results of one configuration.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    configuration : mapping
        What the results depend on and what was asked for, as JSON can hold it.

    Raises
    ------
    TransferError
        If the folder holds results of another configuration; the message says what differs.
    OutputError
        If it cannot be made or written to.
    """

    def __init__(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        self.folder = folder
        self._cells = folder / "cells"
        try:
            self._cells.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the folder {folder} cannot be made: {error.strerror or error}"
            raise OutputError(message) from error
        self.configuration = json.loads(json.dumps(configuration))
        self.found = read_run(self.folder)
        if self.found is not None:
            self._refuse_another(self.found.get("configuration", {}))

    @property
    def complete(self) -> bool:
        """Whether the folder held a finished run when it was opened."""
        return bool(self.found and self.found.get("complete"))

    @property
    def complete_by_now(self) -> bool:
        """Whether the folder holds a finished run; others may have finished it."""
        return bool((read_run(self.folder) or {}).get("complete"))

    def write_run(self, document: Mapping[str, Any]) -> None:
        """Write ``run.json``: the configuration and, beside it, `document`."""
        self._write("run.json", _json({"configuration": self.configuration, **document}))

    def amend(self, document: Mapping[str, Any]) -> None:
        """Add to ``run.json`` as it was last written."""
        self._write("run.json", _json({**(read_run(self.folder) or {}), **document}))

    def save(self, key: str, outcome: Outcome) -> None:
        """Keep a cell's outcome under its key.

        Raises
        ------
        OutputError
            If it cannot be written; nothing half-written is left.
        """
        memory = io.BytesIO()
        kinds = [outcome.scores] if outcome.corrupted is None else [outcome.scores, outcome.corrupted]
        np.save(memory, np.ascontiguousarray(np.stack(kinds), np.float32), allow_pickle=False)
        scores = memory.getvalue()
        document = asdict(replace(outcome, scores=np.empty(0, np.float32), corrupted=None)) | {
            "key": key,
            "scores": hashlib.sha256(scores).hexdigest(),
            "chosen": dict(outcome.chosen),
        }
        self._write(f"cells/{key}.npy", scores)
        self._write(f"cells/{key}.json", _json(document))

    def load(self, key: str) -> Outcome | None:
        """The outcome that was kept under a key; None where there is none, or not a whole one."""
        return load_outcome(self._cells, key)

    def checkpoint(self, key: str) -> Path:
        """Where a cell's training keeps its state while it runs; several put a number before the suffix."""
        return self._cells / f"{key}.checkpoint"

    def forget_checkpoints(self, key: str) -> None:
        """Remove what a cell's trainings kept, once its outcome is."""
        for path in self._cells.glob(f"{key}*.checkpoint"):
            path.unlink(missing_ok=True)

    def write_table(self, rows: Iterable[Sequence[str | int | float]]) -> None:
        """Write ``results.csv``, one line per row; what is not our own in it is no formula."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
        self._write("results.csv", file.getvalue().encode("utf-8"))

    def _write(self, name: str, content: bytes) -> None:
        with replacing(self.folder / name) as partial:
            partial.write_bytes(content)

    def _refuse_another(self, held: Mapping[str, Any]) -> None:
        differences = tuple(_differences(held, self.configuration))
        if differences:
            message = (
                f"{self.folder} holds results of another configuration, and results of two must not be mixed: "
                f"{'; '.join(differences)}. Repeat the options of the first run, or choose another folder"
            )
            raise TransferError(message)


def claims_in(folder: Path) -> Claims:
    """The claims of those who measure into a folder, which is made if it is absent; `OutputError` if it cannot be."""
    return Claims(folder / "claims")


def load_outcome(cells: Path, key: str) -> Outcome | None:
    """The outcome that was kept in a folder of cells under a key; None where there is none, or not a whole one."""
    try:
        document = read_json(cells / f"{key}.json", error=TransferError)
        path = cells / f"{key}.npy"
        scores = read_regular(path, limit=_MOST_SCORES, error=TransferError)
        if document.pop("key") != key or document.pop("scores") != hashlib.sha256(scores).hexdigest():
            return None
        document["cell"] = Cell(**document["cell"])
        document["history"] = tuple(Point(**point) for point in document["history"])
        if "seconds" in document:  # version 1, which did not look at corrupted photos
            document["alone_seconds"] = document["own_seconds"] = document.pop("seconds")
        kinds = array_of(scores, path=path, error=TransferError)
        kinds = kinds[None] if kinds.ndim == 2 else kinds
        document["corrupted"] = kinds[1] if len(kinds) > 1 else None
        found = Outcome(scores=kinds[0], **document)
        return found if all(isinstance(getattr(found, name), int | float) for name in _NUMBERS) else None
    except (TransferError, AttributeError, ValueError, KeyError, TypeError):
        return None


def read_run(folder: Path) -> dict[str, Any] | None:
    """What ``run.json`` says of a run; None where there is none.

    Raises
    ------
    TransferError
        If it is not of a run, or there are results and no ``run.json``.
    """
    path = folder / "run.json"
    if not is_there(path):
        held = [name for name in _OURS[:-1] if (folder / name).exists()]
        if held:
            message = (
                f"{folder} holds {held[0]} but no run.json, so nobody knows what it belongs to; choose another folder"
            )
            raise TransferError(message)
        return None
    advice = "so this folder cannot be continued; choose another one"
    document = read_json(path, error=TransferError, advice=advice)
    if not isinstance(document, dict) or not isinstance(document.get("configuration"), dict):
        message = f"{path} is not of a transfer run; choose another folder"
        raise TransferError(message)
    return document


def cell_key(identity: Mapping[str, Any]) -> str:
    """The name of a cell's files: a digest of everything that its outcome depends on.

    >>> len(cell_key({"data": "0f3a", "seed": 1}))
    64
    """
    return hashlib.sha256(json.dumps(identity, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()


def row(
    outcome: Outcome, labels: NDArray[np.int64], *, data: str, engine: str, pixels: int
) -> tuple[str | int | float, ...]:
    """A line of ``results.csv``, in the order of `COLUMNS`."""
    cell, accuracy = outcome.cell, outcome.accuracy(labels)
    interval, answers = accuracy.interval(), outcome.answers("corrupted")
    return (
        str(inert_cell(data)),
        cell.backbone,
        outcome.weights,
        "" if cell.trained else engine,
        pixels,
        cell.protocol,
        "all" if cell.shots is None else cell.shots,
        outcome.train_photos,
        cell.seed,
        accuracy.trials,
        accuracy.value,
        interval.low,
        interval.high,
        "" if answers is None else float((answers == labels).mean()),
        round(expected_calibration_error(outcome.scores, labels), 6),
        round(negative_log_likelihood(outcome.scores, labels), 6),
        outcome.validation_accuracy,
        round(outcome.own_seconds, 3),
        round(outcome.alone_seconds, 3),
        outcome.macs,
        outcome.learning_macs,
        outcome.parameters,
        outcome.peak_memory,
    )


def _differences(held: object, wanted: object, name: str = "") -> Iterable[str]:
    if isinstance(held, dict) and isinstance(wanted, dict):
        for key in dict.fromkeys([*held, *wanted]):
            yield from _differences(held.get(key), wanted.get(key), f"{name} {key}".strip())
    elif held != wanted:
        yield f"{name} {_told(held)} there, {_told(wanted)} here"


def _told(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "none"
    if isinstance(value, str) and len(value) == 64:
        return f"{value[:12]}…"
    return "nothing" if value is None else str(value)


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

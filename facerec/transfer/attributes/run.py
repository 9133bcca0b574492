"""The bench on labelled faces: several backbones, probed as they are and fine-tuned, on one test part.

A probe runs each network at its own input size; a training may run at a smaller one, because it costs a hundred
times as much. Random networks stand beside the others as a control, by name (``resnet18.none``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.photos.left_out import counts
from facerec.transfer.attributes.fairface import Attribute
from facerec.transfer.bench import Bench, load_backbones, versions, without_names
from facerec.transfer.cells import Cell, Outcome, Protocol
from facerec.transfer.grid import Plan, Settings, choose, groups
from facerec.transfer.image_set import ImageSet
from facerec.transfer.leakage import find_leakage
from facerec.transfer.measuring import Measuring
from facerec.transfer.results import Results
from facerec.transfer.run import measure_all, plan_document, read_plan

DEFAULT_PROTOCOLS: tuple[Protocol, ...] = ("linear", "fine-tune")

LEAST_STEPS = 60
"""Of a training on few photos."""

TEST = 0.5
"""Share of the photos to test on where the data give no test part: rates of groups need photos."""


class ProbesAtTheirSize:
    """Measures trainings as the settings say, and probes at each network's own input size.

    Parameters
    ----------
    work : Measuring
    """

    def __init__(self, work: Measuring) -> None:
        self._work = work

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test photos."""
        return self._work.labels

    def identity(self, cell: Cell, settings: Settings) -> Mapping[str, Any]:
        """Everything that the outcome of a cell depends on."""
        return self._work.identity(cell, _for(cell, settings))

    def predict(self, cell: Cell, settings: Settings) -> float:
        """The seconds that a cell will take, without what is shared."""
        return self._work.predict(cell, _for(cell, settings))

    def shared(self, backbone: str, settings: Settings) -> float:
        """The seconds that a backbone's features will take."""
        return self._work.shared(backbone, replace(settings, size=None))

    def measure(self, cell: Cell, settings: Settings, *, checkpoint: Path, deadline: float | None) -> Outcome | None:
        """Measure a cell; None where the deadline came first."""
        return self._work.measure(cell, _for(cell, settings), checkpoint=checkpoint, deadline=deadline)


def run_attributes(
    image_set: ImageSet,
    out: Path,
    *,
    attribute: Attribute,
    command: Sequence[str],
    backbones: Sequence[str] = (),
    protocols: Sequence[Protocol] = DEFAULT_PROTOCOLS,
    seeds: int = 3,
    budget: float | None = None,
    settings: Settings,
    test: float = TEST,
    model_files: Path | None = None,
    weights: str = "default",
    device: str = "cpu",
    planned: Callable[[Plan, tuple[str, ...]], None] | None = None,
    finished: Callable[[Outcome, NDArray[np.int64], int, int, float], None] | None = None,
) -> Bench:
    """Measure how well backbones tell an attribute; everything is kept in `out` as soon as it is there.

    Parameters
    ----------
    image_set : ImageSet
        As `read_fairface` gives it.
    out : Path
        Where results go; what is there of the same configuration is gone on with.
    attribute : {"gender", "age"}
        What `image_set` is labelled with.
    command : sequence of str
        The command line that makes this run again.
    backbones : sequence of str
        By default the best one that is here. Those of random weights are named so: ``resnet18.none``.
    protocols : sequence of str
        See ``facerec.transfer.cells.Protocol``.
    seeds : int
        Draws of the validation photos and of training, 1 or more.
    budget : float, optional
        Seconds for everything; what fits is measured, probes first, and the rest is left out and listed.
    settings : Settings
        Input size of trainings, their length, and how many learning rates they try.
    test : float
        Share of the photos to test on where the data give no test part.
    model_files : Path, optional
        A folder of weight files.
    weights : str
        ``default``, a version, or ``none`` for random weights throughout.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    planned, finished : callable, optional
        As for ``run_bench``.

    Raises
    ------
    DataSetError
        If a class is too small to be split.
    WeightsError
        If a weight file is absent or not what it should be.
    ArgumentError
        If an option is out of range.
    TransferError
        If `out` holds results of another configuration.
    OutputError
        If a result cannot be written.
    """
    began = time.monotonic()
    loaded = load_backbones(backbones, model_files, weights)
    measuring = Measuring(image_set, loaded, test=test, device=device, features=out / "features")
    work = ProbesAtTheirSize(measuring)
    configuration = {
        "task": f"faces: {attribute}",
        "data": image_set.digest,
        "test share": test,
        "backbones": {name: backbone.weights_sha256 or "random weights" for name, backbone in loaded.items()},
        "protocols": list(protocols),
        "seeds": seeds,
        "budget": budget,
        "size of trainings": settings.size,
        "epochs": settings.epochs,
        "trials": settings.trials,
        "device": device.partition(":")[0],
    }
    results = Results(out, configuration)
    warnings = _warnings(find_leakage(image_set, measuring.splits).warning, loaded)
    installed = versions()
    provenance = {
        "data": {
            "name": image_set.name,
            "sha256": image_set.digest,
            "photos": len(image_set),
            "classes": list(image_set.classes),
            "parts": {part: len(getattr(measuring.splits, part)) for part in ("train", "validation", "test")},
            "note": measuring.splits.note,
            "skipped": counts(image_set.left_out),
        },
        "warnings": [without_names(each, image_set) for each in warnings],
        "command": list(command),
        "versions": installed,
        "processors": os.cpu_count(),
    }
    if results.found is None or "plan" not in results.found:
        ordered = _sensible(groups(list(loaded), protocols, [None], seeds), loaded)
        plan = choose(ordered, (settings,), work.predict, work.shared, budget=budget)
        spent = 0.0
        results.write_run(
            {**provenance, "plan": plan_document(plan), "left_out": [], "seconds": 0.0, "complete": False}
        )
    else:
        plan = read_plan(results.found["plan"])
        spent = float(results.found.get("seconds", 0.0))
    if planned is not None:
        planned(plan, warnings)

    def told(outcome: Outcome, done: int, total: int, rest: float) -> None:
        if finished is not None:
            finished(outcome, work.labels, done, total, rest)

    measured = measure_all(work, results, plan, provenance=provenance, began=began, spent=spent, finished=told)
    splits = measuring.splits
    return Bench(
        image_set=image_set,
        test=splits.test,
        train_labels=image_set.labels[np.concatenate([splits.train, splits.validation])],
        note=splits.note,
        measured=measured,
        warnings=warnings,
        backbones=tuple(measuring.provenance(name, replace(plan.settings, size=None)) for name in loaded),
        command=tuple(command),
        versions=installed,
        clusters=None,
    )


def check_settings(*, size: int | None, epochs: int, trials: int) -> Settings:
    """What trainings run with.

    Raises
    ------
    ArgumentError
        If one is below 1.
    """
    for name, value in (("size", size), ("epochs", epochs), ("trials", trials)):
        if value is not None and value < 1:
            message = f"{name} must be 1 or more; got {value}"
            raise ArgumentError(message)
    return Settings(size, epochs, LEAST_STEPS, trials)


def _sensible(ordered: Sequence[tuple[Cell, ...]], loaded: Mapping[str, Any]) -> tuple[tuple[Cell, ...], ...]:
    """Without the trainings that start from random weights and are not called so: from scratch is a protocol."""
    kept = (
        tuple(
            cell
            for cell in group
            if not cell.trained or cell.protocol == "scratch" or loaded[cell.backbone].weights_sha256 is not None
        )
        for group in ordered
    )
    if not (found := tuple(group for group in kept if group)):
        message = "networks of random weights are probed, or trained from scratch; there is nothing to fine-tune"
        raise ArgumentError(message)
    return found


def _for(cell: Cell, settings: Settings) -> Settings:
    return settings if cell.trained else replace(settings, size=None)


def _warnings(leakage: str, backbones: Mapping[str, Any]) -> tuple[str, ...]:
    random = [name for name, backbone in backbones.items() if backbone.weights_sha256 is None]
    told = [leakage] if leakage else []
    if random:
        told.append(f"The weights of {', '.join(random)} are random: a control, which nothing was learned for before.")
    return tuple(told)

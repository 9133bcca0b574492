"""Two runs on the same test photos, compared photo by photo: another network, another recipe, another version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec.errors import TransferError
from facerec.measure.metrics import holm
from facerec.measure.metrics.paired import mean_accuracy, paired_difference
from facerec.transfer.cell_queue import read_plan
from facerec.transfer.cells import PROTOCOLS, Cell, Outcome, Protocol
from facerec.transfer.comparison import SIGNIFICANCE
from facerec.transfer.results import load_outcome, read_run
from facerec.types import Interval, Rate


@dataclass(frozen=True, eq=False)
class Run:
    """A run as its folder holds it.

    Attributes
    ----------
    folder : Path
    data : str
        Name and digest of the data.
    labels : ndarray, int64, shape (n,)
        Of the test photos.
    clusters : ndarray, int64, shape (n,), or None
        Test photos of one person share a number.
    outcomes : tuple of Outcome
    missing : int
        Cells of its plan that are not there or not whole.
    """

    folder: Path
    data: str
    labels: NDArray[np.int64]
    clusters: NDArray[np.int64] | None
    outcomes: tuple[Outcome, ...]
    missing: int = 0

    @property
    def methods(self) -> dict[tuple[str, Protocol, int | None], dict[int, Outcome]]:
        """By backbone, protocol and shots the outcome of each seed."""
        found: dict[tuple[str, Protocol, int | None], dict[int, Outcome]] = {}
        for each in self.outcomes:
            key = (each.cell.backbone, each.cell.protocol, each.cell.shots)
            found.setdefault(key, {})[each.cell.seed] = each
        return found


@dataclass(frozen=True)
class Difference:
    """A method in one run against the same, or its like, in another.

    Attributes
    ----------
    first, second : str
        The backbone of each.
    protocol : str
    shots : int or None
    seeds : tuple of int
        Those that both have.
    accuracies : (Rate, Rate)
        Over these seeds; ``errors`` count what is correct.
    difference : float
        Accuracy of the first minus that of the second, −1 … 1.
    interval : Interval
        Of the difference, by the paired bootstrap.
    p_value, adjusted : float
        McNemar's exact test with one seed, the paired bootstrap's with several; adjusted by Holm for all rows.
    """

    first: str
    second: str
    protocol: Protocol
    shots: int | None
    seeds: tuple[int, ...]
    accuracies: tuple[Rate, Rate]
    difference: float
    interval: Interval
    p_value: float
    adjusted: float

    @property
    def distinguishable(self) -> bool:
        """Whether the adjusted p-value is below `SIGNIFICANCE`."""
        return self.adjusted < SIGNIFICANCE


def open_run(folder: Path) -> Run:
    """A run from its folder.

    Raises
    ------
    TransferError
        If there is no run, none of its cells is whole, or it was made by a version that did not keep the test labels.
        If it does not say which cells were planned.
    """
    document = read_run(folder)
    if document is None:
        message = f"{folder} holds no run: there is no run.json"
        raise TransferError(message)
    labels, clusters, data = judged_on(document, folder)
    try:
        plan = read_plan(document["plan"])
        planned, later = ([each.cell for each in cells] for cells in (plan.cells, plan.left_out))
        left_out = {Cell(**each["cell"]) for each in document["left_out"]}
    except (KeyError, TypeError, ValueError) as error:
        message = f"{folder / 'run.json'} does not say which cells were planned; measure it again"
        raise TransferError(message) from error
    whole = (load_outcome(path.parent, path.stem) for path in sorted((folder / "cells").glob("*.json")))
    kept = {each.cell: each for each in whole if each is not None and len(each.scores) == len(labels)}
    # What a budget had no time for may have been measured after all; what is of no plan is another run's.
    outcomes = tuple(sorted((kept[each] for each in (*planned, *later) if each in kept), key=_place))
    if not outcomes:
        message = f"{folder} holds no whole cell; start its run again"
        raise TransferError(message)
    return Run(folder, data, labels, clusters, outcomes, len(set(planned) - left_out - kept.keys()))


def judged_on(document: Mapping[str, Any], folder: Path) -> tuple[NDArray[np.int64], NDArray[np.int64] | None, str]:
    """Labels, clusters and name of the test photos of a run, from its ``run.json``.

    Raises
    ------
    TransferError
        If they are not in it, or are no labels.
    """
    try:
        told = document["test"]["labels"], document["test"]["clusters"]
        labels, clusters = (None if each is None else np.asarray(each, np.int64) for each in told)
        data = json.dumps([document["data"]["sha256"], document["configuration"]["test share"]])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        message = f"{folder} was made by an earlier version, which did not keep the test labels; measure it again"
        raise TransferError(message) from error
    if labels is None or labels.ndim != 1 or (clusters is not None and clusters.shape != labels.shape):
        message = f"{folder / 'run.json'} holds no labels of test photos"
        raise TransferError(message)
    return labels, clusters, data


def compare_runs(first: Run, second: Run) -> tuple[Difference, ...]:
    """Compare each method of a run with the same method of another; of runs of one network each, whatever that is.

    Raises
    ------
    TransferError
        If they were judged on other photos, or have no method with a seed in common.
    """
    if first.data != second.data or not np.array_equal(first.labels, second.labels):
        message = f"{first.folder} and {second.folder} were judged on different photos, and cannot be compared by photo"
        raise TransferError(message)
    ours, theirs = first.methods, second.methods
    alone = all(len({backbone for backbone, *_ in methods}) == 1 for methods in (ours, theirs))
    found = []
    for (backbone, protocol, shots), outcomes in ours.items():
        for (other, *rest), others in theirs.items():
            seeds = tuple(sorted(outcomes.keys() & others.keys()))
            if rest == [protocol, shots] and (other == backbone or alone) and seeds:
                right = [_right(of, seeds, first.labels) for of in (outcomes, others)]
                told = paired_difference(*right, clusters=first.clusters)
                rates = tuple(mean_accuracy(each, clusters=first.clusters) for each in right)
                found.append(Difference(backbone, other, protocol, shots, seeds, (rates[0], rates[1]), *told, np.nan))
    if not found:
        message = f"{first.folder} and {second.folder} have no method with a seed in common"
        raise TransferError(message)
    adjusted = holm([each.p_value for each in found]).tolist()
    return tuple(replace(each, adjusted=value) for each, value in zip(found, adjusted, strict=True))


def _place(outcome: Outcome) -> tuple[int, str, int, int]:
    """The most photos first."""
    cell = outcome.cell
    return -(cell.shots or 1 << 62), cell.backbone, PROTOCOLS.index(cell.protocol), cell.seed


def _right(outcomes: Mapping[int, Outcome], seeds: tuple[int, ...], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.stack([outcomes[seed].predicted == labels for seed in seeds])


def document_of(differences: tuple[Difference, ...]) -> list[dict[str, Any]]:
    """The rows as JSON can hold them."""
    return [
        {
            "first": each.first,
            "second": each.second,
            "protocol": each.protocol,
            "shots": "all" if each.shots is None else each.shots,
            "seeds": list(each.seeds),
            "accuracies": [rate.value for rate in each.accuracies],
            "difference": each.difference,
            "low": each.interval.low,
            "high": each.interval.high,
            "p_value": each.p_value,
            "adjusted": each.adjusted,
            "distinguishable": each.distinguishable,
        }
        for each in differences
    ]

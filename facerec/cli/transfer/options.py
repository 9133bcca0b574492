"""The options that several commands of the bench share, how they are read, and how a run of cells is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from facerec.cli import console
from facerec.cli.options import ModelFiles, option
from facerec.errors import ArgumentError
from facerec.meant import did_you_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facerec.batch.claims import Owner
    from facerec.transfer.cells import Outcome, Protocol
    from facerec.transfer.grid import Plan

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST = 10_000 * 3600
_MOST_TRIALS = 12
what, how = partial(option, panel="What is compared"), partial(option, panel="How long and how large")

Names = list[str] | None
Weights = Annotated[str, what("WHICH", "default, a version such as v1, or none for random weights.")]
TestPart = Annotated[float, what("SHARE", "Share of the photos to test on where the data give no test part.")]
OFFLINE = "offline"
"""In place of a network's name: all of ImageNet's whose files are on this machine."""


@dataclass(frozen=True)
class Compared:
    """What is compared, in what time and on what machine; what means nothing is refused at once."""

    backbone: Annotated[
        Names,
        what(
            "NAME[,NAME]",
            "Networks, such as resnet50.v2; with .none at the end with random weights, as a control; offline: all of "
            "ImageNet's whose files are here. By default the best one here; facerec transfer nets lists them.",
        ),
    ] = None
    weights: Weights = "default"
    model_files: ModelFiles = None
    budget: Annotated[
        str | None, how("TIME", "Such as 5m or 300s: what fits is chosen, and what does not is listed.")
    ] = None
    device: Annotated[
        str | None,
        how("NAME", "What computes: cpu, cuda or cuda:N. By default a GPU where there is one."),
    ] = None

    def __post_init__(self) -> None:
        named = [each for each in listed(self.backbone or []) if each != OFFLINE]
        if self.backbone is not None and not listed(self.backbone):
            message = "--backbone names none; facerec transfer nets lists them"
            raise ArgumentError(message)
        check_networks(named, self.weights, self.device)
        if self.budget is not None:
            parse_budget(self.budget)

    def arguments(self) -> dict[str, Any]:
        """By the names of the bench's parameters, on a device that is there."""
        from facerec.device import best_device, torch_device

        torch_device(device := self.device or best_device())
        return {
            "backbones": self._backbones(),
            "weights": self.weights,
            "model_files": self.model_files,
            "budget": None if self.budget is None else parse_budget(self.budget),
            "device": device,
        }

    def _backbones(self) -> list[str]:
        """The names as they were given, and those that `OFFLINE` stands for in its place, each once."""
        from facerec.networks.weight_files import names_here

        found: dict[str, None] = {}
        for each in listed(self.backbone or []):
            found |= dict.fromkeys(names_here(self.model_files) if each == OFFLINE else [each])
        return list(found)


def parse_budget(text: str) -> float:
    """Seconds of a time such as ``5m``, ``300s``, ``1h`` or ``90``; `ArgumentError` if it is none, or not above 0.

    >>> parse_budget("5m"), parse_budget("1.5h"), parse_budget("90")
    (300.0, 5400.0, 90.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found or not 0 < float(found[1]) * _UNITS[found[2]] <= _LONGEST:
        message = f"a budget is a time above 0 and below 10,000 h such as 90s, 5m or 1h; got {text!r}"
        raise ArgumentError(message)
    return float(found[1]) * _UNITS[found[2]]


def listed(given: list[str]) -> list[str]:
    """Options may be repeated, or separated by commas."""
    return [each.strip() for text in given for each in text.split(",") if each.strip()]


def check_least(**values: tuple[int | None, int]) -> None:
    """Refuse an option below its least value; by its name: its value, None where it was not given, and the least."""
    for name, (value, least) in values.items():
        if value is not None and value < least:
            message = f"--{name} must be {least} or more; got {value}"
            raise ArgumentError(message)


def check_trials(trials: int | None) -> None:
    """Refuse more learning rates than there are to try, and less than one."""
    if trials is not None and not 1 <= trials <= _MOST_TRIALS:
        message = f"--trials must be 1 to {_MOST_TRIALS}; got {trials}"
        raise ArgumentError(message)


def check_part(share: float) -> None:
    """Refuse a part to test on that is no part."""
    if not 0 < share < 1:
        message = f"--test-part must be a share between 0 and 1; got {share:g}"
        raise ArgumentError(message)


def check_networks(names: Sequence[str], weights: str, device: str | None) -> None:
    """Refuse names of backbones, weights and devices that mean nothing, before torch is imported."""
    from facerec.device import check_device
    from facerec.networks.pretrained import PRETRAINED, meant

    for name in names:
        meant(name, weights)
    versions = {"default", "none", *(each.version for each in PRETRAINED)}
    if weights not in versions:
        message = (
            f"--weights takes {', '.join(sorted(versions - {''}))}; got {weights!r}{did_you_mean(weights, versions)}"
        )
        raise ArgumentError(message)
    if device is not None:
        check_device(device)


def picked(value: object, *names: str) -> dict[str, object]:
    """Attributes of a result for JSON, by their names or, as ``low=interval.low``, by others.

    >>> picked(3 + 4j, "real", "height=imag")
    {'real': 3.0, 'height': 4.0}
    """
    pairs = [(name.partition("=")[0], name.rpartition("=")[2]) for name in names]
    return {name: attrgetter(path)(value) for name, path in pairs}


def protocols_of(given: list[str]) -> tuple[Protocol, ...]:
    """The protocols of these names, in their order; `ArgumentError` if there is none of a name."""
    from facerec.transfer.cells import Protocol

    known = {str(each): each for each in get_args(Protocol)}
    for name in (names := listed(given)):
        if name not in known:
            message = f"--protocol takes {', '.join(known)}; got {name!r}{did_you_mean(name, known)}"
            raise ArgumentError(message)
    if not names:
        message = f"--protocol names none; it takes {', '.join(known)}"
        raise ArgumentError(message)
    return tuple(known[name] for name in names)


def plan_teller(told: list[str]) -> Callable[[Plan, tuple[str, ...]], None]:
    """What says what will be measured, and notes in `told` which warnings it gave."""

    def planned(plan: Plan, warnings: tuple[str, ...]) -> None:
        told.extend(warnings)
        tell_plan(plan, warnings)

    return planned


def tell_plan(plan: Plan, warnings: tuple[str, ...]) -> None:
    """Say what will be measured, and what it is expected to take."""
    from facerec.transfer.cells import shots_text

    for warning in warnings:
        console.tell(f"warning: {warning}")
    settings = plan.settings
    size = "each network's own size" if settings.size is None else f"{settings.size} pixels"
    trained = any(each.cell.trained for each in plan.cells)
    training = f"; trainings of {settings.epochs} epochs, {settings.trials} tried" if trained else ""
    limit = "" if plan.budget is None else f" of a budget of {console.duration(plan.budget)}"
    cells = console.counted(len(plan.cells), "cell", "cells")
    console.note(f"plan: {cells} at {size}{training}: about {console.duration(plan.seconds)}{limit}")
    for title, planned in (("planned", plan.cells), ("left out", plan.left_out)):
        rows: dict[tuple[str, str, int | None], list[float]] = {}
        for each in planned:
            rows.setdefault((each.cell.backbone, each.cell.protocol, each.cell.shots), []).append(each.seconds)
        for (name, protocol, shots), times in rows.items():
            seeds = console.counted(len(times), "seed", "seeds")
            console.note(f"  {title}: {name}, {protocol}, {shots_text(shots)}, {seeds}: {console.duration(sum(times))}")


def tell_waiting(cells: int, owner: Owner | None) -> None:
    """Say that only others have something left to do."""
    who = "others" if owner is None else str(owner)
    console.note(f"waiting for {console.counted(cells, 'cell', 'cells')} that {who} measures")


def cell_teller(
    progress: Callable[[int, int], None], events: Path | None
) -> Callable[[Outcome, NDArray[np.int64], int, int, float], None]:
    """What tells each cell when it is measured, moves the bar, and writes its curve for TensorBoard into `events`."""

    def finished(outcome: Outcome, labels: NDArray[np.int64], done: int, total: int, rest: float) -> None:
        accuracy = outcome.accuracy(labels).value
        left = f", about {console.duration(rest)} to go" if done < total else ""
        console.note(f"{done}/{total} {outcome.cell}: {accuracy:.1%} in {console.duration(outcome.own_seconds)}{left}")
        progress(done, total)
        if events is not None:
            write_curve(events, outcome, accuracy)

    return finished


def write_curve(events: Path, outcome: Outcome, accuracy: float) -> None:
    """A cell's curve, once: a run that goes on finds it there."""
    from facerec.learning.events import write_events

    cell = outcome.cell
    folder = events / f"{cell.backbone}-{cell.protocol}-{cell.shots or 'all'}-{cell.seed}"
    if not folder.exists():
        curve = [
            (each.steps, {"training loss": each.training_loss, "validation accuracy": each.validation_accuracy})
            for each in outcome.history
        ]
        write_events(folder, [*curve, (curve[-1][0] if curve else 0, {"test accuracy": accuracy})])

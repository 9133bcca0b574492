"""A run: plan, choose learning rates on validation, train every protocol with every seed, keep each as it is done."""

from __future__ import annotations

import multiprocessing
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.device import torch_device, use_one_thread_per_network
from facerec.errors import ArgumentError, DataSetError, TransferError
from facerec.transfer.backbone import Backbone
from facerec.transfer.beyond.plan import Cell, Costs, Plan, seed_cells, trials
from facerec.transfer.beyond.scenes import Scenes
from facerec.transfer.beyond.scoring import evaluate, mean_iou, overlap_counts
from facerec.transfer.beyond.training import BATCH, Speed, answers, build, measure_speed, train
from facerec.transfer.checkpoints import read_checkpoint, save_checkpoint
from facerec.transfer.plans import PROTOCOLS, TASKS, Protocol, Task
from facerec.transfer.results import Results, cell_key

_PACKAGES = ("facerec", "torch", "torchvision", "timm", "numpy", "pycocotools")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a cell brought.

    Attributes
    ----------
    cell : Cell
    rate : float
        Learning rate.
    losses : ndarray, float64, shape (steps,)
    answers : tuple of ndarray
        To each validation scene of a trial, each test scene of another cell: a mask, uint8 (S, S), or what was found,
        float32 (m, 6): label, left, top, right, bottom, score.
    seconds, cpu_seconds : float
    trained : int
        Parameters that took gradients.
    frozen : str
        SHA-256 over what was frozen and is, bit for bit, what it was.
    """

    cell: Cell
    rate: float
    losses: NDArray[np.float64]
    answers: tuple[NDArray[Any], ...]
    seconds: float
    cpu_seconds: float
    trained: int
    frozen: str


@dataclass(frozen=True, eq=False)
class Beyond:
    """What a run knows in the end.

    Attributes
    ----------
    scenes : Scenes
    backbone : Backbone
    plan : Plan
        With the seeds that were left out in the end.
    trials, outcomes : tuple of Outcome
    seconds, cpu_seconds : float
        Of all runs into the folder.
    warnings : tuple of str
    command : tuple of str
        A command line that does the same.
    versions : dict of str to str
    """

    scenes: Scenes
    backbone: Backbone
    plan: Plan
    trials: tuple[Outcome, ...]
    outcomes: tuple[Outcome, ...]
    seconds: float
    cpu_seconds: float
    warnings: tuple[str, ...]
    command: tuple[str, ...]
    versions: dict[str, str]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """In the order in which they were asked for."""
        return tuple(dict.fromkeys(each.cell.task for each in self.outcomes))


def run_beyond(
    scenes: Scenes,
    backbone: Backbone,
    out: Path,
    *,
    tasks: Sequence[Task] = TASKS,
    protocols: Sequence[Protocol] = PROTOCOLS,
    seeds: int = 3,
    steps: int | None = None,
    budget: float | None = None,
    workers: int = 1,
    device: str = "cpu",
    command: Sequence[str] = (),
    planned: Callable[[Plan, tuple[str, ...]], None] | None = None,
    finished: Callable[[Outcome, float, int, int], None] | None = None,
) -> Beyond:
    """Train heads for tasks on one backbone by several protocols; a run that was cut off is gone on with.

    Parameters
    ----------
    scenes : Scenes
    backbone : Backbone
    out : Path
        Every cell is kept here as soon as it is done.
    tasks, protocols : sequence of str
    seeds : int
        Trainings of each protocol, 1 or more.
    steps : int, optional
        Of each training, 3 or more; by default what fits the budget.
    budget : float, optional
        Seconds by the clock for everything.
    workers : int
        Processes of one thread each; results do not depend on it as long as torch has one thread here.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``; with a GPU there is one process.
    command : sequence of str
        For the report.
    planned : callable, optional
        Called with the plan and the warnings before anything is trained.
    finished : callable, optional
        Called after each cell with its outcome, its score, cells done and cells in all.

    Raises
    ------
    ArgumentError
        If an option is out of range, or the budget is too small for one seed.
    DataSetError
        If segmentation is asked for and the data have boxes only.
    TransferError
        If `out` holds results of another configuration, or a training fails.
    OutputError
        If a result cannot be written.
    """
    began, began_cpu = time.monotonic(), _cpu()
    if seeds < 1 or workers < 1 or (steps is not None and steps < 3) or not tasks or not protocols:
        message = f"a run needs a task, a protocol, 1 seed, 1 process and 3 steps; got {seeds=}, {workers=}, {steps=}"
        raise ArgumentError(message)
    if "segmentation" in tasks and not scenes.outlined:
        message = f"{scenes.name} has boxes but no outlines, so nothing can be segmented; use --task detection"
        raise DataSetError(message)
    configuration = {
        "data": scenes.digest,
        "backbone": {backbone.name: backbone.weights_sha256 or "random weights"},
        "tasks": list(tasks),
        "protocols": list(protocols),
        "seeds": seeds,
        "steps": steps,
        "budget": budget,
        "device": device.partition(":")[0],
    }
    results = Results(out, configuration)
    warnings = _warnings(backbone)
    versions = {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
    about: dict[str, Any] = {
        "data": {"name": scenes.name, "sha256": scenes.digest, "scenes": len(scenes), "classes": list(scenes.classes)}
        | {"problems": dict(scenes.problems)},
        "warnings": list(warnings),
        "command": list(command),
        "versions": versions,
    }
    kinds = [(task, protocol) for task in tasks for protocol in protocols]
    workers = 1 if device.startswith("cuda") else workers
    held = results.found or {}
    if "plan" in held:
        plan, speeds = _read_plan(held)
        spent, spent_cpu = float(held.get("seconds", 0.0)), float(held.get("cpu_seconds", 0.0))
    else:
        speeds = {kind: measure_speed(*kind, backbone, scenes, torch_device(device)) for kind in kinds}
        spent = spent_cpu = 0.0
    costs = Costs(speeds, len(scenes.validation), len(scenes.test), workers)
    if "plan" not in held:
        plan = costs.fitted(seeds, steps=steps, budget=budget, spent=time.monotonic() - began)
    if planned is not None:
        planned(plan, warnings)

    work = _Work(backbone, scenes, device)
    about["speeds"] = [[*kind, asdict(speed)] for kind, speed in speeds.items()]
    desk = _Desk(
        results=results,
        work=work,
        plan=plan,
        costs=costs,
        about=about,
        began=began - spent,
        began_cpu=began_cpu - spent_cpu,
        finished=finished,
        total=len(trials(kinds, seeds)) + plan.seeds * len(kinds),
    )
    with _pool(workers, work) as pool:
        tried = desk.done(trials(kinds, seeds), {}, pool)
        rates = {kind: _best_rate(kind, tried, scenes) for kind in kinds}
        outcomes: list[Outcome] = []
        for seed in range(plan.seeds):
            cells = seed_cells(kinds, seed)
            if seed and not desk.holds(cells, rates) and costs.refuses(cells, plan, desk.elapsed(), desk.pace):
                plan = replace(plan, seeds=seed, left_out=tuple(range(seed, plan.seeds)) + plan.left_out)
                break
            outcomes += desk.done(cells, rates, pool)
    desk.plan = plan
    desk.write(complete=True)
    return Beyond(
        scenes=scenes,
        backbone=backbone,
        plan=plan,
        trials=tuple(tried),
        outcomes=tuple(outcomes),
        seconds=desk.elapsed(),
        cpu_seconds=desk.cpu(),
        warnings=warnings,
        command=tuple(command),
        versions=versions,
    )


def score(task: Task, given: Sequence[NDArray[Any]], scenes: Scenes, indices: NDArray[np.int64]) -> float:
    """Mean IoU or AP of the answers to some scenes; NaN if there is nothing in them."""
    if task == "segmentation":
        return float(mean_iou(counts_of(given, scenes, indices).sum(axis=0)))
    return evaluate([scenes.objects[place] for place in indices], given, len(scenes.classes))[0].ap


def counts_of(given: Sequence[NDArray[Any]], scenes: Scenes, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """What `overlap_counts` gives for each scene, shape (n, 3, 1 + classes)."""
    classes = len(scenes.classes) + 1
    masks = scenes.masks[indices]
    return np.stack([overlap_counts(one, mask, classes) for one, mask in zip(given, masks, strict=True)])


@dataclass(frozen=True, eq=False)
class _Work:
    """What a process needs to know for any cell."""

    backbone: Backbone
    scenes: Scenes
    device: str

    def do(self, cell: Cell, rate: float, steps: int) -> Outcome:
        began, began_cpu = time.perf_counter(), _cpu()
        scenes = self.scenes
        network = build(
            cell.task,
            cell.protocol,
            self.backbone,
            len(scenes.classes),
            seed=cell.seed,
            device=torch_device(self.device),
        )
        done = train(network, scenes, cell.protocol, rate=rate, steps=steps, seed=cell.seed)
        given = answers(done.network, scenes, scenes.test if cell.rate is None else scenes.validation)
        return Outcome(
            cell=cell,
            rate=rate,
            losses=done.losses,
            answers=tuple(given),
            seconds=time.perf_counter() - began,
            cpu_seconds=_cpu() - began_cpu,
            trained=done.trained,
            frozen=done.frozen,
        )


@dataclass(eq=False)
class _Desk:
    """Where cells are given out and come back: what is kept is read, the rest is done and kept."""

    results: Results
    work: _Work
    plan: Plan
    costs: Costs
    about: dict[str, Any]
    began: float
    began_cpu: float
    finished: Callable[[Outcome, float, int, int], None] | None
    total: int
    count: int = 0
    _predicted: float = 0.0
    _taken: float = 0.0
    _others_cpu: float = 0.0

    @property
    def pace(self) -> float:
        """What groups of cells took of what they were predicted to take."""
        return self._taken / self._predicted if self._predicted else 1.0

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def cpu(self) -> float:
        return _cpu() - self.began_cpu + self._others_cpu

    def holds(self, cells: Sequence[Cell], rates: dict[tuple[Task, Protocol], float]) -> bool:
        return all(self._path(self._identity(cell, rates)).exists() for cell in cells)

    def done(
        self, cells: Sequence[Cell], rates: dict[tuple[Task, Protocol], float], pool: ProcessPoolExecutor | None
    ) -> list[Outcome]:
        """The outcomes of cells, in their order."""
        at = time.monotonic()
        found: dict[Cell, Outcome] = {}
        missing: list[tuple[Cell, float, int]] = []
        for cell in cells:
            identity = self._identity(cell, rates)
            path = self._path(identity)
            if path.exists():
                found[cell] = _read(path, identity, cell)
                self._tell(found[cell])
            else:
                missing.append((cell, identity["rate"], identity["steps"]))
        for outcome in self._all(missing, pool):
            found[outcome.cell] = outcome
            identity = self._identity(outcome.cell, rates)
            _keep(self._path(identity), identity, outcome)
            self._others_cpu += outcome.cpu_seconds if pool is not None else 0.0
            self.write(complete=False)
            self._tell(outcome)
        if len(missing) == len(cells):
            self._taken += time.monotonic() - at
            self._predicted += self.costs.group(cells, self.plan)
        return [found[cell] for cell in cells]

    def write(self, *, complete: bool) -> None:
        self.results.write_run(
            {
                **self.about,
                "plan": asdict(self.plan),
                "seconds": round(self.elapsed(), 3),
                "cpu_seconds": round(self.cpu(), 3),
                "complete": complete,
            }
        )

    def _all(self, missing: list[tuple[Cell, float, int]], pool: ProcessPoolExecutor | None) -> Iterator[Outcome]:
        if pool is None:
            for each in missing:
                yield self.work.do(*each)
            return
        # The longest first, so that no process waits long for the last one.
        missing = sorted(missing, key=lambda each: (each[0].task == "segmentation", each[0].protocol == "frozen"))
        futures: list[Future[Outcome]] = [pool.submit(_in_process, *each) for each in missing]
        for future in as_completed(futures):
            yield future.result()

    def _identity(self, cell: Cell, rates: dict[tuple[Task, Protocol], float]) -> dict[str, Any]:
        """Everything that a cell's outcome depends on."""
        return {
            **{name: self.results.configuration[name] for name in ("data", "backbone", "device")},
            "cell": asdict(cell),
            "rate": rates[cell.task, cell.protocol] if cell.rate is None else cell.rate,
            "steps": self.plan.steps if cell.rate is None else self.plan.trial_steps,
            "batch": BATCH,
        }

    def _path(self, identity: dict[str, Any]) -> Path:
        return self.results.folder / "cells" / f"{cell_key(identity)}.safetensors"

    def _tell(self, outcome: Outcome) -> None:
        self.count += 1
        if self.finished is not None:
            scenes = self.work.scenes
            judged = scenes.test if outcome.cell.rate is None else scenes.validation
            self.finished(outcome, score(outcome.cell.task, outcome.answers, scenes, judged), self.count, self.total)


def _keep(path: Path, identity: dict[str, Any], outcome: Outcome) -> None:
    sizes = [len(each) for each in outcome.answers]
    values = {name: getattr(outcome, name) for name in ("rate", "seconds", "cpu_seconds", "trained", "frozen")}
    tensors = {"losses": torch.from_numpy(outcome.losses), "answers": torch.from_numpy(np.concatenate(outcome.answers))}
    save_checkpoint(path, identity=identity, values=values | {"sizes": sizes}, tensors=tensors)


def _read(path: Path, identity: dict[str, Any], cell: Cell) -> Outcome:
    values, tensors = read_checkpoint(path, identity=identity)
    sizes = values.pop("sizes")
    given = np.split(tensors["answers"].numpy(), np.cumsum(sizes)[:-1])
    return Outcome(cell=cell, losses=tensors["losses"].numpy(), answers=tuple(given), **values)


def _best_rate(kind: tuple[Task, Protocol], tried: Sequence[Outcome], scenes: Scenes) -> float:
    """The rate with the highest score on the validation scenes; of equal ones the one that is listed first."""
    own = [each for each in tried if (each.cell.task, each.cell.protocol) == kind]
    scores = [score(kind[0], each.answers, scenes, scenes.validation) for each in own]
    return own[int(np.argmax(np.nan_to_num(scores, nan=-1.0)))].rate


def _read_plan(held: dict[str, Any]) -> tuple[Plan, dict[tuple[Task, Protocol], Speed]]:
    try:
        plan = Plan(**(held["plan"] | {"left_out": tuple(held["plan"]["left_out"])}))
        return plan, {(task, protocol): Speed(**speed) for task, protocol, speed in held["speeds"]}
    except (KeyError, TypeError, ValueError) as error:
        message = f"the plan in run.json cannot be read: {error}; choose another folder"
        raise TransferError(message) from error


def _warnings(backbone: Backbone) -> tuple[str, ...]:
    if backbone.weights_sha256 is not None:
        return ()
    return (
        (
            f"The weights of {backbone.name} are random: nothing here was pre-trained, and nothing here says what "
            "pre-training buys."
        ),
    )


def _cpu() -> float:
    return time.process_time()


_AT_WORK: list[_Work] = []


def _begin(work: _Work) -> None:
    use_one_thread_per_network()
    _AT_WORK[:] = [work]


def _in_process(cell: Cell, rate: float, steps: int) -> Outcome:
    return _AT_WORK[0].do(cell, rate, steps)


@contextmanager
def _pool(workers: int, work: _Work) -> Iterator[ProcessPoolExecutor | None]:
    """Processes of one thread each that know the work; None where this process is enough."""
    if workers == 1:
        yield None
        return
    # Not forked: torch's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(work,)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise

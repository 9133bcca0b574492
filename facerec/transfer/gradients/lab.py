"""The experiment: every design at the start and during a short training, with its cost predicted before it is spent."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.device import use_one_thread_per_network
from facerec.errors import ArgumentError
from facerec.transfer.gradients.flow import Flow, measure_flow, measure_shattering
from facerec.transfer.gradients.networks import build
from facerec.transfer.gradients.textures import LabImages
from facerec.transfer.gradients.training import MEASURED, Curve, train
from facerec.transfer.plans import FEWEST_STEPS, Design, Initialisation, Plan

Progress: TypeAlias = Callable[[int, int], None]

# What one network costs besides its training, in training steps of 64 images: the flow of 128 images, and 128 images
# forward and 144 inputs forward and back for shattering; measured, rounded up.
_START_IN_STEPS = 6
_MOMENTS_IN_STEPS = 8


@dataclass(frozen=True, eq=False)
class Start:
    """One network before training: its flow, and the cosines of gradients at ``flow.DISTANCES``."""

    design: Design
    initialisation: Initialisation
    seed: int
    flow: Flow
    cosines: NDArray[np.float64]


@dataclass(frozen=True)
class Cost:
    """What a plan costs.

    Attributes
    ----------
    cpu_seconds : float
        Of all processes together.
    seconds : float
        By the clock, with as many processes as were asked for.
    """

    cpu_seconds: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Lab:
    """What was run and measured.

    Attributes
    ----------
    plan : Plan
    data : LabImages
    starts : tuple of Start
    trials : tuple of Curve
        Of the choice of the learning rates.
    curves : tuple of Curve
    predicted, spent : Cost
    """

    plan: Plan
    data: LabImages
    starts: tuple[Start, ...]
    trials: tuple[Curve, ...]
    curves: tuple[Curve, ...]
    predicted: Cost
    spent: Cost


def predict(plan: Plan, data: LabImages, *, workers: int = 1) -> Cost:
    """Time a few steps of each design and multiply; takes a few seconds at the default plan."""
    cpu = wall = 0.0
    for design in plan.designs:
        times = [_two_steps(design, plan, data) for _ in range(4)][1:]  # the first one warms up
        cpu += min(spent for spent, _ in times) / 2 * _steps_per_design(plan)
        wall += float(np.median([clock for _, clock in times])) / 2 * _steps_per_design(plan)
    return Cost(cpu, wall / workers)


def _two_steps(design: Design, plan: Plan, data: LabImages) -> tuple[float, float]:
    """Processor time and time by the clock of two training steps."""
    began, began_cpu = time.perf_counter(), time.process_time()
    train(design, data, seed=plan.seed, learning_rate=1e-6, steps=2, batch_size=plan.batch_size, measure=False)
    return time.process_time() - began_cpu, time.perf_counter() - began


def fit(plan: Plan, predicted: Cost, budget: float) -> Plan:
    """Shorten the trainings until the plan fits `budget`, in tens of steps.

    Parameters
    ----------
    plan : Plan
    predicted : Cost
        Of this plan.
    budget : float
        Seconds by the clock.

    Raises
    ------
    ArgumentError
        If not even the shortest trainings fit.
    """
    share = budget / predicted.seconds * _steps_per_design(plan)
    for steps in (plan.steps, *range(plan.steps // 10 * 10, FEWEST_STEPS - 1, -10)):
        shorter = replace(plan, steps=steps)
        if _steps_per_design(shorter) <= share:
            return shorter
    least = predicted.seconds * _steps_per_design(replace(plan, steps=FEWEST_STEPS)) / _steps_per_design(plan)
    message = (
        f"{budget:.0f} s are not enough: with the shortest trainings ({FEWEST_STEPS} steps) the lab is predicted to "
        f"take {least:.0f} s; give a larger budget, fewer seeds or smaller depths"
    )
    raise ArgumentError(message)


def scaled(predicted: Cost, plan: Plan, shorter: Plan) -> Cost:
    """The cost of a plan that differs only in its steps from the one that was predicted."""
    share = _steps_per_design(shorter) / _steps_per_design(plan)
    return Cost(predicted.cpu_seconds * share, predicted.seconds * share)


def run_lab(plan: Plan, data: LabImages, *, predicted: Cost, workers: int = 1, progress: Progress | None = None) -> Lab:
    """Run the experiment.

    Parameters
    ----------
    plan : Plan
    data : LabImages
    predicted : Cost
        As `predict` says; kept beside what it did cost.
    workers : int
        Processes of one thread each; 1 computes in this process. The numbers do not depend on it as long as torch
        uses one thread here, too.
    progress : callable, optional
        Called with how many networks are done and how many there are.

    Raises
    ------
    ArgumentError
        If there are fewer images than one batch.
    """
    if len(data.labels) < max(plan.batch_size, MEASURED):
        message = f"the lab needs {max(plan.batch_size, MEASURED)} images; {data.name} has {len(data.labels)}"
        raise ArgumentError(message)
    began = time.perf_counter()
    seeds = range(plan.seed, plan.seed + plan.seeds)
    total = len(plan.designs) * (2 * plan.seeds + len(plan.rates) + plan.seeds)
    counter = _Counter(progress, total)
    deepest_first = sorted(plan.designs, key=lambda design: -design.depth)
    with _pool(workers) as pool:
        starts, cpu = _all(
            pool, _start, [(d, data, s, i) for d in deepest_first for s in seeds for i in ("he", "torch")], counter
        )
        trial_seed = plan.seed + plan.seeds
        shared = {"batch_size": plan.batch_size, "initialisation": plan.initialisation}
        trials, more = _all(
            pool,
            _train,
            [
                (
                    d,
                    data,
                    {"seed": trial_seed, "learning_rate": r, "steps": plan.trial_steps, "measure": False} | shared,
                )
                for d in deepest_first
                for r in plan.rates
            ],
            counter,
        )
        chosen = _chosen(trials)
        curves, most = _all(
            pool,
            _train,
            [
                (d, data, {"seed": s, "learning_rate": chosen[d], "steps": plan.steps} | shared)
                for d in deepest_first
                for s in seeds
            ],
            counter,
        )
    spent = Cost(cpu + more + most, time.perf_counter() - began)
    return Lab(plan, data, tuple(starts), tuple(trials), tuple(curves), predicted, spent)


def _steps_per_design(plan: Plan) -> int:
    training = plan.seeds * (plan.steps + _MOMENTS_IN_STEPS)
    return training + len(plan.rates) * plan.trial_steps + 2 * plan.seeds * _START_IN_STEPS


def _chosen(trials: Sequence[Curve]) -> dict[Design, float]:
    """The learning rate of each design whose trial ended lowest; the smallest where all diverged."""
    chosen: dict[Design, Curve] = {}
    for trial in sorted(trials, key=lambda trial: trial.learning_rate):
        best = chosen.get(trial.design)
        if best is None or trial.final_loss < best.final_loss:
            chosen[trial.design] = trial
    return {design: trial.learning_rate for design, trial in chosen.items()}


def _start(design: Design, data: LabImages, seed: int, initialisation: Initialisation) -> tuple[Start, float]:
    began = time.process_time()
    net = build(design, len(data.classes), seed=seed, initialisation=initialisation)
    images = torch.from_numpy(data.images[:MEASURED]).contiguous(memory_format=torch.channels_last)
    flow = measure_flow(net, images, torch.from_numpy(data.labels[:MEASURED]))
    cosines = measure_shattering(net, images, seed=seed)
    return Start(design, initialisation, seed, flow, cosines), time.process_time() - began


def _train(design: Design, data: LabImages, options: dict[str, Any]) -> tuple[Curve, float]:
    began = time.process_time()
    return train(design, data, **options), time.process_time() - began


@dataclass
class _Counter:
    """Counts finished networks for who watches."""

    progress: Progress | None
    total: int
    done: int = 0

    def one_more(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes of one thread each; None where one process is enough."""
    if workers == 1:
        yield None
        return
    # Not forked: torch's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=use_one_thread_per_network) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _all(
    pool: ProcessPoolExecutor | None,
    work: Callable[..., tuple[Any, float]],
    arguments: Sequence[tuple[Any, ...]],
    counter: _Counter,
) -> tuple[list[Any], float]:
    """The results in the order of the arguments, and the processor time that they took."""
    done: list[tuple[Any, float]] = []
    if pool is None:
        for each in arguments:
            done.append(work(*each))
            counter.one_more()
    else:
        futures = [pool.submit(work, *each) for each in arguments]
        for _ in as_completed(futures):
            counter.one_more()
        done = [future.result() for future in futures]
    return [result for result, _ in done], sum(seconds for _, seconds in done)

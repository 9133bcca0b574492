"""What is run, what it will cost, and what a budget leaves of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facerec.errors import ArgumentError
from facerec.transfer.beyond.training import RATES, Speed
from facerec.transfer.plans import Protocol, Task

DEFAULT_STEPS = 200
_LADDER = (400, 320, 260, 200, 160, 130, 100, 80, 60, 40)
_FEWEST_STEPS = 3
# Of a budget: for intervals and the page, and because a prediction is one.
_RESERVE = 0.12
_START = 8.0


@dataclass(frozen=True)
class Cell:
    """One training.

    Attributes
    ----------
    task, protocol : str
    seed : int
        Of the head, of random weights, of every draw.
    rate : float or None
        The learning rate of a trial, judged on the validation scenes; None: the chosen one, judged on the test scenes.
    """

    task: Task
    protocol: Protocol
    seed: int
    rate: float | None = None

    def __str__(self) -> str:
        return f"{self.task}, {self.protocol}, {f'seed {self.seed}' if self.rate is None else f'rate {self.rate:g}'}"


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes
    ----------
    steps : int
        Of a training; a trial takes a third.
    seeds : int
        0 … seeds - 1 train; the next one is the trials'.
    left_out : tuple of int
        Seeds that were asked for and do not fit the budget.
    seconds, cpu_seconds : float
        Predicted, by the clock and of all processes together.
    budget : float or None
        Seconds by the clock.
    """

    steps: int
    seeds: int
    left_out: tuple[int, ...]
    seconds: float
    cpu_seconds: float
    budget: float | None

    @property
    def trial_steps(self) -> int:
        """Steps of a trial."""
        return max(_FEWEST_STEPS, self.steps // 3)


class Costs:
    """The cost of cells from measured speeds.

    Parameters
    ----------
    speeds : mapping
        Of each task and protocol.
    validation, test : int
        How many scenes are judged.
    workers : int
        Processes.
    """

    def __init__(self, speeds: Mapping[tuple[Task, Protocol], Speed], validation: int, test: int, workers: int) -> None:
        self._speeds, self._validation, self._test, self.workers = speeds, validation, test, workers

    def cell(self, cell: Cell, plan: Plan) -> float:
        """Seconds by the clock of one process."""
        speed = self._speeds[cell.task, cell.protocol]
        steps, judged = (plan.steps, self._test) if cell.rate is None else (plan.trial_steps, self._validation)
        return speed.start + steps * speed.step + judged * speed.scene

    def group(self, cells: Sequence[Cell], plan: Plan) -> float:
        """Seconds by the clock of cells that run beside each other."""
        each = [self.cell(cell, plan) for cell in cells]
        return max(sum(each) / self.workers, max(each, default=0.0))

    def plan(self, steps: int, seeds: int, wanted: int, budget: float | None) -> Plan:
        """A plan of so many steps and seeds, with its cost."""
        plan = Plan(steps, seeds, tuple(range(seeds, wanted)), 0.0, 0.0, budget)
        kinds = list(self._speeds)
        groups = [trials(kinds, wanted), *(seed_cells(kinds, seed) for seed in range(seeds))]
        cpu = sum(
            self.cell(cell, plan) * self._speeds[cell.task, cell.protocol].share for group in groups for cell in group
        )
        seconds = _START + sum(self.group(group, plan) for group in groups)
        return Plan(steps, seeds, plan.left_out, seconds, cpu, budget)

    def fitted(self, seeds: int, *, steps: int | None, budget: float | None, spent: float) -> Plan:
        """The longest trainings of all seeds that fit a budget; with the shortest ones, as many seeds as fit.

        Parameters
        ----------
        seeds : int
        steps : int, optional
            What every training takes, whatever the budget.
        budget : float, optional
            Seconds by the clock; None: `steps`, or `DEFAULT_STEPS`.
        spent : float
            Seconds that are gone already.

        Raises
        ------
        ArgumentError
            If not even one seed fits.
        """
        if budget is None:
            return self.plan(steps or DEFAULT_STEPS, seeds, seeds, budget)
        ladder = _LADDER if steps is None else (steps,)
        plans = [self.plan(each, seeds, seeds, budget) for each in ladder]
        plans += [self.plan(ladder[-1], fewer, seeds, budget) for fewer in range(seeds - 1, 0, -1)]
        for plan in plans:
            if spent + plan.seconds <= (1 - _RESERVE) * budget:
                return plan
        message = (
            f"{budget:.0f} s are not enough: one seed of the shortest trainings, {ladder[-1]} steps, is predicted to "
            f"take {spent + plans[-1].seconds:.0f} s; give more time, one task, a smaller size or fewer photos"
        )
        raise ArgumentError(message)

    def refuses(self, cells: Sequence[Cell], plan: Plan, elapsed: float, pace: float) -> bool:
        """Whether cells do not fit the budget any more, things taking `pace` times what was predicted."""
        return plan.budget is not None and elapsed + pace * self.group(cells, plan) > (1 - _RESERVE / 2) * plan.budget


def trials(kinds: Sequence[tuple[Task, Protocol]], seed: int) -> list[Cell]:
    """Every learning rate of every protocol."""
    return [Cell(*kind, seed, rate) for kind in kinds for rate in RATES]


def seed_cells(kinds: Sequence[tuple[Task, Protocol]], seed: int) -> list[Cell]:
    """One training of every protocol."""
    return [Cell(*kind, seed) for kind in kinds]

"""A run of the bench: plan, measure cell by cell, keep everything, go on where a run was cut off.

The plan is made once and kept with the results, so that a run that is continued measures the same cells with the same
settings, however fast the machine is by then. With a budget the plan is a prediction: before each group of cells it
is asked again whether the group fits, with what the cells so far took against what was predicted of them.

Without a budget several processes, of one machine or of several that share the folder, work on one run: each claims a
cell before it measures it (``facerec.batch.claims``), and what one of them keeps is there for all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from facerec.batch.claims import Claims, Owner
from facerec.errors import TransferError
from facerec.transfer.cells import Cell, Outcome
from facerec.transfer.grid import RESERVE, Plan, Planned, Settings
from facerec.transfer.results import Results, cell_key

_LOOK = 0.5  # seconds

_LATE = 1.1
"""A training is stopped when this multiple of the budget has passed."""


class Work(Protocol):
    """What can be asked of whoever measures cells; `facerec.transfer.measurer.Measurer` is it."""

    def identity(self, cell: Cell, settings: Settings) -> Mapping[str, Any]:
        """Everything that the outcome of a cell depends on."""
        ...

    def row(self, outcome: Outcome, settings: Settings) -> Sequence[str | int | float]:
        """A line of ``results.csv``."""
        ...

    def share(self, cells: Sequence[Cell], settings: Settings) -> None:
        """Have all processes of a team fit these probes; alone, nothing happens."""
        ...

    def measure(self, cell: Cell, settings: Settings, *, checkpoint: Path, deadline: float | None) -> Outcome | None:
        """Measure a cell; None where the deadline, a reading of ``time.monotonic()``, came first."""
        ...


@dataclass(frozen=True)
class Unmeasured:
    """A cell that was not measured, and why."""

    cell: Cell
    reason: str


@dataclass(frozen=True, eq=False)
class Measured:
    """What a run brought.

    Attributes
    ----------
    plan : Plan
    outcomes : tuple of Outcome
        In the order of the plan.
    left_out : tuple of Unmeasured
    seconds : float
        Wall-clock time of all runs into this folder.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    left_out: tuple[Unmeasured, ...]
    seconds: float


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as JSON can hold it."""
    return asdict(plan)


def read_plan(document: Mapping[str, Any]) -> Plan:
    """A plan from what `plan_document` made.

    Raises
    ------
    TransferError
        If it is not one.
    """

    def cells(name: str) -> tuple[Planned, ...]:
        return tuple(Planned(Cell(**each["cell"]), float(each["seconds"])) for each in document[name])

    try:
        settings = Settings(**document["settings"])
        return Plan(settings, cells("cells"), cells("left_out"), document["budget"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"the plan in run.json cannot be read: {error}; choose another folder"
        raise TransferError(message) from error


def measure_all(
    work: Work,
    results: Results,
    plan: Plan,
    *,
    provenance: Mapping[str, Any],
    began: float,
    spent: float = 0.0,
    finished: Callable[[Outcome, int, int, float], None] | None = None,
    claims: Claims | None = None,
    waiting: Callable[[int, Owner | None], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Measured:
    """Measure a plan's cells, and keep each as soon as it is there.

    Parameters
    ----------
    work : Work
        Measures cells.
    results : Results
        Where they are kept; what is there already is not measured again.
    plan : Plan
    provenance : mapping
        Goes into ``run.json``.
    began : float
        Reading of the clock at the start of this run.
    spent : float
        Seconds of earlier runs into the same folder.
    finished : callable, optional
        Called after each cell with its outcome, cells done, cells in all and the seconds that the rest is expected to
        take.
    claims : Claims, optional
        Where others measure cells of the same plan at the same time; without them nobody does.
    waiting : callable, optional
        Called once with how many cells others still measure, and one of them, where nothing else is left.
    clock : callable
        As ``time.monotonic``.

    Returns
    -------
    Measured

    Raises
    ------
    TransferError
        If the budget ended before a single cell did.
    OutputError
        If a result cannot be written.
    """
    run = _Run(work, results, plan, _Pace(plan, began, spent, clock), claims=claims, clock=clock)
    run.deadline = None if plan.budget is None else began + _LATE * plan.budget - spent

    def keep(seconds: float, *, complete: bool) -> None:
        with nullcontext() if claims is None else claims.alone("writing"):
            if not complete and claims is not None and results.complete_by_now:
                return  # others were faster
            results.write_table(work.row(each, plan.settings) for each in run.outcomes)
            _write(results, plan, provenance, run.left_out, seconds, complete=complete)

    def tell(planned: Planned, rest: Sequence[Planned]) -> None:
        if planned.cell not in run.kept:
            keep(run.pace.elapsed(), complete=False)
        if finished is not None:
            done = len(run.found)
            finished(run.found[planned.cell], done, max(done, len(plan.cells)), run.pace.expected(rest))

    for number, group in enumerate(run.groups):
        missing = [planned for planned in group if planned.cell not in run.kept]
        if missing and (reason := run.pace.refusal(missing)):
            run.left_out += [Unmeasured(planned.cell, reason) for planned in group]
            continue
        rest = [each for later in run.groups[number + 1 :] for each in later if each in plan.cells]
        for planned in group:
            if run.have(planned):
                tell(planned, rest)
    if run.elsewhere and waiting is not None and claims is not None:
        waiting(len(run.elsewhere), claims.holder(run.keys[run.elsewhere[0].cell]))
    while run.elsewhere:
        again, run.elsewhere = run.elsewhere, []
        for planned in again:
            if run.have(planned):
                tell(planned, run.elsewhere)
        if run.elsewhere:
            time.sleep(_LOOK)
    outcomes, left_out = run.outcomes, tuple(run.left_out)
    if not outcomes:
        message = f"the budget of {plan.budget:.0f} s ended before a single cell was measured; give more time"
        raise TransferError(message)
    if all(outcome.cell in run.kept for outcome in outcomes) and results.complete:
        return Measured(plan, outcomes, left_out, spent)  # finished before: nothing is written
    seconds = run.pace.elapsed()
    keep(seconds, complete=True)
    return Measured(plan, outcomes, left_out, seconds)


class _Run:
    """The cells of a plan: those that are kept, found by now, measured by others, or left out."""

    def __init__(
        self,
        work: Work,
        results: Results,
        plan: Plan,
        pace: _Pace,
        *,
        claims: Claims | None,
        clock: Callable[[], float],
    ) -> None:
        self._work, self._results, self._plan, self._claims, self._clock = work, results, plan, claims, clock
        self.pace = pace
        self.deadline: float | None = None
        self.groups = _grouped(plan.cells) + _grouped(plan.left_out)
        cells = [planned.cell for group in self.groups for planned in group]
        self.keys = {cell: cell_key(work.identity(cell, plan.settings)) for cell in cells}
        self.kept = {cell: outcome for cell, key in self.keys.items() if (outcome := results.load(key)) is not None}
        self.found: dict[Cell, Outcome] = {}
        self.elsewhere: list[Planned] = []
        self.left_out: list[Unmeasured] = []
        probes = [cell for cell in cells if not cell.trained and cell not in self.kept]
        planned = {each.cell for each in plan.cells}
        # What a team is asked for together; one alone is not shared.
        self._shared = [each for each in probes if each in planned] if len(probes) > 1 else []

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Those that are found, in the order of the plan."""
        return tuple(self.found[cell] for cell in self.keys if cell in self.found)

    def have(self, planned: Planned) -> bool:
        """Find the outcome of a cell, by measuring it where nobody did; False where there is none, or none yet."""
        cell, key = planned.cell, self.keys[planned.cell]
        outcome = self.kept.get(cell)
        if outcome is None and self._claims is not None and (outcome := self._results.load(key)) is None:
            if not self._claims.take(key):
                self.elsewhere.append(planned)
                return False
            outcome = self._results.load(key)  # between the look and the claim
        if outcome is None:
            outcome = self._measured(planned, key)
        if self._claims is not None:
            self._claims.release(key)
        if outcome is not None:
            self.found[cell] = outcome
        return outcome is not None

    def _measured(self, planned: Planned, key: str) -> Outcome | None:
        cell, settings = planned.cell, self._plan.settings
        if reason := self.pace.refusal([planned]):  # what was measured since may have gone slower
            self.left_out.append(Unmeasured(cell, reason))
            return None
        at = self._clock()
        if not cell.trained and self._shared:
            self._work.share(self._shared, settings)
            self._shared = []
        outcome = self._work.measure(cell, settings, checkpoint=self._results.checkpoint(key), deadline=self.deadline)
        if outcome is None:
            self.left_out.append(Unmeasured(cell, "not finished when the budget was spent"))
            return None
        outcome = replace(outcome, own_seconds=self._clock() - at)
        self.pace.took(planned, outcome.own_seconds)
        if self._claims is not None and not self._claims.holds(key):  # it slept, and others took the cell meanwhile
            self.elsewhere.append(planned)
            return None
        self._results.save(key, outcome)
        self._results.forget_checkpoints(key)
        return outcome


class _Pace:
    """What was predicted against what it took, for probes and trainings apart."""

    def __init__(self, plan: Plan, began: float, spent: float, clock: Callable[[], float]) -> None:
        self._budget = plan.budget
        self._began = began - spent
        self._clock = clock
        self._sums = {True: [0.0, 0.0], False: [0.0, 0.0]}

    def elapsed(self) -> float:
        return self._clock() - self._began

    def took(self, planned: Planned, seconds: float) -> None:
        sums = self._sums[planned.cell.trained]
        sums[0] += planned.seconds
        sums[1] += seconds

    def expected(self, cells: Sequence[Planned]) -> float:
        return sum(each.seconds * self._ratio(each.cell.trained) for each in cells)

    def refusal(self, cells: Sequence[Planned]) -> str:
        """Why a group does not fit any more; empty if it does."""
        if self._budget is None:
            return ""
        needed, left = self.expected(cells), (1 - RESERVE / 2) * self._budget - self.elapsed()
        if needed <= left:
            return ""
        return f"would take about {needed:.0f} s, and {max(left, 0):.0f} s of the budget are left"

    def _ratio(self, trained: bool) -> float:
        predicted, taken = self._sums[trained]
        return taken / predicted if predicted > 0 else 1.0


def _grouped(cells: Sequence[Planned]) -> list[list[Planned]]:
    """Cells of the first seed alone; of further seeds those together that stand side by side."""
    groups: list[list[Planned]] = []
    last = None
    for planned in cells:
        cell = planned.cell
        key = (cell.backbone, cell.shots, cell.seed) if cell.seed else None
        if key is not None and key == last:
            groups[-1].append(planned)
        else:
            groups.append([planned])
        last = key
    return groups


def _write(
    results: Results,
    plan: Plan,
    provenance: Mapping[str, Any],
    left_out: Sequence[Unmeasured],
    seconds: float,
    *,
    complete: bool,
) -> None:
    results.write_run(
        {
            **provenance,
            "plan": plan_document(plan),
            "left_out": [asdict(each) for each in left_out],
            "seconds": round(seconds, 3),
            "complete": complete,
        }
    )

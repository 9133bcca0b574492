"""A run of the bench: plan, measure cell by cell, keep everything, go on where a run was cut off.

The plan is made once and kept with the results, so that a run that is continued measures the same cells with the same
settings, however fast the machine is by then. With a budget the plan is a prediction: before each group of cells it
is asked again whether the group fits, with what the cells so far took against what was predicted of them. Until the
question is answered (a linear probe against fine-tuning on all photos) nothing else is measured: where it does not fit
any more, the plan is made again with shorter trainings, and where no training is short enough, the run ends and says
what budget it would take.

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
from facerec.transfer.cells import Cell, Late, Outcome
from facerec.transfer.grid import Plan, Planned, Settings, budget_for, minutes, question, shortened
from facerec.transfer.pace import Pace
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

    def predict(self, cell: Cell, settings: Settings) -> float:
        """The seconds that a cell is expected to take, without its backbone's features."""
        ...

    def shared(self, backbone: str, settings: Settings) -> float:
        """The seconds that a backbone's features are expected to take."""
        ...

    def measure(self, cell: Cell, settings: Settings, *, checkpoint: Path, deadline: float | None) -> Outcome | Late:
        """Measure a cell; `Late` where it would not end before the deadline, a reading of ``time.monotonic()``."""
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
        As it was in the end.
    outcomes : tuple of Outcome
        In the order of the plan.
    left_out : tuple of Unmeasured
    seconds : float
        Wall-clock time of all runs into this folder.
    needed : float or None
        Where the question was asked and is not answered: about what budget that takes, in seconds.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    left_out: tuple[Unmeasured, ...]
    seconds: float
    needed: float | None = None

    @property
    def unanswered(self) -> tuple[Unmeasured, ...]:
        """What of the question a budget left out; none of it where the question was not asked."""
        asked = question([*(each.cell for each in self.outcomes), *(each.cell for each in self.left_out)])
        return tuple(each for each in self.left_out if each.cell in asked)


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
    ladder: Sequence[Settings] = (),
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
    ladder : sequence of Settings
        From the best to the cheapest: those below the plan's, with as large an input, may take its place where there is
        a budget and the question does not fit any more.
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
    run = _Run(work, results, plan, Pace(plan, began, spent, clock), claims=claims, clock=clock)
    run.deadline = None if plan.budget is None else began + _LATE * plan.budget - spent
    needed: float | None = None

    def keep(seconds: float, *, complete: bool) -> None:
        with nullcontext() if claims is None else claims.alone("writing"):
            if not complete and claims is not None and results.complete_by_now:
                return  # others were faster
            results.write_table(work.row(each, run.plan.settings) for each in run.outcomes)
            _write(results, run.plan, provenance, run.left_out, seconds, needed=needed, complete=complete)

    def tell(planned: Planned, rest: Sequence[Planned]) -> None:
        if planned.cell not in run.kept:
            keep(run.pace.elapsed(), complete=False)
        if finished is not None:
            done = len(run.found)
            finished(run.found[planned.cell], done, max(done, len(run.plan.cells)), run.pace.expected(rest))

    before = run.pace.elapsed()
    settled = (results.found or {}).get("needed") if results.complete else None
    for cell in run.asked:
        if run.ask(cell, ladder, settled=settled is not None, again=lambda: keep(run.pace.elapsed(), complete=False)):
            tell(run.planned(cell), [each for each in run.plan.cells if each.cell not in run.found])
    groups = run.groups
    for number, group in enumerate(groups):
        missing = [planned for planned in group if planned.cell not in run.kept]
        if missing and (reason := run.open or run.pace.refusal(missing)):
            run.left_out += [Unmeasured(planned.cell, reason) for planned in group]
            continue
        rest = [each for later in groups[number + 1 :] for each in later if each in run.plan.cells]
        for planned in group:
            if run.have(planned):
                tell(planned, rest)
    run.wait(tell, waiting)
    outcomes, left_out = run.outcomes, tuple(run.left_out)
    if run.open:
        needed = float(settled) if isinstance(settled, int | float) else run.needed(ladder, before)
    if not outcomes:
        enough = "" if needed is None else f", about --budget {minutes(needed)} for the question"
        message = f"the budget of {plan.budget:.0f} s ended before a single cell was measured; give more time{enough}"
        raise TransferError(message)
    if all(outcome.cell in run.kept for outcome in outcomes) and results.complete:
        return Measured(run.plan, outcomes, left_out, spent, needed)  # finished before: nothing is written
    seconds = run.pace.elapsed()
    keep(seconds, complete=True)
    return Measured(run.plan, outcomes, left_out, seconds, needed)


class _Run:
    """The cells of a plan: those that are kept, found by now, measured by others, or left out."""

    def __init__(
        self,
        work: Work,
        results: Results,
        plan: Plan,
        pace: Pace,
        *,
        claims: Claims | None,
        clock: Callable[[], float],
    ) -> None:
        self._work, self._results, self._claims, self._clock = work, results, claims, clock
        self.pace = pace
        self.deadline: float | None = None
        self.found: dict[Cell, Outcome] = {}
        self.elsewhere: list[Planned] = []
        self.left_out: list[Unmeasured] = []
        self._follow(plan)
        self.asked = () if plan.budget is None else question(self.keys)
        for planned in self._every:
            if plan.budget is not None and planned.cell in self.kept:  # what an earlier run took tells as much
                pace.took(planned, self.kept[planned.cell].own_seconds)
        probes = [cell for cell in self.keys if not cell.trained and cell not in self.kept]
        planned_cells = {each.cell for each in plan.cells}
        # What a team is asked for together; one alone is not shared.
        self._shared = [each for each in probes if each in planned_cells] if len(probes) > 1 else []

    def _follow(self, plan: Plan) -> None:
        self.plan = plan
        self._every = (*plan.cells, *plan.left_out)
        self.keys = {each.cell: cell_key(self._work.identity(each.cell, plan.settings)) for each in self._every}
        loaded = {cell: self._results.load(key) for cell, key in self.keys.items()}
        self.kept = {cell: outcome for cell, outcome in loaded.items() if outcome is not None}

    @property
    def groups(self) -> list[list[Planned]]:
        """What is measured after the question, if there is one, as far as it goes together."""
        found = _grouped(self.plan.cells) + _grouped(self.plan.left_out)
        return [group for group in found if group[0].cell not in self.asked]

    @property
    def open(self) -> str:
        """Why nothing else is measured: the question has no answer; empty if it has one, or was not asked."""
        lacking = [str(cell) for cell in self.asked if cell not in self.found]
        return f"the question comes first, and of it is not measured: {'; '.join(lacking)}" if lacking else ""

    @property
    def fits(self) -> bool:
        """Whether there is time for what of the question is not measured."""
        return not self.pace.refusal(self._rest(self._every))

    def _rest(self, every: Sequence[Planned]) -> list[Planned]:
        """What of the question is not measured."""
        known = self.found.keys() | self.kept.keys()
        return [each for each in every if each.cell in self.asked and each.cell not in known]

    def planned(self, cell: Cell) -> Planned:
        """What is expected of a cell."""
        return next(each for each in self._every if each.cell == cell)

    def ask(self, cell: Cell, ladder: Sequence[Settings], *, settled: bool, again: Callable[[], None]) -> bool:
        """Find the outcome of a part of the question, with a shorter training where there is no time for the planned.

        `settled`: an earlier run ended without an answer, and is not begun again. `again` is called with a new plan.
        """
        if settled and cell not in self.kept:
            self.left_out.append(Unmeasured(cell, "not measured in the time of the budget"))
            return False
        if cell.trained and not self.fits and self.shorten(ladder):
            again()
        while not (found := self.have(self.planned(cell))) and self.shorten(ladder):
            self.left_out.pop()
            again()
        return found

    def shorten(self, ladder: Sequence[Settings]) -> bool:
        """Plan again, with what things took so far, so that the rest of the question fits; False where nothing does.

        All cells share their settings, so once a network was trained they stay.
        """
        place = ladder.index(self.plan.settings) + 1 if self.plan.settings in ladder else len(ladder)
        if any(cell.trained for cell in self.found):
            return False
        for settings in ladder[place:]:
            if settings.size == self.plan.settings.size:
                plan = shortened(self.plan, settings, self._work.predict)
                rest = self._rest((*plan.cells, *plan.left_out))
                if any(each.cell.trained for each in rest) and not self.pace.refusal(rest):
                    self._follow(plan)
                    return True
        return False

    def needed(self, ladder: Sequence[Settings], before: float) -> float:
        """About what budget would answer the question, in seconds."""
        cheapest = ladder[-1] if ladder else self.plan.settings
        probes = self.pace.ratio(trained=False)
        # Where nothing was trained, a machine that was slow with probes is thought to be slow with trainings, too.
        trainings = self.pace.ratio(trained=True) if self.pace.knows(trained=True) else max(1.0, probes)
        ratios = {"probes": probes, "trainings": trainings}
        return budget_for(self.asked, cheapest, self._work.predict, self._work.shared, before=before, **ratios)

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

    def wait(
        self, tell: Callable[[Planned, Sequence[Planned]], None], waiting: Callable[[int, Owner | None], None] | None
    ) -> None:
        """Have what others measure, as soon as it is there."""
        if self.elsewhere and waiting is not None and self._claims is not None:
            waiting(len(self.elsewhere), self._claims.holder(self.keys[self.elsewhere[0].cell]))
        while self.elsewhere:
            again, self.elsewhere = self.elsewhere, []
            for planned in again:
                if self.have(planned):
                    tell(planned, self.elsewhere)
            if self.elsewhere:
                time.sleep(_LOOK)

    def _measured(self, planned: Planned, key: str) -> Outcome | None:
        cell, settings = planned.cell, self.plan.settings
        if reason := self.pace.refusal([planned]):  # what was measured since may have gone slower
            self.left_out.append(Unmeasured(cell, reason))
            return None
        at = self._clock()
        if not cell.trained and self._shared:
            self._work.share(self._shared, settings)
            self._shared = []
        outcome = self._work.measure(cell, settings, checkpoint=self._results.checkpoint(key), deadline=self.deadline)
        if isinstance(outcome, Late):
            self.pace.took(planned, outcome.seconds)
            self._results.forget_checkpoints(key)
            reason = f"given up, because all of it would have taken about {outcome.seconds:.0f} s"
            self.left_out.append(Unmeasured(cell, reason))
            return None
        outcome = replace(outcome, own_seconds=self._clock() - at)
        self.pace.took(planned, outcome.own_seconds)
        if self._claims is not None and not self._claims.holds(key):  # it slept, and others took the cell meanwhile
            self.elsewhere.append(planned)
            return None
        self._results.save(key, outcome)
        self._results.forget_checkpoints(key)
        return outcome


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
    needed: float | None,
    complete: bool,
) -> None:
    results.write_run(
        {
            **provenance,
            "plan": plan_document(plan),
            "left_out": [asdict(each) for each in left_out],
            **({} if needed is None else {"needed": round(needed, 3)}),
            "seconds": round(seconds, 3),
            "complete": complete,
        }
    )

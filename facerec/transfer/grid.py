"""Which cells are measured, in which order, and which of them fit into a time budget.

What a reader wants first comes first: the question of the lecture, a linear probe against fine-tuning on all photos,
once; then every other protocol on all photos; then fewer photos; then more seeds, whole rows of them, so that what
stands side by side rests on the same seeds; training from scratch last, and once. With a budget, settings are tried
from the best to the cheapest until the question fits, and what is left over goes down that list; what does not fit is
listed. Where the question does not fit, nothing else takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell, Protocol

RESERVE = 0.08
"""Share of a budget that is kept for the report and for what goes slower than predicted."""

HEADLINE: tuple[Protocol, ...] = ("linear", "fine-tune")
"""The question: option 1 and option 2 of the lecture."""

_CORE = 0.75


@dataclass(frozen=True)
class Settings:
    """What all cells of a run share, so that no protocol gets more than another.

    Attributes
    ----------
    size : int or None
        Side of the network's input in pixels, of probes and trainings alike; None: each backbone's own.
    epochs : int
        Of a training; 1 or more.
    least_steps : int
        Of a training on few photos; 0 or more.
    trials : int
        Learning rates that each trained protocol may try on validation; 1 or more.
    """

    size: int | None
    epochs: int
    least_steps: int
    trials: int

    def __post_init__(self) -> None:
        if (self.size is not None and self.size < 1) or self.epochs < 1 or self.trials < 1 or self.least_steps < 0:
            message = f"size, epochs and trials must be 1 or more; got {self}"
            raise ArgumentError(message)


@dataclass(frozen=True)
class Planned:
    """A cell and the seconds that it is expected to take, with the features that it is the first to need."""

    cell: Cell
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes
    ----------
    settings : Settings
    cells : tuple of Planned
        In the order in which they are run.
    left_out : tuple of Planned
        What does not fit into the budget, and where the question does not, all else.
    budget : float or None
        Seconds; None: no limit.
    """

    settings: Settings
    cells: tuple[Planned, ...]
    left_out: tuple[Planned, ...]
    budget: float | None

    @property
    def seconds(self) -> float:
        """What all of it is expected to take."""
        return sum(planned.seconds for planned in self.cells)


Predict: TypeAlias = Callable[[Cell, Settings], float]
"""The seconds that a cell is expected to take, without what is shared."""

Shared: TypeAlias = Callable[[str, Settings], float]
"""The seconds that a backbone's features are expected to take."""


def groups(
    backbones: Sequence[str], protocols: Sequence[Protocol], shots: Sequence[int | None], seeds: int
) -> tuple[tuple[Cell, ...], ...]:
    """All cells of a grid, the most telling first; a group is run as a whole or not at all.

    Parameters
    ----------
    backbones : sequence of str
    protocols : sequence of str
    shots : sequence of int or None
        Photos per class; None: all.
    seeds : int
        1 or more.

    Returns
    -------
    tuple of tuple of Cell
        Cells of the first seed are groups of one. Of each further seed, all protocols of a backbone with a number of
        shots are a group. ``scratch`` is there once for each backbone: with the most photos, of the first seed.

    Raises
    ------
    ArgumentError
        If something is empty or named twice, or `seeds` is less than 1.

    Examples
    --------
    >>> for group in groups(["net"], ["linear", "knn", "fine-tune", "scratch"], [5, None], 2):
    ...     print(" | ".join(str(cell).removeprefix("net, ") for cell in group))
    linear, all photos, seed 0
    fine-tune, all photos, seed 0
    knn, all photos, seed 0
    linear, 5 shots, seed 0
    knn, 5 shots, seed 0
    fine-tune, 5 shots, seed 0
    linear, all photos, seed 1 | knn, all photos, seed 1 | fine-tune, all photos, seed 1
    linear, 5 shots, seed 1 | knn, 5 shots, seed 1 | fine-tune, 5 shots, seed 1
    scratch, all photos, seed 0
    """
    for name, values in (("backbone", backbones), ("protocol", protocols), ("number of shots", shots)):
        if not values or len(set(values)) < len(values):
            message = f"a grid needs at least one {name}, each named once; got {list(values)}"
            raise ArgumentError(message)
    if seeds < 1:
        message = f"seeds must be 1 or more; got {seeds}"
        raise ArgumentError(message)
    most, *fewer = sorted(shots, key=lambda count: -_photos(count))
    rows = sorted((each for each in protocols if each != "scratch"), key=lambda each: Cell("", each, 1, 0).trained)
    question = [each for each in HEADLINE if each in rows]
    first = [Cell(name, each, most, 0) for name in backbones for each in question]
    first += [Cell(name, each, most, 0) for each in rows if each not in question for name in backbones]
    first += [Cell(name, each, count, 0) for count in fewer for each in rows for name in backbones]
    ordered: list[tuple[Cell, ...]] = [(cell,) for cell in first]
    if rows:
        ordered += [
            tuple(Cell(name, each, count, seed) for each in rows)
            for seed in range(1, seeds)
            for count in (most, *fewer)
            for name in backbones
        ]
    ordered += [(Cell(name, "scratch", most, 0),) for name in backbones if "scratch" in protocols]
    return tuple(ordered)


def question(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """What answers the question among some cells, in their order: none of them where one of its sides is not asked for.

    Examples
    --------
    >>> cells = [Cell("net", name, shots, 0) for shots in (5, None) for name in ("knn", "linear", "fine-tune")]
    >>> [str(cell) for cell in question(cells)]
    ['net, linear, all photos, seed 0', 'net, fine-tune, all photos, seed 0']
    >>> question(cells[:2])
    ()
    """
    every = [cell for cell in cells if cell.seed == 0]
    most = max((_photos(cell.shots) for cell in every), default=0)
    found = [cell for cell in every if cell.protocol in HEADLINE and _photos(cell.shots) == most]
    return tuple(found) if {cell.protocol for cell in found} == set(HEADLINE) else ()


def budget_for(
    asked: Sequence[Cell],
    settings: Settings,
    predict: Predict,
    shared: Shared,
    *,
    before: float = 0.0,
    probes: float = 1.0,
    trainings: float = 1.0,
) -> float:
    """The seconds of a budget in which the question would be answered.

    Parameters
    ----------
    asked : sequence of Cell
        As `question` gives them.
    settings : Settings
        The cheapest that there are.
    predict, shared : callable
        What things cost.
    before : float
        Seconds until the first cell is measured.
    probes, trainings : float
        What these took, in multiples of what was predicted.
    """
    plan = _filled([(cell,) for cell in asked], settings, predict, shared, None)
    return before + sum(each.seconds * (trainings if each.cell.trained else probes) for each in plan.cells) / _CORE


def shortened(plan: Plan, settings: Settings, predict: Predict) -> Plan:
    """The same cells with other trainings, whose input is of the same size."""

    def again(cells: tuple[Planned, ...]) -> tuple[Planned, ...]:
        return tuple(
            replace(each, seconds=each.seconds - predict(each.cell, plan.settings) + predict(each.cell, settings))
            if each.cell.trained
            else each
            for each in cells
        )

    return replace(plan, settings=settings, cells=again(plan.cells), left_out=again(plan.left_out))


def choose(
    ordered: Sequence[tuple[Cell, ...]],
    ladder: Sequence[Settings],
    predict: Predict,
    shared: Shared,
    *,
    budget: float | None = None,
    before: float = 0.0,
) -> Plan:
    """Decide on settings and cells.

    Parameters
    ----------
    ordered : sequence of tuple of Cell
        As `groups` gives them.
    ladder : sequence of Settings
        From the best to the cheapest; without a budget the first is taken.
    predict, shared : callable
        What things cost.
    budget : float, optional
        Seconds for everything, above 0.
    before : float
        Seconds of it that are gone.

    Returns
    -------
    Plan
        With a budget, of the first settings with which the question (`HEADLINE` on the most photos, once) takes at most
        three quarters of what is left of it; the cheapest if none does. Where all of the question is asked for and does
        not fit, nothing but its parts is planned. Further seeds are planned for what the first was planned for.

    Raises
    ------
    ArgumentError
        If the budget is not positive, or not even one cell fits.
    """
    if budget is None:
        return _filled(ordered, ladder[0], predict, shared, None)
    every = [cell for group in ordered for cell in group]
    if not budget > 0:
        message = f"a budget must be above 0 seconds; got {budget:g}"
        raise ArgumentError(message)
    most = ordered[0][0].shots
    core = [group for group in ordered if group[0].shots == most and group[0].seed == 0]
    core = [group for group in core if group[0].protocol in HEADLINE] or core[:1]

    def affordable(wanted: Sequence[tuple[Cell, ...]]) -> Settings:
        for settings in ladder:
            if _filled(wanted, settings, predict, shared, None).seconds <= _CORE * (budget - before):
                return settings
        return ladder[-1]

    plan = _filled(ordered, affordable(core), predict, shared, budget, before=before)
    probes = [group for group in core if not group[0].trained]
    if probes and not any(planned.cell.trained for planned in plan.cells):
        # Where nothing can be trained, photos need not be small.
        plan = _filled(ordered, affordable(probes), predict, shared, budget, before=before)
    asked = question(every)
    if not set(asked) <= {each.cell for each in plan.cells}:
        plan = _only(plan, asked, every)
    if not plan.cells:
        first = [each for each in plan.left_out if (each.cell in asked if asked else not each.cell.seed)]
        cheapest = min(first, key=lambda planned: planned.seconds)
        message = (
            f"nothing fits into a budget of {budget:.3g} s: {cheapest.cell} alone takes about "
            f"{cheapest.seconds:.3g} s here; give more time, or fewer photos"
        )
        if asked:
            needed = budget_for(asked, ladder[-1], predict, shared, before=before)
            message += (
                f". The question, a linear probe or fine-tuning, takes about --budget {minutes(needed)}, and nothing "
                "else is measured in its place"
            )
        raise ArgumentError(message)
    return plan


def minutes(seconds: float) -> str:
    """A budget as the command line takes it, in whole minutes, never less.

    >>> minutes(61), minutes(60), minutes(7201)
    ('2m', '1m', '121m')
    """
    return f"{math.ceil(seconds / 60)}m"


def _only(plan: Plan, wanted: Sequence[Cell], ordered: Sequence[Cell]) -> Plan:
    """Of what is planned those cells only; all others are left out, in their order."""
    cells = tuple(each for each in plan.cells if each.cell in wanted)
    seconds = {each.cell: each for each in (*plan.cells, *plan.left_out)}
    kept = {each.cell for each in cells}
    return replace(plan, cells=cells, left_out=tuple(seconds[cell] for cell in ordered if cell not in kept))


def _filled(
    ordered: Sequence[tuple[Cell, ...]],
    settings: Settings,
    predict: Predict,
    shared: Shared,
    budget: float | None,
    *,
    before: float = 0.0,
) -> Plan:
    chosen: list[Planned] = []
    left_out: list[Planned] = []
    rows: set[tuple[str, str, int | None]] = set()  # what the first seed was planned for
    prepared: set[str] = set()
    spent = 0.0
    for group in ordered:
        planned = []
        for cell in group:
            needed = {cell.backbone} if uses_features(cell) else set()
            preparing = sum(shared(name, settings) for name in needed - prepared)
            planned.append(Planned(cell, predict(cell, settings) + preparing))
            prepared |= needed
        wanted = [each for each in planned if each.cell.seed == 0 or _row(each.cell) in rows]
        left_out += [each for each in planned if each not in wanted]
        cost = sum(each.seconds for each in wanted)
        if budget is None or before + spent + cost <= (1 - RESERVE) * budget:
            chosen += wanted
            rows |= {_row(each.cell) for each in wanted}
            spent += cost
        else:
            left_out += wanted
            prepared = {each.cell.backbone for each in chosen if uses_features(each.cell)}
    return Plan(settings, tuple(chosen), tuple(left_out), budget)


def _photos(shots: int | None) -> int:
    """For comparison: all photos are the most."""
    return shots or 1 << 62


def _row(cell: Cell) -> tuple[str, str, int | None]:
    return cell.backbone, cell.protocol, cell.shots


def uses_features(cell: Cell) -> bool:
    """Whether a cell needs the vectors that a frozen backbone makes of the photos."""
    return not cell.trained or cell.protocol == "lp-ft"

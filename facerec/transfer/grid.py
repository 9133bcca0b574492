"""Which cells are measured, in which order, and which of them fit into a time budget.

What a reader wants first comes first: every probe once, then the trained protocols once, then more seeds. With a
budget, sizes and training lengths are tried from the best to the cheapest until the core of the grid fits, and what is
left over goes to further seeds; what does not fit is listed. Protocols that train are taken or left together, because
fine-tuning without training from scratch beside it says nothing about pre-training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell, Protocol

RESERVE = 0.08
"""Share of a budget that is kept for the report and for what goes slower than predicted."""

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
    """A cell and the seconds that it is expected to take."""

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
        What does not fit into the budget.
    shared_seconds : float
        What is computed once for several cells: the features of each backbone.
    budget : float or None
        Seconds; None: no limit.
    """

    settings: Settings
    cells: tuple[Planned, ...]
    left_out: tuple[Planned, ...]
    shared_seconds: float
    budget: float | None

    @property
    def seconds(self) -> float:
        """What all of it is expected to take."""
        return self.shared_seconds + sum(planned.seconds for planned in self.cells)


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
        Probes are groups of one. The trained protocols of a backbone, a number of shots and a seed are one group: the
        last but one number of shots first, then all photos, then fewer and fewer.

    Raises
    ------
    ArgumentError
        If something is empty or named twice, or `seeds` is less than 1.

    Examples
    --------
    >>> for group in groups(["net"], ["linear", "fine-tune", "scratch"], [5, None], 1):
    ...     print(" | ".join(map(str, group)))
    net, linear, all photos, seed 0
    net, linear, 5 shots, seed 0
    net, fine-tune, 5 shots, seed 0 | net, scratch, 5 shots, seed 0
    net, fine-tune, all photos, seed 0 | net, scratch, all photos, seed 0
    """
    for name, values in (("backbone", backbones), ("protocol", protocols), ("number of shots", shots)):
        if not values or len(set(values)) < len(values):
            message = f"a grid needs at least one {name}, each named once; got {list(values)}"
            raise ArgumentError(message)
    if seeds < 1:
        message = f"seeds must be 1 or more; got {seeds}"
        raise ArgumentError(message)
    most = sorted(shots, key=lambda count: -(count or 1 << 62))
    middle_first = [*most[1:2], *most[:1], *most[2:]]
    ordered: list[tuple[Cell, ...]] = []
    for seed in range(seeds):
        cells = [[Cell(name, protocol, count, seed) for protocol in protocols] for count in most for name in backbones]
        ordered += [(cell,) for row in cells for cell in row if not cell.trained]
        for count in middle_first:
            for name in backbones:
                trained = tuple(cell for cell in (Cell(name, p, count, seed) for p in protocols) if cell.trained)
                ordered += [trained] if trained else []
    return tuple(ordered)


def choose(
    ordered: Sequence[tuple[Cell, ...]],
    ladder: Sequence[Settings],
    predict: Predict,
    shared: Shared,
    *,
    budget: float | None = None,
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

    Returns
    -------
    Plan
        With a budget, of the first settings whose core (the first seed of every probe, and of the trained protocols
        with the last but one number of shots) takes at most three quarters of it; the cheapest if none does.

    Raises
    ------
    ArgumentError
        If the budget is not positive, or not even one cell fits.
    """
    if budget is None:
        settings = ladder[0]
        cells = tuple(Planned(cell, predict(cell, settings)) for group in ordered for cell in group)
        return Plan(settings, cells, (), sum(shared(name, settings) for name in _backbones(ordered)), None)
    if not budget > 0:
        message = f"a budget must be above 0 seconds; got {budget:g}"
        raise ArgumentError(message)
    core = _core(ordered)
    probes = [group for group in core if not group[0].trained]

    def affordable(wanted: Sequence[tuple[Cell, ...]]) -> Settings:
        for settings in ladder:
            cost = sum(shared(name, settings) for name in _backbones(wanted))
            cost += sum(predict(cell, settings) for group in wanted for cell in group)
            if cost <= _CORE * budget:
                return settings
        return ladder[-1]

    settings = affordable(core)
    plan = _filled(ordered, settings, predict, shared, budget)
    if probes and not any(planned.cell.trained for planned in plan.cells):
        # Where nothing can be trained, photos need not be small.
        settings = affordable(probes)
        plan = _filled(ordered, settings, predict, shared, budget)
    if not plan.cells:
        cheapest = min(plan.left_out, key=lambda planned: planned.seconds)
        message = (
            f"nothing fits into a budget of {budget:.3g} s: {cheapest.cell} alone takes about "
            f"{cheapest.seconds + shared(cheapest.cell.backbone, settings):.3g} s here; give more time, or fewer photos"
        )
        raise ArgumentError(message)
    return plan


def _filled(
    ordered: Sequence[tuple[Cell, ...]], settings: Settings, predict: Predict, shared: Shared, budget: float
) -> Plan:
    chosen: list[Planned] = []
    left_out: list[Planned] = []
    prepared: set[str] = set()
    spent = common = 0.0
    for group in ordered:
        planned = [Planned(cell, predict(cell, settings)) for cell in group]
        new = {cell.backbone for cell in group if _uses_features(cell)} - prepared
        preparing = sum(shared(name, settings) for name in new)
        cost = preparing + sum(each.seconds for each in planned)
        if spent + cost <= (1 - RESERVE) * budget:
            chosen += planned
            prepared |= new
            spent += cost
            common += preparing
        else:
            left_out += planned
    return Plan(settings, tuple(chosen), tuple(left_out), common, budget)


def _uses_features(cell: Cell) -> bool:
    return not cell.trained or cell.protocol == "lp-ft"


def _backbones(ordered: Sequence[tuple[Cell, ...]]) -> list[str]:
    return list(dict.fromkeys(cell.backbone for group in ordered for cell in group if _uses_features(cell)))


def _core(ordered: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    levels = sorted({cell.shots for group in ordered for cell in group}, key=lambda count: -(count or 1 << 62))[:2]
    return [group for group in ordered if group[0].seed == 0 and (not group[0].trained or group[0].shots == levels[-1])]

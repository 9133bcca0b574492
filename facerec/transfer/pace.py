"""Whether what is left of a run fits into its budget, by what its cells took so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from facerec.transfer.grid import RESERVE, Plan, Planned


class Pace:
    """What was predicted against what it took, for probes and trainings apart.

    `began` is a reading of the `clock`, in seconds; `spent` are those of earlier runs.
    """

    def __init__(self, plan: Plan, began: float, spent: float, clock: Callable[[], float]) -> None:
        self._budget = plan.budget
        self._began = began - spent
        self._clock = clock
        self._sums = {True: [0.0, 0.0], False: [0.0, 0.0]}

    def elapsed(self) -> float:
        """Seconds of all runs so far."""
        return self._clock() - self._began

    def took(self, planned: Planned, seconds: float) -> None:
        """Take in what a cell took."""
        sums = self._sums[planned.cell.trained]
        sums[0] += planned.seconds
        sums[1] += seconds

    def expected(self, cells: Sequence[Planned]) -> float:
        """The seconds that cells are expected to take, by what the others took."""
        return sum(each.seconds * self.ratio(trained=each.cell.trained) for each in cells)

    def refusal(self, cells: Sequence[Planned]) -> str:
        """Why a group does not fit any more; empty if it does."""
        if self._budget is None:
            return ""
        needed, left = self.expected(cells), (1 - RESERVE / 2) * self._budget - self.elapsed()
        if needed <= left:
            return ""
        return f"would take about {needed:.0f} s, and {max(left, 0):.0f} s of the budget are left"

    def knows(self, *, trained: bool) -> bool:
        """Whether anything of that kind was measured."""
        return self._sums[trained][0] > 0

    def ratio(self, *, trained: bool) -> float:
        """What cells of that kind took, in multiples of what was predicted."""
        predicted, taken = self._sums[trained]
        return taken / predicted if predicted > 0 else 1.0

"""Axes of charts: where a number lies between two ends, and which numbers are written there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, TypeAlias

from facerec.errors import ArgumentError

Scale: TypeAlias = Literal["linear", "log", "normal"]
"""``normal``: of rates, by the normal deviate (Martin et al. 1997, "The DET curve"); scores that are normal make a
straight line."""

_RATES = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5)
_FEW_DECADES = 200
_deviate = NormalDist().inv_cdf


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, with its `name` and unit, and the `ticks` (number, text) on it."""

    name: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            message = f"the axis {self.name!r} runs from a number to a larger one; got {self.low} and {self.high}"
            raise ArgumentError(message)

    def at(self, value: float) -> float:
        """Where a number lies, 0 at the low end and 1 at the high one; beyond an end, on it; NaN of NaN."""
        if math.isnan(value):
            return math.nan
        low, high, where = (self._on(each) for each in (self.low, self.high, min(max(value, self.low), self.high)))
        return (where - low) / (high - low)

    def _on(self, value: float) -> float:
        return math.log(value) if self.scale == "log" else _deviate(value) if self.scale == "normal" else value


def linear(
    name: str, values: Iterable[float], *, percent: bool = False, start: float | None = None, most: int = 6
) -> Axis:
    """An axis that holds all of `values`, with round ticks; from `start`, or from the lowest tick below them.

    >>> axis = linear("FMR, %", [0.012, 0.1], percent=True, start=0)
    >>> [text for _, text in axis.ticks], axis.at(0.05)
    (['0', '2', '4', '6', '8', '10'], 0.5)
    """
    known = [float(value) for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(known) if start is None else start, max(known)
    high = high if high > low else low + (abs(low) or 1.0)
    step = _step((high - low) / most)
    first = math.floor(low / step + 1e-9) if start is None else math.ceil(start / step - 1e-9)
    last = math.ceil(high / step - 1e-9)
    places = [number * step for number in range(first, last + 1)]
    digits = max(0, -math.floor(math.log10(step * (100 if percent else 1)) + 1e-9))
    ticks = tuple((place, _plain(place * (100 if percent else 1), digits)) for place in places)
    return Axis(name, min(low, places[0]) if start is None else start, max(high, places[-1]), ticks)


def log(name: str, values: Iterable[float], *, percent: bool = False, ticks: Sequence[float] = ()) -> Axis:
    """A log axis that holds all positive `values`, with ticks at decades (1, 2 and 5 where it is short), or `ticks`."""
    known = [float(value) for value in values if value > 0 and math.isfinite(value)] or [0.1, 1.0]
    low, high = min(known), max(known)
    if high < 1.2 * low:
        low, high = low / 1.5, high * 1.5
    steps = (1, 2, 5) if high < _FEW_DECADES * low else (1,)
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    places = list(ticks) or [step * 10.0**decade for decade in decades for step in steps]
    inside = [place for place in places if low * 0.999 <= place <= high * 1.001]
    return Axis(name, low, high, tuple((place, amount(place * (100 if percent else 1))) for place in inside), "log")


def normal(name: str, rates: Iterable[float]) -> Axis:
    """An axis of rates by their normal deviate, in per cent, from a tick below the smallest that is not 0 to a half."""
    smallest = min([0.005, *(float(rate) for rate in rates if rate > 0)])
    floor = max((tick for tick in _RATES if tick <= smallest), default=_RATES[0])
    ticks = tuple((tick, f"{100 * tick:.10g}") for tick in _RATES if tick >= floor)
    return Axis(name, floor, _RATES[-1], ticks, "normal")


def amount(value: float) -> str:
    """A number as short as an axis has room for.

    >>> amount(0.001), amount(2500), amount(4e9)
    ('0.001', '2,500', '4 G')
    """
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= factor:
            return f"{value / (1e3 if prefix == 'k' else factor):.3g} {prefix}"
    return (
        f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) >= 1e-4 or not value else f"{value:g}"
    )


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def _plain(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    return (text.lstrip("-") if not float(text.replace(",", "")) else text).replace("-", "−")

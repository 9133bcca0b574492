"""Columns of a report's tables: what may stand in a cell, how it is aligned and how it is written for a reader.

A number is written by the kind of its column, so that the same quantity looks the same in every table. Three things
that a careless table mixes up stay apart: a value that does not apply (``None``, written –), a quantity for which
there was no evidence (NaN, written "not measured") and a measured zero.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from facerec.errors import ArgumentError
from facerec.reporting.inline import printable
from facerec.types import Interval

Kind: TypeAlias = Literal[
    "text", "code", "verdict", "count", "amount", "rate", "score", "ratio", "number", "p", "seconds", "interval"
]
"""``text``, ``code`` (digests, paths), ``verdict`` (a `Standing`), ``count`` (1,234), ``amount`` (4.65 M), ``rate`` (a
share 0 … 1, in per cent), ``score`` (three decimals), ``ratio`` (1.35×), ``number`` (four digits), ``p`` (of a test:
never below 0.001), ``seconds`` (µs to s), ``interval`` (an `Interval` of rates)."""

Standing: TypeAlias = Literal["pass", "fail", "insufficient", "note", "warning"]
"""How a claim or a remark stands; ``insufficient``: the evidence decides neither way."""

Cell: TypeAlias = str | int | float | Interval | None

MISSING = "–"
UNMEASURED = "not measured"
WORDS: Mapping[str, str] = {
    "pass": "Pass",
    "fail": "Fail",
    "insufficient": "Insufficient evidence",
    "note": "Note",
    "warning": "Warning",
}

_NBSP = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and what its cells are; a unit stands in the cells or here, once."""

    name: str
    kind: Kind = "text"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            message = f"column {self.name!r} must be one of {', '.join(get_args(Kind))}; got {self.kind!r}"
            raise ArgumentError(message)
        object.__setattr__(self, "name", printable(self.name))

    @property
    def numeric(self) -> bool:
        """True if its cells are aligned to the right."""
        return self.kind not in ("text", "code", "verdict")

    def checked(self, cell: object) -> Cell:
        """Return `cell` as a plain Python value; `ArgumentError` if it is not of the column's kind."""
        if cell is None:
            return None
        if self.kind in ("text", "code") and isinstance(cell, str):
            return printable(cell)
        if self.kind == "verdict" and cell in WORDS:
            return str(cell)
        if self.kind == "interval" and isinstance(cell, Interval):
            return Interval(float(cell.low), float(cell.high), float(cell.confidence))
        if self.numeric and self.kind != "interval" and isinstance(cell, numbers.Real) and not isinstance(cell, bool):
            if isinstance(cell, numbers.Integral):
                return int(cell)
            if self.kind != "count" or not math.isfinite(cell):
                return float(cell)
        message = f"column {self.name!r} holds cells of kind {self.kind}; got {cell!r}"
        raise ArgumentError(message)

    def written(self, cell: Cell) -> str:
        r"""Return `cell` as the reader sees it.

        >>> Column("FMR", "rate").written(0.00042), Column("FMR", "rate").written(float("nan"))
        ('0.042\xa0%', 'not measured')
        """
        if cell is None:
            return MISSING
        if isinstance(cell, Interval):
            if math.isnan(cell.low) or math.isnan(cell.high):
                return UNMEASURED
            return f"{share_digits(cell.low)} to {write_number(cell.high, 'rate')}"
        if isinstance(cell, str):
            return WORDS[cell] if self.kind == "verdict" else cell
        return write_number(cell, self.kind)


def write_threshold(value: float) -> str:
    """Return a threshold in as few digits as give the same number back: whoever types it in decides as it did.

    Where nobody may be accepted it lies a hair above a score, and that hair is written.

    >>> write_threshold(0.5), write_threshold(0.9091813), write_threshold(math.nextafter(0.947, 1))
    ('0.5', '0.9091813', '0.9470000000000001')
    """
    short = f"{value:.6g}"
    return short if float(short) == value else repr(float(value))


def write_number(value: float, kind: Kind = "number") -> str:
    r"""Return a number as a column of `kind` writes it; also for numbers in prose, so that they match the tables.

    >>> write_number(1234567, "count"), write_number(0.9927, "rate"), write_number(4652008, "amount")
    ('1,234,567', '99.27\xa0%', '4.65\xa0M')
    """
    if math.isnan(value):
        return UNMEASURED
    sign = "−" if value < 0 else ""
    size = abs(value)
    return sign + ("∞" if math.isinf(size) else _WRITERS.get(kind, _plainly)(size))


def _plainly(size: float) -> str:
    return f"{size:,.0f}" if isinstance(size, int) or 1000 <= size < 1e15 else f"{size:.4g}"


def share_digits(value: float) -> str:
    """A share in per cent, three digits; one that is nearly all shows how much is missing, and never looks like all.

    >>> share_digits(0.05678), share_digits(0.00057), share_digits(0.9928), share_digits(0.99985), share_digits(1.0)
    ('5.68', '0.057', '99.28', '99.985', '100')
    """
    if not 0.99 < value < 1:
        return format(Decimal(f"{100 * value:.3g}"), "f").replace("-", "−")
    missing = 100 * (1 - value)
    digits = max(0, math.ceil(-math.log10(missing) - 1e-9)) + 1
    return f"{100 - math.ceil(missing * 10**digits - 1e-6) / 10**digits:.{digits}f}"


# Each step is taken a little early, because 999.9 with three digits would be written 1e+03.
_EARLY = 0.9995


def _with_prefix(size: float) -> str:
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= _EARLY * factor:
            return f"{size / factor:.3g}{_NBSP}{prefix}"
    return f"{size:.3g}"


def _duration(size: float) -> str:
    if size >= 100:
        return f"{size:,.0f}{_NBSP}s"
    if size >= _EARLY:
        return f"{size:.2f}{_NBSP}s"
    if size >= _EARLY * 1e-3:
        return f"{1e3 * size:.3g}{_NBSP}ms"
    return f"{1e6 * size:.3g}{_NBSP}µs"


_WRITERS: Mapping[str, Callable[[float], str]] = {
    "count": lambda size: f"{size:,.0f}",
    "amount": _with_prefix,
    "rate": lambda size: f"{share_digits(size)}{_NBSP}%",
    "score": lambda size: f"{size:.3f}",
    "p": lambda size: "< 0.001" if size < 0.001 else f"{size:.3f}",
    "ratio": lambda size: f"{size:.2f}×" if size < 100 else f"{size:,.0f}×",
    "seconds": _duration,
}

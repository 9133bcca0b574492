"""Charts of matching and of learning, from numbers: `prepare_histogram` computes, the others only lay out.

None of them decides anything: the operating point, the rates and their intervals come from who measured them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError
from facerec.reporting import axes
from facerec.reporting.axes import Axis
from facerec.reporting.drawings import COLOURS, Cell, Chart, Colour, Line, Matrix, Rule

_DET_MOST = 0.5


def det_chart(curves: Sequence[tuple[str, ArrayLike, ArrayLike]], marks: Sequence[tuple[float, float]] = ()) -> Chart:
    """FNMR over FMR, both on normal-deviate axes: a line per curve, a dot per mark.

    Parameters
    ----------
    curves : sequence of (str, array_like, array_like)
        What each is of, and its FMR and FNMR, 0 … 1, of one shape (n,), in threshold order. A rate of 0 is drawn at the
        axis' lower end; rates above one half are left out.
    marks : sequence of (float, float)
        FMR and FNMR at the operating point, of the first curves.

    Raises
    ------
    ArgumentError
        If a rate is none, or two arrays differ in shape.
    """
    known = [(label, np.asarray(fmr, np.float64), np.asarray(fnmr, np.float64)) for label, fmr, fnmr in curves]
    for label, fmr, fnmr in known:
        paired = fmr.ndim == 1 and fmr.shape == fnmr.shape
        if not paired or not all(((each >= 0) & (each <= 1)).all() for each in (fmr, fnmr)):
            message = f"DET curve {label!r} needs two arrays (n,) of rates 0 … 1; a group without trials has no curve"
            raise ArgumentError(message)
    lines = []
    for label, fmr, fnmr in known:
        shown = (fmr <= _DET_MOST) & (fnmr <= _DET_MOST)
        lines.append(Line(label, tuple(fmr[shown].tolist()), tuple(fnmr[shown].tolist())))
    spots = tuple(
        Line("", (fmr,), (fnmr,), colour=COLOURS[place % len(COLOURS)], points=True)
        for place, (fmr, fnmr) in enumerate(marks)
    )
    every = [np.concatenate([part[at] for part in known] or [np.empty(0)]) for at in (1, 2)]
    return Chart(
        "",
        axes.normal("false match rate (FMR), %", [*every[0].tolist(), *(fmr for fmr, _ in marks)]),
        axes.normal("false non-match rate (FNMR), %", [*every[1].tolist(), *(fnmr for _, fnmr in marks)]),
        (*lines, *spots),
    )


@dataclass(frozen=True, eq=False)
class Histogram:
    """Genuine and impostor pairs, int64 (n,), in the same bins between `edges`, float64 (n + 1,).

    Pairs without a score are in no bin; `unmeasured` counts them.
    """

    edges: NDArray[np.float64]
    genuine: NDArray[np.int64]
    impostor: NDArray[np.int64]
    unmeasured: int

    @property
    def data(self) -> dict[str, tuple[float, ...]]:
        """The numbers by name, for ``page.Figure``."""
        return {name: tuple(getattr(self, name).tolist()) for name in ("edges", "genuine", "impostor")}


def prepare_histogram(
    genuine: ArrayLike,
    impostor: ArrayLike,
    *,
    bins: int = 60,
    counts: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
) -> Histogram:
    """Count scores, (n,) and (m,), NaN for a pair without one, in bins of equal width over the range of all.

    `counts` (n,) and (m,) say how many pairs have each score; None: one. Then there are no NaN.

    `ArgumentError` if there is no score at all, a score is infinite, or `bins` is less than 1.
    """
    scores = [np.asarray(values, np.float64).ravel() for values in (genuine, impostor)]
    measured = [values[~np.isnan(values)] for values in scores]
    together = np.concatenate(measured)
    if not together.size or not np.isfinite(together).all() or bins < 1:
        message = f"a histogram needs finite scores and at least one bin; got {together.size} scores, {bins} bins"
        raise ArgumentError(message)
    edges = np.histogram_bin_edges(together, bins)
    weights = (None, None) if counts is None else counts
    found = [
        np.histogram(values, edges, weights=each)[0].astype(np.int64)
        for values, each in zip(measured, weights, strict=True)
    ]
    return Histogram(edges, found[0], found[1], sum(map(len, scores)) - len(together))


def score_chart(histogram: Histogram, *, threshold: float, unit: str = "score") -> Chart:
    """Genuine and impostor scores as shares of their own number, with the threshold."""
    edges = tuple(histogram.edges.tolist())
    lines = []
    sides: tuple[tuple[str, NDArray[np.int64], Colour], ...] = (
        ("impostor", histogram.impostor, "b"),
        ("genuine", histogram.genuine, "a"),
    )
    for name, counts, colour in sides:
        total = int(counts.sum())
        shares = tuple((counts / max(total, 1)).tolist())
        lines.append(Line(f"{name}, {total:,} pairs", edges, shares, colour=colour, steps=True, filled=True))
    most = [share for line in lines for share in line.y]
    lost = f"; {histogram.unmeasured:,} without a score" if histogram.unmeasured else ""
    across = axes.linear(f"{unit}{lost}", edges)
    rule = Rule("x", threshold, f"threshold {threshold:.4g}")
    return Chart("", across, axes.linear("share of pairs, %", most, percent=True, start=0), tuple(lines), (rule,))


def share_chart(
    title: str, lines: Sequence[Line], x: Axis, *, name: str = "accuracy, %", rules: Sequence[Rule] = ()
) -> Chart:
    """Shares, 0 … 1, over any axis, in per cent."""
    known = [value for line in lines for part in (line.y, line.low, line.high) for value in part]
    known += [rule.at for rule in rules if rule.across == "y"]
    return Chart(title, x, axes.linear(name, known, percent=True), tuple(lines), tuple(rules))


def confusion(names: Sequence[str], counts: NDArray[np.int64]) -> Matrix:
    """How often each class (row of `counts`, int64 (n, n)) was answered as each other; shades are row shares."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = tuple(
        tuple(Cell((f"{count:,}" if count else "·",), float(share)) for count, share in zip(row, part, strict=True))
        for row, part in zip(counts.tolist(), shares.tolist(), strict=True)
    )
    return Matrix("", "right class", "answer", tuple(names), cells)

"""The figures of an audit of verification: charts, alt texts that say what they show, and the numbers behind curves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from audits.report.common import charts, figures
from audits.report.common.drawn_names import drawn_key, drawn_names
from audits.report.common.sharing import Suppressed, large_bars
from audits.report.verification.pair_scores import PairScores, ScoreSets, curve_thresholds
from audits.report.verification.sensitivity import Sensitivity
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.reporting import Column, Figure, Table, plain, write_number
from facerec.reporting.charts import DetLine, Histogram, OperatingMark, det_curve, prepare_histogram, score_histogram
from facerec.reporting.figures import BLUE, GREEN, GREY, INK, VERMILION, draw


def forest_figure(audit: VerificationAudit, grouping: GroupingAudit, lost: Suppressed | None = None) -> Figure:
    """FMR and FNMR of every group with intervals, one below the other."""
    rates = {name.upper(): [getattr(each, name) for each in (audit, *grouping.groups)] for name in ("fmr", "fnmr")}
    names = [group.group for group in grouping.groups]
    return figures.two_rates_figure(
        grouping.by, names, rates, of="pairs", silent=lost is not None and bool(lost.groups)
    )


def heat_figure(grouping: GroupingAudit, names: Sequence[str], lost: Suppressed | None = None) -> Figure:
    """The matrix of FMR by probe and reference group."""
    measured = [cell for cell in grouping.cross if cell.fmr.errors]
    worst = max(measured, key=lambda cell: cell.fmr.value, default=None)
    gone = len(lost.cells) if lost is not None else 0
    if worst is not None:
        against = f"{worst.probe_group} against {worst.reference_group}"
        found = f"highest for {against}, {write_number(worst.fmr.value, 'rate')}"
    elif not gone:
        found = "no false match in any cell"
    else:
        found = "no false match in the cells that are shown" if grouping.cross else "no cell is shown"
    found += f"; {gone:,} cells are left out" if gone else ""
    return figures.heat_figure(
        names,
        {(cell.probe_group, cell.reference_group): cell.fmr for cell in grouping.cross},
        alt=f"False match rate of probe group by reference group, by {grouping.by}: {found}",
        caption=(
            f"FMR of every probe group against every reference group, by {plain(grouping.by)}; colours on a log "
            "scale, darker is more. Hatched: no false match was seen, with the upper bound of the interval."
            f"{' A dash: left out, because this report is passed on.' if gone else ''}"
        ),
    )


def curve_figures(
    audit: VerificationAudit, by: str, everybody: PairScores, groups: Sequence[PairScores], sets: ScoreSets
) -> tuple[tuple[Figure, ...], Table]:
    """DET and rates over the threshold, of everybody and every group, and their numbers as a table."""
    named = [("everybody", everybody), *((group.label, group) for group in groups)]
    thresholds = curve_thresholds([scores for _, scores in named])
    names = [group.label for group in groups]
    drawn, key = {"everybody": "everybody", **drawn_names(names)}, drawn_key(names)
    rates = [(label, scores.fmr(thresholds), scores.fnmr(thresholds)) for label, scores in named]
    both = [(label, fmr, fnmr) for label, fmr, fnmr in rates if not np.isnan(fmr + fnmr).any()]
    at = np.array([audit.threshold.value])
    marks = [
        OperatingMark("", float(scores.fmr(at)[0]), float(scores.fnmr(at)[0]))
        for label, scores in named
        if label in {label for label, _, _ in both}
    ]
    shown = sets.shown(thresholds)
    unit = "threshold (distance)" if sets.distance else "threshold (score)"
    drawn_curves = []
    if both:
        curves = [DetLine(charts.short(drawn[label]), fmr, fnmr) for label, fmr, fnmr in both]
        drawn_curves.append(
            Figure(
                draw(partial(det_curve, curves=curves, marks=marks), height=4.6),
                alt=f"DET curves by {by}, with the operating point of each group marked: FMR against FNMR",
                caption=(
                    f"FNMR against FMR by {plain(by)}; diamonds are the audited threshold, which is one and the same: "
                    f"where they lie apart, groups are treated differently by it.{key}"
                ),
            )
        )
    lines = {
        "FMR": [(drawn[label], fmr) for label, fmr, _ in rates if not np.isnan(fmr).any()],
        "FNMR": [(drawn[label], fnmr) for label, _, fnmr in rates if not np.isnan(fnmr).any()],
    }
    plots = [
        partial(_rate_curves, thresholds=shown, curves=found, threshold=audit.threshold.shown, name=name, unit=unit)
        for name, found in lines.items()
        if found
    ]
    if plots:
        drawn_curves.append(
            Figure(
                draw(*plots, columns=len(plots), height=3.4),
                alt=f"FMR and FNMR over the threshold by {by}, with the audited threshold {audit.threshold.shown:.4g}",
                caption=(
                    f"Error rates over the threshold by {plain(by)}. Lines that lie apart mean that groups need "
                    "different thresholds for the same rate, which one threshold cannot give them. A rate of 0 is "
                    f"not drawn.{key}"
                ),
            )
        )
    points = [
        (label, *values)
        for label, fmr, fnmr in rates
        for values in zip(shown.tolist(), fmr.tolist(), fnmr.tolist(), strict=True)
    ]
    columns = Column("group"), Column("threshold", "number"), Column("FMR", "rate"), Column("FNMR", "rate")
    return tuple(drawn_curves), Table("Curves", columns, tuple(points))


def histogram_figure(audit: VerificationAudit, sets: ScoreSets, smallest: int | None) -> Figure | None:
    """Scores of genuine and impostor pairs; None if no comparison has a score."""
    everybody = sets.everybody
    missing = everybody.genuine_trials + everybody.impostor_trials - len(everybody.genuine) - len(everybody.impostor)
    if not len(everybody.genuine) + len(everybody.impostor):
        return None
    mated, others = everybody.genuine, everybody.impostor
    counted = prepare_histogram(
        sets.shown(mated.values), sets.shown(others.values), counts=(mated.counts, others.counts)
    )
    genuine, impostor = counted.genuine, counted.impostor
    if smallest is not None:
        genuine, impostor = large_bars(genuine, smallest), large_bars(impostor, smallest)
    histogram = Histogram(counted.edges, genuine, impostor, missing)
    unit = "distance, smaller = more alike" if sets.distance else "score, larger = more alike"
    left = (
        ""
        if smallest is None
        else f" Bars of fewer than {smallest} pairs, and what would give them away, are left out."
    )
    return Figure(
        draw(partial(score_histogram, histogram=histogram, threshold=audit.threshold.shown, unit=unit), height=3.2),
        alt=f"Histograms of genuine and impostor scores with the threshold {audit.threshold.shown:.4g}",
        caption=f"Scores of all pairs; the line is the audited threshold.{left}",
    )


def sensitivity_figure(audit: VerificationAudit, by: str, found: Sensitivity) -> Figure | None:
    """Indices over operating points; None where there are too few impostor pairs, or no index is defined."""
    values = np.concatenate([found.fmr_max_geomean, found.fmr_max_min, found.fnmr_max_min])
    if not np.isfinite(values).any():
        return None
    return Figure(
        draw(partial(_sensitivity, found=found, operating_fmr=audit.fmr.value), height=3.2),
        alt=f"Ratios of error rates between groups by {by} over the FMR of all impostor pairs",
        caption=(
            f"How unequal groups by {plain(by)} are at other thresholds; the line is the audited one, 1 is fair. "
            "Points rest on at least ten false matches in all; where a line is missing, a group shows no error."
        ),
    )


def _rate_curves(
    axes: Axes,
    thresholds: NDArray[np.float64],
    curves: Sequence[tuple[str, NDArray[np.float64]]],
    *,
    threshold: float,
    name: str,
    unit: str,
) -> None:
    """Draw an error rate over the threshold, one line per group, on a log scale."""
    for label, rates in curves:
        axes.plot(thresholds, np.where(rates > 0, rates, np.nan), label=charts.short(label))
    axes.axvline(threshold, color=INK, linewidth=1.2, linestyle="-")
    axes.set_yscale("log")
    charts.plain_powers(axes.yaxis)
    axes.set_ylim(top=1.15)
    axes.set_xlabel(unit)
    axes.set_ylabel(name)
    axes.legend(loc="best", fontsize=7.5)


def _sensitivity(axes: Axes, found: Sensitivity, *, operating_fmr: float) -> None:
    """Draw indices over the FMR of all impostor pairs; 1 is fair."""
    for values, label, colour, line in (
        (found.fmr_max_geomean, "FMR, max / geometric mean", BLUE, "-"),
        (found.fmr_max_min, "FMR, max / min", VERMILION, "--"),
        (found.fnmr_max_min, "FNMR, max / min", GREEN, ":"),
    ):
        if np.isfinite(values).any():
            shown = np.where(np.isfinite(values), values, np.nan)
            axes.plot(found.fmr, shown, color=colour, linestyle=line, label=label)
    axes.axhline(1, color=GREY, linewidth=0.8)
    if operating_fmr > 0:
        axes.axvline(operating_fmr, color=INK, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    charts.plain_powers(axes.xaxis)
    charts.plain_powers(axes.yaxis)
    axes.set_xlabel("FMR over all impostor pairs")
    axes.set_ylabel("ratio between groups")
    # On white: the line of the audited threshold may run behind the words.
    axes.legend(loc="best", frameon=True, facecolor="white", edgecolor="none", framealpha=1.0)

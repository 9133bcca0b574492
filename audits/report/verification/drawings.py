"""The figures of an audit of verification: charts, alt texts that say what they show, and the numbers behind curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audits.report.common import figures
from audits.report.common.sharing import Suppressed, large_bars
from audits.report.verification.pair_scores import PairScores, ScoreSets, curve_thresholds
from audits.report.verification.sensitivity import Sensitivity
from audits.verification.results import GroupingAudit, VerificationAudit
from facerec.reporting import Column, Figure, Table, axes, plain, write_number
from facerec.reporting.charts import Histogram, det_chart, prepare_histogram, score_chart
from facerec.reporting.drawings import Chart, Line, Rule


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
        title=f"FMR of every probe group against every reference group, by {plain(grouping.by)}, per cent",
        alt=f"False match rate of probe group by reference group, by {grouping.by}: {found}",
        caption=(
            "Shades on a log scale, darker is more. Unshaded with <: no false match was seen, and the upper end of the "
            f"interval.{' A dash: left out, because this report is passed on.' if gone else ''}"
        ),
    )


def curve_figures(
    audit: VerificationAudit, by: str, everybody: PairScores, groups: Sequence[PairScores], sets: ScoreSets
) -> tuple[tuple[Figure, ...], Table]:
    """DET and rates over the threshold, of everybody and every group, and their numbers as a table."""
    # Groups first: each has the colour that it has on the first screen.
    named = [*((group.label, group) for group in groups), ("everybody", everybody)]
    thresholds = curve_thresholds([scores for _, scores in named])
    rates = [(label, scores.fmr(thresholds), scores.fnmr(thresholds)) for label, scores in named]
    both = [(label, fmr, fnmr) for label, fmr, fnmr in rates if not np.isnan(fmr + fnmr).any()]
    at = np.array([audit.threshold.value])
    whole = {label for label, _, _ in both}
    marks = [(float(scores.fmr(at)[0]), float(scores.fnmr(at)[0])) for label, scores in named if label in whole]
    shown = sets.shown(thresholds)
    unit = "threshold (distance)" if sets.distance else "threshold (score)"
    drawn_curves = []
    if both:
        drawn_curves.append(
            Figure(
                (det_chart(both, marks),),
                title=f"FNMR against FMR by {plain(by)}; the dots are the audited threshold",
                alt=f"DET curves by {by}, with the operating point of each group marked: FMR against FNMR",
                caption="The threshold is one and the same: where dots lie apart, it treats groups differently.",
            )
        )
    lines = {
        "FMR": [(label, fmr) for label, fmr, _ in rates if not np.isnan(fmr).any()],
        "FNMR": [(label, fnmr) for label, _, fnmr in rates if not np.isnan(fnmr).any()],
    }
    charts = tuple(
        _rate_curves(shown, found, threshold=audit.threshold.shown, name=name, unit=unit)
        for name, found in lines.items()
        if found
    )
    if charts:
        drawn_curves.append(
            Figure(
                charts,
                title=f"Error rates over the threshold by {plain(by)}, per cent",
                alt=f"FMR and FNMR over the threshold by {by}, with the audited threshold {audit.threshold.shown:.4g}",
                caption=(
                    "Lines that lie apart mean that groups need different thresholds for the same rate, which one "
                    "threshold cannot give them. A rate of 0 is not drawn."
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
        (score_chart(histogram, threshold=audit.threshold.shown, unit=unit),),
        title="Scores of all pairs, with the audited threshold",
        alt=f"Histograms of genuine and impostor scores with the threshold {audit.threshold.shown:.4g}",
        caption=left.strip(),
    )


def sensitivity_figure(audit: VerificationAudit, by: str, found: Sensitivity) -> Figure | None:
    """Indices over operating points; None where there are too few impostor pairs, or no index is defined."""
    values = np.concatenate([found.fmr_max_geomean, found.fmr_max_min, found.fnmr_max_min])
    if not np.isfinite(values).any():
        return None
    lines = tuple(
        Line(label, tuple(found.fmr.tolist()), tuple(np.where(np.isfinite(each), each, np.nan).tolist()))
        for each, label in (
            (found.fmr_max_geomean, "FMR, largest / geometric mean"),
            (found.fmr_max_min, "FMR, largest / smallest"),
            (found.fnmr_max_min, "FNMR, largest / smallest"),
        )
        if np.isfinite(each).any()
    )
    rules = (Rule("y", 1.0, "fair"), *([Rule("x", audit.fmr.value, "here")] if audit.fmr.value > 0 else []))
    ratios = [1.0, *(value for line in lines for value in line.y)]
    across = axes.log("FMR over all impostor pairs, %", [audit.fmr.value, *found.fmr.tolist()], percent=True)
    return Figure(
        (Chart("", across, axes.log("ratio between groups", ratios), lines, rules),),
        title=f"How unequal groups by {plain(by)} are at other thresholds, as ratios",
        alt=f"Ratios of error rates between groups by {by} over the FMR of all impostor pairs",
        caption="Points rest on at least ten false matches in all; where a line is missing, a group shows no error.",
    )


def _rate_curves(
    thresholds: NDArray[np.float64],
    curves: Sequence[tuple[str, NDArray[np.float64]]],
    *,
    threshold: float,
    name: str,
    unit: str,
) -> Chart:
    """An error rate over the threshold, one line per group, on a log scale."""
    lines = tuple(
        Line(label, tuple(thresholds.tolist()), tuple(np.where(rates > 0, rates, np.nan).tolist()))
        for label, rates in curves
    )
    above = axes.log(f"{name}, %", [1.0, *(value for line in lines for value in line.y)], percent=True)
    return Chart(name, axes.linear(unit, thresholds.tolist(), most=4), above, lines, (Rule("x", threshold),))

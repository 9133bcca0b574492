"""The page that reports/lfw shows: tables and curves of what recipe.py measured."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from facerec.measure.evaluation import Evaluation, evaluate_scores, rates_at
from facerec.measure.metrics import det_curve
from facerec.reporting import Column, Facts, Figure, Page, Section, Table, Text
from facerec.reporting.charts import det_chart, prepare_histogram, score_chart
from facerec.types import Interval, OperatingPoint, Rate

WARNING = (
    "LFW is a set of press photos of public figures, most of them men. Error rates on other people, cameras and poses "
    "differ; measure your own before you rely on a threshold."
)
INTERVALS = (
    "Intervals know that pairs share people. FMR 0.001 on these pairs is three false matches, which is why the "
    "operating points below rest on all pairs of the photos."
)
ALL_PAIRS = (
    "Measured on every pair of the photos: thousands of times more impostor pairs than the official list has. Many "
    "share people, which the intervals take into account."
)
GENDER = "The lists give one of two genders for nearly every photo; photos in both lists or in neither are left out."


class GenderRow(NamedTuple):
    """Error rates of the pairs of two groups at one operating point."""

    pairs_of: str
    target_fmr: float
    fmr: Rate
    fnmr: Rate


def lfw_page(
    table: pd.DataFrame,
    points: Sequence[OperatingPoint],
    by_gender: Sequence[GenderRow],
    *,
    title: str,
    points_file: str,
    photos: int,
    without_face: int,
    refused: int,
) -> Page:
    """Assemble the page."""
    evaluation = evaluate_scores(table)
    scored = evaluate_scores(table[table["score"].notna()])
    point = points[0]
    official = Table(
        "Figures on the official pairs",
        (Column("measure"), Column("value", "number"), Column("95 %", "interval"), Column("counts")),
        (
            *_figures(scored),
            *_figures(evaluation, "undecided pairs rejected: "),
        ),
        notes=(INTERVALS,),
    )
    shipped = points[1]
    missed = shipped.fnmr.interval()
    return Page(
        title=f"At FMR {100 * shipped.target_fmr:g} %, {1000 * shipped.fnmr.value:.0f} of 1,000 go unrecognised",
        kind=title,
        source="LFW (deep-funneled), data/lfw/recipe.py",
        summary=(
            f"{point.matcher.detector}, {point.matcher.crop}, {point.matcher.embedder} with flip averaging, at its "
            f"defaults, from the 250 × 250 photos: of 6,000 pairs {evaluation.failures} are undecided, and "
            f"{scored.folds.mean:.2%} of the others are decided rightly."
        ),
        lead=(
            Text(
                f"Of 10,000 pairs of photos of two different people about **{10000 * shipped.fmr.value:.0f}** are "
                f"taken for one person at the threshold {shipped.threshold:.4f}; of 1,000 pairs of one person about "
                f"**{1000 * shipped.fnmr.value:.0f}** ({1000 * missed.low:.0f} to {1000 * missed.high:.0f}) are not "
                f"recognised. Over all pairs of the photos, undecided pairs counted as rejected.\n\n{WARNING}"
            ),
        ),
        sections=(
            Section(
                "Official protocol: 6,000 pairs in ten folds",
                (
                    official,
                    Facts(
                        (
                            ("photos", photos),
                            ("photos without a face", without_face),
                            ("photos that the gate holds back", refused),
                            ("pairs without a score", evaluation.failures),
                        )
                    ),
                    *_curves(table, points[1]),
                ),
            ),
            Section("Operating points that ship", (Text(ALL_PAIRS), _points_table(points, points_file))),
            Section("By gender, as the data set's manual lists state it", (_gender_table(by_gender),)),
        ),
    )


def _figures(evaluation: Evaluation, of: str = "") -> Iterator[tuple[object, ...]]:
    folds = evaluation.folds
    yield (
        f"{of}accuracy, mean of ten folds",
        folds.mean,
        Interval(folds.mean - 1.96 * folds.standard_error, folds.mean + 1.96 * folds.standard_error),
        f"{int(folds.correct.sum())} of {int(folds.trials.sum())}",
    )
    yield (f"{of}standard deviation over folds", folds.std, None, "")
    yield (f"{of}area under the ROC curve", evaluation.auc, None, "")
    yield (f"{of}equal error rate", evaluation.eer, None, "")
    for each in evaluation.true_matches:
        rate = each.rate
        yield (f"{of}TMR at FMR {each.target_fmr:g}", rate.value, rate.interval(), f"{rate.errors} of {rate.trials}")


def _curves(table: pd.DataFrame, point: OperatingPoint) -> tuple[Figure, Figure]:
    genuine = table.loc[table["genuine"], "score"].to_numpy()
    impostor = table.loc[~table["genuine"], "score"].to_numpy()
    curve = det_curve(genuine, impostor)
    fmr, fnmr = rates_at(table, point.threshold)
    histogram = prepare_histogram(genuine, impostor)
    det = det_chart([("official pairs", curve.fmr, curve.fnmr)], [(fmr.value, fnmr.value)])
    return (
        Figure(
            (det,),
            title="False non-match rate against false match rate on the official pairs",
            alt="DET curve of the official pairs with the shipped operating point marked",
            caption=f"Axes in normal deviates; the dot is the shipped point for FMR {100 * point.target_fmr:g} %.",
        ),
        Figure(
            (score_chart(histogram, threshold=point.threshold, unit="cosine similarity"),),
            title="Scores of the official pairs, with the shipped threshold",
            alt="Histograms of genuine and impostor scores of the official pairs with the shipped threshold",
            data=histogram.data,
        ),
    )


def _points_table(points: Sequence[OperatingPoint], file: str) -> Table:
    return Table(
        f"Operating points in data/calibration/{file}.json",
        (
            Column("target FMR", "rate"),
            Column("threshold", "text"),
            Column("impostor pairs", "count"),
            Column("worth independent", "count"),
            Column("FMR", "rate"),
            Column("95 %", "interval"),
            Column("genuine pairs", "count"),
            Column("FNMR", "rate"),
            Column("95 % of FNMR", "interval"),
        ),
        tuple(
            (
                p.target_fmr,
                f"{p.threshold:.4f}",
                p.fmr.trials,
                round(p.fmr.effective_trials or p.fmr.trials),
                p.fmr.value,
                p.fmr.interval(),
                p.fnmr.trials,
                p.fnmr.value,
                p.fnmr.interval(),
            )
            for p in points
        ),
    )


def _gender_table(rows: Sequence[GenderRow]) -> Table:
    return Table(
        "Errors at the shipped thresholds, all pairs of photos",
        (
            Column("pairs of"),
            Column("target FMR", "rate"),
            Column("impostor pairs", "count"),
            Column("false matches", "count"),
            Column("FMR", "rate"),
            Column("95 %", "interval"),
            Column("genuine pairs", "count"),
            Column("false non-matches", "count"),
            Column("FNMR", "rate"),
            Column("95 % of FNMR", "interval"),
        ),
        tuple(
            (
                row.pairs_of,
                row.target_fmr,
                row.fmr.trials,
                row.fmr.errors,
                row.fmr.value,
                row.fmr.interval(),
                row.fnmr.trials,
                row.fnmr.errors,
                row.fnmr.value,
                row.fnmr.interval() if row.fnmr.trials else None,
            )
            for row in rows
        ),
        notes=(GENDER,),
    )

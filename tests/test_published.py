"""What this project publishes holds together: the shipped points, the committed table, and the figures in README."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facerec.detect import Mtcnn, SecondLook
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.measure import tables
from facerec.measure.evaluation import evaluate_scores, rates_at
from facerec.models.shipped_points import shipped_point
from facerec.points import read_points
from facerec.quality import default_gate

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def table():
    """The default pipeline's scores on LFW's official pairs."""
    return tables.read(ROOT / "data/lfw/scores.csv")


@pytest.fixture(scope="module")
def points():
    """The operating points that ship."""
    return read_points(ROOT / "data/calibration/lfw.json")


def test_points_belong_to_the_default_pipeline(points) -> None:
    """Embedder, crop and detector of every shipped point are those that `Recognizer()` has."""
    embedder, detector = dlib_resnet(), SecondLook(Mtcnn())

    for point in points:
        assert point.matcher.embedder_digest == embedder.digest
        assert point.matcher.embedder == embedder.name
        assert point.matcher.crop == embedder.crop.name
        assert point.matcher.detector == detector.name
        assert point.matcher.gate == default_gate(point.matcher).name
        assert shipped_point(embedder.digest, point.target_fmr) == point


def test_points_of_blazeface_are_found_by_its_name(points) -> None:
    """They differ from the default ones in the detector alone, reach their targets, and are used where it finds."""
    others = read_points(ROOT / "data/calibration/lfw-blazeface.json")

    assert [point.target_fmr for point in others] == [point.target_fmr for point in points]
    for ours, other in zip(points, others, strict=True):
        assert other.matcher.detector == "second-look.v2(sure=0.85, blazeface.v2(min_face_size=40))"
        assert replace(other.matcher, detector=ours.matcher.detector, gate=ours.matcher.gate) == ours.matcher
        assert 0.99 * other.target_fmr < other.fmr.value <= other.target_fmr
        found_by = "second-look.v2(sure=0.85, blazeface.v2(min_face_size=30))"
        assert shipped_point(ours.matcher.embedder_digest, ours.target_fmr, detector=found_by) == other


def _told() -> str:
    """What README and the pages of figures say."""
    pages = ("README.md", "docs/explanation/decisions.md", "docs/reference/measured.md")
    return "\n".join((ROOT / page).read_text(encoding="utf-8") for page in pages)


def test_the_worst_groups_point_is_stricter(points) -> None:
    """It is the default pipeline's, holds in the group it names, costs more than the ordinary one, is found by name."""
    (worst,) = read_points(ROOT / "data/calibration/worst_group/fairface.json")
    ordinary = next(point for point in points if point.target_fmr == worst.target_fmr)

    assert worst.matcher == ordinary.matcher
    assert worst.target_fmr == 1e-3
    assert 0.99e-3 < worst.fmr.value <= 1e-3
    assert worst.threshold > ordinary.threshold
    assert worst.fnmr.value > ordinary.fnmr.value
    assert shipped_point(worst.matcher.embedder_digest, 1e-3, worst_group=True) == worst
    assert f"{worst.threshold:.4f}"[1:] in _told()


def test_the_gates_report_is_of_todays_gate(points) -> None:
    """The published report is of the gate that judges; of photos on their side no more strangers match than upright."""
    report = json.loads((ROOT / "data/quality/report.json").read_text(encoding="utf-8"))

    assert report["gate"] == default_gate(points[0].matcher).name
    assert report["threshold"] == pytest.approx(points[1].threshold)
    for rows in report["spoiled"].values():
        ratios = [row[name][0] for row in rows if "turned" in row["photos"] for name in ("ratio_both", "ratio_one")]
        assert len(ratios) == 8
        assert max(ratios) <= 1.5


def test_points_rest_on_enough(points) -> None:
    """Three targets, each reached, each on many more than thirty expected false matches."""
    assert [point.target_fmr for point in points] == [1e-2, 1e-3, 1e-4]
    for point in points:
        assert not point.is_indicative
        assert point.fmr.value <= point.target_fmr
        assert point.fmr.value > 0.99 * point.target_fmr
        assert point.fmr.effective_trials < point.fmr.trials


def test_points_agree_with_the_table(points, table) -> None:
    """On the official pairs each shipped threshold's rates are not at odds with those of all pairs."""
    for point in points:
        fmr, fnmr = rates_at(table, point.threshold)
        assert fmr.interval(0.99).low <= point.fmr.interval(0.99).high
        assert fmr.interval(0.99).high >= point.fmr.interval(0.99).low
        assert fnmr.interval(0.99).low <= point.fnmr.interval(0.99).high


def test_the_table_is_lfws(table) -> None:
    """6,000 pairs of 7,701 photos, half of them genuine, in ten folds, and nobody's name."""
    assert len(table) == 6000
    assert table["genuine"].sum() == 3000
    assert table["fold"].nunique() == 10
    assert len({*table["probe_image"], *table["reference_image"]}) == 7701
    assert tables.attributes(table) == ("gender",)
    text = (ROOT / "data/lfw/scores.csv").read_text(encoding="utf-8")
    assert not re.search(r"[A-Z][a-z]+_[A-Z]", text)


def test_the_figures_aimed_at_are_reached(table, points) -> None:
    """Accuracy of at least 99.2 % of decided pairs, FNMR of at most 1 % and 5.5 %; at most 2 % of photos undecided."""
    decided = evaluate_scores(table[table["score"].notna()])
    sides = [table[[f"{side}_image", f"{side}_failure"]].to_numpy() for side in ("probe", "reference")]
    photos = dict(np.concatenate(sides))
    failed = [failure for failure in photos.values() if isinstance(failure, str) and failure]

    assert decided.folds.mean >= 0.992
    assert decided.true_matches[0].rate.value >= 0.990
    # The official pairs have two false matches at 1e-3; all pairs have thirty thousand.
    assert points[1].fnmr.value <= 0.055
    assert len(photos) == 7701
    assert 0 < len(failed) <= 0.02 * len(photos)
    assert not any("no face" in failure for failure in failed)


def test_the_documentation_quotes_the_table(table, points) -> None:
    """The documentation's figures of LFW are those that the committed files give."""
    evaluation = evaluate_scores(table[table["score"].notna()])
    quoted = [
        f"{evaluate_scores(table).folds.mean:.2%}",
        f"{evaluation.folds.mean:.2%} ± {evaluation.folds.std:.2%}",
        f"{evaluation.true_matches[0].rate.value:.3f}",
        f"{evaluation.true_matches[1].rate.value:.3f}",
        *(f"{point.threshold:.4f}" for point in points),
        *(f"{point.fnmr.value:.2%}" for point in points),
    ]

    assert [figure for figure in quoted if figure not in _told()] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_lfw_gives_the_table_again(data, table) -> None:
    """The pipeline of today makes the committed scores, to a thousandth."""
    from facerec import Recognizer
    from facerec.measure import datasets
    from facerec.measure.evaluation import score_pairs

    recognizer = Recognizer(device="cpu", workers=2)
    made, failures = score_pairs(recognizer, datasets.lfw(data / "lfw"), data / "lfw", choice="central")

    assert len(failures.without_face) == len(failures.unreadable) == 0
    assert made["score"].isna().sum() == table["score"].isna().sum()
    np.testing.assert_allclose(np.sort(made["score"]), np.sort(table["score"]), atol=1e-3)
    assert evaluate_scores(made).folds.mean == pytest.approx(evaluate_scores(table).folds.mean, abs=5e-4)

"""Score tables from photos, and figures from score tables."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from facerec.errors import ArgumentError, ImageError, ModelMismatchError, ScoreTableError
from facerec.measure import metrics, tables
from facerec.measure.evaluation import TrueMatches, evaluate_scores, rates_at, rates_at_point, score_pairs
from facerec.quality import NO_GATE, QualityGate
from facerec.types import Detections, Faces, Matcher, OperatingPoint, Rate

VECTORS = {"a1": (1.0, 0.0), "a2": (0.8, 0.6), "b1": (0.0, 1.0), "small": (1.0, 0.0)}
MATCHER = Matcher("squares", "middle.v1", "hue", "ab" * 32, "cosine.v1", "none")


class Stream:
    """A recognizer that knows the vectors of a few photos; ``none`` shows no face and ``bad`` cannot be read."""

    def __init__(self, gate=NO_GATE):
        self.asked = []
        self.gate = gate
        self.matcher = dataclasses.replace(MATCHER, gate=gate.name)

    def stream(self, photos, *, choice):
        """As ``Recognizer.stream``."""
        for photo in photos:
            self.asked.append((str(photo), choice))
            if photo.name == "bad":
                yield ImageError(f"{photo} cannot be read")
                continue
            vectors = [VECTORS[photo.name]] if photo.name in VECTORS else np.empty((0, 2))
            n = len(vectors)
            boxes = Detections(np.zeros((n, 4)), np.ones(n), np.zeros((n, 5, 2)), (9, 9))
            size = np.full(n, 20 if photo.name == "small" else 80)
            yield Faces(boxes, {"size": size}, np.array(vectors), self.matcher, photo.name)


def _pairs(*rows):
    columns = ["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine"]
    return pd.DataFrame(rows, columns=columns)


def _table(genuine, impostor, **columns):
    rows = [(f"g{n}", f"h{n}", f"p{n}", f"p{n}", True, score) for n, score in enumerate(genuine)]
    rows += [(f"i{n}", f"j{n}", f"p{n}", f"q{n}", False, score) for n, score in enumerate(impostor)]
    return tables.check(pd.DataFrame(rows, columns=tables.REQUIRED).assign(**columns))


def test_each_photo_is_read_once():
    """Photos that occur in several pairs are asked for once, below the root, with the choice given."""
    stream, seen = Stream(), []
    pairs = _pairs(("a1", "a2", "a", "a", True), ("b1", "a1", "b", "a", False), ("a2", "a1", "a", "a", True))

    table, failures = score_pairs(
        stream, pairs, "photos", choice="largest", progress=lambda done, total: seen.append((done, total))
    )

    assert stream.asked == [("photos/a1", "largest"), ("photos/b1", "largest"), ("photos/a2", "largest")]
    assert table["score"].tolist() == [0.8, 0.0, 0.8]
    assert (failures.photos, len(failures)) == (3, 0)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_failures_stay_in_the_table():
    """A photo that fails empties the scores of its pairs, and is reported with its reason."""
    pairs = _pairs(("a1", "none", "a", "a", True), ("bad", "a1", "b", "a", False), ("a1", "a2", "a", "a", True))

    table, failures = score_pairs(Stream(), pairs, ".")

    assert table["score"].isna().tolist() == [True, True, False]
    assert failures.without_face == ("none",)
    assert dict(failures.unreadable) == {"bad": "bad cannot be read"}
    assert (failures.photos, len(failures)) == (4, 2)


def test_the_table_says_who_made_it_and_why_a_score_is_absent():
    """The stamp is the recognizer's, gate included; each side of a pair says in a word how its photo failed."""
    pairs = _pairs(
        ("a1", "none", "a", "a", True), ("bad", "small", "b", "b", True), ("small", "a1", "c", "a", False)
    ).assign(matcher=dataclasses.replace(MATCHER, embedder="of before").text)
    gate = QualityGate({"size": 40})

    judged, failures = score_pairs(Stream(gate), pairs, ".")
    open_to_all, _ = score_pairs(Stream(), pairs, ".")

    assert tables.stamp_of(judged) == dataclasses.replace(MATCHER, gate="size.v1>=40")
    assert judged["probe_failure"].tolist() == ["", "unreadable", "refused"]
    assert judged["reference_failure"].tolist() == ["no face", "refused", ""]
    assert judged["score"].isna().all()
    assert dict(failures.refused) == {
        "small": "the face in small is too small to decide: 20 pixels, at least 40 are needed"
    }
    assert len(failures) == 3
    assert tables.attributes(judged) == ()
    assert tables.stamp_of(open_to_all) == MATCHER
    assert open_to_all["score"].tolist()[2] == 1.0
    assert "refused" not in open_to_all["reference_failure"].tolist()


def test_rates_at_a_point_of_another_matcher():
    """A stamped table takes points of its own matcher only; an unstamped one is measured, and told to be unstamped."""
    table = _table([0.9], [0.1, 0.2])
    stamped = tables.stamped(table, MATCHER)

    def at(**changes):
        about = dataclasses.replace(MATCHER, **changes)
        return OperatingPoint(0.15, 0.5, Rate(1, 2), Rate(0, 1), "ours", about)

    fmr, fnmr, notes = rates_at_point(stamped, at())
    assert (fmr.errors, fnmr.errors, notes) == (1, 0, ())
    assert "another gate size.v1>=40 there, none here" in rates_at_point(stamped, at(gate="size.v1>=40"))[2][0]
    for part in ("embedder_digest", "crop", "similarity"):
        with pytest.raises(ModelMismatchError, match="does not hold for faces of hue"):
            rates_at_point(stamped, at(**{part: "another"}))
    unknown = OperatingPoint(0.15, 0.5, Rate(1, 2), Rate(0, 1), "a vendor's", Matcher.unknown())
    with pytest.raises(ModelMismatchError):
        rates_at_point(stamped, unknown)
    assert "carries no stamp" in rates_at_point(table, at())[2][0]
    assert rates_at_point(table, unknown)[2] == ()


def test_pairs_are_checked_before_photos_are_read():
    """Pairs that contradict themselves cost no time."""
    stream = Stream()

    with pytest.raises(ScoreTableError, match="its subjects differ"):
        score_pairs(stream, _pairs(("a1", "b1", "a", "b", True)), ".")
    assert stream.asked == []


def test_figures_are_those_of_the_metrics():
    """Nothing is computed twice: each figure is what the metrics say of the same scores."""
    rng = np.random.default_rng(7)
    genuine, impostor = rng.normal(0.8, 0.1, 300), rng.normal(0.4, 0.1, 2000)
    genuine[:3] = np.nan
    table = _table(genuine, impostor)

    found = evaluate_scores(table)

    assert found.auc == metrics.auc(genuine, impostor)
    assert found.eer == metrics.eer(genuine, impostor)
    assert [each.target_fmr for each in found.true_matches] == [1e-2, 1e-3]
    for each in found.true_matches:
        missed = metrics.fnmr(genuine, metrics.threshold_at_fmr(impostor, each.target_fmr))
        expected = Rate(missed.trials - missed.errors, missed.trials)
        assert (each.rate.errors, each.rate.trials) == (expected.errors, expected.trials)
        assert each.fmr.errors == metrics.fmr(impostor, each.threshold).errors
    assert (found.genuines, found.impostors, found.failures) == (300, 2000, 3)
    assert (found.people, found.photos) == (4000, 4600)
    assert found.folds is None


def test_folds_give_accuracy():
    """A column `fold` gives accuracy on held-out folds, a failure counting as a rejection or left out."""
    table = _table([0.9, 0.9, np.nan, 0.9], [0.1, 0.2, 0.1, np.nan], fold=["1", "2"] * 4)

    found = evaluate_scores(table, target_fmrs=())

    assert found.folds.mean == 7 / 8
    assert found.folds.trials.tolist() == [4, 4]
    assert found.completed_folds.mean == 1
    assert found.completed_folds.trials.tolist() == [3, 3]
    assert found.to_dict()["accuracy_mean_completed"] == 1


def test_targets_that_cannot_be_shown_are_left_out():
    """With fewer than one expected false match a target is not reported at all."""
    found = evaluate_scores(_table([0.9] * 3, [0.1] * 100))

    assert [each.target_fmr for each in found.true_matches] == [1e-2]


def test_intervals_know_shared_people():
    """The true match rate has the effective trials of its complement."""
    table = _table([0.9] * 40, [0.1] * 100)
    table.loc[table["genuine"], ["probe_subject", "reference_subject"]] = "ann"
    table.loc[:9, "score"] = 0.05

    fmr, fnmr = rates_at(table, 0.5)
    at = TrueMatches(0.01, 0.5, fmr, fnmr)

    assert (fnmr.errors, fnmr.trials) == (10, 40)
    assert at.rate == Rate(30, 40, fnmr.effective_trials)
    assert at.rate.interval().low == pytest.approx(1 - fnmr.interval().high)


@pytest.mark.parametrize(
    ("genuine", "impostor", "targets"),
    [([], [0.1], ()), ([0.9], [], ()), ([0.9], [np.nan] * 100, (0.01,)), ([0.9], [0.1], (1.0,))],
)
def test_tables_that_support_nothing(genuine, impostor, targets):
    """One kind of pairs only, no impostor score, or a target that is none."""
    with pytest.raises(ArgumentError):
        evaluate_scores(_table(genuine, impostor), target_fmrs=targets)


def test_a_photo_of_several_people_is_not_one_of_nobody():
    """With the choice ``only`` the table says which it was; the gate judged neither."""

    class Crowd(Stream):
        def stream(self, photos, *, choice):
            for faces in super().stream(photos, choice=choice):
                twice = [0, 0] if faces.source == "a2" else list(range(len(faces)))
                yield dataclasses.replace(
                    faces,
                    detections=faces.detections[twice],
                    measures={"size": np.full(len(twice), 80)},
                    embeddings=faces.embeddings[twice],
                )

    pairs = _pairs(("a1", "a2", "a", "a", True), ("a1", "none", "a", "b", False), ("a1", "b1", "a", "b", False))
    table, failures = score_pairs(Crowd(), pairs, ".", choice="only")

    assert table["reference_failure"].tolist() == ["several faces", "no face", ""]
    assert (failures.several_faces, failures.without_face, len(failures)) == (("a2",), ("none",), 2)
    assert tables.check(table)["score"].isna().tolist() == [True, True, False]

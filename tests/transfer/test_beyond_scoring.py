"""Mean IoU against a loop over pixels, AP against pycocotools, and intervals that know scenes and seeds."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from facerec.transfer.beyond.resampling import difference, draw_scenes, estimate, over_seeds
from facerec.transfer.beyond.scenes import IGNORED, Objects
from facerec.transfer.beyond.scoring import average_precision, class_iou, evaluate, mean_iou, overlap_counts


def _objects(*rows, crowd=()):
    """Rows of label, left, top, right, bottom; `crowd` names those that are one."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    marks = np.isin(np.arange(len(table)), crowd)
    return Objects(table[:, 1:], table[:, 0].astype(np.int64), marks)


def _found(*rows):
    """Rows of label, left, top, right, bottom, score."""
    return np.array(rows, np.float32).reshape(-1, 6)


def _made(scenes, seed=0, classes=3):
    """Scenes with objects, and detections that are sometimes right."""
    random = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(scenes):
        n = int(random.integers(0, 4))
        corners = random.uniform(0, 60, (n, 2))
        boxes = np.concatenate([corners, corners + random.uniform(8, 30, (n, 2))], axis=1)
        labels = random.integers(1, classes + 1, n)
        truth.append(Objects(boxes.astype(np.float32), labels, random.random(n) < 0.15))
        again = np.repeat(boxes, 2, axis=0) + random.normal(0, 2.5, (2 * n, 4))
        rows = np.column_stack([np.repeat(labels, 2), again, random.random(2 * n)])
        stray = np.column_stack([random.integers(1, classes + 1, 2), np.tile([5, 5, 25, 30], (2, 1)), random.random(2)])
        found.append(np.concatenate([rows, stray]).astype(np.float32))
    return truth, found


def _by_pycocotools(truth, found, classes):
    """The first figure of pycocotools' own summary."""

    def held(rows):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": place} for place in range(len(truth))],
            "categories": [{"id": label + 1} for label in range(classes)],
            "annotations": [{"id": number, **row} for number, row in enumerate(rows, 1)],
        }
        coco.createIndex()
        return coco

    def row(place, label, box, **more):
        left, top, right, bottom = map(float, box)
        sides = [left, top, right - left, bottom - top]
        return {"image_id": place, "category_id": int(label), "bbox": sides, "area": sides[2] * sides[3], **more}

    with contextlib.redirect_stdout(io.StringIO()):
        right = held(
            row(place, label, box, iscrowd=int(crowd))
            for place, one in enumerate(truth)
            for label, box, crowd in zip(one.labels, one.boxes, one.crowd, strict=True)
        )
        said = held(
            row(place, each[0], each[1:5], score=float(each[5]), iscrowd=0)
            for place, rows in enumerate(found)
            for each in rows
        )
        judge = COCOeval(right, said, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats


def test_mean_iou_by_a_loop() -> None:
    """Counts over scenes give what a loop over every pixel and class gives."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 4, (5, 9, 7)).astype(np.uint8)
    truth[truth == 3] = 0  # a class that does not occur
    truth[random.random(truth.shape) < 0.1] = IGNORED
    said = np.where(random.random(truth.shape) < 0.6, truth, random.integers(0, 4, truth.shape)).astype(np.uint8)
    said[said == IGNORED] = 1

    ious = []
    for label in range(4):
        both = either = true = 0
        for one, other in zip(truth.ravel(), said.ravel(), strict=True):
            if one == IGNORED:
                continue
            both += one == label and other == label
            either += label in (one, other)
            true += one == label
        if true:
            ious.append(both / either)

    counts = np.sum([overlap_counts(a, b, 4) for a, b in zip(said, truth, strict=True)], axis=0)
    assert len(ious) == 3
    assert float(mean_iou(counts)) == pytest.approx(np.mean(ious), abs=1e-12)
    assert np.isnan(class_iou(counts)[3])


def test_nothing_to_judge_is_no_zero() -> None:
    """A scene of which everything is ignored has no mean IoU, and scenes without objects have no AP."""
    ignored = np.full((4, 4), IGNORED, np.uint8)

    assert np.isnan(mean_iou(overlap_counts(np.zeros((4, 4), np.uint8), ignored, 3)))
    precision, matches = evaluate([_objects()], [_found([1, 0, 0, 5, 5, 0.9])], 2)
    assert np.isnan(precision.ap)
    assert np.isnan(average_precision(matches, np.ones((1, 1)))).all()


def test_a_perfect_and_an_empty_detector() -> None:
    """Who finds every box as it is gets 1, who finds nothing gets 0, and a crowd costs neither anything."""
    truth = [_objects([1, 2, 2, 20, 30], [2, 10, 10, 40, 40]), _objects([1, 5, 5, 50, 50], crowd=[0]), _objects()]
    perfect = [
        _found([1, 2, 2, 20, 30, 0.9], [2, 10, 10, 40, 40, 0.8]),
        _found([1, 10, 10, 20, 20, 0.95]),
        _found(),
    ]
    nothing = [_found(), _found(), _found()]

    assert evaluate(truth, perfect, 2)[0].ap == pytest.approx(1.0, abs=1e-12)
    assert evaluate(truth, nothing, 2)[0].ap == 0.0
    for found, expected in ((perfect, 1.0), (nothing, 0.0)):
        assert average_precision(evaluate(truth, found, 2)[1], np.ones((1, 3)))[0] == pytest.approx(expected)


def test_ap_of_a_hand_worked_case() -> None:
    """A right box after a wrong one: precision 1/2 at full recall, for overlaps up to the box's own 0.8."""
    truth = [_objects([1, 0, 0, 10, 10])]
    found = [_found([1, 30, 30, 40, 40, 0.9], [1, 0, 0, 10, 8, 0.5])]

    precision, _ = evaluate(truth, found, 1)

    # 0.5, 0.55 … 0.8 are seven of ten overlaps.
    assert precision.ap == pytest.approx(0.5 * 7 / 10)
    assert (precision.ap50, precision.ap75) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("seed", range(3))
def test_ap_agrees_with_pycocotools(seed) -> None:
    """Our own sum over detections is pycocotools' figure, crowds, strays and absent classes included."""
    truth, found = _made(30, seed)
    expected = _by_pycocotools(truth, found, 4)  # of class 4 there is nothing

    precision, matches = evaluate(truth, found, 4)

    assert (precision.ap, precision.ap50, precision.ap75) == pytest.approx(tuple(expected[:3]), abs=1e-12)
    assert average_precision(matches, np.ones((1, 30)))[0] == pytest.approx(expected[0], abs=1e-12)
    assert np.isnan(precision.by_class[3])
    assert np.nanmean(precision.by_class) == pytest.approx(expected[0], abs=1e-12)


def test_scenes_that_count_twice_are_scenes_twice() -> None:
    """AP with weights is pycocotools' AP of a list in which scenes are repeated or left out."""
    truth, found = _made(12, 5)
    times = np.array([2, 0, 1, 3, 0, 1, 1, 2, 0, 1, 0, 1])
    repeated = np.repeat(np.arange(12), times)

    ap = average_precision(evaluate(truth, found, 3)[1], times[None].astype(float))[0]

    assert ap == pytest.approx(
        _by_pycocotools([truth[place] for place in repeated], [found[place] for place in repeated], 3)[0], abs=1e-12
    )


def test_draws_are_fair_and_repeatable() -> None:
    """Every draw has as many scenes as there are, each as often as the others on average, and always the same."""
    weights = draw_scenes(20, replicates=4000)

    assert (weights.sum(axis=1) == 20).all()
    assert abs(weights.mean(axis=0) - 1).max() < 0.08
    assert np.array_equal(weights, draw_scenes(20, replicates=4000))


def test_the_interval_of_a_mean_is_the_usual_one() -> None:
    """For a plain mean of one seed the bootstrap gives about ±1.96 standard errors."""
    values = np.random.default_rng(0).normal(0.5, 0.1, 60)
    drawn = (draw_scenes(60) @ values / 60)[:, None]

    interval = estimate(np.array([values.mean()]), drawn).interval

    assert interval.high - interval.low == pytest.approx(2 * 1.96 * values.std() / 60**0.5, rel=0.06)


def test_the_spread_of_seeds_widens_the_interval() -> None:
    """Three seeds that differ have the variance of a mean of three, also where scenes do not matter at all."""
    drawn = np.tile([0.2, 0.4, 0.6], (20_000, 1))

    means = over_seeds(drawn)

    assert means.var() == pytest.approx(np.var([0.2, 0.4, 0.6], ddof=1) / 3, rel=0.05)


def test_a_paired_difference_is_surer_than_two_means() -> None:
    """Scenes that are hard for both do not hide that one is better in every one of them; equal ones stay equal."""
    hard = np.random.default_rng(1).uniform(0, 1, 50)
    weights = draw_scenes(50)
    first, second = (weights @ (hard + shift) / 50 for shift in (0.05, 0.0))
    values = np.array([hard.mean() + 0.05]), np.array([hard.mean()])

    better = difference(values[0], first[:, None], values[1], second[:, None])
    same = difference(values[0], first[:, None], values[0], first[:, None])

    assert better.p_value == pytest.approx(2 / 2000)
    assert better.interval.low == pytest.approx(0.05)
    assert (same.value, same.p_value) == (0, 1)

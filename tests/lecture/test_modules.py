"""The laws that the lecture's own modules obey."""

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from counting import basic_block, bottleneck, convolution, counted, depthwise_separable, fully_connected, layer_costs
from deep_nets import DeepNet, gratings, measure_flow, shattering, train_shortly
from drawn_faces import drawn_face
from embedding import cross_validated_accuracy, fmr, fnmr, pair_scores, threshold_at
from exercises import check, told
from groups import distances, made_groups, within_sum_of_squares
from heads import Finder, Segmenter, average_precision, class_iou, mirrored, normalised, paired_difference, train
from protocols import SIZE, Task, difference, digit_pictures, learn, missing_eval
from score_histograms import BINS, HIGH, LOW, histogram
from shapes import CLASSES, scene
from torch import nn
from torchvision import models

from facerec import Recognizer
from facerec.types import Rate

ROOT = Path(__file__).parents[2]


def _conv(inputs, outputs, side, groups=1, *, bias=False):
    return nn.Conv2d(inputs, outputs, side, padding=side // 2, groups=groups, bias=bias)


@pytest.mark.parametrize(
    ("formula", "module", "channels"),
    [
        (convolution(3, 256, side=9, bias=True), _conv(3, 256, 3, bias=True), 3),
        (convolution(8, 4, kernel=5, side=9, groups=4), _conv(8, 4, 5, 4), 8),
        (depthwise_separable(4, 2, side=9), nn.Sequential(_conv(4, 4, 3, 4), _conv(4, 2, 1)), 4),
        (basic_block(16, side=9), nn.Sequential(_conv(16, 16, 3), _conv(16, 16, 3)), 16),
        (
            bottleneck(64, width=32, groups=8, side=9),
            nn.Sequential(_conv(64, 32, 1), _conv(32, 32, 3, 8), _conv(32, 64, 1)),
            64,
        ),
    ],
)
def test_formulas_agree_with_modules(formula, module, channels) -> None:
    """Parameters as PyTorch counts them, multiply-adds as its counter of operations does."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, channels, 9, 9))
    assert formula == (counted(module), counter.get_total_flops() // 2)


def test_the_lectures_own_numbers() -> None:
    """Those that its exercises ask for."""
    assert fully_connected(3 * 128 * 128, 256).parameters == counted(nn.Linear(49152, 256)) == 12_583_168
    assert convolution(3, 256, bias=True).parameters == 7168
    assert bottleneck(256, width=128, groups=32).parameters == 70_144
    assert (depthwise_separable(4, 2).parameters, convolution(4, 2).parameters) == (44, 72)
    with pytest.raises(ValueError, match="do not divide"):
        convolution(4, 6, groups=3)


def test_layers_of_alexnet_add_up() -> None:
    """To torchvision's published 61,100,840 parameters and 0.714 billion multiply-adds."""
    costs = layer_costs(models.alexnet())

    assert costs["parameters"].sum() == 61_100_840
    assert round(costs["multiply-adds"].sum() / 1e9, 3) == 0.714


def test_check_tells_right_from_wrong(capsys) -> None:
    """And by how much, and that nothing was written yet."""
    check(lambda a: a + 1, (1,), (2,), like=lambda a: a + 1)
    check(lambda a: a, (1,), like=lambda a: a + 1)
    check(lambda _: None, (1,), like=lambda a: a + 1)
    check(lambda _: np.nan, (1,), like=lambda a: a + 1)

    right, wrong, nothing, absurd = capsys.readouterr().out.splitlines()
    assert right == "Right, in all 2 cases."
    assert "1 too small" in wrong
    assert "returns nothing" in nothing
    assert absurd.startswith("Not yet")
    assert told(Rate(5, 10)) == "50.0 % (95 %: 23.7 to 76.3)"


def test_plain_and_residual_networks_differ_in_shortcuts_only() -> None:
    """One depth and one seed: the same weights; 269,722 with batch norm at 20 layers, as He et al. count 0.27 M."""
    plain, residual = (DeepNet(20, residual=each, batch_norm=True, seed=3) for each in (False, True))

    assert counted(residual) == 269_722
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), residual.parameters(), strict=True))


def test_flow_is_what_autograd_says() -> None:
    """The first layer's norm equals that of a plain backward pass, and nothing is left behind."""
    images, labels = gratings(40)
    net = DeepNet(8, residual=True, batch_norm=True)
    flow = measure_flow(net, images, labels)

    assert all(each.grad is None and each.dtype == torch.float32 for each in net.parameters())
    torch.nn.functional.cross_entropy(net.train()(images), labels).backward()
    assert float(net.convolutions[0].weight.grad.norm()) == pytest.approx(flow.gradient[0], rel=1e-3)
    assert len(flow.gradient) == len(flow.signal) == len(flow.variance) == 7


def test_the_vanishing_story_is_told_with_care() -> None:
    """He's initialisation does not vanish towards the input; PyTorch's is small everywhere; batch norm explodes."""
    images, labels = gratings(40)

    def flow(init, batch_norm):
        return measure_flow(DeepNet(56, residual=False, batch_norm=batch_norm, init=init), images, labels)

    assert 0.1 < flow("he", batch_norm=False).first_to_last < 30
    assert flow("torch", batch_norm=False).gradient.max() < 1e-15
    assert 0.1 < flow("torch", batch_norm=False).first_to_last < 10
    assert flow("he", batch_norm=True).first_to_last > 50


def test_near_inputs_have_near_gradients_with_shortcuts() -> None:
    """At no distance the cosine is 1; farther away it is lower, and lower without shortcuts."""
    images, _ = gratings(64)
    plain, residual = (
        shattering(DeepNet(32, residual=each, batch_norm=True), images, (0.0, 0.02)) for each in (False, True)
    )

    assert plain[0] == pytest.approx(1, abs=1e-3)
    assert plain[1] < residual[1] < 1


def test_training_is_reproducible() -> None:
    """The same seed gives the same losses, bit for bit; another one others."""
    images, labels = gratings(80)

    def losses(seed):
        net = DeepNet(8, residual=True, batch_norm=True, seed=seed)
        return train_shortly(net, images, labels, steps=4, rate=0.05, batch=16, seed=seed)

    assert np.array_equal(losses(0), losses(0))
    assert not np.array_equal(losses(0), losses(1))


def test_scenes_are_reproducible_and_consistent() -> None:
    """A box holds its shape's visible pixels exactly; two mirror images undo each other."""
    for seed in range(12):
        one, again = scene(seed), scene(seed)
        assert torch.equal(one.image, again.image)
        assert set(one.mask.unique().tolist()) <= set(range(len(CLASSES) + 1))
        for (left, top, right, bottom), label in zip(one.boxes.int().tolist(), one.labels.tolist(), strict=True):
            inside = one.mask[top:bottom, left:right] == label
            assert inside.any(0).any()
        twice = mirrored(mirrored(one))
        assert torch.equal(twice.image, one.image)
        assert torch.equal(twice.boxes, one.boxes)


def test_iou_of_classes_by_hand() -> None:
    """Six pixels: two of class 1 of which one was found, one said wrongly."""
    one = scene(0)
    truth = [replace(one, mask=one.mask.new_tensor([[0, 0, 0], [1, 1, 2]]))]
    found = class_iou([np.array([[0, 0, 1], [1, 0, 2]])], truth)

    assert found[:3].tolist() == [2 / 4, 1 / 3, 1.0]
    assert np.isnan(found[3:]).all()


def test_average_precision_by_hand() -> None:
    """A perfect answer is 1; a lower-ranked extra box costs nothing, a higher-ranked one half; no box is 0."""
    one = scene(0)
    box = torch.tensor([[10.0, 10, 50, 50]])
    truth = [replace(one, boxes=box, labels=torch.tensor([1]))]

    def answered(boxes, scores):
        labels = torch.ones(len(scores), dtype=torch.int64)
        return average_precision([{"boxes": boxes, "labels": labels, "scores": torch.tensor(scores)}], truth)

    both = torch.cat([box, box + 40])
    assert answered(box, [0.9]) == pytest.approx((1, 1))
    assert answered(both, [0.9, 0.1]) == pytest.approx((1, 1))
    assert answered(both, [0.1, 0.9]) == pytest.approx((0.5, 0.5))
    assert answered(box[:0], []) == (0, 0)
    shifted = box + torch.tensor([0.0, 0, -10, 0])  # IoU 0.75: right at six of COCO's ten overlaps
    assert answered(shifted, [0.9]) == pytest.approx((0.6, 1))


def test_a_frozen_segmenter_learns_and_is_reproducible() -> None:
    """Nothing of the trunk moves, its batch norm included; the same seed gives the same answers."""
    scenes = [scene(seed, size=64) for seed in range(8)]
    first, again = (train(Segmenter, "frozen", scenes, steps=2) for _ in range(2))
    fresh = train(Segmenter, "frozen", scenes, steps=1, rate=0.0)

    states = [each.backbone.trunk.state_dict() for each in (first, fresh)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert all(np.array_equal(*pair) for pair in zip(first.answers(scenes), again.answers(scenes), strict=True))


def test_a_detector_sees_scenes_as_they_are() -> None:
    """At their size and normalised once; before training it answers all the same."""
    scenes = [scene(seed) for seed in range(2)]
    finder = train(Finder, "frozen", scenes * 4, steps=1, rate=0.0)
    seen, _ = finder.detector.transform(list(normalised(scenes)))

    assert torch.equal(seen.tensors, normalised(scenes))
    assert all(set(each) == {"boxes", "labels", "scores"} for each in finder.answers(scenes))


def test_paired_differences() -> None:
    """Equal answers differ by nothing; points are those of the same pictures."""
    assert paired_difference(lambda found, _: float(np.mean(found)), [1, 2], [1, 2], [0, 0]) == (0, 0, 0)
    mean, low, high = difference(np.ones(100, bool), np.arange(100) % 2 == 0)
    assert mean == 50
    assert 30 < low < mean < high < 70


@pytest.fixture(scope="module")
def digits():
    """A few digits."""
    return Task.of(*digit_pictures(), train=32, test=32)


def test_protocols_train_what_they_say(digits) -> None:
    """Linear: (1280 + 1) x 10 numbers; a curve is the same again for the same seed."""
    one, again = (learn("linear", digits, steps=20, rate=1e-2) for _ in range(2))

    assert one.trained == 12_810
    assert np.array_equal(one.accuracy, again.accuracy)
    assert one.final.trials == 32
    assert digits.train.shape == (32, 3, SIZE, SIZE)


def test_a_forgotten_eval_moves_batch_norm(digits) -> None:
    """Of a network whose weights take no gradient, a part moves, and features with it."""
    found = list(missing_eval(digits.train).values())

    assert 0 < found[1] < found[0]
    assert max(found[2:]) < 0.99


def test_spread_by_its_identity() -> None:
    """WSS times n is the sum of squared distances over pairs; the smaller spread has fewer errors, as was made."""
    close, far = made_groups()
    few = close.first[:20]
    squares = sum(distances(few)[i, j] ** 2 for i, j in itertools.combinations(range(20), 2))
    scores = np.concatenate([close.non_mated, far.non_mated])
    threshold = threshold_at(scores, 0.01)

    assert squares == pytest.approx(20 * within_sum_of_squares(few))
    assert close.variance < far.variance
    assert close.fmr(threshold).value < far.fmr(threshold).value
    assert close.fnmr(threshold).value < far.fnmr(threshold).value


def test_rates_by_hand() -> None:
    """A missing score matches nobody; the threshold lets no larger share match than was asked for."""
    non_mated = np.array([0.1, 0.2, np.nan, 0.3])

    assert fmr(non_mated, 0.2) == 0.5
    assert fnmr(non_mated, 0.2) == 0.5
    assert threshold_at(non_mated, 0.25) == 0.3
    assert fmr(non_mated, threshold_at(non_mated, 0.0)) == 0
    same, different = pair_scores(np.eye(3)[[0, 0, 1]], np.array([0, 0, 1]))
    assert same.tolist() == [1]
    assert different.tolist() == [0, 0]
    assert cross_validated_accuracy(
        np.array([1, 0, 1, 0.0]), np.array([1, 0, 1, 0], bool), np.array([1, 1, 2, 2])
    ).all()


def test_drawn_faces_are_found_and_told_apart() -> None:
    """By the default pipeline: one face each, and photos of one drawn person more alike than those of two."""
    recognizer = Recognizer(device="cpu")
    vectors = [recognizer.faces(drawn_face(person, photo)).only().embedding for person in (0, 1) for photo in (0, 1)]
    same, different = pair_scores(np.array(vectors), np.array([0, 0, 1, 1]))

    assert np.array_equal(drawn_face(0), drawn_face(0))
    assert same.min() > different.max()


def test_histograms_hold_the_published_pairs() -> None:
    """As many pairs per race as the published audit has, and false matches on both sides of its threshold's bin."""
    counts = json.loads((ROOT / "docs/lecture/score_histograms.json").read_text(encoding="utf-8"))
    threshold = json.loads((ROOT / "reports/fairface-dlib-resnet/audit.json").read_text(encoding="utf-8"))["threshold"]
    below = int((threshold["value"] - LOW) / (HIGH - LOW) * BINS)
    with (ROOT / "reports/fairface-dlib-resnet/groups-race.csv").open(encoding="utf-8", newline="") as file:
        published = {row["group"].replace("_", " "): row for row in csv.DictReader(file)}

    assert {group["name"] for group in counts["sets"][0]["groups"]} == set(published)
    for group in counts["sets"][0]["groups"]:
        row, found = published[group["name"]], group["non_mated"]
        assert sum(found) == int(row["impostor pairs"])
        assert sum(found[below + 1 :]) <= int(row["false matches"]) <= sum(found[below:])
    assert [sum(group["mated"]) for group in counts["sets"][1]["groups"]] == [777, 2221]


def test_a_score_reaches_its_bin() -> None:
    """A bin holds the scores from its lower edge on; what is missing or far below is in the first."""
    counts = histogram(np.array([0.7005, np.nan, 0.1, 1.0]))

    assert counts[100] == 1
    assert counts[0] == 2
    assert counts[BINS - 1] == 1
    assert sum(counts) == 4

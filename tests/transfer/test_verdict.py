"""The verdict in words: every statement against accuracies that are known, in both directions and in neither."""

from dataclasses import replace

import numpy as np
import pytest

from facerec.transfer.cells import Cell
from facerec.transfer.verdict import BEST, UNCOMPARED, UNTOLD, WORSE, difference_text, judge, p_text, points_text
from facerec.types import Interval


def cells(right, *, net="net", shots=None, seed=0):
    """Cells of one network by protocol."""
    return {Cell(net, protocol, shots, seed): counts for protocol, counts in right.items()}


def said(bench):
    """The sentences, with their standing."""
    return [(each.standing, each.plain) for each in judge(bench).sentences]


class TestFineTuning:
    """Whether training the whole network pays."""

    @pytest.mark.parametrize(
        ("tuned", "linear", "standing", "words"),
        [
            (108, 72, "note", "Training the whole network pays here: {}, +30.0"),
            (72, 108, "note", "Training the whole network does not pay here: {}, −30.0"),
            (73, 72, "insufficient", "Not distinguishable: {} (+0.8 points"),
        ],
    )
    def test_in_both_directions_and_in_neither(self, make_bench_with, tuned, linear, standing, words):
        """The points are those of fine-tuning minus the probe's, of 120 photos; it is said first."""
        first = said(make_bench_with(cells({"linear": (linear, 60), "fine-tune": (tuned, 60)})))[0]

        assert first[0] == standing
        assert first[1].startswith(words.format("fine-tuning net against a linear probe on it, all photos"))
        assert ("adjusted p < 0.001" if abs(tuned - linear) > 1 else "adjusted p 1.000") in first[1]

    def test_with_the_most_photos_that_both_had(self, make_bench_with):
        """With all photos there is a probe only, so the five shots count, and not the one shot."""
        right = cells({"linear": (100, 60)}) | cells({"linear": (60, 60), "fine-tune": (90, 60)}, shots=5)
        right |= cells({"linear": (60, 60), "fine-tune": (30, 60)}, shots=1)

        tuned = said(make_bench_with(right))[0][1]

        assert "pays here: fine-tuning net against a linear probe on it, 5 shots, +25.0 points" in tuned

    def test_the_probe_is_the_same_networks(self, make_bench_with):
        """Of two networks the better one is spoken of, against its own probe, once."""
        right = cells({"linear": (96, 60), "fine-tune": (108, 60)}, net="a")
        right |= cells({"linear": (36, 60), "fine-tune": (72, 60)}, net="b")

        told = [text for _, text in said(make_bench_with(right)) if "Training the whole network" in text]

        assert len(told) == 1
        assert "fine-tuning a against a linear probe on it, all photos, +10.0 points" in told[0]


class TestHighest:
    """Which method is best."""

    def test_it_is_that_of_the_most_photos(self, make_bench_with):
        """Its accuracy with Wilson's interval, and what guessing the most frequent class gives, both in percent."""
        right = cells({"knn": (90, 0), "linear": (60, 0), "centroid": (87, 0)}) | cells({"linear": (119, 0)}, shots=5)

        text = next(text for _, text in said(make_bench_with(right)) if text.startswith("Highest"))

        assert text.startswith("Highest with all photos: knn, 75.0 % (95 %: 66.6 … 81.9); ")
        assert "always answering the most frequent class gives 33.3" in text
        assert text.endswith("Not distinguishable from it is centroid.")

    def test_all_others_are_worse_or_there_is_none(self, make_bench_with):
        """Either is said, and neither is said of a single method."""
        both = said(make_bench_with(cells({"knn": (110, 0), "linear": (60, 0)})))
        alone = said(make_bench_with(cells({"knn": (110, 0)})))

        assert both[0][1].endswith("Every other method that it was compared with is distinguishable from it.")
        assert len(alone) == 1
        assert alone[0][1].endswith("gives 33.3\N{NO-BREAK SPACE}%.")

    def test_names_in_a_row(self, make_bench_with):
        """Three names have a comma and an and; two networks' methods have the network's name."""
        three = {"knn": (80, 0), "linear": (79, 0), "centroid": (78, 0), "scratch": (77, 0)}
        text = said(make_bench_with(cells(three) | cells({"knn": (1, 0)}, net="other")))[0][1]

        assert "Highest with all photos: knn on net" in text
        assert text.endswith("are linear on net, centroid on net and scratch on net.")


class TestShifted:
    """What training costs on corrupted photos."""

    @pytest.mark.parametrize(
        ("tuned", "linear", "standing", "words"),
        [
            (96, 60, "note", "gains, all photos: +30.0 points"),
            (60, 96, "note", "loses, all photos: −30.0 points"),
            (62, 60, "insufficient", "differs not distinguishably, all photos: +1.7 points"),
        ],
    )
    def test_it_is_the_corrupted_photos_that_count(self, make_bench_with, tuned, linear, standing, words):
        """Whatever the answers to the photos as they are, which say the opposite."""
        bench = make_bench_with(cells({"fine-tune": (linear, tuned), "linear": (tuned, linear)}))

        (found,) = [each for each in said(bench) if each[1].startswith("On corrupted")]

        assert found[0] == standing
        assert f"On corrupted test photos fine-tuning against a linear probe {words}" in found[1]

    def test_lp_ft_against_fine_tuning(self, make_bench_with):
        """Each question has a sentence, with the most photos that both had."""
        right = cells({"linear": (60, 60), "fine-tune": (60, 30)})
        right |= cells({"fine-tune": (60, 30), "lp-ft": (60, 90)}, shots=5)

        first, second = [text for _, text in said(make_bench_with(right)) if text.startswith("On corrupted")]

        assert "fine-tuning against a linear probe loses, all photos: −25.0 points" in first
        assert "starting fine-tuning at the linear probe (lp-ft) against not gains, 5 shots: +50.0 points" in second


class TestBought:
    """What pre-training buys."""

    @pytest.mark.parametrize(
        ("best", "scratch", "standing", "words"),
        [
            (108, 72, "note", "With all photos pre-training buys 30.0 points of accuracy here: linear reaches 90.0 % "),
            (72, 108, "warning", "With all photos pre-training costs accuracy here: linear reaches 60.0 % "),
            (74, 72, "insufficient", "With all photos it is not shown that pre-training buys anything here: linear"),
        ],
    )
    def test_in_both_directions_and_in_neither(self, make_bench_with, best, scratch, standing, words):
        """The best pre-trained method against the same network from scratch."""
        found = said(make_bench_with(cells({"linear": (best, 60), "knn": (50, 60), "scratch": (scratch, 60)})))[-1]

        assert found[1].startswith(words)
        assert found[0] == standing
        points = f"{100 * (best - scratch) / 120:+.1f}".replace("-", "−")
        assert f"difference {points} points" in found[1]
        assert f"the same network from scratch {100 * scratch / 120:.1f} %" in found[1]

    def test_every_network_is_held_against_itself(self, make_bench_with):
        """The one that gained most is told, never one network against another's scratch; per class where shots are."""
        right = cells({"linear": (110, 0), "scratch": (90, 0)}, net="a", shots=5)
        right |= cells({"linear": (90, 0), "scratch": (30, 0)}, net="b", shots=5)
        right |= cells({"linear": (115, 0)}, net="a")

        text = said(make_bench_with(right))[-1][1]

        assert text.startswith("With 5 shots per class pre-training buys 50.0 points of accuracy here: linear on b")
        assert "reaches 75.0 %" in text
        assert "the same network from scratch 25.0 %" in text

    def test_a_single_set_of_weights_is_enough(self, make_bench_with):
        """Nothing is said only where no network has any."""
        made = make_bench_with(cells({"linear": (110, 0), "scratch": (90, 0)}))
        with_weights = made.backbones[0]
        without = replace(with_weights, weights_sha256=None)

        assert "pre-training" in said(replace(made, backbones=(without, with_weights)))[-1][1]
        assert not any("pre-training" in text for _, text in said(replace(made, backbones=(without,))))


class TestFindings:
    """judge."""

    def test_summaries_go_from_most_photos_to_fewest_and_from_best_to_worst(self, make_bench_with):
        """Whatever the order of the cells."""
        right = cells({"knn": (50, 0), "linear": (60, 0)}, shots=5) | cells(
            {"knn": (20, 0), "linear": (10, 0)}, shots=20
        )
        right |= cells({"knn": (5, 0), "linear": (6, 0)})

        found = judge(make_bench_with(right)).summaries

        assert [(each.shots, each.protocol) for each in found] == [
            (None, "linear"), (None, "knn"), (20, "knn"), (20, "linear"), (5, "linear"), (5, "knn")
        ]  # fmt: skip

    def test_marks_are_of_the_same_photos(self, make_bench_with):
        """Best, near, far, and one that shares no seed with the best, in the order of the summaries."""
        right = cells({"knn": (100, 0), "linear": (99, 0), "centroid": (50, 0)}) | cells({"scratch": (40, 0)}, seed=1)

        found = judge(make_bench_with(right))

        assert [each.protocol for each in found.summaries] == ["knn", "linear", "centroid", "scratch"]
        assert found.marks == (BEST, UNTOLD, WORSE, UNCOMPARED)

    def test_the_most_frequent_class_is_that_of_the_photos_to_learn_from(self, make_bench_with):
        """Tulips are learned from most, and forty of the 120 test photos are tulips; then ten of 120."""
        made = make_bench_with(cells({"knn": (100, 0)}), train_labels=np.array([0, 1, 2, 2, 1, 2]))

        majority = judge(made).majority

        assert (majority.errors, majority.trials) == (40, 120)
        rare = replace(made, test=np.r_[np.arange(2, 32, 3), np.arange(0, 240, 3)][:90])
        outcomes = tuple(replace(each, scores=each.scores[:90], corrupted=None) for each in made.measured.outcomes)
        majority = judge(replace(rare, measured=replace(made.measured, outcomes=outcomes))).majority
        assert (majority.errors, majority.trials) == (10, 90)

    def test_people_are_counted_and_not_their_photos(self, make_bench_with):
        """With four photos a person, intervals are wider and a difference is none any more."""
        made = make_bench_with(cells({"knn": (70, 70), "linear": (60, 60)}))

        alone, together = judge(made), judge(replace(made, clusters=np.arange(120) // 10))

        for one, other in zip(alone.summaries, together.summaries, strict=True):
            assert other.accuracy.effective_trials < one.accuracy.effective_trials / 3
            assert other.corrupted.effective_trials < one.corrupted.effective_trials / 3
        assert alone.comparisons[0].distinguishable
        assert alone.corrupted[0].distinguishable
        assert not together.comparisons[0].distinguishable
        assert not together.corrupted[0].distinguishable


def test_numbers_in_words(make_bench_with):
    """Points with signs and both ends; a difference with its seeds; a p-value to a thousandth or below it."""
    right = cells({"knn": (66, 0), "linear": (60, 0)}) | cells({"knn": (66, 0), "linear": (60, 0)}, seed=1)
    (found,) = judge(make_bench_with(right)).comparisons
    shown = replace(found, difference=-0.1234, interval=Interval(-0.2, 0.05), adjusted=0.0123, seeds=(0,))

    assert points_text(shown) == "−12.3 points (95 %: −20.0 … +5.0)"
    assert points_text(shown, bare=True) == "−12.3 (−20.0 … +5.0)"
    assert difference_text(shown) == "−12.3 on\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}seed"
    assert difference_text(found) == "+5.0 on\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}seeds"
    assert [p_text(replace(shown, adjusted=value)) for value in (0.0123, 0.001, 0.0009)] == [
        "0.012",
        "0.001",
        "< 0.001",
    ]

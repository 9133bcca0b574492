"""The numbers that a report's drawings show: each is that of its method, its cells and its photos."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from facerec.reporting import write_number
from facerec.transfer.cells import Cell
from facerec.transfer.figures import (
    confusion_figure,
    cost_figure,
    learning_figure,
    of_summary,
    ranks_text,
    shots_figure,
    top1_figure,
)
from facerec.transfer.verdict import judge

SHOTS = (5, 1, None)
RIGHT = {
    Cell("net", protocol, shots, seed): (20 + 9 * place + 11 * at + 2 * seed, 0)
    for place, protocol in enumerate(("linear", "fine-tune"))
    for at, shots in enumerate(SHOTS)
    for seed in (1, 0)
}


@pytest.fixture
def bench(make_bench_with):
    """Two methods, three numbers of shots, two seeds; all photos are 360 of three classes."""
    made = make_bench_with(RIGHT)
    outcomes = tuple(replace(each, train_photos=3 * (each.cell.shots or 120)) for each in made.measured.outcomes)
    return replace(made, measured=replace(made.measured, outcomes=outcomes))


def accuracy(protocol, shots):
    """Mean over the seeds."""
    return np.mean([RIGHT[Cell("net", protocol, shots, seed)][0] for seed in (0, 1)]) / 120


def test_accuracy_over_photos(bench):
    """Photos per class ascend, all photos the last of them by their number; bands are the intervals."""
    findings = judge(bench)

    figure = shots_figure(bench, findings)

    for protocol in ("linear", "fine-tune"):
        assert figure.data[f"{protocol} x"] == (1, 5, 120)
        assert figure.data[f"{protocol} y"] == pytest.approx([accuracy(protocol, shots) for shots in (1, 5, None)])
        own = {each.shots: each.accuracy.interval() for each in findings.summaries if each.protocol == protocol}
        assert figure.data[f"{protocol} low"] == tuple(own[shots].low for shots in (1, 5, None))
        assert figure.data[f"{protocol} high"] == tuple(own[shots].high for shots in (1, 5, None))
    assert f"highest is fine-tune with all photos, {accuracy('fine-tune', None):.1%}" in figure.alt


def test_one_number_of_shots_has_no_curve(make_bench_with):
    """There is nothing to draw it over."""
    bench = make_bench_with({Cell("net", "knn", 5, 0): (60, 0), Cell("net", "linear", 5, 0): (70, 0)})

    assert shots_figure(bench, judge(bench)) is None


def test_accuracy_over_cost(bench):
    """Each bubble has the mean multiply-adds of its seeds, the accuracy beside them, and its model's parameters."""
    figure = cost_figure(bench, judge(bench))

    found = set(zip(*(figure.data[name] for name in ("multiply-adds", "accuracy", "parameters")), strict=True))
    wanted, named = set(), {}
    for protocol in ("linear", "fine-tune"):
        for shots in SHOTS:
            one, two = sorted(
                (o for o in bench.measured.outcomes if (o.cell.protocol, o.cell.shots) == (protocol, shots)),
                key=lambda each: each.cell.seed,
            )
            macs = (one.learning_macs + two.learning_macs) / 2
            named[macs] = protocol
            wanted.add((macs, accuracy(protocol, shots), float(one.parameters)))
    assert {tuple(np.round(each, 9)) for each in found} == {tuple(np.round(each, 9)) for each in wanted}
    ends = [f"{named[end(named)]} at {write_number(end(named), 'amount')}" for end in (min, max)]
    assert figure.alt.replace("\N{NO-BREAK SPACE}", " ") == (
        f"Accuracy against the cost of learning, from {ends[0]} to {ends[1]} multiply-adds"
    ).replace("\N{NO-BREAK SPACE}", " ")


def test_learning_curves_are_the_first_seeds(bench):
    """Of each trained method, with the shots that most of them had; steps, losses and accuracies of the history."""
    figure = learning_figure(bench, judge(bench))

    (first,) = [each for each in bench.measured.outcomes if each.cell == Cell("net", "fine-tune", None, 0)]
    assert figure.data["fine-tune loss x"] == figure.data["fine-tune accuracy x"] == (7, 14, 21)
    assert figure.data["fine-tune loss y"] == tuple(point.training_loss for point in first.history)
    assert figure.data["fine-tune accuracy y"] == tuple(point.validation_accuracy for point in first.history)
    assert f"fine-tune {first.history[-1].validation_accuracy:.1%}" in figure.alt
    assert "linear loss x" not in figure.data


def test_learning_curves_are_of_the_shots_that_most_had(make_bench_with):
    """Two trainings with five shots and one with all photos: the two are drawn, and none of the one."""
    cells = [Cell("net", "scratch", None, 0), Cell("net", "lp-ft", 5, 0), Cell("net", "fine-tune", 5, 0)]
    bench = make_bench_with(dict.fromkeys(cells, (60, 0)))

    figure = learning_figure(bench, judge(bench))

    assert {name.split()[0] for name in figure.data} == {"lp-ft", "fine-tune"}
    assert "5 shots" in figure.alt
    probes = make_bench_with({Cell("net", "knn", None, 0): (60, 0)})
    assert learning_figure(probes, judge(probes)) is None


class TestTop1:
    """top1_figure and ranks_text."""

    @staticmethod
    def bench(make, networks, **top1):
        """A linear probe and fine-tuning of some networks, in an order that is not that of their top-1."""
        right = {}
        for place in range(networks):
            right[Cell(f"n{place}", "linear", None, 0)] = (30 + (7 * place) % 17, 0)
            right[Cell(f"n{place}", "fine-tune", None, 0)] = (50 + 5 * place, 0)
            right[Cell(f"n{place}", "linear", 5, 0)] = (5, 0)
        published = {f"n{place}": 80.0 - 3 * place for place in range(networks)} | top1
        return make(right, top1={name: value for name, value in published.items() if value}), right, published

    def test_each_network_with_the_most_photos(self, make_bench_with):
        """Ordered by what is published; a network of which nothing is published is not drawn."""
        bench, right, published = self.bench(make_bench_with, 4, n2=None)
        findings = judge(bench)

        data = top1_figure(bench, findings).data

        names = ["n3", "n1", "n0"]
        for protocol in ("linear", "fine-tune"):
            own = {
                each.backbone: each for each in findings.summaries if each.shots is None and each.protocol == protocol
            }
            assert data[f"{protocol} top-1"] == tuple(published[name] for name in names)
            assert data[f"{protocol} accuracy"] == pytest.approx(
                [right[Cell(name, protocol, None, 0)][0] / 120 for name in names]
            )
            assert data[f"{protocol} low"] == tuple(own[name].accuracy.interval().low for name in names)
            assert data[f"{protocol} high"] == tuple(own[name].accuracy.interval().high for name in names)
        bench, *_ = self.bench(make_bench_with, 2, n1=80.0)
        assert top1_figure(bench, judge(bench)) is None  # two networks, one top-1

    @pytest.mark.parametrize("count", [5, 6])
    def test_ranks_are_correlated_from_six_on(self, make_bench_with, count):
        """Spearman's coefficient of each protocol with its sign; fine-tuning falls here as the top-1 rises."""
        bench, right, published = self.bench(make_bench_with, count)

        text = ranks_text(bench, judge(bench))

        if count < 6:
            assert text.startswith("5 networks are too few for a correlation, which is stated from 6 on.")
            return
        linear = [right[Cell(f"n{place}", "linear", None, 0)][0] for place in range(count)]
        rank = spearmanr(list(published.values()), linear).statistic
        assert f"linear: {rank:+.2f} over {count} networks, p ".replace("-", "−") in text.replace("lp−ft", "lp-ft")
        assert f"tune: −1.00 over {count} networks, p 0.00" in text
        assert f"p {2 / 720:.3f}" in text  # of all orders two are as extreme


def test_the_commonest_confusion_is_told(bench):
    """Not the diagonal, and in the right direction: roses are taken for tulips, not tulips for roses."""
    labels = np.repeat([0, 1, 2], 10)
    answers = labels.copy()
    answers[10:14], answers[20:22] = 2, 0
    outcome = replace(bench.measured.outcomes[0], scores=np.eye(3, dtype=np.float32)[answers])
    classes = ("daisy", "rose", "tulip")

    figure = confusion_figure(outcome, labels, classes)
    clean = confusion_figure(replace(outcome, scores=np.eye(3, dtype=np.float32)[labels]), labels, classes)

    assert figure.alt == "Confusion matrix: most often rose is taken for tulip, 4 times"
    assert dict(figure.data) == {
        "right: daisy": (10, 0, 0),
        "right: rose": (0, 6, 4),
        "right: tulip": (2, 0, 8),
    }
    assert clean.alt == "Confusion matrix: no photo is taken for another class"
    assert confusion_figure(outcome, labels, [f"{number}" for number in range(15)]) is not None


def test_outcomes_of_a_summary_are_its_own_by_seed(bench):
    """Of its network, protocol and shots, whatever the order in which they were measured."""
    for summary in judge(bench).summaries:
        found = [each.cell for each in of_summary(bench, summary)]

        assert found == [Cell(*summary.method, summary.shots, seed) for seed in (0, 1)]

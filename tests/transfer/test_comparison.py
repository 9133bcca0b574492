"""Comparisons: intervals with known values, exact tests by hand, and what Holm leaves of many."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from facerec.errors import ArgumentError
from facerec.measure.metrics import holm
from facerec.measure.metrics.paired import mean_accuracy, paired_difference
from facerec.transfer.cells import Cell, Outcome
from facerec.transfer.comparison import Answers, Comparison, Summary, best, between, compare, summarise
from facerec.transfer.two_runs import Difference, Run, compare_runs
from facerec.transfer.verdict import UNTOLD, WORSE, _highest, _mark, points_text
from facerec.types import Interval, Rate


def flags(*rows):
    """Answers as rows of 0 and 1, one row per seed."""
    return np.array(rows, bool)


def outcome(protocol, seed, answers, shots=None):
    """An outcome over two classes whose answers are given."""
    scores = np.eye(2, dtype=np.float32)[np.asarray(answers)]
    return Outcome(Cell("net", protocol, shots, seed), "none", scores, 10, 10, 0.5, 1.0, 1, 1, 1, 1)


class TestMeanAccuracy:
    """mean_accuracy."""

    def test_one_seed_is_wilsons_interval_of_the_photos(self):
        """With one seed nothing but the photos varies."""
        correct = np.arange(100)[None, :] < 80

        assert mean_accuracy(correct).interval() == Rate(80, 100).interval()

    def test_equal_seeds_are_worth_one(self):
        """Five seeds with the same answers say no more than one of them."""
        one = np.arange(200)[None, :] % 5 > 0

        found = mean_accuracy(np.repeat(one, 5, axis=0))

        assert found.trials == 1000
        assert found.effective_trials == pytest.approx(200, rel=0.05)

    def test_seeds_that_differ_widen_the_interval(self):
        """Seeds whose accuracies lie far apart are worth fewer trials than there are photos."""
        apart = np.stack([np.arange(200) < share for share in (60, 100, 140, 180)])

        assert mean_accuracy(apart).effective_trials < 30

    def test_few_seeds_keep_their_variance(self):
        """Of two seeds the variance between is the unbiased one: half the squared difference over two."""
        two = np.stack([np.ones(4000, bool), np.arange(4000) % 2 == 0])

        found = mean_accuracy(two)

        variance = found.value * (1 - found.value) / found.effective_trials
        assert variance == pytest.approx(0.5**2 / 4, rel=0.05)

    def test_photos_of_one_person_are_drawn_together(self):
        """Ten people with ten equal answers each are worth ten trials."""
        answers = np.repeat(np.arange(10) % 2 == 0, 10)[None, :]

        found = mean_accuracy(answers, clusters=np.repeat(np.arange(10), 10))

        assert found.effective_trials == pytest.approx(10, rel=0.05)

    def test_no_answers(self):
        """Without photos there is no accuracy."""
        with pytest.raises(ArgumentError, match="at least one photo"):
            mean_accuracy(np.zeros((1, 0), bool))


class TestPairedDifference:
    """paired_difference."""

    @pytest.mark.parametrize(("gained", "lost"), [(10, 2), (5, 5), (0, 0), (7, 0)])
    def test_one_seed_is_mcnemars_exact_test(self, gained, lost):
        """The two-sided binomial test on the photos that only one of the two gets right."""
        first, second = np.ones((1, 60), bool), np.ones((1, 60), bool)
        second[0, :gained] = False
        first[0, gained : gained + lost] = False
        n = gained + lost
        by_hand = min(1.0, 2 * binom.cdf(min(gained, lost), n, 0.5)) if n else 1.0

        difference, interval, p_value = paired_difference(first, second)

        assert difference == pytest.approx((gained - lost) / 60)
        assert p_value == pytest.approx(by_hand)
        assert interval.low <= difference <= interval.high

    def test_a_difference_in_every_seed_is_found(self):
        """Twenty points in each of four seeds are far beyond chance."""
        first = np.tile(np.arange(300) < 270, (4, 1))
        second = np.tile(np.arange(300) < 210, (4, 1))

        difference, interval, p_value = paired_difference(first, second)

        assert difference == pytest.approx(0.2)
        assert interval.low > 0.1
        assert p_value == pytest.approx(2e-4)

    def test_one_lucky_seed_is_no_difference(self):
        """What one seed of three gains and the others do not may be the seed."""
        second = np.tile(np.arange(300) < 210, (3, 1))
        first = second.copy()
        first[0] = np.arange(300) < 270

        assert paired_difference(first, second)[2] > 0.05

    @given(st.integers(0, 2**20 - 1), st.integers(0, 2**20 - 1))
    @settings(max_examples=15, deadline=None)
    def test_exchanging_the_two_turns_the_sign(self, one, other):
        """The difference is antisymmetric, and the p-value does not care."""
        first, second = (flags([int(bit) for bit in f"{bits:020b}"]) for bits in (one, other))

        there, back = paired_difference(first, second), paired_difference(second, first)

        assert there[0] == pytest.approx(-back[0])
        assert there[2] == pytest.approx(back[2])

    def test_other_shapes(self):
        """Other seeds or photos cannot be compared in pairs."""
        with pytest.raises(ArgumentError, match="same seeds and photos"):
            paired_difference(np.ones((1, 4), bool), np.ones((2, 4), bool))

    def test_under_no_difference_false_alarms_keep_their_level(self):
        """Two methods that are equally good are called different in at most about one of twenty runs."""
        random = np.random.default_rng(5)
        alarms = sum(
            paired_difference(random.random((3, 120)) < 0.8, random.random((3, 120)) < 0.8, replicates=999)[2] < 0.05
            for _ in range(40)
        )

        assert alarms <= 6


class TestCompare:
    """summarise, compare, best, between."""

    labels = np.arange(80) % 2

    def outcomes(self):
        """Three methods, two seeds: right, right but for one photo, and always wrong."""
        nearly = self.labels.copy()
        nearly[0] = 1 - nearly[0]
        return [
            outcome(protocol, seed, answers)
            for seed in (1, 0)
            for protocol, answers in (("linear", self.labels), ("knn", nearly), ("scratch", 1 - self.labels))
        ]

    def test_every_pair_is_compared_and_adjusted_by_holm(self):
        """Three methods make three comparisons of one family."""
        found = compare(Answers(self.outcomes(), self.labels))

        assert len(found) == 3
        assert [each.adjusted for each in found] == pytest.approx(holm([each.p_value for each in found]).tolist())

    def test_the_better_one_stands_first(self):
        """Differences are never negative."""
        assert all(each.difference >= 0 for each in compare(Answers(self.outcomes(), self.labels)))

    def test_marks_of_a_small_and_a_large_difference(self):
        """One photo of eighty is not distinguishable, all of them are."""
        found = compare(Answers(self.outcomes(), self.labels))

        assert not between(found, ("net", "linear"), ("net", "knn"), None).distinguishable
        assert between(found, ("net", "linear"), ("net", "scratch"), None).distinguishable
        assert between(found, ("net", "scratch"), ("net", "linear"), None).difference == pytest.approx(-1)

    def test_only_shared_seeds_are_compared(self):
        """A method without a common seed is not compared with, one with a common seed on that one."""
        outcomes = [outcome("linear", 0, self.labels), outcome("linear", 1, self.labels)]
        outcomes += [outcome("knn", 1, self.labels), outcome("scratch", 7, self.labels)]

        found = compare(Answers(outcomes, self.labels))

        assert [(each.first[1], each.second[1], each.seeds) for each in found] == [("linear", "knn", (1,))]

    def test_numbers_of_shots_are_families_of_their_own(self):
        """Comparisons with other numbers of shots do not weaken these."""
        alone = compare(Answers(self.outcomes(), self.labels))
        more = [outcome(p, s, self.labels, shots=5) for p in ("linear", "knn", "centroid") for s in (0, 1)]

        assert compare(Answers([*self.outcomes(), *more], self.labels))[: len(alone)] == alone

    def test_the_summary_counts_all_answers_of_all_seeds(self):
        """160 answers of two seeds; the best is the one without a mistake."""
        summaries = summarise(
            *(Answers(self.outcomes(), self.labels, photos=each) for each in ("as they are", "corrupted"))
        )

        assert [(each.protocol, each.seeds, each.accuracy.errors) for each in summaries] == [
            ("linear", (0, 1), 160),
            ("knn", (0, 1), 158),
            ("scratch", (0, 1), 0),
        ]
        assert best(summaries, None).protocol == "linear"

    def test_of_equal_ones_the_first_is_the_best_and_other_shots_do_not_matter(self):
        """Two at 0.8 with all photos, one at 0.9 with five."""
        summaries = [
            Summary("net", name, shots, (0,), Rate(right, 10))
            for name, shots, right in (("knn", 5, 9), ("linear", None, 8), ("centroid", None, 8), ("scratch", None, 7))
        ]

        assert best(summaries, None) is summaries[1]
        assert best(summaries, 5) is summaries[0]

    @pytest.mark.parametrize(("adjusted", "shown"), [(0.0499, True), (0.05, False), (0.9, False)])
    def test_a_difference_is_one_below_five_hundredths(self, adjusted, shown):
        """Of the adjusted p-value, in one run and between two."""
        words = (("net", "knn"), ("net", "linear"), None, (0,), 0.1, Interval(0, 0.2), 0.001)
        rates = (Rate(9, 10), Rate(8, 10))

        assert Comparison(*words, adjusted=adjusted).distinguishable == shown
        between_runs = Difference("net", "net", "knn", None, (0,), rates, 0.1, Interval(0, 0.2), 0.001, adjusted)
        assert between_runs.distinguishable == shown


class TestAnswers:
    """Answers and between."""

    @given(st.integers(0, 10**6))
    @settings(max_examples=3, deadline=None)
    def test_every_rate_and_difference_is_that_of_its_own_cells(self, number):
        """Of networks, protocols, shots and uneven seeds in any order, of both kinds of answers."""
        random = np.random.default_rng(number)
        labels = random.integers(0, 2, 40)
        made = {
            Cell(net, protocol, shots, seed): random.integers(0, 2, (2, 40))
            for net in ("a", "b")
            for protocol in ("linear", "knn", "scratch")
            for shots in (5, None)
            for seed in random.permutation(4)[: random.integers(1, 5)].tolist()
        }
        eye = np.eye(2, dtype=np.float32)
        outcomes = [
            Outcome(cell, "none", eye[one], 1, 1, 0.5, 1.0, 1, 1, 1, 1, corrupted=None if cell.seed == 3 else eye[two])
            for cell, (one, two) in made.items()
        ]
        random.shuffle(outcomes)
        for place, photos in enumerate(("as they are", "corrupted")):
            right = {cell: each[place] == labels for cell, each in made.items() if not place or cell.seed < 3}
            found = Answers(outcomes, labels, photos=photos)

            def of(method, shots, seeds, right=right):
                return np.stack([right[Cell(*method, shots, seed)] for seed in seeds])

            methods = {(cell.backbone, cell.protocol) for cell in made}
            for shots in (5, None):
                seeds = {m: [s for s in range(4) if Cell(*m, shots, s) in right] for m in methods}
                for one in methods:
                    rate = found.rate(shots, one)
                    assert rate == (mean_accuracy(of(one, shots, seeds[one])) if seeds[one] else None)
                pairs = [each for each in compare(found) if each.shots == shots]
                assert [each.adjusted for each in pairs] == holm([each.p_value for each in pairs]).tolist()
                told = {frozenset((each.first, each.second)): each for each in pairs}
                wanted = [pair for pair in combinations(methods, 2) if set(seeds[pair[0]]) & set(seeds[pair[1]])]
                assert told.keys() == set(map(frozenset, wanted))
                for each in pairs:
                    shared = tuple(s for s in seeds[each.first] if s in seeds[each.second])
                    assert each.seeds == shared
                    by_hand = paired_difference(of(each.first, shots, shared), of(each.second, shots, shared))
                    assert (each.difference, each.interval, each.p_value) == by_hand

    def test_a_summary_has_both_accuracies(self):
        """As they are three of four, corrupted one of four; where these were not looked at, none."""
        labels = np.zeros(4, np.int64)
        eye = np.eye(2, dtype=np.float32)
        looked = replace(outcome("linear", 0, [0, 0, 0, 1]), corrupted=eye[[0, 1, 1, 1]])
        kinds = ("as they are", "corrupted")

        (one, other) = summarise(
            *(Answers([looked, outcome("knn", 0, [0, 0, 1, 1])], labels, photos=each) for each in kinds)
        )

        assert (one.accuracy.errors, one.corrupted.errors, one.method) == (3, 1, ("net", "linear"))
        assert (other.accuracy.errors, other.corrupted) == (2, None)

    @staticmethod
    def made():
        """Two methods on thirty people with four photos each, whose answers to one person are alike."""
        random = np.random.default_rng(4)
        clusters = np.arange(30).repeat(4)
        people = {name: random.random(30) < share for name, share in (("linear", 0.85), ("knn", 0.6))}
        labels = np.zeros(120, np.int64)
        outcomes = [
            outcome(name, seed, np.where(right[clusters], 0, 1)) for name, right in people.items() for seed in (0, 1)
        ]
        return outcomes, labels, clusters

    def test_photos_of_one_person_are_no_independent_answers(self):
        """Rates and differences are those of the metrics with the same clusters, and wider than without them."""
        outcomes, labels, clusters = self.made()
        right = {name: np.stack([each.predicted == labels for each in outcomes if each.cell.protocol == name])
                 for name in ("linear", "knn")}  # fmt: skip

        together = Answers(outcomes, labels, clusters=clusters)
        alone = Answers(outcomes, labels)

        rates = [each.rate(None, ("net", "linear")) for each in (together, alone)]
        pairs = [each.compared(None, ("net", "linear"), ("net", "knn")) for each in (together, alone)]
        assert rates[0] == mean_accuracy(right["linear"], clusters=clusters)
        assert rates[0].effective_trials < 0.6 * rates[1].effective_trials
        told = paired_difference(right["linear"], right["knn"], clusters=clusters)
        assert (pairs[0].difference, pairs[0].interval, pairs[0].p_value) == told
        widths = [each.interval.high - each.interval.low for each in pairs]
        assert widths[0] > 1.5 * widths[1]

    def test_a_comparison_is_the_mirror_of_the_other_direction(self):
        """The difference and both ends change their sign, and it lies in its interval either way."""
        outcomes, labels, _ = self.made()
        (found,) = compare(Answers(outcomes, labels))

        there = between([found], found.first, found.second, None)
        back = between([found], found.second, found.first, None)

        assert back.difference == -there.difference != 0
        assert (back.interval.low, back.interval.high) == (-there.interval.high, -there.interval.low)
        for each in (there, back):
            assert each.interval.low <= each.difference <= each.interval.high
        assert back.p_value == there.p_value


def test_two_runs_count_photos_of_one_person_as_one(tmp_path):
    """The difference of two runs has the interval and the p-value of the people, not of their photos."""
    random = np.random.default_rng(0)
    who = np.repeat(np.arange(15), 8)
    labels = np.zeros(120, np.int64)
    wrong = [np.repeat(random.random(15) < share, 8) for share in (0.2, 0.5)]
    runs = [Run(tmp_path, "data", labels, who, (outcome("linear", 0, each.astype(int)),)) for each in wrong]

    (found,) = compare_runs(*runs)

    difference, interval, p_value = paired_difference(*(~each[None] for each in wrong), clusters=who)
    assert (found.difference, found.interval, found.p_value) == (difference, interval, p_value)
    assert interval != paired_difference(*(~each[None] for each in wrong))[1]


def test_what_is_better_on_shared_seeds_is_not_worse():
    """A method with an extra seed has the highest mean; on the seeds of both the other one is better: not worse."""
    first, second = ("net", "fine-tune"), ("net", "linear")
    summaries = [
        Summary(*method, None, seeds, Rate(correct, 100))
        for method, seeds, correct in ((first, (0, 1), 90), (second, (0,), 80))
    ]
    compared = Comparison(first, second, None, (0,), -0.2, Interval(-0.3, -0.1), 0.001, 0.001)
    better = replace(compared, difference=0.2, interval=Interval(0.1, 0.3))

    assert compared.distinguishable
    assert _mark(summaries[1], summaries, [compared]) == UNTOLD
    assert _mark(summaries[1], summaries, [better]) == WORSE


def test_nothing_has_no_sign():
    """A difference that rounds to nothing is not shown below it."""
    compared = Comparison(("net", "linear"), ("net", "knn"), None, (0,), -0.0001, Interval(-0.0002, 0.01), 0.9, 0.9)

    assert points_text(compared, bare=True) == "+0.0 (+0.0 … +1.0)"


def test_the_verdict_names_what_is_not_told_apart():
    """Of three others one is distinguishably worse; the two that are not are named, and no other."""
    summaries = [
        Summary("net", protocol, None, (0,), Rate(correct, 100))
        for protocol, correct in (("fine-tune", 90), ("linear", 85), ("knn", 84), ("scratch", 20))
    ]

    def against(protocol, adjusted):
        return Comparison(("net", "fine-tune"), ("net", protocol), None, (0,), 0.1, Interval(0, 0.2), 0.01, adjusted)

    told = _highest(
        summaries, [against("linear", 0.3), against("knn", 0.2), against("scratch", 0.01)], None, Rate(5, 100)
    )
    alone = _highest(summaries[:2], [against("linear", 0.3)], None, Rate(5, 100))

    assert "Not distinguishable from it are linear and knn." in told.plain
    assert "Not distinguishable from it is linear." in alone.plain


def test_two_runs_of_several_networks_are_compared_network_by_network(tmp_path):
    """Each with itself and no other; of runs of one network each, the one with the other; first and second in turn."""
    labels = np.zeros(40, np.int64)

    def run_of(networks, wrong):
        answers = (np.arange(40) < wrong).astype(int)
        made = [replace(outcome("linear", 0, answers), cell=Cell(name, "linear", None, 0)) for name in networks]
        return Run(tmp_path, "data", labels, None, tuple(made))

    both = compare_runs(run_of(("one", "two"), 10), run_of(("one", "two"), 20))
    other = compare_runs(run_of(("one",), 10), run_of(("two",), 20))

    assert [(each.first, each.second) for each in both] == [("one", "one"), ("two", "two")]
    assert [(each.first, each.second) for each in other] == [("one", "two")]
    for each in (*both, *other):
        assert [rate.value for rate in each.accuracies] == [0.75, 0.5]
        assert each.difference == pytest.approx(0.25)

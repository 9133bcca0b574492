"""Metrics: hand-worked tables, laws, and slow or foreign implementations as oracles."""

import itertools
import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from facerec.errors import ArgumentError
from facerec.measure.metrics import (
    DetCurve,
    auc,
    clustered_rate,
    det_curve,
    dyadic_variance,
    eer,
    fmr,
    fnmr,
    ten_fold_accuracy,
    threshold_at_fmr,
)
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.types import Rate

NAN = math.nan
GENUINE = [0.4, 0.7, 0.7, 0.8, 0.9, NAN]
IMPOSTOR = [0.1, 0.2, 0.4, 0.5, 0.7, NAN, 0.3, 0.3]

# Few values, so that scores tie; NaN among them.
scores_lists = st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.75, 0.9, NAN]), min_size=1, max_size=30).filter(
    lambda scores: not all(math.isnan(score) for score in scores)
)


class TestRates:
    """fmr, fnmr, threshold_at_fmr."""

    @pytest.mark.parametrize(
        ("threshold", "false_matches", "false_non_matches"),
        [
            (-math.inf, 7, 1),
            (0.1, 7, 1),
            (0.3, 5, 1),
            (0.4, 3, 1),
            (0.41, 2, 2),
            (0.7, 1, 2),
            (0.71, 0, 4),
            (0.95, 0, 6),
        ],
    )
    def test_counts_at_a_threshold(self, threshold, false_matches, false_non_matches):
        """Scores at the threshold are accepted, and a failure to acquire is rejected at any threshold."""
        assert fmr(IMPOSTOR, threshold) == Rate(false_matches, 8)
        assert fnmr(GENUINE, threshold) == Rate(false_non_matches, 6)

    def test_a_rate_without_trials_is_nan(self):
        """Nothing measured is NaN, not zero."""
        assert math.isnan(fmr([], 0.5).value)
        assert math.isnan(fnmr([], 0.5).value)

    def test_float32_scores_meet_a_float64_threshold_exactly(self):
        """0.1 as float32 is a little more than 0.1; 0.7 as float32 is a little less than 0.7."""
        scores = np.array([0.1, 0.7], np.float32)

        assert fmr(scores[:1], 0.1).errors == 1
        assert fmr(scores[1:], 0.7).errors == 0
        assert fmr(scores[1:], threshold_at_fmr(scores[1:], 1)).errors == 1

    @pytest.mark.parametrize(
        ("target", "threshold"),
        [
            (1, 0.1),
            (7 / 8, 0.1),
            (0.75, 0.2),
            (0.7, 0.3),
            (5 / 8, 0.3),
            (0.5, 0.4),
            (0.3, 0.5),
            (0.25, 0.5),
            (0.125, 0.7),
        ],
    )
    def test_threshold_of_a_worked_table(self, target, threshold):
        """Of eight impostor comparisons (one failed) the ones at or above the threshold are at most the target."""
        assert threshold_at_fmr(IMPOSTOR, target) == threshold

    @pytest.mark.parametrize("target", [0, 0.1, 0.124])
    def test_threshold_above_every_score(self, target):
        """Where no observed score is high enough, the threshold is the next number above the highest."""
        assert threshold_at_fmr(IMPOSTOR, target) == math.nextafter(0.7, 1)

    def test_target_of_29_in_100(self):
        """0.29 of 100 comparisons are 29, although 0.29 * 100 < 29 in floating point."""
        assert threshold_at_fmr(np.arange(100), 0.29) == 71

    @given(scores_lists, st.floats(0, 1))
    def test_threshold_is_the_lowest_that_reaches_the_target(self, impostor, target):
        """FMR at the threshold is within the target; at the next lower observed score it is not."""
        threshold = threshold_at_fmr(impostor, target)
        lower = [score for score in impostor if score < threshold]

        assert fmr(impostor, threshold).value <= target
        assert not lower or fmr(impostor, max(lower)).value > target
        assert threshold in impostor or threshold == math.nextafter(np.nanmax(impostor), math.inf)

    @given(scores_lists, st.floats(0, 1), st.floats(0, 1))
    def test_rates_are_monotone_in_the_threshold(self, scores, one, other):
        """A higher threshold never raises FMR and never lowers FNMR."""
        low, high = sorted([one, other])

        assert fmr(scores, high).value <= fmr(scores, low).value
        assert fnmr(scores, high).value >= fnmr(scores, low).value
        assert fmr(scores, low).errors + fnmr(scores, low).errors == len(scores)

    def test_true_match_rate(self):
        """At FMR ≤ 1/4 the threshold is 0.5, which two of six genuine comparisons miss."""
        assert fnmr(GENUINE, threshold_at_fmr(IMPOSTOR, 0.25)) == Rate(2, 6)

    @pytest.mark.parametrize(
        ("scores", "told"),
        [
            ([0.1, math.inf], "finite"),
            ([-math.inf], "finite"),
            ([[0.1]], "one dimension"),
            (0.5, "one dimension"),
            (["high"], "numbers"),
            ([True, False], "numbers"),
        ],
    )
    def test_scores_that_are_refused(self, scores, told):
        """Infinite scores, tables of scores and text are errors in every metric."""
        for metric in (
            lambda: fmr(scores, 0.5),
            lambda: fnmr(scores, 0.5),
            lambda: threshold_at_fmr(scores, 0.5),
            lambda: det_curve([0.5], scores),
            lambda: eer(scores, [0.5]),
            lambda: auc(scores, [0.5]),
        ):
            with pytest.raises(ArgumentError, match=told):
                metric()

    def test_other_arguments_that_are_refused(self):
        """A NaN threshold, a target that is no rate, and impostors that were never scored are errors."""
        with pytest.raises(ArgumentError, match="threshold is NaN"):
            fmr([0.5], NAN)
        with pytest.raises(ArgumentError, match="threshold is NaN"):
            fnmr([0.5], NAN)
        for target in (-0.1, 1.1, NAN):
            with pytest.raises(ArgumentError, match="target_fmr"):
                threshold_at_fmr([0.5], target)
        for nothing in ([], [NAN, NAN]):
            with pytest.raises(ArgumentError, match="no impostor comparison has a score"):
                threshold_at_fmr(nothing, 0.5)

    def test_integers_serve_as_scores(self):
        """A vendor's integer scale keeps its values."""
        assert threshold_at_fmr(np.array([10, 990, 1000]), 1 / 3) == 1000


class TestCurves:
    """det_curve, eer, auc."""

    def test_worked_curve(self):
        """Every distinct score is a step, and the last step accepts nothing."""
        curve = det_curve([0.4, 0.7, NAN, 0.9], [0.1, 0.4, 0.4, NAN, 0.7])

        assert curve.thresholds.tolist() == [0.1, 0.4, 0.7, 0.9, math.nextafter(0.9, 1)]
        assert curve.fmr.tolist() == [0.8, 0.6, 0.2, 0.0, 0.0]
        assert curve.fnmr.tolist() == [0.25, 0.25, 0.5, 0.75, 1.0]
        assert (curve.genuine_trials, curve.impostor_trials, len(curve)) == (4, 5, 5)

    @given(scores_lists, scores_lists)
    def test_curve_is_exact_at_every_step(self, genuine, impostor):
        """The curve says at each threshold what fmr and fnmr say there."""
        curve = det_curve(genuine, impostor)

        assert curve.fmr.tolist() == [fmr(impostor, t).value for t in curve.thresholds]
        assert curve.fnmr.tolist() == [fnmr(genuine, t).value for t in curve.thresholds]

    def test_curve_is_frozen(self):
        """Nobody changes a curve by accident."""
        curve = det_curve([0.5], [0.1])

        with pytest.raises(ValueError, match="read-only"):
            curve.fmr[0] = 0

    def test_curve_of_unequal_lengths_is_refused(self):
        """A curve has as many rates as thresholds."""
        with pytest.raises(ArgumentError, match="one length"):
            DetCurve(np.zeros(2), np.zeros(2), np.zeros(3), 1, 1)

    def test_roc_oracle(self):
        """The curve passes through the points of scikit-learn's ROC."""
        rng = np.random.default_rng(1)
        genuine, impostor = rng.normal(1, 1, 300).round(1), rng.normal(0, 1, 500).round(1)
        false_positive, true_positive, thresholds = roc_curve(
            np.repeat([1, 0], [300, 500]), np.concatenate([genuine, impostor]), drop_intermediate=False
        )
        curve = det_curve(genuine, impostor)

        assert np.array_equal(curve.thresholds[-2::-1], thresholds[1:])
        np.testing.assert_allclose(curve.fmr[-2::-1], false_positive[1:], atol=1e-15)
        np.testing.assert_allclose(1 - curve.fnmr[-2::-1], true_positive[1:], atol=1e-15)

    @pytest.mark.parametrize(
        ("genuine", "impostor", "expected"),
        [
            ([0.8, 0.9], [0.1, 0.2], 0.0),
            ([0.1, 0.2], [0.8, 0.9], 1.0),
            ([0.5, 0.5], [0.5, 0.5], 0.5),
            ([0.4, 0.7, 0.8, 0.9], [0.1, 0.2, 0.3, 0.5], 0.25),
            # steps: t=.4: FMR 1/2, FNMR 0; t=.5: FMR 1/2, FNMR 1/3 (nearest); t=.6: 0, 1/3
            ([0.4, 0.6, 0.7], [0.1, 0.5], (1 / 2 + 1 / 3) / 2),
            # one of two genuine comparisons failed, so FNMR is 1/2 from the start, where FMR falls to at t=.2
            ([0.9, NAN], [0.1, 0.2], 0.5),
        ],
    )
    def test_worked_equal_error_rates(self, genuine, impostor, expected):
        """The mean of both rates where they are nearest to each other."""
        assert eer(genuine, impostor) == pytest.approx(expected, abs=1e-15)

    @given(scores_lists, scores_lists)
    def test_equal_error_rate_oracle(self, genuine, impostor):
        """Of all thresholds the lowest one where the two rates are nearest, in fractions; the sides differ in size."""
        scores = sorted({score for score in genuine + impostor if not math.isnan(score)})
        rates = [
            (
                Fraction(sum(score >= threshold for score in impostor), len(impostor)),
                Fraction(sum(not score >= threshold for score in genuine), len(genuine)),
            )
            for threshold in [*scores, math.inf]
        ]
        nearest = min(rates, key=lambda both: abs(both[0] - both[1]))

        assert eer(genuine, impostor) == pytest.approx(float(sum(nearest) / 2), abs=1e-15)

    @pytest.mark.parametrize(
        ("genuine", "impostor", "expected"),
        [
            ([0.8, 0.9], [0.1, 0.2], 1.0),
            ([0.5], [0.5], 0.5),
            ([0.5, 0.9], [0.1, 0.5], 3.5 / 4),
            ([NAN, 0.9], [0.1, 0.5], 2 / 4),
            ([NAN, 0.9], [NAN, 0.5], 2.5 / 4),
        ],
    )
    def test_worked_areas(self, genuine, impostor, expected):
        """Wins count one, ties one half, and failures to acquire lose to every score and tie with each other."""
        assert auc(genuine, impostor) == expected

    def test_area_oracle(self):
        """The area equals scikit-learn's, with failures to acquire put below all scores."""
        rng = np.random.default_rng(2)
        genuine, impostor = rng.normal(1, 1, 400).round(1), rng.normal(0, 1, 700).round(1)
        genuine[::17] = impostor[::23] = NAN
        expected = roc_auc_score(
            np.repeat([1, 0], [400, 700]), np.nan_to_num(np.concatenate([genuine, impostor]), nan=-99)
        )

        assert auc(genuine, impostor) == pytest.approx(expected, abs=1e-12)

    @given(scores_lists, scores_lists, st.randoms())
    def test_order_and_scale_do_not_matter(self, genuine, impostor, random):
        """EER and area stay the same when scores are shuffled or bent by a rising function."""
        bent_genuine = [math.exp(3 * score) for score in random.sample(genuine, len(genuine))]
        bent_impostor = [math.exp(3 * score) for score in random.sample(impostor, len(impostor))]

        assert eer(bent_genuine, bent_impostor) == eer(genuine, impostor)
        assert auc(bent_genuine, bent_impostor) == auc(genuine, impostor)

    @given(scores_lists, scores_lists)
    def test_areas_of_both_directions_add_to_one(self, one, other):
        """Whatever beats is beaten."""
        assert auc(one, other) + auc(other, one) == pytest.approx(1)

    @pytest.mark.parametrize("metric", [det_curve, eer, auc])
    def test_both_kinds_of_comparisons_are_needed(self, metric):
        """Without genuine or without impostor comparisons there is no trade-off."""
        with pytest.raises(ArgumentError, match="got 0 genuine and 1 impostor"):
            metric([], [0.5])
        with pytest.raises(ArgumentError, match="got 1 genuine and 0 impostor"):
            metric([0.5], [])

    @pytest.mark.parametrize("metric", [det_curve, eer])
    def test_scores_are_needed(self, metric):
        """Where every comparison failed there is no threshold."""
        with pytest.raises(ArgumentError, match="no comparison has a score"):
            metric([NAN], [NAN])


class TestFolds:
    """ten_fold_accuracy."""

    def test_worked_folds(self):
        """Three folds: each threshold is the middle of the gap that the other two folds leave."""
        scores = [0.9, 0.2, 0.8, 0.3, 0.3, 0.7]
        genuine = [True, False, True, False, True, False]
        result = ten_fold_accuracy(scores, genuine, ["a", "a", "b", "b", "c", "c"])

        # For a: genuine .8 .3, impostor .3 .7. One error of four is least: accept ≥ .8 (gap .7 … .8).
        # For b: genuine .9 .3, impostor .2 .7. One error: ≥ .3 (.7 wrong, gap .2 … .3) or ≥ .9 (.3 wrong); of the two
        # the lower. For c: genuine .9 .8, impostor .2 .3: no error in the gap .3 … .8.
        assert result.thresholds == pytest.approx([0.75, 0.25, 0.55])
        assert result.correct.tolist() == [2, 1, 0]
        assert result.trials.tolist() == [2, 2, 2]
        assert result.accuracies.tolist() == [1.0, 0.5, 0.0]
        assert result.folds == ("a", "b", "c")
        assert (result.mean, result.std) == (0.5, 0.5)
        assert result.standard_error == pytest.approx(0.5 / math.sqrt(3))

    def test_failures_to_acquire_are_rejections(self):
        """A pair without a score is wrong if genuine and right if not."""
        result = ten_fold_accuracy([NAN, NAN, 0.5, 0.9, 0.1], [1, 0, 1, 1, 0], [1, 1, 1, 2, 2])

        assert result.correct.tolist() == [2, 2]
        assert result.trials.tolist() == [3, 2]
        with pytest.raises(ArgumentError, match="no comparison has a score"):
            ten_fold_accuracy([NAN, NAN, 0.9, 0.1], [1, 0, 1, 0], [1, 1, 2, 2])

    def test_neighbouring_floats_have_no_middle(self):
        """A gap between neighbouring floats still separates them."""
        low, high = 0.5, math.nextafter(0.5, 1)
        result = ten_fold_accuracy([high, low] * 2, [1, 0] * 2, [1, 1, 2, 2])

        assert result.mean == 1.0

    def test_accepting_nothing_or_all_can_be_best(self):
        """Where genuine pairs score lowest, the best of the other fold is a constant answer."""
        result = ten_fold_accuracy([0.1, 0.9, 0.8, 0.1, 0.9, 0.7], [1, 0, 0, 1, 0, 0], [1, 1, 1, 2, 2, 2])

        assert result.correct.tolist() == [2, 2]

    def test_an_independent_loop_agrees(self):
        """Ten folds of tied scores: trying every threshold in plain loops gives the same held-out decisions."""
        rng = np.random.default_rng(3)
        genuine = rng.random(400) < 0.5
        scores = (rng.normal(0, 1, 400) + 1.5 * genuine).round(1)
        fold = rng.integers(0, 10, 400)
        result = ten_fold_accuracy(scores, genuine, fold)

        for number in range(10):
            others = fold != number
            cuts = [*sorted(set(scores[others].tolist())), math.inf]
            right = [sum((scores[others] >= cut) == genuine[others]) for cut in cuts]
            best = [place for place, value in enumerate(right) if value == max(right)]
            upper = cuts[best[(len(best) - 1) // 2]]
            assert fold[others].size + result.trials[number] == 400
            assert max(right) == sum((scores[others] >= result.thresholds[number]) == genuine[others])
            assert upper - 0.11 < result.thresholds[number] <= upper

    @given(st.integers(0, 1000))
    @settings(max_examples=20)
    def test_order_does_not_matter(self, seed):
        """Shuffling the comparisons changes nothing."""
        rng = np.random.default_rng(seed)
        scores, genuine, fold = rng.random(60).round(1), rng.random(60) < 0.5, np.arange(60) % 4
        order = rng.permutation(60)
        one = ten_fold_accuracy(scores, genuine, fold)
        other = ten_fold_accuracy(scores[order], genuine[order], fold[order])

        assert one.correct.tolist() == other.correct.tolist()
        assert one.thresholds.tolist() == other.thresholds.tolist()

    @pytest.mark.parametrize(
        ("scores", "genuine", "fold", "told"),
        [
            ([0.1, math.inf], [0, 1], [1, 2], "finite"),
            ([0.1, 0.2], [0, 2], [1, 2], "True or False"),
            ([0.1, 0.2], ["no", "yes"], [1, 2], "True or False"),
            ([0.1, 0.2], [[0, 1]], [1, 2], "one dimension"),
            ([0.1, 0.2], [0, 1], [1, 2, 3], "one length"),
            ([0.1, 0.2], [0], [1, 2], "one length"),
            ([0.1, 0.2], [0, 1], [1, NAN], "fold is missing"),
            ([0.1, 0.2], [0, 1], [1, None], "fold is missing"),
            ([0.1, 0.2], [0, 1], [1, 1], "two folds"),
            ([], [], [], "two folds"),
        ],
    )
    def test_refused(self, scores, genuine, fold, told):
        """Each unusable argument has its own message."""
        with pytest.raises(ArgumentError, match=told):
            ten_fold_accuracy(scores, genuine, fold)


def brute_force_variance(errors, first, second):
    """The definition: all pairs of comparisons that have a person in common."""
    deviations = np.asarray(errors, float) - np.mean(errors)
    people = [{a, b} for a, b in zip(first, second, strict=True)]
    total = sum(
        deviations[k] * deviations[m]
        for k, m in itertools.product(range(len(people)), repeat=2)
        if people[k] & people[m]
    )
    return total / len(people) ** 2


class TestClusters:
    """clustered_rate, dyadic_variance, design_effect."""

    @pytest.mark.parametrize("people", [2, 5, 30, 1000])
    @pytest.mark.parametrize("kind", ["genuine", "impostor", "mixed", "strings", "unsigned", "far codes"])
    def test_brute_force_oracle(self, people, kind):
        """The fast sum equals the definition for genuine, impostor and mixed pairs, any ids, repeated pairs."""
        rng = np.random.default_rng(people)
        first, second = rng.integers(0, people, (2, 150))
        if kind == "genuine":
            second = first
        elif kind == "impostor":
            second = (first + 1 + second % (people - 1)) % people
        errors = (rng.random(150) < 0.2) | (first == 1)
        expected = brute_force_variance(errors, first, second)
        if kind == "strings":
            first, second = first.astype(str).astype(object), second.astype(str)
        elif kind == "unsigned":
            first, second = first.astype(np.uint64), second.astype(np.int16)
        elif kind == "far codes":
            first, second = first * 10**12 - 5, second * 10**12 - 5

        assert dyadic_variance(errors, first, second) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert dyadic_variance(errors, second, first) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        assert 0 < clustered_rate(errors, first, second).effective_trials <= 150

    def test_many_people_need_wide_codes(self):
        """Couples among more than 65,536 people do not collide: 0·10⁵ + 10 and 42949·10⁵ + 67306 differ by 2³²."""
        first = np.append(np.arange(0, 90_000, 2), [0, 42_949])
        second = np.append(np.arange(1, 90_000, 2), [99_999, 67_306])
        first[5], second[5] = 0, 10
        errors = np.zeros(len(first), bool)
        errors[[5, -1]] = True
        n, p = len(first), 2 / len(first)
        # Each comparison shares people with itself, and: 0-1, 0-10 and 0-99999 with one another, 42948-42949 and
        # 67306-67307 with 42949-67306.
        right, wrong = -p, 1 - p
        shared = 2 * (wrong * right + wrong * right + right * right) + 2 * (2 * right * wrong)
        expected = ((n - 2) * right**2 + 2 * wrong**2 + shared) / n**2

        assert dyadic_variance(errors, first, second) == pytest.approx(expected, rel=1e-9)

    def test_worked_genuine_pairs(self):
        """Four people with 3, 1, 1, 1 pairs, all three errors with the first: T = 3/2, −1/2, −1/2, −1/2."""
        people = [0, 0, 0, 1, 2, 3]
        rate = clustered_rate([1, 1, 1, 0, 0, 0], people, people)

        # Var = (9/4 + 3/4) / 36 = 1/12; with leverage T_0 = 3/2 · (1 − 1/4) / (1 − 1/2) = 9/4: 93/576, ν = 1.305…,
        # t = 7.10…; V0 = 1/24, so n_eff = (1/4) / [1/24 + (93/576 − 1/24) (t/z)²].
        squares = np.array([(9 / 4) ** 2, 1 / 4, 1 / 4, 1 / 4])
        growth = (stats.t.ppf(0.975, squares.sum() ** 2 / (squares @ squares)) / stats.norm.ppf(0.975)) ** 2
        assert dyadic_variance([1, 1, 1, 0, 0, 0], people, people) == pytest.approx(1 / 12)
        assert (rate.errors, rate.trials) == (3, 6)
        assert rate.effective_trials == pytest.approx(1 / 4 / (1 / 24 + (squares.sum() / 36 - 1 / 24) * growth))

    def test_worked_impostor_pairs(self):
        """Pairs ab, ab, ac, bc with errors in both ab: T_a = T_b = 1/2, T_c = −1; S_ab = 1, S_ac = S_bc = −1/2."""
        variance = dyadic_variance([1, 1, 0, 0], ["a", "b", "a", "b"], ["b", "a", "c", "c"])

        # [1/4 + 1/4 + 1 − (1 + 1/4 + 1/4)] / 16 = 0: with three people everybody shares with everybody
        assert variance == pytest.approx(0, abs=1e-15)

    def test_disjoint_pairs_are_independent(self):
        """Where nobody occurs twice, the effective number of trials is the number of trials."""
        rate = clustered_rate([1, 0, 0, 0], [0, 1, 2, 3], [4, 5, 6, 7])

        assert rate.effective_trials == 4

    @pytest.mark.parametrize("wrong", [True, False])
    def test_without_variation_people_bring_what_they_are_known_to(self, wrong):
        """Three people's 1,200 comparisons without an error do not show an error rate below 5 %; 1,200 people's do."""
        three, all_different = np.repeat(np.arange(3), 400), np.arange(1200)
        few, many = (clustered_rate(np.full(1200, wrong), people, people) for people in (three, all_different))

        assert few.effective_trials < 60
        assert many.effective_trials == 1200

    @pytest.mark.parametrize("people", [4, 8, 9, 10, 11, 12, 15, 20, 40])
    def test_no_cliff(self, people):
        """One person more changes what comparisons are worth by a third at most, and never makes them worth less."""
        worth = []
        for count in (people, people + 1):
            first, second = np.triu_indices(count, 1)
            errors = np.arange(len(first) * 25) % 10 == 0
            rate = clustered_rate(errors, np.repeat(first, 25), np.repeat(second, 25))
            worth.append(rate.effective_trials)

        assert 1 <= worth[1] / worth[0] < 2

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1))
    def test_no_better_than_a_larger_table_allows(self, seed, alike, other):
        """n_eff ≤ n / (1 + ρ s) whatever these errors show, and more likeness never makes them worth more."""
        rng = np.random.default_rng(seed)
        first, second = rng.integers(0, 9, (2, 60))
        errors = rng.random(60) < rng.choice([0, 0.1, 0.5])
        low, high = sorted((alike, other))
        one, two = (clustered_rate(errors, first, second, correlation=rho).effective_trials for rho in (low, high))

        assert two <= one <= 60 / (1 + low * PairsOfPeople.of(first, second).shared) + 1e-9

    def test_without_trials(self):
        """Nothing measured is NaN."""
        rate = clustered_rate([], [], [])

        assert rate.trials == 0
        assert math.isnan(rate.interval().low)
        assert math.isnan(dyadic_variance([], [], []))

    @pytest.mark.parametrize(("clustered", "lowest", "highest"), [(True, 1.5, 20), (False, 1, 1.15)])
    def test_intervals_widen_where_people_differ(self, clustered, lowest, highest):
        """Ten photos per person: intervals are wider if some people fail more often, and only then."""
        rng = np.random.default_rng(4)
        people = np.repeat(np.arange(400), 10)
        difficulty = rng.beta(0.2, 1.8, 400) if clustered else np.full(400, 0.1)
        errors = rng.random(4000) < difficulty[people]
        rate = clustered_rate(errors, people, people)
        one, other = rate.interval(), Rate(rate.errors, rate.trials).interval()

        assert lowest <= (one.high - one.low) / (other.high - other.low) <= highest

    def test_intervals_cover_the_truth(self):
        """Over 300 simulated data sets of clustered pairs, about 95 % of the intervals hold the true rate."""
        rng = np.random.default_rng(5)
        people = np.repeat(np.arange(200), 5)
        hits = blind = 0
        for _ in range(300):
            errors = rng.random(1000) < rng.beta(0.3, 2.7, 200)[people]
            rate = clustered_rate(errors, people, people)
            hits += rate.interval().low <= 0.1 <= rate.interval().high
            alone = Rate(rate.errors, rate.trials).interval()
            blind += alone.low <= 0.1 <= alone.high

        assert 0.92 <= hits / 300 <= 0.98
        assert blind / 300 < 0.9

    @pytest.mark.parametrize(
        ("errors", "first", "second", "told"),
        [
            ([0.5], [0], [1], "True or False"),
            ([1], [0, 1], [1], "one length"),
            ([1], [[0]], [1], "one length"),
            ([[1]], [0], [1], "one dimension"),
            ([1, 0], [0.5, 1], [1, 2], "integer or a string; got 0.5"),
            ([1, 0], ["a", None], ["b", "c"], "got None"),
        ],
    )
    def test_refused(self, errors, first, second, told):
        """Each unusable argument has its own message, from both functions."""
        for function in (clustered_rate, dyadic_variance):
            with pytest.raises(ArgumentError, match=told):
                function(errors, first, second)


def test_metrics_need_no_pandas():
    """Importing the metrics loads neither pandas nor torch nor scikit-learn."""
    code = "import facerec.measure.metrics, sys; print(sorted({'pandas', 'torch', 'sklearn'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"

"""Disparity of both rates: which groups count, what the intervals hold, and when a reader is warned."""

import math

import numpy as np
import pytest

from audits.statistics.bootstrap import Grouped, draw_rates
from audits.statistics.disparity import compare, index_alone
from audits.statistics.index_kinds import COMBINED, INDICES, OF_BOTH, OF_ONE, index_of_rates
from audits.statistics.indices import gini
from audits.statistics.intervals import estimate
from audits.statistics.trials import Trials, rates_by
from facerec.errors import ArgumentError
from facerec.types import Rate

NAMES = ["a", "b", "c"]


def rates(*counts):
    """Estimates from (errors, trials)."""
    return [estimate(Rate(*count)) for count in counts]


FMR = rates((10, 1000), (20, 1000), (40, 1000))
FNMR = rates((50, 1000), (50, 1000), (100, 1000))


def drawn(fmr, fnmr, replicates=500):
    """Draws of independent trials with these counts."""
    kinds = []
    for estimates in (fmr, fnmr):
        wrong = np.concatenate([np.arange(found.trials) < found.errors for found in estimates])
        codes = np.repeat(np.arange(len(estimates)), [found.trials for found in estimates])
        kinds.append(Grouped(Trials(wrong, None), codes, estimates))
    return draw_rates(kinds, replicates=replicates, seed=1)


def compared(fmr=FMR, fnmr=FNMR, *, names=NAMES):
    """Compared with intervals."""
    return compare(names, fmr, fnmr, draws=drawn(fmr, fnmr), confidence=0.95)


class TestValues:
    """The indices themselves."""

    def test_all_are_there_in_a_fixed_order(self):
        """Every index of each rate, and every one of both."""
        found = compared()

        assert tuple(index.name for index in found.fmr) == INDICES
        assert tuple(index.name for index in found.fnmr) == INDICES
        assert tuple(index.name for index in found.combined) == COMBINED

    def test_by_hand(self):
        """0.01, 0.02 and 0.04; 0.05, 0.05 and 0.1."""
        found = compared()

        assert found.index("fmr", "difference").value == pytest.approx(0.03)
        assert found.index("fmr", "max_min_ratio").value == pytest.approx(4)
        assert found.index("fmr", "max_geomean").value == pytest.approx(2)
        assert found.index("fmr", "worst_to_overall").value == pytest.approx(0.04 * 3 / 0.07)
        assert found.index("combined", "inequity_rate").value == pytest.approx(math.sqrt(8))
        assert found.index("combined", "fdr").value == pytest.approx(1 - (0.03 + 0.05) / 2)

    def test_unmeasured_groups_are_listed_and_count_for_nothing(self):
        """A group without impostor pairs is not the best one."""
        with_nobody = [*FMR, estimate(Rate(0, 0))]
        found = compared(with_nobody, [*FNMR, estimate(Rate(0, 0))], names=[*NAMES, "nobody"])

        assert found.unmeasured == (("nobody", "FMR"), ("nobody", "FNMR"))
        assert [index.value for index in found.fmr] == [index.value for index in compared().fmr]

    def test_the_rule_for_groups_without_errors(self):
        """The rule of 3 stands in below max/geomean, the ratio is infinite, and both have no upper bound."""
        found = compared(rates((0, 489), (10, 500), (10, 500)))
        bound = 1 - 0.05 ** (1 / 489)

        geomean = found.index("fmr", "max_geomean")
        assert geomean.value == pytest.approx(0.02 / (bound * 0.02**2) ** (1 / 3))
        assert geomean.interval.high == math.inf
        assert "no false match was seen in a" in geomean.note
        ratio = found.index("fmr", "max_min_ratio")
        assert (ratio.value, ratio.interval.high) == (math.inf, math.inf)
        assert 1 < ratio.interval.low < 10

    def test_the_lower_bound_of_a_ratio_to_nothing_is_the_exact_one(self):
        """0 of 600 against 6 of 600: p with p^6 = 0.025 is 0.541, so the ratio is at least 0.541 / 0.459 = 1.18."""
        ratio = compared(rates((0, 600), (6, 600)), names=["a", "b"], fnmr=FNMR[:2]).index("fmr", "max_min_ratio")

        assert ratio.interval.low == pytest.approx(1.18, abs=0.06)

    @pytest.mark.parametrize("counts", [((0, 30), (3, 30)), ((0, 1000), (3, 1000)), ((0, 60), (4, 60))])
    def test_no_group_without_errors_makes_a_difference_by_itself(self, counts):
        """What Fisher's test does not tell apart (p > 0.11), no ratio does because something was divided by 0."""
        found = compared(rates(*counts), rates((5, 100), (6, 100)), names=["a", "b"])
        ratio = found.index("fmr", "max_min_ratio")

        assert (ratio.value, ratio.interval.low, ratio.interval.high) == (math.inf, 1, math.inf)
        assert found.index("combined", "inequity_rate").interval.low == 1
        assert "so there is no upper bound" in ratio.note

    def test_a_stand_in_above_the_worst_rate_gives_no_index_below_one(self):
        """A tiny group without errors does not make the others look fairer than fair."""
        found = compare(["a", "b"], rates((0, 3), (1, 1000)), FNMR[:2], draws=None, confidence=0.95)

        assert found.index("fmr", "max_geomean").value == 1

    def test_no_errors_at_all(self):
        """Nothing is defined but the difference, and nothing is excluded."""
        found = compared(rates((0, 500), (0, 500), (0, 500)))

        assert found.index("fmr", "difference").value == 0
        for name in ("max_min_ratio", "max_geomean", "gini", "worst_to_overall"):
            index = found.index("fmr", name)
            assert math.isnan(index.value)
            assert index.interval.low <= index.fair <= index.interval.high
            assert "no group shows an error" in index.note
        assert found.index("fmr", "max_min_ratio").interval.high == math.inf

    def test_a_single_group_has_nothing_to_compare(self):
        """Every index is undefined, and the reader is told."""
        found = compared(FMR[:1], FNMR[:1], names=["a"])

        assert all(math.isnan(index.value) for index in (*found.fmr, *found.fnmr, *found.combined))
        assert all(math.isnan(index.interval.high) for index in found.fmr)
        assert "nothing to compare" in found.warnings[0]

    def test_without_draws_there_are_no_intervals(self):
        """The values are there, their bounds are not."""
        found = compare(NAMES, FMR, FNMR, draws=None, confidence=0.95)

        assert found.index("fmr", "gini").value == compared().index("fmr", "gini").value
        assert math.isnan(found.index("fmr", "gini").interval.low)

    def test_refuses_rates_that_do_not_fit_the_groups(self):
        """One rate of either kind for each group."""
        with pytest.raises(ArgumentError, match="3 groups, 2 FMR and 3 FNMR"):
            compare(NAMES, FMR[:2], FNMR, draws=None, confidence=0.95)


class TestIntervals:
    """What they contain."""

    def test_they_contain_the_index(self):
        """No interval passes by its own value."""
        found = compared()

        for index in (*found.fmr, *found.fnmr, *found.combined):
            assert index.interval.low <= index.value <= index.interval.high

    def test_a_large_difference_excludes_equality(self):
        """Rates of 1 %, 2 % and 4 % of 1,000 each are not alike."""
        found = compared()

        assert found.index("fmr", "max_min_ratio").interval.low > 1
        assert found.index("fmr", "difference").interval.low > 0
        assert found.index("combined", "fdr").interval.high < 1

    def test_more_trials_make_them_narrower(self):
        """Ten times the trials, about a third of the width."""
        many = compared([estimate(Rate(10 * f.errors, 10 * f.trials)) for f in FMR])
        widths = [
            math.log(found.index("fmr", "max_min_ratio").interval.high / found.index("fmr", "max_min_ratio").value)
            for found in (compared(), many)
        ]

        assert widths[1] == pytest.approx(widths[0] / math.sqrt(10), rel=0.2)

    def test_equal_groups_are_seldom_called_unequal(self):
        """Of 100 tables of four equal groups about five may exclude equality, by any index."""
        rng = np.random.default_rng(11)
        alarms = dict.fromkeys((*INDICES, *COMBINED), 0)
        for _ in range(100):
            fmr, fnmr = (rates(*((int(k), 2000) for k in rng.binomial(2000, p, 4))) for p in (0.01, 0.03))
            found = compare(list("abcd"), fmr, fnmr, draws=drawn(fmr, fnmr, 200), confidence=0.95)
            for index in (*found.fmr, *found.combined):
                alarms[index.name] += not index.interval.low <= index.fair <= index.interval.high

        assert max(alarms.values()) <= 11  # 1 % quantile of a binomial with 0.05, for each of eight

    def test_unequal_groups_are_covered(self):
        """Rates of 1, 2, 3 and 6 %: every index, as it truly is, is inside nine times in ten and more."""
        rng = np.random.default_rng(12)
        true = np.array([0.01, 0.02, 0.03, 0.06])
        truth = {name: index_of_rates(name, true) for name in INDICES}
        truth |= {kind.name: float(kind.of(true, true)) for kind in OF_BOTH}
        hits = dict.fromkeys(truth, 0)
        for _ in range(100):
            fmr, fnmr = (rates(*((int(k), 1500) for k in rng.binomial(1500, true))) for _ in range(2))
            found = compare(list("abcd"), fmr, fnmr, draws=drawn(fmr, fnmr, 200), confidence=0.95)
            for index in (*found.fmr, *found.combined):
                hits[index.name] += index.interval.low <= truth[index.name] <= index.interval.high

        assert [name for name, held in hits.items() if held < 88] == [], hits

    @pytest.mark.parametrize(("groups", "trials", "rate"), [(8, 60, 0.05), (4, 60, 0.05), (4, 30, 0.1)])
    def test_equal_groups_of_which_some_show_no_error(self, groups, trials, rate):
        """Three expected errors each: of 100 tables at most 6 % are called unequal, by any index, within chance."""
        rng = np.random.default_rng(13)
        names = [str(number) for number in range(groups)]
        alarms = dict.fromkeys((*INDICES, *COMBINED), 0)
        for _ in range(100):
            fmr, fnmr = (rates(*((int(k), trials) for k in rng.binomial(trials, rate, groups))) for _ in range(2))
            found = compare(names, fmr, fnmr, draws=drawn(fmr, fnmr, 100), confidence=0.95)
            for index in (*found.fmr, *found.combined):
                alarms[index.name] += not index.interval.low <= index.fair <= index.interval.high

        assert max(alarms.values()) <= 6 + 3 * math.sqrt(100 * 0.06 * 0.94)
        assert alarms["max_min_ratio"] <= 11  # 1 % quantile of a binomial with 0.05
        assert alarms["inequity_rate"] <= 11

    def test_gini_is_corrected_for_chance(self):
        """Over tables of sixteen groups of 40 trials the value is too large, the corrected one less so."""
        rng = np.random.default_rng(14)
        truth = 0.08 * np.exp(0.6 * np.linspace(-1.6, 1.6, 16))
        expected = float(gini(truth))
        names = [str(number) for number in range(16)]
        found = []
        for _ in range(60):
            fmr = rates(*((int(k), 40) for k in rng.binomial(40, truth)))
            disparity = compare(names, fmr, fmr, draws=drawn(fmr, fmr, 100), confidence=0.95)
            found.append([disparity.index("fmr", "gini"), disparity.index("combined", "garbe")])

        for indices in zip(*found, strict=True):
            too_large = np.mean([index.value for index in indices]) - expected
            assert too_large > 0.02
            assert abs(np.mean([index.corrected for index in indices]) - expected) < 0.8 * too_large
            assert np.mean([index.interval.low <= expected <= index.interval.high for index in indices]) >= 0.9
            assert all(index.interval.low <= index.corrected <= index.interval.high for index in indices)
            assert "without what chance does to it in groups of this size" in indices[0].note


class TestWarnings:
    """When the reader is told that something is odd."""

    def test_groups_without_errors_and_with_few(self):
        """Both are named, with what was not seen."""
        found = compared(rates((0, 100), (2, 100), (9, 100)))

        assert "FMR: no false match was seen in a; that is a lack of evidence, not a rate of 0" in found.warnings
        assert "FMR: fewer than 3 false matches were seen in b, which carries no claim" in found.warnings

    def test_differences_and_ratios_contradict_each_other(self):
        """FMR of 1 in 10,000 against 8: a difference of next to nothing, a ratio of eight."""
        found = compared(rates((10, 100_000), (80, 100_000)), rates((500, 10_000), (600, 10_000)), names=["a", "b"])

        assert any("by differences (and FDR) FNMR is the more unequal, by ratios FMR" in w for w in found.warnings)

    def test_some_intervals_exclude_equality_and_others_do_not(self):
        """A reader who picks the index picks the answer, and is told so."""
        found = [compared(rates((10, 1000), (k, 1000), (k, 1000))) for k in range(15, 45)]

        told = [w for one in found for w in one.warnings if w.startswith("FMR: the indices disagree")]
        assert told
        assert "equal groups are excluded" in told[0]

    def test_agreement_is_silent(self):
        """Equal groups with many errors give no warning."""
        equal = rates((50, 1000), (50, 1000), (50, 1000))

        assert compared(equal, equal).warnings == ()


@pytest.mark.parametrize("name", [kind.name for kind in OF_ONE])
def test_an_index_alone_is_that_among_all(name):
    """Value, interval and note."""
    alone = index_alone(name, NAMES, FMR, draws=drawn(FMR, FNMR)[0], confidence=0.95)

    assert repr(alone) == repr(compared().index("fmr", name))
    assert np.isfinite(alone.interval.low)


def test_dependent_pairs_widen_the_indices_too():
    """The same counts, made by few people, exclude less."""
    people = np.repeat(np.arange(60), 50)
    codes = np.repeat([0, 1], 1500)
    wrong = np.zeros(3000, bool)
    wrong[:50] = wrong[1500:1600] = True  # all errors are of one person, and of two
    tied = Trials(wrong, (people, people))
    free = Trials(wrong, None)
    bounds = []
    for trials in (tied, free):
        found = rates_by(trials, codes, 2)
        draws = draw_rates([Grouped(trials, codes, found)] * 2, replicates=300, seed=1)
        disparity = compare(["a", "b"], found, found, draws=(draws[0], draws[1]), confidence=0.95)
        bounds.append(disparity.index("fmr", "max_min_ratio").interval)

    assert bounds[0].high > 2 * bounds[1].high
    assert bounds[0].low == 1 < bounds[1].low

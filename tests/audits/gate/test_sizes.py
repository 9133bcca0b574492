"""Plans for the gate: the promise against simulation, by hand where nothing is shared, and what is refused."""

import math

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import binom

from audits.gate.claims import Claim, Limit, Minimum
from audits.gate.sizes import parse_claim, pass_chance, plan_claim
from audits.statistics.intervals import estimate
from audits.verification.power import Design
from facerec.errors import ArgumentError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.dependence import latent_correlation
from facerec.types import Rate

SHARE = 0.2


def passes(limit, counts, n):
    """Whether the whole interval of so many errors keeps the limit."""
    return np.array([estimate(Rate(int(k), n)).interval.high <= limit for k in counts])


class TestWords:
    """parse_claim."""

    @pytest.mark.parametrize(
        ("text", "about", "limit"),
        [
            ("fmr <= 0.002", "FMR by sex", 0.002),
            ("FNMR ≤ 5 %", "FNMR by sex", 0.05),
            ("fmr<=1e-4", "FMR by sex", 1e-4),
            ("fnmr ratio <= 1.5", "max_min_ratio of FNMR by sex", 1.5),
            ("max_geomean of fmr <= 2", "max_geomean of FMR by sex", 2.0),
        ],
    )
    def test_reads(self, text, about, limit):
        """A rate in fractions or per cent, a ratio, an index by its name."""
        claim = parse_claim(text, by="sex")

        assert (claim.about, claim.limit) == (about, Limit("at_most", limit))

    @pytest.mark.parametrize(
        "text",
        ["", "fmr < 0.1", "fmr >= 0.1", "without_score <= 0.1", "gini of fmr ratio <= 2", "fmr <= 1.2."],
    )
    def test_refuses(self, text):
        """Whatever does not say what is claimed."""
        with pytest.raises(ArgumentError, match="a claim to plan for reads"):
            parse_claim(text, by="sex")


class TestRates:
    """plan_claim, of rates."""

    @pytest.mark.parametrize(("limit", "truth", "groups"), [(0.02, 0.01, 1), (0.05, 0.02, 4), (0.01, 0.0005, 2)])
    def test_independent_pairs_reach_the_promise(self, limit, truth, groups):
        """Two photos of everyone make pairs that share nobody; the chance is then a binomial sum."""
        plan = plan_claim(parse_claim(f"fnmr <= {limit}", by="g"), truth, groups=groups)[0]
        reached = []
        for pairs in (plan.pairs - 1, plan.pairs):
            counts = np.arange(10 * math.ceil(pairs * truth) + 30)
            reached.append((binom.pmf(counts, pairs, truth) @ passes(limit, counts, pairs)) ** groups)

        assert plan.people == plan.pairs == plan.independent_trials
        assert reached[0] < 0.8 <= reached[1]

    @pytest.mark.parametrize(
        ("rate", "photos", "truth", "limit"),
        [("fnmr", 4, 0.04, 0.08), ("fmr", 1, 0.01, 0.03), ("fmr", 2, 0.002, 0.006)],
    )
    def test_people_who_share_pairs_reach_the_promise(self, rate, photos, truth, limit):
        """The audit's own effective trials, on scores of which people bring along a fifth of the variance."""
        share = SHARE if rate == "fnmr" else SHARE / 2
        people = plan_claim(
            parse_claim(f"{rate} <= {limit}"), truth, photos_per_person=photos,
            correlation=latent_correlation(truth, share),
        )[0].people  # fmt: skip
        ids = np.repeat(np.arange(people), photos)
        i, j = np.triu_indices(len(ids), 1)
        kept = (ids[i] == ids[j]) == (rate == "fnmr")
        first, second = ids[i[kept]], ids[j[kept]]
        pairs, rng, reached = PairsOfPeople.of(first, second), np.random.default_rng(1), []
        for _ in range(150):
            ease = rng.standard_normal(people)
            common = ease[first] if rate == "fnmr" else ease[first] + ease[second]
            score = math.sqrt(share) * common + math.sqrt(1 - SHARE) * rng.standard_normal(len(first))
            reached.append(estimate(pairs.rate(score > -ndtri(truth))).interval.high <= limit)

        assert 0.68 < np.mean(reached) < 0.95  # 80 % promised, and two and a half standard errors of 150 tables

    def test_the_minimum_of_a_claim_counts(self):
        """Whoever asks for 5,000 people gets them."""
        claim = Claim("c", "rate", Limit("at_most", 0.02), rate="fnmr", minimum=Minimum(subjects=5000))

        assert plan_claim(claim, 0.01)[0].people == 5000

    def test_more_margin_needs_fewer_people(self):
        """And more groups, more photos that are alike, a higher chance need more."""
        claim = parse_claim("fmr <= 0.002", by="g")
        people = [plan_claim(claim, truth)[0].people for truth in (0.0015, 0.001, 0.0005)]

        assert people == sorted(people, reverse=True)
        assert plan_claim(claim, 0.001, groups=8)[0].people > people[1]
        assert plan_claim(claim, 0.001, power=0.95)[0].people > people[1]

    def test_chance_grows_with_people(self):
        """More people never pass less often."""
        chances = [pass_chance(Design("fmr", 2, 0.003), people, 0.001, 0.002) for people in range(20, 400, 20)]

        assert chances == sorted(chances)


class TestIndices:
    """plan_claim, of indices."""

    def test_a_ratio(self):
        """Equal groups pass a ratio of 2 with far fewer people than one of 1.25, and not at all if the truth is 2."""
        people = [
            plan_claim(parse_claim(f"fnmr ratio <= {limit}", by="g"), 1.0, groups=2, baseline=0.1)[0].people
            for limit in (2, 1.25)
        ]

        assert 5 * people[0] < people[1]

    def test_the_truth_is_that_of_the_index(self):
        """Twice the rate of the other of two groups is 4/3 of the rate of both, which can keep 1.6."""
        plan = plan_claim(parse_claim("worst_to_overall of fnmr <= 1.6", by="g"), 2.0, groups=2, baseline=0.1)

        assert plan[0].people > 100

    @pytest.mark.parametrize(
        ("text", "truth", "options", "told"),
        [
            ("fnmr ratio <= 2", 2.0, {"groups": 2, "baseline": 0.1}, "must keep the limit"),
            ("difference of fnmr <= 0.01", 2.0, {"groups": 2, "baseline": 0.1}, "makes difference of FNMR by g 0.1,"),
            ("gini of fnmr <= 0.5", 3.0, {"groups": 2, "baseline": 0.1}, "must keep the limit"),
            ("fnmr ratio <= 2", 0.5, {"groups": 2, "baseline": 0.1}, "1 or more"),
            ("fnmr ratio <= 2", 1.0, {"groups": 2}, "baseline"),
            ("fnmr ratio <= 2", 1.0, {"groups": 1, "baseline": 0.1}, "two groups"),
            ("fmr <= 0.002", 0.003, {}, "must keep the limit"),
            ("fmr <= 0.002", 0.0, {}, "must keep the limit"),
            ("fnmr <= 0.02", 0.01, {"photos_per_person": 1}, "two for FNMR"),
            ("fnmr <= 0.02", 0.01, {"power": 1.0}, "power"),
            ("fnmr <= 0.02", 0.01, {"groups": 0}, "a group"),
        ],
    )
    def test_refuses(self, text, truth, options, told):
        """What nobody can pass, and numbers out of range."""
        with pytest.raises(ArgumentError, match=told):
            plan_claim(parse_claim(text, by="g"), truth, **options)

    def test_refuses_other_kinds(self):
        """Searches, classes and changes have planners of their own, if any."""
        claim = Claim("c", "search_rate", Limit("at_most", 0.1), rate="fpir")
        with pytest.raises(ArgumentError, match="FPIR of everybody"):
            plan_claim(claim, 0.01)

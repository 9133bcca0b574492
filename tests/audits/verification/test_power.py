"""Plans: published sample sizes, simulation as the oracle, and the price of dependence."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from audits.statistics.intervals import estimate
from audits.statistics.multiplicity import each_against_others
from audits.verification.audit import audit_verification
from audits.verification.power import Design, plan_groups, planned_correlation, trials_needed
from facerec.errors import ArgumentError
from facerec.measure.metrics.dependence import PERSON, latent_correlation
from facerec.types import Rate


def table(pairs=400):
    """Two groups of 20 people each, a tenth of errors of both kinds."""
    rng = np.random.default_rng(3)
    first = rng.integers(0, 40, pairs)
    genuine = np.arange(pairs) % 2 == 0
    second = np.where(genuine, first, (first + 2 * rng.integers(1, 20, pairs)) % 40)
    wrong = np.arange(pairs) % 20 < 2
    return pd.DataFrame(
        {
            "probe_subject": first,
            "reference_subject": second,
            "genuine": genuine,
            "score": np.where(genuine != wrong, 1.0, 0.0),
            "probe_sex": np.where(first % 2, "f", "m"),
            "reference_sex": np.where(second % 2, "f", "m"),
        }
    )


@pytest.fixture(scope="module")
def audit():
    """An audit by sex."""
    return audit_verification(table(), by=["sex"], at=0.5, replicates=0)


class TestTrials:
    """trials_needed."""

    def test_the_textbook_example(self):
        """FNMR of 1 % against 2 % with 80 % power: R's ``power.prop.test(p1 = 0.01, p2 = 0.02, power = 0.8)``."""
        assert trials_needed(0.01, 0.02) == trials_needed(0.02, 0.01) == math.ceil(2318.165)

    @pytest.mark.parametrize(("rates", "groups"), [((1e-4, 1e-3), 2), ((1e-3, 3e-3), 4), ((0.02, 0.05), 8)])
    def test_the_test_that_is_run_has_the_power(self, rates, groups):
        """One group against all others, by Holm, on independent pairs: 80 % were promised."""
        n = trials_needed(*rates, comparisons=groups, others=groups - 1)
        rng = np.random.default_rng(4)
        drawn = rng.binomial(n, [rates[1], *[rates[0]] * (groups - 1)], (3000, groups))
        names = [str(number) for number in range(groups)]
        seen = {
            counts: each_against_others(names, [estimate(Rate(k, n)) for k in counts], "fmr")[0].holm <= 0.05
            for counts in set(map(tuple, drawn.tolist()))
        }

        assert np.mean([seen[tuple(counts)] for counts in drawn.tolist()]) == pytest.approx(0.8, abs=0.02)

    def test_more_comparisons_and_more_power_cost_more(self):
        """Eight groups need more than two, and 95 % power more than 80 %."""
        plain = trials_needed(0.01, 0.02)

        assert trials_needed(0.01, 0.02, comparisons=8) > plain
        assert trials_needed(0.01, 0.02, power=0.95) > plain
        assert trials_needed(0.01, 0.02, confidence=0.9) < plain

    @pytest.mark.parametrize(
        ("rates", "options", "told"),
        [
            ((0, 0.1), {}, "rate must"),
            ((0.1, 1), {}, "alternative must"),
            ((0.1, 0.1), {}, "two different rates"),
            ((0.1, 0.2), {"power": 1}, "power must"),
            ((0.1, 0.2), {"confidence": 0}, "confidence"),
            ((0.1, 0.2), {"comparisons": 0}, "a comparison"),
            ((0.1, 0.2), {"others": 0}, "others to compare"),
            ((0.1, math.nan), {}, "alternative must"),
        ],
    )
    def test_refuses(self, rates, options, told):
        """Whatever is out of its range."""
        with pytest.raises(ArgumentError, match=told):
            trials_needed(*rates, **options)


class TestPlans:
    """plan_groups."""

    def test_genuine_pairs_by_hand(self, audit):
        """Three photos make three pairs; with a correlation of 0.5 they are worth 3/2."""
        needed = trials_needed(0.1, 0.2, comparisons=2)
        found = plan_groups(audit, "sex", rate="fnmr", ratio=2, baseline=0.1, correlation=0.5, photos_per_person=3)

        assert [plan.group for plan in found] == ["f", "m"]
        assert found[0].independent_trials == needed
        assert found[0].design_effect == 2
        assert math.ceil(needed / 1.5) < found[0].people < 1.15 * needed / 1.5
        assert (found[0].photos, found[0].pairs) == (3 * found[0].people, 3 * found[0].people)
        assert not found[0].enough

    def test_pairs_that_share_nobody_are_planned_as_such(self, audit):
        """Two photos of everyone make one genuine pair each: as many people as independent pairs."""
        plan = plan_groups(audit, "sex", rate="fnmr", ratio=2, baseline=0.1, photos_per_person=2)[0]

        assert plan.people == plan.pairs == plan.independent_trials

    def test_impostor_pairs_by_hand(self):
        """Ten people with two photos make 180 pairs; each shares a person with 67 others."""
        assert Design("fmr", 2, 0.05).pairs(10) == (180, 1 + 0.05 * (2 * 8 * 4 + 3))
        assert str(Design("fmr", 2, 0.05).plan("", 10, 30, 0.0)) == (
            "collect 10 people with 2 photos each: that makes 180 impostor pairs, worth 41 independent ones"
        )

    def test_the_audit_gives_rate_and_correlation(self, audit):
        """What it measured, carried over to the planned rate; and what people bring along where it measured nothing."""
        plain = plan_groups(audit, "sex", rate="fmr", ratio=2)
        told = plan_groups(audit, "sex", rate="fmr", ratio=2, baseline=audit.grouping("sex").matched_fmr.value)

        assert plain == told
        assert plain[0].effective_trials == audit.grouping("sex").group("f").fmr.effective_trials
        assert planned_correlation(audit, "fmr", audit.fmr.value) == pytest.approx(audit.fmr_correlation, rel=1e-3)
        assert planned_correlation(audit, "fmr", audit.fmr.value / 10) < audit.fmr_correlation
        assert planned_correlation(None, "fnmr", 0.01) == latent_correlation(0.01, PERSON)

    def test_dependence_asks_for_more_people(self, audit):
        """The more alike the errors of one person, the more people."""
        people = [plan_groups(audit, "sex", rate="fmr", ratio=2, correlation=rho)[0].people for rho in (0, 0.01, 0.1)]

        assert people == sorted(people)
        assert people[0] < people[2]

    def test_enough_is_said(self, audit):
        """A group that has what it takes needs nothing more."""
        assert plan_groups(audit, "sex", rate="fmr", ratio=9)[0].enough

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"ratio": 1}, "ratio above 1"),
            ({"photos_per_person": 1}, "two for FNMR"),
            ({"rate": "fmr", "photos_per_person": 0}, "one photo"),
            ({"ratio": 20}, "rates to tell apart"),
            ({"baseline": 0}, "rates to tell apart"),
            ({"correlation": 1.5}, "correlation"),
            ({"power": 0}, "power"),
            ({"confidence": 2}, "confidence"),
        ],
    )
    def test_refuses(self, audit, options, told):
        """Whatever is out of its range."""
        with pytest.raises(ArgumentError, match=told):
            plan_groups(audit, "sex", **({"rate": "fnmr", "ratio": 2} | options))

    def test_refuses_a_grouping_that_is_not_there(self, audit):
        """The audit knows its groupings."""
        with pytest.raises(ArgumentError, match="no grouping by 'race'"):
            plan_groups(audit, "race", rate="fmr", ratio=2)

    def test_refuses_to_invent_a_rate(self):
        """Without an error there is no usual rate."""
        flawless = table().assign(score=lambda t: t["genuine"].astype(float))
        audit = audit_verification(flawless, by=["sex"], at=0.5, replicates=0)

        with pytest.raises(ArgumentError, match="give a baseline"):
            plan_groups(audit, "sex", rate="fnmr", ratio=2)
        assert plan_groups(audit, "sex", rate="fnmr", ratio=2, baseline=0.01)[0].people > 1000


def test_a_plan_is_frozen(audit):
    """A value never changes."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan_groups(audit, "sex", rate="fmr", ratio=2)[0].people = 1

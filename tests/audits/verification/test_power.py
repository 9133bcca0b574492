"""Plans: published sample sizes, simulation as the oracle, and the price of dependence."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from audits.verification.audit import audit_verification
from audits.verification.power import LEAST_CORRELATION, plan_groups, trials_needed
from facerec.errors import ArgumentError


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
        """FNMR of 1 % against 2 % with 80 % power: 2,316 pairs of each group."""
        assert trials_needed(0.01, 0.02) == trials_needed(0.02, 0.01) == 2316

    def test_small_rates_are_planned_exactly(self):
        """FMR of 1 in 10,000 against 1 in 1,000: a simulation of the exact test reaches 80 % with that many."""
        n = trials_needed(1e-4, 1e-3)
        rng = np.random.default_rng(4)
        better, worse = rng.poisson(n * 1e-4, 3000), rng.poisson(n * 1e-3, 3000)
        p_values = {
            (b, w): binomtest(int(b), int(b + w)).pvalue if b + w else 1.0
            for b, w in set(zip(better, worse, strict=True))
        }
        power = np.mean([p_values[pair] <= 0.05 for pair in zip(better, worse, strict=True)])

        assert n != 10_650
        assert power == pytest.approx(0.8, abs=0.025)

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
        assert found[0].people == math.ceil(needed / 1.5)
        assert (found[0].photos, found[0].pairs) == (3 * found[0].people, 3 * found[0].people)
        assert not found[0].enough

    def test_impostor_pairs_are_the_fewest_people_that_suffice(self, audit):
        """One person less would not do."""
        plan = plan_groups(audit, "sex", rate="fmr", ratio=2, baseline=0.1, correlation=0.05, photos_per_person=1)[0]

        def worth(people):
            return people * (people - 1) / 2 / (1 + 0.05 * 2 * (people - 2))

        assert worth(plan.people) >= plan.independent_trials > worth(plan.people - 1)
        assert plan.pairs == plan.people * (plan.people - 1) // 2

    def test_the_audit_gives_rate_and_correlation(self, audit):
        """What it measured, but at least the least correlation."""
        plain = plan_groups(audit, "sex", rate="fmr", ratio=2)
        told = plan_groups(
            audit,
            "sex",
            rate="fmr",
            ratio=2,
            baseline=audit.grouping("sex").matched_fmr.value,
            correlation=max(LEAST_CORRELATION, audit.fmr_correlation),
        )

        assert plain == told
        assert plain[0].effective_trials == audit.grouping("sex").group("f").fmr.effective_trials

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

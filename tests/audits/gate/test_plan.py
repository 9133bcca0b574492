"""Plans: what is frozen is read back, what was changed is refused, and whatever is done otherwise is named."""

import dataclasses
import hashlib
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.gate.claims import Policy
from audits.gate.plan import EXPLORATORY, Plan, PlanStanding, followed, parse_plan, plan_text, read_plan
from audits.gate.policy import parse_policy
from audits.gate.summaries import junit_summary, markdown_summary
from audits.gate.verdict import PolicyVerdict
from audits.statistics.families import Least
from facerec.errors import ArgumentError, PolicyError

POLICY = """# Why: nobody may be let in for somebody else.
title = "Gate"

[[claim]]
name = "rare"
kind = "rate"
rate = "fmr"
by = "gender"
at_most = 0.002
min_subjects = 20

[[claim]]
name = "cells"
kind = "cross_rate"
rate = "fmr"
by = "gender"
at_most = 0.1
"""
PLAN = Plan(by=("gender",), at_fmr=1e-3, frozen="2026-01-31", min_people=100, min_trials=300)


def test_a_plan_is_read_back_with_its_digest(tmp_path):
    """Rule, groups, minima and claims, and the policy's own words; the digest is that of the file."""
    text = plan_text(PLAN, POLICY)
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    found = read_plan(tmp_path / "plan.toml")

    assert text.startswith(POLICY.rstrip())
    assert found.sha256 == hashlib.sha256((tmp_path / "plan.toml").read_bytes()).hexdigest()
    assert dataclasses.replace(found, policy=None, sha256="") == PLAN
    assert found.rule == "FMR at most 0.001"
    assert found.policy == parse_policy(POLICY)
    assert found.least == Least(300, 100)


@given(
    by=st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=","), min_size=1), max_size=3
    ),
    threshold=st.floats(allow_nan=False, allow_infinity=False),
    distance=st.booleans(),
)
def test_any_plan_is_read_back(by, threshold, distance):
    """Whatever columns are called, and whatever the threshold is."""
    names = tuple(name for name in by if name.strip() == name)
    plan = Plan(by=names, at_threshold=threshold, distance=distance, frozen="2026-01-31")

    assert dataclasses.replace(parse_plan(plan_text(plan).encode()), sha256="") == plan


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("0.002", "0.02"), "changed after it was frozen"),
        (lambda text: text.replace("min_people = 100", "min_people = 1"), "changed after it was frozen"),
        (lambda text: "# a word\n" + text, "changed after it was frozen"),
        (lambda text: text + "by = []\n", "ends without a seal"),
        (lambda text: text.partition("[plan]")[0], "ends without a seal"),
        (lambda text: text[:0], "ends without a seal"),
    ],
)
def test_a_changed_file_is_refused(change, told):
    """Claims, minima or a comment: any byte above the seal."""
    with pytest.raises(PolicyError, match=told):
        parse_plan(change(plan_text(PLAN, POLICY)).encode())


def test_ends_of_lines_are_no_change():
    """A version control may write them otherwise; the digest stays."""
    text = plan_text(PLAN, POLICY).encode()

    assert parse_plan(text.replace(b"\n", b"\r\n")) == parse_plan(text)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("[plan]\nby = []\nat_fmr = 0.1\n", "frozen is missing"),
        ('[plan]\nfrozen = "x"\nby = []\nat_fmr = 0.1\nminimum = 3\n', "min_people|min_trials|there is no key"),
        ('[plan]\nfrozen = "x"\nby = []\n', "one rule for the threshold"),
        ('[plan]\nfrozen = "x"\nby = []\nat_fmr = 0.1\nat_threshold = 0.1\n', "one rule for the threshold"),
        ('[plan]\nfrozen = "x"\nby = []\nat_fmr = 0.1\nmin_people = -1\n', "at least 1 trial of 1 person"),
        ('title = "no plan"\n', "has no table"),
        ("[plan\n", "is not TOML"),
    ],
)
def test_a_sealed_mistake_is_refused(body, told):
    """A seal does not make a plan."""
    sealed = f'{body}seal = "{hashlib.sha256(body.encode()).hexdigest()}"\n'
    with pytest.raises(PolicyError, match=told):
        parse_plan(sealed.encode())


def test_a_policy_that_is_refused_is_not_frozen():
    """Nor is a plan frozen within a plan."""
    with pytest.raises(PolicyError, match="at_most or at_least"):
        plan_text(PLAN, POLICY.replace("at_most = 0.002", ""))
    with pytest.raises(PolicyError, match="not TOML"):
        plan_text(PLAN, plan_text(PLAN, POLICY))


class TestDepartures:
    """Plan.departures."""

    def planned(self, **other):
        """The frozen plan, as it is followed."""
        plan = parse_plan(plan_text(dataclasses.replace(PLAN, **other), POLICY).encode())
        return followed(plan, plan.by)

    def test_none_where_the_plan_is_followed(self):
        """Claims by other groups are audited by them."""
        plan = self.planned(by=("race",))

        assert plan.by == ("race", "gender")
        assert plan.departures(plan) == ()

    @pytest.mark.parametrize(
        ("other", "told"),
        [
            ({"by": ("gender", "race")}, "grouped by race, which was not planned"),
            ({"by": ()}, "not grouped by gender, which was planned"),
            ({"at_fmr": 0.01}, "threshold by FMR at most 0.01, where FMR at most 0.001 was planned"),
            ({"at_fmr": None, "at_threshold": 0.5}, "threshold by score 0.5"),
            ({"at_fmr": None, "point": "ab"}, "threshold by an operating point"),
            ({"distance": True}, "threshold by"),
            ({"calibration": "ab"}, "a calibration table that was not planned"),
            ({"policy": None}, "no claims decided, where those of 'Gate'"),
            ({"policy": parse_policy(POLICY.replace("0.002", "0.02"))}, "the claims of 'Gate' as given decided"),
        ],
    )
    def test_each_is_named(self, other, told):
        """Other groups, another threshold, other claims."""
        plan = self.planned()
        (found,) = plan.departures(dataclasses.replace(plan, **other))

        assert found.startswith(told)

    def test_other_files(self):
        """Operating points and calibration tables are known by their digests."""
        point = self.planned(at_fmr=None, point="ab")
        table = self.planned(calibration="ab")

        assert point.departures(dataclasses.replace(point, point="cd")) == (
            "another file of operating points than the planned one",
        )
        assert table.departures(dataclasses.replace(table, calibration="cd")) == (
            "another calibration table than the planned one",
        )
        assert table.departures(dataclasses.replace(table, calibration="")) == (
            "no calibration table, in place of the planned one",
        )


@pytest.mark.parametrize(
    ("standing", "word"),
    [
        (EXPLORATORY, "exploratory"),
        (PlanStanding("ab" * 32, "2026-01-31"), "planned"),
        (PlanStanding("ab" * 32, "2026-01-31", ("grouped by race",)), "departed from its plan"),
    ],
)
def test_summaries_say_how_it_stands(standing, word):
    """JUnit and Markdown carry the digest, and what was done otherwise."""
    verdict = PolicyVerdict(Policy("Gate", parse_policy(POLICY).claims), (), (), standing)
    properties = {
        each.get("name"): each.get("value") for each in ET.fromstring(junit_summary(verdict)).iter("property")
    }

    assert (properties["plan"], properties["plan_sha256"]) == (word, standing.sha256)
    assert standing.sha256 in markdown_summary(verdict)
    assert all(each in markdown_summary(verdict) for each in standing.departures)
    assert standing.to_dict()["standing"] == word


def test_a_plan_has_one_rule():
    """A calibration table goes with a target, and nothing else."""
    with pytest.raises(ArgumentError, match="one rule"):
        Plan(at_threshold=0.5, calibration="ab")

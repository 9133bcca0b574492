"""Groups too small to be compared: everything said of the others is as without them, and no failure is lost to them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.classification.audit import audit_classification
from audits.drift.audit import audit_drift
from audits.gate.claims import Claim, Limit, Minimum, Policy
from audits.gate.verdict import judge
from audits.identification.audit import audit_identification
from audits.report.classification.sentences import worst_findings
from audits.report.identification.sentences import search_findings
from audits.report.verification.sentences import findings
from audits.statistics.contrasts import contrast_among, furthest_apart
from audits.statistics.families import LEAST, Least
from audits.statistics.intervals import estimate
from audits.verification.audit import audit_verification
from facerec.measure import tables
from facerec.types import Rate

LACKING = "insufficient evidence"
CLAIMS = (
    *(Claim(f"{r} {at}", "rate", Limit("at_most", at), rate=r, by="g") for r in ("fmr", "fnmr") for at in (0.03, 0.2)),
    *(
        Claim(f"{index} {rate}", "index", Limit("at_most", at), rate=rate, index=index, by="g")
        for rate in ("fmr", "fnmr")
        for index, at in (("difference", 0.04), ("max_min_ratio", 2.0), ("gini", 0.3))
    ),
    Claim("cells", "cross_rate", Limit("at_most", 0.1), rate="fmr", by="g"),
)


def scores(rates, *, people=60, pairs=3, seed=0):
    """Genuine and impostor pairs of people of each group, and across groups; decided at 0.5, wrong at those rates."""
    rng = np.random.default_rng(seed)
    rows = []
    names = list(rates)
    for group, (fmr, fnmr) in rates.items():
        for person in range(people):
            who = f"{group}{person}"
            for _ in range(pairs):
                rows.append([who, who, group, group, 0.1 if rng.random() < fnmr else 0.9])
                other, there = names[rng.integers(len(names))], rng.integers(people)
                other = group if rng.random() < 0.7 else other
                there = (person + 1) % people if (other, there) == (group, person) else there
                rows.append([who, f"{other}{there}", group, other, 0.9 if rng.random() < fmr else 0.1])
    table = pd.DataFrame(rows, columns=["probe_subject", "reference_subject", "probe_g", "reference_g", "score"])
    images = {f"{side}_image": [f"{side}{n}" for n in range(len(table))] for side in ("probe", "reference")}
    return tables.check(table.assign(genuine=table["probe_subject"] == table["reference_subject"], **images))


TABLES = [
    scores({"A": (0.02, 0.05), "B": (0.15, 0.3)}),
    scores({"A": (0.02, 0.05), "B": (0.02, 0.05), "C": (0.25, 0.4)}, seed=1),
    scores({"A": (0.0, 0.02), "B": (0.01, 0.02)}, seed=2),
]


def audited(table):
    """The audit by g, with draws."""
    return audit_verification(table, by=["g"], at=0.5, replicates=100)


def verdicts(audit, claims=CLAIMS, **options):
    """Claim by claim."""
    return [found.verdict for found in judge(Policy("gate", claims, **options), verification=audit).claims]


class TestVerification:
    """A few pairs of a score table are called another group."""

    @settings(max_examples=25, deadline=None)
    @given(st.sampled_from(range(len(TABLES))), st.sets(st.integers(0, 359), min_size=1, max_size=29))
    def test_the_verdict_is_that_without_those_pairs(self, which, chosen):
        """Whichever pairs these are, and whatever is wrong in them."""
        table, rows = TABLES[which], sorted(chosen)
        other = table.copy()
        other.loc[rows, ["probe_g", "reference_g"]] = "Other"
        tiny, without = audited(other), audited(table.drop(index=rows).reset_index(drop=True))

        assert verdicts(tiny) == verdicts(without)
        assert tiny.groupings[0].disparity.fmr == without.groupings[0].disparity.fmr
        assert tiny.groupings[0].disparity.fnmr == without.groupings[0].disparity.fnmr
        told, alone = (findings(audit.groupings[0]) for audit in (tiny, without))
        assert told[:2] == alone[:2]
        assert any("too few to be compared with anybody" in found.text and "Other" in found.text for found in told) == (
            any(each.trials for each in tiny.groupings[0].set_aside)
        )

    def test_a_failure_is_not_lost_to_a_judged_group(self):
        """Another group that is large enough, with any rate at all, leaves what two others show by far."""
        table = TABLES[1]
        shown = [claim for claim in CLAIMS if claim.kind != "index" or claim.index in ("difference", "max_min_ratio")]
        before = dict(zip(shown, verdicts(audited(table), shown), strict=True))
        failing = [claim for claim, verdict in before.items() if verdict == "fail"]
        assert {claim.kind for claim in failing} == {"rate", "index", "cross_rate"}
        rng = np.random.default_rng(3)
        for k in (12, 40, 80):
            other = table.copy()
            rows = rng.permutation(len(table))[:k]
            other.loc[rows, ["probe_g", "reference_g"]] = "Other"

            assert set(verdicts(audited(other), failing)) == {"fail"}

    def test_what_was_not_measured_never_passes(self):
        """A group with many pairs of one kind and few of the other is known by half, and keeps its claims open."""
        table = TABLES[2]
        of_b = (table["probe_g"] == "B") | (table["reference_g"] == "B")
        rows = table.index[of_b & ~table["genuine"]]
        asked = [Claim("c", "rate", Limit("at_most", 0.5), rate="fmr", by="g")]
        for kept in (0, 9):
            half = table.drop(index=rows[kept:]).reset_index(drop=True)

            assert verdicts(audited(table), asked) == ["pass"]
            assert verdicts(audited(half), asked) == [LACKING]

    def test_a_named_group_is_judged_for_itself(self):
        """Who asks about the small group gets its answer."""
        table = TABLES[0].copy()
        table.loc[:9, ["probe_g", "reference_g"]] = "Other"
        asked = Claim("c", "rate", Limit("at_most", 0.01), rate="fnmr", by="g", group="Other")
        found = judge(Policy("gate", (asked,)), verification=audited(table)).claims[0].findings[0]

        assert (found.group, found.trials) == ("Other", 5)

    def test_a_table_of_small_groups_compares_nobody(self):
        """Nobody is compared, and a claim about every group says why it is not decided."""
        table = scores({"A": (0.5, 0.5), "B": (0.5, 0.5)}, people=4, pairs=2)
        found = judge(Policy("gate", (CLAIMS[0],)), verification=audited(table)).claims[0]

        assert (found.verdict, "no group has 30 trials of 5 people" in found.reason) == (LACKING, True)

    def test_three_people_are_not_a_hundred(self):
        """Four hundred pairs of each of three people pass no claim about a hundred, whoever else is in other pairs."""
        rows = [[f"a{p}", f"a{p}", "A", "A", 0.9] for p in range(3) for _ in range(400)]
        rows += [[f"a{n}", f"a{n + 1}", "A", "A", 0.1] for n in range(3, 403)]
        table = pd.DataFrame(rows, columns=["probe_subject", "reference_subject", "probe_g", "reference_g", "score"])
        table["genuine"] = table["probe_subject"] == table["reference_subject"]
        audit = audit_verification(table, by=["g"], at=0.5, replicates=0)
        group = audit.groupings[0].group("A")
        for by, group_name in (("g", ""), ("g", "A"), ("", "")):
            asked = Claim(
                "c", "rate", Limit("at_most", 0.02), rate="fnmr", by=by, group=group_name, minimum=Minimum(subjects=100)
            )
            found = judge(Policy("gate", (asked,)), verification=audit).claims[0]

            assert (found.verdict, found.findings[0].subjects) == (LACKING, 3)
        assert (group.subjects, group.fmr.people, group.fnmr.people) == (404, 401, 3)
        asked = Claim("c", "rate", Limit("at_most", 0.02), rate="fnmr", by="g")
        assert judge(Policy("gate", (asked,)), verification=audit).verdict == LACKING


class TestPairs:
    """Whether any two groups differ."""

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.integers(40, 400)), min_size=2, max_size=6),
        st.tuples(st.integers(0, 60), st.integers(60, 120)),
    )
    def test_another_group_costs_the_correction_and_nothing_else(self, counts, extra):
        """What two groups show with one more group allowed for is shown, whatever the rate of that group is."""
        rates = [(f"g{place}", estimate(Rate(*count))) for place, count in enumerate(counts)]
        more = [*rates, ("extra", estimate(Rate(*extra)))]
        allowed = any(
            contrast_among(one, other, groups=len(more)).difference_interval.low > 0
            for _, one in rates
            for _, other in rates
        )
        found = furthest_apart(more)

        assert found.shown or not allowed
        assert found.strict == contrast_among(found.rate, found.reference_rate, groups=len(more))

    @given(st.lists(st.tuples(st.integers(0, 40), st.integers(40, 400)), min_size=2, max_size=6))
    def test_the_pair_is_the_one_that_shows_most(self, counts):
        """No pair has a higher lower bound, and none is shown where this one is not."""
        rates = [(f"g{place}", estimate(Rate(*count))) for place, count in enumerate(counts)]
        found = furthest_apart(rates)
        lows = [
            contrast_among(one, other, groups=len(rates)).difference_interval.low
            for name, one in rates
            for rest, other in rates
            if name != rest
        ]

        assert found.shown == (max(lows) > 0)
        assert not found.shown or found.strict.difference_interval.low == pytest.approx(max(lows))


class TestOthers:
    """Classifiers, galleries and changes."""

    @settings(max_examples=15, deadline=None)
    @given(st.sets(st.integers(0, 1199), min_size=1, max_size=29), st.sampled_from(["class_rate", "class_difference"]))
    def test_a_classifier(self, chosen, kind):
        """A few rows of another group change neither what is said nor what is decided."""
        rng = np.random.default_rng(4)
        group = np.repeat(["F", "M"], 600)
        wrong = rng.random(1200) < np.where(group == "F", 0.1, 0.18)
        people = [f"p{n // 2}" for n in range(1200)]
        table = pd.DataFrame({"label": "x", "prediction": np.where(wrong, "y", "x"), "g": group, "subject": people})
        rows = sorted(chosen)
        other = table.copy()
        other.loc[rows, "g"] = "X"
        tiny = audit_classification(other, by=["g"])
        without = audit_classification(table.drop(index=rows).reset_index(drop=True), by=["g"])

        assert worst_findings(tiny.groupings[0])[0] == worst_findings(without.groupings[0])[0]
        assert tiny.groupings[0].contrasts == without.groupings[0].contrasts
        for limit in (0.02, 0.1, 0.3):
            asked = Policy("gate", (Claim("c", kind, Limit("at_most", limit), rate="error", by="g"),))
            assert judge(asked, classification=tiny).verdict == judge(asked, classification=without).verdict

    def test_a_judged_group_hides_no_difference_of_others(self):
        """The group that fares best by chance is not the one that all others have to be measured by."""
        rows = [
            ["x", "y" if n < wrong else "x", g]
            for g, wrong, of in (("F", 60, 600), ("M", 180, 600), ("X", 2, 40))
            for n in range(of)
        ]
        audit = audit_classification(pd.DataFrame(rows, columns=["label", "prediction", "g"]), by=["g"])
        asked = Policy("gate", (Claim("c", "class_difference", Limit("at_most", 0.1), rate="error", by="g"),))

        found = judge(asked, classification=audit)

        assert "**differ**: M 30" in worst_findings(audit.groupings[0])[0].text
        assert (found.verdict, "M against F" in found.claims[0].reason) == ("fail", True)

    def test_the_case_of_the_field(self):
        """Three rows called X leave the difference of the two others as it was."""
        rng = np.random.default_rng(5)
        group = np.repeat(["F", "M"], 600)
        wrong = rng.random(1200) < np.where(group == "F", 0.05, 0.14)
        table = pd.DataFrame({"label": "x", "prediction": np.where(wrong, "y", "x"), "g": group})
        table.loc[[1, 700, 900], "g"] = "X"
        told = worst_findings(audit_classification(table, by=["g"]).groupings[0])

        assert "**differ**: M" in told[0].text
        assert told[1].text.endswith("X (error 3 trials).")

    def test_a_gallery(self):
        """Searches of a few people who are in no other group."""
        gallery = pd.DataFrame([["nobody", "a"]], columns=["subject", "g"])
        rows = [
            [f"{g}{n}", f"{g}{n}", g, "nobody", 0.9 if n < wrong else 0.1]
            for g, wrong, of in (("a", 60, 200), ("b", 14, 200), ("few", 9, 12))
            for n in range(of)
        ]
        columns = ["search", "probe_subject", "probe_g", "candidate_subject", "score"]
        table = pd.DataFrame(rows, columns=columns)
        tiny = audit_identification(table, gallery, threshold=0.5, by=["g"])
        without = audit_identification(table[table["probe_g"] != "few"], gallery, threshold=0.5, by=["g"])

        assert tiny.groupings[0].contrasts == without.groupings[0].contrasts
        assert search_findings(tiny.groupings[0])[0] == search_findings(without.groupings[0])[0]
        for kind, limit in (("search_rate", 0.5), ("search_rate", 0.1), ("search_difference", 0.1)):
            asked = Policy("gate", (Claim("c", kind, Limit("at_most", limit), rate="fpir", by="g"),))
            assert judge(asked, identification=tiny).verdict == judge(asked, identification=without).verdict

    def test_a_change(self):
        """A group of a few pairs neither rises nor keeps the others from passing."""
        table = TABLES[0].copy()
        table.loc[:9, ["probe_g", "reference_g"]] = "Other"
        after = table.assign(score=table["score"].where(table["probe_g"] != "Other", 1 - table["score"]))
        audit = audit_drift(table, after, by=["g"], at=0.5, replicates=50)

        assert {change.group for change in (*audit.regressions, *audit.gains)} <= {"", "A", "B"}
        assert audit.verdict(max_rise=0.15) == "pass"
        asked = Claim("c", "change", Limit("at_most", 0.15), rate="fnmr", by="g")
        found = judge(Policy("gate", (asked,)), drift=audit).claims[0]
        assert found.reason.startswith(
            "2 of 2 groups: pass (set aside, because a comparison takes 30 trials of 5 people: Other). "
        )


def test_how_much_is_asked_for_is_fixed_beforehand():
    """Whether a group is compared depends on its trials and people alone."""
    few, many = estimate(Rate(0, 29)), estimate(Rate(30, 30))

    assert (LEAST.has(few), LEAST.has(many), Least(trials=1, people=1).has(few)) == (False, True, True)

"""Verdicts: hand-worked claims on both sides of each bound, what never passes, laws, Holm, real tables, bad input."""

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.classification.audit import audit_classification
from audits.drift.audit import audit_drift
from audits.gate.claims import Claim, Limit, Minimum, Policy
from audits.gate.verdict import EXIT_STATUS, judge, worst
from audits.statistics.bootstrap import Bootstrap
from audits.statistics.disparity import Disparity, Index
from audits.statistics.intervals import estimate
from audits.tables.predictions import read_predictions
from audits.verification.audit import audit_verification
from audits.verification.results import GroupComparisons, GroupingAudit, Unlabelled, VerificationAudit
from audits.verification.thresholds import AtFmr, Threshold
from facerec.errors import ArgumentError
from facerec.measure import tables
from facerec.types import Interval, Rate

DATA = Path(__file__).parents[3] / "data"
NAN = math.nan
LACKING = "insufficient evidence"


def index(name, low, high, *, value=None):
    """An index with that interval, measured in the middle of it where nothing else is said."""
    value = (low + high) / 2 if value is None else value
    return Index(name, value, Interval(low, high), 1.0 if "ratio" in name else 0.0)


def audit(fmr, *, fmr_indices=(), combined=(), subjects=100, confidence=0.95, independent=False):
    """An audit by gender from (errors, trials) of each group's FMR; every group's FNMR is 50 of 1000."""
    nobody = estimate(Rate(0, 0), confidence=confidence)
    rates = {name: estimate(Rate(*counts), confidence=confidence) for name, counts in fmr.items()}
    fnmr = estimate(Rate(50, 1000), confidence=confidence)
    groups = tuple(GroupComparisons(name, (name,), subjects, rates[name], fnmr, nobody) for name in rates)
    everybody = estimate(Rate(sum(x for x, _ in fmr.values()), sum(n for _, n in fmr.values())), confidence=confidence)
    unmeasured = tuple((name, "FMR") for name, (_, trials) in fmr.items() if not trials)
    grouping = GroupingAudit(
        by="gender",
        groups=groups,
        cross=(),
        matched_fmr=everybody,
        matched_share=1.0,
        unlabelled=Unlabelled(0, 0, 0),
        disparity=Disparity(tuple(fmr_indices), (), tuple(combined), unmeasured, ()),
        shrunk_fmr=(),
        shrunk_fnmr=(),
        tests=(),
    )
    return VerificationAudit(
        threshold=Threshold(0.5, "as given", None, everybody.rate),
        subjects=None if independent else subjects,
        pairs_independent=independent,
        fmr=everybody,
        fnmr=fnmr,
        without_score=nobody,
        fmr_correlation=0.0,
        fnmr_correlation=0.0,
        groupings=(grouping,),
        confidence=confidence,
        bootstrap=Bootstrap(0, 0),
        notes=(),
    )


def claim(limit=0.01, **fields):
    """The claim that every group's FMR is at most `limit`, but for the given fields."""
    sound = {"name": "c", "kind": "rate", "limit": Limit("at_most", limit), "rate": "fmr", "by": "gender"}
    return Claim(**(sound | fields))


def alike(limit, name="difference", **fields):
    """The claim that an index of FMR is at most `limit`."""
    return claim(limit, kind="index", index=name, **fields)


def judged(*claims, holm=False, confidence=0.95, **audits):
    """The verdict on those claims."""
    named = tuple(replace(one, name=f"claim {number}") for number, one in enumerate(claims, 1))
    return judge(Policy("gate", named, confidence, holm), **audits)


@pytest.fixture(scope="module")
def drift():
    """Forty pairs of each person of either gender; afterwards every third genuine pair of women fails."""
    rows = []
    for number in range(400):
        for gender in "fm":
            genuine = number % 2 == 0
            who = f"{gender}{number}"
            other = who if genuine else f"{gender}{number}x"
            rows.append([f"{who}a", f"{other}b", who, other, genuine, 0.9 if genuine else 0.1, gender, gender])
    columns = [*tables.REQUIRED, "probe_gender", "reference_gender"]
    before = tables.check(pd.DataFrame(rows, columns=columns))
    women = (before["probe_gender"] == "f").to_numpy(bool) & before["genuine"].to_numpy(bool)
    after = before.assign(score=before["score"].where(~(women & (before.index % 3 == 0)), 0.2))
    return audit_drift(before, after, by=["gender"], at=0.5, replicates=50)


@pytest.fixture(scope="module")
def shades():
    """IBM's classifier as counted by Gender Shades: 94 of 271, 38 of 318, 21 of 296 and 1 of 385 wrong."""
    table = read_predictions(DATA / "gender_shades" / "counts.csv")
    return audit_classification(table, by=["skin,gender"])


@pytest.fixture(scope="module")
def lfw():
    """Women: 1 false match of 176 and 19 false non-matches of 777; men: 2 of 1,671 and 76 of 2,219."""
    table = tables.read(DATA / "lfw" / "scores.csv")
    return audit_verification(table, by=["gender"], at=AtFmr(1e-3), replicates=200)


class TestRates:
    """Limits on error rates of groups."""

    @pytest.mark.parametrize(
        ("limit", "expected"), [(0.0076, "pass"), (0.0075, LACKING), (0.001, LACKING), (0.0001, LACKING)]
    )
    def test_no_error_seen(self, limit, expected):
        """No error in 489 trials has an upper bound of 0.007515, and can never fail."""
        found = judged(claim(limit), verification=audit({"f": (0, 489)}))

        assert (found.verdict, found.exit_status) == (expected, EXIT_STATUS[expected])

    def test_both_sides_of_both_bounds(self):
        """The limit may be the upper bound, and must be below the lower one to fail; one step further decides less."""
        table = audit({"f": (5, 1000)})
        low, high = table.fmr.interval.low, table.fmr.interval.high
        limits = (high, math.nextafter(high, 0), low, math.nextafter(low, 0))

        verdicts = [judged(claim(limit), verification=table).verdict for limit in limits]

        assert verdicts == ["pass", LACKING, LACKING, "fail"]

    @pytest.mark.parametrize(
        ("groups", "expected", "status"),
        [
            ({"f": (0, 1000), "m": (1, 1000)}, "pass", 0),
            ({"f": (0, 1000), "m": (50, 1000)}, "fail", 1),
            ({"f": (0, 1000), "m": (10, 1000)}, LACKING, 3),
            ({"f": (10, 1000), "m": (50, 1000)}, "fail", 1),
            ({"f": (0, 1000), "m": (0, 0)}, LACKING, 3),
            ({"f": (0, 0), "m": (50, 1000)}, "fail", 1),
            ({"f": (0, 0), "m": (0, 0)}, LACKING, 3),
            ({}, LACKING, 3),
        ],
    )
    def test_the_worst_group_decides(self, groups, expected, status):
        """One group that fails fails the claim, one that is not known keeps it from passing, unmeasured ones too."""
        found = judged(claim(0.01), verification=audit(groups))

        assert (found.verdict, found.exit_status) == (expected, status)
        assert len(found.claims[0].findings) == max(1, len(groups))

    def test_reasons_are_sentences_with_numbers(self):
        """A reason says whose rate it is, with counts, interval and limit; the worst group's comes first."""
        found = judged(claim(0.01), verification=audit({"f": (0, 1000), "m": (50, 1000), "x": (0, 0)})).claims[0]

        assert found.reason == (
            "1 of 3 groups: fail. m: 0.05 (50 of 1,000), 95 % interval 0.03813 … 0.06531, all of it above 0.01"
        )
        assert [finding.reason for finding in found.findings] == [
            "f: 0 (0 of 1,000), 95 % interval 0 … 0.003682, all of it at most 0.01",
            "m: 0.05 (50 of 1,000), 95 % interval 0.03813 … 0.06531, all of it above 0.01",
            "x: not measured: there was nothing to measure it by",
        ]

    def test_one_group_and_everybody(self):
        """A claim may be about one group, or about everybody."""
        table = audit({"f": (0, 1000), "m": (50, 1000)})

        assert judged(claim(0.01, group="f"), verification=table).verdict == "pass"
        assert judged(claim(0.01, group="m"), verification=table).verdict == "fail"
        everybody = judged(claim(0.05, by=""), verification=table).claims[0]
        assert (everybody.verdict, everybody.findings[0].errors, everybody.findings[0].trials) == ("pass", 50, 2000)

    def test_a_group_that_is_not_there(self):
        """A group that the table does not hold lacks evidence; a misspelt one is an error that names the groups."""
        table = audit({"female": (0, 1000), "male": (0, 1000)})
        found = judged(claim(group="diverse"), verification=table)

        assert found.verdict == LACKING
        assert found.claims[0].reason == (
            "diverse: not measured: there is no such group by gender; there are female, male"
        )
        with pytest.raises(ArgumentError, match=r"there are female, male; did you mean female\?"):
            judged(claim(group="femal"), verification=table)

    @pytest.mark.parametrize(
        ("minimum", "subjects", "expected", "told"),
        [
            (Minimum(subjects=100), 100, "pass", "all of it at most 0.01"),
            (Minimum(subjects=101), 100, LACKING, "100 people of f, where 101 are needed"),
            (Minimum(subjects=1), None, LACKING, "the table does not say who is in it"),
            (Minimum(trials=1000), 100, "pass", "all of it"),
            (Minimum(trials=1001), 100, LACKING, "1,000 trials of f, where 1,001 are needed"),
            (Minimum(expected_errors=10), 100, "pass", "all of it"),
            (Minimum(expected_errors=10.5), 100, LACKING, "10 expected errors of f, where 10.5 are needed"),
        ],
    )
    def test_minimum_evidence(self, minimum, subjects, expected, told):
        """Below a minimum nothing is decided; a thousand trials at a limit of 0.01 expect ten errors."""
        found = judged(claim(0.01, minimum=minimum), verification=audit({"f": (0, 1000)}, subjects=subjects))

        assert found.verdict == expected
        assert told in found.claims[0].reason

    def test_a_minimum_holds_for_failures_too(self):
        """With less evidence than asked for a claim does not fail either."""
        table = audit({"f": (50, 1000)})

        assert judged(claim(0.01), verification=table).verdict == "fail"
        assert judged(claim(0.01, minimum=Minimum(trials=2000)), verification=table).verdict == LACKING


class TestIndices:
    """Limits on indices of all groups."""

    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [
            (0.0, 0.02, "pass"),
            (0.0, 0.021, LACKING),
            (0.02, 0.03, LACKING),
            (0.021, 0.03, "fail"),
            (NAN, NAN, LACKING),
        ],
    )
    def test_both_sides(self, low, high, expected):
        """The whole interval must lie on one side of the limit; without one nothing is decided."""
        table = audit({"f": (30, 1000), "m": (30, 1000)}, fmr_indices=[index("difference", low, high)])

        assert judged(alike(0.02), verification=table).verdict == expected

    def test_from_below(self):
        """FDR is 1 where groups are alike, so its limit is from below."""
        table = audit({"f": (30, 1000), "m": (30, 1000)}, combined=[index("fdr", 0.95, 0.99)])

        for limit, expected in ((0.95, "pass"), (0.97, LACKING), (0.992, "fail")):
            fair = Claim("c", "index", Limit("at_least", limit), index="fdr", by="gender")
            assert judged(fair, verification=table).verdict == expected

    @pytest.mark.parametrize(("low", "high", "expected"), [(0.0, 0.01, LACKING), (0.03, 0.04, "fail")])
    def test_groups_left_out(self, low, high, expected):
        """An index that leaves out an unmeasured group cannot pass; the measured ones may still fail."""
        table = audit({"f": (30, 1000), "m": (30, 1000), "x": (0, 0)}, fmr_indices=[index("difference", low, high)])
        found = judged(alike(0.02), verification=table)

        assert found.verdict == expected
        assert ("but x (FMR) was not measured" in found.claims[0].reason) == (expected == LACKING)

    @pytest.mark.parametrize("bounds", [(0.0, 0.01), (0.03, 0.04)])
    def test_groups_with_too_few_errors(self, bounds):
        """Draws of a group that expects fewer than three errors carry no index, unless the policy says so."""
        thin = audit({"f": (30, 1000), "m": (0, 50)}, fmr_indices=[index("difference", *bounds)])
        found = judged(alike(0.02), verification=thin)

        assert found.verdict == LACKING
        assert "1.429 expected errors of m (FMR), where 3 are needed" in found.claims[0].reason
        assert judged(alike(0.02, minimum=Minimum(expected_errors=1)), verification=thin).verdict != LACKING

    def test_ratio_without_an_upper_bound(self):
        """A ratio that may be infinite never passes, and fails where its lower bound is above the limit."""
        table = audit(
            {"f": (30, 1000), "m": (30, 1000)}, fmr_indices=[index("max_min_ratio", 3.0, math.inf, value=math.inf)]
        )

        assert judged(alike(4, "max_min_ratio"), verification=table).verdict == LACKING
        assert judged(alike(2, "max_min_ratio"), verification=table).verdict == "fail"


class TestLaws:
    """What must hold for any table and any limit."""

    @given(
        bounds=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
        wider=st.tuples(st.floats(0, 1), st.floats(0, 1)),
        limit=st.floats(0.001, 0.999),
    )
    def test_widening_never_decides(self, bounds, wider, limit):
        """A wider interval decides as before or not at all."""
        groups = {"f": (30, 1000), "m": (30, 1000)}
        narrow = index("difference", *bounds)
        wide = replace(narrow, interval=Interval(bounds[0] - wider[0], bounds[1] + wider[1]))
        for holm in (False, True):
            before, after = (
                judged(alike(limit), verification=audit(groups, fmr_indices=[one]), holm=holm).verdict
                for one in (narrow, wide)
            )

            assert after in (before, LACKING)

    @given(
        groups=st.dictionaries(
            st.sampled_from("fmx"), st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
        ),
        limits=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)).map(sorted),
        minimum=st.floats(0, 5),
        holm=st.booleans(),
    )
    def test_tightening_never_passes(self, groups, limits, minimum, holm):
        """What fails or lacks evidence for being too high does not pass a tighter limit."""
        tight, loose = (
            judged(
                claim(limit, minimum=Minimum(expected_errors=minimum)), verification=audit(groups), holm=holm
            ).verdict
            for limit in limits
        )

        assert tight != "pass" or loose != "fail"
        assert tight == "fail" or loose != "fail" or minimum > 0 or holm

    @given(groups=st.dictionaries(st.sampled_from("fmx"), st.integers(0, 200).map(lambda n: (0, n)), min_size=1))
    def test_unmeasured_groups_never_pass(self, groups):
        """However loose the limit, a group without trials keeps a claim from passing."""
        verdict = judged(claim(0.999), verification=audit(groups)).verdict

        assert verdict != "pass" or all(trials for _, trials in groups.values())

    def test_order(self):
        """A failure outweighs a lack of evidence, and that a pass; nothing at all is no pass."""
        assert worst(("pass", LACKING, "fail")) == "fail"
        assert worst(("pass", "pass")) == "pass"
        assert worst(()) == LACKING


class TestHolm:
    """Decisions that outlast being many."""

    @staticmethod
    def table(p_values, *, above=True):
        """An audit of a thousand trials each whose rates differ from a limit of one tenth by those p-values."""
        from scipy.stats import norm

        shift = [norm.isf(p / 2) * math.sqrt(0.1 * 0.9 / 1e7) for p in p_values]
        errors = [round(1e7 * (0.1 + (each if above else -each))) for each in shift]
        return audit({f"g{place}": (each, 10_000_000) for place, each in enumerate(errors)})

    @pytest.mark.parametrize(
        ("p_values", "adjusted", "fails"),
        [
            ((0.04,), (0.04,), 1),
            ((0.03, 0.04), (0.06, 0.06), 0),
            ((0.02, 0.04), (0.04, 0.04), 2),
            ((0.001, 0.04, 0.03), (0.003, 0.06, 0.06), 1),
        ],
    )
    def test_hand_worked(self, p_values, adjusted, fails):
        """The smallest p-value is multiplied by the number of groups, the next by one less."""
        table = self.table(p_values)
        plain, corrected = (judged(claim(0.1), holm=holm, verification=table).claims[0] for holm in (False, True))

        assert [found.p_value for found in corrected.findings] == pytest.approx(list(p_values), rel=0.01)
        assert [found.holm for found in corrected.findings] == pytest.approx(list(adjusted), rel=0.01)
        assert plain.verdict == "fail"
        assert sum(found.verdict == "fail" for found in corrected.findings) == fails
        assert corrected.verdict == ("fail" if fails else LACKING)

    def test_a_pass_is_never_withdrawn(self):
        """Every group keeps the limit for sure, so all do: how many there are changes nothing."""
        table = self.table((0.03, 0.04, 0.045), above=False)

        assert all(judged(claim(0.1), holm=holm, verification=table).verdict == "pass" for holm in (False, True))

    def test_other_claims_cost_nothing(self):
        """What else a policy asks for takes no failure back."""
        table = self.table((0.02, 0.04))
        many = [claim(0.1), *(claim(0.1, group="g1") for _ in range(20))]

        assert judged(*many, holm=True, verification=table).claims[0].verdict == "fail"

    def test_it_is_said(self):
        """The notes say what is corrected and what a pass is worth, the reason what was undone."""
        table = self.table((0.03, 0.04))
        found = judged(claim(0.1), holm=True, verification=table)
        alone = judged(claim(0.1), holm=False, verification=table)

        assert found.notes[0] == (
            "2 numbers decided on the bounds of 95 % intervals; a failure among many groups allows for their number "
            "(Holm): a claim that holds fails by chance in at most 5 % of tables"
        )
        assert found.notes[1] == (
            "a pass needs every group, and rests on one bound of each interval: it holds with 97.5 % confidence"
        )
        assert "but not after Holm's correction for 2 groups, where p = 0.06" in found.claims[0].reason
        assert 'failures are not corrected (correction = "none")' in alone.notes[0]

    def test_what_is_not_decidable_is_no_test(self):
        """A group without trials costs the others nothing."""
        found = judged(claim(0.01), holm=True, verification=audit({"f": (9, 400), "m": (0, 0)}))

        assert [math.isnan(finding.p_value) for finding in found.claims[0].findings] == [False, True]
        assert found.claims[0].findings[0].verdict == "fail"


class TestOtherAudits:
    """Changes between two tables, and classifiers."""

    @pytest.mark.parametrize(
        ("fields", "limit", "expected"),
        [
            ({"rate": "fnmr", "group": "f"}, 0.1, "fail"),
            ({"rate": "fnmr", "group": "f"}, 0.35, LACKING),
            ({"rate": "fnmr", "group": "f"}, 0.5, "pass"),
            ({"rate": "fnmr", "group": "m"}, 0.1, "pass"),
            ({"rate": "fnmr"}, 0.1, "fail"),
            ({"rate": "fmr"}, 0.1, "pass"),
            ({"rate": "fnmr", "by": ""}, 0.1, "fail"),
            ({"rate": "fnmr", "group": "x"}, 0.1, LACKING),
            ({"rate": "fmr", "minimum": Minimum(trials=201)}, 0.1, LACKING),
            ({"rate": "fnmr", "kind": "index_change", "index": "difference"}, 0.1, LACKING),
            ({"rate": "fnmr", "kind": "index_change", "index": "difference", "minimum": Minimum()}, 0.1, LACKING),
        ],
    )
    def test_changes(self, drift, fields, limit, expected):
        """A rise of a third among women fails what it should; without errors before there is no index to change."""
        found = judged(claim(limit, **({"kind": "change"} | fields)), drift=drift)

        assert found.verdict == expected

    def test_index_changes(self, drift):
        """Where the policy asks for no errors, the interval of the index's change decides."""
        asked = {"kind": "index_change", "rate": "fnmr", "index": "difference", "minimum": Minimum(expected_errors=0)}

        assert judged(claim(0.1, **asked), drift=drift).verdict == "fail"
        assert judged(claim(0.6, **asked), drift=drift).verdict == "pass"

    @pytest.mark.parametrize(
        ("kind", "rate", "limit", "expected"),
        [
            ("class_rate", "error", Limit("at_most", 0.2), "fail"),
            ("class_rate", "error", Limit("at_most", 0.35), LACKING),
            ("class_rate", "error", Limit("at_most", 0.45), "pass"),
            ("class_rate", "accuracy", Limit("at_least", 0.8), "fail"),
            ("class_rate", "accuracy", Limit("at_least", 0.55), "pass"),
            ("class_difference", "error", Limit("at_most", 0.2), "fail"),
            ("class_difference", "error", Limit("at_most", 0.45), "pass"),
            ("class_difference", "accuracy", Limit("at_least", -0.2), "fail"),
            ("class_ratio", "error", Limit("at_most", 2.0), "fail"),
            ("class_ratio", "error", Limit("at_most", 100.0), LACKING),
            ("class_ratio", "accuracy", Limit("at_least", 0.8), "fail"),
            ("class_ratio", "accuracy", Limit("at_least", 0.5), "pass"),
        ],
    )
    def test_classifiers(self, shades, kind, rate, limit, expected):
        """The classifier that erred on a third of darker-skinned women fails what it should."""
        asked = Claim("c", kind, limit, rate=rate, by="skin,gender")

        assert judged(asked, classification=shades).verdict == expected

    def test_four_fifths(self):
        """Selected are 60 of 100 against 100 of 100: all of the impact ratio's interval is below four fifths."""
        rows = [["x", "x", "m"]] * 100 + [["x", "x", "f"]] * 60 + [["x", "y", "f"]] * 40 + [["z", "", ""]]
        table = audit_classification(
            pd.DataFrame(rows, columns=["label", "prediction", "gender"]), by=["gender"], positive="x"
        )
        asked = Claim("c", "class_ratio", Limit("at_least", 0.8), rate="selection", of="x", by="gender")
        found = judged(asked, classification=table)

        assert found.verdict == "fail"
        assert found.claims[0].findings[0].value == pytest.approx(0.6)
        assert "against m, the group that fares best" in found.claims[0].reason
        assert found.notes[2].startswith("the table does not say who is in a row")

    def test_both_compared_groups_need_evidence(self):
        """The group that fares best must be known as well as the others are."""
        rows = [["x", "x", "m"]] * 40 + [["x", "y", "f"]] * 100
        table = audit_classification(pd.DataFrame(rows, columns=["label", "prediction", "gender"]), by=["gender"])
        asked = Claim("c", "class_difference", Limit("at_most", 0.2), rate="error", by="gender")

        assert judged(asked, classification=table).verdict == "fail"
        found = judged(replace(asked, minimum=Minimum(trials=50)), classification=table)
        assert found.verdict == LACKING
        assert "40 trials of m, where 50 are needed" in found.claims[0].reason

    @pytest.mark.parametrize(("rate", "direction"), [("error", "at_most"), ("accuracy", "at_least")])
    def test_errors_of_an_accuracy(self, shades, rate, direction):
        """154 of 1,270 are wrong, so 271 women expect 32.9 errors, whether errors or right answers are counted."""
        limit = Limit(direction, 0.2 if rate == "error" else -0.2)
        asked = Claim("c", "class_difference", limit, rate=rate, by="skin,gender")
        for errors, expected in ((32, "fail"), (33, LACKING)):
            found = judged(replace(asked, minimum=Minimum(expected_errors=errors)), classification=shades)
            women = next(one for one in found.claims[0].findings if one.group == "darker,female")

            assert women.verdict == expected
            assert women.expected_errors == pytest.approx(271 * 154 / 1270)

    def test_groups_that_cannot_be_compared(self):
        """A group without negatives has no false positive rate, and nothing to compare it with does not pass."""
        rows = [["y", "y", "m"]] * 100 + [["x", "x", "f"]] * 100
        table = audit_classification(
            pd.DataFrame(rows, columns=["label", "prediction", "gender"]), by=["gender"], positive="x"
        )
        asked = {"rate": "false_positive", "of": "x", "by": "gender"}
        for kind, limit in (("class_ratio", 2.0), ("class_difference", 0.9)):
            assert judged(Claim("c", kind, Limit("at_most", limit), **asked), classification=table).verdict == LACKING
        lone = audit_classification(
            pd.DataFrame(rows[:100], columns=["label", "prediction", "gender"]), by=["gender"], positive="y"
        )
        asked = Claim("c", "class_difference", Limit("at_most", 0.9), rate="error", by="gender")
        found = judged(asked, classification=lone)
        assert found.verdict == LACKING
        assert "nothing to compare" in found.claims[0].reason


class TestRealTable:
    """The committed LFW scores of the default model, by gender, at FMR 1e-3."""

    @pytest.mark.parametrize(
        ("fields", "limit", "expected"),
        [
            ({"rate": "fmr"}, 0.05, "pass"),
            ({"rate": "fmr"}, 0.01, LACKING),
            ({"rate": "fmr", "by": ""}, 0.01, "pass"),
            ({"rate": "fnmr"}, 0.1, "pass"),
            ({"rate": "fnmr"}, 0.02, "fail"),
            ({"rate": "fnmr", "group": "female"}, 0.04, LACKING),
            ({"rate": "fnmr", "minimum": Minimum(subjects=2000)}, 0.1, LACKING),
            ({"rate": "fnmr", "kind": "index", "index": "difference"}, 0.05, "pass"),
            ({"rate": "fnmr", "kind": "index", "index": "difference"}, 0.01, LACKING),
            ({"rate": "fmr", "kind": "index", "index": "max_min_ratio"}, 100, LACKING),
        ],
    )
    def test_claims(self, lfw, fields, limit, expected):
        """Six thousand pairs decide claims about false non-matches, and next to none about false matches."""
        assert judged(claim(limit, **fields), verification=lfw).verdict == expected


class TestBadInput:
    """What is an error, and not a verdict."""

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            (claim(by="race"), "claim 'claim 1': there is no grouping by 'race'; there are gender"),
            (
                claim(kind="change", limit=0.01),
                "claim 'claim 1' is of kind change, for an audit of drift, and none was given",
            ),
            (claim(kind="class_rate", rate="error"), "expected one of rate, matched_rate, cross_rate, index"),
        ],
    )
    def test_claims_about_another_audit(self, asked, told):
        """A claim that the audit was not made for must not be passed over."""
        with pytest.raises(ArgumentError, match=told):
            judged(asked, verification=audit({"f": (0, 10)}))

    def test_lower_confidence(self):
        """An audit of lower confidence would decide more than the policy allows; one of higher may serve."""
        with pytest.raises(ArgumentError, match=r"intervals of confidence 0\.95; the audit has 0\.9"):
            judged(claim(), verification=audit({"f": (0, 10)}, confidence=0.9))

        assert judged(claim(), verification=audit({"f": (0, 1000)}, confidence=0.99)).verdict == "pass"

    def test_other_groupings_and_classes(self):
        """A drift audit without the grouping, or a classifier without the class, is told with the claim."""
        table = tables.check(
            pd.DataFrame([["a", "b", "a", "b", False, 0.1], ["a", "a2", "a", "a", True, 0.9]], columns=tables.REQUIRED)
        )
        drift = audit_drift(table, table, at=0.5, replicates=0)
        with pytest.raises(ArgumentError, match="claim 'claim 1': there is no grouping by 'gender'; there are none"):
            judged(claim(kind="change"), drift=drift)
        predictions = pd.DataFrame([["x", "x", "f"]], columns=["label", "prediction", "gender"])
        classes = audit_classification(predictions, by=["gender"])
        with pytest.raises(ArgumentError, match="claim 'claim 1': there is no rate 'selection' of 'w'"):
            judged(claim(kind="class_rate", rate="selection", of="w"), classification=classes)

    def test_pairs_taken_as_independent(self):
        """Where the table does not say who is in a pair, the verdict says what that means."""
        found = judged(claim(), verification=audit({"f": (0, 1000)}, independent=True))

        assert found.notes[2].startswith("the table does not say who is in a pair: pairs count as independent")

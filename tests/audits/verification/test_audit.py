"""The audit of verification: hand-worked tables, published counts, laws, and every refusal."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.report.verification.document import verification_document
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, MixedStampsError, ScoreTableError
from facerec.measure import tables
from facerec.measure.metrics import clustered_rate
from facerec.measure.tables.vendor import VendorColumns, read_vendor
from facerec.types import Matcher, Rate

LFW = Path(__file__).parents[3] / "data" / "lfw" / "scores.csv"

# probe, reference, genuine, score, probe gender, reference gender; photos are numbered by row.
BY_HAND = [
    ("ann", "ann", True, 0.9, "f", "f"),
    ("ann", "ann", True, 0.4, "f", "f"),
    ("bea", "bea", True, None, "f", "f"),
    ("cal", "cal", True, 0.8, "m", "m"),
    ("dan", "dan", True, 0.5, "m", "m"),
    ("ann", "bea", False, 0.6, "f", "f"),
    ("bea", "ann", False, 0.1, "f", "f"),
    ("cal", "dan", False, 0.2, "m", "m"),
    ("ann", "cal", False, 0.7, "f", "m"),
    ("cal", "ann", False, 0.3, "m", "f"),
    ("dan", "bea", False, None, "m", "f"),
    ("eve", "ann", False, 0.9, "", "f"),
    ("eve", "eve", True, 0.9, "", ""),
]


def table(rows=BY_HAND):
    """A score table of such rows."""
    frame = pd.DataFrame(
        rows, columns=["probe_subject", "reference_subject", "genuine", "score", "probe_gender", "reference_gender"]
    )
    numbers = pd.Series(range(len(frame))).astype(str)
    return frame.assign(probe_image="p" + numbers, reference_image="r" + numbers)


def simulated(seed=0, pairs=4000, people=300):
    """A table with groups of different rates, some failures and some unlabelled people."""
    rng = np.random.default_rng(seed)
    race = rng.choice(["x", "y", "z"], people, p=[0.6, 0.3, 0.1])
    gender = rng.choice(["f", "m", ""], people, p=[0.45, 0.45, 0.1])
    first = rng.integers(0, people, pairs)
    genuine = rng.random(pairs) < 0.4
    second = np.where(genuine, first, (first + rng.integers(1, people, pairs)) % people)
    values = rng.normal(0, 1, pairs) + 3 * genuine + 0.5 * ((race[first] == "z") & (race[second] == "z"))
    values[rng.random(pairs) < 0.02] = np.nan
    return pd.DataFrame(
        {
            "probe_image": [f"p{i}" for i in range(pairs)],
            "reference_image": [f"r{i}" for i in range(pairs)],
            "probe_subject": [f"s{i}" for i in first],
            "reference_subject": [f"s{i}" for i in second],
            "genuine": genuine,
            "score": values,
            "probe_race": race[first],
            "reference_race": race[second],
            "probe_gender": gender[first],
            "reference_gender": gender[second],
        }
    )


def counts(grouping):
    """Group → impostor counts, genuine counts, failure counts, people."""
    return {
        g.group: (
            g.fmr.errors,
            g.fmr.trials,
            g.fnmr.errors,
            g.fnmr.trials,
            g.without_score.errors,
            g.without_score.trials,
            g.subjects,
        )
        for g in grouping.groups
    }


@pytest.fixture(scope="module")
def audit():
    """The pairs by hand, by gender."""
    return audit_verification(table(), by=["gender"], at=0.5, replicates=50)


@pytest.fixture(scope="module")
def plain():
    """A simulated table, audited."""
    return audit_verification(simulated(), by=["race", "race,gender"], at=AtFmr(0.01), replicates=30)


class TestByHand:
    """Thirteen pairs of five people, at a threshold of 0.5."""

    def test_overall(self, audit):
        """All pairs count, labelled or not; a failure is a false non-match and no false match."""
        assert (audit.fmr.errors, audit.fmr.trials) == (3, 7)
        assert (audit.fnmr.errors, audit.fnmr.trials) == (2, 6)
        assert (audit.without_score.errors, audit.without_score.trials) == (2, 13)
        assert audit.subjects == 5
        assert not audit.pairs_independent
        assert audit.notes == ()

    def test_groups(self, audit):
        """A group's impostors have both people in it; a score at the threshold is accepted."""
        assert counts(audit.grouping("gender")) == {"f": (1, 2, 2, 3, 1, 5, 2), "m": (0, 1, 0, 2, 0, 3, 2)}

    def test_matrix(self, audit):
        """Probe group by reference group, in both orders, complete."""
        cells = {
            (c.probe_group, c.reference_group): (c.fmr.errors, c.fmr.trials) for c in audit.grouping("gender").cross
        }

        assert cells == {("f", "f"): (1, 2), ("f", "m"): (1, 1), ("m", "f"): (0, 2), ("m", "m"): (0, 1)}
        assert sum(c.share for c in audit.grouping("gender").cross) == pytest.approx(1)

    def test_matched_impostors(self, audit):
        """Three of six labelled impostor pairs are of one group, and one of them is a false match."""
        grouping = audit.grouping("gender")

        assert (grouping.matched_fmr.errors, grouping.matched_fmr.trials) == (1, 3)
        assert grouping.matched_share == 0.5

    def test_unlabelled_pairs_are_counted(self, audit):
        """Eve has no label; her pairs are in no group and not lost."""
        unlabelled = audit.grouping("gender").unlabelled

        assert (unlabelled.genuine, unlabelled.impostor, unlabelled.genuine_across) == (1, 1, 0)

    def test_what_is_not_there(self, audit):
        """Asking for it names what is."""
        with pytest.raises(ArgumentError, match="no grouping by 'race'; there are gender"):
            audit.grouping("race")
        with pytest.raises(ArgumentError, match="no group 'x' by gender; there are f, m"):
            audit.grouping("gender").group("x")

    def test_rates_are_those_of_the_metrics(self, audit):
        """As clustered_rate on the group's own rows, but for what others show of how alike errors are."""
        rows = [r for r in BY_HAND if r[4] == r[5] == "f" and r[2]]
        wrong = [not (r[3] or 0) >= 0.5 for r in rows]
        expected = clustered_rate(wrong, [r[0] for r in rows], [r[1] for r in rows])

        found = audit.grouping("gender").group("f").fnmr
        assert (found.errors, found.trials) == (expected.errors, expected.trials)
        assert found.effective_trials <= expected.effective_trials * 1.001

    def test_genuine_pairs_across_groups_belong_to_neither(self):
        """A person whose two photos carry different ages."""
        rows = [("ann", "ann", True, 0.9, "f", "m"), *BY_HAND]
        grouping = audit_verification(table(rows), by=["gender"], at=0.5, replicates=0).grouping("gender")

        assert grouping.unlabelled.genuine_across == 1
        assert grouping.group("f").fnmr.trials == 3


class TestThresholds:
    """One threshold for all groups."""

    def test_at_a_target(self):
        """The smallest score with empirical FMR ≤ 3/7: 0.6, over all impostors, unlabelled ones too."""
        audit = audit_verification(table(), by=["gender"], at=AtFmr(3 / 7), replicates=0)

        assert audit.threshold.value == 0.6
        assert audit.threshold.achieved_fmr == Rate(3, 7)

    def test_distances_give_what_similarities_give(self):
        """The same table with the sign turned around."""
        plain = audit_verification(table(), by=["gender"], at=AtFmr(3 / 7), replicates=20)
        turned = table().assign(score=lambda t: -t["score"])
        other = audit_verification(turned, by=["gender"], at=AtFmr(3 / 7), distance=True, replicates=20)

        assert repr(other.groupings) == repr(plain.groupings)
        assert other.threshold.shown == -0.6

    def test_calibration_on_another_table(self):
        """The threshold of the other table, applied here."""
        audit = audit_verification(table(), by=[], at=AtFmr(0.01, simulated()), replicates=0)

        assert audit.threshold.calibration_fmr.value <= 0.01
        assert audit.groupings == ()


class TestTwoNumbers:
    """FNMR at this threshold and FNMR at FMR = f."""

    def test_the_second_carries_the_choice(self, plain):
        """Of everybody and of every group: the same errors, an interval that is never narrower, and told by name."""
        told = verification_document(plain, verdict={})
        pairs = [(plain.fnmr, plain.fnmr_at_target)]
        pairs += [(group.fnmr, group.fnmr_at_target) for by in plain.groupings for group in by.groups]

        assert plain.threshold.choice == told["threshold"]["choice"] == "chosen on this table"
        assert told["threshold"]["range"] == [plain.threshold.low, plain.threshold.high]
        assert plain.threshold.low < plain.threshold.value < plain.threshold.high
        for held, carried in pairs:
            assert carried.rate == held.rate
            if held.measured:
                assert carried.interval.low <= held.interval.low
                assert carried.interval.high >= held.interval.high
        assert pairs[0][1].interval.high > pairs[0][0].interval.high
        assert told["overall"]["fnmr_at_target"]["high"] == pairs[0][1].interval.high

    def test_by_hand(self):
        """1,000 impostors at 0.01: 3 to 17 false matches; FNMR is read off where so many are accepted."""
        scores = np.concatenate([np.arange(1000.0), np.arange(900.0, 1100.0)])
        frame = pd.DataFrame({"genuine": np.arange(1200) >= 1000, "score": scores})

        audit = audit_verification(frame, by=[], at=AtFmr(0.01), replicates=0)

        assert (audit.threshold.low, audit.threshold.high) == (math.nextafter(982, math.inf), 996.0)
        assert (audit.threshold.value, audit.fnmr.errors) == (990.0, 90)
        found, held = audit.fnmr_at_target.interval, audit.fnmr.interval
        assert found.low == pytest.approx(0.45 - math.hypot(0.45 - held.low, (90 - 83) / 200))
        assert found.high == pytest.approx(0.45 + math.hypot(held.high - 0.45, (96 - 90) / 200))

    def test_a_given_threshold_has_one_number(self):
        """Nothing was chosen, so there is nothing to carry."""
        audit = audit_verification(table(), by=["gender"], at=0.5, replicates=0)

        assert audit.threshold.choice == "held fixed"
        assert audit.fnmr_at_target is None
        assert {group.fnmr_at_target for group in audit.groupings[0].groups} == {None}
        assert verification_document(audit, verdict={})["threshold"]["range"] is None


class TestLaws:
    """What must hold whatever the table."""

    def test_permuting_the_rows_changes_nothing(self, plain):
        """Counts, intervals and matrix are the same; only the draws may differ."""
        mixed = simulated().sample(frac=1, random_state=4)
        other = audit_verification(mixed, by=["race", "race,gender"], at=AtFmr(0.01), replicates=0)

        for one, two in zip(plain.groupings, other.groupings, strict=True):
            assert counts(one) == counts(two)
            assert [g.fmr.interval.high for g in one.groups] == pytest.approx([g.fmr.interval.high for g in two.groups])

    def test_relabelling_groups_and_people_changes_only_names(self, plain):
        """Other names, the same numbers."""
        renamed = simulated()
        names = {"x": "q", "y": "r", "z": "s"}
        for side in ("probe", "reference"):
            renamed[f"{side}_race"] = renamed[f"{side}_race"].map(names)
            renamed[f"{side}_subject"] = "person " + renamed[f"{side}_subject"]
        other = audit_verification(renamed, by=["race"], at=AtFmr(0.01), replicates=30).groupings[0]

        assert list(counts(other).values()) == list(counts(plain.groupings[0]).values())
        assert [i.interval for i in other.disparity.fmr] == [i.interval for i in plain.groupings[0].disparity.fmr]

    def test_swapping_the_sides_transposes_the_matrix(self, plain):
        """Probe and reference change places; groups do not notice."""
        sides = {"probe": "reference", "reference": "probe"}
        swapped = simulated().rename(columns=lambda c: "_".join(sides.get(part, part) for part in c.split("_")))
        other = audit_verification(swapped, by=["race"], at=AtFmr(0.01), replicates=0).groupings[0]
        matrix = {(c.probe_group, c.reference_group): c.fmr.rate.errors for c in plain.groupings[0].cross}

        assert counts(other) == counts(plain.groupings[0])
        assert {(c.reference_group, c.probe_group): c.fmr.rate.errors for c in other.cross} == matrix

    def test_intersections_add_up(self, plain):
        """Every labelled impostor pair is in exactly one cell of the matrix."""
        for grouping in plain.groupings:
            inside = sum(cell.fmr.trials for cell in grouping.cross)

            assert inside + grouping.unlabelled.impostor == plain.fmr.trials
            genuine = sum(group.fnmr.trials for group in grouping.groups)
            assert genuine + grouping.unlabelled.genuine + grouping.unlabelled.genuine_across == plain.fnmr.trials

    def test_the_same_seed_gives_the_same_audit(self, plain):
        """Byte for byte, as far as text can tell."""
        again = audit_verification(simulated(), by=["race", "race,gender"], at=AtFmr(0.01), replicates=30)

        assert repr(again) == repr(plain)

    def test_a_single_column_stands_for_both_sides(self):
        """As with two columns of the same labels."""
        rows = [r for r in BY_HAND if r[4] == r[5]]
        two = audit_verification(table(rows), by=["gender"], at=0.5, replicates=0)
        one = table(rows).rename(columns={"probe_gender": "gender"}).drop(columns="reference_gender")

        assert repr(audit_verification(one, by=["gender"], at=0.5, replicates=0).groupings) == repr(two.groupings)


class TestOddTables:
    """Tables that lack something: each a visible row, nothing silently lost."""

    def test_without_people_it_says_so(self):
        """Independent pairs, no number of people, wider nowhere."""
        anonymous = simulated().drop(columns=["probe_subject", "reference_subject"])
        audit = audit_verification(anonymous, by=["race"], at=0.5, replicates=20)

        assert audit.pairs_independent
        assert audit.subjects is None
        assert all(group.subjects is None for group in audit.groupings[0].groups)
        assert audit.fnmr.design_effect == 1
        assert "pairs were taken as independent" in audit.notes[0]

    def test_a_group_without_impostors_is_listed(self):
        """NaN, named as unmeasured, and never the best group."""
        rows = [*BY_HAND, ("fay", "fay", True, 0.9, "d", "d")]
        grouping = audit_verification(table(rows), by=["gender"], at=0.5, replicates=20).groupings[0]

        assert math.isnan(grouping.group("d").fmr.value)
        assert ("d", "FMR") in grouping.disparity.unmeasured
        assert grouping.shrunk_fmr[0].weight == 0
        assert math.isnan(grouping.tests[0].p_value)

    def test_no_genuine_pairs_at_all(self):
        """FNMR is not measured anywhere, and FMR is as ever."""
        audit = audit_verification(table(BY_HAND[5:12]), by=["gender"], at=0.5, replicates=20)

        assert math.isnan(audit.fnmr.value)
        assert audit.fmr.trials == 7
        assert {what for _, what in audit.groupings[0].disparity.unmeasured} == {"FNMR"}

    def test_no_impostor_pairs_and_a_given_threshold(self):
        """FMR is not measured anywhere, the matrix included."""
        audit = audit_verification(table(BY_HAND[:5]), by=["gender"], at=0.5, replicates=20)

        assert math.isnan(audit.fmr.value)
        assert math.isnan(audit.groupings[0].cross[0].share)
        assert math.isnan(audit.groupings[0].matched_share)

    def test_one_group_only(self):
        """The group is measured, and the reader told that there is nothing to compare."""
        rows = [r for r in BY_HAND if r[4] == r[5] == "f"]
        grouping = audit_verification(table(rows), by=["gender"], at=0.5, replicates=20).groupings[0]

        assert "nothing to compare" in grouping.disparity.warnings[0]
        assert len(grouping.groups) == 1

    def test_repeated_pairs_are_told(self):
        """The same two photos again, also the other way round; every row still counts."""
        again = table().iloc[[0]]
        turned = again.rename(columns={"probe_image": "reference_image", "reference_image": "probe_image"})
        audit = audit_verification(pd.concat([table(), again, turned]), by=["gender"], at=0.5, replicates=0)

        assert audit.notes[0].startswith("2 pairs of photos occur again")
        assert audit.fnmr.trials == 8

    def test_a_target_that_cannot_be_reached_is_told(self):
        """Seven impostor pairs show no FMR of 1 in 1,000."""
        audit = audit_verification(table(), by=["gender"], at=AtFmr(1e-3), replicates=0)

        assert audit.fmr.errors == 0
        assert "7 impostor pairs cannot show" in audit.notes[0]


class TestRefusals:
    """Bad input, each with its reason."""

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda t: t[:0], "no rows"),
            (lambda t: t.drop(columns="score"), "lacks score"),
            (lambda t: t.drop(columns="probe_subject"), "lacks probe_subject"),
            (lambda t: t.assign(score=np.inf), "infinite"),
            (lambda t: t.assign(genuine=2), "neither true nor false"),
            (lambda t: t.assign(genuine=True), "genuine, but its subjects differ"),
            (lambda t: t.drop(columns="probe_gender"), "grouped by 'gender'"),
            (lambda t: t.assign(probe_gender="", reference_gender=""), "no row has a label"),
        ],
    )
    def test_tables(self, change, told):
        """What is wrong with the table."""
        with pytest.raises(ScoreTableError, match=told):
            audit_verification(change(table()), by=["gender"], at=0.5)

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({"by": "gender"}, "list of groupings"),
            ({"by": ["gender", "gender"]}, "stands twice"),
            ({"by": ["gender,gender"]}, "different attributes"),
            ({"confidence": 95}, "confidence"),
            ({"replicates": 1}, "two draws"),
            ({"replicates": -1}, "two draws"),
            ({"at": math.nan}, "NaN"),
        ],
    )
    def test_options(self, options, told):
        """What is wrong with the call."""
        with pytest.raises(ArgumentError, match=told):
            audit_verification(table(), **({"by": ["gender"], "at": 0.5} | options))

    def test_a_target_without_impostors(self):
        """There is nothing to measure a threshold on."""
        with pytest.raises(ArgumentError, match="no impostor comparison"):
            audit_verification(table(BY_HAND[:5]), by=["gender"], at=AtFmr(0.1))


class TestPublished:
    """Numbers that others have counted."""

    def test_four_thousand_pairs_of_a_vendor(self, data):
        """Counts of the public table of 4,000 pairs by race and gender, at 0.5."""
        path = data / "rai_face_verification" / "face_verify_sample_rand_data.csv"
        if not path.is_file():
            pytest.skip("the public table of 4,000 pairs is not in the folder of real data")
        raw = read_vendor(path, VendorColumns(score="matching_score", genuine="golden_label"))

        audit = audit_verification(raw, by=["race,gender"], at=0.5, replicates=100)
        grouping = audit.grouping("race,gender")

        assert audit.pairs_independent
        assert {g.group: (g.fnmr.errors, g.fnmr.trials) for g in grouping.groups} == {
            "Black,Female": (8, 511),
            "Black,Male": (1, 519),
            "White,Female": (8, 508),
            "White,Male": (10, 510),
        }
        assert (audit.fmr.errors, audit.fmr.trials) == (0, 1952)
        assert audit.fmr.rule_of_three == pytest.approx(0.00153, abs=5e-6)
        assert grouping.group("Black,Female").fmr.rate.trials == 489
        assert grouping.disparity.index("fnmr", "difference").value == pytest.approx(0.0177, abs=5e-5)
        assert math.isnan(grouping.disparity.index("fmr", "max_min_ratio").value)

    def test_the_committed_table_of_lfw(self):
        """LFW by gender: of 6,000 pairs twelve have a person without a label, and 52 a face that the gate held back."""
        audit = audit_verification(tables.read(LFW), by=["gender"], at=AtFmr(1e-2), replicates=200)
        grouping = audit.grouping("gender")

        assert audit.threshold.achieved_fmr == Rate(30, 3000)
        assert counts(grouping) == {
            "female": (10, 176, 17, 777, 12, 953, 1087),
            "male": (19, 1671, 30, 2219, 27, 3890, 3191),
        }
        assert (grouping.unlabelled.genuine, grouping.unlabelled.impostor) == (4, 8)
        assert (grouping.matched_fmr.errors, grouping.matched_fmr.trials) == (29, 1847)
        assert audit.fnmr.design_effect > 1
        assert grouping.disparity.index("fmr", "max_min_ratio").value == pytest.approx(10 / 176 / (19 / 1671))
        assert grouping.disparity.index("fmr", "max_min_ratio").interval.low > 1


def test_the_stamp_of_a_table_stands_in_its_audit():
    """Whose scores were audited is said where the table says it; two matchers' rows are no table, checked or not."""
    ours = Matcher("mtcnn", "box.v1", "ours", "ab" * 32, "cosine.v1", "none")
    stamped = tables.stamped(tables.check(table()), ours)
    stamped = tables.check(stamped.assign(probe_failure="", reference_failure=""))
    theirs = tables.stamped(stamped, dataclasses.replace(ours, embedder_digest="cd" * 32))

    audit = audit_verification(stamped, by=["gender"], at=0.5, replicates=0)
    assert audit.matcher == ours
    assert verification_document(audit, verdict={})["matcher"] == ours.text
    assert audit_verification(table(), by=[], at=0.5, replicates=0).matcher is None
    assert audit.fmr == audit_verification(table(), by=[], at=0.5, replicates=0).fmr
    with pytest.raises(MixedStampsError, match="made by another matcher"):
        audit_verification(pd.concat([stamped, theirs], ignore_index=True), by=[], at=0.5, replicates=0)

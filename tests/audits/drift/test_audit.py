"""Drift: hand-worked changes, naive variances, laws, coverage by simulation, the committed LFW table, bad input."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.drift.audit import audit_drift
from audits.statistics.families import Least
from audits.statistics.paired import paired_change
from audits.tables.pairs import same_pairs
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, ModelMismatchError, ScoreTableError
from facerec.measure import tables
from facerec.measure.metrics import clustered_rate, fmr, fnmr, threshold_at_fmr
from facerec.measure.tables.completed import complete
from facerec.types import Matcher

LFW = Path(__file__).parents[3] / "data" / "lfw" / "scores.csv"


def table(rows):
    """A score table of (probe, reference, score), where person and gender are in the name: ``fa1`` is fa's first."""
    full = [[p, r, p[:2], r[:2], p[:2] == r[:2], s, p[0], r[0]] for p, r, s in rows]
    return tables.check(pd.DataFrame(full, columns=[*tables.REQUIRED, "probe_gender", "reference_gender"]))


BEFORE = table(
    [
        ("fa1", "fa2", 0.9),
        ("fb1", "fb2", 0.4),
        ("ma1", "ma2", 0.8),
        ("mb1", "mb2", 0.7),
        ("fa1", "fb1", 0.6),
        ("ma1", "mb1", 0.1),
        ("fa1", "ma1", 0.2),
    ]
)
AFTER = BEFORE.assign(score=[0.9, 0.8, math.nan, 0.3, 0.2, 0.7, 0.2])


@pytest.fixture(scope="module")
def lfw():
    """The committed score table of LFW, and another matcher's scores of the same pairs: ours, blurred for women."""
    before = tables.read(LFW)
    noise = np.random.default_rng(0).normal(0, 0.02, len(before))
    women = (before["probe_gender"] == "female").to_numpy(bool)
    return before, before.assign(score=before["score"] - np.where(women & before["genuine"], np.abs(noise), 0))


class TestHandWorked:
    """Seven pairs at 0.5."""

    @pytest.mark.parametrize(
        ("rate", "group", "before", "after", "turned"),
        [
            ("fnmr", "", (1, 4), (2, 4), (2, 1)),
            ("fmr", "", (1, 3), (1, 3), (1, 1)),
            ("without_score", "", (0, 7), (1, 7), (1, 0)),
            ("fnmr", "f", (1, 2), (0, 2), (0, 1)),
            ("fnmr", "m", (0, 2), (2, 2), (2, 0)),
            ("fmr", "f", (1, 1), (0, 1), (0, 1)),
            ("fmr", "m", (0, 1), (1, 1), (1, 0)),
        ],
    )
    def test_changes(self, rate, group, before, after, turned):
        """What was wrong before, what is wrong afterwards, and how many decisions turned either way."""
        audit = audit_drift(BEFORE, AFTER, by=["gender"], at=0.5)

        found = audit.change(rate, by="gender" if group else "", group=group)

        assert (found.before.errors, found.before.trials) == before
        assert (found.after.errors, found.after.trials) == after
        assert (found.change.worse, found.change.better) == turned
        assert found.change.value == pytest.approx(after[0] / after[1] - before[0] / before[1])

    def test_each_table_has_its_own_threshold(self):
        """A matcher on another scale does not drift when its threshold moves along."""
        scaled = BEFORE.assign(score=BEFORE["score"] * 100)

        audit = audit_drift(BEFORE, scaled, by=["gender"], at=AtFmr(0.4))

        assert (audit.before.value, audit.after.value) == (0.6, 60.0)
        assert audit.before.achieved_fmr.value == pytest.approx(1 / 3)
        assert all(change.change.value == 0 for change in audit.changes)

    def test_indices_change(self):
        """Men's FNMR rises from 0 to 1 and women's falls from one half to 0: the gap grows from 0.5 to 1."""
        audit = audit_drift(BEFORE, AFTER, by=["gender"], at=0.5, least=Least(1, 1))

        gap = next(index for index in audit.indices if (index.rate, index.index) == ("fnmr", "difference"))

        assert (gap.before, gap.after, gap.value) == (0.5, 1.0, 0.5)
        assert gap.interval.low <= 0.5 <= gap.interval.high

    def test_without_draws_indices_have_no_interval(self):
        """Zero replicates leave the indices without an interval, not without a value."""
        index = audit_drift(BEFORE, AFTER, by=["gender"], at=0.5, least=Least(1, 1), replicates=0).indices[0]

        assert not math.isnan(index.value)
        assert math.isnan(index.interval.low)
        assert not index.regression
        assert not index.gain

    def test_what_was_not_measured_is_there(self):
        """A group without impostor pairs has a change without trials, not one of 0, and it lacks evidence."""
        rows = [0, 1, 2, 3, 4]
        audit = audit_drift(BEFORE.iloc[rows], AFTER.iloc[rows], by=["gender"], at=0.5, least=Least(1, 1))

        assert [(change.rate, change.group) for change in audit.unmeasured] == [("fmr", "m")]
        assert math.isnan(audit.change("fmr", by="gender", group="m").change.value)
        assert "not measured" in str(audit.change("fmr", by="gender", group="m"))
        assert audit.verdict(max_rise=1.0, rates=["fmr"]) == "insufficient evidence"
        assert math.isnan(audit.indices[0].value)

    def test_distances_and_similarities(self):
        """A matcher whose scores are distances is held against one whose scores are not, each at its own threshold."""
        turned = AFTER.assign(score=1 - AFTER["score"])

        plain = audit_drift(BEFORE, AFTER, at=0.5)
        mixed = audit_drift(BEFORE, turned, at=0.5, after_at=0.5, after_distance=True)

        assert mixed.after.distance
        assert [c.change for c in mixed.changes] == [c.change for c in plain.changes]

    def test_tables_that_name_nobody(self):
        """Row by row and as if independent, which the result says."""
        bare = [side[["genuine", "score"]] for side in (BEFORE, AFTER)]

        audit = audit_drift(*bare, at=0.5)

        assert audit.pairs_independent
        assert any("too narrow" in note for note in audit.notes)
        found = audit.change("fnmr").change
        assert (found.worse, found.better, found.effective_trials) == (2, 1, 4)

    def test_rows_without_photos_must_agree(self):
        """Where rows are all there is, the same row must be genuine in both tables."""
        bare = [side[["genuine", "score"]] for side in (BEFORE, AFTER)]

        with pytest.raises(ScoreTableError, match="such as that in row 4"):
            audit_drift(bare[0], bare[1].iloc[[0, 1, 2, 4, 3, 5, 6]], at=0.5)

    def test_pairs_without_labels_are_counted(self):
        """They are in the rates of everybody, and in no group."""
        blank = BEFORE.assign(probe_gender=["", *BEFORE["probe_gender"][1:]])

        audit = audit_drift(blank, AFTER.drop(columns="probe_gender"), by=["gender"], at=0.5)

        (by, unlabelled), *_ = audit.unlabelled
        assert (by, unlabelled.genuine, unlabelled.impostor, unlabelled.genuine_across) == ("gender", 1, 0, 0)
        assert audit.change("fnmr").change.trials == 4
        assert audit.change("fnmr", by="gender", group="f").change.trials == 1


class TestLaws:
    """What must hold for any two tables."""

    def test_nothing_changed(self, lfw):
        """A table against itself: no change anywhere, a narrow interval around 0, a pass."""
        audit = audit_drift(lfw[0], lfw[0], by=["gender"], at=AtFmr(0.002))

        assert {change.change.value for change in audit.changes} == {0.0}
        assert {index.value for index in audit.indices} == {0.0}
        assert not audit.regressions
        assert not audit.gains
        assert audit.verdict(max_rise=0.03) == "pass"

    def test_swapping_the_tables_mirrors_everything(self, lfw):
        """What got worse one way got better the other way, by as much."""
        there = audit_drift(*lfw, by=["gender"], at=AtFmr(0.01))
        back = audit_drift(*reversed(lfw), by=["gender"], at=AtFmr(0.01))

        for one, other in zip(there.changes, back.changes, strict=True):
            assert one.change.value == -other.change.value
            assert one.change.interval.low == pytest.approx(-other.change.interval.high)
        assert [c.group for c in there.regressions] == [c.group for c in back.gains]

    def test_the_order_of_rows_does_not_matter(self, lfw):
        """Pairs are found by what they are, not by where they stand."""
        shuffled = lfw[1].sample(frac=1, random_state=0)

        one = audit_drift(lfw[0], lfw[1], at=AtFmr(0.01))

        assert audit_drift(lfw[0], shuffled, at=AtFmr(0.01)) == one

    def test_a_harm_to_one_group_is_found_and_named(self, lfw):
        """Genuine scores of women were lowered: FNMR of women rises for sure, that of men does not."""
        audit = audit_drift(*lfw, by=["gender"], at=AtFmr(0.002))

        women = audit.change("fnmr", by="gender", group="female")
        assert women in audit.regressions
        assert "WORSE" in str(women)
        assert not audit.change("fnmr", by="gender", group="male").change.regression
        assert audit.verdict(max_rise=0.0, rates=["fnmr"]) == "fail"
        gap = next(index for index in audit.indices if (index.rate, index.index) == ("fnmr", "difference"))
        assert gap.regression
        assert "MORE UNEQUAL" in str(gap)

    def test_rates_are_those_of_the_metrics(self, lfw):
        """FMR and FNMR of each table are what facerec.measure.metrics says at the same threshold."""
        audit = audit_drift(*lfw, at=AtFmr(0.01))

        for side, point, found in zip(("before", "after"), (audit.before, audit.after), lfw, strict=True):
            mated, non_mated = (found["score"][found["genuine"] == kind] for kind in (True, False))
            assert point.value == threshold_at_fmr(non_mated, 0.01)
            wanted = fmr(non_mated, point.value), fnmr(mated, point.value)
            rates = [getattr(audit.change(rate), side).rate for rate in ("fmr", "fnmr")]
            assert [(r.errors, r.trials) for r in rates] == [(r.errors, r.trials) for r in wanted]

    def test_pairing_is_sharper_than_two_audits(self, lfw):
        """The interval of the change is narrower than the two rates' intervals together."""
        found = audit_drift(*lfw, at=AtFmr(0.01)).change("fmr")

        widths = [rate.interval.high - rate.interval.low for rate in (found.before, found.after)]
        assert found.change.interval.high - found.change.interval.low < sum(widths)

    def test_pairs_that_occur_twice(self):
        """The first of one table belongs to the first of the other."""
        twice = pd.concat([BEFORE, BEFORE.assign(score=BEFORE["score"] + 1)], ignore_index=True)

        assert (
            same_pairs(complete(twice), complete(twice.iloc[[*range(7, 14), *range(7)]]))["score"].tolist()
            != twice["score"].tolist()
        )
        assert same_pairs(complete(twice), complete(twice.iloc[[0, 7, 1, 8, 2, 9, 3, 10, 4, 11, 5, 12, 6, 13]]))[
            "score"
        ].tolist() == (twice["score"].tolist())


class TestChosenThresholds:
    """A threshold that was chosen is known only as well as false matches show it."""

    def test_both_numbers_stand_side_by_side(self, lfw):
        """At the very thresholds the interval is that of the same thresholds, given; at FMR = f it is wider."""
        chosen = audit_drift(*lfw, by=["gender"], at=AtFmr(0.01))
        held = audit_drift(*lfw, by=["gender"], at=chosen.before.value, after_at=chosen.after.value)

        assert chosen.thresholds == "thresholds chosen on these tables for FMR 0.01"
        assert held.thresholds == "thresholds held fixed"
        for one, other in zip(chosen.changes, held.changes, strict=True):
            assert one.held == other.held == other.change.interval
            wider = one.change.interval.low < one.held.low or one.change.interval.high > one.held.high
            # More false matches raise a threshold that was chosen on them: FMR needs nothing more.
            assert wider is (one.rate == "fnmr")
        assert "WORSE" in str(held.change("fnmr"))
        assert str(held.change("fnmr")).endswith("thresholds held fixed")

    def test_a_threshold_without_a_bound_decides_nothing(self, lfw):
        """Three false matches of 3,000 do not bound the threshold at 1e-3: anything may be, and it is said."""
        chosen = audit_drift(*lfw, by=["gender"], at=AtFmr(0.001))
        held = audit_drift(*lfw, by=["gender"], at=chosen.before.value, after_at=chosen.after.value)

        assert "WORSE" in str(held.change("fnmr", by="gender", group="female"))
        assert not chosen.regressions
        assert chosen.verdict(max_rise=0.5, rates=["fnmr"]) == "insufficient evidence"
        assert sum("do not bound the threshold at FMR 0.001" in note for note in chosen.notes) == 2

    def test_indices_carry_it(self, lfw):
        """One threshold moves all groups alike, but not by as much: indices of FNMR move too, those of FMR do not."""
        chosen = audit_drift(*lfw, by=["gender"], at=AtFmr(0.01))
        held = audit_drift(*lfw, by=["gender"], at=chosen.before.value, after_at=chosen.after.value)

        for one, other in zip(chosen.indices, held.indices, strict=True):
            assert (one.value, one.rate) == (other.value, other.rate)
            assert (one.interval != other.interval) is (one.rate == "fnmr")

    def test_thresholds_of_other_people(self, lfw):
        """A calibration table brings its own range; scored twice, what both have in common cancels."""
        half = lfw[0]["fold"].astype(int) < 5
        (first, apart), (second, apart_after) = ((side[~half], side[half]) for side in lfw)

        paired = audit_drift(first, second, at=AtFmr(0.02, apart), after_at=AtFmr(0.02, apart_after))
        alone = audit_drift(first, second, at=AtFmr(0.02, apart), after_at=AtFmr(0.02, apart_after.iloc[:-1]))

        assert paired.thresholds == "thresholds chosen on other people for FMR 0.02"
        assert paired.before.low < paired.before.value < paired.before.high
        for rate in ("fmr", "fnmr"):
            sharp, wide = (side.change(rate).change.interval for side in (paired, alone))
            held = paired.change(rate).held
            assert wide.high - wide.low > sharp.high - sharp.low > held.high - held.low

    def test_one_given_and_one_chosen(self, lfw):
        """Each side is told as it is."""
        audit = audit_drift(*lfw, at=0.91, after_at=AtFmr(0.01))

        assert audit.thresholds == "threshold before held fixed, after chosen on this table"
        assert audit.change("without_score").thresholds == ""

    def test_a_calibration_table_of_another_matcher_is_refused(self, lfw):
        """As an operating point would be; what is only noted, and what nothing ties, is told."""
        other = Matcher("mtcnn", "dlib-150.v1", "theirs", "ab12", "cosine.v1", "none")
        theirs = tables.stamped(lfw[0].drop(columns="matcher"), other)

        with pytest.raises(ModelMismatchError, match="chooses no threshold for scores of"):
            audit_drift(*lfw, at=AtFmr(0.01, theirs), after_at=AtFmr(0.01))
        bare = audit_drift(*lfw, at=AtFmr(0.01, theirs.drop(columns="matcher")), after_at=AtFmr(0.01))
        assert any("nothing ties the calibration table" in note for note in bare.notes)


class TestPairedChange:
    """The interval of a change."""

    def test_against_the_definition(self):
        """The design effect from sums over all comparisons that share a person, one by one."""
        rng = np.random.default_rng(0)
        first, second = rng.integers(0, 30, (2, 150))
        before, after = rng.random((2, 150)) < np.where(first < 8, 0.6, 0.1)

        found = paired_change(before, after, first, second)

        d = after.astype(int) - before.astype(int)
        y = d - d.mean()
        shared = np.array(
            [
                [bool({a, b} & {c, e}) for c, e in zip(first, second, strict=True)]
                for a, b in zip(first, second, strict=True)
            ]
        )
        touches = (first[:, None] == np.arange(30)) | (second[:, None] == np.arange(30))
        pull = touches.mean(axis=0)
        leverage = np.maximum(1, (1 - pull.mean()) / (1 - pull))
        per_person = (y[:, None] * touches).sum(axis=0)
        # Leverage adds to the sum over all comparisons that share a person, one by one.
        clustered = (np.outer(y, y) * shared).sum() + (per_person**2 * (leverage**2 - 1)).sum()
        independent = (y**2).sum()
        assert clustered > independent
        changed = d != 0
        sums = (((changed - changed.mean())[:, None] * touches).sum(axis=0) * leverage) ** 2
        people = sums.sum() ** 2 / (sums**2).sum()
        from scipy.stats import norm, t

        effect = 1 + (clustered / independent - 1) * (t.ppf(0.975, people) / norm.ppf(0.975)) ** 2
        assert found.effective_trials == pytest.approx(150 / effect)

    def test_by_hand(self):
        """Ten worse, four better of a hundred: from Wilson's 5.523 … 17.437 % and 1.566 … 9.837 %, r = −0.06804."""
        found = paired_change([0] * 14 + [1] * 86, [1] * 10 + [0] * 4 + [1] * 76 + [0] * 4 + [1] * 6)

        assert (found.worse, found.better) == (10, 4)
        up, down, r = (0.0552291, 0.1743657), (0.0156637, 0.0983708), -math.sqrt(0.1 * 0.04 / (0.9 * 0.96))
        below, above = 0.1 - up[0], down[1] - 0.04
        assert found.interval.low == pytest.approx(
            0.06 - math.sqrt(below**2 - 2 * r * below * above + above**2), abs=1e-6
        )
        above, below = up[1] - 0.1, 0.04 - down[0]
        assert found.interval.high == pytest.approx(
            0.06 + math.sqrt(above**2 - 2 * r * above * below + below**2), abs=1e-6
        )

    def test_nothing_changed_in_three_peoples_comparisons(self):
        """Four hundred comparisons of each are worth fewer than forty: as many as the same without an error."""
        people, same = np.repeat(np.arange(3), 400), np.zeros(1200, bool)

        found = paired_change(same, same, people, people)

        assert found.effective_trials == clustered_rate(same, people, people).effective_trials < 40
        assert found.interval.high == -found.interval.low > 0.09

    @pytest.mark.parametrize("side", ["worse", "better"])
    def test_a_change_that_is_a_rate_is_as_sure_as_that_rate(self, side):
        """From no error to some, by few people who show little of how alike theirs are: no surer than these errors."""
        rng = np.random.default_rng(3)
        people = np.repeat(np.arange(15), 20)
        none, some = np.zeros(300, bool), rng.random(300) < 0.03

        found = paired_change(*(none, some) if side == "worse" else (some, none), people, people)

        assert found.effective_trials == pytest.approx(clustered_rate(some, people, people).effective_trials)
        assert found.effective_trials < 200

    def test_people_widen_the_interval(self):
        """Ten comparisons of each person carry less than as many of different people."""
        rng = np.random.default_rng(1)
        people = np.repeat(np.arange(40), 10)
        hit = people < 10
        before, after = np.zeros(400, bool), hit & (rng.random(400) < 0.7)

        alone, clustered = paired_change(before, after), paired_change(before, after, people, people)

        assert clustered.effective_trials < 100 < alone.effective_trials
        assert clustered.interval.low < alone.interval.low

    @pytest.mark.parametrize(("people", "each"), [(200, 4), (40, 10)])
    def test_coverage(self, people, each):
        """Nominal 95 % intervals hold the true change in at least 93.5 % of simulated clustered tables."""
        rng = np.random.default_rng(2)
        subjects = np.repeat(np.arange(people), each)
        inside = 0
        for _ in range(400):
            worse, better = (rng.beta(0.05 * 6, 0.95 * 6, people)[subjects] for _ in range(2))
            u = rng.random(len(subjects))
            after, before = u < worse, u > 1 - better
            both = after & before
            found = paired_change(before & ~both, after & ~both, subjects, subjects)
            inside += found.interval.low <= 0 <= found.interval.high

        assert inside / 400 >= 0.935

    @pytest.mark.parametrize(("limit", "verdict"), [(0.2, "pass"), (0.0, "insufficient evidence"), (-0.2, "fail")])
    def test_verdicts_rest_on_the_bounds(self, limit, verdict):
        """A limit above the interval passes, one below it fails, one inside says that evidence is lacking."""
        assert paired_change([0] * 14 + [1] * 86, [1] * 10 + [0] * 4 + [1] * 86).interval.low > 0
        found = paired_change([0] * 14 + [1] * 86, [1] * 10 + [0] * 14 + [1] * 76)

        assert found.verdict(limit) == verdict

    def test_no_comparisons(self):
        """Nothing compared is nothing known."""
        found = paired_change([], [])

        assert math.isnan(found.value)
        assert found.verdict(1.0) == "insufficient evidence"

    @pytest.mark.parametrize(
        ("arguments", "options", "match"),
        [
            (([0, 2], [0, 1]), {}, "before must be True or False"),
            (([0, 1], [0, 2]), {}, "after must be True or False"),
            (([0, 1], [0]), {}, "one length"),
            (([0, 1], [0, 1], [1, 2]), {}, "of neither"),
            (([0, 1], [0, 1], [1, 2], [1, 2, 3]), {}, "one length"),
            (([0, 1], [0, 1]), {"confidence": 0}, "between 0 and 1"),
        ],
    )
    def test_refuses(self, arguments, options, match):
        """Each line of Raises."""
        with pytest.raises(ArgumentError, match=match):
            paired_change(*arguments, **options)

    def test_refuses_a_limit_out_of_range(self):
        """Percent are no rate."""
        with pytest.raises(ArgumentError, match="got 5"):
            paired_change([0], [0]).verdict(5)


class TestBadInput:
    """One test per line of Raises of the audit."""

    @pytest.mark.parametrize(
        ("after", "match"),
        [
            (AFTER.drop(columns="score"), "lacks score"),
            (AFTER.iloc[1:], "1 pairs of the first table are not in the second"),
            (pd.concat([AFTER, AFTER[:2]]), "2 pairs of the second table are not in the first"),
            (AFTER.drop(columns=["probe_image", "reference_image"]), "names the photos"),
            (AFTER.drop(columns=["probe_subject", "reference_subject"]), "names the people"),
            (AFTER.iloc[:0], "no rows"),
            (AFTER.assign(reference_gender="f"), "reference_gender of the pair in row 3"),
        ],
    )
    def test_tables_that_do_not_fit(self, after, match):
        """The message names the pair."""
        with pytest.raises(ScoreTableError, match=match):
            audit_drift(BEFORE, after, at=0.5)

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"at": 0.5, "after_at": math.nan}, ArgumentError, "NaN"),
            ({"at": 0.5, "confidence": 1}, ArgumentError, "between 0 and 1"),
            ({"at": 0.5, "by": ["gender"], "replicates": 1}, ArgumentError, "two replicates"),
            ({"at": 0.5, "by": "gender"}, ArgumentError, "list of groupings"),
            ({"at": 0.5, "by": ["gender", " gender"]}, ArgumentError, "stands twice"),
            ({"at": 0.5, "by": ["age"]}, ScoreTableError, "age"),
        ],
    )
    def test_unusable_options(self, options, error, match):
        """An option out of range is refused."""
        with pytest.raises(error, match=match):
            audit_drift(BEFORE, AFTER, **options)

    def test_no_score_to_find_the_threshold_by(self):
        """A matcher that found no face among the impostors cannot be held to a rate."""
        blind = AFTER.assign(score=AFTER["score"].where(AFTER["genuine"]))

        with pytest.raises(ArgumentError, match="no impostor comparison has a score"):
            audit_drift(BEFORE, blind, at=AtFmr(0.1))

    def test_unknown_names(self):
        """Looking up what is not there is an error."""
        audit = audit_drift(BEFORE, AFTER, at=0.5)

        with pytest.raises(ArgumentError, match="no change of fmr"):
            audit.change("fmr", by="gender", group="f")
        with pytest.raises(ArgumentError, match="fmr, fnmr or without_score"):
            audit.verdict(max_rise=0.1, rates=[])
        with pytest.raises(ArgumentError, match="within -1 … 1"):
            audit.verdict(max_rise=2)

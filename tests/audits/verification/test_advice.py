"""The advised threshold: the lowest one at which every group keeps to the target, by brute force."""

import math

import numpy as np
import pandas as pd
import pytest

from audits.statistics.intervals import estimate
from audits.verification.advice import advise_threshold
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, ScoreTableError
from facerec.types import Rate


def table(groups=("x", "y"), each=600):
    """Independent pairs; the second group's impostors score higher."""
    rng = np.random.default_rng(6)
    frames = []
    for shift, group in enumerate(groups):
        genuine = np.arange(each) % 3 == 0
        score = rng.normal(0.5 * shift, 1, each) + 4 * genuine
        frames.append(pd.DataFrame({"genuine": genuine, "score": score, "race": group}))
    return pd.concat(frames, ignore_index=True)


def upper(frame, threshold):
    """The largest upper FMR bound of any group."""
    bounds = []
    for _, rows in frame[~frame["genuine"]].groupby("race"):
        wrong = int((rows["score"] >= threshold).sum())
        bounds.append(estimate(Rate(wrong, len(rows))).interval.high)
    return max(bounds)


def test_is_the_lowest_impostor_score_that_meets_the_target():
    """No lower one does, by trying them all."""
    scores = table()
    found = advise_threshold(scores, by="race", target_fmr=0.05, at=AtFmr(0.05))
    tried = np.unique(scores.loc[~scores["genuine"], "score"])

    assert found.value == min(t for t in tried if upper(scores, t) <= 0.05)
    assert found.silent == ()


def test_the_price_is_that_of_an_audit_at_that_threshold():
    """Rates then and now are those that the audit gives."""
    scores = table()
    found = advise_threshold(scores, by="race", target_fmr=0.05, at=AtFmr(0.05))
    then = audit_verification(scores, by=["race"], at=found.value, replicates=0).grouping("race")
    now = audit_verification(scores, by=["race"], at=AtFmr(0.05), replicates=0).grouping("race")

    assert [g.fmr for g in found.groups] == [g.fmr for g in then.groups]
    assert [g.fnmr for g in found.groups] == [g.fnmr for g in then.groups]
    assert [g.fnmr_now for g in found.groups] == [g.fnmr for g in now.groups]
    assert found.groups[0].fnmr.errors >= found.groups[0].fnmr_now.errors


def test_intervals_are_those_of_the_audit():
    """Of people who are in several pairs, some of them in no group: one policy of intervals for both."""
    rng = np.random.default_rng(8)
    first, second = np.triu_indices(60, 1)
    people = pd.DataFrame({"probe_subject": first, "reference_subject": second})
    labels = np.array(["x", "y", None])[np.arange(60) % 3]
    ease = rng.normal(size=60)
    frame = people.assign(
        genuine=False,
        score=ease[first] + ease[second] + rng.normal(size=len(first)),
        probe_race=labels[first],
        reference_race=labels[second],
    )
    found = advise_threshold(frame, by="race", target_fmr=0.3, at=1.0)
    now = audit_verification(frame, by=["race"], at=1.0, replicates=0).grouping("race")

    assert [g.fmr_now for g in found.groups] == [g.fmr for g in now.groups]


def test_distances_give_what_similarities_give():
    """The advised distance is the negated score."""
    scores = table()
    plain = advise_threshold(scores, by="race", target_fmr=0.05, at=AtFmr(0.05))
    turned = scores.assign(score=-scores["score"])
    other = advise_threshold(turned, by="race", target_fmr=0.05, at=AtFmr(0.05), distance=True)

    assert other.value == -plain.value
    assert other.groups == plain.groups


def test_a_group_with_too_few_pairs_is_named_and_has_no_say():
    """Twenty pairs cannot show 5 %; how many are missing is told."""
    small = table(("z",), 30)
    found = advise_threshold(pd.concat([table(), small]), by="race", target_fmr=0.05, at=AtFmr(0.05))
    needed = math.ceil(math.log(0.025) / math.log(0.95))

    assert found.silent == ("z",)
    assert found.groups[2].pairs_missing == needed - 20
    assert found.value == advise_threshold(table(), by="race", target_fmr=0.05, at=AtFmr(0.05)).value


def test_a_group_without_impostors_is_named_too():
    """Nothing is promised to whom nothing was measured."""
    only_genuine = table(("z",), 30).query("genuine")
    found = advise_threshold(pd.concat([table(), only_genuine]), by="race", target_fmr=0.05, at=AtFmr(0.05))

    assert found.silent == ("z",)
    assert math.isnan(found.groups[2].fmr.value)


def test_no_group_has_pairs_enough():
    """There is no threshold to advise, and the rates are those of today."""
    found = advise_threshold(table(each=60), by="race", target_fmr=1e-3, at=AtFmr(0.05))

    assert found.value is None
    assert found.silent == ("x", "y")
    assert found.groups[0].fmr == found.groups[0].fmr_now


def test_people_who_share_pairs_ask_for_a_higher_threshold():
    """With few people behind the pairs the bound is higher, so the threshold is."""
    rng = np.random.default_rng(2)
    first, second = np.triu_indices(70, 1)
    ease = rng.normal(size=70)
    frame = pd.DataFrame(
        {"genuine": False, "score": ease[first] + ease[second] + rng.normal(size=len(first)), "race": "x"}
    )
    known = frame.assign(probe_subject=first, reference_subject=second)

    free, tied = (advise_threshold(f, by="race", target_fmr=0.02, at=AtFmr(0.02)).value for f in (frame, known))

    assert tied > free


def test_scores_that_are_all_missing():
    """Nothing is ever accepted, so every threshold keeps to the target."""
    frame = table().assign(score=lambda t: t["score"].where(t["genuine"]))

    assert advise_threshold(frame, by="race", target_fmr=0.05, at=0.0).value == -math.inf


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target_fmr": 0}, "target FMR"),
        ({"target_fmr": 1}, "target FMR"),
        ({"confidence": 95}, "confidence"),
        ({"at": math.nan}, "NaN"),
    ],
)
def test_refuses_options(options, told):
    """Whatever is out of its range."""
    with pytest.raises(ArgumentError, match=told):
        advise_threshold(table(), **({"by": "race", "target_fmr": 0.05, "at": 0.5} | options))


def test_refuses_tables():
    """A grouping that the table does not hold, and a table that is none."""
    with pytest.raises(ScoreTableError, match="grouped by 'gender'"):
        advise_threshold(table(), by="gender", target_fmr=0.05, at=0.5)
    with pytest.raises(ScoreTableError, match="lacks score"):
        advise_threshold(table().drop(columns="score"), by="race", target_fmr=0.05, at=0.5)


def test_says_what_the_data_cost():
    """In few people the bounds ask for a higher threshold than the rates do; with twice as many for one between."""
    frame = table()
    found = advise_threshold(frame, by="race", target_fmr=0.1, at=0.5)

    assert found.more is not None
    assert found.more.limit <= found.more.value <= found.value
    assert found.asked_by_data == (found.more.limit != found.value)
    assert found.more.fnmr.value <= found.fnmr.value
    again = advise_threshold(pd.concat([frame, frame], ignore_index=True), by="race", target_fmr=0.1, at=0.5)
    assert again.value == found.more.value
    assert again.more.limit == found.more.limit

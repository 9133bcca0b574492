"""The audit of all pairs of vectors is the audit of the table of all pairs."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from audits.verification.all_pairs import audit_all_pairs, sum_all_pairs
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, ModelMismatchError, ScoreTableError
from facerec.measure import tables
from facerec.measure.tables.vector_table import check_vectors
from facerec.testing import made_matcher, made_point

MATCHER = made_matcher()
BY = ["gender", "race", "gender,race"]


def made(seed, *, people=40, failed=0.1, stamped=True):
    """Photos of people with labels, some missing, and some photos without a vector."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), rng.choice([1, 2, 2, 3, 6], people))
    vectors = rng.standard_normal((people, 12))[who] + 0.6 * rng.standard_normal((len(who), 12)) + 0.4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = rng.permutation(len(who))
    gender, race = rng.choice(["f", "m", ""], people, p=[0.5, 0.4, 0.1]), rng.choice(["a", "b", "c"], people)
    lists = [None if rng.random() < failed else vectors[row].astype(np.float32).tolist() for row in order]
    columns = {"photo": [f"{row}.jpg" for row in order], "subject": [f"p{each:03d}" for each in who[order]]}
    columns |= {"gender": gender[who][order], "race": race[who][order], "vector": lists}
    table = pd.DataFrame(columns | ({"matcher": MATCHER.text} if stamped else {}))
    return check_vectors(table)


def written(vectors):
    """The table of all pairs, the probe of which is in the group that comes first."""
    photos = vectors.photos.sort_values(["gender", "race", "subject"], kind="stable")
    rows = [
        {
            **{f"probe_{name}": one[name] for name in ("subject", "gender", "race")},
            **{f"reference_{name}": other[name] for name in ("subject", "gender", "race")},
            "probe_image": one["photo"],
            "reference_image": other["photo"],
            "genuine": one["subject"] == other["subject"],
        }
        for one, other in combinations(photos.to_dict("records"), 2)
    ]
    return tables.score_vectors(pd.DataFrame(rows), vectors.by_photo(), matcher=vectors.matcher)


def close(one, other):
    """The same counts, and the same rates but for the rounding of sums."""
    assert (one.errors, one.trials, one.people) == (other.errors, other.trials, other.people)
    if other.rate.effective_trials is not None:
        assert one.rate.effective_trials == pytest.approx(other.rate.effective_trials, rel=1e-9)
    assert (one.interval.low, one.interval.high) == pytest.approx(
        (other.interval.low, other.interval.high), nan_ok=True
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("at", [0.6, AtFmr(0.01), AtFmr(0.05, rule="lowest"), made_point(0.7)])
def test_the_audit_is_that_of_the_table(seed, at):
    """Counts exactly, worth and intervals to rounding: over all, by group, and between groups."""
    vectors = made(seed)
    found = audit_all_pairs(vectors, by=BY, at=at, replicates=0)
    expected = audit_verification(written(vectors), by=BY, at=at, replicates=0)

    assert found.threshold.value == expected.threshold.value
    assert found.threshold.rule == expected.threshold.rule
    assert found.subjects == expected.subjects
    assert found.matcher == expected.matcher == MATCHER
    for name in ("fmr", "fnmr", "without_score"):
        close(getattr(found, name), getattr(expected, name))
    for mine, theirs in zip(found.groupings, expected.groupings, strict=True):
        assert mine.by == theirs.by
        assert [each.group for each in mine.groups] == [each.group for each in theirs.groups]
        for group, other in zip(mine.groups, theirs.groups, strict=True):
            close(group.fmr, other.fmr)
            close(group.fnmr, other.fnmr)
            assert group.subjects == other.subjects
        for cell, other in zip(mine.folded, theirs.folded, strict=True):
            close(cell.fmr, other.fmr)
        assert mine.unlabelled == theirs.unlabelled


def test_a_photo_without_a_vector_is_a_failure_and_no_gap():
    """It is in every pair that it would be in, and rejected."""
    vectors = made(3, failed=0.3)
    n = len(vectors.photos)
    sums = sum_all_pairs(vectors, by=[], at=0.5)
    (grouping,) = sums.groupings
    there = int(vectors.embedded.sum())
    assert grouping.table[0].sum() == n * (n - 1) // 2
    assert grouping.table[2].sum() == n * (n - 1) // 2 - there * (there - 1) // 2
    assert grouping.scores.counts.counts.sum() == there * (there - 1) // 2


def test_what_cannot_be_audited_is_said():
    """Two labels of one person, an attribute that is not there, another embedder's point, a threshold off the scale."""
    vectors = made(1)
    vectors.photos.loc[0, "gender"] = "x"
    with pytest.raises(ArgumentError, match="give everybody one gender"):
        audit_all_pairs(vectors, by=["gender"], at=0.5)
    vectors = made(1)
    with pytest.raises(ScoreTableError, match="no column age"):
        audit_all_pairs(vectors, by=["age"], at=0.5)
    with pytest.raises(ModelMismatchError):
        audit_all_pairs(vectors, by=["gender"], at=made_point(0.7, matcher=made_matcher("other")))
    with pytest.raises(ArgumentError, match="above -1"):
        audit_all_pairs(vectors, by=["gender"], at=-2.0)

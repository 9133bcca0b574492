"""Failures to acquire by photo and person, faces that the gate refused, and the rates of completed comparisons."""

import numpy as np
import pandas as pd
import pytest

from audits.report import Run, ShareLimits
from audits.report.verification.page import verification_report
from audits.verification.audit import audit_verification
from facerec.measure.tables.stamp import NO_FACE, REFUSED


def all_pairs(failed, *, people=20, photos=3, words=None):
    """All pairs of three photos of each of twenty people; photos in `failed` have no score, for reasons in `words`."""
    first, second = np.triu_indices(people * photos, 1)
    rows = pd.DataFrame({"probe_image": first, "reference_image": second})
    for side in ("probe", "reference"):
        person = rows[f"{side}_image"] // photos
        rows[f"{side}_subject"] = "p" + person.astype(str)
        rows[f"{side}_g"] = np.where(person < people // 2, "a", "b")
        if words is not None:
            rows[f"{side}_failure"] = rows[f"{side}_image"].map(words).fillna("")
    rows["genuine"] = rows["probe_subject"] == rows["reference_subject"]
    lost = rows["probe_image"].isin(failed) | rows["reference_image"].isin(failed)
    return rows.assign(score=np.where(lost, np.nan, np.where(rows["genuine"], 0.9, 0.1)))


def test_photos_and_not_comparisons_fail():
    """Three of sixty photos are a twentieth; in all pairs they are almost a tenth of the comparisons."""
    audit = audit_verification(all_pairs([0, 1, 30]), by=["g"], at=0.5, replicates=0)
    found = audit.acquisition
    groups = {group.group: group.acquisition for group in audit.groupings[0].groups}

    assert (found.fta.errors, found.fta.trials, found.fta.people) == (3, 60, 20)
    assert audit.without_score.value == pytest.approx(1 - (57 * 56) / (60 * 59))
    assert found.fta_by_person.value == pytest.approx((2 / 3 + 1 / 3) / 20)
    assert found.refused is None
    assert [(groups[name].fta.errors, groups[name].fta.trials) for name in "ab"] == [(2, 30), (1, 30)]


def test_completed_comparisons():
    """Over all comparisons a lost one is a rejection; over the completed ones it is none."""
    audit = audit_verification(all_pairs([0, 1, 30]), by=["g"], at=0.5, replicates=0)

    assert (audit.fnmr.errors, audit.fnmr.trials) == (5, 60)
    assert (audit.acquisition.fnmr.errors, audit.acquisition.fnmr.trials) == (0, 55)
    assert audit.acquisition.fmr.trials == 57 * 56 // 2 - 55
    group = audit.groupings[0].group("a")
    assert (group.fnmr.errors, group.acquisition.fnmr.errors, group.acquisition.fnmr.trials) == (3, 0, 27)


def test_refused_faces_are_counted_apart():
    """A face that the gate refused was acquired; the other photo of a lost comparison failed in nothing."""
    audit = audit_verification(
        all_pairs([0, 1, 30], words={0: NO_FACE, 1: REFUSED, 30: REFUSED}), by=["g"], at=0.5, replicates=0
    )
    found = audit.acquisition

    assert (found.fta.errors, found.fta.trials) == (1, 60)
    assert (found.refused.errors, found.refused.trials) == (2, 59)


def test_where_nothing_failed_or_nobody_is_named():
    """Without a failure there is nothing to tell apart; without photos there is no FTA, but completed comparisons."""
    assert audit_verification(all_pairs([]), by=["g"], at=0.5, replicates=0).acquisition is None
    bare = all_pairs([0])[["genuine", "score", "probe_g", "reference_g"]]
    found = audit_verification(bare, by=["g"], at=0.5, replicates=0).acquisition
    assert (found.fta, found.fta_by_person, found.refused, found.fnmr.trials) == (None, None, None, 58)


def test_the_report_says_both():
    """Page and document hold FTA by photo and completed rates; a report to pass on leaves those of groups out."""
    table = all_pairs([0, 1, 30])
    audit = audit_verification(table, by=["g"], at=0.5, replicates=0)
    run = Run((), (), None, {})
    whole, shared = (verification_report(audit, table, run=run, limits=each) for each in (None, ShareLimits(5, 5)))

    assert whole.document["overall"]["acquisition"]["fta"]["errors"] == 3
    assert whole.document["groups"]["g"][0]["acquisition"]["completed_fnmr"]["trials"] == 27
    assert "Failures to acquire by photo" in str(whole.page)
    assert all(group["acquisition"] is None for group in shared.document["groups"]["g"])

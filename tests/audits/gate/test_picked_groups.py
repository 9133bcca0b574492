"""The best and the worst of many groups lie apart by chance, because they were picked on the same numbers."""

import numpy as np
import pandas as pd
import pytest

from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import judge
from audits.identification.audit import audit_identification
from audits.report.identification.sentences import search_findings
from audits.statistics.contrasts import contrast, contrast_among
from audits.statistics.intervals import estimate
from facerec.types import Rate

LACKING = "insufficient evidence"


def _audit(counts: dict[str, int], trials: int = 200):
    """An audit of non-mated searches with that many false positives of each group, each search for another person."""
    gallery = pd.DataFrame([["nobody", next(iter(counts))]], columns=["subject", "group"])
    rows = [
        [f"{group}{number}", f"{group}{number}", group, "nobody", 0.9 if number < wrong else 0.1]
        for group, wrong in counts.items()
        for number in range(trials)
    ]
    columns = ["search", "probe_subject", "probe_group", "candidate_subject", "score"]
    return audit_identification(pd.DataFrame(rows, columns=columns), gallery, threshold=0.5, by=["group"])


def _judged(audit, kind: str, limit: float):
    claim = Claim("alike", kind, Limit("at_most", limit), rate="fpir", by="group")
    return judge(Policy("gate", (claim,)), identification=audit).claims[0]


@pytest.mark.parametrize(("groups", "trials", "rate"), [(2, 200, 0.1), (8, 200, 0.1), (8, 800, 0.05)])
def test_equal_groups_are_rarely_told_apart(groups, trials, rate):
    """With equal groups the interval misses 0 in 5 % of draws at most; without the allowance, of eight, in half."""
    rng = np.random.default_rng(0)
    draws = 400
    known = {}
    plain, allowed = 0, 0
    for errors in rng.binomial(trials, rate, (draws, groups)):
        worst, best = (
            known.setdefault(int(number), estimate(Rate(int(number), trials))) for number in (max(errors), min(errors))
        )
        plain += contrast(worst, best).difference_interval.low > 0
        allowed += contrast_among(worst, best, groups=groups).difference_interval.low > 0

    assert allowed / draws <= 0.08
    assert groups == 2 or plain / draws > 0.4


def test_two_groups_need_no_allowance():
    """Between two groups there is one pair, and nothing to pick."""
    rates = estimate(Rate(30, 200)), estimate(Rate(10, 200))

    assert contrast_among(*rates, groups=2) == contrast(*rates)


def test_a_failure_outlasts_the_choice():
    """28 against 14 of 200 fails between two groups, and among eight lacks evidence; a large difference still fails."""
    few = _audit({"a": 28, "b": 14})
    many = _audit({"a": 28, "b": 14} | dict.fromkeys("cdefgh", 20))
    large = _audit({"a": 90, "b": 14} | dict.fromkeys("cdefgh", 20))

    assert _judged(few, "search_difference", 0.005).verdict == "fail"
    told = _judged(many, "search_difference", 0.005)
    assert told.verdict == LACKING
    assert "the best group was found on the same numbers" in next(
        found.reason for found in told.findings if found.group == "a"
    )
    assert _judged(large, "search_difference", 0.005).verdict == "fail"
    assert _judged(large, "search_ratio", 1.25).verdict == "fail"


def test_a_pass_needs_no_allowance():
    """The whole plain interval within the limit is enough to pass."""
    many = _audit({"a": 28, "b": 14} | dict.fromkeys("cdefgh", 20))
    widest = max(one.contrast.difference_interval.high for one in many.groupings[0].contrasts if one.rate == "fpir")

    assert _judged(many, "search_difference", widest + 1e-9).verdict == "pass"
    assert _judged(many, "search_difference", widest - 1e-9).verdict == LACKING


def test_words_say_no_more_than_the_gate():
    """Two of two groups differ where the same two of eight do not."""
    few = search_findings(_audit({"a": 28, "b": 14}).groupings[0])[0]
    many = search_findings(_audit({"a": 28, "b": 14} | dict.fromkeys("cdefgh", 20)).groupings[0])[0]

    assert "**differs**" in few.text
    assert "not shown, and not excluded" in many.text

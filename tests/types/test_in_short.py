"""A decision in a line: frequencies of one denominator, and nothing that changes its meaning left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facerec.testing import made_point
from facerec.types import Candidate, Identification, OperatingPoint, Rate, Verification
from facerec.types.in_short import (
    SHIPPED_DECIDED,
    errors_in_short,
    identification_in_short,
    search_in_short,
    telling_notes,
    verification_in_short,
)


def point(fmr: Rate, fnmr: Rate, target: float = 1e-3, data_set: str = "LFW") -> OperatingPoint:
    """An operating point at 0.9 with these rates."""
    return replace(made_point(0.9, target_fmr=target), fmr=fmr, fnmr=fnmr, data_set=data_set)


@pytest.mark.parametrize(
    ("fmr", "fnmr", "target", "told"),
    [
        (Rate(1_000, 1_000_000), Rate(53, 1_000), 1e-3, "about 1 of 1,000 strangers and turns away 53 of 1,000"),
        # A ten-thousandth less than one in a thousand is one in a thousand, and no ten in ten thousand.
        (Rate(29_371, 29_371_910), Rate(427, 8_035), 1e-3, "about 1 of 1,000 strangers and turns away 53 of 1,000"),
        (Rate(10_000, 1_000_000), Rate(8, 1_000), 1e-2, "about 10 of 1,000 strangers and turns away 8 of 1,000"),
        # The rarer of the two is 1 at least, and the other one is told of as many.
        (Rate(100, 1_000_000), Rate(187, 1_000), 1e-4, "about 1 of 10,000 strangers and turns away 1,870 of 10,000"),
        (Rate(1_000, 1_000_000), Rate(4, 100_000), 1e-3, "about 100 of 100,000 strangers and turns away 4 of 100,000"),
        # None was seen: 1 − 0.025^(1/3000) is 0.00123, so that at most 2 of 1,000 are.
        (Rate(0, 3_000), Rate(5, 100), 1e-3, "fewer than 2 of 1,000 strangers and turns away 50 of 1,000"),
        (Rate(1_000, 1_000_000), Rate(0, 0), 1e-3, "about 1 of 1,000 strangers and turns away an unknown share of"),
    ],
)
def test_rates_have_one_denominator(fmr, fnmr, target, told):
    """Worked by hand: so many of the same round number, of strangers and of those who are right."""
    assert told in errors_in_short(point(fmr, fnmr, target))


def test_a_claim_counts_its_comparisons():
    """Of two faces about 2 of 1,000 let a stranger in: 1 − 0.999² is 0.001999; the right person has two chances."""
    at = point(Rate(1_000, 1_000_000), Rate(53, 1_000))

    assert errors_in_short(at, 2).startswith(
        "which lets in at most about 2 of 1,000 strangers by any of 2 faces and turns away at most 53 of 1,000 right"
    )
    held = Verification("match", 0.95, at, "gate", comparisons=2)
    assert verification_in_short(held).endswith(errors_in_short(at, 2))


def test_the_data_are_named_without_their_size():
    """The project's own words for all pairs go, whatever else says what was measured stays."""
    rates = Rate(1_000, 1_000_000), Rate(53, 1_000)
    whose = "FairFace, strangers of the race with most false matches; mated pairs of LFW"

    assert errors_in_short(point(*rates, data_set="LFW, all pairs of 7 photos")).endswith("(measured on LFW)")
    assert errors_in_short(point(*rates, data_set=whose)).endswith(f"(measured on {whose})")


def test_a_point_on_few_pairs_says_so():
    """Fewer than thirty expected false matches are too few to rely on."""
    assert "too few pairs to rely on" in errors_in_short(point(Rate(2, 2_000), Rate(5, 100)))
    assert "too few" not in errors_in_short(point(Rate(1_000, 1_000_000), Rate(5, 100)))


def test_undecided_has_its_reason_and_no_rates():
    """A face that the gate refuses does not carry the rates of the point."""
    at = point(Rate(1_000, 1_000_000), Rate(53, 1_000))
    held = Verification("undecided", 0.95, at, "gate", problems=("a.png is too small",))

    assert verification_in_short(held) == "a.png is too small; score 0.9500 ≥ threshold 0.9000"
    assert verification_in_short(replace(held, decision="no match", score=0.5, problems=())).startswith(
        "score 0.5000 < threshold 0.9000, which lets in about 1 of 1,000 strangers"
    )


def test_faces_of_a_search():
    """A match by its score, nobody by who is nearest, several by all at the threshold, or that nobody is there."""
    at = point(Rate(1_000, 1_000_000), Rate(53, 1_000))
    two = Candidate("ada", 0.97), Candidate("bob", 0.95)
    found = Identification("match", "ada", 0.97, np.zeros(4, np.float32), two, at, 2, 3, "gate")
    nobody = replace(found, decision="no match", name=None, score=0.8, candidates=(Candidate("ada", 0.8),))
    both = replace(found, decision="ambiguous", name=None, candidates=(*two, Candidate("eve", 0.5)))
    empty = replace(found, decision="no match", name=None, score=float("nan"), candidates=(), comparisons=0)

    assert identification_in_short(found) == "score 0.9700 ≥ threshold 0.9000"
    assert identification_in_short(nobody) == "nearest ada, score 0.8000 < threshold 0.9000"
    assert identification_in_short(both) == "ada 0.9700 and bob 0.9500 reach the threshold 0.9000"
    assert identification_in_short(empty) == "nobody is enrolled"


def test_a_search_counts_its_comparisons():
    """Among 100 samples about 95 of 1,000 strangers are taken for somebody: 1 − 0.999^100 is 0.0952."""
    told = search_in_short(point(Rate(1_000, 1_000_000), Rate(53, 1_000)), 40, 100)
    expected = "takes at most about 95 of 1,000 strangers for one of 40 enrolled, and misses 53 of 1,000 right people"

    assert expected in told


def test_only_the_note_that_changes_nothing_is_left_out():
    """Each other note stays, once."""
    assert telling_notes([SHIPPED_DECIDED, "asserted by X", "asserted by X", "another gate"]) == [
        "asserted by X",
        "another gate",
    ]

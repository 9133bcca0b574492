"""The sentences of an audit's first screen, on a table worked by hand: 0, 1 and 10 errors, none measured, few."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import ClaimVerdict, PolicyVerdict
from audits.report.common.first_screen import FirstScreen, Grouped, first_screen
from audits.report.common.frequencies import count, frequency, out_of, times_as_often, with_range
from audits.report.verification.first import FALSE_MATCH, FALSE_NON_MATCH
from audits.statistics.estimates import Estimate
from audits.statistics.intervals import estimate
from facerec.reporting import Text
from facerec.reporting.drawings import Dots, Whiskers
from facerec.types import Interval, Rate

WITHHELD = Estimate(Rate(0, 0), Interval(math.nan, math.nan), "withheld")


def asked(question=FALSE_MATCH, *, by="gender", everybody=(20, 2000), silent=False, **groups) -> Grouped:
    """A question of groups with these errors and trials."""
    rates = tuple((name, found if isinstance(found, Estimate) else rate(*found)) for name, found in groups.items())
    compared = () if silent else tuple(name for name, _ in rates)
    return Grouped(by, question, rate(*everybody), rates, compared, silent)


def rate(errors, trials) -> Estimate:
    """A rate of independent trials."""
    return estimate(Rate(errors, trials))


def shown(*asked_of, everybody=None, **more) -> FirstScreen:
    """The first screen of these."""
    return first_screen(asked_of, everybody or {each.question: each.everybody for each in asked_of}, **more)


def screen(**groups) -> FirstScreen:
    """The first screen of one question."""
    return shown(asked(**groups))


class TestFrequencies:
    """frequencies."""

    @pytest.mark.parametrize(
        ("found", "of", "told"),
        [
            ((10, 176), 1000, "57 of 1,000"),
            ((0, 176), 1000, "none of 176 pairs; at most 21 of 1,000"),  # 1 − 0.025^(1/176) = 2.07 %
            ((1, 10_000), 1000, "less than 1 of 1,000"),
            ((1, 10_000), 10_000, "1 of 10,000"),
            ((0, 0), 1000, "not measured"),
        ],
    )
    def test_worked_by_hand(self, found, of, told):
        """Errors, none, none measured."""
        assert frequency(rate(*found), of) == told

    def test_what_is_withheld_is_said_to_be(self):
        """And has neither number nor interval."""
        assert with_range(WITHHELD, 1000) == "withheld"

    @pytest.mark.parametrize(
        ("rates", "of"),
        [
            ([(10, 176), (19, 1671)], 1000),
            ([(10, 176), (1, 1001)], 10_000),  # 0.999 of 1,000: all move
            ([(10, 176), (1, 1000)], 1000),
            ([(10, 176), (0, 100_000)], 1000),  # what was not seen does not decide
            ([(0, 176), (0, 176)], 1000),
            ([(0, 100_000)], 100_000),  # at most 3.7 of 100,000
            ([(0, 0)], 1000),
            ([], 1000),
        ],
    )
    def test_a_comparison_has_one_denominator(self, rates, of):
        """Below 1 of 1,000 the whole comparison moves to 10,000, and on."""
        assert out_of([rate(*each) for each in rates]) == of

    @given(st.floats(0, 1), st.sampled_from([1000, 10_000]))
    def test_counts_are_the_nearest_whole_numbers(self, share, of):
        """And 0 is said of 0 alone."""
        told = count(share, of)
        assert (told == "0") == (share == 0)
        if told != "less than 1" and share:
            assert abs(int(told.replace(",", "")) - share * of) <= 0.5 + 1e-9

    @pytest.mark.parametrize(
        ("low", "words"),
        [
            (0.4, "more often than men"),
            (1.49, "more often than men"),
            (1.5, "at least one and a half times as often as men"),
            (1.99, "more than one and a half times as often as men"),
            (2.0, "at least twice as often as men"),
            (2.99, "more than twice as often as men"),
            (12.5, "more than 12 times as often as men"),
            (math.nan, "more often than men"),
        ],
    )
    def test_times_claim_no_more_than_the_bound(self, low, words):
        """Whatever the estimate."""
        assert times_as_often(low, "men") == words


def test_ten_against_nineteen_errors():
    """10 of 176 against 19 of 1,671: 57 against 11 of 1,000, 5 times (2.37 to 10.4): more than twice."""
    found = screen(female=(10, 176), male=(19, 1671))

    assert found.title == (
        "People labelled female are taken for one another more than twice as often as those labelled male"
    )
    said = found.standfirst
    assert "Of 1,000 pairs of photos of two different people in the group female about **57**" in said
    assert "in male, about **11**" in said
    assert "That is **5 times as often** (95 %: 2.4 to 10.4)" in said
    assert found.todo[0] == (
        "**Do not rely on this where being taken for somebody else does harm**: people labelled female bear it more "
        "than twice as often as those labelled male."
    )
    assert "**indicative**, 10 to 19 errors in a group; more data may well change the size" in found.sure


def test_the_picture_shows_what_the_sentence_says():
    """As many full dots and rings; its words say it to who cannot see it."""
    figure = screen(female=(10, 176), male=(19, 1671)).figure

    (dots,) = figure.drawings
    assert isinstance(dots, Dots)
    assert [(row.label, row.filled, row.said) for row in dots.rows] == [
        ("female", 57, "57 of 1,000 (31 to 101)"),
        ("male", 11, "11 of 1,000 (7 to 18)"),
    ]
    assert "female 57 of 1,000 (31 to 101); male 11 of 1,000 (7 to 18)" in figure.alt


def test_no_error_in_a_group_is_a_bound_and_never_a_zero():
    """None of 176 pairs is at most 21 of 1,000, in words and in the drawing."""
    found = screen(female=(0, 176), male=(19, 1671))

    assert "In the group male, 11 of 1,000; in female, none of 176 pairs; at most 21 of 1,000." in found.standfirst
    assert "not shown, and not excluded" in found.standfirst
    (whiskers,) = found.figure.drawings
    assert isinstance(whiskers, Whiskers)
    row = next(each for each in whiskers.rows if each.label == "female")
    assert (row.bound, row.said) == (True, "none of 176 pairs; at most 21 of 1,000")
    assert "**none**" in found.sure


def test_no_error_anywhere_compares_nobody():
    """Nothing is known of who fares worse, and the headline says what it may still be."""
    found = screen(everybody=(0, 400), female=(0, 176), male=(0, 224))

    assert found.title == "Too few errors were seen to compare: none of 400 pairs; at most 9 of 1,000"
    assert "Not one was seen in any group; it may be up to 21 of 1,000 (female)" in found.standfirst
    assert "nothing is known of who fares worse" in found.standfirst
    assert found.todo[0].startswith("**Do not call the groups alike.**")


def test_one_error_is_too_few():
    """The headline gives counts in place of a rate."""
    found = screen(everybody=(1, 400), female=(1, 176), male=(0, 224))

    assert found.title == "Too few errors were seen to compare: 1 of 400 pairs; at most 14 of 1,000"


def test_nothing_measured_is_said():
    """NaN is no rate."""
    found = shown(everybody={FALSE_MATCH: rate(0, 0), FALSE_NON_MATCH: rate(12, 1000)})

    assert found.title == "Not measured: there are no pairs of photos of two different people"
    assert "**not measured**" in found.standfirst
    assert "Of 1,000 pairs of photos of one person about **12** are not recognised (7 to 21)." in found.standfirst


def test_below_one_of_a_thousand_both_groups_move():
    """7 of 10,000 against 60 of 10,000, never 0.7 and never two denominators."""
    found = screen(everybody=(67, 20_000), a=(7, 10_000), b=(60, 10_000))

    assert "Of 10,000 pairs of photos of two different people in the group b about **60**" in found.standfirst
    assert "in a, about **7**" in found.standfirst
    assert "of 1,000 " not in found.figure.alt


def test_a_difference_that_is_not_shown_is_not_excluded():
    """And its largest size is told in the same denominator."""
    found = screen(everybody=(47, 2996), female=(17, 777), male=(30, 2219))

    assert found.title.endswith("; between groups no difference is shown, and none excluded")
    assert "it may be as large as 2" in found.standfirst
    assert "no difference." not in found.standfirst


def test_many_groups_allow_for_all_pairs():
    """The headline rests on the strict interval, which is wider than that of the pair alone."""
    groups = {f"g{n}": (20 + 2 * n, 4000) for n in range(5)} | {"worst": (150, 4000)}
    found = shown(asked(everybody=(270, 24_000), **groups))
    pair = asked(everybody=(270, 24_000), **groups).pair

    assert "all pairs of groups allowed for" in found.standfirst
    low = pair.strict.ratio_interval.low
    assert low < pair.plain.ratio_interval.low
    assert times_as_often(low, f"those labelled {pair.reference}") in found.title


def test_a_second_grouping_is_told_where_it_differs():
    """The surest difference makes the headline; others follow in a sentence."""
    first = asked(by="gender", female=(40, 1000), male=(10, 1000))
    second = asked(by="age", old=(300, 1000), young=(10, 1000))

    found = shown(first, second)

    assert "old" in found.title
    assert "By gender, female (40 of 1,000) are taken for one another" in found.standfirst
    assert found.figure.title.startswith("Errors by age")


def test_withheld_rates_are_not_compared():
    """In a report that is passed on nothing tells who is furthest apart."""
    found = shown(asked(silent=True, female=(10, 176), male=WITHHELD))

    assert "are not compared here, because rates of some are withheld" in found.standfirst
    assert "male withheld" in found.figure.alt
    assert "twice" not in found.title


def test_names_are_text_in_every_sentence():
    """Marks in a group's name make nothing strong, and no link."""
    name = "**x** [a](javascript:b)"
    found = shown(asked(**{name: (100, 1000), "b": (10, 1000)}))

    for block in (*found.lead[:1], *(block for section in found.sections for block in section.blocks)):
        assert isinstance(block, Text)
        spans = [span for paragraph in block.paragraphs for item in paragraph.items for span in item]
        assert not [span for span in spans if span.kind == "link" or (span.kind == "strong" and span.text == "x")]
    assert name in found.title


def test_a_policy_makes_the_headline():
    """Which claims failed, by name; or that all are kept; or what was not shown."""
    claim = Claim("false matches ≤ 10 of 1,000", "rate", Limit("at_most", 0.01), rate="fmr", by="gender")
    titles = {}
    for verdict in ("pass", "fail", "insufficient evidence"):
        judged = PolicyVerdict(Policy("Gate", (claim,)), (ClaimVerdict(claim, verdict, "because", ()),), ())
        titles[verdict] = shown(asked(female=(10, 176), male=(19, 1671)), verdict=judged).title

    assert titles == {
        "pass": "Pass: the claim is kept",
        "fail": "Fail: false matches ≤ 10 of 1,000",
        "insufficient evidence": "Not shown: false matches ≤ 10 of 1,000",
    }

"""Policies: a file read as it is meant, claims that can go either way, and every refusal with file, claim and key."""

import math
from dataclasses import replace

import pytest

from audits.gate.claims import Claim, Limit, Minimum, Policy
from audits.gate.policy import parse_policy, read_policy
from audits.statistics.index_kinds import COMBINED, KINDS
from facerec.errors import ArgumentError, PolicyError
from facerec.types import Interval

WHOLE = """
title = "Release gate"
confidence = 0.9
correction = "holm"

[[claim]]
name = "False matches are rare in every group"
kind = "rate"
rate = "fmr"
by = "race, gender"
at_most = 0.002
min_subjects = 100
min_trials = 1000
min_expected_errors = 2.5

[[claim]]
name = "Both rates are alike"
kind = "index"
index = "fdr"
by = "gender"
at_least = 0.95

[[claim]]
name = "Nobody got worse"
kind = "change"
rate = "fnmr"
at_most = 0

[[claim]]
name = "No more unequal"
kind = "index_change"
rate = "fmr"
index = "max_geomean"
by = "gender"
at_most = 1

[[claim]]
name = "Four fifths"
kind = "class_ratio"
rate = "selection"
of = "hired"
by = "gender"
at_least = 0.8

[[claim]]
name = "Men are rarely taken for women"
kind = "cross_rate"
rate = "fmr"
by = "gender"
probe_group = "m"
reference_group = "f"
at_most = 0.001

[[claim]]
name = "Nobody is found more often in vain"
kind = "search_difference"
rate = "fpir"
by = "gender"
at_most = 0.01
"""


def claim(**fields):
    """A claim that is fine but for the given fields."""
    sound = {"name": "c", "kind": "rate", "limit": Limit("at_most", 0.01), "rate": "fmr"}
    return Claim(**(sound | fields))


def written(**keys):
    """A policy of one claim, in TOML; a key of value None is left out."""
    sound = {"name": '"c"', "kind": '"rate"', "rate": '"fmr"', "at_most": "0.01"} | keys
    return 'title = "t"\n[[claim]]\n' + "\n".join(f"{key} = {value}" for key, value in sound.items() if value)


class TestReading:
    """What a file says and what is understood."""

    def test_every_key(self):
        """Every key of a file arrives in the field that is named like it."""
        policy = parse_policy(WHOLE)

        assert policy == Policy(
            title="Release gate",
            claims=(
                Claim(
                    "False matches are rare in every group",
                    "rate",
                    Limit("at_most", 0.002),
                    rate="fmr",
                    by="race,gender",
                    minimum=Minimum(100, 1000, 2.5),
                ),
                Claim("Both rates are alike", "index", Limit("at_least", 0.95), index="fdr", by="gender"),
                Claim("Nobody got worse", "change", Limit("at_most", 0.0), rate="fnmr"),
                Claim(
                    "No more unequal",
                    "index_change",
                    Limit("at_most", 1.0),
                    rate="fmr",
                    index="max_geomean",
                    by="gender",
                ),
                Claim("Four fifths", "class_ratio", Limit("at_least", 0.8), rate="selection", of="hired", by="gender"),
                Claim(
                    "Men are rarely taken for women",
                    "cross_rate",
                    Limit("at_most", 0.001),
                    rate="fmr",
                    by="gender",
                    probe_group="m",
                    reference_group="f",
                ),
                Claim(
                    "Nobody is found more often in vain",
                    "search_difference",
                    Limit("at_most", 0.01),
                    rate="fpir",
                    by="gender",
                ),
            ),
            confidence=0.9,
            holm=True,
        )
        assert policy.groupings == ("race,gender", "gender")
        assert [found.about for found in policy.claims] == [
            "FMR by race,gender",
            "fdr by gender",
            "change of FNMR of everybody",
            "change of max_geomean of FMR by gender",
            "ratio of selection of hired by gender",
            "FMR by gender, m against f",
            "difference of FPIR by gender",
        ]

    def test_what_holds_where_nothing_is_said(self):
        """Failures allow for many groups, there is no minimum but three expected errors for an index, and 95 %."""
        policy = parse_policy(written())
        index = claim(index="difference", by="gender", kind="index")

        assert (policy.confidence, policy.holm, policy.claims[0].minimum) == (0.95, True, Minimum())
        assert (policy.claims[0].needed_errors, index.needed_errors) == (0.0, 3.0)
        assert claim(index="gini", by="g", kind="index", minimum=Minimum(expected_errors=0)).needed_errors == 0

    def test_files(self, tmp_path):
        """A file is read with or without a byte order mark, whatever its line ends."""
        path = tmp_path / "gate.toml"
        for data in (WHOLE.encode(), b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()):
            path.write_bytes(data)

            assert read_policy(path) == parse_policy(WHOLE)

    def test_messages_name_the_file(self, tmp_path):
        """What is wrong with a file is told with its name, the claim and the key."""
        path = tmp_path / "gate.toml"
        path.write_text(written(at_most='"0.01"'), encoding="utf-8")

        with pytest.raises(PolicyError, match=r"gate\.toml: claim 1 \('c'\): at_most must be a number; got '0\.01'"):
            read_policy(str(path))

    @pytest.mark.parametrize(
        ("data", "told"), [(None, " cannot be read"), (b'title = "\xff"', ": the policy is not UTF-8")]
    )
    def test_unreadable_files(self, tmp_path, data, told):
        """A file that is missing or is no text is refused."""
        path = tmp_path / "gate.toml"
        if data is not None:
            path.write_bytes(data)

        with pytest.raises(PolicyError, match=rf"gate\.toml{told}"):
            read_policy(path)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("title = \n", r"is not TOML: .*line 1"),
            ("confidence = 1" + 5000 * "0", "is not TOML: "),
            (written(at_most="1" + 400 * "0"), "between 0 and 1, exclusive; got inf"),
            (written() + "\nat_mots = 1", r"claim 1 \('c'\): there is no key 'at_mots'; did you mean 'at_most'\?"),
            (written(xyz="1"), "no key 'xyz'; there are name, kind, rate"),
            ('titel = "t"', r"there is no key 'titel'; did you mean 'title'\?"),
            ('title = "t"', "claim is missing"),
            ('[[claim]]\nname = "c"', "title is missing; expected a text in quotes"),
            ("title = 1\nclaim = []", "title must be a text in quotes; got 1"),
            ('title = "t"\nclaim = 1', r"claim must be \[\[claim\]\] tables; got 1"),
            ('title = "t"\nclaim = [1]', r"claim 1: expected a \[\[claim\]\] table; got 1"),
            ('title = "t"\nclaim = []', "needs at least one claim"),
            ('correction = "Holm"\n' + written(), "correction must be one of none, holm; got 'Holm'"),
            ("confidence = true\n" + written(), "confidence must be a number; got True"),
            ("confidence = nan\n" + written(), "confidence must lie between 0 and 1; got nan"),
            (written(name=None), "name is missing"),
            (written(kind=None), r"claim 1 \('c'\): kind is missing"),
            (written(at_most=None), "needs at_most or at_least; got neither"),
            (written(at_least="0.1"), "needs at_most or at_least; got both; write two claims"),
            (written(min_subjects="1.5"), "min_subjects must be a whole number; got 1.5"),
            (written(min_trials="-1"), "min_trials must be 0 or more; got -1"),
            (written(by='""'), "a grouping names different attributes"),
            (
                written(rate='"fnrm"'),
                r"rate must be one of fmr, fnmr, without_score; got 'fnrm'; did you mean 'fnmr'\?",
            ),
        ],
    )
    def test_refused_files(self, text, told):
        """Each thing that a file can get wrong has a message of its own, which names the file."""
        with pytest.raises(PolicyError, match=r"(?s)^gate\.toml: .*" + told):
            parse_policy(text, source="gate.toml")


class TestClaims:
    """Claims that could go either way, and those that could not."""

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"name": " "}, "a claim needs a name"),
            ({"kind": "ratio"}, "kind must be one of rate, matched_rate, .*; got 'ratio'"),
            ({"rate": "fta"}, "rate fta is now called without_score, comparisons without a score: write"),
            ({"kind": "change", "rate": "fta"}, "rate fta is now called without_score, comparisons without a score"),
            ({"kind": "search_rate", "rate": "fta"}, "now called without_candidate, searches without a candidate"),
            ({"rate": "error"}, "rate must be one of fmr, fnmr, without_score; got 'error'"),
            ({"kind": "class_rate"}, "rate must be one of accuracy, error, .*; got 'fmr'"),
            ({"index": "gini"}, "a claim of kind rate has no index; got 'gini'"),
            (
                {"kind": "index", "index": "max_min", "by": "g"},
                r"got 'max_min'; did you mean 'max_min_ratio'\?",
            ),
            ({"kind": "index_change", "index": "max_min_ratio", "by": "g"}, "one of difference, max_geomean, gini"),
            ({"kind": "index", "index": "gini", "by": "g", "rate": "fta"}, "rate must be one of fmr, fnmr; got 'fta'"),
            ({"kind": "index", "index": "garbe", "by": "g"}, "garbe is of FMR and FNMR together"),
            ({"kind": "index", "index": "gini"}, "a claim of kind index compares groups: it needs by"),
            ({"of": "cat"}, "rate fmr is not of a class; got of = 'cat'"),
            ({"kind": "class_rate", "rate": "selection"}, "rate selection needs the class that it is of"),
            ({"group": "f"}, "group 'f' is out of place: the claim needs by"),
            ({"kind": "index", "index": "gini", "by": "g", "group": "f"}, "the claim compares all groups"),
            ({"kind": "matched_rate"}, "is about the groups of both people in a pair: it needs by"),
            ({"kind": "cross_rate", "by": "g", "rate": "fnmr"}, "rate must be one of fmr; got 'fnmr'"),
            ({"kind": "cross_rate", "by": "g", "group": "f"}, "write probe_group and reference_group"),
            ({"kind": "matched_rate", "by": "g", "group": "f"}, "for one group write kind rate"),
            ({"by": "g", "probe_group": "f"}, "are of kind cross_rate; a claim of kind rate got 'f'"),
            ({"kind": "cross_rate", "by": "g", "minimum": Minimum(subjects=1)}, "use min_trials"),
            ({"kind": "search_rate"}, "rate must be one of fpir, fnir, rank_one_errors, without_candidate; got 'fmr'"),
            ({"kind": "search_ratio", "rate": "fpir"}, "a claim of kind search_ratio compares groups: it needs by"),
            ({"kind": "change", "minimum": Minimum(subjects=1)}, "cannot have min_subjects"),
            ({"kind": "change", "minimum": Minimum(expected_errors=1)}, "cannot have min_expected_errors"),
        ],
    )
    def test_parts_out_of_place(self, fields, told):
        """A part that is missing, unknown or means nothing for the kind of claim is refused."""
        with pytest.raises(ArgumentError, match=told):
            claim(**fields)

    @pytest.mark.parametrize(
        ("fields", "limit", "told"),
        [
            ({}, Limit("at_least", 0.01), "the limit of FMR of everybody must be one of at_most; got 'at_least'"),
            ({}, Limit("at_most", 0.0), "at_most of FMR of everybody must lie between 0 and 1, exclusive; got 0"),
            ({}, Limit("at_most", 1.0), "between 0 and 1, exclusive; got 1"),
            ({}, Limit("at_most", math.nan), "got nan"),
            ({"kind": "change"}, Limit("at_most", 1.0), "between -1 and 1"),
            ({"kind": "index", "index": "max_min_ratio", "by": "g"}, Limit("at_most", 1), "must lie above 1; got 1"),
            (
                {"kind": "index", "index": "max_min_ratio", "by": "g"},
                Limit("at_most", math.inf),
                "must lie above 1; got inf",
            ),
            ({"kind": "index", "index": "fdr", "rate": "", "by": "g"}, Limit("at_most", 0.9), "one of at_least"),
            ({"kind": "class_rate", "rate": "accuracy"}, Limit("at_most", 0.9), "one of at_least"),
            ({"kind": "class_ratio", "rate": "accuracy", "by": "g"}, Limit("at_least", 1.2), "between 0 and 1"),
            ({"kind": "class_ratio", "rate": "error", "by": "g"}, Limit("at_most", 0.8), "must lie above 1"),
            ({"kind": "search_ratio", "rate": "fnir", "by": "g"}, Limit("at_most", 0.8), "must lie above 1"),
            ({"kind": "search_rate", "rate": "fnir"}, Limit("at_least", 0.8), "one of at_most"),
            ({"kind": "class_difference", "rate": "error", "by": "g"}, Limit("at_most", -0.1), "between 0 and 1"),
            ({"kind": "class_difference", "rate": "accuracy", "by": "g"}, Limit("at_least", 0.1), "between -1 and 0"),
        ],
    )
    def test_limits_that_decide_nothing(self, fields, limit, told):
        """A limit on the wrong side, or one that every result keeps or breaks, is refused."""
        with pytest.raises(ArgumentError, match=told):
            claim(**fields, limit=limit)

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
    def test_limits_of_an_index_are_those_of_its_range(self, kind, monkeypatch):
        """A limit within the range makes a claim; one that nothing or everything breaks, or on the other side, none."""
        kind = replace(kind, high=min(kind.high, 7.0))
        monkeypatch.setitem(KINDS, kind.name, kind)
        fields = {"kind": "index", "index": kind.name, "rate": "" if kind.name in COMBINED else "fmr", "by": "g"}
        middle = (kind.low + kind.high) / 2
        side, wrong = ("at_least", "at_most") if kind.larger_is_fairer else ("at_most", "at_least")

        assert claim(**fields, limit=Limit(side, middle)).limit.value == middle
        for value in (kind.low, kind.high, kind.low - 0.1, kind.high + 0.1, math.nan):
            with pytest.raises(ArgumentError, match=rf"{side} of {kind.name} .*between {kind.low:g} and {kind.high:g}"):
                claim(**fields, limit=Limit(side, value))
        with pytest.raises(ArgumentError, match=rf"the limit of {kind.name} .*must be one of {side}"):
            claim(**fields, limit=Limit(wrong, middle))

    @pytest.mark.parametrize("number", [-1, math.nan, math.inf])
    def test_minimum(self, number):
        """A minimum is a number of 0 or more."""
        with pytest.raises(ArgumentError, match="min_expected_errors must be 0 or more"):
            Minimum(expected_errors=number)

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"title": " "}, "a policy needs a title"),
            ({"claims": ()}, "at least one claim"),
            ({"claims": (claim(), claim())}, "'c' occurs 2 times"),
            ({"confidence": 1.0}, "confidence must lie between 0 and 1; got 1.0"),
        ],
    )
    def test_refused_policies(self, fields, told):
        """A policy has a title, claims of different names, and a confidence."""
        with pytest.raises(ArgumentError, match=told):
            Policy(**({"title": "t", "claims": (claim(),)} | fields))


class TestLimits:
    """Limit.decide: the bounds decide, and nothing else."""

    @pytest.mark.parametrize(
        ("direction", "low", "high", "expected"),
        [
            ("at_most", 0.1, 0.5, "pass"),
            ("at_most", 0.1, math.nextafter(0.5, 1), "insufficient evidence"),
            ("at_most", 0.5, 0.9, "insufficient evidence"),
            ("at_most", math.nextafter(0.5, 1), 0.9, "fail"),
            ("at_most", 0.1, math.inf, "insufficient evidence"),
            ("at_least", 0.5, 0.9, "pass"),
            ("at_least", math.nextafter(0.5, 0), 0.9, "insufficient evidence"),
            ("at_least", 0.1, 0.5, "insufficient evidence"),
            ("at_least", 0.1, math.nextafter(0.5, 0), "fail"),
            ("at_most", math.nan, 0.1, "insufficient evidence"),
            ("at_most", 0.9, math.nan, "insufficient evidence"),
            ("at_least", math.nan, math.nan, "insufficient evidence"),
        ],
    )
    def test_both_sides_of_each_bound(self, direction, low, high, expected):
        """A bound on the limit keeps it; the next number beyond does not."""
        assert Limit(direction, 0.5).decide(Interval(low, high)) == expected

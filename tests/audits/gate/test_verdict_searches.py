"""Claims about a gallery, a cell of the matrix of groups, and matched impostors: hand-worked, on both sides."""

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from audits.gate.claims import Claim, Limit, Minimum, Policy
from audits.gate.verdict import judge
from audits.identification.audit import audit_identification
from audits.report.common.claims import redact
from audits.report.common.sharing import ShareLimits, Suppressed
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError
from facerec.measure import tables
from facerec.types import Rate

DATA = Path(__file__).parents[3] / "data"
LACKING = "insufficient evidence"
NON_MATED = {"f": (30, 300), "m": (3, 300)}  # Wilson at 95 %: 0.0709 … 0.1392 and 0.0034 … 0.0290
MATED = {"f": (0, 200), "m": (40, 200)}  # Clopper and Pearson: 0 … 0.0183; Wilson: 0.1504 … 0.2609


def searches():
    """Searches with the counts above, each for another person; group x is enrolled and never searched for."""
    rows, enrolled = [], [["x0", "x"]]
    for group in "fm":
        wrong, trials = NON_MATED[group]
        for number in range(trials):
            who = f"{group}-out-{number}"
            rows.append([who, who, group, "x0", 0.9 if number < wrong else 0.1])
        wrong, trials = MATED[group]
        for number in range(trials):
            who = f"{group}{number}"
            enrolled.append([who, group])
            rows.append([who, who, group, who, 0.1 if number < wrong else 0.9])
    columns = ["search", "probe_subject", "probe_gender", "candidate_subject", "score"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(enrolled, columns=["subject", "gender"])


@pytest.fixture(scope="module")
def gallery():
    """The audit of those searches by gender."""
    return audit_identification(*searches(), threshold=0.5, by=["gender"])


@pytest.fixture(scope="module")
def lfw():
    """Women: 1 false match of 176; men: 2 of 1,671; across: 0 of the others."""
    table = tables.read(DATA / "lfw" / "scores.csv")
    return audit_verification(table, by=["gender"], at=AtFmr(1e-3), replicates=0)


def claim(limit, **fields):
    """A claim by gender that a number is at most `limit`."""
    return Claim(**({"name": "c", "by": "gender", "limit": Limit("at_most", limit)} | fields))


def judged(one, **audits):
    """What became of one claim."""
    return judge(Policy("gate", (one,)), **audits).claims[0]


class TestSearches:
    """Limits on what a gallery answers."""

    @pytest.mark.parametrize(
        ("group", "rate", "limit", "expected"),
        [
            ("f", "fpir", 0.1393, "pass"),
            ("f", "fpir", 0.1391, LACKING),
            ("f", "fpir", 0.0710, LACKING),
            ("f", "fpir", 0.0708, "fail"),
            ("f", "fnir", 0.0184, "pass"),
            ("f", "fnir", 0.0182, LACKING),
            ("m", "fnir", 0.1500, "fail"),
            ("m", "rank_one_errors", 0.0184, "pass"),
            ("m", "without_candidate", 0.0075, "pass"),
        ],
    )
    def test_both_sides_of_both_bounds(self, gallery, group, rate, limit, expected):
        """The whole interval decides, and not the rate: 30 of 300 is neither above nor below one in ten."""
        found = judged(claim(limit, kind="search_rate", rate=rate, group=group), identification=gallery)

        assert found.verdict == expected

    def test_every_group_and_everybody(self, gallery):
        """The worst group decides; a group that nobody searches for never passes; everybody is measured."""
        every = judged(claim(0.5, kind="search_rate", rate="fpir"), identification=gallery)
        everybody = judged(claim(0.5, kind="search_rate", rate="fpir", by=""), identification=gallery)

        assert [(found.group, found.verdict) for found in every.findings] == [
            ("f", "pass"),
            ("m", "pass"),
            ("x", LACKING),
        ]
        assert every.verdict == LACKING
        assert (everybody.verdict, everybody.findings[0].errors, everybody.findings[0].trials) == ("pass", 33, 600)

    def test_differences_and_ratios(self, gallery):
        """Women are found in vain 0.09 more often than men, ten times as often; the group x was not measured."""
        found = {
            (kind, limit): judged(claim(limit, kind=kind, rate="fpir"), identification=gallery).findings
            for kind, limit in (("search_difference", 0.04), ("search_difference", 0.2), ("search_ratio", 2.0))
        }
        women, nobody = found["search_difference", 0.04]

        assert (women.group, women.verdict) == ("f", "fail")
        assert women.value == pytest.approx(0.09)
        assert "against m, the group that fares best" in women.reason
        assert (nobody.group, nobody.verdict) == ("x", LACKING)
        assert found["search_difference", 0.2][0].verdict == "pass"
        assert (found["search_ratio", 2.0][0].value, found["search_ratio", 2.0][0].verdict) == (
            pytest.approx(10),
            "fail",
        )

    @pytest.mark.parametrize(
        ("minimum", "told"),
        [
            (Minimum(subjects=301), "300 people of f, where 301 are needed"),
            (Minimum(trials=301), "300 trials of f, where 301 are needed"),
            (Minimum(expected_errors=60.5), "60 expected errors of f, where 60.5 are needed"),
        ],
    )
    def test_minimum_evidence(self, gallery, minimum, told):
        """People are those whom the searches of the rate are for; with less evidence nothing is decided."""
        sound = {"kind": "search_rate", "rate": "fpir", "group": "f"}

        found = judged(claim(0.2, **sound, minimum=minimum), identification=gallery)

        assert (found.verdict, told in found.reason) == (LACKING, True)
        assert judged(claim(0.2, **sound, minimum=Minimum(300, 300, 60)), identification=gallery).verdict == "pass"

    def test_misspelt_groups_and_other_groupings(self, gallery):
        """A group that is not there never passes; a misspelt one, and a grouping that is not there, is an error."""
        found = judged(claim(0.9, kind="search_rate", rate="fnir", group="unseen"), identification=gallery)

        assert (found.verdict, "there is no such group by gender; there are " in found.reason) == (LACKING, True)
        with pytest.raises(ArgumentError, match=r"ff: there is no such group by gender; .* did you mean f\?"):
            judged(claim(0.9, kind="search_rate", rate="fnir", group="ff"), identification=gallery)
        with pytest.raises(ArgumentError, match="there is no grouping by 'race'"):
            judged(claim(0.9, kind="search_rate", rate="fnir", by="race"), identification=gallery)
        with pytest.raises(ArgumentError, match="for an audit of identification, and none was given"):
            judged(claim(0.9, kind="search_rate", rate="fnir"))


class TestImpostors:
    """Limits on who is taken for whom."""

    def test_one_cell(self, lfw):
        """1 of 176 among women is not shown to be above 1 %, and is shown to be below 5 %."""
        cell = {"kind": "cross_rate", "rate": "fmr", "probe_group": "female", "reference_group": "female"}
        found = {limit: judged(claim(limit, **cell), verification=lfw) for limit in (0.0001, 0.01, 0.05)}

        assert [one.verdict for one in found.values()] == ["fail", LACKING, "pass"]
        assert [(one.group, one.errors, one.trials) for one in found[0.05].findings] == [
            ("female against female", 1, 176)
        ]

    def test_every_cell_and_a_row(self, lfw):
        """Without groups every cell of the matrix is held to the limit, with one group those of its row."""
        ordered = {"kind": "cross_rate", "rate": "fmr", "ordered": True}
        every = judged(claim(0.05, **ordered), verification=lfw)
        row = judged(claim(0.05, **ordered, probe_group="male"), verification=lfw)

        assert (len(every.findings), every.verdict) == (4, "pass")
        assert every.reason.startswith("4 of 4 cells: pass. female against female: ")
        assert [found.group for found in row.findings] == ["male against female", "male against male"]

    def test_cells_are_folded(self, lfw):
        """Unless the sides play different roles, women against men and men against women are one cell."""
        cross = {(cell.probe_group, cell.reference_group): cell.fmr.trials for cell in lfw.groupings[0].cross}
        every = judged(claim(0.05, kind="cross_rate", rate="fmr"), verification=lfw)
        row = judged(claim(0.05, kind="cross_rate", rate="fmr", probe_group="male"), verification=lfw)

        assert [found.group for found in every.findings] == [
            "female against female", "female against male", "male against male",
        ]  # fmt: skip
        assert every.findings[1].trials == cross["female", "male"] + cross["male", "female"]
        assert [found.group for found in row.findings] == ["female against male", "male against male"]

    def test_matched_impostors(self, lfw):
        """3 false matches of 1,847 pairs within a group; the pairs across groups do not dilute them."""
        found = judged(claim(0.01, kind="matched_rate", rate="fmr"), verification=lfw)

        assert found.claim.about == "matched-impostor FMR by gender"
        assert (found.verdict, found.findings[0].errors, found.findings[0].trials) == ("pass", 3, 1847)
        assert judged(claim(0.001, kind="matched_rate", rate="fmr"), verification=lfw).verdict == LACKING

    def test_cells_without_pairs(self, lfw):
        """A cell without pairs never passes; one of a misspelt group is an error."""
        grouping = lfw.groupings[0]
        empty = replace(grouping.cross[0].fmr, rate=Rate(0, 0))
        cross = (replace(grouping.cross[0], fmr=empty), *grouping.cross[1:])
        emptied = replace(lfw, groupings=(replace(grouping, cross=cross),))

        found = judged(claim(0.9, kind="cross_rate", rate="fmr", ordered=True), verification=emptied)

        assert (found.verdict, "not measured" in found.reason) == (LACKING, True)
        assert math.isnan(found.findings[0].p_value)
        with pytest.raises(ArgumentError, match=r"did you mean female\?"):
            judged(claim(0.9, kind="cross_rate", rate="fmr", probe_group="femal"), verification=lfw)

    def test_a_shared_report_does_not_tell_cells(self, lfw):
        """A cell that was left out is told by no claim about cells, folded or not; claims about groups keep theirs."""
        policy = Policy(
            "gate", (claim(0.05, kind="cross_rate", rate="fmr"), claim(0.05, kind="rate", rate="fmr", name="groups"))
        )
        lost = Suppressed("gender", (), ("male against female",))

        shared = redact(judge(policy, verification=lfw), (lost,), ShareLimits(5, 5))

        assert [found.group for found in shared.claims[0].findings] == ["female against female", "male against male"]
        assert len(shared.claims[1].findings) == 2

"""Reports of audits: the same every time, honest about what is missing, and silent about what must not be told."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.gate.claims import Claim, Limit, Policy
from audits.gate.summaries import junit_summary, markdown_summary
from audits.gate.verdict import judge
from audits.report import Background, Report, Run, ShareLimits, hash_input, suppress, write_report
from audits.report.common.sections import file_stem
from audits.report.common.sharing import few
from audits.report.verification.page import verification_report
from audits.report.verification.pair_scores import curve_thresholds, split_scores
from audits.report.verification.sensitivity import index_sensitivity
from audits.report.verification.sentences import findings, overall_sentence
from audits.statistics.index_kinds import COMBINED, INDICES
from audits.verification.advice import advise_threshold
from audits.verification.audit import audit_verification
from audits.verification.power import plan_groups
from audits.verification.results import VerificationAudit
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, OutputError, ScoreTableError
from facerec.measure.metrics import fmr, fnmr
from facerec.reporting import Text, render_html

HOSTILE = '<script>alert(1)</script> | **x** `y` $z$ [a](javascript:b) "q" & \\'
SIZES = {"large": 40, "medium": 30, "tiny": 3}
RUN = Run(("facerec", "audit"), (), 0, {"python": "3"})


def _table(sizes: dict[str, int], seed: int = 0) -> pd.DataFrame:
    """Every person with two genuine pairs and pairs with the next people of the list; lower groups score worse."""
    rng = np.random.default_rng(seed)
    people = [(f"{group}{number}", group) for group, size in sizes.items() for number in range(size)]
    rows = []
    for place, (name, group) in enumerate(people):
        rows += [(f"{name}/0", f"{name}/{n}", name, name, True, rng.normal(2.2, 1), group, group) for n in (1, 2)]
        for step in (1, 2, 3, 17):
            other, label = people[(place + step) % len(people)]
            score = rng.normal(0.3 if group == label else -0.4, 1)
            rows.append((f"{name}/0", f"{other}/0", name, other, False, score, group, label))
    columns = ["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine", "score"]
    return pd.DataFrame(rows, columns=[*columns, "probe_group", "reference_group"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Three groups, one of them tiny."""
    return _table(SIZES)


@pytest.fixture(scope="module")
def audit(table: pd.DataFrame) -> VerificationAudit:
    """The audit of that table."""
    return audit_verification(table, by=["group"], at=1.2, replicates=20)


@pytest.fixture(scope="module")
def report(audit: VerificationAudit, table: pd.DataFrame) -> Report:
    """Its report."""
    return verification_report(audit, table, run=RUN)


@pytest.fixture(scope="module")
def folder(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that report is written."""
    place = tmp_path_factory.mktemp("report")
    write_report(report, place / "new" / "folder")
    return place / "new" / "folder"


def test_report_is_written_side_by_side(folder):
    """The folder holds the page, the Markdown, every number and the run, and no half-written file."""
    names = {path.name for path in folder.iterdir()}

    assert {"report.html", "report.md", "audit.json", "run.json", "groups-group.csv", "cross-group.csv"} <= names
    assert not [name for name in names if name.endswith(".partial")]


def test_report_is_the_same_every_time(audit, table, folder, tmp_path):
    """The same audit gives the same bytes, file by file."""
    write_report(verification_report(audit, table, run=RUN), tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_document_has_the_promised_names(folder, audit):
    """``audit.json`` holds counts, rates with bounds, the matrix and every index, under stable names."""
    found = json.loads((folder / "audit.json").read_text(encoding="utf-8"))

    assert found["threshold"]["value"] == 1.2
    assert found["threshold"]["achieved_fmr"] == audit.fmr.value
    assert found["overall"]["impostor"] == audit.fmr.trials
    assert set(found["overall"]["fmr"]) >= {"value", "low", "high", "n_eff"}
    large = audit.grouping("group").group("large")
    assert found["groups"]["group"][0]["group"] == "large"
    assert found["groups"]["group"][0]["false_matches"] == large.fmr.errors
    assert found["groups"]["group"][0]["fnmr"]["value"] == large.fnmr.value
    assert len(found["cross"]["group"]) == 9
    assert set(found["disparity"]["group"]["fmr"]) == set(found["disparity"]["group"]["fnmr"]) == set(INDICES)
    assert set(COMBINED) <= set(found["disparity"]["group"])
    promised = {
        "difference",
        "max_min_ratio",
        "max_geomean",
        "gini",
        "worst_to_overall",
        "garbe",
        "fdr",
        "inequity_rate",
    }
    assert promised <= {*INDICES, *COMBINED}, "programs read these names in audit.json: they stay"
    assert found["verdict"]["outcome"] is None


def test_nothing_measured_is_null_and_never_zero(table, tmp_path):
    """A group without impostor pairs has a null rate in the JSON, an empty cell in the table, and words on the page."""
    alone = table[(table["genuine"]) | (table["probe_group"] != "tiny") | (table["reference_group"] != "tiny")]
    found = verification_report(audit_verification(alone, by=["group"], at=1.2, replicates=0), alone, run=RUN)
    write_report(found, tmp_path)

    group = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["groups"]["group"][2]
    assert (group["group"], group["impostor"], group["fmr"]["value"]) == ("tiny", 0, None)
    row = (tmp_path / "groups-group.csv").read_text(encoding="utf-8").splitlines()[3].split(",")
    assert row[:5] == ["tiny", "3", "0", "0", ""]
    assert "not measured" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_page_stands_alone(folder):
    """The page loads nothing, runs nothing, and describes every drawing."""
    text = (folder / "report.html").read_text(encoding="utf-8")

    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!#|data:)', text)
    assert len(re.findall(r'role="img" aria-label="[^"]{20}', text)) == text.count("<figure") == 6


def test_numbers_and_a_picture_come_first(report):
    """A sentence with the number, the picture, what to do, how sure; then in full, that nothing was decided."""
    sentence, picture = report.page.lead

    assert "of 1,000" in report.page.title.lower()
    assert "Of 1,000 pairs" in sentence.content
    assert "large" in picture.alt
    titles = [(section.title, section.place) for section in report.page.sections]
    assert titles[:3] == [(each, "first") for each in ("What to do", "How sure are we?", "What this does not say")]
    assert report.page.signed
    said = _said(report, "In numbers")
    assert "mistakes two different people for one" in said
    assert "No policy" in said


def _said(report: Report, title: str) -> str:
    """The prose of a section."""
    section = next(each for each in report.page.sections if each.title == title)
    return "\n".join(block.content for block in section.blocks if isinstance(block, Text))


def test_hostile_names_are_only_text(tmp_path):
    """A group's name and a column's name with markup in them are shown and do nothing."""
    table = _table({HOSTILE: 25, "plain": 25})
    column = "../<b>x"
    table = table.rename(columns={f"{side}_group": f"{side}_{column}" for side in ("probe", "reference")})
    found = audit_verification(table, by=[column], at=1.2, replicates=20)

    written = write_report(verification_report(found, table, run=RUN), tmp_path)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>x" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?<!\\)\]\(javascript", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert {path.parent for path in written} == {tmp_path}
    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert HOSTILE in [group["group"] for group in document["groups"][column]]


def test_small_groups_leave_every_file(audit, table, tmp_path):
    """What is suppressed stands in no file as a number, and a second group goes so that a sum does not tell it."""
    shared = verification_report(audit, table, run=RUN, limits=ShareLimits(5, 5))
    write_report(shared, tmp_path)

    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert [group["group"] for group in document["groups"]["group"]] == ["large"]
    assert document["sharing"]["suppressed"]["group"]["groups"] == ["medium", "tiny"]
    assert [(cell["probe_group"], cell["reference_group"]) for cell in document["cross"]["group"]] == [
        ("large", "large")
    ]
    assert document["disparity"]["group"]["fmr"] == {}
    assert document["tests"]["group"] == document["shrunk"]["group"]["fmr"] == []
    for path in tmp_path.glob("*.csv"):
        assert "tiny" not in path.read_text(encoding="utf-8")
    page = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if "tiny" in line] == ["| group | medium; tiny | none | 8 |"]


def test_suppression_protects_the_margins_of_intersections():
    """Where groups and their intersection are shown, no difference of shown cells gives a small one away."""
    table = _table({"large": 60, "small": 40})
    for side in ("probe", "reference"):
        number = table[f"{side}_subject"].str.extract(r"(\d+)")[0].astype(int)
        of_small = table[f"{side}_group"] == "small"
        table[f"{side}_age"] = np.where(number < np.where(of_small, 3, 25), "old", "young")
    found = audit_verification(table, by=["group", "group,age"], at=1.2, replicates=0)

    shown, lost = suppress(found, ShareLimits(10, 10))

    assert [each.by for each in lost if each.groups] == ["group,age"]
    left = [group.labels for group in shown.grouping("group,age").groups]
    for value in ("large", "small"):
        assert sum(labels[0] == value for labels in left) in (0, 2)
    assert len(shown.grouping("group").groups) == 2


def test_large_enough_groups_stay(audit):
    """Nothing is left out where every count is large enough; a single error is not, and takes a second rate along."""
    shown, lost = suppress(audit, ShareLimits(2, 2))

    before = audit.groupings[0].groups
    assert [group.group for group in shown.groupings[0].groups] == [group.group for group in before]
    assert [each.groups for each in lost] == [()]
    single = [f"{group.group}: FMR" for group in before if few(group.fmr.errors, group.fmr.trials, 2)]
    assert single
    assert set(single) < set(lost[0].rates)
    for group, whole in zip(shown.groupings[0].groups, before, strict=True):
        for name in ("fmr", "fnmr", "without_score"):
            assert getattr(group, name).withheld or getattr(group, name) == getattr(whole, name)


def _attacked(found, smallest):
    """Every sum of counts that a reader of a shared report can work out by taking shown cells from shown sums."""
    shown, _ = suppress(found, ShareLimits(smallest, smallest))
    for before, after in zip(found.groupings, shown.groupings, strict=True):
        left = {group.group: group for group in after.groups}
        margins = [(None, before.groups)]
        for coarse in (grouping for grouping in shown.groupings if grouping.by == "group" != before.by):
            margins += [
                (one, tuple(group for group in before.groups if group.labels[0] == one.group)) for one in coarse.groups
            ]
        for of, members in margins:
            for name in ("fmr", "fnmr", "without_score"):
                if of is not None and getattr(of, name).withheld:
                    continue
                if of is None and name == "fmr" and after.matched_fmr.withheld:
                    continue
                gone = [
                    getattr(group, name)
                    for group in members
                    if group.group not in left or getattr(left[group.group], name).withheld
                ]
                if 0 < len(gone) < len(members):
                    yield len(gone), sum(rate.errors for rate in gone), sum(rate.trials for rate in gone)


@pytest.mark.parametrize("seed", range(6))
def test_no_sum_gives_a_small_count_back(seed):
    """Whatever the table, shown counts taken from shown sums leave nothing below the size, in any margin.

    Within a group of a coarser grouping pairs across the finer one are missing from the sum, which only hides more.
    """
    rng = np.random.default_rng(seed)
    table = _table({"large": 60, "medium": 25, "small": 12}, seed)
    for side in ("probe", "reference"):
        place = table[f"{side}_subject"].map(
            dict(zip(np.unique(table[f"{side}_subject"]), rng.random(999), strict=False))
        )
        table[f"{side}_age"] = np.where(place < 0.15, "old", np.where(place < 0.2, "", "young"))
    found = audit_verification(table, by=["group", "group,age"], at=float(rng.uniform(0.5, 2)), replicates=0)

    for smallest in (3, 8):
        for cells, errors, trials in _attacked(found, smallest):
            assert cells > 1
            assert trials >= smallest
            assert errors == 0 or errors >= smallest or trials == errors
        for grouping in suppress(found, ShareLimits(smallest, smallest))[0].groupings:
            for group in grouping.groups:
                for rate in (group.fmr, group.fnmr, group.without_score):
                    assert rate.withheld or not few(rate.errors, rate.trials, smallest)
            for cell in grouping.cross:
                assert not few(cell.fmr.errors, cell.fmr.trials, smallest)


def test_few_pairs_without_a_label_are_not_counted_in_public(table, tmp_path):
    """Three pairs of one person are withheld; so is a group, or the sum of everybody would give them back."""
    lone = table["probe_subject"].iloc[0]
    spoilt = table.copy()
    for side in ("probe", "reference"):
        spoilt.loc[spoilt[f"{side}_subject"] == lone, f"{side}_group"] = ""
    found = audit_verification(spoilt, by=["group"], at=1.2, replicates=0)
    left = found.groupings[0].unlabelled
    assert 0 < left.genuine < 5

    shared = verification_report(found, spoilt, run=RUN, limits=ShareLimits(5, 5))
    write_report(shared, tmp_path)

    assert shared.document["impostor_mix"]["group"]["unlabelled_genuine"] is None
    assert shared.document["sharing"]["suppressed"]["group"]["groups"]
    assert "pairs without a label" in shared.document["sharing"]["suppressed"]["group"]["rates"]
    assert "how many pairs lack a label, or carry two different ones, is withheld" in (
        tmp_path / "report.md"
    ).read_text("utf-8")
    assert not list(tmp_path.glob("curves*"))


def test_a_smallest_cell_of_one_hides_nothing_and_is_refused(audit):
    """One person is what must not be shown, so a size of 1 makes no sense."""
    with pytest.raises(ArgumentError, match="at least 2"):
        suppress(audit, ShareLimits(1))


def test_policy_stands_before_everything(audit, table):
    """With a policy the first words are its verdict, and a claim loses the numbers of groups that are left out."""
    claims = (
        Claim(name="rare", kind="rate", rate="fmr", by="group", limit=Limit("at_most", 0.9)),
        Claim(name="never", kind="rate", rate="fnmr", by="", limit=Limit("at_most", 1e-9)),
    )
    verdict = judge(Policy(title="Gate", claims=claims), verification=audit)

    whole = verification_report(audit, table, run=RUN, verdict=verdict)
    shared = verification_report(audit, table, run=RUN, verdict=verdict, limits=ShareLimits(5, 5))

    assert whole.page.lead[0].standing == verdict.standing
    assert whole.document["verdict"]["outcome"] == "fail"
    assert [found["group"] for found in whole.document["verdict"]["claims"][0]["findings"]] == ["large", "medium"]
    assert [found["group"] for found in shared.document["verdict"]["claims"][0]["findings"]] == ["large"]
    assert "numbers left out" in shared.document["verdict"]["claims"][0]["reason"]
    assert shared.document["verdict"]["claims"][0]["verdict"] == whole.document["verdict"]["claims"][0]["verdict"]
    assert len(shared.document["verdict"]["claims"][1]["findings"]) == 1


@pytest.fixture(scope="module")
def four_groups():
    """Four groups of 2,141 to 2,614 people and 3,000 pairs each of either kind; the last shows two false matches."""
    rng = np.random.default_rng(11)
    rows = []
    for group, people, wrong in (("A", 2614, 78), ("B", 2141, 30), ("C", 2400, 10), ("D", 2300, 2)):
        first = rng.permutation(np.resize(np.arange(people), 6000))
        second = np.where(np.arange(6000) < 3000, first, (first + rng.integers(1, people, 6000)) % people)
        score = np.where(np.arange(6000) < 2950, 1.0, 0.0)
        score[3000 : 3000 + wrong] = 1.0
        genuine = np.arange(6000) < 3000
        rows.append(pd.DataFrame({"p": first, "r": second, "genuine": genuine, "score": score, "g": group}))
    table = pd.concat(rows, ignore_index=True)
    names = {side: table["g"] + table[side].astype(str) for side in ("p", "r")}
    return pd.DataFrame(
        {
            "probe_subject": names["p"],
            "reference_subject": names["r"],
            "genuine": table["genuine"],
            "score": table["score"],
            "group": table["g"],
        }
    )


def _shared(table, limits, *, fmr=0.02):
    audit = audit_verification(table, by=["group"], at=0.5, replicates=0)
    claims = (
        Claim("few false matches", "rate", Limit("at_most", fmr), rate="fmr", by="group"),
        Claim("few misses", "rate", Limit("at_most", 0.9), rate="fnmr", by="group"),
        Claim("no cell", "cross_rate", Limit("at_most", 0.9), rate="fmr", by="group"),
    )
    verdict = judge(Policy("Gate", claims), verification=audit)
    return verification_report(audit, table, run=RUN, verdict=verdict, limits=limits)


def test_large_groups_lose_no_rate_for_their_few_errors(four_groups, tmp_path):
    """Among 2,000 people and more nobody can be told apart, so two errors are shown as well as 78."""
    made = _shared(four_groups, ShareLimits(50))
    write_report(made, tmp_path)
    page = (tmp_path / "report.md").read_text("utf-8")

    assert [each["false_matches"] for each in made.document["groups"]["group"]] == [78, 30, 10, 2]
    assert made.document["sharing"]["suppressed"] == {}
    assert made.lost == ("curves over other thresholds, each of whose steps is one comparison",)
    assert "No group, rate or cell had to be left out" in page
    assert "left out, because" not in page
    assert "A 260 of 10,000" in page
    assert "78 of 3,000" in junit_summary(made.verdict)


def test_a_failure_keeps_its_number_where_that_is_shown(four_groups, tmp_path):
    """With counts below 5 withheld, two groups lose their FMR; the failure of the first is told in full everywhere."""
    made = _shared(four_groups, ShareLimits(50, 5))
    write_report(made, tmp_path)
    texts = [junit_summary(made.verdict), markdown_summary(made.verdict), (tmp_path / "report.md").read_text("utf-8")]
    page = texts[-1]

    assert made.document["sharing"]["suppressed"]["group"]["rates"] == ["C: FMR", "D: FMR"]
    assert all("78 of 3,000" in text for text in texts)
    assert all("numbers left out for 2 more" in text for text in texts)
    assert not any("10 of 3,000" in text or "2 of 3,000" in text for text in texts)
    assert "A 26 of 1,000" in page
    assert "C withheld" in page
    assert "are not compared here" in page
    assert "small groups are not shown" not in page
    misses = made.document["verdict"]["claims"][1]
    assert [found["group"] for found in misses["findings"]] == ["A", "B", "C", "D"]
    assert "left out" not in misses["reason"]
    assert made.document["disparity"]["group"]["fnmr"]
    assert made.document["disparity"]["group"]["fmr"] == {}
    assert any(told.startswith("by group, rates and counts that are too small") for told in made.lost)


def test_a_withheld_failure_says_why(four_groups):
    """Where the very number that decides must not be told, the verdict stays and the reason says what is missing."""
    made = _shared(four_groups[four_groups["group"].isin(["C", "D"])], ShareLimits(50, 20), fmr=1e-4)
    claim = made.document["verdict"]["claims"][0]

    assert (claim["verdict"], claim["findings"]) == ("fail", [])
    assert "numbers left out, because numbers of fewer than 50 people or comparisons are not shown" in claim["reason"]
    assert "fewer than 20 errors" in claim["reason"]


def test_alt_texts_never_call_what_is_withheld_absent(four_groups, tmp_path):
    """Every rate withheld: FMR is not "not measured", and the matrix does not hold "no false match in any cell"."""
    made = _shared(four_groups, ShareLimits(50, 100))
    write_report(made, tmp_path)
    page = (tmp_path / "report.md").read_text("utf-8")

    assert "A withheld; B withheld" in page
    assert "not measured" not in made.page.lead[2].alt
    assert "no false match in any cell" not in page
    assert "cells are left out" in page


def test_words_follow_the_interval(table):
    """A difference is called one only where its interval leaves 0 out; otherwise it is neither shown nor excluded."""
    alike = audit_verification(_table({"a": 60, "b": 60}), by=["group"], at=1.2, replicates=200)
    apart = _table({"a": 150, "b": 150})
    within_b = (apart["probe_group"] == "b") & (apart["reference_group"] == "b") & ~apart["genuine"]
    apart["score"] += np.where(within_b, 3.0, 0.0)
    differ = audit_verification(apart, by=["group"], at=1.2, replicates=200)

    said = findings(alike.groupings[0])[0], findings(differ.groupings[0])[0]

    assert said[0].standing == "insufficient"
    assert "not shown, and not excluded" in said[0].text
    assert said[1].standing == "warning"
    assert "**differ**" in said[1].text


def test_no_error_is_told_as_a_bound(table):
    """Where nothing went wrong the sentence gives the upper bound, not 0 %."""
    found = audit_verification(table, by=["group"], at=10.0, replicates=0)

    assert "fewer than" in overall_sentence(found)
    assert "says nothing about who fares worse" in findings(found.groupings[0])[0].text


def test_distances_are_shown_as_distances(table, tmp_path):
    """The report of a table of distances has the threshold and the curves on its own scale."""
    distances = table.assign(score=5 - table["score"])
    found = audit_verification(distances, by=["group"], at=3.8, distance=True, replicates=0)

    report = verification_report(found, distances, run=RUN)

    assert report.document["threshold"]["value"] == pytest.approx(3.8)
    assert report.document["threshold"]["accepts"] == "distance <= value"
    thresholds = [row[1] for row in report.tables["curves-group"].rows]
    assert min(thresholds) >= distances["score"].min() - 1e-9


def test_curves_are_the_rates(table):
    """Rates on a curve are those that facerec.measure.metrics counts at the same thresholds."""
    failed = table.assign(score=table["score"].where(table.index % 7 > 0))
    sets = split_scores(failed, by=["group"])
    group = sets.groups[0][1][1]
    rows = failed[(failed["probe_group"] == "medium") & (failed["reference_group"] == "medium")]
    at = curve_thresholds([sets.everybody, group])

    expected = [
        (fmr(rows.loc[~rows["genuine"], "score"], t).value, fnmr(rows.loc[rows["genuine"], "score"], t).value)
        for t in at
    ]

    assert list(zip(group.fmr(at), group.fnmr(at), strict=True)) == expected


def test_sensitivity_needs_false_matches(table):
    """With too few impostor pairs there is no operating point to speak of, and the figure is left out."""
    few = split_scores(table.head(40), by=["group"])
    grouping = audit_verification(table.head(40), by=["group"], at=1.2).groupings[0]

    assert len(index_sensitivity(few.everybody, few.groups[0][1], grouping).fmr) == 0


def test_a_group_without_errors_stands_in_the_curve_as_in_the_table(table):
    """max/geomean at the audit's own threshold is one number, wherever it is drawn."""
    scores = table["score"].where(table["genuine"] | (table["probe_group"] != "medium"), -9.0)
    silent = table.assign(score=scores)
    impostor = np.sort(silent.loc[~silent["genuine"], "score"].dropna())[::-1]
    at = float(impostor[len(impostor) // 20])
    audit = audit_verification(silent, by=["group"], at=at)
    groups = audit.groupings[0].groups
    sets = split_scores(silent, by=["group"])
    curve = index_sensitivity(sets.everybody, sets.groups[0][1], audit.groupings[0], points=len(impostor))
    here = int(np.argmin(np.abs(curve.fmr - audit.fmr.value)))

    assert next(group.fmr.errors for group in groups if group.group == "medium") == 0
    assert curve.fmr[here] == audit.fmr.value
    assert curve.fmr_max_geomean[here] == pytest.approx(audit.groupings[0].disparity.index("fmr", "max_geomean").value)


def test_report_without_groups_and_without_people(table):
    """A table without labels and people still has a report, which says what it lacks."""
    bare = table[["genuine", "score"]]

    report = verification_report(audit_verification(bare, by=[], at=1.2), bare, run=RUN)

    said = _said(report, "In numbers")
    assert "No grouping was asked for" in said
    assert "pairs were taken as independent" in said


def test_what_was_not_stated_is_missing(audit, table):
    """Items that the auditor did not state are marked, those that were stated are quoted."""
    silent = verification_report(audit, table, run=RUN)
    told = verification_report(audit, table, run=RUN, background=Background("a matcher", "self-report", "a door"))

    def items(report):
        section = next(each for each in report.page.sections if each.title == "What this report covers")
        return {row[0]: row[1] for row in section.blocks[0].rows}

    assert items(silent)["how membership of groups was obtained"] == "missing"
    assert items(told)["how membership of groups was obtained"] == "self-report"
    assert items(told)["throughput and transaction times per group"] == "missing"


def test_file_names_hold_letters_only():
    """Whatever a column is called, the file's name is harmless, and two groupings never share one."""
    assert file_stem("groups", "../../etc/passwd") == "groups-etc-passwd"
    assert file_stem("groups", "§") == "groups-grouping"
    assert file_stem("groups", "A b", ["groups-a-b"]) == "groups-A-b-2"


def test_inputs_are_known_by_their_bytes(tmp_path):
    """An input is described by its name and digest, without its folder; a missing one is told."""
    (tmp_path / "s.csv").write_bytes(b"x\n")

    found = hash_input(tmp_path / "s.csv", role="scores")

    assert (found.name, found.sha256[:8]) == ("s.csv", "73cb3858")
    with pytest.raises(ScoreTableError, match="cannot be read"):
        hash_input(tmp_path / "no.csv", role="scores")


def test_unwritable_folder_is_told(report, tmp_path):
    """A file where the folder should be is an error with its path."""
    (tmp_path / "taken").write_text("")

    with pytest.raises(OutputError, match="taken"):
        write_report(report, tmp_path / "taken")


def test_many_groups_are_told_in_tables_and_not_drawn():
    """Curves of 31 groups cannot be told apart, and their matrix has a thousand cells; its numbers stay."""
    table = _table({f"g{number:02d}": 3 for number in range(31)})
    found = audit_verification(table, by=["group"], at=1.2, replicates=0)

    report = verification_report(found, table, run=RUN)

    assert len(report.tables["cross-group"].rows) == 31 * 31
    assert "curves-group" not in report.tables
    page = render_html(report.page)
    assert "So many groups cannot be told apart in a drawing" in page
    assert "DET curves by group" not in page
    assert "False match rate of probe group" not in page


def test_pairs_without_a_label_stand_before_any_group(table):
    """With their number."""
    spoilt = table.assign(probe_group=table["probe_group"].where(table.index != 0, ""))
    left = int((spoilt["probe_group"] == "").sum())
    assert left == 1

    report = verification_report(audit_verification(spoilt, by=["group"], at=1.2, replicates=0), spoilt, run=RUN)

    assert "By group, 1 genuine and 0 impostor pairs lack a label and are in no group." in _said(report, "In numbers")


def test_a_table_without_pairs_of_one_person_has_a_first_screen(table):
    """What a stricter threshold costs was then not measured, and nothing is a number that is none."""
    strangers = table[~table["genuine"]]

    report = verification_report(audit_verification(strangers, by=["group"], at=1.2, replicates=0), strangers, run=RUN)

    todo = report.page.sections[0].blocks[0].content
    assert "what it costs was not measured, because there are no pairs of one person" in todo
    assert "nan" not in report.page.title + todo + report.page.lead[0].content


def test_what_to_do_comes_from_the_adviser_and_the_planner(table):
    """The threshold and its price are the adviser's, and how many people are the planner's."""
    audit = audit_verification(table, by=["group"], at=1.2, replicates=0)
    advice = advise_threshold(table, by="group", target_fmr=audit.fmr.value, at=1.2)
    plan = plan_groups(audit, "group", rate="fnmr", ratio=2)[0]

    todo = verification_report(audit, table, run=RUN).page.sections[0].blocks[0].content

    told = float(re.search(r"At ([\d.]+) in place of 1\.2", todo)[1])
    assert advice.value <= told < advice.value + 1e-4  # whoever types it in is as strict
    assert f"about {1000 * advice.fnmr.value:.0f} of 1,000" in todo
    assert f"collect about {plan.people:,} people of each group, 2 photos each" in todo


@pytest.mark.parametrize("distance", [False, True])
def test_the_threshold_that_is_printed_decides_as_the_audit_did(table, distance):
    """Whoever types it into a product gets the rates beside it, also where it lies a hair above a score."""
    rounded = table.assign(score=(table["score"] * (-1 if distance else 1)).round(1))
    audit = audit_verification(rounded, by=["group"], at=AtFmr(1e-4), replicates=0, distance=distance)
    page = verification_report(audit, rounded, run=RUN).page
    told = re.search(r"at (?:least|most) \*\*(-?[\d.e-]+)\*\*", repr(page))

    assert told is not None
    again = audit_verification(rounded, by=["group"], at=float(told[1]), replicates=0, distance=distance)
    assert (again.fmr.rate, again.fnmr.rate) == (audit.fmr.rate, audit.fnmr.rate)

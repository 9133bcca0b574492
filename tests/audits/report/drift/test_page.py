"""Reports of drift: what rose stands beside what fell, counts are those of the tables, nothing measured is no zero."""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from audits.drift.audit import audit_drift
from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import judge
from audits.report import Background, Run, write_report
from audits.report.drift.page import drift_report
from audits.report.drift.sentences import change_findings, overall_change, shown
from facerec.measure import tables
from facerec.reporting import Callout

RUN = Run(("facerec", "audit", "drift"), (), 0, {"python": "3"})


def _pairs(gender: str, genuine: int, impostor: int) -> list[list[object]]:
    rows: list[list[object]] = []
    for number in range(genuine):
        who = f"{gender}{number}"
        rows.append([f"{who}a", f"{who}b", who, who, True, 0.9, gender, gender])
    for number in range(impostor):
        who, other = f"{gender}{number}", f"{gender}{number}x"
        rows.append([f"{who}a", f"{other}b", who, other, False, 0.1, gender, gender])
    return rows


def _drift(replicates: int = 50, *, empty: bool = False):
    """Afterwards 60 of 200 genuine pairs of women fail, and 40 of 200 of men that failed before no longer do."""
    rows = [*_pairs("f", 200, 200), *_pairs("m", 200, 200), *(_pairs("x", 3, 0) if empty else [])]
    before = tables.check(pd.DataFrame(rows, columns=[*tables.REQUIRED, "probe_gender", "reference_gender"]))
    number = before.groupby(["probe_gender", "genuine"]).cumcount()
    genuine = before["genuine"].astype(bool)
    women = genuine & (before["probe_gender"] == "f") & (number < 60)
    men = genuine & (before["probe_gender"] == "m") & (number < 40)
    after = before.assign(score=before["score"].mask(women, 0.2))
    before = before.assign(score=before["score"].mask(men, 0.2))
    return audit_drift(before, after, by=["gender"], at=0.5, replicates=replicates)


@pytest.fixture(scope="module")
def audit():
    """The change above."""
    return _drift()


@pytest.fixture(scope="module")
def folder(audit, tmp_path_factory) -> Path:
    """Its report on disk."""
    path = tmp_path_factory.mktemp("drift") / "report"
    write_report(drift_report(audit, run=RUN, background=Background("model b", "records", "a door", "scenario")), path)
    return path


def _text(folder: Path) -> str:
    return (folder / "report.md").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")


def test_gains_and_regressions_are_equally_loud(audit, folder):
    """Women's FNMR rose by 30 points and men's fell by 20: one paragraph each, before any section."""
    worse, better = change_findings(audit)[:2]
    said = [found.text.replace("\N{NO-BREAK SPACE}", " ") for found in (worse, better)]

    assert said[0].startswith(
        "**Worse** (thresholds held fixed): 2 of 9 rates rose for sure: FNMR of f (by gender) from 0 % to 30 %, by 30 "
    )
    assert said[1].startswith(
        "**Better** (thresholds held fixed): 1 of 9 rates fell for sure: FNMR of m (by gender) from 20 % to 0 %, by 20 "
    )
    assert (worse.standing, better.standing) == ("warning", "note")
    lead = _text(folder).split("\n## ")[0]
    assert re.match(r"# Worse for those labelled f: at least 2\d\d more of 1,000 pairs of one person go unrec", lead)
    assert lead.index("Worse**") < lead.index("Better**") < lead.index("Not shown")


def test_what_is_the_same_is_not_called_equal(audit):
    """FMR did not change in any of 200 pairs: said is how much could have gone unseen."""
    open_ones = next(found for found in change_findings(audit) if found.standing == "insufficient")

    assert "not excluded" in open_ones.text
    assert re.search(r"may have risen by as much as [1-9]", open_ones.text)
    assert "**no change shown**" in overall_change(audit)
    assert {shown(change) for change in audit.changes if change.rate == "fmr"} == {"not shown"}


def test_tables_hold_the_counts(folder, audit):
    """Every change stands in the table for programs, with the errors before and after."""
    with (folder / "changes.csv").open(encoding="utf-8") as file:
        rows = {(row["group"], row["rate"]): row for row in csv.DictReader(file)}

    women = rows["f", "FNMR"]
    assert len(rows) == len(audit.changes) == 9
    assert (women["errors before"], women["errors after"], women["comparisons"]) == ("0", "60", "200")
    assert (women["wrong only after"], women["wrong only before"], women["shown"]) == ("60", "0", "worse")
    assert float(women["change interval low"]) == audit.change("fnmr", by="gender", group="f").change.interval.low
    assert (folder / "index-changes.csv").read_text(encoding="utf-8").count("\n") == 1 + len(audit.indices)


def test_page_says_how_it_was_made(folder):
    """Fixed thresholds, the seed, what the auditor stated, and a drawing that can be read aloud."""
    text, page = _text(folder), (folder / "report.html").read_text(encoding="utf-8")

    for said in ("held fixed by every interval", "seed 0", "a door", "scenario", "records", "Not meant for"):
        assert said in text
    assert "FNMR: everybody worse, f worse, m better" in page
    assert not re.search(r'(src|href)="(?!#|data:image)', page)


def test_document_keeps_its_names(folder):
    """The keys of the JSON document are those without a report."""
    document = json.loads((folder / "audit.json").read_text(encoding="utf-8"))

    assert list(document) == [
        "format", "verdict", "before", "after", "changes", "indices", "unlabelled", "thresholds", "set_aside",
        "pairs_independent", "confidence", "notes",
    ]  # fmt: skip


def test_the_verdict_comes_first(audit):
    """With a policy its verdict is the first thing that is said."""
    claim = Claim("nobody is rejected more often", "change", Limit("at_most", 0.05), rate="fnmr", by="gender")

    page = drift_report(audit, run=RUN, verdict=judge(Policy("Gate", (claim,)), drift=audit)).page

    assert isinstance(page.lead[0], Callout)
    assert page.lead[0].standing == "fail"
    assert page.title == "Fail: nobody is rejected more often"
    assert next(each.title for each in page.sections if each.place == "body") == "Claims"


def test_groups_without_pairs_and_tables_without_groups(tmp_path):
    """What was not measured is listed and never 0; without groups there is one section about everybody."""
    few = _drift(replicates=0, empty=True)
    write_report(drift_report(few, run=RUN), tmp_path / "few")
    text = _text(tmp_path / "few")

    assert "Not measured, because there are no such comparisons: FMR of x (by gender)." in text
    assert "No draws were made" in text
    assert "not measured" in text.split("FMR before and after")[1]
    table = tables.check(pd.DataFrame(_pairs("f", 5, 5), columns=[*tables.REQUIRED, "probe_g", "reference_g"]))
    page = drift_report(audit_drift(table, table, at=0.5), run=RUN).page
    assert [each.title for each in page.sections if each.place == "body"][1] == "Changes"
    assert page.title == "No change is shown, and none is excluded"


def test_names_are_only_text(tmp_path):
    """A group whose name is markup stays a name in every file."""
    hostile = "<script>alert(1)</script>|$x_1$"
    rows = [*_pairs("f", 20, 20), *_pairs(hostile, 20, 20)]
    table = tables.check(pd.DataFrame(rows, columns=[*tables.REQUIRED, "probe_g", "reference_g"]))
    after = table.assign(score=table["score"].mask(table["probe_g"] == hostile, 0.3))

    write_report(drift_report(audit_drift(table, after, by=["g"], at=0.5, replicates=0), run=RUN), tmp_path)

    assert "<script>" not in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>" not in (tmp_path / "report.md").read_text(encoding="utf-8")

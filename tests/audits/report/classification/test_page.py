"""Reports on classifiers: the published example, what is left out when shared, names that are only text."""

import json
from pathlib import Path

import pandas as pd
import pytest

from audits.classification.audit import audit_classification
from audits.report import Background, Run, ShareLimits, write_report
from audits.report.classification.page import classification_report
from audits.report.classification.sentences import worst_findings
from audits.report.classification.sharing import suppress_predictions
from audits.tables.predictions import read_predictions

ROOT = Path(__file__).parents[4]
RUN = Run(("facerec", "audit"), (), None, {"python": "3"})


@pytest.fixture(scope="module")
def shades() -> pd.DataFrame:
    """IBM's counts of Gender Shades."""
    return read_predictions(ROOT / "data/gender_shades/counts.csv")


def test_published_example(shades, tmp_path):
    """The four groups of Gender Shades stand in the report with their published errors, the worst one in words."""
    audit = audit_classification(shades, by=["skin,gender"], positive="female")

    write_report(classification_report(audit, run=RUN), tmp_path)

    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    counted = {
        group["group"]: next(rate["counted"] for rate in group["rates"] if rate["rate"] == "error")
        for group in document["groups"]["skin,gender"]
    }
    assert counted == {"darker,female": 94, "darker,male": 38, "lighter,female": 21, "lighter,male": 1}
    said = worst_findings(audit.groupings[0])[0]
    assert said.standing == "warning"
    assert said.text.replace("\N{NO-BREAK SPACE}", " ").startswith(
        r"By skin,gender, error rates **differ**: darker,female 34.7 % (94 of 271"
    )


def test_what_was_stated_is_shown(shades, tmp_path):
    """Purpose and type of evaluation stand in the report, or that nobody stated them."""
    audit = audit_classification(shades, by=["gender"])
    stated = Background(purpose="sorting photos", evaluation="technology")
    for name, background in (("said", stated), ("silent", None)):
        write_report(classification_report(audit, run=RUN, background=background), tmp_path / name)
    said, silent = ((tmp_path / name / "report.md").read_text(encoding="utf-8") for name in ("said", "silent"))

    assert "sorting photos" in said
    assert "technology" in said
    assert silent.count("not stated") >= 2


def test_same_audit_gives_the_same_bytes(shades, tmp_path):
    """Two reports of one audit are equal, file by file."""
    audit = audit_classification(shades, by=["gender"])

    for name in ("one", "two"):
        write_report(classification_report(audit, run=RUN), tmp_path / name)

    assert {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()
    }


def test_small_groups_leave_every_file(tmp_path):
    """A small group goes, a second one with it, and what is computed over all groups."""
    rows = [("x", "x", "large")] * 30 + [("x", "y", "middle")] * 20 + [("x", "y", "tiny")] * 2
    table = pd.DataFrame([*rows, *rows], columns=["label", "prediction", "group"])
    audit = audit_classification(table, by=["group"])

    write_report(classification_report(audit, run=RUN, limits=ShareLimits(10, 10)), tmp_path)

    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert [group["group"] for group in document["groups"]["group"]] == ["large"]
    assert document["contrasts"]["group"] == []
    assert document["sharing"]["suppressed"]["group"]["groups"] == ["middle", "tiny"]
    for path in tmp_path.glob("*.csv"):
        assert "tiny" not in path.read_text(encoding="utf-8")


def test_a_few_rows_without_a_label_are_not_told(tmp_path):
    """How many rows lack a label is withheld where they are few, and a group goes so that no sum tells it."""
    rows = [("x", "x", "large")] * 60 + [("x", "y", "middle")] * 40 + [("x", "y", "")] * 3
    audit = audit_classification(pd.DataFrame(rows, columns=["label", "prediction", "group"]), by=["group"])

    write_report(classification_report(audit, run=RUN, limits=ShareLimits(10, 10)), tmp_path)

    document = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert document["unlabelled"]["group"] is None
    assert [group["group"] for group in document["groups"]["group"]] == ["large"]
    assert document["sharing"]["suppressed"]["group"]["rates"] == ["rows without a label"]
    assert "3 rows" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_intersections_protect_their_margins():
    """In a grouping that is shown beside a coarser one, a slice never lacks a single group."""
    sizes = {("a", "m"): 30, ("a", "f"): 3, ("b", "m"): 30, ("b", "f"): 30}
    rows = [("x", "x", *labels) for labels, size in sizes.items() for _ in range(size)]
    table = pd.DataFrame(rows, columns=["label", "prediction", "skin", "gender"])
    audit = audit_classification(table, by=["skin", "skin,gender"])

    shown, lost = suppress_predictions(audit, ShareLimits(10, 10))

    assert [group.group for group in shown.grouping("skin,gender").groups] == ["b,f", "b,m"]
    assert [each.by for each in lost] == ["skin,gender"]


def test_hostile_names_are_only_text(tmp_path):
    """Markup in a group or a class does nothing."""
    hostile = "<script>x</script>|`**"
    table = pd.DataFrame({"label": ["x", hostile] * 9, "prediction": ["x"] * 18, "g": [hostile, "b", "b"] * 6})

    write_report(classification_report(audit_classification(table, by=["g"]), run=RUN), tmp_path)

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page

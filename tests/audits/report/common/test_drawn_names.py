"""Names of groups that a drawing cannot hold: no warning, no empty boxes, and a key in the caption."""

import pandas as pd
import pytest

from audits.classification.audit import audit_classification
from audits.drift.audit import audit_drift
from audits.identification.audit import audit_identification
from audits.report import Run
from audits.report.classification.page import classification_report
from audits.report.common.charts import highest
from audits.report.common.drawn_names import drawn_key, drawn_names
from audits.report.drift.page import drift_report
from audits.report.verification.page import verification_report
from audits.statistics.intervals import estimate
from audits.verification.audit import audit_verification
from facerec.reporting import render_markdown
from facerec.types import Rate

RUN = Run(("facerec", "audit"), (), 0, {"python": "3"})


def _pairs(*names: str) -> pd.DataFrame:
    """Forty genuine and forty impostor pairs of each group, of which some are errors at 0.5."""
    rows = [
        (int(genuine), 0.9 if (number % 5 > 0) == genuine else 0.1, name)
        for name in names
        for number in range(40)
        for genuine in (True, False)
    ]
    return pd.DataFrame(rows, columns=["genuine", "score", "group"])


def _predictions(*names: str) -> pd.DataFrame:
    rows = [("x", "xy"[number % 7 == 0], name) for name in names for number in range(40)]
    return pd.DataFrame(rows, columns=["label", "prediction", "group"])


@pytest.mark.parametrize("name", ["\u5973", "\u0623\u0646\u062b\u0649", "\u05e0\u05e7\u05d1\u05d4", "\u0939\u093f"])
def test_other_scripts_get_a_number_and_a_key(name):
    """Chinese, Arabic, Hebrew and Devanagari are called by number, and the key says whose number it is."""
    assert drawn_names(["Zo\u00eb", "\u0416", name]) == {"Zo\u00eb": "Zo\u00eb", "\u0416": "\u0416", name: "group 3"}
    assert drawn_key(["a", name]) == f" Names that cannot be drawn: group 2 is {name}."


def test_a_group_that_is_called_like_a_number_is_not_mixed_up():
    """Where a group is really called group 2, numbers are written otherwise."""
    assert drawn_names(["group 2", "\u5973"])["\u5973"] == "no. 2"


def test_reports_are_drawn_without_a_warning():
    """No report warns of a missing letter (a warning is an error here), and each tells names and numbers."""
    table = _pairs("\u5973", "\u7537")
    reports = [
        verification_report(audit_verification(table, by=["group"], at=0.5, replicates=20), table, run=RUN),
        drift_report(audit_drift(table, table, by=["group"], at=0.5, replicates=0), run=RUN),
        classification_report(audit_classification(_predictions("\u5973", "\u7537"), by=["group"]), run=RUN),
    ]

    for report in reports:
        text = render_markdown(report.page)
        assert "group 1 is \u5973, group 2 is \u7537" in text
        assert "| \u5973 |" in text


def test_letters_of_another_case_are_pointed_out_everywhere():
    """Drift, classification and identification say that two groups differ in the case of letters only."""
    told = "by group, 'F' and 'f' are counted as different groups, though only the case of letters differs"
    table = _pairs("F", "f")
    gallery = pd.DataFrame({"subject": ["a", "b"], "group": ["F", "f"]})
    columns = ["search", "probe_subject", "probe_group", "candidate_subject", "score"]
    searched = pd.DataFrame([["1", "a", "F", "a", 0.9], ["2", "b", "f", "a", 0.8]], columns=columns)

    assert told in audit_drift(table, table, by=["group"], at=0.5, replicates=0).notes
    found = audit_classification(_predictions("F", "f"), by=["group"])
    assert found.notes == ("the class 'y' occurs only as a prediction", told)
    assert "only the case of letters differs" in render_markdown(classification_report(found, run=RUN).page)
    assert audit_identification(searched, gallery, threshold=0.5, by=["group"]).notes == (told,)


def test_of_many_groups_the_highest_are_drawn():
    """Of forty groups thirty are drawn, those with the highest rates and in their order; none without a rate."""
    rows = [(f"g{number}", estimate(Rate(number, 100 if number else 0))) for number in range(40)]

    drawn = highest(rows)

    assert [name for name, _ in drawn] == [f"g{number}" for number in range(10, 40)]
    assert highest(rows[:30]) == rows[:30]
    text = render_markdown(
        classification_report(
            audit_classification(_predictions(*(f"g{number}" for number in range(31))), by=["group"]), run=RUN
        ).page
    )
    assert "Of so many groups the 30 with the highest rates are drawn; the tables hold all." in text

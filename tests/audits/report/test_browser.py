"""The report of every kind of audit in a real browser: at three widths, light, dark and on paper."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.checks.coverage import Coverage, Proof
from audits.classification.audit import audit_classification
from audits.drift.audit import audit_drift
from audits.gate.claims import Claim, Limit, Policy
from audits.gate.verdict import judge
from audits.identification.audit import audit_identification
from audits.identification.even_mix import even_mixes
from audits.report import Background, InputFile, Run, ShareLimits, write_report
from audits.report.checks.page import proof_report
from audits.report.classification.page import classification_report
from audits.report.drift.page import drift_report
from audits.report.identification.page import identification_report
from audits.report.verification.page import verification_report
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.measure import tables
from facerec.measure.tables.vendor import VendorColumns, read_vendor
from tests.browsing import assert_loved, printed

ROOT = Path(__file__).parents[3]
RUN = Run(("facerec", "audit", "verification"), (InputFile("scores", "scores.csv", "0" * 64),), 0)
BACKGROUND = Background(labels_from="manual lists")
MANY = [
    "ants",
    "蚂蚁",
    "มด & <ผึ้ง>",
    "أنثى",
    "a name that is as long as names ever get, and longer",
    "f,60+",
    "x",
]

pytestmark = pytest.mark.browser


def _lfw():
    table = read_vendor(ROOT / "data/lfw/scores.csv", VendorColumns())
    audit = audit_verification(table, by=["gender"], at=AtFmr(0.01), replicates=20)
    return verification_report(audit, table, run=RUN, background=BACKGROUND)


def _policy_and_share():
    """With a policy that fails, passed on."""
    table = read_vendor(ROOT / "data/lfw/scores.csv", VendorColumns())
    audit = audit_verification(table, by=["gender"], at=AtFmr(0.01), replicates=20)
    claim = Claim("false matches at most 2 of 100", "rate", Limit("at_most", 0.02), rate="fmr", by="gender")
    verdict = judge(Policy("Gate", (claim,)), verification=audit)
    return verification_report(
        audit, table, run=RUN, background=BACKGROUND, verdict=verdict, limits=ShareLimits(10, 12)
    )


def _many_groups():
    """Seven groups with names of the whole world, and a second grouping; one without an error, one without a pair."""
    rng = np.random.default_rng(3)
    rows = []
    for place, group in enumerate(MANY):
        for number in range(200):
            genuine = number % 2 == 0
            other = number if genuine else (number + 1) % 200
            score = rng.normal(2.0 if genuine else -0.5 + 0.12 * place, 0.7) if group != "x" else 3.0 * genuine
            if not (group == "أنثى" and not genuine):
                age = "old" if number % 3 else "young"
                rows.append((f"{group}{number}", f"{group}{other}", genuine, score, group, age))
    columns = ["probe_subject", "reference_subject", "genuine", "score", "group", "age"]
    table = pd.DataFrame(rows, columns=columns)
    audit = audit_verification(table, by=["group", "age"], at=1.0, replicates=20)
    return verification_report(audit, table, run=RUN)


def _drift():
    table = tables.read(ROOT / "data/lfw/scores.csv")
    women = table["probe_gender"] == "female"
    after = table.assign(score=table["score"] + np.where(women, -0.05, 0.0))
    audit = audit_drift(table, after, by=["gender"], at=0.91, replicates=20)
    return drift_report(audit, run=RUN, background=BACKGROUND)


def _identification():
    gallery = pd.DataFrame([[f"{g}{n}", g] for g in "fm" for n in range(9)], columns=["subject", "gender"])
    rows = [
        [
            f"out-{gender}{number}",
            f"out-{gender}{number}",
            gender,
            who,
            0.9 if who == f"{gender}0" and number < n else 0.1,
        ]
        for gender, n in (("f", 7), ("m", 1))
        for number in range(40)
        for who in gallery["subject"]
    ]
    rows += [[who, who, gender, who, 0.9] for who, gender in gallery.itertuples(index=False)]
    columns = ["search", "probe_subject", "probe_gender", "candidate_subject", "score"]
    table = pd.DataFrame(rows, columns=columns)
    audit = audit_identification(table, gallery, threshold=0.5, by=["gender"])
    return identification_report(audit, even_mixes(table, gallery, audit), run=RUN, background=BACKGROUND)


def _classification():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    table = pd.DataFrame({"label": truth, "prediction": np.where(rng.random(600) < 0.1, (truth + 1) % 3, truth)})
    table = table.astype(str).assign(group=np.where(np.arange(600) % 4, "many", "few"))
    return classification_report(audit_classification(table, by=["group"]), run=RUN, background=BACKGROUND)


def _proof():
    cells = [
        Coverage(study, f"design {number}", "FMR", 0.01, 400, 12, 8 + 9 * number * number, 0.02, 0.018, 370)
        for study in ("rate of a group", "ratio of two groups")
        for number in range(4)
    ]
    return proof_report(Proof(tuple(cells), 400, 0), run=RUN)


MADE = [_lfw, _policy_and_share, _many_groups, _drift, _identification, _classification, _proof]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a report, once, and returns its page."""
    folder, pages = tmp_path_factory.mktemp("reports"), {}

    def write(made):
        if made not in pages:
            pages[made] = write_report(made(), folder / made.__name__.strip("_"))[0]
        return pages[made]

    return write


@pytest.mark.parametrize("made", MADE)
def test_every_kind_of_report_is_loved(browser, written, made):
    """Nothing cut, unreadable, undescribed, of poor contrast, or asked for; whatever groups are called."""
    assert_loved(browser, written(made))


@pytest.mark.parametrize("made", MADE)
def test_no_sheet_is_half_empty(browser, written, made, tmp_path):
    """Only the last may be less than two thirds full."""
    full = printed(browser, written(made), tmp_path / "report.pdf")

    assert [each for each in full[:-1] if each < 2 / 3] == []


def test_the_audit_of_lfw_takes_six_sheets_and_its_decision_one(browser, tmp_path):
    """The one sheet holds the headline, the picture, what to do and the lines to sign."""
    from dataclasses import replace

    report = write_report(replace(_lfw(), one_page=True), tmp_path)[0]

    assert len(printed(browser, report, tmp_path / "report.pdf")) <= 6
    assert len(printed(browser, tmp_path / "one-page.html", tmp_path / "one.pdf")) == 1
    here = browser.new_page()
    here.goto((tmp_path / "one-page.html").as_uri())
    text = here.inner_text("main")
    for words in ("more than twice as often", "57 of 1,000", "What to do", "How sure are we?", "Decided"):
        assert words in text
    here.close()
    assert_loved(browser, tmp_path / "one-page.html")


def test_on_a_phone_every_group_has_its_point_its_rate_and_its_interval(browser, written):
    """Of every group of the first picture, inside the window at 390 pixels."""
    here = browser.new_page(viewport={"width": 390, "height": 844})
    here.goto(written(_many_groups).as_uri())
    figure = here.locator("#figure-1")

    said = "\n".join(figure.locator(".panel text").all_text_contents())
    for name in ("ants", "蚂蚁", "มด & <ผึ้ง>", "أنثى", "f,60+"):
        assert said.count(name) == 2
    assert "not measured" in said
    assert "none of 100 pairs; at most" in said
    boxes = [each.bounding_box() for each in figure.locator(".panel circle, .panel path.line").all()]
    assert len(boxes) > 20
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    here.close()

"""The report of an audit in a real browser: what matters is shown, and nothing leaves the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audits.drift.audit import audit_drift
from audits.identification.audit import audit_identification
from audits.identification.even_mix import even_mixes
from audits.report import Background, Run, write_report
from audits.report.drift.page import drift_report
from audits.report.identification.page import identification_report
from audits.report.verification.page import verification_report
from audits.verification.audit import audit_verification
from audits.verification.thresholds import AtFmr
from facerec.measure import tables
from facerec.measure.tables.vendor import VendorColumns, read_vendor

ROOT = Path(__file__).parents[3]
RUN = Run((), (), 0)
BACKGROUND = Background(labels_from="manual lists")

pytestmark = pytest.mark.browser


def _verification():
    table = read_vendor(ROOT / "data/lfw/scores.csv", VendorColumns())
    audit = audit_verification(table, by=["gender"], at=AtFmr(0.01), replicates=20)
    return verification_report(audit, table, run=RUN, background=BACKGROUND)


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


@pytest.fixture(scope="module")
def browse(browser, tmp_path_factory):
    """Open a report, written once, with more options; returns what the browser prints."""
    folder = tmp_path_factory.mktemp("reports")
    pages = {}

    def run(report, *options):
        if report not in pages:
            pages[report] = write_report(report(), folder / report.__name__)[0]
        return browser(pages[report], *options)

    return run


@pytest.mark.parametrize(
    ("report", "texts", "drawings"),
    [
        (_verification, ("10 of 176", "missing"), 6),
        (
            _drift,
            ("<strong>Worse</strong> (thresholds held fixed):", "<strong>Better</strong>", "FNMR before and after"),
            1,
        ),
        (_identification, ("7 of 40", "FPIR if comparisons were independent"), 3),
    ],
)
def test_the_browser_shows_what_matters_and_asks_for_nothing(browse, browser, report, texts, drawings):
    """The verdict, the counts, the sources stand in the page; only the file itself was loaded."""
    dom = browse(report, "--dump-dom")

    for text in ("No policy was given", "manual lists", "Not meant for", *texts):
        assert text in dom
    assert dom.count('<img src="data:image/svg') >= drawings
    assert not browser.asked_the_network


@pytest.mark.parametrize(
    ("report", "colours"),
    [
        (_verification, {(0x00, 0x72, 0xB2): 500, (0x00, 0x22, 0x4E): 5000}),
        (_drift, {(0xD5, 0x5E, 0x00): 100}),
    ],
)
def test_the_page_is_painted(browse, tmp_path, report, colours):
    """The drawings' marks and the darkest cell of a matrix are on the screen: nothing was blocked."""
    browse(report, "--window-size=1200,6000", f"--screenshot={tmp_path / 'page.png'}")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).reshape(-1, 3).astype(int)

    for colour, least in colours.items():
        assert (abs(pixels - colour).max(axis=1) <= 8).sum() >= least

"""The report of an audit in a real browser: what matters is shown, and nothing leaves the page."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audits.report import Background, Run, write_report
from audits.report.verification_page import verification_report
from audits.thresholds import AtFmr
from audits.vendor import VendorColumns, read_vendor
from audits.verification import audit_verification

ROOT = Path(__file__).parents[2]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
_FLAGS += ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: install the package chromium to run this")


@pytest.fixture(scope="module")
def browse(tmp_path_factory):
    """Run the browser on the report of the committed LFW table; returns what it prints, and what it logged."""
    folder = tmp_path_factory.mktemp("browser")
    table = read_vendor(ROOT / "data/lfw/scores.csv", VendorColumns())
    audit = audit_verification(table, by=["gender"], at=AtFmr(0.01), replicates=20)
    report = verification_report(audit, table, run=Run((), (), 0), background=Background(labels_from="manual lists"))
    path = write_report(report, folder / "report")[0]

    def run(*options):
        log = folder / "net.json"
        command = [BROWSER, *_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", *options]
        done = subprocess.run([*command, path.as_uri()], check=True, capture_output=True, timeout=120)
        return done.stdout.decode("utf-8"), log.read_text(encoding="utf-8")

    return run


def test_the_browser_shows_what_matters_and_asks_for_nothing(browse):
    """The verdict, the counts, the hatched cell and the sources stand in the page; only the file itself was loaded."""
    dom, log = browse("--dump-dom")

    for text in ("No policy was given", "10 of 176", "manual lists", "missing", "Not meant for"):
        assert text in dom
    assert "<pattern" in dom
    assert dom.count("<svg") >= 6
    # The browser looks after itself on the network, too; only requests that a local page makes count here.
    assert not re.search(r'SiteForCookies: \{site=file:[^"]*","url":"http', log)


def test_the_page_is_painted(browse, tmp_path):
    """The drawings' blue and the darkest cell of the matrix are on the screen: nothing was blocked."""
    browse("--window-size=1200,4200", f"--screenshot={tmp_path / 'page.png'}")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).reshape(-1, 3).astype(int)

    for colour, least in (((0x00, 0x72, 0xB2), 500), ((0x00, 0x22, 0x4E), 5000)):
        assert (abs(pixels - colour).max(axis=1) <= 8).sum() >= least

"""The report of a transfer run in a real browser: what matters is shown, and nothing leaves the page."""

import re
import shutil
import subprocess

import pytest

from facerec.transfer.findings import judge
from facerec.transfer.report import write_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
_FLAGS += ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: install the package chromium to run this")


def test_the_browser_shows_what_matters_and_asks_for_nothing(make_bench, tmp_path):
    """Warning, verdict, marks, drawings and photos stand in the page; only the file itself was loaded."""
    bench = make_bench(warnings=("The photos are part of ImageNet.",))
    path = write_report(bench, judge(bench), tmp_path / "report").html
    log = tmp_path / "net.json"
    command = [BROWSER, *_FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom"]

    done = subprocess.run([*command, path.as_uri()], check=True, capture_output=True, timeout=120)

    dom = done.stdout.decode("utf-8")
    for text in ("part of ImageNet", "pre-training buys", "not distinguishable", "most frequent class"):
        assert text in dom
    assert dom.count('<img src="data:image/svg') >= 4
    assert dom.count('<img src="data:image/jpeg') == 6
    asked = log.read_text(encoding="utf-8")
    assert not re.search(r'SiteForCookies: \{site=file:[^"]*","url":"http', asked)

"""The page in a real browser."""

import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from facerec.reporting import Figure, Page, Section, write

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
_FLAGS += ["--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here: install the package chromium to run this")


@pytest.fixture(scope="module")
def browse(page, tmp_path_factory):
    """Run the browser on the sample page with more options; returns what it prints."""
    folder = tmp_path_factory.mktemp("browser")
    path = write(page, folder / "page").html

    def run(*options):
        command = [BROWSER, *_FLAGS, f"--user-data-dir={folder / 'profile'}", *options, path.as_uri()]
        return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout.decode("utf-8")

    return run


def test_the_browser_shows_the_text_that_matters(browse):
    """Verdict, numbers, absent numbers and hostile names are in the page as the browser understood it."""
    dom = browse("--dump-dom")

    for text in ("Insufficient evidence", "0.0123", "not measured", "&lt;script&gt;alert('1')&lt;/script&gt;"):
        assert text in dom
    assert "<script" not in dom
    assert dom.count('<img src="data:image/svg+xml,') == 3


def test_the_page_is_painted_with_its_colours(browse, tmp_path):
    """The verdict's vermilion, the drawings' blue and the photo's skin tone are on the screen: nothing was blocked."""
    browse("--window-size=1200,3600", f"--screenshot={tmp_path / 'page.png'}")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).reshape(-1, 3).astype(int)

    for colour, least in (((0xB3, 0x47, 0x00), 100), ((0x00, 0x72, 0xB2), 100), ((222, 186, 160), 5000)):
        assert (abs(pixels - colour).max(axis=1) <= 6).sum() >= least


def test_a_hostile_drawing_neither_acts_nor_loads(tmp_path):
    """A script, a handler and a foreign image in a drawing: the page is as it was, and nothing was asked for."""
    inside = "<script>top.document.title = 'acted'</script><image href='http://127.0.0.1:9/asked' onerror='1'/>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90" onload="top.x = 1">{inside}</svg>'
    path = write(Page("calm", "", (Section("s", (Figure(svg, "hostile"),)),)), tmp_path).html
    log = tmp_path / "net.json"

    command = [BROWSER, *_FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom"]
    dom = subprocess.run([*command, path.as_uri()], check=True, capture_output=True, timeout=120).stdout.decode()

    assert "<title>calm</title>" in dom
    assert "127.0.0.1:9" not in log.read_text(encoding="utf-8")

"""The page in a real browser."""

import numpy as np
import pytest
from PIL import Image

from facerec.reporting import Figure, Page, Section, write

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browse(browser, page, tmp_path_factory):
    """Open the sample page with more options; returns what the browser prints."""
    path = write(page, tmp_path_factory.mktemp("page") / "page").html
    return lambda *options: browser(path, *options)


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


def test_a_hostile_drawing_neither_acts_nor_loads(browser, tmp_path):
    """A script, a handler and a foreign image in a drawing: the page is as it was, and nothing was asked for."""
    inside = "<script>top.document.title = 'acted'</script><image href='http://127.0.0.1:9/asked' onerror='1'/>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90" onload="top.x = 1">{inside}</svg>'
    path = write(Page("calm", "", (Section("s", (Figure(svg, "hostile"),)),)), tmp_path).html

    dom = browser(path, "--dump-dom")

    assert "<title>calm</title>" in dom
    assert "127.0.0.1:9" not in browser.log

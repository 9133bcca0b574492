"""The page in a real browser: at every width, light and dark, and on paper."""

import numpy as np
import pytest
from PIL import Image

from facerec.reporting import Figure, Page, Section, Text, axes, write
from facerec.reporting.drawings import Whisker, Whiskers
from tests.browsing import assert_loved, printed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(page, tmp_path_factory):
    """The sample page on disk."""
    return write(page, tmp_path_factory.mktemp("page") / "page").html


def test_the_page_is_loved(browser, path):
    """Nothing is cut, unreadable, undescribed or asked for."""
    assert_loved(browser, path)


def test_the_browser_shows_the_text_that_matters(browser, path):
    """Verdict, numbers, absent numbers and hostile names are in the page as the browser understood it."""
    here = browser.new_page()
    here.goto(path.as_uri())

    text = here.inner_text("body")
    for words in ("Insufficient evidence", "1.23 %", "not measured", "<script>alert('1')</script>", "men 男"):
        assert words in text
    assert here.locator("script").count() == 0
    here.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_painted_with_its_colours(browser, path, tmp_path, scheme):
    """The drawings' blue of the scheme and the photo's skin tone are on the screen: nothing was blocked."""
    here = browser.new_page(color_scheme=scheme)
    here.goto(path.as_uri())
    here.screenshot(path=tmp_path / "page.png", full_page=True)
    here.close()
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).reshape(-1, 3).astype(int)

    blue = (0x00, 0x72, 0xB2) if scheme == "light" else (0x56, 0xA9, 0xE8)
    for colour, least in ((blue, 100), ((222, 186, 160), 5000)):
        assert (abs(pixels - colour).max(axis=1) <= 6).sum() >= least


def test_tables_are_cards_on_a_phone_and_keep_their_roles(browser, path):
    """Each number stands below its row's name, beside that of its column, inside the window."""
    here = browser.new_page(viewport={"width": 390, "height": 800})
    here.goto(path.as_uri())

    row = here.get_by_role("row").filter(has=here.get_by_role("rowheader", name="women", exact=True))
    cell = row.get_by_role("cell").filter(has_text="1.23 %")
    assert cell.evaluate("each => getComputedStyle(each, '::before').content") == '"FMR"'
    assert "0.9 to 1.68\N{NO-BREAK SPACE}%" in cell.inner_text()
    box, name = cell.bounding_box(), row.get_by_role("rowheader").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] > name["y"]
    here.close()


def test_paper_is_numbered_headed_and_open(browser, tmp_path):
    """A page of many paragraphs: no sheet but the last is less than two thirds full; what folds is there."""
    import pypdfium2

    filler = "\n\n".join(["A paragraph of some words that say something of the thing. " * 6] * 14)
    rows = tuple(Whisker(f"g{n}", 0.1 * n, 0.05 * n, 0.15 * n, f"{n} of 10") for n in range(1, 6))
    figure = Figure((Whiskers("", axes.linear("x", [1.0], start=0), rows),), "Five rows with intervals", title="Rows")
    sections = tuple(Section(f"Part {n}", (Text(filler), figure)) for n in range(4))
    made = Page("A title", "s", (*sections, Section("Folded", (Text("hidden words"),), "folded")), kind="A kind \\ \"'")
    path = write(made, tmp_path).html

    full = printed(browser, path, tmp_path / "page.pdf")

    assert len(full) > 2
    assert min(full[:-1]) > 2 / 3
    with pypdfium2.PdfDocument(tmp_path / "page.pdf") as document:
        texts = [sheet.get_textpage().get_text_bounded() for sheet in document]
    assert all(f"{number} of {len(full)}" in text for number, text in enumerate(texts, 1))
    assert "A kind \\ \"'" in texts[1]
    assert "hidden words" in texts[-1]

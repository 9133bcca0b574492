"""What tests of pages share: the Chromium of this machine, axe-core, and what every page has to keep to."""

import base64
import hashlib
import io
import os
import shutil
import tarfile
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import cache

import pytest

AXE = "4.14.1"
AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
WIDTHS = (1280, 768, 390)
SCHEMES = ("light", "dark")


@contextmanager
def chromium(*flags: str):
    """A browser without a window; the test skips where there is none, or nothing to drive it with."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no Chromium here: install the package chromium to run this")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright drives the browser")
    more = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=[*flags, *more])
        yield browser
        browser.close()


@cache
def axe_core() -> str:
    """The script of axe-core, as npm's registry has it, and no other; the test skips where it cannot be had."""
    url = f"https://registry.npmjs.org/axe-core/-/axe-core-{AXE}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            archive = answer.read()
    except (urllib.error.URLError, TimeoutError) as error:
        pytest.skip(f"axe-core cannot be had from npm's registry: {error}")
    found = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    assert f"sha512-{found}" == AXE_INTEGRITY, "this is not the axe-core that was asked for"
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return files.extractfile("package/axe.min.js").read().decode("utf-8")


_SEEN = """() => {
  const box = (each) => each.getBoundingClientRect();
  const shown = (each) => each.checkVisibility() && box(each).width > 0;
  const inside = [...document.querySelectorAll("figure svg text, figure svg circle, figure svg path")].filter(shown);
  return {
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headings: [...document.querySelectorAll("h1, h2, h3, h4")].map((each) => Number(each.tagName[1])),
    figures: document.querySelectorAll("figure").length,
    described: [...document.querySelectorAll("figure [role=img], figure img")]
      .filter((each) => (each.getAttribute("aria-label") || each.alt || "").trim().length > 10).length,
    drawn: [...document.querySelectorAll("figure")].every((each) =>
      [...each.querySelectorAll("svg, img")].some(shown)),
    cut: inside.filter((each) => {
      const own = box(each), whole = box(each.ownerSVGElement);
      return own.left < whole.left - 3 || own.right > whole.right + 3 || own.bottom > whole.bottom + 3;
    }).map((each) => each.outerHTML.slice(0, 120)),
    smallest: Math.min(...inside.filter((each) => each.tagName == "text").map((each) =>
      parseFloat(getComputedStyle(each).fontSize) * box(each.ownerSVGElement).width /
        each.ownerSVGElement.viewBox.baseVal.width), 99),
    background: Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]),
  };
}"""


def assert_loved(browser, path) -> None:
    """What every page keeps to, at every width, light and dark, whether or not it is folded open.

    Nothing is wider than the window, every figure is drawn, described and whole, and its letters can be read; one h1
    and no heading skipped; axe-core finds nothing, contrast included; the file asks for nothing but itself.
    """
    for scheme in SCHEMES:
        context = browser.new_context(bypass_csp=True, color_scheme=scheme)
        page = context.new_page()
        page.add_init_script(axe_core())
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path.as_uri())
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            seen, where = page.evaluate(_SEEN), f"{path.parent.name}, {width} px, {scheme}"
            assert seen["over"] <= 0, where
            assert seen["headings"].count(1) == 1, where
            assert all(b - a <= 1 for a, b in zip(seen["headings"], seen["headings"][1:], strict=False)), where
            assert seen["described"] == seen["figures"], where
            assert seen["drawn"], where
            assert not seen["cut"], where
            assert seen["smallest"] >= 8, where
            assert (seen["background"] > 200) == (scheme == "light"), where
        told = page.evaluate("axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))")
        assert told["passes"] > 10  # it looked
        assert not [f"{each['id']}: {node['html']}" for each in told["violations"] for node in each["nodes"]]
        assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
        context.close()


def printed(browser, path, pdf) -> list[float]:
    """Print a page, and return how full each sheet is: the lowest ink above the page number, 0 … 1."""
    import pypdfium2

    page = browser.new_page()
    page.goto(path.as_uri())
    page.pdf(path=pdf, prefer_css_page_size=True, print_background=True)
    page.close()
    with pypdfium2.PdfDocument(pdf) as document:
        return [_full(sheet.render(scale=0.5, grayscale=True).to_numpy().squeeze()) for sheet in document]


def _full(pixels) -> float:
    top, bottom = round(0.06 * len(pixels)), round(0.945 * len(pixels))
    inked = (pixels[top:bottom] < 200).any(axis=1).nonzero()[0]
    return float((inked.max() + 1) / (bottom - top)) if len(inked) else 0.0

"""The interactive page computes what the formulas of the lecture and PyTorch say, and holds nothing but counts."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from counting import basic_block, bottleneck, convolution, depthwise_separable, fully_connected

LECTURE = Path(__file__).parents[2] / "docs/lecture"
PAGE = LECTURE / "interactive.html"


@pytest.fixture(scope="module")
def source() -> str:
    """The page as it is stored."""
    return PAGE.read_text(encoding="utf-8")


def _script(source: str, name: str) -> str:
    return re.search(rf'<script[^>]* id="{name}">(.*?)</script>', source, re.DOTALL)[1]


def test_the_page_is_small_and_self_contained(source) -> None:
    """At most 60 kB, no address to load, no module."""
    assert PAGE.stat().st_size <= 60_000
    assert not re.search(r"https?://(?!www\.w3\.org)|<link|@import|import\(|fetch\(|XMLHttpRequest", source)


def test_the_page_holds_the_counts(source) -> None:
    """Those of the recipe, and nothing that could name a person."""
    held = json.loads(_script(source, "scores"))

    assert held == json.loads((LECTURE / "score_histograms.json").read_text(encoding="utf-8"))
    for each in held["sets"]:
        assert set(each) == {"name", "note", "groups", "mated_of_all"}
        for group in each["groups"]:
            assert set(group) == {"name", "non_mated", "mated"}
            assert all(isinstance(count, int) for count in group["non_mated"])


def test_formulas_in_the_page_are_the_lectures(source) -> None:
    """On forty random blocks of each kind, by node."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None:
        pytest.skip("no node here: the same is checked in a browser")
    random = np.random.default_rng(0)
    calls, wanted = [], []
    for _ in range(40):
        a, b, groups = (int(2**each) for each in random.integers(0, 6, 3))
        side, kernel = int(random.integers(1, 20)), int(random.choice([1, 3, 5]))
        calls += [
            ["fully_connected", [a, b]],
            ["convolution", [a * groups, b * groups, kernel, side, groups, 1]],
            ["depthwise_separable", [a, b, kernel, side]],
            ["basic_block", [a, side]],
            ["bottleneck", [a, b * groups, groups, side]],
        ]
        wanted += [
            fully_connected(a, b),
            convolution(a * groups, b * groups, kernel=kernel, side=side, groups=groups, bias=True),
            depthwise_separable(a, b, kernel=kernel, side=side),
            basic_block(a, side=side),
            bottleneck(a, width=b * groups, groups=groups, side=side),
        ]
    program = (
        f"{_script(source, 'formulas')}; const calls = {json.dumps(calls)};"
        "console.log(JSON.stringify([calls.map(([name, given]) => formulas[name](...given)), reached([1, 2, 3], 1)]));"
    )
    printed = subprocess.run([node, "-e", program], check=True, capture_output=True, timeout=60).stdout
    found, reached = json.loads(printed)

    assert [(each["parameters"], each["macs"]) for each in found] == [tuple(each) for each in wanted]
    assert reached == [5, 6]


@pytest.mark.browser
def test_the_page_in_a_browser(browser) -> None:
    """It opens with the exercise's numbers and with rates that the counts give; it asks the network for nothing."""
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(PAGE.as_uri())
    dom = html.unescape(page.content())
    page.close()
    counts = json.loads((LECTURE / "score_histograms.json").read_text(encoding="utf-8"))

    for number in ("12,583,168", "7,168", "113,246,208"):
        assert f">{number}<" in dom
    for group in counts["sets"][0]["groups"]:
        assert f'data-value="{sum(group["non_mated"][353:])}/{sum(group["non_mated"])}"' in dom
    assert asked == [PAGE.as_uri()]

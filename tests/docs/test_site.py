"""The site of the documentation: no warning, no broken link, and nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class _Page(HTMLParser):
    """What a page leads to, what it loads, and where in it one can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = set()
        self.without_words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if place := given.get("id") or given.get("name"):
            self.places.add(place)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("href") and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(given["href"])
        if tag == "img" and not given.get("alt"):
            self.without_words.append(given.get("src", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built anew; a warning is an error."""
    goal = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-E", str(ROOT / "docs"), str(goal)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return goal


@pytest.fixture(scope="module")
def read(site) -> dict[Path, _Page]:
    """Every page of the documentation itself; reports have tests of their own."""
    found = (each for each in site.rglob("*.html") if not {"reports", "data"} & set(each.relative_to(site).parts[:1]))
    return {each: _Page(each.read_text(encoding="utf-8")) for each in sorted(found)}


def test_every_link_within_the_site_leads_somewhere(site, read):
    """Pages, places on them, and the published reports beside them are there."""
    broken = []
    for page, content in read.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            goal = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            places = read[goal].places if goal in read else {unquote(parts.fragment)}
            if not goal.is_file() or (parts.fragment and unquote(parts.fragment) not in places):
                broken.append((page.relative_to(site).as_posix(), link))

    assert broken == []


def test_nothing_is_loaded_from_elsewhere(read):
    """No script, picture, style or font of another host: the site can be read without a network."""
    foreign = [(page.name, each) for page, content in read.items() for each in content.loaded if urlsplit(each).netloc]

    assert foreign == []


def test_styles_load_nothing_from_elsewhere(site):
    """Nor do the styles."""
    found = [
        each.name for each in site.rglob("*.css") if re.search(r"url\(['\"]?(https?:)?//", each.read_text("utf-8"))
    ]

    assert found == []


def test_pictures_are_told_in_words(read):
    """Every picture has a text for those who do not see it."""
    assert [(page.name, each) for page, content in read.items() for each in content.without_words] == []


def test_links_out_of_the_repository_are_few_and_secure(read):
    """What leads to other hosts is encrypted."""
    assert [each for content in read.values() for each in content.links if each.startswith("http://")] == []

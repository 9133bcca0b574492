"""The HTML page: well-formed, self-contained, escaped."""

from html.parser import HTMLParser

import pytest

from facerec.reporting import Column, Facts, Figure, Page, Picture, Section, Table, Text, plain, render_html
from facerec.reporting.drawings import Dots, OutOf

_VOID = {"meta", "img", "br", "link", "input", "hr", "source", "base"}
HOSTILE = "</title><script>alert('1')</script><img src=x onerror=alert(1)> \" ' & \0"


class Reader(HTMLParser):
    """Collects what a page holds and insists that every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        """Remember the element as open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Remember the element."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Insist that the innermost element is meant."""
        assert self.open, f"</{tag}> closes nothing"
        assert tag == self.open.pop()

    def handle_data(self, data):
        """Remember text that is no style."""
        if self.open[-1:] != ["style"]:
            self.text.append(data)


def read(html):
    """Parse `html` to the end and return the reader."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def html(page):
    """The sample page as HTML."""
    return render_html(page)


def test_the_page_is_balanced_and_has_its_landmarks(html):
    """Header, contents, main part, sections with headings, and one of each where there must be one."""
    tags = [tag for tag, _ in read(html).elements]

    assert [tags.count(tag) for tag in ("html", "header", "nav", "main", "h1", "section", "h2")] == [
        1,
        1,
        1,
        1,
        1,
        4,
        4,
    ]


def test_nothing_is_loaded_from_anywhere(html):
    """Only data: URIs and fragments are referred to, save for plain links; the policy forbids the rest."""
    elements = read(html).elements
    policy = next(a["content"] for tag, a in elements if a.get("http-equiv") == "Content-Security-Policy")

    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in elements}
    for tag, attributes in elements:
        assert attributes.get("src", "data:").startswith("data:")
        assert tag == "a" or attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_ids_are_unique_and_references_lead_somewhere(html):
    """Nothing on a page has the name of another thing, and the contents lead to the sections."""
    elements = read(html).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    fragments = {a["href"][1:] for _, a in elements if a.get("href", "").startswith("#")}

    assert len(ids) == len(set(ids))
    assert len(fragments) == len([tag for tag, _ in elements if tag == "section"])
    assert fragments <= set(ids)


def test_equal_titles_have_different_anchors():
    """Two sections of one name, and one that is named like a numbered one, can all be linked to."""
    titles = ["A b", "A b", "A b 2", "!", "女性"]
    elements = read(render_html(Page("t", "", tuple(Section(title, ()) for title in titles)))).elements

    assert [a["id"] for tag, a in elements if tag == "section"] == ["a-b", "a-b--2", "a-b-2", "section", "女性"]


def test_every_illustration_is_described(html, page):
    """Pictures and drawings have alt texts; drawings themselves, and the marks beside words, are none to read."""
    elements = read(html).elements

    told = [a.get("alt", a.get("aria-label")) for tag, a in elements if tag == "img" or a.get("role") == "img"]
    assert told == [item.alt for item in page.illustrations()]
    assert all(a.get("aria-hidden") == "true" for tag, a in elements if tag == "svg")


def test_a_drawing_alone_is_there_for_wide_and_for_narrow_screens(html):
    """One of several stands beside the others, and is narrow anyway."""
    kinds = [a.get("class") for tag, a in read(html).elements if tag == "div"]

    assert [kinds.count(kind) for kind in ("wide", "narrow", "panel")] == [2, 2, 2]


def test_running_heads_are_strings_whatever_they_hold():
    """A title that would end the string, the rule or the style does nothing."""
    hostile = '"; } </style><script>1</script> \\ é 女'
    html = render_html(Page("t", "", (), kind=hostile, source=hostile))
    style = html[html.index("<style>") : html.index("</style>")]

    assert "script" not in {tag for tag, _ in read(html).elements}
    heads = style[style.rindex("@page") : style.rindex("@media")]
    assert heads.count('"') == 4
    assert "\\000022\\00003b" in heads


def test_tables_say_what_heads_what(html):
    """Every table has a caption and a header for each column and each row."""
    elements = read(html).elements
    scopes = [a.get("scope") for tag, a in elements if tag == "th"]

    assert [tag for tag, _ in elements].count("caption") == 2
    assert (scopes.count("col"), scopes.count("row")) == (7 + 4, 5 + 3)  # an interval stands below its rate
    assert "not measured" in html


def test_hostile_text_is_text_everywhere():
    """Markup in any string of a page is shown and never becomes an element."""
    svg = (Dots(HOSTILE, (OutOf(HOSTILE, HOSTILE, 1, 2),)),)
    said = plain(HOSTILE)
    table = Table(said, (Column(HOSTILE), Column(HOSTILE, "code")), ((HOSTILE, HOSTILE),), notes=(said,))
    blocks = (
        Text(f"{said} **{said}** `x{said}`"),
        table,
        Facts(((HOSTILE, HOSTILE),)),
        Figure(svg, HOSTILE, said),
        Picture(b"\xff\xd8\xff", HOSTILE, said),
    )
    page = Page(HOSTILE, said, (Section(HOSTILE, blocks),))
    reader = read(render_html(page))

    assert "script" not in {tag for tag, _ in reader.elements}
    assert [a["src"][:5] for tag, a in reader.elements if tag == "img"] == ["data:"]
    assert "".join(reader.text).count("</title><script>alert('1')</script>") == 21

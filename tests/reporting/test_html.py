"""The HTML page: well-formed, self-contained, escaped."""

from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from facerec.reporting import Column, Facts, Figure, Page, Picture, Section, Table, Text, plain, render_html

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
    """Pictures and drawings have alt texts; the marks beside words are none to read."""
    elements = read(html).elements

    assert [a["alt"] for tag, a in elements if tag == "img"] == [item.alt for item in page.illustrations()]
    assert all(a.get("aria-hidden") == "true" for tag, a in elements if tag == "svg")


@pytest.mark.parametrize(
    "inside",
    [
        "<script>document.title = 'x'</script>",
        "<style>* { display: none }</style>",
        '<g onclick="1" id="figure-1">\n</g>',
        '<image href="https://example.org/x.png"/>',
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><img src='x' onerror='1'/></body></foreignObject>",
        '</svg>"><script>1</script>',
    ],
)
def test_a_drawing_is_an_image_whatever_it_holds(inside):
    """Scripts, styles, handlers, ids and references of a drawing stay in the image; the page has none of them."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{inside}</svg>'
    html = render_html(Page("t", "", (Section("s", (Figure(svg, "a drawing"),)),)))
    elements = read(html).elements
    (image,) = (attributes for tag, attributes in elements if tag == "img")

    assert image["src"].startswith("data:image/svg+xml,")
    assert unquote(image["src"].partition(",")[2]) == " ".join(svg.split())
    assert not {"svg", "script", "image", "body", "foreignobject"} & {
        tag for tag, _ in elements[elements.index(("body", {})) + 1 :]
    }
    assert "display: none }" not in html


def test_tables_say_what_heads_what(html):
    """Every table has a caption and a header for each column and each row."""
    elements = read(html).elements
    scopes = [a.get("scope") for tag, a in elements if tag == "th"]

    assert [tag for tag, _ in elements].count("caption") == 2
    assert (scopes.count("col"), scopes.count("row")) == (8 + 4, 5 + 3)
    assert "not measured" in html


def test_hostile_text_is_text_everywhere():
    """Markup in any string of a page is shown and never becomes an element."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    said = plain(HOSTILE)
    table = Table(said, (Column(HOSTILE), Column("c", "code")), ((HOSTILE, HOSTILE),), notes=(said,))
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
    assert [a["src"][:5] for tag, a in reader.elements if tag == "img"] == ["data:", "data:"]
    assert "".join(reader.text).count("</title><script>alert('1')</script>") == 16

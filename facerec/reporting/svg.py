"""Drawings made safe to stand inside a page, several on the same one.

A drawing comes as a file of its own: with a prolog, metadata, a style sheet that would reach every element of the
page, and ids that its neighbours use too. `rewrite` keeps what draws, refuses what could act or load, and gives the
ids a prefix. Whatever wrote the file, the result is the same text for the same drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from facerec.errors import ArgumentError

_NAMESPACE = "http://www.w3.org/2000/svg"
_DRAWS = frozenset(
    {"svg", "g", "defs", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}
    | {"image", "clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop", "title", "desc"}
)
# Left out without a word: what describes the file, and the style sheet, which would reach the whole page.
_DROPS = frozenset({"metadata", "style"})
_EMBEDDED = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
_URL = re.compile(r"url\(\s*['\"]?(?P<target>[^)'\"]*)['\"]?", re.IGNORECASE)
# Functions that a style may call; image-set() and src() load without the word url.
_CALL = re.compile(r"([\w-]+)\(")
_FUNCTIONS = frozenset({"url", "rgb", "rgba", "hsl", "hsla", "translate", "rotate", "scale", "matrix"})


def rewrite(svg: str, *, prefix: str = "", title: str = "") -> str:
    """Return a drawing as one ``svg`` element, as it may stand in HTML or in a file.

    Parameters
    ----------
    svg : str
        An SVG document. Entities, metadata, comments and style sheets are left out, and so is an existing title of
        the drawing.
    prefix : str
        Put before every id; letters, digits and hyphens, a letter first.
    title : str
        What the drawing shows; becomes its name for a screen reader.

    Raises
    ------
    ArgumentError
        If the text is not SVG, or holds an element or an attribute that does more than draw: scripts, event
        handlers, links, foreign objects, references to anything outside the drawing.

    Notes
    -----
    Ids that nothing refers to are left out; the others are numbered in the order in which they appear, so that ids
    which a drawing program makes up at random do not make two runs differ.
    """
    root = _parsed(svg)
    if _name(root.tag) != "svg":
        message = f"a drawing must be an svg element; got {_name(root.tag)}"
        raise ArgumentError(message)
    for element in list(root.iter()):
        for child in [child for child in element if _name(child.tag) in _DROPS]:
            element.remove(child)
    for child in [child for child in root if _name(child.tag) == "title"]:
        root.remove(child)
    _check(root)
    ids = _new_ids(root, prefix)
    root.attrib.pop("version", None)
    root.set("role", "img")
    if title:
        root.set("aria-label", title)
        first = ET.Element(f"{{{_NAMESPACE}}}title")
        first.text = title
        root.insert(0, first)
    return "".join(_written(root, ids, outermost=True))


def _parsed(svg: str) -> ET.Element:
    # A document type may define entities that grow without bound; drawings only name one.
    if "<!ENTITY" in svg.upper():
        message = "a drawing must not define entities"
        raise ArgumentError(message)
    try:
        return ET.fromstring(svg)  # noqa: S314 - entities, the danger meant here, are refused above
    except ET.ParseError as error:
        message = f"a drawing must be well-formed SVG: {error}"
        raise ArgumentError(message) from None


def _name(qualified: str) -> str:
    return qualified.rpartition("}")[2]


def _check(root: ET.Element) -> None:
    for element in root.iter():
        name = _name(str(element.tag))
        if name not in _DRAWS or not str(element.tag).startswith(("{" + _NAMESPACE, name)):
            message = f"a drawing in a report only draws; it holds an element {name!r}"
            raise ArgumentError(message)
        for key, value in element.attrib.items():
            attribute = _name(key).lower()
            outside = attribute in ("href", "src") and not (value.startswith("#") or _EMBEDDED.fullmatch(value))
            outside = outside or any(not url["target"].startswith("#") for url in _URL.finditer(value))
            # A backslash in CSS can spell url( in a way that the lines above do not see.
            strange = attribute == "style" and ("\\" in value or not _FUNCTIONS.issuperset(_CALL.findall(value)))
            if outside or strange or attribute.startswith("on"):
                message = f"a drawing in a report loads and does nothing; it holds {attribute}={value[:60]!r}"
                raise ArgumentError(message)


def _references(value: str, attribute: str) -> Iterator[str]:
    if attribute == "href" and value.startswith("#"):
        yield value[1:]
    for url in _URL.finditer(value):
        yield url["target"][1:]


def _new_ids(root: ET.Element, prefix: str) -> dict[str, str]:
    used = {
        target
        for element in root.iter()
        for key, value in element.attrib.items()
        for target in _references(value, _name(key))
    }
    present = [identity for element in root.iter() if (identity := element.get("id")) in used and identity]
    return {old: f"{prefix}{number}" if prefix else f"id{number}" for number, old in enumerate(present, 1)}


def _written(element: ET.Element, ids: dict[str, str], *, outermost: bool = False) -> Iterator[str]:
    name = _name(element.tag)
    yield f"<{name}"
    if outermost:
        yield f' xmlns="{_NAMESPACE}"'
    for key, value in element.attrib.items():
        attribute = _name(key)
        if key.startswith("{http://www.w3.org/XML/"):
            continue
        if attribute == "id":
            if value in ids:
                yield f' id="{ids[value]}"'
            continue
        if attribute == "href" and value.startswith("#"):
            value = "#" + ids.get(value[1:], "")  # noqa: PLW2901 - the same attribute, with its new id
        value = _URL.sub(lambda url: f"url(#{ids.get(url['target'][1:], '')}", value)  # noqa: PLW2901
        yield f" {attribute}={quoteattr(value)}"
    yield ">"
    text = element.text or ""
    yield escape(text) if text.strip() else ""
    for child in element:
        yield from _written(child, ids)
        yield escape(child.tail or "") if name in ("text", "tspan") else ""
    yield f"</{name}>"
    yield "\n" if name in ("g", "defs", "svg") else ""

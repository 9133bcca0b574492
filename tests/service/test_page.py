"""The files of the page and how they are served; what the page asks the service for besides."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image as Pictures
from starlette.testclient import TestClient

import facerec.service
from facerec.cli import serve
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.galleries import place_of_state
from facerec.service.problems import PROBLEMS
from facerec.service.settings import Settings
from facerec.service.state import State
from facerec.testing import made_photo, made_point, made_recognizer

FOLDER = Path(facerec.service.__file__).parent / "page"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a service, with a key that may do everything."""
    folder = str(tmp_path_factory.mktemp("galleries"))
    state = State(place_of_state(folder))
    key, token = keys.new_key("the first key", keys.scopes_of(["admin"]), now=keys.now())
    state.add_first_key(key)
    app = create_app(Settings(folder), made_recognizer(), state=state, points=[made_point()])
    with TestClient(app, base_url="http://localhost", headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.post("/v1/galleries", json={"id": "staff"}).status_code == 201
        yield client


def _photo(*people, size=64):
    content = io.BytesIO()
    Pictures.fromarray(made_photo(*people, size=size)).save(content, "PNG")
    return ("photo.png", content.getvalue(), "image/png")


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES)
def test_every_file_of_the_page_is_served_as_it_is(client, path):
    """Without a key, with its type; a browser that has it is told so, and gets no body."""
    answer = client.get(f"/page/{path}", headers={"Authorization": ""})

    assert answer.status_code == 200
    assert answer.content == (FOLDER / path).read_bytes()
    assert answer.headers["content-type"].split(";")[0] == TYPES[Path(path).suffix]
    assert answer.headers["cache-control"] == "no-cache"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]

    again = client.get(f"/page/{path}", headers={"If-None-Match": f'"other", W/{answer.headers["etag"]}'})

    assert (again.status_code, again.content) == (304, b"")


def test_the_address_of_the_service_is_the_page(client):
    """GET / is index.html."""
    assert client.get("/").content == (FOLDER / "index.html").read_bytes()
    assert client.head("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "page/../app.py",
        "page/%2e%2e/app.py",
        "page/..%2fapp.py",
        "page/lib/%2e%2e/%2e%2e/keys.py",
        "page//etc/passwd",
        "page/%2fetc%2fpasswd",
        "page/lib",
        "page/lib/",
        "page/",
        "page/nothing.js",
        "page/app.js%00.css",
        "page/..%5capp.py",
    ],
)
def test_nothing_but_the_files_of_the_page_is_served(client, path):
    """Whatever leads out of the folder, or to nothing, is answered with the problem document."""
    answer = client.get(f"/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown_resource"


def test_markup_is_written_in_one_file_only():
    """Everything goes through the one function that escapes."""
    writers = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\(|Function\(")

    assert [path for path in FILES if writers.search(_text(path))] == ["lib/html.js"]


def test_no_file_names_another_address():
    """No script, style, font or picture from elsewhere: the one address that stands there names a format."""
    for path in FILES:
        text = _text(path).replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|(src|href)=\"//|:\s*url\(|@import", text), path


def test_no_file_needs_more_than_the_policy_allows():
    """No style or handler stands in markup, since neither would be obeyed."""
    for path in FILES:
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style|<script(?! type=\"module\" src=)", _text(path)), path


def test_every_module_is_used_and_every_import_is_there():
    """From app.js all modules are reached."""
    seen, todo = set(), ["app.js"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        named = re.findall(r"^(?:import .*|}) from \"(.+?)\";$", _text(path), re.MULTILINE)
        todo += [(FOLDER / path).parent.joinpath(each).resolve().relative_to(FOLDER).as_posix() for each in named]
    assert sorted(seen) == [path for path in FILES if path.endswith(".js")]


def test_lines_of_the_page_are_short():
    """As in Python: 120 characters."""
    assert not [path for path in FILES if any(len(line) > 120 for line in _text(path).splitlines())]


def _text(path):
    return (FOLDER / path).read_text("utf-8")


def test_problems_that_the_page_has_words_for_are_the_services():
    """A code that nothing raises any more would be said by nobody; `offline` is the page's own."""
    named = set(re.findall(r"^  (\w+): \(", _text("lib/problems.js"), re.MULTILINE))

    assert "no_face" in named
    assert named - {"offline"} <= {kind.code for kind in PROBLEMS}


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, "http://127.0.0.1:8000/"),
        ({"host": "0.0.0.0", "hosts": ("faces.example",), "behind_proxy": True}, "https://faces.example/"),
        (
            {"host": "0.0.0.0", "hosts": ("faces.example",), "certificate": Path("c"), "private_key": Path("k")},
            "https://faces.example:8000/",
        ),
    ],
)
def test_who_starts_the_service_is_told_where_the_page_is(capsys, options, address, tmp_path):
    """With the first key, by the name that requests must use; a second start tells neither."""
    settings = Settings(str(tmp_path), **options)
    state = State(place_of_state(str(tmp_path)))
    page = serve._page_address(settings, f"http://{settings.host}:{settings.port}")

    serve._show_first_key(state, page)
    first = capsys.readouterr().err
    serve._show_first_key(state, page)

    assert f"The page that it signs in to, for a browser: {address}" in first.replace("\n", " ")
    assert capsys.readouterr().err == ""
    state.close()


# -- what the page asks for -------------------------------------------------------------------------------------------


def test_detect_says_what_is_asked_of_faces_that_are_enrolled(client):
    """The page can say it before enrolling; it holds what is asked of every face."""
    (photo,) = client.post("/v1/detect", files=[("photos", _photo("red", size=32))]).json()["photos"]

    (face,) = photo["faces"]
    assert (
        face["problems"]
        == face["enrollment_problems"]
        == ["the face in photo.png is too small to decide: 32 pixels, at least 40 are needed"]
    )


def test_somebody_is_found_by_a_name_that_stands_in_no_address(client):
    """The answer is the page of a list, of that person or of nobody."""
    terms = {"name": "Ada", "consent": "form 12", "expires": "2099-01-01"}
    form = {"files": [("photos", _photo("red"))], "data": {"person": json.dumps(terms)}}
    enrolled = client.post("/v1/galleries/staff/people", **form).json()

    found = client.post("/v1/galleries/staff/people/find", json={"name": "Ada"}).json()

    assert found == {"people": [enrolled["person"]], "next": None}
    assert client.post("/v1/galleries/staff/people/find", json={"name": "Bob"}).json()["people"] == []


def test_the_newest_entries_of_the_log_are_given(client):
    """Oldest first among them; with a cursor it would mean two things, and is refused."""
    everything = client.get("/v1/galleries/staff/log", params={"limit": 200}).json()["entries"]

    newest = client.get("/v1/galleries/staff/log", params={"last": 1}).json()

    assert newest == {"entries": everything[-1:], "next": None}
    first = client.get("/v1/galleries/staff/log", params={"limit": 1}).json()["next"]
    refused = client.get("/v1/galleries/staff/log", params={"last": 1, "after": first})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_argument")


def test_a_gallery_whose_name_is_taken_is_no_fault_of_the_server(client):
    """The caller is told, and nothing is written."""
    answer = client.post("/v1/galleries", json={"id": "staff"})

    assert (answer.status_code, answer.json()["detail"]) == (409, "there is a gallery 'staff' already")

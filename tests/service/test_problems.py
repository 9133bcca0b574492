"""What goes wrong, as callers are told it."""

from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from facerec import errors
from facerec.errors import FacerecError
from facerec.service.problems import PROBLEMS, SENTENCES, UNEXPECTED, document, nameless


def _all(kind):
    return [kind, *(each for below in kind.__subclasses__() for each in _all(below))]


EVERY = sorted({each for each in _all(FacerecError) if each.__module__ == "facerec.errors"}, key=lambda kind: kind.code)


@pytest.fixture
def service(shared):
    """One for all of them."""
    return shared


def test_every_error_has_a_row():
    """No class of errors is told by accident; none is in the table that there is not."""
    assert set(PROBLEMS) == set(EVERY)


def test_every_code_is_one_class():
    """Whoever acts on a code knows which error it was."""
    codes = [kind.code for kind in EVERY]
    assert len(set(codes)) == len(codes)


def test_statuses_are_of_errors():
    """Nothing that goes wrong looks like a success, and nothing has an empty title."""
    assert all(400 <= told.status < 600 and told.title for told in PROBLEMS.values())


def test_every_code_has_a_page(service):
    """The type of a problem can be opened, without a key, and says what the class does."""
    assert service.ask("GET", f"/problems/{UNEXPECTED}").status_code == 200
    for kind in EVERY:
        answer = service.ask("GET", f"/problems/{kind.code}")
        assert answer.status_code == 200, kind
        assert answer.headers["content-type"].startswith("text/html")
        assert PROBLEMS[kind].title in answer.text


def test_no_page_of_what_is_no_code(service, refused):
    """A page is of a code that there is; what was asked is quoted nowhere as markup."""
    body = refused(service.ask("GET", "/problems/<script>"), 404, "unknown_resource")
    assert "no problem" in body["detail"]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_documents(kind):
    """A document states its own status and code; where it is the server's fault, nothing of the error's text."""
    told = document(kind("secret path /srv/faces"), request="7")
    assert told["status"] == PROBLEMS[kind].status
    assert told["code"] == kind.code
    assert ("secret path" in told["detail"]) == (told["status"] != 500)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_nameless(kind):
    """What is kept of an error quotes nothing of its text, which may name people; its reasons neither."""
    error = kind("Ada of /srv/faces")
    error.reasons = ((0, errors.NoFaceError("Ada.jpg shows nobody")),)
    told = nameless(error, instance="/v1/jobs/1")
    assert "Ada" not in str(told)
    assert told["instance"] == "/v1/jobs/1"
    assert set(SENTENCES) <= set(EVERY)


def test_unknown_addresses(service, refused):
    """What is not there, and what takes another method, are problems like all others."""
    refused(service.ask("GET", "/v2"), 404, "unknown_resource")
    answer = service.ask("PUT", "/healthz")
    refused(answer, 405, "wrong_method")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "bad_request"),
        (b"{}", 400, "bad_request"),
        (b"[]", 422, "bad_argument"),
        (b'{"id": "STAFF"}', 422, "bad_argument"),
        (b'{"id": "a", "more": 1}', 422, "bad_argument"),
    ],
)
def test_documents_that_do_not_fit(service, admin, refused, *, content, status, code):
    """Each place in a document that does not fit is named."""
    answer = service.ask("POST", "/v1/galleries", admin, content=content, headers={"Content-Type": "application/json"})
    body = refused(answer, status, code)
    assert all(set(each) == {"pointer", "detail"} for each in body["errors"])
    assert body["errors"][0]["pointer"].startswith("/body")


def test_faults_of_the_server(service, admin, refused, monkeypatch, caplog):
    """A fault says nothing of itself but its number; the log says where it was, in none of its words."""

    def fail():
        message = "SELECT name FROM people; Ada"
        raise RuntimeError(message)

    monkeypatch.setattr(service.parts.state, "keys", fail)
    answer = service.ask("GET", "/v1/keys", admin)
    body = refused(answer, 500, "unexpected")
    assert "Ada" not in answer.text
    assert "SELECT" not in answer.text
    assert "RuntimeError" not in answer.text
    assert body["instance"].rpartition("/")[2] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "Ada" not in caplog.text


def test_faults_that_the_library_names(service, admin, refused, monkeypatch, caplog):
    """A damaged file is a fault of the server: told by its code, logged in no words that name people."""

    def fail():
        message = "the vector of Ada is damaged"
        raise errors.DamagedGalleryError(message)

    monkeypatch.setattr(service.parts.state, "keys", fail)
    body = refused(service.ask("GET", "/v1/keys", admin), 500, "damaged")
    assert "Ada" not in body["detail"]
    assert body["instance"].rpartition("/")[2] in caplog.text
    assert "DamagedGalleryError" in caplog.text
    assert "Ada" not in caplog.text


@pytest.mark.parametrize("path", ["/readyz", "/v1/keys"])
def test_a_state_that_is_away(service, admin, refused, monkeypatch, path):
    """While its state cannot be reached the service is not ready, and says when to ask again; then it is."""

    def away():
        statement = "SELECT"
        raise OperationalError(statement, {}, Exception("no connection to /srv"))

    monkeypatch.setattr(service.parts.state, "_engine", SimpleNamespace(connect=away, begin=away))
    assert "/srv" not in str(refused(service.ask("GET", path, admin), 503, "unreachable"))
    monkeypatch.undo()
    assert service.ask("GET", path, admin).status_code == 200


def test_places_of_the_server_are_not_told(service, admin, refused):
    """Texts of the library name galleries as callers do, and no folder of the server."""
    body = refused(service.ask("GET", f"/v1/galleries/staff/people/{'0' * 32}", admin), 404, "unknown_person")
    assert str(service.folder) not in body["detail"]
    assert "staff" in body["detail"]

"""What somebody asks who means no good, or mistypes: an answer to that very question, or a refusal that says why."""

import json
import logging
import socket
import threading
import time

import pytest
import uvicorn

from facerec.cli import serve as command
from facerec.errors import ArgumentError, UnsafeSettingsError
from facerec.service.galleries import shown_place
from facerec.service.listening import patient
from facerec.service.settings import Limits, limits_of

JSON = {"Content-Type": "application/json"}
PEOPLE = "/v1/galleries/staff/people"


def _identify(service, token, png, query):
    return service.ask("POST", f"/v1/galleries/staff/identify?{query}", token, files={"photo": ("a.png", png("red"))})


@pytest.mark.parametrize("query", ["threshold=0.5", "target-fmr=1e-6", "operating_point=x&more=1", "="])
def test_parameters_that_nobody_reads(service, admin, refused, png, query):
    """A threshold, or a word that is mistyped, is not passed over: the decision would be another than was asked for."""
    assert "parameter" in refused(_identify(service, admin, png, query), 400, "bad_request")["detail"]


def test_parameters_given_twice(service, admin, refused, png):
    """Readers differ in which of two holds; a list is given once for each."""
    refused(_identify(service, admin, png, "top=1&top=2"), 400, "bad_request")
    ada = service.enroll(admin, "Ada", "red", "green", "blue").json()["person"]["id"]
    numbers = [each["number"] for each in service.ask("GET", f"{PEOPLE}/{ada}/samples", admin).json()["samples"]]
    answer = service.ask("DELETE", f"{PEOPLE}/{ada}/samples?sample={numbers[0]}&sample={numbers[1]}", admin)
    assert answer.json()["samples"] == numbers[:2]


def test_no_parameter_is_read_before_the_key(service, refused):
    """Whoever shows no key learns nothing of what there is."""
    refused(service.ask("GET", f"{PEOPLE}?x=1"), 401, "no_key")


@pytest.mark.parametrize(
    "content",
    [b'{"name": "Ada", "name": "Bob"}', b'{"name": "\\ud800"}', b'{"name": NaN}', b'{"name": {"a": 1, "a": 2}}'],
)
def test_json_that_readers_take_differently(service, admin, refused, png, content):
    """A name twice, half a character or what is no number is refused, in a body and in a field."""
    refused(service.ask("POST", f"{PEOPLE}/find", admin, content=content, headers=JSON), 400, "bad_request")
    answer = service.ask(
        "POST", PEOPLE, admin, files={"photos": ("a.png", png("red"))}, data={"person": content.decode()}
    )
    refused(answer, 400, "bad_request")
    people = {"people": f"[{content.decode()}]"}
    files = {"photos": ("a.png", png("red"))}
    refused(service.ask("POST", "/v1/galleries/staff/imports", admin, files=files, data=people), 400, "bad_request")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_document_of_another_type(service, admin, refused, kind):
    """As curl sends it without a header: the answer says which type is taken."""
    answer = service.ask("POST", f"{PEOPLE}/find", admin, content=b'{"name": "Ada"}', headers={"Content-Type": kind})
    assert "application/json" in refused(answer, 415, "unknown_media")["detail"]


def test_numbers_of_faces_are_numbers(service, admin, refused):
    """True is no face 1, nor is a text."""
    ada = service.enroll(admin, "Ada", "red", "green").json()["person"]["id"]
    for number in (True, "1", 1.0):
        asked = {"person": ada, "samples": [number], "name": "Bob"}
        refused(service.ask("POST", "/v1/galleries/staff/split", admin, json=asked), 422, "bad_argument")


def _places(value, path=()):
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*path, key))


def _texts(service, token):
    people = service.ask("GET", PEOPLE, token).json()["people"]
    return [text or "" for each in people for text in (each["name"], each["consent"], each["purpose"])]


def test_receipts_that_somebody_wrote(service, admin):
    """A receipt with anything in any place is refused, or undoes what it is of; it brings in no text that is none."""
    ada = service.enroll(admin, "Ada", "red", "green").json()["person"]["id"]
    number = service.ask("GET", f"{PEOPLE}/{ada}/samples", admin).json()["samples"][0]["number"]
    split = {"person": ada, "samples": [number], "name": "Bob"}
    receipt = service.ask("POST", "/v1/galleries/staff/split", admin, json=split).json()
    for path in list(_places(receipt)):
        for wrong in ("\ud800", None, [], {}, -1, 1 << 70, "a\0b", "\u202e", 1e400, True, "x", "9999-99-99"):
            forged = json.loads(json.dumps(receipt))
            place = forged
            for key in path[:-1]:
                place = place[key]
            if path:
                place[path[-1]] = wrong
            body = json.dumps({"receipt": forged if path else wrong}).encode()
            answer = service.ask("POST", "/v1/galleries/staff/undo", admin, content=body, headers=JSON)
            assert answer.status_code < 500, (path, wrong, answer.text)
            if answer.status_code == 200:
                assert all(map(str.isprintable, _texts(service, admin))), (path, wrong)
                receipt = service.ask("POST", "/v1/galleries/staff/split", admin, json=split).json()
                assert "giver" in receipt, (path, wrong, receipt)


def test_names_that_no_database_holds(service, admin):
    """A name with a zero byte is nobody's."""
    answer = service.ask("POST", f"{PEOPLE}/find", admin, json={"name": "a\0b"})
    assert (answer.status_code, answer.json()["people"]) == (200, [])


@pytest.mark.parametrize("key", ["a%00b", "x", "A" * 12, "0" * 13])
def test_keys_that_are_none(service, admin, refused, key):
    """What is no id of a key is looked for nowhere."""
    refused(service.ask("DELETE", f"/v1/keys/{key}", admin), 422, "bad_argument")


def test_methods_that_somebody_made_up(service, admin):
    """Counters and log know few methods, whatever anybody sends."""
    for number in range(5):
        service.ask(f"MADEUP{number}", "/healthz")
    metrics = service.ask("GET", "/metrics", admin).text
    assert "MADEUP" not in metrics
    assert 'method="other"' in metrics


def test_galleries_beyond_a_key(service, refused):
    """A key of some galleries makes no other, nor learns whether there is one."""
    token = service.token("admin", galleries=("staff",))
    for name in ("guests", "more"):
        service.parts.galleries.made(name) if name == "guests" else None
        refused(service.ask("POST", "/v1/galleries", token, json={"id": name}), 403, "not_allowed")
    refused(service.ask("POST", "/v1/galleries", token, json={"id": "staff"}), 409, "gallery_exists")
    assert "more" not in service.parts.galleries.names()


def test_emptying_is_forgetting(service, refused):
    """Who may make galleries, and may not forget, empties none."""
    token = service.token(scopes=("manage", "read"))
    refused(service.ask("DELETE", "/v1/galleries/staff?people=0", token), 403, "not_allowed")
    token = service.token(scopes=("manage", "forget"))
    assert service.ask("DELETE", "/v1/galleries/staff?people=0", token).status_code == 200


@pytest.mark.parametrize("role", ["kiosk", "auditor", "registrar"])
def test_who_knows_where_to_work(service, role):
    """Whoever does something in galleries sees which, and of no other."""
    service.parts.galleries.made("guests")
    assert service.ask("GET", "/v1/galleries", service.token(role)).json() == {
        "galleries": [{"id": "guests"}, {"id": "staff"}]
    }
    token = service.token(role, galleries=("staff", "gone"))
    assert service.ask("GET", "/v1/galleries", token).json() == {"galleries": [{"id": "staff"}]}
    assert service.ask("GET", "/v1/galleries", service.token("monitor")).json() == {"galleries": []}


def test_the_last_key(service, admin, refused):
    """Nobody shuts everybody out: the last key that may do everything for good stays, until there is another."""
    refused(service.ask("DELETE", f"/v1/keys/{admin[3:15]}", admin), 403, "not_allowed")
    until = {"label": "short", "roles": ["admin"], "expires": "2099-01-01T00:00:00Z"}
    service.ask("POST", "/v1/keys", admin, json=until)
    refused(service.ask("DELETE", f"/v1/keys/{admin[3:15]}", admin), 403, "not_allowed")
    other = service.ask("POST", "/v1/keys", admin, json={"label": "next", "roles": ["admin"]}).json()["key"]
    assert service.ask("DELETE", f"/v1/keys/{admin[3:15]}", admin).json()["revoked"] is True
    refused(service.ask("DELETE", f"/v1/keys/{other[3:15]}", other), 403, "not_allowed")


# -- exports of who is forgotten --------------------------------------------------------------------------------------


def _exported(service, token):
    job = service.ended(service.ask("POST", "/v1/galleries/staff/exports", token), token)
    assert service.ask("GET", job["result"]["location"], token).status_code == 200
    return job["result"]["location"]


@pytest.mark.parametrize("how", ["forget", "remove", "empty", "purge", "elsewhere"])
def test_an_export_ends_with_who_is_in_it(service, admin, refused, how):
    """An export that waits to be fetched is none any more once somebody in it was forgotten, however that was asked."""
    ada = service.enroll(admin, "Ada", "red", "green").json()["person"]["id"]
    number = service.ask("GET", f"{PEOPLE}/{ada}/samples", admin).json()["samples"][0]["number"]
    place = _exported(service, admin)
    service.enroll(admin, "Bob", "blue")
    assert service.ask("GET", place, admin).status_code == 200
    if how == "forget":
        service.ask("DELETE", f"{PEOPLE}/{ada}", admin)
    elif how == "remove":
        service.ask("DELETE", f"{PEOPLE}/{ada}/samples/{number}", admin)
    elif how == "empty":
        service.ask("DELETE", "/v1/galleries/staff?people=2", admin)
    elif how == "purge":
        service.ended(service.ask("POST", "/v1/galleries/staff/purges", admin), admin)  # nobody has expired
        assert service.ask("GET", place, admin).status_code == 200
        return
    else:
        service.gallery().forget("Ada")  # by whoever has the file
    if how != "elsewhere":
        assert service.files() == []
    refused(service.ask("GET", place, admin), 404, "unknown_resource")
    _exported(service, admin)


def test_a_receipt_comes_whatever_becomes_of_exports(service, admin, refused, monkeypatch):
    """Where old exports cannot be looked for just then, who is forgotten is, and the receipt is answered."""
    ada = service.enroll(admin, "Ada", "red").json()["person"]["id"]
    place = _exported(service, admin)
    monkeypatch.setattr(service.parts.jobs.table, "all_by_id", lambda: 1 / 0)
    assert service.ask("DELETE", f"{PEOPLE}/{ada}", admin).json()["name"] == "Ada"
    refused(service.ask("GET", place, admin), 404, "unknown_resource")


def test_an_export_that_is_overtaken(service, admin, monkeypatch):
    """Where somebody is forgotten while it is written, it is written anew."""
    for name, colour in (("Ada", "red"), ("Bob", "green")):
        service.enroll(admin, name, colour)
    gallery, packs = service.gallery(), []
    from facerec.service.jobs import work

    def pack(folder, path, real=work.pack):
        packs.append(path)
        if len(packs) == 1:
            gallery.forget("Ada")
        return real(folder, path)

    monkeypatch.setattr(work, "pack", pack)
    job = service.ended(service.ask("POST", "/v1/galleries/staff/exports", admin), admin)
    assert (len(packs), job["state"], job["result"]["people"]) == (2, "done", 1)


# -- who takes their time ---------------------------------------------------------------------------------------------


@pytest.fixture
def address(serve):
    """Where a service listens that waits for a fifth of a second."""
    service = serve(limits=Limits(deadline=0.2))
    service.parts.galleries.made("staff")
    config = uvicorn.Config(
        service.app, port=0, log_level="warning", http=patient(0.2), ws="none", timeout_keep_alive=60, lifespan="off"
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname(), service.token("admin")
    server.should_exit = True
    thread.join()


def _said(address, *parts):
    """All that comes back until the other side closes."""
    with socket.create_connection(address, timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def _head(method, path, *lines):
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()


@pytest.mark.parametrize("begun", [b"", b"GET /hea", b"GET /healthz HTTP/1.1\r\nHost: loc"])
def test_half_a_head(address, begun):
    """A connection that says nothing, or half of what it wants, is ended; so is one that goes silent between two."""
    assert _said(address[0], begun) == b""
    whole = _said(address[0], _head("GET", "/healthz"), b"GET /")
    assert whole.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/session", "/v1/keys", "/v1/detect"])
def test_half_a_body(address, path, kind):
    """Nor does a body that stops keep anybody waiting, with a key or without."""
    lines = (f"Authorization: Bearer {address[1]}", f"Content-Type: {kind}", "Content-Length: 500")
    told = _said(address[0], _head("POST", path, *lines), b'{"k')
    assert told.startswith((b"HTTP/1.1 503", b"HTTP/1.1 400", b"HTTP/1.1 415")), told[:80]
    assert b"application/problem+json" in told


# -- how it is started ------------------------------------------------------------------------------------------------


def test_limits_of_the_command_line():
    """Each limit can be set, and what is none is told with those that are."""
    given = limits_of(["deadline=60", "photos=5", "requests_per_minute=1.5"])
    assert given == Limits(deadline=60.0, photos=5, requests_per_minute=1.5)
    assert limits_of([]) == Limits()
    for wrong in ("x=1", "photos", "photos=many", "photos=1.5", "photos=0", "deadline=nan", "deadline=inf", "=1"):
        with pytest.raises(UnsafeSettingsError):
            limits_of([wrong])
    with pytest.raises(UnsafeSettingsError, match=r"photo_bytes=10485760, .*photos_per_minute"):
        limits_of(["photo=1"])


def test_no_password_is_shown():
    """What it says on starting holds no password of a database."""
    assert shown_place("postgresql://ada:secret@127.0.0.1:5432/faces") == "postgresql://ada@127.0.0.1:5432/faces"
    assert shown_place("galleries/") == "galleries/"
    with pytest.raises(ArgumentError):
        shown_place("postgresql://ada:secret@a,b/faces")


def test_a_line_for_each_request(service, capsys):
    """The server's log says each request by the number that its answer has."""
    logger = logging.getLogger("facerec.service")
    before, level = list(logger.handlers), logger.level
    try:
        command._log_requests()
        number = service.ask("GET", "/v1/models?a=1").headers["x-request-id"]
    finally:
        logger.handlers, logger.level = before, level
    line = next(each for each in capsys.readouterr().err.splitlines() if number in each)
    assert line.split()[3:7] == [number, "GET", "/v1/models", "401"]

"""Errors come through as what they were, and nothing is sent where it does not belong."""

from __future__ import annotations

import httpx
import pytest

from facerec import errors
from facerec.client import Client
from facerec.client.told import BY_CODE
from facerec.errors import (
    ArgumentError,
    ClosedGalleryError,
    DoubtfulFaceError,
    FacerecError,
    ForbiddenError,
    MissingGalleryError,
    NoFaceError,
    ServiceError,
    ServiceUnreachableError,
    UnauthenticatedError,
    UnknownPersonError,
    UnusablePhotosError,
)
from facerec.gallery import PersonId, open_gallery
from facerec.service.problems import PROBLEMS, document, headers
from facerec.testing import made_matcher, made_recognizer

HOST = "http://testserver"


def _all(kind: type[FacerecError] = FacerecError) -> list[type[FacerecError]]:
    found = [kind] if kind.__module__ == "facerec.errors" else []
    return found + [each for sub in kind.__subclasses__() for each in _all(sub)]


def _answering(status, **more):
    return Client(HOST, "fr_1", transport=httpx.MockTransport(lambda _: httpx.Response(status, **more)), insecure=True)


@pytest.mark.parametrize("kind", _all(), ids=lambda kind: kind.code)
def test_every_class_of_errors_comes_through(kind, no_waiting):
    """Told by the service's own table and read here, an error is of its class; its text too, unless it is a secret."""
    error = kind("what went wrong, and what to do")
    body = document(error, request="ab" * 16)
    media = {"Content-Type": "application/problem+json"}
    client = _answering(body["status"], headers={**headers(error), **media}, json=body)
    with pytest.raises(kind) as raised:
        client.galleries()

    assert type(raised.value) is kind
    assert str(raised.value) == str(error) or ("ab" * 16 in str(raised.value) and body["status"] == 500)


def test_codes_stand_for_one_class_each():
    """No two classes share a code, and the service tells each class there is."""
    assert len(BY_CODE) == len(_all()) == len({kind.code for kind in _all()})
    assert set(BY_CODE.values()) == set(PROBLEMS)


def test_reasons_of_several_photos_come_through():
    """Which photo, and why."""
    error = UnusablePhotosError("two of three", ((0, NoFaceError("none")), (2, errors.PoorQualityError("blurred"))))
    body = document(error, request="ab" * 16)
    client = _answering(422, headers={"Content-Type": "application/problem+json"}, json=body)
    with pytest.raises(UnusablePhotosError) as raised:
        client.galleries()

    assert [(number, type(each), str(each)) for number, each in raised.value.reasons] == [
        (number, type(each), str(each)) for number, each in error.reasons
    ]


def test_a_code_that_nobody_knows_is_an_error_of_the_service():
    """A newer service's error is told with its own words."""
    body = {"code": "of_tomorrow", "detail": "what is new", "status": 409}
    with pytest.raises(ServiceError, match="what is new") as raised:
        _answering(409, headers={"Content-Type": "application/problem+json"}, json=body).galleries()

    assert type(raised.value) is ServiceError


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 404, "html": "<h1>nginx</h1>"},
        {"status": 502, "html": "<h1>bad gateway</h1>"},
        {"status": 200, "html": "<h1>welcome</h1>"},
        {"status": 200, "json": [1, 2]},
        {"status": 500, "json": {"error": "?"}},
        {"status": 418, "content": b"\xff\xfe"},
    ],
)
def test_what_is_no_service_is_told(answer, no_waiting):
    """A proxy's page or another program is not taken for an answer."""
    with pytest.raises(ServiceUnreachableError, match="no facerec service"):
        _answering(answer.pop("status"), **answer).galleries()


@pytest.mark.parametrize(
    "wrong", [{}, {"operating_points": [{}]}, {"operating_points": [{"id": "1", "threshold": "high"}]}]
)
def test_what_another_version_says_is_told(wrong, no_waiting):
    """A field that is missing or is of another type is named."""
    wrong = {"matcher": {"detector": 7}, **wrong}
    with pytest.raises(ServiceError, match=r"does not understand.*Matcher\.detector"):
        _ = _answering(200, json=wrong).matcher


def test_what_an_answer_lacks_is_told(no_waiting):
    """Whatever was asked for."""
    client = _answering(200, json={"photos": [{}], "matcher": made_matcher().to_dict()})
    gallery = client.gallery("staff")
    for ask in (client.galleries, gallery.people, gallery.position, lambda: client.detect([b"1"]), gallery.head):
        with pytest.raises(ServiceError, match="install the version"):
            ask()


# -- where key and photos go ------------------------------------------------------------------------------------------


def test_no_redirect_is_followed(no_waiting):
    """Neither the key nor a photo goes to another host."""
    asked = []

    def answer(request):
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/v1/compare"})

    client = Client(HOST, "fr_1", transport=httpx.MockTransport(answer), insecure=True)
    with pytest.raises(ServiceUnreachableError, match=r"elsewhere\.example.*Nobody is followed"):
        client.compare(b"1", b"2")

    assert asked == ["testserver"]


def test_the_environment_sends_nobody_elsewhere(monkeypatch):
    """Proxies and netrc of the environment are not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://elsewhere.example:3128")
    with Client("http://127.0.0.1:9", "fr_1") as client:
        assert client._connection._http._mounts == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://faces.example",
        "http://10.0.0.7:8000",
        "http://0.0.0.0:8000",
        "ftp://127.0.0.1",
        "faces.example",
        "https://",
        "",
        7,
        "https://me:secret@faces.example",
        "https://faces.example?key=secret",
        "https://faces.example#x",
        "http://127.0.0.1:99999",
        "http://localhost.evil.example",
    ],
)
def test_addresses_that_would_not_do_are_refused(url):
    """No other scheme, nothing unencrypted beyond this machine, no password; messages repeat no secret."""
    with pytest.raises(ArgumentError, match=r"address|encrypted") as raised:
        Client(url, "fr_1")

    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/", "http://[::1]:8000", "http://127.0.0.9", "https://a.example/x/"]
)
def test_addresses_that_do_are_taken(url):
    """The loopback by any name, and whatever is encrypted."""
    Client(url, "fr_1").close()


@pytest.mark.parametrize("key", ["", " ", "a b", "a\nb", "schlüssel", 7])
def test_what_is_no_key_is_refused_unseen(key):
    """The message holds nothing of it."""
    with pytest.raises(ArgumentError, match="a key is one word"):
        Client(HOST, key, insecure=True)


def test_no_key_is_told_with_where_it_goes(monkeypatch):
    """Argument or variable."""
    monkeypatch.delenv("FACEREC_KEY", raising=False)
    with pytest.raises(UnauthenticatedError, match="FACEREC_KEY"):
        Client("https://faces.example")


def test_nothing_shows_the_key():
    """Neither a client nor a gallery of it."""
    with Client("https://faces.example", "fr_secret") as client:
        assert "secret" not in repr(client) + repr(client.gallery("staff")) + repr(vars(client))


@pytest.mark.parametrize("option", ["timeout", "tries", "patience"])
@pytest.mark.parametrize("value", [0, -1, "x"])
def test_numbers_of_no_use_are_refused(option, value):
    """Each names itself."""
    with pytest.raises(ArgumentError, match=option):
        Client("https://faces.example", "fr_1", **{option: value})


# -- what a service says ----------------------------------------------------------------------------------------------


def test_keys_are_held_to_their_scopes(connect, client, service, photo):
    """A wrong key, one without the scope, and one that does not reach the gallery."""
    client.make_gallery("staff").enroll(photo("red"), "ada")
    with pytest.raises(UnauthenticatedError):
        Client(HOST, "fr_1", transport=service.transport, insecure=True).galleries()
    kiosk = connect("kiosk").gallery("staff")
    with pytest.raises(ForbiddenError, match="read"):
        kiosk.people()
    person = PersonId(client.gallery("staff").person("ada").id)
    assert kiosk.verify_person(photo("red"), person).match
    elsewhere = service.new_key("admin", galleries=("other",))
    with pytest.raises(MissingGalleryError, match="'staff'"):
        Client(HOST, elsewhere, transport=service.transport, insecure=True).gallery("staff").people()


def test_unusable_photos_are_the_librarys_error(gallery, photo, tmp_path):
    """One photo or several: class and text of the library; what the service said of each stands behind it."""
    recognizer = made_recognizer()
    for photos in ([photo("black")], [photo("red"), photo("black"), photo("green", name="small.png", size=32)]):
        with open_gallery(tmp_path / "here.db", recognizer.embedder) as here, pytest.raises(FacerecError) as wanted:
            recognizer.enroll(photos, "ada", here)
        with pytest.raises(FacerecError) as raised:
            gallery.enroll(photos, "ada")

        assert (type(raised.value), str(raised.value)) == (type(wanted.value), str(wanted.value))
    assert [number for number, _ in raised.value.__cause__.reasons] == [1, 2]


def test_doubts_are_told_and_refused_as_here(gallery, photo, point):
    """Somebody enrolled under another name."""
    gallery.enroll(photo("red"), "ada")
    doubtful = gallery.enroll(photo("red"), "eve", at=point)

    assert [doubt.kind for doubt in doubtful.doubts] == ["another name"]
    with pytest.raises(DoubtfulFaceError, match="strict=True"):
        gallery.enroll(photo("red"), "zoe", at=point, strict=True)


def test_nobody_of_a_name_is_told_as_here(gallery):
    """The library's sentence, with the gallery's name."""
    with pytest.raises(UnknownPersonError, match=r"nobody called 'eve' is enrolled in staff; .*facerec gallery list"):
        gallery.person("eve")
    with pytest.raises(UnknownPersonError, match="nobody of the id"):
        gallery.person(PersonId("0" * 32))


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * 201, None, b"ada", "a\u200bda"])
def test_names_are_refused_before_anything_is_sent(gallery, service, photo, name):
    """By the library's own rules, in its words."""
    service.transport.asked.clear()
    with pytest.raises(ArgumentError, match="name"):
        gallery.enroll(photo("red"), name)

    assert service.transport.asked == []


@pytest.mark.parametrize("name", ["../keys", "Staff", "", "a/b", 7, "a" * 65])
def test_what_no_gallery_is_called_never_reaches_an_address(client, name):
    """Nothing but a gallery's name stands in a path."""
    with pytest.raises(ArgumentError, match="a gallery is called by"):
        client.gallery(name)


def test_a_closed_gallery_says_so(client, gallery):
    """The client stays open."""
    gallery.close()
    with pytest.raises(ClosedGalleryError, match="staff has been closed"):
        gallery.people()
    assert client.galleries() == ["staff"]


def test_decisions_without_a_log_are_refused(gallery, photo):
    """A service logs what it decides."""
    with pytest.raises(ArgumentError, match="logs every decision"):
        gallery.identify(photo("red"), logged=False)
    with pytest.raises(ArgumentError, match="logs every decision"):
        gallery.verify_person(photo("red"), "ada", logged=False)

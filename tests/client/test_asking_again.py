"""What is asked again, how often, and that it is done once."""

from __future__ import annotations

import httpx
import pytest

from facerec.client import Client
from facerec.errors import (
    DoneBeforeError,
    OverloadedError,
    ReadOnlyGalleryError,
    ServiceUnreachableError,
    TooManyRequestsError,
)
from facerec.gallery import open_gallery
from facerec.service.problems import document, headers

HOST = "http://testserver"


class Lossy(httpx.BaseTransport):
    """Has the service do what is asked, and loses so many of its answers to what changes something."""

    def __init__(self, inner: httpx.BaseTransport, *, lost: int) -> None:
        self._inner, self.left = inner, lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or break the connection after all was done."""
        answer = self._inner.handle_request(request)
        if "idempotency-key" in request.headers and self.left:
            self.left -= 1
            message = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(message, request=request)
        return answer


def refusing(error, *, times=10**6, **more):
    """A transport that answers so often with an error of the service, then with an empty list; and its requests."""
    asked = []

    def answer(request):
        asked.append(request)
        if len(asked) <= times:
            body = document(error, request="ab" * 16)
            media = {"Content-Type": "application/problem+json"}
            return httpx.Response(body["status"], headers={**headers(error), **media, **more}, json=body)
        return httpx.Response(200, json={"galleries": []})

    return httpx.MockTransport(answer), asked


def client_of(transport, **more):
    """A client over that transport."""
    return Client(HOST, "fr_1", transport=transport, insecure=True, **more)


_CHANGES = {
    "enroll": lambda g, photo: g.enroll(photo("blue"), "cleo"),
    "more faces": lambda g, photo: g.enroll(photo("blue"), _id(g, "ada"), consent="form 2"),
    "rename": lambda g, _: g.rename("ada", "Ada Lovelace"),
    "update": lambda g, _: g.update("ada", consent="form 17", was=g.person("ada")),
    "merge": lambda g, _: g.merge("bob", "ada"),
    "split": lambda g, _: g.split("ada", "eve", g.samples("ada")[0].number),
    "move": lambda g, _: g.move_samples("ada", "bob", [g.samples("ada")[0].number]),
    "remove": lambda g, _: g.remove_samples("ada", [g.samples("ada")[0].number]),
    "forget": lambda g, _: g.forget("ada", was=g.person("ada")),
}


def _id(gallery, name):
    from facerec.gallery import PersonId

    return PersonId(gallery.person(name).id)


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
@pytest.mark.usefixtures("no_waiting")
def test_what_lost_its_answer_is_done_once(gallery, connect, service, photo, change):
    """Two answers in a row are lost: the third is that of the first, and the log is as if none had been."""
    gallery.enroll([photo("red"), photo("wine")], "ada")
    gallery.enroll(photo("green"), "bob")
    before = gallery.position()
    lossy = Lossy(service.transport, lost=2)
    done = change(connect(transport=lossy).gallery("staff"), photo)
    with open_gallery(service.folder / "staff.db") as here:
        entries = here.log(after=before)

    assert lossy.left == 0
    assert len({entry.event for entry in entries}) == len(entries) <= 2
    if hasattr(done, "head"):
        assert (done.log_entry, done.head) == (entries[-1].number, entries[-1].digest)


def test_making_a_gallery_is_done_once(connect, service, no_waiting):
    """The second time is no error, since it is the first."""
    lossy = Lossy(service.transport, lost=1)
    made = connect(transport=lossy).make_gallery("staff")

    assert len(made) == 0


def test_an_enrollment_under_a_key_is_done_once_however_often_it_is_called(gallery, photo):
    """The key may be as short as the library allows."""
    first = gallery.enroll(photo("red"), "ada", key="1")
    again = gallery.enroll(photo("red"), "ada", key="1")

    assert (again.log_entry, again.head, again.created) == (first.log_entry, first.head, True)
    assert gallery.enroll(photo("red"), "ada").log_entry == first.log_entry + 1


@pytest.mark.parametrize("kind", [OverloadedError, TooManyRequestsError])
def test_a_busy_service_is_asked_when_it_says(kind, no_waiting):
    """After as many seconds as `Retry-After` says, and then it answers."""
    transport, asked = refusing(kind("busy", retry_after=3), times=2)

    assert client_of(transport).galleries() == []
    assert (len(asked), no_waiting) == (3, [3.0, 3.0])


def test_nobody_is_asked_for_ever(no_waiting):
    """After so many tries the error is raised, with when to ask again."""
    transport, asked = refusing(OverloadedError("full", retry_after=3))
    with pytest.raises(OverloadedError, match="full") as raised:
        client_of(transport, tries=4).galleries()

    assert (len(asked), raised.value.retry_after) == (4, 3)


def test_who_is_busy_for_long_is_not_waited_for(no_waiting):
    """A service that says a longer time than the client's patience is not asked again."""
    transport, asked = refusing(OverloadedError("full", retry_after=300))
    with pytest.raises(OverloadedError):
        client_of(transport, patience=30).galleries()

    assert (len(asked), no_waiting) == (1, [])


def test_what_waiting_does_not_mend_is_told_at_once(no_waiting):
    """A gallery that can only be read is not asked five times whether it still is."""
    transport, asked = refusing(ReadOnlyGalleryError("it is"))
    with pytest.raises(ReadOnlyGalleryError):
        client_of(transport).galleries()

    assert len(asked) == 1


def test_waiting_grows_where_nobody_says_how_long(no_waiting):
    """Each time longer, up to a bound, and never the same for all clients."""

    def broken(request):
        message = "refused"
        raise httpx.ConnectError(message, request=request)

    with pytest.raises(ServiceUnreachableError):
        client_of(httpx.MockTransport(broken), tries=9, patience=600).galleries()

    assert len(no_waiting) == 8
    longest = [min(8, 0.25 * 2**number) for number in range(1, 9)]
    assert all(most / 2 <= each <= most for each, most in zip(no_waiting, longest, strict=True))


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (httpx.ConnectError("Connection refused"), "facerec serve"),
        (httpx.ReadTimeout("timed out"), "longer timeout"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "SSL_CERT_FILE"),
    ],
)
def test_trouble_on_the_way_is_told_with_advice(no_waiting, error, advice):
    """Where, why, and what to look at."""

    def broken(request):
        raise error

    with pytest.raises(ServiceUnreachableError, match=f"{HOST} does not answer.*{advice}"):
        client_of(httpx.MockTransport(broken)).galleries()
    assert len(no_waiting) == (0 if "CERTIFICATE" in str(error) else 4)


def test_what_may_be_done_all_the_same_is_said(no_waiting):
    """Only where something was sent, and it changes something."""

    def broken(request):
        message = "cut"
        raise httpx.ReadError(message, request=request)

    client = client_of(httpx.MockTransport(broken))
    with pytest.raises(ServiceUnreachableError, match="look before asking again"):
        client.make_gallery("staff")
    with pytest.raises(ServiceUnreachableError) as raised:
        client.galleries()
    assert "look before" not in str(raised.value)

    def closed(request):
        message = "Connection refused"
        raise httpx.ConnectError(message, request=request)

    with pytest.raises(ServiceUnreachableError) as raised:
        client_of(httpx.MockTransport(closed)).make_gallery("staff")
    assert "look before" not in str(raised.value)


def test_what_is_still_under_way_is_waited_for(no_waiting):
    """A second try that finds the first at work waits for its answer; a first try that does is an error."""
    transport, asked = refusing(DoneBeforeError("begun"), times=2)

    def answer(request):
        if not asked and not seen:
            seen.append(request)
            message = "cut"
            raise httpx.ReadError(message, request=request)
        return transport.handle_request(request)

    seen = []
    assert client_of(httpx.MockTransport(answer)).galleries() == []
    transport, asked = refusing(DoneBeforeError("begun"))
    with pytest.raises(DoneBeforeError):
        client_of(transport).galleries()
    assert len(asked) == 1


def test_each_change_has_a_key_of_its_own_and_keeps_it(gallery, service, photo):
    """What changes something carries an Idempotency-Key, no two the same; what only reads carries none."""
    service.transport.asked.clear()
    gallery.enroll([photo("red"), photo("wine")], "ada")
    gallery.rename("ada", "eve")
    gallery.remove_samples("eve", gallery.samples("eve")[0].number)
    gallery.forget("eve")
    gallery.check()
    with_keys = [each for each in service.transport.asked if "idempotency-key" in each.headers]

    assert [each.method for each in with_keys] == ["POST", "PATCH", "DELETE", "DELETE"]
    assert len({each.headers["idempotency-key"] for each in with_keys}) == 4

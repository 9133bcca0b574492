"""Asking in pages, changing what was read, and asking again."""

import base64
import threading
import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import BadRequestError
from facerec.service import keys
from facerec.service.cursors import Cursors
from facerec.service.routes import people
from facerec.service.state import KEPT
from facerec.testing import made_face


def _person(service, token, name, *photos, **more):
    answer = service.enroll(token, name, *photos, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()["person"]["id"], answer.headers["etag"]


# -- pages ------------------------------------------------------------------------------------------------------------


def _pages(service, token, path, name, **params):
    found, after = [], None
    while True:
        asked = {**params, **({} if after is None else {"after": after})}
        page = service.ask("GET", path, token, params=asked).json()
        found.append(page[name])
        if (after := page["next"]) is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 200])
def test_pages_hold_everybody_once(service, admin, limit):
    """Whatever the size of pages, all of them together are the list, in its order, and none is empty but of nobody."""
    names = [f"Person {number}" for number in range(6)]
    for number, name in enumerate(names):
        service.gallery().enroll(name, made_face(name), expires=None if number % 2 else date(2999, 1, 1))
    path = "/v1/galleries/staff/people"
    pages = _pages(service, admin, path, "people", limit=limit)
    assert [person["name"] for page in pages for person in page] == names
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert pages[-1]
    expiring = _pages(service, admin, path, "people", limit=limit, expiring_before="2999-12-31")
    assert [person["name"] for page in expiring for person in page] == names[::2]
    assert _pages(service, admin, path, "people", limit=limit, expiring_before="2001-01-01") == [[]]
    entries = [
        entry for page in _pages(service, admin, "/v1/galleries/staff/log", "entries", limit=limit) for entry in page
    ]
    assert [entry["number"] for entry in entries] == list(range(1, 8))


def test_cursors_are_of_one_list(service, admin, refused):
    """A cursor is good for the address and filters that it was given with, and as it was given."""
    for name in ("Ada", "Bob", "Cyd"):
        service.gallery().enroll(name, made_face(name))
    service.parts.galleries.made("guests")
    path = "/v1/galleries/staff/people"
    cursor = service.ask("GET", path, admin, params={"limit": 1}).json()["next"]
    assert service.ask("GET", path, admin, params={"after": cursor}).json()["people"][0]["name"] == "Bob"
    elsewhere = [
        ("/v1/galleries/guests/people", {}),
        ("/v1/galleries/staff/log", {}),
        ("/v1/jobs", {}),
        (path, {"expiring_before": "2999-01-01"}),
    ]
    for other, params in elsewhere:
        refused(service.ask("GET", other, admin, params={**params, "after": cursor}), 400, "bad_request")
    content = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for place in range(len(content)):
        changed = bytes(byte ^ (1 if at == place else 0) for at, byte in enumerate(content))
        after = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        refused(service.ask("GET", path, admin, params={"after": after}), 400, "bad_request")
    for after in ("", "x", "AAAA", "é", cursor[:-1], "A" * 5000):
        refused(service.ask("GET", path, admin, params={"after": after}), 400, "bad_request")


def test_cursors_of_jobs_are_of_one_key(service, refused):
    """What another key was given says nothing to this one."""
    mine, other = service.token("admin"), service.token("admin")
    for _ in range(2):
        service.ask("POST", "/v1/galleries/staff/purges", mine)
    cursor = service.ask("GET", "/v1/jobs", mine, params={"limit": 1}).json()["next"]
    assert len(service.ask("GET", "/v1/jobs", mine, params={"after": cursor}).json()["jobs"]) == 1
    refused(service.ask("GET", "/v1/jobs", other, params={"after": cursor}), 400, "bad_request")


@given(st.text(), st.text(), st.integers(0, (1 << 64) - 1), st.binary(min_size=1), st.binary(min_size=1))
def test_cursors(place, other, number, secret, another):
    """A cursor gives back its number at its place, under its secret, and nothing anywhere else."""
    cursor = Cursors(secret).at(place, number)
    assert Cursors(secret).after(cursor, place) == number
    for cursors, where in ((Cursors(secret), other), (Cursors(another), place)):
        if (where, cursors.secret) != (place, secret) and not _same_key(cursors.secret, secret):
            with pytest.raises(BadRequestError):
                cursors.after(cursor, where)


def _same_key(one, other):
    """Whether two keys are one to HMAC, which fills short ones up with zeros."""
    return one.rstrip(b"\0") == other.rstrip(b"\0") and one != other


@given(st.text())
def test_texts_that_are_no_cursors(text):
    """No text that anybody writes is taken for a cursor, and none is a fault of the server."""
    with pytest.raises(BadRequestError):
        Cursors(b"secret").after(text, "/people")


# -- what was read ----------------------------------------------------------------------------------------------------


def test_changes_need_what_was_read(service, admin, refused):
    """A change says what it was decided by, and is done if that still holds; else nothing is."""
    person, tag = _person(service, admin, "Ada", "red")
    path = f"/v1/galleries/staff/people/{person}"
    change = {"json": {"purpose": "door"}}
    refused(service.ask("PATCH", path, admin, **change), 428, "condition_missing")
    for wrong in ('"x"', tag.strip('"'), f"W/{tag}", "", '"*"'):
        answer = service.ask("PATCH", path, admin, headers={"If-Match": wrong}, **change)
        refused(answer, 412, "changed_person")
    assert service.ask("GET", path, admin).json()["purpose"] is None
    changed = service.ask("PATCH", path, admin, headers={"If-Match": f'"x", {tag}'}, **change)
    assert changed.json()["purpose"] == "door"
    assert changed.headers["etag"] != tag
    refused(service.ask("PATCH", path, admin, headers={"If-Match": tag}, **change), 412, "changed_person")
    assert service.ask("GET", path, admin).headers["etag"] == changed.headers["etag"]
    assert service.ask("PATCH", path, admin, headers={"If-Match": "*"}, json={"purpose": None}).status_code == 200


def test_a_tag_is_of_everything(service, admin):
    """Whatever changes in a record, its faces included, changes its tag; nothing else does."""
    person, tag = _person(service, admin, "Ada", "red")
    path, tags = f"/v1/galleries/staff/people/{person}", [tag]
    service.identify(admin, "red")
    assert service.ask("GET", path, admin).headers["etag"] == tag
    for change in ({"name": "Ida"}, {"consent": "form 7"}, {"purpose": "door"}, {"expires": "2999-01-01"}):
        answer = service.ask("PATCH", path, admin, headers={"If-Match": tags[-1]}, json=change)
        tags.append(answer.headers["etag"])
    service.gallery().enroll("Ida", made_face("another"))
    tags.append(service.ask("GET", path, admin).headers["etag"])
    assert len(set(tags)) == len(tags)


def test_no_update_is_lost(service, admin):
    """Of two who read the same and change it at the same moment one does, and the other hears of it."""
    person, _ = _person(service, admin, "Ada", "red")
    path = f"/v1/galleries/staff/people/{person}"
    for turn in range(8):
        tag = service.ask("GET", path, admin).headers["etag"]
        answers, start = {}, threading.Barrier(2)

        def change(term, tag=tag, answers=answers, start=start, turn=turn):
            start.wait()
            answers[term] = service.ask("PATCH", path, admin, headers={"If-Match": tag}, json={term: f"{term} {turn}"})

        threads = [threading.Thread(target=change, args=(term,)) for term in ("consent", "purpose")]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        codes = {term: answer.status_code for term, answer in answers.items()}
        assert sorted(codes.values()) == [200, 412]
        now = service.ask("GET", path, admin).json()
        for term, code in codes.items():
            assert (now[term] == f"{term} {turn}") == (code == 200)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_nothing_comes_in_between(service, admin, refused, monkeypatch, method):
    """Who changes a person just between the look at the tag and the change is not overrun: the change is refused."""
    person, tag = _person(service, admin, "Ada", "red")
    path, real = f"/v1/galleries/staff/people/{person}", people._as_read

    def read(*args, **more):
        found = real(*args, **more)
        service.gallery().update("Ada", purpose="meanwhile")
        return found

    monkeypatch.setattr(people, "_as_read", read)
    more = {"json": {"purpose": "door"}} if method == "PATCH" else {}
    refused(service.ask(method, path, admin, headers={"If-Match": tag}, **more), 412, "changed_person")
    assert service.gallery().person("Ada").purpose == "meanwhile"


def test_forgetting_what_was_read(service, admin, refused):
    """Somebody who was changed since is not forgotten by whoever says what they read; without, they are."""
    person, tag = _person(service, admin, "Ada", "red")
    path = f"/v1/galleries/staff/people/{person}"
    service.ask("PATCH", path, admin, headers={"If-Match": tag}, json={"purpose": "door"})
    refused(service.ask("DELETE", path, admin, headers={"If-Match": tag}), 412, "changed_person")
    assert service.ask("DELETE", path, admin).status_code == 200
    refused(service.ask("GET", path, admin), 404, "unknown_person")


def test_a_name_is_changed_and_not_removed(service, admin, refused):
    """A person has a name."""
    person, tag = _person(service, admin, "Ada", "red")
    answer = service.ask(
        "PATCH", f"/v1/galleries/staff/people/{person}", admin, headers={"If-Match": tag}, json={"name": None}
    )
    refused(answer, 400, "bad_request")


# -- asking again -----------------------------------------------------------------------------------------------------


@pytest.fixture
def value():
    """An Idempotency-Key."""
    return str(uuid.uuid4())


def _merge(service, token, given, value=None):
    headers = {} if value is None else {"Idempotency-Key": value}
    return service.ask("POST", "/v1/galleries/staff/merge", token, json=given, headers=headers)


def _two(service, admin):
    one, two = (_person(service, admin, name, colour)[0] for name, colour in (("Ada", "red"), ("Bob", "green")))
    return {"giver": one, "receiver": two}


def test_the_same_again(service, admin, value):
    """Asked again, it is not done again, and the answer is the one that was given, marked as such."""
    given = _two(service, admin)
    first = _merge(service, admin, given, value)
    assert first.status_code == 200
    position = service.gallery().position()
    again = _merge(service, admin, given, value)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert service.gallery().position() == position


def test_headers_of_an_answer_again(service, admin, value):
    """Where something is, and its tag, are told again, too."""
    asked = {"json": {"id": "guests"}, "headers": {"Idempotency-Key": value}}
    answers = [service.ask("POST", "/v1/galleries", admin, **asked) for _ in range(2)]
    assert [each.headers["location"] for each in answers] == ["/v1/galleries/guests"] * 2
    assert [each.status_code for each in answers] == [201, 201]


def test_another_request(service, admin, refused, value):
    """A value stands for one request: another body or address under it is refused, and not done."""
    given = _two(service, admin)
    assert _merge(service, admin, given, value).status_code == 200
    other = {"giver": given["receiver"], "receiver": given["giver"]}
    refused(_merge(service, admin, other, value), 409, "reused_key")
    asked = {"json": {"id": "guests"}, "headers": {"Idempotency-Key": value}}
    refused(service.ask("POST", "/v1/galleries", admin, **asked), 409, "reused_key")
    assert service.parts.galleries.names() == ["staff"]


def test_values_of_others(service, admin, value):
    """What another key calls so is another request."""
    given = _two(service, admin)
    assert _merge(service, admin, given, value).status_code == 200
    answer = _merge(service, service.token("registrar"), given, value)
    assert answer.status_code == 404  # it was done: nobody of that id is there any more
    assert "idempotent-replay" not in answer.headers


@pytest.mark.parametrize("short", ["", "1", "x" * 15, "x" * 201])
def test_values_that_are_guessed(service, admin, refused, short):
    """A value seals what was answered; one that anybody may guess is refused, before anything is done."""
    refused(_merge(service, admin, _two(service, admin), short), 400, "bad_request")
    assert len(service.gallery()) == 2


def test_twice_at_the_same_moment(service, admin, value):
    """Of two at once one does it; the other gets its answer, or hears that it was begun."""
    for turn in range(5):
        answers, start = [], threading.Barrier(4)
        asked = {"json": {"id": f"guests{turn}"}, "headers": {"Idempotency-Key": f"{value} {turn}"}}

        def ask(asked=asked, answers=answers, start=start):
            start.wait()
            answers.append(service.ask("POST", "/v1/galleries", admin, **asked))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        done = [each for each in answers if each.status_code == 201 and "idempotent-replay" not in each.headers]
        others = [each for each in answers if each not in done]
        assert len(done) == 1
        assert all(
            each.json() == done[0].json() if each.status_code == 201 else each.json()["code"] == "done_before"
            for each in others
        )


def test_enrolled_twice_at_the_same_moment(service, admin, value):
    """An enrollment under one value is made once, however often it comes at once."""
    answers, start = [], threading.Barrier(4)

    def ask():
        start.wait()
        answers.append(service.enroll(admin, "Ada", "red", "wine", headers={"Idempotency-Key": value}))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {each.status_code for each in answers} == {201}
    assert len({each.text for each in answers}) == 1
    assert [entry.event for entry in service.gallery().log()].count("enrolled") == 1
    other = service.enroll(admin, "Bea", "red", headers={"Idempotency-Key": value})
    assert (other.status_code, other.json()["code"]) == (409, "reused_key")


def test_a_crash_in_between(service, admin, refused, value):
    """A process that ended between beginning and answer leaves it open whether it was done: that is what is told."""
    given = _two(service, admin)
    real = service.parts.state.ended

    class EndedError(Exception):
        """The process is gone."""

    def gone(*_):
        raise EndedError

    service.parts.state.ended = gone
    assert _merge(service, admin, given, value).status_code == 500
    service.parts.state.ended = real
    body = refused(_merge(service, admin, given, value), 409, "done_before")
    assert "not known" in body["detail"]
    assert len(service.gallery()) == 1  # it was done, as whoever looks can see


def test_a_refusal_may_be_asked_again(service, admin, value):
    """What was refused was not done, and its value is free for the same request when it can be."""
    given = _two(service, admin)
    missing = {**given, "giver": "0" * 32}
    assert _merge(service, admin, missing, value).status_code == 404
    assert _merge(service, admin, given, value).status_code == 200


def test_answers_are_kept_for_a_day(service, admin, value):
    """After that nobody knows of a request any more, and its answer is gone."""
    key, state, now = service.key("admin")[0], service.parts.state, keys.now()
    assert timedelta(hours=24) == KEPT
    assert state.begun(key, value, b"content", now=now) is None
    with pytest.raises(Exception, match="begun"):
        state.begun(key, value, b"content", now=now + KEPT)
    assert state.begun(key, value, b"another", now=now + KEPT + timedelta(seconds=1)) is None


def test_undoing(service, admin, value):
    """A receipt takes back what it is of, once."""
    given = _two(service, admin)
    receipt = _merge(service, admin, given).json()
    asked = {"json": {"receipt": receipt}, "headers": {"Idempotency-Key": value}}
    for _ in range(2):
        answer = service.ask("POST", "/v1/galleries/staff/undo", admin, **asked)
        assert answer.status_code == 200, answer.text
    assert {person.name for person in service.gallery().people()} == {"Ada", "Bob"}
    answer = service.ask("POST", "/v1/galleries/staff/undo", admin, json={"receipt": receipt})
    assert answer.json()["code"] == "not_undone"


@pytest.mark.parametrize("receipt", [{}, {"samples": "x"}, {"giver": None}, {"samples": [1], "giver": {}}])
def test_receipts_that_are_none(service, admin, refused, receipt):
    """What is no receipt is refused."""
    answer = service.ask("POST", "/v1/galleries/staff/undo", admin, json={"receipt": receipt})
    refused(answer, 422, "bad_argument")

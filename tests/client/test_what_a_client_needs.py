"""What the service answers for its clients' sake, asked without one."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from facerec.testing import made_point

STAFF = "http://testserver/v1/galleries/staff"
VALUE = "a value of sixteen characters or more"


@pytest.fixture
def ask(service, gallery, photo):
    """Ask the service, in whose gallery Ada has three faces and Bob one."""
    gallery.enroll([photo("red"), photo("wine"), photo("blue")], "ada")
    gallery.enroll(photo("green"), "bob")
    token = service.new_key("admin")
    return httpx.Client(transport=service.transport, headers={"Authorization": f"Bearer {token}"}).request


@pytest.fixture
def ada(gallery, ask):
    """Her address."""
    return f"{STAFF}/people/{gallery.person('ada').id}"


def test_a_change_is_done_once_under_a_key(ask, ada, gallery):
    """PATCH and DELETE like POST: the same answer again, and another request under that key is refused."""
    read = ask("GET", ada).headers["etag"]
    headers = {"Idempotency-Key": VALUE, "If-Match": read}
    first = ask("PATCH", ada, json={"consent": "form 1"}, headers=headers)
    again = ask("PATCH", ada, json={"consent": "form 1"}, headers=headers)

    assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])
    assert (first.headers.get("idempotent-replay"), again.headers.get("idempotent-replay")) == (None, "true")
    for other in (
        ask("PATCH", ada, json={"consent": "form 2"}, headers=headers),
        ask("PATCH", ada, json={"consent": "form 1", "purpose": None}, headers=headers),
        ask("PATCH", ada, json={"consent": "form 1"}, headers={**headers, "If-Match": "*"}),
        ask("DELETE", ada, headers={"Idempotency-Key": VALUE}),
    ):
        assert (other.status_code, other.json()["code"]) == (409, "reused_key")
    assert gallery.person("ada").consent == "form 1"


def test_what_was_refused_may_be_asked_again(ask, ada):
    """A change that was not made leaves its key free."""
    headers = {"Idempotency-Key": VALUE, "If-Match": '"another"'}
    assert ask("PATCH", ada, json={"consent": "form 1"}, headers=headers).status_code == 412
    assert ask("PATCH", ada, json={"consent": "form 1"}, headers={**headers, "If-Match": "*"}).status_code == 200


def test_a_receipt_is_given_again_to_whoever_lost_it(ask, ada, gallery):
    """Of forgetting somebody, and of removing faces; nobody else gets it."""
    first, second = (sample.number for sample in gallery.samples("ada")[:2])
    address = f"{ada}/samples?sample={first}&sample={second}"
    removed = [ask("DELETE", address, headers={"Idempotency-Key": VALUE}).json() for _ in range(2)]
    forgotten = [ask("DELETE", ada, headers={"Idempotency-Key": VALUE + "2"}).json() for _ in range(2)]

    assert removed[0] == removed[1]
    assert (removed[0]["samples"], removed[0]["person"]["samples"]) == ([first, second], 1)
    assert forgotten[0] == forgotten[1]
    assert ask("DELETE", ada, headers={"Idempotency-Key": VALUE + "3"}).status_code == 404


@pytest.mark.parametrize("query", ["", "?sample=0", "?sample=x", "?number=1"])
def test_faces_to_delete_are_named(ask, ada, gallery, query):
    """By their numbers; without one nothing is deleted."""
    assert ask("DELETE", f"{ada}/samples{query}").status_code in {400, 422}
    assert gallery.person("ada").samples == 3


def test_lists_begin_above_a_number(ask):
    """People and entries of the log; a cursor goes on from there."""
    assert [each["name"] for each in ask("GET", f"{STAFF}/people?above=1").json()["people"]] == ["bob"]
    page = ask("GET", f"{STAFF}/log?above=1&limit=1").json()
    assert [each["number"] for each in page["entries"]] == [2]
    page = ask("GET", f"{STAFF}/log?above=1&limit=1&after={page['next']}").json()
    assert [each["number"] for each in page["entries"]] == [3]
    assert ask("GET", f"{STAFF}/people?above=-1").status_code == 422


@pytest.mark.parametrize("terms", [{"consent": "form 2"}, {}, {"name": "eve"}, {"expires": "soon"}, []])
def test_further_faces_may_come_with_terms(ask, ada, gallery, photo, terms):
    """Consent, purpose, expiry; a name is not among them."""
    status = 201 if terms in ({"consent": "form 2"}, {}) else 400
    files = {"photos": ("more.png", Path(photo("wine")).read_bytes())}
    answer = ask("POST", f"{ada}/samples", files=files, data={"terms": json.dumps(terms)})

    assert answer.status_code == status
    assert gallery.person("ada").consent == (terms.get("consent") if status == 201 else None)


def test_the_deciding_point_is_told_whole(ask, point):
    """With its tail and its id; by the same names as where something is decided."""
    told = ask("GET", "http://testserver/v1/deciding-point").json()
    listed = ask("GET", "http://testserver/v1/operating-points").json()["operating_points"]

    assert told["operating_point"]["tail"]["trials"] == point.tail.trials
    assert {**told["operating_point"], "tail": None} == {**listed[0], "tail": None}
    other = ask("GET", "http://testserver/v1/deciding-point?target_fmr=0.01").json()["operating_point"]
    assert (other["threshold"], other["tail"]) == (0.8, None)
    wrong = ask("GET", "http://testserver/v1/deciding-point", params={"operating_point": made_point(0.7).name + "?"})
    assert wrong.json()["code"] == "no_point"
    assert ask("GET", "http://testserver/v1/deciding-point", headers={"Authorization": ""}).status_code == 401

"""Requests made from the service's own OpenAPI document, and some that it does not foresee."""

import json
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from facerec.service.settings import Limits

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
TYPES = ("application/json", "multipart/form-data; boundary=x", "application/zip", "text/plain", "", "x/y; boundary=")


def _same_each_time(examples):
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def busy(start_shared):
    """A service that has a bit of everything, and what is there by the names that addresses give it."""
    service = start_shared(Limits(requests_per_minute=1e9, photos_per_minute=1e9))
    token = service.token("admin")
    person = service.enroll(token, "Ada", "red", "wine", keep_photos=True).json()["person"]["id"]
    job = service.ended(service.ask("POST", "/v1/galleries/staff/exports", token), token)["id"]
    return service, token, {"gallery": "staff", "person": person, "job": job, "sample": 1, "code": "no_face"}


def _check(answer, refused):
    """No answer is a fault of the server, and what is refused is a problem."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        refused(answer, answer.status_code, answer.json()["code"])


def _fuzz(busy, refused, examples):
    service, token, there = busy
    schema = schemathesis.openapi.from_asgi("/openapi.json", service.app)
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:

        @seed(1)
        @_same_each_time(examples)
        @given(operation.as_strategy(), st.booleans(), st.booleans())
        def ask(case, known, keyed):
            if known:  # what is made up is hardly ever there
                for name in set(case.path_parameters or {}) & set(there):
                    case.path_parameters[name] = there[name]
            headers = {"Host": "testserver", "If-Match": "*", **({"Authorization": f"Bearer {token}"} if keyed else {})}
            found = case.call(headers=headers)
            told = {name.lower(): values[0] for name, values in found.headers.items()}
            _check(
                SimpleNamespace(status_code=found.status_code, text=found.text, json=found.json, headers=told), refused
            )

        ask()


def test_requests_of_the_document(busy, refused):
    """Whatever the document lets somebody ask is answered, and nothing of it is a fault of the server."""
    _fuzz(busy, refused, 5)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_requests_of_the_document(busy, refused):
    """The same, for longer."""
    _fuzz(busy, refused, 300)


def _unforeseen(busy, refused, examples):
    service, token, there = busy
    paths = [
        path.replace("{gallery}", "staff").replace("{person}", there["person"]).replace("{job}", there["job"])
        for path in service.ask("GET", "/openapi.json").json()["paths"]
    ]
    texts = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=20).map(str.strip)
    bodies = st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
            max_leaves=9,
        ).map(lambda value: json.dumps(value).encode()),
    )

    names = st.sampled_from(["after", "limit", "person", "people", "merge", "top", "x"])
    more = st.sampled_from(["If-Match", "Idempotency-Key", "Accept", "Origin", "Cookie", "Range"])

    @seed(1)
    @_same_each_time(examples)
    @given(
        st.sampled_from(METHODS),
        st.sampled_from(paths) | st.text(max_size=30).map(lambda text: f"/v1/{quote(text)}"),
        st.sampled_from(TYPES) | texts,
        st.tuples(bodies, st.dictionaries(names, st.text(max_size=9)), st.dictionaries(more, texts)),
    )
    def ask(method, path, kind, rest):
        body, params, more = rest
        headers = {name.encode(): text.encode("latin-1") for name, text in {**more, "Content-Type": kind}.items()}
        headers[b"Authorization"] = f"Bearer {token}".encode()
        answer = service.client.request(method, path, params=params, content=body, headers=headers)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and method != "HEAD":
            refused(answer, answer.status_code, answer.json()["code"])

    ask()


def test_requests_that_nobody_foresaw(busy, refused):
    """Methods, addresses, bodies and headers in any combination are no fault of the server either."""
    _unforeseen(busy, refused, 200)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_requests_that_nobody_foresaw(busy, refused):
    """The same, for longer."""
    _unforeseen(busy, refused, 10_000)

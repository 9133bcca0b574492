"""Who may send a request at all: names of the service, pages of other sites, headers of every answer."""

import pytest


@pytest.fixture
def service(shared):
    """One for all of them."""
    return shared


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "[::1", "evil.example:80", "10.0.0.1"])
def test_other_names(service, admin, refused, host):
    """A name of somebody else that leads here (DNS rebinding) is refused, before any key is looked at."""
    for token in (None, admin):
        body = refused(service.ask("GET", "/v1/models", token, headers={"Host": host}), 400, "bad_request")
        assert "name" in body["detail"]


@pytest.mark.parametrize(
    "host", ["testserver", "TESTSERVER", "testserver:8000", "localhost:1", "127.0.0.1", "[::1]:80"]
)
def test_own_names(service, admin, host):
    """Names of the service, and of this machine where it listens there, with any port."""
    assert service.ask("GET", "/v1/models", admin, headers={"Host": host}).status_code == 200


def _cookie(service):
    begun = service.ask("POST", "/session", json={"key": service.token("admin")})
    return begun.headers["set-cookie"].split(";")[0]


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://testserver.evil.example"},
        {"Origin": "testserver"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_pages_of_other_sites(service, refused, more):
    """A page elsewhere that has a browser send the cookie changes nothing here."""
    headers = {"Cookie": _cookie(service), **more}
    answer = service.ask("POST", "/v1/keys", headers=headers, json={"label": "x", "roles": ["kiosk"]})
    refused(answer, 403, "not_allowed")
    refused(service.ask("DELETE", "/session", headers=headers), 403, "not_allowed")
    refused(service.ask("POST", "/session", headers=more, json={"key": service.token("kiosk")}), 403, "not_allowed")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"Origin": "http://testserver"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_own_page(service, more):
    """The service's own page does what its key may."""
    headers = {"Cookie": _cookie(service), **more}
    answer = service.ask("POST", "/v1/keys", headers=headers, json={"label": "x", "roles": ["kiosk"]})
    assert answer.status_code == 201, answer.text


def test_a_key_is_no_cookie(service, admin):
    """Whoever shows a key, as curl does, is no page that a browser was lured to."""
    asked = {"label": "x", "roles": ["kiosk"]}
    for origin in ("https://evil.example", "null"):
        answer = service.ask("POST", "/v1/keys", admin, headers={"Origin": origin}, json=asked)
        assert answer.status_code == 201
        assert "access-control-allow-origin" not in answer.headers


def test_an_empty_authorization_makes_no_cookie_good(service, refused):
    """A header that carries no key does not stand for one: the cookie beside it is of no use to another page."""
    headers = {"Cookie": _cookie(service), "Origin": "https://evil.example"}
    for authorization in ("", "Basic eDp4", "Bearer", "x"):
        asked = {**headers, "Authorization": authorization}
        answer = service.ask("POST", "/v1/keys", headers=asked, json={"label": "x", "roles": ["kiosk"]})
        assert answer.status_code in {401, 403}, (authorization, answer.text)


def test_no_script_of_others_reads_answers(service, admin):
    """Answers are for this site: no sharing across origins, no sniffing, no caching, no frame elsewhere."""
    answer = service.ask("GET", "/v1/models", admin, headers={"Origin": "https://evil.example"})
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" not in answer.headers  # it does not encrypt


def test_encryption_is_kept(serve):
    """Behind a proxy that encrypts, browsers are told to stay with it."""
    service = serve(behind_proxy=True)
    assert "max-age" in service.ask("GET", "/healthz").headers["strict-transport-security"]


def test_every_request_has_a_number(service, admin):
    """Each its own, whatever the caller calls it."""
    asked = [service.ask("GET", "/healthz", headers={"X-Request-Id": "mine"}) for _ in range(3)]
    numbers = [each.headers["x-request-id"] for each in asked]
    assert len(set(numbers)) == 3
    assert "mine" not in numbers

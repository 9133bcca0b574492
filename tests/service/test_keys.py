"""Keys: shown once, kept as digests, ended at once."""

import hashlib
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from facerec.service import keys
from facerec.service.galleries import place_of_state
from facerec.service.scopes import ROLES
from facerec.service.state import State


@pytest.fixture
def service(shared):
    """One for all of them."""
    return shared


def test_shown_once(service, admin):
    """The answer that makes a key is the only one with its token; the state keeps a digest."""
    made = service.ask("POST", "/v1/keys", admin, json={"label": "desk", "roles": ["reception"]})
    assert made.status_code == 201
    token = made.json()["key"]
    assert service.ask("GET", "/v1/models", token).status_code == 200
    secret = keys.parse(token)[1]
    others = [service.ask("GET", path, admin).text for path in ("/v1/keys", "/metrics")]
    others += [service.ask("GET", "/session", token).text]
    digest = hashlib.sha256(secret.encode())
    for kept in (secret, token, digest.hexdigest()):
        assert all(kept not in each for each in others)
    kept = service.state_bytes()
    assert secret.encode() not in kept
    assert bytes.fromhex(secret) not in kept
    assert digest.digest() in kept


def test_mistyped(service, monkeypatch, refused):
    """A token with one character wrong is known for that by itself: nobody looks anything up."""
    token = service.token("admin")
    asked = []
    monkeypatch.setattr(service.parts.state, "key", asked.append)
    for place in (4, 20, 70, len(token) - 1):
        wrong = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]
        refused(service.ask("GET", "/v1/models", wrong), 401, "no_key")
    refused(service.ask("GET", "/v1/models", token.upper()), 401, "no_key")
    assert asked == []


def test_the_secret_decides(service, refused):
    """A token of a known id, with a sound checksum and another secret, opens nothing."""
    mine, other = service.key("admin"), service.key("admin")
    head = f"fr_{mine[0].id}_{keys.parse(other[1])[1]}"
    refused(service.ask("GET", "/v1/models", f"{head}{zlib.crc32(head.encode()):08x}"), 401, "no_key")


def test_secrets_are_compared_in_constant_time(service, monkeypatch):
    """Whoever guesses learns nothing from how long an answer takes: one function compares, made for that."""
    token = service.token("kiosk")
    compared = []
    real = keys.hmac.compare_digest
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    assert service.ask("GET", "/v1/models", token).status_code == 200
    assert len(compared) == 1


def test_expired(service, refused):
    """A key ends at its time, to the moment."""
    now = keys.now()
    key, token = keys.new_key("x", ("read",), expires=now + timedelta(seconds=1), now=now)
    assert key.holds(now + timedelta(seconds=0.999))
    assert not key.holds(now + timedelta(seconds=1))
    past = now - timedelta(days=2)
    key, token = keys.new_key("x", ("read",), expires=past + timedelta(days=1), now=past)
    service.parts.state.add_key(key)
    refused(service.ask("GET", "/v1/models", token), 401, "no_key")


def test_a_key_that_never_was_good(service, admin, refused):
    """No key is made that has expired already, or at a time of no zone."""
    for expires in ("2001-01-01T00:00:00Z", "2999-01-01T00:00:00"):
        asked = {"label": "x", "roles": ["kiosk"], "expires": expires}
        refused(service.ask("POST", "/v1/keys", admin, json=asked), 422, "bad_argument")


def test_revoked_at_once(service, admin, refused):
    """From the next request on a withdrawn key opens nothing, nor does the page's session that stood for it."""
    key, token = service.key("reception")
    session = service.ask("POST", "/session", json={"key": token})
    assert session.status_code == 201
    cookie = {"Cookie": session.headers["set-cookie"].split(";")[0]}
    assert service.ask("GET", "/v1/models", headers=cookie).status_code == 200
    assert service.ask("DELETE", f"/v1/keys/{key.id}", admin).json()["revoked"] is True
    refused(service.ask("GET", "/v1/models", token), 401, "no_key")
    refused(service.ask("GET", "/v1/models", headers=cookie), 401, "no_key")
    assert key.id in [each["id"] for each in service.ask("GET", "/v1/keys", admin).json()["keys"]]


def test_revoked_in_another_process(serve):
    """Another process on the same state knows of it, too."""
    service, other = serve(), serve()
    key, token = service.key("reception")
    assert other.ask("GET", "/v1/models", token).status_code == 200
    service.parts.state.revoke(key.id)
    assert other.ask("GET", "/v1/models", token).status_code == 401


def test_narrowing(service, refused):
    """A key gives out what it has, or less; never another scope, gallery, or all galleries."""
    limited = service.token("admin", galleries=("staff", "guests"))
    for galleries in (None, ["staff"], ["guests", "staff"]):
        asked = {"label": "x", "roles": ["kiosk"], "galleries": galleries}
        made = service.ask("POST", "/v1/keys", limited, json=asked)
        assert made.status_code == 201, made.text
        assert set(made.json()["galleries"]) == set(galleries or ("staff", "guests"))
    for galleries in (["staff", "elsewhere"], ["elsewhere"]):
        asked = {"label": "x", "roles": ["kiosk"], "galleries": galleries}
        refused(service.ask("POST", "/v1/keys", limited, json=asked), 403, "not_allowed")
    few = service.token(scopes=("read", "manage"))
    assert service.ask("POST", "/v1/keys", few, json={"label": "x", "roles": ["read"]}).status_code == 201
    refused(service.ask("POST", "/v1/keys", few, json={"label": "x", "roles": ["forget"]}), 403, "not_allowed")


def test_withdrawing_more_than_oneself(service, refused):
    """A key withdraws none that has more than it."""
    whole = service.key("admin")[0]
    refused(service.ask("DELETE", f"/v1/keys/{whole.id}", service.token(scopes=("read", "manage"))), 403, "not_allowed")
    there = service.token("admin", galleries=("staff",))
    refused(service.ask("DELETE", f"/v1/keys/{whole.id}", there), 403, "not_allowed")
    assert service.parts.state.key(whole.id).holds(keys.now())


def test_no_such_key(service, admin, refused):
    """There is nothing to withdraw where there is no key."""
    refused(service.ask("DELETE", f"/v1/keys/{'0' * 12}", admin), 404, "unknown_resource")


@pytest.mark.parametrize("asked", [{"roles": []}, {"roles": ["root"]}, {"roles": ["admin", "x"]}, {"roles": "admin"}])
def test_roles_that_are_none(service, admin, refused, asked):
    """A key may do something that there is."""
    refused(service.ask("POST", "/v1/keys", admin, json={"label": "x", **asked}), 422, "bad_argument")


def test_roles_say_what_they_are(service):
    """The list of roles is that by which keys are made."""
    told = service.ask("GET", "/v1/roles", service.token("kiosk")).json()["roles"]
    assert told == {name: list(scopes) for name, scopes in ROLES.items()}


def test_first_key(folder):
    """Of several processes that start at once, one makes the first key."""

    def start(_):
        state = State(place_of_state(str(folder)))
        made = state.add_first_key(keys.new_key("first", ("manage",), now=keys.now())[0])
        state.close()
        return made

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 1


def test_sessions(service, refused):
    """The page's cookie is its browser's own, sent to this host only, over encryption, and ends when it is ended."""
    token = service.token("reception")
    begun = service.ask("POST", "/session", json={"key": token})
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-facerec=")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    value = cookie.split(";")[0]
    assert token not in begun.text
    assert value.partition("=")[2].encode() not in service.state_bytes()
    assert service.ask("GET", "/session", headers={"Cookie": value}).json()["scopes"] == list(ROLES["reception"])
    assert service.ask("DELETE", "/session", headers={"Cookie": value}).status_code == 200
    refused(service.ask("GET", "/session", headers={"Cookie": value}), 401, "no_key")


def test_a_session_ends_with_its_key(service):
    """A session lasts no longer than the key that it stands for, and eight hours at most."""
    now = datetime.now(UTC)
    key = keys.new_key("x", ("read",), expires=now + timedelta(hours=1), now=now)[0]
    service.parts.state.add_key(key)
    text = service.parts.state.begin_session(key, until=now + timedelta(hours=8))
    assert service.parts.state.session(text, now=now).id == key.id
    assert service.parts.state.session(text, now=now + timedelta(hours=8)) is None
    assert service.parts.state.session("another", now=now) is None


def test_a_bad_key_begins_no_session(service, refused):
    """Whoever has no key gets no cookie."""
    answer = service.ask("POST", "/session", json={"key": "fr_"})
    refused(answer, 401, "no_key")
    assert "set-cookie" not in answer.headers


def test_a_key_is_not_taken_for_a_cookie(service, refused):
    """A token that is wrong is not made good by a cookie beside it."""
    value = service.ask("POST", "/session", json={"key": service.token("admin")}).headers["set-cookie"].split(";")[0]
    refused(service.ask("GET", "/session", "fr_wrong", headers={"Cookie": value}), 401, "no_key")

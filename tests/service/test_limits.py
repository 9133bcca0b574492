"""How much a request may take: bytes while they come in, photos, time, places in the queue, requests a minute."""

import json
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import TooManyRequestsError, UnsafeSettingsError
from facerec.service.rates import Buckets
from facerec.service.settings import Limits, Settings
from facerec.testing import made_recognizer

SMALL = Limits(photo_bytes=4000, request_bytes=12_000, document_bytes=2000, photos=3, archive_bytes=50_000)


@pytest.fixture(scope="module")
def service(start_shared):
    """One that takes little."""
    return start_shared(SMALL)


def _in_parts(content, size=500):
    """A body that comes in parts, and says nothing of its length."""

    def parts():
        for start in range(0, len(content), size):
            yield content[start : start + size]

    return parts()


def _form(*parts, boundary="xyz"):
    """A form, made by hand: parts are headers and content."""
    lines = b"".join(b"--xyz\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts)
    return lines + b"--xyz--\r\n", {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _photo(content, name="a.png", field="photos"):
    return f'Content-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: image/png', content


# -- bytes ------------------------------------------------------------------------------------------------------------


def test_a_form_is_counted_as_it_comes(service, admin, refused):
    """A body without a length that goes over the limit is refused, and read no further."""
    body, headers = _form(*(_photo(b"x" * 3900) for _ in range(3)), _photo(b"x" * 3900))
    taken = []

    def parts():
        for each in _in_parts(body):
            taken.append(len(each))
            yield each

    refused(service.ask("POST", "/v1/detect", admin, content=parts(), headers=headers), 413, "large_request")
    assert sum(taken) <= SMALL.request_bytes + 1000 or sum(taken) == len(body)  # the client may send all of it


def test_the_last_byte(service, admin, refused, png):
    """A form of exactly as many bytes as may be is read; of one more it is not, said or unsaid."""
    photo = png("red")
    start, headers = _form(_photo(photo))
    left = SMALL.request_bytes - len(start)
    exact, _ = _form(_photo(photo), ('Content-Disposition: form-data; name="person"', b""))
    left = SMALL.request_bytes - len(exact)
    # Before the first boundary there may be anything, which nobody reads.
    for content in (lambda body: body, _in_parts):
        body = b"\r\n" * (left // 2) + b"\r\n" * 0
        whole = body + exact
        answer = service.ask("POST", "/v1/detect", admin, content=content(whole), headers=headers)
        assert answer.json()["code"] == "bad_request", answer.text  # it has a field that detect does not know
        too_much = b"\r\n" * (left // 2 + 1) + exact
        answer = service.ask("POST", "/v1/detect", admin, content=content(too_much), headers=headers)
        refused(answer, 413, "large_request")


def test_a_length_that_is_none(service, admin, refused):
    """What a request says of its length is a number."""
    for stated in ("-1", "1e3", "", "0x10", "²"):
        headers = {"Content-Length": stated.encode("latin-1")}
        refused(service.ask("GET", "/v1/models", admin, headers=headers), 400, "bad_request")
    headers = {"Content-Length": "9" * 30}
    refused(service.ask("GET", "/v1/models", admin, headers=headers), 413, "large_request")


@pytest.mark.parametrize("chunked", [False, True])
def test_documents(service, admin, refused, chunked):
    """A document of JSON is small, whoever sends it and however; a form has no place where one is read."""
    content = json.dumps({"label": "x" * 3000, "roles": ["kiosk"]}).encode()
    sent = _in_parts(content) if chunked else content
    for kind in ("application/json", "multipart/form-data; boundary=xyz"):
        headers = {"Content-Type": kind}
        refused(service.ask("POST", "/v1/keys", admin, content=sent, headers=headers), 413, "large_request")
        sent = _in_parts(content) if chunked else content


def test_who_shows_no_key_sends_little(service, refused):
    """Without a key nobody has the service read more than a document."""
    body, headers = _form(*(_photo(b"x" * 3900) for _ in range(2)))
    read = []

    def parts():
        for each in _in_parts(body):
            read.append(each)
            yield each

    refused(service.ask("POST", "/v1/detect", content=parts(), headers=headers), 401, "no_key")
    content = json.dumps({"key": "x" * 5000}).encode()
    answer = service.ask("POST", "/session", content=content, headers={"Content-Type": "application/json"})
    refused(answer, 413, "large_request")


def test_a_photo_over_its_limit(service, admin, refused):
    """A photo of exactly so many bytes is looked at; of one more, the whole request is refused, and says which."""
    for size, status in ((SMALL.photo_bytes, 200), (SMALL.photo_bytes + 1, 413)):
        body, headers = _form(_photo(b"x" * size, "big.png"))
        answer = service.ask("POST", "/v1/detect", admin, content=body, headers=headers)
        assert answer.status_code == status, answer.text
    assert "big.png" in refused(answer, 413, "large_request")["detail"]


@pytest.mark.parametrize("fields", [1, 40])
@pytest.mark.parametrize("count", [3, 4, 5, 40])
def test_photos_of_a_request(service, admin, refused, *, count, fields):
    """So many photos, and not one more, however many fields they come in."""
    body, headers = _form(
        *(_photo(b"x", field="photos" if number % fields == 0 else f"{number}") for number in range(count))
    )
    answer = service.ask("POST", "/v1/detect", admin, content=body, headers=headers)
    if count > 3:
        assert "3 photos" in refused(answer, 413, "large_request")["detail"]
    elif fields == 1:
        assert len(answer.json()["photos"]) == 3
    else:
        refused(answer, 400, "bad_request")


def test_archives_have_a_limit_of_their_own(service, admin, refused):
    """An archive may be larger than photos, and is counted as it comes, too; what was refused leaves no file."""
    headers = {"Content-Type": "application/zip"}
    path = "/v1/galleries/staff/imports"
    assert service.ask("POST", path, admin, content=b"x" * 50_000, headers=headers).status_code == 202
    refused(service.ask("POST", path, admin, content=b"x" * 50_001, headers=headers), 413, "large_request")
    refused(service.ask("POST", path, admin, content=_in_parts(b"x" * 50_001), headers=headers), 413, "large_request")


# -- forms that are none ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/json", "multipart/mixed; boundary=xyz", "application/x-www-form-urlencoded"]
)
def test_bodies_of_another_type(service, admin, refused, kind):
    """An address that takes photos says so."""
    headers = {"Content-Type": kind}
    refused(service.ask("POST", "/v1/detect", admin, content=b"a=1", headers=headers), 415, "unknown_media")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form",
        b"--xyz",
        b"--xyz\r\n\r\n--xyz--",
        b"--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xyz--\r\n",
        b'--xyz\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\nx',
        b'--xyz\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\nContent-Length: 900\r\n\r\nx\r\n',
        b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--xyz\r\n\r\nhal',
        b'--abc\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\nx\r\n--abc--\r\n',
        b"--xyz\r\n: x\r\n\r\nx\r\n--xyz--\r\n",
        b"\xff" * 1000,
    ],
)
def test_forms_that_lie(service, admin, refused, body):
    """A form that is none, ends early or speaks of another boundary is told so, and is no fault of the server."""
    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    refused(service.ask("POST", "/v1/detect", admin, content=body, headers=headers), 400, "bad_request")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; x"])
def test_forms_without_a_boundary(service, admin, refused, kind):
    """A form names its boundary."""
    headers = {"Content-Type": kind}
    refused(service.ask("POST", "/v1/detect", admin, content=b"--\r\n", headers=headers), 400, "bad_request")


def test_texts_of_a_form(service, admin, refused):
    """Texts are few, short, each once, and in fields that somebody reads."""
    text = 'Content-Disposition: form-data; name="person"'
    other = 'Content-Disposition: form-data; name="height"'
    one = _photo(b"x")
    bodies = [
        (one, (text, b"{}"), (text, b"{}")),
        (one, (other, b"1")),
        (one, (text, b"[]")),
        (one, (text, b"{")),
        (one,),
    ]
    bodies += [(one, (text, b'{"name": NaN}')), (one, (text, b'{"name": "Ada", "age": 3}')), (one, (text, b"[" * 900))]
    for parts in bodies:
        body, headers = _form(*parts)
        answer = service.ask("POST", "/v1/galleries/staff/people", admin, content=body, headers=headers)
        refused(answer, 400, "bad_request")


# -- time -------------------------------------------------------------------------------------------------------------


class _Held:
    """A detector that waits until a test lets it go on."""

    def __init__(self, inner):
        self._inner = inner
        self.entered, self.let = threading.Event(), threading.Event()
        self.name, self.points_convention = inner.name, inner.points_convention

    def __call__(self, image):
        self.entered.set()
        assert self.let.wait(60)
        return self._inner(image)


@pytest.fixture
def held(serve):
    """Services whose networks wait until they are let; they are let at the end."""
    made = []

    def start(**limits):
        recognizer = made_recognizer()
        recognizer.detector = _Held(recognizer.detector)
        made.append(recognizer.detector)
        service = serve(recognizer, limits=replace(Limits(), **limits))
        service.parts.galleries.made("staff")
        return service, recognizer.detector

    yield start
    for each in made:
        each.let.set()


def test_deadline(held, png, refused):
    """What is not done in time is answered all the same: when to ask again, and that it may still be done."""
    service, detector = held(deadline=0.3)
    try:
        answer = service.ask("POST", "/v1/detect", service.token("admin"), files=[("photos", ("a.png", png("red")))])
        refused(answer, 503, "deadline")
    finally:
        detector.let.set()


def test_photos_that_waited_too_long_are_not_looked_at(held, png, refused):
    """Once the time of a request is over, nobody works for it."""
    service, detector = held(deadline=0.3)
    token = service.token("admin")
    for _ in range(3):
        answer = service.ask("POST", "/v1/detect", token, files=[("photos", ("a.png", png("red")))])
        refused(answer, 503, "deadline")
    detector.let.set()
    service.parts.engine.close()
    assert detector._inner.seen == 1  # the one that was begun


def test_bounded_queue(held, png, refused):
    """With as many photos waiting as may, the next are refused at once, with when to ask again; then all are done."""
    service, detector = held(waiting=2)
    token = service.token("admin")
    photo = [("photos", ("a.png", png("red")))]
    answers = []

    def ask():
        answers.append(service.ask("POST", "/v1/detect", token, files=photo))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    threads[0].start()
    assert detector.entered.wait(60)
    for each in threads[1:]:
        each.start()
    while service.parts.engine.waiting < 2:
        threading.Event().wait(0.01)
    refused(service.ask("POST", "/v1/detect", token, files=photo), 503, "overloaded")
    detector.let.set()
    for each in threads:
        each.join()
    assert [each.status_code for each in answers] == [200] * 3


# -- how often --------------------------------------------------------------------------------------------------------


def test_requests_a_minute(serve, refused):
    """A key that asks too often is refused, with when it may again; another key is not."""
    service = serve(limits=Limits(requests_per_minute=12))  # two at once
    token, other = service.token("kiosk"), service.token("kiosk")
    assert [service.ask("GET", "/v1/models", token).status_code for _ in range(4)] == [200, 200, 429, 429]
    refused(service.ask("GET", "/v1/models", token), 429, "too_many_requests")
    assert service.ask("GET", "/v1/models", other).status_code == 200


def test_photos_a_minute(serve, png, refused):
    """Photos are counted one by one, those of an import too."""
    service = serve(limits=Limits(photos_per_minute=18))  # three at once
    service.parts.galleries.made("staff")
    token = service.token("admin")
    photos = [("photos", (f"{number}.png", png("red"))) for number in range(2)]
    assert service.ask("POST", "/v1/detect", token, files=photos).status_code == 200
    refused(service.ask("POST", "/v1/detect", token, files=photos), 429, "too_many_requests")
    people = {"people": json.dumps([{"name": "Ada", "photos": ["0.png", "1.png"]}])}
    answer = service.ask("POST", "/v1/galleries/staff/imports", token, files=photos, data=people)
    refused(answer, 429, "too_many_requests")


def test_sessions_a_minute(serve):
    """Each key begins so many; nobody who tries out keys, however often, keeps those out who have one."""
    service = serve(limits=Limits(requests_per_minute=12))
    assert {service.ask("POST", "/session", json={"key": "fr_guess"}).status_code for _ in range(9)} == {401}
    token, other = service.token("kiosk"), service.token("kiosk")
    answers = [service.ask("POST", "/session", json={"key": each}) for each in (token, token, token, other)]
    assert [each.status_code for each in answers] == [201, 201, 429, 201]


@given(
    st.floats(0.5, 6000),
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 50)), min_size=1, max_size=60),
)
def test_never_more_than_flows_in(per_minute, asked):
    """In any time no more passes than what flowed in by then, and a full bucket."""
    now = 0.0
    buckets = Buckets(per_minute, what="photos", clock=lambda: now)
    size = max(1.0, per_minute / 60 * 10)
    passed = []
    for wait, amount in asked:
        now += wait
        try:
            buckets.take("key", amount)
        except TooManyRequestsError:
            continue
        passed.append((now, amount))
    for first, (start, _) in enumerate(passed):
        for last, (end, amount) in enumerate(passed[first:], first):
            taken = sum(each for _, each in passed[first : last + 1])
            # What goes over a full bucket is lent, and held back from what comes after.
            lent = max(0.0, amount - size)
            assert taken - lent <= per_minute / 60 * (end - start) + size + 1e-6


@given(st.floats(0.5, 6000), st.integers(1, 500))
def test_told_when_is_when(per_minute, amount):
    """Whoever waits for as long as they are told to is let through, and nobody is told to wait for nothing."""
    now = 0.0
    buckets = Buckets(per_minute, what="photos", clock=lambda: now)
    buckets.take("key", amount)
    while True:
        try:
            buckets.take("key", amount)
        except TooManyRequestsError as error:
            now += max(1, error.retry_after)
            buckets.take("key", amount)
            break


def test_buckets_do_not_pile_up(monkeypatch):
    """Buckets of keys that ask no more are dropped; one that is short is remembered."""
    monkeypatch.setattr("facerec.service.rates._MOST", 100)
    now = 0.0
    buckets = Buckets(60, what="requests", clock=lambda: now)
    for number in range(100):
        buckets.take(str(number), 1)
    now = 2.0
    buckets.take("hungry", 10)
    assert len(buckets._levels) == 1
    for number in range(200):
        buckets.take(f"{number}", 1)
    with pytest.raises(TooManyRequestsError):
        buckets.take("hungry", 1)


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(vars(Limits())))
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_limits_that_are_none(name, value):
    """A limit is above 0."""
    with pytest.raises(UnsafeSettingsError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize(
    "given",
    [
        {"host": "0.0.0.0"},
        {"host": "0.0.0.0", "hosts": ("faces.example",)},
        {"host": "0.0.0.0", "behind_proxy": True},
        {"host": "192.168.1.2", "hosts": ("a",)},
        {"certificate": "a.pem"},
        {"private_key": "a.pem"},
        {"port": 65536},
        {"port": -1},
    ],
)
def test_unsafe_settings(given):
    """Beyond this machine nothing is served in the clear, or under any name."""
    with pytest.raises(UnsafeSettingsError):
        Settings("galleries", **given)


def test_safe_settings():
    """On this machine nothing more is needed; beyond it, encryption and a name."""
    assert Settings("galleries").names == {"127.0.0.1", "localhost", "::1"}
    proxied = Settings("galleries", host="0.0.0.0", hosts=("Faces.Example",), behind_proxy=True)
    assert proxied.names == {"faces.example", "127.0.0.1", "localhost", "::1"}


def test_who_waits_for_a_gallery_keeps_nobody_else_waiting(serve, monkeypatch):
    """With as many requests waiting for galleries as may, a request for something else is answered."""
    service = serve()
    token = service.token("admin")
    entered, let, real = threading.Event(), threading.Event(), service.parts.state.keys

    def wait():
        entered.set()
        assert let.wait(60)
        return real()

    monkeypatch.setattr(service.parts.state, "keys", wait)
    service.parts.threads.total_tokens = 1
    waiting = threading.Thread(target=service.ask, args=("GET", "/v1/keys", token))
    waiting.start()
    try:
        assert entered.wait(60)
        assert service.ask("GET", "/v1/models", token).status_code == 200
        assert service.ask("GET", "/healthz").status_code == 200
    finally:
        let.set()
        waiting.join()

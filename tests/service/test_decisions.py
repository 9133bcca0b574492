"""The same decisions, with the same evidence, as the library's own."""

import asyncio
import json
import threading

import numpy as np
import pytest

from facerec.gallery import PersonId, open_gallery
from facerec.service import galleries
from facerec.testing import (
    COLOURS,
    made_embedder,
    made_face,
    made_matcher,
    made_point,
    made_recognizer,
)
from facerec.types.plain import plain

PEOPLE = {"Ada": ("red", "wine"), "Gil": ("green",), "Bea": ("blue",)}


def _enrolled(service):
    token = service.token("admin")
    return {name: service.enroll(token, name, *photos).json()["person"]["id"] for name, photos in PEOPLE.items()}


@pytest.fixture
def filled(service):
    """Three people, by their names."""
    return _enrolled(service)


@pytest.fixture(scope="module")
def people(shared):
    """Three people, whom all tests of this file ask about."""
    return _enrolled(shared)


def _same(told, own):
    """Whether an answer says all that the library's own value says."""
    own = json.loads(json.dumps(plain(own)))
    return {name: told.get(name, "absent") for name in own} == own


@pytest.mark.parametrize("photo", [("red",), ("wine",), ("green",), (), ("red", "red", "blue"), ("black", "red")])
def test_identify(shared, people, png, photo):
    """Who is on a photo: every decision, score, candidate and note is the library's."""
    recognizer = made_recognizer()
    content = png(*photo) if photo else png("black")
    files = [("photo", ("probe.png", content))]
    answer = shared.ask("POST", "/v1/galleries/staff/identify", shared.token("reception"), files=files)
    own = recognizer.identify(content, shared.gallery(), at=made_point())
    told = answer.json()
    assert len(told["faces"]) == len(own) == len([each for each in photo if each != "black"])
    for face, expected in zip(told["faces"], own, strict=True):
        fields = {name: value for name, value in expected.to_dict().items() if name not in {"gallery", "log_entry"}}
        assert _same(face, fields)
        if expected.match:
            assert face["person"]["name"] == expected.candidates[0].name
            assert face["person"]["id"] == people[expected.candidates[0].name]
        else:
            assert face["person"] is None


@pytest.mark.parametrize("name", list(PEOPLE))
@pytest.mark.parametrize("colour", sorted(set(COLOURS) - {"black"}))
def test_claims(shared, people, png, *, name, colour):
    """A claim is decided as the library decides it."""
    files = [("photo", ("probe.png", png(colour)))]
    path = f"/v1/galleries/staff/people/{people[name]}/verify"
    told = shared.ask("POST", path, shared.token("kiosk"), files=files).json()
    own = made_recognizer().verify_person(png(colour), PersonId(people[name]), shared.gallery(), at=made_point())
    assert told["decision"] == ("match" if colour in PEOPLE[name] else "no match")
    assert _same(told, own)


@pytest.mark.parametrize("pair", [("red", "wine"), ("red", "green"), ("blue", "blue")])
def test_compare(shared, png, pair):
    """Two photos are compared as the library compares them; nothing is stored."""
    files = [(field, (f"{field}.png", png(each))) for field, each in zip(("probe", "reference"), pair, strict=True)]
    position = shared.gallery().position()
    told = shared.ask("POST", "/v1/compare", shared.token("reception"), files=files).json()
    own = made_recognizer().verify(png(pair[0]), png(pair[1]), at=made_point())
    assert _same(told, own)
    assert shared.gallery().position() == position


def test_photos_that_show_nobody(shared, people, png, refused):
    """A claim, a comparison and an enrollment need a face; who is on a photo, and where faces are, does not."""
    token, nobody = shared.token("admin"), png("black")
    path = f"/v1/galleries/staff/people/{people['Ada']}"
    refused(shared.ask("POST", f"{path}/verify", token, files=[("photo", ("a", nobody))]), 422, "no_face")
    refused(shared.ask("POST", f"{path}/samples", token, files=[("photos", ("a", nobody))]), 422, "no_face")
    pair = [("probe", ("a", nobody)), ("reference", ("b", png("red")))]
    refused(shared.ask("POST", "/v1/compare", token, files=pair), 422, "no_face")
    assert shared.identify(token, "black").json()["faces"] == []
    several = [("photos", (name, content)) for name, content in (("a", nobody), ("b", png("red")), ("c", b"no photo"))]
    body = refused(shared.ask("POST", f"{path}/samples", token, files=several), 422, "unusable_photos")
    assert [(each["pointer"], each["code"]) for each in body["errors"]] == [
        ("/photos/0", "no_face"),
        ("/photos/2", "bad_image"),
    ]
    assert shared.gallery().person("Ada").samples == 2
    found = shared.ask("POST", "/v1/detect", token, files=several).json()["photos"]
    assert [len(each.get("faces", [])) for each in found] == [0, 1, 0]


def test_points(shared, people, png, refused):
    """A request names an operating point or a target, and never a bare threshold; nobody decides at none."""
    token = shared.token("admin")
    (point,) = shared.ask("GET", "/v1/operating-points", token).json()["operating_points"]
    assert point["threshold"] == made_point().threshold
    for params in ({"operating_point": point["id"]}, {"target_fmr": 1e-3}, {}):
        assert shared.identify(token, "red", **params).json()["faces"][0]["decision"] == "match"
    for params in ({"operating_point": "x"}, {"target_fmr": 0.5}, {"target_fmr": 1e-3, "operating_point": point["id"]}):
        refused(shared.identify(token, "red", **params), 422, "no_point")
    refused(shared.identify(token, "red", target_fmr=2), 422, "bad_argument")


def test_at_the_same_time(service, filled):
    """Many who ask at once get what each would get alone, and each has their own entries in the log."""
    photos = [("red",), ("green",), ("blue", "red"), ("wine", "green", "blue"), ()] * 6
    keys = [service.key("reception") for _ in photos]
    alone = [service.identify(keys[0][1], *(photo or ("black",))).json() for photo in photos]
    position = service.gallery().position()
    together, start = {}, threading.Barrier(len(photos))

    def ask(number):
        start.wait()
        together[number] = service.identify(keys[number][1], *(photos[number] or ("black",))).json()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(photos))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for number, expected in enumerate(alone):
        assert _without(together[number]) == _without(expected), number
    asked = [entry.details["actor"] for entry in service.gallery().log(after=position) if entry.event == "matched"]
    wanted = [key.actor for (key, _), photo in zip(keys, photos, strict=True) for _ in photo]
    assert sorted(asked) == sorted(wanted)
    assert service.gallery().check().intact


def _without(answer):
    """An answer without what is of one request only."""
    faces = [{name: value for name, value in face.items() if name != "log_entry"} for face in answer["faces"]]
    return {**{name: value for name, value in answer.items() if name not in {"request", "position"}}, "faces": faces}


def test_forgotten_everywhere(serve, png):
    """Once somebody is forgotten, no process that has the gallery open names them in its next answer."""
    one, other = serve(), serve()
    one.parts.galleries.made("staff")
    token = one.token("admin")
    person = one.enroll(token, "Ada", "red").json()["person"]["id"]
    for each in (one, other):
        assert each.identify(token, "red").json()["faces"][0]["person"]["id"] == person
    receipt = one.ask("DELETE", f"/v1/galleries/staff/people/{person}", token).json()
    assert receipt["erased_from_file"] in {True, False}
    assert receipt["gallery"] == "staff"
    for each in (other, one):
        answer = each.identify(token, "red")
        assert answer.json()["faces"][0]["decision"] == "no match"
        assert person not in answer.text
        assert "Ada" not in answer.text
        found = each.ask("GET", f"/v1/galleries/staff/people/{person}", token)
        assert found.json()["code"] == "unknown_person"


def test_the_log_says_which_key(service, filled, png):
    """Whatever changes or decides anything stands in the log with the key that asked."""
    key, token = service.key("admin")
    start = service.gallery().position()
    service.enroll(token, "Eve", (100, 100, 100))
    service.identify(token, "red")
    files = [("photo", ("probe.png", png("blue")))]
    service.ask("POST", f"/v1/galleries/staff/people/{filled['Bea']}/verify", token, files=files)
    path = f"/v1/galleries/staff/people/{filled['Gil']}"
    tag = service.ask("GET", path, token).headers["etag"]
    service.ask("PATCH", path, token, headers={"If-Match": tag}, json={"purpose": "door"})
    service.ask("DELETE", f"/v1/galleries/staff/people/{filled['Ada']}/samples/1", token)
    service.ask("DELETE", path, token)
    service.ended(service.ask("POST", "/v1/galleries/staff/exports", token), token)
    found = service.gallery().log(after=start)
    events = {entry.event for entry in found}
    assert events >= {"enrolled", "matched", "verified", "updated", "removed", "forgotten", "exported"}
    assert {entry.details["actor"] for entry in found} == {f"key {key.id}"}


def test_vectors_are_not_given_out(service, png, serve):
    """Vectors are biometric data: none leaves the service unless whoever runs it allows it."""
    photo = [("photos", ("a.png", png("red")))]
    token = service.token("admin")
    assert service.ask("POST", "/v1/embeddings", token, files=photo).json()["code"] == "not_allowed"
    assert "embedding" not in service.ask("POST", "/v1/detect", token, files=photo).json()["photos"][0]["faces"][0]
    other = serve(embeddings=True)
    told = other.ask("POST", "/v1/embeddings", token, files=photo).json()["photos"][0]["faces"][0]["embedding"]
    expected = made_recognizer().faces(png("red"))[0].embedding
    np.testing.assert_allclose(told, expected, atol=1e-6)


def test_galleries_of_other_models(service, png, refused):
    """A gallery that another model made decides nothing here, and says so."""
    with open_gallery(service.folder / "old.db", made_embedder("other")) as old:
        old.enroll("Ada", made_face("ada", matcher=made_matcher("other")))
    token = service.token("admin")
    refused(service.identify(token, "red", gallery="old"), 409, "model_mismatch")
    refused(service.enroll(token, "Bob", "red", gallery="old"), 409, "model_mismatch")
    answer = service.ask("GET", "/v1/galleries/old", token)
    assert answer.json()["embedder"]["name"] == "other"


def test_opening_keeps_nobody_waiting(serve, monkeypatch):
    """A gallery is opened, which may take long, in a thread of its own and never in that of all requests."""
    seen, real = [], galleries.open_gallery

    def opened(*args, **more):
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        seen.append(args)
        return real(*args, **more)

    monkeypatch.setattr(galleries, "open_gallery", opened)
    service = serve()
    token = service.token("admin")
    assert service.ask("POST", "/v1/galleries", token, json={"id": "staff"}).status_code == 201
    service.parts.galleries.close()
    for _ in range(2):
        assert service.ask("GET", "/v1/galleries/staff", token).status_code == 200
    assert len(seen) == 2


def test_emptying_a_gallery(service, filled, refused):
    """Everybody is forgotten by whoever says how many that is, and nobody by anybody else; the log stays."""
    token = service.token("admin")
    for wrong in (0, 2, 4):
        answer = service.ask("DELETE", "/v1/galleries/staff", token, params={"people": wrong})
        refused(answer, 422, "bad_argument")
    refused(service.ask("DELETE", "/v1/galleries/staff", token), 400, "bad_request")
    receipts = service.ask("DELETE", "/v1/galleries/staff", token, params={"people": 3}).json()["receipts"]
    assert {each["person_id"] for each in receipts} == set(filled.values())
    assert len(service.gallery()) == 0
    assert service.gallery().check().intact

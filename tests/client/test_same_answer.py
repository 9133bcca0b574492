"""The answer is the same through every door: what a client gives is what the library gives, evidence included."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.client import Client
from facerec.errors import ForbiddenError, ImageError, NoFaceError, NoPointError
from facerec.gallery import PersonId, open_gallery
from facerec.points import digest_of
from facerec.service import keys
from facerec.service.app import create_app
from facerec.service.settings import Settings
from facerec.testing import made_gallery, made_matcher, made_photo, made_point, made_recognizer
from facerec.types import ImpostorTail

RECOGNIZER = made_recognizer()
COUNTED = ("created", "added", "already_present", "replaced")


@pytest.mark.parametrize("probe", ["red", "wine", "green"])
def test_two_photos_are_decided_alike(client, photo, point, probe):
    """A match, a near match and a stranger: the value is equal to the library's, and so is its JSON."""
    here = RECOGNIZER.verify(photo(probe), photo("red", name="reference.png"), at=point)
    there = client.compare(photo(probe), photo("red", name="reference.png"))

    assert there == here
    assert there.to_dict() == here.to_dict()
    assert there.strangers == here.strangers
    assert str(there) == str(here)


def test_a_face_below_the_gate_is_undecided_in_the_same_words(client, photo, point):
    """Problems and notes come along."""
    small, large = photo("red", name="small.png", size=32), photo("red")
    there = client.compare(small, large)

    assert there == RECOGNIZER.verify(small, large, at=point)
    assert there.decision == "undecided"


def test_a_chosen_face_is_noted_alike(client, photo, point):
    """Where there are several, the notes say which one was compared."""
    several = photo("green", "red", "blue")
    here = RECOGNIZER.verify(several, photo("red"), at=point, choice="central")

    assert client.compare(several, photo("red"), choice="central") == here
    assert "3 faces" in here.notes[-1]


def _both(client, folder: Path, point):
    """A gallery of the service, and the library's own handle of the same file."""
    return client.make_gallery("staff"), open_gallery(folder / "staff.db")


def test_searches_are_decided_alike(client, service, photo, point):
    """Somebody enrolled, a near match, a stranger: candidates, FPIR, words, boxes, points, looks."""
    there, here = _both(client, service.folder, point)
    with here:
        there.enroll(photo("red"), "ada")
        there.enroll(photo("green"), "bob")
        crowd = photo("wine", "green", "blue", "black")

        found, wanted = there.identify(crowd), RECOGNIZER.identify(crowd, here, at=point)

        assert found.to_dict() == wanted.to_dict()
        assert [each.operating_point for each in found] == [each.operating_point for each in wanted]
        assert [each.name for each in found] == ["ada", "bob", None]
        assert np.array_equal(found.points, wanted.points)
        assert (found.looks, found.reading, found.source) == (wanted.looks, wanted.reading, wanted.source)
        assert np.array_equal(found.draw(made_photo("red")), wanted.draw(made_photo("red")))


def test_an_empty_gallery_and_no_face_are_answers(client, service, photo, point):
    """Without anybody enrolled the score is NaN; a photo without a face has no outcomes, and both say so alike."""
    there, here = _both(client, service.folder, point)
    with here:
        (found,) = there.identify(photo("red"))
        (wanted,) = RECOGNIZER.identify(photo("red"), here, at=point)
        assert math.isnan(found.score)
        assert (found.to_dict(), found.operating_point) == (wanted.to_dict(), point)
        dark, wanted_dark = there.identify(photo("black")), RECOGNIZER.identify(photo("black"), here, at=point)
        assert (len(dark), dark.to_dict()) == (0, wanted_dark.to_dict())
        assert "nearly black" in dark.reading[0]


def test_claims_are_decided_alike(client, service, photo, point):
    """By name and by id."""
    there, here = _both(client, service.folder, point)
    with here:
        person = there.enroll(photo("red"), "ada").person
        for probe in ("red", "wine", "blue"):
            wanted = RECOGNIZER.verify_person(photo(probe), "ada", here, at=point)
            assert there.verify_person(photo(probe), "ada") == wanted
            assert there.verify_person(photo(probe), PersonId(person.id)) == wanted
        assert [entry.event for entry in here.log()[-9:]] == ["verified"] * 9


def test_enrolling_again_is_told_alike(client, service, photo, point):
    """A photo that is there already, alone and with another; what is replaced; and a claim against both faces."""
    there = client.make_gallery("staff")
    here = made_gallery()
    calls = (["red"], "form 17"), (["red", "wine"], "form 18"), (["wine", "red"], None)
    for colours, consent in calls:
        several = [photo(each) for each in colours]
        told = there.enroll(several, "ada", consent=consent)
        done = RECOGNIZER.enroll(several, "ada", here, at=point, consent=consent)
        assert [getattr(told, each) for each in COUNTED] == [getattr(done, each) for each in COUNTED]
    changes = [entry.changes for entry in here.log()]
    assert [entry.changes for entry in there.log()] == changes
    assert [each.text for each in changes[2]] == ["consent 'form 17' → 'form 18'"]
    claims = there.verify_person(photo("red"), "ada"), RECOGNIZER.verify_person(photo("red"), "ada", here, at=point)
    assert claims[0] == claims[1]
    assert claims[0].comparisons == 2


def test_what_is_said_is_what_was_sent(client, service, photo):
    """``to_dict`` of every decision is the JSON that the service sent."""
    there = client.make_gallery("staff")
    there.enroll(photo("red"), "ada")
    compared = client.compare(photo("red"), photo("green"))
    found = there.identify(photo("red", "blue"))
    sent = [json.loads(each.content) for each in service.transport.answered]

    decided = next(each for each in sent if "decision" in each)
    assert _of(decided, compared.to_dict()) == compared.to_dict()
    decided = next(each for each in sent if "faces" in each)
    told = [_of(*each) for each in zip(decided["faces"], found.to_dict()["faces"], strict=True)]
    assert {**_of(decided, found.to_dict()), "faces": told} == found.to_dict()


def _of(content: dict, names: dict) -> dict:
    return {name: content[name] for name in names}


def test_faces_are_found_alike(client, photo):
    """Boxes, scores, points and measures are those of the library; vectors stay where they are."""
    dark, crowd = photo("black"), photo("red", "green")
    found = client.detect([dark, crowd, b"no photo"])
    wanted = list(RECOGNIZER.stream([dark, crowd]))

    for there, here in zip(found[:2], wanted, strict=True):
        assert there.to_dict() == {**here.to_dict()}
        assert there.detections.image_size == here.detections.image_size
        assert there.embeddings.shape == (len(here), 0)
    assert client.detect([]) == []
    assert isinstance(found[2], ImageError)
    assert "cannot be read as a photo" in str(found[2])


def test_every_kind_of_photo_is_taken(client, photo, point):
    """Paths, bytes, files, PIL images and arrays of one picture get one decision, named as the library names them."""
    path = photo("red")
    content, image = Path(path).read_bytes(), PIL.Image.open(path)
    pixels = made_photo("red")
    for given in (path, Path(path), content, io.BytesIO(content), image, pixels, pixels / 255):
        rewind = given.seek(0) if isinstance(given, io.BytesIO) else None
        there = client.compare(given, path)
        rewind = given.seek(0) if rewind is not None else None
        assert there == RECOGNIZER.verify(given, path, at=point)
    assert client.compare(pixels[:, :, ::-1], path, bgr=False).decision != "match"
    assert client.compare(pixels[:, :, ::-1], pixels[:, :, ::-1], bgr=True).match


def test_what_is_known_only_here_is_told_too(client, photo, point):
    """An array whose values had to be clipped is a PNG on the other side; the note about it is not lost."""
    pixels = made_photo("red") / 255
    pixels[0, 0] = 1.2
    here = RECOGNIZER.verify(pixels, photo("red"), at=point)
    there = client.compare(pixels, photo("red"))

    assert sorted(there.notes) == sorted(here.notes)
    assert any("clipped" in note for note in there.notes)


def test_what_is_known_only_here_is_told_of_searches_claims_and_faces(client, service, photo, point):
    """As the library tells it: of the photo, and of every face in it."""
    there, here = _both(client, service.folder, point)
    with here:
        there.enroll(photo("red"), "ada")
        pixels = made_photo("red", "blue") / 255
        pixels[0, 0] = 1.2
        found, wanted = there.identify(pixels), RECOGNIZER.identify(pixels, here, at=point)
        assert (found.reading, [each.notes for each in found]) == (wanted.reading, [each.notes for each in wanted])
        assert "clipped" in found.reading[0]
        alone = pixels[:, :64]
        wanted = RECOGNIZER.verify_person(alone, "ada", here, at=point)
        assert there.verify_person(alone, "ada") == wanted
        assert "clipped" in wanted.notes[-1]
    assert client.detect([alone])[0].reading == RECOGNIZER.faces(alone).reading
    dark = np.zeros((64, 64, 3), np.uint8)
    assert client.detect([dark])[0].reading == RECOGNIZER.faces(dark).reading
    assert "clipped" in there.enroll(alone, "bob").notes[0]


def test_a_point_that_decides_nothing_disturbs_nobody(client, service, photo, point):
    """One that was measured with another embedder stands in the service's list, and is passed over."""
    foreign = made_point(matcher=made_matcher("another"))
    service.app.state.parts.points._by_id[digest_of(foreign)[:12]] = foreign

    assert foreign not in client.operating_points()
    assert client.compare(photo("red"), photo("wine")).operating_point == point


def test_points_that_differ_in_their_tails_only_are_told_apart(client, service, photo, point):
    """By what the decision says of strangers."""
    twin = replace(point, tail=ImpostorTail((0.999, 0.95), (2, 40), (9000.0,) * 2, 30_000))
    service.app.state.parts.points._by_id[digest_of(twin)[:12]] = twin
    assert {point, twin} <= set(client.operating_points())

    for at in (twin, point, twin):
        assert client.compare(photo("red"), photo("wine"), at=at) == RECOGNIZER.verify(
            photo("red"), photo("wine"), at=at
        )


def test_points_are_asked_for_by_value_id_name_or_target(client, point):
    """Each of them means one point, which comes back whole; one that the service lacks is refused."""
    shown, other = point, made_point(0.8, target_fmr=0.01)
    assert client.operating_points()[:2] == (shown, other)
    for at in (other, other.name):
        assert client.deciding_point(at)[0] == other
    assert client.deciding_point(target_fmr=0.01)[0] == other
    assert client.deciding_point() == RECOGNIZER.deciding_point(point)
    for wrong in (made_point(0.7), "no such point"):
        with pytest.raises(NoPointError):
            client.compare(made_photo("red"), made_photo("red"), at=wrong)


def test_decisions_hold_the_whole_point_whichever_decided(client, photo, point):
    """The tail of the point, which answers leave out, is that of the point."""
    other = made_point(0.8, target_fmr=0.01)

    assert client.compare(photo("red"), photo("wine"), target_fmr=0.01).operating_point == other
    assert client.compare(photo("red"), photo("wine")).operating_point == point


def test_a_point_that_is_gone_is_told(client, service, photo, point):
    """Where the service can no longer say how many strangers reach which score, the decision does not pretend to."""
    client._points.all = lambda **_: iter(())
    found = client.compare(photo("red"), photo("wine"))

    assert found.operating_point == replace(point, tail=None)
    assert "how many strangers" in found.notes[-1]


def test_the_matcher_is_the_services(client):
    """What makes scores there is known here."""
    assert client.matcher == RECOGNIZER.matcher


def test_no_face_is_the_librarys_error(client, photo, point):
    """Class and text."""
    with pytest.raises(NoFaceError) as here:
        RECOGNIZER.verify(photo("black"), photo("red"), at=point)
    with pytest.raises(NoFaceError) as there:
        client.compare(photo("black"), photo("red"))

    assert str(there.value) == str(here.value)


def test_a_client_of_a_key_from_the_environment(service, monkeypatch):
    """The key may stand in FACEREC_KEY."""
    monkeypatch.setenv("FACEREC_KEY", service.new_key("admin") + "\n")
    with Client("http://testserver", transport=service.transport, insecure=True) as client:
        assert client.galleries() == []


def test_vectors_come_where_they_are_given_out(tmp_path, connect, service, photo):
    """The faces are then the library's, vectors included; a service gives none out unless it was told to."""
    with pytest.raises(ForbiddenError, match="--embeddings"):
        connect("reception").detect([photo("red")], vectors=True)
    crowd, dark = photo("red", "green"), photo("black")
    app = create_app(Settings(str(tmp_path), hosts=("testserver",), embeddings=True), made_recognizer(), workers=1)
    key, token = keys.new_key("a test", keys.scopes_of(["reception"]), now=keys.now())
    app.state.parts.state.add_key(key)
    with (
        type(service.transport)(app) as transport,
        Client("http://testserver", token, transport=transport, insecure=True) as asking,
    ):
        found = asking.detect([crowd, dark], vectors=True)

    assert np.array_equal(found[0].embeddings, RECOGNIZER.faces(crowd).embeddings)
    assert found[0].matcher == RECOGNIZER.matcher
    assert len(found[1]) == 0

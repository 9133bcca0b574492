"""A gallery that a service holds reads as the one that the library opens, after whatever was done through a client."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from facerec.errors import ArgumentError, ChangedPersonError, LargeRequestError, UnknownSampleError
from facerec.gallery import LogHead, PersonId, Transfer, open_gallery
from facerec.testing import made_photo

SOON = datetime.now(UTC).date() + timedelta(days=30)


@pytest.fixture
def here(gallery, service):
    """The library's own handle of the same gallery."""
    with open_gallery(service.folder / "staff.db") as opened:
        yield opened


@pytest.fixture
def filled(gallery, photo):
    """Ada with two faces, Bob with one."""
    gallery.enroll([photo("red"), photo("wine")], "ada", consent="form 17", purpose="door", expires=SOON)
    gallery.enroll(photo("green"), "bob", keep_photos=True)
    return gallery


def test_everything_that_is_read_is_equal(filled, here, photo):
    """People, samples, log, head, position, embedder, check: the library's values, equal to its own."""
    filled.identify(photo("red", "green"))

    assert filled.people() == list(filled) == here.people()
    assert (len(filled), filled.embedder, filled.erasure_due) == (2, here.embedder, here.erasure_due)
    assert (filled.position(), filled.head(), filled.log()) == (here.position(), here.head(), here.log())
    for name in ("ada", "bob", PersonId(here.person("ada").id)):
        assert (filled.person(name), filled.samples(name)) == (here.person(name), here.samples(name))
    assert filled.log(name="ada") == here.log(name="ada")
    assert filled.check(against=here.head()) == here.check(against=here.head())
    assert filled.check_log() == here.check_log()
    assert filled.to_frame().equals(here.to_frame())
    assert [entry.details["actor"][:4] for entry in here.log()[-2:]] == ["key "] * 2


@pytest.mark.parametrize(
    "page", [{"last": 2}, {"last": 0}, {"last": 99}, {"after": 2, "limit": 1}, {"after": 1}, {"name": "ada", "last": 1}]
)
def test_pages_of_the_log_are_those_of_the_library(filled, here, page):
    """From a number on, the newest, of one person."""
    filled.update("ada", purpose="gate")
    assert filled.log(**page) == here.log(**page)


@pytest.mark.parametrize("wrong", [{"last": -1}, {"after": -1}, {"limit": 0}, {"last": 1, "after": 1}])
def test_pages_that_cannot_be_are_refused(filled, wrong):
    """As the library refuses them."""
    with pytest.raises(ArgumentError):
        filled.log(**wrong)


def test_more_people_than_a_page_are_all_there(gallery, here, service, monkeypatch):
    """Pages are put together, from any number on."""
    monkeypatch.setattr("facerec.client.gallery._PAGE", 2)
    for number in range(5):
        gallery.enroll(made_photo((40 * number + 10, 200, 30)), f"person {number}")
    service.transport.asked.clear()

    assert gallery.people() == here.people()
    assert len(service.transport.asked) == 3
    assert gallery.people(after=2, limit=3) == here.people(after=2, limit=3)
    assert gallery.log(after=1) == here.log(after=1)


def test_somebody_of_an_id_gets_faces_and_terms(filled, photo):
    """As by name; terms that are not given stay."""
    ada = filled.person("ada")
    done = filled.enroll(photo("blue"), PersonId(ada.id), consent="form 18")

    assert (done.added, done.created) == (1, False)
    assert (done.person.consent, done.person.purpose, done.person.expires) == ("form 18", "door", SOON)


def test_a_change_holds_for_what_was_read(filled):
    """As `was` says, or not at all; without it whatever the person is like."""
    read = filled.person("ada")
    changed = filled.update("ada", new_name="Ada Lovelace", expires=None, was=read)
    assert (changed.name, changed.expires, changed.consent) == ("Ada Lovelace", None, "form 17")
    for late in (
        lambda: filled.update(PersonId(read.id), consent=None, was=read),
        lambda: filled.forget(PersonId(read.id), was=read),
    ):
        with pytest.raises(ChangedPersonError, match="was changed meanwhile"):
            late()
    assert filled.update("Ada Lovelace", consent=None).consent is None


def test_a_change_between_reading_and_writing_is_noticed(filled, service):
    """By the service: what was read here may be old by then."""
    read, answer = filled.person("ada"), service.transport.handle_request

    def meanwhile(request):
        if request.method in {"PATCH", "DELETE"}:
            service.transport.handle_request = answer
            filled.update("bob", purpose="door")
            filled.update("ada", purpose="another")
        return answer(request)

    for change in (lambda: filled.update("ada", consent="x", was=read), lambda: filled.forget("ada", was=read)):
        service.transport.handle_request = meanwhile
        with pytest.raises(ChangedPersonError, match="was changed"):
            change()
        filled.update("ada", purpose=read.purpose)
    assert filled.person("ada") == read


def test_repair_and_its_undoing(filled, here):
    """Merge, split, move: receipts that undo them here or there."""
    before = here.people()
    merged = filled.merge("bob", "ada")
    assert merged == Transfer.from_dict(json.loads(json.dumps(merged.to_dict())))
    filled.undo(merged)
    assert [(each.id, each.samples) for each in here.people()] == [(each.id, each.samples) for each in before]
    parted = filled.split("ada", "cleo", [filled.samples("ada")[0].number], purpose="gate")
    assert (parted.receiver_after.purpose, parted.receiver_after.consent) == ("gate", "form 17")
    here.undo(parted)
    moved = filled.move_samples("ada", "bob", filled.samples("ada")[1].number)
    assert moved.receiver_after.samples == 2
    filled.undo(here.undo(moved))
    assert filled.person("bob").samples == 2


def test_faces_are_removed_together_or_not_at_all(filled):
    """Several in one go with one receipt; a number that the person lacks removes none."""
    filled.merge("bob", "ada")
    first, second, third = (sample.number for sample in filled.samples("ada"))
    with pytest.raises(UnknownSampleError):
        filled.remove_samples("ada", [first, 99])
    assert filled.person("ada").samples == 3
    receipt = filled.remove_samples("ada", [second, first])

    assert (receipt.samples, receipt.person.samples, receipt.gallery) == ((first, second), 1, "staff")
    assert [sample.number for sample in filled.samples("ada")] == [third]


def test_receipts_name_the_gallery_as_the_service_does(filled, here):
    """And no file of the server; the log goes on from them."""
    receipt = filled.forget("bob")

    assert (receipt.name, receipt.gallery, receipt.photos) == ("bob", "staff", 1)
    assert LogHead(receipt.log_entry, receipt.head) == here.head()
    assert "bob" not in filled
    assert ("ada" in filled, 7 in filled, "" in filled) == (True, False, False)


def test_too_many_photos_are_told(gallery, service):
    """By what the service takes."""
    with pytest.raises(LargeRequestError, match="20 photos"):
        gallery.enroll([made_photo("red")] * 21, "ada")


def test_what_a_photo_is_like_is_said_when_it_is_enrolled(gallery, here, photo):
    """As the library says it."""
    two = photo("red", "green")
    done = gallery.enroll(two, "ada", choice="largest")

    assert done.notes == (f"{two}: 2 faces were found; the largest one is meant",)

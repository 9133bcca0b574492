"""Faces taken out, sent on, people made one or two, and all of it taken back: over every store."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from facerec.errors import (
    ArgumentError,
    ExpiryPassedError,
    LookAlikeError,
    NameTakenError,
    NotUndoneError,
    UnknownPersonError,
    UnknownSampleError,
)
from facerec.gallery import Transfer, ledger


@pytest.fixture
def filled(gallery, build, clock):
    """Ada with three faces, one photo kept; bob with two; cleo with one; decisions about each of the first two."""
    faces = [build.face(n, source=f"ada {n}.jpg") for n in (1, 2, 3)]
    gallery.enroll("ada", faces, photos=[b"1", b"2", b"3"], consent="form 17")
    gallery.enroll("ada", faces[0], photos=[b"1"], keep_photos=True)
    gallery.enroll("bob", [build.face(n, source=f"bob {n}.jpg") for n in (11, 12)], expires=clock.today())
    gallery.enroll("cleo", build.face(21))
    gallery.verify("ada", build.face(1, source="ada claims.jpg"), at=build.point())
    gallery.identify(build.faces([build.vector(11)], source="bob at the door.jpg"), at=build.point())
    gallery.verify("bob", build.face(1, source="ada claims to be bob.jpg"), at=build.point())
    return gallery


def _numbers(gallery, name):
    return [sample.number for sample in gallery.samples(name)]


def _state(gallery):
    """Everybody without their numbers in the gallery, samples, vectors; and each person's log up to now."""
    return {
        person.name: (
            replace(person, number=0),
            gallery.samples(person.name),
            gallery.vectors(person.name).tobytes(),
        )
        for person in gallery
    }


def _story(gallery, name):
    """What the log shows of a person: events and what probe photos were called, without those of repairs."""
    repairs = ("gave", "received", "absorbed", "updated")
    return [(entry.number, entry.event, entry.source) for entry in gallery.log(name=name) if entry.event not in repairs]


_TRANSFERS = {
    "move": lambda g: g.move_samples("ada", "bob", _numbers(g, "ada")[1:]),
    "move one": lambda g: g.move_samples("bob", "cleo", _numbers(g, "bob")[0]),
    "merge": lambda g: g.merge("ada", "bob"),
    "merge the other way": lambda g: g.merge("bob", "ada"),
    "split": lambda g: g.split("ada", "eve", _numbers(g, "ada")[:2]),
    "split with terms": lambda g: g.split("ada", "eve", _numbers(g, "ada")[0], consent="other", purpose="door"),
}
_each_transfer = pytest.mark.parametrize("transfer", _TRANSFERS.values(), ids=_TRANSFERS.keys())


# -- laws -------------------------------------------------------------------------------------------------------------


@_each_transfer
def test_undo_gives_everything_back(filled, build, transfer):
    """People, records, samples, vectors, what the log shows of each; searches find as before; the check is whole."""
    before, stories = _state(filled), {person.name: _story(filled, person.name) for person in filled}
    probe = build.faces([build.vector(1), build.vector(11)])
    found = [each.candidates for each in filled.identify(probe, at=build.point(), logged=False)]
    done = transfer(filled)
    assert _state(filled) != before
    assert filled.check().problems == ()

    filled.undo(done)

    assert _state(filled) == before
    assert {person.name: _story(filled, person.name) for person in filled} == stories
    assert [each.candidates for each in filled.identify(probe, at=build.point(), logged=False)] == found
    assert filled.check().problems == ()


@_each_transfer
def test_undoing_an_undo_does_it_again(filled, transfer):
    """The receipt of an undo is one like any other; there and back as often as one likes."""
    before = _state(filled)
    done = transfer(filled)
    after = _state(filled)
    for _ in range(2):
        done = filled.undo(done)
        assert _state(filled) == before
        done = filled.undo(done)
        assert _state(filled) == after
    assert filled.check().problems == ()


@_each_transfer
def test_receipts_come_back_from_json(filled, transfer):
    """A receipt that was written down undoes as the value itself does."""
    before = _state(filled)
    done = transfer(filled)
    read = Transfer.from_dict(json.loads(json.dumps(done.to_dict())))

    assert read == done
    filled.undo(read)
    assert _state(filled) == before


@_each_transfer
def test_a_receipt_is_used_once(filled, transfer):
    """Undone already, it says so and changes nothing."""
    done = transfer(filled)
    filled.undo(done)
    before, entries = _state(filled), filled.position()
    with pytest.raises(NotUndoneError):
        filled.undo(done)

    assert (_state(filled), filled.position()) == (before, entries)


@_each_transfer
def test_faces_are_sent_never_copied(filled, transfer):
    """No vector is lost or doubled, none changes its number, whoever has it."""

    def everything():
        return sorted(
            (sample.number, vector.tobytes())
            for person in filled
            for sample, vector in zip(filled.samples(person.name), filled.vectors(person.name), strict=True)
        )

    before = everything()
    transfer(filled)
    assert everything() == before


@pytest.mark.local
@_each_transfer
def test_a_transfer_is_logged_for_both(filled, transfer):
    """Two entries next to each other, which name nobody and prove what each has from then on."""
    start = filled.position()
    done = transfer(filled)
    entries = [entry for entry in filled.log() if entry.number > start and entry.event != "updated"]

    assert [entry.event for entry in entries] == ["absorbed" if done.giver_after is None else "gave", "received"]
    assert [entry.person_id for entry in entries] == [done.giver.id, done.receiver_after.id]
    assert [dict(entry.details) for entry in entries] == [{"vectors": len(done.samples)}] * 2
    assert (done.log_entry, done.head) == (filled.head().entries, filled.head().digest)


@_each_transfer
def test_another_opening_follows(gallery_factory, filled, build, transfer):
    """A search that had loaded everybody sees who has which face now, and after an undo."""
    probe = build.faces([build.vector(n) for n in (1, 2, 3, 11, 12, 21)])

    def nearest(gallery):
        return [each.candidates[0].name for each in gallery.identify(probe, at=build.point(), logged=False)]

    with gallery_factory() as there, gallery_factory() as fresh:
        assert nearest(there) == ["ada"] * 3 + ["bob"] * 2 + ["cleo"]
        done = transfer(filled)
        expected = nearest(fresh)
        assert nearest(there) == expected != ["ada"] * 3 + ["bob"] * 2 + ["cleo"]
        filled.undo(done)
        assert nearest(there) == ["ada"] * 3 + ["bob"] * 2 + ["cleo"]


@pytest.mark.parametrize("seed", range(6))
def test_a_long_story_is_undone_step_by_step(filled, seed):
    """Many transfers, undone from the last to the first, lead back through every state."""
    chance, states, receipts = np.random.default_rng(seed), [], []
    for step in range(12):
        names = [person.name for person in filled]
        several = [name for name in names if filled.person(name).samples > 1]
        states.append(_state(filled))
        giver, receiver = (names[n] for n in chance.permutation(len(names))[:2])
        kind = chance.integers(3)
        if kind == 0 and len(names) > 2:
            receipts.append(filled.merge(giver, receiver))
        elif kind == 1 and several and (other := next((n for n in names if n != several[0]), None)):
            receipts.append(filled.move_samples(several[0], other, _numbers(filled, several[0])[0]))
        elif several:
            receipts.append(filled.split(several[-1], f"person {step}", _numbers(filled, several[-1])[-1:]))
        else:
            states.pop()
    assert len(receipts) > 4
    assert filled.check().problems == ()
    while receipts:
        filled.undo(receipts.pop())
        assert _state(filled) == states.pop()
    assert filled.check().problems == ()


# -- what becomes of records and logs ---------------------------------------------------------------------------------


def test_a_merge_keeps_what_either_agreed_to(filled, clock):
    """Consent of the one, the earlier end; the receiver's name and id; the log of both is that of the one."""
    ada, bob = filled.person("ada"), filled.person("bob")
    done = filled.merge("ada", "bob")
    merged = filled.person("bob")

    assert (merged.id, merged.consent, merged.expires, merged.samples) == (bob.id, "form 17", clock.today(), 5)
    assert (done.giver, done.receiver, done.giver_after, done.receiver_after) == (ada, bob, None, merged)
    assert "ada" not in filled
    sources = [entry.source for entry in filled.log(name="bob") if entry.source]
    assert sources == ["ada claims.jpg", "bob at the door.jpg", "ada claims to be bob.jpg"]


@pytest.mark.parametrize("term", ["consent", "purpose"])
def test_people_who_agreed_to_different_things_are_not_merged(filled, term):
    """The error names both; nothing is changed until somebody has decided."""
    filled.update("ada", **{term: "one thing"})
    filled.update("bob", **{term: "another thing"})
    before, entries = _state(filled), filled.position()
    with pytest.raises(ArgumentError, match=rf"differ in {term}.*'another thing', 'one thing'"):
        filled.merge("ada", "bob")

    assert (_state(filled), filled.position()) == (before, entries)


def test_a_vector_that_both_have_is_kept_for_each(gallery, build):
    """So that the two can be parted again."""
    gallery.enroll("ada", [build.face(1), build.face(2)])
    gallery.enroll("bob", [build.face(1), build.face(3)])
    done = gallery.merge("ada", "bob")
    assert gallery.person("bob").samples == 4

    gallery.undo(done)

    assert [gallery.person(name).samples for name in ("ada", "bob")] == [2, 2]


def test_who_was_renamed_is_found_by_id(filled):
    """Receipts hold ids: names given since do not stand in the way, and stay."""
    done = filled.move_samples("ada", "bob", _numbers(filled, "ada")[0])
    filled.rename("ada", "ada the first")
    filled.rename("bob", "robert")
    filled.undo(done)

    assert [filled.person(name).samples for name in ("ada the first", "robert")] == [3, 2]


def test_a_record_that_was_changed_since_stays(filled):
    """Undoing a merge puts the receiver's record back only where nobody has changed it since."""
    done = filled.merge("ada", "bob")
    filled.update("bob", purpose="door")
    filled.undo(done)

    bob = filled.person("bob")
    assert (bob.consent, bob.purpose) == ("form 17", "door")


def test_faces_given_since_stay(filled, build):
    """What the receiver got after a merge stays with the receiver."""
    done = filled.merge("ada", "bob")
    filled.enroll("bob", build.face(13), expires=None)
    filled.undo(done)

    assert [filled.person(name).samples for name in ("ada", "bob")] == [3, 3]


def test_chains_of_merges_are_one_log(filled):
    """Who absorbed somebody who had absorbed somebody has the log of all three."""
    filled.merge("ada", "bob")
    filled.merge("bob", "cleo")
    sources = [entry.source for entry in filled.log(name="cleo") if entry.source]

    assert sources == ["ada claims.jpg", "bob at the door.jpg", "ada claims to be bob.jpg"]
    assert filled.check().problems == ()


def test_who_was_parted_and_absorbed_by_another_is_in_that_log(filled):
    """The log of somebody goes with whoever has them now, not with who had them once."""
    filled.undo(filled.merge("ada", "bob"))
    filled.merge("ada", "cleo")

    assert [entry.source for entry in filled.log(name="cleo") if entry.source] == ["ada claims.jpg"]
    assert "ada claims.jpg" not in [entry.source for entry in filled.log(name="bob")]
    assert not any(entry.event == "enrolled" and entry.number == 2 for entry in filled.log(name="bob"))
    assert filled.check().problems == ()


@pytest.mark.local
def test_forgetting_the_receiver_forgets_whom_they_absorbed(filled, tmp_path):
    """Neither faces nor what photos were called stay of either, and the receipt lists copies of both."""
    filled.export_to(tmp_path / "out")
    filled.merge("ada", "bob")
    filled.merge("bob", "cleo")
    receipt = filled.forget("cleo")

    assert receipt.vectors == 6
    assert [copy.kind for copy in receipt.copies] == ["exported"]
    assert len(filled) == 0
    assert [entry.source for entry in filled.log() if entry.source] == []
    assert filled.check().problems == ()


def test_forgetting_who_was_parted_again_leaves_the_other(filled):
    """After an undo each is forgotten alone, with what their own probes were called."""
    filled.undo(filled.merge("ada", "bob"))
    filled.forget("bob")

    assert [entry.source for entry in filled.log() if entry.source] == ["ada claims.jpg"]
    assert [sample.source for sample in filled.samples("ada")] == ["ada 1.jpg", "ada 2.jpg", "ada 3.jpg"]
    assert filled.check().problems == ()


def test_a_forgotten_receiver_cannot_give_back(filled):
    """A merge cannot be undone when what was merged is forgotten."""
    done = filled.merge("ada", "bob")
    filled.forget("bob")
    with pytest.raises(NotUndoneError, match="3 of the 3 faces are not with 'bob' any more"):
        filled.undo(done)


def test_a_receipt_of_another_gallery_is_refused(filled, gallery_factory, build):
    """The entry's digest is that of one gallery alone."""
    done = filled.merge("ada", "bob")
    with gallery_factory("other.db") as other:
        for seed, name in enumerate(("ada", "bob")):
            other.enroll(name, build.face(seed))
        with pytest.raises(NotUndoneError, match="not of this gallery"):
            other.undo(done)
    with pytest.raises(NotUndoneError, match="not of this gallery"):
        filled.undo(replace(done, head="0" * 64))


def test_a_name_that_was_taken_since_is_said(filled, build):
    """Whoever was absorbed does not come back under somebody else's name."""
    done = filled.merge("ada", "bob")
    filled.enroll("ada", build.face(99))
    with pytest.raises(NameTakenError, match="'ada'"):
        filled.undo(done)
    filled.rename("ada", "another ada")
    filled.undo(done)

    assert filled.person("ada").samples == 3


def test_who_was_split_off_and_got_more_is_not_absorbed(filled, build):
    """Faces enrolled since would go to the giver unasked."""
    done = filled.split("ada", "eve", _numbers(filled, "ada")[0])
    filled.enroll("eve", build.face(98))
    with pytest.raises(NotUndoneError, match="has got other faces since"):
        filled.undo(done)


def test_a_giver_who_is_gone_gets_nothing_back(filled):
    """Faces of somebody who was forgotten since are not given to nobody."""
    done = filled.move_samples("ada", "bob", _numbers(filled, "ada")[0])
    filled.forget("ada")
    with pytest.raises(NotUndoneError, match="'ada', who gave the faces, is not enrolled any more"):
        filled.undo(done)


def test_an_enrollment_asked_for_again_after_a_merge_is_a_new_one(gallery, build):
    """What was absorbed takes its keys along; the answer would name somebody who is not there."""
    gallery.enroll("ada", build.face(1), key="request 1")
    gallery.enroll("bob", build.face(2))
    gallery.merge("ada", "bob")

    assert gallery.enroll("ada", build.face(1), key="request 1").created
    assert gallery.check().problems == ()


# -- refusals ---------------------------------------------------------------------------------------------------------


_REFUSED = {
    "no such face": (lambda g, _: g.remove_samples("ada", 999), UnknownSampleError, "no face number 999"),
    "of somebody else": (
        lambda g, _: g.remove_samples("ada", _numbers(g, "bob")),
        UnknownSampleError,
        "no face number",
    ),
    "none": (lambda g, _: g.remove_samples("ada", []), ArgumentError, "no face of 'ada' was named"),
    "all": (lambda g, _: g.remove_samples("bob", _numbers(g, "bob")), ArgumentError, "forget the person instead"),
    "of nobody": (lambda g, _: g.remove_samples("eve", 1), UnknownPersonError, "'eve'"),
    "move to oneself": (lambda g, _: g.move_samples("ada", "ada", 1), ArgumentError, "cannot give faces to themselves"),
    "move all": (lambda g, _: g.move_samples("ada", "bob", _numbers(g, "ada")), ArgumentError, "merge them"),
    "move to nobody": (lambda g, _: g.move_samples("ada", "eve", 1), UnknownPersonError, "'eve'"),
    "move no such face": (lambda g, _: g.move_samples("ada", "bob", [1, 999]), UnknownSampleError, "999"),
    "merge with oneself": (lambda g, _: g.merge("ada", "ada"), ArgumentError, "is one person already"),
    "split all": (lambda g, _: g.split("ada", "eve", _numbers(g, "ada")), ArgumentError, "rename the person"),
    "split to a taken name": (lambda g, _: g.split("ada", "bob", 1), NameTakenError, "'bob' is enrolled"),
    "split to no name": (lambda g, _: g.split("ada", " ", 1), ArgumentError, "name"),
    "split until yesterday": (
        lambda g, today: g.split("ada", "eve", 1, expires=today - timedelta(days=1)),
        ExpiryPassedError,
        "has passed",
    ),
}


@pytest.mark.parametrize(("call", "error", "said"), _REFUSED.values(), ids=_REFUSED.keys())
def test_what_cannot_be_is_refused(filled, clock, call, error, said):
    """The message says what to do instead, and nothing is changed or logged."""
    before, entries = _state(filled), filled.position()
    with pytest.raises(error, match=said):
        call(filled, clock.today())

    assert (_state(filled), filled.position()) == (before, entries)


def test_names_that_look_alike_are_refused_wherever_one_is_given(filled, build, monkeypatch):
    """By enrolling, renaming, splitting; the message shows whom, and how the two differ."""
    monkeypatch.setattr(ledger, "skeleton", str.casefold)
    filled.rename("cleo", "Cleo")  # one's own name in other letters is no other's
    for call in (
        lambda: filled.enroll("CLEO", build.face(50)),
        lambda: filled.rename("bob", "CLEO"),
        lambda: filled.split("ada", "CLEO", _numbers(filled, "ada")[0]),
    ):
        with pytest.raises(LookAlikeError, match=r"'CLEO' .*'Cleo' .*look alike"):
            call()


@pytest.mark.parametrize(
    "content",
    [None, 7, [], {}, {"samples": [1]}, "receipt", {"giver": None, "receiver": None}],
    ids=str,
)
def test_what_is_no_receipt_is_refused(content):
    """Whatever stands in a receipt's file, it is one error of an argument."""
    with pytest.raises(ArgumentError, match="no receipt"):
        Transfer.from_dict(content)


@pytest.mark.parametrize(
    "change",
    [
        {"giver": None},
        {"receiver_after": None},
        {"samples": ["one"]},
        {"samples": 7},
        {"log_entry": None},
        {"giver": {"name": "ada"}},
        {"giver": 7},
        {"giver": {"number": "x"}},
        {"giver": "created"},
        {"giver": "id"},
        {"giver": "name"},
        {"giver": "consent"},
    ],
    ids=str,
)
def test_a_damaged_receipt_is_refused(filled, change):
    """A field that is missing or of another kind is named."""
    content = filled.merge("ada", "bob").to_dict()
    if isinstance(field := change.get("giver"), str):
        wrong = {"created": "2030-01-01T00:00:00", "id": "../x", "name": 7, "consent": ["a"]}[field]
        change = {"giver": {**content["giver"], field: wrong}}
    content |= change
    with pytest.raises(ArgumentError, match="no receipt"):
        Transfer.from_dict(content)


@pytest.mark.parametrize("part", ["entry", "giver", "receiver", "samples"])
def test_a_receipt_that_the_log_does_not_know_is_refused(filled, part):
    """One that was put together by hand, of true digests: other people, other faces than those of the entry."""
    ada, bob, cleo = (filled.person(name) for name in ("ada", "bob", "cleo"))
    enrolled = filled.update("cleo", purpose="door") and filled.head()
    done = filled.move_samples("ada", "bob", _numbers(filled, "ada")[0])
    forged = {
        "entry": replace(done, log_entry=enrolled.entries, head=enrolled.digest),
        "giver": replace(done, giver=cleo),
        "receiver": replace(done, receiver_after=ada, receiver=ada),
        "samples": replace(done, samples=(*done.samples, _numbers(filled, "bob")[-1])),
    }[part]
    before = _state(filled)
    with pytest.raises(NotUndoneError, match="not of this gallery"):
        filled.undo(forged)

    assert _state(filled) == before
    assert bob.name in filled


# -- removing ---------------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_removed_faces_are_found_no_more(filled, build, clock):
    """The receipt says which, and where they still are; photos go with them, the others stay."""
    probe = build.faces([build.vector(1)])
    assert filled.identify(probe, at=build.point(), logged=False)[0].name == "ada"
    first, *rest = filled.samples("ada")
    receipt = filled.remove_samples("ada", first.number)

    assert (receipt.person, receipt.samples, receipt.removed) == (filled.person("ada"), (first.number,), clock.now)
    assert (receipt.erased_from_file, receipt.advice, receipt.copies) == (True, "", ())
    assert (receipt.log_entry, receipt.head) == (filled.head().entries, filled.head().digest)
    assert filled.samples("ada") == rest
    assert filled.person("ada").photos == 0
    assert filled.identify(probe, at=build.point(), logged=False)[0].name is None
    assert filled.log()[-1].event == "removed"
    assert dict(filled.log()[-1].details) == {"vectors": 1}
    assert filled.check().problems == ()
    json.dumps(receipt.to_dict(), allow_nan=False)


def test_removing_takes_numbers_in_any_order(filled):
    """Each once, however often it is named."""
    first, second, _ = _numbers(filled, "ada")

    assert filled.remove_samples("ada", [second, first, second]).samples == (first, second)


def test_numbers_of_removed_faces_are_not_given_again(filled, build):
    """A number that was noted somewhere never means another face."""
    last = _numbers(filled, "ada")[-1]
    highest = max(number for person in filled for number in _numbers(filled, person.name))
    filled.remove_samples("ada", last)
    filled.enroll("ada", build.face(97))

    assert _numbers(filled, "ada")[-1] > highest


def test_a_receipt_that_names_removed_faces_is_not_undone(filled):
    """What was erased since cannot be sent back, and the rest is not sent without it."""
    done = filled.move_samples("ada", "bob", _numbers(filled, "ada")[:2])
    filled.remove_samples("bob", done.samples[0])
    with pytest.raises(NotUndoneError, match="1 of the 2 faces"):
        filled.undo(done)

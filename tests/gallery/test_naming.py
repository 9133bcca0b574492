"""People named by their id instead of by their name, changes that hold only for what was read, and pages of the log."""

import pytest

from facerec.errors import ArgumentError, ChangedPersonError, NameTakenError, UnknownPersonError
from facerec.gallery import PersonId
from facerec.quality import NO_GATE


def test_an_id_stands_for_whoever_has_it(gallery, build):
    """Whatever takes a name takes the id, and means the same person after a rename, when another has the name."""
    ada = PersonId(gallery.enroll("ada", build.face(1)).person.id)
    gallery.rename("ada", "ada lovelace")
    gallery.enroll("ada", build.face(2))

    assert gallery.person(ada).name == "ada lovelace"
    assert ada in gallery
    assert gallery.samples(ada) == gallery.samples("ada lovelace")
    assert gallery.verify(ada, build.face(1), at=build.point()).match
    assert gallery.enroll(ada, build.face(3)).person.samples == 2
    assert gallery.update(ada, purpose="door").name == "ada lovelace"
    assert [entry.event for entry in gallery.log(name=ada)] == [
        "enrolled",
        "renamed",
        "verified",
        "enrolled",
        "updated",
    ]
    number = gallery.samples(ada)[0].number
    assert gallery.split(ada, "bob", number).giver.id == ada.id
    assert gallery.merge("bob", ada).receiver_after.name == "ada lovelace"
    assert gallery.remove_samples(ada, number).person.samples == 1
    assert gallery.forget(ada).name == "ada lovelace"
    assert [person.name for person in gallery.people()] == ["ada"]


def test_an_id_that_nobody_has_names_nobody(gallery, build):
    """Nobody is enrolled by an id; a text that is no id is refused."""
    for call in (
        lambda: gallery.person(PersonId("0" * 32)),
        lambda: gallery.forget(PersonId("0" * 32)),
        lambda: gallery.enroll(PersonId("0" * 32), build.face(1)),
    ):
        with pytest.raises(UnknownPersonError, match="nobody of the id 000"):
            call()
    assert PersonId("0" * 32) not in gallery
    for text in ("ada", "0" * 31, "0" * 33, "G" * 32, 7):
        with pytest.raises(ArgumentError, match="32 hexadecimal"):
            PersonId(text)


def test_candidates_carry_the_id_of_their_person(gallery, build):
    """The id beside each candidate's name is that of the person of the name."""
    for number in range(3):
        gallery.enroll(f"person {number}", build.face(number))

    (outcome,) = gallery.identify(build.faces([build.vector(1)]), at=build.point())

    assert [gallery.person(PersonId(each.person_id)).name for each in outcome.candidates] == [
        each.name for each in outcome.candidates
    ]
    assert outcome.candidates[0].name == "person 1"


def test_a_change_holds_for_what_was_read(gallery, build):
    """Whoever read a person before somebody else changed them changes and forgets nothing."""
    read = gallery.enroll("ada", build.face(1)).person
    changed = gallery.update("ada", purpose="door", was=read)

    for call in (
        lambda: gallery.update("ada", purpose="gate", was=read),
        lambda: gallery.update("ada", new_name="eve", was=read),
        lambda: gallery.forget("ada", was=read),
    ):
        with pytest.raises(ChangedPersonError, match="was changed meanwhile"):
            call()
    assert gallery.person("ada") == changed
    assert gallery.forget("ada", was=changed).name == "ada"


def test_a_name_and_terms_change_together_or_not_at_all(gallery, build):
    """A new name that is taken leaves the terms as they were."""
    gallery.enroll("ada", build.face(1))
    gallery.enroll("bob", build.face(2))
    with pytest.raises(NameTakenError):
        gallery.update("ada", new_name="bob", purpose="door")
    assert gallery.person("ada").purpose is None

    done = gallery.update("ada", new_name="eve", purpose="door")

    assert (done.name, done.purpose) == ("eve", "door")
    assert [entry.event for entry in gallery.log(name="eve")][-2:] == ["updated", "renamed"]


def test_pages_of_the_log_are_the_log(gallery, build):
    """Pages of any length, one after the other, are all entries, of everybody and of one person."""
    for number in range(5):
        gallery.enroll("ada" if number % 2 else "bob", build.face(number))

    for name in (None, "ada"):
        whole = gallery.log(name=name)
        for limit in (1, 2, 3, 100):
            pages = []
            while page := gallery.log(name=name, after=pages[-1].number if pages else 0, limit=limit):
                assert len(page) <= limit
                pages += page
            assert pages == whole
    with pytest.raises(ArgumentError, match="one or the other"):
        gallery.log(last=3, limit=2)
    with pytest.raises(ArgumentError, match="at least 1"):
        gallery.log(limit=0)


@pytest.mark.local
def test_many_photos_are_identified_as_each_alone(gallery, build):
    """One search for several photos decides and logs what a search for each does, under whoever asked for it."""
    for number in range(4):
        gallery.enroll(f"person {number}", build.face(number))
    photos = [build.faces([build.vector(n) for n in each], source=f"{each}.jpg") for each in [(1, 9), (), (2,), (8,)]]
    alone = [gallery.identify(each, at=build.point(), gate=NO_GATE).to_dict() for each in photos]
    before = gallery.log()

    together = gallery.identify_many(photos, at=build.point(), gate=NO_GATE, actors=["door", None, "gate", "gate"])

    assert [each.to_dict() for each in together] == alone
    new = gallery.log(after=before[-1].number)
    assert [entry.details.get("actor") for entry in new] == ["door", "gate"]
    old = gallery.log(last=4)[:2]
    assert [(each.event, each.name, each.source) for each in new] == [
        (each.event, each.name, each.source) for each in old
    ]
    with pytest.raises(ArgumentError, match="4 photos have 4 actors; got 1"):
        gallery.identify_many(photos, at=build.point(), actors=["door"])
    assert gallery.identify_many([], at=build.point()) == []

"""What consent, purpose and expiry were before: said in the answer, kept in the log, forgotten with the person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from facerec.errors import DamagedGalleryError
from facerec.gallery import TermChange
from facerec.gallery.rows import SourceRow
from facerec.gallery.terms import read_changes, written_changes

A_TO_B = TermChange("consent", "form 17", "form 18")


def story(gallery, **of):
    """All changes of terms that the log shows."""
    return [change for entry in gallery.log(**of) for change in entry.changes]


def test_enrolling_says_what_it_replaces(gallery, build, clock):
    """And the log keeps it, each with what it was; what is the same, or was not there, is not replaced."""
    day, next_day = clock.today(), clock.today() + timedelta(days=1)
    gallery.enroll("ada", build.face(1), consent="form 17", expires=next_day)
    same = gallery.enroll("ada", build.face(2), consent="form 17")
    done = gallery.enroll("ada", build.face(3), consent="form 18", purpose="door", expires=day)

    assert same.replaced == ()
    assert done.replaced == (A_TO_B, TermChange("expires", str(next_day), str(day)))
    assert done.replaced[0].text == "consent 'form 17' → 'form 18'"
    assert story(gallery) == [A_TO_B, TermChange("purpose", None, "door"), done.replaced[1]]
    (entry,) = (each for each in gallery.log() if each.changes)
    assert (entry.event, entry.source, entry.details) == (
        "updated",
        None,
        {"fields": ["consent", "purpose", "expires"]},
    )
    assert gallery.check().intact


def test_updating_and_taking_away(gallery, build):
    """Every change stands in the log, also one to nothing."""
    gallery.enroll("ada", build.face(1), consent="form 17")
    gallery.update("ada", consent="form 18")
    gallery.update("ada", consent=None)

    assert story(gallery, name="ada") == [A_TO_B, TermChange("consent", "form 18", None)]


def test_nothing_is_left_of_the_forgotten(gallery, build):
    """Of them, of whom they absorbed, and not of others."""
    for seed, name in enumerate(("ada", "bob", "eve")):
        gallery.enroll(name, build.face(seed), consent="form 17")
        gallery.update(name, consent="form 18")
    gallery.merge("bob", "ada")
    assert story(gallery, name="ada") == [A_TO_B] * 2

    gallery.forget("ada")

    assert story(gallery) == story(gallery, name="eve") == [A_TO_B]
    assert gallery.check().intact


def test_undoing_a_merge_gives_back_whose_it_was(gallery, build, clock):
    """The record of either, and what it was before."""
    day = clock.today()
    gallery.enroll("ada", build.face(1), consent="form 17")
    gallery.enroll("bob", build.face(2), consent="form 17", expires=day)
    gallery.update("bob", consent="form 18")
    gallery.update("ada", consent="form 18")
    done = gallery.merge("bob", "ada")
    gallery.undo(done)

    assert story(gallery, name="bob") == [A_TO_B]
    expiry = [TermChange("expires", None, str(day)), TermChange("expires", str(day), None)]
    assert story(gallery, name="ada") == [A_TO_B, *expiry]
    assert gallery.check().intact
    gallery.forget("bob")
    assert story(gallery) == [A_TO_B, *expiry]


def test_an_import_says_whose_record_stayed(gallery, gallery_factory, build, tmp_path):
    """Faces that come to somebody who agreed to something else: the archive's record is in the log."""
    gallery.enroll("ada", build.face(1), consent="form 17", purpose="door")
    gallery.export_to(tmp_path / "out")
    with gallery_factory("other.db") as other:
        other.enroll("ada", build.face(2), consent="form 18")
        (done,) = other.import_from(tmp_path / "out", merge=True)
        told = (A_TO_B, TermChange("purpose", "door", None))
        assert (done.person.consent, done.replaced) == ("form 18", told)
        assert (other.log()[-1].event, other.log()[-1].changes) == ("imported", told)
        assert other.import_from(tmp_path / "out", merge=True)[0].replaced == ()  # no face came
        assert other.check().intact
        other.forget("ada")
        assert story(other) == []


@pytest.mark.parametrize("absorbed", [False, True], ids=["alone", "absorbed"])
def test_whoever_comes_back_from_an_archive_was_forgotten_all_the_same(gallery, build, tmp_path, absorbed):
    """What stood beside the log went with them, or with who absorbed them, and is not missed."""
    gallery.enroll("ada", build.face(1), consent="form 17")
    gallery.update("ada", consent="form 18")
    gallery.enroll("bob", build.face(2))
    gallery.export_to(tmp_path / "archive")
    if absorbed:
        gallery.merge("ada", "bob")
    for name in ("bob",) if absorbed else ("ada",):
        gallery.forget(name)
    assert gallery.check().intact

    gallery.import_from(tmp_path / "archive", merge=True)

    assert gallery.check().problems == ()
    gallery.update("ada", consent="form 19")
    assert gallery.check().problems == ()


def test_whoever_was_absorbed_gets_their_story_back(gallery, build, tmp_path):
    """From an archive as by undoing a merge: with those whom they had absorbed, and nothing of who absorbed them."""
    forms = {"ada": "form 1", "bob": "form 2", "eve": "form 3", "zoe": "form 4"}
    for seed, (name, form) in enumerate(forms.items()):
        gallery.enroll(name, build.face(seed), consent=form)
        gallery.update(name, consent="form 18")
    gallery.export_to(tmp_path / "archive")
    gallery.merge("ada", "bob")
    merged = gallery.merge("bob", "eve")
    gallery.forget("zoe")
    assert {change.former for change in story(gallery, name="eve")} == {"form 1", "form 2", "form 3"}

    gallery.rename("eve", "eva")
    gallery.import_from(tmp_path / "archive", merge=True)

    def stories():
        return {person.name: {change.former for change in story(gallery, name=person.name)} for person in gallery}

    own = {name: {form} for name, form in forms.items()} | {"zoe": set(), "eva": {"form 3"}}
    del own["eve"]
    assert gallery.check().problems == ()
    assert stories() == own
    gallery.merge("ada", "zoe")  # somebody else has who was with bob before
    gallery.merge("bob", "zoe")
    assert gallery.check().problems == ()
    assert stories() == {"eva": {"form 3"}, "zoe": {"form 1", "form 2"}}

    gallery.undo(merged)

    assert gallery.check().problems == ()
    assert stories() == {"eva": {"form 3"}, "zoe": {"form 1"}, "bob": {"form 2"}}
    gallery.forget("bob")
    assert {change.former for change in story(gallery)} == {"form 1", "form 3"}
    assert gallery.check().problems == ()


def test_a_forged_former_consent_is_found(gallery, build):
    """The log holds its salted digest."""
    gallery.enroll("ada", build.face(1), consent="form 17")
    gallery.update("ada", consent="form 18")
    with gallery._store.writing() as rows:
        (row,) = rows.select(SourceRow)
        rows.update(row._replace(source=written_changes([replace(A_TO_B, former="form 16")])))

    (problem,) = gallery.check().problems
    assert problem == "the note beside log entry 3 (a photo's name, or former terms) is not what the log says"


@pytest.mark.parametrize("text", ["a.jpg", "3", "[3]", '[{"term": "consent"}]', '[{"term": 1, "former": 2, "now": 3}]'])
def test_what_is_no_change_is_damage(text):
    """A text of another kind in its place."""
    with pytest.raises(DamagedGalleryError, match="changed terms"):
        read_changes(text)


def test_changes_come_back():
    """As they were written, whatever letters they hold."""
    changes = (A_TO_B, TermChange("purpose", None, 'Tür "3" → 名'))
    assert read_changes(written_changes(changes)) == changes
    assert written_changes(()) is None

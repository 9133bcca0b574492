"""Galleries that version 1 made: looking leaves them as they are, the first change brings them to this version."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from facerec.errors import ArgumentError, DamagedGalleryError, GalleryKeyError, ReadOnlyGalleryError
from facerec.gallery import LogHead, changes, open_gallery, restore_gallery
from facerec.quality import NO_GATE
from facerec.types import Detections, Face, Faces, Matcher, OperatingPoint, Rate

_FIXTURES = Path(__file__).parents[1] / "fixtures" / "version1"
_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_each = pytest.mark.parametrize("path", ["gallery_with_photos", "gallery_without_photos"], indirect=True)


@pytest.fixture
def path(request, tmp_path):
    """A copy of a gallery of version 1."""
    name = getattr(request, "param", "gallery_with_photos")
    return Path(shutil.copy(_FIXTURES / f"{name}.db", tmp_path / "people.db"))


def _open(path, **named):
    return open_gallery(path, clock=lambda: _NOW, **named)


def _matcher(gallery):
    bound = gallery.embedder
    return Matcher("none", "none", bound.name, bound.digest, "cosine.v1", "none")


def _point(gallery):
    return OperatingPoint(0.9, 1e-3, Rate(1, 1000), Rate(30, 1000), "no data", _matcher(gallery))


def _probe(gallery, vector, source="probe.jpg"):
    """A photo with one face of that vector."""
    found = Detections(np.zeros((1, 4)), np.ones(1), np.zeros((1, 5, 2)), (10, 10))
    return Faces(found, {}, np.asarray(vector, np.float32)[None], _matcher(gallery), source)


def _face(gallery, vector, source="photo.jpg"):
    return Face(
        np.array([0, 0, 9, 9], np.float32),
        0.9,
        np.zeros((5, 2)),
        {},
        np.asarray(vector, np.float32),
        _matcher(gallery),
        source,
    )


def _random(gallery, seed=5):
    vector = np.random.default_rng(seed).standard_normal(gallery.embedder.dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def _matched(gallery):
    """Somebody who has not expired."""
    return next(person.name for person in gallery if not person.expired)


def _decisions(gallery):
    name = _matched(gallery)
    vector = gallery.vectors(name)[0]
    claim = gallery.verify(name, _face(gallery, vector), at=_point(gallery), gate=NO_GATE, logged=False)
    (found,) = gallery.identify(_probe(gallery, vector), at=_point(gallery), gate=NO_GATE, logged=False)
    return claim.decision, found.name == name


def _version(path):
    with closing(sqlite3.connect(path)) as sqlite:
        return sqlite.execute("PRAGMA user_version").fetchone()[0]


@_each
def test_looking_changes_no_byte(path):
    """Listing, showing, searching without an entry, checking: the file is afterwards what it was."""
    before = path.read_bytes()
    with _open(path) as gallery:
        assert len(gallery.people()) == len(gallery) > 0
        assert [gallery.samples(person.name) for person in gallery]
        assert gallery.people(limit=1) == gallery.people()[:1]
        assert gallery.log()[0].event == "created"
        assert gallery.head().entries == gallery.position()
        assert _decisions(gallery) == ("match", True)
        found = gallery.check()
        assert found.problems == ()
        assert "version 1" in found.unproven
        assert not gallery.erasure_due

    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["people.db"]


@_each
def test_the_first_change_seals_everybody(path):
    """All that was there is there, the log goes on from its old head, and the contents are proven from now on."""
    with _open(path) as gallery:
        people, log, head = gallery.people(), gallery.log(), gallery.head()
        vectors = [gallery.vectors(person.name).tobytes() for person in people]
        samples = [gallery.samples(person.name) for person in people]
        gallery.update(people[0].name, consent="form 99")

        assert _version(path) == 2
        assert [person.id for person in gallery] == [person.id for person in people]
        assert [gallery.vectors(person.name).tobytes() for person in people] == vectors
        assert [gallery.samples(person.name) for person in people] == samples
        assert gallery.log()[: len(log)] == log
        added = [(entry.event, entry.person_id) for entry in gallery.log()[len(log) :]]
        assert added == [*(("sealed", person.id) for person in people), ("sealed", None), ("updated", people[0].id)]
        found = gallery.check(against=head)
        assert (found.problems, found.unproven) == ((), "")
        assert _decisions(gallery) == ("match", True)
    with _open(path) as gallery:
        assert gallery.check(against=head).problems == ()
        gallery.update(people[0].name, consent=None)
        assert [entry.event for entry in gallery.log()].count("sealed") == len(people) + 1


def test_an_edit_after_sealing_is_found(path):
    """What the first change sealed is what everything later is compared with."""
    with _open(path) as gallery:
        gallery.update(_matched(gallery), purpose="door")
    with closing(sqlite3.connect(path)) as sqlite, sqlite:
        sqlite.execute("UPDATE people SET consent = 'forged'")
    with _open(path) as gallery:
        assert "recorded of" in gallery.check().problems[0]


def test_a_change_that_is_refused_leaves_version_1(path):
    """The upgrade is part of the change: refused, the file is of version 1 as before, and goes on being read."""
    with _open(path) as gallery:
        people = gallery.people()
        for _ in range(2):
            with pytest.raises(ArgumentError):
                gallery.remove_samples(people[0].name, [])
            assert gallery.people() == people
            assert gallery.check().problems == ()
        assert _version(path) == 1
        gallery.update(people[0].name, purpose="door")
        assert gallery.check().problems == ()


def test_another_process_brings_it_to_this_version_meanwhile(path):
    """Whoever had it open reads on, searches and writes, as if it had been of this version all along."""
    script = (
        "import sys\n"
        "from facerec.gallery import open_gallery\n"
        "with open_gallery(sys.argv[1]) as gallery:\n"
        "    gallery.update(sys.argv[2], purpose='door')\n"
    )
    with _open(path) as gallery, _open(path) as idle:
        assert _decisions(gallery) == ("match", True)
        name, people = _matched(gallery), len(gallery)
        subprocess.run([sys.executable, "-c", script, str(path), name], check=True)
        assert gallery.person(name).purpose == "door"
        assert _decisions(gallery) == ("match", True)
        assert gallery.check().problems == ()
        gallery.enroll("somebody new", _face(gallery, _random(gallery)), gate=NO_GATE)
        idle.update(name, purpose=None)  # whose first use since is to write
        assert len(idle) == len(gallery) == people + 1
        assert gallery.check().problems == ()
        assert [entry.event for entry in gallery.log()].count("sealed") == people + 1


def test_two_processes_bring_it_to_this_version_at_once(path):
    """Each is the first to write, as it believes: it is sealed once, and both changes are there."""
    with _open(path) as first, _open(path) as second:
        name = _matched(first)
        first.update(name, purpose="door")
        second.update(name, consent="form 99")

        assert (first.person(name).purpose, first.person(name).consent) == ("door", "form 99")
        assert first.check().problems == second.check().problems == ()


@_each
def test_on_media_that_cannot_be_written_it_is_read(path, tmp_path, monkeypatch):
    """List, show, check, export, and searches without an entry; what would be logged is refused."""
    before = path.read_bytes()
    (tmp_path / "people.db-shm").symlink_to("nowhere")  # which SQLite does not follow
    monkeypatch.setattr("facerec.gallery.stores.sqlite.connection.os.access", lambda *_: False)
    with _open(path) as gallery:
        people = gallery.people()
        assert [gallery.samples(person.name) for person in people]
        assert gallery.check().problems == ()
        assert gallery.export_to(tmp_path / "out") == len(people)
        assert _decisions(gallery) == ("match", True)
        name = _matched(gallery)
        for change in (
            lambda: gallery.update(name, purpose="door"),
            lambda: gallery.forget(name),
            lambda: gallery.verify(name, _face(gallery, _random(gallery)), at=_point(gallery), gate=NO_GATE),
        ):
            with pytest.raises(ReadOnlyGalleryError):
                change()
        assert gallery.people() == people

    assert path.read_bytes() == before


def test_a_forgetting_that_version_1_did_not_finish_is_finished(path):
    """A crash between deleting and erasing left its mark; opening erases, and the gallery is of version 1 still."""
    with closing(sqlite3.connect(path)) as sqlite, sqlite:
        sqlite.execute("PRAGMA secure_delete = OFF")
        sqlite.execute("CREATE TABLE left_over (text)")
        sqlite.execute("INSERT INTO left_over VALUES ('Quetzalcoatl was here')")
        sqlite.execute("DROP TABLE left_over")
        sqlite.execute("UPDATE gallery SET deletions = deletions + 1")
    assert b"Quetzalcoatl" in path.read_bytes()
    with _open(path) as gallery:
        assert not gallery.erasure_due
        assert gallery.check().problems == ()
        assert gallery.compact().complete
        assert len(gallery.people()) > 0
    assert _version(path) == 1
    assert b"Quetzalcoatl" not in path.read_bytes()


@_each
def test_whoever_is_forgotten_first_of_all_leaves_no_byte(path):
    """The first change of a gallery of version 1 is to forget somebody: no eight bytes of a vector, no name stays."""
    with _open(path) as gallery:
        person = gallery.person(_matched(gallery))
        vectors = gallery.vectors(person.name)
        others = [gallery.vectors(each.name)[0].tobytes() for each in gallery if each != person]
        gallery.verify(person.name, _face(gallery, vectors[0], "at the door.jpg"), at=_point(gallery), gate=NO_GATE)
        receipt = gallery.forget(person.name)
        raw = b"".join(each.read_bytes() for each in sorted(path.parent.glob("people.db*")))

        assert receipt.erased_from_file
        assert gallery.check().problems == ()
    assert person.name.encode() not in raw
    assert b"at the door" not in raw
    pieces = [vector.tobytes()[at : at + 8] for vector in vectors for at in range(0, vector.nbytes, 8)]
    assert [piece for piece in pieces if piece in raw] == []
    assert all(other in raw for other in others)


def test_a_backup_of_it_is_restored_in_this_version(path, tmp_path):
    """The copy is as whole as the gallery was, and the new gallery's log goes on from the old one's head."""
    with _open(path) as gallery:
        people, head = gallery.people(), gallery.head()
    done = restore_gallery(path, tmp_path / "new.db", clock=lambda: _NOW)
    assert (done.people, done.log_entries) == (len(people), head.entries + 1)
    with _open(tmp_path / "new.db") as gallery:
        assert [each.id for each in gallery] == [each.id for each in people]
        assert gallery.check(against=head).problems == ()
        gallery.update(_matched(gallery), purpose="door")
        found = gallery.check(against=head)
        assert (found.problems, found.unproven) == ((), "")
        made = gallery.back_up_to(tmp_path / "copy.db")
        assert gallery.check(against=LogHead(made.log_entries, made.head)).problems == ()


def test_a_key_is_added_after_sealing(path):
    """Version 1 knew no keys: one that is given is refused, one that is added covers the sealed contents."""
    with pytest.raises(GalleryKeyError, match="has no key"):
        _open(path, key=b"sixteen bytes or more")
    with _open(path) as gallery:
        gallery.add_key(b"sixteen bytes or more")
        found = gallery.check()
        assert (found.problems, found.unproven) == ((), "")


def test_faces_that_were_enrolled_before_can_be_repaired(path):
    """Moved, merged, parted and removed like any others; what undo gives back is as it was."""
    with _open(path) as gallery:
        names = [person.name for person in gallery]
        before = [(gallery.person(name).id, gallery.samples(name), gallery.vectors(name).tobytes()) for name in names]
        for name in names:  # what they agreed to differs
            gallery.update(name, consent=None, purpose=None)
        done = gallery.merge(names[0], names[1])
        assert gallery.check().problems == ()
        gallery.undo(done)
        after = [(gallery.person(name).id, gallery.samples(name), gallery.vectors(name).tobytes()) for name in names]
        assert after == before
        assert gallery.check().problems == ()


def test_a_damaged_vector_is_named_without_seals_too(path):
    """What version 1 stored has no seal, but still a length."""
    with closing(sqlite3.connect(path)) as sqlite, sqlite:
        sqlite.execute(
            "UPDATE samples SET vector = zeroblob(length(vector)) WHERE number = (SELECT min(number) FROM samples)"
        )
    with _open(path) as gallery:
        with pytest.raises(DamagedGalleryError, match="has length 0"):
            gallery.identify(_probe(gallery, _random(gallery)), at=_point(gallery), gate=NO_GATE, logged=False)
        assert "has length 0" in gallery.check().problems[0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TRIGGER log_is_never_deleted", "a guard of the log was removed: log_is_never_deleted"),
        ("DROP TRIGGER expiry_dates_are_changes", "the trigger was removed: expiry_dates_are_changes"),
        ("DROP INDEX samples_by_person", "the index was removed: samples_by_person"),
        ("CREATE TABLE notes (text)", "does not make, the table notes"),
        ("ALTER TABLE people ADD COLUMN nickname TEXT", "the table people is not as facerec makes it"),
    ],
)
def test_what_version_1_did_not_make_is_found(path, statement, said):
    """Its tables, indexes and triggers are compared as those of this version are."""
    with closing(sqlite3.connect(path)) as sqlite:
        sqlite.execute(statement)
    with _open(path) as gallery:
        assert [said in problem for problem in gallery.check().problems] == [True]


def test_a_crash_in_the_first_change_leaves_version_1(path, monkeypatch):
    """Sealing that is cut off half-way never was."""

    class Crash(BaseException):
        pass

    written = changes.Ledger.write_person

    def crash(self, person):
        written(self, person)
        raise Crash

    with _open(path) as gallery:
        before = gallery.people()
        with monkeypatch.context() as patch:
            patch.setattr(changes.Ledger, "write_person", crash)
            with pytest.raises(Crash):
                gallery.update(_matched(gallery), purpose="door")
        assert _version(path) == 1
        assert gallery.people() == before
        gallery.update(_matched(gallery), expires=(_NOW + timedelta(days=9)).date())
        assert gallery.check().problems == ()

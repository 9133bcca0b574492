"""Forgetting reaches the bytes of the file, and says so only when it did."""

import random
import sqlite3
from contextlib import closing

import pytest

from facerec.gallery.sqlite import erasure


def _raw(folder):
    """Every byte of the gallery's files."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("people.db*")))


def test_nothing_of_the_forgotten_is_in_the_files(gallery, build, tmp_path):
    """Name, consent, vectors, photos and probes' names are gone, with the gallery still open; the others stay."""
    face, photo = build.face(1, source="Quetzalcoatl portrait.jpg"), bytes(range(256)) * 64
    gallery.enroll("Quetzalcoatl", face, consent="form of Quetzalcoatl", photos=[photo], keep_photos=True)
    gallery.enroll("bob", build.face(2))
    gallery.identify(build.faces([build.vector(1)], source="Quetzalcoatl at the door.jpg"), at=build.point())
    gallery.verify("Quetzalcoatl", build.face(1, source="Quetzalcoatl claims.jpg"), at=build.point())
    gallery.rename("Quetzalcoatl", "Quetzalcoatl II")
    before = _raw(tmp_path)
    assert face.embedding.tobytes() in before
    assert photo[:256] in before

    receipt = gallery.forget("Quetzalcoatl II")

    after = _raw(tmp_path)
    assert receipt.erased_from_file
    assert face.embedding.tobytes() not in after
    assert b"Quetzalcoatl" not in after
    assert photo[:256] not in after
    assert build.vector(2).tobytes() in after


def test_a_short_name_is_not_found_either(gallery, build, tmp_path):
    """Nothing that the gallery writes for itself holds a name like ada by chance: ids and digests are no text."""
    gallery.enroll("bob", build.face(2))
    for seed in range(30):
        gallery.enroll("ada", build.face(10 + seed, source="ada.jpg"))
    gallery.forget("ada")

    assert b"ada" not in _raw(tmp_path).lower()


def test_moved_cells_leave_no_copies(gallery, build, tmp_path):
    """SQLite moves cells between pages as a file grows; after forgetting half of many, no copy of them is left."""
    chance = random.Random(0)
    names = [f"{chance.randrange(10**9):09d} of the house of many letters" for _ in range(150)]
    for seed, name in enumerate(names):
        gallery.enroll(name, [build.face(seed), build.face(1000 + seed)])
    gone, kept = names[::15], [name for number, name in enumerate(names) if number % 15]
    for name in gone:
        gallery.forget(name)

    raw = _raw(tmp_path)
    for number, name in enumerate(names):
        assert (name.encode() in raw) == (name in kept)
        assert (build.vector(number).tobytes() in raw) == (name in kept)
        assert (build.vector(1000 + number).tobytes() in raw) == (name in kept)


def test_expired_people_are_erased_too(gallery, build, clock, tmp_path):
    """Purging erases the bytes as forgetting does."""
    gallery.enroll("Quetzalcoatl", build.face(1), expires=clock.today())
    clock.pass_days(1)
    (receipt,) = gallery.purge_expired()

    assert receipt.erased_from_file
    assert b"Quetzalcoatl" not in _raw(tmp_path)
    assert build.vector(1).tobytes() not in _raw(tmp_path)


def test_a_reader_in_the_way_is_told(gallery_factory, build, tmp_path):
    """While another process reads an older state, the receipt claims no erasure; compact() finishes it later."""
    with gallery_factory(wait=0.05) as gallery:
        gallery.enroll("Quetzalcoatl", build.face(1))
        with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM samples").fetchone()
            receipt = gallery.forget("Quetzalcoatl")
            assert not receipt.erased_from_file
            assert "compact" in receipt.advice
            assert gallery.people() == []
            assert not gallery.compact().complete
            reader.execute("COMMIT")
        assert gallery.compact().complete
        assert build.vector(1).tobytes() not in _raw(tmp_path)
        assert b"Quetzalcoatl" not in _raw(tmp_path)


def test_opening_finishes_what_a_crash_left(gallery_factory, build, tmp_path, monkeypatch):
    """A process that dies between deleting and erasing leaves a mark; the next opening erases."""

    class Crash(BaseException):
        pass

    def crash(_):
        raise Crash

    with gallery_factory() as gallery:
        gallery.enroll("Quetzalcoatl", build.face(1))
        with monkeypatch.context() as patch:
            patch.setattr(erasure, "rewrite", crash)
            with pytest.raises(Crash):
                gallery.forget("Quetzalcoatl")
    with gallery_factory() as gallery:
        assert b"Quetzalcoatl" not in _raw(tmp_path)
        with gallery._connection.reading() as sqlite:
            assert not erasure.is_due(sqlite)
        assert gallery.people() == []

"""Forgetting reaches the bytes of the file, and says so only when it did."""

import random
import sqlite3
from contextlib import closing

import pytest

from facerec.gallery.stores.sqlite.store import SqliteStore

pytestmark = pytest.mark.files


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


@pytest.mark.parametrize("seed", [0, 7, 12])
def test_moved_cells_leave_no_copies(gallery, build, clock, tmp_path, seed):
    """SQLite moves cells between pages as a file grows, and secure_delete forgets the copies; no copy is left."""
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.execute("PRAGMA synchronous = OFF")  # 300 durable writes take seconds on a slow disk
    chance, gone, kept = random.Random(seed), {}, {}
    for number in range(300):
        beginning = f"{chance.randrange(10**12):012d}"
        name = beginning + "x" * chance.randrange(1, 180)
        expires = clock.today() if chance.random() < 0.4 else None
        gallery.enroll(name, build.face(number), expires=expires)
        (kept if expires is None else gone)[beginning.encode()] = build.vector(number).tobytes()
        if number % 100 == 99:
            clock.pass_days(1)
            assert all(receipt.erased_from_file for receipt in gallery.purge_expired())

    raw = _raw(tmp_path)
    assert [part for pair in gone.items() for part in pair if part in raw] == []
    assert [part for pair in kept.items() for part in pair if part not in raw] == []


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
            patch.setattr(SqliteStore, "erase", crash)
            with pytest.raises(Crash):
                gallery.forget("Quetzalcoatl")
        assert gallery.erasure_due
    with gallery_factory() as gallery:
        assert b"Quetzalcoatl" not in _raw(tmp_path)
        assert not gallery.erasure_due
        assert gallery.people() == []

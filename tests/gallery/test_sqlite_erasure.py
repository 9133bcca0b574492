"""Forgetting reaches the bytes of the file, and says so only when it did."""

import hashlib
import random
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from facerec.gallery import sealing
from facerec.gallery.rows import LogRow, PersonRow, SampleRow, SourceRow
from facerec.gallery.stores.sqlite import store
from facerec.gallery.stores.sqlite.connection import Connection
from facerec.gallery.stores.sqlite.rows import SqliteRows
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
    gallery.enroll("Quetzalcoatl II", build.face(3), consent="another form")
    gallery.update("Quetzalcoatl II", consent=None)
    before = _raw(tmp_path)
    assert b"form of Quetzalcoatl" in before
    assert face.embedding.tobytes() in before
    assert photo[:256] in before

    receipt = gallery.forget("Quetzalcoatl II")

    after = _raw(tmp_path)
    assert receipt.erased_from_file
    assert face.embedding.tobytes() not in after
    assert b"Quetzalcoatl" not in after
    assert b"another form" not in after
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


# -- whatever was done before -----------------------------------------------------------------------------------------

_NAME, _OTHER = "Quetzalcoatl", "Huitzilopochtli"


def _numbers(gallery, name):
    return [sample.number for sample in gallery.samples(name)]


def _absorbed(gallery):
    gallery.merge(_OTHER, _NAME)


def _moved_in(gallery):
    gallery.move_samples(_OTHER, _NAME, _numbers(gallery, _OTHER)[0])
    gallery.merge(_OTHER, _NAME)


def _parted_and_merged_again(gallery):
    gallery.undo(gallery.merge(_OTHER, _NAME))
    gallery.merge(_OTHER, _NAME)


def _through_a_third(gallery):
    gallery.merge(_OTHER, "bob")
    gallery.merge("bob", _NAME)


def _split_and_absorbed(gallery):
    done = gallery.split(_NAME, _OTHER + " II", _numbers(gallery, _NAME)[0])
    gallery.undo(done)
    gallery.merge(_OTHER, _NAME)


def _removed_first(gallery):
    gallery.remove_samples(_NAME, _numbers(gallery, _NAME)[:1])
    gallery.merge(_OTHER, _NAME)


def _renamed(gallery):
    gallery.rename(_NAME, _NAME + " II")
    gallery.update(_NAME + " II", consent="Quetzalcoatl, another form")
    gallery.rename(_NAME + " II", _NAME)
    gallery.update(_NAME, consent=None)
    gallery.merge(_OTHER, _NAME)


def _reembedded(gallery):
    gallery.merge(_OTHER, _NAME)
    gallery.merge("bob", _NAME)
    faces = {}

    def faces_of(sample, photo):
        return faces.setdefault(sample.number, gallery.made_face(1000 + sample.number))

    gallery.reembed(gallery.made_embedder, faces_of)


_STORIES = [_absorbed, _moved_in, _parted_and_merged_again, _through_a_third, _split_and_absorbed, _removed_first]
_STORIES += [_renamed, _reembedded]


def _salts(path):
    """All salts and seals in the file now."""
    with closing(sqlite3.connect(path)) as sqlite:
        found = set(sqlite.execute("SELECT salt FROM samples UNION SELECT salt FROM people"))
        found |= set(sqlite.execute("SELECT seal FROM samples UNION SELECT salt FROM log_sources"))
    return {value for (value,) in found}


@pytest.mark.parametrize("story", _STORIES)
def test_nothing_is_left_whatever_was_done_before(gallery, build, tmp_path, story):
    """No eight bytes of a vector, no name, text, source or salt, of the person and of whom they absorbed."""
    gallery.made_face, gallery.made_embedder = build.face, build.embedder()
    vectors, salts = [], set()
    for seed, name in enumerate((_NAME, _OTHER)):
        faces = [build.face(10 * seed + n, source=f"{name} {n}.jpg") for n in range(3)]
        vectors += [face.embedding.tobytes() for face in faces]
        photos = [f"{name} photo {n}".encode() * 40 for n in range(3)]
        gallery.enroll(name, faces, photos=photos, keep_photos=True, key=f"request of {name}")
        gallery.verify(name, build.face(10 * seed, source=f"{name} claims.jpg"), at=build.point())
        gallery.update(name, consent="Quetzalcoatl and Huitzilopochtli agreed")
    gallery.enroll("bob", build.face(99, source="b.jpg"), photos=[b"bob's"], keep_photos=True)
    gallery.enroll("eve", build.face(98, source="e.jpg"), photos=[b"eve's"], keep_photos=True)
    before = _salts(tmp_path / "people.db")

    story(gallery)

    assert gallery.check().problems == ()
    vectors += [vector.tobytes() for vector in gallery.vectors(_NAME)]
    salts |= _salts(tmp_path / "people.db") | before
    assert gallery.forget(_NAME).erased_from_file
    raw, left = _raw(tmp_path), _salts(tmp_path / "people.db")
    pieces = {vector[at : at + 8] for vector in vectors for at in range(0, 32, 8)}
    assert [piece for piece in pieces if piece in raw] == []
    assert [word for word in (b"uetzalco", b"uitzilop") if word in raw] == []
    assert [salt for salt in salts - left if salt is not None and salt in raw] == []
    assert gallery.check().problems == ()
    assert "eve" in gallery


def test_a_guess_of_who_was_forgotten_is_not_confirmed(gallery, build, tmp_path):
    """Who knows name, consent, dates and face tries every 16 bytes of the file as the salt: no digest fits."""
    gallery.enroll("bob", build.face(2))
    gallery.enroll(_NAME, build.face(1, source="q.jpg"), consent="form 17")
    gallery.verify(_NAME, build.face(1, source="claim.jpg"), at=build.point())
    with closing(sqlite3.connect(tmp_path / "people.db")) as sqlite:
        rows = SqliteRows(sqlite)
        person = next(rows.select(PersonRow, name=_NAME))
        (sample,) = rows.select(SampleRow, person=person.number)
        (source,) = rows.select(SourceRow)

    def confirmed():
        raw = _raw(tmp_path)
        with closing(sqlite3.connect(tmp_path / "people.db")) as sqlite:
            log = list(SqliteRows(sqlite).select(LogRow))
        told = {half for row in log if row.contents for half in (row.contents[:32], row.contents[32:])}
        told |= {row.source_digest for row in log}
        salts = {raw[at : at + 16] for at in range(len(raw) - 16)}
        records = {sealing.record_digest(person._replace(salt=salt)) for salt in salts}
        sources = {sealing.source_digest(source._replace(salt=salt)) for salt in salts}
        faces = set()
        for salt in salts:
            sealed = sample._replace(salt=salt, seal=hashlib.sha256(salt + sample.vector).digest())
            faces.add(sealing.faces_digest([sealed]))
        return [bool(each & told) for each in (records, faces, sources)]

    assert confirmed() == [True, True, True]
    gallery.forget(_NAME)
    assert confirmed() == [False, False, False]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_large_gallery_is_rewritten_beside_itself(gallery, build, tmp_path, monkeypatch):
    """Above a limit the copy that is made meanwhile stands in a file beside the gallery, for no moment elsewhere."""

    def unlinked():
        found = set()
        for each in Path("/proc/self/fd").iterdir():
            with suppress(OSError):
                found.add(str(each.readlink()))
        return {each for each in found if each.endswith(" (deleted)")}

    seen, captures = set(), unlinked()

    def watch():
        seen.update(unlinked() - captures)
        return 0

    gallery.enroll("ada", [build.face(n, source="x" * 60_000) for n in range(40)])
    gallery.enroll("bob", build.face(99))
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.execute("PRAGMA cache_size = 20")
        sqlite.set_progress_handler(watch, 5)
    gallery.compact()
    assert seen == set()  # in memory
    monkeypatch.setattr(store, "_LARGE", 100_000)

    receipt = gallery.forget("bob")

    assert receipt.erased_from_file
    assert seen
    assert {str(Path(each).parent).startswith(str(tmp_path)) for each in seen} == {True}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["people.db", "people.db-shm", "people.db-wal"]
    with gallery._store.connection.outside_transactions() as sqlite:
        assert sqlite.execute("PRAGMA temp_store").fetchone()[0] == 2


def test_who_writes_during_an_erasure_does_not_leave_it_undone(gallery_factory, build, tmp_path, monkeypatch):
    """A change between the rewriting of the file and the cutting of its -wal file is waited for like any other."""
    outside, written = Connection.outside_transactions, []

    class Hindered:
        def __init__(self, sqlite):
            self._sqlite = sqlite

        def execute(self, statement):
            if "wal_checkpoint" in statement and len(written) < 3:
                other.enroll(f"bob {len(written)}", build.face(50 + len(written)))
                written.append(statement)
                return self._sqlite.execute("SELECT 1")  # as SQLite answers when it gave up
            return self._sqlite.execute(statement)

    @contextmanager
    def hindered(self):
        with outside(self) as sqlite:
            yield Hindered(sqlite) if self is gallery._store.connection else sqlite

    with gallery_factory() as gallery, gallery_factory() as other:
        gallery.enroll(_NAME, build.face(1))
        monkeypatch.setattr(Connection, "outside_transactions", hindered)
        receipt = gallery.forget(_NAME)

        assert receipt.erased_from_file
        assert len(written) == 3
        assert len(gallery) == 3
        assert b"uetzalco" not in _raw(tmp_path)


def test_purging_many_reads_the_log_once(gallery, build, clock, tmp_path):
    """However many have expired, exports and backups are looked for once; each receipt names its own."""
    for number in range(6):
        gallery.enroll(f"person {number}", build.face(number), expires=clock.today())
        if number % 2:
            gallery.export_to(tmp_path / f"out {number}")
    clock.pass_days(1)
    asked = []
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.set_trace_callback(asked.append)
    receipts = gallery.purge_expired()
    with gallery._store.connection.outside_transactions() as sqlite:
        sqlite.set_trace_callback(None)

    assert [len(receipt.copies) for receipt in receipts] == [3, 3, 2, 2, 1, 1]
    assert len([statement for statement in asked if "log.event = 'exported'" in statement]) == 1

"""What only a gallery in a database can go wrong in: its server, its neighbours, its threads, its files."""

import multiprocessing
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from facerec import errors
from facerec.gallery import copy_gallery, open_gallery
from facerec.gallery.rows import KINDS, ChangeRow, LogRow, PersonRow, PhotoRow, SampleRow, SourceRow
from facerec.gallery.stores.memory import MemoryStore
from facerec.gallery.stores.postgres import searching
from facerec.gallery.stores.postgres.address import Address, is_address
from facerec.gallery.stores.postgres.rows import PostgresRows
from facerec.gallery.stores.postgres.store import PostgresStore

_names = count(1)
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def address(postgres_server):
    """Of a gallery that is not there yet."""
    return postgres_server.address(f"own-{os.getpid()}-{next(_names)}")


@pytest.fixture
def opened(address, build, clock):
    """An empty gallery in the database."""
    with open_gallery(address, build.embedder(), clock=clock) as gallery:
        yield gallery


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        (
            "postgresql://ada:secret@db.example:5433/faces?gallery=staff",
            "postgresql://ada@db.example:5433/faces?gallery=staff",
            {"user": "ada", "password": "secret", "host": "db.example", "port": "5433", "dbname": "faces"},
        ),
        ("postgres://localhost/faces", "postgresql://localhost/faces?gallery=main", {"host": "localhost"}),
        ("postgresql:///faces?host=/run/pg", "postgresql:///faces?host=/run/pg&gallery=main", {"host": "/run/pg"}),
        ("postgresql:/ada@/faces?host=/run/pg", "postgresql://ada@/faces?host=/run/pg&gallery=main", {"user": "ada"}),
    ],
)
def test_an_address_is_read(text, name, parameters):
    """Its name shows no password, and goes to the same gallery; a path that swallowed a slash is understood."""
    found = Address.parse(text)

    assert is_address(text)
    assert found.name == name
    assert parameters.items() <= dict(found.parameters).items()
    assert "secret" not in repr(found) + str(found)
    assert Address.parse(found.name).gallery == found.gallery


def test_a_server_elsewhere_must_prove_who_it_is():
    """Unless the address says otherwise; sockets and the loopback need no certificate."""
    modes = [
        Address.parse(text).parameters.get("sslmode")
        for text in (
            "postgresql://db.example/faces",
            "postgresql:///faces?host=10.0.0.7",
            "postgresql://db.example/faces?sslmode=require",
            "postgresql://127.0.0.1/faces",
            "postgresql:///faces?host=/run/pg",
        )
    ]

    assert modes == ["verify-full", "verify-full", "require", None, None]


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:secret@one,two/faces",
        "postgresql://u:secret@host:port/faces",
        "postgresql://u:secret@host/faces?gallery",
        "postgresql://u:secret@host/faces?gallery=Staff",
        "postgresql://u:secret@host/faces?gallery='; DROP TABLE log; --",
        "people.db",
    ],
)
def test_what_is_no_address_is_refused(text):
    """In words that do not repeat the password."""
    with pytest.raises(errors.ArgumentError) as raised:
        Address.parse(text)
    assert "secret" not in str(raised.value)


def test_a_gallery_that_is_not_there(address, postgres_server, build):
    """Opening alone makes none; no server, another embedder and a newer version are told apart."""
    with pytest.raises(errors.MissingGalleryError):
        open_gallery(address)
    with pytest.raises(errors.GalleryUnreachableError) as raised:
        open_gallery("postgresql://ada:secret@/faces?host=/nonexistent")
    assert "secret" not in str(raised.value)
    with open_gallery(address, build.embedder()):
        pass
    with pytest.raises(errors.ModelMismatchError):
        open_gallery(address, build.embedder(digest="0" * 64))
    postgres_server.admin("UPDATE facerec.version SET version = 2", database="faces")
    try:
        with pytest.raises(errors.NewerGalleryError):
            open_gallery(address)
    finally:
        postgres_server.admin("UPDATE facerec.version SET version = 1", database="faces")


def test_galleries_of_one_database_are_kept_apart(opened, postgres_server, build):
    """By the server: who names no gallery sees nothing, who names one sees and writes nothing of another."""
    import psycopg

    opened.enroll("ada", build.face(1), photos=[b"photo"], keep_photos=True)
    with (
        open_gallery(postgres_server.address("neighbours"), build.embedder()) as other,
        psycopg.connect(host=str(postgres_server.folder), user="keeper", dbname="faces") as raw,
    ):
        assert len(other) == 0
        tables = [f"facerec.{each}" for each in ("galleries", "people", "samples", "photos", "log", "stale")]
        parts = raw.execute("SELECT relid::regclass::text FROM pg_partition_tree('facerec.people')").fetchall()
        for table in (*tables, *(part for (part,) in parts)):
            assert raw.execute(f"SELECT * FROM {table}").fetchall() == []
        raw.execute(f"SET LOCAL facerec.number = '{other._store._number}'")
        assert raw.execute("SELECT name FROM facerec.people").fetchall() == []
        number = opened._store._number
        with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
            raw.execute(f"INSERT INTO facerec.changes VALUES ({number}, 99, 1)")
        assert raw.execute(f"DELETE FROM facerec.people WHERE gallery = {number}").rowcount == 0
        raw.rollback()
    assert opened.check().intact


@pytest.mark.parametrize(
    "statement", ["UPDATE facerec.log SET event = 'x'", "DELETE FROM facerec.log", "TRUNCATE facerec.log"]
)
def test_the_log_is_append_only(opened, postgres_server, statement):
    """For the superuser too; and a guard that was removed is told."""
    import psycopg

    with pytest.raises(psycopg.errors.RaiseException):
        postgres_server.admin(statement, database="faces")
    trigger = "TRIGGER log_is_never_emptied"
    postgres_server.admin(f"ALTER TABLE facerec.log DISABLE {trigger}", database="faces")
    try:
        assert opened.check().problems == ("a guard of the log was removed: log_is_never_emptied",)
    finally:
        postgres_server.admin(f"ALTER TABLE facerec.log ENABLE {trigger}", database="faces")
    assert opened.check().intact


def test_nothing_of_the_forgotten_is_in_any_file(opened, postgres_server, build):
    """Of the data folder, the write-ahead log and the planner's statistics included; the others stay."""
    for seed in range(100, 140):
        opened.enroll(f"other {seed}", build.face(seed))
    photo = os.urandom(60_000)
    face = build.face(987_654, source="Quetzalcoatl portrait.jpg")
    opened.enroll("Quetzalcoatl", face, consent="form of Quetzalcoatl", photos=[photo], keep_photos=True)
    opened.verify("Quetzalcoatl", build.face(987_654, source="Quetzalcoatl claims.jpg"), at=build.point())
    opened.update("Quetzalcoatl", purpose="Quetzalcoatl enters")
    opened.update("Quetzalcoatl", consent="a fifth form")
    opened.update("Quetzalcoatl", consent=None)
    opened.rename("Quetzalcoatl", "Quetzalcoatl II")
    opened.enroll("bob", build.face(3))
    opened.merge("Quetzalcoatl II", "bob")  # the faces move to another part
    postgres_server.admin("ANALYZE", "CHECKPOINT", database="faces")
    secrets = (face.embedding.tobytes(), b"Quetzalcoatl", b"form of Quetzalcoatl", b"fifth form", photo[20_000:20_100])
    before = list(postgres_server.files().values())
    assert all(any(each in content for content in before) for each in secrets)

    receipt = opened.forget("bob")

    assert (receipt.erased_from_file, receipt.advice) == (True, "")
    postgres_server.admin("CHECKPOINT", database="faces")
    files = postgres_server.files()
    found = [path for path, content in files.items() if any(each in content for each in secrets)]
    named = "SELECT relname, relkind FROM pg_class WHERE relfilenode = %s"
    assert [postgres_server.admin(named % path.name, database="faces") or path for path in found] == []
    assert any(build.vector(120).tobytes() in content for content in files.values())
    assert opened.check().intact


def test_a_receipt_names_what_stands_in_the_way(opened, postgres_server, build):
    """An old reader and a replication slot, each with what to do; when they are gone, the rest is done by compact."""
    opened._store._wait = 0.2
    opened.enroll("ada", build.face(1))
    import psycopg

    with psycopg.connect(host=str(postgres_server.folder), user="postgres", dbname="faces") as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        receipt = opened.forget("ada")
        assert not receipt.erased_from_file
        assert "a transaction that is still open" in receipt.advice
    postgres_server.admin("SELECT pg_create_physical_replication_slot('standby_1')")
    try:
        found = opened.compact()
        assert not found.complete
        assert "standby_1" in found.advice
        assert opened.erasure_due
    finally:
        postgres_server.admin("SELECT pg_drop_replication_slot('standby_1')")
    assert opened.compact().complete
    assert not opened.erasure_due


def test_an_erasure_that_was_cut_off_is_finished_at_the_next_opening(address, build, monkeypatch):
    """As after a crash between the deletion and the rewrite."""
    with open_gallery(address, build.embedder()) as gallery:
        gallery.enroll("ada", build.face(1))
        with monkeypatch.context() as patch:
            patch.setattr(PostgresStore, "erase", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                gallery.forget("ada")
        assert gallery.erasure_due
    with open_gallery(address) as gallery:
        assert not gallery.erasure_due


def test_a_terminated_backend_is_replaced(opened, postgres_server, build):
    """Within a call it is an error and nothing is changed; the next call finds another connection."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'facerec'"
    opened.enroll("ada", build.face(1))
    postgres_server.admin(end)
    opened.enroll("bob", build.face(2))

    def interrupted():
        with opened._store.writing() as rows:
            rows.delete(PersonRow)
            postgres_server.admin(end)
            rows.count(PersonRow)

    with pytest.raises(errors.GalleryUnreachableError):
        interrupted()
    assert [person.name for person in opened.people()] == ["ada", "bob"]
    assert opened.check().intact


def test_threads_share_commits(opened, build):
    """64 at once: every decision is in the log, once, in a chain without gaps, and in fewer commits than decisions."""
    opened.enroll("ada", build.face(1))
    commits = []
    commit = opened._store._commit
    opened._store._commit = lambda state: (commits.append(1), commit(state))

    with ThreadPoolExecutor(64) as pool:
        done = list(pool.map(lambda _: opened.verify("ada", build.face(1), at=build.point()).decision, range(320)))

    assert done == ["match"] * 320
    assert len(commits) < 160
    assert opened.position() == 2 + 320
    assert opened.check().intact


def test_a_block_that_fails_is_undone_alone(opened, build):
    """Of those who share a commit: refused enrollments leave nothing behind, and the others' are all there."""

    def ask(number):
        try:
            with opened._store.writing() as rows:
                row = PersonRow(
                    0, bytes([number]) * 16, f"person {number}", None, None, None, "2031", f"{number}", None
                )
                rows.insert(row)
                rows.insert(LogRow(rows.last_number(LogRow) + 1, "2031", "x", None, "{}", b"", None, None))
                _ = 1 // (number % 3)
        except ZeroDivisionError:
            return None
        return f"person {number}"

    with ThreadPoolExecutor(32) as pool:
        done = {each for each in pool.map(ask, range(90)) if each}

    with opened._store.reading() as rows:
        people = list(rows.select(PersonRow))
        assert {row.name for row in people} == done
        assert [row.number for row in people] == list(range(1, 61))
        assert [row.number for row in rows.select(LogRow)] == list(range(1, 62))


def _row(chance, build, rows):
    """A row that fits what is there, or nearly."""
    person, text = chance.randrange(1, 6), f"{chance.randrange(4)}"
    sample = ("s.jpg", 0.0, 0.0, 1.0, 1.0, 0.5, text, None, chance.randrange(2), None, None, b"seal")
    return chance.choice(
        [
            PersonRow(0, text.encode(), text, None, None, None, "2031", text, None),
            SampleRow(0, person, build.vector(person).tobytes(), *sample),
            ChangeRow(0, person),
            LogRow(rows.last_number(LogRow) + 1, "2031", text, None, "{}", b"d", None, None),
            SourceRow(rows.last_number(LogRow), text.encode(), text, None),
            PhotoRow(rows.last_number(SampleRow), b"photo"),
        ]
    )


def _step(chance, build, rows):
    """Something to do with rows of either store, which gives something to compare."""
    kind, person, many = chance.choice(KINDS), chance.randrange(1, 6), chance.choice((None, 1, 3))
    equal = {"number": person} if chance.random() < 0.5 or "person" not in kind._fields else {"person": person}
    drawn = chance.randrange(8)
    if drawn < 4:
        row = _row(chance, build, rows)
        new = row.number == 0 or next(rows.select(type(row), number=row.number), None) is None
        return lambda each: each.insert(row) if new else None
    if drawn == 4:
        changed = chance.choice((PersonRow, SampleRow))
        number = chance.choice((person, rows.last_number(changed), rows.last_number(changed) - 1))
        row = next(rows.select(changed, number=number), None)
        changes = {"kept": 1, "person": person} if isinstance(row, SampleRow) else {"name": "new"}
        return lambda each: each.update(row._replace(**changes)) if row else None
    if drawn == 5 and kind is not LogRow:
        return lambda each: each.delete(kind, **equal)
    if drawn == 6:
        by = chance.choice(kind._fields[:2])
        return lambda each: (each.counts(kind, by, **equal), each.count(kind, **equal), each.count(kind, after=2))
    newest = chance.choice((None, many))
    whole = {row.person for row in rows.select(SampleRow)} <= {row.number for row in rows.select(PersonRow)}
    return lambda each: (
        list(each.select(kind, limit=many, **equal)),
        list(each.select(kind, newest=newest) if newest else each.select(kind, after=1, upto=person)),
        sorted(number for part in each.searchable(after=1) for number in part.numbers) if whole else None,
        each.last_number(kind),
    )


@pytest.mark.parametrize("case", range(20))
def test_rows_of_a_shared_transaction_are_those_of_a_simple_store(opened, build, case):
    """Whatever is put off, read before it is written, written twice or undone, while others' stays."""
    chance = random.Random(case)
    store, simple = opened._store, MemoryStore(opened.embedder)
    with store.reading() as rows, simple.writing() as told:
        for row in rows.select(LogRow):  # of the beginning
            told.insert(row)
    for _ in range(6):
        state = store._begun("BEGIN", " FOR UPDATE")
        try:
            for block in range(chance.randint(1, 4)):
                rows = PostgresRows(state)
                try:
                    with simple.writing() as told:
                        for _ in range(chance.randint(1, 12)):
                            step = _step(chance, build, told)
                            assert step(rows) == step(told)
                        _ = 1 // (block == 0 or chance.random() < 0.6)
                except ZeroDivisionError:
                    rows.undo()
                state.savepoints = True
            state.commit()
        finally:
            store.connections.back(state.connection)
        with store.reading() as rows, simple.reading() as told:
            assert [list(rows.select(kind)) for kind in KINDS] == [list(told.select(kind)) for kind in KINDS]
            assert [rows.last_number(kind) for kind in KINDS] == [told.last_number(kind) for kind in KINDS]


def test_many_faces_of_somebody_are_counted_as_few_are(opened, build):
    """Whether they are read with the several or not: as many as there are, and all of them."""
    for several in (1, 16, 17, 40):
        opened.enroll(f"person {several}", [build.face(100 * several + seed) for seed in range(several)])
    for several in (1, 16, 17, 40):
        with opened._reading() as ledger:
            person = ledger.by_name(f"person {several}")
            assert person.samples == several == len(ledger.samples(person.number))


def test_an_enrollment_asks_the_server_four_times(opened, build, monkeypatch):
    """Begin with the lock, the name, those that look like it, and all that is written with the commit."""
    import psycopg

    for seed in range(8):
        opened.enroll(f"person {seed}", build.face(seed))
    texts, execute = [], psycopg.Cursor.execute

    def heard(cursor, text, *values, **how):
        texts.append(text.split()[0])
        return execute(cursor, text, *values, **how)

    monkeypatch.setattr(psycopg.Cursor, "execute", heard)

    opened.enroll("ada", build.face(9))

    assert texts == ["BEGIN;", "SELECT", "SELECT", "WITH", "COMMIT"]


def test_a_commit_that_fails_is_told_to_everybody_in_it(opened, build):
    """Nobody's change was made, and nobody is told that it was."""
    opened.enroll("ada", build.face(1))
    before = opened.head()

    def fail(_):
        raise errors.FullDiskError

    opened._store._commit = fail
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(opened.verify, "ada", build.face(1), at=build.point()) for _ in range(16)]
    del opened._store._commit

    assert all(isinstance(each.exception(), errors.FullDiskError) for each in asked)
    assert opened.head() == before
    assert opened.check().intact


def test_a_statement_that_fails_undoes_all_who_share_it(opened):
    """The server answers a COMMIT then with a silent ROLLBACK: nobody may be told that it held."""
    store = opened._store
    first, second = threading.Event(), threading.Event()

    def good():
        with store.writing() as rows:
            rows.delete(PersonRow, number=7)  # a change without an entry in the log, which writes no head row
            first.set()
            second.wait(5)

    def bad():
        first.wait(5)
        with store.writing() as rows:
            rows.count(PersonRow, number="no number")

    store._together = 5.0
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(good), pool.submit(bad)]
        first.wait(5)
        deadline = time.monotonic() + 5
        while not store._waiting and time.monotonic() < deadline:
            time.sleep(0.001)
        second.set()
        done = [each.exception() for each in asked]
    assert all(isinstance(each, errors.GalleryError) for each in done)
    assert opened.check().intact


def test_a_writer_is_waited_for_and_then_told(opened, address, build):
    """Another process's transaction holds the head row; a reader is not held up."""
    with open_gallery(address, wait=0.1) as other, opened._store.writing() as rows:
        rows.gallery()
        done = []

        def ask():
            try:
                other.update("ada", purpose="x")
            except errors.GalleryError as error:
                done.append(error)
            done.append(len(other))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert isinstance(done[0], errors.GalleryBusyError)
    assert done[1] == 0


def _write(address, build, writer, told):
    with open_gallery(address, build.embedder()) as gallery:
        for number in range(12):
            gallery.enroll(f"writer {writer} {number}", build.face(1000 * writer + number))
            gallery.enroll(f"shared {number}", build.face(10**5 + 1000 * writer + number))
            os.write(told, b".")
    os._exit(0)


def test_eight_writers(address, build):
    """Processes that write at once lose nothing, make nobody twice, and the log is one chain."""
    with open_gallery(address, build.embedder()):
        pass
    reading, writing = os.pipe()
    writers = [_fork.Process(target=_write, args=(address, build, writer, writing)) for writer in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(100)
    os.close(reading)
    os.close(writing)
    assert [each.exitcode for each in writers] == [0] * 8
    with open_gallery(address) as gallery:
        assert len(gallery) == 8 * 12 + 12
        assert gallery.check().intact
        assert gallery.position() == 1 + 8 * 24


def _enroll_until_killed(address, build, told):
    with open_gallery(address, build.embedder()) as gallery:
        for number in count():
            gallery.enroll(f"person {number:04d}", build.face(number))
            os.write(told, number.to_bytes(4, "big"))


@pytest.mark.parametrize("whom", ["client", "server"])
def test_what_was_acknowledged_survives_a_kill(address, postgres_server, build, whom):
    """A kill -9 of the client or of the whole server while it writes: all of it is there, and at most one more."""
    with open_gallery(address, build.embedder()):
        pass
    reading, writing = os.pipe()
    child = _fork.Process(target=_enroll_until_killed, args=(address, build, writing))
    child.start()
    os.close(writing)
    time.sleep(1.0)
    if whom == "server":
        postgres_server.kill()
        child.join(30)
        postgres_server.start()
    else:
        os.kill(child.pid, signal.SIGKILL)
        child.join(30)
    with os.fdopen(reading, "rb") as pipe:
        acknowledged = len(pipe.read()) // 4
    assert acknowledged > 3
    with open_gallery(address) as gallery:
        assert len(gallery) - acknowledged in (0, 1)
        with gallery._store.reading() as rows:
            for number, row in enumerate(rows.select(SampleRow)):
                assert row.vector == build.vector(number).tobytes()
        assert gallery.check().intact


def test_vectors_for_searches_are_those_that_were_stored(opened, build):
    """Bit for bit, in blocks, with what is not known of version 1 as nothing."""
    with opened._store.writing() as rows:
        person = rows.insert(PersonRow(0, b"i" * 16, "ada", None, None, "2031-05-17", "2031", "ada", None))
        parts = ("s.jpg", 0.0, 0.0, 1.0, 1.0, 0.5, "2031", None, 0, None)
        for seed in range(20):
            salt = None if seed % 2 else b"salt"
            rows.insert(SampleRow(0, person, build.vector(seed).tobytes(), *parts, salt, None))
        rows.insert(PhotoRow(1, b""))
    with opened._store.reading() as rows:
        (found,) = rows.searchable()
        assert found.vectors == tuple(build.vector(seed).tobytes() for seed in range(20))
        assert found.expires == ("2031-05-17",) * 20
        assert found.salts[:2] == (b"salt", None)
        assert [each.numbers for each in rows.searchable(after=18)] == [(19, 20)]
        assert next(rows.select(PhotoRow)).content == b""


@pytest.mark.parametrize("odd", [False, True])
def test_many_samples_are_read_together_as_one_by_one(opened, build, monkeypatch, odd):
    """Whether rows come in few blocks or one by one, whichever are alike or not: every sample once, with its person."""
    monkeypatch.setattr(searching, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(searching, "_BYTES_AT_ONCE", 256)
    parts = ("s.jpg", 0.0, 0.0, 1.0, 1.0, 0.5, "2031", None, 0, None)
    stored = {}
    with opened._store.writing() as rows:
        for seed in range(100):
            expires = None if seed % 3 else f"2031-05-{1 + seed % 28:02}"
            texts = ("ada", None, None, expires, "2031", "ada", None)
            person = rows.insert(PersonRow(0, seed.to_bytes(16, "big"), *texts))
            salt = None if odd and seed % 7 == 0 else seed.to_bytes(16, "big")
            vector = build.vector(seed).tobytes()[: 8 if odd and seed % 11 == 0 else None]
            number = rows.insert(SampleRow(0, person, vector, *parts, salt, b"seal" * 8))
            stored[number] = (person, expires, vector, salt, b"seal" * 8)
    with opened._store.reading() as rows:
        for after, upto in ((0, None), (40, None), (0, 60), (97, None)):
            blocks = list(rows.searchable(after=after, upto=upto))
            found = {number: fields for block in blocks for number, *fields in zip(*block, strict=True)}
            assert sum(len(block.numbers) for block in blocks) == len(found)
            wanted = {number: list(fields) for number, fields in stored.items() if after < number <= (upto or 100)}
            assert found == wanted


def test_a_server_that_goes_away_while_samples_are_read(opened, postgres_server, build, monkeypatch):
    """It cannot be reached; the gallery is not called damaged."""
    monkeypatch.setattr(searching, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(searching, "_BYTES_AT_ONCE", 256)
    opened.enroll("ada", [build.face(seed) for seed in range(40)])
    end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'facerec'"

    def interrupted():
        with opened._store.reading() as rows:
            for _ in rows.searchable():
                postgres_server.admin(end)

    with pytest.raises(errors.GalleryUnreachableError):
        interrupted()
    assert len(opened.samples("ada")) == 40


def test_nothing_is_made_where_there_is_no_driver(monkeypatch, build, tmp_path):
    """Whoever lacks the extra is told the line that installs it; no file of that name is made instead."""
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.MissingExtraError, match="postgres"):
        open_gallery("postgresql://localhost/faces", build.embedder())
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("key", [None, b"a key of sixteen bytes"])
def test_a_gallery_is_copied_there_and_back(address, build, clock, tmp_path, key):
    """Rows stay the same bit for bit, numbers that were given stay given, and the logs of all say so."""
    with open_gallery(tmp_path / "people.db", build.embedder(), clock=clock, key=key) as gallery:
        gallery.enroll("ada", build.face(1), photos=[b"photo"], keep_photos=True, key="request 1")
        gallery.enroll("bob", [build.face(2), build.face(3)])
        gallery.verify("ada", build.face(1, source="door.jpg"), at=build.point())
        gallery.forget("bob")
    there = copy_gallery(tmp_path / "people.db", address, clock=clock, key=key)
    back = copy_gallery(address, tmp_path / "back.db", clock=clock, key=key)

    assert (there.people, there.samples, there.sha256) == (1, 1, "")
    assert (back.people, back.samples, back.log_entries) == (1, 1, there.log_entries + 2)
    with (
        open_gallery(tmp_path / "people.db", key=key) as first,
        open_gallery(address, key=key) as second,
        open_gallery(tmp_path / "back.db", key=key) as third,
    ):
        assert second.head().digest != there.head  # a copy of it was made since, and its log says so
        assert [entry.event for entry in first.log(last=1)] == ["copied"]
        assert [entry.event for entry in third.log(last=4)] == ["copied", "restored", "copied", "restored"]
        assert all(each.check(against=first.head()).intact for each in (first, second, third))
        with first._store.reading() as one, second._store.reading() as two, third._store.reading() as three:
            for kind in set(KINDS) - {LogRow}:
                assert list(one.select(kind)) == list(two.select(kind)) == list(three.select(kind))
                if kind not in (PhotoRow, SourceRow):
                    assert one.last_number(kind) == two.last_number(kind) == three.last_number(kind)
        assert third.enroll("cleo", build.face(9)).person.number == 3
    with pytest.raises(errors.OutputError):
        copy_gallery(tmp_path / "people.db", address, key=key)
    with pytest.raises(errors.OutputError):
        copy_gallery(address, tmp_path / "back.db", key=key)


def test_a_copy_that_is_not_whole_is_not_kept(address, build, tmp_path):
    """What was changed past the gallery is found in the copy, and the place stays free."""
    with open_gallery(tmp_path / "people.db", build.embedder()) as gallery:
        gallery.enroll("ada", build.face(1))
        with gallery._store.connection.transaction("BEGIN IMMEDIATE") as sqlite:
            sqlite.execute("UPDATE people SET consent = 'forged'")
    with pytest.raises(errors.DamagedGalleryError, match="ada"):
        copy_gallery(tmp_path / "people.db", address)
    with open_gallery(tmp_path / "good.db", build.embedder()) as gallery:
        gallery.enroll("bob", build.face(2))
    assert copy_gallery(tmp_path / "good.db", address).people == 1


def test_the_command_line_takes_addresses(address, build, tmp_path, capsys):
    """Copied there, listed, and answered without the password, which is needed nowhere here."""
    from facerec.cli.app import app
    from facerec.cli.running import run

    with open_gallery(tmp_path / "people.db", build.embedder()) as gallery:
        gallery.enroll("ada", build.face(1))
    secret = address.replace("keeper@", "keeper:secret@")

    assert run(app, ["gallery", "copy", str(tmp_path / "people.db"), secret]) == 0
    assert run(app, ["gallery", "list", "--gallery", secret, "--json"]) == 0
    assert run(app, ["gallery", "check", "--gallery", secret]) == 0
    assert run(app, ["gallery", "copy", str(tmp_path / "people.db"), secret]) == 2
    told = capsys.readouterr()
    assert "ada" in told.out
    assert "there is a gallery" in told.err
    assert "secret" not in told.out + told.err


def test_a_role_without_the_grants_says_what_it_lacks(opened, postgres_server, build):
    """Forgetting is done, and the receipt tells an administrator what to grant; with the grants it is finished."""
    opened.enroll("ada", build.face(1))
    function = "FUNCTION pg_switch_wal()"
    postgres_server.admin(f"REVOKE EXECUTE ON {function} FROM keeper", database="faces")
    try:
        receipt = opened.forget("ada")
        assert not receipt.erased_from_file
        assert "EXECUTE on pg_switch_wal()" in receipt.advice
    finally:
        postgres_server.admin(f"GRANT EXECUTE ON {function} TO keeper", database="faces")
    assert opened.compact().complete


def test_a_role_that_may_only_read(opened, postgres_server, build):
    """Its gallery is read-only: it can be read and searched, and says that nothing is logged."""
    opened.enroll("ada", build.face(1))
    postgres_server.admin(
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT USAGE ON SCHEMA facerec TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA facerec TO reader",
        database="faces",
    )
    with open_gallery(opened._store.name.replace("keeper@", "reader@")) as reader:
        assert [person.name for person in reader.people()] == ["ada"]
        with pytest.raises(errors.ReadOnlyGalleryError):
            reader.verify("ada", build.face(1), at=build.point())
        assert reader.verify("ada", build.face(1), at=build.point(), logged=False).decision == "match"
        with pytest.raises(errors.ReadOnlyGalleryError):
            reader.update("ada", purpose="x")


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(opened, address, postgres_server):
    """With fsync = off no gallery is kept there."""
    postgres_server.admin("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        deadline = time.monotonic() + 10
        while postgres_server.admin("SHOW fsync") != [("off",)]:
            assert time.monotonic() < deadline
        with pytest.raises(errors.UnsafeServerError, match="fsync"):
            open_gallery(address)
    finally:
        postgres_server.admin("ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()")
        while postgres_server.admin("SHOW fsync") != [("on",)]:
            time.sleep(0.02)

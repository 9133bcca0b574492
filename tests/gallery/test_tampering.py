"""Whoever edits a gallery past the program is found out: by the gallery alone, by its key, or by a noted head.

The attacker writes to the closed file with plain SQL, knows every algorithm here, takes guards away and puts them back.
What none of the three finds stands here too, so that nobody believes more than is proven.
"""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from facerec.errors import DamagedGalleryError, FacerecError, GalleryKeyError
from facerec.gallery import LogHead, sealing
from facerec.gallery.rows import LogRow, PersonRow, SampleRow, SourceRow
from facerec.gallery.stores.sqlite.rows import SqliteRows

pytestmark = pytest.mark.files

KEY = b"sixteen bytes or more"


class Attacker:
    """A connection to the closed file, without the guards of the log, which come back at the end."""

    def __init__(self, path, build):
        self.path, self.build = path, build
        self.sqlite = sqlite3.connect(path, isolation_level=None)
        self.rows = SqliteRows(self.sqlite)
        listed = self.sqlite.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        self.guards = dict(listed)
        for name in self.guards:
            self.sqlite.execute(f"DROP TRIGGER {name}")

    def run(self, *statements):
        """Plain SQL."""
        for statement in statements:
            self.sqlite.execute(statement)

    def vector(self, sample, vector, *, seal=True):
        """Put a vector in the place of another, with the seal that fits it and the salt as it was."""
        content = np.asarray(vector, "<f4").tobytes()
        row = next(self.rows.select(SampleRow, number=sample))
        seal = sealing.seal(row.salt, content) if seal else row.seal
        self.rows.update(row._replace(vector=content, seal=seal))

    def insert_person(self, name="eve", seed=66):
        """Somebody with a face, all salts and seals as they should be."""
        person = self.rows.insert(PersonRow(0, b"e" * 16, name, None, None, None, _TIME, name, sealing.new_salt()))
        salt, content = sealing.new_salt(), self.build.vector(seed).tobytes()
        place, seal = (0.0, 0.0, 1.0, 1.0, 1.0), sealing.seal(salt, content)
        self.rows.insert(SampleRow(0, person, content, "eve.jpg", *place, _TIME, None, 0, None, salt, seal))

    def renew_salts(self):
        """New salts, and the seals that fit them."""
        for row in list(self.rows.select(SampleRow)):
            salt = sealing.new_salt()
            self.rows.update(row._replace(salt=salt, seal=sealing.seal(salt, row.vector)))
        for row in list(self.rows.select(PersonRow)):
            self.rows.update(row._replace(salt=sealing.new_salt()))

    def remove_entries(self, event):
        """Take entries out of the log, with what belongs to them, and number the rest anew."""
        for row in list(self.rows.select(LogRow, event=event)):
            self.run(
                f"DELETE FROM log_sources WHERE entry = {row.number}", f"DELETE FROM log WHERE number = {row.number}"
            )
        for number, row in enumerate(list(self.rows.select(LogRow)), 1):
            self.run(f"UPDATE log SET number = {number} WHERE number = {row.number}")
            self.run(f"UPDATE log_sources SET entry = {number} WHERE entry = {row.number}")
            self.run(f"UPDATE requests SET entry = {number} WHERE entry = {row.number}")
        self.run("UPDATE sqlite_sequence SET seq = (SELECT max(number) FROM log) WHERE name = 'log'")

    def append(self, event, person_id=None, details="{}"):
        """An entry at the end, without its digests."""
        entries = self.sqlite.execute("SELECT max(number) FROM log").fetchone()[0]
        self.rows.insert(LogRow(entries + 1, _TIME, event, person_id, details, b"", None, None))

    def contents(self, person):
        """The digests of somebody as they are stored now."""
        return sealing.record_digest(person) + sealing.faces_digest(self.rows.select(SampleRow, person=person.number))

    def write_log_anew(self, first=1, key=None):
        """Let the log, from an entry on, say what is stored now, and chain it anew."""
        for person in self.rows.select(PersonRow):
            for row in list(self.rows.select(LogRow, person_id=person.id))[::-1]:
                changed = row.contents is not None or row.event in ("enrolled", "updated", "imported", "sealed")
                if changed and row.number >= first:
                    self.rows.update(row._replace(contents=self.contents(person)))
                    break
        for source in self.rows.select(SourceRow):
            row = next(self.rows.select(LogRow, number=source.number))
            self.rows.update(row._replace(source_digest=sealing.source_digest(source)))
        previous, keyed = sealing.CHAIN_START, False
        for row in list(self.rows.select(LogRow)):
            keyed |= row.event == "keyed"
            if row.number < first:
                previous = row.digest.hex()
                continue
            previous = sealing.entry_digest(row, previous, key if keyed else None)
            self.rows.update(row._replace(digest=bytes.fromhex(previous)))

    def close(self):
        """Put the guards back that nothing was put in the place of."""
        standing = {name for (name,) in self.sqlite.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        for name, text in self.guards.items():
            if name not in standing:
                self.sqlite.execute(text)
        self.sqlite.close()


_TIME = "2030-01-15T12:00:00+00:00"


def _filled(gallery, build):
    """Ada with two kept photos, bob with one, cleo without; decisions, an enrollment by key, somebody forgotten."""
    faces = [build.face(1, source="ada 1.jpg"), build.face(2, source="ada 2.jpg")]
    terms = {"consent": "form 17", "purpose": "door"}
    gallery.enroll("ada", faces, photos=[b"photo 1", b"photo 2"], keep_photos=True, **terms)
    gallery.enroll("bob", build.face(3, source="bob.jpg"), photos=[b"photo 3"], keep_photos=True, key="request 7")
    gallery.enroll("cleo", build.face(4, source="cleo.jpg"), photos=[b"photo 4"])
    gallery.enroll("dora", build.face(5))
    gallery.forget("dora")
    gallery.identify(build.faces([build.vector(1)], source="at the door.jpg"), at=build.point())
    gallery.verify("bob", build.face(3, source="claim.jpg"), at=build.point())
    gallery.update("ada", consent="form 18")
    gallery.verify("ada", build.face(1, source="last.jpg"), at=build.point())


@pytest.fixture
def forged(gallery_factory, build, tmp_path):
    """Makes a gallery, lets an attacker edit it, and opens it again; returns the gallery and the head from before."""
    opened = []

    def forge(edit, *, key=None):
        with gallery_factory(key=key) as gallery:
            _filled(gallery, build)
            assert gallery.check().intact
            head = gallery.head()
        attacker = Attacker(tmp_path / "people.db", build)
        edit(attacker)
        attacker.close()
        opened.append(gallery_factory(embedder=None, key=key))
        return opened[-1], head

    yield forge
    for gallery in opened:
        gallery.close()


def _sql(*statements):
    return lambda attacker: attacker.run(*statements)


def _swap_names(attacker):
    attacker.run(
        "UPDATE people SET name = 'x' WHERE number = 1",
        "UPDATE people SET name = 'ada', skeleton = 'ada' WHERE number = 2",
        "UPDATE people SET name = 'bob', skeleton = 'bob' WHERE number = 1",
    )


def _empty_guards(attacker):
    for name in attacker.guards:
        attacker.run(f"CREATE TRIGGER {name} BEFORE UPDATE ON log BEGIN SELECT 1; END")


def _keep_one_guard(attacker):
    attacker.guards.pop("log_is_never_deleted")


def _forget_in_silence(attacker):
    attacker.run(
        *("DELETE FROM samples WHERE person = 3", "DELETE FROM people WHERE number = 3"),
        "UPDATE gallery SET deletions = deletions + 1, erased = erased + 1",
    )


def _with_old_salt(attacker):
    attacker.vector(3, attacker.build.vector(666))


def _other_photo(attacker):
    digest = hashlib.sha256(b"another").hexdigest()
    attacker.run("UPDATE photos SET content = CAST('another' AS BLOB) WHERE sample = 3")
    attacker.run(f"UPDATE samples SET photo_sha256 = x'{digest}' WHERE number = 3")


_EDITS = {
    "names of two swapped": (_swap_names, "recorded of 'bob'"),
    "a name": (_sql("UPDATE people SET name = 'eve' WHERE number = 1"), "recorded of 'eve'"),
    "the skeleton of a name": (_sql("UPDATE people SET skeleton = 'x' WHERE number = 1"), "recorded of 'ada'"),
    "an id": (_sql("UPDATE people SET id = randomblob(16) WHERE number = 3"), "does not say that they were enrolled"),
    "a person's number": (
        _sql("UPDATE samples SET person = 9 WHERE person = 3", "UPDATE people SET number = 9 WHERE number = 3"),
        "recorded of 'cleo'",
    ),
    "a stranger's vector": (lambda a: a.vector(3, a.build.vector(666), seal=False), "face 1 of 'bob'"),
    "a stranger's vector, sealed with the salt": (_with_old_salt, "the faces of 'bob' are not those"),
    "vectors of two swapped": (
        lambda a: (a.vector(3, a.build.vector(4)), a.vector(4, a.build.vector(3))),
        "the faces of 'bob' are not those",
    ),
    "NaN": (lambda a: a.vector(3, np.full(8, np.nan)), "not finite"),
    "one of two faces gone": (
        _sql("DELETE FROM photos WHERE sample = 2", "DELETE FROM samples WHERE number = 2"),
        "'ada'",
    ),
    "all faces gone": (_sql("DELETE FROM samples WHERE person = 3"), "no face of 'cleo'"),
    "a face given away": (_sql("UPDATE samples SET person = 3 WHERE number = 2"), "faces of 'cleo'"),
    "a face twice": (
        _sql(
            "INSERT INTO samples SELECT NULL, person, vector, source, x1, y1, x2, y2, score, enrolled, photo_sha256, "
            "0, matcher, salt, seal FROM samples WHERE number = 3"
        ),
        "faces of 'bob'",
    ),
    "a person deleted": (
        _sql("DELETE FROM samples WHERE person = 3", "DELETE FROM people WHERE number = 3"),
        "gone without having been forgotten",
    ),
    "a person deleted as by forgetting": (_forget_in_silence, "gone without having been forgotten"),
    "a person inserted": (lambda a: a.insert_person(), "does not say that they were enrolled"),
    "consent": (_sql("UPDATE people SET consent = 'form 99' WHERE number = 2"), "recorded of 'bob'"),
    "consent taken back": (_sql("UPDATE people SET consent = 'form 17' WHERE number = 1"), "recorded of 'ada'"),
    "purpose": (_sql("UPDATE people SET purpose = NULL WHERE number = 1"), "recorded of 'ada'"),
    "expiry": (_sql("UPDATE people SET expires = '2099-01-01' WHERE number = 2"), "recorded of 'bob'"),
    "date of enrollment": (
        _sql("UPDATE people SET created = '2020-01-01T00:00:00+00:00' WHERE number = 2"),
        "recorded of 'bob'",
    ),
    "salt of a record": (_sql("UPDATE people SET salt = randomblob(16) WHERE number = 2"), "recorded of 'bob'"),
    "no salt of a record": (_sql("UPDATE people SET salt = NULL WHERE number = 2"), "recorded of 'bob'"),
    "salts and seals anew": (lambda a: a.renew_salts(), "faces of 'bob'"),
    "no seals": (_sql("UPDATE samples SET salt = NULL, seal = NULL"), "faces of 'bob'"),
    "source of a face": (_sql("UPDATE samples SET source = 'x' WHERE number = 3"), "faces of 'bob'"),
    "box": (_sql("UPDATE samples SET x1 = x1 + 1 WHERE number = 3"), "faces of 'bob'"),
    "score": (_sql("UPDATE samples SET score = 0.9 WHERE number = 3"), "faces of 'bob'"),
    "date of a face": (
        _sql("UPDATE samples SET enrolled = '2020-01-01T00:00:00+00:00' WHERE number = 3"),
        "faces of 'bob'",
    ),
    "matcher": (
        _sql("UPDATE samples SET matcher = replace(matcher, 'none', 'mtcnn') WHERE number = 3"),
        "faces of 'bob'",
    ),
    "a photo": (_sql("UPDATE photos SET content = x'00' WHERE sample = 3"), "photo bob.jpg of 'bob' was changed"),
    "a photo and its digest": (_other_photo, "faces of 'bob'"),
    "digest of a photo that was not kept": (
        _sql("UPDATE samples SET photo_sha256 = randomblob(32) WHERE number = 4"),
        "faces of 'cleo'",
    ),
    "a photo deleted": (_sql("DELETE FROM photos WHERE sample = 3"), "photo bob.jpg of 'bob' is gone"),
    "a photo deleted and not missed": (
        _sql("DELETE FROM photos WHERE sample = 3", "UPDATE samples SET kept = 0 WHERE number = 3"),
        "faces of 'bob'",
    ),
    "a photo added": (_sql("INSERT INTO photos VALUES (4, CAST('photo 4' AS BLOB))"), "not kept by facerec"),
    "a photo of nobody": (_sql("INSERT INTO photos VALUES (99, x'00')"), "belongs to nothing"),
    "sources deleted": (_sql("DELETE FROM log_sources"), "log entry 8 (a photo's name, or former terms) is gone"),
    "a source rewritten": (_sql("UPDATE log_sources SET source = 'x' WHERE entry = 8"), "not what the log says"),
    "a source given to another": (
        _sql("UPDATE log_sources SET person_id = (SELECT id FROM people WHERE number = 2) WHERE entry = 7"),
        "log entry 7 (a photo's name, or former terms) is not what the log says",
    ),
    "a source added": (
        _sql("INSERT INTO log_sources SELECT 2, person_id, 'x', randomblob(16) FROM log_sources LIMIT 1"),
        "log entry 2 (a photo's name, or former terms) is there, but should not be",
    ),
    "a source added as of version 1": (
        _sql("INSERT INTO log_sources SELECT 2, person_id, 'x', NULL FROM log_sources LIMIT 1"),
        "log entry 2 (a photo's name, or former terms) is there, but should not be",
    ),
    "a source of somebody forgotten": (
        _sql("INSERT INTO log_sources SELECT 5, person_id, 'x', randomblob(16) FROM log WHERE number = 5"),
        "log entry 5 (a photo's name, or former terms) is there, but should not be",
    ),
    "guards dropped": (_keep_one_guard, "a guard of the log was removed: log_is_never_deleted"),
    "guards that guard nothing": (_empty_guards, "the trigger log_is_never_updated is not as facerec makes it"),
    "an index added": (_sql("CREATE INDEX fast ON people (consent)"), "does not make, the index fast"),
    "an index dropped": (_sql("DROP INDEX samples_by_person"), "the index was removed: samples_by_person"),
    "a table added": (_sql("CREATE TABLE notes (text)"), "does not make, the table notes"),
    "a view added": (_sql("CREATE VIEW notes AS SELECT 1"), "does not make, the view notes"),
    "a trigger added": (
        _sql("CREATE TRIGGER t AFTER INSERT ON people BEGIN UPDATE people SET expires = NULL; END"),
        "does not make, the trigger t",
    ),
    "a column added": (
        _sql("ALTER TABLE people ADD COLUMN nickname TEXT"),
        "the table people is not as facerec makes it",
    ),
    "the end of the log": (
        _sql("DELETE FROM log_sources WHERE entry = 10", "DELETE FROM log WHERE number = 10"),
        "10 entries",
    ),
    "the end of the log and its counter": (
        _sql("DELETE FROM log WHERE number = 10", "UPDATE sqlite_sequence SET seq = 9 WHERE name = 'log'"),
        "log entry 10 (a photo's name, or former terms) is there, but should not be",
    ),
    "an update undone with its entry": (
        _sql(
            "UPDATE people SET consent = 'form 17' WHERE number = 1",
            "DELETE FROM log_sources WHERE entry = 10",
            "DELETE FROM log WHERE number > 8",
            "UPDATE sqlite_sequence SET seq = 8 WHERE name = 'log'",
        ),
        "recorded of 'ada'",
    ),
    "an entry of somebody else": (
        _sql("UPDATE log SET person_id = (SELECT id FROM people WHERE number = 3) WHERE number = 7"),
        "the log is not intact after 6 entries",
    ),
    "an entry that is no JSON": (_sql("UPDATE log SET details = '[' WHERE number = 7"), "not intact after 6"),
    "contents of an entry": (_sql("UPDATE log SET contents = NULL WHERE number = 3"), "not intact after 2"),
    "the digest of a source": (_sql("UPDATE log SET source_digest = NULL WHERE number = 7"), "not intact after 6"),
    "the embedder": (
        _sql(f"UPDATE gallery SET digest = '{'f' * 64}'"),
        "bound to the embedder with digest ffff",
    ),
    "the embedder's name": (_sql("UPDATE gallery SET embedder = 'other'"), "the embedder 'other'"),
    "the dimension": (_sql("UPDATE gallery SET dimension = 4"), "is not 4 numbers"),
    "a key's mark": (_sql("UPDATE gallery SET key_id = 'abcd'"), "marked as kept with a key, but its log is not"),
    "the mark of seals": (_sql("UPDATE gallery SET sealed = 0"), "marked as one without seals"),
}


@pytest.mark.parametrize(("edit", "said"), _EDITS.values(), ids=_EDITS.keys())
def test_an_edit_past_the_program_is_found(forged, edit, said):
    """The check says what is wrong, with nothing but the gallery in hand, and with a head as well."""
    gallery, head = forged(edit)
    for known in ((), head):
        found = gallery.check(against=known)

        assert not found.intact
        assert any(said in problem for problem in found.problems), found.problems


@pytest.mark.parametrize("edit", [edit for edit, _ in _EDITS.values()], ids=_EDITS.keys())
def test_a_reset_mark_seals_no_edit(gallery_factory, build, tmp_path, edit):
    """Whoever lets a gallery look like one of version 1 does not get the seals for what they wrote."""
    with gallery_factory() as gallery:
        _filled(gallery, build)
    attacker = Attacker(tmp_path / "people.db", build)
    edit(attacker)
    attacker.run("UPDATE gallery SET sealed = 0")
    attacker.close()
    try:
        with gallery_factory(embedder=None) as gallery:
            gallery.enroll("fay", build.face(77))
    except FacerecError:
        return  # nothing can be written, so nothing is sealed
    with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as sqlite:
        sqlite.execute("UPDATE gallery SET sealed = 1")
    with gallery_factory(embedder=None) as gallery:
        assert gallery.check().intact == (edit is _EDITS["the mark of seals"][0])


def test_somebody_in_an_empty_gallery_is_found(gallery_factory, build, tmp_path):
    """Where nobody was ever enrolled by the program, whoever is there was put there."""
    gallery_factory().close()
    attacker = Attacker(tmp_path / "people.db", build)
    attacker.insert_person()
    attacker.close()
    with gallery_factory() as gallery:
        found = gallery.check()

    assert (found.intact, found.unproven) == (False, "")
    assert "'eve' stands in the gallery, but the log does not say" in found.problems[0]


def test_a_cut_end_still_shows_after_the_next_entry(forged, build):
    """The number of an entry is never given again, so an entry more does not hide that others are gone."""
    gallery, _ = forged(_EDITS["the end of the log"][0])
    gallery.enroll("fay", build.face(77))

    assert gallery.check_log().problem == "entry 10 is missing; entry 11 follows 9"


def test_sources_of_who_was_absorbed_are_missed(gallery_factory, build, tmp_path):
    """They are held by whoever absorbed the person, and must be there as long as that one is."""
    with gallery_factory() as gallery:
        _filled(gallery, build)
        gallery.merge("bob", "cleo")
    attacker = Attacker(tmp_path / "people.db", build)
    attacker.run("DELETE FROM log_sources WHERE entry = 8")
    attacker.close()
    with gallery_factory() as gallery:
        assert gallery.check().problems == ("the note beside log entry 8 (a photo's name, or former terms) is gone",)


@pytest.mark.parametrize("left", ["salt", "seal"])
def test_half_a_seal_is_none(forged, build, left):
    """A vector whose salt or seal was taken away matches nobody; only both together were unknown to version 1."""
    gone = "seal" if left == "salt" else "salt"

    def edit(attacker):
        attacker.vector(3, build.vector(666))
        attacker.run(f"UPDATE samples SET {gone} = NULL WHERE number = 3")

    gallery, _ = forged(edit)
    with pytest.raises(DamagedGalleryError, match="face 1 of 'bob'"):
        gallery.identify(build.faces([build.vector(666)]), at=build.point())


# -- the whole history written anew -----------------------------------------------------------------------------------


def _cut(attacker, last):
    attacker.run(
        *(f"DELETE FROM log_sources WHERE entry > {last}", f"DELETE FROM log WHERE number > {last}"),
        f"UPDATE sqlite_sequence SET seq = {last} WHERE name = 'log'",
    )


def _never_enrolled(attacker):
    person = attacker.sqlite.execute("SELECT id FROM people WHERE number = 3").fetchone()[0]
    attacker.run("DELETE FROM samples WHERE person = 3", "DELETE FROM people WHERE number = 3")
    attacker.sqlite.execute("UPDATE log SET person_id = NULL, contents = NULL WHERE person_id = ?", (person,))
    attacker.write_log_anew()


def _then(edit, **named):
    def both(attacker):
        edit(attacker)
        attacker.write_log_anew(**named)

    return both


_HISTORIES = {
    "names of two swapped": _then(_swap_names),
    "a stranger's vector": _then(_with_old_salt),
    "salts and seals anew": _then(lambda a: a.renew_salts()),
    "consent": _then(_EDITS["consent"][0]),
    "expiry": _then(_EDITS["expiry"][0]),
    "a photo and its digest": _then(_other_photo),
    "a source rewritten": _then(_EDITS["a source rewritten"][0]),
    "somebody was never enrolled": _never_enrolled,
    "matches that never were": _then(lambda a: a.remove_entries("matched")),
    "claims that never were": _then(lambda a: a.remove_entries("verified")),
    "another time": _then(_sql("UPDATE log SET time = '2029-01-01T00:00:00+00:00' WHERE number = 2")),
    "the last claim cut off": lambda a: _cut(a, 9),
}


@pytest.mark.parametrize("edit", _HISTORIES.values(), ids=_HISTORIES.keys())
def test_a_history_written_anew_shows_against_a_head(forged, edit):
    """By itself such a gallery is whole; compared with a head noted before it is not, nor with one of a receipt."""
    gallery, head = forged(edit)

    assert gallery.check().intact
    found = gallery.check(against=head)
    assert not found.intact
    assert "known head" in found.problems[0]
    assert not gallery.check(against=[LogHead(1, gallery.log()[0].digest), head]).intact


_CUT = ("the last claim cut off",)


@pytest.mark.parametrize("name", [name for name in _HISTORIES if name not in _CUT])
@pytest.mark.parametrize("key", [None, b"another key of the attacker"], ids=["without key", "another key"])
def test_a_history_written_anew_shows_by_the_key(forged, name, key):
    """Whoever has no key cannot chain the log anew: noticed without any head."""

    def edit(attacker):
        write = attacker.write_log_anew
        attacker.write_log_anew = lambda **named: write(**named, key=key)
        _HISTORIES[name](attacker)

    gallery, _ = forged(edit, key=KEY)
    found = gallery.check()

    assert not found.intact
    assert "the log is not intact" in found.problems[0]


def test_a_cut_end_is_not_noticed_by_the_key(forged):
    """What was cut off with its counter needs a head: the rest is as it was written."""
    gallery, head = forged(lambda a: _cut(a, 10), key=KEY)

    assert gallery.check().intact
    assert not gallery.check(against=head).intact


def test_a_log_written_without_its_key_does_not_open_with_it(forged, gallery_factory):
    """The key's entry is taken out, its mark removed and the log chained anew: its key is refused."""

    def without_key(attacker):
        attacker.remove_entries("keyed")
        attacker.run("UPDATE gallery SET key_id = NULL")
        attacker.write_log_anew()

    with pytest.raises(GalleryKeyError, match="has no key, or lost its mark"):
        forged(without_key, key=KEY)
    with gallery_factory() as gallery:  # nobody who asks without a key can tell
        assert gallery.check().intact


def test_a_log_written_without_its_key_under_its_mark_is_found(forged):
    """The key's entry is taken out and the log chained anew, the mark left: the key opens, and the check tells."""

    def without_key(attacker):
        attacker.remove_entries("keyed")
        attacker.write_log_anew()

    gallery, _ = forged(without_key, key=KEY)
    assert "no entry of it was made with a key" in gallery.check().problems[0]


def test_a_key_of_the_attackers_is_refused(forged, gallery_factory):
    """The gallery is marked with another key, and the log kept with that: who has the right one is told."""

    def rekeyed(attacker):
        other = b"another key of the attacker"
        attacker.run(f"UPDATE gallery SET key_id = '{sealing.key_id(other)}'")
        attacker.write_log_anew(key=other)

    with pytest.raises(GalleryKeyError, match="is kept with another key"):
        forged(rekeyed, key=KEY)


def test_an_older_copy_shows_against_a_head_only(gallery_factory, build, tmp_path):
    """Put in the place of the gallery it brings a forgotten person back, and is whole in itself."""
    path = tmp_path / "people.db"
    with gallery_factory(key=KEY) as gallery:
        gallery.enroll("ada", build.face(1))
        gallery.enroll("bob", build.face(2))
    shutil.copy(path, tmp_path / "old.db")
    with gallery_factory(key=KEY) as gallery:
        receipt = gallery.forget("ada")
    shutil.copy(tmp_path / "old.db", path)

    with gallery_factory(key=KEY) as gallery:
        assert gallery.check().intact
        found = gallery.check(against=LogHead(receipt.log_entry, receipt.head))
        assert "this is an older copy" in found.problems[0]
        gallery.enroll("cleo", build.face(3))  # as many entries as before, and not the same
        assert (
            "not the one of the known head"
            in gallery.check(against=LogHead.read(json.dumps(receipt.to_dict()))).problems[0]
        )


# -- what is not found ------------------------------------------------------------------------------------------------


def _enrolled_by_hand(attacker):
    attacker.insert_person()
    attacker.append("enrolled", b"e" * 16)
    attacker.write_log_anew(first=attacker.rows.last_number(LogRow))


def _forgotten_by_hand(attacker):
    person = attacker.sqlite.execute("SELECT id FROM people WHERE number = 3").fetchone()[0]
    attacker.run("DELETE FROM samples WHERE person = 3", "DELETE FROM people WHERE number = 3")
    attacker.append("forgotten", person)
    attacker.write_log_anew(first=attacker.rows.last_number(LogRow))


def _consented_by_hand(attacker):
    attacker.run("UPDATE people SET consent = 'form 99' WHERE number = 2")
    person = attacker.sqlite.execute("SELECT id FROM people WHERE number = 2").fetchone()[0]
    attacker.append("updated", person)
    attacker.write_log_anew(first=attacker.rows.last_number(LogRow))


_CONTINUED = {"enrolled": _enrolled_by_hand, "forgotten": _forgotten_by_hand, "consent": _consented_by_hand}


@pytest.mark.parametrize("edit", _CONTINUED.values(), ids=_CONTINUED.keys())
def test_a_log_continued_by_hand_is_as_good_as_the_programs(forged, edit):
    """Whoever may write the file may as well run the program: only a key tells the two apart, and entries remain."""
    gallery, head = forged(edit)

    assert gallery.check(against=head).intact
    assert gallery.position() == head.entries + 1


@pytest.mark.parametrize("edit", _CONTINUED.values(), ids=_CONTINUED.keys())
def test_a_log_continued_without_its_key_is_found(forged, edit):
    """The first entry that was not made with the key is named."""
    gallery, head = forged(edit, key=KEY)

    assert f"the log is not intact after {head.entries} entries" in gallery.check().problems[0]


_UNNOTICED = {
    "counter of deletions": _sql("UPDATE gallery SET deletions = 7, erased = 7"),
    "changes for running processes": _sql("DELETE FROM changes"),
    "requests rewritten": _sql("UPDATE requests SET content = randomblob(32)"),
    "requests deleted": _sql("DELETE FROM requests"),
    "the counter of people": _sql("UPDATE sqlite_sequence SET seq = 99 WHERE name = 'people'"),
    "free pages": _sql("VACUUM"),
}


@pytest.mark.parametrize("edit", _UNNOTICED.values(), ids=_UNNOTICED.keys())
def test_what_says_nothing_of_anybody_is_not_covered(forged, edit):
    """Counters and lists for running processes; an edit costs time, or makes a repeated request a new one."""
    gallery, head = forged(edit)

    assert gallery.check(against=head).intact


def test_erasures_that_never_were_are_finished(forged):
    """A counter that says that nothing is erased makes the next opening erase; the gallery stays whole."""
    gallery, head = forged(_sql("UPDATE gallery SET erased = 0"))

    assert gallery.check(against=head).intact
    assert not gallery.erasure_due


# -- bits -------------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_of_a_vector_is_noticed(gallery_factory, build, tmp_path):
    """200 random bits, also those that hardly change the length: loading names the person, and so does the check."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", [build.face(1), build.face(2)])
        gallery.enroll("bob", build.face(3))
    probe = build.faces([build.vector(9)])
    whole = np.asarray(build.vector(2), "<f4").tobytes()
    with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as sqlite:
        for bit in np.random.default_rng(7).permutation(256)[:200]:
            raw = bytearray(whole)
            raw[bit // 8] ^= 1 << (bit % 8)
            sqlite.execute("UPDATE samples SET vector = ? WHERE number = 2", (bytes(raw),))
            with gallery_factory() as gallery:
                with pytest.raises(DamagedGalleryError, match="face 2 of 'ada'"):
                    gallery.identify(probe, at=build.point())
                assert ["face 2 of 'ada'" in problem for problem in gallery.check().problems] == [True]

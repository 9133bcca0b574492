"""Stored vectors that cannot be what was enrolled match nobody and are named; the check finds what else was changed."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from facerec.errors import DamagedGalleryError, FacerecError

pytestmark = pytest.mark.files

_DAMAGES = {
    "a flipped bit in an exponent": (lambda v: v * np.float32([2.0**120, *[1] * 7]), "has length"),
    "zeros": (np.zeros_like, "has length 0, not 1"),
    "NaN": (lambda v: np.full_like(v, np.nan), "not finite"),
    "infinite": (lambda v: v + np.float32(np.inf), "not finite"),
    "too long by a hundredth": (lambda v: v * np.float32(1.01), "has length 1.01, not 1"),
    "cut": (lambda v: v[:5], "is not 8 numbers"),
    "one number more": (lambda v: np.append(v, np.float32(0)), "is not 8 numbers"),
}


def _edit(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement, *values in statements:
            connection.execute(statement, values)
        connection.commit()


@pytest.fixture
def path(gallery_factory, build, tmp_path):
    """A gallery of ada with two faces, and bob with one; photos kept."""
    with gallery_factory() as gallery:
        faces = [build.face(1, source="one.jpg"), build.face(2, source="two.jpg")]
        gallery.enroll("ada", faces, photos=[b"1", b"2"], keep_photos=True)
        gallery.enroll("bob", build.face(3), photos=[b"3"], keep_photos=True)
    return tmp_path / "people.db"


@pytest.fixture(params=_DAMAGES.values(), ids=_DAMAGES.keys())
def damaged(request, build, path):
    """The same with the vector of ada's second face damaged; and what is said of it."""
    change, said = request.param
    _edit(path, ("UPDATE samples SET vector = ? WHERE number = 2", change(build.vector(2)).tobytes()))
    return said


def test_nobody_is_matched_by_a_damaged_vector(gallery_factory, build, damaged):
    """Searches, claims, doubts and exports that would use it end in an error that names person, face and photo."""
    named = rf"face 2 of 'ada' \(two\.jpg\).*{damaged}"
    with gallery_factory() as gallery:
        for use in (
            lambda: gallery.identify(build.faces([build.vector(9)]), at=build.point()),
            lambda: gallery.verify("ada", build.face(1), at=build.point()),
            lambda: gallery.vectors("ada"),
        ):
            with pytest.raises(DamagedGalleryError, match=named):
                use()


def test_the_others_go_on(gallery_factory, build, damaged):
    """Claims of others, lists, enrolling and forgetting work; without the damaged person searches work again."""
    with gallery_factory() as gallery:
        assert gallery.verify("bob", build.face(3), at=build.point()).decision == "match"
        assert [person.name for person in gallery] == ["ada", "bob"]
        gallery.enroll("carl", build.face(4))
        gallery.forget("ada")
        assert gallery.identify(build.faces([build.vector(3)]), at=build.point())[0].name == "bob"


def test_the_check_names_damaged_vectors(gallery_factory, damaged):
    """The check goes on to the end and names the face."""
    with gallery_factory() as gallery:
        found = gallery.check()

    assert not found.intact
    assert found.log.intact
    assert len(found.problems) == 1
    assert "face 2 of 'ada' (two.jpg)" in found.problems[0]
    assert damaged in found.problems[0]


def test_damage_of_a_vector_that_is_loaded_is_seen_at_the_next_load(gallery_factory, build, path):
    """A sample of another process whose vector is damaged is named at the next search."""
    with gallery_factory() as gallery:
        probe = build.faces([build.vector(3)])
        assert gallery.identify(probe, at=build.point())[0].name == "bob"
        columns = "person, source, x1, y1, x2, y2, score, enrolled"
        blob = (2 * build.vector(5)).tobytes()
        _edit(path, (f"INSERT INTO samples (vector, {columns}) SELECT ?, {columns} FROM samples LIMIT 1", blob))
        for _ in range(2):
            with pytest.raises(DamagedGalleryError, match=r"face 3 of 'ada'.*has length 2, not 1"):
                gallery.identify(probe, at=build.point())


def test_many_damaged_vectors_are_counted(gallery_factory, build, path):
    """The message names a few and says how many there are besides."""
    with gallery_factory() as gallery:
        gallery.enroll("carl", [build.face(seed) for seed in range(10, 14)])
    _edit(path, ("UPDATE samples SET vector = zeroblob(32)",))
    with gallery_factory() as gallery, pytest.raises(DamagedGalleryError, match=r"\(and 4 more\)"):
        gallery.identify(build.faces([build.vector(3)]), at=build.point())


@pytest.mark.parametrize("factor", [1 - 0.9999e-3, 1 + 0.9999e-3])
def test_what_may_be_enrolled_is_no_damage(gallery_factory, build, factor):
    """A vector at the edge of what enrolling accepts is found again."""
    vector = (build.vector(1).astype(np.float64) / np.linalg.norm(build.vector(1).astype(np.float64)) * factor).astype(
        "f4"
    )
    edge = vector if abs(np.linalg.norm(vector.astype(np.float64)) - 1) <= 1e-3 else build.vector(1)
    with gallery_factory() as gallery:
        gallery.enroll("ada", build.face(edge))
        assert gallery.identify(build.faces([build.vector(1)]), at=build.point())[0].name == "ada"
        assert gallery.check().intact


def test_no_flipped_bit_makes_a_person_match_everybody(gallery_factory, build, path):
    """Whichever bit of a stored vector flips: it is named, or the length is as before and no stranger is matched."""
    strangers = build.faces([build.vector(seed) for seed in range(100, 130)])
    named = 0
    for bit in np.random.default_rng(0).integers(0, 256, 60):
        raw = bytearray(build.vector(2).tobytes())
        raw[bit // 8] ^= 1 << (bit % 8)
        _edit(path, ("UPDATE samples SET vector = ? WHERE number = 2", bytes(raw)))
        with gallery_factory() as gallery:
            try:
                found = gallery.identify(strangers, at=build.point(0.99))
            except DamagedGalleryError:
                named += 1
            else:
                assert {each.decision for each in found} == {"no match"}
                assert abs(np.linalg.norm(np.frombuffer(raw, "<f4")) - 1) < 2e-3

    assert named > 10


_EDITS = {
    "a photo": ("UPDATE photos SET content = x'00' WHERE sample = 3", "kept photo photo.jpg of 'bob' was changed"),
    "no samples": ("DELETE FROM samples WHERE number = 3", "no face of 'bob'"),
    "a sample of nobody": ("UPDATE samples SET person = 99 WHERE number = 3", "row 3 of samples belongs to nothing"),
    "a name of no kind": ("UPDATE people SET created = NULL WHERE number = 2", "the file is damaged: NULL value"),
}


@pytest.mark.parametrize(("statement", "said"), _EDITS.values(), ids=_EDITS.keys())
def test_the_check_finds_other_changes(gallery_factory, path, statement, said):
    """Changed photos, people without faces, faces without people, values that may not be."""
    allow = ("PRAGMA ignore_check_constraints = ON",)
    schema = (
        "UPDATE sqlite_master SET sql = replace(sql, 'created TEXT NOT NULL', 'created TEXT') WHERE name = 'people'"
    )
    back = "UPDATE sqlite_master SET sql = replace(sql, 'created TEXT', 'created TEXT NOT NULL') WHERE name = 'people'"
    _edit(path, allow, ("PRAGMA writable_schema = ON",), (schema,))
    _edit(path, allow, (statement,))
    _edit(path, ("PRAGMA writable_schema = ON",), (back,))
    with gallery_factory() as gallery:
        assert any(said in problem for problem in gallery.check().problems)


def test_a_whole_gallery_is_intact(gallery_factory, path):
    """Nothing is found where nothing was changed, and what was looked at is counted."""
    with gallery_factory() as gallery:
        found = gallery.check()

    assert (found.intact, found.problems, found.people, found.samples) == (True, (), 2, 3)
    assert found.to_dict()["intact"] is True


def test_pages_that_do_not_fit_are_found(gallery_factory, build, path):
    """What SQLite's own check says is among the problems: an index that lacks a row."""
    _edit(
        path,
        ("PRAGMA writable_schema = ON",),
        ("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'samples_by_person'",),
    )
    with gallery_factory() as gallery:
        try:
            found = gallery.check().problems
        except DamagedGalleryError as error:
            found = (str(error),)

    assert any("damaged" in problem for problem in found)


def _flip(raw, chance):
    at = chance.randrange(len(raw))
    raw[at] ^= 1 << chance.randrange(8)


def _overwrite(raw, chance):
    at = chance.randrange(len(raw))
    raw[at : at + 64] = chance.randbytes(len(raw[at : at + 64]))


def _zero_page(raw, chance):
    at = 4096 * chance.randrange(len(raw) // 4096)
    raw[at : at + 4096] = bytes(4096)


def _swap_pages(raw, chance):
    one, other = (4096 * chance.randrange(len(raw) // 4096) for _ in range(2))
    raw[one : one + 4096], raw[other : other + 4096] = raw[other : other + 4096], raw[one : one + 4096]


def _cut(raw, chance):
    del raw[chance.randrange(len(raw)) :]


@pytest.mark.parametrize("count", [40, pytest.param(1500, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_damaged_file_is_never_silently_another_gallery(gallery_factory, build, tmp_path, count):
    """Whatever bytes change: it is told, by an error of ours or by the check, or everything is read as it was."""
    with gallery_factory() as gallery:
        for number in range(40):
            terms = {"consent": f"form {number}", "photos": [b"photo" * 200], "keep_photos": number % 4 == 0}
            gallery.enroll(f"person {number}", build.face(number, source=f"{number}.jpg"), **terms)
            gallery.verify(f"person {number}", build.face(number, source="claim.jpg"), at=build.point())
        gallery.forget("person 7")
        whole = _read(gallery)
    content, chance, outcomes = (tmp_path / "people.db").read_bytes(), random.Random(count), Counter()
    for number in range(count):
        raw = bytearray(content)
        for _ in range(chance.choice((1, 1, 1, 5))):
            if len(raw) > 4096:
                chance.choice((_flip, _flip, _overwrite, _zero_page, _swap_pages, _cut))(raw, chance)
        path = tmp_path / f"damaged {number}.db"
        path.write_bytes(raw)
        try:
            with gallery_factory(path.name, embedder=None) as gallery:
                same = _read(gallery) == whole
                outcomes["told by the check" if not gallery.check().intact else "as it was" if same else "SILENT"] += 1
        except FacerecError:
            outcomes["told by an error"] += 1
        for each in tmp_path.glob("damaged*"):
            each.unlink()

    assert outcomes["SILENT"] == 0
    assert outcomes["told by the check"] + outcomes["told by an error"] > count / 2


def _read(gallery):
    people = gallery.people()
    samples = [(gallery.samples(person.name), gallery.vectors(person.name).tobytes()) for person in people]
    return gallery.embedder, people, samples, gallery.log()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are seen in /proc")
def test_an_error_that_somebody_keeps_holds_no_file(gallery_factory, build, path):
    """After closing, the file is let go of, its locks too, whatever was read when the error came."""
    _edit(path, ("UPDATE people SET created = 7 WHERE number = 1",))
    kept = []
    with gallery_factory() as gallery:
        for ask in (gallery.people, lambda: gallery.person("ada"), lambda: gallery.forget("ada")):
            try:
                ask()
            except DamagedGalleryError as error:
                kept.append(error)

    held = [link for each in Path("/proc/self/fd").iterdir() if (link := _target(each)).startswith(str(path))]
    assert len(kept) == 3
    assert held == []


def _target(link):
    try:
        return str(link.readlink())
    except OSError:  # of what listed them
        return ""

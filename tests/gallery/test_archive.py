"""Export and import: the same on every engine, checked before anything is written; and re-embedding from photos."""

import json
import os
import random
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facerec.errors import ArchiveError, ArgumentError, GalleryError, ModelMismatchError, UnknownPersonError
from facerec.gallery import archive, changes, open_gallery, rules
from facerec.gallery.archive import read_archive
from facerec.visible_text import hidden_character, shows_something

_THEN = "2026-01-01T00:00:00+00:00"
_names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
_people = st.dictionaries(
    _names.map(str.strip).filter(lambda name: hidden_character(name) is None and shows_something(name)),
    st.tuples(
        st.lists(st.integers(0, 50), min_size=1, max_size=4, unique=True),
        st.one_of(st.none(), st.just("form 17")),
        st.one_of(st.none(), st.integers(0, 999)),
        st.booleans(),
    ),
    max_size=5,
)


def _everything(gallery):
    people = gallery.people()
    vectors = [gallery.vectors(person.name).tobytes() for person in people]
    return people, [gallery.samples(person.name) for person in people], vectors


@given(people=_people)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_import_undoes_export(build, clock, people):
    """Import into an empty gallery gives the same people, ids, dates, samples, photos and vectors."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with open_gallery(folder / "a.db", build.embedder(), clock=clock) as first:
            for person, (seeds, consent, days, keep) in people.items():
                expires = None if days is None else clock.today() + timedelta(days=days)
                photos = [f"photo {seed}".encode() for seed in seeds]
                faces = [build.face(seed, source=f"{person}.jpg") for seed in seeds]
                first.enroll(person, faces, consent=consent, expires=expires, photos=photos, keep_photos=keep)
            before = _everything(first)
            assert first.export_to(folder / "out") == len(before[0])
        with open_gallery(folder / "b.db", build.embedder(), clock=clock) as second:
            done = second.import_from(folder / "out")
            assert _everything(second) == before
            assert [enrollment.person for enrollment in done] == before[0]
            second.export_to(folder / "again")
        assert (folder / "again" / "gallery.json").read_bytes() == (folder / "out" / "gallery.json").read_bytes()
        assert (folder / "again" / "vectors.npy").read_bytes() == (folder / "out" / "vectors.npy").read_bytes()


@pytest.fixture
def exported(gallery_factory, build, tmp_path):
    """A folder with ada (two samples, photos kept) and bob (one sample)."""
    with gallery_factory("exported.db") as gallery:
        gallery.enroll("ada", [build.face(1), build.face(2)], consent="a", photos=[b"1", b"2"], keep_photos=True)
        gallery.enroll("bob", build.face(3))
        gallery.export_to(tmp_path / "out")
    return tmp_path / "out"


def test_an_export_is_private(exported):
    """Only the owner reads the vectors and photos, and no file is a pickle."""
    assert {oct(path.stat().st_mode & 0o777) for path in exported.rglob("*") if path.is_file()} == {"0o600"}
    assert oct(exported.stat().st_mode & 0o777) == "0o700"
    assert np.load(exported / "vectors.npy", allow_pickle=False).shape == (3, 8)
    assert len(list((exported / "photos").iterdir())) == 2


def test_an_export_never_mixes(gallery, exported, tmp_path):
    """A folder that holds something, a missing parent and a file in the way are refused."""
    with pytest.raises(GalleryError, match="is not empty"):
        gallery.export_to(exported)
    with pytest.raises(GalleryError, match="No such file"):
        gallery.export_to(tmp_path / "missing" / "out")
    (tmp_path / "file").touch()
    with pytest.raises(GalleryError, match="exported to"):
        gallery.export_to(tmp_path / "file")


def test_people_who_are_there_are_a_clash(gallery, build, exported):
    """Without merge, a known name or a known id refuses the whole import."""
    gallery.enroll("bob", build.face(9))
    with pytest.raises(GalleryError, match=r"'bob' .* is enrolled already.*merge=True"):
        gallery.import_from(exported)

    assert [person.name for person in gallery.people()] == ["bob"]


def test_the_renamed_are_a_clash_too(gallery, exported):
    """Somebody who is enrolled under another name since is recognised by id."""
    gallery.import_from(exported)
    gallery.rename("ada", "eve")
    gallery.forget("bob")
    with pytest.raises(GalleryError, match=r"'ada' .* \(as 'eve'\)"):
        gallery.import_from(exported)


def test_photos_are_checked_before_anything_is_given_out(gallery, exported):
    """Reading an archive already finds a photo that was changed."""
    _photo(exported).write_bytes(b"other")
    with pytest.raises(GalleryError, match="is not the photo"):
        read_archive(exported, gallery.embedder)


def test_merge_adds_samples_to_those_who_are_there(gallery, build, exported, clock):
    """With merge, known people get the samples they lack and keep their own record."""
    gallery.enroll("ada", build.face(1), consent="mine")
    done = gallery.import_from(exported, merge=True)

    assert [(d.person.name, d.created, d.added, d.already_present, d.photos_kept) for d in done] == [
        ("ada", False, 1, 1, 2),
        ("bob", True, 1, 0, 0),
    ]
    assert gallery.person("ada").consent == "mine"
    assert [d.added for d in gallery.import_from(exported, merge=True)] == [0, 0]


def test_merge_knows_the_renamed_by_id(gallery, exported):
    """Somebody renamed since the export is still the same person; but a name of somebody else is a clash."""
    gallery.import_from(exported)
    gallery.rename("ada", "eve")
    gallery.import_from(exported, merge=True)
    assert [person.name for person in gallery.people()] == ["eve", "bob"]

    gallery.rename("bob", "ada")
    with pytest.raises(GalleryError, match="rename one of them"):
        gallery.import_from(exported, merge=True)


def test_an_archive_of_nobody_is_of_one_embedder_too(gallery_factory, build, tmp_path):
    """Where nobody is in it, it is still said that it belongs to another embedder."""
    with gallery_factory() as gallery:
        assert gallery.export_to(tmp_path / "out") == 0
    with gallery_factory("same.db") as gallery:
        assert gallery.import_from(tmp_path / "out") == []
    other = build.embedder(digest="f" * 64, name="other")
    with gallery_factory("other.db", embedder=other) as gallery, pytest.raises(ModelMismatchError, match="other"):
        gallery.import_from(tmp_path / "out")


def test_an_archive_of_another_embedder_is_refused(gallery_factory, build, exported):
    """Vectors of another embedder are not imported."""
    other = build.embedder(digest="f" * 64, name="other")
    with gallery_factory("other.db", embedder=other) as gallery:
        with pytest.raises(ModelMismatchError, match="other"):
            gallery.import_from(exported)
        assert gallery.people() == []


def _edit(change):
    def apply(folder):
        facts = json.loads((folder / "gallery.json").read_text())
        change(facts)
        (folder / "gallery.json").write_text(json.dumps(facts))

    return apply


def _save(make):
    def apply(folder):
        np.save(folder / "vectors.npy", make(np.load(folder / "vectors.npy")), allow_pickle=True)

    return apply


def _photo(folder):
    return next((folder / "photos").iterdir())


_DAMAGES = {
    "no gallery.json": lambda f: (f / "gallery.json").unlink(),
    "cut gallery.json": lambda f: (f / "gallery.json").write_bytes((f / "gallery.json").read_bytes()[:-9]),
    "not UTF-8": lambda f: (f / "gallery.json").write_bytes(b"\xff\xfe{}"),
    "a list": lambda f: (f / "gallery.json").write_text("[]"),
    "deep nesting": lambda f: (f / "gallery.json").write_text("[" * 100_000),
    "other format": _edit(lambda g: g.update(format="tar")),
    "newer version": _edit(lambda g: g.update(version=2)),
    "no people": _edit(lambda g: g.pop("people")),
    "people no list": _edit(lambda g: g.update(people={})),
    "no name": _edit(lambda g: g["people"][0].pop("name")),
    "empty name": _edit(lambda g: g["people"][0].update(name=" ")),
    "name with line break": _edit(lambda g: g["people"][0].update(name="a\nb")),
    "surrogate": _edit(lambda g: g["people"][0].update(consent="\ud800")),
    "same name twice": _edit(lambda g: g["people"][0].update(name="bob")),
    "same id twice": _edit(lambda g: g["people"][0].update(id=g["people"][1]["id"])),
    "id no id": _edit(lambda g: g["people"][0].update(id="../../x")),
    "date no date": _edit(lambda g: g["people"][0].update(expires="soon")),
    "time without zone": _edit(lambda g: g["people"][0].update(created="2030-01-01T00:00:00")),
    "time of another zone": _edit(lambda g: g["people"][0].update(created="2030-01-01T02:00:00+02:00")),
    "no samples": _edit(lambda g: g["people"][0].update(samples=[])),
    "box of three": _edit(lambda g: g["people"][0]["samples"][0].update(box=[1, 2, 3])),
    "box not finite": _edit(lambda g: g["people"][0]["samples"][0].update(box=[1, 2, 3, float("nan")])),
    "huge number": _edit(lambda g: g["people"][0]["samples"][0].update(score=10**400)),
    "photo path": _edit(lambda g: g["people"][0]["samples"][0].update(photo_sha256="../gallery.json")),
    "photo unnamed": _edit(lambda g: g["people"][0]["samples"][0].update(photo_sha256=None)),
    "photo gone": lambda f: _photo(f).unlink(),
    "photo changed": lambda f: _photo(f).write_bytes(b"other"),
    "count": _edit(lambda g: g.update(vectors=4)),
    "vectors gone": lambda f: (f / "vectors.npy").unlink(),
    "vectors cut": lambda f: (f / "vectors.npy").write_bytes((f / "vectors.npy").read_bytes()[:-4]),
    "vectors empty": lambda f: (f / "vectors.npy").write_bytes(b""),
    "a pickle": _save(lambda _: np.array([object(), print, None])),
    "float64": _save(lambda v: v.astype(np.float64)),
    "too few": _save(lambda v: v[:2]),
    "other dimension": _save(lambda v: v[:, :7]),
    "not unit": _save(lambda v: 2 * v),
    "not finite": _save(lambda v: np.where(np.arange(3)[:, None] == 2, np.nan, v).astype(np.float32)),
    "flat": _save(np.ravel),
}


@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=_DAMAGES.keys())
def test_a_damaged_changes_nothing(gallery, build, exported, damage):
    """Whatever is wrong with a folder, it is one clear error, and nobody of it is imported."""
    gallery.enroll("carl", build.face(7))
    damage(exported)
    with pytest.raises(GalleryError) as refused:
        gallery.import_from(exported, merge=True)

    assert str(exported) in str(refused.value)
    assert [person.name for person in gallery.people()] == ["carl"]
    assert [entry.event for entry in gallery.log()] == ["created", "enrolled"]


def test_an_import_that_fails_half_way_leaves_nothing(gallery, build, exported, monkeypatch):
    """Neither people, samples, photos, entries nor numbers of the first, when the second could not be stored."""
    gallery.enroll("carl", build.face(7))
    before, position = _everything(gallery), gallery.position()
    restore = changes.restore

    def fails(ledger, entry, **named):
        if entry.person.name == "bob":
            raise UnknownPersonError
        return restore(ledger, entry, **named)

    with monkeypatch.context() as patch:
        patch.setattr(changes, "restore", fails)
        with pytest.raises(UnknownPersonError):
            gallery.import_from(exported)

    assert (_everything(gallery), gallery.position()) == (before, position)
    assert (gallery.check().problems, gallery.check().samples) == ((), 1)
    assert [done.created for done in gallery.import_from(exported)] == [True, True]
    assert [sample.number for sample in gallery.samples("ada")] == [2, 3]


# -- re-embedding -----------------------------------------------------------------------------------------------------

_NEW = "ab12" * 16


@pytest.fixture
def with_photos(gallery_factory, build):
    """A gallery whose photos were kept."""
    with gallery_factory() as gallery:
        gallery.enroll("ada", [build.face(1), build.face(2)], photos=[b"1", b"2"], keep_photos=True)
        gallery.enroll("bob", build.face(3), photos=[b"3"], keep_photos=True)
        yield gallery


def test_reembed_replaces_every_vector(gallery_factory, build, with_photos):
    """Afterwards the gallery belongs to the new embedder, in every opening, and searches its vectors."""
    new = build.embedder(digest=_NEW, name="new", dimension=5)
    old_probe, old_point = build.faces([build.vector(1)]), build.point()
    with gallery_factory() as other:
        assert other.identify(old_probe, at=old_point)[0].name == "ada"
        made = with_photos.reembed(
            new, lambda sample, photo: build.face(build.vector(int(photo), 5), digest=_NEW, source=sample.source)
        )

        assert made == 3
        assert other.embedder == with_photos.embedder
        assert (other.embedder.name, other.embedder.digest, other.embedder.dimension) == ("new", _NEW, 5)
        probe = build.faces([build.vector(3, 5)], digest=_NEW)
        assert other.identify(probe, at=build.point(digest=_NEW))[0].name == "bob"
        with pytest.raises(ModelMismatchError):
            other.identify(old_probe, at=old_point)
    (entry,) = [each for each in with_photos.log() if (each.event, each.person_id) == ("reembedded", None)]
    assert entry.details == {"from": build.digest, "to": _NEW, "embedder": "new", "vectors": 3}
    gallery_factory(embedder=new).close()


def test_reembed_with_the_same_embedder_is_seen_too(gallery_factory, build, with_photos):
    """New vectors under the same digest (another detector) reach other openings as well."""
    with gallery_factory() as other:
        other.identify(build.faces([build.vector(1)]), at=build.point())
        with_photos.reembed(build.embedder(), lambda _, photo: build.face(50 + int(photo)))

        found = other.identify(build.faces([build.vector(1), build.vector(52)]), at=build.point())
        assert [each.name for each in found] == [None, "ada"]


def test_reembed_needs_all_photos(build, with_photos):
    """The error lists whose photos are missing; nothing is changed and nothing is embedded."""
    with_photos.enroll("cleo", build.face(4))
    before = _everything(with_photos)

    def embed(*_):
        raise AssertionError

    with pytest.raises(GalleryError, match=r"'cleo' \(1 of 1\).*keep_photos"):
        with_photos.reembed(build.embedder(digest=_NEW), embed)
    assert _everything(with_photos) == before


def test_reembed_is_all_or_nothing(build, with_photos):
    """If the last photo fails, or gives a face that does not fit, all vectors stay."""
    before = _everything(with_photos)
    new = build.embedder(digest=_NEW)

    def fails(_, photo):
        if photo == b"3":
            raise UnknownPersonError
        return build.face(9, digest=_NEW)

    for faces_of, error, complaint in (
        (fails, UnknownPersonError, None),
        (lambda *_: build.face(9), ModelMismatchError, build.digest),
        (lambda *_: replace(build.face(9, digest=_NEW), embedding=np.ones(3, np.float32)), ArgumentError, "8 numbers"),
        (lambda *_: with_photos.people(), GalleryError, "from within one of its own calls"),
    ):
        with pytest.raises(error, match=complaint):
            with_photos.reembed(new, faces_of)
        assert _everything(with_photos) == before
        assert with_photos.embedder.digest == build.digest


# -- hostile folders --------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("part", ["gallery.json", "vectors.npy", "photos/*"])
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_only_regular_files_are_read(gallery, exported, part, kind):
    """A pipe, which would be waited for, an endless device or a folder in the place of a file is refused at once."""
    victim = next(exported.glob(part))
    victim.unlink()
    if kind == "a pipe":
        os.mkfifo(victim)
    elif kind == "a device":
        victim.symlink_to("/dev/zero")
    else:
        victim.mkdir()
    with pytest.raises(ArchiveError, match="it is"):
        gallery.import_from(exported)

    assert gallery.people() == []


def test_nobody_waits_while_an_archive_is_read(gallery, gallery_factory, build, exported, monkeypatch):
    """The folder is read and checked outside the transaction: meanwhile others enroll."""
    read = archive.read_archive

    def read_slowly(*given):
        with gallery_factory(wait=0.05) as other:
            other.enroll("eve", build.face(9))
        return read(*given)

    monkeypatch.setattr(archive, "read_archive", read_slowly)
    gallery.import_from(exported)

    assert [person.name for person in gallery] == ["eve", "ada", "bob"]


def test_a_gallery_that_changes_its_embedder_meanwhile_imports_nothing(
    gallery, gallery_factory, build, exported, monkeypatch
):
    """Another process re-embeds the gallery between the reading of a folder and its import: refused, not mixed."""
    read = archive.read_archive

    def read_slowly(*given):
        with gallery_factory() as other:
            other.reembed(build.embedder("ab12" * 16), lambda *_: None)
        return read(*given)

    monkeypatch.setattr(archive, "read_archive", read_slowly)
    with pytest.raises(ModelMismatchError):
        gallery.import_from(exported)

    assert gallery.people() == []


def test_a_photo_that_becomes_a_pipe_after_the_check_is_not_waited_for(gallery, exported, monkeypatch):
    """What is changed between check and storing is read with the same care, and nothing of the folder is kept."""
    read = archive.read_archive

    def read_then_swap(*given):
        found = read(*given)
        victim = _photo(exported)
        victim.unlink()
        os.mkfifo(victim)
        return found

    monkeypatch.setattr(archive, "read_archive", read_then_swap)
    with pytest.raises(ArchiveError, match="not a regular file"):
        gallery.import_from(exported)

    assert gallery.people() == []


def test_what_was_checked_is_what_is_stored(gallery, build, exported, monkeypatch):
    """Vectors that are overwritten between check and storing do not come in."""
    read = archive.read_archive

    def read_then_overwrite(*given):
        found = read(*given)
        (exported / "vectors.npy").write_bytes(b"\xff" * (exported / "vectors.npy").stat().st_size)
        return found

    monkeypatch.setattr(archive, "read_archive", read_then_overwrite)
    gallery.import_from(exported)

    assert np.array_equal(gallery.vectors("bob"), build.vector(3)[None])
    assert gallery.check().intact


def test_any_header_of_the_vectors_is_read_or_refused(gallery, exported):
    """Whatever stands in the header, numpy's parser raises nothing that is not an error of ours."""
    whole = (exported / "vectors.npy").read_bytes()
    chance, refused = random.Random(0), []
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            damaged[chance.randrange(128)] = chance.randrange(256)
        (exported / "vectors.npy").write_bytes(damaged)
        try:
            archive.read_archive(exported, gallery.embedder)
        except ArchiveError as error:
            refused.append(str(error))

    assert len(refused) > 200
    assert all("vectors.npy" in each for each in refused)


@pytest.mark.parametrize(
    "descr", ["'<f" + "9" * 5000 + "'", "'<f999999999'", "[('a', '<f4')]", "'|O'", "'<f4', 1", "("]
)
def test_headers_that_parsers_stumble_over_are_refused(gallery, exported, descr):
    """Types without end, of many fields, of Python objects, and what is no expression."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3, 8), }}".encode()
    vectors = (exported / "vectors.npy").read_bytes()[128:]
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (exported / "vectors.npy").write_bytes(start + header + vectors)
    with pytest.raises(ArchiveError, match=r"vectors\.npy"):
        gallery.import_from(exported)


def test_files_beyond_their_bound_are_not_read(gallery, exported, monkeypatch):
    """A gallery.json, vectors or a photo larger than any that would fit is refused before it is read."""
    with (exported / "vectors.npy").open("r+b") as file:
        file.truncate(1 << 40)  # a hole, which takes no space
    with pytest.raises(ArchiveError, match="larger than"):
        gallery.import_from(exported)
    monkeypatch.setattr(archive, "_MOST_FACTS", 100)
    with pytest.raises(ArchiveError, match="larger than 100 bytes"):
        gallery.import_from(exported)


@pytest.mark.parametrize("field", ["name", "id"])
def test_a_doubled_person_is_found_in_linear_time(build, tmp_path, field):
    """Ten thousand people of whom the last is there twice are refused in about the time that reading them takes."""
    count = 10_000
    sample = {"source": "x", "box": [0, 0, 1, 1], "score": 0.9, "enrolled": _THEN, "photo_sha256": None}
    people = [
        {"id": f"{number:032x}", "name": f"P{number}", "consent": None, "purpose": None, "expires": None}
        | {"created": _THEN, "samples": [sample | {"photo_kept": False}]}
        for number in range(count)
    ]
    people[-1][field] = people[-2][field]
    identity = {"name": "fake", "digest": build.digest, "dimension": 8}
    facts = {"format": "facerec gallery", "version": 1, "embedder": identity, "vectors": count, "people": people}
    (tmp_path / "gallery.json").write_text(json.dumps(facts))
    start = time.process_time()
    with pytest.raises(ArchiveError, match=f"two people of the {field}"):
        archive.read_archive(tmp_path, rules.identity(build.embedder()))

    assert time.process_time() - start < 5  # comparing each with each takes more than twice that

"""A face that a person has already is not stored again, whatever comes with it: hand-made vectors, and real photos."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facerec.gallery import Gallery, open_gallery
from facerec.gallery.present import NOISE
from facerec.gallery.rules import identity
from facerec.gallery.stores.memory import MemoryStore
from facerec.recognizer import Recognizer
from facerec.types import ImpostorTail, Rate

ROUNDOFF = 2.0**-24


def off(vector, distance, seed=0):
    """A unit vector at that distance."""
    aside = np.random.default_rng(seed).standard_normal(len(vector))
    aside -= vector * (aside @ vector)
    moved = vector + distance * aside / np.linalg.norm(aside)
    return (moved / np.linalg.norm(moved)).astype(np.float32)


@pytest.fixture
def full_point(build):
    """Threshold .9, and a tail that says how alike strangers are."""
    tail = ImpostorTail((0.95, 0.9, 0.0), (1, 1000, 1_000_000), (1e6,) * 3, 1_000_000)
    return replace(build.point(0.9), fmr=Rate(1000, 1_000_000), tail=tail)


def counts(done):
    """What was stored, and what was there."""
    return done.added, done.already_present


calls = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=4), min_size=1, max_size=6
)


@given(calls=calls)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_picture_once_whatever_it_comes_with(build, calls):
    """However pictures are spread over calls, and rounded in each, every one is stored once, and as it came first."""
    gallery = Gallery(MemoryStore(identity(build.embedder()), name="memory"))
    first, added, given_ = {}, 0, 0
    for call in calls:
        faces = [off(build.vector(picture), 16 * ROUNDOFF * noise, noise) for picture, noise in call]
        for (picture, _), vector in zip(call, faces, strict=True):
            first.setdefault(picture, vector)
        done = gallery.enroll("ada", [build.face(vector) for vector in faces])
        added, given_ = added + done.added, given_ + len(call)
        assert done.added + done.already_present == len(call)
    assert added == len(first) == gallery.person("ada").samples
    assert gallery.vectors("ada").tobytes() == np.stack(list(first.values())).tobytes()


@pytest.mark.parametrize(("distance", "stored"), [(0.99 * NOISE, 0), (1.01 * NOISE, 1)])
def test_no_more_than_rounding(gallery, build, distance, stored):
    """Up to the bound a vector is the same one; beyond it, another."""
    gallery.enroll("ada", build.face(1))
    assert counts(gallery.enroll("ada", build.face(off(build.vector(1), distance)))) == (stored, 1 - stored)


def test_the_same_place_of_the_same_file(gallery, build):
    """Whatever vector was made of it this time: by another detector, on a graphics card."""
    gallery.enroll("ada", build.face(1, box=(10, 10, 50, 60)), photos=[b"a photo"])
    again = build.face(off(build.vector(1), 0.2), box=(12, 9, 51, 62))
    beside = build.face(2, box=(60, 10, 100, 60))
    other = build.face(3, box=(10, 10, 50, 60))

    assert counts(gallery.enroll("ada", [again, beside], photos=[b"a photo"] * 2)) == (1, 1)
    assert counts(gallery.enroll("ada", other, photos=[b"another file"])) == (1, 0)
    assert counts(gallery.enroll("ada", [again, again])) == (1, 1)  # of no file: only the vector tells, and it differs
    assert counts(gallery.enroll("bob", again, photos=[b"a photo"])) == (1, 0)


def test_saved_anew_is_a_doubt_and_not_there_already(gallery, build, full_point):
    """A picture that was encoded anew has another file and another vector: people decide."""
    gallery.enroll("ada", build.face(1, source="1.jpg"), photos=[b"1"])
    done = gallery.enroll("ada", build.face(off(build.vector(1), 0.01), source="2.jpg"), photos=[b"2"], at=full_point)

    assert counts(done) == (1, 0)
    assert [(doubt.kind, doubt.source, doubt.other) for doubt in done.doubts] == [("same picture", "2.jpg", "1.jpg")]


def test_nothing_is_said_of_what_is_there(gallery, build, full_point):
    """Nor does it make an enrollment doubtful: neither rounded anew, nor as the same place of the same file."""
    gallery.enroll("ada", [build.face(1), build.face(off(build.vector(1), 0.3))], photos=[b"1", b"2"])
    again = [build.face(off(build.vector(1), 5 * ROUNDOFF)), build.face(off(build.vector(1), 0.31))]
    done = gallery.enroll("ada", again, photos=[b"1", b"2"], at=full_point, strict=True)

    assert (*counts(done), done.doubts) == (0, 2, ())


@pytest.fixture
def doubled(gallery, build):
    """Somebody with one picture twice, as earlier versions stored it."""
    gallery.enroll("ada", build.face(1), photos=[b"1"])
    gallery.enroll("bob", build.face(off(build.vector(1), 5 * ROUNDOFF)), photos=[b"1"])
    gallery.merge("bob", "ada")
    return gallery


def test_a_gallery_with_doubles_is_left_as_it_is(doubled, build):
    """Both stay, and both get the photo that re-embedding needs."""
    before = doubled.vectors("ada").tobytes()
    done = doubled.enroll("ada", build.face(off(build.vector(1), 9 * ROUNDOFF)), photos=[b"1"], keep_photos=True)

    assert (*counts(done), done.photos_kept, done.person.photos) == (0, 1, 2, 2)
    assert doubled.vectors("ada").tobytes() == before
    assert doubled.check().intact


def test_doubles_come_back_from_an_archive(doubled, gallery_factory, tmp_path):
    """What is exported is what is imported, and a second import adds nothing."""
    doubled.export_to(tmp_path / "out")
    with gallery_factory("new.db") as other:
        assert counts(other.import_from(tmp_path / "out")[0]) == (2, 0)
        assert other.vectors("ada").tobytes() == doubled.vectors("ada").tobytes()
        assert counts(other.import_from(tmp_path / "out", merge=True)[0]) == (0, 2)


# -- real photos ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photos(data):
    """Three photos of each of four people."""
    folders = sorted(each for each in (data / "lfw" / "images").iterdir() if len(list(each.iterdir())) >= 3)
    return [path for folder in folders[:: len(folders) // 4][:4] for path in sorted(folder.iterdir())[:3]]


def test_rounding_is_far_below_the_bound_and_saving_anew_far_above(photos):
    """Faces alone, in pairs and all at once; and what the best quality of JPEG does to the same chips."""
    recognizer = Recognizer(device="cpu")
    chips = np.concatenate([recognizer.face(photo).chip[None] for photo in photos])

    def embedded(of, batch):
        return np.concatenate([recognizer.embedder.embed(of[at : at + batch])[0] for at in range(0, len(of), batch)])

    def saved(chip):
        file = io.BytesIO()
        PIL.Image.fromarray(chip).save(file, "JPEG", quality=100, subsampling=0)
        return np.asarray(PIL.Image.open(file))

    alone = embedded(chips, 1)
    rounding = max(np.linalg.norm(embedded(chips, batch) - alone, axis=1).max() for batch in (2, 5, len(chips)))
    anew = np.linalg.norm(embedded(np.stack([saved(chip) for chip in chips]), 1) - alone, axis=1).min()
    assert rounding < NOISE / 20
    assert anew > 20 * NOISE


def test_a_photo_alone_and_with_another(photos, tmp_path):
    """From files, and from pixels that no file stands for."""
    recognizer = Recognizer(device="cpu")
    first, second = photos[:2]
    with open_gallery(tmp_path / "people.db", recognizer.embedder) as gallery:
        for name, read in (("ada", Path), ("bob", PIL.Image.open)):
            assert counts(recognizer.enroll(read(first), name, gallery)) == (1, 0)
            done = recognizer.enroll([read(first), read(second)], name, gallery)
            assert (*counts(done), [each for each in done.doubts if each.kind == "same picture"]) == (1, 1, [])
            assert counts(recognizer.enroll([read(second), read(first), read(first)], name, gallery)) == (0, 3)

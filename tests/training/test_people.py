"""Photos of people: what is aligned, what is left out and why, and what is not done twice."""

import csv
import shutil

import numpy as np
import PIL.Image
import pytest
from made_faces import WholeCrop, WholePhoto

from facerec.errors import ArgumentError, DataSetError
from facerec.training import chips
from facerec.training.people import read_people
from facerec.types import Detections


def read(data, tmp_path, detector, crop, **options):
    """Read with a cache in the test's folder."""
    return read_people(data, detector=detector, crop=crop, cache=tmp_path / "chips", **options)


def test_folders_of_people_become_chips(draw, tmp_path, detector, crop):
    """Every photo gives the chip of its own pixels, under its person's name."""
    data = draw(tmp_path / "faces", [2, 3])

    people = read(data, tmp_path, detector, crop)

    assert people.name == "faces"
    assert people.identities == ("person00", "person01")
    assert people.labels.tolist() == [0, 0, 1, 1, 1]
    photo = np.asarray(PIL.Image.open(data / people.files[3]))
    assert np.array_equal(people.chips.take(np.array([3]))[0], photo)
    assert people.chips.take(np.array([], np.int64)).shape == (0, 24, 24, 3)
    assert (people.left_out, people.photos, people.with_one_photo) == ((), 5, 0)


def test_a_manifest_keeps_its_groups(draw, tmp_path, detector, crop):
    """Further columns stay with the photos, and where they say nothing is counted."""
    data = draw(tmp_path / "faces", [2, 2])
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "subject", "gender"])
        rows.writerows(
            [f"person0{p}/{n}.png", name, gender]
            for p, (name, gender) in enumerate((("bo", ""), ("al", "f")))
            for n in (0, 1)
        )

    people = read(tmp_path / "people.csv", tmp_path, detector, crop, root=data)

    assert people.identities == ("al", "bo")
    assert people.columns == {"gender": ("", "", "f", "f")}
    assert people.without("gender") == 2
    with pytest.raises(DataSetError, match=r"no column 'race'; it has gender"):
        people.without("race")


def test_what_cannot_be_used_is_left_out_and_told(draw, tmp_path, detector, crop):
    """No face, no photo, a copy, and a photo of two people: each is counted under its own reason."""
    data = draw(tmp_path / "faces", [3, 3, 2])
    PIL.Image.new("RGB", (24, 24)).save(data / "person00" / "black.png")
    (data / "person00" / "broken.jpg").write_bytes(b"no photo")
    shutil.copy(data / "person00" / "0.png", data / "person00" / "copy.png")
    shutil.copy(data / "person01" / "1.png", data / "person02" / "stranger.png")

    people = read(data, tmp_path, detector, crop)

    why = {each.path: each.why for each in people.left_out}
    assert why == {
        "person00/black.png": "no usable face",
        "person00/broken.jpg": "unreadable",
        "person00/copy.png": "twice",
        "person01/1.png": "two people",
        "person02/stranger.png": "two people",
    }
    assert (
        next(each for each in people.left_out if each.why == "two people").reason == "filed under person01 and person02"
    )
    assert len(people.files) == len(people.chips) == 7
    assert people.photos == 12


def test_people_without_any_face_vanish_and_one_is_too_few(draw, tmp_path, detector, crop):
    """A single person is an error that says what was left out."""
    data = draw(tmp_path / "faces", [3])
    (data / "nobody").mkdir()
    PIL.Image.new("RGB", (24, 24)).save(data / "nobody" / "black.png")

    with pytest.raises(DataSetError, match=r"1 of 2 people have a face.*no face found in nobody/black.png"):
        read(data, tmp_path, detector, crop)


@pytest.mark.parametrize("name", ["missing", "notes.txt"])
def test_other_data_is_refused(tmp_path, detector, crop, name):
    """What is neither a folder nor a manifest is named."""
    (tmp_path / "notes.txt").write_text("x")

    with pytest.raises(DataSetError, match=f"{name}: expected a folder"):
        read(tmp_path / name, tmp_path, detector, crop)


def test_photos_are_aligned_once(draw, tmp_path, detector, crop):
    """The second reading finds no face anew, and gives the same."""
    data = draw(tmp_path / "faces", [2, 3])
    before = read(data, tmp_path, detector, crop)
    seen = detector.seen

    again = read(data, tmp_path, detector, crop)

    assert (seen, detector.seen) == (5, 5)
    assert again.digest == before.digest
    assert np.array_equal(again.chips.take(np.arange(5)), before.chips.take(np.arange(5)))


def test_another_detector_aligns_anew(draw, tmp_path, detector, crop):
    """Chips of one detector are not those of another, and neither is the data's digest."""
    data = draw(tmp_path / "faces", [2, 2])
    before = read(data, tmp_path, detector, crop)
    other = type(detector)(name="another")

    after = read(data, tmp_path, other, crop)

    assert other.seen == 4
    assert after.digest != before.digest


def test_a_reading_that_was_cut_off_goes_on(draw, tmp_path, detector, crop, monkeypatch):
    """Whole parts are kept; the part under way is done again."""
    data = draw(tmp_path / "faces", [4, 4])
    monkeypatch.setattr(chips, "PART", 3)

    class Dies(type(detector)):
        def __call__(self, image):
            if self.seen == 4:
                raise KeyboardInterrupt
            return super().__call__(image)

    with pytest.raises(KeyboardInterrupt):
        read(data, tmp_path, Dies(), crop)
    people = read(data, tmp_path, detector, crop)

    assert detector.seen == 5
    assert len(people.files) == 8


def test_damaged_chips_are_made_again(draw, tmp_path, detector, crop):
    """A flipped byte in the cache is seen."""
    data = draw(tmp_path / "faces", [2, 2])
    before = read(data, tmp_path, detector, crop).chips.take(np.arange(4)).copy()
    (part,) = (tmp_path / "chips").glob("*.npy")
    bytes_of = bytearray(part.read_bytes())
    bytes_of[-1] ^= 255
    part.write_bytes(bytes_of)

    again = read(data, tmp_path, detector, crop)

    assert detector.seen == 8
    assert np.array_equal(again.chips.take(np.arange(4)), before)


class Two(WholePhoto):
    """Two faces in each photo: a small one in the middle, a large one at the left."""

    def __call__(self, image):  # noqa: ARG002
        """As the contract says."""
        boxes = np.array([[10, 10, 14, 14], [0, 0, 16, 24]], np.float32)
        return Detections(boxes, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32), (24, 24))


class Box(WholeCrop):
    """What is within the box, in one colour."""

    def __call__(self, image, detections):  # noqa: ARG002
        """The box's width as a colour."""
        return np.stack([np.full((24, 24, 3), box[2] - box[0], np.uint8) for box in detections.boxes])


def test_the_chosen_face_is_the_persons(draw, tmp_path):
    """The largest, the middle one, or none where there must be only one; each choice has chips of its own."""
    data = draw(tmp_path / "faces", [2, 2])
    found = {choice: read(data, tmp_path, Two(), Box(), choice=choice, workers=2) for choice in ("largest", "central")}

    assert {name: people.chips.take(np.arange(4)).max() for name, people in found.items()} == {
        "largest": 16,
        "central": 4,
    }
    assert found["largest"].digest != found["central"].digest
    with pytest.raises(DataSetError, match="0 of 2 people have a face"):
        read(data, tmp_path, Two(), Box(), choice="only")


def test_the_digest_is_of_photos_and_people(draw, tmp_path, detector, crop):
    """Another name for somebody, another photo or another crop is other data; another place is not."""
    one = read(draw(tmp_path / "a" / "faces", [2, 2]), tmp_path, detector, crop)
    moved = read(draw(tmp_path / "b" / "faces", [2, 2]), tmp_path, detector, crop)
    more = read(draw(tmp_path / "c" / "faces", [2, 3]), tmp_path, detector, crop)
    renamed = draw(tmp_path / "d" / "faces", [2, 2])
    (renamed / "person00").rename(renamed / "zoe")
    zoe = read(renamed, tmp_path, detector, crop)
    wide = read(tmp_path / "a" / "faces", tmp_path, detector, type(crop)(name="another crop"))

    assert one.digest == moved.digest
    assert len({one.digest, more.digest, zoe.digest, wide.digest}) == 4
    assert zoe.identities == ("person01", "zoe")
    assert (one.detector, one.crop, wide.crop) == ("whole photo", crop.name, "another crop")


def test_people_with_one_photo_and_what_is_excluded(draw, tmp_path, detector, crop):
    """Counted; folders that are excluded are not read, and a table has none to exclude."""
    data = draw(tmp_path / "faces", [1, 2, 1, 3])

    people = read(data, tmp_path, detector, crop, exclude=["person03"])

    assert (len(people.identities), people.with_one_photo) == (3, 2)
    assert "3 files (3 excluded), the first is person03/" in people.told
    (tmp_path / "people.csv").write_text("image,subject\nfaces/person00/0.png,a\nfaces/person01/0.png,b\n")
    assert read(tmp_path / "people.csv", tmp_path, detector, crop).identities == ("a", "b")
    with pytest.raises(ArgumentError, match="looked for in folders"):
        read(tmp_path / "people.csv", tmp_path, detector, crop, exclude=["a"])

"""Class folders, parts, manifests and torchvision sets become the same value; what is wrong with them is said."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.errors import ArgumentError, DataSetError
from facerec.photos.left_out import counts
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.photo_index import look_of


def _photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes with three photos each."""
    for number in range(3):
        _photo(tmp_path / "pets" / "cat" / f"{number}.png", number)
        _photo(tmp_path / "pets" / "dog" / "deeper" / f"{number}.png", 10 + number)
    return tmp_path / "pets"


def test_class_folders(pets: Path) -> None:
    """Folders are classes, files are sorted, and each photo is what lies in its file."""
    found = read_image_set(pets)

    assert found.classes == ("cat", "dog")
    assert found.files == ("cat/0.png", "cat/1.png", "cat/2.png", *(f"dog/deeper/{n}.png" for n in range(3)))
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert set(found.parts) == {""}
    assert found.left_out == ()
    assert np.array_equal(found.image(4), np.asarray(PIL.Image.open(pets / "dog/deeper/1.png")))


def test_parts_of_an_image_folder(pets: Path, tmp_path: Path) -> None:
    """Folders train and val above the classes are parts."""
    (tmp_path / "root").mkdir()
    pets.rename(tmp_path / "root" / "train")
    for name in ("cat", "dog"):
        _photo(tmp_path / "root" / "val" / name / "x.png", 30)

    found = read_image_set(tmp_path / "root")

    assert found.classes == ("cat", "dog")
    assert found.parts == ("train",) * 6 + ("validation",) * 2


def test_what_is_no_photo_is_left_out_and_shown(pets: Path) -> None:
    """A broken photo, a text file and a stray file are left out, each with its reason."""
    (pets / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    (pets / "cat" / "notes.txt").write_text("about cats")
    (pets / "SOURCE.txt").write_text("where from")

    found = read_image_set(pets)

    reasons = {skip.path: skip.reason for skip in found.left_out}
    assert len(found) == 6
    assert set(reasons) == {"cat/broken.jpg", "cat/notes.txt", "SOURCE.txt"}
    assert "damaged" in reasons["cat/broken.jpg"]


def test_folders_that_are_no_classes_are_left_out(pets: Path) -> None:
    """Neither a network drive's folders nor an empty one nor what is excluded is a class, and all are told."""
    for name in ("@eaDir/1.png", "cat/@eaDir/1.png", "raw/1.png"):
        _photo(pets / name, 50)
    (pets / "empty").mkdir()

    found = read_image_set(pets, exclude=["raw"])

    assert (found.classes, len(found)) == (("cat", "dog"), 6)
    assert {each.path: each.why for each in found.left_out} == {
        "@eaDir/": "system folder",
        "cat/@eaDir/": "system folder",
        "empty/": "empty folder",
        "raw/": "excluded",
    }
    with pytest.raises(ArgumentError, match="what to exclude is looked for in folders"):
        read_image_set(_manifest(pets, "image,label\ncat/0.png,a\n"), exclude=["raw"])


def test_the_digest_knows_the_data_and_not_the_place(pets: Path, tmp_path: Path) -> None:
    """Moved data have the same digest; one changed photo has another."""
    before = read_image_set(pets).digest
    moved = pets.rename(tmp_path / "moved")
    assert read_image_set(moved).digest == before

    _photo(moved / "cat" / "1.png", 99)

    assert read_image_set(moved).digest != before


def test_a_subset_keeps_classes_and_columns(pets: Path) -> None:
    """Labels keep their meaning where only photos of one class are left."""
    part = read_image_set(pets).subset([5, 3])

    assert part.classes == ("cat", "dog")
    assert part.files == ("dog/deeper/2.png", "dog/deeper/0.png")
    assert part.labels.tolist() == [1, 1]


def test_only_the_classes_asked_for(pets: Path) -> None:
    """Classes are numbered as asked for; photos of others are shown as left out."""
    _photo(pets / "emu" / "0.png", 50)

    found = read_image_set(pets, classes=["dog", "cat"])

    assert found.classes == ("dog", "cat")
    assert found.labels.tolist() == [1, 1, 1, 0, 0, 0]
    assert [skip.path for skip in found.left_out] == ["emu/0.png"]


def _manifest(pets: Path, text: str) -> Path:
    path = pets / "list.csv"
    path.write_text(text)
    return path


def test_manifest(pets: Path) -> None:
    """Rows keep their order, further columns are kept, a row with an empty label is left out."""
    rows = "image,kind,split,subject\ndog/deeper/0.png,dog,train,a\ncat/0.png,cat,val,b\ncat/1.png,,test,c\n"

    found = read_image_set(_manifest(pets, rows), label="kind")

    assert found.files == ("dog/deeper/0.png", "cat/0.png")
    assert found.labels.tolist() == [1, 0]
    assert found.parts == ("train", "validation")
    assert found.columns["subject"] == ("a", "b")
    assert [(skip.path, skip.reason) for skip in found.left_out] == [("cat/1.png", "its kind is empty")]


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ("image,other\ncat/0.png,a\n", "lacks the column label"),
        ("image,label\n", "holds no photos"),
        ("image,label\ncat/0.png,a\ncat/0.png,b\n", "listed twice, the first is cat/0.png"),
        ("image,label\ncat/9.png,a\n", "missing: cat/9.png"),
        ("image,label\n,a\n", "row 2: the image is empty"),
        ("image,label,split\ncat/0.png,a,dev\n", "split 'dev' is no part"),
        ("image,label\ncat/0.png,a\ncat/1.png,a\n", "one class only"),
    ],
)
def test_bad_manifests(pets: Path, rows: str, complaint: str) -> None:
    """Each mistake in a manifest is named."""
    with pytest.raises(DataSetError, match=complaint):
        read_image_set(_manifest(pets, rows))


def test_bad_folders(pets: Path, tmp_path: Path) -> None:
    """A class folder of other files, a single class, a class without a readable photo and no folder are errors."""
    with pytest.raises(DataSetError, match="no such folder"):
        read_image_set(tmp_path / "nowhere")
    (pets / "emu").mkdir()
    (pets / "emu" / "notes.txt").write_text("about emus")
    with pytest.raises(
        DataSetError, match=r"emu: the class has no photo: .*left out: 1 file \(1 no photo by its name\)"
    ):
        read_image_set(pets)
    (pets / "emu" / "bad.png").write_bytes(b"no photo")
    with pytest.raises(DataSetError, match=r"class 'emu' has no photo that can be read; .*bad\.png"):
        read_image_set(pets)
    with pytest.raises(DataSetError, match="one class only"):
        read_image_set(pets, classes=["cat"])


def test_torchvision_set(tmp_path: Path) -> None:
    """A set in torchvision's own format is read with its parts and the names of its classes."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    digits = np.arange(4 * 28 * 28, dtype=np.uint8).reshape(4, 28, 28)
    for name in ("train", "t10k"):
        sizes = b"".join(each.to_bytes(4, "big") for each in (0x803, 4, 28, 28))
        for kind, contents in (
            ("images-idx3", sizes + digits.tobytes()),
            ("labels-idx1", b"\0\0\x08\x01\0\0\0\x04" + bytes([7, 1, 1, 7])),
        ):
            (raw / f"{name}-{kind}-ubyte").write_bytes(contents)
            (raw / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(contents))

    found = read_image_set(f"torchvision:MNIST:{tmp_path}")

    assert found.classes == ("1 - one", "7 - seven")
    assert found.labels.tolist() == [1, 0, 0, 1] * 2
    assert found.parts == ("train",) * 4 + ("test",) * 4
    assert np.array_equal(found.image(2)[:, :, 0], digits[2])


def test_torchvision_set_that_is_not_there(tmp_path: Path) -> None:
    """A set that is absent is an error and no download; so is a set that nobody knows."""
    with pytest.raises(DataSetError, match="torchvision cannot read MNIST"):
        read_image_set(f"torchvision:MNIST:{tmp_path}")
    with pytest.raises(DataSetError, match="NAME one of DTD"):
        read_image_set(f"torchvision:NONE:{tmp_path}")


def test_hymenoptera(data: Path) -> None:
    """The tutorial's photos are read in their parts; its .gif is visibly left out, as by torchvision."""
    found = read_image_set(data / "hymenoptera_data")

    assert (found.parts.count("train"), found.parts.count("validation")) == (244, 153)
    assert counts(found.left_out) == {"animation": 1, "no photo by its name": 1}


def test_what_is_known_of_a_photo_stays_with_it(pets: Path) -> None:
    """One in the middle cannot be read: digests, looks, labels, parts and columns of the others do not move."""
    rows = [f"cat/{n}.png,{label},{part},{who}" for n, label, part, who in zip(
        range(3), ("x", "y", "x"), ("train", "val", "test"), "abc", strict=True)]  # fmt: skip
    rows += [f"dog/deeper/{n}.png,{label},,{who}" for n, label, who in zip(range(3), "yyx", "def", strict=True)]
    (pets / "cat" / "1.png").write_bytes(b"no photo")
    told: list[tuple[int, int]] = []

    found = read_image_set(
        _manifest(pets, "\n".join(["image,label,split,subject", *rows])), progress=lambda *of: told.append(of)
    )

    assert found.files == ("cat/0.png", "cat/2.png", *(f"dog/deeper/{n}.png" for n in range(3)))
    assert found.labels.tolist() == [0, 0, 1, 1, 0]
    assert found.parts == ("train", "test", "", "", "")
    assert found.columns["subject"] == tuple("acdef")
    assert [(each.path, each.why) for each in found.left_out] == [("cat/1.png", "unreadable")]
    assert told[-1] == (6, 6)
    for place, file in enumerate(found.files):
        assert found.digests[place] == hashlib.sha256((pets / file).read_bytes()).hexdigest()
        assert found.looks[place] == look_of(np.asarray(PIL.Image.open(pets / file)))
        assert np.array_equal(found.image(place), np.asarray(PIL.Image.open(pets / file)))


def test_classes_asked_for_are_looked_for(pets: Path) -> None:
    """One that is twice there, one that nobody shows, one that is alone."""
    for classes, told in (
        (["cat", "dog", "cat"], "classes names a class twice: cat, dog, cat"),
        (["cat", "emu"], "class 'emu' has no photo that can be read"),
        (["dog"], r"holds one class only \(dog\)"),
    ):
        with pytest.raises(DataSetError, match=told):
            read_image_set(pets, classes=classes)

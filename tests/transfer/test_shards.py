"""Shards as labelled photos: the same pixels, labels and parts as in folders."""

import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from facerec.errors import DataSetError
from facerec.transfer.labelled_photos import read_image_set


def write(path, *photos):
    """A shard of (key, texts by their ending, colour)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for number, (key, texts, colour) in enumerate(photos):
            file = io.BytesIO()
            picture = np.random.default_rng(number).integers(0, 60, (32, 32, 3), dtype=np.uint8) + np.uint8(colour)
            PIL.Image.fromarray(picture).save(file, "PNG")
            said = {ending: text.encode() for ending, text in texts.items()}
            for ending, content in {**said, "png": file.getvalue()}.items():
                about = tarfile.TarInfo(f"{key}.{ending}")
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))


def classes(number, colour=0):
    """So many photos of two classes."""
    return [(f"{place:03d}", {"cls": ("ant", "bee")[place % 2]}, colour + place) for place in range(number)]


def test_a_folder_of_shards_is_a_data_set(tmp_path):
    """Names, labels and pixels; a subset reads its own photos from where they lie."""
    write(tmp_path / "shards" / "a.tar", *classes(4))
    write(tmp_path / "shards" / "b.tar", *classes(4, 100))

    found = read_image_set(tmp_path / "shards")

    assert found.classes == ("ant", "bee")
    assert found.labels.tolist() == [0, 1] * 4
    assert found.files[5] == "b.tar/001.png"
    with tarfile.open(tmp_path / "shards" / "b.tar") as archive:
        picture = np.asarray(PIL.Image.open(archive.extractfile("001.png")))
    assert np.array_equal(found.image(5), picture)
    some = replace(found, decoded={}).subset([5, 0])
    assert np.array_equal(some.image(0), picture)
    assert read_image_set(tmp_path / "shards").digest == found.digest


def test_parts_by_folder_and_by_word(tmp_path):
    """Folders of shards for the parts, or a word beside each photo."""
    for part in ("train", "val"):
        write(tmp_path / "folders" / part / "a.tar", *classes(4))
    words = [(key, {"json": json.dumps({"label": texts["cls"], "split": "test"})}, 0) for key, texts, _ in classes(2)]
    write(tmp_path / "words.tar", *words, *[(f"x{key}", *rest) for key, *rest in classes(2)])

    folders, shard = read_image_set(tmp_path / "folders"), read_image_set(tmp_path / "words.tar")

    assert folders.parts == ("train",) * 4 + ("validation",) * 4
    assert folders.files[4] == "validation/a.tar/000.png"
    assert shard.parts == ("test", "test", "", "")


def test_another_label_and_who_is_on_it(tmp_path):
    """Any name of the .json may be what is learned; the others are columns; what has no label is told."""
    rows = [
        ("0", {"age": "old", "subject": "ada"}),
        ("1", {"age": "young", "subject": "bob"}),
        ("2", {"subject": "eve"}),
    ]
    write(tmp_path / "a.tar", *[(key, {"json": json.dumps(said)}, 0) for key, said in rows])

    found = read_image_set(tmp_path / "a.tar", label="age")

    assert [found.classes[label] for label in found.labels] == ["old", "young"]
    assert found.columns["subject"] == ("ada", "bob")
    assert [(each.path, each.why) for each in found.left_out] == [("a.tar/2.png", "no label")]


@pytest.mark.parametrize(
    ("said", "told"), [({}, "no photo in the shards has a label"), ({"label": "a", "split": "x"}, "is no part")]
)
def test_refusals(tmp_path, said, told):
    """Photos of which nothing is said, and parts that are none."""
    write(tmp_path / "a.tar", ("0", {"json": json.dumps(said)}, 0))

    with pytest.raises(DataSetError, match=told):
        read_image_set(tmp_path / "a.tar")


def test_exclusion(tmp_path):
    """Photos of shards may be left out, as those of folders."""
    write(tmp_path / "a.tar", *classes(6))

    found = read_image_set(tmp_path / "a.tar", exclude=["000.png"])

    assert len(found) == 5
    assert [each.why for each in found.left_out] == ["excluded"]

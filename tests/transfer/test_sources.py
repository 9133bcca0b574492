"""What a source says of photos before any is opened."""

from pathlib import Path

import pytest

from facerec.errors import DataSetError
from facerec.transfer.sources import list_folders, list_manifest


def touch(root: Path, *names: str) -> None:
    """Files with these names; nobody opens them."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("folder", "part"),
    [
        ("val", "validation"),
        ("valid", "validation"),
        ("Validation", "validation"),
        ("test", "test"),
        ("TESTING", "test"),
        ("training", "train"),
    ],
)
def test_names_of_parts(tmp_path, folder, part):
    """In any case; beside a folder of what is learned from."""
    other = "test" if part == "train" else "train"
    touch(tmp_path, f"{folder}/cat/1.jpg", f"{other}/cat/2.jpg", f"{other}/dog/3.jpg")

    found = list_folders(tmp_path)

    assert set(zip(found.files, found.labels, found.parts, strict=True)) == {
        (f"{folder}/cat/1.jpg", "cat", part),
        (f"{other}/cat/2.jpg", "cat", other),
        (f"{other}/dog/3.jpg", "dog", other),
    }


def test_a_class_may_be_called_like_a_part(tmp_path):
    """Test beside other classes and without train is a class; train beside a class is a mistake."""
    touch(tmp_path / "one", "test/1.jpg", "other/2.jpg")
    touch(tmp_path / "two", "train/a/1.jpg", "other/2.jpg")

    found = list_folders(tmp_path / "one")

    assert (list(found.labels), set(found.parts), found.name) == (["other", "test"], {""}, "one")
    with pytest.raises(DataSetError, match="holds the parts train and beside them other/"):
        list_folders(tmp_path / "two")


def test_animations_are_no_photos(tmp_path):
    """They are left out by name in any case, and a class of nothing else is an error."""
    touch(tmp_path, "a/1.jpg", "a/2.GIF", "b/3.jpg")

    found = list_folders(tmp_path)

    assert found.files == ["a/1.jpg", "b/3.jpg"]
    assert [(each.path, each.why) for each in found.left_out] == [("a/2.GIF", "animation")]
    (tmp_path / "a" / "1.jpg").unlink()
    with pytest.raises(DataSetError, match=r"a: the class has no photo: is a GIF.*--exclude a\)"):
        list_folders(tmp_path)


def manifest(tmp_path, text):
    """A file beside four photos."""
    touch(tmp_path, "1.jpg", "2.jpg", "3.jpg", "4.jpg")
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_manifest_row_by_row(tmp_path):
    """Labels and parts without spaces, in any case; rows without a label are left out of every column."""
    path = manifest(
        tmp_path,
        "image,kind,split,subject,race\n3.jpg, dog ,TRAIN,x,p\n1.jpg,cat, Val ,y,q\n2.jpg,,test,z,r\n4.jpg,cat,,w,s\n",
    )

    found = list_manifest(path, label="kind")

    assert (found.name, found.root) == ("list", tmp_path)
    assert found.files == ["3.jpg", "1.jpg", "4.jpg"]
    assert found.labels == ["dog", "cat", "cat"]
    assert found.parts == ["train", "validation", ""]
    assert {name: list(values) for name, values in found.columns.items()} == {
        "kind": [" dog ", "cat", "cat"],
        "subject": ["x", "y", "w"],
        "race": ["p", "q", "s"],
    }
    assert [(each.path, each.reason) for each in found.left_out] == [("2.jpg", "its kind is empty")]


@pytest.mark.parametrize(("label", "kept"), [("subject", {"race"}), ("label", {"race", "subject"}), ("race", {"race"})])
def test_what_is_predicted_may_be_a_group_but_no_person(tmp_path, label, kept):
    """Where people are told apart, no column says who is on a photo; a column called label is no group."""
    rest = {"race", "subject", "label"} - {label}
    names = ["image", label, *sorted(rest)]
    path = manifest(tmp_path, f"{','.join(names)}\n1.jpg,a,b,c\n2.jpg,d,e,f\n")

    found = set(list_manifest(path, label=label).columns)

    assert found & {"race", "subject"} >= kept
    assert (label in found) == (label == "race")


def test_mistakes_are_told_with_their_row(tmp_path):
    """The first row is the second line of the file; a column that lacks, one that is there twice."""
    for text, told in (
        ("image,label\n1.jpg,a\n2.jpg,b\n,c\n", "row 4: the image is empty"),
        ("image,label\n1.jpg,a\n1.jpg,b\n2.jpg,c\n2.jpg,c\n", "2 images are listed twice, the first is 1.jpg"),
        ("photo,other\n1.jpg,a\n", "lacks the column image and label; it has photo, other"),
    ):
        with pytest.raises(DataSetError, match=told):
            list_manifest(manifest(tmp_path, text), label="label")

"""A set of photos as a value: its digest, its parts, who is on them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.errors import ArgumentError
from facerec.photos.left_out import LeftOut
from facerec.transfer.image_set import ImageSet


@pytest.fixture
def made(tmp_path):
    """Six photos of everything that a set can know."""
    return ImageSet(
        name="made",
        root=tmp_path,
        files=tuple(f"{number}.png" for number in range(6)),
        labels=np.array([0, 1, 0, 1, 1, 0]),
        classes=("a", "b"),
        parts=("train", "train", "validation", "test", "", ""),
        digests=tuple(f"{number:064x}" for number in range(6)),
        columns={"subject": ("x", "y", " x", "", "", "z"), "race": tuple("pqrstu")},
        left_out=(LeftOut("gone.png", "unreadable", "broken"),),
        pixels=[np.full((2, 3, 3), number, np.uint8) for number in range(6)],
        looks=(9, 8, 7, 6, 5, 4),
        decoded={},
    )


def test_the_digest_is_of_everything_that_is_learned_from(made):
    """Contents, names, classes, parts, order and people; not the place, the name, or what is beside the photos."""
    changes = [
        {"digests": ("f" * 64, *made.digests[1:])},
        {"files": ("x.png", *made.files[1:])},
        {"labels": 1 - made.labels},
        {"classes": ("a", "c")},
        {"parts": ("test", *made.parts[1:])},
        {"columns": {"subject": ("x", "y", "y", "", "", "z")}},
        {"columns": {}},
    ]
    same = [
        {"root": Path("/elsewhere")},
        {"name": "other"},
        {"looks": None},
        {"left_out": ()},
        {"pixels": None},
        {"columns": {"subject": made.columns["subject"], "race": tuple("uvwxyz")}},
    ]

    assert len({made.digest, *(replace(made, **each).digest for each in changes)}) == len(changes) + 1
    assert {replace(made, **each).digest for each in same} == {made.digest}
    assert made.subset([1, 0, 2, 3, 4, 5]).digest != made.digest
    assert made.subset(range(6)).digest == made.digest
    assert len(made.digest) == 64


def test_people_are_numbered_as_they_come(made):
    """A space is no name and none of a name; who is not named is alone; without the column nobody is known."""
    assert made.people.tolist() == [0, 1, 0, 2, 3, 4]
    assert replace(made, columns={"race": tuple("pqrstu")}).people is None


def test_a_part_of_it_keeps_everything_together(made):
    """Every value of a photo goes with it, in the order asked for; what was left out stays known."""
    part = made.subset(np.array([4, 1]))

    assert len(part) == 2
    assert (part.files, part.parts, part.looks) == (("4.png", "1.png"), ("", "train"), (5, 8))
    assert part.labels.tolist() == [1, 1]
    assert part.digests == (made.digests[4], made.digests[1])
    assert dict(part.columns) == {"subject": ("", "y"), "race": ("t", "q")}
    assert [part.image(place)[0, 0, 0] for place in (0, 1)] == [4, 1]
    assert (part.name, part.root, part.classes, part.left_out) == (made.name, made.root, made.classes, made.left_out)
    assert part.subset([]).files == ()


@pytest.mark.parametrize(
    "short", [{"labels": np.zeros(5, int)}, {"parts": ("",) * 5}, {"digests": ("",) * 7}, {"looks": (1,)},
              {"columns": {"race": ("a",)}}]
)  # fmt: skip
def test_every_photo_has_one_of_each(made, short):
    """What is too short or too long is named."""
    (name,) = short
    with pytest.raises(ArgumentError, match=f"6 files, but .*{'column race' if name == 'columns' else name}"):
        replace(made, **short)


def test_a_photo_is_read_where_it_is(made, tmp_path):
    """From memory, from what was decoded, or from its file below the root."""
    PIL.Image.new("RGB", (3, 2), (0, 0, 200)).save(tmp_path / "1.png")
    lying = replace(made, pixels=None, decoded={"2.png": np.full((2, 3, 3), 77, np.uint8)})

    assert made.image(3)[0, 0].tolist() == [3, 3, 3]
    assert lying.image(1)[0, 0].tolist() == [0, 0, 200]
    assert lying.image(2)[0, 0].tolist() == [77, 77, 77]

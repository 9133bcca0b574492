"""Photos of faces without names: what is found in a folder or a table, and who is held out."""

import shutil
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
from made_faces import WholeCrop, WholePhoto, face_of

from facerec.errors import ArgumentError, DataSetError
from facerec.training.faces import hold_out, named, read_faces
from facerec.training.people import NAMELESS
from facerec.training.splits import split_people


def crowd(people: int, photos: int = 1) -> SimpleNamespace:
    """So many people with so many photos each."""
    identities = tuple(f"p{n:03d}" for n in range(people))
    return SimpleNamespace(name="crowd", identities=identities, labels=np.arange(people).repeat(photos))


@pytest.mark.parametrize(
    ("everyone", "share", "held"),
    [(100, 0.1, 10), (10, 0.26, 3), (10, 0.24, 2), (10, 0.01, 2), (10, 0.99, 8), (4, 0.5, 2), (5, 0.9, 3)],
)
def test_so_many_people_are_held_out(everyone, share, held):
    """The share rounded, two at least, and two at least remain; all photos of a person are on one side."""
    faces = crowd(everyone, 3)

    split = hold_out(faces, seed=5, share=share)

    assert (split.validation_people, split.train_people) == (held, everyone - held)
    assert (len(split.validation), len(split.train)) == (3 * held, 3 * (everyone - held))
    assert not set(faces.labels[split.train]) & set(faces.labels[split.validation])


def test_who_is_held_out_is_drawn_by_the_seed():
    """The same seed the same people, another others, and others than a split of named people draws."""
    one, same, other = (hold_out(crowd(60, 2), seed=seed, share=0.2).validation.tolist() for seed in (1, 1, 2))

    assert one == same != other
    assert one != split_people(crowd(60, 2), seed=1, fmr=0.1, validation=0.2).validation.tolist()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_none_or_all_is_refused(share):
    """And three people cannot be two and two."""
    with pytest.raises(ArgumentError, match=f"between 0 and 1; got {share}"):
        hold_out(crowd(10), seed=0, share=share)
    with pytest.raises(DataSetError, match="crowd: 3 people cannot be split"):
        hold_out(crowd(3), seed=0, share=0.5)


def test_a_folder_says_nothing_of_names(tmp_path):
    """Photos in folders of people are of nobody; what is excluded is not read."""
    data = tmp_path / "photos"
    for number in range(12):
        path = data / f"person{number // 3}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(face_of(1, number)).save(path)
    shutil.copytree(data / "person0", data / "thumbs")

    faces = read_faces(data, detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path / "chips", exclude=["thumbs"])

    assert faces.name == "photos"
    assert len(faces.files) == len(faces.identities) == 12
    assert not named(faces).any()
    assert all(identity.startswith(NAMELESS) for identity in faces.identities)
    assert set(faces.files) == {f"person{n // 3}/{n}.png" for n in range(12)}


def test_a_table_names_some(tmp_path):
    """Paths start where the table lies; a name is known for the photos that have one, in the photos' order."""
    rows = ["image,subject"]
    for number in range(10):
        PIL.Image.fromarray(face_of(2, number)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'ann' if number in (1, 4, 9) else ''}")
    (tmp_path / "faces.csv").write_text("\n".join(rows) + "\n")

    faces = read_faces(tmp_path / "faces.csv", detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path / "chips")

    assert np.flatnonzero(named(faces)).tolist() == [1, 4, 9]
    assert len(set(faces.labels[[1, 4, 9]])) == 1
    assert len(faces.identities) == 8
    with pytest.raises(ArgumentError, match="looked for in folders"):
        read_faces(
            tmp_path / "faces.csv", detector=WholePhoto(), crop=WholeCrop(), cache=tmp_path / "chips", exclude=["9*"]
        )

"""``facerec distil``: from photos without names to a student's folder."""

import json
import shutil

import pytest

from facerec.models.folder import read_model

pytestmark = pytest.mark.usefixtures("faces_are_portraits")


@pytest.fixture(scope="module")
def photos(portraits, tmp_path_factory):
    """Twelve photos in one folder."""
    folder = tmp_path_factory.mktemp("photos")
    for number, photo in enumerate(sorted(portraits.rglob("*.png"))[:12]):
        shutil.copy(photo, folder / f"{number}.png")
    return folder


def test_photos_without_names_become_a_student(facerec, photos, tmp_path):
    """The folder is a model like any other; nothing is said of thresholds, since nobody is named."""
    out = tmp_path / "student"

    done = facerec(
        "distil", "--data", photos, "--teacher", "dlib_resnet", "--one-pass", "--epochs", 1, "--validation", 0.3,
        "--out", out, "--device", "cpu", "--json",
    )  # fmt: skip

    assert done.status == 0, done.err
    document = json.loads(done.out)
    about = read_model(out).description
    assert document["digest"] == about.digest
    assert not about.flip
    assert [(parent.name, parent.role) for parent in about.parents] == [
        ("dlib-resnet", "teacher"),
        ("dlib_resnet", "start"),
    ]
    assert document["history"][0]["cosine"] > 0.9
    assert document["history"][0]["tmr"] is None
    assert "nobody held out is named" in done.err or "nobody held out is named" in document["unmeasured"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--teacher", "dlib_resnet", "--crop", "five-point-112.v1"), "No such option: --crop"),
        (("--teacher", "dlib_resnett"), "did you mean 'dlib-resnet'"),
        (("--teacher", "dlib_resnet", "--backbone", "dlib_resnet_half"), "use dlib_resnet_half.none"),
        (("--teacher", "dlib_resnet", "--reweight", "gender"), "has no column 'gender'"),
    ],
)
def test_options_that_do_not_fit(facerec, photos, tmp_path, options, words):
    """Each is told and nothing is written; a student has its teacher's crop."""
    done = facerec("distil", "--data", photos, "--out", tmp_path / "out", "--device", "cpu", *options)

    assert done.status == 2
    assert words in " ".join(done.err.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [("--teacher=dlib_resnet", "--teacher is called facerec distil"), ("--one-pass", "distil --one-pass")],
)
def test_training_from_a_teacher_is_a_command_of_its_own(facerec, photos, tmp_path, option, words):
    """Who still writes ``facerec train --teacher`` is told the command that it is now."""
    done = facerec("train", "--data", photos, "--out", tmp_path / "out", option)

    assert done.status == 2
    assert words in done.err

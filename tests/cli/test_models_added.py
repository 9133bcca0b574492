"""``facerec models add``, ``attach`` and ``remove``, as on a terminal."""

import errno
import json
import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from facerec.embed.load import load_embedder
from facerec.errors import CalibrationError
from facerec.models.shipped_points import shipped_point
from facerec.points import read_points, write_points
from facerec.types import Matcher, OperatingPoint, Rate


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """An empty place for added models."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def graph(tmp_path, pooled_graph):
    """An ONNX file."""
    file = tmp_path / "Vendor.onnx"
    file.write_bytes(pooled_graph(np.eye(3, 4) + 0.2))
    return file


def points_of(path, name):
    """A file with an operating point of the model of that name."""
    embedder = load_embedder(name)
    matcher = Matcher("mtcnn", embedder.crop.name, name, embedder.digest, "cosine.v1", "none")
    point = OperatingPoint(0.4, 1e-3, Rate(3, 3000), Rate(5, 100), "ours", matcher)
    write_points([point], path)
    return path


def test_add_an_onnx_file(facerec, graph, models):
    """It is named after its file, its card is written, and the next steps are told."""
    done = facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1", "--licence", "MIT")

    assert done.status == 0, done.err
    assert "vendor: 4 numbers per face, digest" in done.out
    assert "facerec models attach vendor --points points.json" in done.out
    assert "MIT" in (models / "vendor" / "card.md").read_text("utf-8")


def test_what_a_file_does_not_say_must_be_given(facerec, graph):
    """The crop and the scaling of pixels are never guessed."""
    without_crop = facerec("models", "add", graph, "--pixels", "0..1")
    without_pixels = facerec("models", "add", graph, "--crop", "five-point-112.v1")
    both = facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1", "--mean", "1,2,3")
    two = facerec("models", "add", graph, "--crop", "five-point-112.v1", "--mean", "1,2", "--std", "1,1,1")

    assert {done.status for done in (without_crop, without_pixels, both, two)} == {2}
    assert "an ONNX file needs --crop" in without_crop.err
    assert "needs the scaling of its pixels: give --pixels, or --mean and --std" in without_pixels.err
    assert "give --pixels, or --mean and --std" in both.err
    assert "--mean needs three numbers, R,G,B; got '1,2'" in two.err


def test_own_scaling_is_recorded(facerec, graph, models):
    """Mean, deviation and order of the channels stand in model.json."""
    options = ("--mean", "1,2,3", "--std", "4,5,6", "--channels", "BGR", "--no-flip", "--name", "mine")
    done = facerec("models", "add", graph, "--crop", "five-point-112.v1", *options, "--json")

    document = json.loads((models / "mine" / "model.json").read_text("utf-8"))
    assert done.document["name"] == "mine"
    assert document["pixels"] == {"mean": [1, 2, 3], "std": [4, 5, 6], "channels": "BGR", "size": None}
    assert document["flip"] is False
    assert done.document["digest"] == document["digest"]


def test_attach_and_remove(facerec, graph, tmp_path, models):
    """Points that were attached are counted; a removed model is gone."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1")
    points = points_of(tmp_path / "points.json", "vendor")

    nothing = facerec("models", "attach", "vendor")
    attached = facerec("models", "attach", "vendor", "--points", points, "--json")
    removed = facerec("models", "remove", "vendor")
    again = facerec("models", "remove", "vendor")

    assert nothing.status == 2
    assert "give --points, --audit, or both" in nothing.err
    assert attached.document["operating_points"] == 1
    assert removed.out.strip() == "vendor is removed"
    assert not (models / "vendor").exists()
    assert again.status == 2
    assert "no added model is called 'vendor'; there are none" in again.err


def test_a_new_point_replaces_the_one_at_its_rate(facerec, graph, tmp_path):
    """Whatever their data sets are called, the newer one decides, and the command says which it replaced."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1")
    points = points_of(tmp_path / "points.json", "vendor")
    facerec("models", "attach", "vendor", "--points", points)
    newer = replace(read_points(points)[0], data_set="zzz", threshold=0.5)
    write_points([newer], points)

    told = facerec("models", "attach", "vendor", "--points", points)
    again = facerec("models", "attach", "vendor", "--points", points, "--json")

    assert "  replaced: FMR 0.001 on ours, threshold 0.4000" in told.out
    assert again.document["replaced_points"] == []
    assert shipped_point(newer.matcher.embedder_digest, 1e-3) == newer


def test_points_of_earlier_versions_are_not_chosen_among(facerec, graph, models, tmp_path):
    """A folder may hold two at one rate: then nothing is decided by their order."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1")
    (first,) = read_points(points_of(tmp_path / "points.json", "vendor"))
    write_points([first, replace(first, data_set="a", threshold=0.5)], models / "vendor" / "operating_points.json")

    with pytest.raises(CalibrationError, match=r"vendor has 2 operating points at FMR 0\.001: .*models attach vendor"):
        shipped_point(first.matcher.embedder_digest, 1e-3, embedder="vendor")


def test_damaged_points_stop_only_their_model(facerec, graph, models, tmp_path):
    """The default model and other added ones decide; that model's use, the list and check tell of it."""
    for name in ("vendor", "other"):
        options = ("--crop", "five-point-112.v1", "--pixels", "0..1", *(["--no-flip"] if name == "other" else []))
        facerec("models", "add", graph, "--name", name, *options)
        facerec("models", "attach", name, "--points", points_of(tmp_path / "points.json", name))
    digests = [load_embedder(name).digest for name in ("dlib-resnet", "other", "vendor")]
    (models / "vendor" / "operating_points.json").write_text('{"format": 3}', "utf-8")

    assert [shipped_point(digest, 1e-3).target_fmr for digest in digests[:2]] == [1e-3, 1e-3]
    with pytest.raises(CalibrationError, match="is not a file of operating points"):
        shipped_point(digests[2], 1e-3)
    used = facerec("verify", "a.jpg", "b.jpg", "--model", "vendor", "--fmr", "0.001")
    assert used.status == 2
    assert "is not a file of operating points" in used.err
    assert "wrong; see facerec models check" in facerec("models").out
    assert "vendor  wrong. " in facerec("models", "check").out


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("weight", "said"), [(0, "gives a vector of zeros"), (np.nan, "not finite")])
def test_a_network_without_vectors_is_refused(facerec, tmp_path, pooled_graph, weight, said):
    """Zeros or no numbers for a face: told when it is added, not when it is used; no warning is seen."""
    file = tmp_path / "zero.onnx"
    file.write_bytes(pooled_graph(np.full((3, 4), weight)))

    told = facerec("models", "add", file, "--crop", "five-point-112.v1", "--pixels", "0..1")

    assert told.status == 2
    assert said in told.err
    assert told.err.count("\n") == 1
    assert "zero" not in facerec("models").out


def test_a_folder_of_another_dimension_is_refused(facerec, graph, tmp_path, models):
    """What model.json states is what the network gives, or it is not added."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1")
    (models / "vendor").rename(tmp_path / "copied")
    file = tmp_path / "copied" / "model.json"
    document = {**json.loads(file.read_text("utf-8")), "dimension": 5}
    file.write_text(json.dumps(document), "utf-8")

    told = facerec("models", "add", tmp_path / "copied")

    assert told.status == 2
    assert "vendor must give vectors of shape (1, 5); got (1, 4)" in told.err
    assert not (models / "vendor").exists()


def test_an_added_folder(facerec, graph, tmp_path, models):
    """What was added on one machine is added on another from its folder."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1")
    (models / "vendor").rename(tmp_path / "copied")

    done = facerec("models", "add", tmp_path / "copied", "--name", "other")

    assert done.status == 0, done.err
    assert (models / "other" / "model.json").is_file()


def test_an_unknown_model_is_one_line(facerec, tmp_path):
    """Every command that takes --model says which there are."""
    done = facerec("verify", tmp_path / "a.jpg", tmp_path / "b.jpg", "--model", "dlib-resnt")

    assert done.status == 2
    assert "no embedder is called 'dlib-resnt'; did you mean 'dlib-resnet'?" in done.err


def test_added_models_are_listed_shown_and_checked(facerec, graph, models):
    """The list names them, show prints the card, and check finds a file that was changed."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1", "--licence", "MIT")

    listed, shown, checked = facerec("models"), facerec("models", "show", "vendor"), facerec("models", "check")
    as_json = facerec("models", "show", "vendor", "--json")
    (models / "vendor" / "model.onnx").write_bytes(b"changed")
    broken, listed_broken = facerec("models", "check"), facerec("models")

    assert "vendor" in listed.out
    assert "Model card: vendor" in shown.out
    assert (as_json.document["kind"], as_json.document["licence"]) == ("onnx", "MIT")
    assert "vendor  as it should be" in checked.out
    assert broken.status == 2
    assert "vendor  wrong. " in broken.out
    assert "wrong; see facerec models check" in listed_broken.out


_DAMAGES = [
    lambda _: "[" * 100_000,
    lambda text: text.replace('"dimension": 4', '"dimension": Infinity'),
    lambda text: text.replace('"dimension": 4', '"dimension": 1e999'),
    lambda text: text.replace('"dimension": 4', '"dimension": 1000000000'),
    lambda text: text.replace('"dimension": 4', '"dimension": true'),
    lambda text: text.replace('"size": null', '"size": true'),
    lambda text: text.replace('"crop": "five-point-112.v1"', '"crop": 5'),
    lambda text: text.replace('"licence": "none stated"', '"licence": {"a": []}'),
    lambda text: text.replace('"mean": [', '"mean": [1e300, '),
    lambda text: re.sub(r'"size": \d+', '"size": "large"', text),
    lambda _: "null",
    lambda _: "",
]


def test_a_bad_folder_is_one_line_of_the_list(facerec, graph, models):
    """Whatever its description says, the others are listed and checked as before, and it is told with what is wrong."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1", "--name", "fine")
    text = (models / "fine" / "model.json").read_text("utf-8")
    shutil.copytree(models / "fine", models / "twin")
    (models / "twin" / "model.json").write_text(text.replace('"fine"', '"twin"'), "utf-8")
    for number, damage in enumerate(_DAMAGES):
        shutil.copytree(models / "fine", models / f"odd{number:02}")
        odd = text.replace('"fine"', f'"odd{number:02}"')
        assert damage(odd) != odd
        (models / f"odd{number:02}" / "model.json").write_text(damage(odd), "utf-8")

    listed, checked, as_json = facerec("models"), facerec("models", "check"), facerec("models", "--json")

    assert listed.status == as_json.status == 0
    assert "unexpected" not in listed.err + checked.err + as_json.err
    assert any("fine" in line and "onnx" in line for line in listed.out.splitlines())
    states = {each["name"]: each["state"] for each in as_json.document["added"]}
    assert states.pop("fine") == states.pop("twin") == "ok"
    for number in range(len(_DAMAGES)):
        assert [line for line in listed.out.splitlines() if f"odd{number:02}" in line and "wrong" in line]
        assert f"odd{number:02}" in checked.out + checked.err
        assert states.pop(f"odd{number:02}") == "wrong"
    assert states == {}


def test_what_is_no_file_is_one_line_of_the_list(facerec, graph, models):
    """A pipe, a folder or a link to itself in place of a description; it can be removed like any other model."""
    facerec("models", "add", graph, "--crop", "five-point-112.v1", "--pixels", "0..1", "--name", "fine")
    for name in ("pipe", "folder", "link"):
        (models / name).mkdir()
    os.mkfifo(models / "pipe" / "model.json")
    (models / "folder" / "model.json").mkdir()
    (models / "link" / "model.json").symlink_to("model.json")
    (models / "around").symlink_to("around")

    listed, checked = facerec("models"), facerec("models", "check")

    assert listed.status == 0
    assert "fine  as it should be" in checked.out
    for name in ("pipe", "folder", "link", "around"):
        assert [line for line in listed.out.splitlines() if line.startswith(name) and "wrong" in line]
        assert f"{name}  wrong. " in checked.out
        assert facerec("models", "remove", name).status == 0
    assert [each.name for each in models.iterdir()] == ["fine"]


def test_a_folder_of_models_that_may_not_be_read_is_told(facerec, models, monkeypatch):
    """In one line that names it."""

    def refuse(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(models), "iterdir", refuse)

    done = facerec("models", "show", "vendor")

    assert done.status == 2
    assert f"{models}, the folder of added models, cannot be read: Permission denied" in done.err

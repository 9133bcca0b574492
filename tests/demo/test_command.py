"""The command, whole: on real photos, and on none."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from facerec.cli.demo import demo
from facerec.errors import DataSetError, OutputError

RED = (220, 30, 40)


def call(*arguments: str):
    """Run the command; errors are raised, as to the program around it."""
    app = typer.Typer()
    app.command()(demo)
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


@pytest.fixture(scope="module")
def real(data, tmp_path_factory) -> tuple[Path, dict]:
    """The demonstration on real photos, once: its folder, and the document that it printed."""
    photos = data / "face_samples" / "face_recognition" / "tests" / "test_images"
    if not photos.is_dir():
        pytest.skip("the real photos hold no face_samples/face_recognition/tests/test_images")
    out = tmp_path_factory.mktemp("demo")
    result = call("--photos", str(photos), "--out", str(out), "--device", "cpu", "--json")
    assert result.exit_code == 0
    return out, json.loads(result.stdout)


def test_real_people_are_recognised(real):
    """On real photos: a match, no match, a stranger, a partial face, poor pictures, a forgotten person."""
    steps = {step["name"]: step for step in real[1]["steps"]}
    answers = {face["really"] or face["photo"]: face for face in steps["identify"]["faces"]}
    forgotten = steps["forget"]

    assert (steps["same"]["decision"], steps["different"]["decision"]) == ("match", "no match")
    assert answers["obama2.jpg"]["name"] == "obama"
    assert answers["grace_hopper.jpg, not enrolled"]["decision"] == "no match"
    assert answers["obama2.jpg, far away"]["decision"] == "undecided"
    assert answers["biden.jpg, blurred"]["decision"] == "undecided"
    partial = [face["name"] for face in steps["identify"]["faces"] if face["photo"] == "obama_partial_face.jpg"]
    assert "obama" in partial
    assert {*partial} <= {"obama", None}
    assert forgotten["erased_from_file"]
    assert "obama" not in [face["name"] for face in forgotten["faces"]]


def test_everything_is_written(real):
    """The page in three formats, the scene and the gallery lie in the folder; the page needs nothing beside it."""
    out, document = real

    for name in ("report.html", "report.md", "report.json", "scene.jpg", "demo-gallery.db"):
        assert (out / name).stat().st_size > 0
    html = (out / "report.html").read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") >= 9
    assert "http://" not in html
    assert document["seconds"] >= sum(step["seconds"] for step in document["steps"])
    assert document["operating_point"]["name"].startswith("FMR 0.001 on LFW")


@pytest.mark.usefixtures("no_package_photos")
def test_the_walk_is_printed_line_by_line(monkeypatch, tmp_path, recognizer, point, paint):
    """Without --json: one numbered line per step with its time, the threshold, the page, and what to try now."""
    from facerec.cli import recognition

    paint("ada1.png", RED)
    paint("ada2.png", RED)
    monkeypatch.setattr(recognition, "load_recognizer", lambda *_, **__: recognizer)
    monkeypatch.setattr(recognition.Threshold, "point", lambda *_, **__: point)

    text = call("--photos", str(tmp_path / "photos"), "--out", str(tmp_path / "out")).stdout
    lines = text.splitlines()

    assert [line.split()[0] for line in lines[1:7]] == [str(number) for number in range(1, 7)]
    assert all(line.split()[2] == "s" for line in lines[1:7])
    assert "threshold 0.9000" in text
    assert (tmp_path / "out" / "report.html").as_uri() in text
    assert text.count("facerec ") >= 3
    compile("\n".join(line[11:] for line in lines[-3:]), "the lines to try", "exec")


def test_photos_are_looked_for_before_models_are_loaded(monkeypatch, tmp_path):
    """An empty folder is told at once."""
    from facerec.cli import recognition

    monkeypatch.setattr(recognition, "load_recognizer", lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(DataSetError, match="holds no photos"):
        call("--photos", str(tmp_path))


def test_a_folder_that_cannot_be_made_is_one_clear_error(monkeypatch, tmp_path, paint):
    """A file in the folder's place is named, with the way out."""
    paint("ada.png", RED)
    (tmp_path / "out").write_text("")

    with pytest.raises(OutputError, match=r"out cannot be made.*--out"):
        call("--photos", str(tmp_path / "photos"), "--out", str(tmp_path / "out"))

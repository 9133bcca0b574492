"""The command, whole: on real photos, and on none."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from facerec.cli.demo import demo
from facerec.demo import show
from facerec.errors import CalibrationError, DataSetError, OutputError
from facerec.points import write_points
from facerec.recognizer import Recognizer
from facerec.types import OperatingPoint, Rate

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
    recognizer = Recognizer(device="cpu")
    names = (recognizer.detector.name, recognizer.embedder.crop.name, recognizer.embedder.name)
    point = OperatingPoint(0.92, 1e-3, Rate(3, 3000), Rate(75, 3000), "a test", *names, recognizer.embedder.digest)
    write_points([point], out / "point.json")
    options = ("--out", str(out), "--at", str(out / "point.json"), "--device", "cpu", "--json")
    result = call("--photos", str(photos), *options)
    assert result.exit_code == 0
    return out, json.loads(result.stdout)


def test_real_people_are_recognised(real):
    """On real photos: a match, no match, a stranger who is nobody, a partial face, no face, a forgotten person."""
    _, document = real
    steps = {step["name"]: step for step in document["steps"]}
    answers = {face["really"]: (face["decision"], face["name"]) for face in steps["scene"]["findings"][0]["faces"]}
    forgotten = steps["forget"]["findings"][0]

    assert steps["same"]["findings"][0]["match"] is True
    assert steps["different"]["findings"][0]["match"] is False
    assert answers["obama2.jpg"] == ("match", "obama")
    assert answers["grace_hopper.jpg, not enrolled"] == ("no match", None)
    assert answers["obama2.jpg, far away"][0] == "undecided"
    assert answers["biden.jpg, blurred"][0] == "undecided"
    assert [face["name"] for face in steps["partial"]["findings"][0]["faces"]] == ["obama"]
    assert steps["no face"]["findings"][0]["faces"] == []
    assert forgotten["receipt"]["erased_from_file"] is True
    assert "obama" not in [face["name"] for face in forgotten["afterwards"]["faces"]]


def test_everything_is_written(real):
    """The page in three formats, the scene and the gallery lie in the folder; the page needs nothing beside it."""
    out, document = real

    for name in ("report.html", "report.md", "report.json", "scene.jpg", "demo-gallery.db"):
        assert (out / name).stat().st_size > 0
    html = (out / "report.html").read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") >= 9
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert document["seconds"] == pytest.approx(sum(step["seconds"] for step in document["steps"]))
    assert document["operating_point"]["data_set"] == "a test"


@pytest.mark.usefixtures("no_package_photos")
def test_the_walk_is_printed_line_by_line(monkeypatch, tmp_path, recognizer, point, paint):
    """Without --json: one numbered line per step with its time, then the threshold, the scene and the page."""
    from facerec.cli import recognition

    paint("ada1.png", RED)
    paint("ada2.png", RED)
    monkeypatch.setattr(recognition, "load_recognizer", lambda *_, **__: recognizer)
    monkeypatch.setattr(recognition, "deciding_point", lambda *_, **__: (point, ()))

    lines = call("--photos", str(tmp_path / "photos"), "--out", str(tmp_path / "out")).stdout.splitlines()

    assert [line.split()[0] for line in lines[:11]] == [str(number) for number in range(1, 12)]
    assert all(line.split()[2] == "s" for line in lines[:11])
    assert "threshold 0.9000" in lines[12]
    assert lines[-1].endswith((tmp_path / "out" / "report.html").as_uri())


def test_photos_are_looked_for_before_models_are_loaded(tmp_path):
    """An empty folder is told at once."""
    with pytest.raises(DataSetError, match="holds no photos"):
        list(show.demonstrate(lambda: pytest.fail("loaded"), lambda _: pytest.fail("asked"), tmp_path, photos=tmp_path))


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path, paint):
    """A file in the place of the output folder is named."""
    paint("ada.png", RED)
    (tmp_path / "out").write_text("in the way")

    steps = show.demonstrate(
        lambda: pytest.fail("loaded"), lambda _: None, tmp_path / "out", photos=tmp_path / "photos"
    )
    with pytest.raises(OutputError, match="out cannot be made"):
        list(steps)


def test_an_operating_point_that_is_missing_ends_the_walk_early(tmp_path, paint, recognizer):
    """Without an operating point nothing is decided and nothing enrolled."""
    paint("ada.png", RED)

    with pytest.raises(CalibrationError):
        list(show.demonstrate(lambda: recognizer, Recognizer.operating_point, tmp_path, photos=tmp_path / "photos"))

    assert not list(tmp_path.glob("*.db"))


@pytest.mark.usefixtures("no_package_photos")
def test_published_photos_are_the_default(monkeypatch, tmp_path, paint, recognizer, point):
    """Without a folder the published photos are taken, and the page says whose they are."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    monkeypatch.setattr(show, "published_photos", lambda: (tmp_path / "photos", True))

    steps = list(show.demonstrate(lambda: recognizer, lambda _: point, tmp_path / "out"))

    assert steps[0].outcome == "2 fetched with pip, checked"
    assert "face_recognition 1.3.0" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.usefixtures("no_package_photos")
def test_nobody_of_an_earlier_demonstration_stays_behind(tmp_path, paint, recognizer, point):
    """Pictures of an earlier, longer page are removed; other files in the folder are left alone."""
    paint("ada.png", RED)
    for name in ("report-figure-99.jpeg", "holiday.jpeg"):
        (tmp_path / name).write_bytes(b"someone")

    list(show.demonstrate(lambda: recognizer, lambda _: point, tmp_path, photos=tmp_path / "photos"))

    assert not (tmp_path / "report-figure-99.jpeg").exists()
    assert (tmp_path / "holiday.jpeg").exists()
    assert (tmp_path / "report-figure-1.jpeg").exists()

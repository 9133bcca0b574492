"""``facerec detect``: faces, and photos that cannot be read."""

from __future__ import annotations

import PIL.Image
import pytest

from facerec.photos.reader import read
from facerec.quality import DEFAULT_GATE, MEASURES
from facerec.testing import SquareDetector


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one photo without a face and one file that is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    PIL.Image.new("RGB", (90, 60), "white").save("in/a.png")
    (tmp_path / "in" / "b.jpg").write_bytes(b"\xff\xd8\xff not a photo")
    return tmp_path


def test_bad_photo_is_reported_and_the_others_go_on(folder, facerec):
    """Each photo has its entry; the bad one says why, and the exit status is 2."""
    outcome = facerec("detect", "in", "--json")

    good, bad = outcome.document["photos"]
    assert outcome.status == 2
    assert good.pop("notes") == ["the picture is flat: 98 % of it lies between 255 and 255 of 255"]
    assert good == {"photo": "in/a.png", "width": 90, "height": 60, "faces": []}
    assert bad["photo"] == "in/b.jpg"
    assert "in/b.jpg cannot be read as a photo" in bad["error"]
    assert outcome.document["detector"] == "second-look.v2(sure=0.999, mtcnn.v1(min_face_size=40, mode=fast))"
    assert outcome.err == "facerec: error: 1 of 2 photos could not be read\n"


def test_lines_for_people(folder, facerec):
    """Without ``--json`` there is a line per photo."""
    outcome = facerec("detect", "in")

    first, note, second = outcome.out.splitlines()
    assert outcome.status == 2
    assert first == "in/a.png  90 × 60  no face"
    assert note == "  note: the picture is flat: 98 % of it lies between 255 and 255 of 255"
    assert second.startswith("in/b.jpg cannot be read as a photo: ")


def test_missing_path_stops_everything(folder, facerec):
    """A path that does not exist is a mistake of the caller."""
    outcome = facerec("detect", "nosuch", "--json")

    assert outcome.status == 2
    assert outcome.document["error"] == "nosuch: there is no such file or folder"


def test_settings_reach_the_detector(folder, facerec):
    """Mode and size are those of the command line, and a size out of range is one line."""
    document = facerec("detect", "in/a.png", "--json", "--exact", "--min-face-size", 20).document
    refused = facerec("detect", "in/a.png", "--min-face-size", 3)

    assert document["detector"] == "second-look.v2(sure=0.999, mtcnn.v1(min_face_size=20, mode=exact))"
    assert refused.status == 2
    assert refused.err.startswith(
        "facerec: error: Invalid value for '--min-face-size': Input should be greater than or equal to 12"
    )


def test_real_face_is_found_and_marked(photos, facerec, tmp_path):
    """Box, score and five points lie in the photo; the marked copy is as large as the photo."""
    photo = photos / "tests" / "test_images" / "obama.jpg"

    outcome = facerec("detect", photo, photo.parent / "biden.jpg", "--json", "--annotate", "marked")

    entry = outcome.document["photos"][0]
    (face,) = entry["faces"]
    left, top, right, bottom = face["box"]
    assert outcome.status == 0
    assert face["score"] > 0.99
    assert len(face["points"]) == 5
    assert all(left < x < right and top < y < bottom for x, y in face["points"])
    assert entry["annotated"] == "marked/obama-faces.jpg"
    assert read(tmp_path / entry["annotated"]).shape == (entry["height"], entry["width"], 3)


def test_what_the_gate_would_refuse_is_said(facerec, tmp_path, monkeypatch, draw):
    """Each face has the measures that cost no network, judged as enrolling would; what is not measured is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("facerec.detect.load.load_detector", lambda *_, **__: SquareDetector())
    draw("in/good.png", "red")
    draw("in/small.png", "red", size=30)

    document = facerec("detect", "in", "--json").document
    lines = facerec("detect", "in").out.splitlines()

    good, small = (entry["faces"][0] for entry in document["photos"])
    (problem,) = small["problems"]
    assert (good["problems"], document["gate"]) == ([], DEFAULT_GATE.name)
    assert good["measures"].keys() == MEASURES.keys() - {"flip", "shift"}
    assert (good["measures"]["size"], small["measures"]["size"]) == (64, 30)
    assert document["not_measured"] == ["shift", "flip"]
    assert problem == "the face in in/small.png is too small to decide: 30 pixels, at least 40 are needed"
    assert lines[3:5] == ["  30 × 30 pixels at (0, 0), score 0.990", f"    {problem}"]
    assert lines[5].startswith("1 of 2 faces would be enrolled as far as detection tells; ")


def test_the_detectors_own_gate_judges(facerec, tmp_path, monkeypatch, draw):
    """What is asked of MTCNN's scores and points is asked of those only."""
    monkeypatch.chdir(tmp_path)
    draw("a.png", "red")

    named = SquareDetector("second-look.v2(sure=0.999, mtcnn.v1(min_face_size=40, mode=fast))")
    monkeypatch.setattr("facerec.detect.load.load_detector", lambda *_, **__: named)

    assert "yaw.v1" in facerec("detect", "a.png", "--json").document["gate"]


def test_photos_of_one_name_do_not_overwrite_each_other(facerec, tmp_path, monkeypatch, draw):
    """Marked copies of photos that are called alike in two folders are two files."""
    monkeypatch.chdir(tmp_path)
    draw("x/a.png", "black")
    draw("y/a.png", "black")

    document = facerec("detect", "x", "y", "--json", "--annotate", "marked").document

    assert [entry["annotated"] for entry in document["photos"]] == ["marked/a-faces.jpg", "marked/a-faces-2.jpg"]
    assert len(list((tmp_path / "marked").iterdir())) == 2


def test_a_detector_by_name(facerec, portraits, monkeypatch) -> None:
    """The name goes to whoever loads it; --exact is of the default one only."""
    asked = []

    def load(name: str, **how: object) -> SquareDetector:
        asked.append((name, how["min_face_size"]))
        return SquareDetector()

    monkeypatch.setattr("facerec.detect.load.load_detector", load)
    photo = portraits / "person0" / "0.png"

    assert facerec("detect", photo, "--detector", "blazeface", "--min-face-size", 30).status == 0
    refused = facerec("detect", photo, "--detector", "blazeface", "--exact")
    unknown = facerec("detect", photo, "--detector", "blazface")

    assert asked == [("blazeface", 30)]
    assert refused.err.startswith("facerec: error: --exact is a way of mtcnn; blazeface has none")
    assert (refused.status, unknown.status) == (2, 2)
    assert "'mtcnn', 'blazeface'" in unknown.err

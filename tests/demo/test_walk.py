"""The walk, on coloured squares: every step, in order, shown as it came out."""

from dataclasses import replace

import pytest

from facerec.demo import Setting, users_photos, walk, write_page
from facerec.demo.steps import GALLERY, SCENE
from facerec.errors import DataSetError, OutputError
from facerec.quality import QualityGate
from facerec.recognizer import Recognizer

RED, GREEN, BLUE = (220, 30, 40), (40, 200, 30), (30, 60, 220)

pytestmark = pytest.mark.usefixtures("no_package_photos")


@pytest.fixture
def walked(recognizer, point, tmp_path):
    """Walk through the photos that were painted; the steps by name."""

    def walked(at=point):
        return {step.name: step for step in walk(recognizer, users_photos(tmp_path / "photos")[0], tmp_path, at=at)}

    return walked


def test_every_step_is_walked_in_order(paint, walked, tmp_path):
    """Two people, one with a further photo: everything can be shown, with a scene put together."""
    for name, colour in (("ada1.png", RED), ("ada2.png", RED), ("ada3.png", RED), ("grace.png", GREEN)):
        paint(name, colour)

    steps = walked()

    assert list(steps) == ["look", "enroll", "same", "different", "identify", "forget"]
    assert [step.outcome for step in steps.values()][:5] == [
        "4 faces in 4 photos",
        "ada and grace",
        "ada3.png and ada1.png: match, 1.000",
        "grace.png and ada1.png: no match, -0.495",
        "ada and grace recognised, 1 undecided",
    ]
    assert "erased; no faces still called ada" in steps["forget"].outcome
    assert "ada" not in {face["name"] for face in steps["forget"].facts["faces"]}
    assert steps["forget"].facts["log_intact"]
    assert (tmp_path / SCENE).stat().st_size > 0
    assert sum(step.wrong for step in steps.values()) == 0


def test_a_photo_with_several_faces_is_the_scene(paint, walked):
    """A scene of the user's is taken as it is: enrolled people, and nobody for the rest."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    paint("party.png", RED, BLUE, GREEN)

    faces = walked()["identify"].facts["faces"]

    assert {face["photo"] for face in faces} == {"party.png"}
    assert sorted(face["name"] or face["decision"] for face in faces) == ["ada", "no match", "no match"]


def test_one_photo_of_one_person_is_enough_to_walk(paint, walked):
    """What cannot be shown is left out with the reason; the rest is shown."""
    paint("ada.png", RED)

    steps = walked()

    assert steps["same"].outcome == "left out: nobody has a second usable photo"
    assert steps["different"].outcome == "left out: there is only one person"
    assert steps["identify"].outcome == "ada recognised, 1 undecided"


def test_who_may_not_be_enrolled_may_be_recognised(paint, recognizer, point, tmp_path):
    """A photo below what the gate asks of enrolled faces is a probe; somebody of whom there is no other is left out."""
    gate = QualityGate({"size": 40}, {"size": 80})
    strict = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=gate, device="cpu")
    for name, side in (("ada1.png", 60), ("ada2.png", 100), ("ada3.png", 60), ("grace.png", 60)):
        paint(name, GREEN if name == "grace.png" else RED, side=side)

    photos = users_photos(tmp_path / "photos")[0]
    steps = {step.name: step for step in walk(strict, photos, tmp_path, at=point)}

    assert steps["enroll"].outcome == "ada"
    assert steps["same"].outcome == "ada1.png and ada2.png: match, 1.000"
    assert list(steps["look"].facts["left_out"]) == ["grace.png"]
    assert "too small" in steps["look"].facts["left_out"]["grace.png"]


def test_a_photo_without_a_face_is_met_and_nobody_is_guessed(paint, walked):
    """It is shown with no answer; an unreadable one is left out with its reason."""
    paint("ada.png", RED)
    paint("tree.png").with_name("broken.jpg").write_bytes(b"no photo")

    steps = walked()

    assert steps["look"].facts["photos"]["tree.png"] == 0
    assert "broken.jpg cannot be read as a photo" in steps["look"].facts["left_out"]["broken.jpg"]
    assert {face["photo"] for face in steps["identify"].facts["faces"]} == {"scene"}


def test_photos_of_nobody_are_an_error(paint, walked):
    """Where nobody can be enrolled, the message says how photos are named."""
    paint("IMG_1.png", RED)

    with pytest.raises(DataSetError, match=r"nobody can be enrolled from the 1 photos.*ada1\.jpg"):
        walked()


def test_a_wrong_decision_is_called_wrong(paint, walked, point, tmp_path):
    """At a threshold that accepts everybody, the false match is counted and told first."""
    for name, colour in (("ada1.png", RED), ("ada2.png", RED), ("grace.png", GREEN)):
        paint(name, colour)
    careless = replace(point, threshold=-1.0)

    steps = walked(careless)
    page = write_page(Setting("squares", careless), list(steps.values()), tmp_path).markdown.read_text("utf-8")

    assert steps["different"].wrong == 1
    assert page.startswith("# 1 of the ")
    assert "match** at the threshold -1.0000 – wrong" in page.replace("\\", "")


def test_a_second_walk_starts_afresh_or_says_why_it_cannot(paint, walked, tmp_path):
    """The gallery of an earlier walk is replaced, not added to; whatever else stands in its place is named."""
    paint("ada.png", RED)
    walked()
    assert "1 vector erased" in walked()["forget"].outcome
    (tmp_path / GALLERY).unlink()
    (tmp_path / GALLERY).mkdir()

    with pytest.raises(OutputError, match=GALLERY):
        walked()


def test_the_page_shows_every_photo_and_decision(paint, walked, point, tmp_path):
    """Photos, decisions, threshold, rates, models, limits and what to try stand on the page, in every format."""
    for name, colour in (("ada1.png", RED), ("ada2.png", RED), ("grace.png", GREEN), ("IMG_1.png", BLUE)):
        paint(name, colour)
    paint("tree.png")

    written = write_page(Setting("squares", point, ("a note",)), list(walked().values()), tmp_path)

    for path in (written.html, written.markdown, written.json):
        text = path.read_text("utf-8").replace("\\", "")
        for said in ("ada1.png", "IMG_1.png", "tree.png", "0.9000", "undecided", "nobody", "dlib-resnet", "erased"):
            assert said in text
        for said in ("Limits", "liveness", "a note", "facerec verify a.jpg b.jpg", "Recognizer()", GALLERY):
            assert said in text
        assert str(tmp_path / "photos") not in text


def test_names_are_shown_as_they_are_and_not_as_marks(paint, walked, point, tmp_path):
    """A person's name cannot write on the page."""
    paint("**x** [y](z) <b>1.png", RED)
    paint("**x** [y](z) <b>2.png", RED)
    paint("a`b`c.png", GREEN)

    html = write_page(Setting("a_b *c*", point), list(walked().values()), tmp_path).html.read_text("utf-8")

    assert "<b>" not in html
    assert "**x** [y](z) &lt;b&gt;" in html

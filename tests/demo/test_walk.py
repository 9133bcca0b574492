"""The walk, on coloured squares: every step, in order, shown as it came out."""

from dataclasses import replace

import pytest

from facerec.demo.album import candidates
from facerec.demo.page import build_page
from facerec.demo.steps import Compared, Enrolled, Forgotten, Identified, LeftOut, Logged, Looked, Setting
from facerec.demo.walk import GALLERY, walk
from facerec.errors import GalleryError
from facerec.reporting import render_html, render_json, render_markdown

RED, GREEN, BLUE = (220, 30, 40), (40, 200, 30), (30, 60, 220)

pytestmark = pytest.mark.usefixtures("no_package_photos")


def findings(steps, name, kind):
    """What a step of that name found, of one kind."""
    return [finding for step in steps if step.name == name for finding in step.findings if isinstance(finding, kind)]


@pytest.fixture
def walked(recognizer, point, tmp_path):
    """Walk through the photos that were painted."""

    def walked(at=point):
        used, left_out = candidates(tmp_path / "photos")
        return list(walk(recognizer, used, tmp_path, at=at, left_out=left_out))

    return walked


def test_every_step_is_walked_in_order(paint, walked):
    """Two people, one with a further photo: everything can be shown, with a scene put together."""
    for name, colour in (("ada1.png", RED), ("ada2.png", RED), ("ada3.png", RED), ("grace.png", GREEN)):
        paint(name, colour)

    steps = walked()

    names = ["look", "enroll", "same", "different", "scene", "partial", "no face", "forget"]
    assert [step.name for step in steps] == names
    assert all(step.seconds >= 0 for step in steps)
    assert [step.outcome for step in steps[1:-1]] == [
        "ada (2 photos) and grace (1 photo)",
        "ada3.png and ada1.png: match, 1.000 ≥ 0.900",
        "grace.png and ada1.png: no match, -0.495 < 0.900",
        "ada and grace recognised, 1 undecided",
        "ada recognised",
        "no face found, so nobody guessed",
    ]
    assert steps[-1].title == "Forget ada"
    # The two photos are alike to the bit, and the gallery keeps one vector once.
    assert steps[-1].outcome.startswith("1 vector erased; in the scene now: grace recognised, 1 nobody, 1 undecided")


def test_decisions_carry_their_evidence(paint, walked, point):
    """People expire, decisions name the operating point, the receipt and an intact log come last."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    paint("grace.png", GREEN)

    steps = walked()
    (scene,) = findings(steps, "scene", Identified)
    (forgotten,) = findings(steps, "forget", Forgotten)
    (logged,) = findings(steps, "forget", Logged)
    people = [each.enrollment.person for each in findings(steps, "enroll", Enrolled)]
    compared = findings(steps, "same", Compared) + findings(steps, "different", Compared)

    assert all(person.expires is not None and person.purpose for person in people)
    assert [each.wrong for each in compared] == [False, False]
    assert {each.verification.operating_point for each in compared} == {point}
    assert all(scene.panel(number).person == found.name for number, found in enumerate(scene.found) if found.name)
    assert forgotten.receipt.erased_from_file
    assert "ada" not in {found.name for found in forgotten.afterwards.found}
    assert logged.check.intact
    assert {entry.source for entry in logged.entries if entry.source} <= {"scene", "grace.png"}


def test_a_photo_with_several_faces_is_the_scene(paint, walked):
    """A scene of the user's is taken as it is: enrolled people, and nobody for the rest."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    paint("party.png", RED, BLUE, GREEN)

    steps = walked()
    (scene,) = findings(steps, "scene", Identified)

    assert scene.photo.name == "party.png"
    assert scene.panel(0) is None
    assert sorted(found.name or "nobody" for found in scene.found) == ["ada", "nobody", "nobody"]


def test_one_photo_of_one_person_is_enough_to_walk(paint, walked):
    """What cannot be shown is left out with the reason; the rest is shown."""
    paint("ada.png", RED)

    steps = {step.name: step for step in walked()}

    assert steps["same"].outcome == "left out: nobody has a second usable photo"
    assert steps["different"].outcome == "left out: there is only one person"
    assert steps["scene"].outcome == "ada recognised, 1 undecided"


def test_a_wrong_decision_is_called_wrong(paint, walked, point, recognizer, tmp_path):
    """At a threshold that accepts everybody, the false match is told on screen and on the page."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    paint("grace.png", GREEN)
    careless = replace(point, threshold=-1.0)

    steps = walked(careless)
    (compared,) = findings(steps, "different", Compared)
    page = build_page(Setting("squares", careless, "squares", "hue", point.embedder_digest, tmp_path / GALLERY), steps)

    assert compared.wrong
    assert "wrong" in next(step.outcome for step in steps if step.name == "different")
    assert page.lead[0].standing == "warning"
    assert "1 of 6 decisions whose truth is known was wrong" in page.lead[0].text


def test_a_second_walk_starts_afresh(paint, walked):
    """The gallery of an earlier walk is replaced, not added to."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    first = walked()

    enrolled = findings(walked(), "enroll", Enrolled)

    assert [each.enrollment.created for each in enrolled] == [True]
    assert len(findings(first, "enroll", Enrolled)) == 1


def test_a_gallery_that_cannot_be_replaced_is_an_error(paint, walked, tmp_path):
    """Whatever stands in the gallery's place is named."""
    paint("ada1.png", RED)
    (tmp_path / GALLERY).mkdir()

    with pytest.raises(GalleryError, match=GALLERY):
        walked()


def test_the_page_shows_every_photo_and_decision(paint, walked, point, tmp_path):
    """Photos, reasons, scores, threshold, rates, models, receipt and limits stand on the page, in every format."""
    paint("ada1.png", RED)
    paint("ada2.png", RED)
    paint("grace.png", GREEN)
    paint("IMG_1.png", BLUE)
    paint("tree.png")

    steps = walked()
    page = build_page(Setting("squares", point, "squares", "hue", point.embedder_digest, tmp_path / GALLERY), steps)
    texts = [render_html(page), render_markdown(page), render_json(page)]

    for text in texts:
        for looked in findings(steps, "look", Looked):
            assert looked.photo.name in text.replace("\\", "")
        for left_out in findings(steps, "look", LeftOut):
            assert left_out.reason.replace("'", "") in text.replace("&#39;", "").replace("'", "")
        for said in ("0.9000", "undecided", "nobody", "dlib-resnet", "erased", "Limits", "liveness"):
            assert said in text


def test_names_are_shown_as_they_are_and_not_as_marks(paint, walked, point, tmp_path):
    """A person's name cannot write on the page."""
    paint("**x** [y](z) <b>1.png", RED)
    paint("**x** [y](z) <b>2.png", RED)
    paint("a`b`c.png", GREEN)

    page = build_page(Setting("a_b *c*", point, "squares", "hue", point.embedder_digest, tmp_path / GALLERY), walked())
    html = render_html(page)

    assert "<b>" not in html
    assert "**x** [y](z) &lt;b&gt;" in html

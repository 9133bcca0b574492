"""The fakes that are given to users: they do what they say, and they fit together."""

import numpy as np
import pytest

from facerec.measure.tables import check
from facerec.quality import DEFAULT_GATE
from facerec.similarity import cosine
from facerec.testing import (
    COLOURS,
    Clock,
    made_face,
    made_faces,
    made_gallery,
    made_matcher,
    made_photo,
    made_point,
    made_portrait,
    made_recognizer,
    made_scores,
    made_vector,
)
from facerec.types import Matcher


def test_made_photos_pass_the_default_gate_from_40_pixels_on() -> None:
    """Every colour is sharp and large enough there, and too small below."""
    recognizer = made_recognizer()
    people = [colour for colour in COLOURS if colour != "black"]

    for size in (40, 64, 200):
        assert [DEFAULT_GATE.problems(face) for face in recognizer.faces(made_photo(*people, size=size))] == [()] * 4
    assert all("too small" in DEFAULT_GATE.problems(face)[0] for face in recognizer.faces(made_photo("red", size=39)))


def test_colours_are_people() -> None:
    """Red and wine are one at a threshold of 0.9, all others are far from one another."""
    people = [colour for colour in COLOURS if colour != "black"]
    faces = dict(zip(people, made_recognizer().faces(made_photo(*people)), strict=True))

    for one in people:
        for other in people:
            score = cosine(faces[one].embedding, faces[other].embedding)
            same = one == other or {one, other} == {"red", "wine"}
            assert (score > 0.98) == same
            assert same or score < 0.3


def test_all_that_is_made_has_one_matcher() -> None:
    """Faces, points, scores and the recognizer of one name; another name is another embedder."""
    own = made_recognizer().matcher

    assert made_matcher() == own == made_face().matcher == made_point().matcher == made_faces("a", "b").matcher
    assert {Matcher.parse(text) for text in made_scores(5)["matcher"]} == {own}
    assert made_recognizer("other").matcher == made_matcher("other")
    assert made_matcher("other").differences(own).refused


def test_the_same_seed_makes_the_same() -> None:
    """Vectors, portraits and tables; other seeds make others."""
    np.testing.assert_array_equal(made_vector("ada"), made_vector("ada"))
    assert abs(made_vector("ada") @ made_vector("bob")) < 0.9
    np.testing.assert_array_equal(made_portrait(1, 2), made_portrait(1, 2))
    assert made_scores(8).equals(made_scores(8))
    assert not made_scores(8).equals(made_scores(8, seed=1))


def test_portraits_of_a_person_are_alike() -> None:
    """Up to their light, more than those of two people."""
    vectors = [made_portrait(person, number).astype(float).ravel() for person in (0, 1) for number in (0, 1)]
    same = np.corrcoef(vectors[0], vectors[1])[0, 1]

    assert same > 0.9 > np.corrcoef(vectors[0], vectors[2])[0, 1]


def test_faces_of_a_crowd_are_those_of_the_names() -> None:
    """In their order, none overlapping, and none for no name."""
    crowd = made_faces("ada", "bob")

    np.testing.assert_array_equal(crowd[1].embedding, made_face("bob").embedding)
    assert crowd.detections.boxes[0, 2] < crowd.detections.boxes[1, 0]
    assert len(made_faces()) == 0


def test_made_scores_are_a_score_table() -> None:
    """Checked as any other; mated pairs score higher."""
    table = check(made_scores(40))

    mated, non_mated = (table["score"][table["genuine"] == kind] for kind in (True, False))
    assert (len(mated), len(non_mated)) == (40, 400)
    assert mated.min() > np.quantile(non_mated, 0.99)


def test_a_made_gallery_goes_by_its_clock(tmp_path) -> None:
    """Who is enrolled is found; people expire when the test says so."""
    clock = Clock()
    with made_gallery(tmp_path / "people.db", "ada", "bob", clock=clock) as gallery:
        assert len(gallery) == 2
        assert gallery.verify("ada", made_face("ada"), at=made_point())
        gallery.update("ada", expires=clock.today())
        clock.pass_days(1)
        assert gallery.person("ada").expired


@pytest.mark.parametrize("target", [1e-1, 1e-2, 1e-3, 1e-4])
def test_made_points_hold_what_they_were_asked_for(target: float) -> None:
    """Any usual target gives a point that is one."""
    assert made_point(target_fmr=target).fmr.value == pytest.approx(target)

"""The quality gate, ambiguity and notes: the same through the gallery's door and the recognizer's."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError, ModelMismatchError, PoorQualityError
from facerec.gallery.decide import decide
from facerec.quality import DEFAULT_GATE, MEASURES, NO_GATE, QualityGate
from facerec.testing import GOOD, made_face, made_point
from facerec.types import Look

POOR = {**GOOD, "sharpness": 1.0}
_limits = st.dictionaries(st.sampled_from(sorted(MEASURES)), st.floats(0, 200))


@given(limits=_limits, more=_limits, scores=st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
def test_a_limit_more_never_makes_a_match(limits, more, scores):
    """A gate that asks for more holds back at least as much: no undecided face is decided by adding a limit."""
    face, point = made_face(measures={"size": 50, "sharpness": 20}), made_point(0.5)
    stricter = {name: max(limits.get(name, 0), more.get(name, 0)) for name in {*limits, *more}}
    decisions = [
        decide(max(scores), point, QualityGate(each).problems(face), min(scores)) for each in (limits, stricter)
    ]

    assert decisions[0] == decisions[1] or decisions[1] == "undecided"


@given(first=st.floats(-1, 1), second=st.floats(-1, 1))
def test_the_rule(first, second):
    """At the threshold is a match; a second person there makes it ambiguous; a problem leaves it open."""
    best, other = max(first, second), min(first, second)
    over = sum(score >= 0.5 for score in (first, second))

    assert decide(best, made_point(0.5), (), other) == ("no match", "match", "ambiguous")[over]
    assert decide(best, made_point(0.5), ("blurred",), other) == "undecided"
    assert decide(math.nan, made_point(0.5), ()) == "no match"


# -- the gate ---------------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_nobody_is_enrolled_from_a_poor_face(gallery, build):
    """The error names each face and why; nothing is stored or logged, not even the good faces."""
    faces = [build.face(1), build.face(2, source="b.jpg", measures=POOR), build.face(3, source="c.jpg", measures={})]
    with pytest.raises(PoorQualityError, match=r"2 of 3 faces.*b\.jpg is too blurred.*c\.jpg was not measured"):
        gallery.enroll("ada", faces, consent="form")

    assert [entry.event for entry in gallery.log()] == ["created"]
    assert len(gallery) == 0


@pytest.mark.local
def test_leaving_the_gate_out_is_said(gallery, build):
    """NO_GATE takes any face, and every outcome and log entry says so."""
    gallery.enroll("ada", build.face(1, measures={}), gate=NO_GATE)

    claim = gallery.verify("ada", build.face(1, measures={}), at=build.point(), gate=NO_GATE)
    (found,) = gallery.identify(build.faces([build.vector(1)], measures={}), at=build.point(), gate=NO_GATE)

    assert [(each.decision, each.gate) for each in (claim, found)] == [("match", "none")] * 2
    assert [entry.details["gate"] for entry in gallery.log()[1:]] == ["none"] * 3


def test_an_unmeasured_face_is_not_decided(gallery, build):
    """A face without the measures that the gate asks for fails closed, in a claim and in a search."""
    gallery.enroll("ada", build.face(1))

    claim = gallery.verify("ada", build.face(1, measures={}), at=build.point())
    (found,) = gallery.identify(build.faces([build.vector(1)], measures={}), at=build.point())

    assert claim.decision == found.decision == "undecided"
    assert claim.score == found.score == 1
    assert len(claim.problems) == len(found.problems) == len(DEFAULT_GATE.limits)


@pytest.mark.local
@pytest.mark.parametrize("gate", ["none", {"size": 40}, True])
def test_the_gate_cannot_be_left_out_by_an_oversight(gallery, build, gate):
    """Only a gate is a gate."""
    gallery.enroll("ada", build.face(1))
    for call in (
        lambda: gallery.enroll("ada", build.face(2), gate=gate),
        lambda: gallery.verify("ada", build.face(1), at=build.point(), gate=gate),
        lambda: gallery.identify(build.faces([build.vector(1)]), at=build.point(), gate=gate),
    ):
        with pytest.raises(ArgumentError, match="NO_GATE"):
            call()
    assert [entry.event for entry in gallery.log()] == ["created", "enrolled"]


def test_an_enrollment_of_two_detectors_names_both(gallery, build):
    """The log keeps each matcher whose faces were enrolled in one call."""
    gallery.enroll("ada", [build.face(1), build.face(2, detector="another")])

    kept = gallery.log()[-1].details["matcher"].split(" ; ")
    assert kept == sorted(build.matcher(detector=each, gate=DEFAULT_GATE.name).text for each in ("none", "another"))


# -- ambiguity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("ada", "bob"), ("bob", "ada")])
@pytest.mark.parametrize("top", [1, 2, 5])
def test_two_people_over_the_threshold_are_nobody_yet(gallery, build, order, top):
    """Whoever was enrolled first, and however few are shown, the outcome names nobody; each is logged."""
    for name in order:
        gallery.enroll(name, build.face(1))
    gallery.enroll("cleo", build.face(2))

    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point(), top=top)

    assert (found.decision, found.name, found.match, bool(found)) == ("ambiguous", None, None, False)
    assert [each.name for each in found.candidates] == [*order, "cleo"][:top]
    entries = [entry for entry in gallery.log() if entry.event == "ambiguous"]
    assert [entry.name for entry in entries] == list(order)
    assert {entry.details["decision"] for entry in entries} == {"ambiguous"}
    assert not any(entry.event == "matched" for entry in gallery.log())
    assert gallery.check_log().intact


def test_the_log_keeps_the_score_of_each_who_was_nearly_found(gallery, build):
    """Of several people over the threshold each entry says how alike that person was, not the most alike one."""
    for name, cosine in (("ada", 0.95), ("bob", 0.99)):
        gallery.enroll(name, build.face(_near(build.vector(1), cosine)))

    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point())

    entries = [entry for entry in gallery.log() if entry.event == "ambiguous"]
    assert {entry.name: entry.details["score"] for entry in entries} == {
        each.name: each.score for each in found.candidates
    }
    assert len({each.score for each in found.candidates}) == 2


def test_several_samples_of_one_person_are_not_ambiguous(gallery, build):
    """The second person counts, not the second sample; and whoever is forgotten stands in nobody's way."""
    gallery.enroll("ada", [build.face(1), build.face(_near(build.vector(1), 0.999))])
    gallery.enroll("bob", build.face(1))
    probe = build.faces([build.vector(1)], source="bob at the door.jpg")
    assert gallery.identify(probe, at=build.point())[0].decision == "ambiguous"

    gallery.forget("bob")

    assert gallery.identify(probe, at=build.point())[0].name == "ada"
    assert [entry.source for entry in gallery.log() if entry.event == "ambiguous"] == ["bob at the door.jpg", None]


def test_a_claim_is_never_ambiguous(gallery, build):
    """Who else looks like that was not asked."""
    for name in ("ada", "bob"):
        gallery.enroll(name, build.face(1))

    assert gallery.verify("bob", build.face(1), at=build.point()).decision == "match"


def _near(vector, cosine):
    other = np.random.default_rng(5).standard_normal(len(vector))
    other -= (other @ vector) * vector
    mixed = cosine * vector + math.sqrt(1 - cosine**2) * other / np.linalg.norm(other)
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


# -- what else is said ------------------------------------------------------------------------------------------------


@pytest.mark.local
def test_a_search_says_how_many_it_compared_with(gallery_factory, build, clock):
    """People and samples that have not expired, in step with enrollment, expiry and forgetting of other openings."""

    def compared(gallery):
        (found,) = gallery.identify(build.faces([build.vector(99)]), at=build.point())
        return found.gallery_size, found.comparisons

    with gallery_factory() as here, gallery_factory() as there:
        assert compared(here) == compared(there) == (0, 0)
        here.enroll("ada", [build.face(1), build.face(2)], expires=clock.today())
        here.enroll("bob", build.face(3), expires=clock.today() + timedelta(days=1))
        assert compared(here) == compared(there) == (2, 3)
        there.enroll("bob", [build.face(4), build.face(3)])
        there.enroll("cleo", build.face(5))
        assert compared(here) == compared(there) == (3, 5)
        clock.pass_days(1)
        assert compared(here) == compared(there) == (2, 3)
        there.update("ada", expires=None)
        assert compared(here) == compared(there) == (3, 5)
        here.forget("cleo")
        assert compared(here) == compared(there) == (2, 4)
        here.enroll("dora", build.face(6))
        clock.pass_days(1)
        there.purge_expired()
        assert compared(here) == compared(there) == (2, 3)
        (found,) = here.identify(build.faces([build.vector(99)]), at=build.point())
        assert found.expected_fpir.value == pytest.approx(1 - (1 - 1e-3) ** 3)


@pytest.mark.local
def test_a_bare_face_gets_its_notes(gallery, build):
    """Another detector and another gate than the point was measured with, and who asserted it, stand in the outcome."""
    gallery.enroll("ada", build.face(1))
    at = replace(build.point(detector="another"), asserted_by="Eve")

    claim = gallery.verify("ada", build.face(1), at=at)
    (found,) = gallery.identify(build.faces([build.vector(1)]), at=at)

    assert claim.notes == found.notes
    assert len(claim.notes) == 3
    for words in ("another detector another there, none here", f"another gate none there, {DEFAULT_GATE.name}", "Eve"):
        assert any(words in note for note in claim.notes)
    assert gallery.verify("ada", build.face(1), at=build.point(), gate=NO_GATE).notes == ()


@pytest.mark.local
def test_a_second_look_is_noted_and_logged(gallery, build):
    """Outcomes and log entries say how a face was seen, where that was not at the first look; an enrollment counts."""
    lying, at_edge, plain = Look(180, border=True), Look(border=True), Look()
    seen = [replace(build.face(seed), look=look) for seed, look in enumerate((lying, at_edge, plain, lying))]
    gallery.enroll("ada", seen)

    claims = [gallery.verify("ada", face, at=build.point()) for face in (seen[0], seen[2])]
    crowd = build.faces([build.vector(0), build.vector(2)])
    crowd = replace(crowd, detections=replace(crowd.detections, looks=(at_edge, plain)))
    found = gallery.identify(crowd, at=build.point())

    told = [tuple(note for note in outcome.notes if "second look" in note) for outcome in (*claims, *found)]
    source = crowd.source
    assert told == [
        (f"the face in {seen[0].source} was found at a second look: turned 180°, border added",),
        (),
        (f"the face in {source} was found at a second look: border added",),
        (),
    ]
    details = [entry.details for entry in gallery.log(name="ada")]
    assert details[0]["looks"] == {"border added": 1, "turned 180°, border added": 2}
    assert [each.get("look") for each in details[1:]] == ["turned 180°, border added", None, "border added", None]


@pytest.mark.parametrize("part", ["crop", "similarity", "embedder_digest"])
def test_a_point_of_another_matcher_decides_nothing(gallery, build, part):
    """A difference in crop, similarity or digest is refused even where the embedder's name is the same."""
    gallery.enroll("ada", build.face(1))
    at = replace(build.point(), matcher=replace(build.matcher(), **{part: "f" * 64}))
    with pytest.raises(ModelMismatchError, match=part.replace("_", " ")):
        gallery.verify("ada", build.face(1), at=at)
    with pytest.raises(ModelMismatchError, match=part.replace("_", " ")):
        gallery.identify(build.faces([]), at=at)

    assert [entry.event for entry in gallery.log()] == ["created", "enrolled"]


def test_faces_of_another_detector_are_noted(gallery, build):
    """Whoever was enrolled with another detector is decided about with a note, in claims and in searches."""
    gallery.enroll("ada", build.face(1, detector="another"))

    claim = gallery.verify("ada", build.face(1), at=build.point())
    (found,) = gallery.identify(build.faces([build.vector(1)]), at=build.point())

    for each in (claim, found):
        assert each.notes[-1] == "enrolled with another detector another there, none here"

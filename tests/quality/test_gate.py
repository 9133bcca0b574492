"""The gate: limits by name, of one face and of two."""

import math
from dataclasses import replace

import numpy as np
import pytest

from facerec.align.crops import DlibChip
from facerec.embed import dlib_resnet
from facerec.errors import ArgumentError
from facerec.quality import DEFAULT_GATE, MEASURES, NO_GATE, QualityGate, default_gate
from facerec.testing import made_face, made_matcher
from facerec.types import Face


def a_face(*, size: float = 100, score: float = 0.99, sharp: float = 50) -> Face:
    """A face that passes, but for what is said."""
    return made_face("a", measures={"size": size, "detection": score, "sharpness": sharp})


def test_a_good_face_passes() -> None:
    """Nothing is said about it."""
    assert QualityGate().problems(a_face()) == ()


def test_the_limits_themselves_pass() -> None:
    """The gate asks for at least, not for more than."""
    gate = QualityGate({"size": 40, "detection": 0.9, "sharpness": 10})

    assert gate.problems(a_face(size=40, score=0.9, sharp=10)) == ()


@pytest.mark.parametrize("limit", [0.1, 0.7, 0.85, 8.3, 40.1])
def test_a_limit_that_single_precision_rounds_passes(limit: float) -> None:
    """What a detector or chip measured is single precision, where 0.7 is less than the limit's 0.7 in double."""
    gate = QualityGate({"detection": limit})

    assert gate.problems(a_face(score=float(np.float32(limit)))) == ()
    assert gate.problems(a_face(score=float(np.nextafter(np.float32(limit), np.float32(0))))) != ()
    assert gate.problems(a_face(score=limit)) == ()


def test_every_problem_is_named() -> None:
    """A small, uncertain, blurred face has three problems, each with the photo's name, the value and the limit."""
    gate = QualityGate({"size": 40, "detection": 0.9, "sharpness": 10})

    problems = gate.problems(a_face(size=20, score=0.5, sharp=1))

    assert len(problems) == 3
    assert all("a.jpg" in problem for problem in problems)
    for words, problem in zip((("20", "40"), ("0.50", "0.90"), ("1.0", "10.0")), problems, strict=True):
        assert all(word in problem for word in words)


def test_an_unmeasured_quality_does_not_pass() -> None:
    """NaN is not at least anything."""
    assert QualityGate().problems(a_face(sharp=float("nan"))) != ()


def test_what_was_not_measured_does_not_pass() -> None:
    """Each measure that the gate asks for and the face lacks is a problem; what nobody asks for is none."""
    bare = made_face("a")
    bare = Face(bare.box, bare.score, bare.points, {}, bare.embedding, bare.matcher, bare.source)

    assert len(DEFAULT_GATE.problems(bare)) == len(DEFAULT_GATE.limits)
    assert all("was not measured" in problem for problem in DEFAULT_GATE.problems(bare))
    assert QualityGate({"size": 1}).problems(bare) != ()
    assert NO_GATE.problems(bare) == ()


def test_the_shipped_gate() -> None:
    """Its limits are those that the benchmark set; another gate has another name, and the open one is called none."""
    assert DEFAULT_GATE.name == "detection.v1>=0.85, sharpness.v2>=8.5, size.v1>=40"
    assert NO_GATE.name == QualityGate({}).name == "none"
    assert QualityGate({"size": 40}).name != QualityGate({"size": 40.000001}).name
    assert QualityGate({"size": 40, "detection": 0.9}) == QualityGate({"detection": 0.9, "size": 40})


@pytest.mark.parametrize(
    "limits",
    [
        {"beauty": 1},
        {"size": math.nan},
        {"size": "40"},
        {"size": None},
        {"size": (1,)},
        {"size": (1, 2, 3)},
        {"yaw": (30, -30)},
        {"yaw": (-30, math.nan)},
    ],
)
def test_limits_that_are_none(limits: dict) -> None:
    """A measure that does not exist, and limits that are no numbers, are refused; the message lists the measures."""
    with pytest.raises(ArgumentError, match="size, detection, sharpness"):
        QualityGate(limits)
    with pytest.raises(ArgumentError, match="size, detection, sharpness"):
        QualityGate({}, enrolled=limits)


@pytest.mark.parametrize(("yaw", "passes"), [(-45.1, False), (-45, True), (0, True), (45, True), (45.1, False)])
def test_a_limit_on_both_sides(yaw: float, passes: bool) -> None:
    """Both ends pass themselves, and what lies beyond one of them does not; so does nothing that is no number."""
    gate = QualityGate({"yaw": (-45, 45)})

    assert (gate.problems(made_face(measures={"yaw": yaw})) == ()) == passes
    assert gate.problems(made_face(measures={"yaw": math.nan})) != ()


def test_the_name_says_both_ends() -> None:
    """One end, the other, both; what has no end is at least something, and the two kinds of limits differ."""
    assert QualityGate({"yaw": (-45, 45)}).name == "-45<=yaw.v1<=45"
    assert QualityGate({"shift": (-math.inf, 0.14)}).name == "shift.v1<=0.14"
    assert QualityGate({"size": (40, math.inf)}) == QualityGate({"size": 40})
    assert QualityGate({"size": 40}, {"mouth": 0.5}).name == "size.v1>=40, enrolled mouth.v2>=0.5"
    assert QualityGate({}, margins={"mouth": (3, 0.03)}).name == "score+0.03 if both mouth.v2<3"


@pytest.mark.parametrize(("above", "held"), [(-0.1, False), (-1e-9, False), (0, True), (0.0299, True), (0.03, False)])
def test_faces_that_have_too_little_together_need_a_margin(above: float, held: bool) -> None:
    """From the threshold up to the margin nothing is decided; below is no match, above a match, as anywhere."""
    gate = QualityGate({}, margins={"mouth": (0, 0.03)})
    masked, bare, barer = (
        made_face(name, measures={"mouth": value}) for name, value in zip("abc", (-3, 2, 3), strict=True)
    )

    assert bool(gate.pair_problems(masked, masked, above=above)) == held
    assert bool(gate.pair_problems(masked, bare, above=above)) == held
    assert gate.pair_problems(masked, barer, above=above) == gate.pair_problems(barer, barer, above=above) == ()
    assert bool(gate.pair_problems(masked, made_face(), above=above)) == held  # not measured


def test_what_is_enrolled_must_have_more() -> None:
    """A face in a mask may be compared, and is not enrolled."""
    gate = QualityGate({}, enrolled={"mouth": 0})

    assert gate.problems(made_face(measures={"mouth": -1})) == ()
    assert len(gate.enrollment_problems(made_face(measures={"mouth": -1}))) == 1
    assert gate.enrollment_problems(made_face(measures={"mouth": 1})) == ()


@pytest.mark.parametrize("margins", [{"mouth": 3}, {"mouth": (3, -0.1)}, {"beauty": (3, 0.1)}, {"mouth": (3, "x")}, 3])
def test_margins_that_are_none(margins: object) -> None:
    """A pair of numbers by name of a measure, and never a lower threshold."""
    with pytest.raises(ArgumentError):
        QualityGate({}, margins=margins)


def test_two_faces_have_the_problems_of_each() -> None:
    """The probe's first; and what is asked of both is said once for each."""
    gate = QualityGate({"size": 40})
    small, large = made_face("ada", measures={"size": 20}), made_face("bob", measures={"size": 80})

    assert (
        gate.pair_problems(small, large, above=0) == gate.pair_problems(large, small, above=1) == gate.problems(small)
    )
    assert gate.pair_problems(small, small, above=-1) == gate.problems(small) * 2


def test_the_default_gate_knows_whose_scales_it_uses() -> None:
    """All limits for this project's matcher; of another detector, crop or embedder, only those that mean the same."""
    digest = dlib_resnet.digest()
    ours = made_matcher(
        detector="second-look.v2(sure=0.999, mtcnn.v1(min_face_size=40, mode=fast))",
        crop=DlibChip.name,
        embedder_digest=digest,
    )

    full = default_gate(ours)
    assert {"detection", "flip", "light", "noise", "roll", "sharpness", "shift", "size", "yaw"} == set(full.limits)
    assert set(full.enrolled) == set(full.margins) == {"eyes", "mouth"}
    assert default_gate(made_matcher()) == DEFAULT_GATE
    assert "shift" not in default_gate(replace(ours, crop="five-point-112.v1")).limits
    other = default_gate(replace(ours, embedder_digest="a" * 64))
    assert not {"flip", "noise"} & set(other.limits)
    assert not other.margins
    elsewhere = default_gate(replace(ours, detector="another.v1"))
    assert set(elsewhere.limits) == {*DEFAULT_GATE.limits, "flip", "noise"}
    assert not elsewhere.enrolled
    assert not elsewhere.margins


def test_every_complaint_can_be_said() -> None:
    """Of each measure, below and above its limits, in words with the value."""
    for name in MEASURES:
        gate = QualityGate({name: (1, 2)})
        said = [gate.problems(made_face(measures={name: value})) for value in (0, 3)]
        assert all(len(each) == 1 and f"of the {name}" not in each[0] for each in said)

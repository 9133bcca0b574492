"""The values that the stages exchange: checked when made, read-only afterwards, honest about what they rest on."""

import math

import numpy as np
import pytest

from facerec.errors import ArgumentError, NoFaceError, SeveralFacesError
from facerec.types import Detections, Embedder, Faces, OperatingPoint, Rate, Verification

RNG = np.random.default_rng(1)
BOXES = np.array([[10, 10, 30, 40], [50, 40, 110, 90], [0, 0, 20, 20]], np.float32)


def detections(boxes: np.ndarray = BOXES) -> Detections:
    """Detections in a photo of 160 × 120."""
    n = len(boxes)
    return Detections(boxes, np.linspace(0.9, 1, n), RNG.uniform(0, 100, (n, 5, 2)), (160, 120))


def faces(boxes: np.ndarray = BOXES) -> Faces:
    """Those, embedded."""
    vectors = RNG.normal(size=(len(boxes), 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Faces(detections(boxes), np.full(len(boxes), 50), vectors, "digest", "crowd.jpg")


def test_arrays_are_read_only() -> None:
    """Neither the value nor the array it was made from can change it."""
    boxes = BOXES.copy()
    found = detections(boxes)
    boxes[:] = 0

    np.testing.assert_array_equal(found.boxes, BOXES)
    with pytest.raises(ValueError, match="read-only"):
        found.boxes[0, 0] = 1


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("boxes", np.zeros((3, 5))), ("scores", np.zeros(2)), ("points", np.zeros((3, 4, 2)))],
)
def test_shapes_are_checked(field: str, wrong: np.ndarray) -> None:
    """The message names the field, the shape wanted and the shape found."""
    fields = {"boxes": BOXES, "scores": np.zeros(3), "points": np.zeros((3, 5, 2)), "image_size": (160, 120)}

    with pytest.raises(ArgumentError, match="must have shape"):
        Detections(**{**fields, field: wrong})


@pytest.mark.parametrize("index", [slice(1, 3), [2, 0], np.array([True, False, True]), []])
def test_indexing_keeps_the_type(index: object) -> None:
    """A slice, a list, a mask and nothing at all give detections again."""
    chosen = detections()[index]  # type: ignore[index]

    assert isinstance(chosen, Detections)
    np.testing.assert_array_equal(chosen.boxes, BOXES[np.array(index, int) if isinstance(index, list) else index])


def test_a_bare_number_is_no_index() -> None:
    """The type of the result must not depend on the argument."""
    with pytest.raises(ArgumentError, match=r"\[\[i\]\]"):
        detections()[1]  # type: ignore[index]


def test_sizes_are_the_shorter_sides() -> None:
    """Worked by hand; none for no face."""
    assert detections().sizes.tolist() == [20, 50, 20]
    assert Detections.empty((5, 4)).sizes.shape == (0,)


def test_choices() -> None:
    """Worked by hand: the second is the largest and the nearest to (80, 60)."""
    assert detections().choose("largest") == 1
    assert detections().choose("central") == 1
    assert detections(BOXES[[2]]).choose("only") == 0
    np.testing.assert_array_equal(faces().largest().box, BOXES[1])
    np.testing.assert_array_equal(faces().central().box, BOXES[1])


def test_several_faces_are_not_one() -> None:
    """The message counts them and names the photo."""
    with pytest.raises(SeveralFacesError, match=r"3 faces found in crowd\.jpg"):
        faces().only()


@pytest.mark.parametrize("choice", ["only", "largest", "central"])
def test_no_face_cannot_be_chosen(choice: str) -> None:
    """The message names the photo."""
    with pytest.raises(NoFaceError, match=r"crowd\.jpg"):
        faces(np.empty((0, 4))).choose(choice)  # type: ignore[arg-type]


def test_faces_iterate_as_single_faces() -> None:
    """Each with its own box, vector and size."""
    crowd = faces()

    assert [face.size for face in crowd] == [20, 50, 20]
    for number, face in enumerate(crowd):
        np.testing.assert_array_equal(face.embedding, crowd.embeddings[number])
        assert face.source == "crowd.jpg"


def test_a_rate_without_trials_is_not_zero() -> None:
    """Nothing was measured, and nothing is claimed."""
    rate = Rate(0, 0)

    assert math.isnan(rate.value)
    assert math.isnan(rate.interval().low)
    assert math.isnan(rate.interval().high)


@pytest.mark.parametrize(("errors", "trials"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 3000), (0, 1)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_is_wilsons(errors: int, trials: int, confidence: float) -> None:
    """The scipy implementation is the oracle."""
    from scipy.stats import binomtest

    expected = binomtest(errors, trials).proportion_ci(confidence, method="wilson")

    interval = Rate(errors, trials).interval(confidence)

    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


def test_fewer_effective_trials_widen_the_interval() -> None:
    """A quarter of the trials doubles the width, nearly."""
    independent, clustered = Rate(100, 1000).interval(), Rate(100, 1000, 250).interval()

    ratio = (clustered.high - clustered.low) / (independent.high - independent.low)
    assert ratio == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(("errors", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(errors: int, trials: int) -> None:
    """More errors than trials, or fewer than none."""
    with pytest.raises(ArgumentError, match="0 <= errors <= trials"):
        Rate(errors, trials)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_impossible_confidence_is_refused(confidence: float) -> None:
    """A share, not a percentage."""
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        Rate(1, 5).interval(confidence)


def test_a_point_accepts_at_its_threshold_and_never_nan() -> None:
    """Accept iff score ≥ threshold; a failure to acquire is a rejection."""
    point = OperatingPoint(0.5, 1e-3, Rate(1, 1000), Rate(1, 10), "data", "d", "a", "e", "digest")

    assert point.accepts(0.5)
    assert not point.accepts(0.4999)
    assert not point.accepts(math.nan)


def test_a_verification_prints_what_it_rests_on() -> None:
    """Decision, score, threshold, target and data on the first line; problems and notes below it."""
    point = OperatingPoint(0.5, 1e-3, Rate(1, 1000), Rate(1, 10), "LFW", "d", "a", "e", "digest")

    text = str(Verification("undecided", 0.7, point, ("too small",), ("a note",)))

    assert text == "undecided: score 0.7000 >= threshold 0.5000 (FMR 0.001 on LFW)\n  too small\n  a note"


def test_an_embedder_normalises() -> None:
    """Whatever the network's lengths, vectors come out with length one."""

    class Crop:
        name, size = "crop", 2

        def __call__(self, _image: np.ndarray, _found: Detections) -> np.ndarray:
            raise AssertionError

    embedder = Embedder("e", "digest", 3, Crop(), lambda chips: chips[:, 0, 0].astype(np.float32))
    chips = RNG.integers(1, 255, (4, 2, 2, 3), dtype=np.uint8)

    np.testing.assert_allclose(np.linalg.norm(embedder(chips), axis=1), 1, rtol=1e-6)

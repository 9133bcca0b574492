"""The values that the stages exchange: checked when made, read-only afterwards, honest about what they rest on."""

import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from facerec.errors import ArgumentError, FacerecError, NoFaceError, SeveralFacesError
from facerec.quality import QualityGate
from facerec.testing import made_face, made_matcher, made_point
from facerec.types import (
    Candidate,
    Detections,
    Embedder,
    Face,
    Faces,
    Identification,
    Identifications,
    ImpostorTail,
    Look,
    Matcher,
    OperatingPoint,
    Rate,
    Verification,
)

RNG = np.random.default_rng(1)
CHIPS = RNG.integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
BOXES = np.array([[10, 10, 30, 40], [50, 40, 110, 90], [0, 0, 20, 20]], np.float32)


def detections(boxes: np.ndarray = BOXES) -> Detections:
    """Detections in a photo of 160 × 120."""
    n = len(boxes)
    return Detections(boxes, np.linspace(0.9, 1, n), RNG.uniform(0, 100, (n, 5, 2)), (160, 120))


def faces(boxes: np.ndarray = BOXES) -> Faces:
    """Those, embedded."""
    vectors = RNG.normal(size=(len(boxes), 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    measures = {"sharpness": np.full(len(boxes), 50)}
    return Faces(detections(boxes), measures, vectors, made_matcher(), "crowd.jpg", CHIPS[: len(boxes)])


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


def test_a_look_goes_with_its_face() -> None:
    """Through indexing, into dictionaries and drawings; as many looks as faces, and only quarter turns."""
    looks = (Look(), Look(90), Look(180, border=True))
    found = replace(detections(), looks=looks)

    assert detections().looks == (Look(),) * 3
    assert found[[2, 0]].looks == (looks[2], looks[0])
    assert found[np.array([False, True, True])].looks == looks[1:]
    assert found.to_dict()["faces"][2]["look"] == {"turned": 180, "border": True}
    assert pickle.loads(pickle.dumps(found)).looks == looks
    photo = np.zeros((120, 160, 3), np.uint8)
    assert (found.draw(photo) != detections().draw(photo)).any()
    assert [str(look) for look in looks] == ["", "turned 90°", "turned 180°, border added"]
    with pytest.raises(ArgumentError, match="3 faces have 3 looks; got 2"):
        replace(found, looks=looks[:2])
    with pytest.raises(ArgumentError, match="turned by 0, 90, 180, 270°; got 45"):
        Look(45)
    with pytest.raises(ArgumentError, match="got 360"):
        Look(360)


WIDE = (200, 100)  # the corners are 111.8 pixels from the centre


@pytest.mark.parametrize(
    ("boxes", "main"),
    [
        ([[80, 30, 120, 70]], 0),
        ([[0, 0, 20, 20]], 0),
        ([[10, 30, 50, 70], [80, 30, 120, 70]], 1),  # equal, one in the centre: 40 against 40 · .37
        ([[40, 30, 80, 70], [120, 30, 160, 70]], None),  # equal, as far from it
        ([[60, 30, 100, 70], [110, 30, 150, 70]], None),  # 40 · .82 against 40 · .73
        ([[60, 30, 100, 70], [120, 40, 140, 60]], 0),  # 32.8 against 20 · .73
        ([[80, 30, 120, 70], [0, 0, 80, 80]], None),  # 40 against a large one aside, 80 · .46
        ([[80, 30, 120, 70], [0, 0, 30, 30], [170, 70, 200, 100]], 0),  # bystanders in the corners
    ],
)
def test_the_main_face_is_clearly_so(boxes: list[list[int]], main: int | None) -> None:
    """Worked by hand: size times closeness to the centre, half as much again as any other's; else it is an error."""
    n = len(boxes)
    found = Detections(np.array(boxes, np.float32), np.ones(n), np.zeros((n, 5, 2)), WIDE)  # type: ignore[arg-type]

    if main is None:
        with pytest.raises(SeveralFacesError, match=rf"{n} faces found in the photo, and none is clearly the main one"):
            found.choose("main")
    else:
        assert found.choose("main") == main


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_main_stays_so(seed: int) -> None:
    """Whatever the order of the faces, mirrored, in a photo of another scale, and with the smallest ones left out."""
    draw = np.random.default_rng(seed)
    centres, sides = draw.uniform(0, 1, (4, 2)) * WIDE, draw.uniform(10, 60, (4, 1))
    boxes = np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)

    def main(boxes: np.ndarray, scale: float = 1) -> list[float] | None:
        n = len(boxes)
        size = (round(WIDE[0] * scale), round(WIDE[1] * scale))
        found = Detections(boxes * scale, np.ones(n), np.zeros((n, 5, 2)), size)  # type: ignore[arg-type]
        try:
            return boxes[found.choose("main")].tolist()
        except SeveralFacesError:
            return None

    chosen = main(boxes)
    mirrored = main(np.stack([WIDE[0] - boxes[:, 2], boxes[:, 1], WIDE[0] - boxes[:, 0], boxes[:, 3]], axis=1))

    assert main(boxes[::-1]) == main(boxes, 10) == chosen
    assert (mirrored is None) == (chosen is None)
    if chosen is not None:
        assert mirrored == pytest.approx([WIDE[0] - chosen[2], chosen[1], WIDE[0] - chosen[0], chosen[3]])
        assert main(boxes[(boxes == chosen).all(axis=1) | (sides[:, 0] > sides.min())]) == chosen


def test_a_chosen_face_says_that_there_were_others() -> None:
    """Whoever enrolls or compares it can tell; alone it says nothing."""
    assert faces().choose("main").notes == ("crowd.jpg: 3 faces were found; the main one is meant",)
    assert faces(BOXES[[1]]).choose("main").notes == ()


def test_the_largest_face_has_the_largest_box() -> None:
    """It is the area that counts: a narrow box of 20 × 100 pixels is larger than a square of 30."""
    assert detections(np.array([[0, 0, 30, 30], [50, 0, 70, 100], [0, 50, 1, 110]], np.float32)).choose("largest") == 1


def test_several_faces_are_not_one() -> None:
    """The message counts them and names the photo."""
    with pytest.raises(SeveralFacesError, match=r"3 faces found in crowd\.jpg"):
        faces().only()


@pytest.mark.parametrize("choice", ["main", "only", "largest", "central"])
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


def test_faces_are_a_sequence() -> None:
    """Numbers from both ends, slices, length and iteration agree; a face is a `Face` with its chip and measures."""
    crowd = faces()

    assert isinstance(crowd[1], Face)
    for number in (0, 1, 2, -1, -3):
        np.testing.assert_array_equal(crowd[number].embedding, crowd.embeddings[number])
        np.testing.assert_array_equal(crowd[number].chip, CHIPS[number])
    assert [face.size for face in crowd[1:]] == [50, 20]
    assert crowd[1].measures == {"sharpness": 50}
    assert (crowd[0].matcher, len(crowd), len(list(crowd))) == (crowd.matcher, 3, 3)
    for outside in (3, -4):
        with pytest.raises(IndexError):
            crowd[outside]


def outcomes() -> Identifications:
    """Of a photo of three: somebody, nobody, one of two."""
    near = (Candidate("ada", 0.99), Candidate("bob", math.nan))
    point = made_point(0.5)
    decided = [("match", "ada", 0.99), ("no match", None, math.nan), ("ambiguous", None, 0.9)]
    return Identifications(
        tuple(
            Identification(decision, name, score, box, near, point, 3, 4, "none", ("p",), ("n",))
            for (decision, name, score), box in zip(decided, BOXES, strict=True)
        ),
        np.zeros((3, 5, 2), np.float32),
        "crowd.jpg",
        np.zeros((120, 160, 3), np.uint8),
    )


EVERY_VALUE = [
    detections(),
    faces(),
    faces()[0],
    outcomes(),
    outcomes()[0],
    Verification("match", 0.7, made_point(0.5), "none"),
    made_point(),
    made_matcher(),
    Rate(1, 10),
    Rate(0, 0).interval(),
    ImpostorTail((0.8, 0.5), (1, 10), (100.0, 90.0), 100),
    QualityGate(),
]


@pytest.mark.parametrize("value", EVERY_VALUE, ids=lambda value: type(value).__name__)
def test_every_value_travels(value: object) -> None:
    """It comes out of a pickle the same, with arrays and mappings that are still read-only, and stands as JSON."""
    back = pickle.loads(pickle.dumps(value))

    assert type(back) is type(value)
    text = json.dumps(value.to_dict(), allow_nan=False)  # type: ignore[attr-defined]
    assert json.dumps(back.to_dict()) == text
    assert len(repr(value)) < 1500
    for name in value.__dataclass_fields__:  # type: ignore[attr-defined]
        mine, theirs = getattr(value, name), getattr(back, name)
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)
            with pytest.raises(ValueError, match="read-only"):
                theirs[...] = 0
        elif isinstance(mine, Mapping):
            with pytest.raises(TypeError):
                theirs["size"] = 0


def test_only_a_match_is_true() -> None:
    """``if`` passes for a match and nothing else, of a claim, a search and a whole photo."""
    point = made_point(0.5)
    decisions = ("match", "no match", "undecided", "ambiguous")

    assert [bool(Verification(each, 0.7, point, "none")) for each in decisions] == [True, False, False, False]
    assert [bool(each) for each in outcomes()] == [True, False, False]
    assert [each.match for each in outcomes()] == [True, False, None]
    assert bool(outcomes())
    assert not bool(replace(outcomes(), outcomes=outcomes()[1:], points=np.zeros((2, 5, 2))))


def test_tables_of_faces_and_outcomes() -> None:
    """One row per face, also where there is none."""
    assert faces().to_frame()["sharpness"].tolist() == [50, 50, 50]
    assert outcomes().to_frame()["name"].dropna().tolist() == ["ada"]
    assert outcomes().to_frame()[["left", "top", "right", "bottom"]].to_numpy().tolist() == BOXES.tolist()
    none = faces(np.empty((0, 4)))
    assert list(none.to_frame().columns) == list(faces().to_frame().columns)
    assert len(none.to_frame()) == 0


@pytest.mark.parametrize("length", [200, 100_000])
def test_messages_repeat_no_book(length: int) -> None:
    """At most 120 letters of whatever was given, in errors and where values show themselves."""
    text = "b" * length
    calls = [
        lambda: replace(faces(), source=text).only(),
        lambda: replace(faces(np.empty((0, 4))), source=text).only(),
        lambda: faces().choose(text),  # type: ignore[arg-type]
        lambda: made_matcher(detector=text + "|"),
        lambda: Matcher.parse(text),
        lambda: QualityGate({text: 1}),
        lambda: QualityGate({"size": text}),  # type: ignore[dict-item]
    ]
    for call in calls:
        with pytest.raises(FacerecError) as raised:
            call()
        assert "b" * 121 not in str(raised.value)
    for shown in (replace(faces(), source=text), replace(made_face(), source=text), replace(outcomes(), source=text)):
        assert "b" * 121 not in repr(shown)
    (problem,) = QualityGate({"size": 500}).problems(replace(made_face(), source=text))
    assert "b" * 121 not in problem


@pytest.mark.parametrize(
    ("fmr", "target"), [(Rate(2, 1000), 1e-3), (Rate(0, 100_000), 1e-3), (Rate(9, 100_000), 1e-3), (Rate(1, 10), 0.05)]
)
def test_a_point_whose_counts_contradict_it_was_not_measured(fmr: Rate, target: float) -> None:
    """More false matches than the target, or hardly any where a hundred are expected."""
    with pytest.raises(ArgumentError, match="contradict"):
        OperatingPoint(0.5, target, fmr, Rate(1, 10), "data", made_matcher())


def test_the_share_of_strangers_taken_for_somebody_grows_with_the_gallery() -> None:
    """1 − (1 − FMR)^n, worked by hand; nobody is taken for anybody in an empty gallery."""
    point = made_point()  # FMR 1 of 1000

    assert point.expected_fpir(0).value == 0
    assert point.expected_fpir(1).value == pytest.approx(1e-3)
    assert point.expected_fpir(1000).value == pytest.approx(1 - 0.999**1000)
    assert point.expected_fpir(7).low < point.expected_fpir(7).value < point.expected_fpir(7).high


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("embedder_digest", "refused"),
        ("crop", "refused"),
        ("similarity", "refused"),
        ("detector", "noted"),
        ("gate", "noted"),
        ("embedder", None),
    ],
)
def test_what_follows_from_a_difference_of_matchers(part: str, kind: str | None) -> None:
    """Refused, noted or nothing, by the one table; the text of a matcher reads back as itself."""
    ours, theirs = made_matcher(), replace(made_matcher(), **{part: "else"})

    found = ours.differences(theirs)

    assert {"refused": bool(found.refused), "noted": bool(found.noted)} == {
        "refused": kind == "refused",
        "noted": kind == "noted",
    }
    assert Matcher.parse(theirs.text) == theirs
    assert ours.differences(Matcher.unknown()).refused


def test_a_rate_without_trials_is_not_zero() -> None:
    """Nothing was measured, and nothing is claimed."""
    rate = Rate(0, 0)

    assert math.isnan(rate.value)
    assert math.isnan(rate.interval().low)
    assert math.isnan(rate.interval().high)


@pytest.mark.parametrize(("errors", "trials"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 3000), (0, 1)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_interval_is_wilsons_or_exact(errors: int, trials: int, confidence: float) -> None:
    """Exact where no trial or every trial was an error; scipy's implementations are the oracles."""
    from scipy.stats import binomtest

    method = "exact" if errors in (0, trials) else "wilson"
    expected = binomtest(errors, trials).proportion_ci(confidence, method=method)

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
    point = made_point(0.5)

    assert point.accepts(0.5)
    assert not point.accepts(0.4999)
    assert not point.accepts(math.nan)


def test_a_verification_prints_what_it_rests_on() -> None:
    """Decision, score, threshold, target and data on the first line; below it the score in words, problems, notes."""
    tail = ImpostorTail((0.8, 0.5), (1, 10), (100_000.0, 90_000.0), 120_000)
    point = replace(made_point(0.5), tail=tail, data_set="LFW")

    text = str(Verification("undecided", 0.7, point, "none", ("too small",), ("a note",)))

    assert text.splitlines() == [
        "undecided: score 0.7000 ≥ threshold 0.5000 (FMR 0.001 on LFW)",
        "  1 in 12,000 strangers of LFW scores this high or higher (95 %: 1 in 6,000 … 1 in 24,000)",
        "  too small",
        "  a note",
    ]


def test_an_embedder_normalises() -> None:
    """Whatever the network's lengths, vectors come out with length one."""

    class Crop:
        name, size = "crop", 2

        def __call__(self, _image: np.ndarray, _found: Detections) -> np.ndarray:
            raise AssertionError

    embedder = Embedder("e", "digest", 3, Crop(), lambda chips: chips[:, 0, 0].astype(np.float32))
    chips = RNG.integers(1, 255, (4, 2, 2, 3), dtype=np.uint8)

    np.testing.assert_allclose(np.linalg.norm(embedder(chips), axis=1), 1, rtol=1e-6)

"""What is measured of a face."""

import dataclasses

import numpy as np
import PIL.Image
import PIL.ImageFilter
import pytest

from facerec.align.crops import DlibChip
from facerec.quality import CHIP, MEASURES, handed_over, measure
from facerec.quality.measures import light, noise, roll, sharpness, yaw
from facerec.types import Cut, Detections, Embedder, cut
from facerec.types.looks import Look

RNG = np.random.default_rng(4)
POINTS = np.array([[[70, 80], [110, 80], [90, 100], [75, 125], [105, 125]]], np.float32)


def grey(*pictures: PIL.Image.Image) -> np.ndarray:
    """Grey levels of pictures."""
    return np.stack([np.asarray(picture, np.float32).mean(axis=2) for picture in pictures])


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Clockwise, as photos count: y points down."""
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return (points @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)


def test_sharpness_worked_by_hand() -> None:
    """One bright pixel in a dark 5 × 5 chip: Laplacian -4·90 there, 90 at its four neighbours, 0 at the corners."""
    chip = np.zeros((1, 5, 5), np.float32)
    chip[0, 2, 2] = 90
    values = [-360, 90, 90, 90, 90, 0, 0, 0, 0]

    np.testing.assert_allclose(sharpness(chip), [np.var(values)], rtol=1e-6)


def test_blur_lowers_sharpness() -> None:
    """The more blur, the less sharp; an even chip has none."""
    picture = PIL.Image.fromarray(RNG.integers(0, 256, (150, 150, 3), dtype=np.uint8))
    chips = [picture.filter(PIL.ImageFilter.GaussianBlur(sigma)) for sigma in (0, 1, 2, 4)]
    found = sharpness(grey(*chips, PIL.Image.new("RGB", picture.size, (77, 77, 77))))

    assert (np.diff(found) < 0).all()
    assert found[-1] == 0


def test_noise_is_told_from_edges() -> None:
    """Of edges with known noise the noise is found to a tenth, as a part of the contrast; edges alone have none."""
    edges = np.kron(np.array([[20, 200], [220, 40]]), np.ones((56, 56)))[None].astype(np.float32)
    noisy = edges + np.random.default_rng(0).normal(0, 10, edges.shape).astype(np.float32)

    assert noise(edges) == 0
    assert noise(noisy) * noisy.std() == pytest.approx(10, rel=0.1)
    np.testing.assert_allclose(noise(noisy / 4 + 7), noise(noisy), rtol=1e-4)
    assert noise(np.full((1, 112, 112), 77, np.float32)) == 0
    assert noise(edges[:0]).shape == (0,)


def test_light_is_of_the_brightest_places() -> None:
    """Nine of a hundred pixels at 200 count, three do not; half the light is half as much."""
    chip = np.full((1, 100, 100), 20, np.float32)
    chip[:, :9] = 200

    assert light(chip) == 200
    assert light(chip / 2) == 100
    chip[:, 3:9] = 20
    assert light(chip) == 20


def faces_at(points: np.ndarray, *looks: Look) -> Detections:
    """One face per row of points."""
    n = len(points)
    return Detections(np.zeros((n, 4)), np.ones(n), points, (200, 200), looks)


@pytest.mark.parametrize("degrees", [-135, -45, 0, 10, 90, 179])
def test_roll_is_the_turn(degrees: float) -> None:
    """Of a face whose eyes are level; yaw, which is measured along the eyes, stays."""
    nose_aside = POINTS + np.array([[0, 0], [0, 0], [10, 0], [0, 0], [0, 0]], np.float32)

    np.testing.assert_allclose(roll(faces_at(turned(POINTS, degrees))), [degrees], atol=1e-3)
    np.testing.assert_allclose(yaw(turned(nose_aside, degrees)), yaw(nose_aside), atol=1e-3)


@pytest.mark.parametrize("quarter", [90, 180, 270])
def test_roll_is_that_of_the_look(quarter: int) -> None:
    """A face that is upright once the photo is turned has no roll; ten degrees more are ten degrees."""
    points = turned(POINTS, 10 - quarter)

    np.testing.assert_allclose(roll(faces_at(points, Look(quarter))), [10], atol=1e-3)
    assert abs(roll(faces_at(points))) > 45


def test_yaw_worked_by_hand() -> None:
    """A quarter of the eye distance to the right is 22 degrees, to the left -22; scale does not count."""
    to_the_right = POINTS + np.array([[0, 0], [0, 0], [10, 0], [0, 0], [0, 0]], np.float32)

    assert yaw(POINTS) == 0
    np.testing.assert_allclose(yaw(to_the_right), [22], rtol=1e-6)
    np.testing.assert_allclose(yaw(to_the_right * 3), [22], rtol=1e-6)
    np.testing.assert_allclose(yaw(to_the_right[:, [1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32)), [-22], rtol=1e-6)


def test_eyes_in_one_place_have_no_yaw() -> None:
    """No number, which no gate passes, and no warning."""
    points = POINTS.copy()
    points[:, 1] = points[:, 0]

    assert np.isnan(yaw(points)).all()


def test_quality_does_not_depend_on_the_embedder() -> None:
    """Faces are measured on one fixed chip, from photo and detections alone; none are measured where there is none."""
    image = RNG.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    found = Detections([[50, 40, 130, 150]], [0.9], POINTS, (200, 200))

    measured = measure(image, found)

    assert [*measured, *handed_over(shift=np.zeros(1), flip=np.zeros(1))] == list(MEASURES)
    assert measured["size"].tolist() == [80]
    assert measured["detection"].tolist() == [np.float32(0.9)]
    assert measured["sharpness"] == sharpness(CHIP(image, found).mean(axis=3, dtype=np.float32))
    assert CHIP.name == "five-point-112.v1"
    assert {name: len(values) for name, values in measure(image, found[[]]).items()} == dict.fromkeys(measured, 0)


def test_what_a_stage_does_not_know_is_not_measured() -> None:
    """A gate that asks for it refuses every face."""
    assert handed_over() == {}
    assert list(handed_over(flip=np.ones(2, np.float32))) == ["flip"]


def test_a_crop_tells_how_far_its_eyes_lie() -> None:
    """Trees whose eye corners lie around the detector's eyes agree with it; each eye 4 of 40 pixels off is a tenth."""
    image = np.zeros((200, 200, 3), np.uint8)
    found = Detections([[50, 40, 130, 150]], [0.9], POINTS, (200, 200))
    corners = np.array([[[120, 80], [100, 80], [60, 80], [80, 80], [90, 100]]], np.float32)

    assert DlibChip(lambda *_: corners).cut(image, found).shift == 0
    np.testing.assert_allclose(
        DlibChip(lambda *_: corners + np.float32([0, 4])).cut(image, found).shift, [0.1], rtol=1e-5
    )
    aside = corners + np.array([[0, 0], [0, 0], [8, 0], [8, 0], [0, 0]])  # one eye only
    np.testing.assert_allclose(DlibChip(lambda *_: aside).cut(image, found).shift, [0.1], rtol=1e-5)
    assert cut(CHIP, image, found).shift is None
    assert isinstance(cut(DlibChip(lambda *_: corners), image, found), Cut)


def test_an_embedder_tells_how_alike_the_mirror_image_is() -> None:
    """The sum of two unit vectors is as long as they are alike: the cosine comes out, and the vector as before."""
    angles = np.radians([0, 60, 120])
    sums = np.stack([1 + np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    chips = np.zeros((3, CHIP.size, CHIP.size, 3), np.uint8)
    embedder = Embedder("e", "digest", 2, CHIP, lambda _: sums, mirrored=True)

    found = embedder.embed(chips)

    np.testing.assert_allclose(found.flip, [1, 0.5, -0.5], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, rtol=1e-6)
    assert (embedder(chips) == found.vectors).all()
    assert len(embedder.embed(chips[:0]).flip) == 0
    once = dataclasses.replace(embedder, mirrored=False)
    assert once.embed(chips).flip is None
    assert once.embed(chips[:0]).flip is None

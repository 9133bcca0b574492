"""Similarity transforms and chips: laws, and hand-worked cases."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facerec.align.crops import BoxCrop, DlibChip, TemplateCrop, tree_squares
from facerec.align.transforms import cut_chip, similarity_transforms
from facerec.detect import Mtcnn
from facerec.errors import ArgumentError
from facerec.types import Detections
from facerec.types.contracts import check_points

RNG = np.random.default_rng(7)
TEMPLATE = np.array([[47.67, 46.02], [102.29, 46.08], [74.42, 78.45], [49.76, 103.19], [100.81, 103.49]], np.float32)


def similarity(angle: float, scale: float, x: float, y: float) -> np.ndarray:
    """The matrix of a rotation by `angle`, a scaling and a shift."""
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[c, -s, x], [s, c, y]])


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`points` after `matrix`."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def smooth_photo(height: int, width: int) -> np.ndarray:
    """A photo without sharp edges, so that resampling twice changes little."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 100 * np.sin(x / 17 + k) * np.cos(y / 23 - k) for k in range(3)]
    return np.stack(waves, axis=2).round().astype(np.uint8)


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.05, 20),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
)
@settings(max_examples=80, deadline=None)
def test_an_exact_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    """If one point set is a similarity of the other, the fit is that similarity."""
    matrix = similarity(angle, scale, x, y)
    source = TEMPLATE[None]

    fitted = similarity_transforms(source, moved(matrix, TEMPLATE).astype(np.float32))[0]

    np.testing.assert_allclose(fitted, matrix, rtol=2e-3, atol=2e-3 * scale + 1e-2)


def test_the_fit_is_the_least_squares_solution() -> None:
    """Against a general least-squares solver over the four parameters of a similarity."""
    source = RNG.normal(0, 30, (6, 5, 2)).astype(np.float32)
    target = RNG.normal(0, 30, (5, 2)).astype(np.float32)

    fitted = similarity_transforms(source, target)

    for points, matrix in zip(source, fitted, strict=True):
        x, y = points[:, 0], points[:, 1]
        one, none = np.ones(5), np.zeros(5)
        design = np.concatenate([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)])
        a, b, tx, ty = np.linalg.lstsq(design, np.concatenate([target[:, 0], target[:, 1]]), rcond=None)[0]
        np.testing.assert_allclose(matrix, [[a, -b, tx], [b, a, ty]], atol=1e-3)


def test_points_that_coincide_have_no_transform() -> None:
    """The scale is undefined, so the matrix is NaN and the chip black, without a warning."""
    matrix = similarity_transforms(np.ones((1, 5, 2), np.float32), TEMPLATE)[0]

    assert np.isnan(matrix).any()
    assert cut_chip(smooth_photo(50, 50), matrix, 20).max() == 0


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Four points cannot be fitted to five."""
    with pytest.raises(ArgumentError, match=r"\(2, 4, 2\)"):
        similarity_transforms(np.zeros((2, 4, 2), np.float32), TEMPLATE)


def test_the_identity_cuts_the_photo_itself() -> None:
    """The identity transform gives the upper left pixels unchanged."""
    photo = RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)

    chip = cut_chip(photo, np.array([[1, 0, 0], [0, 1, 0]], np.float32), 30)

    np.testing.assert_array_equal(chip, photo[:30, :30])


def test_whole_shifts_move_whole_pixels() -> None:
    """A shift by (-5, -7) brings pixel (5, 7) to the corner; outside the photo is black."""
    photo = RNG.integers(1, 256, (40, 60, 3), dtype=np.uint8)

    chip = cut_chip(photo, np.array([[1, 0, -5], [0, 1, -7]], np.float32), 60)

    np.testing.assert_array_equal(chip[:33, :55], photo[7:, 5:])
    assert chip[33:].max() == 0
    assert chip[:, 55:].max() == 0


def test_a_quarter_turn_is_a_quarter_turn() -> None:
    """Rotating by 90 degrees about the centre equals numpy's rot90, but for Pillow's rounding down."""
    photo = RNG.integers(0, 256, (21, 21, 3), dtype=np.uint8)

    chip = cut_chip(photo, similarity(np.pi / 2, 1, 20, 0).astype(np.float32), 21)

    np.testing.assert_allclose(chip.astype(int), np.rot90(photo, -1), atol=1)


@pytest.mark.parametrize("scale", [0.11, 0.24, 0.49, 0.8, 1.3, 2.0])
def test_landmarks_land_where_the_transform_says(scale: float) -> None:
    """A bright dot at a known place is found at the transformed place, at any reduction."""
    photo = np.zeros((400, 500, 3), np.uint8)
    x, y = 250, 200
    photo[y - 8 : y + 9, x - 8 : x + 9] = 255
    matrix = similarity(0.3, scale, 0, 0)
    matrix[:, 2] = np.array([78, 71]) - moved(matrix, np.array([[x, y]]))[0]

    chip = cut_chip(photo, matrix.astype(np.float32), 150).astype(float)[..., 0]

    rows, columns = np.mgrid[:150, :150]
    centre = np.array([(chip * columns).sum(), (chip * rows).sum()]) / chip.sum()
    np.testing.assert_allclose(centre, moved(matrix, np.array([[x, y]]))[0], atol=0.1)


@pytest.mark.parametrize(("scale", "every"), [(0.75, (3, 4)), (0.6, (3, 5))])
def test_a_photo_less_than_twice_as_large_keeps_its_detail(scale: float, every: tuple[int, int]) -> None:
    """Where chip and photo share a pixel's centre, the chip has that pixel's colour: nothing was averaged before."""
    photo = np.random.default_rng(4).integers(0, 256, (120, 120, 3)).astype(np.uint8)

    chip = cut_chip(photo, np.array([[scale, 0, 0], [0, scale, 0]], np.float32), 60)

    ours, theirs = chip[:: every[0], :: every[0]], photo[:: every[1], :: every[1]]
    np.testing.assert_allclose(ours.astype(int), theirs[: len(ours), : len(ours)], atol=1)


def test_a_photo_twice_as_large_is_averaged() -> None:
    """At half the size each pixel is the mean of four."""
    photo = np.random.default_rng(4).integers(0, 256, (120, 120, 3)).astype(np.uint8)

    chip = cut_chip(photo, np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]], np.float32), 60)

    np.testing.assert_allclose(chip, photo.reshape(60, 2, 60, 2, 3).mean(axis=(1, 3)), atol=1)


def test_a_chip_beside_the_photo_is_black() -> None:
    """A transform that leads wholly outside gives black, not an error."""
    assert cut_chip(smooth_photo(50, 50), np.array([[1, 0, 900], [0, 1, 900]], np.float32), 30).max() == 0


def test_the_five_point_template() -> None:
    """InsightFace's points at 112 pixels; at 128 eight pixels further right; multiples of either are scaled."""
    narrow, wide = TemplateCrop(112).points, TemplateCrop(128).points

    np.testing.assert_allclose(narrow[[0, 4]], [[38.2946, 51.6963], [70.7299, 92.2041]], atol=1e-4)
    np.testing.assert_allclose(wide - narrow, np.tile([8, 0], (5, 1)), atol=1e-4)
    np.testing.assert_allclose(TemplateCrop(224).points, 2 * narrow, atol=1e-4)
    np.testing.assert_allclose(TemplateCrop(256).points, 2 * wide, atol=1e-4)


def test_tree_squares_move_with_the_face() -> None:
    """Scaling and shifting the points scales and shifts the square."""
    points = TEMPLATE[None]
    first = tree_squares(points)
    second = tree_squares(points * 2 + 10)

    np.testing.assert_allclose(first, [[72.6 - 64.85, 73.5 - 64.85, 72.6 + 64.85, 73.5 + 64.85]], atol=1e-2)
    np.testing.assert_allclose(second, first * 2 + 10, atol=1e-2)


def test_a_crop_takes_the_points_that_it_was_fitted_to() -> None:
    """Trees placed by MTCNN's points refuse another detector's; a template of eyes, nose and mouth takes any."""
    trees = DlibChip(lambda _image, squares: np.empty((len(squares), 5, 2), np.float32))
    other = SimpleNamespace(name="other", points_convention="corners-5.v1")

    with pytest.raises(ArgumentError, match=r"fitted to the points mtcnn-5\.v1; other finds corners-5\.v1"):
        check_points(other, trees)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="whole finds points that it does not name"):
        check_points(SimpleNamespace(name="whole"), trees)  # type: ignore[arg-type]
    check_points(Mtcnn(), trees)
    for crop in (TemplateCrop(112), BoxCrop()):
        check_points(other, crop)  # type: ignore[arg-type]


def test_a_chip_has_one_size_and_one_name() -> None:
    """What the trees were fitted to cannot be changed under the recipe's name."""
    with pytest.raises(TypeError):
        DlibChip(lambda _image, squares: squares, size=112)  # type: ignore[call-arg]
    assert (DlibChip.name, DlibChip.size) == ("dlib-5pt-chip-150.v1", 150)


def test_no_face_gives_no_chip() -> None:
    """An empty detection gives an empty batch of chips."""
    crop = DlibChip(lambda _image, squares: np.empty((len(squares), 5, 2), np.float32))

    assert crop(smooth_photo(50, 60), Detections.empty((60, 50))).shape == (0, 150, 150, 3)

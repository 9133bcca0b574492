"""The landmark trees: a slow re-derivation, dlib itself, and files that are not the model."""

import dataclasses

import numpy as np
import pytest

from facerec.align.landmarks import LandmarkTrees, pack_trees, parse_landmark_trees, unpack_trees
from facerec.errors import CorruptWeightsError
from facerec.models import catalogue, weights
from facerec.photos import reader
from facerec.photos.folders import find_photos


@pytest.fixture(scope="module")
def content() -> bytes:
    """The weight file."""
    return weights.load(catalogue.DLIB_5PT_WEIGHTS)


@pytest.fixture(scope="module")
def trees(content: bytes) -> LandmarkTrees:
    """The predictor."""
    return parse_landmark_trees(content, name="trees.dat")


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """Smooth waves: not a face, but the trees must answer for any picture."""
    y, x = np.mgrid[:240, :320]
    waves = [127 + 120 * np.sin(x / (9 + k)) * np.cos(y / (13 - k)) for k in range(3)]
    return np.stack(waves, axis=2).astype(np.uint8)


def slowly(trees: LandmarkTrees, photo: np.ndarray, square: np.ndarray) -> np.ndarray:
    """One face, one tree, one split at a time, as Kazemi & Sullivan write it; the similarity by SVD (Umeyama)."""
    left, top, right, bottom = square.astype(float)
    span, corner = np.array([right - left, bottom - top]), np.array([left, top])
    shape = trees.initial.astype(float)
    for cascade in range(len(trees.first)):
        a, b = trees.initial - trees.initial.mean(0), shape - shape.mean(0)
        u, sizes, v = np.linalg.svd(b.T @ a)
        sign = np.diag([1, np.sign(np.linalg.det(u @ v))])
        linear = u @ sign @ v * (sizes * np.diag(sign)).sum() / (a**2).sum()
        values = []
        for anchor, delta in zip(trees.anchors[cascade], trees.deltas[cascade], strict=True):
            x, y = np.floor((linear @ delta + shape[anchor]) * span + corner + 0.5).astype(int)
            inside = 0 <= x < photo.shape[1] and 0 <= y < photo.shape[0]
            values.append(int(photo[y, x].astype(int).sum()) // 3 if inside else 0)
        step = np.zeros((5, 2))
        for tree in range(trees.first.shape[1]):
            node = 0
            while node < 15:
                i, j = trees.first[cascade, tree, node], trees.second[cascade, tree, node]
                node = 2 * node + (1 if values[i] - values[j] > trees.thresholds[cascade, tree, node] else 2)
            step += trees.leaves[cascade, tree * 16 + node - 15].reshape(5, 2)
        shape = shape + step
    return shape * span + corner


@pytest.mark.parametrize(
    "square", [[60, 50, 190, 180], [-40, 100, 90, 230], [250, 180, 400, 330], [100, 100, 131, 131]]
)
def test_equals_the_slow_derivation(trees: LandmarkTrees, photo: np.ndarray, square: list[int]) -> None:
    """Inside the photo, across its edges, and at small size."""
    expected = slowly(trees, photo, np.array(square))

    found = trees(photo, np.array([square], np.float32))[0]

    np.testing.assert_allclose(found, expected, atol=0.02)


def test_faces_do_not_disturb_each_other(trees: LandmarkTrees, photo: np.ndarray) -> None:
    """Many faces at once give what each gives alone."""
    squares = np.array([[60, 50, 190, 180], [10, 10, 80, 80], [150, 90, 300, 240]], np.float32)

    together = trees(photo, squares)

    for square, points in zip(squares, together, strict=True):
        np.testing.assert_allclose(points, trees(photo, square[None])[0], atol=1e-4)


def test_no_face_gives_no_points(trees: LandmarkTrees, photo: np.ndarray) -> None:
    """An empty list of squares is a value of shape (0, 5, 2)."""
    assert trees(photo, np.empty((0, 4), np.float32)).shape == (0, 5, 2)


def test_equals_dlib_on_real_faces(trees: LandmarkTrees, data) -> None:
    """Dlib's own predictor on dlib's own boxes: within a pixel, and mostly the same to the pixel."""
    dlib = pytest.importorskip("dlib")
    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(weights.locate(catalogue.DLIB_5PT_WEIGHTS)))
    differences = []
    for path in find_photos([data / "face_samples"]).photos[::2]:
        photo = reader.read(path)
        for box in detector(photo, 0):
            expected = [(part.x, part.y) for part in predictor(photo, box).parts()]
            square = np.array([[box.left(), box.top(), box.right(), box.bottom()]], np.float32)
            differences.append(np.abs(np.floor(trees(photo, square)[0] + 0.5) - expected).max())

    assert len(differences) >= 5
    assert max(differences) <= 2
    assert np.mean(np.array(differences) == 0) > 0.5


@pytest.mark.parametrize("length", [0, 3, 1000, 5_000_000, 9_150_488])
def test_a_truncated_file_is_refused(content: bytes, length: int) -> None:
    """A file that is cut off anywhere is an error that names it."""
    with pytest.raises(CorruptWeightsError, match=r"cut\.dat"):
        parse_landmark_trees(content[:length], name="cut.dat")


def test_bytes_after_the_end_are_refused(content: bytes) -> None:
    """Nothing may follow the pixel offsets."""
    with pytest.raises(CorruptWeightsError, match=r"long\.dat"):
        parse_landmark_trees(content + b"\x01\x00", name="long.dat")


def test_another_dlib_model_is_refused() -> None:
    """The ResNet is a dlib file too, but holds no trees."""
    with pytest.raises(CorruptWeightsError, match=r"resnet\.dat"):
        parse_landmark_trees(weights.load(catalogue.DLIB_RESNET_WEIGHTS), name="resnet.dat")


@pytest.mark.parametrize("pixels", [0, 1])
def test_a_cascade_needs_pixels(pixels: int) -> None:
    """The smallest predictor that could be written is read; without a pixel to compare it is refused."""
    tree = [15, *[0] * (15 * 4), 16, *[-10, -1, *[0] * 20] * 16]
    stream = [1, -10, -1, *[0] * 20, 1, 1, *tree, 1, pixels, *[0] * pixels, 1, pixels, *[0] * 4 * pixels]
    content = b"".join(bytes([0x81 if number < 0 else 1, abs(number)]) for number in stream)

    if pixels:
        assert parse_landmark_trees(content, name="small.dat").anchors.shape == (1, 1)
    else:
        with pytest.raises(CorruptWeightsError, match=r"small\.dat"):
            parse_landmark_trees(content, name="small.dat")


def test_size_as_published(trees: LandmarkTrees) -> None:
    """15 cascades of 500 trees over 800 pixels each."""
    assert trees.first.shape == (15, 500, 15)
    assert trees.anchors.shape == (15, 800)


def test_packed_trees_are_the_same(trees: LandmarkTrees) -> None:
    """What a runtime's folder holds of them is read back bit by bit, in the same types."""
    again = unpack_trees(pack_trees(trees), name="landmarks.npz")

    for field in dataclasses.fields(LandmarkTrees):
        ours, theirs = getattr(again, field.name), getattr(trees, field.name)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("part", [slice(0), slice(1000), slice(100, None)])
def test_what_holds_no_packed_trees(trees: LandmarkTrees, part: slice) -> None:
    """Empty, or cut off at either end: one error, which names the file."""
    with pytest.raises(CorruptWeightsError, match=r"landmarks\.npz does not hold"):
        unpack_trees(pack_trees(trees)[part], name="landmarks.npz")

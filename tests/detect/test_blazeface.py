"""BlazeFace: all around the network is held to laws with a made one; the network itself looks at real photos."""

import pickle
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as made

from facerec.detect import BlazeFace, Mtcnn, SecondLook, blazeface
from facerec.detect.load import detector_names, load_detector
from facerec.errors import ArgumentError, MissingExtraError, MissingWeightsError
from facerec.photos import reader

# Where the made network places its six points in a box, and how it doubts each of three anchors.
_PLACES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.5, 0.8], [0.0, 0.5], [1.0, 0.5]])
_EVIDENCE = {100: 3.0, 400: 2.0, 800: 2.5}


class BrightThings:
    """In place of LiteRT's interpreter: whatever is brighter than grey is one face, told by three anchors."""

    def __init__(self, *, model_content: bytes, num_threads: int) -> None:
        assert (model_content, num_threads) == (b"the network", 1)
        self.results: dict[int, np.ndarray] = {}

    def allocate_tensors(self) -> None:
        """Nothing to make ready."""

    def get_input_details(self) -> list[dict]:
        """Of the one input."""
        return [{"name": "input", "index": 0}]

    def get_output_details(self) -> list[dict]:
        """Of the two outputs, in an order of their own."""
        return [{"name": "regressors", "index": 175}, {"name": "classificators", "index": 174}]

    def set_tensor(self, index: int, pixels: np.ndarray) -> None:
        """Look at the photo."""
        assert (index, pixels.shape, pixels.dtype) == (0, (1, 128, 128, 3), np.float32)
        assert -1 <= pixels.min() <= pixels.max() <= 1
        self.pixels = pixels[0]

    def invoke(self) -> None:
        """Find the bright box."""
        evidence, regressions = np.full((1, 896, 1), -9.0, np.float32), np.zeros((1, 896, 8, 2), np.float32)
        rows, columns = np.nonzero((self.pixels > 0).all(axis=2))
        if len(rows):
            first = np.array([columns.min(), rows.min()])
            spans = np.array([columns.max(), rows.max()]) + 1 - first
            for number, odds in _EVIDENCE.items():
                told = np.concatenate([[first + spans / 2], [spans], first + _PLACES * spans])
                told[[0, *range(2, 8)]] -= blazeface.anchors()[number]
                evidence[0, number], regressions[0, number] = odds, told
        self.results = {174: evidence, 175: regressions.reshape(1, 896, 16)}

    def get_tensor(self, index: int) -> np.ndarray:
        """What was found."""
        return self.results[index]


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> type[BlazeFace]:
    """The detector, whose network finds bright things."""
    module = ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = BrightThings  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert", ModuleType("ai_edge_litert"))
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", module)
    monkeypatch.setattr(blazeface, "weights", SimpleNamespace(load=lambda *_, **__: b"the network"))
    return BlazeFace


@pytest.fixture(scope="module")
def real() -> BlazeFace:
    """The detector with its own network, where LiteRT and the file are here."""
    try:
        return BlazeFace()
    except (MissingExtraError, MissingWeightsError) as error:
        pytest.skip(str(error))


# -- around the network -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(480, 640), (640, 480), (128, 128), (64, 48), (1000, 130), (30, 300), (700, 700)])
def test_a_face_lies_where_it_was_seen(bright, size) -> None:
    """Whatever the photo's size, box and points come back in its pixels, to what one pixel of the network covers."""
    height, width = size
    left, top, right, bottom = width // 3, height // 3, width // 3 + width // 2, height // 3 + max(height // 2, 1)
    photo = np.zeros((height, width, 3), np.uint8)
    photo[top:bottom, left:right] = 255

    found = bright(min_face_size=1)(photo)

    assert len(found) == 1
    assert found.image_size == (width, height)
    spans, middle = np.array([right - left, bottom - top]), np.array([left + right, top + bottom]) / 2
    one = 1.01 * max(size) / 128 + 0.01
    wanted = [*(middle + spans * [-0.45, -0.67]), *(middle + spans * [0.45, 0.485])]
    np.testing.assert_allclose(found.boxes[0], wanted, atol=2.2 * one)
    corner = np.array([left, top]) - 0.5  # points count from the centre of a pixel
    np.testing.assert_allclose(found.points[0, :3], corner + _PLACES[:3] * spans, atol=one)
    mouth = [[0.5 - 0.43 * 0.4, 0.8], [0.5 + 0.43 * 0.4, 0.8]]
    np.testing.assert_allclose(found.points[0, 3:], corner + np.array(mouth) * spans, atol=one)
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-3)))


def test_small_faces_are_left_out(bright) -> None:
    """A box whose shorter side is below the least is not found; nor is any in a photo that small."""
    photo = np.zeros((256, 256, 3), np.uint8)
    photo[100:150, 100:150] = 255
    side = bright(min_face_size=1)(photo).sizes[0]
    assert side == pytest.approx(0.9 * 50, abs=4)
    assert len(bright(min_face_size=int(side))(photo)) == 1
    assert len(bright(min_face_size=int(side) + 1)(photo)) == 0
    assert len(bright(min_face_size=40)(photo[100:139, 100:139])) == 0


def test_no_face_is_an_empty_value(bright) -> None:
    """A black photo gives a value of length 0, of the photo's size."""
    found = bright()(np.zeros((60, 90, 3), np.uint8))
    assert (len(found), found.image_size) == (0, (90, 60))


def test_threads_have_networks_of_their_own(bright) -> None:
    """Two threads at once find each its own faces; one network is enough for one after the other."""
    detector = bright(min_face_size=1)
    photos = [np.zeros((128, 128, 3), np.uint8) for _ in range(2)]
    photos[0][10:30, 10:30] = photos[1][60:100, 70:110] = 255
    wanted = [detector(photo).boxes for photo in photos]
    gate, right = threading.Barrier(2), [[], []]

    def look(number: int) -> None:
        gate.wait()
        right[number] = [np.array_equal(detector(photos[number]).boxes, wanted[number]) for _ in range(30)]

    threads = [threading.Thread(target=look, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [[True] * 30] * 2
    assert 1 <= detector._network._idle.qsize() <= 2


def test_it_pickles_with_its_settings(bright) -> None:
    """Another process makes it anew."""
    again = pickle.loads(pickle.dumps(bright(min_face_size=25)))
    assert again.name == "blazeface.v2(min_face_size=25)"
    assert again.points_convention == Mtcnn.points_convention


def test_anchors_are_those_of_the_network() -> None:
    """Two at each place of a grid of 16 × 16, six at each of 8 × 8, row by row."""
    found = blazeface.anchors()
    assert found.shape == (896, 2)
    assert found[:4].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4]]
    assert found[32].tolist() == [4, 12]
    assert found[510:514].tolist() == [[124, 124], [124, 124], [8, 8], [8, 8]]
    assert found[518].tolist() == [24, 8]
    assert found[-1].tolist() == [120, 120]


def test_only_likely_faces_count() -> None:
    """Log odds of 0.62 are a face, of 0.618 none; the best comes first."""
    evidence = np.full(896, -9, np.float32)
    evidence[[5, 6, 7]] = [0.62, 2, 0.618]  # 0.65 lies between
    boxes, scores, points = blazeface.decoded(evidence, np.zeros((896, 16), np.float32))
    assert scores == pytest.approx([1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-0.62))])
    assert (boxes.shape, points.shape) == ((2, 2, 2), (2, 6, 2))


def test_boxes_of_one_face_are_averaged_by_their_scores() -> None:
    """By hand: two boxes that share half of their union, and one apart, whose points follow."""
    boxes = np.array([[[0, 0], [30, 10]], [[10, 0], [40, 10]], [[60, 0], [70, 10]]], np.float32)
    scores = np.array([0.9, 0.6, 0.5], np.float32)
    points = np.arange(6, dtype=np.float32).reshape(3, 1, 2)

    merged, best, moved = blazeface.one_per_face(boxes, scores, points)

    np.testing.assert_allclose(merged, [[[4, 0], [34, 10]], [[60, 0], [70, 10]]], rtol=1e-6)
    np.testing.assert_allclose(best, [0.9, 0.5])
    np.testing.assert_allclose(moved[:, 0], [[0.8, 1.8], [4, 5]], rtol=1e-6)


@pytest.mark.parametrize(("shift", "faces"), [(53, 1), (54, 2)])
def test_overlap_is_over_the_union(shift, faces) -> None:
    """Two boxes 100 wide that are 53 apart share 47 of 153, more than 0.3; 54 apart 46 of 154, less."""
    boxes = np.array([[[0, 0], [100, 10]], [[shift, 0], [100 + shift, 10]]], np.float32)
    merged, _, _ = blazeface.one_per_face(boxes, np.array([0.9, 0.8], np.float32), np.zeros((2, 6, 2), np.float32))
    assert len(merged) == faces


@given(
    made.arrays(np.float32, (7, 2, 2), elements=st.floats(0, 128, width=16)),
    made.arrays(np.float32, 7, elements=st.floats(0.5, 1, width=16)),
)
def test_every_face_stays_one(boxes, scores) -> None:
    """Any boxes, empty and inside-out ones too: there is one at least, the best score survives, all within the hull."""
    scores = np.sort(scores)[::-1]
    merged, kept, _ = blazeface.one_per_face(boxes, scores, np.zeros((7, 6, 2), np.float32))
    assert 1 <= len(merged) <= 7
    assert kept[0] == scores[0]
    assert (np.diff(kept) <= 0).all()
    assert (merged >= boxes.min(axis=0) - 1e-3).all()
    assert (merged <= boxes.max(axis=0) + 1e-3).all()


@given(
    made.arrays(np.float64, (2, 6, 2), elements=st.floats(-50, 50)),
    st.floats(0.2, 4),
    st.floats(-np.pi, np.pi),
    made.arrays(np.float64, 2, elements=st.floats(-100, 100)),
)
def test_points_follow_the_face(points, scale, angle, shift) -> None:
    """Of a face that is moved, turned and enlarged, the points are moved, turned and enlarged."""
    apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    points = points[apart > 1]
    turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    there = blazeface.mtcnn_points(points @ turn + shift)
    size = 1 + np.abs(there).max(initial=0)
    np.testing.assert_allclose(there, blazeface.mtcnn_points(points) @ turn + shift, atol=1e-4 * size)


def test_corners_of_the_mouth_by_hand() -> None:
    """A face that looks ahead, one that looks to the right, and one whose points coincide, which stays finite."""
    ahead = [[0, 0], [10, 0], [5, 6], [5, 11], [-5, 2], [15, 2]]
    aside = [[0, 0], [10, 0], [8, 6], [7, 11], [-5, 2], [15, 2]]
    found = blazeface.mtcnn_points(np.array([ahead, aside, [[3, 3]] * 6], float))
    np.testing.assert_allclose(found[0], [[0, 0], [10, 0], [5, 6], [0.7, 11], [9.3, 11]], rtol=1e-6)
    np.testing.assert_allclose(found[1, 3:], [[7 - 4.3 - 1.2, 11], [7 + 4.3 - 1.2, 11]], rtol=1e-6)
    np.testing.assert_allclose(found[2], 3)


@pytest.mark.parametrize(
    "photo", [np.zeros((9, 9)), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))], ids=["grey", "alpha", "floats"]
)
def test_what_is_not_a_photo_is_refused(bright, photo) -> None:
    """As by every detector."""
    with pytest.raises(ArgumentError, match=r"a photo must be uint8 of shape \(height, width, 3\)"):
        bright()(photo)


def test_a_size_below_a_pixel_is_refused(bright) -> None:
    """A face has one pixel at least."""
    with pytest.raises(ArgumentError, match="at least 1 pixel; got 0"):
        bright(min_face_size=0)


def test_without_its_runtime_the_error_says_what_to_install(bright, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteRT comes with an extra of its own."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(MissingExtraError, match=r'ai_edge_litert.* is not installed; run: pip install "facerec\[blaze'):
        BlazeFace()


def test_without_its_file_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is no part of the installation."""
    monkeypatch.setattr("facerec.models.weights.user_cache_path", lambda *_, **__: tmp_path)
    monkeypatch.setattr("facerec.models.weights.metadata.distribution", _not_installed)
    with pytest.raises(MissingWeightsError, match="facerec models fetch blazeface"):
        load_detector("blazeface")


def _not_installed(name: str) -> None:
    from importlib.metadata import PackageNotFoundError

    raise PackageNotFoundError(name)


# -- by name ------------------------------------------------------------------------------------------------------


def test_detectors_are_loaded_by_name(bright) -> None:
    """Each name gives its detector, which looks twice, with the settings that were given; BlazeFace needs no device."""
    assert detector_names() == ("mtcnn", "blazeface")
    assert load_detector().name == SecondLook(Mtcnn()).name
    assert load_detector("mtcnn", min_face_size=25).name == SecondLook(Mtcnn(min_face_size=25)).name
    found = load_detector("blazeface", min_face_size=25, device="cuda")
    assert found.name == "second-look.v2(sure=0.85, blazeface.v2(min_face_size=25))"


def test_a_mistyped_name_is_told_the_names() -> None:
    """And what may have been meant."""
    with pytest.raises(ArgumentError, match=r"'blazface'; did you mean 'blazeface'.* There are mtcnn, blazeface"):
        load_detector("blazface")
    with pytest.raises(ArgumentError, match=r"called None\. There are mtcnn, blazeface"):
        load_detector(None)


# -- the network on real photos -----------------------------------------------------------------------------------


def test_it_finds_what_the_default_finds(real: BlazeFace, data: Path) -> None:
    """On photos of one face, the same face: boxes overlap, eyes, nose and mouth lie where MTCNN finds them."""
    photos = [reader.read(path) for path in sorted((data / "lfw/images").glob("*/*_0001.jpg"))[::100]]
    mtcnn, apart = Mtcnn(), []
    for photo in photos:
        wanted, found = mtcnn(photo), real(photo)
        wanted, found = wanted[[wanted.choose("central")]], found[[found.choose("central")]]
        shared = np.minimum(wanted.boxes, found.boxes)[0, 2:] - np.maximum(wanted.boxes, found.boxes)[0, :2]
        areas = [np.prod(each.boxes[0, 2:] - each.boxes[0, :2]) for each in (wanted, found)]
        assert np.prod(shared) / (sum(areas) - np.prod(shared)) > 0.6
        eyes = np.linalg.norm(wanted.points[0, 1] - wanted.points[0, 0])
        apart.append((found.points[0] - wanted.points[0]) / eyes)

    assert len(photos) >= 40
    # Each of the five is off by noise, little to one side: a crop that is fitted to MTCNN's points fits these.
    assert np.abs(np.median(apart, axis=0)).max() < 0.09
    assert np.median(np.linalg.norm(apart, axis=2), axis=0).max() < 0.15


def test_crops_by_it_are_the_crops_by_the_default(real: BlazeFace, data: Path) -> None:
    """The default embedder's vectors of a face are nearly the same, whichever detector found it."""
    from facerec.embed.load import load_embedder

    photos = [reader.read(path) for path in sorted((data / "lfw/images").glob("*/*_0001.jpg"))[::900]]
    embedder, vectors = load_embedder(), []
    for photo in photos:
        found = [detector(photo) for detector in (Mtcnn(), real)]
        one, other = (embedder(embedder.crop(photo, each[[each.choose("central")]]))[0] for each in found)
        vectors.append(float(one @ other))

    assert np.median(vectors) > 0.999
    assert min(vectors) > 0.95

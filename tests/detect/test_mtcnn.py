"""The detector: any photo is answered, facenet-pytorch is the oracle, and the parts keep their laws."""

import pickle
import threading
import warnings

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn
from torchvision.ops import box_iou, nms

from facerec.detect import Mtcnn, sight
from facerec.detect.boxes import cell_boxes, clipped, nms_by_level, nms_by_smaller, nms_by_union, shift_by, squared
from facerec.detect.nets import ONet, PNet, RNet, _halved, _prelu, load_nets
from facerec.detect.sampling import ExactSampler, FastSampler
from facerec.errors import ArgumentError, MissingWeightsError
from facerec.photos import reader
from facerec.photos.folders import find_photos

RNG = np.random.default_rng(2)


@pytest.fixture(scope="module")
def fast() -> Mtcnn:
    """The detector at its defaults."""
    return Mtcnn()


@pytest.fixture(scope="module")
def exact() -> Mtcnn:
    """The detector that does what facenet-pytorch does."""
    return Mtcnn(min_face_size=20, mode="exact")


@pytest.fixture(scope="module")
def samples(data) -> list[np.ndarray]:
    """Real photos: whole scenes, partial faces, and portraits of LFW; at most 1,000 pixels."""
    portraits = sorted((data / "lfw/images").glob("*/*_0001.jpg"))
    paths = [*find_photos([data / "face_samples"]).photos[::2], *portraits[::600]]
    found = []
    for path in paths:
        photo = PIL.Image.fromarray(reader.read(path))
        photo.thumbnail((1000, 1000))
        found.append(np.asarray(photo))
    return found


def overlaps(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """IoU of every box of theirs (rows) with every one of ours."""
    return box_iou(torch.tensor(theirs), torch.tensor(ours)).numpy()


@pytest.mark.parametrize("mode", ["fast", "exact"])
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 100), (11, 11), (12, 12), (39, 39), (40, 40), (41, 43), (10, 3000), (3000, 10), (45, 1000)]
)
def test_any_size_is_answered(mode: str, size: tuple[int, int]) -> None:
    """Small, long and narrow photos have no faces; none is an exception."""
    found = Mtcnn(mode=mode)(np.zeros((*size, 3), np.uint8))  # type: ignore[arg-type]

    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    assert found.points.shape == (0, 5, 2)
    assert found.image_size == (size[1], size[0])


@pytest.mark.parametrize(
    "photo", [np.full((200, 300, 3), 128, np.uint8), RNG.integers(0, 256, (200, 300, 3), np.uint8)]
)
def test_no_face_is_an_empty_value(fast: Mtcnn, photo: np.ndarray) -> None:
    """Neither an even plane nor noise holds a face."""
    assert len(fast(photo)) == 0


def test_exact_mode_finds_what_facenet_pytorch_finds(exact: Mtcnn, samples: list[np.ndarray]) -> None:
    """The same faces, box by box: IoU at least 0.99, points within a pixel, scores within 1e-3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from facenet_pytorch import MTCNN

        peer = MTCNN(keep_all=True, select_largest=False, device="cpu")
    faces = 0
    for photo in samples:
        boxes, scores, points = peer.detect(PIL.Image.fromarray(photo), landmarks=True)

        found = exact(photo)

        assert len(found) == (0 if boxes is None else len(boxes))
        if boxes is None:
            continue
        faces += len(boxes)
        overlap = overlaps(found.boxes, np.asarray(boxes, np.float32))
        match = overlap.argmax(axis=1)
        assert overlap.max(axis=1).min() >= 0.99
        np.testing.assert_allclose(found.scores[match], scores.astype(np.float32), atol=1e-3)
        np.testing.assert_allclose(found.points[match], np.asarray(points, np.float32), atol=1)
    assert faces >= 15


def test_fast_mode_finds_the_same_faces(exact: Mtcnn, samples: list[np.ndarray]) -> None:
    """At the same smallest size, at least 98 % of the faces of the exact mode are found again."""
    quick = Mtcnn(min_face_size=20)
    wanted = found = 0
    for photo in samples:
        theirs = exact(photo).boxes
        wanted += len(theirs)
        found += int((overlaps(quick(photo).boxes, theirs) >= 0.5).any(axis=1).sum())

    assert found >= 0.98 * wanted


@pytest.mark.parametrize("mode", ["fast", "exact"])
def test_no_photo_hands_on_more_candidates_than_the_limits(monkeypatch: pytest.MonkeyPatch, samples, mode: str) -> None:
    """A picture that looks like faces everywhere costs no more; limits beyond what is there change nothing."""
    photo, detector, looked_at = samples[0], Mtcnn(mode=mode), []
    usual = detector(photo)
    monkeypatch.setattr("facerec.detect.mtcnn._THRESHOLDS", (0.01, 0.0, 0.0))
    monkeypatch.setattr("facerec.detect.mtcnn._MOST_PROPOSALS", 7)
    monkeypatch.setattr("facerec.detect.mtcnn._MOST_REFINED", 3)
    for name in ("_refine", "_finish"):
        stage = getattr(detector, name)
        spy = lambda look, boxes, *size, stage=stage: looked_at.append(len(boxes)) or stage(look, boxes, *size)  # noqa: E731
        monkeypatch.setattr(detector, name, spy)
    detector(photo)
    monkeypatch.undo()

    assert looked_at[0] == 7
    assert looked_at[1] <= 3
    assert np.array_equal(detector(photo).boxes, usual.boxes)


def test_no_photo_has_more_candidates_weighed_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suppression grows as the square of what it is given, and is given the best of it."""
    blobs = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    weighed = []

    def weigh(boxes: np.ndarray, scores: np.ndarray, levels: np.ndarray, threshold: float) -> np.ndarray:
        weighed.append(scores)
        return nms_by_level(boxes, scores, levels, threshold)

    monkeypatch.setattr("facerec.detect.mtcnn.nms_by_level", weigh)
    detector = Mtcnn()
    detector(blobs)
    monkeypatch.setattr("facerec.detect.mtcnn._MOST_CANDIDATES", 50)
    detector(blobs)

    assert len(weighed[0]) > 50
    assert np.array_equal(weighed[1], np.sort(weighed[0])[::-1][:50])


def test_a_pickled_detector_finds_the_same(samples: list[np.ndarray]) -> None:
    """It is made anew from its settings, and none of its weights is in the pickle."""
    detector = Mtcnn(min_face_size=30, mode="exact")
    content = pickle.dumps(detector)

    again = pickle.loads(content)

    assert len(content) < 1000
    assert again.name == detector.name == "mtcnn.v1(min_face_size=30, mode=exact)"
    np.testing.assert_array_equal(again(samples[0]).boxes, detector(samples[0]).boxes)


def test_a_shifted_face_is_found_where_it_is(fast: Mtcnn, samples: list[np.ndarray]) -> None:
    """Moving the photo on a grey ground moves box and points with it."""
    portrait = samples[-1]
    height, width = portrait.shape[:2]
    ground = np.full((height + 60, width + 80, 3), 128, np.uint8)
    ground[20 : 20 + height, 48 : 48 + width] = portrait
    first, second = fast(portrait), fast(ground)

    i, j = first.choose("largest"), second.choose("largest")

    side = float(first.sizes[i])
    np.testing.assert_allclose(second.boxes[j], first.boxes[i] + [48, 20, 48, 20], atol=0.12 * side)
    np.testing.assert_allclose(second.points[j], first.points[i] + [48, 20], atol=0.08 * side)


def test_detections_come_best_first(fast: Mtcnn, samples: list[np.ndarray]) -> None:
    """Scores fall from the first detection to the last, and lie between 0.7 and 1."""
    for photo in samples:
        scores = fast(photo).scores
        assert (np.diff(scores) <= 0).all()
        assert ((scores > 0.7) & (scores <= 1)).all()


@pytest.mark.parametrize("size", [24, 48])
def test_the_number_of_threads_moves_no_bit(size: int) -> None:
    """Sums of the dense layers are split among threads; 1, 2 and 3 give the same points, and so the same chip."""
    nets = load_nets(device=torch.device("cpu"))
    network = nets.refine if size == 24 else nets.finish
    generator = torch.Generator().manual_seed(7)
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            parts = [network(torch.rand(n, 3, size, size, generator=generator) * 255) for n in (1, 2, 3, 5, 8)]
            found.append([array for part in parts for array in part])
            generator.manual_seed(7)
    finally:
        torch.set_num_threads(threads)

    for one, *others in zip(*found, strict=True):
        assert all(torch.equal(one, other) for other in others)


def test_threads_share_a_detector(fast: Mtcnn, samples: list[np.ndarray]) -> None:
    """Four threads at once get what one gets."""
    expected = fast(samples[0]).boxes
    got: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: got.append(fast(samples[0]).boxes)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 4
    for boxes in got:
        np.testing.assert_array_equal(boxes, expected)


@pytest.mark.parametrize(
    "photo", [np.zeros((50, 50), np.uint8), np.zeros((50, 50, 4), np.uint8), np.zeros((50, 50, 3))]
)
def test_what_is_not_a_photo_is_refused(fast: Mtcnn, photo: np.ndarray) -> None:
    """Grey, RGBA and float arrays have not been through the reader."""
    with pytest.raises(ArgumentError, match="uint8 of shape"):
        fast(photo)


def test_too_small_a_face_size_is_refused() -> None:
    """The proposal network sees 12 pixels at the least."""
    with pytest.raises(ArgumentError, match="at least 12"):
        Mtcnn(min_face_size=11)


def test_an_unknown_mode_is_refused() -> None:
    """The message lists the modes."""
    with pytest.raises(ArgumentError, match="fast, exact"):
        Mtcnn(mode="slow")  # type: ignore[arg-type]


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Without the package that carries them, the message says which file is missing."""
    import dataclasses

    from facerec.models import catalogue
    from facerec.models.weights import InPackage

    absent = dataclasses.replace(catalogue.PNET, source=InPackage("no-such-package", "1", "pnet.pt"))
    monkeypatch.setattr(catalogue, "PNET", absent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(MissingWeightsError, match=r"pnet\.pt"):
        Mtcnn()


# -- the parts ----------------------------------------------------------------------------------------------------


def test_cells_are_two_pixels_apart_and_see_twelve() -> None:
    """Worked by hand: cell (3, 1) at half size sees pixels 7 … 18 by 3 … 14, doubled."""
    np.testing.assert_array_equal(cell_boxes(np.array([[3, 1]]), 0.5), [[14, 6, 36, 28]])


def test_shift_moves_sides_by_fractions() -> None:
    """Worked by hand: a box of 10 by 20, with and without the odd one."""
    box, move = np.array([[0.0, 0.0, 10.0, 20.0]], np.float32), np.array([[0.1, 0.1, -0.1, -0.1]], np.float32)

    np.testing.assert_allclose(shift_by(box, move, plus_one=False), [[1, 2, 9, 18]])
    np.testing.assert_allclose(shift_by(box, move, plus_one=True), [[1.1, 2.1, 8.9, 17.9]], rtol=1e-6)


def test_squares_keep_the_centre_and_the_longer_side() -> None:
    """A box of 10 by 20 becomes 20 by 20 about the same centre."""
    np.testing.assert_allclose(squared(np.array([[0.0, 0.0, 10.0, 20.0]], np.float32)), [[-5, 0, 15, 20]])


def test_clipping_keeps_whole_pixels_of_the_photo() -> None:
    """Boxes count from 1; what lies outside is cut."""
    boxes = np.array([[-3.7, 0.2, 5.9, 8.0], [2.0, 3.0, 400.0, 500.0]], np.float32)

    np.testing.assert_array_equal(clipped(boxes, 100, 50), [[0, 0, 5, 8], [1, 2, 100, 50]])


def test_of_equally_probable_boxes_the_later_stays() -> None:
    """As in facenet-pytorch; probabilities saturate at 1, so that ties are common."""
    boxes = np.array([[0.0, 0.0, 20.0, 20.0], [1.0, 1.0, 21.0, 21.0], [60.0, 0.0, 80.0, 20.0]], np.float32)

    assert nms_by_smaller(boxes, np.ones(3, np.float32), 0.7).tolist() == [2, 1]


def test_suppression_by_the_smaller_equals_the_naive_loop() -> None:
    """Greedy, best first, overlap relative to the smaller of two boxes."""
    corner = RNG.uniform(0, 60, (40, 2))
    boxes = np.concatenate([corner, corner + RNG.uniform(5, 40, (40, 2))], axis=1).astype(np.float32)
    scores = RNG.permutation(40).astype(np.float32)
    kept: list[int] = []
    for i in np.argsort(-scores):
        area = lambda b: (b[2] - b[0] + 1) * (b[3] - b[1] + 1)  # noqa: E731
        clashes = False
        for j in kept:
            lo, hi = np.maximum(boxes[i, :2], boxes[j, :2]), np.minimum(boxes[i, 2:], boxes[j, 2:])
            shared = np.maximum(0, hi - lo + 1).prod()
            clashes |= shared / min(area(boxes[i]), area(boxes[j])) > 0.5
        if not clashes:
            kept.append(int(i))

    assert nms_by_smaller(boxes, scores, 0.5).tolist() == kept


@pytest.mark.parametrize("count", [0, 1, 2, 40, 300, 3000])
@pytest.mark.parametrize("whole", [True, False])
def test_suppression_by_the_union_is_torchvisions(count: int, whole: bool) -> None:
    """The same boxes in the same order, with many equal scores, empty boxes and overlaps that equal the threshold."""
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 20 * max(1, count) ** 0.5, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(-1, 40, (count, 2)).clip(0)], axis=1)
    boxes = (boxes.round() if whole else boxes).astype(np.float32)
    scores = rng.integers(0, 50, count).astype(np.float32) / np.float32(7)

    for threshold in (0.25, 0.5, 0.6, 0.7):
        theirs = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
        assert nms_by_union(boxes, scores, threshold).tolist() == theirs.tolist()


@pytest.mark.parametrize("count", [0, 1, 40, 400, 900])
def test_suppression_by_level_is_that_of_each_level(count: int) -> None:
    """Few boxes or many: of each level those that would be kept if it were alone, all of them best first."""
    rng = np.random.default_rng(count)
    corner = rng.integers(0, 200, (count, 2))
    boxes = np.concatenate([corner, corner + rng.integers(12, 60, (count, 2))], axis=1).astype(np.float32)
    scores, levels = (rng.integers(0, 50, count) / 7).astype(np.float32), rng.integers(0, 4, count)

    kept = nms_by_level(boxes, scores, levels, 0.5)

    assert np.array_equal(scores[kept], np.sort(scores[kept])[::-1])
    for level in range(4):
        own = np.flatnonzero(levels == level)
        assert np.array_equal(kept[levels[kept] == level], own[nms_by_union(boxes[own], scores[own], 0.5)])


def test_the_networks_are_facenet_pytorchs() -> None:
    """Layer by layer the same names and shapes, and with the same weights the same answers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from facenet_pytorch.models import mtcnn as peer
    generator = torch.Generator().manual_seed(1)
    for ours, theirs, side in ((RNet(), peer.RNet(), 24), (ONet(), peer.ONet(), 48)):
        ours.load_state_dict(theirs.state_dict())
        crops = torch.randn((3, 3, side, side), generator=generator)
        with torch.inference_mode():
            for answer, expected in zip(ours(crops), theirs(crops), strict=True):
                torch.testing.assert_close(answer, expected)
    shapes = {name: value.shape for name, value in peer.PNet().state_dict().items()}
    assert {name: value.shape for name, value in PNet().state_dict().items()} == shapes


@pytest.mark.parametrize("shape", [(1, 10, 8, 8), (1, 10, 7, 8), (2, 3, 5, 9), (1, 4, 1, 1)])
def test_halving_is_max_pooling(shape: tuple[int, ...]) -> None:
    """The quicker way gives torch's own MaxPool2d(2, 2, ceil_mode=True)."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))

    assert torch.equal(_halved(x), nn.MaxPool2d(2, 2, ceil_mode=True)(x))


@pytest.mark.parametrize("shape", [(1, 10, 7, 9), (1, 3, 1, 1), (1, 16, 20, 3)])
def test_prelu_by_rows_is_prelu(shape: tuple[int, ...]) -> None:
    """The quicker way gives torch's own PReLU, negative slopes included."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
    slopes = torch.randn(shape[1], generator=generator)

    assert torch.equal(_prelu(x, slopes), nn.functional.prelu(x, slopes))


@pytest.mark.parametrize("size", [(12, 12), (13, 40), (101, 64), (150, 77)])
def test_strips_see_what_the_whole_sees(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    """The proposal network finds the same cells in strips of any height as in the level at once."""
    nets = load_nets(device=torch.device("cpu"))
    level = 255 * torch.rand((1, 3, *size), generator=torch.Generator().manual_seed(1))
    level = nn.functional.avg_pool2d(level, 5, 1, 2)
    with torch.inference_mode():
        whole = nets.propose(level, 0.02)
        assert len(whole[0]) > 0
        for pixels in (1, 500, 2000):
            monkeypatch.setattr(sight, "STRIP_PIXELS", pixels)
            for expected, got in zip(whole, nets.propose(level, 0.02), strict=True):
                torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.31, 0.11])
def test_both_samplers_see_the_same_photo(scale: float) -> None:
    """Of a smooth photo, whole and cropped, the fast sampler gives nearly the exact one's pixels."""
    y, x = np.mgrid[:300, :400]
    waves = np.stack([127 + 100 * np.sin(x / 41 + k) * np.cos(y / 37) for k in range(3)]).round().astype(np.uint8)
    photo = torch.from_numpy(waves)[None]
    boxes = torch.tensor([[10, 20, 34, 44], [50, 60, 150, 170], [0, 0, 400, 300], [350, 250, 400, 300]])

    exact, fast = ExactSampler(photo), FastSampler(photo)

    assert exact.at_scale(scale).shape == fast.at_scale(scale).shape
    assert (exact.at_scale(scale) - fast.at_scale(scale)).abs().max() < 6
    for size in (24, 48):
        assert (exact.crops(boxes, size) - fast.crops(boxes, size)).abs().mean() < 2.5

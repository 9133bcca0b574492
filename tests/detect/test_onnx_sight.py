"""Detection without torch: the samplers in numpy and the graphs, held against those in torch."""

import pickle

import numpy as np
import PIL.Image
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from facerec.detect import Mtcnn, sight
from facerec.detect.array_sampling import ArraySampler
from facerec.detect.load import load_detector
from facerec.detect.onnx_sight import OnnxNetworks
from facerec.detect.sampling import FastSampler
from facerec.detect.shrinking import shrunk
from facerec.detect.sight import strips
from facerec.errors import ArgumentError, OtherRuntimeError
from facerec.models.runtime import read_runtime
from facerec.photos import reader

SIDES = st.integers(1, 300)


def noise(height: int, width: int) -> np.ndarray:
    """A photo of nothing, (height, width, 3)."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(height=SIDES, width=SIDES, part=st.floats(0.25, 1), black_and_white=st.booleans())
def test_shrinking_is_torchs_bit_for_bit(height: int, width: int, part: float, black_and_white: bool) -> None:
    """Any size down to a quarter of it, of noise and of pixels at both ends of their range."""
    photo = noise(height, width)
    photo = (photo > 127) * np.uint8(255) if black_and_white else photo
    wanted = int(height * part + 1), int(width * part + 1)

    theirs = interpolate(torch.from_numpy(photo).permute(2, 0, 1)[None], size=wanted, mode="bilinear", antialias=True)

    assert np.array_equal(shrunk(np.ascontiguousarray(photo.transpose(2, 0, 1)), *wanted), theirs[0].numpy())


@pytest.mark.parametrize("scale", [1.0, 0.6, 0.3, 0.11, 0.04])
def test_whole_photos_are_torchs_bit_for_bit(scale: float) -> None:
    """At every scale, through as many octaves as it takes."""
    photo = noise(333, 512)
    theirs = FastSampler(torch.from_numpy(photo).permute(2, 0, 1)[None]).at_scale(scale)

    assert np.array_equal(ArraySampler(photo).at_scale(scale), theirs[0].numpy())


@pytest.mark.parametrize("size", [24, 48])
def test_crops_are_torchs(size: int) -> None:
    """Small boxes and large ones, at the edges too: to .02 of a level, on noise, where neighbours differ most."""
    photo = noise(300, 400)
    boxes = np.array([[10, 20, 34, 44], [50, 60, 150, 170], [0, 0, 400, 300], [399, 299, 400, 300], [0, 250, 90, 300]])
    theirs = FastSampler(torch.from_numpy(photo).permute(2, 0, 1)[None]).crops(torch.from_numpy(boxes), size)

    ours = ArraySampler(photo).crops(boxes, size)

    np.testing.assert_allclose(ours, theirs.permute(0, 2, 3, 1).numpy(), atol=0.02)


@given(height=st.integers(12, 4000), width=st.integers(12, 4000))
def test_strips_see_every_cell_once(height: int, width: int) -> None:
    """The first rows of the cells that strips hold, two pixels apart, are those of the whole level."""
    rows: list[int] = []
    for strip in strips(height, width):
        end = height if strip.stop is None else strip.stop
        rows += range(strip.start, end - 11, 2)

    assert rows == list(range(0, height - 11, 2))


@pytest.fixture(scope="module")
def both(runtime) -> tuple[Mtcnn, Mtcnn]:
    """The detector on torch and on the graphs."""
    return Mtcnn(min_face_size=30), Mtcnn(min_face_size=30, networks=OnnxNetworks(read_runtime(runtime)))


def test_the_same_faces(both, data) -> None:
    """Scenes and portraits: as many faces, boxes and points to .002 of a pixel, scores to 1e-5."""
    usual, light = both
    scenes, portraits = (data / "face_samples").rglob("*.jpg"), (data / "lfw/images").glob("*/*_0001.jpg")
    faces = 0
    for path in (*sorted(scenes)[::6], *sorted(portraits)[::900]):
        photo = PIL.Image.fromarray(reader.read(path))
        photo.thumbnail((800, 800))
        wanted, got = usual(np.asarray(photo)), light(np.asarray(photo))
        faces += len(wanted)
        assert len(got) == len(wanted)
        np.testing.assert_allclose(got.boxes, wanted.boxes, atol=2e-3)
        np.testing.assert_allclose(got.points, wanted.points, atol=2e-3)
        np.testing.assert_allclose(got.scores, wanted.scores, atol=1e-5)

    assert faces >= 8


def test_strips_change_nothing(both, data, monkeypatch: pytest.MonkeyPatch) -> None:
    """A level that is looked at in many strips holds the same faces."""
    photo = reader.read(min((data / "lfw/images").glob("*/*_0001.jpg")))
    whole = both[1](photo)
    monkeypatch.setattr(sight, "STRIP_PIXELS", 500)

    assert len(whole) >= 1
    np.testing.assert_allclose(both[1](photo).boxes, whole.boxes, atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (11, 40), (40, 40), (41, 700), (700, 41)])
def test_any_size_is_answered(both, size: tuple[int, int]) -> None:
    """A grey photo of any size holds no face."""
    assert len(both[1](np.full((*size, 3), 128, np.uint8))) == 0


def test_names_and_pickles(runtime) -> None:
    """The matcher calls it as the one on torch, evidence names what runs it, and a pickle holds the folder's place."""
    detector = load_detector(min_face_size=25, runtime=read_runtime(runtime))

    again = pickle.loads(pickle.dumps(detector))

    assert len(pickle.dumps(detector)) < 1000
    assert again.name == detector.name == load_detector(min_face_size=25).name
    assert again.runtime == detector.runtime
    assert detector.runtime.startswith("onnxruntime ")
    assert load_detector().runtime is None


def test_what_a_runtime_has_not(runtime) -> None:
    """Another detector, and a GPU."""
    folder = read_runtime(runtime)

    with pytest.raises(ArgumentError, match="holds the detector mtcnn, not blazeface"):
        load_detector("blazeface", runtime=folder)
    with pytest.raises(ArgumentError, match="runs on the processor; got the device 'cuda'"):
        load_detector(runtime=folder, device="cuda")


def test_a_runtime_of_another_recipe_is_refused(runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds were measured with the recipe that its manifest names."""
    monkeypatch.setattr(Mtcnn, "name", "mtcnn.v9(min_face_size=40, mode=fast)")

    with pytest.raises(OtherRuntimeError, match=r"exported for .*mtcnn\.v1.*export it anew"):
        load_detector(runtime=read_runtime(runtime))

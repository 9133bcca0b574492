"""What every detector must keep, whoever added it: walked over all that have a name."""

import pickle
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from facerec.align.crops import BoxCrop
from facerec.cli.options import DETECTOR, DetectorName
from facerec.detect.load import DEFAULT, detector_names, load_detector
from facerec.errors import MissingExtraError, MissingWeightsError
from facerec.models.catalogue import MODELS
from facerec.types import Detections, Detector

ROOT = Path(__file__).parents[2]
ALL = pytest.mark.parametrize("name", detector_names())
RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (180, 240, 3), np.uint8)
PHOTOS = {
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "one row": np.full((1, 300, 3), 128, np.uint8),
    "one column": np.full((300, 1, 3), 128, np.uint8),
    "just below the smallest face": RNG.integers(0, 256, (39, 39, 3), np.uint8),
    "just the smallest face": RNG.integers(0, 256, (40, 40, 3), np.uint8),
    "black": np.zeros((120, 160, 3), np.uint8),
    "white": np.full((120, 160, 3), 255, np.uint8),
    "noise": NOISE,
    "noise on its side": np.rot90(NOISE),
    "noise upside down": np.rot90(NOISE, 2),
    "noise in a mirror, not contiguous": NOISE[:, ::-1],
    "huge": np.kron(RNG.integers(0, 256, (24, 32, 3), np.uint8), np.ones((80, 80, 1), np.uint8)),
    "a long strip": RNG.integers(0, 256, (50, 2500, 3), np.uint8),
}


@pytest.fixture
def detector(name: str) -> Detector:
    """The detector of that name, where what runs it and its files are here."""
    try:
        return load_detector(name)
    except (MissingExtraError, MissingWeightsError) as error:
        pytest.skip(str(error))


@ALL
@pytest.mark.parametrize("photo", PHOTOS.values(), ids=PHOTOS)
def test_any_photo_gives_detections(detector, photo):
    """No size, turn or content is an error: what is found has numbers, overlaps the photo, and can be cut out."""
    found = detector(photo)

    height, width = photo.shape[:2]
    assert isinstance(found, Detections)
    assert found.image_size == (width, height)
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.points).all()
    left, top, right, bottom = found.boxes.T
    assert ((left < right) & (top < bottom)).all()
    assert ((right > 0) & (bottom > 0) & (left < width) & (top < height)).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert BoxCrop()(photo, found).shape == (len(found), BoxCrop().size, BoxCrop().size, 3)


@ALL
def test_a_photo_is_left_as_it_is_and_seen_the_same_again(detector):
    """A detector has no memory, and writes nothing into the photo."""
    photo = NOISE.copy()

    first, second = detector(photo), detector(photo)

    np.testing.assert_array_equal(photo, NOISE)
    np.testing.assert_array_equal(first.boxes, second.boxes)


@ALL
def test_its_name_says_what_it_does(detector, name):
    """Settings that change what is found stand in the name, so that operating points of others are refused."""
    assert detector.name
    assert detector.points_convention
    assert load_detector(name, min_face_size=80).name != detector.name
    assert pickle.loads(pickle.dumps(detector)).name == detector.name


@ALL
def test_the_catalogue_knows_its_files(name):
    """Each has an entry with licence, training data and digests of its files."""
    found = {model.name: model.task for model in MODELS}
    assert found.get(name) == "detector", f"{name} needs a Model of that task in facerec/models/catalogue.py, MODELS"


def test_the_command_line_offers_each():
    """``--detector`` takes every name, in the same order, and its help names each of them."""
    assert get_args(DetectorName) == detector_names(), (
        "DetectorName in facerec/cli/options.py, which must not import detectors, lists those of _DETECTORS in "
        "facerec/detect/load.py"
    )
    assert DETECTOR == DEFAULT
    text = (ROOT / "facerec/cli/options.py").read_text(encoding="utf-8")
    told = text[text.index("DetectorOption = ") :].split("]", 1)[0].split("NAME", 1)[1]
    missing = [name for name in detector_names() if name not in told]
    assert missing == [], "the help of DetectorOption in facerec/cli/options.py names every detector"


@ALL
def test_its_speed_is_measured(name):
    """The benchmark times each beside its peers."""
    text = (ROOT / "tests/benchmarks/detection_benchmark.py").read_text(encoding="utf-8")
    assert f'"{name}"' in text, f"add {name} to `ours` in tests/benchmarks/detection_benchmark.py"

"""The order of the stages: with detector and embedder made of numpy, and once with the real ones on real photos."""

import threading

import numpy as np
import pytest

from facerec import Recognizer, open_gallery
from facerec.errors import (
    ArgumentError,
    CalibrationError,
    ImageError,
    ModelMismatchError,
    NoFaceError,
    SeveralFacesError,
)
from facerec.quality import QualityGate
from facerec.types import Detections, Embedder, Faces, OperatingPoint, Rate

DIGEST = "f" * 64


class FakeDetector:
    """Finds a face wherever the top row of the photo has a pixel that is not black: 50 × 60 pixels below it."""

    name = "fake"

    def __call__(self, image: np.ndarray) -> Detections:
        """The faces of one photo."""
        lefts = np.flatnonzero(image[0].any(axis=1))
        boxes = np.array([[x, 0, x + 50, 60] for x in lefts], np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.99), np.zeros((len(boxes), 5, 2)), image.shape[1::-1])

    def batch(self, images: list[np.ndarray]) -> list[Detections]:
        """The faces of several."""
        return [self(image) for image in images]


class FakeCrop:
    """Chips with a sharp pattern, but for the upper left pixel: that is the pixel that gave the face away."""

    name = "pixel"
    size = 8

    def __call__(self, image: np.ndarray, detections: Detections) -> np.ndarray:
        """One chip per face."""
        pattern = (np.indices((8, 8)).sum(axis=0) % 2 * 200).astype(np.uint8)
        chips = np.empty((len(detections), 8, 8, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes, strict=True):
            chip[:] = pattern[..., None]
            chip[0, 0] = image[0, int(box[0])]
        return chips


def fake_embedder() -> Embedder:
    """The vector of a face is the colour of the pixel that gave it away."""
    return Embedder("fake", DIGEST, 3, FakeCrop(), lambda chips: chips[:, 0, 0].astype(np.float32))


POINT = OperatingPoint(0.9, 1e-3, Rate(1, 1000), Rate(5, 100), "nothing", "fake", "pixel", "fake", DIGEST)


@pytest.fixture
def recognizer() -> Recognizer:
    """Detector and embedder of numpy."""
    return Recognizer(detector=FakeDetector(), embedder=fake_embedder())


def photo(*people: tuple[int, tuple[int, int, int]], width: int = 300) -> np.ndarray:
    """A black photo with a coloured pixel in the top row for each person: (where, colour)."""
    image = np.zeros((100, width, 3), np.uint8)
    for x, colour in people:
        image[0, x] = colour
    return image


RED, REDDISH, BLUE = (200, 10, 10), (190, 30, 10), (10, 10, 200)


def test_every_face_is_embedded(recognizer: Recognizer) -> None:
    """Two people give two unit vectors in their colours, in the order of the detections."""
    faces = recognizer.faces(photo((10, RED), (200, BLUE)), name="two.png")

    np.testing.assert_allclose(np.linalg.norm(faces.embeddings, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(faces.embeddings, np.array([RED, BLUE]) / np.linalg.norm(RED), atol=0.1)
    assert faces.source == "two.png"
    assert faces.embedder == DIGEST


def test_no_face_is_an_empty_value(recognizer: Recognizer) -> None:
    """A black photo has no face, and none is made up."""
    faces = recognizer.faces(photo())

    assert len(faces) == 0
    assert faces.embeddings.shape == (0, 3)
    assert list(faces) == []


def test_verification_is_symmetric(recognizer: Recognizer) -> None:
    """Probe and reference may be exchanged."""
    a, b = photo((10, RED)), photo((50, REDDISH))

    first, second = recognizer.verify(a, b, at=POINT), recognizer.verify(b, a, at=POINT)

    assert first.match is True
    assert first.score == pytest.approx(second.score, abs=1e-7)
    assert first.decision == second.decision


def test_strangers_do_not_match(recognizer: Recognizer) -> None:
    """Below the threshold the decision is no match, and the operating point comes with it."""
    outcome = recognizer.verify(photo((10, RED)), photo((10, BLUE)), at=POINT)

    assert outcome.match is False
    assert outcome.operating_point == POINT
    assert "no match" in str(outcome)
    assert "FMR 0.001 on nothing" in str(outcome)


def test_a_face_below_the_gate_is_undecided(recognizer: Recognizer) -> None:
    """The score is there, the decision is not, and the reason is."""
    strict = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=QualityGate(min_size=80))

    outcome = strict.verify(photo((10, RED)), photo((10, RED)), at=POINT)

    assert outcome.match is None
    assert outcome.decision == "undecided"
    assert outcome.score == pytest.approx(1)
    assert "too small" in outcome.problems[0]


def test_the_choice_among_several_faces_is_said(recognizer: Recognizer) -> None:
    """The note names the photo, how many faces it has, and which was compared."""
    outcome = recognizer.verify(photo((10, RED)), photo((130, BLUE), (20, RED)), at=POINT, choice="central")

    assert outcome.match is False
    assert outcome.notes == ("2 faces were found in array; the central one was compared",)


def test_only_refuses_several_faces(recognizer: Recognizer) -> None:
    """Where exactly one face is asked for, two are an error."""
    with pytest.raises(SeveralFacesError, match="2 faces found in array"):
        recognizer.verify(photo((10, RED)), photo((10, RED), (200, BLUE)), at=POINT, choice="only")


def test_a_photo_without_a_face_cannot_be_verified(recognizer: Recognizer) -> None:
    """It is an error that names the photo; the whole photo is not embedded in the face's stead."""
    with pytest.raises(NoFaceError, match="no face found in array"):
        recognizer.verify(photo((10, RED)), photo(), at=POINT)


def test_an_unknown_choice_is_refused(recognizer: Recognizer) -> None:
    """The message lists the choices."""
    with pytest.raises(ArgumentError, match="only, largest, central"):
        recognizer.face(photo((10, RED)), "nicest")  # type: ignore[arg-type]


def test_a_point_of_another_embedder_is_refused(recognizer: Recognizer) -> None:
    """A threshold holds for the vectors it was measured with."""
    other = OperatingPoint(0.9, 1e-3, Rate(1, 1000), Rate(5, 100), "x", "fake", "pixel", "other", "0" * 64)

    with pytest.raises(ModelMismatchError, match="measured with other"):
        recognizer.verify(photo((10, RED)), photo((10, RED)), at=other)


def test_without_a_shipped_point_there_is_no_decision(recognizer: Recognizer) -> None:
    """No threshold is made up for an embedder that has none."""
    with pytest.raises(CalibrationError, match="facerec calibrate"):
        recognizer.verify(photo((10, RED)), photo((10, RED)))


def test_identification_finds_people_and_nobody(recognizer: Recognizer, tmp_path) -> None:
    """Of two faces, one is enrolled; the other is nobody."""
    with open_gallery(tmp_path / "people.db", recognizer.embedder) as people:
        people.enroll("ada", recognizer.faces(photo((10, RED))).only(), consent="form 17")

        found = recognizer.identify(photo((10, REDDISH), (200, BLUE)), people, at=POINT)

    assert [each.name for each in found] == ["ada", None]
    assert [each.decision for each in found] == ["match", "no match"]
    assert found[0].score > 0.9 > found[1].score
    assert found[0].box.tolist() == [10, 0, 60, 60]


def test_identification_leaves_poor_faces_undecided(recognizer: Recognizer, tmp_path) -> None:
    """The gate holds in identification too."""
    strict = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=QualityGate(min_size=80))
    with open_gallery(tmp_path / "people.db", recognizer.embedder) as people:
        people.enroll("ada", recognizer.faces(photo((10, RED))).only())

        found = strict.identify(photo((10, RED)), people, at=POINT)

    assert (found[0].decision, found[0].name) == ("undecided", None)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_stream_gives_one_result_per_photo_in_order(recognizer: Recognizer, workers: int) -> None:
    """Batches and threads change nothing: the stream equals one call per photo; a bad photo keeps its place."""
    rng = np.random.default_rng(8)
    photos: list = []
    for number in range(70):
        count = int(rng.integers(0, 4))
        places = rng.choice(250, count, replace=False)
        photos.append(photo(*[(int(x), tuple(rng.integers(1, 255, 3).tolist())) for x in places]))
        if number % 9 == 0:
            photos.append(b"not a photo")

    streamed = list(
        Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, workers=workers).stream(photos)
    )

    assert len(streamed) == len(photos)
    for source, result in zip(photos, streamed, strict=True):
        if isinstance(source, bytes):
            assert isinstance(result, ImageError)
            continue
        assert isinstance(result, Faces)
        alone = recognizer.faces(source)
        np.testing.assert_allclose(result.embeddings, alone.embeddings, atol=1e-6)
        np.testing.assert_array_equal(result.detections.boxes, alone.detections.boxes)


@pytest.mark.parametrize(("choice", "faces"), [("only", [0, 1, 0]), ("largest", [0, 1, 1]), ("central", [0, 1, 1])])
def test_a_stream_keeps_the_chosen_face(recognizer: Recognizer, choice: str, faces: list[int]) -> None:
    """None, one and two faces in a photo: what each choice leaves."""
    photos = [photo(), photo((10, RED)), photo((10, RED), (200, BLUE))]

    kept = [len(each) for each in recognizer.stream(photos, choice=choice)]  # type: ignore[arg-type]

    assert kept == faces


def test_a_stream_is_lazy(recognizer: Recognizer) -> None:
    """Photos are read shortly before their result, not all at once."""
    read = []

    def photos():
        for number in range(1000):
            read.append(number)
            yield photo((10, RED))

    next(recognizer.stream(photos()))

    assert len(read) < 100


def test_a_stream_may_be_left(recognizer: Recognizer) -> None:
    """Whoever stops taking results ends the threads, without an error and without reading on."""
    stream = recognizer.stream(photo((10, RED)) for _ in range(10_000))
    next(stream)

    stream.close()  # type: ignore[attr-defined]

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("facerec")]


def test_a_stream_checks_its_choice_at_once(recognizer: Recognizer) -> None:
    """Before the first photo is read, not at the first result."""
    with pytest.raises(ArgumentError, match="only, largest, central"):
        recognizer.stream([], choice="nicest")  # type: ignore[arg-type]


def test_no_workers_are_refused(recognizer: Recognizer) -> None:
    """Somebody has to read the photos."""
    with pytest.raises(ArgumentError, match="at least 1"):
        Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, workers=0)


def test_the_real_pipeline_on_real_photos(data) -> None:
    """Two photos of one person match, of two people do not, at the shipped operating point; and it says which."""
    recognizer = Recognizer(device="cpu")
    folder = data / "face_samples/face_recognition/tests/test_images"

    same = recognizer.verify(folder / "obama.jpg", folder / "obama2.jpg")
    partial = recognizer.verify(folder / "obama_partial_face.jpg", folder / "obama2.jpg")
    other = recognizer.verify(folder / "biden.jpg", folder / "obama2.jpg")

    assert same.match is True
    assert partial.score > other.score
    assert other.match is False
    assert same.operating_point.embedder_digest == recognizer.embedder.digest
    assert any("shipped" in note for note in same.notes)


def test_a_rotated_photo_is_turned_upright(data, tmp_path) -> None:
    """A photo whose orientation stands in its EXIF block gives the face that the upright photo gives."""
    import PIL.Image

    from facerec.photos import reader

    recognizer = Recognizer(device="cpu")
    upright = reader.read(data / "face_samples/face_recognition/tests/test_images/obama2.jpg")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # stored turned by 90 degrees
    PIL.Image.fromarray(np.rot90(upright)).save(tmp_path / "phone.png", exif=exif)

    np.testing.assert_allclose(
        recognizer.faces(tmp_path / "phone.png").largest().embedding,
        recognizer.faces(upright).largest().embedding,
        atol=1e-5,
    )

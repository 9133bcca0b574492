"""The order of the stages: with detector and embedder made of numpy, and once with the real ones on real photos."""

import base64
import io
import pickle
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec import NO_GATE, Recognizer, open_gallery
from facerec.align.crops import DlibChip
from facerec.detect.load import load_detector
from facerec.errors import (
    ArgumentError,
    DataSetError,
    FacerecError,
    ImageError,
    ModelMismatchError,
    NoFaceError,
    NoPointError,
    PoorQualityError,
    SeveralFacesError,
    WeightsError,
)
from facerec.photos import reader
from facerec.quality import DEFAULT_GATE, QualityGate
from facerec.similarity import NAME
from facerec.testing import made_photo, made_point, made_recognizer
from facerec.types import Detections, Embedder, Faces, Matcher, OperatingPoint, Rate

DIGEST = "f" * 64


# Where the points lie in a face of 50 × 60 pixels; below the top row, whose pixels give the faces away.
_POINTS = np.array([[15, 25], [35, 25], [25, 35], [17, 45], [33, 45]], np.float32)


class FakeDetector:
    """Finds a face wherever the top row of the photo has a pixel that is not black: 50 × 60 pixels below it."""

    name = "fake"

    def __call__(self, image: np.ndarray) -> Detections:
        """The faces of one photo."""
        lefts = np.flatnonzero(image[0].any(axis=1))
        boxes = np.array([[x, 0, x + 50, 60] for x in lefts], np.float32).reshape(-1, 4)
        points = boxes[:, None, :2] + _POINTS
        return Detections(boxes, np.full(len(boxes), 0.99), points, image.shape[1::-1])


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
    return Embedder("fake", DIGEST, 3, FakeCrop(), colours)


def colours(chips: np.ndarray) -> np.ndarray:
    """Of the upper left pixels."""
    return chips[:, 0, 0].astype(np.float32)


MATCHER = Matcher("fake", "pixel", "fake", DIGEST, NAME, DEFAULT_GATE.name)
POINT = OperatingPoint(0.9, 1e-3, Rate(1, 1000), Rate(5, 100), "nothing", MATCHER)


@pytest.fixture
def recognizer() -> Recognizer:
    """Detector and embedder of numpy."""
    return Recognizer(detector=FakeDetector(), embedder=fake_embedder())


def photo(*people: tuple[int, tuple[int, int, int]], width: int = 300) -> np.ndarray:
    """A photo of fine stripes with a coloured pixel in its black top row for each person: (where, colour)."""
    image = np.zeros((100, width, 3), np.uint8)
    image[1:] = (np.indices((99, width)).sum(axis=0) // 2 % 2 * 255)[..., None]
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
    assert faces.matcher == recognizer.matcher == MATCHER
    assert faces.chips is not None
    assert faces.chips.shape == (2, 8, 8, 3)
    assert faces[0].chip is not None


def test_no_face_is_an_empty_value(recognizer: Recognizer) -> None:
    """A photo without a pixel that gives one away has no face, and none is made up."""
    faces = recognizer.faces(photo())

    assert len(faces) == 0
    assert faces.embeddings.shape == (0, 3)
    assert list(faces) == []


def test_verification_is_symmetric(recognizer: Recognizer) -> None:
    """Probe and reference may be exchanged."""
    a, b = photo((10, RED)), photo((50, REDDISH))

    first, second = recognizer.verify(a, b, at=POINT), recognizer.verify(b, a, at=POINT)

    assert first.match is True
    assert first == second


def test_strangers_do_not_match(recognizer: Recognizer) -> None:
    """Below the threshold the decision is no match, and the operating point comes with it."""
    outcome = recognizer.verify(photo((10, RED)), photo((10, BLUE)), at=POINT)

    assert outcome.match is False
    assert outcome.operating_point == POINT
    assert "no match" in str(outcome)
    assert "FMR 0.001 on nothing" in str(outcome)


def test_a_face_below_the_gate_is_undecided(recognizer: Recognizer) -> None:
    """The score is there, the decision is not, and the reason is."""
    strict = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=QualityGate({"size": 80}))

    outcome = strict.verify(photo((10, RED)), photo((10, RED)), at=POINT)

    assert outcome.match is None
    assert outcome.decision == "undecided"
    assert outcome.score == pytest.approx(1)
    assert "too small" in outcome.problems[0]


def test_either_face_below_the_gate_leaves_it_undecided(recognizer: Recognizer) -> None:
    """Probe or reference: a photo whose one face alone is good decides nothing."""
    good, poor = made_photo("red"), made_photo("red", size=39)

    for probe, reference in ((good, poor), (poor, good)):
        outcome = made_recognizer().verify(probe, reference, at=made_point())

        assert outcome.decision == "undecided"
        assert len(outcome.problems) == 1


def test_the_choice_among_several_faces_is_said(recognizer: Recognizer) -> None:
    """The note names the photo, how many faces it has, and which was compared."""
    outcome = recognizer.verify(photo((10, RED)), photo((130, BLUE), (20, RED)), at=POINT, choice="central")

    assert outcome.match is False
    assert outcome.notes == ("2 faces were found in array; the central one was compared",)
    assert recognizer.verify(photo((10, RED)), photo((130, BLUE)), at=POINT).notes == ()


def test_where_nobody_says_how_the_main_face_is_chosen(recognizer: Recognizer, people) -> None:
    """The same rule in verifying, claiming, enrolling and one face alone: two equals are refused by all."""
    width = photo((10, RED)).shape[1]
    equals = photo((width // 2 - 90, RED), (width // 2 + 40, BLUE))
    recognizer.enroll(photo((10, RED)), "eve", people)

    for decide in (
        lambda: recognizer.face(equals),
        lambda: recognizer.verify(equals, photo((10, RED)), at=POINT),
        lambda: recognizer.verify_person(equals, "eve", people, at=POINT),
        lambda: recognizer.enroll(equals, "bob", people),
    ):
        with pytest.raises(SeveralFacesError, match="none is clearly the main one"):
            decide()


def test_what_there_is_to_say_of_a_photo_goes_with_its_faces(recognizer: Recognizer, people) -> None:
    """Into the faces of both ways, a decision, a search, and the message that there is no face."""
    clipped = photo((10, RED)) / 255 * 1.02
    said = "array: values from 0 to 1.02 were clipped to 0 … 1"
    recognizer.enroll(photo((10, RED)), "eve", people)

    assert recognizer.faces(clipped)[0].notes[0] == said
    (streamed,) = recognizer.stream([clipped])
    assert isinstance(streamed, Faces)
    assert streamed.reading == recognizer.faces(clipped).reading
    assert said in recognizer.verify(photo((10, RED)), clipped, at=POINT).notes
    assert said in recognizer.verify_person(clipped, "eve", people, at=POINT).notes
    assert said in recognizer.identify(clipped, people, at=POINT)[0].notes
    with pytest.raises(NoFaceError, match=r"no face found in array; the picture is nearly black: 99 % of it .* 0"):
        recognizer.face(np.zeros((90, 90), np.uint8))


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
    other = replace(POINT, matcher=replace(MATCHER, embedder="other", embedder_digest="0" * 64))

    with pytest.raises(ModelMismatchError, match="measured with other"):
        recognizer.verify(photo((10, RED)), photo((10, RED)), at=other)


def test_without_a_shipped_point_there_is_no_decision(recognizer: Recognizer) -> None:
    """No threshold is made up for an embedder that has none."""
    with pytest.raises(NoPointError, match="facerec calibrate"):
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
    strict = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=QualityGate({"size": 80}))
    with open_gallery(tmp_path / "people.db", recognizer.embedder) as people:
        people.enroll("ada", recognizer.faces(photo((10, RED))).only())

        found = strict.identify(photo((10, RED)), people, at=POINT)
        claim = strict.verify_person(photo((10, RED)), "ada", people, at=POINT)
        with pytest.raises(PoorQualityError, match="too small"):
            strict.enroll(photo((10, RED)), "bob", people)
        assert "bob" not in people

    assert (found[0].decision, found[0].name) == ("undecided", None)
    assert (claim.decision, claim.score) == ("undecided", 1)


# -- every door -------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(recognizer: Recognizer, tmp_path):
    """A gallery of ada, enrolled from a photo."""
    with open_gallery(tmp_path / "people.db", recognizer.embedder) as gallery:
        recognizer.enroll(photo((10, RED)), "ada", gallery, consent="form 17")
        yield gallery


@pytest.mark.parametrize("colour", [RED, REDDISH, BLUE])
@pytest.mark.parametrize("gate", [DEFAULT_GATE, QualityGate({"size": 80}), NO_GATE])
def test_two_doors_give_one_decision(recognizer: Recognizer, people, colour, gate) -> None:
    """A bare face at the gallery, and its photo at the recognizer: the same outcome, notes and log entry."""
    judge = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, gate=gate)
    at = replace(POINT, matcher=replace(MATCHER, detector="another"), asserted_by="Eve")
    given = photo((10, colour))

    bare = people.verify("ada", recognizer.face(given), at=at, gate=gate)
    asked = judge.verify_person(given, "ada", people, at=at)
    (found,) = people.identify(recognizer.faces(given), at=at, gate=gate)
    (searched,) = judge.identify(given, people, at=at)

    assert asked == bare
    assert len(bare.notes) == (2 if gate == DEFAULT_GATE else 3)
    for each in (found, searched):
        assert (each.decision, each.score, each.notes) == (bare.decision, bare.score, bare.notes)
        assert (each.gate, each.problems) == (gate.name, bare.problems)
    entries = people.log()[2:]
    assert all(entry.details["gate"] == gate.name for entry in entries)
    assert entries[0].details == entries[1].details


def test_no_note_is_lost_by_any_door(recognizer: Recognizer, people, monkeypatch) -> None:
    """That the shipped point decided, that it was measured otherwise, and that a face was chosen, stand once each."""
    at = replace(POINT, matcher=replace(MATCHER, detector="another"))
    monkeypatch.setattr("facerec.recognizer.shipped_point", lambda *_, **__: at)
    two = photo((130, BLUE), (20, RED))

    claim = recognizer.verify_person(two, "ada", people)
    pair = recognizer.verify(two, photo((10, RED)))
    found = recognizer.identify(two, people)

    for outcome in (claim, pair, *found):
        assert sum("shipped one decided" in note for note in outcome.notes) == 1
        assert sum("another detector another there" in note for note in outcome.notes) == 1
    assert sum("2 faces were found" in note for note in claim.notes) == 1
    assert [len(each.notes) for each in (claim, pair, *found)] == [3, 3, 2, 2]


def test_enrolling_several_photos_is_all_or_nothing(recognizer: Recognizer, people) -> None:
    """One photo without a face refuses all; the message says how many and why."""
    good, empty = photo((10, BLUE)), photo()
    with pytest.raises(NoFaceError, match=r"1 of 2 photos.*no face found in array"):
        recognizer.enroll([good, empty], "bob", people)
    with pytest.raises(SeveralFacesError):
        recognizer.enroll(photo((10, BLUE), (200, RED)), "bob", people, choice="only")
    with pytest.raises(ImageError, match="image bytes"):
        recognizer.enroll(b"not a photo", "bob", people)
    assert "bob" not in people

    done = recognizer.enroll([good, photo((12, BLUE), (200, RED))], "bob", people, choice="central")

    assert (done.created, done.person.name, done.added + done.already_present) == (True, "bob", 2)


def test_photos_are_kept_with_the_person(recognizer: Recognizer, people, tmp_path) -> None:
    """A path, the bytes of its file and base64 text stand for the same photo; arrays have no file to keep."""
    PIL.Image.fromarray(photo((10, BLUE))).save(tmp_path / "bob.png")
    contents = (tmp_path / "bob.png").read_bytes()
    url = "data:image/png;base64," + base64.b64encode(contents).decode()

    for kind in (tmp_path / "bob.png", contents, url):
        recognizer.enroll(kind, "bob", people, keep_photos=True)
    (sample,) = people.samples("bob")
    assert sample.photo_kept
    with pytest.raises(ArgumentError, match="keep_photos"):
        recognizer.enroll(photo((10, BLUE)), "bob", people, keep_photos=True)


@given(colour=st.tuples(*[st.integers(1, 255)] * 3), other=st.tuples(*[st.integers(1, 255)] * 3))
def test_a_photo_is_as_alike_as_can_be_to_itself(colour, other) -> None:
    """Its score with itself is 1 to within 1e-6, never above; no score is, and each is the same either way round."""
    recognizer = Recognizer(detector=FakeDetector(), embedder=fake_embedder())
    one, two = photo((10, colour)), photo((10, other))

    same = recognizer.verify(one, one, at=POINT).score

    assert 1 - 1e-6 <= same <= 1
    assert -1 <= recognizer.verify(one, two, at=POINT).score <= 1


# -- forms of photos --------------------------------------------------------------------------------------------------


def test_the_order_of_channels_can_be_said(recognizer: Recognizer, people) -> None:
    """bgr=True of an array equals the array with its channels turned, through every door."""
    rgb = photo((10, RED))
    bgr = rgb[:, :, ::-1]

    np.testing.assert_array_equal(recognizer.faces(bgr, bgr=True).embeddings, recognizer.faces(rgb).embeddings)
    np.testing.assert_array_equal(recognizer.face(bgr, bgr=True).embedding, recognizer.face(rgb).embedding)
    (streamed,) = recognizer.stream([bgr], bgr=True)
    np.testing.assert_array_equal(streamed.embeddings, recognizer.faces(rgb).embeddings)
    assert recognizer.verify(bgr, bgr, at=POINT, bgr=True) == recognizer.verify(rgb, rgb, at=POINT)
    assert recognizer.verify_person(bgr, "ada", people, at=POINT, bgr=True).match
    assert not recognizer.verify_person(bgr, "ada", people, at=POINT).match
    assert recognizer.identify(bgr, people, at=POINT, bgr=True)[0].name == "ada"
    assert recognizer.enroll(bgr, "bob", people, bgr=True).person.samples == 1
    np.testing.assert_array_equal(people.vectors("bob"), people.vectors("ada"))


def test_text_that_holds_a_photo_is_that_photo(recognizer: Recognizer) -> None:
    """A data: URL and base64 text give the faces of the bytes."""
    file = io.BytesIO()
    PIL.Image.fromarray(photo((10, RED))).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    wanted = recognizer.faces(file.getvalue()).embeddings

    for kind in (text, f"data:image/png;base64,{text}", "\n".join(text[i : i + 76] for i in range(0, len(text), 76))):
        faces = recognizer.faces(kind)
        np.testing.assert_array_equal(faces.embeddings, wanted)
        assert faces.source == "image in base64"


def test_a_recognizer_travels(recognizer: Recognizer) -> None:
    """A pickle keeps detector, embedder, gate and workers, and gives the same faces."""
    sent = Recognizer(detector=FakeDetector(), embedder=fake_embedder(), gate=NO_GATE, workers=3)

    back = pickle.loads(pickle.dumps(sent))

    assert (back.matcher, back.gate, back.workers) == (sent.matcher, NO_GATE, 3)
    np.testing.assert_array_equal(
        back.faces(photo((10, RED))).embeddings, recognizer.faces(photo((10, RED))).embeddings
    )


@pytest.mark.parametrize("length", [300, 100_000])
def test_messages_repeat_no_book(recognizer: Recognizer, people, length: int) -> None:
    """At most 120 letters of whatever was given, in errors and notes."""
    text = "b" * length
    calls = [
        lambda: recognizer.face(photo(), name=text),
        lambda: recognizer.face(photo((10, RED), (200, RED)), "only", name=text),
        lambda: recognizer.face(photo((10, RED)), text),  # type: ignore[arg-type]
        lambda: recognizer.stream([], choice=text),  # type: ignore[arg-type]
        lambda: recognizer.faces("/" + text),
        lambda: recognizer.faces(Path(text)),
        lambda: recognizer.faces("data:" + text),
        lambda: recognizer.faces(text.encode()),
        lambda: recognizer.faces(b"x", name=text),
        lambda: recognizer.stream("/" + text[:200]),
        lambda: recognizer.enroll(text[:200], "eve", people),
        lambda: recognizer.verify_person(photo((10, RED)), text, people, at=POINT),
    ]
    for call in calls:
        with pytest.raises(FacerecError) as raised:
            call()
        assert "b" * 121 not in str(raised.value)
        assert len(str(raised.value)) < 1200


# -- streams ----------------------------------------------------------------------------------------------------------


def test_a_stream_walks_a_folder(recognizer: Recognizer, tmp_path) -> None:
    """A folder stands for the photos in it and in its folders, in order; a file for itself; a wrong path is told."""
    (tmp_path / "b").mkdir()
    for name, colour in (("c.png", RED), ("a.png", BLUE), ("b/d.png", REDDISH)):
        PIL.Image.fromarray(photo((10, colour))).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no photo")

    for folder in (tmp_path, str(tmp_path)):
        names = [Path(faces.source).relative_to(tmp_path).as_posix() for faces in recognizer.stream(folder)]
        assert names == ["a.png", "b/d.png", "c.png"]
    assert [len(faces) for faces in recognizer.stream(tmp_path / "c.png")] == [1]
    for wrong in (tmp_path / "nowhere", str(tmp_path / "nowhere")):
        with pytest.raises(DataSetError, match="no such file or folder"):
            recognizer.stream(wrong)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("options", [{"batch": 1}, {"wait": 0.0}, {"batch": 1, "wait": 5.0}])
@pytest.mark.parametrize("faces", [0, 1, 3])
def test_a_camera_gets_its_answer_before_the_next_photo(recognizer: Recognizer, workers, options, faces) -> None:
    """With batch=1, or no time to wait, every photo is taken after the result of the one before."""
    taken = []

    def camera():
        for number in range(5):
            taken.append(number)
            yield photo(*[(20 + 60 * place, RED) for place in range(faces)])

    several = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, workers=workers)
    for number, result in enumerate(several.stream(camera(), **options)):
        assert (len(result), len(taken)) == (faces, number + 1)
    assert len(taken) == 5


@pytest.mark.parametrize("options", [{"batch": 0}, {"batch": -1}, {"wait": -1.0}, {"wait": float("nan")}])
def test_a_stream_refuses_what_never_ends(recognizer: Recognizer, options) -> None:
    """No batch and a negative wait are refused at once."""
    with pytest.raises(ArgumentError, match="batch >= 1 and wait >= 0"):
        recognizer.stream([], **options)


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


@pytest.mark.parametrize(("choice", "faces"), [("main", [0, 1, 1]), ("only", [0, 1, 0]), ("largest", [0, 1, 1])])
def test_a_stream_keeps_the_chosen_face(recognizer: Recognizer, choice: str, faces: list[int]) -> None:
    """None, one and two faces in a photo: what each choice leaves."""
    photos = [photo(), photo((10, RED)), photo((10, RED), (200, BLUE))]

    kept = [len(each) for each in recognizer.stream(photos, choice=choice)]  # type: ignore[arg-type]

    assert kept == faces


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
    assert same.operating_point.matcher.embedder_digest == recognizer.embedder.digest
    assert any("shipped" in note for note in same.notes)


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_photo_without_exif_that_lies_on_its_side_matches_itself(data, turned: int) -> None:
    """Its face is found where it is, says how it was seen, and is drawn so; the notes of the decision say so too."""
    recognizer = Recognizer(device="cpu")
    upright = reader.read(data / "face_samples/face_recognition/tests/test_images/obama2.jpg")
    lying = np.ascontiguousarray(np.rot90(upright, turned // 90))

    one, other = recognizer.face(upright), recognizer.face(lying)

    outcome = recognizer.verify(upright, lying)
    assert outcome.match
    assert outcome.score > 0.98
    assert "the face in array was found at a second look: " + str(other.look) in outcome.notes
    assert (one.look.turned, other.look.turned) == (0, turned)
    expected = recognizer.detector(upright).turned(-turned).points[0]
    np.testing.assert_allclose(other.points, expected, atol=0.1 * one.size)


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


def test_a_crop_fitted_to_other_points_is_refused() -> None:
    """The default embedder's trees are placed by MTCNN's points; another detector's would shift every chip."""
    embedder = replace(fake_embedder(), crop=DlibChip(lambda _image, squares: squares))

    with pytest.raises(ArgumentError, match=r"fitted to the points mtcnn-5\.v1; fake finds"):
        Recognizer(detector=FakeDetector(), embedder=embedder)


# -- arguments of another kind ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda r, _: r.verify(photo((10, RED)), photo((10, RED)), at=0.9),
        lambda r, _: r.verify(photo((10, RED)), photo((10, RED)), at="point.json"),
        lambda r, _: r.verify(photo((10, RED)), photo((10, RED)), at=(POINT,)),
        lambda r, g: r.identify(photo((10, RED)), g, at=0.5),
        lambda r, g: r.verify_person(photo((10, RED)), "ada", g, at=0.5),
        lambda r, g: g.verify("ada", r.face(photo((10, RED))), at=None),
        lambda r, _: r.identify(photo((10, RED)), "people.db", at=POINT),
        lambda r, _: r.verify_person(photo((10, RED)), "ada", "people.db", at=POINT),
        lambda r, _: r.enroll(photo((10, RED)), "ada", "people.db"),
        lambda r, _: r.stream(None),
        lambda _, g: g.log(last="x"),
        lambda r, _: open_gallery("other.db", r),
        lambda _, __: open_gallery(None),
        lambda _, __: open_gallery("other.db", wait="x"),
        lambda _, __: Recognizer(detector=FakeDetector(), embedder="facenet"),
        lambda _, __: Recognizer(detector=FakeDetector(), embedder=fake_embedder(), gate=0.9),
        lambda _, __: QualityGate(40),
        lambda _, __: QualityGate({"size": True}),
    ],
)
def test_what_is_of_another_kind_is_named(recognizer: Recognizer, people, call) -> None:
    """A threshold in place of a point, a name in place of what it stands for: one line, before anything is decided."""
    with pytest.raises(ArgumentError, match=r"^[^\n]+$"):
        call(recognizer, people)


def test_photos_of_several_kinds_enroll_together(recognizer: Recognizer, people, tmp_path) -> None:
    """An array and a file; only what came from a file has its digest kept."""
    PIL.Image.fromarray(photo((10, BLUE))).save(tmp_path / "bob.png")

    recognizer.enroll([photo((10, (0, 10, 200))), tmp_path / "bob.png"], "bob", people)

    assert [sample.photo_sha256 is None for sample in people.samples("bob")].count(False) == 1


@pytest.mark.parametrize(
    "vectors",
    [
        lambda chips: np.zeros((len(chips), 3), np.float32),
        lambda chips: np.full((len(chips), 3), np.nan, np.float32),
        lambda chips: np.full((len(chips), 3), np.inf, np.float32),
        lambda chips: np.ones((len(chips), 2), np.float32),
        lambda chips: np.ones((len(chips) + 1, 3), np.float32),
        lambda _: np.ones(3, np.float32),
    ],
)
def test_a_vector_that_points_nowhere_decides_nothing(vectors) -> None:
    """Zeros, no numbers, or of another dimension than the embedder states: through every door the same error."""
    broken = Recognizer(detector=FakeDetector(), embedder=replace(fake_embedder(), forward=vectors))

    with pytest.raises(WeightsError):
        broken.verify(photo((10, RED)), photo((10, RED)), at=POINT)
    with pytest.raises(WeightsError):
        broken.faces(photo((10, RED)))


def test_an_empty_gallery_says_that_nobody_was_there(recognizer: Recognizer, tmp_path) -> None:
    """And not that the operating point knows no strangers."""
    with open_gallery(tmp_path / "nobody.db", recognizer.embedder) as nobody:
        (found,) = recognizer.identify(photo((10, RED)), nobody, at=POINT)

    assert "nobody to compare" in found.strangers_in_words


def test_results_show_themselves_in_a_line(recognizer: Recognizer, people) -> None:
    """In a terminal and in a failing test; all evidence is what str() is for."""
    verified = recognizer.verify(photo((10, RED)), photo((10, RED)), at=POINT)
    (found,) = recognizer.identify(photo((10, RED)), people, at=POINT)

    for each in (verified, found, POINT):
        assert len(repr(each)) < 120
    for words in (f"{POINT.threshold:.4f}", "of strangers", "nearest: ada"):
        assert words in str(found)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("form", [bytes, lambda b: b.decode(), lambda b: "DATA:image/png;BASE64," + b.decode()])
def test_base64_in_every_form(encode, form) -> None:
    """As Python encodes it (bytes), for URLs, and with a scheme in capitals."""
    file = io.BytesIO()
    shown = photo((10, RED))
    shown[1:] = np.random.default_rng(0).integers(0, 255, (99, 300, 3))  # so that all 64 letters occur
    PIL.Image.fromarray(shown).save(file, "PNG")

    assert (reader.read(form(encode(file.getvalue()))) == shown).all()


def test_a_detector_is_given_or_named() -> None:
    """By its name as a model is, and by default the default one; the matcher says which."""
    assert Recognizer(device="cpu", min_face_size=30).matcher.detector == load_detector(min_face_size=30).name
    assert Recognizer(device="cpu", detector="mtcnn").matcher == Recognizer(device="cpu").matcher
    assert (
        Recognizer(device="cpu", detector=FakeDetector(), embedder=made_recognizer().embedder).detector.name == "fake"
    )
    with pytest.raises(ArgumentError, match="no detector is called 'retina'"):
        Recognizer(device="cpu", detector="retina")


def test_a_photo_of_too_many_faces_says_so(recognizer: Recognizer) -> None:
    """Only the surest are embedded, in both ways of reading photos, and a choice is made among all of them."""
    few = Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, most_faces=2)
    crowd = photo((10, RED), (80, BLUE), (200, REDDISH))

    alone, (streamed,) = few.faces(crowd), few.stream([crowd])
    all_of_them = recognizer.faces(crowd)

    for found in (alone, streamed):
        assert np.array_equal(found.embeddings, all_of_them.embeddings[:2])
        assert found.reading[-1] == "3 faces were found; only the 2 surest were looked at (most_faces)"
    assert not any("most_faces" in note for note in all_of_them.reading)
    assert few.face(crowd, "largest").source == recognizer.face(crowd, "largest").source
    assert pickle.loads(pickle.dumps(few)).most_faces == 2
    with pytest.raises(ArgumentError, match="most_faces must be at least 1"):
        Recognizer(detector=recognizer.detector, embedder=recognizer.embedder, most_faces=0)

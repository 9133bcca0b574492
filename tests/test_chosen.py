"""Faces found first and decided on later, and photos of strangers read in a process of their own."""

import io
import pickle

import PIL.Image
import pytest

from facerec.errors import ImageError, NoFaceError, PoorQualityError, SeveralFacesError, SlowPhotoError
from facerec.photos.limited import LimitedReader
from facerec.recognizer import Chosen, Recognizer
from facerec.testing import SquareDetector, made_embedder, made_gallery, made_photo, made_point, made_recognizer


def _file(*people, size=64, name=None):
    held = io.BytesIO()
    PIL.Image.fromarray(made_photo(*people, size=size)).save(held, "PNG")
    held.seek(0)
    if name:
        held.name = name
    return held


def test_chosen_gives_what_face_gives_or_would_raise():
    """Photo by photo the same face and notes, or an error of the same class and text in its place."""
    recognizer = made_recognizer()
    photos = [made_photo("red"), made_photo("black"), made_photo("red", "green"), b"none", made_photo("blue")]

    found = list(recognizer.chosen(photos, "only"))

    assert [type(each) for each in found] == [Chosen, NoFaceError, SeveralFacesError, ImageError, Chosen]
    for photo, each in zip(photos, found, strict=True):
        if isinstance(each, Chosen):
            assert each.face.to_dict() == recognizer.face(photo, "only").to_dict()
        else:
            with pytest.raises(type(each)) as raised:
                recognizer.face(photo, "only")
            assert str(raised.value) == str(each)


@pytest.mark.parametrize("pair", [("red", "wine"), ("red", "green")])
def test_faces_found_before_are_decided_as_their_photos(pair):
    """`verify_faces` and `claim` say what `verify` and `verify_person` say, the choice among several faces included."""
    recognizer, point = made_recognizer(), made_point()
    gallery = made_gallery()
    photos = [made_photo(pair[0], "blue"), made_photo(pair[1])]
    recognizer.enroll(made_photo(pair[1]), "ada", gallery)
    first, second = recognizer.chosen(photos, "largest")

    assert recognizer.verify_faces(first, second, at=point) == recognizer.verify(*photos, at=point, choice="largest")
    claimed = recognizer.claim(first, "ada", gallery, at=point)
    assert claimed == recognizer.verify_person(photos[0], "ada", gallery, at=point, choice="largest")
    assert any("2 faces were found" in note for note in claimed.notes)


def test_a_face_below_the_gate_is_judged_not_to_be_enrolled():
    """What the gate holds back comes as its error; what it passes as the face."""
    recognizer = made_recognizer()
    small, good, none = recognizer.chosen([made_photo("red", size=32), made_photo("red"), made_photo("black")])

    assert isinstance(recognizer.judged(small), PoorQualityError)
    assert recognizer.judged(good) is good.face
    assert recognizer.judged(none) is none


def test_files_are_read_within_limits_and_decided_alike():
    """A recognizer with a limited reader decides as one without; a photo that takes too long is that photo's error."""
    plain, point = made_recognizer(), made_point()
    with LimitedReader(seconds=60) as limited:
        careful = Recognizer(detector=SquareDetector(), embedder=made_embedder(), limited=limited)
        pair = [_file("red", name="ada.png"), _file("wine")]
        assert careful.verify(*(each.getvalue() for each in pair), at=point) == plain.verify(
            *(each.getvalue() for each in pair), at=point
        )
        assert careful.face(pair[0]).source == "ada.png"
        assert careful.verify(made_photo("red"), made_photo("wine"), at=point).match  # arrays have been decoded already
        again = pickle.loads(pickle.dumps(careful))
        assert again.limited is not None
        assert again.face(_file("red")).box.tolist() == plain.face(_file("red")).box.tolist()
        again.limited.close()
    with LimitedReader(seconds=1e-6) as hasty:
        late = Recognizer(detector=SquareDetector(), embedder=made_embedder(), limited=hasty)
        (found,) = late.chosen([_file("red")])
        assert isinstance(found, SlowPhotoError)

"""Pictures made on the spot are what they say they are."""

import numpy as np
import pytest

from facerec.demo import made
from facerec.demo.steps import Looked, Photo
from facerec.photos import reader

RED, BLUE = (220, 30, 40), (30, 60, 220)


@pytest.fixture
def ada(recognizer, paint) -> Looked:
    """A photo of one face of 100 pixels."""
    path = paint("ada.png", RED)
    return Looked(Photo("ada.png", path), recognizer.faces(path))


def test_panels_lie_where_their_tiles_are(recognizer, ada):
    """In a collage every face found lies in the panel that says who it is."""
    tiles = [made.portrait(ada, "near", "ada"), made.distant(ada, "far", "ada"), made.blurred(ada, "blurred", "ada")]
    photo = made.collage([*tiles, made.background(Photo("wall", np.full((50, 90, 3), 9, np.uint8)), "wall")], "scene")

    boxes = recognizer.faces(photo.source).detections.boxes
    places = {panel.words: panel.place for panel in photo.panels}

    assert photo.source.shape == (2 * made.CELL, 2 * made.CELL, 3)
    assert [panel.person for panel in photo.panels] == ["ada", "ada", "ada", None]
    for words, size in (("near", made.CELL / 3), ("far", 32), ("blurred", made.CELL / 3)):
        left, top, right, bottom = places[words]
        inside = [b for b in boxes if left <= b[0] and b[2] <= right and top <= b[1] and b[3] <= bottom]
        assert len(inside) == 1
        assert inside[0][2] - inside[0][0] == pytest.approx(size, abs=14 if words == "blurred" else 4)


def test_a_face_at_the_edge_has_a_frame_inside_the_photo(recognizer):
    """Where the photo ends near the face, the frame ends with it."""
    image = np.full((120, 300, 3), 230, np.uint8)
    image[0:100, 0:100] = RED
    looked = Looked(Photo("edge", image), recognizer.faces(image))

    assert made.portrait(looked, "", None).picture.size == (made.CELL, made.CELL)
    assert made._frame(looked) == (0, 0, 120, 120)


def test_a_cut_face_lacks_its_right_part(ada):
    """A face is cut to the stated part of its width, and the file stays as it is."""
    cut = made.partly_hidden(ada, "cut")

    assert cut.source.shape[1] == 100 + 62
    assert "ada.png" in cut.origin
    assert reader.read(ada.photo.path).shape[1] == 400


def test_other_packages_photos_are_found_without_importing_them(recognizer):
    """A stranger and a photo without a face come with packages that are installed anyway."""
    stranger, flower = made.stranger(), made.without_face()

    assert stranger is not None
    assert stranger.path.is_file()
    assert "public domain" in stranger.origin
    assert flower.path.is_file()
    assert "CC BY" in flower.origin


def test_without_them_there_is_no_stranger_and_a_pattern(no_package_photos, recognizer):
    """Where the packages were installed without their samples, the demonstration goes on."""
    assert made.stranger() is None
    assert len(recognizer.faces(made.without_face().source)) == 0


def test_a_package_that_is_not_installed_carries_nothing():
    """An absent package is no error."""
    assert made._in_package("no-such-distribution", "a.jpg") is None


def test_a_picture_made_on_the_spot_is_no_file():
    """Asking it for a path is an error that names it."""
    with pytest.raises(ValueError, match="blue is not a file"):
        _ = Photo("blue", np.full((4, 4, 3), BLUE, np.uint8)).path

"""Marks on a photo: they only paint."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as PillowImage

from facerec.errors import ArgumentError
from facerec.testing import made_matcher, made_point
from facerec.types import Detections, Faces, Identification, Identifications, marks
from facerec.types.looks import Look
from facerec.types.marks import Label, as_html, encode_jpeg, encode_png, mark_faces

POINTS = np.array([[[40.0, 40], [60, 40], [50, 50], [42, 60], [58, 60]]])
BOX = np.array([[30.0, 30, 70, 80]])


def photo_of(width=200, height=150):
    """A photo in which every row and column differ."""
    y, x = np.mgrid[:height, :width]
    return np.stack([60 + y % 128, 60 + x % 128, 60 + (x + y) % 128], axis=-1).astype(np.uint8)


def test_size_and_type_stay_and_the_original_is_not_touched():
    """The result is a new picture of the same size that differs near the face only."""
    photo = photo_of()
    marked = mark_faces(photo, BOX, POINTS, [Label("Ada", "match", 0.7)])
    changed = (marked != photo).any(axis=2)

    assert (marked.shape, marked.dtype) == (photo.shape, photo.dtype)
    assert (photo == photo_of()).all()
    assert changed[29:82, 28:72].any()
    assert not changed[90:].any()


@pytest.mark.parametrize("size", [(8, 8), (30, 200), (640, 480), (3000, 2000)])
def test_any_photo_size_can_be_marked(size):
    """From a stamp to a camera's photo, also with boxes beyond the edges and names wider than the photo."""
    photo = photo_of(*size)
    boxes = np.array([[-50.0, -50, 5, 6], [2, 2, size[0] + 40, size[1] + 40]])
    marked = mark_faces(photo, boxes, np.zeros((2, 5, 2)), [Label("A" * 300, "match", 0.5), Label()])

    assert marked.shape == photo.shape
    assert (marked != photo).any()


def test_a_photo_without_faces_stays_as_it_is():
    """No face is drawn as nothing."""
    assert (mark_faces(photo_of(), np.empty((0, 4)), np.empty((0, 5, 2)), []) == photo_of()).all()


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (Label("Ada", "match", 0.712), "Ada · match 0.71"),
        (Label("", "no match", 0.2), "nobody 0.20"),
        (Label("", "undecided", math.nan), "undecided"),
        (Label("a\nface"), "a face"),
    ],
)
def test_a_decision_is_said_in_a_word(label, text):
    """The plate carries name, word and score; colour only repeats the word."""
    assert label.text == text


def _identified(photo=None):
    outcome = Identification("no match", None, 0.31, BOX[0], (), made_point(), 3, 4, "none")
    return Identifications((outcome,), POINTS, "<b>.jpg", photo)


def test_results_draw_themselves():
    """Names, decisions and scores of identified faces, scores of found ones; on the photo that was kept, or given."""
    found = Detections(BOX, [0.99], POINTS, (200, 150))
    faces = Faces(found, {}, np.ones((1, 1)), made_matcher(), photo=photo_of())
    wanted = mark_faces(photo_of(), BOX, POINTS, [Label("", "no match", 0.31)])

    assert (_identified(photo_of()).draw() == wanted).all()
    assert (_identified().draw(photo_of()) == wanted).all()
    lying = replace(_identified(photo_of()), looks=(Look(180),))
    turned = mark_faces(photo_of(), BOX, POINTS, [Label("", "no match", 0.31, "turned 180°")])
    assert (lying.draw() == turned).all()
    assert (turned != wanted).any()
    assert (faces.draw() == mark_faces(photo_of(), BOX, POINTS, [Label(score=float(np.float32(0.99)))])).all()
    with pytest.raises(ArgumentError, match=r"draw\(photo\)"):
        _identified().draw()


def test_results_show_themselves_in_a_notebook():
    """As an image and a text, in which nothing is read as markup; without a photo as the text alone."""
    page = _identified(photo_of())._repr_html_()

    assert 'src="data:image/jpeg;base64,' in page
    assert "&lt;b&gt;.jpg" in page
    assert "<b>" not in page
    assert "<img" not in _identified()._repr_html_()
    assert as_html("a & b") == "<pre>a &amp; b</pre>"


def test_plates_stay_inside_and_apart(monkeypatch):
    """Where there is room, no plate covers another and none leaves the picture."""
    rng = np.random.default_rng(3)
    corners = np.stack(np.meshgrid(np.arange(4) * 200.0, np.arange(4) * 150.0), -1).reshape(-1, 2)
    corners += rng.uniform(-20, 100, corners.shape)
    plates = []
    drawn = marks.ImageDraw.ImageDraw.rectangle

    def spy(self, corners, *args, **options):
        if options.get("fill") == marks._DARK:
            plates.append(corners)
        return drawn(self, corners, *args, **options)

    monkeypatch.setattr(marks.ImageDraw.ImageDraw, "rectangle", spy)
    boxes = np.concatenate([corners, corners + 60], axis=1)
    mark_faces(photo_of(800, 600), boxes, np.zeros((16, 0, 2)), [Label("Someone", "match", 0.5)] * 16)

    assert len(plates) == 16
    assert all(left >= 0 and top >= 0 and right <= 800 and bottom <= 600 for left, top, right, bottom in plates)
    assert sum(marks._overlap(a, b) for i, a in enumerate(plates) for b in plates[:i]) == 0


def test_a_long_name_is_shortened_before_the_decision_is():
    """The word and the score are what the picture is for."""
    text = marks._fitted(Label("A very long name", "match", 0.5), marks._font(20), 160)

    assert text.endswith("… · match 0.50")
    assert marks._font(20).getlength(text) <= 160


def test_letters_of_names_are_in_the_font():
    """Names are written in their own letters, not in boxes."""
    missing = bytes(marks._font(20).getmask("\uffff"))

    assert [letter for letter in "éłŻőşğåØñßΩжҐ·…" if bytes(marks._font(20).getmask(letter)) == missing] == []


@pytest.mark.parametrize(
    ("boxes", "points", "labels"),
    [
        (BOX[0], POINTS, [Label()]),
        (BOX, POINTS[0], [Label()]),
        (BOX, POINTS, []),
        (BOX * math.nan, POINTS, [Label()]),
        (BOX, POINTS * math.inf, [Label()]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(boxes, points, labels):
    """Shapes, numbers of faces and coordinates are checked before anything is drawn."""
    with pytest.raises(ArgumentError):
        mark_faces(photo_of(), boxes, points, labels)


@pytest.mark.parametrize("photo", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_arrays_that_are_no_photo_are_refused(photo):
    """A photo is uint8, height × width × 3, and not empty."""
    for take in (encode_jpeg, encode_png, lambda x: mark_faces(x, np.empty((0, 4)), np.empty((0, 5, 2)), [])):
        with pytest.raises(ArgumentError, match="uint8"):
            take(photo)


def test_encoding_is_read_back():
    """PNG keeps every pixel, JPEG the size; both make the same bytes twice."""
    photo = mark_faces(photo_of(), BOX, POINTS, [Label("Ada", "match", 0.7)])
    png = np.asarray(PillowImage.open(io.BytesIO(encode_png(photo))))

    assert (png == photo).all()
    assert PillowImage.open(io.BytesIO(encode_jpeg(photo))).size == (200, 150)
    assert encode_jpeg(photo) == encode_jpeg(photo)
    with pytest.raises(ArgumentError, match="quality"):
        encode_jpeg(photo, quality=0)

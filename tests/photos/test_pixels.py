"""What numbers mean: each type and range becomes the 8-bit levels that a viewer would show."""

import numpy as np
import PIL.Image
import pytest

from facerec.errors import ImageError
from facerec.photos import pixels

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    "values",
    [
        RAMP,
        RAMP.astype(np.uint16) * 257,
        (RAMP.astype(np.uint16) * 257).astype(">u2"),
        RAMP.astype(np.int32) * 257,
        RAMP.astype(np.int64),
        RAMP.astype(np.float32),
        RAMP.astype(np.float64) / 255,
        (RAMP / 255).astype(np.float16),
    ],
    ids=["u1", "u2", "big-endian u2", "i4 of 16 bits", "i8 of 8 bits", "f4 to 255", "f8 to 1", "f2 to 1"],
)
def test_every_type_gives_the_same_levels(values):
    """The same ramp comes out of each type that can hold it."""
    np.testing.assert_array_equal(RAMP, pixels.eight_bits(values))


def test_sixteen_bits_are_rounded_and_not_clipped():
    """Each 16-bit level becomes the nearest 8-bit level."""
    values = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(np.rint(values / 257).astype(np.uint8), pixels.eight_bits(values))


@pytest.mark.parametrize("scale", [1, 255])
def test_floats_are_rounded(scale):
    """The nearest level, not the one below, in either range of floats."""
    values = np.array([[0.4, 0.6, 1.5, 41.49, 41.51, 200.51, 254.4]]) * scale / 255

    found = pixels.eight_bits(np.append(values, scale))

    assert found.tolist() == [0, 1, 2, 41, 42, 201, 254, 255]


@pytest.mark.parametrize(("scale", "top"), [(1 / 255, 1), (1, 255)])
def test_floats_that_overshoot_are_clipped_and_it_is_noted(scale, top):
    """Resizing leaves values a little beyond the range: the picture is the same, clipped, never a black one."""
    values = np.array([-30, 0, 51, 255, 300], np.float64) * scale
    notes = []

    assert pixels.eight_bits(values, notes).tolist() == [0, 0, 51, 255, 255]
    assert notes == [f"values from {-30 * scale:.3g} to {300 * scale:.3g} were clipped to 0 … {top}"]


@pytest.mark.parametrize("kernel", ["BICUBIC", "LANCZOS"])
@pytest.mark.parametrize("size", [45, 90, 180])
def test_whatever_resizing_makes_of_floats_is_read(kernel, size):
    """The hardest edges, made smaller and larger by filters that overshoot, are read as the same picture."""
    grid = (np.indices((60, 60)) // 15).sum(axis=0) % 2
    resized = PIL.Image.fromarray(grid.astype(np.float32)).resize((size, size), PIL.Image.Resampling[kernel])
    values = np.asarray(resized)

    assert values.max() > 1
    np.testing.assert_array_equal(pixels.from_array(values)[:, :, 0], np.rint(values.clip(0, 1) * 255))


@pytest.mark.parametrize(("highest", "factor"), [(4095, 16), (1023, 64), (255, 256), (16383, 4), (16384, 0), (0, 0)])
def test_few_bits_in_sixteen_are_noted(highest, factor):
    """A camera's 12 bits in 16 are dark: the note says by how much they may be multiplied."""
    notes = []
    pixels.eight_bits(np.array([0, highest], np.uint16), notes)

    assert [note.rpartition(" ")[2] for note in notes] == ([str(factor)] if factor else [])


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 20, "nearly black: 99 % of it is at most 20 of 255"),
        (100, 106, "flat: 98 % of it lies between 100 and 106"),
        (0, 0, "nearly black: 99 % of it is at most 0"),
        (250, 255, "flat"),
        (0, 40, ""),
        (90, 120, ""),
    ],
)
def test_dark_and_flat_pictures_say_so(low, high, said):
    """By how much is said, whatever the size; what is dim and shows something is not called dark."""
    for side in (40, 700):
        photo = np.linspace(low, high, side * side).round().astype(np.uint8).reshape(side, side, 1).repeat(3, 2)
        notes = pixels.brightness_notes(photo)
        assert len(notes) == bool(said)
        assert all(said in note for note in notes)


def test_a_few_bright_pixels_do_not_make_a_picture_bright():
    """A dead pixel or a time stamp in a black photo."""
    photo = np.zeros((100, 100, 3), np.uint8)
    photo[::10, ::20] = 255
    photo[:] = np.maximum(photo, np.arange(20, dtype=np.uint8).repeat(5)[None, :, None])

    assert "nearly black" in pixels.brightness_notes(photo)[0]


def test_booleans_are_black_and_white():
    """False is 0, True is 255."""
    assert pixels.eight_bits(np.array([[False, True]])).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    "values",
    [
        np.array([[-1.0, 1.0]]),
        np.array([[0.0, np.nan]]),
        np.array([[0.0, np.inf]]),
        np.array([[0.0, 340.0]]),
        np.array([[0.0, 1.31]]),
        np.array([[-0.31, 1.0]]),
        np.array([[-80.0, 200.0]]),
        np.array([[-1, 3]]),
        np.array([[0, 65536]]),
    ],
    ids=[
        "standardised",
        "NaN",
        "infinite",
        "float far above 255",
        "between 1 and 255",
        "far below 0",
        "means taken off",
        "negative integer",
        "above 16 bits",
    ],
)
def test_values_without_a_clear_range_are_refused(values):
    """A photo standardised for a network, or anything else that is no photo, is not read as some other photo."""
    with pytest.raises(ImageError, match=r"0 … 1, 0 … 255 .*got "):
        pixels.eight_bits(values)


@pytest.mark.parametrize("kind", [complex, object, "U1", "datetime64[s]"])
def test_values_that_are_no_numbers_are_refused(kind):
    """The type is named."""
    with pytest.raises(ImageError, match="real numbers"):
        pixels.eight_bits(np.zeros((2, 2)).astype(kind))


def test_grey_arrays_become_three_equal_channels():
    """Height × width and height × width × 1 mean the same."""
    expected = np.stack([RAMP] * 3, axis=2)
    np.testing.assert_array_equal(expected, pixels.from_array(RAMP))
    np.testing.assert_array_equal(expected, pixels.from_array(RAMP[:, :, None]))


def test_transparency_shows_white():
    """Opaque pixels stay, transparent ones are white whatever colour they hide, half-transparent ones lie between."""
    array = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    assert pixels.from_array(array).tolist() == [[[10, 20, 30], [255, 255, 255], [127, 127, 127]]]


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((3, 20, 30), "channels come last"),
        ((1, 20, 30), "channels come last"),
        ((2, 20, 30, 3), "one photo"),
        ((20, 30, 2), r"\(20, 30, 2\)"),
        ((20,), r"\(20,\)"),
        ((), r"\(\)"),
    ],
)
def test_other_shapes_are_refused_with_a_hint(shape, hint):
    """The message has the shape, and says what to do about channels that come first and about batches."""
    with pytest.raises(ImageError, match=hint):
        pixels.from_array(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "I;16"],
)
def test_every_mode_shows_the_same_square(mode):
    """A white square on black survives the way into any mode of Pillow and back."""
    expected = np.zeros((20, 24, 3), np.uint8)
    expected[5:15, 6:16] = 255
    image = PIL.Image.fromarray(expected)
    if mode in {"PA", "La", "RGBa"}:
        image = image.convert({"PA": "P", "La": "LA", "RGBa": "RGBA"}[mode])
    image = image.convert("L").convert(mode) if mode in {"I", "F", "I;16", "LA"} else image.convert(mode)
    if mode == "I;16":
        image = PIL.Image.fromarray(expected[:, :, 0].astype(np.uint16) * 257)
    assert image.mode == mode
    assert np.abs(pixels.from_image(image, 1).astype(int) - expected).max() <= 2


def test_16_bit_images_are_scaled():
    """A PIL image of 16 bits, in either byte order, is read as a 16-bit array is."""
    values = RAMP.astype(np.uint16) * 257
    for kind in ("<u2", ">u2"):
        found = pixels.from_image(PIL.Image.fromarray(values.astype(kind)), 1)
        np.testing.assert_array_equal(RAMP, found[:, :, 1])


def test_bands_do_not_show(monkeypatch):
    """Converting band by band gives what converting at once gives, in every orientation."""
    image = PIL.Image.fromarray(np.random.default_rng(1).integers(0, 256, (37, 23, 4), dtype=np.uint8))
    whole = [pixels.from_image(image, orientation) for orientation in range(1, 9)]
    monkeypatch.setattr(pixels, "_BAND", 50)
    for orientation, expected in enumerate(whole, start=1):
        np.testing.assert_array_equal(expected, pixels.from_image(image, orientation))

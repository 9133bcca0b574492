"""Photos made to cost minutes or gigabytes are refused before they are decoded; what programs write is read."""

import io

import numpy as np
import PIL.Image
import pytest

from facerec.errors import CostlyPhotoError, LargePhotoError
from facerec.photos import formats, read, reader
from tests.fuzz import bombs


@pytest.mark.parametrize(
    "contents",
    [
        bombs.jpeg_of_scans(2000),
        bombs.bmp_of_runs(1600),
        bombs.plain_ppm(700),
        bombs.gif_of_blocks(300_000),
        bombs.tiff_of_tiles(100_001),
    ],
    ids=["scans", "runs", "digits", "blocks", "strips"],
)
def test_what_takes_minutes_is_refused(contents):
    """The error has a class and a code of its own, and is one of photos."""
    with pytest.raises(CostlyPhotoError) as raised:
        read(contents)

    assert raised.value.code == "costly_photo"


@pytest.mark.parametrize(
    "contents",
    [
        bombs.jpeg_of_scans(formats.MOST_SCANS),
        bombs.bmp_of_runs(64),
        bombs.plain_ppm(64),
        bombs.gif_of_blocks(1000),
        bombs.gif_with_comment(100_000),
        bombs.tiff_of_tiles(1000),
        bombs.ppm_with_comment(1000),
    ],
    ids=["scans", "runs", "digits", "blocks", "comment", "strips", "header"],
)
def test_the_same_in_measure_is_read(contents):
    """The bounds are on the work, not on the kind of file."""
    assert read(contents).shape[2] == 3


def test_a_picture_of_next_to_nothing_is_refused():
    """A few bytes that fill a gigabyte hold no face; the same number of pixels with something in them is a photo."""
    with pytest.raises(LargePhotoError, match="cannot hold a photo") as raised:
        read(bombs.flat("WEBP", 4000))

    assert raised.value.code == "large_photo"
    assert read(bombs.flat("WEBP", 1000)).shape == (1000, 1000, 3)


def test_a_photo_in_the_worst_quality_is_far_from_the_bound():
    """A face and nothing else, as small as JPEG makes it, has ten times the bytes that are asked for."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    photo = PIL.Image.fromarray(noise).resize((1024, 1024), PIL.Image.Resampling.BICUBIC)
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=5)

    assert 1024 * 1024 / len(file.getvalue()) < reader.MOST_PER_BYTE / 5


def test_what_stands_behind_the_first_picture_of_a_jpeg_is_left_out():
    """Further pictures and films behind it are no scans of it."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (16, 16), (200, 10, 10)).save(file, "JPEG")
    contents = file.getvalue()

    assert np.array_equal(read(contents + b"\xff\xda\x00\x02" * 1000), read(contents))

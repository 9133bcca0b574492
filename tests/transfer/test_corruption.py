"""Corruptions: each does what it is called, to every photo the same, as strongly as it is said."""

import io

import numpy as np
import PIL.Image
import pytest
import torch

from facerec.transfer.corruption import corrupted

NOISY, BLURRED, PALE, COMPRESSED, COARSE = range(5)


def digest(kind: int, seed: int = 7) -> str:
    """Of a photo that gets this corruption, and these draws."""
    return f"{kind:08x}{seed:016x}{0:040x}"


@pytest.fixture
def photo():
    """Soft blobs, 60 high and 90 wide."""
    noise = np.random.default_rng(0).integers(40, 215, (6, 9, 3), np.uint8)
    pixels = np.asarray(PIL.Image.fromarray(noise).resize((90, 60), PIL.Image.Resampling.BICUBIC))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def test_which_one_follows_from_the_first_eight_digits(photo):
    """By their remainder of five; the noise from the sixteen after them, and nothing from the rest."""
    for kind in range(5):
        assert torch.equal(corrupted(photo, digest(kind)), corrupted(photo, digest(kind + 5 * 1000)))
        assert torch.equal(corrupted(photo, digest(kind)), corrupted(photo, digest(kind)[:24] + "f" * 40))
    assert not torch.equal(corrupted(photo, digest(NOISY, 1)), corrupted(photo, digest(NOISY, 2)))
    for kind in (BLURRED, PALE, COMPRESSED, COARSE):
        assert torch.equal(corrupted(photo, digest(kind, 1)), corrupted(photo, digest(kind, 2)))


def test_noise_has_a_deviation_of_46_and_no_mean():
    """Of each pixel and channel for itself, cut off at black and white."""
    grey = torch.full((3, 120, 120), 128, dtype=torch.uint8)

    found = corrupted(grey, digest(NOISY)).double()

    assert found.mean().item() == pytest.approx(128, abs=1)
    inside = torch.special.erf(torch.tensor(127 / 46 / 2**0.5)).item()
    assert inside > 0.99
    assert found.std().item() == pytest.approx(46, abs=1)
    assert torch.corrcoef(found.flatten(1)).triu(1).abs().max() < 0.05
    white = corrupted(torch.full((3, 60, 60), 255, dtype=torch.uint8), digest(NOISY))
    assert (white == 255).double().mean().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("width", [112, 224])
def test_blur_spreads_a_point_by_a_share_of_the_width(width):
    """Two pixels of 224: the deviation of what a line becomes, and nothing is lost."""
    line = torch.zeros(3, width, width, dtype=torch.uint8)
    line[:, :, width // 2] = 250

    found = corrupted(line, digest(BLURRED))[0, width // 2].double()

    places = torch.arange(width) - width // 2
    assert found.sum().item() == pytest.approx(250, abs=8)
    assert ((found * places**2).sum() / found.sum()).sqrt().item() == pytest.approx(width / 112, rel=0.1)


def test_little_contrast_is_a_quarter(photo):
    """Every pixel comes four times as near to one grey."""
    found = corrupted(photo, digest(PALE)).double()

    slope, grey = np.polyfit(photo.flatten().numpy(), found.flatten().numpy(), 1)
    assert slope == pytest.approx(0.25, abs=0.01)
    assert grey == pytest.approx(0.75 * photo.double().mean().item(), abs=3)


def test_compression_is_that_of_a_jpeg_of_quality_15(photo):
    """What another program makes of the photo at that quality, in its place and its colours."""
    memory = io.BytesIO()
    PIL.Image.fromarray(photo.permute(1, 2, 0).numpy()).save(memory, "JPEG", quality=15)

    found = corrupted(photo, digest(COMPRESSED)).permute(1, 2, 0).numpy()

    np.testing.assert_array_equal(found, np.asarray(PIL.Image.open(memory)))


def test_few_pixels_are_two_fifths_of_each_side(photo):
    """24 rows of 36 colours, each of them blown up to a block."""
    found = corrupted(photo, digest(COARSE)).numpy()

    rows = 1 + (found[:, 1:] != found[:, :-1]).any((0, 2)).sum()
    columns = 1 + (found[:, :, 1:] != found[:, :, :-1]).any((0, 1)).sum()
    assert (rows, columns) == (24, 36)
    assert abs(found.mean() - photo.double().mean().item()) < 2
    assert corrupted(torch.zeros(3, 1, 1, dtype=torch.uint8), digest(COARSE)).shape == (3, 1, 1)

"""Preprocessing is torchvision's own, byte for byte, and does not break on odd photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.models import EfficientNet_B0_Weights, ResNet50_Weights
from torchvision.transforms.v2 import functional

from facerec.errors import ArgumentError
from facerec.networks.pretrained import pretrained
from facerec.transfer import Preprocessing

PLAIN = Preprocessing(64, 56, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "bilinear")


def photo(height: int, width: int) -> np.ndarray:
    """Noise, on which every difference shows."""
    return np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("shape", [(300, 400), (401, 299), (224, 224), (97, 1000), (31, 30)])
@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("resnet50.v1", ResNet50_Weights.IMAGENET1K_V1),
        ("resnet50.v2", ResNet50_Weights.IMAGENET1K_V2),
        ("efficientnet_b0.v1", EfficientNet_B0_Weights.IMAGENET1K_V1),
    ],
)
def test_the_same_as_torchvision(name, weights, shape):
    """Pixels are equal to the byte, and what the network sees to rounding."""
    image = photo(*shape)
    preprocessing, theirs = pretrained(name).preprocessing, weights.transforms()
    pillow = functional.resize(PIL.Image.fromarray(image), theirs.resize_size, interpolation=theirs.interpolation)
    pillow = functional.center_crop(pillow, theirs.crop_size)

    ours = preprocessing.evaluate(image)

    assert torch.equal(ours, functional.pil_to_tensor(pillow))
    torch.testing.assert_close(preprocessing.normalise(ours[None])[0], theirs(PIL.Image.fromarray(image)))


def test_squash_keeps_the_edges():
    """Nothing is cut off a squashed photo: its border stays a border."""
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, :40] = 255
    squashed = Preprocessing(64, 56, (0, 0, 0), (1, 1, 1), "bilinear", squash=True)

    assert squashed.evaluate(image)[:, :, 0].min() == 255
    assert PLAIN.evaluate(image).max() == 0
    assert squashed.text.startswith("squash 56 bilinear")


@pytest.mark.parametrize("shape", [(3, 60_000), (60_000, 3), (1, 1)])
def test_odd_photos(shape):
    """A photo that is nearly a line, which would fill the memory if it were resized whole."""
    assert PLAIN.evaluate(photo(*shape)).shape == (3, 56, 56)


def test_normalised_batches_keep_their_memory_format():
    """Channels-last stays channels-last, for networks that are faster so."""
    batch = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8).to(memory_format=torch.channels_last)

    out = PLAIN.normalise(batch)

    assert out.is_contiguous(memory_format=torch.channels_last)
    assert out.dtype == torch.float32
    assert out.unique().tolist() == [2]


def test_another_size_keeps_the_proportion():
    """The part of the photo that is seen stays the same; texts tell two preprocessings apart."""
    smaller = PLAIN.at(28)

    assert (smaller.resize, smaller.crop) == (32, 28)
    assert smaller.text != PLAIN.text
    with pytest.raises(ArgumentError, match="size must be 1 to 4096"):
        PLAIN.at(0)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_photo(image):
    """Grey, floating and empty arrays are refused with their shape."""
    with pytest.raises(ArgumentError, match="uint8 array of shape"):
        PLAIN.evaluate(image)


@pytest.mark.parametrize("shape", [(300, 402), (402, 300), (30, 31), (257, 259), (301, 403), (300, 401)])
@pytest.mark.parametrize(("resize", "crop"), [(256, 224), (255, 224), (64, 57), (40, 40)])
def test_odd_sizes_and_crops_are_torchvisions(shape, resize, crop):
    """Whole numbers of pixels and the middle of odd rests, upright and across."""
    image = photo(*shape)
    pillow = functional.resize(PIL.Image.fromarray(image), [resize])

    ours = Preprocessing(resize, crop, (0, 0, 0), (1, 1, 1), "bilinear").evaluate(image)

    assert torch.equal(ours, functional.pil_to_tensor(functional.center_crop(pillow, [crop])))


@pytest.mark.parametrize("across", [True, False])
def test_the_middle_of_a_very_long_photo(across):
    """With its ends cut off first it is nearly what it is as a whole, and lies as much to either side."""
    image = photo(20, 20).repeat(20, axis=1)[:, :390] if across else photo(20, 20).repeat(20, axis=0)[:390]
    image = np.ascontiguousarray((image.astype(int) + image[::-1, ::-1]).astype(np.uint16) // 2).astype(np.uint8)
    whole = functional.center_crop(functional.resize(PIL.Image.fromarray(image), [64]), [56])

    ours = PLAIN.evaluate(image)

    assert (ours.int() - functional.pil_to_tensor(whole).int()).abs().float().mean() < 6
    assert (ours.int() - ours.flip(1, 2).int()).abs().max() <= 2


def test_texts_hold_all_of_it():
    """Any other number is another text; another size rounds the resized side."""
    texts = {
        replace(PLAIN, **change).text
        for change in (
            {}, {"resize": 65}, {"crop": 55}, {"mean": (0.5, 0.5, 0.4)}, {"std": (0.2, 0.25, 0.25)},
            {"interpolation": "bicubic"}, {"squash": True},
        )
    }  # fmt: skip

    assert len(texts) == 7
    assert [PLAIN.at(size).resize for size in (1, 7, 30, 4096)] == [1, 8, 34, 4681]
    with pytest.raises(ArgumentError, match="1 to 4096 pixels; got 4097"):
        PLAIN.at(4097)


def test_channels_are_normalised_each_by_its_own():
    """(pixel / 255 - mean) / std of red, green and blue."""
    of = Preprocessing(2, 2, (0.1, 0.2, 0.3), (0.5, 0.25, 0.2), "bilinear")
    batch = torch.tensor([51, 102, 255], dtype=torch.uint8).reshape(1, 3, 1, 1)

    assert of.normalise(batch).flatten().tolist() == pytest.approx([0.2, 0.8, 3.5], abs=1e-5)

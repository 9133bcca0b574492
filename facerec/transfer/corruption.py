"""Test photos as they might come another day: noise, blur, little contrast, strong compression, few pixels.

A method that distorts what a network has learned before loses more on such photos than on those like its training
photos (Kumar et al. 2022), which no accuracy on the test part shows. Each photo gets one of five corruptions of
Hendrycks and Dietterich 2019 (near their severity 3), drawn by its own contents: the same for every method, so that
answers can be compared photo by photo.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

VERSION = "corruptions 1"
"""Part of what a result depends on; another number where a photo would come out otherwise."""


def corrupted(pixels: Tensor, digest: str) -> Tensor:
    """A photo, corrupted.

    Parameters
    ----------
    pixels : Tensor, uint8, shape (3, height, width)
    digest : str
        Of the photo's contents, hexadecimal; it draws which corruption, and the noise.

    Returns
    -------
    Tensor, uint8, shape (3, height, width)
    """
    return _KINDS[int(digest[:8], 16) % len(_KINDS)](pixels, int(digest[8:24], 16))


def _noisy(pixels: Tensor, seed: int) -> Tensor:
    noise = torch.from_numpy(np.random.default_rng(seed).normal(0, 46, tuple(pixels.shape)))
    return (pixels + noise).round().clamp(0, 255).to(torch.uint8)


def _blurred(pixels: Tensor, _seed: int) -> Tensor:
    sigma = pixels.shape[-1] / 112  # 2 pixels of 224
    return functional.gaussian_blur(pixels, [2 * round(3 * sigma) + 1] * 2, [sigma] * 2)


def _pale(pixels: Tensor, _seed: int) -> Tensor:
    return functional.adjust_contrast(pixels, 0.25)


def _compressed(pixels: Tensor, _seed: int) -> Tensor:
    memory = io.BytesIO()
    PIL.Image.fromarray(pixels.permute(1, 2, 0).contiguous().numpy()).save(memory, "JPEG", quality=15)
    return torch.from_numpy(np.array(PIL.Image.open(memory))).permute(2, 0, 1)


def _coarse(pixels: Tensor, _seed: int) -> Tensor:
    sides = list(pixels.shape[-2:])
    few = functional.resize(pixels, [max(1, round(0.4 * side)) for side in sides], antialias=True)
    return functional.resize(few, sides, interpolation=functional.InterpolationMode.NEAREST)


_KINDS: tuple[Callable[[Tensor, int], Tensor], ...] = (_noisy, _blurred, _pale, _compressed, _coarse)

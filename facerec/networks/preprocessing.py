"""From a photo to what a backbone was trained on: resize, crop, number range; each weight file has its own.

Getting this wrong raises no error and costs points of accuracy, so it belongs to the weights and is never typed in
by hand. The geometry is computed once per photo and gives bytes (a fourth of the memory of floats, and what a cache
or a loader thread should hold); the normalisation runs on whole batches, on the device.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from torch import Tensor

Interpolation: TypeAlias = Literal["bilinear", "bicubic"]

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
_LONGEST = 16  # longer side by shorter side, beyond which a photo's ends are cut off before it is resized


@dataclass(frozen=True)
class Preprocessing:
    """How a photo becomes the input of a backbone.

    Attributes
    ----------
    resize : int
        Length in pixels to which the shorter side is brought, the aspect ratio kept.
    crop : int
        Side in pixels of the square that is cut from the centre: the network's input.
    mean, std : (float, float, float)
        Per channel R, G, B, on the range 0 … 1: the network sees (pixel / 255 - mean) / std.
    interpolation : {"bilinear", "bicubic"}
        With antialiasing, as Pillow does it.
    squash : bool
        Bring both sides to `crop` instead, without regard to the aspect ratio; nothing is cut off.

    Examples
    --------
    >>> Preprocessing(232, 224, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "bilinear").at(112).text
    'resize 116 crop 112 bilinear mean 0.485 0.456 0.406 std 0.229 0.224 0.225'
    """

    resize: int
    crop: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Interpolation
    squash: bool = False

    @property
    def text(self) -> str:
        """All of it in one canonical line, for hashes and reports; equal texts mean equal inputs."""
        shape = f"squash {self.crop}" if self.squash else f"resize {self.resize} crop {self.crop}"
        return f"{shape} {self.interpolation} mean {_numbers(self.mean)} std {_numbers(self.std)}"

    def at(self, size: int) -> Preprocessing:
        """The same with a `crop` of `size` pixels; `resize` keeps its proportion to it.

        Raises
        ------
        ArgumentError
            If `size` is not 1 … 4096.
        """
        if not 1 <= size <= 4096:
            message = f"size must be 1 to 4096 pixels; got {size}"
            raise ArgumentError(message)
        return replace(self, resize=round(self.resize * size / self.crop), crop=size)

    def evaluate(self, image: NDArray[np.uint8]) -> Tensor:
        """Resize and crop one photo, the same way every time; byte for byte as torchvision does it with Pillow.

        Parameters
        ----------
        image : uint8 array, shape (height, width, 3)
            RGB.

        Returns
        -------
        uint8 tensor, shape (3, crop, crop)

        Raises
        ------
        ArgumentError
            If `image` is not such an array.
        """
        import torch  # here, so that listing what backbones need loads no torch

        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            message = f"image must be a uint8 array of shape (height, width, 3); got {image.dtype} {image.shape}"
            raise ArgumentError(message)
        photo = Image.fromarray(image if self.squash else _without_ends(image))
        photo = photo.resize(self._size_of(photo.width, photo.height), _FILTERS[self.interpolation])
        left, top = round((photo.width - self.crop) / 2), round((photo.height - self.crop) / 2)
        photo = photo.crop((left, top, left + self.crop, top + self.crop))
        return torch.from_numpy(np.array(photo)).permute(2, 0, 1).contiguous()

    def normalise(self, batch: Tensor) -> Tensor:
        """Bring a batch to the number range of the network, on the batch's own device.

        Parameters
        ----------
        batch : uint8 tensor, shape (n, 3, height, width)

        Returns
        -------
        float32 tensor of the same shape and memory format
        """
        import torch

        mean, std = (torch.tensor(each, device=batch.device).reshape(1, 3, 1, 1) for each in (self.mean, self.std))
        return batch.to(torch.float32).sub_(255 * mean).div_(255 * std)

    def _size_of(self, width: int, height: int) -> tuple[int, int]:
        if self.squash:
            return self.crop, self.crop
        # The longer side is cut down to a whole number, as torchvision does it, so that its figures are met.
        if width <= height:
            return self.resize, int(self.resize * height / width)
        return int(self.resize * width / height), self.resize


def _without_ends(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a very long photo, whose ends the crop cuts off anyway: resized whole it could fill the memory."""
    height, width = image.shape[:2]
    longest = _LONGEST * min(height, width)
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    return image[top : top + longest, left : left + longest]


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)

"""Training photos that differ a little each time: mirrored and cropped at random, whole batches at once.

Every photo's crop and mirror image is one affine map, so that a batch needs one call on its own device. The draws
come from the generator that is passed, on the CPU, so that they are the same on every device.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from facerec.learning.recipe import Augmentation

_LEAST_AREA = 0.5
_WIDEST = 4 / 3


def augment(
    photos: Tensor, how: Augmentation, generator: torch.Generator, *, part: tuple[slice, int] | None = None
) -> Tensor:
    """Change photos at random, each on its own.

    Parameters
    ----------
    photos : float tensor, shape (n, 3, size, size)
        Any number range.
    how : {"none", "flip", "crop"}
        ``flip``: mirrored left to right, with probability 1/2. ``crop``: that, and a rectangle is cut out and
        stretched to the full size; its area is uniform from half to all of the photo, its aspect ratio
        log-uniform from 3:4 to 4:3, its place uniform (Szegedy et al. 2015, section 6, with less zoom, because a
        photo is already cut to its centre).
    generator : torch.Generator
        On the CPU; moved on.
    part : (slice, int), optional
        Where in a batch `photos` stand, and its length: they are changed as they would be in the whole batch.

    Returns
    -------
    float tensor of the same shape
    """
    if how == "none":
        return photos
    place, length = part or (slice(None), len(photos))
    mirrored = torch.rand(length, generator=generator) < 0.5
    if how == "flip":
        return torch.where(mirrored[place].to(photos.device)[:, None, None, None], photos.flip(3), photos)
    maps = _maps(mirrored, generator)[place].to(photos)
    grid = affine_grid(maps, list(photos.shape), align_corners=False)
    # Reflection only because the outermost half pixel has no neighbour; nothing outside the photo is seen.
    return grid_sample(photos, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _maps(mirrored: Tensor, generator: torch.Generator) -> Tensor:
    """Affine maps (n, 2, 3) from output to input coordinates, both -1 … 1 over the photo."""
    area, aspect, across, down = torch.rand(4, len(mirrored), generator=generator)
    area = _LEAST_AREA + (1 - _LEAST_AREA) * area
    aspect = _WIDEST ** (2 * aspect - 1)
    width, height = (area * aspect).sqrt().clamp(max=1), (area / aspect).sqrt().clamp(max=1)
    maps = torch.zeros(len(mirrored), 2, 3)
    maps[:, 0, 0] = torch.where(mirrored, -width, width)
    maps[:, 1, 1] = height
    maps[:, 0, 2] = (1 - width) * (2 * across - 1)
    maps[:, 1, 2] = (1 - height) * (2 * down - 1)
    return maps

"""Scenes made on the spot: discs, squares, triangles and crosses over textures with the statistics of photos.

Shapes are filled with the same kind of texture as the ground, so that only the outline tells what a shape is. The
amplitude of a photo's spatial frequencies f falls about as 1/f (Field 1987), and so does that of the textures.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torchvision import tv_tensors

CLASSES = ("disc", "square", "triangle", "cross")


def _inside(label: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points lie in the shape whose centre is the origin and whose reach is about 1."""
    return (
        np.hypot(x, y) < 0.9,
        np.maximum(abs(x), abs(y)) < 0.76,
        np.maximum(-y, 0.866 * abs(x) + 0.5 * y) < 0.52,
        (np.minimum(abs(x), abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 0.95),
    )[label]


@dataclass(frozen=True)
class Scene:
    """Pixels, the class of every pixel (0 is the ground, 1 + place in `CLASSES`), and a box and label per shape."""

    image: tv_tensors.Image
    mask: tv_tensors.Mask
    boxes: tv_tensors.BoundingBoxes
    labels: torch.Tensor


def scene(seed: int, *, size: int = 96, most: int = 3) -> Scene:
    """Make one scene of one to `most` shapes; the same seed gives the same scene."""
    random = np.random.default_rng([seed, size, most])
    y, x = np.mgrid[:size, :size] + 0.5
    pixels = texture(size, random)
    owner, labels, areas = np.zeros((size, size), int), [], []
    for number in range(1, int(random.integers(1, most + 1)) + 1):
        label, radius = int(random.integers(len(CLASSES))), size * random.uniform(0.13, 0.26)
        (left, top), turn = random.uniform(0.9 * radius, size - 0.9 * radius, 2), random.uniform(0, 2 * np.pi)
        place = np.exp(-1j * turn) * ((x - left) + 1j * (y - top)) / radius
        inside = _inside(label, place.real, place.imag)
        filling = texture(size, random)
        contrast = filling[inside].mean(0) - pixels[inside].mean(0)
        push = max(0.0, 0.25 - float(np.abs(contrast).max())) * np.where(contrast < 0, -1, 1)
        pixels[inside] = (filling + push)[inside]
        owner[inside] = number
        labels.append(label + 1)
        areas.append(inside.sum())
    return _scene_of(pixels, owner, labels, areas)


def _scene_of(pixels: np.ndarray, owner: np.ndarray, labels: list[int], areas: list[int]) -> Scene:
    """A shape that is mostly covered by later ones stays in the mask, but is no object to find."""
    boxes, kept = [], []
    for number, (label, area) in enumerate(zip(labels, areas, strict=True), 1):
        rows, columns = np.nonzero(owner == number)
        if len(rows) > 0.35 * area:
            boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            kept.append(label)
    image = torch.from_numpy((255 * pixels.clip(0, 1)).round().astype(np.uint8)).permute(2, 0, 1)
    return Scene(
        tv_tensors.Image(image),
        tv_tensors.Mask(torch.from_numpy(np.array([0, *labels])[owner])),
        tv_tensors.BoundingBoxes(
            torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), format="XYXY", canvas_size=owner.shape
        ),
        torch.tensor(kept, dtype=torch.int64),
    )


def texture(size: int, random: np.random.Generator) -> np.ndarray:
    """A coloured plane, shape (size, size, 3), about 0 to 1, whose amplitudes fall with the frequency."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    noise = np.fft.rfft2(random.normal(size=(4, size, size)))
    planes = np.fft.irfft2(noise / frequency ** random.uniform(1, 1.5), s=(size, size))
    planes /= planes.std(axis=(1, 2), keepdims=True)
    mean = random.uniform(0.25, 0.75) + random.uniform(-0.2, 0.2, 3)
    return np.moveaxis(mean[:, None, None] + random.uniform(0.06, 0.16) * (planes[:1] + 0.35 * planes[1:]), 0, -1)

"""Scenes made on the spot: shapes of four kinds over textures with the statistics of photos.

Every colour, size and turn is drawn at random and shapes are filled with the same kind of texture as the ground, so
that only the outline tells what a shape is. The amplitude of a photo's spatial frequencies f falls about as 1/f, in
smooth scenes faster, which is what the textures have, too.

References
----------
Field (1987), "Relations between the statistics of natural images and the response properties of cortical cells",
Journal of the Optical Society of America A 4:2379.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.transfer.beyond.scenes import Objects, Scenes, parts_of

FEWEST = 16
_MOST_SHAPES = 4
# A shape of which less than this share is left when others lie over it is no longer an object that could be found.
_LEAST_VISIBLE = 0.35
_CONTRAST = 0.22

Plane = NDArray[np.float64]


def _disc(x: Plane, y: Plane) -> NDArray[np.bool_]:
    return np.hypot(x, y) < 0.9


def _square(x: Plane, y: Plane) -> NDArray[np.bool_]:
    return np.maximum(abs(x), abs(y)) < 0.76


def _triangle(x: Plane, y: Plane) -> NDArray[np.bool_]:
    return np.maximum(-y, 0.866 * abs(x) + 0.5 * y) < 0.52


def _cross(x: Plane, y: Plane) -> NDArray[np.bool_]:
    return (np.minimum(abs(x), abs(y)) < 0.3) & (np.maximum(abs(x), abs(y)) < 0.95)


SHAPES: dict[str, Callable[[Plane, Plane], NDArray[np.bool_]]] = {
    "disc": _disc,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
}
"""Whether points are inside a shape whose centre is the origin and whose reach is about 1."""


def shapes(number: int = 256, *, size: int = 96, seed: int = 0) -> Scenes:
    """Make scenes of one to four shapes each; one in twelve is empty.

    Parameters
    ----------
    number : int
        Scenes, 16 or more: an eighth is for choosing, a quarter for judging.
    size : int
        Height and width in pixels, 32 or more.
    seed : int
        The same seed gives the same scenes.

    Raises
    ------
    ArgumentError
        If there are fewer scenes or pixels.

    Examples
    --------
    >>> made = shapes(16, size=64, seed=1)
    >>> made.pixels.shape, made.classes
    ((16, 64, 64, 3), ('disc', 'square', 'triangle', 'cross'))
    """
    if number < FEWEST or size < 32:
        message = f"shapes need {FEWEST} scenes and 32 pixels at least; got {number} scenes of {size} pixels"
        raise ArgumentError(message)
    scenes = [_scene(size, np.random.default_rng([seed, place])) for place in range(number)]
    validation, test = parts_of(number)
    order = np.arange(number)
    return Scenes(
        name="shapes made on the spot",
        classes=tuple(SHAPES),
        pixels=np.stack([pixels for pixels, _, _ in scenes]),
        masks=np.stack([mask for _, mask, _ in scenes]),
        objects=tuple(objects for _, _, objects in scenes),
        train=order[validation + test :],
        validation=order[test : validation + test],
        test=order[:test],
        made=True,
        note="an eighth to choose on, a quarter to judge on",
    )


def _scene(size: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Objects]:
    y, x = np.mgrid[:size, :size] + 0.5
    pixels = _texture(size, rng)
    owner = np.zeros((size, size), np.int64)
    labels, areas = [], []
    count = 0 if rng.random() < 1 / 12 else int(rng.integers(1, _MOST_SHAPES + 1))
    for _ in range(count):
        label = int(rng.integers(len(SHAPES)))
        radius = size * rng.uniform(0.11, 0.24)
        centre = rng.uniform(0.8 * radius, size - 0.8 * radius, 2)
        turn = rng.uniform(0, 2 * np.pi)
        across, down = (x - centre[0]) / radius, (y - centre[1]) / radius
        turned = np.cos(turn) * across + np.sin(turn) * down, np.cos(turn) * down - np.sin(turn) * across
        inside = tuple(SHAPES.values())[label](*turned)
        labels.append(label + 1)
        areas.append(int(inside.sum()))
        pixels = np.where(inside[..., None], _filled(pixels, inside, rng), pixels)
        owner[inside] = len(labels)
    mask, objects = _visible(owner, labels, areas)
    noisy = pixels + rng.normal(0, 0.02, pixels.shape)
    return (255 * np.clip(noisy, 0, 1)).round().astype(np.uint8), mask, objects


def _filled(ground: Plane, inside: NDArray[np.bool_], rng: np.random.Generator) -> Plane:
    """A texture whose mean colour inside is far enough from what it lies over to be seen."""
    texture = _texture(len(ground), rng)
    difference = (texture[inside] - ground[inside]).mean(axis=0)
    distance = float(np.linalg.norm(difference))
    direction = difference / max(distance, 1e-9)
    return texture + direction * max(0.0, _CONTRAST - distance)


def _texture(size: int, rng: np.random.Generator) -> Plane:
    """A ground whose amplitudes fall as 1/f to 1/f^1.5, mostly alike in the three channels as in photos."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    noise = rng.normal(size=(4, size, size))
    planes = np.fft.irfft2(np.fft.rfft2(noise) / frequency ** rng.uniform(1, 1.5), s=(size, size))
    planes /= planes.std(axis=(1, 2), keepdims=True)
    grey, colours = planes[0], planes[1:]
    together = grey[None] + 0.35 * colours
    mean = rng.uniform(0.25, 0.75) + rng.uniform(-0.2, 0.2, 3)
    return np.moveaxis(mean[:, None, None] + rng.uniform(0.06, 0.16) * together, 0, -1)


def _visible(owner: NDArray[np.int64], labels: list[int], areas: list[int]) -> tuple[NDArray[np.uint8], Objects]:
    """The mask and the objects of what can be seen; a shape that is nearly covered stays in the mask only."""
    mask = np.array([0, *labels], np.uint8)[owner]
    boxes, kept = [], []
    for number, (label, area) in enumerate(zip(labels, areas, strict=True), 1):
        rows, columns = np.nonzero(owner == number)
        if len(rows) >= max(4, _LEAST_VISIBLE * area):
            boxes.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            kept.append(label)
    objects = Objects(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(kept, np.int64), np.zeros(len(kept), np.bool_)
    )
    return mask, objects

"""How fast this machine is with a backbone: a few real batches, timed before anything is planned."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from facerec.learning.loop import Progress
from facerec.learning.recipe import recipe
from facerec.networks.backbone import Backbone
from facerec.transfer.cost import BACKWARD, Speed, macs_at, step_seconds, timed
from facerec.transfer.engines import Engine
from facerec.transfer.features import extract
from facerec.transfer.grid import Settings
from facerec.transfer.image_set import ImageSet
from facerec.transfer.photos import Photos
from facerec.transfer.probes import fit_logistic
from facerec.transfer.splits import Splits
from facerec.transfer.trained import train

_SIZE = 128
_PHOTOS = 24
_STEPS = 3
_WARM_UP = 2


def measure_speed(
    backbone: Backbone,
    image_set: ImageSet,
    indices: NDArray[np.int64],
    *,
    device: str,
    engine: Engine = "torch",
    training: bool = True,
    photos: int = _PHOTOS,
    before_training: Callable[[], None] | None = None,
) -> Speed:
    """Time a backbone on some photos: features, three steps of training, one sweep of a probe.

    Parameters
    ----------
    backbone : Backbone
    image_set : ImageSet
    indices : ndarray, int64
        Photos that may be used; a few are picked, evenly.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    engine : {"torch", "onnxruntime"}
        What computes features.
    training : bool
        Whether training is timed; otherwise what is said of it means nothing.
    photos : int
        How many to use, above 2.
    before_training : callable, optional
        Called before a training is timed, which all processes of a team do together by `training_speed`.

    Returns
    -------
    Speed
        In multiply-adds per second, so that it holds for other input sizes, too.
    """
    some = _some(indices, photos)

    def run(which: NDArray[np.int64]) -> float:
        return timed(
            lambda: extract(backbone, image_set, indices=which, engine=engine, device=device), time.perf_counter
        )

    few = min(run(some[:_WARM_UP]) for _ in range(2))
    many = run(some)
    forward = backbone.macs * max(1, len(some) - _WARM_UP) / max(many - few, 0.2 * many)
    probe = _probe(backbone.dimension, len(image_set.classes))
    if not training:
        return Speed(forward, forward, 0.0, probe)
    if before_training is not None:
        before_training()
    size = _timed_size(backbone)
    macs = macs_at(backbone.macs, backbone.preprocessing.crop, size)
    step, start = training_speed(backbone, image_set, indices, device=device, photos=photos)
    return Speed(forward, (1 + BACKWARD) * macs * (len(some) - _WARM_UP) / step, start, probe)


def size_for(backbone: Backbone, settings: Settings) -> int:
    """Side in pixels of a backbone's input: what the settings say, where they say it and it can be changed."""
    own = backbone.preprocessing.crop
    return own if settings.size is None or not backbone.resizable else settings.size


def training_speed(
    backbone: Backbone, image_set: ImageSet, indices: NDArray[np.int64], *, device: str, photos: int = _PHOTOS
) -> tuple[float, float]:
    """Seconds per step of a training, and seconds until the first; parameters as of `measure_speed`."""
    size, some = _timed_size(backbone), _some(indices, photos)
    marks: list[float] = []

    def note(_: Progress) -> None:
        marks.append(time.perf_counter())

    tried = replace(recipe("fine-tune", epochs=1, least_steps=_STEPS, size=size), batch_size=len(some) - _WARM_UP)
    held = Photos(image_set, backbone.preprocessing.at(size))
    held.batch(some)
    began = time.perf_counter()
    train(
        backbone,
        image_set,
        Splits(some[_WARM_UP:], some[:_WARM_UP], some[:0]),
        tried,
        photos=held,
        device=device,
        progress=note,
    )
    whole = time.perf_counter() - began
    step = max(step_seconds(marks), 1e-6)
    return step, max(0.0, whole - step * len(marks))


def _timed_size(backbone: Backbone) -> int:
    own = backbone.preprocessing.crop
    return min(_SIZE, own) if backbone.resizable else own


def _some(indices: NDArray[np.int64], photos: int) -> NDArray[np.int64]:
    return indices[:: max(1, len(indices) // photos)][:photos]


def _probe(dimension: int, classes: int) -> float:
    """Seconds per photo, feature and class of a sweep, on made-up features as hard as real ones."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(classes), max(2, 120 // classes))
    centres = random.normal(size=(classes, dimension))
    vectors = (centres[labels] + 4 * random.normal(size=(len(labels), dimension))).astype(np.float32)
    seconds = timed(
        lambda: fit_logistic(vectors, labels, vectors[::2], labels[::2], classes=classes), time.perf_counter
    )
    return seconds / (1.5 * len(labels) * min(len(labels), dimension) * classes)

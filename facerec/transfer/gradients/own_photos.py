"""A folder of labelled photos as the small images that the lab trains on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facerec.errors import DataSetError
from facerec.transfer.gradients.textures import LabImages
from facerec.transfer.preprocessing import Preprocessing
from facerec.transfer.reading import read_image_set


def read_lab_images(
    source: str | Path, *, size: int = 16, most: int = 2048, seed: int = 0, exclude: Sequence[str] = ()
) -> LabImages:
    """Read photos and shrink them to squares, the aspect ratio given up so that nothing is cut off.

    Parameters
    ----------
    source : str or Path
        As ``read_image_set`` takes it: a folder with a folder of photos per class, a manifest.
    size : int
        Height and width in pixels, a multiple of 4 from 8 up.
    most : int
        Where there are more photos, as many are drawn by `seed`.
    seed : int
    exclude : sequence of str
        As for ``read_image_set``.

    Raises
    ------
    DataSetError
        If the data cannot be read, or a class has none of the photos that were drawn.
    """
    image_set = read_image_set(source, exclude=exclude)
    order = np.random.default_rng(seed).permutation(len(image_set))[:most]
    labels = image_set.labels[order]
    if missing := set(range(len(image_set.classes))) - set(labels.tolist()):
        message = (
            f"{source}: among {len(order):,} photos drawn none is of class {image_set.classes[min(missing)]!r}; the "
            "lab needs fewer classes"
        )
        raise DataSetError(message)
    # Mean and deviation of this data, as the images made on the spot have them; the numbers below change nothing then.
    shrink = Preprocessing(size, size, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bilinear", squash=True)
    pixels = np.stack([shrink.evaluate(image_set.image(int(index))).numpy() for index in order]).astype(np.float64)
    pixels -= pixels.mean(axis=(0, 2, 3), keepdims=True)
    pixels /= np.maximum(pixels.std(axis=(0, 2, 3), keepdims=True), 1e-6)
    name = f"{image_set.name}, photos shrunk"
    return LabImages(name, pixels.astype(np.float32), labels.astype(np.int64), image_set.classes, image_set.left_out)

"""The photos of an image set at a network's input size: decoded once, held as bytes while they fit, else read ahead."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.networks.preprocessing import Preprocessing
from facerec.photos.prefetch import ahead
from facerec.transfer.corruption import corrupted
from facerec.transfer.image_set import ImageSet

HELD_BYTES = 1 << 30
"""How many bytes of decoded photos are held; 7,132 photos at 224 pixels. What does not fit is decoded each time."""


class Photos:
    """Photos as a network takes them in, before normalisation.

    Parameters
    ----------
    image_set : ImageSet
        Where they come from.
    preprocessing : Preprocessing
        What is done to them; its `crop` is their size.
    held_bytes : int
        How many bytes of them to hold, >= 0.
    corrupt : bool
        Whether each is corrupted (``facerec.transfer.corruption``).
    """

    def __init__(
        self,
        image_set: ImageSet,
        preprocessing: Preprocessing,
        *,
        held_bytes: int = HELD_BYTES,
        corrupt: bool = False,
    ) -> None:
        self.image_set = image_set
        self.corrupt = corrupt
        self.preprocessing = preprocessing
        self._room = held_bytes // (3 * preprocessing.crop**2)
        self._held: dict[int, Tensor] = {}

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """The photos at `indices`, uint8 (n, 3, crop, crop).

        Raises
        ------
        ImageError
            If a file has gone or changed into something unreadable since the set was read.
        """
        return torch.stack([self._photo(int(index)) for index in indices])

    def batches(self, groups: Iterable[NDArray[np.int64]]) -> Iterator[Tensor]:
        """One batch per group of indices, in order, made in threads while the ones before are used."""
        workers = os.cpu_count() or 1
        return ahead(self.batch, groups, workers=workers, depth=workers + 2)

    def _photo(self, index: int) -> Tensor:
        photo = self._held.get(index)
        if photo is None:
            photo = self.preprocessing.evaluate(self.image_set.image(index))
            if self.corrupt:
                photo = corrupted(photo, self.image_set.digests[index])
            # Threads that decode the same photo at once store the same bytes.
            if len(self._held) < self._room:
                self._held[index] = photo
        return photo

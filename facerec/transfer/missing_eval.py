"""What a forgotten ``eval()`` does to a frozen network, in numbers; a common mistake of tutorials and papers.

No weight takes a gradient, so the network looks frozen. But in train mode its batch normalisation uses the statistics
of each batch, so a photo's features depend on the photos beside it, and every batch, test photos included, changes the
statistics that are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cosine_similarity

from facerec.errors import ArgumentError
from facerec.networks.trunk import Trunk
from facerec.transfer.backbone import Backbone
from facerec.transfer.freezing import frozen_state
from facerec.transfer.photos import Photos


@dataclass(frozen=True)
class MissingEval:
    """How far a network that should be frozen moved while it was only looked at.

    Attributes
    ----------
    tensors : int
        Tensors of the network's state that should not change.
    moved : int
        Those of them that did, in one pass over the photos in train mode.
    similarity_in_train : float
        Mean cosine similarity between a photo's features in train mode and in eval mode; 1 where no harm is done.
    similarity_after : float
        The same between its features in eval mode after that pass and before.
    """

    tensors: int
    moved: int
    similarity_in_train: float
    similarity_after: float


def missing_eval(
    backbone: Backbone, photos: Photos, indices: NDArray[np.int64], *, batch_size: int = 16
) -> MissingEval:
    """Pass photos through a network whose weights take no gradient, with and without ``eval()``.

    Parameters
    ----------
    backbone : Backbone
        A fresh trunk of it is used.
    photos : Photos
        Where the photos are, at the size to look at them.
    indices : ndarray, int64, shape (n,)
        Which of them, n >= 2.
    batch_size : int
        >= 2.

    Returns
    -------
    MissingEval

    Raises
    ------
    ArgumentError
        If there are fewer than two photos, or `batch_size` is below 2: one photo has no batch statistics.
    """
    if len(indices) < 2 or batch_size < 2:
        message = f"batch statistics need 2 photos or more; got {len(indices)} in batches of {batch_size}"
        raise ArgumentError(message)
    trunk = backbone.trunk().requires_grad_(requires_grad=False)
    before = frozen_state(trunk)
    groups = np.array_split(indices, max(1, len(indices) // batch_size))
    in_eval = _features(trunk.eval(), photos, groups)
    in_train = _features(trunk.train(), photos, groups)
    after = frozen_state(trunk)
    again = _features(trunk.eval(), photos, groups)
    return MissingEval(
        tensors=len(before),
        moved=sum(after[name] != digest for name, digest in before.items()),
        similarity_in_train=cosine_similarity(in_train, in_eval).mean().item(),
        similarity_after=cosine_similarity(again, in_eval).mean().item(),
    )


@torch.no_grad()
def _features(trunk: Trunk, photos: Photos, groups: list[NDArray[np.int64]]) -> Tensor:
    normalise = photos.preprocessing.normalise
    return torch.cat([trunk(normalise(pixels)) for pixels in photos.batches(groups)])

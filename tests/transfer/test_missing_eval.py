"""The numbers of a forgotten eval."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError
from facerec.networks.trunk import Trunk
from facerec.transfer.image_set import ImageSet
from facerec.transfer.missing_eval import missing_eval
from facerec.transfer.photos import Photos
from facerec.transfer.preprocessing import Preprocessing

_SIZE = 16


def _backbone(norm: type[nn.Module]) -> SimpleNamespace:
    torch.manual_seed(0)
    body = [("only", nn.Sequential(nn.Conv2d(3, 4, 3), norm(4), nn.ReLU()))]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    trunk = Trunk(body=body, pool=pool, dimension=4, map_stages={}, map_channels={})
    return SimpleNamespace(trunk=lambda: trunk)


def _photos() -> Photos:
    pixels = np.random.default_rng(0).integers(0, 256, (20, _SIZE, _SIZE, 3), np.uint8)
    image_set = ImageSet(
        name="noise",
        root=Path(),
        files=tuple(f"{number}.png" for number in range(20)),
        labels=np.arange(20) % 2,
        classes=("a", "b"),
        parts=("",) * 20,
        digests=("0" * 64,) * 20,
        pixels=list(pixels),
    )
    return Photos(image_set, Preprocessing(_SIZE, _SIZE, (0.4, 0.4, 0.4), (0.2, 0.2, 0.2), "bilinear"))


def test_statistics_move_and_features_with_them() -> None:
    """Mean, variance and count of the one layer change; features differ during and after."""
    found = missing_eval(_backbone(nn.BatchNorm2d), _photos(), np.arange(20), batch_size=5)

    assert (found.moved, found.tensors) == (3, 7)
    assert found.similarity_in_train < 0.999
    assert found.similarity_after < 0.9999


def test_a_network_without_batch_normalisation_stays() -> None:
    """There the two modes are one."""
    found = missing_eval(_backbone(lambda width: nn.GroupNorm(1, width)), _photos(), np.arange(20))

    assert found.moved == 0
    assert found.similarity_in_train == pytest.approx(1, abs=1e-6)
    assert found.similarity_after == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("photos", "batch_size"), [(1, 16), (5, 1)])
def test_one_photo_has_no_statistics(photos, batch_size) -> None:
    """The message says how many there were."""
    with pytest.raises(ArgumentError, match=f"need 2 photos or more; got {photos} in batches of {batch_size}"):
        missing_eval(_backbone(nn.BatchNorm2d), _photos(), np.arange(photos), batch_size=batch_size)

"""Photos through a network without gradients: in any number, in their order; and statistics that are averages."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk
from facerec.transfer.image_set import ImageSet
from facerec.transfer.inference import forward, normalised, probabilities, recalibrate
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos

SIZE, COUNT = 8, 150
PREPROCESSING = Preprocessing(SIZE, SIZE, (0.5, 0.4, 0.3), (0.25, 0.2, 0.1), "bilinear")


@pytest.fixture
def photos():
    """Noise of growing brightness."""
    random = np.random.default_rng(0)
    pixels = [random.integers(0, 50 + number, (SIZE, SIZE, 3), dtype=np.uint8) for number in range(COUNT)]
    names = tuple(f"{number}.png" for number in range(COUNT))
    labels = np.arange(COUNT) % 2
    image_set = ImageSet("noise", Path(), names, labels, ("a", "b"), ("",) * COUNT, names, pixels=pixels)
    return Photos(image_set, PREPROCESSING)


@pytest.fixture
def network():
    """A convolution, a norm of another momentum than usual, and a head that says something."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.3), nn.ReLU(), nn.Dropout(0.5))
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        trunk = Trunk(body=[("stage1", body)], pool=pool, dimension=4, map_stages={}, map_channels={})
        made = Network(trunk, ("a", "b"), PREPROCESSING)
        nn.init.normal_(made.head.weight)
        nn.init.normal_(made.head.bias)
    return made


def test_every_photo_has_its_own_scores(network, photos):
    """Of a hundred and forty in any order each is what the network says of it alone, without dropout."""
    chosen = np.random.default_rng(1).permutation(COUNT)[:140]

    found = forward(network, photos, chosen, torch.float32)

    network.eval()
    alone = [network(PREPROCESSING.normalise(photos.batch(np.array([index])))) for index in chosen]
    torch.testing.assert_close(found, torch.cat(alone).detach(), atol=1e-5, rtol=1e-5)
    assert forward(network, photos, chosen[:0], torch.float32).shape == (0, 2)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_left_as_it_was(network, photos, training):
    """Whatever it was; and no gradient is kept, no statistic moved."""
    network.train(training)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    found = forward(network, photos, np.arange(9), torch.float32)

    assert all(module.training == training for module in network.modules())
    assert not found.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_statistics_are_the_mean_over_batches(network, photos):
    """Of a hundred photos in two halves, by hand; the momentum is put back, and the weights stay."""
    convolution, norm = network.trunk.stages[0][1][:2]
    before = [each.clone() for each in network.parameters()]
    indices = np.random.default_rng(2).permutation(COUNT)[:100]
    norm.running_mean.fill_(99.0)

    recalibrate(network, photos, indices, torch.float32)

    with torch.no_grad():
        halves = [convolution(normalised(network, photos.batch(half))) for half in (indices[:50], indices[50:])]
    mean = sum(half.mean((0, 2, 3)) for half in halves) / 2
    variance = sum(half.var((0, 2, 3)) for half in halves) / 2
    torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, variance, rtol=1e-4, atol=1e-5)
    assert norm.momentum == 0.3
    assert network.training
    assert norm.training
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), before, strict=True))


def test_pixels_are_normalised_channel_by_channel(network):
    """A byte over 255, less the mean, over the deviation."""
    pixels = torch.tensor([255, 51, 0], dtype=torch.uint8)[None, :, None, None].expand(1, 3, SIZE, SIZE)

    found = normalised(network, pixels)

    assert found[0, :, 0, 0].tolist() == pytest.approx([(1 - 0.5) / 0.25, (0.2 - 0.4) / 0.2, (0 - 0.3) / 0.1])


def test_probabilities_are_the_softmax_of_each_row():
    """By hand, also where the exponential of a score is no number any more."""
    found = probabilities(torch.tensor([[0.0, np.log(3.0)], [1000.0, 0.0]]))

    np.testing.assert_allclose(found, [[0.25, 0.75], [1, 0]], atol=1e-7)
    assert found.dtype == np.float32

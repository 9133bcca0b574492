"""The loop of every training: what a step does to the gradients."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from facerec.learning.loop import Loop
from facerec.learning.recipe import Recipe
from facerec.learning.team import Team
from facerec.networks.trunk import Trunk


class Network(nn.Module):
    """A stage of one convolution, and a last layer."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        super().__init__()
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        stages = [("stem", nn.Conv2d(3, 4, 3))]
        self.trunk = Trunk(body=stages, pool=pool, dimension=4, map_stages={}, map_channels={})
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Two numbers per photo."""
        return self.head(self.trunk(x))


class Centre(nn.Module):
    """The distance of vectors from a centre that learns."""

    def __init__(self) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.full((2,), 5.0))

    def forward(self, vectors: Tensor) -> Tensor:
        """The mean squared distance."""
        return (vectors - self.centre).square().sum(dim=1).mean()


@dataclass(frozen=True)
class Epoch:
    """Nothing is measured."""


class MadeLoop(Loop[Epoch, Tensor]):
    """Learns from noise."""

    epoch_type = Epoch

    @property
    def best_epoch(self) -> Epoch:
        """The last."""
        return self.history[-1]

    def _batches(self):
        while True:
            yield torch.randn(8, 3, 6, 6)

    def _loss_of(self, batch):
        loss = self._learned["loss"](self.network(batch))
        return loss, [loss.detach()], len(batch)

    def _measured(self, means):  # noqa: ARG002
        return Epoch()

    def _files_of(self, step):  # noqa: ARG002
        return ()


def test_network_and_loss_are_clipped_together() -> None:
    """The norm of the gradients of the network and of the loss's centres together is at most `clip`."""
    torch.manual_seed(0)
    network, loss = Network(), Centre()
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.SGD([{"params": parameters, "factor": 1.0}], lr=0.1)
    recipe = Recipe("fine-tune", learning_rate=0.1)
    loop = MadeLoop(network, recipe, optimizer, team=Team(), steps=1, steps_per_epoch=1, loss=loss, clip=0.25)

    loop.run()

    gradients = torch.cat([each.grad.flatten() for each in parameters])
    assert gradients.norm().item() == pytest.approx(0.25, rel=1e-3)

"""Deep networks with and without shortcuts, with and without batch norm; what happens to signals and gradients in them.

The networks are those of He et al. 2016, section 4.2, with shortcuts of option A (identity, zeros where the width
doubles): plain and residual networks of one depth hold the same parameters and, from one seed, the same weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

WIDTHS = (16, 32, 64)


class DeepNet(nn.Module):
    """3 x 3 convolutions in three stages, then a mean over places and one fully connected layer.

    `depth` counts layers with weights, 6 n + 2, such as 20 or 56; `init` is "he" (normal, variance 2 / fan-in) or
    "torch" (PyTorch's default, a sixth of that variance).
    """

    def __init__(
        self, depth: int, *, residual: bool, batch_norm: bool, init: str = "he", classes: int = 10, seed: int = 0
    ) -> None:
        super().__init__()
        self.residual = residual
        plan, into = [(3, WIDTHS[0], 1)], WIDTHS[0]
        for width in WIDTHS:
            for _ in range((depth - 2) // 6):
                plan += [(into, width, 1 if into == width else 2), (width, width, 1)]
                into = width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.convolutions = nn.ModuleList(
                nn.Conv2d(before, after, 3, stride, padding=1, bias=False) for before, after, stride in plan
            )
            self.head = nn.Linear(into, classes)
            if init == "he":
                for layer in self.convolutions:
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        # momentum=None keeps a plain mean, so that one batch can set the statistics that `shattering` holds fixed.
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(after, momentum=None) if batch_norm else nn.Identity() for _, after, _ in plan
        )

    def activations(self, x: Tensor) -> list[Tensor]:
        """What each convolution hands on, after normalisation, shortcut and ReLU."""
        kept = [torch.relu(self.norms[0](self.convolutions[0](x)))]
        for first in range(1, len(self.convolutions), 2):
            inner = torch.relu(self.norms[first](self.convolutions[first](kept[-1])))
            outer = self.norms[first + 1](self.convolutions[first + 1](inner))
            if self.residual:
                outer = outer + _shortcut(kept[-1], outer)
            kept += [inner, torch.relu(outer)]
        return kept

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        return self.head(self.activations(x)[-1].mean(dim=(2, 3)))


def _shortcut(before: Tensor, after: Tensor) -> Tensor:
    if before.shape == after.shape:
        return before
    return pad(before[:, :, ::2, ::2], (0, 0, 0, 0, 0, after.shape[1] - before.shape[1]))


@dataclass(frozen=True)
class Flow:
    """One number per convolution, from the input to the output.

    `gradient` is the norm of the loss' gradient with respect to the layer's weights; `signal` that with respect to what
    the layer hands on, the signal on its way back; `variance` is that of what it hands on, on the way forward.
    """

    gradient: np.ndarray
    signal: np.ndarray
    variance: np.ndarray

    @property
    def first_to_last(self) -> float:
        """Gradient norm of the first convolution over that of the last: below 1 it vanishes towards the input."""
        return float(self.gradient[0] / self.gradient[-1])


def measure_flow(net: DeepNet, images: Tensor, labels: Tensor) -> Flow:
    """Send one batch forward and its loss back; in float64, because float32 ends at 1e-45."""
    net = net.double().train()
    kept = net.activations(images.double())
    loss = cross_entropy(net.head(kept[-1].mean(dim=(2, 3))), labels)
    found = torch.autograd.grad(loss, [*(layer.weight for layer in net.convolutions), *kept])
    norms = np.array([float(each.norm()) for each in found])
    net.float()
    return Flow(*np.split(norms, 2), np.array([float(each.detach().var()) for each in kept]))


def shattering(net: DeepNet, images: Tensor, distances: Sequence[float], *, pairs: int = 16) -> np.ndarray:
    """Mean cosine of the gradients at an image and at shares of the way to another one; noise gives 0 (Balduzzi 2017).

    The statistics of the batch norms are set on all images and then held, so that the gradient at an input depends on
    this input alone.
    """
    for norm in net.norms:
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
    with torch.no_grad():
        net.train()(images)
    net.eval()
    steps = torch.tensor((0.0, *distances)).view(-1, 1, 1, 1, 1)
    start, end = images[:pairs], images[pairs : 2 * pairs]
    inputs = (start + steps * (end - start)).flatten(0, 1).requires_grad_()
    mix = torch.randn(net.head.out_features, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad((net(inputs) @ mix).sum(), inputs)
    rows = nn.functional.normalize(gradient.double().reshape(len(steps), pairs, -1), dim=2)
    return (rows[:1] * rows[1:]).sum(dim=2).mean(dim=1).numpy()


def train_shortly(
    net: DeepNet, images: Tensor, labels: Tensor, *, steps: int, rate: float, batch: int = 64, seed: int = 0
) -> np.ndarray:
    """Plain SGD with momentum for a number of steps; the loss of each step's batch, NaN from where it is no number."""
    net.train()
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(len(labels)) for _ in range(-(-steps * batch // len(labels)))])
    optimiser = torch.optim.SGD(net.parameters(), rate, momentum=0.9)
    losses = np.full(steps, np.nan)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 10)  # a warm-up, as He et al. needed it
        chosen = order[step * batch : (step + 1) * batch]
        loss = cross_entropy(net(images[chosen]), labels[chosen])
        if not torch.isfinite(loss):
            break
        losses[step] = float(loss.detach())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return losses


def gratings(number: int = 1024, *, size: int = 16, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Images of ten classes: five directions of a grating, each fine or coarse, in random colours, with noise.

    Only filters that answer to directions can tell them apart: what the first layer of an image network learns.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(number) % 10
    angle = (labels % 5) * np.pi / 5 + random.normal(0, 0.08, number)
    waves = np.where(labels < 5, 0.13, 0.27) * random.uniform(0.9, 1.1, number)
    y, x = np.mgrid[:size, :size]
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    grating = np.sin(2 * np.pi * waves[:, None, None] * along + random.uniform(0, 2 * np.pi, (number, 1, 1)))
    colours = random.normal(size=(number, 3))
    colours /= np.linalg.norm(colours, axis=1, keepdims=True)
    images = grating[:, None] * colours[:, :, None, None] + random.normal(0, 0.5, (number, 3, 1, 1))
    images += random.normal(0, 0.7, images.shape)
    images -= images.mean(axis=(0, 2, 3), keepdims=True)
    images /= images.std(axis=(0, 2, 3), keepdims=True)
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(labels)

"""The three protocols of transfer on one small set of pictures: linear evaluation, fine-tuning, from scratch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from backbones import fit_logistic, freeze, imagenet_network, random_trunk
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from facerec.types import Rate

SIZE = 64
"""Side of the pictures in pixels: small, so that a notebook trains in seconds; it costs accuracy."""

PROTOCOLS = ("linear", "fine-tune", "scratch")


@dataclass(frozen=True)
class Task:
    """Pictures, normalised as the network wants it, with labels; everything that is chosen is chosen on `train`."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    classes: int

    @classmethod
    def of(cls, pictures: np.ndarray, labels: np.ndarray, *, train: int, test: int, seed: int = 0) -> "Task":
        """Deal pictures, uint8 (n, SIZE, SIZE, 3), at random into the two parts."""
        order = np.random.default_rng(seed).permutation(len(pictures))
        normalise = imagenet_network().backbone.preprocessing.at(SIZE).normalise

        def part(chosen: np.ndarray) -> tuple[Tensor, Tensor]:
            pixels = torch.from_numpy(pictures[chosen]).permute(0, 3, 1, 2)
            return normalise(pixels), torch.from_numpy(labels[chosen])

        return cls(*part(order[:train]), *part(order[-test:]), int(labels.max()) + 1)


@dataclass(frozen=True)
class Curve:
    """Accuracy on the test part after so many steps."""

    steps: np.ndarray
    accuracy: np.ndarray
    trained: int
    right: np.ndarray

    @property
    def final(self) -> Rate:
        """Test pictures that are *right* at the end; the interval is Wilson's, of one split and one seed."""
        return Rate(int(self.right.sum()), len(self.right))


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Points that `one` has more than `other` on the same pictures, and 95 % of them when pictures are drawn anew."""
    points = 100 * (one.astype(float) - other)
    drawn = np.random.default_rng(0).choice(points, (2000, len(points))).mean(axis=1)
    return float(points.mean()), *np.quantile(drawn, (0.025, 0.975)).tolist()


def digit_pictures() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits of scikit-learn, enlarged from 8 to `SIZE` pixels: far from anything in ImageNet."""
    digits = load_digits()
    pictures = [Image.fromarray((each * 255 / 16).astype(np.uint8)).resize((SIZE, SIZE)) for each in digits.images]
    return np.stack([np.asarray(each.convert("RGB")) for each in pictures]), digits.target.astype(np.int64)


@torch.no_grad()
def features(trunk: nn.Module, pixels: Tensor) -> Tensor:
    """Features in eval mode, a few pictures at a time."""
    trunk.eval()
    return torch.cat([trunk(pixels[start : start + 64]) for start in range(0, len(pixels), 64)])


def linear_evaluation(task: Task, trunk: nn.Module, *, pictures: int = 0, seed: int = 0) -> np.ndarray:
    """Features once, then logistic regression whose penalty a quarter of the training part chooses.

    Of the training part `pictures` are used, drawn by `seed`; 0 is all. Returns which test pictures are right.
    """
    chosen = np.random.default_rng(seed).permutation(len(task.train))[: pictures or None]
    train, test = (features(trunk, each).numpy() for each in (task.train[chosen], task.test))
    labels, fitted = task.train_labels.numpy()[chosen], len(train) * 3 // 4
    probe = fit_logistic(train[:fitted], labels[:fitted], train[fitted:], labels[fitted:], classes=task.classes)
    return probe.scores(test).argmax(axis=1) == task.test_labels.numpy()


def learn(
    protocol: str, task: Task, *, steps: int, rate: float, every: int = 20, batch: int = 16, seed: int = 0
) -> Curve:
    """Train under a protocol with Adam and look at the test part now and then; nothing is chosen on it.

    Batch norm keeps ImageNet's statistics in ``linear`` and ``fine-tune``; from ``scratch`` it must learn its own, with
    a momentum that a hundred steps are enough for (this architecture's own, 0.01, is made for a million).
    """
    trunk = random_trunk(seed=seed) if protocol == "scratch" else imagenet_network().backbone.trunk()
    stages = [name for name, _ in trunk.stages] if protocol == "linear" else []
    freeze(trunk, stages, batch_norm={"linear": "frozen", "fine-tune": "stats-frozen", "scratch": "train"}[protocol])
    for module in trunk.modules():
        if protocol == "scratch" and isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
    with seeded(seed):
        head = nn.Linear(trunk.dimension, task.classes)
        nn.init.zeros_(head.weight)
        network = nn.Sequential(trunk, head)
        inputs, tests = task.train, task.test
        if protocol == "linear":  # features never change: compute them once
            inputs, tests, network = features(trunk, task.train), features(trunk, task.test), head
        trained = [each for each in network.parameters() if each.requires_grad]
        optimiser = torch.optim.Adam(trained, lr=rate)
        random = np.random.default_rng(seed)
        right = [_right(network, tests, task.test_labels)]
        for step in range(1, steps + 1):
            chosen = random.choice(len(inputs), batch, replace=False)
            network.train()
            loss = cross_entropy(network(inputs[chosen]), task.train_labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % every == 0:
                right.append(_right(network, tests, task.test_labels))
    accuracy = np.array([each.mean() for each in right])
    return Curve(np.arange(0, steps + 1, every), accuracy, sum(each.numel() for each in trained), right[-1])


def _right(network: nn.Module, pixels: Tensor, labels: Tensor) -> np.ndarray:
    return (features(network, pixels).argmax(dim=1) == labels).numpy()


def missing_eval(pixels: Tensor, *, batch: int = 16) -> dict[str, float]:
    """Pass pictures through a trunk whose weights take no gradient, with and without ``eval()``; what became of it."""
    trunk = imagenet_network().backbone.trunk().requires_grad_(requires_grad=False)
    right, before = features(trunk, pixels), {name: each.clone() for name, each in trunk.state_dict().items()}
    trunk.train()
    with torch.no_grad():
        wrong = torch.cat([trunk(pixels[start : start + batch]) for start in range(0, len(pixels), batch)])
    after = trunk.state_dict()
    return {
        "tensors": len(before),
        "tensors that moved": sum(not torch.equal(after[name], each) for name, each in before.items()),
        "cosine with the right features, in train mode": float(cosine_similarity(wrong, right).mean()),
        "the same, in eval mode afterwards": float(cosine_similarity(features(trunk, pixels), right).mean()),
    }


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's own draws begin at `seed`, and go on afterwards as if nothing had been drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield

"""What a network sees, as pictures: filters, activations, answers, saliency; and what matplotlib must do for it."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from backbones import ImageNetNetwork
from matplotlib.axes import Axes
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

BLUE, ORANGE, GREEN, GREY = "#2b6cb0", "#dd6b20", "#2f855a", "#718096"
plt.rcParams.update(
    {
        "figure.dpi": 80,
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, GREY, "#b83280", "#6b46c1", "#8d6e08", "#0d9488"]),
    }
)


def photos() -> dict[str, np.ndarray]:
    """Two photos without people that come with scikit-learn."""
    return {name: load_sample_image(f"{name}.jpg") for name in ("flower", "china")}


def first_filters(network: nn.Module) -> np.ndarray:
    """The filters of the first convolution that sees colours, shape (n, 3, height, width)."""
    convolutions = (each for each in network.modules() if isinstance(each, nn.Conv2d))
    first = next(each for each in convolutions if each.in_channels == 3 and each.groups == 1)
    return first.weight.detach().float().numpy()


def smoothness(filters: np.ndarray) -> float:
    """Correlation of weights that lie side by side: about 0 for noise, towards 1 for smooth filters."""
    pairs = ((filters[..., 1:], filters[..., :-1]), (filters[..., 1:, :], filters[..., :-1, :]))
    return float(np.mean([(a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()) for a, b in pairs]))


def activation(network: nn.Module, pixels: Tensor, layer: str) -> np.ndarray:
    """What the named layer hands on for one picture, shape (channels, height, width)."""
    kept: list[Tensor] = []
    handle = network.get_submodule(layer).register_forward_hook(lambda _m, _i, output: kept.append(output.detach()))
    with torch.no_grad():
        network(pixels)
    handle.remove()
    return kept[0][0].float().numpy()


def saliency(network: ImageNetNetwork, picture: np.ndarray, *, trunk: nn.Module | None = None) -> np.ndarray:
    """How much each pixel would move the first answer: the size of its gradient, 0 to 1 (Simonyan et al. 2014)."""
    inputs = network.pixels(picture).requires_grad_()
    (gradient,) = torch.autograd.grad(network.classifier((trunk or network.trunk)(inputs))[0].max(), inputs)
    sizes = gradient[0].abs().amax(dim=0).numpy()
    return np.clip(sizes / np.percentile(sizes, 99), 0, 1)


def max_softmax(logits: Tensor) -> np.ndarray:
    """The largest probability of each row (Hendrycks & Gimpel 2017)."""
    return logits.softmax(dim=1).amax(dim=1).numpy()


def energy(logits: Tensor) -> np.ndarray:
    """The log of the sum of exponentials of each row, larger inside what was learned (Liu et al. 2020)."""
    return logits.logsumexp(dim=1).numpy()


def panels(count: int, *, columns: int = 4, side: float = 2.0, titles: Sequence[str] = ()) -> list[Axes]:
    """A figure of `count` squares without axes."""
    columns = min(columns, count)
    rows = -(-count // columns)
    _, axes = plt.subplots(rows, columns, figsize=(side * columns, side * rows), squeeze=False)
    for number, axis in enumerate(axes.flat):
        axis.axis("off")
        if number < len(titles):
            axis.set_title(titles[number], fontsize=9)
    return list(axes.flat)[:count]


def show_pictures(
    pictures: Sequence[np.ndarray], titles: Sequence[str] = (), *, columns: int = 4, side: float = 2.0
) -> None:
    """Pictures side by side."""
    for axis, picture in zip(panels(len(pictures), columns=columns, side=side, titles=titles), pictures, strict=True):
        axis.imshow(picture, cmap="gray")


def show_filters(filters: np.ndarray, *, columns: int = 8, title: str = "") -> None:
    """Each filter scaled by its own largest weight, 0 as middle grey."""
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    show_pictures(list((0.5 + 0.5 * filters / largest).transpose(0, 2, 3, 1)), columns=columns, side=0.6)
    plt.suptitle(title, fontsize=10)


def show_maps(maps: np.ndarray, *, most: int = 8, title: str = "") -> None:
    """The channels that answer most, strongest first."""
    strongest = np.argsort(-np.abs(maps).mean(axis=(1, 2)))[:most]
    show_pictures(list(maps[strongest]), [f"channel {place}" for place in strongest], columns=4, side=1.6)
    plt.suptitle(title, fontsize=10)


def show_answers(network: ImageNetNetwork, pictures: dict[str, np.ndarray]) -> None:
    """Each picture as the network gets it, beside its five most probable classes."""
    _, axes = plt.subplots(len(pictures), 2, figsize=(7, 2.1 * len(pictures)), squeeze=False, width_ratios=(1, 2))
    for (name, picture), (left, right) in zip(pictures.items(), axes, strict=True):
        left.imshow(network.geometry(picture))
        left.set_title(name, fontsize=9)
        left.axis("off")
        names, values = zip(*network.top(picture), strict=True)
        right.barh(names[::-1], values[::-1])
        right.set_xlim(0, 1)
    right.set_xlabel("probability")


def show_curves(curves: dict[str, tuple[np.ndarray, np.ndarray]], *, x: str, y: str, **axes: object) -> None:
    """Lines by name; each is its x and its y, the latter of one run (n,) or of several (runs, n) as mean and band."""
    _, axis = plt.subplots(figsize=(6.5, 3.2))
    for name, (places, values) in curves.items():
        runs = np.atleast_2d(values)
        (line,) = axis.plot(places, runs.mean(axis=0), marker="o", markersize=3, label=name)
        if len(runs) > 1:
            axis.fill_between(places, runs.min(axis=0), runs.max(axis=0), alpha=0.15, color=line.get_color())
    axis.set(xlabel=x, ylabel=y, **axes)
    axis.legend(frameon=False, fontsize=9)

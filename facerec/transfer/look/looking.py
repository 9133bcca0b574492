"""Looking into a backbone with photos: what it answers, how sure it is, what its layers hand on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facerec.errors import ArgumentError
from facerec.networks.trunk import Trunk
from facerec.photos import reader
from facerec.transfer.backbone import Backbone
from facerec.transfer.look.activations import Activation, activations, layer_names
from facerec.transfer.look.filters import Filters, first_filters
from facerec.transfer.look.outside import Separation, energy, max_softmax, separation
from facerec.transfer.look.saliency import saliency

DETAILED = 12
"""Photos that are shown; of all others there are answers and scores."""


@dataclass(frozen=True)
class Answer:
    """One class and its probability, 0 … 1."""

    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network makes of one photo.

    Attributes
    ----------
    photo : str
        Its path, as it was given.
    outside : bool
        Given as a photo of something that the network does not know.
    pixels : ndarray, uint8, shape (S, S, 3), or None
        What the network sees, resized and cropped; only of the first `DETAILED` photos that are not `outside`, so that
        a large folder needs no memory.
    answers : tuple of Answer
        The five most probable, the first one first; empty where the backbone has no classifier.
    max_softmax, energy : float or None
        Scores of belonging to what the network knows; larger is more inside.
    saliency : ndarray, float32, shape (S, S), or None
        0 … 1; only where there are pixels and a classifier.
    activations : tuple of Activation
        Of the chosen layers; only of the first photo.
    """

    photo: str
    outside: bool
    pixels: NDArray[np.uint8] | None
    answers: tuple[Answer, ...]
    max_softmax: float | None
    energy: float | None
    saliency: NDArray[np.float32] | None
    activations: tuple[Activation, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """All that was seen.

    Attributes
    ----------
    backbone : Backbone
    filters : Filters or None
        None where the network has no convolution over a photo's colours.
    layers : tuple of str
        Every layer that can be asked for.
    seen : tuple of Seen
        In the order of the photos, those outside last.
    separations : tuple of (str, Separation)
        By the name of the score; empty without photos outside or without a classifier.
    """

    backbone: Backbone
    filters: Filters | None
    layers: tuple[str, ...]
    seen: tuple[Seen, ...]
    separations: tuple[tuple[str, Separation], ...]

    @property
    def random(self) -> bool:
        """Whether the weights are random."""
        return self.backbone.weights_sha256 is None


def look(
    backbone: Backbone,
    photos: Sequence[Path],
    *,
    outside: Sequence[Path] = (),
    layers: Sequence[str] = (),
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Look:
    """Show photos to a backbone.

    Parameters
    ----------
    backbone : Backbone
    photos : sequence of Path
        At least one.
    outside : sequence of Path
        Photos of things that the network was not trained to know, for the AUROC.
    layers : sequence of str
        Whose activations are kept; by default the first layer and three stages.
    seed : int
        Of the weights where they are random.
    progress : callable, optional
        Called with how many photos were seen and how many there are.

    Raises
    ------
    ArgumentError
        If no photo is given, there is no such layer, or `outside` is given for a backbone without a classifier.
    ImageError
        If a file cannot be read as a photo.
    """
    classifier = backbone.classifier()
    if not photos:
        message = "look needs at least one photo"
        raise ArgumentError(message)
    if outside and classifier is None:
        message = f"{backbone.name} has no classifier, so it has no score for photos outside; leave --outside out"
        raise ArgumentError(message)
    trunk = backbone.trunk(seed=seed).eval()
    filters = _filters(trunk)
    chosen = tuple(layers) or _some(trunk, filters)
    seen = []
    for number, path in enumerate((*photos, *outside)):
        crop = backbone.preprocessing.evaluate(reader.read(path))
        pixels = backbone.preprocessing.normalise(crop[None])
        logits = None if classifier is None else _logits(trunk, classifier.eval(), pixels)
        is_outside, detailed = number >= len(photos), number < min(len(photos), DETAILED)
        seen.append(
            Seen(
                photo=str(path),
                outside=is_outside,
                pixels=crop.permute(1, 2, 0).numpy() if detailed else None,
                answers=() if logits is None else _answers(logits, backbone.classes or ()),
                max_softmax=None if logits is None else float(max_softmax(logits)[0]),
                energy=None if logits is None else float(energy(logits)[0]),
                saliency=saliency(trunk, classifier, pixels) if classifier is not None and detailed else None,
                activations=activations(trunk, pixels, chosen) if number == 0 else (),
            )
        )
        if progress:
            progress(len(seen), len(photos) + len(outside))
    return Look(backbone, filters, layer_names(trunk), tuple(seen), _separations(seen))


def _filters(trunk: Trunk) -> Filters | None:
    try:
        return first_filters(trunk)
    except ArgumentError:
        return None


def _some(trunk: Trunk, filters: Filters | None) -> tuple[str, ...]:
    """The first layer, and a stage near the input, in the middle and at the end."""
    names = [name for name, module in trunk.stages if any(True for _ in module.parameters())]
    first = () if filters is None else (filters.layer,)
    return tuple(dict.fromkeys((*first, names[len(names) // 4], names[len(names) // 2], names[-1])))


def _logits(trunk: torch.nn.Module, classifier: torch.nn.Module, pixels: Tensor) -> NDArray[np.float64]:
    with torch.inference_mode():
        return np.asarray(classifier(trunk(pixels)).double().numpy())


def _answers(logits: NDArray[np.float64], classes: Sequence[str]) -> tuple[Answer, ...]:
    shares = np.exp(logits[0] - logits[0].max())
    shares /= shares.sum()
    best = np.argsort(-shares, kind="stable")[:5]
    return tuple(Answer(classes[number], float(shares[number])) for number in best)


def _separations(seen: Sequence[Seen]) -> tuple[tuple[str, Separation], ...]:
    if not any(each.outside for each in seen):
        return ()
    found = []
    for name, key in (("largest softmax", "max_softmax"), ("energy", "energy")):
        inside, beyond = ([getattr(each, key) for each in seen if each.outside is side] for side in (False, True))
        found.append((name, separation(inside, beyond)))
    return tuple(found)

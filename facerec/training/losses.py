"""Losses for embedders, from ``pytorch-metric-learning``, with a margin that ramps and a weight per photo.

Margins of angles are given in degrees, as that package has them: 28.6 degrees are the 0.5 rad of the ArcFace paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import (
    ArcFaceLoss,
    CosFaceLoss,
    SubCenterArcFaceLoss,
    SupConLoss,
    TripletMarginLoss,
)
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import BaseReducer
from torch import Tensor, nn
from torch.nn.functional import normalize

from facerec.training.recipe import LossName

MANY_PEOPLE = 10_000
"""From here on the scales and margins of the papers, which trained on that many people and more, are the default."""

_SUB_CENTRES = 3
# The gap for which scales and margins are usual, and how much a narrow cone may change them at most.
_USUAL_GAP = 0.9
_NARROWEST = 12.0
_NEAR = 1 - 1e-6


@dataclass(frozen=True)
class LossSettings:
    """A loss and its numbers.

    Attributes
    ----------
    name : str
        As in ``facerec.training.recipe.TrainingRecipe``.
    scale : float
        What cosines are multiplied by before the softmax; ``supcon``: 1 / temperature; unused by ``triplet``.
    margin : float
        Degrees for ``arcface`` and ``subcenter``, a cosine for ``cosface`` and ``triplet``; unused by ``supcon``.
    """

    name: LossName
    scale: float
    margin: float

    @property
    def by_person(self) -> bool:
        """Whether it learns a centre per person; the others compare the photos of a batch."""
        return self.name in ("arcface", "cosface", "subcenter")

    def narrowed(self, gap: float) -> LossSettings:
        """The same for vectors that lie in a narrow cone, as those of dlib's network do.

        Their cosines hardly differ, so the usual scale sees no difference between people, and what lowers the loss
        first is to open the cone, which is not what tells strangers apart. The scale grows, and the margin shrinks, as
        the cosines are closer to each other than the usual ones.

        Parameters
        ----------
        gap : float
            How much higher the cosine of two photos of one person is than of two people, on average.

        Examples
        --------
        >>> loss_settings("arcface", 50).narrowed(0.09)
        LossSettings(name='arcface', scale=240.0, margin=1.1)
        """
        factor = min(_NARROWEST, max(1.0, _USUAL_GAP / max(gap, 1e-6)))
        return replace(self, scale=float(f"{self.scale * factor:.2g}"), margin=float(f"{self.margin / factor:.2g}"))


def loss_settings(name: LossName, people: int) -> LossSettings:
    """Usual scale and margin for a number of people in training.

    The papers' values (ArcFace: Deng et al. 2019, s = 64, m = 0.5 rad; CosFace: Wang et al. 2018, s = 64, m = 0.35)
    were found on 10,000 people and more; on few, they keep a network from learning at all, and s = 24 with
    m = 0.2 rad (11.5 degrees) or 0.2 is where such trainings work. SupCon: Khosla et al. 2020, temperature 0.1;
    batch-hard triplets: Hermans et al. 2017.

    Examples
    --------
    >>> loss_settings("arcface", 50)
    LossSettings(name='arcface', scale=24.0, margin=11.5)
    """
    few = people < MANY_PEOPLE
    usual = {
        "arcface": (24.0, 11.5) if few else (64.0, 28.6),
        "subcenter": (24.0, 11.5) if few else (64.0, 28.6),
        "cosface": (24.0, 0.2) if few else (64.0, 0.35),
        "supcon": (10.0, 0.0),
        "triplet": (1.0, 0.2),
    }[name]
    return LossSettings(name, *usual)


class FaceLoss(nn.Module):
    """A loss over the vectors of a batch.

    Parameters
    ----------
    settings : LossSettings
    people : int
        In training.
    dimension : int
        Length of a vector.
    """

    def __init__(self, settings: LossSettings, *, people: int, dimension: int) -> None:
        super().__init__()
        self.settings = settings
        self._miner = BatchHardMiner(distance=CosineSimilarity()) if settings.name == "triplet" else None
        with torch.random.fork_rng(devices=[]):  # the centres start from people, not from this draw
            self._loss: Any = _loss(settings, people, dimension, _WeightedNonZero())  # its attributes are loose
        # The package copies the reducer that it is given.
        self._reducers = [module for module in self._loss.modules() if isinstance(module, _WeightedNonZero)]

    @torch.no_grad()
    def start_from(self, vectors: Tensor, labels: Tensor, *, seed: int) -> None:
        """Put each person's centre where the mean of that person's vectors is (Qi et al. 2018, weight imprinting).

        Parameters
        ----------
        vectors : float tensor, shape (n, dimension)
        labels : int64 tensor, shape (n,)
            0 … people - 1, each at least once.
        seed : int
            Of the noise that tells the several centres of ``subcenter`` apart.
        """
        if not self.settings.by_person:
            return
        centres = self._loss.W
        each = _SUB_CENTRES if self.settings.name == "subcenter" else 1
        people = centres.shape[1] // each
        units = normalize(vectors.double().cpu())
        sums = torch.zeros(people, units.shape[1], dtype=torch.float64).index_add_(0, labels.cpu(), units)
        means = normalize(sums).repeat_interleave(each, dim=0)
        if each > 1:
            noise = torch.randn(means.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            means += 0.3 * normalize(noise)
        centres.copy_(normalize(means).T)

    def forward(
        self, vectors: Tensor, labels: Tensor, *, margin_share: float = 1.0, weights: Tensor | None = None
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Parameters
        ----------
        vectors : float32 tensor, shape (n, dimension)
            Any length; cosines are taken.
        labels : int64 tensor, shape (n,)
            0 … people - 1.
        margin_share : float
            Share of the margin, 0 … 1.
        weights : float32 tensor, shape (n,), optional
            How much each photo counts, >= 0; triplets count as their anchor does.
        """
        for reducer in self._reducers:
            reducer.weights = weights
        self._loss.margin = margin_share * _in_radians_where_due(self.settings)
        if self._miner is None:
            return self._loss(vectors, labels)
        return self._loss(vectors, labels, self._miner(vectors.detach(), labels))


class _WeightedNonZero(BaseReducer):
    """Σ w·loss / Σ w over what has a loss: the mean where the weights are equal."""

    weights: Tensor | None = None

    def element_reduction(self, losses: Tensor, loss_indices: Tensor, embeddings: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002
        return self._mean(losses, loss_indices, embeddings)

    def triplet_reduction(
        self,
        losses: Tensor,
        loss_indices: tuple[Tensor, Tensor, Tensor],
        embeddings: Tensor,
        labels: Tensor,  # noqa: ARG002
    ) -> Tensor:
        return self._mean(losses, loss_indices[0], embeddings)

    def _mean(self, losses: Tensor, places: Tensor, embeddings: Tensor) -> Tensor:
        weights = torch.ones_like(losses) if self.weights is None else self.weights[places]
        weights = weights * (losses != 0)  # a loss that is no number counts, so that it is seen
        total = weights.sum()
        return (weights * losses).sum() / total if total != 0 else self.zero_loss(embeddings)


class _SafeAngles:
    """Mixed into ArcFace: at a cosine of 1, where a vector meets its centre, the angle's slope is infinite."""

    def get_angles(self, cosine_of_target_classes: Tensor) -> Tensor:
        return torch.acos(cosine_of_target_classes.clamp(-_NEAR, _NEAR))


class _ArcFace(_SafeAngles, ArcFaceLoss):
    """Additive angular margin, Deng et al. (2019), equation 3."""


class _SubCentreArcFace(_SafeAngles, SubCenterArcFaceLoss):
    """Several centres per person, of which the nearest counts; Deng et al. (2020)."""


def _loss(settings: LossSettings, people: int, dimension: int, reducer: BaseReducer) -> nn.Module:
    if settings.name == "supcon":
        return SupConLoss(temperature=1 / settings.scale, reducer=reducer)
    if settings.name == "triplet":
        return TripletMarginLoss(margin=settings.margin, distance=CosineSimilarity(), reducer=reducer)
    shape = {"num_classes": people, "embedding_size": dimension, "scale": settings.scale, "margin": settings.margin}
    if settings.name == "arcface":
        return _ArcFace(**shape, reducer=reducer)
    if settings.name == "cosface":
        return CosFaceLoss(**shape, reducer=reducer)
    return _SubCentreArcFace(**shape, sub_centers=_SUB_CENTRES, reducer=reducer)


def _in_radians_where_due(settings: LossSettings) -> float:
    # The package takes degrees, and keeps radians in the attribute that is set here in every step.
    return math.radians(settings.margin) if settings.name in ("arcface", "subcenter") else settings.margin

"""What a recipe says of each step: the learning rate, the stages that are trained, and the photos of the batch.

All of it is a function of the recipe and the step's number, nothing is counted up; so a training can begin anywhere.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from facerec.learning.recipe import Plan, Recipe
from facerec.networks.trunk import Trunk


class Staged(Protocol):
    """A network of a trunk and what stands on it."""

    @property
    def trunk(self) -> Trunk:
        """Pixels to features."""
        ...

    @property
    def head(self) -> nn.Module:
        """Features to the output."""
        ...


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of a step as a share of the recipe's, 0 < share <= 1.

    Parameters
    ----------
    recipe : Recipe
        Its `warmup` and `schedule`.
    step : int
        0 … steps - 1.
    steps : int
        Of the whole training.

    Notes
    -----
    Up in a line over the first w = warmup · steps steps, then ½ (1 + cos(π (step - w) / (steps - w))) (Loshchilov
    and Hutter 2017, equation 5, without restarts) or 1.

    Examples
    --------
    >>> from facerec.learning.recipe import recipe
    >>> [round(rate_factor(recipe("fine-tune", warmup=0.2), step, 10), 2) for step in range(10)]
    [0.5, 1.0, 1.0, 0.96, 0.85, 0.69, 0.5, 0.31, 0.15, 0.04]
    """
    warm = math.floor(recipe.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def stages_trained(recipe: Recipe, step: int, steps: int, stages: int) -> int:
    """How many of a trunk's stages, counted from the output, are trained in a step.

    Examples
    --------
    >>> from facerec.learning.recipe import recipe
    >>> [stages_trained(recipe("gradual", released_by=0.5), step, 16, 4) for step in range(0, 16, 2)]
    [0, 1, 2, 3, 4, 4, 4, 4]
    """
    if recipe.protocol == "linear-sgd":
        return 0
    if recipe.protocol == "gradual":
        return min(stages, math.floor(stages * step / (steps * recipe.released_by)))
    return stages


def frozen_stages(network: Staged, trained: int) -> list[str]:
    """Names of the stages that stay as they are when the last `trained` are trained."""
    names = [name for name, _ in network.trunk.stages]
    return names[: len(names) - trained]


def parameter_groups(network: Staged, recipe: Recipe) -> list[dict[str, Any]]:
    """Every parameter once, in groups for a torch optimiser, whose ``factor`` is their share of the learning rate.

    Weight decay falls on matrices and filters only: on a scale or a shift it changes what a layer computes without
    making it simpler.
    """
    stages = network.trunk.stages
    factors = [recipe.layer_decay ** (len(stages) - 1 - place) for place in range(len(stages))]
    modules: list[tuple[nn.Module, float]] = [
        (stage, factor) for (_, stage), factor in zip(stages, factors, strict=True)
    ]
    modules.append((network.head, recipe.head_factor))
    groups = []
    for module, factor in modules:
        parameters = list(module.parameters())
        for chosen, decay in (
            ([p for p in parameters if p.ndim > 1], recipe.weight_decay),
            ([p for p in parameters if p.ndim <= 1], 0.0),
        ):
            if chosen:
                groups.append({"params": chosen, "weight_decay": decay, "factor": factor})
    return groups


def draw_seed(recipe: Recipe, purpose: int, number: int) -> int:
    """A seed for one draw: independent for each purpose and number, 64 bits."""
    return int(np.random.SeedSequence([recipe.seed, purpose, number]).generate_state(1, np.uint64)[0])


def batch_of(recipe: Recipe, plan: Plan, step: int, indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the training photos a step uses: each pass in its own random order, cut evenly.

    Parameters
    ----------
    recipe : Recipe
        Its `seed`.
    plan : Plan
        Of as many photos as there are `indices`.
    step : int
        0 …
    indices : ndarray, int64, shape (n,)
        The training photos.

    Returns
    -------
    ndarray, int64
        `recipe.batch_size` of them or a little fewer.
    """
    number, part = divmod(step, plan.batches_per_pass)
    order = np.random.default_rng(draw_seed(recipe, 0, number)).permutation(indices)
    return np.array_split(order, plan.batches_per_pass)[part]

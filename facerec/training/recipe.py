"""How an embedder is trained, as a value: head, loss, which stages move and when, steps and rates.

The defaults follow what works from a pre-trained network on tens to thousands of people: a head first, then the stages
from the output to the input at falling rates, a margin that grows from 0, a short warm-up and a cosine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

from facerec.errors import ArgumentError
from facerec.learning.recipe import BatchNorm, Recipe, check_fields

HeadName: TypeAlias = Literal["linear", "mlp", "none"]
LossName: TypeAlias = Literal["arcface", "cosface", "subcenter", "supcon", "triplet"]
Unfreeze: TypeAlias = Literal["none", "last", "all"]
Precision: TypeAlias = Literal["float32", "bfloat16", "auto"]

_CHOICES = {
    "head": get_args(HeadName),
    "loss": get_args(LossName),
    "unfreeze": get_args(Unfreeze),
    "batch_norm": get_args(BatchNorm),
    "precision": get_args(Precision),
}


@dataclass(frozen=True)
class TrainingRecipe:
    """Everything that decides a training besides backbone, photos and machine.

    Attributes
    ----------
    head : {"linear", "mlp", "none"}
        What stands on the backbone's features: a linear layer; that plus a hidden layer beside it; or nothing new.
    loss : str
        ``arcface``, ``cosface`` and ``subcenter`` learn a centre per person; ``supcon`` and ``triplet`` compare the
        photos of a batch, and need two photos of a person.
    unfreeze : {"none", "last", "all"}
        Which stages of the backbone are trained: none (the head, on features that are computed once), the last one,
        or all, one after the other from the output to the input.
    epochs : int
        Passes over the training photos at most, >= 1.
    batch_size : int
        Photos per step, >= 2.
    photos_per_person : int
        Of ``supcon`` and ``triplet``: photos of each person in a batch, >= 2.
    learning_rate : float
        Of the backbone's last stage at its highest; > 0.
    head_factor : float
        The head and the loss's own centres learn at `learning_rate` times this; > 0.
    layer_decay : float
        Each stage learns at this times the rate of the next one towards the output; 0 < decay <= 1.
    released_by : float
        Of ``all``: the share of the training after which every stage is trained; 0 < share <= 1.
    weight_decay : float
        Decoupled, on matrices and filters only; >= 0.
    warmup : float
        Share of the steps in which the rate rises in a line; 0 <= share < 1. Then it falls as a cosine.
    margin_ramp : float
        Share of the steps in which the margin rises in a line from 0; 0 <= share <= 1.
    scale, margin : float or None
        Of the loss; ``None``: what suits the number of people and how close the starting vectors lie to each other
        (``facerec.training.losses``). Degrees for ``arcface`` and ``subcenter``, a cosine for ``cosface`` and
        ``triplet``.
    clip : float
        Largest norm of a step's gradient; > 0.
    batch_norm : str
        Of the backbone, as ``facerec.learning.recipe.Recipe`` has it; a backbone with random weights needs ``train``.
    precision : {"float32", "bfloat16", "auto"}
        Number format of the backbone, ``auto`` the faster one; the head and the loss compute in float32.
    patience : int
        Epochs without a better one after which the training ends, >= 1.
    fmr : float
        The false match rate at which the true match rate of unseen people chooses the epoch; 0 < rate < 1.
    dimension : int or None
        Length of a vector; ``None``: 128 for the face network, else 256, at most that of the features.
    balance : str or None
        A column of the manifest: each of its groups has the same share of every batch
        (``facerec.training.balance``). For losses with a centre per person.
    reweight : str or None
        A column of the manifest: each of its groups has the same weight in the loss.
    seed : int
        Of order, mirror images, split and random weights; 0 <= seed < 2**32.

    Raises
    ------
    ArgumentError
        If a value is not in its range, or nothing would be trained.
    """

    head: HeadName = "linear"
    loss: LossName = "arcface"
    unfreeze: Unfreeze = "none"
    epochs: int = 20
    batch_size: int = 64
    photos_per_person: int = 4
    learning_rate: float = 1e-4
    head_factor: float = 3.0
    layer_decay: float = 0.3
    released_by: float = 0.5
    weight_decay: float = 5e-4
    warmup: float = 0.05
    margin_ramp: float = 0.25
    scale: float | None = None
    margin: float | None = None
    clip: float = 5.0
    batch_norm: BatchNorm = "stats-frozen"
    precision: Precision = "auto"
    patience: int = 5
    fmr: float = 1e-2
    dimension: int | None = None
    balance: str | None = None
    reweight: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "batch_size": (self.batch_size >= 2, "2 or more"),
            "photos_per_person": (2 <= self.photos_per_person <= self.batch_size // 2, "2 to half of batch_size"),
            "margin_ramp": (0 <= self.margin_ramp <= 1, "from 0 to 1"),
            "scale": (self.scale is None or self.scale > 0, "above 0"),
            "margin": (self.margin is None or self.margin >= 0, "0 or more"),
            "clip": (self.clip > 0, "above 0"),
            "patience": (self.patience >= 1, "1 or more"),
            "fmr": (0 < self.fmr < 1, "between 0 and 1"),
            "dimension": (self.dimension is None or self.dimension >= 2, "2 or more"),
        }
        check_fields(self, _CHOICES, ranges)
        if self.balance is not None and self.loss in ("supcon", "triplet"):
            message = (
                f"balance {self.balance!r} would break up the photos of one person that {self.loss} compares; use "
                "reweight, or arcface, cosface or subcenter"
            )
            raise ArgumentError(message)
        if self.balance is not None and self.balance == self.reweight:
            message = f"{self.balance!r} would be evened out twice: choose balance or reweight"
            raise ArgumentError(message)
        if self.head == "none" and self.unfreeze == "none":
            message = "nothing would be trained: head 'none' needs stages to move, unfreeze 'last' or 'all'"
            raise ArgumentError(message)
        _ = self.schedule  # which checks the fields that both have

    @property
    def schedule(self) -> Recipe:
        """Rates and stages of each step, in the words of ``facerec.learning.schedule``."""
        return Recipe(
            protocol="gradual",
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            least_steps=0,
            batch_size=self.batch_size,
            weight_decay=self.weight_decay,
            head_factor=self.head_factor,
            layer_decay=self.layer_decay,
            released_by=self.released_by,
            warmup=self.warmup,
            batch_norm=self.batch_norm,
            augmentation="flip",
            precision=self.precision,
            seed=self.seed,
        )

    def margin_share(self, step: int, steps: int) -> float:
        """The share of the margin that counts in a step, 0 … 1.

        Examples
        --------
        >>> [TrainingRecipe(margin_ramp=0.5).margin_share(step, 8) for step in range(0, 8, 2)]
        [0.0, 0.5, 1.0, 1.0]
        """
        ramp = self.margin_ramp * steps
        return 1.0 if step >= ramp else step / ramp

    @property
    def text(self) -> str:
        """All of it as canonical JSON, for hashes; equal texts mean equal recipes."""
        return json.dumps(asdict(self), sort_keys=True)

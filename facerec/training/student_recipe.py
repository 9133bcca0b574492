"""How a student learns from its teacher, as a value."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from facerec.learning.recipe import check_fields
from facerec.training.recipe import Precision, TrainingRecipe


@dataclass(frozen=True)
class StudentRecipe:
    """Everything that decides a distillation besides teacher, student, photos and machine.

    Attributes
    ----------
    epochs : int
        Passes over the training photos at most, >= 1.
    batch_size : int
        Photos per step, >= 2; their pairs are compared.
    learning_rate : float
        Of the whole network at its highest; > 0. A network with random weights wants a rate 20 times the default.
    weight_decay : float
        Decoupled, on matrices and filters only; >= 0.
    warmup : float
        Share of the steps in which the rate rises in a line; 0 <= share < 1. Then it falls as a cosine.
    relation : float
        Weight of the pairs' cosines against the vectors' own; >= 0.
    colour : float
        How much the contrast changes at random, 0 <= share < 1; the brightness changes by a quarter of that share of
        its range.
    flip : bool
        Whether the student's vectors are averaged with those of mirror images, as the teacher's are. Without, a face
        costs half; the student still learns the teacher's average.
    clip : float
        Largest norm of a step's gradient; > 0.
    precision : {"float32", "bfloat16", "auto"}
        Number format of the trunk, ``auto`` the faster one.
    patience : int
        Epochs without a better one after which the training ends, >= 1.
    validation : float
        Share of the people held out (of the photos, where nobody is named); 0 < share < 1.
    fmr : float
        The false match rate at which the true match rate of held-out people is measured where they are named.
    seed : int
        Of order, mirror images, colours, split and random weights; 0 <= seed < 2**32.

    Raises
    ------
    ArgumentError
        If a value is not in its range.
    """

    epochs: int = 5
    batch_size: int = 64
    learning_rate: float = 5e-5
    weight_decay: float = 1e-4
    warmup: float = 0.05
    relation: float = 1.0
    colour: float = 0.15
    flip: bool = True
    clip: float = 5.0
    precision: Precision = "auto"
    patience: int = 5
    validation: float = 0.1
    fmr: float = 1e-2
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "relation": (self.relation >= 0, "0 or more"),
            "colour": (0 <= self.colour < 1, "from 0 to below 1"),
            "validation": (0 < self.validation < 1, "between 0 and 1"),
        }
        check_fields(self, {}, ranges)
        _ = self.training  # which checks the fields that both have

    @property
    def training(self) -> TrainingRecipe:
        """What the loop of trainings follows: all stages from the first step, at one rate, and no margin."""
        return TrainingRecipe(
            unfreeze="all",
            batch_norm="train",
            epochs=self.epochs,
            batch_size=self.batch_size,
            photos_per_person=min(2, self.batch_size),
            learning_rate=self.learning_rate,
            head_factor=1.0,
            layer_decay=1.0,
            weight_decay=self.weight_decay,
            warmup=self.warmup,
            margin_ramp=0.0,
            clip=self.clip,
            precision=self.precision,
            patience=self.patience,
            fmr=self.fmr,
            seed=self.seed,
        )

    @property
    def text(self) -> str:
        """All of it as canonical JSON, for hashes; equal texts mean equal recipes."""
        return json.dumps(asdict(self), sort_keys=True)

"""How a network is trained, as a value: protocol, steps, rates, what is frozen; and the equal tuning budgets.

A comparison of protocols is fair when each got the same number of trials over learning rate and weight decay and was
chosen on validation, so the trials are listed here, one table for all protocols, and not typed in where they are run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

from facerec.errors import ArgumentError

Protocol: TypeAlias = Literal["scratch", "fine-tune", "lp-ft", "gradual", "discriminative", "linear-sgd"]
BatchNorm: TypeAlias = Literal["frozen", "stats-frozen", "recalibrate", "train"]
Augmentation: TypeAlias = Literal["none", "flip", "crop"]
TrainingPrecision: TypeAlias = Literal["float32", "bfloat16", "float16", "auto"]
Optimizer: TypeAlias = Literal["sgd", "adam"]
Schedule: TypeAlias = Literal["cosine", "constant"]

_CHOICES = {
    "protocol": get_args(Protocol),
    "batch_norm": get_args(BatchNorm),
    "augmentation": get_args(Augmentation),
    "precision": get_args(TrainingPrecision),
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
}


def check_fields(
    recipe: object, choices: Mapping[str, tuple[str, ...]], ranges: Mapping[str, tuple[bool, str]]
) -> None:
    """Refuse a recipe with a field that is none of its choices, or out of its range.

    `ranges` has for each field whether it fits, and in words what would.

    Raises
    ------
    ArgumentError
        The message names the field, what is expected and what it is.
    """
    outside = [(name, f"one of {', '.join(of)}") for name, of in choices.items() if getattr(recipe, name) not in of]
    outside += [(name, words) for name, (fits, words) in ranges.items() if not fits]
    if outside:
        name, words = outside[0]
        message = f"{name} must be {words}; got {getattr(recipe, name)!r}"
        raise ArgumentError(message)


@dataclass(frozen=True)
class Plan:
    """How many steps a recipe takes over a number of photos; what a cost is predicted from.

    Attributes
    ----------
    batches_per_pass : int
        Batches that one pass over the training photos is cut into; their sizes differ by one photo at most.
    steps_per_epoch : int
        Steps between two looks at the validation photos: one pass, or more where there are few photos.
    steps : int
        Of the whole training.
    images : int
        Photos that go forward and backward, one counted as often as it is used.
    """

    batches_per_pass: int
    steps_per_epoch: int
    steps: int
    images: int


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training besides backbone, photos and machine.

    Attributes
    ----------
    protocol : str
        ``scratch``: all of a random network. ``fine-tune``: all of a pre-trained one. ``lp-ft``: the same from the
        last layer that a linear probe found. ``gradual``: the last layer first, then stage by stage from the output
        to the input. ``discriminative``: rates that fall from the output to the input. ``linear-sgd``: the last layer
        only, by stochastic gradient descent over the photos, as tutorials do it.
    learning_rate : float
        At its highest, of the trunk's last stage; > 0.
    epochs : int
        Looks at the validation photos, >= 1.
    least_steps : int
        So that few photos are not few steps: an epoch is one pass over the photos, or as many steps as make the
        training this long; >= 0.
    batch_size : int
        >= 1.
    optimizer : {"sgd", "adam"}
        Stochastic gradient descent with Nesterov's momentum, or Adam.
    momentum : float
        Of ``sgd``; 0 <= momentum < 1.
    weight_decay : float
        L2 penalty, not on biases and normalisation layers; >= 0.
    head_factor : float
        The last layer learns at `learning_rate` times this; > 0.
    layer_decay : float
        Each stage learns at this times the rate of the next one towards the output; 0 < decay <= 1.
    released_by : float
        Of ``gradual``: the share of the training after which every stage is trained; 0 < share <= 1.
    warmup : float
        Share of the steps in which the rate rises in a line; 0 <= share < 1.
    schedule : {"cosine", "constant"}
        What the rate does after that.
    batch_norm : str
        ``frozen``: statistics and affine parameters stay. ``stats-frozen``: the statistics stay. ``recalibrate``: the
        statistics are measured once on the training photos before the first step, then stay. ``train``: layers use
        and change batch statistics, in frozen stages too, as PyTorch does where nobody calls ``eval``; a training
        that freezes stages then ends in an error, because what was frozen has changed.
    augmentation : {"none", "flip", "crop"}
        ``flip``: mirrored at random. ``crop``: a random crop of at least half the area, mirrored at random.
    precision : str
        Number format of the forward pass; ``auto`` is the faster one, see
        `number_format`; ``float16`` needs a GPU.
    size : int or None
        Side of the input in pixels; ``None`` is the backbone's own.
    seed : int
        Of order, augmentation, dropout and random weights; 0 <= seed < 2**32.

    Raises
    ------
    ArgumentError
        If a value is not in its range, or ``scratch`` meets frozen batch normalisation.

    Examples
    --------
    >>> Recipe("fine-tune", learning_rate=0.01, epochs=2, least_steps=0).plan(70)
    Plan(batches_per_pass=3, steps_per_epoch=3, steps=6, images=140)
    """

    protocol: Protocol
    learning_rate: float
    epochs: int = 10
    least_steps: int = 100
    batch_size: int = 32
    optimizer: Optimizer = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    head_factor: float = 1.0
    layer_decay: float = 1.0
    released_by: float = 0.5
    warmup: float = 0.1
    schedule: Schedule = "cosine"
    batch_norm: BatchNorm = "stats-frozen"
    augmentation: Augmentation = "crop"
    precision: TrainingPrecision = "auto"
    size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "learning_rate": (self.learning_rate > 0, "above 0"),
            "epochs": (self.epochs >= 1, "1 or more"),
            "least_steps": (self.least_steps >= 0, "0 or more"),
            "batch_size": (self.batch_size >= 1, "1 or more"),
            "momentum": (0 <= self.momentum < 1, "from 0 to below 1"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "head_factor": (self.head_factor > 0, "above 0"),
            "layer_decay": (0 < self.layer_decay <= 1, "above 0 and at most 1"),
            "released_by": (0 < self.released_by <= 1, "above 0 and at most 1"),
            "warmup": (0 <= self.warmup < 1, "from 0 to below 1"),
            "size": (self.size is None or self.size >= 1, "1 pixel or more"),
            "seed": (0 <= self.seed < 2**32, "from 0 to below 2**32"),
        }
        check_fields(self, _CHOICES, ranges)
        if self.protocol == "scratch" and self.batch_norm != "train":
            message = (
                f"a network that starts at random has no batch statistics to keep: scratch needs batch_norm 'train'; "
                f"got {self.batch_norm!r}"
            )
            raise ArgumentError(message)

    def plan(self, photos: int) -> Plan:
        """How many steps this is for a number of training photos, >= 1."""
        per_pass = -(-photos // self.batch_size)
        per_epoch = max(per_pass, -(-self.least_steps // self.epochs))
        steps = per_epoch * self.epochs
        return Plan(per_pass, per_epoch, steps, self.images_in(photos, steps))

    def images_in(self, photos: int, steps: int) -> int:
        """How many photos the first `steps` steps use, of `photos` in training."""
        per_pass = -(-photos // self.batch_size)
        whole, rest = divmod(steps, per_pass)
        # The first `photos % per_pass` batches of a pass hold one photo more than the others.
        return whole * photos + rest * (photos // per_pass) + min(rest, photos % per_pass)

    @property
    def text(self) -> str:
        """All of it as canonical JSON, for hashes; equal texts mean equal recipes."""
        return json.dumps(asdict(self), sort_keys=True)


_BASES: dict[Protocol, dict[str, Any]] = {
    "scratch": {"learning_rate": 0.01, "batch_norm": "train"},
    "fine-tune": {"learning_rate": 0.003},
    "lp-ft": {"learning_rate": 0.0003},
    "gradual": {"learning_rate": 0.003},
    "discriminative": {"learning_rate": 0.003, "layer_decay": 0.7},
    "linear-sgd": {
        "learning_rate": 0.01,
        "optimizer": "adam",
        "weight_decay": 0.0,
        "warmup": 0.0,
        "schedule": "constant",
        "batch_norm": "frozen",
        "augmentation": "none",
    },
}

# Multiples of a protocol's own learning rate, the likelier first, with its own weight decay and then with a larger
# one; the same for all protocols: an equal budget is an equal number of these.
_TRIALS = tuple((rate, decay) for decay in (None, 1e-3) for rate in (1.0, 0.3, 3.0, 0.1, 10.0, 0.03))


def recipe(protocol: Protocol, **changes: Any) -> Recipe:  # noqa: ANN401 - the fields of Recipe have their own types
    """The recipe of a protocol that is tried first, with `changes` to its fields.

    Examples
    --------
    >>> recipe("discriminative", epochs=3).layer_decay
    0.7
    """
    return Recipe(protocol, **(_BASES[protocol] | changes))


def recipes(protocol: Protocol, trials: int, **changes: Any) -> tuple[Recipe, ...]:  # noqa: ANN401 - as above
    """The recipes that a protocol is tuned over: as many for each protocol.

    Parameters
    ----------
    protocol : str
        As `Recipe` has it.
    trials : int
        1 … 12; the trials of a smaller budget are the first of a larger one's.
    **changes
        Fields of `Recipe` that all trials share, such as ``epochs``, ``size`` or ``seed``.

    Returns
    -------
    tuple of Recipe
        They differ in learning rate and weight decay only.

    Raises
    ------
    ArgumentError
        If `trials` is out of range, or a field of `changes` is.

    Examples
    --------
    >>> [one.learning_rate for one in recipes("fine-tune", 3)]
    [0.003, 0.0009, 0.009]
    """
    if not 1 <= trials <= len(_TRIALS):
        message = f"trials must be 1 to {len(_TRIALS)}; got {trials}"
        raise ArgumentError(message)
    base = recipe(protocol, **changes)
    return tuple(
        replace(
            base,
            learning_rate=float(f"{base.learning_rate * rate:.6g}"),
            weight_decay=base.weight_decay if decay is None else decay,
        )
        for rate, decay in _TRIALS[:trials]
    )

"""One cell of the bench's grid, and what came out of it.

A cell is a backbone, a protocol, a number of shots and a seed; its outcome is what it says of every test photo, with
what it cost. Nothing here computes: these values are what the grid, the runner, the comparison and the report share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError
from facerec.types import Rate

Protocol: TypeAlias = Literal[
    "linear", "knn", "centroid", "fine-tune", "lp-ft", "gradual", "discriminative", "linear-sgd", "scratch"
]
"""``linear``, ``knn`` and ``centroid`` fit a classifier on frozen features; the others train the network."""

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
PROBES: tuple[Protocol, ...] = ("linear", "knn", "centroid")
"""Protocols that run the backbone once per photo."""


TestPhotos: TypeAlias = Literal["as they are", "corrupted"]
"""What a method is judged on."""


@dataclass(frozen=True, order=True)
class Cell:
    """One thing to measure.

    Attributes
    ----------
    backbone : str
        Its name, such as ``resnet50.v2``.
    protocol : str
        One of `PROTOCOLS`.
    shots : int or None
        Photos per class to learn from; None: all there are.
    seed : int
        Decides which photos are drawn and every draw of a training; 0 or more.

    Examples
    --------
    >>> str(Cell("resnet50.v2", "linear", 5, 0)), str(Cell("resnet50.v2", "scratch", None, 1))
    ('resnet50.v2, linear, 5 shots, seed 0', 'resnet50.v2, scratch, all photos, seed 1')
    """

    backbone: str
    protocol: Protocol
    shots: int | None
    seed: int

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            message = f"a protocol is one of {', '.join(PROTOCOLS)}; got {self.protocol!r}"
            raise ArgumentError(message)
        if (self.shots is not None and self.shots < 1) or self.seed < 0:
            message = f"shots must be 1 or more and a seed 0 or more; got {self.shots} and {self.seed}"
            raise ArgumentError(message)

    @property
    def trained(self) -> bool:
        """Whether the network itself is trained, and not only a classifier on its features."""
        return self.protocol not in PROBES

    def __str__(self) -> str:
        return f"{self.backbone}, {self.protocol}, {shots_text(self.shots)}, seed {self.seed}"


def shots_text(shots: int | None) -> str:
    """How many photos were learned from, for people.

    >>> shots_text(1), shots_text(5), shots_text(None)
    ('1 shot', '5 shots', 'all photos')
    """
    return "all photos" if shots is None else f"{shots} shot{'' if shots == 1 else 's'}"


@dataclass(frozen=True)
class Late:
    """A cell that was given up, because it would not have ended before its deadline.

    Attributes
    ----------
    seconds : float
        What all of it would have taken, at the pace that was seen.
    """

    seconds: float


@dataclass(frozen=True)
class Point:
    """A point of a learning curve.

    Attributes
    ----------
    epoch : int
        Looks at the validation photos so far, from 1.
    steps : int
        Steps of the optimiser so far.
    training_loss : float
        Mean cross-entropy since the last point, nats.
    validation_accuracy : float
        0 … 1.
    """

    epoch: int
    steps: int
    training_loss: float
    validation_accuracy: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a cell said of the test photos, and what it cost.

    Attributes
    ----------
    cell : Cell
    weights : str
        The first eight hexadecimal digits of the weight file's SHA-256; ``none`` where the network began at random.
    scores : ndarray, float32, shape (n, classes)
        Probabilities of the test photos, in the order of the test part.
    corrupted : ndarray, float32, shape (n, classes), or None
        Probabilities of the same photos, corrupted (``facerec.transfer.corruption``).
    train_photos, validation_photos : int
        How many photos were learned from, and chosen on.
    validation_accuracy : float
        Of what was chosen, 0 … 1; optimistic, because it was chosen by it.
    chosen : mapping of str to str, int or float
        The settings that validation chose.
    tried : int
        How many settings were compared.
    history : tuple of Point
        The learning curve of the chosen training; empty for a probe.
    converged : bool
        False where an optimiser stopped before its tolerance.
    alone_seconds : float
        Wall-clock time that it would have taken alone: to learn, to choose and to predict, with its share of the
        features that several cells use.
    own_seconds : float
        Wall-clock time that it added to its run; of all cells together, what the run took to measure.
    macs : int
        Multiply-adds of the model for one photo.
    learning_macs : int
        Multiply-adds of everything that was learned and chosen; a backward pass counts as two forward passes.
    parameters : int
        Of the model with its last layer.
    peak_memory : int
        Bytes: the most that the process (or, on a GPU, torch) held meanwhile.
    """

    cell: Cell
    weights: str
    scores: NDArray[np.float32]
    train_photos: int
    validation_photos: int
    validation_accuracy: float
    alone_seconds: float
    macs: int
    learning_macs: int
    parameters: int
    peak_memory: int
    chosen: Mapping[str, str | int | float] = field(default_factory=dict)
    tried: int = 1
    history: tuple[Point, ...] = ()
    converged: bool = True
    own_seconds: float = 0.0
    corrupted: NDArray[np.float32] | None = None

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The likeliest class of each test photo; of equally likely ones the first."""
        return self.scores.argmax(axis=1).astype(np.int64)

    def answers(self, photos: TestPhotos = "as they are") -> NDArray[np.int64] | None:
        """The likeliest class of each test photo, as it is or corrupted; None where these were not looked at."""
        scores = self.scores if photos == "as they are" else self.corrupted
        return None if scores is None else scores.argmax(axis=1).astype(np.int64)

    def accuracy(self, labels: NDArray[np.int64]) -> Rate:
        """Correct answers out of all test photos; ``errors`` of the rate counts what is correct."""
        return Rate(int((self.predicted == labels).sum()), len(labels))

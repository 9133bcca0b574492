"""The test photos that a method was surest about and wrong, for who looks at where it fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from facerec.reporting import Picture, plain, write_number
from facerec.transfer.cells import Outcome
from facerec.transfer.image_set import ImageSet
from facerec.types.marks import encode_jpeg

_SIDE = 200


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes
    ----------
    position : int
        Of the photo in the image set.
    right, answer : str
        Names of the classes.
    confidence : float
        Probability of the answer, 0 … 1.
    given : float
        Probability of the right class, 0 … 1.
    """

    position: int
    right: str
    answer: str
    confidence: float
    given: float


def worst(outcome: Outcome, image_set: ImageSet, test: NDArray[np.int64], *, most: int = 6) -> tuple[Mistake, ...]:
    """The wrong answers that gave the right class the least probability.

    Parameters
    ----------
    outcome : Outcome
    image_set : ImageSet
    test : ndarray, int64
        Positions of the test photos, in the order of the outcome's scores.
    most : int
        How many at most.

    Returns
    -------
    tuple of Mistake
        The worst first; of equal ones the first in the test part.
    """
    labels = image_set.labels[test]
    given = outcome.scores[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(outcome.predicted != labels)
    chosen = wrong[np.argsort(given[wrong], kind="stable")][:most]
    return tuple(
        Mistake(
            position=int(test[place]),
            right=image_set.classes[labels[place]],
            answer=image_set.classes[outcome.predicted[place]],
            confidence=float(outcome.scores[place].max()),
            given=float(given[place]),
        )
        for place in chosen
    )


def picture(mistake: Mistake, image_set: ImageSet) -> Picture:
    """A wrong answer's photo, made small, for a report that stays where the photos are."""
    photo = PillowImage.fromarray(image_set.image(mistake.position))
    photo.thumbnail((_SIDE, _SIDE), PillowImage.Resampling.LANCZOS)
    told = f"{mistake.right} taken for {mistake.answer}"
    return Picture(
        encode_jpeg(np.asarray(photo)),
        alt=told,
        caption=f"{plain(told)}, {write_number(mistake.confidence, 'rate')}",
    )

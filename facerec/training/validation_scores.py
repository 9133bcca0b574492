"""What is measured on people who were not learned from: operating points, and scores for an audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec import similarity
from facerec.embed.onnx_graph import unit_length
from facerec.errors import CalibrationError
from facerec.measure.operating_points import MAX_PHOTOS, all_pairs
from facerec.measure.tables import write
from facerec.measure.tables.stamp import stamped
from facerec.models.folder import ModelDescription
from facerec.quality import NO_GATE
from facerec.training.draws import drawn_photos, groups_of, in_words
from facerec.training.people import People
from facerec.training.validation import MOST_PHOTOS
from facerec.types import Chips, Matcher, OperatingPoint

USUAL_FMRS = (1e-2, 1e-3, 1e-4)
"""The false match rates that operating points are measured at beside the one that chose the epoch."""

SCORED_PHOTOS = 1_000
"""In the score table of an audit; half a million pairs."""


def validation_vectors(
    forward: Callable[[Chips], NDArray[np.float32]], people: People, photos: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Unit vectors of photos, float32 (n, d), as the finished model gives them."""
    groups = np.array_split(photos, max(1, -(-len(photos) // 256)))
    vectors = np.concatenate([forward(people.chips.take(group)) for group in groups])
    return unit_length(vectors)


def points_of(
    vectors: NDArray[np.float32],
    people: People,
    photos: NDArray[np.int64],
    about: ModelDescription,
    fmrs: Sequence[float],
    *,
    whose: str = "who were not learned from, and who chose the epoch",
    seed: int = 0,
) -> tuple[tuple[OperatingPoint, ...], tuple[str, ...]]:
    """Operating points from all pairs of photos.

    Parameters
    ----------
    vectors : ndarray, float32, shape (n, d)
        Of unit length.
    people : People
    photos : ndarray, int64, shape (n,)
        Whose vectors these are.
    about : ModelDescription
        The model that made them.
    fmrs : sequence of float
        The rates to measure at.
    whose : str
        What the people had to do with the model, for who reads the points.
    seed : int
        Of the draw of people, where there are more photos than all pairs of fit into memory.

    Returns
    -------
    tuple of OperatingPoint
        For the rates that these pairs can show.
    tuple of str
        Why there is none, for the other rates.
    """
    some = drawn_photos(people.labels[photos], most=MAX_PHOTOS, seed=seed, groups=groups_of(people, photos))
    subjects = [people.identities[label] for label in people.labels[photos[some]]]
    data_set = f"{people.name}: all pairs of {len(some)} photos of {len(set(subjects))} people {whose}"
    data_set += f" ({in_words(people, photos, some)})" if len(some) < len(photos) else ""
    pairs = all_pairs(vectors[some], subjects)
    points: list[OperatingPoint] = []
    missing: list[str] = []
    for fmr in sorted(set(fmrs), reverse=True):
        try:
            points.append(pairs.point(fmr, data_set=data_set, matcher=matcher_of(people, about)))
        except CalibrationError as problem:
            missing.append(f"FMR {fmr:g}: {problem}")
    return tuple(points), tuple(missing)


def matcher_of(people: People, about: ModelDescription) -> Matcher:
    """What scores of these people's aligned faces are made by; no gate judged the faces."""
    return Matcher(people.detector, people.crop, about.name, about.digest, similarity.NAME, NO_GATE.name)


def scored_photos(people: People, photos: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Positions of the photos that `write_scores` compares."""
    groups = groups_of(people, photos)
    return drawn_photos(people.labels[photos], most=SCORED_PHOTOS, seed=seed, groups=groups, even=True)


def epoch_photos(people: People, photos: NDArray[np.int64], *, seed: int) -> NDArray[np.int64]:
    """Positions of the photos that are compared in every epoch."""
    return drawn_photos(people.labels[photos], most=MOST_PHOTOS, seed=seed, groups=groups_of(people, photos))


def compared(
    people: People, photos: NDArray[np.int64], *, seed: int, scored: NDArray[np.int64] | None = None
) -> dict[str, str]:
    """For the card: how many of the photos that validate, or of those in `scored`, are compared, of how many."""
    scored = photos if scored is None else scored
    return {
        "compared in every epoch": in_words(people, photos, epoch_photos(people, photos, seed=seed)),
        "in the score table": in_words(people, scored, scored_photos(people, scored, seed=seed)),
    }


def write_scores(
    vectors: NDArray[np.float32],
    people: People,
    photos: NDArray[np.int64],
    path: Path,
    *,
    about: ModelDescription | None,
    seed: int,
) -> None:
    """Write the score table of all pairs of photos, with the groups of both sides.

    Of more than `SCORED_PHOTOS` photos people are drawn, as many of each group as it has.

    Parameters
    ----------
    vectors, people, photos
        As for `points_of`.
    path : Path
        Of a ``.csv`` or ``.parquet`` file.
    about : ModelDescription, optional
        The model, whose stamp the table carries; ``None`` for one that is not finished, whose table carries none.
    seed : int
        Of the draw.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    some = scored_photos(people, photos, seed=seed)
    first, second = np.triu_indices(len(some), 1)
    unit = vectors[some]
    table: dict[str, object] = {}
    sides = {"probe": photos[some][first], "reference": photos[some][second]}
    for side, chosen in sides.items():
        table[f"{side}_image"] = [people.files[photo] for photo in chosen]
        table[f"{side}_subject"] = [people.identities[label] for label in people.labels[chosen]]
    table["genuine"] = people.labels[sides["probe"]] == people.labels[sides["reference"]]
    table["score"] = similarity.cosines_of_all(unit, unit)[first, second]
    for name, values in people.columns.items():
        for side, chosen in sides.items():
            table[f"{side}_{name}"] = [values[photo] for photo in chosen]
    made = pd.DataFrame(table)
    write(made if about is None else stamped(made, matcher_of(people, about)), path)

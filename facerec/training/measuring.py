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
from facerec.measure.operating_points.from_all_pairs import MAX_PHOTOS, all_pairs
from facerec.measure.tables import write
from facerec.measure.tables.stamp import stamped
from facerec.models.folder import ModelDescription
from facerec.quality import NO_GATE
from facerec.training.people import People
from facerec.training.validation import thinned
from facerec.types import Chips, Matcher, OperatingPoint

USUAL_FMRS = (1e-2, 1e-3, 1e-4)
"""The false match rates that operating points are measured at beside the one that chose the epoch."""

_SCORED_PHOTOS = 1_000  # half a million pairs


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

    Returns
    -------
    tuple of OperatingPoint
        For the rates that these pairs can show.
    tuple of str
        Why there is none, for the other rates.
    """
    some = thinned(people.labels[photos], most=MAX_PHOTOS)
    subjects = [people.identities[label] for label in people.labels[photos[some]]]
    part = "" if len(some) == len(photos) else f" of {len(photos)}, people drawn at random,"
    data_set = f"{people.name}: all pairs of {len(some)} photos{part} of {len(set(subjects))} people {whose}"
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


def write_scores(
    vectors: NDArray[np.float32],
    people: People,
    photos: NDArray[np.int64],
    path: Path,
    *,
    about: ModelDescription | None,
) -> None:
    """Write the score table of all pairs of photos, with the groups of both sides; of at most 1,000 photos.

    Whole people are drawn, from each group by turns.

    Parameters
    ----------
    vectors, people, photos
        As for `points_of`.
    path : Path
        Of a ``.csv`` or ``.parquet`` file.
    about : ModelDescription, optional
        The model, whose stamp the table carries; ``None`` for one that is not finished, whose table carries none.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    together = [" ".join(values[photo] for values in people.columns.values()) for photo in photos]
    some = thinned(people.labels[photos], most=_SCORED_PHOTOS, groups=together)
    first, second = np.triu_indices(len(some), 1)
    unit = vectors[some]
    table: dict[str, object] = {}
    sides = {"probe": photos[some][first], "reference": photos[some][second]}
    for side, chosen in sides.items():
        table[f"{side}_image"] = [people.files[photo] for photo in chosen]
        table[f"{side}_subject"] = [people.identities[label] for label in people.labels[chosen]]
    table["genuine"] = people.labels[sides["probe"]] == people.labels[sides["reference"]]
    table["score"] = similarity.cosine_of_pairs(unit[first], unit[second])
    for name, values in people.columns.items():
        for side, chosen in sides.items():
            table[f"{side}_{name}"] = [values[photo] for photo in chosen]
    made = pd.DataFrame(table)
    write(made if about is None else stamped(made, matcher_of(people, about)), path)

"""What each method said of each test photo, as the table that ``facerec audit classification`` reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import OutputError
from facerec.files import replacing
from facerec.transfer.cells import Outcome
from facerec.transfer.comparing import Flags, Method
from facerec.transfer.image_set import ImageSet


def prediction_table(
    image_set: ImageSet, test: NDArray[np.int64], outcomes: Iterable[Outcome], *, named: bool = True
) -> pd.DataFrame:
    """A row per test photo and seed of one method.

    Parameters
    ----------
    image_set : ImageSet
        As `read_fairface` gives it.
    test : ndarray, int64, shape (n,)
        Positions of the test photos.
    outcomes : iterable of Outcome
        Of one method; one per seed.
    named : bool
        Whether ``subject`` is the photo's name, or only a number.

    Returns
    -------
    DataFrame
        ``subject`` (the photo: nobody is known by name, and the answers of several seeds to a photo belong together),
        ``label``, ``prediction``, ``seed``, and the columns of the image set. All of it text.
    """
    chosen = [int(position) for position in test]
    classes = np.asarray(image_set.classes, object)
    fixed = {
        "subject": [image_set.files[position] if named else str(number) for number, position in enumerate(chosen, 1)],
        "label": classes[image_set.labels[chosen]].tolist(),
    }
    groups = {name: [values[position].strip() for position in chosen] for name, values in image_set.columns.items()}
    taken = {name: values for name, values in groups.items() if name not in ("subject", "label", "prediction", "seed")}
    rows = [
        pd.DataFrame(
            {**fixed, "prediction": classes[outcome.predicted].tolist(), "seed": str(outcome.cell.seed), **taken},
            dtype="str",
        )
        for outcome in sorted(outcomes, key=lambda outcome: outcome.cell.seed)
    ]
    return pd.concat(rows, ignore_index=True)


def make_folder(folder: Path) -> Path:
    """Make a folder for tables; ``OutputError`` if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the folder {folder} cannot be made: {error.strerror or error}"
        raise OutputError(message) from error
    return folder


def write_predictions(table: pd.DataFrame, path: Path) -> None:
    """Write a table of predictions as CSV, labels and ids as they are: ``facerec audit classification`` reads it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def by_method(outcomes: Iterable[Outcome]) -> dict[Method, list[Outcome]]:
    """Outcomes of the same backbone and protocol, in the order in which they first appear, by seed."""
    found: dict[Method, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda outcome: outcome.cell.seed):
        found.setdefault((outcome.cell.backbone, outcome.cell.protocol), []).append(outcome)
    return found


def right_answers(outcomes: Iterable[Outcome], labels: NDArray[np.int64]) -> Flags:
    """Whether each answer is right, shape (seeds, photos)."""
    return np.stack([outcome.predicted == labels for outcome in outcomes])

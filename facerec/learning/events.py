"""Curves as TensorBoard reads them, beside the CSV files that hold the same numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from facerec.errors import OutputError
from facerec.extras import extra


def write_events(folder: Path, points: Iterable[tuple[int, Mapping[str, float | None]]]) -> None:
    """Write scalars as an event file; what is in the folder stays, TensorBoard shows all of it as one run.

    Parameters
    ----------
    folder : Path
        Of the run; made if it is not there.
    points : iterable of (int, mapping)
        Steps taken, and by their names the values; those that are None or NaN are left out.

    Raises
    ------
    MissingExtraError
        If TensorBoard is not installed.
    OutputError
        If the folder cannot be made or written to.
    """
    with extra("tensorboard"):
        from torch.utils.tensorboard import SummaryWriter
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with SummaryWriter(str(folder)) as writer:
            for step, values in points:
                for name, value in values.items():
                    if value is not None and not math.isnan(value):
                        writer.add_scalar(name, value, step)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}"
        raise OutputError(message) from error


def check_events() -> None:
    """Refuse at once what could not be written later; `MissingExtraError` if TensorBoard is not installed."""
    with extra("tensorboard"):
        import tensorboard  # type: ignore[import-untyped] # noqa: F401

"""What ``--all-pairs`` reads: tables of vectors in place of scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from facerec.cli.audit import options
    from facerec.measure.tables.vector_table import FaceVectors


def read_all(paths: Sequence[Path], columns: options.Columns) -> FaceVectors:
    """The vectors; `ArgumentError` if what is asked for besides is of a score table."""
    from facerec.measure.tables.vector_table import read_vectors

    if columns.distance or columns.groups:
        message = "--distance and --groups are of a table of pairs; with --all-pairs cosines of vectors are compared"
        raise ArgumentError(message)
    return read_vectors(paths, layout=columns.layout, people=columns.people)


def stamp_table(vectors: FaceVectors) -> pd.DataFrame:
    """What a table of their scores would be stamped with, for whoever looks up an operating point by it."""
    import pandas as pd

    from facerec.measure.tables.stamp import COLUMN

    matcher = vectors.matcher
    return pd.DataFrame() if matcher is None else pd.DataFrame({COLUMN: [matcher.text]})

"""Writing a file so that a reader finds the old one or the whole new one, never a part of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facerec.errors import OutputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; it takes the place of `path` when the block ends without an error.

    Parameters
    ----------
    path : Path
        What is to be written; its folder must exist.

    Yields
    ------
    Path
        In the same folder (so that the replacement is atomic), with the same suffix; removed if the block fails.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written to; what was there before is left as it was.
    """
    partial = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.partial{path.suffix}")
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise OutputError(message) from error
    finally:
        partial.unlink(missing_ok=True)

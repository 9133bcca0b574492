"""Features that were computed before, on disk: per key a ``.npy`` with the vectors and a ``.json`` that vouches for it.

The JSON file is written last and holds the SHA-256 of the vectors, so a process that is killed while it writes leaves
nothing that could be taken for features, and a damaged file is computed again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facerec.arrays import read_array
from facerec.errors import OutputError, TransferError
from facerec.files import read_json, replacing


@dataclass(frozen=True, eq=False)
class Kept:
    """What the cache holds under a key.

    Attributes
    ----------
    vectors : ndarray, float32, shape (n, dimension)
    seconds : float
        What computing them took.
    """

    vectors: NDArray[np.float32]
    seconds: float


def read(folder: Path, key: str) -> Kept | None:
    """What is kept under `key`; ``None`` where there is nothing, or what there is fails its check.

    Parameters
    ----------
    folder : Path
        May be absent.
    key : str
        64 hexadecimal digits.
    """
    vectors_file, about_file = _files(folder, key)
    try:
        about = read_json(about_file, error=TransferError)
        vectors = read_array(vectors_file, error=TransferError)
        if about["key"] != key or about["vectors_sha256"] != _digest(vectors):
            return None
        return Kept(vectors, float(about["seconds"]))
    except (TransferError, ValueError, KeyError, TypeError):
        # Absent, cut off or no such file: the cache does not have it.
        return None


def write(folder: Path, key: str, kept: Kept, *, about: str) -> None:
    """Keep vectors under `key`.

    Parameters
    ----------
    folder : Path
        Made where it is absent.
    key : str
        64 hexadecimal digits.
    kept : Kept
    about : str
        For people who look into the folder: whose features these are.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: the folder for features cannot be made: {error.strerror}"
        raise OutputError(message) from error
    vectors_file, about_file = _files(folder, key)
    with replacing(vectors_file) as partial:
        np.save(partial, np.ascontiguousarray(kept.vectors), allow_pickle=False)
    record = {
        "about": about,
        "key": key,
        "photos": len(kept.vectors),
        "seconds": kept.seconds,
        "vectors_sha256": _digest(kept.vectors),
    }
    with replacing(about_file) as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _files(folder: Path, key: str) -> tuple[Path, Path]:
    return folder / f"{key}.npy", folder / f"{key}.json"


def _digest(vectors: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(vectors).data).hexdigest()

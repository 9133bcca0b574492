"""Arrays of numbers in ``.npy`` files, as ``numpy.save`` writes them, row by row.

What stands at the beginning of such a file is read here by one expression. The reader of numpy parses it as Python, and
raises whatever a parser of Python can; it asks for memory, besides, before it knows whether the file holds so much.
"""

from __future__ import annotations

import io
import math
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from facerec.errors import FacerecError
from facerec.files import open_regular

_MAGIC = b"\x93NUMPY\x01\x00"
_PREFIX = len(_MAGIC) + 2
_LONGEST_HEADER = 1 << 12
_HEADER = re.compile(
    r"\{'descr': '(<f[248]|<[iu][248]|\|[iub]1)', 'fortran_order': False, "
    r"'shape': \((|\d{1,15},|(?:\d{1,15}, ){1,15}\d{1,15})\), \} *\n"
)


def read_array(path: str | os.PathLike[str], *, error: type[FacerecError]) -> NDArray[Any]:
    """The array in a ``.npy`` file, of any shape, of real numbers or truths; nothing is read of one that is too short.

    `error` if there is no such file, it is no regular one, or it does not hold such an array, row by row, and no more.
    """
    with _told(path, error), open_regular(path) as file:
        kind, shape, start = _described(file)
        file.seek(start)
        return np.fromfile(file, kind, math.prod(shape)).reshape(shape)


def map_array(path: str | os.PathLike[str], *, error: type[FacerecError]) -> NDArray[Any]:
    """As `read_array`, but the numbers stay in the file until they are used; they cannot be written to."""
    with _told(path, error), open_regular(path) as file:
        kind, shape, start = _described(file)
        return np.memmap(file, kind, "r", start, shape)


def array_of(contents: bytes, *, path: str | os.PathLike[str], error: type[FacerecError]) -> NDArray[Any]:
    """As `read_array`, of the contents of a file, which `path` names in messages; they cannot be written to."""
    with _told(path, error):
        kind, shape, start = _described(io.BytesIO(contents))
        return np.frombuffer(contents, kind, offset=start).reshape(shape)


@contextmanager
def _told(path: str | os.PathLike[str], error: type[FacerecError]) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as problem:
        words = (problem.strerror if isinstance(problem, OSError) else None) or problem
        message = f"{os.fsdecode(path)} cannot be read as an array of numbers: {words}"
        raise error(message) from problem


def _described(file: BinaryIO) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Kind of number, shape, and where the numbers begin; ValueError if they are not all that there is."""
    prefix = file.read(_PREFIX)
    length = struct.unpack("<H", prefix[-2:])[0] if len(prefix) == _PREFIX and prefix.startswith(_MAGIC) else 0
    header = file.read(length).decode("latin-1") if length <= _LONGEST_HEADER else ""
    found = _HEADER.fullmatch(header)
    if found is None:
        message = "it does not begin as a .npy file of numbers, row by row"
        raise ValueError(message)
    kind = np.dtype(found[1])
    shape = tuple(int(side) for side in found[2].replace(",", " ").split())
    expected, held = math.prod(shape) * kind.itemsize, file.seek(0, os.SEEK_END) - _PREFIX - length
    if expected != held:
        message = f"it should hold {expected:,} bytes of numbers, of shape {shape}, and holds {held:,}"
        raise ValueError(message)
    return kind, shape, _PREFIX + length

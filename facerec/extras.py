"""What only some users need: packages that an extra of this one brings, and the one error where they are absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Literal, TypeAlias, get_args

from facerec.errors import MissingExtraError

Extra: TypeAlias = Literal[
    "audit",
    "transfer",
    "train",
    "export",
    "onnx",
    "report",
    "excel",
    "heif",
    "blazeface",
    "tensorboard",
    "postgres",
    "server",
    "client",
    "ray",
]
EXTRAS: tuple[Extra, ...] = get_args(Extra)
"""As ``pip install "facerec[…]"`` knows them; ``all`` is all of these."""

# With its telemetry on, the import alone leaves two files, one with a number for the machine, in the user's cache.
_SWITCH = "ORT_DISABLE_TELEMETRY"  # read once, while ONNX Runtime is imported


@contextmanager
def extra(name: Extra) -> Iterator[None]:
    """Import packages of an extra in this block.

    Raises
    ------
    MissingExtraError
        If one is not installed; the message holds the line that installs it.

    Examples
    --------
    >>> with extra("onnx"):
    ...     import a_package_that_nobody_has
    Traceback (most recent call last):
        ...
    facerec.errors.MissingExtraError: a_package_that_nobody_has is not installed; run: pip install "facerec[onnx]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        message = f'{error.name} is not installed; run: pip install "facerec[{name}]"'
        raise MissingExtraError(message) from error


def onnx_runtime(*, of: Extra = "onnx") -> ModuleType:
    """The module ``onnxruntime``; whoever sets the variable ``ORT_DISABLE_TELEMETRY`` decides otherwise.

    Where it is not installed: `MissingExtraError`, which names the extra.
    """
    decided = _SWITCH in os.environ
    os.environ.setdefault(_SWITCH, "1")
    try:
        with extra(of):
            import onnxruntime
    finally:
        if not decided:
            del os.environ[_SWITCH]
    return onnxruntime

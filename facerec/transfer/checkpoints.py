"""The state of a training as one file: tensors as safetensors, everything else as JSON in its header; no pickle.

One file, because two could be of different steps after a power cut. It is replaced as a whole, so a process that is
killed while writing leaves the state before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from facerec.errors import OutputError, TransferError
from facerec.replacing import replacing

_FORMAT = "facerec training 1"


def save_checkpoint(
    path: Path, *, identity: Mapping[str, Any], values: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Write a checkpoint in the place of the one before.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    identity : mapping
        What the training is; the same on resuming, or it is refused.
    values : mapping
        Whatever JSON holds; floats come back bit for bit.
    tensors : mapping of str to Tensor
        On any device, of any layout.

    Raises
    ------
    OutputError
        If it cannot be written; the one before is left.
    """
    header = {"format": _FORMAT, "identity": json.dumps(identity), "values": json.dumps(values)}
    # Copies: safetensors refuses tensors that share memory, and other layouts than rows first.
    rows = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with replacing(path) as partial:
        try:
            save_file(rows, partial, metadata=header)
        except SafetensorError as error:
            message = f"{path} cannot be written: {error}"
            raise OutputError(message) from error


def read_checkpoint(path: Path, *, identity: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a checkpoint.

    Parameters
    ----------
    path : Path
        An existing file.
    identity : mapping
        What the training is.

    Returns
    -------
    values : dict
        As they were saved.
    tensors : dict of str to Tensor
        On the CPU.

    Raises
    ------
    TransferError
        If it is damaged or no checkpoint, or of a training with another identity; the message says what differs.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != _FORMAT:
                message = f"{path} is not a checkpoint of {_FORMAT!r}; delete it to begin anew"
                raise TransferError(message)
            theirs = json.loads(header["identity"])
            if different := sorted(
                name for name in theirs.keys() | identity.keys() if theirs.get(name) != identity.get(name)
            ):
                name = different[0]
                message = (
                    f"{path} belongs to another training: its {', '.join(different)} differ "
                    f"({name} is {theirs.get(name)!r} there and {identity.get(name)!r} here); "
                    "delete it to begin anew, or give another file"
                )
                raise TransferError(message)
            return json.loads(header["values"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        message = f"{path} cannot be read as a checkpoint ({error}); delete it to begin anew"
        raise TransferError(message) from error

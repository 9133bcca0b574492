"""The state of a training as one file: tensors as safetensors, everything else as JSON in its header; no pickle.

One file, because two could be of different steps after a power cut. It is replaced as a whole, so a process that is
killed while writing leaves the state before.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from facerec.errors import OutputError, TransferError
from facerec.extras import extra
from facerec.files import open_regular, replacing
from facerec.learning.loop import Loop, Progress
from facerec.learning.team import Team

with extra("transfer"):
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

_FORMAT = "facerec training 1"

# A killed training loses this much at most, and at most 1 % of the time goes into saving a state of 50 MB.
_SAVE_EVERY_SECONDS = 30.0


class Keeper:
    """Keeps the state of a training in a file, where one was given; only the process of rank 0 writes.

    Parameters
    ----------
    path : Path or None
        The file; its folder must exist.
    identity : mapping
        What the training is.
    loop : Loop
    team : Team
    """

    def __init__(self, path: Path | None, identity: Mapping[str, Any], loop: Loop[Any, Any], team: Team) -> None:
        self.path, self.identity, self.loop, self.team = path, identity, loop, team
        self.saved_at, self.saved_step = time.monotonic(), -1

    def go_on(self) -> bool:
        """Take up the state where there is one.

        Raises
        ------
        TransferError
            As `read_checkpoint`.
        """
        if self.path is None or not self.path.exists():
            return False
        self.loop.restore(*read_checkpoint(self.path, identity=self.identity))
        self.saved_step = self.loop.step
        self.team.wait()
        return True

    def run(
        self,
        *,
        progress: Callable[[Progress], None] | None = None,
        each_epoch: Callable[[], None] | None = None,
        deadline: float | None = None,
    ) -> bool:
        """Run the training and save its state after each epoch, when the last time is long ago, and in the end.

        Parameters
        ----------
        progress : callable, optional
            Called after every step.
        each_epoch : callable, optional
            Called after every whole epoch, by the process that writes.
        deadline : float, optional
            As for ``Loop.run``, whose answer is given back.
        """

        def each_step() -> None:
            if self.loop.epoch_ended or time.monotonic() - self.saved_at > _SAVE_EVERY_SECONDS:
                self.save()
            if each_epoch is not None and self.loop.epoch_ended and self.team.rank == 0:
                each_epoch()

        complete = self.loop.run(progress=progress, each_step=each_step, deadline=deadline)
        self.save()
        return complete

    def save(self) -> None:
        """Save what has not been saved.

        Raises
        ------
        OutputError
            As `save_checkpoint`.
        """
        if self.path is None or self.team.rank > 0 or self.saved_step == self.loop.step:
            return
        values, tensors = self.loop.state()
        save_checkpoint(self.path, identity=self.identity, values=values, tensors=tensors)
        self.saved_at, self.saved_step = time.monotonic(), self.loop.step


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
        open_regular(path).close()  # a pipe would be waited for
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
    except (SafetensorError, KeyError, ValueError, RecursionError, OSError) as error:
        message = f"{path} cannot be read as a checkpoint ({error}); delete it to begin anew"
        raise TransferError(message) from error

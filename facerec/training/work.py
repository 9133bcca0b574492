"""The folder beside a model that is being trained: its log, its curves, and the state to go on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from facerec.errors import OutputError
from facerec.learning.checkpoint import Keeper
from facerec.learning.loop import Progress
from facerec.training.face_loop import FaceLoop
from facerec.training.record import write_log

_CHECKPOINT = "checkpoint.safetensors"


def work_folder(out: Path) -> Path:
    """Where a training that makes the folder `out` keeps its state, its log and, unless told otherwise, its chips."""
    return out.with_name(f"{out.name}.training")


def make_folder(folder: Path) -> None:
    """Make it where it is not there; ``OutputError`` if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: the folder for the training's state cannot be made: {error.strerror or error}"
        raise OutputError(message) from error


def run_kept(
    loop: FaceLoop, identity: Mapping[str, Any], work: Path, progress: Callable[[Progress], None] | None
) -> None:
    """From where the checkpoint is, or from the start, to the end; the log is renewed after each epoch."""
    keeper = Keeper(work / _CHECKPOINT, {**identity, "processes": loop.team.size}, loop, loop.team)
    keeper.go_on()
    keeper.run(progress=progress, each_epoch=lambda: write_log(loop.history, work / "log.csv"))


def forget_checkpoint(work: Path) -> None:
    """Remove the state, once the model is written."""
    (work / _CHECKPOINT).unlink(missing_ok=True)

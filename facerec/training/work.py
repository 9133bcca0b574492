"""The folder beside a model that is being trained: its log, its curves, and the state to go on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from facerec.errors import OutputError
from facerec.learning.checkpoint import Keeper
from facerec.learning.loop import Progress
from facerec.models.folder import ModelFolder
from facerec.training.face_loop import FaceLoop
from facerec.training.progress import Epoch
from facerec.training.record import write_log
from facerec.training.splits import PeopleSplit

_CHECKPOINT = "checkpoint.safetensors"

AnyEpoch_co = TypeVar("AnyEpoch_co", bound=Epoch, covariant=True)


@dataclass(frozen=True)
class MadeModel(Generic[AnyEpoch_co]):
    """A model that was trained.

    Attributes
    ----------
    folder : ModelFolder or None
        As it was written; ``None`` on the processes of a team that do not write.
    history : tuple of Epoch
        The start, then every epoch.
    best : Epoch
        The one whose network this is.
    split : PeopleSplit
    unmeasured : tuple of str
        False match rates for which there is no operating point, and why.
    work : Path
        The folder of the log, the curves and the validation scores.
    start : str
        Where the head started, in words.
    """

    folder: ModelFolder | None
    history: tuple[AnyEpoch_co, ...]
    best: AnyEpoch_co
    split: PeopleSplit
    unmeasured: tuple[str, ...]
    work: Path
    start: str = ""


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

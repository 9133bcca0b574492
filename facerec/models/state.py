"""Whether models can be used on this machine: files that are here, absent or wrong, and models that were added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from facerec.errors import FacerecError, MissingWeightsError, WeightsError
from facerec.models.folder import ModelFolder, read_model
from facerec.models.weights import WeightFile, added_models, locate, models_folder


@dataclass(frozen=True)
class FileState:
    """Whether a model file can be used: its path where it is the right one, else what is wrong."""

    state: Literal["ok", "absent", "wrong"]
    path: str | None = None
    problem: str = ""


def file_state(weight: WeightFile, *, model_files: Path | None = None) -> FileState:
    """Find a model file and check it, without an error where it is absent or wrong."""
    return found(lambda: locate(weight, model_files=model_files))


def found(find: Callable[[], Path]) -> FileState:
    """What `find`, which raises `WeightsError` where there is no usable file, comes to."""
    try:
        return FileState("ok", path=str(find()))
    except MissingWeightsError as error:
        return FileState("absent", problem=str(error))
    except WeightsError as error:
        return FileState("wrong", problem=str(error))


@dataclass(frozen=True)
class AddedModel:
    """An added model as it lies on the disk; where it cannot be used, no model and what is wrong."""

    name: str
    model: ModelFolder | None
    problem: str = ""


def added_states() -> list[AddedModel]:
    """Every added model, read and checked."""
    models = []
    for name in added_models():
        try:
            models.append(AddedModel(name, read_model(models_folder() / name)))
        except FacerecError as error:
            models.append(AddedModel(name, None, str(error)))
    return models

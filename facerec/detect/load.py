"""From a name to a detector."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from facerec.detect.blazeface import BlazeFace
from facerec.detect.mtcnn import Mtcnn
from facerec.detect.second_look import SecondLook
from facerec.errors import ArgumentError
from facerec.types import Detector
from facerec.visible_text import quoted

DEFAULT = "mtcnn"

# Of 202 upright faces of LFW 98 % score more; of the same photos upside down 1 %, and on their side a quarter, whose
# points then say that they lie.
_BLAZEFACE_SURE = 0.85


def _mtcnn(*, min_face_size: int, device: str, model_files: Path | None) -> SecondLook:
    return SecondLook(Mtcnn(min_face_size=min_face_size, device=device, model_files=model_files))


def _blazeface(*, min_face_size: int, device: str, model_files: Path | None) -> SecondLook:  # noqa: ARG001
    return SecondLook(BlazeFace(min_face_size=min_face_size, model_files=model_files), sure=_BLAZEFACE_SURE)


_DETECTORS: Mapping[str, Callable[..., Detector]] = {DEFAULT: _mtcnn, "blazeface": _blazeface}


def detector_names() -> tuple[str, ...]:
    """The names that `load_detector` knows."""
    return tuple(_DETECTORS)


def load_detector(
    name: str = DEFAULT, *, min_face_size: int = 40, device: str = "cpu", model_files: Path | None = None
) -> Detector:
    """Load a detector by its name, one of `detector_names`.

    Faces smaller than `min_face_size` pixels are not looked for. BlazeFace always runs on the processor, whatever the
    `device` (``cpu``, ``cuda`` or ``cuda:N``); `model_files` is looked into first.

    `ArgumentError` if no detector has that name (the message lists them), or another argument does not fit;
    `MissingExtraError` if what runs it is not installed; `MissingWeightsError` or `CorruptWeightsError` if its file is
    absent or not the expected one.
    """
    if name not in _DETECTORS:
        near = difflib.get_close_matches(str(name), _DETECTORS, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else "."
        message = f"no detector is called {quoted(name)}{meant} There are {', '.join(_DETECTORS)}"
        raise ArgumentError(message)
    return _DETECTORS[name](min_face_size=min_face_size, device=device, model_files=model_files)

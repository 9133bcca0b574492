"""From a name to a detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from facerec.detect.blazeface import BlazeFace
from facerec.detect.mtcnn import Mtcnn
from facerec.detect.second_look import SecondLook
from facerec.device import check_processor
from facerec.errors import ArgumentError, OtherRuntimeError
from facerec.meant import did_you_mean
from facerec.models.runtime import RuntimeFolder
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


class _Loader(Protocol):
    """What a name stands for: loads the detector, and raises what `load_detector` says."""

    def __call__(self, *, min_face_size: int, device: str, model_files: Path | None) -> Detector: ...


_DETECTORS: Mapping[str, _Loader] = {DEFAULT: _mtcnn, "blazeface": _blazeface}


def detector_names() -> tuple[str, ...]:
    """The names that `load_detector` knows."""
    return tuple(_DETECTORS)


def load_detector(
    name: str = DEFAULT,
    *,
    min_face_size: int = 40,
    device: str = "cpu",
    model_files: Path | None = None,
    runtime: RuntimeFolder | None = None,
) -> Detector:
    """Load a detector by its name, one of `detector_names`.

    Faces smaller than `min_face_size` pixels are not looked for. BlazeFace always runs on the processor, whatever the
    `device` (``cpu``, ``cuda`` or ``cuda:N``); `model_files` is looked into first. With a `runtime` its graphs
    run on the processor, without torch.

    `ArgumentError` if no detector has that name (the message lists them), or another argument does not fit;
    `MissingExtraError` if what runs it is not installed; `MissingWeightsError` or `CorruptWeightsError` if its file is
    absent or not the expected one; `OtherRuntimeError` if the `runtime` was exported for another recipe.
    """
    if name not in _DETECTORS:
        meant = did_you_mean(str(name), _DETECTORS) or "."
        message = f"no detector is called {quoted(name)}{meant} There are {', '.join(_DETECTORS)}"
        raise ArgumentError(message)
    if runtime is not None:
        check_processor(device)
        return _of_runtime(runtime, name, min_face_size)
    return _DETECTORS[name](min_face_size=min_face_size, device=device, model_files=model_files)


def _of_runtime(runtime: RuntimeFolder, name: str, min_face_size: int) -> Detector:
    from facerec.detect.onnx_sight import OnnxNetworks

    about = runtime.description.detector
    if name != about.name:
        message = (
            f"{runtime.path} holds the detector {about.name}, not {name}; leave the runtime out, or use {about.name}"
        )
        raise ArgumentError(message)
    first = Mtcnn(min_face_size=min_face_size, networks=OnnxNetworks(runtime))
    detector = SecondLook(first)
    usual = detector.name.replace(f"min_face_size={min_face_size},", "min_face_size=40,")
    if usual != about.recipe:
        message = (
            f"{runtime.path} was exported for the detector {about.recipe}, here it is {usual}; export it anew: "
            "facerec export NAME --runtime DIR"
        )
        raise OtherRuntimeError(message)
    return detector

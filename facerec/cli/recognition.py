"""From options to a recognizer and an operating point; what is wrong with them is told before torch is imported."""

from __future__ import annotations

import gc
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from facerec.cli import console
from facerec.cli.opening import is_there
from facerec.cli.options import (
    DETECTOR,
    MIN_FACE_SIZE,
    At,
    DetectorName,
    DetectorOption,
    Device,
    Fmr,
    MinFaceSize,
    ModelFiles,
    NoGate,
    Runtime,
    WorstGroup,
)
from facerec.errors import ArgumentError, CalibrationError, MissingGalleryError

if TYPE_CHECKING:
    from facerec.recognizer import Recognizer
    from facerec.types import Matcher, OperatingPoint


@dataclass(frozen=True)
class TorchNetworks:
    """The options of every command that finds faces."""

    detector: DetectorOption = DETECTOR
    min_face_size: MinFaceSize = MIN_FACE_SIZE
    device: Device = None
    model_files: ModelFiles = None


@dataclass(frozen=True)
class Networks(TorchNetworks):
    """The options of every command that finds faces and needs no torch for that."""

    runtime: Runtime = None

    def load(self, model: str | None) -> Recognizer:
        """See `load_recognizer`."""
        return load_recognizer(model, **{each.name: getattr(self, each.name) for each in fields(Networks)})


@dataclass(frozen=True)
class GatedNetworks(Networks):
    """Those of every command that judges the faces, too."""

    no_gate: NoGate = False

    def load(self, model: str | None) -> Recognizer:
        """With the gate, or with none."""
        from facerec.quality import NO_GATE

        recognizer = super().load(model)
        if self.no_gate:
            recognizer.gate = NO_GATE
        return recognizer


@dataclass(frozen=True)
class Threshold:
    """The options of every command that decides."""

    at: At = None
    fmr: Fmr = None
    worst_group: WorstGroup = False

    def point(
        self, model: str | None, detector: DetectorName = DETECTOR, runtime: Path | None = None
    ) -> OperatingPoint | None:
        """The operating point that the options name for an embedder and a detector; ``None`` where they name none."""
        name, digest = _embedder(model, runtime)
        return self._point(digest, name, detector)

    @property
    def is_of_a_matcher(self) -> bool:
        """Whether the options name a point that belongs to a matcher, and not only a target or none."""
        return self.at is not None or self.worst_group

    def point_of(self, matcher: Matcher) -> OperatingPoint | None:
        """As `point`, for a matcher that is elsewhere."""
        return self._point(matcher.embedder_digest, matcher.embedder, matcher.detector)

    def of_embedder(self, digest: str, name: str) -> OperatingPoint | None:
        """As `point`, for vectors that were made already."""
        return self._point(digest, name, DETECTOR)

    def _point(self, digest: str, name: str, detector: str) -> OperatingPoint | None:
        from facerec.models.shipped_points import DEFAULT_TARGET_FMR, shipped_point

        if self.at is not None:
            if self.worst_group:
                message = "--worst-group is a shipped operating point, --at another one; give one of them"
                raise ArgumentError(message)
            return point_in(self.at, fmr=self.fmr, digest=digest)
        if self.fmr is None and not self.worst_group:
            return None
        fmr = DEFAULT_TARGET_FMR if self.fmr is None else self.fmr
        return shipped_point(digest, fmr, embedder=name, detector=detector, worst_group=self.worst_group)


def load_recognizer(
    model: str | None,
    *,
    model_files: Path | None,
    device: str | None,
    detector: DetectorName = DETECTOR,
    min_face_size: int = MIN_FACE_SIZE,
    runtime: Path | None = None,
) -> Recognizer:
    """Load the detector and the embedder that the options name; ``None`` stands for the runtime's, or dlib-resnet."""
    from facerec.device import check_device
    from facerec.recognizer import Recognizer

    _embedder(model, runtime)
    if device is not None:
        check_device(device)
    searching = gc.isenabled()
    gc.disable()  # among all that an import makes and keeps, the search for garbage is a sixth of torch's time
    try:
        with console.progress("loading the networks"):
            return Recognizer(
                detector=detector,
                min_face_size=min_face_size,
                model=model,
                device=device,
                model_files=model_files,
                runtime=runtime,
                workers=one_thread_per_photo(runtime),
            )
    finally:
        if searching:
            gc.enable()


def _embedder(model: str | None, runtime: Path | None) -> tuple[str, str]:
    """Name and digest of the embedder that the options mean; what is wrong with them is told before it is loaded."""
    if runtime is not None:
        from facerec.models.runtime import read_runtime

        about = read_runtime(runtime).description.embedder
        return about.name, about.digest
    from facerec.embed.load import DEFAULT, digest_of

    name = model or DEFAULT
    return name, digest_of(name)


def one_thread_per_photo(runtime: Path | None = None) -> int:
    """Have each network run on the thread that calls it, and say how many photos to look at side by side.

    That is a third faster than threads within a network, and several times on a busy machine, where those wait for
    each other. Graphs of a runtime are opened so.
    """
    from facerec.device import photo_workers, use_one_thread_per_network

    if runtime is None:
        use_one_thread_per_network()
    return photo_workers()


def model_of(gallery: Path, model: str | None, *, may_be_new: bool = False, runtime: Path | None = None) -> str | None:
    """The embedder to use with a gallery: the one that was asked for, else the one that it was made with.

    A gallery that `may_be_new` need not exist, but its folder must.
    """
    from facerec.embed.load import digest_of
    from facerec.gallery import open_gallery

    if model is not None and runtime is None:
        digest_of(model)
    if may_be_new and not is_there(gallery):
        if isinstance(gallery, Path) and not gallery.absolute().parent.is_dir():
            message = f"the gallery {gallery} cannot be created: the folder {gallery.parent} does not exist"
            raise MissingGalleryError(message)
        return model
    with open_gallery(gallery) as people:
        return model or people.embedder.name


def point_in(file: Path, *, fmr: float | None, digest: str) -> OperatingPoint:
    """The one operating point of a file at the rate `fmr`; one of the embedder of this digest where it holds any.

    Where it holds none of that embedder, whoever decides at the point says what is wrong. `CalibrationError` if the
    file holds no such point, or several.
    """
    from facerec.points import read_points

    in_file = read_points(file)
    points = [point for point in in_file if point.matcher.embedder_digest == digest] or list(in_file)
    if fmr is not None:
        points = [point for point in points if math.isclose(point.target_fmr, fmr, rel_tol=1e-9)]
    if len(points) == 1:
        return points[0]
    held = ", ".join(f"{point.name} ({point.matcher.embedder})" for point in in_file) or "no operating point"
    wanted = "choose one with --fmr" if fmr is None else f"--fmr {fmr:g} needs exactly one at that rate"
    message = f"{file} holds {held}; {wanted}"
    raise CalibrationError(message)

"""The order of the stages, nothing else: photo → faces → chips → vectors → decision.

>>> from facerec import Recognizer
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from facerec.detect import Mtcnn
from facerec.device import best_device
from facerec.embed.dlib_resnet import dlib_resnet
from facerec.errors import ArgumentError, ImageError, ModelMismatchError
from facerec.gallery import Gallery
from facerec.gallery.decide import verification
from facerec.models.shipped_points import shipped_point
from facerec.photos import reader
from facerec.photos.prefetch import ahead
from facerec.quality import QualityGate, sharpness
from facerec.types import (
    Chips,
    Detections,
    Detector,
    Embedder,
    Face,
    FaceChoice,
    Faces,
    Identification,
    Image,
    OperatingPoint,
    Verification,
)

DEFAULT_TARGET_FMR = 1e-3
"""The false match rate of the shipped operating point that decides where none is given."""

# Chips of several photos are embedded together: the network is four times faster per face in batches than alone.
_STREAM_CHIPS = 16


class Recognizer:
    """Finds, embeds and compares faces. Holds no state between calls; several threads may share one.

    Parameters
    ----------
    detector : Detector, optional
        By default MTCNN in its fast mode, for faces of 40 pixels and more.
    embedder : Embedder, optional
        By default dlib's ResNet with its 5-point alignment and flip averaging.
    gate : QualityGate
        Which faces are good enough to decide on.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N`` for the default detector and embedder; by default CUDA where there is a GPU.
    model_files : Path, optional
        Folder in which the default models' files are looked for first.
    workers : int
        How many threads read photos and find faces in `stream`, >= 1. On a CPU, one per core together with
        ``torch.set_num_threads(1)`` is fastest; threads within one network wait for each other most of the time.

    Raises
    ------
    ArgumentError
        If `device` or `workers` is not as above.
    MissingWeightsError, CorruptWeightsError
        If a default model's file is absent or is not the expected one.

    Examples
    --------
    >>> recognizer = Recognizer()
    >>> import numpy as np
    >>> len(recognizer.faces(np.zeros((480, 640, 3), np.uint8)))
    0
    """

    def __init__(
        self,
        *,
        detector: Detector | None = None,
        embedder: Embedder | None = None,
        gate: QualityGate | None = None,
        device: str | None = None,
        model_files: Path | None = None,
        workers: int = 1,
    ) -> None:
        if workers < 1:
            message = f"workers must be at least 1; got {workers}"
            raise ArgumentError(message)
        self.workers = workers
        device = best_device() if device is None else device
        self.detector: Detector = Mtcnn(device=device, model_files=model_files) if detector is None else detector
        self.embedder: Embedder = dlib_resnet(device=device, model_files=model_files) if embedder is None else embedder
        self.gate = QualityGate() if gate is None else gate

    # -- photos to faces ------------------------------------------------------------------------------------------

    def faces(self, photo: reader.Source, *, name: str | None = None) -> Faces:
        """Find and embed every face of a photo.

        Parameters
        ----------
        photo : path, bytes, binary file, PIL image or array
            As for ``facerec.photos.reader.read``.
        name : str, optional
            What the photo is called in messages; by default its path or kind.

        Returns
        -------
        Faces
            Best detection first; of length 0 where there is no face.

        Raises
        ------
        ImageError
            If the photo cannot be read.
        """
        image, called = _open(photo, name)
        return self._embed(self.detector(image), image, called)

    def face(self, photo: reader.Source, choice: FaceChoice, *, name: str | None = None) -> Face:
        """Embed one face of a photo, chosen by `choice`; the others are found but not embedded.

        Raises
        ------
        ImageError
            If the photo cannot be read.
        NoFaceError
            If no face is found.
        SeveralFacesError
            If `choice` is ``only`` and several faces are found.
        """
        image, called = _open(photo, name)
        detections = self.detector(image)
        return self._embed(detections[[detections.choose(choice, source=called)]], image, called).face(0)

    def stream(
        self, photos: Iterable[reader.Source], *, choice: FaceChoice | None = None
    ) -> Iterator[Faces | ImageError]:
        """Find and embed the faces of many photos, in order, in bounded memory.

        Parameters
        ----------
        photos : iterable of path, bytes, binary file, PIL image or array
            Read one by one, shortly before their result is given.
        choice : {"only", "largest", "central"}, optional
            Embed only this face of each photo; a photo where it does not exist (no face, or several for ``only``)
            gives faces of length 0. By default all.

        Yields
        ------
        Faces or ImageError
            One per photo. An unreadable photo gives its error in its place, so that it does not end a whole folder.

        Raises
        ------
        ArgumentError
            If `choice` is not as above.
        """
        if choice is not None and choice not in get_args(FaceChoice):
            message = f"face choice must be one of {', '.join(get_args(FaceChoice))}; got {choice!r}"
            raise ArgumentError(message)
        return self._streamed(photos, choice)

    def _streamed(self, photos: Iterable[reader.Source], choice: FaceChoice | None) -> Iterator[Faces | ImageError]:
        waiting: list[_Looked | ImageError] = []
        pending = 0
        # Deep enough for the workers to go on while a batch is embedded; a photo that waits holds only its chips.
        depth = _STREAM_CHIPS + self.workers
        for looked in ahead(lambda photo: self._look(photo, choice), photos, workers=self.workers, depth=depth):
            waiting.append(looked)
            pending += 0 if isinstance(looked, ImageError) else len(looked.chips)
            if pending >= _STREAM_CHIPS or len(waiting) >= 4 * _STREAM_CHIPS:
                yield from self._embedded(waiting)
                waiting, pending = [], 0
        yield from self._embedded(waiting)

    # -- decisions ------------------------------------------------------------------------------------------------

    def operating_point(self, target_fmr: float = DEFAULT_TARGET_FMR) -> OperatingPoint:
        """The shipped operating point of this embedder.

        Raises
        ------
        CalibrationError
            If none is shipped for it at that target; the message says how to measure one.
        """
        return shipped_point(self.embedder.digest, target_fmr, embedder=self.embedder.name)

    def deciding_point(self, at: OperatingPoint | None) -> tuple[OperatingPoint, tuple[str, ...]]:
        """The operating point that decides, and what has to be said about it.

        Parameters
        ----------
        at : OperatingPoint, optional
            The one that was asked for; by default the shipped one for FMR 1e-3, and a note says so. Another note says
            where it was measured with another detector than this one.

        Raises
        ------
        ModelMismatchError
            If the operating point was measured with another embedder.
        CalibrationError
            If none is given and none is shipped.
        """
        notes = []
        if at is None:
            at = self.operating_point()
            notes.append("no operating point was given; the shipped one decided")
        if at.embedder_digest != self.embedder.digest:
            message = (
                f"the operating point {at.name} was measured with {at.embedder} (digest {at.embedder_digest[:12]}…), "
                f"these faces are embedded by {self.embedder.name} (digest {self.embedder.digest[:12]}…); its error "
                f"rates do not hold here. Measure one: facerec calibrate SCORES.csv --fmr {at.target_fmr:g}"
            )
            raise ModelMismatchError(message)
        if at.detector != self.detector.name:
            notes.append(
                f"the operating point was measured with {at.detector}; these faces were found by {self.detector.name}"
            )
        return at, tuple(notes)

    def verify(
        self,
        probe: reader.Source,
        reference: reader.Source,
        *,
        at: OperatingPoint | None = None,
        choice: FaceChoice = "largest",
    ) -> Verification:
        """Decide whether two photos show the same person.

        Parameters
        ----------
        probe, reference : path, bytes, binary file, PIL image or array
            The result does not depend on which is which.
        at : OperatingPoint, optional
            Whose threshold decides; by default the shipped one for FMR 1e-3, and the result says so.
        choice : {"only", "largest", "central"}
            Which face to compare where a photo shows several; the result says where it had to choose.

        Returns
        -------
        Verification
            ``undecided`` where a face is below the quality gate.

        Raises
        ------
        ImageError
            If a photo cannot be read.
        NoFaceError
            If no face is found in a photo.
        SeveralFacesError
            If `choice` is ``only`` and a photo shows several.
        ModelMismatchError
            If the operating point was measured with another embedder.
        CalibrationError
            If no operating point is given and none is shipped.
        """
        point, said = self.deciding_point(at)
        notes = list(said)
        faces = []
        for photo in (probe, reference):
            image, called = _open(photo, None)
            detections = self.detector(image)
            chosen = detections.choose(choice, source=called)
            if len(detections) > 1:
                notes.append(f"{len(detections)} faces were found in {called}; the {choice} one was compared")
            faces.append(self._embed(detections[[chosen]], image, called).face(0))
        problems = [problem for face in faces for problem in self.gate.problems(face)]
        score = float(np.dot(faces[0].embedding, faces[1].embedding))
        return replace(verification(score, at=point, problems=tuple(problems)), notes=tuple(notes))

    def identify(
        self, photo: reader.Source, people: Gallery, *, at: OperatingPoint | None = None, top: int = 5
    ) -> list[Identification]:
        """Decide for every face of a photo who of the gallery it is, or that it is nobody.

        Parameters
        ----------
        photo : path, bytes, binary file, PIL image or array
            Of any number of people.
        people : Gallery
            See ``facerec.open_gallery``. Matches are logged there.
        at : OperatingPoint, optional
            Whose threshold decides; by default the shipped one for FMR 1e-3. The target holds per comparison: a face
            is compared with everybody enrolled, so that of N people's strangers about 1 - (1 - FMR)^N find a match.
        top : int
            How many candidates to report per face, >= 1.

        Returns
        -------
        list of Identification
            One per face, best detection first; empty where there is no face.

        Raises
        ------
        ImageError
            If the photo cannot be read.
        ModelMismatchError
            If the gallery or the operating point belongs to another embedder.
        CalibrationError
            If no operating point is given and none is shipped.
        GalleryError
            As ``Gallery.identify``.
        """
        point, _ = self.deciding_point(at)
        faces = self.faces(photo)
        return people.identify(faces, at=point, top=top, problems=[self.gate.problems(face) for face in faces])

    # -- the stages -----------------------------------------------------------------------------------------------

    def _embed(self, detections: Detections, image: Image, called: str) -> Faces:
        chips = self.embedder.crop(image, detections)
        return Faces(detections, sharpness(chips), self.embedder(chips), self.embedder.digest, called)

    def _look(self, photo: reader.Source, choice: FaceChoice | None) -> _Looked | ImageError:
        """Everything up to the chips, which are all that is needed of the photo from there on."""
        try:
            image, called = _open(photo, None)
        except ImageError as error:
            return error
        detections = self.detector(image)
        if choice is not None:
            exists = len(detections) == 1 or (choice != "only" and len(detections) > 1)
            detections = detections[[detections.choose(choice)] if exists else []]
        return _Looked(detections, self.embedder.crop(image, detections), called)

    def _embedded(self, waiting: Sequence[_Looked | ImageError]) -> Iterator[Faces | ImageError]:
        """Embed the chips of all waiting photos in one batch, and part them again."""
        size = self.embedder.crop.size
        parts = [looked.chips for looked in waiting if isinstance(looked, _Looked)]
        chips = np.concatenate([np.empty((0, size, size, 3), np.uint8), *parts])
        vectors, sharp = self.embedder(chips), sharpness(chips)
        first = 0
        for looked in waiting:
            if isinstance(looked, ImageError):
                yield looked
                continue
            last = first + len(looked.chips)
            yield Faces(looked.detections, sharp[first:last], vectors[first:last], self.embedder.digest, looked.called)
            first = last


class _Looked(NamedTuple):
    """A photo on its way through `Recognizer.stream`."""

    detections: Detections
    chips: Chips
    called: str


def _open(photo: reader.Source, name: str | None) -> tuple[Image, str]:
    called = reader.name_of(photo) if name is None else name
    return reader.read(photo, name=called), called

"""The order of the stages, nothing else: photo → faces → chips → vectors → decision."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from facerec import similarity
from facerec.align.upright import upright_cut
from facerec.device import best_device
from facerec.errors import ArgumentError, FaceError, ImageError, NoPointError, PoorQualityError
from facerec.gallery import Enrollment, Gallery, Who
from facerec.gallery.decide import decide
from facerec.models.runtime import read_runtime
from facerec.models.shipped_points import DEFAULT_TARGET_FMR, shipped_point
from facerec.photos import folders, reader
from facerec.photos.limited import LimitedReader
from facerec.photos.prefetch import ahead
from facerec.points import notes_on
from facerec.quality import NO_GATE, QualityGate, default_gate, handed_over, measure
from facerec.types import (
    DEFAULT_CHOICE,
    Chips,
    Detections,
    Detector,
    Embedder,
    Face,
    FaceChoice,
    Faces,
    Identifications,
    Image,
    Matcher,
    OperatingPoint,
    Verification,
)
from facerec.types.contracts import check_points, runtime_of
from facerec.types.in_short import SHIPPED_DECIDED
from facerec.types.plain import checked
from facerec.visible_text import quoted, shortened

DEFAULT_DETECTOR = "mtcnn"
BATCH = 16
"""Chips of several photos are embedded together: the network is four times faster per face in batches than alone."""

MOST_FACES = 500
"""Faces of one photo that are embedded: a hall full of people, and not all that a mosaic of faces can hold."""


class Chosen(NamedTuple):
    """One face of a photo, and what has to be said where others were to choose from: when it is compared, or kept."""

    face: Face
    notes: tuple[str, ...]
    meant: tuple[str, ...] = ()


_MOST_WAITING = 4  # photos without a face may wait for this many batches' worth of others


class Recognizer:
    """Finds, judges, embeds and compares faces. Holds no state between calls; several threads may share one.

    Parameters
    ----------
    detector : Detector or str
        One, or the name of one, as ``facerec models`` lists it; by default MTCNN in its fast mode, with a
        second look where the first is doubtful.
    embedder : Embedder, optional
        In place of `model`.
    model : str, optional
        Name of the embedder, as ``facerec models`` lists it; by default that of the `runtime`, or dlib's ResNet with
        its 5-point alignment and flip averaging.
    min_face_size : int
        Of the detector of that name, in pixels, >= 12; smaller faces than 40 are below the default gate anyhow.
    gate : QualityGate, optional
        Which faces are good enough to decide on; by default the one that was measured for this detector and embedder,
        ``facerec.quality.default_gate``. ``NO_GATE`` leaves the gate out, and every decision and log entry says so.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N`` for the detector and the embedder of those names; by default CUDA where there
        is a GPU.
    model_files : Path, optional
        Folder in which the files of the models of those names are looked for first.
    runtime : str or Path, optional
        Folder of graphs that ``facerec export NAME --runtime DIR`` wrote: they are run by ONNX Runtime on the
        processor, and torch is not imported. The matcher is the same; every result and log entry names the runtime.
    workers : int
        How many threads read photos and find faces in `stream`, >= 1. On a CPU, one per core together with
        ``torch.set_num_threads(1)`` is fastest; threads within one network wait for each other most of the time.
    most_faces : int
        Of a photo in which more faces are found, only so many are embedded, the surest first, >= 1; the notes on the
        photo (`Faces.reading`) then say so. A face takes about as long to embed as a small photo to search.
    limited : LimitedReader, optional
        Reads photos that come as files (paths, bytes) in processes of their own, within a time and a memory: for
        photos of strangers. By default they are read in this process.

    Raises
    ------
    ArgumentError
        If `device`, `workers`, `most_faces` or `min_face_size` is not as above, or no model has that name; if the
        embedder's crop was fitted to the points of another detector; if a `runtime` is given with an `embedder`, with
        models that it does not hold, or with a GPU.
    MissingWeightsError, CorruptWeightsError, MissingExtraError
        If a model's file is absent or is not the expected one, or what runs it is not installed.
    OtherRuntimeError
        If the `runtime` is of another version, or was exported for other recipes than those here.

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
        detector: Detector | str = DEFAULT_DETECTOR,
        embedder: Embedder | None = None,
        model: str | None = None,
        min_face_size: int = 40,
        gate: QualityGate | None = None,
        device: str | None = None,
        model_files: Path | None = None,
        runtime: str | Path | None = None,
        workers: int = 1,
        most_faces: int = MOST_FACES,
        limited: LimitedReader | None = None,
    ) -> None:
        for name, value in (("workers", workers), ("most_faces", most_faces)):
            if value < 1:
                message = f"{name} must be at least 1; got {quoted(value)}"
                raise ArgumentError(message)
        self.workers = workers
        self.most_faces = most_faces
        self.limited = limited
        if runtime is not None and embedder is not None:
            message = f"the runtime {quoted(str(runtime))} brings its embedder; leave out one of runtime and embedder"
            raise ArgumentError(message)
        graphs = None if runtime is None else read_runtime(runtime)
        if device is None:  # torch, which takes seconds to import, is asked only where it runs something
            given = embedder is not None and not isinstance(detector, str)
            device = "cpu" if graphs is not None or given else best_device()
        if isinstance(detector, str):
            from facerec.detect.load import load_detector

            detector = load_detector(
                detector, min_face_size=min_face_size, device=device, model_files=model_files, runtime=graphs
            )
        if embedder is None:
            from facerec.embed.load import load_embedder

            embedder = load_embedder(model, device=device, model_files=model_files, runtime=graphs)
        checked(Embedder, "embedder", embedder, " (a name of one is given as model)")
        check_points(detector, embedder.crop)
        self.detector: Detector = detector
        self.embedder: Embedder = embedder
        gate = default_gate(self._matcher(NO_GATE)) if gate is None else gate
        self.gate = checked(QualityGate, "gate", gate, " (NO_GATE leaves the gate out on purpose)")

    @property
    def runtime(self) -> str | None:
        """What runs the networks, as evidence names it; ``None`` for torch."""
        return runtime_of(self.detector, self.embedder)

    @property
    def matcher(self) -> Matcher:
        """All that makes scores here; operating points, tables and decisions carry it."""
        return self._matcher(self.gate)

    def _matcher(self, gate: QualityGate) -> Matcher:
        made = self.embedder
        return Matcher(self.detector.name, made.crop.name, made.name, made.digest, similarity.NAME, gate.name)

    def __repr__(self) -> str:
        return f"<recognizer: {self.matcher}>"

    def __reduce__(self) -> tuple[Any, ...]:
        made = partial(Recognizer, detector=self.detector, embedder=self.embedder, gate=self.gate)
        return partial(made, workers=self.workers, most_faces=self.most_faces, limited=self.limited), ()

    # -- photos to faces ------------------------------------------------------------------------------------------

    def faces(self, photo: reader.Source, *, name: str | None = None, bgr: bool = False) -> Faces:
        """Find and embed every face of a photo, best detection first; of length 0 where there is no face.

        The photo is a path, bytes, a binary file, a PIL image, an array (`bgr`: in the order of OpenCV) or base64 text,
        as for ``facerec.photos.read``; messages call it `name`, by default its path or kind. The faces keep photo and
        chips for `Faces.draw`. `ImageError` if the photo cannot be read.
        """
        image, called, reading = self._open(photo, name, bgr=bgr)
        detections, notes = self._found(image)
        return replace(self._embed(detections, image, called, (*reading, *notes)), photo=image)

    def face(
        self, photo: reader.Source, choice: FaceChoice = DEFAULT_CHOICE, *, name: str | None = None, bgr: bool = False
    ) -> Face:
        """Embed one face of a photo, chosen by `choice`; the others are found but not embedded.

        `ImageError` if the photo cannot be read, `NoFaceError` if no face is found, `SeveralFacesError` if there
        are several, and none is the one that `choice` means.
        """
        return self._chosen(photo, choice, name=name, bgr=bgr)[0]

    def stream(
        self,
        photos: Iterable[reader.Source] | str | Path,
        *,
        choice: FaceChoice | None = None,
        batch: int = BATCH,
        wait: float | None = None,
        bgr: bool = False,
    ) -> Iterator[Faces | ImageError]:
        """Find and embed the faces of many photos, in order, in bounded memory.

        Parameters
        ----------
        photos : iterable of photos, or a folder
            Taken one by one, at most `workers` + 4 × `batch` ahead of their result. A path stands for the photos of
            that folder, or that photo.
        choice : {"main", "only", "largest", "central"}, optional
            Embed only this face of each photo; a photo where it does not exist (no face, or several and none of them is
            meant) gives faces of length 0. By default all.
        batch : int
            How many faces are embedded together, >= 1. With 1, and for a camera or a queue, each photo is taken only
            after the result of the one before it was given.
        wait : float, optional
            Longest time in seconds that a photo waits for others to fill its batch, looked at when a photo was taken;
            0 gives each photo's result before the next is taken.
        bgr : bool
            As for `faces`.

        Yields
        ------
        Faces or ImageError
            One per photo. An unreadable photo gives its error in its place, so that it does not end a whole folder.

        Raises
        ------
        ArgumentError
            If `choice`, `batch` or `wait` is not as above.
        DataSetError
            If a path given as `photos` does not exist, or holds no photo.
        """
        if choice is not None and choice not in get_args(FaceChoice):
            message = f"face choice must be one of {', '.join(get_args(FaceChoice))}; got {quoted(choice)}"
            raise ArgumentError(message)
        if batch < 1 or (wait is not None and not wait >= 0):
            message = f"a stream needs batch >= 1 and wait >= 0 seconds; got {quoted(batch)} and {quoted(wait)}"
            raise ArgumentError(message)
        if not isinstance(photos, Iterable | Path):
            message = f"photos must be a folder, or photos one after the other; got {type(photos).__name__}"
            raise ArgumentError(message)
        if isinstance(photos, str | Path):
            photos = folders.find_photos([photos]).photos
        several = self._streamed(photos, choice, batch, wait, bgr=bgr)
        return (each.faces if isinstance(each, _Embedded) else each for each in several)

    def _streamed(
        self, photos: Iterable[reader.Source], choice: FaceChoice | None, batch: int, wait: float | None, *, bgr: bool
    ) -> Iterator[_Embedded | ImageError]:
        waiting: list[_Looked | ImageError] = []
        pending, since = 0, time.monotonic()
        # Deep enough for the workers to go on while a batch is embedded; a photo that waits holds only its chips.
        depth = batch + self.workers

        def look(photo: reader.Source) -> _Looked | ImageError:
            return self._look(photo, choice, bgr=bgr)

        at_once = batch == 1 or wait is not None  # nobody waits for a photo that has not been taken yet
        looking = map(look, photos) if at_once else ahead(look, photos, workers=self.workers, depth=depth)
        for looked in looking:
            if not waiting:
                since = time.monotonic()
            waiting.append(looked)
            pending += 0 if isinstance(looked, ImageError) else len(looked.chips)
            late = wait is not None and time.monotonic() - since >= wait
            if batch == 1 or late or pending >= batch or len(waiting) >= _MOST_WAITING * batch:
                yield from self._embedded(waiting)
                waiting, pending = [], 0
        yield from self._embedded(waiting)

    def chosen(
        self,
        photos: Iterable[reader.Source],
        choice: FaceChoice = DEFAULT_CHOICE,
        *,
        wait: float | None = None,
        bgr: bool = False,
    ) -> Iterator[Chosen | FaceError | ImageError]:
        """Per photo, the face that `choice` means and what is said of the choice, or the error that says why none.

        As `face`, of many photos: what it would raise is given in the photo's place, and faces are embedded together.
        `wait` is as for `stream`.
        """
        for each in self._streamed(photos, choice, BATCH, wait, bgr=bgr):
            if isinstance(each, ImageError):
                yield each
            else:
                meant = tuple(note.meant for note in each.chose)
                yield each.lacking or Chosen(each.faces[0], tuple(map(str, each.chose)), meant)

    # -- decisions ------------------------------------------------------------------------------------------------

    def operating_point(self, target_fmr: float = DEFAULT_TARGET_FMR, *, worst_group: bool = False) -> OperatingPoint:
        """The shipped operating point of this embedder, measured with this detector where there is one.

        With `worst_group` the one whose target holds for the group of people with most false matches; it recognises
        fewer of everybody (``reports/models-by-group``).

        `NoPointError` if none is shipped for it at that target; the message says how to measure one.
        """
        found_by, embedder = self.detector.name, self.embedder
        digest, name = embedder.digest, embedder.name
        return shipped_point(digest, target_fmr, embedder=name, detector=found_by, worst_group=worst_group)

    def deciding_point(self, at: OperatingPoint | None) -> tuple[OperatingPoint, tuple[str, ...]]:
        """The operating point that decides, by default the shipped one for FMR 1e-3, and what has to be said about it.

        `ModelMismatchError` if `at` was measured with another embedder, crop or similarity, `NoPointError` if none is
        given and none is shipped.
        """
        point, notes = self._given_or_shipped(at)
        return point, (*notes, *notes_on(point, self.matcher))

    def _given_or_shipped(self, at: OperatingPoint | None) -> tuple[OperatingPoint, tuple[str, ...]]:
        """The point that decides, and what only the recognizer knows of it; galleries say the rest themselves."""
        if at is not None:
            return checked(OperatingPoint, "at", at, " (read_points gives a tuple of them)"), ()
        return self.operating_point(), (SHIPPED_DECIDED,)

    def verify(
        self,
        probe: reader.Source,
        reference: reader.Source,
        *,
        at: OperatingPoint | None = None,
        choice: FaceChoice = DEFAULT_CHOICE,
        bgr: bool = False,
    ) -> Verification:
        """Decide whether two photos, as for `faces`, show the same person; it does not depend on which is which.

        Parameters
        ----------
        at : OperatingPoint, optional
            Whose threshold decides; by default the shipped one for FMR 1e-3, and the result says so.
        choice : {"main", "only", "largest", "central"}
            Which face to compare where a photo shows several; the result says where it had to choose.

        Returns
        -------
        Verification
            ``undecided`` where a face is below the quality gate. True in an ``if`` for a match only.

        Raises
        ------
        ImageError
            If a photo cannot be read.
        NoFaceError
            If no face is found in a photo.
        SeveralFacesError
            If a photo shows several, and none is the one that `choice` means.
        ModelMismatchError, NoPointError
            As `deciding_point`.
        """
        point, notes = self.deciding_point(at)
        (first, said), (second, also) = (self._chosen(photo, choice, bgr=bgr) for photo in (probe, reference))
        return self._compared(first, second, point, (*notes, *said, *first.notes, *also, *second.notes))

    def verify_faces(self, probe: Chosen, reference: Chosen, *, at: OperatingPoint | None = None) -> Verification:
        """As `verify`, of faces that were found before, by `chosen` for example."""
        point, notes = self.deciding_point(at)
        said = [note for each in (probe, reference) for note in (*each.notes, *each.face.notes)]
        return self._compared(probe.face, reference.face, point, (*notes, *said))

    def _compared(self, first: Face, second: Face, point: OperatingPoint, notes: tuple[str, ...]) -> Verification:
        score = similarity.cosine(first.embedding, second.embedding)
        problems = self.gate.pair_problems(first, second, above=score - point.threshold)
        return Verification(decide(score, point, problems), score, point, self.gate.name, problems, notes, self.runtime)

    def enroll(
        self,
        photos: reader.Source | Sequence[reader.Source],
        name: Who,
        gallery: Gallery,
        *,
        choice: FaceChoice = DEFAULT_CHOICE,
        at: OperatingPoint | None = None,
        strict: bool = False,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
        keep_photos: bool = False,
        key: str | None = None,
        bgr: bool = False,
    ) -> Enrollment:
        """Enroll a person from one or several photos; all of them, or none if one cannot be used.

        Parameters
        ----------
        photos, bgr
            One photo as for `faces`, or a list or tuple of them.
        name : str or PersonId
            Who it is; an enrolled person gets further samples.
        gallery : Gallery
            See ``facerec.open_gallery``.
        choice : {"main", "only", "largest", "central"}
            Which face of a photo is meant where it shows several.
        at : OperatingPoint, optional
            Which says how alike strangers are, by default the shipped one: what is doubtful about the faces (somebody
            enrolled under another name, a stranger among the photos) is told by it. Where none is shipped for the
            embedder, nobody looks, and the result's `doubts` are ``None``.
        strict, consent, purpose, expires
            As for ``Gallery.enroll``.
        keep_photos : bool
            Store the photos too, which re-embedding needs; they must be paths or bytes.
        key
            As for ``Gallery.enroll``.

        Raises
        ------
        FaceError
            If a photo has no usable face; the message names each, and why. Nothing is stored.
        ImageError, ModelMismatchError, DoubtfulFaceError, GalleryError, ArgumentError
            As `faces` and ``Gallery.enroll``.
        NoPointError
            If `strict`, and no operating point is given or shipped.
        """
        checked(Gallery, "gallery", gallery, " (open_gallery opens one)")
        several: list[Any] = list(photos) if isinstance(photos, list | tuple) else [photos]
        return gallery.enroll(
            name,
            self.faces_to_enroll(several, choice, bgr=bgr),
            gate=self.gate,
            at=self.enrolling_point(at, strict=strict),
            strict=strict,
            consent=consent,
            purpose=purpose,
            expires=expires,
            photos=[reader.contents(photo) for photo in several],
            keep_photos=keep_photos,
            key=key,
        )

    def enrolling_point(self, at: OperatingPoint | None = None, *, strict: bool = False) -> OperatingPoint | None:
        """The operating point by which enrolling looks at faces, by default the shipped one.

        ``None`` where none is shipped that says how alike strangers are; `NoPointError` if `strict`, and there is none.
        """
        if at is not None or strict:
            return self._given_or_shipped(at)[0]
        try:
            point = self.operating_point()
        except NoPointError:
            return None
        return point if point.tail is not None else None

    def faces_to_enroll(
        self, photos: Sequence[reader.Source], choice: FaceChoice = DEFAULT_CHOICE, *, bgr: bool = False
    ) -> list[Face]:
        """The face of each photo that `choice` means and the gate passes; errors as `enroll`, all photos in one."""
        found = list(self.usable(photos, choice, bgr=bgr))
        if reasons := [each for each in found if isinstance(each, FaceError | ImageError)]:
            if len(photos) == 1:
                raise reasons[0]
            message = f"nothing was stored, because {len(reasons)} of {len(photos)} photos cannot be enrolled: "
            raise type(reasons[0])(message + "; ".join(map(str, reasons)))
        return [each for each in found if isinstance(each, Face)]

    def usable(
        self, photos: Sequence[reader.Source], choice: FaceChoice, *, bgr: bool = False
    ) -> Iterator[Face | FaceError | ImageError]:
        """Per photo, the face that `choice` means and the gate passes, or the error that says why there is none."""
        return map(self.judged, self.chosen(photos, choice, bgr=bgr))

    def judged(self, chosen: Chosen | FaceError | ImageError) -> Face | FaceError | ImageError:
        """The face that `chosen` gave where the gate passes it to be enrolled, or the error that says why not."""
        if not isinstance(chosen, Chosen):
            return chosen
        problems = self.gate.enrollment_problems(chosen.face)
        if problems:
            return PoorQualityError("; ".join(problems))
        return replace(chosen.face, reading=(*chosen.face.reading, *chosen.meant)) if chosen.meant else chosen.face

    def claim(
        self, chosen: Chosen, name: Who, gallery: Gallery, *, at: OperatingPoint | None = None, logged: bool = True
    ) -> Verification:
        """As `verify_person`, of a face that was found before, by `chosen` for example."""
        checked(Gallery, "gallery", gallery, " (open_gallery opens one)")
        point, notes = self._given_or_shipped(at)
        outcome = gallery.verify(name, chosen.face, at=point, gate=self.gate, logged=logged)
        return replace(outcome, notes=(*notes, *outcome.notes, *chosen.notes))

    def verify_person(
        self,
        photo: reader.Source,
        name: Who,
        gallery: Gallery,
        *,
        at: OperatingPoint | None = None,
        choice: FaceChoice = DEFAULT_CHOICE,
        bgr: bool = False,
        logged: bool = True,
    ) -> Verification:
        """Decide whether a photo shows the person who is enrolled as `name`; the gallery logs the outcome.

        The other arguments are those of `verify`, with its errors; `logged` is as for ``Gallery.verify``, of which
        `UnknownPersonError`, `ExpiredError` and `GalleryError` are.
        """
        checked(Gallery, "gallery", gallery, " (open_gallery opens one)")
        self._given_or_shipped(at)  # or its errors, before anything takes time
        face, notes = self._chosen(photo, choice, bgr=bgr)
        return self.claim(Chosen(face, notes), name, gallery, at=at, logged=logged)

    def identify(
        self,
        photo: reader.Source,
        gallery: Gallery,
        *,
        at: OperatingPoint | None = None,
        top: int = 5,
        bgr: bool = False,
        logged: bool = True,
    ) -> Identifications:
        """Decide for every face of a photo, as for `faces`, who of the gallery it is, or that it is nobody.

        Best detection first; matches are logged in the gallery. `at` is as for `verify`: the target holds per
        comparison; each outcome says how large the gallery is and how many strangers a search in it takes for somebody.
        `top`, >= 1, says how many candidates to report per face; `logged` is as for ``Gallery.identify``. Errors are
        those of `verify` and ``Gallery.identify``.
        """
        return self.identify_faces(self.faces(photo, bgr=bgr), gallery, at=at, top=top, logged=logged)

    def identify_faces(
        self, faces: Faces, gallery: Gallery, *, at: OperatingPoint | None = None, top: int = 5, logged: bool = True
    ) -> Identifications:
        """As `identify`, of faces that were found before, by `stream` for example."""
        return self.identify_many([faces], gallery, at=at, top=top, logged=logged)[0]

    def identify_many(
        self,
        photos: Sequence[Faces],
        gallery: Gallery,
        *,
        at: OperatingPoint | None = None,
        top: int = 5,
        logged: bool = True,
        actors: Sequence[str | None] | None = None,
    ) -> list[Identifications]:
        """As `identify_faces`, of several photos in one search; `actors` as for ``Gallery.identify_many``."""
        checked(Gallery, "gallery", gallery, " (open_gallery opens one)")
        point, notes = self._given_or_shipped(at)
        found = gallery.identify_many(photos, at=point, top=top, gate=self.gate, logged=logged, actors=actors)
        return [
            replace(photo, outcomes=tuple(replace(each, notes=(*notes, *each.notes)) for each in photo))
            for photo in found
        ]

    # -- the stages -----------------------------------------------------------------------------------------------

    def _open(self, photo: reader.Source, name: str | None, *, bgr: bool) -> tuple[Image, str, tuple[str, ...]]:
        called = reader.name_of(photo) if name is None else shortened(name)
        if self.limited is not None and not bgr and reader.is_file(photo):
            pixels, notes = self.limited.read_photo(photo, name=called)
        else:
            pixels, notes = reader.read_photo(photo, name=called, bgr=bgr)
        return pixels, called, notes

    def _embed(self, detections: Detections, image: Image, called: str, reading: tuple[str, ...]) -> Faces:
        chips, shift = upright_cut(self.embedder.crop, image, detections)
        vectors, flip = self.embedder.embed(chips)
        measures = measure(image, detections) | handed_over(shift=shift, flip=flip)
        made_by = self.matcher, called, chips
        return Faces(detections, measures, vectors, *made_by, reading=reading, runtime=self.runtime)

    def _found(self, image: Image) -> tuple[Detections, tuple[str, ...]]:
        """The faces of a photo that are embedded, and what has to be said about the others."""
        detections = self.detector(image)
        if len(detections) <= self.most_faces:
            return detections, ()
        return detections[: self.most_faces], (
            f"{len(detections)} faces were found; only the {self.most_faces} surest were looked at (most_faces)",
        )

    def _chosen(
        self, photo: reader.Source, choice: FaceChoice, *, name: str | None = None, bgr: bool = False
    ) -> tuple[Face, tuple[str, ...]]:
        image, called, reading = self._open(photo, name, bgr=bgr)
        detections, notes = _chosen(self.detector(image), choice, called, reading)
        return self._embed(detections, image, called, reading)[0], tuple(map(str, notes))

    def _look(self, photo: reader.Source, choice: FaceChoice | None, *, bgr: bool) -> _Looked | ImageError:
        """Everything up to the chips, which are all that is needed of the photo from there on."""
        try:
            image, called, reading = self._open(photo, None, bgr=bgr)
        except ImageError as error:
            return error
        lacking: FaceError | None = None
        chose: tuple[_Choice, ...] = ()
        if choice is None:
            detections, notes = self._found(image)
            reading = (*reading, *notes)
        else:
            found = self.detector(image)
            try:
                detections, chose = _chosen(found, choice, called, reading)
            except FaceError as error:
                detections, lacking = found[[]], error
        chips, shift = upright_cut(self.embedder.crop, image, detections)
        measures = measure(image, detections) | handed_over(shift=shift)
        return _Looked(detections, measures, chips, called, reading, chose, lacking)

    def _embedded(self, waiting: Sequence[_Looked | ImageError]) -> Iterator[_Embedded | ImageError]:
        """Embed the chips of all waiting photos in one batch, and part them again."""
        size = self.embedder.crop.size
        parts = [looked.chips for looked in waiting if isinstance(looked, _Looked)]
        vectors, flip = self.embedder.embed(np.concatenate([np.empty((0, size, size, 3), np.uint8), *parts]))
        ends = list(accumulate(map(len, parts)))
        shares = iter(np.split(vectors, ends))
        flips = iter([None] * len(parts) if flip is None else np.split(flip, ends))
        for each in waiting:
            if isinstance(each, _Looked):
                measures = each.measures | handed_over(flip=next(flips))
                found = Faces(each.detections, measures, next(shares), self.matcher, each.called, each.chips)
                found = replace(found, reading=each.reading, runtime=self.runtime)
                yield _Embedded(found, each.chose, each.lacking)
            else:
                yield each


class _Looked(NamedTuple):
    """A photo on its way through `Recognizer.stream`."""

    detections: Detections
    measures: dict[str, np.ndarray]
    chips: Chips
    called: str
    reading: tuple[str, ...]
    chose: tuple[_Choice, ...]
    lacking: FaceError | None


class _Embedded(NamedTuple):
    """What came out: where one face was meant, what is said of the choice, or why there is none."""

    faces: Faces
    chose: tuple[_Choice, ...]
    lacking: FaceError | None


class _Choice(NamedTuple):
    """That one of several faces was chosen."""

    faces: int
    called: str
    choice: FaceChoice

    def __str__(self) -> str:
        return f"{self.faces} faces were found in {self.called}; the {self.choice} one was compared"

    @property
    def meant(self) -> str:
        """As `Faces.choose` says it of the photo."""
        return f"{self.faces} faces were found; the {self.choice} one is meant"


def _chosen(
    detections: Detections, choice: FaceChoice, called: str, reading: tuple[str, ...]
) -> tuple[Detections, tuple[_Choice, ...]]:
    """The one face that is meant, and what has to be said where there are others."""
    chosen = detections.choose(choice, source=called, notes=reading)
    return detections[[chosen]], (_Choice(len(detections), called, choice),) if len(detections) > 1 else ()

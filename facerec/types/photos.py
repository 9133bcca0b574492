"""What is read off a photo: where its faces are, and the vectors that stand for them.

Arrays of structures would make every stage loop in Python; these are structures of arrays, checked once when they
are made and read-only afterwards. No face is a value of length 0, never ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facerec.errors import ArgumentError, NoFaceError, SeveralFacesError
from facerec.types.looks import FIRST_LOOK, Look, turned_places
from facerec.types.matcher import Matcher
from facerec.types.plain import Value, plain
from facerec.visible_text import quoted, shortened

if TYPE_CHECKING:
    import pandas as pd

Image: TypeAlias = NDArray[np.uint8]
"""A photo: RGB, uint8, shape (height, width, 3), upright. Made by ``facerec.photos.reader.read`` only."""

FaceChoice: TypeAlias = Literal["main", "only", "largest", "central"]
"""How to choose one face of a photo: the ``main`` one, beside which all others are small or far from the centre (an
error if one is not, see `RIVAL`), ``only`` (an error if there are several), ``largest`` box, or the box whose centre is
nearest to the photo's centre (``central``)."""

DEFAULT_CHOICE: FaceChoice = "main"
"""The one rule wherever a face is chosen and nobody says how: enrolling, verifying, scoring, training."""

RIVAL = 1.5
"""A face is the main one if its prominence, which is its size in pixels times its closeness to the centre (1 there, 0
in the corners), is this many times any other's. Among 468 photos of LFW with several faces it finds the named person in
460, refuses 7 and takes one other, a twin; of 2,050 crops of them that move the person off the centre it refuses 61 and
takes that twin in 5, where the largest face is another's in 146, the central one in 12 (``data/face_choice.py``)."""

Index: TypeAlias = slice | Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]


def freeze(value: object, dtype: type[np.generic], **shapes: tuple[int | None, ...]) -> None:
    """Make the fields named in `shapes` read-only arrays of `dtype`, where they are not ``None``; as `frozen_array`."""
    for name, shape in shapes.items():
        if (given := getattr(value, name)) is not None:
            object.__setattr__(value, name, frozen_array(name, given, dtype, shape))


def frozen_array(name: str, value: ArrayLike, dtype: type[np.generic], shape: tuple[int | None, ...]) -> NDArray:
    """`value` as a read-only array of `dtype`, `ArgumentError` if its shape is another; ``None``: any length."""
    array = np.array(value, dtype=dtype)
    if array.ndim != len(shape) or any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        wanted = "(" + ", ".join("n" if want is None else str(want) for want in shape) + ")"
        message = f"{name} must have shape {wanted}; got {array.shape}"
        raise ArgumentError(message)
    array.setflags(write=False)
    return array


def frozen_view(photo: Image | None) -> Image | None:
    """A photo that cannot be written to by this name; not copied."""
    if photo is None:
        return None
    view = photo.view()
    view.setflags(write=False)
    return view


@dataclass(frozen=True, eq=False)
class Detections(Value):
    """The faces that a detector found in one photo.

    Attributes
    ----------
    boxes : ndarray, float32, shape (n, 4)
        Left, top, right, bottom in pixels of the photo; may reach beyond its edges.
    scores : ndarray, float32, shape (n,)
        The detector's own confidence, 0 … 1.
    points : ndarray, float32, shape (n, 5, 2)
        x, y of left-image eye, right-image eye, nose tip, left and right mouth corner, in pixels; left and right are
        those of the face when it stands upright.
    image_size : tuple of int
        Width and height of the photo in pixels.
    looks : tuple of Look, length n
        How each was seen; by default as the photo is. Boxes and points are those of the photo as it is all the same.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    points: NDArray[np.float32]
    image_size: tuple[int, int]
    looks: tuple[Look, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.boxes)
        freeze(self, np.float32, boxes=(n, 4), scores=(n,), points=(n, 5, 2))
        object.__setattr__(self, "looks", tuple(self.looks) or (FIRST_LOOK,) * n)
        if len(self.looks) != n:
            message = f"{n} faces have {n} looks; got {len(self.looks)}"
            raise ArgumentError(message)

    @classmethod
    def empty(cls, image_size: tuple[int, int]) -> Detections:
        """No face in a photo of `image_size` (width, height)."""
        return cls(np.empty((0, 4)), np.empty(0), np.empty((0, 5, 2)), image_size)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: Index) -> Detections:
        """The detections at `index` (a slice, a list of numbers or a mask), in that order."""
        chosen = index if isinstance(index, slice) else np.asarray(index)
        if isinstance(chosen, np.ndarray):
            if chosen.ndim != 1:
                message = "Detections are indexed by a slice, a list or a mask; [[i]] selects one and keeps the type"
                raise ArgumentError(message)
            chosen = chosen if chosen.size else chosen.astype(np.intp)
        looks = tuple(self.looks[number] for number in np.arange(len(self))[chosen])
        return Detections(self.boxes[chosen], self.scores[chosen], self.points[chosen], self.image_size, looks)

    def turned(self, degrees: int) -> Detections:
        """The same faces on the photo turned clockwise by `degrees`, a multiple of 90; looks follow.

        ``turned(look.turned)`` brings a face with that look upright.
        """
        width, height = self.image_size
        corners = turned_places(self.boxes.reshape(-1, 2, 2), degrees, width, height)
        boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        # Points count from pixel centres, so the last lies one before the width.
        points = turned_places(self.points, degrees, width - 1, height - 1)
        looks = tuple(Look((look.turned - degrees) % 360, look.border) for look in self.looks)
        size = self.image_size if degrees % 180 == 0 else (height, width)
        return Detections(boxes, self.scores, points, size, looks)

    @property
    def sizes(self) -> NDArray[np.float32]:
        """The shorter side of each box in pixels, shape (n,)."""
        spans = self.boxes[:, 2:] - self.boxes[:, :2]
        return spans.min(axis=1) if len(self) else np.empty(0, np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Size of the photo in pixels, and box, score, points and look of each face."""
        width, height = self.image_size
        faces = zip(self.boxes, self.scores, self.points, self.looks, strict=True)
        found = [{"box": b.round(2), "score": s.round(4), "points": p.round(2), "look": how} for b, s, p, how in faces]
        return {"width": int(width), "height": int(height), "faces": plain(found)}

    def draw(self, photo: Image) -> Image:
        """The photo with boxes, points, scores and looks."""
        from facerec.types.marks import Label, mark_faces

        seen = zip(self.scores, self.looks, strict=True)
        labels = [Label(score=float(score), look=str(look)) for score, look in seen]
        return mark_faces(photo, self.boxes, self.points, labels)

    def choose(self, choice: FaceChoice, *, source: str = "the photo", notes: Sequence[str] = ()) -> int:
        """The number of the face that `choice` picks; `source` is what messages call the photo, `notes` say what it is.

        Raises
        ------
        NoFaceError
            If there is no face.
        SeveralFacesError
            If there are several, and `choice` is ``only``, or it is ``main`` and two of them come near each other.
        ArgumentError
            If `choice` is none of `FaceChoice`.
        """
        if choice not in get_args(FaceChoice):
            message = f"face choice must be one of {', '.join(get_args(FaceChoice))}; got {quoted(choice)}"
            raise ArgumentError(message)
        if len(self) == 0:
            seen = "".join(f"; {note}" for note in notes)
            message = f"no face found in {shortened(source)}{seen}; a face must be visible and large enough"
            raise NoFaceError(message)
        if choice == "only":
            if len(self) > 1:
                message = (
                    f"{len(self)} faces found in {shortened(source)} where exactly one is needed; "
                    "choose the largest or the central one explicitly, or crop the photo"
                )
                raise SeveralFacesError(message)
            return 0
        spans = self.boxes[:, 2:] - self.boxes[:, :2]
        if choice == "largest":
            return int(np.argmax(spans.prod(axis=1)))
        half = np.array(self.image_size, np.float32) / 2
        from_centre = np.linalg.norm(self.boxes[:, :2] + spans / 2 - half, axis=1)
        if choice == "central":
            return int(np.argmin(from_centre))
        prominence = self.sizes * (1 - from_centre / np.linalg.norm(half)).clip(0, 1)
        *others, main = np.argsort(prominence)
        if others and prominence[main] < RIVAL * prominence[others[-1]]:
            message = (
                f"{len(self)} faces found in {shortened(source)}, and none is clearly the main one, larger and nearer "
                "to the centre than the others; choose the largest or the central one explicitly, or crop the photo"
            )
            raise SeveralFacesError(message)
        return int(main)


@dataclass(frozen=True, eq=False, repr=False)
class Face(Value):
    """One face, embedded.

    Attributes
    ----------
    box : ndarray, float32, shape (4,)
        Left, top, right, bottom in pixels.
    score : float
        The detector's confidence, 0 … 1.
    points : ndarray, float32, shape (5, 2)
        The detector's five points, order as in `Detections`.
    measures : mapping of str to float
        Quality by name, see ``facerec.quality``; a gate refuses a face that lacks a measure it asks for.
    embedding : ndarray, float32, shape (d,)
        Unit length.
    matcher : Matcher
        What found and embedded it; vectors of two embedders must not meet.
    source : str
        What the photo is called in messages, logs and reports.
    chip : ndarray, uint8, shape (size, size, 3), optional
        The aligned crop that was embedded.
    look : Look
        How it was seen; box and points are those of the photo as it is all the same.
    reading : tuple of str
        What there is to say of the photo itself, as ``facerec.photos.read_photo`` says it: nearly black, clipped.
    runtime : str, optional
        What ran the networks; ``None`` for torch.
    """

    box: NDArray[np.float32]
    score: float
    points: NDArray[np.float32]
    measures: Mapping[str, float]
    embedding: NDArray[np.float32]
    matcher: Matcher
    source: str
    chip: NDArray[np.uint8] | None = None
    look: Look = FIRST_LOOK
    reading: tuple[str, ...] = ()
    runtime: str | None = None

    hidden: ClassVar[frozenset[str]] = frozenset({"embedding", "chip"})
    derived: ClassVar[tuple[str, ...]] = ("quality",)

    def __post_init__(self) -> None:
        freeze(self, np.float32, box=(4,), points=(5, 2), embedding=(None,))
        freeze(self, np.uint8, chip=(None, None, 3))
        object.__setattr__(self, "measures", MappingProxyType({k: float(v) for k, v in self.measures.items()}))

    @property
    def size(self) -> float:
        """The shorter side of the box in pixels."""
        return float(min(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    @property
    def quality(self) -> float | None:
        """How alike the vectors of the face and of its mirror image are, a cosine; None where nobody measured it.

        Of all measures the one that tells best which faces are not recognized.
        """
        return self.measures.get("flip")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a decision about this face has to say of its photo, and of how it was seen."""
        of_photo = tuple(f"{shortened(self.source)}: {note}" for note in self.reading)
        if self.look == FIRST_LOOK:
            return of_photo
        return (*of_photo, f"the face in {shortened(self.source)} was found at a second look: {self.look}")

    def __repr__(self) -> str:
        left, top, right, bottom = (round(float(edge)) for edge in self.box)
        return f"<face in {shortened(self.source)} at ({left}, {top}), {right - left} × {bottom - top} pixels>"


class Drawn(Value):
    """What can be drawn on the photo that it was found in, and shows itself so in a notebook."""

    photo: Image | None

    def draw(self, photo: Image | None = None) -> Image:
        """The photo, marked; `photo` is needed where none was kept, else `ArgumentError`."""
        raise NotImplementedError

    def _kept(self, photo: Image | None) -> Image:
        kept = photo if photo is not None else self.photo
        if kept is None:
            message = "the photo was not kept with these faces; give it: draw(photo)"
            raise ArgumentError(message)
        return kept

    def _repr_html_(self) -> str:
        from facerec.types.marks import as_html

        return as_html(repr(self), None if self.photo is None else self.draw())


@dataclass(frozen=True, eq=False, repr=False)
class Faces(Drawn, Sequence[Face]):
    """All faces of one photo, embedded; a sequence of `Face`.

    Attributes
    ----------
    detections : Detections
        Where they are.
    measures : mapping of str to ndarray, float32, shape (n,)
    embeddings : ndarray, float32, shape (n, d)
    chips : ndarray, uint8, shape (n, size, size, 3), optional
    matcher, source
        As for `Face`, the arrays row by row.
    photo : ndarray, uint8, shape (height, width, 3), optional
        For `draw`; kept by ``Recognizer.faces``, not by its stream.
    reading : tuple of str
        As for `Face`; there, too, where there is no face.
    runtime : str, optional
        As for `Face`.
    """

    detections: Detections
    measures: Mapping[str, NDArray[np.float32]]
    embeddings: NDArray[np.float32]
    matcher: Matcher
    source: str = "the photo"
    chips: NDArray[np.uint8] | None = None
    photo: Image | None = None
    reading: tuple[str, ...] = ()
    runtime: str | None = None

    def __post_init__(self) -> None:
        n = len(self.detections)
        measures = {name: frozen_array(name, each, np.float32, (n,)) for name, each in self.measures.items()}
        object.__setattr__(self, "measures", MappingProxyType(measures))
        freeze(self, np.float32, embeddings=(n, None))
        freeze(self, np.uint8, chips=(n, None, None, 3))
        object.__setattr__(self, "photo", frozen_view(self.photo))

    def __len__(self) -> int:
        return len(self.detections)

    @overload
    def __getitem__(self, index: int) -> Face: ...
    @overload
    def __getitem__(self, index: slice) -> list[Face]: ...
    def __getitem__(self, index: int | slice) -> Face | list[Face]:
        """The face of that number, 0 … n-1 or from the end, or a list of faces."""
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        try:
            number = range(len(self))[index]
        except (IndexError, TypeError) as error:
            message = f"there is no face {quoted(index)} among {len(self)}; faces are numbered from 0, or sliced"
            raise type(error)(message) from None
        return Face(
            box=self.detections.boxes[number],
            score=float(self.detections.scores[number]),
            points=self.detections.points[number],
            measures={name: float(values[number]) for name, values in self.measures.items()},
            embedding=self.embeddings[number],
            matcher=self.matcher,
            source=self.source,
            chip=None if self.chips is None else self.chips[number],
            look=self.detections.looks[number],
            reading=self.reading,
            runtime=self.runtime,
        )

    def __repr__(self) -> str:
        found = f"{len(self)} face" + ("" if len(self) == 1 else "s")
        return f"<{found} in {shortened(self.source)}, embedded by {self.matcher.embedder}>"

    def choose(self, choice: FaceChoice) -> Face:
        """The face that `choice` picks (`FaceChoice`); errors as `Detections.choose`."""
        face = self[self.detections.choose(choice, source=self.source, notes=self.reading)]
        if len(self) == 1:
            return face
        return replace(face, reading=(*face.reading, f"{len(self)} faces were found; the {choice} one is meant"))

    def main(self) -> Face:
        """The face that is clearly the photo's; `NoFaceError`, or `SeveralFacesError` if none is."""
        return self.choose("main")

    def only(self) -> Face:
        """The one face of the photo; `NoFaceError` or `SeveralFacesError` if there is not exactly one."""
        return self.choose("only")

    def largest(self) -> Face:
        """The face with the largest box; `NoFaceError` if there is none."""
        return self.choose("largest")

    def central(self) -> Face:
        """The face nearest to the photo's centre; `NoFaceError` if there is none."""
        return self.choose("central")

    def to_dict(self) -> dict[str, Any]:
        """Source, matcher, what ran the networks, what there is to say of the photo, and faces."""
        shared = ("matcher", "source", "reading", "runtime")
        return {
            "source": self.source,
            "matcher": self.matcher.to_dict(),
            "runtime": self.runtime,
            "reading": list(self.reading),
            "faces": [{k: v for k, v in face.to_dict().items() if k not in shared} for face in self],
        }

    def to_frame(self) -> pd.DataFrame:
        """One row per face: source, box, look, detector's score and the measures of quality."""
        import pandas as pd

        columns: dict[str, Any] = {"source": [self.source] * len(self)}
        columns |= dict(zip(("left", "top", "right", "bottom"), self.detections.boxes.T, strict=True))
        columns["look"] = [str(look) for look in self.detections.looks]
        return pd.DataFrame({**columns, "score": self.detections.scores, **self.measures})

    def draw(self, photo: Image | None = None) -> Image:
        """The photo, by default the one that was kept with the faces, with boxes, points and the detector's scores.

        `ArgumentError` if none was kept and none is given.
        """
        return self.detections.draw(self._kept(photo))

"""The crop recipes, and how to find one by its name, for models that are described in a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from facerec.align.landmarks import parse_landmark_trees
from facerec.align.transforms import cut_chips, similarity_transforms
from facerec.errors import ArgumentError
from facerec.models import catalogue, weights
from facerec.types import Chips, Crop, Cut, Detections, Image

RECIPES = ("dlib-5pt-chip-150.v1", "five-point-112.v1", "box-160-margin-14 v1")
"""Examples of names, for messages: the default embedder's, ArcFace's template (other sizes too), facenet-pytorch's."""

# Where dlib's own chip transform puts MTCNN's five points in a 150-pixel chip: medians over 170 faces.
_MTCNN_POINTS_IN_CHIP = np.array(
    [[47.67, 46.02], [102.29, 46.08], [74.42, 78.45], [49.76, 103.19], [100.81, 103.49]], np.float32
)
# The face box that dlib's detector would have given to the trees, in the same frame: centre, and half a side.
_TREE_SQUARE_CENTRE = np.array([72.6, 73.5], np.float32)
_TREE_SQUARE_HALF = 129.7 / 2

# dlib's mean landmarks in the unit square (get_face_chip_details), and the margin it adds around that square.
_DLIB_MEAN_POINTS = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_DLIB_PADDING = 0.25
_DLIB_CHIP = 150
_DLIB_POINTS_IN_CHIP = (_DLIB_CHIP * (_DLIB_MEAN_POINTS + _DLIB_PADDING) / (1 + 2 * _DLIB_PADDING)).astype(np.float32)


# InsightFace's template: where eye centres, nose and mouth corners lie in a chip of 112 pixels, image-left first.
_TEMPLATE_SIDE = 112
_TEMPLATE_POINTS = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
_WIDER_SIDE, _WIDER_SHIFT = 128, 8.0


@dataclass(frozen=True)
class DlibChip:
    """dlib's face chip: 150 pixels, a margin of a quarter, aligned by the five landmarks that `trees` find."""

    trees: Callable[[Image, NDArray[np.float32]], NDArray[np.float32]]
    size: ClassVar[int] = _DLIB_CHIP
    name: ClassVar[str] = "dlib-5pt-chip-150.v1"
    points_convention: ClassVar[str] = "mtcnn-5.v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; shape (n, 150, 150, 3).

        The detector's points only place the square in which the trees then look for landmarks of their own.
        """
        return self.cut(image, detections).chips

    def cut(self, image: Image, detections: Detections) -> Cut:
        """The chips, and how far the middles between the trees' corners of each eye lie from the detector's eyes."""
        landmarks = self.trees(image, tree_squares(detections.points))
        chips = cut_chips(image, landmarks, _DLIB_POINTS_IN_CHIP, self.size)
        return Cut(chips, _eye_shift(landmarks, detections.points))


def _eye_shift(landmarks: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over both eyes, in distances between the detector's eyes, (n,); NaN where these fall together."""
    eyes = np.stack([landmarks[:, 2:4].mean(axis=1), landmarks[:, 0:2].mean(axis=1)], axis=1)
    apart = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.linalg.norm(eyes - points[:, :2], axis=2).mean(axis=1) / apart
    return np.where(np.isfinite(shift), shift, np.nan).astype(np.float32)


def tree_squares(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Upright face boxes (n, 4) in pixels as dlib's detector would place them, from the detector's points (n, 5, 2).

    The trees cope with turned faces themselves.
    """
    if len(points) == 0:
        return np.empty((0, 4), np.float32)
    # Fitted from the template to the face, so that a face whose points collapsed still gets a finite square.
    to_chip = similarity_transforms(points, _MTCNN_POINTS_IN_CHIP).astype(np.float64)
    scale = np.hypot(to_chip[:, 0, 0], to_chip[:, 1, 0])
    centre = np.linalg.solve(to_chip[:, :, :2], (_TREE_SQUARE_CENTRE - to_chip[:, :, 2])[..., None])[..., 0]
    half = (_TREE_SQUARE_HALF / scale)[:, None]
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


@dataclass(frozen=True)
class TemplateCrop:
    """The crop of ArcFace and its kin: the detector's five points brought onto a template by a similarity.

    The side of the chip is a multiple of 112 pixels, the template's own side, or of 128, where it is 8 of 128 pixels
    further to the right. Reference: Deng et al. (2019), ArcFace, CVPR; the template as the InsightFace project
    publishes it.

    >>> TemplateCrop(112).name
    'five-point-112.v1'
    """

    points_convention: ClassVar[str | None] = None
    size: int = _TEMPLATE_SIDE

    def __post_init__(self) -> None:
        if self.size < 1 or (self.size % _TEMPLATE_SIDE and self.size % _WIDER_SIDE):
            message = f"the five-point template is for chips of a multiple of 112 or 128 pixels; got {self.size}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"five-point-{self.size}.v1"

    @property
    def points(self) -> NDArray[np.float32]:
        """Where the five points come to lie, float32, shape (5, 2)."""
        if self.size % _TEMPLATE_SIDE == 0:
            return _TEMPLATE_POINTS * np.float32(self.size / _TEMPLATE_SIDE)
        shifted = _TEMPLATE_POINTS + np.array([_WIDER_SHIFT, 0], np.float32)
        return shifted * np.float32(self.size / _WIDER_SIDE)

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection; shape (n, size, size, 3)."""
        return cut_chips(image, detections.points, self.points, self.size)


@dataclass(frozen=True)
class BoxCrop:
    """Crop recipe of facenet-pytorch: the box and a margin, cut at the photo's edges, resized to a square.

    Unlike other recipes it neither turns the face upright nor keeps its aspect, and where the box reaches beyond the
    photo it is cut and not padded: the network was trained on such crops. `size` is the side of the square in pixels;
    `margin` of them, both sides together, lie around the box.
    """

    points_convention: ClassVar[str | None] = None
    size: int = 160
    margin: int = 14

    def __post_init__(self) -> None:
        if not 0 <= self.margin < self.size:
            message = f"margin must be from 0 to less than the size of {self.size}; got {self.margin}"
            raise ArgumentError(message)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"box-{self.size}-margin-{self.margin} v1"

    def __call__(self, image: Image, detections: Detections) -> Chips:
        """Cut one chip per detection, of which only the boxes count; black where one lies wholly outside the photo."""
        height, width = image.shape[:2]
        chips = np.zeros((len(detections), self.size, self.size, 3), np.uint8)
        for chip, box in zip(chips, detections.boxes.astype(np.float64), strict=True):
            half = self.margin * (box[2:] - box[:2]) / (self.size - self.margin) / 2
            left, top = np.maximum(box[:2] - half, 0).astype(int)
            right, bottom = np.minimum(box[2:] + half, (width, height)).astype(int)
            if left < right and top < bottom:
                cut = PIL.Image.fromarray(np.ascontiguousarray(image[top:bottom, left:right]))
                chip[:] = np.asarray(cut.resize((self.size, self.size), PIL.Image.Resampling.BILINEAR))
        return chips


def crop_recipe(name: str, *, model_files: Path | None = None) -> Crop:
    """The crop recipe of that name, as ``Crop.name`` gives it; `model_files` is looked into first for what it needs.

    `ArgumentError` if no recipe has that name; `MissingWeightsError`, `CorruptWeightsError` for a file that it needs.

    >>> crop_recipe("five-point-128.v1").size
    128
    """
    if name == DlibChip.name:
        file = catalogue.DLIB_5PT_WEIGHTS
        return DlibChip(parse_landmark_trees(weights.load(file, model_files=model_files), name=file.file_name))
    if five_point := re.fullmatch(r"five-point-(\d{1,4})\.v1", name):
        return TemplateCrop(int(five_point[1]))
    if box := re.fullmatch(r"box-(\d{1,4})-margin-(\d{1,4}) v1", name):
        return BoxCrop(int(box[1]), int(box[2]))
    message = f"no crop recipe is called {name!r}; there are, for example, {', '.join(RECIPES)}"
    raise ArgumentError(message)


def crop_weights(name: str) -> tuple[str, ...]:
    """SHA-256 of the files that the recipe of that name needs; they count in an embedder's digest."""
    return (catalogue.DLIB_5PT_WEIGHTS.sha256,) if name == DlibChip.name else ()

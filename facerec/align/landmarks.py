"""Five facial landmarks by cascaded regression trees: dlib's 5-point shape predictor, in numpy.

MTCNN's own five points go wrong where a face is cut by the edge of the photo, and every crop made from them with
it; the trees do not. They also give the very points that the default embedder's training crops were cut by.

Reference: Kazemi & Sullivan (2014), One Millisecond Face Alignment with an Ensemble of Regression Trees, CVPR.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from facerec.align.dlib_format import read_integers
from facerec.align.transforms import linear_parts
from facerec.errors import CorruptWeightsError
from facerec.types import Image

_POINTS = 5
_SPLITS = 15
_LEAVES = 16
_DEPTH = 4
_SPLIT_INTEGERS = 4  # two pixel numbers, a threshold's mantissa and exponent
_LEAF_INTEGERS = 2 + 2 * 2 * _POINTS  # two lengths, then ten floats
_TREE_INTEGERS = 1 + _SPLITS * _SPLIT_INTEGERS + 1 + _LEAVES * _LEAF_INTEGERS


@dataclass(frozen=True, eq=False)
class LandmarkTrees:
    """The trees of a 5-point shape predictor, level by level in flat arrays.

    `initial` (5, 2) is the mean shape; 0 … 1 spans the face box. Each split compares two of its cascade's pixels,
    `first` and `second` (cascades, trees, 15), and goes left where first − second > `thresholds`, of the same shape.
    `leaves` (cascades, trees * 16, 10) hold what each adds to the shape. A pixel is placed from a landmark, its one of
    `anchors` (cascades, pixels), by `deltas` (cascades, pixels, 2), in the frame of the mean shape.
    """

    initial: NDArray[np.float32]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    thresholds: NDArray[np.float32]
    leaves: NDArray[np.float32]
    anchors: NDArray[np.intp]
    deltas: NDArray[np.float32]

    def __call__(self, image: Image, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Find five landmarks, float32 (n, 5, 2), x, y in pixels, unrounded, in each face box (n, 4) of a photo.

        Boxes are left, top, right, bottom in pixels and may reach beyond the photo, whose outside is black. Order:
        outer and inner corner of the right-image eye, outer and inner corner of the left-image eye, base of the nose.
        """
        squares = np.asarray(squares, np.float32).reshape(-1, 4)
        if len(squares) == 0:
            return np.empty((0, _POINTS, 2), np.float32)
        corner, span = squares[:, None, :2], squares[:, None, 2:] - squares[:, None, :2]
        shapes = np.repeat(self.initial[None], len(squares), axis=0)
        reference = self.initial - self.initial.mean(axis=0)
        tree_rows = np.arange(self.first.shape[1])[None]
        for first, second, thresholds, leaves, anchors, deltas in zip(
            self.first, self.second, self.thresholds, self.leaves, self.anchors, self.deltas, strict=True
        ):
            turned = deltas @ linear_parts(reference, shapes - shapes.mean(axis=1, keepdims=True)).transpose(0, 2, 1)
            pixels = (turned + shapes[:, anchors]) * span + corner
            brightness = _grey_at(image, np.floor(pixels + np.float32(0.5)).astype(np.intp))
            node = np.zeros((len(squares), self.first.shape[1]), np.intp)
            rows = np.arange(len(squares))[:, None]
            for _ in range(_DEPTH):
                split = tree_rows * _SPLITS + node
                difference = brightness[rows, first.take(split)] - brightness[rows, second.take(split)]
                node = 2 * node + 2 - (difference > thresholds.take(split))
            leaf = tree_rows * _LEAVES + node - _SPLITS
            shapes = shapes + leaves[leaf].sum(axis=1).reshape(-1, _POINTS, 2)
        return shapes * span + corner


def _grey_at(image: Image, pixels: NDArray[np.intp]) -> NDArray[np.float32]:
    """Mean of R, G and B, rounded down, at x, y `pixels` of shape (..., 2); 0 outside the photo.

    Only the pixels looked at are converted: the whole photo would cost more than the trees.
    """
    height, width = image.shape[:2]
    x, y = pixels[..., 0], pixels[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    colours = image[np.where(inside, y, 0), np.where(inside, x, 0)]
    grey = colours.sum(axis=-1, dtype=np.int32) // 3
    return np.where(inside, grey, 0).astype(np.float32)


def parse_landmark_trees(content: bytes, *, name: str) -> LandmarkTrees:
    """Read a 5-point shape predictor as dlib writes it; `name` is what the file is called in messages.

    `CorruptWeightsError` if the bytes are no dlib stream, or hold another model than a predictor of five points by
    trees of depth 4. Order in the file: version 1; the initial shape (a 10 × 1 matrix); a vector of cascades, each a
    vector of trees (15 splits, 16 leaves); per cascade a vector of anchor landmarks; per cascade a vector of pixel
    offsets.
    """
    stream = read_integers(content, name=name)
    at = 0

    def refuse_unless(fits: bool | np.bool_) -> None:
        if not fits:
            raise _not_a_predictor(name)

    def take(count: int) -> NDArray[np.int64]:
        nonlocal at
        refuse_unless(0 <= count <= len(stream) - at)
        taken = stream[at : at + count]
        at += count
        return taken

    def expect(*wanted: int) -> None:
        refuse_unless(take(len(wanted)).tolist() == list(wanted))

    expect(1, -2 * _POINTS, -1)
    initial = _floats(take(4 * _POINTS), name=name).reshape(_POINTS, 2)

    cascades = int(take(1)[0])
    trees = int(stream[at]) if at < len(stream) else -1
    refuse_unless(0 < cascades <= 1000 and 0 < trees <= 100_000)
    forests = take(cascades * (1 + trees * _TREE_INTEGERS)).reshape(cascades, -1)
    grid = forests[:, 1:].reshape(cascades, trees, _TREE_INTEGERS)
    splits = grid[:, :, 1 : 1 + _SPLITS * _SPLIT_INTEGERS].reshape(cascades, trees, _SPLITS, _SPLIT_INTEGERS)
    leaves = grid[:, :, 2 + _SPLITS * _SPLIT_INTEGERS :].reshape(cascades, trees, _LEAVES, _LEAF_INTEGERS)
    refuse_unless(
        (forests[:, 0] == trees).all()
        and (grid[:, :, 0] == _SPLITS).all()
        and (grid[:, :, 1 + _SPLITS * _SPLIT_INTEGERS] == _LEAVES).all()
        and (leaves[..., 0] == -2 * _POINTS).all()
        and (leaves[..., 1] == -1).all()
    )

    expect(cascades)
    pixels = int(stream[at]) if at < len(stream) else -1
    anchors = take(cascades * (1 + pixels)).reshape(cascades, -1)
    expect(cascades)
    deltas = take(cascades * (1 + 4 * pixels)).reshape(cascades, -1)
    refuse_unless(
        pixels > 0
        and (anchors[:, 0] == pixels).all()
        and (deltas[:, 0] == pixels).all()
        and anchors[:, 1:].min() >= 0
        and anchors[:, 1:].max() < _POINTS
        and splits[..., :2].min() >= 0
        and splits[..., :2].max() < pixels
        and at == len(stream)
    )
    return LandmarkTrees(
        initial=initial,
        first=np.ascontiguousarray(splits[..., 0], np.intp),
        second=np.ascontiguousarray(splits[..., 1], np.intp),
        thresholds=_floats(splits[..., 2:], name=name).reshape(cascades, trees, _SPLITS),
        leaves=_floats(leaves[..., 2:], name=name).reshape(cascades, trees * _LEAVES, 2 * _POINTS),
        anchors=np.ascontiguousarray(anchors[:, 1:], np.intp),
        deltas=_floats(deltas[:, 1:], name=name).reshape(cascades, pixels, 2),
    )


def pack_trees(trees: LandmarkTrees) -> bytes:
    """The trees as an ``.npz`` file: read in a twentieth of the time that dlib's own format takes."""
    arrays = {field.name: getattr(trees, field.name) for field in fields(trees)}
    small = {name: array.astype(np.int16) if array.dtype == np.intp else array for name, array in arrays.items()}
    file = io.BytesIO()
    np.savez(file, **small)
    return file.getvalue()


def unpack_trees(content: bytes, *, name: str) -> LandmarkTrees:
    """The trees of a file that `pack_trees` made; `name` is what the file is called in messages.

    `CorruptWeightsError` if it is none.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            read = {field.name: arrays[field.name] for field in fields(LandmarkTrees)}
        whole = {key: array.astype(np.intp) if array.dtype == np.int16 else array for key, array in read.items()}
        return LandmarkTrees(**whole)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        message = f"{name} does not hold landmark trees as they are exported: {error}"
        raise CorruptWeightsError(message) from error


def _floats(integers: NDArray[np.int64], *, name: str) -> NDArray[np.float32]:
    """Mantissa and exponent in turn → float32, flat; exponents of 32000 and above would be infinities or NaN."""
    pairs = integers.reshape(-1, 2)
    if (np.abs(pairs[:, 1]) > 2000).any():
        raise _not_a_predictor(name)
    return np.ldexp(pairs[:, 0].astype(np.float64), pairs[:, 1].astype(np.int32)).astype(np.float32)


def _not_a_predictor(name: str) -> CorruptWeightsError:
    return CorruptWeightsError(f"{name} is a dlib stream, but not a 5-point shape predictor with trees of depth 4")

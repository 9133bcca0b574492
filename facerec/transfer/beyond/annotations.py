"""One annotation in COCO's format: what is checked before anything is believed, and how outlines are painted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from facerec.extras import extra
from facerec.transfer.beyond.scenes import BACKGROUND, IGNORED

with extra("transfer"):
    from pycocotools import mask as outlines

Polygons = tuple[tuple[float, ...], ...]
Runs = tuple[int, ...]


@dataclass(frozen=True)
class Annotation:
    """A checked annotation.

    Attributes
    ----------
    label : int
        1 …
    box : tuple of float
        Left, top, right, bottom in pixels, inside the photo, with an area.
    outline : tuple or None
        Polygons (x, y, x, y …), or the lengths of alternating runs outside and inside, column by column.
    crowd : bool
        A region of objects that nobody told apart.
    """

    label: int
    box: tuple[float, float, float, float]
    outline: Polygons | Runs | None
    crowd: bool


def checked_annotation(
    given: Mapping[str, Any], labels: Mapping[object, int], width: int, height: int
) -> Annotation | str:
    """An annotation of a photo, or in a phrase what is wrong with it.

    Parameters
    ----------
    given : mapping
        As JSON had it.
    labels : mapping
        From a category's identity to its number.
    width, height : int
        Of the photo.

    Examples
    --------
    >>> given = {"category_id": 7, "bbox": [2, 3, 4, 0]}
    >>> checked_annotation(given, {7: 1}, 20, 20)
    'annotation whose box is empty or outside its photo'
    """
    category = given.get("category_id")
    if not isinstance(category, int | str) or category not in labels:
        return "annotation of a category that is not listed"
    box = given.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        return "annotation whose box is not four numbers"
    left, top = max(0.0, box[0]), max(0.0, box[1])
    right, bottom = min(float(width), box[0] + box[2]), min(float(height), box[1] + box[3])
    if right - left < 1e-3 * width or bottom - top < 1e-3 * height:
        return "annotation whose box is empty or outside its photo"
    crowd = bool(given.get("iscrowd"))
    outline = given.get("segmentation")
    if outline in (None, [], {}):
        return Annotation(labels[category], (left, top, right, bottom), None, crowd)
    parsed = _polygons(outline, width, height) if isinstance(outline, list) else _runs(outline, width, height)
    if parsed is None:
        return "annotation whose outline is neither polygons nor runs of its photo's size"
    return Annotation(labels[category], (left, top, right, bottom), parsed, crowd)


def painted(annotations: Sequence[Annotation], size: tuple[int, int], wanted: tuple[int, int]) -> NDArray[np.uint8]:
    """The class of every pixel, smaller objects over larger ones.

    Parameters
    ----------
    annotations : sequence of Annotation
    size, wanted : (int, int)
        Width and height of the photo, and of the mask.

    Returns
    -------
    ndarray, uint8, shape (height, width)
        Crowds, and the boxes of objects without an outline, are `IGNORED`.
    """
    mask = np.full(wanted[::-1], BACKGROUND, np.uint8)
    regions = [(_region(each, size, wanted), each) for each in annotations]
    for region, each in sorted(regions, key=lambda pair: -int(pair[0].sum())):
        mask[region] = IGNORED if each.crowd or each.outline is None else each.label
    return mask


def _region(each: Annotation, size: tuple[int, int], wanted: tuple[int, int]) -> NDArray[np.bool_]:
    (width, height), (across, down) = size, wanted
    if each.outline is None or isinstance(each.outline[0], tuple):
        left, top, right, bottom = each.box
        around = ((left, top, right, top, right, bottom, left, bottom),)
        scales = np.array([across / width, down / height])
        polygons = [(np.reshape(polygon, (-1, 2)) * scales).ravel().tolist() for polygon in (each.outline or around)]
        merged = outlines.merge(outlines.frPyObjects(polygons, down, across))
        # Not by pycocotools' own decode, which warns with every numpy since 2.0.
        return _plane(_uncompressed(merged["counts"].decode("ascii")) or [], across, down)
    whole = _plane(each.outline, width, height)
    small = PillowImage.fromarray(whole.astype(np.uint8)).resize(wanted, PillowImage.Resampling.NEAREST)
    return np.asarray(small).astype(np.bool_)


def _plane(runs: Sequence[Any], width: int, height: int) -> NDArray[np.bool_]:
    """Runs of outside and inside, column by column, as a mask."""
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(width, height).T


def _polygons(given: list[Any], width: int, height: int) -> Polygons | None:
    fits = all(
        isinstance(each, list) and len(each) >= 6 and len(each) % 2 == 0 and all(map(_is_number, each))
        for each in given
    )
    if not fits:
        return None
    limits = np.array([width, height])
    # pycocotools takes memory by the length of an outline, so none may leave its photo.
    return tuple(tuple(np.clip(np.reshape(each, (-1, 2)), 0, limits).ravel().tolist()) for each in given)


def _runs(given: Any, width: int, height: int) -> Runs | None:  # noqa: ANN401 - whatever the JSON held
    if not isinstance(given, dict) or given.get("size") != [height, width]:
        return None
    counts = given.get("counts")
    runs = _uncompressed(counts) if isinstance(counts, str) else counts
    fits = isinstance(runs, list) and all(isinstance(run, int) and 0 <= run <= width * height for run in runs)
    return tuple(runs) if fits and runs and sum(runs) == width * height else None


def _uncompressed(text: str) -> list[int] | None:
    """COCO's compressed runs: six bits a character, little end first; from the third on, differences of two.

    >>> _uncompressed("52203")
    [5, 2, 2, 2, 5]
    """
    runs: list[int] = []
    value = bits = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or bits > 40:
            return None
        value |= (code & 31) << bits
        bits += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << bits
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = bits = 0
    return runs if bits == 0 else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

"""Mean IoU and COCO's AP from counts per scene, so that both can be judged again on scenes that are drawn anew."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from facerec.transfer.beyond.scenes import IGNORED, Objects

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""Overlaps, IoU, from which a box counts as found."""

_RECALLS = np.linspace(0, 1, 101)
_CHUNK = 50


def overlap_counts(predicted: NDArray[np.uint8], truth: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    """Count the pixels from which IoU is computed.

    Parameters
    ----------
    predicted, truth : ndarray, uint8, shape (height, width)
        Classes 0 … classes - 1; where the truth is `IGNORED`, nothing is counted.
    classes : int
        With the background.

    Returns
    -------
    ndarray, int64, shape (3, classes)
        Pixels of each class that are right, that are truly of it, and that were said to be of it.

    Examples
    --------
    >>> overlap_counts(np.array([[0, 1, 1]], np.uint8), np.array([[0, 0, 1]], np.uint8), 2).tolist()
    [[1, 1], [2, 1], [1, 2]]
    """
    judged = truth != IGNORED
    said, true = predicted[judged], truth[judged]
    return np.stack([np.bincount(each, minlength=classes) for each in (true[said == true], true, said)])


def class_iou(counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """IoU of each class: right / (true + said - right); NaN for a class that truly has no pixel.

    Parameters
    ----------
    counts : ndarray, shape (…, 3, classes)
        Sums over scenes of what `overlap_counts` gives.

    References
    ----------
    Everingham et al. (2010), "The PASCAL Visual Object Classes (VOC) challenge", section 4.4.
    """
    right, true, said = np.moveaxis(np.asarray(counts, np.float64), -2, 0)
    with np.errstate(invalid="ignore"):
        return np.where(true > 0, right / (true + said - right), np.nan)


def mean_iou(counts: NDArray[np.generic]) -> NDArray[np.float64]:
    """Mean of `class_iou` over the classes that occur, the background among them; NaN where none does."""
    found = class_iou(counts)
    occur = ~np.isnan(found)
    with np.errstate(invalid="ignore"):
        return np.where(occur, found, 0).sum(axis=-1) / occur.sum(axis=-1)


@dataclass(frozen=True)
class Precision:
    """COCO's figures for a set of scenes; NaN where there was no object.

    Attributes
    ----------
    ap : float
        Mean over classes and the ten `THRESHOLDS`.
    ap50, ap75 : float
        At an overlap of 0.5 and 0.75.
    by_class : tuple of float
        AP of each class.
    """

    ap: float
    ap50: float
    ap75: float
    by_class: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Matches:
    """Which detections of one class are right; in descending order of score.

    Attributes
    ----------
    scene : ndarray, int64, shape (m,)
        Where each was found.
    right, ignored : ndarray, bool, shape (10, m)
        At each of `THRESHOLDS`; what lies on a crowd is ignored.
    objects : ndarray, int64, shape (scenes,)
        How many there are to be found.
    """

    scene: NDArray[np.int64]
    right: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    objects: NDArray[np.int64]


def evaluate(
    truth: Sequence[Objects], found: Sequence[NDArray[np.float32]], classes: int
) -> tuple[Precision, tuple[Matches, ...]]:
    """Match detections with objects and compute AP, both by pycocotools.

    Parameters
    ----------
    truth : sequence of Objects
        Of each scene.
    found : sequence of ndarray, shape (m, 6)
        In each scene: label, left, top, right, bottom, score.
    classes : int
        Labels are 1 … classes.

    Returns
    -------
    precision : Precision
    matches : tuple of Matches
        Of each class; what `average_precision` takes.

    References
    ----------
    Lin et al. (2014), "Microsoft COCO: common objects in context"; pycocotools 2, ``cocoeval``.
    """
    judge = _judged(truth, found, classes)
    precision = judge.eval["precision"][:, :, :, 0, -1]  # thresholds, recalls, classes; all areas, most detections
    known = np.where(precision > -1, precision, np.nan).mean(axis=1)  # NaN throughout for a class without objects
    occur = ~np.isnan(known[0])
    at = {name: _mean(known[row, occur]) for name, row in (("ap50", 0), ("ap75", 5))}
    figures = Precision(_mean(known[:, occur]), **at, by_class=tuple(known.mean(axis=0).tolist()))
    return figures, _matches(judge, len(truth), classes)


def average_precision(matches: Sequence[Matches], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """AP of scenes that count several times or not at all.

    Parameters
    ----------
    matches : sequence of Matches
        Of each class, as `evaluate` gives them.
    weights : ndarray, float64, shape (draws, scenes)
        How often each scene counts.

    Returns
    -------
    ndarray, float64, shape (draws,)
        NaN where no scene that counts has an object.

    Notes
    -----
    COCO's AP is the mean, over 101 levels of recall, of the highest precision at that recall or a higher one. A
    detection is the first to reach as many of these levels as lie between its recall and that of the one before.
    """
    total, classes = np.zeros(len(weights)), np.zeros(len(weights))
    for start in range(0, len(weights), _CHUNK):
        chunk = weights[start : start + _CHUNK]
        here = slice(start, start + len(chunk))
        for each in matches:
            objects = chunk @ each.objects
            counts = chunk[:, None, each.scene]
            right = np.cumsum(counts * each.right, axis=2)
            wrong = np.cumsum(counts * (~each.right & ~each.ignored), axis=2)
            precision = right / (right + wrong + np.spacing(1))
            highest = np.maximum.accumulate(precision[:, :, ::-1], axis=2)[:, :, ::-1]
            recall = right / np.maximum(objects, 1)[:, None, None]
            levels = np.searchsorted(_RECALLS, recall, side="right")
            reached = np.diff(levels, axis=2, prepend=0)
            value = (highest * reached).sum(axis=2).mean(axis=1) / len(_RECALLS)
            total[here] += np.where(objects > 0, value, 0)
            classes[here] += objects > 0
    with np.errstate(invalid="ignore"):
        return total / classes


def _judged(truth: Sequence[Objects], found: Sequence[NDArray[np.float32]], classes: int) -> COCOeval:
    images = [{"id": place} for place in range(len(truth))]
    annotations = [
        # COCO's identities begin with 1: it takes 0 for "not matched".
        {"image_id": place, "category_id": int(label), "bbox": box, "area": box[2] * box[3], "iscrowd": int(crowd)}
        for place, objects in enumerate(truth)
        for label, box, crowd in zip(objects.labels, _sides(objects.boxes), objects.crowd, strict=True)
    ]
    answers = [
        {"image_id": place, "category_id": int(row[0]), "bbox": box, "area": box[2] * box[3], "score": float(row[5])}
        for place, rows in enumerate(found)
        for row, box in zip(rows, _sides(rows[:, 1:5]), strict=True)
    ]
    categories = [{"id": label} for label in range(1, classes + 1)]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints how far it is
        judge = COCOeval(_coco(images, categories, annotations), _coco(images, categories, answers), "bbox")
        judge.evaluate()
        judge.accumulate()
    return judge


def _coco(images: list[dict[str, int]], categories: list[dict[str, int]], rows: list[dict[str, object]]) -> COCO:
    held = COCO()
    numbered = [{"id": number, "iscrowd": 0, **row} for number, row in enumerate(rows, 1)]
    held.dataset = {"images": images, "categories": categories, "annotations": numbered}
    held.createIndex()
    return held


def _sides(boxes: NDArray[np.float32]) -> list[list[float]]:
    """Left, top, width, height."""
    wide = boxes.astype(np.float64)
    return np.concatenate([wide[:, :2], wide[:, 2:] - wide[:, :2]], axis=1).tolist()


def _matches(judge: COCOeval, scenes: int, classes: int) -> tuple[Matches, ...]:
    areas = len(judge.params.areaRng)
    found = []
    for number in range(classes):
        # pycocotools keeps its scenes class by class, and within a class area by area; the first area is all.
        held = judge.evalImgs[number * areas * scenes : (number * areas + 1) * scenes]
        present = [(place, each) for place, each in enumerate(held) if each is not None]
        objects = np.zeros(scenes, np.int64)
        for place, each in present:
            objects[place] = int((np.asarray(each["gtIgnore"]) == 0).sum())
        scores = np.concatenate([np.empty(0), *(each["dtScores"] for _, each in present)])
        order = np.argsort(-scores, kind="stable")
        where = [np.full(len(each["dtScores"]), place) for place, each in present]
        right, ignored = (
            np.concatenate([np.empty((len(THRESHOLDS), 0)), *(each[name] for _, each in present)], axis=1)[:, order]
            for name in ("dtMatches", "dtIgnore")
        )
        places = np.concatenate([np.empty(0, np.int64), *where])[order].astype(np.int64)
        found.append(Matches(places, (right > 0) & (ignored == 0), ignored > 0, objects))
    return tuple(found)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else float("nan")

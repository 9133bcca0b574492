"""Crop recipes by their names, for models that are described in a file."""

from __future__ import annotations

import re
from pathlib import Path

from facerec.align.box_crop import BoxCrop
from facerec.align.dlib_chip import DlibChip
from facerec.align.landmarks import parse_landmark_trees
from facerec.align.template_crop import TemplateCrop
from facerec.errors import ArgumentError
from facerec.models import catalogue, weights
from facerec.types import Crop

_DLIB = "dlib-5pt-chip-150.v1"
_FIVE_POINT = re.compile(r"five-point-(\d{1,4})\.v1")
_BOX = re.compile(r"box-(\d{1,4})-margin-(\d{1,4}) v1")

RECIPES = (_DLIB, "five-point-112.v1", "box-160-margin-14 v1")
"""Examples of names, for messages: the default embedder's, ArcFace's template (other sizes too), facenet-pytorch's."""


def crop_recipe(name: str, *, model_files: Path | None = None) -> Crop:
    """The crop recipe of that name, as ``Crop.name`` gives it; `model_files` is looked into first for what it needs.

    `ArgumentError` if no recipe has that name; `MissingWeightsError`, `CorruptWeightsError` for a file that it needs.

    >>> crop_recipe("five-point-128.v1").size
    128
    """
    if name == _DLIB:
        file = catalogue.DLIB_5PT_WEIGHTS
        return DlibChip(parse_landmark_trees(weights.load(file, model_files=model_files), name=file.file_name))
    five_point = _FIVE_POINT.fullmatch(name)
    if five_point:
        return TemplateCrop(int(five_point[1]))
    box = _BOX.fullmatch(name)
    if box:
        return BoxCrop(int(box[1]), int(box[2]))
    message = f"no crop recipe is called {name!r}; there are, for example, {', '.join(RECIPES)}"
    raise ArgumentError(message)


def crop_weights(name: str) -> tuple[str, ...]:
    """SHA-256 of the files that the recipe of that name needs; they count in an embedder's digest."""
    return (catalogue.DLIB_5PT_WEIGHTS.sha256,) if name == _DLIB else ()

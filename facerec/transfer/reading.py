"""Labelled photos from whatever the user has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facerec.transfer.image_set import ImageSet


def read_image_set(source: str | Path, *, label: str = "label", classes: Sequence[str] | None = None) -> ImageSet:
    """Read labelled photos: class folders, class folders in train/ and val/, a CSV manifest, or a torchvision set."""
    raise NotImplementedError

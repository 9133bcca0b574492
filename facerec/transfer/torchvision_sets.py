"""Torchvision's classification data sets, where they lie on the disk already; nothing is downloaded.

Torchvision knows their formats and checks their files; from here on they are photos and labels like any others.
CIFAR is not among them: its files are pickles, which can run code when they are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from facerec.errors import DataSetError, ImageError
from facerec.photos import reader
from facerec.photos.left_out import LeftOut
from facerec.transfer.image_set import ImageSet

_TRAIN_TEST = MappingProxyType({"train": {"train": True}, "test": {"train": False}})
_SPLIT_TRAIN_TEST = MappingProxyType({"train": {"split": "train"}, "test": {"split": "test"}})
_SPLIT_ALL = MappingProxyType({"train": {"split": "train"}, "validation": {"split": "val"}, "test": {"split": "test"}})

TORCHVISION_SETS: Mapping[str, Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "DTD": _SPLIT_ALL,
        "FGVCAircraft": _SPLIT_ALL,
        "FashionMNIST": _TRAIN_TEST,
        "Flowers102": _SPLIT_ALL,
        "Food101": _SPLIT_TRAIN_TEST,
        "GTSRB": _SPLIT_TRAIN_TEST,
        "Imagenette": {"train": {"split": "train"}, "validation": {"split": "val"}},
        "MNIST": _TRAIN_TEST,
        "OxfordIIITPet": {"train": {"split": "trainval"}, "test": {"split": "test"}},
        "STL10": _SPLIT_TRAIN_TEST,
        "SVHN": _SPLIT_TRAIN_TEST,
        "StanfordCars": _SPLIT_TRAIN_TEST,
    }
)
"""The sets that are read, and what torchvision's class is given for each part."""


def read_torchvision_set(source: str) -> tuple[ImageSet, list[str]]:
    """Read a set into memory, with the name of each photo's class.

    Parameters
    ----------
    source : str
        ``NAME:FOLDER``; FOLDER is what torchvision calls ``root``.

    Raises
    ------
    DataSetError
        If the source is not of this form, or NAME is none of `TORCHVISION_SETS`.
        If torchvision does not find the set in FOLDER, or not whole.
    """
    from torchvision import datasets

    name, _, folder = source.partition(":")
    if not folder or name not in TORCHVISION_SETS:
        message = (
            f"a torchvision set is given as torchvision:NAME:FOLDER with NAME one of {', '.join(TORCHVISION_SETS)}; "
            f"got torchvision:{source}"
        )
        raise DataSetError(message)
    files, parts, labels, pixels = [], [], [], []
    left_out: list[LeftOut] = []
    for part, arguments in TORCHVISION_SETS[name].items():
        try:
            data: Any = getattr(datasets, name)(folder, download=False, **arguments)
            names = list(map(str, getattr(data, "classes", [])))
            for number in range(len(data)):
                file = f"{part}/{number:06d}"
                photo, label = data[number]
                try:
                    pixels.append(reader.read(photo, name=file))
                except ImageError as problem:
                    left_out.append(LeftOut(file, "unreadable", str(problem)))
                    continue
                files.append(file)
                parts.append(part)
                labels.append(names[int(label)] if names else f"{int(label):03d}")
        except (RuntimeError, OSError, ValueError) as problem:
            message = f"{folder}: torchvision cannot read {name}: {problem}; nothing is downloaded here"
            raise DataSetError(message) from problem
    image_set = ImageSet(
        name=name,
        root=Path(folder),
        files=tuple(files),
        labels=np.zeros(len(files), np.int64),
        classes=tuple(sorted(set(labels))),
        parts=tuple(parts),
        digests=tuple(hashlib.sha256(repr(each.shape).encode() + each.tobytes()).hexdigest() for each in pixels),
        left_out=tuple(left_out),
        pixels=pixels,
    )
    return image_set, labels

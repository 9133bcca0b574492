"""Labelled photos from whatever the user has: class folders, a CSV manifest, a torchvision data set on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from facerec.errors import ArgumentError, DataSetError, ImageError
from facerec.photos import reader
from facerec.photos.left_out import LeftOut
from facerec.transfer.image_set import ImageSet
from facerec.transfer.made_textures import MADE, TEXTURES, textures
from facerec.transfer.photo_index import look_of, open_photos
from facerec.transfer.sources import Listing, list_folders, list_manifest, list_shard_photos, shards_of

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
        looks=tuple(map(look_of, pixels)),
    )
    return image_set, labels


TORCHVISION = "torchvision:"
"""What a source begins with that is a torchvision data set: ``torchvision:NAME:FOLDER``."""

Progress: TypeAlias = Callable[[int, int], None]


def read_image_set(
    source: str | Path,
    *,
    label: str = "label",
    classes: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
) -> ImageSet:
    """Read labelled photos.

    Every file is opened once: its SHA-256 is taken and it is decoded, so that what cannot be read is known, counted
    and shown before anything is computed. What was opened before, and has not changed, is not opened again.

    Parameters
    ----------
    source : str or Path
        A folder with one folder of photos per class; or a folder with such folders in ``train/`` and ``val/`` (or
        ``valid``, ``validation``) and/or ``test/``; or a CSV manifest with the columns ``image`` (a path from the
        manifest's folder) and `label`, if it likes ``split``, and any others; or a shard (``photos.shards``), a folder
        of shards, or one with such folders in ``train/`` and so on; or ``torchvision:NAME:FOLDER``, a torchvision data
        set that lies in FOLDER already (nothing is downloaded); or ``made:textures``, which are made on the spot.
    label : str
        The manifest's column that is to be predicted.
    classes : sequence of str, optional
        The classes, in the order of their numbers; photos of others are left out, and shown so. By default all,
        sorted.
    exclude : sequence of str
        Patterns of names or paths in a folder that are left out, as for ``facerec.photos.folders.find_photos``.
    progress : callable, optional
        Called with the photos done and the photos in all, where some must be opened.

    Returns
    -------
    ImageSet
        Sorted by path (a manifest: in its order). Files that are no photos or cannot be read are in `left_out`.

    Raises
    ------
    DataSetError
        If there is no such folder or file, or it is none of these.
        If a class folder holds files, and no photo that can be read.
        If there are fewer than two classes.
        If the manifest lacks a column, a label is empty, a split is no part, an image occurs twice or is missing.
        If a class of `classes` does not occur, or is named twice.
    ArgumentError
        If there is something to `exclude`, and `source` is no folder.
    """
    if source == MADE + TEXTURES:
        return _with_classes(*textures(), classes)
    path = Path(source)
    shards = shards_of(path)
    if exclude and not path.is_dir() and not shards:
        message = f"{source}: what to exclude is looked for in folders, and this is none"
        raise ArgumentError(message)
    if isinstance(source, str) and source.startswith(TORCHVISION):
        from facerec.transfer.labelled_photos import read_torchvision_set

        image_set, labels = read_torchvision_set(source.removeprefix(TORCHVISION))
        return _with_classes(image_set, labels, classes)
    if shards:
        listing = list_shard_photos(path, shards, label=label, exclude=exclude)
    elif path.is_dir():
        listing = list_folders(path, exclude=exclude)
    elif path.is_file():
        listing = list_manifest(path, label=label)
    else:
        message = f"{path}: there is no such folder of photos or CSV manifest"
        raise DataSetError(message)
    return _with_classes(*_opened(listing, progress), classes)


def _opened(listing: Listing, progress: Progress | None) -> tuple[ImageSet, Sequence[str]]:
    """Open every photo: digests of those that can be read, and why the others are left out; with the label of each."""
    opened = open_photos(listing.root, listing.files, places=listing.places, progress=progress)
    kept = [i for i, seen in enumerate(opened.seen) if not seen.problem]
    unreadable = [
        LeftOut(file, "unreadable", seen.problem)
        for file, seen in zip(listing.files, opened.seen, strict=True)
        if seen.problem
    ]
    image_set = ImageSet(
        name=listing.name,
        root=listing.root,
        files=tuple(listing.files[i] for i in kept),
        labels=np.zeros(len(kept), np.int64),
        classes=tuple(sorted(set(listing.labels))),
        parts=tuple(listing.parts[i] for i in kept),
        digests=tuple(opened.seen[i].digest for i in kept),
        columns=MappingProxyType({name: tuple(values[i] for i in kept) for name, values in listing.columns.items()}),
        left_out=(*listing.left_out, *unreadable),
        looks=tuple(opened.seen[i].look for i in kept),
        decoded=opened.decoded,
        places=MappingProxyType(dict(listing.places)),
    )
    return image_set, [listing.labels[i] for i in kept]


def _with_classes(image_set: ImageSet, labels: Sequence[str], classes: Sequence[str] | None) -> ImageSet:
    """The set with its labels numbered, photos of classes that were not asked for left out."""
    present = dict.fromkeys(labels)
    wanted = image_set.classes if classes is None else tuple(classes)
    if len(set(wanted)) < len(wanted):
        message = f"classes names a class twice: {', '.join(wanted)}"
        raise DataSetError(message)
    if absent := [name for name in wanted if name not in present]:
        why = next((f"; {each}" for each in image_set.left_out if each.why == "unreadable"), "")
        message = f"{image_set.root}: class {absent[0]!r} has no photo that can be read{why}"
        raise DataSetError(message)
    if len(wanted) < 2:
        held = f"one class only ({wanted[0]})" if wanted else "no photo of any class"
        message = f"{image_set.root}: holds {held}; a classifier needs two classes or more, with photos of each"
        raise DataSetError(message)
    numbers = {name: number for number, name in enumerate(wanted)}
    kept = [i for i, name in enumerate(labels) if name in numbers]
    left_out = [
        LeftOut(image_set.files[i], "class not asked for", f"its class {name!r} was not asked for")
        for i, name in enumerate(labels)
        if name not in numbers
    ]
    chosen = image_set.subset(kept)
    return replace(
        chosen,
        labels=np.array([numbers[labels[i]] for i in kept], np.int64),
        classes=wanted,
        left_out=(*image_set.left_out, *left_out),
    )

"""Any folder with annotations in COCO's format becomes scenes; what is wrong with it is counted, not hidden.

Each photo is made smaller as a whole and laid onto a square, so that boxes keep their shape; what is beside it is
neither learned from nor judged.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from facerec.errors import DataSetError, ImageError
from facerec.files import read_regular
from facerec.photos import reader
from facerec.transfer.beyond.annotations import Annotation, checked_annotation, painted
from facerec.transfer.beyond.scenes import IGNORED, MOST_CLASSES, Objects, Scenes, parts_of

FEWEST = 8
_GREY = 124
_PARTS = {"train": "train", "val": "test", "valid": "test", "validation": "test", "test": "test"}


@dataclass(frozen=True)
class _Entry:
    """A photo as its annotations tell of it."""

    file: str
    paths: tuple[Path, ...]
    width: int
    height: int
    part: str
    annotations: tuple[Annotation, ...]


def read_coco_folder(folder: str | Path, *, size: int = 96, photos: int = 256, seed: int = 0) -> Scenes:
    """Read a folder of photos with annotations in COCO's format.

    Parameters
    ----------
    folder : path
        Holds one annotation file or several (``annotations.json``, ``annotations/instances_train2017.json``,
        ``train/_annotations.coco.json`` …); photos are looked for beside it, in the folder itself and in its folders
        ``images`` and what the annotation file is named after. Files or folders named train and val, valid or test
        give the parts: val is judged on if there is no test.
    size : int
        Side of the scenes in pixels.
    photos : int
        How many at most; drawn by the seed.
    seed : int

    Raises
    ------
    DataSetError
        If there is no such folder, no annotation file or none that can be read, or too few usable photos; the message
        says which and what was wrong with most of them.
    """
    root = Path(folder)
    problems: Counter[str] = Counter()
    documents = list(_documents(root))
    categories = _categories(documents)
    entries = [entry for path, document in documents for entry in _entries(root, path, document, categories, problems)]
    entries = _within(entries, photos, seed)
    read = []
    for entry in entries:
        try:
            read.append((entry, *_scene(entry, root, size)))
        except ImageError as error:
            problems[_reason(error)] += 1
    if len(read) < FEWEST or not any(len(objects.single.labels) for _, _, _, objects in read):
        found = "; ".join(f"{count} × {reason}" for reason, count in problems.most_common(3)) or "nothing was wrong"
        message = (
            f"{root} gives {len(read)} usable photos with annotated objects; {FEWEST} are needed, one object among them"
            f" (skipped: {found})"
        )
        raise DataSetError(message)
    train, validation, test, note = _parts([entry.part for entry, *_ in read], seed)
    singles = [each for entry, *_ in read for each in entry.annotations if not each.crowd]
    outlined = any(each.outline is not None for each in singles)
    if outlined:
        without = sum(each.outline is None for each in singles)
        problems.update({"object without an outline, left out of segmentation": without} if without else {})
    return Scenes(
        name=root.resolve().name,
        classes=tuple(categories.values()),
        pixels=np.stack([pixels for _, pixels, _, _ in read]),
        masks=np.stack([mask for _, _, mask, _ in read]),
        objects=tuple(objects for _, _, _, objects in read),
        train=train,
        validation=validation,
        test=test,
        outlined=outlined,
        problems=tuple(problems.most_common()),
        note=note,
    )


def _documents(root: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if not root.is_dir():
        message = f"there is no folder {root}; --data takes shapes or a folder with annotations in COCO's format"
        raise DataSetError(message)
    paths = sorted({*root.glob("*.json"), *root.glob("*/*.json")})
    broken = []
    count = 0
    for path in paths:
        try:
            # NaN and all: an annotation that is wrong is counted later, and does not cost the others.
            document = json.loads(read_regular(path, limit=4 << 30, error=DataSetError))
        except (DataSetError, ValueError, RecursionError) as error:
            broken.append(f"{path.relative_to(root)} cannot be read as JSON: {error}")
            continue
        lists = ("images", "annotations", "categories")
        # Other JSON files (captions, licences) may lie beside the annotations.
        if isinstance(document, dict) and all(isinstance(document.get(name), list) for name in lists):
            count += 1
            yield path, document
        else:
            broken.append(f"{path.relative_to(root)} has no lists {', '.join(lists)}")
    if not count:
        message = (
            f"{root} holds no annotations in COCO's format: a JSON file with images, annotations and categories, in "
            f"it or one folder below; {'; '.join(broken[:3]) or 'there is no JSON file'}"
        )
        raise DataSetError(message)


def _categories(documents: Sequence[tuple[Path, Mapping[str, Any]]]) -> dict[object, str]:
    """Names by identity, of the categories that any annotation uses; the same in all files."""
    names: dict[object, str] = {}
    for path, document in documents:
        used = {_key(each.get("category_id")) for each in document["annotations"] if isinstance(each, dict)}
        for each in document["categories"]:
            identity = _key(each.get("id")) if isinstance(each, dict) else None
            if identity is None or identity not in used:
                continue
            name = str(each.get("name", identity))
            if names.setdefault(identity, name) != name:
                message = f"{path} calls category {identity} {name!r}, another file calls it {names[identity]!r}"
                raise DataSetError(message)
    if not 1 <= len(names) <= MOST_CLASSES:
        message = f"annotations must use 1 to {MOST_CLASSES} of their categories; these use {len(names)}"
        raise DataSetError(message)
    return dict(sorted(names.items(), key=lambda item: (str(type(item[0])), item[0])))


def _key(identity: object) -> object:
    """What identifies a photo or a category: a number or a text."""
    return identity if isinstance(identity, int | str) and not isinstance(identity, bool) else None


def _entries(
    root: Path,
    path: Path,
    document: Mapping[str, Any],
    categories: Mapping[object, str],
    problems: Counter[str],
) -> Iterator[_Entry]:
    labels = {identity: number for number, identity in enumerate(categories, 1)}
    held: dict[object, list[Annotation]] = {}
    known: dict[object, dict[str, Any]] = {}
    for each in document["images"]:
        identity = _key(each.get("id")) if isinstance(each, dict) else None
        if identity is None or not isinstance(each.get("file_name"), str) or not each["file_name"]:
            problems["photo without an id and a file name"] += 1
        elif not all(isinstance(each.get(side), int) and 0 < each[side] < 1 << 16 for side in ("width", "height")):
            problems["photo without its width and height"] += 1
        elif identity in known:
            problems["photo with the id of another"] += 1
        else:
            known[identity], held[identity] = each, []
    for each in document["annotations"]:
        photo = known.get(_key(each.get("image_id"))) if isinstance(each, dict) else None
        if photo is None:
            problems["annotation of a photo that is not listed"] += 1
            continue
        found = checked_annotation(each, labels, photo["width"], photo["height"])
        if isinstance(found, str):
            problems[found] += 1
            continue
        held[_key(each["image_id"])].append(found)
    part = _part_of(path.relative_to(root))
    folders = (path.parent, root, root / "images", root / path.stem.rpartition("_")[2], root / "images" / part)
    for identity, photo in known.items():
        name = photo["file_name"]
        yield _Entry(
            name,
            tuple(dict.fromkeys(folder / name for folder in folders)),
            photo["width"],
            photo["height"],
            part,
            tuple(held[identity]),
        )


def _part_of(path: Path) -> str:
    """``train``, ``test``, or an empty text; ``val`` and ``valid`` are to be judged on."""
    words = re.findall(r"[a-z]+", str(path).lower())
    return next((word for word in words if word in _PARTS), "")


def _within(entries: list[_Entry], photos: int, seed: int) -> list[_Entry]:
    if {"test"} <= {entry.part for entry in entries} and {"val", "valid", "validation"} & {e.part for e in entries}:
        # With both, validation photos are as good to learn from as others, and test alone is judged on.
        entries = [entry if entry.part == "test" else _Entry(**{**vars(entry), "part": "train"}) for entry in entries]
    entries = [_Entry(**{**vars(entry), "part": _PARTS.get(entry.part, "")}) for entry in entries]
    order = np.random.default_rng(seed).permutation(len(entries))
    if {entry.part for entry in entries} == {"train", "test"}:
        test = [place for place in order if entries[place].part == "test"][: parts_of(photos)[1]]
        train = [place for place in order if entries[place].part == "train"][: photos - len(test)]
        order = np.array([*test, *train])
    return [entries[place] for place in order[:photos]]


def _scene(entry: _Entry, root: Path, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Objects]:
    path = _found(entry, root)
    photo = reader.read(path)
    height, width = photo.shape[:2]
    if (width, height) != (entry.width, entry.height):
        message = "its size is not what the annotations say"
        raise ImageError(message)
    scale = size / max(width, height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = np.full((size, size, 3), _GREY, np.uint8)
    small = PillowImage.fromarray(photo).resize((across, down), PillowImage.Resampling.BILINEAR)
    pixels[:down, :across] = np.asarray(small)
    mask = np.full((size, size), IGNORED, np.uint8)
    mask[:down, :across] = painted(entry.annotations, (width, height), (across, down))
    return pixels, mask, _objects(entry.annotations, across / width, down / height)


def _found(entry: _Entry, root: Path) -> Path:
    try:
        path = next((path for path in entry.paths if path.is_file()), None)
    except OSError:  # a name that is too long for the file system
        path = None
    # Annotations are other people's: a name may not lead out of the folder.
    if path is None or not path.resolve().is_relative_to(root.resolve()):
        message = "there is no such file in the folder"
        raise ImageError(message)
    return path


def _objects(annotations: Sequence[Annotation], across: float, down: float) -> Objects:
    boxes = np.array([each.box for each in annotations], np.float64).reshape(-1, 4) * [across, down, across, down]
    return Objects(
        boxes.astype(np.float32),
        np.array([each.label for each in annotations], np.int64),
        np.array([each.crowd for each in annotations], np.bool_),
    )


def _parts(given: Sequence[str], seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], str]:
    order = np.random.default_rng([seed, 1]).permutation(len(given))
    validation, test = parts_of(len(given))
    if {*given} == {"train", "test"}:
        judged = np.array([place for place in order if given[place] == "test"])
        rest = np.array([place for place in order if given[place] == "train"])
        if len(rest) >= 2:
            chosen = min(validation, len(rest) // 2)
            return rest[chosen:], rest[:chosen], judged, "the data say what is judged on; an eighth is chosen on"
    note = f"drawn with seed {seed}: an eighth to choose on, a quarter to judge on"
    return order[validation + test :], order[test : validation + test], order[:test], note


def _reason(error: ImageError) -> str:
    """A reason without the name of the photo, so that reasons can be counted."""
    return f"photo: {str(error).rpartition('cannot be read as a photo: ')[2]}"

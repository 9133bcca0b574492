"""Data sets whose photos come from ImageNet, by the names of their classes: a backbone may have trained on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from facerec.transfer.image_set import ImageSet


@dataclass(frozen=True)
class KnownTarget:
    """A data set that ImageNet contains.

    Attributes
    ----------
    name : str
        For people.
    called : str
        Regular expression for what its folder is called, in lower case without signs.
    classes : frozenset of str
        Names of all its classes, as `_plain` writes them; empty where its classes are WordNet ids anyway.
    source : str
        Where it is said that its photos are ImageNet's.
    """

    name: str
    called: str
    classes: frozenset[str]
    source: str


def _plain(name: str) -> str:
    """Lower case, letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _names(*names: str) -> frozenset[str]:
    return frozenset(_plain(name) for name in names)


_IMAGENETTE = (
    "tench",
    "English springer",
    "cassette player",
    "chain saw",
    "church",
    "French horn",
    "garbage truck",
    "gas pump",
    "golf ball",
    "parachute",
)
_IMAGEWOOF = (
    "Shih-Tzu",
    "Rhodesian ridgeback",
    "Beagle",
    "English foxhound",
    "Border terrier",
    "Australian terrier",
    "Golden retriever",
    "Old English sheepdog",
    "Samoyed",
    "Dingo",
)

KNOWN_TARGETS = (
    KnownTarget("Imagenette", r"imagenette", _names(*_IMAGENETTE), "its README: a subset of 10 classes of ImageNet"),
    KnownTarget("Imagewoof", r"imagewoof", _names(*_IMAGEWOOF), "its README: a subset of 10 breeds of ImageNet"),
    KnownTarget(
        "hymenoptera (ants and bees)",
        r"hymenoptera",
        _names("ants", "bees"),
        "PyTorch's transfer learning tutorial: a very small subset of ImageNet",
    ),
    KnownTarget("Stanford Dogs", r"stanforddogs?", frozenset(), "Khosla et al. 2011: images and boxes from ImageNet"),
    KnownTarget("Tiny ImageNet", r"tinyimagenet", frozenset(), "Stanford CS231n: 200 classes of ImageNet"),
    KnownTarget("Imagenet-100", r"imagenet100", frozenset(), "100 classes of ImageNet"),
    KnownTarget("miniImageNet", r"mini?imagenet", frozenset(), "Vinyals et al. 2016: 100 classes of ImageNet"),
    KnownTarget("tieredImageNet", r"tieredimagenet", frozenset(), "Ren et al. 2018: 608 classes of ImageNet"),
    KnownTarget("ImageNet", r"(imagenet|ilsvrc)", frozenset(), "it is ImageNet itself, or a part of it by its name"),
)
"""What is known, the narrower before the wider."""

_WORDNET_ID = re.compile(r"n\d{8}(?!\d)")


def imagenet_subset(image_set: ImageSet) -> str | None:
    """The known data set, part of ImageNet, that this one is; ``None`` if it is not known to be one.

    Parameters
    ----------
    image_set : ImageSet
        Recognised by its name, its folder's name, its classes, or by classes named by WordNet ids (``n02102040``),
        as only ImageNet and what is taken from it name theirs.

    Returns
    -------
    str or None
        Name and source, for people.

    Notes
    -----
    Two classes called ants and bees are enough: a user who photographed ants and bees is warned too much, which is
    the better mistake. That nothing is recognised is no proof: photos of other sets may lie in ImageNet as well.
    """
    titles = [_plain(name) for name in (image_set.name, image_set.root.resolve().name)]
    classes = frozenset(_plain(name) for name in image_set.classes)
    for known in KNOWN_TARGETS:
        if known.classes == classes or any(re.search(known.called, title) for title in titles):
            return f"{known.name} ({known.source})"
    if _named_by_wordnet(image_set.classes):
        return "classes named by WordNet ids (as only ImageNet and its subsets name theirs)"
    return None


def _named_by_wordnet(classes: Sequence[str]) -> bool:
    return all(_WORDNET_ID.match(name) for name in classes)

"""What may make a result better than it is: photos on both sides of a split, and targets that ImageNet contains."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from facerec.transfer.image_set import ImageSet
from facerec.transfer.photo_index import look_of
from facerec.transfer.splits import Splits


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


_USUAL, _SURE = 0.75, 0.5

NEAR = 4
"""Bits, of 64, in which the hashes of near duplicates differ at most. Unrelated photos differ in 32 on average."""

_PLAIN_BITS = 4
"""A hash with fewer bits set, or all but fewer, is that of a photo without structure; it says nothing."""


@dataclass(frozen=True)
class Leak:
    """Two photos on two sides of a split that are the same, or nearly so.

    Attributes
    ----------
    first, second : str
        Their files.
    sides : (str, str)
        The part that each is in.
    distance : int
        Bits, of 64, in which their perceptual hashes differ; 0 for the same contents.
    """

    first: str
    second: str
    sides: tuple[str, str]
    distance: int


@dataclass(frozen=True)
class Leakage:
    """What was found.

    Attributes
    ----------
    duplicates : tuple of Leak
        Pairs across parts with the same contents.
    near_duplicates : tuple of Leak
        Pairs across parts that look alike and are no duplicates.
    conflicts : tuple of (str, str)
        Files of the same contents and of different classes, in any part.
    imagenet_subset : str or None
        The known data set, part of ImageNet, that the target is.
    """

    duplicates: tuple[Leak, ...]
    near_duplicates: tuple[Leak, ...]
    conflicts: tuple[tuple[str, str], ...]
    imagenet_subset: str | None

    @property
    def warning(self) -> str:
        """What must stand wherever a result is shown, in one line; empty where nothing was found."""
        found = []
        if self.imagenet_subset:
            found.append(
                f"the photos are part of ImageNet: {self.imagenet_subset}; a backbone trained on ImageNet may have "
                "seen them, test photos included, so its accuracy here is no measure of transfer"
            )
        for leaks, what in ((self.duplicates, "with the same contents"), (self.near_duplicates, "that look alike")):
            if leaks:
                found.append(f"{len(leaks)} pairs of photos {what} lie in two parts, the first: {_pair(leaks[0])}")
        if self.conflicts:
            first, second = self.conflicts[0]
            found.append(f"{len(self.conflicts)} photos have two classes, the first: {first} and {second}")
        return "; ".join(found)


def find_leakage(image_set: ImageSet, splits: Splits, *, near: bool = True) -> Leakage:
    """Look for leakage between the parts of a split, and for a target that ImageNet contains.

    Parameters
    ----------
    image_set : ImageSet
    splits : Splits
        Of that set.
    near : bool
        Whether to look for near duplicates, which opens every photo.

    Returns
    -------
    Leakage
        Pairs in the order of the files.

    Raises
    ------
    ImageError
        If a photo has become unreadable since the set was read.
    """
    sides = _sides(len(image_set), splits)
    same = _same_contents(image_set)
    duplicates = [
        Leak(image_set.files[i], image_set.files[j], (sides[i], sides[j]), 0)
        for i, j in same
        if sides[i] and sides[j] and sides[i] != sides[j]
    ]
    conflicts = [
        (image_set.files[i], image_set.files[j]) for i, j in same if image_set.labels[i] != image_set.labels[j]
    ]
    alike = _alike(image_set, sides) if near else []
    return Leakage(tuple(duplicates), tuple(alike), tuple(conflicts), imagenet_subset(image_set))


def _pair(leak: Leak) -> str:
    return f"{leak.first} ({leak.sides[0]}) and {leak.second} ({leak.sides[1]})"


def _sides(count: int, splits: Splits) -> list[str]:
    sides = [""] * count
    for name, indices in (("train", splits.train), ("validation", splits.validation), ("test", splits.test)):
        for index in indices.tolist():
            sides[index] = name
    return sides


def _same_contents(image_set: ImageSet) -> list[tuple[int, int]]:
    """Pairs i < j."""
    copies: dict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(image_set.digests):
        copies[digest].append(index)
    return [(i, j) for same in copies.values() for at, i in enumerate(same) for j in same[at + 1 :]]


def _alike(image_set: ImageSet, sides: list[str]) -> list[Leak]:
    looks = image_set.looks or tuple(look_of(image_set.image(index)) for index in range(len(image_set)))
    hashes = np.array(looks, np.uint64)
    set_bits = _bits(hashes)
    telling = (set_bits >= _PLAIN_BITS) & (set_bits <= 64 - _PLAIN_BITS)
    numbers = np.array([("", "train", "validation", "test").index(side) for side in sides])
    usable = np.flatnonzero(telling & (numbers > 0))
    first, second = (usable[each] for each in near_pairs(hashes[usable]))
    apart = numbers[first] != numbers[second]
    distances = _bits(hashes[first] ^ hashes[second])
    return [
        Leak(image_set.files[i], image_set.files[j], (sides[i], sides[j]), distance)
        for i, j, distance in zip(first[apart].tolist(), second[apart].tolist(), distances[apart].tolist(), strict=True)
        if image_set.digests[i] != image_set.digests[j]
    ]


def known_classes(
    probabilities: NDArray[np.floating], names: Sequence[str], labels: NDArray[np.int64], classes: Sequence[str]
) -> str:
    """Which classes a network takes for one of ImageNet's, by its own answers; empty where it takes none so.

    Parameters
    ----------
    probabilities : ndarray, shape (n, 1000)
        What its own classifier says of some photos.
    names : sequence of str
        Of the classifier's classes.
    labels : ndarray, int64, shape (n,)
        Of the photos.
    classes : sequence of str
        Names of the labels.

    Returns
    -------
    str
        A warning. A class counts where one answer is the likeliest for three quarters of its photos, with a mean
        probability of a half: ants and bees of hymenoptera (.85 and .86 of the photos), but no flower and no texture.
    """
    found = []
    for number, name in enumerate(classes):
        of_class = probabilities[labels == number]
        if not len(of_class):
            continue
        answers = of_class.argmax(axis=1)
        usual = int(np.bincount(answers).argmax())
        share = float((answers == usual).mean())
        if share >= _USUAL and float(of_class[:, usual].mean()) >= _SURE:
            found.append(f"{name} ({names[usual]!r} in {share:.0%} of its photos)")
    if not found:
        return ""
    return (
        f"by the network's own answers {len(found)} of {len(classes)} classes are ImageNet's: {', '.join(found)}; it "
        "may have learned from these photos, so accuracy on them is no measure of transfer"
    )


def near_pairs(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs i < j of hashes that differ in `NEAR` bits or fewer, ordered.

    Parameters
    ----------
    hashes : ndarray, uint64, shape (n,)

    Notes
    -----
    Of `NEAR` + 1 bands of bits at least one is equal in such a pair, so only hashes with an equal band are compared:
    no pair is missed, and of a million unrelated photos some thousandth part of all pairs is looked at (multi-index
    hashing: Norouzi, Punjani and Fleet 2012).

    Examples
    --------
    >>> near_pairs(np.array([0b1111, 0xFFFF_FFFF_FFFF_FFFF, 0b1110], np.uint64))
    (array([0]), array([2]))
    """
    pairs = [np.empty((0, 2), np.int64)]
    edges = np.linspace(0, 64, NEAR + 2).astype(int).tolist()
    for low, high in pairwise(edges):
        keys = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        here = np.arange(len(keys))
        for step in range(1, len(keys)):
            here = here[here + step < len(keys)]
            here = here[keys[here] == keys[here + step]]
            if not len(here):
                break
            found = np.column_stack([order[here], order[here + step]])
            pairs.append(np.sort(found[_bits(hashes[found[:, 0]] ^ hashes[found[:, 1]]) <= NEAR], axis=1))
    first, second = np.unique(np.concatenate(pairs), axis=0).T
    return first, second


def _bits(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bits are set in each."""
    return np.unpackbits(numbers.reshape(-1, 1).view(np.uint8), axis=1).sum(axis=1, dtype=np.int64)

"""Which photos are learned from, chosen on and judged on; and which few of the first make a small training set.

Splits follow from the data and one seed. A part that the data give is kept; classes are cut in the same proportion;
a person is on one side only, because a model that has seen a person recognises the person and not the class. Photos
with the same contents count as one person for that purpose: copies never part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DataSetError
from facerec.transfer.image_set import SUBJECT, ImageSet

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Splits:
    """Three sets of photos that share none.

    Attributes
    ----------
    train, validation, test : ndarray, int64
        Ascending positions in the image set.
    note : str
        For people: how the parts came about.
    """

    train: Indices
    validation: Indices
    test: Indices
    note: str = ""


def split(image_set: ImageSet, *, seed: int, validation: float = 0.2, test: float = 0.25) -> Splits:
    """Cut an image set into train, validation and test, the same way every time.

    Parameters
    ----------
    image_set : ImageSet
        Its given parts are kept. Where a validation part is given and no test part, the given one is the test: it is
        what others report on, so nothing may be chosen on it, and a validation part is cut from train.
    seed : int
        >= 0; other seeds give other cuts of what is not given.
    validation : float
        Share of the photos of train and validation together that go to validation, 0 < share < 1.
    test : float
        Share of all photos that go to test where none is given, 0 < share < 1.

    Returns
    -------
    Splits
        Every class has a photo in every part that was cut. Photos of one ``subject`` (a manifest column), and photos
        of the same contents, are in one part, as far as the given parts allow.

    Raises
    ------
    ArgumentError
        If a share is not between 0 and 1, or `seed` is negative.
    DataSetError
        If a class has too few photos, or too few people, to be in all parts.
        If a person is on both sides of a part that the data give.
    """
    for name, share in (("validation", validation), ("test", test)):
        if not 0 < share < 1:
            message = f"{name} must be a share between 0 and 1; got {share}"
            raise ArgumentError(message)
    if seed < 0:
        message = f"seed must be 0 or more; got {seed}"
        raise ArgumentError(message)
    parts = np.asarray(image_set.parts)
    people = _groups(image_set)
    given = {part: np.flatnonzero(parts == part) for part in ("train", "validation", "test")}
    free = np.flatnonzero(parts == "")
    if len(given["validation"]) and not len(given["test"]):
        given["test"], given["validation"] = given["validation"], free[:0]
        notes = ["the data's validation part is the test"]
    else:
        notes = [f"the data's {part} part" for part in ("validation", "test") if len(given[part])]
    learned = np.sort(np.concatenate([given["train"], free]))
    if absent := sorted(set(range(len(image_set.classes))) - set(image_set.labels[learned].tolist())):
        message = f"{image_set.name}: class {image_set.classes[absent[0]]!r} has no photo to learn from, only to test"
        raise DataSetError(message)
    _refuse_shared_people(image_set, learned, given)
    for part, share in (("test", test), ("validation", validation)):
        if not len(given[part]):
            given[part] = _cut(image_set, learned, people, part=part, share=share, seed=seed)
            learned = np.setdiff1d(learned, given[part])
            notes.append(f"{part} cut from train, {share:.0%} of each class, seed {seed}")
    return Splits(learned, given["validation"], given["test"], "; ".join(notes))


def nested_shots(labels: NDArray[np.int64], indices: Indices, shots: int, *, draw: int) -> Indices:
    """Choose `shots` photos of each class; of one draw, fewer shots are among the more.

    Parameters
    ----------
    labels : ndarray, int64, shape (n,)
        Of the whole image set.
    indices : ndarray, int64
        Where to choose from: positions in `labels`, usually the train part.
    shots : int
        Photos per class, >= 1.
    draw : int
        >= 0; other draws choose others.

    Returns
    -------
    ndarray, int64
        Ascending positions in `labels`.

    Raises
    ------
    ArgumentError
        If `shots` is below 1 or above the number of photos of a class, which is named by its number.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> one, two = (nested_shots(labels, np.arange(6), shots, draw=0) for shots in (1, 2))
    >>> len(one), len(two), set(one) < set(two)
    (2, 4, True)
    """
    if shots < 1:
        message = f"shots must be 1 or more per class; got {shots}"
        raise ArgumentError(message)
    chosen = []
    for label in np.unique(labels[indices]):
        of_class = np.sort(indices[labels[indices] == label])
        if shots > len(of_class):
            message = (
                f"{shots} shots were asked for, but class {label} has {len(of_class)} photos to learn from; "
                f"ask for {len(of_class)} or fewer, or for all"
            )
            raise ArgumentError(message)
        order = np.random.default_rng([draw, int(label)]).permutation(len(of_class))
        chosen.append(of_class[order[:shots]])
    return np.sort(np.concatenate(chosen))


def _groups(image_set: ImageSet) -> Indices:
    """A number per photo; photos that must stay together (one person, or the same contents) share it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(image_set)
    keys = [np.unique(np.asarray(image_set.digests), return_inverse=True)[1]]
    if image_set.people is not None:
        keys.append(image_set.people)
    # A photo is linked to the first photo with the same key; what hangs together is one group.
    links = [np.unique(key, return_index=True)[1][key] for key in keys]
    edges = (np.ones(count * len(keys)), (np.tile(np.arange(count), len(keys)), np.concatenate(links)))
    return connected_components(coo_array(edges, shape=(count, count)), directed=False)[1].astype(np.int64)


def _refuse_shared_people(image_set: ImageSet, learned: Indices, given: dict[str, Indices]) -> None:
    who = image_set.people
    if who is None:
        return
    sides = {"train": learned, "validation": given["validation"], "test": given["test"]}
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        shared = np.intersect1d(who[sides[first]], who[sides[second]])
        if len(shared):
            name = image_set.columns[SUBJECT][int(np.flatnonzero(who == shared[0])[0])].strip()
            message = (
                f"{image_set.name}: {len(shared)} subjects, the first is {name!r}, are in {first} and in "
                f"{second}; a person must be in one part only: correct the split column, or leave it out"
            )
            raise DataSetError(message)


def _cut(image_set: ImageSet, pool: Indices, groups: Indices, *, part: str, share: float, seed: int) -> Indices:
    """Take about `share` of each class out of `pool`, by whole groups, at least one photo and never all."""
    random = np.random.default_rng([seed, ("test", "validation").index(part)])
    taken: set[int] = set()
    kept: set[int] = set()
    labels = image_set.labels
    # The smallest class first: where one person shows several classes, the rarest has the first choice.
    found, counts = np.unique(labels[pool], return_counts=True)
    for label in found[np.argsort(counts, kind="stable")]:
        of_class = pool[labels[pool] == label]
        numbers, sizes = np.unique(groups[of_class], return_counts=True)
        wanted = max(1, round(share * len(of_class)))
        have = int(sizes[[number in taken for number in numbers.tolist()]].sum())
        for position in random.permutation(len(numbers)):
            number, size = int(numbers[position]), int(sizes[position])
            if number in taken or number in kept:
                continue
            left = len(of_class) - have - size
            if (have == 0 or have + size <= wanted + size // 2) and have < wanted and left > 0:
                taken.add(number)
                have += size
            else:
                kept.add(number)
        if have == 0 or have == len(of_class):
            count = f"{len(of_class)} {'photo' if len(of_class) == 1 else 'photos'}"
            together = f" of {len(numbers)} groups (people, or copies of a photo) that must stay together"
            message = (
                f"{image_set.name}: class {image_set.classes[label]!r} has {count}"
                f"{together if len(numbers) < len(of_class) else ''} to cut a {part} part from, too few; a class needs "
                "3 or more in all: add photos, ask for another share, or leave the class out"
            )
            raise DataSetError(message)
    return np.sort(pool[np.isin(groups[pool], sorted(taken))])

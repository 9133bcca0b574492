"""Which photos a cell learns from, chooses on and is judged on.

The test part is the same in every cell, so that methods are compared photo by photo. The seed of a cell draws
everything else: which photos are held back for validation (where the data do not say), and which few of each class are
learned from. With k shots, at most k photos per class are chosen on, too: a choice on hundreds of labelled photos would
make few shots look better than they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell
from facerec.transfer.image_set import ImageSet
from facerec.transfer.splits import Splits, nested_shots, split

SPLIT_SEED = 0
"""Cuts the test part where the data give none; the same in all runs, so that they can be compared."""

VALIDATION = 0.2
"""Share of the photos to learn from that are held back to choose on, where the data do not say."""


class Draws:
    """The draws of one image set.

    Parameters
    ----------
    image_set : ImageSet
    test : float
        Share of the photos that is the test part where the data give none, 0 < share < 1.

    Attributes
    ----------
    splits : Splits
        The test part of all draws, and the others as the data give them or `SPLIT_SEED` cuts them.
    """

    def __init__(self, image_set: ImageSet, *, test: float) -> None:
        self.splits = split(image_set, seed=SPLIT_SEED, validation=VALIDATION, test=test)
        self._image_set = image_set
        self._by_seed: dict[int, Splits] = {}

    def of(self, cell: Cell) -> Splits:
        """The photos of a cell."""
        whole = self._whole(cell.seed)
        if cell.shots is None:
            return whole
        labels = self._image_set.labels
        smallest = int(np.unique(labels[whole.validation], return_counts=True)[1].min())
        return Splits(
            nested_shots(labels, whole.train, cell.shots, draw=cell.seed),
            nested_shots(labels, whole.validation, min(cell.shots, smallest), draw=cell.seed),
            whole.test,
            whole.note,
        )

    def smallest_class(self, seeds: int) -> tuple[int, int]:
        """How many photos there are to learn from in the class that has fewest, in any draw of so many seeds; which."""
        classes = len(self._image_set.classes)
        labels = self._image_set.labels
        counts = np.min([np.bincount(labels[self._whole(seed).train], minlength=classes) for seed in range(seeds)], 0)
        return int(counts.min()), int(counts.argmin())

    def check_shots(self, shots: int | None, seeds: int) -> None:
        """Refuse a number of shots that a class is too small for, in any draw of so many seeds.

        Raises
        ------
        ArgumentError
            The message names the class.
        """
        if shots is None:
            return
        most, smallest = self.smallest_class(seeds)
        if shots > most:
            message = (
                f"{shots} shots were asked for, but class {self._image_set.classes[smallest]!r} has {most} photos to "
                f"learn from; ask for {most} or fewer, or for all"
            )
            raise ArgumentError(message)

    def _whole(self, seed: int) -> Splits:
        """The parts before shots are drawn: the test part is the same for all seeds."""
        if seed not in self._by_seed:
            base = self.splits
            parts = np.full(len(self._image_set), "train", object)
            parts[base.test] = "test"
            given = np.asarray(self._image_set.parts)
            if (given[base.validation] == "validation").all():
                parts[base.validation] = "validation"
            fixed = replace(self._image_set, parts=tuple(parts.tolist()))
            again = split(fixed, seed=seed, validation=VALIDATION)
            self._by_seed[seed] = Splits(again.train, again.validation, base.test, base.note)
        return self._by_seed[seed]

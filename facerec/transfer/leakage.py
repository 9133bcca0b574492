"""What may make a result better than it is: photos on both sides of a split, and targets that ImageNet contains."""

from __future__ import annotations

from dataclasses import dataclass

from facerec.transfer.image_set import ImageSet
from facerec.transfer.splits import Splits


@dataclass(frozen=True)
class Leak:
    """Two photos on two sides of a split that are the same, or nearly so.

    Attributes
    ----------
    first, second : str
        Their files.
    sides : tuple of str
        The part that each is in.
    distance : int
        Bits, of 64, in which their perceptual hashes differ; 0 for the same file contents.
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
        Pairs across splits with the same contents.
    near_duplicates : tuple of Leak
        Pairs across splits that look alike.
    conflicts : tuple of tuple of str
        Files of the same contents and different classes.
    imagenet_subset : str or None
        The known data set, part of ImageNet, that the target is.
    """

    duplicates: tuple[Leak, ...]
    near_duplicates: tuple[Leak, ...]
    conflicts: tuple[tuple[str, str], ...]
    imagenet_subset: str | None

    @property
    def warning(self) -> str:
        """What must stand wherever a result is shown; empty where nothing was found."""
        raise NotImplementedError


def find_leakage(image_set: ImageSet, splits: Splits, *, near: bool = True) -> Leakage:
    """Look for leakage between the parts of a split, and for a target that ImageNet contains."""
    raise NotImplementedError

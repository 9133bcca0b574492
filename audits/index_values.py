"""What an index of differences is worth, and all indices of one grouping side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from facerec.errors import ArgumentError
from facerec.types import Interval


@dataclass(frozen=True)
class Index:
    """A number that sums up how much rates differ between groups, with its interval.

    Attributes
    ----------
    name : str
        Such as ``max_min_ratio``; the names are those of ``audits.disparity``.
    value : float
        NaN where it is not defined, for a reason that `note` gives; inf where a ratio has a zero below.
    interval : Interval
        NaN on both ends where nothing can be said.
    fair : float
        The value where all groups are alike.
    note : str
        What a reader must know of this number, such as which group has no errors; empty if nothing.
    """

    name: str
    value: float
    interval: Interval
    fair: float
    note: str = ""


@dataclass(frozen=True)
class Disparity:
    """Every index of one grouping, side by side, because none of them alone is to be trusted.

    Attributes
    ----------
    fmr, fnmr : tuple of Index
        Of either rate alone.
    combined : tuple of Index
        Of both rates together: GARBE, FDR and the inequity rate.
    unmeasured : tuple of (group, rate name)
        The groups whose rate had no trials; they enter no index, and are listed here so that nobody forgets them.
    warnings : tuple of str
        Where indices disagree about which rate differs more, or rest on too few errors.
    """

    fmr: tuple[Index, ...]
    fnmr: tuple[Index, ...]
    combined: tuple[Index, ...]
    unmeasured: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def index(self, rate: Literal["fmr", "fnmr", "combined"], name: str) -> Index:
        """The index of that name.

        Raises
        ------
        ArgumentError
            If there is no index of that name.
        """
        indices: dict[str, tuple[Index, ...]] = {"fmr": self.fmr, "fnmr": self.fnmr, "combined": self.combined}
        for index in indices[rate]:
            if index.name == name:
                return index
        message = f"there is no index {name!r} of {rate}; there are {', '.join(i.name for i in indices[rate])}"
        raise ArgumentError(message)

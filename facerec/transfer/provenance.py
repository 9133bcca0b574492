"""Which network a result was made with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provenance:
    """Which network was used.

    Attributes
    ----------
    name : str
    weights_sha256 : str or None
        None: random weights.
    preprocessing : str
        How photos became its input.
    parameters, macs : int
        Of the trunk; multiply-adds for one photo.
    size : int
        Side of the input in pixels.
    """

    name: str
    weights_sha256: str | None
    preprocessing: str
    parameters: int
    macs: int
    size: int

"""Whether eyes and mouth can be seen: masks, dark glasses, hands and scarves hide them.

Two rules on oriented gradients of the chip, each over its own part of it: networks with one hidden layer of eight. They
were learned from chips of FairFace (CC BY 4.0), some of them covered by made shapes with made textures
(``data/quality/covers.py``, which writes ``covers.json`` beside this file). Gradients are taken of grey levels and
divided by their mean over the face, so that the colour of skin, cloth and light does not count.

References
----------
Dalal & Triggs (2005), Histograms of oriented gradients for human detection, CVPR.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.types import Chips

Part: TypeAlias = Literal["eyes", "mouth"]

_POOL, _CELL, _CELLS, _BINS = 2, 7, 8, 8  # 112 pixels = 2 · 7 · 8
_FAINT = 1e-3  # grey levels: what a picture without any edge is divided by

ROWS: MappingProxyType[Part, slice] = MappingProxyType({"eyes": slice(1, 6), "mouth": slice(3, 8)})
"""The rows of cells, of 8 from top to bottom, that each rule looks at."""


def gradients(chips: Chips) -> NDArray[np.float32]:
    """Oriented gradients of chips of 112 pixels, float32 (n, 8, 8, 8): rows and columns of cells, directions.

    Each is the square root of a mean magnitude over a cell of 14 pixels, as a share of the mean over the inner cells.
    """
    n = len(chips)
    side = _CELL * _CELLS
    grey = chips.reshape(n, side, _POOL, side, _POOL * 3).mean(axis=(2, 4), dtype=np.float32)
    grey = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across, down = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2], grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    magnitude = np.hypot(across, down)
    # A direction lies between two bins and counts for both.
    direction = np.arctan2(down, across) % np.pi * np.float32(_BINS / np.pi)
    lower = np.floor(direction)
    share = direction - lower
    rows = np.arange(side) // _CELL
    cell = (np.arange(n)[:, None, None] * _CELLS + rows[:, None]) * _CELLS + rows
    count = n * _CELLS * _CELLS * _BINS
    sums = np.zeros(count)
    for number, weight in ((lower, magnitude * (1 - share)), (lower + 1, magnitude * share)):
        places = cell * _BINS + number.astype(np.intp) % _BINS
        sums += np.bincount(places.ravel(), weight.ravel(), minlength=count)
    cells = sums.reshape(n, _CELLS, _CELLS, _BINS) / _CELL**2
    inner = cells.sum(axis=3)[:, 1:-1, 1:-1].mean(axis=(1, 2))
    return np.asarray(np.sqrt(cells / (inner[:, None, None, None] + _FAINT)), np.float32)


@dataclass(frozen=True)
class Rule:
    """Log odds of `count` numbers: `weights` (count, hidden), `constants` (hidden,), `outer` (hidden,), `constant`."""

    weights: NDArray[np.float32]
    constants: NDArray[np.float32]
    outer: NDArray[np.float32]
    constant: float

    def __call__(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of n rows of numbers, (n,)."""
        hidden = np.maximum(numbers @ self.weights + self.constants, 0)
        return hidden @ self.outer + np.float32(self.constant)


@cache
def _rule(part: Part) -> Rule:
    rule = json.loads(Path(__file__).with_name("covers.json").read_text(encoding="utf-8"))[part]
    weights, constants, outer = (np.array(rule[name], np.float32) for name in ("weights", "constants", "outer"))
    return Rule(weights, constants, outer, float(rule["constant"]))


def seen(part: Part, cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """How clearly eyes, or mouth with nose and chin, can be seen, (n,): log odds, positive where they rather can.

    `cells` are the `gradients` of n chips.
    """
    rule = _rule(part)
    return rule(cells[:, ROWS[part]].reshape(len(cells), len(rule.weights)))

"""Photos made smaller bit for bit as torch does it, in numpy.

torch shrinks whole-numbered pixels with a triangle as wide as the step between pixels, in weights of 16 bits, first
along rows and then along columns. All sums are whole numbers below 2²⁴, so products of float32 matrices give them
exactly, in whatever order they add. A test holds the two together.

Pillow's are 22 bits wide, and one pixel in seven hundred differs by one: enough to move a box by a hundredth of a pixel
in the median, and by several where it turns a proposal away.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLOCK = 32  # outputs whose inputs are multiplied together: most of a block's matrix are zeros, more in larger ones
# Rows of a product: so few that numpy's library does not share it out among threads, which on a busy machine wait for
# each other seven times as long as they work (OpenBLAS does from 2¹⁸ multiplications on).
_ROWS = 48
_MOST_BITS = 22
_WEIGHT_BITS = 15


class _Block(NamedTuple):
    """Some outputs of an axis, the inputs that they are made of, and the matrix (inputs, outputs) between the two."""

    outputs: slice
    inputs: slice
    matrix: NDArray[np.float32]


def shrunk(planes: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Planes of colour, uint8 (3, h, w), at another size of at most four times fewer pixels along a side.

    As ``torch.nn.functional.interpolate(mode="bilinear", antialias=True)``; an axis that stays is left as it is.
    """
    if planes.shape[2] != width:
        planes = _shortened(planes, width)
    if planes.shape[1] != height:
        planes = _shortened(planes.transpose(0, 2, 1), height).transpose(0, 2, 1)
    return np.ascontiguousarray(planes)


def _shortened(planes: NDArray[np.uint8], outputs: int) -> NDArray[np.uint8]:
    """As `shrunk`, along the last axis."""
    rows = planes.reshape(-1, planes.shape[2])
    whole = len(rows) // _ROWS * _ROWS
    out = np.empty((len(rows), outputs), np.uint8)
    blocks, bits = _blocks(planes.shape[2], outputs)
    for block in blocks:
        inputs = rows[:, block.inputs].astype(np.float32)
        sums = np.empty((len(rows), block.matrix.shape[1]), np.float32)
        few, several = (each[:whole].reshape(whole // _ROWS, _ROWS, each.shape[1]) for each in (inputs, sums))
        np.matmul(few, block.matrix, out=several)
        np.matmul(inputs[whole:], block.matrix, out=sums[whole:])
        out[:, block.outputs] = _rounded(sums, bits)
    return out.reshape(*planes.shape[:2], outputs)


def _rounded(sums: NDArray[np.float32], bits: int) -> NDArray[np.float32]:
    sums += np.float32(2 ** (bits - 1))
    sums *= np.float32(2**-bits)  # a power of two: exact; what is cut off is cut by the conversion to whole numbers
    return np.minimum(sums, np.float32(255), out=sums)


@lru_cache(maxsize=64)
def _blocks(size: int, outputs: int) -> tuple[tuple[_Block, ...], int]:
    """The matrices from `size` pixels to `outputs` of them, and of how many bits their weights are."""
    first, weights, bits = _weights(size, outputs)
    taps = np.arange(weights.shape[1])
    blocks = []
    for start in range(0, outputs, _BLOCK):
        own = slice(start, min(start + _BLOCK, outputs))
        left = int(first[own].min())
        right = min(int(first[own].max()) + weights.shape[1], size)
        matrix = np.zeros((right - left + weights.shape[1], own.stop - own.start), np.float32)
        matrix[(first[own, None] - left + taps).T, np.arange(matrix.shape[1])] = weights[own].T
        blocks.append(_Block(own, slice(left, right), np.ascontiguousarray(matrix[: right - left])))
    return tuple(blocks), bits


def _weights(size: int, outputs: int) -> tuple[NDArray[np.intp], NDArray[np.int64], int]:
    """The first input of each output, the weights (outputs, taps) in whole numbers, and their bits."""
    scale = size / outputs
    width = max(scale, 1.0)
    centre = scale * (np.arange(outputs) + 0.5)
    first = np.maximum((centre - width + 0.5).astype(np.intp), 0)
    count = np.minimum((centre + width + 0.5).astype(np.intp), size) - first
    taps = np.arange(count.max())
    distance = np.abs((taps + first[:, None] - centre[:, None] + 0.5) / width)
    weights = np.where(taps < count[:, None], np.maximum(1 - distance, 0), 0)
    weights /= np.add.accumulate(weights, axis=1)[:, -1:]
    bits = 0
    while bits < _MOST_BITS and int(0.5 + weights.max() * 2 ** (bits + 1)) < 1 << _WEIGHT_BITS:
        bits += 1
    return first, (weights * 2**bits + 0.5).astype(np.int64), bits

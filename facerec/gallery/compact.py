"""Rows of 16 bits for the search index: half the memory, read at a quarter, and still the exact result.

A row x is kept as whole numbers x ≈ s·q, -32767 ≤ q ≤ 32767, one float32 s for each row, and the two bytes of q stand
in two arrays. A search narrows down in three steps, and each can only leave out whom the next cannot bring back:

1. All high bytes are multiplied with the probe, in whole numbers, so without rounding. By Cauchy and Schwarz a score
   is off by at most ‖p‖·‖x - x̂‖, and that length was measured when the row was added.
2. Rows that might be among the best are scored with both bytes: a hundred times as close.
3. What is left, a few rows, is fetched from the store as it is there, and scored by ``facerec.similarity``.

The lowest bits of a probe cost nothing, because the product takes several columns in the time of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from facerec.errors import ArgumentError, DamagedGalleryError
from facerec.extras import onnx_runtime
from facerec.similarity import cosines

if TYPE_CHECKING:
    import onnxruntime

Exact: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""The vectors (m, d) of the samples of these numbers (m,), in that order, as they were added."""

SEGMENT_ROWS = 32_768
SLICE_ROWS = 8192  # multiplied at once
# A block is every 512th row of a slice: maxima of whole arrays, which are far faster than those of short runs.
SLICE_BLOCKS = 512
_SLICES = SEGMENT_ROWS // SLICE_ROWS
SEGMENT_BLOCKS = SLICE_BLOCKS * _SLICES

_LARGEST = 32_767
_CENTRE = 32_768 - 127.5  # of 256·high, so that the missing low byte is off by 127.5 at most, either way
_LONGEST = 1.01  # of a vector; those of a gallery have length 1 ± .001
# Double precision is off by d·2⁻⁵², and a final score is rounded by 5e-8; peaks are kept in float32, off by 6e-8.
_SLACK = 3e-7
# A probe is rounded to 14 bits in two columns, b = 128·b₀ + b₁. None is beyond ±64: processors without an instruction
# for the whole product add two products, of 255 · 64 at most, in 16 bits, and cut off what is larger.
_PROBE_LARGEST = 8191
_FIRST_BLOCKS = 16  # scored by both bytes before the others, to know what is worth a look
_BLOCKS_AT_ONCE = 512
_FETCHED_AT_ONCE = 1024


class Probes(NamedTuple):
    """Probes (q, d) as they are multiplied: p ≈ unit · b, b = 128 · b₀ + b₁; `columns` (d, 2q), int8, all b₀ first."""

    columns: NDArray[np.int8]
    unit: NDArray[np.float64]
    sums: NDArray[np.float64]  # Σ b
    lengths: NDArray[np.float64]  # ‖unit · b‖
    errors: NDArray[np.float64]  # ‖p - unit · b‖


class Segment:
    """A fixed number of rows; `count` of them are in use, and all others are zeros."""

    def __init__(self, dimension: int) -> None:
        self.high = np.zeros((SEGMENT_ROWS, dimension), np.uint8)
        self.low = np.zeros((SEGMENT_ROWS, dimension), np.uint8)
        self.scales = np.zeros(SEGMENT_ROWS, np.float32)
        self.errors = np.zeros(SEGMENT_ROWS, np.float32)  # ‖x - x̂‖, of the high bytes alone
        self.numbers = np.zeros(SEGMENT_ROWS, np.int64)
        self.people = np.zeros(SEGMENT_ROWS, np.int64)
        self.expires = np.zeros(SEGMENT_ROWS, np.int32)
        self.count = 0

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """All that is kept of the rows."""
        return self.high, self.low, self.scales, self.errors, self.numbers, self.people, self.expires

    def put(
        self,
        rows: slice,
        vectors: NDArray[np.float32],
        people: NDArray[np.int64],
        expires: NDArray[np.int32],
        numbers: NDArray[np.int64],
    ) -> None:
        """Write these rows."""
        high, low, scales = quantized(vectors)
        self.errors[rows] = _high_errors(vectors, high, scales)
        self.high[rows], self.low[rows], self.scales[rows] = high, low, scales
        self.people[rows], self.expires[rows], self.numbers[rows] = people, expires, numbers


def check_lengths(vectors: NDArray[np.float32]) -> None:
    """`ArgumentError` if a vector of (n, d) is longer than 1, or not finite: the bounds would not hold for it."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    wrong = ~(lengths <= _LONGEST)  # NaN is not
    if wrong.any():
        row = int(wrong.argmax())
        message = f"rows of 16 bits are for vectors of length 1; row {row} has the length {lengths[row]:.4g}"
        raise ArgumentError(message)


def quantized(
    vectors: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """High and low bytes (n, d) of 32,768 + q, and the scale (n,) of each row."""
    wide = vectors.astype(np.float64)
    scales = (np.abs(wide).max(axis=1, initial=0.0) / _LARGEST).astype(np.float32)
    # A scale that is zero, or has lost its digits, belongs to a row so short that the slack covers all of it.
    wide /= np.where(scales > 0, scales, 1)[:, None]
    with np.errstate(invalid="ignore"):  # what a store gives back may be anything
        whole = np.clip(np.rint(wide), -_LARGEST, _LARGEST).astype(np.int32) + 32_768
    return (whole >> 8).astype(np.uint8), (whole & 0xFF).astype(np.uint8), scales


def _high_errors(
    vectors: NDArray[np.float32], high: NDArray[np.uint8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """‖x - x̂‖ of each row, rounded up."""
    residuals = vectors - (256.0 * high - _CENTRE) * scales[:, None].astype(np.float64)
    lengths = np.sqrt(np.einsum("nd,nd->n", residuals, residuals))
    return np.nextafter((lengths * (1 + 1e-7)).astype(np.float32), np.float32(np.inf))


def prepared(probes: NDArray[np.float32]) -> Probes:
    """Probes (q, d) for the product."""
    wide = probes.astype(np.float64)
    unit = np.abs(wide).max(axis=1, initial=0.0) / _PROBE_LARGEST
    unit[unit == 0] = 1
    whole = np.rint(wide / unit[:, None])
    first = np.floor((whole + 64) / 128)
    columns = np.concatenate([first, whole - 128 * first]).astype(np.int8)
    rounded = whole * unit[:, None]
    return Probes(
        np.ascontiguousarray(columns.T),
        unit,
        whole.sum(axis=1),
        np.linalg.norm(rounded, axis=1),
        np.linalg.norm(wide - rounded, axis=1),
    )


def block_peaks(segment: Segment, probes: Probes, today: int) -> NDArray[np.float32]:
    """What no row of a block scores above, (q, `SEGMENT_BLOCKS`); -inf where all have expired or none is in use."""
    count = len(probes.unit)
    peaks = np.full((count, SEGMENT_BLOCKS), -np.inf, np.float32)
    for number in range(-(-segment.count // SLICE_ROWS)):
        start = number * SLICE_ROWS
        rows = slice(start, start + SLICE_ROWS)
        product = _multiply(segment.high[rows], probes.columns)
        # In units of the row's scale times 256 times the probe's unit.
        bounds = product[:, :count] * 128.0
        bounds += product[:, count:]
        bounds -= probes.sums * (_CENTRE / 256)
        bounds *= segment.scales[rows, None]
        bounds += segment.errors[rows, None] * (probes.lengths / (256 * probes.unit))
        bounds[segment.count - start :] = -np.inf
        if segment.expires[start : min(start + SLICE_ROWS, segment.count)].min() < today:
            bounds[segment.expires[rows] < today] = -np.inf
        highest = bounds.reshape(SLICE_ROWS // SLICE_BLOCKS, SLICE_BLOCKS, count).max(axis=0)
        highest *= 256 * probes.unit
        highest += probes.errors * _LONGEST + _SLACK
        peaks[:, number * SLICE_BLOCKS : (number + 1) * SLICE_BLOCKS] = highest.T
    return peaks


class _Rows(NamedTuple):
    """Rows with what their scores are between, wherever in the index they stand."""

    segments: NDArray[np.int64]
    rows: NDArray[np.int64]
    numbers: NDArray[np.int64]
    people: NDArray[np.int64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]

    def where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> _Rows:
        return _Rows(
            self.segments[kept],
            self.rows[kept],
            self.numbers[kept],
            self.people[kept],
            self.least[kept],
            self.most[kept],
        )


def scores_by_person(
    segments: Sequence[Segment],
    probe: NDArray[np.float32],
    peaks: NDArray[np.float32],
    *,
    top: int,
    today: int,
    exact: Exact,
) -> dict[int, float]:
    """Score by person, of the `top` best people and of those who tie with the last of them, perhaps of others too.

    `peaks` (blocks,) are those of `block_peaks`, one segment behind the other.
    """
    if not len(peaks):
        return {}
    first = np.argpartition(-peaks, min(_FIRST_BLOCKS, len(peaks) - 1))[:_FIRST_BLOCKS]
    candidates = _in_blocks(segments, first, probe, today)
    candidates, floor = _possible(candidates, top)
    others = np.setdiff1d(np.flatnonzero((peaks >= floor) & (peaks > -np.inf)), first, assume_unique=True)
    parts = [candidates]
    for start in range(0, len(others), _BLOCKS_AT_ONCE):
        part = _in_blocks(segments, others[start : start + _BLOCKS_AT_ONCE], probe, today)
        parts.append(part.where(part.most >= floor))
    candidates, _ = _possible(_joined(parts), top)
    return _exact_scores(segments, candidates, probe, top, exact)


def _in_blocks(segments: Sequence[Segment], blocks: NDArray[np.int64], probe: NDArray[np.float32], today: int) -> _Rows:
    """The rows of these blocks that have not expired, scored with both bytes."""
    gathered = []
    for number in np.unique(blocks // SEGMENT_BLOCKS).tolist():
        segment, own = segments[number], blocks[blocks // SEGMENT_BLOCKS == number] % SEGMENT_BLOCKS
        starts = own // SLICE_BLOCKS * SLICE_ROWS + own % SLICE_BLOCKS
        rows = (starts[:, None] + np.arange(0, SLICE_ROWS, SLICE_BLOCKS)).ravel()
        rows = rows[(rows < segment.count) & (segment.expires[rows] >= today)]
        kept = (segment.numbers, segment.people, segment.high, segment.low, segment.scales)
        gathered.append((np.full(len(rows), number), rows, *(column[rows] for column in kept)))
    numbers, rows, samples, people, high, low, scales = map(np.concatenate, zip(*gathered, strict=True))
    whole = high.astype(np.float64)
    whole *= 256
    whole += low
    whole -= 32_768
    wide = probe.astype(np.float64)
    scores = (whole @ wide) * scales
    rounding = 0.5 * np.sqrt(len(probe)) * np.linalg.norm(wide) * (1 + 1e-6)
    errors = scales * rounding + _SLACK
    # Clipped as final scores are: above 1 they tie.
    least, most = np.clip(scores - errors, -1, 1), np.clip(scores + errors, -1, 1)
    return _Rows(numbers, rows, samples, people, least, most)


def _joined(parts: Sequence[_Rows]) -> _Rows:
    segments, rows, numbers, people, least, most = map(np.concatenate, zip(*parts, strict=True))
    return _Rows(segments, rows, numbers, people, least, most)


def _possible(rows: _Rows, top: int) -> tuple[_Rows, float]:
    """The rows that may decide who the `top` people are, or their scores; and what the last of them scores at least."""
    people, whose = np.unique(rows.people, return_inverse=True)
    least = np.full(len(people), -np.inf)
    np.maximum.at(least, whose, rows.least)
    floor = float(np.partition(least, -top)[-top]) if len(people) >= top else -np.inf
    return rows.where(rows.most >= np.maximum(floor, least[whose])), floor


def _exact_scores(
    segments: Sequence[Segment], rows: _Rows, probe: NDArray[np.float32], top: int, exact: Exact
) -> dict[int, float]:
    """The final score of each person of these rows who may be among the `top`; the likeliest are fetched first."""
    rows = rows.where(np.argsort(-rows.most, kind="stable"))
    best: dict[int, float] = {}
    floor = -np.inf
    for start in range(0, len(rows.rows), _FETCHED_AT_ONCE):
        part = rows.where(np.arange(start, min(start + _FETCHED_AT_ONCE, len(rows.rows))))
        if part.most[0] < floor:
            break
        scores = cosines(_fetched(segments, part, len(probe), exact), probe)
        for person, score in zip(part.people.tolist(), scores.tolist(), strict=True):
            best[person] = max(best.get(person, -np.inf), score)
        if len(best) >= top:
            floor = sorted(best.values(), reverse=True)[top - 1]
    return best


def _fetched(segments: Sequence[Segment], rows: _Rows, dimension: int, exact: Exact) -> NDArray[np.float32]:
    """The exact vectors of these rows (m, d), held against what is kept of them: the bounds hold for no others."""
    vectors = np.asarray(exact(rows.numbers))
    if vectors.shape != (len(rows.numbers), dimension) or vectors.dtype != np.float32:
        message = (
            f"exact(numbers) must give float32 vectors of shape {(len(rows.numbers), dimension)}, one for each sample; "
            f"got {vectors.dtype} of shape {vectors.shape}"
        )
        raise ArgumentError(message)
    other = np.zeros(len(vectors), np.bool_)
    high, low, scales = quantized(vectors)
    for number in np.unique(rows.segments).tolist():
        here, segment = rows.segments == number, segments[number]
        places = rows.rows[here]
        other[here] = (
            (segment.high[places] != high[here]).any(axis=1)
            | (segment.low[places] != low[here]).any(axis=1)
            | (segment.scales[places] != scales[here])
        )
    if other.any():
        named = ", ".join(map(str, rows.numbers[other][:5].tolist()))
        message = (
            f"the vectors of {other.sum():,} samples ({named}) are not those that were loaded for the search: "
            "the store changed behind it, or is damaged. Open the gallery anew; if it is the same then, run "
            "`facerec gallery check`"
        )
        raise DamagedGalleryError(message)
    return vectors


def _multiply(high: NDArray[np.uint8], columns: NDArray[np.int8]) -> NDArray[np.int32]:
    """``high @ columns``, (n, 2q), exactly; any number of threads at once."""
    (product,) = integer_product().run(None, {"rows": high, "columns": columns})
    return product


@cache
def integer_product() -> onnxruntime.InferenceSession:
    """ONNX Runtime's product of bytes, on one thread; `MissingExtraError` where it is not installed.

    NumPy has none but a loop, forty times slower; processors have an instruction for it.
    """
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # scores do not outlive the search
    return runtime.InferenceSession(product_graph(), options, providers=["CPUExecutionProvider"])


def product_graph() -> bytes:
    """An ONNX model of one node, MatMulInteger: rows (n, d) uint8, columns (d, k) int8, product (n, k) int32.

    Written out, as the package onnx is not needed for anything else here. The field numbers are those of onnx.proto.
    """
    node = (
        b"".join(_field(1, name) for name in (b"rows", b"columns"))
        + _field(2, b"product")
        + _field(4, b"MatMulInteger")
    )
    inputs = _field(11, _tensor(b"rows", 2, b"nd")) + _field(11, _tensor(b"columns", 3, b"dk"))
    graph = _field(1, node) + _field(2, b"product") + inputs + _field(12, _tensor(b"product", 6, b"nk"))
    ir_version, opset = b"\x08\x08", _field(8, b"\x10\x0d")  # 8; 13
    return ir_version + _field(7, graph) + opset


def _tensor(name: bytes, element: int, axes: bytes) -> bytes:
    shape = b"".join(_field(1, _field(2, bytes([axis]))) for axis in axes)
    return _field(1, name) + _field(2, _field(1, bytes([0x08, element]) + _field(2, shape)))


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes in protobuf; its length fits two digits of base 128."""
    length = len(content)
    return bytes([number << 3 | 2, *([length] if length < 128 else [length & 127 | 128, length >> 7])]) + content

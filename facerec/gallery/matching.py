"""Exact nearest people: every vector in memory, every score computed, none approximated.

The rates that operating points promise (FPIR, FNIR) mean something only if the search, of 10⁴ to 10⁶ vectors, finds the
true maximum. One probe costs one pass of the vectors through memory; the rest must cost nearly nothing:

- Vectors stand in segments of a fixed number of rows. Growing adds a segment and copies nothing, so memory never
  doubles, and untouched rows of the last segment cost no memory.
- A few cores read different segments at once, and wait for one another once per search.
- A pass keeps only the maximum of each block of rows, not N scores per probe. The blocks are then visited from the
  best maximum down, until the next one cannot change the answer.
- The visited rows are scored again by ``facerec.similarity``. The float32 product depends in its last bits on where a
  row stands and on how many threads multiply; the final scores, and so ties and thresholds, do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from facerec.device import cores
from facerec.errors import ArgumentError
from facerec.gallery import compact
from facerec.similarity import cosines

NEVER = np.iinfo(np.int32).max
"""The expiry day of people who do not expire."""

_SEGMENT_ROWS = 8192  # 4 MiB at 128 dimensions: large enough for the matrix product, small enough to waste
_BLOCK_ROWS = 128
_BLOCKS_PER_SEGMENT = _SEGMENT_ROWS // _BLOCK_ROWS
_PROBES_AT_ONCE = 64
_FEW_PROBES = 8
_MANY_PROBES = 256  # a core's, where there are so many; their scores with so many rows stay in its cache:
_ROWS_AT_ONCE = 1024
_BLOCKS_AT_FIRST, _BLOCKS_AT_ONCE = 3, 64  # that are visited together, besides one for each of the best
_MOST_CORES = 4  # more do not read memory faster
_SLAB_NUMBERS = 8192  # OpenBLAS takes one thread for a matrix of up to 9,216 numbers


class Hit(NamedTuple):
    """A person, and the score of the most alike of that person's samples."""

    person: int
    score: float


class _Segment:
    """A fixed number of rows; `count` of them are in use. What is used of it, `compact.Segment` has too."""

    def __init__(self, dimension: int) -> None:
        # Zeros, not empty: unused rows take part in the products (not in the results, which end at `count`), and
        # still cost no memory until they are written.
        self.vectors = np.zeros((_SEGMENT_ROWS, dimension), np.float32)
        self.people = np.zeros(_SEGMENT_ROWS, np.int64)
        self.expires = np.zeros(_SEGMENT_ROWS, np.int32)
        self.count = 0

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """All that is kept of the rows."""
        return self.vectors, self.people, self.expires

    def put(
        self,
        rows: slice,
        vectors: NDArray[np.float32],
        people: NDArray[np.int64],
        expires: NDArray[np.int32],
        numbers: NDArray[np.int64],  # noqa: ARG002 - whoever has the vectors need not fetch them
    ) -> None:
        """Write these rows."""
        self.vectors[rows], self.people[rows], self.expires[rows] = vectors, people, expires


class SearchIndex:
    """Vectors of people, of length d = `dimension`, searched exactly.

    Parameters
    ----------
    dimension : int
        Numbers in a vector.
    exact : callable, optional
        From the numbers of samples, int64 (m,), to their vectors as they were added, float32 (m, d), in that order.
        With it the index keeps rows of 16 bits, about half the bytes, and fetches the few vectors that decide. People,
        scores and order are the same. It is called in `search`, by the thread that searches, for a handful of samples
        a probe; for as many as there are equal vectors, if the best are equal.

    Raises
    ------
    MissingExtraError
        If rows of 16 bits are asked for, and ONNX Runtime is not installed.

    Notes
    -----
    Rows of 16 bits pay where memory does, from some hundred thousand vectors of 128 numbers on (284 bytes each in
    place of 524). One probe among a million then takes about two thirds of the time, where a fetch takes well below a
    millisecond; many probes at once take up to half as long again. Below that the search is quicker than the fetch, and
    making the index waits for ONNX Runtime to load.
    """

    def __init__(self, dimension: int, *, exact: compact.Exact | None = None) -> None:
        self.dimension = dimension
        self._exact = exact
        if exact is not None:
            compact.integer_product()  # where ONNX Runtime is missing, this is the place to say so
        self._segments: list[_Segment | compact.Segment] = []
        self._segment_rows = _SEGMENT_ROWS if exact is None else compact.SEGMENT_ROWS
        self._last_days: Counter[int] = Counter()  # how many rows are matched until which day
        self._cores = min(_MOST_CORES, cores())
        # Starts no thread before the first large search, and ends them when the index is dropped.
        self._workers = ThreadPoolExecutor(_MOST_CORES, thread_name_prefix="facerec-search")

    def __len__(self) -> int:
        """How many vectors are held."""
        return (len(self._segments) - 1) * self._segment_rows + self._segments[-1].count if self._segments else 0

    def compared(self, today: int) -> int:
        """How many vectors a search on the day of that ordinal compares with: those that have not expired."""
        return sum(rows for day, rows in self._last_days.items() if day >= today)

    def add(
        self,
        vectors: NDArray[np.float32],
        people: NDArray[np.int64],
        expires: NDArray[np.int32],
        numbers: NDArray[np.int64] | None = None,
    ) -> None:
        """Append unit vectors (n, d); they are copied.

        Row by row, whose it is, and the ordinal of the last day on which it is matched (`NEVER` for no end); with rows
        of 16 bits, also the number of the sample, by which `exact` gives its vector.
        """
        if numbers is None and self._exact is not None:
            message = "numbers (n,) of the samples are needed, because their exact vectors are fetched by number"
            raise ArgumentError(message)
        if numbers is None:
            numbers = np.zeros(len(people), np.int64)
        if vectors.shape != (len(people), self.dimension) or not people.shape == expires.shape == numbers.shape:
            message = (
                f"vectors (n, {self.dimension}), people (n,) and expires (n,), and numbers (n,) if any, are needed; "
                f"got {vectors.shape}, {people.shape} and {expires.shape}, and {numbers.shape}"
            )
            raise ArgumentError(message)
        if self._exact is not None:
            compact.check_lengths(vectors)
        self._last_days.update(expires.tolist())
        done = 0
        while done < len(vectors):
            if not self._segments or self._segments[-1].count == self._segment_rows:
                make = _Segment if self._exact is None else compact.Segment
                self._segments.append(make(self.dimension))
            segment = self._segments[-1]
            fitting = min(self._segment_rows - segment.count, len(vectors) - done, _SEGMENT_ROWS)
            rows, given = slice(segment.count, segment.count + fitting), slice(done, done + fitting)
            segment.put(rows, vectors[given], people[given], expires[given], numbers[given])
            segment.count += fitting
            done += fitting

    def remove(self, people: Collection[int]) -> int:
        """Remove all vectors of `people`; returns how many. The memory that held them is overwritten."""
        unwanted = np.fromiter(people, np.int64, len(people))
        removed = 0
        # From the end: the last row, which fills the gap, is then never one that is still to be removed.
        for number in reversed(range(len(self._segments))):
            segment = self._segments[number]
            for row in reversed(np.flatnonzero(np.isin(segment.people[: segment.count], unwanted))):
                self._last_days[int(segment.expires[row])] -= 1
                self._move_last_row_to(segment, int(row))
                removed += 1
        return removed

    def _move_last_row_to(self, segment: _Segment | compact.Segment, row: int) -> None:
        last = self._segments[-1]
        last.count -= 1
        for kept, end in zip(segment.arrays, last.arrays, strict=True):
            kept[row] = end[last.count]
            end[last.count] = 0
        if last.count == 0:
            self._segments.pop()

    def search(self, probes: NDArray[np.float32], *, top: int, today: int) -> list[list[Hit]]:
        """The `top` most alike people of each probe (q, d), best first, equal scores in the order of their numbers.

        `today` is the ordinal of the day; rows that expired before are not matched.
        """
        if probes.ndim != 2 or probes.shape[1] != self.dimension:
            message = f"probes must have shape (q, {self.dimension}); got {probes.shape}"
            raise ArgumentError(message)
        if top < 1:
            message = f"top must be at least 1; got {top}"
            raise ArgumentError(message)
        if self._exact is None and len(probes) >= _MANY_PROBES:  # the vectors that decide are fetched by this thread
            return self._search_many(np.ascontiguousarray(probes), top, today)
        found: list[list[Hit]] = []
        for start in range(0, len(probes), _PROBES_AT_ONCE):
            batch = np.ascontiguousarray(probes[start : start + _PROBES_AT_ONCE])
            peaks = self._block_peaks(batch, today)
            found.extend(self._best_people(probe, row, top, today) for probe, row in zip(batch, peaks, strict=True))
        return found

    def _search_many(self, probes: NDArray[np.float32], top: int, today: int) -> list[list[Hit]]:
        """The same, of so many probes that each core takes some of them rather than some of the vectors."""

        def some(start: int) -> list[list[Hit]]:
            batch = probes[start : start + _MANY_PROBES]
            peaks = self._peaks_of_many(batch, today)
            return [self._best_people(probe, row, top, today) for probe, row in zip(batch, peaks, strict=True)]

        # The linear algebra library works on one thread meanwhile, each of ours on its own product.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(self._cores, "facerec-search") as pool:
            return [ranking for batch in pool.map(some, range(0, len(probes), _MANY_PROBES)) for ranking in batch]

    def _peaks_of_many(self, probes: NDArray[np.float32], today: int) -> NDArray[np.float32]:
        """As `_block_peaks`, of many probes, on this thread."""
        peaks = np.full((-(-len(self) // _BLOCK_ROWS), len(probes)), -np.inf, np.float32)
        scores = np.empty((_ROWS_AT_ONCE, len(probes)), np.float32)
        columns = np.ascontiguousarray(probes.T)
        for number, kept in enumerate(self._segments):
            segment = cast("_Segment", kept)
            expiring = segment.expires[: segment.count].min() < today
            for start in range(0, segment.count, _ROWS_AT_ONCE):
                # Whole blocks; behind the last row of a segment there are zeros.
                stop = min(start + _ROWS_AT_ONCE, -(-segment.count // _BLOCK_ROWS) * _BLOCK_ROWS)
                used = scores[: stop - start]
                np.matmul(segment.vectors[start:stop], columns, out=used)
                if expiring:
                    used[segment.expires[start:stop] < today] = -np.inf
                blocks = used.reshape(-1, _BLOCK_ROWS, len(probes))
                first = number * _BLOCKS_PER_SEGMENT + start // _BLOCK_ROWS
                blocks.max(axis=1, out=peaks[first : first + len(blocks)])
        return np.ascontiguousarray(peaks.T)

    def _block_peaks(self, probes: NDArray[np.float32], today: int) -> NDArray[np.float32]:
        """What no row of a block scores above, shape (q, blocks); -inf where all rows have expired.

        With whole rows the largest float32 score, which may be off by its rounding.
        """
        whole = self._exact is None
        blocks = -(-len(self) // _BLOCK_ROWS) if whole else len(self._segments) * compact.SEGMENT_BLOCKS
        peaks = np.full((len(probes), blocks), -np.inf, np.float32)
        # NumPy's product of many probes runs on all cores by itself.
        shares = 1 if whole and len(probes) > _FEW_PROBES else max(1, min(self._cores, len(self._segments) // 2))
        bounds = [len(self._segments) * share // shares for share in range(shares + 1)]
        scan: Callable[[range], None] = (
            partial(self._scan, probes=probes, today=today, peaks=peaks)
            if whole
            else partial(self._scan_compact, probes=compact.prepared(probes), today=today, peaks=peaks)
        )
        others = [self._workers.submit(scan, range(start, end)) for start, end in pairwise(bounds[1:])]
        scan(range(bounds[1]))
        for other in others:
            other.result()
        return peaks

    def _scan(self, numbers: range, probes: NDArray[np.float32], today: int, peaks: NDArray[np.float32]) -> None:
        """Fill in the peaks of the segments of these numbers."""
        scores = np.empty((len(probes), _SEGMENT_ROWS), np.float32)
        for number in numbers:
            segment = cast("_Segment", self._segments[number])
            blocks = -(-segment.count // _BLOCK_ROWS)
            used = slice(0, blocks * _BLOCK_ROWS)
            self._multiply(probes, segment.vectors[used], scores[:, used])
            if segment.expires[: segment.count].min() < today:
                scores[:, used][:, segment.expires[used] < today] = -np.inf
            by_block = scores[:, used].reshape(len(probes), blocks, _BLOCK_ROWS)
            first = number * _BLOCKS_PER_SEGMENT
            by_block.max(axis=2, out=peaks[:, first : first + blocks])

    def _scan_compact(self, numbers: range, probes: compact.Probes, today: int, peaks: NDArray[np.float32]) -> None:
        """The same, of rows of 16 bits."""
        for number in numbers:
            first = number * compact.SEGMENT_BLOCKS
            segment = cast("compact.Segment", self._segments[number])
            peaks[:, first : first + compact.SEGMENT_BLOCKS] = compact.block_peaks(segment, probes, today)

    def _multiply(self, probes: NDArray[np.float32], vectors: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """``out = probes @ vectors.T``, shape (q, n), n a multiple of the block's rows."""
        if len(probes) > _FEW_PROBES:
            np.matmul(probes, vectors.T, out=out)
            return
        # In slabs so small that the linear algebra library works on one thread. Its own threads wait for one another
        # after every segment, which on a busy machine made a search ten times slower than a pass through memory;
        # `_scan` runs on several cores instead, and they wait once.
        rows = min(_BLOCK_ROWS, 1 << max(0, (_SLAB_NUMBERS // self.dimension).bit_length() - 1))
        slabs = vectors.reshape(-1, rows, self.dimension).transpose(0, 2, 1)
        # Splitting an axis never copies, so this writes into the caller's array.
        np.matmul(probes, slabs, out=out.reshape(len(probes), -1, rows).transpose(1, 0, 2))

    def _best_people(self, probe: NDArray[np.float32], peaks: NDArray[np.float32], top: int, today: int) -> list[Hit]:
        if self._exact is None:
            best = self._scores_by_person(probe, peaks, top, today)
        else:
            segments = cast("list[compact.Segment]", self._segments)
            best = compact.scores_by_person(segments, probe, peaks, top=top, today=today, exact=self._exact)
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [Hit(person, score) for person, score in ranked[:top]]

    def _scores_by_person(
        self, probe: NDArray[np.float32], peaks: NDArray[np.float32], top: int, today: int
    ) -> dict[int, float]:
        """Of the `top` best, and of those who tie with the last of them; perhaps of others too."""
        # A float32 dot product of unit vectors is off by at most d·2⁻²⁴ whatever the order of its sums; twice that
        # covers vectors that are unit only to within rounding. Final scores are rounded to seven decimals, so a row
        # can end up to 5e-8 above its exact score, and clipping at 1 only lowers it: a block whose peak stays below
        # the floor by the slack holds no row that reaches the floor, not even in a tie.
        slack = self.dimension * 2.0**-23 + 1e-7
        best: dict[int, float] = {}
        floor = -np.inf  # the score of the top-th best person so far
        at_first = min(top + _BLOCKS_AT_FIRST, len(peaks))
        blocks = np.argpartition(peaks, -at_first)[-at_first:] if at_first else np.empty(0, np.int64)
        seen: list[NDArray[np.int64]] = []
        while len(blocks):
            people, scores = self._scores_in(blocks[peaks[blocks] > -np.inf], probe, today)
            new: set[int] = set()
            for place in np.argsort(-scores):
                person, score = int(people[place]), float(scores[place])
                if score < floor:
                    break
                if score > best.get(person, -np.inf):
                    best[person] = score
                new.add(person)
                if len(new) == top:
                    floor = max(floor, score)
            if len(best) >= top:
                floor = max(floor, sorted(best.values(), reverse=True)[top - 1])
                best = {person: score for person, score in best.items() if score >= floor}
            seen.append(blocks)
            left = np.setdiff1d(np.flatnonzero((peaks > -np.inf) & (peaks + slack >= floor)), np.concatenate(seen))
            blocks = left[np.argsort(-peaks[left])][:_BLOCKS_AT_ONCE]
        return best

    def _scores_in(
        self, blocks: NDArray[np.int64], probe: NDArray[np.float32], today: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Who stands in these blocks and has not expired, and how alike each row is."""
        vectors, people = [np.empty((0, self.dimension), np.float32)], [np.empty(0, np.int64)]
        for block in blocks.tolist():
            segment = cast("_Segment", self._segments[block * _BLOCK_ROWS // _SEGMENT_ROWS])
            start = block * _BLOCK_ROWS % _SEGMENT_ROWS
            rows = slice(start, min(start + _BLOCK_ROWS, segment.count))
            if (segment.expires[rows] < today).any():
                matched = np.flatnonzero(segment.expires[rows] >= today) + start
                vectors.append(segment.vectors[matched])
                people.append(segment.people[matched])
            else:
                vectors.append(segment.vectors[rows])
                people.append(segment.people[rows])
        return np.concatenate(people), cosines(np.concatenate(vectors), probe)

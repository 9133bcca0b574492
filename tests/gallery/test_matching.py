"""The search index: exact, whatever the number of rows, segments, blocks and probes, and of how many bits they are."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest

from facerec.errors import ArgumentError, DamagedGalleryError
from facerec.gallery import compact, matching
from facerec.gallery.matching import NEVER, Hit, SearchIndex
from facerec.similarity import cosine, cosines

_TODAY = 1000


def _unit(rng, shape):
    vectors = rng.standard_normal(shape, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class _Store:
    """Exact vectors by number of sample, as a gallery's file gives them; the numbers are no row numbers."""

    def __init__(self):
        self.vectors, self.fetched = {}, []

    def add(self, vectors):
        numbers = np.arange(len(vectors)) * 3 + 1 + max(self.vectors, default=0)
        self.vectors.update(zip(numbers.tolist(), vectors.copy(), strict=True))
        return numbers

    def exact(self, numbers):
        assert numbers.dtype == np.int64
        self.fetched.append(len(numbers))
        return np.stack([self.vectors[number] for number in numbers.tolist()])


class _CompactIndex(SearchIndex):
    """Rows of 16 bits, added as whole rows are."""

    def __init__(self, dimension):
        self.store = _Store()
        super().__init__(dimension, exact=self.store.exact)

    def add(self, vectors, people, expires):
        super().add(vectors, people, expires, self.store.add(vectors))


_both = pytest.mark.parametrize("make", [SearchIndex, _CompactIndex], ids=["whole", "compact"])


def _crowd(rng, count, dimension=128):
    """Vectors as crowded as faces are: cosines of strangers of .84 ± .03, in few directions."""
    spread = np.exp(-np.arange(dimension) / 18) + 0.02
    spread *= 0.16 / spread.sum()
    middle = np.random.default_rng(9).standard_normal(dimension)
    vectors = middle / np.linalg.norm(middle) * np.sqrt(0.84) + rng.standard_normal((count, dimension)) * spread**0.5
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _plain_search(vectors, people, expires, probe, top):
    """The obvious way: a loop over all rows, then a sort."""
    best = {}
    for vector, person, last_day in zip(vectors, people.tolist(), expires, strict=True):
        if last_day >= _TODAY:
            score = cosine(vector, probe)
            best[person] = max(best.get(person, -2.0), score)
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return [Hit(person, score) for person, score in ranked[:top]]


@_both
@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 8191, 8192, 8193, 20_000])
@pytest.mark.parametrize("dimension", [3, 128])
def test_search_equals_a_plain_search(make, rows, dimension):
    """Around every block and segment boundary, with several samples per person and some expired."""
    rng = np.random.default_rng(rows)
    vectors, people = _unit(rng, (rows, dimension)), rng.integers(0, max(1, rows // 3), rows)
    expires = rng.choice([_TODAY - 1, _TODAY, NEVER], rows, p=[0.2, 0.2, 0.6]).astype(np.int32)
    index = make(dimension)
    index.add(vectors, people, expires)
    probes = _unit(rng, (3, dimension))

    found = index.search(probes, top=7, today=_TODAY)

    assert len(index) == rows
    assert index.compared(_TODAY) == (expires >= _TODAY).sum()
    assert found == [_plain_search(vectors, people, expires, probe, 7) for probe in probes]


@_both
def test_nearly_equal_vectors_are_told_apart_as_exactly(make):
    """Single precision would rank such vectors by the rounding of its sums; every block that might win is looked at."""
    rng = np.random.default_rng(3)
    probes = _unit(rng, (20, 128))
    people, forever = np.arange(8192), np.full(8192, NEVER, np.int32)
    for probe in probes:
        vectors = _unit(rng, (8192, 128))
        near = probe + rng.standard_normal((64, 128), dtype=np.float32) * np.float32(1e-4)
        vectors[::128] = near / np.linalg.norm(near, axis=1, keepdims=True)  # one in each block
        index = make(128)
        index.add(vectors, people, forever)
        scores = cosines(vectors, probe)
        best = np.lexsort((people, -scores))[:3]

        (hits,) = index.search(probe[None], top=3, today=_TODAY)

        assert hits == [Hit(int(row), float(scores[row])) for row in best]


@_both
def test_the_number_of_probes_changes_nothing(make):
    """Few probes and many are multiplied in different ways; the scores are the same to the last bit."""
    rng = np.random.default_rng(1)
    index = make(64)
    index.add(_unit(rng, (9000, 64)), np.arange(9000), np.full(9000, NEVER, np.int32))
    probes = _unit(rng, (150, 64))

    together = index.search(probes, top=3, today=_TODAY)

    assert together == [hit for i in range(150) for hit in index.search(probes[i : i + 1], top=3, today=_TODAY)]
    assert together[:5] == index.search(probes[:5], top=3, today=_TODAY)
    assert index.search(probes[:0], top=3, today=_TODAY) == []


@_both
@pytest.mark.parametrize("cores", [1, 2, 3, 4])
def test_the_number_of_cores_changes_nothing(make, cores):
    """However the segments are shared out, every one of them is searched."""
    rng = np.random.default_rng(6)
    vectors, people = _unit(rng, (70_000, 4)), rng.integers(0, 30_000, 70_000)
    index = make(4)
    index._cores = cores
    index.add(vectors, people, np.full(70_000, NEVER, np.int32))
    probes = np.concatenate([vectors[[0, 30_000, 69_999]], _unit(rng, (2, 4))])

    found = index.search(probes, top=3, today=_TODAY)

    scores = np.clip(probes.astype(np.float64) @ vectors.T.astype(np.float64), -1, 1)
    assert [hits[0].score for hits in found] == pytest.approx(scores.max(axis=1), abs=6e-8)  # they have seven decimals
    assert [hits[0].person for hits in found] == people[scores.argmax(axis=1)].tolist()


@_both
def test_equal_scores_are_ranked_by_person_wherever_they_stand(make):
    """Ties across blocks and segments come in the order of the people's numbers, all equal rows considered."""
    rng = np.random.default_rng(2)
    vectors = _unit(rng, (20_000, 16))
    vectors[::1000] = vectors[0]
    index = make(16)
    index.add(vectors, np.arange(20_000)[::-1].copy(), np.full(20_000, NEVER, np.int32))

    (found,) = index.search(vectors[:1], top=5, today=_TODAY)

    assert [hit.person for hit in found] == [999, 1999, 2999, 3999, 4999]
    assert len({hit.score for hit in found}) == 1


@_both
def test_one_person_with_all_the_best_rows_does_not_hide_the_others(make):
    """A person whose samples fill whole blocks is still one candidate."""
    rng = np.random.default_rng(3)
    probe = _unit(rng, (1, 16))
    close = probe + 0.05 * _unit(rng, (3000, 16))
    vectors = np.concatenate([close / np.linalg.norm(close, axis=1, keepdims=True), _unit(rng, (50, 16))])
    people = np.concatenate([np.zeros(3000, np.int64), np.arange(1, 51)])
    index = make(16)
    index.add(vectors, people, np.full(3050, NEVER, np.int32))

    assert index.search(probe, top=5, today=_TODAY) == [
        _plain_search(vectors, people, np.full(3050, NEVER), probe[0], 5)
    ]


@_both
@pytest.mark.parametrize("removed", [{0}, {5}, {0, 1, 2, 3, 4, 5, 6}, {6, 99}, set(), {99}])
def test_removing_is_as_if_never_added(make, removed):
    """After removing people, across segments, the rest is found as in an index without them; memory is overwritten."""
    rng = np.random.default_rng(4)
    vectors, people = _unit(rng, (17_000, 8)), rng.integers(0, 7, 17_000)
    expires = np.full(17_000, NEVER, np.int32)
    index, without = make(8), make(8)
    index.add(vectors, people, expires)
    kept = ~np.isin(people, list(removed))
    without.add(vectors[kept], people[kept], expires[kept])
    probes = _unit(rng, (10, 8))

    assert index.remove(removed) == (~kept).sum()

    assert index.compared(_TODAY) == kept.sum()
    assert len(index) == len(without) == kept.sum()
    assert index.search(probes, top=7, today=_TODAY) == without.search(probes, top=7, today=_TODAY)
    unused = [kept[segment.count :] for segment in index._segments for kept in segment.arrays]
    assert not any(rows.any() for rows in unused)
    index.add(vectors[~kept], people[~kept], expires[~kept])
    assert len(index) == 17_000


def test_growing_copies_nothing():
    """Adding rows leaves those that are there where they are."""
    index = SearchIndex(8)
    row = np.eye(1, 8, dtype=np.float32)
    index.add(row, np.array([1]), np.array([NEVER], np.int32))
    first = index._segments[0].vectors
    for _ in range(3):
        index.add(np.repeat(row, 8192, axis=0), np.ones(8192, np.int64), np.full(8192, NEVER, np.int32))

    assert index._segments[0].vectors is first
    assert len(index._segments) == 4


def test_a_search_keeps_no_score_per_row(monkeypatch):
    """Many probes are searched in groups, so that the memory for scores does not grow with their number."""
    groups = []
    peaks = SearchIndex._block_peaks
    monkeypatch.setattr(
        SearchIndex,
        "_block_peaks",
        lambda self, probes, today: groups.append(len(probes)) or peaks(self, probes, today),
    )
    index = SearchIndex(8)
    index.add(np.eye(8, dtype=np.float32), np.arange(8), np.full(8, NEVER, np.int32))
    index.search(np.eye(8, dtype=np.float32).repeat(25, axis=0), top=1, today=_TODAY)

    assert max(groups) <= matching._PROBES_AT_ONCE
    assert sum(groups) == 200


def test_scores_never_pass_one():
    """Rounding makes float32 unit vectors a little longer than 1; a score is still a cosine."""
    vectors = _unit(np.random.default_rng(5), (1000, 128))
    scores = np.array([cosine(vector, vector) for vector in vectors])

    assert scores.max() == 1.0
    assert scores.min() > 1 - 1e-6


@pytest.mark.parametrize(
    ("probes", "top"), [(np.zeros((1, 7), np.float32), 1), (np.zeros(8, np.float32), 1), (np.zeros((1, 8)), 0)]
)
def test_arguments_that_do_not_fit(probes, top):
    """Probes of another dimension and an empty ranking are refused."""
    with pytest.raises(ArgumentError):
        SearchIndex(8).search(probes, top=top, today=_TODAY)


def test_rows_that_do_not_fit():
    """Vectors, people and dates must be parallel."""
    with pytest.raises(ArgumentError, match=r"\(2, 8\), \(1,\) and \(2,\)"):
        SearchIndex(8).add(np.zeros((2, 8), np.float32), np.zeros(1, np.int64), np.zeros(2, np.int32))


@_both
@pytest.mark.parametrize("top", [1, 2, 3])
def test_rounded_scores_lose_nobody_who_ties(make, top):
    """Rows whose scores differ past the seventh decimal tie, and a tie is found in whatever block it stands."""
    rng = np.random.default_rng(7)
    probe = _unit(rng, (1, 128))[0]
    vectors = _unit(rng, (40_000, 128))
    near = probe + 0.3 * _unit(rng, (1, 128))[0]
    for row in range(0, 40_000, 1000):
        vectors[row] = near / np.linalg.norm(near) + np.float32(2e-8) * rng.standard_normal(128).astype(np.float32)
    people, expires = np.arange(40_000)[::-1].copy(), np.full(40_000, NEVER, np.int32)
    index = make(128)
    index.add(vectors, people, expires)

    assert index.search(probe[None], top=top, today=_TODAY) == [_plain_search(vectors, people, expires, probe, top)]


def _random(rng, count, dimension):
    return _unit(rng, (count, dimension))


def _duplicated(rng, count, dimension):
    """Each vector about fifty times."""
    return _crowd(rng, max(1, count // 50), dimension)[rng.integers(0, max(1, count // 50), count)]


def _tied(rng, count, dimension):
    """Few values, so that many scores are equal and not the vectors."""
    signs = rng.choice([-1, 1], (count, dimension)).astype(np.float32)
    return signs / np.float32(np.sqrt(dimension))


def _narrow(rng, count, dimension):
    """Rows that differ past the seventh decimal, some a little longer than 1: many a score is cut off at 1."""
    one, noise = _crowd(rng, 1, dimension), rng.standard_normal((count, dimension)).astype(np.float32)
    return one * rng.choice([1, 1 + 1e-7, 1.004], (count, 1)).astype(np.float32) + np.float32(3e-8) * noise


def _uneven(rng, count, dimension):
    """One component holds nearly everything; the others are next to nothing, subnormal or zero."""
    vectors = rng.choice(np.array([0, 1e-42, 1e-38, 1e-7, 1e-5], np.float32), (count, dimension))
    vectors *= rng.choice(np.array([-1, 1], np.float32), vectors.shape)
    vectors[np.arange(count), rng.integers(0, 3, count)] = rng.choice(np.array([-1, 1], np.float32), count)
    return vectors


def _short(rng, count, dimension):
    """Vectors of any length up to 1, zeros among them."""
    lengths = np.float32(10) ** -rng.choice([0, 1, 5, 38, 42, 60], (count, 1)).astype(np.float32)
    return (_unit(rng, (count, dimension)) * lengths).astype(np.float32)


def _crowded(rng, count, dimension):
    return _crowd(rng, count, dimension)


@pytest.mark.parametrize("data", [_random, _crowded, _duplicated, _tied, _narrow, _uneven, _short])
@pytest.mark.parametrize("dimension", [8, 128, pytest.param(512, marks=pytest.mark.slow)])
def test_rows_of_16_bits_change_nothing(data, dimension):
    """The same people, scores and order as with whole rows, of all kinds of vectors, ties and expired ones included."""
    rng = np.random.default_rng(dimension)
    count = 12_000 if dimension < 512 else 9000
    vectors, people = data(rng, count, dimension), rng.integers(0, 4000, count)
    expires = rng.choice([_TODAY - 1, _TODAY, NEVER], count, p=[0.1, 0.1, 0.8]).astype(np.int32)
    whole, small = SearchIndex(dimension), _CompactIndex(dimension)
    for index in (whole, small):
        index.add(vectors, people, expires)
    probes = np.concatenate([vectors[:4], data(rng, 50, dimension)[-4:], np.zeros((1, dimension), np.float32)])

    for top in (1, 3, 10, 5000):
        chosen = probes if top < 5000 else probes[:2]
        assert small.search(chosen, top=top, today=_TODAY) == whole.search(chosen, top=top, today=_TODAY)
    assert small.compared(_TODAY) == whole.compared(_TODAY)


@pytest.mark.parametrize("seed", range(6))
def test_rows_at_the_last_place_are_told_apart(seed):
    """Scores just above, at and below that of the last place, nearer to one another than 16 bits can say."""
    rng = np.random.default_rng(seed)
    vectors, probe = _crowd(rng, 40_000), _crowd(rng, 1)[0]
    aside = rng.standard_normal((300, 128))
    aside -= (aside @ probe)[:, None] * probe / (probe @ probe)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    cosine_there = 0.97 + rng.choice([-2e-6, -1e-7, -4e-8, 0, 4e-8, 1e-7, 2e-6], (300, 1))
    near = cosine_there * probe + np.sqrt(1 - cosine_there**2) * aside
    vectors[rng.choice(40_000, 300, replace=False)] = near
    people, forever = rng.permutation(40_000), np.full(40_000, NEVER, np.int32)
    whole, small = SearchIndex(128), _CompactIndex(128)
    for index in (whole, small):
        index.add(vectors, people, forever)

    for top in (1, 5, 40, 150):
        assert small.search(probe[None], top=top, today=_TODAY) == whole.search(probe[None], top=top, today=_TODAY)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_history_the_rows_of_16_bits_say_the_same(seed):
    """Adding, removing and days that pass, in random order, across segments that come and go."""
    rng = np.random.default_rng(seed)
    whole, small = SearchIndex(16), _CompactIndex(16)
    for _ in range(12):
        if rng.random() < 0.65:
            count = int(rng.choice([1, 700, 9000, 33_000]))
            added = (
                _crowd(rng, count, 16),
                rng.integers(0, 60, count),
                rng.choice([_TODAY, _TODAY + 5, NEVER], count).astype(np.int32),
            )
            for index in (whole, small):
                index.add(*added)
        else:
            gone = set(rng.integers(0, 60, int(rng.integers(0, 20))).tolist())
            assert small.remove(gone) == whole.remove(gone)
        probes, today = _crowd(rng, 11, 16), _TODAY + int(rng.integers(-1, 8))
        assert len(small) == len(whole)
        assert small.compared(today) == whole.compared(today)
        assert small.search(probes, top=4, today=today) == whole.search(probes, top=4, today=today)
    everybody = set(range(60))
    assert small.remove(everybody) == whole.remove(everybody)
    assert (len(small), small.search(probes[:1], top=1, today=0)) == (0, [[]])


def test_several_threads_search_rows_of_16_bits_at_once():
    """Each gets its own answer."""
    rng = np.random.default_rng(8)
    index = _CompactIndex(32)
    index.add(_crowd(rng, 70_000, 32), rng.integers(0, 9000, 70_000), np.full(70_000, NEVER, np.int32))
    probes = [_crowd(rng, count, 32) for count in (1, 3, 1, 20, 2, 1)]
    alone = [index.search(each, top=5, today=_TODAY) for each in probes]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda each: index.search(each, top=5, today=_TODAY), probes * 4))

    assert together == alone * 4


@pytest.mark.parametrize("data", [_random, _crowded, _narrow, _uneven, _short])
@pytest.mark.parametrize("dimension", [8, 128, pytest.param(512, marks=pytest.mark.slow)])
def test_no_row_scores_above_the_bound_of_its_block(data, dimension):
    """What is passed over for its bound could not have won."""
    rng = np.random.default_rng(dimension)
    segment, forever = compact.Segment(dimension), np.full(5000, NEVER, np.int32)
    vectors, probes = data(rng, 5000, dimension), data(rng, 3, dimension)
    segment.put(slice(0, 5000), vectors, np.arange(5000), forever, np.arange(5000))
    segment.count = 5000

    bounds = compact.block_peaks(segment, compact.prepared(probes), _TODAY)

    exact = np.stack([cosines(vectors, probe) for probe in probes])
    for row in range(5000):
        assert (exact[:, row] <= bounds[:, row % compact.SLICE_BLOCKS]).all()
    assert (bounds[:, compact.SLICE_BLOCKS :] == -np.inf).all()


def test_bounds_know_what_is_in_use_and_what_the_probe_lost_by_rounding():
    """Blocks of unused rows and of expired ones are not looked at; a probe's own error widens all other bounds."""
    rng = np.random.default_rng(1)
    segment, probes = compact.Segment(16), compact.prepared(_crowd(rng, 2, 16))
    days = np.full(100, NEVER, np.int32)
    days[50:] = _TODAY - 1
    segment.put(slice(0, 100), _crowd(rng, 100, 16), np.arange(100), days, np.arange(100))
    segment.count = 100

    bounds = compact.block_peaks(segment, probes, _TODAY)
    wider = compact.block_peaks(segment, probes._replace(errors=probes.errors + 0.1), _TODAY)

    assert np.isfinite(bounds[:, :50]).all()
    assert (bounds[:, 50:] == -np.inf).all()
    assert (wider[:, :50] >= bounds[:, :50] + 0.1).all()
    segment.expires[:], segment.count = NEVER, 40
    assert (compact.block_peaks(segment, probes, _TODAY)[:, 40:] == -np.inf).all()


def test_the_product_of_bytes_is_exact():
    """At the largest numbers too, where processors without an instruction for it cut off; and the graph is valid."""
    rng = np.random.default_rng(0)
    assert onnx.checker.check_model(onnx.load_from_string(compact.product_graph()), full_check=True) is None
    for high, first in ((255, 64), (255, -64), (255, None), (None, 64)):
        rows = np.full((100, 512), high) if high else rng.integers(0, 256, (100, 512))
        columns = np.full((512, 6), first) if first else rng.integers(-64, 65, (512, 6))
        product = compact.integer_product().run(
            None, {"rows": rows.astype(np.uint8), "columns": columns.astype(np.int8)}
        )
        np.testing.assert_array_equal(product[0], rows @ columns)


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e-44])
def test_probes_are_multiplied_in_columns_that_do_not_overflow(scale):
    """Whatever their largest number, none is beyond ±64; what the columns leave out is measured."""
    probes = np.concatenate([_crowd(np.random.default_rng(0), 50, 9), -np.eye(9, dtype=np.float32)]) * np.float32(scale)

    made = compact.prepared(probes)

    whole = 128.0 * made.columns[:, : len(probes)] + made.columns[:, len(probes) :]
    assert np.abs(made.columns.astype(int)).max() <= 64
    assert made.errors == pytest.approx(np.linalg.norm(probes - whole.T * made.unit[:, None], axis=1), rel=1e-6)
    assert (made.errors <= 2e-4 * scale + 1e-44).all()


def test_rows_of_16_bits_take_little_more_than_half():
    """All arrays of the index counted, 128 numbers in a vector."""
    size = [
        sum(kept[0].nbytes for kept in segment.arrays) for segment in (compact.Segment(128), matching._Segment(128))
    ]

    assert size[0] <= 0.55 * size[1]


def test_few_exact_vectors_are_fetched():
    """Of a crowd as of faces, hardly more than the people who are named; at once."""
    rng = np.random.default_rng(4)
    index = _CompactIndex(128)
    index.add(_crowd(rng, 40_000), np.arange(40_000), np.full(40_000, NEVER, np.int32))

    index.search(_crowd(rng, 20), top=5, today=_TODAY)

    assert len(index.store.fetched) == 20
    assert sum(index.store.fetched) <= 8 * 20


def test_equal_vectors_are_fetched_in_parts():
    """A store that gives the same vector for everybody is asked for some at a time, and the index for all."""
    index = _CompactIndex(8)
    index.add(np.eye(1, 8, dtype=np.float32).repeat(5000, axis=0), np.arange(5000), np.full(5000, NEVER, np.int32))

    (found,) = index.search(np.eye(1, 8, dtype=np.float32), top=3, today=_TODAY)

    assert found == [Hit(0, 1.0), Hit(1, 1.0), Hit(2, 1.0)]
    assert max(index.store.fetched) <= 1024
    assert sum(index.store.fetched) == 5000


def test_vectors_that_are_not_those_that_were_loaded_decide_nothing():
    """A store that changed behind the index is told of, with the samples' numbers; so is one that gives NaN."""
    rng = np.random.default_rng(5)
    for changed in (_crowd(rng, 1)[0], np.full(128, np.nan, np.float32)):
        index = _CompactIndex(128)
        vectors = _crowd(rng, 500)
        index.add(vectors, np.arange(500), np.full(500, NEVER, np.int32))
        index.store.vectors[1 + 3 * 7] = changed

        with pytest.raises(DamagedGalleryError, match=r"1 samples \(22\).*gallery check"):
            index.search(vectors[7:8], top=1, today=_TODAY)


@pytest.mark.parametrize("given", [np.zeros((1, 8)), np.zeros((1, 9), np.float32), np.zeros(8, np.float32)])
def test_exact_vectors_of_another_shape_or_type(given):
    """The index says what it needs."""
    index = SearchIndex(8, exact=lambda _: given)
    index.add(np.eye(1, 8, dtype=np.float32), np.array([1]), np.array([NEVER], np.int32), np.array([1]))

    with pytest.raises(ArgumentError, match=r"float32 vectors of shape \(1, 8\)"):
        index.search(np.eye(1, 8, dtype=np.float32), top=1, today=_TODAY)


def test_what_rows_of_16_bits_cannot_hold():
    """Samples without a number, and vectors longer than 1, for which no bound holds; nothing is added."""
    index = SearchIndex(2, exact=lambda numbers: np.zeros((len(numbers), 2), np.float32))
    people, days = np.array([1, 2]), np.array([NEVER, NEVER], np.int32)

    with pytest.raises(ArgumentError, match="numbers"):
        index.add(np.eye(2, dtype=np.float32), people, days)
    for length in (1.5, np.nan, np.inf):
        with pytest.raises(ArgumentError, match="row 1 has the length"):
            index.add(np.array([[1, 0], [length, 0]], np.float32), people, days, people)
    assert (len(index), index.compared(_TODAY)) == (0, 0)


def test_rows_of_16_bits_need_onnx_runtime():
    """Where it is not installed, the constructor says how to install it; whole rows do without."""
    program = (
        "import sys\n"
        "sys.modules['onnxruntime'] = None\n"
        "from facerec.gallery.matching import SearchIndex\n"
        "SearchIndex(8)\n"
        "try:\n"
        "    SearchIndex(8, exact=lambda numbers: None)\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == 'onnxruntime is not installed; run: pip install "facerec[onnx]"\n'

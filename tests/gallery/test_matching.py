"""The search index: exact, whatever the number of rows, segments, blocks and probes."""

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.gallery import matching
from facerec.gallery.matching import NEVER, Hit, SearchIndex
from facerec.similarity import cosine, cosines

_TODAY = 1000


def _unit(rng, shape):
    vectors = rng.standard_normal(shape, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _plain_search(vectors, people, expires, probe, top):
    """The obvious way: a loop over all rows, then a sort."""
    best = {}
    for vector, person, last_day in zip(vectors, people.tolist(), expires, strict=True):
        if last_day >= _TODAY:
            score = cosine(vector, probe)
            best[person] = max(best.get(person, -2.0), score)
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return [Hit(person, score) for person, score in ranked[:top]]


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 8191, 8192, 8193, 20_000])
@pytest.mark.parametrize("dimension", [3, 128])
def test_search_equals_a_plain_search(rows, dimension):
    """Around every block and segment boundary, with several samples per person and some expired."""
    rng = np.random.default_rng(rows)
    vectors, people = _unit(rng, (rows, dimension)), rng.integers(0, max(1, rows // 3), rows)
    expires = rng.choice([_TODAY - 1, _TODAY, NEVER], rows, p=[0.2, 0.2, 0.6]).astype(np.int32)
    index = SearchIndex(dimension)
    index.add(vectors, people, expires)
    probes = _unit(rng, (3, dimension))

    found = index.search(probes, top=7, today=_TODAY)

    assert len(index) == rows
    assert index.compared(_TODAY) == (expires >= _TODAY).sum()
    assert found == [_plain_search(vectors, people, expires, probe, 7) for probe in probes]


def test_nearly_equal_vectors_are_told_apart_as_exactly():
    """Single precision would rank such vectors by the rounding of its sums; every block that might win is looked at."""
    rng = np.random.default_rng(3)
    probes = _unit(rng, (20, 128))
    people, forever = np.arange(8192), np.full(8192, NEVER, np.int32)
    for probe in probes:
        vectors = _unit(rng, (8192, 128))
        near = probe + rng.standard_normal((64, 128), dtype=np.float32) * np.float32(1e-4)
        vectors[::128] = near / np.linalg.norm(near, axis=1, keepdims=True)  # one in each block
        index = SearchIndex(128)
        index.add(vectors, people, forever)
        scores = cosines(vectors, probe)
        best = np.lexsort((people, -scores))[:3]

        (hits,) = index.search(probe[None], top=3, today=_TODAY)

        assert hits == [Hit(int(row), float(scores[row])) for row in best]


def test_the_number_of_probes_changes_nothing():
    """Few probes and many are multiplied in different ways; the scores are the same to the last bit."""
    rng = np.random.default_rng(1)
    index = SearchIndex(64)
    index.add(_unit(rng, (9000, 64)), np.arange(9000), np.full(9000, NEVER, np.int32))
    probes = _unit(rng, (150, 64))

    together = index.search(probes, top=3, today=_TODAY)

    assert together == [hit for i in range(150) for hit in index.search(probes[i : i + 1], top=3, today=_TODAY)]
    assert together[:5] == index.search(probes[:5], top=3, today=_TODAY)
    assert index.search(probes[:0], top=3, today=_TODAY) == []


@pytest.mark.parametrize("cores", [1, 2, 3, 4])
def test_the_number_of_cores_changes_nothing(cores):
    """However the segments are shared out, every one of them is searched."""
    rng = np.random.default_rng(6)
    vectors, people = _unit(rng, (70_000, 4)), rng.integers(0, 30_000, 70_000)
    index = SearchIndex(4)
    index._cores = cores
    index.add(vectors, people, np.full(70_000, NEVER, np.int32))
    probes = np.concatenate([vectors[[0, 30_000, 69_999]], _unit(rng, (2, 4))])

    found = index.search(probes, top=3, today=_TODAY)

    scores = np.clip(probes.astype(np.float64) @ vectors.T.astype(np.float64), -1, 1)
    assert [hits[0].score for hits in found] == pytest.approx(scores.max(axis=1), abs=6e-8)  # they have seven decimals
    assert [hits[0].person for hits in found] == people[scores.argmax(axis=1)].tolist()


def test_equal_scores_are_ranked_by_person_wherever_they_stand():
    """Ties across blocks and segments come in the order of the people's numbers, all equal rows considered."""
    rng = np.random.default_rng(2)
    vectors = _unit(rng, (20_000, 16))
    vectors[::1000] = vectors[0]
    index = SearchIndex(16)
    index.add(vectors, np.arange(20_000)[::-1].copy(), np.full(20_000, NEVER, np.int32))

    (found,) = index.search(vectors[:1], top=5, today=_TODAY)

    assert [hit.person for hit in found] == [999, 1999, 2999, 3999, 4999]
    assert len({hit.score for hit in found}) == 1


def test_one_person_with_all_the_best_rows_does_not_hide_the_others():
    """A person whose samples fill whole blocks is still one candidate."""
    rng = np.random.default_rng(3)
    probe = _unit(rng, (1, 16))
    close = probe + 0.05 * _unit(rng, (3000, 16))
    vectors = np.concatenate([close / np.linalg.norm(close, axis=1, keepdims=True), _unit(rng, (50, 16))])
    people = np.concatenate([np.zeros(3000, np.int64), np.arange(1, 51)])
    index = SearchIndex(16)
    index.add(vectors, people, np.full(3050, NEVER, np.int32))

    assert index.search(probe, top=5, today=_TODAY) == [
        _plain_search(vectors, people, np.full(3050, NEVER), probe[0], 5)
    ]


@pytest.mark.parametrize("removed", [{0}, {5}, {0, 1, 2, 3, 4, 5, 6}, {6, 99}, set(), {99}])
def test_removing_is_as_if_never_added(removed):
    """After removing people, across segments, the rest is found as in an index without them; memory is overwritten."""
    rng = np.random.default_rng(4)
    vectors, people = _unit(rng, (17_000, 8)), rng.integers(0, 7, 17_000)
    expires = np.full(17_000, NEVER, np.int32)
    index, without = SearchIndex(8), SearchIndex(8)
    index.add(vectors, people, expires)
    kept = ~np.isin(people, list(removed))
    without.add(vectors[kept], people[kept], expires[kept])
    probes = _unit(rng, (10, 8))

    assert index.remove(removed) == (~kept).sum()

    assert index.compared(_TODAY) == kept.sum()
    assert len(index) == len(without) == kept.sum()
    assert index.search(probes, top=7, today=_TODAY) == without.search(probes, top=7, today=_TODAY)
    unused = [segment.vectors[segment.count :] for segment in index._segments]
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


@pytest.mark.parametrize("top", [1, 2, 3])
def test_rounded_scores_lose_nobody_who_ties(top):
    """Rows whose scores differ past the seventh decimal tie, and a tie is found in whatever block it stands."""
    rng = np.random.default_rng(7)
    probe = _unit(rng, (1, 128))[0]
    vectors = _unit(rng, (40_000, 128))
    near = probe + 0.3 * _unit(rng, (1, 128))[0]
    for row in range(0, 40_000, 1000):
        vectors[row] = near / np.linalg.norm(near) + np.float32(2e-8) * rng.standard_normal(128).astype(np.float32)
    people, expires = np.arange(40_000)[::-1].copy(), np.full(40_000, NEVER, np.int32)
    index = SearchIndex(128)
    index.add(vectors, people, expires)

    assert index.search(probe[None], top=top, today=_TODAY) == [_plain_search(vectors, people, expires, probe, top)]

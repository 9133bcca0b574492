"""Many probes in one call, each core some of them: what each alone would find, to the last bit."""

import numpy as np
import pytest

from facerec.gallery import matching
from facerec.gallery.matching import NEVER, SearchIndex

TODAY = 1000


def made(rng, rows, dimension, *, levels=None):
    """Unit vectors; with few `levels` many scores tie."""
    vectors = rng.standard_normal((rows, dimension)) if levels is None else rng.integers(1, levels, (rows, dimension))
    vectors = vectors.astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("top", [1, 4, 40])
def test_many_find_what_each_finds_alone(monkeypatch, levels, top):
    """Over segments, with the expired, people of several vectors, ties and removals; on one core and on three."""
    rng = np.random.default_rng(top)
    index = SearchIndex(16)
    people = rng.integers(0, 9000, 20_000)
    expires = np.where(rng.random(20_000) < 0.3, TODAY - 1, NEVER).astype(np.int32)
    index.add(made(rng, 20_000, 16, levels=levels), people, expires)
    index.remove(range(100, 400))
    probes = made(rng, 600, 16, levels=levels)
    monkeypatch.setattr(matching, "_MANY_PROBES", 10**9)
    alone = index.search(probes, top=top, today=TODAY)
    monkeypatch.setattr(matching, "_MANY_PROBES", 256)
    for cores in (1, 3):
        index._cores = cores
        assert index.search(probes, top=top, today=TODAY) == alone


def test_nobody_is_enrolled():
    """Each probe finds nobody; all of whom expired, likewise."""
    rng = np.random.default_rng(0)
    index = SearchIndex(8)
    probes = made(rng, 300, 8)
    assert index.search(probes, top=2, today=TODAY) == [[]] * 300
    index.add(made(rng, 5, 8), np.arange(5), np.full(5, TODAY - 1, np.int32))
    assert index.search(probes, top=2, today=TODAY) == [[]] * 300

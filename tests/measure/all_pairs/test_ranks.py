"""Ranks of scores without keeping scores."""

import numpy as np
import pytest

from facerec.measure.all_pairs.people import PhotosOfPeople
from facerec.measure.all_pairs.product import TICKS, slack
from facerec.measure.all_pairs.ranks import Ranked, Survey, ranked, windows_of
from facerec.measure.all_pairs.sums import count_blocks
from facerec.similarity import cosines_of_all


def by_sorting(photos):
    """The ticks of all impostor pairs, the highest first."""
    first, second = np.triu_indices(len(photos), 1)
    scores = cosines_of_all(photos.vectors, photos.vectors)[first, second]
    return np.sort(np.rint(scores[photos.people[first] != photos.people[second]] * TICKS).astype(int))[::-1]


@pytest.mark.parametrize("kind", ["spread", "crowded", "dense", "tied", "long", "opposite"])
def test_every_rank_is_that_of_the_sorted_scores(kind):
    """With ties, with scores that are cut off at 1 and -1, at the first rank and the last."""
    rng = np.random.default_rng(2)
    if kind == "tied":
        vectors = rng.integers(-1, 2, (120, 3)) + np.array([0, 0, 0.5])
    elif kind == "opposite":
        vectors = rng.choice([-1, 1], (120, 1)) * (np.array([3, 4, 0, 0]) + 1e-7 * rng.standard_normal((120, 4)))
    else:
        vectors = rng.standard_normal((120, 40)) + {"spread": 0, "dense": 40}.get(kind, 3)
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[::7] = vectors[0]
    vectors *= 1.0009 if kind in ("long", "opposite") else 1
    photos = PhotosOfPeople.of(vectors.astype(np.float32), [f"{n // 2:03d}" for n in range(120)])
    wanted, near = by_sorting(photos), slack(photos.vectors.shape[1])
    fine = count_blocks(photos, Survey(), photos.blocks).counts
    assert fine.sum() == len(wanted)
    every = [1, 2, len(wanted), *rng.integers(1, len(wanted) + 1, 40).tolist()]
    # Next to the edge of a bin a rank by itself tells whether enough was looked at on both sides.
    above = np.unique(fine.sum() - np.cumsum(fine))
    edges = {int(rank) for rank in (*above, *(above + 1)) if 1 <= rank <= len(wanted)}
    alone = edges if kind == "dense" else (len(wanted) // 2, 1, len(wanted))
    for ranks in (every, *([rank] for rank in alone)):
        windows = windows_of(fine, ranks, near)
        found = ranked(fine, windows, count_blocks(photos, windows, photos.blocks).counts, ranks, near)
        for rank in ranks:
            score = wanted[rank - 1]
            assert found[rank] == Ranked(score, int((wanted > score).sum()), int((wanted >= score).sum()))

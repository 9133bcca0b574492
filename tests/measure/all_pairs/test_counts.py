"""All pairs counted in blocks: the counts of a table of them, to the last pair."""

from itertools import combinations

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.measure.all_pairs import people as people_module
from facerec.measure.all_pairs.counts import ALL_BINS, Count, bin_floors, bins_of, in_ticks
from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.product import TICKS, UNITS, ZERO, Workspace, slack, strangers
from facerec.measure.all_pairs.running import count_pairs
from facerec.measure.all_pairs.sums import count_blocks
from facerec.similarity import cosine_of_pairs


def made(rng, *, dimension=24, photos=(1, 3, 1, 2, 5, 1, 1, 4, 2, 2), groups=2, crowded=0.0, people=None):
    """Photos of people, some with several, in an order of chance."""
    counts = np.resize(photos, people or len(photos))
    who = np.repeat(np.arange(len(counts)), counts)
    centres = rng.standard_normal((len(counts), dimension)) + crowded
    vectors = (centres[who] + 0.7 * rng.standard_normal((len(who), dimension))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = rng.permutation(len(who))
    of_people = rng.integers(0, groups, len(counts))
    names = np.array([f"p{number:05d}" for number in rng.permutation(len(counts))])
    return PhotosOfPeople.of(vectors[order], names[who][order], of_people[who][order])


def table(photos):
    """Every pair of photos: its score, who it is of and their groups, one row each."""
    first, second = (np.array(side) for side in zip(*combinations(range(len(photos)), 2), strict=True))
    scores = cosine_of_pairs(photos.vectors[first], photos.vectors[second])
    return scores, photos.people[first], photos.people[second]


def expected(photos, thresholds):
    """The sums by hand, from the table."""
    nothing = Count(thresholds).nothing(photos)
    scores, left, right = table(photos)
    floors = bin_floors()
    for score, a, b in zip(scores, left, right, strict=True):
        g, h = photos.groups[a], photos.groups[b]
        place = np.flatnonzero(floors <= score)[-1]
        if a == b:
            nothing.genuine[g, place] += 1
        else:
            nothing.impostor[g, h, place] += 1
        for number, threshold in enumerate(thresholds):
            if a == b and score < threshold:
                nothing.rejections[number, a] += 1
            if a != b and score >= threshold:
                nothing.matches[number, g, h] += 1
                nothing.match_people[number, a, h] += 1
                nothing.match_people[number, b, g] += 1
    for number, threshold in enumerate(thresholds):
        for a, b in combinations(range(len(photos.photos)), 2):
            errors = int(((left == a) & (right == b) & (scores >= threshold)).sum())
            cell = number, photos.groups[a], photos.groups[b]
            nothing.squares[cell] += errors**2
            nothing.products[cell] += errors * photos.photos[a] * photos.photos[b]
    return nothing


def same(one, other):
    """Whether two sums are equal, number by number."""
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one.arrays, other.arrays, strict=True))


@pytest.mark.parametrize("part", [1024, 7, 4])
@pytest.mark.parametrize(("dimension", "crowded"), [(24, 0.0), (24, 3.0), (2, 0.0), (1, 0.0), (130, 1.0)])
def test_sums_are_those_of_the_table(monkeypatch, part, dimension, crowded):
    """Histograms, errors of people and of couples, whatever the parts; with thresholds that scores reach exactly."""
    monkeypatch.setattr(people_module, "PART", part)
    rng = np.random.default_rng(dimension)
    photos = made(rng, dimension=dimension, crowded=crowded)
    scores = np.sort(np.unique(table(photos)[0]))
    thresholds = tuple(
        sorted({-0.5, *scores[[-1, -2, len(scores) // 2]][scores[[-1, -2, len(scores) // 2]] > -1], 1.5})
    )
    found = count_blocks(photos, Count(thresholds), photos.blocks)
    assert same(found, expected(photos, thresholds))
    assert found.impostor.sum() + found.genuine.sum() == len(photos) * (len(photos) - 1) // 2


def test_rows_in_pieces_are_the_same(monkeypatch):
    """Somebody with more photos than a part holds is counted in pieces, couples included."""
    photos = made(np.random.default_rng(3), photos=(9, 1, 2, 11, 1, 1, 3))
    whole = count_blocks(photos, Count((0.1, 0.3)), photos.blocks)
    monkeypatch.setattr(people_module, "PART", 4)
    monkeypatch.setattr("facerec.measure.all_pairs.counts.PART", 4)
    monkeypatch.setattr("facerec.measure.all_pairs.product._AT_ONCE", 12)
    again = PhotosOfPeople(photos.vectors, photos.photos, photos.groups, photos.names)
    assert len(again.parts) > 4
    assert same(count_blocks(again, Count((0.1, 0.3)), again.blocks), whole)
    named = [count_blocks(each, Count((0.1,), couples=True), each.blocks) for each in (photos, again)]
    first, second = (sorted(map(tuple, np.concatenate(each.couples).tolist())) for each in named)
    assert first == second
    assert sum(errors**2 for _, _, errors in first) == named[0].squares.sum() == whole.squares[0].sum()


def test_blocks_add_up_in_any_order_and_any_parts():
    """Sums of sums, through bytes too, are those of all; each block once."""
    rng = np.random.default_rng(5)
    photos = made(rng, people=1500, dimension=8)
    question = Count((0.4,), couples=True)
    blocks = list(photos.blocks)
    whole = count_blocks(photos, question, blocks)
    order = rng.permutation(len(blocks))
    parts = [count_blocks(photos, question, [blocks[place] for place in share]) for share in np.array_split(order, 3)]
    added = parts[2] + parts[0]
    added.include_bytes(parts[1].to_bytes())
    assert same(added, whole)
    couples = [sorted(map(tuple, np.concatenate(each.couples).tolist())) for each in (added, whole)]
    assert couples[0] == couples[1]
    assert len(couples[0]) == len(set(couples[0]))


def test_processes_of_their_own_count_the_same():
    """What several processes count is what this one counts."""
    photos = made(np.random.default_rng(6), people=5000, dimension=16)
    blocks = list(photos.blocks)
    assert len(blocks) > 60
    done = []
    question = Count((0.5,))
    found = count_pairs(photos, question, processes=2, progress=lambda *told: done.append(told))
    assert same(found, count_blocks(photos, question, blocks))
    assert done[-1] == (len(blocks), len(blocks))


@pytest.mark.parametrize("dimension", [1, 2, 64, 65, 128, 512, 1000])
def test_the_product_is_within_its_slack(dimension):
    """No whole number is further from the score than the slack, for vectors made to round badly."""
    rng = np.random.default_rng(dimension)
    vectors = rng.standard_normal((200, dimension)) ** 3 + rng.choice([0, 1], (200, 1))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    photos = PhotosOfPeople.of(vectors.astype(np.float32), [f"{number:03d}" for number in range(200)])
    exact = photos.vectors.astype(np.float64) @ photos.vectors.astype(np.float64).T
    for scores in strangers(photos, Block(0, 0), Workspace()):
        wanted = ZERO + scores.slack + UNITS * exact[scores.rows]
        there = photos.people[None] > photos.people[scores.rows, None]
        assert np.abs(scores.whole - wanted)[there].max() <= scores.slack == slack(dimension)
        assert (scores.whole[~there] == 1 << 10).all()


def test_bins_hold_what_their_floors_say():
    """Scores on an edge, next to it, -1 and 1; below 0 the edge itself belongs to the lower bin."""
    ticks = np.array([-TICKS, -TICKS + 1, -5_000_000, -4_999_999, -1, 0, 1, 5_000_000, 4_999_999, TICKS - 1, TICKS])
    places, floors = bins_of(ticks), bin_floors()
    assert len(floors) == ALL_BINS
    assert places[0] == 0
    assert places[-1] == ALL_BINS - 1
    assert (np.diff(floors) > 0).all()
    for tick, place in zip(ticks / TICKS, places, strict=True):
        assert floors[place] <= tick or tick == -1
        assert place == ALL_BINS - 1 or tick < floors[place + 1]


def test_thresholds_in_ticks():
    """The lowest score of seven decimals that a threshold lets pass."""
    rng = np.random.default_rng(0)
    for threshold in [
        0.1,
        0.3,
        0.7,
        -0.2,
        1.0,
        *rng.uniform(-1, 1, 200),
        *np.nextafter(rng.uniform(0, 1, 9).round(7), 2),
    ]:
        tick = in_ticks(float(threshold))
        assert tick / TICKS >= threshold > (tick - 1) / TICKS


def test_what_cannot_be_counted_is_said():
    """Groups of photos, thresholds out of order, vectors of another length; each says what is wrong."""
    vectors = np.eye(3, dtype=np.float32)
    with pytest.raises(ArgumentError, match="'a' has photos in two groups"):
        PhotosOfPeople.of(vectors, ["a", "b", "a"], np.array([0, 1, 1]))
    with pytest.raises(ArgumentError, match="unit length"):
        PhotosOfPeople.of(2 * vectors, ["a", "b", "a"])
    with pytest.raises(ArgumentError, match="one subject per vector"):
        PhotosOfPeople.of(vectors, ["a", "b"])
    for thresholds in ((0.5, 0.1), (-1.0,), (float("nan"),)):
        with pytest.raises(ArgumentError, match="above -1 and ascending"):
            Count(thresholds)
    with pytest.raises(ArgumentError, match="one threshold"):
        Count((), couples=True)
    photos = PhotosOfPeople.of(vectors, ["a", "b", "a"])
    with pytest.raises(ArgumentError, match="do not add up"):
        Count((0.5,)).nothing(photos) + Count((0.5, 0.6)).nothing(photos)

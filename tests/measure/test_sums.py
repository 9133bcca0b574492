"""Sums of comparisons: they add as the comparisons do, whatever is kept, and come back from a file as they were."""

import contextlib
import dataclasses
from functools import reduce

import numpy as np
import pytest

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.metrics.rates import threshold_at_counts, threshold_at_fmr
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.files import content_digest, read_sums, write_sums
from facerec.measure.sums.filling import EVERYTHING, Compared, Labelled, sum_up
from facerec.measure.sums.running import RunningCells
from facerec.measure.sums.value import Couples, Limits, Made, Scores, Source, bin_floors, bins, person_marks, sampled

MADE = Made(0.3)
LABELS = ("", "f", "m")


def compared(seed=0, n=3000, people=60):
    """Comparisons of people, few of them without a score or a label."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, people, n)
    genuine = rng.random(n) < 0.3
    second = np.where(genuine, first, (first + rng.integers(1, people, n)) % people)
    scores = rng.normal(0, 0.2, n).round(3) + 0.5 * genuine
    scores[rng.random(n) < 0.03] = np.nan
    label = rng.integers(0, 3, people)
    names = np.array([f"p{number:03d}" for number in range(people)], object)
    grouping = Labelled("sex", tuple((each,) for each in LABELS), label[first], label[second])
    return Compared(genuine, scores, [grouping], names, (first, second))


def some(whole, rows):
    """Some of the comparisons, as a table of their own: people and sides that do not occur are gone."""
    names, people = np.unique(np.stack([side[rows] for side in whole.people]), return_inverse=True)
    people = people.reshape(2, -1)
    grouping = whole.groupings[0]
    sides, places = np.unique(np.stack([grouping.probe[rows], grouping.reference[rows]]), return_inverse=True)
    places = places.reshape(2, -1)
    labelled = Labelled("sex", tuple(grouping.sides[each] for each in sides), places[0], places[1])
    return Compared(whole.genuine[rows], whole.scores[rows], [labelled], whole.names[names], (people[0], people[1]))


def same(one, other):
    """Whether two sums are equal in every array."""
    return content_digest(one) == content_digest(other) and dataclasses.astuple(one.made) == dataclasses.astuple(
        other.made
    )


def parts(whole, count, seed, **more):
    """Random parts of comparisons, summed up one by one."""
    part = np.random.default_rng(seed).integers(0, count, len(whole.genuine))
    return [sum_up(some(whole, part == each), MADE, **more) for each in range(count)]


class TestAdding:
    """ComparisonSums.__add__."""

    @pytest.mark.parametrize("limits", [EVERYTHING, Limits(200, 150), Limits(37, 60)])
    @pytest.mark.parametrize("seed", range(3))
    def test_any_parts_in_any_order_are_the_whole(self, limits, seed):
        """Also where couples are drawn and scores are put into bins: both know only what is counted."""
        everything = compared(seed)
        whole = sum_up(everything, MADE, limits=limits)
        found = parts(everything, 5, seed, limits=limits)
        order = np.random.default_rng(seed).permutation(5)

        assert same(reduce(lambda one, other: one + other, [found[place] for place in order]), whole)
        assert same((found[0] + (found[1] + found[2])) + (found[3] + found[4]), whole)
        if limits.couples < 200:
            assert whole.groupings[0].couples.level > 1
            assert whole.groupings[0].scores.level > 40

    def test_counts_are_those_of_a_table(self):
        """Cells, errors and people by hand, of four comparisons."""
        people = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
        side = np.array([1, 1, 2, 2]), np.array([1, 2, 1, 2])
        sums = sum_up(
            Compared(
                np.array([True, False, False, True]),
                np.array([0.9, 0.5, 0.1, np.nan]),
                [Labelled("sex", tuple((each,) for each in LABELS), *side)],
                np.array(["ann", "bob"], object),
                people,
            ),
            MADE,
        )
        (sex,) = sums.groupings

        assert sex.table[0].tolist() == [[[0, 0, 0], [0, 0, 1], [0, 1, 0]], [[0, 0, 0], [0, 1, 0], [0, 0, 1]]]
        assert np.argwhere(sex.table[1]).tolist() == [[0, 1, 2], [1, 2, 2]]
        assert np.argwhere(sex.table[2]).tolist() == [[1, 2, 2]]
        assert sex.erred.counts.keys[1:].ravel().tolist() == [0, 1]
        assert sex.couples.counts.counts[0].tolist() == [1, 1]  # in two cells: ann was the probe once, bob once
        assert len(sex.takes) == 6
        assert (sums.lowest, sums.highest) == (0.1, 0.9)

    def test_what_does_not_fit_together_is_refused_with_the_reason(self):
        """Another threshold, other groupings, other limits, the same rows."""
        sums = sum_up(compared(), MADE, sources=[Source("ab" * 32, 0, 10)])
        other = sum_up(compared(1), MADE, sources=[Source("ab" * 32, 10, 20)])

        assert len((sums + other).sources) == 2
        for change, told in (
            ({"made": dataclasses.replace(MADE, threshold=0.4)}, "threshold 0.3 here and 0.4 there"),
            ({"made": dataclasses.replace(MADE, matcher="x")}, "matcher '' here and 'x' there"),
            ({"limits": EVERYTHING}, "limits"),
            (
                {"sources": (Source("ab" * 32, 9, 11),)},
                "rows 10 to 10 of the file with SHA-256 abababababab are in both",
            ),
            ({"groupings": (dataclasses.replace(other.groupings[0], by="race"),)}, "groupings sex here and race there"),
            ({"photos": np.ones(60, np.int64)}, "photos of people"),
        ):
            with pytest.raises(ArgumentError, match=told):
                sums + dataclasses.replace(other, **change)


class TestRunning:
    """RunningCells against sum_up."""

    @pytest.mark.parametrize("limits", [EVERYTHING, Limits(100, 80)])
    @pytest.mark.parametrize("blocks", [1, 7])
    def test_blocks_are_the_whole(self, limits, blocks):
        """However a table is cut, and whenever a new label appears."""
        whole = compared(4)
        grouping, cells = whole.groupings[0], RunningCells("sex", limits, named=True)
        marks = person_marks(whole.names)
        for rows in np.array_split(np.arange(len(whole.genuine)), blocks):
            sides = [grouping.probe[rows], grouping.reference[rows]]
            for each in np.unique(np.stack(sides))[::-1]:
                cells.sides.setdefault(grouping.sides[each], len(cells.sides))
            numbers = np.array([cells.sides.get(side, -1) for side in grouping.sides])
            cells.include(
                *(numbers[side] for side in sides),
                whole.genuine[rows],
                whole.scores[rows],
                threshold=MADE.threshold,
                people=tuple(side[rows].astype(np.int32) for side in whole.people),
                marks=marks,
            )
        expected = sum_up(whole, MADE, limits=limits)
        found = dataclasses.replace(expected, groupings=(cells.sums(np.arange(len(marks))),))

        assert found.groupings[0].sides == expected.groupings[0].sides
        assert same(found, expected)

    def test_sides_that_appear_later_move_what_was_counted(self):
        """A first block that knows one label, and a second with all of them."""
        whole = compared(5)
        grouping, cells = whole.groupings[0], RunningCells("sex", EVERYTHING, named=True)
        first = (grouping.probe == 1) & (grouping.reference == 1)
        marks = person_marks(whole.names)
        for rows, known in ((first, LABELS[1:2]), (~first, LABELS)):
            for each in known:
                cells.sides.setdefault((each,), len(cells.sides))
            numbers = np.array([cells.sides.get(side, -1) for side in grouping.sides])
            cells.include(
                numbers[grouping.probe[rows]],
                numbers[grouping.reference[rows]],
                whole.genuine[rows],
                whole.scores[rows],
                threshold=MADE.threshold,
                people=tuple(side[rows].astype(np.int32) for side in whole.people),
                marks=marks,
            )
        expected = sum_up(whole, MADE, limits=EVERYTHING)

        assert same(dataclasses.replace(expected, groupings=(cells.sums(np.arange(len(marks))),)), expected)


class TestSamples:
    """Couples and scores beyond what is kept."""

    def test_a_level_keeps_about_its_share_whichever_person_is_first(self):
        """One couple in 2^level, by the names alone."""
        marks = person_marks(np.array([str(number) for number in range(400)], object))
        first, second = np.triu_indices(400, 1)

        for level in (1, 3, 5):
            kept = sampled(marks[first], marks[second], level)
            assert np.array_equal(kept, sampled(marks[second], marks[first], level))
            assert kept.mean() == pytest.approx(2.0**-level, rel=0.1)
            assert not (sampled(marks[first], marks[second], level + 1) & ~kept).any()

    def test_a_limit_is_kept_by_the_lowest_level_that_keeps_it(self):
        """One level lower would keep too many."""
        marks = person_marks(np.array([str(number) for number in range(100)], object))
        first, second = np.triu_indices(100, 1)
        couples = Couples(0, Counts.of([np.zeros(len(first), np.int64), first, second]))
        found = couples.limited(500, marks)

        assert len(found.counts) <= 500 < len(couples.thinned(found.level - 1, marks).counts)
        scores = Scores(0, Counts.of([np.arange(4000) % 3, bins(np.random.default_rng(0).normal(size=4000))]))
        narrow = scores.limited(300)
        assert len(narrow.counts) <= 300 < len(scores.widened(narrow.level - 1).counts)
        assert narrow.counts.counts.sum() == 4000

    def test_bins_keep_the_order_and_the_scores(self):
        """At level 0 each score has its own bin, from which it comes back; -0 is 0."""
        scores = np.sort(np.random.default_rng(0).normal(size=1000) * np.logspace(-20, 20, 1000))

        assert np.array_equal(bin_floors(bins(scores), 0), scores)
        assert (np.diff(bins(scores, 45)) >= 0).all()
        assert (bin_floors(bins(scores, 45), 45) <= scores).all()
        assert bins(np.array([-0.0]))[0] == bins(np.array([0.0]))[0] == 0


class TestFile:
    """write_sums, read_sums."""

    def test_there_and_back(self, tmp_path):
        """Every array and every word; the same sums are the same bytes."""
        made = dataclasses.replace(MADE, target_fmr=0.01, calibration=(1, 100, -np.inf, 0.5), columns=("a=b",))
        sums = sum_up(compared(), made, sources=[Source("ab" * 32, 0, 3000)])
        for name in ("one.npz", "two.npz"):
            write_sums(sums, tmp_path / name)
        back = read_sums(tmp_path / "one.npz")

        assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
        assert same(back, sums)
        assert (back.sources, back.limits, back.lowest) == (sums.sources, sums.limits, sums.lowest)
        assert same(back + sum_up(compared(1), made), sums + sum_up(compared(1), made))

    def test_what_is_damaged_is_refused(self, tmp_path):
        """A byte that turned, a file cut off, another file, none."""
        path = tmp_path / "part.npz"
        write_sums(sum_up(compared(), MADE), path)
        whole = path.read_bytes()
        for broken in (whole[:-100], whole[: len(whole) // 2], b"no zip", b""):
            path.write_bytes(broken)
            with pytest.raises(ScoreTableError, match=r"part\.npz"):
                read_sums(path)
        for place in np.random.default_rng(0).integers(0, len(whole), 60):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :])
            with contextlib.suppress(ScoreTableError):
                assert same(read_sums(path), sum_up(compared(), MADE))
        with pytest.raises(ScoreTableError, match=r"none\.npz"):
            read_sums(tmp_path / "none.npz")


@pytest.mark.parametrize("rule", ["observed", "lowest"])
@pytest.mark.parametrize("seed", range(4))
def test_a_threshold_from_counts_is_that_of_the_scores(rule, seed):
    """Of single scores, and of bins that are looked into; ties, failures and every target."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=300).round(2 if seed % 2 else 6)
    scores[rng.random(300) < 0.05] = np.nan
    seen = scores[~np.isnan(scores)]
    values, counts = np.unique(seen, return_counts=True)
    places = bins(seen, 50)
    floors, many = np.unique(places, return_counts=True)

    def within(wanted):
        return np.unique(seen[np.isin(places, floors[list(wanted)])], return_counts=True)

    for target in (0.001, 0.01, 0.1, 0.5, 0.94, 0.97, 1.0):
        expected = threshold_at_fmr(scores, target, rule=rule)
        assert threshold_at_counts(values, counts, 300, target, rule=rule) == expected
        assert threshold_at_counts(bin_floors(floors, 50), many, 300, target, rule=rule, within=within) == expected


def test_an_error_rate_of_sums_is_that_of_its_pairs():
    """Where every couple is kept, the rate of a cell is that of its comparisons, effective trials and all."""
    from audits.verification.rates import CellRates

    whole = compared(7)
    rates = CellRates.of(sum_up(whole, MADE, limits=EVERYTHING), 0, 0.95)
    wrong = (whole.scores >= MADE.threshold) != whole.genuine
    for kind, cells in ((False, rates.impostors), (True, rates.genuines)):
        rows = whole.genuine == kind
        pairs = PairsOfPeople.of(*(side[rows] for side in whole.people))
        expected, found = pairs.rate(wrong[rows]), rates.estimate(cells).rate

        assert (found.errors, found.trials) == (expected.errors, expected.trials)
        assert found.effective_trials == pytest.approx(expected.effective_trials, rel=1e-12)

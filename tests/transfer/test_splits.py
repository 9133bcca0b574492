"""Laws of splits and shots: parts are disjoint, stratified, repeatable; people and copies stay together."""

from pathlib import Path

import numpy as np
import pytest

from facerec.errors import ArgumentError, DataSetError
from facerec.transfer.image_set import ImageSet
from facerec.transfer.splits import nested_shots, split


def _set(labels: list[int], *, parts: list[str] | None = None, digests: list[str] | None = None, **columns) -> ImageSet:
    count = len(labels)
    return ImageSet(
        name="made",
        root=Path(),
        files=tuple(f"{i}.png" for i in range(count)),
        labels=np.array(labels),
        classes=tuple("abcdef"[: max(labels) + 1]),
        parts=tuple(parts or [""] * count),
        digests=tuple(digests or [f"{i:064x}" for i in range(count)]),
        columns={name: tuple(values) for name, values in columns.items()},
    )


def test_every_photo_is_in_one_part_and_classes_keep_their_shares() -> None:
    """40 and 20 photos: a quarter of each class is test, a fifth of the rest validation."""
    made = _set([0] * 40 + [1] * 20)

    found = split(made, seed=0)

    parts = [found.train, found.validation, found.test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(60))
    assert [np.bincount(made.labels[part]).tolist() for part in parts] == [[24, 12], [6, 3], [10, 5]]


def test_the_seed_decides() -> None:
    """The same seed gives the same parts, another seed others."""
    made = _set([0] * 40 + [1] * 20)

    one, same, other = (split(made, seed=seed).test.tolist() for seed in (1, 1, 2))

    assert one == same != other


def test_given_parts_are_kept() -> None:
    """A given test and validation part stay as they are, whatever the seed."""
    made = _set([0, 1] * 6, parts=["train"] * 8 + ["validation"] * 2 + ["test"] * 2)

    found = split(made, seed=3)

    assert (found.train.tolist(), found.validation.tolist(), found.test.tolist()) == (list(range(8)), [8, 9], [10, 11])


def test_a_given_validation_part_without_a_test_is_the_test() -> None:
    """Others report on it, so nothing is chosen on it; the note says so."""
    made = _set([0, 1] * 10, parts=["train"] * 16 + ["validation"] * 4)

    found = split(made, seed=0)

    assert found.test.tolist() == [16, 17, 18, 19]
    assert len(found.validation) > 0
    assert set(found.validation) <= set(range(16))
    assert "validation part is the test" in found.note


def test_people_and_copies_stay_together() -> None:
    """No subject, and no photo's contents, is in two parts."""
    random = np.random.default_rng(0)
    subjects = [f"p{n}" for n in random.integers(0, 25, 120)]
    digests = [f"{n:064x}" for n in random.integers(0, 1000, 120)]
    made = _set(random.integers(0, 3, 120).tolist(), subject=subjects, digests=digests)

    found = split(made, seed=0)

    for column in (np.array(subjects), np.array(digests)):
        sides = [set(column[part]) for part in (found.train, found.validation, found.test)]
        assert not sides[0] & sides[1]
        assert not sides[0] & sides[2]
        assert not sides[1] & sides[2]


def test_a_person_on_both_sides_of_given_parts_is_refused() -> None:
    """The data's own split must not leak people either."""
    made = _set([0, 1] * 4, parts=["train"] * 6 + ["test"] * 2, subject=["a", "b", "c", "d", "e", "f", "a", "g"])

    with pytest.raises(DataSetError, match="1 subjects, the first is 'a', are in train and in test"):
        split(made, seed=0)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (_set([0] * 10 + [1]), "class 'b' has 1 photo to cut a test part from"),
        (_set([0] * 4 + [1] * 4, subject=["a"] * 4 + ["b"] * 4), "class 'a' has 4 photos of 1 groups"),
        (_set([0, 0, 1], parts=["train", "train", "test"]), "class 'b' has no photo to learn from"),
    ],
)
def test_too_few_photos(made: ImageSet, complaint: str) -> None:
    """A class that cannot be in every part is named."""
    with pytest.raises(DataSetError, match=complaint):
        split(made, seed=0)


@pytest.mark.parametrize("wrong", [{"validation": 0.0}, {"test": 1.0}, {"seed": -1}])
def test_shares_and_seeds_out_of_range(wrong: dict[str, float]) -> None:
    """Shares lie between 0 and 1, seeds are not negative."""
    with pytest.raises(ArgumentError):
        split(_set([0, 1] * 10), **{"seed": 0, **wrong})  # type: ignore[arg-type]


def test_shots_are_nested_and_equal_per_class() -> None:
    """Of one draw 1 shot is in 2 shots is in 5 shots; other draws choose others."""
    labels = np.repeat([0, 1, 2], 20)
    train = np.flatnonzero(np.arange(60) % 3 > 0)

    one, two, five = (nested_shots(labels, train, shots, draw=4) for shots in (1, 2, 5))

    assert set(one) < set(two) < set(five) < set(train.tolist())
    assert np.bincount(labels[five]).tolist() == [5, 5, 5]
    assert nested_shots(labels, train, 5, draw=5).tolist() != five.tolist()


def test_more_shots_than_photos() -> None:
    """A class that has fewer is named, with what it has."""
    with pytest.raises(ArgumentError, match="3 shots were asked for, but class 1 has 2"):
        nested_shots(np.array([0, 0, 0, 1, 1]), np.arange(5), 3, draw=0)
    with pytest.raises(ArgumentError, match="1 or more"):
        nested_shots(np.array([0, 1]), np.arange(2), 0, draw=0)


def test_photos_of_nobody_known_are_each_alone() -> None:
    """Half of the photos name nobody: they come into every part, as they do where no photo names anybody."""
    labels = [0, 1] * 20
    who = ["" if number % 4 < 2 else f"person {number}" for number in range(40)]

    found = split(_set(labels, subject=who), seed=0)

    for part in (found.train, found.validation, found.test):
        assert any(who[photo] == "" for photo in part.tolist())
    assert split(_set(labels, subject=[""] * 40), seed=0).test.tolist() == split(_set(labels), seed=0).test.tolist()


def test_a_name_is_the_same_with_a_space_behind_it() -> None:
    """A person on both sides is found however the manifest is padded."""
    made = _set([0, 1] * 6, parts=["train"] * 8 + ["test"] * 4, subject=[*"abcdefgh", "a ", *"ijk"])

    with pytest.raises(DataSetError, match="the first is 'a', are in train and in test"):
        split(made, seed=0)


def test_who_is_on_a_photo_is_part_of_the_data() -> None:
    """Other people, other digest; the same people by other names, the same one."""
    labels = [0, 1] * 4

    one, same, other = (_set(labels, subject=who).digest for who in ("aabbccdd", "xxyyzzww", "abbccdda"))

    assert one == same
    assert len({one, other, _set(labels).digest}) == 3


def test_the_rarest_class_has_the_first_choice() -> None:
    """Four photos of people who are also on photos of another class: every draw finds parts."""
    labels = [0] * 40 + [1] * 4
    who = [f"person {number // 2}" for number in range(40)] + [f"person {number}" for number in range(4)]

    for seed in range(20):
        found = split(_set(labels, subject=who), seed=seed)

        assert all(1 in found_labels for found_labels in (np.array(labels)[found.train], np.array(labels)[found.test]))


def test_a_part_never_takes_a_whole_class() -> None:
    """Four people with three photos each, of which validation would like nearly all that are left: one stays."""
    labels = [0] * 12 + [1] * 12
    who = [f"{label} {number % 4}" for label in (0, 1) for number in range(12)]

    for seed in range(30):
        found = split(_set(labels, subject=who), seed=seed, test=0.6, validation=0.9)

        for part in (found.train, found.validation, found.test):
            assert set(np.array(labels)[part]) == {0, 1}


@pytest.mark.parametrize(
    ("validation", "test", "sizes"), [(0.2, 0.25, (24, 6, 10)), (0.5, 0.1, (18, 18, 4)), (0.1, 0.5, (18, 2, 20))]
)
def test_shares_are_of_what_they_are_said_to_be(validation: float, test: float, sizes: tuple[int, ...]) -> None:
    """Test is a share of all photos, validation of what is left; the note says both with the seed."""
    found = split(_set([0] * 40 + [1] * 40), seed=7, validation=validation, test=test)

    assert tuple(len(part) // 2 for part in (found.train, found.validation, found.test)) == sizes
    assert found.note == (
        f"test cut from train, {test:.0%} of each class, seed 7; "
        f"validation cut from train, {validation:.0%} of each class, seed 7"
    )


def test_parts_ascend_and_free_photos_are_learned_from() -> None:
    """Where a test part is given, the photos of no part and those of train are cut into train and validation."""
    parts = (["train", "", "test", ""] * 10)[:40]
    found = split(_set([number // 4 % 2 for number in range(40)], parts=parts), seed=0)

    assert found.test.tolist() == list(range(2, 40, 4))
    assert sorted([*found.train, *found.validation]) == [number for number in range(40) if number % 4 != 2]
    for part in (found.train, found.validation, found.test):
        assert part.tolist() == sorted(part.tolist())
    assert found.note.startswith("the data's test part; validation cut from train, 20%")
    given = split(_set([0, 1] * 6, parts=["train"] * 8 + ["validation"] * 2 + ["test"] * 2), seed=0)
    assert given.note == "the data's validation part; the data's test part"


def test_test_and_validation_are_drawn_apart() -> None:
    """Two cuts of the same photos by the same seed: what one would take is not what the other takes."""
    labels = [0] * 30 + [1] * 30
    tested = split(_set(labels), seed=3, test=0.3).test
    alone = _set([*labels, 0, 1], parts=["train"] * 60 + ["test"] * 2)
    held_back = split(alone, seed=3, validation=0.3).validation

    assert len(tested) == len(held_back) == 18
    assert tested.tolist() != held_back.tolist()


def test_large_groups_do_not_spoil_the_share() -> None:
    """People of one to seven photos: each class's test part is within half of a person's photos of its share."""
    for seed in range(30):
        random = np.random.default_rng(seed)
        sizes = random.integers(1, 8, 24)
        who = [f"{label} {person}" for label in (0, 1) for person, size in enumerate(sizes) for _ in range(size)]
        labels = [int(name[0]) for name in who]

        found = split(_set(labels, subject=who), seed=seed)

        for label in (0, 1):
            wanted = round(0.25 * sizes.sum())
            have = int((np.array(labels)[found.test] == label).sum())
            assert wanted - 4 <= have <= wanted + 4


def test_who_hangs_together_through_others_stays_together() -> None:
    """A copy of one person's photo among another's ties both: their six photos are in one part."""
    labels = [0, 1] * 20
    who = ["x"] * 3 + ["y"] * 3 + [f"p{number}" for number in range(34)]
    digests = [f"{number:064x}" for number in range(40)]
    digests[4] = digests[1]

    for seed in range(8):
        found = split(_set(labels, subject=who, digests=digests), seed=seed)
        sides = [set(part.tolist()) & set(range(6)) for part in (found.train, found.validation, found.test)]
        assert sorted(map(len, sides)) == [0, 0, 6]


@pytest.mark.parametrize("second", ["validation", "test"])
def test_people_of_any_two_given_parts_are_refused(second: str) -> None:
    """Train and validation, train and test, validation and test; how many they are is said."""
    who = [*"abcdefgh", "c", "d", "i", "j"]
    parts = ["train"] * 8 + [second] * 2 + ["test" if second == "validation" else "validation"] * 2

    with pytest.raises(DataSetError, match=f"2 subjects, the first is 'c', are in train and in {second}"):
        split(_set([0, 1] * 6, parts=parts, subject=who), seed=0)
    apart = [*"abcdefgh", "i", "j", "i", "k"]
    parts = ["train"] * 8 + ["validation"] * 2 + ["test"] * 2
    with pytest.raises(DataSetError, match="1 subjects, the first is 'i', are in validation and in test"):
        split(_set([0, 1] * 6, parts=parts, subject=apart), seed=0)


def test_shots_of_classes_are_drawn_apart() -> None:
    """Classes of equal sizes do not all give the photos of the same places; positions are those of the whole set."""
    labels = np.repeat(np.arange(6), 30)

    found = nested_shots(labels, np.arange(180), 5, draw=0)

    places = [tuple(found[labels[found] == label] % 30) for label in range(6)]
    assert len(set(places)) == 6
    part = np.arange(1, 180, 2)
    assert set(nested_shots(labels, part[::-1], 5, draw=0)) <= set(part.tolist())
    assert nested_shots(labels, part[::-1], 5, draw=0).tolist() == nested_shots(labels, part, 5, draw=0).tolist()

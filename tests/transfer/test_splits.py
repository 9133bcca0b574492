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

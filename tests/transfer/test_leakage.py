"""Copies and look-alikes across a split are found, unrelated photos are not, and ImageNet's subsets are known."""

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFilter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.transfer.image_set import ImageSet
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.leakage import NEAR, find_leakage, imagenet_subset, known_classes, near_pairs
from facerec.transfer.splits import Splits


def _scene(seed: int) -> PIL.Image.Image:
    """Soft blobs: low frequencies of their own, as photos have."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return PIL.Image.fromarray(noise).resize((96, 96), PIL.Image.Resampling.BICUBIC)


@pytest.fixture
def scenes(tmp_path: Path) -> ImageSet:
    """Two classes of four: a/2 is a/0 again, b/1 is b/0 smaller and compressed, b/3 is a/3 in the wrong class."""
    saved = {"a/0": _scene(0), "a/1": _scene(1), "a/2": _scene(0), "a/3": _scene(3)}
    saved |= {"b/0": _scene(4), "b/2": _scene(6), "b/3": _scene(3)}
    for name, scene in saved.items():
        file = tmp_path / "scenes" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        scene.save(file)
    _scene(4).resize((50, 50)).save(tmp_path / "scenes" / "b" / "1.jpg", quality=60)
    return read_image_set(tmp_path / "scenes")


def _splits(train: list[int], test: list[int]) -> Splits:
    return Splits(np.array(train), np.array([], np.int64), np.array(test))


def test_copies_and_look_alikes_across_the_split(scenes: ImageSet) -> None:
    """The copy, the smaller one and the label conflict are found, and nothing else."""
    found = find_leakage(scenes, _splits([0, 1, 4, 6, 7], [2, 3, 5]))

    assert [(leak.first, leak.second, leak.sides) for leak in found.duplicates] == [
        ("a/0.png", "a/2.png", ("train", "test")),
        ("a/3.png", "b/3.png", ("test", "train")),
    ]
    assert [(leak.first, leak.second) for leak in found.near_duplicates] == [("b/0.png", "b/1.jpg")]
    assert found.conflicts == (("a/3.png", "b/3.png"),)
    assert found.imagenet_subset is None
    for said in ("2 pairs of photos with the same contents", "1 pairs of photos that look alike", "have two classes"):
        assert said in found.warning


def test_on_one_side_of_the_split_it_is_no_leak(scenes: ImageSet) -> None:
    """Copies within a part are no leakage between parts."""
    found = find_leakage(scenes, _splits([0, 2, 3, 7], [1, 4, 5, 6]))

    assert (found.duplicates, found.near_duplicates) == ((), ())


def test_plain_photos_say_nothing(tmp_path: Path) -> None:
    """Photos of one colour have hashes alike and are not taken for duplicates."""
    for name, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / "plain" / name).mkdir(parents=True)
        PIL.Image.new("RGB", (40, 40), colour).save(tmp_path / "plain" / name / "0.png")

    found = find_leakage(read_image_set(tmp_path / "plain"), _splits([0], [1]))

    assert found.near_duplicates == ()
    assert found.warning == ""


def _named(name: str, *classes: str) -> ImageSet:
    return ImageSet(name, Path(f"/data/{name}"), (), np.array([], np.int64), classes, (), ())


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (_named("hymenoptera_data", "ants", "bees"), "hymenoptera"),
        (_named("mine", "ants", "bees"), "hymenoptera"),
        (_named("imagenette2-320", "n01440764", "n02102040"), "Imagenette"),
        (_named("x", "n01440764", "n02102040"), "WordNet"),
        (_named("x", "n02085620-Chihuahua", "n02085782-Japanese_spaniel"), "WordNet"),
        (_named("tiny-imagenet-200", "a", "b"), "Tiny ImageNet"),
        (_named("flowers5_small", "daisy", "tulip"), None),
        (_named("mine", "ants", "bees", "wasps"), None),
        (_named("mine", "n1", "n2"), None),
    ],
)
def test_targets_that_imagenet_contains(made: ImageSet, expected: str | None) -> None:
    """Known by the folder's name, by the classes, or by classes that are WordNet ids."""
    found = imagenet_subset(made)

    assert found is None if expected is None else found is not None and expected in found


def test_hymenoptera_carries_the_warning(data: Path) -> None:
    """The tutorial's own data set is part of ImageNet, and the warning says so."""
    found = read_image_set(data / "hymenoptera_data").subset(range(4))

    warning = find_leakage(found, _splits([0, 1], [2, 3]), near=False).warning

    assert "part of ImageNet" in warning


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=7)), max_size=12))
def test_near_pairs_are_those_that_counting_finds(drawn: list[tuple[int, set[int]]]) -> None:
    """Every pair that differs in four bits or fewer, and no other; copies with some bits turned are among them."""
    numbers = [each for number, bits in drawn for each in (number, number ^ sum(1 << bit for bit in bits))]
    hashes = np.array(numbers, np.uint64)

    first, second = near_pairs(hashes)

    expected = [
        (i, j)
        for i in range(len(numbers))
        for j in range(i + 1, len(numbers))
        if (numbers[i] ^ numbers[j]).bit_count() <= NEAR
    ]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected


def _answers(share: float, sure: float, photos: int = 20) -> np.ndarray:
    """Probabilities over five classes: so many photos have the second, with so much probability."""
    rows = np.full((photos, 5), 0.01)
    for row in range(photos):
        rows[row, 1 if row < round(share * photos) else 3] = sure
    return rows


@pytest.mark.parametrize(
    ("share", "sure", "known"), [(0.8, 0.7, True), (0.7, 0.9, False), (0.8, 0.5, False), (1.0, 0.5, True)]
)
def test_classes_that_the_network_takes_for_its_own(share: float, sure: float, known: bool) -> None:
    """Most photos must have one answer, and with a mean probability of a half; the class and the answer are named."""
    probabilities = np.concatenate([_answers(share, sure), _answers(0.5, 0.4)])
    labels = np.repeat([0, 2], 20)

    told = known_classes(probabilities, ["a", "ant", "c", "d", "e"], labels, ["ants", "nobody", "pebbles"])

    assert bool(told) == known
    if known:
        assert told.startswith(
            f"by the network's own answers 1 of 3 classes are ImageNet's: ants ('ant' in {share:.0%}"
        )


def test_bits_at_the_edges_of_bands_hide_no_pair() -> None:
    """Four differences, each in the first bit of a band: the one band without any still finds the pair."""
    edges = np.linspace(0, 64, NEAR + 2).astype(int)
    for left in range(NEAR + 1):
        bits = [int(edge) for place, edge in enumerate(edges[:-1]) if place != left]
        number = 0x0123_4567_89AB_CDEF

        first, second = near_pairs(np.array([number, number ^ sum(1 << bit for bit in bits)], np.uint64))

        assert (first.tolist(), second.tolist()) == ([0], [1])


@pytest.mark.parametrize(
    ("share", "sure", "known"), [(0.75, 0.67, True), (0.74, 0.9, False), (1.0, 0.501, True), (1.0, 0.499, False)]
)
def test_three_quarters_and_a_half_are_the_limits(share: float, sure: float, known: bool) -> None:
    """Three of four photos are enough, and a mean probability of a half; a hundredth less of either is not."""
    probabilities = _answers(share, sure, photos=100)

    assert bool(known_classes(probabilities, list("abcde"), np.zeros(100, int), ["ants", "bees"])) == known


def test_each_class_is_asked_of_its_own_photos() -> None:
    """Two classes with answers of their own, and one that nobody showed: each is named with its share."""
    probabilities = np.concatenate([_answers(1.0, 0.9, 10), np.roll(_answers(0.8, 0.9, 10), 1, axis=1)])
    labels = np.repeat([2, 0], 10)

    told = known_classes(probabilities, ["a", "ant", "bee", "d", "e"], labels, ["bees", "nobody", "ants"])

    assert told.startswith("by the network's own answers 2 of 3 classes are ImageNet's: bees ('bee' in 80% of its")
    assert "ants ('ant' in 100% of its photos)" in told


def _looking(looks: list[int], *, digests: list[str] | None = None, labels: list[int] | None = None) -> ImageSet:
    count = len(looks)
    return ImageSet(
        name="made",
        root=Path("/data/made"),
        files=tuple(f"{number}.png" for number in range(count)),
        labels=np.array(labels or [0] * count),
        classes=("a", "b"),
        parts=("",) * count,
        digests=tuple(digests or [f"{number:064x}" for number in range(count)]),
        looks=tuple(looks),
    )


def test_look_alikes_are_told_with_their_distance_and_sides() -> None:
    """Three bits apart between train and validation, four between validation and test; five are too many."""
    base = 0x00FF_00FF_00FF_00FF
    made = _looking([base, base ^ 0b111, base ^ 0b1000_0000_0111 ^ (0b11 << 40), base ^ (0b11111 << 50)])

    found = find_leakage(made, Splits(np.array([0]), np.array([1]), np.array([2, 3]))).near_duplicates

    assert [(leak.first, leak.second, leak.sides, leak.distance) for leak in found] == [
        ("0.png", "1.png", ("train", "validation"), 3),
        ("1.png", "2.png", ("validation", "test"), 3),
    ]
    assert find_leakage(made, Splits(np.array([0]), np.array([1]), np.array([2])), near=False).near_duplicates == ()


@pytest.mark.parametrize(("bits", "telling"), [(3, False), (4, True), (60, True), (61, False)])
def test_a_hash_needs_four_bits_of_either_kind(bits: int, telling: bool) -> None:
    """With fewer set, or fewer left, it is that of a plain photo."""
    look = (1 << bits) - 1
    found = find_leakage(_looking([look, look]), Splits(np.array([0]), np.array([], np.int64), np.array([1])))

    assert bool(found.near_duplicates) == telling


def test_photos_of_no_part_leak_nothing() -> None:
    """What is neither learned from nor tested on lies on no side; two classes of one photo are told all the same."""
    base = 0x00FF_00FF_00FF_00FF
    made = _looking([base] * 4, digests=["a" * 64, "a" * 64, "b" * 64, "a" * 64], labels=[0, 1, 1, 0])
    nobody = np.array([], np.int64)

    found = find_leakage(made, Splits(np.array([0]), nobody, nobody))

    assert (found.duplicates, found.near_duplicates) == ((), ())
    assert found.conflicts == (("0.png", "1.png"), ("1.png", "3.png"))
    assert "2 photos have two classes, the first: 0.png and 1.png" in found.warning
    both = find_leakage(made, Splits(np.array([0, 2]), nobody, np.array([1, 3])))
    assert [(leak.first, leak.second, leak.distance) for leak in both.duplicates] == [
        ("0.png", "1.png", 0),
        ("0.png", "3.png", 0),
    ]
    assert [(leak.first, leak.second) for leak in both.near_duplicates] == [("1.png", "2.png"), ("2.png", "3.png")]
    assert "2 pairs of photos with the same contents lie in two parts, the first: 0.png (train) and 1.png (test)" in (
        both.warning
    )


@pytest.mark.parametrize(
    ("name", "classes", "expected"),
    [
        ("Imagewoof2-160", "ab", "Imagewoof"),
        ("Stanford_Dogs", "ab", "Stanford Dogs"),
        ("imagenet-100", "ab", "Imagenet-100"),
        ("mini-ImageNet", "ab", "miniImageNet"),
        ("tiered_imagenet", "ab", "tieredImageNet"),
        ("ILSVRC2012_val", "ab", "ImageNet (it is ImageNet itself"),
        ("mine", ("Bees", "Ants"), "hymenoptera"),
        ("mine", ("n01440764", "other"), None),
        ("mine", ("n014407641", "n021020401"), None),
    ],
)
def test_the_narrower_name_comes_first(name: str, classes: tuple[str, ...], expected: str | None) -> None:
    """In any spelling, by the folder or by all classes; some WordNet ids among other names are none."""
    found = imagenet_subset(_named(name, *classes))

    assert found is None if expected is None else found is not None and found.startswith(expected)
    if expected is not None and name != "mine":
        folder = ImageSet("mine", Path(f"/data/{name}"), (), np.array([], np.int64), tuple(classes), (), ())
        assert (imagenet_subset(folder) or "").startswith(expected)

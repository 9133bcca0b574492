"""What is measured on people who were not learned from: who is in it, and whose it is."""

from types import SimpleNamespace

import numpy as np
import pytest

from facerec.measure.tables import read, stamp_of
from facerec.training import validation_scores as measuring
from facerec.training.people import People
from facerec.training.validation_scores import compared, epoch_photos, points_of, scored_photos, write_scores

ABOUT = SimpleNamespace(name="ours", digest="ab" * 32)


@pytest.fixture(scope="module")
def crowd():
    """2,400 photos of 1,200 people whose ids begin with the name of their group, and their vectors."""
    identities = tuple(sorted(f"{group}-{n:03d}" for group in ("north", "south") for n in range(600)))
    labels = np.arange(1200).repeat(2)
    groups = tuple(identities[label].split("-")[0] for label in labels)
    files = tuple(f"{identities[label]}/{n}.jpg" for n, label in enumerate(labels))
    people = People("crowd", files, labels, identities, {"origin": groups}, None, (), 2400, "a detector", "a crop", "")
    draw = np.random.default_rng(1)
    vectors = draw.normal(size=(1200, 16))[labels] + 0.5 * draw.normal(size=(2400, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return people, vectors.astype(np.float32)


def test_both_groups_are_in_the_table(crowd, tmp_path):
    """Of 2,400 photos a thousand are in the table, half of them of either group; the card says how many of how many."""
    people, vectors = crowd
    photos = np.arange(2400)

    write_scores(vectors, people, photos, tmp_path / "s.parquet", about=ABOUT, seed=3)

    table = read(tmp_path / "s.parquet")
    assert len(table) == 1000 * 999 // 2
    shares = table.groupby(["probe_origin", "reference_origin"]).size() / len(table)
    assert shares["north", "north"] == pytest.approx(0.25, abs=0.01)
    assert shares["south", "south"] == pytest.approx(0.25, abs=0.01)
    assert int(table["genuine"].sum()) == 500
    matcher = stamp_of(table)
    assert (matcher.detector, matcher.crop, matcher.embedder_digest, matcher.gate) == (
        "a detector",
        "a crop",
        "ab" * 32,
        "none",
    )
    said = compared(people, photos, seed=3)
    assert said["in the score table"] == "1000 of 2400 photos, of 500 of 1200 people, drawn at random"
    assert said["compared in every epoch"] == "all 2400 photos"


def test_an_unfinished_network_stamps_nothing(crowd, tmp_path):
    """Its scores are of nobody's matcher, and the same people are drawn by the same seed, so that they compare."""
    people, vectors = crowd
    for name, about in (("start", None), ("end", ABOUT)):
        write_scores(vectors, people, np.arange(2400), tmp_path / f"{name}.parquet", about=about, seed=3)

    start, end = (read(tmp_path / f"{name}.parquet") for name in ("start", "end"))

    assert stamp_of(start) is None
    assert start["probe_image"].tolist() == end["probe_image"].tolist()


def test_points_and_epochs_are_of_people_drawn(crowd, monkeypatch):
    """Where not all pairs fit, points rest on people of every group, and say on how many of how many."""
    people, vectors = crowd
    photos = np.arange(2400)
    monkeypatch.setattr(measuring, "MAX_PHOTOS", 600)
    monkeypatch.setattr(measuring, "MOST_PHOTOS", 600)

    points, missing = points_of(vectors, people, photos, ABOUT, [0.01, 1e-6], seed=3)

    (point,) = points
    assert "all pairs of 600 photos of 300 people" in point.data_set
    assert "(600 of 2400 photos, of 300 of 1200 people, drawn at random)" in point.data_set
    assert (point.matcher.embedder, point.fmr.trials) == ("ours", 600 * 599 // 2 - 300)
    assert "FMR 1e-06: " in missing[0]
    groups = np.array(people.columns["origin"])[epoch_photos(people, photos, seed=3)]
    assert (groups == "north").sum() == pytest.approx(300, abs=2)


def test_the_table_is_all_pairs_by_hand(tmp_path):
    """Each pair once, with both sides' photo, person and group, and the cosine of their vectors."""
    people = People(
        "c", ("a", "b", "c", "d"), np.array([1, 0, 1, 0]), ("ann", "bob"), {"side": ("l", "m", "n", "o")}, None, (), 4,
        "d", "c", "",
    )  # fmt: skip
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)

    write_scores(vectors, people, np.array([0, 1, 2]), tmp_path / "s.csv", about=None, seed=0)

    rows = read(tmp_path / "s.csv").round({"score": 5}).to_dict("records")
    names = ("probe_image", "probe_subject", "reference_image", "reference_subject", "genuine", "score", "probe_side")
    assert [tuple(row[name] for name in (*names, "reference_side")) for row in rows] == [
        ("a", "bob", "b", "ann", False, 0.6, "l", "m"),
        ("a", "bob", "c", "bob", True, 0.0, "l", "n"),
        ("b", "ann", "c", "bob", False, 0.8, "m", "n"),
    ]


def test_vectors_of_many_photos_are_in_their_order():
    """In parts of 256 at most, each of unit length."""
    asked = []
    chips = SimpleNamespace(take=lambda places: places)

    def forward(places):
        asked.append(len(places))
        return np.stack([places, np.ones(len(places))], axis=1).astype(np.float32)

    photos = np.random.default_rng(0).permutation(600)
    found = measuring.validation_vectors(forward, SimpleNamespace(chips=chips), photos)

    assert max(asked) <= 256
    assert sum(asked) == 600
    np.testing.assert_allclose(found[:, 0] / found[:, 1], photos, rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_points_stand_by_their_rates_and_say_whose_they_are(crowd):
    """From the largest rate to the smallest, each once; people by their names, and what they had to do with it."""
    people, vectors = crowd

    points, missing = points_of(vectors[:400], people, np.arange(400), ABOUT, [0.001, 0.1, 0.01, 0.1], whose="of ours")

    assert [point.target_fmr for point in points] == [0.1, 0.01, 0.001]
    assert missing == ()
    assert {point.data_set for point in points} == {"crowd: all pairs of 400 photos of 200 people of ours"}
    assert points[0].fnmr.trials == 200
    scored = compared(people, np.arange(2400), seed=3, scored=np.arange(10))
    assert scored["in the score table"] == "all 10 photos"


def test_groups_that_are_few_are_in_the_table_as_the_others():
    """Of 100 people in the north and 700 in the south the table has as many of either; an epoch has their shares."""
    identities = tuple(sorted([f"north-{n:03d}" for n in range(100)] + [f"south-{n:03d}" for n in range(700)]))
    labels = np.arange(800).repeat(2)
    groups = tuple(identities[label].split("-")[0] for label in labels)
    people = People("crowd", groups, labels, identities, {"origin": groups}, None, (), 1600, "d", "c", "")
    north = np.array(groups) == "north"

    drawn = scored_photos(people, np.arange(1600), seed=5)

    assert north[drawn].sum() == 200  # all there are
    assert len(drawn) == pytest.approx(1000, abs=10)

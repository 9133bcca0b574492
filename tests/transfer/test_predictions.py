"""Tables of predictions: whose answers they hold, and what they say of people."""

import csv
from dataclasses import replace

import pytest

from facerec.errors import ArgumentError
from facerec.transfer.cells import Cell
from facerec.transfer.predictions import write_predictions


@pytest.fixture
def bench(make_bench):
    """A finished run on photos of which a group is known."""
    made = make_bench()
    groups = tuple("ab"[number % 2] for number in range(len(made.image_set)))
    return replace(made, image_set=replace(made.image_set, columns={"group": groups, "subject": groups}))


def read(path):
    """The rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_tables_hold_the_answers_of_the_cells_with_all_photos(bench, tmp_path):
    """Photo by photo, seed by seed, in the order of the test part; nothing of cells with fewer photos."""
    written = write_predictions(bench, ["group"], tmp_path)

    assert {path.name for path in written} == {
        f"net-{name}.csv" for name in ("linear", "knn", "centroid", "fine-tune", "scratch")
    }
    for path in written:
        rows = read(path)
        found = {}
        for row in rows:
            found.setdefault(int(row["seed"]), []).append(row["prediction"])
        wanted = {
            each.cell.seed: [bench.image_set.classes[answer] for answer in each.predicted]
            for each in bench.measured.outcomes
            if each.cell.shots is None and path.name == f"net-{each.cell.protocol}.csv"
        }
        assert found == wanted
        labels = [bench.image_set.classes[label] for label in bench.labels]
        assert [row["label"] for row in rows] == labels * len(wanted)
        assert [row["group"] for row in rows[: len(labels)]] == [
            bench.image_set.columns["group"][i] for i in bench.test
        ]


def test_people_are_numbers(bench, tmp_path):
    """One for each photo where nobody is named; one for each person otherwise."""
    (nobody, *_) = write_predictions(bench, ["group"], tmp_path / "nobody")
    named = replace(bench, clusters=bench.test % 7)
    (people, *_) = write_predictions(named, ["group"], tmp_path / "people")

    assert {row["subject"] for row in read(nobody)} == {str(number) for number in range(1, 121)}
    assert {row["subject"] for row in read(people)} == {str(number) for number in range(1, 8)}


@pytest.mark.parametrize("name", ["nosuch", "subject"])
def test_groups_that_are_none(bench, tmp_path, name):
    """A column that is not there, or that the table needs itself."""
    with pytest.raises(ArgumentError, match=f"no column '{name}' of groups; there is group"):
        write_predictions(bench, [name], tmp_path)
    assert not list(tmp_path.glob("predictions"))


def test_where_nothing_learned_from_all_photos_the_most_shots_count(bench, tmp_path):
    """Of one and five shots the five; spaces around a group's name are none of it."""
    few = tuple(each for each in bench.measured.outcomes if each.cell.shots is not None)
    padded = {"group": tuple(f" {each} " for each in bench.image_set.columns["group"])}
    made = replace(
        bench,
        measured=replace(bench.measured, outcomes=few),
        image_set=replace(bench.image_set, columns=padded),
    )

    (path, *_) = write_predictions(made, ["group"], tmp_path)

    (five,) = [each for each in few if each.cell == Cell("net", path.stem.removeprefix("net-"), 5, 0)]
    rows = [row for row in read(path) if row["seed"] == "0"]
    assert [row["prediction"] for row in rows] == [bench.image_set.classes[answer] for answer in five.predicted]
    assert {row["group"] for row in rows} == {"a", "b"}

"""``facerec quality``: which photos would be enrolled, best first."""

from __future__ import annotations

import csv

import pytest

from facerec.quality import MEASURES


@pytest.fixture
def photos(colours, draw):
    """A good photo, a small one, one of nobody, one that is none, and what is no photo."""
    draw("in/good.png", "red")
    draw("in/small.png", "red", size=30)
    draw("in/nobody.png", "black")
    (colours / "in" / "torn.jpg").write_bytes(b"no photo")
    (colours / "in" / "notes.txt").write_text("no photo")
    return colours


def test_the_best_photo_comes_first(photos, facerec):
    """With its reasons in place of each that would be refused, and what is left out counted."""
    outcome = facerec("quality", "in")

    assert outcome.status == 2  # one cannot be read
    assert outcome.out.index("good.png") < outcome.out.index("small.png") < outcome.out.index("nobody.png")
    assert "1 of 4 photos would be enrolled" in outcome.out
    assert "too small" in " ".join(outcome.out.split())
    assert "no photo by its name" in outcome.err


def test_what_there_is_to_say_of_a_photo_is_said(photos, facerec, draw):
    """A nearly black photo is called so, whether or not its face is found; in the table and in JSON, too."""
    draw("in/small.png", (24, 2, 2), size=64)

    outcome = facerec("quality", "in", "--out", "quality.csv", "--json")

    notes = {each["photo"].split("/")[-1]: each["notes"] for each in outcome.document["photos"]}
    with (photos / "quality.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["photo"].split("/")[-1]: row["notes"] for row in csv.DictReader(file)}
    assert {name: bool(said) for name, said in notes.items()} == {
        "good.png": False,
        "small.png": True,
        "nobody.png": True,
        "torn.jpg": False,
    }
    assert rows == {name: "; ".join(said) for name, said in notes.items()}
    assert "note: in/small.png: the picture is nearly black" in outcome.err
    assert "so it is with 2 of 4 photos" in outcome.err


def test_document_and_table_agree(photos, facerec):
    """One row per photo in both, with all measures; a photo that cannot be read has none."""
    document = facerec("quality", "in", "--out", "quality.csv", "--json").document

    with (photos / "quality.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert document["enroll"] == 1
    assert len(document["files_left_out"]) == 1
    assert [row["photo"] for row in rows] == [each["photo"] for each in document["photos"]]
    assert [row["enrolls"] for row in rows] == ["1", "0", "0", "0"]
    assert set(MEASURES) <= set(rows[0])
    assert float(rows[0]["sharpness"]) == pytest.approx(document["photos"][0]["measures"]["sharpness"])
    assert {row["photo"].split("/")[-1] for row in rows if not row["sharpness"]} == {"nobody.png", "torn.jpg"}
    assert all(row["problems"] for row in rows[1:])

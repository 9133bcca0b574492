"""``facerec identify --out``: many probes, photos or vectors, into one table."""

import csv
from pathlib import Path

import pytest

from facerec.cli.probes import COLUMNS
from facerec.gallery import open_gallery

G = ("--gallery", "g.db")
AT = ("--at", "point.json")


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery of Ada (red) and Bob (green), and photos of both, of a stranger, of nobody, and one that is broken."""
    for name, colour in (("ada", "red"), ("bob", "green")):
        draw(f"{name}.png", colour)
        facerec("enroll", name, f"{name}.png", *G)
    draw("in/1.png", "blue", "wine")
    draw("in/2.png", "green")
    draw("in/3.png", "black")
    Path("in/4.png").write_bytes(b"no photo")
    return colours


def rows(path="found.csv"):
    """What was written."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def log(**which):
    """The gallery's log."""
    with open_gallery("g.db") as gallery:
        return gallery.log(**which)


def test_a_folder(enrolled, facerec):
    """A row for each face with its evidence, and one for each photo without; the same decisions as photo by photo."""
    each = facerec("identify", "in", *G, *AT, "--json").document["photos"]
    logged = len(log())
    outcome = facerec("identify", "in", *G, *AT, "--out", "found.csv", "--json")
    table = rows()

    assert outcome.status == 2
    assert outcome.document["decisions"] == {"match": 2, "no match": 1, "ambiguous": 0, "undecided": 0, "error": 2}
    assert tuple(table[0]) == COLUMNS
    assert [(row["photo"], row["face"], row["decision"], row["name"]) for row in table] == [
        ("in/1.png", "1", "no match", ""),
        ("in/1.png", "2", "match", "ada"),
        ("in/2.png", "1", "match", "bob"),
        ("in/3.png", "", "", ""),
        ("in/4.png", "", "", ""),
    ]
    assert table[3]["error"] == "no face"
    assert "in/4.png" in table[4]["error"]
    faces = [face for photo in each for face in photo.get("faces", ())]
    for row, face in zip(table, faces, strict=False):
        assert float(row["score"]) == face["score"]
        assert [int(row[edge]) for edge in ("left", "top", "right", "bottom")] == face["box"]
        assert (float(row["threshold"]), row["data_set"]) == (0.9, "invented pairs")
        assert row["person_id"] == (face["candidates"][0]["person_id"] if face["name"] else "")
    assert len(log()) == logged + 2


def test_a_table_of_photos(enrolled, facerec):
    """Photos named in a table start from its folder; one that is not there is a row, and the others go on."""
    Path("in/probes.csv").write_text("image,subject\n2.png,bob\nnone.png,\n1.png,\n", encoding="utf-8")
    outcome = facerec("identify", "in/probes.csv", *G, *AT, "--out", "found.csv", "--no-log")

    assert outcome.status == 2
    assert [(row["photo"], row["decision"]) for row in rows()] == [
        ("in/2.png", "match"),
        ("in/none.png", ""),
        ("in/1.png", "no match"),
        ("in/1.png", "match"),
    ]
    assert "found.csv: 4 rows: 2 match, 1 no match, 1 error" in outcome.out
    assert "not in the gallery's log" in rows()[0]["notes"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_vectors(enrolled, facerec, monkeypatch, kind):
    """Vectors decide as their photos did, without a network; one that is missing is a row that says why."""
    Path("photos.csv").write_text("image,subject\nin/1.png,x\nin/2.png,y\nin/3.png,z\n", encoding="utf-8")
    facerec("embed", "photos.csv", "--out", f"vectors.{kind}", "--face", "largest")
    before = rows_of(facerec, "in/2.png")
    monkeypatch.setattr("facerec.cli.recognition.load_recognizer", None)
    outcome = facerec("identify", f"vectors.{kind}", *G, *AT, "--out", "found.csv", "--json")
    table = {row["photo"]: row for row in rows()}

    assert outcome.status == 2
    same = ("decision", "name", "person_id", "score", "candidates", "gate", "notes", "comparisons", "expected_fpir")
    assert {name: table["in/2.png"][name] for name in same} == {name: before[name] for name in same}
    assert table["in/2.png"]["left"] == ""
    assert table["in/3.png"]["error"] == "no face"
    assert log(name="bob")[-1].event == "matched"


def rows_of(facerec, photo):
    """The one row of a photo."""
    facerec("identify", photo, *G, *AT, "--out", "one.csv")
    (row,) = rows("one.csv")
    return row


def test_what_cannot_be_written_or_read_is_told_first(enrolled, facerec, monkeypatch):
    """Before any photo is looked at; and an error on the way leaves what was there."""
    Path("bare.csv").write_text("photo,subject,v0,v1\na,x,1,0\n", encoding="utf-8")
    Path("found.csv").write_text("photo,face,decision,person_id,candidates\n", encoding="utf-8")
    for wrong, told in (
        (("in", "--out", "found.txt"), "written as .csv"),
        (("in", "--out", "none/found.csv"), "no folder"),
        (("in", "--out", "found.csv", "--annotate", "marked"), "--annotate"),
        (("bare.csv", "--out", "found.csv"), "no stamp"),
    ):
        outcome = facerec("identify", *wrong, *G, *AT)
        assert outcome.status == 2
        assert told in outcome.err
    assert Path("found.csv").read_text(encoding="utf-8") == "photo,face,decision,person_id,candidates\n"
    assert list(Path().glob(".*partial*")) == []

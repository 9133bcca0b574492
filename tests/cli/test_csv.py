"""``--csv``: rows on stdout that a spreadsheet reads and does not run, the same facts as the other forms."""

from __future__ import annotations

import csv
import io
import json

import pytest


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery with ada and a person whose name a spreadsheet would run."""
    draw("ada.png", "red")
    draw("evil.png", "blue")
    facerec("enroll", "ada", "ada.png", "-g", "g.db", "--consent", '=HYPERLINK("x")')
    facerec("enroll", '+1+1,"x"', "evil.png", "-g", "g.db")
    return colours


def test_people_as_rows(enrolled, facerec):
    """A row a person; what a spreadsheet would run is text, and commas and quotes stay within their cell."""
    rows = _rows(facerec("gallery", "list", "-g", "g.db", "--csv").out)
    people = facerec("gallery", "list", "-g", "g.db", "--json").document["people"]

    assert [row["name"] for row in rows] == ["ada", '\'+1+1,"x"']
    assert rows[0]["consent"] == '\'=HYPERLINK("x")'
    assert [row["enrolled"] for row in rows] == [person["created"] for person in people]
    assert rows[0]["expires"] == ""


def test_the_log_as_rows(enrolled, facerec):
    """A row an entry, with all details as JSON in one cell."""
    rows = _rows(facerec("gallery", "log", "-g", "g.db", "--csv").out)
    entries = facerec("gallery", "log", "-g", "g.db", "--json").document["entries"]

    assert [int(row["number"]) for row in rows] == [each["number"] for each in entries]
    assert [json.loads(row["details"]) for row in rows] == [each["details"] for each in entries]


def test_faces_as_rows(enrolled, facerec, draw):
    """A row a face, and one with the error of a photo that cannot be read; the exit status is as ever."""
    draw("both.png", "red", "green")
    (enrolled / "bad.png").write_bytes(b"")

    outcome = facerec("identify", "both.png", "bad.png", "-g", "g.db", "--at", "point.json", "--csv")
    rows = _rows(outcome.out)

    assert outcome.status == 2
    assert [(row["photo"], row["decision"], row["name"]) for row in rows] == [
        ("both.png", "match", "ada"),
        ("both.png", "no match", ""),
        ("bad.png", "", ""),
    ]
    assert rows[2]["error"].startswith("bad.png cannot be read")
    assert float(rows[0]["threshold"]) == 0.9


def test_what_changes_a_decision_is_in_its_row(enrolled, facerec):
    """That there was no gate stands among the notes."""
    (row,) = _rows(facerec("identify", "ada.png", "-g", "g.db", "--at", "point.json", "--csv", "--no-gate").out)

    assert "another gate" in row["notes"]


@pytest.mark.parametrize("line", [("detect",), ("quality",)])
def test_photos_as_rows(colours, facerec, draw, line, real_recognizer):
    """The boxes and measures of made faces."""
    draw("a.png", "red")

    outcome = facerec(*line, "a.png", "--csv")

    assert outcome.out.startswith("photo,")
    assert len({len(row) for row in csv.reader(io.StringIO(outcome.out))}) == 1


def test_models_as_rows(facerec):
    """Each file of each model with its full digest."""
    rows = _rows(facerec("models", "list", "--csv").out)

    assert {"dlib-resnet", "mtcnn"} <= {row["name"] for row in rows}
    assert {len(row["sha256"]) for row in rows if row["task"] == "embedder"} == {64}


def test_a_row_starts_no_line_and_commands_no_terminal(colours, facerec, draw):
    """A name of a file that holds a line break and a control character is one cell of one line."""
    (colours / "a\n\x1b[2J.png").write_bytes(b"")

    out = facerec("detect", "a\n\x1b[2J.png", "--csv").out

    assert "\x1b" not in out
    assert len(out.splitlines()) == 2
    assert [row["photo"] for row in _rows(out)] == ["a\\n\\x1b[2J.png"]


def test_one_form_at_a_time(enrolled, facerec):
    """Rows and a document are two forms of one answer."""
    outcome = facerec("gallery", "list", "-g", "g.db", "--csv", "--json")

    assert outcome.status == 2
    assert "give one of them" in outcome.err

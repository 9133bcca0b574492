"""``facerec identify``: who, or nobody, face by face and photo by photo."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from facerec.testing import SquareDetector
from facerec.types.looks import Look

G = ("--gallery", "g.db")
AT = ("--at", "point.json")


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery of Ada (red) and Bob (green)."""
    draw("ada.png", "red")
    draw("bob.png", "green")
    facerec("enroll", "ada", "ada.png", *G)
    facerec("enroll", "bob", "bob.png", *G)
    return colours


def test_one_photo(enrolled, facerec, draw):
    """Each face has a name or null, a score and its candidates, best first."""
    draw("crowd.png", "blue", "wine")

    outcome = facerec("identify", "crowd.png", *G, *AT, "--json")

    document = outcome.document
    stranger, ada = document["faces"]
    assert outcome.status == 0
    assert document["photo"] == "crowd.png"
    assert (stranger["name"], stranger["decision"]) == (None, "no match")
    assert (ada["name"], ada["decision"]) == ("ada", "match")
    assert ada["box"] == [64, 0, 128, 64]
    assert [each["name"] for each in ada["candidates"]] == ["ada", "bob"]
    assert ada["score"] == ada["candidates"][0]["score"]
    assert (document["threshold"], document["target_fmr"], document["model"]) == (0.9, 1e-3, "dlib-resnet")
    assert document["gallery_size"] == 2
    assert document["expected_fpir"]["value"] == pytest.approx(1 - (1 - 1e-3) ** 2)


def test_every_sample_is_a_comparison(enrolled, facerec, draw):
    """Two people by three samples: the share of strangers who are taken for somebody is that of three comparisons."""
    draw("wine.png", "wine")
    facerec("enroll", "ada", "wine.png", *G)

    outcome = facerec("identify", "ada.png", *G, *AT, "--json")

    (face,) = outcome.document["faces"]
    assert (outcome.document["gallery_size"], face["gallery_size"], face["comparisons"]) == (2, 2, 3)
    assert outcome.document["expected_fpir"]["value"] == pytest.approx(1 - (1 - 1e-3) ** 3)
    assert outcome.document["expected_fpir"] == face["expected_fpir"]


def test_nobody_is_status_1(enrolled, facerec, draw):
    """A stranger is nobody, and an empty photo shows nobody."""
    draw("stranger.png", "blue")
    draw("empty.png", "black")

    assert facerec("identify", "stranger.png", *G, *AT).status == 1
    assert facerec("identify", "empty.png", *G, *AT, "--json").document["faces"] == []
    assert facerec("identify", "empty.png", *G, *AT).status == 1


def test_empty_gallery_has_no_nan(enrolled, facerec):
    """In a gallery of nobody the score is null."""
    facerec("gallery", "forget", "ada", *G, "--yes")
    facerec("gallery", "forget", "bob", *G, "--yes")

    outcome = facerec("identify", "ada.png", *G, *AT, "--json")

    (face,) = outcome.document["faces"]
    assert outcome.status == 1
    assert (face["score"], face["name"], face["candidates"]) == (None, None, [])
    assert outcome.document["expected_fpir"]["value"] == 0


def test_several_photos(enrolled, facerec, draw):
    """A folder gives a list; a bad photo has its reason there, and the status is 2."""
    draw("in/1.png", "red")
    (enrolled / "in" / "2.png").write_bytes(b"no photo")

    outcome = facerec("identify", "in", *G, *AT, "--json")

    good, bad = outcome.document["photos"]
    assert outcome.status == 2
    assert good["faces"][0]["name"] == "ada"
    assert bad["error"].startswith("in/2.png cannot be read as a photo")
    assert "faces" not in outcome.document


def test_one_bad_photo_is_an_error(enrolled, facerec):
    """Where a single photo is asked about and cannot be read, there is no answer."""
    (enrolled / "bad.png").write_bytes(b"no photo")

    outcome = facerec("identify", "bad.png", *G, *AT, "--json")

    assert outcome.status == 2
    assert outcome.document.keys() == {"error", "code"}


def test_too_small_a_face_is_undecided(enrolled, facerec, draw):
    """A face below the gate is said to be so, in both forms."""
    draw("small.png", "red", size=32)

    document = facerec("identify", "small.png", *G, *AT, "--json").document
    text = facerec("identify", "small.png", *G, *AT)

    assert document["faces"][0]["decision"] == "undecided"
    assert "too small" in document["faces"][0]["problems"][0]
    assert text.status == 1
    (line,) = [each for each in text.out.splitlines() if each.startswith("  undecided  ")]
    assert "small.png is too small" in line
    assert "nearest ada, score 1.0000 ≥ threshold 0.9000; face of 32 × 32 pixels at (0, 0)" in line


def test_top_and_marked_copy(enrolled, facerec):
    """``--top`` limits the candidates and ``--annotate`` writes a copy; 0 candidates are refused."""
    document = facerec("identify", "ada.png", *G, *AT, "--top", 1, "--annotate", "marked", "--json").document

    assert len(document["faces"][0]["candidates"]) == 1
    assert (enrolled / document["annotated"]).is_file()
    assert facerec("identify", "ada.png", *G, *AT, "--top", 0).status == 2


def test_a_face_is_a_line(enrolled, facerec, draw):
    """Who it is, by which score; in the end once what the threshold gets wrong in a search of this size."""
    draw("eve.png", "blue")

    assert facerec("identify", "ada.png", "eve.png", *G, *AT).out.splitlines() == [
        "ada.png",
        "  ada  score 1.0000 ≥ threshold 0.9000; face of 64 × 64 pixels at (0, 0)",
        "eve.png",
        "  nobody enrolled  nearest ada, score 0.0813 < threshold 0.9000; face of 64 × 64 pixels at (0, 0)",
        (
            "threshold 0.9000, which takes at most about 2 of 1,000 strangers for one of 2 enrolled, and misses 30 of "
            "1,000 right people (measured on invented pairs)"
        ),
    ]


def test_why_tells_the_rest(enrolled, facerec):
    """With ``--why`` the candidates, the strangers who score so, the counts, and what the size of the gallery costs."""
    lines = facerec("identify", "ada.png", *G, *AT, "--why").out.splitlines()

    assert lines[0] == "ada.png"
    assert lines[1] == "  ada  face of 64 × 64 pixels at (0, 0); nearest: ada 1.000, bob 0.081"
    assert lines[2] == "    how many strangers score this high was not measured with this operating point"
    assert lines[3] == "  threshold 0.9000: FMR 0.001 on invented pairs, dlib-resnet"
    assert (
        lines[6]
        == "  searched 2 people; at most about 0.002 of strangers are expected to match someone (95 %: 0.0014 … 0.0029)"
    )


def test_how_a_face_was_seen_is_said(enrolled, facerec, monkeypatch):
    """Of a photo that lies upside down the line of the face says so; of an upright one, nothing."""
    look = SquareDetector.__call__

    def upside_down(detector, image):
        found = look(detector, image)
        return replace(found, looks=(Look(180, border=True),) * len(found))

    monkeypatch.setattr(SquareDetector, "__call__", upside_down)
    lines = facerec("identify", "ada.png", *G, *AT).out.splitlines()

    assert lines[1].endswith("; face of 64 × 64 pixels at (0, 0), turned 180°, border added")


def test_a_foreign_gallerys_names_start_no_line(enrolled, facerec):
    """Names and log entries that an earlier version let in, or another program wrote, stay within their lines."""
    with contextlib.closing(sqlite3.connect("g.db")) as sqlite:
        sqlite.execute("UPDATE people SET name = 'ada' || char(10) || 'nobody' || char(27) || '[2J' WHERE name = 'ada'")
        sqlite.commit()

    found = facerec("identify", "ada.png", *G, *AT).out
    log = facerec("gallery", "log", *G).out

    assert "  ada\\nnobody\\x1b[2J  score 1.0000 ≥ threshold" in found
    assert not [line for line in (found + log).splitlines() if line.startswith("nobody")]
    assert "\x1b" not in found + log


def test_gallery_decides_the_model(colours, facerec, draw):
    """A gallery that was made with another embedder is read with it, without being told."""
    draw("ada.png", "red")
    facerec("enroll", "ada", "ada.png", *G, "--model", "facenet")

    outcome = facerec("identify", "ada.png", *G, *AT)
    insisted = facerec("enroll", "bob", "ada.png", *G, "--model", "dlib-resnet")

    assert outcome.status == 2
    assert "measured with dlib-resnet" in outcome.err
    assert insisted.status == 2
    assert "reembed" in insisted.err


def test_missing_gallery_is_not_made(colours, facerec, draw):
    """Searching a gallery that does not exist is an error, and leaves no file."""
    draw("ada.png", "red")

    assert facerec("identify", "ada.png", *G, *AT).status == 2
    assert not (colours / "g.db").exists()


def test_without_a_face_nobody_is_searched(enrolled, facerec, draw):
    """No size of a gallery and no rate of a search that was not made, rather than those of an empty gallery."""
    draw("none.png", "black")
    document = facerec("identify", "none.png", *G, *AT, "--json").document

    assert (document["faces"], document["gallery_size"], document["expected_fpir"]) == ([], None, None)

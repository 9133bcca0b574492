"""``facerec verify``: the decision, the point that took it, and the exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facerec.points import write_points

AT = ("--at", "point.json")


def test_match_is_status_0(colours, facerec, draw):
    """Two photos of one person: the document says what decided, and on what it rests."""
    draw("a.png", "red")
    draw("b.png", "wine")

    outcome = facerec("verify", "a.png", "b.png", *AT, "--json")

    document = outcome.document
    assert outcome.status == 0
    assert (document["match"], document["decision"]) == (True, "match")
    assert document["score"] >= document["threshold"] == 0.9
    assert (document["target_fmr"], document["model"]) == (1e-3, "dlib-resnet")
    assert document["operating_point"]["fmr"]["trials"] == 30_000
    assert document["operating_point"]["data_set"] == "invented pairs"
    assert (document["probe"], document["reference"]) == ("a.png", "b.png")
    assert document["problems"] == document["notes"] == []


def test_no_match_is_status_1(colours, facerec, draw):
    """The same fields are there where the answer is no."""
    draw("a.png", "red")
    draw("b.png", "green")

    outcome = facerec("verify", "a.png", "b.png", *AT, "--json")

    assert outcome.status == 1
    assert outcome.document["match"] is False
    assert {"score", "threshold", "target_fmr", "model"} <= outcome.document.keys()


def test_undecided_is_status_1_and_null(colours, facerec, draw):
    """A face that is too small is not guessed at."""
    draw("a.png", "red")
    draw("small.png", "red", size=32)

    outcome = facerec("verify", "a.png", "small.png", *AT, "--json")

    assert outcome.status == 1
    assert outcome.document["match"] is None
    assert outcome.document["decision"] == "undecided"
    assert "small.png is too small" in outcome.document["problems"][0]


def test_no_gate_is_said_in_evidence_and_log(colours, facerec, draw):
    """``--no-gate`` decides about a small face in verify and identify, too; evidence and log say what was left out."""
    draw("a.png", "red")
    draw("small.png", "red", size=32)
    gallery = ("--gallery", "g.db")
    facerec("enroll", "ada", "a.png", *gallery)

    pair = facerec("verify", "a.png", "small.png", *AT, "--no-gate", "--json")
    claim = facerec("verify", "small.png", *gallery, "--name", "ada", *AT, "--no-gate")
    search = facerec("identify", "small.png", *gallery, *AT, "--no-gate", "--json")

    assert (pair.document["decision"], pair.document["gate"]) == ("match", "none")
    assert "another gate" in claim.out
    assert (search.document["faces"][0]["name"], search.document["faces"][0]["gate"]) == ("ada", "none")
    assert facerec("gallery", "log", *gallery).out.count("gate none") == 2


def test_a_data_set_starts_no_line(colours, facerec, draw):
    """A point's data set that would break the line or clear the screen is refused, in one line and escaped."""
    Path("odd.json").write_text(
        Path("point.json").read_text("utf-8").replace("invented", r"a\nmatch\u001b[2J"), "utf-8"
    )
    draw("a.png", "red")

    told = facerec("verify", "a.png", "a.png", "--at", "odd.json")

    assert (told.status, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert "\x1b" not in told.err


def test_an_address_is_not_followed(colours, facerec):
    """Of a URL the message says that nothing was fetched, in every command."""
    for line in (("verify", "https://example.com/a.jpg", "b.jpg", *AT), ("detect", "http://example.com/a.jpg")):
        told = facerec(*line)
        assert told.status == 2
        assert "addresses are not followed; download it and give the file" in told.err
        assert "://example.com/a.jpg" in told.err


def test_a_decision_is_a_line(colours, facerec, draw):
    """Decision, score, threshold, how often it errs and on what that was measured; notes that change it follow."""
    draw("a.png", "red")
    draw("b.png", "red", "green")

    told = facerec("verify", "a.png", "b.png", *AT, "--face", "largest").out

    assert told.splitlines() == [
        (
            "match  score 1.0000 ≥ threshold 0.9000, which lets in about 1 of 1,000 strangers and turns away 30 of "
            "1,000 right people (measured on invented pairs)"
        ),
        "  note: 2 faces were found in b.png; the largest one was compared",
    ]


def test_a_claim_against_several_faces_lets_in_more(colours, facerec, draw):
    """Line, --why and JSON say one rate, and the search of the same gallery says it too."""
    for number, colour in enumerate(("red", "wine", "green")):
        draw(f"{number}.png", colour)
    facerec("enroll", "ada", "0.png", "1.png", "2.png", "--gallery", "g.db")
    claim = ("verify", "0.png", "--gallery", "g.db", "--name", "ada", *AT)

    told = "lets in at most about 3 of 1,000 strangers by any of 3 faces and turns away at most 30 of 1,000"
    assert told in facerec(*claim).out
    assert "compared with 3 faces; at most about 0.3 % of strangers get in (95 %: " in facerec(*claim, "--why").out
    told = facerec(*claim, "--json").document
    search = facerec("identify", "0.png", "--gallery", "g.db", *AT, "--json").document
    assert told["comparisons"] == 3
    assert told["expected_fmr"] == search["expected_fpir"]
    assert told["expected_fmr"]["value"] == pytest.approx(1 - 0.999**3)


def test_undecided_is_a_line_with_its_reason(colours, facerec, draw):
    """Of a face that the gate refuses the reason stands first, and no rates, which do not hold for it."""
    draw("a.png", "red")
    draw("small.png", "red", size=32)

    (line,) = facerec("verify", "a.png", "small.png", *AT).out.splitlines()

    assert line.startswith("undecided  ")
    assert "small.png is too small" in line
    assert line.endswith("; score 1.0000 ≥ threshold 0.9000")
    assert "strangers" not in line


def test_what_changes_a_decision_is_told_without_asking(colours, facerec, draw, point):
    """Who asserted the scores, and that there was no gate, stand below the line; which point decided does not."""
    draw("a.png", "red")
    write_points([replace(point(), asserted_by="the vendor")], "asserted.json")

    told = facerec("verify", "a.png", "a.png", "--at", "asserted.json", "--no-gate").out

    assert "  note: asserted by the vendor" in told
    assert "another gate" in told


def test_why_tells_the_rest(colours, facerec, draw):
    """The answer in words: decision, score, threshold, error rates, and what had to be chosen."""
    draw("a.png", "red")
    draw("b.png", "red", "green")

    lines = facerec("verify", "a.png", "b.png", *AT, "--face", "largest", "--why").out.splitlines()

    assert lines[0] == "match  score 1.0000 ≥ threshold 0.9000"
    assert lines[1] == "  how many strangers score this high was not measured with this operating point"
    assert lines[2] == "  threshold 0.9000: FMR 0.001 on invented pairs, dlib-resnet"
    assert lines[3] == "  false matches measured there: 0.10 % (30 of 30,000; 95 %: 0.07 % … 0.14 %)"
    assert lines[5] == "  note: 2 faces were found in b.png; the largest one was compared"


@pytest.mark.parametrize(("choice", "status"), [("only", 2), ("main", 0), ("largest", 0), ("central", 0)])
def test_choice_of_face(colours, facerec, draw, choice, status):
    """``--face`` says which face counts; ``only`` refuses a photo of several, ``main`` takes the one in the middle."""
    draw("a.png", "red")
    draw("three.png", "red", "red", "green")

    assert facerec("verify", "a.png", "three.png", *AT, "--face", choice).status == status


@pytest.mark.parametrize(
    "line",
    [
        ("verify", "a.png"),
        ("verify", "a.png", "b.png", "--gallery", "g.db", "--name", "ada"),
        ("verify", "a.png", "--gallery", "g.db"),
        ("verify", "a.png", "b.png", "--name", "ada"),
    ],
)
def test_what_to_compare_must_be_clear(colours, facerec, line):
    """Two photos, or one photo and somebody of a gallery; anything between is refused."""
    outcome = facerec(*line)

    assert outcome.status == 2
    assert outcome.err.startswith("facerec: error: verify takes two photos, or one photo with --gallery and --name")


def test_several_points_in_a_file(colours, facerec, draw, point):
    """``--fmr`` chooses among the points of a file, and a rate that is not there is refused."""
    draw("a.png", "red")
    draw("b.png", "wine")
    write_points([point(target=1e-2, threshold=0.5), point(target=1e-3, threshold=0.9999)], "points.json")

    unclear = facerec("verify", "a.png", "b.png", "--at", "points.json")
    loose = facerec("verify", "a.png", "b.png", "--at", "points.json", "--fmr", "0.01")
    strict = facerec("verify", "a.png", "b.png", "--at", "points.json", "--fmr", "1e-3")
    absent = facerec("verify", "a.png", "b.png", "--at", "points.json", "--fmr", "1e-4")

    assert [each.status for each in (unclear, loose, strict, absent)] == [2, 0, 1, 2]
    assert "choose one with --fmr" in unclear.err
    assert "FMR 0.01 on invented pairs" in absent.err
    assert "--fmr 0.0001 needs exactly one" in absent.err


def test_a_file_of_several_embedders_points(colours, facerec, draw, point, monkeypatch):
    """The point of the embedder at work decides, and nobody has to choose it."""
    draw("a.png", "red")
    draw("b.png", "wine")
    own = point(threshold=0.5)
    other = replace(own, threshold=0.9999, matcher=replace(own.matcher, embedder="facenet", embedder_digest="b" * 64))
    write_points([own, other], "points.json")
    digests = {each.matcher.embedder: each.matcher.embedder_digest for each in (own, other)}
    monkeypatch.setattr("facerec.embed.load.digest_of", digests.__getitem__)

    for model, status in (("dlib-resnet", 0), ("facenet", 1)):
        outcome = facerec("verify", "a.png", "b.png", "--at", "points.json", "--model", model, "--json")

        assert outcome.status == status
        assert outcome.document["operating_point"]["matcher"]["embedder"] == model


def test_point_of_another_embedder_is_refused(colours, facerec, draw):
    """A threshold that was measured with another model decides nothing."""
    draw("a.png", "red")

    outcome = facerec("verify", "a.png", "a.png", *AT, "--model", "facenet", "--json")

    assert outcome.status == 2
    assert "was measured with dlib-resnet" in outcome.document["error"]


def test_no_shipped_point_says_how_to_measure_one(colours, facerec, draw):
    """Without a point for this embedder nothing is decided."""
    draw("a.png", "red")

    outcome = facerec("verify", "a.png", "a.png")

    assert outcome.status == 2
    assert "facerec calibrate" in outcome.err


def test_against_a_gallery(colours, facerec, draw):
    """A claim to be somebody enrolled is decided, noted where several faces were seen, and logged."""
    draw("ada.png", "red")
    draw("door.png", "wine", "green")
    facerec("enroll", "ada", "ada.png", "--gallery", "g.db")

    claimed = ("verify", "door.png", "--gallery", "g.db", "--name", "ada", *AT, "--json", "--face", "largest")
    largest = facerec(*claimed)
    unknown = facerec("verify", "door.png", "--gallery", "g.db", "--name", "eve", *AT)

    assert largest.status == 0
    assert largest.document["name"] == "ada"
    assert largest.document["notes"] == ["2 faces were found in door.png; the largest one was compared"]
    assert unknown.status == 2
    assert [entry["event"] for entry in facerec("gallery", "log", "-g", "g.db", "--json").document["entries"]] == [
        "created",
        "enrolled",
        "verified",
    ]


def test_missing_gallery_is_not_made(colours, facerec, draw):
    """Verifying against a gallery that does not exist is an error, and leaves no file."""
    draw("a.png", "red")

    assert facerec("verify", "a.png", "--gallery", "no.db", "--name", "ada", *AT).status == 2
    assert not (colours / "no.db").exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\x89PNG\r\n\x1a\n broken"])
def test_hostile_photos(colours, facerec, draw, content):
    """A file that is no photo is an error of one line that names it."""
    draw("a.png", "red")
    (colours / "bad.png").write_bytes(content)

    outcome = facerec("verify", "a.png", "bad.png", *AT, "--json")

    assert outcome.status == 2
    assert outcome.document["error"].startswith("bad.png cannot be read as a photo")
    assert len(outcome.err.splitlines()) == 1


def test_real_faces(photos, facerec):
    """The pipeline tells two people apart and finds one again."""
    folder = photos / "tests" / "test_images"

    same = facerec("verify", folder / "obama.jpg", folder / "obama2.jpg", *AT, "--json")
    other = facerec("verify", folder / "obama.jpg", folder / "biden.jpg", *AT, "--json")

    assert (same.status, other.status) == (0, 1)
    assert same.document["score"] > 0.95
    assert other.document["score"] < 0.9


def test_the_worst_groups_point_is_chosen_by_name(colours, facerec, draw, point, monkeypatch):
    """A point whose rate holds for the group with most false matches; --at and it are two answers to one question."""
    draw("a.png", "red")
    strict = point(threshold=0.9999)
    asked = []

    def shipped(*_, worst_group, **__):
        asked.append(worst_group)
        return strict

    monkeypatch.setattr("facerec.models.shipped_points.shipped_point", shipped)

    outcome = facerec("verify", "a.png", "a.png", "--worst-group", "--json")
    both = facerec("verify", "a.png", "a.png", "--worst-group", *AT)

    assert asked == [True]
    assert outcome.document["threshold"] == 0.9999
    assert both.status == 2
    assert "give one of them" in both.err

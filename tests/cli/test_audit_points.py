"""Audits at an operating point: its matcher is compared with the table's stamp, by the one table of rules."""

from dataclasses import replace
from pathlib import Path

import pytest

from facerec.points import write_points
from facerec.testing import made_matcher, made_point, made_scores

OURS = made_matcher("ours")
COMMANDS = {
    "verification": ("scores.csv", "--replicates", 0),
    "drift": ("scores.csv", "scores.csv", "--replicates", 0),
    "advise": ("scores.csv", "--by", "group", "--target", 0.5),
    "power": ("scores.csv", "--by", "group", "--rate", "fmr", "--ratio", 2),
}
UNTIED = "ties these scores to the operating point FMR 0.01 on made data, measured with ours"


@pytest.fixture(autouse=True)
def scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a table that is stamped with OURS."""
    monkeypatch.chdir(tmp_path)
    made_scores(100, matcher=OURS).to_csv("scores.csv", index=False)


def _points(*points, file="points.json"):
    write_points([made_point(0.5, target_fmr=0.01, matcher=each) for each in points], file)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("part", ["embedder_digest", "crop", "similarity"])
def test_a_point_of_another_matcher_decides_nothing(facerec, command, part):
    """Another embedder, crop or similarity is refused, in one line that names it."""
    _points(replace(OURS, **{part: "another.v9"}))

    outcome = facerec("audit", command, *COMMANDS[command], "--at", "points.json")

    assert outcome.status == 2
    assert f"{part.replace('_', ' ')} another.v9 there" in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.out == ""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("part", ["detector", "gate"])
def test_another_detector_or_gate_is_noted(facerec, command, part):
    """The audit is made, and says so."""
    _points(replace(OURS, **{part: "another.v9"}))

    outcome = facerec("audit", command, *COMMANDS[command], "--at", "points.json")

    assert outcome.status == 0
    assert f"the operating point was measured with another {part} another.v9 there" in outcome.err


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_ties_scores_without_a_stamp_to_a_point(facerec, command):
    """A table of any maker is judged at the point's threshold, with a note."""
    made_scores(100, matcher=OURS).drop(columns="matcher").to_csv("scores.csv", index=False)
    _points(OURS)

    outcome = facerec("audit", command, *COMMANDS[command], "--at", "points.json")

    assert outcome.status == 0
    assert UNTIED in outcome.err


@pytest.mark.parametrize("command", ["verification", "drift"])
@pytest.mark.parametrize(("part", "told"), [("gate", "measured with another gate another there"), ("matcher", UNTIED)])
def test_the_report_holds_the_note(facerec, tmp_path, command, part, told):
    """In its lead and in its numbers; the point's file stands among what was read."""
    if part == "matcher":
        made_scores(100).drop(columns="matcher").to_csv("scores.csv", index=False)
    _points(OURS if part == "matcher" else replace(OURS, gate="another"))

    outcome = facerec("audit", command, *COMMANDS[command], "--at", "points.json", "--out", "report", "--json")

    assert told in outcome.document["notes"][0]
    assert told in (tmp_path / "report/report.md").read_text("utf-8").replace("\\", "")
    assert '"role": "point"' in (tmp_path / "report/run.json").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_point_of_the_same_matcher_needs_no_note(facerec, command):
    """Of a file with the points of several embedders the table's own is taken."""
    _points(OURS, made_matcher("theirs"))

    outcome = facerec("audit", command, *COMMANDS[command], "--at", "points.json")

    assert outcome.status == 0
    assert "operating point was measured" not in outcome.err
    assert "ties" not in outcome.err


def test_each_table_of_a_change_has_its_own_point(facerec):
    """Two matchers, one file of points, or one for each table; the one of BEFORE holds for no other matcher."""
    theirs = made_matcher("theirs")
    made_scores(100, matcher=theirs).to_csv("after.csv", index=False)
    _points(OURS, theirs)
    _points(OURS, file="ours.json")
    _points(theirs, file="theirs.json")
    drift = ("audit", "drift", "scores.csv", "after.csv", "--replicates", 0)

    assert facerec(*drift, "--at", "points.json").status == 0
    assert facerec(*drift, "--at", "ours.json", "--at-after", "theirs.json").status == 0
    assert "embedder digest" in facerec(*drift, "--at", "ours.json").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--at", "points.json", "--at-threshold", 0.5], "give the threshold: one of"),
        (["--at", "nosuch.json"], "nosuch.json"),
        (["--at", "points.json", "--fmr", 0.5], "--fmr 0.5 needs exactly one at that rate"),
        (["--at-fmr", 0.01, "--fmr", 0.01], "--fmr chooses among the points"),
        (["--at", "points.json", "--calibration", "scores.csv"], "--calibration goes with --at-fmr"),
        (["--at", "points.json", "--distance"], "is a cosine similarity, but the table holds distances"),
    ],
)
def test_wrong_options_are_one_line(facerec, words, told):
    """Status 2, and the reason."""
    _points(OURS)

    outcome = facerec("audit", "verification", "scores.csv", *words)

    assert outcome.status == 2
    assert told in outcome.err
    assert outcome.err.count("\n") == 1

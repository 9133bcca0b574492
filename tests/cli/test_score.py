"""``facerec score``, ``calibrate`` and ``evaluate``: from pairs to operating points."""

from __future__ import annotations

import pytest

from facerec.measure import tables
from facerec.points import read_points

PAIRS = """probe_image,reference_image,probe_subject,reference_subject,probe_gender,reference_gender
ada1.png,ada2.png,ada,ada,female,female
ada1.png,bob1.png,ada,bob,female,male
bob1.png,none.png,bob,bob,male,male
ada2.png,bad.png,ada,bob,female,male
"""


@pytest.fixture
def pairs(colours, draw):
    """Four pairs of five photos, one of them without a face and one that is none."""
    draw("in/ada1.png", "red")
    draw("in/ada2.png", "wine")
    draw("in/bob1.png", "green")
    draw("in/none.png", "black")
    (colours / "in" / "bad.png").write_bytes(b"no photo")
    (colours / "pairs.csv").write_text(PAIRS)
    return colours


@pytest.mark.parametrize("out", ["scores.csv", "scores.parquet"])
def test_score_table(pairs, facerec, out):
    """Failed photos are counted, named, and stay in the table as empty scores."""
    outcome = facerec("score", "pairs.csv", "--root", "in", "--out", out, "--json")

    table = tables.read(out)
    document = outcome.document
    assert outcome.status == 0
    assert table["score"].isna().tolist() == [False, False, True, True]
    assert table["score"][0] > 0.9 > table["score"][1]
    assert tables.attributes(table) == ("gender",)
    assert (document["pairs"], document["pairs_without_score"], document["images"]) == (4, 2, 5)
    assert (document["images_unreadable"], document["images_without_face"]) == (1, 1)
    assert document["first_without_face"] == ["none.png"]
    assert list(document["first_unreadable"]) == ["bad.png"]
    assert "1 of 5 photos show no face to compare: none.png" in outcome.err


def test_score_says_where_the_table_is(pairs, facerec):
    """Without ``--json`` there is one line."""
    outcome = facerec("score", "pairs.csv", "--root", "in", "--out", "s.csv")

    assert outcome.out == "s.csv: 4 pairs of 5 photos, 2 without a score\n"


@pytest.mark.parametrize("out", ["scores.txt", "nosuch/scores.csv"])
def test_unwritable_table_is_refused_before_the_work(pairs, facerec, monkeypatch, out):
    """Nobody waits an hour for a table that cannot be written."""
    monkeypatch.setattr("facerec.measure.evaluation.score_pairs", lambda *_, **__: pytest.fail("worked"))

    assert facerec("score", "pairs.csv", "--root", "in", "--out", out).status == 2


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", PAIRS.replace("ada1.png", "nosuch.png")])
def test_bad_manifests(pairs, facerec, content):
    """A manifest that is empty, lacks columns or names missing photos is one line."""
    (pairs / "pairs.csv").write_text(content)

    outcome = facerec("score", "pairs.csv", "--root", "in", "--out", "s.csv", "--json")

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
    assert not (pairs / "s.csv").exists()


@pytest.fixture
def table(colours):
    """A score table of 200 pairs in two folds; the impostors reach 0.5, four genuine pairs stay below."""
    lines = ["probe_image,reference_image,probe_subject,reference_subject,genuine,score,fold"]
    for n in range(100):
        lines.append(f"g{n}a,g{n}b,p{n},p{n},true,{0.2 if n < 4 else 0.9},{n % 2}")
        lines.append(f"i{n}a,i{n}b,p{n},q{n},false,{n / 200},{n % 2}")
    (colours / "scores.csv").write_text("\n".join(lines) + "\n")
    return colours


ASSERTED = ("--model", "dlib-resnet", "--asserted-by", "Ada")


def test_calibrate(table, facerec):
    """Points are written with everything that they rest on; few impostors are said to be few."""
    outcome = facerec(
        "calibrate",
        "scores.csv",
        "--fmr",
        "0.01",
        "--fmr",
        "0.1",
        "--out",
        "p.json",
        "--data-set",
        "ours",
        "--json",
        *ASSERTED,
    )

    loose, strict = read_points("p.json")
    assert outcome.status == 0
    assert (loose.target_fmr, loose.threshold) == (0.1, 0.45)
    assert (strict.target_fmr, strict.threshold, strict.fmr.errors) == (0.01, 0.495, 1)
    made_by = strict.matcher
    assert (made_by.embedder, made_by.embedder_digest, made_by.detector) == ("dlib-resnet", "a" * 64, "squares")
    assert (strict.data_set, made_by.crop) == ("ours", "middle-8 v1")
    assert strict.asserted_by == "Ada"
    assert [each["is_indicative"] for each in outcome.document["points"]] == [True, True]
    assert "is indicative only: 1 false matches are expected" in outcome.err


def test_calibrated_point_decides(table, facerec, draw):
    """What `calibrate` writes, `verify` reads."""
    draw("a.png", "red")
    facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "p.json", *ASSERTED)

    document = facerec("verify", "a.png", "a.png", "--at", "p.json", "--json").document
    assert document["threshold"] == 0.495
    assert any(note.startswith("asserted by Ada") for note in document["notes"])


def test_scores_of_nobody_known_decide_nothing(table, facerec, draw):
    """A table without a stamp gives a point for a matcher of its own, and verify refuses it."""
    draw("a.png", "red")
    made = facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "p.json")

    outcome = facerec("verify", "a.png", "a.png", "--at", "p.json", "--json")

    assert (made.status, outcome.status, outcome.document["code"]) == (0, 2, "model_mismatch")
    assert "a matcher of its own" in made.err + outcome.err


def test_a_model_is_not_named_without_who_vouches(table, facerec):
    """Naming a model without saying who asserts it is an error that says how."""
    outcome = facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "p.json", "--model", "dlib-resnet")

    assert outcome.status == 2
    assert "--asserted-by" in outcome.err


def test_calibrate_refuses_what_cannot_be_shown(table, facerec):
    """A rate that the table is too small for is an error that says how many pairs are needed."""
    outcome = facerec("calibrate", "scores.csv", "--fmr", "1e-4", "--out", "p.json")

    assert outcome.status == 2
    assert "10,000 are needed" in outcome.err
    assert not (table / "p.json").exists()


def test_evaluate_scores(table, facerec):
    """Any score table gives its figures, with counts and intervals, and the rates at a point."""
    facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "p.json")

    document = facerec("evaluate", "scores", "scores.csv", "--at", "p.json", "--json").document

    assert document["accuracy_mean"] == pytest.approx(0.98)
    assert document["tmr_at_fmr"] == {"1e-2": 0.96, "1e-3": None}
    assert document["tmr_at_fmr_details"]["1e-2"]["tmr"]["matches"] == 96
    assert (document["genuine_pairs"], document["impostor_pairs"], document["people"]) == (100, 100, 200)
    assert 0 < document["eer"] < 0.05
    (at_point,) = document["at_operating_points"]
    assert (at_point["threshold"], at_point["fmr"]["errors"], at_point["fnmr"]["errors"]) == (0.495, 1, 4)


def test_evaluate_scores_for_people(table, facerec):
    """The same in words."""
    text = facerec("evaluate", "scores", "scores.csv").out

    assert "100 genuine and 100 impostor pairs of 200 people, 0 of them without a score" in text
    assert "accuracy          98.00 %" in text
    assert "at FMR 1e-2       threshold 0.4950, true matches 96.00 % (96 of 100; " in text


def test_tables_that_support_nothing(colours, facerec):
    """A table of one kind of pairs only, or no table at all, is one line."""
    (colours / "one.csv").write_text(
        "probe_image,reference_image,probe_subject,reference_subject,genuine,score\na,b,p,p,true,0.9\n"
    )

    for name in ("one.csv", "point.json", "nosuch.csv"):
        outcome = facerec("evaluate", "scores", name, "--json")
        assert outcome.status == 2
        assert len(outcome.err.splitlines()) == 1

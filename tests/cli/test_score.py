"""``facerec score``, ``calibrate`` and ``evaluate``: from pairs to operating points."""

from __future__ import annotations

import numpy as np
import pytest

from facerec.measure import tables
from facerec.points import read_points
from facerec.types import Matcher

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
    assert tables.stamp_of(table) == Matcher(**document["matcher"])
    assert table["reference_failure"].tolist() == ["", "", "no face", "unreadable"]
    assert (document["pairs"], document["pairs_without_score"], document["images"]) == (4, 2, 5)
    assert (document["images_unreadable"], document["images_without_face"]) == (1, 1)
    assert document["first_without_face"] == ["none.png"]
    assert list(document["first_unreadable"]) == ["bad.png"]
    assert "1 of 5 photos show no face to compare: none.png" in outcome.err


def test_score_says_where_the_table_is(pairs, facerec):
    """Without ``--json`` there is one line."""
    outcome = facerec("score", "pairs.csv", "--root", "in", "--out", "s.csv")

    assert outcome.out == "s.csv: 4 pairs of 5 photos, 2 without a score\n"


def test_what_there_is_to_say_of_photos_is_said_once_per_kind(pairs, facerec, draw):
    """Nearly black photos, with a face or without, are counted and one is named; in JSON, too."""
    draw("in/ada2.png", (24, 2, 2))

    outcome = facerec("score", "pairs.csv", "--root", "in", "--out", "s.csv", "--no-gate", "--json")

    (remark,) = outcome.document["notes_on_photos"]
    assert (remark["example"], remark["photos"]) == ("ada2.png", 2)
    assert remark["note"].startswith("the picture is nearly black: 99 % of it is at most 9 of 255")
    said = [line for line in outcome.err.splitlines() if line.startswith("note: ")]
    assert said == [f"note: ada2.png: {remark['note']}; so it is with 2 of 5 photos"]


def test_the_gate_judges_unless_it_is_left_out(pairs, facerec, draw):
    """A face below the gate gives no score; with --no-gate it does, and stamp and operating point say so."""
    draw("in/ada2.png", "wine", size=32)

    judged = facerec("score", "pairs.csv", "--root", "in", "--out", "s.csv", "--json")
    facerec("score", "pairs.csv", "--root", "in", "--out", "all.csv", "--no-gate")

    table, everything = tables.read("s.csv"), tables.read("all.csv")
    assert table["reference_failure"].tolist() == ["refused", "", "no face", "unreadable"]
    assert "1 of 5 photos were refused by the quality gate" in judged.err
    assert judged.document["images_refused"] == 1
    assert everything["score"].isna().tolist() == [False, False, True, True]
    assert tables.stamp_of(everything).gate == "none" != tables.stamp_of(table).gate


def test_random_numbers_are_no_threshold_of_any_embedder_here(colours, facerec, draw):
    """1,500 random numbers with invented people become a point at which no embedder of this project decides."""
    numbers = np.random.default_rng(1).random(1500)
    lines = ["probe_image,reference_image,probe_subject,reference_subject,genuine,score"]
    lines += [
        f"a{n},b{n},p{n},{'p' if n < 300 else 'q'}{n},{n < 300},{number}".replace("True", "true").replace(
            "False", "false"
        )
        for n, number in enumerate(numbers)
    ]
    (colours / "x.csv").write_text("\n".join(lines))
    draw("a.png", "red")

    made = facerec("calibrate", "x.csv", "--fmr", "1e-3", "--out", "p.json")
    decided = facerec("verify", "a.png", "a.png", "--at", "p.json")

    assert made.status == 0
    assert "the table carries no stamp" in made.err
    assert "a" * 64 not in (colours / "p.json").read_text()
    assert decided.status == 2
    assert "measured with a matcher of its own" in decided.err
    assert decided.out == ""


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
def table(colours, point):
    """A score table of 200 pairs in two folds; the impostors reach 0.5, four genuine pairs stay below."""
    lines = ["probe_image,reference_image,probe_subject,reference_subject,genuine,score,fold"]
    for n in range(100):
        lines.append(f"g{n}a,g{n}b,p{n},p{n},true,{0.2 if n < 4 else 0.9},{n % 2}")
        lines.append(f"i{n}a,i{n}b,p{n},q{n},false,{n / 200},{n % 2}")
    (colours / "scores.csv").write_text("\n".join(lines) + "\n")
    scored = tables.read(colours / "scores.csv")
    tables.write(tables.stamped(scored, point().matcher), colours / "scores.csv")
    tables.write(scored, colours / "unstamped.csv")
    return colours


def test_calibrate(table, facerec):
    """Points are written with everything that they rest on; few impostors are said to be few."""
    outcome = facerec(
        "calibrate", "scores.csv", "--fmr", "0.01", "--fmr", "0.1", "--out", "p.json", "--data-set", "ours", "--json"
    )

    loose, strict = read_points("p.json")
    assert outcome.status == 0
    assert (loose.target_fmr, loose.threshold) == (0.1, 0.45)
    assert (strict.target_fmr, strict.threshold, strict.fmr.errors) == (0.01, 0.495, 1)
    matcher = strict.matcher
    assert (matcher.embedder, matcher.embedder_digest, matcher.detector) == ("dlib-resnet", "a" * 64, "squares.v1")
    assert (strict.data_set, matcher.crop, strict.asserted_by) == ("ours", "square-middle-8.v1", "")
    assert [each["is_indicative"] for each in outcome.document["points"]] == [True, True]
    assert "is indicative only: 1 false matches are expected" in outcome.err


def test_calibrated_point_decides(table, facerec, draw):
    """What `calibrate` writes, `verify` reads."""
    draw("a.png", "red")
    facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "p.json")

    assert facerec("verify", "a.png", "a.png", "--at", "p.json", "--json").document["threshold"] == 0.495


def test_who_made_an_unstamped_table_is_asserted(table, facerec, draw):
    """Every decision at such a point says who vouches for it; a model alone, or a stamp of another, is refused."""
    draw("a.png", "red")
    calibrate = ("calibrate", "unstamped.csv", "--fmr", "0.01", "--out", "p.json")

    alone = facerec(*calibrate, "--model", "dlib-resnet")
    vouched = facerec(*calibrate, "--model", "dlib-resnet", "--asserted-by", "Ada")
    decided = facerec("verify", "a.png", "a.png", "--at", "p.json", "--json")
    against = facerec(*calibrate[:1], "scores.csv", *calibrate[2:], "--model", "facenet", "--asserted-by", "Ada")

    assert (alone.status, vouched.status, decided.status, against.status) == (2, 0, 0, 2)
    assert "--asserted-by WHO" in alone.err
    assert any(note.startswith("asserted by Ada") for note in decided.document["notes"])
    assert "and Ada asserts" in against.err


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
    assert at_point["notes"] == []
    assert "carries no stamp" in facerec("evaluate", "scores", "unstamped.csv", "--at", "p.json").err


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

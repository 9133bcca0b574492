"""What people read who made a mistake: the cause, in words of the command line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

MESSAGES = {
    "audit verify nope": r"no such file; a bundle is the folder that --out wrote\n$",
    "audit look genuine.csv": r"genuine says the same in all 3 rows: every pair is genuine, and there is no i",
    "audit look impostor.csv": r"every pair is impostor, and there is no genuine pair",
    "transfer run --data empty": r"empty: holds no photo of any class; a classifier needs two classes or more",
    "transfer run --data photos.csv": r"photos\.csv: photos are missing: x\.jpg, y\.jpg\n$",
    "transfer run --label age": r"--label and --groups name columns of a manifest; add --data MANIFEST\.csv",
    "transfer run --groups race": r"--label and --groups name columns of a manifest; add --data MANIFEST\.csv",
    "embed . --out v.parquet": r"no photo to embed; a folder holds one folder of photos per person",
    "enroll ada ada.png -g p.db --expires tomorrow": r"expected a day such as 2031-12-31; got 'tomorrow'",
    "enroll ada ada.png -g p.db --expires 2020-01-01": r"2020-01-01 has passed .*; give a later expiry date\n$",
    "verify ada.png https://example.org/b.png": r"https://example\.org/b\.png cannot be read",
}


@pytest.mark.parametrize("line", MESSAGES)
def test_the_cause_is_told(line, colours, draw, facerec):
    """One line, with status 2."""
    draw("ada.png", "red")
    for answer, name in ((1, "genuine"), (0, "impostor")):
        Path(f"{name}.csv").write_text(f"score,genuine\n0.5,{answer}\n0.7,{answer}\n0.3,{answer}\n")
    Path("empty/a").mkdir(parents=True)
    Path("empty/b").mkdir()
    Path("photos.csv").write_text("image,label\nx.jpg,a\ny.jpg,b\n")

    outcome = facerec(*shlex.split(line))

    assert outcome.status == 2
    assert re.search(MESSAGES[line], outcome.err), outcome.err


def test_what_is_left_out_is_named_whatever_it_is_called(colours, draw, facerec):
    """Files whose names are letters or words of the reason."""
    draw("ada.png", "red")
    for name in ("e", "o", "is", "photo"):
        Path(name).touch()

    outcome = facerec("detect", ".")

    for name in ("e", "o", "is", "photo"):
        assert f"\n  {name}: is no photo by its name\n" in outcome.err


def test_duplicates_of_one_person(colours, draw, facerec, point):
    """There is nobody to compare with."""
    from facerec.points import write_points

    draw("ada.png", "red")
    write_points(point(), "point.json")
    facerec("enroll", "ada", "ada.png", "-g", "people.db")

    outcome = facerec("gallery", "duplicates", "-g", "people.db", "--at", "point.json")

    assert (outcome.status, outcome.out) == (0, "1 person enrolled: there is nobody to compare with\n")


def test_several_arguments_have_one_ellipsis(facerec, monkeypatch):
    """In the line of usage, and none in the table."""
    monkeypatch.setenv("COLUMNS", "80")

    told = facerec("audit", "verification", "--help").out

    assert "[OPTIONS] SCORES...  " in told
    assert told.count("SCORES...") == 1

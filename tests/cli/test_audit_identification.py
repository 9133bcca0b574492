"""``facerec audit identification``: the tables it reads, and what it says of those that it cannot use."""

from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ten searches in a gallery of two, in the working folder as CSV and as Parquet."""
    monkeypatch.chdir(tmp_path)
    people = pd.DataFrame({"subject": ["007", "8"], "gender": ["f", "m"]})
    rows = [(f"s{n}", f"p{n}", "fm"[n % 2], "007", 0.1 * n) for n in range(10)]
    searches = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_gender", "candidate_subject", "score"])
    _write(searches, people)
    return searches, people


def _write(searches: pd.DataFrame, people: pd.DataFrame) -> None:
    for name, table in (("searches", searches), ("people", people)):
        table.to_csv(f"{name}.csv", index=False)
        table.to_parquet(f"{name}.parquet")


def _arguments(kind: str) -> tuple[object, ...]:
    return ("audit", "identification", f"searches.{kind}", "--gallery", f"people.{kind}", "--at-threshold", 0.45,
            "--by", "gender", "--json")  # fmt: skip


def test_csv_and_parquet_say_the_same(tables, facerec):
    """Both kinds of file give one document."""
    found = [facerec(*_arguments(kind)) for kind in ("csv", "parquet")]

    assert [outcome.status for outcome in found] == [0, 0]
    assert found[0].document == found[1].document
    assert found[0].document["overall"]["false_positives"] == 5


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("score", "told"),
    [
        (float("nan"), "score in row 4 of the searches"),
        (float("inf"), "score in row 4 is 'inf': it is infinite"),
    ],
)
def test_a_score_that_is_none_is_told_with_its_row(tables, facerec, kind, score, told):
    """A candidate without a score, and an infinite one, end with 2 and name the row."""
    searches, people = tables
    searches.loc[3, "score"] = score
    _write(searches, people)

    outcome = facerec(*_arguments(kind))

    assert outcome.status == 2
    assert told in " ".join(outcome.err.split())


def test_other_files_are_refused_as_in_verification(tables, facerec):
    """A name of another kind, and a folder."""
    for name, told in (("searches.xls", "or .parquet; save it as .xlsx"), ("no.csv", "there is no such file")):
        outcome = facerec("audit", "identification", name, "--gallery", "people.csv", "--at-threshold", 0.5)

        assert outcome.status == 2
        assert told in " ".join(outcome.err.split())


def test_distances(tables, facerec):
    """Distances give the same answer as likenesses; not said to be such, they are refused with the option's name."""
    searches, people = tables
    searches = pd.concat([searches, searches.assign(search="m" + searches["search"], probe_subject="007", score=0.95)])
    _write(searches, people)
    (alike,) = [facerec(*_arguments("csv")).document]
    _write(searches.assign(score=1 - searches["score"]), people)

    wrong, right = facerec(*_arguments("csv")), facerec(*_arguments("csv"), "--distance", "--at-threshold", 0.55)

    assert wrong.status == 2
    assert "wrong candidates are more alike than the right ones" in wrong.err
    assert "--distance" in wrong.err
    assert right.document["threshold"] == {"value": 0.55, "accepts": "distance <= value"}
    same = ("overall", "groups", "contrasts", "gallery_mix")
    assert [right.document[name] for name in same] == [alike[name] for name in same]
    assert facerec(*_arguments("csv"), "--accept-reversed").status == 0

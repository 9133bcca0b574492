"""``facerec audit mitigation``: from a table of vectors to what each method changes for whom."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

QUICK = ("--at-fmr", "0.05", "--pairs", "2000", "--deals", "2", "--replicates", "10")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """200 made-up people of two groups with four photos each; those of group b are crowded."""
    rng = np.random.default_rng(5)
    people = rng.normal(size=(200, 6)) + np.where(np.arange(200)[:, None] % 2, [2.0, 0, 0, 0, 0, 0], 0.0)
    vectors = np.repeat(people, 4, axis=0) + 0.4 * rng.normal(size=(800, 6))
    found = pd.DataFrame({f"v{n}": vectors[:, n] for n in range(6)})
    found.insert(0, "subject", np.repeat([f"p{n:03}" for n in range(200)], 4))
    found.insert(1, "group", np.repeat(["a", "b"] * 100, 4))
    found.to_csv(tmp_path / "v.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return found


def test_json(table, facerec):
    """Five methods without group labels, the sides that share nobody, and changes that can be read off."""
    outcome = facerec("audit", "mitigation", "v.csv", "--by", "group", *QUICK, "--json")

    document = outcome.document
    assert outcome.status == 0
    assert document["people"] == {"learned_from": 80, "thresholds_set_on": 40, "judged": 80}
    assert [each["method"].split(",")[0] for each in document["methods"]] == [
        "FairCal",
        "FSN",
        "Z-norm",
        "T-norm",
        "S-norm",
    ]
    assert document["oracle"] == []
    for method in document["methods"]:
        for entry in method["changes"]:
            change = entry["change"]
            assert change["low"] <= change["value"] <= change["high"]
            expected = "worse" if change["low"] > 0 else "better" if change["high"] < 0 else "not shown"
            assert entry["finding"] == expected


def test_photos_without_a_vector_or_a_label(table, facerec):
    """A photo without a face is a failure to acquire, and whoever has no label is in no group; both are counted."""
    table.loc[::10, [f"v{n}" for n in range(6)]] = None
    table.loc[table["subject"] < "p020", "group"] = ""
    table.to_parquet("v.parquet")

    outcome = facerec("audit", "mitigation", "v.parquet", "--by", "group", *QUICK, "--json")

    (method, *_) = outcome.document["methods"]
    failed = next(each for each in method["changes"] if (each["rate"], each["by"]) == ("without_score", ""))
    assert failed["errors_before"] == failed["errors_after"] > 0
    assert method["unlabelled"]["group"]["genuine"] > 0
    assert {each["group"] for each in method["changes"]} == {"", "a", "b"}


def test_report(table, facerec):
    """Files are written, the command can be run again from ``run.json``, and the oracle brings its caveat along."""
    outcome = facerec("audit", "mitigation", "v.csv", "--by", "group", *QUICK, "--oracle", "--out", "lab")

    run = json.loads(Path("lab/run.json").read_text(encoding="utf-8"))
    page = Path("lab/report.md").read_text(encoding="utf-8")
    assert outcome.status == 0
    assert run["command"][:6] == ["facerec", "audit", "mitigation", "v.csv", "--by", "group"]
    assert "--oracle" in run["command"]
    assert "unlawful" in outcome.out
    assert "unlawful" in page
    assert "written to lab/report.html" in outcome.out
    assert "p001" not in outcome.out + page


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "name the groups: --by NAME"),
        (("--by", "age"), "age"),
        (("--by", "group", "--at-fmr", "2"), "must lie between 0 and 1"),
        (("--by", "group", "--at-fmr", "1e-6", "--pairs", "100"), "too few"),
        (("--by", "group", "--deals", "0"), "deals must be 1 or more"),
        (("--by", "group", "--pairs", "0"), "1 or more; got 0"),
        (("--by", "group", "--clusters", "5000", "--pairs", "2000"), "clusters must lie within"),
        (("--by", "group", "--clusters", "1", "--replicates", "1", "--pairs", "2000"), "two replicates"),
    ],
)
def test_bad_options(table, facerec, options, told):
    """What cannot be done is one line."""
    outcome = facerec("audit", "mitigation", "v.csv", *options)

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
    assert told in outcome.err


def test_too_few_people(table, facerec):
    """Three people cannot be dealt to three sides, and it says why."""
    table[table["subject"] < "p003"].to_csv("few.csv", index=False)

    outcome = facerec("audit", "mitigation", "few.csv", "--by", "group", "--json")

    assert outcome.status == 2
    assert "too few people: of 3" in outcome.document["error"]

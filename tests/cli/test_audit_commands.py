"""The other audits on the command line: classifiers, drift, galleries, plans and the proof of intervals."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audits.checks.designs import dense
from audits.checks.studies import rates

ROOT = Path(__file__).parents[2]
SHADES = ROOT / "data/gender_shades/counts.csv"
LFW = ROOT / "data/lfw/scores.csv"


def _policy(folder: Path, claim: str) -> Path:
    """A policy of one claim."""
    (folder / "policy.toml").write_text(f'title = "Gate"\n[[claim]]\nname = "claim"\n{claim}\n', encoding="utf-8")
    return folder / "policy.toml"


def test_classification(facerec, tmp_path):
    """The published counts give a report, a table and the sentence about the worst group."""
    outcome = facerec("audit", "classification", SHADES, "--by", "skin,gender", "--out", tmp_path / "r")

    assert outcome.status == 0
    assert outcome.out.startswith("wrong in 12.1")
    assert "darker,female" in outcome.out
    run = json.loads((tmp_path / "r/run.json").read_text(encoding="utf-8"))
    assert run["seed"] is None
    assert run["inputs"][0]["name"] == "counts.csv"


@pytest.mark.parametrize(("limit", "status"), [(0.5, 0), (0.1, 1), (0.35, 3)])
def test_classification_gate(facerec, tmp_path, limit, status):
    """A policy about a classifier decides the exit status, by the interval of the worst group."""
    claim = f'kind = "class_rate"\nrate = "error"\nby = "skin,gender"\nat_most = {limit}'

    outcome = facerec("audit", "classification", SHADES, "--policy", _policy(tmp_path, claim), "--json")

    assert outcome.status == status
    assert outcome.document["verdict"]["claims"][0]["name"] == "claim"


def test_classification_errors_are_two(facerec):
    """A missing column, a class that does not occur, sharing without a report."""
    for arguments in (("--by", "age"), ("--positive", "cat"), ("--share", 5), ("--label", "nosuch")):
        outcome = facerec("audit", "classification", SHADES, *arguments)

        assert (outcome.status, outcome.out) == (2, "")


def test_drift(facerec, tmp_path):
    """The same scores give no change; scores that favour one group give a change that is told."""
    table = pd.read_csv(LFW)
    table["score"] += np.where(table["probe_gender"] == "female", 0.02, 0.0)
    table.to_csv(tmp_path / "after.csv", index=False)
    options = ("--by", "gender", "--at-threshold", 0.91, "--replicates", 20)

    same = facerec("audit", "drift", LFW, LFW, *options)
    other = facerec("audit", "drift", LFW, tmp_path / "after.csv", *options, "--json")

    assert same.status == other.status == 0
    assert "0 rates rose for sure, 0 rates fell for sure" in same.out
    women = next(c for c in other.document["changes"] if (c["group"], c["rate"]) == ("female", "fmr"))
    assert women["errors_after"] > women["errors_before"]
    assert women["change"]["low"] > 0


def test_drift_gate(facerec, tmp_path):
    """A change that is too large fails the policy."""
    table = pd.read_csv(LFW)
    table.assign(score=table["score"] + 0.05).to_csv(tmp_path / "after.csv", index=False)
    policy = _policy(tmp_path, 'kind = "change"\nrate = "fmr"\nby = "gender"\nat_most = 0.01')

    outcome = facerec(
        "audit", "drift", LFW, tmp_path / "after.csv", "--at-threshold", 0.91, "--policy", policy, "--replicates", 0
    )

    assert outcome.status == 1
    assert outcome.out.startswith("policy Gate: fail")


def test_drift_on_other_people(facerec, tmp_path):
    """Thresholds come from tables of other people, scales may differ, and both are told beside the findings."""
    table = pd.read_csv(LFW)
    half = table["fold"] < 5
    for name, chosen, sign in (("a", ~half, 1), ("cal_a", half, 1), ("b", ~half, -1), ("cal_b", half, -1)):
        table[chosen].assign(score=sign * table["score"]).drop(columns="matcher").to_csv(tmp_path / f"{name}.csv")
    tables = [tmp_path / f"{name}.csv" for name in ("a", "b", "cal_a", "cal_b")]
    options = ("--at-fmr", 0.02, "--calibration", tables[2], "--calibration-after", tables[3], "--replicates", 0)

    told = facerec("audit", "drift", *tables[:2], *options, "--distance-after", "yes", "--by", "gender")
    found = facerec("audit", "drift", *tables[:2], *options, "--distance-after", "yes", "--json").document

    assert told.status == 0
    assert "0 rates rose for sure, 0 rates fell for sure" in told.out
    assert "thresholds chosen on other people for FMR 0.02" in told.out
    assert found["before"]["value"] == -found["after"]["value"]
    assert found["before"]["range"] == [-end for end in reversed(found["after"]["range"])]
    assert found["thresholds"] == "thresholds chosen on other people for FMR 0.02"
    changed = next(change for change in found["changes"] if change["rate"] == "fnmr")
    assert changed["change"]["high"] > changed["at_these_thresholds"]["high"]
    upside_down = facerec("audit", "drift", *tables[:2], *options)
    assert upside_down.status == 2
    assert "--distance" in upside_down.err


def test_drift_gate_carries_the_choice(facerec, tmp_path):
    """A claim that fails at two given thresholds lacks evidence where three false matches chose them, and says so."""
    table = pd.read_csv(LFW)
    rejected = table["genuine"].astype(str).str.lower().isin(["true", "1"]) & (np.arange(len(table)) % 20 == 0)
    table.assign(score=table["score"].where(~rejected, 0.0)).to_csv(tmp_path / "after.csv", index=False)
    policy = _policy(tmp_path, 'kind = "change"\nrate = "fnmr"\nat_most = 0.01')
    gate = ("audit", "drift", LFW, tmp_path / "after.csv", "--policy", policy, "--replicates", 0)

    given, chosen, few = (
        facerec(*gate, *at) for at in (("--at-threshold", 0.91), ("--at-fmr", 0.02), ("--at-fmr", 1e-3))
    )

    assert (given.status, chosen.status, few.status) == (1, 1, 3)
    assert "thresholds held fixed" in given.out
    assert "thresholds chosen on these tables for FMR 0.02" in chosen.out
    assert "do not bound the threshold at FMR 0.001" in few.err


def test_drift_needs_a_threshold(facerec):
    """Without a threshold there is nothing to compare at."""
    assert facerec("audit", "drift", LFW, LFW).status == 2


def test_power(facerec):
    """The plan says how many people each group needs, and whether it has enough."""
    outcome = facerec(
        "audit", "power", LFW, "--by", "gender", "--at-fmr", 0.01, "--rate", "fnmr", "--ratio", 2, "--json"
    )

    groups = outcome.document["groups"]
    assert [group["group"] for group in groups] == ["female", "male"]
    assert all(group["people"] > 100 and group["pairs"] >= group["independent_trials"] for group in groups)


def test_prove(facerec, monkeypatch, tmp_path):
    """Coverage is counted, in a table, as JSON and as a report; the exit status says whether it holds."""
    monkeypatch.setattr("audits.checks.proof.all_studies", lambda: (rates(dense([1] * 30), [0.1]),))

    told = facerec("audit", "prove", "--replicates", 20)
    document = facerec("audit", "prove", "--replicates", 20, "--json", "--out", tmp_path).document

    assert told.status == 0
    assert "dense, 30 people" in told.out
    assert document["coverage"][0]["tables"] == 20
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8")) == document
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["command"][:3] == [
        "facerec",
        "audit",
        "prove",
    ]
    monkeypatch.setattr("audits.checks.coverage.LEAST_COVERAGE", 0.9999)
    assert facerec("audit", "prove", "--replicates", 300).status == 1
    assert facerec("audit", "prove", "--designs", "moon").status == 2


def test_identification(facerec, tmp_path):
    """Searches of a gallery give FPIR and FNIR of everybody and by group."""
    (tmp_path / "people.csv").write_text("subject,gender\nann,f\nbob,m\n", encoding="utf-8")
    (tmp_path / "searches.csv").write_text(
        "search,probe_subject,probe_gender,candidate_subject,score\n1,ann,f,ann,0.9\n2,bob,m,ann,0.7\n3,eve,f,ann,0.8\n",
        encoding="utf-8",
    )
    arguments = (tmp_path / "searches.csv", "--gallery", tmp_path / "people.csv", "--at-threshold", 0.75)

    told = facerec("audit", "identification", *arguments, "--by", "gender")
    document = facerec("audit", "identification", *arguments, "--by", "gender", "--json").document

    assert told.status == 0
    assert "2 people enrolled" in told.out
    assert (document["overall"]["misses"], document["overall"]["mated"]) == (1, 2)
    assert document["groups"]["gender"][0]["fpir"]["value"] == 1.0

"""``facerec audit look``, and the options of tables that every command takes."""

import shlex

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    """A vendor's table as a spreadsheet saves it, the same as two files, and who its people are."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    first = rng.integers(0, 40, 400)
    same = rng.random(400) < 0.3
    second = np.where(same, first, (first + rng.integers(1, 40, 400)) % 40)
    words = np.where(same, "Y", "N")
    likeness = rng.normal(size=400) + 3 * same
    table = pd.DataFrame({"id1": first, "id2": second, "same": words, "cos_dist": (1 - likeness).round(4)})
    table.to_csv("vendor.csv", index=False, sep=";", decimal=",")
    table[:150].to_excel("one.xlsx", index=False)
    table[150:].to_csv("two.tsv.gz", index=False, sep="\t")
    pd.DataFrame({"subject": range(40), "sex": ["f", "m"] * 20}).to_csv("people.csv", index=False)
    return table


def test_the_command_runs(vendor, facerec):
    """What is printed is understood as it is; the direction was guessed, and the people of a second file are groups."""
    looked = facerec("audit", "look", "vendor.csv", "--people", "people.csv")
    assert looked.status == 0, looked.err
    command = shlex.split(looked.out.splitlines()[-1])

    done = facerec(*command[1:], "--replicates", 0, "--json")

    assert done.status == 0, done.err
    assert "--distance" in command
    assert [group["group"] for group in done.document["groups"]["sex"]] == ["f", "m"]


def test_every_command_takes_the_same_options(vendor, facerec):
    """Several files, other names and distances mean the same to audits and to evaluate, which calibrate refuses."""
    columns = ("--score", "cos_dist", "--genuine", "same", "--probe-subject", "id1", "--reference-subject", "id2")
    one, several = ("vendor.csv",), ("one.xlsx", "two.tsv.gz")

    for files in (one, several):
        evaluated = facerec("evaluate", "scores", *files, *columns, "--distance", "--json").document
        assert (evaluated["genuine_pairs"], evaluated["people"]) == ((vendor["same"] == "Y").sum(), 40)
        audited = facerec("audit", "advise", *files, *columns, "--distance", "--people", "people.csv", "--by", "sex",
                          "--target", 0.5, "--at-fmr", 0.1, "--json")  # fmt: skip
        assert audited.status == 0, audited.err
    for words in (("evaluate", "scores", "vendor.csv"), ("audit", "verification", "vendor.csv", "--at-fmr", 0.1)):
        refused = facerec(*words, *columns)
        assert refused.status == 2
        assert "--distance" in refused.err
        assert len(refused.err.splitlines()) == 1
    refused = facerec("calibrate", "vendor.csv", *columns, "--distance", "--fmr", 0.1, "--out", "p.json")
    assert (refused.status, "cosine similarities" in refused.err) == (2, True)


def test_all_problems_are_one_line_of_the_command_line(vendor, facerec):
    """A list for people who read errors in a log."""
    refused = facerec("evaluate", "scores", "vendor.csv", "--score", "sim", "--genuine", "truth")

    assert "2 problems: 1) there is no column 'sim' for score" in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_classifier_without_truth(tmp_path, facerec):
    """Whom it selects, in the printed answer, the document and the page."""
    table = pd.DataFrame({"prediction": ["yes", "no", "no", "yes"] * 30, "sex": ["f", "m", "f", "f"] * 30})
    table.to_csv(tmp_path / "p.csv", index=False)

    done = facerec("audit", "classification", tmp_path / "p.csv", "--no-label", "--by", "sex", "--out", tmp_path / "r")

    assert done.status == 0, done.err
    assert "It says yes in 50 % (60 of 120" in done.out.replace("\N{NO-BREAK SPACE}", " ")
    assert "By sex, selection rates of yes differ" in done.out
    assert "wrong" not in (tmp_path / "r" / "report.md").read_text("utf-8").split("## Method")[0]

"""``audit part``, ``audit merge`` and ``audit verification --one-pass``: the same bytes of JSON, whoever counts."""

import random

import numpy as np
import pandas as pd
import pytest

POLICY = """
title = "t"

[[claim]]
name = "low"
kind = "rate"
rate = "fnmr"
by = "race"
at_most = 0.001
"""
ASKED = ["--by", "race", "--at-threshold", "1.5"]


@pytest.fixture
def parts(tmp_path):
    """A table as a folder of four files."""
    rng = np.random.default_rng(0)
    first, genuine = rng.integers(0, 60, 4000), rng.random(4000) < 0.4
    second = np.where(genuine, first, (first + rng.integers(1, 60, 4000)) % 60)
    columns = {"genuine": genuine, "score": rng.normal(0, 1, 4000) + 3 * genuine}
    for side, codes in (("probe", first), ("reference", second)):
        columns |= {f"{side}_subject": [f"s{code}" for code in codes], f"{side}_race": np.array(list("xyz"))[codes % 3]}
    folder = tmp_path / "table"
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(4000), 4)):
        pd.DataFrame(columns).iloc[rows].to_parquet(folder / f"{number}.parquet")
    return folder


def test_parts_in_any_order_are_the_whole(facerec, parts, tmp_path):
    """Every file by itself, merged at random and in two steps; the whole folder at once, in two processes."""
    whole = facerec("audit", "verification", parts, *ASKED, "--processes", "2", "--json")
    files = []
    for number in range(4):
        files.append(tmp_path / f"{number}.npz")
        done = facerec("audit", "part", parts / f"{number}.parquet", *ASKED, "--out", files[-1])
        assert "1,000 pairs of 60 people summed up" in done.out
    random.Random(1).shuffle(files)
    half = tmp_path / "half.npz"
    assert facerec("audit", "merge", *files[:2], "--sums", half, "--json").status == 0

    assert whole.status == 0
    assert facerec("audit", "merge", *files, "--json").out == whole.out
    assert facerec("audit", "merge", files[3], half, files[2], "--json").out == whole.out
    assert whole.document["overall"]["comparisons"] == 4000


def test_a_merged_audit_is_judged_and_reported(facerec, parts, tmp_path):
    """With a policy and a report, as audit verification does."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    part, out = tmp_path / "part.npz", tmp_path / "report"
    facerec("audit", "part", parts, *ASKED, "--out", part)
    done = facerec("audit", "merge", part, "--policy", policy, "--out", out)

    assert done.status == 1, done.err
    assert (out / "audit.json").is_file()
    assert "fail: low" in done.out


def test_what_is_refused(facerec, parts, tmp_path):
    """A part twice, another threshold, a grouping nobody summed up, a threshold of the share's own, no part."""
    one, other = tmp_path / "one.npz", tmp_path / "other.npz"
    facerec("audit", "part", parts / "0.parquet", *ASKED, "--out", one)
    facerec("audit", "part", parts / "1.parquet", "--by", "race", "--at-threshold", "1", "--out", other)
    for words, told in (
        (["merge", one, one], "there twice"),
        (["merge", one, other], "threshold 1.5 here and 1.0 there"),
        (["merge", one, "--by", "gender"], "not summed up by gender, but by race"),
        (["merge", parts / "0.parquet"], "0.parquet: holds no sums of comparisons"),
        (["part", parts, "--at-fmr", "1e-3", "--out", one], "a part cannot choose the threshold"),
        (["part", parts, "--at-threshold", "1", "--out", tmp_path / "x.csv"], "ends in .npz"),
        (["part", parts, *ASKED, "--processes", "0", "--out", one], "1 process or more"),
    ):
        done = facerec("audit", *words)

        assert done.status == 2
        assert told in done.err


def test_one_pass_over_a_small_table(facerec, parts):
    """Asked for, a file is read in one pass, and a target chooses its threshold all the same."""
    asked = ["--by", "race", "--at-fmr", "0.01", "--json"]
    memory = facerec("audit", "verification", parts / "0.parquet", *asked).document
    passed = facerec("audit", "verification", parts / "0.parquet", *asked, "--one-pass").document

    assert "one pass" in passed["notes"][0]
    assert {**passed, "notes": []} == {**memory, "notes": []}

"""``--all-pairs``: audits and operating points from vectors, the same as from the table of their pairs."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facerec.measure import tables
from facerec.measure.tables.vector_table import read_vectors, write_vectors
from facerec.points import read_points
from facerec.testing import made_matcher


@pytest.fixture
def both(tmp_path, monkeypatch):
    """vectors.parquet of 40 people in two groups, one photo of whom shows no face, and scores.csv of all pairs."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    who = np.repeat(np.arange(40), 3)
    vectors = rng.standard_normal((40, 16))[who] + 0.5 * rng.standard_normal((120, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    texts = [
        {
            "photo": f"{row}.jpg",
            "subject": f"p{person:02d}",
            "gender": "fm"[person % 2],
            "failure": "no face" * (row == 7),
        }
        for row, person in enumerate(who)
    ]
    columns = ["photo", "subject", "gender", "failure"]
    rows = [(text, None if text["failure"] else vector) for text, vector in zip(texts, vectors, strict=True)]
    write_vectors(rows, Path("vectors.parquet"), columns=columns, dimension=16, matcher=made_matcher())
    photos = sorted(texts, key=lambda text: (text["gender"], text["subject"]))
    pairs = pd.DataFrame(
        {
            **{f"probe_{name}": one[name] for name in ("subject", "gender")},
            **{f"reference_{name}": other[name] for name in ("subject", "gender")},
            "probe_image": one["photo"],
            "reference_image": other["photo"],
            "genuine": one["subject"] == other["subject"],
        }
        for one, other in combinations(photos, 2)
    )
    by_photo = read_vectors("vectors.parquet").by_photo()
    tables.write(tables.score_vectors(pairs, by_photo, matcher=made_matcher()), Path("scores.csv"))
    return tmp_path


def test_an_audit(both, facerec):
    """Threshold, counts and groups are those of the table of all pairs."""
    how = ("--by", "gender", "--at-fmr", "0.01", "--replicates", 0)
    outcome = facerec("audit", "verification", "vectors.parquet", "--all-pairs", *how, "--json")
    expected = facerec("audit", "verification", "scores.csv", *how, "--json").document
    found = outcome.document

    assert outcome.status == 0
    assert found["threshold"]["value"] == expected["threshold"]["value"]
    for mine, theirs in zip(found["groups"]["gender"], expected["groups"]["gender"], strict=True):
        for rate in ("fmr", "fnmr"):
            assert mine[rate] == pytest.approx(theirs[rate])
    assert any("no pair written down" in note for note in found["notes"])
    drawn = facerec("audit", "verification", "vectors.parquet", "--all-pairs", *how, "--out", "report")
    assert drawn.status == 0
    assert any("<svg" in page.read_text(encoding="utf-8") for page in Path("report").glob("*.html"))


def test_points(both, facerec):
    """Photos without a vector are left out, as with ``calibrate_all_pairs``; threshold and counts are the table's."""
    one = facerec(
        "calibrate", "vectors.parquet", "--all-pairs", "--fmr", "0.01", "--fmr", "0.1", "--out", "p.json", "--json"
    )
    facerec("calibrate", "scores.csv", "--fmr", "0.01", "--out", "q.json")
    (loose, tight), (other,) = read_points("p.json"), read_points("q.json")

    assert one.status == 0
    assert (loose.target_fmr, tight.target_fmr) == (0.1, 0.01)
    assert tight.matcher == other.matcher == made_matcher()
    assert tight.fmr.trials == 119 * 118 // 2 - 39 * 3 - 1
    assert tight.threshold == pytest.approx(other.threshold, abs=0.01)
    assert tight.refused is not None
    assert (tight.refused.errors, tight.refused.trials) == (0, 119)
    assert tight.data_set == "vectors.parquet, all pairs of 119 photos"
    assert json.loads(Path("p.json").read_text(encoding="utf-8"))


def test_what_does_not_fit_is_said(both, facerec):
    """Options of tables of pairs, scores where vectors are meant."""
    audit = ("audit", "verification", "--by", "gender", "--at-fmr", "0.01", "--all-pairs")
    for more, told in (
        (("vectors.parquet", "--distance"), "--distance"),
        (("scores.csv",), "a table of vectors has"),
    ):
        outcome = facerec(*audit, *more)
        assert outcome.status == 2
        assert told in outcome.err
    outcome = facerec("calibrate", "scores.csv", "--all-pairs", "--fmr", "0.01", "--out", "p.json")
    assert outcome.status == 2
    assert "a table of vectors has" in outcome.err

"""Guesses of what a table holds: columns, direction, groups, and a command that runs."""

import numpy as np
import pandas as pd
import pytest

from audits.tables.look import look_at
from facerec.errors import ScoreTableError


def pairs(count=400, seed=0):
    """Pairs as benchmarks publish them, with their own names, and a number of another kind beside the scores."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 40, count)
    same = rng.random(count) < 0.3
    second = np.where(same, first, (first + rng.integers(1, 40, count)) % 40)
    return pd.DataFrame(
        {
            "fold": rng.integers(1, 6, count),
            "p1": [f"{one}/{row}.jpg" for row, one in enumerate(first)],
            "p2": [f"{one}/{row}b.jpg" for row, one in enumerate(second)],
            "id1": first,
            "id2": second,
            "label": same.astype(int),
            "gender1": np.array(["f", "m"])[first % 2],
            "gender2": np.array(["f", "m"])[second % 2],
            "age_gap": rng.random(count),
            "resnet": rng.normal(size=count) + 3 * same,
        }
    )


@pytest.mark.parametrize("sign", [1, -1])
def test_columns_and_direction_are_found(sign):
    """People are equal where a pair is genuine; what tells genuine pairs best is the score, whichever way it goes."""
    found = look_at(pairs().assign(resnet=lambda t: sign * t["resnet"]))

    assert found.distance == (sign < 0)
    words = found.command(["a b.csv"])
    assert words.startswith("facerec audit verification 'a b.csv' --score resnet --genuine label --probe-subject id1 ")
    assert "--reference-subject id2" in words
    assert "--groups gender=gender1:gender2 --by gender" in words
    assert ("--distance" in words) == (sign < 0)
    assert all(guess.why for guess in found.guesses)


def test_predictions_with_and_without_truth():
    """Named as scikit-learn's users name them."""
    table = pd.DataFrame({"y_true": ["x", "y"] * 4, "y_pred": ["x", "x"] * 4, "sex": list("fmmf") * 2})

    assert look_at(table).command(["p.csv"]) == (
        "facerec audit classification p.csv --prediction y_pred --label y_true --by sex"
    )
    assert "--no-label" in look_at(table.drop(columns="y_true")).options


def test_searches():
    """A table of candidates is for the audit of a gallery."""
    table = pd.DataFrame({"search": ["1"], "probe_subject": ["a"], "candidate_subject": ["b"], "score": [0.5]})

    assert look_at(table.assign(probe_sex="f")).options[:4] == ("--gallery", "PEOPLE.csv", "--by", "sex")


@pytest.mark.parametrize(
    ("table", "told"),
    [({"score": []}, "no rows"), ({"score": [0.5, 0.25]}, "genuine"), ({"who": ["a", "b"]}, "scores; it has who")],
)
def test_nothing_to_guess(table, told):
    """The error says what is missing and what is there."""
    with pytest.raises(ScoreTableError, match=told):
        look_at(pd.DataFrame(table))

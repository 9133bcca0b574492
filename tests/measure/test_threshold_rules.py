"""Which threshold of one FMR: both rules have it, and the lowest is that of scikit-learn's ROC."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from audits.verification.thresholds import AtFmr, choose_threshold
from facerec.measure.evaluation import evaluate_scores
from facerec.measure.metrics import fmr, threshold_at_fmr

SCORES = st.lists(st.integers(-20, 20).map(lambda number: number / 16), min_size=2, max_size=60)


@given(impostor=SCORES, genuine=SCORES, target=st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_the_lowest_is_that_of_an_roc(impostor, genuine, target):
    """The highest TPR of all points of the curve with at most that FPR, ties and all."""
    lowest, observed = (threshold_at_fmr(impostor, target, rule=rule) for rule in ("lowest", "observed"))
    labels = [0] * len(impostor) + [1] * len(genuine)
    false, true, _ = roc_curve(labels, [*impostor, *genuine], drop_intermediate=False)

    assert lowest <= observed
    assert fmr(impostor, lowest).errors == fmr(impostor, observed).errors
    assert fmr(impostor, lowest).value <= target
    assert (np.array(genuine) >= lowest).mean() == pytest.approx(true[false <= target].max())


def test_both_are_named():
    """A chosen threshold says which it is; without a refused score every score may be accepted."""
    scores = np.array([0.1, 0.2, 0.3, 0.4])
    chosen = [choose_threshold(AtFmr(0.5, rule=rule), scores, distance=False) for rule in ("observed", "lowest")]

    assert [found.value for found in chosen] == [0.3, math.nextafter(0.2, 1)]
    assert [found.rule.split(" with")[0] for found in chosen] == ["smallest score", "lowest threshold"]
    assert threshold_at_fmr(scores, 1.0, rule="lowest") == -math.inf


def test_an_evaluation_shows_both():
    """Genuine scores in the gap below the accepted impostor are matches by one rule only; FMR is the same."""
    rows = [["a1", "a2", "a", "a", 1, score] for score in (0.95, 0.85, 0.75, 0.1)]
    rows += [[f"b{n}", f"c{n}", f"b{n}", f"c{n}", 0, score] for n, score in enumerate([0.9, *np.linspace(0, 0.7, 9)])]
    columns = ["probe_image", "reference_image", "probe_subject", "reference_subject", "genuine", "score"]
    found = evaluate_scores(pd.DataFrame(rows, columns=columns), target_fmrs=[0.1])
    observed, lowest = found.true_matches[0], found.lowest_true_matches[0]

    assert (observed.rate.errors, lowest.rate.errors) == (1, 3)
    assert observed.fmr.errors == lowest.fmr.errors == 1
    assert found.to_dict()["tmr_at_fmr_lowest_threshold"]["1e-1"]["tmr"]["matches"] == 3

"""Probes against scikit-learn and hand-worked cases; selection happens on validation."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from facerec.errors import ArgumentError
from facerec.transfer import logistic
from facerec.transfer.neighbours import TEMPERATURE, votes
from facerec.transfer.probes import fit_centroid, fit_knn, fit_logistic


def _blobs(count: int, *, classes: int = 4, dimension: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping classes in features that are positive and correlated, as a network's are."""
    fixed, random = np.random.default_rng(7), np.random.default_rng(seed)
    centres, mixing = fixed.normal(0, 0.7, (classes, 12)), fixed.normal(0, 1, (12, dimension))
    labels = np.arange(count) % classes
    vectors = np.maximum((centres[labels] + random.normal(0, 1, (count, 12))) @ mixing * 0.3 + 0.5, 0)
    return vectors.astype(np.float32), labels.astype(np.int64)


@pytest.mark.parametrize(("count", "c"), [(300, 0.01), (300, 1.0), (300, 100.0), (20, 0.1)])
def test_logistic_regression_is_scikit_learns(count: int, c: float) -> None:
    """The same minimum, with more photos than features and with fewer."""
    x, y = _blobs(count)
    new, _ = _blobs(100, seed=1)

    ours = logistic.Problem(x, y, classes=4).fit(c)
    theirs = LogisticRegression(C=c, tol=1e-9, max_iter=10_000).fit(x.astype(np.float64), y)

    assert ours.converged
    mine = logistic.probabilities(new, ours.weights, ours.intercept)
    assert np.abs(mine - theirs.predict_proba(new.astype(np.float64))).max() < 0.005
    np.testing.assert_allclose(mine.sum(axis=1), 1)


def test_a_warm_start_changes_the_way_and_not_the_end() -> None:
    """Started from another C, the fit ends where a cold one ends, in fewer steps."""
    x, y = _blobs(300)
    problem = logistic.Problem(x, y, classes=4)

    cold = problem.fit(1.0)
    warm = problem.fit(1.0, start=problem.fit(0.5).start)

    assert warm.steps < cold.steps
    assert np.abs(warm.weights - cold.weights).max() < 0.02 * np.abs(cold.weights).max()


@pytest.mark.parametrize("c", [1e3, 1e5])
def test_few_photos_and_hardly_a_penalty_still_have_a_minimum(c: float) -> None:
    """Told apart without an error, where the minimum is tiny: the objective is scikit-learn's at a thousandth."""
    x, y = _blobs(20)

    ours = logistic.Problem(x, y, classes=4).fit(c)
    theirs = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-9, max_iter=10_000).fit(x.astype(np.float64), y)

    def objective(weights: np.ndarray, intercept: np.ndarray) -> float:
        loss = log_loss(y, logistic.probabilities(x.astype(np.float64), weights, intercept), normalize=False)
        return float(c * loss + 0.5 * (weights.astype(np.float64) ** 2).sum())

    assert ours.converged
    assert objective(ours.weights, ours.intercept) == pytest.approx(
        objective(theirs.coef_, theirs.intercept_), rel=1e-3
    )


def test_a_fit_that_is_given_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two steps allowed no fit gets there, and the probe says that it did not."""
    monkeypatch.setattr(logistic, "MOST_STEPS", 2)
    x, y = _blobs(200)

    assert not fit_logistic(x, y, *_blobs(50, seed=1), classes=4, values=[1.0]).converged


def test_c_is_chosen_on_validation_and_refitted_on_both() -> None:
    """The chosen C has the best validation accuracy, then the lowest validation loss; the weights are of all photos."""
    x, y = _blobs(60)
    vx, vy = _blobs(20, seed=3)

    probe = fit_logistic(x, y, vx, vy, classes=4, values=[1e-6, 0.01, 0.1, 1.0])

    best = max(accuracy for _, accuracy in probe.tried)
    assert probe.validation_accuracy == best
    losses = {
        c: log_loss(vy, logistic.probabilities(vx, fitted.weights, fitted.intercept), labels=range(4))
        for c, accuracy in probe.tried
        if accuracy == best
        for fitted in [logistic.Problem(x, y, classes=4).fit(c)]
    }
    assert len(losses) > 1
    assert probe.chosen["C"] == min(losses, key=losses.__getitem__) != min(losses)
    again = logistic.Problem(np.concatenate([x, vx]), np.concatenate([y, vy]), classes=4).fit(probe.chosen["C"])
    assert probe.weights is not None
    np.testing.assert_array_equal(probe.weights[0], again.weights)
    assert probe.converged


def test_the_45_values_and_their_ends() -> None:
    """C runs over 45 values from 1e-6 to 1e5, and every fit converges."""
    x, y = _blobs(120)

    probe = fit_logistic(x, y, *_blobs(60, seed=1), classes=4)

    assert len(probe.tried) == 45
    assert (probe.tried[0][0], probe.tried[-1][0]) == pytest.approx((1e-6, 1e5))
    assert probe.converged


def test_votes_by_hand() -> None:
    """Three references at cosine 1, 0.6 and 0 vote with exp(cosine / 0.07)."""
    references = np.array([[2, 0], [3, 4], [0, 1]], np.float32)

    found = votes(np.array([[5, 0]], np.float32), references, np.array([1, 0, 0]), ks=(1, 2, 3), classes=2)

    of_second, of_third = np.exp(-0.4 / TEMPERATURE), np.exp(-1 / TEMPERATURE)
    np.testing.assert_allclose(found[1], [[0, 1]])
    np.testing.assert_allclose(found[2], [[of_second / (1 + of_second), 1 / (1 + of_second)]], rtol=1e-5)
    others = of_second + of_third
    np.testing.assert_allclose(found[3], [[others / (1 + others), 1 / (1 + others)]], rtol=1e-5)


def test_neighbours_are_scikit_learns() -> None:
    """The same decisions as scikit-learn's brute-force search with the same weights."""
    x, y = _blobs(200)
    new, _ = _blobs(80, seed=2)
    theirs = KNeighborsClassifier(
        10, metric="cosine", algorithm="brute", weights=lambda distance: np.exp(-distance / TEMPERATURE)
    ).fit(x, y)

    found = votes(new, x, y, ks=(10,), classes=4)[10]

    np.testing.assert_allclose(found, theirs.predict_proba(new), atol=1e-4)


def test_centroid_by_hand() -> None:
    """Two classes along two axes: a vector belongs to the axis that it is nearer to in angle, however long it is."""
    x, y = np.array([[1, 0], [10, 0], [0, 1], [0, 3]], np.float32), np.array([0, 0, 1, 1])

    probe = fit_centroid(x, y, x, y, classes=2)

    assert probe.validation_accuracy == 1
    assert probe.scores(np.array([[100, 99], [0.01, 0.02]], np.float32)).argmax(axis=1).tolist() == [0, 1]
    np.testing.assert_allclose(probe.scores(np.array([[1, 1]], np.float32)), [[0.5, 0.5]])


def test_knn_leaves_out_ks_above_the_photos() -> None:
    """With 4 train photos only 1 and 3 neighbours are compared."""
    x, y = _blobs(4)

    probe = fit_knn(x, y, *_blobs(40, seed=1), classes=4)

    assert [k for k, _ in probe.tried] == [1, 3]
    np.testing.assert_allclose(probe.scores(x).sum(axis=1), 1)


@pytest.mark.parametrize("fit", [fit_logistic, fit_knn, fit_centroid])
def test_bad_input(fit) -> None:
    """Shapes, labels and numbers that cannot be are refused by every probe."""
    x, y = _blobs(20)
    broken = x.copy()
    broken[3, 2] = np.nan

    for arguments, complaint in (
        ((x, y[:5], x, y), "train: features must be"),
        ((x, y, x[:, :4], y), "validation: features must be"),
        ((x, y, x[:0], y[:0]), "n >= 1"),
        ((broken, y, x, y), "train: features must be finite numbers; 1 are not"),
        ((x, y, x, y + 1), "validation: labels must be 0 to 3"),
    ):
        with pytest.raises(ArgumentError, match=complaint):
            fit(*arguments, classes=4)


def test_no_value_to_compare() -> None:
    """A sweep over nothing, or over nothing that can be, is refused."""
    x, y = _blobs(20)

    with pytest.raises(ArgumentError, match="C above 0"):
        fit_logistic(x, y, x, y, classes=4, values=[0.0])
    with pytest.raises(ArgumentError, match="from 1 to 20"):
        fit_knn(x, y, x, y, classes=4, values=[21])


@pytest.mark.parametrize("fit", [fit_logistic, fit_knn, fit_centroid])
def test_without_a_second_fit_the_validation_photos_are_not_learned_from(fit) -> None:
    """Of two fits that differ in the validation vectors alone, both say the same; with a second fit they do not."""
    x, y = _blobs(40)
    new, _ = _blobs(30, seed=2)
    held = [_blobs(20, seed=seed) for seed in (3, 3)]
    held[1] = (held[1][0] + 0.01 * np.arange(30, dtype=np.float32), held[1][1])
    options = {"values": [0.1]} if fit is fit_logistic else {"values": [3]} if fit is fit_knn else {}

    for refit, same in ((False, True), (True, False)):
        one, other = (fit(x, y, *each, classes=4, refit=refit, **options).scores(new) for each in held)
        assert np.allclose(one, other, atol=1e-6) == same


def test_k_is_chosen_on_validation_and_of_equal_ones_the_smallest() -> None:
    """A lone wrong neighbour: one neighbour errs, three and five do not; every k is listed with its accuracy."""
    x = np.array([[1, 0], [1, 0.02], [1, 0.05], [0, 1], [0.02, 1], [0.05, 1], [1, 0.0101]], np.float32)
    y = np.array([0, 0, 0, 1, 1, 1, 1])
    vx, vy = np.array([[1, 0.0105], [0, 1.0]], np.float32), np.array([0, 1])

    probe = fit_knn(x, y, vx, vy, classes=2, values=[5, 1, 3])

    assert probe.tried == ((1.0, 0.5), (3.0, 1.0), (5.0, 1.0))
    assert dict(probe.chosen) == {"k": 3.0}
    assert probe.validation_accuracy == 1.0
    assert probe.name == "knn"
    alone = votes(vx, np.concatenate([x, vx]), np.concatenate([y, vy]), ks=(3,), classes=2)[3]
    np.testing.assert_allclose(probe.scores(vx), alone)


def test_values_are_tried_in_their_order_with_their_accuracy() -> None:
    """From the strongest penalty on, each judged on the validation photos by the fit on train."""
    x, y = _blobs(60)
    vx, vy = _blobs(40, seed=3)

    probe = fit_logistic(x, y, vx, vy, classes=4, values=[1.0, 0.001, 0.05], refit=False)

    assert [c for c, _ in probe.tried] == [0.001, 0.05, 1.0]
    for c, accuracy in probe.tried:
        fitted = LogisticRegression(C=c, tol=1e-9, max_iter=10_000).fit(x.astype(np.float64), y)
        assert accuracy == pytest.approx(fitted.score(vx, vy), abs=1 / 40 + 1e-9)
    chosen = LogisticRegression(C=probe.chosen["C"], tol=1e-9, max_iter=10_000).fit(x.astype(np.float64), y)
    np.testing.assert_allclose(probe.scores(vx), chosen.predict_proba(vx), atol=0.01)
    assert probe.name == "logistic"


def test_one_fit_that_was_given_up_is_enough() -> None:
    """A probe says so whichever of its fits it was: one in the middle, or the last one."""
    x, y = _blobs(60)
    usual = logistic.Problem.fit
    for broken, of in ((2, 4), (4, 4), (9, 4)):
        count = 0

        def fit(self, c, *, start=None, broken=broken):
            nonlocal count
            count += 1
            return replace(usual(self, c, start=start), converged=count != broken)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(logistic.Problem, "fit", fit)
            probe = fit_logistic(x, y, *_blobs(20, seed=3), classes=4, values=[0.01, 0.1, 1.0])
        assert count == of
        assert probe.converged == (broken > of)


def test_the_minimum_has_no_slope() -> None:
    """The gradient of scikit-learn's objective at what is found is small, intercept and all, on features far from 0."""
    x, y = _blobs(200)
    x = (x * 3 + 40).astype(np.float32)
    c = 0.02

    found = logistic.Problem(x, y, classes=4).fit(c)

    error = logistic.probabilities(x, found.weights, found.intercept) - np.eye(4)[y]
    slope = c * error.T @ (x - x.mean(0)) + found.weights
    assert np.abs(slope).max() < 0.02 * np.abs(c * np.eye(4)[y].T @ (x - x.mean(0))).max()
    assert np.abs(error.mean(0)).max() < 1e-3


@pytest.mark.parametrize(("count", "c"), [(20, 1e3), (20, 1e5), (300, 1.0)])
def test_whoever_says_converged_is_at_the_minimum(monkeypatch: pytest.MonkeyPatch, count: int, c: float) -> None:
    """Cut off after so many steps a fit has the objective of the whole one, or says that it has not."""
    x, y = _blobs(count)
    problem = logistic.Problem(x, y, classes=4)

    def objective(fitted: logistic.Fitted) -> float:
        loss = log_loss(y, logistic.probabilities(x, fitted.weights, fitted.intercept), normalize=False)
        return float(c * loss + 0.5 * (fitted.weights.astype(np.float64) ** 2).sum())

    least = objective(problem.fit(c))
    told = []
    for steps in (1, 3, 6, 12, 25, 400):
        monkeypatch.setattr(logistic, "MOST_STEPS", steps)
        found = problem.fit(c)
        told.append(found.converged)
        if found.converged:
            assert objective(found) <= least * (1 + 1e-3)
    assert not told[0]
    assert told[-1]

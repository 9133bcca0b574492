"""The gradient-flow lab: laws of the networks, what theory says of them, and a report that follows its numbers."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from facerec.errors import ArgumentError
from facerec.reporting import render_html, render_json
from facerec.transfer.gradients import Design, Plan, build, findings, fit, read_lab_images, run_lab, textures
from facerec.transfer.gradients.flow import DISTANCES, measure_flow, measure_shattering
from facerec.transfer.gradients.lab import Cost, scaled
from facerec.transfer.gradients.page import lab_page, write_lab
from facerec.transfer.gradients.summaries import LEVEL, mean_of
from facerec.transfer.gradients.tables import csv_files
from facerec.transfer.gradients.training import train

PLAN = Plan(depths=(8, 14), seeds=2, steps=20, batch_size=32, rates=(0.1, 0.01), trial_steps=5)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data():
    """Images of the smallest size."""
    return textures(160, size=8, seed=3)


@pytest.fixture(scope="module")
def lab(data):
    """A whole run of the smallest networks."""
    torch.set_num_threads(1)
    return run_lab(PLAN, data, predicted=Cost(1, 1))


def _first_over_last(design, images, *, initialisation="he"):
    net = build(design, 10, seed=0, initialisation=initialisation)
    pixels, labels = torch.from_numpy(images.images), torch.from_numpy(images.labels)
    flow = measure_flow(net, pixels[:64], labels[:64])
    return flow.weight_gradient[0] / flow.weight_gradient[-1], flow


def test_networks_have_the_parameters_of_the_paper():
    """He et al. state 0.27 and 0.85 million parameters for 20 and 56 layers; plain and residual have the same."""
    counts = {}
    for residual in (False, True):
        for depth in (20, 56):
            net = build(Design(residual=residual, batch_norm=True, depth=depth), 10, seed=0)
            counts[residual, depth] = sum(parameter.numel() for parameter in net.parameters())

    assert counts[True, 20] == counts[False, 20] == 269_722
    assert counts[True, 56] == counts[False, 56] == 853_018


def test_plain_and_residual_networks_start_equal():
    """One seed gives both kinds the same weights, so that only the shortcuts differ."""
    plain, residual = (build(Design(kind, True, 14), 10, seed=4).state_dict() for kind in (False, True))

    assert plain.keys() == residual.keys()
    assert all(torch.equal(plain[name], residual[name]) for name in plain)


@pytest.mark.parametrize("depth", [2, 19, 21, -4])
def test_other_depths_are_refused(depth):
    """Only 6n + 2 layers make such a network."""
    with pytest.raises(ArgumentError, match="6n \\+ 2"):
        Design(residual=True, batch_norm=True, depth=depth)


def test_plain_gradients_explode_with_batch_norm_and_shortcuts_level_them():
    """At 56 layers the first layer's gradient is over 100 times the last one's; with shortcuts within 10 times."""
    images = textures(64, size=16, seed=0)

    plain, _ = _first_over_last(Design(False, True, 56), images)
    residual, _ = _first_over_last(Design(True, True, 56), images)

    assert plain > 100
    assert 0.1 < residual < 10


def test_gradients_vanish_without_batch_norm_under_the_small_initialisation():
    """PyTorch's own initialisation leaves a plain network of 56 layers next to nothing; He's keeps it visible."""
    images = textures(64, size=16, seed=0)

    _, small = _first_over_last(Design(False, False, 56), images, initialisation="torch")
    _, kept = _first_over_last(Design(False, False, 56), images)

    assert 0 < small.weight_gradient[0] < 1e-15
    assert kept.weight_gradient[0] > 1e-6


def test_flow_is_what_autograd_and_numpy_say(data):
    """Norms and variances are those of a plain backward pass, and the network keeps no gradients of the measurement."""
    net = build(Design(True, True, 8), 10, seed=1)
    pixels, labels = torch.from_numpy(data.images[:40]), torch.from_numpy(data.labels[:40])
    flow = measure_flow(net, pixels, labels)

    assert all(parameter.grad is None for parameter in net.parameters())

    torch.nn.functional.cross_entropy(net(pixels), labels).backward()
    expected = [float(layer.weight.grad.norm()) for layer in net.convolutions]

    np.testing.assert_allclose(flow.weight_gradient, expected, rtol=1e-4)
    np.testing.assert_allclose(flow.relative, flow.weight_gradient / flow.weight)
    first = net.activations(pixels)[0].detach().numpy()
    assert flow.activation_variance[0] == pytest.approx(first.var(ddof=1), rel=1e-4)


def test_shattering_of_a_linear_network_is_none(data):
    """A network whose gradient does not depend on its input has a cosine of 1 at every distance."""
    net = build(Design(False, False, 8), 10, seed=0)
    with torch.no_grad():
        for layer in net.convolutions:
            layer.bias.fill_(1e4)  # every ReLU is far in its linear part

    cosines = measure_shattering(net, torch.from_numpy(data.images[:40]))

    assert cosines == pytest.approx(np.ones(len(DISTANCES)), abs=1e-6)


def test_textures_are_balanced_standardised_and_seeded():
    """Classes take turns, channels have mean 0 and variance 1, and the seed decides everything."""
    made = textures(100, seed=5)

    assert np.bincount(made.labels).tolist() == [10] * 10
    np.testing.assert_allclose(made.images.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(made.images.std(axis=(0, 2, 3)), 1, atol=1e-4)
    assert np.array_equal(made.images, textures(100, seed=5).images)
    assert not np.array_equal(made.images, textures(100, seed=6).images)


def test_training_learns_what_shortcuts_and_batch_norm_let_it(data):
    """A small residual network with batch norm gets below the loss of guessing within thirty steps."""
    curve = train(Design(True, True, 8), data, seed=0, learning_rate=0.1, steps=30, batch_size=32, measure=False)

    assert curve.final_loss < 0.9 * np.log(10)
    assert curve.diverged_at is None


def test_divergence_is_told_and_not_hidden(data):
    """A learning rate out of all measure gives NaN from the step on, and an infinite final loss."""
    curve = train(Design(True, False, 14), data, seed=0, learning_rate=1e6, steps=20, batch_size=32)

    assert curve.diverged_at is not None
    assert np.isnan(curve.loss[curve.diverged_at - 1 :]).all()
    assert curve.final_loss == np.inf


def test_the_same_seed_gives_the_same_bytes(lab, data):
    """A training that is run again gives the losses of the first, bit by bit."""
    first = lab.curves[-1]
    options = {"seed": first.seed, "learning_rate": first.learning_rate, "steps": PLAN.steps, "batch_size": 32}

    again = train(first.design, data, **options)

    assert np.array_equal(again.loss, first.loss, equal_nan=True)
    assert np.array_equal(again.flows[-1][1].weight_gradient, first.flows[-1][1].weight_gradient)


@pytest.mark.slow
def test_processes_do_not_change_a_byte(lab, data):
    """Every number of a second run, in processes of its own, is that of the first."""
    again = run_lab(PLAN, data, predicted=Cost(1, 1), workers=2)

    assert csv_files(again) == csv_files(lab)


def test_every_design_gets_the_same_choice_of_rates(lab):
    """Each design tried each rate on a seed that trains nothing else, and trains at the one that ended lowest."""
    for design in PLAN.designs:
        tried = {trial.learning_rate: trial.final_loss for trial in lab.trials if trial.design == design}
        used = {curve.learning_rate for curve in lab.curves if curve.design == design}

        assert set(tried) == set(PLAN.rates)
        assert used == {min(sorted(tried), key=tried.__getitem__)}
    assert {trial.seed for trial in lab.trials} == {PLAN.seed + PLAN.seeds}


def test_sentences_follow_the_numbers(lab):
    """Losses made up so that depth harms, helps, or neither, turn the sentence."""
    deep = Design(False, True, PLAN.depths[-1])

    def told(added):
        curves = [
            replace(curve, loss=np.full(20, 1.0 + (added[curve.seed] if curve.design == deep else 0)))
            for curve in lab.curves
        ]
        return next(each for each in findings(replace(lab, curves=tuple(curves))) if each.topic == "Degradation")

    assert told([0.5, 0.51]).standing == "pass"
    assert "trains worse" in told([0.5, 0.51]).sentence
    assert told([-0.5, -0.51]).standing == "fail"
    assert "trains better" in told([-0.5, -0.51]).sentence
    assert told([0.5, -0.5]).standing == "insufficient"


def test_exploding_is_only_said_where_it_shows(lab):
    """Gradients that are made level no longer support Yang et al., and say so."""
    level = [
        replace(start, flow=replace(start.flow, weight_gradient=np.ones_like(start.flow.weight_gradient)))
        for start in lab.starts
    ]

    told = next(each for each in findings(replace(lab, starts=tuple(level))) if each.topic == "Yang et al. 2019")

    assert told.standing == "fail"
    assert "stays level" in told.sentence


def test_mean_has_students_interval():
    """1, 2, 3: mean 2, half-width 4.3027 · 1 / √3; an infinite value leaves nothing measured."""
    assert mean_of([1, 2, 3]).high - 2 == pytest.approx(4.302653 / 3**0.5)
    assert np.isnan(mean_of([1, np.inf]).value)
    assert LEVEL > 1


def test_budget_shortens_or_refuses():
    """What does not fit is cut in tens of steps; a budget for less than 20 steps is refused with what it would take."""
    predicted = Cost(cpu_seconds=200, seconds=100)
    plan = Plan()

    shorter = fit(plan, predicted, 80)

    assert fit(plan, predicted, 100) == plan
    assert shorter.steps in range(20, 100, 10)
    assert scaled(predicted, plan, shorter).seconds <= 80
    assert scaled(predicted, plan, replace(shorter, steps=shorter.steps + 10)).seconds > 80
    with pytest.raises(ArgumentError, match="larger budget"):
        fit(plan, predicted, 1)


@pytest.mark.parametrize("wrong", [{"depths": (20,)}, {"depths": (56, 20)}, {"seeds": 1}, {"steps": 5}])
def test_plans_that_compare_nothing_are_refused(wrong):
    """One depth, descending depths, one seed or next to no steps make no experiment."""
    with pytest.raises(ArgumentError):
        Plan(**wrong)


def test_the_report_holds_charts_tables_and_provenance(lab, tmp_path):
    """All three formats, three tables and the run are written; there is no photo in the page."""
    written = write_lab(lab, tmp_path, command=["facerec", "transfer", "gradients"])
    names = {path.name for path in tmp_path.iterdir()}
    rows = list(csv.DictReader(io.StringIO((tmp_path / "layers.csv").read_text(encoding="utf-8"))))

    assert {"report.html", "report.md", "report.json", "run.json", "layers.csv", "training.csv"} <= names
    assert len(written.attachments) == 7
    assert not re.search("data:image/(?:png|jpeg)", written.html.read_text(encoding="utf-8"))
    assert {row["network"] for row in rows} == {"plain", "residual"}
    starts = len(PLAN.depths) * 2 * 2 * PLAN.seeds
    assert sum(row["step"] == "0" for row in rows) == sum(2 * (depth - 1) * starts // 2 for depth in PLAN.depths)


def test_a_run_with_divergence_still_makes_a_report(lab):
    """Where a family diverged from the first step its lines are missing, and the table says so."""
    lost = [
        replace(curve, loss=np.full(20, np.nan), correct=np.full(20, np.nan), flows=curve.flows[:1])
        if curve.design.batch_norm
        else curve
        for curve in lab.curves
    ]
    page = lab_page(replace(lab, curves=tuple(lost)))

    assert "diverged" in render_json(page)
    assert "data:image/svg" in render_html(page)


def test_own_photos_become_images(tmp_path):
    """A folder per class is read, shrunk and standardised."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(3):
            Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(tmp_path / name / f"{number}.png")

    made = read_lab_images(tmp_path, size=8)

    assert made.images.shape == (6, 3, 8, 8)
    assert made.classes == ("a", "b")
    np.testing.assert_allclose(made.images.mean(axis=(0, 2, 3)), 0, atol=1e-5)


def test_too_few_images_are_refused(data):
    """A lab needs as many images as one measurement."""
    few = textures(40, size=8)

    with pytest.raises(ArgumentError, match="needs 128 images"):
        run_lab(PLAN, few, predicted=Cost(1, 1))

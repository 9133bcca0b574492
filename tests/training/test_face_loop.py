"""The loop of an embedder's training: what a step sees, what an epoch says, and that both are true."""

import csv
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_faces import SIZE, made_people, short, tiny_backbone, trained

from facerec.embed.trained import network_forward
from facerec.errors import TransferError
from facerec.learning.schedule import rate_factor
from facerec.measure.metrics import eer
from facerec.measure.tables import read
from facerec.training import embedder as make
from facerec.training.face_loop import FaceLoop
from facerec.training.start import pixels_of


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Twenty people, whose photos do not fill the last batch."""
    return made_people(tmp_path_factory.mktemp("uneven"), (6, 5) * 10, noise=15.0)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A training, its loop, and what was told after each step."""
    loops = []
    monkeypatch.setattr(make, "FaceLoop", lambda *a, **k: loops.append(FaceLoop(*a, **k)) or loops[-1])

    def start(people, name="run", **changes):
        told = []
        options = {key: changes.pop(key) for key in ("pretrained", "dropout", "size", "held_out") if key in changes}
        made = trained(people, tmp_path / name, short(**changes), progress=told.append, **options)
        return SimpleNamespace(made=made, loop=loops[-1], told=told)

    return start


def test_an_epoch_says_what_its_steps_were(run, uneven):
    """Rate and margin of its last step, the mean loss over its photos, steps and epochs one by one, time that grows."""
    recipe = short(epochs=3, patience=3, margin_ramp=0.8, warmup=0.4)
    found = run(uneven, epochs=3, patience=3, margin_ramp=0.8, warmup=0.4)

    history, per_epoch = found.made.history, found.loop.steps_per_epoch
    assert [epoch.steps for epoch in history] == [per_epoch * number for number in range(4)]
    assert (history[0].learning_rate, history[0].margin, history[0].training_loss) == (0.0, 0.0, None)
    photos = [len(batch) for batch in found.loop.sampler.batches(0)]
    assert len(set(photos)) == 2
    for epoch in history[1:]:
        last = epoch.steps - 1
        factor = rate_factor(recipe.schedule, last, 3 * per_epoch)
        assert epoch.learning_rate == pytest.approx(recipe.learning_rate * factor)
        assert epoch.margin == pytest.approx(min(1.0, last / (0.8 * 3 * per_epoch)))
        losses = [each.loss for each in found.told if epoch.steps - per_epoch < each.step <= epoch.steps]
        assert epoch.training_loss == pytest.approx(np.average(losses, weights=photos), rel=1e-5)
    assert all(one.seconds < other.seconds for one, other in pairwise(history))


def test_an_epochs_rates_are_those_of_the_validation_table(run, uneven):
    """Counted from the scores that are written: the best epoch's, and before the first step the start's."""
    grouped = replace(uneven, columns={"side": tuple("ab"[label % 2] for label in uneven.labels)})

    made = run(grouped, fmr=0.02, learning_rate=1e-2).made

    for epoch, file in ((made.best, "validation_scores.csv"), (made.history[0], "start_scores.csv")):
        table = read(made.work / file)
        scores, genuine = table["score"].to_numpy(), table["genuine"].to_numpy()
        threshold = np.sort(scores[~genuine])[-int(0.02 * (~genuine).sum())]
        assert epoch.threshold == pytest.approx(threshold, abs=1e-5)
        assert epoch.tmr == pytest.approx((scores[genuine] >= threshold - 1e-6).mean())
        assert epoch.eer == pytest.approx(eer(scores[genuine], scores[~genuine]), abs=2e-3)
        assert set(table["probe_subject"]) == {grouped.identities[n] for n in grouped.labels[made.split.validation]}


def test_vectors_of_the_loop_are_the_embedders(run, uneven):
    """Of all photos, more than are computed at once, in any order; and the network goes on in the mode it was in."""
    loop = run(uneven, unfreeze="all", epochs=1).loop
    order = np.random.default_rng(0).permutation(len(uneven.files))
    loop.network.train()

    found = loop.vectors(order)

    assert loop.network.training
    wanted = network_forward(loop.network, pixels_of(tiny_backbone(), SIZE, SIZE), flip=True)(uneven.chips.take(order))
    np.testing.assert_allclose(found, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-5)
    assert np.abs(found.norm(dim=1).numpy() - 1).max() < 1e-5


def test_the_margin_grows_from_nothing(run, uneven):
    """With a ramp the first step's loss knows no margin; without one it does."""

    def first(margin, ramp):
        found = run(uneven, f"{margin} {ramp}", epochs=1, margin=margin, margin_ramp=ramp)
        return next(each.loss for each in found.told if each.step == 1)

    assert first(40.0, 1.0) == first(0.0, 1.0)
    assert first(40.0, 0.0) > first(0.0, 0.0)


def test_every_pass_has_every_photo_in_another_order(run, uneven):
    """What the steps learn from are all photos of the people who are learned from, once per epoch."""
    found = run(uneven, epochs=3, patience=3)
    loop = found.loop
    batches = [loop._batch(step) for step in range(loop.steps)]
    passes = [
        np.concatenate(batches[first : first + loop.steps // 3]) for first in range(0, loop.steps, loop.steps // 3)
    ]

    assert all(sorted(each) == list(range(len(found.made.split.train))) for each in passes)
    assert len({tuple(each) for each in passes}) == 3


def test_the_files_of_a_step_are_its_photos(uneven, tmp_path, monkeypatch):
    """Whose loss is no number are named: those that the step took in, all of people who are learned from."""
    asked = []
    real = FaceLoop._loss_of

    def fails(self, batch):
        loss, counted, photos = real(self, batch)
        asked.append([uneven.files[photo] for photo in self.split.train[batch]])
        return loss * float("nan"), [counted[0] * float("nan")], photos

    monkeypatch.setattr(FaceLoop, "_loss_of", fails)

    with pytest.raises(TransferError) as caught:
        trained(uneven, tmp_path, short())

    (files,) = asked
    assert f"step 1 of 18, on {', '.join(files[:8])} and {len(files) - 8} more;" in str(caught.value)


def test_rates_and_decay_of_head_centres_and_stages(run, uneven):
    """Matrices of the network decay, biases and centres do not; head and centres learn at the head's multiple."""
    loop = run(uneven, unfreeze="all", epochs=1, weight_decay=0.03, head_factor=4.0, layer_decay=0.5).loop
    groups = {id(p): group for group in loop._optimizer.param_groups for p in group["params"]}
    rate = loop._rate(loop.step - 1)

    assert isinstance(loop._optimizer, torch.optim.AdamW)
    (centres,) = loop.loss.parameters()
    wanted = [(centres, 0.0, 4.0), (loop.network.head.weight, 0.03, 4.0), (loop.network.head.bias, 0.0, 4.0)]
    for factor, (_, stage) in zip((0.25, 0.5, 1.0), loop.network.trunk.stages, strict=True):
        wanted += [(parameter, 0.03 if parameter.ndim > 1 else 0.0, factor) for parameter in stage.parameters()]
    for parameter, decay, factor in wanted:
        group = groups[id(parameter)]
        assert (group["weight_decay"], group["factor"]) == (decay, factor)
        assert group["lr"] == pytest.approx(rate * factor)


@pytest.mark.parametrize(("unfreeze", "stages"), [("none", 3), ("last", 2), ("all", 0)])
def test_what_stays_is_computed_once(run, uneven, unfreeze, stages):
    """The inputs begin where the first stage moves."""
    found = run(uneven, unfreeze=unfreeze, epochs=1)

    assert found.loop.inputs.stages == stages
    assert found.loop._stages(10**6) == 3 - stages


@pytest.mark.parametrize("norm", ["stats-frozen", "train"])
def test_a_network_that_learns_its_statistics_learns_all_at_once(run, uneven, norm):
    """Stage by stage from the output; but of a random network all stages from the first step."""
    loop = run(uneven, unfreeze="all", batch_norm=norm, pretrained=norm != "train", epochs=1).loop

    assert loop._stages(0) == (3 if norm == "train" else 0)


def test_the_number_format_is_the_recipes(run, uneven):
    """In bfloat16 the loss of the first step is another, but near."""
    first = [
        next(each.loss for each in run(uneven, name, precision=name, unfreeze="all", epochs=1).told if each.step == 1)
        for name in ("float32", "bfloat16")
    ]

    assert first[0] != first[1]
    assert first[0] == pytest.approx(first[1], rel=0.05)


def test_half_of_the_photos_are_mirrored(uneven, tmp_path, monkeypatch):
    """Of all that the steps take in, about every other; what is asked for are the batch's photos."""
    asked, batches = [], []
    loss_of = FaceLoop._loss_of

    def watched(self, batch):
        inner = self.inputs
        ask = SimpleNamespace(stages=inner.stages, batch=lambda i, m: asked.append((i, m)) or inner.batch(i, m))
        self.inputs = ask
        try:
            batches.append(self.split.train[batch])
            return loss_of(self, batch)
        finally:
            self.inputs = inner

    monkeypatch.setattr(FaceLoop, "_loss_of", watched)

    trained(uneven, tmp_path, short(epochs=6, patience=6))

    assert all(np.array_equal(photos, batch) for (photos, _), batch in zip(asked, batches, strict=True))
    assert 0.42 < np.concatenate([mirrored for _, mirrored in asked]).mean() < 0.58


def test_progress_counts_steps_and_epochs(run, uneven):
    """The start is epoch 0; a step within an epoch is of the one under way; the last whole epoch goes along."""
    found = run(uneven, epochs=2)
    per_epoch = found.loop.steps_per_epoch

    assert [each.step for each in found.told] == list(range(2 * per_epoch + 1))
    assert [each.epoch for each in found.told] == [0] + [1] * per_epoch + [2] * per_epoch
    assert {(each.steps, each.epochs) for each in found.told} == {(2 * per_epoch, 2)}
    assert [each.last.number for each in found.told] == [0] * per_epoch + [1] * per_epoch + [2]
    assert found.told[0].loss is None


def test_the_log_is_renewed_after_each_epoch(uneven, tmp_path):
    """After the first step of the second epoch, the first stands in it."""
    lines = {}

    def look(progress):
        path = tmp_path / "made.training" / "log.csv"
        text = path.read_text("utf-8") if path.exists() else ""
        lines[progress.step] = [line["number"] for line in csv.DictReader(text.splitlines())]

    made = trained(uneven, tmp_path, short(epochs=2), progress=look)

    per_epoch = made.history[1].steps
    assert lines[per_epoch + 1] == ["0", "1"]
    assert lines[per_epoch - 1] == []


def test_the_callers_draws_are_left_alone(uneven, tmp_path):
    """Torch's generator is where it was, whatever a training draws."""
    torch.manual_seed(11)
    before = torch.random.get_rng_state()

    trained(uneven, tmp_path, short(epochs=1, loss="subcenter", head="mlp"), dropout=0.2)

    assert torch.equal(torch.random.get_rng_state(), before)

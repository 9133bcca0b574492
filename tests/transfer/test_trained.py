"""Training: what each protocol moves, the epoch that is chosen, cutting off and going on, several processes."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError, TransferError
from facerec.learning import checkpoint as checkpoints
from facerec.learning import loop, schedule
from facerec.learning.recipe import recipe
from facerec.learning.team import Team
from facerec.networks.backbone import load_backbone
from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk
from facerec.transfer import classifier_loop
from facerec.transfer import trained as trained_module
from facerec.transfer.classifier_loop import ClassifierLoop
from facerec.transfer.image_set import ImageSet
from facerec.transfer.network import Network
from facerec.transfer.photos import Photos
from facerec.transfer.probes import Probe
from facerec.transfer.splits import Splits
from facerec.transfer.trained import predict, train

SIZE = 24


def tiny_trunk(seed: int) -> Trunk:
    """Three stages of convolution, batch normalisation and dropout, random from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        widths = [3, 8, 12, 16]
        body = [
            (
                f"stage{place}",
                nn.Sequential(
                    nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(after),
                    nn.ReLU(),
                    nn.Dropout(0.1),
                ),
            )
            for place, (before, after) in enumerate(pairwise(widths), start=1)
        ]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Trunk(body=body, pool=pool, dimension=16, map_stages={}, map_channels={})


def tiny_backbone(*, pretrained: bool = True) -> SimpleNamespace:
    """What `train` uses of a Backbone."""
    return SimpleNamespace(
        name="tiny" if pretrained else "tiny.none",
        architecture="tiny",
        weights_sha256="0" * 64 if pretrained else None,
        resizable=True,
        dimension=16,
        preprocessing=Preprocessing(SIZE, SIZE, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "bilinear"),
        trunk=lambda *, seed=0: tiny_trunk(7 if pretrained else seed),
    )


def textures(count: int = 60) -> tuple[ImageSet, Splits]:
    """Three classes: stripes down, stripes across, dots; noisy and in any colour."""
    rng = np.random.default_rng(5)
    labels = np.arange(count) % 3
    down = (np.arange(SIZE) // 3 % 2)[None, :] * np.ones((SIZE, 1))
    patterns = np.stack([down, down.T, down * down.T])
    pixels = patterns[labels][..., None] * rng.uniform(60, 160, (count, 1, 1, 3))
    pixels = (pixels + rng.uniform(0, 90, (count, SIZE, SIZE, 3))).astype(np.uint8)
    names = tuple(f"{number:03}.png" for number in range(count))
    image_set = ImageSet(
        name="textures",
        root=Path(),
        files=names,
        labels=labels.astype(np.int64),
        classes=("down", "across", "dots"),
        parts=("",) * count,
        digests=tuple(f"{number:064x}" for number in range(count)),
        pixels=list(pixels),
    )
    order = np.random.default_rng(6).permutation(count)
    return image_set, Splits(*(np.sort(part) for part in np.split(order, [count // 2, count * 3 // 4])))


def short(protocol: str, **changes) -> object:
    """A recipe of a few steps."""
    return recipe(protocol, **({"epochs": 3, "least_steps": 12, "batch_size": 8, "precision": "float32"} | changes))


def backbone_for(protocol: str) -> SimpleNamespace:
    """Random for scratch, else with weights."""
    return tiny_backbone(pretrained=protocol != "scratch")


def probe() -> Probe:
    """A logistic probe with known weights."""
    rng = np.random.default_rng(8)
    weights = (rng.normal(size=(3, 16)).astype(np.float32), rng.normal(size=3).astype(np.float32))
    return Probe("logistic", {"C": 1.0}, (), 0.5, converged=True, score_function=lambda x: x, weights=weights)


def _moved(trained, start: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in trained.network.trunk.state_dict().items() if not torch.equal(tensor, start[name])}


def _everything(trained) -> dict[str, bytes]:
    """All that a training gives, but not how long it took."""
    history = [replace(epoch, seconds=0.0) for epoch in trained.history]
    tensors = {name: tensor.numpy().tobytes() for name, tensor in trained.network.state_dict().items()}
    return tensors | {"history": repr(history).encode(), "steps": str(trained.steps).encode()}


@pytest.mark.parametrize(
    ("protocol", "batch_norm", "weights_move", "statistics_move"),
    [
        ("scratch", "train", True, True),
        ("fine-tune", "train", True, True),
        ("fine-tune", "stats-frozen", True, False),
        ("fine-tune", "frozen", True, False),
        ("fine-tune", "recalibrate", True, True),
        ("lp-ft", "stats-frozen", True, False),
        ("gradual", "stats-frozen", True, False),
        ("discriminative", "stats-frozen", True, False),
        ("linear-sgd", "frozen", False, False),
    ],
)
def test_each_protocol_moves_what_it_says(protocol, batch_norm, weights_move, statistics_move) -> None:
    """Weights, affine parameters and statistics change where protocol and policy say so; the network learns."""
    image_set, splits = textures()
    backbone = backbone_for(protocol)
    given = {"probe": probe()} if protocol == "lp-ft" else {}

    trained = train(backbone, image_set, splits, short(protocol, batch_norm=batch_norm), **given)

    moved = _moved(trained, backbone.trunk(seed=0).state_dict())
    assert any(name.endswith("0.weight") for name in moved) == weights_move
    assert any(name.endswith("1.bias") for name in moved) == (weights_move and batch_norm != "frozen")
    assert any("running" in name for name in moved) == statistics_move
    assert trained.frozen_digest_before == trained.frozen_digest_after
    assert trained.complete
    assert [epoch.number for epoch in trained.history] == [1, 2, 3]
    assert trained.steps == 12
    assert trained.images == short(protocol).plan(len(splits.train)).images
    assert trained.history[-1].training_loss < trained.history[0].training_loss


def test_a_network_learns_textures() -> None:
    """Training for long enough tells the three patterns apart, on photos that were not looked at."""
    image_set, splits = textures(120)

    trained = train(
        backbone_for("scratch"), image_set, splits, short("scratch", epochs=6, least_steps=150, augmentation="flip")
    )
    scores = predict(trained, image_set, splits.test)

    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-6)
    assert (scores.argmax(1) == image_set.labels[splits.test]).mean() > 0.9


def test_the_tutorials_missing_eval_is_an_error() -> None:
    """A last layer trained over a frozen trunk in train mode moves its statistics: caught after the first epoch."""
    image_set, splits = textures()

    with pytest.raises(TransferError, match=r"frozen tensors changed in training: .*running_mean.*batch_norm 'frozen'"):
        train(tiny_backbone(), image_set, splits, short("linear-sgd", batch_norm="train"))


def test_statistics_that_follow_a_frozen_stage_are_caught() -> None:
    """Gradual unfreezing with policy train is the same mistake: its frozen stages would change."""
    image_set, splits = textures()

    with pytest.raises(TransferError, match="use batch_norm 'frozen'"):
        train(tiny_backbone(), image_set, splits, short("gradual", batch_norm="train"))


def test_recalibration_measures_the_training_photos() -> None:
    """The first layer's statistics are those of its own output on all training photos, computed here by hand."""
    image_set, splits = textures()
    backbone = tiny_backbone()
    recipe_ = short("fine-tune", batch_norm="recalibrate", learning_rate=1e-12)

    norm = train(backbone, image_set, splits, recipe_).network.trunk.stages[0][1][1]

    photos = backbone.preprocessing.normalise(Photos(image_set, backbone.preprocessing).batch(splits.train))
    out = backbone.trunk().stages[0][1][0](photos)
    torch.testing.assert_close(norm.running_mean, out.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, out.var((0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_lp_ft_starts_from_the_probe() -> None:
    """At a vanishing rate, the trained network says what the probe says of the frozen features."""
    image_set, splits = textures()
    backbone, given = tiny_backbone(), probe()

    trained = train(backbone, image_set, splits, short("lp-ft", learning_rate=1e-12), probe=given)

    pixels = Photos(image_set, backbone.preprocessing).batch(splits.test)
    with torch.no_grad():
        features = backbone.trunk().eval()(backbone.preprocessing.normalise(pixels)).numpy()
    expected = torch.from_numpy(features @ given.weights[0].T + given.weights[1]).softmax(1).numpy()
    np.testing.assert_allclose(predict(trained, image_set, splits.test), expected, atol=1e-5)


def test_gradual_releases_stages_from_the_output() -> None:
    """The history says how many stages were trained, and the first one moves last."""
    image_set, splits = textures()
    steps = short("gradual", epochs=6, least_steps=24, released_by=0.75)

    trained = train(tiny_backbone(), image_set, splits, steps)

    assert [epoch.stages for epoch in trained.history] == [0, 1, 1, 2, 3, 3]


def test_the_best_epoch_is_given_back() -> None:
    """Its network's validation accuracy, computed anew, is the largest of the history."""
    image_set, splits = textures()

    trained = train(tiny_backbone(), image_set, splits, short("fine-tune", learning_rate=0.3, epochs=6, least_steps=24))

    right = predict(trained, image_set, splits.validation).argmax(1) == image_set.labels[splits.validation]
    assert trained.validation_accuracy == right.mean() == max(e.validation_accuracy for e in trained.history)
    assert trained.best in trained.history
    assert not any(module.training for module in trained.network.modules())


def test_the_test_photos_are_never_read() -> None:
    """A training gives the same where the test photos do not exist."""
    image_set, splits = textures()
    gone = [None if index in splits.test else pixels for index, pixels in enumerate(image_set.pixels)]

    first = train(tiny_backbone(), image_set, splits, short("fine-tune"))
    second = train(tiny_backbone(), replace(image_set, pixels=gone), splits, short("fine-tune"))

    assert _everything(first) == _everything(second)


def test_same_seed_same_bytes_and_the_callers_draws_are_left_alone() -> None:
    """Two trainings are equal to the last bit, another seed is another training, torch's own generator stays."""
    image_set, splits = textures()
    torch.manual_seed(99)
    state = torch.random.get_rng_state()

    first, second, other = (train(tiny_backbone(), image_set, splits, short("fine-tune", seed=s)) for s in (3, 3, 4))

    assert _everything(first) == _everything(second)
    assert _everything(first) != _everything(other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_photos_that_do_not_fit_in_memory_change_nothing() -> None:
    """Decoding each time gives what holding them gives."""
    image_set, splits = textures()
    backbone = tiny_backbone()
    few = Photos(image_set, backbone.preprocessing, held_bytes=5 * 3 * SIZE**2)

    first = train(backbone, image_set, splits, short("fine-tune"))

    assert _everything(first) == _everything(train(backbone, image_set, splits, short("fine-tune"), photos=few))


def test_a_loss_that_is_no_number_stops() -> None:
    """The message names step and photos; nothing is given back."""
    image_set, splits = textures()

    with pytest.raises(
        TransferError, match=r"became nan at step \d+ of 12, on \d{3}\.png, .*; use a learning rate below"
    ):
        train(tiny_backbone(), image_set, splits, short("fine-tune", learning_rate=1e30, warmup=0.0))


@pytest.mark.parametrize("precision", ["bfloat16", "auto"])
def test_mixed_precision_is_close(precision) -> None:
    """In bfloat16 a step of training has the loss of float32 within the format's 3 digits; weights stay float32."""
    image_set, splits = textures()
    runs = [train(tiny_backbone(), image_set, splits, short("fine-tune", precision=p)) for p in ("float32", precision)]

    first, second = (run.history[0].training_loss for run in runs)
    assert first == pytest.approx(second, rel=2e-2)
    assert all(p.dtype == torch.float32 for p in runs[1].network.parameters())


def test_float16_needs_a_gpu() -> None:
    """And says what to use instead."""
    image_set, splits = textures()
    with pytest.raises(ArgumentError, match="float16 needs a GPU"):
        train(tiny_backbone(), image_set, splits, short("fine-tune", precision="float16"), device="cpu")


def test_what_does_not_fit_is_refused() -> None:
    """Backbone, probe and splits are checked before anything is computed."""
    image_set, splits = textures()
    none = np.array([], np.int64)
    other = replace(image_set, digests=("f" * 64, *image_set.digests[1:]))
    preprocessing = tiny_backbone().preprocessing
    cases = [
        ("scratch starts from random weights, but tiny is pre-trained", tiny_backbone(), "scratch", {}),
        ("lp-ft needs a logistic probe", tiny_backbone(), "lp-ft", {}),
        ("no other protocol takes one; got fine-tune and a probe", tiny_backbone(), "fine-tune", {"probe": probe()}),
        ("of the image set", tiny_backbone(), "fine-tune", {"photos": Photos(other, preprocessing)}),
        ("this network needs", tiny_backbone(), "fine-tune", {"photos": Photos(image_set, preprocessing.at(16))}),
        ("CUDA GPUs; use cpu", tiny_backbone(), "fine-tune", {"device": "cuda:99"}),
    ]
    for message, backbone, protocol, given in cases:
        with pytest.raises(ArgumentError, match=message):
            train(backbone, image_set, splits, short(protocol), **given)
    for message, wrong in [
        ("nothing to learn from|no photo to learn from", replace(splits, train=none)),
        ("no photo to choose on", replace(splits, validation=none)),
        (
            "1 photos are in train and in validation",
            replace(splits, train=np.append(splits.train, splits.validation[0])),
        ),
    ]:
        with pytest.raises(ArgumentError, match=message):
            train(tiny_backbone(), image_set, wrong, short("fine-tune"))


@pytest.mark.parametrize(("name", "weights"), [("efficientnet_lite0", "default"), ("resnet18", "none")])
def test_real_networks_fit(name, weights) -> None:
    """A real backbone goes through a protocol that freezes, at a small size: its stages move, its statistics stay."""
    image_set, splits = textures(24)
    backbone = load_backbone(name, weights=weights)
    recipe_ = short("gradual", size=32, epochs=2, least_steps=4, released_by=0.5, precision="auto")

    trained = train(backbone, image_set, splits, recipe_)

    moved = _moved(trained, backbone.trunk(seed=0).state_dict())
    assert moved
    assert not any("running" in name for name in moved)
    assert trained.history[-1].stages == len(trained.network.trunk.stages)
    assert predict(trained, image_set, splits.test).shape == (len(splits.test), 3)


def test_progress_is_told_after_every_step() -> None:
    """Step and epoch count up to the end; the validation accuracy is that of the last whole epoch."""
    image_set, splits = textures()
    seen = []

    trained = train(tiny_backbone(), image_set, splits, short("fine-tune"), progress=seen.append)

    assert [each.step for each in seen] == list(range(1, 13))
    assert [each.epoch for each in seen] == [1] * 4 + [2] * 4 + [3] * 4
    assert [each.last.validation_accuracy for each in seen[3::4]] == [e.validation_accuracy for e in trained.history]
    assert seen[0].last is None


@pytest.mark.parametrize(
    ("protocol", "cut"),
    [("fine-tune", 1), ("fine-tune", 4), ("gradual", 3), ("gradual", 7), ("linear-sgd", 7), ("scratch", 7)],
)
def test_cut_off_and_gone_on_is_the_same(tmp_path, monkeypatch, protocol, cut) -> None:
    """Stopped after any step, in an epoch or at its end, the training ends with the same bits."""
    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)
    image_set, splits = textures()
    backbone, steps, file = backbone_for(protocol), short(protocol), tmp_path / "state"

    class CutError(Exception):
        pass

    def stop(progress) -> None:
        if progress.step == cut + 1:
            raise CutError

    with pytest.raises(CutError):
        train(backbone, image_set, splits, steps, checkpoint=file, progress=stop)
    resumed = []
    second = train(backbone, image_set, splits, steps, checkpoint=file, progress=resumed.append)

    assert resumed[0].step == cut + 1
    assert _everything(second) == _everything(train(backbone, image_set, splits, steps))
    again = []
    third = train(backbone, image_set, splits, steps, checkpoint=file, progress=again.append)
    assert again == []
    assert _everything(third) == _everything(second)


def test_a_deadline_ends_it_after_an_epoch_and_it_can_go_on(tmp_path) -> None:
    """What is given back is not complete, and the next call goes on to the same end."""
    image_set, splits = textures()
    file = tmp_path / "state"

    part = train(tiny_backbone(), image_set, splits, short("fine-tune"), checkpoint=file, deadline=time.monotonic())
    whole = train(tiny_backbone(), image_set, splits, short("fine-tune"), checkpoint=file)

    assert (part.complete, len(part.history), part.steps) == (False, 1, 4)
    assert whole.complete
    assert _everything(whole) == _everything(train(tiny_backbone(), image_set, splits, short("fine-tune")))


def test_the_checkpoint_of_another_training_is_refused(tmp_path) -> None:
    """The message says what differs, and the file is left as it was."""
    image_set, splits = textures()
    file = tmp_path / "state"
    train(tiny_backbone(), image_set, splits, short("fine-tune"), checkpoint=file)
    before = file.read_bytes()

    with pytest.raises(TransferError, match=r"belongs to another training: its recipe differ.*seed.*delete it"):
        train(tiny_backbone(), image_set, splits, short("fine-tune", seed=1), checkpoint=file)
    fewer = replace(splits, train=splits.train[:-1])
    with pytest.raises(TransferError, match="its train differ"):
        train(tiny_backbone(), image_set, fewer, short("fine-tune"), checkpoint=file)

    assert file.read_bytes() == before


@pytest.mark.parametrize("what", ["weights", "data", "validation", "probe", "backbone"])
def test_a_checkpoint_is_of_everything_that_a_training_depends_on(tmp_path, what) -> None:
    """Other weights, photos, photos to choose on, or another probe: each is named, and nothing is gone on with."""
    image_set, splits = textures()
    backbone, given, file = tiny_backbone(), probe(), tmp_path / "state"
    steps = short("lp-ft", epochs=1, least_steps=1)
    train(backbone, image_set, splits, steps, probe=given, checkpoint=file)

    if what == "weights":
        backbone.weights_sha256 = "1" * 64
    elif what == "backbone":
        backbone.name = "other"
    elif what == "data":
        image_set = replace(image_set, digests=("f" * 64, *image_set.digests[1:]))
    elif what == "validation":
        splits = replace(splits, validation=splits.validation[1:])
    else:
        weights = given.weights[0], given.weights[1] + 1
        given = replace(given, weights=weights)

    with pytest.raises(TransferError, match=f"its {what} differ"):
        train(backbone, image_set, splits, steps, probe=given, checkpoint=file)


def test_an_untrained_network_is_measured_by_hand() -> None:
    """At a vanishing rate all classes stay equally likely: the loss is log 3, and what is right is the first class."""
    image_set, splits = textures()
    steps = short("fine-tune", learning_rate=1e-12, schedule="constant", warmup=0.0, augmentation="none", epochs=2)
    steps = replace(steps, least_steps=1)

    trained = train(tiny_backbone(), image_set, splits, steps)

    labels = image_set.labels
    for place, epoch in enumerate(trained.history, 1):
        assert epoch.training_loss == pytest.approx(np.log(3), abs=1e-5)
        assert epoch.validation_loss == pytest.approx(np.log(3), abs=1e-5)
        assert (epoch.number, epoch.steps, epoch.learning_rate, epoch.stages) == (place, 4 * place, 1e-12, 3)
    assert trained.best.number == 1 or trained.best.validation_loss < trained.history[0].validation_loss
    assert trained.images == 2 * len(splits.train)
    zero = train(tiny_backbone(), image_set, splits, replace(steps, learning_rate=1e-300))
    assert zero.history[0].training_accuracy == pytest.approx((labels[splits.train] == 0).mean())
    assert zero.history[0].validation_accuracy == (labels[splits.validation] == 0).mean()
    assert zero.best.number == 1  # of equal ones the first


def test_an_epoch_is_judged_by_the_validation_photos() -> None:
    """Loss and accuracy of the best epoch are those of its network on the photos to choose on."""
    image_set, splits = textures()

    trained = train(tiny_backbone(), image_set, splits, short("fine-tune", learning_rate=0.05))

    found = predict(trained, image_set, splits.validation)
    right = found[np.arange(len(found)), image_set.labels[splits.validation]].astype(float)
    assert trained.best.validation_loss == pytest.approx(-np.log(right).mean(), rel=1e-4)
    halves = [0.5 * (1 + np.cos(np.pi * (step - 1) / 11)) for step in (3, 7, 11)]  # one of twelve steps warms up
    assert [epoch.learning_rate for epoch in trained.history] == pytest.approx([0.05 * half for half in halves])
    seconds = [epoch.seconds for epoch in trained.history]
    assert 0 < seconds[0] < seconds[1] < seconds[2] <= trained.seconds < 60


def test_the_best_epoch_is_the_surer_one_and_then_the_first() -> None:
    """By accuracy, of equal ones by loss, of equal ones the earlier."""

    def best(*told) -> int:
        epochs = [
            SimpleNamespace(number=n, validation_accuracy=a, validation_loss=b) for n, (a, b) in enumerate(told, 1)
        ]
        return ClassifierLoop.best_epoch.fget(SimpleNamespace(history=epochs)).number

    assert best((0.5, 0.1), (0.8, 0.9), (0.7, 0.2)) == 2
    assert best((0.8, 0.5), (0.8, 0.4), (0.8, 0.6)) == 2
    assert best((0.8, 0.4), (0.8, 0.4)) == 1


def test_every_purpose_draws_for_itself(monkeypatch) -> None:
    """Order, augmentation and dropout never share a seed; augmentation has one for each step."""
    drawn: dict[str, list[int]] = {}
    for module in (schedule, loop, classifier_loop):
        seeds = drawn.setdefault(module.__name__.rpartition(".")[2], [])
        usual = module.draw_seed
        monkeypatch.setattr(module, "draw_seed", lambda *of, s=seeds, u=usual: s.append(u(*of)) or s[-1])
    image_set, splits = textures()

    train(tiny_backbone(), image_set, splits, short("fine-tune", augmentation="crop"))

    order, dropout, augmentation = (set(drawn[name]) for name in ("schedule", "loop", "classifier_loop"))
    assert min(len(order), len(dropout)) > 1
    assert not order & dropout
    assert not order & augmentation
    assert not dropout & augmentation
    assert len(augmentation) == 12


def test_recalibration_measures_so_many_of_the_training_photos(monkeypatch) -> None:
    """Seven of them, drawn by the seed and not the first ones, before the first step and not where one goes on."""
    monkeypatch.setattr(classifier_loop, "_RECALIBRATION_PHOTOS", 7)
    measured = []
    usual = classifier_loop.recalibrate
    monkeypatch.setattr(
        classifier_loop, "recalibrate", lambda *words: measured.append(words[2].tolist()) or usual(*words)
    )
    image_set, splits = textures()

    for seed in (0, 1):
        train(tiny_backbone(), image_set, splits, short("fine-tune", batch_norm="recalibrate", seed=seed))

    assert [len(set(each)) for each in measured] == [7, 7]
    assert all(set(each) <= set(splits.train.tolist()) for each in measured)
    assert measured[0] != measured[1]
    assert sorted(measured[0]) != splits.train[:7].tolist()
    train(tiny_backbone(), image_set, splits, short("fine-tune", batch_norm="stats-frozen"))
    assert len(measured) == 2


@pytest.mark.parametrize(("changes", "name", "nesterov"), [
    ({"optimizer": "adam"}, "Adam", None),
    ({"momentum": 0.8}, "SGD", True),
    ({"momentum": 0.0}, "SGD", False),
])  # fmt: skip
def test_the_optimiser_is_the_recipes(changes, name, nesterov) -> None:
    """Adam, or stochastic gradient descent with Nesterov's momentum where there is one; at the recipe's rate."""
    image_set, _ = textures(12)
    network = Network(tiny_trunk(0), image_set.classes, tiny_backbone().preprocessing)

    made = classifier_loop._optimizer(network, short("fine-tune", learning_rate=0.125, weight_decay=0.5, **changes))

    assert type(made).__name__ == name
    assert {group["lr"] for group in made.param_groups} == {0.125}
    for group in made.param_groups:
        assert {each.ndim > 1 for each in group["params"]} == {group["weight_decay"] == 0.5}
        if name == "SGD":
            assert (group["momentum"], group["nesterov"]) == (changes["momentum"], nesterov)


def test_memory_is_told_in_bytes() -> None:
    """As much as the process held at its largest."""
    image_set, splits = textures()

    trained = train(tiny_backbone(), image_set, splits, short("fine-tune", epochs=1, least_steps=1), device="cpu")

    held = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 0.5 * held < trained.peak_memory <= held


def test_batches_are_not_shared_by_more_processes_than_photos() -> None:
    """Thirty photos in batches of eight are cut into seven and eight: enough for seven, too few for eight."""
    _, splits = textures()

    for size, refused in ((7, False), (8, True)):
        told = (
            nullcontext() if not refused else pytest.raises(ArgumentError, match=r"8 processes cannot share.* of 7 p")
        )
        with told:
            trained_module._check_fit(tiny_backbone(), splits, short("fine-tune"), None, Team(0, size))


_PROGRAM = f"""
import json, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
import torch
from test_trained import result_of
from facerec.learning import checkpoint as checkpoints
from facerec.networks.backbone import load_backbone
from facerec.learning.team import team
checkpoints._SAVE_EVERY_SECONDS = 0.0
torch.set_num_threads(1)
with team() as own:
    result = result_of(json.loads(sys.argv[1]), checkpoint=Path(sys.argv[2]))
    Path(f"{{sys.argv[3]}}.{{own.rank}}").write_text(json.dumps(result))
"""


def result_of(changes: dict[str, object], *, checkpoint: Path | None = None) -> dict[str, object]:
    """Train the tiny network; what came out, as a digest and as numbers."""
    trained = train(tiny_backbone(), *textures(), short(**changes), device="cpu", checkpoint=checkpoint)
    digest = hashlib.sha256(repr(sorted(_everything(trained).items())).encode()).hexdigest()
    return {"digest": digest, "head": trained.network.head.weight.detach().flatten().tolist()}


@pytest.fixture
def one_thread():
    """Torch on one thread, as in the other processes: sums in another order round otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_killed_and_gone_on_is_the_same(tmp_path, one_thread, monkeypatch) -> None:
    """A process killed by SIGKILL leaves a state from which another one reaches the same bits."""
    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)
    changes = {"protocol": "fine-tune", "least_steps": 120}
    file = tmp_path / "state"
    program = [sys.executable, "-c", _PROGRAM, json.dumps(changes), str(file), str(tmp_path / "end")]
    killed = subprocess.Popen(program)
    until = time.monotonic() + 120
    while not file.exists() and killed.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not list(tmp_path.glob("end.*"))

    assert result_of(changes, checkpoint=file) == result_of(changes)


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path, one_thread, monkeypatch) -> None:
    """Under torchrun both ranks hold the same network, and it is the one that a single process trains."""
    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)
    script = tmp_path / "program.py"
    script.write_text(_PROGRAM)
    # A frozen trunk, because dropout draws in each process; the crops are those of the whole batch.
    changes = {"protocol": "linear-sgd", "augmentation": "crop"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(script)]

    subprocess.run(
        [*torchrun, json.dumps(changes), str(tmp_path / "state"), str(tmp_path / "end")],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=True,
    )

    first, second = (json.loads((tmp_path / f"end.{rank}").read_text()) for rank in (0, 1))
    assert first == second
    np.testing.assert_allclose(first["head"], result_of(changes)["head"], rtol=1e-4, atol=1e-6)

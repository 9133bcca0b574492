"""Training embedders: what moves and what stays, what is chosen, what is written, cutting off and going on, teams."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from made_faces import made_people, short, tiny_backbone, trained

from facerec.device import threads_per_network
from facerec.embed.trained import network_forward
from facerec.errors import ArgumentError, OutputError, TransferError
from facerec.learning import checkpoint as checkpoints
from facerec.models.folder import read_model
from facerec.networks.pretrained import pretrained
from facerec.training import embedder as make
from facerec.training import inputs
from facerec.training.face_loop import FaceLoop
from facerec.training.losses import loss_settings
from facerec.training.samplers import PhotoBatches
from facerec.training.start import new_network, pixels_of, start_head
from facerec.training.validation import cosine_gap

LOSSES = ("arcface", "cosface", "subcenter", "supcon", "triplet")


@pytest.fixture(scope="module")
def hard(tmp_path_factory):
    """People on whose photos a tint says more than they do."""
    return made_people(tmp_path_factory.mktemp("hard"), (6,) * 40, noise=10.0, tint=100.0)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_head_learns_on_frozen_features(hard, tmp_path, loss):
    """Unseen people are told apart better after training than before, and the backbone is what it was."""
    recipe = short(loss=loss, epochs=8, patience=8, learning_rate=1e-2)

    made = trained(hard, tmp_path, recipe)

    assert made.best.number > 0
    assert (made.best.tmr, -made.best.eer) > (made.history[0].tmr, -made.history[0].eer)
    stored = made.folder.weights()
    assert len(stored) == made.folder.description.weights.size
    assert all(epoch.stages == 0 for epoch in made.history)


@pytest.mark.parametrize(("unfreeze", "moved"), [("none", 0), ("last", 1), ("all", 3)])
def test_only_what_is_unfrozen_moves(hard, tmp_path, monkeypatch, unfreeze, moved):
    """Stages from the output on, as many as were asked for; batch statistics stay."""
    loops = []
    monkeypatch.setattr(make, "FaceLoop", lambda *a, **k: loops.append(FaceLoop(*a, **k)) or loops[-1])
    monkeypatch.setattr(FaceLoop, "best_epoch", property(lambda self: self.history[-1]))
    before = tiny_backbone().trunk().state_dict()

    made = trained(hard, tmp_path, short(unfreeze=unfreeze, released_by=0.6))

    changed = {
        name.split(".")[1]
        for name, tensor in loops[0].network.trunk.state_dict().items()
        if not torch.equal(tensor, before[name])
    }
    assert changed == {f"stage{number}" for number in range(4 - moved, 4)}
    assert all(
        "running" not in name or torch.equal(t, before[name]) for name, t in loops[0].network.trunk.state_dict().items()
    )
    assert made.history[-1].stages == moved
    if unfreeze == "all":
        assert made.history[1].stages < 3  # one after the other


def test_maps_that_do_not_fit_are_computed_in_every_step(hard, tmp_path, monkeypatch):
    """Held or not, the training is the same up to rounding."""
    held = trained(hard, tmp_path / "held", short(unfreeze="last"))
    monkeypatch.setattr(inputs, "HELD_BYTES", 0)
    computed = trained(hard, tmp_path / "computed", short(unfreeze="last"))

    for one, other in zip(held.history[1:], computed.history[1:], strict=True):
        assert one.training_loss == pytest.approx(other.training_loss, rel=1e-4)


def test_the_start_is_kept_where_no_epoch_is_better(people, tmp_path):
    """A rate that ruins everything leaves the start, and ends when patience does."""
    made = trained(people, tmp_path, short(learning_rate=1.0, epochs=9, patience=2, head="linear", margin=80.0))

    assert made.best.number == 0
    assert len(made.history) == 3


def test_a_folder_is_written_that_says_what_it_is(people, tmp_path):
    """Description, points with counts, log, curves, scores, card; the checkpoint is gone."""
    made = trained(people, tmp_path, data_terms="made up", command="facerec train", name="ours")

    folder = read_model(tmp_path / "made")
    about = folder.description
    assert (about.name, about.kind, about.crop, about.dimension) == ("ours", "torch", "box-24-margin-0 v1", 16)
    assert about.parents[0].digest == "0" * 64
    assert about.training.details["people learned from"] == made.split.train_people
    assert about.training.data_terms == "made up"
    (point,) = [each for each in folder.points if each.target_fmr == 0.05]
    labels = people.labels[made.split.validation]
    same = labels[:, None] == labels[None]
    assert point.fmr.trials == (~same).sum() // 2
    assert point.fnmr.trials == (same.sum() - len(labels)) // 2
    assert any("FMR 0.001" in words for words in made.unmeasured)
    with (made.work / "log.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["number"]) for line in lines] == [0, 1, 2, 3]
    assert lines[0]["training_loss"] == ""
    assert (made.work / "curves.html").is_file()
    scores = (made.work / "validation_scores.csv").read_text().splitlines()
    assert len(scores) == 1 + len(labels) * (len(labels) - 1) // 2
    assert not (made.work / "checkpoint.safetensors").exists()
    assert "made up" in (tmp_path / "made" / "card.md").read_text()


def test_the_operating_points_are_those_of_the_written_model(people, tmp_path):
    """Vectors of the network give the threshold's error counts."""
    made = trained(people, tmp_path)
    (point,) = [each for each in made.folder.points if each.target_fmr == 0.05]
    table = np.genfromtxt(made.work / "validation_scores.csv", delimiter=",", dtype=str, skip_header=1)
    genuine, scores = table[:, 4] == "true", table[:, 5].astype(float)

    assert ((scores >= point.threshold) & ~genuine).sum() == point.fmr.errors
    assert ((scores < point.threshold) & genuine).sum() == point.fnmr.errors


def test_one_photo_people_count_where_the_loss_allows(tmp_path):
    """Centres take them, pairs leave them out."""
    people = made_people(tmp_path, (5,) * 8 + (1,) * 4)

    centres = trained(people, tmp_path / "a", short(loss="arcface", epochs=1))
    pairs = trained(people, tmp_path / "b", short(loss="supcon", epochs=1))

    assert centres.split.train_people - pairs.split.train_people == 4


def test_a_random_backbone_trains_from_scratch(people, tmp_path):
    """All of it, with its batch statistics; and the description names no parent."""
    made = trained(people, tmp_path, short(unfreeze="all", batch_norm="train"), pretrained=False)

    assert made.folder.description.parents == ()
    assert made.history[1].stages == 3


@pytest.mark.parametrize(
    ("recipe", "pretrained", "words"),
    [
        ({"unfreeze": "none"}, False, "random weights: nothing in it may stay"),
        ({"unfreeze": "last", "batch_norm": "train"}, True, "changes stages that shall stay"),
        ({"batch_norm": "recalibrate"}, True, "is not for embedders"),
        ({"dimension": 17}, True, "has 16 features.*2 to 16 numbers; got 17"),
    ],
)
def test_recipes_that_do_not_fit_the_backbone_are_refused(people, tmp_path, recipe, pretrained, words):
    """Before anything is computed."""
    with pytest.raises(ArgumentError, match=words):
        trained(people, tmp_path, short(**recipe), pretrained=pretrained)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"head": "none"}, "nothing would be trained"),
        ({"loss": "softmax"}, "loss must be one of arcface"),
        ({"epochs": 0}, "epochs must be 1 or more"),
        ({"batch_size": 1}, "batch_size must be 2"),
        ({"fmr": 0.0}, "fmr must be between 0 and 1"),
        ({"margin_ramp": 1.5}, "margin_ramp must be from 0 to 1"),
        ({"photos_per_person": 9}, "2 to half of batch_size"),
    ],
)
def test_recipes_out_of_range_are_refused(changes, words):
    """The field is named, with its range and what was given."""
    with pytest.raises(ArgumentError, match=words):
        short(**changes)


def test_a_folder_that_exists_is_left_alone(people, tmp_path):
    """Before anything is computed."""
    (tmp_path / "made").mkdir()

    with pytest.raises(OutputError, match="exists already"):
        trained(people, tmp_path)

    assert list((tmp_path / "made").iterdir()) == []


def test_a_loss_that_is_no_number_stops_with_step_and_files(people, tmp_path, monkeypatch):
    """And what was reached is in the checkpoint."""
    real = FaceLoop._forward
    steps = []

    def fails(self, x):
        steps.append(self.step)
        return real(self, x) * (float("nan") if self.network.training and self.step == 4 else 1.0)

    monkeypatch.setattr(FaceLoop, "_forward", fails)

    with pytest.raises(TransferError, match=r"became nan at step 5 of \d+, on person\d\d/\d.png.*learning rate below"):
        trained(people, tmp_path)

    assert (tmp_path / "made.training" / "checkpoint.safetensors").exists()
    assert not (tmp_path / "made").exists()


# -- cutting off and going on -------------------------------------------------------------------------------------


class Cut(Exception):  # noqa: N818 - not an error of the project
    """A power cut."""


def cut_at(step):
    """A progress callback that ends the process's work."""

    def stop(progress):
        if progress.step == step:
            raise Cut

    return stop


@pytest.mark.parametrize(
    ("recipe", "step"),
    [
        ({"unfreeze": "none"}, 2),
        ({"unfreeze": "all", "loss": "supcon"}, 1),
        ({"unfreeze": "all", "loss": "supcon"}, 5),
        ({"unfreeze": "all", "loss": "supcon"}, 8),
        ({"unfreeze": "last", "loss": "subcenter"}, 7),
    ],
)
def test_a_training_that_was_cut_off_goes_on_bit_for_bit(people, tmp_path, monkeypatch, recipe, step):
    """Cut within the first epoch or later, model and history (but for seconds) are those of an uncut one."""
    monkeypatch.setattr(checkpoints, "_SAVE_EVERY_SECONDS", 0.0)
    whole = trained(people, tmp_path / "whole", short(**recipe), dropout=0.1)
    with pytest.raises(Cut):
        trained(people, tmp_path / "cut", short(**recipe), dropout=0.1, progress=cut_at(step))

    resumed = trained(people, tmp_path / "cut", short(**recipe), dropout=0.1)

    assert resumed.folder.weights() == whole.folder.weights()
    assert resumed.folder.description.digest == whole.folder.description.digest
    without = [{**vars(epoch), "seconds": 0} for epoch in resumed.history]
    assert without == [{**vars(epoch), "seconds": 0} for epoch in whole.history]


def test_a_checkpoint_of_another_training_is_refused(people, hard, tmp_path):
    """The message names what differs; the checkpoint stays."""
    with pytest.raises(Cut):
        trained(people, tmp_path, progress=cut_at(8))
    file = tmp_path / "made.training" / "checkpoint.safetensors"
    before = file.read_bytes()

    with pytest.raises(TransferError, match=r"belongs to another training: its recipe differ"):
        trained(people, tmp_path, short(margin=3.0))
    with pytest.raises(TransferError, match=r"its data, train, validation differ"):
        trained(hard, tmp_path)

    assert file.read_bytes() == before


def test_the_seed_is_all_that_is_random(people, tmp_path):
    """Same seed, same bytes, whatever torch's generator is at; another seed, another model."""
    torch.manual_seed(1)
    one = trained(people, tmp_path / "one", short(head="mlp"))
    torch.manual_seed(2)
    same = trained(people, tmp_path / "same", short(head="mlp"))
    other = trained(people, tmp_path / "other", short(head="mlp", seed=1))

    assert one.folder.weights() == same.folder.weights()
    assert [e.training_loss for e in one.history] == [e.training_loss for e in same.history]
    assert [e.training_loss for e in one.history] != [e.training_loss for e in other.history]


_PROGRAM = f"""
import json, sys
from pathlib import Path
from types import SimpleNamespace
sys.path.insert(0, {str(Path(__file__).parent)!r})
import torch
torch.set_num_threads(1)
from made_faces import made_people, short, trained
from facerec.learning import checkpoint as checkpoints
from facerec.learning.team import team
checkpoints._SAVE_EVERY_SECONDS = 0.0
with team() as own:
    people = made_people(Path(sys.argv[1]) / str(own.rank))
    made = trained(people, Path(sys.argv[1]), short(**json.loads(sys.argv[2])))
    losses = [epoch.training_loss for epoch in made.history]
    Path(sys.argv[1], f"losses.{{own.rank}}").write_text(json.dumps(losses))
"""


def started(folder, recipe, *, launcher=()):
    """The program in a process of its own, whose complaints go to a file."""
    folder.mkdir(exist_ok=True)
    script = folder / "program.py"
    script.write_text(_PROGRAM)
    with (folder / "stderr.txt").open("wb") as complaints:
        return subprocess.Popen(
            [sys.executable, *launcher, str(script), str(folder), json.dumps(recipe)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )


@pytest.mark.slow
def test_a_killed_training_goes_on_bit_for_bit(people, tmp_path):
    """SIGKILL in the middle, then the same command again."""
    recipe = {"epochs": 12, "unfreeze": "all", "patience": 12}
    killed = started(tmp_path / "cut", recipe)
    checkpoint = tmp_path / "cut" / "made.training" / "checkpoint.safetensors"
    until = time.monotonic() + 120
    while not checkpoint.exists() and killed.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL, (tmp_path / "cut" / "stderr.txt").read_text()
    assert not (tmp_path / "cut" / "made").exists()

    again = started(tmp_path / "cut", recipe)
    with threads_per_network(1):
        whole = trained(people, tmp_path / "whole", short(**recipe))

    assert again.wait() == 0, (tmp_path / "cut" / "stderr.txt").read_text()
    assert read_model(tmp_path / "cut" / "made").weights() == whole.folder.weights()


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(people, tmp_path):
    """Gloo on this machine, also for a loss that compares photos across the processes; equal up to rounding."""
    recipe = {"loss": "supcon", "unfreeze": "all", "epochs": 2}
    one = trained(people, tmp_path / "one", short(**recipe))

    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    both = started(tmp_path / "two", recipe, launcher=launcher)

    assert both.wait() == 0, (tmp_path / "two" / "stderr.txt").read_text()[-3000:]
    losses = [json.loads((tmp_path / "two" / f"losses.{rank}").read_text()) for rank in (0, 1)]
    assert losses[0] == losses[1]
    assert losses[0][1:] == pytest.approx([epoch.training_loss for epoch in one.history[1:]], rel=1e-3)
    assert read_model(tmp_path / "two" / "made").points


@pytest.mark.parametrize("stages", [2, 3])
def test_what_was_computed_once_measures_the_embedder(hard, tmp_path, stages):
    """Vectors from maps or features that were computed once are those of the embedder on the chips."""
    backbone, photos = tiny_backbone(), np.arange(0, len(hard.files), 3)
    network = new_network(backbone, short(), size=hard.chips.size)
    pixels = pixels_of(backbone, hard.chips.size, hard.chips.size)
    given = {"stages": stages, "weights": "0", "number": torch.float32, "cache": tmp_path}

    held = inputs.held_vectors(network, inputs.inputs_of(network, hard, pixels, **given), photos)

    wanted = network_forward(network, pixels, flip=True)(hard.chips.take(photos))
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(held, wanted, atol=1e-5)


def test_each_step_mirrors_other_places_of_its_batch(people, tmp_path, monkeypatch):
    """Drawn anew in every step, and the same whenever that step is taken."""
    drawn: dict[str, list] = {}

    def run(name):
        taken = drawn.setdefault(name, [])
        loss_of = FaceLoop._loss_of

        def watched(self, batch):
            ask = self.inputs.batch
            seen = []
            watch = SimpleNamespace(stages=self.inputs.stages, batch=lambda i, m: seen.append(m.tolist()) or ask(i, m))
            held, self.inputs = self.inputs, watch
            try:
                return loss_of(self, batch)
            finally:
                self.inputs = held
                taken.extend(seen)

        with monkeypatch.context() as patch:
            patch.setattr(FaceLoop, "_loss_of", watched)
            trained(people, tmp_path / name, short())

    run("one")
    run("other")

    assert drawn["one"] == drawn["other"]
    whole = [tuple(each) for each in drawn["one"] if len(each) == len(drawn["one"][0])]
    assert len(set(whole)) > len(whole) // 2
    assert {True, False} <= {side for each in whole for side in each}


def test_the_card_counts_what_took_part(tmp_path):
    """Photos and people of both sides, who was left out, and the numbers that the loss and the choice went by."""
    people = replace(made_people(tmp_path, (5,) * 9 + (1,) * 3), photos=50)
    recipe = short(loss="cosface", scale=17.0, margin=0.07, unfreeze="last", epochs=2, fmr=0.1, dimension=9, head="mlp")

    made = trained(people, tmp_path, recipe, held_out=["person00", "person09"], validation=0.3)

    split, details = made.split, made.folder.description.training.details
    labels = people.labels
    taken = set(labels[split.train]) | set(labels[split.validation])
    assert {people.identities[label] for label in taken} == set(people.identities) - {"person00", "person09"}
    assert details["photos learned from"] == len(split.train) == 50 - 2 - 6 - len(split.validation)
    assert details["people learned from"] == len(set(labels[split.train]))
    assert details["photos validated on"] == len(split.validation)
    assert details["people validated on"] == len(set(labels[split.validation])) == 4
    assert details["photos left out"] == 50 - len(people.files)
    assert details["compared in every epoch"] == details["in the score table"] == f"all {len(split.validation)} photos"
    said = {
        "backbone": "efficientnet_lite0",
        "head": "mlp",
        "head started as": "whitened principal components of the features",
        "loss": "cosface",
        "scale": 17.0,
        "margin": 0.07,
        "stages trained": "last",
        "batch normalisation": "stats-frozen",
        "precision": "float32",
        "epochs at most": 2,
        "epoch chosen": made.best.number,
        "true match rate that chose it": made.best.tmr,
        "at a false match rate of": 0.1,
    }
    assert {name: details[name] for name in said} == said
    about = made.folder.description
    assert (about.dimension, about.flip, about.training.seed) == (9, True, 0)
    assert about.training.data.startswith("faces: 50 photos, digest ")


def test_the_scale_suits_the_vectors_that_the_centres_start_from(people, tmp_path):
    """Unless told otherwise, it is that of the loss, narrowed by how close few photos of each person lie."""
    made = trained(people, tmp_path, short(epochs=1))
    train = made.split.train
    backbone = tiny_backbone()
    network = new_network(backbone, short(), size=people.chips.size)
    pixels = pixels_of(backbone, people.chips.size, people.chips.size)
    chosen = np.concatenate([train[people.labels[train] == who][:4] for who in np.unique(people.labels[train])])
    seen = inputs.FromPixels(people, pixels, torch.device("cpu")).batch(chosen, np.zeros(len(chosen), bool))
    with torch.no_grad():
        features = network.trunk(seen).numpy()
    start_head(network, backbone, features)
    with torch.no_grad():
        vectors = network.head(torch.from_numpy(features)).numpy()

    settings = loss_settings("arcface", made.split.train_people).narrowed(cosine_gap(vectors, people.labels[chosen]))

    details = made.folder.description.training.details
    assert (details["scale"], details["margin"]) == (settings.scale, settings.margin)


def test_few_photos_of_each_tell_where_to_start():
    """Of each person at most four, the first ones, in the photos' order."""
    labels = np.array([2, 0, 2, 2, 1, 2, 2, 0, 2])

    assert make._few_of_each(labels).tolist() == [0, 1, 2, 3, 4, 5, 7]


@pytest.mark.parametrize("changed", ["backbone", "weights", "size"])
def test_a_checkpoint_is_of_its_network(people, tmp_path, monkeypatch, changed):
    """Another backbone, other weights or another size of input is another training."""
    with pytest.raises(Cut):
        trained(people, tmp_path, progress=cut_at(8))
    other = tiny_backbone()
    if changed == "backbone":
        other.name = "efficientnet_lite1"
    if changed == "weights":
        other.weights_sha256 = "1" * 64
    options = {"size": 20} if changed == "size" else {}

    with pytest.raises(TransferError, match=f"its {changed} differ"):
        make.train_embedder(people, other, short(), out=tmp_path / "made", device="cpu", **options)


def test_terms_follow_the_backbone(people, tmp_path):
    """Those of the weights that it came from and of the photos; random weights have the photos' only."""
    parent = pretrained("efficientnet_lite0")
    known = trained(people, tmp_path / "a", short(epochs=1), data_terms="by consent").folder.description
    recipe = short(epochs=1, unfreeze="all", batch_norm="train")
    random = trained(people, tmp_path / "b", recipe, pretrained=False, data_terms="by consent").folder.description

    assert parent.licence in known.terms.licence
    assert parent.commercial_reason in known.terms.reason
    assert "by consent" in known.terms.reason
    assert (random.terms.licence, random.terms.commercial) == ("that of who trained it", "unclear")
    assert random.terms.reason == "trained from random weights; the terms of the photos are: by consent"
    assert (known.parents[0].name, known.parents[0].role) == ("efficientnet_lite0", "start")


@pytest.mark.parametrize(
    ("resizable", "wanted", "side"), [(True, None, 24), (True, 20, 20), (False, None, 40), (False, 40, 40)]
)
def test_the_side_of_the_input(resizable, wanted, side):
    """That of the chips or the one that is asked for; of a backbone that takes one size only, its own."""
    backbone = SimpleNamespace(name="b", resizable=resizable, preprocessing=SimpleNamespace(crop=40))

    assert make._side(backbone, 24, wanted) == side
    if not resizable:
        with pytest.raises(ArgumentError, match="b takes images of 40 pixels; got a size of 39"):
            make._side(backbone, 24, 39)


def test_an_input_of_another_size_is_said_in_the_pixels(people, tmp_path):
    """Chips of 24 pixels brought to 20: the description has both, and as they are where nothing was asked for."""
    small = trained(people, tmp_path / "a", short(epochs=1), size=20).folder.description
    plain = trained(people, tmp_path / "b", short(epochs=1)).folder.description

    assert (small.pixels.size, small.architecture["size"]) == (20, 20)
    assert (plain.pixels.size, plain.architecture["size"]) == (None, 24)
    assert plain.pixels.mean == plain.pixels.std == (127.5, 127.5, 127.5)


def test_batches_are_of_the_losss_kind(people, tmp_path, monkeypatch):
    """Every photo once for a centre per person, so many photos of each person where those are compared."""
    loops = []
    monkeypatch.setattr(make, "FaceLoop", lambda *a, **k: loops.append(FaceLoop(*a, **k)) or loops[-1])

    trained(people, tmp_path / "a", short(epochs=1, batch_size=10))
    made = trained(people, tmp_path / "b", short(epochs=1, loss="supcon", batch_size=12, photos_per_person=3))

    assert vars(loops[0].sampler) == vars(PhotoBatches(60, 10, 0))
    labels = people.labels[made.split.train]
    for batch in loops[1].sampler.batches(0):
        assert np.unique(labels[batch], return_counts=True)[1].tolist() == [3] * 4

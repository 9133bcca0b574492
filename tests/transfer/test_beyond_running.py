"""Dense heads on a backbone: what is frozen, what is learned, and runs that are cut off and reported."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import torch

from facerec.device import use_one_thread_per_network
from facerec.errors import ArgumentError, DataSetError, TransferError
from facerec.transfer.backbone import load_backbone
from facerec.transfer.beyond import findings, run_beyond, shapes
from facerec.transfer.beyond.page import beyond_page, write_beyond
from facerec.transfer.beyond.plan import Cell, Costs
from facerec.transfer.beyond.scenes import IGNORED
from facerec.transfer.beyond.training import Speed, answers, build, mirrored, train

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def scenes():
    """Few and small."""
    return shapes(16, size=64)


@pytest.fixture(scope="module")
def backbone():
    """The one that comes with the packages."""
    return load_backbone("efficientnet_lite0")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As the command line has it."""
    before = torch.get_num_threads()
    use_one_thread_per_network()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def finished(scenes, backbone, tmp_path_factory):
    """A short run of both tasks, and where it is."""
    folder = tmp_path_factory.mktemp("run")
    run = run_beyond(scenes, backbone, folder, protocols=("scratch", "frozen"), seeds=1, steps=3, command=("a", "b"))
    return run, folder


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_what_is_frozen_stays_bit_identical(scenes, backbone, task) -> None:
    """Training moves the head and no bit of the backbone's weights and statistics."""
    network = build(task, "frozen", backbone, 4, seed=0, device=CPU)
    trunk = {name: tensor.clone() for name, tensor in network.trunk.state_dict().items()}
    head = [parameter.clone() for parameter in network.head.parameters()]

    done = train(network, scenes, "frozen", rate=0.003, steps=2, seed=0)

    assert all(torch.equal(tensor, trunk[name]) for name, tensor in network.trunk.state_dict().items())
    assert all(torch.equal(tensor, trunk[name]) for name, tensor in backbone.trunk().state_dict().items())
    assert not all(torch.equal(old, new) for old, new in zip(head, network.head.parameters(), strict=True))
    assert done.trained == sum(parameter.numel() for parameter in network.head.parameters())


def test_fine_tuning_moves_weights_and_keeps_statistics(scenes, backbone) -> None:
    """Weights of the backbone move, the running statistics of its batch normalisation do not."""
    network = build("segmentation", "fine-tune", backbone, 4, seed=0, device=CPU)
    before = {name: tensor.clone() for name, tensor in network.trunk.state_dict().items()}

    train(network, scenes, "fine-tune", rate=0.003, steps=2, seed=0)

    for name, tensor in network.trunk.state_dict().items():
        assert not name.endswith(("running_mean", "running_var")) or torch.equal(tensor, before[name])
    assert not torch.equal(before["body.stem.0.weight"], network.trunk.state_dict()["body.stem.0.weight"])


def test_equal_seeds_train_equal_networks(scenes, backbone) -> None:
    """Twice the same cell gives the same losses and answers, another seed others; the caller's draws are left alone."""

    def trained(seed):
        network = build("detection", "frozen", backbone, 4, seed=seed, device=CPU)
        done = train(network, scenes, "frozen", rate=0.003, steps=2, seed=seed)
        return done.losses, np.concatenate(answers(done.network, scenes, scenes.test))

    before = torch.get_rng_state()
    first, again, other = trained(0), trained(0), trained(1)

    assert torch.equal(torch.get_rng_state(), before)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_ignored_pixels_teach_nothing(scenes, backbone) -> None:
    """A scene of which all is ignored has no loss, and no gradient."""
    network = build("segmentation", "frozen", backbone, 4, seed=0, device=CPU)
    pixels = torch.from_numpy(scenes.pixels[:2]).permute(0, 3, 1, 2)

    loss = network.loss(pixels, torch.full((2, 64, 64), IGNORED, dtype=torch.uint8), scenes.objects[:2])

    assert loss.item() == 0


def test_scenes_keep_their_size(scenes, backbone) -> None:
    """Boxes are found in the scene's own pixels: torchvision would enlarge it to 800."""
    network = build("detection", "frozen", backbone, 4, seed=0, device=CPU).eval()

    found = np.concatenate(answers(network, scenes, scenes.test))

    assert found.shape[1] == 6
    assert len(found)
    assert found[:, 1:5].min() >= 0
    assert found[:, 1:5].max() <= 64


def test_mirrored_twice_is_as_before(scenes) -> None:
    """And once, a mirrored mask has its objects where their mirrored boxes are."""
    place = next(place for place, each in enumerate(scenes.objects) if len(each.labels))
    once = mirrored(scenes.objects[place], 64)
    mask = scenes.masks[place][:, ::-1]

    assert np.array_equal(mirrored(once, 64).boxes, scenes.objects[place].boxes)
    for (left, top, right, bottom), label in zip(once.boxes.astype(int), once.labels, strict=True):
        assert (mask[top:bottom, left] == label).any()
        assert (mask[top:bottom, right - 1] == label).any()


def test_a_run_is_gone_on_with(scenes, backbone, finished) -> None:
    """What is kept is not trained again, what is lost is, to the same bytes; another configuration is refused."""
    run, folder = finished
    told = []
    cells = sorted((folder / "cells").iterdir())
    kept = {path.name: path.read_bytes() for path in cells}
    lost = next(path for path in cells if b'"rate\\": null' in kept[path.name] and b"segmentation" in kept[path.name])
    lost.unlink()

    again = run_beyond(
        scenes,
        backbone,
        folder,
        protocols=("scratch", "frozen"),
        seeds=1,
        steps=3,
        finished=lambda _outcome, _score, done, total: told.append((done, total)),
    )

    assert told[-1] == (len(told), len(told)) == (16, 16)
    for one, two in zip(run.outcomes, again.outcomes, strict=True):
        assert one.cell == two.cell
        assert np.array_equal(one.losses, two.losses)
        assert all(np.array_equal(a, b) for a, b in zip(one.answers, two.answers, strict=True))
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["complete"]
    with pytest.raises(TransferError, match=r"another configuration.*seeds 1 there, 2 here"):
        run_beyond(scenes, backbone, folder, protocols=("scratch", "frozen"), seeds=2, steps=3)


def test_the_report_says_what_was_found(finished, tmp_path) -> None:
    """Verdict, intervals, drawn examples and tables of every number stand in the folder."""
    run, _ = finished
    found = findings(run)

    written = write_beyond(run, found, tmp_path)

    page = written.html.read_text(encoding="utf-8")
    for text in ("What pre-training buys", "not distinguishable", "Training curves", "with their true boxes"):
        assert text.lower() in page.lower()
    assert len(list(tmp_path.glob("report-figure-*.svg"))) == 4
    lines = (tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 4
    assert {line.split(",")[3] for line in lines[1:]} == {"none", run.backbone.weights_sha256[:8]}
    assert {each.mark for each in found.summaries} <= {"best", "worse", "not distinguishable"}


def test_tables_of_classes_run_no_formula(finished, tmp_path) -> None:
    """A class that a spreadsheet would take for a formula has an apostrophe before it."""
    run, _ = finished
    classes = ('=HYPERLINK("x")', *run.scenes.classes[1:])
    hostile = dataclasses.replace(run, scenes=dataclasses.replace(run.scenes, classes=classes))

    write_beyond(hostile, findings(hostile), tmp_path)

    with (tmp_path / "classes.csv").open(encoding="utf-8", newline="") as file:
        named = {line["class"] for line in csv.DictReader(file)}
    assert named == {'\'=HYPERLINK("x")', *run.scenes.classes[1:], "background"}


def test_photos_stay_out_of_a_report_that_is_passed_on(finished) -> None:
    """Scenes made on the spot may be shown; of photos only charts and tables are."""
    run, _ = finished
    photos = dataclasses.replace(run, scenes=dataclasses.replace(run.scenes, made=False))
    found = findings(run)

    assert len(list(beyond_page(photos, found, publish=True).illustrations())) == 2
    assert len(list(beyond_page(photos, found).illustrations())) == 4
    assert len(list(beyond_page(run, found, publish=True).illustrations())) == 4


def test_random_weights_are_told(scenes, tmp_path) -> None:
    """A backbone without weights says so wherever a result is shown, and says nothing of pre-training."""
    random = load_backbone("resnet18", weights="none")
    run = run_beyond(scenes, random, tmp_path, tasks=("segmentation",), protocols=("frozen",), seeds=1, steps=3)

    assert "random" in run.warnings[0]
    assert beyond_page(run, findings(run)).lead[0].standing == "warning"
    assert not any("pre-training buys" in each.topic for each in findings(run).sentences)


def test_boxes_cannot_be_segmented(scenes, backbone, tmp_path) -> None:
    """The message says which task is possible."""
    boxes = dataclasses.replace(scenes, outlined=False)

    with pytest.raises(DataSetError, match="--task detection"):
        run_beyond(boxes, backbone, tmp_path, seeds=1, steps=3)


def test_a_budget_shortens_trainings_then_drops_seeds() -> None:
    """Hand-worked: a second a step, one process; the longest plan that fits is taken, and none is an error."""
    costs = Costs({("detection", "frozen"): Speed(0.0, 1.0, 0.0, 0.5)}, 8, 16, 1)

    long = costs.fitted(3, steps=None, budget=2000, spent=0.0)
    short = costs.fitted(3, steps=None, budget=250, spent=0.0)

    # Three trials of a third, 133 steps, are one training more: 3 × 533 = 1,599 s, and 8 s to begin, of 88 % of 2,000.
    assert (long.steps, long.seeds, long.seconds, long.cpu_seconds) == (400, 3, 1607, 799.5)
    assert (short.steps, short.seeds, short.left_out) == (40, 3, ())
    assert costs.fitted(3, steps=None, budget=160, spent=0.0).left_out == (2,)
    assert costs.fitted(3, steps=77, budget=None, spent=0.0).steps == 77
    assert costs.cell(Cell("detection", "frozen", 0, 0.001), short) == 13
    with pytest.raises(ArgumentError, match="90 s are not enough"):
        costs.fitted(3, steps=None, budget=90, spent=0.0)

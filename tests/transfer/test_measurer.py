"""Measurer cells for real, with a small random network on generated photos: what is drawn, and that it repeats."""

import gc
import json
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from facerec.errors import ArgumentError
from facerec.learning.team import Team, Teamwork
from facerec.networks.backbone import load_backbone
from facerec.transfer import measurer
from facerec.transfer.cells import Cell, Late
from facerec.transfer.cost import PeakMemory, Speed, macs_at, step_seconds
from facerec.transfer.draws import Draws
from facerec.transfer.features import Features
from facerec.transfer.grid import Settings
from facerec.transfer.image_set import ImageSet
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.measurer import Measurer
from facerec.transfer.results import COLUMNS
from facerec.transfer.speed import measure_speed
from facerec.transfer.trained import predict

SETTINGS = Settings(32, 1, 2, 1)
NAME = "resnet18.none"


def write_photos(folder, per_class=14, classes=("blue", "green", "red")):
    """A folder per class with photos that its colour tells apart."""
    random = np.random.default_rng(3)
    for channel, name in enumerate(reversed(classes)):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = random.integers(0, 90, (40, 48, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three classes of fourteen photos."""
    return write_photos(tmp_path_factory.mktemp("photos") / "colours")


@pytest.fixture(scope="module")
def measuring(photos):
    """A measuring of the random network, nothing kept on disk."""
    backbone = load_backbone("resnet18", weights="none")
    return Measurer(read_image_set(photos), {NAME: backbone}, test=0.25, device="cpu", features=None)


@pytest.mark.parametrize("protocol", ["linear", "knn", "centroid", "scratch"])
def test_a_cell_gives_probabilities_and_repeats(measuring, photos, tmp_path, protocol):
    """Rows sum to 1, costs are counted, and another measuring gives the same bytes."""
    cell = Cell(NAME, protocol, 3, 1)
    engines = {NAME: measuring.engine(NAME)}  # which one is faster is timed, and a busy machine may find the other
    again = Measurer(
        measuring.image_set, measuring.backbones, test=0.25, device="cpu", features=tmp_path / "f", engines=engines
    )

    first, second = (
        each.measure(cell, SETTINGS, checkpoint=tmp_path / f"{number}.checkpoint", deadline=None)
        for number, each in enumerate((measuring, again))
    )

    assert first.scores.shape == (len(measuring.labels), 3)
    assert first.scores.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert first.scores.tobytes() == second.scores.tobytes()
    assert first.chosen == second.chosen
    assert first.weights == "none"
    assert first.macs == macs_at(measuring.backbones[NAME].macs, 224, 32)
    assert first.learning_macs >= first.macs * (first.train_photos + first.validation_photos)
    assert bool(first.history) == cell.trained


def test_lp_ft_starts_from_the_linear_probe(measuring, tmp_path):
    """It is a training with a history, and pays for the probe's features, too."""
    linear, tuned = (
        measuring.measure(Cell(NAME, p, 3, 0), SETTINGS, checkpoint=tmp_path / "c.checkpoint", deadline=None)
        for p in ("linear", "lp-ft")
    )

    assert tuned.history
    assert tuned.learning_macs > linear.learning_macs


def test_a_deadline_that_has_passed_gives_no_outcome(measuring, tmp_path):
    """The training stops, and nobody takes it for a result."""
    longer = Settings(32, 2, 4, 1)

    found = measuring.measure(
        Cell(NAME, "scratch", 1, 0), longer, checkpoint=tmp_path / "late.checkpoint", deadline=0.0
    )

    assert isinstance(found, Late)
    assert found.seconds >= 0


def test_predictions_grow_with_the_work(measuring, monkeypatch):
    """A training of more photos is expected to take longer, and so is one of larger photos; features likewise."""
    monkeypatch.setattr("facerec.transfer.measurer.measure_speed", lambda *_, **__: Speed(1e10, 1e10, 1.0, 1e-9))
    small, large = Settings(32, 4, 0, 1), Settings(64, 4, 0, 1)
    few, many = (measuring.predict(Cell(NAME, "scratch", shots, 0), small) for shots in (1, None))

    assert 1 < few < many < measuring.predict(Cell(NAME, "scratch", None, 0), large)
    assert measuring.shared(NAME, large) == pytest.approx(4 * measuring.shared(NAME, small), rel=1e-6)


def test_this_machine_has_a_speed(measuring):
    """A few real batches are timed, and every speed is above zero."""
    speed = measure_speed(
        measuring.backbones[NAME], measuring.image_set, measuring.draws.splits.train, device="cpu", photos=4
    )

    assert speed.forward > 0
    assert speed.training > 0
    assert speed.probe > 0


def test_memory_of_a_block_is_seen():
    """The peak since the start of the block holds what was allocated in it."""
    gc.collect()  # what other tests left must not be given back in between
    memory = PeakMemory("cpu")
    before = memory.read()
    block = np.ones(400_000_000, np.uint8)  # far beyond what the process may just have given back

    assert memory.read() >= before + 0.5 * block.nbytes


def test_steps_are_timed_without_the_first():
    """The first steps warm up."""
    assert step_seconds([0, 9, 10, 11, 12]) == 1


@pytest.mark.parametrize("protocol", ["linear", "fine-tune"])
def test_corrupted_photos_are_looked_at_corrupted(measuring, tmp_path, protocol, monkeypatch):
    """Answers to them are others than to the photos as they are; where nothing is corrupted, they are the same."""
    cell = Cell(NAME, protocol, 3, 0)

    def both(name):
        fresh = Measurer(measuring.image_set, measuring.backbones, test=0.25, device="cpu", features=None)
        found = fresh.measure(cell, SETTINGS, checkpoint=tmp_path / name, deadline=None)
        return found.scores, found.corrupted

    scores, corrupted = both("one")
    for module in ("photos", "corruption"):
        monkeypatch.setattr(f"facerec.transfer.{module}.corrupted", lambda photo, _digest: photo)
    again, untouched = both("other")

    assert scores.shape == corrupted.shape
    assert np.abs(scores - corrupted).max() > 1e-4
    np.testing.assert_allclose(again, scores, atol=1e-6)
    np.testing.assert_allclose(untouched, again, atol=1e-5)


def test_a_cells_seed_reaches_its_training(photos, tmp_path):
    """With given parts two seeds learn from the same photos, and differ in every draw of the training."""
    image_set = read_image_set(photos)
    parts = np.array(["train", "train", "validation", "test"] * len(image_set))[: len(image_set)]
    given = replace(image_set, parts=tuple(parts.tolist()))
    backbones = {NAME: load_backbone("resnet18", weights="none")}
    work = Measurer(given, backbones, test=0.25, device="cpu", features=None)
    cells = [Cell(NAME, "fine-tune", None, seed) for seed in (0, 1)]

    first, second = (
        work.measure(cell, SETTINGS, checkpoint=tmp_path / str(cell.seed), deadline=None) for cell in cells
    )

    assert np.array_equal(work.draws.of(cells[0]).train, work.draws.of(cells[1]).train)
    assert not np.array_equal(first.scores, second.scores)
    assert work.identity(cells[0], SETTINGS)["recipes"] != work.identity(cells[1], SETTINGS)["recipes"]


def test_the_time_alone_is_that_of_all_runs_of_a_training(measuring, tmp_path, monkeypatch):
    """A training that was cut off brings its earlier seconds along; each that is tried counts."""
    cell, settings = Cell(NAME, "scratch", 2, 0), replace(SETTINGS, trials=2)
    trained = measuring.train_together

    def long_ago(*words, **named):
        return replace(trained(*words, **named), seconds=1000.0)

    monkeypatch.setattr(measuring, "train_together", long_ago)

    found = measuring.measure(cell, settings, checkpoint=tmp_path / "state", deadline=None)

    assert 2000 < found.alone_seconds < 2100


class TestWithKnownFeatures:
    """A measuring whose features are given: what of them is learned from, chosen on and answered to."""

    dimension = 4

    @pytest.fixture
    def features(self):
        """Vectors of the photos as they are, and of the test photos corrupted; 1000 and 70 seconds."""
        random = np.random.default_rng(5)
        return {
            False: random.normal(size=(42, self.dimension)).astype(np.float32),
            True: random.normal(size=(12, self.dimension)).astype(np.float32),
        }

    @pytest.fixture
    def make(self, photos, features, monkeypatch):
        """Makes measurers; what is computed is written down."""
        image_set = read_image_set(photos)
        self.asked = []

        def extract(backbone, images, *, size, indices, corrupt, engine, **_):
            self.asked.append((backbone.name, size, corrupt, engine))
            assert images is image_set
            if corrupt:
                assert np.array_equal(indices, Draws(image_set, test=0.25).splits.test)
            else:
                assert indices is None
            return Features(features[corrupt], "k", 70.0 if corrupt else 1000.0, cached=False)

        monkeypatch.setattr(measurer, "extract", extract)

        def made(**options):
            backbone = SimpleNamespace(
                name="net",
                architecture="plain",
                weights_sha256="abcdef0123" * 6,
                dimension=self.dimension,
                parameters=1000,
                macs=10**6,
                resizable=True,
                preprocessing=load_backbone("resnet18", weights="none").preprocessing,
            )
            usual = {"test": 0.25, "device": "cpu", "features": None, "engines": {"net": "torch"}}
            return Measurer(image_set, {"net": backbone}, **(usual | options))

        return made

    def test_probes_learn_from_train_alone_and_answer_to_the_test_photos(self, make, features, tmp_path):
        """The nearest class means of the photos to learn from, by hand; of both kinds of test photos."""
        work, cell = make(), Cell("net", "centroid", 4, 2)
        labels, drawn = work.image_set.labels, work.draws.of(cell)
        units = features[False] / np.linalg.norm(features[False], axis=1, keepdims=True)
        means = np.stack([units[drawn.train][labels[drawn.train] == label].mean(0) for label in range(3)])
        means /= np.linalg.norm(means, axis=1, keepdims=True)

        found = work.measure(cell, SETTINGS, checkpoint=tmp_path / "none", deadline=None)

        def by_hand(vectors):
            cosines = vectors @ means.T / np.linalg.norm(vectors, axis=1, keepdims=True)
            shares = np.exp(cosines / 0.07)
            return shares / shares.sum(1, keepdims=True)

        np.testing.assert_allclose(found.scores, by_hand(features[False][drawn.test]), atol=1e-4)
        np.testing.assert_allclose(found.corrupted, by_hand(features[True]), atol=1e-4)
        right = by_hand(features[False][drawn.validation]).argmax(1) == labels[drawn.validation]
        assert found.validation_accuracy == pytest.approx(right.mean())
        assert (found.train_photos, found.validation_photos) == (len(drawn.train), len(drawn.validation))

    @pytest.mark.parametrize(("protocol", "more"), [("linear", (4 + 1) * 3), ("centroid", 4 * 3), ("knn", 0)])
    def test_what_a_probe_costs_is_counted(self, make, tmp_path, protocol, more):
        """Its share of the features, all of the corrupted ones; its own parameters; one pass for what it learns."""
        work, cell = make(), Cell("net", protocol, 2, 0)
        drawn = work.draws.of(cell)
        photos = [len(each) for each in (drawn.train, drawn.validation, drawn.test)]
        assert len(set(photos)) > 1

        found = work.measure(cell, SETTINGS, checkpoint=tmp_path / "none", deadline=None)

        share = 1000 * sum(photos) / 42 + 70
        assert share < found.alone_seconds < share + 30
        assert found.parameters == 1000 + more
        assert found.macs == macs_at(10**6, 224, 32)
        assert found.learning_macs == found.macs * (photos[0] + photos[1])
        assert found.weights == "abcdef01"
        assert found.tried == {"linear": 45, "centroid": 1, "knn": 3}[protocol]  # six photos: 1, 3 and 5 neighbours
        assert list(found.chosen) == {"linear": ["C"], "centroid": [], "knn": ["k"]}[protocol]

    def test_features_are_computed_once_for_all_cells(self, make, tmp_path):
        """Both kinds, at the size of the settings, by the engine that was given."""
        work = make(engines={"net": "onnxruntime"})
        for cell in (Cell("net", "knn", 2, 0), Cell("net", "centroid", None, 1)):
            work.measure(cell, SETTINGS, checkpoint=tmp_path / "none", deadline=None)

        assert self.asked == [("net", 32, False, "onnxruntime"), ("net", 32, True, "onnxruntime")]
        work.measure(Cell("net", "knn", 2, 0), Settings(48, 1, 2, 1), checkpoint=tmp_path / "none", deadline=None)
        assert [size for _, size, *_ in self.asked] == [32, 32, 48, 48]

    def test_two_processes_fit_what_one_would(self, make, tmp_path):
        """Each fits every other probe, and the first has them all in the end, its own fit and the other's."""
        cells = [Cell("net", name, shots, 0) for name in ("linear", "knn", "centroid") for shots in (2, None)][:5]
        store = torch.distributed.HashStore()
        first, second = (make(teamwork=Teamwork(Team(rank, 2, store))) for rank in (0, 1))
        alone = make()

        def follow():
            what, request, _ = next(second._teamwork.asked())
            assert what == "probes"
            second.fit_together([Cell(**each) for each in request["cells"]], Settings(**request["settings"]))

        other = threading.Thread(target=follow, daemon=True)
        other.start()
        first.share(cells, SETTINGS)
        other.join(30)

        assert not second._fitted
        assert set(first._fitted) == set(cells)
        for cell in cells:
            one, other = (
                each.measure(cell, SETTINGS, checkpoint=tmp_path / "none", deadline=None) for each in (first, alone)
            )
            np.testing.assert_array_equal(one.scores, other.scores)
            np.testing.assert_array_equal(one.corrupted, other.corrupted)
            for name in ("validation_accuracy", "chosen", "tried", "converged", "parameters"):
                assert getattr(one, name) == getattr(other, name)
        assert not first._fitted  # each is used once

    def test_the_identity_is_of_everything_that_an_outcome_depends_on(self, make):
        """One thing changed, another identity; and a training does not care what computes features."""
        cell = Cell("net", "lp-ft", 2, 0)

        def identity(cell=cell, settings=SETTINGS, changed=None, **options):
            work = make(**options)
            for name, value in (changed or {}).items():
                setattr(work.backbones["net"], name, value)
            return json.dumps(work.identity(cell, settings), sort_keys=True)

        usual = identity()
        others = [
            identity(settings=replace(SETTINGS, size=48)),
            identity(settings=replace(SETTINGS, epochs=2)),
            identity(settings=replace(SETTINGS, least_steps=3)),
            identity(settings=replace(SETTINGS, trials=2)),
            identity(test=0.3),
            identity(engines={"net": "onnxruntime"}),
            identity(changed={"weights_sha256": "f" * 60}),
            identity(changed={"architecture": "other"}),
            *(
                identity(cell=replace(cell, **{name: value}))
                for name, value in (("seed", 1), ("shots", 3), ("protocol", "fine-tune"))
            ),
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("facerec.transfer.corruption.VERSION", "other corruptions")
            others.append(identity())
        assert len({usual, *others}) == len(others) + 1
        work = make()
        work.image_set = replace(work.image_set, digests=("f" * 64, *work.image_set.digests[1:]))
        assert json.dumps(work.identity(cell, SETTINGS), sort_keys=True) != usual
        for protocol, matters in (("fine-tune", False), ("linear", True)):
            found = {
                identity(cell=replace(cell, protocol=protocol), engines={"net": e}) for e in ("torch", "onnxruntime")
            }
            assert len(found) == (2 if matters else 1)

    def test_seconds_are_predicted_by_hand(self, make, monkeypatch):
        """A network of a hundred multiply-adds a photo on a machine of a thousand a second."""
        asked = []

        def speed_of(backbone, images, photos, *, device, engine, training, before_training):
            assert (backbone.name, len(images), device, engine) == ("net", 42, "cpu", "torch")
            asked.append((photos.tolist(), training))
            before_training()
            return Speed(forward=1000.0, training=500.0, start=3.0, probe=0.001)

        monkeypatch.setattr(measurer, "measure_speed", speed_of)
        team = SimpleNamespace(ask=lambda what, **request: requests.append((what, request)))
        work, settings, requests = make(teamwork=team), Settings(224, 4, 0, 2), []
        work.backbones["net"].macs = 100
        drawn = work.draws.of(Cell("net", "scratch", 2, 0))
        train, validation, test = (len(each) for each in (drawn.train, drawn.validation, drawn.test))

        assert work.shared("net", settings) == pytest.approx((42 + test) * 100 / 1000)
        probe = work.predict(Cell("net", "linear", 2, 0), settings)
        factor = 4 if train > 4 else 1  # photos are more than features
        assert probe == pytest.approx(factor * 0.001 * (train + validation) * 4 * 3, abs=0.1)
        assert asked == [(work.draws.splits.train.tolist(), False)]
        trained = work.predict(Cell("net", "scratch", 2, 0), settings)
        one = 3 + 4 * train * 3 * 100 / 500 + 4 * validation * 100 / 500
        assert trained == pytest.approx(2 * one + 2 * test * 100 / 500)
        assert [training for _, training in asked] == [False, True]
        work.predict(Cell("net", "linear", 2, 0), settings)
        assert len(asked) == 2  # timed once for both
        assert requests == [("speed", {"backbone": "net"})] * 2

    def test_a_network_is_told_at_the_size_that_is_used(self, make):
        """Its own name, weights and parameters; input and multiply-adds of the settings' size."""
        found = make().provenance("net", Settings(112, 1, 1, 1))

        assert (found.name, found.weights_sha256, found.parameters) == ("net", "abcdef0123" * 6, 1000)
        assert (found.size, found.macs) == (112, 250_000)
        assert found.preprocessing == make().backbones["net"].preprocessing.at(112).text

    def test_a_line_of_the_table_has_the_engine_and_the_pixels(self, make, tmp_path):
        """Of the network that the cell is of."""
        work = make(engines={"net": "onnxruntime"})
        outcome = work.measure(Cell("net", "knn", 2, 0), SETTINGS, checkpoint=tmp_path / "none", deadline=None)

        line = dict(zip(COLUMNS, work.row(outcome, SETTINGS), strict=True))

        assert (line["data"], line["engine"], line["pixels"], line["n_test"]) == ("colours", "onnxruntime", 32, 12)
        assert line["accuracy"] == (outcome.predicted == work.image_set.labels[work.draws.splits.test]).mean()

    def test_the_faster_engine_is_asked_for_once(self, make, monkeypatch):
        """With all photos and the corrupted test photos that it will compute."""
        asked = []
        monkeypatch.setattr(
            measurer, "fastest_engine", lambda *words: asked.append((words[2], words[3].type)) or "onnxruntime"
        )
        work = make(engines=None)

        assert [work.engine("net") for _ in range(2)] == ["onnxruntime"] * 2
        assert asked == [(42 + 12, "cpu")]
        assert work.engines == {"net": "onnxruntime"}

    def test_batches_that_a_team_cannot_share_are_refused(self, make):
        """Three classes with one photo each are batches of three: for three processes, and not for four."""
        for size, refused in ((3, False), (4, True)):
            work = make(teamwork=Teamwork(Team(0, size, torch.distributed.HashStore())))
            work.check_team(["linear", "knn"], [1, None], 2, SETTINGS)
            work.check_team(["fine-tune"], [2, None], 2, SETTINGS)
            if refused:
                with pytest.raises(ArgumentError, match="fine-tune with 1 shot has batches of 3 photos, which 4 proc"):
                    work.check_team(["linear", "fine-tune"], [None, 1], 2, SETTINGS)
            else:
                work.check_team(["linear", "fine-tune"], [None, 1], 2, SETTINGS)

    def test_batches_of_every_seed_are_looked_at(self, make):
        """People of many photos each: seeds leave different numbers to learn from, and the fewest must be enough."""
        sizes = (5, 4, 3, 2, 1, 1)
        who = [f"{label} {person}" for label in (0, 1) for person, size in enumerate(sizes) for _ in range(size)]
        names = tuple(f"{number}.png" for number in range(32))
        digests = tuple(f"{number:064x}" for number in range(32))
        labels = np.repeat([0, 1], 16)
        people = ImageSet("p", Path(), names, labels, ("a", "b"), ("",) * 32, digests, columns={"subject": tuple(who)})
        draws = Draws(people, test=0.25)
        counts = [len(draws.of(Cell("net", "gradual", None, seed)).train) for seed in range(6)]
        assert min(counts) < counts[0] <= 32  # one batch each
        work = make(teamwork=Teamwork(Team(0, counts[0], torch.distributed.HashStore())))
        work.draws = draws

        work.check_team(["gradual"], [None], 1, SETTINGS)
        with pytest.raises(ArgumentError, match="gradual with all photos has batches of"):
            work.check_team(["gradual"], [None], 6, SETTINGS)

    def test_known_classes_are_asked_of_what_is_learned_from(self, make, features):
        """A network whose classes all photos but the test ones are of, is known; the warning has its name."""
        work = make()
        labels, splits = work.image_set.labels, work.draws.splits
        features[False][:] = 0
        learned = np.concatenate([splits.train, splits.validation])
        for index in range(42):
            place = labels[index] if index in learned else 3
            features[False][index, place] = 9.0
        network = work.backbones["net"]
        network.classifier, network.classes = torch.nn.Identity, ["w", "x", "y", "z"]

        (told,) = work.known_classes(["net", "net"], SETTINGS)

        assert told.startswith("net: by the network's own answers 3 of 3 classes are ImageNet's: blue ('w' in 100%")
        assert told.endswith(".")
        network.classifier = lambda: None
        assert work.known_classes(["net"], SETTINGS) == ()


def test_of_several_trainings_the_best_on_validation_counts(measuring, tmp_path, monkeypatch):
    """Of equal ones the first; its rate, its curve and its answers; all that were tried are counted."""
    cell, settings = Cell(NAME, "fine-tune", 2, 0), replace(SETTINGS, trials=3)
    trained, made = measuring.train_together, []

    def told(accuracy):
        def train(*words, **named):
            one = trained(*words, **named)
            made.append(replace(one, best=replace(one.best, validation_accuracy=accuracy[len(made)])))
            return made[-1]

        return train

    monkeypatch.setattr(measuring, "train_together", told([0.5, 0.9, 0.9]))

    found = measuring.measure(cell, settings, checkpoint=tmp_path / "state", deadline=None)

    drawn = measuring.draws.of(cell)
    assert found.validation_accuracy == 0.9
    assert found.tried == 3
    assert found.chosen["learning rate"] == made[1].recipe.learning_rate != made[0].recipe.learning_rate
    assert found.chosen["epoch"] == made[1].best.number
    assert [point.training_loss for point in found.history] == [each.training_loss for each in made[1].history]
    assert [point.validation_accuracy for point in found.history] == [
        each.validation_accuracy for each in made[1].history
    ]
    np.testing.assert_array_equal(found.scores, predict(made[1], measuring.image_set, drawn.test))
    backbone = measuring.backbones[NAME]
    assert found.parameters == backbone.parameters + (backbone.dimension + 1) * 3
    one = made[0].recipe
    passes = 3 * (3 * one.plan(len(drawn.train)).images + one.epochs * len(drawn.validation))
    assert found.learning_macs == found.macs * passes


def test_lp_ft_counts_the_features_that_its_probe_is_fitted_on(measuring, tmp_path, monkeypatch):
    """Of the photos to learn from and to choose on, and neither the test photos nor corrupted ones."""
    cell, drawn = Cell(NAME, "lp-ft", 2, 0), measuring.draws.of(Cell(NAME, "lp-ft", 2, 0))
    computed = measuring._computed

    def dear(*words, **named):
        return replace(computed(*words, **named), seconds=42_000.0)

    monkeypatch.setattr(measuring, "_computed", dear)

    found = measuring.measure(cell, SETTINGS, checkpoint=tmp_path / "state", deadline=None)

    share = 1000.0 * (len(drawn.train) + len(drawn.validation))
    assert share < found.alone_seconds < share + 60


def test_scratch_has_no_weights_and_the_others_have(photos):
    """A network with weights is trained from random ones of its architecture; what is measured says so."""
    name = "efficientnet_lite0"
    work = Measurer(
        read_image_set(photos), {name: load_backbone(name)}, test=0.25, device="cpu", features=None, engines={}
    )

    scratch = work.identity(Cell(name, "scratch", 1, 0), SETTINGS)
    tuned = work.identity(Cell(name, "fine-tune", 1, 0), SETTINGS)

    assert scratch["weights"] is None
    assert tuned["weights"] == work.backbones[name].weights_sha256
    assert scratch["architecture"] == tuned["architecture"]

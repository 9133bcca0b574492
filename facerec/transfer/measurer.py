"""Measuring one cell for real: draw its photos, fit or train, choose on validation, look at the test part once."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.batch.claims import Claims
from facerec.device import torch_device
from facerec.errors import ArgumentError
from facerec.learning.recipe import Protocol as TrainedProtocol
from facerec.learning.recipe import Recipe, recipes
from facerec.learning.team import Teamwork
from facerec.networks.backbone import Backbone, load_backbone
from facerec.transfer import corruption
from facerec.transfer.cells import Cell, Late, Outcome, Point, shots_text
from facerec.transfer.cells import Protocol as CellProtocol
from facerec.transfer.cost import Counts, PeakMemory, Speed, learning_macs, macs_at, predicted_seconds
from facerec.transfer.draws import Draws
from facerec.transfer.engines import Engine, fastest_engine
from facerec.transfer.features import Features, extract
from facerec.transfer.grid import Settings
from facerec.transfer.image_set import ImageSet
from facerec.transfer.leakage import known_classes
from facerec.transfer.photos import Photos
from facerec.transfer.probes import Probe, fit_centroid, fit_knn, fit_logistic
from facerec.transfer.provenance import Provenance
from facerec.transfer.results import row
from facerec.transfer.speed import measure_speed, size_for, training_speed
from facerec.transfer.splits import Splits
from facerec.transfer.trained import Trained, predict, train
from facerec.transfer.watch import LateError, Watch


class Measurer:
    """Cells of one image set.

    Parameters
    ----------
    image_set : ImageSet
    backbones : mapping of str to Backbone
        By name.
    test : float
        Share of the photos that is the test part where the data give none, 0 < share < 1.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    features : Path or None
        Folder of computed features; None: they are kept in memory only.
    engines : mapping of str to str, optional
        What computes each backbone's features; the fastest, where it is not said.
    teamwork : Teamwork, optional
        Asks the other processes to help, where there are others.
    """

    def __init__(
        self,
        image_set: ImageSet,
        backbones: Mapping[str, Backbone],
        *,
        test: float,
        device: str,
        features: Path | None,
        engines: Mapping[str, Engine] | None = None,
        teamwork: Teamwork | None = None,
    ) -> None:
        self.image_set = image_set
        self.backbones = dict(backbones)
        self.device = device
        self.progress: Callable[[int, int], None] | None = None
        self.claims: Claims | None = None
        self.draws = Draws(image_set, test=test)
        self._folder = features
        self._teamwork = teamwork or Teamwork()
        self._test_share = test
        self.engines: dict[str, Engine] = dict(engines or {})
        self._features: dict[tuple[str, int, bool], Features] = {}
        self._photos: dict[tuple[str, int], Photos] = {}
        self._fitted: dict[Cell, Fitted] = {}
        self._speeds: dict[tuple[str, bool], Speed] = {}
        self._random: dict[str, Backbone] = {}

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test photos."""
        return self.image_set.labels[self.draws.splits.test]

    def check_team(self, protocols: Sequence[str], shots: Sequence[int | None], seeds: int, settings: Settings) -> None:
        """Refuse batches that have fewer photos than the team has processes, in any draw of so many seeds.

        Raises
        ------
        ArgumentError
            The message names protocol and shots.
        """
        size = self._teamwork.team.size
        name = next(iter(self.backbones))
        for protocol, each, seed in product(protocols, shots, range(seeds)):
            cell = Cell(name, cast("CellProtocol", protocol), each, seed)
            photos = len(self.draws.of(cell).train) if cell.trained else 0
            for tried in self._recipes(cell, settings):
                smallest = photos // tried.plan(photos).batches_per_pass
                if smallest < size:
                    message = (
                        f"{protocol} with {shots_text(each)} has batches of {smallest} photos, which {size} processes "
                        "cannot share; start fewer processes, or ask for more shots"
                    )
                    raise ArgumentError(message)

    def identity(self, cell: Cell, settings: Settings) -> dict[str, Any]:
        """Everything that the outcome of a cell depends on."""
        backbone = self._backbone(cell)
        return {
            "data": self.image_set.digest,
            "test": self._test_share,
            "weights": backbone.weights_sha256,
            "architecture": backbone.architecture,
            "preprocessing": backbone.preprocessing.at(size_for(backbone, settings)).text,
            "cell": [cell.backbone, cell.protocol, cell.shots, cell.seed],
            "engine": None if cell.trained and cell.protocol != "lp-ft" else self.engine(cell.backbone),
            "corrupted": corruption.VERSION,
            "recipes": [each.text for each in self._recipes(cell, settings)],
        }

    def predict(self, cell: Cell, settings: Settings) -> float:
        """The seconds that a cell will take, without its backbone's features."""
        backbone = self.backbones[cell.backbone]
        photos = self.draws.of(cell)
        tried = self._recipes(cell, settings)
        return predicted_seconds(
            cell,
            Counts(len(photos.train), len(photos.validation), len(photos.test)),
            self.speed(cell.backbone, training=cell.trained),
            macs=self._macs(backbone, settings),
            dimension=backbone.dimension,
            classes=len(self.image_set.classes),
            recipe=tried[0] if tried else None,
            trials=len(tried),
        )

    def shared(self, backbone: str, settings: Settings) -> float:
        """The seconds that a backbone's features will take."""
        chosen = self.backbones[backbone]
        photos = len(self.image_set) + len(self.draws.splits.test)  # the test photos corrupted, too
        return photos * self._macs(chosen, settings) / self.speed(backbone).forward

    def engine(self, backbone: str) -> Engine:
        """What computes a backbone's features: the fastest on this machine, unless it was said."""
        if backbone not in self.engines:
            chosen = self.backbones[backbone]
            photos = len(self.image_set) + len(self.draws.splits.test)
            where = torch_device(self.device)
            self.engines[backbone] = fastest_engine(chosen, chosen.preprocessing, photos, where)
        return self.engines[backbone]

    def speed(self, backbone: str, *, training: bool = False) -> Speed:
        """What this machine does with a backbone, timed on a few of the photos when it is first asked."""
        found = self._speeds.get((backbone, True)) or self._speeds.get((backbone, training))
        if found is None:
            found = measure_speed(
                self.backbones[backbone],
                self.image_set,
                self.draws.splits.train,
                device=self.device,
                engine=self.engine(backbone),
                training=training,
                before_training=lambda: self._teamwork.ask("speed", backbone=backbone),
            )
            self._speeds[backbone, training] = found
        return found

    def training_speed(self, backbone: str) -> None:
        """Take part in the training that the first process times in `speed`."""
        training_speed(self.backbones[backbone], self.image_set, self.draws.splits.train, device=self.device)

    def provenance(self, backbone: str, settings: Settings) -> Provenance:
        """Which network that is, at the size that is used."""
        chosen = self.backbones[backbone]
        size = size_for(chosen, settings)
        return Provenance(
            name=chosen.name,
            weights_sha256=chosen.weights_sha256,
            preprocessing=chosen.preprocessing.at(size).text,
            parameters=chosen.parameters,
            macs=self._macs(chosen, settings),
            size=size,
        )

    def measure(self, cell: Cell, settings: Settings, *, checkpoint: Path, deadline: float | None) -> Outcome | Late:
        """Measure a cell; `Late` where it would not end before the deadline."""
        memory = PeakMemory(self.device)
        began = time.perf_counter()
        photos = self.draws.of(cell)
        if cell.trained:
            try:
                return self._train(cell, settings, photos, memory, began, checkpoint=checkpoint, deadline=deadline)
            except LateError as late:
                return Late(late.seconds)
        fitted = self._fitted.pop(cell, None) or self._fit_cell(cell, settings, photos)
        backbone = self.backbones[cell.backbone]
        classes = len(self.image_set.classes)
        extra = {"linear": (backbone.dimension + 1) * classes, "centroid": backbone.dimension * classes}
        return self._outcome(
            cell,
            settings,
            photos,
            scores=fitted.scores,
            corrupted=fitted.corrupted,
            validation_accuracy=fitted.validation_accuracy,
            chosen=fitted.chosen,
            tried=fitted.tried,
            converged=fitted.converged,
            parameters=backbone.parameters + extra.get(cell.protocol, 0),
            # What others of the same backbone share counts in each, for the photos that each uses.
            alone_seconds=self._features_seconds(cell, settings, photos) + fitted.seconds,
            peak_memory=memory.read(),
        )

    def share(self, cells: Sequence[Cell], settings: Settings) -> None:
        """Have all processes of a team compute features and fit these probes; alone, nothing happens."""
        if self._teamwork.team.size == 1:
            return
        self._teamwork.ask("probes", cells=[asdict(cell) for cell in cells], settings=asdict(settings))
        self.fit_together(cells, settings)

    def fit_together(self, cells: Sequence[Cell], settings: Settings) -> None:
        """Take part in what the first process asks for in `share`; it gets what all have fitted."""
        team = self._teamwork.team
        for name in dict.fromkeys(cell.backbone for cell in cells):
            for corrupt in (False, True):
                self._computed(name, settings, corrupt=corrupt, asked=True)
        for number, cell in enumerate(cells):
            if number % team.size == team.rank:
                self._fitted[cell] = self._fit_cell(cell, settings, self.draws.of(cell))
        for number, cell in enumerate(cells):
            owner = number % team.size
            if owner and team.rank == owner:
                self._teamwork.hand_in(number, self._fitted.pop(cell).packed())
            elif owner and team.rank == 0:
                self._fitted[cell] = Fitted.unpacked(self._teamwork.handed_in(number))

    def _fit_cell(self, cell: Cell, settings: Settings, photos: Splits) -> Fitted:
        found = self._computed(cell.backbone, settings)
        corrupt = self._computed(cell.backbone, settings, corrupt=True)
        began = time.perf_counter()
        probe = self._fit(cell, found, photos)
        scores = probe.scores(found.vectors[photos.test]).astype(np.float32)
        return Fitted(
            scores=scores,
            corrupted=probe.scores(corrupt.vectors).astype(np.float32),
            validation_accuracy=float(probe.validation_accuracy),
            chosen={name: float(value) for name, value in probe.chosen.items()},
            tried=max(1, len(probe.tried)),
            converged=bool(probe.converged),
            seconds=time.perf_counter() - began,
        )

    def _features_seconds(self, cell: Cell, settings: Settings, photos: Splits, *, tested: bool = True) -> float:
        used = len(photos.train) + len(photos.validation) + len(photos.test) * tested
        seconds = self._computed(cell.backbone, settings).seconds * used / len(self.image_set)
        return seconds + (self._computed(cell.backbone, settings, corrupt=True).seconds if tested else 0.0)

    def _train(
        self,
        cell: Cell,
        settings: Settings,
        photos: Splits,
        memory: PeakMemory,
        began: float,
        *,
        checkpoint: Path,
        deadline: float | None,
    ) -> Outcome:
        backbone = self._backbone(cell)
        held = self._held(backbone, size_for(backbone, settings))
        probe, features_seconds = None, 0.0
        if cell.protocol == "lp-ft":
            found = self._computed(cell.backbone, settings)
            features_seconds = self._features_seconds(cell, settings, photos, tested=False)
            began = time.perf_counter()
            probe = self._fit(replace(cell, protocol="linear"), found, photos)
        best: Trained | None = None
        prepared, trained_seconds = time.perf_counter() - began, 0.0
        tried = self._recipes(cell, settings)
        for number in range(len(tried)):
            self._teamwork.ask(
                "train",
                None if probe is None else probe.weights,
                cell=asdict(cell),
                settings=asdict(settings),
                number=number,
                checkpoint=str(checkpoint),
                watched=deadline is not None,
            )
            trained = self.train_together(
                cell, settings, number, probe, checkpoint=checkpoint, watched=deadline is not None, deadline=deadline
            )
            trained_seconds += trained.seconds
            if best is None or trained.validation_accuracy > best.validation_accuracy:
                best = trained
        assert best is not None  # noqa: S101 - there is at least one recipe
        tested = time.perf_counter()
        scores = predict(best, self.image_set, photos.test, photos=held)
        other = Photos(self.image_set, held.preprocessing, held_bytes=0, corrupt=True)
        corrupted = predict(best, self.image_set, photos.test, photos=other)
        classes = len(self.image_set.classes)
        return self._outcome(
            cell,
            settings,
            photos,
            scores=np.asarray(scores, np.float32),
            corrupted=np.asarray(corrupted, np.float32),
            validation_accuracy=float(best.validation_accuracy),
            chosen={
                "learning rate": best.recipe.learning_rate,
                "weight decay": best.recipe.weight_decay,
                "batch norm": best.recipe.batch_norm,
                "epoch": best.best.number,
            },
            tried=len(tried),
            history=tuple(
                Point(each.number, each.steps, float(each.training_loss), float(each.validation_accuracy))
                for each in best.history
            ),
            parameters=backbone.parameters + (backbone.dimension + 1) * classes,
            # A training that was cut off and gone on with counts all of its runs.
            alone_seconds=features_seconds + prepared + trained_seconds + time.perf_counter() - tested,
            peak_memory=memory.read(),
        )

    def train_together(
        self,
        cell: Cell,
        settings: Settings,
        number: int,
        probe: Probe | None,
        *,
        checkpoint: Path,
        watched: bool,
        deadline: float | None,
    ) -> Trained:
        """Train a cell by one of its recipes, with all processes of the team.

        Parameters
        ----------
        cell : Cell
        settings : Settings
        number : int
            Which of the recipes.
        probe : Probe or None
            Where ``lp-ft`` starts.
        checkpoint : Path
            Of the cell.
        watched : bool
            Whether there is a deadline.
        deadline : float or None
            A reading of the first process's ``time.monotonic()``; the others need none.

        Raises
        ------
        LateError
            In all processes, if the first one sees that the training cannot end before its deadline.
        """
        backbone = self._backbone(cell)
        return train(
            backbone,
            self.image_set,
            self.draws.of(cell),
            self._recipes(cell, settings)[number],
            probe=probe,
            checkpoint=checkpoint.with_name(f"{checkpoint.stem}-{number}.checkpoint"),
            photos=self._held(backbone, size_for(backbone, settings)),
            device=self.device,
            progress=self._watch(cell, settings, number, deadline) if watched else None,
        )

    def _watch(self, cell: Cell, settings: Settings, number: int, deadline: float | None) -> Watch:
        trainings = len(self._recipes(cell, settings))
        return Watch(deadline, self._teamwork.team, self.device, number=number, trainings=trainings)

    def _outcome(self, cell: Cell, settings: Settings, photos: Splits, **measured: Any) -> Outcome:  # noqa: ANN401
        backbone = self._backbone(cell)
        macs = self._macs(backbone, settings)
        tried = self._recipes(cell, settings)
        counts = Counts(len(photos.train), len(photos.validation), len(photos.test))
        return Outcome(
            cell=cell,
            weights=(backbone.weights_sha256 or "none")[:8],
            train_photos=len(photos.train),
            validation_photos=len(photos.validation),
            macs=macs,
            learning_macs=learning_macs(cell, counts, macs, tried[0] if tried else None, len(tried)),
            **measured,
        )

    def _fit(self, cell: Cell, found: Features, photos: Splits) -> Probe:
        labels = self.image_set.labels
        fit: Callable[..., Probe] = {"linear": fit_logistic, "knn": fit_knn, "centroid": fit_centroid}[cell.protocol]
        return fit(
            found.vectors[photos.train],
            labels[photos.train],
            found.vectors[photos.validation],
            labels[photos.validation],
            classes=len(self.image_set.classes),
            refit=False,  # a training does not learn from the validation photos either
        )

    def _recipes(self, cell: Cell, settings: Settings) -> tuple[Recipe, ...]:
        if not cell.trained:
            return ()
        return recipes(
            cast("TrainedProtocol", cell.protocol),
            settings.trials,
            epochs=settings.epochs,
            least_steps=settings.least_steps,
            size=size_for(self.backbones[cell.backbone], settings),
            seed=cell.seed,
        )

    def _backbone(self, cell: Cell) -> Backbone:
        """The backbone of a cell: one without weights where it is trained from scratch."""
        chosen = self.backbones[cell.backbone]
        if cell.protocol != "scratch" or chosen.weights_sha256 is None:
            return chosen
        if cell.backbone not in self._random:
            self._random[cell.backbone] = load_backbone(chosen.architecture, weights="none")
        return self._random[cell.backbone]

    def _macs(self, backbone: Backbone, settings: Settings) -> int:
        return macs_at(backbone.macs, backbone.preprocessing.crop, size_for(backbone, settings))

    def _computed(self, name: str, settings: Settings, *, corrupt: bool = False, asked: bool = False) -> Features:
        """A backbone's features of all photos, or of the test photos, corrupted; by all processes of the team.

        Others who measure into the same folder wait for whoever computes them, and find them in the cache.
        """
        backbone = self.backbones[name]
        key = name, size_for(backbone, settings), corrupt
        if key not in self._features:
            if not asked:
                self._teamwork.ask("features", backbone=name, settings=asdict(settings), corrupt=corrupt)
            claimed = hashlib.sha256(repr(key).encode()).hexdigest()
            with nullcontext() if self.claims is None else self.claims.alone(claimed):
                self._features[key] = extract(
                    backbone,
                    self.image_set,
                    size=key[1],
                    indices=self.draws.splits.test if corrupt else None,
                    corrupt=corrupt,
                    engine=self.engine(name),
                    device=self.device,
                    cache=self._folder,
                    team=self._teamwork.team,
                    progress=self.progress,
                )
        return self._features[key]

    def compute_together(self, backbone: str, settings: Settings, *, corrupt: bool) -> None:
        """Take part in features that the first process asks for."""
        self._computed(backbone, settings, corrupt=corrupt, asked=True)

    def known_classes(self, backbones: Iterable[str], settings: Settings) -> tuple[str, ...]:
        """Which classes these networks take for ImageNet's, in their answers to what is learned from; warnings."""
        learned = np.concatenate([self.draws.splits.train, self.draws.splits.validation])
        told: dict[str, str] = {}
        for name in backbones:
            classifier, names = self.backbones[name].classifier(), self.backbones[name].classes
            if classifier is None or names is None:
                continue
            with torch.inference_mode():
                logits = classifier(torch.from_numpy(self._computed(name, settings).vectors[learned]))
            known = known_classes(
                logits.softmax(1).numpy(), names, self.image_set.labels[learned], self.image_set.classes
            )
            told |= {known: f"{name}: {known}."} if known else {}
        return tuple(told.values())

    def row(self, outcome: Outcome, settings: Settings) -> tuple[str | int | float, ...]:
        """A line of ``results.csv``."""
        cell = outcome.cell
        pixels = size_for(self.backbones[cell.backbone], settings)
        return row(outcome, self.labels, data=self.image_set.name, engine=self.engine(cell.backbone), pixels=pixels)

    def _held(self, backbone: Backbone, size: int) -> Photos:
        preprocessing = backbone.preprocessing.at(size)
        key = (preprocessing.text, size)
        if key not in self._photos:
            self._photos = {key: Photos(self.image_set, preprocessing)}  # one at a time: they may fill a gigabyte
        return self._photos[key]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a probe says of the test photos, and how it was chosen; attributes as `Outcome` has them."""

    scores: NDArray[np.float32]
    corrupted: NDArray[np.float32]
    validation_accuracy: float
    chosen: Mapping[str, float]
    tried: int
    converged: bool
    seconds: float

    def packed(self) -> tuple[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """As processes hand it to each other."""
        told = {
            name: getattr(self, name) for name in ("validation_accuracy", "chosen", "tried", "converged", "seconds")
        }
        return json.dumps(told), (self.scores, self.corrupted)

    @staticmethod
    def unpacked(packed: tuple[str, tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Fitted:
        """What `packed` gave."""
        return Fitted(*packed[1], **json.loads(packed[0]))

"""The bench as one call: from a folder of photos to a folder of results."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facerec.batch.claims import Claims, Owner
from facerec.errors import ArgumentError, TransferError
from facerec.meant import did_you_mean
from facerec.networks.pretrained import NONE, pretrained
from facerec.photos.left_out import counts
from facerec.transfer.cell_queue import Measured, measure_all, plan_document, read_plan
from facerec.transfer.cells import Outcome, Protocol
from facerec.transfer.grid import Plan, Settings, choose, uses_features
from facerec.transfer.grid import groups as cells_of
from facerec.transfer.image_set import ImageSet
from facerec.transfer.leakage import find_leakage
from facerec.transfer.provenance import Provenance, command_of, versions, without_names
from facerec.transfer.results import Results, claims_in
from facerec.visible_text import quoted

if TYPE_CHECKING:
    from facerec.learning.team import Teamwork
    from facerec.transfer.measurer import Measurer

DEFAULT_PROTOCOLS: tuple[Protocol, ...] = ("linear", "knn", "centroid", "fine-tune", "lp-ft", "scratch")
"""What is compared where nothing is asked for."""

DEFAULT_SHOTS = (1, 5, 20, None)
"""Photos per class where nothing is asked for, as far as the data have them; None: all."""

DEFAULT_SEEDS = 3
"""Where nothing is asked for and no budget is given."""

PREDICTION_COLUMNS = ("subject", "label", "prediction", "seed")
"""Of a table of predictions, before its groups."""

SEEDS_IN_BUDGET = 5
"""With a budget; as many of them as fit."""

# From the best to the cheapest: with a budget, the first whose question fits. Trainings become shorter before photos
# become smaller, because small photos cost every method accuracy.
_LADDER = (
    Settings(None, 10, 60, 3),
    Settings(None, 5, 40, 3),
    Settings(None, 10, 60, 1),
    Settings(None, 5, 40, 1),
    Settings(None, 3, 30, 1),
    Settings(160, 3, 30, 1),
    Settings(128, 3, 30, 1),
    Settings(128, 2, 20, 1),
    Settings(128, 1, 20, 1),
)

# Where the question does not fit any more: even shorter trainings, on photos of the size that the probe has seen.
_SHORTER = tuple(
    rung
    for size in (None, 160, 128)
    for rung in (*_LADDER, Settings(size, 2, 20, 1), Settings(size, 1, 20, 1))
    if rung.size == size
)


@dataclass(frozen=True, eq=False)
class Bench:
    """What a run of the bench knows in the end.

    Attributes
    ----------
    image_set : ImageSet
    test : ndarray, int64
        Positions of the test photos in the image set.
    train_labels : ndarray, int64
        Of the photos that may be learned from.
    note : str
        How the parts came about, for people.
    measured : Measured
    warnings : tuple of str
        What must stand wherever a result is shown.
    backbones : tuple of Provenance
    command : tuple of str
        A command line that does the same, without local paths.
    versions : dict of str to str
    clusters : ndarray, int64, or None
        Test photos of one person share a number, where the data say who is on them.
    top1 : mapping of str to float
        Of each backbone for which it is published, the accuracy on ImageNet's validation photos in percent.
    """

    image_set: ImageSet
    test: NDArray[np.int64]
    train_labels: NDArray[np.int64]
    note: str
    measured: Measured
    warnings: tuple[str, ...]
    backbones: tuple[Provenance, ...]
    command: tuple[str, ...]
    versions: dict[str, str]
    clusters: NDArray[np.int64] | None
    top1: Mapping[str, float]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Of the test photos."""
        return self.image_set.labels[self.test]


def run_bench(
    data: str | Path,
    out: Path,
    *,
    backbones: Sequence[str] = (),
    protocols: Sequence[Protocol] = DEFAULT_PROTOCOLS,
    shots: Sequence[int | None] | None = None,
    seeds: int | None = None,
    budget: float | None = None,
    size: int | None = None,
    epochs: int | None = None,
    trials: int | None = None,
    test: float = 0.25,
    label: str = "label",
    groups: Sequence[str] = (),
    exclude: Sequence[str] = (),
    model_files: Path | None = None,
    weights: str = "default",
    device: str = "cpu",
    teamwork: Teamwork | None = None,
    reading: Callable[[int, int], None] | None = None,
    computing: Callable[[int, int], None] | None = None,
    planned: Callable[[Plan, tuple[str, ...]], None] | None = None,
    finished: Callable[[Outcome, NDArray[np.int64], int, int, float], None] | None = None,
    waiting: Callable[[int, Owner | None], None] | None = None,
) -> Bench:
    """Measure what pre-training buys on labelled photos; everything is kept in `out` as soon as it is there.

    Several processes, on machines that share `out` and the data, work on one run where each is called with the same
    arguments and without a budget: each measures cells that no other does, and all give the whole.

    Parameters
    ----------
    data : path
        What ``read_image_set`` reads: a folder with a folder per class (or with train, validation and test folders of
        them), a CSV manifest, ``torchvision:NAME:FOLDER``, or ``made:textures``.
    out : Path
        Where results go; what is there of the same configuration is gone on with.
    backbones : sequence of str
        By default the best one that is here.
    protocols : sequence of str
        See ``facerec.transfer.cells.Protocol``.
    shots : sequence of int or None, optional
        Photos per class to learn from, None for all; by default 1, 5, 20 and all, as far as the data have them.
    seeds : int, optional
        How many draws of photos and of training; by default 3, with a budget 5.
    budget : float, optional
        Seconds for everything; what fits is chosen, the rest is left out and listed.
    size, epochs, trials : int, optional
        Input size in pixels, looks at validation per training, learning rates per trained protocol; by default what
        fits, and without a budget the backbone's own size, 10 and 3.
    test : float
        Share of the photos to test on where the data give no test part.
    label : str
        The manifest's column with the class.
    groups : sequence of str
        Columns of the manifest that must be there; nothing is measured by them.
    exclude : sequence of str
        As for ``read_image_set``.
    model_files : Path, optional
        A folder of weight files.
    weights : str
        ``default``, a version, or ``none`` for random weights, which every output then says.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    teamwork : Teamwork, optional
        Of the first process where several train together; the others run ``facerec.transfer.follower.follow``.
    reading, computing : callable, optional
        Called with photos done and photos in all while photos are opened, and while features are computed.
    planned : callable, optional
        Called with the plan and the warnings before anything is measured.
    finished : callable, optional
        Called after each cell with its outcome, the test labels, cells done, cells in all, seconds to go.
    waiting : callable, optional
        As for ``measure_all``.

    Returns
    -------
    Bench

    Raises
    ------
    DataSetError
        If the photos cannot be read as a data set, or a class is too small to be split.
    WeightsError
        If a weight file is absent or not what it should be.
    ArgumentError
        If an option is out of range, or more shots are asked for than a class has photos.
        If `out` lies among the photos.
    TransferError
        If `out` holds results of another configuration; if another process is measuring into it, and there is a
        budget, or a team.
    OutputError
        If a result cannot be written.
    """
    began = time.monotonic()
    from facerec.learning.team import Teamwork
    from facerec.transfer.labelled_photos import read_image_set
    from facerec.transfer.measurer import Measurer

    _refuse_within(out, data)
    image_set = read_image_set(data, label=label, exclude=exclude, progress=reading)
    check_groups(image_set, groups)
    loaded = load_backbones(backbones, model_files, weights)
    together = teamwork or Teamwork()
    work = Measurer(image_set, loaded, test=test, device=device, features=out / "features", teamwork=together)
    work.progress = computing
    count = seeds or (DEFAULT_SEEDS if budget is None else SEEDS_IN_BUDGET)
    wanted = _shots(shots, work, count)
    ordered = cells_of(list(loaded), protocols, wanted, count)
    own = min(backbone.preprocessing.crop for backbone in loaded.values())
    ladder, shorter = (_ladder(rungs, own, size=size, epochs=epochs, trials=trials) for rungs in (_LADDER, _SHORTER))
    configuration = {
        "data": image_set.digest,
        "test share": test,
        "backbones": {name: backbone.weights_sha256 or "random weights" for name, backbone in loaded.items()},
        "protocols": list(protocols),
        "shots": ["all" if each is None else each for each in wanted],
        "seeds": count,
        "budget": budget,
        "size": size,
        "epochs": epochs,
        "trials": trials,
        "device": device.partition(":")[0],
    }
    if together.team.size > 1:
        configuration["processes"] = together.team.size
        work.check_team(protocols, wanted, count, ladder[0])
    # A plan for a time, and one for a team, are those of one process: it alone measures. Else others may join.
    alone = budget is not None or together.team.size > 1
    with claims_in(out) as claims:
        if alone:
            _take_alone(claims, out)
        work.claims = None if alone else claims
        with claims.alone("planning"):
            results = Results(out, configuration)
            held = results.found if results.found is not None and "plan" in results.found else None
            # A run that goes on computes features as it began, whatever is faster by now.
            work.engines = dict(held["engines"]) if held else {name: work.engine(name) for name in loaded}
            together.ask(
                "begin",
                data=str(data),
                label=label,
                exclude=list(exclude),
                digest=image_set.digest,
                backbones=list(loaded),
                model_files=None if model_files is None else str(model_files),
                version=weights,
                test=test,
                device=device,
                engines=work.engines,
            )
            warnings = _warnings(image_set, work, loaded.values(), groups)
            command = command_of(
                image_set.name, configuration, label=label, groups=groups, exclude=exclude, weights=weights
            )
            clusters = _clusters(image_set, work.draws.splits.test)
            installed = versions()
            provenance = _about(image_set, work, clusters) | {
                "warnings": [without_names(each, image_set) for each in warnings],
                "command": list(command),
                "versions": installed,
            }
            if held is None:
                gone = time.monotonic() - began
                plan, spent = choose(ordered, ladder, work.predict, work.shared, budget=budget, before=gone), 0.0
                results.write_run(
                    {**provenance, "plan": plan_document(plan), "left_out": [], "seconds": 0.0, "complete": False}
                )
            else:
                plan, spent = read_plan(held["plan"]), _seconds(held, out)
        if planned is not None:
            planned(plan, warnings)

        def told(outcome: Outcome, done: int, total: int, rest: float) -> None:
            if finished is not None:
                finished(outcome, work.labels, done, total, rest)

        measured = measure_all(
            work,
            results,
            plan,
            ladder=shorter,
            provenance=provenance,
            began=began,
            spent=spent,
            finished=told,
            claims=None if alone else claims,
            waiting=waiting,
        )
        known = _known_classes(work, results, measured, claims)
        return Bench(
            image_set=image_set,
            test=work.draws.splits.test,
            train_labels=image_set.labels[np.concatenate([work.draws.splits.train, work.draws.splits.validation])],
            note=work.draws.splits.note,
            measured=measured,
            warnings=(*warnings, *known),
            backbones=tuple(work.provenance(name, plan.settings) for name in loaded),
            command=command,
            versions=installed,
            clusters=clusters,
            top1={name: top1 for name in loaded if (top1 := _top1(name)) is not None},
        )


def _ladder(rungs: Sequence[Settings], own: int, **asked: int | None) -> tuple[Settings, ...]:
    """The settings to choose among, for networks whose own size is `own`, with those that were `asked` for."""
    fixed: dict[str, Any] = {name: value for name, value in asked.items() if value}
    smaller = [rung for rung in rungs if rung.size is None or rung.size < own]
    return tuple(dict.fromkeys(replace(rung, **fixed) for rung in smaller))


def _take_alone(claims: Claims, out: Path) -> None:
    if not claims.take("run"):
        message = f"another process is measuring into {out}; wait until it is done, or choose another folder"
        raise TransferError(message)


def _known_classes(work: Measurer, results: Results, measured: Measured, claims: Claims) -> tuple[str, ...]:
    """Of a finished run what it said, or what is found now, and kept."""
    if results.complete and results.found is not None:
        return tuple(results.found.get("known classes", ()))
    frozen = dict.fromkeys(each.cell.backbone for each in measured.outcomes if uses_features(each.cell))
    known = work.known_classes(frozen, measured.plan.settings)
    with claims.alone("writing"):
        results.amend({"known classes": list(known)})
    return known


def _about(image_set: ImageSet, work: Measurer, clusters: NDArray[np.int64] | None) -> dict[str, Any]:
    """What ``run.json`` says of the photos and of what measures them."""
    splits = work.draws.splits
    return {
        "data": {
            "name": image_set.name,
            "sha256": image_set.digest,
            "photos": len(image_set),
            "classes": list(image_set.classes),
            "parts": {part: len(getattr(splits, part)) for part in ("train", "validation", "test")},
            "note": splits.note,
            "skipped": counts(image_set.left_out),
        },
        "test": {"labels": work.labels.tolist(), "clusters": None if clusters is None else clusters.tolist()},
        "engines": work.engines,
        "processors": os.cpu_count(),
    }


def _refuse_within(out: Path, data: str | Path) -> None:
    if Path(data).is_dir() and out.resolve().is_relative_to(Path(data).resolve()):
        message = (
            f"{out} lies in {data}: the next run would take the report's pictures for photos; choose another folder"
        )
        raise ArgumentError(message)


def _seconds(held: Mapping[str, Any], folder: Path) -> float:
    spent = held.get("seconds", 0.0)
    if not isinstance(spent, int | float):
        message = f"{folder / 'run.json'} is damaged: its seconds are {spent!r}; choose another folder"
        raise TransferError(message)
    return float(spent)


def _top1(name: str) -> float | None:
    return None if name.endswith(f".{NONE}") else pretrained(name).top1


def check_groups(image_set: ImageSet, groups: Sequence[str]) -> None:
    """Refuse groups that the data do not have, or whose name a table of predictions needs itself; `ArgumentError`."""
    there = [each for each in image_set.columns if each not in PREDICTION_COLUMNS]
    if lacking := [name for name in groups if name not in there]:
        known = f"there is {', '.join(there)}" if there else "groups come as further columns of a CSV manifest"
        message = f"{image_set.name}: there is no column {lacking[0]!r} of groups; {known}"
        message += did_you_mean(lacking[0], there)
        raise ArgumentError(message)


def load_backbones(names: Sequence[str], model_files: Path | None, weights: str) -> dict[str, Any]:
    """Backbones by their own names; none named: the best one that is here. Errors as ``load_backbone`` has them."""
    from facerec.networks.backbone import default_backbone_name, load_backbone

    wanted = names or (default_backbone_name(model_files),)
    loaded = [load_backbone(name, model_files=model_files, weights=weights) for name in wanted]
    return {backbone.name: backbone for backbone in loaded}


def _shots(shots: Sequence[int | None] | None, work: Measurer, seeds: int) -> tuple[int | None, ...]:
    if shots is None:
        most, _ = work.draws.smallest_class(seeds)
        return tuple(each for each in DEFAULT_SHOTS if each is None or each < most)
    if not shots or len(set(shots)) < len(shots) or any(each is not None and each < 1 for each in shots):
        message = f"shots must be numbers of 1 or more, or all, each named once; got {list(shots)}"
        raise ArgumentError(message)
    for each in shots:
        work.draws.check_shots(each, seeds)
    return tuple(shots)


def _warnings(
    image_set: ImageSet,
    work: Measurer,
    backbones: Any,  # noqa: ANN401 - loads torch
    groups: Sequence[str],
) -> tuple[str, ...]:
    leakage = find_leakage(image_set, work.draws.splits).warning
    random = [backbone.name for backbone in backbones if backbone.weights_sha256 is None]
    told = [f"{leakage[:1].upper()}{leakage[1:].rstrip('.')}."] if leakage else []
    if random:
        told.append(
            f"The weights of {', '.join(random)} are random: nothing here was pre-trained, and nothing here says "
            "what pre-training buys."
        )
    untested = sorted(set(range(len(image_set.classes))) - set(work.labels.tolist()))
    told += [
        f"No photo of {quoted(image_set.classes[label])} is tested on: nothing is said of it." for label in untested
    ]
    if groups:
        told.append(
            "What is learned here is how photos of people were labelled, not what people are. It is measured so that "
            f"its errors can be audited by {', '.join(groups)}, and is no part of recognition."
        )
    return tuple(told)


def _clusters(image_set: ImageSet, test: NDArray[np.int64]) -> NDArray[np.int64] | None:
    who = image_set.people
    return None if who is None else np.unique(who[test], return_inverse=True)[1].astype(np.int64)

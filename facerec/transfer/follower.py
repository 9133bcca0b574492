"""What the other processes of a team do in a run of the bench: the same photos, and what they are asked for.

Everything that hangs on a clock (the plan, the budget, whether a training is given up) is decided by the first
process; answers of trained networks to the test photos are its alone.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from facerec.errors import TransferError
from facerec.learning.team import Teamwork, Weights
from facerec.transfer.bench import load_backbones
from facerec.transfer.cells import Cell
from facerec.transfer.engines import Engine
from facerec.transfer.grid import Settings
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.logistic import probabilities
from facerec.transfer.measurer import Measurer
from facerec.transfer.probes import Probe
from facerec.transfer.watch import LateError


def follow(teamwork: Teamwork) -> None:
    """Do what the first process asks for, until it ends.

    Parameters
    ----------
    teamwork : Teamwork
        Of a process that is not the first.

    Raises
    ------
    ToldError
        If the first process failed.
    TransferError
        If this process reads other photos than the first.
    FacerecError
        As `run_bench` has them.
    """
    work: Measurer | None = None
    for what, request, weights in teamwork.asked():
        if what == "begin":
            work = _begin(teamwork, **request)
            continue
        assert work is not None  # noqa: S101 - the first process begins
        if what == "speed":
            work.training_speed(request["backbone"])
        elif what == "features":
            work.compute_together(request["backbone"], Settings(**request["settings"]), corrupt=request["corrupt"])
        elif what == "probes":
            work.fit_together([Cell(**each) for each in request["cells"]], Settings(**request["settings"]))
        else:
            cell, settings = Cell(**request["cell"]), Settings(**request["settings"])
            probe = None if weights is None else _probe(weights)
            with suppress(LateError):  # the first process goes on to something else, and asks for it
                work.train_together(
                    cell,
                    settings,
                    request["number"],
                    probe,
                    checkpoint=Path(request["checkpoint"]),
                    watched=request["watched"],
                    deadline=None,
                )


def _begin(
    teamwork: Teamwork,
    *,
    data: str,
    label: str,
    exclude: list[str],
    digest: str,
    backbones: list[str],
    model_files: str | None,
    version: str,
    test: float,
    device: str,
    engines: dict[str, Engine],
) -> Measurer:
    image_set = read_image_set(data, label=label, exclude=exclude)
    if image_set.digest != digest:
        message = f"{data}: not the photos that the first process reads; every process needs the same folder"
        raise TransferError(message)
    loaded = load_backbones(backbones, None if model_files is None else Path(model_files), version)
    return Measurer(image_set, loaded, test=test, device=device, features=None, engines=engines, teamwork=teamwork)


def _probe(weights: Weights) -> Probe:
    """As much of the first process's probe as a training starts from."""
    return Probe(
        "logistic",
        MappingProxyType({}),
        (),
        0.0,
        converged=True,
        score_function=lambda vectors: probabilities(vectors, *weights),
        weights=weights,
    )

"""The report of the lab: what the run decides first, then what was measured, then how."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facerec.files import replacing
from facerec.reporting import Block, Callout, Cell, Column, Facts, Page, Section, Table, Text, Written, plain, write
from facerec.transfer.gradients import figures, theory
from facerec.transfer.gradients.findings import findings
from facerec.transfer.gradients.flow import DISTANCES
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.gradients.networks import WIDTHS
from facerec.transfer.gradients.summaries import (
    NEAR,
    final_losses,
    first_over_last,
    flows_at_start,
    mean_of,
    nearby_cosine,
    signal_ratio,
)
from facerec.transfer.gradients.tables import csv_files
from facerec.transfer.gradients.training import MEASURED, MOMENTUM, WARM_UP, WEIGHT_DECAY
from facerec.transfer.plans import Design, Initialisation

_NETWORK = (Column("network"), Column("batch norm"))


def lab_page(lab: Lab) -> Page:
    """Build the report.

    Parameters
    ----------
    lab : Lab

    Returns
    -------
    Page
        Charts and tables only; no image of the data.
    """
    depths = " and ".join((", ".join(map(str, lab.plan.depths[:-1])), str(lab.plan.depths[-1])))
    return Page(
        "Gradient flow in plain and residual networks",
        f"Networks of {depths} layers, with and without shortcuts, with and without batch norm, at the start and "
        f"during {lab.plan.steps} steps of training; {lab.plan.seeds} seeds of each. Data: {plain(lab.data.name)}. "
        "Each sentence below is chosen by the numbers of this run.",
        (
            Section("What is claimed", (Text(theory.WHAT_THE_PAPER_SAYS), Text(theory.WHAT_CAME_LATER))),
            _start(lab),
            _training(lab),
            _method(lab),
            Section("Sources", (Text(theory.SOURCES),)),
        ),
        lead=tuple(Callout(each.standing, f"**{each.topic}.** {each.sentence}") for each in findings(lab)),
    )


def write_lab(lab: Lab, folder: Path, *, command: Sequence[str]) -> Written:
    """Write the report, the tables and ``run.json`` into `folder`.

    Parameters
    ----------
    lab : Lab
    folder : Path
        Made if it is not there.
    command : sequence of str
        The command line that makes this run again.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to.
    """
    written = write(lab_page(lab), folder)
    run = {
        "command": list(command),
        "data": lab.data.name,
        "seed": lab.plan.seed,
        "plan": _settings(lab),
        "cpu_seconds": round(lab.spent.cpu_seconds, 1),
        "predicted_cpu_seconds": round(lab.predicted.cpu_seconds, 1),
        "versions": dict(versions()),
    }
    files = csv_files(lab) | {"run.json": json.dumps(run, indent=1, ensure_ascii=False) + "\n"}
    for name, text in files.items():
        with replacing(folder / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return written


def versions() -> Mapping[str, str]:
    """What computed the numbers."""
    python = ".".join(map(str, sys.version_info[:3]))
    return MappingProxyType({"python": python} | {name: version(name) for name in ("facerec", "torch", "numpy")})


def _start(lab: Lab) -> Section:
    deep = lab.plan.depths[-1]
    ratio = first_over_last(lab, lab.plan.designs[len(lab.plan.depths) - 1], "he")
    blocks: list[Block] = [
        figures.layers_figure(
            lab,
            "weight_gradient",
            "norm of the weight gradient",
            alt=f"Norm of the weight gradient over the layers at the start: in plain-{deep} with batch norm the first "
            f"layer's is {np.median(ratio):.3g} times the last one's in the median",
            caption="Norm of the loss' gradient with respect to each convolution's weights, before training, He's "
            "initialisation. Line: geometric mean over the seeds; band: lowest to highest.",
        ),
        figures.layers_figure(
            lab,
            "relative",
            "gradient norm / weight norm",
            alt="Gradient norm over weight norm of each layer at the start, for each family and depth",
            caption="The same, divided by the norm of the weights: how far a step of learning rate 1 would move the "
            "layer. One learning rate serves all layers only where this is level.",
        ),
        figures.layers_figure(
            lab,
            "activation_variance",
            "variance of activations",
            every=2,
            alt="Variance of the activations over the layers at the start, for each family and depth; the table gives "
            "last over first",
            caption="Variance of what each block hands on, over images, channels and places. He's initialisation.",
        ),
        figures.layers_figure(
            lab,
            "weight_gradient",
            "norm of the weight gradient",
            initialisation="torch",
            alt="Norm of the weight gradient over the layers with PyTorch's own initialisation, by family and depth",
            caption="The first figure again with PyTorch's own initialisation, which has a sixth of He's variance.",
        ),
        _start_table(lab),
        figures.shattering_figure(
            lab,
            alt="Cosine of the gradients of two inputs over their distance, for each network; the table gives it "
            "at one distance",
            caption="Shattering: how alike the gradients of two inputs are that lie a little apart on the line between "
            "two images; 100 % is the other image. The output is one random combination of the "
            f"logits; batch norm uses the statistics of {MEASURED} images. Mean and range over the seeds.",
        ),
    ]
    return Section("At the start", tuple(blocks))


def _start_table(lab: Lab) -> Table:
    rows = [
        (
            *_named(design),
            "He" if initialisation == "he" else "PyTorch",
            _middle(first_over_last(lab, design, initialisation)),
            _middle(signal_ratio(lab, design, initialisation)),
            _variance_ratio(lab, design, initialisation),
            nearby_cosine(lab, design, initialisation).text(),
        )
        for initialisation in ("he", "torch")
        for design in lab.plan.designs
    ]
    return Table(
        "Networks before training. Above 1 in the two columns after the initialisation: larger towards the input.",
        (
            *_NETWORK,
            Column("initialisation"),
            Column("weight gradient, first / last layer", "number"),
            Column("error signal, first / last layer", "number"),
            Column("activation variance, last / first layer", "number"),
            Column(f"cosine of gradients {100 * DISTANCES[NEAR]:g} % apart, 95 %"),
        ),
        tuple(rows),
        notes=("Geometric means over the seeds; the cosine is a mean with its 95 % interval.",),
    )


def _training(lab: Lab) -> Section:
    return Section(
        "During training",
        (
            figures.curves_figure(
                lab,
                alt="Training loss over the steps for each family and depth",
                caption="Training loss, mean of five steps. Line: mean over the seeds; band: lowest to highest. The "
                f"dotted line is the loss of guessing among {len(lab.data.classes)} classes. A line that leaves the "
                "panel, ends or is missing has diverged.",
            ),
            _training_table(lab),
            figures.during_figure(
                lab,
                alt="Norm of the weight gradient over the layers of the deepest networks at several moments of it",
                caption="Norm of the weight gradient of the deepest networks with batch norm, at moments of the "
                "training.",
            ),
            _trials_table(lab),
        ),
    )


def _training_table(lab: Lab) -> Table:
    rows = []
    for design in lab.plan.designs:
        curves = [curve for curve in lab.curves if curve.design == design]
        losses = mean_of(final_losses(lab, design))
        last = max(1, lab.plan.steps // 5)
        correct = mean_of([curve.correct[-last:].mean() for curve in curves])
        rows.append(
            (
                *_named(design),
                curves[0].learning_rate,
                losses.text() if np.isfinite(losses.value) else "diverged",
                correct.value if np.isfinite(correct.value) else None,
                sum(curve.diverged_at is not None for curve in curves),
            )
        )
    return Table(
        f"The last fifth of {lab.plan.steps} steps.",
        (
            *_NETWORK,
            Column("learning rate", "number"),
            Column("training loss, nats, 95 %"),
            Column("correct in training", "percent"),
            Column("seeds diverged", "count"),
        ),
        tuple(rows),
        notes=(
            f"Guessing: {np.log(len(lab.data.classes)):.2f} nats. Means of {lab.plan.seeds} seeds, Student's interval.",
        ),
    )


def _trials_table(lab: Lab) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (*_named(design), *(_trial(lab, design, rate) for rate in lab.plan.rates)) for design in lab.plan.designs
    ]
    return Table(
        f"How the learning rates were chosen: loss at the end of {lab.plan.trial_steps} steps on a seed of its own, "
        "for every design at the same rates.",
        (*_NETWORK, *(Column(f"rate {rate:g}", "number") for rate in lab.plan.rates)),
        tuple(rows),
        notes=("∞: the training diverged. The lowest loss decides; where all diverge, the smallest rate is taken.",),
    )


def _named(design: Design) -> tuple[str, str]:
    return f"{'residual' if design.residual else 'plain'}-{design.depth}", "yes" if design.batch_norm else "no"


def _trial(lab: Lab, design: Design, rate: float) -> float:
    (trial,) = (each for each in lab.trials if each.design == design and each.learning_rate == rate)
    return trial.final_loss


def _method(lab: Lab) -> Section:
    plan = lab.plan
    widths = ", ".join(map(str, WIDTHS))
    items: tuple[tuple[str, str | int | float | None], ...] = (
        ("networks", f"He et al. 2016, section 4.2: 6n + 2 layers, widths {widths}; shortcuts without parameters"),
        ("data", f"{lab.data.name}: {len(lab.data.labels):,} images of {lab.data.size} × {lab.data.size} pixels"),
        ("classes", len(lab.data.classes)),
        ("seeds", f"{plan.seed} … {plan.seed + plan.seeds - 1}; learning rates chosen on {plan.seed + plan.seeds}"),
        (
            "training",
            f"{plan.steps} steps of {plan.batch_size} images, SGD, momentum {MOMENTUM}, decay {WEIGHT_DECAY:g}",
        ),
        ("warm-up", f"{WARM_UP} steps, for every design"),
        ("initialisation of the trainings", "He" if plan.initialisation == "he" else "PyTorch"),
        ("flow measured on", f"{MEASURED} images, batch norm with the statistics of this batch"),
        ("versions", ", ".join(f"{name} {number}" for name, number in versions().items())),
    )
    limits = Text(
        "These trainings are short and the images small: the run shows how the designs differ at the start of "
        "training, where the theory speaks, and not how well each can become. Losses are training losses; the question "
        "is optimisation, and no network is judged by images it has not seen. All numbers are in `layers.csv`, "
        "`shattering.csv` and `training.csv` beside this page."
    )
    return Section("How it was measured", (Facts(items), limits))


def _settings(lab: Lab) -> dict[str, object]:
    plan = lab.plan
    return {
        "depths": list(plan.depths),
        "seeds": plan.seeds,
        "steps": plan.steps,
        "batch_size": plan.batch_size,
        "rates": list(plan.rates),
        "trial_steps": plan.trial_steps,
        "initialisation": plan.initialisation,
    }


def _middle(ratios: NDArray[np.float64]) -> float:
    return float(np.exp(np.log(np.maximum(ratios, 1e-300)).mean()))


def _variance_ratio(lab: Lab, design: Design, initialisation: Initialisation) -> float:
    flows = flows_at_start(lab, design, initialisation)
    return _middle(np.array([flow.activation_variance[-1] / flow.activation_variance[0] for flow in flows]))

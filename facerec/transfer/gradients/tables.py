"""Every number of the lab as rows, for CSV files that any tool reads."""

from __future__ import annotations

from collections.abc import Sequence

from facerec.reporting.spreadsheet import inert_csv
from facerec.transfer.gradients.flow import DISTANCES, Flow
from facerec.transfer.gradients.lab import Lab
from facerec.transfer.plans import Design

_DESIGN = ("network", "batch_norm", "depth")


def csv_files(lab: Lab) -> dict[str, str]:
    """The contents of ``layers.csv``, ``shattering.csv`` and ``training.csv`` by file name."""
    return {"layers.csv": _layers(lab), "shattering.csv": _shattering(lab), "training.csv": _training(lab)}


def _layers(lab: Lab) -> str:
    columns = ("weight_gradient", "weight", "gradient_over_weight", "activation_variance", "signal_gradient")
    rows: list[Sequence[object]] = []
    for start in lab.starts:
        rows += _flow_rows(start.design, start.initialisation, start.seed, 0, start.flow)
    for curve in lab.curves:
        for step, flow in curve.flows:
            if step:
                rows += _flow_rows(curve.design, lab.plan.initialisation, curve.seed, step, flow)
    return inert_csv((*_DESIGN, "initialisation", "seed", "step", "layer", *columns), rows)


def _flow_rows(design: Design, initialisation: str, seed: int, step: int, flow: Flow) -> list[Sequence[object]]:
    values = (flow.weight_gradient, flow.weight, flow.relative, flow.activation_variance, flow.signal_gradient)
    return [
        (*_named(design), initialisation, seed, step, layer, *(f"{each:.6g}" for each in numbers))
        for layer, numbers in enumerate(zip(*values, strict=True), 1)
    ]


def _shattering(lab: Lab) -> str:
    rows = [
        (*_named(start.design), start.initialisation, start.seed, distance, f"{cosine:.6g}")
        for start in lab.starts
        for distance, cosine in zip(DISTANCES, start.cosines, strict=True)
    ]
    return inert_csv((*_DESIGN, "initialisation", "seed", "distance", "cosine"), rows)


def _training(lab: Lab) -> str:
    rows = [
        (*_named(curve.design), part, curve.seed, curve.learning_rate, step, f"{loss:.6g}", f"{correct:.6g}")
        for part, curves in (("choice of the learning rate", lab.trials), ("training", lab.curves))
        for curve in curves
        for step, (loss, correct) in enumerate(zip(curve.loss, curve.correct, strict=True), 1)
    ]
    return inert_csv((*_DESIGN, "part", "seed", "learning_rate", "step", "loss", "correct"), rows)


def _named(design: Design) -> tuple[object, ...]:
    return "residual" if design.residual else "plain", "yes" if design.batch_norm else "no", design.depth

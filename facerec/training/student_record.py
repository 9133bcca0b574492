"""The record of a distillation: the log, the page with its curves, and what ``model.json`` says of the student."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import platform
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from importlib import metadata
from pathlib import Path

from facerec.align.crops import crop_weights
from facerec.files import replacing
from facerec.models.folder import ModelDescription, Parent, Pixels, Terms, Training, WeightsIn
from facerec.models.folder.values import WEIGHTS_FILES, CommercialUse
from facerec.networks.face_network import FaceNetwork
from facerec.reporting import Column, Facts, Figure, Page, Section, Table, Text, Written, write
from facerec.reporting.charts import Series, learning_curves
from facerec.reporting.figures import draw
from facerec.training.faces import named
from facerec.training.people import People
from facerec.training.splits import PeopleSplit
from facerec.training.student_loop import StudentEpoch
from facerec.training.student_recipe import StudentRecipe
from facerec.training.students import Student
from facerec.training.teacher import Teacher
from facerec.training.validation_scores import compared

_PACKAGES = ("torch", "torchvision", "timm", "numpy")
_LOGGED = ("number", "steps", "learning_rate", "training_loss", "cosine", "apart", "tmr", "threshold", "eer", "seconds")
assert set(_LOGGED) <= {field.name for field in fields(StudentEpoch)}  # noqa: S101 - a name that went would be a crash


def write_student_log(history: Sequence[StudentEpoch], path: Path) -> None:
    """Write one line per epoch, the start first; what was not measured is empty. Replaced as a whole.

    Parameters
    ----------
    history : sequence of StudentEpoch
    path : Path
        Of a ``.csv`` file.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_LOGGED)
    for epoch in history:
        values = [getattr(epoch, name) for name in _LOGGED]
        lines.writerow(["" if value is None or math.isnan(value) else value for value in values])
    with replacing(path) as partial_file:
        partial_file.write_text(text.getvalue(), encoding="utf-8", newline="\n")


def write_student_curves(
    history: Sequence[StudentEpoch], folder: Path, *, about: ModelDescription, teacher: str
) -> Written:
    """Write the page ``curves.html`` (also ``.md`` and ``.json``).

    Parameters
    ----------
    history : sequence of StudentEpoch
        With the start.
    folder : Path
    about : ModelDescription
    teacher : str
        Its name.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    best = max(history, key=lambda each: (each.cosine, -each.number))
    summary = (
        f"Mean cosine of held-out faces to the vectors of {teacher}: {history[0].cosine:.4f} at the start, "
        f"{best.cosine:.4f} after epoch {best.number}, whose network the model is."
    )
    steps = tuple(float(epoch.steps) for epoch in history)
    curves = {
        "mean cosine to the teacher": tuple(epoch.cosine for epoch in history),
        "error of the pairs' cosines": tuple(epoch.apart for epoch in history),
    }
    plots = [
        partial(learning_curves, series=[Series(name, steps, values)], name=name, percent=False, legend=False)
        for name, values in curves.items()
    ]
    figure = Figure(draw(*plots, height=2.6 * len(plots)), alt=summary, data={"steps": steps} | curves)
    columns = ("epoch", "steps", "training loss", "mean cosine", "error of pairs", "true match rate", "seconds")
    rows = tuple(
        (
            epoch.number,
            epoch.steps,
            "" if epoch.training_loss is None else f"{epoch.training_loss:.4f}",
            f"{epoch.cosine:.4f}",
            f"{epoch.apart:.4f}",
            "" if math.isnan(epoch.tmr) else f"{epoch.tmr:.2%}",
            f"{epoch.seconds:.1f}",
        )
        for epoch in history
    )
    kinds = [Column(name, "count") if name in ("epoch", "steps") else Column(name) for name in columns]
    sections = (
        Section("Curves", (Text(_HOW), figure)),
        Section("Epochs", (Table("The start and every epoch.", tuple(kinds), rows),)),
        Section("Training", (Facts(tuple(about.training.details.items())),)),
    )
    return write(Page(f"Distillation of {about.name}", summary, sections), folder, stem="curves")


_HOW = """\
Measured on faces that were not learned from. The error of the pairs is the root mean square difference between the \
cosines of two faces, the student's and the teacher's: how far the scores move that a threshold is set on. The \
teacher's thresholds do not hold for the student; measure its own with facerec calibrate."""


def describe_student(
    network: FaceNetwork,
    contents: bytes,
    *,
    name: str,
    pixels: Pixels,
    student: Student,
    teacher: Teacher,
    faces: People,
    split: PeopleSplit,
    recipe: StudentRecipe,
    best: StudentEpoch,
    command: str,
    data_terms: str,
) -> ModelDescription:
    """Describe a student that has learned.

    Parameters
    ----------
    network : FaceNetwork
    contents : bytes
        Its file of weights.
    name : str
        Of the model.
    pixels : Pixels
    student : Student
        What it started from.
    teacher : Teacher
    faces : People
    split : PeopleSplit
    recipe : StudentRecipe
    best : StudentEpoch
        The one whose network this is.
    command : str
        Without local paths.
    data_terms : str
        Terms of the photos and consent, in the words of who trained it.
    """
    parents = [Parent(teacher.embedder.name, teacher.embedder.digest, "teacher")]
    if not student.random and student.backbone.weights_sha256 is not None:
        parents.append(Parent(student.backbone.name, student.backbone.weights_sha256, "start"))
    details: dict[str, str | float | int | bool | None] = {
        "teacher": teacher.embedder.name,
        "student": student.name,
        "photos learned from": len(split.train),
        "photos validated on": len(split.validation),
        **compared(faces, split.validation, scored=split.validation[named(faces)[split.validation]], seed=recipe.seed),
        "photos left out": faces.photos - len(faces.files),
        "input in pixels": network.architecture["size"],
        "head started as": "the closed-form map to the teacher's vectors",
        "weight of pairs in the loss": recipe.relation,
        "change of colours": recipe.colour,
        "epochs at most": recipe.epochs,
        "epoch chosen": best.number,
        "mean cosine to the teacher": best.cosine,
        "error of the pairs' cosines": best.apart,
    }
    return ModelDescription(
        name=name,
        kind="torch",
        architecture=network.architecture,
        crop=faces.crop,
        crop_weights=crop_weights(faces.crop),
        pixels=pixels,
        flip=recipe.flip,
        dimension=network.dimension,
        weights=WeightsIn(WEIGHTS_FILES["torch"], hashlib.sha256(contents).hexdigest(), len(contents)),
        terms=_terms(teacher, data_terms),
        training=Training(
            data=f"{faces.name}: {faces.photos} photos, digest {faces.digest[:12]}…",
            data_terms=data_terms,
            command=command,
            seed=recipe.seed,
            versions={"python": platform.python_version()} | {each: metadata.version(each) for each in _PACKAGES},
            details=details,
        ),
        parents=tuple(parents),
    )


def _terms(teacher: Teacher, data_terms: str) -> Terms:
    # A student is never freer than its teacher, and may be bound by the photos that it learned from.
    commercial: CommercialUse = "no" if teacher.terms.commercial == "no" else "unclear"
    about = "the terms of the photos are: " + data_terms if data_terms else "nobody has stated the terms of the photos"
    return Terms(
        f"that of who trained it; it learned from {teacher.embedder.name}: {teacher.terms.licence}",
        commercial,
        f"commercial use of {teacher.embedder.name}: {teacher.terms.commercial} ({teacher.terms.reason}); {about}",
    )

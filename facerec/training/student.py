"""Distillation: a student learns a teacher's unit vectors on faces without names, and becomes a model's folder.

The teacher sees every face once and its vectors are kept. The student starts with the closed-form linear map from its
own features to them, and then learns as a whole to give them (Hinton et al. 2015, on vectors instead of classes).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facerec.device import best_device, torch_device
from facerec.embed.trained import network_forward
from facerec.errors import ArgumentError, OutputError
from facerec.learning.loop import Progress
from facerec.learning.precision import autocast, number_format
from facerec.learning.team import current_team
from facerec.models.folder import ModelDescription, Parent, write_model
from facerec.models.folder.values import checked_name
from facerec.networks.face_network import FaceNetwork
from facerec.training.description import Details, Made, describe, inherited_terms
from facerec.training.faces import hold_out, named
from facerec.training.inputs import FromPixels
from facerec.training.people import People
from facerec.training.record import write_curves
from facerec.training.splits import PeopleSplit
from facerec.training.start import pixels_of
from facerec.training.student_loop import StudentEpoch, StudentLoop
from facerec.training.student_recipe import StudentRecipe
from facerec.training.student_start import Student, closed_form_head
from facerec.training.teacher import Teacher, teacher_vectors
from facerec.training.validation_scores import USUAL_FMRS, compared, points_of, validation_vectors, write_scores
from facerec.training.work import MadeModel, forget_checkpoint, make_folder, run_kept, work_folder
from facerec.types import OperatingPoint

_HEAD_FACES = 2_000
_BATCH = 32


def train_student(
    faces: People,
    teacher: Teacher,
    student: Student,
    recipe: StudentRecipe,
    *,
    out: Path,
    name: str | None = None,
    size: int | None = None,
    cache: Path | None = None,
    weights: NDArray[np.float32] | None = None,
    data_terms: str = "",
    command: str = "",
    device: str | None = None,
    preparing: Callable[[int, int], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> MadeModel[StudentEpoch]:
    """Train a student, and write it as a model's folder.

    A training that was cut off goes on when it is called again with the same arguments.

    Parameters
    ----------
    faces : People
        From ``facerec.training.faces.read_faces``, cut by the teacher's recipe.
    teacher : Teacher
    student : Student
        From ``facerec.training.student_start.load_student``.
    recipe : StudentRecipe
    out : Path
        The model's folder; must not exist. Beside it, ``OUT.training`` holds log, curves and checkpoint.
    name : str, optional
        Of the model; by default that of the folder.
    size : int, optional
        Side of the student's input in pixels; by default that of the chips, and a transformer's own. Less is faster.
    cache : Path, optional
        A folder for the teacher's vectors; by default in ``OUT.training``.
    weights : ndarray, float32, shape (n,), optional
        How much each face counts in the loss, >= 0; by default all alike.
    data_terms, command : str
        For the card.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; a GPU where there is one.
    preparing : callable, optional
        Called with faces done and faces in all while the teacher's vectors are computed.
    progress : callable, optional
        Called after every step.

    Returns
    -------
    MadeModel

    Raises
    ------
    ArgumentError
        If name, size, device and student do not fit each other, or the faces are cut by another recipe.
    DataSetError
        If the faces are of too few people.
    OutputError
        If `out` exists, or a file cannot be written.
    TransferError
        If the loss is no finite number, or the checkpoint belongs to another training.
    WeightsError
        If a weight file has changed or cannot be read.
    """
    name = checked_name(name or out.name)
    if out.exists():
        message = f"{out} exists already; remove it or choose another name"
        raise OutputError(message)
    side = _side(student, faces.chips.size, size)
    split = hold_out(faces, seed=recipe.seed, share=recipe.validation)
    place = torch_device(device or best_device())
    work = work_folder(out)
    make_folder(work)
    targets = _targets(teacher, faces, cache or work / "features", preparing)
    pixels = pixels_of(student.backbone, side, faces.chips.size)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        network = FaceNetwork(
            student.trunk(seed=recipe.seed, size=side),
            student.architecture,
            size=side,
            head="linear",
            dimension=targets.shape[1],
        ).to(place)
        network.to(memory_format=torch.channels_last)
        loop = StudentLoop(
            network,
            targets,
            faces,
            pixels,
            split=split,
            recipe=recipe,
            team=current_team(),
            weights=None if weights is None else weights[split.train],
        )
        _start_head(network, FromPixels(faces, pixels, place), targets, split.train, recipe)
        run_kept(loop, _identity(faces, teacher, student, recipe, size=side, weights=weights), work, progress)
    network.load_state_dict(loop.best)
    result = MadeModel(None, tuple(loop.epochs), loop.best_epoch, split, (), work)
    if current_team().rank > 0:
        return result
    contents = network.to_bytes()
    about = describe(
        network,
        contents,
        Made(name, command, data_terms),
        pixels=pixels,
        flip=recipe.flip,
        people=faces,
        seed=recipe.seed,
        details=_details(faces, teacher, student, recipe, split=split, best=result.best, size=side),
        terms=inherited_terms(teacher.embedder.name, teacher.terms, data_terms, how="learned from"),
        parents=_parents(teacher, student),
    )
    known = split.validation[named(faces)[split.validation]]
    points: tuple[OperatingPoint, ...] = ()
    unmeasured: tuple[str, ...] = ("nobody held out is named, so no pair is known to be of one person",)
    if len(known) > 1:
        vectors = validation_vectors(
            network_forward(network, pixels, flip=recipe.flip, device=str(place)), faces, known
        )
        fmrs = (*USUAL_FMRS, recipe.fmr)
        points, unmeasured = points_of(vectors, faces, known, about, fmrs, seed=recipe.seed)
        write_scores(vectors, faces, known, work / "validation_scores.csv", about=about, seed=recipe.seed)
    _write_curves(result, about, teacher)
    folder = write_model(out, about, contents, points=points)
    forget_checkpoint(work)
    return replace(result, folder=folder, unmeasured=unmeasured)


def _parents(teacher: Teacher, student: Student) -> tuple[Parent, ...]:
    parents = [Parent(teacher.embedder.name, teacher.embedder.digest, "teacher")]
    if not student.random and student.backbone.weights_sha256 is not None:
        parents.append(Parent(student.backbone.name, student.backbone.weights_sha256, "start"))
    return tuple(parents)


def _details(
    faces: People,
    teacher: Teacher,
    student: Student,
    recipe: StudentRecipe,
    *,
    split: PeopleSplit,
    best: StudentEpoch,
    size: int,
) -> Details:
    return {
        "teacher": teacher.embedder.name,
        "student": student.name,
        "photos learned from": len(split.train),
        "photos validated on": len(split.validation),
        **compared(faces, split.validation, scored=split.validation[named(faces)[split.validation]], seed=recipe.seed),
        "photos left out": faces.photos - len(faces.files),
        "input in pixels": size,
        "head started as": "the closed-form map to the teacher's vectors",
        "weight of pairs in the loss": recipe.relation,
        "change of colours": recipe.colour,
        "epochs at most": recipe.epochs,
        "epoch chosen": best.number,
        "mean cosine to the teacher": best.cosine,
        "error of the pairs' cosines": best.apart,
    }


def _write_curves(result: MadeModel[StudentEpoch], about: ModelDescription, teacher: Teacher) -> None:
    best, first = result.best, result.history[0]
    write_curves(
        result.history,
        result.work,
        title=f"Distillation of {about.name}",
        summary=f"Mean cosine of held-out faces to the vectors of {teacher.embedder.name}: {first.cosine:.4f} at the "
        f"start, {best.cosine:.4f} after epoch {best.number}, whose network the model is.",
        curves={
            "cosine": "mean cosine to the teacher",
            "apart": "error of the pairs' cosines",
            "tmr": "true match rate",
            "training_loss": "training loss",
        },
        note="Measured on faces that were not learned from. The error of the pairs is the root mean square difference "
        "between the cosines of two faces, the student's and the teacher's: how far the scores move that a threshold "
        "is set on. The teacher's thresholds do not hold for the student; measure its own with facerec calibrate.",
        facts=about.training.details,
    )


def _side(student: Student, chips: int, wanted: int | None) -> int:
    own = student.preprocessing.crop
    if not student.architecture.startswith("vit"):
        return wanted or chips
    if wanted not in (None, own):
        message = f"{student.name} takes images of {own} pixels; got a size of {wanted}"
        raise ArgumentError(message)
    return own


def _targets(
    teacher: Teacher, faces: People, cache: Path, progress: Callable[[int, int], None] | None
) -> NDArray[np.float32]:
    """The teacher's vectors; one process of a team computes them."""
    team = current_team()
    if team.rank > 0:
        team.wait()
    targets = teacher_vectors(teacher.embedder, faces, cache=cache, progress=progress)
    if team.rank == 0:
        team.wait()
    return targets


@torch.no_grad()
def _start_head(
    network: FaceNetwork,
    inputs: FromPixels,
    targets: NDArray[np.float32],
    train: NDArray[np.int64],
    recipe: StudentRecipe,
) -> None:
    """Put the head where features of some faces, and of their mirror images, come nearest to the teacher's vectors."""
    some = np.sort(np.random.default_rng([recipe.seed, 3]).permutation(train)[:_HEAD_FACES])
    number = number_format(recipe.precision, network, network.device)
    training = network.training
    network.eval()
    features = []
    for mirrored in (False, True):
        for first in range(0, len(some), _BATCH):
            group = some[first : first + _BATCH]
            with autocast(network.device, number):
                features.append(network.trunk(inputs.batch(group, np.full(len(group), mirrored))).float().cpu())
    network.train(training)
    matrix, shift = closed_form_head(torch.cat(features).numpy(), np.concatenate([targets[some]] * 2))
    assert isinstance(network.head, torch.nn.Linear)  # noqa: S101 - for the type checker: it was made so
    network.head.weight.copy_(torch.from_numpy(matrix))
    network.head.bias.copy_(torch.from_numpy(shift))


def _identity(
    faces: People,
    teacher: Teacher,
    student: Student,
    recipe: StudentRecipe,
    *,
    size: int,
    weights: NDArray[np.float32] | None,
) -> dict[str, Any]:
    """What must be the same for a training to go on."""
    return {
        "recipe": json.loads(recipe.text),
        "student": student.name,
        "weights": student.backbone.weights_sha256,
        "teacher": teacher.embedder.digest,
        "size": size,
        "data": faces.digest,
        "counts": None if weights is None else hashlib.sha256(weights.tobytes()).hexdigest(),
    }

"""``facerec distil``: photos of faces without names in, a student's folder out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console, training
from facerec.cli.options import AsJson, examples, flag, grouped, option
from facerec.cli.paths import must_be_new, must_exist
from facerec.cli.training import HOW, LEARNED

if TYPE_CHECKING:
    from facerec.training.progress import Epoch
    from facerec.training.student_loop import StudentEpoch
    from facerec.training.work import MadeModel

EXAMPLES = examples(
    "facerec distil --data photos/ --teacher dlib-resnet --one-pass --out models/student",
    "facerec distil --data photos/ --teacher dlib-resnet --backbone dlib_resnet_trim --epochs 3 --out models/trim",
    "facerec models add models/student",
)


@grouped
def distil(
    context: typer.Context,
    data: Annotated[
        Path, option("DIR|CSV", "Any folder of photos of faces, or a CSV with the column image; nobody need be named.")
    ],
    teacher: Annotated[str, option("NAME", "The embedder whose vectors are learned (facerec models).")],
    out: training.Out,
    *,
    backbone: Annotated[
        str,
        option(
            "NAME",
            "The student's network, and where it starts: dlib_resnet (at a smaller --size), dlib_resnet_trim, "
            "dlib_resnet_short, or one of facerec transfer nets; NAME.none is random.",
            LEARNED,
        ),
    ] = "dlib_resnet",
    size: training.Size = None,
    one_pass: Annotated[
        bool,
        flag(
            "--one-pass",
            "The student's vectors are not averaged with those of mirror images, which halves the time of a face.",
            LEARNED,
        ),
    ] = False,
    epochs: training.Epochs = 5,
    fmr: Annotated[
        float, option("RATE", "The false match rate at which held-out people are measured, if any are named.", HOW)
    ] = 0.01,
    validation: Annotated[
        float, option("SHARE", "Share of the faces that choose the epoch and are not learned.", HOW)
    ] = 0.1,
    learning_rate: Annotated[
        float | None, option("RATE", "By default 5e-5; 1e-3 for a network with random weights.", HOW)
    ] = None,
    pace: training.Pace,
    reweight: training.Reweight = None,
    photos: training.Photos,
    as_json: AsJson = False,
) -> None:
    """Teach a smaller or faster network to give another embedder's vectors, on photos of faces without names.

    The student has the teacher's crop and length of vector, and needs thresholds of its own. A training that was cut
    off goes on when it is started again with the same options.
    Several processes train together by: torchrun --nproc-per-node N --no-python facerec distil ...
    """
    must_exist(data, "a folder of photos, or a CSV file with the column image")
    must_be_new(out)
    from facerec.training.names import teacher_name

    teacher_name(teacher)  # one that is none is told before torch is imported
    from facerec.learning.team import team
    from facerec.training.balance import strata
    from facerec.training.student import train_student
    from facerec.training.student_start import load_student, recipe_for
    from facerec.training.teacher import load_teacher

    taught_by = load_teacher(teacher, device=photos.device or "cpu", model_files=photos.model_files)
    student = load_student(backbone, model_files=photos.model_files)
    recipe = recipe_for(
        student,
        learning_rate=learning_rate,
        epochs=epochs,
        fmr=fmr,
        validation=validation,
        flip=not one_pass,
        **vars(pace),
    )
    with team() as own:
        faces = photos.read(data, taught_by.embedder.crop.name, out, named=False)
        if own.rank == 0:
            random = ", whose weights are random," if student.random else ""
            console.note(f"{student.name}{random} learns the vectors of {taught_by.embedder.name}")
        with console.progress("training") as bar:
            weights = None if reweight is None else strata(faces, reweight).weights
            settings = {**photos.settings(context, out, bar), "size": size, "weights": weights}
            made = train_student(faces, taught_by, student, recipe, progress=training.teller(bar, _found), **settings)
    if made.folder is None:
        return
    if as_json:
        console.document(training.model_document(made, faces))
    else:
        _say(made, out)


def _found(last: Epoch) -> str:
    from facerec.training.student_loop import StudentEpoch

    assert isinstance(last, StudentEpoch)  # noqa: S101 - for the type checker: a student has no others
    return f"cosine of held-out faces to the teacher {last.cosine:.4f}, error of their pairs {last.apart:.4f}"


def _say(made: MadeModel[StudentEpoch], out: Path) -> None:
    assert made.folder is not None  # noqa: S101 - for the type checker: the process that tells has written it
    best, start, name = made.best, made.history[0], made.folder.description.name
    agreement = (
        f"mean cosine of {len(made.split.validation)} held-out faces to the teacher: {best.cosine:.4f}, "
        f"{start.cosine:.4f} before training; epoch {best.number} of {made.history[-1].number} was the best"
    )
    matches = f"true match rate of those who are named: {best.tmr:.2%}, {start.tmr:.2%} before training"
    training.say_model(made, out, agreement, *([] if math.isnan(best.tmr) else [matches]))
    console.say("The teacher's thresholds do not hold for it.")
    training.say_next(
        f"facerec models add {training.quoted(out)}",
        f"facerec score pairs.csv --model {name} --out scores.csv",
        "facerec calibrate scores.csv --fmr 0.001 --out point.json",
    )

"""``facerec train --teacher``: photos of faces without names in, a student's folder out."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facerec.cli import console, documents
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.training.distil import TaughtModel
    from facerec.training.people import People
    from facerec.training.progress import Progress

_NOT_WITH_TEACHER = ("head", "unfreeze", "loss", "scale", "margin", "dimension", "batch_norm", "crop", "balance")
_FROM_RANDOM = 1e-3


def train_student_of(
    teacher: str,
    backbone: str,
    *,
    read: Callable[[str], People],
    given: Mapping[str, Any],
    out: Path,
    cache: Path,
    flip: bool,
    reweight: str | None,
    name: str | None,
    size: int | None,
    data_terms: str,
    command: str,
    device: str | None,
    model_files: Path | None,
    as_json: bool,
) -> None:
    """Teach a student and tell of it.

    Parameters
    ----------
    teacher, backbone : str
        Names.
    read : callable
        From the name of a crop recipe to the aligned faces.
    given : mapping
        The options of ``facerec train`` that were given, by their names.
    flip : bool
        Whether the student's vectors are averaged with those of mirror images.
    out, cache, reweight, name, size, data_terms, command, device, weights, as_json
        As on the command line.

    Raises
    ------
    ArgumentError
        If an option was given that means nothing to a student.
    FacerecError
        As ``facerec.training.distil.train_student``.
    """
    from facerec.training.balance import strata
    from facerec.training.distil import train_student
    from facerec.training.student_recipe import StudentRecipe
    from facerec.training.students import load_student
    from facerec.training.teaching import load_teacher
    from facerec.transfer.distributed import team

    if needless := [option for option in _NOT_WITH_TEACHER if option in given]:
        options = ", ".join(f"--{option.replace('_', '-')}" for option in needless)
        message = f"{options}: with --teacher, a student learns the teacher's vectors, crop and length; leave it out"
        raise ArgumentError(message)
    taught_by = load_teacher(teacher, device=device or "cpu", model_files=model_files)
    student = load_student(backbone, model_files=model_files)
    chosen = {"learning_rate": _FROM_RANDOM} if student.random else {}
    fields = StudentRecipe.__dataclass_fields__
    recipe = StudentRecipe(**(chosen | {key: value for key, value in given.items() if key in fields}), flip=flip)
    with team() as own:
        first = own.rank == 0
        if not first:
            own.wait()  # until the first process has aligned the faces
        faces = read(taught_by.embedder.crop.name)
        if first:
            own.wait()
            random = ", whose weights are random" if student.random else ""
            console.note(f"{student.name}{random} learns the vectors of {taught_by.embedder.name}")
        with console.progress("training") as bar:
            made = train_student(
                faces,
                taught_by,
                student,
                recipe,
                out=out,
                name=name,
                size=size,
                cache=cache,
                weights=None if reweight is None else strata(faces, reweight, _all(faces)).weights,
                data_terms=data_terms,
                command=command,
                device=device,
                preparing=bar,
                progress=_teller(bar) if first else None,
            )
    if made.folder is None:
        return
    if as_json:
        console.document(_document(made, faces))
    else:
        _tell(made, out)


def _all(faces: People) -> Any:  # noqa: ANN401 - numpy is imported where it is needed
    import numpy as np

    return np.arange(len(faces.files))


def _teller(bar: Callable[[int, int], None]) -> Callable[[Progress], None]:
    """Moves the bar with each step, and tells each whole epoch once."""
    from facerec.training.student_loop import StudentEpoch

    told: set[int] = set()

    def tell(progress: Progress) -> None:
        last = progress.last
        if last.number not in told and isinstance(last, StudentEpoch):
            told.add(last.number)
            loss = "at the start" if last.training_loss is None else f"loss {last.training_loss:.4f}"
            console.note(
                f"epoch {last.number}/{progress.epochs}: {loss}, cosine of held-out faces to the teacher "
                f"{last.cosine:.4f}, error of their pairs {last.apart:.4f}, {last.seconds:.1f} s"
            )
        bar(progress.step, progress.steps)

    return tell


def _tell(made: TaughtModel, out: Path) -> None:
    assert made.folder is not None  # noqa: S101 - for the type checker: the process that tells has written it
    about, best, start = made.folder.description, made.best, made.history[0]
    console.say(f"{about.name}: {about.dimension} numbers per face, digest {about.digest[:12]}…, in {out}")
    console.say(
        f"  mean cosine of {len(made.split.validation)} held-out faces to the teacher: {best.cosine:.4f}, "
        f"{start.cosine:.4f} before training; epoch {best.number} of {made.history[-1].number} was the best"
    )
    if not math.isnan(best.tmr):
        console.say(f"  true match rate of those who are named: {best.tmr:.2%}, {start.tmr:.2%} before training")
    for point in made.folder.points:
        console.say(f"  {point.name}: threshold {point.threshold:.4f}, FNMR {console.percent(point.fnmr)}")
    for missing in made.unmeasured:
        console.note(f"no operating point: {missing}")
    console.say(f"  {out / 'card.md'}, {made.work / 'curves.html'}, {made.work / 'log.csv'}")
    console.say("The teacher's thresholds do not hold for it. Next:")
    for command in (
        f"facerec models add {shlex.quote(str(out))}",
        f"facerec score pairs.csv --model {about.name} --out scores.csv",
        f"facerec calibrate scores.csv --model {about.name} --fmr 0.001 --out point.json",
    ):
        console.say(f"  {command}")


def _document(made: TaughtModel, faces: People) -> dict[str, object]:
    assert made.folder is not None  # noqa: S101 - as above
    about = made.folder.description
    return {
        "name": about.name,
        "digest": about.digest,
        "folder": str(made.folder.path),
        "log": str(made.work / "log.csv"),
        "curves": str(made.work / "curves.html"),
        "photos": len(faces.files),
        "skipped": [asdict(each) for each in faces.skipped],
        "best_epoch": made.best.number,
        "history": [
            {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in asdict(e).items()}
            for e in made.history
        ],
        "operating_points": [documents.operating_point(point) for point in made.folder.points],
        "unmeasured": list(made.unmeasured),
    }

"""``facerec train``: photos of people in, a measured model's folder out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from facerec.cli import console, documents
from facerec.cli.options import MIN_FACE_SIZE, AsJson, Choice, Device, MinFaceSize, ModelFiles, examples, flag, option

if TYPE_CHECKING:
    from facerec.training.make import TrainedModel
    from facerec.training.people import People
    from facerec.training.progress import Progress
    from facerec.training.recipe import TrainingRecipe
    from facerec.transfer.backbone import Backbone

Head: TypeAlias = Literal["linear", "mlp", "none"]
Loss: TypeAlias = Literal["arcface", "cosface", "subcenter", "supcon", "triplet"]
Unfreeze: TypeAlias = Literal["none", "last", "all"]
Norm: TypeAlias = Literal["stats-frozen", "frozen", "train"]
Precision: TypeAlias = Literal["float32", "bfloat16", "auto"]

_LEARNED = "What is learned"
_HOW = "How it is learned"
_DATA = "The photos"
_TEACHER = "From a teacher, without names"
_GROUPS = "By group"
_SHOWN = 10

EXAMPLES = examples(
    "facerec train --data people/ --out models/ours",
    "facerec train --data people.csv --backbone resnet18 --unfreeze all --loss cosface --epochs 30 --out models/ours",
    "facerec train --data photos/ --teacher dlib_resnet --one-pass --out models/student",
    "facerec models add models/ours",
    "facerec verify a.jpg b.jpg --model ours --fmr 0.01",
)


def train(
    context: typer.Context,
    data: Annotated[
        Path,
        option(
            "--data",
            "DIR|CSV",
            "A folder with one folder of photos per person, or a CSV with the columns image and subject; further "
            "ones, such as gender, are kept.",
        ),
    ],
    out: Annotated[
        Path, option("--out", "DIR", "The model's folder. DIR.training beside it holds log, curves and checkpoint.")
    ],
    *,
    backbone: Annotated[
        str,
        option(
            "--backbone",
            "NAME",
            "Where it starts: dlib_resnet, the face network; efficientnet_lite0, resnet18, resnet50 and others, "
            "trained on ImageNet (facerec transfer backbones); NAME.none is random.",
            _LEARNED,
        ),
    ] = "dlib_resnet",
    head: Annotated[
        Head,
        option(
            "--head", "WHICH", "On the backbone's features: linear, mlp (a hidden layer beside it), or none.", _LEARNED
        ),
    ] = "linear",
    unfreeze: Annotated[
        Unfreeze | None,
        option(
            "--unfreeze",
            "STAGES",
            "Stages of the backbone that are trained: none (seconds), last, or all, one after the other. By default "
            "none; all for a random backbone.",
            _LEARNED,
        ),
    ] = None,
    loss: Annotated[
        Loss,
        option(
            "--loss",
            "NAME",
            "arcface, cosface, subcenter; or supcon, triplet, which leave out people with one photo.",
            _HOW,
        ),
    ] = "arcface",
    epochs: Annotated[int, option("--epochs", "N", "Passes over the photos, at most.", _HOW)] = 20,
    patience: Annotated[int, option("--patience", "N", "Epochs without a better one after which it ends.", _HOW)] = 5,
    fmr: Annotated[
        float, option("--fmr", "RATE", "The false match rate at which unseen people choose the epoch.", _HOW)
    ] = 0.01,
    validation: Annotated[
        float,
        option(
            "--validation",
            "SHARE",
            "Share of the people who are not learned from, choose the epoch and measure the operating points.",
            _HOW,
        ),
    ] = 0.2,
    batch_size: Annotated[int, option("--batch-size", "N", "Photos per step.", _HOW)] = 64,
    learning_rate: Annotated[
        float,
        option(
            "--learning-rate",
            "RATE",
            "Of the backbone's last stage; the head learns three times faster, earlier stages slower.",
            _HOW,
        ),
    ] = 1e-4,
    scale: Annotated[
        float | None, option("--scale", "S", "Of the loss. By default what suits the people and the start.", _HOW)
    ] = None,
    margin: Annotated[
        float | None,
        option(
            "--margin",
            "M",
            "Of the loss; degrees for arcface and subcenter. By default what suits the people and the start.",
            _HOW,
        ),
    ] = None,
    dimension: Annotated[
        int | None,
        option("--dimension", "N", "Numbers in a vector. By default 128 for dlib_resnet, else 256.", _LEARNED),
    ] = None,
    size: Annotated[
        int | None,
        option("--size", "PIXELS", "Side of the network's input. By default that of the aligned faces.", _LEARNED),
    ] = None,
    batch_norm: Annotated[
        Norm | None,
        option(
            "--batch-norm",
            "POLICY",
            "Of the backbone: stats-frozen, frozen (the scales, too), or train. By default stats-frozen; train for a "
            "random backbone.",
            _HOW,
        ),
    ] = None,
    precision: Annotated[
        Precision,
        option("--precision", "FORMAT", "Of the backbone's numbers: float32, bfloat16, or auto, the faster one.", _HOW),
    ] = "auto",
    seed: Annotated[int, option("--seed", "N", "Of every draw.", _HOW)] = 0,
    crop: Annotated[
        str,
        option(
            "--crop",
            "RECIPE",
            "How faces are cut: dlib-5pt-chip-150.v1, or five-point-112.v1 (ArcFace's template; other sizes too).",
            _DATA,
        ),
    ] = "dlib-5pt-chip-150.v1",
    face: Annotated[
        Choice, option("--face", "WHICH", "Which face of a photo is the person's: central, largest, or only.", _DATA)
    ] = "central",
    min_face_size: MinFaceSize = MIN_FACE_SIZE,
    cache: Annotated[
        Path | None,
        option(
            "--cache",
            "DIR",
            "Where aligned faces and features are kept for further trainings. By default in DIR.training.",
            _DATA,
        ),
    ] = None,
    data_terms: Annotated[
        str,
        option(
            "--data-terms",
            "TEXT",
            "The terms of the photos and the consent of the people, for the model's card.",
            _DATA,
        ),
    ] = "",
    teacher: Annotated[
        str | None,
        option(
            "--teacher",
            "NAME",
            "An embedder whose vectors a student learns, by its network from --backbone: dlib_resnet at a smaller "
            "--size, dlib_resnet_trim, dlib_resnet_short. Nobody on the photos needs to be named: --data may be any "
            "folder of photos.",
            _TEACHER,
        ),
    ] = None,
    one_pass: Annotated[
        bool,
        flag(
            "--one-pass",
            "With --teacher: the student's vectors are not averaged with those of mirror images, which halves the "
            "time of a face.",
            _TEACHER,
        ),
    ] = False,
    audit_by: Annotated[
        list[str] | None,
        option(
            "--audit-by",
            "COLUMN",
            "Audit the model by this column of the CSV on the people who validate, and keep the audit in its folder. "
            "May be given several times.",
            _GROUPS,
        ),
    ] = None,
    balance: Annotated[
        str | None,
        option(
            "--balance",
            "COLUMN",
            "Each group of this column of the CSV has the same share of every batch; photos of which it is not given "
            "are a group of their own.",
            _GROUPS,
        ),
    ] = None,
    reweight: Annotated[
        str | None,
        option(
            "--reweight", "COLUMN", "Each group of this column of the CSV has the same weight in the loss.", _GROUPS
        ),
    ] = None,
    name: Annotated[str | None, option("--name", "NAME", "Of the model; by default that of its folder.")] = None,
    device: Device = None,
    model_files: ModelFiles = None,
    as_json: AsJson = False,
) -> None:
    """Train an embedder on photos of people, from a pre-trained backbone to a calibrated model's folder.

    People are split, never photos. A training that was cut off goes on when it is started again with the same options.
    Several processes train together by: torchrun --nproc-per-node N --no-python facerec train ...
    """
    from facerec.errors import ArgumentError
    from facerec.training.make import train_embedder, work_folder
    from facerec.training.recipe import TrainingRecipe
    from facerec.transfer.backbone import load_backbone
    from facerec.transfer.distributed import team

    kept = cache or work_folder(out) / "cache"
    if teacher is not None:
        from facerec.cli.train_student import train_student_of

        train_student_of(
            teacher,
            backbone,
            read=lambda recipe: _people(
                data,
                recipe,
                face,
                kept,
                named=False,
                min_face_size=min_face_size,
                device=device,
                model_files=model_files,
            ),
            given=_given(context),
            out=out,
            cache=kept,
            flip=not one_pass,
            reweight=reweight,
            name=name,
            size=size,
            data_terms=data_terms,
            command=_command(),
            device=device,
            model_files=model_files,
            as_json=as_json,
        )
        return
    if one_pass:
        message = "--one-pass is for a student; name its --teacher, or leave it out"
        raise ArgumentError(message)
    start = load_backbone(backbone, model_files=model_files)
    random = start.weights_sha256 is None
    recipe = TrainingRecipe(
        head=head,
        loss=loss,
        unfreeze=unfreeze or ("all" if random else "none"),
        epochs=epochs,
        batch_size=batch_size,
        photos_per_person=min(4, max(2, batch_size // 2)),
        learning_rate=learning_rate,
        scale=scale,
        margin=margin,
        batch_norm=batch_norm or ("train" if random else "stats-frozen"),
        precision=precision,
        patience=patience,
        fmr=fmr,
        dimension=dimension,
        balance=balance,
        reweight=reweight,
        seed=seed,
    )
    with team() as own:
        first = own.rank == 0
        by = tuple(audit_by or ())
        if not first:
            own.wait()  # until the first process has aligned the faces
        people = _people(
            data, crop, face, kept, named=True, min_face_size=min_face_size, device=device, model_files=model_files
        )
        for column in by:
            people.without(column)  # a column that is not there is told before anything is trained
        if first:
            own.wait()
            _tell_start(start, recipe)
        with console.progress("training") as bar:
            made = train_embedder(
                people,
                start,
                recipe,
                out=out,
                name=name,
                validation=validation,
                size=size,
                cache=kept,
                data_terms=data_terms,
                command=_command(),
                device=device,
                model_files=model_files,
                preparing=bar,
                progress=_teller(bar) if first else None,
            )
    if made.folder is None:
        return
    if by:
        made = _audited(made, by, recipe)
    if as_json:
        console.document(_document(made, people))
    else:
        _tell(made, recipe, out)


def _people(
    data: Path,
    crop: str,
    face: Choice,
    cache: Path,
    *,
    named: bool,
    min_face_size: int,
    device: str | None,
    model_files: Path | None,
) -> People:
    import os

    from facerec.align.crops import crop_recipe
    from facerec.cli.recognition import MOST_WORKERS
    from facerec.detect import Mtcnn
    from facerec.device import best_device, threads_per_network
    from facerec.training.faces import read_faces
    from facerec.training.people import read_people
    from facerec.transfer.distributed import current_team

    # One thread per photo is a third faster than threads within the detector's networks.
    with console.progress("aligning faces") as progress, threads_per_network(1):
        people = (read_people if named else read_faces)(
            data,
            detector=Mtcnn(min_face_size=min_face_size, device=device or best_device(), model_files=model_files),
            crop=crop_recipe(crop, model_files=model_files),
            cache=cache / "chips",
            choice=face,
            workers=min(MOST_WORKERS, os.cpu_count() or 1),
            progress=progress,
        )
    if current_team().rank == 0:
        _tell_people(people, named=named)
    return people


def _tell_people(people: People, *, named: bool) -> None:
    used = console.counted(len(people.files), "photo", "photos")
    of = f" of {console.counted(len(people.identities), 'person', 'people')}" if named else ""
    console.note(f"{people.name}: {used}{of}")
    if people.skipped:
        counts = [
            f"{number} {words}"
            for number, words in (
                (people.count("without the face"), "without the face that is meant"),
                (people.count("unreadable"), "unreadable"),
                (people.count("twice"), "the same file as another"),
                (people.count("two people"), "filed under several people"),
            )
            if number
        ]
        console.note(f"left out: {', '.join(counts)}")
        for each in people.skipped[:_SHOWN]:
            console.note(f"  {each.file}: {each.reason}")
        if len(people.skipped) > _SHOWN:
            console.note(f"  … {len(people.skipped)} in all; --json lists them")
    if named and people.with_one_photo:
        console.note(f"{console.counted(people.with_one_photo, 'person has', 'people have')} a single photo")
    for column in people.columns:
        if missing := people.without(column):
            console.note(f"{column} is not given for {console.counted(missing, 'photo', 'photos')}")


def _tell_start(backbone: Backbone, recipe: TrainingRecipe) -> None:
    random = "" if backbone.weights_sha256 else ", whose weights are random"
    console.note(
        f"from {backbone.name}{random}: head {recipe.head}, loss {recipe.loss}, stages trained: {recipe.unfreeze}, "
        f"batch normalisation: {recipe.batch_norm}"
    )


def _teller(bar: Callable[[int, int], None]) -> Callable[[Progress], None]:
    """Moves the bar with each step, and tells each whole epoch once."""
    told: set[int] = set()

    def tell(progress: Progress) -> None:
        last = progress.last
        if last.number not in told:
            told.add(last.number)
            loss = "at the start" if last.training_loss is None else f"loss {last.training_loss:.4f}"
            console.note(
                f"epoch {last.number}/{progress.epochs}: {loss}, true match rate of unseen people {last.tmr:.2%}, "
                f"EER {last.eer:.2%}, {last.seconds:.1f} s"
            )
        bar(progress.step, progress.steps)

    return tell


def _audited(made: TrainedModel, by: tuple[str, ...], recipe: TrainingRecipe) -> TrainedModel:
    """With the audit of its validation scores in its folder and on its card."""
    import json
    from dataclasses import replace

    from audits import AtFmr, audit_verification
    from audits.report.claims import verdict_document
    from audits.report.document import verification_document
    from facerec.measure.tables import read
    from facerec.models.folder import attach_audit

    assert made.folder is not None  # noqa: S101 - for the type checker: the caller has looked
    audit = audit_verification(read(made.work / "validation_scores.csv"), by=by, at=AtFmr(recipe.fmr))
    document = made.work / "audit.json"
    text = json.dumps(verification_document(audit, verdict=verdict_document(None)), ensure_ascii=False, allow_nan=False)
    document.write_text(text, encoding="utf-8")
    return replace(made, folder=attach_audit(made.folder.path, document))


def _tell(made: TrainedModel, recipe: TrainingRecipe, out: Path) -> None:
    assert made.folder is not None  # noqa: S101 - for the type checker: the process that tells has written it
    about, best, start = made.folder.description, made.best, made.history[0]
    console.say(f"{about.name}: {about.dimension} numbers per face, digest {about.digest[:12]}…, in {out}")
    console.say(
        f"  true match rate of {made.split.validation_people} unseen people at FMR {recipe.fmr:g}: {best.tmr:.2%}, "
        f"{start.tmr:.2%} before training"
    )
    if best.number == 0:
        console.say(f"  no epoch was better than the start ({made.start}), which is what the model is")
    else:
        console.say(
            f"  epoch {best.number} of {made.history[-1].number} was the best; the head started as {made.start}"
        )
    for point in made.folder.points:
        console.say(f"  {point.name}: threshold {point.threshold:.4f}, FNMR {console.percent(point.fnmr)}")
    for missing in made.unmeasured:
        console.note(f"no operating point at {missing}")
    console.say(f"  {out / 'card.md'}, {made.work / 'curves.html'}, {made.work / 'log.csv'}")
    console.say("Next:")
    chosen = next((point for point in made.folder.points if point.target_fmr == recipe.fmr), None)
    rate = f" --fmr {recipe.fmr:g}" if chosen is not None else ""
    scores = shlex.quote(str(made.work / "validation_scores.csv"))
    for command in (
        f"facerec models add {shlex.quote(str(out))}",
        f"facerec verify a.jpg b.jpg --model {about.name}{rate}",
        f"facerec export {about.name} --onnx {shlex.quote(str(out.with_name(about.name + '-onnx')))}",
        f"facerec audit verification {scores} --by COLUMN --at-fmr {recipe.fmr:g} --out audit/",
        f"facerec models attach {about.name} --audit audit/audit.json",
    ):
        console.say(f"  {command}")
    if column := recipe.balance or recipe.reweight:
        before = shlex.quote(str(made.work / "start_scores.csv"))
        console.say(f"  facerec audit drift {before} {scores} --by {column} --at-fmr {recipe.fmr:g}")


def _document(made: TrainedModel, people: People) -> dict[str, object]:
    assert made.folder is not None  # noqa: S101 - as above
    about = made.folder.description
    return {
        "name": about.name,
        "digest": about.digest,
        "folder": str(made.folder.path),
        "log": str(made.work / "log.csv"),
        "curves": str(made.work / "curves.html"),
        "validation_scores": str(made.work / "validation_scores.csv"),
        "photos": len(people.files),
        "people": len(people.identities),
        "people_with_one_photo": people.with_one_photo,
        "without_group": {column: people.without(column) for column in people.columns},
        "skipped": [asdict(each) for each in people.skipped],
        "start": made.start,
        "best_epoch": made.best.number,
        "history": [asdict(epoch) for epoch in made.history],
        "audited": made.folder.audit is not None,
        "operating_points": [documents.operating_point(point) for point in made.folder.points],
        "unmeasured": list(made.unmeasured),
    }


def _given(context: typer.Context) -> dict[str, Any]:
    """The options that stand on the command line, not those that have their defaults."""
    return {
        name: value
        for name, value in context.params.items()
        if str(context.get_parameter_source(name)).endswith("COMMANDLINE")
    }


def _command() -> str:
    """The command line as it was given, with paths reduced to their last part."""
    words = [Path(word).name if "/" in word or "\\" in word else word for word in sys.argv[1:]]
    return shlex.join(["facerec", *words])

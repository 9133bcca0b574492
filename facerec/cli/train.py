"""``facerec train``: photos of people in, a measured model's folder out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from facerec.cli import console, training
from facerec.cli.options import AsJson, examples, grouped, option
from facerec.cli.paths import must_be_new, must_exist
from facerec.cli.training import DATA, GROUPS, HOW, LEARNED

if TYPE_CHECKING:
    from facerec.training.people import People
    from facerec.training.progress import Epoch
    from facerec.training.recipe import TrainingRecipe
    from facerec.training.work import MadeModel

Head: TypeAlias = Literal["linear", "mlp", "none"]
Loss: TypeAlias = Literal["arcface", "cosface", "subcenter", "supcon", "triplet"]
Unfreeze: TypeAlias = Literal["none", "last", "all"]
Norm: TypeAlias = Literal["stats-frozen", "frozen", "train"]

EXAMPLES = examples(
    "facerec train --data people/ --out models/ours",
    "facerec train --data people.csv --backbone resnet18 --unfreeze all --loss cosface --epochs 30 --out models/ours",
    "facerec models add models/ours",
    "facerec verify a.jpg b.jpg --model ours --fmr 0.01",
)


@dataclass(frozen=True)
class Recipe(training.Pace):
    """What is learned and how, as ``facerec.training.recipe.TrainingRecipe`` calls it."""

    head: Annotated[
        Head, option("WHICH", "On the backbone's features: linear, mlp (a hidden layer beside it), or none.", LEARNED)
    ] = "linear"
    unfreeze: Annotated[
        Unfreeze | None,
        option(
            "STAGES",
            "Stages of the backbone that are trained: none (seconds), last, or all, one after the other. By default "
            "none; all for a random backbone.",
            LEARNED,
        ),
    ] = None
    loss: Annotated[
        Loss,
        option("NAME", "arcface, cosface, subcenter; or supcon, triplet, which leave out people with one photo.", HOW),
    ] = "arcface"
    epochs: training.Epochs = 20
    fmr: Annotated[float, option("RATE", "The false match rate at which unseen people choose the epoch.", HOW)] = 0.01
    learning_rate: Annotated[
        float,
        option("RATE", "Of the backbone's last stage; the head learns three times faster, earlier stages slower.", HOW),
    ] = 1e-4
    scale: Annotated[
        float | None, option("SCALE", "Of the loss. By default what suits the people and the start.", HOW)
    ] = None
    margin: Annotated[
        float | None,
        option(
            "MARGIN",
            "Of the loss; degrees for arcface and subcenter. By default what suits the people and the start.",
            HOW,
        ),
    ] = None
    dimension: Annotated[
        int | None, option("N", "Numbers in a vector. By default 128 for dlib_resnet, else 256.", LEARNED)
    ] = None
    batch_norm: Annotated[
        Norm | None,
        option(
            "POLICY",
            "Of the backbone: stats-frozen, frozen (the scales, too), or train. By default stats-frozen; train for a "
            "random backbone.",
            HOW,
        ),
    ] = None
    balance: Annotated[
        str | None,
        option(
            "COLUMN",
            "Each group of this column of the CSV has the same share of every batch; photos of which it is not given "
            "are a group of their own.",
            GROUPS,
        ),
    ] = None
    reweight: training.Reweight = None


@grouped
def train(
    context: typer.Context,
    data: Annotated[
        Path,
        option(
            "DIR|CSV",
            "A folder with one folder of photos per person, or a CSV with the columns image and subject; further "
            "ones, such as gender, are kept.",
        ),
    ],
    out: training.Out,
    *,
    backbone: Annotated[
        str,
        option(
            "NAME",
            "Where it starts: dlib_resnet, the face network; efficientnet_lite0, resnet18, resnet50 and others, "
            "trained on ImageNet (facerec transfer nets); NAME.none is random.",
            LEARNED,
        ),
    ] = "dlib_resnet",
    validation: Annotated[
        float,
        option(
            "SHARE",
            "Share of the people who are not learned from, choose the epoch and measure the operating points.",
            HOW,
        ),
    ] = 0.2,
    recipe: Recipe,
    size: training.Size = None,
    crop: Annotated[
        str,
        option(
            "RECIPE",
            "How faces are cut: dlib-5pt-chip-150.v1, or five-point-112.v1 (ArcFace's template; other sizes too).",
            DATA,
        ),
    ] = "dlib-5pt-chip-150.v1",
    audit_by: Annotated[
        list[str] | None,
        option(
            "COLUMN",
            "Audit the model by this column of the CSV on the people who validate, and keep the audit in its folder. "
            "May be given several times.",
            GROUPS,
        ),
    ] = None,
    photos: training.Photos,
    as_json: AsJson = False,
) -> None:
    """Train an embedder on photos of people, from a pre-trained backbone to a calibrated model's folder.

    People are split, never photos. A training that was cut off goes on when it is started again with the same options.
    Several processes train together by: torchrun --nproc-per-node N --no-python facerec train ...
    """
    must_exist(data, "a folder with one folder of photos per person, or a CSV file with the columns image and subject")
    must_be_new(out)
    from facerec.learning.team import team
    from facerec.networks.backbone import load_backbone
    from facerec.training.embedder import train_embedder
    from facerec.training.start import recipe_for

    start = load_backbone(backbone, model_files=photos.model_files)
    made_by = recipe_for(start, **vars(recipe))
    with team() as own:
        people = photos.read(data, crop, out, named=True)
        for column in audit_by or ():
            people.without(column)  # a column that is not there is told before anything is trained
        if own.rank == 0:
            random = "" if start.weights_sha256 else ", whose weights are random"
            console.note(
                f"from {start.name}{random}: head {made_by.head}, loss {made_by.loss}, stages trained: "
                f"{made_by.unfreeze}, batch normalisation: {made_by.batch_norm}"
            )
        with console.progress("training") as bar:
            settings = {**photos.settings(context, out, bar), "validation": validation, "size": size}
            tell = training.teller(
                bar, lambda last: f"true match rate of unseen people {last.tmr:.2%}, EER {last.eer:.2%}"
            )
            made = train_embedder(people, start, made_by, model_files=photos.model_files, progress=tell, **settings)
    if made.folder is None:
        return
    if audit_by:
        from audits.report.verification.document import write_audit_file
        from facerec.models.folder import attach_audit

        scores, audit = made.work / "validation_scores.csv", made.work / "audit.json"
        write_audit_file(scores, audit_by, audit, at_fmr=recipe.fmr)
        made = replace(made, folder=attach_audit(made.folder.path, audit))
    if as_json:
        console.document(_document(made, people))
    else:
        _say(made, made_by, out)


def _say(made: MadeModel[Epoch], recipe: TrainingRecipe, out: Path) -> None:
    assert made.folder is not None  # noqa: S101 - for the type checker: the process that tells has written it
    best, start, name = made.best, made.history[0], made.folder.description.name
    training.say_model(
        made,
        out,
        f"true match rate of {made.split.validation_people} unseen people at FMR {recipe.fmr:g}: {best.tmr:.2%}, "
        f"{start.tmr:.2%} before training",
        f"no epoch was better than the start ({made.start}), which is what the model is"
        if best.number == 0
        else f"epoch {best.number} of {made.history[-1].number} was the best; the head started as {made.start}",
    )
    chosen = any(point.target_fmr == recipe.fmr for point in made.folder.points)
    scores = training.quoted(made.work / "validation_scores.csv")
    column, before = recipe.balance or recipe.reweight, training.quoted(made.work / "start_scores.csv")
    training.say_next(
        f"facerec models add {training.quoted(out)}",
        f"facerec verify a.jpg b.jpg --model {name}{f' --fmr {recipe.fmr:g}' if chosen else ''}",
        f"facerec export {name} --onnx {training.quoted(out.with_name(name + '-onnx'))}",
        f"facerec audit verification {scores} --by COLUMN --at-fmr {recipe.fmr:g} --out audit/",
        f"facerec models attach {name} --audit audit/audit.json",
        *([f"facerec audit drift {before} {scores} --by {column} --at-fmr {recipe.fmr:g}"] if column else []),
    )


def _document(made: MadeModel[Epoch], people: People) -> dict[str, object]:
    known = {"people": len(people.identities), "people_with_one_photo": people.with_one_photo}
    missing = {"without_group": {column: people.without(column) for column in people.columns}}
    scores = {"validation_scores": made.work / "validation_scores.csv", "start": made.start}
    return {**training.model_document(made, people), **scores, **known, **missing}

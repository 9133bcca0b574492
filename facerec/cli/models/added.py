"""``facerec models add``, ``attach`` and ``remove``: models of one's own, and of other makers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, argument, examples, option
from facerec.errors import ArgumentError, OutputError
from facerec.meant import did_you_mean

if TYPE_CHECKING:
    from facerec.models.folder import ModelFolder, Pixels
    from facerec.types import OperatingPoint

PixelsName: TypeAlias = Literal["imagenet", "-1..1", "0..1", "0..255"]
Channels: TypeAlias = Literal["RGB", "BGR"]
Commercial: TypeAlias = Literal["yes", "no", "unclear"]
Name = Annotated[str, argument("NAME", "A model that was added.")]

_GRAPH = "An ONNX file, and how it was trained to be fed"
_KNOWN = "What is known of it"

ADD_EXAMPLES = examples(
    "facerec models add trained/student",
    "facerec models add mobilefacenet.onnx --crop five-point-112.v1 --pixels imagenet --licence Apache-2.0",
    "facerec models add vendor.onnx --name vendor --crop five-point-112.v1 --pixels -1..1 --channels BGR",
)
REMOVE_EXAMPLES = examples("facerec models remove ours")
ATTACH_EXAMPLES = examples(
    "facerec models attach vendor --points points.json",
    "facerec models attach vendor --audit report/audit.json",
)


def add(
    source: Annotated[Path, argument("DIR|FILE.onnx", "A folder that facerec train wrote, or an ONNX face network.")],
    *,
    name: Annotated[str | None, option("NAME", "What to call it; by default its own or the file's name.")] = None,
    crop: Annotated[
        str | None,
        option(
            "RECIPE",
            "five-point-112.v1 (ArcFace's template; other sizes too), dlib-5pt-chip-150.v1, 'box-160-margin-14 v1'.",
            _GRAPH,
        ),
    ] = None,
    pixels: Annotated[
        PixelsName | None,
        option("RANGE", "How pixels are scaled: imagenet (its mean and deviation), -1..1, 0..1 or 0..255.", _GRAPH),
    ] = None,
    mean: Annotated[
        str | None, option("R,G,B", "In place of --pixels, with --std: subtracted first; in units of 0..255.", _GRAPH)
    ] = None,
    std: Annotated[str | None, option("R,G,B", "With --mean: what is divided by.", _GRAPH)] = None,
    channels: Annotated[Channels, option("ORDER", "RGB or BGR.", _GRAPH)] = "RGB",
    flip: Annotated[bool, typer.Option(help="Average each face with its mirror image.", rich_help_panel=_GRAPH)] = True,
    output: Annotated[
        str | None, option("NAME", "Which output of the graph is the vector, where there are several.", _GRAPH)
    ] = None,
    licence: Annotated[str, option("TEXT", "Of the weights.", _KNOWN)] = "none stated",
    commercial: Annotated[Commercial, option("WORD", "Commercial use: yes, no or unclear.", _KNOWN)] = "unclear",
    trained_on: Annotated[str, option("TEXT", "The training data.", _KNOWN)] = "",
    data_terms: Annotated[str, option("TEXT", "The terms of that data, the consent.", _KNOWN)] = "",
    as_json: AsJson = False,
) -> None:
    """Add a model, so that --model NAME works everywhere.

    It is copied, tried out and bound to its digest. An ONNX file says nothing of the crop and the scaling of pixels
    that it was trained with; a wrong one costs accuracy without any error, so both have to be given.
    """
    from facerec.embed.load import add_model, describe_onnx
    from facerec.models.folder import Terms, Training, write_model
    from facerec.models.weights import models_folder

    if source.is_dir():
        model = add_model(source, name=name)
    else:
        if crop is None:
            message = "an ONNX file needs --crop: the recipe that its training photos were cut with"
            raise ArgumentError(message)
        about, contents = describe_onnx(
            source,
            name=name or source.stem.lower(),
            crop=crop,
            pixels=_pixels(pixels, mean, std, channels),
            terms=Terms(licence, commercial, "as stated by who added it"),
            training=Training(data=trained_on, data_terms=data_terms),
            flip=flip,
            output=output,
        )
        model = write_model(models_folder() / about.name, about, contents)
    _tell(model, as_json=as_json)
    if not as_json and not model.points:
        console.say("It has no operating point yet, so it scores but does not decide. Measure one:")
        console.say(f"  facerec score PAIRS.csv --model {model.description.name} --out scores.csv")
        console.say("  facerec calibrate scores.csv --fmr 1e-3 --out points.json")
        console.say(f"  facerec models attach {model.description.name} --points points.json")


def attach(
    name: Name,
    *,
    points: Annotated[
        Path | None,
        option(
            "POINTS.json", "Operating points that facerec calibrate measured with this model; it then decides at them."
        ),
    ] = None,
    audit: Annotated[
        Path | None,
        option("audit.json", "What facerec audit verification found on this model's scores; the card then shows it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put measured operating points or an audit into an added model's folder, and renew its card."""
    from facerec.models.folder import attach_audit, attach_points, read_model
    from facerec.points import read_points

    folder = _folder(name)
    if points is None and audit is None:
        message = "nothing to attach: give --points, --audit, or both"
        raise ArgumentError(message)
    before = read_model(folder).points
    model = attach_points(folder, () if points is None else read_points(points))
    if audit is not None:
        model = attach_audit(folder, audit)
    _tell(model, as_json=as_json, replaced=[point for point in before if point not in model.points])


def remove(name: Name, *, as_json: AsJson = False) -> None:
    """Remove an added model; galleries and thresholds that were made with it need it again."""
    import shutil

    folder = _folder(name)
    try:
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    except OSError as error:
        message = f"{folder} cannot be removed: {error.strerror or error}; check its permissions"
        raise OutputError(message) from error
    console.answer({"removed": name}, f"{name} is removed", as_json=as_json)


def say_table() -> None:
    """Print the added models, if there are any."""
    from facerec.models.state import added_states

    rows = []
    for each in added_states():
        if each.model is None:
            rows.append((each.name, "", "", "", "", "wrong; see facerec models check"))
            continue
        about = each.model.description
        fmrs = ", ".join(f"{point.target_fmr:g}" for point in each.model.points) or "none"
        audited = "no" if each.model.audit is None else "yes"
        rows.append((each.name, about.kind, about.terms.commercial, fmrs, audited, str(each.model.path)))
    if rows:
        console.say()
        console.table(("added model", "kind", "commercial use", "points at FMR", "audited", "where"), rows)


def say_card(name: str) -> bool:
    """Print the card of an added model; whether there is one of that name."""
    from facerec.models.weights import added_models

    if name not in added_models():
        return False
    from facerec.models.folder import read_model
    from facerec.models.folder.card import render_card

    model = read_model(_folder(name))
    console.say(*render_card(model.description, model.points, model.audit).rstrip().split("\n"))
    return True


def documents() -> list[dict[str, object]]:
    """The added models as JSON holds them."""
    from facerec.models.state import added_states

    return [
        {"name": each.name, "state": "wrong", "problem": each.problem}
        if each.model is None
        else {"state": "ok", **each.model.to_dict()}
        for each in added_states()
    ]


def _folder(name: str) -> Path:
    from facerec.models.weights import added_models, models_folder

    if name not in added_models():
        message = f"no added model is called {name!r}; there are {', '.join(added_models()) or 'none'}"
        message += did_you_mean(name, added_models())
        raise ArgumentError(message)
    return models_folder() / name


def _pixels(preset: PixelsName | None, mean: str | None, std: str | None, channels: Channels) -> Pixels:
    from facerec.models.folder import Pixels

    if preset is not None and mean is None and std is None:
        return Pixels.preset(preset, channels=channels)
    if preset is None and mean is not None and std is not None:
        return Pixels(_three("--mean", mean), _three("--std", std), channels)
    message = "an ONNX file needs the scaling of its pixels: give --pixels, or --mean and --std"
    raise ArgumentError(message)


def _three(option: str, text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split(","))
    except ValueError as error:
        message = f"{option} needs three numbers, R,G,B; got {text!r}"
        raise ArgumentError(message) from error
    return red, green, blue


def _tell(model: ModelFolder, *, as_json: bool, replaced: Sequence[OperatingPoint] = ()) -> None:
    about = model.description
    first = f"{about.name}: {about.dimension} numbers per face, digest {about.digest[:12]}…"
    told = [f"  replaced: {point.name}, threshold {point.threshold:.4f}" for point in replaced]
    document = {**model.to_dict(), "replaced_points": [point.name for point in replaced]}
    console.answer(document, first, f"  {model.path / 'card.md'}", *told, as_json=as_json)

"""``facerec export``: an embedder's network as an ONNX file, with 32-bit or 8-bit numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, MinFaceSize, ModelFiles, examples, flag, option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facerec.models.folder import ModelFolder
    from facerec.training.export import Exportable, Exported
    from facerec.training.people import People
    from facerec.types import OperatingPoint

EXAMPLES = examples(
    "facerec export dlib-resnet --onnx models/dlib-onnx",
    "facerec export ours --onnx models/ours-int8 --int8 --photos people/",
    "facerec models add models/ours-int8",
)

_FMRS = (1e-2, 1e-3)


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The embedder, as facerec models lists it.")],
    *,
    onnx: Annotated[
        Path, option("--onnx", "DIR", "The folder to make: model.onnx, model.json and card; models add takes it.")
    ],
    int8: Annotated[
        bool, flag("--int8", "Numbers of 8 bits: smaller and faster, less accurate. Needs --photos.")
    ] = False,
    photos: Annotated[
        Path | None,
        option(
            "--photos",
            "DIR|CSV",
            "Photos of known people, as for facerec train. With --int8 half of the people set the ranges, and the "
            "price is measured on the others; without it the vectors are compared on them.",
        ),
    ] = None,
    called: Annotated[
        str | None, option("--name", "NAME", "Of the exported model; by default that of its folder.")
    ] = None,
    min_face_size: MinFaceSize = 40,
    device: Device = None,
    model_files: ModelFiles = None,
    as_json: AsJson = False,
) -> None:
    """Write an embedder as an ONNX graph that ONNX Runtime runs with the same vectors.

    The graph is compared with the original before anything is written. With 32-bit numbers the vectors are equal to
    1e-4 and the thresholds of the original hold; with 8-bit numbers they are others, and thresholds are measured anew.
    """
    from facerec.errors import ArgumentError
    from facerec.training.export import export_float, exportable

    if int8 and photos is None:
        message = "--int8 needs --photos: the ranges of the numbers, and what it costs, are measured on faces"
        raise ArgumentError(message)
    source = exportable(name, model_files=model_files)
    model_name = called or onnx.name
    people = None
    if photos is not None:
        people = _people(photos, source.crop, onnx, min_face_size=min_face_size, device=device, model_files=model_files)
    exported = export_float(source, name=model_name, trial=_trial(people, source))
    if int8:
        assert people is not None  # noqa: S101 - for the type checker: checked above
        _export_int8(source, exported, model_name, people, onnx, as_json=as_json)
    else:
        _export_float(source, exported, onnx, as_json=as_json)


def _export_float(source: Exportable, exported: Exported, folder: Path, *, as_json: bool) -> None:
    from facerec.models.folder import write_model
    from facerec.models.shipped_points import shipped_points
    from facerec.training.export import points_of_the_same_vectors

    points = points_of_the_same_vectors(shipped_points(), source, exported)
    model = write_model(folder, exported.description, exported.contents, points=points)
    if as_json:
        console.document(_document(model, exported))
        return
    console.say(f"{folder}: the vectors of {source.name} to {exported.furthest:.1g} on {exported.chips} chips")
    _next(model)


def _export_int8(
    source: Exportable, exported: Exported, name: str, people: People, folder: Path, *, as_json: bool
) -> None:
    from facerec.models.folder import write_model
    from facerec.training.export import export_int8
    from facerec.training.measuring import points_of

    ranges, measured = _halves(people)
    small = export_int8(
        source,
        exported,
        name=name,
        calibration=people.chips.take(ranges[:256]),
        trial=people.chips.take(measured[:256]),
    )
    whose = "other than those who set the ranges of the 8-bit numbers"
    points, missing = points_of(
        _vectors(small, people, measured), people, measured, small.description, _FMRS, whose=whose
    )
    before, _ = points_of(
        _vectors(exported, people, measured), people, measured, exported.description, _FMRS, whose=whose
    )
    model = write_model(folder, small.description, small.contents, points=points)
    if as_json:
        price = [
            {"target_fmr": was.target_fmr, "fnmr_float32": _rate(was), "fnmr_int8": _rate(now)}
            for was, now in zip(before, points, strict=True)
        ]
        console.document({**_document(model, small), "price": price, "not_measured": list(missing)})
        return
    console.say(
        f"{folder}: {len(small.contents) / 1e6:.1f} MB, was {len(exported.contents) / 1e6:.1f} MB; "
        f"lowest cosine to the original {small.lowest_cosine:.4f} on {small.chips} chips of other people"
    )
    for was, now in zip(before, points, strict=True):
        console.say(f"  at FMR {was.target_fmr:g} on {was.fmr.trials:,} impostor pairs:")
        console.say(f"    32 bits  FNMR {console.percent(was.fnmr)}")
        console.say(f"     8 bits  FNMR {console.percent(now.fnmr)}")
    for reason in missing:
        console.note(f"not measured: {reason}")
    _next(model)


def _people(
    photos: Path, crop: str, folder: Path, *, min_face_size: int, device: str | None, model_files: Path | None
) -> People:
    from facerec.align.crops import crop_recipe
    from facerec.cli.recognition import one_thread_per_photo
    from facerec.detect import Mtcnn
    from facerec.device import best_device
    from facerec.training.people import read_people

    with console.progress("aligning faces") as progress:
        people = read_people(
            photos,
            detector=Mtcnn(min_face_size=min_face_size, device=device or best_device(), model_files=model_files),
            crop=crop_recipe(crop, model_files=model_files),
            cache=folder.with_name(f"{folder.name}.faces"),
            workers=one_thread_per_photo(),
            progress=progress,
        )
    if people.skipped:
        told = f"{people.skipped[0].file}: {people.skipped[0].reason}"
        console.note(f"{console.counted(len(people.skipped), 'photo was', 'photos were')} skipped; the first is {told}")
    return people


def _trial(people: People | None, source: Exportable) -> NDArray[np.uint8]:
    """Chips to compare on: real ones where there are any, else smooth patterns."""
    import numpy as np

    from facerec.training.export import pattern_chips

    if people is None:
        return pattern_chips(source.crop)
    return people.chips.take(np.linspace(0, len(people.chips) - 1, min(64, len(people.chips))).astype(np.int64))


def _halves(people: People) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Photos of every other person, and those of the others."""
    import numpy as np

    odd = people.labels % 2 == 1
    return np.flatnonzero(~odd), np.flatnonzero(odd)


def _vectors(exported: Exported, people: People, photos: NDArray[np.int64]) -> NDArray[np.float32]:
    from facerec.embed.onnx_graph import onnx_forward, open_graph
    from facerec.training.measuring import validation_vectors

    about = exported.description
    graph = open_graph(exported.contents, name=about.name, size=about.pixels.size or people.chips.size)
    return validation_vectors(onnx_forward(graph, about.pixels, flip=about.flip), people, photos)


def _rate(point: OperatingPoint) -> dict[str, float]:
    interval = point.fnmr.interval()
    return {"value": point.fnmr.value, "low": interval.low, "high": interval.high}


def _document(model: ModelFolder, exported: Exported) -> dict[str, object]:
    about = model.description
    return {
        "name": about.name,
        "digest": about.digest,
        "folder": str(model.path),
        "bytes": about.weights.size,
        "furthest": exported.furthest,
        "lowest_cosine": exported.lowest_cosine,
        "chips": exported.chips,
        "operating_points": len(model.points),
    }


def _next(model: ModelFolder) -> None:
    console.say("Use it:")
    console.say(f"  facerec models add {model.path}")
    console.say(f"  facerec verify a.jpg b.jpg --model {model.description.name}")

"""``facerec export``: an embedder's network as an ONNX file, or all that a light installation needs as a runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import DETECTOR, AsJson, Exclude, argument, examples, flag, grouped, option
from facerec.cli.outputs import NEW, output
from facerec.cli.paths import must_be_new, must_exist
from facerec.cli.recognition import TorchNetworks

if TYPE_CHECKING:
    from facerec.training.export import Exported
    from facerec.training.int8 import Int8
    from facerec.training.people import People

EXAMPLES = examples(
    "facerec export dlib-resnet --onnx models/dlib-onnx",
    "facerec export ours --onnx models/ours-int8 --int8 --photos people/",
    "facerec models add models/ours-int8",
    "facerec export dlib-resnet --runtime runtime",
    "facerec verify a.jpg b.jpg --runtime runtime",
)


@grouped
def export(
    name: Annotated[str, argument("NAME", "The embedder, as facerec models lists it.")],
    *,
    onnx: Annotated[
        Path | None, output("DIR", "The folder to make: model.onnx, model.json and card; models add takes it.", NEW)
    ] = None,
    runtime: Annotated[
        Path | None,
        output(
            "DIR",
            "The folder to make: graphs of detector and embedder, for --runtime of the commands that find faces. They "
            "run without torch, and thresholds and galleries hold.",
            NEW,
        ),
    ] = None,
    int8: Annotated[
        bool, flag("--int8", "Numbers of 8 bits: smaller and faster, less accurate. Needs --photos.")
    ] = False,
    photos: Annotated[
        Path | None,
        option(
            "DIR|CSV",
            "Photos of known people, as for facerec train. With --int8 half of the people set the ranges, and the "
            "price is measured on the others; without it the vectors are compared on them.",
        ),
    ] = None,
    exclude: Exclude = None,
    called: Annotated[
        str | None, option("--name NAME", "Of the exported model; by default that of its folder.")
    ] = None,
    networks: TorchNetworks,
    as_json: AsJson = False,
) -> None:
    """Write an embedder as an ONNX graph that ONNX Runtime runs with the same vectors.

    The graph is compared with the original before anything is written. With 32-bit numbers the vectors are equal to
    1e-4 and the thresholds of the original hold; with 8-bit numbers they are others, and thresholds are measured anew.

    With --runtime the detector's networks, too: vectors of equal faces are equal to 1e-5, and it is the same matcher.
    """
    from facerec.errors import ArgumentError
    from facerec.models.folder import write_model
    from facerec.models.shipped_points import shipped_points

    if (onnx is None) == (runtime is None):
        message = "export makes one folder: give --onnx DIR for an embedder alone, or --runtime DIR"
        raise ArgumentError(message)
    if runtime is not None and (int8 or photos is not None or called is not None or networks.detector != DETECTOR):
        message = (
            f"--runtime takes the embedder as it is, with {DETECTOR}; leave --int8, --photos, --name, --detector out"
        )
        raise ArgumentError(message)
    if int8 and photos is None:
        message = "--int8 needs --photos: the ranges of the numbers, and what it costs, are measured on faces"
        raise ArgumentError(message)
    if exclude and photos is None:
        message = "--exclude leaves out photos of a folder; add --photos DIR"
        raise ArgumentError(message)
    folder = runtime or onnx or Path()
    must_be_new(folder)
    if photos is not None:
        must_exist(photos, "a folder with one folder of photos per person, or a CSV file")
    from facerec.training.names import exportable_name

    exportable_name(name)  # one that is none is told before torch is imported
    if runtime is not None:
        _runtime(name, runtime, networks, as_json=as_json)
        return
    from facerec.training.export import export_float, exportable, points_of_the_same_vectors
    from facerec.training.int8 import measured_int8, trial_chips

    source = exportable(name, model_files=networks.model_files)
    people = None if photos is None else _people(photos, source.crop, folder, networks, exclude or ())
    model_name = called or folder.name
    with console.progress("exporting"):
        exported = export_float(source, name=model_name, trial=trial_chips(people, source))
    if int8 and people is not None:
        with console.progress("measuring the price of 8 bits"):
            small = measured_int8(source, exported, people, name=model_name)
        model = write_model(folder, small.exported.description, small.exported.contents, points=small.points)
        price = [
            {"target_fmr": was.target_fmr, "fnmr_float32": was.fnmr, "fnmr_int8": now.fnmr}
            for was, now in zip(small.before, small.points, strict=True)
        ]
        made, more = small.exported, {"price": price, "not_measured": small.missing}
        lines = _int8_lines(folder, exported, small)
        for reason in small.missing:
            console.tell(f"not measured: {reason}")
    else:
        points = points_of_the_same_vectors(shipped_points(), source, exported)
        model = write_model(folder, exported.description, exported.contents, points=points)
        made, more = exported, {}
        lines = [f"{folder}: the vectors of {source.name} to {exported.furthest:.1g} on {exported.chips} chips"]
    measured = {name: getattr(made, name) for name in ("furthest", "lowest_cosine", "chips")}
    document = {**model.to_dict(), "bytes": model.description.weights.size, **measured, **more}
    use = ("Use it:", f"  facerec models add {model.path}", f"  facerec verify a.jpg b.jpg --model {model_name}")
    console.answer(document, *lines, *use, as_json=as_json, written=folder)


def _runtime(name: str, folder: Path, networks: TorchNetworks, *, as_json: bool) -> None:
    from facerec.training.runtime import export_runtime

    with console.progress("exporting"):
        made = export_runtime(name, folder, model_files=networks.model_files)
    measured = {"chips": made.chips, "furthest": made.furthest, "furthest_answer": made.furthest_answer}
    console.answer(
        {**made.folder.to_dict(), **measured},
        f"{folder}: the vectors of {name} to {made.furthest:.1g} on {made.chips} chips, detector and landmarks with it",
        "Use it, where torch is not installed too:",
        f"  facerec verify a.jpg b.jpg --runtime {folder}",
        as_json=as_json,
        written=folder,
    )


def _int8_lines(folder: Path, exported: Exported, small: Int8) -> list[str]:
    made = small.exported
    sizes = f"{len(made.contents) / 1e6:.1f} MB, was {len(exported.contents) / 1e6:.1f} MB"
    closeness = f"{made.lowest_cosine:.4f} on {made.chips} chips of other people"
    lines = [f"{folder}: {sizes}; lowest cosine to the original {closeness}"]
    for was, now in zip(small.before, small.points, strict=True):
        lines += [
            f"  at FMR {was.target_fmr:g} on {was.fmr.trials:,} impostor pairs:",
            f"    32 bits  FNMR {console.percent(was.fnmr)}",
            f"     8 bits  FNMR {console.percent(now.fnmr)}",
        ]
    return lines


def _people(photos: Path, crop: str, folder: Path, networks: TorchNetworks, exclude: Sequence[str]) -> People:
    from facerec.training.aligned import aligned_people

    cache = folder.with_name(f"{folder.name}.faces")
    with console.progress("aligning faces") as progress:
        people = aligned_people(photos, crop, cache=cache, exclude=exclude, progress=progress, **vars(networks))
    console.say_left_out(people.left_out)
    return people

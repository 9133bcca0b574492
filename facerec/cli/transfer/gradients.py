"""``facerec transfer gradients``: why deep plain networks train badly, measured on the spot."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, Exclude, examples, option
from facerec.cli.paths import must_exist
from facerec.cli.transfer import options
from facerec.errors import ArgumentError

EXAMPLES = examples(
    "facerec transfer gradients",
    "facerec transfer gradients --depths 20,32,56 --seeds 3 --budget 10m --out reports/gradients",
    "facerec transfer gradients --data flowers --steps 200",
)


def gradients(
    context: typer.Context,
    *,
    out: Annotated[Path, option("DIR", "Where to write the report and its tables.")] = Path("reports/gradients"),
    depths: Annotated[str, option("N,N", "Layers of the networks, each 6n + 2, ascending.")] = "20,56",
    seeds: Annotated[int, option("NUMBER", "Networks of each design, 2 or more.")] = 4,
    steps: Annotated[
        int | None,
        option("NUMBER", "Steps of each training, whatever the budget. By default 100, or what the budget allows."),
    ] = None,
    budget: Annotated[str, option("TIME", "Time by the clock, such as 90s, 5m or 1h.")] = "5m",
    data: Annotated[
        Path | None, option("DIR", "Your own photos, a folder per class. By default gratings made on the spot.")
    ] = None,
    exclude: Exclude = None,
    size: Annotated[int, option("PIXELS", "Side of the images, a multiple of 4 from 8 up.")] = 16,
    initialisation: Annotated[
        Literal["he", "torch"], option("NAME", "Of the trainings: he, or torch for PyTorch's own.")
    ] = "he",
    seed: Annotated[int, option("NUMBER", "The same seed gives the same numbers.")] = 0,
    workers: options.Workers = None,
    as_json: AsJson = False,
) -> None:
    """Measure gradient flow in plain and residual networks, with and without batch norm, and train them for a moment.

    The cost is predicted first. Writes report.html, report.md, report.json, run.json and every number as CSV.
    """
    from facerec.transfer.plans import Plan

    allowed, layers = options.parse_budget(budget), _depths(depths)
    processes = options.processes(workers)
    options.check_least(seed=(seed, 0))
    options.check_side(size, 4, 8, 1024)
    default = Plan()
    wanted = Plan(
        depths=layers,
        seeds=seeds,
        steps=default.steps if steps is None else steps,
        initialisation=initialisation,
        seed=seed,
    )
    if data is None and exclude:
        message = "--exclude leaves out photos of a folder; add --data DIR"
        raise ArgumentError(message)
    if data is not None:
        must_exist(data, "a folder with one folder of photos per class, or a CSV manifest")
    from facerec.device import use_one_thread_per_network
    from facerec.transfer.gradients import findings, fit, predict, read_lab_images, run_lab, scaled, textures
    from facerec.transfer.gradients.page import write_lab

    use_one_thread_per_network()
    if data is None:
        images = textures(size=size, seed=seed)
    else:
        images = read_lab_images(data, size=size, seed=seed, exclude=exclude or ())
        console.say_left_out(images.left_out)
    predicted = predict(wanted, images, workers=processes)
    plan = fit(wanted, predicted, allowed) if steps is None else wanted
    predicted = scaled(predicted, wanted, plan)
    console.note(
        f"predicted: {predicted.seconds:.0f} s by the clock with {console.counted(processes, 'process', 'processes')}, "
        f"{predicted.cpu_seconds:.0f} s of processor time, for {plan.steps} steps of each training"
    )
    if plan.steps < wanted.steps:
        console.note(f"the budget of {budget} leaves out {wanted.steps - plan.steps} of {wanted.steps} steps")
    with console.progress("training networks") as progress:
        lab = run_lab(plan, images, predicted=predicted, workers=processes, progress=progress)
    # What makes the same numbers on any machine: the steps are named, so that no budget can change them.
    command = command_line(context, steps=plan.steps, budget=None)
    written = write_lab(lab, out, command=command)
    found = findings(lab)
    if as_json:
        console.document(
            {
                "report": str(written.html),
                "steps": plan.steps,
                **options.picked(lab.spent, "seconds", "cpu_seconds"),
                **options.picked(predicted, "predicted_seconds=seconds", "predicted_cpu_seconds=cpu_seconds"),
                "findings": [options.picked(each, "topic", "standing", "sentence") for each in found],
            }
        )
        return
    for each in found:
        console.say(f"{each.topic}: {each.sentence}")
    console.say()
    console.say(f"{lab.spent.seconds:.0f} s by the clock, {lab.spent.cpu_seconds:.0f} s of processor time")
    console.say(f"The page: {written.html}")


def _depths(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(,\d+)+", text):
        message = f"--depths takes two whole numbers or more with commas, such as 20,56; got {text!r}"
        raise ArgumentError(message)
    return tuple(map(int, text.split(",")))

"""``facerec transfer beyond``: the backbone under a segmentation head and a detection head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, Device, ModelFiles, examples, flag
from facerec.cli.transfer import options
from facerec.cli.transfer.options import how, picked, what
from facerec.errors import DataSetError

if TYPE_CHECKING:
    from facerec.transfer.beyond.findings import Findings
    from facerec.transfer.beyond.plan import Plan
    from facerec.transfer.beyond.running import Beyond, Outcome

EXAMPLES = examples(
    "facerec transfer beyond --out results/",
    "facerec transfer beyond --task detection --data coco/ --size 160 --budget 20m --out results/",
    "facerec transfer beyond --backbone resnet50.v2 --seeds 5 --steps 400 --budget 2h --out results/ --publish",
)


def beyond(
    context: typer.Context,
    out: options.Results,
    *,
    task: Annotated[str, what("NAME[,NAME]", "segmentation, detection or both.")] = "segmentation,detection",
    data: Annotated[
        str, what("WHAT", "shapes: scenes made on the spot; or a folder of photos with annotations in COCO's format.")
    ] = "shapes",
    backbone: Annotated[
        str | None,
        what("NAME", "Such as resnet50.v2; facerec transfer backbones lists them. By default the best one here."),
    ] = None,
    protocol: Annotated[
        str,
        what("NAME[,NAME]", "scratch: random weights; frozen: the backbone stays as it is; fine-tune: all is trained."),
    ] = "scratch,frozen,fine-tune",
    seeds: Annotated[int, what("N", "Trainings of each protocol.")] = 3,
    weights: options.Weights = "default",
    model_files: ModelFiles = None,
    budget: Annotated[
        str, how("TIME", "Such as 5m or 1h: decides how long trainings are, and how many seeds there is time for.")
    ] = "5m",
    steps: Annotated[
        int | None, how("N", "Of every training, 8 scenes each. By default as many as fit the budget.")
    ] = None,
    photos: Annotated[int, how("N", "Scenes at most.")] = 256,
    size: Annotated[int, how("PIXELS", "Side of the scenes, a multiple of 32.")] = 96,
    workers: options.Workers = None,
    seed: Annotated[int, how("N", "Of the scenes and their parts.")] = 0,
    publish: Annotated[bool, flag("--publish", "Leave photos out of the report, to pass it on.")] = False,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Compare backbones from scratch, frozen and fine-tuned where pixels and objects must be found, with intervals.

    Predicts what it will cost, trains an FCN head and a Faster R-CNN head, and writes results.csv, classes.csv,
    curves.csv and report.html, .md and .json. A run that was cut off goes on where it was when it is started again
    with the same options.
    """
    from facerec.transfer.plans import PROTOCOLS, TASKS

    allowed = options.parse_budget(budget)
    options.check_least(seeds=(seeds, 1), steps=(steps, 3), photos=(photos, 16), workers=(workers, 1), seed=(seed, 0))
    options.check_side(size, 32, 64, 1024)
    tasks = options.members(task, "--task", TASKS)
    protocols = options.members(protocol, "--protocol", PROTOCOLS)
    options.check_networks([] if backbone is None else [backbone], weights, device)
    if data != "shapes" and not Path(data).is_dir():
        message = f"there is no folder {data}; --data takes shapes or a folder with annotations in COCO's format"
        raise DataSetError(message)
    from facerec.device import best_device, torch_device, use_one_thread_per_network
    from facerec.transfer.backbone import default_backbone_name, load_backbone
    from facerec.transfer.beyond import findings, read_coco_folder, run_beyond, shapes
    from facerec.transfer.beyond.page import write_beyond

    chosen = device or best_device()
    torch_device(chosen)
    use_one_thread_per_network()
    network = load_backbone(backbone or default_backbone_name(model_files), model_files=model_files, weights=weights)
    if data == "shapes":
        scenes = shapes(photos, size=size, seed=seed)
    else:
        scenes = read_coco_folder(data, size=size, photos=photos, seed=seed)
    for problem, count in scenes.problems:
        console.note(f"skipped: {count} × {problem}")
    with console.progress("training heads") as progress:

        def finished(outcome: Outcome, score: float, done: int, total: int) -> None:
            console.note(f"{done}/{total} {outcome.cell}: {100 * score:.1f} % in {outcome.seconds:.1f} s")
            progress(done, total)

        run = run_beyond(
            scenes,
            network,
            out,
            tasks=tasks,
            protocols=protocols,
            seeds=seeds,
            steps=steps,
            budget=allowed,
            workers=options.processes(workers),
            device=chosen,
            command=command_line(context, backbone=network.name),
            planned=lambda plan, warnings: _tell_plan(plan, warnings, budget),
            finished=finished,
        )
    found = findings(run)
    written = write_beyond(run, found, out, publish=publish)
    if as_json:
        console.document(_document(run, found, out))
        return
    for warning in run.warnings:
        console.say(f"warning: {warning}")
    for sentence in found.sentences:
        console.say(f"{sentence.topic}. {sentence.text}")
    _print(found)
    console.say(f"{run.seconds:.0f} s by the clock, {run.cpu_seconds:.0f} s of processor time")
    console.say(f"The page: {written.html}")


def _tell_plan(plan: Plan, warnings: tuple[str, ...], budget: str) -> None:
    for warning in warnings:
        console.note(f"warning: {warning}")
    seeds = console.counted(plan.seeds, "seed", "seeds")
    console.note(
        f"plan: {plan.steps} steps, {seeds}: predicted {plan.seconds:.0f} s by the clock, {plan.cpu_seconds:.0f} s of "
        f"processor time, of a budget of {budget}"
    )
    if plan.left_out:
        console.note(f"left out: seeds {', '.join(map(str, plan.left_out))}")


def _print(found: Findings) -> None:
    rows = []
    for each in found.summaries:
        interval = each.score.interval
        bounds = f"{100 * interval.low:.1f} … {100 * interval.high:.1f}"
        row = (each.task, each.protocol, len(each.outcomes), f"{100 * each.score.value:.1f} %", bounds, each.mark)
        rows.append(row)
    console.table(("task", "protocol", "seeds", "score", "95 %", "against the best"), rows, right=("seeds", "score"))


def _document(run: Beyond, found: Findings, out: Path) -> dict[str, object]:
    return {
        "warnings": list(run.warnings),
        "verdict": [f"{each.topic}. {each.text}" for each in found.sentences],
        "results": [
            {
                **picked(each, "task", "protocol"),
                "seeds": [outcome.cell.seed for outcome in each.outcomes],
                **picked(each, "score=score.value", "low=score.interval.low", "high=score.interval.high"),
                "against_the_best": each.mark,
            }
            for each in found.summaries
        ],
        **picked(run, "steps=plan.steps", "left_out_seeds=plan.left_out"),
        "skipped": dict(run.scenes.problems),
        **picked(run, "seconds", "cpu_seconds", "predicted_seconds=plan.seconds"),
        "out": str(out),
    }

"""``facerec transfer run``: a folder of photos in, a table of what pre-training buys out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Device, ModelFiles, examples, flag, option
from facerec.cli.running import FAILED
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from facerec.transfer.bench import Bench
    from facerec.transfer.cells import Outcome, Protocol
    from facerec.transfer.findings import Findings
    from facerec.transfer.grid import Plan

EXAMPLES = examples(
    "facerec transfer run --data flowers/ --out results/ --budget 5m",
    "facerec transfer run --data flowers/ --out results/ --backbone resnet50.v1,resnet50.v2 --protocol linear,knn",
    "facerec transfer run --data photos.csv --out results/ --shots 1,5,all --seeds 5 --publish",
)

_SKIPPED_SHOWN = 5
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST = 10_000 * 3600
_WHAT = "What is compared"
_HOW = "How long and how large"

Names = list[str] | None


def run(
    data: Annotated[
        str,
        option(
            "--data",
            "DIR",
            "A folder with one folder of photos per class, or with train, validation and test folders of them; a CSV "
            "manifest with columns image and label; or torchvision:NAME:DIR of a set that is on disk.",
        ),
    ],
    out: Annotated[Path, option("--out", "DIR", "Where results go; what is there already is gone on with.")],
    *,
    backbone: Annotated[
        Names,
        option(
            "--backbone",
            "NAME[,NAME]",
            "Networks, such as resnet50.v2; facerec transfer backbones lists them. By default the best one here.",
            _WHAT,
        ),
    ] = None,
    protocol: Annotated[
        Names,
        option(
            "--protocol",
            "NAME[,NAME]",
            "linear, knn, centroid, fine-tune, lp-ft, gradual, discriminative, linear-sgd or scratch. By default "
            "linear, knn, centroid, fine-tune and scratch.",
            _WHAT,
        ),
    ] = None,
    shots: Annotated[
        Names,
        option("--shots", "N[,N]", "Photos per class to learn from; all for all. By default 1, 5, 20 and all.", _WHAT),
    ] = None,
    seeds: Annotated[
        int | None,
        option(
            "--seeds", "N", "Draws of photos and of training. By default 3; with a budget as many of 5 as fit.", _WHAT
        ),
    ] = None,
    weights: Annotated[
        str, option("--weights", "WHICH", "default, a version such as v1, or none for random weights.", _WHAT)
    ] = "default",
    model_files: ModelFiles = None,
    label: Annotated[str, option("--label", "COLUMN", "The manifest's column of classes.", _WHAT)] = "label",
    test_part: Annotated[
        float, option("--test-part", "SHARE", "Share of the photos to test on where the data give no test part.", _WHAT)
    ] = 0.25,
    budget: Annotated[
        str | None,
        option("--budget", "TIME", "Such as 5m or 300s: what fits is chosen, and what does not is listed.", _HOW),
    ] = None,
    size: Annotated[
        int | None,
        option("--size", "PIXELS", "Side of the networks' input. By default their own, with a budget what fits.", _HOW),
    ] = None,
    epochs: Annotated[
        int | None, option("--epochs", "N", "Of a training. By default 10, with a budget what fits.", _HOW)
    ] = None,
    trials: Annotated[
        int | None,
        option(
            "--trials",
            "N",
            "Learning rates that each trained protocol may try, 1 to 12. By default 3, with a budget what fits.",
            _HOW,
        ),
    ] = None,
    publish: Annotated[bool, flag("--publish", "Leave the photos out of the report, to pass it on.")] = False,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Compare ways to put a pre-trained network to work on your photos, with intervals, tests and costs.

    Predicts what it will cost, measures cell by cell, and writes results.csv and report.html, .md and .json. A run
    that was cut off goes on where it was when it is started again with the same options.
    Several processes share each training: torchrun --nproc-per-node N --no-python facerec transfer run ...
    """
    from facerec.device import best_device, torch_device
    from facerec.transfer.bench import DEFAULT_PROTOCOLS, run_bench
    from facerec.transfer.findings import judge
    from facerec.transfer.report import write_report
    from facerec.transfer.teamwork import ToldError, teamwork

    try:
        with teamwork() as together:
            if together.team.rank > 0:
                from facerec.transfer.following import follow

                follow(together)
                return
            seconds = None if budget is None else parse_budget(budget)
            counts = None if shots is None else tuple(_shots(each) for each in listed(shots))
            for name, value in (("seeds", seeds), ("size", size), ("epochs", epochs), ("trials", trials)):
                if value is not None and value < 1:
                    message = f"--{name} must be 1 or more; got {value}"
                    raise ArgumentError(message)
            chosen = device or best_device()
            torch_device(chosen)
            with console.progress("measuring cells") as progress:

                def finished(outcome: Outcome, labels: NDArray[np.int64], done: int, total: int, rest: float) -> None:
                    accuracy = outcome.accuracy(labels).value
                    left = f", about {duration(rest)} to go" if done < total else ""
                    console.note(f"{done}/{total} {outcome.cell}: {accuracy:.1%} in {outcome.seconds:.1f} s{left}")
                    progress(done, total)

                bench = run_bench(
                    data,
                    out,
                    backbones=listed(backbone or []),
                    protocols=DEFAULT_PROTOCOLS
                    if protocol is None
                    else tuple(protocol_of(each) for each in listed(protocol)),
                    shots=counts,
                    seeds=seeds,
                    budget=seconds,
                    size=size,
                    epochs=epochs,
                    trials=trials,
                    test=test_part,
                    label=label,
                    model_files=model_files,
                    weights=weights,
                    device=chosen,
                    teamwork=together,
                    planned=tell_plan,
                    finished=finished,
                )
            findings = judge(bench)
            report = write_report(bench, findings, out, publish=publish)
            if as_json:
                console.document(_document(bench, findings, out))
                return
            _tell_skipped(bench)
            _print(bench, findings)
            console.say(f"report: {report.html}")
            console.say(f"results: {out / 'results.csv'}")
    except ToldError:
        raise typer.Exit(FAILED) from None


def parse_budget(text: str) -> float:
    """Seconds of a time such as ``5m``, ``300s``, ``1h`` or ``90``.

    Raises
    ------
    ArgumentError
        If it is none, or not above 0.

    Examples
    --------
    >>> parse_budget("5m"), parse_budget("1.5h"), parse_budget("90")
    (300.0, 5400.0, 90.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if not found or not 0 < float(found[1]) * _UNITS[found[2]] <= _LONGEST:
        message = f"a budget is a time above 0 and below 10,000 h such as 300s, 5m or 1h; got {text!r}"
        raise ArgumentError(message)
    return float(found[1]) * _UNITS[found[2]]


def listed(given: list[str]) -> list[str]:
    """Options may be repeated, or separated by commas."""
    return [each.strip() for text in given for each in text.split(",") if each.strip()]


def _shots(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        message = f"--shots takes numbers of 1 or more, or all; got {text!r}"
        raise ArgumentError(message)
    return int(text)


def protocol_of(text: str) -> Protocol:
    """The protocol of that name; `ArgumentError` if there is none."""
    from facerec.transfer.cells import Protocol

    for each in get_args(Protocol):
        if each == text:
            return each
    message = f"--protocol takes {', '.join(get_args(Protocol))}; got {text!r}"
    raise ArgumentError(message)


def tell_plan(plan: Plan, warnings: tuple[str, ...]) -> None:
    """Say what will be measured, and what it is expected to take."""
    from facerec.transfer.cells import shots_text

    for warning in warnings:
        console.note(f"warning: {warning}")
    settings = plan.settings
    size = "each network's own size" if settings.size is None else f"{settings.size} pixels"
    trained = any(each.cell.trained for each in plan.cells)
    training = f"; trainings of {settings.epochs} epochs, {settings.trials} tried" if trained else ""
    limit = "" if plan.budget is None else f" of a budget of {duration(plan.budget)}"
    cells = console.counted(len(plan.cells), "cell", "cells")
    console.note(f"plan: {cells} at {size}{training}: about {duration(plan.seconds)}{limit}")
    for title, planned in (("planned", plan.cells), ("left out", plan.left_out)):
        rows: dict[tuple[str, str, int | None], list[float]] = {}
        for each in planned:
            rows.setdefault((each.cell.backbone, each.cell.protocol, each.cell.shots), []).append(each.seconds)
        for (name, protocol, shots), times in rows.items():
            seeds = console.counted(len(times), "seed", "seeds")
            console.note(f"  {title}: {name}, {protocol}, {shots_text(shots)}, {seeds}: {duration(sum(times))}")


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(5), duration(75), duration(4000)
    ('5.0 s', '1 min 15 s', '1 h 06 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(seconds, 0.1):.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _tell_skipped(bench: Bench) -> None:
    skipped = bench.image_set.skipped
    if skipped:
        console.note(f"left out: {console.counted(len(skipped), 'file', 'files')}, each with its reason in the report")
        for each in skipped[:_SKIPPED_SHOWN]:
            console.note(f"  {each.file}: {each.reason}")


def _print(bench: Bench, findings: Findings) -> None:
    from facerec.transfer.cells import shots_text

    for warning in bench.warnings:
        console.say(f"warning: {warning}")
    for sentence in findings.sentences:
        console.say(sentence.plain)
    rows = []
    for each, mark in zip(findings.summaries, findings.marks, strict=True):
        interval = each.accuracy.interval()
        bounds = f"{interval.low:.1%} … {interval.high:.1%}"
        name = shots_text(each.shots)
        rows.append((name, each.backbone, each.protocol, len(each.seeds), f"{each.accuracy.value:.1%}", bounds, mark))
    console.table(
        ("learned from", "backbone", "protocol", "seeds", "accuracy", "95 %", "against the best"),
        rows,
        right=("seeds", "accuracy"),
    )


def _document(bench: Bench, findings: Findings, out: Path) -> dict[str, object]:
    found = []
    for each, mark in zip(findings.summaries, findings.marks, strict=True):
        interval = each.accuracy.interval()
        found.append(
            {
                "backbone": each.backbone,
                "protocol": each.protocol,
                "shots": "all" if each.shots is None else each.shots,
                "seeds": list(each.seeds),
                "accuracy": each.accuracy.value,
                "low": interval.low,
                "high": interval.high,
                "against_the_best": mark,
            }
        )
    return {
        "warnings": list(bench.warnings),
        "verdict": [each.plain for each in findings.sentences],
        "results": found,
        "left_out": [{"cell": str(each.cell), "reason": each.reason} for each in bench.measured.left_out],
        "seconds": bench.measured.seconds,
        "out": str(out),
    }

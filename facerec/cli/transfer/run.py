"""``facerec transfer run``: a folder of photos in, a table of what pre-training buys out."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Exclude, examples, flag, grouped, option
from facerec.cli.outputs import GOES_ON, output
from facerec.cli.paths import must_exist
from facerec.cli.running import FAILED
from facerec.cli.transfer import options
from facerec.cli.transfer.options import Names, how, picked, what
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facerec.transfer.bench import Bench
    from facerec.transfer.verdict import Findings

_LABEL = "label"
TEXTURES = "made:textures"
"""What is measured where no data are given: six textures, for a minute."""

EXAMPLES = examples(
    "facerec transfer run",
    "facerec transfer run --data flowers/ --out results/ --budget 5m",
    "facerec transfer run --data flowers/ --out results/ --backbone resnet50.v1,resnet50.v2 --protocol linear,knn",
    "facerec transfer run --data photos.csv --out results/ --shots 1,5,all --seeds 5 --publish",
    "facerec transfer run --data people.csv --label age --groups race,gender --out results/",
)


@grouped
def run(
    data: Annotated[
        str,
        option(
            "DATA",
            "A folder with one folder of photos per class, or with train, validation and test folders of them; a CSV "
            "manifest with columns image and label; shards (.tar files, or a folder of them); torchvision:NAME:DIR of "
            "a set that is on disk; or made:textures. By default these, which are made on the spot, for a minute.",
        ),
    ] = TEXTURES,
    out: Annotated[Path, output("DIR", "Where results go; what is there already is gone on with.", GOES_ON)] = Path(
        "transfer-results"
    ),
    *,
    compared: options.Compared,
    protocol: Annotated[
        Names,
        what(
            "NAME[,NAME]",
            "linear, knn, centroid, fine-tune, lp-ft, gradual, discriminative, linear-sgd or scratch. By default "
            "linear, knn, centroid, fine-tune, lp-ft and scratch, which is measured once.",
        ),
    ] = None,
    shots: Annotated[
        Names, what("N[,N]", "Photos per class to learn from; all for all. By default 1, 5, 20 and all.")
    ] = None,
    seeds: Annotated[
        int | None, what("N", "Draws of photos and of training. By default 3; with a budget as many of 5 as fit.")
    ] = None,
    label: Annotated[str, what("COLUMN", "The manifest's column of classes.")] = _LABEL,
    groups: Annotated[
        Names,
        what(
            "COLUMN[,COLUMN]",
            "Columns of the manifest that say which group of people is on a photo: what each method answers is kept as "
            "tables for facerec audit classification. Groups are used for nothing else.",
        ),
    ] = None,
    exclude: Exclude = None,
    test_part: options.TestPart = 0.25,
    size: Annotated[
        int | None, how("PIXELS", "Side of the networks' input. By default their own, with a budget what fits.")
    ] = None,
    epochs: Annotated[int | None, how("N", "Of a training. By default 10, with a budget what fits.")] = None,
    trials: Annotated[
        int | None,
        how("N", "Learning rates that each trained protocol may try, 1 to 12. By default 3, with a budget what fits."),
    ] = None,
    tensorboard: Annotated[
        bool, flag("--tensorboard", "Write the curves of trainings as TensorBoard reads them, too.")
    ] = False,
    publish: Annotated[bool, flag("--publish", "Leave the photos out of the report, to pass it on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare ways to put a pre-trained network to work on your photos, with intervals, tests and costs.

    The question comes first: a linear probe on the frozen network, or fine-tuning it, on all photos?

    Predicts what it will cost, measures cell by cell, and writes results.csv and report.html, .md and .json. A run
    that was cut off goes on where it was when it is started again with the same options.
    Started on several machines, or several times, with the same options, a folder that they share and no --budget, each
    takes cells that no other does.
    Several processes share each training: torchrun --nproc-per-node N --no-python facerec transfer run ...
    Exit status: 0 measured, 2 error.
    """
    counts = None if shots is None else tuple(map(_shots, options.listed(shots)))
    options.check_least(seeds=(seeds, 1), size=(size, 1), epochs=(epochs, 1))
    options.check_trials(trials)
    options.check_part(test_part)
    protocols = None if protocol is None else options.protocols_of(protocol)
    if data == TEXTURES and compared.budget is None and seeds is None:
        compared = replace(compared, budget="1m")
    _check_data(data, columns_named=label != _LABEL or bool(groups))
    from facerec.learning.team import ToldError, teamwork

    columns = list(dict.fromkeys(options.listed(groups or [])))
    from facerec.learning.events import check_events
    from facerec.transfer.bench import DEFAULT_PROTOCOLS, run_bench
    from facerec.transfer.predictions import write_predictions
    from facerec.transfer.report import write_report
    from facerec.transfer.verdict import judge

    try:
        with teamwork() as together:
            if together.team.rank > 0:
                from facerec.transfer.follower import follow

                follow(together)
                return
            told: list[str] = []
            chosen = compared.arguments()
            if tensorboard:
                check_events()
            with console.stages(
                "opening photos", "planning what to measure", "computing features", "measuring cells"
            ) as (reading, _, computing, progress):
                if data.startswith("made:"):
                    reading(1, 1)  # they are not opened one by one
                bench = run_bench(
                    data,
                    out,
                    groups=columns,
                    protocols=protocols or DEFAULT_PROTOCOLS,
                    shots=counts,
                    seeds=seeds,
                    size=size,
                    epochs=epochs,
                    trials=trials,
                    test=test_part,
                    label=label,
                    exclude=exclude or (),
                    **chosen,
                    teamwork=together,
                    reading=reading,
                    computing=computing,
                    planned=options.plan_teller(told),
                    finished=options.cell_teller(progress, out / "events" if tensorboard else None),
                    waiting=options.tell_waiting,
                )
            findings = judge(bench)
            report = write_report(bench, findings, out, publish=publish)
            tables = write_predictions(bench, columns, out) if columns else ()
            if as_json:
                console.document(_document(bench, findings, out))
                return
            console.say_left_out(bench.image_set.left_out)
            _print(bench, findings, told)
            console.say(f"report: {report.html}")
            console.say(f"results: {out / 'results.csv'}")
            if tables:
                by = [word for name in columns for word in ("--by", name)]
                words = ["facerec", "audit", "classification", str(tables[0]), *by, "--out", str(out / "audit")]
                console.say(f"answers by group: {shlex.join(words)}")
            if findings.unanswered:
                console.say(findings.unanswered.plain)
    except ToldError:
        raise typer.Exit(FAILED) from None


def _check_data(data: str, *, columns_named: bool) -> None:
    """Refuse photos that are named by nothing, or are not there, and columns of a manifest where there is none."""
    if data == TEXTURES and columns_named:
        message = "--label and --groups name columns of a manifest; add --data MANIFEST.csv"
        raise ArgumentError(message)
    if not data:
        message = "--data names nothing; give a folder of photos or a manifest, or leave it out"
        raise ArgumentError(message)
    if not data.startswith(("torchvision:", "made:")):
        must_exist(Path(data), "a folder with one folder of photos per class, or a CSV manifest")


def _shots(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        message = f"--shots takes numbers of 1 or more, or all; got {text!r}"
        raise ArgumentError(message)
    return int(text)


def _print(bench: Bench, findings: Findings, told: Sequence[str]) -> None:
    from facerec.transfer.cells import shots_text

    for warning in bench.warnings:
        if not (console.in_one_place() and warning in told):
            console.say(f"warning: {warning}")
    console.say(findings.headline)
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
    found = [
        {
            **picked(each, "backbone", "protocol"),
            "shots": "all" if each.shots is None else each.shots,
            "seeds": list(each.seeds),
            "accuracy": each.accuracy.value,
            **picked(each.accuracy.interval(), "low", "high"),
            "against_the_best": mark,
        }
        for each, mark in zip(findings.summaries, findings.marks, strict=True)
    ]
    from facerec.transfer.grid import question

    measured = bench.measured
    cells = [*(each.cell for each in measured.outcomes), *(each.cell for each in measured.left_out)]
    asked, lacking = question(cells), measured.unanswered
    return {
        "warnings": list(bench.warnings),
        "headline": findings.headline,
        "question": {
            "asked": bool(asked),
            "answered": bool(asked) and not lacking,
            "not_measured": [str(each.cell) for each in lacking],
            "budget_needed": measured.needed,
        },
        "verdict": [each.plain for each in findings.sentences],
        "results": found,
        "left_out": [{"cell": str(each.cell), "reason": each.reason} for each in measured.left_out],
        "files_left_out": bench.image_set.left_out,
        "seconds": measured.seconds,
        "out": str(out),
    }

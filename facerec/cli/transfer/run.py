"""``facerec transfer run``: a folder of photos in, a table of what pre-training buys out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Exclude, examples, flag, grouped, option
from facerec.cli.paths import must_exist
from facerec.cli.running import FAILED
from facerec.cli.transfer import options
from facerec.cli.transfer.options import Names, how, picked, what
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.transfer.bench import Bench
    from facerec.transfer.verdict import Findings

EXAMPLES = examples(
    "facerec transfer run --data flowers/ --out results/ --budget 5m",
    "facerec transfer run --data flowers/ --out results/ --backbone resnet50.v1,resnet50.v2 --protocol linear,knn",
    "facerec transfer run --data photos.csv --out results/ --shots 1,5,all --seeds 5 --publish",
)


@grouped
def run(
    data: Annotated[
        str,
        option(
            "DIR",
            "A folder with one folder of photos per class, or with train, validation and test folders of them; a CSV "
            "manifest with columns image and label; or torchvision:NAME:DIR of a set that is on disk.",
        ),
    ],
    out: options.Results,
    *,
    compared: options.Compared,
    protocol: Annotated[
        Names,
        what(
            "NAME[,NAME]",
            "linear, knn, centroid, fine-tune, lp-ft, gradual, discriminative, linear-sgd or scratch. By default "
            "linear, knn, centroid, fine-tune and scratch.",
        ),
    ] = None,
    shots: Annotated[
        Names, what("N[,N]", "Photos per class to learn from; all for all. By default 1, 5, 20 and all.")
    ] = None,
    seeds: Annotated[
        int | None, what("N", "Draws of photos and of training. By default 3; with a budget as many of 5 as fit.")
    ] = None,
    label: Annotated[str, what("COLUMN", "The manifest's column of classes.")] = "label",
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
    publish: Annotated[bool, flag("--publish", "Leave the photos out of the report, to pass it on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare ways to put a pre-trained network to work on your photos, with intervals, tests and costs.

    Predicts what it will cost, measures cell by cell, and writes results.csv and report.html, .md and .json. A run
    that was cut off goes on where it was when it is started again with the same options.
    Several processes share each training: torchrun --nproc-per-node N --no-python facerec transfer run ...
    """
    counts = None if shots is None else tuple(map(_shots, options.listed(shots)))
    options.check_least(seeds=(seeds, 1), size=(size, 1), epochs=(epochs, 1))
    options.check_trials(trials)
    options.check_part(test_part)
    protocols = None if protocol is None else options.protocols_of(protocol)
    if not data.startswith(("torchvision:", "made:")):
        must_exist(Path(data), "a folder with one folder of photos per class, or a CSV manifest")
    from facerec.learning.team import ToldError, teamwork
    from facerec.transfer.bench import DEFAULT_PROTOCOLS, run_bench
    from facerec.transfer.report import write_report
    from facerec.transfer.verdict import judge

    try:
        with teamwork() as together:
            if together.team.rank > 0:
                from facerec.transfer.follower import follow

                follow(together)
                return
            chosen = compared.arguments()
            with console.progress("measuring cells") as progress:
                bench = run_bench(
                    data,
                    out,
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
                    planned=options.tell_plan,
                    finished=options.cell_teller(progress),
                )
            findings = judge(bench)
            report = write_report(bench, findings, out, publish=publish)
            if as_json:
                console.document(_document(bench, findings, out))
                return
            console.say_left_out(bench.image_set.left_out)
            _print(bench, findings)
            console.say(f"report: {report.html}")
            console.say(f"results: {out / 'results.csv'}")
    except ToldError:
        raise typer.Exit(FAILED) from None


def _shots(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        message = f"--shots takes numbers of 1 or more, or all; got {text!r}"
        raise ArgumentError(message)
    return int(text)


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
    return {
        "warnings": list(bench.warnings),
        "verdict": [each.plain for each in findings.sentences],
        "results": found,
        "left_out": [{"cell": str(each.cell), "reason": each.reason} for each in bench.measured.left_out],
        "files_left_out": bench.image_set.left_out,
        "seconds": bench.measured.seconds,
        "out": str(out),
    }

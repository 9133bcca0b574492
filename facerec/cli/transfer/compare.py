"""``facerec transfer compare``: two runs on the same test photos, photo by photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, argument, examples

EXAMPLES = examples(
    "facerec transfer compare results-lite0/ results-resnet50/", "facerec transfer compare before/ after/ --json"
)


def compare(
    first: Annotated[Path, argument("RUN_A", "The folder of a run.")],
    second: Annotated[Path, argument("RUN_B", "Of another one, on the same photos.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: each method of the one with the same method of the other, on the same test photos and seeds.

    Differences are paired photo by photo, with intervals and p-values adjusted by Holm for all rows. Runs of one
    network each are compared protocol by protocol, whatever the network is. Exit status: 0 compared, whatever was
    found, 2 error.
    """
    from facerec.transfer.two_runs import compare_runs, document_of, open_run

    runs = open_run(first), open_run(second)
    found = compare_runs(*runs)
    for run in runs:
        if run.missing:
            cells = console.counted(run.missing, "cell of its plan is", "cells of its plan are")
            console.tell(f"{run.folder}: {cells} not measured, or damaged, and left out; start its run again")
    if as_json:
        missing = [run.missing for run in runs]
        told = {"first": str(first), "second": str(second), "missing": missing, "differences": document_of(found)}
        console.document(told)
        return
    from facerec.transfer.cells import shots_text

    def points(value: float) -> str:
        return f"{100 * value:+z.1f}"

    rows = [
        (
            shots_text(each.shots),
            each.first if each.first == each.second else f"{each.first} against {each.second}",
            each.protocol,
            len(each.seeds),
            *(f"{rate.value:.1%}" for rate in each.accuracies),
            points(each.difference),
            f"{points(each.interval.low)} … {points(each.interval.high)}",
            f"{each.adjusted:.3f}",
            "yes" if each.distinguishable else "no",
        )
        for each in found
    ]
    names = (
        "learned from",
        "network",
        "protocol",
        "seeds",
        "first",
        "second",
        "points",
        "95 %",
        "p adjusted",
        "differ",
    )
    console.table(names, rows, right=("seeds", "first", "second", "points", "p adjusted"))
    differing = sum(each.distinguishable for each in found)
    console.say(f"{differing} of {len(found)} differences are distinguishable; first: {first}, second: {second}")

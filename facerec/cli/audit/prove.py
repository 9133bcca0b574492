"""``facerec audit prove``: whether the intervals hold, by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.command_line import command_line
from facerec.cli.options import AsJson, examples, flag, option
from facerec.cli.outputs import REPORT, output

if TYPE_CHECKING:
    from audits.checks.coverage import Coverage

EXAMPLES = examples(
    "facerec audit prove --quick",
    "facerec audit prove --designs hub --designs 'rate of a group'",
    "facerec audit prove --out reports/prove --seed 7",
)


def prove(
    context: typer.Context,
    *,
    designs: Annotated[
        list[str] | None,
        option("--designs TEXT", "Only studies and designs with this in their name. May be given several times."),
    ] = None,
    replicates: Annotated[
        int, option("--replicates NUMBER", "Simulated tables of each design and rate; an eighth of whole audits.")
    ] = 4000,
    quick: Annotated[bool, flag("--quick", "A look of a minute: 200 tables of each design and rate.")] = False,
    seed: Annotated[int, option("--seed NUMBER", "Of the simulated tables.")] = 0,
    out: Annotated[Path | None, output("--out DIR", "Write a report to this folder.", REPORT)] = None,
    as_json: AsJson = False,
) -> None:
    """Simulate score tables of known truth, and count how many 95 % intervals contain it.

    Lists, all pairs, mated pairs; unequal photos, couples, small groups; differences, indices, drift, gates. Ends with
    0 if every interval holds, with 1 if one does not for sure.
    """
    from audits.checks.proof import QUICK
    from audits.checks.proof import prove as simulate
    from audits.report.checks.page import proof_document, proof_report

    proof = simulate(
        designs or (),
        replicates=QUICK if quick else replicates,
        seed=seed,
        progress=lambda study: console.note(str(study)),
    )
    if out is not None:
        from audits.report import Run, write_report

        write_report(proof_report(proof, run=Run(command_line(context), (), seed)), out)
        console.wrote(out)
    if as_json:
        console.document(proof_document(proof))
    else:
        _say(proof.cells, proof.failing)
        console.say(str(proof))
    raise typer.Exit(0 if proof.passed else 1)


def _say(cells: tuple[Coverage, ...], failing: tuple[Coverage, ...]) -> None:
    names = ("study and design", "number", "tables", "coverage", "false pass", "false fail", "independent", "holds")
    rows = [
        (
            f"{cell.study}: {cell.design}",
            cell.what,
            f"{cell.tables:,}",
            f"{100 * cell.value:.1f} ± {100 * cell.standard_error:.1f} %",
            f"{100 * cell.high / cell.tables:.1f} %",
            f"{100 * cell.low / cell.tables:.1f} %",
            None if cell.independent_value is None else f"{100 * cell.independent_value:.1f} %",
            "NO" if cell in failing else "yes",
        )
        for cell in cells
    ]
    console.table(names, rows, right=names[2:7])

"""The report of the proof: what was simulated, how often the truth was held, and which numbers do not hold it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from audits.checks.coverage import LEAST_COVERAGE, MOST_FALSE_PASSES, Coverage, Proof
from audits.report.common.background import Run
from audits.report.common.files import Report
from audits.report.common.sections import run_section
from facerec.reporting import Figure, Page, Section, Table, Text, axes, share_digits
from facerec.reporting.drawings import Whisker, Whiskers

METHOD = f"""
Scores are normal, with a share that people bring along, for impostor pairs half from either side; so every true rate is
known exactly. The audit's own functions judge each table. A number fails where its coverage lies below
{100 * LEAST_COVERAGE:g} %, or the share of upper bounds below the truth above {100 * MOST_FALSE_PASSES:g} %, by exact
one-sided binomial tests, with Holm's correction over all numbers of this run at 5 %.

- **False pass**: the upper bound lies below the truth; a gate lets pass what it must not (nominal 2.5 %).
- **False fail**: the lower bound lies above the truth; a gate fails what is right (nominal 2.5 %).
- **Width**: the mean over tables with finite intervals, and against that of independent comparisons where there is one.
- **Told apart**: how often Holm's tests call one of several equal groups different (nominal 5 %).
- **Gate at the limit**: every group's true rate is the limit itself; what passes or fails does so by chance.
"""


def proof_document(proof: Proof) -> dict[str, object]:
    """Every number as JSON can hold it; what there is none of is null."""
    failing = set(proof.failing)
    return {
        "passed": proof.passed,
        "verdict": str(proof),
        "limits": {"least_coverage": LEAST_COVERAGE, "most_false_passes": MOST_FALSE_PASSES},
        "replicates": proof.replicates,
        "seed": proof.seed,
        "coverage": [
            {
                **{key: _known(value) for key, value in asdict(cell).items()},
                "coverage": cell.value,
                "standard_error": cell.standard_error,
                "holds": cell not in failing,
            }
            for cell in proof.cells
        ],
    }


def proof_report(proof: Proof, *, run: Run) -> Report:
    """The report of a proof, and of the run that made it."""
    studies: dict[str, list[Coverage]] = {}
    for cell in proof.cells:
        studies.setdefault(cell.study, []).append(cell)
    page = Page(
        title=(
            "The intervals hold what they promise"
            if proof.passed
            else f"{len(proof.failing):,} of {len(proof.cells):,} numbers do not hold what they promise"
        ),
        kind="Proof by simulation",
        source="facerec audit prove",
        summary=(
            "Simulated score tables whose true rates, differences, ratios and indices are known, and how often the "
            "95 % intervals of this audit contain them."
        ),
        lead=(Text(f"{proof}."), _picture(studies)),
        sections=(
            *(
                Section(study[0].upper() + study[1:], (_table(proof, f"Coverage of nominal 95 %: {study}", cells),))
                for study, cells in studies.items()
            ),
            Section("Method", (Text(METHOD),), "folded"),
            run_section(run),
        ),
    )
    everything = _table(proof, "Coverage", [cell for cells in studies.values() for cell in cells])
    return Report(page, proof_document(proof), {"coverage": everything}, run)


def _picture(studies: Mapping[str, Sequence[Coverage]]) -> Figure:
    """The least coverage of each study, with what so few simulated tables leave open."""
    rows = []
    for study, cells in studies.items():
        worst = min(cells, key=lambda cell: cell.value)
        low, high = (worst.value + side * 1.96 * worst.standard_error for side in (-1, 1))
        rows.append(Whisker(study, worst.value, low, min(high, 1.0), f"{share_digits(worst.value)} %"))
    least = min(LEAST_COVERAGE, *(row.low for row in rows))
    axis = axes.linear("coverage, %", [least, 1.0], percent=True)
    return Figure(
        (Whiskers("", axis, tuple(rows), zero=LEAST_COVERAGE),),
        title="The least coverage of each study, per cent; the line is the limit",
        alt="; ".join(f"{row.label}: {row.said}" for row in rows),
    )


def _table(proof: Proof, caption: str, cells: Sequence[Coverage]) -> Table:
    failing = set(proof.failing)
    return Table.of(
        caption,
        cells,
        ("study and design", "text", lambda cell: f"{cell.study}: {cell.design}"),
        ("number", "text", lambda cell: cell.what),
        ("tables", "count", lambda cell: cell.tables),
        ("coverage", "rate", lambda cell: cell.value),
        ("standard error", "rate", lambda cell: cell.standard_error),
        ("false pass", "rate", lambda cell: cell.high / cell.tables),
        ("false fail", "rate", lambda cell: cell.low / cell.tables),
        ("mean width", "number", lambda cell: _known(cell.width)),
        ("of independent", "ratio", lambda cell: _known(cell.width / cell.independent_width)),
        ("independent coverage", "rate", lambda cell: cell.independent_value),
        ("holds", "verdict", lambda cell: "fail" if cell in failing else "pass"),
        strong=tuple(number for number, cell in enumerate(cells) if cell in failing),
    )


def _known(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    return None if isinstance(value, float) and not math.isfinite(value) else value

"""``facerec audit calibrate``: whether the intervals hold, by simulation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, option

EXAMPLES = examples("facerec audit calibrate --replicates 200", "facerec audit calibrate --seed 7 --json")


def calibrate(
    *,
    replicates: Annotated[int, option("--replicates NUMBER", "Simulated data sets of each design and rate.")] = 1000,
    seed: options.Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate people and pairs with known rates, and count how many 95 % intervals contain the truth.

    Designs: sparse lists of impostor pairs, all pairs, and genuine pairs, each with and without dependence.
    """
    from audits.checks.coverage import LIMITS
    from audits.checks.coverage import calibrate as simulate

    found = simulate(replicates=replicates, seed=seed)
    if as_json:
        told = [
            {**asdict(each), "coverage": each.value, "naive_coverage": each.naive_value, "landed": each.landed}
            for each in found
        ]
        console.document({"limits": list(LIMITS), "replicates": replicates, "seed": seed, "coverage": told})
        return
    names = ("design", "people", "correlation", "true rate", "coverage", "if pairs were independent", "landed")
    rows = [
        (
            each.design.layout,
            each.design.people,
            f"{each.design.correlation:g}",
            f"{each.true_rate:g}",
            f"{100 * each.value:.1f} %",
            f"{100 * each.naive_value:.1f} %",
            "yes" if each.landed else "no",
        )
        for each in found
    ]
    console.table(names, rows, right=names[1:6])
    landed = sum(each.landed for each in found)
    console.say(f"{landed} of {len(found)} within {100 * LIMITS[0]:g} … {100 * LIMITS[1]:g} %")

"""``facerec audit policy``: an example of the claims that a gate decides, to be copied and changed."""

from __future__ import annotations

from facerec.cli import console
from facerec.cli.options import examples

EXAMPLES = examples(
    "facerec audit policy > policy.toml",
    "facerec audit verification scores.csv --at-fmr 1e-3 --policy policy.toml",
)


def policy() -> None:
    """Print a policy (TOML) with every kind of claim, each explained; put in your groups and your limits.

    Claims of verification are active, those of the other audits stand behind them as comments.
    """
    from audits.gate.example import example_policy

    console.say(*example_policy().splitlines())

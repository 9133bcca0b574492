"""``facerec transfer``: what pre-training buys, measured honestly."""

from __future__ import annotations

import typer

from facerec.cli.transfer import backbones, doctor, run

app = typer.Typer(
    name="transfer",
    help="Measure what pre-trained networks buy on your own photos: backbones, protocols, intervals, cost.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
)

app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=backbones.EXAMPLES)(backbones.backbones)
app.command(epilog=doctor.EXAMPLES)(doctor.doctor)

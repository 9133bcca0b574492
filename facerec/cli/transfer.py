"""``facerec transfer``: what pre-training buys, measured honestly."""

from __future__ import annotations

import typer

from facerec.cli import (
    transfer_beyond,
    transfer_doctor,
    transfer_faces,
    transfer_gradients,
    transfer_lesson,
    transfer_look,
    transfer_run,
)

app = typer.Typer(
    name="transfer",
    help="Measure what pre-trained networks buy on your own photos: backbones, protocols, intervals, cost.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
)

app.command(epilog=transfer_run.EXAMPLES)(transfer_run.run)
app.command(epilog=transfer_doctor.BACKBONES_EXAMPLES)(transfer_doctor.backbones)
app.command(epilog=transfer_doctor.DOCTOR_EXAMPLES)(transfer_doctor.doctor)
app.command(epilog=transfer_doctor.BLOCKS_EXAMPLES)(transfer_doctor.blocks)
app.command(epilog=transfer_gradients.EXAMPLES)(transfer_gradients.gradients)
app.command(epilog=transfer_look.EXAMPLES)(transfer_look.look)
app.command(epilog=transfer_faces.FACES_EXAMPLES)(transfer_faces.faces)
app.command(epilog=transfer_faces.SPREAD_EXAMPLES)(transfer_faces.spread)
app.command(epilog=transfer_beyond.EXAMPLES)(transfer_beyond.beyond)
app.command(epilog=transfer_lesson.EXAMPLES)(transfer_lesson.lesson)

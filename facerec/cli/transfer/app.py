"""``facerec transfer``: what pre-training buys, measured honestly."""

from __future__ import annotations

from facerec.cli.options import examples
from facerec.cli.parsing import Commands
from facerec.cli.transfer import compare, doctor, nets, run

app = Commands(
    name="transfer",
    epilog=examples("facerec transfer run", "facerec transfer run --data flowers/ --out results/ --budget 5m"),
    help="Measure what pre-trained networks buy on your own photos: networks, protocols, intervals, cost.",
    no_args_is_help=True,
)

app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=nets.EXAMPLES)(nets.nets)
app.command(epilog=doctor.EXAMPLES)(doctor.doctor)

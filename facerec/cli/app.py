"""All commands, in the order and the groups in which ``facerec --help`` lists them."""

from __future__ import annotations

from typing import Annotated

import typer

from facerec.cli import (
    calibrate,
    demo,
    detect,
    distil,
    embed,
    enroll,
    evaluate,
    export,
    identify,
    quality,
    serve,
    tables,
    train,
    verify,
)
from facerec.cli.audit.app import app as audit
from facerec.cli.console import say
from facerec.cli.gallery.app import app as gallery
from facerec.cli.models.catalogue import app as models
from facerec.cli.options import argument, examples, flag, option
from facerec.cli.parsing import Commands, Group
from facerec.cli.transfer.app import app as transfer

_FIRST = "Getting started"
_AUDITS = "Auditing: who bears the errors"
_PHOTOS = "Photos"
_GALLERIES = "Galleries: who is enrolled"
_MEASURING = "Measuring"
_TRANSFER = "Transfer learning: what pre-training buys"
_MODELS = "Models"


class _Root(Group):
    order = (
        *("demo", "check", "help"),
        "audit",
        *("verify", "quality", "detect"),
        *("enroll", "identify", "gallery", "serve"),
        *("score", "calibrate", "evaluate", "embed"),
        *("transfer", "train", "distil"),
        *("models", "export"),
    )


app = Commands(
    cls=_Root,
    name="facerec",
    help="Face recognition that can be held to account: every decision names its score, its threshold, and the error "
    "rates that were measured there.\n\n"
    "Exit status: 0 done or match, 1 no match or undecided, 2 error.",
    epilog=examples(
        "facerec demo",
        "facerec verify a.jpg b.jpg",
        'facerec enroll ada ada.jpg --gallery people.db --consent "form 17"',
        "facerec identify crowd.jpg --gallery people.db",
        "facerec audit look vendor.csv",
        "facerec help audit verification",
    ),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from facerec import __version__

        say(f"facerec {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[
        bool, flag("--quiet", "Print answers and errors, no notes and no progress; allowed anywhere.")
    ] = False,
    config: Annotated[
        str | None,
        option(
            "--config FILE",
            "Defaults of options, as FACEREC_CONFIG names it, or facerec.toml in this folder; allowed anywhere.",
        ),
    ] = None,
    debug: Annotated[bool, flag("--debug", "Show the traceback of an error; allowed anywhere on the line.")] = False,
) -> None:
    """Nothing to do here: --version acts through its callback, and the others are read before the commands are."""


_HELP_EXAMPLES = examples("facerec help", "facerec help audit verification")


def show_help(
    context: typer.Context,
    command: Annotated[list[str] | None, argument("COMMAND", "Which; several words where it is in a group.")] = None,
) -> None:
    """Show the help of a command, or of all."""
    root = context.find_root()
    root.command.main([*(command or ()), "--help"], prog_name="facerec", standalone_mode=False, obj=root.obj)


app.command(rich_help_panel=_FIRST, epilog=demo.EXAMPLES)(demo.demo)
app.command(rich_help_panel=_FIRST, epilog=demo.CHECK_EXAMPLES)(demo.check)
app.command("help", rich_help_panel=_FIRST, epilog=_HELP_EXAMPLES)(show_help)
app.add_typer(audit, rich_help_panel=_AUDITS)
app.command(rich_help_panel=_PHOTOS, epilog=verify.EXAMPLES)(verify.verify)
app.command(rich_help_panel=_PHOTOS, epilog=quality.EXAMPLES)(quality.quality)
app.command(rich_help_panel=_PHOTOS, epilog=detect.EXAMPLES)(detect.detect)
app.command(rich_help_panel=_GALLERIES, epilog=enroll.EXAMPLES)(enroll.enroll)
app.command(rich_help_panel=_GALLERIES, epilog=identify.EXAMPLES)(identify.identify)
app.add_typer(gallery, rich_help_panel=_GALLERIES)
app.command(rich_help_panel=_GALLERIES, epilog=serve.EXAMPLES)(serve.serve)
app.command(rich_help_panel=_MEASURING, epilog=tables.SCORE_EXAMPLES)(tables.score)
app.command(rich_help_panel=_MEASURING, epilog=calibrate.EXAMPLES)(calibrate.calibrate)
app.add_typer(evaluate.app, rich_help_panel=_MEASURING)
app.command(rich_help_panel=_MEASURING, epilog=embed.EXAMPLES)(embed.embed)
app.add_typer(transfer, rich_help_panel=_TRANSFER)
app.command(rich_help_panel=_TRANSFER, epilog=train.EXAMPLES)(train.train)
app.command(rich_help_panel=_TRANSFER, epilog=distil.EXAMPLES)(distil.distil)
app.add_typer(models, rich_help_panel=_MODELS)
app.command(rich_help_panel=_MODELS, epilog=export.EXAMPLES)(export.export)

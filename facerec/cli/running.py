"""Running a command line to its exit status; the one place where errors become lines.

0 is done, or a match; 1 is no match, or undecided; 2 is an error, told in one line on stderr and, with ``--json``, in
the document ``{"error": …, "code": …}`` on stdout. ``--debug``, anywhere on the line, shows the traceback instead.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import typer

from facerec.cli import console
from facerec.errors import FacerecError
from facerec.visible_text import LONGEST, shortened, shortened_words

FAILED = 2
_INTERRUPTED = 130  # 128 + SIGINT, what a shell reports of a program that Ctrl-C ended
_PIPE_CLOSED = 141  # 128 + SIGPIPE, likewise

# What had other names: for one version, an old one, of all commands, of one or of a command, is answered with the new.
_RENAMED = {
    "--weights": "--model-files",
    "--weights-dir": "--model-files",
    "facerec models fetch --folder": "--model-files",
    "facerec enroll --accept-low-quality": "--no-gate",
    "facerec train --teacher": "facerec distil --teacher NAME --data DIR --out DIR",
    "facerec train --one-pass": "facerec distil --one-pass",
    "facerec audit calibrate": "facerec audit prove",
}


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run `app` with a command line (without the program's name) to its exit status; nothing is ever raised."""
    debug, given = _without_debug(arguments)
    _prepare_streams()
    # Where nothing else was set up for logging, warnings go to stderr, names in them raw.
    handler, logging.lastResort = logging.lastResort, console.Notes(logging.WARNING)
    try:
        return _run(app, given, debug=debug)
    finally:
        logging.lastResort = handler


def _run(app: typer.Typer, given: Sequence[str], *, debug: bool) -> int:
    try:
        status = typer.main.get_command(app).main(given or ["--help"], prog_name="facerec", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        # Rich leaves by SystemExit(1) when its pipe closes; 1 would say "no match".
        _abandon_stdout()
        return _PIPE_CLOSED
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the rim: a person at a terminal is told, not shown a traceback
        return _failed(error, given, debug=debug)
    if status == _INTERRUPTED:
        console.note("facerec: interrupted")
    return status if isinstance(status, int) else 0


def complain(message: str) -> None:
    """Print an error as one line on stderr."""
    console.note(f"facerec: error: {' '.join(message.split())}")


def fail(message: str) -> NoReturn:
    """End the command with status 2 after its answer was printed, and say why on stderr."""
    complain(message)
    raise typer.Exit(FAILED)


def _failed(error: Exception, given: Sequence[str], *, debug: bool) -> int:
    message = _message(error)
    for word in given:  # what was given may be long, and some messages repeat it
        message = message.replace(word, shortened(word)) if len(word) > LONGEST else message
    message = shortened_words(message)
    if debug:
        console.note(*"".join(traceback.format_exception(error)).splitlines())
    complain(message)
    try:
        if "--json" in given:
            console.document({"error": message, "code": _code(error)})
        sys.stdout.flush()
    except OSError:  # a full disk or a closed pipe was the error, and still is
        _abandon_stdout()
    return FAILED


def _code(error: Exception) -> str:
    """A name of the cause that no translation or rewording changes."""
    if isinstance(error, typer.TyperException):
        return "usage"
    if isinstance(error, MemoryError):
        return "memory"
    return "system" if isinstance(error, OSError) else getattr(error, "code", "unexpected")


def _message(error: Exception) -> str:
    if isinstance(error, FacerecError):
        return str(error)
    if isinstance(error, typer.TyperException):
        context, given = getattr(error, "ctx", None), getattr(error, "option_name", "") or _unknown_command(error)
        if context is None:
            return error.format_message()
        now = _RENAMED.get(f"{context.command_path} {given}") or _RENAMED.get(given)
        told = f"{given} is called {now} now" if now else error.format_message().rstrip(".")
        return f"{told}; see: {context.command_path} --help"
    if isinstance(error, OSError) and error.strerror:
        where = "output" if error.filename is None else str(error.filename)
        return f"{where}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "the memory is not enough for this"
    return f"unexpected {type(error).__name__}: {error}; run it again with --debug to see where it came from"


def _unknown_command(error: typer.TyperException) -> str:
    told = re.match(r"No such command '([^']+)'", error.format_message())
    return told[1] if told else ""


def _without_debug(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Take ``--debug`` out of the options, wherever it stands; after ``--`` there are only file names."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return len(options) < end, [*options, *arguments[end:]]


def _prepare_streams() -> None:
    """Have both streams open, and let names be printed that the terminal's encoding cannot express."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the shell closed it (>&-)
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until Python ends
        if hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _abandon_stdout() -> None:
    """Send what is still buffered nowhere; it would fail again when Python closes stdout at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)

"""Running a command line to its exit status; the one place where errors become lines.

0 is done, or a match; 1 is no match, or undecided; 2 is an error, told in one line on stderr and, with ``--json``, in
the document ``{"error": …}`` on stdout. ``--debug``, anywhere on the line, shows the traceback instead.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

import typer

from facerec.cli import console
from facerec.errors import FacerecError

FAILED = 2
_INTERRUPTED = 130  # 128 + SIGINT, what a shell reports of a program that Ctrl-C ended
_PIPE_CLOSED = 141  # 128 + SIGPIPE, likewise


def run(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Run `app` and return its exit status; nothing is raised, whatever happens.

    Parameters
    ----------
    app : Typer
        The commands.
    arguments : sequence of str
        The command line without the program's name.
    """
    debug, given = _without_debug(arguments)
    _write_everything()
    try:
        status = typer.main.get_command(app).main(given or ["--help"], prog_name="facerec", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    except (KeyboardInterrupt, typer.Abort):
        console.note("facerec: interrupted")
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the rim: a person at a terminal is told, not shown a traceback
        with suppress(BrokenPipeError):
            return _failed(error, debug=debug, as_json="--json" in given)
        return _pipe_closed()
    return status if isinstance(status, int) else 0


def complain(message: str) -> None:
    """Print an error as one line on stderr."""
    console.note(f"facerec: error: {' '.join(message.split())}")


def fail(message: str) -> NoReturn:
    """End the command with status 2 after its answer was printed, and say why on stderr."""
    complain(message)
    raise typer.Exit(FAILED)


def _failed(error: Exception, *, debug: bool, as_json: bool) -> int:
    message = _message(error)
    if debug:
        console.note("".join(traceback.format_exception(error)).rstrip())
    if as_json:
        console.document({"error": message})
    complain(message)
    sys.stdout.flush()
    return FAILED


def _message(error: Exception) -> str:
    if isinstance(error, FacerecError):
        return str(error)
    if isinstance(error, typer.TyperException):
        context = getattr(error, "ctx", None)
        told = error.format_message()
        return told if context is None else f"{told.rstrip('.')}; see: {context.command_path} --help"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "the memory is not enough for this"
    return f"unexpected {type(error).__name__}: {error}; run it again with --debug to see where it came from"


def _without_debug(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Take ``--debug`` out of the options, wherever it stands; after ``--`` there are only file names."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return len(options) < end, [*options, *arguments[end:]]


def _write_everything() -> None:
    """Let names be printed that the terminal's encoding cannot express, instead of failing in the middle."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _pipe_closed() -> int:
    # What is still buffered would fail again when Python closes stdout at exit.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _PIPE_CLOSED

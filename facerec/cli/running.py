"""Running a command line to its exit status; the one place where errors become lines.

0 is done, or a match; 1 is no match, or undecided; 2 is an error, told in one line on stderr and, with ``--json``, in
the document ``{"error": …, "code": …}`` on stdout. Some options are the program's, wherever they stand on the line:
``--debug`` shows the traceback of an error, ``--quiet`` leaves out notes, ``--config FILE`` names the settings.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import typer

from facerec.cli import console
from facerec.cli.parsing import options_of
from facerec.cli.settings import Settings
from facerec.errors import FacerecError, SettingsError
from facerec.meant import did_you_mean
from facerec.visible_text import LONGEST, shortened, shortened_words

FAILED = 2
_INTERRUPTED = 130  # 128 + SIGINT, what a shell reports of a program that Ctrl-C ended
_PIPE_CLOSED = 141  # 128 + SIGPIPE, likewise

_OPTIONS = ("--debug", "--quiet", "--config")

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
    program, given = _program_options(arguments)
    _prepare_streams()
    console.be_quiet(program.quiet)
    # Where nothing else was set up for logging, warnings go to stderr, names in them raw.
    handler, logging.lastResort = logging.lastResort, console.Notes(logging.WARNING)
    try:
        return _run(app, given, program)
    finally:
        logging.lastResort = handler
        console.be_quiet(False)


def _run(app: typer.Typer, given: Sequence[str], program: _Program) -> int:
    settings = Settings(program.config)
    try:
        status = _command(app).main(given or ["--help"], prog_name="facerec", standalone_mode=False, obj=settings)
        sys.stdout.flush()
    except SystemExit as left:  # completion of shells does so when it is done
        if left.code:
            # Rich leaves by SystemExit(1) when its pipe closes; 1 would say "no match".
            _abandon_stdout()
            return _PIPE_CLOSED
        return 0
    except BrokenPipeError:
        _abandon_stdout()
        return _PIPE_CLOSED
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the rim: a person at a terminal is told, not shown a traceback
        return _failed(error, given, settings, debug=program.debug)
    if status == _INTERRUPTED:
        console.tell("facerec: interrupted")
    return status if isinstance(status, int) else 0


@cache
def _command(app: typer.Typer) -> Any:  # noqa: ANN401 - typer's
    """All commands, read from their functions; that takes a tenth of a second."""
    return typer.main.get_command(app)


def complain(message: str) -> None:
    """Print an error as one line on stderr."""
    console.tell(f"facerec: error: {' '.join(message.split())}")


def fail(message: str) -> NoReturn:
    """End the command with status 2 after its answer was printed, and say why on stderr."""
    complain(message)
    raise typer.Exit(FAILED)


def _failed(error: Exception, given: Sequence[str], settings: Settings, *, debug: bool) -> int:
    message = _message(error)
    if not isinstance(error, SettingsError):
        message += settings.mentioned(message)
    for word in given:  # what was given may be long, and some messages repeat it
        message = message.replace(word, shortened(word)) if len(word) > LONGEST else message
    message = shortened_words(message)
    if debug:
        console.tell(*"".join(traceback.format_exception(error)).splitlines())
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
        return "".join([str(error), *getattr(error, "__notes__", ())])
    if isinstance(error, typer.TyperException):
        context, given = getattr(error, "ctx", None), getattr(error, "option_name", "") or _unknown_command(error)
        if context is None:
            return error.format_message()
        now = _RENAMED.get(f"{context.command_path} {given}") or _RENAMED.get(given)
        told = f"{given} is called {now} now" if now else f"{_without_stop(error)}{_meant(error, context)}"
        return f"{told}{' See' if told.endswith('?') else '; see'}: {context.command_path} --help"
    if isinstance(error, OSError) and error.strerror:
        where = "output" if error.filename is None else str(error.filename)
        return f"{where}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "the memory is not enough for this"
    return f"unexpected {type(error).__name__}: {error}; run it again with --debug to see where it came from"


def _without_stop(error: typer.TyperException) -> str:
    """What typer says, without what it suggests."""
    told = re.split(r"\.? \(Possible options: |\. Did you mean ", error.format_message())[0]
    return told.replace("Value error, ", "").rstrip(".")


def _meant(error: typer.TyperException, context: Any) -> str:  # noqa: ANN401 - typer's
    """What may have been meant by an option, a command or a value that there is not."""
    if option := getattr(error, "option_name", ""):
        known = options_of(context.command) | dict.fromkeys(_OPTIONS, False)
        return did_you_mean(option, [each for each in known if each.startswith("--")])
    if command := _unknown_command(error):
        elsewhere = [path for path in _paths(context.find_root().command) if path[-1] == command]
        if elsewhere:
            return f"; there is {' and '.join(' '.join(('facerec', *path)) for path in elsewhere)}"
        return did_you_mean(command, context.command.commands)
    told = re.search(r"'([^']+)' is not one of (.*)", error.format_message())
    return did_you_mean(told[1], re.findall("'([^']+)'", told[2])) if told else ""


def _paths(group: Any, behind: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - typer's
    """The words that call each command of a group."""
    for name, command in getattr(group, "commands", {}).items():
        yield (*behind, name)
        yield from _paths(command, (*behind, name))


def _unknown_command(error: typer.TyperException) -> str:
    told = re.match(r"No such command '([^']+)'", error.format_message())
    return told[1] if told else ""


class _Program(NamedTuple):
    """The options that are the program's, and no command's."""

    debug: bool = False
    quiet: bool = False
    config: str | None = None


def _program_options(arguments: Sequence[str]) -> tuple[_Program, list[str]]:
    """Take them out of the options, wherever they stand; after ``--`` there are only file names."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    found, left, words = _Program(), list[str](), iter(arguments[:end])
    for word in words:
        name, has_value, value = word.partition("=")
        if word in ("--debug", "--quiet"):
            found = found._replace(debug=found.debug or word == "--debug", quiet=found.quiet or word == "--quiet")
        elif name == "--config" and (given := value if has_value else next(words, None)) is not None:
            found = found._replace(config=given)
        else:
            left.append(word)
    return found, [*left, *arguments[end:]]


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

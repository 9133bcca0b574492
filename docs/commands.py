"""The command reference, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import typer

from facerec.cli.app import app


def write_commands(file: Path) -> None:
    """Write every command with its arguments, options and examples, as Markdown; an unchanged file stays as it is."""
    root = typer.main.get_command(app)
    pages = ["# Commands", "What `facerec COMMAND --help` says, of every command.", *_told(root, ("facerec",), depth=1)]
    text = "\n\n".join(pages) + "\n"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _told(command: click.Command, words: tuple[str, ...], *, depth: int) -> Iterator[str]:
    if depth > 1:
        yield f"{'#' * min(depth, 3)} {' '.join(words)}"
        yield command.help or ""
        rows = [
            _row(each, words) for each in command.params if each.name != "help" and not getattr(each, "hidden", False)
        ]
        if rows and not isinstance(command, click.Group):
            yield "\n".join(["| argument or option | |", "|---|---|", *rows])
        if examples := [
            line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("facerec")
        ]:
            yield "\n".join(["```console", *(f"$ {line}" for line in examples), "```"])
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            if not each.hidden:
                yield from _told(each, (*words, name), depth=depth + 1)


def _row(parameter: click.Parameter, words: tuple[str, ...]) -> str:
    context = click.Context(click.Command(" ".join(words)))
    if isinstance(parameter, click.Option):
        record = parameter.get_help_record(context)
        name, text = record if record is not None else (", ".join(parameter.opts), "")
    else:
        name, text = parameter.make_metavar(context), getattr(parameter, "help", "") or ""
    return f"| `{name}` | {text} |".replace("\n", " ").replace("|`", "| `")

"""The command reference, written from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from facerec.cli.app import app


def write_commands(file: Path) -> None:
    """Write every command with its arguments, options and examples, as Markdown; an unchanged file stays as it is."""
    root = typer.main.get_command(app)
    pages = ["# Commands", "What `facerec COMMAND --help` says, of every command.", *_told(root, ("facerec",), depth=1)]
    text = "\n\n".join(pages) + "\n"
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _told(command: Any, words: tuple[str, ...], *, depth: int) -> Iterator[str]:  # noqa: ANN401 - typer's
    context = typer.Context(command, info_name=" ".join(words))
    names = command.list_commands(context) if hasattr(command, "commands") else []
    if depth > 1:
        yield f"{'#' * min(depth, 3)} {' '.join(words)}"
        yield command.help or ""
        rows = [_row(each, context) for each in command.params if not getattr(each, "hidden", False)]
        if rows and not names:
            yield "\n".join(["| argument or option | |", "|---|---|", *rows])
        if examples := [
            line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("facerec")
        ]:
            yield "\n".join(["```console", *(f"$ {line}" for line in examples), "```"])
    for name in names:
        if not command.commands[name].hidden:
            yield from _told(command.commands[name], (*words, name), depth=depth + 1)


def _row(parameter: Any, context: typer.Context) -> str:  # noqa: ANN401 - typer's
    name, text = parameter.get_help_record(context)
    name = name.partition(" <")[0]  # a type of Python, behind an argument
    cells = (each.replace("\n", " ").replace("|", "\\|") for each in (name, text))
    return "| `{}` | {} |".format(*cells)

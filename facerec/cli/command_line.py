"""The command line that made a report, as it can be run again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import typer

# Where the answer goes says nothing of how it was made.
_NOT_TOLD = {"out", "as_json", "junit", "summary"}


def command_line(context: typer.Context) -> tuple[str, ...]:
    """The words of the command: what was given, in the order in which it was given, and paths without their folders."""
    given = [
        word
        for parameter in context.command.params
        if parameter.param_type_name == "argument"
        for word in _values(context.params[str(parameter.name)])
    ]
    options = {each.name: each for each in context.command.params if each.param_type_name == "option"}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if name not in options or name in _NOT_TOLD or source is None:
            continue
        if source.name in ("COMMANDLINE", "ENVIRONMENT"):
            option = options[name]
            if value is True:
                given.append(option.opts[0])
            elif value is False:
                given.append(option.secondary_opts[0])
            else:
                given += [word for each in _values(value) for word in (option.opts[0], each)]
    return (*context.command_path.split(), *given)


def _values(value: object) -> Iterator[str]:
    if value is None:
        return
    for each in value if isinstance(value, list | tuple) else [value]:
        text = str(each)
        is_path = isinstance(each, Path) or (os.sep in text and Path(text).exists())
        yield Path(text).resolve().name if is_path else text

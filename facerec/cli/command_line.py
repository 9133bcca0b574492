"""The command line that made a report, as it can be run again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import typer

# Where the answer goes says nothing of how it was made.
_NOT_TOLD = {"out", "as_json", "junit", "summary", "one_page"}


def command_line(context: typer.Context, **settled: object) -> tuple[str, ...]:
    """The words of the command: what was given, in the order in which it was given, and paths without their folders.

    What ``facerec.toml`` gave is among them, so that the command does the same without the file.

    Options whose value was `settled` later stand with that value, by their parameters' names; without one, nowhere.
    """
    parameters = {str(each.name): each for each in context.command.params}
    given = [name for name in context.params if _is_given(context, name)]
    arguments: list[str] = []
    options: list[str] = []
    for name, value in ({name: context.params[name] for name in given if name not in _NOT_TOLD} | settled).items():
        parameter = parameters[name]
        if parameter.param_type_name == "argument":
            arguments += _values(value)
        elif isinstance(value, bool):
            options.append((parameter.opts if value else parameter.secondary_opts)[0])
        else:
            options += [word for each in _values(value) for word in (parameter.opts[0], each)]
    return (*context.command_path.split(), *arguments, *options)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT", "DEFAULT_MAP")


def _values(value: object) -> Iterator[str]:
    if value is None:
        return
    for each in value if isinstance(value, list | tuple) else [value]:
        text = str(each)
        is_path = isinstance(each, Path) or (os.sep in text and Path(text).exists())
        yield Path(text).resolve().name if is_path else text

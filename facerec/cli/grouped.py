"""Options that belong together, as one parameter of a command: a frozen dataclass whose fields are its options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias, get_type_hints

Command: TypeAlias = Callable[..., None]


def grouped(command: Command) -> Command:
    """A command whose parameters of such a class are spread into the options that the class is made of.

    The class is made with what was given before the command runs, so that what it refuses is refused before anything
    is loaded.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, type[Any]] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind: Any = hints[parameter.name]
        if not (isinstance(kind, type) and is_dataclass(kind)):
            parameters.append(parameter.replace(annotation=kind))
            continue
        groups[parameter.name] = kind
        inner = get_type_hints(kind, include_extras=True)
        parameters += [
            inspect.Parameter(each.name, parameter.KEYWORD_ONLY, default=each.default, annotation=inner[each.name])
            for each in fields(kind)
        ]

    @functools.wraps(command)
    def spread(**given: Any) -> None:  # noqa: ANN401 - whatever the options hold
        made = {
            name: kind(**{each.name: given.pop(each.name) for each in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    spread.__annotations__ = {each.name: each.annotation for each in parameters}
    return spread

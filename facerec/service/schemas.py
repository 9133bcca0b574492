"""What OpenAPI says of answers: schemas made from the library's own values, so that they cannot say anything else."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from facerec.types.plain import Value

Schema = dict[str, Any]
_SIMPLE: Mapping[type, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"], "description": "null: there is none (NaN)"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    type(None): {"type": "null"},
}


def told(*kinds: Any, status: int = 200, name: str | None = None, **more: Any) -> dict[int | str, dict[str, Any]]:  # noqa: ANN401
    """The ``responses`` of a route that answers with a value; of several kinds with one of them.

    With a `name`, a list of such values under that name, beside `more` properties. Problems are answered by all.
    """
    schemas = [schema_of(kind) for kind in kinds]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    if name is not None:
        extra = {key: schema_of(kind) for key, kind in more.items()}
        properties = {name: {"type": "array", "items": schema}, **extra}
        schema = {"type": "object", "properties": properties, "required": list(properties)}
    elif more:
        schema = {"allOf": [schema, {"properties": {key: schema_of(kind) for key, kind in more.items()}}]}
    return {status: {"description": "Done.", "content": {"application/json": {"schema": schema}}}}


def schema_of(kind: Any) -> Schema:  # noqa: ANN401, PLR0911 - one kind of type after the other
    """The JSON that ``plain`` makes of values of a type, as a JSON schema.

    >>> schema_of(tuple[str, ...])
    {'type': 'array', 'items': {'type': 'string'}}
    """
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return {"anyOf": [schema_of(each) for each in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {tuple, list, set, frozenset}:
        if origin is tuple and arguments[-1:] != (Ellipsis,):
            items = {"prefixItems": [schema_of(each) for each in arguments]}
            return {"type": "array", **items, "minItems": len(arguments), "maxItems": len(arguments)}
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is np.ndarray:
        return {"type": "array"}
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if is_dataclass(kind) and isinstance(kind, type):
        return _of_value(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return {"type": "string"}
    return {}


def _of_value(kind: type) -> Schema:
    hints = get_type_hints(kind)
    hidden: frozenset[str] = getattr(kind, "hidden", frozenset())
    properties = {field.name: schema_of(hints[field.name]) for field in fields(kind) if field.name not in hidden}
    for name in getattr(kind, "derived", ()) if issubclass(kind, Value) else ():
        getter = getattr(kind, name)
        properties[name] = schema_of(get_type_hints(getter.fget).get("return", Any))
    about = (kind.__doc__ or "").split("\n\n", maxsplit=1)[0].strip()
    return {
        "title": kind.__name__,
        "description": " ".join(about.split()),
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }

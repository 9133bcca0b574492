"""Values back from JSON: the inverse of ``facerec.types.plain.plain``, by the types that their fields declare."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from facerec.errors import ArgumentError
from facerec.visible_text import quoted

Kind = TypeVar("Kind")


def read_value(kind: type[Kind], content: object, where: str = "the value") -> Kind:
    """The value of a dataclass that ``to_dict`` told; what it derives, and what nobody knows, is passed over.

    Parameters
    ----------
    kind : type
        A frozen dataclass of this project.
    content : object
        What ``json.loads`` gave.
    where : str
        What messages call it.

    Raises
    ------
    ArgumentError
        If a field is missing or is not of its type; the message names it. If the value refuses its fields.

    Examples
    --------
    >>> from facerec.types import Rate
    >>> read_value(Rate, Rate(3, 1000).to_dict())
    Rate(errors=3, trials=1000, effective_trials=None)
    """
    if not isinstance(content, Mapping):
        message = f"{where} must be an object; got {quoted(content)}"
        raise ArgumentError(message)
    hints = get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name in content:
            given[field.name] = _read(hints[field.name], content[field.name], f"{where}.{field.name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            message = f"{where}.{field.name} is missing"
            raise ArgumentError(message)
    return kind(**given)


def _read(kind: Any, content: Any, where: str) -> Any:  # noqa: ANN401, PLR0911 - one kind after the other, as `plain`
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if content is None and NoneType in inner:
            return None
        (one,) = (each for each in inner if each is not NoneType)
        return _read(one, content, where)
    if origin is np.ndarray:
        return _array(get_args(inner[1])[0], content, where)
    if origin is tuple:
        return _tuple(inner, content, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return read_value(kind, content, where)
    if kind is float and content is None:
        return math.nan
    if origin is Literal:
        fits = content in inner
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        fits = isinstance(content, Mapping)
    elif kind in (date, datetime):
        return _time(kind, content, where)
    else:
        fits = isinstance(content, int | float if kind is float else kind) and (kind is bool) == isinstance(
            content, bool
        )
    if not fits:
        expected = " or ".join(map(repr, inner)) if origin is Literal else getattr(kind, "__name__", str(kind))
        message = f"{where} must be {expected}; got {quoted(content)}"
        raise ArgumentError(message)
    if isinstance(content, Mapping):
        return dict(content)
    return float(content) if kind is float else content


def _tuple(inner: tuple[Any, ...], content: object, where: str) -> tuple[Any, ...]:
    endless = len(inner) == 2 and inner[1] is Ellipsis
    if not isinstance(content, list) or not (endless or len(content) == len(inner)):
        message = f"{where} must be a list{'' if endless else f' of {len(inner)}'}; got {quoted(content)}"
        raise ArgumentError(message)
    kinds = [inner[0]] * len(content) if endless else inner
    return tuple(
        _read(each, one, f"{where}[{place}]") for place, (each, one) in enumerate(zip(kinds, content, strict=True))
    )


def _array(dtype: Any, content: object, where: str) -> Any:  # noqa: ANN401 - numpy's
    try:
        return np.array(content, dtype=dtype)
    except (TypeError, ValueError) as error:
        message = f"{where} must be numbers, in lists of one length; got {quoted(content)}"
        raise ArgumentError(message) from error


def _time(kind: type[date], content: object, where: str) -> date:
    try:
        return kind.fromisoformat(content)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        message = f"{where} must be a {kind.__name__} in ISO 8601; got {quoted(content)}"
        raise ArgumentError(message) from error

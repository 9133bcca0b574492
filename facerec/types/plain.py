"""Values as JSON, in one place: whatever a command, a file or a service says of a value, it says with this function."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import numpy as np

from facerec.errors import ArgumentError
from facerec.visible_text import quoted

Kind = TypeVar("Kind")


def checked(kind: type[Kind], name: str, value: object, hint: str = "") -> Kind:
    """Return `value` if it is of `kind`, else raise `ArgumentError`: what a caller hands on is often the thing beside.

    Examples
    --------
    >>> checked(date, "expires", "tomorrow")
    Traceback (most recent call last):
    facerec.errors.ArgumentError: expires must be a date; got str 'tomorrow'
    """
    if isinstance(value, kind):
        return value
    article = "an" if kind.__name__[0] in "AEIOaeio" else "a"
    message = f"{name} must be {article} {kind.__name__}{hint}; got {type(value).__name__} {quoted(value)}"
    raise ArgumentError(message)


def plain(value: object) -> Any:  # noqa: ANN401, PLR0911 - whatever JSON can hold, one kind after the other
    """`value` as JSON can hold it: dataclasses as objects, arrays and tuples as lists, dates in ISO 8601, NaN as null.

    Examples
    --------
    >>> plain({"when": date(2026, 1, 31), "rates": (0.5, math.nan), "box": np.array([1.5, 2])})
    {'when': '2026-01-31', 'rates': [0.5, None], 'box': [1.5, 2.0]}
    """
    if isinstance(value, Value):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, np.float32):
        return plain(float(str(value)))  # the shortest number that reads back as the same, and not 0.9900000095
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value] if value.dtype == np.float32 else plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, PurePath) else value


class Value:
    """What the frozen values of this project share: a dictionary of what they say, and pickles that stay frozen."""

    hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no statement but material (pixels, vectors), left out of `to_dict`."""
    derived: ClassVar[tuple[str, ...]] = ()
    """Properties that stand beside the fields in `to_dict`."""

    def to_dict(self) -> dict[str, Any]:
        """What this value says, as JSON can hold it (``json.dumps`` takes it as it is)."""
        names = [field.name for field in fields(self) if field.name not in self.hidden]  # type: ignore[arg-type]
        return {name: plain(getattr(self, name)) for name in (*names, *self.derived)}

    def __reduce__(self) -> tuple[Any, ...]:
        # Made anew and checked anew, so that arrays are read-only in another process too.
        values = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return type(self), tuple(dict(v) if isinstance(v, MappingProxyType) else v for v in values)

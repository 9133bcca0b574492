"""Typed reading of JSON objects: each field by its kind, each fault named by its place.

An archive comes from outside, so nothing in it is trusted to be there or to be of the right kind.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from typing import TypeVar

from facerec.errors import ArchiveError

_Kind = TypeVar("_Kind")


class Fields:
    """A JSON object, and where it stands.

    Parameters
    ----------
    content : object
        What the JSON text held there.
    where : str
        The place, for messages: file and path within it.

    Raises
    ------
    ArchiveError
        If `content` is not an object; each method raises it if the field is missing or of another kind.
    """

    def __init__(self, content: object, *, where: str) -> None:
        if not isinstance(content, dict):
            message = f"{where} must be a JSON object; got {type(content).__name__}"
            raise ArchiveError(message)
        self._content = content
        self.where = where

    def text(self, field: str) -> str:
        """A string that UTF-8 can hold."""
        value = self._field(field, str, "text")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self._wrong(field, "valid Unicode text")
        return value

    def optional_text(self, field: str) -> str | None:
        """A string or null."""
        return None if self._content.get(field, "") is None else self.text(field)

    def number(self, field: str) -> int:
        """A whole number, not negative."""
        value = self._field(field, int, "a whole number")
        if isinstance(value, bool) or value < 0:
            raise self._wrong(field, "a whole number, not negative")
        return value

    def real(self, field: str) -> float:
        """A finite number."""
        return self._finite(field, self._content.get(field))

    def four_reals(self, field: str) -> tuple[float, float, float, float]:
        """Four finite numbers."""
        values = self._field(field, list, "four numbers")
        if len(values) != 4:
            raise self._wrong(field, "four numbers")
        left, top, right, bottom = (self._finite(field, value) for value in values)
        return left, top, right, bottom

    def truth(self, field: str) -> bool:
        """True or false."""
        return self._field(field, bool, "true or false")

    def hexadecimal(self, field: str, digits: int) -> str:
        """Lower-case hexadecimal digits, exactly `digits` of them."""
        value = self.text(field)
        if not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
            raise self._wrong(field, f"{digits} hexadecimal digits")
        return value

    def optional_day(self, field: str) -> date | None:
        """A date as YYYY-MM-DD, or null."""
        value = self.optional_text(field)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self._wrong(field, "a date as YYYY-MM-DD") from error

    def time(self, field: str) -> datetime:
        """A time in UTC as ISO 8601."""
        try:
            value = datetime.fromisoformat(self.text(field))
        except ValueError as error:
            raise self._wrong(field, "a time as ISO 8601") from error
        if value.utcoffset() != timedelta(0):
            raise self._wrong(field, "a time in UTC")
        return value

    def part(self, field: str) -> Fields:
        """An object within this one."""
        return Fields(self._content.get(field), where=f"{self.where}: {field}")

    def parts(self, field: str) -> list[Fields]:
        """A list of objects."""
        entries = self._field(field, list, "a list")
        return [Fields(entry, where=f"{self.where}: {field}[{number}]") for number, entry in enumerate(entries)]

    def _field(self, field: str, kind: type[_Kind], wanted: str) -> _Kind:
        value = self._content.get(field)
        if not isinstance(value, kind):
            raise self._wrong(field, wanted)
        return value

    def _finite(self, field: str, value: object) -> float:
        # A whole number too large for a float is no coordinate either; bool is an int to Python only.
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30 or math.isnan(value):
            raise self._wrong(field, "finite numbers")
        return float(value)

    def _wrong(self, field: str, wanted: str) -> ArchiveError:
        if field not in self._content:
            return ArchiveError(f"{self.where}: {field} is missing; export the gallery again")
        return ArchiveError(f"{self.where}: {field} must be {wanted}; got {str(self._content[field])[:80]!r}")

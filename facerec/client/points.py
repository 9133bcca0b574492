"""Operating points of a service: what names them in a request, and decisions with the whole of what decided them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from facerec.client.connection import Connection
from facerec.errors import ArgumentError, ModelMismatchError
from facerec.points import digest_of
from facerec.types import Identification, OperatingPoint, Verification
from facerec.types.reading import read_value
from facerec.visible_text import quoted

Decided = TypeVar("Decided", Verification, Identification)


def asked_point(at: OperatingPoint | str | None, target_fmr: float | None) -> dict[str, Any]:
    """The part of a request that says which operating point is to decide."""
    if at is not None and not isinstance(at, OperatingPoint | str):
        message = f"at must be an operating point, or the id or name of one; got {quoted(at)}"
        raise ArgumentError(message)
    named = digest_of(at)[:12] if isinstance(at, OperatingPoint) else at
    return {"operating_point": named, "target_fmr": target_fmr}


class KnownPoints:
    """The points of a service, each asked for once. Several threads may share it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._whole: dict[str, OperatingPoint] = {}

    def deciding(self, at: OperatingPoint | str | None, target_fmr: float | None) -> tuple[OperatingPoint, list[str]]:
        """The point that would decide, whole, and what has to be said about it."""
        told, _ = self._connection.ask("GET", "/v1/deciding-point", params=asked_point(at, target_fmr))
        point = self._read(OperatingPoint, told.get("operating_point"))
        self._whole[str(told["operating_point"].get("id"))] = point
        return point, list(told.get("notes", ()))

    def all(self, *, like: OperatingPoint | None = None) -> Iterator[OperatingPoint]:
        """Each that may decide there, whole; only those that are as `like`, but for what answers leave out."""
        told, _ = self._connection.ask("GET", "/v1/operating-points")
        for each in told["operating_points"]:
            if like is None or self._read(OperatingPoint, each) == like:
                known = self._whole.get(str(each["id"]))
                with suppress(ModelMismatchError):  # one that was measured with another embedder decides nothing
                    yield self.deciding(str(each["id"]), None)[0] if known is None else known

    def decided(self, kind: type[Decided], told: Mapping[str, Any]) -> Decided:
        """A decision as it was told, with the whole of its point: answers leave out how strangers score."""
        found: Decided = self._read(kind, told)
        bare = replace(found.operating_point, tail=None)
        for whole in chain(list(self._whole.values()), self.all(like=bare)):
            if replace(whole, tail=None) == bare:
                complete = replace(found, operating_point=whole)
                if says(complete, told):
                    return complete
        if says(found, told):
            return found
        note = "the service does not tell any more how many strangers reach which score with this operating point"
        return replace(found, notes=(*found.notes, note))

    def _read(self, kind: Any, told: object) -> Any:  # noqa: ANN401 - a value of `kind`
        try:
            return read_value(kind, told, kind.__name__)
        except ArgumentError as error:
            raise self._connection.misunderstood(error) from error


def says(value: Verification | Identification, told: Mapping[str, Any]) -> bool:
    """Whether a value says all that was told of it, and in the same words."""
    return all(told.get(name) == each for name, each in value.to_dict().items())

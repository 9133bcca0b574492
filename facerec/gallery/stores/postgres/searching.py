"""Samples as a search loads them: many rows as one, taken apart here.

To take rows from a connection one by one costs more than all else that is done with them.
"""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facerec.gallery.rows import SampleRow, Searchable
from facerec.gallery.stores.postgres.state import State
from facerec.photos.prefetch import ahead

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_ROWS_AT_ONCE = 8192
_BYTES_AT_ONCE = 1 << 20
# A server's C library asks the system for the memory of every value of more than 128 kB, page by page, and gives it
# back, which takes longer than all else; until it has seen a larger one go.
_LARGER = f"SELECT length(repeat('x', {4 * _BYTES_AT_ONCE}))"
_PARTS = 16  # of each table that is in parts, as schema.sql makes them
_SALT, _SEAL = 16, 32  # bytes, of what is written since there are salts; all others are read one by one
_FIELDS = ("number", "person", "vector", "salt", "seal")


def searchable(state: State, after: int, upto: int | None, equal: Mapping[str, object]) -> Iterator[Searchable]:
    """Samples as searches load them: a few, or somebody's, one by one; many as blocks, while the last is worked on."""
    last = state.head.last[SampleRow] if upto is None else upto
    if equal or last - after <= _ROWS_AT_ONCE:
        yield from _one_by_one(state, "samples", _Range(after, upto), equal)
        return
    expires = _expiries(state, None)
    state.execute(_LARGER)
    record = _record(state)
    step = _PARTS * max(1, _BYTES_AT_ONCE // record.itemsize)
    ranges = ((part, _Range(low, min(low + step, last))) for low in range(after, last, step) for part in range(_PARTS))

    def fetched(place: tuple[int, _Range]) -> tuple[int, _Range, int, bytes | None]:
        part, numbers = place
        return part, numbers, *_together(state, f"samples_{part}", numbers)

    for part, numbers, count, content in ahead(fetched, ranges, workers=1, depth=4):
        if count and content is None:
            yield from _one_by_one(state, f"samples_{part}", numbers, {}, expires)
        elif content:
            records = np.frombuffer(content, record)
            samples, people, *material = (tuple(records[name].tolist()) for name in _FIELDS)
            yield Searchable(samples, people, tuple(map(expires.get, people)), *material)


class _Range(NamedTuple):
    """Numbers beyond `after` up to `upto`."""

    after: int
    upto: int | None


def _record(state: State) -> np.dtype[np.void]:
    """A sample as it comes together with others."""
    sizes = {"vector": 4 * state.head.row.dimension, "salt": _SALT, "seal": _SEAL}
    return np.dtype([(name, f"V{sizes[name]}" if name in sizes else ">i8") for name in _FIELDS])


def _together(state: State, table: str, numbers: _Range) -> tuple[int, bytes | None]:
    """How many rows there are, and all of them; ``None`` where not all are as long as what is written now."""
    import psycopg

    numbered, material = _FIELDS[:2], _FIELDS[2:]
    record = _record(state)
    fit = " AND ".join(f"length({name}) = {record[name].itemsize}" for name in material)
    fields = " || ".join([*(f"int8send({name})" for name in numbered), *material])
    text = (
        f"SELECT count(*), count(*) FILTER (WHERE {fit}), string_agg({fields}, '') FROM {table} "
        "WHERE gallery = $1 AND number > $2 AND number <= $3"
    )
    values = [str(each).encode() for each in (state.head.gallery, *numbers)]
    with state.connection.lock:
        # The driver's own call holds the interpreter at every few kilobytes that come; this one lets go of it for all.
        found: PGresult = state.connection.pgconn.exec_params(text.encode(), values, result_format=1)
    if found.status != psycopg.pq.ExecStatus.TUPLES_OK:
        if state.connection.closed:
            raise psycopg.OperationalError(found.get_error_message())
        raise psycopg.errors.error_from_result(found)
    count, fitting, content = (found.get_value(0, column) for column in range(3))
    return int.from_bytes(count or b"", "big"), content if count == fitting else None


def _one_by_one(
    state: State,
    table: str,
    numbers: _Range,
    equal: Mapping[str, object],
    expires: Mapping[int, str] | None = None,
) -> Iterator[Searchable]:
    while True:
        where, values = state.where(*numbers, equal)
        text = f"SELECT number, person, vector, salt, seal FROM {table}{where} ORDER BY number LIMIT {_ROWS_AT_ONCE}"
        rows: Sequence[tuple[Any, ...]] = state.execute(text, values).fetchall()
        if not rows:
            return
        samples, people, *material = zip(*rows, strict=True)
        known = _expiries(state, people) if expires is None else expires
        yield Searchable(samples, people, tuple(map(known.get, people)), *material)
        if len(rows) < _ROWS_AT_ONCE:
            return
        numbers = numbers._replace(after=samples[-1])


def _expiries(state: State, people: Collection[int] | None) -> dict[int, str]:
    """When these people, or all, expire, of those who do; a join would cost more than the samples themselves."""
    text = "SELECT number, expires FROM people WHERE gallery = %s AND expires IS NOT NULL"
    values: list[Any] = [state.head.gallery]
    if people is not None:
        text, values = f"{text} AND number = ANY(%s)", [*values, sorted(set(people))]
    return dict(state.execute(text, values).fetchall())

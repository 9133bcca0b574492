"""Samples as a search loads them: many rows as one, taken apart here.

To take rows from a connection one by one costs more than all else that is done with them.
"""
# ruff: noqa: S608

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from facerec.gallery.rows import SampleRow, Searchable
from facerec.gallery.stores.postgres.state import State
from facerec.photos.prefetch import ahead

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

_ROWS_AT_ONCE = 8192
# So many in all parts: some thousand rows of one part together. A server takes twice as long for a value of several
# megabytes, whose memory it asks of the system anew each time.
_NUMBERS_AT_ONCE = 32_768
_PARTS = 16  # of each table that is in parts, as schema.sql makes them
_SALT, _SEAL = 16, 32  # bytes, of what is written since there are salts; all others are read one by one


def searchable(state: State, after: int, upto: int | None, equal: Mapping[str, object]) -> Iterator[Searchable]:
    """Samples as searches load them: a few, or somebody's, one by one; many as blocks, while the last is worked on."""
    last = state.head.last[SampleRow] if upto is None else upto
    if equal or last - after <= _ROWS_AT_ONCE:
        yield from _one_by_one(state, "samples", _Range(after, upto), equal)
        return
    expires = _expiries(state, None)
    ranges = (
        (part, _Range(low, min(low + _NUMBERS_AT_ONCE, last)))
        for low in range(after, last, _NUMBERS_AT_ONCE)
        for part in range(_PARTS)
    )

    def fetched(place: tuple[int, _Range]) -> tuple[int, _Range, int, bytes | None]:
        part, numbers = place
        return part, numbers, *_together(state, f"samples_{part}", numbers)

    record = struct.Struct(f">qq{_SEAL}s{_SALT}s{_vector_bytes(state)}s")
    for part, numbers, count, content in ahead(fetched, ranges, workers=1, depth=4):
        if count and content is None:
            yield from _one_by_one(state, f"samples_{part}", numbers, {}, expires)
        elif content:
            samples, people, seals, salts, vectors = zip(*record.iter_unpack(content), strict=True)
            yield Searchable(samples, people, tuple(map(expires.get, people)), vectors, salts, seals)


class _Range(NamedTuple):
    """Numbers beyond `after` up to `upto`."""

    after: int
    upto: int | None


def _vector_bytes(state: State) -> int:
    return 4 * state.head.row.dimension


def _together(state: State, table: str, numbers: _Range) -> tuple[int, bytes | None]:
    """How many rows there are, and all of them; ``None`` where not all are as long as what is written now."""
    import psycopg

    fit = f"length(seal) = {_SEAL} AND length(salt) = {_SALT} AND length(vector) = {_vector_bytes(state)}"
    text = (
        f"SELECT count(*), count(*) FILTER (WHERE {fit}), "
        f"string_agg(int8send(number) || int8send(person) || seal || salt || vector, '') FROM {table} "
        "WHERE gallery = $1 AND number > $2 AND number <= $3"
    )
    values = [str(each).encode() for each in (state.head.gallery, *numbers)]
    with state.connection.lock:
        # The driver's own call holds the interpreter at every few kilobytes that come; this one lets go of it for all.
        found: PGresult = state.connection.pgconn.exec_params(text.encode(), values, result_format=1)
    if found.status != psycopg.pq.ExecStatus.TUPLES_OK:
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

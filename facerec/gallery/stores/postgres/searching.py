"""Samples as a search loads them: thousands of rows as one, taken apart here.

To take rows from a connection one by one costs more than all else that is done with them.
"""
# ruff: noqa: S608

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from facerec.gallery.rows import SampleRow, Searchable
from facerec.gallery.stores.postgres.state import State
from facerec.photos.prefetch import ahead

_SEARCHED_AT_ONCE = 8192
_NUMBERS_AT_ONCE = 16 * _SEARCHED_AT_ONCE  # so many in all parts
_PARTS = 16  # of each table that is in parts, as schema.sql makes them
_SEARCHED = 5  # fields of each row that is copied
_INTEGER = struct.Struct(">q")
_LENGTH = struct.Struct(">i")
_BYTES = ("vector", "salt", "seal")
# Thousands of rows as one: to take rows from a connection one by one costs more than all else that is done with them.
_TOGETHER = (
    f"SELECT count(*), {', '.join(f'count({each}), min(length({each})), max(length({each}))' for each in _BYTES)}, "
    "string_agg(int8send(number), ''), string_agg(int8send(person), ''), "
    + ", ".join(f"string_agg({each}, '')" for each in _BYTES)
)


def searchable(state: State, after: int, upto: int | None, equal: Mapping[str, object]) -> Iterator[Searchable]:
    """Samples as searches load them, by binary COPY: neither the server nor this process makes texts of bytes."""
    if equal or state.head.last[SampleRow] - after <= _SEARCHED_AT_ONCE:
        yield from _in_blocks(state, "samples", after, upto, equal)
        return
    expires = _expiries(state, None)
    last = state.head.last[SampleRow] if upto is None else upto
    ranges = ((part, low) for low in range(after, last, _NUMBERS_AT_ONCE) for part in range(_PARTS))

    def fetched(place: tuple[int, int]) -> tuple[tuple[int, int], Sequence[Any]]:
        part, low = place
        where, values = state.where(low, min(low + _NUMBERS_AT_ONCE, last), {})
        return place, state.one(f"{_TOGETHER} FROM samples_{part}{where}", values)

    for (part, low), found in ahead(fetched, ranges, workers=1, depth=2):
        if (alike := _taken_apart(found, expires)) is not None:
            yield alike
        elif found[0]:
            upto = min(low + _NUMBERS_AT_ONCE, last)
            yield from _in_blocks(state, f"samples_{part}", low, upto, {}, expires)


def _in_blocks(  # noqa: PLR0917 - as `searchable`
    state: State,
    table: str,
    after: int,
    upto: int | None,
    equal: Mapping[str, object],
    expires: Mapping[int, str] | None = None,
) -> Iterator[Searchable]:
    while True:
        where, values = state.where(after, upto, equal)
        text = f"SELECT number, person, vector, salt, seal FROM {table}{where}"
        text = f"{text} ORDER BY number LIMIT {_SEARCHED_AT_ONCE}"
        with state.connection.cursor().copy(f"COPY ({text}) TO STDOUT (FORMAT BINARY)", values) as copied:
            content = b"".join(copied)
        columns = list(zip(*_records(content), strict=True))
        if not columns:
            return
        numbers, people, *material = columns
        known = _expiries(state, people) if expires is None else expires
        yield Searchable(numbers, people, tuple(map(known.get, people)), *material)
        if len(numbers) < _SEARCHED_AT_ONCE:
            return
        after = numbers[-1]


def _expiries(state: State, people: Collection[int] | None) -> dict[int, str]:
    """When these people, or all, expire, of those who do; a join would cost more than the samples themselves."""
    text = "SELECT number, expires FROM people WHERE gallery = %s AND expires IS NOT NULL"
    values: list[Any] = [state.head.gallery]
    if people is not None:
        text, values = f"{text} AND number = ANY(%s)", [*values, sorted(set(people))]
    return dict(state.execute(text, values).fetchall())


def _taken_apart(found: Sequence[Any], expires: Mapping[int, str]) -> Searchable | None:
    """The samples that `_TOGETHER` gave; ``None`` where there are none, or not all are as long as the others."""
    count, *facts = found
    counts, shortest, longest = facts[0:9:3], facts[1:9:3], facts[2:9:3]
    if not count or counts != [count] * 3 or shortest != longest or 0 in shortest:
        return None
    numbers, people = (tuple(np.frombuffer(each, ">i8").tolist()) for each in facts[9:11])
    material = [
        tuple(row[0] for row in struct.iter_unpack(f"{size}s", content))
        for size, content in zip(shortest, facts[11:], strict=True)
    ]
    return Searchable(numbers, people, tuple(map(expires.get, people)), *material)


def _records(content: bytes) -> Iterator[tuple[Any, ...]]:
    """The rows of a binary COPY: two numbers, then bytes or nothing."""
    place = 19 + _LENGTH.unpack_from(content, 15)[0]  # after the header and its extension
    end = len(content) - 2  # the trailer
    if (alike := _alike(content, place, end)) is not None:
        yield from alike.iter_unpack(memoryview(content)[place:end])
        return
    while place < end:
        place += 2
        values: list[bytes | None] = []
        for _ in range(_SEARCHED):
            (length,) = _LENGTH.unpack_from(content, place)
            place += 4
            values.append(None if length < 0 else content[place : place + length])
            place += max(length, 0)
        number, person, *material = values
        yield _INTEGER.unpack(number or b"")[0], _INTEGER.unpack(person or b"")[0], *material


def _alike(content: bytes, place: int, end: int) -> struct.Struct | None:
    """How to take all rows apart at once, where those are as long as the first in every field; nearly always."""
    at = place + 2
    lengths: list[int] = []
    while len(lengths) < _SEARCHED and at < end:
        lengths.append(_LENGTH.unpack_from(content, at)[0])
        at += 4 + max(lengths[-1], 0)
    if len(lengths) < _SEARCHED or (end - place) % (at - place) or min(lengths) < 0:
        return None
    rows = np.frombuffer(content, np.uint8, end - place, place).reshape(-1, at - place)
    column = 2
    for length in lengths:
        if (rows[:, column : column + 4] != rows[0, column : column + 4]).any():
            return None
        column += 4 + length
    fields = "".join(f"4x{length}s" for length in lengths[2:])
    return struct.Struct(f">2x4xq4xq{fields}")

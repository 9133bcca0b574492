"""Damage to a file, by a seeded generator: the same seed makes the same inputs on every machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

_ODD = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x00",
    b"\x80",
    b"NaN",
    b"1e999",
    b'"',
    b"[" * 2000,
)


def damaged(contents: bytes, seed: int, number: int) -> Iterator[bytes]:
    """So many versions of a file: bits flipped, bytes replaced, pieces cut out, doubled or moved, ends cut off."""
    random = Random(seed)
    for _ in range(number):
        made = bytearray(contents)
        for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
            at = random.randrange(max(1, len(made)))
            length = random.choice((1, 2, 4, 16, 256))
            match random.randrange(6):
                case 0 if made:
                    made[at] ^= 1 << random.randrange(8)
                case 1:
                    made[at : at + length] = random.randbytes(length)
                case 2:
                    del made[at : at + length]
                case 3:
                    made[at:at] = made[at : at + length]
                case 4:
                    made[at:at] = random.choice(_ODD)
                case _:
                    del made[at:]
        yield bytes(made)


_ODD_VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 10**30, 1e300, -1e-300, "", "x", "\x00\x1b[2J", "é" * 300, "0" * 64, "2024-02-30",
    [], {}, [[]], [1], {"a": 1}, float("inf"), float("nan"),
)  # fmt: skip


def odd_json(contents: bytes, seed: int) -> Iterator[bytes]:
    """Versions of a JSON document without end: each with an odd value in one place, or a place removed or doubled."""
    random = Random(seed)
    while True:
        document = json.loads(contents)
        holder, key = random.choice(list(_places(document)))
        if random.random() < 0.1:
            del holder[key]
        elif isinstance(holder, list) and random.random() < 0.2:
            holder.append(holder[key])
        else:
            holder[key] = random.choice(_ODD_VALUES)
        yield json.dumps(document).encode()


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document that can be put another value in: what holds it, and its key there."""
    keys = document.keys() if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    for key in keys:
        yield document, key
        yield from _places(document[key])

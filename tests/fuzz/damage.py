"""Damage to a file, by a seeded generator: the same seed makes the same inputs on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

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

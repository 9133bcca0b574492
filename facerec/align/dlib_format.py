"""Reader of dlib's serialization format, as far as the two model files that this project uses need it.

dlib writes a model as a flat stream of self-delimiting values with no index. Reading it here, in plain numpy,
means that the ResNet and the landmark trees need neither dlib nor a C++ compiler, and that nothing is unpickled.
Every length is checked against the bytes that are left before anything is allocated.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from facerec.errors import CorruptWeightsError

_LONGEST_STRING = 256
_RESERVED_BITS = 0x70
_NEGATIVE_BIT = 0x80
_LONGEST_INTEGER = 9
_BLOCK = 1 << 16
_STRIDE_LOG2 = 4


class DlibReader:
    """Reads one dlib stream from front to back; `name` is what the file is called in messages.

    Every method raises `CorruptWeightsError` if the bytes are not what dlib would have written at this place.
    """

    def __init__(self, content: bytes, *, name: str) -> None:
        self._content = content
        self._name = name
        self.position = 0

    def corrupt(self, problem: str) -> CorruptWeightsError:
        """The error to raise for `problem` at the present position."""
        return CorruptWeightsError(f"{self._name} is not a readable dlib model: {problem} at byte {self.position}")

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self.position:
            raise self.corrupt(f"{count} bytes wanted, {len(self._content) - self.position} left")
        taken = self._content[self.position : self.position + count]
        self.position += count
        return taken

    def integer(self) -> int:
        """One integer: a control byte (low 4 bits: length, top bit: sign), then the little-endian magnitude."""
        control = self._take(1)[0]
        length = control & 0x0F
        if control & _RESERVED_BITS or not 1 <= length <= 8:
            raise self.corrupt(f"byte {control:#04x} does not begin an integer")
        magnitude = int.from_bytes(self._take(length), "little")
        return -magnitude if control & _NEGATIVE_BIT else magnitude

    def floating(self) -> float:
        """One float: integer mantissa, integer exponent of two."""
        mantissa, exponent = self.integer(), self.integer()
        if abs(exponent) > 2000:  # 32000 and above stand for infinities and NaN, which no trained weight is
            raise self.corrupt(f"a float with exponent {exponent}")
        return math.ldexp(mantissa, exponent)

    def integers(self, count: int) -> list[int]:
        """`count` integers, one after the other."""
        return [self.integer() for _ in range(count)]

    def floats(self, count: int) -> list[float]:
        """`count` floats, one after the other."""
        return [self.floating() for _ in range(count)]

    def string(self) -> str:
        """One string: its length, then its bytes."""
        return self.text(self.integer())

    def text(self, length: int) -> str:
        """The `length` bytes of a string whose length has been read."""
        if not 0 <= length <= _LONGEST_STRING:
            raise self.corrupt(f"a string of {length} bytes")
        return self._take(length).decode("latin-1")

    def flag(self) -> bool:
        """One boolean: the character 0 or 1."""
        character = self._take(1)
        if character not in (b"0", b"1"):
            raise self.corrupt(f"byte {character!r} is no boolean")
        return character == b"1"

    def tensor(self) -> NDArray[np.float32]:
        """One tensor, float32, shape (samples, k, rows, columns): a version, four lengths, raw float32."""
        version = self.integer()
        if version != 2:
            raise self.corrupt(f"a tensor of version {version}; only 2 is known")
        shape = tuple(self.integer() for _ in range(4))
        if min(shape) < 0:
            raise self.corrupt(f"a tensor of shape {shape}")
        return np.frombuffer(self._take(4 * math.prod(shape)), "<f4").reshape(shape)

    def alias(self) -> tuple[int, int, int, int]:
        """One alias tensor: only the shape of a view on another tensor."""
        version = self.integer()
        if version != 1:
            raise self.corrupt(f"an alias tensor of version {version}; only 1 is known")
        return (self.integer(), self.integer(), self.integer(), self.integer())

    def at_end(self) -> bool:
        """True once every byte has been read."""
        return self.position == len(self._content)


def read_integers(content: bytes, *, name: str) -> NDArray[np.int64]:
    """Read a stream that holds nothing but integers, all at once: int64, shape (n,).

    The landmark trees are three million integers; one Python call each would take seconds at every start. A stream with
    a byte that begins no integer, or that ends within one, is a `CorruptWeightsError`.

    Where an integer ends says where the next begins, so the starts form a linked list. Following it is made parallel by
    pointer doubling: `jump` first leads from every byte to the start after it; composed with itself k times it leads
    2^k starts on. Python then walks every 16th start only, and numpy fills in those between.
    """
    values = []
    at = 0
    while at < len(content):
        block, at = _integers_from(content, at, name=name)
        values.append(block)
    return np.concatenate(values) if values else np.empty(0, np.int64)


def _integers_from(content: bytes, first: int, *, name: str) -> tuple[NDArray[np.int64], int]:
    """Read the integers that begin in one block, from byte `first` on; return them and where the next one begins.

    Blocks keep the working memory inside the processor's cache; over the whole file at once, most of the time
    would go into first-touching fresh memory.
    """
    block = content[first : first + _BLOCK + _LONGEST_INTEGER]
    raw = np.frombuffer(block, np.uint8)
    end = min(_BLOCK, len(raw))  # integers that begin at or after `end` belong to the next block

    jump = np.arange(1, end + _LONGEST_INTEGER + 1)
    jump[:end] += raw[:end] & 0x0F
    jump[end:] -= 1  # beyond `end` every place leads to itself, so that walks come to rest where the next block begins
    jumps = [jump]
    for _ in range(_STRIDE_LOG2):
        jumps.append(jumps[-1].take(jumps[-1], mode="clip"))

    leap = jumps.pop().item
    landings = []
    at = 0
    while at < end:
        landings.append(at)
        at = leap(at)
    starts = np.array(landings)
    for step in reversed(jumps):
        starts = np.stack([starts, step.take(starts)], axis=1).reshape(-1)
    starts = starts[starts < end]

    control = raw.take(starts)
    lengths = control & 0x0F
    bad = (control & _RESERVED_BITS != 0) | (lengths == 0) | (lengths > 8)
    if bad.any():
        message = f"{name} is not a readable dlib model: no integer begins at byte {first + starts[bad.argmax()]}"
        raise CorruptWeightsError(message)
    following = int(starts[-1]) + 1 + int(lengths[-1])
    if following > len(raw):
        message = f"{name} is not a readable dlib model: it ends within the integer at byte {first + starts[-1]}"
        raise CorruptWeightsError(message)

    # An 8-byte window at every byte offset, of which each integer keeps its own `length` bytes.
    windows: NDArray[np.uint64] = np.ndarray((len(raw) + 1,), "<u8", block + bytes(8), strides=(1,))
    surplus_bits = np.uint64(64) - np.uint64(8) * lengths.astype(np.uint64)
    magnitudes = (windows.take(starts + 1) & (np.uint64(0xFFFFFFFFFFFFFFFF) >> surplus_bits)).astype(np.int64)
    return np.where(control & _NEGATIVE_BIT != 0, -magnitudes, magnitudes), first + following

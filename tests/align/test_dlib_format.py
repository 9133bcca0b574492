"""The reader of dlib's serialization: round trips against a writer of our own, and damaged streams."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facerec.align.dlib_format import DlibReader, read_integers
from facerec.errors import CorruptWeightsError


def write_integer(value: int) -> bytes:
    """One integer as dlib writes it: control byte, little-endian magnitude."""
    magnitude = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(magnitude) | (0x80 if value < 0 else 0)]) + magnitude


def write_float(value: float) -> bytes:
    """One float as dlib writes it: mantissa and exponent."""
    fraction, exponent = math.frexp(value)
    return write_integer(int(fraction * 2**53)) + write_integer(exponent - 53)


integers = st.integers(min_value=-(2**63) + 1, max_value=2**63 - 1)


@given(st.lists(integers, max_size=200))
@settings(max_examples=60, deadline=None)
def test_integers_round_trip(values: list[int]) -> None:
    """Both readers give back what was written, one by one and all at once."""
    stream = b"".join(map(write_integer, values))
    reader = DlibReader(stream, name="stream")

    one_by_one = [reader.integer() for _ in values]

    assert one_by_one == values
    assert reader.at_end()
    assert read_integers(stream, name="stream").tolist() == values


def test_integers_round_trip_across_blocks() -> None:
    """A stream of many blocks, with integers across their borders, reads the same in both ways."""
    values = (np.random.default_rng(3).integers(-(2**40), 2**40, 60_000) >> np.arange(60_000) % 40).tolist()
    stream = b"".join(map(write_integer, values))

    assert read_integers(stream, name="stream").tolist() == values


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
@settings(max_examples=60, deadline=None)
def test_floats_round_trip(value: float) -> None:
    """A float is its mantissa times a power of two."""
    assert DlibReader(write_float(value), name="stream").floating() == value


def test_tensor_holds_raw_floats() -> None:
    """A tensor is its version, four lengths and little-endian float32."""
    values = np.arange(6, dtype="<f4").reshape(1, 2, 3, 1)
    stream = b"".join(map(write_integer, (2, 1, 2, 3, 1))) + values.tobytes()

    np.testing.assert_array_equal(DlibReader(stream, name="stream").tensor(), values)


@pytest.mark.parametrize(
    ("stream", "method"),
    [
        (b"", "integer"),
        (b"\x00", "integer"),
        (b"\x09123456789", "integer"),
        (b"\x41\x01", "integer"),
        (b"\x04\x01", "integer"),
        (write_integer(1) + write_integer(32000), "floating"),
        (write_integer(5) + b"abc", "string"),
        (write_integer(-1), "string"),
        (write_integer(10**9), "string"),
        (b"x", "flag"),
        (b"".join(map(write_integer, (2, 10**6, 10**6, 10**6, 1))), "tensor"),
        (b"".join(map(write_integer, (2, -1, 1, 1, 1))), "tensor"),
        (b"".join(map(write_integer, (3, 1, 1, 1, 1))), "tensor"),
        (b"".join(map(write_integer, (2, 1, 1, 1, 1))), "alias"),
    ],
)
def test_damaged_values_are_refused(stream: bytes, method: str) -> None:
    """What dlib would not have written is an error that names the file, before anything is allocated."""
    with pytest.raises(CorruptWeightsError, match=r"model\.dat"):
        getattr(DlibReader(stream, name="model.dat"), method)()


@pytest.mark.parametrize(
    "stream", [b"\x01\x05\x00\x01", b"\x01\x05\x04\x01", b"\x01\x05\x71\x01", b"\x01\x05\x0f" + bytes(20)]
)
def test_damaged_streams_are_refused(stream: bytes) -> None:
    """A stream that stops within an integer, or where none begins, is an error."""
    with pytest.raises(CorruptWeightsError, match=r"model\.dat"):
        read_integers(stream, name="model.dat")


def test_empty_stream_holds_nothing() -> None:
    """No bytes are no integers."""
    assert read_integers(b"", name="stream").shape == (0,)

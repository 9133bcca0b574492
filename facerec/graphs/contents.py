"""What an ONNX file holds, looked at before anything runs it: no loops, no branches, no weights outside of the file.

A loop may run without an end, and only for some photos, so that a trial does not find it; and weights that lie in
another file are not those whose SHA-256 was checked. No face network needs either. ONNX Runtime would load both.

The file is a protocol buffer; of it only the fields named here are followed, by https://onnx.ai (``onnx.proto``), and
none deeper than four levels: a node that holds a graph is refused with whatever is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from facerec.errors import WeightsError

_GRAPH, _FUNCTION = 7, 25  # of a model
_NODES = {_GRAPH: 1, _FUNCTION: 7}
_INITIALIZER, _SPARSE_INITIALIZER = 5, 15  # of a graph
_DEFAULT_ATTRIBUTE = 11  # of a function
_OPERATOR, _ATTRIBUTE = 4, 5  # of a node
_GRAPHS = (6, 11)  # of an attribute: what the operator runs as often as it likes
_TENSORS, _SPARSE_TENSORS = (5, 10), (22, 23)
_PARTS_OF_SPARSE = (1, 2)
_PLACE, _OUTSIDE = 14, 1  # of a tensor

_NUMBER, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5  # how a field is written
_LONGEST_NUMBER = 10


def check_contents(model: bytes, *, name: str) -> None:
    """Raise `WeightsError` if an ONNX file cannot be read, or holds control flow or refers to weights elsewhere.

    ``Loop``, ``If``, ``Scan`` and whatever other operator holds a graph of its own; `name` is for messages.
    """
    try:
        for part in _fields(memoryview(model)):
            if part.number in _NODES and part.kind == _BYTES:
                _check_part(part, name)
    except ValueError as error:
        message = f"{name} is not an ONNX graph: {error}; export it anew, or copy it again from where it came"
        raise WeightsError(message) from error


class _Field(NamedTuple):
    """A field of a protocol buffer; `held` are the bytes of one that holds bytes, `value` the number of a number."""

    number: int
    kind: int
    held: memoryview
    value: int


def _check_part(part: _Field, name: str) -> None:
    """A graph or a function."""
    for each in _fields(part.held):
        if each.kind != _BYTES:
            continue
        if each.number == _NODES[part.number]:
            _check_node(each.held, name)
        elif part.number == _FUNCTION and each.number == _DEFAULT_ATTRIBUTE:
            _check_attribute(each.held, "of a function", name)
        elif part.number == _GRAPH and each.number == _INITIALIZER:
            _check_tensor(each.held, name)
        elif part.number == _GRAPH and each.number == _SPARSE_INITIALIZER:
            _check_sparse(each.held, name)


def _check_node(node: memoryview, name: str) -> None:
    held = [each for each in _fields(node) if each.kind == _BYTES]
    operator = next((bytes(each.held) for each in reversed(held) if each.number == _OPERATOR), b"")
    for each in held:
        if each.number == _ATTRIBUTE:
            _check_attribute(each.held, operator.decode("utf-8", "replace"), name)


def _check_attribute(attribute: memoryview, operator: str, name: str) -> None:
    for each in _fields(attribute):
        if each.kind != _BYTES:
            continue
        if each.number in _GRAPHS:
            message = (
                f"{name} holds the operator {operator}, which may run a part of the network without an end; a face "
                "network needs none: export it in evaluation mode, for images of one size"
            )
            raise WeightsError(message)
        if each.number in _TENSORS:
            _check_tensor(each.held, name)
        elif each.number in _SPARSE_TENSORS:
            _check_sparse(each.held, name)


def _check_sparse(tensor: memoryview, name: str) -> None:
    for each in _fields(tensor):
        if each.number in _PARTS_OF_SPARSE and each.kind == _BYTES:
            _check_tensor(each.held, name)


def _check_tensor(tensor: memoryview, name: str) -> None:
    for each in _fields(tensor):
        if each.number == _PLACE and each.kind == _NUMBER and each.value & 0xFFFFFFFF == _OUTSIDE:
            message = (
                f"{name} keeps weights in another file, whose contents nobody checks; save it as one file: "
                "onnx.save_model(onnx.load(FILE), FILE, save_as_external_data=False)"
            )
            raise WeightsError(message)


def _fields(message: memoryview) -> Iterator[_Field]:
    """The fields of a protocol buffer, in the order of the file; ValueError if it is none."""
    nothing = message[:0]
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _NUMBER:
            value, at = _number(message, at)
            yield _Field(number, kind, nothing, value)
            continue
        if kind == _BYTES:
            length, at = _number(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            told = f"byte {at:,} of a part begins a field of an unknown kind ({kind})"
            raise ValueError(told)
        if tag > 0xFFFFFFFF or length > len(message) - at:
            told = f"a field of {length:,} bytes is cut off"
            raise ValueError(told)
        yield _Field(number, kind, message[at : at + length], 0)
        at += length


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, and the place behind it."""
    value = 0
    for place, byte in enumerate(message[at : at + _LONGEST_NUMBER]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at + place + 1
    told = "a number is cut off"
    raise ValueError(told)

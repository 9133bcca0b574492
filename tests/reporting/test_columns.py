"""Cells: what a column takes, and how a reader sees it."""

import math

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.reporting.columns import Column, write_number
from facerec.types import Interval


@pytest.mark.parametrize(
    ("kind", "cell", "written"),
    [
        ("text", "a", "a"),
        ("verdict", "insufficient", "Insufficient evidence"),
        ("count", 1234567, "1,234,567"),
        ("amount", 4_652_008, "4.65 M"),
        ("amount", 999_999, "1 M"),
        ("amount", 12, "12"),
        ("rate", 0.0, "0 %"),
        ("rate", 0.0123, "1.23 %"),
        ("rate", 0.0009994, "0.0999 %"),
        ("rate", 3.2e-5, "0.0032 %"),
        ("rate", 1, "100 %"),
        ("rate", 0.9927, "99.27 %"),
        ("rate", 0.99996, "99.9960 %"),
        ("p", 0.0004, "< 0.001"),
        ("p", 0.0312, "0.031"),
        ("score", -0.12345, "−0.123"),
        ("ratio", 1.3456, "1.35×"),
        ("ratio", math.inf, "∞"),
        ("number", 1234.5, "1,234"),
        ("number", 0.123456, "0.1235"),
        ("seconds", 0.0, "0 µs"),
        ("seconds", 0.0123, "12.3 ms"),
        ("seconds", 0.9999, "1.00 s"),
        ("seconds", 3600, "3,600 s"),
        ("interval", Interval(0.001, 0.02), "0.1 to 2 %"),
    ],
)
def test_each_kind_writes_its_own_way(kind, cell, written):
    """A number looks the same in every table that holds it in a column of the same kind."""
    column = Column("x", kind)

    assert column.written(column.checked(cell)).replace("\xa0", " ") == written


@pytest.mark.parametrize("kind", ["count", "rate", "score", "seconds", "ratio", "interval"])
def test_absent_numbers_are_never_zero(kind):
    """What does not apply is a dash, and what was not measured says so."""
    column = Column("x", kind)
    nan = Interval(math.nan, math.nan) if kind == "interval" else math.nan

    assert column.written(column.checked(None)) == "–"
    assert column.written(column.checked(nan)) == "not measured"


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("text", 1), ("count", 1.5), ("count", True), ("rate", "0.1"), ("interval", 0.1), ("verdict", "good")],
)
def test_a_cell_of_another_kind_is_refused(kind, cell):
    """The error names the column, its kind and the cell."""
    with pytest.raises(ArgumentError, match=f"'Error'.*{kind}.*{cell!r}"):
        Column("Error", kind).checked(cell)


def test_numpy_numbers_become_python_numbers():
    """A cell keeps its value in full and loses numpy's type, so that JSON can hold it."""
    assert type(Column("n", "count").checked(np.int64(3))) is int
    assert Column("x", "rate").checked(np.float64(0.1)) == 0.1


def test_an_unknown_kind_is_refused():
    """A column's kind is one of those that can be written."""
    with pytest.raises(ArgumentError, match="colour"):
        Column("x", "colour")


def test_numbers_in_prose_match_the_tables():
    """The function for prose and the column write alike."""
    assert write_number(0.012, "rate") == Column("x", "rate").written(0.012)

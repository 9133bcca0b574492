"""Cells of a report's CSV files, which people open in spreadsheets."""

import csv
import io

import pytest

from audits.report.common.files import csv_text
from facerec.reporting import Column, Table


def _row(cell, column):
    return next(csv.reader(io.StringIO(csv_text(Table("", (column, Column("y")), ((cell, "."),))).partition("\n")[2])))[
        0
    ]


@pytest.mark.parametrize("name", ["=1+1", "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3", "\t=1"])
def test_no_label_is_run_as_a_formula(name):
    """It is the same text behind an apostrophe, in a cell and in a header."""
    assert _row(name, Column("group")) == f"'{name}"
    assert csv_text(Table("", (Column(name),), ())).strip('"\n') == f"'{name}"


@pytest.mark.parametrize("cell", ["-1", "+0.5", "A=B", "a-b", ""])
def test_other_texts_stay(cell):
    """A group may be called -1."""
    assert _row(cell, Column("group")) == cell


def test_numbers_stay():
    """A difference below zero is a number."""
    assert _row(-0.25, Column("x", "number")) == "-0.25"

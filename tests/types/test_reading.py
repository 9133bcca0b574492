"""Values come back from JSON as they were, and what is not one is named."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.gallery import (
    Backup,
    Doubt,
    EmbedderIdentity,
    Enrollment,
    Erasure,
    ForgetReceipt,
    GalleryCheck,
    LogCheck,
    LogEntry,
    LogHead,
    MadeCopy,
    Person,
    PersonId,
    RemovalReceipt,
    Sample,
    TermChange,
    Transfer,
)
from facerec.testing import made_matcher, made_point
from facerec.types import Candidate, Identification, Rate, Verification
from facerec.types.looks import Look
from facerec.types.reading import read_value

NOW = datetime(2031, 5, 17, 8, 30, tzinfo=UTC)
PERSON = Person(1, "ab" * 16, "Zoë", "form 17", None, date(2031, 12, 31), NOW, 2, 1, False)
COPY = MadeCopy("exported", 3, NOW)
DOUBT = Doubt("another name", "a.jpg", "bob", 0.97, 0.95)
VALUES = [
    PERSON,
    replace(PERSON, consent=None, expires=None, expired=True),
    PersonId("cd" * 16),
    EmbedderIdentity("made", "5eed" * 16, 8),
    Sample(3, "a.jpg", (0.1, 0.2, 30.3, 40.4), 0.87, NOW, None, True, made_matcher().text),
    Enrollment(PERSON, True, 1, 0, 1, 2, "f" * 64, (DOUBT,), ("a.jpg: nearly black",)),
    Enrollment(PERSON, True, 1, 0, 1, 2, "f" * 64),
    COPY,
    DOUBT,
    ForgetReceipt(PERSON.id, "Zoë", 2, 1, NOW, "staff", 4, "f" * 64, (COPY,), False, "compact it"),
    RemovalReceipt(PERSON, (1, 2), NOW, "staff", 4, "f" * 64, (), True, ""),
    Transfer((1, 2), PERSON, None, None, PERSON, 5, "f" * 64),
    Erasure(True, ""),
    LogEntry(3, NOW, "updated", PERSON.id, "Zoë", None, {}, "f" * 64, (TermChange("consent", None, "x"),)),
    LogEntry(4, NOW, "matched", PERSON.id, "Zoë", None, {"score": 0.5, "looks": {"x": 1}}, "f" * 64),
    LogHead(4, "f" * 64),
    LogCheck(4, "f" * 64, ""),
    GalleryCheck(LogCheck(4, "f" * 64, ""), 1, 2, ("one",), "", False),
    Backup("b.db", 1, 2, 3, "f" * 64, "e" * 64, ""),
    Rate(3, 1000),
    Rate(0, 0),
    made_matcher(),
    made_point(),
    Candidate("Zoë", 0.97, PERSON.id),
    Verification("undecided", 0.5, made_point(), "none", ("blurred",), ("a note",)),
    Look(90, True),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_a_value_tells_gives_the_value(value):
    """Through JSON text, for every kind that a service gives out."""
    told = json.loads(json.dumps(value.to_dict(), allow_nan=False))

    assert read_value(type(value), told) == value
    assert read_value(type(value), {**told, "of_tomorrow": 1}) == value


def test_numbers_that_are_none_and_arrays_come_back():
    """NaN is null in JSON; a float32 is the shortest number that reads back as the same."""
    box = np.array([0.1, 1 / 3, 1e6 + 0.0625, -2], np.float32)
    value = Identification("no match", None, math.nan, box, (), made_point(), 0, 0, "none")
    told = json.loads(json.dumps(value.to_dict(), allow_nan=False))
    found = read_value(Identification, told)

    assert math.isnan(found.score)
    assert np.array_equal(found.box, box)
    assert found.to_dict() == value.to_dict()


@pytest.mark.parametrize("name", [field.name for field in fields(Person)])
@pytest.mark.parametrize("wrong", [{"an": "object"}, ["a list"], 1.5])
def test_a_field_of_another_kind_is_named(name, wrong):
    """Whichever it is."""
    with pytest.raises(ArgumentError, match=rf"person\.{name} must be"):
        read_value(Person, {**PERSON.to_dict(), name: wrong}, "person")


@pytest.mark.parametrize("name", ["number", "name", "created"])
def test_a_field_that_is_missing_is_named(name):
    """Those that have a default may be missing."""
    told = {key: value for key, value in PERSON.to_dict().items() if key != name}
    with pytest.raises(ArgumentError, match=rf"person\.{name} is missing"):
        read_value(Person, told, "person")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"decision": "perhaps"}, r"decision must be 'match' or"),
        ({"problems": "blurred"}, r"problems must be a list"),
        ({"problems": [1]}, r"problems\[0\] must be str"),
        ({"score": True}, r"score must be float"),
        ({"operating_point": None}, r"operating_point must be an object"),
        ({"operating_point": {**made_point().to_dict(), "threshold": 7}}, r"threshold from -1 to 1"),
    ],
)
def test_what_no_decision_holds_is_named(change, said):
    """Down to the part of it."""
    told = Verification("match", 0.95, made_point(), "none").to_dict()
    with pytest.raises(ArgumentError, match=said):
        read_value(Verification, {**told, **change}, "it")


def test_what_is_no_object_is_refused():
    """A list, a text, nothing."""
    for wrong in ([], "x", None):
        with pytest.raises(ArgumentError, match="must be an object"):
            read_value(Person, wrong)


@pytest.mark.parametrize("shape", [[1, 2, 3], [[1, 2], [3]], ["x"] * 4, None])
def test_arrays_of_another_shape_are_refused(shape):
    """By whichever rule notices first."""
    told = Identification("no match", None, 0.1, np.zeros(4, np.float32), (), made_point(), 0, 0, "none").to_dict()
    with pytest.raises(ArgumentError):
        read_value(Identification, {**told, "box": shape})


@pytest.mark.parametrize("look", [Look(turned, border) for turned in (0, 90, 180, 270) for border in (False, True)])
def test_looks_are_read_as_they_are_said(look):
    """Every one."""
    assert Look.parse(str(look)) == look


@pytest.mark.parametrize("text", ["turned 45°", "upside down", "border added, turned 90°", " "])
def test_what_is_no_look_is_refused(text):
    """And told how one is said."""
    with pytest.raises(ArgumentError, match="a look is said as"):
        Look.parse(text)

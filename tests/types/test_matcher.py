"""The matcher travels as one line, and one table says what follows where two differ."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError
from facerec.testing import made_matcher
from facerec.types.matcher import RULES, Matcher

PARTS = [field.name for field in fields(Matcher)]
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="|", exclude_categories=("C", "Zl", "Zp"))).filter(
    lambda text: text.strip() and text.isprintable() and text == text.strip()
)


@given(st.lists(WORDS, min_size=6, max_size=6))
def test_any_matcher_reads_back_from_its_line(parts: list[str]) -> None:
    """Whatever the parts are, equals signs and quotes among them."""
    matcher = Matcher(*parts)

    assert "\n" not in matcher.text
    assert Matcher.parse(matcher.text) == matcher


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", ["", "  ", "a | b", "a\nb", "a\x00b"])
def test_parts_that_could_not_be_read_back_are_refused(part: str, text: str) -> None:
    """The message names the part."""
    with pytest.raises(ArgumentError, match=f"{part} of a matcher"):
        replace(made_matcher(), **{part: text})


@pytest.mark.parametrize("text", ["", "dlib-resnet", "detector=a | crop=b", made_matcher().text.replace("crop=", "c=")])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    """Missing parts, other names, nothing at all."""
    with pytest.raises(ArgumentError, match="the text of a matcher"):
        Matcher.parse(text)


def test_every_part_has_a_rule() -> None:
    """A further part cannot be forgotten."""
    assert set(RULES) == set(PARTS)


def test_the_unknown_matcher_is_nobody_here() -> None:
    """It differs from any known one in what forbids a decision."""
    assert not Matcher.unknown().is_known
    assert made_matcher().is_known
    assert len(made_matcher().differences(Matcher.unknown()).refused) == 3
    assert Matcher.parse(Matcher.unknown().text) == Matcher.unknown()

"""What can be seen in a text, and how much of a text a message repeats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.errors import ArgumentError, ImageError
from facerec.visible_text import hidden_character, inert_cell, quoted, shortened, shows_something

_HIDDEN = (
    "\u200b\u200e\u200f\u2060\ufeff\u00ad\u180e\u061c\u202a\u202e\u2066\u2069\u115f\u1160\u3164\uffa0\u2800\u034f"
    "\U000e0041\U000e007f\x00\x1b\n\t\u2028\ue000\ufffe"
)


@pytest.mark.parametrize("character", _HIDDEN)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_hidden_characters_are_found_wherever_they_stand(character, place):
    """Format characters, fillers, tags, controls, private and unassigned ones."""
    text = "ada"[:place] + character + "ada"[place:]

    assert hidden_character(text) == character


@given(st.text(st.characters(categories=("L", "Nd", "P")), max_size=20))
def test_a_joiner_between_letters_of_other_scripts_is_found(text):
    """Latin, Greek, Cyrillic, Han … have no use for joiners."""
    letters = "".join(each for each in text if each.isascii() or "\u0370" <= each <= "\u04ff")

    for joiner in "\u200c\u200d":
        assert hidden_character(f"{letters}{joiner}{letters}") == joiner


@pytest.mark.parametrize(
    "word",
    [
        "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645",
        "\u0915\u094d\u200d\u0937",
        "\u0d28\u0d4d\u200d",
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
        "\u1820\u180b",
        "\u8fbb\U000e0101",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u2764\ufe0f",
    ],
)
def test_what_shapes_the_letters_beside_it_is_seen(word):
    """Persian, Devanagari, Malayalam, Sinhala, Mongolian, Han, emoji: the word stays, cut behind its joiner or not."""
    assert hidden_character(word) is None
    assert shows_something(word)
    assert hidden_character(f"ada{word[-1]}") == (word[-1] if word[-1] in "\u200d\u180b\U000e0101\ufe0f" else None)


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u0301", "\u3164", "\u2800", "\u200e\u200f"])
def test_nothing_to_be_seen(text):
    """Spaces, marks without a letter, and fillers."""
    assert not shows_something(text)


@given(st.text(), st.integers(0, 2000))
def test_messages_hold_one_short_line(text, times):
    """Of any text, on one line that can be printed."""
    for shown in (shortened(text * times), quoted(text * times)):
        assert len(shown) <= 120
        assert shown.isprintable()


def test_both_ends_are_kept():
    """The beginning of a path says where it is, its end which file."""
    shown = shortened("/somewhere/" + "x" * 500 + "/ada.jpg")

    assert (shown[:11], shown[-8:], len(shown)) == ("/somewhere/", "/ada.jpg", 120)
    assert shortened("short") == "short"
    assert quoted("it's") == '"it\'s"'


def test_an_error_repeats_no_long_word():
    """Whatever was handed over in place of a name; the folders of a path stay."""
    path = "/" + "/".join(["a folder of a name"] * 10) + "/ada.jpg"

    assert "x" * 121 not in str(ArgumentError("there is no model " + "x" * 3000))
    assert str(ArgumentError(f"{path} is missing")) == f"{path} is missing"
    assert len(str(ImageError("x/" * 3000))) < 200


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "@SUM(1)", "+1+1", "-rf", "\ta", "\ra", " =1+1"])
def test_no_cell_is_a_formula(text):
    """What a spreadsheet would run has an apostrophe before it; the text itself is whole."""
    assert inert_cell(text) == f"'{text}"

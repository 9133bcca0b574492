"""Text that people tell apart by looking at it: what hides in a name, and how much of a text a message repeats."""

from __future__ import annotations

import re
import unicodedata

# Drawn as nothing, though Unicode counts them as letters, marks or symbols.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_NON_JOINER, _JOINER = "\u200c\u200d"
# Scripts whose spelling needs joiners: Arabic, Syriac, N'Ko, the scripts of India and Sri Lanka, Burmese, Khmer,
# Mongolian, and the forms of Arabic letters.
_JOINED = (
    (0x0600, 0x07FF),
    (0x0840, 0x0DFF),
    (0x1000, 0x109F),
    (0x1780, 0x18AF),
    (0xA8E0, 0xA8FF),
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFC),
)
# What a spreadsheet runs: not numbers with a sign, which it takes for numbers.
_FORMULA = re.compile(r"\s*[=+@-](?!\d+(\.\d*)?$)|[\t\r]")
LONGEST = 120
"""Letters of one word that a message repeats."""

# The folders of a path may be many.
_LONG_WORD = re.compile(rf"[^\s/]{{{LONGEST + 1},}}|\S{{{3 * LONGEST},}}")


def hidden_character(text: str) -> str | None:
    r"""The first character of `text` that nobody can see, by which two texts could differ and look the same.

    Control and format characters, line breaks, fillers, unassigned and private characters. What changes the letters
    beside it stays: joiners within words of the scripts that are spelled with them and between emoji, and variation
    selectors behind the ideographs and symbols whose form they choose.

    Examples
    --------
    >>> hidden_character("ada\u200b"), hidden_character("Zoë"), hidden_character("\u0645\u06cc\u200c\u062e")
    ('\u200b', None, None)
    """
    for place, character in enumerate(text):
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        if character in (_NON_JOINER, _JOINER):
            seen = _joins(character, before, after)
        elif character in _FILLERS:
            seen = False
        elif _is_selector(character):
            seen = _has_forms(before)
        else:
            seen = unicodedata.category(character)[0] != "C" and unicodedata.category(character) not in ("Zl", "Zp")
        if not seen:
            return character
    return None


def shows_something(text: str) -> bool:
    """Whether any character of `text` is a letter, number, sign or symbol, and none of the fillers."""
    return any(unicodedata.category(each)[0] in "LNPS" and each not in _FILLERS for each in text)


def inert_cell(cell: object) -> object:
    """A cell of a table for people, with an apostrophe before a text that a spreadsheet would run as a formula.

    Numbers, and texts of numbers, stay as they are. Not for tables that are read again, whose ids must not change.

    >>> inert_cell("=1+1"), inert_cell("-0.5"), inert_cell(-0.5), inert_cell("Ada")
    ("'=1+1", '-0.5', -0.5, 'Ada')
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def shortened(text: object) -> str:
    """`text` for a message: on one line, without control characters, of 120 letters at most, its two ends kept."""
    shown = str(text)
    if not shown.isprintable():
        shown = ascii(shown)
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[: LONGEST // 3]}…{shown[-(LONGEST - LONGEST // 3 - 1) :]}"


def shortened_words(text: str) -> str:
    """`text` with every word, or part of a path, of more than 120 letters shortened, and paths of three times that."""
    return _LONG_WORD.sub(lambda word: shortened(word.group()), text)


def quoted(value: object) -> str:
    """`value` as Python writes it, for a message; texts in quotes, 120 letters at most."""
    return shortened(repr(value[: 2 * LONGEST] if isinstance(value, str | bytes) else value))


def _joins(character: str, before: str, after: str) -> bool:
    if character == _JOINER and _is_symbol(before or " ") and _is_symbol(after or " "):
        return True  # a family of emoji
    if not _is_of_joined_script(before):
        return False
    # Behind a virama a joiner gives the letter a form of its own, at the end of a word too (Malayalam's chillu).
    return _is_of_joined_script(after) or (character == _JOINER and unicodedata.combining(before) == 9)


def _is_of_joined_script(character: str) -> bool:
    return (
        character != ""
        and any(first <= ord(character) <= last for first, last in _JOINED)
        and unicodedata.category(character)[0] in "LM"
        and character not in _FILLERS
        and not _is_selector(character)
    )


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk") or character == "\ufe0f"


def _is_selector(character: str) -> bool:
    return (
        "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or character in "\u180b\u180c\u180d\u180f"
    )


def _has_forms(character: str) -> bool:
    """Whether variation selectors choose among forms of `character`: Han ideographs, symbols, Mongolian letters."""
    if not character:
        return False
    name = unicodedata.name(character, "")
    return name.startswith(("CJK ", "MONGOLIAN LETTER")) or unicodedata.category(character) == "So"


def skeleton(text: str) -> str:
    """What all texts share that look like this one."""
    return unicodedata.normalize("NFC", text)

"""Text that people tell apart by looking at it: what hides in a name, and how much of a text a message repeats."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

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
# Letters and signs that look like another one, in upright type: a part of the confusables of Unicode's Technical
# Standard 39 (https://www.unicode.org/reports/tr39/), what names of people and of groups are written with. Chosen by
# hand: letters of Cyrillic, Greek, Armenian and Cherokee, phonetic signs and small capitals that look Latin, Greek and
# Arabic letters that look like one another, kana that look like ideographs, and what keyboards give for apostrophes and
# dashes. Left out is what is alike in small or slanted type only: rn and m, for one, as Horner and Homer are two names.
_LOOK_ALIKES = {
    "A": "АΑᎪᴀ",
    "B": "ВΒᏴʙ",
    "C": "СϹᏟ",
    "D": "Ꭰᴅ",
    "E": "ЕΕᎬᴇ",
    "F": "Ϝꜰ",
    "G": "Ԍ",
    "H": "НΗᎻʜ",
    "J": "ЈᎫᴊͿ",
    "K": "КΚᏦᴋ",
    "L": "Ꮮʟ",
    "M": "МΜᎷᴍϺ",
    "N": "Νɴ",
    "O": "0ОΟՕ",
    "P": "РΡᏢᴘ",
    "Q": "Ԛ",
    "R": "Ꭱʀ",
    "S": "ЅՏᏚ",
    "T": "ТΤᎢᴛ",
    "U": "Ս",
    "V": "ѴᏙ",
    "W": "ԜᎳ",
    "X": "ХΧ",
    "Y": "УҮΥʏ",
    "Z": "ΖᏃ",
    "a": "аɑα",
    "b": "ЬьƄ",
    "c": "сϲᴄ",
    "d": "ԁ",
    "e": "еҽ",
    "f": "ſ",
    "g": "ɡց",
    "h": "һհ",
    # The small l of most faces of type is a bar, as are 1 and I.
    "l": "1I|ІΙӀӏǀƖ∣",
    "i": "іιɩıɪ",
    "j": "јϳյȷ",
    "n": "пո",
    "o": "оοօᴏ",
    "p": "рρ",
    "q": "ԛզ",
    "r": "г",
    "s": "ѕꜱ",
    "u": "υսᴜ",
    "v": "νѵᴠ",
    "w": "ԝᴡ",
    "x": "х",
    "y": "уүγ",
    "z": "ᴢ",
    "Æ": "Ӕ",
    "æ": "ӕ",
    "Đ": "ÐƉ",
    "ß": "β",
    "ə": "әǝ",
    "Ə": "ӘƎ",
    "ĸ": "кκ",
    "þ": "ϸ",
    "Γ": "Г",
    "Π": "П",
    "Φ": "Ф",
    "Λ": "Л",
    "ω": "ѡ",
    "3": "ЗӠƷȜ",
    "'": "’‘‛′`´ʼʻʹʽʾʿˈˊˋꞌ՚׳",
    '"': "“”„‟″ʺ״",
    "-": "‐‑‒–—―−⁃﹘",
    "·": "•∙‧・･",
    # As they are joined to others, and in the digits.
    "ک": "ك",
    "ی": "ى",
    **dict(zip("٠١٢٣٧٨٩", "۰۱۲۳۷۸۹", strict=True)),
    "二": "ニ",
    "工": "エ",
    "口": "ロ",
    "力": "カ",
    "夕": "タ",
    "卜": "ト",
    "八": "ハ",
    "丿": "ノ",
    "一": "ー",
    "へ": "ヘ",
    "\u0327": "\u0326",  # cedilla, comma below
    "\u0306": "\u030c",  # breve, caron
}
_DRAWN = str.maketrans({each: drawn for drawn, alike in _LOOK_ALIKES.items() for each in alike})
_SAME_SHAPE = {"<wide>", "<narrow>", "<font>", "<noBreak>", "<initial>", "<medial>", "<final>", "<isolated>"}
_SECOND_DOT = re.compile("(?<=[ij])\u0307+")

# What a spreadsheet runs, signs of full width in some: not numbers with a sign, which it takes for numbers.
_FORMULA = re.compile(r"\s*[=+@\-＝＋＠－](?!\d+(\.\d*)?$)|[\t\r]")
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
    return next((character for place, character in enumerate(text) if is_hidden(text, place)), None)


def is_hidden(text: str, place: int) -> bool:
    """Whether nobody can see the character at that place, as in `hidden_character`."""
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if character in (_NON_JOINER, _JOINER):
        return not _joins(character, before, after)
    if character in _FILLERS:
        return True
    if _is_selector(character):
        return not _has_forms(before)
    return unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")


def skeleton(text: str) -> str:
    """What all texts share that look like this one; for comparison only, not to be shown.

    By the idea of Unicode's Technical Standard 39: letters and their marks apart (NFD), letters of another width, font
    or place in a word as the plain ones, each letter replaced by one that looks like it, what is not drawn left out,
    spaces of every width one, and signs that are several letters in one (ligatures, the numeral four) those letters.
    Letters keep their case; exponents are signs of their own. The table of look-alikes is a part of Unicode's, so equal
    skeletons are a reason to look twice, and different ones no proof. It may grow: a skeleton that is stored belongs to
    the version that made it, and to its version of Unicode.

    Examples
    --------
    >>> skeleton("Аdа Lоvelace") == skeleton("Ada Lovelace"), skeleton("Zoë") == skeleton("Zoe")
    (True, False)
    """
    # Before the plain forms too: that of a lunate sigma, which looks like c, is an ordinary one.
    drawn = unicodedata.normalize("NFD", text).translate(_DRAWN)
    drawn = unicodedata.normalize("NFD", "".join(map(_plain, drawn))).translate(_DRAWN)
    drawn = "".join(each for each in drawn if not _is_undrawn(each))
    drawn = _SECOND_DOT.sub("", unicodedata.normalize("NFD", drawn))
    return " ".join(drawn.split())


def looks_like(a: str, b: str) -> bool:
    """Whether two texts differ, and look alike. One text in two codings of Unicode (NFC, NFD) is one.

    >>> looks_like("Black", "Bl\N{CYRILLIC SMALL LETTER A}ck"), looks_like("Black", "black"), looks_like("Ada", "Ada")
    (True, False, False)
    """
    return unicodedata.normalize("NFC", a) != unicodedata.normalize("NFC", b) and skeleton(a) == skeleton(b)


def told_apart(texts: Sequence[str]) -> str:
    r"""Texts that look alike, for a message: each with the code points of what not all of them hold.

    >>> print(told_apart(["Black", "Bl\N{CYRILLIC SMALL LETTER A}ck"]).encode("ascii", "backslashreplace").decode())
    'Black' (a is U+0061) and 'Bl\u0430ck' (\u0430 is U+0430)
    """
    shared = set.intersection(*map(set, texts))
    return " and ".join(
        f"{quoted(text)} ({', '.join(f'{each} is U+{ord(each):04X}' for each in own)})" if own else quoted(text)
        for text in texts
        for own in [[each for each in dict.fromkeys(text) if each not in shared]]
    )


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


def _plain(character: str) -> str:
    """The plain letter, or letters that are joined, of which `character` is a form kept for old codings."""
    how, *codes = unicodedata.decomposition(character).split() or [""]
    # Not of a sign that stands for a space with an accent above it.
    if how not in _SAME_SHAPE and not (how == "<compat>" and codes[0] != "0020"):
        return character
    return "".join(_plain(chr(int(code, 16))) for code in codes)


def _is_undrawn(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or character in _FILLERS or _is_selector(character)


def _has_forms(character: str) -> bool:
    """Whether variation selectors choose among forms of `character`: Han ideographs, symbols, Mongolian letters."""
    if not character:
        return False
    name = unicodedata.name(character, "")
    return name.startswith(("CJK ", "MONGOLIAN LETTER")) or unicodedata.category(character) == "So"

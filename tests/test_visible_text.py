"""What can be seen in a text, and how much of a text a message repeats."""

import unicodedata
from collections import defaultdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from facerec.errors import ArgumentError, ImageError
from facerec.visible_text import (
    _DRAWN,
    hidden_character,
    inert_cell,
    looks_like,
    quoted,
    shortened,
    shows_something,
    skeleton,
    told_apart,
)

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


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "@SUM(1)", "+1+1", "-rf", "\ta", "\ra", " =1+1", "\n=1+1", "\uff1d1+1"]
)
def test_no_cell_is_a_formula(text):
    """What a spreadsheet would run has an apostrophe before it; the text itself is whole."""
    assert inert_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ada Lovelace", "\u0410d\u0430 L\u043evelace"),  # Cyrillic А, а, о
        ("Peter", "\u0420\u0435t\u0435r"),
        ("Xenia", "\u03a7\u0435ni\u03b1"),  # Greek Χ, α, Cyrillic е
        ("\u041e\u043a\u0441\u0430\u043d\u0430", "O\u043ac\u0430\u043da"),  # Оксана, partly Latin
        ("\u0391\u03bd\u03bd\u03b1", "Avva"),  # Άννα without its accent
        ("Noah", "N\u0585a\u0570"),  # Armenian օ, հ
        ("Ada", "\uff21\uff44\uff41"),  # full width
        ("Ada", "\U0001d4d0\U0001d4ed\U0001d4ea"),  # mathematical script
        ("Ada", "\u1d00da"),  # small capital
        ("Ava", "\u13aa\u1d20\u0251"),  # Cherokee, small capital, script a
        ("Ian", "lan"),
        ("Ian", "1an"),
        ("Bill", "BiII"),
        ("Otto", "0tto"),
        ("Agent 007", "Agent OO7"),
        ("Nina", "N\u0131na"),  # dotless i
        ("Nina", "Ni\u0307na"),  # a second dot
        ("O'Brien", "O\u2019Brien"),
        ("O'Brien", "O\u02bcBrien"),
        ("O'Brien", "O\u00b4Brien"),
        ("Anne-Marie", "Anne\u2010Marie"),
        ("Anne-Marie", "Anne\u2013Marie"),
        ("Anne-Marie", "Anne\u2212Marie"),
        ("Ada Lovelace", "Ada\u00a0Lovelace"),
        ("Ada Lovelace", "Ada\u2009\u3000Lovelace"),
        ("Ada Lovelace", " Ada  Lovelace"),
        ("Ada", "A\u200bda"),
        ("\u0218tefan", "\u015etefan"),  # comma below, cedilla
        ("\u0628\u0627\u0628\u06a9", "\u0628\u0627\u0628\u0643"),  # Persian and Arabic kaf
        ("\u5de5\u85e4", "\u30a8\u85e4"),  # an ideograph and a katakana
        ("Ada V", "Ada \u2164"),  # a numeral of one letter
        ("\u0645\u062d\u0645\u062f", "\ufee3\ufea4\ufee4\ufeaa"),  # the forms of Arabic letters
        ("\u30d1\u30af", "\uff8a\uff9f\uff78"),  # katakana of half width
        ("\uac00", "\uffa1\uffc2"),  # Hangul in parts of half width
    ],
)
def test_names_that_look_alike(name, other):
    """By hand: letters of other scripts, widths and forms; digits; apostrophes, dashes, spaces; what is not drawn."""
    assert skeleton(name) == skeleton(other)
    assert looks_like(name, other)
    assert looks_like(other, name)
    assert not looks_like(name, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Zoë", "Zoe"),
        ("ada", "Ada"),
        ("Horner", "Homer"),
        ("Ana", "Anna"),
        ("Jose", "Jos\u00e9"),
        ("Ann-Mary", "Ann Mary"),
        ("Al", "Ai"),
        ("S", "5"),
        ("B", "8"),
        ("\u0418", "N"),
        ("\u03c3", "o"),
        ("\u0431", "6"),
        ("0-2", "3-9"),
        ("Ada2", "Ada\u00b2"),
    ],
)
def test_names_that_do_not_look_alike(name, other):
    """A mark, a capital, a letter more; what resembles another only from afar."""
    assert not looks_like(name, other)


_NAMES = """
Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley
Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura Sharon Cynthia Ian Iain Ilan Alan
Allan Allen Al Ali Lila Lia Lola Lolo Ella Elia Ellen Helen Owen Oscar Otto Ora Cora Dora Nora Bern Bernd Ben Horner
Homer Corner
Jürgen Jorgen Jørgen Müller Muller Mueller Zoë Zoe José Jose Renée Renee Łukasz Lukasz Đorđe Šimun Simun Ştefan Stefan
Iñaki Ínigo Søren Åsa Asa Björk Gülşen Gulsen Işık Isik Nguyễn Nguyen Phạm Trần Tran Đặng Dang
Александр Алексей Анна Анастасия Борис Вера Виктор Виталий Галина Глеб Дарья Денис Евгений Екатерина Елена Жанна Захар
Зоя Иван Игорь Инна Ирина Катерина Кирилл Лев Лиля Любовь Марина Мария Михаил Наталья Никита Нина Оксана Олег Ольга
Павел Пётр Петр Роман Рома Руслан Саша Светлана Семён Сергей София Софья Тарас Татьяна Ульяна Фёдор Юлия Юрий Яна
Олександр Андрій Надія Сергій Тарас Її Євген Ганна Іван Ірина Оля Юля Ася Ева Ада
Αλέξανδρος Αναστασία Ανδρέας Άννα Βασίλης Γιάννης Γιώργος Δημήτρης Ελένη Ευαγγελία Ζωή Ηλίας Θεοδώρα Ιωάννης Κατερίνα
Κώστας Λουκάς Μαρία Μιχάλης Νίκος Ξένια Όλγα Παναγιώτης Ρένα Σοφία Σπύρος Τάσος Φωτεινή Χρήστος Ωραία
Արամ Արմեն Անի Գայանե Դավիթ Եվա Զարուհի Լիլիթ Կարեն Հայկ Մարիամ Նարեկ Սոնա Վահան Տիգրան
محمد أحمد علی علي فاطمة مریم یوسف حسین حسن زهرا رضا نور ليلى سارة عمر إبراهيم
משה דוד שרה רחל יעקב לאה אברהם יצחק מרים נעה
王伟 王芳 李娜 李静 张敏 刘洋 陈杰 杨丽 工藤 加藤 佐藤 斎藤 齋藤 斉藤 鈴木 田中 山田 山口 小川 大川
カトウ サトウ ニシダ タロウ ハナコ エミ へレン
김민준 이서연 박지호 최수빈 정하윤 अमित आरती राहुल प्रिया สมชาย สมหญิง
"""


def test_names_of_many_languages_raise_no_alarm():
    """Ordinary names, in their own scripts, those of one sound in several spellings among them."""
    alike = defaultdict(set)
    for name in _NAMES.split():
        alike[skeleton(name)].add(name)

    assert [names for names in alike.values() if len(names) > 1] == []


def test_the_names_of_lfw_raise_no_alarm(data):
    """5,749 people from the news."""
    lines = (data / "lfw" / "lfw-names.txt").read_text("utf-8").splitlines()
    names = {line.split("\t")[0].replace("_", " ") for line in lines}

    assert len(names) == len(set(map(skeleton, names))) > 5000


@given(st.text())
@example("i\u0307\u0307")
@example("\u00b4\u1fef\uff34")
@example("i\u200b\u0307\u0326\u0327")
def test_a_skeleton_is_its_own(text):
    """Whatever the coding of a text, it has one skeleton, which has itself."""
    drawn = skeleton(text)

    assert skeleton(drawn) == drawn
    assert skeleton(unicodedata.normalize("NFC", text)) == skeleton(unicodedata.normalize("NFD", text)) == drawn
    assert not looks_like(unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))


def test_every_character_has_one_skeleton():
    """The table and the compatibility forms leave no chain: what a character becomes stays."""
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    characters = [each for each in every if unicodedata.decomposition(each) or ord(each) in _DRAWN]

    assert len(characters) > 5000
    assert [each for each in characters if skeleton(skeleton(each)) != skeleton(each)] == []


def test_a_message_tells_look_alikes_apart():
    """By the code points of what only some of them hold; three of them as well."""
    assert told_apart(["O1", "01"]) == "'O1' (O is U+004F) and '01' (0 is U+0030)"
    three = told_apart(["Ida", "lda", "\u0406da"])
    assert [code in three for code in ("U+0049", "U+006C", "U+0406", "U+0064")] == [True, True, True, False]

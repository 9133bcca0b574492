"""Groups: hand-made tables, and what happens to people without a label."""

import numpy as np
import pandas as pd
import pytest

from audits.tables.groups import MOST_GROUPS, group_pairs, group_rows, name_notes, split_attributes
from facerec.errors import ArgumentError, ScoreTableError


def pairs(**columns):
    """A table of nothing but the given columns."""
    return pd.DataFrame(columns)


class TestSplitting:
    """split_attributes."""

    def test_spaces_around_the_comma_do_not_matter(self):
        """A grouping may be written with or without spaces."""
        assert split_attributes(" race , gender") == ("race", "gender")

    @pytest.mark.parametrize("by", ["", "race,", ",", "race,race"])
    def test_refuses_empty_and_repeated_attributes(self, by):
        """An attribute that is empty or named twice is a slip."""
        with pytest.raises(ArgumentError, match="different attributes"):
            split_attributes(by)


class TestPairs:
    """group_pairs."""

    def test_intersections_are_those_that_occur_on_either_side(self):
        """A group that only occurs among references is a group too, and one that never occurs is none."""
        table = pairs(
            probe_race=["B", "W"], reference_race=["B", "B"], probe_gender=["f", "m"], reference_gender=["m", "f"]
        )

        groups = group_pairs(table, "race,gender")

        assert groups.by == "race,gender"
        assert groups.names == ("B,f", "B,m", "W,m")
        assert groups.labels == (("B", "f"), ("B", "m"), ("W", "m"))
        assert groups.probe.tolist() == [0, 2]
        assert groups.reference.tolist() == [1, 0]
        assert groups.within.tolist() == [-1, -1]

    def test_one_column_stands_for_both_sides(self):
        """A column named like the attribute holds for probe and reference."""
        groups = group_pairs(pairs(race=["B", "W", "B"]), "race")

        assert groups.within.tolist() == [0, 1, 0]

    def test_one_label_missing_makes_the_intersection_unknown(self):
        """Who has a race but no gender is in no group by race and gender."""
        table = pairs(race=["B", "W", None], gender=["f", "", "m"])

        assert group_pairs(table, "race,gender").within.tolist() == [0, -1, -1]

    def test_relabelling_moves_no_row_to_other_rows(self):
        """Whatever the labels are called, the same rows are together."""
        rng = np.random.default_rng(7)
        labels = rng.integers(0, 4, (2, 50))
        plain = group_pairs(pairs(probe_g=labels[0], reference_g=labels[1]), "g")
        renamed = np.array(["z", "a", "m", "k"])
        other = group_pairs(pairs(probe_g=renamed[labels[0]], reference_g=renamed[labels[1]]), "g")

        assert (np.equal.outer(plain.probe, plain.reference) == np.equal.outer(other.probe, other.reference)).all()

    def test_whole_numbers_are_the_same_label_however_they_are_stored(self):
        """An age of 30 is the label 30, whether the column is of integers, of floats or of text."""
        table = pairs(probe_age=[30.0, None], reference_age=["30", "31"])

        groups = group_pairs(table, "age")

        assert groups.names == ("30", "31")
        assert groups.within.tolist() == [0, -1]

    @pytest.mark.parametrize(
        ("columns", "told"),
        [
            ({"probe_race": ["B"]}, "lacks reference_race"),
            ({"reference_race": ["B"], "race": ["B"]}, "lacks probe_race"),
            ({"probe_age": ["1"], "reference_age": ["1"]}, "it has age"),
            ({}, "no columns"),
        ],
    )
    def test_refuses_a_table_without_the_columns(self, columns, told):
        """The message names what is missing and what is there."""
        with pytest.raises(ScoreTableError, match=told):
            group_pairs(pairs(**columns), "race")

    def test_refuses_a_table_without_a_single_label(self):
        """Nobody can be compared with nobody."""
        with pytest.raises(ScoreTableError, match="no row has a label for race"):
            group_pairs(pairs(race=["", None]), "race")

    def test_refuses_two_groups_of_one_name(self):
        """A comma inside a label would make two groups one."""
        with pytest.raises(ScoreTableError, match="'a,b,c'"):
            group_pairs(pairs(x=["a,b", "a"], y=["c", "b,c"]), "x,y")


class TestRows:
    """group_rows."""

    def test_groups_one_person_per_row(self):
        """Codes count the sorted groups, and spaces around a label are not part of it."""
        groups = group_rows(pairs(gender=["m", " f", "f ", ""]), "gender")

        assert groups.names == ("f", "m")
        assert groups.codes.tolist() == [1, 0, 0, -1]
        assert len(groups) == 2

    def test_codes_cannot_be_changed(self):
        """A value is frozen, its array too."""
        with pytest.raises(ValueError, match="read-only"):
            group_rows(pairs(gender=["m"]), "gender").codes[0] = 3

    def test_refuses_a_table_without_the_column(self):
        """The message names the column."""
        with pytest.raises(ScoreTableError, match="lacks race; it has gender"):
            group_rows(pairs(gender=["m"]), "race")


class TestLabels:
    """What makes a group of its own, and what does not."""

    def test_labels_that_look_alike_are_one(self):
        """Spaces of any kind, and an accent in either coding; the joiner of a Persian word stays."""
        labels = [
            "North Side",
            " North\u00a0Side ",
            "North\tSide",
            "caf\u00e9",
            "cafe\u0301",
            "\u0645\u06cc\u200c\u062e",
        ]

        groups = group_rows(pairs(place=labels), "place")

        assert groups.names == ("North Side", "caf\u00e9", "\u0645\u06cc\u200c\u062e")
        assert groups.codes.tolist() == [0, 0, 0, 1, 1, 2]

    @pytest.mark.parametrize("label", ["a\x07", "\x1b[31mred", "nul\x00", "\u202efm", "f\u200b", "\ufffe"])
    def test_refuses_labels_with_characters_that_cannot_be_seen(self, label):
        """A bell, a terminal's colour, a turn of direction, a space of no width: the label is shown in ASCII."""
        with pytest.raises(ScoreTableError, match=r"sex holds the label '.*\\[xu]\w.*cannot be seen"):
            group_rows(pairs(sex=["f", label]), "sex")

    def test_letters_of_another_case_make_groups_that_are_pointed_out(self):
        """Perhaps they are two groups, and perhaps somebody typed carelessly."""
        groups = group_rows(pairs(sex=["F", "f", "m", "FEMALE"]), "sex")

        assert groups.names == ("F", "FEMALE", "f", "m")
        assert name_notes(groups.by, groups.names) == [
            "by sex, 'F' and 'f' are counted as different groups, though only the case of letters differs"
        ]

    def test_labels_that_look_alike_make_groups_that_are_pointed_out(self):
        """A Cyrillic letter, a zero for an O: two groups to the program, and one to the reader."""
        groups = group_rows(pairs(race=["Black", "Bl\u0430ck", "Asian", "Other", "0ther"]), "race")

        assert len(groups.names) == 5
        told = name_notes(groups.by, groups.names)
        assert [note.partition(" look alike and are counted as different groups")[0] for note in told] == [
            "by race, '0ther' (0 is U+0030) and 'Other' (O is U+004F)",
            "by race, 'Black' (a is U+0061) and 'Bl\u0430ck' (\u0430 is U+0430)",
        ]

    def test_refuses_more_groups_than_can_be_compared(self):
        """A column of ids is no grouping; the message says how many groups there would be."""
        assert len(group_rows(pairs(id=[str(number) for number in range(MOST_GROUPS)]), "id")) == MOST_GROUPS
        with pytest.raises(ScoreTableError, match="by id there are 301 groups, and an audit compares at most 300"):
            group_rows(pairs(id=[str(number) for number in range(MOST_GROUPS + 1)]), "id")

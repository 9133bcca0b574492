"""Tables of other makers: renamed, completed, and refused with a reason where they cannot be read."""

import numpy as np
import pandas as pd
import pytest

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure import tables
from facerec.measure.tables.completed import complete
from facerec.measure.tables.vendor import GroupColumns, VendorColumns, read_vendor, rename_columns

ROWS = [["1", "2", "ann", "ann", True, 0.9], ["1", "3", "ann", "bob", False, 0.2], ["4", "3", "cat", "bob", False, 0.1]]
TABLE = pd.DataFrame(ROWS, columns=tables.REQUIRED)


class TestRenaming:
    """rename_columns."""

    def test_named_columns_get_our_names(self):
        """Everything else stays."""
        table = pd.DataFrame({"sim": [1], "mate": [1], "id1": ["a"], "id2": ["a"], "race": ["x"]})
        columns = VendorColumns(score="sim", genuine="mate", probe_subject="id1", reference_subject="id2")

        assert rename_columns(table, columns).columns.tolist() == [
            "score",
            "genuine",
            "probe_subject",
            "reference_subject",
            "race",
        ]

    def test_a_column_of_our_name_that_is_not_meant_stays_under_another(self):
        """A table with several scores loses none of them."""
        found = rename_columns(pd.DataFrame({"score": [1], "raw": [2]}), VendorColumns(score="raw"))

        assert found.to_dict("list") == {"other_score": [1], "score": [2]}

    def test_a_column_may_be_named_by_its_own_name(self):
        """Saying what is so anyway changes nothing."""
        assert rename_columns(TABLE, VendorColumns(score="score")).equals(TABLE)

    def test_refuses_a_column_that_is_not_there(self):
        """The message lists those that are."""
        with pytest.raises(ScoreTableError, match="no column 'sim' for score; the table has probe_image"):
            rename_columns(TABLE, VendorColumns(score="sim"))

    def test_refuses_one_column_for_two_purposes(self):
        """Probe and reference are two people."""
        table = pd.DataFrame({"id": ["a"]})

        with pytest.raises(ScoreTableError, match="two purposes"):
            rename_columns(table, VendorColumns(probe_subject="id", reference_subject="id"))


class TestGroupColumns:
    """GroupColumns, and what rename_columns does with them."""

    def test_labels_of_either_side_get_our_names(self):
        """The columns stay too; one column may serve both sides, and two attributes."""
        table = pd.DataFrame({"g1": ["f"], "g2": ["m"], "e": ["x"]})
        columns = VendorColumns(groups=(GroupColumns.parse("sex=g1:g2"), GroupColumns.parse("race = e")))

        found = rename_columns(table, columns)

        assert found.to_dict("list") == {
            "g1": ["f"],
            "g2": ["m"],
            "e": ["x"],
            "probe_sex": ["f"],
            "reference_sex": ["m"],
            "probe_race": ["x"],
            "reference_race": ["x"],
        }

    def test_labels_that_are_not_meant_stay_under_another_name(self):
        """A table may hold its own idea of an attribute; it is not lost."""
        table = pd.DataFrame({"probe_sex": ["old"], "g1": ["f"], "g2": ["m"]})

        found = rename_columns(table, VendorColumns(groups=(GroupColumns("sex", "g1", "g2"),)))

        assert found["other_probe_sex"].tolist() == ["old"]
        assert found["probe_sex"].tolist() == ["f"]

    def test_a_renamed_column_can_give_labels_too(self):
        """Such as people as groups of their own."""
        table = pd.DataFrame({"id1": ["a"], "id2": ["b"]})
        columns = VendorColumns(
            probe_subject="id1", reference_subject="id2", groups=(GroupColumns("who", "id1", "id2"),)
        )

        found = rename_columns(table, columns)

        assert found[["probe_subject", "probe_who", "reference_who"]].to_numpy().tolist() == [["a", "a", "b"]]

    @pytest.mark.parametrize("text", ["", "gender", "=a:b", "gender=", "gender=a:", "gender=:b", "gender=a:b:c"])
    def test_refuses_texts_of_another_form(self, text):
        """The message shows the form."""
        with pytest.raises(ArgumentError, match="NAME=PROBE:REFERENCE"):
            GroupColumns.parse(text)

    @pytest.mark.parametrize("name", ["image", "subject", "race,gender"])
    def test_refuses_names_that_mean_something_else(self, name):
        """A comma joins attributes, and probe_subject is a person."""
        with pytest.raises(ArgumentError, match="attribute"):
            GroupColumns(name, "a", "b")

    @pytest.mark.parametrize(
        ("groups", "told"),
        [
            (("sex=g1:g3",), "no column 'g3' for reference_sex; the table has g1, g2, twice, twice"),
            (("sex=g1:g2", "sex=g2:g1"), "given twice: probe_sex, reference_sex"),
            (("sex=twice",), "the column 'twice' twice"),
        ],
    )
    def test_refuses_labels_that_cannot_be_found(self, groups, told):
        """Each with the reason."""
        table = pd.DataFrame([["f", "m", "x", "y"]], columns=["g1", "g2", "twice", "twice"])

        with pytest.raises(ScoreTableError, match=told):
            rename_columns(table, VendorColumns(groups=tuple(map(GroupColumns.parse, groups))))


class TestCompleting:
    """complete."""

    def test_without_people_pairs_are_independent(self):
        """Placeholders agree with `genuine`, and nobody occurs in two pairs."""
        found = complete(TABLE.drop(columns=["probe_subject", "reference_subject"]))

        assert found.pairs_independent
        assert found.people() is None
        assert found.images().tolist() == [[0, 0, 1], [2, 3, 3]]
        everyone = [set(row) for row in found.table[["probe_subject", "reference_subject"]].to_numpy()]
        assert len(set().union(*everyone)) == 5

    def test_without_photos(self):
        """Photos are not needed, and not made up for the result."""
        found = complete(TABLE.drop(columns=["probe_image", "reference_image"]))

        assert found.images() is None
        assert found.people().tolist() == [[0, 0, 1], [0, 2, 2]]
        assert not found.pairs_independent

    def test_a_comparison_that_occurs_again(self):
        """In either order of its photos; another score is counted, and failing twice is the same score."""
        other_way = {"probe_image": "reference_image", "reference_image": "probe_image"}
        again = pd.concat([TABLE, TABLE[:1].rename(columns=other_way), TABLE[1:2].assign(score=0.7)])
        assert complete(again).repeated() == (2, 1)
        failed = pd.concat([TABLE[:1].assign(score=np.nan)] * 3)
        assert complete(failed).repeated() == (2, 0)
        assert complete(TABLE).repeated() == (0, 0)

    def test_without_photos_the_score_has_to_be_the_same_too(self):
        """Two people have many photos; without people nothing is known."""
        again = pd.concat([TABLE, TABLE[:1], TABLE[1:2].assign(score=0.7)])
        assert complete(again.drop(columns=["probe_image", "reference_image"])).repeated() == (1, 0)
        assert complete(again[["genuine", "score"]]).repeated() == (0, 0)

    @pytest.mark.skipif(pd.__version__ < "3", reason="before pandas 3 text is no Arrow text, and is looked at again")
    def test_a_checked_table_is_not_checked_again(self):
        """It comes back as it is."""
        checked = tables.check(TABLE)

        assert complete(checked).table is checked

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda t: t.assign(score=[0.1, np.inf, 0.2]),
            lambda t: t.assign(genuine=[True, True, False]),
            lambda t: t.assign(genuine=[False, False, False]),
            lambda t: t.assign(probe_subject=["ann", "", "cat"]),
            lambda t: t.assign(probe_image=["1", None, "4"]),
            lambda t: t.assign(genuine=["yes", "no", "perhaps"]),
            lambda t: t.assign(score=["1", "2", "three"]),
        ],
    )
    def test_a_table_that_was_spoilt_after_its_check_is_refused(self, spoil):
        """The quick look sees whatever the check would refuse."""
        with pytest.raises(ScoreTableError):
            complete(spoil(tables.check(TABLE)))

    def test_other_rows_of_a_checked_table_are_numbered_again(self):
        """A part of a table is a table."""
        found = complete(tables.check(TABLE)[1:])

        assert found.table.index.tolist() == [0, 1]
        assert found.table["score"].tolist() == [0.2, 0.1]

    def test_refuses_a_table_without_rows(self):
        """Nothing can be said about nothing."""
        with pytest.raises(ScoreTableError, match="no rows"):
            complete(TABLE[:0])

    @pytest.mark.parametrize("column", ["probe_subject", "reference_subject", "probe_image", "reference_image"])
    def test_refuses_one_side_only(self, column):
        """Half of the people is worse than none: it is a mistake."""
        with pytest.raises(ScoreTableError, match=f"lacks {column}, but names the other side"):
            complete(TABLE.drop(columns=column))

    @pytest.mark.parametrize("column", ["genuine", "score"])
    def test_refuses_a_table_without_what_is_needed(self, column):
        """Truth and score cannot be filled in, whatever else is missing."""
        with pytest.raises(ScoreTableError, match=f"lacks {column}; it has"):
            complete(TABLE.drop(columns=[column, "probe_subject", "reference_subject"]))

    def test_refuses_a_column_twice(self):
        """Nobody knows which one would count."""
        twice = pd.concat([TABLE, TABLE[["score"]]], axis=1)

        with pytest.raises(ScoreTableError, match="column twice"):
            complete(twice)


class TestReading:
    """read_vendor."""

    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_reads_and_renames(self, tmp_path, kind):
        """Either kind of file gives the same table in the end."""
        path = tmp_path / f"scores.{kind}"
        theirs = TABLE.rename(columns={"score": "similarity"})
        theirs.to_csv(path, index=False) if kind == "csv" else theirs.to_parquet(path, index=False)

        found = complete(read_vendor(path, VendorColumns(score="similarity")))

        assert found.table["score"].tolist() == [0.9, 0.2, 0.1]
        assert found.table["genuine"].tolist() == [True, False, False]

    @pytest.mark.parametrize("kind", ["csv", "parquet"])
    def test_refuses_a_table_larger_than_memory(self, tmp_path, kind):
        """The message says how large it is and how much there is."""
        path = tmp_path / f"scores.{kind}"
        TABLE.to_csv(path, index=False) if kind == "csv" else TABLE.to_parquet(path, index=False)

        with pytest.raises(ScoreTableError, match=r"GiB of memory and there are 0\.0 GiB"):
            read_vendor(path, VendorColumns(), memory=100)

    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("scores.xls", b"", r"ends in \.csv, .* or \.parquet; save it as \.xlsx"),
            ("scores.xlsx", b"", r"scores\.xlsx: cannot be read as a workbook"),
            ("missing.csv", None, "no such file"),
            ("empty.csv", b"", "empty"),
            ("binary.csv", b"Gr\x81,score\n", "not UTF-8"),
            ("packed.csv.gz", b"score,genuine\n1,1\n", "cannot be read as gzip"),
            ("broken.parquet", b"not parquet", "cannot be read as Parquet"),
            ("other.csv", b"similarity\n1\n", r"other\.csv: there is no column 'score'"),
        ],
    )
    def test_refuses_other_files(self, tmp_path, name, content, told):
        """Each with its name and the reason."""
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)

        with pytest.raises(ScoreTableError, match=told):
            read_vendor(path, VendorColumns(score="score"))

"""Tables as vendors and spreadsheets write them: one table, whatever it was saved as, and all problems at once."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.tables.groups import group_rows, name_notes
from facerec.errors import ArgumentError, MissingExtraError, ScoreTableError
from facerec.measure import tables
from facerec.measure.evaluation import evaluate_scores
from facerec.measure.operating_points import calibrate
from facerec.measure.tables.cells import as_text, spellings, truth
from facerec.measure.tables.completed import complete, reversed_area
from facerec.measure.tables.table_files import Layout, notes_of, read_raw
from facerec.measure.tables.vendor import GroupColumns, VendorColumns, join_people, read_vendor, rename_columns

ROWS = [
    ["a", "a", 1, 0.91, "Weiß"],
    ["a", "b", 0, 0.125, "Weiß"],
    ["b", "b", 1, 0.875, "Schwarz"],
    ["b", "c", 0, -0.25, ""],
]
TABLE = pd.DataFrame(ROWS, columns=["probe_subject", "reference_subject", "genuine", "score", "race"])
CSV = TABLE.to_csv(index=False)


def comma(text):
    """As a spreadsheet of a country of decimal commas saves it."""
    return text.replace(",", ";").replace(".", ",")


class TestFormats:
    """read_vendor: one table, whatever it was saved as."""

    @pytest.mark.parametrize(
        ("name", "content", "note"),
        [
            ("t.csv", CSV.encode(), None),
            ("t.csv", comma(CSV).encode("utf-8-sig"), None),
            ("t.csv", b"sep=;\r\n" + comma(CSV).encode().replace(b"\n", b"\r\n"), None),
            ("t.tsv", CSV.replace(",", "\t").encode(), None),
            ("t.txt", CSV.replace(",", "|").encode(), None),
            ("t.csv.gz", gzip.compress(CSV.encode()), None),
            ("t.csv", comma(CSV).encode("utf-16"), "UTF-16"),
            ("t.csv", CSV.encode("utf-16-le"), "UTF-16-LE"),
            ("t.csv", CSV.encode("utf-16-be"), "UTF-16-BE"),
            ("t.csv", comma(CSV).encode("cp1252"), "cp1252"),
        ],
    )
    def test_any_way_of_writing_gives_the_same_table(self, tmp_path, name, content, note):
        """Separator, decimal commas, encoding and compression are seen in the file; what was guessed is noted."""
        (tmp_path / name).write_bytes(content)

        found = complete(read_vendor(tmp_path / name))

        assert found.table.equals(complete(TABLE).table)
        assert any(note in told for told in notes_of(found.table)) if note else notes_of(found.table) == ()

    def test_a_workbook(self, tmp_path):
        """Its first sheet; numbers, words and gaps as in text."""
        with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
            TABLE.to_excel(book, sheet_name="Scores", index=False)
            TABLE.to_excel(book, sheet_name="Other", index=False)

        found = complete(read_vendor(tmp_path / "t.xlsx"))

        assert found.table.equals(complete(TABLE).table)
        assert notes_of(found.table) == ("only the first of 2 sheets, 'Scores', was read; --sheet names another",)

    def test_a_workbook_without_its_extra(self, tmp_path, monkeypatch):
        """The error holds the line that installs it."""
        TABLE.to_excel(tmp_path / "t.xlsx", index=False)
        monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)

        with pytest.raises(MissingExtraError, match=r"facerec\[excel\]"):
            read_vendor(tmp_path / "t.xlsx")

    def test_what_cannot_be_seen_can_be_said(self, tmp_path):
        """Decimal commas within commas, an encoding, a separator of one's own."""
        (tmp_path / "t.csv").write_bytes('genuine,score,race\n1,"0,5",Ж\n0,"0,25",Ж\n'.encode("cp1251"))
        (tmp_path / "u.csv").write_text("genuine~score\n1~0.5\n")

        table = read_vendor(tmp_path / "t.csv", layout=Layout(decimal=",", encoding="cp1251"))

        assert table[["score", "race"]].to_numpy().tolist() == [["0.5", "Ж"], ["0.25", "Ж"]]
        assert read_raw(tmp_path / "u.csv", layout=Layout("~"))["score"].tolist() == ["0.5"]

    @pytest.mark.parametrize(
        "wrong", [{"separator": "ab"}, {"decimal": ";"}, {"separator": ",", "decimal": ","}, {"encoding": "nosuch"}]
    )
    def test_layouts_that_cannot_be(self, wrong):
        """Each is refused before a file is opened."""
        with pytest.raises(ArgumentError):
            Layout(**wrong)

    def test_labels_keep_their_commas(self, tmp_path):
        """Only columns of nothing but numbers have decimal commas."""
        (tmp_path / "t.csv").write_text("genuine;score;race\n1;0,5;1,5 to 2\n0;0,25;3\n")

        assert read_raw(tmp_path / "t.csv").to_numpy().tolist() == [["1", "0.5", "1,5 to 2"], ["0", "0.25", "3"]]

    def test_a_score_file_of_bob(self, tmp_path):
        """Claimed and real identity, the probe's path and the score; genuine pairs are those of one identity."""
        (tmp_path / "scores-dev").write_text("ann ann p/1 0.9\nann bob p/2 -1.5e-1\n\nbob bob p/3 nan\n")

        found = complete(read_vendor(tmp_path / "scores-dev"))

        assert found.table[["reference_subject", "probe_subject"]].to_numpy().tolist() == [
            ["ann", "ann"],
            ["ann", "bob"],
            ["bob", "bob"],
        ]
        assert found.table["genuine"].tolist() == [True, False, True]
        assert found.table["score"].fillna(9).tolist() == [0.9, -0.15, 9]
        assert "bob" in notes_of(found.table)[0]

    def test_several_files_are_one_table(self, tmp_path):
        """In their order; each row knows its file, so that one file per group is a grouping."""
        TABLE[:2].to_csv(tmp_path / "asian.csv", index=False)
        TABLE[2:].to_parquet(tmp_path / "black.parquet", index=False)

        found = read_vendor([tmp_path / "asian.csv", tmp_path / "black.parquet"])

        assert complete(found).table.drop(columns="file").equals(complete(TABLE).table)
        assert found["file"].tolist() == ["asian"] * 2 + ["black"] * 2
        TABLE[2:].assign(more=1).to_csv(tmp_path / "other.csv", index=False)
        with pytest.raises(ScoreTableError, match=r"differ in the columns more;"):
            read_vendor([tmp_path / "asian.csv", tmp_path / "other.csv"])

    def test_every_entry_takes_any_table(self, tmp_path):
        """evaluate_scores and calibrate take what the audits take: no photos, no people, other names."""
        (tmp_path / "t.csv").write_bytes(comma(CSV).encode())
        table = read_vendor(tmp_path / "t.csv")
        bare = table[["genuine", "score"]]

        assert evaluate_scores(table).auc == evaluate_scores(TABLE).auc == 1
        assert (evaluate_scores(table).people, evaluate_scores(table).photos) == (3, None)
        assert evaluate_scores(bare).people is None
        assert "independent" in evaluate_scores(bare).notes[0]
        assert calibrate(bare, 0.5, data_set="t").threshold == calibrate(table, 0.5, data_set="t").threshold


class TestPeople:
    """join_people."""

    def test_labels_come_from_a_second_file(self, tmp_path):
        """By the people of either side; who is unknown there has no label, and is counted."""
        (tmp_path / "people.csv").write_text("Subject;Race;age\na;x;3,5\nb;y;4\nb;y;4\n")
        TABLE.to_csv(tmp_path / "t.csv", index=False)

        found = read_vendor(tmp_path / "t.csv", people=tmp_path / "people.csv")

        assert found["probe_Race"].tolist() == ["x", "x", "y", "y"]
        assert found["reference_age"].tolist() == ["3.5", "4", "4", ""]
        assert notes_of(found) == ("1 of 3 people are not in the table of people, and have no labels from it",)

    def test_ids_that_were_numbers_beside_a_gap(self):
        """Pandas writes them as 7.0; they are the people called 7."""
        pairs = pd.DataFrame({"probe_subject": ["7", "8"], "reference_subject": ["8", "7"]})

        joined = join_people(pairs, pd.DataFrame({"id": [7.0, 8.0, None], "sex": ["f", "m", "m"]}))

        assert joined["probe_sex"].tolist() == ["f", "m"]

    @pytest.mark.parametrize(
        ("people", "told"),
        [
            ({"who": ["a"], "sex": ["f"]}, "needs a column subject"),
            ({"subject": ["a"]}, "columns of groups"),
            ({"subject": ["a", "a"], "sex": ["f", "m"]}, "'a' twice, with different labels"),
            ({"subject": ["z"], "sex": ["f"]}, "nobody of the table"),
            ({"subject": ["a"], "race": ["x"], "sex": ["f"]}, r"hold race \(probe_race\)"),
        ],
    )
    def test_refused(self, people, told):
        """Each with what would be needed."""
        table = TABLE.assign(probe_race="x")

        with pytest.raises(ScoreTableError, match=told):
            join_people(table, pd.DataFrame(people))


class TestProblems:
    """All that is wrong with a table is told at once."""

    def test_a_list_with_rows_and_columns(self):
        """Each problem once, in the order of the columns; also as values."""
        bad = TABLE.assign(
            genuine=[1, 0, "maybe", 0], score=["0.9", "x", "0.1", "inf"], probe_subject=["a", "", "b", "b"]
        )

        with pytest.raises(ScoreTableError) as error:
            complete(bad)

        assert str(error.value).startswith("3 problems:\n  1) probe_subject in row 2 is ''")
        assert len(error.value.problems) == 3
        assert "genuine in row 3 is 'maybe'" in error.value.problems[1]
        assert "score in row 2 is 'x'" in error.value.problems[2]

    def test_missing_columns_and_bad_cells_together(self):
        """A missing column hides no bad cell; every column that was named and is not there is listed."""
        with pytest.raises(ScoreTableError, match=r"(?s)2 problems.*lacks score.*genuine in row 1 is '7'"):
            complete(pd.DataFrame({"genuine": [7]}))
        with pytest.raises(ScoreTableError, match=r"(?s)no column 'sim' for score.*no column 'y' for genuine"):
            rename_columns(TABLE, VendorColumns(score="sim", genuine="y"))

    def test_the_list_is_bounded(self):
        """Ten problems and how many more."""
        columns = {f"probe_{name}": [f"\udcff{name}"] for name in "abcdefghijklm"}

        with pytest.raises(ScoreTableError) as error:
            tables.check(pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()}))

        assert len(error.value.problems) == 11
        assert error.value.problems[-1] == "and 4 more"


class TestCells:
    """One reading of a cell, whichever door it came through."""

    @pytest.mark.parametrize(
        ("yes", "no"),
        [("Y", "N"), ("same", "different"), ("Match", "Non-Match"), ("match", "no match"), ("genuine", "IMPOSTOR"),
         ("1", "-1"), ("1.0", "-1.0"), (1, -1), ("mated", "non_mated"), ("T", "F"), ("client", "imposter")],
    )  # fmt: skip
    def test_words_for_genuine(self, yes, no):
        """As vendors write them."""
        assert truth(pd.Series([yes, no, yes])).tolist() == [True, False, True]

    def test_three_values_are_no_truth(self):
        """0 beside −1 means something else, and nobody knows what."""
        with pytest.raises(ScoreTableError, match="holds 0 and -1"):
            truth(pd.Series([1, 0, -1]))

    LABELS = st.one_of(
        st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=8),
        st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=8),
        st.lists(st.one_of(st.none(), st.booleans(), st.integers(-3, 3)), min_size=1, max_size=8),
        st.lists(st.one_of(st.none(), st.sampled_from([0.5, 1.0, 1e20, -0.0, 2.25])), min_size=1, max_size=8),
        st.lists(
            st.sampled_from(["True", "false", "TRUE", "1", "1.0", "0", "a", " a ", "A", "é", "007"]),
            min_size=1,
            max_size=8,
        ),
    )

    @given(LABELS, st.sampled_from(["csv", "parquet", "categories", "single", "pandas"]))
    @settings(max_examples=400, deadline=None)
    def test_a_round_trip_changes_no_group(self, tmp_path_factory, labels, door):
        """Through CSV, Parquet, categories or single precision a column has the same groups as in memory."""
        frame = pd.DataFrame({"g": labels})
        if frame["g"].isna().all():
            return
        expected = group_rows(frame, "g")
        path = tmp_path_factory.getbasetemp() / f"g.{'parquet' if door == 'parquet' else 'csv'}"
        if door == "parquet":
            if frame["g"].map(type).nunique() > 2:  # Arrow has no columns of several types
                return
            try:
                frame.to_parquet(path)
            except Exception:  # noqa: BLE001 - likewise
                return
            found = group_rows(read_raw(path), "g")
        elif door in ("csv", "pandas"):
            frame.assign(n=1).to_csv(path, index=False)
            again = read_raw(path) if door == "csv" else pd.read_csv(path, keep_default_na=True, dtype={"n": int})
            found = group_rows(again, "g")
            if door == "pandas" and isinstance(labels[0], str):  # pandas.read_csv makes numbers of texts: 007 is 7
                return
        elif door == "categories":
            if {bool, int} <= set(map(type, labels)):  # pandas makes one category of False and 0 before anybody asks
                return
            found = group_rows(frame.astype("category"), "g")
        else:
            if not all(isinstance(label, float) or label is None for label in labels) or 1e20 in labels:
                return
            found = group_rows(frame.astype("float32"), "g")

        assert (found.names, found.codes.tolist()) == (expected.names, expected.codes.tolist())

    def test_spellings_of_one_value(self):
        """1 = 1.0, True = true = 1, blanks trimmed; the case of other words stays."""
        assert set(spellings(["1", "1.0", "True", "true", " 1 "]).values()) == {"1"}
        assert spellings([" a  b ", "A b", "007", "1.10"]) == {
            " a  b ": "a b",
            "A b": "A b",
            "007": "007",
            "1.10": "1.10",
        }

    def test_truth_beside_numbers_in_memory(self):
        """Pandas takes True and 1 for one value; a table does not lose one of them."""
        assert as_text(pd.Series([True, 1, 2, None], dtype=object)).tolist() == ["True", "1", "2", ""]

    @pytest.mark.parametrize("name", ["N/A", "None", "unknown", "Unknown,female"])
    def test_groups_that_mean_nobody_knows_are_noted(self, name):
        """They are groups like any other, and the reader is told."""
        assert "leave the cell empty" in name_notes("race", [name, "x"])[0]


class TestDirection:
    """Scores that rank impostor pairs above genuine ones."""

    def test_distances_called_scores_are_an_error(self):
        """It names the option; the option makes them right, and whoever means it may have them."""
        reversed_table = pd.concat([TABLE] * 5).assign(score=lambda t: -t["score"])

        with pytest.raises(ScoreTableError, match=r"ROC curve is 0: .*--distance .*--accept-reversed"):
            evaluate_scores(reversed_table)
        with pytest.raises(ScoreTableError, match="--accept-reversed"):
            calibrate(reversed_table, 0.5, data_set="t")
        with pytest.raises(ScoreTableError, match="leave --distance"):
            evaluate_scores(pd.concat([TABLE] * 5), distance=True)
        right = evaluate_scores(reversed_table, distance=True)
        assert right.auc == 1
        assert right.true_matches == ()
        assert evaluate_scores(reversed_table, accept_reversed=True).auc == 0

    def test_chance_is_no_error(self):
        """Scores that tell nothing fall on either side of one half."""
        rng = np.random.default_rng(0)
        found = [reversed_area(rng.random(400), rng.random(400) < 0.5) is not None for _ in range(400)]

        assert np.mean(found) < 0.05  # 2.3 % is what two standard errors promise

    def test_a_column_called_a_distance_is_noted(self):
        """Also where its direction cannot be seen."""
        table = rename_columns(TABLE.rename(columns={"score": "cos_dist"}), VendorColumns(score="cos_dist"))

        assert "'cos_dist'" in complete(table).notes(distance=False)[0]
        assert complete(table).notes(distance=True) == []

    def test_renaming_keeps_what_was_noted(self, tmp_path):
        """A note about the file reaches whoever judges the table."""
        (tmp_path / "t.csv").write_bytes(CSV.encode("cp1252"))
        columns = VendorColumns(groups=(GroupColumns.parse("colour=race"),))

        assert "cp1252" in complete(read_vendor(tmp_path / "t.csv", columns)).notes(distance=False)[0]

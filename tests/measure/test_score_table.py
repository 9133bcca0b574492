"""Score tables: what is accepted, what is refused and where, and that files give back what was written."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from facerec.errors import ArgumentError, OutputError, ScoreTableError
from facerec.measure import tables

KEY = b"thirty-two bytes nobody can guess"
LINES = """\
probe_image,reference_image,probe_subject,reference_subject,genuine,score,probe_gender,reference_gender,fold
007/1.jpg,007/2.jpg,007,007,true,0.93,female,female,1
007/1.jpg,NA/1.jpg,007,NA,false,0.12,female,,1
null/1.jpg,None/1.jpg,null,None,no,,male,male,2
nan/1.jpg,nan/1.jpg,nan,nan,1,-0.25,NA,NA,2
"""


def table(**columns):
    """Three comparisons, one of them without a score; keyword arguments replace columns."""
    rows = {
        "probe_image": ["a/1.jpg", "a/1.jpg", "b/1.jpg"],
        "reference_image": ["a/2.jpg", "b/1.jpg", "c/1.jpg"],
        "probe_subject": ["a", "a", "b"],
        "reference_subject": ["a", "b", "c"],
        "genuine": [True, False, False],
        "score": [0.9, 0.1, math.nan],
    }
    return pd.DataFrame(rows | columns)


@pytest.fixture
def file(tmp_path):
    """A function that writes text or bytes to a CSV file and gives its path."""

    def written(content, name="scores.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


class TestCheck:
    """Types, ids, truth and contradictions."""

    def test_columns_come_in_order_and_typed(self):
        """Required columns come first, scores are float64, everything unknown is text."""
        given_table = table(score=np.array([1, 0, 1], np.float32), fold=[1, 2, 2])[["fold", *tables.REQUIRED]]
        checked = tables.check(given_table)

        assert list(checked.columns) == [*tables.REQUIRED, "fold"]
        assert checked["score"].dtype == np.float64
        assert checked["genuine"].dtype == bool
        assert checked["fold"].tolist() == ["1", "2", "2"]

    @pytest.mark.parametrize(
        "genuine",
        [
            [True, False, False],
            [1, 0, 0],
            [1.0, 0.0, 0.0],
            ["true", "False", "NO"],
            ["yes", " no ", "0"],
            ["1", "0", "0"],
            pd.array([True, False, False], dtype="boolean"),
            pd.Categorical(["yes", "no", "no"]),
        ],
    )
    def test_words_for_genuine(self, genuine):
        """Truth may be written as bool, number or word."""
        assert tables.check(table(genuine=genuine))["genuine"].tolist() == [True, False, False]

    @pytest.mark.parametrize(
        "values",
        [
            [0.9, 0.1, math.nan],
            ["0.9", "1e-1", ""],
            [" 0.9", "0.1 ", "NaN"],
            [0.9, "0.1", None],
            pd.array([0.9, 0.1, None], dtype="Float64"),
        ],
    )
    def test_words_for_scores(self, values):
        """Scores may be numbers or their text; empty and NaN are failures to acquire."""
        checked = tables.check(table(score=values))["score"]

        assert checked.tolist()[:2] == [0.9, 0.1]
        assert math.isnan(checked[2])

    def test_integer_scores_keep_their_scale(self):
        """A vendor's scores need not be cosines."""
        assert tables.check(table(score=[9000, -5, 0]))["score"].tolist() == [9000, -5, 0]

    def test_integer_ids_become_text(self):
        """Whole numbers in memory serve as ids."""
        checked = tables.check(table(probe_subject=[1, 1, 2], reference_subject=["1", "2", "3"]))

        assert checked["probe_subject"].tolist() == ["1", "1", "2"]

    def test_ids_that_look_like_missing_values_stay(self):
        """People may be called NA, null, None or nan, and blanks belong to a name."""
        names = ["NA", "null", " None"]
        checked = tables.check(table(probe_subject=names, reference_subject=["NA", "nan", "None"]))

        assert checked["probe_subject"].tolist() == names

    def test_attributes_become_text(self):
        """Ages are whole numbers without a decimal point, and an unknown one is empty."""
        checked = tables.check(table(probe_age=[30, None, 31.5], reference_age=[30, 40, 50]))

        assert checked["probe_age"].tolist() == ["30", "", "31.5"]
        assert checked["reference_age"].tolist() == ["30", "40", "50"]

    def test_attributes_need_both_sides(self):
        """Only what is known of both people is an attribute; images and subjects are none."""
        names = [*tables.REQUIRED, "reference_race", "probe_race", "probe_age", "fold"]

        assert tables.attributes(pd.DataFrame(columns=names)) == ("race",)

    def test_checking_twice_changes_nothing(self):
        """A checked table passes as it is, and the given one is left alone."""
        given_table = table(genuine=["yes", "no", "no"])
        once = tables.check(given_table)

        assert tables.check(once).equals(once)
        assert given_table["genuine"].tolist() == ["yes", "no", "no"]

    def test_repeated_pairs_and_empty_tables_pass(self):
        """A pair may be compared twice, and a table may have no rows."""
        assert len(tables.check(pd.concat([table(), table()]))) == 6
        assert len(tables.check(table().iloc[:0])) == 0

    @pytest.mark.parametrize(
        ("columns", "told"),
        [
            ({"score": [0.9, math.inf, 0.1]}, r"score in row 2 is 'inf': it is infinite"),
            ({"score": [0.9, 0.1, -math.inf]}, r"score in row 3 is '-inf'"),
            ({"score": ["0.9", "inf", "0.1"]}, r"score in row 2 is 'inf'"),
            ({"score": ["0.9", "0,5", "x"]}, r"score in row 2 is '0,5' \(and 1 more rows\): it is not a number"),
            ({"score": [True, False, True]}, r"score in row 1 is 'True' .*not a number"),
            ({"genuine": [True, False, 2]}, r"genuine in row 3 is '2': it is neither true nor false"),
            ({"genuine": ["yes", "", "no"]}, r"genuine in row 2 is ''"),
            ({"genuine": [True, None, False]}, r"genuine in row 2 is 'None'"),
            ({"probe_image": ["a", "", "c"]}, r"probe_image in row 2 is '': it is empty"),
            ({"reference_subject": ["a", "b", None]}, r"reference_subject in row 3 is .*empty"),
            ({"reference_subject": [math.nan] * 3}, r"reference_subject in row 1 is .*empty"),
            ({"probe_subject": [7.0, 7.0, 8.0]}, r"probe_subject holds floats \(7.0\); ids must be read as text"),
            ({"genuine": [True, True, False]}, r"row 2 is marked as genuine, but its subjects differ: 'a' and 'b'"),
            ({"genuine": [False] * 3}, r"row 1 is marked as not genuine, but its subjects are equal: 'a' and 'a'"),
        ],
    )
    def test_refused_values(self, columns, told):
        """A bad value is told with its column and its row, counted from 1."""
        with pytest.raises(ScoreTableError, match=told):
            tables.check(table(**columns))

    def test_missing_columns_are_told_with_near_misses(self):
        """The message names what is there, what is missing, and what was probably meant."""
        renamed = table().rename(columns={"reference_subject": "refrence_subject", "score": "similarity"})
        with pytest.raises(ScoreTableError) as error:
            tables.check(renamed)

        assert "lacks reference_subject, score; it has probe_image, " in str(error.value)
        assert "is 'refrence_subject' meant to be 'reference_subject'?" in str(error.value)
        assert "similarity'" not in str(error.value)

    def test_columns_in_other_case_are_near_misses(self):
        """Capitals and blanks in a column's name are recognised."""
        with pytest.raises(ScoreTableError, match="is 'Probe Image' meant to be 'probe_image'"):
            tables.check(table().rename(columns={"probe_image": "Probe Image"}))

    def test_repeated_columns(self):
        """A column that occurs twice is refused."""
        with pytest.raises(ScoreTableError, match="a column twice: score"):
            tables.check(pd.concat([table(), table()[["score"]]], axis=1))

    def test_no_columns(self):
        """An empty frame lacks everything."""
        with pytest.raises(ScoreTableError, match="it has no columns"):
            tables.check(pd.DataFrame())


class TestFiles:
    """read and write."""

    def test_worked_file(self, file):
        """Leading zeros, names like NA, empty scores and unknown attributes come through as written."""
        read = tables.read(file(LINES))

        assert read["probe_subject"].tolist() == ["007", "007", "null", "nan"]
        assert read["reference_subject"].tolist() == ["007", "NA", "None", "nan"]
        assert read["genuine"].tolist() == [True, False, False, True]
        assert read["score"].isna().tolist() == [False, False, True, False]
        assert read["reference_gender"].tolist() == ["female", "", "male", "NA"]
        assert tables.attributes(read) == ("gender",)

    @pytest.mark.parametrize(
        "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n\n"]
    )
    def test_what_spreadsheets_add(self, file, change):
        """A byte order mark, CRLF and empty last lines make no difference."""
        assert tables.read(file(change(LINES))).equals(tables.read(file(LINES, "plain.csv")))

    @pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
    def test_written_tables_read_back(self, tmp_path, file, suffix):
        """CSV and Parquet both give back the checked table, NaN and odd ids included."""
        expected = tables.read(file(LINES))
        tables.write(expected, tmp_path / f"copy{suffix}")

        assert tables.read(tmp_path / f"copy{suffix}").equals(expected)
        assert tables.read(str(tmp_path / f"copy{suffix}")).equals(expected)

    @example(
        [("a\rb", "\r", 0.1), ("\n", '"', -0.0), ("\r\n", " ,", 5e-324), ("\x00", "'", math.nan), ("#", "\\", 1 / 3)]
    )
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
                st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
                st.floats(allow_infinity=False),
            ),
            max_size=8,
        )
    )
    def test_any_ids_and_scores_read_back(self, tmp_path, rows):
        """Quotes, commas, line ends and every finite float64 survive both kinds of file."""
        people = [f"{probe}|{number}" for number, (probe, _, _) in enumerate(rows)]
        expected = tables.check(
            pd.DataFrame(
                {
                    "probe_image": [row[0] for row in rows],
                    "reference_image": [row[1] for row in rows],
                    "probe_subject": people,
                    "reference_subject": people,
                    "genuine": [True] * len(rows),
                    "score": np.array([row[2] for row in rows], float),
                }
            )
        )
        for name in ("any.csv", "any.parquet"):
            tables.write(expected, tmp_path / name)
            assert tables.read(tmp_path / name).equals(expected)

    def test_csv_bytes(self, tmp_path):
        """The file is text that people can read, the same on every machine."""
        tables.write(table(score=[np.float32(0.9), -0.1234567, math.nan], probe_age=[1, 2, None]), tmp_path / "t.csv")

        assert (tmp_path / "t.csv").read_bytes().decode() == (
            "probe_image,reference_image,probe_subject,reference_subject,genuine,score,probe_age\n"
            "a/1.jpg,a/2.jpg,a,a,true,0.8999999761581421,1\n"
            "a/1.jpg,b/1.jpg,a,b,false,-0.1234567,2\n"
            "b/1.jpg,c/1.jpg,b,c,false,,\n"
        )

    def test_failed_write_leaves_the_old_file(self, tmp_path, monkeypatch):
        """A disk that fills up in the middle of writing costs neither the old table nor a stray file."""
        path = tmp_path / "t.csv"
        tables.write(table(), path)
        before = path.read_bytes()

        def full(*_args, **_options):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(pd.DataFrame, "to_csv", full)
        with pytest.raises(OutputError, match=r"t\.csv cannot be written: No space left"):
            tables.write(table(score=[1, 2, 3]), path)

        assert path.read_bytes() == before
        assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]

    def test_written_file_has_ordinary_permissions(self, tmp_path):
        """The file is as readable as any other new file."""
        tables.write(table(), tmp_path / "t.csv")
        (tmp_path / "other").touch()

        assert (tmp_path / "t.csv").stat().st_mode == (tmp_path / "other").stat().st_mode

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("", "the file is empty; a header"),
            (" \n", "the file is empty"),
            ("\n" + LINES, "its first line is blank"),
            (LINES.replace("0.12", "1_000"), "score in row 2 is '1_000': it is not a number"),
            (LINES + "a,b,c\n", r"cannot be read as CSV \(UTF-8\): .*[Rr]ow #6.*9 columns, got 3"),
            (LINES + "a,b,c,d,no,1,x,y,1,2\n", "9 columns, got 10"),
            (LINES.replace("0.12", "inf"), r"scores\.csv: score in row 2 is 'inf'"),
            (LINES.replace("probe_image", "probe"), r"scores\.csv: the score table lacks probe_image"),
            (LINES.replace("female", "\x81").encode("latin-1"), "not UTF-8 text in row 1, column 7;"),
            (b"\x89PNG\r\n\x1a\n", "not UTF-8"),
        ],
    )
    def test_files_that_are_refused(self, file, content, told):
        """Each kind of broken file has a message that names the file and the fault."""
        with pytest.raises(ScoreTableError, match=told) as error:
            tables.read(file(content))

        assert "scores.csv" in str(error.value)

    def test_header_alone_is_a_table_without_rows(self, file):
        """No comparisons is a table, too."""
        assert len(tables.read(file(LINES.splitlines()[0] + "\n"))) == 0

    def test_paths_that_are_refused(self, tmp_path, file):
        """A wrong suffix, a missing file, a folder and a file that is no Parquet are told."""
        with pytest.raises(ScoreTableError, match=r"ends in \.csv, \.tsv, .* or \.parquet; save it as \.xlsx"):
            tables.read(tmp_path / "scores.xls")
        with pytest.raises(ScoreTableError, match=r"ends in \.csv or \.parquet"):
            tables.write(table(), tmp_path / "scores")
        with pytest.raises(ScoreTableError, match=r"none\.csv: there is no such file"):
            tables.read(tmp_path / "none.csv")
        with pytest.raises(ScoreTableError, match=r"none\.parquet: there is no such file"):
            tables.read(tmp_path / "none.parquet")
        with pytest.raises(ScoreTableError, match="cannot be read as Parquet"):
            tables.read(file(LINES, "really.parquet"))
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(ScoreTableError, match="is a folder"):
            tables.read(tmp_path / "folder.csv")
        with pytest.raises(OutputError, match="cannot be written: No such file or directory"):
            tables.write(table(), tmp_path / "nowhere" / "t.csv")
        with pytest.raises(OutputError, match="cannot be written"):
            tables.write(table(), tmp_path / "nowhere" / "t.parquet")

    def test_bad_tables_are_not_written(self, tmp_path):
        """A table that does not hold is refused before the disk is touched."""
        with pytest.raises(ScoreTableError, match="marked as not genuine"):
            tables.write(table(genuine=[False] * 3), tmp_path / "t.csv")

        assert not list(tmp_path.iterdir())

    def test_ids_beyond_utf_8(self, tmp_path):
        """A file name that is no text (a lone surrogate) is told."""
        odd = pd.Series(["a\udcff/1.jpg", "a/1.jpg", "b/1.jpg"], dtype=object)
        with pytest.raises(ScoreTableError, match="UTF-8"):
            tables.write(table(probe_image=odd), tmp_path / "t.csv")


class TestScoreVectors:
    """score_vectors."""

    def test_worked_scores(self):
        """Scores are dot products, and a photo without a face has none, on either side."""
        vectors = {
            "a/1.jpg": np.array([0.6, 0.8], np.float32),
            "a/2.jpg": np.array([1, 0], np.float32),
            "b/1.jpg": np.array([-0.6, -0.8], np.float32),
            "c/1.jpg": None,
        }
        made = tables.score_vectors(table().drop(columns="score").assign(fold=1), vectors)

        assert made["score"].tolist()[:2] == [0.6, -1.0]
        assert math.isnan(made["score"][2])
        assert made["fold"].tolist() == ["1", "1", "1"]

    def test_blocks_agree_with_one_product(self):
        """Many pairs give what one product of matrices gives, in the order of the pairs."""
        rng = np.random.default_rng(0)
        matrix = rng.normal(size=(50, 16)).astype(np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        first, second = rng.integers(0, 50, (2, 70_000))
        pairs = pd.DataFrame(
            {"probe_image": first, "reference_image": second, "probe_subject": first, "reference_subject": second}
        ).assign(genuine=first == second)
        made = tables.score_vectors(pairs, {str(number): vector for number, vector in enumerate(matrix)})

        np.testing.assert_allclose(made["score"], (matrix @ matrix.T)[first, second], atol=5e-7)
        assert made["score"].max() == 1

    def test_no_face_anywhere(self):
        """Where no photo has a face, every comparison is a failure to acquire."""
        names = ["a/1.jpg", "a/2.jpg", "b/1.jpg", "c/1.jpg"]

        assert tables.score_vectors(table(), dict.fromkeys(names))["score"].isna().all()

    def test_refused(self):
        """Photos without an entry, unequal lengths and vectors that are not of unit length are errors."""
        vectors = dict.fromkeys(["a/1.jpg", "a/2.jpg", "b/1.jpg"], np.array([0.6, 0.8]))
        with pytest.raises(ScoreTableError, match=r"1 photos .* no embedding, the first is 'c/1\.jpg'"):
            tables.score_vectors(table(), vectors)
        with pytest.raises(ArgumentError, match=r"one length; got shapes \(2,\) for 'a/2\.jpg', \(3,\) for 'c/1\.jpg'"):
            tables.score_vectors(table(), vectors | {"c/1.jpg": np.array([1, 0, 0])})
        with pytest.raises(ArgumentError, match="one length"):
            tables.score_vectors(table(), dict.fromkeys([*vectors, "c/1.jpg"], np.eye(2)))
        for bad in ([1.0, 1.0], [0.0, 0.0], [math.nan, 1.0]):
            with pytest.raises(ArgumentError, match=r"'c/1\.jpg' must have unit length"):
                tables.score_vectors(table(), vectors | {"c/1.jpg": np.array(bad)})
        with pytest.raises(ScoreTableError, match="lacks genuine"):
            tables.score_vectors(table().drop(columns="genuine"), vectors)


class TestPseudonymise:
    """pseudonymise."""

    def test_structure_stays_and_names_go(self):
        """The same people remain the same, photos belong to their people, and no id is left."""
        named = tables.check(table(probe_gender=["f", "f", "m"], reference_gender=["f", "m", "m"]))
        hidden = tables.pseudonymise(named, key=KEY)

        assert sorted(hidden["score"].fillna(-1)) == sorted(named["score"].fillna(-1))
        assert hidden.equals(tables.check(hidden))
        assert len(set(hidden["probe_subject"]) | set(hidden["reference_subject"])) == 3
        assert not {"a", "b", "c"} & (set(hidden["probe_subject"]) | set(hidden["reference_subject"]))
        for side in ("probe", "reference"):
            assert (hidden[f"{side}_image"].str.rsplit("/").str[0] == hidden[f"{side}_subject"]).all()
            assert hidden[f"{side}_image"].str.fullmatch(r"[0-9a-f]{16}/\d+").all()
        assert tables.attributes(hidden) == ("gender",)

    def test_the_key_decides(self):
        """The same key gives the same pseudonyms in any table and order of rows; another key gives others."""
        whole = tables.pseudonymise(table(), key=KEY)
        part = tables.pseudonymise(table().iloc[[2]], key=KEY)

        assert part["probe_image"][0] in set(whole["probe_image"])
        assert tables.pseudonymise(table().iloc[::-1], key=KEY).equals(whole)
        other = tables.pseudonymise(table(), key=KEY[::-1])
        assert not set(other["probe_subject"]) & set(whole["probe_subject"])

    def test_rows_do_not_keep_their_order(self):
        """Rows are sorted by pseudonyms, so the published order says nothing."""
        many = pd.concat(
            [
                table(
                    probe_subject=[f"p{k}"] * 3, reference_subject=[f"q{k}"] * 3, genuine=[False] * 3,
                    probe_image=[f"p{k}.jpg"] * 3, reference_image=[f"q{k}.jpg"] * 3,
                )
                for k in range(20)
            ]
        )  # fmt: skip
        hidden = tables.pseudonymise(many, key=KEY)

        assert hidden["probe_image"].is_monotonic_increasing

    @pytest.mark.parametrize("key", [b"", b"fifteen bytes..", b"x" * 65])
    def test_keys_that_are_refused(self, key):
        """A key that is short enough to guess, or longer than the hash takes, is refused."""
        with pytest.raises(ArgumentError, match=f"16 to 64 bytes; got {len(key)}"):
            tables.pseudonymise(table(), key=key)

    def test_a_photo_of_two_people(self):
        """One photo under two names would break the rule that one id has one pseudonym."""
        with pytest.raises(ScoreTableError, match=r"'a/1\.jpg' is attributed to several people, 'a' and 'z'"):
            tables.pseudonymise(table(probe_subject=["a", "z", "b"]), key=KEY)

    def test_collisions_are_noticed(self, monkeypatch):
        """Two ids never share a pseudonym silently."""
        monkeypatch.setattr("facerec.measure.tables.pseudonyms._digest", lambda *_: b"same")
        with pytest.raises(ScoreTableError, match="the same pseudonym; use another key"):
            tables.pseudonymise(table(), key=KEY)

    def test_bad_tables_are_refused(self):
        """Only a table that holds is pseudonymised."""
        with pytest.raises(ScoreTableError, match="lacks score"):
            tables.pseudonymise(table().drop(columns="score"), key=KEY)


def test_a_large_table_reads_back(tmp_path):
    """200,000 rows, with line feeds inside ids."""
    n = 200_000
    rng = np.random.default_rng(0)
    people = np.char.mod("%05d", rng.integers(0, 5000, (2, n))).astype(object)
    big = pd.DataFrame(
        {
            "probe_image": people[0] + "/\n1.jpg",
            "reference_image": people[1] + "/2.jpg",
            "probe_subject": people[0],
            "reference_subject": people[1],
            "genuine": people[0] == people[1],
            "score": rng.random(n),
        }
    )
    tables.write(big, tmp_path / "big.csv")
    read = tables.read(tmp_path / "big.csv")

    assert read.equals(tables.check(big))

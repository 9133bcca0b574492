"""Tables' files as they are: odd types of Parquet, and files larger than memory."""

import decimal
import gzip
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from facerec.errors import ScoreTableError
from facerec.measure import tables
from facerec.measure.tables import table_files
from facerec.measure.tables.table_files import available_memory, read_raw

PLAIN = pd.DataFrame(
    {
        "probe_image": ["a/1", "a/1"],
        "reference_image": ["a/2", "b/1"],
        "probe_subject": ["a", "a"],
        "reference_subject": ["a", "b"],
        "genuine": [True, False],
        "score": [0.5, 0.25],
        "probe_sex": ["f", "f"],
        "reference_sex": ["f", "m"],
    }
)


class TestParquet:
    """read_raw of Parquet files."""

    @pytest.mark.parametrize(
        "change",
        [
            {"score": PLAIN["score"].astype("float32")},
            {"score": PLAIN["score"].astype("Float64")},
            {"score": [decimal.Decimal("0.5"), decimal.Decimal("0.25")]},
            {"score": ["0.5", "0.25"]},
            {"genuine": pd.array([1, 0], dtype="Int64")},
            {"genuine": np.array([1, 0], np.uint8)},
            {"genuine": [1.0, 0.0]},
            {"genuine": ["Genuine", "Impostor"]},
            {"probe_sex": PLAIN["probe_sex"].astype("category")},
            {"probe_subject": PLAIN["probe_subject"].str.encode("utf-8")},
            {"reference_sex": PLAIN["reference_sex"].str.encode("utf-8")},
        ],
    )
    def test_any_type_of_column_gives_the_same_table(self, tmp_path, change):
        """What a number or a label is stored as does not matter."""
        path = tmp_path / "t.parquet"
        PLAIN.assign(**change).to_parquet(path)

        assert tables.read(path).equals(tables.check(PLAIN))

    def test_what_pandas_made_an_index_is_a_column(self, tmp_path):
        """No column is lost because somebody numbered rows by it; an index without a name is none."""
        PLAIN.set_index("probe_image").to_parquet(tmp_path / "named.parquet")
        PLAIN[::-1].to_parquet(tmp_path / "numbered.parquet")

        assert tables.read(tmp_path / "named.parquet").equals(tables.check(PLAIN))
        assert read_raw(tmp_path / "numbered.parquet").columns.tolist() == PLAIN.columns.tolist()

    @pytest.mark.parametrize("cell", [[0.5], {"value": 0.5}])
    def test_refuses_lists_and_records(self, tmp_path, cell):
        """Nobody knows which of several numbers is the score."""
        PLAIN.assign(score=[cell, cell]).to_parquet(tmp_path / "t.parquet")

        with pytest.raises(ScoreTableError, match=r"t\.parquet: score holds lists or records"):
            read_raw(tmp_path / "t.parquet")

    def test_refuses_bytes_that_are_no_text(self, tmp_path):
        """A label in Latin-1 is not guessed at."""
        PLAIN.assign(probe_sex=["weiß".encode("latin-1")] * 2).to_parquet(tmp_path / "t.parquet")

        with pytest.raises(ScoreTableError, match=r"t\.parquet: cannot be read as Parquet: Invalid UTF8"):
            read_raw(tmp_path / "t.parquet")

    def test_a_column_twice_is_told(self, tmp_path):
        """Parquet can hold two columns of one name; the check sees both."""
        table = pa.Table.from_pandas(PLAIN, preserve_index=False)
        parquet.write_table(table.append_column("score", table["score"]), tmp_path / "t.parquet")

        with pytest.raises(ScoreTableError, match="column twice: score"):
            tables.read(tmp_path / "t.parquet")


class TestMemory:
    """What is refused because it does not fit."""

    def test_a_text_that_is_stored_once_counts_in_every_row(self, tmp_path):
        """A million equal names take a few bytes on disk, and megabytes in memory."""
        path = tmp_path / "t.parquet"
        pd.DataFrame({"probe_subject": ["ann"] * 1_000_000}).to_parquet(path)
        assert path.stat().st_size < 100_000

        with pytest.raises(ScoreTableError, match=r"needs about 0\.0 GiB of memory and there are 0\.0 GiB"):
            read_raw(path, memory=10_000_000)

    def test_the_machine_tells_how_much_memory_it_has(self):
        """In bytes, and more than a megabyte; or it does not tell."""
        memory = available_memory(())

        assert memory is None or memory > 2**20

    def test_a_container_may_have_less(self, tmp_path):
        """Its limit counts where there is one; ``max`` is none."""
        for name, text in (("a", "max\n"), ("b", "1048576\n")):
            (tmp_path / name).write_text(text)

        assert available_memory([tmp_path / "a"]) == available_memory(())
        assert available_memory([tmp_path / "a", tmp_path / "b", tmp_path / "absent"]) == 1048576


def test_text_that_is_none_is_refused(tmp_path):
    """A Parquet file whose texts are not UTF-8, and a CSV file whose header is not, behind an end of line in quotes."""
    path = tmp_path / "scores.parquet"
    wrong = pa.array([b"\xf8\xff", b"b"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"probe_image": wrong}), path)
    with pytest.raises(ScoreTableError, match="cannot be read as Parquet"):
        read_raw(path)

    path = tmp_path / "scores.csv"
    path.write_bytes(b'probe_image,"sco\nre \xf8"\na,0.5\n')
    assert "cp1252" in " ".join(table_files.notes_of(read_raw(path)))


def _with_sheet(path, old, new):
    """Rewrite a workbook with another text in its first sheet."""
    with zipfile.ZipFile(path) as parts:
        held = {name: parts.read(name) for name in parts.namelist()}
    sheet = held["xl/worksheets/sheet1.xml"]
    assert old in sheet
    held["xl/worksheets/sheet1.xml"] = sheet.replace(old, new)
    with zipfile.ZipFile(path, "w") as parts:
        for name, contents in held.items():
            parts.writestr(name, contents)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"</sheetData>", b"</sheet", "cannot be read as a workbook"),
        (b'<row r="2"', b'<row r="2000000000"', "more than 1,048,576 rows"),
        (b'<c r="A2"', b'<c r="4"', "cannot be read as a workbook"),
    ],
)
def test_damaged_sheets_are_refused(tmp_path, old, new, said):
    """Whatever a workbook's reader makes of them: it is told in words."""
    path = tmp_path / "scores.xlsx"
    pd.DataFrame({"probe_image": ["a", "b"], "score": [0.5, 0.25]}).to_excel(path, index=False)
    _with_sheet(path, old, new)

    with pytest.raises(ScoreTableError, match=said):
        read_raw(path)


def test_a_sheet_that_understates_its_size_is_read_to_its_end(tmp_path):
    """Some programs write the size of a sheet's first cell; no row is left out, and short rows are filled up."""
    path = tmp_path / "scores.xlsx"
    table = pd.DataFrame({"probe_image": ["a", "b", "c"], "score": [0.5, None, 0.25]})
    table.to_excel(path, index=False)
    _with_sheet(path, b'<dimension ref="A1:B4"', b'<dimension ref="A1"')

    assert read_raw(path).to_dict("list") == {"probe_image": ["a", "b", "c"], "score": ["0.5", "", "0.25"]}


def test_damaged_gzip_is_refused(tmp_path):
    """Also where its ends are sound, and only what is in it is not."""
    path = tmp_path / "scores.csv.gz"
    packed = bytearray(gzip.compress(b"probe_image,score\n" + b"a,0.5\n" * 50))
    packed[12:20] = b"\xff" * 8
    path.write_bytes(packed)

    with pytest.raises(ScoreTableError, match="cannot be read as gzip"):
        read_raw(path)

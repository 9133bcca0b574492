"""Tables of vectors: from either kind of file, what is refused and how it is said, and writing them as they come."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facerec.errors import OutputError, ScoreTableError
from facerec.measure.tables.vector_table import VectorColumns, check_vectors, read_vectors, write_vectors
from facerec.testing import made_matcher

ROWS = [
    ({"photo": "a/1.jpg", "subject": "007", "gender": "f"}, np.array([0.6, 0.8], np.float32)),
    ({"photo": "a/2.jpg", "subject": "007", "gender": "f"}, None),
    ({"photo": "b,\n1.jpg", "subject": "NA", "gender": ""}, np.array([1 / 3, -1e-9], np.float32)),
]


@pytest.mark.parametrize("name", ["v.csv", "v.parquet", "V.PARQUET"])
def test_what_is_written_is_read(tmp_path: Path, name):
    """Names, labels and vectors come back from both kinds of files; a photo without a face has no vector."""
    write_vectors(iter(ROWS), tmp_path / name, columns=["photo", "subject", "gender"], dimension=2)

    found = read_vectors(tmp_path / name)

    assert found.photos.to_dict("list") == {
        "photo": ["a/1.jpg", "a/2.jpg", "b,\n1.jpg"],
        "subject": ["007", "007", "NA"],
        "gender": ["f", "f", ""],
    }
    assert found.embedded.tolist() == [True, False, True]
    assert found.matrix[[0, 2]] == pytest.approx(np.array([[0.6, 0.8], [1, -3e-9]]), abs=1e-7)
    assert found.by_photo()["a/2.jpg"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_rows_are_taken_one_after_the_other(tmp_path: Path):
    """Tables of both kinds are written in full from a stream that nobody holds as a whole; more than one batch."""
    for name in ("v.csv", "v.parquet"):
        rows = (({"subject": str(number)}, np.array([1, number], np.float32)) for number in range(2500))
        write_vectors(rows, tmp_path / name, columns=["subject"], dimension=2)

        found = read_vectors(tmp_path / name)

        assert found.photos["subject"].tolist() == [str(number) for number in range(2500)]
        assert found.photos["photo"].iloc[-1] == "2500"
        assert np.linalg.norm(found.matrix, axis=1) == pytest.approx(np.ones(2500))


def test_a_failed_stream_leaves_the_old_table(tmp_path: Path):
    """Whoever reads the path finds what was there before, and no part of a new file stays."""
    path = tmp_path / "v.parquet"
    write_vectors(ROWS, path, columns=["photo", "subject"], dimension=2)
    old = path.read_bytes()

    def broken():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_vectors(broken(), path, columns=["photo", "subject"], dimension=2)

    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_to_write_to(tmp_path: Path):
    """A folder that is not there is said."""
    with pytest.raises(OutputError, match="cannot be written"):
        write_vectors(ROWS, tmp_path / "nosuch" / "v.csv", columns=["photo", "subject"], dimension=2)


def test_vendors_columns_of_numbers(tmp_path: Path):
    """Columns v0, v1 … in any order, whole numbers too, with lists of either width."""
    pd.DataFrame({"v1": [4, 0], "subject": ["a", "b"], "v0": [3, 2]}).to_parquet(tmp_path / "v.parquet")
    pd.DataFrame({"subject": ["a", "b"], "vector": [[3, 4], [2, 0]]}).to_parquet(tmp_path / "w.parquet")

    for name in ("v.parquet", "w.parquet"):
        assert read_vectors(tmp_path / name).matrix == pytest.approx(np.array([[0.6, 0.8], [1, 0]]))


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"v0": [1.0]}, "lacks subject; it has v0. Expected: a table of vectors"),
        ({"subject": ["a"]}, "lacks vector; it has subject"),
        ({"person": ["a"]}, "lacks subject and vector"),
        ({"subject": [], "v0": []}, "holds no photos"),
        ({"subject": ["a"], "v0": [1.0], "vector": [[1.0]]}, "both a column vector and v0"),
        ({"subject": ["a"], "v0": [1.0], "v2": [1.0]}, "lacks v1: the vector has 2 columns up to v2"),
        ({"subject": ["a", "b"], "v0": [1.0, 2.0], "v1": ["1", "x"]}, "v1 in row 2 is 'x', which is no finite number"),
        ({"subject": ["a", "b"], "v0": ["1", "nan"]}, "v0 in row 2 is 'nan'"),
        ({"subject": ["a"], "v0": [np.inf]}, "v0 in row 1 is 'inf'"),
        ({"subject": ["a", "b"], "v0": [1, 2], "v1": [1, None]}, "row 2 has 1 of the 2 numbers of a vector"),
        ({"subject": ["a", "b"], "vector": [[1.0, 2.0], [1.0]]}, "row 2 has 1 numbers and that in row 1 has 2"),
        ({"subject": ["a"], "vector": [[]]}, "row 1 has 0 numbers"),
        ({"subject": ["a", "b"], "vector": [[1.0], [np.nan]]}, "vector in row 2 holds NaN or infinity"),
        ({"subject": ["a"], "vector": ["[1, 2]"]}, "row 1 is no list of numbers; a CSV file has its numbers in v0"),
        ({"subject": ["a"], "vector": [["x"]]}, "vector holds what is not a number"),
        ({"subject": ["a"], "vector": [None]}, "no photo has a vector"),
        ({"subject": ["a", "b"], "v0": ["", ""]}, "no photo has a vector"),
        ({"subject": ["a", "b"], "v0": [1, 0], "v1": [1, 0]}, "the vector in row 2 is zero"),
        ({"subject": ["a", ""], "v0": [1, 1]}, "subject in row 2 is '': it is empty; every photo has a name"),
        ({"subject": [1.5, 2.0], "v0": [1, 1]}, "subject holds floats"),
        ({"subject": ["a", "b"], "photo": ["1", "1"], "v0": [1, 1]}, "photo '1' stands in two rows"),
    ],
)
def test_refuses(columns, match):
    """Each line of Raises, with the row and what to do."""
    with pytest.raises(ScoreTableError, match=match):
        check_vectors(pd.DataFrame(columns))


def test_refuses_files(tmp_path: Path):
    """The file's name stands in front of what is wrong with it; a column stands once."""
    (tmp_path / "v.csv").write_text("subject,v0\nann,\n")
    (tmp_path / "w.npz").write_bytes(b"")

    with pytest.raises(ScoreTableError, match=r"v\.csv: no photo has a vector"):
        read_vectors(tmp_path / "v.csv")
    with pytest.raises(ScoreTableError, match="the name of a table of vectors ends in"):
        read_vectors(tmp_path / "w.npz")
    with pytest.raises(ScoreTableError, match="the table has a column twice: v0"):
        check_vectors(pd.DataFrame([["a", 1, 2]], columns=["subject", "v0", "v0"]))


@pytest.mark.parametrize("length", [1e-6, 0.5, 0.999, 1 - 1e-5, 1 + 1e-5, 1.001, 1e6])
def test_vectors_of_any_length_are_brought_to_unit_length(length):
    """Nearly of unit length is not enough: a thousandth more would move every score by as much."""
    found = check_vectors(pd.DataFrame({"subject": ["a"], "v0": [0.6 * length], "v1": [0.8 * length]}))

    assert found.matrix == pytest.approx(np.array([[0.6, 0.8]]), abs=1e-7)


def test_unit_vectors_are_read_bit_for_bit(tmp_path):
    """What is of unit length already is not divided again: the same vectors give the same scores through every door."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((500, 128)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [({"photo": str(n), "subject": str(n), "failure": ""}, vector) for n, vector in enumerate(vectors)]
    path = tmp_path / "vectors.parquet"
    write_vectors(iter(rows), path, columns=["photo", "subject", "failure"], dimension=128, matcher=made_matcher())

    assert (read_vectors(path).matrix == vectors).all()


def test_other_names(tmp_path: Path):
    """A prefix names the columns of numbers, counted from 0 or 1; others that look alike are left alone."""
    table = pd.DataFrame(
        {"who": ["a", "b"], "emb_1": [3.0, 1.0], "emb_2": [4.0, 0.0], "emb_x": ["u", "w"], "v0": [9, 9]}
    )
    table.to_csv(tmp_path / "v.csv", index=False)

    found = read_vectors(tmp_path / "v.csv", VectorColumns(subject="who", vector="emb_"))
    assert found.matrix == pytest.approx(np.array([[0.6, 0.8], [1, 0]]))
    assert found.photos["subject"].tolist() == ["a", "b"]
    for columns, told in (
        (VectorColumns(subject="who", vector="f"), "no column 'f' of vectors, nor f0, f1 and so on; the table has who"),
        (VectorColumns(subject="id", vector="emb_"), "no column 'id' for subject"),
    ):
        with pytest.raises(ScoreTableError, match=told):
            read_vectors(tmp_path / "v.csv", columns)
    table.drop(columns="emb_1").to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(ScoreTableError, match="lacks v0"):
        read_vectors(tmp_path / "v.csv", VectorColumns(subject="who", vector="emb_"))

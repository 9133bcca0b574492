"""Which matcher made a table: the stamp, through every kind of file and tool, and what it decides."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from facerec import similarity
from facerec.errors import MixedStampsError, ModelMismatchError, ScoreTableError
from facerec.measure import tables
from facerec.measure.operating_points import all_pairs, calibrate, calibrate_all_pairs
from facerec.measure.tables.stamp import COLUMN, METADATA
from facerec.measure.tables.vector_table import check_vectors, read_vectors, write_vectors
from facerec.points import notes_on
from facerec.types import Matcher

OURS = Matcher(
    "mtcnn.v1(min_face_size=40, mode=fast)", "dlib-5pt-chip-150.v1", "dlib-resnet", "ab" * 32, "cosine.v1", "none"
)
THEIRS = dataclasses.replace(OURS, embedder="facenet", embedder_digest="cd" * 32)


def scores(n=6):
    """A score table of `n` people, unstamped."""
    rows = [(f"a{k}", f"b{k}", f"p{k}", f"p{k}" if k % 2 else f"q{k}", bool(k % 2), k / 10) for k in range(n)]
    return pd.DataFrame(rows, columns=tables.REQUIRED)


STAMPED = tables.stamped(tables.check(scores()), OURS)


def test_random_numbers_are_no_threshold_of_any_embedder_here():
    """1,500 random numbers with invented people give a point that no embedder accepts."""
    rng = np.random.default_rng(0)
    invented = scores(1500).assign(score=rng.uniform(-1, 1, 1500))

    point = calibrate(invented, 0.01, data_set="invented")

    assert point.matcher == Matcher.unknown()
    for matcher in (OURS, THEIRS):
        with pytest.raises(ModelMismatchError, match="measured with a matcher of its own and does not hold"):
            notes_on(point, matcher)
    asserted = calibrate(invented, 0.01, data_set="invented", asserted=OURS, asserted_by="Ada")
    assert notes_on(asserted, OURS) == (
        "asserted by Ada: the scores behind this operating point carry no stamp of dlib-resnet",
    )
    with pytest.raises(ModelMismatchError):
        notes_on(asserted, THEIRS)
    untied, by_whom = notes_on(asserted, None)
    assert untied.startswith(
        "nothing ties these scores to the operating point FMR 0.01 on invented, measured with dlib"
    )
    assert by_whom.startswith("asserted by Ada")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_stamp_survives(tmp_path, kind):
    """Written and read, saved again by pandas, its rows shuffled or made pseudonyms: the matcher stays known."""
    path = tmp_path / f"scores.{kind}"
    tables.write(STAMPED, path)
    read = tables.read(path)
    assert read.equals(tables.check(STAMPED))

    raw = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
    raw = raw.sample(frac=1, random_state=1)
    again = tmp_path / f"again.{kind}"
    raw.to_csv(again, index=False) if kind == "csv" else raw.to_parquet(again)

    hidden = tables.pseudonymise(read, key=b"an example: sixteen bytes or more")
    for table in (read, tables.read(again), hidden, read.iloc[2:4]):
        assert tables.stamp_of(table) == OURS
    assert tables.attributes(read) == ()


def test_a_spreadsheet_may_add_spaces():
    """What an editor does to the ends of cells changes nobody's matcher."""
    spaced = STAMPED.assign(matcher=[f"{text} " if row % 2 else text for row, text in enumerate(STAMPED[COLUMN])])

    assert tables.stamp_of(spaced) == OURS


def test_a_parquet_file_says_it_twice(tmp_path):
    """The metadata name the matcher too, and a file whose rows say otherwise, or nothing, is refused."""
    path = tmp_path / "scores.parquet"
    tables.write(STAMPED, path)
    kept = parquet.read_table(path)
    assert kept.schema.metadata[METADATA].decode() == OURS.text

    others = {
        "its rows carry no stamp": kept.drop_columns([COLUMN]),
        "its rows differ: embedder digest": kept.set_column(
            kept.schema.get_field_index(COLUMN), COLUMN, pa.array([THEIRS.text] * len(kept))
        ),
    }
    for told, table in others.items():
        parquet.write_table(table, path)
        with pytest.raises(MixedStampsError, match=rf"scores\.parquet: the file's metadata says .*{told}"):
            tables.read(path)


def test_a_table_of_two_matchers_is_refused(tmp_path):
    """By whatever door it comes, with the first row that differs, and in what."""
    mixed = pd.concat([STAMPED, tables.stamped(scores(), THEIRS)], ignore_index=True)
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    told = r"row 7 was made by another matcher than row 1 \(6 of 12 rows were\): embedder digest abababababab… there"

    for door in (
        lambda: tables.read(tmp_path / "mixed.csv"),
        lambda: tables.write(mixed, tmp_path / "w.parquet"),
        lambda: calibrate(mixed, 0.5, data_set="x"),
        lambda: calibrate(mixed, 0.5, data_set="x", asserted=OURS, asserted_by="Ada"),
        lambda: tables.stamp_of(mixed),
    ):
        with pytest.raises(MixedStampsError, match=told):
            door()


@pytest.mark.parametrize("nothing", ["", None])
def test_a_table_that_is_stamped_in_part_is_refused(nothing):
    """Rows that nobody stamped are not the matcher's who stamped the others."""
    part = STAMPED.assign(matcher=[OURS.text, nothing, OURS.text, nothing, OURS.text, OURS.text])

    with pytest.raises(MixedStampsError, match="2 of 6 rows carry no stamp of a matcher, the first is row 2"):
        tables.check(part)
    with pytest.raises(MixedStampsError, match="6 of 12 rows carry no stamp"):
        tables.check(pd.concat([STAMPED, scores()], ignore_index=True))


def test_a_vendors_column_of_that_name_is_no_stamp(tmp_path):
    """What does not begin as a stamp does is the vendor's own; a stamp that was cut off is an error, not a vendor's."""
    vendors = scores().assign(matcher=["A", "B"] * 3)

    assert tables.stamp_of(tables.check(vendors)) is None
    with pytest.raises(ScoreTableError, match="the stamp of the matcher in row 1 cannot be read"):
        tables.check(scores().assign(matcher=OURS.text[:60]))


def test_a_failure_has_no_score():
    """A row that says why there is no score, and has one, contradicts itself; a vendor's own words say nothing."""
    told = scores().assign(probe_failure=["refused", *[""] * 5], reference_failure="")

    with pytest.raises(ScoreTableError, match="probe_failure in row 1 is 'refused': it is a failure"):
        tables.check(told)
    assert tables.attributes(tables.check(told.assign(probe_failure="glare"))) == ()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_of_vectors_are_stamped(tmp_path, kind):
    """The matcher comes back with the vectors, is no group of people, and a table of two is refused."""
    rows = [
        ({"photo": "1", "subject": "ada", "failure": ""}, np.array([0.6, 0.8], np.float32)),
        ({"photo": "2", "subject": "ada", "failure": "refused"}, None),
    ]
    path = tmp_path / f"v.{kind}"
    write_vectors(rows, path, columns=["photo", "subject", "failure"], dimension=2, matcher=OURS)

    found = read_vectors(path)

    assert found.matcher == OURS
    assert list(found.photos.columns) == ["photo", "subject", "failure"]
    assert found.photos["failure"].tolist() == ["", "refused"]
    table = pd.DataFrame({"subject": ["a", "b"], "v0": [1.0, 1.0], "v1": [0.0, 0.0]})
    assert check_vectors(table).matcher is None
    with pytest.raises(MixedStampsError, match="row 2 was made by another matcher"):
        check_vectors(table.assign(matcher=[OURS.text, THEIRS.text]))


def test_one_score_through_every_door():
    """The same vectors give the same bits: one by one, in lists, all with all, in tables and in calibration."""
    rng = np.random.default_rng(11)
    matrix = rng.normal(size=(400, 128)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    first, second = np.triu_indices(400, 1)

    expected = similarity.cosine_of_pairs(matrix[first], matrix[second])

    every = similarity.cosines_of_all(matrix, matrix)
    assert (every[first, second] == expected).all()
    assert (every[second, first] == expected).all()
    assert (similarity.cosines(matrix, matrix[7]) == every[:, 7]).all()
    assert similarity.cosine(matrix[3], matrix[9]) == every[3, 9]
    assert (all_pairs(matrix, [str(n) for n in range(400)]).scores == expected).all()
    names = np.arange(400).astype(str)
    pairs = pd.DataFrame({"probe_image": names[first], "reference_image": names[second]}).assign(
        probe_subject=lambda made: made["probe_image"],
        reference_subject=lambda made: made["reference_image"],
        genuine=False,
    )
    made = tables.score_vectors(pairs, dict(zip(names, matrix, strict=True)), matcher=OURS)
    assert (made["score"].to_numpy() == expected).all()
    assert tables.stamp_of(made) == OURS


@pytest.mark.parametrize("sign", [1, -1])
def test_a_product_of_matrices_that_could_round_otherwise(sign):
    """Sums that lie at the middle between two roundings are taken pair by pair, so that the bits stay the same."""
    rng = np.random.default_rng(2)
    left = rng.normal(size=(3000, 64)).astype(np.float32)
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    right = left[::-1][:500] * np.float32(sign)
    at = np.repeat(np.arange(3000), 500), np.tile(np.arange(500), 3000)

    assert (similarity.cosines_of_all(left, right)[at] == similarity.cosine_of_pairs(left[at[0]], right[at[1]])).all()
    assert not np.signbit(similarity.cosines_of_all(np.eye(2, dtype=np.float32), -np.eye(2, dtype=np.float32))[0, 1])
    left, right = _at_the_middle(300, sign)
    assert (np.diag(similarity.cosines_of_all(left, right)) == similarity.cosine_of_pairs(left, right)).all()
    gap = np.array([[np.nan, 0]], np.float32)
    assert np.isnan(similarity.cosines_of_all(gap, left[:2, :2])).all()


def _at_the_middle(n, sign):
    """Vectors whose products, row by row, lie at the middle between two roundings to within the order of summing."""
    rng = np.random.default_rng(3)
    left, right = rng.normal(size=(2, n, 64)).astype(np.float32) / 8
    for place, small in zip((-1, -2, -3), (2.0**-10, 2.0**-22, 2.0**-34), strict=True):
        left[:, place], right[:, place] = small, 0
    right *= sign * np.sign((left * right).sum(axis=1))[:, None]
    for place in (-1, -2, -3):  # each of these closes nearly all of the gap that the one before left
        sums = np.array([math.fsum(a * b) for a, b in zip(left.astype(float), right.astype(float), strict=True)])
        middle = (np.floor(sums * 1e7) + 0.5) / 1e7
        right[:, place] = (middle - sums) / left[:, place]
    return left, right


def test_points_of_all_pairs_are_the_matchers_that_made_the_vectors():
    """Nothing is taken from what happens to be loaded."""
    vectors = np.array([[1, 0], [1, 0], [0.6, 0.8], [0, 1]], np.float32)

    (point,) = calibrate_all_pairs(vectors, ["a", "a", "b", "c"], [0.5], data_set="x", matcher=THEIRS)

    assert point.matcher == THEIRS

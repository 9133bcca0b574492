"""Distances within groups: laws, an oracle, a hand-worked table, and the command."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist, pdist
from typer.testing import CliRunner

from facerec.cli.app import app
from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.vector_table import check_vectors
from facerec.transfer.spread import SHARES, measure_spread, sampled_distances


def made_table(photos=60, *, dimension=8, seed=0, subjects=None):
    """Vectors of two genders; the second half lies further apart; a photo lacks its face, another its label."""
    random = np.random.default_rng(seed)
    wide = np.arange(photos) >= photos // 2
    vectors = 1 + random.normal(size=(photos, dimension)) * np.where(wide, 0.9, 0.3)[:, None]
    vectors[0] = np.nan
    gender = np.where(wide, "m", "f").astype(object)
    gender[1] = ""
    names = [f"p{number}" for number in range(photos)] if subjects is None else subjects
    columns = {f"v{number}": vectors[:, number] for number in range(dimension)}
    return pd.DataFrame({"subject": names, "gender": gender, "race": list("xy") * (photos // 2)} | columns)


def unit(table, gender):
    """The unit vectors of a gender, in float64."""
    rows = table[(table["gender"] == gender) & table["v0"].notna()]
    vectors = rows[[name for name in table if name.startswith("v")]].to_numpy(np.float64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class TestMeasure:
    """`measure_spread`."""

    def test_distances_are_those_of_scipy(self):
        """Within a group over its pairs, between groups over all."""
        table = made_table()
        found = measure_spread(check_vectors(table), "gender")
        women, men = unit(table, "f"), unit(table, "m")

        expected = [
            [pdist(women).mean(), cdist(women, men).mean()],
            [cdist(men, women).mean(), pdist(men).mean()],
        ]

        np.testing.assert_allclose(found.distances, expected, atol=1e-6)
        assert [group.distance for group in found.groups] == pytest.approx(np.diag(expected), abs=1e-6)

    def test_spread_is_the_mean_squared_distance_and_nothing_else(self):
        """WSS / (n - 1) is half the mean squared distance of two photos of the group."""
        table = made_table()
        found = measure_spread(check_vectors(table), "gender")

        for group in found.groups:
            vectors = unit(table, group.group)
            assert group.wss == pytest.approx(((vectors - vectors.mean(axis=0)) ** 2).sum(), rel=1e-5)
            assert group.variance == pytest.approx((pdist(vectors) ** 2).mean() / 2, rel=1e-5)

    def test_shares_are_counted_pairs(self):
        """The share of a group's own pairs at a threshold is what counting them gives."""
        table = made_table()
        found = measure_spread(check_vectors(table), "gender")

        for group in found.groups:
            cosines = 1 - pdist(unit(table, group.group)) ** 2 / 2
            expected = [(cosines >= threshold - 1e-6).mean() for threshold in found.thresholds]
            assert group.alike == pytest.approx(expected, abs=2 / len(cosines))
        assert all(reached <= share for reached, share in zip(found.shares, SHARES, strict=True))

    def test_what_is_left_out_is_counted(self):
        """A photo without a face and one without a label are in no group."""
        found = measure_spread(check_vectors(made_table()), "gender")

        assert (found.without_vector, found.unlabelled) == (1, 1)
        assert sum(group.photos for group in found.groups) == 58

    def test_mated_pairs_are_counted(self):
        """Three photos of one person are three pairs."""
        subjects = ["same"] * 4 + [f"p{number}" for number in range(56)]

        found = measure_spread(check_vectors(made_table(subjects=subjects)), "gender")

        assert found.mated == 1  # photos 0 and 1 are in no group
        assert measure_spread(check_vectors(made_table()), "gender").mated == 0

    def test_the_interval_covers_the_variance_of_the_population(self):
        """Of fifty samples about 95 % of the intervals hold what a large sample shows."""
        whole = unit(made_table(4000, seed=99), "m")
        truth = ((whole - whole.mean(axis=0)) ** 2).sum() / (len(whole) - 1)
        held = 0
        for seed in range(50):
            group = measure_spread(check_vectors(made_table(120, seed=seed)), "gender").groups[1]
            held += group.interval.low <= truth <= group.interval.high

        assert held >= 42

    def test_groups_of_equal_spread_are_seldom_distinguishable(self):
        """Race was dealt out in turn, so only chance sets its spreads apart; gender's differ by construction."""
        tables = [check_vectors(made_table(80, seed=seed)) for seed in range(20)]

        by_race = [measure_spread(table, "race").differences[0].distinguishable for table in tables]
        by_gender = [measure_spread(table, "gender").differences[0].distinguishable for table in tables]

        assert sum(by_race) <= 4
        assert all(by_gender)

    @pytest.mark.parametrize(
        ("by", "error", "words"),
        [
            ("age", ScoreTableError, "lacks the group age; it has gender, race"),
            ("gender,gender", ArgumentError, "each once"),
            ("subject", ScoreTableError, "lacks the group subject"),
        ],
    )
    def test_groups_that_are_none_are_refused(self, by, error, words):
        """The message says what there is."""
        with pytest.raises(error, match=words):
            measure_spread(check_vectors(made_table()), by)

    def test_one_group_only_is_refused(self):
        """There is nothing to compare."""
        table = made_table().assign(gender="f")

        with pytest.raises(ScoreTableError, match=r"two groups of two photos.*got f: 59"):
            measure_spread(check_vectors(table), "gender")


def test_sampled_photos_are_sorted_by_group():
    """As many of each group as asked for; distances are symmetric and zero to oneself."""
    distances, groups = sampled_distances(check_vectors(made_table()), "gender", each=5)

    assert groups == ("f",) * 5 + ("m",) * 5
    np.testing.assert_allclose(distances, distances.T, atol=1e-7)
    np.testing.assert_allclose(np.diag(distances), 0, atol=1e-3)


def test_the_command_says_that_it_measures_no_error(tmp_path):
    """The first words of the page; every number in groups.csv and the JSON."""
    table = tmp_path / "vectors.csv"
    made_table().to_csv(table, index=False)
    arguments = ["transfer", "spread", str(table), "--by", "gender", "--by", "race,gender", "--out"]

    found = CliRunner().invoke(app, [*arguments, str(tmp_path / "out"), "--photos", "4", "--json"])

    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    page = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert "This page holds no error rate" in page["lead"][0]["text"]
    assert "FNMR cannot be measured on it at all" in page["lead"][0]["text"]
    assert [each["by"] for each in document["groupings"]] == ["gender", "race,gender"]
    assert len((tmp_path / "out" / "groups.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2 + 4


def test_the_table_of_groups_runs_no_formula(tmp_path):
    """A label, or a column, that a spreadsheet would take for one has an apostrophe before it."""
    made_table().replace({"gender": {"f": '=HYPERLINK("x")'}}).rename(columns={"gender": "@sex"}).to_csv(
        tmp_path / "vectors.csv", index=False
    )
    arguments = ["transfer", "spread", str(tmp_path / "vectors.csv"), "--by", "@sex", "--out", str(tmp_path / "out")]

    found = CliRunner().invoke(app, [*arguments, "--photos", "4"])

    assert found.exit_code == 0, found.output
    table = pd.read_csv(tmp_path / "out" / "groups.csv", dtype=str)
    assert set(table["by"]) == {"'@sex"}
    assert set(table["group"]) == {'\'=HYPERLINK("x")', "m"}

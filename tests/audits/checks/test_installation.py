"""The audits' check of themselves: complete, and every check fails when its number is wrong."""

import csv
import dataclasses
import hashlib
from pathlib import Path

import pytest

from audits.checks import hand_worked, published_counts
from audits.checks.installation import selfcheck
from audits.statistics import disparity, index_kinds, indices
from audits.statistics.index_kinds import COMBINED, INDICES
from facerec.errors import ArgumentError

COUNTS = Path(__file__).parents[3] / "data" / "gender_shades" / "counts.csv"
BLACK_WOMEN = "4,000 pairs, Black,Female: false non-matches and genuine pairs"


def named(checks):
    """The checks by their names."""
    found = {check.name: check for check in checks}
    assert len(found) == len(checks)
    return found


def failed(checks):
    """The names of the checks that failed."""
    return {check.name for check in checks if check.status == "failed"}


def write_pairs(folder, black_women=8):
    """A table with the published counts, made up: a pair is wrong if its score is on the wrong side of 0.5."""
    impostors = {"Black,Female": 489, "Black,Male": 481, "White,Female": 492, "White,Male": 490}
    path = folder / published_counts.FACE_PAIRS_FILE
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", "race", "gender", "golden_label", "matching_score"])
        for group, (errors, pairs) in published_counts.FACE_PAIRS_FNMR:
            wrong = black_women if group == "Black,Female" else errors
            scores = [(1, 0.25 if n < wrong else 0.5) for n in range(pairs)] + [(0, 0.125)] * impostors[group]
            rows.writerows([n, *group.split(","), genuine, score] for n, (genuine, score) in enumerate(scores))
    return hashlib.sha256(path.read_bytes()).hexdigest()


class TestEverythingHolds:
    """As it is, nothing fails."""

    def test_without_a_folder_of_data(self):
        """What needs no file passes; the table of pairs is skipped, and the reason is told."""
        checks = selfcheck()

        assert failed(checks) == set()
        skipped = [check for check in checks if check.status == "skipped"]
        assert len(skipped) == 9
        assert {check.name.startswith("4,000 pairs") for check in skipped} == {True}
        assert {(check.found, check.reason) for check in skipped} == {(None, "no folder of data was given")}

    def test_the_published_table_of_pairs(self, data):
        """The real file, where there is one, has the published digest and counts."""
        if not (data / published_counts.FACE_PAIRS_FILE).is_file():
            pytest.skip("the public table of 4,000 pairs is not in the folder of real data")

        checks = selfcheck(data)

        assert {check.status for check in checks} == {"passed"}
        assert named(checks)[BLACK_WOMEN].found == (8, 511)

    def test_a_folder_without_the_table(self, tmp_path):
        """The reason names the file that was looked for."""
        checks = selfcheck(tmp_path)

        reasons = {check.reason for check in checks if check.status == "skipped"}
        assert reasons == {f"{tmp_path / published_counts.FACE_PAIRS_FILE}: there is no such file"}

    def test_a_folder_that_is_none(self, tmp_path):
        """A folder that was named and is not there is an error, not a skipped check."""
        with pytest.raises(ArgumentError, match="there is no such folder"):
            selfcheck(tmp_path / "absent")

    def test_the_same_checks_with_and_without_data(self, tmp_path, monkeypatch):
        """A skipped check is listed with what it expects, so no check can get lost."""
        monkeypatch.setattr(published_counts, "FACE_PAIRS_SHA256", write_pairs(tmp_path))

        without, with_data = selfcheck(), selfcheck(tmp_path)

        assert [(c.name, c.expected, c.tolerance) for c in without] == [
            (c.name, c.expected, c.tolerance) for c in with_data
        ]
        assert {check.status for check in with_data} == {"passed"}


class TestConstants:
    """What the checks expect is what was published, and covers what it has to."""

    def test_gender_shades_is_the_committed_table(self):
        """The constant in the package and the file for readers are one."""
        with COUNTS.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)

        assert header == ["skin", "gender", "label", "prediction", "count"]
        assert [(*row[:4], int(row[4])) for row in rows] == list(published_counts.GENDER_SHADES_IBM)

    @pytest.mark.parametrize("table", hand_worked.TABLES, ids=lambda table: table.name)
    def test_every_index_is_worked_out_by_hand(self, table):
        """Each table has at most twenty pairs and every index of both rates and of the two together."""
        both = [("fmr", name) for name in INDICES] + [("fnmr", name) for name in INDICES]

        assert len(hand_worked.score_table(table)) <= 20
        expected = both + [("combined", name) for name in COMBINED]
        worked = [(part, name) for part, name, _ in table.indices]
        assert sorted(worked) == sorted(expected), (
            f"the table {table.name!r} in audits/checks/hand_worked.py needs a line for each index and rate: "
            f"missing {sorted(set(expected) - set(worked))}, unknown {sorted(set(worked) - set(expected))}"
        )


class TestEveryCheckCanFail:
    """A wrong number, on either side, is found."""

    @pytest.fixture(autouse=True)
    def fewer_searches(self, monkeypatch):
        """Hardly more searches of BFW than errors: what is checked is the same, in a fraction of the time."""
        monkeypatch.setattr(published_counts, "BFW_SEARCHES", max(published_counts.BFW_ERRORS) + 5)

    @pytest.mark.parametrize("name", [*INDICES, *COMBINED])
    def test_a_wrong_index(self, name, monkeypatch):
        """An index that is off by one in a thousand fails, and those that do not use it do not."""
        right = getattr(indices, name)
        users = {"difference": {"difference", "fdr"}, "max_min_ratio": {"max_min_ratio", "inequity_rate"}}
        users |= {"gini": {"gini", "garbe"}}
        monkeypatch.setattr(indices, name, lambda *rates, **options: right(*rates, **options) * 0.999)
        both = tuple(dataclasses.replace(kind, of=getattr(indices, kind.name)) for kind in index_kinds.OF_BOTH)
        monkeypatch.setattr(disparity, "OF_BOTH", both)

        wrong = {check.split(": ")[1].split(" of ")[0] for check in failed(selfcheck())}

        assert wrong == users.get(name, {name}), (
            f"an index that is computed by {name} is added to `users` in this test; found wrong: {sorted(wrong)}"
        )

    def test_a_wrong_hand_worked_number(self, monkeypatch):
        """Each expected number is compared: changed one by one, each fails alone."""
        right = hand_worked.THREE_GROUPS
        tables = []
        for place, (part, name, value) in enumerate(right.indices):
            wrong = (*right.indices[:place], (part, name, value + 1e-5), *right.indices[place + 1 :])
            tables.append(dataclasses.replace(right, name=str(place), indices=wrong))
        monkeypatch.setattr(hand_worked, "TABLES", tuple(tables))

        found = sorted(int(name.split(":")[0]) for name in failed(selfcheck()))

        assert found == list(range(len(right.indices)))

    def test_an_index_that_is_defined_where_it_should_not_be(self, monkeypatch):
        """Not defined is neither 0 nor infinite."""
        monkeypatch.setattr(indices, "gini", lambda _: 0.0)

        found = failed(selfcheck())

        assert {"a group without errors: gini of FNMR", "a group without errors: garbe"} <= found

    def test_a_group_that_was_measured_after_all(self, monkeypatch):
        """The list of what was not measured is compared, too."""
        table = dataclasses.replace(hand_worked.THREE_GROUPS, unmeasured=())
        monkeypatch.setattr(hand_worked, "TABLES", (table,))

        assert failed(selfcheck()) == {"three groups: not measured"}

    def test_a_wrong_count_of_gender_shades(self, monkeypatch):
        """One more error among darker women shows in every group that they are part of, and in the printed rates."""
        first, second, *rest = published_counts.GENDER_SHADES_IBM
        counts = ((*first[:4], first[4] - 1), (*second[:4], second[4] + 1), *rest)
        monkeypatch.setattr(published_counts, "GENDER_SHADES_IBM", counts)

        checks = named(selfcheck())

        wrong = failed(checks.values())
        groups = ["all faces", "female", "darker", "darker,female"]
        assert {name for name in wrong if "errors and faces" in name} == {
            f"Gender Shades, {group}: errors and faces" for group in groups
        }
        assert "Gender Shades, darker,female: error rate in %" in wrong
        assert checks["Gender Shades, darker,female: errors and faces"].found == (95, 271)

    def test_a_wrong_cell_of_bfw(self, monkeypatch):
        """One error more of Asian women for Asian men: the row no longer adds up."""
        first, *rest = published_counts.BFW_CONFUSION
        monkeypatch.setattr(published_counts, "BFW_CONFUSION", ((290, 22, *first[2:]), *rest))

        assert failed(selfcheck()) == {"BFW, AF: rank-1 errors and searches"}

    def test_an_audit_that_confuses_groups(self, monkeypatch):
        """Searches that end elsewhere than published fail cell by cell."""
        as_published = published_counts.BFW_CONFUSION
        from audits.checks import installation as module

        searches = module._bfw_searches()
        searches.loc[0, "candidate_subject"] = "AM1"
        monkeypatch.setattr(module, "_bfw_searches", lambda: searches)

        wrong = named(selfcheck())["BFW, AF: rank-1 errors by group of the wrong person"]

        assert (wrong.status, wrong.expected, wrong.found) == (
            "failed",
            as_published[0],
            (289, 22, *as_published[0][2:]),
        )

    def test_a_wrong_count_of_pairs(self, tmp_path, monkeypatch):
        """One false non-match more than published fails for its group, and changes the largest difference."""
        monkeypatch.setattr(published_counts, "FACE_PAIRS_SHA256", write_pairs(tmp_path, black_women=11))

        checks = named(selfcheck(tmp_path))

        assert failed(checks.values()) == {BLACK_WOMEN, "4,000 pairs: largest difference of FNMR"}
        assert checks[BLACK_WOMEN].found == (11, 511)

    def test_another_file_than_the_published_one(self, tmp_path):
        """Its digest fails, and no number of it is held against the published ones."""
        digest = write_pairs(tmp_path)

        checks = selfcheck(tmp_path)

        assert failed(checks) == {"4,000 pairs: SHA-256 of the file"}
        assert named(checks)["4,000 pairs: SHA-256 of the file"].found == digest
        reasons = {check.reason for check in checks if check.status == "skipped"}
        assert reasons == {f"{tmp_path / published_counts.FACE_PAIRS_FILE} is not the table that was published"}

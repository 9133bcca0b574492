"""Audits of tables in one pass, and in parts: the numbers of the audit in memory, and its refusals."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audits.report import Run
from audits.report.common.claims import verdict_document
from audits.report.verification.document import verification_document
from audits.report.verification.page import verification_report
from audits.verification.audit import audit_verification
from audits.verification.rates import CellRates
from audits.verification.streamed import Tables, add_up, audit_summed, sum_tables, too_large
from audits.verification.thresholds import AtFmr
from facerec.errors import ArgumentError, MixedStampsError, ScoreTableError
from facerec.measure.metrics.clusters import PairsOfPeople
from facerec.measure.sums.counts import Counts
from facerec.measure.sums.filling import EVERYTHING, Compared, Labelled, sum_up
from facerec.measure.sums.value import Couples, Limits, Made
from facerec.measure.tables import stamped
from facerec.measure.tables.vendor import GroupColumns, VendorColumns, read_vendor
from facerec.types import Matcher


def simulated(seed=0, pairs=3000, people=80):
    """A table with groups, some without a label; every comparison has a score."""
    rng = np.random.default_rng(seed)
    race, gender = rng.choice(["x", "y", "z"], people, p=[0.6, 0.3, 0.1]), rng.choice(["f", "m", ""], people)
    first, genuine = rng.integers(0, people, pairs), rng.random(pairs) < 0.4
    second = np.where(genuine, first, (first + rng.integers(1, people, pairs)) % people)
    columns = {"genuine": genuine, "score": rng.normal(0, 1, pairs) + 3 * genuine}
    for side, codes in (("probe", first), ("reference", second)):
        columns[f"{side}_subject"] = [f"s{code}" for code in codes]
        columns |= {f"{side}_race": race[codes], f"{side}_gender": gender[codes]}
    return pd.DataFrame(columns)


def written(audit):
    """The JSON of an audit."""
    return json.dumps(verification_document(audit, verdict=verdict_document(None)))


def in_memory(path, **more):
    """The audit of a file in memory."""
    return audit_verification(read_vendor(path), replicates=40, **more)


def streamed(*paths, processes=1, limits=EVERYTHING, **more):
    """That of files in one pass."""
    return audit_summed(sum_tables(Tables(paths), processes=processes, limits=limits, **more), replicates=40)


@pytest.fixture(params=["t.parquet", "t.csv", "t.tsv"])
def table(request, tmp_path):
    """A table in a file."""
    path = tmp_path / request.param
    if path.suffix == ".parquet":
        simulated().to_parquet(path, row_group_size=700)
    else:
        simulated().to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


class TestSameNumbers:
    """audit_summed of sum_tables against audit_verification."""

    @pytest.mark.parametrize(
        ("by", "at"),
        [
            (["race", "race,gender"], 1.5),
            ([], 1.5),
            (["gender"], AtFmr(0.01)),
            (["race"], AtFmr(0.02, rule="lowest")),
            (["race"], AtFmr(0.01, calibration=simulated(5, 800))),
        ],
    )
    def test_the_json_is_that_of_the_table_in_memory(self, table, by, at):
        """Byte for byte: rates, intervals, indices and what was drawn for them, groups set aside among them."""
        assert written(streamed(table, by=by, at=at)) == written(in_memory(table, by=by, at=at))

    def test_a_target_finds_the_threshold_where_scores_share_bins(self, table):
        """The one bin is looked into: it is the very impostor score."""
        for rule in ("observed", "lowest"):
            at = AtFmr(0.01, rule=rule)
            found = streamed(table, by=[], at=at, limits=Limits(1 << 20, 400)).threshold
            expected = in_memory(table, by=[], at=at).threshold

            assert (found.value, found.achieved_fmr, found.rule) == (
                expected.value,
                expected.achieved_fmr,
                expected.rule,
            )
            assert found.low == pytest.approx(expected.low, abs=0.05)
            assert found.low <= expected.low
            assert found.high == pytest.approx(expected.high, abs=0.1)

    def test_distances_failures_and_no_people(self, tmp_path):
        """Negated scores, comparisons without one, and pairs of nobody knows whom."""
        path, frame = tmp_path / "t.parquet", simulated()
        frame = frame.assign(score=(3 - frame["score"]).where(np.arange(len(frame)) % 50 > 0))
        frame.drop(columns=["probe_subject", "reference_subject"]).to_parquet(path)
        found = audit_summed(
            sum_tables(Tables([path], distance=True), by=["race"], at=1.5, limits=EVERYTHING), replicates=40
        )
        expected = in_memory(path, by=["race"], at=1.5, distance=True)

        assert found.pairs_independent
        assert found.acquisition is not None
        assert written(found) == written(expected)

    def test_scores_alone_know_who_is_genuine(self, tmp_path):
        """Without the column, pairs of one subject are."""
        path = tmp_path / "t.parquet"
        simulated().drop(columns="genuine").to_parquet(path, row_group_size=1000)

        for at in (1.5, AtFmr(0.01)):
            assert written(streamed(path, by=["race"], at=at)) == written(in_memory(path, by=["race"], at=at))

    def test_a_vendors_columns_and_a_table_of_people(self, tmp_path):
        """Other names, groups in one column, labels joined from a table of people."""
        frame, path, people = simulated(), tmp_path / "t.csv", tmp_path / "people.csv"
        labels = frame[["probe_subject", "probe_gender"]].drop_duplicates("probe_subject")
        labels.set_axis(["subject", "sex"], axis=1).to_csv(people, index=False)
        frame = frame.rename(columns={"score": "sim", "genuine": "label", "probe_race": "e1", "reference_race": "e2"})
        frame.drop(columns=["probe_gender", "reference_gender"]).to_csv(path, index=False, sep=";")
        columns = VendorColumns("sim", "label", groups=(GroupColumns("race", "e1", "e2"),))
        expected = audit_verification(
            read_vendor(path, columns, people=people), by=["race", "sex"], at=1.5, replicates=40
        )
        tables = Tables([path], columns, people=people)

        assert written(audit_summed(sum_tables(tables, by=["race", "sex"], at=1.5), replicates=40)) == written(expected)

    @pytest.mark.parametrize("photos", [True, False])
    def test_rows_that_occur_again_are_told(self, tmp_path, photos):
        """In either order, with the same score or another; of many, those of some pairs are looked at."""
        frame = simulated().round({"score": 1})
        if photos:
            numbers = pd.Series(np.arange(len(frame)) % 2900).astype(str)
            frame = frame.assign(probe_image="p" + numbers, reference_image="r" + numbers)
        turned = {"p": "r", "r": "p"}
        again = frame.head(90).rename(columns=lambda name: f"{turned[name[0]]}{name[1:]}" if "_" in name else name)
        again.columns = [name.replace("rrobe", "reference").replace("peference", "probe") for name in again.columns]
        path = tmp_path / "t.parquet"
        pd.concat([frame, again], ignore_index=True).to_parquet(path, row_group_size=500)
        limits = Limits(1 << 20, 1 << 20, 100)

        assert "occur again" in str(in_memory(path, by=[], at=1.5).notes) or not photos
        assert written(streamed(path, by=["race"], at=1.5)) == written(in_memory(path, by=["race"], at=1.5))
        assert "looked for among 1 in " in str(streamed(path, by=["race"], at=1.5, limits=limits).notes)

    def test_photos_that_failed_are_not_counted_and_it_is_told(self, tmp_path):
        """Everything else about comparisons without a score is that of the audit in memory."""
        path, frame = tmp_path / "t.parquet", simulated()
        images = {f"{side}_image": [f"{side}{row}" for row in range(len(frame))] for side in ("probe", "reference")}
        frame.assign(**images, score=frame["score"].where(np.arange(len(frame)) % 40 > 0)).to_parquet(path)
        found, expected = (audited(path, by=["race"], at=1.5) for audited in (streamed, in_memory))

        assert "not counted by photo" in found.notes[-1]
        assert (found.acquisition.fta, expected.acquisition.fta is None) == (None, False)
        assert (found.acquisition.fmr, found.acquisition.fnmr) == (expected.acquisition.fmr, expected.acquisition.fnmr)
        assert found.without_score == expected.without_score

    def test_the_report_is_drawn_from_sums(self, table):
        """Its curves are those of the scores; only another threshold has to be looked for among the rows."""
        sums = sum_tables(Tables([table]), by=["race"], at=1.5, limits=EVERYTHING)
        frame, audit = read_vendor(table), audit_summed(sums, replicates=0)
        run = Run("facerec audit", (), 0)
        one, other = (verification_report(audit, each, run=run) for each in (sums, frame))

        assert one.tables == other.tables
        summed, usual = one.page.sections[0], other.page.sections[0]
        assert (summed.title, usual.title) == ("What to do", "What to do")
        assert "facerec audit advise" in summed.blocks[0].content
        assert "threshold" in usual.blocks[0].content
        assert repr(one.page.sections[1:]) == repr(other.page.sections[1:])  # NaN is not NaN
        assert replace(one.page, sections=()) == replace(other.page, sections=())
        assert "(no interval)" in repr(other.page.sections)  # replicates=0
        assert "NaN to" not in repr(other.page.sections)
        assert "not measured to" not in repr(other.page.sections)


class TestSamples:
    """What is drawn where couples are too many to be kept."""

    def test_intervals_hardly_move(self, tmp_path):
        """One couple in sixteen or fewer tells how often couples meet; errors are all kept."""
        path = tmp_path / "t.parquet"
        simulated(1, 20_000, 60).to_parquet(path)
        whole, drawn = (
            sum_tables(Tables([path]), by=["race"], at=1.5, limits=Limits(most, 1 << 20)) for most in (1 << 20, 400)
        )
        assert (whole.groupings[0].couples.level, drawn.groupings[0].couples.level > 1) == (0, True)
        for kept, told in ((whole, False), (drawn, True)):
            assert any("couples" in note for note in audit_summed(kept, replicates=0).notes) == told
        exact, close = (CellRates.of(sums, 0, 0.95) for sums in (whole, drawn))
        one, other = (each.estimate(each.impostors).rate for each in (exact, close))

        assert (one.errors, one.trials) == (other.errors, other.trials)
        assert other.effective_trials == pytest.approx(one.effective_trials, rel=0.05)
        squares = [each.people_sums(each.impostors).meetings.squares for each in (exact, close)]
        assert squares[1] == pytest.approx(squares[0], rel=0.15)

    def test_all_pairs_of_photos_need_no_couples(self):
        """How many photos there are of everybody says how often each couple meets."""
        photos, group = np.array([1, 2, 3, 1, 4, 2]), np.array([0, 0, 0, 1, 1, 1])
        who = np.repeat(np.arange(6), photos)
        rows, columns = np.triu_indices(len(who), 1)
        first, second = who[rows], who[columns]
        scores = np.random.default_rng(0).normal(size=len(rows))
        grouping = Labelled("g", (("a",), ("b",)), group[first], group[second])
        names = np.array(list("abcdef"), object)
        sums = sum_up(Compared(first == second, scores, [grouping], names, (first, second)), Made(1.0))
        cells = replace(sums.groupings[0], couples=Couples(0, Counts.none(3, 3)))
        product = replace(sums, groupings=(cells,), photos=photos)
        apart = first != second
        for these, chosen in (([0, 1, 2, 3], apart), ([1], apart & (group[first] != group[second]))):
            counted, known = (CellRates.of(each, 0, 0.95).people_sums(np.array(these)) for each in (sums, product))
            pairs = PairsOfPeople.of(first[chosen], second[chosen])

            assert known.meetings.squares == counted.meetings.squares
            assert (known.error_squares, known.error_products) == (counted.error_squares, counted.error_products)
            assert counted.meetings.shared == pytest.approx(pairs.shared)


class TestParts:
    """add_up."""

    def test_parts_merged_in_any_order_are_the_whole(self, tmp_path):
        """Also where couples are drawn, in two processes, and from a folder."""
        frame, folder = simulated(2, 6000), tmp_path / "parts"
        folder.mkdir()
        for number, rows in enumerate(np.array_split(np.random.default_rng(0).permutation(len(frame)), 5)):
            frame.iloc[rows].reset_index(drop=True).to_parquet(folder / f"{number}.parquet", row_group_size=500)
        limits, more = Limits(300, 200), {"by": ["race", "gender"], "at": 1.5}
        whole = streamed(folder, limits=limits, processes=2, **more)
        parts = [
            (path, sum_tables(Tables([path]), limits=limits, sources=True, **more))
            for path in sorted(folder.iterdir(), reverse=True)
        ]
        for order in (parts, parts[::-1], parts[2:] + parts[:2]):
            assert written(audit_summed(add_up(order), replicates=40)) == written(whole)

    def test_what_is_there_twice_or_made_otherwise_is_refused(self, tmp_path):
        """The same part, the same rows in another part, another threshold, other columns."""
        simulated().to_parquet(tmp_path / "a.parquet")
        simulated(1).to_parquet(tmp_path / "b.parquet")

        def part(*names, at=1.5, by=("race",), **more):
            paths = [tmp_path / name for name in names]
            return names[0], sum_tables(Tables(paths, **more), by=list(by), at=at, sources=True)

        with pytest.raises(ScoreTableError, match=r"b\.parquet counts exactly what b\.parquet counts"):
            add_up([part("b.parquet"), part("a.parquet"), part("b.parquet")])
        with pytest.raises(ScoreTableError, match=r"rows 1 to 3,000 of the file with SHA-256 \w{12} are in both"):
            add_up([part("a.parquet"), part("b.parquet", "a.parquet")])
        for other, told in (
            (part("b.parquet", at=1.4), "threshold 1.5 here and 1.4 there"),
            (part("b.parquet", by=["gender"]), "groupings race here and gender there"),
            (part("b.parquet", distance=True), "distance False here and True there"),
        ):
            with pytest.raises(ScoreTableError, match=told):
                add_up([part("a.parquet"), other])
        with pytest.raises(ArgumentError, match="no part"):
            add_up([])


class TestRefusals:
    """What an audit in memory refuses."""

    @pytest.mark.parametrize("suffix", [".parquet", ".csv"])
    @pytest.mark.parametrize(
        "change",
        [
            {"genuine": "perhaps"},
            {"score": np.inf},
            {"probe_subject": ""},
            {"genuine": True, "probe_subject": "one", "reference_subject": "other"},
            {"probe_failure": "no face"},
        ],
    )
    def test_a_bad_row_is_told_in_the_same_words(self, tmp_path, suffix, change):
        """With the row's number in the file, however far down it is."""
        path, frame = tmp_path / f"t{suffix}", simulated().astype({"genuine": object}).assign(probe_failure="")
        for name, value in change.items():
            frame.loc[2500, name] = value
        frame = frame.astype({"genuine": str, "score": float})
        if suffix == ".csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, row_group_size=700)
        with pytest.raises(ScoreTableError) as expected:
            in_memory(path, by=["race"], at=1.5)
        with pytest.raises(ScoreTableError) as found:
            streamed(path, by=["race"], at=1.5)

        assert "row 2501" in str(found.value)
        assert str(found.value) == f"{path}: {expected.value}"

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"by": ["age"]}, "cannot be grouped by 'age'"),
            ({"by": ["race"], "at": 60.0}, "off the scale"),
            ({"by": ["race"], "at": float("nan")}, "NaN"),
            ({"by": ["race", "race"]}, "twice"),
        ],
    )
    def test_what_is_asked_amiss(self, table, more, told):
        """As in memory."""
        for audited in (in_memory, streamed):
            with pytest.raises((ArgumentError, ScoreTableError), match=told):
                audited(table, **{"at": 1.5, **more})

    def test_reversed_scores(self, tmp_path):
        """Distances that nobody called so, in the words of the audit in memory."""
        path = tmp_path / "t.parquet"
        frame = simulated()
        frame.assign(score=-frame["score"]).to_parquet(path)
        with pytest.raises(ScoreTableError) as expected:
            in_memory(path, by=[], at=0.5)
        with pytest.raises(ScoreTableError) as found:
            streamed(path, by=[], at=0.5)
        assert str(found.value) == str(expected.value)

    def test_rows_of_two_matchers(self, tmp_path):
        """In one block or far apart."""
        frame = simulated()
        ours, other = (Matcher("mtcnn", "box.v1", name, "ab12", "cosine.v1", "none") for name in ("ours", "other"))
        for number, (rows, size) in enumerate((((0, 10), 3000), ((0, 2000), 500))):
            path = tmp_path / f"{number}.parquet"
            mixed = stamped(frame, ours)
            mixed.loc[rows[1] :, "matcher"] = other.text
            mixed.to_parquet(path, row_group_size=size)
            with pytest.raises(MixedStampsError, match="other"):
                streamed(path, by=["race"], at=1.5)

    def test_files_that_are_no_one_table(self, tmp_path):
        """Missing, of another kind, an empty folder, other columns, no rows."""
        simulated().to_parquet(tmp_path / "a.parquet")
        simulated().drop(columns="probe_race").to_parquet(tmp_path / "b.parquet")
        simulated().head(0).to_csv(tmp_path / "c.csv", index=False)
        (tmp_path / "empty").mkdir()
        (tmp_path / "t.xlsx").touch()
        for names, told in (
            (["none.csv"], "no such file"),
            (["t.xlsx"], "read in one pass"),
            (["empty"], "holds no part"),
            (["a.parquet", "b.parquet"], "differ in the columns probe_race"),
            (["c.csv"], "no rows"),
        ):
            with pytest.raises(ScoreTableError, match=told):
                streamed(*(tmp_path / name for name in names), by=[], at=1.5)


def test_which_tables_are_read_in_one_pass(tmp_path, monkeypatch):
    """Folders, and tables of many rows; what cannot be read in blocks is not."""
    simulated().to_parquet(tmp_path / "a.parquet")
    (tmp_path / "t.xlsx").touch()

    assert not too_large([tmp_path / "a.parquet"])
    assert too_large([tmp_path])
    assert not too_large([tmp_path / "t.xlsx"])
    assert not too_large([tmp_path / "none.parquet"])
    monkeypatch.setattr("audits.verification.streamed.MOST_ROWS", 2999)
    assert too_large([tmp_path / "a.parquet"])

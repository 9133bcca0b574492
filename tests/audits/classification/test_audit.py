"""Classification: hand-worked tables, Gender Shades, fairlearn and scikit-learn as oracles, bad input."""

import math
from pathlib import Path

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from audits.classification.audit import audit_classification
from audits.statistics.contrasts import contrast
from audits.statistics.families import Least
from audits.statistics.intervals import estimate
from audits.tables.predictions import check_predictions, expand_counts, read_predictions
from facerec.errors import ArgumentError, ScoreTableError
from facerec.types import Rate

GENDER_SHADES = Path(__file__).parents[3] / "data" / "gender_shades" / "counts.csv"


def predictions(rows, columns=("label", "prediction", "gender", "skin", "subject")):
    """A table of predictions."""
    return pd.DataFrame(rows, columns=list(columns))


HAND_WORKED = predictions(
    [
        ["cat", "cat", "f", "dark", "1"],
        ["cat", "dog", "f", "dark", "1"],
        ["dog", "dog", "f", "light", "2"],
        ["dog", "cat", "m", "light", "3"],
        ["dog", "", "m", "light", "4"],
        ["cat", "cat", "", "light", "5"],
    ]
)


def random_table(seed=0, rows=400):
    """Predictions at random, right in four of five."""
    rng = np.random.default_rng(seed)
    label = rng.choice(["a", "b", "c"], rows)
    answer = np.where(rng.random(rows) < 0.8, label, rng.choice(["a", "b", "c"], rows))
    return pd.DataFrame(
        {
            "label": label,
            "prediction": answer,
            "gender": rng.choice(["f", "m"], rows),
            "race": rng.choice(list("xyz"), rows),
        }
    )


@pytest.fixture(scope="module")
def shades():
    """IBM's classifier, from the counts."""
    return audit_classification(read_predictions(GENDER_SHADES), by=["gender", "skin", "skin,gender"])


class TestHandWorked:
    """Every rate of a table of six rows."""

    @pytest.mark.parametrize(
        ("group", "rate", "of", "events", "trials"),
        [
            ("f", "accuracy", "", 2, 3),
            ("f", "error", "", 1, 3),
            ("f", "unanswered", "", 0, 3),
            ("f", "selection", "cat", 1, 3),
            ("f", "false_positive", "cat", 0, 1),
            ("f", "false_negative", "cat", 1, 2),
            ("f", "false_positive", "dog", 1, 2),
            ("m", "accuracy", "", 0, 2),
            ("m", "unanswered", "", 1, 2),
            ("m", "selection", "dog", 0, 2),
            ("m", "false_positive", "cat", 1, 2),
            ("m", "false_negative", "cat", 0, 0),
            ("m", "false_negative", "dog", 2, 2),
        ],
    )
    def test_counts(self, group, rate, of, events, trials):
        """No answer is an error, selects no class, and misses its own."""
        audit = audit_classification(HAND_WORKED, by=["gender"])

        found = audit.grouping("gender").group(group).rate(rate, of=of)

        assert (found.errors, found.trials) == (events, trials)

    def test_nothing_gets_lost(self):
        """People, rows without a label and intersections in which nobody is are all counted."""
        audit = audit_classification(HAND_WORKED, by=["gender", "gender,skin"])
        both = audit.grouping("gender,skin")

        assert audit.overall.predictions == 6
        assert audit.overall.subjects == 5
        assert audit.grouping("gender").unlabelled == 1
        assert audit.grouping("gender").labelled.predictions == 5
        assert [(g.group, g.predictions, g.subjects) for g in both.groups] == [
            ("f,dark", 2, 1),
            ("f,light", 1, 1),
            ("m,dark", 0, 0),
            ("m,light", 2, 2),
        ]

    def test_an_unmeasured_rate_is_nan_and_listed(self):
        """A group without cats has no false negative rate of cats, and is in no contrast about it."""
        audit = audit_classification(HAND_WORKED, by=["gender"], positive="cat").grouping("gender")

        assert math.isnan(audit.group("m").rate("false_negative", of="cat").value)
        assert audit.unmeasured == (("m", "false_negative of cat"),)
        assert not [entry for entry in audit.contrasts if entry.rate == "false_negative"]

    def test_fairlearn_would_call_it_zero(self):
        """The reason for rates of our own: fairlearn's rate without trials is 0.0, the best there is."""
        assert fairlearn.metrics.false_positive_rate([1, 1], [1, 0], pos_label=1) == 0.0

    def test_impact_ratio(self):
        """Selection rates of 1/3 and 1/2 have an impact ratio of 2/3."""
        worst = (
            audit_classification(HAND_WORKED, by=["gender"], least=Least(1, 1))
            .grouping("gender")
            .worst("selection", of="cat")
        )

        assert (worst.group, worst.reference) == ("f", "m")
        assert worst.contrast.ratio == pytest.approx(2 / 3)

    def test_people_in_several_groups_are_counted(self):
        """Groups such as light and dark photos of one person are not different people."""
        table = predictions(
            [["x", "x", "f", "dark", "1"], ["x", "x", "f", "light", "1"], ["x", "x", "f", "light", "2"]]
        )

        assert audit_classification(table, by=["skin"]).grouping("skin").shared_subjects == 1


class TestGenderShades:
    """The committed example."""

    @pytest.mark.parametrize(
        ("by", "group", "errors", "faces"),
        [
            ("skin,gender", "darker,female", 94, 271),
            ("skin,gender", "darker,male", 38, 318),
            ("skin,gender", "lighter,female", 21, 296),
            ("skin,gender", "lighter,male", 1, 385),
            ("gender", "female", 115, 567),
            ("gender", "male", 39, 703),
            ("skin", "darker", 132, 589),
            ("skin", "lighter", 22, 681),
        ],
    )
    def test_published_errors(self, shades, by, group, errors, faces):
        """Counts that reproduce every published rate, for groups and intersections."""
        found = shades.grouping(by).group(group).rate("error")

        assert (found.errors, found.trials) == (errors, faces)

    def test_published_percentages(self, shades):
        """12.1 % in all, and 34.7, 12.0, 7.1 and 0.3 % by intersection, within the rounding of print."""
        groups = shades.grouping("skin,gender").groups

        assert shades.overall.rate("error").value == pytest.approx(0.121, abs=6e-4)
        assert [g.rate("error").value for g in groups] == pytest.approx([0.347, 0.120, 0.071, 0.003], abs=6e-4)
        assert shades.rows_independent

    def test_the_card_of_the_data_shows_code_that_runs(self, monkeypatch, capsys):
        """The example on the card prints the counts of its own table."""
        card = (GENDER_SHADES.parent / "README.md").read_text(encoding="utf-8")
        monkeypatch.chdir(GENDER_SHADES.parents[2])

        exec(card.split("```python\n")[1].split("```")[0], {})

        printed = capsys.readouterr().out
        assert "darker,female 0.3469 (94/271" in printed
        assert all(f"| {number} |" in card for number in (271, 94, 318, 38, 296, 21, 385, 1))

    def test_the_worst_group_is_named(self, shades):
        """Darker women against lighter men: a difference of 34 points, for sure."""
        worst = shades.grouping("skin,gender").worst("error")

        assert (worst.group, worst.reference) == ("darker,female", "lighter,male")
        assert worst.contrast.difference == pytest.approx(94 / 271 - 1 / 385)
        assert worst.contrast.difference_interval.low > 0.25


class TestOracles:
    """Other people's code on tables without clusters and gaps."""

    def test_fairlearn_agrees_where_everything_is_measured(self):
        """Accuracy and selection rate by intersection, their difference and ratio."""
        table = random_table()
        frame = fairlearn.metrics.MetricFrame(
            metrics={
                "accuracy": lambda truth, answer: (truth == answer).mean(),
                "selection": lambda _, answer: (answer == "a").mean(),
            },
            y_true=table["label"],
            y_pred=table["prediction"],
            sensitive_features=table[["gender", "race"]],
        )
        ours = audit_classification(table, by=["gender,race"], positive="a").grouping("gender,race")

        for (gender, race), row in frame.by_group.iterrows():
            group = ours.group(f"{gender},{race}")
            assert group.rate("accuracy").value == pytest.approx(row["accuracy"])
            assert group.rate("selection", of="a").value == pytest.approx(row["selection"])
        worst = ours.worst("selection", of="a").contrast
        assert -worst.difference == pytest.approx(frame.difference()["selection"])
        assert worst.ratio == pytest.approx(frame.ratio()["selection"])

    def test_scikit_learn_agrees_on_false_positives_and_negatives(self):
        """One class against the others, by confusion matrix."""
        table = random_table(1)
        ours = audit_classification(table, by=["race"]).grouping("race")

        for race, rows in table.groupby("race"):
            tn, fp, fn, tp = confusion_matrix(rows["label"] == "b", rows["prediction"] == "b").ravel().tolist()
            group = ours.group(race)
            assert group.rate("false_positive", of="b").rate == Rate(fp, fp + tn)
            assert group.rate("false_negative", of="b").rate == Rate(fn, fn + tp)

    def test_microsofts_verification_notebook(self, data):
        """Decisions on 4,000 pairs as predictions: published false non-matches by race and gender, no false match."""
        raw = pd.read_csv(data / "rai_face_verification" / "face_verify_sample_rand_data.csv")
        table = raw.assign(
            label=raw["golden_label"].astype(str), prediction=(raw["matching_score"] >= 0.5).astype(int).astype(str)
        )

        found = audit_classification(table, by=["race,gender"], positive="1").grouping("race,gender")

        rates = [(g.group, g.rate("false_negative", of="1")) for g in found.groups]
        assert [(name, rate.errors, rate.trials) for name, rate in rates] == [
            ("Black,Female", 8, 511),
            ("Black,Male", 1, 519),
            ("White,Female", 8, 508),
            ("White,Male", 10, 510),
        ]
        assert sum(g.rate("false_positive", of="1").errors for g in found.groups) == 0
        worst = found.worst("false_negative", of="1")
        assert (worst.group, worst.reference) == ("White,Male", "Black,Male")
        assert worst.contrast.difference == pytest.approx(0.0177, abs=5e-5)


class TestClusters:
    """Rows of one person."""

    def test_repeated_rows_are_no_new_evidence(self):
        """Every row five times, all of the same person: the interval stays about that of the single rows."""
        single = random_table(2, 200).assign(subject=[str(n) for n in range(200)])
        fivefold = pd.concat([single] * 5)

        once = audit_classification(single, by=["gender"]).overall.rate("error")
        often = audit_classification(fivefold, by=["gender"]).overall.rate("error")

        assert often.trials == 1000
        assert often.effective_trials == pytest.approx(200, rel=0.1)
        assert often.interval.low == pytest.approx(once.interval.low, abs=0.005)

    def test_a_clean_group_borrows_the_dependence_of_all(self):
        """A group without errors is not worth all its rows where errors elsewhere come person by person."""
        rows = [["x", "y" if person < 5 else "x", "f", "d", f"f{person}"] for person in range(20) for _ in range(10)]
        rows += [["x", "x", "m", "d", f"m{person}"] for person in range(20) for _ in range(10)]

        men = audit_classification(predictions(rows), by=["gender"]).grouping("gender").group("m").rate("error")

        assert men.errors == 0
        assert men.effective_trials == pytest.approx(20)

    def test_a_named_subject_column(self):
        """The column of people may have any name; without one, rows are independent and the result says so."""
        table = HAND_WORKED.rename(columns={"subject": "who"})

        assert audit_classification(table, by=["gender"], subject="who").overall.subjects == 5
        assert audit_classification(table, by=["gender"]).overall.subjects is None
        assert audit_classification(table, by=["gender"]).rows_independent

    def test_the_order_of_rows_does_not_matter(self):
        """Shuffled rows give the same audit."""
        table = random_table(3).assign(subject=[str(n // 3) for n in range(400)])

        shuffled = table.sample(frac=1, random_state=0)

        assert (
            audit_classification(shuffled, by=["race"]).groupings == audit_classification(table, by=["race"]).groupings
        )


class TestContrasts:
    """Differences and ratios of two rates."""

    def test_newcombes_published_example(self):
        """56 of 70 against 48 of 80: 0.0524 … 0.3339 (Newcombe 1998, table II, method 10)."""
        found = contrast(estimate(Rate(56, 70)), estimate(Rate(48, 80)))

        assert found.difference_interval.low == pytest.approx(0.0524, abs=5e-5)
        assert found.difference_interval.high == pytest.approx(0.3339, abs=5e-5)

    def test_a_reference_without_errors_has_no_upper_bound(self):
        """Five errors against none: the ratio is infinite, its lower bound is not."""
        found = contrast(estimate(Rate(5, 50)), estimate(Rate(0, 50)))

        assert found.ratio == math.inf
        assert found.ratio_interval.high == math.inf
        assert 0 < found.ratio_interval.low < math.inf

    def test_swapping_mirrors(self):
        """The other way round the difference changes its sign and the ratio becomes its inverse."""
        one, other = estimate(Rate(5, 50)), estimate(Rate(12, 60))
        there, back = contrast(one, other), contrast(other, one)

        assert there.difference_interval.low == pytest.approx(-back.difference_interval.high)
        assert there.ratio_interval.low == pytest.approx(1 / back.ratio_interval.high)

    @pytest.mark.parametrize(("one", "other"), [(Rate(0, 0), Rate(1, 5)), (Rate(1, 5), Rate(0, 0))])
    def test_nothing_is_said_of_an_unmeasured_rate(self, one, other):
        """NaN throughout."""
        found = contrast(estimate(one), estimate(other))

        assert math.isnan(found.difference)
        assert math.isnan(found.ratio_interval.low)

    def test_two_rates_of_zero(self):
        """No errors on either side: the ratio is undefined, the difference 0, and neither excludes anything."""
        found = contrast(estimate(Rate(0, 50)), estimate(Rate(0, 50)))

        assert math.isnan(found.ratio)
        assert (found.ratio_interval.low, found.ratio_interval.high) == (0, math.inf)
        assert found.difference_interval.low < 0 < found.difference_interval.high

    def test_coverage(self):
        """Nominal 95 % intervals hold the truth in about 95 % of simulated tables."""
        rng = np.random.default_rng(0)
        inside = np.zeros(2)
        for x, y in zip(rng.binomial(150, 0.1, 1000), rng.binomial(200, 0.2, 1000), strict=True):
            found = contrast(estimate(Rate(int(x), 150)), estimate(Rate(int(y), 200)))
            inside += [
                found.difference_interval.low <= -0.1 <= found.difference_interval.high,
                found.ratio_interval.low <= 0.5 <= found.ratio_interval.high,
            ]

        assert (inside / 1000 > 0.935).all()
        assert (inside / 1000 < 0.97).all()


class TestReading:
    """Tables of predictions on disk."""

    def test_counts_become_rows(self, tmp_path):
        """A row that stands for three is three, one that stands for none is gone."""
        path = tmp_path / "counts.csv"
        path.write_text("label,prediction,count\na,a,3\nb,a,0\nb,b,1\n")

        assert read_predictions(path)["label"].tolist() == ["a", "a", "a", "b"]

    def test_parquet_and_csv_give_the_same(self, tmp_path):
        """The kind of file does not matter."""
        random_table().to_parquet(tmp_path / "t.parquet")
        random_table().to_csv(tmp_path / "t.csv", index=False)

        pd.testing.assert_frame_equal(
            read_predictions(tmp_path / "t.parquet"), read_predictions(tmp_path / "t.csv"), check_dtype=False
        )

    @pytest.mark.parametrize(
        ("name", "content", "match"),
        [
            ("t.dat", "label", r"ends in \.csv, .* or \.parquet"),
            ("missing.csv", None, "no such file"),
            ("missing.parquet", None, "no such file"),
            ("bad.parquet", "label,prediction", "cannot be read as Parquet"),
            ("t.csv", "label,count\na,-1\n", "row 1 is '-1'"),
            ("t.csv", "label,count\na,1\na,1.5\n", "row 2 is '1.5'"),
            ("t.csv", "label,count\na,many\n", "row 1 is 'many'"),
            ("t.csv", "label,count\na,0\n", "add up to 0"),
            ("t.csv", "label,count\na,50000001\n", "at most 50,000,000"),
        ],
    )
    def test_refuses(self, tmp_path, name, content, match):
        """Each kind of unusable file is told apart, with its path."""
        if content is not None:
            (tmp_path / name).write_text(content)

        with pytest.raises(ScoreTableError, match=match):
            read_predictions(tmp_path / name)

    def test_expanding_needs_counts(self):
        """Without the column there is nothing to expand."""
        with pytest.raises(ScoreTableError, match="no column count"):
            expand_counts(HAND_WORKED)


class TestCells:
    """Classes in several spellings, and columns that hold no classes."""

    @pytest.mark.parametrize(
        ("label", "prediction"),
        [
            ([1, 0, 0, 1], [1.0, 1.0, None, 1.0]),
            ([True, False, False, True], ["1", "1", "", "1"]),
            ([" yes", "no", "no", "yes"], ["yes ", "yes", None, "yes"]),
            (["TRUE", "FALSE", "FALSE", "TRUE"], [True, True, None, True]),
        ],
    )
    @pytest.mark.parametrize("door", ["memory", "csv", "parquet"])
    def test_equal_values_are_equal(self, tmp_path, label, prediction, door):
        """One error and one row without an answer, whatever the types and wherever the table comes from."""
        table = pd.DataFrame({"label": label, "prediction": prediction, "g": "x"})
        if door == "csv":
            table.to_csv(tmp_path / "t.csv", index=False)
            table = read_predictions(tmp_path / "t.csv")
        elif door == "parquet":
            table.to_parquet(tmp_path / "t.parquet")
            table = read_predictions(tmp_path / "t.parquet")

        overall = audit_classification(table, by=["g"]).overall

        assert (overall.rate("error").errors, overall.rate("unanswered").errors) == (2, 1)

    @pytest.mark.parametrize(
        ("prediction", "told"),
        [
            (["Cat", "Dog", "Dog", "Cat"], "only the case of letters differs.*--label, --prediction"),
            ([0.9, 0.25, 0.5, 0.75], "probabilities, not classes; .*--prediction"),
            (["fish", "", "fish", "fish"], r"no class of prediction \('fish'\) is one of label \('cat', 'dog'\)"),
            ([None] * 4, "empty in every row"),
        ],
    )
    def test_columns_that_hold_no_classes(self, prediction, told):
        """Every row would be wrong; the error names the option."""
        table = pd.DataFrame({"label": ["cat", "dog", "dog", "cat"], "prediction": prediction, "g": "x"})

        with pytest.raises(ScoreTableError, match=told):
            audit_classification(table, by=["g"])

    def test_classes_on_one_side_and_twins_are_named(self):
        """Nothing is refused for it."""
        table = pd.DataFrame({"label": ["cat", "cow", "cat"], "prediction": ["cat", "Cat", "cat"], "g": "x"})

        assert audit_classification(table, by=["g"]).notes == (
            "the class 'Cat' occurs only as a prediction",
            "the class 'cow' occurs only as a label",
            "'Cat' and 'cat' are counted as different classes, though only the case of letters differs",
        )

    def test_classes_that_look_alike_are_named_with_their_code_points(self):
        """The reader sees one name twice."""
        table = pd.DataFrame({"label": ["cat", "dog"], "prediction": ["c\u0430t", "dog"], "g": "x"})

        (*_, told) = audit_classification(table, by=["g"]).notes

        assert told.startswith("'cat' (a is U+0061) and 'c\u0430t' (\u0430 is U+0430) look alike")

    def test_without_truth_selection_is_measured(self):
        """The rates are those of the audit with labels, and no other stands there."""
        known = audit_classification(HAND_WORKED, by=["gender"], positive="cat").grouping("gender")

        found = audit_classification(HAND_WORKED, by=["gender"], label=None, positive="cat")

        assert found.headline == ("selection", "cat")
        assert [(e.rate, e.of) for e in found.overall.rates] == [("unanswered", ""), ("selection", "cat")]
        for group in found.grouping("gender").groups:
            assert group.rate("selection", of="cat") == known.group(group.group).rate("selection", of="cat")


class TestFrames:
    """Results as users of fairlearn expect them."""

    def test_by_group_is_that_of_fairlearn(self):
        """The same index and values, for one attribute and for an intersection."""
        table = random_table(5)
        for by in (["gender"], ["gender", "race"]):
            theirs = fairlearn.metrics.MetricFrame(
                metrics={"accuracy": lambda truth, answer: (truth == answer).mean()},
                y_true=table["label"],
                y_pred=table["prediction"],
                sensitive_features=table[by],
            ).by_group["accuracy"]

            ours = audit_classification(table, by=[",".join(by)]).by_group["accuracy"]

            pd.testing.assert_series_equal(ours, theirs, check_dtype=False, check_index_type=False)

    def test_every_rate_with_its_interval(self):
        """One row per group and rate, everybody first; several groupings side by side."""
        audit = audit_classification(HAND_WORKED, by=["gender", "skin"], positive="cat")
        frame = audit.to_frame()

        assert frame.iloc[0][["by", "group", "rate"]].tolist() == ["", "", "accuracy"]
        row = frame[(frame["group"] == "f") & (frame["rate"] == "false_negative of cat")].iloc[0]
        assert (row["errors"], row["trials"], row["value"]) == (1, 2, 0.5)
        assert row["low"] < 0.5 < row["high"]
        assert audit.by_group.index.tolist() == [("gender", "f"), ("gender", "m"), ("skin", "dark"), ("skin", "light")]

    def test_what_is_printed_is_a_line(self):
        """Of the audit and of a grouping."""
        audit = audit_classification(random_table(), by=["gender,race", "race"])

        assert len(repr(audit)) < 500
        assert "by race: x, y, z" in repr(audit.grouping("race"))


class TestBadInput:
    """One test per line of Raises."""

    @pytest.mark.parametrize(
        ("table", "match"),
        [
            (HAND_WORKED.drop(columns="label"), "lacks label"),
            (HAND_WORKED.iloc[:0], "no rows"),
            (pd.concat([HAND_WORKED, HAND_WORKED["label"]], axis=1), "column twice: label"),
            (HAND_WORKED.assign(label=["", *HAND_WORKED["label"][1:]]), "label in row 1 is empty"),
            (HAND_WORKED.assign(subject=[*HAND_WORKED["subject"][:5], ""]), "subject in row 6 is empty"),
            (HAND_WORKED.assign(gender=""), "no row has a label"),
            (HAND_WORKED.drop(columns="gender"), "gender"),
        ],
    )
    def test_unusable_tables(self, table, match):
        """The message names the column and the row."""
        with pytest.raises(ScoreTableError, match=match):
            audit_classification(table, by=["gender"])

    @pytest.mark.parametrize(
        ("options", "error", "match"),
        [
            ({"positive": "bird"}, ArgumentError, "cat, dog; got 'bird'"),
            ({"by": "gender"}, ArgumentError, "list of groupings"),
            ({"by": ["gender", "gender"]}, ArgumentError, "stands twice"),
            ({"by": ["gender,gender"]}, ArgumentError, "different attributes"),
            ({"confidence": 1.0}, ArgumentError, "between 0 and 1"),
            ({"subject": "who"}, ScoreTableError, "lacks who"),
        ],
    )
    def test_unusable_options(self, options, error, match):
        """An option out of range is refused before anything is counted."""
        with pytest.raises(error, match=match):
            audit_classification(HAND_WORKED, **({"by": ["gender"]} | options))

    def test_unknown_names(self):
        """Looking up what is not there says what is."""
        audit = audit_classification(HAND_WORKED, by=["gender"])

        with pytest.raises(ArgumentError, match="there are gender"):
            audit.grouping("race")
        with pytest.raises(ArgumentError, match="there are f, m"):
            audit.grouping("gender").group("x")
        with pytest.raises(ArgumentError, match="there is no rate"):
            audit.overall.rate("selection", of="bird")
        with pytest.raises(ArgumentError, match="fewer than two groups"):
            audit.grouping("gender").worst("selection", of="bird")

    def test_checked_tables_are_text(self):
        """Whole numbers read as floats keep no decimal point."""
        checked = check_predictions(
            pd.DataFrame({"label": [1.0], "prediction": [2]}), label="label", prediction="prediction"
        )

        assert checked.iloc[0].tolist() == ["1", "2"]

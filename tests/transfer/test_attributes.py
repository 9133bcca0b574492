"""Labelled faces by transfer: reading FairFace's format, comparing groups, the verdict, and the command as a whole."""

import json

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from typer.testing import CliRunner

from facerec.cli.app import app
from facerec.errors import ArgumentError, DataSetError
from facerec.transfer.attributes.fairface import read_fairface
from facerec.transfer.attributes.groups import codes_of, compare_gaps, compare_in_groups, group_gap
from facerec.transfer.attributes.predictions import prediction_table
from facerec.transfer.cells import Cell, Outcome

ONE, OTHER = ("one", "linear"), ("other", "linear")


def make_fairface(folder, name="fairface_label_val.csv", *, photos=48, columns=("age", "gender", "race"), seed=0):
    """Coloured squares: red ones are labelled Female, blue ones Male; two races and two ages in turn."""
    random = np.random.default_rng(seed)
    (folder / name[:-4]).mkdir(parents=True)
    rows = []
    for number in range(photos):
        female = number % 2 == 0
        colour = np.array([200, 60, 60] if female else [60, 60, 200])
        pixels = np.clip(colour + random.integers(-40, 40, (40, 40, 3)), 0, 255).astype(np.uint8)
        file = f"{name[:-4]}/{number}.png"
        PIL.Image.fromarray(pixels).save(folder / file)
        row = {
            "age": "more than 70" if number % 4 < 2 else "3-9",
            "gender": "Female" if female else "Male",
            "race": "Black" if number % 3 else "White",
        }
        rows.append({"file": file} | {column: row[column] for column in columns})
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    return folder


def made_outcome(predicted, seed):
    """An outcome that says `predicted` of two classes."""
    scores = np.eye(2, dtype=np.float32)[np.asarray(predicted)]
    return Outcome(Cell("one", "linear", None, seed), "none", scores, 1, 1, 1.0, 1.0, 1, 1, 1, 1)


class TestReading:
    """FairFace's format as an image set."""

    def test_a_folder_and_its_csv_file_are_the_same_faces(self, tmp_path):
        """The folder's label file is found by its name."""
        folder = make_fairface(tmp_path)

        by_folder = read_fairface(folder, attribute="gender")

        assert by_folder.digests == read_fairface(folder / "fairface_label_val.csv", attribute="gender").digests
        assert by_folder.classes == ("Female", "Male")
        assert set(by_folder.columns) == {"age", "gender", "race"}
        assert [by_folder.classes[label] for label in by_folder.labels] == list(by_folder.columns["gender"])

    def test_ages_are_in_ascending_order(self, tmp_path):
        """The classes of age are numbers, and not words."""
        assert read_fairface(make_fairface(tmp_path), attribute="age").classes == ("3-9", "more than 70")

    def test_both_label_files_are_train_and_test(self, tmp_path):
        """FairFace's own parts are kept: validation is what others report on."""
        make_fairface(tmp_path, "fairface_label_train.csv")
        make_fairface(tmp_path, photos=12, seed=1)

        found = read_fairface(tmp_path, attribute="gender")

        assert (found.parts.count("train"), found.parts.count("test")) == (48, 12)

    def test_a_missing_column_is_named(self, tmp_path):
        """Without race nothing could be judged by it."""
        make_fairface(tmp_path, columns=("age", "gender"))

        with pytest.raises(DataSetError, match=r"lacks the column race; FairFace's format has file, age, gender, race"):
            read_fairface(tmp_path, attribute="gender")

    def test_ages_that_a_spreadsheet_mangled_are_refused(self, tmp_path):
        """10-19 becomes Oct-19 when the file is saved by a spreadsheet."""
        path = make_fairface(tmp_path) / "fairface_label_val.csv"
        path.write_text(path.read_text().replace("3-9", "03-Sep"))

        with pytest.raises(DataSetError, match=r"the age '03-Sep' is what a spreadsheet makes of 3-9"):
            read_fairface(path, attribute="gender")

    def test_a_folder_without_label_files_and_another_attribute_are_refused(self, tmp_path):
        """What was expected stands in the message; race is no attribute to learn."""
        with pytest.raises(DataSetError, match=r"holds neither fairface_label_train.csv nor"):
            read_fairface(tmp_path, attribute="gender")
        with pytest.raises(ArgumentError, match="gender or age; got 'race'"):
            read_fairface(tmp_path, attribute="race")

    def test_a_photo_without_a_label_is_left_out_visibly(self, tmp_path):
        """It is counted with its reason."""
        path = make_fairface(tmp_path) / "fairface_label_val.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([*lines[:-1], lines[-1].replace("Male", "")]) + "\n")

        found = read_fairface(path, attribute="gender")

        assert [(len(found), [each.reason for each in found.left_out])] == [(47, ["its gender is empty"])]


class TestGroups:
    """Gaps between groups, and chance."""

    def test_the_gap_is_that_of_the_errors(self):
        """By hand: 1 of 4 wrong in a, 3 of 4 in b, 2 of 4 in c."""
        correct = np.array([[True, True, True, False, True, False, False, False, True, True, False, False]])

        found = group_gap(ONE, correct, np.repeat([0, 1, 2], 4), ["a", "b", "c"])

        assert (found.worst, found.best, found.worst_error, found.best_error, found.gap) == ("b", "a", 0.75, 0.25, 0.5)
        assert found.p_value > 0.2

    def test_equal_groups_seldom_seem_different(self):
        """Under equal error rates p-values are uniform: about one of twenty is below 5 %."""
        random = np.random.default_rng(3)
        codes = np.repeat(np.arange(6), 40)
        p_values = [group_gap(ONE, random.random((1, 240)) < 0.8, codes, list("abcdef")).p_value for _ in range(12)]

        assert sum(p_value < 0.05 for p_value in p_values) <= 3
        assert max(p_values) > 0.5

    def test_a_method_against_itself_differs_by_nothing(self):
        """The same photos are drawn for both."""
        correct = np.random.default_rng(0).random((2, 90)) < 0.7
        codes = np.repeat(np.arange(3), 30)

        worst, gap = compare_gaps([(ONE, correct), (OTHER, correct)], codes, list("abc"))

        for change in (*worst, *gap):
            assert (change.difference, change.interval.low, change.interval.high, change.adjusted) == (0, 0, 0, 1)

    def test_a_closed_gap_is_found(self):
        """One method fails in one group, the other does not."""
        codes = np.repeat(np.arange(2), 200)
        random = np.random.default_rng(1)
        fair = random.random((1, 400)) < 0.9
        unfair = fair & ~((codes == 1) & (random.random(400) < 0.5))

        (worst,), (gap,) = compare_gaps([(ONE, unfair), (OTHER, fair)], codes, ["a", "b"])
        by_group = compare_in_groups((ONE, unfair), (OTHER, fair), codes, ["a", "b"])

        assert all(each.distinguishable for each in (worst, gap))
        assert gap.difference > 0.3
        assert [each.distinguishable for each in by_group] == [False, True]
        assert by_group[1].difference == pytest.approx((fair & ~unfair)[0, 200:].mean())

    def test_a_group_without_photos_is_refused(self):
        """It would be the best or the worst by nothing."""
        with pytest.raises(ArgumentError, match="two groups or more, each with a photo"):
            group_gap(ONE, np.ones((1, 4), bool), np.zeros(4, np.int64), ["a", "b"])

    def test_codes_are_those_of_sorted_names(self):
        """The inverse gives the labels again."""
        codes, names = codes_of(["m,x", "f,x", "m,x"])

        assert [names[code] for code in codes] == ["m,x", "f,x", "m,x"]


def test_predictions_have_a_row_per_photo_and_seed(tmp_path):
    """The audit's table: two seeds, photos by name or by number, and the groups beside them."""
    faces = read_fairface(make_fairface(tmp_path, photos=12), attribute="gender")
    test = np.array([1, 3, 4])
    outcomes = [made_outcome([0, 1, 1], seed=1), made_outcome([1, 1, 0], seed=0)]

    table = prediction_table(faces, test, outcomes)

    assert table["seed"].tolist() == ["0", "0", "0", "1", "1", "1"]
    assert table["prediction"].tolist() == ["Male", "Male", "Female", "Female", "Male", "Male"]
    assert table["label"].tolist() == ["Male", "Male", "Female"] * 2
    assert table["subject"].tolist() == [faces.files[place] for place in test] * 2
    assert table["race"].tolist() == [faces.columns["race"][place] for place in test] * 2
    assert prediction_table(faces, test, outcomes, named=False)["subject"].tolist() == ["1", "2", "3"] * 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of the command on made faces, with two networks of random weights, probed."""
    folder = tmp_path_factory.mktemp("faces")
    make_fairface(folder / "data", photos=32)
    arguments = ["transfer", "faces", "--data", str(folder / "data"), "--out", str(folder / "out"), "--seeds", "1"]
    arguments += ["--backbone", "mobilenet_v3_small.none,dlib_resnet.none", "--protocol", "linear", "--device", "cpu"]
    arguments += ["--labels-from", "the colour", "--publish", "--json"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    return folder / "out", json.loads(found.stdout), arguments


class TestCommand:
    """``facerec transfer faces`` as a whole."""

    def test_every_method_is_judged_by_race_and_gender(self, run):
        """Four groups with their counts, which add up to everybody."""
        _, document, _ = run

        assert [each["protocol"] for each in document["methods"]] == ["linear", "linear"]
        for each in document["methods"]:
            assert sorted(each["groups"]) == ["Black,Female", "Black,Male", "White,Female", "White,Male"]
            answers = sum(group["answers"] for group in each["groups"].values())
            wrong = sum(group["wrong"] for group in each["groups"].values())
            assert each["wrong"] == pytest.approx(wrong / answers)

    def test_the_report_says_what_it_is_for_and_shows_no_photo(self, run):
        """The warning is the first thing on the page; where labels come from is stated."""
        out, _, _ = run
        text = (out / "report.md").read_text(encoding="utf-8")
        page = json.loads((out / "report.json").read_text(encoding="utf-8"))

        assert "not an intended use" in page["lead"][0]["text"]
        assert "as stated for this run: the colour" in text
        assert not [block for section in page["sections"] for block in section["blocks"] if block["type"] == "picture"]
        assert "fairface_label_val/" not in text + (out / "run.json").read_text(encoding="utf-8")

    def test_the_tables_agree_with_the_audit_of_the_predictions(self, run):
        """What `facerec audit classification` says of the written table is what the report says."""
        out, document, _ = run
        best = document["methods"][0]
        predictions = out / "predictions" / f"{best['backbone']}-{best['protocol']}.csv"
        arguments = ["audit", "classification", str(predictions), "--by", "race,gender", "--json"]

        audit = json.loads(CliRunner().invoke(app, arguments).stdout)

        found = {
            group["group"]: next(rate["counted"] for rate in group["rates"] if rate["rate"] == "error")
            for group in audit["groups"]["race,gender"]
        }
        assert found == {name: group["wrong"] for name, group in best["groups"].items()}

    def test_the_table_of_groups_runs_no_formula_and_predictions_keep_their_labels(self, tmp_path):
        """An apostrophe stands before such a label in the table for people, and not in what an audit reads again."""
        labels = make_fairface(tmp_path / "data", photos=32) / "fairface_label_val.csv"
        hostile = '=HYPERLINK("x")'
        pd.read_csv(labels).replace({"race": {"Black": hostile}}).to_csv(labels, index=False)
        arguments = ["transfer", "faces", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
        arguments += [
            "--backbone",
            "mobilenet_v3_small.none",
            "--protocol",
            "linear",
            "--seeds",
            "1",
            "--device",
            "cpu",
        ]

        found = CliRunner().invoke(app, arguments)

        assert found.exit_code == 0, found.output
        groups = set(pd.read_csv(tmp_path / "out" / "groups.csv", dtype=str)["group"])
        assert {name for name in groups if "HYPERLINK" in name} == {f"'{hostile},Female", f"'{hostile},Male"}
        (predictions,) = (tmp_path / "out" / "predictions").glob("*.csv")
        assert set(pd.read_csv(predictions, dtype=str)["race"]) == {hostile, "White"}

    def test_a_run_that_is_repeated_says_the_same(self, run):
        """Nothing is measured again, and the bytes of the report are the same."""
        out, document, arguments = run
        before = (out / "groups.csv").read_bytes()

        again = CliRunner().invoke(app, arguments)

        assert json.loads(again.stdout) == document
        assert (out / "groups.csv").read_bytes() == before

    def test_random_weights_are_not_fine_tuned(self, tmp_path, run):
        """From scratch is a protocol of its own; a frozen batch norm of random statistics would be no control."""
        data = str(run[0].parent / "data")
        arguments = ["transfer", "faces", "--data", data, "--out", str(tmp_path / "o"), "--protocol", "fine-tune"]

        found = CliRunner().invoke(app, [*arguments, "--backbone", "efficientnet_lite0.none", "--device", "cpu"])

        assert isinstance(found.exception, ArgumentError)
        assert "there is nothing to fine-tune" in str(found.exception)

"""The report of a run: what it says first, what it never leaves out, and what it leaves out when it is passed on."""

import json

import numpy as np
import pytest

from facerec.transfer.figures import MOST_CLASSES, confusion_counts, confusion_figure
from facerec.transfer.report import report_page, write_report
from facerec.transfer.verdict import judge

WARNING = "made flowers is a subset of ImageNet: the network has seen these photos."


@pytest.fixture(scope="module")
def bench(tmp_path_factory, make_bench_in):
    """A run with a leakage warning."""
    return make_bench_in(tmp_path_factory.mktemp("bench"), warnings=(WARNING,))


@pytest.fixture(scope="module")
def findings(bench):
    """What it says."""
    return judge(bench)


@pytest.fixture(scope="module")
def local(bench, findings, tmp_path_factory):
    """The report with photos."""
    return write_report(bench, findings, tmp_path_factory.mktemp("local"))


def test_the_verdict_says_what_pre_training_buys(findings):
    """In points, with both accuracies, an interval and an adjusted p-value."""
    first = next(each.plain for each in findings.sentences if "pre-training" in each.plain)

    assert first.startswith("With all photos pre-training buys")
    for part in ("from scratch", "95 %", "adjusted p"):
        assert part in first


def test_marks_stand_in_place_of_a_bold_maximum(findings):
    """One best per number of shots; near ones are not distinguishable, far ones worse."""
    marks = {(each.shots, each.protocol): mark for each, mark in zip(findings.summaries, findings.marks, strict=True)}

    assert sum(mark == "best" for mark in marks.values()) == 3
    assert marks[None, "scratch"] == "worse"
    assert "not distinguishable" in marks.values()


def test_random_weights_buy_nothing(make_bench):
    """Where no weights were loaded, nothing is said about pre-training."""
    from dataclasses import replace

    bench = make_bench()
    random = replace(bench, backbones=tuple(replace(each, weights_sha256=None) for each in bench.backbones))

    assert not any("pre-training" in each.plain for each in judge(random).sentences)


def test_the_majority_class_is_counted_on_the_test_part(bench, findings):
    """Of balanced classes always answering one is right for a third."""
    assert findings.majority.trials == len(bench.labels)
    assert findings.majority.value == pytest.approx(1 / 3)


def test_the_warning_stands_wherever_results_do(local):
    """In the page, in Markdown and in JSON, before the first number and under the table."""
    for path in (local.html, local.markdown, local.json):
        text = path.read_text(encoding="utf-8")
        assert text.count("is a subset of ImageNet") >= 3
        assert text.index("is a subset of ImageNet") < text.index("pre-training buys")


def test_every_part_is_there(local):
    """Table, curves, cost, confusion, worst photos, calibration, plan and provenance."""
    html = local.html.read_text(encoding="utf-8")

    for part in ("most frequent class", "Accuracy against photos", "Accuracy against cost", "Learning curves"):
        assert part in html
    for part in ("Who is taken for whom", "ECE", "NLL", "SHA-256", "0123abcd" * 8, "McNemar", "Holm"):
        assert part in html
    assert html.count('<img src="data:image/svg') >= 4
    assert html.count('<img src="data:image/jpeg') == 6


def test_calibration_is_in_the_json(local):
    """A program finds ECE and NLL of every method."""
    sections = json.loads(local.json.read_text(encoding="utf-8"))["sections"]
    table = next(each for each in sections if each["title"] == "Calibration")["blocks"][0]

    assert [column["name"] for column in table["columns"]][-2:] == ["ECE", "NLL"]
    assert len(table["rows"]) == 13  # scratch once


def test_a_published_report_holds_no_photo_and_no_name(bench, findings, tmp_path):
    """Photos of an earlier local report go, too."""
    write_report(bench, findings, tmp_path)
    (tmp_path / "notes.jpeg").write_bytes(b"mine")

    written = write_report(bench, findings, tmp_path, publish=True)

    html = written.html.read_text(encoding="utf-8")
    assert html.count("<img") == html.count("data:image/svg")
    assert not [name for name in bench.image_set.files if name in html]
    assert str(bench.image_set.root) not in html
    assert {path.suffix for path in tmp_path.glob("report-figure-*")} == {".svg"}
    assert (tmp_path / "notes.jpeg").exists()


def test_the_same_run_makes_the_same_report(bench, findings, local, tmp_path):
    """Byte for byte."""
    assert write_report(bench, findings, tmp_path).html.read_bytes() == local.html.read_bytes()


def test_one_method_alone(make_bench):
    """There is nothing to compare, and the page says so."""
    bench = make_bench(seeds=1, protocols=("linear",))

    titles = {section.title: section for section in report_page(bench, judge(bench)).sections}

    assert "nothing was compared" in titles["Comparisons"].blocks[0].content
    assert "Learning curves" not in titles


def test_the_confusion_matrix_counts_every_photo(bench):
    """Rows sum to the photos of a class, the diagonal to the right answers."""
    outcome = bench.measured.outcomes[0]

    counts = confusion_counts(outcome, bench.labels, 3)

    assert counts.sum(axis=1).tolist() == np.bincount(bench.labels).tolist()
    assert np.trace(counts) == outcome.accuracy(bench.labels).errors


def test_many_classes_are_not_drawn(bench):
    """A matrix of more than fifteen classes cannot be read."""
    many = [f"class {number}" for number in range(MOST_CLASSES + 1)]

    assert confusion_figure(bench.measured.outcomes[0], bench.labels, many) is None


def many_networks(make_bench, count):
    """A run over some networks, whose published top-1 grows with their number."""
    from dataclasses import replace

    bench = make_bench(seeds=2, protocols=("linear", "fine-tune"))
    outcomes = [
        replace(each, cell=replace(each.cell, backbone=f"net{number}"), scores=np.roll(each.scores, number, axis=0))
        for number in range(count)
        for each in bench.measured.outcomes
    ]
    measured = replace(bench.measured, outcomes=tuple(outcomes))
    return replace(bench, measured=measured, top1={f"net{number}": 60.0 + number for number in range(count)})


def test_networks_are_drawn_against_their_top1(make_bench):
    """From two networks on; a correlation is stated from six on, for each of the two protocols."""
    for count, said in ((1, None), (3, "3 networks are too few"), (6, "over 6 networks")):
        bench = many_networks(make_bench, count)
        page = {section.title: section for section in report_page(bench, judge(bench)).sections}
        found = page.get("Accuracy against the top-1 on ImageNet")

        assert (found is None) == (said is None)
        if found is not None:
            figure, text = found.blocks
            assert list(figure.data["linear top-1"]) == [60.0 + number for number in range(count)]
            assert len(figure.data["fine-tune accuracy"]) == count
            assert said in text.content
    assert text.content.count("over 6 networks") == 2


def test_a_difference_says_on_which_seeds_it_was_paired(make_bench):
    """Scratch has one seed and the others three: its row says that its difference rests on one."""
    bench = make_bench()
    findings = judge(bench)

    (table,) = next(each for each in report_page(bench, findings).sections if each.title == "Results").blocks
    names = [column.name for column in table.columns]
    rows = {(row[0], row[1]): dict(zip(names, row, strict=True)) for row in table.rows}

    assert rows["all photos", "scratch"]["seeds"] == 1
    assert "on\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}seed" in rows["all photos", "scratch"]["against the best"]
    others = [row for (shots, name), row in rows.items() if shots == "all photos" and name != "scratch"]
    told = [row["against the best"] for row in others]
    assert told[0] == "best"
    assert all(each.endswith("on\N{NO-BREAK SPACE}3\N{NO-BREAK SPACE}seeds") for each in told[1:])
    assert rows["all photos", "scratch"]["against the best"].startswith("worse: −")
    assert all(0 < row["corrupted"] < 1 for row in rows.values())


def test_lp_ft_and_fine_tuning_are_compared_on_corrupted_photos(make_bench):
    """The verdict says what training the network costs there."""
    findings = judge(make_bench())

    said = [each.plain for each in findings.sentences if each.plain.startswith("On corrupted test photos")]
    assert len(said) == 1  # lp-ft was not measured
    assert "fine-tuning against a linear probe" in said[0]

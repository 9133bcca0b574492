"""The report of a run: what it says first, what it never leaves out, and what it leaves out when it is passed on."""

import io
import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

from facerec.photos.left_out import LeftOut
from facerec.reporting import Facts, Figure, SideBySide, Table, plain, write_number
from facerec.transfer.cell_queue import Unmeasured
from facerec.transfer.cells import Cell
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
    assert html.count('role="img"') >= 5
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
    assert "<img" not in html
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


def blocks_of(bench, title, **options):
    """The blocks of one section of a run's report."""
    return next(each for each in report_page(bench, judge(bench), **options).sections if each.title == title).blocks


def lines_of(table):
    """A table's rows as dictionaries by the names of the columns."""
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


GRID = {
    Cell("net", protocol, shots, seed): (
        70 + 10 * place + 3 * seed - (20 if shots else 0),
        40 + (0, 1, 12)[place] + seed,
    )
    for place, protocol in enumerate(("knn", "linear", "fine-tune"))
    for shots in (5, None)
    for seed in (0, 1)
}


@pytest.fixture
def grid(make_bench_with):
    """Three methods, two numbers of shots, two seeds; every cell has costs of its own."""
    return make_bench_with(GRID)


def own(bench, row, name="method"):
    """The outcomes of a row, by seed."""
    shots = {"all photos": None, "5 shots": 5}[row["learned from"]]
    found = [each for each in bench.measured.outcomes if (each.cell.protocol, each.cell.shots) == (row[name], shots)]
    assert [each.cell.seed for each in found] == [0, 1]
    return found


def test_every_accuracy_of_the_table_is_counted(grid):
    """Mean over seeds as they are and corrupted, the interval around it, the difference from the best of its shots."""
    findings = judge(grid)
    (table,) = blocks_of(grid, "Results")
    *rows, last = lines_of(table)

    assert len(rows) == 6
    best = {}
    for place, (row, summary) in enumerate(zip(rows, findings.summaries, strict=True)):
        counts = [GRID[each.cell] for each in own(grid, row, "protocol")]
        accuracy, corrupted = np.mean(counts, axis=0) / 120
        first = best.setdefault(row["learned from"], accuracy)
        assert row["seeds"] == 2
        assert row["accuracy"] == pytest.approx(accuracy)
        assert row["corrupted"] == pytest.approx(corrupted)
        assert row["95 %"] == summary.accuracy.interval()
        assert row["95 %"].low < accuracy < row["95 %"].high
        points = f"{100 * (accuracy - first):+.1f} on".replace("-", "−")
        assert (row["against the best"] == "best") == (accuracy == first) == (place in table.strong)
        assert accuracy == first or f": {points}" in row["against the best"]
    assert last["protocol"] == "most frequent class"
    assert (last["accuracy"], last["corrupted"], last["seeds"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3), None)
    assert last["95 %"] == findings.majority.interval()
    assert any("Always answering daisy" in note and "evenly gives 33.3" in note for note in table.notes)


def test_every_cost_of_the_table_is_that_of_its_cells(grid):
    """Photos, multiply-adds and seconds alone of a cell, seconds here of all of them, the most memory of any."""
    _, table = blocks_of(grid, "Accuracy against cost")
    rows = lines_of(table)

    assert len(rows) == 6
    for row in rows:
        one, two = own(grid, row)
        assert row["photos"] == one.train_photos
        assert row["parameters"] == one.parameters
        assert row["MACs to learn"] == (one.learning_macs + two.learning_macs) // 2
        assert row["time alone"] == pytest.approx((one.alone_seconds + two.alone_seconds) / 2)
        assert row["time here"] == pytest.approx(one.own_seconds + two.own_seconds)
        assert row["peak bytes"] == max(one.peak_memory, two.peak_memory)
    assert len({tuple(row.values()) for row in rows}) == 6


def test_calibration_is_the_mean_over_seeds(grid):
    """Of the error and of the log-likelihood of each seed's probabilities."""
    (table,) = blocks_of(grid, "Calibration")
    labels, places = grid.labels, np.arange(120)

    for row in lines_of(table):
        nll = [-np.log(each.scores[places, labels].astype(float)).mean() for each in own(grid, row)]
        gaps = []
        for each in own(grid, row):
            sure, right = each.scores.max(1).astype(float), each.scores.argmax(1) == labels
            bins = [(sure >= low / 15) & (sure < (low + 1) / 15) for low in range(15)]
            gaps.append(sum(abs((right[here] - sure[here]).sum()) for here in bins) / 120)
        assert row["NLL"] == pytest.approx(np.mean(nll), rel=1e-5)
        assert row["ECE"] == pytest.approx(np.mean(gaps), rel=1e-5)
        assert row["seeds"] == 2
    assert "guessing gives 1.099" in table.notes[0]


def test_every_pair_of_the_tables_is_a_comparison(grid):
    """One table of the photos as they are and one of them corrupted; both p-values; yes where they are told apart."""
    findings = judge(grid)
    tables = blocks_of(grid, "Comparisons")

    assert [table.caption.endswith("corrupted") for table in tables] == [False, True]
    for place, (table, compared) in enumerate(zip(tables, (findings.comparisons, findings.corrupted), strict=True)):
        rows = lines_of(table)
        assert len(rows) == 6
        for row, each in zip(rows, compared, strict=True):
            gap = [np.mean([GRID[o.cell][place] for o in own(grid, row, name)]) for name in ("method", "against")]
            assert row["points, 95 %"].startswith(f"{100 * (gap[0] - gap[1]) / 120:+.1f} (")
            assert (row["p"], row["p adjusted"]) == (each.p_value, each.adjusted)
            assert row["p"] <= row["p adjusted"]
            assert row["distinguishable"] == ("yes" if each.adjusted < 0.05 else "no")
            assert row["seeds"] == 2
    assert {row["distinguishable"] for table in tables for row in lines_of(table)} == {"yes", "no"}


def test_mistakes_are_the_best_methods_with_the_most_photos(grid):
    """Of its first seed: the confusion of that cell, six photos at most by name, and none of them when passed on."""
    best = next(each for each in grid.measured.outcomes if each.cell == Cell("net", "fine-tune", None, 0))
    figure, _, *rows_of_three, table = blocks_of(grid, "Mistakes")
    published = blocks_of(grid, "Mistakes", publish=True)

    assert plain(str(best.cell)) in table.caption
    counts = np.array([figure.data[f"right: {name}"] for name in grid.image_set.classes])
    assert counts.tolist() == confusion_counts(best, grid.labels, 3).tolist()
    assert [len(each.items) for each in rows_of_three] == [3, 3]
    for row in lines_of(table):
        photo = grid.image_set.files.index(row["photo"])
        scores = best.scores[photo]
        assert row["right class"] == grid.image_set.classes[grid.labels[photo]]
        assert row["answer"] == grid.image_set.classes[scores.argmax()]
        assert row["its probability"] == pytest.approx(scores.max())
        assert row["the right one's"] == pytest.approx(scores[grid.labels[photo]])
    assert table.notes == ()
    assert published[1].notes == ("Photos and their names are left out of a report that is passed on.",)
    assert [type(each) for each in published] == [Figure, Table]
    assert not any(isinstance(each, SideBySide) for each in published)
    assert [list(row.values()) for row in lines_of(published[1])] == [list(row.values())[1:] for row in lines_of(table)]


def test_no_mistake_is_told(make_bench_with):
    """There is nothing to show but the matrix."""
    blocks = blocks_of(make_bench_with({Cell("net", "knn", None, 0): (120, 0)}), "Mistakes")

    assert [type(each).__name__ for each in blocks] == ["Figure", "Text"]
    assert "no mistake" in blocks[1].content


def test_of_many_classes_the_ten_commonest_confusions_are_listed(make_bench):
    """Pairs by how often, the diagonal never, with the photos of the right class; none that did not happen."""
    bench = make_bench(seeds=1, protocols=("linear",))
    classes = tuple(f"class {number:02}" for number in range(20))
    labels = np.arange(240) % 20
    answers = labels.copy()
    wrong = {(number, (number + 3) % 20): 6 - number // 2 for number in range(12)}
    for (right, answer), times in wrong.items():
        answers[np.flatnonzero(labels[:120] == right)[:times]] = answer
    scores = np.eye(20, dtype=np.float32)[answers[:120]]
    outcomes = tuple(replace(each, scores=scores, corrupted=None) for each in bench.measured.outcomes)
    made = replace(
        bench,
        image_set=replace(bench.image_set, labels=labels, classes=classes),
        measured=replace(bench.measured, outcomes=outcomes),
    )

    table = blocks_of(made, "Mistakes")[0]

    found = [(row["right class"], row["answer"], row["times"], row["of photos"]) for row in lines_of(table)]
    assert found == [(classes[right], classes[answer], times, 6) for (right, answer), times in list(wrong.items())[:10]]
    few = replace(outcomes[0], scores=np.eye(20, dtype=np.float32)[np.where(np.arange(120) == 7, 9, labels[:120])])
    made = replace(made, measured=replace(made.measured, outcomes=(few,)))
    assert len(blocks_of(made, "Mistakes")[0].rows) == 1


def test_the_plan_says_what_was_predicted_taken_and_left_out(grid):
    """Seconds, settings and budget; what was left out by method with its seeds; files by why they were."""
    plan = replace(grid.measured.plan, budget=600.0)
    cells = [Cell("net", "scratch", None, 0), Cell("net", "knn", 5, 1), Cell("net", "knn", 5, 2)]
    measured = replace(
        grid.measured, plan=plan, seconds=321.0, left_out=tuple(Unmeasured(cell, "late") for cell in cells)
    )
    skipped = [LeftOut("a", "unreadable", "x"), LeftOut("b", "unreadable", "y"), LeftOut("c", "animation", "z")]
    bench = replace(grid, measured=measured, image_set=replace(grid.image_set, left_out=tuple(skipped)))

    facts, left, files = blocks_of(bench, "Plan")
    whole = blocks_of(grid, "Plan")

    assert isinstance(facts, Facts)
    told = {name: str(value).replace("\N{NO-BREAK SPACE}", " ") for name, value in facts.items}
    assert list(told) == ["input size", "training", "budget", "predicted", "taken"]
    assert told["input size"] == "64 pixels"
    assert told["training"] == "3 epochs, 20 steps or more, 2 tried"
    assert plan.seconds == 5 + 3
    assert [told[name].split()[0] for name in ("budget", "predicted", "taken")] == ["600", "8.00", "321"]
    assert left.rows == (("net", "scratch", "all photos", "0"), ("net", "knn", "5 shots", "1, 2"))
    assert dict(files.rows) == {"unreadable": 2, "animation": 1}
    assert [type(each).__name__ for each in whole] == ["Facts", "Text"]
    assert "budget" not in dict(whole[0].items)


def test_what_a_run_was_made_with(grid):
    """Command, data and their digest, classes, seeds, versions; each network with its own numbers."""
    bench = replace(grid, backbones=(*grid.backbones, replace(grid.backbones[0], name="other", weights_sha256=None)))

    facts, table = blocks_of(bench, "Run")

    assert dict(facts.items) == {
        "command": "facerec transfer run --data made flowers",
        "data": f"made flowers, SHA-256 {grid.image_set.digest}",
        "classes": "daisy, rose, tulip",
        "seeds": "0, 1",
        "versions": "python 3, torch 2",
    }
    first, second = lines_of(table)
    assert (first["weights, SHA-256"], second["weights, SHA-256"]) == ("0123abcd" * 8, "random")
    assert (first["backbone"], first["parameters"], first["multiply-adds per photo"]) == ("net", 3_371_008, 10**8)
    assert first["preprocessing"] == "resize 73 crop 64 bilinear"


def test_the_method_says_what_is_not_usual(grid):
    """People are drawn together where they are known; an optimiser that stopped early is named with its cells."""
    usual = blocks_of(grid, "Method")[0].content
    first, *others = grid.measured.outcomes
    stopped = replace(grid.measured, outcomes=(replace(first, converged=False), *others))

    told = blocks_of(replace(grid, clusters=np.arange(120) // 4, measured=stopped), "Method")[0].content

    assert usual.startswith("test cut from train, 25% of each class, seed 0.")
    assert "one person" not in usual
    assert "tolerance" not in usual
    assert "Photos of one person are drawn together." in told
    assert f"in 1 cells: {first.cell}." in told


def test_the_page_counts_its_photos(grid):
    """All photos, those to learn from and to choose on, those to test on, the classes and the cells."""
    page = report_page(grid, judge(grid))

    assert page.summary == (
        "made flowers. 240 photos of 3 classes: 120 to learn from and to choose on, 120 to test on. "
        "12 cells were measured."
    )
    said = next(each for each in page.sections if each.title == "In numbers").blocks[-1].content
    assert said.splitlines() == [f"- {each.text}" for each in judge(grid).sentences]


def test_networks_have_a_column_where_there_are_several(make_bench_with):
    """Results, costs and comparisons name the network; its own numbers stand beside it."""
    right = {Cell(net, "knn", None, 0): count for net, count in (("a", (100, 50)), ("b", (40, 30)))}
    bench = make_bench_with(right)

    (table,) = blocks_of(bench, "Results")
    first, second, last = lines_of(table)
    _, costs = blocks_of(bench, "Accuracy against cost")

    assert (first["backbone"], second["backbone"], last["backbone"]) == ("a", "b", "–")
    assert second["corrupted"] == 30 / 120
    assert [row["method"] for row in lines_of(costs)] == ["knn on a", "knn on b"]


def test_pictures_are_small_and_of_their_photo(grid):
    """Two hundred pixels at most, in the photo's proportions and colours, with what was taken for what."""
    large = [np.repeat(np.repeat(each, 10, 0), 10, 1) for each in grid.image_set.pixels]
    bench = replace(grid, image_set=replace(grid.image_set, pixels=large))
    _, _, first, *_, table = blocks_of(bench, "Mistakes")
    row = lines_of(table)[0]

    shown = PIL.Image.open(io.BytesIO(first.items[0].data))

    assert shown.size == (200, 150)
    photo = large[grid.image_set.files.index(row["photo"])]
    assert np.abs(np.asarray(shown).mean((0, 1)) - photo.mean((0, 1))).max() < 3
    assert first.items[0].alt == f"{row['right class']} taken for {row['answer']}"
    assert first.items[0].caption.endswith(write_number(row["its probability"], "rate"))

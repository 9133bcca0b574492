"""The lesson: answers from runs on disk, a command where there is none, and the published page made anew."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

from facerec.cli.app import app
from facerec.cli.running import run
from facerec.errors import DataSetError
from facerec.reporting import Callout, Page, render_html, write
from facerec.transfer.findings import judge
from facerec.transfer.lesson import lesson, lesson_page, read_runs, write_lesson
from facerec.transfer.lesson.runs import Runs
from facerec.transfer.report import write_report
from facerec.transfer.results import Results

REPORTS = Path(__file__).parents[2] / "reports"
WARNING = "made flowers is a subset of ImageNet: the network has seen these photos."
COMMAND = ["facerec", "transfer", "run", "--data", "made flowers"]


@pytest.fixture(scope="module")
def published():
    """The runs in reports/."""
    return read_runs([REPORTS])


@pytest.fixture(scope="module")
def made(tmp_path_factory, make_bench_in):
    """A folder as the bench writes it, with a leakage warning."""
    folder = tmp_path_factory.mktemp("made") / "made_run"
    bench = make_bench_in(folder.parent, warnings=(WARNING,))
    results = Results(folder, {"data": bench.image_set.digest})
    results.write_run({"command": COMMAND})
    results.write_table(bench.measured.outcomes, bench.labels)
    write_report(bench, judge(bench), folder, publish=True)
    return folder


def _answer(runs, start):
    """The answer to the question that begins so."""
    questions = [each for part in lesson(runs) for each in part.questions]
    return next(each for each in questions if each.ask.startswith(start)).answer


def _edited(folder, to, name, change):
    """The copy of a run in which one JSON document is changed."""
    shutil.copytree(folder, to)
    document = json.loads((to / name).read_text(encoding="utf-8"))
    change(document)
    (to / name).write_text(json.dumps(document), encoding="utf-8")
    return read_runs([to])


def _table(document, caption):
    """A table of a report's JSON."""
    blocks = [block for section in document["sections"] for block in section["blocks"]]
    return next(block for block in blocks if block.get("caption", "").startswith(caption))


def test_the_published_lesson_is_what_the_command_makes(tmp_path):
    """``facerec transfer lesson --runs reports --out reports/lesson`` makes every file there, and no other."""
    reports = tmp_path / "reports"
    shutil.copytree(REPORTS, reports, ignore=shutil.ignore_patterns("lesson"))

    assert run(app, ["transfer", "lesson", "--runs", str(reports), "--out", str(reports / "lesson")]) == 0

    made = {path.name: path.read_bytes() for path in (reports / "lesson").iterdir()}
    assert made == {path.name: path.read_bytes() for path in (REPORTS / "lesson").iterdir()}


def test_every_published_run_is_told_by_its_kind(published):
    """By its command or its files; the lesson itself is no run."""
    kinds = {each.name: each.kind for each in published.runs}

    assert (
        kinds.items()
        >= {
            "gradient-flow": "gradients",
            "lfw": "lfw",
            "lfw-dlib-resnet": "verification",
            "lfw-mitigation": "mitigation",
        }.items()
    )
    assert "lesson" not in kinds


@pytest.mark.parametrize(
    ("start", "numbers"),
    [
        ("A colour image", ["12,583,168 and 7,168", "1,755 times", "113,246,208"]),
        ("Where do AlexNet's", ["61,100,840", "58,631,144"]),
        ("Slides sometimes", ["add up to 61,100,840, which is all"]),
        ("A ResNet's bottleneck", ["69,632 and 70,144"]),
        ("Keep the middle", ["from 69,632 to 33,344", "32,768"]),
        ("A 3 × 3 convolution", ["72 and 44"]),
        ("Is the network that computes more", ["76.1 % and 80.9 %"]),
    ],
)
def test_formulas_need_no_run(start, numbers):
    """Counts and published constants, by hand."""
    answer = _answer(Runs(()), start)

    assert all(each in answer for each in numbers)


def test_without_a_run_a_question_names_its_command():
    """No question of a run is answered without one, and every command that is named exists, with its options."""
    parts = lesson(Runs(()))
    questions = [each for part in parts for each in part.questions]
    named = {command for part in parts for command in part.commands} | {each.missing for each in questions}

    assert sum(each.answer is None and bool(each.missing) for each in questions) == 26
    for line in named - {""}:
        if line.startswith("python "):
            assert (REPORTS.parent / line.split()[1]).is_file(), line
            continue
        command = typer.main.get_command(app)
        words = line.split()[1:]
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        options = {name for parameter in command.params for name in parameter.opts}
        assert not hasattr(command, "commands"), line
        assert {word for word in words if word.startswith("--")} <= options, line


def test_a_run_on_gradients_is_quoted_with_its_standing(published, tmp_path):
    """Yes where the run shows it, and no where another run does not."""
    assert _answer(published, "Stack more layers").startswith("Yes. Degradation shows: ")

    def change(document):
        document["lead"][0] = {"type": "callout", "standing": "fail", "text": "**Degradation.** No degradation: 0."}

    other = _edited(REPORTS / "gradient-flow", tmp_path / "other", "report.json", change)

    assert _answer(other, "Stack more layers").startswith("Not in this run. No degradation: 0.")


def test_groups_differ_only_where_the_interval_says_so(published, tmp_path):
    """A gap whose interval holds zero is not shown."""
    assert "they **differ**, the highest from the lowest by 4.5 points" in _answer(published, "Now with pairs")

    def change(document):
        document["disparity"]["gender"]["fmr"]["difference"]["low"] = 0.0

    other = _edited(REPORTS / "lfw-dlib-resnet", tmp_path / "other", "audit.json", change)

    assert "**differ**" not in _answer(other, "Now with pairs")


def test_the_bench_is_read_with_its_intervals(made):
    """Points as in the report's comparisons, also where the two stand in the other order."""
    runs = read_runs([made])
    row = next(
        row
        for row in runs.runs[0].rows("Every two methods")
        if row["learned from"] == "all photos" and {row["method"], row["against"]} == {"linear", "scratch"}
    )

    answer = _answer(runs, "Why does the pre-trained")

    assert re.search(rf"linear against scratch: with all photos pre-training pays, \{row['points']} points", answer)


def test_a_comparison_turns_with_its_sign(made, tmp_path):
    """The same numbers with the names exchanged say the opposite."""

    def change(document):
        for row in _table(document, "Every two methods")["rows"]:
            row[1], row[2] = row[2], row[1]

    answer = _answer(_edited(made, tmp_path / "other", "report.json", change), "Why does the pre-trained")

    assert "with all photos pre-training costs, −" in answer
    assert "pre-training pays" not in answer


def test_what_is_not_distinguishable_is_called_so(made, tmp_path):
    """Whatever the points are."""

    def change(document):
        for row in _table(document, "Every two methods")["rows"]:
            row[-1] = "no"

    answer = _answer(_edited(made, tmp_path / "other", "report.json", change), "Why does the pre-trained")

    assert "with all photos not distinguishable, +" in answer
    assert "pays" not in answer


def test_a_training_that_only_guesses_is_told(made, tmp_path):
    """A probe that beats it has beaten nothing."""

    def change(document):
        for row in _table(document, "Accuracy on the test photos")["rows"]:
            if row[1] == "scratch":
                row[3], row[4] = 0.34, {"low": 0.3, "high": 0.4, "confidence": 0.95}

    start = "How many labelled photos"

    assert "not shown to beat" not in _answer(read_runs([made]), start)
    assert "not shown to beat always answering" in _answer(
        _edited(made, tmp_path / "other", "report.json", change), start
    )


def test_the_leakage_warning_stands_wherever_the_result_does(made):
    """Before the table, under it, and in the answer."""
    html = render_html(lesson_page(read_runs([made])))

    assert html.count("the network has seen these photos") == 3


def test_other_runs_are_quoted(tmp_path):
    """What a report says first, warnings included, answers the question of its kind."""
    note = Callout("note", "By race, spread is smallest for **A** (0.3).")
    write(Page("Spread", "", (), lead=(Callout("warning", "**No rate.** Not one."), note)), tmp_path / "ours")
    (tmp_path / "ours/run.json").write_text('{"command": "facerec transfer spread v.parquet"}', encoding="utf-8")

    answer = _answer(read_runs([tmp_path]), "Which group's faces")

    assert answer.split("\n") == [
        "ours, in its own words:",
        "",
        "- **No rate:** Not one.",
        "- By race, spread is smallest for **A** (0.3).",
    ]


def test_a_training_is_quoted(tmp_path):
    """The page that a training leaves beside its model."""
    write(Page("Training of ours", "True match rate: 10% at the start, 20% kept.", ()), tmp_path, stem="curves")

    answer = _answer(read_runs([tmp_path]), "Train an embedder")

    assert answer.endswith(": True match rate: 10% at the start, 20% kept.")


def test_drawings_come_along(published):
    """The run's own figures, and none of its photos."""
    parts = {part.title.split(":")[0]: part for part in lesson(published)}

    alts = [block.alt for block in parts["ResNet"].shown if hasattr(block, "svg")]

    assert [each.split(" ")[0] for each in alts] == ["Norm", "Training"]
    pages = [render_html(Page("P", "", (), lead=part.shown)) for part in parts.values()]
    assert all(page.count("<img") == page.count("data:image/svg") for page in pages)


def test_names_are_no_marks(made, tmp_path):
    """A folder's name is shown as it is."""
    shutil.copytree(made, tmp_path / "a*b*[c](d)")

    page = render_html(lesson_page(read_runs([tmp_path])))

    assert "a*b*[c](d)" in page
    assert 'href="d"' not in page


def test_runs_beside_the_page_are_linked(made, tmp_path):
    """A page that is passed on with its runs leads to them; elsewhere it names them."""
    shutil.copytree(made, tmp_path / "reports/ours")
    runs = read_runs([tmp_path / "reports"])

    assert "../ours/report.html" in write_lesson(runs, tmp_path / "reports/lesson").html.read_text(encoding="utf-8")
    assert "report.html" not in write_lesson(runs, tmp_path / "elsewhere/lesson").html.read_text(encoding="utf-8")


def test_a_worksheet_asks_and_does_not_tell(published, tmp_path, capsys):
    """All questions, no answers, in files of their own."""
    folder = tmp_path / "lesson"
    (folder / "x").mkdir(parents=True)
    (folder / "report-figure-99.svg").write_text("stale", encoding="utf-8")

    assert run(app, ["transfer", "lesson", "--runs", str(REPORTS), "--out", str(folder), "--worksheet", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    sheet = (folder / "worksheet.json").read_text(encoding="utf-8")
    texts = [block.get("content", "") for part in json.loads(sheet)["sections"] for block in part["blocks"]]
    questions = [each for part in document["parts"] for each in part["questions"]]
    assert sum(text.startswith("**") for text in texts) == len(questions)
    assert not any(each["answer"] and each["answer"] in texts for each in questions)
    assert not (folder / "report-figure-99.svg").exists()


def test_a_look_answers_what_filters_and_scores_say(tmp_path):
    """The page of facerec transfer look, read back."""
    random = np.random.default_rng(0)
    for name, level in (("inside", 60), ("outside", 255)):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = random.integers(0, level, (64, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    photos = [str(tmp_path / "inside"), "--outside", str(tmp_path / "outside"), "--out", str(tmp_path / "look")]
    assert run(app, ["transfer", "look", *photos, "--backbone", "efficientnet_lite0"]) == 0

    runs = read_runs([tmp_path / "look"])

    assert re.search(r"filters correlate by −?0\.\d\d: they are", _answer(runs, "What do the filters"))
    assert "apart from 2 inside with an AUROC, 95 %, of " in _answer(runs, "Show the network")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (shutil.rmtree, "there is no folder"),
        (lambda folder: [path.unlink() for path in folder.iterdir() if path.is_file()], "no run was found"),
        (lambda folder: (folder / "report.json").write_text("{", encoding="utf-8"), "is not JSON"),
        (lambda folder: (folder / "report.json").write_text("[]", encoding="utf-8"), "holds no JSON object"),
        (lambda folder: (folder / "report-figure-1.svg").unlink(), "report-figure-1.svg cannot be read"),
        (lambda folder: (folder / "results.csv").unlink(), "results.csv cannot be read"),
        (lambda folder: (folder / "results.csv").write_text("a\n1\n", encoding="utf-8"), "results.csv cannot be read"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(made, tmp_path, spoil, said):
    """With the file, and what to do."""
    folder = tmp_path / "ours"
    shutil.copytree(made, folder)
    spoil(folder)

    with pytest.raises(DataSetError, match=re.escape(said)):
        lesson(read_runs([folder]))

"""facerec transfer run: from generated photos to results, cut off and gone on with, and what it refuses."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facerec.cli.app import app
from facerec.cli.running import run
from facerec.transfer.cells import Late
from facerec.transfer.cost import Speed
from facerec.transfer.results import claims_in
from facerec.transfer.two_runs import open_run
from facerec.visible_text import inert_cell

SMALL = ("--backbone", "resnet18", "--weights", "none", "--size", "32", "--epochs", "1", "--trials", "1")
MEASURED = ("own_seconds", "alone_seconds", "peak_memory")


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    """What is kept in a user's cache is kept in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
        yield


@pytest.fixture(autouse=True)
def speed_is_known(monkeypatch):
    """What this machine does with a network is timed once, by the run that is `done`: it takes longer than the rest."""
    monkeypatch.setattr("facerec.transfer.measurer.measure_speed", lambda *_, **__: Speed(1e10, 1e10, 1.0, 1e-6))
    monkeypatch.setattr("facerec.transfer.measurer.fastest_engine", lambda *_: "torch")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Two classes of twelve photos, and a file that is none."""
    folder = tmp_path_factory.mktemp("data") / "colours"
    random = np.random.default_rng(3)
    for channel, name in enumerate(("red", "green")):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(0, 90, (40, 48, 3), dtype=np.uint8)
            pixels[..., channel] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    (folder / "red" / "broken.jpg").write_bytes(b"no photo")
    return folder


def words(photos, out, *more):
    """The command line of a small run."""
    return ["transfer", "run", "--data", str(photos), "--out", str(out), *SMALL, *more]


def rows(out):
    """The table without what is measured of the machine."""
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name not in MEASURED} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def done(photos, tmp_path_factory):
    """A run of two probes."""
    out = tmp_path_factory.mktemp("out") / "results"
    assert run(app, words(photos, out, "--protocol", "knn,centroid", "--shots", "2,all", "--seeds", "2")) == 0
    return out


@pytest.mark.slow
def test_no_table_of_a_run_holds_a_formula(photos, tmp_path):
    """A class folder may be called like one; tables for people have an apostrophe before it or do without the name."""
    data = tmp_path / "=1+1"
    shutil.copytree(photos / "red", data / '=HYPERLINK("x")')
    shutil.copytree(photos / "green", data / "@SUM(1)")

    assert run(app, words(data, tmp_path / "out", "--protocol", "centroid", "--shots", "2", "--seeds", "1")) == 0

    tables = list((tmp_path / "out").rglob("*.csv"))
    assert tables
    for table in tables:
        with table.open(encoding="utf-8", newline="") as file:
            for cell in (cell for line in csv.reader(file) for cell in line):
                assert inert_cell(cell) == cell


def test_a_run_writes_table_report_and_provenance(done, photos):
    """Eight cells, a page, and a command line without a path."""
    found = rows(done)
    provenance = json.loads((done / "run.json").read_text(encoding="utf-8"))

    assert len(found) == 8
    assert {row["weights"] for row in found} == {"none"}
    assert provenance["complete"]
    assert " ".join(provenance["command"]).startswith("facerec transfer run --data colours --backbone resnet18.none")
    assert str(photos.parent) not in json.dumps(provenance)
    assert "are random" in provenance["warnings"][-1]
    assert "are random" in (done / "report.md").read_text(encoding="utf-8")


def test_the_same_again_measures_nothing(done, photos, capsys):
    """The second run finds everything there, prints the table, and can leave the photos out."""
    before = {path.name: path.stat().st_mtime_ns for path in (done / "cells").iterdir()}

    arguments = words(photos, done, "--protocol", "knn,centroid", "--shots", "2,all", "--seeds", "2")
    status = run(app, [*arguments, "--publish", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert status == 0
    assert {path.name: path.stat().st_mtime_ns for path in (done / "cells").iterdir()} == before
    assert len(document["results"]) == 4
    assert document["headline"].endswith("linear probe and fine-tuning were not tried")
    assert document["question"] == {"asked": False, "answered": False, "not_measured": [], "budget_needed": None}
    assert "are random" in document["warnings"][-1]
    assert "data:image/jpeg" not in (done / "report.html").read_text(encoding="utf-8")


def test_a_finished_run_decodes_nothing_and_changes_nothing(done, photos, capsys, monkeypatch):
    """Started again with the same options, no photo is opened but those of the page, and every file stays as it is."""
    arguments = words(photos, done, "--protocol", "knn,centroid", "--shots", "2,all", "--seeds", "2")
    assert run(app, arguments) == 0
    before = {path: path.read_bytes() for path in done.rglob("*") if path.is_file()}
    opened = []
    monkeypatch.setattr("facerec.transfer.photo_index._look_at", lambda *_: opened.append(1))

    assert run(app, arguments) == 0

    assert opened == []
    assert {path: path.read_bytes() for path in done.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("together", [True, False])
def test_a_warning_is_told_once_to_one_reader(done, photos, together):
    """Where notes and answers go to one place; where answers go elsewhere they have the warning with them."""
    arguments = words(photos, done, "--protocol", "knn,centroid", "--shots", "2,all", "--seeds", "2")
    command = [sys.executable, "-c", "import sys; from facerec.cli import main; main()", *arguments]
    errors = subprocess.STDOUT if together else subprocess.PIPE

    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=True).stdout

    assert told.count("are random") == 1
    assert "named right; " in told


def test_the_last_line_says_that_there_is_no_answer(photos, tmp_path, capsys, monkeypatch):
    """A training that is late: nothing else is measured; terminal, page and JSON say so, and what budget it takes."""
    monkeypatch.setattr("facerec.transfer.measurer.Measurer._train", lambda *_, **__: Late(9e3))
    more = ("--protocol", "linear,knn,fine-tune", "--shots", "2,all", "--budget", "10m")

    assert run(app, words(photos, tmp_path / "out", *more)) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert run(app, [*words(photos, tmp_path / "out", *more), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert last.startswith("The question is not answered")
    assert "--budget" in last
    assert [row["protocol"] for row in rows(tmp_path / "out")] == ["linear"]
    assert document["question"]["asked"]
    assert not document["question"]["answered"]
    assert document["question"]["not_measured"] == ["resnet18.none, fine-tune, all photos, seed 0"]
    assert document["question"]["budget_needed"] > 600
    assert "not answered" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8").split("##")[0]


def test_time_of_the_rows_adds_up(done):
    """The rows' own seconds are no more than what the run says it took."""
    with (done / "results.csv").open(encoding="utf-8", newline="") as file:
        own = sum(float(row["own_seconds"]) for row in csv.DictReader(file))

    taken = json.loads((done / "run.json").read_text(encoding="utf-8"))["seconds"]
    assert 0 < own <= taken


@pytest.fixture(scope="module")
def people(photos):
    """The same photos as a manifest with groups, an hour old."""
    lines = ["image,label,group,subject"]
    for number, path in enumerate(sorted(photos.rglob("*.png"))):
        lines.append(f"{path.relative_to(photos.parent)},{path.parent.name},{'ab'[number % 2]},person {number}")
    manifest = photos.parent / "people.csv"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest


def test_groups_come_out_as_tables_that_the_audit_reads(people, tmp_path, capsys):
    """A row per test photo and seed, people as numbers; the next command is printed, and it works."""
    more = ("--protocol", "linear,knn", "--shots", "1,all", "--seeds", "2", "--groups", "group")

    assert run(app, words(people, tmp_path / "out", *more)) == 0

    told = capsys.readouterr().out
    tables = sorted((tmp_path / "out" / "predictions").iterdir())
    assert [path.name for path in tables] == ["resnet18.none-knn.csv", "resnet18.none-linear.csv"]
    with tables[1].open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["subject", "label", "prediction", "seed", "group"]
    assert len(found) == 2 * len({row["subject"] for row in found})
    assert {row["group"] for row in found} == {"a", "b"}
    for measured in rows(tmp_path / "out"):
        if (measured["protocol"], measured["shots"]) == ("linear", "all"):
            of_seed = [row["label"] == row["prediction"] for row in found if row["seed"] == measured["seed"]]
            assert np.mean(of_seed) == pytest.approx(float(measured["accuracy"]))
    assert not any("person" in value for row in found for value in row.values())
    about = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert about["command"][about["command"].index("--groups") + 1] == "group"
    assert any("no part of recognition" in warning for warning in about["warnings"])
    command = next(line for line in told.splitlines() if line.startswith("answers by group: facerec "))
    assert run(app, command.removeprefix("answers by group: facerec ").split()) == 0
    assert (tmp_path / "out" / "audit" / "report.html").exists()


def test_what_is_predicted_may_be_a_group(people, tmp_path, capsys):
    """As race and gender are where gender is predicted; the column is what the right answer is."""
    named = people.with_name("named.csv")
    named.write_text(people.read_text(encoding="utf-8").replace("image,label", "image,kind", 1), encoding="utf-8")
    more = ("--label", "kind", "--protocol", "knn", "--shots", "all", "--seeds", "1", "--groups", "group,kind")

    assert run(app, words(named, tmp_path / "out", *more)) == 0

    with (tmp_path / "out" / "predictions" / "resnet18.none-knn.csv").open(encoding="utf-8", newline="") as file:
        assert all(row["kind"] == row["label"] for row in csv.DictReader(file))


@pytest.mark.parametrize("group", ["nosuch", "subject", "label"])
def test_groups_that_the_data_do_not_have(people, tmp_path, capsys, group):
    """Refused with those that there are, before anything is measured."""
    assert run(app, words(people, tmp_path / "out", "--groups", group)) == 2

    assert "there is group" in capsys.readouterr().err
    assert not (tmp_path / "out" / "results.csv").exists()


def test_runs_are_compared_photo_by_photo(photos, done, tmp_path, capsys):
    """A run against one of another input size: what both have, on shared seeds; against itself nothing differs."""
    other = words(photos, tmp_path / "other", "--protocol", "knn,linear", "--shots", "2,all", "--seeds", "1")
    other[other.index("32")] = "40"
    assert run(app, other) == 0
    capsys.readouterr()

    assert run(app, ["transfer", "compare", str(done), str(tmp_path / "other"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["differences"]
    assert run(app, ["transfer", "compare", str(done), str(done)]) == 0
    told = capsys.readouterr().out

    assert [(each["protocol"], each["shots"], each["seeds"]) for each in found] == [
        ("knn", "all", [0]),
        ("knn", 2, [0]),
    ]
    for each in found:
        first, second = each["accuracies"]
        assert each["difference"] == pytest.approx(first - second)
        assert each["low"] <= each["difference"] <= each["high"]
    assert "0 of 4 differences are distinguishable" in told


def test_runs_that_cannot_be_compared(photos, done, tmp_path, capsys):
    """Other photos, nothing in common, no run, a run of an earlier version: each is told in a line."""
    part = words(photos, tmp_path / "part", "--protocol", "knn", "--shots", "2", "--seeds", "1", "--test-part", "0.5")
    linear = words(photos, tmp_path / "linear", "--protocol", "linear", "--shots", "2", "--seeds", "1")
    assert run(app, part) == run(app, linear) == 0
    old = Path(__file__).parents[1] / "fixtures" / "version1" / "transfer_run"
    shutil.copytree(old, tmp_path / "old")
    capsys.readouterr()

    for name, told in (
        ("part", "different photos"),
        ("linear", "no method with a seed in common"),
        ("nowhere", "holds no run"),
        ("old", "by an earlier version"),
    ):
        assert run(app, ["transfer", "compare", str(done), str(tmp_path / name)]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_comparison_says_what_of_a_run_is_not_whole(photos, done, tmp_path, capsys):
    """A damaged cell is left out, counted, and what is no cell of the plan is not looked at."""
    shutil.copytree(done, tmp_path / "damaged")
    cells = sorted((tmp_path / "damaged" / "cells").glob("*.npy"))
    cells[0].write_bytes(b"junk")
    stray = json.loads(cells[1].with_suffix(".json").read_text(encoding="utf-8"))
    stray["alone_seconds"] = "long"
    cells[1].with_suffix(".json").write_text(json.dumps(stray), encoding="utf-8")
    other = "f" * 64
    content = json.loads(cells[2].with_suffix(".json").read_text(encoding="utf-8"))
    content |= {"key": other, "cell": {**content["cell"], "seed": 7}}
    shutil.copyfile(cells[2], cells[2].with_name(f"{other}.npy"))
    cells[2].with_name(f"{other}.json").write_text(json.dumps(content), encoding="utf-8")

    assert run(app, ["transfer", "compare", str(done), str(tmp_path / "damaged"), "--json"]) == 0

    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["missing"] == [0, 2]
    assert all(each["difference"] == 0 for each in found["differences"])
    assert len(open_run(tmp_path / "damaged").outcomes) == len(open_run(done).outcomes) - 2
    assert "2 cells of its plan are not measured, or damaged" in told.err


def test_other_people_on_the_same_photos_are_other_data(people, tmp_path, capsys):
    """A run is not gone on with, nor compared, once the manifest says that others are on the photos."""
    arguments = words(people, tmp_path / "out", "--protocol", "knn", "--shots", "all", "--seeds", "1")
    assert run(app, arguments) == 0
    before = people.read_text(encoding="utf-8")
    try:
        people.write_text(before.replace("person 1\n", "person 0\n", 1), encoding="utf-8")
        assert run(app, arguments) == 2
        assert "another configuration" in capsys.readouterr().err
        assert run(app, [str(tmp_path / "other") if each == str(tmp_path / "out") else each for each in arguments]) == 0
    finally:
        people.write_text(before, encoding="utf-8")

    assert run(app, ["transfer", "compare", str(tmp_path / "out"), str(tmp_path / "other")]) == 2
    assert "judged on different photos" in capsys.readouterr().err


@pytest.mark.slow
def test_three_share_a_run_and_one_is_killed(photos, tmp_path):
    """Processes on one folder: two finish what the third, killed by force, had begun; rows are those of one alone."""
    more = ("--protocol", "linear,fine-tune", "--shots", "1,5,all", "--seeds", "2")
    assert run(app, words(photos, tmp_path / "alone", *more)) == 0
    program = "import sys; from facerec.cli import main; main()"
    command = [sys.executable, "-c", program, *words(photos, tmp_path / "out", *more)]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(3)]
    while not list((tmp_path / "out").glob("cells/*.json")):
        time.sleep(0.02)
    running[0].kill()

    assert [each.wait(250) for each in running] == [-signal.SIGKILL, 0, 0]
    assert rows(tmp_path / "out") == rows(tmp_path / "alone")
    kept = [sorted(path.name for path in (tmp_path / name / "cells").glob("*.json")) for name in ("out", "alone")]
    assert kept[0] == kept[1]
    assert json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["complete"]


def test_two_runs_with_a_budget_take_turns(photos, tmp_path, capsys):
    """While somebody measures into a folder in a given time, nobody else does."""
    with claims_in(tmp_path / "out") as claims:
        claims.take("run")
        assert run(app, words(photos, tmp_path / "out", "--protocol", "knn", "--budget", "5m")) == 2

    assert "another process is measuring into" in capsys.readouterr().err
    assert not (tmp_path / "out" / "run.json").exists()


def test_results_among_the_photos_are_refused(photos, capsys):
    """They would be taken for photos of a class the next time."""
    assert run(app, words(photos, photos / "results", "--protocol", "knn")) == 2

    assert "choose another folder" in capsys.readouterr().err
    assert not (photos / "results").exists()


def test_a_column_twice_and_a_class_that_is_not_tested(people, tmp_path, capsys):
    """The one is refused in words, the other is a warning wherever results are."""
    first, *lines = people.read_text(encoding="utf-8").splitlines()
    twice, split = people.with_name("twice.csv"), people.with_name("split.csv")
    twice.write_text("\n".join([f"{first},label", *(f"{line},x" for line in lines)]), encoding="utf-8")
    parts = ["train" if ",green," in line or number % 2 else "test" for number, line in enumerate(lines)]
    said = [f"{line},{part}" for line, part in zip(lines, parts, strict=True)]
    split.write_text("\n".join([f"{first},split", *said]), encoding="utf-8")
    more = ("--protocol", "knn", "--shots", "all", "--seeds", "1")

    assert run(app, words(twice, tmp_path / "twice", *more)) == 2
    assert "has the column 'label' twice" in capsys.readouterr().err
    assert run(app, words(split, tmp_path / "split", *more)) == 0
    assert "No photo of 'green' is tested on" in (tmp_path / "split" / "report.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_curves_for_tensorboard(photos, tmp_path):
    """A folder for each cell with the numbers of its history; a run that goes on leaves them alone."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    more = ("--protocol", "knn,fine-tune", "--shots", "2", "--seeds", "1", "--tensorboard")
    for _ in range(2):
        assert run(app, words(photos, tmp_path / "out", *more)) == 0

    folders = sorted((tmp_path / "out" / "events").iterdir())
    assert [path.name for path in folders] == ["resnet18.none-fine-tune-2-0", "resnet18.none-knn-2-0"]
    events = EventAccumulator(str(folders[0]))
    events.Reload()
    (row,) = [row for row in rows(tmp_path / "out") if row["protocol"] == "fine-tune"]
    (tested,) = events.Scalars("test accuracy")
    (validated,) = events.Scalars("validation accuracy")
    assert tested.value == pytest.approx(float(row["accuracy"]))
    assert validated.value == pytest.approx(float(row["validation_accuracy"]))


def test_without_options_textures_are_measured(tmp_path, monkeypatch, capsys):
    """Data made on the spot, with a budget of a minute, into a folder of its own."""
    asked = {}

    def stopped(data, out, **options):
        asked.update(options, data=data, out=out)
        raise KeyboardInterrupt

    monkeypatch.setattr("facerec.transfer.bench.run_bench", stopped)
    monkeypatch.chdir(tmp_path)

    run(app, ["transfer", "run"])

    assert (asked["data"], asked["out"], asked["budget"]) == ("made:textures", Path("transfer-results"), 60.0)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--protocol", "knn", "--shots", "2,all"), "another configuration"),
        (("--protocol", "magic"), "--protocol takes linear, knn"),
        (("--shots", "few"), "--shots takes numbers"),
        (("--shots", "900"), "900 shots were asked for, but class"),
        (("--seeds", "0"), "--seeds must be 1 or more"),
        (("--budget", "soon"), "a budget is a time above 0"),
        (("--budget", "0m"), "a budget is a time above 0"),
        (("--budget", "9" * 400), "a budget is a time above 0 and below 10,000 h"),
        (("--test-part", "2"), "share between 0 and 1"),
        (("--device", "cuda:7"), "CUDA"),
        (("--backbone", "resnet5O"), "resnet5O"),
    ],
)
def test_what_cannot_be_is_one_line(done, photos, capsys, more, told):
    """Status 2, the reason on stderr, and the results stay as they are."""
    before = rows(done)

    status = run(app, words(photos, done, *more))

    assert status == 2
    assert told in capsys.readouterr().err
    assert rows(done) == before


def test_photos_that_are_not_there(tmp_path, capsys):
    """The folder is named."""
    status = run(app, words(tmp_path / "nowhere", tmp_path / "out"))

    assert status == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_full_disk_is_one_line(photos, tmp_path, capsys, monkeypatch):
    """The file that could not be written is named, and nothing half-written is left."""

    def full(self, _content):
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_bytes", full)

    status = run(app, words(photos, tmp_path / "out", "--protocol", "centroid", "--shots", "2", "--seeds", "1"))

    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert status == 2
    assert line.startswith("facerec: error:")
    assert "No space left on device" in line
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("each", "part"), [(1, "test"), (2, "validation")])
def test_a_class_that_is_too_small(tmp_path, capsys, each, part):
    """The class, and how many photos it needs."""
    random = np.random.default_rng(0)
    for name in ("many, <b>", "few"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(each if name == "few" else 8):
            Image.fromarray(random.integers(0, 255, (30, 30, 3), dtype=np.uint8)).save(
                tmp_path / "data" / name / f"{number}.png"
            )

    status = run(app, words(tmp_path / "data", tmp_path / "out"))

    told = capsys.readouterr().err
    assert status == 2
    assert f"class 'few' has 1 photo to cut a {part} part from" in told
    assert "a class needs 3 or more in all" in told


def test_photos_of_every_kind(tmp_path, capsys):
    """Transparent, 16-bit, CMYK, tiny and large photos are measured; what is none is counted and named."""
    random = np.random.default_rng(0)
    for name in ('a "quoted, class"', "<b>ü</b>"):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        pixels = [random.integers(0, 255, (30, 40, 3), dtype=np.uint8) for _ in range(6)]
        made = [Image.fromarray(each) for each in pixels]
        made[0].convert("RGBA").save(folder / "0.png")
        Image.fromarray(pixels[1][..., 0].astype(np.uint16) * 250).save(folder / "1.png")
        made[2].convert("CMYK").save(folder / "2.jpg")
        made[3].resize((1, 300)).save(folder / "3.png")
        made[4].resize((900, 700)).save(folder / "4.jpg")
        made[5].save(folder / "5.png")
        made[5].save(folder / "6.gif")
        (folder / "7.jpg").write_bytes(b"")

    arguments = words(tmp_path / "data", tmp_path / "out", "--protocol", "centroid", "--shots", "all", "--seeds", "1")
    status = run(app, arguments)

    told = capsys.readouterr().err
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert status == 0
    assert "left out: 4 files" in told
    assert "6.gif: is a GIF" in told
    assert "&lt;b&gt;ü&lt;/b&gt;" in page
    assert "<b>ü" not in page


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_results(photos, tmp_path):
    """Kill -9 in a training; started again it ends with the table and the scores of a run that was left alone."""
    more = ("--protocol", "linear,scratch", "--shots", "2", "--seeds", "2", "--epochs", "4")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(out):
        program = [sys.executable, "-c", "from facerec.cli import main; main()", *words(photos, out, *more)]
        return subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    assert start(tmp_path / "whole").wait(timeout=250) == 0
    victim = start(tmp_path / "cut")
    cells = tmp_path / "cut" / "cells"
    while not (len(list(cells.glob("*.json"))) == 2 and list(cells.glob("*.checkpoint"))) and victim.poll() is None:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait(timeout=60) == -signal.SIGKILL

    assert start(tmp_path / "cut").wait(timeout=250) == 0

    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    for path in (tmp_path / "whole" / "cells").glob("*.npy"):
        assert (tmp_path / "cut" / "cells" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--protocol", ""), "--protocol names none"),
        (("--backbone", ","), "--backbone names none"),
        (("--data", ""), "--data names nothing"),
        (
            ("--backbone", "efficientnet_lite0", "--weights", "v7"),
            "did you mean 'efficientnet_lite0' or 'efficientnet_lite2' or 'efficientnet_lite1'?",
        ),
        (("--test-part", "0.97", "--protocol", "knn"), "ask for another share"),
    ],
)
def test_an_option_that_names_nothing_is_refused(photos, tmp_path, capsys, option, told):
    """It does not stand for the default, nor for the folder that one is in."""
    assert run(app, ["transfer", "run", "--data", str(photos), "--out", str(tmp_path / "out"), *option]) == 2

    assert told in capsys.readouterr().err

"""Photos into parts: the same table however it was interrupted, and what changed since is told."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from facerec.batch import local
from facerec.batch.embedding import MOST_DEATHS, embed_photos
from facerec.batch.listing import list_photos
from facerec.batch.parts import part_of
from facerec.errors import ArgumentError, DataSetError, ModelMismatchError, OutputError, ScoreTableError
from facerec.measure.photo_vectors import PhotoVectors
from facerec.measure.tables.vector_table import read_vectors
from facerec.testing import made_matcher, made_photo, made_recognizer
from tests.batch.made_work import make_photos, slow_recognizer

ROOT = Path(__file__).parents[2]


def in_turn(work, take):
    """A runner of no processes."""
    done = work.begin()
    while (unit := take()) is not None:
        yield unit, done(unit)


def embed(photos, out, recognizer=None, runner=in_turn, *, block=5, **options):
    """Embed a folder, or whatever `list_photos` lists."""
    return embed_photos(list_photos(photos), out, recognizer or made_recognizer(), runner, block=block, **options)


def table_of(out):
    """The bytes of all parts, by name."""
    return {path.name: path.read_bytes() for path in sorted(out.glob("part-*"))}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Forty photos of ten people, some of nobody, and one that is none."""
    folder = tmp_path_factory.mktemp("made") / "people"
    make_photos(folder)
    return folder


@pytest.fixture
def photos(made, tmp_path):
    """A copy of them that a test may change; their times are long past."""
    for path in made.rglob("*"):
        if path.is_file():
            copy = tmp_path / "people" / path.relative_to(made)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            age(copy)
    return tmp_path / "people"


def age(path):
    """Say that a file's contents were changed a minute ago; the time of its entry cannot be set (see `settled`)."""
    past = time.time() - 60
    os.utime(path, (past, past))


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Tests are faster than clocks of disks are trusted to be."""
    monkeypatch.setattr("facerec.batch.embedding._SETTLED", -(10**18))


class TestTable:
    """What is in the parts."""

    def test_parts_are_the_table_that_one_process_would_write(self, photos, tmp_path):
        """Every photo is a row once; vectors, failures, people and digests are those of each photo alone."""
        embed(photos, tmp_path / "out")

        found = read_vectors(tmp_path / "out")
        names = found.photos["photo"].tolist()
        alone = PhotoVectors(made_recognizer(), names, photos)
        vectors = dict(alone)
        assert sorted(names) == sorted(str(path.relative_to(photos)) for path in photos.rglob("*.png"))
        assert found.photos["subject"].tolist() == [name.partition("/")[0] for name in names]
        assert found.photos["failure"].tolist() == [alone.failure_of(name) for name in names]
        for name, vector in found.by_photo().items():
            assert (vector is None) == (vectors[name] is None)
            assert vector is None or vector == pytest.approx(vectors[name], abs=1e-6)
        digests = [hashlib.sha256((photos / name).read_bytes()).hexdigest() for name in names]
        assert found.photos["sha256"].tolist() == digests
        assert found.matcher == made_matcher()
        assert Counter(found.photos["failure"]) == {"": 30, "no face": 10, "unreadable": 1}
        (problem,) = found.photos.loc[found.photos["failure"] == "unreadable", "problem"]
        assert problem.startswith("it is in none of") or "photo" in problem

    def test_order_and_bytes_hang_on_the_photos_alone(self, photos, tmp_path):
        """Two runs, one of them by two processes: the same files, byte for byte; rows sorted by part and name."""
        embed(photos, tmp_path / "one")
        embed(photos, tmp_path / "two", runner=local(2))

        assert table_of(tmp_path / "one") == table_of(tmp_path / "two")
        names = read_vectors(tmp_path / "one").photos["photo"].tolist()
        parts = len(table_of(tmp_path / "one"))
        assert names == sorted(names, key=lambda name: (part_of(name, parts), name))
        assert parts == 9  # 41 photos, five in each

    def test_a_manifest_keeps_its_columns(self, photos, tmp_path):
        """What a list says of the photos stands in the parts."""
        (photos / "list.csv").write_text("image,subject,gender\np01/0.png,x,f\np02/1.png,y,m\n")

        embed(photos / "list.csv", tmp_path / "out")

        rows = read_vectors(tmp_path / "out").photos.sort_values("photo")
        assert rows[["photo", "subject", "gender"]].to_numpy().tolist() == [
            ["p01/0.png", "x", "f"],
            ["p02/1.png", "y", "m"],
        ]

    def test_a_table_that_is_not_whole_is_refused(self, photos, tmp_path):
        """Half a table is no table: the reader says which parts are missing."""
        embed(photos, tmp_path / "out")
        (tmp_path / "out" / "part-00003-of-00009.parquet").unlink()

        with pytest.raises(ScoreTableError, match=r"not whole yet: 1 of its 9 parts are missing \(part-00003-of-00009"):
            read_vectors(tmp_path / "out")

    def test_what_lies_beside_the_photos_is_told(self, photos):
        """As everywhere else: counted and named."""
        (photos / "notes.txt").write_text("x")

        assert [each.path for each in list_photos(photos).left_out] == ["notes.txt"]


class TestGoingOn:
    """A second start."""

    def test_nothing_is_done_twice(self, photos, tmp_path):
        """No photo is looked at again, and no file is written."""
        first = embed(photos, tmp_path / "out", slow_recognizer(tmp_path / "log"))
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("part-*")}

        again = embed(photos, tmp_path / "out", slow_recognizer(tmp_path / "log2"))

        assert (first.embedded, first.kept) == (41, 0)
        assert (again.embedded, again.kept) == (0, 41)
        assert (again.added, again.changed, again.removed) == ((), (), ())
        assert again.failures == {"no face": 10, "unreadable": 1}
        assert not (tmp_path / "log2").exists()
        assert {path: path.stat().st_mtime_ns for path in before} == before

    def test_added_changed_and_removed_photos_are_told_and_acted_on(self, photos, tmp_path):
        """The new and the changed are embedded, and nothing else; the removed stay until they are to be forgotten."""
        embed(photos, tmp_path / "out")
        PIL.Image.fromarray(made_photo("wine")).save(photos / "p03" / "new.png")
        PIL.Image.fromarray(made_photo("red")).save(photos / "p04" / "0.png")
        (photos / "p05" / "1.png").unlink()

        log = tmp_path / "log"
        report = embed(photos, tmp_path / "out", slow_recognizer(log))

        assert (report.added, report.changed, report.removed) == (("p03/new.png",), ("p04/0.png",), ("p05/1.png",))
        assert report.embedded == len(log.read_text().split()) == 2
        assert "p05/1.png" in set(read_vectors(tmp_path / "out").photos["photo"])
        forgot = embed(photos, tmp_path / "out", forget_removed=True)
        assert (forgot.embedded, forgot.removed) == (0, ("p05/1.png",))
        embed(photos, tmp_path / "fresh", block=42 // 9)
        found, fresh = (read_vectors(tmp_path / name) for name in ("out", "fresh"))
        assert found.photos.sort_values("photo").to_numpy().tolist() == (
            fresh.photos.sort_values("photo").to_numpy().tolist()
        )
        assert embed(photos, tmp_path / "out").removed == ()

    def test_a_file_that_was_touched_is_read_and_not_embedded_again(self, photos, tmp_path):
        """Another time, the same contents: the row stays."""
        embed(photos, tmp_path / "out")
        before = table_of(tmp_path / "out")
        os.utime(photos / "p04" / "0.png")

        report = embed(photos, tmp_path / "out", slow_recognizer(tmp_path / "log"))

        assert (report.embedded, report.changed) == (0, ())
        assert table_of(tmp_path / "out") == before

    def test_without_notes_the_contents_decide(self, photos, tmp_path):
        """The ledger's notes are gone: photos are read, rows are kept, and one that changed is found."""
        embed(photos, tmp_path / "out")
        before = table_of(tmp_path / "out")
        for each in (tmp_path / "out" / "ledger" / "seen").iterdir():
            each.unlink()

        assert embed(photos, tmp_path / "out").embedded == 0
        assert table_of(tmp_path / "out") == before

    def test_a_photo_that_could_not_be_read_at_all_is_tried_again(self, photos, tmp_path):
        """It was there when the folder was listed, and not when its turn came; the next run finds it."""
        listing = list_photos(photos)
        gone = photos / "p01" / "0.png"
        held = gone.read_bytes()
        gone.unlink()
        embed_photos(listing, tmp_path / "out", made_recognizer(), in_turn, block=5)
        rows = read_vectors(tmp_path / "out").photos.set_index("photo")
        assert rows.loc["p01/0.png", ["failure", "problem", "sha256"]].tolist() == [
            "unreadable",
            "there is no such file",
            "",
        ]
        gone.write_bytes(held)

        report = embed(photos, tmp_path / "out")

        assert report.embedded == 1
        assert report.failures == {"no face": 10, "unreadable": 1}

    def test_what_a_list_says_may_change_without_embedding(self, photos, tmp_path):
        """Another subject for a photo: its row says so, its vector stays."""
        (photos / "list.csv").write_text("image,subject\np01/0.png,x\np02/1.png,y\n")
        embed(photos / "list.csv", tmp_path / "out")
        before = read_vectors(tmp_path / "out")
        (photos / "list.csv").write_text("image,subject\np01/0.png,z\np02/1.png,y\n")

        report = embed(photos / "list.csv", tmp_path / "out", slow_recognizer(tmp_path / "log"))

        after = read_vectors(tmp_path / "out")
        assert report.embedded == 0
        assert after.photos.set_index("photo").loc["p01/0.png", "subject"] == "z"
        assert np.array_equal(before.matrix, after.matrix, equal_nan=True)

    def test_a_damaged_part_is_made_again(self, photos, tmp_path):
        """A part that cannot be read, with notes or without, costs its photos' work and nothing else."""
        embed(photos, tmp_path / "out")
        before = table_of(tmp_path / "out")
        part = tmp_path / "out" / "part-00002-of-00009.parquet"
        part.write_bytes(part.read_bytes()[:100])
        (tmp_path / "out" / "ledger" / "seen" / "00002.json").unlink()

        embed(photos, tmp_path / "out")

        assert table_of(tmp_path / "out") == before

    def test_what_was_left_half_written_is_tidied_up(self, photos, tmp_path):
        """Files aside that nobody renames any more."""
        embed(photos, tmp_path / "out")
        left = tmp_path / "out" / ".part-00002-of-00009.0a1b2c3d.partial.parquet"
        left.touch()

        embed(photos, tmp_path / "out")

        assert not left.exists()


class TestRefusals:
    """What does not go together."""

    def test_another_matcher(self, photos, tmp_path):
        """Parts are of one matcher; the message says in what the two differ, and nothing is written."""
        embed(photos, tmp_path / "out")
        before = table_of(tmp_path / "out")

        with pytest.raises(ModelMismatchError, match=r"made by another matcher: .*embedder"):
            embed(photos, tmp_path / "out", made_recognizer("other"))
        assert table_of(tmp_path / "out") == before

    def test_a_part_of_another_matcher(self, photos, tmp_path):
        """Also where a single part was put there."""
        embed(photos, tmp_path / "out")
        embed(photos, tmp_path / "other", made_recognizer("other"))
        name = "part-00002-of-00009.parquet"
        (tmp_path / "out" / name).write_bytes((tmp_path / "other" / name).read_bytes())
        (tmp_path / "out" / "ledger" / "seen" / "00002.json").unlink()

        with pytest.raises(ModelMismatchError, match=f"{name} was made by another matcher"):
            embed(photos, tmp_path / "out")

    def test_another_table(self, photos, tmp_path):
        """Other columns or another choice of face make another table."""
        (photos / "list.csv").write_text("image,subject,gender\np01/0.png,x,f\n")
        embed(photos, tmp_path / "out")

        with pytest.raises(OutputError, match="the columns subject there, subject, gender here"):
            embed(photos / "list.csv", tmp_path / "out")
        with pytest.raises(OutputError, match="--face main there, largest here"):
            embed(photos, tmp_path / "out", choice="largest")

    def test_a_folder_that_has_too_few_parts(self, photos, tmp_path):
        """A folder that was begun for two photos is none for forty, unless a larger block allows it."""
        (photos / "list.csv").write_text("image,subject\np01/0.png,x\np02/1.png,y\n")
        embed(photos / "list.csv", tmp_path / "out", block=2)

        with pytest.raises(OutputError, match=r"begun with 1 parts, too few for 41 photos: about 41 .* \(2 now\)"):
            embed(photos, tmp_path / "out", block=2)
        assert embed(photos, tmp_path / "out", block=5).embedded == 39

    def test_a_folder_of_something_else(self, photos, tmp_path):
        """Nothing is written among a user's own files."""
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "letter.txt").touch()

        with pytest.raises(OutputError, match="holds other files"):
            embed(photos, tmp_path / "out")
        assert [each.name for each in (tmp_path / "out").iterdir()] == ["letter.txt"]

    @pytest.mark.parametrize("change", [{"format": "2"}, {"parts": 0}, {"matcher": "x"}, {"more": 1}])
    def test_a_run_that_is_not_ours(self, photos, tmp_path, change):
        """A ledger of another version, or a damaged one."""
        embed(photos, tmp_path / "out")
        path = tmp_path / "out" / "ledger" / "run.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))

        with pytest.raises(OutputError, match="choose another folder"):
            embed(photos, tmp_path / "out")

    def test_no_photos_and_no_block(self, tmp_path, photos):
        """A folder without people, and blocks of nothing."""
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataSetError):
            list_photos(tmp_path / "empty")
        with pytest.raises(ArgumentError, match="1 photo or more"):
            embed(photos, tmp_path / "out", block=0)


class TestKills:
    """Processes that end at any moment."""

    def test_a_photo_that_kills_becomes_a_row(self, photos, tmp_path):
        """It costs three processes; every other photo of its block has its vector, as it would have without it."""
        PIL.Image.new("RGB", (64, 64), "white").save(photos / "p02" / "killer.png")

        report = embed(photos, tmp_path / "out", slow_recognizer(tmp_path / "log"), local(2))

        rows = read_vectors(tmp_path / "out").photos.set_index("photo")
        assert report.lost == MOST_DEATHS
        assert rows.loc["p02/killer.png", "failure"] == "unreadable"
        assert rows.loc["p02/killer.png", "problem"].startswith("3 processes that looked at it were lost")
        assert len(rows.loc["p02/killer.png", "sha256"]) == 64
        assert Counter(rows["failure"]) == {"": 30, "no face": 10, "unreadable": 2}
        assert list((tmp_path / "out" / "ledger" / "trails").iterdir()) == []
        assert embed(photos, tmp_path / "out", slow_recognizer(tmp_path / "log")).embedded == 0

    @pytest.mark.slow
    def test_workers_that_are_killed_lose_nothing(self, photos, tmp_path):
        """Killed at random moments: the run goes on, the table has the same bytes, no photo is looked at too often."""
        embed(photos, tmp_path / "whole")
        program = Program(photos, tmp_path / "out", tmp_path / "log")
        running = program.start()
        chance, kills, wanted = random.Random(3), 0, 3
        while running.poll() is None and kills < 2:
            time.sleep(0.01)
            if program.looks() >= wanted and (children := _children(running.pid)):
                os.kill(chance.choice(children), signal.SIGKILL)
                kills, wanted = kills + 1, program.looks() + chance.randint(3, 9)
        assert running.wait(200) == 0

        assert kills
        assert table_of(tmp_path / "out") == table_of(tmp_path / "whole")
        assert program.looks() <= 40 + kills * program.block_size

    @pytest.mark.slow
    def test_runs_that_are_killed_go_on(self, photos, tmp_path):
        """Driver after driver is killed by force: the last one finishes, and does no finished block again."""
        embed(photos, tmp_path / "whole")
        program = Program(photos, tmp_path / "out", tmp_path / "log")
        chance, kills = random.Random(5), 0
        for _ in range(2):  # after so many looks more than there were, however slow the machine is
            running, wanted = program.start(), program.looks() + chance.randint(3, 9)
            while running.poll() is None and program.looks() < wanted:
                time.sleep(0.01)
            running.kill()
            kills += running.wait() != 0
        assert program.start().wait(200) == 0

        assert kills
        assert table_of(tmp_path / "out") == table_of(tmp_path / "whole")
        assert program.looks() <= 40 + kills * program.workers * program.block_size
        assert list((tmp_path / "out" / "ledger" / "claims").iterdir()) == []
        assert not [each for each in (tmp_path / "out").iterdir() if "partial" in each.name]

    @pytest.mark.slow
    def test_several_at_once_and_one_is_killed(self, photos, tmp_path):
        """Three drivers share the folder: who survives finishes, and no photo is looked at twice but for the lost."""
        embed(photos, tmp_path / "whole")
        program = Program(photos, tmp_path / "out", tmp_path / "log")
        running = [program.start() for _ in range(3)]
        while not (tmp_path / "log").exists():
            time.sleep(0.02)
        running[0].kill()
        assert [each.wait(200) for each in running] == [-signal.SIGKILL, 0, 0]

        assert table_of(tmp_path / "out") == table_of(tmp_path / "whole")
        assert program.looks() <= 40 + program.workers * program.block_size


class Program:
    """The program that embeds, as often as it is started."""

    workers = 2

    def __init__(self, photos, out, log):
        self.log = log
        self.arguments = [photos, out, log, self.workers, 5, 0.05, "local"]
        counts = Counter(part_of(photo.name, 9) for photo in list_photos(photos).photos)
        self.block_size = max(counts.values())

    def start(self):
        """In a process of its own."""
        program = "import sys; from tests.batch.made_work import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", program, *map(str, self.arguments)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    def looks(self):
        """How often a photo was looked at; second looks of one photo count."""
        return len(self.log.read_text().split()) if self.log.exists() else 0


def _children(process):
    try:
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def test_progress_ends_with_everything(photos, tmp_path):
    """What was there counts from the beginning."""
    told = []
    embed(photos, tmp_path / "out", progress=lambda *counts: told.append(counts))
    assert told[0] == (0, 41)
    assert told[-1] == (41, 41)
    told.clear()
    report = embed(photos, tmp_path / "out", progress=lambda *counts: told.append(counts))
    assert told == [(41, 41)]
    assert replace(report, seconds=0).people == 10

"""``facerec embed`` into a folder: parts, what is said of them, and what does not go together."""

import io
import json
import tarfile

import PIL.Image
import pytest

from facerec.measure.tables.vector_table import read_vectors
from facerec.testing import made_photo


@pytest.fixture(autouse=True)
def in_turn(monkeypatch):
    """Units are done in this process; what the runners do is tested where they are."""

    def runner(workers, **_):
        def run(work, take):
            done = work.begin()
            while (unit := take()) is not None:
                yield unit, done(unit)

        return run

    monkeypatch.setattr("facerec.batch.processes.local", runner)
    monkeypatch.setattr("facerec.batch.embedding._SETTLED", -(10**18))


@pytest.fixture
def people(colours, draw):
    """Two people with two photos each, and something beside them."""
    for place, colour in (("ada/1", "red"), ("ada/2", "wine"), ("bob/1", "green"), ("bob/2", "black")):
        (colours / "people" / place).parent.mkdir(parents=True, exist_ok=True)
        draw(f"people/{place}.png", colour)
    (colours / "people" / "notes.txt").touch()
    return colours / "people"


def shard(path, *names):
    """A shard of photos of one colour each, of people who are called like it."""
    with tarfile.open(path, "w") as archive:
        for name in names:
            file = io.BytesIO()
            PIL.Image.fromarray(made_photo(name)).save(file, "PNG")
            for ending, content in (("png", file.getvalue()), ("json", json.dumps({"subject": name}).encode())):
                about = tarfile.TarInfo(f"{name}.{ending}")
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))


def test_a_folder_of_people(people, facerec):
    """A row per photo, one line of answer, and what was left out or found otherwise on the other stream."""
    outcome = facerec("embed", "people", "--out", "vectors", "--block", "2")

    assert outcome.status == 0
    assert outcome.out == ("vectors: 4 photos of 2 people, 1 without a vector; 4 embedded now, 0 before or by others\n")
    assert "left out: 1 file" in outcome.err
    assert "1 photo has no vector: no face" in outcome.err
    rows = read_vectors("vectors").photos.sort_values("photo")
    assert rows[["photo", "subject", "failure"]].to_numpy().tolist() == [
        ["ada/1.png", "ada", ""],
        ["ada/2.png", "ada", ""],
        ["bob/1.png", "bob", ""],
        ["bob/2.png", "bob", "no face"],
    ]


def test_a_second_start_says_what_is_otherwise(people, facerec, draw):
    """Added, changed and removed photos are named, and counted in the document."""
    facerec("embed", "people", "--out", "vectors", "--block", "2")
    draw("people/ada/3.png", "red")
    draw("people/ada/1.png", "wine")
    (people / "bob" / "1.png").unlink()

    outcome = facerec("embed", "people", "--out", "vectors", "--json", "--block", "2")

    told = outcome.document
    assert (told["embedded_now"], told["kept"]) == (2, 2)
    assert (told["added"], told["changed"], told["removed"]) == (1, 1, 1)
    assert told["first_removed"] == ["bob/1.png"]
    assert "1 photo added since the last run: ada/3.png\n" in outcome.err
    facerec("embed", "people", "--out", "vectors", "--forget-removed", "--block", "2")
    assert "bob/1.png" not in set(read_vectors("vectors").photos["photo"])


def test_shards(colours, facerec):
    """Photos that lie in tar files, of whom their texts tell."""
    (colours / "shards").mkdir()
    shard(colours / "shards" / "a.tar", "red", "green")
    shard(colours / "shards" / "b.tar", "blue")

    assert facerec("embed", "shards", "--out", "vectors").status == 0
    assert facerec("embed", "shards/b.tar", "--out", "one").status == 0

    rows = read_vectors("vectors").photos.sort_values("photo")
    assert rows[["photo", "subject"]].to_numpy().tolist() == [
        ["a.tar/green.png", "green"],
        ["a.tar/red.png", "red"],
        ["b.tar/blue.png", "blue"],
    ]
    assert read_vectors("one").photos["subject"].tolist() == ["blue"]


def test_a_folder_into_a_table(people, facerec):
    """A folder of people goes into one table, too."""
    assert facerec("embed", "people", "--out", "v.parquet").status == 0
    assert sorted(read_vectors("v.parquet").photos["photo"]) == ["ada/1.png", "ada/2.png", "bob/1.png", "bob/2.png"]


def test_another_model_is_refused(people, facerec):
    """With what differs, and a code for programs."""
    facerec("embed", "people", "--out", "vectors")

    outcome = facerec("embed", "people", "--out", "vectors", "--model", "facenet", "--json")

    assert (outcome.status, outcome.document["code"]) == (2, "model_mismatch")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("people", "--out", "v.csv", "--runner", "local"), "--runner: a table is written in one go"),
        (("people", "--out", "v.csv", "--block", "2"), "--block: a table is written in one go"),
        (("people", "--out", "vectors", "--block", "0"), "--block must be 1 or more; got 0"),
        (("people", "--out", "vectors", "--workers", "0"), "--workers must be 1 or more; got 0"),
        (("people", "--out", "vectors", "--root", "x"), "--root is for a CSV file"),
        (("people", "--out", "people/vectors"), "lies among the photos"),
        (("list.csv", "--out", "vectors", "--exclude", "x"), "--exclude is for folders and shards"),
        (("list.csv", "--out", "v.csv", "--exclude", "x"), "--exclude is for folders and shards"),
        (("people/ada", "--out", "vectors"), "holds no folders"),
        (("nosuch", "--out", "vectors"), "nosuch"),
    ],
)
def test_refusals(people, facerec, words, told):
    """One line, status 2, and nothing is written."""
    (people.parent / "list.csv").write_text("image,subject\npeople/ada/1.png,ada\n")

    outcome = facerec("embed", *words)

    assert outcome.status == 2
    assert told in outcome.err
    assert not (people.parent / "vectors").exists()
    assert not (people / "vectors").exists()


def test_scores_of_parts_are_those_of_photos(people, facerec):
    """Pairs by what was embedded before: the table that the photos give, failures and stamp included."""
    (people / "pairs.csv").write_text(
        "probe_image,reference_image,probe_subject,reference_subject\n"
        "ada/1.png,ada/2.png,ada,ada\nada/1.png,bob/1.png,ada,bob\nada/1.png,bob/2.png,ada,bob\n"
    )
    facerec("embed", "people", "--out", "vectors")

    by_parts = facerec("score", "people/pairs.csv", "--vectors", "vectors", "--out", "parts.csv")
    by_photos = facerec("score", "people/pairs.csv", "--out", "photos.csv")

    assert by_parts.out.replace("parts.csv", "photos.csv") == by_photos.out
    assert (people.parent / "parts.csv").read_text() == (people.parent / "photos.csv").read_text()


@pytest.mark.parametrize("more", [("--face", "largest"), ("--no-gate",), ("--model", "facenet")])
def test_vectors_bring_what_made_them(people, facerec, more):
    """Options that could say something else are refused."""
    (people / "pairs.csv").write_text("probe_image,reference_image,genuine\nada/1.png,ada/2.png,true\n")
    facerec("embed", "people", "--out", "vectors")

    outcome = facerec("score", "people/pairs.csv", "--vectors", "vectors", "--out", "s.csv", *more)

    assert outcome.status == 2
    assert "--vectors brings its model" in outcome.err


def test_a_photo_that_was_not_embedded_is_named(people, facerec, draw):
    """It is no failure of the photo."""
    facerec("embed", "people", "--out", "vectors")
    draw("people/new.png", "red")
    (people / "pairs.csv").write_text("probe_image,reference_image,genuine\nada/1.png,new.png,false\n")

    outcome = facerec("score", "people/pairs.csv", "--vectors", "vectors", "--out", "s.csv")

    assert outcome.status == 2
    assert "'new.png'" in outcome.err

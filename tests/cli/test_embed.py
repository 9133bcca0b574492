"""``facerec embed``: photos of known people as a table of vectors."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from facerec.measure.tables.vector_table import read_vectors
from facerec.quality import DEFAULT_GATE
from facerec.types import Matcher

PHOTOS = """subject,image,gender
ada,ada1.png,female
ada,ada2.png,female
bob,bob1.png,male
bob,none.png,male
bob,bad.png,male
"""


@pytest.fixture
def photos(colours, draw):
    """Five photos of two people, one without a face and one that is no photo."""
    draw("in/ada1.png", "red")
    draw("in/ada2.png", "wine")
    draw("in/bob1.png", "green")
    draw("in/none.png", "black")
    (colours / "in" / "bad.png").write_bytes(b"no photo")
    (colours / "photos.csv").write_text(PHOTOS)
    return colours


@pytest.mark.parametrize("out", ["vectors.csv", "vectors.parquet"])
def test_table(photos, facerec, out):
    """Every photo is a row with what the manifest says of it; failed ones are counted, named, and have no vector."""
    outcome = facerec("embed", "photos.csv", "--root", "in", "--out", out, "--json")

    found = read_vectors(out)
    document = outcome.document
    assert outcome.status == 0
    assert found.photos["photo"].tolist() == ["ada1.png", "ada2.png", "bob1.png", "none.png", "bad.png"]
    assert found.photos["subject"].tolist() == ["ada", "ada", "bob", "bob", "bob"]
    assert found.photos["gender"].tolist() == ["female", "female", "male", "male", "male"]
    assert found.embedded.tolist() == [True, True, True, False, False]
    assert found.matrix[0] @ found.matrix[1] > 0.9 > found.matrix[0] @ found.matrix[2]
    assert np.linalg.norm(found.matrix[:3], axis=1) == pytest.approx(np.ones(3))
    assert (document["photos"], document["photos_without_vector"], document["people"]) == (5, 2, 2)
    assert document["dimension"] == 8
    assert found.matcher == Matcher(**document["matcher"])
    assert (found.matcher.embedder_digest, found.matcher.gate) == ("a" * 64, DEFAULT_GATE.name)
    assert found.photos["failure"].tolist() == ["", "", "", "no face", "unreadable"]
    assert document["first_without_face"] == ["none.png"]
    assert list(document["first_unreadable"]) == ["bad.png"]
    assert "1 of 5 photos show no face to compare: none.png" in outcome.err


def test_what_there_is_to_say_of_photos_is_said_once_per_kind(photos, facerec, draw):
    """A nearly black photo and a flat one: a line and an entry each, with no count where there is only one."""
    PIL.Image.new("RGB", (64, 64), "teal").save("in/ada2.png")

    outcome = facerec("embed", "photos.csv", "--root", "in", "--out", "v.csv", "--no-gate", "--json")

    flat, dark = outcome.document["notes_on_photos"]
    assert [(each["example"], each["photos"]) for each in (flat, dark)] == [("ada2.png", 1), ("none.png", 1)]
    assert f"note: ada2.png: {flat['note']}\n" in outcome.err
    assert f"note: none.png: {dark['note']}\n" in outcome.err
    assert flat["note"].startswith("the picture is flat")
    assert dark["note"].startswith("the picture is nearly black")


def test_the_gate_judges_unless_it_is_left_out(photos, facerec, draw):
    """A face that is too small gives no vector, and the table says so; --no-gate takes it, and the stamp says so."""
    draw("in/ada2.png", "wine", size=32)

    judged = facerec("embed", "photos.csv", "--root", "in", "--out", "v.csv", "--json")
    facerec("embed", "photos.csv", "--root", "in", "--out", "all.csv", "--no-gate")

    assert read_vectors("v.csv").photos["failure"].tolist() == ["", "refused", "", "no face", "unreadable"]
    assert judged.document["images_refused"] == 1
    assert "too small to decide" in judged.document["first_refused"]["ada2.png"]
    everyone = read_vectors("all.csv")
    assert everyone.embedded.tolist() == [True, True, True, False, False]
    assert everyone.matcher.gate == "none"


def test_one_line(photos, facerec):
    """Without ``--json`` there is one line."""
    outcome = facerec("embed", "photos.csv", "--root", "in", "--out", "v.csv")

    assert outcome.out == "v.csv: 5 photos of 2 people, 2 without a vector\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "the file is empty"),
        ("image,person\na,b\n", "lacks subject"),
        ("image,subject\n", "holds no photos"),
        ("image,subject\nada1.png,\n", "subject in row 1 is empty"),
        ("image,subject\nada1.png,a\nada1.png,a\n", "stands again in row 2"),
        ("image,subject\nnosuch.png,a\n", "photos.csv: photos are missing in in: nosuch.png"),
        ("image,subject,v0\nada1.png,a,1\n", "the column v0 has a name that the table of vectors needs itself"),
        ("image,subject,matcher\nada1.png,a,1\n", "the column matcher has a name that the table of vectors needs"),
        ("image,subject,subject\nada1.png,a,a\n", "subject"),
    ],
)
def test_bad_manifests(photos, facerec, content, told):
    """What is wrong with a list of photos is one line, and nothing is written."""
    (photos / "photos.csv").write_text(content)

    outcome = facerec("embed", "photos.csv", "--root", "in", "--out", "v.csv", "--json")

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
    assert told in outcome.err
    assert not (photos / "v.csv").exists()


@pytest.mark.parametrize("out", ["v.npz", "nosuch/v.csv"])
def test_unwritable_table_is_refused_before_the_work(photos, facerec, monkeypatch, out):
    """Nobody waits an hour for a table that cannot be written."""
    monkeypatch.setattr("facerec.measure.photo_vectors.PhotoVectors.__iter__", lambda _: pytest.fail("worked"))

    assert facerec("embed", "photos.csv", "--root", "in", "--out", out).status == 2

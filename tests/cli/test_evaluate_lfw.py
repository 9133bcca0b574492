"""``facerec evaluate lfw``: the official protocol, from photos to figures."""

from __future__ import annotations

import itertools

import pytest

from facerec.measure import tables

NAMES = {"Ada": "red", "Bob": "green", "Cy": "blue"}


@pytest.fixture
def lfw(colours, draw):
    """A data set in LFW's form: two folds of three genuine and three impostor pairs, one photo without a face."""
    for name, colour in NAMES.items():
        for number in range(1, 5):
            draw(f"lfw/images/{name}/{name}_{number:04d}.jpg", "black" if (name, number) == ("Cy", 4) else colour)
    lines = ["2\t3"]
    for first, second in ((1, 2), (3, 4)):
        lines += [f"{name}\t{first}\t{second}" for name in NAMES]
        lines += [f"{one}\t{first}\t{other}\t{second}" for one, other in itertools.combinations(NAMES, 2)]
    (colours / "lfw" / "pairs.txt").write_text("\n".join(lines) + "\n")
    return colours / "lfw"


def test_figures(lfw, facerec):
    """The document has the keys that others read, and the photo without a face is a rejection."""
    outcome = facerec("evaluate", "lfw", "--data", lfw, "--scores", "out.csv", "--json")

    document = outcome.document
    assert outcome.status == 0
    assert document.keys() >= {"accuracy_mean", "accuracy_std", "auc", "eer", "tmr_at_fmr", "images_without_face"}
    assert document["tmr_at_fmr"] == {"1e-2": None, "1e-3": None}  # six impostor pairs cannot show these
    assert document["accuracy_mean"] == pytest.approx(11 / 12)
    assert (document["images"], document["images_without_face"], document["pairs_without_score"]) == (12, 1, 3)
    assert document["images_per_second"] > 0
    assert [each["pairs"] for each in document["folds"]] == [6, 6]
    assert (document["matcher"]["embedder"], document["matcher"]["detector"]) == ("dlib-resnet", "squares.v1")
    assert len(tables.read("out.csv")) == 12
    assert "1 of 12 photos show no face to compare: images/Cy/Cy_0004.jpg" in outcome.err


def test_text_for_people(lfw, facerec):
    """The same in words."""
    text = facerec("evaluate", "lfw", "--data", lfw).out

    matcher, pairs, *_ = text.splitlines()
    assert matcher == "dlib-resnet, squares.v1, square-middle-8.v1"
    assert pairs.startswith("6 genuine and 6 impostor pairs of 3 people, 3 of them")
    assert "accuracy          91.67 % ± 11.79 % over 2 folds" in text


def test_pseudonyms(lfw, facerec, tmp_path):
    """No name is in the table; the same key gives the same table, and no key another one each time."""
    (tmp_path / "key").write_bytes(b"sixteen bytes at least")
    keyed = ("evaluate", "lfw", "--data", lfw, "--pseudonym-key", "key", "--scores")
    facerec(*keyed, "a.csv")
    facerec(*keyed, "b.csv")
    facerec("evaluate", "lfw", "--data", lfw, "--pseudonyms", "--scores", "c.csv")

    first, second, third = ((tmp_path / name).read_text() for name in ("a.csv", "b.csv", "c.csv"))

    assert not any(name in first + third for name in NAMES)
    assert first == second != third


def test_pseudonyms_need_a_table(lfw, facerec):
    """An option that would do nothing is refused."""
    outcome = facerec("evaluate", "lfw", "--data", lfw, "--pseudonyms")

    assert outcome.status == 2
    assert "--scores" in outcome.err


def test_folder_that_is_not_lfw(colours, facerec):
    """Another folder is one line."""
    outcome = facerec("evaluate", "lfw", "--data", ".", "--json")

    assert outcome.status == 2
    assert "pairs.txt" in outcome.document["error"]

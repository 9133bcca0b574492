"""What is said of a trained model: all that a reader must know of its bytes, its photos and its terms."""

import hashlib
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from facerec.models.folder import Parent, Pixels, Terms
from facerec.training.description import Made, describe, inherited_terms, of_photos

PEOPLE = SimpleNamespace(name="crowd", photos=40, digest="abcdef0123456789" * 4, crop="dlib-5pt-chip-150.v1")
PIXELS = Pixels((1.0, 2.0, 3.0), (4.0, 5.0, 6.0), size=96)


def said(**changes):
    """The description of some network."""
    given = {
        "pixels": PIXELS,
        "flip": False,
        "people": PEOPLE,
        "seed": 5,
        "details": {"epochs at most": 3},
        "terms": Terms("ours", "no", "we say so"),
        "parents": (Parent("old", "1" * 64, "start"),),
    }
    network = SimpleNamespace(architecture={"name": "face-network.v1"}, dimension=7)
    return describe(network, b"weights", Made("made", "facerec train", "consented"), **(given | changes))


def test_everything_that_was_given_is_said():
    """Each under its own name; the weights by their digest and their length."""
    about = said()

    assert (about.name, about.kind, about.architecture, about.dimension) == (
        "made",
        "torch",
        {"name": "face-network.v1"},
        7,
    )
    assert (about.crop, about.pixels, about.flip) == (PEOPLE.crop, PIXELS, False)
    assert about.crop_weights
    assert (about.weights.sha256, about.weights.size) == (hashlib.sha256(b"weights").hexdigest(), 7)
    assert about.terms == Terms("ours", "no", "we say so")
    assert about.parents == (Parent("old", "1" * 64, "start"),)
    training = about.training
    assert training.data == "crowd: 40 photos, digest abcdef012345…"
    assert (training.data_terms, training.command, training.seed) == ("consented", "facerec train", 5)
    assert training.details == {"epochs at most": 3}
    assert said(flip=True).flip


def test_versions_are_those_of_what_trained():
    """Python and the packages that decide the numbers."""
    packages = ("torch", "torchvision", "timm", "pytorch-metric-learning", "numpy")

    assert said().training.versions == {
        "python": sys.version.split()[0],
        **{package: metadata.version(package) for package in packages},
    }


@pytest.mark.parametrize(("parent", "child"), [("no", "no"), ("unclear", "unclear"), ("yes", "unclear")])
def test_terms_are_never_freer_than_the_parents(parent, child):
    """What a parent forbids stays forbidden, and nothing is promised; both reasons are told."""
    found = inherited_terms("old", Terms("MIT", parent, "he said"), "with consent", how="came from")

    assert found.commercial == child
    assert found.licence == "that of who trained it; it came from old: MIT"
    for words in (f"of old: {parent}", "he said", "with consent"):
        assert words in found.reason


def test_terms_of_photos_that_nobody_stated():
    """Are said to be unstated; stated ones are given in their words."""
    assert "nobody has stated" in of_photos("")
    assert of_photos("with consent").endswith("with consent")

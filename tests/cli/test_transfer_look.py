"""``facerec transfer look`` and ``facerec transfer gradients`` on the command line: answers, documents, errors."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo(tmp_path):
    """A photo of noise."""
    path = tmp_path / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 80, 3), np.uint8)).save(path)
    return path


def test_look_writes_a_page_and_says_what_it_saw(facerec, photo, tmp_path):
    """Answers are printed, and the page is where it was asked for."""
    outcome = facerec(
        "transfer", "look", str(photo), "--backbone", "efficientnet_lite0", "--out", str(tmp_path / "page")
    )

    assert outcome.status == 0
    assert "noise.png: " in outcome.out
    assert (tmp_path / "page" / "look.html").is_file()


def test_look_says_that_random_weights_are_random(facerec, photo, tmp_path):
    """With --weights none the document says so, and there is no answer."""
    line = ["transfer", "look", str(photo), "--backbone", "resnet18", "--weights", "none", "--out", str(tmp_path)]
    outcome = facerec(*line, "--layer", "layer1.0.conv1", "--json")

    assert outcome.document["random_weights"] is True
    assert outcome.document["weights_sha256"] is None
    assert outcome.document["photos"][0]["answers"] == []
    assert outcome.document["photos"][0]["activations"][0]["shape"] == [64, 56, 56]
    assert "layer4.1.conv2" in outcome.document["layers"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--backbone", "resnet18", "--weights", "none", "--layer", "layer9"], "no layer 'layer9'"),
        (["--backbone", "nosuchnet"], "nosuchnet"),
    ],
)
def test_look_tells_what_is_wrong(facerec, photo, tmp_path, words, told):
    """An unknown layer and an unknown backbone are one line, and exit status 2."""
    outcome = facerec("transfer", "look", str(photo), "--out", str(tmp_path / "page"), *words)

    assert outcome.status == 2
    assert told in outcome.err
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--depths", "20"], "two whole numbers"),
        (["--depths", "20,57"], "6n + 2"),
        (["--budget", "soon"], "90s, 5m or 1h"),
        (["--budget", "0s"], "90s, 5m or 1h"),
        (["--workers", "0"], "1 or more"),
        (["--seeds", "1"], "2 seeds"),
        (["--size", "9"], "multiple of 4"),
        (["--data", "/nosuchfolder"], "nosuchfolder"),
    ],
)
def test_gradients_refuses_what_makes_no_experiment(facerec, tmp_path, words, told):
    """Each wrong option is one line that says what is expected, before anything is computed or written."""
    outcome = facerec("transfer", "gradients", "--out", str(tmp_path / "lab"), *words)

    assert outcome.status == 2
    assert told in outcome.err
    assert not (tmp_path / "lab").exists()


@pytest.mark.slow
def test_gradients_makes_a_report(facerec, tmp_path):
    """The smallest experiment, with its prediction and what it decided."""
    line = ["transfer", "gradients", "--depths", "8,14", "--seeds", "2", "--steps", "20", "--size", "8"]
    outcome = facerec(*line, "--workers", "1", "--out", str(tmp_path), "--json")

    assert outcome.status == 0
    assert outcome.document["steps"] == 20
    assert len(outcome.document["findings"]) == 9
    assert (tmp_path / "report.html").is_file()

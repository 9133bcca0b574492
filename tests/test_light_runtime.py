"""The pipeline without torch: the same vectors, decisions and gate, and evidence that names what ran the networks."""

import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from facerec import Recognizer, open_gallery
from facerec.errors import ArgumentError
from facerec.quality import NO_GATE
from facerec.testing import SquareDetector, made_embedder, made_gallery, made_photo, made_point
from facerec.training.export import pattern_chips

ROOT = Path(__file__).parents[1]
ONLY = """
import sys
class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in FORBIDDEN:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, OnlyLocked())
"""


def not_locked() -> list[str]:
    """The modules of every package that is installed here and that the lock of the light runtime leaves out."""
    text = (ROOT / "deploy/light-requirements.txt").read_text("utf-8")
    locked = {*re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE), "facerec"}
    found = metadata.packages_distributions().items()
    return sorted(
        module for module, names in found if locked.isdisjoint(re.sub("[._]", "-", name).lower() for name in names)
    )


@pytest.fixture(scope="module")
def usual() -> Recognizer:
    """On torch."""
    return Recognizer(device="cpu")


@pytest.fixture(scope="module")
def light(runtime) -> Recognizer:
    """On the graphs."""
    return Recognizer(runtime=runtime)


@pytest.fixture(scope="module")
def portraits(data) -> list[Path]:
    """Ten people's photos, two of each."""
    folders = [path for path in sorted((data / "lfw/images").iterdir()) if len(list(path.iterdir())) > 1]
    return [photo for folder in folders[:200:20] for photo in sorted(folder.iterdir())[:2]]


def test_it_is_the_same_matcher(usual: Recognizer, light: Recognizer) -> None:
    """Shipped points, galleries and the gate hold."""
    assert light.matcher == usual.matcher
    assert light.gate == usual.gate
    assert light.operating_point() == usual.operating_point()


def test_equal_chips_give_equal_vectors(usual: Recognizer, light: Recognizer, portraits) -> None:
    """To 1e-5, one by one or together; flip consistency to the same."""
    chips = np.concatenate([usual.faces(photo).chips for photo in portraits])

    wanted, got = usual.embedder.embed(chips), light.embedder.embed(chips)

    np.testing.assert_allclose(got.vectors, wanted.vectors, atol=1e-5)
    np.testing.assert_allclose(got.flip, wanted.flip, atol=1e-5)
    np.testing.assert_allclose(light.embedder(chips[:1]), got.vectors[:1], atol=1e-6)


def test_the_same_decisions_with_the_runtime_in_the_evidence(usual: Recognizer, light: Recognizer, portraits) -> None:
    """Score, decision, problems and notes; one more line in words, one field more in JSON."""
    for probe, reference in ((portraits[0], portraits[1]), (portraits[0], portraits[2])):
        wanted, got = usual.verify(probe, reference), light.verify(probe, reference)

        # From photo to end chips may be cut otherwise by a pixel, on some processors: 0.0035 at most on LFW
        # (reports/light-runtime); equal chips give equal vectors, above.
        assert got.score == pytest.approx(wanted.score, abs=0.01)
        assert (got.decision, got.problems, got.notes) == (wanted.decision, wanted.problems, wanted.notes)
        assert got.operating_point == wanted.operating_point
        assert wanted.runtime is None
        assert got.to_dict()["runtime"] == got.runtime == light.runtime
        assert str(got).endswith(f"the networks were run by {light.runtime}")
        assert "run by" not in str(wanted)


def test_photos_of_both_meet_in_one_gallery(usual: Recognizer, light: Recognizer, portraits, tmp_path) -> None:
    """Enrolled with torch, found by the graphs: no error, no note; the log says what ran where that was not torch."""
    with open_gallery(tmp_path / "people.db", usual.embedder) as people:
        usual.enroll(portraits[0], "ada", people, consent="form 1")
        light.enroll(portraits[4], "grace", people, consent="form 2")
        claim = light.verify_person(portraits[1], "ada", people)
        found = light.identify(portraits[1], people)
        log = people.log()[-4:]

    assert claim.decision == found[0].decision
    assert claim.runtime == found[0].runtime == light.runtime
    assert not any("another" in note for note in claim.notes)
    assert "runtime" not in log[0].details
    assert [entry.details["runtime"] for entry in log[1:]] == [light.runtime] * 3


def test_every_door_names_what_ran(tmp_path) -> None:
    """Made faces, whose embedder says that something else computes it: results, JSON, words and log repeat it."""
    embedder = replace(made_embedder(), runtime="an abacus")
    made = Recognizer(detector=SquareDetector(), embedder=embedder, gate=NO_GATE)
    red, wine = made_photo("red"), made_photo("wine")
    with made_gallery(tmp_path / "people.db") as people:
        made.enroll(red, "ada", people)
        claim = made.verify_person(wine, "ada", people, at=made_point())
        found = made.identify(wine, people, at=made_point())
        log = [entry.details.get("runtime") for entry in people.log()[-3:]]

    assert log == ["an abacus"] * 3
    for outcome in (claim, found[0], made.verify(red, wine, at=made_point())):
        assert outcome.to_dict()["runtime"] == "an abacus"
        assert "run by an abacus" in str(outcome)


def test_equal_patterns_give_equal_vectors(usual: Recognizer, light: Recognizer) -> None:
    """Chips that show no face, and nothing but noise."""
    patterns = pattern_chips(usual.embedder.crop.name)
    noise = np.random.default_rng(0).integers(0, 256, patterns.shape, dtype=np.uint8)

    for chips in (patterns, noise):
        np.testing.assert_allclose(light.embedder(chips), usual.embedder(chips), atol=1e-5)


def test_streams_and_pickles_name_it(light: Recognizer, portraits) -> None:
    """Every way to faces, and in another process too."""
    again = pickle.loads(pickle.dumps(light))
    streamed = list(again.stream(portraits[:2]))

    assert again.runtime == light.runtime
    assert {faces.runtime for faces in streamed} == {light.runtime}
    assert streamed[0][0].runtime == light.faces(portraits[0]).to_dict()["runtime"] == light.runtime


def test_what_does_not_go_with_a_runtime(usual: Recognizer, runtime) -> None:
    """An embedder, a GPU, another model."""
    with pytest.raises(ArgumentError, match="brings its embedder"):
        Recognizer(runtime=runtime, embedder=usual.embedder)
    with pytest.raises(ArgumentError, match="runs on the processor"):
        Recognizer(runtime=runtime, device="cuda")
    with pytest.raises(ArgumentError, match="holds the embedder dlib-resnet, not facenet"):
        Recognizer(runtime=runtime, model="facenet")


def test_with_what_is_locked_and_with_a_fresh_home(runtime, portraits, tmp_path: Path) -> None:
    """Commands run where nothing can be imported that is not locked for them, and leave nothing in a home."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    lines = [
        ["verify", portraits[0], portraits[1], "--runtime", runtime, "--json"],
        ["detect", portraits[0], "--json"],
        ["enroll", "ada", portraits[0], "--gallery", work / "people.db", "--consent", "form 1", "--json"],
        ["identify", portraits[1], "--gallery", work / "people.db", "--json"],
        ["quality", portraits[0], "--json"],
    ]
    program = (
        f"FORBIDDEN = {not_locked()!r}"
        + ONLY
        + (
            "import contextlib, io, json\n"
            "from facerec.cli.app import app\nfrom facerec.cli.running import run\n"
            "for line in json.loads(sys.argv[1]):\n"
            "    with contextlib.redirect_stdout(io.StringIO()) as out:\n"
            "        status = run(app, line)\n"
            "    print(json.dumps([status, json.loads(out.getvalue())]))\n"
        )
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "FACEREC_"))}
    environment |= {"HOME": str(home), "FACEREC_RUNTIME": str(runtime), "PYTHONPATH": str(ROOT)}
    texts = json.dumps([[str(word) for word in line] for line in lines])

    done = subprocess.run(
        [sys.executable, "-c", program, texts], capture_output=True, text=True, check=False, env=environment, cwd=work
    )

    assert done.returncode == 0, done.stderr
    verified, detected, enrolled, identified, judged = map(json.loads, done.stdout.splitlines())
    assert verified[0] in (0, 1), verified
    assert verified[1]["runtime"].startswith("onnxruntime ")
    assert (detected[0], len(detected[1]["photos"][0]["faces"])) == (0, 1)
    assert enrolled[0] == judged[0] == 0, done.stdout
    assert identified[0] in (0, 1), identified
    assert identified[1]["faces"][0]["runtime"] == verified[1]["runtime"]
    assert list(home.rglob("*")) == []

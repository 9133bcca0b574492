"""Embedders by name: this project's own, added folders, ONNX files of other makers."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from facerec.detect import Mtcnn
from facerec.embed.load import add_model, describe_onnx, digest_of, embedder_names, embedder_of, load_embedder
from facerec.errors import ArgumentError, CalibrationError, ModelMismatchError, OutputError, WeightsError
from facerec.models.folder import Pixels, Terms, attach_points, read_model, write_model
from facerec.models.shipped_points import shipped_point
from facerec.types import Matcher, OperatingPoint, Rate

TERMS = Terms("MIT", "yes", "stated")
MATRIX = np.eye(3, 5) + 0.1


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """An empty place for added models."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def described(tmp_path, pooled_graph):
    """An ONNX network, described."""
    file = tmp_path / "net.onnx"
    file.write_bytes(pooled_graph(MATRIX))
    return describe_onnx(file, name="colours", crop="five-point-112.v1", pixels=Pixels.preset("0..1"), terms=TERMS)


def test_an_added_model_is_an_embedder_like_the_others(described, models, tmp_path):
    """It is found by its name, carries its digest, and its vectors are of unit length."""
    about, contents = described
    write_model(tmp_path / "elsewhere", about, contents)

    add_model(tmp_path / "elsewhere")
    embedder = load_embedder("colours")

    assert embedder_names() == ("dlib-resnet", "facenet", "colours")
    assert (embedder.name, embedder.digest, embedder.dimension) == ("colours", about.digest, 5)
    chips = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    np.testing.assert_allclose(np.linalg.norm(embedder(chips), axis=1), 1, rtol=1e-6)
    raw = (chips / 255).mean(axis=(1, 2)) @ MATRIX
    np.testing.assert_allclose(embedder(chips), raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-5)


def test_a_digest_is_known_without_loading(described, tmp_path):
    """It is the one that the loaded embedder has, of this project's models and of added ones."""
    write_model(tmp_path / "elsewhere", *described)
    add_model(tmp_path / "elsewhere")

    for name in ("dlib-resnet", "colours"):
        assert digest_of(name) == load_embedder(name).digest
    with pytest.raises(ArgumentError, match="no embedder is called 'nobody'"):
        digest_of("nobody")


def test_a_pickled_embedder_is_loaded_again(described, tmp_path):
    """Vectors are the same; where the files have become another model's in between, it is refused."""
    about, contents = described
    write_model(tmp_path / "elsewhere", about, contents)
    embedder = embedder_of(read_model(tmp_path / "elsewhere"))
    chips = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    pickled = pickle.dumps(embedder)

    again = pickle.loads(pickled)

    assert again.digest == embedder.digest
    np.testing.assert_array_equal(again(chips), embedder(chips))
    with pytest.raises(ModelMismatchError, match="its files here make another embedder"):
        pickle.loads(pickle.dumps(replace(embedder, digest="0" * 64)))


def test_an_embedder_without_a_loader_pickles_as_it_is():
    """A function that pickles is all that an embedder of one's own needs."""
    own = replace(load_embedder(), name="own", forward=np.asarray, crop=None, loader=None)

    again = pickle.loads(pickle.dumps(own))

    assert (again, again.forward) == (own, np.asarray)


def test_another_process_finds_and_embeds_the_same():
    """Detector and embedder go to a process that is started anew, as a pool of processes has it."""
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    chips = np.random.default_rng(1).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    detector, embedder = Mtcnn(), load_embedder()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found, vectors = pool.submit(detector, photo).result(), pool.submit(embedder, chips).result()

    np.testing.assert_array_equal(found.boxes, detector(photo).boxes)
    np.testing.assert_allclose(vectors, embedder(chips), atol=1e-6)


def test_it_may_take_another_name_but_none_that_is_taken(described, tmp_path):
    """Two names of one model have one digest; a name stands for one model only."""
    about, contents = described
    write_model(tmp_path / "elsewhere", about, contents)
    add_model(tmp_path / "elsewhere")
    add_model(tmp_path / "elsewhere", name="again")

    assert load_embedder("again").digest == load_embedder("colours").digest
    with pytest.raises(OutputError, match="exists already"):
        add_model(tmp_path / "elsewhere")
    with pytest.raises(ArgumentError, match="'dlib-resnet' is one of this project's own models"):
        add_model(tmp_path / "elsewhere", name="dlib-resnet")


def test_an_unknown_name_lists_the_known_ones(described, models):
    """And names the one that was probably meant."""
    about, contents = described
    write_model(models / "colours", about, contents)
    with pytest.raises(ArgumentError, match=r"'colour'; did you mean 'colours'\? There are dlib-resnet, facenet, col"):
        load_embedder("colour")


def test_its_operating_points_decide(described, models):
    """A point that was attached is found by the digest, as those that are shipped."""
    about, contents = described
    write_model(models / "colours", about, contents)
    with pytest.raises(CalibrationError, match=r"no operating point at FMR 0\.01 is shipped for colours"):
        shipped_point(about.digest, 0.01, embedder="colours")
    matcher = Matcher("mtcnn", about.crop, "colours", about.digest, "cosine.v1", "none")
    made = OperatingPoint(0.4, 0.01, Rate(1, 100), Rate(2, 50), "ours", matcher)

    attach_points(models / "colours", [made])

    assert shipped_point(about.digest, 0.01) == made


def test_a_crop_that_nobody_knows_is_refused(tmp_path, pooled_graph):
    """A recipe is named, and an unknown one is an error with examples."""
    file = tmp_path / "net.onnx"
    file.write_bytes(pooled_graph(MATRIX))
    with pytest.raises(ArgumentError, match="no crop recipe is called 'square'; there are, for example, dlib-5pt"):
        describe_onnx(file, name="m", crop="square", pixels=Pixels.preset("0..1"), terms=TERMS)
    with pytest.raises(WeightsError, match=r"nothing\.onnx cannot be read: there is no such file"):
        describe_onnx(
            tmp_path / "nothing.onnx", name="m", crop="five-point-112.v1", pixels=Pixels.preset("0..1"), terms=TERMS
        )


def test_a_peers_network_recognises_people(data, models):
    """MobileFaceNet by its own crop: two photos of one person are more alike than photos of two."""
    from facerec import Recognizer

    file = data / "peers" / "mobilefacenet" / "MobileFaceNet.onnx"
    about, contents = describe_onnx(
        file, name="mobilefacenet", crop="five-point-112.v1", pixels=Pixels.preset("imagenet"), terms=TERMS
    )
    write_model(models / "mobilefacenet", about, contents)
    recognizer = Recognizer(embedder=embedder_of(read_model(models / "mobilefacenet")))
    folders = sorted(path for path in (data / "lfw" / "images").iterdir() if len(list(path.glob("*.jpg"))) >= 2)[:6]

    pairs = [[recognizer.face(photo, "largest").embedding for photo in sorted(f.glob("*.jpg"))[:2]] for f in folders]

    same = [float(a @ b) for a, b in pairs]
    different = [float(pairs[i][0] @ pairs[j][1]) for i in range(len(pairs)) for j in range(len(pairs)) if i != j]
    assert np.median(same) > max(different)

"""ONNX embedders: against hand-computed vectors, whatever layout, order and batch the graph has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import facerec
from facerec.embed.onnx_graph import onnx_forward, open_graph, probe_dimension
from facerec.errors import ArgumentError, WeightsError
from facerec.models.folder import Pixels

RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=(3, 4))
CHIPS = RNG.integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)


def expected(chips: np.ndarray, pixels: Pixels) -> np.ndarray:
    """The vectors of `pooled_graph`, computed without it."""
    colour = ((chips.astype(float) - pixels.mean) / pixels.std).mean(axis=(1, 2))
    if pixels.channels == "BGR":
        colour = colour[:, ::-1]
    return colour @ WEIGHTS


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("batch", ["n", 1, 3])
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_vectors_are_those_of_the_graph(pooled_graph, layout, batch, channels):
    """The scaled pixels go in in the graph's own layout and order, and every chip gets its own vector."""
    graph = open_graph(pooled_graph(WEIGHTS, layout=layout, batch=batch), name="g.onnx", size=112)
    pixels = Pixels.preset("imagenet", channels=channels)

    found = onnx_forward(graph, pixels, flip=False)(CHIPS)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(CHIPS, pixels), rtol=1e-4, atol=1e-5)


def test_flip_adds_the_unit_vector_of_the_mirror_image(pooled_graph):
    """With averaging, the vectors of chip and mirror image count alike; the mean colour is the same in both."""
    graph = open_graph(pooled_graph(WEIGHTS), name="g.onnx", size=112)
    pixels = Pixels.preset("0..1")

    found = onnx_forward(graph, pixels, flip=True)(CHIPS)

    unit = expected(CHIPS, pixels) / np.linalg.norm(expected(CHIPS, pixels), axis=1, keepdims=True)
    np.testing.assert_allclose(found, 2 * unit, rtol=1e-4)


def test_opening_a_graph_writes_nothing(pooled_graph, tmp_path):
    """A home that was empty stays empty, and the switch for that is not left in the environment."""
    file, home = tmp_path / "g.onnx", tmp_path / "home"
    file.write_bytes(pooled_graph(WEIGHTS))
    home.mkdir()
    program = (
        "import os, pathlib, sys\n"
        "from facerec.embed.onnx_graph import open_graph\n"
        "before = dict(os.environ)\n"
        "open_graph(pathlib.Path(sys.argv[1]).read_bytes(), name='g.onnx', size=112)\n"
        "assert dict(os.environ) == before\n"
    )
    switched_off = {"ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"}
    environment = {name: value for name, value in os.environ.items() if name not in switched_off}
    environment |= {name: str(home) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}

    subprocess.run([sys.executable, "-c", program, str(file)], env=environment, check=True)

    assert list(home.rglob("*")) == []


def test_onnx_runtime_is_imported_in_one_place():
    """Every other file asks that one, so that none brings its telemetry along; type checkers may read the name."""
    root = Path(facerec.__file__).parent
    importing = re.compile(r"^\s*(import onnxruntime|from onnxruntime import)", re.MULTILINE)
    for_types = re.compile(r"^if TYPE_CHECKING:\n( .*\n)+", re.MULTILINE)
    files = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if importing.search(for_types.sub("", path.read_text("utf-8")))
    }

    assert files == {"extras.py"}


def test_the_mirror_image_exchanges_left_and_right():
    """A network that sees the first column only, on a chip that is red on the left, blue on the right, black above."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("Gather", ["image", "first"], ["column"], axis=3),
        helper.make_node("ReduceMean", ["column"], ["vector"], axes=[2], keepdims=0),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 112, 112])
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", 3])
    first = numpy_helper.from_array(np.array(0), "first")
    graph = helper.make_graph(nodes, "column", [image], [vector], [first])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    chip = np.zeros((1, 112, 112, 3), np.uint8)
    chip[:, 56:, :56, 0], chip[:, 56:, 56:, 2] = 200, 100
    opened = open_graph(model.SerializeToString(), name="g.onnx", size=112)

    found = onnx_forward(opened, Pixels.preset("0..1"), flip=True)(chip)

    np.testing.assert_allclose(found, [[1, 0, 1]], atol=1e-5)


def test_chips_are_resized_where_the_network_wants_another_size(pooled_graph):
    """A plain chip stays plain whatever its size."""
    graph = open_graph(pooled_graph(WEIGHTS, size=64), name="g.onnx", size=64)
    chips = np.full((2, 112, 112, 3), (10, 20, 30), np.uint8)

    found = onnx_forward(graph, Pixels((0, 0, 0), (1, 1, 1), size=64), flip=False)(chips)

    np.testing.assert_allclose(found, np.array([[10, 20, 30]] * 2) @ WEIGHTS, rtol=1e-5)


def test_the_output_is_named_where_there_are_several(pooled_graph):
    """Nothing is guessed: several outputs need a name, and the name must be one of them."""
    model = pooled_graph(WEIGHTS, outputs=2)

    with pytest.raises(WeightsError, match="has the outputs vector, colour; say which one"):
        open_graph(model, name="g.onnx", size=112)
    with pytest.raises(WeightsError, match="none of them is 'face'"):
        open_graph(model, name="g.onnx", size=112, output="face")
    assert open_graph(model, name="g.onnx", size=112, output="colour").output == "colour"


def test_what_does_not_fit_is_refused(pooled_graph):
    """Bytes that are no graph, another image size, no threads."""
    with pytest.raises(WeightsError, match=r"g\.onnx is not an ONNX graph"):
        open_graph(b"not a graph", name="g.onnx", size=112)
    with pytest.raises(WeightsError, match=r"takes images of shape .*112.*; expected \[n, 3, 128, 128\]"):
        open_graph(pooled_graph(WEIGHTS), name="g.onnx", size=128)
    with pytest.raises(ArgumentError, match="threads must be at least 1; got 0"):
        open_graph(pooled_graph(WEIGHTS), name="g.onnx", size=112, threads=0)


def test_a_network_is_tried_out(pooled_graph):
    """The dimension is found by running; one vector for every chip, or vectors that are not finite, are refused."""
    pixels = Pixels.preset("0..1")
    forward = onnx_forward(open_graph(pooled_graph(WEIGHTS), name="g", size=112), pixels, flip=False)
    assert probe_dimension(forward, 112, name="g") == 4

    broken = pooled_graph(np.full((3, 4), np.inf))
    with pytest.raises(WeightsError, match="must be one finite vector per image"):
        probe_dimension(onnx_forward(open_graph(broken, name="g", size=112), pixels, flip=False), 112, name="g")


def test_one_vector_for_all_is_refused():
    """A network that cannot tell chips apart is not added."""

    def blind(chips: np.ndarray) -> np.ndarray:
        return np.ones((len(chips), 4), np.float32)

    with pytest.raises(WeightsError, match="two different chips the same vector"):
        probe_dimension(blind, 112, name="g")


def test_peers_network_on_photos(data):
    """MobileFaceNet, a fixed batch of one: vectors of a batch are those of single chips, and photos differ."""
    contents = (data / "peers" / "mobilefacenet" / "MobileFaceNet.onnx").read_bytes()
    forward = onnx_forward(open_graph(contents, name="m", size=112), Pixels.preset("imagenet"), flip=True)

    together = forward(CHIPS)

    assert together.shape == (5, 128)
    np.testing.assert_allclose(together[2:3], forward(CHIPS[2:3]), atol=1e-6)

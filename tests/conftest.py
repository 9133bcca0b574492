"""What tests of all folders ask for: real photos, a browser, a small network with known results."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.browsing import chromium

# A busy machine is no fault of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

_BESIDE_THE_CHECKOUT = Path(__file__).parents[2] / "shared" / "data"


def _data_folder() -> Path | None:
    named = os.environ.get("FACEREC_DATA")
    folder = Path(named) if named else _BESIDE_THE_CHECKOUT
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real photos; a test that asks for it skips where there is none."""
    folder = _data_folder()
    if folder is None:
        pytest.skip("no real photos here: set FACEREC_DATA to a folder that holds lfw/ and face_samples/")
    return folder


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A runtime's folder of the default models, exported once, by one process; what changes it works on a copy."""
    from facerec.training.runtime import export_runtime

    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "light"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "runtime").exists():
            export_runtime("dlib-resnet", folder / "runtime")
    return folder / "runtime"


@pytest.fixture(scope="module")
def browser():
    """A browser; a test that asks for it is marked ``browser``, and skips where there is none."""
    with chromium() as found:
        yield found


def _pooled_graph(
    weights: np.ndarray, *, size: int = 112, batch: int | str = "n", layout: str = "NCHW", outputs: int = 1
) -> bytes:
    """Vectors = mean colour of the image times `weights` (3, d); a second output, if any, is the mean colour."""
    shape = [batch, 3, size, size] if layout == "NCHW" else [batch, size, size, 3]
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("ReduceMean", ["image"], ["colour"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["vector"]),
    ]
    named = [("vector", weights.shape[1]), ("colour", 3)][:outputs]
    graph = helper.make_graph(
        nodes,
        "pooled",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, length]) for name, length in named],
        [numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="session")
def pooled_graph() -> Callable[..., bytes]:
    """Makes a small ONNX face network with known results."""
    return _pooled_graph

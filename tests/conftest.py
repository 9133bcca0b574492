"""Where the tests find real data: a folder that the environment names, or the one beside the checkout."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

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

"""Networks that cannot work are refused when they are added, whatever they do to whoever tries them out."""

import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from facerec.embed.load import add_model, describe_onnx
from facerec.errors import FatalModelError, SlowModelError, WeightsError
from facerec.models.folder import Pixels, Terms, write_model

pytestmark = pytest.mark.timeout(120)
TERMS = Terms("MIT", "yes", "stated")
IMAGE = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 112, 112])
VECTOR = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["n", 3])


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """An empty place for added models."""
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "models"))


def graph_of(nodes, constants):
    """A network that gives the mean colour of an image as ``colour``, and from it, by these nodes, ``vector``."""
    mean = helper.make_node("ReduceMean", ["image"], ["colour"], axes=[2, 3], keepdims=0)
    held = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph([mean, *nodes], "made", [IMAGE], [VECTOR], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def tireless():
    """Multiplies large matrices by each other, for hours; no loop is in it."""
    side, times = np.array([4096, 4096]), 1000
    share = helper.make_tensor("share", TensorProto.FLOAT, [1], [1 / 4096])
    nodes = [helper.make_node("ConstantOfShape", ["side"], ["m0"], value=share)]
    nodes += [helper.make_node("MatMul", [f"m{place}", "m0"], [f"m{place + 1}"]) for place in range(times)]
    nodes += [
        helper.make_node("ReduceMax", [f"m{times}"], ["most"], keepdims=0),
        helper.make_node("Add", ["colour", "most"], ["vector"]),
    ]
    return graph_of(nodes, {"side": side})


def times(factor):
    """The colour times a number."""
    return graph_of([helper.make_node("Mul", ["colour", "factor"], ["vector"])], {"factor": np.float32([factor])})


def greedy():
    """Takes a terabyte before it answers."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["large"]),
        helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
        helper.make_node("Add", ["colour", "most"], ["vector"]),
    ]
    return graph_of(nodes, {"shape": np.array([1 << 38])})


def describe(path, contents):
    """Try a network out, as ``facerec models add`` does."""
    path.write_bytes(contents)
    return describe_onnx(path, name="odd", crop="five-point-112.v1", pixels=Pixels.preset("0..1"), terms=TERMS)


def test_a_network_that_never_answers_is_refused(tmp_path, monkeypatch):
    """After its time; whoever adds it is told which file, and how long it was waited for."""
    monkeypatch.setattr("facerec.embed.trial.SECONDS", 3.0)
    began = time.monotonic()

    with pytest.raises(SlowModelError, match=r"net\.onnx cannot be tried out: it was not done after 3 seconds"):
        describe(tmp_path / "net.onnx", tireless())

    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (times(0), "a vector of zeros"),
        (times(np.nan), "values that are not finite"),
        (times(np.inf), "values that are not finite"),
        (times(1e30), r"beyond 1e\+15"),
        (greedy(), "cannot run the graph|was lost|bad_alloc"),
        (b"no graph", "is not an ONNX graph"),
    ],
    ids=["zeros", "nan", "infinite", "huge", "greedy", "text"],
)
def test_a_network_without_vectors_is_refused(tmp_path, contents, said):
    """In words, whatever it gives in place of them."""
    with pytest.raises(WeightsError, match=said):
        describe(tmp_path / "net.onnx", contents)


def test_a_folder_is_tried_out_in_a_process_of_its_own(tmp_path, monkeypatch):
    """What never answers is not copied to where its name would stand for it."""
    about, contents = describe(tmp_path / "net.onnx", times(1))
    write_model(tmp_path / "fine", about, contents)
    monkeypatch.setattr("facerec.embed.load.tried_out", lambda *_, **__: {})  # whoever wrote it vouched for it
    add_model(tmp_path / "fine", name="copied")
    monkeypatch.undo()
    monkeypatch.setenv("FACEREC_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("facerec.embed.trial.SECONDS", 0.001)

    with pytest.raises((SlowModelError, FatalModelError), match="odd cannot be tried out"):
        add_model(tmp_path / "fine")

    assert [each.name for each in (tmp_path / "models").iterdir()] == ["copied"]

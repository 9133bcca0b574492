"""A torch network as the bytes of an ONNX file."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from facerec.errors import WeightsError
from facerec.extras import extra

OPSET = 18
"""The version of ONNX's operators that files are written in; ONNX Runtime 1.14 and later run it."""


def onnx_bytes(network: nn.Module, size: int) -> bytes:
    """The bytes of an ONNX file: images, float32 (n, 3, size, size), to vectors; any number at once.

    Raises
    ------
    WeightsError
        If torch cannot export the network.
    """
    image = torch.zeros(2, 3, size, size)
    return graph_bytes(network, image, free={0: "n"}, takes="image", gives=("vector",))


def graph_bytes(
    network: nn.Module, example: Tensor, *, free: Mapping[int, str], takes: str, gives: Sequence[str]
) -> bytes:
    """The bytes of an ONNX file of a network of one input.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode.
    example : Tensor
        An input; only its dtype and shape count.
    free : mapping of int to str
        The axes of the input that may have any length, and what they are called.
    takes, gives
        What the input and the outputs are called.

    Raises
    ------
    WeightsError
        If torch cannot export the network.
    """
    with extra("export"):
        import onnx

    with tempfile.TemporaryDirectory() as folder, quiet():
        file = Path(folder) / "model.onnx"
        try:
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                opset_version=OPSET,
                dynamic_shapes=({axis: torch.export.Dim(name) for axis, name in free.items()},),
                input_names=[takes],
                output_names=list(gives),
                verbose=False,
            )
        except Exception as error:
            message = f"torch cannot export this network to ONNX: {error}"
            raise WeightsError(message) from error
        assert program is not None  # noqa: S101 - for the type checker: only the old exporter returns nothing
        program.save(str(file), external_data=False)
        model = onnx.load(file)
    # The exporter notes local paths of the code that made each operator; they are nobody's business.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        if hasattr(value, "metadata_props"):
            del value.metadata_props[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    return model.SerializeToString(deterministic=True)


@contextmanager
def quiet() -> Iterator[None]:
    """Exporters warn of their own insides, which says nothing to who exports a model; what matters is compared."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "root")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)

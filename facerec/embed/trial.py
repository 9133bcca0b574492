"""Trying out networks that nobody vouches for, in a process of its own: a graph may hold a loop without an end."""

from __future__ import annotations

from facerec.embed.onnx_graph import onnx_forward, open_graph, probe_dimension
from facerec.errors import FatalModelError, SlowModelError, WeightsError
from facerec.extras import onnx_runtime
from facerec.limited import Facts, Limited
from facerec.models.folder.values import Pixels

SECONDS = 60.0
"""Of a trial, on the clock of the wall: a network of 250 MB takes two."""

_MEMORY = 4 << 30  # besides four times the file


def tried_out(task: str, facts: Facts, contents: bytes, *, name: str, size: int) -> Facts:
    """What a task of ``facerec.limited`` answers about a network; `size` is that of its file in bytes.

    Its errors, and: `SlowModelError` if it takes longer than `SECONDS`; `FatalModelError` if it ends the process, or
    takes more memory than four times its file and four gigabytes.
    """
    memory = _MEMORY + 4 * size
    with Limited(task, seconds=SECONDS, memory=memory, slow=SlowModelError, fatal=FatalModelError) as limited:
        try:
            return limited(facts, contents)[0]
        except (SlowModelError, FatalModelError) as error:
            message = f"{name} cannot be tried out: {error}"
            raise type(error)(message) from error


def graph_dimension(
    contents: bytes, *, name: str, side: int, pixels: Pixels, flip: bool, output: str | None = None
) -> int:
    """Length of the vectors of an ONNX face network of these contents, tried out on noise of `side` pixels.

    Errors are those of ``onnx_graph.open_graph`` and ``probe_dimension``, and of `tried_out`.
    """
    onnx_runtime()  # that it is absent is told by who asks for it
    facts = {"name": name, "side": side, "flip": flip, "output": output} | {"pixels": vars(pixels)}
    told = tried_out("facerec.embed.trial:_try_graph", facts, contents, name=name, size=len(contents))
    dimension = told.get("dimension")
    if not isinstance(dimension, int):
        message = f"{name} cannot be tried out: the process that ran it answered what is no length of a vector"
        raise WeightsError(message)
    return dimension


def _try_graph(facts: Facts, contents: bytearray) -> tuple[Facts, bytes]:
    """What runs in the process."""
    pixels, name, side = Pixels(**facts["pixels"]), facts["name"], facts["side"]
    graph = open_graph(bytes(contents), name=name, size=pixels.size or side, output=facts["output"])
    return {"dimension": probe_dimension(onnx_forward(graph, pixels, flip=facts["flip"]), side, name=name)}, b""

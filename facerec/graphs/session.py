"""An ONNX graph, opened by ONNX Runtime on the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facerec.errors import ArgumentError, WeightsError
from facerec.extras import onnx_runtime
from facerec.graphs.contents import check_contents

if TYPE_CHECKING:
    import onnxruntime


def open_session(model: bytes, *, name: str, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open an ONNX graph from its file's contents; several threads may run the session at once.

    `name` is for messages. With one of the `threads` within the network, several photos side by side are fastest.

    Raises
    ------
    WeightsError
        If it holds loops, branches or weights in another file (``facerec.graphs.contents``).
        If ONNX Runtime cannot read or run it.
    ArgumentError
        If `threads` is below 1.
    MissingExtraError
        If ONNX Runtime is not installed.
    """
    if threads < 1:
        message = f"threads must be at least 1; got {threads}"
        raise ArgumentError(message)
    runtime = onnx_runtime()
    check_contents(model, name=name)  # before a session, which runs what of a graph is constant
    options = runtime.SessionOptions()
    options.add_session_config_entry("session.load_model_format", "ONNX")  # of its own format nothing was looked at
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # warnings about the exporter's style are of no use to who runs the file
    try:
        # Without falling back, of which it tells on stdout: there is nothing to fall back to.
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:
        message = f"{name} is not an ONNX graph that ONNX Runtime {runtime.__version__} can run: {error}"
        raise WeightsError(message) from error


def runtime_name(digest: str) -> str:
    """What evidence calls ONNX Runtime of the installed version on graphs whose manifest has that SHA-256."""
    return f"onnxruntime {onnx_runtime().__version__} on graphs {digest[:12]}"

"""ONNX Runtime, imported in this one place.

With its telemetry on, the import alone leaves two files, one with a number for the machine, in the user's cache.
"""

from __future__ import annotations

import os
from types import ModuleType

from facerec.extras import Extra, extra

_SWITCH = "ORT_DISABLE_TELEMETRY"  # read once, while it is imported


def onnx_runtime(*, of: Extra = "onnx") -> ModuleType:
    """The module ``onnxruntime``; whoever sets the variable ``ORT_DISABLE_TELEMETRY`` decides otherwise.

    Where it is not installed: `MissingExtraError`, which names the extra.
    """
    decided = _SWITCH in os.environ
    os.environ.setdefault(_SWITCH, "1")
    try:
        with extra(of):
            import onnxruntime
    finally:
        if not decided:
            del os.environ[_SWITCH]
    return onnxruntime

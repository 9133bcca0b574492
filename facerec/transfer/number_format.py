"""In which number format a network computes: one reading of ``precision=``."""

from __future__ import annotations

import torch

from facerec.errors import ArgumentError
from facerec.transfer.recipe import TrainingPrecision


def number_format(precision: TrainingPrecision, device: torch.device) -> torch.dtype:
    """The dtype of matrix products and convolutions; parameters, sums and losses stay float32.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "float16", "auto"}
        ``auto`` is bfloat16 where the processor has instructions for it, else float32.
    device : torch.device
        Where it is computed.

    Raises
    ------
    ArgumentError
        If float16 is asked of a CPU: it has the range for features, not for gradients, and no speed there.
    """
    if precision == "auto":
        return torch.bfloat16 if _computes_in_bfloat16(device) else torch.float32
    if precision == "float16" and device.type == "cpu":
        message = "precision float16 needs a GPU; on a CPU use bfloat16, float32 or auto"
        raise ArgumentError(message)
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


def _computes_in_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))

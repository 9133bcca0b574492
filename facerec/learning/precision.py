"""In which number format a network computes and trains: one reading of ``precision=``."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

import torch
from torch import nn

from facerec.errors import ArgumentError
from facerec.learning.recipe import TrainingPrecision

Precision: TypeAlias = Literal["float32", "bfloat16", "auto"]


def autocast(device: torch.device, number: torch.dtype) -> AbstractContextManager[None]:
    """The context in which products and convolutions are computed in `number`."""
    # A wider format cannot be named for autocast; float32 is its absence.
    return torch.autocast(device.type, torch.bfloat16 if number == torch.float32 else number, number != torch.float32)


def number_format(precision: TrainingPrecision, network: nn.Module, device: torch.device) -> torch.dtype:
    """The dtype of matrix products and convolutions; parameters, sums and losses stay float32.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "float16", "auto"}
        ``auto`` is bfloat16 where the processor multiplies in it, else float32; on a CPU also float32 for networks
        of depthwise convolutions.
    network : nn.Module
        What is trained.
    device : torch.device
        Where it is computed.

    Raises
    ------
    ArgumentError
        If float16 is asked of a CPU: it has the range for features, not for gradients, and no speed there.

    Notes
    -----
    Training on one core with AMX, channels last, bfloat16 against float32: ResNet-50 at 224 pixels 9.3 against 4.2
    photos per second, ResNet-18 at 128 pixels 70 against 35; but EfficientNet-Lite0 at 224 pixels 8.8 against 12.6,
    because the gradients of depthwise convolutions are slow in bfloat16.
    """
    if precision == "float16" and device.type == "cpu":
        message = "precision float16 needs a GPU; on a CPU use bfloat16, float32 or auto"
        raise ArgumentError(message)
    if precision == "auto":
        slow = device.type == "cpu" and any(_is_depthwise(module) for module in network.modules())
        precision = "float32" if slow else resolved_precision("auto", device.type)
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


def resolved_precision(precision: Precision, device: str) -> Literal["float32", "bfloat16"]:
    """What "auto" means on this machine: bfloat16 where the processor multiplies in it, else float32.

    Parameters
    ----------
    precision : {"float32", "bfloat16", "auto"}
    device : {"cpu", "cuda"}

    Returns
    -------
    str
        "bfloat16" on a GPU with native bfloat16 and on a CPU that reports AMX or AVX-512 instructions for it: there it
        is the faster one. Decided by what the processor reports and not by a stopwatch, so that the same machine
        always gives the same numbers.

    Raises
    ------
    ArgumentError
        If `precision` is none of the three.
    """
    if precision in ("float32", "bfloat16"):
        return precision
    if precision != "auto":
        message = f"precision must be float32, bfloat16 or auto; got {precision!r}"
        raise ArgumentError(message)
    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Older versions of torch cannot tell.
        reported = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
        native = bool(reported.get("amx_bf16") or reported.get("avx512_bf16"))
    return "bfloat16" if native else "float32"


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1

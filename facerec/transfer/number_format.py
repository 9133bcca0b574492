"""In which number format a network trains: one reading of ``precision=``."""

from __future__ import annotations

import torch
from torch import nn

from facerec.errors import ArgumentError
from facerec.transfer.features import resolved_precision
from facerec.transfer.recipe import TrainingPrecision


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


def _is_depthwise(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1

"""Batch norms folded into the convolutions before them: the same function of the input in fewer passes over memory.

In evaluation a batch norm is a fixed scale and shift per channel, which the weights and bias of the convolution take
over: W' = W·γ/√(σ² + ε), b' = (b - μ)·γ/√(σ² + ε) + β. What remains of timm's combined layers is their activation.
Only for a network that is not trained any more.
"""

from __future__ import annotations

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def folded(network: nn.Module) -> nn.Module:
    """Fold what can be folded, in place, and give the network back.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode. One whose course depends on its input (so that it cannot be traced) stays as it is.

    Returns
    -------
    nn.Module
        Equal to `network` up to rounding.
    """
    try:
        graph = _Tracer().trace(network)
    except (fx.proxy.TraceError, TypeError, ValueError, RuntimeError, AttributeError):
        # Of the tracer's own making: a branch or a loop over values. Folding only saves time.
        return network
    modules = dict(network.named_modules())
    used_once = _targets_used_once(graph)
    for node in graph.nodes:
        source = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) != 1:
            continue
        convolution, norm = modules[str(source.target)], modules[str(node.target)]
        if not (isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)):
            continue
        if norm.running_mean is None or norm.running_var is None or not {source.target, node.target} <= used_once:
            continue
        _fold(convolution, norm)
        _put(network, str(node.target), getattr(norm, "act", nn.Identity()))
    return network


class _Tracer(fx.Tracer):
    """Takes timm's kinds of convolution and norm for the single steps that they are."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, nn.Conv2d | nn.BatchNorm2d) or super().is_leaf_module(m, module_qualified_name)


def _targets_used_once(graph: fx.Graph) -> set[object]:
    targets = [node.target for node in graph.nodes if node.op == "call_module"]
    return {target for target in targets if targets.count(target) == 1}


def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None  # noqa: S101 - asked before the call
    assert norm.running_var is not None  # noqa: S101 - asked before the call
    with torch.no_grad():
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
        )


def _put(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(network.get_submodule(parent), child, module)

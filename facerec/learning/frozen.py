"""Stages that stay as they are: freezing them, keeping batch normalisation still, and the proof that nothing moved.

``requires_grad = False`` freezes parameters but not the running statistics of batch normalisation, and a layer put
into eval mode by hand leaves it at the next ``model.train()``. Both mistakes are silent and are found in published
linear evaluations. So what is frozen here stays in eval mode whatever ``train`` is called on, and is compared, bit
for bit, with what it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from facerec.errors import ArgumentError, TransferError
from facerec.learning.recipe import BatchNorm
from facerec.networks.trunk import Trunk


def freeze(trunk: Trunk, stages: Collection[str], *, batch_norm: BatchNorm) -> None:
    """Freeze stages of a trunk and set how its batch normalisation behaves; what is not named is trained.

    May be called again with other stages; the last call holds.

    Parameters
    ----------
    trunk : Trunk
        Changed in place: which parameters take gradients, and which modules stay in eval mode.
    stages : collection of str
        Names out of `trunk.stages`. Their parameters take no gradients and they stay in eval mode (no dropout).
    batch_norm : str
        ``frozen``: every batch normalisation of the trunk keeps statistics and affine parameters. ``stats-frozen``
        and ``recalibrate``: it keeps its statistics. ``train``: none keeps its statistics, in frozen stages neither.

    Raises
    ------
    ArgumentError
        If the trunk has no stage of such a name.
    """
    names = [name for name, _ in trunk.stages]
    if unknown := sorted(set(stages) - set(names)):
        message = f"the trunk has no stage {', '.join(unknown)}; its stages are {', '.join(names)}"
        raise ArgumentError(message)
    for name, stage in trunk.stages:
        frozen = name in stages
        stage.requires_grad_(not frozen)
        for module in stage.modules():
            is_norm = isinstance(module, _BatchNorm)
            if is_norm and batch_norm == "frozen":
                module.requires_grad_(requires_grad=False)
            still = batch_norm != "train" if is_norm else frozen
            _hold_in_eval(module) if still else _let_go(module)


def frozen_state(module: nn.Module) -> dict[str, str]:
    """SHA-256 of each tensor that may not change, by its name in the state.

    These are the parameters that take no gradient, and the buffers (running statistics) of layers that are held in
    eval mode or whose own parameters take none.
    """
    return {name: _digest(tensor) for name, tensor in _frozen_tensors(module)}


def frozen_state_digest(module: nn.Module) -> str:
    """SHA-256 over everything that may not change: names and contents of what `frozen_state` lists."""
    return digest_of(frozen_state(module))


def digest_of(state: Mapping[str, str]) -> str:
    """SHA-256 over names and digests as `frozen_state` gives them."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(state.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def check_frozen(module: nn.Module, before: Mapping[str, str]) -> None:
    """Prove that what was frozen is, bit for bit, what it was.

    Parameters
    ----------
    module : nn.Module
        After training.
    before : mapping
        What `frozen_state` gave for it before.

    Raises
    ------
    TransferError
        If a tensor differs; the message names the first ones, and says what to do where they are running statistics.
    """
    tensors = module.state_dict()
    moved = [name for name, digest in before.items() if _digest(tensors[name]) != digest]
    if not moved:
        return
    message = f"{len(moved)} of {len(before)} frozen tensors changed in training: {', '.join(moved[:3])}"
    message += ", …" if len(moved) > 3 else ""
    if any("running_" in name for name in moved):
        message += (
            "; running statistics of batch normalisation move in train mode even where no weight takes a gradient: "
            "use batch_norm 'frozen'"
        )
    raise TransferError(message)


_HELD: dict[type[nn.Module], type[nn.Module]] = {}


class _HeldInEval:
    """Mixed into a module's class by `_hold_in_eval`: ``train`` leaves it in eval mode, and asks its children."""

    training: bool

    def train(self, mode: bool = True) -> Any:  # noqa: ANN401 - the signature is nn.Module's
        super().train(mode)  # type: ignore[misc]
        self.training = False
        return self


def _held(kind: type[nn.Module]) -> type[nn.Module]:
    if kind not in _HELD:
        _HELD[kind] = type(f"HeldInEval{kind.__name__}", (_HeldInEval, kind), {"__doc__": kind.__doc__})
    return _HELD[kind]


def _hold_in_eval(module: nn.Module) -> None:
    # A subclass and no hook, because module.training must be right for whoever looks at it.
    if not isinstance(module, _HeldInEval):
        module.__class__ = _held(type(module))
    module.training = False


def _let_go(module: nn.Module) -> None:
    if isinstance(module, _HeldInEval):
        module.__class__ = type(module).__mro__[2]
        module.training = True


def _frozen_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for prefix, layer in module.named_modules():
        own = dict(layer.named_parameters(recurse=False))
        still = isinstance(layer, _HeldInEval) or (own and not any(p.requires_grad for p in own.values()))
        tensors = {name: parameter for name, parameter in own.items() if not parameter.requires_grad}
        if still:
            tensors |= dict(layer.named_buffers(recurse=False))
        yield from ((f"{prefix}.{name}" if prefix else name, tensor) for name, tensor in tensors.items())


def _digest(tensor: Tensor) -> str:
    kind = f"{tensor.dtype} {tuple(tensor.shape)} ".encode()
    return hashlib.sha256(kind + tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()

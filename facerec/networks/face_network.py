"""The network of an embedder: a backbone's trunk under a head, rebuilt from what ``model.json`` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from facerec.errors import CorruptWeightsError
from facerec.extras import extra
from facerec.networks.architectures import STUDENTS, build, dissect
from facerec.networks.names import ARCHITECTURES
from facerec.networks.trunk import Trunk

with extra("train"):
    from safetensors import SafetensorError
    from safetensors.torch import load, save

HeadKind: TypeAlias = Literal["linear", "mlp", "identity", "fixed"]
"""``fixed``: the linear layer that a face network brings along, which is not trained."""

ARCHITECTURE = "face-network.v1"


class ResidualHead(nn.Module):
    """A linear layer, and beside it a hidden layer whose part starts at zero: an untrained one is the linear layer."""

    def __init__(self, features: int, dimension: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, dimension)
        self.hidden = nn.Linear(features, features)
        self.out = nn.Linear(features, dimension, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(n, features) to (n, dimension)."""
        return self.linear(x) + self.out(torch.relu(self.hidden(x)))


class FaceNetwork(nn.Module):
    """Scaled pixels to vectors: a trunk, its architecture's name and input side in pixels, under a head in float32.

    `dimension` is the length of a vector, that of the features for the head ``identity``; `architecture` is the JSON
    that `rebuild` needs.
    """

    def __init__(self, trunk: Trunk, trunk_name: str, *, size: int, head: HeadKind, dimension: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = _HEADS[head](trunk.dimension, dimension)
        self.dimension = dimension
        said: dict[str, Any] = {"trunk": trunk_name, "size": size, "head": head, "dimension": dimension}
        self.architecture = {"name": ARCHITECTURE, **said}

    @property
    def device(self) -> torch.device:
        """Where its parameters are."""
        return next(self.parameters()).device

    def forward(self, x: Tensor) -> Tensor:
        """Scaled pixels, float (n, 3, size, size), to vectors of any length, float32 (n, dimension)."""
        return self.head(self.trunk(x).float())

    def before(self, x: Tensor, stages: int) -> Tensor:
        """What the first `stages` stages of the trunk make of scaled pixels; the features where those are all."""
        return nn.Sequential(*self._stages()[:stages])(x)

    def after(self, x: Tensor, stages: int) -> Tensor:
        """The features, from what `before` made."""
        return nn.Sequential(*self._stages()[stages:])(x)

    def _stages(self) -> list[nn.Module]:
        """Those of the trunk; the pooling belongs to the last one before it."""
        *body, last = self.trunk.body.values()
        return [*body, nn.Sequential(last, self.trunk.pool), *self.trunk.neck.values()]

    def to_bytes(self) -> bytes:
        """Its state as the contents of a ``.safetensors`` file; the same state gives the same bytes."""
        return save({name: tensor.detach().cpu().contiguous() for name, tensor in self.state_dict().items()})


def rebuild(architecture: Mapping[str, Any], contents: bytes, *, name: str) -> FaceNetwork:
    """Make the network that a model's folder holds; in evaluation mode. `name` is what it is called in messages.

    From `FaceNetwork.architecture` and the bytes of `FaceNetwork.to_bytes`; `CorruptWeightsError` if the architecture
    is not one of this release, or the tensors are not those of it.
    """
    expected = {"name": str, "trunk": str, "size": int, "head": str, "dimension": int}
    for field, kind in expected.items():
        if type(architecture.get(field)) is not kind:
            message = f"{name}: architecture.{field} is missing or is not of the type {kind.__name__}"
            raise CorruptWeightsError(message)
    if (
        architecture["name"] != ARCHITECTURE
        or architecture["trunk"] not in (*ARCHITECTURES, *STUDENTS)
        or architecture["head"] not in _HEADS
        or not 1 <= architecture["size"] <= 4096
        or architecture["dimension"] < 1
    ):
        message = f"{name} has the architecture {dict(architecture)}, which this release does not know"
        raise CorruptWeightsError(message)
    known, size = architecture["trunk"], architecture["size"]
    # On the meta device nothing is drawn at random, until the stored tensors move in.
    with torch.device("meta"):
        trunk, _ = dissect(known, build(known, size=size), size=size)
        network = FaceNetwork(trunk, known, size=size, head=architecture["head"], dimension=architecture["dimension"])
    try:
        network.load_state_dict(load(contents), assign=True)
    except (RuntimeError, SafetensorError) as error:
        message = f"{name}: the weights are not those of its architecture: {error}"
        raise CorruptWeightsError(message) from error
    return network.eval()


_HEADS: dict[str, Any] = {
    "linear": nn.Linear,
    "mlp": ResidualHead,
    "identity": lambda _features, _dimension: nn.Identity(),
    "fixed": lambda features, dimension: nn.Linear(features, dimension).requires_grad_(requires_grad=False),
}

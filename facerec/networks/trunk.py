"""A network without its last layer, in one shape for every architecture: features, stages and feature maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from torch import Tensor, fx, nn

from facerec.errors import ArgumentError

Stages: TypeAlias = Sequence[tuple[str, nn.Module]]
MapOf: TypeAlias = Callable[[Tensor, Tensor], Tensor]


class Trunk(nn.Module):
    """A network up to its features, the input of its last linear layer.

    The stages of `body` lead from the pixels to the last feature map, `pool`, which has no parameters, from that map to
    one vector, and the stages of `neck`, the hidden layers of AlexNet, VGG and MobileNetV3, from there to the features,
    of length `dimension`. `map_stages` and `map_channels` say by stride in pixels ("4", "8", "16", "32" …) which stage
    of the body gives the feature map, and its channels; `map_of` makes a map (n, channels, height, width) of a stage's
    output and the pixels, in networks of tokens. Fewer pixels on a side than `smallest` are an `ArgumentError`.
    """

    def __init__(
        self,
        *,
        body: Stages,
        pool: nn.Module,
        neck: Stages = (),
        dimension: int,
        map_stages: Mapping[str, str],
        map_channels: Mapping[str, int],
        map_of: MapOf | None = None,
        smallest: int = 1,
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.map_channels = dict(map_channels)
        self.body = nn.ModuleDict(dict(body))
        self.pool = pool
        self.neck = nn.ModuleDict(dict(neck))
        self._stride_of_stage = {stage: stride for stride, stage in map_stages.items()}
        self._map_of = map_of
        self._smallest = smallest

    @property
    def stages(self) -> tuple[tuple[str, nn.Module], ...]:
        """Name and module of each stage, from input to output; together they hold every parameter exactly once."""
        return (*self.body.items(), *self.neck.items())

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pixels, float (n, 3, height, width), to features, float (n, dimension)."""
        self._check(x)
        for stage in self.body.values():
            x = stage(x)
        x = self.pool(x)
        for stage in self.neck.values():
            x = stage(x)
        return x

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Normalised pixels, float (n, 3, height, width), to feature maps by stride, finest first.

        A map has the shape (n, map_channels[stride], height / stride, width / stride), the two sides rounded as the
        network's padding has it. Networks that pad nothing (AlexNet, dlib's) lose a pixel or two at the border.
        """
        self._check(x)
        found = {}
        pixels = x
        for name, stage in self.body.items():
            x = stage(x)
            if name in self._stride_of_stage:
                found[self._stride_of_stage[name]] = self._map_of(x, pixels) if self._map_of else x
        return found

    def _check(self, x: Tensor) -> None:
        # What traces a network, to fold its norms, passes something that has no size.
        if not isinstance(x, fx.Proxy) and min(x.shape[2:]) < self._smallest:
            message = f"this network takes photos of {self._smallest} pixels or more; got {x.shape[3]} × {x.shape[2]}"
            raise ArgumentError(message)

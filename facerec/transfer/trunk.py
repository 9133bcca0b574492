"""A network without its last layer, in one shape for every architecture: features, stages and feature maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn


class Trunk(nn.Module):
    """A network up to its features.

    Attributes
    ----------
    dimension : int
        Length of a feature vector.
    stages : tuple of (str, nn.Module)
        From input to output; together they hold every parameter exactly once. What gradual unfreezing unfreezes, last
        first, and what layer-wise learning rates go by.
    map_channels : dict of str to int
        Channels of each feature map that `maps` gives, by its stride in pixels: "4", "8", "16", "32".
    """

    def __init__(
        self,
        *,
        dimension: int,
        stages: Sequence[tuple[str, nn.Module]],
        pool: Callable[[Tensor], Tensor],
        map_channels: Mapping[str, int],
        map_stages: Mapping[str, str],
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.map_channels = dict(map_channels)
        self._map_stages = dict(map_stages)
        self._body = nn.ModuleDict(dict(stages))
        self._pool = pool

    @property
    def stages(self) -> tuple[tuple[str, nn.Module], ...]:
        """Name and module of each stage, from input to output."""
        return tuple(self._body.items())

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pixels, float (n, 3, size, size), to features, float (n, dimension)."""
        for stage in self._body.values():
            x = stage(x)
        return self._pool(x)

    def maps(self, x: Tensor) -> dict[str, Tensor]:
        """Normalised pixels to the feature maps (n, map_channels[stride], size / stride, size / stride) by stride."""
        found = {}
        for name, stage in self._body.items():
            x = stage(x)
            if name in self._map_stages:
                found[self._map_stages[name]] = x
        return found

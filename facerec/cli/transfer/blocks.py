"""``facerec transfer blocks``: what blocks of networks cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from facerec.cli import console
from facerec.cli.options import AsJson, examples, option

EXAMPLES = examples("facerec transfer blocks", "facerec transfer blocks --channels 256 --width 64 --paths 32 --side 56")


def blocks(
    *,
    channels: Annotated[int, option("NUMBER", "Channels in and out.")] = 256,
    width: Annotated[int, option("NUMBER", "Channels in the middle of a bottleneck, over all paths.")] = 64,
    paths: Annotated[int, option("NUMBER", "Paths of a ResNeXt block.")] = 32,
    side: Annotated[int, option("PIXELS", "Side of the plane.")] = 56,
    kernel: Annotated[int, option("PIXELS", "Side of a convolution's filters.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Compute what blocks cost: parameters, and multiply-adds for one image.

    Weights of convolutions and layers only, without biases and batch normalisation, as the papers count them.
    """
    from facerec.transfer import blocks as formulas

    costs = {
        f"fully connected, plane to {channels}": formulas.fully_connected(channels * side**2, channels, bias=False),
        f"convolution {kernel} × {kernel}": formulas.convolution(channels, channels, kernel=kernel, side=side),
        f"depthwise-separable {kernel} × {kernel}": formulas.depthwise_separable(
            channels, channels, kernel=kernel, side=side
        ),
        "ResNet basic block": formulas.basic_block(channels, channels, side=side),
        f"ResNet bottleneck, {width} wide": formulas.bottleneck(channels, channels, width=width, side=side),
        f"ResNeXt block, {width} wide in {paths} paths": formulas.bottleneck(
            channels, channels, width=width, groups=paths, side=side
        ),
    }
    if as_json:
        console.document({"blocks": [{"block": name, **asdict(cost)} for name, cost in costs.items()]})
        return
    console.say(f"{channels} channels in and out, on a plane of {side} × {side} pixels:")
    rows = [(name, f"{cost.parameters:,}", f"{cost.macs:,}") for name, cost in costs.items()]
    console.table(("block", "parameters", "multiply-adds"), rows, right=("parameters", "multiply-adds"))

"""What the lecture's blocks cost, as tables, by the formulas of ``facerec.transfer.blocks``."""

from __future__ import annotations

from facerec.reporting import Cell, Column, Table
from facerec.transfer.blocks import Cost, basic_block, bottleneck, convolution, depthwise_separable, fully_connected

_SIDE = 56
_COLUMNS = (Column("block"), Column("parameters", "count"), Column("multiply-adds", "amount"))
_BARE = "Without biases and batch norm; multiply-adds for one image."


def cost_tables() -> tuple[Table, ...]:
    """Fully connected against convolution, bottleneck against ResNeXt over its paths, depthwise-separable."""
    return (_connected(), _blocks(), _paths(), _separable())


def _connected() -> Table:
    rows = (
        _row("fully connected, 128 × 128 × 3 to 256", fully_connected(3 * 128 * 128, 256)),
        _row("convolution, 3 × 3, 3 to 256 channels", convolution(3, 256, side=128, bias=True)),
    )
    return Table("A colour image of 128 × 128 pixels to 256 numbers, or to 256 channels; with biases.", _COLUMNS, rows)


def _blocks() -> Table:
    rows = (
        _row("basic block, 64 channels", basic_block(64, 64, side=_SIDE)),
        _row("basic block, 256 channels", basic_block(256, 256, side=_SIDE)),
        _row("bottleneck, 256 channels over 64", bottleneck(256, 256, width=64, side=_SIDE)),
        _row("ResNeXt, 256 channels, 32 paths of 4", bottleneck(256, 256, width=128, groups=32, side=_SIDE)),
    )
    return Table(f"Blocks of ResNet and ResNeXt on maps of {_SIDE} × {_SIDE}.", _COLUMNS, rows, notes=(_BARE,))


def _paths() -> Table:
    rows = tuple(
        _row(str(paths), bottleneck(256, 256, width=64, groups=paths, side=_SIDE)) for paths in (1, 2, 4, 8, 16, 32, 64)
    )
    caption = f"A bottleneck of 256 channels over 64, divided into more and more paths; maps of {_SIDE} × {_SIDE}."
    return Table(caption, (Column("paths"), *_COLUMNS[1:]), rows, notes=(_BARE,))


def _separable() -> Table:
    rows = (
        _row("convolution, 3 × 3, 4 to 2 channels", convolution(4, 2, side=_SIDE)),
        _row("depthwise-separable, 4 to 2 channels", depthwise_separable(4, 2, side=_SIDE)),
        _row("convolution, 3 × 3, 256 to 256 channels", convolution(256, 256, side=_SIDE)),
        _row("depthwise-separable, 256 to 256 channels", depthwise_separable(256, 256, side=_SIDE)),
    )
    caption = f"One filter per channel and then 1 × 1, instead of 3 × 3 over all channels; maps of {_SIDE} × {_SIDE}."
    return Table(caption, _COLUMNS, rows, notes=(_BARE,))


def _row(name: str, cost: Cost) -> tuple[Cell, ...]:
    return (name, cost.parameters, cost.macs)

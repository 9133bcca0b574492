"""What the building blocks of networks cost: parameters and multiply-adds by formula, for the lecture's comparisons.

The formulas are those of He et al. 2016 (basic block and bottleneck, section 4.1), Xie et al. 2017 (ResNeXt, section
3.3) and Howard et al. 2017 (depthwise-separable convolutions, section 3.1). As in those papers, additions of a bias
and batch normalisation are not counted as multiply-adds; planes are square, and a side is that of the output.
"""

from __future__ import annotations

from dataclasses import dataclass

from facerec.errors import ArgumentError


@dataclass(frozen=True)
class Cost:
    """What a block costs; costs add up.

    Attributes
    ----------
    parameters : int
        Numbers that are trained.
    macs : int
        Multiply-adds for one image.
    """

    parameters: int
    macs: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.macs + other.macs)


def fully_connected(inputs: int, outputs: int, *, bias: bool = True) -> Cost:
    """A layer that connects every input with every output.

    Raises
    ------
    ArgumentError
        If a number is below 1.

    Examples
    --------
    A colour image of 128 pixels to 256 numbers:

    >>> fully_connected(3 * 128 * 128, 256)
    Cost(parameters=12583168, macs=12582912)
    """
    _check(inputs=inputs, outputs=outputs)
    return Cost(inputs * outputs + bias * outputs, inputs * outputs)


def convolution(
    inputs: int,
    outputs: int,
    *,
    kernel: int = 3,
    side: int = 1,
    groups: int = 1,
    bias: bool = False,
    batch_norm: bool = False,
) -> Cost:
    """A convolution, and the batch normalisation behind it.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int
        Side of the filters.
    side : int
        Side of the output in pixels.
    groups : int
        Into how many groups the channels are divided, each with filters of its own.
    bias, batch_norm : bool
        Whether there is one: one number, and two numbers, per output channel.

    Raises
    ------
    ArgumentError
        If a number is below 1, or `groups` does not divide the channels.

    Examples
    --------
    >>> convolution(3, 256, bias=True).parameters
    7168
    """
    _check(inputs=inputs, outputs=outputs, kernel=kernel, side=side, groups=groups)
    if inputs % groups or outputs % groups:
        message = f"groups must divide the channels; got {groups} groups, {inputs} inputs and {outputs} outputs"
        raise ArgumentError(message)
    filters = inputs // groups * outputs * kernel**2
    return Cost(filters + (bias + 2 * batch_norm) * outputs, filters * side**2)


def depthwise_separable(inputs: int, outputs: int, *, kernel: int = 3, side: int = 1, batch_norm: bool = False) -> Cost:
    """One filter per input channel, then a 1 × 1 convolution over the channels.

    Examples
    --------
    >>> depthwise_separable(4, 2).parameters, convolution(4, 2).parameters
    (44, 72)
    """
    depthwise = convolution(inputs, inputs, kernel=kernel, side=side, groups=inputs, batch_norm=batch_norm)
    return depthwise + convolution(inputs, outputs, kernel=1, side=side, batch_norm=batch_norm)


def basic_block(inputs: int, outputs: int, *, side: int = 1, stride: int = 1, batch_norm: bool = False) -> Cost:
    """Two 3 × 3 convolutions of ResNet-18 and -34.

    The shortcut is free, except where it must change the channels or the side: there it is a 1 × 1 convolution.

    Examples
    --------
    >>> basic_block(64, 64).parameters
    73728
    """
    first = convolution(inputs, outputs, side=side, batch_norm=batch_norm)
    second = convolution(outputs, outputs, side=side, batch_norm=batch_norm)
    return first + second + _shortcut(inputs, outputs, side=side, stride=stride, batch_norm=batch_norm)


def bottleneck(
    inputs: int,
    outputs: int,
    *,
    width: int,
    groups: int = 1,
    side: int = 1,
    stride: int = 1,
    batch_norm: bool = False,
) -> Cost:
    """The block of ResNet-50 and deeper, 1 × 1, 3 × 3, 1 × 1; with `groups`, that of ResNeXt.

    Parameters
    ----------
    inputs, outputs : int
        Channels of the block.
    width : int
        Channels of its middle convolution, in all groups together.
    groups : int
        Paths of a ResNeXt; 1 is a ResNet.
    side, stride : int
        Side of the output, and what the middle convolution divides the side by.
    batch_norm : bool
        Whether it stands behind each convolution.

    Examples
    --------
    A ResNet's block beside that of a ResNeXt of 32 paths, 4 channels each; twice the channels in the middle for the
    same price:

    >>> bottleneck(256, 256, width=64).parameters, bottleneck(256, 256, width=128, groups=32).parameters
    (69632, 70144)
    """
    return (
        convolution(inputs, width, kernel=1, side=side * stride, batch_norm=batch_norm)
        + convolution(width, width, side=side, groups=groups, batch_norm=batch_norm)
        + convolution(width, outputs, kernel=1, side=side, batch_norm=batch_norm)
        + _shortcut(inputs, outputs, side=side, stride=stride, batch_norm=batch_norm)
    )


def _shortcut(inputs: int, outputs: int, *, side: int, stride: int, batch_norm: bool) -> Cost:
    _check(stride=stride)
    if inputs == outputs and stride == 1:
        return Cost(0, 0)
    return convolution(inputs, outputs, kernel=1, side=side, batch_norm=batch_norm)


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            message = f"{name} must be 1 or more; got {number}"
            raise ArgumentError(message)

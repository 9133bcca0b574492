"""The networks of the lab: He et al. 2016, section 4.2, with and without shortcuts, with and without batch norm.

Plain and residual networks of one depth hold exactly the same parameters, because the shortcuts are of option A
(identity, zero-padded where the width doubles): whatever differs between them is due to the shortcuts alone.

References
----------
He, Zhang, Ren, Sun (2016), "Deep Residual Learning for Image Recognition", CVPR, section 4.2.
"""

from __future__ import annotations

import torch
from torch import nn

from facerec.transfer.plans import Design, Initialisation

WIDTHS = (16, 32, 64)


class LabNet(nn.Module):
    """A network of one `Design`; 3×3 convolutions in three stages of widths 16, 32, 64, mean pooling, one FC layer.

    Parameters
    ----------
    design : Design
    classes : int
    """

    def __init__(self, design: Design, classes: int) -> None:
        super().__init__()
        self.design = design
        blocks = (design.depth - 2) // 6
        plan = [("stem", 3, WIDTHS[0], 1)]
        for stage, width in enumerate(WIDTHS):
            for block in range(blocks):
                down = stage > 0 and block == 0
                into = WIDTHS[stage - 1] if down else width
                plan.append((f"stage{stage + 1}.{block}.conv1", into, width, 2 if down else 1))
                plan.append((f"stage{stage + 1}.{block}.conv2", width, width, 1))
        self.names = tuple(name for name, *_ in plan)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(into, width, 3, stride, padding=1, bias=not design.batch_norm) for _, into, width, stride in plan
        )
        # momentum=None keeps a plain mean since the last reset, so that one batch can set the statistics (shattering).
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(width, momentum=None) if design.batch_norm else nn.Identity() for _, _, width, _ in plan
        )
        self.head = nn.Linear(WIDTHS[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, float32, shape (N, classes), of images, float32, shape (N, 3, S, S)."""
        return self.head(self.activations(x)[-1].mean(dim=(2, 3)))

    def activations(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What each convolution hands on (after normalisation, addition and ReLU), in order."""
        kept = [torch.relu(self.norms[0](self.convolutions[0](x)))]
        for number in range(1, len(self.convolutions), 2):
            inner = torch.relu(self.norms[number](self.convolutions[number](kept[-1])))
            outer = self.norms[number + 1](self.convolutions[number + 1](inner))
            if self.design.residual:
                outer = outer + _shortcut(kept[-1], outer)
            kept += [inner, torch.relu(outer)]
        return kept


def build(design: Design, classes: int, *, seed: int, initialisation: Initialisation = "he") -> LabNet:
    """Make a network whose weights come from `seed`; plain and residual networks of one seed start equal.

    Parameters
    ----------
    design : Design
    classes : int
    seed : int
    initialisation : {"he", "torch"}

    Examples
    --------
    >>> sum(p.numel() for p in build(Design(residual=True, batch_norm=True, depth=20), 10, seed=0).parameters())
    269722
    """
    net = LabNet(design, classes)
    random = torch.Generator().manual_seed(seed)
    for layer in (*net.convolutions, net.head):
        if not isinstance(layer, nn.Conv2d | nn.Linear):  # only for the type checker: ModuleList forgets its types
            continue
        fan_in = layer.weight[0].numel()
        with torch.no_grad():
            # Of the head both agree: He's variance would make the first outputs of deep residual networks huge.
            if initialisation == "he" and isinstance(layer, nn.Conv2d):
                layer.weight.normal_(0, (2 / fan_in) ** 0.5, generator=random)
            else:
                layer.weight.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=random)
            if layer.bias is not None:
                layer.bias.zero_()
    return net.to(memory_format=torch.channels_last)


def _shortcut(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """`x` in the shape of `like`: every second pixel, and zeros for the channels that are new (option A)."""
    if x.shape == like.shape:
        return x
    return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, like.shape[1] - x.shape[1]))

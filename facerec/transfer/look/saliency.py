"""Which pixels would change the network's first answer: the simple gradient, which is cheap and honestly noisy.

References
----------
Simonyan, Vedaldi, Zisserman (2014), "Deep Inside Convolutional Networks", ICLR workshop.
Adebayo et al. (2018), "Sanity Checks for Saliency Maps", NeurIPS: maps that look convincing may show edges only.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def saliency(trunk: nn.Module, classifier: nn.Module, pixels: Tensor) -> NDArray[np.float32]:
    """Return the size of the first answer's gradient at each pixel, 0 … 1.

    Parameters
    ----------
    trunk, classifier : nn.Module
        In evaluation mode.
    pixels : Tensor, float32, shape (1, 3, S, S)
        Normalised.

    Returns
    -------
    ndarray, float32, shape (S, S)
        Largest absolute gradient over the channels, divided by its 99th percentile and cut at 1.
    """
    inputs = pixels.clone().requires_grad_()
    outputs = classifier(trunk(inputs))
    (gradient,) = torch.autograd.grad(outputs[0].max(), inputs)
    sizes = gradient[0].abs().amax(dim=0).float().cpu().numpy()
    scale = float(np.percentile(sizes, 99))
    return np.clip(sizes / scale, 0, 1).astype(np.float32) if scale > 0 else np.zeros_like(sizes, np.float32)

"""Top-1 on ImageNet's own validation photos: the one check that sees weights, preprocessing and code together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from facerec.errors import DataSetError
from facerec.networks.backbone import Backbone
from facerec.networks.pretrained import pretrained
from facerec.transfer.doctor import Check
from facerec.transfer.features import extract
from facerec.transfer.image_set import ImageSet
from facerec.transfer.labelled_photos import read_image_set
from facerec.types import Rate

_PHOTOS = 50_000
_TOLERANCE = 0.05  # percent: how far timm's and torchvision's own measurements of the same files lie apart


def read_imagenet(folder: Path, *, exclude: Sequence[str] = ()) -> ImageSet:
    """ImageNet's validation photos, or some of each class, as an image set.

    Parameters
    ----------
    folder : Path
        A folder of 1,000 class folders named by WordNet numbers, such as ``n01440764``; in their order lie the
        classes of every network that was trained on them.
    exclude : sequence of str
        What is left out, as for ``photos.folders.find_photos``.

    Raises
    ------
    DataSetError
        If it holds other folders than these.
    """
    image_set = read_image_set(folder, exclude=exclude)
    if len(image_set.classes) != 1000 or not all(re.fullmatch(r"n\d{8}", name) for name in image_set.classes):
        message = (
            f"{folder} is not a folder of ImageNet's photos: expected 1000 class folders named like n01440764, "
            f"got {len(image_set.classes)}, the first {image_set.classes[0]!r}"
        )
        raise DataSetError(message)
    return image_set


def check_top1(
    backbone: Backbone,
    image_set: ImageSet,
    *,
    device: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Check:
    """Measure a backbone's top-1 and compare it with the published one.

    Parameters
    ----------
    backbone : Backbone
        With a classifier.
    image_set : ImageSet
        As `read_imagenet` gives it.
    device : str, optional
        ``cpu``, ``cuda`` or ``cuda:N``; by default a GPU where there is one.
    progress : callable, optional
        Called with how many photos are done, and how many there are.

    Returns
    -------
    Check
        Passed if all 50,000 photos were there and the accuracy is the published one to 0.05 percent; of fewer
        photos, if the published accuracy lies in the 95 % interval of the one found (Wilson); ``absent`` where
        nothing is published.

    Raises
    ------
    DataSetError
        If the backbone has no classifier for these classes.
    """
    classifier = backbone.classifier()
    if classifier is None:
        message = f"{backbone.name} has no classifier, so it has no top-1 on {image_set.name}"
        raise DataSetError(message)
    features = extract(backbone, image_set, device=device, progress=progress)
    with torch.inference_mode():
        answers = classifier(torch.from_numpy(features.vectors)).argmax(dim=1).numpy()
    return compare_top1(backbone.name, Rate(int(np.sum(answers != image_set.labels)), len(answers)))


def compare_top1(name: str, errors: Rate) -> Check:
    """The check of a top-1 error that was measured, with the counts of `errors`."""
    published = pretrained(name).top1
    found, interval = 100 * (1 - errors.value), errors.interval()
    told = f"{found:.3f} % of {errors.trials:,} photos (95 % {100 - 100 * interval.high:.2f} … "
    told += f"{100 - 100 * interval.low:.2f})"
    what = "top-1 on ImageNet's validation photos"
    if published is None:
        return Check(name, what, "nothing is published", told, "absent")
    if errors.trials == _PHOTOS:
        right = abs(found - published) <= _TOLERANCE
    else:
        right = interval.low <= 1 - published / 100 <= interval.high
    return Check(name, what, f"{published:.3f} %", told, "passed" if right else "failed")

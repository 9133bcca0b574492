"""Top-1 against the published one: exact on all photos, within the interval on fewer, refused on other folders."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest

from facerec.errors import DataSetError
from facerec.networks.pretrained import pretrained
from facerec.transfer import imagenet, load_backbone
from facerec.transfer.imagenet import check_top1, compare_top1, read_imagenet
from facerec.types import Rate


@pytest.mark.parametrize(
    ("wrong", "photos", "status"),
    [
        (15_121, 50_000, "passed"),  # 69.758 %, the published one
        (15_145, 50_000, "passed"),
        (15_147, 50_000, "failed"),  # 69.706 %: 0.052 away
        (330, 1_000, "passed"),  # 67.0 %: the interval reaches 69.8
        (331, 1_000, "failed"),  # 66.9 %: it ends at 69.747
        (350, 1_000, "failed"),
    ],
)
def test_compared_with_the_published_one(wrong, photos, status):
    """All photos must meet it to 0.05 percent; of fewer, the interval must hold it."""
    check = compare_top1("resnet18.v1", Rate(wrong, photos))

    assert (check.expected, check.status) == ("69.758 %", status)


def test_measured_from_features_and_classifier(monkeypatch):
    """Right answers are counted photo by photo, and held against what is published."""
    backbone = load_backbone("efficientnet_lite0")
    right = backbone.classifier().weight.detach().numpy()[[3, 5, 7]] * 100
    labels = np.array([3, 5, 8])
    monkeypatch.setattr(imagenet, "extract", lambda *_, **__: SimpleNamespace(vectors=right))

    check = check_top1(backbone, SimpleNamespace(labels=labels, name="three"))

    assert check.found.startswith("66.667 % of 3 photos")
    assert (check.expected, check.status) == ("75.100 %", "passed")
    with pytest.raises(DataSetError, match=r"resnet18\.none has no classifier"):
        check_top1(load_backbone("resnet18.none"), SimpleNamespace(labels=labels, name="three"))


def test_the_interval_is_of_what_is_right():
    """30 wrong of 100: 70 % right, from Wilson's 60.4 to 78.1; where nothing is published nothing can fail."""
    check = compare_top1("resnet18.v1", Rate(30, 100))

    assert check.found == "70.000 % of 100 photos (95 % 60.42 … 78.11)"
    assert (check.subject, check.what) == ("resnet18.v1", "top-1 on ImageNet's validation photos")
    unpublished = compare_top1("dlib_resnet", Rate(30, 100))
    assert (unpublished.expected, unpublished.status) == ("nothing is published", "absent")


@pytest.mark.parametrize(("wrong", "status"), [(194, "passed"), (340, "failed"), (268, "failed")])
def test_too_good_is_as_wrong_as_too_bad(wrong, status):
    """Of 50,000 and of a thousand photos a network better than itself is another one."""
    top1 = 1 - pretrained("resnet18.v1").top1 / 100
    if wrong == 194:
        assert compare_top1("resnet18.v1", Rate(round(50_000 * (top1 - 0.0004)), 50_000)).status == status
    else:
        assert compare_top1("resnet18.v1", Rate(wrong, 1_000)).status == status


def test_other_folders_are_refused(tmp_path):
    """Ants and bees in folders of their own are no ImageNet."""
    for name in ("ants", "bees"):
        (tmp_path / name).mkdir()
        for number in range(2):
            colour = (len(name) * 9, number * 90, 10 if name == "ants" else 200)
            PIL.Image.new("RGB", (32, 32), colour).save(tmp_path / name / f"{number}.png")

    with pytest.raises(DataSetError, match="expected 1000 class folders named like n01440764, got 2, the first 'ants'"):
        read_imagenet(tmp_path)

"""The table of weights: torchvision's figures, names as people write them, terms that are never better than known."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from torchvision import models

from facerec.errors import ArgumentError
from facerec.networks.architectures import shape_of
from facerec.networks.names import ARCHITECTURES, DLIB_RESNET, EFFICIENTNET_LITES, TORCHVISION
from facerec.networks.pretrained import PRETRAINED, pretrained

# As published with torchvision 0.15 and later: file, parameters, top-1, top-5, thousand million multiply-adds.
PUBLISHED = [
    ("alexnet.v1", "alexnet-owt-7be5be79.pth", 61_100_840, 56.522, 79.066, 0.714, 256),
    ("resnet18.v1", "resnet18-f37072fd.pth", 11_689_512, 69.758, 89.078, 1.814, 256),
    ("resnet50.v1", "resnet50-0676ba61.pth", 25_557_032, 76.130, 92.862, 4.089, 256),
    ("resnet50.v2", "resnet50-11ad3fa6.pth", 25_557_032, 80.858, 95.434, 4.089, 232),
    ("resnet152.v2", "resnet152-f82ba261.pth", 60_192_808, 82.284, 96.002, 11.514, 232),
    ("vgg16.v1", "vgg16-397923af.pth", 138_357_544, 71.592, 90.382, 15.47, 256),
    ("convnext_tiny.v1", "convnext_tiny-983f1562.pth", 28_589_128, 82.520, 96.146, 4.456, 236),
    ("vit_b_16.v1", "vit_b_16-c867db91.pth", 86_567_656, 81.072, 95.318, 17.564, 256),
]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row[0])
def test_figures_are_the_published_ones(row):
    """File, size, accuracy, cost and preprocessing of weights that everybody knows."""
    name, file, parameters, top1, top5, gmacs, resize = row
    found = pretrained(name)

    assert (found.files[0].file_name, found.parameters, found.top1, found.top5) == (file, parameters, top1, top5)
    assert found.macs == round(gmacs * 1e9)
    assert (found.preprocessing.resize, found.preprocessing.crop) == (resize, 224)
    assert found.files[0].sha256 == file.rpartition("-")[2].removesuffix(".pth")
    assert (found.classes[309], found.classes[310], len(found.classes)) == ("bee", "ant", 1000)


def test_the_table_is_torchvisions():
    """Architectures and weights, with every figure, are those of the installed torchvision: a difference is news."""
    families = "alexnet|vgg|resnet|resnext|wide_resnet|mobilenet|efficientnet|convnext|vit"
    assert set(TORCHVISION) == {name for name in models.list_models(module=models) if re.match(families, name)}
    for architecture in TORCHVISION:
        table = models.get_model_weights(architecture)
        ours = {each.source.split("; ")[0]: each for each in PRETRAINED if each.architecture == architecture}
        # Those called FEATURES are a detector's: without a classifier, with other colours.
        assert set(ours) == {f"torchvision {each}" for each in table if not each.name.endswith("_FEATURES")}
        for each in ours.values():
            theirs = table[each.source.split("; ")[0].rpartition(".")[2]]
            figures, shown = theirs.meta["_metrics"]["ImageNet-1K"], theirs.transforms()
            assert (each.top1, each.top5) == (figures["acc@1"], figures["acc@5"])
            assert (each.parameters, each.macs) == (theirs.meta["num_params"], round(theirs.meta["_ops"] * 1e9))
            assert each.files[0].source.url == theirs.url
            assert each.source.endswith(f"recipe: {theirs.meta['recipe']}")
            used = each.preprocessing
            assert ([used.resize], [used.crop]) == (shown.resize_size, shown.crop_size)
            assert (list(used.mean), list(used.std)) == (list(shown.mean), list(shown.std))
            assert used.interpolation == shown.interpolation.value
            assert each.default == ("SWAG" not in theirs.name and theirs is getattr(table, "DEFAULT", theirs))


@pytest.mark.parametrize(
    ("name", "outputs", "bias"), [*((name, 1000, 1) for name in EFFICIENTNET_LITES), (DLIB_RESNET, 128, 0)]
)
def test_what_nobody_publishes_is_counted(name, outputs, bias):
    """Parameters and multiply-adds of the networks that torchvision does not have: trunk and last layer."""
    found = pretrained(name)
    shape = shape_of(name, size=found.preprocessing.crop)

    assert found.parameters == shape.parameters + outputs * (shape.dimension + bias)
    assert found.macs == shape.macs + outputs * shape.dimension


def test_torchs_cache_is_found_without_torch():
    """Where torch is not loaded, its folder is the one that it would name itself, whatever the environment says."""
    program = """
import os, sys
from facerec.networks.weight_files import torch_cache
settings = {}, {"TORCH_HOME": "~/t"}, {"XDG_CACHE_HOME": "/c"}, {"TORCH_HOME": "", "XDG_CACHE_HOME": "/c"}
def found():
    for each in settings:
        os.environ.pop("TORCH_HOME", None), os.environ.pop("XDG_CACHE_HOME", None)
        os.environ.update(each)
        yield torch_cache()
alone = list(found())
assert "torch" not in sys.modules and len(set(alone)) == 4, alone
import torch.hub
print(list(found()) == alone)
"""
    given = {"HOME": "/h", "PATH": ""}

    done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"


def test_names_as_people_write_them():
    """An architecture alone, a version, torchvision's spelling in any case."""
    assert pretrained("resnet50").name == "resnet50.v2"
    assert pretrained("resnet18").name == "resnet18.v1"
    assert pretrained("ResNet50_Weights.IMAGENET1K_V1").name == "resnet50.v1"
    assert pretrained("ResNet50_Weights.DEFAULT").name == "resnet50.v2"
    assert pretrained("ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1").name == "vit_b_16.swag_e2e_v1"
    assert pretrained("efficientnet_lite0").files[0].size == 18_826_032


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet5", r"no backbone is called 'resnet5'; did you mean 'resnet50.v1' or"),
        ("resnet50.v3", r"did you mean 'resnet50\.v"),
        ("zzz", r"no backbone is called 'zzz'\. All names: facerec transfer nets"),
        ("vit_h_14", "vit_h_14 has no default weights; name one of vit_h_14.swag_e2e_v1"),
    ],
)
def test_names_that_are_none(name, message):
    """The error gives the nearest names."""
    with pytest.raises(ArgumentError, match=message):
        pretrained(name)


def test_terms():
    """SWAG's weights are for no commercial use and never meant by a short name; all others say what is unclear."""
    for each in PRETRAINED:
        swag = "swag" in each.name
        assert each.commercial == ("no" if swag else "unclear" if each.version else "yes")
        assert not (swag and each.default)
        assert each.licence
        assert each.commercial_reason


def test_every_architecture_has_weights_and_names_are_one_each():
    """Each file is pinned by eight digits of its SHA-256 at least, and comes over https or with a package."""
    assert {each.architecture for each in PRETRAINED} == set(ARCHITECTURES)
    assert len({each.name for each in PRETRAINED}) == len(PRETRAINED)
    for each in PRETRAINED:
        for file in each.files:
            assert len(file.sha256) >= 8
            assert file.name in (each.name, "dlib-resnet")
            assert getattr(file.source, "url", "https://").startswith("https://")


def test_files_of_before_2021():
    """The names that old courses use are known, and are other files than today's."""
    older = {each.name: each.files[1].file_name for each in PRETRAINED if len(each.files) > 1}

    assert older["alexnet.v1"] == "alexnet-owt-4df8aa71.pth"
    assert older["resnet50.v1"] == "resnet50-19c8e357.pth"
    assert all(pretrained(name).files[0].file_name != file for name, file in older.items())

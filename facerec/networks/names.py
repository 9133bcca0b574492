"""The architectures by name; plain data, so that whoever lists or checks names loads no torch."""

from __future__ import annotations

EFFICIENTNET_LITE0 = "efficientnet_lite0"
EFFICIENTNET_LITES = (EFFICIENTNET_LITE0, "efficientnet_lite1", "efficientnet_lite2")
"""ImageNet networks whose weights come with packages."""

DLIB_RESNET = "dlib_resnet"

TORCHVISION = (
    "alexnet",
    *(f"convnext_{size}" for size in ("base", "large", "small", "tiny")),
    *(f"efficientnet_{size}" for size in ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "v2_l", "v2_m", "v2_s")),
    *(f"mobilenet_{size}" for size in ("v2", "v3_large", "v3_small")),
    *(f"resnet{size}" for size in (18, 34, 50, 101, 152)),
    *(f"resnext{size}" for size in ("50_32x4d", "101_32x8d", "101_64x4d")),
    *(f"vgg{size}" for size in ("11", "11_bn", "13", "13_bn", "16", "16_bn", "19", "19_bn")),
    *(f"vit_{size}" for size in ("b_16", "b_32", "h_14", "l_16", "l_32")),
    *(f"wide_resnet{size}" for size in ("50_2", "101_2")),
)
"""Those of torchvision that a backbone can have, as torchvision spells them."""

ARCHITECTURES = (*EFFICIENTNET_LITES, *TORCHVISION, DLIB_RESNET)
"""Those that there are pre-trained weights for."""

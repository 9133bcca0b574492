"""Made faces: each person is a smooth pattern of colours, each photo that pattern with noise in another light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import torch
from torch import nn

from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk
from facerec.training.embedder import train_embedder
from facerec.training.people import People, read_people
from facerec.training.progress import Epoch
from facerec.training.recipe import TrainingRecipe
from facerec.training.work import MadeModel
from facerec.types import Detections

SIZE = 24


@dataclass
class WholePhoto:
    """A detector for which every photo that is not black is one face; it counts its photos."""

    name: str = "whole photo"
    seen: int = 0

    def __call__(self, image: np.ndarray) -> Detections:
        """As the contract says."""
        self.seen += 1
        height, width = image.shape[:2]
        if not image.any():
            return Detections.empty((width, height))
        box = np.array([[0, 0, width, height]], np.float32)
        return Detections(box, np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32), (width, height))


@dataclass(frozen=True)
class WholeCrop:
    """The photo itself."""

    size: int = SIZE
    name: str = "box-24-margin-0 v1"

    def __call__(self, image: np.ndarray, detections: Detections) -> np.ndarray:
        """As the contract says."""
        photo = np.asarray(PIL.Image.fromarray(image).resize((self.size, self.size)))
        return np.repeat(photo[None], len(detections), axis=0)


def face_of(person: int, photo: int, *, noise: float = 25.0, tint: float = 0.0) -> np.ndarray:
    """A photo of a person, uint8 (24, 24, 3); `tint` is how far its left half is tinted at random."""
    coarse = np.random.default_rng([person, 7]).integers(30, 226, (4, 4, 3)).astype(np.float64)
    draw = np.random.default_rng([person, photo])
    image = coarse.repeat(6, axis=0).repeat(6, axis=1) * draw.uniform(0.7, 1.1)
    image[:, :12] += draw.uniform(-tint, tint, 3)
    return np.clip(image + draw.normal(0, noise, image.shape), 1, 255).astype(np.uint8)


def draw_people(folder: Path, counts: Sequence[int], *, noise: float = 25.0, tint: float = 0.0) -> Path:
    """Write photos of as many people as there are counts, so many of each."""
    for person, count in enumerate(counts):
        for photo in range(count):
            path = folder / f"person{person:02d}" / f"{photo}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(face_of(person, photo, noise=noise, tint=tint)).save(path)
    return folder


def made_people(folder: Path, counts: Sequence[int] = (6,) * 12, *, noise: float = 25.0, tint: float = 0.0) -> People:
    """The same, aligned."""
    data = draw_people(folder / "faces", counts, noise=noise, tint=tint)
    return read_people(data, detector=WholePhoto(), crop=WholeCrop(), cache=folder / "chips")


def tiny_trunk(seed: int, dropout: float = 0.0) -> Trunk:
    """Three stages of convolution, batch normalisation and dropout, random from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = [
            (
                f"stage{place}",
                nn.Sequential(
                    nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                    nn.BatchNorm2d(after),
                    nn.ReLU(),
                    nn.Dropout(dropout),
                ),
            )
            for place, (before, after) in enumerate(pairwise([3, 8, 12, 16]), start=1)
        ]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Trunk(body=body, pool=pool, dimension=16, map_stages={}, map_channels={}).eval()


def tiny_backbone(*, pretrained: bool = True, dropout: float = 0.0) -> SimpleNamespace:
    """What a training uses of a Backbone; its terms are those of a real one."""
    return SimpleNamespace(
        name="efficientnet_lite0" if pretrained else "tiny.none",
        architecture="tiny",
        weights_sha256="0" * 64 if pretrained else None,
        resizable=True,
        dimension=16,
        preprocessing=Preprocessing(SIZE, SIZE, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "bilinear"),
        trunk=lambda *, seed=0: tiny_trunk(0 if pretrained else seed, dropout),
    )


def short(**changes: object) -> TrainingRecipe:
    """A recipe of a few steps at rates that move something."""
    usual = {"epochs": 3, "batch_size": 16, "learning_rate": 1e-3, "fmr": 0.05, "precision": "float32"}
    return TrainingRecipe(**(usual | changes))  # type: ignore[arg-type]


def trained(
    people: People,
    out: Path,
    recipe: TrainingRecipe | None = None,
    *,
    pretrained: bool = True,
    dropout: float = 0.0,
    **options: object,
) -> MadeModel[Epoch]:
    """A training from the tiny backbone to ``OUT/made``."""
    backbone = tiny_backbone(pretrained=pretrained, dropout=dropout)
    return train_embedder(people, backbone, recipe or short(), out=out / "made", device="cpu", **options)  # type: ignore[arg-type]

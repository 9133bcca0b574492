"""Training throughput of `facerec train`'s loop against a plain PyTorch loop over the same photos and batches.

The plain loop is what a tutorial writes: the backbone in each step (under ``no_grad`` where it is frozen), the head and
the same loss, Adam, float32, photos as tensors in memory; ours takes bfloat16 where it is faster. Both train dlib's
network with a linear head by ArcFace. Ours counts everything that it does: features computed once, schedule, clipping,
frozen stages checked, checkpoints.

Run: python tests/benchmarks/training_benchmark.py [THREADS]
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from pytorch_metric_learning.losses import ArcFaceLoss

from facerec.align.crops import crop_recipe
from facerec.networks.backbone import Backbone, load_backbone
from facerec.training.chips import StoredChips
from facerec.training.embedder import train_embedder
from facerec.training.people import People
from facerec.training.recipe import TrainingRecipe

SIZE, PEOPLE, PHOTOS, BATCH = 150, 20, 8, 32


def made() -> People:
    """Patterns instead of faces; what is on a photo costs nothing."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(PEOPLE), PHOTOS)
    coarse = random.integers(0, 256, (PEOPLE, 10, 10, 3)).astype(np.uint8)
    chips = coarse.repeat(15, axis=1).repeat(15, axis=2)[labels]
    places = np.stack([np.zeros(len(labels), np.int64), np.arange(len(labels))], axis=1)
    return People(
        name="made",
        files=tuple(f"{number}.png" for number in range(len(labels))),
        labels=labels,
        identities=tuple(map(str, range(PEOPLE))),
        columns={},
        chips=StoredChips((chips,), places, SIZE),
        left_out=(),
        photos=len(labels),
        detector="none",
        crop=crop_recipe("dlib-5pt-chip-150.v1").name,
        digest="made",
    )


def plain(people: People, backbone: Backbone, *, frozen: bool, epochs: int, photos: int) -> float:
    """Seconds per photo of a plain loop."""
    trunk = backbone.trunk()
    head = torch.nn.Linear(backbone.dimension, 128)
    loss = ArcFaceLoss(PEOPLE, 128, margin=11.5, scale=24)
    mean, std = (
        255 * torch.tensor(each).reshape(1, 3, 1, 1)
        for each in (backbone.preprocessing.mean, backbone.preprocessing.std)
    )
    pixels = (torch.from_numpy(people.chips.take(np.arange(photos))).permute(0, 3, 1, 2).float() - mean) / std
    pixels = pixels.contiguous()
    labels = torch.from_numpy(people.labels[:photos])
    moving = [*head.parameters(), *loss.parameters()] + ([] if frozen else list(trunk.parameters()))
    optimizer = torch.optim.Adam(moving, lr=1e-4)
    began = time.perf_counter()
    for _ in range(epochs):
        for batch in torch.randperm(photos).split(BATCH):
            x = torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, pixels[batch].flip(3), pixels[batch])
            with torch.set_grad_enabled(not frozen):
                features = trunk(x)
            value = loss(head(features), labels[batch])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return (time.perf_counter() - began) / (epochs * photos)


def ours(people: People, backbone: Backbone, *, frozen: bool, epochs: int) -> tuple[float, int]:
    """Seconds per photo that is learned from, of everything between the first photo and the last step; and how many."""
    recipe = TrainingRecipe(
        unfreeze="none" if frozen else "all",
        released_by=1e-9,  # every stage from the first step on, as in the plain loop
        epochs=epochs,
        patience=epochs,
        batch_size=BATCH,
        fmr=0.05,
    )
    marks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        model = train_embedder(
            people,
            backbone,
            recipe,
            out=Path(folder) / "made",
            device="cpu",
            progress=lambda _: marks.append(time.perf_counter()),
        )
        photos = len(model.split.train)
        # Frozen: everything. Else from the first step on, with the look at the validation people after the epoch,
        # which the plain loop has not.
        seconds = marks[-1] - began if frozen else marks[-1] - marks[0]
        return seconds / (epochs * photos), photos


def main() -> None:
    """Print the table."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    people, backbone = made(), load_backbone("dlib_resnet")
    for title, frozen, epochs, aim in (
        ("frozen backbone, 10 epochs", True, 10, 1.2),
        ("everything trained, 1 epoch", False, 1, 1.0),
    ):
        times: dict[str, list[float]] = {"ours": [], "plain": []}
        for turn in range(4):
            mine, photos = ours(people, backbone, frozen=frozen, epochs=epochs)
            theirs = plain(people, backbone, frozen=frozen, epochs=1 if frozen else epochs, photos=photos)
            if turn:
                times["ours"].append(mine)
                times["plain"].append(theirs)
        mine, theirs = median(times["ours"]), median(times["plain"])
        verdict = "reached" if theirs / mine >= aim else "MISSED"
        print(f"{title}, dlib's network, batch {BATCH}, {torch.get_num_threads()} thread(s)")
        print(f"  ours  {1 / mine:8.1f} photos/s\n  plain {1 / theirs:8.1f} photos/s")
        print(f"  ratio {theirs / mine:.2f} (aim >= {aim:g}: {verdict})")


if __name__ == "__main__":
    main()

"""The bench's two quick paths against the loops that everybody writes, on two threads.

* Feature extraction from files on the disk, images/s, against timm's and torchvision's plain eager loop: an
  ImageFolder, a DataLoader with two workers, batches of 64, evaluation mode, ``no_grad``; the same network and weights.
* The logistic sweep: 45 values of C on 5,000 x 1,280 made-up features of 10 classes.
* The linear probe by the cached path (extraction, sweep, choice, refit) against the plain training loop of 10 epochs
  over the photos with the backbone frozen, and their test accuracy with its 95 % interval.

The sides take turns in short runs, and the ratios are of medians, so that a busy moment hits both.

Run: python tests/benchmarks/transfer_benchmark.py [FOLDER OF CLASS FOLDERS [PHOTOS FOR THE LINEAR PROBE]]
"""

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import timm
import torch
from scenes import data_folder
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, models, transforms

from facerec.networks.backbone import Backbone, load_backbone
from facerec.transfer.engines import forward_of
from facerec.transfer.features import extract
from facerec.transfer.image_set import ImageSet
from facerec.transfer.labelled_photos import read_image_set
from facerec.transfer.probes import C_VALUES, fit_logistic
from facerec.transfer.splits import Splits, split

PHOTOS, ROUNDS, EPOCHS = 192, 5, 10


def plain_transform(backbone: Backbone) -> transforms.Compose:
    """The usual four steps, with the backbone's own numbers."""
    own = backbone.preprocessing
    modes = {"bilinear": transforms.InterpolationMode.BILINEAR, "bicubic": transforms.InterpolationMode.BICUBIC}
    return transforms.Compose(
        [
            transforms.Resize(own.resize, modes[own.interpolation]),
            transforms.CenterCrop(own.crop),
            transforms.ToTensor(),
            transforms.Normalize(own.mean, own.std),
        ]
    )


def plain_network(name: str, backbone: Backbone) -> nn.Module:
    """The same network as its own library makes it."""
    if name.startswith("resnet"):
        network = models.get_model(name)
        network.fc = nn.Identity()
        return network.eval()
    network = timm.create_model(f"tf_{name}", num_classes=0)  # timm's name for it with TensorFlow's padding
    # The same tensors in the same order; the trunk only names them differently.
    network.load_state_dict(dict(zip(network.state_dict(), backbone.trunk().state_dict().values(), strict=True)))
    return network.eval()


def plain_features(network: nn.Module, loader: DataLoader) -> np.ndarray:
    """The loop in every example of the two libraries."""
    with torch.no_grad():
        return torch.cat([network(batch) for batch, _ in loader]).numpy()


def extraction(name: str, image_set: ImageSet, folder: Path) -> None:
    """Print images/s of the plain loop, and ours by both engines."""
    backbone = load_backbone(name, weights="none" if name.startswith("resnet") else "default")
    network = plain_network(name, backbone)
    data = datasets.ImageFolder(str(folder), plain_transform(backbone))
    chosen = np.random.default_rng(0).choice(len(image_set), PHOTOS, replace=False)
    position = {Path(file).relative_to(folder).as_posix(): i for i, (file, _) in enumerate(data.samples)}
    same = Subset(data, [position[image_set.files[i]] for i in chosen])
    loader = DataLoader(same, batch_size=64, num_workers=2)
    results: dict[str, np.ndarray] = {}
    rates: dict[str, list[float]] = {}
    sides = {
        "plain eager loop": lambda: plain_features(network, loader),
        "ours, torch": lambda: extract(backbone, image_set, indices=chosen).vectors,
        "ours, ONNX Runtime": lambda: extract(backbone, image_set, indices=chosen, engine="onnxruntime").vectors,
    }
    for turn in range(ROUNDS + 1):
        for side, run in sides.items():
            begin = time.perf_counter()
            results[side] = run()
            if turn:
                rates.setdefault(side, []).append(PHOTOS / (time.perf_counter() - begin))
    plain = median(rates["plain eager loop"])
    print(f"\n{name}, {PHOTOS} photos from files to features, median of {ROUNDS} alternating turns")
    for side, of_side in rates.items():
        ratio = median(of_side) / plain
        verdict = "" if side == "plain eager loop" else f"ratio {ratio:5.2f}  (aim >= 1.3: {_verdict(ratio >= 1.3)})"
        print(f"  {side:<24} {median(of_side):8.1f} images/s   {verdict}")
    if not name.startswith("resnet"):
        expected = results["plain eager loop"]
        for side in ("ours, torch", "ours, ONNX Runtime"):
            difference = np.abs(results[side] - expected).max()
            print(f"  largest difference of {side} to the plain loop: {difference:.1e} of {expected.max():.1f}")


def forward_alone(name: str) -> None:
    """Print processor milliseconds per photo of the network alone, on one thread, against timm's eager way."""
    backbone = load_backbone(name)
    network, own = plain_network(name, backbone), backbone.preprocessing
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (8, 3, own.crop, own.crop), dtype=np.uint8))
    fast = {engine: forward_of(backbone, own, engine, torch.device("cpu")) for engine in ("torch", "onnxruntime")}

    def eager() -> None:
        with torch.no_grad():
            network(own.normalise(pixels))

    sides = {"timm, eager": eager} | {f"ours, {name}": partial(run, pixels) for name, run in fast.items()}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    marks: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(3 * ROUNDS + 1):
        for side, run in sides.items():
            begin = time.process_time()
            run()
            if turn:
                marks[side].append(1000 * (time.process_time() - begin) / len(pixels))
    torch.set_num_threads(threads)
    plain = median(marks["timm, eager"])
    print(f"\n{name}, the network alone, one thread, batches of 8, processor milliseconds per photo")
    for side, of_side in marks.items():
        ratio = plain / median(of_side)
        aim = f"  (aim >= 2.2: {_verdict(ratio >= 2.2)})" if side == "ours, onnxruntime" else ""
        print(f"  {side:<24} {median(of_side):6.1f}   ratio {ratio:4.2f}{aim}")


def sweep() -> None:
    """Print the seconds of the sweep."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 10, 6000)
    hidden = random.standard_normal((6000, 200)) * np.linspace(1, 0.05, 200)
    hidden += random.standard_normal((10, 200))[labels] * 0.12
    vectors = np.maximum(
        hidden @ random.standard_normal((200, 1280)) * 0.1 + 0.2 * random.standard_normal((6000, 1280)), 0
    )
    x = vectors.astype(np.float32)
    begin, cpu = time.perf_counter(), time.process_time()
    probe = fit_logistic(x[:5000], labels[:5000], x[5000:], labels[5000:], classes=10)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(f"\nlogistic sweep, {len(C_VALUES)} values of C, 5,000 x 1,280, 10 classes, with the refit")
    print(f"  {seconds:.1f} s ({cpu:.1f} s of processor time), all converged: {probe.converged}")
    print(f"  chosen C {probe.chosen['C']:.2g}, validation accuracy {probe.validation_accuracy:.3f}")
    print(f"  (aim <= 30 s: {_verdict(seconds <= 30)})")


def linear_probe(image_set: ImageSet, folder: Path) -> None:
    """Print seconds and test accuracy of both ways to a linear probe."""
    backbone = load_backbone("efficientnet_lite0")
    parts = split(image_set, seed=0)
    begin = time.perf_counter()
    ours = cached_probe(backbone, image_set, parts)
    seconds = {"ours": time.perf_counter() - begin}
    data = datasets.ImageFolder(str(folder), plain_transform(backbone))
    position = {Path(file).relative_to(folder).as_posix(): i for i, (file, _) in enumerate(data.samples)}
    subset = {
        name: Subset(data, [position[image_set.files[i]] for i in indices])
        for name, indices in (("learn", np.concatenate([parts.train, parts.validation])), ("test", parts.test))
    }
    begin = time.perf_counter()
    plain = trained_probe(plain_network("efficientnet_lite0", backbone), subset, len(image_set.classes))
    seconds["plain"] = time.perf_counter() - begin
    ratio = seconds["plain"] / seconds["ours"]
    print(f"\nlinear probe, {len(parts.train) + len(parts.validation)} photos to learn from, {len(parts.test)} to test")
    for name, accuracy in (("plain", plain), ("ours", ours)):
        half = 1.96 * np.sqrt(accuracy * (1 - accuracy) / len(parts.test))
        print(f"  {name:<6} {seconds[name]:8.1f} s   accuracy {accuracy:.4f} ± {half:.4f}")
    print(f"  ratio {ratio:.1f}  (aim >= 8: {_verdict(ratio >= 8)})")


def cached_probe(backbone: Backbone, image_set: ImageSet, parts: Splits) -> float:
    """Test accuracy; nothing is in the cache at the start."""
    with tempfile.TemporaryDirectory() as cache:
        x = extract(backbone, image_set, engine="onnxruntime", cache=Path(cache)).vectors
    y = image_set.labels
    of_parts = x[parts.train], y[parts.train], x[parts.validation], y[parts.validation]
    probe = fit_logistic(*of_parts, classes=len(image_set.classes))
    return float((probe.scores(x[parts.test]).argmax(axis=1) == y[parts.test]).mean())


def trained_probe(network: nn.Module, subset: dict[str, Subset], classes: int) -> float:
    """Test accuracy of a last layer that is trained as in the tutorials, Adam at 1e-3, the rest frozen."""
    torch.manual_seed(0)
    head = nn.Linear(1280, classes)
    optimiser = torch.optim.Adam(head.parameters(), 1e-3)
    for _ in range(EPOCHS):
        for batch, labels in DataLoader(subset["learn"], batch_size=64, shuffle=True, num_workers=2):
            with torch.no_grad():
                features = network(batch)
            loss = nn.functional.cross_entropy(head(features), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    right = 0
    with torch.no_grad():
        for batch, labels in DataLoader(subset["test"], batch_size=64, num_workers=2):
            right += int((head(network(batch)).argmax(dim=1) == labels).sum())
    return right / len(subset["test"])


def _verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(2)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "flowers5_small"
    image_set = read_image_set(folder)
    forward_alone("efficientnet_lite0")
    sweep()
    extraction("efficientnet_lite0", image_set, folder)
    extraction("resnet50", image_set, folder)
    if len(sys.argv) > 2:
        image_set = image_set.subset(np.sort(np.random.default_rng(0).permutation(len(image_set))[: int(sys.argv[2])]))
    linear_probe(image_set, folder)


if __name__ == "__main__":
    main()

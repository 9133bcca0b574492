"""Features are those of the plain network, whatever the batches and threads; the cache gives back what was computed."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError, ImageError, OutputError, WeightsError
from facerec.learning.team import Team
from facerec.networks.backbone import Backbone, load_backbone
from facerec.networks.fusion import folded
from facerec.transfer.corruption import corrupted
from facerec.transfer.features import Features, extract
from facerec.transfer.image_set import ImageSet
from facerec.transfer.labelled_photos import read_image_set

SIZE = 64


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    """The ImageNet network that the package registry has."""
    return load_backbone("efficientnet_lite0")


@pytest.fixture
def photos(tmp_path: Path) -> ImageSet:
    """Two classes of eleven photos of several sizes."""
    random = np.random.default_rng(0)
    for number in range(11):
        for name, shape in (("a", (70, 90, 3)), ("b", (120, 64 + number, 3))):
            file = tmp_path / "photos" / name / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(file)
    return read_image_set(tmp_path / "photos")


def test_features_are_the_plain_networks(backbone: Backbone, photos: ImageSet) -> None:
    """Threads, folding and channels last change nothing beyond rounding."""
    found = extract(backbone, photos, size=SIZE)

    preprocessing = backbone.preprocessing.at(SIZE)
    batch = torch.stack([preprocessing.evaluate(photos.image(i)) for i in range(len(photos))])
    with torch.inference_mode():
        plain = backbone.trunk().eval()(preprocessing.normalise(batch)).numpy()
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(found.vectors, plain, rtol=0, atol=1e-4 * np.abs(plain).max())


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (5, 3), (64, 2)])
def test_batches_and_threads_do_not_matter(backbone: Backbone, photos: ImageSet, batch_size: int, workers: int) -> None:
    """A photo's vector is the same to 1e-5 of the largest number, alone and in any company."""
    usual = extract(backbone, photos, size=SIZE)

    other = extract(backbone, photos, size=SIZE, batch_size=batch_size, workers=workers)

    np.testing.assert_allclose(other.vectors, usual.vectors, rtol=0, atol=1e-5 * usual.vectors.max())
    assert other.key == usual.key


def test_the_cache_gives_back_the_same_bytes(backbone: Backbone, photos: ImageSet, tmp_path: Path) -> None:
    """The second time nothing is computed; rows of a part come from the whole."""
    first, second = (extract(backbone, photos, size=SIZE, cache=tmp_path / "cache") for _ in range(2))
    part = extract(backbone, photos, size=SIZE, cache=tmp_path / "cache", indices=np.array([7, 2]))

    assert (first.cached, second.cached, part.cached) == (False, True, True)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    np.testing.assert_array_equal(first.vectors[[7, 2]], part.vectors)


def test_whatever_changes_the_vectors_changes_the_key(
    backbone: Backbone, photos: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Size, engine, corruption, photos, their order and weights are part of the key; labels and folders are not."""

    def zeros(network: Backbone, *_: object):
        return lambda pixels: np.zeros((len(pixels), network.dimension), np.float32)

    monkeypatch.setattr("facerec.transfer.features.forward_of", zeros)

    def key(images: ImageSet = photos, network: Backbone = backbone, **options) -> str:
        return extract(network, images, **{"size": 32, "indices": np.array([0, 1]), **options}).key

    random = load_backbone("resnet18", weights="none")

    keys = [
        key(),
        key(size=40),
        key(engine="onnxruntime"),
        key(corrupt=True),
        key(indices=np.array([1, 0])),
        key(indices=np.array([0, 2])),
        key(network=random),
    ]

    assert len(set(keys)) == len(keys)
    photos.root.rename(tmp_path / "moved")
    assert key(images=read_image_set(tmp_path / "moved", classes=["b", "a"])) == keys[0]


@pytest.mark.parametrize("damage", ["cut", "changed", "json", "gone"])
def test_a_damaged_cache_is_computed_again(backbone: Backbone, photos: ImageSet, tmp_path: Path, damage: str) -> None:
    """Files that fail their check are no features."""
    part = photos.subset(range(3))
    good = extract(backbone, part, size=32, cache=tmp_path / "cache")
    vectors, about = tmp_path / "cache" / f"{good.key}.npy", tmp_path / "cache" / f"{good.key}.json"
    if damage == "cut":
        vectors.write_bytes(vectors.read_bytes()[:-40])
    elif damage == "changed":
        vectors.write_bytes(vectors.read_bytes()[:-1] + b"\x01")
    elif damage == "json":
        about.write_text("{")
    else:
        vectors.unlink()

    again = extract(backbone, part, size=32, cache=tmp_path / "cache")

    assert not again.cached
    np.testing.assert_allclose(again.vectors, good.vectors, atol=1e-5)
    assert extract(backbone, part, size=32, cache=tmp_path / "cache").cached


def test_a_cache_that_cannot_be_written(backbone: Backbone, photos: ImageSet, tmp_path: Path) -> None:
    """A file where the folder should be is an error for people."""
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(OutputError, match="folder for features cannot be made"):
        extract(backbone, photos.subset([0]), size=32, cache=tmp_path / "cache")


def test_progress_counts_every_photo(backbone: Backbone, photos: ImageSet) -> None:
    """Progress ends with all photos done."""
    seen: list[tuple[int, int]] = []

    extract(backbone, photos, size=32, batch_size=8, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(8, 22), (16, 22), (22, 22)]


@pytest.mark.parametrize(
    "wrong",
    [{"batch_size": 0}, {"workers": 0}, {"device": "tpu"}, {"indices": np.array([22])}],
)
def test_bad_arguments(backbone: Backbone, photos: ImageSet, wrong: dict[str, object]) -> None:
    """Each is refused before a photo is read."""
    with pytest.raises(ArgumentError):
        extract(backbone, photos, **wrong)  # type: ignore[arg-type]


def test_a_photo_that_has_gone(backbone: Backbone, photos: ImageSet) -> None:
    """A photo that vanished since the set was read is named."""
    (photos.root / photos.files[3]).unlink()

    with pytest.raises(ImageError, match=r"a/2\.png"):
        extract(backbone, replace(photos, decoded={}), size=32)
    assert len(extract(backbone, photos, size=32).vectors) == len(photos)  # what was decoded is used


def test_threads_of_the_caller_are_left_alone(backbone: Backbone, photos: ImageSet) -> None:
    """Extraction does not change how many threads torch uses elsewhere."""
    before = torch.get_num_threads()

    extract(backbone, photos, size=32, workers=2)

    assert torch.get_num_threads() == before


def test_folding_keeps_the_function_and_leaves_no_norm() -> None:
    """A norm after a convolution is folded; one that is used twice, or follows something else, is not."""
    torch.manual_seed(0)

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.first_norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
            self.second, self.shared = nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.shared(self.first_norm(self.first(x)).relu())
            return self.shared(self.second(x))

    network = Network()
    for norm in (network.first_norm, network.shared):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
        nn.init.uniform_(norm.weight, 0.5, 2)
    network.eval()
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        before, after = network(x), folded(network)(x)

    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-5)
    assert [type(each) for each in (network.first_norm, network.shared)] == [nn.Identity, nn.BatchNorm2d]


def test_no_photos(backbone: Backbone, photos: ImageSet) -> None:
    """Features of nothing are an empty array of the right width."""
    found: Features = extract(backbone, photos, size=32, indices=np.array([], np.int64))

    assert found.vectors.shape == (0, backbone.dimension)


def test_a_part_of_what_is_kept_costs_its_share(backbone: Backbone, photos: ImageSet, tmp_path: Path) -> None:
    """Two photos of the whole set took so many of its seconds."""
    whole = extract(backbone, photos, size=SIZE, cache=tmp_path / "cache")
    part = extract(backbone, photos, size=SIZE, cache=tmp_path / "cache", indices=np.array([7, 2]))

    assert part.seconds == pytest.approx(whole.seconds * 2 / len(photos))


def test_corrupted_vectors_are_those_of_the_corrupted_photos(backbone: Backbone, photos: ImageSet) -> None:
    """Each photo is corrupted by its own contents after it was cut to size; whatever the batches."""
    found = extract(backbone, photos, size=SIZE, corrupt=True, indices=np.array([5, 0, 9, 3]), batch_size=3)

    preprocessing = backbone.preprocessing.at(SIZE)
    batch = torch.stack([corrupted(preprocessing.evaluate(photos.image(i)), photos.digests[i]) for i in (5, 0, 9, 3)])
    with torch.inference_mode():
        plain = backbone.trunk().eval()(preprocessing.normalise(batch)).numpy()
    np.testing.assert_allclose(found.vectors, plain, rtol=0, atol=1e-4 * np.abs(plain).max())


def test_processes_share_the_photos(backbone: Backbone, photos: ImageSet, tmp_path: Path) -> None:
    """Each fills its own rows, in its own part of the progress; the sum of both is what one process computes."""

    class Alone(Team):
        """A process whose sums are its own, as the other's are added afterwards."""

        def add_up(self, tensors):
            """Nothing is exchanged."""

    whole = extract(backbone, photos, size=32).vectors
    parts, told = [], []
    for rank in (0, 1, 2):
        seen: list[tuple[int, int]] = []
        found = extract(
            backbone,
            photos,
            size=32,
            team=Alone(rank, 3),
            batch_size=4,
            progress=lambda *of, seen=seen: seen.append(of),
        )
        parts.append(found.vectors)
        told.append(seen)

    np.testing.assert_allclose(sum(parts), whole, atol=1e-5 * whole.max())
    filled = [np.flatnonzero(np.abs(part).max(1)).tolist() for part in parts]
    assert sorted(row for rows in filled for row in rows) == list(range(22))
    assert [seen[-1] for seen in told] == [(len(rows), len(rows)) for rows in filled]
    assert all(6 < len(rows) < 9 for rows in filled)


def test_weights_that_give_no_numbers_are_refused(backbone: Backbone, photos: ImageSet) -> None:
    """Features that are not finite are nobody's features."""
    trunk = backbone.trunk()
    with torch.no_grad():
        next(trunk.parameters()).fill_(float("nan"))
    broken = SimpleNamespace(
        name="broken",
        architecture="x",
        weights_sha256="0" * 64,
        dimension=backbone.dimension,
        preprocessing=backbone.preprocessing,
        trunk=lambda: trunk,
    )

    with pytest.raises(WeightsError, match="broken gives features that are not finite"):
        extract(broken, photos, size=32, indices=np.array([0]))


def test_what_took_how_long_is_kept(backbone: Backbone, photos: ImageSet, tmp_path: Path) -> None:
    """The seconds of computing them, also where they come from the cache; keys are of all, and of the part."""
    first = extract(backbone, photos, size=32, cache=tmp_path)
    second = extract(backbone, photos, size=32, cache=tmp_path)
    half = extract(backbone, photos, size=32, cache=tmp_path, indices=np.arange(0, 22, 2))

    assert second.seconds == pytest.approx(first.seconds)
    assert 0 < first.seconds < 30
    assert half.cached
    assert half.seconds == pytest.approx(first.seconds / 2)
    assert half.key != first.key == second.key
    assert len(first.key) == 64

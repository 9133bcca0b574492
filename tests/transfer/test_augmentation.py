"""Random crops and mirror images: where they come from, and that draws are the batch's."""

import pytest
import torch

from facerec.transfer.augmentation import augment


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _ramps(count: int, size: int = 32) -> torch.Tensor:
    """Photos whose channels are the coordinates -1 … 1 of each pixel's centre: across, down, and zero."""
    line = (2 * torch.arange(size) + 1) / size - 1
    down, across = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([across, down, torch.zeros(size, size)]).repeat(count, 1, 1, 1)


def test_none_is_the_photo() -> None:
    """Nothing is changed."""
    photos = torch.randn(4, 3, 8, 8)

    assert augment(photos, "none", _generator()) is photos


def test_flip_gives_the_photo_or_its_mirror_image() -> None:
    """About half of them each."""
    photos = torch.randn(400, 3, 4, 4)

    changed = augment(photos, "flip", _generator())

    same = (changed == photos).flatten(1).all(1)
    mirrored = (changed == photos.flip(3)).flatten(1).all(1)
    assert torch.equal(same, ~mirrored)
    assert 160 < same.sum() < 240


def test_crops_are_rectangles_of_the_photo() -> None:
    """On coordinates as photos, each crop shows an even ramp within the photo, of at least half its area."""
    size = 32
    crops = augment(_ramps(300), "crop", _generator())

    across, down = crops[:, 0].mean(1), crops[:, 1].mean(2)
    # The outermost pixels are interpolated with their reflection.
    steps_across, steps_down = across[:, 2:-2].diff(dim=1), down[:, 2:-2].diff(dim=1)
    torch.testing.assert_close(
        steps_across, steps_across.mean(1, keepdim=True).expand_as(steps_across), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(steps_down, steps_down.mean(1, keepdim=True).expand_as(steps_down), atol=1e-4, rtol=0)
    width, height = steps_across.mean(1).abs() * size / 2, steps_down.mean(1) * size / 2
    assert crops.abs().max() <= 1
    assert (height > 0).all()
    assert (width * height).min() > 0.45
    assert (width / height).min() > 0.74
    assert (width / height).max() < 1.34
    assert 100 < (steps_across.mean(1) < 0).sum() < 200
    assert (width * height).std() > 0.1
    assert across.mean(1).std() > 0.05


@pytest.mark.parametrize("how", ["flip", "crop"])
def test_a_part_is_changed_as_in_the_whole_batch(how) -> None:
    """A process that holds some photos of a batch changes them as one that holds all."""
    photos = torch.randn(7, 3, 16, 16)

    whole = augment(photos, how, _generator())
    part = augment(photos[2:5], how, _generator(), part=(slice(2, 5), 7))

    torch.testing.assert_close(part, whole[2:5])


def test_what_is_drawn_is_uniform() -> None:
    """Areas from half to all, places over all the room, as often wide as high; nothing goes with another."""
    size = 32
    crops = augment(_ramps(4000, size), "crop", _generator(1))

    across, down = crops[:, 0].mean(1), crops[:, 1].mean(2)
    width = across[:, 2:-2].diff(dim=1).mean(1).abs() * size / 2
    height = down[:, 2:-2].diff(dim=1).mean(1) * size / 2
    x, y = across[:, 2:-2].mean(1), down[:, 2:-2].mean(1)
    area = width * height
    assert area.mean().item() == pytest.approx(0.75, abs=0.03)
    assert (area < 0.6).float().mean().item() == pytest.approx(0.2, abs=0.04)
    assert (width / height).log().mean().abs().item() < 0.02
    assert (width / height).log().max().item() == pytest.approx(torch.tensor(4 / 3).log().item(), abs=0.02)
    for place, side in ((x, width), (y, height)):
        inside = side < 0.95
        share = place[inside] / (1 - side[inside])
        assert share.abs().max() < 1.05
        assert share.mean().abs().item() < 0.05
        assert share.std().item() == pytest.approx(3**-0.5, abs=0.03)
    mirrored = (across[:, -3] < across[:, 2]).float()
    drawn = torch.stack([area, (width / height).log(), x / (1.001 - width), y / (1.001 - height), mirrored])
    assert torch.corrcoef(drawn).fill_diagonal_(0).abs().max() < 0.1


def test_a_generator_moves_on() -> None:
    """The next batch is changed in another way, and the same generator gives the same again."""
    photos = torch.rand(6, 3, 8, 8)
    generator = _generator(5)

    first, second = (augment(photos, "crop", generator) for _ in range(2))

    assert not torch.equal(first, second)
    assert torch.equal(augment(photos, "crop", _generator(5)), first)

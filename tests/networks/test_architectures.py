"""Networks taken apart: where positions and patches lie, and which blocks smaller networks keep."""

from __future__ import annotations

import torch

from facerec.networks.architectures import KEPT, STUDENTS, _patches_as_map, build, dissect, shape_of
from facerec.networks.backbone import load_backbone
from facerec.networks.dlib_resnet import BLOCKS, ResidualBlock


def test_positions_keep_their_place_at_another_size() -> None:
    """Rows stay rows and columns columns; the class token's position is not moved."""
    trunk, _ = dissect("vit_b_32", build("vit_b_32", size=224), size=224)
    embeddings = trunk.body["embeddings"]
    rows, columns = torch.meshgrid(torch.arange(7.0), torch.arange(7.0), indexing="ij")
    with torch.no_grad():
        embeddings.positions[:, 1:, 0], embeddings.positions[:, 1:, 1] = rows.flatten(), columns.flatten()
        found = embeddings._positions_for(14, 3)

    grid = found[0, 1:].reshape(14, 3, -1)
    torch.testing.assert_close(found[:, 0], embeddings.positions[:, 0])
    assert (grid[:, :, 0].diff(dim=0) > 0).all()
    assert (grid[:, :, 1].diff(dim=1) > 0).all()
    assert grid[:, :, 0].std(dim=1).max() < 1e-4
    torch.testing.assert_close(grid[:, :, 0].mean(), torch.tensor(3.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(grid[:, :, 0], 6 - grid.flip(0)[:, :, 0], atol=1e-4, rtol=0)
    torch.testing.assert_close(grid[6:8, 0, 0], torch.tensor([2.75, 3.25]), atol=0.06, rtol=0)
    assert embeddings._positions_for(7, 7) is embeddings.positions


def test_patches_lie_row_by_row() -> None:
    """The token behind the class token is that of the upper left patch, the next the one to its right."""
    tokens = torch.arange(1.0 + 6).reshape(1, 7, 1)

    assert _patches_as_map(tokens, torch.zeros(1, 3, 20, 30), patch=10)[0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_smaller_networks_halve_the_plane_as_often() -> None:
    """Kept blocks are in their order, all that halve among them; half the filters keep the strides."""
    halving = [place for place, (_, stride) in enumerate(BLOCKS) if stride == 2]
    for name, kept in KEPT.items():
        assert list(kept) == sorted(set(kept))
        assert set(halving) <= set(kept)
        assert [block[1] for block in STUDENTS[name]].count(2) == len(halving) == 4
    assert [len(KEPT[name]) for name in ("dlib_resnet_trim", "dlib_resnet_short")] == [12, 10]
    assert STUDENTS["dlib_resnet_half"] == tuple((filters // 2, stride) for filters, stride in BLOCKS)
    assert len(BLOCKS) == 14


def test_multiply_adds_are_counted_once() -> None:
    """Of dlib's stem by hand: 72 by 72 places, 32 filters of 7 by 7 by 3; smaller networks need less."""
    whole = shape_of("dlib_resnet", size=150)
    half = shape_of("dlib_resnet_half", size=150)

    stem = 72 * 72 * 32 * 147
    assert whole.macs > stem
    quarter = (whole.macs - stem) / 4 + 72 * 72 * 16 * 147
    assert abs(half.macs - quarter) < 1e-6 * whole.macs + 40 * 40 * 32 * 32 * 9
    assert half.dimension == 128


def test_a_block_that_halves_averages_what_it_passes_on() -> None:
    """Channels that are missing are zero, and so is what the smaller path lacks at the bottom and the right."""
    block = ResidualBlock(2, 4, 2)
    for parameter in block.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.arange(2 * 5 * 7.0).reshape(1, 2, 5, 7)

    with torch.no_grad():
        found = block(x)

    assert found.shape == (1, 4, 2, 3)
    assert torch.equal(found[:, 2:], torch.zeros(1, 2, 2, 3))
    assert found[0, 1, 1, 2] == x[0, 1, 2:4, 4:6].mean()


def test_which_backbones_take_other_sizes() -> None:
    """A transformer and dlib's network have one of their own."""
    names = ("efficientnet_lite0", "dlib_resnet", "vit_b_16.none", "resnet18.none", "convnext_tiny.none")

    assert [load_backbone(name).resizable for name in names] == [True, False, False, True, True]

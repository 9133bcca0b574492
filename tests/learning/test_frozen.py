"""Frozen stages: eval mode that survives, and the comparison that catches running statistics."""

import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError, TransferError
from facerec.learning.frozen import check_frozen, digest_of, freeze, frozen_state, frozen_state_digest
from facerec.networks.trunk import Trunk


@pytest.fixture
def trunk() -> Trunk:
    """Two small stages of convolution, batch normalisation and dropout."""
    torch.manual_seed(0)
    stages = [
        ("stem", nn.Sequential(nn.Conv2d(3, 4, 3, stride=4, bias=False), nn.BatchNorm2d(4), nn.ReLU())),
        ("last", nn.Sequential(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6), nn.Dropout(0.5))),
    ]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Trunk(body=stages, pool=pool, dimension=6, map_stages={}, map_channels={}).train()


def _step(trunk: Trunk) -> None:
    """One plain training step on whatever takes a gradient, in train mode."""
    trunk.train()
    head = nn.Linear(6, 2)
    parameters = [p for p in (*trunk.parameters(), *head.parameters()) if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    loss = nn.functional.cross_entropy(head(trunk(torch.randn(8, 3, 32, 32))), torch.arange(8) % 2)
    loss.backward()
    optimizer.step()


def _changed(trunk: Trunk, before: dict[str, torch.Tensor]) -> set[str]:
    return {name for name, tensor in trunk.state_dict().items() if not torch.equal(tensor, before[name])}


def _copy(trunk: Trunk) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trunk.state_dict().items()}


@pytest.mark.parametrize(
    ("stages", "batch_norm", "parts_that_move"),
    [
        ((), "train", {"stem.0", "stem.1", "last.0", "last.1"}),
        ((), "frozen", {"stem.0", "last.0"}),
        ((), "stats-frozen", {"stem.0", "stem.1", "last.0", "last.1"}),
        (("stem",), "stats-frozen", {"last.0", "last.1"}),
        (("stem",), "frozen", {"last.0"}),
        (("stem", "last"), "frozen", set()),
    ],
)
def test_only_what_is_not_frozen_moves(trunk, stages, batch_norm, parts_that_move) -> None:
    """A step in train mode changes the trained layers, and no statistics unless the policy is train."""
    freeze(trunk, stages, batch_norm=batch_norm)
    before, state = _copy(trunk), frozen_state(trunk)

    _step(trunk)

    moved = _changed(trunk, before)
    assert {".".join(name.split(".")[1:3]) for name in moved} == parts_that_move
    assert any("running" in name for name in moved) == (batch_norm == "train")
    assert moved.isdisjoint(state)
    assert moved | set(state) == set(before)
    check_frozen(trunk, state)


def test_frozen_weights_in_train_mode_are_caught(trunk) -> None:
    """The tutorial's frozen readout (no gradients, but never eval) moves running statistics, and this is an error."""
    trunk.requires_grad_(requires_grad=False)
    before, digest = frozen_state(trunk), frozen_state_digest(trunk)

    with torch.no_grad():
        trunk.train()(torch.randn(8, 3, 32, 32))

    assert frozen_state_digest(trunk) != digest
    with pytest.raises(TransferError, match=r"6 of 12 .*stem\.1\.running_mean.*use batch_norm 'frozen'"):
        check_frozen(trunk, before)


def test_a_frozen_stage_under_policy_train_is_caught(trunk) -> None:
    """With policy train the layers of a frozen stage follow each batch, as PyTorch's own do."""
    freeze(trunk, ["stem", "last"], batch_norm="train")
    before = frozen_state(trunk)

    with torch.no_grad():
        trunk.train()(torch.randn(8, 3, 32, 32))

    with pytest.raises(TransferError, match=r"6 of 12 .*use batch_norm 'frozen'"):
        check_frozen(trunk, before)


def test_one_bit_of_a_frozen_weight_is_caught(trunk) -> None:
    """The comparison is of bits: minus zero is not zero."""
    freeze(trunk, ["stem"], batch_norm="frozen")
    with torch.no_grad():
        trunk.stages[0][1][1].bias.zero_()
    before = frozen_state(trunk)
    check_frozen(trunk, before)

    with torch.no_grad():
        trunk.stages[0][1][1].bias.neg_()

    with pytest.raises(TransferError, match=r"1 of \d+ frozen tensors changed in training: body\.stem\.1\.bias$"):
        check_frozen(trunk, before)


def test_held_layers_answer_the_same_in_train_mode(trunk) -> None:
    """A wholly frozen trunk gives the same features after train as after eval, and dropout is off."""
    freeze(trunk, ["stem", "last"], batch_norm="frozen")
    photos = torch.randn(4, 3, 32, 32)

    expected = trunk.eval()(photos)

    assert torch.equal(expected, trunk.train()(photos))


def test_freezing_again_gives_back_what_was_released(trunk) -> None:
    """The last call holds, and classes are as they were before the first."""
    kinds = [type(module) for module in trunk.modules()]

    freeze(trunk, ["stem", "last"], batch_norm="frozen")
    freeze(trunk, [], batch_norm="train")

    assert kinds == [type(module) for module in trunk.modules()]
    assert all(parameter.requires_grad for parameter in trunk.parameters())
    assert all(module.training for _, stage in trunk.stages for module in stage.modules())
    assert frozen_state(trunk) == {}
    assert frozen_state_digest(trunk) == digest_of({})


def test_a_stage_that_is_not_there(trunk) -> None:
    """The message lists the stages that are."""
    with pytest.raises(ArgumentError, match="no stage layer9; its stages are stem, last"):
        freeze(trunk, ["layer9"], batch_norm="frozen")

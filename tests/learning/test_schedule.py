"""What a recipe says of each step: rates, stages, groups and batches."""

import numpy as np
import pytest
import torch
from torch import nn

from facerec.learning.recipe import recipe
from facerec.learning.schedule import (
    batch_of,
    draw_seed,
    frozen_stages,
    parameter_groups,
    rate_factor,
    stages_trained,
)
from facerec.networks.preprocessing import Preprocessing
from facerec.networks.trunk import Trunk
from facerec.transfer.network import Network


@pytest.fixture
def network() -> Network:
    """Three stages of a layer and its normalisation."""
    body = [(name, nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))) for name in ("stem", "middle", "last")]
    pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    trunk = Trunk(body=body, pool=pool, dimension=3, map_stages={}, map_channels={})
    return Network(trunk, ("a", "b"), Preprocessing(8, 8, (0.5,) * 3, (0.5,) * 3, "bilinear"))


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("steps", [1, 2, 10, 101])
@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_rate_rises_in_a_line_and_falls(warmup, steps, schedule) -> None:
    """The share is above 0 and at most 1, rises over the warm-up, reaches 1, and never rises again."""
    one = recipe("fine-tune", warmup=warmup, schedule=schedule)
    shares = [rate_factor(one, step, steps) for step in range(steps)]
    top = max(int(warmup * steps) - 1, 0)

    assert shares[top] == max(shares) == 1
    assert all(0 < share <= 1 for share in shares)
    np.testing.assert_allclose(np.diff(shares[: top + 1]), 1 / (top + 1))
    assert all(np.diff(shares[top:]) <= 0)


@pytest.mark.parametrize("stages", [1, 3, 9])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_gradual_releases_one_after_the_other(stages, steps) -> None:
    """None at first, all after the share that the recipe says, never one less than before."""
    trained = [stages_trained(recipe("gradual", released_by=0.5), step, steps, stages) for step in range(steps)]

    assert trained[0] == 0
    assert all(np.diff(trained) >= 0)
    assert all(number == stages for number in trained[-(-steps // 2) :] if steps > 1)


def test_other_protocols_train_all_or_nothing(network) -> None:
    """Only a linear readout freezes every stage; names are counted from the output."""
    assert {stages_trained(recipe(name), 0, 9, 3) for name in ("fine-tune", "lp-ft", "discriminative", "scratch")} == {
        3
    }
    assert stages_trained(recipe("linear-sgd"), 8, 9, 3) == 0
    assert [frozen_stages(network, number) for number in range(4)] == [
        ["stem", "middle", "last"],
        ["stem", "middle"],
        ["stem"],
        [],
    ]


def test_groups_hold_every_parameter_once(network) -> None:
    """Rates decay from the output to the input, and only matrices and filters are pulled to zero."""
    groups = parameter_groups(network, recipe("discriminative", layer_decay=0.5, head_factor=10.0, weight_decay=0.1))

    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(id(parameter) for parameter in network.parameters())
    assert [group["factor"] for group in groups[::2]] == [0.25, 0.5, 1.0, 10.0]
    for group in groups:
        assert {parameter.ndim > 1 for parameter in group["params"]} == {group["weight_decay"] == 0.1}


def test_optimiser_takes_the_groups(network) -> None:
    """Extra keys of the groups are kept by torch."""
    optimizer = torch.optim.SGD(parameter_groups(network, recipe("fine-tune")), lr=1.0)

    assert {group["factor"] for group in optimizer.param_groups} == {1.0}


@pytest.mark.parametrize("photos", [1, 5, 8, 9, 30])
def test_each_pass_uses_each_photo_once(photos) -> None:
    """In another order each time, in batches whose sizes differ by one at most."""
    one = recipe("fine-tune", batch_size=8, least_steps=0, epochs=3)
    plan, indices = one.plan(photos), np.arange(100, 100 + photos)
    passes = [
        [batch_of(one, plan, number * plan.batches_per_pass + part, indices) for part in range(plan.batches_per_pass)]
        for number in range(3)
    ]

    orders = [np.concatenate(batches) for batches in passes]
    assert all(sorted(order) == indices.tolist() for order in orders)
    assert photos < 5 or not np.array_equal(orders[0], orders[1])
    sizes = {len(batch) for batches in passes for batch in batches}
    assert max(sizes) <= 8
    assert max(sizes) - min(sizes) <= 1


def test_draws_differ_by_seed_purpose_and_number() -> None:
    """No two of them share a seed."""
    seeds = {draw_seed(recipe("fine-tune", seed=s), p, n) for s in range(5) for p in range(3) for n in range(50)}

    assert len(seeds) == 5 * 3 * 50


def test_scales_and_shifts_are_not_decayed(network) -> None:
    """Filters and matrices have the recipe's decay, everything of one dimension none."""
    for group in parameter_groups(network, recipe("fine-tune", weight_decay=0.1)):
        dimensions = {parameter.ndim > 1 for parameter in group["params"]}
        assert dimensions == {group["weight_decay"] > 0}
        assert group["weight_decay"] in (0.0, 0.1)


def test_shares_by_hand() -> None:
    """Four steps up in quarters, then half a cosine over the other six; constant from there where it is."""
    up, half = [0.25, 0.5, 0.75, 1.0], [0.5 * (1 + np.cos(np.pi * step / 6)) for step in range(6)]

    for schedule, after in (("cosine", half), ("constant", [1.0] * 6)):
        one = recipe("fine-tune", warmup=0.49, schedule=schedule)
        np.testing.assert_allclose([rate_factor(one, step, 10) for step in range(10)], up + after)


def test_stages_are_released_at_even_distances() -> None:
    """Of four stages over the first sixteen of twenty steps, one every four; of one protocol only."""
    one = recipe("gradual", released_by=0.8)

    assert [stages_trained(one, step, 20, 4) for step in range(20)] == [min(4, step // 4) for step in range(20)]

"""Recipes: ranges, plans, and equal budgets."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from facerec.errors import ArgumentError
from facerec.learning.recipe import Protocol, Recipe, recipe, recipes


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "finetune"},
        {"learning_rate": 0.0},
        {"epochs": 0},
        {"least_steps": -1},
        {"batch_size": 0},
        {"momentum": 1.0},
        {"weight_decay": -1e-4},
        {"head_factor": 0.0},
        {"layer_decay": 1.1},
        {"released_by": 0.0},
        {"warmup": 1.0},
        {"size": 0},
        {"seed": -1},
        {"batch_norm": "eval"},
        {"augmentation": "mixup"},
        {"precision": "int8"},
        {"optimizer": "lion"},
        {"schedule": "step"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_values_out_of_range(wrong) -> None:
    """Each names the field and what it was."""
    name, value = next(iter(wrong.items()))

    with pytest.raises(ArgumentError, match=rf"{name} must be .*{value}"):
        replace(recipe("fine-tune"), **wrong)


def test_scratch_needs_moving_statistics() -> None:
    """A random network has no batch statistics worth keeping."""
    with pytest.raises(ArgumentError, match="scratch needs batch_norm 'train'; got 'frozen'"):
        recipe("scratch", batch_norm="frozen")


@pytest.mark.parametrize("photos", [1, 2, 31, 32, 33, 64, 100])
@pytest.mark.parametrize("least_steps", [0, 7, 30])
def test_plan_counts_the_photos_of_the_batches(photos, least_steps) -> None:
    """The number of photos is the sum over the batches that an even cut of each pass gives."""
    plan = recipe("fine-tune", epochs=3, batch_size=32, least_steps=least_steps).plan(photos)
    sizes = [len(part) for part in np.array_split(np.arange(photos), plan.batches_per_pass)]

    assert plan.images == sum(sizes[step % len(sizes)] for step in range(plan.steps))
    assert plan.steps >= least_steps
    assert plan.steps == 3 * plan.steps_per_epoch
    assert max(sizes) <= 32


def test_every_protocol_gets_the_same_budget() -> None:
    """The trials are the same multiples of each protocol's own rate and decay, and a smaller budget is a prefix."""
    for protocol in get_args(Protocol):
        base, trials = recipe(protocol, epochs=2), recipes(protocol, 12, epochs=2)

        assert len(set(trials)) == 12
        assert trials[0] == base
        assert recipes(protocol, 4, epochs=2) == trials[:4]
        assert {replace(one, learning_rate=1.0, weight_decay=0.0) for one in trials} == {
            replace(base, learning_rate=1.0, weight_decay=0.0)
        }
        rates = [round(one.learning_rate / base.learning_rate, 6) for one in trials]
        assert rates == [1, 0.3, 3, 0.1, 10, 0.03] * 2
        assert [one.weight_decay for one in trials] == [base.weight_decay] * 6 + [1e-3] * 6


@pytest.mark.parametrize("trials", [0, 13])
def test_a_budget_that_is_not_there(trials) -> None:
    """The message says which there are."""
    with pytest.raises(ArgumentError, match=f"trials must be 1 to 12; got {trials}"):
        recipes("fine-tune", trials)


def test_text_tells_recipes_apart() -> None:
    """Equal texts mean equal recipes."""
    assert recipe("fine-tune").text == recipe("fine-tune").text
    assert recipe("fine-tune").text != recipe("fine-tune", seed=1).text
    assert isinstance(recipe("lp-ft"), Recipe)


def test_protocols_begin_where_they_are_described() -> None:
    """After a probe ten times slower; a last layer alone by Adam at one rate, without decay, crops or statistics."""
    rates = {protocol: recipe(protocol).learning_rate for protocol in get_args(Protocol)}
    assert rates["fine-tune"] == rates["gradual"] == rates["discriminative"] == pytest.approx(0.003)
    assert rates["lp-ft"] == pytest.approx(rates["fine-tune"] / 10)
    assert rates["scratch"] == rates["linear-sgd"] == pytest.approx(0.01)
    assert recipe("scratch").batch_norm == "train"
    linear = recipe("linear-sgd")
    assert (linear.optimizer, linear.schedule, linear.batch_norm) == ("adam", "constant", "frozen")
    assert (linear.augmentation, linear.weight_decay, linear.warmup) == ("none", 0.0, 0.0)
    assert {recipe(name).layer_decay for name in rates if name != "discriminative"} == {1.0}
    assert recipe("discriminative").layer_decay == 0.7


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("momentum", 0.0, -0.1), ("weight_decay", 0.0, -1e-9), ("layer_decay", 1.0, 0.0), ("released_by", 1.0, 1.01),
        ("warmup", 0.0, -0.1), ("size", 1, 0), ("seed", 2**32 - 1, 2**32), ("least_steps", 0, -1), ("epochs", 1, 0),
        ("batch_size", 1, 0), ("head_factor", 0.1, 0.0), ("learning_rate", 0.1, 0.0),
    ],
)  # fmt: skip
def test_the_ends_of_the_ranges(field, inside, outside) -> None:
    """The last value that fits is taken, the first that does not is refused by its field's name."""
    assert getattr(recipe("fine-tune", **{field: inside}), field) == inside
    with pytest.raises(ArgumentError, match=f"{field} must be"):
        recipe("fine-tune", **{field: outside})

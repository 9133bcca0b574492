"""Recipes of trainings: what is chosen reaches the schedule, and defaults suit what is trained."""

from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from facerec.errors import ArgumentError
from facerec.learning.recipe import Recipe
from facerec.learning.schedule import rate_factor, stages_trained
from facerec.training import start, student_start
from facerec.training.recipe import TrainingRecipe
from facerec.training.student_recipe import StudentRecipe

CHOSEN = {
    "epochs": 7,
    "batch_size": 18,
    "learning_rate": 0.02,
    "head_factor": 4.0,
    "layer_decay": 0.6,
    "released_by": 0.7,
    "weight_decay": 0.03,
    "warmup": 0.2,
    "batch_norm": "train",
    "precision": "bfloat16",
    "seed": 9,
    "clip": 1.5,
    "patience": 3,
    "fmr": 0.07,
}


def shared(one, other):
    """Names of the fields that both have and that were chosen."""
    names = {field.name for field in fields(one)} & {field.name for field in fields(other)}
    return sorted(names & CHOSEN.keys())


def test_the_schedule_has_what_the_training_has():
    """Every field of one name has one value; no stage is released early, and the rate falls as a cosine."""
    recipe = TrainingRecipe(unfreeze="all", **CHOSEN)

    names = shared(recipe, recipe.schedule)
    assert len(names) == 11
    assert {name: getattr(recipe.schedule, name) for name in names} == {name: CHOSEN[name] for name in names}
    assert [stages_trained(recipe.schedule, step, 10, 3) for step in (0, 3, 7)] == [0, 1, 3]
    assert rate_factor(recipe.schedule, 6, 10) == pytest.approx(0.5)
    assert recipe.schedule.plan(18).steps == 7  # no more steps than the epochs have


def test_a_student_trains_by_what_was_chosen():
    """Every shared field of one name has one value; all stages at one rate from the first step, without a margin."""
    mine = {name: value for name, value in CHOSEN.items() if name in {field.name for field in fields(StudentRecipe)}}
    recipe = StudentRecipe(**mine)

    names = shared(recipe, recipe.training)
    assert len(names) == 10
    assert {name: getattr(recipe.training, name) for name in names} == {name: CHOSEN[name] for name in names}
    assert (recipe.training.unfreeze, recipe.training.batch_norm) == ("all", "train")
    assert (recipe.training.head_factor, recipe.training.layer_decay) == (1.0, 1.0)
    assert recipe.training.margin_share(0, 10) == 1.0


@pytest.mark.parametrize("kind", [TrainingRecipe, StudentRecipe])
def test_every_field_is_in_the_text(kind):
    """Two recipes that differ in anything have different texts; equal ones the same."""
    other = {
        float: lambda old: old / 2 or 0.5,
        int: lambda old: old + 1,
        bool: lambda old: not old,
    }
    texts = {kind().text}
    for field in fields(kind):
        old = getattr(kind(), field.name)
        if type(old) in other and field.name != "photos_per_person":
            texts.add(replace(kind(), **{field.name: other[type(old)](old)}).text)

    assert kind().text == kind().text
    assert len(texts) > 12


@pytest.mark.parametrize(("ramp", "shares"), [(0.0, [1, 1, 1]), (0.5, [0, 0.4, 1]), (1.0, [0, 0.2, 0.6])])
def test_the_margin_rises_in_a_line(ramp, shares):
    """From 0 over its share of the steps, then it is whole."""
    recipe = TrainingRecipe(margin_ramp=ramp)

    assert [recipe.margin_share(step, 10) for step in (0, 2, 6)] == pytest.approx(shares)


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("batch_size", 4, 1),
        ("patience", 1, 0),
        ("margin_ramp", 1.0, 1.01),
        ("margin_ramp", 0.0, -0.01),
        ("scale", 0.1, 0.0),
        ("margin", 0.0, -0.1),
        ("clip", 0.1, 0.0),
        ("fmr", 0.99, 1.0),
        ("dimension", 2, 1),
    ],
)
def test_the_ends_of_the_ranges(field, inside, outside):
    """The last value that fits is taken, the first that does not is refused by its field's name."""
    others = {"photos_per_person": 2}
    assert getattr(TrainingRecipe(**(others | {field: inside})), field) == inside
    with pytest.raises(ArgumentError, match=f"{field} must be"):
        TrainingRecipe(**(others | {field: outside}))


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [("relation", 0.0, -0.1), ("colour", 0.0, -0.1), ("colour", 0.99, 1.0), ("validation", 0.99, 1.0)],
)
def test_the_ends_of_a_students_ranges(field, inside, outside):
    """The same of a distillation."""
    assert getattr(StudentRecipe(**{field: inside}), field) == inside
    with pytest.raises(ArgumentError, match=f"{field} must be"):
        StudentRecipe(**{field: outside})


@pytest.mark.parametrize(("photos", "batch"), [(2, 4), (8, 16)])
def test_photos_per_person_fit_twice_into_a_batch(photos, batch):
    """Half of a batch is the most, or there would be nobody to compare a person with."""
    assert TrainingRecipe(batch_size=batch, photos_per_person=photos).photos_per_person == photos
    with pytest.raises(ArgumentError, match="photos_per_person must be 2 to half of batch_size"):
        TrainingRecipe(batch_size=batch, photos_per_person=photos + 1)
    with pytest.raises(ArgumentError, match="photos_per_person must be 2 to half of batch_size"):
        TrainingRecipe(batch_size=batch, photos_per_person=1)


def test_what_suits_a_backbone():
    """Random weights are trained whole, others stay, unless told; two to four photos are compared."""
    known, random = SimpleNamespace(weights_sha256="0" * 64), SimpleNamespace(weights_sha256=None)

    for backbone, unfreeze, norm in ((known, "none", "stats-frozen"), (random, "all", "train")):
        recipe = start.recipe_for(backbone, unfreeze=None, batch_norm=None)
        assert (recipe.unfreeze, recipe.batch_norm) == (unfreeze, norm)
    told = start.recipe_for(known, unfreeze="last", batch_norm="frozen", epochs=3)
    assert (told.unfreeze, told.batch_norm, told.epochs) == ("last", "frozen", 3)
    sizes = {4: 2, 5: 2, 6: 3, 8: 4, 64: 4}
    assert {size: start.recipe_for(known, batch_size=size).photos_per_person for size in sizes} == sizes
    assert start.recipe_for(known, batch_size=64, photos_per_person=8).photos_per_person == 8


def test_a_random_student_learns_twenty_times_faster():
    """As the recipe's documentation says, unless told otherwise."""
    fresh, taken = SimpleNamespace(random=True), SimpleNamespace(random=False)

    usual = student_start.recipe_for(taken).learning_rate
    assert usual == StudentRecipe().learning_rate
    assert student_start.recipe_for(fresh).learning_rate == pytest.approx(20 * usual)
    for student in (fresh, taken):
        assert student_start.recipe_for(student, learning_rate=0.5, epochs=2) == StudentRecipe(
            learning_rate=0.5, epochs=2
        )


def test_recipes_are_values():
    """The schedule is a recipe of the loop, and the same whenever it is asked for."""
    assert isinstance(TrainingRecipe().schedule, Recipe)
    assert TrainingRecipe().schedule == TrainingRecipe().schedule

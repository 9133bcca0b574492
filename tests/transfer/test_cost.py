"""What a cell is predicted to cost."""

from facerec.learning.recipe import recipe
from facerec.transfer.cells import Cell
from facerec.transfer.cost import Counts, Speed, learning_macs, predicted_seconds, step_seconds


def test_a_probe_works_in_the_space_that_its_photos_span():
    """With fewer photos than features the seconds do not depend on the dimension; with more they do."""
    cell, speed = Cell("net", "linear", None, 0), Speed(1e9, 1e9, 1.0, 1e-6)

    few, more, most = (
        predicted_seconds(
            cell, Counts(40, 10, 20), speed, macs=1, dimension=dimension, classes=3, recipe=None, trials=1
        )
        for dimension in (20, 100, 1000)
    )

    assert few < more == most


def test_learning_is_counted_by_hand():
    """A probe runs the network once a photo; a backward pass counts twice, and a readout has none; LP-FT has both."""
    counts = Counts(train=32, validation=8, test=4)

    def macs(protocol, trials=1):
        one = None if protocol == "linear" else recipe(protocol, epochs=2, batch_size=32, least_steps=1)
        return learning_macs(Cell("net", protocol, None, 0), counts, 10, one, trials)

    assert macs("linear") == 10 * (32 + 8)
    assert macs("fine-tune") == 10 * (3 * 2 * 32 + 2 * 8)
    assert macs("fine-tune", trials=3) == 3 * macs("fine-tune")
    assert macs("linear-sgd") == 10 * (2 * 32 + 2 * 8)
    assert macs("lp-ft") == macs("fine-tune") + macs("linear")


def test_the_first_steps_warm_up():
    """Of two gaps the shorter one, of more the one in the middle."""
    assert step_seconds([0.0, 9.0, 11.0]) == 2
    assert step_seconds([0.0, 9.0, 12.0, 13.0]) == 3


def test_a_trainings_seconds_are_counted_by_hand():
    """Learning with its backward pass, validation after each epoch, both test passes once, for each trial a start."""
    cell, speed = Cell("net", "fine-tune", None, 0), Speed(forward=1e9, training=100.0, start=2.0, probe=0.0)
    one = recipe("fine-tune", epochs=2, batch_size=32, least_steps=1)

    found = predicted_seconds(cell, Counts(32, 8, 4), speed, macs=10, dimension=5, classes=2, recipe=one, trials=3)

    assert found == 3 * (2 + 3 * 2 * 32 * 10 / 100 + 2 * 8 * 10 / 100) + 2 * 4 * 10 / 100

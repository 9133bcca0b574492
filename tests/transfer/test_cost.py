"""What a cell is predicted to cost."""

from facerec.transfer.cells import Cell
from facerec.transfer.cost import Counts, Speed, predicted_seconds


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

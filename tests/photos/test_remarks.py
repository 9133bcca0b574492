"""Notes on many photos: counted by kind, one example of each."""

from facerec.photos.pixels import brightness_notes
from facerec.photos.remarks import Remark, Remarks, lines
from facerec.testing import made_photo


def test_notes_that_differ_in_numbers_are_one_kind():
    """A thousand dark photos are one line; what else is said of one of them is a line of its own."""
    remarks = Remarks()
    for number in range(1000):
        remarks.add(f"{number}.png", brightness_notes(made_photo((number % 25,) * 3)))
    clipped = "values from -1.2e-05 to 1.02 were clipped to 0 … 1"
    remarks.add("a.png", [clipped, "the picture is nearly black: 99 % of it is at most 3 of 255"])
    remarks.add("b.png", ["values from -0.1 to 1 were clipped to 0 … 1"])

    dark, other = list(remarks)

    assert (dark.example, dark.photos) == ("0.png", 1001)
    assert other == Remark(clipped, "a.png", 2)
    assert lines([dark, other], 1002)[1] == f"note: a.png: {clipped}; so it is with 2 of 1,002 photos"


def test_a_photo_counts_once_for_a_kind():
    """Two notes of one kind on one photo are one photo; without notes nothing is said."""
    remarks = Remarks()
    remarks.add("a.png", ["2 of 3", "3 of 3"])
    remarks.add("b.png", [])

    assert [each.photos for each in remarks] == [1]
    assert lines([], 5) == []

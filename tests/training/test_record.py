"""The record for people: a line per epoch, a page with its curves; and which epoch is the best."""

import csv
import json
import math

import pytest

from facerec.training.progress import Epoch, best_of
from facerec.training.record import write_curves, write_log
from facerec.training.student_loop import StudentEpoch

START = StudentEpoch(0, 0, 0.0, 0, 0.0, None, math.nan, math.nan, math.nan, 0.5, cosine=0.25, apart=0.3)
FIRST = StudentEpoch(1, 8, 0.01, 2, 0.5, 1.25, 0.75, 0.4, 0.125, 2.25, cosine=0.5, apart=0.2)
SECOND = StudentEpoch(2, 16, 0.001, 3, 1.0, 0.5, 0.875, 0.3, 0.0625, 4.75, cosine=0.75, apart=0.1)


def epoch(number, tmr, eer):
    """One with these rates."""
    return Epoch(number, number, 0.0, 0, 0.0, None, tmr, 0.0, eer, 0.0)


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        (((0.5, 0.1), (0.7, 0.4), (0.6, 0.1)), 1),
        (((0.5, 0.3), (0.5, 0.1), (0.5, 0.2)), 1),
        (((0.5, 0.2), (0.5, 0.2), (0.4, 0.1)), 0),
    ],
)
def test_the_best_epoch(rates, best):
    """The highest true match rate; of equal ones the lower equal error rate; of those the first."""
    history = [epoch(number, *each) for number, each in enumerate(rates)]

    assert best_of(history) is history[best]


def test_the_log_has_a_line_per_epoch(tmp_path):
    """Under the fields' names, every number as it was; empty where nothing was measured."""
    write_log([START, FIRST], tmp_path / "log.csv")

    with (tmp_path / "log.csv").open(newline="") as file:
        start, first = csv.DictReader(file)
    assert start == {
        name: "" if value is None or math.isnan(value) else str(value) for name, value in vars(START).items()
    }
    assert first == {name: str(value) for name, value in vars(FIRST).items()}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of three epochs, as JSON and as Markdown."""
    folder = tmp_path_factory.mktemp("page")
    curves = {"tmr": "true match rate", "apart": "error", "training_loss": "loss"}
    write_curves(
        [START, FIRST, SECOND], folder, title="A title", summary="A summary", curves=curves, note="A note",
        facts={"seed of it": 77},
    )  # fmt: skip
    return json.loads((folder / "curves.json").read_text("utf-8")), (folder / "curves.md").read_text("utf-8")


def test_the_page_says_what_it_is_of(page):
    """Title, summary, note and what is known of the training."""
    for words in ("A title", "A summary", "A note", "seed of it", "77"):
        assert words in page[1]


def test_the_pages_table_has_the_start_and_every_epoch(page):
    """Counts, the curves' numbers (shares in percent), and seconds; nothing where nothing was measured."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page[1].splitlines()
        if line.startswith("|") and line.strip("|").split("|")[0].strip() in ("0", "1", "2")
    ]

    assert rows == [
        ["0", "0", "0", "", "0.3000", "", "0.5"],
        ["1", "8", "2", "75.00%", "0.2000", "1.2500", "2.2"],
        ["2", "16", "3", "87.50%", "0.1000", "0.5000", "4.8"],
    ]


def test_the_curves_are_drawn_over_steps(page):
    """The numbers of the figure: steps, and each curve at them."""
    found = json.dumps(page[0])

    assert '"steps": [0.0, 8.0, 16.0]' in found
    assert '"error": [0.3, 0.2, 0.1]' in found
    assert "0.75, 0.875]" in found
    assert "1.25, 0.5]" in found

"""Curves as TensorBoard reads them: the same numbers at the same steps."""

import pytest

from facerec.errors import OutputError
from facerec.learning.events import write_events


def test_what_was_measured_is_read_back(tmp_path) -> None:
    """Each value at the steps taken by then; what is None or no number is left out."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    points = [
        (0, {"rate": 0.5, "loss": None}),
        (8, {"rate": 0.75, "loss": 2.0}),
        (16, {"rate": float("nan"), "loss": 0}),
    ]

    write_events(tmp_path / "a" / "b", points)

    events = EventAccumulator(str(tmp_path / "a" / "b"))
    events.Reload()
    assert [(each.step, each.value) for each in events.Scalars("rate")] == [(0, 0.5), (8, 0.75)]
    assert [(each.step, each.value) for each in events.Scalars("loss")] == [(8, 2.0), (16, 0.0)]


def test_a_folder_that_cannot_be_made_is_told(tmp_path) -> None:
    """A file stands in its place."""
    (tmp_path / "file").write_text("x")

    with pytest.raises(OutputError, match="file cannot be written"):
        write_events(tmp_path / "file", [])

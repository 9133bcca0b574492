"""The arithmetic of several processes; that they train as one is in test_training.py."""

import numpy as np
import pytest
import torch

from facerec.errors import ArgumentError
from facerec.learning.team import Team, current_team, team


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("photos", [0, 1, 8, 13])
def test_parts_are_the_whole(size, photos) -> None:
    """Side by side they are all photos, and they differ by one at most."""
    indices = np.arange(photos)
    parts = [indices[Team(rank, size).part(indices)] for rank in range(size)]

    np.testing.assert_array_equal(np.concatenate(parts), indices)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_alone_without_torchrun(monkeypatch) -> None:
    """A team of one; sums stay as they are."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    tensor = torch.ones(3)

    with team() as own:
        own.add_up([tensor])
        own.wait()

    assert own == current_team() == Team(0, 1)
    assert torch.equal(tensor, torch.ones(3))


def test_half_an_environment(monkeypatch) -> None:
    """WORLD_SIZE without the rest is no torchrun; the message names what is missing."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)

    with pytest.raises(
        ArgumentError, match=r"WORLD_SIZE is set but RANK, .* is not; start the processes with torchrun"
    ):
        team().__enter__()

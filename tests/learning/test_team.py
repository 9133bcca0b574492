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


def test_one_process_alone_is_its_own_sum() -> None:
    """Sums of arrays, and what any process says."""
    numbers = np.arange(3, dtype=np.float32)

    assert Team().sum_of(numbers, torch.device("cpu")) is numbers
    assert [Team().any_of(told, torch.device("cpu")) for told in (True, False)] == [True, False]


class Doubled:
    """Stands for an exchange between two processes that hold the same."""

    def __init__(self) -> None:
        self.exchanges: list[torch.dtype] = []

    def all_reduce(self, flat: torch.Tensor) -> None:
        """The sum of two alike."""
        self.exchanges.append(flat.dtype)
        flat.mul_(2)


def test_sums_keep_shapes_and_formats(monkeypatch) -> None:
    """One exchange for all of a number format; each tensor has its own sum, in its own layout."""
    double = Doubled()
    monkeypatch.setattr(torch.distributed, "all_reduce", double.all_reduce)
    laid = torch.arange(16.0).reshape(1, 2, 2, 4).to(memory_format=torch.channels_last)
    tensors = [torch.arange(6.0).reshape(2, 3), torch.tensor(7.0), torch.tensor([1, 2]), laid, torch.empty(0)]
    wanted = [2 * tensor.clone() for tensor in tensors]

    Team(0, 2).add_up(iter(tensors))

    assert all(torch.equal(found, want) for found, want in zip(tensors, wanted, strict=True))
    assert double.exchanges == [torch.float32, torch.int64]
    assert laid.is_contiguous(memory_format=torch.channels_last)
    assert Team(1, 2).sum_of(np.ones(2, np.float32), torch.device("cpu")).tolist() == [2, 2]
    assert Team(1, 2).any_of(True, torch.device("cpu"))

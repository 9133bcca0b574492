"""Several processes that train one network together, as ``torchrun`` starts them.

Each process takes its part of every batch, and the gradients are summed, so that a step is the step that one process
would have taken. They are summed here and not by ``DistributedDataParallel``, which cannot follow stages that are
frozen at one time and trained at another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray
from torch import Tensor, nn

from facerec.errors import ArgumentError


@dataclass(frozen=True)
class Team:
    """Which of the processes that train together this one is.

    Attributes
    ----------
    rank : int
        0 … size - 1; the process of rank 0 is the one that writes files.
    size : int
        1 where a process works alone.
    store : torch.distributed.Store or None
        Where the processes meet, as `team` gives it.
    """

    rank: int = 0
    size: int = 1
    store: torch.distributed.Store | None = field(default=None, compare=False, repr=False)

    def part(self, indices: NDArray[np.int64]) -> slice:
        """Where in a batch this process's photos stand; the parts differ by one photo at most."""
        ends = np.linspace(0, len(indices), self.size + 1).astype(int)
        return slice(int(ends[self.rank]), int(ends[self.rank + 1]))

    def add_up(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the processes, in place; one exchange for all that share a dtype."""
        if self.size == 1:
            return
        kinds: dict[torch.dtype, list[Tensor]] = {}
        for tensor in tensors:
            kinds.setdefault(tensor.dtype, []).append(tensor)
        for same in kinds.values():
            flat = torch.cat([tensor.reshape(-1) for tensor in same])
            torch.distributed.all_reduce(flat)
            for tensor, total in zip(same, flat.split([tensor.numel() for tensor in same]), strict=True):
                tensor.copy_(total.view_as(tensor))

    def share_buffers(self, module: nn.Module) -> None:
        """Give every process the running statistics of rank 0."""
        if self.size > 1:
            for buffer in module.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            torch.distributed.barrier()


def current_team() -> Team:
    """The team that this process is in: a team of one, unless `team` was entered under ``torchrun``."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return Team(torch.distributed.get_rank(), torch.distributed.get_world_size())
    return Team()


@contextmanager
def team() -> Iterator[Team]:
    """Join the processes that ``torchrun`` started, for as long as the block lasts; alone, a team of one.

    Yields
    ------
    Team
        Over NCCL where each process has a GPU of its own, else over gloo.

    Raises
    ------
    ArgumentError
        If the environment names a team but not this process's place in it.
    """
    if "WORLD_SIZE" not in os.environ:
        yield Team()
        return
    missing = [name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        message = f"WORLD_SIZE is set but {', '.join(missing)} is not; start the processes with torchrun"
        raise ArgumentError(message)
    # Imported before there is a group: it loads parts of torch that keep the group of their time as a default argument,
    # and with it the sockets by whose closing the others see that this process has left.
    import torchvision  # noqa: F401

    place = int(os.environ["LOCAL_RANK"])
    store, rank, size = next(iter(torch.distributed.rendezvous("env://")))
    own_store = torch.distributed.PrefixStore("group", store)
    own_gpu = torch.cuda.device_count() >= int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if own_gpu and torch.cuda.is_available():
        torch.cuda.set_device(place)
        torch.distributed.init_process_group("nccl", store=own_store, rank=rank, world_size=size)
    else:
        torch.distributed.init_process_group("gloo", store=own_store, rank=rank, world_size=size)
    try:
        yield replace(current_team(), store=store)
    finally:
        torch.distributed.destroy_process_group()

"""Several processes that learn together, as ``torchrun`` starts them.

Each process takes its part of every batch, and the gradients are summed, so that a step is the step that one process
would have taken. They are summed here and not by ``DistributedDataParallel``, which cannot follow stages that are
frozen at one time and trained at another.

The first process decides and writes, the others do what it asks for. What is asked for is left in the store that they
meet at, so whoever waits for it waits as long as it takes, and nothing is exchanged by tensors but what a training
exchanges. If one process fails, the exchanges of the others fail too, and one tells why: the first where it can.
"""

from __future__ import annotations

import atexit
import base64
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed
from numpy.typing import NDArray
from torch import Tensor, nn

from facerec.errors import ArgumentError, FacerecError, TransferError


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

    def any_of(self, told: bool, device: torch.device) -> bool:
        """Whether any process says so; all know it then."""
        signal = torch.tensor([float(told)], device=device)
        self.add_up([signal])
        return bool(signal.item())

    def sum_of(self, numbers: NDArray[np.float32], device: torch.device) -> NDArray[np.float32]:
        """The sum over the processes of an array of one shape."""
        if self.size == 1:
            return numbers
        total = torch.from_numpy(numbers).to(device)
        self.add_up([total])
        return total.cpu().numpy()

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


Weights = tuple[NDArray[np.float32], NDArray[np.float32]]

_FOREVER = timedelta(days=3650)
_PATIENCE = timedelta(seconds=15)
"""How long a process that failed waits for the first one to tell it."""

_FAILURE, _TOLD = "failure", "told"


class ToldError(TransferError):
    """The process ends because its team does; another one tells why."""


class Teamwork:
    """What the first process of a team asks of the others.

    Parameters
    ----------
    own : Team
        This process's place; of a team of one, where there is nobody to ask.
    """

    def __init__(self, own: Team | None = None) -> None:
        self.team = own or Team()
        self._number = 0

    def ask(self, what: str, weights: Weights | None = None, **request: Any) -> None:  # noqa: ANN401 - for JSON
        """Have the other processes do something; returns at once.

        Parameters
        ----------
        what : str
            The name of the request.
        weights : (W, b), optional
            Of a probe, float32.
        **request
            Whatever JSON holds.
        """
        if self.team.store is None or self.team.size == 1:
            return
        if weights is not None:
            self.team.store.set(f"weights/{self._number}", _packed(weights))
        document = {"what": what, "request": request, "weights": weights is not None}
        self.team.store.set(f"request/{self._number}", json.dumps(document))
        self._number += 1

    def hand_in(self, number: int, result: tuple[str, Weights]) -> None:
        """Give the first process what it asked for last; `number` says which part of it."""
        assert self.team.store is not None  # noqa: S101 - a process that is asked is in a team
        self.team.store.set(f"arrays/{self._number}/{number}", _packed(result[1]))
        self.team.store.set(f"result/{self._number}/{number}", result[0])

    def handed_in(self, number: int) -> tuple[str, Weights]:
        """What another process hands in, as soon as it does."""
        assert self.team.store is not None  # noqa: S101 - who asks is in a team
        self.team.store.wait([f"result/{self._number}/{number}"], _FOREVER)
        told = self.team.store.get(f"result/{self._number}/{number}").decode("utf-8")
        return told, _unpacked(self.team.store.get(f"arrays/{self._number}/{number}"))

    def asked(self) -> Iterator[tuple[str, Mapping[str, Any], Weights | None]]:
        """What the first process asks for, one after the other, until it ends.

        Yields
        ------
        what : str
        request : mapping
        weights : (W, b) or None

        Raises
        ------
        ToldError
            If the first process failed.
        """
        store = self.team.store
        assert store is not None  # noqa: S101 - a process that is asked is in a team
        while True:
            key = f"request/{self._number}"
            store.wait([key], _FOREVER)
            document = json.loads(store.get(key))
            if document["what"] == "end":
                return
            if document["what"] == "fail":
                message = "the first process of the team failed"
                raise ToldError(message)
            weights = _unpacked(store.get(f"weights/{self._number}")) if document["weights"] else None
            self._number += 1
            yield document["what"], document["request"], weights


@contextmanager
def teamwork() -> Iterator[Teamwork]:
    """Join the processes that ``torchrun`` started, for as long as the block lasts; alone, a team of one.

    Yields
    ------
    Teamwork

    Raises
    ------
    ToldError
        If the block failed, here or elsewhere, and another process tells why.
    TransferError
        In the first process, if another one failed; the message says which and why.
    """
    own = Team()
    try:
        with team() as own:
            work = Teamwork(own)
            try:
                yield work
            except Exception as error:
                if own.store is not None:  # before the group ends, which wakes the others
                    own.store.compare_set(_FAILURE, "", json.dumps([own.rank, _text(error)]))
                raise
            finally:
                if own.rank == 0:
                    failed = own.store is not None and own.store.check([_FAILURE])
                    work.ask("fail" if failed else "end")
    except ToldError:
        if own.store is not None:
            with suppress(RuntimeError):
                own.store.wait([_TOLD], _PATIENCE)
        raise
    except Exception as error:
        if own.store is None or own.size == 1:
            raise
        raise (_first_tells if own.rank == 0 else _others_wait)(own, own.store, error) from error


def _first_tells(own: Team, store: torch.distributed.Store, error: Exception) -> Exception:
    atexit.register(store.set, _TOLD, "")  # the others end when this process has printed what it raises
    rank, text = json.loads(store.get(_FAILURE))
    if isinstance(error, FacerecError) or rank == 0:
        if _of_exchange(error):
            message = f"one of the {own.size} processes ended without a word; start the same command again to go on"
            return TransferError(message)
        return error
    return TransferError(f"process {rank} of 0 … {own.size - 1} failed: {text}")


def _others_wait(_own: Team, store: torch.distributed.Store, error: Exception) -> Exception:
    try:
        store.wait([_TOLD], _PATIENCE)
    except RuntimeError:  # nobody did
        return error
    return ToldError("the first process of the team tells why")


def _of_exchange(error: Exception) -> bool:
    return isinstance(error, torch.distributed.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, FacerecError) else f"{type(error).__name__}: {error}"


def _packed(weights: Weights) -> str:
    memory = io.BytesIO()
    for part in weights:
        np.save(memory, np.ascontiguousarray(part, np.float32), allow_pickle=False)
    return base64.b64encode(memory.getvalue()).decode("ascii")


def _unpacked(content: bytes) -> Weights:
    memory = io.BytesIO(base64.b64decode(content))
    return np.load(memory, allow_pickle=False), np.load(memory, allow_pickle=False)

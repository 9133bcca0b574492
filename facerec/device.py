"""Which processor the networks run on: one reading of ``device=`` for detector and embedders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facerec.errors import ArgumentError

if TYPE_CHECKING:
    import torch


def check_device(device: str) -> None:
    """Raise `ArgumentError` if `device` is not written as ``cpu``, ``cuda`` or ``cuda:N``; loads no torch."""
    if not re.fullmatch(r"(cpu|cuda)(:\d+)?", device):
        message = f"device must be cpu, cuda or cuda:N; got {device!r}"
        raise ArgumentError(message)


def check_processor(device: str) -> None:
    """Raise `ArgumentError` if `device` is not the processor, on which alone the graphs of a runtime run."""
    if device != "cpu":
        message = f"a runtime runs on the processor; got the device {device!r}. Use cpu, or leave the runtime out"
        raise ArgumentError(message)


def torch_device(device: str) -> torch.device:
    """The torch device of that name; `ArgumentError` if the name is unknown, or the machine has no such GPU."""
    check_device(device)
    import torch

    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        message = f"device {device!r} was asked for, but torch sees {torch.cuda.device_count()} CUDA GPUs; use cpu"
        raise ArgumentError(message)
    return chosen


def best_device() -> str:
    """``cuda`` where torch sees a GPU, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def use_one_thread_per_network() -> None:
    """Make torch compute each network on the thread that calls it; for a program that has threads of its own.

    Changes the whole process, so only a program may call it, never the library.
    """
    import torch

    torch.set_num_threads(1)


@contextmanager
def threads_per_network(count: int) -> Iterator[None]:
    """Have torch compute with `count` threads while the block lasts; as `use_one_thread_per_network`, for a program."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def photo_workers() -> int:
    """Photos to look at side by side: one per core, at most 4, for each large one needs some hundred megabytes."""
    return min(4, cores())

"""Blocks, one after the other on each of some threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import local
from typing import TypeAlias, TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.product import Workspace

Progress: TypeAlias = Callable[[int, int], None]
"""Called after each block with the blocks done and the blocks in all."""

_Counted = TypeVar("_Counted")
_WAITING = 4  # blocks handed to each thread beforehand


def each_block(
    photos: PhotosOfPeople,
    count: Callable[[Block, Workspace], _Counted],
    *,
    blocks: Iterable[Block] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[_Counted]:
    """What `count` gives of all blocks, or of some, in any order; by default on every core that may be used.

    The linear algebra library works on one thread meanwhile: its own would wait for one another at every block.
    """
    asked = list(photos.blocks if blocks is None else blocks)
    if threads is None:
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    spaces = local()

    def one(block: Block) -> _Counted:
        if not hasattr(spaces, "own"):
            spaces.own = Workspace()
        return count(block, spaces.own)

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads, "facerec-pairs") as pool:
        rest = iter(asked)
        running: set[Future[_Counted]] = {pool.submit(one, block) for block in islice(rest, threads * _WAITING)}
        done = 0
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(one, block) for block in islice(rest, len(finished))}
            for future in finished:
                yield future.result()
                done += 1
                if progress is not None:
                    progress(done, len(asked))

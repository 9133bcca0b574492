"""Doing the work on coming items in threads while the present one is used; results stay in order, memory bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int, depth: int) -> Iterator[Result]:
    """Give ``work(item)`` for each item, in order; what it raises in its thread is raised here, in its place.

    At most `depth` items are begun and not yet taken. Whoever stops taking the results ends the threads.

    >>> list(ahead(len, ["a", "bbb", "cc"], workers=2, depth=2))
    [1, 3, 2]
    """
    begun: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="facerec") as pool:
        for item in items:
            begun.append(pool.submit(work, item))
            if len(begun) >= depth:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()

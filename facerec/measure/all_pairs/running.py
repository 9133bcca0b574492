"""All blocks, here or in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from secrets import token_hex
from typing import Any, TypeAlias, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from facerec.device import cores
from facerec.errors import LimitedProcessError
from facerec.limited import Facts, Limited
from facerec.measure.all_pairs.counts import Count
from facerec.measure.all_pairs.people import Block, PhotosOfPeople
from facerec.measure.all_pairs.ranks import Survey, Windows
from facerec.measure.all_pairs.reaching import Reaching
from facerec.measure.all_pairs.sums import Question, Sums, count_blocks

Progress: TypeAlias = Callable[[int, int], None]
"""Called from time to time with the blocks done and the blocks in all."""

_Counted = TypeVar("_Counted", bound=Sums)
_KINDS: dict[str, Callable[..., Question[Any]]] = {each.__name__: each for each in (Count, Reaching, Survey, Windows)}
_TASK = "facerec.measure.all_pairs.running:task"
_FEW = 60  # blocks that take less time than to begin processes
_SHARES = 8  # of a process, for progress, and so that none waits long for the last
_SECONDS = 1e6  # nobody waits for a share in vain: its process ends with this one


def count_pairs(
    photos: PhotosOfPeople,
    question: Question[_Counted],
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> _Counted:
    """Count all pairs of photos; by default on every core that this process may use.

    Threads would wait for one another: NumPy counts with Python's lock held. `LimitedProcessError` if no process can be
    begun, or one is lost.
    """
    blocks = list(photos.blocks)
    if processes is None:
        processes = cores()
    if processes == 1 or len(blocks) <= _FEW:
        with threadpool_limits(1, user_api="blas"):
            return count_blocks(photos, question, blocks)
    sums = question.nothing(photos)
    shares = [blocks[start :: processes * _SHARES] for start in range(processes * _SHARES)]
    given = _Given(photos, question)
    done = 0
    limits: dict[str, Any] = {"most": 1 << 40, "slow": LimitedProcessError, "fatal": LimitedProcessError}
    with Limited(_TASK, seconds=_SECONDS, **limits) as limited, ThreadPoolExecutor(processes) as pool:
        waiting = {pool.submit(given.ask, limited, share): len(share) for share in shares if share}
        for future in as_completed(waiting):
            sums.include_bytes(future.result())
            done += waiting[future]
            if progress is not None:
                progress(done, len(blocks))
    return sums


class _Given:
    """Photos and a question, as a process takes them; the photos once."""

    def __init__(self, photos: PhotosOfPeople, question: Question[Any]) -> None:
        kind = type(question).__name__
        self._facts: dict[str, Any] = {"token": token_hex(16), "kind": kind, "question": question.to_facts()}
        self._facts |= {"shape": photos.vectors.shape, "people": len(photos.photos)}
        self._photos = photos

    def ask(self, limited: Limited, blocks: Sequence[Block]) -> bytearray:
        facts = {**self._facts, "blocks": blocks}
        told, counted = limited(facts)
        if not told["known"]:
            arrays = self._photos.vectors, self._photos.photos, self._photos.groups
            told, counted = limited(facts, b"".join(array.tobytes() for array in arrays))
        return counted


_held: dict[str, PhotosOfPeople] = {}  # in a process: the photos of its one caller


def task(facts: Facts, contents: bytearray) -> tuple[Facts, bytes]:
    """Count some blocks, in a process that keeps the photos for the next; ``known`` says whether it had any."""
    if contents:
        (n, d), people = facts["shape"], facts["people"]
        numbers = np.frombuffer(contents, np.int64, offset=4 * n * d)
        vectors = np.frombuffer(contents, np.float32, count=n * d).reshape(n, d)
        _held.clear()
        _held[facts["token"]] = PhotosOfPeople(vectors, numbers[:people], numbers[people:], ())
    photos = _held.get(facts["token"])
    if photos is None:
        return {"known": False}, b""
    asked = {name: tuple(value) if isinstance(value, list) else value for name, value in facts["question"].items()}
    with threadpool_limits(1, user_api="blas"):
        counted = count_blocks(photos, _KINDS[facts["kind"]](**asked), [Block(*pair) for pair in facts["blocks"]])
    return {"known": True}, counted.to_bytes()

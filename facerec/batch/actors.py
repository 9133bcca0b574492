"""The runner of a Ray cluster, or of a small one on this machine: actors that each hold a work and do its units.

Ray moves no data here: units are small, and an actor keeps what it makes in the folder that all nodes share. Its own
checkpoints are not needed, either: the folder knows what is done (``facerec.batch.doing``).

The address of a running cluster is taken from ``RAY_ADDRESS``, as Ray's own tools do; without one, Ray is started on
this machine, and ended with the run. Whoever reaches Ray's servers may run programs: those that are started here listen
on this machine alone, as far as Ray lets them, and ask for a token that is made for the run. Each actor has one core,
and by Ray's own rule its libraries one thread.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any

from facerec.batch.work import Lost, Runner, Take, Unit, Work
from facerec.errors import ArgumentError, LimitedProcessError
from facerec.extras import extra

ADDRESS = "RAY_ADDRESS"
"""The variable that names a running cluster, such as ``10.0.0.5:6379``, or ``auto`` on one of its nodes."""

_MODE = "RAY_AUTH_MODE"
_TRIES = 3
_STORE = 128 << 20  # bytes of Ray's store of objects, of which nothing is used here; by default it takes gigabytes


def on_ray(workers: int, *, gpus: float = 0.0) -> Runner:
    """A runner of so many actors, >= 1, each with one core and the share `gpus` of a GPU.

    `ArgumentError` if it is fewer, `MissingExtraError` if Ray is not installed. Where it runs: `LimitedProcessError` if
    no Ray is found or can be started, and whatever a work raises in its actor.
    """
    if workers < 1 or not gpus >= 0:
        message = f"a runner needs at least 1 worker, and 0 or more of a GPU for each; got {workers} and {gpus}"
        raise ArgumentError(message)
    # Both are read once, when Ray is imported. Without the first it reports to its makers that it is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not {ADDRESS, _MODE} & os.environ.keys() and "ray" not in sys.modules:
        os.environ |= {_MODE: "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with extra("ray"):
        import ray
    return partial(_run, ray, workers=workers, gpus=gpus)


def _run(ray: Any, work: Work, take: Take, *, workers: int, gpus: float) -> Iterator[tuple[Unit, Any]]:  # noqa: ANN401
    if ray.is_initialized():
        yield from _done(ray, work, take, workers=workers, gpus=gpus)
        return
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        _begin(ray, workers, folder)
        try:
            yield from _done(ray, work, take, workers=workers, gpus=gpus)
        finally:
            ray.shutdown()


def _done(ray: Any, work: Work, take: Take, *, workers: int, gpus: float) -> Iterator[tuple[Unit, Any]]:  # noqa: ANN401
    actor = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0, max_task_retries=0)(_Actor)
    held = ray.put(work)
    idle: list[Any] = []
    busy: dict[Any, tuple[Any, Unit]] = {}
    try:
        while True:
            while len(busy) < workers and (unit := take()) is not None:
                one = idle.pop() if idle else actor.remote(held)
                busy[one.do.remote(unit)] = one, unit
            if not busy:
                return
            ready, _ = ray.wait(list(busy), num_returns=1)
            for answer in ready:
                one, unit = busy.pop(answer)
                try:
                    told = ray.get(answer)
                    idle.append(one)
                except ray.exceptions.RayActorError as error:
                    told = Lost(str(error).strip().splitlines()[0])
                except ray.exceptions.RayTaskError as error:
                    cause = getattr(error, "cause", None)
                    raise (cause if isinstance(cause, Exception) else error) from error
                yield unit, told
    finally:
        for one in (*idle, *(each for each, _ in busy.values())):
            ray.kill(one)


def _begin(ray: Any, workers: int, folder: str) -> None:  # noqa: ANN401
    """Connect to the cluster that is named, or start one; a busy machine may need more than the half minute it gets."""
    known: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    here = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": _STORE, "_temp_dir": folder}
    named = bool(os.environ.get(ADDRESS))
    for left in reversed(range(1 if named else _TRIES)):
        try:
            ray.init(**known) if named else ray.init(address="local", _node_ip_address="127.0.0.1", **here, **known)
        except Exception as error:  # Ray's own have no class that says it
            ray.shutdown()
            if left:
                continue
            said = str(error).strip().partition("\n")[0]
            message = f"Ray cannot be reached or started: {said} ({ADDRESS} names a running cluster)"
            raise LimitedProcessError(message) from error
        return


class _Actor:
    """One process of Ray's, which does one unit at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._done: Any = None

    def do(self, unit: Unit) -> Any:  # noqa: ANN401 - whatever the work says
        if self._done is None:
            self._done = self._work.begin()
        return self._done(unit)

"""The runner of one machine: processes of this Python, one thread each, which live and die with the one that runs them.

Each process is asked for one unit at a time over a connection of its own. So it is known which unit a process had when
it was lost, and another process takes its place. They are started anew and are no forks of this one, whose threads and
locks would be torn apart; nor do they import the program that is running, as ``multiprocessing`` would have it.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, cast

from facerec.batch.work import Lost, Runner, Take, Unit, Work
from facerec.errors import ArgumentError, LimitedProcessError

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from facerec.batch.processes import serve; serve()"
ONE_THREAD: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""The environment of a process that is one of several: its libraries keep to one thread."""

_GRACE = 5.0


def local(workers: int) -> Runner:
    """A runner of so many processes, >= 1; about as many as there are cores.

    `ArgumentError` if it is fewer. Where it runs: `LimitedProcessError` if no process can be begun, and whatever a work
    raises in its process.
    """
    if workers < 1:
        message = f"a runner needs at least 1 worker; got {workers}"
        raise ArgumentError(message)
    return partial(_run, workers=workers)


def _run(work: Work, take: Take, *, workers: int) -> Iterator[tuple[Unit, Any]]:
    held = pickle.dumps(work)
    idle: list[_Process] = []
    busy: dict[Connection, tuple[_Process, Unit]] = {}
    try:
        while True:
            while len(busy) < workers and (unit := take()) is not None:
                process = idle.pop() if idle else _Process(held)
                process.ask(unit)
                busy[process.connection] = process, unit
            if not busy:
                return
            for connection in wait(list(busy)):
                process, unit = busy.pop(cast("Connection", connection))
                answer = process.answer()
                if isinstance(answer, Lost):
                    process.end()
                else:
                    idle.append(process)
                if isinstance(answer, _Raised):
                    raise answer.error
                yield unit, answer
    finally:
        for process in (*idle, *(each for each, _ in busy.values())):
            process.end()


class _Raised(NamedTuple):
    """What a work raised."""

    error: Exception


class _Process:
    """One process, which does one unit at a time."""

    def __init__(self, work: bytes) -> None:
        ours, theirs = socket.socketpair()
        path = json.dumps([os.path.abspath(each) for each in sys.path])  # noqa: PTH100 - "" is the folder we are in
        with ours, theirs:
            try:
                self._child = subprocess.Popen(  # noqa: S603 - this Python, and a program of ours
                    [sys.executable, "-c", _PROGRAM, path, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, **ONE_THREAD},
                )
            except (OSError, ValueError) as error:
                message = f"no process can be begun: {error}"
                raise LimitedProcessError(message) from error
            self.connection = Connection(ours.detach())
        self._send(work)

    def ask(self, unit: Unit) -> None:
        self._send(pickle.dumps(unit))

    def answer(self) -> Any:  # noqa: ANN401 - whatever the work says
        try:
            return pickle.loads(self.connection.recv_bytes())  # noqa: S301 - of a process of ours
        except (EOFError, OSError):
            return Lost(self._how_it_ended())

    def end(self) -> None:
        """End it now, whatever it does, and wait until it is gone."""
        self._child.kill()
        self.connection.close()
        self._child.wait()

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # it is gone; whoever waits for its answer is told
            self.connection.send_bytes(message)

    def _how_it_ended(self) -> str:
        try:
            status = self._child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return "it answers no more"
        return f"status {status}" if status >= 0 else signal.strsignal(-status) or f"signal {-status}"


def serve() -> None:
    """Do units until nobody asks any more; what the process of `local` does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; whoever runs it decides
    connection = Connection(int(sys.argv[2]))
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, asked), daemon=True).start()
    held, done = asked.get(), None
    while True:
        unit = asked.get()
        try:
            done = _unpacked(held).begin() if done is None else done
            told = pickle.dumps(done(pickle.loads(unit)))  # noqa: S301 - from the process that began this one
        except Exception as error:  # noqa: BLE001 - raised again where it is run
            told = _packed(error)
        connection.send_bytes(told)


def _listen(connection: Connection, asked: queue.SimpleQueue[bytes]) -> None:
    """Take what is asked; once the other end is gone, nobody waits for what this process does, and it ends at once."""
    try:
        while True:
            asked.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _unpacked(held: bytes) -> Work:
    try:
        work: Work = pickle.loads(held)  # noqa: S301 - from the process that began this one
    except (AttributeError, ImportError) as error:
        message = f"a work, and all that is in it, must be of a module that other processes can import: {error}"
        raise ArgumentError(message) from error
    return work


def _packed(error: Exception) -> bytes:
    """An error as another process can have it."""
    try:
        packed = pickle.dumps(_Raised(error))
        pickle.loads(packed)  # noqa: S301 - some can be packed and not unpacked
    except Exception:  # noqa: BLE001
        packed = pickle.dumps(_Raised(RuntimeError(f"{type(error).__name__}: {error}")))
    return packed

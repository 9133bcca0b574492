"""Tasks on what nobody vouches for, in a process of their own that has so much time and memory and no more.

A library that decodes photos or runs networks may loop, take all memory or crash on bytes that were made for it, and no
thread can be stopped. A process can: `Limited` keeps one for each task that runs at the same time, ends it when time
is up, and begins another. It is a new Python, never a fork of this one, whose threads and locks would be torn apart.

What comes back from it is not trusted either: a few facts as JSON and plain bytes, of a length that was agreed.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple, TypeAlias

from facerec import errors
from facerec.errors import ArgumentError, FacerecError, LimitedProcessError

Facts: TypeAlias = Mapping[str, Any]
Task: TypeAlias = Callable[[Facts, bytearray], tuple[Facts, bytes | memoryview]]
"""What runs in the process: from facts, which JSON can hold, and bytes, to the same."""

_HEAD = struct.Struct("<QQ")  # bytes of the facts, and of the contents behind them
_MOST_FACTS = 1 << 20
_PIPE_BYTES = 1 << 20  # what a user may ask for on Linux
_SECONDS_TO_START = 60.0
_GRACE = 5.0  # after which a process whose parent is gone ends itself
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from facerec.limited import serve; serve(sys.argv)"


class Limited:
    """Runs one task in processes of its own. Several threads may share it; each gets a process while it needs one.

    Parameters
    ----------
    task : str
        ``module:function``, of the form `Task`. A `FacerecError` that it raises is raised here, with class and text.
    seconds : float
        How long a task may take, on the clock of the wall.
    memory : int, optional
        Bytes that it may take besides what the process has when it is ready; by default as many as there are. Held to
        where the system knows such a limit (Linux does).
    most : int
        Bytes of the longest answer.
    slow, fatal : type of FacerecError
        What is raised where a task takes longer, and where its process ends: it crashed, or was denied memory.

    Use it in a ``with`` block or call `close`: then no process is left. None is left when Python ends, either.
    """

    def __init__(
        self,
        task: str,
        *,
        seconds: float,
        memory: int | None = None,
        most: int = _MOST_FACTS,
        slow: type[FacerecError],
        fatal: type[FacerecError],
    ) -> None:
        if not 0 < seconds < float("inf") or (memory is not None and memory < 1):
            message = f"a limit is a number above 0; got {seconds} seconds and {memory} bytes of memory"
            raise ArgumentError(message)
        self.seconds = seconds
        self.memory = memory
        self._task, self._most = task, most
        self._slow, self._fatal = slow, fatal
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._owner = os.getpid()
        self._closed = False
        self._ended = weakref.finalize(self, _end_all, self._idle, self._owner)

    def __call__(self, facts: Facts, contents: bytes | memoryview = b"") -> tuple[dict[str, Any], bytearray]:
        """What the task makes of these, from a process that is ended if it takes too long.

        The `slow` and `fatal` errors, and those that the task raises; `LimitedProcessError` if no process can be begun,
        or it was closed before.
        """
        process = self._taken()
        try:
            answer = process.ask(facts, contents, seconds=self.seconds, most=self._most)
        except BaseException:  # whatever it was, an interrupt for example: what the process does next is not known
            process.end()
            raise
        if answer.ending is None:
            self._put_back(process)
        else:
            process.end()
            if answer.ending == "slow":
                message = f"it was not done after {self.seconds:g} seconds, all that it was given"
                raise self._slow(message)
            message = f"the process that worked on it was lost ({answer.ending}): it crashed, or was denied memory"
            raise self._fatal(message)
        told = answer.facts
        if "error" in told:
            raise _error(told)
        return told, answer.contents

    def close(self) -> None:
        """End every process that waits for a task; one that has a task ends with it."""
        with self._lock:
            self._closed = True
        self._ended()

    def __enter__(self) -> Limited:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _taken(self) -> _Process:
        with self._lock:
            if self._closed:
                message = "it was closed; make another one"
                raise LimitedProcessError(message)
            if self._owner != os.getpid():  # a fork of this process: those that wait are the parent's
                self._idle.clear()
                self._owner = os.getpid()
                self._ended.detach()
                self._ended = weakref.finalize(self, _end_all, self._idle, self._owner)
            while self._idle:
                process = self._idle.pop()
                if process.waits():
                    return process
                process.end()
        return _Process(self._task, memory=self.memory, seconds=self.seconds)

    def _put_back(self, process: _Process) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(process)
                return
        process.end()


class _Answer(NamedTuple):
    """What a process gave; where it ended instead, `ending` says how: ``slow``, or in words."""

    facts: dict[str, Any]
    contents: bytearray
    ending: str | None = None


class _Process:
    """One process, which takes one task at a time."""

    def __init__(self, task: str, *, memory: int | None, seconds: float) -> None:
        path = json.dumps([os.path.abspath(each) for each in sys.path])  # noqa: PTH100 - "" is the folder we are in
        about = json.dumps({"task": task, "memory": memory, "seconds": seconds})
        command = [sys.executable, "-I", "-c", _PROGRAM, path, about]
        try:
            # Its errors go nowhere: libraries in C write there what they think of damaged bytes.
            self._child = subprocess.Popen(  # noqa: S603 - this Python, and a program of ours
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except (OSError, ValueError) as error:
            message = f"no process of its own can be begun for it: {error}"
            raise LimitedProcessError(message) from error
        for pipe in (self._child.stdin, self._child.stdout):
            _widen(pipe)
        ready = self._within(_SECONDS_TO_START, lambda: self._read(_MOST_FACTS))
        if ready.ending is not None or "error" in ready.facts:
            self.end()
            why = ready.facts.get("message") or ready.ending
            message = f"no process of its own can be begun for it: {why}"
            raise LimitedProcessError(message)

    def waits(self) -> bool:
        return self._child.poll() is None

    def ask(self, facts: Facts, contents: bytes | memoryview, *, seconds: float, most: int) -> _Answer:
        def work() -> _Answer:
            _send(self._pipe("stdin"), facts, contents)
            return self._read(most)

        return self._within(seconds, work)

    def end(self) -> None:
        """End it now, and wait until it is gone."""
        self._child.kill()
        for pipe in (self._child.stdin, self._child.stdout):
            with contextlib.suppress(OSError):  # bytes that it did not take any more
                if pipe is not None:
                    pipe.close()
        self._child.wait()

    def _within(self, seconds: float, work: Callable[[], _Answer]) -> _Answer:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._child.kill()

        # Reading from a process that was ended comes to its end: so this needs no reading with a time limit.
        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            return work()
        except (OSError, EOFError, ValueError) as error:
            if late.is_set():
                return _Answer({}, bytearray(), "slow")
            return _Answer({}, bytearray(), str(error) if isinstance(error, ValueError) else self._how_it_ended())
        finally:
            timer.cancel()

    def _how_it_ended(self) -> str:
        try:
            status = self._child.wait(_GRACE)  # it shuts its end of the pipe a moment before it is gone
        except subprocess.TimeoutExpired:
            return "it answers no more"
        return f"status {status}" if status >= 0 else signal.strsignal(-status) or f"signal {-status}"

    def _read(self, most: int) -> _Answer:
        facts, contents = _receive(self._pipe("stdout"), most)
        return _Answer(facts, contents)

    def _pipe(self, name: str) -> IO[bytes]:
        pipe: IO[bytes] | None = getattr(self._child, name)
        if pipe is None:
            raise EOFError
        return pipe


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold a small photo at once: with the usual 64 KB, two processes mostly wait for each other."""
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # a user who has too many wide pipes; it works all the same
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _end_all(processes: list[_Process], owner: int) -> None:
    """End processes, if they are this process's own."""
    if owner == os.getpid():
        while processes:
            processes.pop().end()


def _error(told: Mapping[str, Any]) -> FacerecError:
    """The error that a process told, of a class that this project has, whatever it says."""
    kind = getattr(errors, str(told.get("error")), None)
    message = str(told.get("message"))
    if not (isinstance(kind, type) and issubclass(kind, FacerecError)):
        kind = LimitedProcessError
    return kind(message)


def _send(pipe: IO[bytes], facts: Facts, contents: bytes | memoryview) -> None:
    text = json.dumps(facts).encode("ascii")
    pipe.write(_HEAD.pack(len(text), len(contents)) + text)
    pipe.write(contents)
    pipe.flush()


def _receive(pipe: IO[bytes], most: int) -> tuple[dict[str, Any], bytearray]:
    """Facts and contents; EOFError where the pipe ends, ValueError where they are not what they must be."""
    lengths = _HEAD.unpack(_exactly(pipe, _HEAD.size))
    if lengths[0] > _MOST_FACTS or lengths[1] > most:
        message = "its answer is longer than it may be"
        raise ValueError(message)
    try:
        facts = json.loads(_exactly(pipe, lengths[0]))
    except (ValueError, RecursionError) as error:
        message = "its answer cannot be read"
        raise ValueError(message) from error
    if not isinstance(facts, dict):
        message = "its answer cannot be read"
        raise ValueError(message)  # noqa: TRY004 - of bytes, not of a caller's argument
    return facts, _exactly(pipe, lengths[1])


def _exactly(pipe: IO[bytes], length: int) -> bytearray:
    contents = bytearray(length)
    view, at = memoryview(contents), 0
    while at < length:
        read = pipe.readinto(view[at:])  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        at += read
    return contents


def serve(arguments: list[str]) -> None:
    """Take tasks until nobody asks any more; what the process of `Limited` does."""
    about = json.loads(arguments[2])
    # Answers have a channel of their own, so that whatever prints does not speak in between.
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    questions = os.fdopen(os.dup(0), "rb")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; whoever asked decides
    try:
        module, _, name = about["task"].partition(":")
        task: Task = getattr(importlib.import_module(module), name)
        _hold_to(about["memory"])
    except Exception as error:  # noqa: BLE001 - told to who began this process
        _send(answers, {"error": type(error).__name__, "message": str(error)}, b"")
        return
    _send(answers, {}, b"")
    while True:
        try:
            facts, contents = _receive(questions, 1 << 62)
        except EOFError:
            return
        _wake_after(about["seconds"] + _GRACE)
        try:
            told, made = task(facts, contents)
        except FacerecError as error:
            told, made = {"error": type(error).__name__, "message": str(error)}, b""
        del contents
        _send(answers, told, made)
        del made
        _wake_after(0)


def _wake_after(seconds: float) -> None:
    """End this process after so long, also where its parent is gone and it never comes back; 0: no more."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _hold_to(memory: int | None) -> None:
    """Take at most so many bytes more than now, and leave no core file."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory is None:
        return
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return  # elsewhere than on Linux nobody knows how much it has, nor is held to it
    limit = pages * resource.getpagesize() + memory
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))

"""What is done in pieces, and what does the pieces: two small contracts, so that any work goes with any runner.

A `Unit` is one piece: a key, which is the same on every machine, and what there is to do. A `Work` does units, each the
same way every time, and keeps what comes out under the key: so a unit may be done twice, and nothing is there twice. A
`Runner` does units in processes, and says of each what the work said, or that its process was lost. What is done
already, who does what, and what is done again is decided in one place for all of them (`doing.do`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True)
class Unit:
    """One piece of work.

    Attributes
    ----------
    key : str
        Letters, digits, ``-`` and ``_``: it names files. The same piece has the same key wherever it is planned.
    task : object
        What there is to do, as `Work` knows it; it can be pickled.
    """

    key: str
    task: Any = None


@dataclass(frozen=True)
class Lost:
    """In place of what a work says: the process that did the unit ended before it was done, and how."""

    ending: str


class Work(Protocol):
    """What is to be done with units. It is a value: it can be pickled, and is sent to every process."""

    def begin(self) -> Callable[[Unit], Any]:
        """Make ready what is costly, once in a process, and give what does one unit there.

        What that gives can be pickled. What it raises ends the whole run: whatever can go wrong with a unit alone is
        an outcome, not an exception. It keeps its result itself, in one step, so that it is there whole or not at all.
        """
        ...

    def lost(self, unit: Unit) -> None:
        """A process was lost while it did `unit`; called where the run is driven, before it is done again."""
        ...


Take: TypeAlias = Callable[[], Unit | None]
"""Gives the next unit; ``None`` where there is none now. Asked only when a process is free."""

Runner: TypeAlias = Callable[[Work, Take], Iterator[tuple[Unit, Any]]]
"""Does units until there are none, and gives each with its outcome, or `Lost`, as they come.

It asks again whenever an outcome was taken from it, so that a lost unit can be given to it once more. Where the
iterator is closed its processes are ended.
"""

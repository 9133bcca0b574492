"""Where output goes: answers to stdout, everything about the work itself to stderr.

With ``--json`` stdout holds one JSON document and nothing else. Texts of users (names, paths, consents) are never
read as markup, and colours are left out where the output is no terminal, or ``NO_COLOR`` is set.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from facerec.cli.heartbeat import lines_now_and_then
from facerec.visible_text import inert_cell, is_hidden

if TYPE_CHECKING:
    from facerec.photos.left_out import LeftOut
    from facerec.photos.remarks import Remark
    from facerec.types import OperatingPoint, Rate

_STYLES = {"match": "bold green", "no match": "bold red", "undecided": "bold yellow", "ambiguous": "bold yellow"}
# Wide enough for any row: a table that is read by another program must not be folded.
_UNFOLDED = 10_000

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def shown(text: str) -> str:
    r"""`text` as one line that a terminal may get, whoever wrote what is in it.

    What a terminal obeys, or turns around, or does not draw, is written out: control characters, line breaks, marks of
    direction, signs without width. What shapes the letters beside it stays (`facerec.visible_text.hidden_character`).

    Examples
    --------
    >>> print(shown("Ada\n\x1b[2J\u202e"))
    Ada\n\x1b[2J\u202e
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(each) if is_hidden(text, place) else each for place, each in enumerate(text))


def _written_out(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _escaped_in_json(document: str) -> str:
    """A document in which JSON's own escapes stand for what nobody can see; those of control characters stand already.

    Joiners too: a program reads the same, and a person in a terminal nothing that is not there.
    """
    if document.isascii() and "\x7f" not in document:
        return document
    hidden = {each for each in set(document) - {"\n"} if is_hidden(each, 0)}
    return document.translate({ord(each): json.dumps(each)[1:-1] if each != "\x7f" else "\\u007f" for each in hidden})


def stdout() -> Console:
    """The console for answers; made anew, because tests and progress bars exchange ``sys.stdout``."""
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=True)


def stderr() -> Console:
    """The console for notes, progress and errors."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)


def say(*lines: str) -> None:
    """Print lines of the answer: each argument is one, whatever is in it; without any, an empty one."""
    # Not through a console: only what is written to sys.stdout itself goes above a progress bar.
    sys.stdout.write("".join(f"{shown(line)}\n" for line in lines or ("",)))


def say_decision(decision: str, text: str) -> None:
    """Print a line that begins with a decision, in its colour."""
    stdout().print(Text.assemble((decision, _STYLES[decision]), shown(text)))


def say_point(point: OperatingPoint) -> None:
    """Print the operating point that decided, with the error rates that were measured there."""
    say(f"  threshold {point.threshold:.4f}: {point.name}, {point.matcher.embedder}")
    say(f"  false matches measured there: {percent(point.fmr)}")
    say(f"  false non-matches measured there: {percent(point.fnmr)}")


def in_one_place() -> bool:
    """Whether answers and notes go to one terminal or file, so that who reads the ones has read the others."""
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (OSError, ValueError):  # they are no files
        return False


def counted(number: int, singular: str, plural: str) -> str:
    """A number with its noun, such as ``1 face`` or ``1,200 faces``."""
    return f"{number:,} {singular if number == 1 else plural}"


def percent(rate: Rate) -> str:
    """A rate with counts and interval, such as ``0.10 % (3 of 3,000; 95%: 0.03 … 0.29 %)``."""
    if not rate.trials:
        return "not measured (no trials)"
    interval = rate.interval()
    counts = f"{rate.errors:,} of {rate.trials:,}"
    return f"{rate.value:.2%} ({counts}; 95%: {interval.low:.2%} … {interval.high:.2%})".replace("%", " %")


_quiet = False


def be_quiet(quiet: bool) -> None:
    """Whether notes and progress are left out from now on."""
    global _quiet  # noqa: PLW0603 - one per process, as its streams are
    _quiet = quiet


def tell(*lines: str) -> None:
    """Print lines to stderr, each argument one, that must be read: findings, errors, keys that are shown once."""
    stderr().print("\n".join(map(shown, lines)))


def note(*lines: str) -> None:
    """Print lines about the work to stderr, each argument one; none with ``--quiet``."""
    if not _quiet:
        tell(*lines)


def wrote(*places: Path | str | None) -> None:
    """Note what was written where, of the places that are any."""
    if written := [str(place) for place in places if place is not None]:
        note(f"wrote {', '.join(written)}")


class Notes(logging.Handler):
    """Warnings of the library, and of others, as notes of one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record's message."""
        (tell if record.levelno >= logging.ERROR else note)(record.getMessage())


def document(content: Mapping[str, object]) -> None:
    """Print the one JSON document of a command; NaN and infinity become null."""
    from facerec.types.plain import plain

    # Names of files may hold what the terminal's encoding cannot; in JSON every character can be written in ASCII.
    ascii_only = (sys.stdout.encoding or "ascii").lower().replace("-", "") != "utf8"
    text = json.dumps(plain(content), indent=2, ensure_ascii=ascii_only, allow_nan=False)
    sys.stdout.write(_escaped_in_json(text) + "\n")


def answer(content: Mapping[str, object], *lines: str, as_json: bool, written: Path | None = None) -> None:
    """Print what a command found: its document, or these lines, which say what was `written` where, if it was."""
    if as_json:
        wrote(written)
        document(content)
    else:
        say(*lines)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print a table; in a terminal it fits the window, elsewhere every row is one line. ``None`` shows as a dash.

    `right` holds the headings of the columns whose cells stand to the right.
    """
    console = stdout()
    drawn = Table(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        drawn.add_column(shown(name), justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*("–" if cell is None else shown(str(cell)) for cell in row))
    if console.is_terminal:
        console.print(drawn, soft_wrap=False)
        return
    unfolded = Console(width=_UNFOLDED, file=io.StringIO(), markup=False, highlight=False, emoji=False)
    with unfolded.capture() as captured:
        unfolded.print(drawn)
    for line in captured.get().splitlines():
        say(line.rstrip())


class CsvRows:
    """Rows of an answer as CSV on stdout, the heading first; what a spreadsheet would run is made text."""

    def __init__(self, *columns: str) -> None:
        self._columns = columns
        self._write(columns)

    def add(self, *row: object) -> None:
        """Print a row, as many values as there are columns; ``None`` is an empty cell."""
        cells = dict(zip(self._columns, row, strict=True)).values()
        self._write(
            ["" if each is None else inert_cell(shown(each)) if isinstance(each, str) else each for each in cells]
        )

    @staticmethod
    def _write(cells: Sequence[object]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        sys.stdout.write(line.getvalue())


def say_left_out(left_out: Sequence[LeftOut]) -> None:
    """Tell on stderr what was left out of the user's photos: how much, why, and the first few."""
    from facerec.photos.left_out import lines

    if left_out:
        note(*lines(left_out))


def say_remarks(remarks: Sequence[Remark], photos: int) -> None:
    """Tell on stderr what there is to say of so many photos themselves, one line for each kind."""
    from facerec.photos.remarks import lines

    if remarks:
        note(*lines(remarks, photos))


@contextmanager
def progress(doing: str, *, in_bytes: bool = False) -> Iterator[Callable[[int, int], None]]:
    """What is done so far, on stderr while the block runs: a bar in a terminal, elsewhere a line now and then.

    Yields what is to be called with how many photos (or bytes) are done, and how many there are in all.
    """
    with stages(doing, in_bytes=in_bytes) as (advance,):
        yield advance


@contextmanager
def stages(*doings: str, in_bytes: bool = False) -> Iterator[list[Callable[[int, int], None]]]:
    """As `progress`, of a work of several stages: one for each; where one is all done, the next is told of."""
    console = stderr()
    if _quiet:
        yield [lambda _done, _total: None for _ in doings]
        return
    if not console.is_terminal or console.is_dumb_terminal:
        with lines_now_and_then(doings, note) as advance:
            yield [partial(advance, stage) for stage in range(len(doings))]
        return
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        # Lines of the answer go above the bar where both are on one terminal, and untouched into a pipe or file.
        redirect_stdout=sys.stdout.isatty(),
        redirect_stderr=False,
    )

    task = bar.add_task(shown(doings[0]), total=None)

    def move(stage: int, done: int, total: int) -> None:
        nonlocal task
        if done >= total and stage + 1 < len(doings):
            bar.remove_task(task)  # whose number of steps cannot be made unknown again
            task = bar.add_task(shown(doings[stage + 1]), total=None)
        else:
            bar.update(task, description=shown(doings[stage]), completed=done, total=total)

    with bar:
        yield [partial(move, stage) for stage in range(len(doings))]


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(5), duration(75), duration(4000)
    ('5.0 s', '1 min 15 s', '1 h 06 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{max(seconds, 0.1):.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"

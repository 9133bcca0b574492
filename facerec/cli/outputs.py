"""Options and arguments that name what a command writes, and the one rule of what they may replace.

Before a command runs, every output that was named is looked at (`check_outputs`): it must be no input of the command
and no other output of it, and what stands there already must be of the kind that this command writes, so that a line
may be run again into its own output and nothing else is lost. An empty file is nobody's. An option that writes is made
by `output`, an argument by `output_argument`; a test finds those that were forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from facerec.cli.options import argument, option
from facerec.errors import OutputError
from facerec.files import is_file, is_there, open_regular

MARK = b"faces marked by facerec"
"""The comment in the head of a marked copy."""

_HEAD = 1 << 16


@dataclass(frozen=True)
class Kind:
    """What an output is: in words, how one is recognized, and for a folder which files in it are replaced.

    Without `is_one` the command itself refuses whatever is there, or what it cannot go on with.
    """

    what: str
    is_one: Callable[[Path], bool] | None = None
    holds: tuple[str, ...] = ()

    def refuse_others(self, path: Path) -> None:
        """Raise `OutputError` if there is something at `path` that is not of this kind."""
        if self.is_one is None or not is_there(path):
            return
        if self.holds:
            names = [name for name in self.holds if is_there(path / name)]
            if names and not self.is_one(path):
                message = f"{path} holds {names[0]}, which is not of {self.what}; choose another folder, or delete it"
                raise OutputError(message)
        elif not self._recognized(path):
            message = f"{path} is there already, and is not {self.what}; choose another name, or delete it first"
            raise OutputError(message)

    def _recognized(self, path: Path) -> bool:
        if not is_file(path):
            return True  # whoever writes says what a folder or a device is
        try:
            return path.stat().st_size == 0 or (self.is_one is not None and self.is_one(path))
        except OSError:
            return False


class Given(NamedTuple):
    """A parameter of a command: what it is called there, what was given, and its kind where it is written."""

    name: str
    value: Any
    kind: Kind | None


OUTPUTS: dict[str, Kind] = {}
"""By the text of the help of an option or argument that names an output, its kind."""


def output(names: str, text: str, kind: Kind, panel: str | None = None) -> Any:  # noqa: ANN401 - typer's
    """An `option` that names what is written."""
    _register(text, kind)
    return option(names, text, panel)


def output_argument(metavar: str, text: str, kind: Kind, **more: Any) -> Any:  # noqa: ANN401 - typer's
    """An `argument` that names what is written."""
    _register(text, kind)
    return argument(metavar, text, **more)


def _register(text: str, kind: Kind) -> None:
    if OUTPUTS.setdefault(text, kind) != kind:
        message = f"two outputs of different kinds share one text of help: {text}"
        raise ValueError(message)


def check_outputs(given: Sequence[Given]) -> None:
    """Refuse outputs that would destroy something.

    Raises
    ------
    OutputError
        If an output is a file that the command reads, two outputs are one file, or something stands there that is not
        of the output's kind.
    """
    outputs = [each for each in given if each.kind is not None and isinstance(each.value, Path)]
    read = [(each.name, path) for each in given if each.kind is None for path in _paths(each.value)]
    for place, each in enumerate(outputs):
        for other in outputs[:place]:
            if other.value.resolve() == each.value.resolve():
                message = f"{other.name} and {each.name} both name {each.value}; each needs a place of its own"
                raise OutputError(message)
        for name, path in read:
            if any(_same(path, replaced) for replaced in _replaced(each)):
                message = f"{path} is what {name} reads, and {each.name} would replace it; choose another name for it"
                raise OutputError(message)
        if each.kind is not None:
            each.kind.refuse_others(each.value)


def _paths(value: object) -> Iterator[Path]:
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, Path):
            yield each


def _replaced(output: Given) -> list[Path]:
    """The files that are written in the place of others."""
    holds = output.kind.holds if output.kind is not None else ()
    return [output.value / name for name in holds] or [output.value]


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file that is there, whatever links lead to it."""
    try:
        return is_file(one) and is_file(other) and one.samefile(other)
    except OSError:
        return False


def _head(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read(_HEAD)


def _holding(*words: bytes) -> Callable[[Path], bool]:
    """Whether a file holds these words in its beginning."""
    return lambda path: all(word in _head(path) for word in words)


def _csv_with(*names: str) -> Callable[[Path], bool]:
    """Whether the heading of a CSV file has these columns."""

    def found(path: Path) -> bool:
        line = _head(path).decode("utf-8", "replace").lstrip("\ufeff").split("\n", 1)[0]
        return set(names) <= {name.strip().strip('"') for name in line.split(",")}

    return found


def _table_with(stamps: Collection[str], *names: str) -> Callable[[Path], bool]:
    """Whether a table, .csv or .parquet, has these columns, and one of `stamps` that only ours have."""

    def found(path: Path) -> bool:
        if path.suffix.lower() != ".parquet":
            return any(_csv_with(*names, stamp)(path) for stamp in stamps)
        from pyarrow import ArrowInvalid, parquet

        try:
            there = set(parquet.read_schema(path).names)
        except ArrowInvalid:
            return False
        return set(names) <= there and not there.isdisjoint(stamps)

    return found


def _are_sums(path: Path) -> bool:
    import zipfile

    from facerec.measure.sums.files import FORMAT

    try:
        with zipfile.ZipFile(path) as archive, archive.open("header.npy") as header:
            return FORMAT.encode() in header.read(_HEAD)
    except (zipfile.BadZipFile, KeyError):
        return False


def _is_summary(path: Path) -> bool:
    from audits.gate.summaries import RULE

    return RULE[:60].encode() in path.read_bytes()[-(1 << 20) :]


def _is_report(folder: Path) -> bool:
    from audits.report.common.bundle import written_before

    return bool(written_before(folder))


def _is_printed(path: Path) -> bool:
    from facerec.reporting.paper import is_printed

    return is_printed(path)


NEW = Kind("new")
GOES_ON = Kind("gone on with")
POINTS = Kind("a file of operating points", _holding(b'"facerec operating points"'))
SCORES = Kind(
    "a table that facerec score wrote",
    _table_with(("probe_failure", "matcher"), "probe_image", "reference_image", "genuine", "score"),
)
VECTORS = Kind("a table that facerec embed wrote", _table_with(("matcher",), "photo", "failure"))
QUALITIES = Kind("a table that facerec quality wrote", _csv_with("photo", "faces", "enrolls", "quality"))
FOUND = Kind("a table that facerec identify wrote", _csv_with("photo", "face", "decision", "person_id", "candidates"))
SUMS = Kind("a part that facerec audit part or merge wrote", _are_sums)
JUNIT = Kind("JUnit XML of a policy's claims", _holding(b"<testsuites", b'name="plan_sha256"'))
SUMMARY = Kind("Markdown of a policy's claims", _is_summary)
PDF = Kind("a PDF that facerec audit print made", _is_printed)
MARKED = Kind("a copy that facerec marked", lambda path: MARK in _head(path))
REPORT = Kind(
    "a report that facerec wrote",
    _is_report,
    ("report.html", "report.md", "audit.json", "run.json", "manifest.json", "one-page.html"),
)
DEMO = Kind(
    "a demonstration that facerec wrote",
    lambda folder: is_file(folder / "demo-gallery.db"),
    ("report.html", "report.md", "report.json", "scene.jpg"),
)

"""Runs on disk as the lesson reads them: what kind a folder is of, its sentences, its tables and its drawings.

Every command of the project writes a page as JSON beside its tables, so that nothing has to be measured again: a table
is found by how its caption begins, a sentence by the bold words that it begins with, a drawing by its description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facerec.errors import DataSetError
from facerec.files import MOST_JSON, read_json, read_regular
from facerec.reporting import Figure, plain
from facerec.types import Interval

_AGAIN = "make the run again, or leave its folder out"

_RECIPE = re.compile(r"data/(?P<kind>\w+)/recipe\.py")
_AUDITS = {"facerec audit of verification": "verification", "facerec mitigation laboratory": "mitigation"}
_DRAWING = re.compile(
    r"^!\[(?P<alt>(?:\\.|[^\]\\])*)\]\((?P<file>[\w.-]+)\)(?:\n+\*\*Figure \d+\.\*\*(?: (?P<caption>.*))?)?",
    re.MULTILINE,
)
_STEMS = {"look": "look", "curves": "train", "report": ""}
"""What a command calls its page, and the kind of a folder whose page is called so."""


@dataclass(frozen=True, eq=False)
class Said:
    """A sentence that a run's own report chose by its numbers.

    Attributes
    ----------
    standing : str
        As of a callout.
    topic : str
        The bold words that it begins with, without their full stop; empty where there are none.
    text : str
        The rest, with the marks of a report.
    """

    standing: str
    topic: str
    text: str


@dataclass(frozen=True)
class Drawing:
    """A drawing or photo of a run's page: what it shows, its caption as prose, and the file beside the page."""

    alt: str
    caption: str
    file: str


@dataclass(frozen=True, eq=False)
class Run:
    """A folder of results.

    Attributes
    ----------
    name : str
        Of the folder.
    folder : Path
    kind : str
        ``gradients``, ``run``, ``beyond``, ``faces``, ``spread``, as the command of `facerec transfer` is called;
        ``lfw``, ``face_transfer``, as the folder of a recipe in data/; ``verification``, ``mitigation``, ``look`` and
        ``train`` by their files.
    command : str
        What made it; empty where it does not say.
    report : mapping
        The page as JSON; empty where there is none.
    audit : mapping
        ``audit.json``; empty where there is none.
    stem : str
        What the page's files are called.
    """

    name: str
    folder: Path
    kind: str
    command: str
    report: Mapping[str, Any]
    audit: Mapping[str, Any]
    stem: str = "report"

    @property
    def said(self) -> tuple[Said, ...]:
        """What its report says first, in order."""
        return tuple(_said(block) for block in self.report.get("lead", ()) if block["type"] == "callout")

    def on(self, topic: str) -> Said | None:
        """The first sentence whose topic begins so."""
        return next((each for each in self.said if each.topic.startswith(topic)), None)

    def rows(self, caption: str) -> tuple[Mapping[str, Any], ...]:
        """The rows of the first table whose caption begins so, by the names of its columns; empty without one."""
        for block in self._blocks():
            if block["type"] == "table" and block["caption"].startswith(caption):
                names = [column["name"] for column in block["columns"]]
                return tuple(dict(zip(names, row, strict=True)) for row in block["rows"])
        return ()

    def figure(self, alt: str) -> Figure | None:
        """The first drawing whose description begins so; None without one.

        Raises
        ------
        DataSetError
            If its file is not there.
        """
        for each in self.drawings:
            if each.alt.startswith(alt):
                return Figure(_text(self.folder / each.file), alt=each.alt, caption=each.caption)
        return None

    @property
    def drawings(self) -> tuple[Drawing, ...]:
        """Every drawing and photo of its page in Markdown, in reading order."""
        path = self.folder / f"{self.stem}.md"
        return tuple(_drawings(_text(path))) if path.is_file() else ()

    def _blocks(self) -> Iterator[Mapping[str, Any]]:
        yield from self.report.get("lead", ())
        for section in self.report.get("sections", ()):
            yield from section["blocks"]


@dataclass(frozen=True, eq=False)
class Runs:
    """Every run that a lesson may draw on, in the order given."""

    runs: tuple[Run, ...]

    def of(self, kind: str) -> tuple[Run, ...]:
        """Those of a kind."""
        return tuple(each for each in self.runs if each.kind == kind)

    def first(self, kind: str) -> Run | None:
        """The first of a kind; None without one."""
        return next(iter(self.of(kind)), None)


def read_runs(folders: Sequence[Path]) -> Runs:
    """Read folders of results, each one run or a folder of runs.

    Parameters
    ----------
    folders : sequence of Path

    Raises
    ------
    DataSetError
        If a folder is not there, a file in it is no JSON, or no folder holds a run.
    """
    found: dict[Path, Run] = {}
    for folder in folders:
        if not folder.is_dir():
            message = f"there is no folder {folder}; --runs takes a folder that a command wrote, or one of several"
            raise DataSetError(message)
        run = _read(folder)
        inside = [] if run else [_read(each) for each in sorted(folder.iterdir()) if each.is_dir()]
        found.update({each.folder.resolve(): each for each in [run, *inside] if each is not None})
    if not found:
        message = (
            f"no run was found in {', '.join(map(str, folders))}; expected folders with a report.json beside a "
            "run.json, as facerec transfer gradients --out DIR writes them"
        )
        raise DataSetError(message)
    return Runs(tuple(found.values()))


def _read(folder: Path) -> Run | None:
    stem = next((stem for stem in _STEMS if (folder / f"{stem}.json").is_file()), "report")
    report, run, audit = (_json(folder / name) for name in (f"{stem}.json", "run.json", "audit.json"))
    if not report and not audit:
        return None
    command = run.get("command", "")
    words = command.split() if isinstance(command, str) else command
    kind = _STEMS[stem] or _kind(audit, words)
    written = command if isinstance(command, str) else " ".join(f'"{word}"' if " " in word else word for word in words)
    return None if kind is None else Run(folder.resolve().name, folder, kind, written, report, audit, stem)


def _kind(audit: Mapping[str, Any], words: Sequence[str]) -> str | None:
    form = str(audit.get("format", "")).rpartition(",")[0]
    if form in _AUDITS:
        return _AUDITS[form]
    if list(words[:2]) == ["facerec", "transfer"] and len(words) > 2:
        return words[2]
    recipe = _RECIPE.fullmatch(words[1]) if len(words) > 1 else None
    return None if recipe is None else recipe["kind"]


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    document = read_json(path, error=DataSetError, advice=_AGAIN)
    if not isinstance(document, dict):
        message = f"{path} holds no JSON object; {_AGAIN}"
        raise DataSetError(message)
    return document


def _text(path: Path) -> str:
    try:
        return read_regular(path, limit=MOST_JSON, error=DataSetError, advice=_AGAIN).decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{path} cannot be read: {error}; {_AGAIN}"
        raise DataSetError(message) from error


def _drawings(markdown: str) -> Iterator[Drawing]:
    for found in _DRAWING.finditer(markdown):
        alt, caption = (re.sub(r"\\(.)", r"\1", found[name] or "") for name in ("alt", "caption"))
        yield Drawing(alt, plain(caption), found["file"])


def _said(block: Mapping[str, Any]) -> Said:
    marked = re.match(r"\*\*(?P<topic>[^*]+?)[.]?\*\*[:.]?\s+(?P<text>(?s:.+))", block["text"])
    if marked is None:
        return Said(block["standing"], "", block["text"])
    return Said(block["standing"], marked["topic"], marked["text"])


def interval(cell: Mapping[str, float]) -> Interval:
    """An interval as a report's JSON or an audit's holds it."""
    return Interval(cell["low"], cell["high"], cell.get("confidence", 0.95))

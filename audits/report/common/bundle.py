"""A report as a bundle that can be signed: which files it holds, by their digests, and what it was made of.

Whoever signs ``manifest.json`` has signed every file, the tables that were read and the command line. `check` finds
what was changed since; `changes` says where two documents of numbers differ, so that a run made again can be compared.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.report.common.background import InputFile, Run
from facerec.errors import ArgumentError, OutputError
from facerec.files import read_json, replacing, sha256_of

MANIFEST = "manifest.json"
FORMAT = "facerec bundle of a report, 1"
"""Changes whenever a name or a meaning in the manifest does; begins in every version with `_FORMATS`."""

_FORMATS = "facerec bundle of a report"
_CLOSE = 1e-9


def manifest(contents: Mapping[str, bytes], run: Run) -> dict[str, object]:
    """The digests of the files of a report, and its run, as JSON can hold it."""
    files = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    return {"format": FORMAT, "files": files, **run.document()}


def written_before(folder: Path) -> frozenset[str]:
    """The names of the files that a report in this folder consists of; none where there is none of this program."""
    try:
        told = read_json(folder / MANIFEST, error=ArgumentError)
        files = told["files"] if str(told["format"]).startswith(_FORMATS) else ()
        return frozenset((*map(str, files), MANIFEST)) if files else frozenset()
    except (ArgumentError, KeyError, TypeError):
        return frozenset()


@dataclass(frozen=True)
class Bundle:
    """What a manifest says, and how the folder keeps to it.

    Attributes
    ----------
    folder : Path
    command : tuple of str
        The words of the command line, files without their folders.
    inputs : tuple of InputFile
        What it read.
    versions : mapping of str to str
        Of Python and the packages that computed.
    changed, missing, added : tuple of str
        Names of files that are not as the manifest has them, are not there, or are not in it.
    """

    folder: Path
    command: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    versions: Mapping[str, str]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether every file of the manifest is there, as it was."""
        return not self.changed and not self.missing


def check(folder: Path) -> Bundle:
    """Compare a folder with its manifest.

    Raises
    ------
    ArgumentError
        If the folder holds no manifest of this format.
    OutputError
        If a file of it cannot be read.
    """
    told = read_json(folder / MANIFEST, error=ArgumentError, advice="a bundle is the folder that --out wrote")
    try:
        if told["format"] != FORMAT:
            message = f"{folder / MANIFEST} is of another format: {told['format']!r}; expected {FORMAT!r}"
            raise ArgumentError(message)
        files = {Path(name).name: str(digest) for name, digest in told["files"].items()}
        command = tuple(map(str, told["command"]))
        inputs = tuple(InputFile(*(str(each[name]) for name in ("role", "name", "sha256"))) for each in told["inputs"])
        versions = {str(name): str(version) for name, version in told["versions"].items()}
    except (KeyError, TypeError, AttributeError) as problem:
        message = f"{folder / MANIFEST} is no manifest of a report: {type(problem).__name__} {problem}"
        raise ArgumentError(message) from problem
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    changed = (name for name in files if name in there and _digest(folder / name) != files[name])
    return Bundle(
        folder,
        command,
        inputs,
        versions,
        tuple(sorted(changed)),
        tuple(sorted(files.keys() - there)),
        tuple(sorted(there - files.keys())),
    )


def include(folder: Path, names: Sequence[str]) -> str:
    """Put files that were made of a report into its manifest; why not, where that is not done, else nothing.

    It is not done where a signature lies beside the manifest, which would hold no more. The report must be whole;
    whoever calls asks `check` before the files are made.
    """
    if signatures := [path.name for path in sorted(folder.glob(f"{Path(MANIFEST).stem}*")) if path.name != MANIFEST]:
        return f"{signatures[0]} lies beside {MANIFEST}, and what is signed is not changed: print before you sign"
    told = read_json(folder / MANIFEST, error=ArgumentError)
    files = {**told["files"], **{name: _digest(folder / name) for name in names}}
    told["files"] = dict(sorted(files.items()))
    with replacing(folder / MANIFEST) as partial:
        partial.write_text(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1) + "\n", encoding="utf-8")
    return ""


def _digest(path: Path) -> str:
    return sha256_of(path, error=OutputError)


def changes(one: Any, other: Any, where: str = "") -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    """Where two documents differ, a line each; numbers that agree to nine digits are the same.

    >>> list(changes({"a": [1.0, 2]}, {"a": [1.0 + 1e-12, 3], "b": None}))
    ['a.1: 2 and 3', 'b: is in one of them only']
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys([*one, *other]):
            place = f"{where}.{name}" if where else str(name)
            if name in one and name in other:
                yield from changes(one[name], other[name], place)
            else:
                yield f"{place}: is in one of them only"
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from changes(*pair, f"{where}.{number}" if where else str(number))
    elif isinstance(one, float) and isinstance(other, float | int) and not isinstance(other, bool):
        if not math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE**2):
            yield f"{where}: {one} and {other}"
    elif one != other:
        yield f"{where}: {one} and {other}"

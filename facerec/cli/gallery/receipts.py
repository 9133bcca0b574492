"""Receipts as files, and what several commands name people and faces by."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console
from facerec.cli.options import argument, option
from facerec.cli.outputs import NEW, output

if TYPE_CHECKING:
    from facerec.gallery import MadeCopy

PersonName = Annotated[str, argument("NAME", "As facerec gallery list shows it.")]
Faces = Annotated[
    list[int],
    option("--sample NUMBER", "Which face, by the number that facerec gallery show gives; may be given several times."),
]
Receipt = Annotated[Path | None, output("--receipt FILE", "Write the receipt to this new file, as JSON.", NEW)]


@contextmanager
def keeping(receipt: Path | None) -> Iterator[Callable[[Mapping[str, object]], object]]:
    """Open the receipt's file before anything is done: a receipt cannot be given a second time.

    An existing file is left alone (it may be somebody else's receipt), and is an error.
    """
    if receipt is None:
        yield lambda _: None
        return
    with receipt.open("x", encoding="utf-8") as file:
        try:
            yield lambda content: file.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        except BaseException:
            receipt.unlink()
            raise
    console.wrote(receipt)


def copies_line(copies: tuple[MadeCopy, ...]) -> tuple[str, ...]:
    """Where what was deleted still is, as far as the gallery knows."""
    if not copies:
        return ()
    shown = "; ".join(f"{each.kind} on {each.made:%Y-%m-%d} (log entry {each.log_entry})" for each in copies[-5:])
    more = f" and {len(copies) - 5} earlier" if len(copies) > 5 else ""
    several = console.counted(len(copies), "copy", "copies")
    return (f"  what was deleted is still in {several} made before: {shown}{more}",)

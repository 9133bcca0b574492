"""The examples of a page of the documentation, as what can be run: commands and programs, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("commands.md", "model-cards.md", "data-cards.md")

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^>]+?) -->\n)?^```(?P<language>[\w{}-]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Example:
    """A block of code of a page: its language, its text, the line where it stands, and why it is not run, if so."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None

    def commands(self) -> list[str]:
        """The commands of a block of the shell, each with its continued lines."""
        found: list[str] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(line[2:])
            elif found and found[-1].rstrip().endswith("\\"):
                found[-1] += "\n" + line
        return found


def pages() -> list[Path]:
    """Every page that somebody wrote."""
    return [ROOT / "README.md", *(each for each in sorted((ROOT / "docs").rglob("*.md")) if each.name not in GENERATED)]


def examples(page: Path) -> Iterator[Example]:
    """The blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Example(page, line, found["language"], found["text"], found["reason"])

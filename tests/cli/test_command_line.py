"""The command line in a report: what was given, as it was given, without the folders of anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from facerec.cli.command_line import command_line
from facerec.cli.options import flag, option
from facerec.cli.running import run


@pytest.fixture
def words():
    """Run a command with these arguments, to the command line that it would put into a report."""
    seen: list[tuple[str, ...]] = []
    app = typer.Typer()

    @app.callback()
    def root() -> None:
        """Stand before the command."""

    @app.command()
    def go(
        context: typer.Context,
        files: list[Path],
        *,
        by: Annotated[list[str] | None, option("--by NAME", "Groups.")] = None,
        seed: Annotated[int, option("--seed -s N", "Of draws.")] = 0,
        steps: Annotated[int, option("--steps N", "To take.")] = 5,
        source: Annotated[str, option("--source WHAT", "A folder, or a word.")] = "",
        exact: Annotated[bool, flag("--exact", "All of it.")] = False,
        flip: Annotated[bool, option("--flip/--no-flip", "Mirrored too.")] = True,
        out: Annotated[Path, option("--out DIR", "Where to.")] = Path(),
    ) -> None:
        seen.append(command_line(context, steps=9) if steps == 7 else command_line(context))

    def call(*arguments: object) -> str:
        assert run(app, ["go", *map(str, arguments)]) == 0
        return " ".join(seen[-1])

    return call


def test_what_was_given_in_its_order(words):
    """Options in the order of the line, repeated ones each time; what was not given is not told."""
    assert words("a.csv", "--seed", 3, "--by", "race", "--exact", "--by", "sex") == (
        "facerec go a.csv --seed 3 --by race --by sex --exact"
    )
    assert words("--no-flip", "a.csv", "b.csv") == "facerec go a.csv b.csv --no-flip"
    assert words("a.csv", "-s", 0) == "facerec go a.csv --seed 0"


def test_no_folder_is_told(words, tmp_path):
    """A path is its last part, also where a word could have stood; the place of the answer is nobody's business."""
    (tmp_path / "photos").mkdir()

    told = words(tmp_path / "a.csv", "--out", tmp_path, "--source", tmp_path / "photos")

    assert told == "facerec go a.csv --source photos"
    assert words("a.csv", "--source", "nosuch/word").endswith("--source nosuch/word")


def test_what_was_settled_later_is_what_is_told(words):
    """An option that the command itself settled stands with the value that it had."""
    assert words("a.csv", "--steps", 7) == "facerec go a.csv --steps 9"

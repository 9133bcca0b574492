"""Options that belong together are one value, and look as if each stood there by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer

from facerec.cli.options import flag, grouped, option
from facerec.cli.running import run
from facerec.errors import ArgumentError


@dataclass(frozen=True)
class Size:
    """Of a box."""

    width: Annotated[int, option("--width N", "Of the box.")]
    height: Annotated[int, option("--height N", "Of the box.")] = 1
    hollow: Annotated[bool, flag("--hollow", "Whether it is.")] = False

    def __post_init__(self) -> None:
        if self.height > self.width:
            message = "too high"
            raise ArgumentError(message)


@pytest.fixture
def program():
    """A command of two groups and an option of its own, and what it was called with."""
    app = typer.Typer()
    seen = []

    @app.callback()
    def root() -> None:
        """Stand before the command."""

    @app.command()
    @grouped
    def go(name: str, *, size: Size, deep: Annotated[int, option("--deep N", "How deep.")] = 0) -> None:
        """Make a box."""
        seen.append((name, size, deep))

    return app, seen


def test_a_group_is_made_of_its_options(program):
    """What is given fills the value, the rest has its defaults."""
    app, seen = program

    assert run(app, ["go", "a", "--width", "3", "--hollow"]) == 0
    assert run(app, ["go", "b", "--width", "3", "--height", "2", "--deep", "1"]) == 0
    assert seen == [("a", Size(3, 1, hollow=True), 0), ("b", Size(3, 2), 1)]


def test_the_help_shows_each_option(program, capsys):
    """The group itself is nowhere to be seen; an option without a default is required."""
    app, _ = program

    assert run(app, ["go", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Make a box." in out
    assert all(name in out for name in ("--width", "--height", "--hollow", "--deep"))
    assert "[required]" in out
    assert "size" not in out


@pytest.mark.parametrize(("words", "told"), [((), "--width"), (("--width", "1", "--height", "2"), "too high")])
def test_what_a_group_refuses_is_an_error_of_the_command(program, capsys, words, told):
    """It is refused before the command begins."""
    app, seen = program

    assert run(app, ["go", "a", *words]) == 2
    assert told in capsys.readouterr().err
    assert seen == []

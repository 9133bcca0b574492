"""The command reference has every command, with its options."""

from __future__ import annotations

import sys

import typer

from facerec.cli.app import app
from tests.docs.page_examples import ROOT


def test_every_command_is_in_the_reference(tmp_path, monkeypatch):
    """A heading for each command and group, in the order of the help, and a row for each option."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    from commands import write_commands

    write_commands(tmp_path / "commands.md")

    monkeypatch.delitem(sys.modules, "commands")
    text = (tmp_path / "commands.md").read_text(encoding="utf-8")
    root = typer.main.get_command(app)
    names = [name for name in root.list_commands(typer.Context(root)) if f"## facerec {name}\n" in text]
    assert names == root.list_commands(typer.Context(root))
    assert names.index("audit") < names.index("verify") < names.index("export")
    assert "### facerec audit verification" in text
    assert "| `--worst-group` | Let that rate hold" in text

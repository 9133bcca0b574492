"""Every command can be found, is explained, and costs nothing to ask about."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from facerec import __version__
from facerec.cli.app import app
from tests.docs.page_examples import pages
from tests.imports import imported

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "import facerec.cli; facerec.cli.main()"]


def _commands(group=None, path=()):
    """Every command that does something, as the words that call it and the command."""
    group = typer.main.get_command(app) if group is None else group
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


def _groups():
    root = typer.main.get_command(app)
    return [((), root), *[((name,), each) for name, each in root.commands.items() if hasattr(each, "commands")]]


COMMANDS = dict(_commands())


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does(words):
    """A command has a sentence, and so has every option and argument of it."""
    command = COMMANDS[words]

    said = {each.name: getattr(each, "help", None) or "" for each in command.params}
    faults = [f"{name} has no help" for name, text in said.items() if not text.strip()]
    if not (command.help or "").split("\n\n")[0].strip().endswith("."):
        faults.append("its docstring does not begin with a sentence, full stop included")

    assert faults == [], f"facerec {' '.join(words)}: {'; '.join(faults)}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_eighty_columns(words, facerec, monkeypatch):
    """The help of a command is printed, no line is wider than a terminal, and nothing is cut off."""
    monkeypatch.setenv("COLUMNS", "80")

    outcome = facerec(*words, "--help")

    assert outcome.status == 0
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert "…" not in outcome.out.replace("READ…", "")


def test_examples_can_be_run():
    """Each example in a help text is a command line that the program understands, and every command has one."""
    root = typer.main.get_command(app)
    epilogs = [command.epilog for _, command in [*_groups(), *COMMANDS.items()] if command.epilog]
    lines = [line for text in epilogs for line in text.splitlines() if line.startswith("facerec ")]
    shown = set()

    for line in lines:
        words, called = shlex.split(line.split(" > ")[0])[1:], ()
        command = root
        while hasattr(command, "commands") and words:
            called = (*called, words.pop(0))
            command = command.commands[called[-1]]
        with command.make_context("facerec", words):
            shown.add(called)

    without = [" ".join(words) for words in COMMANDS.keys() - shown]
    assert without == [], "a command's EXAMPLES are its epilog where it is registered, in the app.py of its group"


def test_every_module_with_examples_is_registered():
    """A file that holds a command's examples is known to an ``app.py``: whoever wrote one did not forget the line."""
    epilogs = {command.epilog for _, command in [*_groups(), *COMMANDS.items()]}

    forgotten = []
    for file in sorted((ROOT / "facerec" / "cli").rglob("*.py")):
        module = importlib.import_module(
            ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        names = [name for name in vars(module) if name == "EXAMPLES" or name.endswith("_EXAMPLES")]
        forgotten += [f"{file.relative_to(ROOT)}: {name}" for name in names if getattr(module, name) not in epilogs]

    assert forgotten == [], "add app.command(rich_help_panel=…, epilog=MODULE.EXAMPLES)(MODULE.function) to its app.py"


def test_readme_or_docs_show_every_command():
    """Each command stands in a page that people wrote, in an example or in prose, as it is called."""
    text = " ".join(page.read_text(encoding="utf-8") for page in pages())
    # An example of a group may name others of its commands in its comment, which may go on in the next lines.
    lines = re.findall(r"facerec .*(?:\n +#.*)*", text)

    missing = [
        " ".join(words)
        for words in COMMANDS
        if f"facerec {' '.join(words)}" not in text
        and not any(line.split()[1] == words[0] and set(words) <= set(re.findall(r"\w+", line)) for line in lines)
    ]

    assert missing == [], "show each of them in an example of README or a page of docs/"


def test_help_loads_no_heavy_module():
    """The program starts without torch, pandas, numpy and Pillow."""
    program = (
        "from facerec.cli.app import app\n"
        "from facerec.cli.running import run\n"
        "assert run(app, ['--help']) == 0\n"
        "assert run(app, ['audit', '--help']) == 0\n"
    )
    heavy = {"torch", "torchvision", "pandas", "numpy", "scipy", "sklearn", "matplotlib", "PIL", "pyarrow"}

    assert imported(program, heavy) == {}, "import it within the command's function; the module that does is beside it"


def test_no_arguments_show_the_help(facerec):
    """Without arguments the program introduces itself."""
    outcome = facerec()

    assert outcome.status == 0
    assert "Usage: facerec" in outcome.out


def test_version(facerec):
    """``--version`` prints name and version."""
    assert facerec("--version").out == f"facerec {__version__}\n"


def test_installed_program_speaks():
    """The entry point runs as a program of its own, and its exit status is that of the command."""
    done = subprocess.run([*PROGRAM, "nosuch"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == ["facerec: error: No such command 'nosuch'; see: facerec --help"]

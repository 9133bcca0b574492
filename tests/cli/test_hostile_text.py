"""Texts of others in a terminal: names, files, tables and archives that would command it, forge lines or hide."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facerec.cli import console
from facerec.visible_text import hidden_character

# Clears the screen, rings, moves up, turns around, is not drawn (joiner, mark of order, tag, filler), begins a line.
HOSTILE = "ada\x1b[2J\x07\x08\x9b1A\x7f\u202e\u2066\u200b\u200d\u00ad\ufeff\U000e0041\u3164\u2028\r\nforged"
G = ("--gallery", "g.db")
AT = ("--at", "point.json")


def _tame(outcome) -> None:
    """What was printed holds lines of visible text only, and none that somebody else began."""
    for line in (outcome.out + outcome.err).split("\n"):
        assert hidden_character(line) is None, ascii(line)
        assert not line.lstrip().startswith("forged")
    assert "Traceback" not in outcome.err


def _tame_document(outcome) -> dict:
    _tame(outcome)
    return outcome.document


@pytest.fixture
def foreign(colours, facerec, draw):
    """A gallery that another program wrote: every text in it is hostile."""
    draw("ada.png", "red")
    draw("bob.png", "green")
    facerec("enroll", "ada", "ada.png", *G, "--consent", "form", "--purpose", "door", "--keep-photos")
    facerec("enroll", "bob", "bob.png", *G)
    facerec("identify", "ada.png", *G, *AT)
    with contextlib.closing(sqlite3.connect("g.db")) as sqlite:
        sqlite.execute("UPDATE people SET name = name || ?, consent = ?, purpose = ?", (HOSTILE,) * 3)
        sqlite.execute("UPDATE samples SET source = ?", (HOSTILE,))
        sqlite.execute("UPDATE log_sources SET source = ?", (HOSTILE,))
        sqlite.commit()
    return f"ada{HOSTILE}"


@pytest.mark.parametrize(
    "command",
    [
        ("gallery", "list", *G),
        ("gallery", "log", *G),
        ("gallery", "check", *G),
        ("gallery", "head", *G),
        ("identify", "ada.png", *G, *AT),
        ("gallery", "show", "NAME", *G),
        ("gallery", "update", "NAME", *G, "--purpose", "gate"),
        ("gallery", "rename", "NAME", "eve", *G),
        ("gallery", "rename", "NAME", HOSTILE, *G),
        ("gallery", "merge", "NAME", "OTHER", *G),
        ("gallery", "export", "away", *G),
        ("gallery", "reembed", *G),
        ("gallery", "forget", "NAME", *G, "--yes"),
        ("gallery", "purge", *G),
        ("verify", "ada.png", "--name", "NAME", *G, *AT),
        ("enroll", "NAME", "bob.png", *G),
        ("enroll", HOSTILE, "bob.png", *G),
        ("enroll", "eve", "bob.png", *G, "--consent", HOSTILE),
        ("gallery", "list", "--gallery", HOSTILE),
        (HOSTILE,),
        ("gallery", HOSTILE),
        ("gallery", "list", f"--{HOSTILE}"),
    ],
    ids=lambda command: ascii(" ".join(command[:3]))[1:40],
)
def test_a_foreign_gallery_commands_no_terminal(foreign, facerec, command):
    """Every command, in words and in JSON: names, consents, purposes and sources stay within their lines."""
    names = {"NAME": foreign, "OTHER": f"bob{HOSTILE}"}
    command = [names.get(word, word) for word in command]

    _tame(facerec(*command))
    with contextlib.suppress(json.JSONDecodeError):  # not all take --json, and done is done
        _tame_document(facerec(*command, "--json"))


def test_json_holds_the_very_names(foreign, facerec):
    """Escaped in the text, and whole for whoever parses it."""
    document = _tame_document(facerec("gallery", "list", *G, "--json"))

    assert foreign in [each["name"] for each in document["people"]]
    assert {each["consent"] for each in document["people"]} == {HOSTILE}


def test_a_foreign_archive_commands_no_terminal(colours, facerec, draw):
    """Names and sources of an exported folder that somebody edited, refused or not."""
    draw("ada.png", "red")
    facerec("enroll", "ada", "ada.png", *G, "--consent", "form")
    facerec("gallery", "export", "away", *G)
    described = next(Path("away").glob("*.json"))
    for old in ('"ada"', '"form"', '"ada.png"'):
        content = described.read_text("utf-8")
        described.write_text(content.replace(old, json.dumps(f"x{HOSTILE}")), "utf-8")
        _tame(facerec("gallery", "import", "away", "--gallery", "other.db"))
        described.write_text(content, "utf-8")


def test_hostile_file_names_command_no_terminal(colours, facerec, draw):
    """Of photos and folders, of which one is no photo."""
    folder = Path(HOSTILE.replace("\r", ""))
    draw(folder / f"a{HOSTILE}.png", "red")
    (folder / f"b{HOSTILE}.png").write_bytes(b"no photo")
    photo, broken = sorted(folder.iterdir())

    for command in (
        ("detect", photo),
        ("detect", broken),
        ("detect", folder),
        ("quality", folder),
        ("verify", photo, broken, *AT),
        ("verify", photo, photo, *AT),
        ("enroll", "eve", folder, *G),
        ("identify", folder, *G, *AT),
        ("embed", folder, "--out", "v.parquet"),
        ("train", "--data", folder, "--out", "m"),
        ("models", "add", broken),
        ("calibrate", broken, "--fmr", "0.1", "--out", "p.json"),
    ):
        _tame(facerec(*command))


@pytest.mark.parametrize("where", ["column", "group", "person", "score"])
def test_hostile_tables_command_no_terminal(tmp_path, monkeypatch, facerec, where):
    """Names of columns, groups and people, and cells that are no number, in every command that reads scores."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    people = rng.integers(0, 20, (400, 2))
    same = people[:, 0] == people[:, 1]
    words = {name: f"{name}{HOSTILE}" if where == name else name for name in ("column", "group", "person")}
    table = pd.DataFrame(
        {
            "probe_id": [f"{words['person']}{one}" for one in people[:, 0]],
            "reference_id": [f"{words['person']}{one}" for one in people[:, 1]],
            "score": rng.normal(same * 1.0, 0.3).clip(-1, 1),
            "genuine": same,
            f"probe_{words['column']}": np.where(people[:, 0] % 2, words["group"], "other"),
            f"reference_{words['column']}": np.where(people[:, 1] % 2, words["group"], "other"),
        }
    )
    if where == "score":
        table["score"] = table["score"].astype(object)
        table.loc[7, "score"] = HOSTILE
    table.to_csv("s.csv", index=False)
    by = words["column"]

    for command in (
        ("audit", "look", "s.csv"),
        ("audit", "verification", "s.csv", "--by", by, "--at-threshold", "0.5", "--out", "r"),
        ("audit", "verification", "s.csv", "--by", HOSTILE, "--at-threshold", "0.5", "--out", "r2"),
        ("audit", "advise", "s.csv", "--by", by),
        ("evaluate", "scores", "s.csv"),
        ("calibrate", "s.csv", "--fmr", "0.1", "--out", "p.json"),
    ):
        _tame(facerec(*command))
        with contextlib.suppress(json.JSONDecodeError):
            _tame_document(facerec(*command, "--json"))


def test_hostile_files_of_settings_command_no_terminal(tmp_path, monkeypatch, facerec):
    """Policies, operating points and model folders that are refused."""
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(f"[{json.dumps(HOSTILE)}]\nx = 1\n", "utf-8")
    Path("point.json").write_text(json.dumps({HOSTILE: HOSTILE}), "utf-8")
    Path("model").mkdir()
    (Path("model") / "model.json").write_text(json.dumps({HOSTILE: HOSTILE, "name": HOSTILE}), "utf-8")
    pd.DataFrame({"probe_id": ["a"], "reference_id": ["b"], "score": [0.5], "genuine": [False]}).to_csv("s.csv")

    for command in (
        ("audit", "verification", "s.csv", "--policy", "policy.toml", "--at-threshold", "0.5", "--out", "r"),
        ("audit", "verification", "s.csv", "--at", "point.json", "--out", "r"),
        ("models", "add", "model"),
    ):
        told = facerec(*command)
        assert told.status == 2
        _tame(told)


def test_warnings_of_the_library_are_notes():
    """Where nothing else was set up for logging, a warning goes to stderr like every other note, in one line."""
    program = (
        "import logging, sys, typer\n"
        "from facerec.cli.running import run\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def warn(name: str) -> None:\n"
        "    logging.getLogger('facerec').warning('%s is odd', name)\n"
        "before = logging.lastResort\n"
        "assert run(app, sys.argv[1:]) == 0\n"
        "assert logging.lastResort is before\n"
    )

    done = subprocess.run([sys.executable, "-c", program, HOSTILE], capture_output=True, check=True)

    told = done.stderr.decode("utf-8")
    assert told == f"{console.shown(HOSTILE)} is odd\n"


def test_a_record_is_one_note(capfd):
    """Whatever lines it holds."""
    record = logging.LogRecord("facerec", logging.WARNING, "", 0, "%s\nforged", ("\x1b[2J",), None)

    console.Notes().emit(record)

    assert capfd.readouterr().err == "\\x1b[2J\\nforged\n"


@given(st.text())
def test_whatever_is_shown_can_be_seen(text):
    """Of any text; and a document holds it escaped, and as it was."""
    assert hidden_character(console.shown(text)) is None
    escaped = console._escaped_in_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(escaped) == {"text": text}
    assert hidden_character(escaped) is None


@pytest.mark.parametrize(
    "text",
    [
        "Zoë",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f468\u200d\U0001f469",
        "\u8fbb\U000e0101",
        "a b",
    ],
)
def test_what_can_be_seen_stays(text):
    """Accents, joiners and selectors where a script is spelled with them."""
    assert console.shown(text) == text

"""Answers are one document or plain lines, whatever the names in them."""

from __future__ import annotations

import io
import json
import math

from facerec.cli import console
from facerec.types import Rate


def test_document_has_no_nan(capsys):
    """What JSON cannot hold is null."""
    console.document({"score": math.nan, "nested": [{"high": math.inf}], "name": "Zoë"})

    out = capsys.readouterr().out
    assert json.loads(out) == {"score": None, "nested": [{"high": None}], "name": "Zoë"}
    assert "Zoë" in out


def test_document_in_another_encoding(monkeypatch):
    """A terminal that cannot show a character still gets valid JSON."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="latin-1", write_through=True))

    console.document({"name": "Ωmega"})

    assert json.loads(raw.getvalue().decode("latin-1")) == {"name": "Ωmega"}


def test_names_are_not_markup(capsys):
    """A name that looks like markup is printed as it is."""
    console.say("[bold]Ada[/bold] :smile:")
    console.table(["name"], [["[red]Bob[/red]"]])

    assert capsys.readouterr().out == "[bold]Ada[/bold] :smile:\nname\n[red]Bob[/red]\n"


def test_piped_tables_are_not_folded(capsys):
    """Outside a terminal each row is one line, in full and without colours."""
    console.table(["name", "photos", "consent"], [["Ada", 3, "x" * 300], ["Bob", 12, None]], right=["photos"])

    assert capsys.readouterr().out.splitlines() == [
        "name  photos  consent",
        f"Ada        3  {'x' * 300}",
        "Bob       12  –",
    ]


def test_counts_agree_with_their_nouns():
    """One face, several faces."""
    assert [console.counted(n, "face", "faces") for n in (0, 1, 1200)] == ["0 faces", "1 face", "1,200 faces"]


def test_rates_carry_their_counts():
    """A rate is printed with counts and interval, and never as 0 where nothing was measured."""
    assert console.percent(Rate(3, 3000)) == "0.10 % (3 of 3,000; 95 %: 0.03 % … 0.29 %)"
    assert console.percent(Rate(0, 0)) == "not measured (no trials)"


def test_names_command_no_terminal(capfd):
    """A name that would clear the screen, or turn the line around, is shown as what it is; JSON holds it escaped."""
    name = "Ada\x1b[2J\x9b1A\u202e\nBob"

    console.say(name)
    console.note(name)
    console.table([name], [[name + "\n"]])
    console.document({"name": name})

    out, err = capfd.readouterr()
    said, heading, cell, *document = out.splitlines()
    assert said == "Ada\\x1b[2J\\x9b1A\\u202e\\nBob"
    assert err.strip() == said
    assert (heading, cell) == (said, said + "\\n")
    assert not set("\x1b\x9b\u202e") & set(out + err)
    assert json.loads("\n".join(document)) == {"name": name}

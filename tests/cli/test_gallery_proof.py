"""``facerec gallery``: mending who is who, heads, keys, who asked, and media that cannot be written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

G = ("--gallery", "g.db")
AT = ("--at", "point.json")


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery of Ada (red and wine) and Bob (green)."""
    for colour in ("red", "wine", "green"):
        draw(f"{colour}.png", colour)
    facerec("enroll", "ada", "red.png", "wine.png", *G)
    facerec("enroll", "bob", "green.png", *G)
    return colours


def _people(facerec):
    listed = facerec("gallery", "list", *G, "--json").document["people"]
    return [(each["name"], each["samples"]) for each in listed]


def test_merge_and_undo(enrolled, facerec):
    """Two people become one, and the receipt parts them again, also from what undoing gave."""
    merged = facerec("gallery", "merge", "bob", "ada", *G, "--receipt", "merged.json")
    one = _people(facerec)
    undone = facerec("gallery", "undo", "merged.json", *G, "--receipt", "undone.json")
    two = _people(facerec)
    again = facerec("gallery", "undo", "undone.json", *G)

    assert (merged.status, undone.status, again.status) == (0, 0, 0)
    assert merged.out.startswith("1 face of bob went to ada; ada has 3, bob is in the gallery no more; log entry ")
    assert (one, sorted(two), _people(facerec)) == ([("ada", 3)], [("ada", 2), ("bob", 1)], [("ada", 3)])
    assert facerec("gallery", "check", *G).status == 0


def test_split_move_and_remove(enrolled, facerec):
    """Faces are named by the numbers that show gives."""
    numbers = [face["number"] for face in facerec("gallery", "show", "ada", *G, "--json").document["faces"]]
    split = facerec("gallery", "split", "ada", "eve", "--sample", str(numbers[1]), *G, "--consent", "form 3", "--json")
    facerec("enroll", "eve", "red.png", *G)
    moved = facerec("gallery", "move", "eve", "bob", "--sample", str(numbers[1]), *G)
    removed = facerec("gallery", "remove", "bob", "--sample", str(numbers[1]), *G, "--yes", "--json")
    last = facerec("gallery", "remove", "bob", "--sample", "3", *G, "--yes")
    nobodys = facerec("gallery", "remove", "bob", "--sample", "99", *G, "--yes")

    assert split.document["receiver_after"]["consent"] == "form 3"
    assert split.document["receiver"] is None
    assert moved.out.startswith("1 face of eve went to bob; bob has 2, eve has 1 left")
    assert (removed.document["samples"], removed.document["erased_from_file"]) == ([numbers[1]], True)
    assert (last.status, nobodys.status) == (2, 2)
    assert "forget the person instead" in last.err
    assert "has no face number 99" in nobodys.err
    assert _people(facerec) == [("ada", 1), ("bob", 1), ("eve", 1)]


def test_remove_asks(enrolled, facerec, monkeypatch):
    """Nothing is removed without a yes."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)

    outcome = facerec("gallery", "remove", "ada", "--sample", "1", *G)

    assert outcome.status == 2
    assert "give --yes" in outcome.err
    assert _people(facerec) == [("ada", 2), ("bob", 1)]


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", '{"samples": [1], "giver": null}', '{"samples": "x"}'])
def test_what_is_no_receipt_undoes_nothing(enrolled, facerec, content):
    """One line says so."""
    (enrolled / "r.json").write_text(content)

    outcome = facerec("gallery", "undo", "r.json", *G)

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
    assert "Traceback" not in outcome.err


def test_an_older_copy_is_found_by_the_head(enrolled, facerec):
    """The head alone, a file of it, and a receipt show that somebody put an older copy in place."""
    shutil.copy("g.db", "old.db")
    receipt = facerec("gallery", "forget", "bob", *G, "--yes", "--receipt", "bob.json").status
    head = facerec("gallery", "head", *G)
    (enrolled / "head.txt").write_text(head.out)
    known = ["--against", head.out.strip(), "--against", "head.txt", "--against", "bob.json"]
    right = facerec("gallery", "check", *G, *known)
    shutil.copy("old.db", "g.db")

    assert (receipt, right.status) == (0, 0)
    assert "3 known heads are in the log" in right.out
    assert facerec("gallery", "check", *G).status == 0
    for place in (0, 2, 4):
        found = facerec("gallery", "check", *G, *known[place : place + 2])
        assert found.status == 2
        assert "this is an older copy of the gallery" in found.err


@pytest.mark.parametrize("head", ["3", "3:ab", "0:" + "a" * 64, "x" * 300, "\0", ""])
def test_what_is_no_head(enrolled, facerec, head):
    """A head that is none is an error of one line, not a proof."""
    outcome = facerec("gallery", "check", *G, "--against", head)

    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1


def test_edits_past_the_program_are_found(enrolled, facerec):
    """Swapped names are status 2, and both are named."""
    with closing(sqlite3.connect("g.db")) as sqlite, sqlite:
        sqlite.execute("UPDATE people SET name = 'x' WHERE name = 'ada'")
        sqlite.execute("UPDATE people SET name = 'ada' WHERE name = 'bob'")
        sqlite.execute("UPDATE people SET name = 'bob' WHERE name = 'x'")

    outcome = facerec("gallery", "check", *G)

    assert outcome.status == 2
    for name in ("ada", "bob"):
        assert f"what is recorded of '{name}' (name, consent, purpose, expiry) is not what the log says" in outcome.err


def test_a_key(enrolled, facerec, monkeypatch):
    """Once protected nothing is decided or changed without the key; reading goes on; another key is refused."""
    added = facerec("gallery", "protect", "key", *G)
    without = facerec("verify", "red.png", *G, "--name", "ada", *AT)
    unlogged = facerec("verify", "red.png", *G, "--name", "ada", *AT, "--no-log", "--json")
    given = facerec("verify", "red.png", *G, "--name", "ada", *AT, "--key-file", "key")
    (enrolled / "other").write_text("another key of 32 letters, more or less")
    other = facerec("gallery", "check", *G, "--key-file", "other")
    unchecked = facerec("gallery", "check", *G)
    monkeypatch.setenv("FACEREC_GALLERY_KEY", (enrolled / "key").read_text())
    checked = facerec("gallery", "check", *G)
    twice = facerec("gallery", "check", *G, "--key-file", "key")

    assert (added.status, given.status, checked.status) == (0, 0, 0)
    assert (without.status, other.status, unchecked.status, twice.status) == (2, 2, 2, 2)
    assert unlogged.status == 0
    assert any("not in the gallery's log" in note for note in unlogged.document["notes"])
    assert "kept with a key" in without.err
    assert "kept with another key" in other.err
    assert "give the key to check them" in unchecked.err
    assert _people(facerec) == [("ada", 2), ("bob", 1)]
    assert (enrolled / "key").stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(enrolled, facerec):
    """Neither a file that is there, nor a key that the gallery has."""
    (enrolled / "there").write_text("something")

    assert facerec("gallery", "protect", "there", *G).status == 2
    assert (enrolled / "there").read_text() == "something"
    assert facerec("gallery", "protect", "key", *G).status == 0
    assert facerec("gallery", "protect", "second", *G).status == 2
    assert not (enrolled / "second").exists()


def test_who_asked_is_in_the_log(enrolled, facerec, monkeypatch):
    """Actor and reason, from the options or the environment."""
    monkeypatch.setenv("FACEREC_ACTOR", "desk 1")
    facerec("identify", "red.png", *G, *AT, "--reason", "visit")
    facerec("gallery", "update", "ada", "--purpose", "door", "--actor", "desk 2", *G)
    entries = facerec("gallery", "log", *G, "--last", "2", "--json").document["entries"]

    assert [(each["details"]["actor"], each["details"].get("reason")) for each in entries] == [
        ("desk 1", "visit"),
        ("desk 2", None),
    ]
    assert "actor desk 1" in facerec("gallery", "log", *G, "--last", "2").out


def test_a_search_without_log_says_so(enrolled, facerec):
    """No entry is made, and every face's notes say it; two photos have no log to leave out."""
    before = facerec("gallery", "head", *G).out
    found = facerec("identify", "red.png", *G, *AT, "--no-log", "--json")

    assert found.status == 0
    assert any("not in the gallery's log" in note for note in found.document["faces"][0]["notes"])
    assert (
        "  note: this decision is not in the gallery's log" in facerec("identify", "red.png", *G, *AT, "--no-log").out
    )
    assert facerec("gallery", "head", *G).out == before
    assert facerec("verify", "red.png", "wine.png", *AT, "--no-log").status == 2


def test_pages(enrolled, facerec):
    """The list goes on after the last number of the page before."""
    first = facerec("gallery", "list", *G, "--limit", "1", "--json").document
    second = facerec("gallery", "list", *G, "--after", str(first["people"][0]["number"]), "--json").document

    assert [each["name"] for page in (first, second) for each in page["people"]] == ["ada", "bob"]
    assert first["count"] == 2
    assert facerec("gallery", "list", *G, "--limit", "1").out.splitlines()[-1].startswith("1 of 2 people; ")


def test_receipts_name_the_copies(enrolled, facerec):
    """Whoever is forgotten is told where they still are."""
    facerec("gallery", "export", "out", *G)
    facerec("enroll", "eve", "green.png", *G)

    receipt = facerec("gallery", "forget", "bob", *G, "--yes", "--json").document
    said = facerec("gallery", "forget", "ada", *G, "--yes").out
    later = facerec("gallery", "forget", "eve", *G, "--yes", "--json").document

    assert [each["kind"] for each in receipt["copies"]] == ["exported"]
    assert "what was deleted is still in 1 copy made before: exported on " in said
    assert later["copies"] == []
    assert json.dumps(receipt)

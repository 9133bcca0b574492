"""``facerec gallery``: everything that is kept about people can be seen, changed, moved and forgotten."""

from __future__ import annotations

import json
import logging
import sqlite3

import pytest

from facerec.errors import GalleryError
from facerec.gallery import open_gallery

G = ("--gallery", "g.db")
AT = ("--at", "point.json")


@pytest.fixture
def enrolled(colours, facerec, draw):
    """A gallery of Ada (red, photo kept) and Bob (green)."""
    draw("ada.png", "red")
    draw("bob.png", "green")
    facerec("enroll", "ada", "ada.png", *G, "--consent", "form 17", "--keep-photos")
    facerec("enroll", "bob", "bob.png", *G)
    return colours


def test_list(enrolled, facerec):
    """Everybody, with the embedder that the gallery is bound to."""
    document = facerec("gallery", "list", *G, "--json").document
    text = facerec("gallery", "list", *G).out.splitlines()

    assert [(each["name"], each["samples"], each["photos"]) for each in document["people"]] == [
        ("ada", 1, 1),
        ("bob", 1, 0),
    ]
    assert document["embedder"]["name"] == "dlib-resnet"
    assert text[0].split() == ["number", "name", "faces", "photos", "kept", "enrolled", "matched", "until", "consent"]
    assert text[-1].startswith("2 people; dlib-resnet")


def test_gallery_from_the_environment(enrolled, facerec, monkeypatch):
    """``FACEREC_GALLERY`` stands in for ``--gallery``."""
    monkeypatch.setenv("FACEREC_GALLERY", "g.db")

    assert len(facerec("gallery", "list", "--json").document["people"]) == 2


def test_show(enrolled, facerec):
    """One person with every face that is kept; an unknown one is an error."""
    document = facerec("gallery", "show", "ada", *G, "--json").document
    text = facerec("gallery", "show", "ada", *G).out

    assert document["consent"] == "form 17"
    assert [(face["source"], face["photo_kept"]) for face in document["faces"]] == [("ada.png", True)]
    assert "consent: form 17" in text
    assert "face of 64 × 64 pixels at (0, 0) in ada.png" in text
    assert facerec("gallery", "show", "eve", *G).status == 2


def test_rename(enrolled, facerec):
    """A new name that is free; one that is taken is refused."""
    assert facerec("gallery", "rename", "ada", "Ada Lovelace", *G).out == "ada is now called Ada Lovelace\n"
    assert facerec("gallery", "rename", "Ada Lovelace", "bob", *G, "--json").status == 2


def test_update(enrolled, facerec):
    """Fields are set and removed; the others stay."""
    later = facerec("gallery", "update", "ada", *G, "--expires", "2999-12-31", "--json").document
    removed = facerec(
        "gallery", "update", "ada", *G, "--no-consent", "--purpose", "door", "--no-expiry", "--json"
    ).document

    assert (later["consent"], later["expires"]) == ("form 17", "2999-12-31")
    assert (removed["consent"], removed["purpose"], removed["expires"]) == (None, "door", None)


@pytest.mark.parametrize("options", [(), ("--consent", "x", "--no-consent")])
def test_update_must_be_clear(enrolled, facerec, options):
    """Nothing to change, or a field both given and removed, is an error."""
    assert facerec("gallery", "update", "ada", *G, *options).status == 2


@pytest.mark.parametrize("option", ["--consent", "--purpose"])
def test_update_refuses_an_empty_text(enrolled, facerec, option):
    """An empty text is no consent and no purpose, and is not taken for "leave it"."""
    assert facerec("gallery", "update", "ada", *G, option, "").status == 2


def test_log_and_check(enrolled, facerec):
    """What was done stands in the log, which can be checked."""
    facerec("identify", "ada.png", *G, *AT)

    entries = facerec("gallery", "log", *G, "--json").document["entries"]
    last = facerec("gallery", "log", *G, "--last", 1).out
    of_bob = facerec("gallery", "log", *G, "--name", "bob", "--json").document["entries"]
    checked = facerec("gallery", "check", *G, "--json")

    assert [entry["event"] for entry in entries] == ["created", "enrolled", "enrolled", "matched"]
    assert "matched     ada  ada.png  " in last
    assert [entry["event"] for entry in of_bob] == ["enrolled"]
    assert (checked.status, checked.document["intact"], checked.document["entries"]) == (0, True, 4)


def test_rewritten_log_is_found(enrolled, facerec):
    """A log that somebody changed is status 2, and says where."""
    with sqlite3.connect("g.db") as connection:
        connection.execute("DROP TRIGGER log_is_never_updated")
        connection.execute("UPDATE log SET time = '2001-01-01T00:00:00+00:00' WHERE number = 2")
    connection.close()

    outcome = facerec("gallery", "check", *G, "--json")

    assert outcome.status == 2
    assert outcome.document["intact"] is False
    assert "the log is not intact after 1 entries" in outcome.err


def test_damaged_vectors_are_found(enrolled, facerec):
    """A vector that cannot be what was enrolled is status 2, named by person and photo, though the log is whole."""
    assert "the gallery is whole: 2 people, 2 faces, as the log says" in facerec("gallery", "check", *G).out
    with sqlite3.connect("g.db") as connection:
        connection.execute("UPDATE samples SET vector = zeroblob(length(vector)) WHERE number = 2")
    connection.close()

    outcome = facerec("gallery", "check", *G, "--json")
    searched = facerec("identify", "ada.png", *G, *AT)

    assert (outcome.status, outcome.document["intact"], outcome.document["problem"]) == (2, False, "")
    assert "face 1 of 'bob' (bob.png) has length 0, not 1" in outcome.err
    assert searched.status == 2
    assert "face 1 of 'bob' (bob.png) has length 0, not 1" in searched.err


def test_backup_and_restore(enrolled, facerec):
    """A backup is one file that is never overwritten; a gallery is made of it where there is none."""
    made = facerec("gallery", "backup", "b.db", *G, "--json")
    again = facerec("gallery", "backup", "b.db", *G)
    over = facerec("gallery", "restore", "b.db", *G)
    restored = facerec("gallery", "restore", "b.db", "--gallery", "new.db")
    copied = facerec("gallery", "restore", "g.db", "--gallery", "copied.db")

    assert (made.status, made.document["people"], made.document["log_entries"]) == (0, 2, 4)
    assert (again.status, over.status) == (2, 2)
    assert "b.db is there already, and is not overwritten" in again.err
    assert restored.status == 0
    assert "new.db: 2 people, 2 faces, written and read through; SHA-256 " in restored.out
    assert restored.err == ""
    assert facerec("gallery", "check", "--gallery", "new.db").status == 0
    assert copied.status == 0
    assert "not made by facerec gallery backup" in copied.err


def test_forget_needs_a_yes(enrolled, facerec, monkeypatch):
    """Where nobody can be asked, nothing is forgotten without ``--yes``."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)

    outcome = facerec("gallery", "forget", "ada", *G)

    assert outcome.status == 2
    assert "give --yes" in outcome.err
    assert len(facerec("gallery", "list", *G, "--json").document["people"]) == 2


@pytest.mark.parametrize(("answer", "status", "left"), [(True, 0, 1), (False, 2, 2)])
def test_forget_asks_at_a_terminal(enrolled, facerec, monkeypatch, *, answer, status, left):
    """The question is answered before anything happens."""
    asked = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda question, **_: asked.append(question) or answer)

    outcome = facerec("gallery", "forget", "ada", *G)

    assert outcome.status == status
    assert asked == ["Forget ada, with 1 face and 1 photo, for good?"]
    assert len(facerec("gallery", "list", *G, "--json").document["people"]) == left


def test_receipt(enrolled, facerec):
    """The receipt is printed, and written where it is asked for."""
    outcome = facerec("gallery", "forget", "ada", *G, "--yes", "--receipt", "ada.json", "--json")

    assert outcome.status == 0
    assert outcome.document == json.loads((enrolled / "ada.json").read_text("utf-8"))
    assert (outcome.document["name"], outcome.document["vectors"], outcome.document["photos"]) == ("ada", 1, 1)
    assert outcome.document["erased_from_file"] is True


@pytest.mark.parametrize("place", ["nosuch/r.json", "there.json"])
def test_receipt_that_cannot_be_written_forgets_nobody(enrolled, facerec, place):
    """Without a place for the receipt nothing is done, because it could not be given later."""
    (enrolled / "there.json").write_text("another receipt")

    outcome = facerec("gallery", "forget", "ada", *G, "--yes", "--receipt", place)

    assert outcome.status == 2
    assert outcome.err.startswith(f"facerec: error: {place}: ")
    assert (enrolled / "there.json").read_text() == "another receipt"
    assert len(facerec("gallery", "list", *G, "--json").document["people"]) == 2


def test_failed_forgetting_leaves_no_receipt(enrolled, facerec, monkeypatch):
    """A receipt exists only for somebody who was forgotten."""

    def refuse(self, name):
        message = "the disk is full"
        raise GalleryError(message)

    monkeypatch.setattr("facerec.gallery.Gallery.forget", refuse)

    assert facerec("gallery", "forget", "ada", *G, "--yes", "--receipt", "r.json").status == 2
    assert not (enrolled / "r.json").exists()


def test_bytes_that_remain_are_status_2(enrolled, facerec, monkeypatch, caplog):
    """Where another process keeps the file open, the person is forgotten, and what is left to do is said."""
    monkeypatch.setitem(open_gallery.__kwdefaults__, "wait", 0.2)  # of a command, half a minute
    reader = sqlite3.connect("g.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    try:
        outcome = facerec("gallery", "forget", "ada", *G, "--yes", "--json")
        listed = facerec("gallery", "list", *G, "--json")
        logged = caplog.text
        compacted = facerec("gallery", "compact", *G)
    finally:
        reader.close()

    finished = facerec("gallery", "compact", *G)

    assert outcome.status == 2
    assert listed.document["erasure_due"] is True
    assert (listed.err + logged).count("facerec gallery compact") == 1  # one line, by opening the gallery
    assert compacted.status == 2
    assert (compacted.err + caplog.text.removeprefix(logged)).count("facerec gallery compact") == 1
    assert outcome.document["erased_from_file"] is False
    assert "ada: " in outcome.err
    assert finished.status == 0
    assert finished.out == "nothing of what was deleted is left in the file\n"


@pytest.mark.parametrize("silent", [False, True])
def test_compact_leaves_warnings_as_they_were(enrolled, facerec, monkeypatch, silent):
    """Whoever runs the command within a program of their own hears the next warning, unless they wished not to."""
    logger = logging.getLogger("facerec")
    monkeypatch.setattr(logger, "disabled", silent)

    assert facerec("gallery", "compact", *G).status == 0
    assert logger.disabled is silent
    assert facerec("gallery", "compact", "--gallery", "nosuch.db").status == 2
    assert logger.disabled is silent


def test_purge(enrolled, facerec, monkeypatch):
    """Expired people are forgotten, the others stay."""
    facerec("gallery", "update", "bob", *G, "--expires", "2999-12-31")
    nobody = facerec("gallery", "purge", *G, "--json")
    with sqlite3.connect("g.db") as connection:
        connection.execute("UPDATE people SET expires = '2001-01-01' WHERE name = 'bob'")
    connection.close()
    outcome = facerec("gallery", "purge", *G, "--receipt", "purged.json", "--json")

    assert nobody.document == {"forgotten": []}
    assert [each["name"] for each in outcome.document["forgotten"]] == ["bob"]
    assert (enrolled / "purged.json").is_file()


def test_export_and_import(enrolled, facerec):
    """Everybody moves to another gallery, which is made; a second time is refused, unless merged."""
    assert facerec("gallery", "export", "out", *G).out == "2 people written to out\n"
    imported = facerec("gallery", "import", "out", "--gallery", "new.db", "--json").document["imported"]
    again = facerec("gallery", "import", "out", "--gallery", "new.db")
    merged = facerec("gallery", "import", "out", "--gallery", "new.db", "--merge")

    assert [each["person"]["name"] for each in imported] == ["ada", "bob"]
    assert again.status == 2
    assert merged.out.splitlines()[-1] == "2 people imported"


def test_reembed(enrolled, facerec):
    """Kept photos give new vectors; where one was not kept, nothing changes."""
    refused = facerec("gallery", "reembed", *G, "--model", "facenet")
    facerec("gallery", "forget", "bob", *G, "--yes")
    done = facerec("gallery", "reembed", *G, "--model", "facenet", "--json")

    assert refused.status == 2
    assert "bob" in refused.err
    assert done.document["vectors"] == 1
    assert done.document["embedder"]["name"] == "facenet"
    assert facerec("gallery", "list", *G, "--json").document["embedder"]["name"] == "facenet"


def test_reembed_takes_the_face_that_was_enrolled(colours, facerec, draw):
    """In a photo of several people the person stays the same; where the face is not found any more, nothing changes."""
    draw("two.png", "blue", "red", "green")
    draw("ada.png", "red")
    facerec("enroll", "ada", "two.png", *G, "--face", "central", "--keep-photos")
    facerec("gallery", "reembed", *G)

    assert facerec("identify", "ada.png", *G, *AT).status == 0

    with sqlite3.connect("g.db") as connection:
        for side in ("x1", "x2"):
            connection.execute(f"UPDATE samples SET {side} = {side} + 1000")
    connection.close()
    outcome = facerec("gallery", "reembed", *G)

    assert outcome.status == 2
    assert "is not found in the photo that was kept" in outcome.err


def test_missing_gallery(colours, facerec):
    """Looking into a gallery that does not exist does not make one."""
    for command in (("list",), ("log",), ("check",), ("purge",), ("compact",), ("export", "out")):
        assert facerec("gallery", *command, *G).status == 2

    assert not (colours / "g.db").exists()


def test_file_that_is_no_gallery(colours, facerec):
    """A photo, a text, an empty file: one line each."""
    for content in (b"", b"hello", b"SQLite format 3\x00" + b"\xff" * 200):
        (colours / "g.db").write_bytes(content)
        outcome = facerec("gallery", "list", *G, "--json")

        assert outcome.status == 2
        assert len(outcome.err.splitlines()) == 1


def test_duplicates(enrolled, facerec, draw):
    """Couples who match one another, said to be candidates; nothing is changed or logged."""
    draw("wine.png", "wine")
    facerec("enroll", "A. Lovelace", "wine.png", *G)
    before = facerec("gallery", "log", *G, "--json").out
    outcome = facerec("gallery", "duplicates", *G, *AT)
    document = facerec("gallery", "duplicates", *G, *AT, "--json").document

    assert outcome.status == 0
    assert "ada  A. Lovelace" in " ".join(outcome.out.split("\n")[1].split("   "))
    assert "1 couple of 3 people may be one person each" in outcome.out
    assert "nothing was changed" in outcome.out
    assert [(each["first"], each["second"]) for each in document["couples"]] == [("ada", "A. Lovelace")]
    assert (document["found"], document["comparisons"]) == (1, 3)
    assert facerec("gallery", "log", *G, "--json").out == before
    assert facerec("gallery", "duplicates", *G, *AT, "--fmr", "0.5").status == 2

"""The log in the file: append-only by its triggers, and a rewritten one shows."""

import sqlite3
from contextlib import closing

import pytest

pytestmark = pytest.mark.files


@pytest.fixture
def path(gallery_factory, build, tmp_path):
    """A closed gallery with five log entries."""
    with gallery_factory() as gallery:
        for seed, name in enumerate(("ada", "bob", "cleo")):
            gallery.enroll(name, build.face(seed))
        gallery.identify(build.faces([build.vector(0)]), at=build.point())
    return tmp_path / "people.db"


def _execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET event = 'verified' WHERE number = 2",
        "DELETE FROM log WHERE number = 5",
        "DELETE FROM log",
        "INSERT OR REPLACE INTO log SELECT number, time, 'verified', person_id, details, digest, NULL, NULL FROM log",
    ],
)
def test_the_log_is_append_only(path, statement):
    """Updating, deleting and replacing entries is refused by the file itself, whatever program tries."""
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        _execute(path, statement)


_GUARDS = (
    "DROP TRIGGER log_is_never_updated",
    "DROP TRIGGER log_is_never_deleted",
    "DROP TRIGGER log_is_never_replaced",
)
_REWRITES = {
    "event": ("UPDATE log SET event = 'verified' WHERE number = 3", 2),
    "time": ("UPDATE log SET time = '2020-01-01T00:00:00+00:00' WHERE number = 3", 2),
    "person": ("UPDATE log SET person_id = randomblob(16) WHERE number = 3", 2),
    "nobody": ("UPDATE log SET person_id = NULL WHERE number = 3", 2),
    "details": ("UPDATE log SET details = '{}' WHERE number = 5", 4),
    "digest": ("UPDATE log SET digest = randomblob(32) WHERE number = 3", 2),
    "removed": ("DELETE FROM log WHERE number = 3", 2),
    "first removed": ("DELETE FROM log WHERE number = 1", 0),
    "cut off": ("DELETE FROM log WHERE number = 5", 4),
    "emptied": ("DELETE FROM log", 0),
    "inserted": (
        "INSERT INTO log VALUES (6, '2030-01-01T00:00:00+00:00', 'matched', NULL, '{}', x'00', NULL, NULL)",
        5,
    ),
    "swapped": ("UPDATE log SET number = CASE number WHEN 3 THEN -3 ELSE number END", 0),
}


@pytest.mark.parametrize(("statement", "whole"), _REWRITES.values(), ids=_REWRITES.keys())
def test_a_rewritten_log_shows(gallery_factory, path, statement, whole):
    """Past the triggers, which the forger puts back, every change is found, and where it begins."""
    with closing(sqlite3.connect(path)) as connection:
        guards = [
            sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE name LIKE 'log_is_never_%'")
        ]
    assert len(guards) == len(_GUARDS)
    _execute(path, *_GUARDS, statement, *guards)
    with gallery_factory() as gallery:
        found = gallery.check_log()

    assert not found.intact
    assert found.entries == whole


def test_missing_guards_show(gallery_factory, path):
    """A log that is whole but no longer guarded is reported too."""
    _execute(path, _GUARDS[0])
    with gallery_factory() as gallery:
        assert gallery.check().problems == ("a guard of the log was removed: log_is_never_updated",)


def test_a_head_noted_elsewhere_outlives_a_forged_chain(gallery_factory, build, path):
    """Whoever writes the whole chain anew passes the check, but not the comparison with a head noted before."""
    with gallery_factory() as gallery:
        noted = gallery.log()[2].digest
        gallery.enroll("dora", build.face(9))

        assert gallery.log()[2].digest == noted
        assert gallery.check_log().head != noted

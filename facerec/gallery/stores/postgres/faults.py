"""What a database shows to be wrong with a gallery's tables."""
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator

from facerec.gallery.stores.postgres.state import State


def faults(state: State) -> Iterator[str]:
    """What is wrong with the tables: guards that are missing, rows that belong to nothing, numbers given twice."""
    for name in ("log_is_never_changed", "log_is_never_emptied"):
        text = "SELECT count(*) FROM pg_trigger WHERE tgname = %s AND tgrelid = 'log'::regclass AND tgenabled <> 'D'"
        if not state.one(text, [name])[0]:
            yield f"a guard of the log was removed: {name}"
    text = (
        "SELECT relname FROM pg_class WHERE relnamespace = 'facerec'::regnamespace AND relkind IN ('r', 'p') "
        "AND relname <> 'version' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
    )
    for (name,) in state.execute(text).fetchall():
        yield f"row-level security of the table {name} was switched off; it keeps galleries apart"
    number = state.head.gallery
    for table, column, parent in (
        ("samples", "person", "people"),
        ("photos", "number", "samples"),
        ("log_sources", "number", "log"),
        ("requests", "person", "people"),
    ):
        text = (
            f"SELECT number FROM {table} t WHERE gallery = %s AND NOT EXISTS "
            f"(SELECT 1 FROM {parent} p WHERE p.gallery = %s AND p.number = t.{column}) ORDER BY number LIMIT 5"
        )
        for (row,) in state.execute(text, (number, number)).fetchall():
            yield f"row {row} of {table} belongs to nothing in {parent}"
    for table, column in (("people", "name"), ("people", "id"), ("samples", "number")):
        text = f"SELECT min(number) FROM {table} WHERE gallery = %s GROUP BY {column} HAVING count(*) > 1 LIMIT 5"
        for (row,) in state.execute(text, (number,)).fetchall():
            yield f"the {column} of row {row} of {table} is there twice"

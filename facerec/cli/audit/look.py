"""``facerec audit look``: what a table of unknown make seems to hold, and the command that audits it."""

from __future__ import annotations

from dataclasses import asdict

from facerec.cli import console
from facerec.cli.audit import options
from facerec.cli.options import AsJson, examples, grouped

EXAMPLES = examples("facerec audit look vendor.xlsx", "facerec audit look predictions.csv --json")


@grouped
def look(tables: options.ScoresFiles, *, files: options.Files, as_json: AsJson = False) -> None:
    """Guess which column of a table is what, show why, and print the full command.

    Nothing is audited: read the guess, correct what is wrong in the command, and run it.
    """
    from audits.tables.look import look_at
    from facerec.measure.tables.table_files import read_raw, telling
    from facerec.measure.tables.vendor import read_several

    table = read_several(tables, kind="a table", rename=lambda raw: raw, layout=files.layout)
    people = None if files.people is None else read_raw(files.people, kind="a table of people", layout=files.layout)
    with telling(", ".join(map(str, tables))):
        found = look_at(table, people)
    said = [(f"--{name}", getattr(files, name)) for name in ("separator", "decimal", "encoding", "sheet", "people")]
    told = [word for name, value in said if value is not None for word in (name, str(value))]
    command = found.command([*map(str, tables), *told])
    if as_json:
        console.document({**asdict(found), "command": command})
        return
    options.say_notes(found.notes)
    console.say(f"{found.rows:,} rows, for facerec audit {found.kind}")
    console.table(("option", "column", "why"), [(each.role, each.column, each.why) for each in found.guesses])
    console.say()
    console.say(command)

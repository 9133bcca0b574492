"""``facerec gallery``: all its commands."""

from __future__ import annotations

import typer

from facerec.cli.gallery import forgetting, log, moving, people
from facerec.cli.options import examples

app = typer.Typer(
    name="gallery",
    help="Look after a gallery: list, change, forget and move the people in it, and read its log.",
    epilog=examples(
        "facerec gallery list --gallery people.db",
        'facerec gallery forget "Ada Lovelace" --gallery people.db --receipt ada.json',
        "facerec gallery log --last 20 --gallery people.db",
    ),
    rich_markup_mode="markdown",
)

app.command("list")(people.list_people)
app.command()(people.show)
app.command()(people.rename)
app.command(epilog=people.UPDATE_EXAMPLES)(people.update)
app.command()(log.log)
app.command()(log.check)
app.command(epilog=examples('facerec gallery forget "Ada Lovelace" --gallery people.db --receipt ada.json'))(
    forgetting.forget
)
app.command()(forgetting.purge)
app.command()(forgetting.compact)
app.command("export", epilog=examples("facerec gallery export people-2031/ --gallery people.db"))(moving.export)
app.command("import", epilog=examples("facerec gallery import people-2031/ --gallery new.db"))(moving.import_people)
app.command(epilog=examples("facerec gallery reembed --gallery people.db --model facenet"))(moving.reembed)

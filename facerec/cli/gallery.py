"""``facerec gallery``: who is enrolled, on what terms, and what was done when."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from facerec.cli import console, documents, gallery_forgetting, gallery_moving
from facerec.cli.options import AsJson, Consent, GalleryFile, PersonName, Purpose, examples
from facerec.cli.running import fail

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


@app.command("list")
def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List everybody who is enrolled."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        embedder, everybody = people.embedder, people.people()
    if as_json:
        told = [documents.record(person) for person in everybody]
        console.document({"gallery": str(gallery), "embedder": documents.record(embedder), "people": told})
        return
    rows = [
        (
            person.name,
            person.samples,
            person.photos,
            f"{person.created:%Y-%m-%d}",
            f"{person.expires} (expired)" if person.expired else person.expires,
            person.consent,
        )
        for person in everybody
    ]
    if rows:
        headings = ("name", "faces", "photos kept", "enrolled", "matched until", "consent")
        console.table(headings, rows, right=("faces", "photos kept"))
    console.say(f"{console.counted(len(rows), 'person', 'people')}; {embedder.name}, digest {embedder.digest[:12]}…")


@app.command()
def show(name: PersonName, gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Show what is kept about one person."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        person, samples = people.person(name), people.samples(name)
    if as_json:
        told = [documents.record(sample) for sample in samples]
        console.document({**documents.record(person), "faces": told})
        return
    console.say(person.name)
    console.say(f"  id {person.id}, enrolled {person.created:%Y-%m-%d %H:%M} UTC")
    console.say(f"  consent: {person.consent or 'not recorded'}")
    console.say(f"  purpose: {person.purpose or 'not recorded'}")
    expiry = "has expired, is not matched any more" if person.expired else "the last day of being matched"
    console.say("  no expiry date" if person.expires is None else f"  {person.expires}: {expiry}")
    for sample in samples:
        left, top, right, bottom = (round(edge) for edge in sample.box)
        kept = "photo kept" if sample.photo_kept else "photo not kept"
        console.say(
            f"  face of {right - left} × {bottom - top} pixels at ({left}, {top}) in {sample.source}, "
            f"{sample.enrolled:%Y-%m-%d %H:%M} UTC, {kept}"
        )


@app.command()
def rename(
    name: PersonName,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="What to call the person from now on.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Give a person another name; faces and log stay."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        person = people.rename(name, new_name)
    if as_json:
        console.document(documents.record(person))
    else:
        console.say(f"{name} is now called {person.name}")


@app.command(
    epilog=examples(
        "facerec gallery update ada --expires 2031-12-31 --gallery people.db",
        "facerec gallery update ada --no-expiry --gallery people.db",
    )
)
def update(
    name: PersonName,
    *,
    gallery: GalleryFile,
    consent: Consent = None,
    no_consent: Annotated[
        bool, typer.Option("--no-consent", metavar="", help="Remove the consent that is recorded.")
    ] = False,
    purpose: Purpose = None,
    no_purpose: Annotated[
        bool, typer.Option("--no-purpose", metavar="", help="Remove the purpose that is recorded.")
    ] = False,
    expires: Annotated[
        datetime | None,
        typer.Option(
            "--expires",
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="The last day (UTC) on which the person is matched.",
            show_default=False,
        ),
    ] = None,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", metavar="", help="Remove the expiry date.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change what is recorded about a person: consent, purpose, expiry."""
    from facerec.errors import ArgumentError
    from facerec.gallery import UNCHANGED, open_gallery

    given = (consent, purpose, expires)
    removed = (no_consent, no_purpose, no_expiry)
    if any(value is not None and gone for value, gone in zip(given, removed, strict=True)):
        message = "a field is either given or removed, not both"
        raise ArgumentError(message)
    if not any(removed) and all(value is None for value in given):
        message = "nothing to change; see: facerec gallery update --help"
        raise ArgumentError(message)
    with open_gallery(gallery) as people:
        person = people.update(
            name,
            consent=None if no_consent else UNCHANGED if consent is None else consent,
            purpose=None if no_purpose else UNCHANGED if purpose is None else purpose,
            expires=None if no_expiry else UNCHANGED if expires is None else expires.date(),
        )
    if as_json:
        console.document(documents.record(person))
        return
    console.say(
        f"{person.name}: consent {person.consent or 'not recorded'}; purpose {person.purpose or 'not recorded'}; "
        f"{'no expiry date' if person.expires is None else f'matched until {person.expires}'}"
    )


@app.command()
def log(
    gallery: GalleryFile,
    last: Annotated[
        int | None, typer.Option("--last", metavar="N", help="Only the newest N entries.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Only what concerns this person.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who was enrolled, matched and forgotten when; nothing can be taken out of this log."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        entries = people.log(last=last, name=name)
    if as_json:
        console.document({"gallery": str(gallery), "entries": [documents.record(entry) for entry in entries]})
        return
    for entry in entries:
        person = entry.name or (entry.person_id and f"{entry.person_id[:8]}… (forgotten)")
        told = [f"{key} {_short(value)}" for key, value in entry.details.items()]
        line = f"{entry.number:4}  {entry.time:%Y-%m-%d %H:%M:%S} UTC  {entry.event:10}"
        console.say("  ".join([line, *filter(None, [person, entry.source, ", ".join(told)])]))


@app.command()
def check(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Check that the log is the one that was written: nothing changed, removed, inserted or cut off.

    Exit status: 0 intact, 2 not intact. Write the digest down elsewhere: it proves later that nothing up to here was
    rewritten.
    """
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        found = people.check_log()
    if as_json:
        console.document({**documents.record(found), "intact": found.intact})
    elif found.intact:
        console.say(f"the log is intact: {found.entries} entries, digest {found.head}")
    if not found.intact:
        message = f"{gallery}: the log is not intact after {found.entries} entries: {found.problem}"
        fail(message)


def _short(value: object) -> str:
    """A detail of a log entry, with digests cut off."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) < 64 else f"{text[:12]}…"


gallery_forgetting.add_to(app)
gallery_moving.add_to(app)

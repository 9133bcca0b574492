"""``facerec gallery list, show, rename, update``: who is enrolled, and on what terms."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, Consent, GalleryFile, PersonName, Purpose, examples, flag, option

UPDATE_EXAMPLES = examples(
    "facerec gallery update ada --expires 2031-12-31 --gallery people.db",
    "facerec gallery update ada --no-expiry --gallery people.db",
)


def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List everybody who is enrolled."""
    from facerec.gallery import open_gallery
    from facerec.types.plain import plain

    with open_gallery(gallery) as people:
        embedder, everybody, erasure_due = people.embedder, people.people(), people.erasure_due
    if erasure_due:
        console.note(f"{gallery} may still hold bytes of somebody who was forgotten; run: facerec gallery compact")
    if as_json:
        told = {"embedder": embedder.to_dict(), "erasure_due": erasure_due, "people": plain(everybody)}
        console.document({"gallery": str(gallery), **told})
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


def show(name: PersonName, gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Show what is kept about one person."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        person, samples = people.person(name), people.samples(name)
    if as_json:
        told = [sample.to_dict() for sample in samples]
        console.document({**person.to_dict(), "faces": told})
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
        console.document(person.to_dict())
    else:
        console.say(f"{name} is now called {person.name}")


def update(
    name: PersonName,
    *,
    gallery: GalleryFile,
    consent: Consent = None,
    no_consent: Annotated[bool, flag("--no-consent", "Remove the consent that is recorded.")] = False,
    purpose: Purpose = None,
    no_purpose: Annotated[bool, flag("--no-purpose", "Remove the purpose that is recorded.")] = False,
    expires: Annotated[
        datetime | None,
        option("--expires YYYY-MM-DD", "The last day (UTC) on which the person is matched.", formats=["%Y-%m-%d"]),
    ] = None,
    no_expiry: Annotated[bool, flag("--no-expiry", "Remove the expiry date.")] = False,
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
        console.document(person.to_dict())
        return
    console.say(
        f"{person.name}: consent {person.consent or 'not recorded'}; purpose {person.purpose or 'not recorded'}; "
        f"{'no expiry date' if person.expires is None else f'matched until {person.expires}'}"
    )

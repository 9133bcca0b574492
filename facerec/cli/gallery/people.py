"""Who is enrolled, and what is recorded of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console, options
from facerec.cli.gallery.receipts import PersonName
from facerec.cli.opening import Charged, Reached
from facerec.cli.options import AsCsv, AsJson, GalleryFile, argument, examples, flag, grouped, option
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.gallery import Sample

LIST_EXAMPLES = examples(
    "facerec gallery list --gallery people.db",
    "facerec gallery list --gallery people.db --csv > people.csv",
)
SHOW_EXAMPLES = examples('facerec gallery show "Ada Lovelace" --gallery people.db')
RENAME_EXAMPLES = examples('facerec gallery rename ada "Ada Lovelace" --gallery people.db')
UPDATE_EXAMPLES = examples(
    "facerec gallery update ada --expires 2031-12-31 --gallery people.db",
    "facerec gallery update ada --no-expiry --gallery people.db",
)


@grouped
def list_people(
    *,
    gallery: GalleryFile,
    after: Annotated[int, option("N", "Only people with higher numbers: the last of the page before.", min=0)] = 0,
    limit: Annotated[int | None, option("N", "At most so many.", min=1)] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    reached: Reached,
) -> None:
    """List everybody who is enrolled, or a page of them."""
    with reached.open(gallery) as people:  # tells of bytes that it could not erase
        embedder, everybody = people.embedder, people.people(after=after, limit=limit)
        count, erasure_due = len(people), people.erasure_due
    if as_json:
        told = {"embedder": embedder, "erasure_due": erasure_due, "count": count, "people": everybody}
        console.document({"gallery": gallery, **told})
        return
    if as_csv:
        lines = console.CsvRows("number", "name", "faces", "photos_kept", "enrolled", "expires", "expired", "consent")
        for each in everybody:
            dates = (each.created.isoformat(), each.expires and each.expires.isoformat(), each.expired)
            lines.add(each.number, each.name, each.samples, each.photos, *dates, each.consent)
        return
    rows = []
    for each in everybody:
        until = f"{each.expires} (expired)" if each.expired else each.expires
        enrolled = f"{each.created:%Y-%m-%d}"
        rows.append((each.number, each.name, each.samples, each.photos, enrolled, until, each.consent))
    if rows:
        headings = ("number", "name", "faces", "photos kept", "enrolled", "matched until", "consent")
        console.table(headings, rows, right=("number", "faces", "photos kept"))
    shown = "" if len(rows) == count else f"{len(rows)} of "
    console.say(f"{shown}{console.counted(count, 'person', 'people')}; {embedder.name}, digest {embedder.digest[:12]}…")
    if erasure_due:
        console.say("bytes of somebody who was forgotten may still stand in the file: facerec gallery compact")


@grouped
def show(name: PersonName, *, gallery: GalleryFile, as_json: AsJson = False, reached: Reached) -> None:
    """Show what is kept about one person."""
    with reached.open(gallery) as people:
        person, samples = people.person(name), people.samples(name)
    expiry = "has expired, is not matched any more" if person.expired else "the last day of being matched"
    console.answer(
        {**person.to_dict(), "faces": samples},
        person.name,
        f"  id {person.id}, enrolled {person.created:%Y-%m-%d %H:%M} UTC",
        f"  consent: {person.consent or 'not recorded'}",
        f"  purpose: {person.purpose or 'not recorded'}",
        "  no expiry date" if person.expires is None else f"  {person.expires}: {expiry}",
        *map(_sample_line, samples),
        as_json=as_json,
    )


def _sample_line(sample: Sample) -> str:
    left, top, right, bottom = (round(edge) for edge in sample.box)
    place = f"face of {right - left} × {bottom - top} pixels at ({left}, {top}) in {sample.source}"
    kept = f"photo {'' if sample.photo_kept else 'not '}kept"
    return f"  sample {sample.number}: {place}, {sample.enrolled:%Y-%m-%d %H:%M} UTC, {kept}"


@grouped
def rename(
    name: PersonName,
    new_name: Annotated[str, argument("NEW_NAME", "What to call the person from now on.")],
    *,
    gallery: GalleryFile,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Give a person another name; faces and log stay."""
    with charged.open(gallery) as people:
        person = people.rename(name, new_name)
    console.answer(person.to_dict(), f"{name} is now called {person.name}", as_json=as_json)


@grouped
def update(
    name: PersonName,
    *,
    gallery: GalleryFile,
    consent: options.Consent = None,
    no_consent: Annotated[bool, flag("--no-consent", "Remove the consent that is recorded.")] = False,
    purpose: options.Purpose = None,
    no_purpose: Annotated[bool, flag("--no-purpose", "Remove the purpose that is recorded.")] = False,
    expires: options.Expires = None,
    no_expiry: Annotated[bool, flag("--no-expiry", "Remove the expiry date.")] = False,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Change what is recorded about a person: consent, purpose, expiry."""
    from facerec.gallery import UNCHANGED

    given: tuple[str | datetime | None, ...] = (consent, purpose, expires)
    removed = (no_consent, no_purpose, no_expiry)
    if any(value is not None and gone for value, gone in zip(given, removed, strict=True)):
        message = "a field is either given or removed, not both"
        raise ArgumentError(message)
    if not any(removed) and all(value is None for value in given):
        message = "nothing to change; see: facerec gallery update --help"
        raise ArgumentError(message)
    with charged.open(gallery) as people:
        person = people.update(
            name,
            consent=None if no_consent else UNCHANGED if consent is None else consent,
            purpose=None if no_purpose else UNCHANGED if purpose is None else purpose,
            expires=None if no_expiry else UNCHANGED if expires is None else expires.date(),
        )
    console.answer(
        person.to_dict(),
        f"{person.name}: consent {person.consent or 'not recorded'}; purpose {person.purpose or 'not recorded'}; "
        f"{'no expiry date' if person.expires is None else f'matched until {person.expires}'}",
        as_json=as_json,
    )

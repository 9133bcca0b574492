"""``facerec gallery``: looking after the people of a gallery, forgetting and moving them, and reading its log."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import facerec
from facerec.cli import console, options, recognition
from facerec.cli.options import AsJson, GalleryFile, Model, argument, examples, flag, grouped, option
from facerec.cli.running import fail
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.gallery import Backup, ForgetReceipt, Sample
    from facerec.types import Face

PersonName = Annotated[str, argument("NAME", "As facerec gallery list shows it.")]
Receipt = Annotated[Path | None, option("--receipt FILE", "Write the receipt to this new file, as JSON.")]

_MOST_PROBLEMS = 10

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
    with facerec.open_gallery(gallery) as people:  # tells of bytes that it could not erase
        embedder, everybody, erasure_due = people.embedder, people.people(), people.erasure_due
    if as_json:
        told = {"embedder": embedder, "erasure_due": erasure_due, "people": everybody}
        console.document({"gallery": gallery, **told})
        return
    rows = []
    for each in everybody:
        until = f"{each.expires} (expired)" if each.expired else each.expires
        rows.append((each.name, each.samples, each.photos, f"{each.created:%Y-%m-%d}", until, each.consent))
    if rows:
        headings = ("name", "faces", "photos kept", "enrolled", "matched until", "consent")
        console.table(headings, rows, right=("faces", "photos kept"))
    console.say(f"{console.counted(len(rows), 'person', 'people')}; {embedder.name}, digest {embedder.digest[:12]}…")


@app.command()
def show(name: PersonName, gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Show what is kept about one person."""
    with facerec.open_gallery(gallery) as people:
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
    return f"  {place}, {sample.enrolled:%Y-%m-%d %H:%M} UTC, photo {'' if sample.photo_kept else 'not '}kept"


@app.command()
def rename(
    name: PersonName,
    new_name: Annotated[str, argument("NEW_NAME", "What to call the person from now on.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Give a person another name; faces and log stay."""
    with facerec.open_gallery(gallery) as people:
        person = people.rename(name, new_name)
    console.answer(person.to_dict(), f"{name} is now called {person.name}", as_json=as_json)


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
    consent: options.Consent = None,
    no_consent: Annotated[bool, flag("--no-consent", "Remove the consent that is recorded.")] = False,
    purpose: options.Purpose = None,
    no_purpose: Annotated[bool, flag("--no-purpose", "Remove the purpose that is recorded.")] = False,
    expires: Annotated[
        datetime | None,
        option("YYYY-MM-DD", "The last day (UTC) on which the person is matched.", formats=["%Y-%m-%d"]),
    ] = None,
    no_expiry: Annotated[bool, flag("--no-expiry", "Remove the expiry date.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change what is recorded about a person: consent, purpose, expiry."""
    from facerec.gallery import UNCHANGED

    given, removed = (consent, purpose, expires), (no_consent, no_purpose, no_expiry)
    if any(value is not None and gone for value, gone in zip(given, removed, strict=True)):
        message = "a field is either given or removed, not both"
        raise ArgumentError(message)
    if not any(removed) and all(value is None for value in given):
        message = "nothing to change; see: facerec gallery update --help"
        raise ArgumentError(message)
    with facerec.open_gallery(gallery) as people:
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


@app.command()
def log(
    gallery: GalleryFile,
    last: Annotated[int | None, option("N", "Only the newest N entries.")] = None,
    name: Annotated[str | None, option("TEXT", "Only what concerns this person.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who was enrolled, matched and forgotten when; nothing can be taken out of this log."""
    with facerec.open_gallery(gallery) as people:
        entries = people.log(last=last, name=name)
    if as_json:
        console.document({"gallery": gallery, "entries": entries})
        return
    for entry in entries:
        person = entry.name or (entry.person_id and f"{entry.person_id[:8]}… (forgotten)")
        told = [f"{key} {_short(value)}" for key, value in entry.details.items()]
        line = f"{entry.number:4}  {entry.time:%Y-%m-%d %H:%M:%S} UTC  {entry.event:10}"
        console.say("  ".join([line, *filter(None, [person, entry.source, ", ".join(told)])]))


def _short(value: object) -> str:
    """A detail of a log entry, with digests cut off."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) < 64 else f"{text[:12]}…"


@app.command()
def check(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Check that the gallery is as it was written: its log, its file, every vector and every kept photo.

    Exit status: 0 intact, 2 not intact. Write the digest down elsewhere: it proves later that nothing in the log up to
    here was rewritten.
    """
    with facerec.open_gallery(gallery) as people:
        found = people.check()
    if as_json:
        whole = {"people": found.people, "samples": found.samples, "problems": found.problems, "intact": found.intact}
        console.document({**found.log.to_dict(), **whole})
    elif found.intact:
        console.say(f"the log is intact: {found.log.entries} entries, digest {found.log.head}")
        several = (
            f"{console.counted(found.people, 'person', 'people')}, {console.counted(found.samples, 'face', 'faces')}"
        )
        console.say(f"the file is whole: {several}")
    if not found.intact:
        fail(f"{gallery}: {'; '.join(found.problems[:_MOST_PROBLEMS])}{_and_more(found.problems)}")


def _and_more(problems: Sequence[str]) -> str:
    more = len(problems) - _MOST_PROBLEMS
    return f"; and {console.counted(more, 'more problem', 'more problems')} (see --json)" if more > 0 else ""


@app.command(epilog=examples('facerec gallery forget "Ada Lovelace" --gallery people.db --receipt ada.json'))
def forget(
    name: PersonName,
    gallery: GalleryFile,
    yes: Annotated[bool, flag("--yes -y", "Do not ask; for scripts.")] = False,
    receipt: Receipt = None,
    as_json: AsJson = False,
) -> None:
    """Forget a person: vectors and photos are deleted, and their bytes erased from the file.

    Asks first; where nobody can be asked, --yes is needed. Prints a receipt.
    """
    with facerec.open_gallery(gallery) as people:
        person = people.person(name)
        if not yes and not sys.stdin.isatty():
            message = f"forgetting {person.name} cannot be undone; without a terminal to ask at, give --yes"
            raise ArgumentError(message)
        faces = console.counted(person.samples, "face", "faces")
        photos = console.counted(person.photos, "photo", "photos")
        question = f"Forget {person.name}, with {faces} and {photos}, for good?"
        if not yes and not typer.confirm(console.shown(question), err=True):
            message = f"{person.name} was not forgotten"
            raise ArgumentError(message)
        with _keeping(receipt) as keep:
            done = people.forget(name)
            keep(done.to_dict())
    console.answer(done.to_dict(), _forgotten_line(done), as_json=as_json)
    _refuse_remains([done])


@app.command()
def purge(gallery: GalleryFile, receipt: Receipt = None, as_json: AsJson = False) -> None:
    """Forget everybody whose expiry date has passed; does not ask."""
    with facerec.open_gallery(gallery) as people, _keeping(receipt) as keep:
        done = people.purge_expired()
        told = {"forgotten": [each.to_dict() for each in done]}
        keep(told)
    count = f"{console.counted(len(done), 'person', 'people')} expired and forgotten"
    console.answer(told, *map(_forgotten_line, done), count, as_json=as_json)
    _refuse_remains(done)


@app.command()
def compact(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Erase what earlier deletions had to leave in the file.

    Exit status: 0 nothing is left, 2 something still stands in the way.
    """
    logger = logging.getLogger("facerec")
    with ExitStack() as ended:
        # Opening tells, too, what it could not erase; here once is enough.
        ended.callback(setattr, logger, "disabled", logger.disabled)
        logger.disabled = True
        erasure = ended.enter_context(facerec.open_gallery(gallery)).compact()
    if as_json:
        console.document(erasure.to_dict())
    elif erasure.complete:
        console.say("nothing of what was deleted is left in the file")
    if not erasure.complete:
        fail(erasure.advice)


@contextmanager
def _keeping(receipt: Path | None) -> Iterator[Callable[[Mapping[str, object]], object]]:
    """Open the receipt's file before anybody is forgotten: a receipt cannot be given a second time.

    An existing file is left alone (it may be somebody else's receipt), and is an error.
    """
    if receipt is None:
        yield lambda _: None
        return
    with receipt.open("x", encoding="utf-8") as file:
        try:
            yield lambda content: file.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        except BaseException:
            receipt.unlink()
            raise


def _forgotten_line(done: ForgetReceipt) -> str:
    erased = "erased from the file" if done.erased_from_file else "not yet erased from the file"
    return (
        f"{done.name} (id {done.person_id}) was forgotten on {done.forgotten:%Y-%m-%d %H:%M:%S} UTC: "
        f"{console.counted(done.vectors, 'face', 'faces')} and {console.counted(done.photos, 'photo', 'photos')}, "
        f"{erased}; log entry {done.log_entry}"
    )


def _refuse_remains(done: Sequence[ForgetReceipt]) -> None:
    """End with status 2 where somebody is forgotten, but the file still holds the deleted bytes."""
    if remains := [each for each in done if not each.erased_from_file]:
        fail(f"{', '.join(each.name for each in remains)}: {remains[0].advice}")


@app.command(epilog=examples("facerec gallery backup people-2031-06-01.db --gallery people.db"))
def backup(
    file: Annotated[Path, argument("FILE", "A new file; nothing is overwritten.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Copy the gallery to one new file and read the copy through; others may go on using the gallery.

    Unlike a copy by cp, it lacks nothing that was acknowledged. Whoever is forgotten later is still in it.
    """
    with facerec.open_gallery(gallery) as people:
        done = people.back_up_to(file)
    console.answer({"gallery": gallery, **done.to_dict()}, *_backup_lines(done), as_json=as_json)


@app.command(epilog=examples("facerec gallery restore people-2031-06-01.db --gallery people.db"))
def restore(
    file: Annotated[Path, argument("FILE", "Made by facerec gallery backup.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Make a gallery of a backup, where there is none; one to be replaced is moved away first, with its -wal and -shm.

    Whoever was forgotten after the backup was made is in it again: forget them again.
    """
    from facerec.gallery import restore_gallery

    done = restore_gallery(file, gallery)
    console.answer({"backup": file, **done.to_dict()}, *_backup_lines(done), as_json=as_json)
    if done.note:
        console.note(f"{file}: {done.note}")


def _backup_lines(done: Backup) -> tuple[str, str]:
    several = f"{console.counted(done.people, 'person', 'people')}, {console.counted(done.samples, 'face', 'faces')}"
    return (
        f"{done.file}: {several}, written and read through; SHA-256 {done.sha256}",
        f"its log: {console.counted(done.log_entries, 'entry', 'entries')}, digest {done.head}",
    )


@app.command(epilog=examples("facerec gallery export people-2031/ --gallery people.db"))
def export(
    folder: Annotated[Path, argument("FOLDER", "A new folder.")],
    gallery: GalleryFile,
    as_json: AsJson = False,
) -> None:
    """Write everybody to a new folder: JSON, vectors and kept photos; no pickle."""
    with facerec.open_gallery(gallery) as people:
        count = people.export_to(folder)
    console.answer(
        {"gallery": gallery, "folder": folder, "people": count},
        f"{console.counted(count, 'person', 'people')} written to {folder}",
        as_json=as_json,
    )


@app.command("import", epilog=examples("facerec gallery import people-2031/ --gallery new.db"))
def import_people(
    folder: Annotated[Path, argument("FOLDER", "Made by facerec gallery export.")],
    *,
    gallery: GalleryFile,
    merge: Annotated[
        bool, flag("--merge", "Add faces to people who are enrolled already, instead of refusing.")
    ] = False,
    as_json: AsJson = False,
    model: Model = None,
    device: options.Device = None,
    model_files: options.ModelFiles = None,
) -> None:
    """Add everybody from an exported folder; the gallery file is made, for --model, if it does not exist."""
    embedder = None
    if not gallery.exists():
        model = recognition.model_of(gallery, model, may_be_new=True)
        embedder = recognition.load_recognizer(model, model_files=model_files, device=device).embedder
    with facerec.open_gallery(gallery, embedder) as people:
        done = people.import_from(folder, merge=merge)
    lines = [f"{console.counted(len(done), 'person', 'people')} imported"]
    for each in reversed(done):
        added = console.counted(each.added, "face", "faces")
        lines.insert(0, f"{each.person.name}: {added} added, {each.already_present} already there")
    console.answer({"gallery": gallery, "imported": done}, *lines, as_json=as_json)


@app.command(epilog=examples("facerec gallery reembed --gallery people.db --model facenet"))
@grouped
def reembed(
    *,
    gallery: GalleryFile,
    model: Annotated[str, option("NAME", "The embedder to change to, as facerec models lists it.")] = "dlib-resnet",
    as_json: AsJson = False,
    networks: recognition.Networks,
) -> None:
    """Replace all vectors by those of another embedder, made from the kept photos.

    In each photo the face is taken that lies where the enrolled one lay. Nothing is changed if one is not found, or
    if a photo was not kept.
    """
    from facerec.gallery.rules import same_face

    recognizer = networks.load(recognition.model_of(gallery, model))
    with facerec.open_gallery(gallery) as people, console.progress("embedding") as progress:
        total = sum(person.samples for person in people.people())
        done = 0

        def enrolled_face(sample: Sample, photo: bytes) -> Face:
            nonlocal done
            face = same_face(recognizer.faces(photo, name=sample.source), sample)
            done += 1
            progress(done, total)
            return face

        count = people.reembed(recognizer.embedder, enrolled_face)
    identity = {"name": recognizer.embedder.name, "digest": recognizer.embedder.digest}
    console.answer(
        {"gallery": gallery, "vectors": count, "embedder": identity},
        f"{console.counted(count, 'vector', 'vectors')} made anew by {recognizer.embedder.name}",
        as_json=as_json,
    )

"""``facerec enroll``: put a person, or a folder of people, into a gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from facerec.cli import console, options, recognition
from facerec.cli.deciding import Decider, decider
from facerec.cli.opening import Charged
from facerec.cli.options import (
    AsJson,
    Exclude,
    FaceOption,
    GalleryFile,
    Model,
    argument,
    examples,
    flag,
    grouped,
    option,
)
from facerec.cli.running import fail
from facerec.errors import ArgumentError, ImageError

if TYPE_CHECKING:
    from facerec.gallery import Enrollment
    from facerec.photos.folders import PhotoFolders
    from facerec.photos.left_out import LeftOut

EXAMPLES = examples(
    'facerec enroll ada ada1.jpg ada2.jpg --gallery people.db --consent "form 17"',
    "facerec enroll guest guest.jpg --gallery people.db --expires 2031-12-31",
    "facerec enroll --folder people/ --gallery people.db",
)


@grouped
def enroll(
    name: Annotated[str | None, argument("NAME", "Who it is.")] = None,
    photos: Annotated[list[Path] | None, argument("PHOTO", "Photos of this person.")] = None,
    *,
    gallery: GalleryFile,
    folder: Annotated[
        Path | None, option("DIR", "Enroll many: this folder holds one folder of photos per person.")
    ] = None,
    exclude: Exclude = None,
    consent: options.Consent = None,
    purpose: options.Purpose = None,
    expires: options.Expires = None,
    keep_photos: Annotated[
        bool, flag("--keep-photos", "Store the photos too; 'facerec gallery reembed' needs them.")
    ] = False,
    strict: Annotated[
        bool,
        flag(
            "--strict",
            "Refuse whoever looks like somebody enrolled under another name, or unlike the person's other photos.",
        ),
    ] = False,
    face: FaceOption = "main",
    as_json: AsJson = False,
    model: Model = None,
    threshold: recognition.Threshold,
    networks: recognition.GatedNetworks,
    charged: Charged,
) -> None:
    """Enroll a person with one or several photos; the gallery file is made if it does not exist.

    All photos are checked before anything is stored: one that cannot be read, shows no face or several, or shows a
    face below the quality gate, refuses the whole person. A person who is enrolled already gets further photos; a
    photo that is there already is not stored again. Another consent, purpose or expiry takes the place of the one that
    is recorded, which is told; the gallery's log keeps both.

    What is doubtful about the faces is told, and refused with --strict: somebody who is enrolled under another name, a
    photo unlike all others of its person, one picture twice. An operating point says how alike strangers are.

    With --folder, people are stored one by one, photos that cannot be used are skipped and counted, as is all else
    that is left out of the folder, and the exit status is 2 if somebody had no usable photo, or was refused.
    """
    if (folder is None) != bool(name and photos) or (folder is not None and name is not None):
        message = "enroll takes NAME PHOTO..., or --folder DIR; see: facerec enroll --help"
        raise ArgumentError(message)
    if exclude and folder is None:
        message = "--exclude leaves out what is in a folder; add --folder DIR"
        raise ArgumentError(message)
    terms: dict[str, Any] = {
        "consent": consent,
        "purpose": purpose,
        "expires": None if expires is None else expires.date(),
        "keep_photos": keep_photos,
    }
    with decider(gallery, model, networks, threshold, charged, may_be_new=True) as deciding:
        if folder is not None:
            from facerec.photos.folders import photos_by_folder

            found = photos_by_folder(folder, exclude=exclude or ())
            console.say_left_out(found.left_out)
            _enroll_folder(deciding, gallery, found, {**terms, "choice": face, "strict": strict}, as_json=as_json)
            return
        _refuse_unless_one_is_a_photo(photos or [])
        matcher = deciding.load()
        done = deciding.enroll(photos or [], str(name), choice=face, strict=strict, **terms)
    for note in done.notes:
        console.tell(f"note: {note}")
    document = {"gallery": gallery, "model": matcher.embedder, "gate": matcher.gate, **done.to_dict()}
    _warn(done)
    console.answer(document, _line(done), as_json=as_json)


def _warn(done: Enrollment) -> None:
    if done.replaced:
        changed = ", ".join(each.text for each in done.replaced)
        console.tell(f"{done.person.name}: {changed}, for all faces; the gallery's log keeps what was there")
    for doubt in done.doubts or ():
        console.tell(f"{done.person.name}: {doubt.text}")


def _refuse_unless_one_is_a_photo(photos: Sequence[Path]) -> None:
    """Raise `ImageError` if no file can be read; where one can, the recognizer tells what is wrong with each."""
    from facerec.photos import reader

    told = []
    for photo in photos:
        try:
            reader.check(photo)
        except ImageError as error:
            told.append(str(error))
    if len(told) == len(photos):
        raise ImageError("; ".join(told))


def _enroll_folder(
    deciding: Decider, gallery: Path, found: PhotoFolders, terms: Mapping[str, Any], *, as_json: bool
) -> None:
    matcher = deciding.load()
    enrolled: list[Enrollment] = []
    skipped: list[LeftOut] = []
    missing: list[str] = []
    with console.progress("enrolling") as progress:
        for person in deciding.enroll_folder(found, progress=progress, **terms):
            skipped += person.skipped
            if person.enrollment is None:
                missing.append(person.name)
            else:
                enrolled.append(person.enrollment)
                _warn(person.enrollment)
            if not as_json:
                console.say(f"{person.name}: not enrolled" if person.enrollment is None else _line(person.enrollment))
                for each in person.skipped:
                    console.say(f"  skipped: {each}")
                for note in person.notes:
                    console.say(f"  note: {note}")
    faces = console.counted(sum(each.added for each in enrolled), "new face", "new faces")
    photos = console.counted(sum(each.files for each in skipped), "photo", "photos")
    document = {"gallery": gallery, "model": matcher.embedder, "gate": matcher.gate}
    console.answer(
        {
            **document,
            "enrolled": enrolled,
            "not_enrolled": missing,
            "skipped": skipped,
            "files_left_out": found.left_out,
        },
        f"{console.counted(len(enrolled), 'person', 'people')} enrolled with {faces}; {photos} skipped",
        as_json=as_json,
    )
    if missing:
        more = " …" if len(missing) > 5 else ""
        who = console.counted(len(missing), "person", "people")
        fail(f"{who} {'was' if len(missing) == 1 else 'were'} not enrolled: {', '.join(missing[:5])}{more}")


def _line(done: Enrollment) -> str:
    person = done.person
    parts = [console.counted(done.added, "new face", "new faces")]
    if done.already_present:
        parts.append(f"{done.already_present} already there")
    if done.photos_kept:
        parts.append(f"{console.counted(done.photos_kept, 'photo', 'photos')} kept")
    if person.expires is not None:
        parts.append(f"matched until {person.expires}")
    if person.consent is None:
        parts.append("no consent recorded")
    return f"{person.name}: {'enrolled' if done.created else 'added to'}, {', '.join(parts)}"

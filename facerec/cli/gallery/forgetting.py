"""``facerec gallery forget, purge, compact``: taking people out, for good, with a receipt."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.options import AsJson, GalleryFile, PersonName, flag, option
from facerec.cli.running import fail

if TYPE_CHECKING:
    from facerec.gallery import ForgetReceipt

_Receipt = Annotated[Path | None, option("--receipt FILE", "Write the receipt to this new file, as JSON.")]


def forget(
    name: PersonName,
    gallery: GalleryFile,
    yes: Annotated[bool, flag("--yes -y", "Do not ask; for scripts.")] = False,
    receipt: _Receipt = None,
    as_json: AsJson = False,
) -> None:
    """Forget a person: vectors and photos are deleted, and their bytes erased from the file.

    Asks first; where nobody can be asked, --yes is needed. Prints a receipt.
    """
    from facerec.errors import ArgumentError
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        person = people.person(name)
        if not yes and not sys.stdin.isatty():
            message = f"forgetting {person.name} cannot be undone; without a terminal to ask at, give --yes"
            raise ArgumentError(message)
        faces = console.counted(person.samples, "face", "faces")
        photos = console.counted(person.photos, "photo", "photos")
        question = f"Forget {person.name}, with {faces} and {photos}, for good?"
        if not yes and not typer.confirm(question, err=True):
            message = f"{person.name} was not forgotten"
            raise ArgumentError(message)
        with _keeping(receipt) as keep:
            done = people.forget(name)
            keep(done.to_dict())
    if as_json:
        console.document(done.to_dict())
    else:
        console.say(_line(done))
    _refuse_remains([done])


def purge(gallery: GalleryFile, receipt: _Receipt = None, as_json: AsJson = False) -> None:
    """Forget everybody whose expiry date has passed; does not ask."""
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people, _keeping(receipt) as keep:
        done = people.purge_expired()
        told = {"forgotten": [each.to_dict() for each in done]}
        keep(told)
    if as_json:
        console.document(told)
    else:
        for each in done:
            console.say(_line(each))
        console.say(f"{console.counted(len(done), 'person', 'people')} expired and forgotten")
    _refuse_remains(done)


def compact(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Erase what earlier deletions had to leave in the file.

    Exit status: 0 nothing is left, 2 something still stands in the way.
    """
    from facerec.gallery import open_gallery

    with open_gallery(gallery) as people:
        erasure = people.compact()
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


def _line(done: ForgetReceipt) -> str:
    erased = "erased from the file" if done.erased_from_file else "not yet erased from the file"
    return (
        f"{done.name} (id {done.person_id}) was forgotten on {done.forgotten:%Y-%m-%d %H:%M:%S} UTC: "
        f"{console.counted(done.vectors, 'face', 'faces')} and {console.counted(done.photos, 'photo', 'photos')}, "
        f"{erased}; log entry {done.log_entry}"
    )


def _refuse_remains(done: Sequence[ForgetReceipt]) -> None:
    """End with status 2 where somebody is forgotten, but the file still holds the deleted bytes."""
    if remains := [each for each in done if not each.erased_from_file]:
        message = f"{', '.join(each.name for each in remains)}: {remains[0].advice}"
        fail(message)

"""Taking people and photos out of a gallery for good."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from facerec.cli import console
from facerec.cli.gallery.receipts import Faces, PersonName, Receipt, copies_line, keeping
from facerec.cli.opening import Charged, ChargedHere, OnlyHere
from facerec.cli.options import AsJson, GalleryFile, examples, flag, grouped
from facerec.cli.running import fail
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.gallery import ForgetReceipt

FORGET_EXAMPLES = examples('facerec gallery forget "Ada Lovelace" --gallery people.db --receipt ada.json')
PURGE_EXAMPLES = examples("facerec gallery purge --gallery people.db --receipt expired.json")
COMPACT_EXAMPLES = examples("facerec gallery compact --gallery people.db")
REMOVE_EXAMPLES = examples("facerec gallery remove ada --sample 7 --gallery people.db")

Yes = Annotated[bool, flag("--yes -y", "Do not ask; for scripts.")]


@grouped
def forget(
    name: PersonName,
    *,
    gallery: GalleryFile,
    yes: Yes = False,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Forget a person: vectors and photos are deleted, and their bytes erased from the file.

    Asks first; where nobody can be asked, --yes is needed. Prints a receipt, which names the exports and backups that
    were made while the person was enrolled.
    """
    with charged.open(gallery) as people:
        person = people.person(name)
        faces = console.counted(person.samples, "face", "faces")
        photos = console.counted(person.photos, "photo", "photos")
        _ask(f"Forget {person.name}, with {faces} and {photos}, for good?", f"{person.name} was not forgotten", yes=yes)
        with keeping(receipt) as keep:
            done = people.forget(name)
            keep(done.to_dict())
    console.answer(done.to_dict(), *_forgotten_lines(done), as_json=as_json)
    _refuse_remains([done])


@grouped
def remove(
    name: PersonName,
    *,
    gallery: GalleryFile,
    sample: Faces,
    yes: Yes = False,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Remove some of a person's faces with their photos, and erase their bytes from the file; not all of them.

    Asks first; where nobody can be asked, --yes is needed.
    """
    with charged.open(gallery) as people:
        person = people.person(name)
        faces = console.counted(len(set(sample)), "face", "faces")
        _ask(f"Remove {faces} of {person.name} for good?", f"nothing of {person.name} was removed", yes=yes)
        with keeping(receipt) as keep:
            done = people.remove_samples(name, sample)
            keep(done.to_dict())
    erased = "erased from the file" if done.erased_from_file else "not yet erased from the file"
    console.answer(
        done.to_dict(),
        f"{console.counted(len(done.samples), 'face', 'faces')} of {done.person.name} removed, {erased}; "
        f"{done.person.samples} left; log entry {done.log_entry}",
        *copies_line(done.copies),
        as_json=as_json,
    )
    if not done.erased_from_file:
        fail(f"{done.person.name}: {done.advice}")


@grouped
def purge(*, gallery: GalleryFile, receipt: Receipt = None, as_json: AsJson = False, charged: ChargedHere) -> None:
    """Forget everybody whose expiry date has passed; does not ask."""
    with charged.open(gallery) as people, keeping(receipt) as keep:
        done = people.purge_expired()
        told = {"forgotten": [each.to_dict() for each in done]}
        keep(told)
    count = f"{console.counted(len(done), 'person', 'people')} expired and forgotten"
    lines = [line for each in done for line in _forgotten_lines(each)]
    console.answer(told, *lines, count, as_json=as_json)
    _refuse_remains(done)


@grouped
def compact(*, gallery: GalleryFile, as_json: AsJson = False, here: OnlyHere) -> None:
    """Erase what earlier deletions had to leave in the file.

    Exit status: 0 nothing is left, 2 something still stands in the way.
    """
    logger = logging.getLogger("facerec")
    with ExitStack() as ended:
        # Opening tells, too, what it could not erase; here once is enough.
        ended.callback(setattr, logger, "disabled", logger.disabled)
        logger.disabled = True
        erasure = ended.enter_context(here.open(gallery)).compact()
    if as_json:
        console.document(erasure.to_dict())
    elif erasure.complete:
        console.say("nothing of what was deleted is left in the file")
    if not erasure.complete:
        fail(erasure.advice)


def _ask(question: str, refused: str, *, yes: bool) -> None:
    """Go on only if somebody says so."""
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"{refused}, since it cannot be undone; without a terminal to ask at, give --yes"
        raise ArgumentError(message)
    if not typer.confirm(console.shown(question), err=True):
        raise ArgumentError(refused)


def _forgotten_lines(done: ForgetReceipt) -> tuple[str, ...]:
    erased = "erased from the file" if done.erased_from_file else "not yet erased from the file"
    line = (
        f"{done.name} (id {done.person_id}) was forgotten on {done.forgotten:%Y-%m-%d %H:%M:%S} UTC: "
        f"{console.counted(done.vectors, 'face', 'faces')} and {console.counted(done.photos, 'photo', 'photos')}, "
        f"{erased}; log entry {done.log_entry}"
    )
    return (line, *copies_line(done.copies))


def _refuse_remains(done: Sequence[ForgetReceipt]) -> None:
    """End with status 2 where somebody is forgotten, but the file still holds the deleted bytes."""
    if remains := [each for each in done if not each.erased_from_file]:
        fail(f"{', '.join(each.name for each in remains)}: {remains[0].advice}")

"""Mending who is who: two people who are one, one who is two, a face that is somebody else's; and taking it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from facerec.cli import console, options
from facerec.cli.gallery.receipts import Faces, PersonName, Receipt, keeping
from facerec.cli.opening import Charged
from facerec.cli.options import AsJson, GalleryFile, argument, examples, grouped
from facerec.errors import ArgumentError

if TYPE_CHECKING:
    from facerec.gallery import Transfer

MERGE_EXAMPLES = examples('facerec gallery merge "Ada L." "Ada Lovelace" --gallery people.db --receipt merged.json')
SPLIT_EXAMPLES = examples("facerec gallery split ada bob --sample 7 --sample 8 --gallery people.db")
MOVE_EXAMPLES = examples("facerec gallery move ada bob --sample 7 --gallery people.db --receipt moved.json")
UNDO_EXAMPLES = examples("facerec gallery undo merged.json --gallery people.db")

_MOST_RECEIPT = 1 << 24

Giver = Annotated[str, argument("FROM", "Whose faces go; as facerec gallery list shows it.")]
Receiver = Annotated[str, argument("TO", "Who gets them.")]


@grouped
def merge(
    giver: Giver,
    receiver: Receiver,
    *,
    gallery: GalleryFile,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Make two people one: all faces go to TO, whose name stays, and FROM is in the gallery no more.

    Keep the receipt: facerec gallery undo parts them again.
    """
    with charged.open(gallery) as people, keeping(receipt) as keep:
        done = people.merge(giver, receiver)
        keep(done.to_dict())
    _answer(done, as_json=as_json)


@grouped
def split(
    name: PersonName,
    new_name: Annotated[str, argument("NEW_NAME", "What to call the person who is made.")],
    *,
    gallery: GalleryFile,
    sample: Faces,
    consent: options.Consent = None,
    purpose: options.Purpose = None,
    expires: options.Expires = None,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Make some of a person's faces a person of their own; what is not given is as it was for both."""
    last_day = None if expires is None else expires.date()
    with charged.open(gallery) as people, keeping(receipt) as keep:
        done = people.split(name, new_name, sample, consent=consent, purpose=purpose, expires=last_day)
        keep(done.to_dict())
    _answer(done, as_json=as_json)


@grouped
def move(
    giver: Giver,
    receiver: Receiver,
    *,
    gallery: GalleryFile,
    sample: Faces,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Send some of a person's faces to another person who is enrolled."""
    with charged.open(gallery) as people, keeping(receipt) as keep:
        done = people.move_samples(giver, receiver, sample)
        keep(done.to_dict())
    _answer(done, as_json=as_json)


@grouped
def undo(
    file: Annotated[Path, argument("RECEIPT", "Of facerec gallery merge, split or move, or of undo itself.")],
    *,
    gallery: GalleryFile,
    receipt: Receipt = None,
    as_json: AsJson = False,
    charged: Charged,
) -> None:
    """Send faces back to where a receipt says they were.

    Refused if the receipt is of another gallery, or if what it names is not as it was left.
    """
    from facerec.files import read_json
    from facerec.gallery import Transfer

    content = read_json(
        file, error=ArgumentError, limit=_MOST_RECEIPT, advice="give the receipt of what is to be undone"
    )
    with charged.open(gallery) as people, keeping(receipt) as keep:
        done = people.undo(Transfer.from_dict(content))
        keep(done.to_dict())
    _answer(done, as_json=as_json)


def _answer(done: Transfer, *, as_json: bool) -> None:
    giver, receiver = done.giver, done.receiver_after
    faces = console.counted(len(done.samples), "face", "faces")
    left = "is in the gallery no more" if done.giver_after is None else f"has {done.giver_after.samples} left"
    made = "" if done.receiver is not None else ", who was made for them"
    console.answer(
        done.to_dict(),
        f"{faces} of {giver.name} went to {receiver.name}{made}; {receiver.name} has {receiver.samples}, "
        f"{giver.name} {left}; log entry {done.log_entry}",
        as_json=as_json,
    )

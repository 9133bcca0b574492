"""Mending a gallery: a photo taken out, faces sent to another person, two people made one, one made two; and back.

Faces are sent, never copied, and people are never made one by giving them one name. Each step is logged for both of
them. What erases nothing can be undone from its receipt.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence

from facerec.errors import ArgumentError, NotUndoneError, UnknownSampleError
from facerec.gallery import changes, rules
from facerec.gallery.archive import ArchivedPerson
from facerec.gallery.ledger import Ledger
from facerec.gallery.records import LogHead, MadeCopy, Person, Transfer
from facerec.visible_text import quoted


def remove(
    ledger: Ledger, person: Person, samples: int | Sequence[int]
) -> tuple[Person, int, str, tuple[MadeCopy, ...]]:
    """Delete some of a person's faces, with their photos; not all, which is to forget the person."""
    numbers = check_samples(ledger, person, samples)
    if len(numbers) == person.samples:
        message = (
            f"these are all {len(numbers)} faces of {quoted(person.name)}, who would not be matched any more; forget "
            "the person instead, or enroll a better photo first"
        )
        raise ArgumentError(message)
    ledger.delete_samples(person.number, numbers)
    after = ledger.at(person.number)
    entry = ledger.append("removed", after, {"vectors": len(numbers)})
    return after, entry, ledger.head().digest, ledger.history.copies_of(person.id)


def check_samples(ledger: Ledger, person: Person, samples: int | Sequence[int]) -> tuple[int, ...]:
    """The numbers of the faces that were named, each once; they must be this person's."""
    known = {sample.number for sample in ledger.samples(person.number)}
    several = [samples] if isinstance(samples, int) else list(samples)
    if not several:
        message = f"no face of {quoted(person.name)} was named; faces are named by their numbers"
        raise ArgumentError(message)
    for number in several:
        if number not in known:
            message = (
                f"{quoted(person.name)} has no face number {number}; `facerec gallery show` lists them: "
                f"{', '.join(map(str, sorted(known)[:10]))}"
            )
            raise UnknownSampleError(message)
    return tuple(sorted(set(several)))


def send(ledger: Ledger, giver: Person, receiver: Person, samples: int | Sequence[int]) -> Transfer:
    """Send faces to another person who is enrolled."""
    if giver.number == receiver.number:
        message = f"{quoted(giver.name)} cannot give faces to themselves"
        raise ArgumentError(message)
    numbers = check_samples(ledger, giver, samples)
    if len(numbers) == giver.samples:
        message = (
            f"these are all {len(numbers)} faces of {quoted(giver.name)}; to make the two one person, merge them "
            "(facerec gallery merge)"
        )
        raise ArgumentError(message)
    return _sent(ledger, giver, receiver, numbers, before=receiver)


def merge(ledger: Ledger, giver: Person, receiver: Person) -> Transfer:
    """Send all faces of `giver` to `receiver`, whose record stays; `giver` is then in the gallery no more."""
    if giver.number == receiver.number:
        message = f"{quoted(giver.name)} is one person already"
        raise ArgumentError(message)
    terms = rules.terms_of_both(giver, receiver)
    before = receiver
    changes.change(ledger, receiver, terms)
    numbers = [sample.number for sample in ledger.samples(giver.number)]
    return _sent(ledger, giver, receiver, numbers, before=before)


def split(
    ledger: Ledger, giver: Person, name: str, samples: int | Sequence[int], terms: Mapping[str, object]
) -> Transfer:
    """Make some faces of a person another person, who is enrolled by this; terms that are not given are the giver's."""
    numbers = check_samples(ledger, giver, samples)
    if len(numbers) == giver.samples:
        message = f"these are all {len(numbers)} faces of {quoted(giver.name)}; rename the person instead"
        raise ArgumentError(message)
    own = {term: getattr(giver, term) if value is None else value for term, value in terms.items()}
    person = ArchivedPerson(uuid.uuid4().hex, name, created=ledger.now, samples=(), **own)  # type: ignore[arg-type]
    receiver = ledger.at(ledger.add_person(person))
    return _sent(ledger, giver, receiver, numbers, before=None)


def undo(ledger: Ledger, done: Transfer) -> Transfer:
    """Send faces back as a receipt says; everything it names must be as it was left."""
    if not _is_logged(ledger, done):
        message = f"the receipt is not of this gallery: its log has no entry {done.log_entry} of that digest"
        raise NotUndoneError(message)
    receiver = ledger.by_id(done.receiver_after.id)
    held = () if receiver is None else tuple(sample.number for sample in ledger.samples(receiver.number))
    if receiver is None or not set(done.samples) <= set(held):
        missing = len(set(done.samples) - set(held))
        message = (
            f"{missing} of the {len(done.samples)} faces are not with {quoted(done.receiver_after.name)} any more; "
            "nothing was changed"
        )
        raise NotUndoneError(message)
    if done.receiver is None and len(held) > len(done.samples):
        message = (
            f"{quoted(receiver.name)} was made by this and has got other faces since; send those on first "
            "(facerec gallery move); nothing was changed"
        )
        raise NotUndoneError(message)
    giver = ledger.by_id(done.giver.id)
    if giver is None:
        if done.giver_after is not None:
            message = f"{quoted(done.giver.name)}, who gave the faces, is not enrolled any more; nothing was changed"
            raise NotUndoneError(message)
        rules.check_free(done.giver.name, ledger.by_name(done.giver.name), of=done.giver)
        agreed = rules.checked_terms(_terms(done.giver))  # a receipt may have been written by hand
        name, created = rules.known_name(done.giver.name), done.giver.created
        ledger.bring_back(done.giver.id)
        giver = ledger.at(ledger.add_person(ArchivedPerson(done.giver.id, name, created=created, samples=(), **agreed)))
        before = None
    else:
        before = giver
    for person, was, left in ((receiver, done.receiver, done.receiver_after), (giver, done.giver, done.giver_after)):
        if was is not None and left is not None and _terms(person) == _terms(left):  # nobody changed it since
            changes.change(ledger, person, rules.checked_terms(_terms(was)))
    return _sent(ledger, receiver, giver, done.samples, before=before, undone=done.log_entry)


def _is_logged(ledger: Ledger, done: Transfer) -> bool:
    """Whether the log says the same as the receipt: who gave how many faces to whom."""
    entry, gave = ledger.entry(done.log_entry), ledger.entry(done.log_entry - 1)
    if entry is None or gave is None or entry.digest.hex() != done.head or entry.event != "received":
        return False
    told = [None if each.person_id is None else each.person_id.hex() for each in (gave, entry)]
    count = json.loads(entry.details).get("vectors")
    return told == [done.giver.id, done.receiver_after.id] and count == len(set(done.samples))


def _terms(person: Person) -> dict[str, object]:
    return {term: getattr(person, term) for term in rules.TERMS}


def _sent(
    ledger: Ledger,
    giver: Person,
    receiver: Person,
    samples: Sequence[int],
    *,
    before: Person | None,
    undone: int | None = None,
) -> Transfer:
    """Move the samples, log it for both, and say what was before."""
    whole = len(samples) == giver.samples
    ledger.move_samples(samples, giver.number, receiver.number)
    told: dict[str, object] = {"vectors": len(samples)}
    if undone is not None:
        told["undone"] = undone
    if whole:
        ledger.move_sources(giver.id, receiver.id)
        ledger.take_out(giver)
        ledger.append("absorbed", giver.id, told)
    else:
        ledger.append("gave", ledger.at(giver.number), told)
    after = ledger.at(receiver.number)
    ledger.append("received", after, told)  # right after whose they were: so the log says from whom
    left = None if whole else ledger.at(giver.number)
    head: LogHead = ledger.head()
    return Transfer(tuple(samples), giver, before, left, after, head.entries, head.digest)

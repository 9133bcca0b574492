"""Taking people and photos out of a gallery for good, and mending who is who."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import date

from facerec.gallery import changes, repair, rules
from facerec.gallery.ledger import Ledger
from facerec.gallery.opened import Opened
from facerec.gallery.records import Erasure, ForgetReceipt, Person, RemovalReceipt, Transfer, Who


class Repairing(Opened):
    """Forgetting, and repair."""

    def forget(self, name: Who, *, was: Person | None = None) -> ForgetReceipt:
        """Delete a person with all vectors and photos, and erase the bytes from the store.

        Erasing rewrites the store, which takes seconds where it holds a million samples; `purge_expired` does it once
        for many people. What was exported or backed up before still holds the person; the receipt says so.
        `ChangedPersonError` if the person is not as `was` says any more.
        """

        def chosen(ledger: Ledger) -> list[Person]:
            person = self._need(ledger, name)
            rules.check_unchanged(person, was)
            return [person]

        return self._forget(chosen)[0]

    def purge_expired(self) -> list[ForgetReceipt]:
        """Forget everybody who has expired; one receipt per person."""
        return self._forget(lambda ledger: [person for person in ledger.people() if person.expired])

    def _forget(self, chosen: Callable[[Ledger], list[Person]]) -> list[ForgetReceipt]:
        with self._store.exclusively():
            with self._reading() as ledger:
                if not chosen(ledger):  # found without holding up anybody who writes
                    return []
            with self._writing() as ledger:
                forgotten = [changes.forget(ledger, person) for person in chosen(ledger)]
                now = ledger.now
            done = self._erased() if forgotten else ()
        return [
            ForgetReceipt(
                *(person.id, person.name, person.samples, person.photos, now, self._store.name),
                *(entry, head, copies, *done),
            )
            for person, entry, head, copies in forgotten
        ]

    def remove_samples(self, name: Who, samples: int | Sequence[int]) -> RemovalReceipt:
        """Delete some of a person's faces, by their numbers, with their photos, and erase the bytes from the store.

        Raises
        ------
        UnknownSampleError
            If the person has no face of such a number.
        ArgumentError
            If none are named, or these are all that the person has.
        """
        with self._store.exclusively():
            with self._writing() as ledger:
                person = self._need(ledger, name)
                numbers = repair.check_samples(ledger, person, samples)
                after, entry, head, copies = repair.remove(ledger, person, numbers)
                now = ledger.now
            done = self._erased()
        return RemovalReceipt(after, numbers, now, self._store.name, entry, head, copies, *done)

    def _erased(self) -> tuple[bool, str]:
        if self._index.loaded:  # the vectors leave this process's memory too, not only at the next search
            with self._reading() as ledger:
                self._index.follow(ledger)
        return astuple(self._store.erase())

    def compact(self) -> Erasure:
        """Erase what earlier deletions left in the store, where another process stood in the way at the time."""
        return self._store.erase()

    # -- who is who -----------------------------------------------------------------------------------------------

    def move_samples(self, giver: Who, receiver: Who, samples: int | Sequence[int]) -> Transfer:
        """Send some of a person's faces, by their numbers, to another person; `undo` sends them back.

        Raises
        ------
        UnknownSampleError
            If `giver` has no face of such a number.
        ArgumentError
            If none are named, or these are all that `giver` has, or both are one person.
        """
        with self._writing() as ledger:
            return repair.send(ledger, self._need(ledger, giver), self._need(ledger, receiver), samples)

    def merge(self, giver: Who, receiver: Who) -> Transfer:
        """Make two people one: all faces of `giver` go to `receiver`, whose name and id stay.

        Where only one has a consent or a purpose, it holds for both; of two expiry dates the earlier. The log of either
        is the log of the one. A vector that both have is kept for each, so that `undo` can part them again.

        Raises
        ------
        ArgumentError
            If they differ in consent or purpose (`update` one first), or both are one person.
        """
        with self._writing() as ledger:
            return repair.merge(ledger, self._need(ledger, giver), self._need(ledger, receiver))

    def split(
        self,
        name: Who,
        new_name: str,
        samples: int | Sequence[int],
        *,
        consent: str | None = None,
        purpose: str | None = None,
        expires: date | None = None,
    ) -> Transfer:
        """Make some of a person's faces, by their numbers, a person of their own; terms not given are as before.

        Raises
        ------
        UnknownSampleError
            If the person has no face of such a number.
        NameTakenError, LookAlikeError
            If somebody has the new name, or one that looks like it.
        ArgumentError
            If none are named, or these are all that the person has; if a text or the date is not usable.
        ExpiryPassedError
            If the new expiry date has passed.
        """
        new_name = rules.person_name(new_name)
        terms = rules.checked_terms({"consent": consent, "purpose": purpose, "expires": expires})
        with self._writing() as ledger:
            person = self._need(ledger, name)
            rules.check_not_past(expires, today=ledger.now.date(), name=new_name)
            rules.check_free(new_name, ledger.by_name(new_name), of=person)
            rules.check_look_alikes(new_name, ledger.look_alikes(new_name))
            return repair.split(ledger, person, new_name, samples, terms)

    def undo(self, done: Transfer) -> Transfer:
        """Send faces back where a receipt of `move_samples`, `merge` or `split` says they were.

        Whoever was absorbed has name, id and record again, and their log; who was split off is absorbed.

        Raises
        ------
        NotUndoneError
            If the receipt is of another gallery, or what it names is not as it was left.
        NameTakenError
            If somebody else has the name by now.
        """
        with self._writing() as ledger:
            return repair.undo(ledger, done)

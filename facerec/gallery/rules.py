"""What may be enrolled: names, texts, dates, faces and photos, checked before anything is written, for every engine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facerec import errors
from facerec.gallery.records import EmbedderIdentity, Person, Sample
from facerec.quality import QualityGate
from facerec.types import Embedder, Face, Faces
from facerec.visible_text import hidden_character, quoted, shortened, shows_something, told_apart

TERMS = ("consent", "purpose", "expires")
SHORTEST_KEY = 16
LONGEST_NAME = 200
LONGEST_TEXT = 2000

# Of texts: line breaks and lone surrogates break lists and files, bidirectional controls reorder what stands beside.
_FORBIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_BIDIRECTIONAL_CONTROLS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# float32 rounding leaves unit vectors within 1e-6 of length 1; more than this means that nobody normalised them.
_UNIT_TOLERANCE = 1e-3
GALLERY_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What a gallery of a database or a service can be called."""

_SHARED = 0.3  # intersection over union from which on two boxes are one face


def identity(embedder: Embedder) -> EmbedderIdentity:
    """The part of an embedder that a gallery remembers."""
    return EmbedderIdentity(embedder.name, embedder.digest, embedder.dimension)


def known_name(name: str) -> str:
    r"""Return `name` as galleries compare it: trimmed, in Unicode normal form C.

    Names are looked up by this rule alone, so that people whom an earlier version took under a name that is refused
    today can still be found, renamed and forgotten.

    >>> known_name("  Zoe\u0308 ")
    'Zoë'
    """
    if not isinstance(name, str):
        message = f"a person's name must be text; got {type(name).__name__}"
        raise errors.ArgumentError(message)
    normal = unicodedata.normalize("NFC", name).strip()
    if not normal or any("\ud800" <= letter <= "\udfff" for letter in normal):
        message = f"a person's name must be text that is not empty; got {quoted(name)}"
        raise errors.ArgumentError(message)
    return normal


def nobody_called(name: str, gallery: str) -> errors.UnknownPersonError:
    """The error that says that nobody has that name in a gallery."""
    return errors.UnknownPersonError(
        f"nobody called {quoted(name)} is enrolled in {shortened(gallery)}; names are compared letter by letter, and "
        "`facerec gallery list` shows them",
        name=name,
    )


def person_name(name: str) -> str:
    """Return `name` as galleries store it: a `known_name` that people can tell from any other by looking at it."""
    normal = known_name(name)
    if len(normal) > LONGEST_NAME:
        message = f"a person's name may have {LONGEST_NAME} characters; {normal[:20]!r}… has {len(normal)}"
        raise errors.ArgumentError(message)
    hidden = hidden_character(normal)
    if hidden is not None or not shows_something(normal):
        found = "nothing that can be seen" if hidden is None else f"the hidden character U+{ord(hidden):04X}"
        message = (
            f"a person's name must consist of what people can see, so that no two look the same; "
            f"{shortened(ascii(normal))} holds {found}"
        )
        raise errors.ArgumentError(message)
    return normal


def check_unchanged(person: Person, was: Person | None) -> None:
    """Raise `ChangedPersonError` if a person is not as somebody read it."""
    if was is not None and person != was:
        message = f"{quoted(person.name)} was changed meanwhile; read it again, and decide anew. Nothing was changed"
        raise errors.ChangedPersonError(message)


def optional_text(field: str, text: object) -> str | None:
    """Return `text` (a consent reference, a purpose) trimmed; ``None`` stays ``None``."""
    if text is None:
        return None
    if not isinstance(text, str) or not text.strip():
        message = f"{field} must be text that is not empty, or None; got {quoted(text)}"
        raise errors.ArgumentError(message)
    trimmed = text.strip()
    if len(trimmed) > LONGEST_TEXT:
        message = f"{field} may have {LONGEST_TEXT} characters; got {len(trimmed)}"
        raise errors.ArgumentError(message)
    for character in trimmed:
        if unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _BIDIRECTIONAL_CONTROLS:
            found = f"U+{ord(character):04X} in {quoted(trimmed)}"
            message = f"{field} must not hold control characters or line breaks; found {found}"
            raise errors.ArgumentError(message)
    return trimmed


def expiry(expires: object) -> date | None:
    """Return `expires` if it is a day."""
    if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
        message = f"expires must be a datetime.date or None; got {quoted(expires)}"
        raise errors.ArgumentError(message)
    return expires


def check_not_past(expires: date | None, *, today: date, name: str) -> None:
    """Refuse an expiry date that has passed."""
    if expires is not None and expires < today:
        message = (
            f"{quoted(name)} would not be matched: the expiry date {expires} has passed (today is {today}, UTC); "
            "give a later expiry date"
        )
        raise errors.ExpiryPassedError(message)


def checked_terms(given: Mapping[str, object]) -> dict[str, Any]:
    """Return consent, purpose and expiry, those that are given, as galleries store them."""
    return {term: expiry(value) if term == "expires" else optional_text(term, value) for term, value in given.items()}


def check_not_over(person: Person, expires: date | None) -> None:
    """Refuse samples for somebody whose time in the gallery is over, unless a new date comes with them."""
    if person.expired and expires is None:
        message = (
            f"{quoted(person.name)} expired on {person.expires} and would not be matched; "
            "give a later expiry date, or forget the person"
        )
        raise errors.ExpiredError(message)


def check_free(name: str, holder: object, *, of: Person) -> None:
    """Refuse to rename somebody to a name that somebody else has."""
    if holder:
        message = f"{quoted(of.name)} cannot be renamed: {quoted(name)} is enrolled already. Choose another name"
        raise errors.NameTakenError(message)


def check_look_alikes(name: str, others: Sequence[str]) -> None:
    """Refuse a name that looks like somebody else's."""
    if others:
        message = (
            f"{told_apart([name, others[0]])} look alike, and the latter is enrolled. If it is the same person, give "
            "that name; if not, add what tells the two apart"
        )
        raise errors.LookAlikeError(message)


def check_gallery_name(name: str) -> None:
    """Refuse what no gallery of a database or a service can be called."""
    if not isinstance(name, str) or not GALLERY_NAME.fullmatch(name):
        message = (
            "a gallery is called by 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', the first of them a letter "
            f"or a digit; got {quoted(name)}"
        )
        raise errors.ArgumentError(message)


def check_page(after: int, limit: int | None) -> None:
    """Refuse a page that cannot be."""
    if not isinstance(after, int) or after < 0 or (limit is not None and (not isinstance(limit, int) or limit < 1)):
        message = (
            f"a page starts after a number, 0 or more, and holds at least 1; got after={quoted(after)}, "
            f"limit={quoted(limit)}"
        )
        raise errors.ArgumentError(message)


def check_log_page(last: int | None, after: int, limit: int | None) -> None:
    """Refuse a page of the log that cannot be."""
    check_page(after, limit)
    if last is not None and (after or limit is not None):
        message = "last gives the newest entries, after and limit a page from there on; give one or the other"
        raise errors.ArgumentError(message)
    if last is not None and (not isinstance(last, int) or last < 0):
        message = f"last must be 0 or more, or None for all entries; got {quoted(last)}"
        raise errors.ArgumentError(message)


def check_key(key: bytes) -> None:
    """Refuse what is no key of a log, or can be guessed."""
    if not isinstance(key, bytes) or len(key) < SHORTEST_KEY:
        found = f"{len(key)} bytes" if isinstance(key, bytes) else type(key).__name__
        message = f"the key of a gallery must be bytes, at least {SHORTEST_KEY} of them; got {found}"
        raise errors.ArgumentError(message)


def check_same_request(known: bytes, asked: bytes) -> None:
    """Refuse the key of one enrollment for another."""
    if known != asked:
        message = (
            "this key was given before with another name, other faces, photos or terms; nothing was changed. A key "
            "stands for one enrollment: make a new one for another"
        )
        raise errors.ReusedKeyError(message)


def terms_of_both(giver: Person, receiver: Person) -> dict[str, Any]:
    """Consent, purpose and expiry of two who become one: what either has, and the earlier end."""
    merged: dict[str, Any] = {}
    for term in ("consent", "purpose"):
        values = [getattr(person, term) for person in (receiver, giver) if getattr(person, term) is not None]
        if len(set(values)) > 1:
            message = (
                f"{quoted(receiver.name)} and {quoted(giver.name)} differ in {term} ({quoted(values[0])}, "
                f"{quoted(values[1])}); decide which holds for both, and set it with update first"
            )
            raise errors.ArgumentError(message)
        merged[term] = values[0] if values else None
    ends = [person.expires for person in (receiver, giver) if person.expires is not None]
    return {**merged, "expires": min(ends, default=None)}


def check_import(name: str, by_name: Person | None, by_id: Person | None, *, merge: bool) -> None:
    """Refuse a person of an archive who is here already (unless merging), or who by name and id is two people here."""
    if by_name and by_id and by_name.id != by_id.id:
        message = (
            f"{quoted(name)} of the archive is {quoted(by_id.name)} in this gallery by id, but somebody "
            "else has the name; rename one of them, then import again"
        )
        raise errors.NameTakenError(message)
    if (known := by_name or by_id) and not merge:
        message = (
            f"{quoted(name)} of the archive is enrolled already (as {quoted(known.name)}); nothing was "
            "imported. Import with merge=True (--merge) to add the samples to the people who are there, or rename or "
            "forget them"
        )
        raise errors.NameTakenError(message)


def check_photos_kept(everybody: Sequence[Person]) -> None:
    """Refuse to make vectors anew where photos were not kept."""
    missing = [person for person in everybody if person.photos < person.samples]
    if missing:
        shown = ", ".join(
            f"{quoted(person.name)} ({person.samples - person.photos} of {person.samples})" for person in missing[:10]
        )
        more = f" and {len(missing) - 10} more people" if len(missing) > 10 else ""
        message = (
            f"the gallery cannot be re-embedded: photos were not kept of {shown}{more}; nothing was changed. "
            "Enroll these people again with keep_photos=True (--keep-photos), or forget them"
        )
        raise errors.PhotosNotKeptError(message)


def faces_to_enroll(faces: Face | Sequence[Face], embedder: EmbedderIdentity) -> tuple[Face, ...]:
    """Return the faces of one person as a tuple of at least one."""
    if isinstance(faces, Faces):
        message = (
            f"all {len(faces)} faces of {shortened(faces.source)} were given for one person; "
            "choose one with .only(), .largest() or .central()"
        )
        raise errors.ArgumentError(message)
    several = (faces,) if isinstance(faces, Face) else tuple(faces)
    if not several:
        message = "at least one face is needed to enroll a person; got none"
        raise errors.ArgumentError(message)
    for face in several:
        check_face(face, embedder)
    return several


def check_quality(faces: Sequence[Face], gates: Sequence[QualityGate], *, name: str) -> None:
    """Refuse faces that their gate holds back: whoever is enrolled from one is never found, or found for others."""
    judged = [gate.enrollment_problems(face) for gate, face in zip(gates, faces, strict=True)]
    if poor := [problem for problems in judged for problem in problems]:
        held_back = sum(1 for problems in judged if problems)
        message = (
            f"{quoted(name)}: nothing was stored, because {held_back} of {len(faces)} faces are below the quality "
            f"gate: {'; '.join(poor)}. Give better photos, or enroll with gate=NO_GATE (--no-gate), which the log keeps"
        )
        raise errors.PoorQualityError(message)


def check_search(faces: Faces, top: int) -> None:
    """Refuse what cannot be searched for."""
    if not isinstance(faces, Faces):
        message = f"the facerec.types.Faces of one photo are needed; got {type(faces).__name__}"
        raise errors.ArgumentError(message)
    if not isinstance(top, int) or top < 1:
        message = f"top must be a whole number of candidates, at least 1; got {quoted(top)}"
        raise errors.ArgumentError(message)


def check_face(face: Face, embedder: EmbedderIdentity) -> None:
    """Refuse a face whose vector cannot be stored in, or compared with, a gallery of `embedder`."""
    if not isinstance(face, Face):
        message = f"a facerec.types.Face is needed; got {type(face).__name__}"
        raise errors.ArgumentError(message)
    check_vectors(face.embedding[None], face.matcher.embedder_digest, embedder, source=face.source)
    if np.shape(face.box) != (4,) or not np.isfinite(face.box).all() or not np.isfinite(face.score):
        message = (
            f"{shortened(face.source)}: a face needs a box of four finite numbers and a finite score; got {face.box}, "
            f"{face.score}"
        )
        raise errors.ArgumentError(message)


def check_vectors(vectors: NDArray[np.float32], digest: str, embedder: EmbedderIdentity, *, source: str) -> None:
    """Refuse vectors that cannot be compared with those of `embedder`."""
    source = shortened(source)
    if digest != embedder.digest:
        message = (
            f"{source}: the vector was made by the embedder with digest {shortened(digest)}, the gallery holds "
            f"vectors of {embedder}; scores between two embedders mean nothing. Embed the photo with {embedder.name}, "
            "or change the gallery with `facerec gallery reembed` where its photos were kept"
        )
        raise errors.ModelMismatchError(message)
    if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] != embedder.dimension:
        message = (
            f"{source}: vectors must be float32 of {embedder.dimension} numbers; got {vectors.dtype} {vectors.shape}"
        )
        raise errors.ArgumentError(message)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    # A comparison with NaN is false, so vectors that are not finite fail here too.
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _UNIT_TOLERANCE))
    if len(wrong):
        message = (
            f"{source}: vectors must be finite and of length 1; vector {wrong[0]} has length {lengths[wrong[0]]:.6g}"
        )
        raise errors.ArgumentError(message)


def same_face(faces: Faces, sample: Sample) -> Face:
    """The face whose box has most in common with that of the sample, for `Gallery.reembed`."""
    overlaps = _overlaps(faces.detections.boxes.astype(float), np.array(sample.box))
    if len(overlaps) == 0 or overlaps.max() < _SHARED:
        message = (
            f"the face that was enrolled from {sample.source} on {sample.enrolled:%Y-%m-%d} is not found in the photo "
            "that was kept; nothing was changed. Enroll that person again, or try a smaller least face size"
        )
        raise errors.NoFaceError(message)
    return faces[int(overlaps.argmax())]


def one_place(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether two boxes in one photo are of one face."""
    return bool(_overlaps(np.array([first], float), np.array(second, float))[0] >= _SHARED)


def _overlaps(boxes: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each of n boxes, (n, 4), and one; 0 where both are empty."""
    spans = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = spans.clip(min=0).prod(axis=1)
    joined = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - shared
    return np.divide(shared, joined, out=np.zeros(len(boxes)), where=joined > 0)


def photos_to_enroll(photos: Sequence[bytes | None], faces: int, *, keep_photos: bool) -> tuple[bytes | None, ...]:
    """Return the photos' bytes, one per face, ``None`` where a face came from no file; or none at all."""
    if keep_photos and (not photos or None in photos):
        message = "keep_photos=True needs the photos' bytes: photos=[path.read_bytes(), ...], one per face"
        raise errors.ArgumentError(message)
    if photos and (isinstance(photos, bytes) or len(photos) != faces):
        got = "one bytes object" if isinstance(photos, bytes) else f"{len(photos)}"
        message = f"photos must hold one photo per face, in the same order: {faces} expected; got {got}"
        raise errors.ArgumentError(message)
    for number, photo in enumerate(photos):
        if photo is None:
            continue  # an image or an array, which no file stands for
        if not isinstance(photo, bytes) or not photo:
            found = f"{len(photo)} bytes" if isinstance(photo, bytes) else type(photo).__name__
            message = f"photos must be bytes that are not empty; photo {number} is {found}"
            raise errors.ArgumentError(message)
    return tuple(photos)


def storable_source(source: str) -> str:
    r"""Return `source` with what UTF-8 cannot hold written out, for file names that are not valid text.

    >>> storable_source("a\udcff.jpg")
    'a\\udcff.jpg'
    """
    return str(source).encode("utf-8", "backslashreplace").decode("utf-8")

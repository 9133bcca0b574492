"""Score tables without names, for publishing.

A keyed hash, because names can be guessed: whoever has a list of names could hash it and look them up, but not
without the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import pandas as pd

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.score_table import both_sides, check


def pseudonymise(table: pd.DataFrame, *, key: bytes) -> pd.DataFrame:
    """Replace the ids of people and photos in a score table by pseudonyms.

    Parameters
    ----------
    table : DataFrame
    key : bytes
        16 … 64 bytes that nobody can guess, such as ``secrets.token_bytes(32)``. The same key gives the same id the
        same pseudonym in every table; without the key a pseudonym leads nowhere. Keep it to extend a published
        table later, destroy it otherwise.

    Returns
    -------
    DataFrame
        A person becomes 16 hexadecimal digits, a photo that person's pseudonym, a slash and a number. All other
        columns stay, so look whether one of them names people. Rows are sorted by the pseudonyms: their old order
        would tell who is who to everyone who knows the list of pairs.

    Raises
    ------
    ArgumentError
        If `key` has fewer than 16 or more than 64 bytes.
    ScoreTableError
        If `check` refuses the table, or a photo is attributed to several people.
        If two ids would get one pseudonym; another key helps.

    Notes
    -----
    BLAKE2b with a key (RFC 7693, section 2.9): 8 bytes of it for a person, 4 for a photo among a person's photos.

    Examples
    --------
    >>> from facerec.measure.tables import REQUIRED
    >>> table = pd.DataFrame([["ann/1.jpg", "ann/2.jpg", "ann", "ann", True, 0.93]], columns=REQUIRED)
    >>> pseudonymise(table, key=b"an example: sixteen bytes or more")["probe_subject"].str.len().tolist()
    [16]
    """
    if not 16 <= len(key) <= 64:
        message = f"the key must have 16 to 64 bytes; got {len(key)}"
        raise ArgumentError(message)
    checked = check(table)
    owner = _owners(checked)
    people = _pseudonyms(owner.unique(), lambda person: _digest(person, key, 8).hex())
    photos = _pseudonyms(
        owner.index, lambda photo: f"{people[owner[photo]]}/{int.from_bytes(_digest(photo, key, 4), 'big')}"
    )
    for side in ("probe", "reference"):
        checked[f"{side}_subject"] = checked[f"{side}_subject"].map(people)
        checked[f"{side}_image"] = checked[f"{side}_image"].map(photos)
    return checked.sort_values(list(checked.columns), kind="stable", ignore_index=True)


def _owners(table: pd.DataFrame) -> pd.Series:
    """Whom each photo shows: subject by image."""
    owners = pd.DataFrame({what: both_sides(table, what) for what in ("image", "subject")}).drop_duplicates()
    repeated = owners[owners["image"].duplicated(keep=False)].sort_values(["image", "subject"])
    if len(repeated):
        image, subjects = repeated["image"].iloc[0], repeated["subject"].iloc[:2].tolist()
        message = f"the photo {image!r} is attributed to several people, {subjects[0]!r} and {subjects[1]!r} among them"
        raise ScoreTableError(message)
    return owners.set_index("image")["subject"]


def _pseudonyms(ids: Iterable[str], pseudonym: Callable[[str], str]) -> dict[str, str]:
    names = {name: pseudonym(name) for name in ids}
    if len(set(names.values())) < len(names):
        message = f"two of {len(names)} ids would get the same pseudonym; use another key"
        raise ScoreTableError(message)
    return names


def _digest(name: str, key: bytes, size: int) -> bytes:
    return hashlib.blake2b(name.encode("utf-8"), key=key, digest_size=size).digest()

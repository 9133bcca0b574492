"""Labelled faces in FairFace's format: ``file,age,gender,race`` and, if it likes, ``service_test``.

The photos show people who are not known by name, so that two photos of one person cannot be told from photos of two:
every photo counts as a person of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from facerec.errors import ArgumentError, DataSetError
from facerec.transfer.image_set import ImageSet
from facerec.transfer.listing import Listing
from facerec.transfer.manifest import list_manifest
from facerec.transfer.reading import read_listing

Attribute: TypeAlias = Literal["gender", "age"]
"""What may be learned here. Race is a column to judge by, and never one to predict."""

GROUPS = ("race", "gender")
"""The columns whose combinations are judged apart."""

FILE = "file"
TRAIN, VALIDATION = "fairface_label_train.csv", "fairface_label_val.csv"

_COLUMNS = ("age", "gender", "race")
# What spreadsheets make of the age classes 3-9 and 10-19.
_A_DATE = re.compile(r"\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(mar|sep|oct)-\d{1,2}", re.IGNORECASE)


def read_fairface(source: Path, *, attribute: Attribute) -> ImageSet:
    """Read labelled faces.

    Parameters
    ----------
    source : Path
        A CSV file (UTF-8, commas) with the columns ``file`` (a path from the CSV's folder), ``age``, ``gender`` and
        ``race``, and any others; or a folder with FairFace's ``fairface_label_train.csv`` and/or
        ``fairface_label_val.csv``. With both, the former is learned from and the latter tested on.
    attribute : {"gender", "age"}
        What is to be predicted.

    Returns
    -------
    ImageSet
        The columns ``age``, ``gender`` and ``race`` are kept, the predicted one too. Ages are in ascending order. A
        photo without the label, or one that cannot be read, is in `left_out`.

    Raises
    ------
    ArgumentError
        If `attribute` is another one.
    DataSetError
        If there is no such file, or the folder holds neither of FairFace's.
        If a column is missing, photos are missing or stand twice, or there are fewer than two classes.
        If an age is what a spreadsheet made of one, such as Oct-19 for 10-19.
    """
    if attribute not in get_args(Attribute):
        message = f"the attribute is gender or age; got {attribute!r}"
        raise ArgumentError(message)
    tables = _label_files(source)
    listings = [_listed(path, attribute) for path in tables]
    parts = [each.parts for each in listings]
    if len(listings) > 1:
        parts = [[part] * len(each.files) for part, each in zip(("train", "test"), listings, strict=True)]
    names = list(dict.fromkeys(name for each in listings for name in each.columns))
    if any(set(each.columns) != set(names) for each in listings):
        names = list(_COLUMNS)
    return read_listing(
        Listing(
            source.stem if source.is_file() else source.name,
            tables[0].parent,
            list(chain.from_iterable(each.files for each in listings)),
            list(chain.from_iterable(each.labels for each in listings)),
            list(chain.from_iterable(parts)),
            {name: list(chain.from_iterable(each.columns[name] for each in listings)) for name in names},
            list(chain.from_iterable(each.left_out for each in listings)),
        ),
        classes=in_order(chain.from_iterable(each.labels for each in listings)),
    )


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of classes by the first number in them, those without one by the alphabet.

    >>> in_order(["more than 70", "10-19", "3-9", "0-2", "10-19"])
    ('0-2', '3-9', '10-19', 'more than 70')
    """

    def key(name: str) -> tuple[int, str]:
        number = re.search(r"\d+", name)
        return (int(number[0]) if number else -1), name

    return tuple(sorted(set(names), key=key))


def _label_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = [source / name for name in (TRAIN, VALIDATION) if (source / name).is_file()]
    if not found:
        what = f"holds neither {TRAIN} nor {VALIDATION}" if source.is_dir() else "is no file and no folder"
        message = f"{source}: {what}; give a CSV file with the columns {FILE}, {', '.join(_COLUMNS)}"
        raise DataSetError(message)
    return found


def _listed(path: Path, attribute: Attribute) -> Listing:
    listing = list_manifest(path, label=attribute, image=FILE)
    columns = {attribute: listing.labels, **listing.columns}
    if absent := [name for name in _COLUMNS if name not in columns]:
        message = (
            f"{path}: lacks the column {' and '.join(absent)}; FairFace's format has {FILE}, {', '.join(_COLUMNS)}"
        )
        raise DataSetError(message)
    if odd := next((age for age in columns["age"] if _A_DATE.fullmatch(age.strip())), None):
        message = (
            f"{path}: the age {odd!r} is what a spreadsheet makes of 3-9 or 10-19; take the file as it was published, "
            "or put the ages right"
        )
        raise DataSetError(message)
    return Listing(listing.name, listing.root, listing.files, listing.labels, listing.parts, columns, listing.left_out)

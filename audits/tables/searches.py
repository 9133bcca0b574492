"""The table of searches: what a gallery answered to each probe, and who is enrolled in it.

One row per search and candidate, with the columns `SEARCH_COLUMNS` and ``probe_<attribute>``; a search that returned
nobody stays as one row with an empty candidate and an empty score. The gallery is a table with the column ``subject``
and a column for each attribute, one row per enrolled person. Both can come from any vendor (`read_searches`);
`searches` makes them from vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from facerec.errors import ArgumentError, ScoreTableError
from facerec.measure.tables.cells import as_text, numbers, whole_ids
from facerec.measure.tables.completed import refuse_reversed
from facerec.measure.tables.pair_scores import stacked
from facerec.measure.tables.table_files import Layout
from facerec.measure.tables.vendor import GroupColumns, read_several, renamed_roles

SEARCH_COLUMNS = ("search", "probe_subject", "candidate_subject", "score")
"""The columns of every table of searches."""

_DIGITS = 7  # what float32 vectors carry, as in score tables
_BLOCK = 512


@dataclass(frozen=True)
class SearchColumns:
    """What tables of searches and of who is enrolled call their columns; None where they use our name.

    `subject` is of the gallery; `groups` say where labels are: of probes in the searches, of references in the gallery.
    """

    search: str | None = None
    probe_subject: str | None = None
    candidate_subject: str | None = None
    score: str | None = None
    subject: str | None = None
    groups: tuple[GroupColumns, ...] = ()


def read_searches(
    path: str | Path | Sequence[str | Path],
    gallery: str | Path,
    columns: SearchColumns = SearchColumns(),
    *,
    layout: Layout = Layout(),  # noqa: B008 - frozen
    people: str | Path | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read searches, and who is enrolled, from files of any kind (``facerec.measure.tables.vendor.read_vendor``).

    Several files of searches are one table; `people` gives labels to probes and to who is enrolled. Neither table is
    checked yet: ``audit_identification`` does that.

    Raises
    ------
    ScoreTableError
        If a file is missing, empty, of an unknown kind or encoding, not of the kind that its name says, or too large.
        If a table lacks columns that `columns` names, or `people` cannot be joined.
    """
    roles = {name: getattr(columns, name) for name in SEARCH_COLUMNS}
    probes = [(f"probe_{group.name}", group.probe) for group in columns.groups]
    enrolled = [(group.name, group.reference) for group in columns.groups if group.name != group.reference]
    table = read_several(
        path,
        kind="a table of searches",
        rename=lambda raw: renamed_roles(raw, roles, probes),
        layout=layout,
        people=people,
        sides=(("probe_subject", "probe_"),),
    )
    known = read_several(
        gallery,
        kind="a table of who is enrolled",
        rename=lambda raw: renamed_roles(raw, {"subject": columns.subject}, enrolled),
        layout=layout,
        people=people,
        sides=(("subject", ""),),
    )
    return table, known


def check_gallery(gallery: pd.DataFrame) -> pd.DataFrame:
    """Check the table of enrolled people; everything comes back as text.

    Raises
    ------
    ScoreTableError
        If the column ``subject`` is missing.
        If nobody is enrolled.
        If a subject is empty or stands in two rows.
    """
    if "subject" not in gallery.columns:
        message = f"the gallery lacks the column subject; it has {', '.join(map(str, gallery.columns)) or 'no columns'}"
        raise ScoreTableError(message)
    checked = pd.DataFrame({str(name): as_text(gallery[name]) for name in gallery.columns})
    checked["subject"] = whole_ids(gallery["subject"])
    if checked.empty:
        message = "the gallery is empty; without enrolled people there is nothing to search"
        raise ScoreTableError(message)
    if (checked["subject"] == "").any():
        message = (
            f"the subject in row {int((checked['subject'] == '').to_numpy(bool).argmax()) + 1} of the gallery is empty"
        )
        raise ScoreTableError(message)
    if (twice := checked["subject"].duplicated()).any():
        message = f"{checked['subject'][twice].iloc[0]!r} stands in two rows of the gallery; a row is a person"
        raise ScoreTableError(message)
    return checked


def check_searches(
    table: pd.DataFrame, gallery: pd.DataFrame, *, distance: bool = False, accept_reversed: bool = False
) -> pd.DataFrame:
    """Check a table of searches against the gallery that answered them.

    Parameters
    ----------
    table : DataFrame
        With the columns `SEARCH_COLUMNS`.
    gallery : DataFrame
        From `check_gallery`.
    distance : bool
        Whether the scores are distances: smaller where faces are more alike.
    accept_reversed : bool
        Take scores by which wrong people are more alike than the right ones, instead of refusing them.

    Returns
    -------
    DataFrame
        A new table, all text but for `score` (float64, distances negated: larger = more alike), rows in their order.

    Raises
    ------
    ScoreTableError
        If a column is missing, or there is no search.
        If a search or a probe's subject is empty.
        If a search belongs to two subjects or carries two labels of one attribute.
        If a candidate is not enrolled, or stands twice in one search.
        If a score is infinite or not a number, or a candidate has none, or a score has no candidate.
        If wrong candidates are more alike than mates, and nobody accepted it.
    """
    if absent := [name for name in SEARCH_COLUMNS if name not in table.columns]:
        message = (
            f"the searches lack {', '.join(absent)}; they have {', '.join(map(str, table.columns)) or 'no columns'}"
        )
        raise ScoreTableError(message)
    if table.empty:
        message = "there are no searches"
        raise ScoreTableError(message)
    checked = pd.DataFrame({str(name): as_text(table[name]) for name in table.columns if name != "score"})
    # Ids that are numbers have a decimal point as soon as one search found nobody.
    checked["probe_subject"], checked["candidate_subject"] = (
        whole_ids(table[name]) for name in ("probe_subject", "candidate_subject")
    )
    checked["score"] = numbers(table["score"])
    for name in ("search", "probe_subject"):
        _refuse(checked[name] == "", name, "is empty", checked)
    probe_columns = [name for name in checked.columns if name.startswith("probe_")]
    first = checked.groupby("search", sort=False)[probe_columns].transform("first")
    for name in probe_columns:
        _refuse(checked[name] != first[name], name, "differs from that of the same search above", checked)
    named = checked["candidate_subject"] != ""
    _refuse(
        named & ~checked["candidate_subject"].isin(gallery["subject"]), "candidate_subject", "is not enrolled", checked
    )
    _refuse(
        named & checked.duplicated(["search", "candidate_subject"]),
        "candidate_subject",
        "stands twice in one search",
        checked,
    )
    _refuse(named & checked["score"].isna(), "score", "is missing for a candidate", checked)
    _refuse(~named & checked["score"].notna(), "candidate_subject", "is empty beside a score", checked)
    if distance:
        checked["score"] = 0.0 - checked["score"]
    if not accept_reversed:
        refuse_reversed(
            checked["score"].to_numpy(np.float64),
            checked["candidate_subject"].eq(checked["probe_subject"]).to_numpy(bool),
            distance=distance,
            told="wrong candidates are more alike than the right ones",
        )
    return checked


def searches(
    probes: pd.DataFrame,
    enrolled: pd.DataFrame,
    embeddings: Mapping[str, NDArray[np.float32] | None],
    *,
    candidates: int = 20,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Search a gallery for every probe, exactly.

    Parameters
    ----------
    probes, enrolled : DataFrame
        Columns ``image`` and ``subject``, and a column for each attribute; a person may have several photos.
    embeddings : mapping of str to ndarray, float32, shape (d,), or None
        A unit vector for each photo, or None where no face was found in it.
    candidates : int
        How many of the most alike people each search returns, at least 1.

    Returns
    -------
    table : DataFrame
        Searches, named by the probe's photo, candidates best first. A person is as alike as the most alike of their
        photos: a cosine, rounded to seven decimals. A probe without a face has one row without a candidate.
    gallery : DataFrame
        The enrolled people, one row each. A person none of whose photos shows a face is among them: searches for
        that person are mated, and miss.

    Raises
    ------
    ArgumentError
        If `candidates` is less than 1.
        If vectors differ in shape, or one is not of unit length.
    ScoreTableError
        If a table lacks ``image`` or ``subject``.
        If a photo has no embedding, or is both enrolled and searched for.
        If a photo stands in two rows of one table.
        If no enrolled photo has a vector.
    """
    if candidates < 1:
        message = f"candidates must be at least 1; got {candidates}"
        raise ArgumentError(message)
    probes, enrolled = _photos("probes", probes, embeddings), _photos("enrolled photos", enrolled, embeddings)
    if (both := probes["image"].isin(enrolled["image"])).any():
        message = f"photo {probes['image'][both].iloc[0]!r} is enrolled and searched for; it would find itself"
        raise ScoreTableError(message)
    gallery = enrolled.drop(columns="image").drop_duplicates("subject").sort_values("subject").reset_index(drop=True)
    known = enrolled[[embeddings[image] is not None for image in enrolled["image"]]].sort_values(
        "subject", kind="stable"
    )
    seen = [image for image in probes["image"] if embeddings[image] is not None]
    if known.empty:
        message = f"none of the {len(enrolled)} enrolled photos has a vector"
        raise ScoreTableError(message)
    vectors = stacked([*seen, *known["image"]], embeddings).astype(np.float64)
    left, right = vectors[: len(seen)], vectors[len(seen) :]
    people, starts = np.unique(known["subject"].to_numpy(str), return_index=True)
    wanted = min(candidates, len(people))
    found: dict[str, tuple[list[str], list[float]]] = {}
    for start in range(0, len(left), _BLOCK):
        alike = np.maximum.reduceat(left[start : start + _BLOCK] @ right.T, starts, axis=1).clip(-1, 1).round(_DIGITS)
        best = np.argsort(-alike, axis=1, kind="stable")[:, :wanted]
        for row, order in enumerate(best):
            found[seen[start + row]] = (people[order].tolist(), alike[row, order].tolist())
    answers = [found.get(image, ([""], [np.nan])) for image in probes["image"]]
    repeated = probes.loc[probes.index.repeat([len(names) for names, _ in answers])].reset_index(drop=True)
    table = repeated.rename(columns={"image": "search"} | {n: f"probe_{n}" for n in probes.columns if n != "image"})
    table["candidate_subject"] = [name for names, _ in answers for name in names]
    table["score"] = np.array([score for _, values in answers for score in values], np.float64)
    return table, gallery


def _refuse(wrong: pd.Series, name: str, why: str, table: pd.DataFrame) -> None:
    rows = np.flatnonzero(wrong.to_numpy(bool))
    if len(rows):
        more = f" (and {len(rows) - 1} more rows)" if len(rows) > 1 else ""
        message = f"{name} in row {rows[0] + 1} of the searches, {table[name].iloc[rows[0]]!r}{more}, {why}"
        raise ScoreTableError(message)


def _photos(what: str, photos: pd.DataFrame, embeddings: Mapping[str, NDArray[np.float32] | None]) -> pd.DataFrame:
    if absent := [name for name in ("image", "subject") if name not in photos.columns]:
        message = (
            f"the {what} lack {', '.join(absent)}; they have {', '.join(map(str, photos.columns)) or 'no columns'}"
        )
        raise ScoreTableError(message)
    checked = pd.DataFrame({str(name): as_text(photos[name]) for name in photos.columns})
    if (twice := checked["image"].duplicated()).any():
        message = f"photo {checked['image'][twice].iloc[0]!r} stands in two rows of the {what}"
        raise ScoreTableError(message)
    if unknown := [image for image in checked["image"] if image not in embeddings]:
        message = f"{len(unknown)} of the {what} have no embedding, the first is {unknown[0]!r}; no face is None"
        raise ScoreTableError(message)
    return checked

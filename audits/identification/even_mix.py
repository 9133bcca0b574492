"""How much of a gallery's FPIR comes from who is enrolled: the same search of a gallery with every group alike.

A gallery that holds many people of one group finds more false positives for probes of that group. So FPIR is measured
again on galleries that hold equally many of each group, and on galleries of that very size with the composition as it
is: what differs between those two is the composition and not the size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from audits.identification.gallery_mix import GalleryMix, reweight_gallery
from audits.identification.results import IdentificationAudit, IdentificationGrouping
from facerec.errors import ScoreTableError


@dataclass(frozen=True)
class EvenMix:
    """FPIR by group with as many people of each group as of the smallest one.

    Attributes
    ----------
    by : str
    same, even : GalleryMix or None
        Galleries of one size: composed as the gallery is, as nearly as whole people allow, and of equal parts. None
        where that cannot be said.
    reason : str
        Why not; empty where it can be said.
    """

    by: str
    same: GalleryMix | None
    even: GalleryMix | None
    reason: str = ""


def even_mixes(table: pd.DataFrame, gallery: pd.DataFrame, audit: IdentificationAudit) -> tuple[EvenMix, ...]:
    """Ask every grouping of an audit what an even gallery would answer.

    Parameters
    ----------
    table, gallery : DataFrame
        Those that were audited.
    audit : IdentificationAudit

    Returns
    -------
    tuple of EvenMix
        One for each grouping.

    Raises
    ------
    ScoreTableError
        If the tables are not those of the audit.

    Examples
    --------
    >>> from audits.identification.audit import audit_identification
    >>> gallery = pd.DataFrame({"subject": ["ann", "bea", "cyd", "dan"], "gender": ["f", "m", "m", "m"]})
    >>> rows = [["1", "eve", "f", "ann", 0.9], ["2", "fay", "m", "cyd", 0.9], ["2", "fay", "m", "dan", 0.1]]
    >>> table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_gender", "candidate_subject", "score"])
    >>> mix, = even_mixes(table, gallery, audit_identification(table, gallery, threshold=0.5, by=["gender"]))
    >>> mix.even.composition, mix.same.composition
    ({'f': 1, 'm': 1}, {'f': 1, 'm': 1})
    >>> mix.even.groups[2].measured, round(mix.even.groups[2].reweighted, 4)  # one of three men is met
    (1.0, 0.3333)
    """
    return tuple(_even_mix(table, gallery, audit, grouping) for grouping in audit.groupings)


def _even_mix(
    table: pd.DataFrame, gallery: pd.DataFrame, audit: IdentificationAudit, grouping: IdentificationGrouping
) -> EvenMix:
    sizes = {group.group: group.enrolled for group in grouping.groups if group.enrolled}
    if len(sizes) < 2:
        return EvenMix(grouping.by, None, None, "fewer than two groups are enrolled")
    if not any(group.fpir.measured for group in grouping.groups):
        return EvenMix(grouping.by, None, None, "there are no non-mated searches of labelled people")
    smallest = min(sizes.values())
    asked = [proportional(sizes, smallest * len(sizes)), dict.fromkeys(sizes, smallest)]
    try:
        same, even = (
            reweight_gallery(
                table,
                gallery,
                by=grouping.by,
                threshold=audit.threshold,
                composition=composition,
                distance=audit.distance,
                confidence=audit.confidence,
            )
            for composition in asked
        )
    except ScoreTableError as problem:  # the audit took the tables, so lists of candidates are too short for this
        return EvenMix(grouping.by, None, None, str(problem))
    return EvenMix(grouping.by, same, even)


def proportional(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """Whole numbers in proportion to sizes, by the method of the largest remainder.

    >>> proportional({"f": 1, "m": 5}, 4)
    {'f': 1, 'm': 3}
    """
    whole = sum(sizes.values())
    parts = {name: size * total // whole for name, size in sizes.items()}
    left = sorted(sizes, key=lambda name: (-(sizes[name] * total % whole), name))
    for name in left[: total - sum(parts.values())]:
        parts[name] += 1
    return parts

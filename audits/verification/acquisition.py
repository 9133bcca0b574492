"""Failures to acquire as ISO/IEC 19795-1 counts them: by photo, not by comparison; and FMR and FNMR without them.

A photo in which no face is found is one failure, in however many comparisons it stands. Rates over all comparisons take
those for rejections, as a user meets them: what the standard calls generalized false accept and reject rates, where
everybody is enrolled. Its FMR and FNMR are over completed comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.people import PersonMean, person_mean
from audits.statistics.trials import Trials, rates_by
from audits.verification.results import Acquisition
from facerec.measure.tables.completed import Completed
from facerec.measure.tables.score_table import failed_photos


@dataclass(frozen=True, eq=False)
class Photos:
    """The photos of a table.

    `failed` and `refused` (p,) say of which no face was found, and which faces the gate refused (None: the table does
    not say), `who` (p,) who is on them, None where nobody is named, and `rows` (p,) at which of the 2n sides of the
    table, references below probes, each stands first.
    """

    failed: NDArray[np.bool_]
    refused: NDArray[np.bool_] | None
    who: NDArray[np.integer] | None
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, completed: Completed) -> Photos | None:
        """Of a table; None where it names none."""
        images, people = completed.images(), completed.people()
        if images is None:
            return None
        rows = np.unique(images.ravel(), return_index=True)[1]
        failed, refused = failed_photos(completed.table, images)
        return cls(failed, refused, None if people is None else people.ravel()[rows], rows)


def acquisitions(
    photos: Photos | None, sides: NDArray[np.integer], rates: Sequence[tuple[Estimate, Estimate]], *, confidence: float
) -> tuple[Acquisition, ...]:
    """What was acquired of each group.

    `sides` (2, n) are the groups of either side, -1 for none; `rates` the FMR and the FNMR of each group over the
    comparisons for which both photos were acquired.
    """
    size = len(rates)
    if photos is None:
        return tuple(Acquisition(None, None, None, *each) for each in rates)

    def of_photos(trials: Trials, codes: NDArray[np.integer]) -> tuple[Estimate, ...]:
        return rates_by(trials, codes, size, confidence=confidence, correlation=trials.correlation)

    codes = sides.ravel()[photos.rows]
    found = Trials(photos.failed, None if photos.who is None else (photos.who, photos.who))
    turned_away: tuple[Estimate | None, ...] = (None,) * size
    if photos.refused is not None:
        faces = Trials(photos.refused, found.people).take(~photos.failed)
        turned_away = of_photos(faces, codes[~photos.failed])
    means: list[PersonMean | None] = [
        person_mean(found.take(codes == code), correlation=found.correlation, confidence=confidence)
        for code in range(size)
    ]
    return tuple(
        Acquisition(fta, mean, refused, *each)
        for fta, mean, refused, each in zip(of_photos(found, codes), means, turned_away, rates, strict=True)
    )

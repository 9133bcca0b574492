"""Failures to acquire as ISO/IEC 19795-1 counts them: by photo, not by comparison; and FMR and FNMR without them.

A photo in which no face is found is one failure, in however many comparisons it stands. Rates over all comparisons take
those for rejections, as a user meets them: what the standard calls generalized false accept and reject rates, where
everybody is enrolled. Its FMR and FNMR are over completed comparisons.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audits.statistics.estimates import Estimate
from audits.statistics.people import person_mean
from audits.statistics.trials import Trials, rates_by
from audits.verification.results import Acquisition
from facerec.measure.tables.completed import Completed
from facerec.measure.tables.score_table import failed_photos


def acquisitions(
    completed: Completed, kinds: tuple[Trials, Trials], sides: NDArray[np.integer], *, size: int, confidence: float
) -> tuple[Acquisition, ...]:
    """What was acquired of each of `size` groups, and the error rates of the comparisons for which both photos were.

    `kinds` are the impostor trials and the genuine ones, in the order of `completed`; `sides` (2, n) the groups of
    either side, -1 for none.
    """
    table = completed.table
    genuine, scored = table["genuine"].to_numpy(bool), table["score"].notna().to_numpy(bool)
    within = np.where(sides[0] == sides[1], sides[0], -1)

    def rates(trials: Trials, codes: NDArray[np.integer]) -> tuple[Estimate, ...]:
        return rates_by(trials, codes, size, confidence=confidence, correlation=trials.correlation)

    fmr, fnmr = (
        rates(trials.take(scored[kind]), within[kind & scored])
        for trials, kind in zip(kinds, (~genuine, genuine), strict=True)
    )
    images = completed.images()
    if images is None:
        return tuple(Acquisition(None, None, None, *each) for each in zip(fmr, fnmr, strict=True))
    first = np.unique(images.ravel(), return_index=True)[1]
    people = completed.people()
    who = None if people is None else people.ravel()[first]
    failed, refused = failed_photos(table, images)
    codes = sides.ravel()[first]
    found = Trials(failed, None if who is None else (who, who))
    turned_away: tuple[Estimate | None, ...] = (None,) * size
    if refused is not None:
        faces = Trials(refused, found.people).take(~failed)
        turned_away = rates(faces, codes[~failed])
    means = (
        person_mean(found.take(codes == code), correlation=found.correlation, confidence=confidence)
        for code in range(size)
    )
    return tuple(map(Acquisition, rates(found, codes), means, turned_away, fmr, fnmr))

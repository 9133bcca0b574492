"""What a gallery of another composition would answer: FPIR depends on who is enrolled, not on the matcher alone.

Most false positives are people of the probe's own group, so a gallery with more of them has a higher FPIR for them at
the same threshold. Two answers: exact re-weighting to any smaller gallery that can be drawn from the one at hand, and
the formula that takes comparisons as independent, for larger ones, with a check of how far it is off at the size that
was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from audits.identification.outcomes import probe_and_gallery_groups, search_outcomes
from audits.statistics.intervals import CONFIDENCE, checked_confidence, clopper_pearson
from audits.tables.searches import check_gallery, check_searches
from facerec.errors import ArgumentError, ScoreTableError
from facerec.types import Interval

LARGER = (10, 100)
"""How many times as large the galleries are that the formula is asked about."""


@dataclass(frozen=True)
class MixedFpir:
    """FPIR of one group of probes, with the gallery as it is and with another composition.

    Attributes
    ----------
    group : str
        The probes' group; the empty text for all labelled non-mated searches.
    searches, subjects : int
        Non-mated searches, and different people among their probes.
    measured : float
        FPIR with the gallery as it is; NaN without searches.
    independent : float
        What the formula for independent comparisons says of the gallery as it is. Far from `measured`, it must not be
        used for larger galleries.
    reweighted : float
        FPIR expected of galleries with the wanted composition, drawn from this one; NaN without searches.
    interval : Interval
        Of `reweighted`, over the people who are searched for.
    larger : tuple of (int, float)
        What the formula says of galleries that are `LARGER` times as large, of the same composition as this one.
    """

    group: str
    searches: int
    subjects: int
    measured: float
    independent: float
    reweighted: float
    interval: Interval
    larger: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class GalleryMix:
    """FPIR by group under another composition of the gallery.

    Attributes
    ----------
    by : str
        The attributes joined by commas.
    threshold : float
    enrolled : mapping of str to int
        People of each group in the gallery as it is.
    composition : mapping of str to int
        People of each group in the gallery that is asked about.
    groups : tuple of MixedFpir
        All labelled probes first, then every group.
    unlabelled_enrolled, unlabelled_searches : int
        People of the gallery and non-mated searches without a label; they are left out.
    """

    by: str
    threshold: float
    enrolled: Mapping[str, int]
    composition: Mapping[str, int]
    groups: tuple[MixedFpir, ...]
    unlabelled_enrolled: int
    unlabelled_searches: int


def reweight_gallery(
    table: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    by: str,
    threshold: float,
    composition: Mapping[str, int],
    distance: bool = False,
    confidence: float = CONFIDENCE,
) -> GalleryMix:
    """FPIR by group for galleries with a given number of people of each group.

    Parameters
    ----------
    table, gallery : DataFrame
        As for `audit_identification`. Every candidate at or above the threshold must be listed.
    by : str
        One attribute, or several joined by commas for their intersection.
    threshold : float
        A candidate counts iff its score ≥ threshold or, where the scores are `distance`s, ≤ threshold.
    composition : mapping of str to int
        Group → how many of its people, 0 … as many as are enrolled; groups that are not named have none.
    distance : bool
        Whether smaller scores are more alike.
    confidence : float
        Between 0 and 1, exclusive.

    Returns
    -------
    GalleryMix

    Raises
    ------
    ScoreTableError
        If the gallery or the searches are not what ``check_gallery`` and ``check_searches`` ask for.
        If an attribute is missing on either side.
        If a list of candidates may have been cut above the threshold.
    ArgumentError
        If `composition` names an unknown group, more people than are enrolled, or nobody.
        If `threshold` is NaN, or `confidence` is out of range.

    Notes
    -----
    A non-mated search with k_h candidates of group h at or above the threshold, out of N_h enrolled, meets none of
    them in a gallery of n_h people drawn without replacement with the probability Π_h C(N_h − k_h, n_h) / C(N_h, n_h);
    FPIR is the mean of one minus that. With n_h = N_h it is the measured FPIR. Under independence it is
    1 − Π_h (1 − FMR_gh)^N_h, FMR_gh being the share of comparisons of probe group g with h that match.

    References
    ----------
    ISO/IEC 19795-1 (false positive identification rate). The independence formula is common practice; matchers that
    steady the tail of impostor scores, and probes that resemble many, break it.

    Examples
    --------
    >>> gallery = pd.DataFrame({"subject": ["ann", "bea", "bob", "cyd"], "gender": ["f", "f", "m", "m"]})
    >>> rows = [["1", "eve", "f", "ann", 0.9], ["1", "eve", "f", "bob", 0.1]]
    >>> table = pd.DataFrame(rows, columns=["search", "probe_subject", "probe_gender", "candidate_subject", "score"])
    >>> mix = reweight_gallery(table, gallery, by="gender", threshold=0.5, composition={"f": 1, "m": 2})
    >>> mix.groups[0].measured, mix.groups[0].reweighted  # half of the galleries hold the one whom eve resembles
    (1.0, 0.5)
    """
    checked_confidence(confidence)
    if math.isnan(threshold):
        message = "the threshold is NaN; it must be a number"
        raise ArgumentError(message)
    people = check_gallery(gallery)
    checked = check_searches(table, people, distance=distance, accept_reversed=True)
    least = -threshold if distance else threshold
    outcomes = search_outcomes(checked, people, threshold=least)
    groups, probe, enrolled = probe_and_gallery_groups(outcomes, people, by)
    sizes = np.bincount(enrolled[enrolled >= 0], minlength=len(groups))
    wanted = _wanted(composition, groups.names, sizes)
    outcomes = outcomes.assign(group=probe)[~outcomes["mated"]]
    _refuse_cut_lists(outcomes, len(people), least)
    hits = _hits(checked, outcomes, people, enrolled, groups=len(groups), threshold=least)
    expected = 1 - np.exp(_log_spared(hits, sizes, wanted))
    seen: NDArray[np.bool_] = np.asarray((hits > 0).any(axis=1))
    group, subjects = outcomes["group"].to_numpy(), outcomes["person"].to_numpy()
    rows = []
    for code, name in enumerate(["", *groups.names], start=-1):
        inside = group == code if code >= 0 else group >= 0
        n = int(inside.sum())
        rows.append(
            MixedFpir(
                group=name,
                searches=n,
                subjects=len(np.unique(subjects[inside])),
                measured=float(seen[inside].mean()) if n else math.nan,
                independent=_independent(hits, group, inside, sizes),
                reweighted=float(expected[inside].mean()) if n else math.nan,
                interval=_interval(expected[inside], subjects[inside], confidence),
                larger=tuple((times, _independent(hits, group, inside, sizes, times=times)) for times in LARGER),
            )
        )
    return GalleryMix(
        by=groups.by,
        threshold=threshold,
        enrolled=dict(zip(groups.names, sizes.tolist(), strict=True)),
        composition=dict(zip(groups.names, wanted.tolist(), strict=True)),
        groups=tuple(rows),
        unlabelled_enrolled=int((enrolled < 0).sum()),
        unlabelled_searches=int((group < 0).sum()),
    )


def fpir_from_fmr(fmr: ArrayLike, sizes: ArrayLike) -> float:
    """FPIR of a gallery whose comparisons are independent.

    Parameters
    ----------
    fmr : array_like, float, shape (k,)
        FMR of the probe with each group of the gallery, 0 … 1.
    sizes : array_like, int, shape (k,)
        How many people of each group are enrolled, ≥ 0.

    Returns
    -------
    float
        0 … 1.

    Raises
    ------
    ArgumentError
        If the two differ in length.
        If a rate or a size is out of range.

    Notes
    -----
    1 − Π_h (1 − FMR_h)^N_h, which is about Σ N_h FMR_h while that is small. Compare `MixedFpir.independent` with
    `MixedFpir.measured` before relying on it.

    Examples
    --------
    >>> round(fpir_from_fmr([1e-3, 1e-4], [500, 500]), 4)
    0.4232
    """
    rates, people = np.asarray(fmr, np.float64), np.asarray(sizes, np.float64)
    if rates.shape != people.shape or rates.ndim != 1:
        message = f"each group needs a rate and a size; got shapes {rates.shape} and {people.shape}"
        raise ArgumentError(message)
    if not ((rates >= 0) & (rates <= 1)).all() or not (people >= 0).all():
        message = f"rates must lie within 0 … 1 and sizes be at least 0; got {rates.tolist()} and {people.tolist()}"
        raise ArgumentError(message)
    return float(1 - np.prod((1 - rates) ** people))


def _wanted(composition: Mapping[str, int], names: tuple[str, ...], sizes: NDArray[np.intp]) -> NDArray[np.int64]:
    if unknown := [name for name in composition if name not in names]:
        message = f"there is no group {unknown[0]!r} in the gallery; there are {', '.join(names)}"
        raise ArgumentError(message)
    wanted = np.array([composition.get(name, 0) for name in names], np.int64)
    if (wanted < 0).any() or not wanted.any() or (wanted > sizes).any():
        told = ", ".join(f"{name}: {size}" for name, size in zip(names, sizes.tolist(), strict=True))
        message = (
            f"a composition takes somebody, and of no group more people than are enrolled ({told}); "
            f"got {dict(composition)}. For larger galleries see fpir_from_fmr"
        )
        raise ArgumentError(message)
    return wanted


def _refuse_cut_lists(outcomes: pd.DataFrame, size: int, threshold: float) -> None:
    listed = outcomes["listed"].to_numpy(np.int64)
    longest = int(listed.max(initial=0))
    cut = (listed == longest) & (listed < size) & (outcomes["lowest"] >= threshold).to_numpy(bool)
    if cut.any():
        message = (
            f"{int(cut.sum())} searches list {longest} candidates, all of which count at the threshold: there "
            "may be more whom the list does not show. Make longer lists of candidates"
        )
        raise ScoreTableError(message)


def _hits(
    checked: pd.DataFrame,
    outcomes: pd.DataFrame,
    people: pd.DataFrame,
    enrolled: NDArray[np.int32],
    *,
    groups: int,
    threshold: float,
) -> NDArray[np.int64]:
    """How many candidates of each group are at or above the threshold, one row per non-mated search."""
    above = checked[(checked["score"] >= threshold) & checked["search"].isin(outcomes.index)]
    row = pd.Series(np.arange(len(outcomes)), index=outcomes.index)[above["search"]].to_numpy(np.int64)
    group = pd.Series(enrolled, index=people["subject"])[above["candidate_subject"]].to_numpy(np.int64)
    hits = np.zeros((len(outcomes), groups), np.int64)
    np.add.at(hits, (row[group >= 0], group[group >= 0]), 1)
    return hits


def _log_spared(hits: NDArray[np.int64], sizes: NDArray[np.intp], wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """The logarithm of Π C(N − k, n) / C(N, n) for each search."""
    room = sizes - hits - wanted
    logs = (
        scipy.special.gammaln(sizes - hits + 1)
        - scipy.special.gammaln(np.maximum(room, 0) + 1)
        - scipy.special.gammaln(sizes + 1)
        + scipy.special.gammaln(sizes - wanted + 1)
    )
    logs = np.where((hits == 0) | (wanted == 0), 0.0, logs)
    spared: NDArray[np.float64] = np.where(room < 0, -np.inf, logs).sum(axis=1)
    return spared


def _independent(
    hits: NDArray[np.int64],
    group: NDArray[np.int32],
    inside: NDArray[np.bool_],
    sizes: NDArray[np.intp],
    *,
    times: int = 1,
) -> float:
    """The formula for independent comparisons, averaged over the probes that are meant, `times` the gallery."""
    total, held = 0.0, sizes > 0
    for code in np.unique(group[inside]):
        mine = inside & (group == code)
        total += mine.sum() * fpir_from_fmr(hits[mine].mean(axis=0)[held] / sizes[held], times * sizes[held])
    return float(total / inside.sum()) if inside.any() else math.nan


def _interval(values: NDArray[np.float64], subjects: NDArray[np.int64], confidence: float) -> Interval:
    """Clopper and Pearson's interval of a mean of probabilities, on the independent trials that it is worth."""
    n = len(values)
    if not n:
        return Interval(math.nan, math.nan, confidence)
    p = min(1.0, max(0.0, float(values.mean())))
    per_person = np.bincount(subjects, values - p)
    # A 0-or-1 outcome varies most; taking its variance as the floor keeps the interval on the safe side.
    variance = max(float(per_person @ per_person) / n**2, p * (1 - p) / n)
    effective = p * (1 - p) / variance if variance > 0 else float(n)
    return clopper_pearson(p * effective, effective, confidence=confidence)
